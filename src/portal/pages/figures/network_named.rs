//! Facilities and providers as an administrator names them: by how the name begins, or by the key of one that was
//! chosen among several. A network has more of them than a list to choose from.

use std::str::FromStr;

use crate::model::people::{FacilityId, ProviderId};
use crate::portal::forms::{FormField, Problem, Typed};
use crate::portal::words::network::NETWORK;
use crate::store::care::actor::Actor;
use crate::store::care::directory::{find_providers_by_name, provider_names};
use crate::store::care::directory_named::{facility_names, find_facilities_by_name};

/// Those whose name begins so: keys, names, and what tells them apart.
type Found = Vec<(String, String, String)>;

/// What came of a name: one, or several to choose from.
pub(super) type Several = Vec<(String, String)>;

/// A field that asks for a name; a choice where several were found.
pub(super) fn field(
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    several: &[(String, String)],
) -> FormField {
    match several.is_empty() {
        true => FormField::line(name, label).hint(hint),
        false => FormField::choice(name, label, several.to_vec()),
    }
}

/// The facility that is named, where one is; several are put into the list.
pub(super) async fn facility(
    actor: &mut Actor<'_>,
    typed: &Typed,
    several: &mut Several,
) -> Result<Option<FacilityId>, Problem> {
    let Some(text) = typed.some("facility") else { return Ok(None) };
    if let Ok(key) = text.parse::<FacilityId>() {
        // It was chosen among several, and stays a choice by its name where the form comes back.
        let known = facility_names(actor, &[key]).await?;
        several.extend(known.into_iter().map(|(key, name)| (key.to_string(), name)));
        return Ok(Some(key));
    }
    let found = find_facilities_by_name(actor, text).await?.into_iter();
    let found: Found = found.map(|found| (found.facility_id.to_string(), found.name, found.city)).collect();
    picked("facility", text, &found, several)
}

/// The same of a provider.
pub(super) async fn provider(
    actor: &mut Actor<'_>,
    typed: &Typed,
    several: &mut Several,
) -> Result<Option<ProviderId>, Problem> {
    let Some(text) = typed.some("provider") else { return Ok(None) };
    if let Ok(key) = text.parse::<ProviderId>() {
        let known = provider_names(actor, &[key]).await?;
        several.extend(known.into_iter().map(|(key, name)| (key.to_string(), name)));
        return Ok(Some(key));
    }
    let found = find_providers_by_name(actor, text).await?.into_iter();
    let found: Found =
        found.map(|found| (found.provider_id.to_string(), found.name, found.facilities.join(", "))).collect();
    picked("provider", text, &found, several)
}

/// The one that is meant: the only one, or the only one of that very name.
fn picked<K: FromStr>(
    field: &'static str,
    text: &str,
    found: &[(String, String, String)],
    several: &mut Several,
) -> Result<Option<K>, Problem> {
    let text = text.to_lowercase();
    let is_named = |(_, name, apart): &&(String, String, String)| {
        name.to_lowercase() == text || format!("{name}, {apart}").to_lowercase() == text
    };
    let named: Vec<&(String, String, String)> = found.iter().filter(is_named).collect();
    match (found, named.as_slice()) {
        ([], _) => Err(Problem::at(field, NETWORK.nobody_named)),
        ([(key, ..)], _) | (_, [(key, ..)]) => Ok(key.parse().ok()),
        (found, _) => {
            several.extend(found.iter().map(|(key, name, apart)| (key.clone(), format!("{name}, {apart}"))));
            Err(Problem::at(field, NETWORK.several_named))
        }
    }
}
