#!/usr/bin/env bash
# The same questions to the hot table by SQL, to the archive by DuckDB, and to the archive by `healthtrack samples`:
# milliseconds, medians of N.
#
#   questions.sh [--devices N] [--days N] [--runs N] [--encrypted yes|no] [--postgres plain|timescale]
#
# N devices (100), N days (10), as lay.sql lays them: 50 million samples. Each way must give the same answer. DuckDB runs
# in the Python that the tests have made (HEALTHTRACK_DUCKDB names another), with the script of `archive sql`.
# Needs what end_to_end/run.sh needs.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=benches/end_to_end/common.sh
. "$(dirname "$0")/../end_to_end/common.sh"
# shellcheck source=benches/roll/common.sh
. "$(dirname "$0")/common.sh"

devices=100
days=10
runs=5
encrypted=no
postgres=timescale
python="${HEALTHTRACK_DUCKDB:-${XDG_CACHE_HOME:-$HOME/.cache}/healthtrack/duckdb/bin/python}"
take_options devices days runs encrypted postgres -- "$@"
are_numbers "$devices,$days,$runs" || fail "numbers are whole and above zero"
check_postgres "$postgres"
[ -x "$python" ] || fail "run \`cargo test --test it analyst\` once, which installs DuckDB, or set HEALTHTRACK_DUCKDB"
begin

one_day="$(date -u -d "$first_day + 1 day" +%F)"
next_day="$(date -u -d "$first_day + 2 days" +%F)"
one="WHERE device_id = 'device-7' AND metric = 'heart_rate' AND start_at >= '$one_day 00:00Z' AND start_at < '$next_day 00:00Z'"
of_day="count(*), CAST(round(avg(value) * 1000) AS bigint)"
by_day="count(*), CAST(round(sum(mean) * 1000) AS bigint) FROM (SELECT device_id, date_trunc('day', start_at) AS day,
    avg(value) AS mean FROM \$FROM WHERE metric = 'heart_rate' GROUP BY 1, 2) AS means"
questions=("SELECT $of_day FROM \$FROM $one" "SELECT $by_day")
# The hot table has a function for the first.
hot_one="SELECT $of_day FROM signal.samples('device-7', 'heart_rate', '$one_day 00:00Z', '$next_day 00:00Z')"

median() { sort -n | awk '{ t[NR] = $1 } END { printf "%.1f", t[int((NR + 1) / 2)] }'; }

# Milliseconds and the answer, by the database.
ask_hot() {
    { printf '%s\n' '\timing on'; for _ in $(seq 0 "$runs"); do echo "${1//\$FROM/signal.sample};"; done; } >"$work/question.sql"
    ask "$database_url" -f "$work/question.sql" >"$work/answers"
    echo "$(awk '/^Time:/ { print $2 }' "$work/answers" | tail -n "$runs" | median) $(grep -v '^Time:' "$work/answers" | tail -n 1)"
}

ask_archive() {
    "$python" - "${HEALTHTRACK__ARCHIVE__KEYS#*:}" "$work/archive.sql" "$runs" "${1//\$FROM/sample}" <<'PYTHON'
import statistics, sys, time
import duckdb
key, script, runs, question = sys.argv[1:]
con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'; SET threads = 2")
with open(script) as file:
    text = file.read()
if key:
    text = text.replace("-- First: PRAGMA", "PRAGMA").replace("<this key, as base64>", key)
con.execute(text)
times = []
for _ in range(int(runs) + 1):
    began = time.monotonic()
    answer = con.execute(question).fetchall()[0]
    times.append((time.monotonic() - began) * 1000)
print(f"{statistics.median(times[1:]):.1f} {'|'.join(map(str, answer))}")
PYTHON
}

# Of one device and day, or of all: start of the process to the last sample in a Parquet file.
ask_samples() {
    for _ in $(seq "$runs"); do measured samples --metric heart_rate "$@" --format parquet --output "$work/out.parquet"; done |
        awk '{ print $1 * 1000 }' | median
}

if [ "$encrypted" = yes ]; then
    HEALTHTRACK__ARCHIVE__KEYS="bench:$(openssl rand -base64 32)"
    export HEALTHTRACK__ARCHIVE__KEYS
fi
HEALTHTRACK__ARCHIVE__KEYS="${HEALTHTRACK__ARCHIVE__KEYS:-}"
start_postgres "$postgres"
new_archive questions "$devices"
say "laying samples"
lay "$days" 0 89
samples="$(samples_laid)"
say "asking the hot table"
hot=("$(ask_hot "$hot_one")" "$(ask_hot "${questions[1]}")")
say "rolling"
measured roll --before 2024-06-01 --duty-percent 100 --json >&2
"$daemon_program" archive sql >"$work/archive.sql"
say "asking the archive"
archived=("$(ask_archive "${questions[0]}")" "$(ask_archive "${questions[1]}")")
one_ms="$(ask_samples --device device-7 --from "$one_day" --to "$next_day")"
all_ms="$(ask_samples)"
for place in 0 1; do
    [ "${hot[place]#* }" = "${archived[place]#* }" ] || fail "answers differ: ${hot[place]} and ${archived[place]}"
done
echo "$samples samples of $devices devices and $days days on $postgres, encrypted: $encrypted; milliseconds"
echo "| question | hot table, SQL | archive, DuckDB | archive, \`healthtrack samples\` |"
echo "|---|---|---|---|"
echo "| one device, one day (${hot[0]#* }) | ${hot[0]%% *} | ${archived[0]%% *} | $one_ms |"
echo "| mean heart rate by device and day (${hot[1]#* }) | ${hot[1]%% *} | ${archived[1]%% *} | $all_ms (all samples to a file) |"
