//! Open mHealth and IEEE 1752.1: each JSON document of a file goes out as it stands: a data point, an array of them, or
//! a data series. A body without a header is left out, since it does not say which schema it follows.

use std::path::Path;

use bytes::Bytes;
use serde_json::Value;
use serde_json::value::RawValue;

use super::files::{ends_with, read_whole, stem};
use super::recording::{Recording, device_name};
use crate::model::ids::is_name;
use crate::model::time::Timestamp;

/// The longest file that is read: MQTT carries no longer message.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Where a header names who or what measured.
const SOURCES: [&str; 4] = ["/header/user_id", "/header/device_id", "/header/user", "/header/device"];
/// Where a data point says when it was measured, else made.
const TIMES: [&str; 6] = [
    "/body/effective_time_frame/date_time",
    "/body/effective_time_frame/time_interval/start_date_time",
    "/body/effective_time_frame/time_interval/end_date_time",
    "/body/0/effective_time_frame/date_time",
    "/header/source_creation_date_time",
    "/header/creation_date_time",
];

/// Reads all documents of a file; false where none is a data point.
pub(super) fn read(path: &Path, recording: &mut Recording) -> anyhow::Result<bool> {
    if !ends_with(path, &[".json", ".jsonl", ".ndjson"]) {
        return Ok(false);
    }
    let bytes = read_whole(path, FILE_BYTES_MAX)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let mut is_ours = false;
    for (index, document) in serde_json::Deserializer::from_slice(bytes).into_iter::<&RawValue>().enumerate() {
        recording.at_line(index as u64 + 1);
        let Ok(document) = document else {
            recording.refuse("the file must be JSON documents, one after the other");
            return Ok(true);
        };
        let Ok(value) = serde_json::from_str::<Value>(document.get()) else {
            recording.refuse("the document must be JSON of no more than 128 levels");
            continue;
        };
        if let Some(points) = data_points(&value) {
            is_ours = true;
            let source = source(&value).map_or_else(|| device_name("omh", &stem(path)), str::to_owned);
            let at = measured_at(&value).map_or(0, Timestamp::micros);
            recording.add_body(&source, Bytes::copy_from_slice(document.get().as_bytes()), points, at);
        }
    }
    Ok(is_ours)
}

/// How many data points a document holds; `None` where it is none.
fn data_points(document: &Value) -> Option<u64> {
    match document {
        Value::Array(points) if !points.is_empty() => points.iter().map(data_points).sum(),
        Value::Object(point) if point.get("header").is_some_and(Value::is_object) => match point.get("body")? {
            Value::Array(series) => Some(series.len() as u64),
            Value::Object(_) => Some(1),
            _ => None,
        },
        _ => None,
    }
}

/// The point, or the first of an array.
fn first(document: &Value) -> &Value {
    document.get(0).unwrap_or(document)
}

fn source(document: &Value) -> Option<&str> {
    let named = SOURCES.iter().filter_map(|place| first(document).pointer(place)?.as_str());
    named.into_iter().find(|name| is_name(name))
}

fn measured_at(document: &Value) -> Option<Timestamp> {
    let written = TIMES.iter().filter_map(|place| first(document).pointer(place)?.as_str());
    written.into_iter().find_map(|text| Timestamp::parse_rfc3339(text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn points_arrays_and_series_are_counted_and_other_documents_are_not() {
        let point = json!({"header": {}, "body": {"heart_rate": {}}});
        for (document, points) in [
            (point.clone(), Some(1)),
            (json!([point, point]), Some(2)),
            (json!({"header": {}, "body": [{}, {}, {}]}), Some(3)),
            (json!([point, {"body": {}}]), None),
            (json!({"heart_rate": {}}), None),
            (json!([]), None),
            (json!(7), None),
        ] {
            assert_eq!(data_points(&document), points, "{document}");
        }
    }

    #[test]
    fn the_source_is_the_headers_first_user_or_device_that_can_be_a_name() {
        let named = json!({"header": {"user_id": "not a name", "device": "watch-7"}, "body": {}});
        assert_eq!(source(&named), Some("watch-7"));
        assert_eq!(source(&json!([named])), Some("watch-7"));
        assert_eq!(source(&json!({"header": {"uuid": "x"}, "body": {}})), None);
    }
}
