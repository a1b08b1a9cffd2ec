#!/usr/bin/env python3
"""The tables of drain.sh and kill.sh, in Markdown, from the lines that they leave. Standard library only.

  table.py drain FILE
  table.py kill FILE

Of runs that were repeated the last one counts. Fails where consumers that stored everything differ in what they stored.
"""

import json
import sys

LABELS = {
    "healthtrack": "HealthTrack",
    "python-copy": "Python, COPY",
    "python-staging": "Python, staging + ON CONFLICT",
    "telegraf-1": "Telegraf, 1 connection",
    "telegraf-1-key": "Telegraf, 1 connection",
    "telegraf-4": "Telegraf, 4 connections",
    "telegraf-4-key": "Telegraf, 4 connections",
}
GUARANTEES = {
    "healthtrack": "acknowledges after COMMIT; each sample once; what is invalid is kept with its reason",
    "python-copy": "acknowledges after COMMIT; stops at a sample that comes twice, or a message that it cannot read",
    "python-staging": "acknowledges after COMMIT; each sample once; stops at a message that it cannot read",
    "telegraf-1": "acknowledges after COMMIT; what comes twice is stored twice",
    "telegraf-1-key": "acknowledges after COMMIT, or after dropping the whole batch for one row that is there already",
    "telegraf-4": "acknowledges before writing; what comes twice is stored twice",
    "telegraf-4-key": "acknowledges before writing; drops the whole batch for one row that is there already",
}
KEYS = {"healthtrack": "yes", "telegraf-1": "no", "telegraf-4": "no"}
ENDS = {"complete": "", "ended": "ended by itself", "stuck": "stands still", "late": "not done in time"}


def runs_of(path):
    """The last run of each consumer and size, in the order of the labels."""
    with open(path, encoding="utf-8") as file:
        runs = [json.loads(line) for line in file]
    last = {(run["name"], run["samples_per_message"]): run for run in runs}
    names = list(LABELS)
    return sorted(last.values(), key=lambda run: (-run["samples_per_message"], names.index(run["name"])))


def show(rows):
    head, *body = rows
    for row in [head, ["---"] * len(head), *body]:
        print("| " + " | ".join(row) + " |")


def whole(number):
    return f"{number:,.0f}"


def significant(number):
    return f"{number:.2f}" if number < 9.95 else f"{number:.0f}"


def drain_row(run):
    samples = run["messages"] * run["samples_per_message"]
    label = [LABELS[run["name"]], KEYS.get(run["name"], "yes")]
    label.append(f"{whole(run['messages'])} × {run['samples_per_message']}")
    if run["verdict"] != "complete":
        story = f"{ENDS[run['verdict']]}: {whole(run['distinct'])} of {whole(samples)} stored"
        return [*label, story, "", "", "", GUARANTEES[run["name"]]]
    cpu = (run[f"{part}_cpu_s"] / samples * 1e6 for part in ("consumer", "postgres", "mosquitto"))
    return [
        *label,
        whole(samples / run["seconds"]),
        whole(run["messages"] / run["seconds"]),
        " / ".join(map(significant, cpu)),
        whole(run["peak_mb"]),
        GUARANTEES[run["name"]],
    ]


def drain(runs):
    head = ["consumer", "unique key", "messages × samples", "samples/s", "messages/s"]
    head += ["CPU s per 1 M samples: consumer / Postgres / broker", "peak MB", "what it guarantees"]
    show([head, *map(drain_row, runs)])


def kill_row(run):
    samples = run["messages"] * run["samples_per_message"]
    missing = samples - run["distinct"]
    # What the broker still holds is not lost. Some of it may be stored already, so this is what is lost at least.
    lost = max(0, missing - run["held"] * run["samples_per_message"])
    kills = f"{run['kills']}" + (f", {run['ended']} ended by itself" if run["ended"] else "")
    row = [LABELS[run["name"]], KEYS.get(run["name"], "yes"), whole(samples), kills]
    row += [whole(run["rows"]), whole(run["distinct"]), whole(lost), whole(run["rows"] - run["distinct"])]
    end = "done" if not missing else ENDS[run["verdict"]] if run["held"] else "done, as far as it knows"
    return [*row, end + (f"; {whole(run['held'])} messages wait" if run["held"] else "")]


def kill(runs):
    head = ["consumer", "unique key", "samples queued", "kills", "rows stored", "distinct"]
    show([[*head, "lost: acknowledged and missing", "doubled", "end"], *map(kill_row, runs)])


def check(runs):
    """Where everything is stored, the same backlog has the same sum of values."""
    sums = {}
    for run in runs:
        samples = run["messages"] * run["samples_per_message"]
        if run["distinct"] == samples:
            sums.setdefault((run["messages"], run["samples_per_message"]), set()).add(run["sum"])
    if any(len(values) > 1 for values in sums.values()):
        sys.exit(f"the consumers have stored different values: {sums}")


def main(command, *given):
    tables = {"drain": drain, "kill": kill}
    if command not in tables or len(given) != 1:
        sys.exit(__doc__)
    runs = runs_of(given[0])
    tables[command](runs)
    print()
    for version in sorted({run["version"] for run in runs}) + sorted({run["server"] for run in runs}):
        print(f"- {version}")
    check(runs)


if __name__ == "__main__":
    main(*(sys.argv[1:] or [""]))
