//! Which device measured: by the Observation's `device`, and what the Bundle says of it.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::formats::error::SchemaError;
use crate::formats::json::{each, members, text};
use crate::model::ids::is_name;
use crate::model::reason::Reason;

/// What resolved references begin with.
const DEVICE: &str = "Device/";

const UNNAMED: SchemaError = SchemaError {
    reason: Reason::BadDevice,
    field: "device",
    what: "must name a Device whose identifier or id matches [A-Za-z0-9._-]{1,64}",
};

/// The names of the Devices of a Bundle, by the references that lead to them.
#[derive(Debug, Default)]
pub(super) struct KnownDevices<'a>(HashMap<Cow<'a, str>, Cow<'a, str>>);

impl<'a> KnownDevices<'a> {
    /// Remembers a Device of the Bundle; one without a name leads nowhere.
    pub(super) fn add(&mut self, full_url: Option<Cow<'a, str>>, device: &'a RawValue) {
        let Ok([identifiers, id]) = parts(device) else { return };
        let Some(name) = name_of(identifiers, id) else { return };
        let by_id = id.and_then(text).map(|id| Cow::Owned(format!("{DEVICE}{id}")));
        for reference in full_url.into_iter().chain(by_id) {
            self.0.insert(reference, name.clone());
        }
    }

    /// The name of the device; `None` where the Observation names none, so that it is the topic's source.
    pub(super) fn name(
        &self,
        device: Option<&'a RawValue>,
        contained: Option<&'a RawValue>,
    ) -> Result<Option<Cow<'a, str>>, SchemaError> {
        let Some(device) = device else { return Ok(None) };
        let [reference, identifier] = members(device, |name| match name {
            "reference" => Some(0),
            "identifier" => Some(1),
            _ => None,
        })
        .map_err(|error| error.within("device"))?;
        if reference.is_none() && identifier.is_none() {
            return Ok(None);
        }
        if let Some(name) = identifier.and_then(value_of) {
            return Ok(Some(name));
        }
        let name = reference.and_then(text).and_then(|reference| self.resolve(reference, contained));
        name.map(Some).ok_or(UNNAMED)
    }

    fn resolve(&self, reference: Cow<'a, str>, contained: Option<&'a RawValue>) -> Option<Cow<'a, str>> {
        if let Some(id) = reference.strip_prefix('#') {
            return in_contained(contained?, id);
        }
        if let Some(name) = self.0.get(&reference) {
            return Some(name.clone());
        }
        // A version of a Device is still that Device.
        let current = reference.split("/_history/").next().unwrap_or_default();
        let (base, id) = current.rsplit_once('/')?;
        if base.rsplit('/').next() != Some("Device") {
            return None;
        }
        let name = self.0.get(format!("{DEVICE}{id}").as_str()).cloned();
        name.or_else(|| is_name(id).then(|| Cow::Owned(id.to_owned())))
    }
}

/// The name of a contained Device.
fn in_contained<'a>(contained: &'a RawValue, id: &str) -> Option<Cow<'a, str>> {
    let mut name = None;
    let read = each(contained, |resource| {
        let [identifiers, own] = parts(resource)?;
        if name.is_none() && own.and_then(text).is_some_and(|own| own == id) {
            name = name_of(identifiers, own);
        }
        Ok(())
    });
    read.ok().and(name)
}

fn parts(device: &RawValue) -> Result<[Option<&RawValue>; 2], SchemaError> {
    members(device, |name| match name {
        "identifier" => Some(0),
        "id" => Some(1),
        _ => None,
    })
}

/// The first identifier that is a name, else the id.
fn name_of<'a>(identifiers: Option<&'a RawValue>, id: Option<&'a RawValue>) -> Option<Cow<'a, str>> {
    let mut name = None;
    if let Some(identifiers) = identifiers {
        let read = each(identifiers, |identifier| {
            name = name.take().or_else(|| value_of(identifier));
            Ok(())
        });
        read.ok()?;
    }
    name.or_else(|| id.and_then(text).filter(|id| is_name(id)))
}

/// An identifier's value, where it is a name.
fn value_of(identifier: &RawValue) -> Option<Cow<'_, str>> {
    let [value] = members(identifier, |name| (name == "value").then_some(0)).ok()?;
    value.and_then(text).filter(|value| is_name(value))
}
