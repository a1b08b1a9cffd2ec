#!/usr/bin/env bash
# mosquitto with `persistence true` does not save the session of a client that began it with Clean Start.
#
# In MQTT 5 Clean Start only says that an older session is not wanted; how long the new one lasts is said by its Session
# Expiry Interval. One would swear that a session with an expiry of a week is there after an orderly restart, as is one
# whose client connected without Clean Start. Seen with mosquitto 2.0.11 and 2.0.21: the messages are written to
# mosquitto.db and the client is not, so the session and what was queued for it are gone once the broker restarts, though
# publishers were told that all was taken. A client that connects without Clean Start from the first time on loses
# nothing.
#
# Output seen with mosquitto 2.0.11:
#   first connected with Clean Start 1: session present 0, 0 of 10 messages kept
#   first connected with Clean Start 0: session present 1, 10 of 10 messages kept
#
# Installs mosquitto 2.0.11-1.2+deb12u2 of Debian bookworm in a temporary folder, by apt-get download. Exits with 1
# where it behaves otherwise. Needs python3, and a Debian bookworm whose libraries mosquitto uses.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mosquitto_version=2.0.11-1.2+deb12u2
apt-get download -q "mosquitto=$mosquitto_version" >/dev/null 2>&1 ||
    { echo "this Debian has no mosquitto $mosquitto_version" >&2; exit 2; }
dpkg-deb -x mosquitto_*.deb .

cat >client.py <<'PYTHON'
import atexit, os, socket, struct, subprocess, sys, time

BROKER, FOLDER, WEEK_S, MESSAGES = sys.argv[1], sys.argv[2], 604_800, 10


def text(value):
    return struct.pack(">H", len(value)) + value


def packet(kind, body):
    return bytes([kind, len(body)]) + body


class Client:
    """Of MQTT 5; packets are shorter than 128 bytes."""

    def __init__(self, port, name, clean_start, expiry_s):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.stream = self.socket.makefile("rb")
        body = text(b"MQTT") + bytes([5, clean_start << 1, 0, 60, 5, 0x11]) + struct.pack(">I", expiry_s) + text(name)
        self.socket.sendall(packet(0x10, body))
        self.session_present = self.read()[1][0]

    def read(self):
        kind, length = self.stream.read(2)
        return kind & 0xF0, self.stream.read(length)

    def ask(self, kind, body):
        self.socket.sendall(packet(kind, body))
        return self.read()

    def leave(self):
        self.socket.sendall(packet(0xE0, b""))
        self.socket.close()


def start(port):
    broker = subprocess.Popen([BROKER, "-c", FOLDER + "/conf"], stderr=subprocess.DEVNULL)
    atexit.register(broker.kill)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return broker
        except OSError:
            time.sleep(0.1)
    sys.exit("mosquitto does not start")


for clean_start in (1, 0):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    data = f"{FOLDER}/data{clean_start}"
    os.makedirs(data)
    with open(FOLDER + "/conf", "w") as conf:
        print(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence true", file=conf)
        print(f"persistence_location {data}/\nuser {sys.argv[3]}", file=conf)
    broker = start(port)
    subscriber = Client(port, b"subscriber", clean_start, WEEK_S)
    assert subscriber.ask(0x82, b"\0\1\0" + text(b"t") + b"\1")[1][-1] == 1, "QoS 1 is granted"
    subscriber.leave()
    publisher = Client(port, b"publisher", 1, 0)
    for number in range(1, MESSAGES + 1):
        kind, puback = publisher.ask(0x32, text(b"t") + struct.pack(">H", number) + b"\0x")
        assert kind == 0x40 and len(puback) == 2, "the publisher is told that it was taken"
    broker.terminate()
    broker.wait()
    broker = start(port)
    subscriber = Client(port, b"subscriber", 0, WEEK_S)
    subscriber.socket.settimeout(2)
    kept = 0
    try:
        while kept < MESSAGES and subscriber.read()[0] == 0x30:
            kept += 1
    except TimeoutError:
        pass
    print(f"first connected with Clean Start {clean_start}: session present {subscriber.session_present},"
          f" {kept} of {MESSAGES} messages kept")
    broker.kill()
    broker.wait()
PYTHON

{ ./usr/sbin/mosquitto -h || true; } | sed -n 1p
seen=$(python3 client.py "$folder/usr/sbin/mosquitto" "$folder" "$(id -un)")
echo "$seen"
expected="first connected with Clean Start 1: session present 0, 0 of 10 messages kept
first connected with Clean Start 0: session present 1, 10 of 10 messages kept"
if [ "$seen" != "$expected" ]; then echo "it behaves otherwise now" >&2; exit 1; fi
