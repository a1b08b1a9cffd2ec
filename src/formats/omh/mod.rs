//! Open mHealth, IEEE 1752.1 and Granola (HealthKit): data points, arrays of them, and data series.
//!
//! # Why
//! A data point is a header and a body, and the header names the schema of the body. The schemas are read once, by a
//! person, and stand in `schema` as tables of a small language (`rule`); a JSON Schema engine would build a tree of
//! each body and look up its rules by name, and would still leave the mapping to metrics to be written.
//!
//! Invariant: a body is validated against exactly the schema that its header names. One that is rejected costs its
//! neighbours nothing.
//!
//! Invariant: a detail names members, schemas and places, never a value that was measured.

use serde_json::value::RawValue;

use super::delivery::Delivery;
use super::format::{Decoder, Format};
use super::text::{self, undecodable};
use super::{Decoded, HeartRates, Reading, bare};
use crate::model::reason::{Reason, Rejection};

mod body;
mod collect;
mod error;
mod forms;
mod frame;
mod header;
mod healthkit;
mod json;
mod rule;
mod sample_time;
mod schema;
mod write;

use collect::{Collector, SeriesPart};
use error::{BARE_NUMBER, NO_METRIC, SchemaError};
use header::{Header, SchemaId};
use json::{document, each, members};
use schema::{Found, Mapping, Schema};

/// What the registry knows of it.
pub static FORMAT: Format = Format {
    word: "omh",
    title: "Open mHealth, IEEE 1752.1, Granola",
    content_types: &["application/json", "application/vnd.openmhealth+json"],
    decoder: || Box::new(OmhDecoder),
    write: |rates: &HeartRates, out| write::heart_rates(rates, out),
};

/// Remembers nothing: each message stands for itself.
#[derive(Debug)]
struct OmhDecoder;

impl Decoder for OmhDecoder {
    fn decode<'a>(&mut self, delivery: &'a Delivery) -> Result<Decoded<'a>, Rejection> {
        decode(&delivery.payload)
    }
}

/// Reads a data point, an array of data points, or a data series of IEEE 1752.1 (one header, an array of bodies).
///
/// Samples of one metric, unit and statistic come as one reading, in the order of the payload. A part that is
/// invalid is a rejection: `undecodable`, `unknown_unit`, `bad_interval` or `no_instant` where its schema rejects it
/// or it names no instant, `unsupported_version` where only other versions of its schema are known, `unknown_metric`
/// where the schema is unknown or maps to no metric of the catalogue.
///
/// A body without a time, where its schema allows that, gets the time at which the header says that its source was
/// made, and `time_assumed`.
///
/// `Err` where the message is not UTF-8, not JSON, or neither an object nor an array.
pub fn decode(payload: &[u8]) -> Result<Decoded<'_>, Rejection> {
    let text = text::utf8(payload)?;
    match document(text) {
        Ok(document) => decode_document(document),
        Err(refused) => {
            let mended = bare::mend(text).ok_or_else(|| refused.clone())?;
            let decoded = decode_document(document(&mended).map_err(|_| refused)?)?;
            let readings = decoded.readings.into_iter().map(Reading::into_owned).collect();
            Ok(Decoded { readings, rejections: decoded.rejections, ..Decoded::default() })
        }
    }
}

fn decode_document(document: &RawValue) -> Result<Decoded<'_>, Rejection> {
    let mut collector = Collector::default();
    match document.get().as_bytes().first() {
        Some(b'{') => read_part(document, &mut collector),
        Some(b'[') => {
            let mut place = 0;
            let read = each(document, |point| {
                collector.part = Some(SeriesPart { list: "points", place });
                place += 1;
                read_part(point, &mut collector);
                Ok(())
            });
            read.map_err(SchemaError::rejection)?;
        }
        _ => return Err(undecodable("the message must be a data point, an array of them, or a data series")),
    }
    Ok(collector.finish())
}

