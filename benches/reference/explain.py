#!/usr/bin/env python3
"""Runs each question of queries.sql as its asker and says what Postgres did: explain.py URL QUERIES.

Each is asked in two ways: on the tables, under the policies, with its plan; and through the function of `api` that
answers it, with the look that is recorded and committed before. What one page of a record answers together (banner,
problems, medicines) is one call, and is counted once.
Fails where a statement takes LIMIT_MS or longer, or reads a large table from end to end."""

import hashlib
import json
import re
import secrets
import statistics
import subprocess
import sys
import uuid

LIMIT_MS = 20.0
RUNS = 9
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
    "analyst": key("analyst", 1),
}
TOKENS = {who: secrets.token_hex(32) for who in ACTORS}
# Provider 8 cares for patient 7; patient 8 is a member of the space that member 8 is in.
VALUES = {"$facility": key("facility", ASKER), "$space": key("space", 1 + ASKER % 50)}
PATIENT = {"provider": key("patient", ASKER - 1), "patient": key("patient", ASKER), "member": key("patient", ASKER)}


def questions(path):
    """Who asks, what, the kind of look, the call of a function and the statement on tables."""
    for part in open(path, encoding="utf-8").read().split("\n-- "):
        if "\n--= " not in part:
            continue
        head, call, statement = part.split("\n", 2)
        who, what = head.split(": ", 1)
        kind, call = call.removeprefix("--= ").split(": ", 1)
        for name, value in {**VALUES, "$patient": PATIENT.get(who, ""), "$token": TOKENS[who]}.items():
            statement, call = (text.replace(name, f"'{value}'") for text in (statement, call))
        yield who, what, kind, call, statement.strip()


def psql(url, script):
    output = subprocess.run(
        ["psql", url, "-XqAt", "-v", "ON_ERROR_STOP=1"], input=script, capture_output=True, text=True, check=False
    )
    if output.returncode != 0:
        sys.exit(f"{script[:2000]}\n{output.stderr}")
    return output.stdout


def acting(who, statement):
    """A statement on tables in the name of an account, under the policies."""
    begin = f"BEGIN; SET LOCAL ROLE healthtrack_care; SET LOCAL healthtrack.actor = '{ACTORS[who]}';"
    return f"{begin}\n{statement}\nROLLBACK;"


def explain(url, who, statement):
    """The plan of the last of two runs in one session."""
    plan = acting(who, f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}")
    return json.loads(psql(url, f"{plan}\n\\echo ;;;\n{plan}").split(";;;\n")[1])[0]


def milliseconds(url, script):
    """What the client waited for each timed statement of a script."""
    return [float(found) for found in re.findall(r"^Time: ([\d.]+) ms", psql(url, script), re.MULTILINE)]


def timed(statement):
    return f"\\timing on\n{statement}\n\\timing off\n"


def compare(url, who, kind, call, statement):
    """Medians of one session: the statement on tables; the function; the look before it. Without a function, by the view."""
    if kind == "none":
        times = milliseconds(url, "\\o /dev/null\n" + acting(who, timed(statement)) * (RUNS + 1))[1:]
        return statistics.median(times), None, None
    name, of_all = kind.removesuffix(" of all"), kind.endswith(" of all")
    patient = "NULL" if of_all else f"'{PATIENT.get(who, '')}'"
    takes_look = name != "nobody's"
    look = f"SELECT api.look('{TOKENS[who]}', {patient}, '{name}', NULL) AS look \\gset\n"
    script = "\\o /dev/null\n"
    for _ in range(RUNS + 1):
        script += acting(who, timed(statement)) + "\nSET ROLE healthtrack_portal;\n"
        script += timed(look) if takes_look else ""
        script += timed(call.replace("$look", ":'look'") + ";") + "RESET ROLE;\n"
    times = milliseconds(url, script)
    step = 3 if takes_look else 2
    runs = [times[at : at + step] for at in range(step, len(times), step)]
    medians = [statistics.median(run[place] for run in runs) for place in range(step)]
    return medians[0], medians[-1], medians[1] if takes_look else 0.0


def nodes(plan):
    yield plan
    for child in plan.get("Plans", []):
        yield from nodes(child)


def large_tables(url):
    query = f"""SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
                WHERE nspname IN ('care', 'access', 'signal') AND relkind = 'r' AND reltuples >= {LARGE_ROWS}"""
    return set(psql(url, query).split())


def main():
    url, path = sys.argv[1:3]
    large, bad, called, sums = large_tables(url), [], set(), [0.0, 0.0, 0.0]
    for who, token in TOKENS.items():
        psql(
            url,
            f"""INSERT INTO access.session (account_id, expires_at, idle_for, token_hash)
                VALUES ('{ACTORS[who]}', now() + INTERVAL '6 hours', INTERVAL '6 hours', sha256(decode('{token}', 'hex')))""",
        )
    print("| who | asks for | ms on tables | function | look | rows | pages | by index |")
    print("|---|---|---|---|---|---|---|---|")
    for who, what, kind, call, statement in questions(path):
        plan = explain(url, who, statement)
        top = plan["Plan"]
        pages = top["Shared Hit Blocks"] + top["Shared Read Blocks"]
        scanned = sorted({node["Relation Name"] for node in nodes(top) if node["Node Type"] == "Seq Scan"} & large)
        by_index = f"no: {', '.join(scanned)}" if scanned else "yes"
        tables, function, look = compare(url, who, kind, call, statement)
        if function is None:
            # A view is asked as itself.
            function, look, by_function = tables, 0.0, "a view | "
        elif call in called:
            function = look = 0.0
            by_function = "the same call | "
        else:
            by_function = f"{function:.1f} | {look:.1f}"
        called.add(call)
        sums = [total + one for total, one in zip(sums, (tables, function, look))]
        print(
            f"| {who} | {what} | {tables:.1f} | {by_function} | {top['Actual Rows']:.0f} | {pages} | {by_index} |"
        )
        if max(tables, function) >= LIMIT_MS or scanned:
            bad.append(what)
    print(
        f"\nAll: {sums[0]:.1f} ms on tables; {sums[1]:.1f} ms by functions, "
        f"{sums[1] + sums[2]:.1f} ms with a look before each: {(sums[1] + sums[2]) / sums[0]:.2f} times."
    )
    if bad:
        sys.exit(f"slower than {LIMIT_MS:.0f} ms, or a large table from end to end: {'; '.join(bad)}")


main()
