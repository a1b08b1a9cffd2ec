#!/usr/bin/env bash
# Tries the daemon with brokers that people run: what each sends ahead and keeps, and what arrives though the daemon is
# killed four times. Prints a table, which deploy/brokers.md shows.
#
#   run.sh [--brokers mosquitto,mosquitto_trixie,rabbitmq,artemis,mochi] [--messages N]
#
# Each broker has the settings that deploy/brokers.md names, and a folder of its own. N messages of one sample are
# published at 1,000 a second; meanwhile the daemon is ended by SIGKILL and started again. Lost is what a publisher was
# told is taken and the database does not hold.
# Needs target/release/healthtrack (HEALTHTRACK names another) and what benches/end_to_end/run.sh needs. The brokers come
# from public packages: mosquitto of this machine; mosquitto and RabbitMQ of Debian trixie (debootstrap, root); Artemis
# (Maven, java); Mochi (go). What cannot be had is left out by a line.
set -euo pipefail
shopt -s inherit_errexit
here="$(cd "$(dirname "$0")" && pwd)"
# shellcheck source=benches/end_to_end/common.sh
. "$here/../../benches/end_to_end/common.sh"

brokers=mosquitto,mosquitto_trixie,rabbitmq,artemis,mochi
messages=8000
rate=1000
patience_s=90
packages="${XDG_CACHE_HOME:-$HOME/.cache}/healthtrack/brokers"
artemis=2.40.0
take_options brokers messages -- "$@"
are_numbers "$messages" || fail "numbers are whole and above zero"
begin
mkdir -p "$packages"

broker_pid=
broker_stop=
end_others() { end_broker; }
end_broker() {
    if [ -n "$broker_stop" ]; then $broker_stop; fi
    broker_stop=
    end "$broker_pid" || true
    broker_pid=
}

