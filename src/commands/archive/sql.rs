//! A script for DuckDB: one view of all live files, named one by one from the manifest.
//!
//! # Why
//! A pattern of names would, in the moment between a file's name and its manifest row, count a day twice, and DuckDB
//! prunes encrypted files by a list only. Encrypted files need their key, which is never written here, and five of
//! DuckDB's optimizers switched off (seen with 1.5 and 2.0): with them, a filter on an encrypted file fails.

use std::collections::BTreeMap;

use crate::archive::Archive;
use crate::store::archive::ArchiveFile;

const OPTIMIZERS: &str = "filter_pushdown,top_n,late_materialization,join_filter_pushdown,cte_filter_pusher";
/// What DuckDB shows where there is no file.
const EMPTY: &str = "SELECT NULL::VARCHAR AS device_id, NULL::VARCHAR AS metric, NULL::VARCHAR AS statistic,
       NULL::TIMESTAMPTZ AS start_at, NULL::TIMESTAMPTZ AS end_at, NULL::DOUBLE AS value,
       NULL::VARCHAR AS code, NULL::VARCHAR AS unit, NULL::VARCHAR AS subject_id
WHERE false";

/// The script.
pub(super) fn script(archive: &Archive, files: &[ArchiveFile]) -> String {
    let mut by_key: BTreeMap<Option<&str>, Vec<String>> = BTreeMap::new();
    for file in files {
        let path = archive.place.root().join(&file.name);
        by_key.entry(file.key_id.as_deref()).or_default().push(quoted(&path.to_string_lossy()));
    }
    let mut text = String::from("-- The archive as DuckDB sees it: the live files of the manifest.\n");
    for key in by_key.keys().flatten() {
        text.push_str(&format!(
            "-- First: PRAGMA add_parquet_key({}, '<the 32 bytes of this key as base64>');\n",
            quoted(key)
        ));
    }
    if by_key.keys().any(Option::is_some) {
        text.push_str(&format!("SET disabled_optimizers = '{OPTIMIZERS}';\n"));
    }
    let reads: Vec<String> = by_key.iter().map(|(key, paths)| read(*key, paths)).collect();
    let body = if reads.is_empty() { EMPTY.to_owned() } else { reads.join("\nUNION ALL\n") };
    text.push_str(&format!("CREATE OR REPLACE VIEW sample AS\n{body};\n"));
    text
}

fn read(key: Option<&str>, paths: &[String]) -> String {
    let encryption = key.map(|key| format!(", encryption_config = {{footer_key: {}}}", quoted(key)));
    let paths = paths.join(",\n    ");
    format!(
        "SELECT * FROM read_parquet([\n    {paths}\n], hive_partitioning = false{})",
        encryption.unwrap_or_default()
    )
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
