//! Open mHealth, IEEE 1752.1 and Granola (HealthKit): data points, arrays of them, and data series.
//!
//! # Why
//! A data point is a header and a body, and the header names the schema of the body. The schemas are read once, by a
//! person, and stand in `schema` as tables of a small language (`rule`); a JSON Schema engine would build a tree of
//! each body and look up its rules by name, and would still leave the mapping to metrics to be written.
//!
//! Invariant: a body is judged by exactly the schema that its header names. One that is refused costs its neighbours
//! nothing.
//!
//! Invariant: a detail names members, schemas and places, never a value that was measured.

use serde_json::value::RawValue;

use super::delivery::Delivery;
use super::format::{Decoder, Format};
use super::text::{self, undecodable};
use super::{Decoded, HeartRates};
use crate::model::reason::{Reason, Rejection};

mod body;
mod forms;
mod frame;
mod gather;
mod header;
mod healthkit;
mod json;
mod rule;
mod schema;
mod write;

use gather::{Gathered, Part};
use header::{Header, SchemaId};
use json::{Fault, each, members};
use schema::{Found, Gives, Schema};

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
/// Samples of one metric, unit and statistic come as one reading, in the order of the payload. A part that cannot be
/// believed is a rejection: `undecodable`, `unknown_unit`, `bad_interval` or `no_instant` where its schema refuses it
/// or it names no instant, `unsupported_version` where only other versions of its schema are known, `unknown_metric`
/// where the schema is unknown or gives no metric of the catalogue.
///
/// A body without a time, where its schema allows that, gets the time at which the header says that its source was
/// made, and `time_assumed`.
///
/// `Err` where the message is not UTF-8, not JSON, or neither an object nor an array.
pub fn decode(payload: &[u8]) -> Result<Decoded<'_>, Rejection> {
    let document = document(payload)?;
    let mut gathered = Gathered::default();
    match document.get().as_bytes().first() {
        Some(b'{') => read_part(document, &mut gathered),
        Some(b'[') => {
            let mut place = 0;
            let read = each(document, |point| {
                gathered.part = Some(Part { list: "points", place });
                place += 1;
                read_part(point, &mut gathered);
                Ok(())
            });
            read.map_err(Fault::rejection)?;
        }
        _ => return Err(undecodable("the message must be a data point, an array of them, or a data series")),
    }
    Ok(gathered.finish())
}

/// Judges a body, without a header, by one schema of `omh`, `ieee` or `granola`; any JSON value is a body here.
///
/// `Err` with `undecodable`, `unknown_unit`, `bad_interval` or `no_instant` where the schema refuses it,
/// `unsupported_version` where only other versions of the schema are known, `unknown_metric` where none is.
pub fn check_body(namespace: &str, name: &str, version: &str, body: &[u8]) -> Result<(), Rejection> {
    let body = document(body)?;
    let Schema(_, rule, _) = find(namespace, name, version).map_err(Fault::rejection)?;
    rule.check(body).map_err(Fault::rejection)
}

/// The whole of the bytes as one JSON value, proven to be JSON.
fn document(payload: &[u8]) -> Result<&RawValue, Rejection> {
    let text = text::utf8(payload)?;
    // What the reader says of a fault may repeat a value, so only the place is told.
    serde_json::from_str(text).map_err(|error: serde_json::Error| {
        undecodable(format!("the message must be JSON: see line {}, column {}", error.line(), error.column()))
    })
}

/// Reads a data point or a data series.
fn read_part<'a>(part: &'a RawValue, gathered: &mut Gathered<'a>) {
    let (header, body) = match split(part) {
        Ok(found) => found,
        Err(fault) => return gathered.refuse(fault, None, 1),
    };
    let is_series = body.get().starts_with('[');
    // What is lost with a header; nothing is refused here, and the text has been proven to be JSON.
    let bodies = || if is_series { each(body, |_| Ok(())).unwrap_or(1) } else { 1 };
    let header = match header::read(header) {
        Ok(header) => header,
        Err(fault) => return gathered.refuse(fault.within("header"), None, bodies()),
    };
    let SchemaId { namespace, name, version } = &header.schema;
    let schema = match find(namespace, name, version) {
        Ok(schema) => schema,
        Err(fault) => return gathered.refuse(fault, Some(&header.schema), bodies()),
    };
    if !is_series {
        return read_body(body, schema, &header, gathered);
    }
    if !header.is_ieee {
        let fault = Fault::shape("must be an object: only below the header of IEEE 1752.1 it may be an array");
        return gathered.refuse(fault.within("body"), Some(&header.schema), bodies());
    }
    let mut place = 0;
    let read = each(body, |body| {
        gathered.part = Some(Part { list: "body", place });
        place += 1;
        read_body(body, schema, &header, gathered);
        Ok(())
    });
    if let Err(fault) = read {
        gathered.refuse(fault, Some(&header.schema), 1);
    }
}

/// The header and the body of a part.
fn split(part: &RawValue) -> Result<(&RawValue, &RawValue), Fault> {
    let [header, body] = members(part, |name| match name {
        "header" => Some(0),
        "body" => Some(1),
        _ => None,
    })?;
    let missing = |field| Fault::shape("is missing").within(field);
    Ok((header.ok_or(missing("header"))?, body.ok_or(missing("body"))?))
}

fn find(namespace: &str, name: &str, version: &str) -> Result<&'static Schema, Fault> {
    match schema::find(namespace, name, version) {
        Found::Schema(schema) => Ok(schema),
        Found::OtherVersions => {
            Err(Fault::new(Reason::UnsupportedVersion, "this version of the schema is not one that is read"))
        }
        Found::Unknown => Err(Fault::new(Reason::UnknownMetric, "the schema is not one that is known")),
    }
}

fn read_body<'a>(
    body: &'a RawValue,
    Schema(_, rule, gives): &Schema,
    header: &Header<'a>,
    gathered: &mut Gathered<'a>,
) {
    let valid = if body.get().starts_with('{') {
        rule.check(body)
    } else {
        Err(Fault::shape("must be an object").within("body"))
    };
    match (valid, gives) {
        (Err(fault), _) => gathered.refuse(fault, Some(&header.schema), 1),
        (Ok(()), Gives::Nothing) => gathered.refuse(body::NO_METRIC, Some(&header.schema), 1),
        (Ok(()), gives) => body::read(body, *gives, header, gathered),
    }
}

#[cfg(test)]
mod tests;
