#!/usr/bin/env bash
# Measures the whole way, mosquitto to daemon to Postgres, all on this machine, and checks that no sample is lost.
#
#   run.sh [--postgres plain|timescale] [--samples K,K...] [--messages N] [--hubs N] [--modes drain,live,half]
#          [--live-seconds S] [--json FILE]
#
#   drain  the daemon has subscribed and is stopped; N messages of K samples queue up; it starts again: from its start
#          to the last commit. N is 50,000 unless K is 1 (300,000).
#   live   `load` publishes as fast as it can for S seconds beside the daemon: from its start to the last commit.
#   half   the same at half of that rate (`half` needs `live`): how long from publishing to the commit that makes a sample
#          visible.
#
# Before live and half each hub has sent one message, so the daemon knows it; those are not measured. Every other key of
# the daemon is free: HEALTHTRACK__INGEST__LANES=4 run.sh.
# `x COPY` compares the drain with COPY BINARY of the same samples, a row each, in the order in which they came, into a
# table with a unique index, on the same server. Processor seconds are those of each process and its children.
# Needs target/release/healthtrack (HEALTHTRACK names another), mosquitto, psql and python3; for `plain` a Postgres's
# programs, for `timescale` what timescale.sh needs. Everything is private, on 127.0.0.1, and gone at the end.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=benches/end_to_end/common.sh
. "$(dirname "$0")/common.sh"

postgres=timescale
sizes=60,1
messages=
hubs=1000
live_s=10
modes=drain,live,half
json=
# Longer than anything here takes on a machine that is well.
patience_s=180
take_options postgres samples=sizes messages hubs modes live-seconds=live_s json -- "$@"
are_numbers "$sizes,$hubs,$live_s,${messages:-1}" || fail "numbers are whole and above zero"
check_postgres "$postgres"
begin

# A database and a broker that nobody has used, and a daemon's configuration for both.
prepare() {
    new_database "$1"
    start_mosquitto
    configure_daemon
}

# Adds one run up: its name, K, messages, and its beginning and end.
record() {
    local mode="$1" size="$2" sent="$3" seconds
    seconds="$(minus "$5" "$4")"
    local cpu
    read -ra cpu <<<"$(cpu_since "$daemon_pid" daemon)"
    local counts latency peak
    read -ra counts <<<"$(figures counts "$metrics")"
    read -ra latency <<<"$(if [ "$mode" = half ]; then figures latency "$metrics"; fi)"
    peak="$(figures memory "$daemon_pid")"
    stop_daemon
    stop_mosquitto
    local stored copy_s=
    stored="$(ask "$database_url" -c 'SELECT count(*) FROM signal.sample')"
    if [ "$mode" = drain ]; then copy_s="$(copy_rows "$size")"; fi
    figures add "$work/runs" "mode=$mode" "postgres=$postgres" "samples_per_message=$size" "hubs=$hubs" \
        "lanes=${HEALTHTRACK__INGEST__LANES:-}" "messages=$sent" "warm_messages=$warm" "seconds=$seconds" "${cpu[@]}" "${counts[@]}" "${latency[@]}" "peak_mb=$peak" "in_database=$stored" \
        "copy_s=$copy_s"
    drop_database
}

# Seconds that COPY BINARY takes for the same samples as rows.
copy_rows() {
    local size="$1" rows="$work/rows" began hypertable=
    if [ "$postgres" = timescale ]; then
        hypertable="SELECT create_hypertable('public.row_sample', 'start_at', create_default_indexes => false,
                                             chunk_time_interval => INTERVAL '1 day') \\g /dev/null"
    fi
    ask "$database_url" >&2 <<SQL
CREATE TABLE public.row_sample (series_id integer NOT NULL, start_at timestamptz NOT NULL, value double precision);
$hypertable
CREATE UNIQUE INDEX ON public.row_sample (series_id, start_at);
\copy (SELECT series_id, sample.start_at, value FROM signal.sample JOIN signal.device USING (device_id) JOIN signal.series USING (device_key) ORDER BY date_bin(INTERVAL '$size s', sample.start_at, (SELECT min(start_at) FROM signal.block)), series_id, sample.start_at) TO '$rows' WITH (FORMAT binary)
CHECKPOINT;
SQL
    began="$(now)"
    ask "$database_url" -c "\\copy public.row_sample FROM '$rows' WITH (FORMAT binary)" >&2
    minus "$(now)" "$began"
    rm -f "$rows"
}

drain() {
    local size="$1" count="$2" began ended
    say "drain: $count messages of $size"
    prepare "drain_$size"
    start_daemon
    figures await-subscribed "$metrics" "$patience_s"
    stop_daemon
    publish --hubs "$hubs" --rate 0 --messages "$count" --samples "$size" --without-published-at
    warm=0
    cpu_before
    began="$(now)"
    start_daemon
    ended="$(figures await-settled "$metrics" $((acked * size)) "$patience_s")"
    record drain "$size" "$acked" "$began" "$ended"
}

# Leaves the messages a second that were committed in $rate.
live() {
    local mode="$1" size="$2" began ended
    shift 2
    say "$mode: messages of $size for $live_s s"
    prepare "${mode}_$size"
    start_daemon
    figures await-subscribed "$metrics" "$patience_s"
    publish --hubs "$hubs" --rate 0 --messages "$hubs" --samples "$size" --without-published-at \
        --start-at "$(date -u -d '-60 days' +%Y-%m-%dT00:00:00Z)"
    warm="$acked"
    figures await-settled "$metrics" $((warm * size)) "$patience_s" >/dev/null
    cpu_before "$daemon_pid"
    began="$(now)"
    publish --hubs "$hubs" --for "${live_s}s" --samples "$size" "$@"
    ended="$(figures await-settled "$metrics" $(((warm + acked) * size)) "$patience_s")"
    rate="$(awk -v n="$acked" -v s="$(minus "$ended" "$began")" 'BEGIN { printf "%.0f", n / s }')"
    record "$mode" "$size" "$acked" "$began" "$ended"
}

start_postgres "$postgres"

for size in ${sizes//,/ }; do
    count="$messages"
    if [ -z "$count" ]; then count=$((size == 1 ? 300000 : 50000)); fi
    if [[ ",$modes," = *,drain,* ]]; then drain "$size" "$count"; fi
    if [[ ",$modes," = *,live,* ]]; then live live "$size" --rate 0; fi
    if [[ ",$modes," = *,half,* ]]; then live half "$size" --rate "$((${rate:?half needs live} / 2))"; fi
done
figures report "$work/runs" ${json:+"$json"}
