//! `/patients/{id}/medications/prescribe`: a medicine of the catalogue, prescribed; what speaks against it is shown,
//! and in spite of what is severe it is prescribed with a reason alone.
//!
//! # Why
//! A form that is sent twice prescribes once, since it bears the key of the prescription that it makes: two strengths
//! of a substance may be meant, so nothing else tells a second prescription from the same one again.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use uuid::Uuid;

use super::record_view::{Banner, banner};
use crate::model::people::{MedicationId, PatientId, PeriodUnit, PrescriptionId, Route};
use crate::model::time::DAY_US;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{exact, formatted, sentence, unit};
use crate::portal::visit::{Seat, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::store::care::actor::Actor;
use crate::store::care::medication::{Frequency, Issue, MedicationLine, NewPrescription, check, list, prescribe_once};
use crate::store::care::profile::own_provider;
use crate::store::care::record::read_summary;
use crate::store::care::whole_chart::{PrescriptionOfChart, prescriptions};

/// So many medicines are offered at once; a search finds the others.
const OFFERED: u16 = 200;
/// Units in which doses are told.
const DOSE_UNITS: [&str; 10] =
    ["{tablet}", "{capsule}", "mg", "ug", "g", "mL", "{puff}", "[drp]", "[iU]", "{application}"];
/// How long a prescription is good for unless somebody says otherwise.
const USUAL_DAYS: i64 = 90;
/// What is refused until a reason is given.
const SEVERE: &str = "prescription_meets_no_severe_issue";
/// What is refused where the same form was sent before.
const KNOWN: &str = "prescription_pkey";

#[derive(Template)]
#[template(path = "pages/chart/prescribe.html", config = "src/portal/askama.toml")]
struct PrescribePage {
    shell: Shell,
    words: &'static ChartWords,
    banner: Banner,
    /// What speaks against what was asked: how bad, about what, and what may happen.
    issues: Vec<(String, bool, String, String)>,
    form: Form,
    is_own: bool,
    tab: &'static str,
}

/// What the page is shown again for.
#[derive(Default)]
struct Again {
    /// What was typed, and what is wrong with it, if that is why.
    typed: Option<(Typed, Option<Problem>)>,
    issues: Vec<Issue>,
}

/// Searches whose finds a form can choose from at most, the newest last.
const SOUGHT_MAX: usize = 5;

/// What a medicine was sought by in this form: the searches before, and the present one where its button was pressed.
fn sought(typed: &Typed) -> Vec<String> {
    let now = typed.some("begins").filter(|_| typed.is_checked("find"));
    let mut sought: Vec<String> = typed.all("sought").filter(|text| !text.is_empty()).map(str::to_owned).collect();
    sought.retain(|before| Some(before.as_str()) != now);
    sought.extend(now.map(str::to_owned));
    sought.split_off(sought.len().saturating_sub(SOUGHT_MAX))
}

/// What the newest search finds; and what was chosen already, by whichever search that was found.
async fn offered(
    actor: &mut Actor<'_>,
    sought: &[String],
    chosen: Option<MedicationId>,
) -> Result<Vec<MedicationLine>, PageError> {
    let mut offered = list(actor, sought.last().map(String::as_str), OFFERED).await?;
    let mut before: Vec<Option<&str>> = sought.iter().rev().skip(1).map(|begins| Some(begins.as_str())).collect();
    before.extend(sought.last().map(|_| None));
    for begins in before {
        let missing = chosen.filter(|chosen| !offered.iter().any(|line| line.medication_id == *chosen));
        let Some(missing) = missing else { break };
        let found = list(actor, begins, OFFERED).await?;
        if let Some(line) = found.into_iter().find(|line| line.medication_id == missing) {
            offered.insert(0, line);
        }
    }
    Ok(offered)
}

async fn shown(visit: &Visit, seat: &mut Seat, patient: PatientId, again: Again) -> Result<PrescribePage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let sought = again.typed.as_ref().map(|(typed, _)| sought(typed)).unwrap_or_default();
    let chosen = again.typed.as_ref().and_then(|(typed, _)| typed.maybe("medication").ok().flatten());
    let offered = offered(&mut actor, &sought, chosen).await?;
    let day = |days: i64| formatted(now.plus_micros(days * DAY_US), &viewer.zone, "%Y-%m-%d");
    let action = format!("/patients/{patient}/medications/prescribe");
    let mut form = prescribing(&action, &viewer.form_token, &offered, [day(0), day(USUAL_DAYS)]);
    if let Some((typed, problem)) = again.typed {
        form = form.filled(&typed);
        form = if let Some(problem) = problem { form.told(problem, AT)? } else { form };
    }
    for begins in sought {
        form = form.with(FormField::hidden("sought", begins));
    }
    let issue = |issue: Issue| {
        let how = issue.severity.map_or_else(|| CHART.not_judged.to_owned(), |severity| sentence(&severity));
        (how, issue.kind == "allergy", issue.about, issue.effect)
    };
    Ok(PrescribePage {
        shell: viewer.shell(CHART.prescribe),
        words: &CHART,
        banner: banner(&record, now, &viewer.zone),
        issues: again.issues.into_iter().map(issue).collect(),
        // What was refused wrote nothing under its key.
        form: form.with(FormField::hidden("key", Uuid::new_v4())),
        is_own: false,
        tab: "medications",
    })
}

