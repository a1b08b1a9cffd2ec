#!/usr/bin/env bash
# Kills HealthTrack and its peers amid the same backlog, and counts what is stored in the end.
#
#   kill.sh [--only NAME,NAME...] [--messages N] [--kills N] [--deadline S] [--json FILE]
#   kill.sh report FILE
#
# N messages (100,000) of 60 samples queue up in mosquitto for a persistent session (QoS 1). The consumer is started and
# killed by SIGKILL, eight times; then it is left to finish, stopped, and the broker asked what it still holds. Each kill
# falls 1 to 2 s after a start, or as soon as something new is stored, whichever is later. Telegraf would be done by then:
# 0.5 to 1.2 s. So would HealthTrack: 0.3 to 0.8 s, and three times the messages. A kill counts only if the consumer was
# running and not done. A consumer that ends by itself is started again, as a service manager would.
# --json and `report` are those of drain.sh.
# Needs what drain.sh needs. Everything is private, on 127.0.0.1, and gone at the end.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=benches/end_to_end/common.sh
. "$(dirname "$0")/../end_to_end/common.sh"
# shellcheck source=benches/peers/consumers.sh
. "$(dirname "$0")/consumers.sh"

only="$consumers"
size=60
messages=100000
kills=8
deadline_s=150
stuck_s=15
json=

if [ "${1:-}" = report ]; then exec python3 "$peers/table.py" kill "${2:?}"; fi
take_options only messages kills deadline=deadline_s json -- "$@"
are_numbers "$messages,$kills,$deadline_s" || fail "numbers are whole and above zero"
begin
json="${json:-$work/runs}"

# Seconds from start to kill number $2: spread evenly.
moment() {
    local from=1.0 to=2.0
    case "$1" in
        healthtrack) from=0.3 to=0.8 ;;
        telegraf-*) from=0.5 to=1.2 ;;
    esac
    awk -v n="$2" -v of="$kills" -v from="$from" -v to="$to" \
        'BEGIN { printf "%.2f", from + (to - from) * (n - 1) / of }'
}

# Waits until more is stored than $2, so that no kill falls on a consumer that has not begun; ten seconds at most.
await_progress() {
    local until=$((SECONDS + 10))
    while is_running && [ "$SECONDS" -lt "$until" ] && [ "$(stored_rows "$1")" -le "$2" ]; do sleep 0.02; done
}

# Leaves how many kills counted in $killed, the samples stored at each in $at_kills, and in $ended how often the consumer
# had ended by itself.
kill_often() {
    local name="$1" expected="$2" number at=0
    killed=0
    at_kills=
    ended=0
    for ((number = 1; number <= kills; number++)); do
        start_consumer "$name"
        sleep "$(moment "$name" "$number")"
        await_progress "$name" "$at"
        if is_running; then
            kill -KILL "$consumer_pid"
            wait "$consumer_pid" 2>/dev/null || true
            at="$(stored_rows "$name")"
            say "kill $number: $at samples of $expected stored"
            if [ "$at" -lt "$expected" ]; then killed=$((killed + 1)); fi
            at_kills+="${at_kills:+ }$at"
        else
            wait "$consumer_pid" 2>/dev/null || true
            say "start $number: ended by itself"
            ended=$((ended + 1))
        fi
        consumer_pid=
    done
}

run() {
    local name="$1" count="$messages" stored held
    if [ "$name" = healthtrack ]; then count=$((messages * 3)); fi
    say "$name: $count messages of $size"
    prepare "$name"
    fill "$name" "$size" "$count"
    kill_often "$name" $((count * size))
    cpu_before
    start_consumer "$name"
    settle "$name" $((count * size))
    stop_consumer
    held="$(python3 "$peers/backlog.py" held "$mosquitto_port" "$session")"
    read -ra stored <<<"$(counts "$name")"
    stop_mosquitto
    figures add "$json" "name=$name" "version=$version" "server=$server" "samples_per_message=$size" \
        "messages=$count" "kills=$killed" "at_kills=$at_kills" "ended=$ended" "verdict=$verdict" "held=$held" \
        "${stored[@]}"
    if [ "$verdict" != complete ]; then complaints; fi
    drop_database
}

for name in ${only//,/ }; do fetch "$name"; done
start_postgres timescale track_commit_timestamp=on
server="$(server_version)"
for name in ${only//,/ }; do
    fetch "$name"
    run "$name"
done
python3 "$peers/table.py" kill "$json"
