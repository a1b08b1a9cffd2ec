//! `/me/record`: problems, medicines, allergies, results, visits and signed notes as those who care wrote them, with
//! plain words for what they mean, made to be printed; and a form by which a patient says what is wrong.
//!
//! What is wrong becomes a message to who cares for the patient, since nobody else may say what is right. Sent twice it
//! is one message, as all messages are.

use askama::Template;
use axum::response::Response;
use jiff::tz::TimeZone;

use crate::model::people::{AllergyCriticality, LabResultId, PatientId};
use crate::model::time::DAY_US;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Typed};
use crate::portal::page_error::PageError;
use crate::portal::pages::between::message_view::{ALL, start};
use crate::portal::pages::chart::medications::dose;
use crate::portal::pages::chart::notes::{NoteLine, lines};
use crate::portal::pages::chart::record_view::{Banner, banner};
use crate::portal::pages::chart::results::{ResultShown, line};
use crate::portal::shell::Shell;
use crate::portal::shown::{day, moment, sentence};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::chart::{CHART, ChartWords};
use crate::portal::words::record::{RECORD, RecordWords};
use crate::portal::words::share::SHARE;
use crate::store::care::actor::Actor;
use crate::store::care::chart::{results, visits};
use crate::store::care::lab::corrected_results;
use crate::store::care::note::read;
use crate::store::care::record::{EncounterLine, read_summary};
use crate::store::care::sharing::care_team;
use crate::store::care::whole_chart::{
    AllergyOfChart, ConditionOfChart, PrescriptionOfChart, allergies, conditions, prescriptions, result_ranges,
};

/// So many results, visits and notes stand on the page.
const ROWS: u16 = 20;

#[derive(Template)]
#[template(path = "pages/own/record.html", config = "src/portal/askama.toml")]
struct RecordPage {
    shell: Shell,
    words: &'static ChartWords,
    own: &'static RecordWords,
    banner: Banner,
    parts: Vec<RecordPart>,
    results: Vec<ResultShown>,
    /// When, what kind, where, why.
    visits: Vec<[String; 4]>,
    notes: Vec<NoteLine>,
    /// `None` where nobody cares for the patient.
    form: Option<Form>,
    as_of: String,
    is_own: bool,
    tab: &'static str,
}

/// Problems, medicines or allergies.
struct RecordPart {
    title: &'static str,
    note: &'static str,
    none: &'static str,
    lines: Vec<RecordEntry>,
    over: Vec<RecordEntry>,
}

/// One of them.
struct RecordEntry {
    title: String,
    told: String,
    is_grave: bool,
}

async fn parts(actor: &mut Actor<'_>, patient: PatientId) -> Result<Vec<RecordPart>, PageError> {
    let (standing, over): (Vec<_>, Vec<_>) =
        conditions(actor, patient).await?.iter().map(|line| (line.stands(), problem(line))).partition(|line| line.0);
    let problems = part((RECORD.problems, RECORD.problems_note, WORDS.problems_none), standing, over);
    let (standing, over): (Vec<_>, Vec<_>) =
        prescriptions(actor, patient).await?.iter().map(|line| (line.runs, medicine(line))).partition(|line| line.0);
    let medicines = part((RECORD.medicines, RECORD.medicines_note, WORDS.medicines_none), standing, over);
    let (standing, over): (Vec<_>, Vec<_>) =
        allergies(actor, patient).await?.iter().map(|line| (line.stands(), allergy(line))).partition(|line| line.0);
    let allergies = part((RECORD.allergies, RECORD.allergies_note, WORDS.allergies_none), standing, over);
    Ok(vec![problems, medicines, allergies])
}

