#!/usr/bin/env python3
"""Figures for run.sh: reads /metrics and /proc, waits for counts, and adds a run up. Standard library only.

  figures.py await-subscribed METRICS_URL SECONDS
  figures.py await-settled METRICS_URL SAMPLES SECONDS   prints when, in seconds since 1970
  figures.py rate METRICS_URL SAMPLES SECONDS            prints settled samples a second, from the first to the last
  figures.py counts METRICS_URL ...                      prints received= stored= ..., over all, as shell words
  figures.py latency METRICS_URL                         prints p50_ms= p99_ms= of publish to commit
  figures.py cpu PID ...                                 processor seconds of processes and their children
  figures.py memory PID                                  peak memory in MB
  figures.py add FILE KEY=VALUE ...                      appends one run
  figures.py append FILE JSON_FILE KEY=VALUE ...         appends the runs of a report, each with these words
  figures.py report FILE [JSON_FILE]                     prints the table; fails where a run is not correct
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

OUTCOMES = ("stored", "duplicate", "conflict", "quarantined")
POLL_S = 0.01
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def scrape(url):
    """The metrics by name with labels, or None while nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            text = answer.read().decode()
    except (urllib.error.URLError, OSError):
        return None
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def counts_of(metrics):
    """Received, each outcome, and in flight."""
    counts = {word: int(metrics.get(f'healthtrack_ingest_samples_total{{outcome="{word}"}}', 0)) for word in OUTCOMES}
    counts["received"] = int(metrics.get("healthtrack_ingest_received_samples_total", 0))
    counts["in_flight"] = int(metrics.get("healthtrack_ingest_in_flight_samples", 0))
    return counts


def wait(url, seconds, holds, what):
    """Asks until it holds; ends the program where it never does."""
    deadline = time.monotonic() + seconds
    metrics = None
    while time.monotonic() < deadline:
        metrics = scrape(url)
        if metrics is not None and holds(metrics):
            return time.time()
        time.sleep(POLL_S)
    sys.exit(f"waited {seconds:.0f} s in vain until {what}: {counts_of(metrics) if metrics else 'no answer'}")


def settled_of(metrics):
    counts = counts_of(metrics)
    return sum(counts[word] for word in OUTCOMES)


def settled(metrics, samples):
    return counts_of(metrics)["in_flight"] == 0 and settled_of(metrics) >= samples


def rate(url, samples, seconds):
    """From the first that settles on: until all have, or for so long."""
    wait(url, seconds, lambda metrics: settled_of(metrics) > 0, "a sample settled")
    first, begun = settled_of(scrape(url)), time.monotonic()
    last, ended = first, begun
    while last < samples and ended < begun + seconds:
        time.sleep(POLL_S)
        last, ended = settled_of(scrape(url) or {}) or last, time.monotonic()
    return (last - first) / max(ended - begun, POLL_S)


def quantile(metrics, name, part):
    """By straight lines between the buckets' edges, as Prometheus does."""
    prefix = f'{name}_bucket{{le="'
    buckets = sorted((float(key[len(prefix) : -2]), count) for key, count in metrics.items() if key.startswith(prefix))
    if not buckets or buckets[-1][1] == 0:
        return None
    rank = part * buckets[-1][1]
    low, below = 0.0, 0.0
    for high, count in buckets:
        if count >= rank:
            if high == float("inf"):
                return low
            return low + (high - low) * (rank - below) / max(count - below, 1.0)
        low, below = high, count
    return None


