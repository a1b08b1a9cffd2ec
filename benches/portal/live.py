#!/usr/bin/env python3
"""Pages that listen, beside ingest: how long until each is told, and what ingest loses. Standard library only.

  live.py ORIGIN COOKIES_FILE PAGES_FILE MQTT_PORT METRICS_URL SECONDS PROGRAM NAME=PID...

COOKIES_FILE has a line for each session. PAGES_FILE has one for each page: the number of the device, and whose record. PROGRAM is `healthtrack`, for its
`load`; NAME=PID are processes whose time is told. Prints the table; fails where a bound is passed.
"""

import html
import itertools
import json
import os
import re
import selectors
import subprocess
import sys
import time

from browser import HEAD, Browser, quantiles, row

sys.path.append(os.path.join(os.path.dirname(__file__), "..", "end_to_end"))
import figures  # noqa: E402

# From publishing until the page is told, at the 99th percentile beside half of the load; and what ingest keeps.
TOLD_MS, KEPT = 1000.0, 0.95
# Each wearer's device publishes so often.
EVERY_S = 5.0
# What is not counted at the beginning of a load, and how long one as fast as it can takes.
WARM_S, FULL_S = 3.0, 10.0
SAMPLES = 60


class Load:
    """Messages beside what is measured, and how many samples were committed since."""

    def __init__(self, port, metrics, program):
        self.metrics, self.started = metrics, 0
        self.command = [program, "load", "--broker", f"mqtt://127.0.0.1:{port}", "--shard", "main", "--json"]
        self.process = None

    def settled(self):
        return figures.settled_of(figures.scrape(self.metrics))

    def start(self, rate, seconds):
        self.started += 1
        # Each load has devices of its own.
        command = [*self.command, "--first-hub", str(1000 * self.started), "--hubs", "1000"]
        command += ["--rate", str(rate), "--samples", str(SAMPLES)]
        command += ["--for", f"{seconds + WARM_S:.0f}s"]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def end(self):
        """Waits until it is over and all of it is committed."""
        if self.process.wait() != 0:
            sys.exit("load has failed")
        before = -1
        while (now := self.settled()) != before or figures.counts_of(figures.scrape(self.metrics))["in_flight"]:
            before = now
            time.sleep(1)


class Pages:
    """Pages that listen, and what their wearers' devices publish."""

    def __init__(self, browsers, pages, port):
        command = ["mosquitto_pub", "-p", str(port), "-q", "1", "-t", "ht/1/main/bench/batch", "-l"]
        self.publisher = subprocess.Popen(command, stdin=subprocess.PIPE)
        self.pages, self.values = pages, itertools.cycle(range(60, 140))
        self.selector, self.sent, self.times = selectors.DefaultSelector(), {}, []
        for device, _ in pages:
            self.publish(device, 50)
        time.sleep(3)
        for (device, record), browser in zip(pages, itertools.cycle(browsers)):
            place = re.search(r'data-live="([^"]+)"', browser.ask("GET", f"/patients/{record}/vitals"))
            connection = browser.listen(html.unescape(place.group(1)))
            self.selector.register(connection.sock, selectors.EVENT_READ, (device, connection))

    def publish(self, device, value):
        series = {"metric": "heart_rate", "start": int(time.time() * 1000), "values": [value]}
        line = json.dumps({"v": 1, "device": f"page-{device}", "series": [series]})
        self.publisher.stdin.write(line.encode() + b"\n")
        self.publisher.stdin.flush()

    def hear(self, seconds):
        """Publishes for so long; milliseconds until each value was told."""
        self.sent, self.times, began, turn = {}, [], time.monotonic(), 0
        while (now := time.monotonic()) < began + seconds + 3:
            if now < began + seconds and now >= began + turn * EVERY_S / len(self.pages):
                device, value = self.pages[turn % len(self.pages)][0], next(self.values)
                self.sent[device, str(value)] = time.monotonic()
                self.publish(device, value)
                turn += 1
            for key, _ in self.selector.select(0.01):
                self.told(*key.data)
        return self.times

    def told(self, device, connection):
        heard = connection.sock.recv(65536)
        if not heard:
            sys.exit(f"the page of {device} has ended")
        for value in re.findall(rb'"metric":"heart_rate","value":"(\d+)"', heard):
            if begun := self.sent.pop((device, value.decode()), None):
                self.times.append((time.monotonic() - begun) * 1000)


class Measured:
    """Phases one after another, each with what ingest made of it and who used the processors."""

    def __init__(self, load, processes):
        self.load, self.processes = load, processes

    def cpu(self):
        return {name: figures.cpu({pid}) for name, pid in self.processes.items()}

    def phase(self, name, rate, seconds, do):
        """Samples a second that were committed while it was done."""
        if rate is not None:
            self.load.start(rate, seconds)
            time.sleep(WARM_S)
        settled, cpu, began = self.load.settled(), self.cpu(), time.monotonic()
        do(seconds)
        took = time.monotonic() - began
        made = (self.load.settled() - settled) / took
        used = ", ".join(f"{name} {(now - cpu[name]) / took:.2f}" for name, now in self.cpu().items())
        print(f"{name}: {made:,.0f} samples/s; processors: {used}", file=sys.stderr)
        if rate is not None:
            self.load.end()
        return made


def main():
    origin, cookies_file, pages_file, port, metrics, seconds, program, *processes = sys.argv[1:]
    with open(pages_file, encoding="utf-8") as lines:
        pages = [line.split() for line in lines]
    with open(cookies_file, encoding="utf-8") as lines:
        browsers = [Browser(origin, line.strip()) for line in lines]
    seconds, wrong, found, lost = float(seconds), [], {}, 0
    load = Load(port, metrics, program)
    measured = Measured(load, dict(pair.split("=") for pair in processes))
    alone = {"full": measured.phase("full load", 0, FULL_S, time.sleep)}
    half = int(alone["full"] / SAMPLES / 2)
    alone["half"] = measured.phase("half load", half, seconds, time.sleep)
    listening = Pages(browsers, pages, port)
    beside = {}
    print(HEAD.replace("page", f"{len(pages)} live pages, publish → page", 1))
    for name, rate, long in [("no", None, seconds), ("half", half, seconds), ("full", 0, FULL_S)]:
        beside[name] = measured.phase(f"{len(pages)} pages, {name} load", rate, long, listening.hear)
        found[name] = quantiles(listening.times)
        print(row(f"beside {name} load", found[name]), flush=True)
        lost += len(listening.sent) if name != "full" else 0
    listening.publisher.stdin.close()
    print("\n| ingest, samples/s | alone | beside the pages | ratio |\n|---|---|---|---|")
    for name, made in alone.items():
        print(f"| {name} load | {made:,.0f} | {beside[name]:,.0f} | {beside[name] / made:.2f} |")
    if found["half"]["p99"] > TOLD_MS:
        wrong.append(f"a live page is told after more than {TOLD_MS:.0f} ms")
    if beside["half"] < KEPT * alone["half"]:
        wrong.append(f"ingest keeps less than {KEPT}")
    if lost:
        wrong.append(f"{lost} values never came to their page")
    if wrong:
        sys.exit("; ".join(wrong))


if __name__ == "__main__":
    main()
