//! Observations of HL7 FHIR R4 (4.0.1) in JSON: one, or a Bundle that holds some.
//!
//! # Why
//! Of the resources of FHIR only an Observation holds samples, so it alone is decoded; any other is handed on as a
//! clinical resource, whole. A device's name and what a Bundle says of it are the exception: they tell whose the
//! samples are. Whom an Observation is about is not read: who wore a device is known by the device.
//!
//! An element that FHIR calls a modifier, and that is not understood, changes what the rest means. So a
//! `modifierExtension` or `implicitRules` rejects what it stands in.
//!
//! A sample is known by its series and its start, not by the id of its Observation. So an Observation supersedes what
//! its source said of the same start before, and takes back just that start (`revision`, `observation`).
//!
//! Invariant: what an Observation states of its value (its status, unit, comparator, the reason for its absence) is
//! never ignored: it goes into its samples, or rejects them.
//!
//! Invariant: a detail names elements, codes and places, never a value that was measured, nor a person or a device.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::delivery::Delivery;
use super::error::BARE_NUMBER;
use super::format::{Decoder, Format};
use super::json::{document, members, text};
use super::text::undecodable;
use super::{ClinicalResource, Decoded, HeartRates, Reading, bare, text as texts};
use crate::model::reason::Rejection;

/// A Bundle and its entries.
mod bundle;

/// What a code says is measured.
mod code;

/// What was read so far.
mod collect;

/// Decimals, exact as they are written.
mod decimal;

/// Which device measured.
mod device;

/// When an Observation holds.
mod effective;

/// One Observation.
mod observation;

/// Which word of its source an Observation is.
mod revision;

/// Series of values one period apart.
mod sampled;

/// One value.
mod value;

/// Heart rates as an Observation.
mod write;

use collect::ObservationCollector;
use device::KnownDevices;

/// What the registry knows of it.
pub static FORMAT: Format = Format {
    word: "fhir",
    title: "HL7 FHIR R4: Observation, or Bundle of them",
    content_types: &["application/fhir+json", "application/json"],
    decoder: || Box::new(FhirDecoder),
    write: |rates: &HeartRates, out| write::heart_rates(rates, out),
};

/// Remembers nothing: each message stands for itself.
#[derive(Debug)]
struct FhirDecoder;

impl Decoder for FhirDecoder {
    fn decode<'a>(&mut self, delivery: &'a Delivery) -> Result<Decoded<'a>, Rejection> {
        decode(&delivery.payload)
    }
}

/// Reads an Observation, or the Observations of a Bundle; other resources come out as they are.
///
/// Samples of one device, metric, unit and revision come as one reading, in the order of the payload. A value that is
/// invalid is a rejection, and costs no other value of its Observation.
///
/// `Err` where the message is not UTF-8, not JSON, no resource, or a Bundle of a type that sends no resources.
pub fn decode(payload: &[u8]) -> Result<Decoded<'_>, Rejection> {
    let text = texts::utf8(payload)?;
    match document(text) {
        Ok(document) => decode_document(document),
        Err(refused) => {
            let mended = bare::mend(text).ok_or_else(|| refused.clone())?;
            let decoded = decode_document(document(&mended).map_err(|_| refused)?)?;
            let owned = |resource: ClinicalResource<'_>| ClinicalResource {
                kind: Cow::Owned(resource.kind.into_owned()),
                body: Cow::Owned(resource.body.into_owned()),
            };
            Ok(Decoded {
                readings: decoded.readings.into_iter().map(Reading::into_owned).collect(),
                resources: decoded.resources.into_iter().map(owned).collect(),
                replies: decoded.replies,
                rejections: decoded.rejections,
                not_measured: decoded.not_measured,
            })
        }
    }
}

fn decode_document(document: &RawValue) -> Result<Decoded<'_>, Rejection> {
    let no_resource = || undecodable("the message must be a FHIR resource: an Observation, or a Bundle of them");
    let [kind] = members(document, |name| (name == "resourceType").then_some(0)).map_err(|_| no_resource())?;
    let kind = kind.and_then(text).ok_or_else(no_resource)?;
    let mut collector = ObservationCollector::default();
    match kind.as_ref() {
        "Bundle" => bundle::read(document, &mut collector)?,
        "Observation" if bare::is_mended(document.get()) => collector.reject(BARE_NUMBER, None, 1),
        "Observation" => observation::read(document, &KnownDevices::default(), &mut collector),
        _ => collector.resource(kind, document),
    }
    Ok(collector.finish())
}

#[cfg(test)]
mod tests;
