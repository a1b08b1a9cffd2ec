#!/usr/bin/env python3
"""The sums of profile.sh: deals each process's processor time out to the stages of a message. Standard library only.

  profile.py SYMBOLS MESSAGES daemon_cpu_s=... postgres_cpu_s=... mosquitto_cpu_s=...

SYMBOLS is `perf report --sort comm,dso,symbol` with semicolons. A function counts for the first stage whose words it
holds; time of the kernel is named by what it was asked for, where its name says so. The processor seconds come from
/proc, so what perf's own sampling costs is spread over all stages alike.
"""

import re
import sys

# Threads by the name of their process. The build names threads of the daemon by its runtime.
PROCESSES = {
    "mosquitto": ("mosquitto", re.compile(r"^mosquitto")),
    "daemon": ("healthtrack", re.compile(r"^(tokio-rt|healthtrack)")),
    "postgres": ("Postgres", re.compile(r"^postgres")),
}
STAGES = {
    "mosquitto": [
        ("socket: kernel", r"^\[k\]"),
        ("messages and sessions", r""),
    ],
    "daemon": [
        ("socket: kernel", r"^\[k\]"),
        ("decode", r"ingest::decode|serde_json|from_utf8|Deserialize|memchr|fast_float|dec2flt"),
        ("validate", r"ingest::validate|model::metric|model::unit"),
        ("encode: blocks and COPY", r"CopyRows|BlockBuilder|model::block|store::hot"),
        ("MQTT packets", r"mqttbytes|ingest::mqtt|rumqttc|bytes::|BytesMut"),
        ("queue and ack", r"ingest::queue|ingest::ring|ingest::budget|ingest::ack|Intake|crossbeam|Notify"),
        ("write: plan and merge", r"ingest::write|Hasher|hashbrown|hash_one|quicksort|smallsort|sort"),
        ("memory", r"malloc|free|realloc|calloc|unlink_chunk|_int_|consolidate|memmove|memcpy|memset|brk"),
        ("counting", r"metrics|quanta|histogram|telemetry"),
        ("runtime and the rest", r""),
    ],
    "postgres": [
        ("compression of long arrays", r"LZ4|pglz"),
        ("COPY: rows and arrays", r"array_|pq_|Receive|recv|CopyOne|NextCopy|Copy(Read|Get)|float8|swap|Expr|cardinality"),
        ("heap and index", r"heap_|_bt_|bt[a-z]+|Page|Buffer|Tuple|tuple|toast|hash_search|LWLock|hypert|chunk"),
        ("WAL and commit", r"XLog|pg_comp_crc|crc32|fsync|fdatasync|ext4|jbd2|blk_|writeback|submit_bio|wal"),
        ("socket and the rest of the kernel", r"^\[k\]"),
        ("the rest", r""),
    ],
}


def stage_of(process, symbol):
    return next(name for name, words in STAGES[process] if re.search(words, symbol))


def main(path, messages, *cpu):
    seconds = {key.removesuffix("_cpu_s"): float(value) for key, value in (word.split("=") for word in cpu)}
    shares = {process: {name: 0.0 for name, _ in stages} for process, stages in STAGES.items()}
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            parts = [part.strip() for part in line.split(";", 3)]
            if len(parts) < 4 or not parts[0].endswith("%"):
                continue
            for process, (_, threads) in PROCESSES.items():
                if threads.search(parts[1]):
                    symbol = f"{parts[3]} {parts[2]}"
                    shares[process][stage_of(process, symbol)] += float(parts[0].rstrip("%"))
    total = 0.0
    print("| process | stage | µs a message |\n|---|---|---|")
    for process, stages in shares.items():
        label, each = PROCESSES[process][0], seconds[process] * 1e6 / float(messages)
        whole = sum(stages.values()) or 1.0
        for name, share in sorted(stages.items(), key=lambda stage: -stage[1]):
            if share > 0.0:
                print(f"| {label} | {name} | {each * share / whole:.2f} |")
        print(f"| **{label}** | all | **{each:.2f}** |")
        total += each
    print(f"| **all** | | **{total:.2f}** |")


if __name__ == "__main__":
    main(*sys.argv[1:])
