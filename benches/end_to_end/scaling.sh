#!/usr/bin/env bash
# How the whole way scales: message sizes, series, lanes, and two daemons on two shards of one database. One table.
#
#   scaling.sh [--postgres plain|timescale] [--only sizes,series,lanes,shards] [--json FILE]
#
# Sizes, series and lanes are runs of run.sh with one thing changed each; every run checks that no sample is lost. Two
# shards: the backlog is queued half under each shard's topics, then two daemons drain it together from one broker into
# one database; one daemon with all of it stands beside them. Needs what run.sh needs, and some twelve minutes.
set -euo pipefail
shopt -s inherit_errexit
here="$(cd "$(dirname "$0")" && pwd)"
# shellcheck source=benches/end_to_end/common.sh
. "$here/common.sh"

postgres=timescale
parts=sizes,series,lanes,shards
json=
shard_messages=200000
patience_s=180
take_options postgres only=parts json -- "$@"
check_postgres "$postgres"
begin

wanted() { [[ ",$parts," = *,"$1",* ]]; }

# A run of run.sh, added to the others under a name.
run() {
    local part="$1"
    shift
    "$here/run.sh" --postgres "$postgres" --json "$work/one.json" "$@" >&2
    figures append "$work/runs" "$work/one.json" "part=$part"
}

# Another daemon's configuration: its shard, its session and its ports.
start_shard() {
    local shard="$1" metrics_port
    metrics_port="$(free_port)"
    HEALTHTRACK__INGEST__SHARD="$shard" HEALTHTRACK__MQTT__CLIENT_ID="healthtrack-$shard" \
        HEALTHTRACK__MQTT__FILTERS="ht/1/$shard/+/+" HEALTHTRACK__HTTP__BIND="127.0.0.1:$(free_port)" \
        HEALTHTRACK__TELEMETRY__BIND="127.0.0.1:$metrics_port" \
        "$daemon_program" serve --config "$work/daemon.toml" >>"$work/daemon.log" 2>&1 &
    shard_pids+=("$!")
    shard_metrics+=("http://127.0.0.1:$metrics_port/metrics")
}

start_shards() {
    shard_pids=() shard_metrics=()
    local number
    for number in $(seq "$1"); do start_shard "s$number"; done
}

stop_shards() {
    local pid
    for pid in "${shard_pids[@]}"; do end "$pid" || fail "a daemon did not end well"; done
    shard_pids=()
}

end_others() {
    local pid
    for pid in "${shard_pids[@]:-}"; do end "$pid" || true; done
}

# So many daemons drain one backlog together.
shards() {
    local count="$1" each=$((shard_messages / $1)) number began ended=0 url
    say "$count shard(s): $shard_messages messages of 60"
    new_database "shards_$count"
    start_mosquitto
    configure_daemon
    start_shards "$count"
    for url in "${shard_metrics[@]}"; do figures await-subscribed "$url" "$patience_s"; done
    stop_shards
    for number in $(seq "$count"); do
        load_shard="s$number"
        publish --hubs $((1000 / count)) --first-hub $((number * 1000)) --rate 0 --messages "$each" \
            --samples 60 --without-published-at
    done
    cpu_before
    began="$(now)"
    start_shards "$count"
    for url in "${shard_metrics[@]}"; do
        ended="$(figures await-settled "$url" $((each * 60)) "$patience_s")"
    done
    local daemons=0 peak=0 pid counts cpu
    for pid in "${shard_pids[@]}"; do
        daemons="$(awk -v a="$daemons" -v b="$(figures cpu "$pid")" 'BEGIN { printf "%.2f", a + b }')"
        peak="$(awk -v a="$peak" -v b="$(figures memory "$pid")" 'BEGIN { printf "%.1f", a + b }')"
    done
    read -ra cpu <<<"$(cpu_since "${shard_pids[0]}" daemon)"
    read -ra counts <<<"$(figures counts "${shard_metrics[@]}")"
    stop_shards
    stop_mosquitto
    figures add "$work/runs" "part=$count shard(s)" mode=drain "postgres=$postgres" samples_per_message=60 hubs=1000 \
        "messages=$shard_messages" "seconds=$(minus "$ended" "$began")" "${cpu[@]}" "${counts[@]}" "peak_mb=$peak" \
        "daemon_cpu_s=$daemons" "in_database=$(ask "$database_url" -c 'SELECT count(*) FROM signal.sample')"
    drop_database
}

if wanted sizes; then
    run "1 sample" --samples 1 --messages 300000 --live-seconds 5
    run "10 samples" --samples 10 --messages 300000 --live-seconds 5
    run "60 samples" --samples 60 --messages 200000 --live-seconds 5
    run "600 samples" --samples 600 --messages 40000 --live-seconds 5
fi
if wanted series; then
    run "1,000 series" --hubs 1000 --messages 200000 --samples 60 --live-seconds 5
    run "100,000 series" --hubs 100000 --messages 200000 --samples 60 --live-seconds 5
    run "1,000,000 series" --hubs 1000000 --messages 1000000 --samples 10 --live-seconds 5
fi
if wanted lanes; then
    for lanes in 1 2 4; do
        HEALTHTRACK__INGEST__LANES="$lanes" run "$lanes lane(s)" --messages 200000 --samples 60 --live-seconds 5
    done
fi
if wanted shards; then
    start_postgres "$postgres"
    shards 1
    shards 2
fi
figures report "$work/runs" ${json:+"$json"}