/// Validates a body, without a header, against one schema of `omh`, `ieee` or `granola`; any JSON value is a body here.
///
/// `Err` with `undecodable`, `unknown_unit`, `bad_interval` or `no_instant` where the schema rejects it,
/// `unsupported_version` where only other versions of the schema are known, `unknown_metric` where none is.
pub fn check_body(namespace: &str, name: &str, version: &str, body: &[u8]) -> Result<(), Rejection> {
    let body = document(text::utf8(body)?)?;
    let Schema(_, rule, _) = find(namespace, name, version).map_err(SchemaError::rejection)?;
    rule.check(body).map_err(SchemaError::rejection)
}

/// Reads a data point or a data series.
fn read_part<'a>(part: &'a RawValue, collector: &mut Collector<'a>) {
    let (header, body) = match split(part) {
        Ok(found) => found,
        Err(error) => return collector.reject(error, None, 1),
    };
    let is_series = body.get().starts_with('[');
    // What is lost with a header; nothing is rejected here, and the text has been proven to be JSON.
    let bodies = || if is_series { each(body, |_| Ok(())).unwrap_or(1) } else { 1 };
    if bare::is_mended(header.get()) || (!is_series && bare::is_mended(body.get())) {
        return collector.reject(BARE_NUMBER, None, bodies());
    }
    let header = match header::read(header) {
        Ok(header) => header,
        Err(error) => return collector.reject(error.within("header"), None, bodies()),
    };
    collector.revision = header.revision;
    let SchemaId { namespace, name, version } = &header.schema;
    let schema = match find(namespace, name, version) {
        Ok(schema) => schema,
        Err(error) => return collector.reject(error, Some(&header.schema), bodies()),
    };
    if !is_series {
        return read_body(body, schema, &header, collector);
    }
    if !header.is_ieee {
        let error = SchemaError::shape("must be an object: only below the header of IEEE 1752.1 it may be an array");
        return collector.reject(error.within("body"), Some(&header.schema), bodies());
    }
    let mut place = 0;
    let read = each(body, |body| {
        collector.part = Some(SeriesPart { list: "body", place });
        place += 1;
        if bare::is_mended(body.get()) {
            collector.reject(BARE_NUMBER, Some(&header.schema), 1);
        } else {
            read_body(body, schema, &header, collector);
        }
        Ok(())
    });
    if let Err(error) = read {
        collector.reject(error, Some(&header.schema), 1);
    }
}

/// The header and the body of a part.
fn split(part: &RawValue) -> Result<(&RawValue, &RawValue), SchemaError> {
    let [header, body] = members(part, |name| match name {
        "header" => Some(0),
        "body" => Some(1),
        _ => None,
    })?;
    let missing = |field| SchemaError::shape("is missing").within(field);
    Ok((header.ok_or(missing("header"))?, body.ok_or(missing("body"))?))
}

fn find(namespace: &str, name: &str, version: &str) -> Result<&'static Schema, SchemaError> {
    match schema::find(namespace, name, version) {
        Found::Schema(schema) => Ok(schema),
        Found::OtherVersions => {
            Err(SchemaError::new(Reason::UnsupportedVersion, "this version of the schema is not one that is read"))
        }
        Found::Unknown => Err(SchemaError::new(Reason::UnknownMetric, "the schema is not one that is known")),
    }
}

fn read_body<'a>(
    body: &'a RawValue,
    Schema(_, rule, mapping): &Schema,
    header: &Header<'a>,
    collector: &mut Collector<'a>,
) {
    let valid = if body.get().starts_with('{') {
        rule.check(body)
    } else {
        Err(SchemaError::shape("must be an object").within("body"))
    };
    match (valid, mapping) {
        (Err(error), _) => collector.reject(error, Some(&header.schema), 1),
        (Ok(()), Mapping::Nothing) => collector.reject(NO_METRIC, Some(&header.schema), 1),
        (Ok(()), mapping) => body::read(body, *mapping, header, collector),
    }
}

#[cfg(test)]
mod tests;
