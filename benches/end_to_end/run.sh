#!/usr/bin/env bash
# Measures the whole way, mosquitto to daemon to Postgres, all on this machine, and checks that no sample is lost.
#
#   run.sh [--postgres plain|timescale] [--samples K,K...] [--messages N] [--hubs N] [--live-seconds S] [--json FILE]
#
#   drain  the daemon has subscribed and is stopped; N messages of K samples queue up; it starts again: from its start
#          to the last commit. N is 50,000 unless K is 1 (300,000).
#   live   `load` publishes as fast as it can for S seconds beside the daemon: from its start to the last commit.
#   half   the same at half of that rate: how long from publishing to the commit that makes a sample visible.
#
# `x COPY` compares the drain with COPY BINARY of the same samples, a row each, in the order in which they came, into a
# table with a unique index, on the same server. Processor seconds are those of each process and its children.
# Needs target/release/healthtrack (HEALTHTRACK names another), mosquitto, psql and python3; for `plain` a Postgres's
# programs, for `timescale` what timescale.sh needs. Everything is private, on 127.0.0.1, and gone at the end.
set -euo pipefail
shopt -s inherit_errexit
here="$(cd "$(dirname "$0")" && pwd)"
export PATH="$PATH:/usr/sbin:/usr/local/sbin"

postgres=timescale
sizes=60,1
messages=
hubs=1000
live_s=10
json=
daemon_program="${HEALTHTRACK:-$here/../../target/release/healthtrack}"
# Longer than anything here takes on a machine that is well.
patience_s=180

usage() { sed -n '2,17s/^# \{0,1\}//p' "$0" >&2; exit 2; }
fail() { echo "run.sh: $*" >&2; exit 1; }
say() { echo "== $*" >&2; }

while [ $# -gt 0 ]; do
    case "$1" in
        --postgres) postgres="${2:?}"; shift 2 ;;
        --samples) sizes="${2:?}"; shift 2 ;;
        --messages) messages="${2:?}"; shift 2 ;;
        --hubs) hubs="${2:?}"; shift 2 ;;
        --live-seconds) live_s="${2:?}"; shift 2 ;;
        --json) json="${2:?}"; shift 2 ;;
        *) usage ;;
    esac
done
[[ "$sizes,$hubs,$live_s,${messages:-1}" =~ ^[1-9][0-9]*(,[1-9][0-9]*)*$ ]] || fail "numbers are whole and above zero"
case "$postgres" in plain | timescale) ;; *) fail "--postgres is plain or timescale" ;; esac
[ -x "$daemon_program" ] || fail "build it first: cargo build --release"
for program in mosquitto psql python3; do
    command -v "$program" >/dev/null || fail "install $program"
done

work="$(mktemp -d)"
server_url=
daemon_pid=
mosquitto_pid=
load_pid=
plain_bin=
plain_user=()

figures() { python3 "$here/figures.py" "$@"; }
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"; }
now() { date +%s.%3N; }
minus() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a - b }'; }

free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
    done
}

# Ends a process that this script has started: asked first, killed after ten seconds.
end() {
    local pid="$1" tenths=0
    [ -n "$pid" ] || return 0
    kill -TERM "$pid" 2>/dev/null || true
    while kill -0 "$pid" 2>/dev/null; do
        if [ "$tenths" -ge 100 ]; then kill -KILL "$pid" 2>/dev/null || true; fi
        tenths=$((tenths + 1))
        sleep 0.1
    done
    wait "$pid" 2>/dev/null
}

