#!/usr/bin/env bash
# Measures one roll: samples a second, peak memory, bytes a sample; then a late roll into the same days, the check of
# all files, and a reader of everything.
#
#   run.sh [--devices N] [--days N] [--quiet COMMAND]
#
# Made by SQL: N devices (200), a heart rate a second, N days (2), in blocks of 960 as compaction leaves them, on a
# TimescaleDB of its own. --quiet names a program that runs its arguments while nothing else does.
# Needs target/release/healthtrack (HEALTHTRACK names another), psql, python3 and what timescale.sh needs.
set -euo pipefail
shopt -s inherit_errexit
here="$(cd "$(dirname "$0")" && pwd)"

devices=200
days=2
quiet=
program="${HEALTHTRACK:-$here/../../target/release/healthtrack}"

fail() { echo "run.sh: $*" >&2; exit 1; }
say() { echo "== $*" >&2; }

while [ $# -gt 0 ]; do
    case "$1" in
        --devices) devices="${2:?}"; shift 2 ;;
        --days) days="${2:?}"; shift 2 ;;
        --quiet) quiet="${2:?}"; shift 2 ;;
        *) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
    esac
done
[ -x "$program" ] || fail "build it first: cargo build --release"

work="$(mktemp -d)"
server="$("$here/../end_to_end/timescale.sh" start)"
clean_up() {
    local code=$?
    trap - EXIT
    "$here/../end_to_end/timescale.sh" stop "$server" || true
    rm -rf "$work"
    exit "$code"
}
trap clean_up EXIT

url="$(python3 -c 'import sys, urllib.parse as u; p = u.urlsplit(sys.argv[1]); print(u.urlunsplit(p._replace(path="/roll")))' "$server")"
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"; }
export HEALTHTRACK__STORE__URL="$url" HEALTHTRACK__ARCHIVE__URL="file://$work/archive"

# Runs a verb and prints its seconds, its processor seconds and its peak megabytes.
measured() {
    local what="$1"
    shift
    $quiet python3 - "$what" "$work/said" "$program" "$@" <<'PYTHON'
import resource, subprocess, sys, time
what, said, *command = sys.argv[1:]
began = time.monotonic()
with open(said, "w") as out:
    subprocess.run(command, check=True, stdout=out)
seconds = time.monotonic() - began
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{what}: {seconds:.2f} s, processor {used.ru_utime + used.ru_stime:.2f} s, peak {used.ru_maxrss / 1024:.0f} MB")
PYTHON
}

# Lays samples of the days into the hot table: from which second of the day, and how many values a block.
lay() {
    ask "$url" <<SQL
SELECT setseed(0.5);
INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
SELECT start_at, start_at + INTERVAL '959 seconds', 1000000, series_id,
       (SELECT array_agg(60 + round(15 * sin((series_id + place) / 700.0) + 4 * random())) FROM generate_series(1, 960) AS place)
FROM signal.series, generate_series(0, $days - 1) AS day, generate_series($1, $2) AS block,
     LATERAL (SELECT TIMESTAMPTZ '2024-03-05 00:00Z' + day * INTERVAL '1 day' + block * INTERVAL '960 seconds') AS at (start_at);
SQL
}

ask "$server" --command "CREATE DATABASE roll"
"$program" migrate >&2
ask "$url" --command "
    INSERT INTO signal.ingest_shard (epoch, taken_at, shard, owner) VALUES (1, now(), 'main', 'bench');
    INSERT INTO signal.device (added_at, device_id, added_by, shard)
        SELECT now(), 'device-' || n, 'bench', 'main' FROM generate_series(1, $devices) AS n;
    INSERT INTO signal.series (device_key, metric_id)
        SELECT device_key, metric_id FROM signal.device, signal.metric WHERE name = 'heart_rate'"
say "laying $((devices * days * 85 * 960)) samples"
lay 0 84
measured "roll" roll --before 2024-04-01 --json
cat "$work/said"
say "laying $((devices * days * 5 * 960)) late samples"
lay 85 89
measured "late roll" roll --before 2024-04-01 --json
cat "$work/said"
measured "verify" archive verify
cat "$work/said"
measured "samples --summary" samples --summary --json
du -sb "$work/archive" >&2