/// Shows the form.
pub(super) async fn get(visit: Visit, Path(patient): Path<String>) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    page(&shown(&visit, &mut visit.seat().await?, patient, Again::default()).await?)
}

/// Finds medicines and keeps what was typed, or prescribes one.
pub(super) async fn post(
    visit: Visit,
    Path(patient): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let patient = patient.parse().map_err(|_| PageError::NotFound)?;
    let mut seat = visit.seat().await?;
    if typed.is_checked("find") {
        let problem = match typed.some("begins") {
            None => Some(Problem::at("begins", WORDS.field_missing)),
            Some(begins) => {
                let (mut actor, _) = seat.enter().await?;
                let is_known = !list(&mut actor, Some(begins), 1).await?.is_empty();
                (!is_known).then(|| Problem::at("begins", CHART.medicine_none))
            }
        };
        let again = Again { typed: Some((typed, problem)), issues: Vec::new() };
        return page(&shown(&visit, &mut seat, patient, again).await?);
    }
    let (mut actor, _) = seat.enter().await?;
    let problem = match prescribe(&mut actor, patient, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done(&format!("/patients/{patient}/medications"), "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    if matches!(&problem, Problem::Rule(broken) if broken.rule == KNOWN) {
        let (mut actor, _) = seat.enter().await?;
        if is_stored(&mut actor, patient, &typed).await? {
            return Ok(done(&format!("/patients/{patient}/medications"), "saved"));
        }
    }
    let mut issues = Vec::new();
    if matches!(&problem, Problem::Rule(broken) if broken.rule == SEVERE) {
        let (mut actor, _) = seat.enter().await?;
        if let Ok(new) = asked(&mut actor, patient, &typed).await {
            issues = check(&mut actor, &new).await?;
        }
    }
    let again = Again { typed: Some((typed, Some(problem))), issues };
    refused(&shown(&visit, &mut seat, patient, again).await?)
}

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    (SEVERE, "override_reason"),
    ("prescription_override_says_why", "override_reason"),
    ("prescription_dose_is_positive", "quantity"),
    ("prescription_frequency_is_believable", "times"),
    ("prescription_supply_is_believable", "days_supply"),
    ("prescription_refills_are_few", "refills_allowed"),
    ("prescription_period_is_bounded", "valid_until"),
    ("prescription_instructions_are_some", "instructions"),
];

