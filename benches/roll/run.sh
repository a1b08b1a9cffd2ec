#!/usr/bin/env bash
# Measures one roll of mixed metrics: samples a second, seconds by step, bytes a sample, peak memory; then a late roll
# into the same days, the check of all files, and a reader of everything.
#
#   run.sh [--devices N] [--days N] [--closed yes|no] [--encrypted yes|no] [--postgres plain|timescale] [--quiet COMMAND]
#
# Made by SQL (lay.sql): N devices (332), N days (3); half of them with a heart rate a second, half with one each 5 to
# 15 s, all with steps, oxygen, glucose and sleep: 50 million samples in blocks as compaction leaves them. The roll
# works without rest. --closed no leaves to it what the daemon rolls up while days pass. --quiet names a program that
# runs its arguments while nothing else does.
# Needs what end_to_end/run.sh needs.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=benches/end_to_end/common.sh
. "$(dirname "$0")/../end_to_end/common.sh"
# shellcheck source=benches/roll/common.sh
. "$(dirname "$0")/common.sh"

devices=332
days=3
closed=yes
encrypted=no
postgres=timescale
quiet=
take_options devices days closed encrypted postgres quiet -- "$@"
are_numbers "$devices,$days" || fail "numbers are whole and above zero"
check_postgres "$postgres"
begin

# What a roll said and what it took, in words.
rolled() {
    python3 - "$1" "$work/said" "$2" <<'PYTHON'
import json, sys
what, said, took = sys.argv[1:]
seconds, cpu, peak = map(float, took.split())
with open(said) as file:
    report = json.load(file)
samples, steps = report["samples"], report["step_ms"]
print(f"{what}: {samples:,} samples in {report['files']} files, {seconds:.2f} s, {samples / seconds / 1e6:.2f} million/s, "
      f"processor {cpu / samples * 1e6:.3f} us a sample, peak {peak:.0f} MB, {report['bytes'] / samples:.2f} bytes a sample")
print("  " + ", ".join(f"{step} {ms / 1000:.2f} s" for step, ms in steps.items()))
PYTHON
}

if [ "$encrypted" = yes ]; then
    HEALTHTRACK__ARCHIVE__KEYS="bench:$(openssl rand -base64 32)"
    export HEALTHTRACK__ARCHIVE__KEYS
fi
start_postgres "$postgres"
new_archive roll "$devices"
say "laying samples"
late=false lay "$days" 0 84
say "$(samples_laid) samples laid"
if [ "$closed" = yes ]; then
    echo "rolled up before in $(close_rollups "$(date -u -d "$first_day + $days day" +%F)") s"
fi
before="$(figures cpu "$postmaster")"
took="$(measured roll --before 2024-06-01 --duty-percent 100 --json)"
rolled "roll" "$took"
echo "  processor seconds of Postgres meanwhile: $(minus "$(figures cpu "$postmaster")" "$before")"
ask "$database_url" -F ' | ' -c "SELECT '  ' || metric, sum(rows), round(sum(bytes)::numeric / sum(rows), 2) || ' bytes a sample'
    FROM signal.archive_file GROUP BY metric ORDER BY sum(rows) DESC"
late=true lay "$days" 85 89
took="$(measured roll --before 2024-06-01 --duty-percent 100 --json)"
rolled "late roll into the same days" "$took"
echo "archive verify: $(measured archive verify | cut -d' ' -f1) s: $(cat "$work/said")"
echo "samples --summary: $(measured samples --summary | cut -d' ' -f1) s"