await_port() {
    local tenths=0
    until (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; do
        tenths=$((tenths + 1))
        [ "$tenths" -lt 900 ] || return 1
        sleep 0.1
    done
}

# The root of a Debian trixie with brokers, unpacked once.
trixie() {
    if [ ! -x "$packages/trixie/usr/sbin/mosquitto" ]; then
        command -v debootstrap >/dev/null && [ "$(id -u)" = 0 ] || return 1
        rm -rf "$packages/trixie.new"
        debootstrap --variant=minbase --include=mosquitto,rabbitmq-server trixie "$packages/trixie.new" \
            "${HEALTHTRACK_DEBIAN_MIRROR:-http://deb.debian.org/debian}" >&2
        mv "$packages/trixie.new" "$packages/trixie"
    fi
    echo "$packages/trixie"
}

# Settings of deploy/brokers.md for mosquitto, with its folder $1.
mosquitto_settings() {
    echo "listener $broker_port 127.0.0.1"
    echo "allow_anonymous true"
    echo "persistence true"
    echo "persistence_location $1/"
    echo "max_queued_messages 10000000"
    echo "max_inflight_messages 20"
    echo "message_size_limit 1048576"
    echo "user root"
}

# Each leaves its process in $broker_pid and its version in $version.
start_mosquitto_here() {
    mkdir -p "$work/broker"
    mosquitto_settings "$work/broker" >"$work/broker.conf"
    version="mosquitto $(mosquitto -h | awk 'NR == 1 { print $3 }')"
    mosquitto -c "$work/broker.conf" >"$work/broker.log" 2>&1 &
    broker_pid=$!
}

start_mosquitto_trixie() {
    local root
    root="$(trixie)" || return 1
    rm -rf "$root/tmp/broker"
    mkdir -p "$root/tmp/broker"
    mosquitto_settings /tmp/broker >"$root/tmp/broker.conf"
    version="mosquitto $(chroot "$root" mosquitto -h | awk 'NR == 1 { print $3 }')"
    chroot "$root" mosquitto -c /tmp/broker.conf >"$work/broker.log" 2>&1 &
    broker_pid=$!
}

start_rabbitmq() {
    local root node
    root="$(trixie)" || return 1
    node="healthtrack$broker_port@localhost"
    rm -rf "$root/tmp/rabbitmq"
    mkdir -p "$root/tmp/rabbitmq"
    printf '[rabbitmq_mqtt].\n' >"$root/tmp/rabbitmq/plugins"
    cat >"$root/tmp/rabbitmq/rabbitmq.conf" <<CONF
listeners.tcp = none
mqtt.listeners.tcp.1 = 127.0.0.1:$broker_port
mqtt.prefetch = 65535
mqtt.max_session_expiry_interval_seconds = 604800
distribution.listener.interface = 127.0.0.1
CONF
    chroot "$root" chown -R rabbitmq /tmp/rabbitmq
    [ -e "$root/proc/self" ] || mount -t proc proc "$root/proc" 2>/dev/null || true
    [ -e "$root/dev/null" ] || mknod -m 666 "$root/dev/null" c 1 3
    version="RabbitMQ $(chroot "$root" dpkg-query -W -f '${Version}' rabbitmq-server | sed 's/-.*//')"
    chroot "$root" runuser -u rabbitmq -- env HOME=/tmp/rabbitmq RABBITMQ_NODENAME="$node" \
        RABBITMQ_MNESIA_BASE=/tmp/rabbitmq/data RABBITMQ_LOG_BASE=/tmp/rabbitmq/log RABBITMQ_LOGS=- \
        RABBITMQ_CONFIG_FILE=/tmp/rabbitmq/rabbitmq.conf RABBITMQ_ENABLED_PLUGINS_FILE=/tmp/rabbitmq/plugins \
        RABBITMQ_PID_FILE=/tmp/rabbitmq/pid ERL_EPMD_PORT="$(free_port)" ERL_EPMD_ADDRESS=127.0.0.1 \
        RABBITMQ_DIST_PORT="$(free_port)" /usr/lib/rabbitmq/bin/rabbitmq-server >"$work/broker.log" 2>&1 &
    broker_pid=$!
}

start_artemis() {
    command -v java >/dev/null && command -v mvn >/dev/null || return 1
    local home="$packages/apache-artemis-$artemis" port
    if [ ! -x "$home/bin/artemis" ]; then
        mvn -q dependency:copy "-Dartifact=org.apache.activemq:apache-artemis:$artemis:tar.gz:bin" \
            "-DoutputDirectory=$packages" >&2 || return 1
        tar -xzf "$packages/apache-artemis-$artemis-bin.tar.gz" -C "$packages"
    fi
    version="Artemis $artemis"
    rm -rf "$work/artemis"
    "$home/bin/artemis" create "$work/artemis" --user a --password a --allow-anonymous --no-web --no-amqp-acceptor \
        --no-hornetq-acceptor --no-stomp-acceptor --no-mqtt-acceptor --silent --host 127.0.0.1 >"$work/broker.log" 2>&1
    port="$(free_port)"
    sed -i -e "s#<acceptor name=\"artemis\">[^<]*#<acceptor name=\"artemis\">tcp://127.0.0.1:$port#" \
        -e "s#<max-disk-usage>[0-9]*#<max-disk-usage>100#" \
        -e "s#</acceptors>#<acceptor name=\"mqtt\">tcp://127.0.0.1:$broker_port?protocols=MQTT</acceptor></acceptors>#" \
        "$work/artemis/etc/broker.xml"
    "$work/artemis/bin/artemis" run >>"$work/broker.log" 2>&1 &
    broker_pid=$!
}

start_mochi() {
    command -v go >/dev/null || return 1
    if [ ! -x "$packages/mochi" ]; then (cd "$here/mochi" && go build -o "$packages/mochi" .) >&2 || return 1; fi
    version="Mochi $(awk '/mochi-mqtt/ { print $NF; exit }' "$here/mochi/go.mod")"
    "$packages/mochi" "$broker_port" >"$work/broker.log" 2>&1 &
    broker_pid=$!
}

# What doctor says behind a word of its lines.
said() { sed -n "s/.*broker: $1 *//p" "$work/doctor.txt" | sed 's/  ->.*//' | head -n 1; }

# Publishes while the daemon is killed four times; leaves what was acknowledged in $acked and stored in $stored.
kill_daemon() {
    local kill_count=0 ended=
    "$daemon_program" load --broker "mqtt://127.0.0.1:$broker_port" --shard main --hubs 50 --rate "$rate" --messages "$messages" \
        --samples 1 --grace 60s --json --without-published-at >"$work/load.json" 2>"$work/load.log" &
    load_pid=$!
    while [ "$kill_count" -lt 4 ]; do
        sleep 1.5
        kill -KILL "$daemon_pid"
        wait "$daemon_pid" 2>/dev/null || true
        kill_count=$((kill_count + 1))
        start_daemon
    done
    wait "$load_pid" || tail -n 2 "$work/load.log" >&2
    load_pid=
    acked="$(python3 -c 'import json, sys; print(json.load(sys.stdin)["acked"])' <"$work/load.json")"
    stored=0
    for ended in $(seq "$patience_s"); do
        stored="$(ask "$database_url" -c 'SELECT count(*) FROM signal.sample')"
        [ "$stored" -lt "$acked" ] || break
        sleep 1
    done
}

try_broker() {
    local name="$1" start="start_$1"
    if [ "$name" = mosquitto ]; then start=start_mosquitto_here; fi
    broker_port="$(free_port)"
    say "$name"
    if ! "$start" || ! await_port "$broker_port"; then
        tail -n 5 "$work/broker.log" >&2 || true
        echo "| $name | could not be had or did not start | | | |"
        end_broker
        return
    fi
    new_database "with_$name"
    mosquitto_port="$broker_port"
    configure_daemon
    "$daemon_program" doctor --deep --config "$work/daemon.toml" >"$work/doctor.txt" 2>&1 || true
    start_daemon
    figures await-subscribed "$metrics" "$patience_s"
    kill_daemon
    stop_daemon || true
    end_broker
    drop_database
    echo "| $version | $(said sends) | $(said keeps) | $acked | $stored |"
}

start_postgres plain
echo "| broker | sends | keeps | told as taken | stored after four kills |"
echo "|---|---|---|---|---|"
for name in ${brokers//,/ }; do try_broker "$name"; done