fn prescribing(action: &str, token: &str, offered: &[MedicationLine], [from, until]: [String; 2]) -> Form {
    let medicine = |line: &MedicationLine| (line.medication_id.to_string(), called(line));
    let units = DOSE_UNITS.iter().map(|code| ((*code).to_owned(), unit(code).to_owned())).collect();
    Form::new("prescribe", action, token, CHART.prescribe)
        .finding("begins", CHART.find)
        .with(FormField::typed("begins", CHART.medicine_begins, "search"))
        .with(FormField::choice("medication", CHART.medicine, offered.iter().map(medicine).collect()).required())
        .with(FormField::number("dose_quantity", CHART.dose, "any").required())
        .with(FormField::choice("dose_unit", CHART.dose_unit, units).of("{tablet}").required())
        .with(FormField::word("route", CHART.route, Route::ALL).of("oral").required())
        .with(FormField::number("times", CHART.times, "1").of(1).hint(CHART.times_hint))
        .with(FormField::number("per_amount", CHART.per_amount, "any").of(1).required())
        .with(FormField::word("per_unit", CHART.per_unit, PeriodUnit::ALL).of("day").required())
        .with(FormField::line("instructions", CHART.instructions).required())
        .with(FormField::number("quantity", CHART.quantity, "any").required())
        .with(FormField::number("days_supply", CHART.days_supply, "1").of(30).required())
        .with(FormField::number("refills_allowed", CHART.refills, "1").of(0).required())
        .with(FormField::day("valid_from", CHART.valid_from).of(from).required())
        .with(FormField::day("valid_until", CHART.valid_until).of(until).required())
        .with(FormField::lines("override_reason", CHART.override_reason).at_most(1_000).hint(CHART.override_hint))
}

/// A medicine as it is chosen: name, and what the name does not say.
fn called(line: &MedicationLine) -> String {
    match (line.strength, &line.strength_unit) {
        (Some(strength), Some(of)) => format!("{} ({}, {} {})", line.name, line.form, exact(strength), unit(of)),
        _ => format!("{} ({})", line.name, line.form),
    }
}

/// A number that is one: neither infinite nor none.
fn finite(typed: &Typed, name: &'static str) -> Result<f64, Problem> {
    let number: f64 = typed.number(name)?;
    if number.is_finite() { Ok(number) } else { Err(Problem::at(name, WORDS.field_number)) }
}

/// What is asked for.
async fn asked(actor: &mut Actor<'_>, patient: PatientId, typed: &Typed) -> Result<NewPrescription, Problem> {
    let frequency = match typed.some("times") {
        None => Frequency::AsNeeded,
        Some(_) => Frequency::Times {
            times: typed.number("times")?,
            amount: finite(typed, "per_amount")?,
            unit: typed.one("per_unit")?,
        },
    };
    let new = NewPrescription {
        patient_id: patient,
        medication_id: typed.one("medication")?,
        prescriber_id: own_provider(actor).await?.ok_or(PageError::NotFound)?,
        encounter_id: None,
        dose_quantity: finite(typed, "dose_quantity")?,
        dose_unit: typed.required("dose_unit")?.to_owned(),
        route: typed.one("route")?,
        frequency,
        instructions: typed.required("instructions")?.to_owned(),
        quantity: finite(typed, "quantity")?,
        days_supply: typed.number("days_supply")?,
        refills_allowed: typed.number("refills_allowed")?,
        valid_from: typed.day("valid_from")?,
        valid_until: typed.day("valid_until")?,
    };
    Ok(new)
}

/// Whether what is asked for is what its key stands for: the form was sent twice, and not filled in anew in between.
async fn is_stored(actor: &mut Actor<'_>, patient: PatientId, typed: &Typed) -> Result<bool, PageError> {
    let (Ok(new), Ok(key)) = (asked(actor, patient, typed).await, typed.one::<PrescriptionId>("key")) else {
        return Ok(false);
    };
    let stored = prescriptions(actor, patient).await?;
    let is_the_same = |line: &PrescriptionOfChart| {
        let (dose, route) = (line.dose_quantity == new.dose_quantity, line.route == new.route);
        let (times, amount, unit) = new.frequency.parts();
        let frequency = (line.times, line.per_amount, line.per_unit) == (times, amount, unit);
        let words = line.instructions == new.instructions && line.dose_unit == new.dose_unit;
        let supply = (line.quantity, line.days_supply, line.refills_allowed);
        let time = (line.from_on, line.until_on) == (new.valid_from, new.valid_until);
        line.prescription_id == key
            && line.medication_id == new.medication_id
            && (dose && route && frequency && words && time)
            && supply == (new.quantity, new.days_supply, new.refills_allowed)
    };
    Ok(stored.iter().any(is_the_same))
}

async fn prescribe(actor: &mut Actor<'_>, patient: PatientId, typed: &Typed) -> Result<(), Problem> {
    let key: PrescriptionId = typed.one("key")?;
    let new = asked(actor, patient, typed).await?;
    Ok(prescribe_once(actor, key, &new, typed.some("override_reason")).await?)
}
