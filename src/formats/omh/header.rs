//! The header of a data point: which schema its body must follow, and when its source wrote it down.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::error::SchemaError;
use super::frame::{LocatedTime, moment};
use super::json::{members, text};
use super::schema::{IEEE_HEADER, OMH_HEADER};

/// A valid header.
#[derive(Clone, Debug)]
pub(super) struct Header<'a> {
    pub(super) schema: SchemaId<'a>,
    /// When the source made the data: what stands in where a body has no time of its own.
    pub(super) created: LocatedTime,
    /// True for the header of IEEE 1752.1, the only one that may stand above a series.
    pub(super) is_ieee: bool,
}

/// The words by which a header names a schema, as the payload gave them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SchemaId<'a> {
    pub(super) namespace: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) version: Cow<'a, str>,
}

/// Reads a header where its own schema accepts it: IEEE 1752.1's where it has a `uuid`, else Open mHealth's. One with
/// the members of both need only be right by one of them.
pub(super) fn read(raw: &RawValue) -> Result<Header<'_>, SchemaError> {
    let [id, uuid, schema_id, source_created, created, acquisition] = members(raw, |name| match name {
        "id" => Some(0),
        "uuid" => Some(1),
        "schema_id" => Some(2),
        "source_creation_date_time" => Some(3),
        "creation_date_time" => Some(4),
        "acquisition_provenance" => Some(5),
        _ => None,
    })?;
    let is_ieee = uuid.is_some() && (id.is_none() || IEEE_HEADER.check(raw).is_ok());
    let created = if is_ieee {
        IEEE_HEADER.check(raw)?;
        source_created
    } else {
        OMH_HEADER.check(raw)?;
        acquisition.map(source_creation).transpose()?.flatten().or(created)
    };
    let schema = schema_id.map(schema).transpose()?.ok_or(SchemaError::shape("is missing").within("schema_id"))?;
    let created =
        created.map(moment).transpose()?.ok_or(SchemaError::shape("is missing").within("creation_date_time"))?;
    Ok(Header { schema, created, is_ieee })
}

/// The moment at which the source made the data: nearer to the measurement than that of the data point.
fn source_creation(acquisition: &RawValue) -> Result<Option<&RawValue>, SchemaError> {
    let [created] = members(acquisition, |name| (name == "source_creation_date_time").then_some(0))?;
    Ok(created)
}

fn schema(raw: &RawValue) -> Result<SchemaId<'_>, SchemaError> {
    let words = members(raw, |name| match name {
        "namespace" => Some(0),
        "name" => Some(1),
        "version" => Some(2),
        _ => None,
    })?;
    let [Some(namespace), Some(name), Some(version)] = words.map(|word: Option<&RawValue>| word.and_then(text)) else {
        return Err(SchemaError::shape("needs a namespace, a name and a version that are strings").within("schema_id"));
    };
    Ok(SchemaId { namespace, name, version })
}
