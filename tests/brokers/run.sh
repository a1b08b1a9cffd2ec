#!/usr/bin/env bash
# Tries the daemon with brokers that people run: what each takes, sends ahead and keeps, and what arrives though the
# daemon is killed four times. Prints the table of deploy/brokers.md.
#
#   run.sh [--brokers mosquitto,mosquitto_trixie,rabbitmq,artemis,hivemq,mochi] [--messages N] [--page FILE]
#
# `healthtrack doctor --deep` measures each broker as it comes, and again with its settings. With those, N messages of
# one sample are published at 1,000 a second; meanwhile the daemon is ended by SIGKILL and started again. Lost is what a
# publisher was told is taken and the database does not hold. With --page the table takes the place of the one in FILE.
# Needs target/release/healthtrack (HEALTHTRACK names another) and what benches/end_to_end/run.sh needs. The brokers come
# from public packages: mosquitto of this machine; mosquitto and RabbitMQ of Debian trixie (debootstrap, root); Artemis
# and HiveMQ CE (mvn, java); Mochi (go). What cannot be had is left out by a line.
set -euo pipefail
shopt -s inherit_errexit
here="$(cd "$(dirname "$0")" && pwd)"
# shellcheck source=benches/end_to_end/common.sh
. "$here/../../benches/end_to_end/common.sh"

brokers=mosquitto,mosquitto_trixie,rabbitmq,artemis,hivemq,mochi
messages=8000
page=
rate=1000
patience_s=90
packages="${XDG_CACHE_HOME:-$HOME/.cache}/healthtrack/brokers"
artemis=2.40.0
take_options brokers messages page -- "$@"
are_numbers "$messages" || fail "numbers are whole and above zero"
begin
mkdir -p "$packages"

broker_pid=
epmd_port=
end_others() { end_broker; }
end_broker() {
    end "$broker_pid" || true
    broker_pid=
    # RabbitMQ leaves the register of its nodes behind.
    if [ -n "$epmd_port" ]; then chroot "$packages/trixie" epmd -port "$epmd_port" -kill >/dev/null || true; fi
    epmd_port=
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

# What each broker is told, a line each; nothing where it is tried as it comes.
settings_of() {
    [ "$is_set" = yes ] || return 0
    case "$1" in
    mosquitto*)
        echo "persistence true"
        echo "max_queued_messages 10000000"
        echo "max_packet_size 1000000"
        echo "autosave_interval 60"
        ;;
    rabbitmq)
        echo "mqtt.prefetch = 65535"
        echo "mqtt.max_session_expiry_interval_seconds = 604800"
        echo "mqtt.max_packet_size_authenticated = 1000000"
        ;;
    artemis) echo "maximumPacketSize=1000000" ;;
    hivemq)
        echo "<queued-messages><max-queue-size>10000000</max-queue-size></queued-messages>"
        echo "<packets><max-packet-size>1000000</max-packet-size></packets>"
        ;;
    esac
}

mosquitto_configuration() {
    echo "listener $broker_port 127.0.0.1"
    echo "allow_anonymous true"
    echo "persistence_location $1/"
    echo "user root"
    settings_of mosquitto
}

# Each leaves its process in $broker_pid and its version in $version.
start_mosquitto() {
    mkdir -p "$work/broker"
    mosquitto_configuration "$work/broker" >"$work/broker.conf"
    version="mosquitto $(mosquitto -h | awk 'NR == 1 { print $3 }')"
    mosquitto -c "$work/broker.conf" >"$work/broker.log" 2>&1 &
    broker_pid=$!
}

start_mosquitto_trixie() {
    local root
    root="$(trixie)" || return 1
    rm -rf "$root/tmp/broker"
    mkdir -p "$root/tmp/broker"
    mosquitto_configuration /tmp/broker >"$root/tmp/broker.conf"
    version="mosquitto $(chroot "$root" mosquitto -h | awk 'NR == 1 { print $3 }')"
    chroot "$root" mosquitto -c /tmp/broker.conf >"$work/broker.log" 2>&1 &
    broker_pid=$!
}

start_rabbitmq() {
    local root node
    root="$(trixie)" || return 1
    node="healthtrack$broker_port@localhost"
    epmd_port="$(free_port)"
    rm -rf "$root/tmp/rabbitmq"
    mkdir -p "$root/tmp/rabbitmq"
    printf '[rabbitmq_mqtt].\n' >"$root/tmp/rabbitmq/plugins"
    {
        echo "listeners.tcp = none"
        echo "mqtt.listeners.tcp.1 = 127.0.0.1:$broker_port"
        echo "distribution.listener.interface = 127.0.0.1"
        settings_of rabbitmq
    } >"$root/tmp/rabbitmq/rabbitmq.conf"
    chroot "$root" chown -R rabbitmq /tmp/rabbitmq
    [ -e "$root/proc/self" ] || mount -t proc proc "$root/proc" 2>/dev/null || true
    [ -e "$root/dev/null" ] || mknod -m 666 "$root/dev/null" c 1 3
    version="RabbitMQ $(chroot "$root" dpkg-query -W -f '${Version}' rabbitmq-server | sed 's/-.*//')"
    chroot "$root" runuser -u rabbitmq -- env HOME=/tmp/rabbitmq RABBITMQ_NODENAME="$node" \
        RABBITMQ_MNESIA_BASE=/tmp/rabbitmq/data RABBITMQ_LOG_BASE=/tmp/rabbitmq/log RABBITMQ_LOGS=- \
        RABBITMQ_CONFIG_FILE=/tmp/rabbitmq/rabbitmq.conf RABBITMQ_ENABLED_PLUGINS_FILE=/tmp/rabbitmq/plugins \
        RABBITMQ_PID_FILE=/tmp/rabbitmq/pid ERL_EPMD_PORT="$epmd_port" ERL_EPMD_ADDRESS=127.0.0.1 \
        RABBITMQ_DIST_PORT="$(free_port)" /usr/lib/rabbitmq/bin/rabbitmq-server >"$work/broker.log" 2>&1 &
    broker_pid=$!
}

