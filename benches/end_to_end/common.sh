# shellcheck shell=bash disable=SC2034
# What run.sh and the peers have in common: a private Postgres and a private broker on 127.0.0.1, the daemon, backlogs
# made by `load`, and an end that leaves nothing behind. Sourced; whoever does so reads its arguments and calls `begin`
# then, which makes the folder $work. What is left in a variable for the caller is said above the function.

end_to_end="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
export PATH="$PATH:/usr/sbin:/usr/local/sbin"
daemon_program="${HEALTHTRACK:-$end_to_end/../../target/release/healthtrack}"

work=
server_url=
postmaster=
daemon_pid=
mosquitto_pid=
load_pid=
plain_bin=
plain_user=()
# A folder as keep_plain leaves it: start_plain copies what is in it instead of making a new server.
plain_kept=

fail() { echo "${0##*/}: $*" >&2; exit 1; }
say() { echo "== $*" >&2; }
# The lines of the caller's own header.
usage() { sed -n "2,/^set /{/^set /d;s/^# \{0,1\}//p}" "$0" >&2; exit 2; }

# Reads `--NAME VALUE` pairs behind `--` into variables: NAME, or VARIABLE where `NAME=VARIABLE` says so.
take_options() {
    local known=() each variable
    while [ "$1" != -- ]; do known+=("$1"); shift; done
    shift
    while [ $# -gt 0 ]; do
        variable=
        for each in "${known[@]}"; do
            if [ "--${each%%=*}" = "$1" ]; then variable="${each#*=}"; fi
        done
        if [ -z "$variable" ] || [ -z "${2:-}" ]; then usage; fi
        printf -v "$variable" %s "$2"
        shift 2
    done
}

# The database that was asked for is one that start_postgres can start.
check_postgres() { case "$1" in plain | timescale) ;; *) fail "--postgres is plain or timescale" ;; esac; }

figures() { python3 "$end_to_end/figures.py" "$@"; }
ask() { psql --no-psqlrc --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 "$@"; }
now() { date +%s.%3N; }
minus() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a - b }'; }
are_numbers() { [[ "$1" =~ ^[1-9][0-9]*(,[1-9][0-9]*)*$ ]]; }

free_port() {
    local port
    while port=$((20000 + RANDOM % 12000)); do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then echo "$port"; return; fi
    done
}