def stat(pid):
    """Parent and processor ticks, those of children that have ended included."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return int(fields[1]), sum(int(field) for field in fields[11:15])


def cpu(pids):
    """Processor seconds of the processes, their living children and their ended ones."""
    ticks = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            parent, own = stat(pid)
        except OSError:
            continue
        if pid in pids or str(parent) in pids:
            ticks += own
    return ticks / TICKS_PER_S


def memory_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        peak = next(line for line in file if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1024


def add(path, words, run=None):
    run = dict(run or {})
    for word in words:
        key, value = word.split("=", 1)
        try:
            run[key] = float(value) if "." in value or "e" in value else int(value)
        except ValueError:
            run[key] = None if value in ("", "None") else value
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(run) + "\n")


def judged(run):
    """The run with its rates, and with what is wrong with it."""
    seconds, samples = run["seconds"], run["messages"] * run["samples_per_message"]
    run["samples_per_s"] = samples / seconds
    run["messages_per_s"] = run["messages"] / seconds
    run["daemon_us_per_sample"] = run["daemon_cpu_s"] * 1e6 / samples
    if run.get("copy_s"):
        run["times_copy"] = run["samples_per_s"] / (samples / run["copy_s"])
    wrong = []
    published = samples + (run.get("warm_messages") or 0) * run["samples_per_message"]
    if run["in_database"] != published:
        wrong.append(f"{run['in_database']} samples in the database, not {published}")
    if run["received"] != sum(run[word] for word in OUTCOMES) + run["in_flight"]:
        wrong.append("the counters do not balance")
    if run["conflict"] or run["quarantined"]:
        wrong.append(f"{run['conflict']} conflicts, {run['quarantined']} quarantined")
    run["wrong"] = wrong
    return run


def report(path, json_path=None):
    with open(path, encoding="utf-8") as file:
        runs = [judged(json.loads(line)) for line in file]
    columns = [
        ("part", lambda run: run.get("part") or ""),
        ("run", lambda run: run["mode"]),
        ("K", lambda run: run["samples_per_message"]),
        ("messages", lambda run: f"{run['messages']:,}"),
        ("s", lambda run: f"{run['seconds']:.2f}"),
        ("samples/s", lambda run: f"{run['samples_per_s']:,.0f}"),
        ("messages/s", lambda run: f"{run['messages_per_s']:,.0f}"),
        ("daemon us/sample", lambda run: f"{run['daemon_us_per_sample']:.3f}"),
        ("cpu s: daemon", lambda run: f"{run['daemon_cpu_s']:.2f}"),
        ("postgres", lambda run: f"{run['postgres_cpu_s']:.2f}"),
        ("mosquitto", lambda run: f"{run['mosquitto_cpu_s']:.2f}"),
        ("peak MB", lambda run: f"{run['peak_mb']:.0f}"),
        ("p50 ms", lambda run: f"{run['p50_ms']:.1f}" if run.get("p50_ms") is not None else "-"),
        ("p99 ms", lambda run: f"{run['p99_ms']:.1f}" if run.get("p99_ms") is not None else "-"),
        ("x COPY", lambda run: f"{run['times_copy']:.1f}" if run.get("times_copy") else "-"),
        ("correct", lambda run: "; ".join(run["wrong"]) or "yes"),
    ]
    if not any(run.get("part") for run in runs):
        del columns[0]
    rows = [[name for name, _ in columns]] + [[str(show(run)) for _, show in columns] for run in runs]
    widths = [max(len(row[place]) for row in rows) for place in range(len(columns))]
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths)).rstrip())
    if json_path:
        with open(json_path, "w", encoding="utf-8") as file:
            json.dump(runs, file, indent=1)
            file.write("\n")
    if any(run["wrong"] for run in runs) or not runs:
        sys.exit(1)


def words(values):
    print(" ".join(f"{key}={value}" for key, value in values.items()))


def main(command, *given):
    if command == "await-subscribed":
        wait(given[0], float(given[1]), lambda m: m.get("healthtrack_mqtt_connected", 0) >= 1, "the daemon subscribed")
    elif command == "await-settled":
        samples = int(given[1])
        print(f"{wait(given[0], float(given[2]), lambda m: settled(m, samples), f'{samples} samples settled'):.3f}")
    elif command == "rate":
        print(f"{rate(given[0], int(given[1]), float(given[2])):.0f}")
    elif command == "counts":
        each = [counts_of(scrape(url) or {}) for url in given]
        words({word: sum(counts[word] for counts in each) for word in each[0]})
    elif command == "latency":
        metrics = scrape(given[0]) or {}
        parts = {"p50_ms": 0.5, "p99_ms": 0.99}
        name = "healthtrack_ingest_publish_to_commit_seconds"
        found = {key: quantile(metrics, name, part) for key, part in parts.items()}
        words({key: None if value is None else f"{value * 1e3:.3f}" for key, value in found.items()})
    elif command == "cpu":
        print(f"{cpu(set(given)):.2f}")
    elif command == "memory":
        print(f"{memory_mb(given[0]):.1f}")
    elif command == "add":
        add(given[0], given[1:])
    elif command == "append":
        with open(given[1], encoding="utf-8") as file:
            for run in json.load(file):
                add(given[0], given[2:], run)
    elif command == "report":
        report(*given)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main(*(sys.argv[1:] or [""]))