clean_up() {
    local code=$?
    trap - EXIT INT TERM
    end "$load_pid" || true
    end "$daemon_pid" || true
    end "$mosquitto_pid" || true
    if [ -n "$plain_bin" ]; then
        (cd / && "${plain_user[@]}" "$plain_bin/pg_ctl" stop -s -w -m fast -t 30 -D "$work/postgres/data") || true
    elif [ -n "$server_url" ]; then
        "$here/timescale.sh" stop "$server_url" || true
    fi
    if [ "$code" != 0 ] && [ -s "$work/daemon.log" ]; then tail -n 20 "$work/daemon.log" >&2; fi
    rm -rf "$work"
    exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# The settings of timescale.sh without its extension.
start_plain() {
    local bin port password
    bin="$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)"
    [ -n "$bin" ] || bin="$(command -v initdb)" || fail "install PostgreSQL 15 or newer"
    bin="$(dirname "$bin")"
    port="$(free_port)"
    password="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
    mkdir "$work/postgres"
    echo "$password" >"$work/postgres/password"
    chmod 600 "$work/postgres/password"
    if [ "$(id -u)" = 0 ]; then
        # Postgres refuses root, and its user must be able to enter.
        chmod 711 "$work"
        chown -R postgres "$work/postgres"
        plain_user=(runuser -u postgres --)
    fi
    (cd / && "${plain_user[@]}" "$bin/initdb" --encoding=UTF8 --locale=C --data-checksums --auth=scram-sha-256 \
        --username=postgres --pwfile="$work/postgres/password" --pgdata="$work/postgres/data") >"$work/initdb.log"
    {
        echo "port = $port"
        echo "listen_addresses = '127.0.0.1'"
        echo "unix_socket_directories = ''"
        echo "max_connections = 200"
        echo "shared_buffers = '256MB'"
        echo "max_wal_size = '4GB'"
        echo "jit = off"
    } >>"$work/postgres/data/postgresql.conf"
    plain_bin="$bin"
    (cd / && "${plain_user[@]}" "$bin/pg_ctl" start -s -w -t 60 -D "$work/postgres/data" \
        -l "$work/postgres/log") >/dev/null
    server_url="postgres://postgres:$password@127.0.0.1:$port/postgres"
}

start_mosquitto() {
    local tenths=0
    mosquitto_port="$(free_port)"
    cat >"$work/mosquitto.conf" <<CONF
listener $mosquitto_port 127.0.0.1
allow_anonymous true
persistence false
max_inflight_messages 0
max_queued_messages 0
message_size_limit 0
log_type error
CONF
    mosquitto -c "$work/mosquitto.conf" >"$work/mosquitto.log" 2>&1 &
    mosquitto_pid=$!
    until (exec 3<>"/dev/tcp/127.0.0.1/$mosquitto_port") 2>/dev/null; do
        tenths=$((tenths + 1))
        [ "$tenths" -lt 100 ] || fail "mosquitto does not start: $(cat "$work/mosquitto.log")"
        sleep 0.1
    done
}

# A database and a broker that nobody has used, and a daemon's configuration for both.
prepare() {
    local name="$1"
    ask "$server_url" -c "CREATE DATABASE $name"
    database_url="${server_url%/*}/$name"
    start_mosquitto
    local metrics_port
    metrics_port="$(free_port)"
    metrics="http://127.0.0.1:$metrics_port/metrics"
    (umask 077 && cat >"$work/daemon.toml" <<CONF
[store]
url = "$database_url"
[mqtt]
url = "mqtt://127.0.0.1:$mosquitto_port"
[ingest]
unknown_device = "enrol"
[http]
bind = "127.0.0.1:$(free_port)"
[telemetry]
bind = "127.0.0.1:$metrics_port"
log = "warn"
CONF
    )
}

start_daemon() {
    "$daemon_program" serve --config "$work/daemon.toml" >>"$work/daemon.log" 2>&1 &
    daemon_pid=$!
}

stop_daemon() {
    local pid="$daemon_pid"
    daemon_pid=
    end "$pid" || fail "the daemon did not end well"
}

# Publishes, and leaves the number of acknowledged messages in $acked.
publish() {
    "$daemon_program" load --broker "mqtt://127.0.0.1:$mosquitto_port" --shard main --hubs "$hubs" --grace 120s \
        --json "$@" >"$work/load.json" &
    load_pid=$!
    wait "$load_pid" || fail "load has failed"
    load_pid=
    acked="$(python3 -c 'import json, sys; print(json.load(sys.stdin)["acked"])' <"$work/load.json")"
}

# Processor seconds so far; those of daemon and broker count from their start.
cpu_before() { postgres_cpu="$(figures cpu "$postmaster")"; mosquitto_cpu="$(figures cpu "$mosquitto_pid")"; }

# Adds one run up: its name, K, messages, and its beginning and end.
record() {
    local mode="$1" size="$2" sent="$3" seconds
    seconds="$(minus "$5" "$4")"
    local cpu=("daemon_cpu_s=$(figures cpu "$daemon_pid")"
        "postgres_cpu_s=$(minus "$(figures cpu "$postmaster")" "$postgres_cpu")"
        "mosquitto_cpu_s=$(minus "$(figures cpu "$mosquitto_pid")" "$mosquitto_cpu")")
    local counts latency peak
    read -ra counts <<<"$(figures counts "$metrics")"
    read -ra latency <<<"$(if [ "$mode" = half ]; then figures latency "$metrics"; fi)"
    peak="$(figures memory "$daemon_pid")"
    stop_daemon
    end "$mosquitto_pid" || true
    mosquitto_pid=
    local stored copy_s=
    stored="$(ask "$database_url" -c 'SELECT count(*) FROM signal.sample')"
    if [ "$mode" = drain ]; then copy_s="$(copy_rows "$size")"; fi
    figures add "$work/runs" "mode=$mode" "postgres=$postgres" "samples_per_message=$size" "messages=$sent" \
        "seconds=$seconds" "${cpu[@]}" "${counts[@]}" "${latency[@]}" "peak_mb=$peak" "in_database=$stored" \
        "copy_s=$copy_s"
    ask "$server_url" -c "DROP DATABASE ${database_url##*/} WITH (FORCE)"
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
    publish --rate 0 --messages "$count" --samples "$size" --without-published-at
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
    cpu_before
    began="$(now)"
    publish --for "${live_s}s" --samples "$size" "$@"
    ended="$(figures await-settled "$metrics" $((acked * size)) "$patience_s")"
    rate="$(awk -v n="$acked" -v s="$(minus "$ended" "$began")" 'BEGIN { printf "%.0f", n / s }')"
    record "$mode" "$size" "$acked" "$began" "$ended"
}

say "starting Postgres ($postgres)"
if [ "$postgres" = timescale ]; then server_url="$("$here/timescale.sh" start)"; else start_plain; fi
postmaster="$(ask "$server_url" -c "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")"

for size in ${sizes//,/ }; do
    count="$messages"
    if [ -z "$count" ]; then count=$((size == 1 ? 300000 : 50000)); fi
    drain "$size" "$count"
    live live "$size" --rate 0
    live half "$size" --rate "$((rate / 2))"
done
figures report "$work/runs" ${json:+"$json"}
