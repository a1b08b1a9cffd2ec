#!/usr/bin/env bash
# Measures what a roll costs live ingest: samples a second alone and beside a roll, while one generator publishes as
# fast as it can; everything on the same machine.
#
#   beside.sh [--duty PERCENT,...] [--devices N] [--samples K] [--seconds N] [--postgres plain|timescale]
#
# For each percentage (10,100) a day of N devices (400; 20 million samples, as lay.sql lays them) is rolled in one process
# while the daemon stores messages of K samples (60). Before the first roll and after each, N seconds (8) are measured
# alone; a roll is compared with the mean of those around it. Fails where the first costs more than a fifth.
# Needs what end_to_end/run.sh needs.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=benches/end_to_end/common.sh
. "$(dirname "$0")/../end_to_end/common.sh"
# shellcheck source=benches/roll/common.sh
. "$(dirname "$0")/common.sh"

duty=10,100
devices=400
samples=60
seconds=8
postgres=timescale
patience_s=60
# How long the generator runs; the measurement ends it.
load_s=600
take_options duty devices samples seconds postgres -- "$@"
are_numbers "$duty,$devices,$samples,$seconds" || fail "numbers are whole and above zero"
check_postgres "$postgres"
begin

stored() { figures counts "$metrics" | tr ' ' '\n' | sed -n 's/^stored=//p'; }

# Samples a second that are stored while a command runs.
rate_during() {
    local count began
    count="$(stored)"
    began="$(now)"
    "$@" >&2
    awk -v n="$(($(stored) - count))" -v s="$(minus "$(now)" "$began")" 'BEGIN { printf "%.0f", n / s }'
}

start_postgres "$postgres"
IFS=, read -ra percents <<<"$duty"
new_archive beside "$devices"
say "laying samples"
lay "${#percents[@]}" 0 89
start_mosquitto
configure_daemon
# The days wait for the rolls below.
HEALTHTRACK__ARCHIVE__URL='' HEALTHTRACK__COMPACTION__ENABLED=false start_daemon
figures await-subscribed "$metrics" "$patience_s"
"$daemon_program" load --broker "mqtt://127.0.0.1:$mosquitto_port" --shard main --hubs 1000 --rate 0 --samples "$samples" \
    --for "${load_s}s" --without-published-at >"$work/load.log" 2>&1 &
load_pid=$!
sleep "$seconds"
alone="$(rate_during sleep "$seconds")"
worst=
for place in "${!percents[@]}"; do
    before="$(date -u -d "$first_day + $((place + 1)) days" +%F)"
    beside="$(rate_during measured roll --before "$before" --duty-percent "${percents[place]}" --json)"
    after="$(rate_during sleep "$seconds")"
    ratio="$(awk -v b="$beside" -v x="$alone" -v y="$after" 'BEGIN { printf "%.2f", 2 * b / (x + y) }')"
    rolled="$(python3 -c 'import json, sys; r = json.load(sys.stdin); print(r["samples"])' <"$work/said")"
    echo "roll at ${percents[place]} %: ingest $alone before, $beside beside it, $after after, samples/s: $ratio;" \
        "$rolled samples rolled"
    worst="${worst:-$ratio}"
    alone="$after"
done
awk -v r="$worst" 'BEGIN { exit r < 0.8 }' || fail "a roll at ${percents[0]} % costs ingest more than a fifth"
