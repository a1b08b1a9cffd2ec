"""How many row groups DuckDB touches for one device: FILE COPY DEVICE; COPY is made of the rows of FILE in no order.
Prints a JSON list with rows found, groups scanned and groups in all, of FILE and of COPY."""
import json
import os
import sys
import tempfile

import duckdb

original, copy, device = sys.argv[1:]
con = duckdb.connect()
# On a busy machine it would stand before the answer.
con.execute("SET enable_progress_bar = false")
con.execute(
    f"COPY (SELECT * FROM read_parquet('{original}', hive_partitioning = false) ORDER BY hash(start_at))"
    f" TO '{copy}' (FORMAT parquet, ROW_GROUP_SIZE 122880)"
)
profile = os.path.join(tempfile.mkdtemp(dir=os.path.dirname(copy)), "profile.json")
con.execute(f"SET enable_profiling = 'json'; SET profiling_mode = 'detailed'; SET profiling_output = '{profile}'")


def scans(node):
    if "row_groups_scanned" in node:
        yield node
    for child in node.get("children", []) + node.get("operator", []):
        yield from scans(child)


def touched(file):
    rows = con.execute(
        f"SELECT count(*), avg(value) FROM read_parquet('{file}', hive_partitioning = false) WHERE device_id = '{device}'"
    ).fetchall()[0][0]
    with open(profile) as text:
        scan, = scans(json.load(text))
    return [rows, scan["row_groups_scanned"], scan["total_row_groups_to_scan"]]


print(json.dumps([touched(original), touched(copy)]))
