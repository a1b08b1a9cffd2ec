#!/usr/bin/env bash
# Drains one long backlog, and fails unless it ends, each sample is stored once, and the daemon stays small.
#
#   backlog.sh [--postgres plain|timescale] [--samples K,K...] [--messages N] [--memory-mb-max N]
#
# N messages (2 million) of K samples (1, then 10) queue up in a broker that sends without waiting for acknowledgements
# (max_inflight_messages 0) while the daemon is away; then it starts. Needs what run.sh needs.
set -euo pipefail
shopt -s inherit_errexit
here="$(cd "$(dirname "$0")" && pwd)"
# shellcheck source=benches/end_to_end/common.sh
. "$here/common.sh"

postgres=timescale
sizes=1,10
messages=2000000
# Four times what may be in flight: batches are held as messages, blocks and rows of COPY at once.
memory_mb_max=256
patience_s=600
take_options postgres samples=sizes messages memory-mb-max=memory_mb_max -- "$@"
are_numbers "$sizes,$messages,$memory_mb_max" || fail "numbers are whole and above zero"
check_postgres "$postgres"
begin
start_postgres "$postgres"

backlog() {
    local size="$1" began ended seconds peak stored
    say "backlog: $messages messages of $size"
    new_database "backlog_$size"
    start_mosquitto
    configure_daemon
    start_daemon
    figures await-subscribed "$metrics" "$patience_s"
    stop_daemon
    publish --hubs 1000 --rate 0 --messages "$messages" --samples "$size" --without-published-at
    [ "$acked" = "$messages" ] || fail "the broker took $acked of $messages messages"
    cpu_before
    began="$(now)"
    start_daemon
    ended="$(figures await-settled "$metrics" $((messages * size)) "$patience_s")"
    seconds="$(minus "$ended" "$began")"
    figures counts "$metrics" >&2
    # Beside the seconds, so that neither has to be believed alone: two cores cannot spend more than twice the seconds.
    cpu_since "$daemon_pid" daemon
    peak="$(figures memory "$daemon_pid")"
    stop_daemon
    stop_mosquitto
    stored="$(ask "$database_url" -c 'SELECT count(*) FROM signal.sample')"
    [ "$stored" = $((messages * size)) ] || fail "$stored samples are stored where $((messages * size)) were published"
    echo "$messages messages of $size: $seconds s, $(awk -v n="$messages" -v s="$seconds" 'BEGIN { printf "%.0f", n / s }')" \
        "messages/s, peak memory $peak MB of $memory_mb_max MB, $stored samples stored, each once"
    awk -v peak="$peak" -v max="$memory_mb_max" 'BEGIN { exit !(peak <= max) }' || fail "the daemon took too much memory"
    drop_database
}

for size in ${sizes//,/ }; do backlog "$size"; done