fn part(
    (title, note, none): (&'static str, &'static str, &'static str),
    standing: Vec<(bool, RecordEntry)>,
    over: Vec<(bool, RecordEntry)>,
) -> RecordPart {
    let entries = |lines: Vec<(bool, RecordEntry)>| lines.into_iter().map(|(_, entry)| entry).collect();
    RecordPart { title, note, none, lines: entries(standing), over: entries(over) }
}

fn problem(line: &ConditionOfChart) -> RecordEntry {
    let since = line.onset_on.map(|on| format!(", {} {}", WORDS.since, day(on))).unwrap_or_default();
    let until = line.abated_on.map(|on| format!(", {} {}", WORDS.until, day(on))).unwrap_or_default();
    let told = [line.clinical_status.as_str(), line.verification_status.as_str()].join(", ");
    RecordEntry { title: line.title.clone(), told: format!("{}{since}{until}", sentence(&told)), is_grave: false }
}

fn medicine(line: &PrescriptionOfChart) -> RecordEntry {
    let mut told = vec![dose(line)];
    told.extend(Some(line.instructions.clone()).filter(|said| !said.is_empty()));
    told.push(format!("{} {} {}", day(line.from_on), WORDS.until, day(line.until_on)));
    RecordEntry { title: line.name.clone(), told: told.join(" · "), is_grave: false }
}

fn allergy(line: &AllergyOfChart) -> RecordEntry {
    let is_grave = line.criticality == AllergyCriticality::High;
    let mut told = vec![sentence(line.category.as_str())];
    told.extend(is_grave.then(|| WORDS.critical.to_owned()));
    told.extend(line.onset_on.map(|on| format!("{} {}", WORDS.since, day(on))));
    RecordEntry { title: line.substance.clone(), told: told.join(", "), is_grave }
}

fn visit_line((line, facility): &(EncounterLine, String), zone: &TimeZone) -> [String; 4] {
    let reason = line.reason.clone().unwrap_or_default();
    [moment(line.began_at, zone), sentence(line.class.as_str()), facility.clone(), reason]
}

/// Says what is wrong.
fn asking(viewer: &Viewer) -> Form {
    let about = [RECORD.problems, RECORD.medicines, RECORD.allergies, RECORD.results, RECORD.visits, RECORD.notes];
    let about = about.map(|about| (about.to_owned(), about.to_owned())).into();
    Form::new("wrong", "/me/record", &viewer.form_token, RECORD.wrong_send)
        .with(FormField::choice("about", RECORD.wrong_about, about).required())
        .with(FormField::lines("body", RECORD.wrong_body).hint(SHARE.message_hint).required().at_most(4_000))
}

async fn shown(
    visit: &Visit,
    seat: &mut Seat,
    form: impl FnOnce(Form) -> Result<Form, PageError>,
) -> Result<RecordPage, PageError> {
    let now = visit.portal.clock.now();
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let record = read_summary(&mut actor, patient).await?.ok_or(PageError::NotFound)?;
    let parts = parts(&mut actor, patient).await?;
    let mut found = results(&mut actor, patient, None, None, ROWS).await?;
    let keys: Vec<LabResultId> = found.iter().map(|result| result.lab_result_id).collect();
    let corrected = corrected_results(&mut actor, patient, &keys).await?;
    found.retain(|result| !corrected.contains(&result.lab_result_id));
    let ranges = result_ranges(&mut actor, patient, &keys).await?;
    let visits = visits(&mut actor, patient, None, ROWS).await?;
    let mut notes = read(&mut actor, patient, now.plus_micros(DAY_US)).await?;
    notes.truncate(usize::from(ROWS));
    let notes = lines(&mut actor, &notes, &viewer.zone).await?;
    let form = match care_team(&mut actor, patient).await?.is_empty() {
        true => None,
        false => Some(form(asking(&viewer))?),
    };
    Ok(RecordPage {
        shell: viewer.shell(RECORD.title),
        words: &CHART,
        own: &RECORD,
        banner: banner(&record, now, &viewer.zone),
        parts,
        results: found.iter().map(|result| line(result, (&ranges, &[]), &viewer.zone)).collect(),
        visits: visits.iter().map(|line| visit_line(line, &viewer.zone)).collect(),
        notes,
        form,
        as_of: moment(now, &viewer.zone),
        is_own: true,
        tab: "record",
    })
}

/// Shows it.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    page(&shown(&visit, &mut visit.seat().await?, Ok).await?)
}

/// Tells who cares what is wrong.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let patient = viewer.profile.patient_id.ok_or(PageError::NotFound)?;
    let sent = match typed.required("about") {
        Ok(about) => {
            let subject = format!("{}: {}", RECORD.wrong_subject, about);
            let told = [("with", ALL), ("category", "other"), ("subject", &subject), ("body", typed.text("body"))];
            start(&mut actor, (patient, now), &Typed::of(&told)).await
        }
        Err(problem) => Err(problem),
    };
    let problem = match sent {
        Ok(thread) => {
            actor.commit().await?;
            return Ok(done(&format!("/me/messages/{thread}"), "sent"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let at = &[("message_thread_subject_is_some", "about"), ("message_body_is_some", "body")];
    refused(&shown(&visit, &mut seat, |form| form.filled(&typed).told(problem, at)).await?)
}
