//! Whom a form names: a network has more people and places than a list shows, so they are found by how their name
//! begins, without losing what was typed.

use crate::model::people::{FacilityId, ProviderId};
use crate::portal::forms::{FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shown::sentence;
use crate::portal::words::chart::CHART;
use crate::store::care::actor::Actor;
use crate::store::care::directory::{
    FacilityQuery, ProviderNamed, ProviderQuery, find_facilities, find_providers, find_providers_by_name,
    provider_names,
};
use crate::store::care::directory_named::{FacilityNamed, facility_names, find_facilities_by_name};

/// The field of the search.
pub(super) const SOUGHT: &str = "begins";

/// The field that is asked for how a name begins.
pub(super) fn asking(label: &'static str) -> FormField {
    FormField::typed(SOUGHT, label, "search").at_most(80)
}

/// How the name begins that a form was searched by.
pub(super) fn sought(typed: &Typed) -> Option<&str> {
    typed.some(SOUGHT)
}

/// What to say where a search found nothing.
pub(super) fn none_found(is_empty: bool) -> Option<Problem> {
    is_empty.then(|| Problem::at(SOUGHT, CHART.colleague_none))
}

fn provider(found: ProviderNamed) -> (ProviderId, String) {
    let main = found.specialties.first().map(|field| format!(", {}", sentence(field)));
    (found.provider_id, format!("{}{}", found.name, main.unwrap_or_default()))
}

/// Providers whose name begins so, or the best rated where nothing is sought; with the one that is chosen.
pub(super) async fn providers(
    actor: &mut Actor<'_>,
    sought: Option<&str>,
    chosen: Option<ProviderId>,
) -> Result<Vec<(ProviderId, String)>, PageError> {
    let mut offered: Vec<(ProviderId, String)> = match sought {
        Some(begins) => find_providers_by_name(actor, begins).await?.into_iter().map(provider).collect(),
        None => {
            let found = find_providers(actor, &ProviderQuery::default()).await?;
            found.into_iter().map(|found| (found.provider_id, found.name)).collect()
        }
    };
    if let Some(missing) = chosen.filter(|key| !offered.iter().any(|(known, _)| known == key)) {
        offered.extend(provider_names(actor, &[missing]).await?);
    }
    Ok(offered)
}

fn facility(found: FacilityNamed) -> (FacilityId, String) {
    (found.facility_id, format!("{}, {}", found.name, found.city))
}

/// The same of facilities.
pub(super) async fn facilities(
    actor: &mut Actor<'_>,
    sought: Option<&str>,
    chosen: Option<FacilityId>,
) -> Result<Vec<(FacilityId, String)>, PageError> {
    let mut offered: Vec<(FacilityId, String)> = match sought {
        Some(begins) => find_facilities_by_name(actor, begins).await?.into_iter().map(facility).collect(),
        None => {
            let found = find_facilities(actor, &FacilityQuery::default()).await?;
            found.into_iter().map(|found| (found.facility_id, found.name)).collect()
        }
    };
    if let Some(missing) = chosen.filter(|key| !offered.iter().any(|(known, _)| known == key)) {
        offered.extend(facility_names(actor, &[missing]).await?);
    }
    Ok(offered)
}
