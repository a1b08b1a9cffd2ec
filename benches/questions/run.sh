#!/usr/bin/env bash
# The questions of a chart: by the samples, by rows as one would have them without blocks, by DuckDB on the same samples'
# files, and by what is rolled up. Milliseconds, medians of N; and what that costs.
#
#   run.sh [--devices N] [--days N] [--years N] [--runs N] [--postgres both|plain|timescale] [--rows yes|no]
#          [--duckdb yes|no]
#
# N devices (100) and N days (10) as roll/lay.sql lays them: 50 million samples; and one person with N years (5) of six
# metrics, 46 million. "by samples" asks signal.block_sample, as one does who knows of nothing else, once; "rows" is a table
# with a row a sample under a unique key (a hypertable where there is TimescaleDB; its community build has continuous
# aggregates and compression as well, which the Apache build that is used here has not). Each way must give the same
# answer. All of it takes half an hour, `--devices 10 --years 1 --rows no` a minute.
# Needs what end_to_end/run.sh needs; DuckDB runs in the Python that the tests have made (HEALTHTRACK_DUCKDB names
# another: `python3 -m venv DIR && DIR/bin/pip install duckdb`, then DIR/bin/python).
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=benches/end_to_end/common.sh
. "$(dirname "$0")/../end_to_end/common.sh"
# shellcheck source=benches/roll/common.sh
. "$(dirname "$0")/../roll/common.sh"

devices=100
days=10
years=5
runs=5
postgres=both
rows=yes
duckdb=yes
python="${HEALTHTRACK_DUCKDB:-${XDG_CACHE_HOME:-$HOME/.cache}/healthtrack/duckdb/bin/python}"
take_options devices days years runs postgres rows duckdb -- "$@"
are_numbers "$devices,$days,$years,$runs" || fail "numbers are whole and above zero"
case "$rows,$duckdb" in yes,yes | yes,no | no,yes | no,no) ;; *) fail "--rows and --duckdb are yes or no" ;; esac
if [ "$postgres" = both ]; then
    for each in plain timescale; do "$0" "$@" --postgres "$each"; done
    exit
fi
check_postgres "$postgres"
[ "$duckdb" = no ] || [ -x "$python" ] ||
    fail "run \`cargo test --test it analyst\` once, which installs DuckDB, set HEALTHTRACK_DUCKDB, or say --duckdb no"
begin

here="$(dirname "$0")"
median() { sort -n | awk '{ t[NR] = $1 } END { printf "%.1f", t[int((NR + 1) / 2)] }'; }

# Milliseconds and the answer of a question, asked N times after one that is not counted, or $2 times in all.
asked() {
    local times="${2:-$((runs + 1))}"
    { echo '\timing on'; for _ in $(seq "$times"); do echo "$1;"; done; } >"$work/question.sql"
    ask "$database_url" -f "$work/question.sql" >"$work/answers"
    echo "$(awk '/^Time:/ { print $2 }' "$work/answers" | tail -n "${2:-$runs}" | median) $(grep -v '^Time:' "$work/answers" | tail -n 1)"
}

# The same by DuckDB with two threads, over the script of `archive sql`.
asked_duckdb() {
    "$python" - "$work/archive.sql" "$runs" "$1" <<'PYTHON'
import statistics, sys, time
import duckdb
script, runs, question = sys.argv[1:]
con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'; SET threads = 2")
with open(script) as file:
    con.execute(file.read())
times = []
for _ in range(int(runs) + 1):
    began = time.monotonic()
    answer = con.execute(question).fetchall()[0]
    times.append((time.monotonic() - began) * 1000)
print(f"{statistics.median(times[1:]):.1f} {'|'.join(map(str, answer))}")
PYTHON
}

# A line of the table: what it is, and the question to the samples, to rows, and to DuckDB (`-` where there is none), and
# to what is rolled up.
line() {
    local after each told=() by_samples='–' by_rows='–' by_duckdb='–'
    after="$(asked "$5")"
    if [ "$2" != - ]; then
        each="$(asked "$2" 1)"
        by_samples="${each%% *}"
        told+=("$each")
    fi
    if [ "$3" != - ] && [ "$rows" = yes ]; then
        each="$(asked "$3")"
        by_rows="${each%% *}"
        told+=("$each")
    fi
    if [ "$4" != - ] && [ "$duckdb" = yes ]; then
        each="$(asked_duckdb "$4")"
        by_duckdb="${each%% *}"
        told+=("$each")
    fi
    for each in "${told[@]}"; do
        [ "${each#* }" = "${after#* }" ] || fail "$1: ${each#* } by one way, ${after#* } by another"
    done
    echo "| $1 | $by_samples | $by_rows | $by_duckdb | ${after%% *} |"
}

