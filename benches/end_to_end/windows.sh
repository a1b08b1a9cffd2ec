#!/usr/bin/env bash
# Measures how fast a backlog is taken in where the broker sends few messages ahead of their acknowledgement, by one
# program or by several in turn.
#
#   windows.sh [--programs OLD,NEW] [--windows W,W...] [--rounds N] [--messages N] [--seconds S] [--hubs N]
#              [--postgres plain|timescale]
#
# RabbitMQ sends 10 messages ahead where nobody has set anything, HiveMQ CE 50; here window.py makes mosquitto do so
# without the daemon's knowing. Messages hold one sample. Each hub has sent one before, so the daemon knows it; the
# daemon is stopped, N messages queue up, it starts again: messages a second from the first that is committed, for S
# seconds or until all are. With several programs a line says how many times as fast as the first the others are.
# Needs what run.sh needs; without --programs, HEALTHTRACK or target/release/healthtrack.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=benches/end_to_end/common.sh
. "$(dirname "$0")/common.sh"

programs="$daemon_program"
windows=10,50
rounds=2
messages=60000
seconds=4
hubs=100
postgres=plain
patience_s=60
take_options programs windows rounds messages seconds hubs postgres -- "$@"
are_numbers "$windows,$rounds,$messages,$seconds,$hubs" || fail "numbers are whole and above zero"
check_postgres "$postgres"
daemon_program="${programs%%,*}"
begin

# The program that stands between broker and daemon.
narrow_pid=
end_others() { end "$narrow_pid"; }

# Leaves the port in $narrow_port.
start_narrow() {
    narrow_port="$(free_port)"
    python3 "$end_to_end/window.py" "$narrow_port" "$mosquitto_port" "$1" &
    narrow_pid=$!
}

# Leaves messages a second in $rate.
measure() {
    local window="$1"
    new_database "window_$window"
    start_mosquitto
    start_narrow "$window"
    configure_daemon
    export HEALTHTRACK__MQTT__URL="mqtt://127.0.0.1:$narrow_port"
    start_daemon
    figures await-subscribed "$metrics" "$patience_s"
    publish --hubs "$hubs" --rate 0 --messages "$hubs" --samples 1 --without-published-at \
        --start-at "$(date -u -d '-60 days' +%Y-%m-%dT00:00:00Z)"
    figures await-settled "$metrics" "$acked" "$patience_s" >/dev/null
    stop_daemon
    publish --hubs "$hubs" --rate 0 --messages "$messages" --samples 1 --without-published-at
    start_daemon
    rate="$(figures rate "$metrics" "$messages" "$seconds")"
    stop_daemon
    end "$narrow_pid" || true
    narrow_pid=
    stop_mosquitto
    drop_database
}

start_postgres "$postgres"
for window in ${windows//,/ }; do
    for round in $(seq "$rounds"); do
        first=
        for daemon_program in ${programs//,/ }; do
            measure "$window"
            first="${first:-$rate}"
            times="$(awk -v rate="$rate" -v first="$first" 'BEGIN { printf "%.1f", rate / first }')"
            printf 'window %5d  round %d  %8d messages/s  %5s x  %s\n' \
                "$window" "$round" "$rate" "$times" "${daemon_program##*/}"
        done
    done
done
