# shellcheck shell=bash disable=SC2034,SC2154
# The peers and HealthTrack, each in its best setting found: how to fetch it, its tables, its session, its backlog, its
# start, and what it has stored. Sourced by drain.sh and kill.sh after ../end_to_end/common.sh.
#
# All read the same samples: --seed 0 of `healthtrack load`, one a second and hub, from the same moment on. HealthTrack
# and the script read the JSON batch, Telegraf its own line protocol. The peers' tables have a row a sample in a
# hypertable with chunks of a day; `-key` and the script have a unique index on series and time, and no other.

peers="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
cache="${XDG_CACHE_HOME:-$HOME/.cache}/healthtrack/peers"
telegraf_version="${TELEGRAF_VERSION:-v1.37.2}"
consumers=healthtrack,python-copy,python-staging,telegraf-1,telegraf-1-key,telegraf-4,telegraf-4-key
hubs=1000
start_at=2026-01-01T00:00:00Z
session=healthtrack
consumer_pid=

end_others() { end "$consumer_pid"; }

# The programs of one consumer, fetched once into the cache; leaves what it is in $version.
fetch() {
    case "$1" in
        healthtrack) version="$("$daemon_program" --version)" ;;
        python-*)
            if ! "$cache/python/bin/python" -c 'import orjson, paho.mqtt.client, psycopg' 2>/dev/null; then
                say "fetching paho-mqtt, psycopg and orjson"
                python3 -m venv --clear "$cache/python"
                "$cache/python/bin/pip" install --quiet 'paho-mqtt>=2.1,<3' 'psycopg[binary]>=3.2,<4' 'orjson>=3,<4'
            fi
            version="$("$cache/python/bin/python" -c 'import platform
from importlib.metadata import version as of
print("Python", platform.python_version(), *(f"{name} {of(name)}" for name in ("paho-mqtt", "psycopg", "orjson")))')"
            ;;
        telegraf-*)
            if [ ! -x "$cache/bin/telegraf" ]; then
                say "building Telegraf $telegraf_version: about 12 minutes"
                command -v go >/dev/null || fail "install Go 1.25 or newer"
                GOBIN="$cache/bin" CGO_ENABLED=0 go install \
                    -tags "custom,inputs,inputs.mqtt_consumer,outputs,outputs.postgresql,parsers,parsers.influx" \
                    "github.com/influxdata/telegraf/cmd/telegraf@$telegraf_version"
            fi
            version="Telegraf $(go version -m "$cache/bin/telegraf" | awk '$1 == "mod" { print $3 }')"
            ;;
        *) fail "no consumer $1; there are $consumers" ;;
    esac
}

# A database, a broker, tables and a session of its own.
prepare() {
    local name="$1"
    new_database "${name//-/_}"
    start_mosquitto
    : >"$work/consumer.log"
    case "$name" in
        healthtrack)
            configure_daemon
            start_daemon
            figures await-subscribed "$metrics" 60
            stop_daemon
            ;;
        python-*)
            make_table 'series_id integer NOT NULL' series_id
            ask "$database_url" -c 'CREATE TABLE series (series_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                                                         name text NOT NULL UNIQUE)'
            python3 "$peers/backlog.py" register "$mosquitto_port" "$session" 'ht/1/+/+/batch'
            ;;
        telegraf-*)
            make_table 'tag_id bigint NOT NULL' "$(case "$name" in *-key) echo tag_id ;; esac)"
            ask "$database_url" -c 'CREATE TABLE sample_tag (tag_id bigint PRIMARY KEY, series text)'
            python3 "$peers/backlog.py" register "$mosquitto_port" "$session" 'lines/#'
            configure_telegraf "$name"
            ;;
    esac
}

make_table() {
    ask "$database_url" >&2 <<SQL
CREATE EXTENSION IF NOT EXISTS timescaledb;
CREATE TABLE sample ($1, time timestamptz NOT NULL, value double precision);
SELECT create_hypertable('sample', 'time', create_default_indexes => false,
                         chunk_time_interval => INTERVAL '1 day') \g /dev/null
SQL
    if [ -n "$2" ]; then ask "$database_url" -c "CREATE UNIQUE INDEX ON sample ($2, time)"; fi
}

# The fastest that was found: batches of 50,000 rows (20,000: 10 % slower with a key), tags in a table of their own (as
# text in each row: 20 % slower with a key), a buffer for all messages that are read ahead, a flush that waits little.
configure_telegraf() {
    local connections="${1#telegraf-}"
    (umask 077 && cat >"$work/telegraf.conf" <<CONF
[agent]
interval = "1s"
metric_batch_size = 50000
metric_buffer_limit = 4000000
flush_interval = "200ms"
omit_hostname = true
[[inputs.mqtt_consumer]]
servers = ["tcp://127.0.0.1:$mosquitto_port"]
topics = ["lines/#"]
topic_tag = ""
qos = 1
client_id = "$session"
persistent_session = true
max_undelivered_messages = 50000
data_format = "influx"
[[outputs.postgresql]]
connection = "$database_url?pool_max_conns=${connections%-key}"
tags_as_foreign_keys = true
timestamp_column_type = "timestamp with time zone"
CONF
    )
}

