//! The header of a data point: which schema its body must follow, and when its source wrote it down.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::error::SchemaError;
use super::frame::{LocatedTime, moment};
use super::json::{members, text};
use super::schema::{IEEE_HEADER, OMH_HEADER};
use crate::model::origin::Revision;

/// A valid header.
#[derive(Clone, Debug)]
pub(super) struct Header<'a> {
    pub(super) schema: SchemaId<'a>,
    /// When the source made the data: what stands in where a body has no time of its own.
    pub(super) created: LocatedTime,
    /// Which word of its source the data point is: the millisecond in which the source last modified it. Only the
    /// header of Open mHealth says so. A data point that IEEE 1752.1 calls recalculated has a later creation, yet so
    /// has any other, so that is no revision.
    pub(super) revision: Option<Revision>,
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
    let (created, modified) = if is_ieee {
        IEEE_HEADER.check(raw)?;
        (source_created, None)
    } else {
        OMH_HEADER.check(raw)?;
        let [source_created, modified] = acquisition.map(source_times).transpose()?.unwrap_or_default();
        (source_created.or(created), modified)
    };
    let revision = modified.map(moment).transpose()?.and_then(|modified| Revision::new(modified.at().micros() / 1_000));
    let schema = schema_id.map(schema).transpose()?.ok_or(SchemaError::shape("is missing").within("schema_id"))?;
    let created =
        created.map(moment).transpose()?.ok_or(SchemaError::shape("is missing").within("creation_date_time"))?;
    Ok(Header { schema, created, revision, is_ieee })
}

/// When the source made the data, which is nearer to the measurement than when it made the data point; and when it last
/// modified them.
fn source_times(acquisition: &RawValue) -> Result<[Option<&RawValue>; 2], SchemaError> {
    members(acquisition, |name| match name {
        "source_creation_date_time" => Some(0),
        "source_last_modification_date_time" => Some(1),
        _ => None,
    })
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
