#!/usr/bin/env bash
# DuckDB reads the flat columns of an encrypted Parquet file, and of a list or a struct not a row.
#
# Parquet's modular encryption binds each page to the place of its column chunk in the row group. One would swear that
# a reader which takes the file's text columns with the right key takes its list columns, too. DuckDB 2.0.1 says "are you
# using the right key?" for any question that touches a nested column, while the same question reads the same table
# unencrypted, and pyarrow 26.0.1, which wrote the file, reads it whole. Other columns of the same file are read. Files
# of the Rust crate parquet behave alike. So a column of words in a file that is to be encrypted is better one text.
#
# Output seen:
#   text: [(1, 'a b'), (2, None)]
#   list: Invalid Input Error: Computed AES tag differs from read AES tag, are you using the right key?
#   struct: Invalid Input Error: Computed AES tag differs from read AES tag, are you using the right key?
#   list, its flat column alone: [(1,), (2,)]
#   list, unencrypted: [(1, ['a', 'b']), (2, [])]
#   list, by pyarrow: [{'id': 1, 'words': ['a', 'b']}, {'id': 2, 'words': []}]
#
# Installs duckdb 2.0.1 and pyarrow 26.0.1 in a temporary folder. Exits with 1 where other versions of them behave
# otherwise. Needs python3 with venv.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==2.0.1 pyarrow==26.0.1
cd "$folder"
cat >seen.py <<'PY'
import base64

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe

data_keys = []


class Keep(pe.KmsClient):
    """Hands the data key out as it is, so that DuckDB can be given it."""

    def __init__(self, config):
        pe.KmsClient.__init__(self)

    def wrap_key(self, key, master):
        data_keys.append(key)
        return base64.b64encode(key)

    def unwrap_key(self, wrapped, master):
        return base64.b64decode(wrapped)


factory = pe.CryptoFactory(Keep)
connection = pe.KmsConnectionConfig()
whole_file = pe.EncryptionConfiguration(
    footer_key="k", uniform_encryption=True, double_wrapping=False,
    encryption_algorithm="AES_GCM_V1", data_key_length_bits=256)


def ask(columns, name):
    duck = duckdb.connect()
    duck.execute(f"PRAGMA add_parquet_key('k', '{base64.b64encode(data_keys[-1]).decode()}')")
    file = f"read_parquet('{name}.parquet', encryption_config = {{footer_key: 'k'}})"
    try:
        return duck.execute(f"SELECT {columns} FROM {file}").fetchall()
    except duckdb.Error as error:
        return str(error)


tables = {
    "text": pa.table({"id": [1, 2], "words": ["a b", None]}),
    "struct": pa.table({"id": [1, 2], "words": [{"a": 1}, {"a": 2}]}),
    "list": pa.table({"id": [1, 2], "words": [["a", "b"], []]}),
}
seen = {}
for name, table in tables.items():
    properties = factory.file_encryption_properties(connection, whole_file)
    with pq.ParquetWriter(f"{name}.parquet", table.schema, encryption_properties=properties) as writer:
        writer.write_table(table)
    seen[name] = ask("*", name)
seen["list, its flat column alone"] = ask("id", "list")
pq.write_table(tables["list"], "plain.parquet")
seen["list, unencrypted"] = duckdb.connect().execute("SELECT * FROM 'plain.parquet'").fetchall()
reader = pq.ParquetFile("list.parquet", decryption_properties=factory.file_decryption_properties(connection))
seen["list, by pyarrow"] = reader.read().to_pylist()
for what, answer in seen.items():
    print(f"{what}: {answer}")
wrong = "Invalid Input Error: Computed AES tag differs from read AES tag, are you using the right key?"
assert seen == {
    "text": [(1, "a b"), (2, None)],
    "struct": wrong,
    "list": wrong,
    "list, its flat column alone": [(1,), (2,)],
    "list, unencrypted": [(1, ["a", "b"]), (2, [])],
    "list, by pyarrow": [{"id": 1, "words": ["a", "b"]}, {"id": 2, "words": []}],
}, "it behaves otherwise now"
PY
"$folder/venv/bin/python" seen.py