# Queues so many messages of so many samples for the session.
fill() {
    local name="$1" size="$2" count="$3"
    case "$name" in
        telegraf-*)
            python3 "$peers/backlog.py" lines "$mosquitto_port" "$count" "$size" "$hubs" "$(date -d "$start_at" +%s)"
            ;;
        *)
            publish --hubs "$hubs" --rate 0 --messages "$count" --samples "$size" --start-at "$start_at" \
                --without-published-at
            [ "$acked" = "$count" ] || fail "$acked messages of $count are with the broker"
            ;;
    esac
}

start_consumer() {
    local program=()
    case "$1" in
        healthtrack) program=("$daemon_program" serve --config "$work/daemon.toml") ;;
        python-*)
            program=("$cache/python/bin/python" "$peers/script.py" "${1#python-}" "$mosquitto_port" "$session"
                'ht/1/+/+/batch' "$database_url")
            ;;
        telegraf-*) program=("$cache/bin/telegraf" --config "$work/telegraf.conf") ;;
    esac
    "${program[@]}" >>"$work/consumer.log" 2>&1 &
    consumer_pid=$!
}

stop_consumer() {
    local pid="$consumer_pid"
    consumer_pid=
    end "$pid" || true
}

# What the consumer of the moment says was wrong: its first errors and its last words.
complaints() {
    grep -m 2 -E 'E!|ERROR|Error|Traceback' "$work/consumer.log" | cut -c1-300 >&2 || true
    tail -n 3 "$work/consumer.log" >&2
}

is_running() { kill -0 "$consumer_pid" 2>/dev/null; }

# How many samples are stored, those that are there twice counted twice.
stored_rows() {
    local count='SELECT count(*) FROM sample'
    case "$1" in healthtrack) count='SELECT coalesce(sum(cardinality(values)), 0) FROM signal.block' ;; esac
    ask "$database_url" -c "$count"
}

# Rows, different samples and the sum of their values, as words for `figures add`.
counts() {
    local key='series_id, time' from=sample
    case "$1" in
        healthtrack) key='device_id, metric, start_at' from=signal.sample ;;
        telegraf-*) key='tag_id, time' ;;
    esac
    ask "$database_url" <<SQL
SET work_mem = '1GB';
SET statement_timeout = '180s';
SELECT format('rows=%s distinct=%s sum=%s', coalesce(sum(rows), 0), count(*), coalesce(sum(value), 0))
FROM (SELECT count(*) AS rows, min(value) AS value FROM $from GROUP BY $key) AS sample;
SQL
}

has_all() {
    local words
    read -ra words <<<"$(counts "$1")"
    [ "${words[1]#distinct=}" -ge "$2" ]
}

# When the last row was committed, in seconds since 1970.
last_commit() {
    local from=sample
    case "$1" in healthtrack) from=signal.block ;; esac
    ask "$database_url" -c "SELECT round(extract(epoch FROM max(pg_xact_commit_timestamp(xmin))), 3)
                            FROM (SELECT DISTINCT xmin FROM $from) AS written"
}

# Waits until the consumer has stored that many different samples, or ended, or stored nothing for $stuck_s, or until
# $deadline_s. Leaves complete, ended, stuck or late in $verdict, and processor seconds and peak memory in $used.
settle() {
    local name="$1" expected="$2" deadline=$((SECONDS + deadline_s)) before='' newest quiet_s=0
    verdict=
    used=()
    while [ -z "$verdict" ]; do
        sleep 1
        # One past the last transaction that wrote: it stands still when nobody writes.
        newest="$(ask "$database_url" -c 'SELECT pg_snapshot_xmax(pg_current_snapshot())')"
        if [ "$newest" = "$before" ]; then quiet_s=$((quiet_s + 1)); else quiet_s=0; fi
        before="$newest"
        if ! is_running; then
            verdict=ended
        elif [ "$quiet_s" = 3 ]; then
            read -ra used <<<"$(cpu_since "$consumer_pid" consumer) peak_mb=$(figures memory "$consumer_pid")"
            if [ "$(stored_rows "$name")" -ge "$expected" ] && has_all "$name" "$expected"; then verdict=complete; fi
        elif [ "$quiet_s" -ge "$stuck_s" ]; then
            verdict=stuck
        elif [ "$SECONDS" -ge "$deadline" ]; then
            verdict=late
        fi
    done
}

# Prints what stores and what hands over.
server_version() {
    local postgres timescale
    postgres="$(ask "$server_url" -c 'SHOW server_version')"
    timescale="$(ask "$server_url" -c "SELECT default_version FROM pg_available_extensions WHERE name = 'timescaledb'")"
    echo "PostgreSQL ${postgres%% *}, TimescaleDB $timescale (Apache), $(mosquitto -h | sed -n '1s/ version / /p')"
}