start_postgres "$postgres"
to="$(date -u -d "$first_day + $days day" +%F)"
one_day="$(date -u -d "$first_day + 1 day" +%F)"
next_day="$(date -u -d "$first_day + 2 days" +%F)"
year_from="$(date -u -d "2019-01-01 + $((365 * (years - 1))) days" +%F)"
year_to="$(date -u -d "2019-01-01 + $((365 * years)) days" +%F)"
if [ "$duckdb" = yes ]; then
    new_archive files "$devices"
    say "laying samples, and rolling them into files"
    late=false lay "$days" 0 89
    measured roll --before 2024-06-01 --duty-percent 100 --json >&2
    "$daemon_program" archive sql >"$work/archive.sql"
    drop_database
fi
new_archive questions "$devices"
say "laying samples"
late=false lay "$days" 0 89
ask "$database_url" -v days="$days" -v first_day="$first_day" -f "$here/fleet.sql" >&2
ask "$database_url" -v years="$years" -v first_day=2019-01-01 -f "$here/person.sql" >&2
samples="$(samples_laid)"
say "$samples samples laid; rolling up"
# As on the day on which the samples end.
took="$(close_rollups "$to")"
ask "$database_url" -c "VACUUM (ANALYZE) signal.rollup_day"
if [ "$rows" = yes ]; then
    say "laying rows"
    ask "$database_url" -v first_day="$first_day" -v year_from="$year_from" -v year_to="$year_to" -f "$here/rows.sql" >&2
fi
thousandths="CAST(round(sum(mean) * 1000) AS bigint)"
whole="CAST(round(sum(value)) AS bigint)"
named="signal.series JOIN signal.device USING (device_key) JOIN signal.metric USING (metric_id)"
fleet="device_id IN (SELECT 'device-' || n FROM generate_series(1, 50) AS n)"
in_year="start_at >= '${year_from}Z' AND start_at < '${year_to}Z'"
in_day="start_at >= '$one_day 00:00Z' AND start_at < '$next_day 00:00Z'"
of="'${year_from}Z', '${year_to}Z'"

echo "$samples samples in $(ask "$database_url" -c "SELECT count(*) FROM signal.chunks()") chunks on $postgres; rolled up in $took s: $(
    ask "$database_url" -c "SELECT count(*), pg_total_relation_size('signal.rollup_day'),
        round(pg_total_relation_size('signal.rollup_day')::numeric / count(*)) FROM signal.rollup_day" | tr '|' ' '
) (rows, bytes, bytes a row)"
ask "$database_url" -F ' ' -c "SELECT name, round(blocks / days) || ' bytes of blocks a day,', round(rollups / days) || ' of rollups:',
        round(100.0 * rollups / blocks, 1) || ' %'
    FROM (SELECT series_id, sum(pg_column_size(b.*)) AS blocks, count(DISTINCT date_trunc('day', start_at)) AS days
          FROM signal.block b WHERE start_at >= '${year_to}Z'::timestamptz - INTERVAL '30 days' AND start_at < '${year_to}Z' GROUP BY 1) AS b
    JOIN (SELECT series_id, sum(pg_column_size(r.*)) AS rollups FROM signal.rollup_day r
          WHERE day >= '$year_to'::date - 30 AND day < '$year_to' GROUP BY 1) AS r USING (series_id)
    JOIN signal.series USING (series_id) JOIN signal.metric USING (metric_id) ORDER BY name"
if [ "$rows" = yes ]; then
    # The pieces of a hypertable belong to it by inheritance.
    ask "$database_url" -F ' ' -c "SELECT 'rows:', (SELECT count(*) FROM bench.row), 'samples of',
        round(sum(pg_total_relation_size(oid)) / (SELECT count(*) FROM bench.row), 1), 'bytes'
        FROM pg_class WHERE oid = 'bench.row'::regclass OR oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'bench.row'::regclass)"
