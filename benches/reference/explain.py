#!/usr/bin/env python3
"""Runs each question of queries.sql as its asker and says what Postgres did: explain.py URL QUERIES.

Fails where one takes LIMIT_MS or longer, or reads a large table from end to end."""

import hashlib
import json
import statistics
import subprocess
import sys
import uuid

LIMIT_MS = 20.0
RUNS = 5
# A table of fewer rows is read from end to end rightly.
LARGE_ROWS = 10_000


def key(kind, number):
    """As pg_temp.key in fill.sql."""
    return str(uuid.UUID(hashlib.md5(f"{kind}{number}".encode()).hexdigest()))


ASKER = 8
ACTORS = {
    "provider": key("provider account", ASKER),
    "patient": key("account", ASKER),
    "member": key("account", ASKER),
    "front_desk": key("front_desk", ASKER),
    "biller": key("biller", ASKER),
}
# Provider 8 cares for patient 7; patient 8 is a member of the space that member 8 is in.
VALUES = {"$facility": key("facility", ASKER), "$space": key("space", 1 + ASKER % 50)}
PATIENT = {"provider": key("patient", ASKER - 1), "patient": key("patient", ASKER), "member": key("patient", ASKER)}


def questions(path):
    """Who asks, what, and the statement."""
    for part in open(path, encoding="utf-8").read().split("\n-- ")[2:]:
        head, statement = part.split("\n", 1)
        who, what = head.split(": ", 1)
        for name, value in {**VALUES, "$patient": PATIENT.get(who, "")}.items():
            statement = statement.replace(name, f"'{value}'")
        yield who, what, statement.strip()


def explain(url, who, statement):
    """The plans of some runs in one session; the first only warms it."""
    begin = f"BEGIN; SET LOCAL ROLE healthtrack_portal; SET LOCAL healthtrack.actor = '{ACTORS[who]}';"
    plan = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
    script = "\n".join(f"{begin}\n{plan}\nROLLBACK;\n\\echo ;;;" for _ in range(RUNS + 1))
    output = subprocess.run(
        ["psql", url, "-XqAt", "-v", "ON_ERROR_STOP=1"], input=script, capture_output=True, text=True, check=False
    )
    if output.returncode != 0:
        sys.exit(f"{statement}\n{output.stderr}")
    return [json.loads(text)[0] for text in output.stdout.split(";;;\n")[:-1]][1:]


def nodes(plan):
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def large_tables(url):
    query = f"""SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
                WHERE nspname IN ('care', 'access', 'signal') AND relkind = 'r' AND reltuples >= {LARGE_ROWS}"""
    output = subprocess.run(["psql", url, "-XqAtc", query], capture_output=True, text=True, check=True)
    return set(output.stdout.split())


def main():
    url, path = sys.argv[1:3]
    large, bad = large_tables(url), []
    print("| who | asks for | ms | rows | pages | by index |\n|---|---|---|---|---|---|")
    for who, what, statement in questions(path):
        plans = explain(url, who, statement)
        ms = statistics.median(plan["Planning Time"] + plan["Execution Time"] for plan in plans)
        top = plans[-1]["Plan"]
        pages = top["Shared Hit Blocks"] + top["Shared Read Blocks"]
        scanned = sorted({node["Relation Name"] for node in nodes(top) if node["Node Type"] == "Seq Scan"} & large)
        by_index = f"no: {', '.join(scanned)}" if scanned else "yes"
        print(f"| {who} | {what} | {ms:.1f} | {top['Actual Rows']:.0f} | {pages} | {by_index} |")
        if ms >= LIMIT_MS or scanned:
            bad.append(what)
    if bad:
        sys.exit(f"slower than {LIMIT_MS:.0f} ms, or a large table from end to end: {'; '.join(bad)}")


main()
