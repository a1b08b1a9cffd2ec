//! Degrees, certificates and licences: how each stands, in words, and what is asked of another.

use crate::model::time::Day;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::shown::{day, sentence};
use crate::portal::words::network::NETWORK;
use crate::store::care::credential::{NewQualification, QualificationLine};

/// Kinds of them.
const KINDS: [&str; 4] = ["degree", "certificate", "license", "exemption"];

/// How one stands: verified or not, and until when.
pub(super) fn told_of(line: &QualificationLine, today: Day) -> String {
    let mut told = vec![sentence(&line.kind)];
    let place: Vec<&str> = [line.country.as_deref(), line.state.as_deref()].into_iter().flatten().collect();
    told.extend((!place.is_empty()).then(|| place.join("-")));
    told.push(if line.verified { NETWORK.verified } else { NETWORK.unverified }.to_lowercase());
    told.extend(line.first_on.filter(|on| *on > today).map(|on| format!("{} {}", NETWORK.valid_from, day(on))));
    told.extend(line.stop_on.map(|on| {
        let word = if on > today { NETWORK.valid_until } else { NETWORK.expired_on };
        format!("{word} {}", day(on))
    }));
    told.join(", ")
}

/// What is asked of another.
pub(super) fn asking(form: Form) -> Form {
    let kinds = KINDS.map(|kind| (kind.to_owned(), sentence(kind))).into();
    form.with(FormField::choice("kind", NETWORK.credential_kind, kinds).required())
        .with(FormField::line("title", NETWORK.credential_title).required())
        .with(FormField::line("issuer", NETWORK.issuer).required())
        .with(FormField::number("awarded_year", NETWORK.awarded_year, "1").required())
        .with(FormField::line("country", NETWORK.country).at_most(2).hint(NETWORK.jurisdiction_hint))
        .with(FormField::line("state", NETWORK.state_code).at_most(3).hint(NETWORK.state_code_hint))
        .with(FormField::line("license_number", NETWORK.license_number))
        .with(FormField::day("first_on", NETWORK.first_on))
        .with(FormField::day("stop_on", NETWORK.stop_on))
}

/// What was typed of it.
pub(super) fn credential(typed: &Typed) -> Result<NewQualification<'_>, Problem> {
    let first_on = typed.maybe_day("first_on")?;
    let stop_on = typed.maybe_day("stop_on")?;
    if let (None, Some(_)) = (first_on, stop_on) {
        typed.required("first_on")?;
    }
    Ok(NewQualification {
        kind: typed.required("kind")?,
        title: typed.required("title")?,
        issuer: typed.required("issuer")?,
        awarded_year: typed.number("awarded_year")?,
        jurisdiction: typed.some("country").map(|country| (country, typed.some("state"))),
        license_number: typed.some("license_number"),
        days: first_on.map(|first_on| (first_on, stop_on)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_licence_is_told_with_whether_it_holds() {
        let on = |text: &str| text.parse::<Day>().unwrap();
        let line = |stop_on: Option<&str>, verified| QualificationLine {
            qualification_id: "00000000-0000-4000-8000-000000000001".parse().unwrap(),
            version: 1,
            kind: "license".to_owned(),
            title: "Physician".to_owned(),
            issuer: "Illinois".to_owned(),
            country: Some("US".to_owned()),
            state: Some("IL".to_owned()),
            first_on: Some(on("2020-01-01")),
            stop_on: stop_on.map(on),
            verified,
        };
        let told = |stop_on, verified| told_of(&line(stop_on, verified), on("2026-11-29"));
        assert_eq!(told(None, false), "License, US-IL, not verified");
        assert_eq!(told(Some("2026-11-30"), true), "License, US-IL, verified, valid until 30 Nov 2026");
        assert_eq!(told(Some("2026-11-29"), true), "License, US-IL, verified, expired on 29 Nov 2026");
    }
}