# Looks for what is needed, makes the folder, and sees to it that all of it goes.
begin() {
    [ -x "$daemon_program" ] || fail "build it first: cargo build --release"
    local program
    for program in mosquitto psql python3; do
        command -v "$program" >/dev/null || fail "install $program"
    done
    work="$(mktemp -d)"
    trap clean_up EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
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

# What a script has started beside these; it may say so anew.
end_others() { :; }

clean_up() {
    local code=$?
    trap - EXIT INT TERM
    end "$load_pid" || true
    end "$daemon_pid" || true
    end_others || true
    end "$mosquitto_pid" || true
    if [ -n "$plain_bin" ]; then
        (cd / && "${plain_user[@]}" "$plain_bin/pg_ctl" stop -s -w -m fast -t 30 -D "$work/postgres/data") || true
    elif [ -n "$server_url" ]; then
        "$end_to_end/timescale.sh" stop "$server_url" || true
    fi
    if [ "$code" != 0 ] && [ -s "$work/daemon.log" ]; then tail -n 20 "$work/daemon.log" >&2; fi
    rm -rf "$work"
    exit "$code"
}

# `plain` or `timescale`, and settings (name=value) on top.
start_postgres() {
    local kind="$1"
    shift
    say "starting Postgres ($kind)"
    if [ "$kind" = timescale ]; then server_url="$("$end_to_end/timescale.sh" start "$@")"; else start_plain "$@"; fi
    postmaster="$(ask "$server_url" -c "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")"
}

# The settings of timescale.sh without its extension.
start_plain() {
    local bin port password
    bin="$(find /usr/lib/postgresql -path '*/bin/initdb' 2>/dev/null | sort -V | tail -n 1)"
    [ -n "$bin" ] || bin="$(command -v initdb)" || fail "install PostgreSQL 15 or newer"
    bin="$(dirname "$bin")"
    port="$(free_port)"
    password="$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')"
    if [ -n "$plain_kept" ]; then password="$(cat "$plain_kept/password")"; fi
    mkdir "$work/postgres"
    echo "$password" >"$work/postgres/password"
    chmod 600 "$work/postgres/password"
    if [ "$(id -u)" = 0 ]; then
        # Postgres refuses root, and its user must be able to enter.
        chmod 711 "$work"
        chown -R postgres "$work/postgres"
        plain_user=(runuser -u postgres --)
    fi
    if [ -n "$plain_kept" ]; then
        cp -a "$plain_kept/data" "$work/postgres/data"
        # Its settings are those of whoever made it.
        sed -i '/^port = /,$d' "$work/postgres/data/postgresql.conf"
    else
        (cd / && "${plain_user[@]}" "$bin/initdb" --encoding=UTF8 --locale=C --data-checksums --auth=scram-sha-256 \
            --username=postgres --pwfile="$work/postgres/password" --pgdata="$work/postgres/data") >"$work/initdb.log"
    fi
    {
        echo "port = $port"
        echo "listen_addresses = '127.0.0.1'"
        echo "unix_socket_directories = ''"
        echo "max_connections = 200"
        echo "shared_buffers = '256MB'"
        echo "max_wal_size = '4GB'"
        echo "jit = off"
        local setting
        for setting in "$@"; do echo "${setting%%=*} = '${setting#*=}'"; done
    } >>"$work/postgres/data/postgresql.conf"
    plain_bin="$bin"
    (cd / && "${plain_user[@]}" "$bin/pg_ctl" start -s -w -t 60 -D "$work/postgres/data" \
        -l "$work/postgres/log") >/dev/null
    server_url="postgres://postgres:$password@127.0.0.1:$port/postgres"
}

# Stops the server of start_plain and keeps it in a folder, for $plain_kept.
keep_plain() {
    (cd / && "${plain_user[@]}" "$plain_bin/pg_ctl" stop -s -w -m fast -t 300 -D "$work/postgres/data")
    plain_bin=
    server_url=
    mkdir -p "$1"
    mv "$work/postgres/data" "$1/data"
    (umask 077 && mv "$work/postgres/password" "$1/password")
    rm -rf "$work/postgres"
}

# Leaves the URL of a database that nobody has used in $database_url.
new_database() {
    ask "$server_url" -c "CREATE DATABASE $1"
    database_url="${server_url%/*}/$1"
}

drop_database() { ask "$server_url" -c "DROP DATABASE ${database_url##*/} WITH (FORCE)"; }

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

stop_mosquitto() {
    end "$mosquitto_pid" || true
    mosquitto_pid=
}

# For the database and the broker of the moment; leaves where the daemon counts in $metrics.
configure_daemon() {
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

# Publishes under the topics of $load_shard, or of main, and leaves the number of acknowledged messages in $acked.
publish() {
    "$daemon_program" load --broker "mqtt://127.0.0.1:$mosquitto_port" --shard "${load_shard:-main}" --grace 120s --json "$@" \
        >"$work/load.json" &
    load_pid=$!
    wait "$load_pid" || fail "load has failed"
    load_pid=
    acked="$(python3 -c 'import json, sys; print(json.load(sys.stdin)["acked"])' <"$work/load.json")"
}

# Processor seconds so far of database and broker, and of the consumer $1 where it runs already.
cpu_before() {
    postgres_cpu="$(figures cpu "$postmaster")"
    mosquitto_cpu="$(figures cpu "$mosquitto_pid")"
    consumer_cpu="$(if [ -n "${1:-}" ]; then figures cpu "$1"; else echo 0; fi)"
}

# Those since then, as words for `figures add`; $1 is the consumer, $2 what it is called.
cpu_since() {
    echo "$2_cpu_s=$(minus "$(figures cpu "$1")" "$consumer_cpu")" \
        "postgres_cpu_s=$(minus "$(figures cpu "$postmaster")" "$postgres_cpu")" \
        "mosquitto_cpu_s=$(minus "$(figures cpu "$mosquitto_pid")" "$mosquitto_cpu")"
}
