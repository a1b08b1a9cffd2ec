#!/usr/bin/env python3
"""What the peers need of the broker: MQTT 3.1.1 over a plain socket, standard library only.

  backlog.py register PORT CLIENT FILTER             leaves a persistent session that has subscribed with QoS 1
  backlog.py lines PORT MESSAGES SAMPLES HUBS START  publishes line protocol: the samples of `healthtrack load --seed 0`
  backlog.py held PORT CLIENT                        prints how many messages the broker still keeps for that session

`lines` publishes message n on lines/load-(n % HUBS); START is in whole seconds since 1970. Every wait is bounded.
"""

import socket
import sys
import time

PATIENCE_S = 60
# A broker that has not sent anything for this long has nothing more to send.
QUIET_S = 2
# Unacknowledged messages; packet ids are 1 to 65,535.
WINDOW = 20_000
CHUNK = 500
MASK = (1 << 64) - 1


def text(value):
    encoded = value.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def packet(kind, body):
    length, size = len(body), bytearray()
    while True:
        length, digit = divmod(length, 128)
        size.append(digit | (128 if length else 0))
        if not length:
            return bytes([kind]) + bytes(size) + body


class Client:
    """One connection, and what came over it that nobody has read yet."""

    def __init__(self, port, name, clean):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = bytearray()
        self.send(packet(0x10, text("MQTT") + bytes([4, 2 if clean else 0, 0, 0]) + text(name)))
        kind, body = self.receive()
        if kind != 0x20 or body[1] != 0:
            sys.exit(f"the broker refuses {name}")

    def send(self, data):
        self.socket.sendall(data)

    def fill(self, count):
        while len(self.unread) < count:
            more = self.socket.recv(1 << 18)
            if not more:
                sys.exit("the broker has closed the connection")
            self.unread += more

    def receive(self):
        """The next packet: its first byte and its body."""
        length, place = 0, 1
        while True:
            self.fill(place + 1)
            digit = self.unread[place]
            length |= (digit & 127) << (7 * (place - 1))
            place += 1
            if digit < 128:
                break
        self.fill(place + length)
        kind, body = self.unread[0], bytes(self.unread[place : place + length])
        del self.unread[: place + length]
        return kind, body

    def close(self):
        self.send(packet(0xE0, b""))
        self.socket.close()


def register(port, name, topics):
    client = Client(port, name, clean=False)
    client.send(packet(0x82, b"\0\1" + text(topics) + b"\1"))
    kind, body = client.receive()
    if kind != 0x90 or body[2] != 1:
        sys.exit(f"the broker refuses the subscription to {topics}")
    client.close()


def splitmix(state):
    state = (state + 0x9E3779B97F4A7C15) & MASK
    state = ((state ^ state >> 30) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ state >> 27) * 0x94D049BB133111EB) & MASK
    return state ^ state >> 31


def lines(port, messages, samples, hubs, start):
    client = Client(port, "lines", clean=True)
    # As `load` does: splitmix64 of seed, then hub, then second.
    seeds = [splitmix(splitmix(0) ^ hub) for hub in range(hubs)]
    acked, chunk = 0, []
    for number in range(messages):
        hub = number % hubs
        first, seed = start + number // hubs * samples, seeds[hub]
        payload = "\n".join(
            f"sample,series=load-{hub} value={55 + splitmix(seed ^ second) % 90} {second}000000000"
            for second in range(first, first + samples)
        ).encode()
        chunk.append(packet(0x32, text(f"lines/load-{hub}") + (number % 65_535 + 1).to_bytes(2, "big") + payload))
        if len(chunk) == CHUNK or number + 1 == messages:
            client.send(b"".join(chunk))
            chunk.clear()
            while number + 1 - acked > (0 if number + 1 == messages else WINDOW):
                if client.receive()[0] == 0x40:
                    acked += 1
    client.close()


def held(port, name):
    """Counted without an answer, so the broker keeps them all."""
    client = Client(port, name, clean=False)
    client.socket.settimeout(QUIET_S)
    count, deadline = 0, time.monotonic() + PATIENCE_S
    try:
        while time.monotonic() < deadline:
            count += client.receive()[0] >> 4 == 3
    except TimeoutError:
        pass
    client.socket.close()
    print(count)


def main(command, *given):
    if command == "register":
        register(int(given[0]), given[1], given[2])
    elif command == "lines":
        lines(*map(int, given))
    elif command == "held":
        held(int(given[0]), given[1])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*(sys.argv[1:] or [""]))
