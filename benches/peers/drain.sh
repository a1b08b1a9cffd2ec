#!/usr/bin/env bash
# Measures what HealthTrack and its peers make of the same backlog, each on the same broker and database, in turn.
#
#   drain.sh [--only NAME,NAME...] [--samples K,K...] [--messages N] [--deadline S] [--json FILE]
#   drain.sh report FILE
#
# N messages of K samples queue up in mosquitto for a persistent session (QoS 1, no limits); then the consumer starts:
# from its start to its last commit, by Postgres's own commit timestamps. N is 60,000 unless K is 1 (300,000). A
# consumer that is not done after S seconds (180) is shown as such. --json appends a line a run, so that a machine which
# is quiet for minutes only can measure one consumer at a time; `report` makes the table of such a file.
# Needs what ../end_to_end/run.sh needs, and fetches the peers: see consumers.sh. Everything is private, on 127.0.0.1, and
# gone at the end.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=benches/end_to_end/common.sh
. "$(dirname "$0")/../end_to_end/common.sh"
# shellcheck source=benches/peers/consumers.sh
. "$(dirname "$0")/consumers.sh"

only="$consumers"
sizes=60,1
messages=
deadline_s=180
stuck_s=15
json=

if [ "${1:-}" = report ]; then exec python3 "$peers/table.py" drain "${2:?}"; fi
take_options only samples=sizes messages deadline=deadline_s json -- "$@"
are_numbers "$sizes,$deadline_s,${messages:-1}" || fail "numbers are whole and above zero"
begin
json="${json:-$work/runs}"

drain() {
    local name="$1" size="$2" count="$3" began stored seconds=
    say "$name: $count messages of $size"
    prepare "$name"
    fill "$name" "$size" "$count"
    ask "$server_url" -c CHECKPOINT
    cpu_before
    began="$(now)"
    start_consumer "$name"
    settle "$name" $((count * size))
    stop_consumer
    read -ra stored <<<"$(counts "$name")"
    if [ "${stored[0]}" != rows=0 ]; then seconds="$(minus "$(last_commit "$name")" "$began")"; fi
    stop_mosquitto
    figures add "$json" "name=$name" "version=$version" "server=$server" "samples_per_message=$size" \
        "messages=$count" "verdict=$verdict" "seconds=$seconds" "${used[@]}" "${stored[@]}"
    if [ "$verdict" != complete ]; then complaints; fi
    drop_database
}

for name in ${only//,/ }; do fetch "$name"; done
start_postgres timescale track_commit_timestamp=on
server="$(server_version)"
for name in ${only//,/ }; do
    fetch "$name"
    for size in ${sizes//,/ }; do
        count="$messages"
        if [ -z "$count" ]; then count=$((size == 1 ? 300000 : 60000)); fi
        drain "$name" "$size" "$count"
    done
done
python3 "$peers/table.py" drain "$json"
