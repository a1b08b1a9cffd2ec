"""Reads an archive with pyarrow: KEY FOLDER FILE…; prints what it found as JSON."""
import base64
import datetime
import json
import os
import sys

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

key, folder, *files = sys.argv[1:]
open_with = {}
if key:
    open_with["decryption_properties"] = pe.create_decryption_properties(footer_key=base64.b64decode(key))
tables = [pq.ParquetFile(file, **open_with).read() for file in files]
table = pa.concat_tables(tables)
days = sorted({os.path.basename(os.path.dirname(file)).removeprefix("day=") for file in files})
if not key:
    # The folders' metric is the column's; said as text, since pyarrow would take it for a dictionary.
    folders = ds.partitioning(pa.schema([("metric", pa.string()), ("day", pa.string())]), flavor="hive")
    by_folder = ds.dataset(folder, partitioning=folders).filter(ds.field("day") == "2026-11-22").count_rows()
    assert by_folder == 70 * 2001, by_folder


def name(kind):
    if pa.types.is_string(kind):
        return "text"
    if kind == pa.timestamp("us", tz="UTC"):
        return "moment"
    return {"double": "double", "int16": "short", "int64": "long"}.get(str(kind), str(kind))


def iso(moment):
    return moment.as_py().isoformat()


def counts(column):
    return {pair["values"]: pair["counts"] for pair in pc.value_counts(column.drop_null()).to_pylist()}


until = datetime.datetime(2026, 11, 23, 0, 1, 5, tzinfo=datetime.timezone.utc)
since = datetime.datetime(2026, 11, 23, tzinfo=datetime.timezone.utc)
device = table.filter(
    (pc.field("device_id") == "watch-042") & pc.field("statistic").is_null()
    & (pc.field("start_at") >= since) & (pc.field("start_at") < until)
)
flags = table["flags"].to_pylist()
values = [value for value, words in zip(table["value"].to_pylist(), flags) if words == "above_range"]
said = {
    "types": {field.name: name(field.type) for field in table.schema},
    "rows": table.num_rows,
    "by_metric": counts(table["metric"]),
    "sum": pc.sum(table["value"]).as_py(),
    "instants": table["end_at"].null_count,
    "subjects": pc.count_distinct(table["subject_id"]).as_py(),
    "bounds": [len(values), sum(value is not None for value in values)],
    "assumed": list({words for words in flags if words and "time_assumed" in words}),
    "offsets": counts(table["utc_offset_minutes"]),
    "revisions": [table.num_rows - table["revision"].null_count, pc.max(table["revision"]).as_py()],
    "received": [iso(pc.min(table["received_at"])), iso(pc.max(table["received_at"]))],
    "maxima": table.filter((pc.field("statistic") == "maximum") & (pc.field("value") == 180.5)).num_rows,
    "first": iso(pc.min(table["start_at"])),
    "last": iso(pc.max(table.filter(pc.field("metric") == "sleep_stage")["start_at"])),
    "codes": counts(table["code"]),
    "one_device": [device.num_rows, iso(pc.min(device["start_at"])), device["subject_id"][0].as_py()],
    "units": sorted(counts(table["unit"])),
    "days": days,
}
print(json.dumps(said))
