"""Runs a printed script in DuckDB, as `duckdb -init` would, then questions: KEY SCRIPT QUESTION…; prints a JSON list with
the answer of each as CSV. Where the script says that a key comes first, KEY is put in its place."""
import csv
import io
import json
import sys

import duckdb

key, script, *questions = sys.argv[1:]
if key:
    script = script.replace("-- First: PRAGMA", "PRAGMA").replace("<this key, as base64>", key)
con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'")
con.execute(script)


def answer(question):
    found = con.execute(question)
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow([column[0] for column in found.description])
    lines.writerows(found.fetchall())
    return text.getvalue()


print(json.dumps([answer(question) for question in questions]))
