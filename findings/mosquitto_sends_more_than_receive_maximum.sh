#!/usr/bin/env bash
# mosquitto 2.0.11 sends more unacknowledged messages than the client's Receive Maximum.
#
# MQTT 5 lets a client say in each CONNECT how many unacknowledged messages it takes, and a server must never send more.
# One would swear that this holds from the first message to the last. Seen with mosquitto 2.0.11: once ten messages fill a
# Receive Maximum of ten, each PUBACK lets ten more go, so that 50 come for ten. Seen with it and with 2.0.21: a client
# that resumes its session with a smaller number is sent at once all that it had unacknowledged; what queued up meanwhile
# comes up to the new number.
#
# Output seen with mosquitto 2.0.11:
#   Receive Maximum 10: 10 of 60 messages come
#   these are acknowledged: 50 come
#   Receive Maximum 100: 60 of 60 messages come, none is acknowledged
#   resumed with Receive Maximum 10: 60 come
#   60 queued up while away, then resumed with Receive Maximum 10: 10 come
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
import atexit, socket, struct, subprocess, sys, time

BROKER, FOLDER, MESSAGES = sys.argv[1], sys.argv[2], 60


def text(value):
    return struct.pack(">H", len(value)) + value


def packet(kind, body):
    return bytes([kind, len(body)]) + body


class Client:
    """Of MQTT 5; packets are shorter than 128 bytes."""

    def __init__(self, name, clean_start, receive_maximum):
        self.socket = socket.create_connection(("127.0.0.1", PORT))
        self.rest = b""
        properties = struct.pack(">BIBH", 0x11, 600, 0x21, receive_maximum)
        head = text(b"MQTT") + bytes([5, clean_start << 1, 0, 60, len(properties)])
        self.ask(0x10, head + properties + text(name))

    def read(self):
        while len(self.rest) < 2 or len(self.rest) < 2 + self.rest[1]:
            self.rest += self.socket.recv(4096)
        kind, body = self.rest[0] & 0xF0, self.rest[2 : 2 + self.rest[1]]
        self.rest = self.rest[2 + len(body) :]
        return kind, body

    def ask(self, kind, body):
        self.socket.sendall(packet(kind, body))
        return self.read()

    def come(self):
        """The packet identifiers of messages that come until none has come for a while."""
        self.socket.settimeout(2)
        numbers = []
        try:
            while True:
                kind, body = self.read()
                assert kind == 0x30
                numbers.append(body[3:5])
        except TimeoutError:
            return numbers


def publish(topic):
    publisher = Client(b"publisher", 1, 10)
    for number in range(1, MESSAGES + 1):
        assert publisher.ask(0x32, text(topic) + struct.pack(">H", number) + b"\0x")[0] == 0x40
    publisher.socket.close()


with socket.create_server(("127.0.0.1", 0)) as free:
    PORT = free.getsockname()[1]
with open(FOLDER + "/conf", "w") as conf:
    print(f"listener {PORT} 127.0.0.1\nallow_anonymous true\nuser {sys.argv[3]}", file=conf)
broker = subprocess.Popen([BROKER, "-c", FOLDER + "/conf"], stderr=subprocess.DEVNULL)
atexit.register(broker.kill)
for _ in range(100):
    try:
        socket.create_connection(("127.0.0.1", PORT)).close()
        break
    except OSError:
        time.sleep(0.1)

slow = Client(b"slow", 1, 10)
slow.ask(0x82, b"\0\1\0" + text(b"s") + b"\1")
publish(b"s")
numbers = slow.come()
print(f"Receive Maximum 10: {len(numbers)} of {MESSAGES} messages come")
for number in numbers:
    slow.socket.sendall(packet(0x40, number))
print(f"these are acknowledged: {len(slow.come())} come")

online = Client(b"online", 1, 100)
online.ask(0x82, b"\0\1\0" + text(b"t") + b"\1")
publish(b"t")
print(f"Receive Maximum 100: {len(online.come())} of {MESSAGES} messages come, none is acknowledged")
online.socket.close()
print(f"resumed with Receive Maximum 10: {len(Client(b'online', 0, 10).come())} come")

away = Client(b"away", 1, 100)
away.ask(0x82, b"\0\1\0" + text(b"u") + b"\1")
away.socket.close()
time.sleep(0.5)
publish(b"u")
print(f"{MESSAGES} queued up while away, then resumed with Receive Maximum 10: {len(Client(b'away', 0, 10).come())} come")
broker.kill()
broker.wait()
PYTHON

{ ./usr/sbin/mosquitto -h || true; } | sed -n 1p
seen=$(python3 client.py "$folder/usr/sbin/mosquitto" "$folder" "$(id -un)")
echo "$seen"
expected="Receive Maximum 10: 10 of 60 messages come
these are acknowledged: 50 come
Receive Maximum 100: 60 of 60 messages come, none is acknowledged
resumed with Receive Maximum 10: 60 come
60 queued up while away, then resumed with Receive Maximum 10: 10 come"
if [ "$seen" != "$expected" ]; then echo "it behaves otherwise now" >&2; exit 1; fi