start_artemis() {
    command -v java >/dev/null && command -v mvn >/dev/null || return 1
    local home="$packages/apache-artemis-$artemis" port mqtt
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
    mqtt="tcp://127.0.0.1:$broker_port?protocols=MQTT;$(settings_of artemis)"
    # It takes nothing while the disk of this machine is fuller than it likes.
    sed -i -e "s#<acceptor name=\"artemis\">[^<]*#<acceptor name=\"artemis\">tcp://127.0.0.1:$port#" \
        -e "s#<max-disk-usage>[0-9]*#<max-disk-usage>100#" \
        -e "s#</acceptors>#<acceptor name=\"mqtt\">${mqtt%;}</acceptor></acceptors>#" "$work/artemis/etc/broker.xml"
    "$work/artemis/bin/artemis" run >>"$work/broker.log" 2>&1 &
    broker_pid=$!
}

start_hivemq() {
    command -v javac >/dev/null && command -v mvn >/dev/null || return 1
    local home="$work/hivemq" listener
    if [ ! -s "$packages/hivemq" ] || [ "$here/hivemq/pom.xml" -nt "$packages/hivemq" ]; then
        mvn -q -f "$here/hivemq/pom.xml" dependency:build-classpath "-Dmdep.outputFile=$packages/hivemq" >&2 || return 1
    fi
    version="HiveMQ CE $(sed -n '/embedded/{n;s/ *<version>\(.*\)<.*/\1/p}' "$here/hivemq/pom.xml")"
    listener="<tcp-listener><port>$broker_port</port><bind-address>127.0.0.1</bind-address></tcp-listener>"
    rm -rf "$home"
    mkdir -p "$home/conf"
    echo "<hivemq><listeners>$listener</listeners><mqtt>$(settings_of hivemq)</mqtt></hivemq>" >"$home/conf/config.xml"
    java -cp "$(cat "$packages/hivemq")" "$here/hivemq/Hivemq.java" "$home" >"$work/broker.log" 2>&1 &
    broker_pid=$!
}

start_mochi() {
    command -v go >/dev/null || return 1
    if [ ! -x "$packages/mochi" ]; then (cd "$here/mochi" && go build -o "$packages/mochi" .) >&2 || return 1; fi
    version="Mochi $(awk '/mochi-mqtt/ { print $NF; exit }' "$here/mochi/go.mod")"
    "$packages/mochi" "$broker_port" >"$work/broker.log" 2>&1 &
    broker_pid=$!
}

# What doctor says of the broker between two words, shortened for a cell.
said() {
    sed -n "s/.*broker: .*$1 \(.*\) $2.*/\1/p" "$work/doctor.txt" | head -n 1 |
        sed -e 's/only //' -e 's/5000 messages and more/all/' -e 's/ of 5000 messages//' -e 's/ messages//' -e 's/ bytes//'
}

# What was measured, as cells.
measured() {
    local kept
    kept="$(said keeps "for a client")"
    if grep -q "and tells publishers that" "$work/doctor.txt"; then kept="$kept, says that it took all"; fi
    if grep -q "and tells publishers so" "$work/doctor.txt"; then kept="$kept, and says so"; fi
    echo "$(said "accepts packets of" "\(bytes\|and silently\)") | $(said "keeps a session for" "s without") |" \
        "$(said sends "ahead of") | $kept"
}

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

# Starts a broker, and a daemon's database and configuration for it; has doctor measure it.
measure() {
    local name="$1"
    broker_port="$(free_port)"
    say "$name, with its settings: $is_set"
    if ! "start_$name" || ! await_port "$broker_port"; then
        tail -n 5 "$work/broker.log" >&2 || true
        end_broker
        return 1
    fi
    new_database "with_${name}_$is_set"
    mosquitto_port="$broker_port"
    configure_daemon
    "$daemon_program" doctor --deep --config "$work/daemon.toml" >"$work/doctor.txt" 2>&1 || true
}

row() { echo "$1" | tee -a "$work/table"; }

try_broker() {
    local name="$1" settings
    is_set=yes
    settings="$(settings_of "$name" | sed 's/.*/`&`/' | paste -sd, | sed 's/,/, /g')"
    is_set=no
    if ! measure "$name"; then
        row "| $name | could not be had or did not start | | | | | | |"
        return
    fi
    if [ -n "$settings" ]; then
        row "| $version | | $(measured) | | |"
        end_broker
        drop_database
        is_set=yes
        measure "$name" || fail "$name does not start with its settings"
    fi
    start_daemon
    figures await-subscribed "$metrics" "$patience_s"
    kill_daemon
    stop_daemon || true
    end_broker
    drop_database
    row "| $version |${settings:+ $settings} | $(measured) | $acked | $stored |"
}

start_postgres plain
row "| broker | settings | packets, bytes | session, s | sends ahead | keeps of 5,000 | told as taken | stored after four kills |"
row "|---|---|---|---|---|---|---|---|"
for name in ${brokers//,/ }; do try_broker "$name"; done
if [ -n "$page" ]; then
    awk -v table="$work/table" '
        /^\| broker / { while ((getline line < table) > 0) print line; in_table = 1 }
        !/^\|/ { in_table = 0 }
        !in_table' "$page" >"$work/page"
    cat "$work/page" >"$page"
fi
