//! A Bundle: its Devices first, wherever they stand, then its Observations.
//!
//! A MessageHeader and the Devices say of what and whom the Observations are; every other resource is handed on. What a
//! transaction deletes by its id cannot be found, since no sample has the id of its Observation.

use serde_json::value::RawValue;

use super::collect::ObservationCollector;
use super::device::KnownDevices;
use super::observation;
use crate::formats::bare;
use crate::formats::error::{BARE_NUMBER, SchemaError};
use crate::formats::json::{each, members, text};
use crate::formats::text::undecodable;
use crate::model::reason::{Reason, Rejection};

/// Entries of one Bundle.
const ENTRIES_MAX: usize = 20_000;

/// Bundles whose entries are resources that are sent; the others are documents, answers and histories.
const TYPES: [&str; 5] = ["collection", "batch", "transaction", "message", "searchset"];

const NO_RESOURCE: SchemaError = SchemaError {
    reason: Reason::Undecodable,
    field: "resource",
    what: "is missing: to take an Observation back, send it with the status entered-in-error",
};
const NOT_SENT: SchemaError = SchemaError {
    reason: Reason::Undecodable,
    field: "request",
    what: "must have the method POST or PUT: to take an Observation back, send it with the status entered-in-error",
};

/// Reads the resources of a Bundle into what was read so far; `Err` where the Bundle is none that sends resources.
pub(super) fn read<'a>(bundle: &'a RawValue, collector: &mut ObservationCollector<'a>) -> Result<(), Rejection> {
    let [kind, entries, rules] = members(bundle, |name| match name {
        "type" => Some(0),
        "entry" => Some(1),
        "implicitRules" => Some(2),
        _ => None,
    })
    .map_err(|error| error.within("Bundle").rejection())?;
    let Some(entries) = entries else { return Ok(()) };
    let count = each(entries, |_| Ok(())).map_err(|error| error.within("entry").rejection())?;
    let refuse = |reason, detail: String| Err(Rejection::new(reason, detail, count));
    if count > ENTRIES_MAX {
        let detail = format!("a Bundle may have {ENTRIES_MAX} entries at most: send the others in another message");
        return refuse(Reason::TooManySamples, detail);
    }
    let kind = kind.and_then(text).unwrap_or_default();
    if !TYPES.contains(&kind.as_ref()) {
        return refuse(
            Reason::UnsupportedResource,
            format!("the type of a Bundle must be one of {}", TYPES.join(", ")),
        );
    }
    if rules.is_some() {
        return Err(undecodable("implicitRules are not understood: send what can be read without them"));
    }
    let (mut devices, mut observations) = (KnownDevices::default(), Vec::new());
    let mut place = 0;
    let read = each(entries, |entry| {
        collector.entry = Some(place);
        match read_entry(entry, &mut devices, collector) {
            Ok(Some(observation)) => observations.push((place, observation)),
            Ok(None) => {}
            Err(error) => collector.reject(error, None, 1),
        }
        place += 1;
        Ok(())
    });
    read.map_err(SchemaError::rejection)?;
    for (place, observation) in observations {
        collector.entry = Some(place);
        observation::read(observation, &devices, collector);
    }
    Ok(())
}

/// The Observation of an entry; what it holds else goes where it belongs.
fn read_entry<'a>(
    entry: &'a RawValue,
    devices: &mut KnownDevices<'a>,
    collector: &mut ObservationCollector<'a>,
) -> Result<Option<&'a RawValue>, SchemaError> {
    let [full_url, resource, request] = members(entry, |name| match name {
        "fullUrl" => Some(0),
        "resource" => Some(1),
        "request" => Some(2),
        _ => None,
    })?;
    let resource = resource.ok_or(NO_RESOURCE)?;
    if bare::is_mended(entry.get()) {
        return Err(BARE_NUMBER);
    }
    if let Some(request) = request {
        let [method] = members(request, |name| (name == "method").then_some(0))?;
        if !matches!(method.and_then(text).as_deref(), Some("POST" | "PUT")) {
            return Err(NOT_SENT);
        }
    }
    let [kind] = members(resource, |name| (name == "resourceType").then_some(0))?;
    let kind = kind.and_then(text).ok_or(SchemaError::shape("must be a string").within("resourceType"))?;
    match kind.as_ref() {
        "Observation" => return Ok(Some(resource)),
        "Device" => devices.add(full_url.and_then(text), resource),
        "MessageHeader" => {}
        _ => collector.resource(kind, resource),
    }
    Ok(None)
}
