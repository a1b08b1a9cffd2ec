//! `/patients/{id}/allergies`: allergies, also those that were refuted, added by whoever knows of them;
//! `/patients/{id}/allergies/{allergy}`: one of them, changed by whoever read its newest version.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;

use super::record_view::{Banner, banner};
use super::tried::{Tried, told};
use crate::model::people::{
    AllergyCategory, AllergyClinicalStatus, AllergyCriticality, AllergyId, AllergyVerificationStatus, PatientId,
};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day, sentence};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::actor::Actor;
use crate::store::care::charting::{AllergyChange, NewAllergy, add_allergy, change_allergy};
use crate::store::care::record::{Edited, read_summary};
use crate::store::care::whole_chart::{AllergyOfChart, allergies};

#[derive(Template)]
#[template(path = "pages/chart/allergies.html", config = "src/portal/askama.toml")]
struct AllergiesPage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    lines: Vec<AllergyLine>,
    over: Vec<AllergyLine>,
    heading: &'static str,
    form: Form,
    is_own: bool,
    tab: &'static str,
}

struct AllergyLine {
    key: AllergyId,
    substance: String,
    told: String,
    since: Option<String>,
    is_critical: bool,
}

fn line(line: &AllergyOfChart) -> AllergyLine {
    let told = [line.category.as_str(), line.clinical_status.as_str(), line.verification_status.as_str()].join(", ");
    AllergyLine {
        key: line.allergy_id,
        substance: line.substance.clone(),
        told: sentence(&told),
        since: line.onset_on.map(day),
        is_critical: line.criticality == AllergyCriticality::High,
    }
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    (patient, allergy): (PatientId, Option<AllergyId>),
    tried: Option<Tried>,
) -> Result<AllergiesPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let all = allergies(&mut actor, patient).await?;
    let form = match allergy {
        None => adding(patient, &viewer),
        Some(allergy) => {
            let changed = all.iter().find(|line| line.allergy_id == allergy);
            changing(patient, &viewer, changed.ok_or(PageError::NotFound)?)
        }
    };
    Ok(AllergiesPage {
        shell: viewer.shell(WORDS.allergies),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        lines: all.iter().filter(|line| line.stands()).map(line).collect(),
        over: all.iter().filter(|line| !line.stands()).map(line).collect(),
        heading: if allergy.is_some() { CHART.allergy_change } else { CHART.allergy_add },
        form: told(tried, form, AT)?,
        is_own: false,
        tab: "allergies",
    })
}

/// Shows them, with a form for another.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    page(&shown(&visit, &mut visit.seat().await?, (patient, None), None).await?)
}

/// Adds one; the same one sent twice is refused the second time, since it is listed already.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    match add(&mut actor, patient, &typed).await {
        Ok(_) => {
            actor.commit().await?;
            Ok(done(&format!("/patients/{patient}/allergies"), "saved"))
        }
        Err(problem) => {
            drop(actor);
            let tried = Tried::refused(typed, problem);
            refused(&shown(&visit, &mut seat, (patient, None), Some(tried)).await?)
        }
    }
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[("allergy_substance_is_some", "substance"), ("allergy_is_listed_once", "substance")];

fn adding(patient: PatientId, viewer: &Viewer) -> Form {
    Form::new("add", format!("/patients/{patient}/allergies"), &viewer.form_token, CHART.add)
        .with(FormField::line("substance", CHART.substance).required())
        .with(FormField::word("category", CHART.category, AllergyCategory::ALL).of("medication").required())
        .with(FormField::word("criticality", CHART.criticality, AllergyCriticality::ALL).required())
        .with(
            FormField::word("verification_status", CHART.verification_status, AllergyVerificationStatus::ALL)
                .required(),
        )
        .with(FormField::day("onset_on", CHART.onset_on))
}

async fn add(actor: &mut Actor<'_>, patient: PatientId, typed: &Typed) -> Result<AllergyId, Problem> {
    let allergy = NewAllergy {
        category: typed.one("category")?,
        substance: typed.required("substance")?,
        criticality: typed.one("criticality")?,
        code: None,
        verification_status: typed.one("verification_status")?,
        onset_on: typed.maybe_day("onset_on")?,
    };
    Ok(add_allergy(actor, patient, &allergy).await?)
}

/// Shows one of them, to be changed.
pub(super) async fn get_one(visit: Visit, Path(keys): Path<(String, String)>) -> Result<Response, PageError> {
    let (patient, allergy) = parsed(&keys)?;
    page(&shown(&visit, &mut visit.seat().await?, (patient, Some(allergy)), None).await?)
}

/// Changes it; where somebody was faster, both versions are shown.
pub(super) async fn post_one(
    visit: Visit,
    Path(keys): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let (patient, allergy) = parsed(&keys)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let why = change(&mut actor, allergy, &typed).await;
    if matches!(why, Ok(Edited::Saved(_))) {
        actor.commit().await?;
        return Ok(done(&format!("/patients/{patient}/allergies"), "saved"));
    }
    drop(actor);
    refused(&shown(&visit, &mut seat, (patient, Some(allergy)), Some(Tried { typed, why })).await?)
}

fn parsed((patient, allergy): &(String, String)) -> Result<(PatientId, AllergyId), PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    Ok((patient, allergy.parse().map_err(|_| PageError::NotFound)?))
}

fn changing(patient: PatientId, viewer: &Viewer, line: &AllergyOfChart) -> Form {
    let action = format!("/patients/{patient}/allergies/{}", line.allergy_id);
    let verified = FormField::word("verification_status", CHART.verification_status, AllergyVerificationStatus::ALL);
    let status = FormField::word("clinical_status", CHART.clinical_status, AllergyClinicalStatus::ALL);
    Form::new("change", action, &viewer.form_token, CHART.save)
        .with(FormField::hidden("version", line.version))
        .with(
            FormField::word("criticality", CHART.criticality, AllergyCriticality::ALL).of(line.criticality).required(),
        )
        .with(status.of(line.clinical_status).required())
        .with(verified.of(line.verification_status).required())
}

async fn change(actor: &mut Actor<'_>, allergy: AllergyId, typed: &Typed) -> Result<Edited, Problem> {
    let change = AllergyChange {
        criticality: typed.one("criticality")?,
        clinical_status: typed.one("clinical_status")?,
        verification_status: typed.one("verification_status")?,
    };
    Ok(change_allergy(actor, allergy, typed.number("version")?, change).await?)
}