fi
echo
echo "| question, ms | by samples | rows with a unique key | DuckDB on files | now |"
echo "|---|---|---|---|---|"
line "mean heart rate by device and day, $((devices * days)) rows" \
    "SELECT count(*), $thousandths FROM (SELECT device_id, date_trunc('day', start_at, 'UTC') AS day, avg(value) AS mean
         FROM signal.block_sample WHERE metric = 'heart_rate' AND device_id <> 'person' GROUP BY 1, 2) AS means" \
    "SELECT count(*), $thousandths FROM (SELECT device_id, date_trunc('day', start_at, 'UTC') AS day, avg(value) AS mean
         FROM bench.row JOIN $named USING (series_id)
         WHERE metric.name = 'heart_rate' AND device_id <> 'person' GROUP BY 1, 2) AS means" \
    "SELECT count(*), $thousandths FROM (SELECT device_id, date_trunc('day', start_at) AS day, avg(value) AS mean
         FROM sample WHERE metric = 'heart_rate' GROUP BY 1, 2) AS means" \
    "SELECT count(*), $thousandths FROM signal.rollup(NULL, '{heart_rate}', 'day', '${first_day}Z', '${to}Z')"
line "the same in Los Angeles" - - - \
    "SELECT count(*), $thousandths FROM signal.rollup(NULL, '{heart_rate}', 'day', '${first_day}Z', '${to}Z', 'America/Los_Angeles')"
line "newest value of each of 50 devices and 8 metrics" \
    "SELECT count(*), $whole FROM (SELECT DISTINCT ON (device_id, metric) sample.value FROM signal.block_sample AS sample
         WHERE $fleet AND metric <> 'sleep_stage' ORDER BY device_id, metric, start_at DESC) AS newest" \
    "SELECT count(*), $whole FROM $named CROSS JOIN LATERAL (SELECT value FROM bench.row
         WHERE bench.row.series_id = series.series_id ORDER BY start_at DESC LIMIT 1) AS newest
         WHERE $fleet AND metric.name <> 'sleep_stage'" - \
    "SELECT count(*), $whole FROM signal.last WHERE $fleet AND metric <> 'sleep_stage'"
line "one person, one year, by day, 6 metrics" \
    "SELECT count(*), $thousandths FROM (SELECT metric, date_trunc('day', start_at, 'UTC') AS day, avg(value) AS mean
         FROM signal.block_sample WHERE device_id = 'person' AND $in_year GROUP BY 1, 2) AS means" \
    "SELECT count(*), $thousandths FROM (SELECT metric.name, date_trunc('day', start_at, 'UTC') AS day,
         CASE WHEN metric.name <> 'sleep_stage' THEN avg(value) END AS mean
         FROM bench.row JOIN $named USING (series_id) WHERE device_id = 'person' AND $in_year GROUP BY 1, 2) AS means" - \
    "SELECT count(*), $thousandths FROM signal.rollup('{person}', NULL, 'day', $of)"
line "the same in New York, where the person lives" - - - \
    "SELECT count(*), $thousandths FROM signal.rollup('{person}', NULL, 'day', $of, 'America/New_York')"
line "the same in Kathmandu" - - - \
    "SELECT count(*), $thousandths FROM signal.rollup('{person}', NULL, 'day', $of, 'Asia/Kathmandu')"
line "the same by signal.daily" - - - \
    "SELECT count(*), $thousandths FROM signal.daily WHERE device_id = 'person' AND day >= '$year_from' AND day < '$year_to'"
line "one person, a month by hour, 6 metrics, Kathmandu" - - - \
    "SELECT count(*), $thousandths FROM signal.rollup('{person}', NULL, 'hour', '${year_from}Z', '${year_from}Z'::timestamptz + INTERVAL '30 days', 'Asia/Kathmandu')"
line "one device, one day, every sample, by signal.samples()" \
    "SELECT count(*), $whole FROM signal.block_sample WHERE device_id = 'device-7' AND metric = 'heart_rate' AND $in_day" \
    "SELECT count(*), $whole FROM bench.row JOIN $named USING (series_id)
         WHERE device_id = 'device-7' AND metric.name = 'heart_rate' AND $in_day" \
    "SELECT count(*), $whole FROM sample WHERE device_id = 'device-7' AND metric = 'heart_rate' AND $in_day" \
    "SELECT count(*), $whole FROM signal.samples('device-7', 'heart_rate', '${one_day}Z', '${next_day}Z')"
line "the same by the view signal.sample" - - - \
    "SELECT count(*), $whole FROM signal.sample WHERE device_id = 'device-7' AND metric = 'heart_rate' AND $in_day"
line "the same of all devices by signal.samples(from, to)" - - - \
    "SELECT count(*), $whole FROM signal.samples('${one_day}Z', '${next_day}Z') WHERE device_id = 'device-7' AND metric = 'heart_rate'"
