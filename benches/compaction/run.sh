#!/usr/bin/env bash
# Measures what compaction does to size and to two questions, over 100 million stored samples.
#
#   run.sh [--postgres plain|timescale] [--devices N] [--days N] [--fitbit DIR] [--runs N]
#
# Made by SQL: N devices (100), a heart rate a second, N days (12, the last of them the day before yesterday). The first
# day is a row a sample, as single-sample messages leave it; the others are blocks of 60, as messages of a minute leave
# them. Then the real daemon compacts, alone on the machine and without rest. Questions are asked RUNS times (7) over one
# connection, each after a first time that is not counted; the median is printed. With --fitbit, the recordings
# in DIR are replayed through a broker and compacted too, and the size of their heart rates is printed by itself.
# Needs target/release/healthtrack (HEALTHTRACK names another), mosquitto, psql, python3, and what timescale.sh or a
# plain Postgres needs. Everything is private and gone at the end; it takes up to 8 GB of disk meanwhile.
set -euo pipefail
shopt -s inherit_errexit
# shellcheck source=benches/end_to_end/common.sh
. "$(dirname "$0")/../end_to_end/common.sh"

postgres=timescale
devices=100
days=12
fitbit=
runs=7
patience_s=1800
take_options postgres devices days fitbit runs -- "$@"
are_numbers "$devices,$days,$runs" || fail "numbers are whole and above zero"
check_postgres "$postgres"
begin

# The daemon with or without compaction.
compacting() {
    HEALTHTRACK__COMPACTION__ENABLED="$1" HEALTHTRACK__COMPACTION__EVERY_S=1 HEALTHTRACK__COMPACTION__DUTY_PERCENT=100 \
        start_daemon
}

# Waits until a question answers `t`.
await() {
    local began=$SECONDS
    until [ "$(ask "$database_url" -c "$1")" = t ]; do
        kill -0 "$daemon_pid" 2>/dev/null || fail "the daemon has ended"
        [ $((SECONDS - began)) -lt "$patience_s" ] || fail "waited too long: $1"
        sleep 0.5
    done
}

chunks="SELECT format('signal.%I', relname)::regclass AS chunk FROM pg_inherits JOIN pg_class ON oid = inhrelid
        WHERE inhparent = 'signal.block'::regclass AND relname LIKE 'block%'"
if [ "$postgres" = timescale ]; then
    chunks="SELECT format('%I.%I', chunk_schema, chunk_name)::regclass AS chunk FROM timescaledb_information.chunks"
fi

# Until every day that is over and holds a block is noted.
compact() {
    local began=$SECONDS days_over
    days_over="$(ask "$database_url" -c "SELECT count(DISTINCT (start_at AT TIME ZONE 'UTC')::date) FROM signal.block
        WHERE start_at < date_trunc('day', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'")"
    compacting true
    await "SELECT count(*) >= $days_over FROM signal.compaction"
    echo "   compacted in $((SECONDS - began)) s" >&2
    stop_daemon
}

# The median of `runs` seconds of one question, in ms.
question() {
    { echo '\timing on'; for _ in $(seq 0 "$runs"); do echo "$1;"; done; } >"$work/question.sql"
    ask "$database_url" -f "$work/question.sql" | awk '/^Time:/ { print $2 }' | tail -n "$runs" | sort -n |
        awk '{ t[NR] = $1 } END { printf "%.1f", t[int((NR + 1) / 2)] }'
}

measure() {
    local first_s last_s
    first_s="$(date -u -d "@$first" +%FT00:00:00Z)"
    last_s="$(date -u -d "@$((first + (days - 1) * 86400))" +%FT00:00:00Z)"
    ask "$database_url" -c "SELECT '$1', (SELECT sum(pg_total_relation_size(chunk)) FROM ($chunks) AS c),
        (SELECT count(*) FROM signal.block)" | tr '|' ' ' >"$work/size"
    read -r _ bytes blocks <"$work/size"
    local day="count(*), avg(value) FROM signal.samples('device-7', 'heart_rate', "
    local hour="count(*), avg(value) FROM signal.sample WHERE metric = 'heart_rate' AND "
    local a b c d
    a="$(question "SELECT $day'$first_s', timestamptz '$first_s' + INTERVAL '1 day')")"
    b="$(question "SELECT $day'$last_s', timestamptz '$last_s' + INTERVAL '1 day')")"
    c="$(question "SELECT $(hour_of "$first_s")")"
    d="$(question "SELECT $(hour_of "$last_s")")"
    awk -v n="$1" -v bytes="$bytes" -v blocks="$blocks" -v samples="$samples" -v a="$a" -v b="$b" -v c="$c" -v d="$d" 'BEGIN {
        printf "| %s | %d | %.0f | %.2f | %s | %s | %s | %s |\n", n, blocks, bytes / 1e6, bytes / samples, a, b, c, d }' >>"$work/table"
}

# All devices from 12:00 to 13:00 of a day, by the columns that let Postgres leave other chunks and blocks out.
hour_of() {
    echo "count(*), avg(value) FROM signal.block_sample WHERE metric = 'heart_rate'
          AND block_start_at >= timestamptz '$1' AND block_start_at < timestamptz '$1' + INTERVAL '13 hours'
          AND block_stop_at >= timestamptz '$1' + INTERVAL '12 hours'
          AND start_at >= timestamptz '$1' + INTERVAL '12 hours' AND start_at < timestamptz '$1' + INTERVAL '13 hours'"
}

