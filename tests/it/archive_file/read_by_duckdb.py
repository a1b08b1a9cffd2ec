"""Reads an archive with DuckDB: KEY FOLDER FILE…; prints what it found as JSON. Plain files are found by their folders
and pruned by them; encrypted ones are listed, and the optimizers that push filters into the scan are off."""
import json
import sys

import duckdb

key, folder, *files = sys.argv[1:]
con = duckdb.connect()
con.execute("SET TimeZone = 'UTC'")
if key:
    con.execute(f"PRAGMA add_parquet_key('archive', '{key}')")
    con.execute(
        "SET disabled_optimizers = "
        "'filter_pushdown,top_n,late_materialization,join_filter_pushdown,cte_filter_pusher'"
    )
    source = f"read_parquet({files!r}, hive_partitioning = true, encryption_config = {{footer_key: 'archive'}})"
else:
    source = f"read_parquet('{folder}/metric=*/day=*/*.parquet', hive_partitioning = true)"


def one(query):
    return con.execute(query.replace("ARCHIVE", source)).fetchone()


def pairs(query):
    return dict(con.execute(query.replace("ARCHIVE", source)).fetchall())


def iso(moment):
    return moment.isoformat()


names = {"VARCHAR": "text", "TIMESTAMP WITH TIME ZONE": "moment", "DOUBLE": "double",
         "SMALLINT": "short", "BIGINT": "long"}
described = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
device = one(
    "SELECT count(*), min(start_at), any_value(subject_id) FROM ARCHIVE WHERE metric = 'heart_rate' "
    "AND day = DATE '2026-11-23' AND device_id = 'watch-042' AND statistic IS NULL "
    "AND start_at < TIMESTAMPTZ '2026-11-23 00:01:05Z'"
)
said = {
    "types": {row[0]: names.get(row[1], row[1]) for row in described},
    "rows": one("SELECT count(*) FROM ARCHIVE")[0],
    "by_metric": pairs("SELECT metric, count(*) FROM ARCHIVE GROUP BY metric"),
    "sum": one("SELECT sum(value) FROM ARCHIVE")[0],
    "instants": one("SELECT count(*) FROM ARCHIVE WHERE end_at IS NULL")[0],
    "subjects": one("SELECT count(DISTINCT subject_id) FROM ARCHIVE")[0],
    "bounds": list(one("SELECT count(*), count(value) FROM ARCHIVE WHERE flags = 'above_range'")),
    "assumed": [words for words, in con.execute(
        f"SELECT DISTINCT flags FROM {source} WHERE contains(flags, 'time_assumed')").fetchall()],
    "offsets": pairs("SELECT utc_offset_minutes, count(*) FROM ARCHIVE WHERE utc_offset_minutes IS NOT NULL GROUP BY 1"),
    "revisions": list(one("SELECT count(revision), max(revision) FROM ARCHIVE")),
    "received": [iso(moment) for moment in one("SELECT min(received_at), max(received_at) FROM ARCHIVE")],
    "maxima": one("SELECT count(*) FROM ARCHIVE WHERE statistic = 'maximum' AND value = 180.5")[0],
    "first": iso(one("SELECT min(start_at) FROM ARCHIVE")[0]),
    "last": iso(one("SELECT start_at FROM ARCHIVE WHERE metric = 'sleep_stage' ORDER BY start_at DESC LIMIT 1")[0]),
    "codes": pairs("SELECT code, count(*) FROM ARCHIVE WHERE code IS NOT NULL GROUP BY code"),
    "one_device": [device[0], iso(device[1]), device[2]],
    "units": [row[0] for row in con.execute(f"SELECT DISTINCT unit FROM {source} WHERE unit IS NOT NULL").fetchall()],
    "days": [str(row[0]) for row in con.execute(f"SELECT DISTINCT day FROM {source} ORDER BY day").fetchall()],
}
print(json.dumps(said))
