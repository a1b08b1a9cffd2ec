#!/usr/bin/env python3
"""A broker that sends few messages ahead of their acknowledgement, made of one that sends many: forwards connections,
and holds each PUBLISH to the client back until fewer than WINDOW are unacknowledged. Standard library only.

The client asks for much, this gives little, and the client is not told: as RabbitMQ, HiveMQ and others do. mosquitto's
own settings cannot show it: it takes the Receive Maximum of an MQTT 5 client in place of its max_inflight_messages, and
2.0.11 keeps to neither when it drains the queue of a session that is resumed.

  window.py LISTEN_PORT BROKER_PORT WINDOW
"""

import asyncio
import sys
from collections import deque

CHUNK_BYTES = 1 << 16
PUBLISH, PUBACK, QOS_1 = 0x30, 0x40, 0x02


def packets(data):
    """Takes whole packets out of what was read."""
    at = 0
    while True:
        length, shift, body = 0, 0, at + 1
        while body < len(data) and data[body] >= 128:
            length |= (data[body] & 127) << shift
            shift += 7
            body += 1
        if body >= len(data):
            break
        end = body + 1 + (length | data[body] << shift)
        if end > len(data):
            break
        yield bytes(data[at:end])
        at = end
    del data[:at]


class Window:
    """Messages on their way to one client."""

    def __init__(self, client, size):
        self.client, self.size = client, size
        self.unacknowledged, self.waiting = 0, deque()

    def pass_on(self):
        chunk = []
        while self.waiting and self.unacknowledged < self.size:
            self.unacknowledged += 1
            chunk.append(self.waiting.popleft())
        self.client.write(b"".join(chunk))

    def from_broker(self, packet):
        if packet[0] & 0xF0 == PUBLISH and packet[0] & QOS_1:
            self.waiting.append(packet)
        else:
            self.client.write(packet)

    def from_client(self, packet):
        if packet[0] & 0xF0 == PUBACK:
            self.unacknowledged -= 1


async def pump(reader, take, passed):
    data = bytearray()
    while chunk := await reader.read(CHUNK_BYTES):
        data += chunk
        for packet in packets(data):
            take(packet)
        passed()


async def main(listen, broker, size):
    async def serve(client_reader, client):
        broker_reader, ahead = await asyncio.open_connection("127.0.0.1", broker)
        window = Window(client, size)

        def from_client(packet):
            window.from_client(packet)
            ahead.write(packet)

        both = [pump(broker_reader, window.from_broker, window.pass_on), pump(client_reader, from_client, window.pass_on)]
        # Whichever side ends first ends the other.
        tasks = [asyncio.ensure_future(each) for each in both]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for each in (*tasks, client, ahead):
            each.cancel() if isinstance(each, asyncio.Task) else each.close()

    async with await asyncio.start_server(serve, "127.0.0.1", listen) as server:
        await server.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    asyncio.run(main(*(int(word) for word in sys.argv[1:])))