fill() {
    local number
    ask "$database_url" -c "INSERT INTO signal.device (added_at, device_id, added_by, shard)
            SELECT now(), 'device-' || n, 'bench', 'main' FROM generate_series(1, $devices) AS n;
        INSERT INTO signal.series (device_key, metric_id)
            SELECT device_key, metric_id FROM signal.device, signal.metric WHERE name = 'heart_rate';
        SELECT signal.ensure_chunk((to_timestamp($first) AT TIME ZONE 'UTC')::date + day)
            FROM generate_series(0, $days - 1) AS day" >/dev/null
    # A walk between rest and effort with noise, in whole beats, as a wristband says them.
    local value="round(75 + 20 * sin((s + series_id * 977) / 1800.0) + 4 * random())"
    # In the order of time, as they come.
    ask "$database_url" -c "INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
        SELECT to_timestamp($first + s), to_timestamp($first + s), 1000000, series_id, ARRAY[$value]
        FROM generate_series(0, 86399) AS s, signal.series"
    for number in $(seq 1 $((days - 1))); do
        ask "$database_url" -c "INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
            SELECT to_timestamp($first + $number * 86400 + m * 60), to_timestamp($first + $number * 86400 + m * 60 + 59),
                   1000000, series_id, ARRAY(SELECT $value FROM generate_series(m * 60, m * 60 + 59) AS s)
            FROM generate_series(0, 1439) AS m, signal.series"
    done
    ask "$database_url" -c "VACUUM (ANALYZE) signal.block" -c CHECKPOINT
}

start_postgres "$postgres"
new_database compaction
start_mosquitto
configure_daemon
compacting false
await "SELECT to_regclass('signal.ingest_shard') IS NOT NULL"
await "SELECT count(*) = 1 FROM signal.ingest_shard"
stop_daemon

if [ -n "$fitbit" ]; then
    say "recordings: replayed, then compacted"
    compacting false
    "$daemon_program" replay fitbit "$fitbit" --broker "mqtt://127.0.0.1:$mosquitto_port" >"$work/replay.log" 2>&1 ||
        fail "the replay has failed: $(tail -n 3 "$work/replay.log")"
    # What the broker has acknowledged to the replay may still be on its way: no lane has worked for a while means all.
    await "SELECT pg_sleep(2) IS NOT NULL AND count(*) = 0 FROM pg_stat_activity
           WHERE application_name = 'healthtrack' AND now() - state_change < INTERVAL '1500 ms' AND query <> 'SELECT 1'"
    stop_daemon
    heart="CREATE TABLE heart (LIKE signal.block INCLUDING ALL); INSERT INTO heart SELECT block.* FROM signal.block
        JOIN signal.series USING (series_id) JOIN signal.metric USING (metric_id) WHERE metric.name = 'heart_rate'
        ORDER BY series_id, start_at"
    size="SELECT round(pg_total_relation_size('heart')::numeric / sum(cardinality(values)), 2) || ' bytes a sample, '
        || sum(cardinality(values)) || ' samples in ' || count(*) || ' blocks' FROM heart"
    ask "$database_url" -c "$heart"
    echo "   heart rates as they came: $(ask "$database_url" -c "$size")" | tee "$work/fitbit"
    compact
    ask "$database_url" -c "DROP TABLE heart" -c "$heart"
    echo "   heart rates compacted:    $(ask "$database_url" -c "$size")" | tee -a "$work/fitbit"
    echo "   all recordings: $(ask "$database_url" -c "SELECT round(sum(pg_total_relation_size(chunk))
        / (SELECT sum(cardinality(values)) FROM signal.block), 2) FROM ($chunks) AS c") bytes a sample" | tee -a "$work/fitbit"
    ask "$database_url" -c "DROP TABLE heart; DELETE FROM signal.block; TRUNCATE signal.compaction;
        TRUNCATE signal.series, signal.device RESTART IDENTITY CASCADE"
    if [ "$postgres" = timescale ]; then
        ask "$database_url" -c "SELECT count(*) FROM drop_chunks('signal.block', now())" >/dev/null
    else
        ask "$database_url" -c "SELECT format('DROP TABLE %s;', chunk) FROM ($chunks) AS c" | ask "$database_url" -f -
    fi
fi

first=$((($(date +%s) / 86400 - days - 1) * 86400))
samples=$((devices * days * 86400))
say "filling: $samples samples"
fill
say "measuring before"
measure before
sums="SELECT sum(pg_catalog.hashfloat8(value) + extract(epoch FROM start_at)::bigint) FROM signal.sample
      WHERE device_id = 'device-7'"
before="$(ask "$database_url" -c "$sums")"
say "compacting"
compact
[ "$before" = "$(ask "$database_url" -c "$sums")" ] || fail "device-7 has changed"
say "measuring after"
measure after
echo
echo "$samples samples on $postgres, $devices devices, $days days; the first day a row a sample, the others blocks of 60"
echo "| when | blocks | MB with index | bytes/sample | device and day, ms (rows) | (blocks of 60) | all, one hour, ms (rows) | (blocks of 60) |"
echo "|---|---|---|---|---|---|---|---|"
cat "$work/table"
