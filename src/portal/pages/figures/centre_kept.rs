//! `/centre/{part}`: what a facility offers, who works there, its programmes and their sessions;
//! `/centre/{part}/{row}`: one of them, which is ended, cancelled, or gets a session.
//!
//! Nothing is done twice by a second click: a service that is offered again is described anew, the same person in the
//! same role and two sessions at one time are refused, and a row is ended as the version that was read.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use uuid::Uuid;

use super::centre::{STALE, own};
use super::centre_part::KeptPart;
use crate::model::people::{AffiliationId, FacilityServiceId, ProgrammeId, ProgrammeSessionId};
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{formatted, moment, sentence};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::centre::{CENTRE, CentreWords};
use crate::store::care::actor::Actor;
use crate::store::care::upkeep::{KeptRow, Offer, list_kept, offer_service, withdraw_service};
use crate::store::care::upkeep_programme::{SessionTime, SessionWords, add_session, cancel_session, sessions};
use crate::store::care::upkeep_staff::{Staff, add_affiliation, end_affiliation};

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("facility_service_duration_is_believable", "minutes"),
    ("facility_service_capacity_is_believable", "capacity"),
    ("facility_service_name_is_some", "name"),
    ("affiliation_role_fkey", "role"),
    ("affiliation_of_a_name_does_not_overlap", "name"),
    ("affiliation_begins", "stop_on"),
    ("programme_session_is_one_at_a_time", "starts"),
    ("programme_session_period_is_half_open", "ends"),
    ("programme_session_title_is_some", "title"),
];

#[derive(Template)]
#[template(path = "pages/figures/centre_kept.html", config = "src/portal/askama.toml")]
struct KeptPage {
    shell: Shell,
    words: &'static CentreWords,
    tab: &'static str,
    act: &'static str,
    lines: Vec<KeptLine>,
    form: Option<(String, Form)>,
}

struct KeptLine {
    path: String,
    title: String,
    /// When it is, and of what.
    detail: Option<String>,
    /// Where it stands by time.
    place: Option<usize>,
}

/// When a session is, and of which programme.
fn told(session: &SessionTime, viewer: &Viewer) -> String {
    let (starts, ends) = session.during;
    let until = formatted(ends, &viewer.zone, "%H:%M");
    format!("{}, {}–{until}", session.programme, moment(starts, &viewer.zone))
}

async fn shown(
    seat: &mut Seat,
    part: KeptPart,
    one: Option<Uuid>,
    form: impl FnOnce(&Viewer, Option<&KeptRow>) -> Result<Option<(String, Form)>, PageError>,
) -> Result<KeptPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let own = own(&mut actor).await?;
    let kept = list_kept(&mut actor, own).await?;
    let rows: Vec<&KeptRow> = kept.iter().filter(|row| row.relation == part.relation()).collect();
    let row = one.map(|one| rows.iter().find(|row| row.row_id == one).ok_or(PageError::NotFound)).transpose()?;
    let times = if part == KeptPart::Sessions { sessions(&mut actor, own).await? } else { Vec::new() };
    let mut lines: Vec<KeptLine> = rows
        .iter()
        // Of one that is chosen, that one alone.
        .filter(|row| one.is_none_or(|one| one == row.row_id))
        .map(|row| KeptLine {
            path: format!("/centre/{}/{}", part.word(), row.row_id),
            title: sentence(&row.title),
            detail: times.iter().find(|time| time.session.0 == row.row_id).map(|time| told(time, &viewer)),
            place: times.iter().position(|time| time.session.0 == row.row_id),
        })
        .collect();
    lines.sort_by_key(|line| line.place);
    Ok(KeptPage {
        shell: viewer.shell(part.title()),
        words: &CENTRE,
        tab: part.word(),
        act: part.act(),
        form: form(&viewer, row.copied())?,
        lines,
    })
}

/// Shows them.
pub(super) async fn get(visit: Visit, Path(part): Path<String>) -> Result<Response, PageError> {
    let part = KeptPart::of(&part)?;
    let mut seat = visit.seat().await?;
    let form = |viewer: &Viewer, _: Option<&KeptRow>| Ok(titled(part.adding(viewer)));
    page(&shown(&mut seat, part, None, form).await?)
}

fn titled(form: Option<(&'static str, Form)>) -> Option<(String, Form)> {
    form.map(|(title, form)| (title.to_owned(), form))
}

/// Adds one.
pub(super) async fn post(
    visit: Visit,
    Path(part): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let part = KeptPart::of(&part)?;
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let problem = match add(&mut actor, part, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done(&format!("/centre/{}", part.word()), "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let form = |viewer: &Viewer, _: Option<&KeptRow>| {
        let (title, form) = part.adding(viewer).ok_or(PageError::NotFound)?;
        Ok(Some((title.to_owned(), form.filled(&typed).told(problem, AT)?)))
    };
    refused(&shown(&mut seat, part, None, form).await?)
}

async fn add(actor: &mut Actor<'_>, part: KeptPart, typed: &Typed) -> Result<(), Problem> {
    let own = own(actor).await?;
    match part {
        KeptPart::Services => {
            let offer = Offer {
                service: None,
                name: Some(typed.required("name")?),
                detail: typed.some("detail"),
                duration_minutes: typed.some("minutes").map(|_| typed.number("minutes")).transpose()?,
                capacity: typed.some("capacity").map(|_| typed.number("capacity")).transpose()?,
            };
            offer_service(actor, own, &offer).await?;
        }
        KeptPart::Staff => {
            let role = typed.required("role")?.to_lowercase().replace(' ', "_");
            let who = Staff::Named(typed.required("name")?);
            add_affiliation(actor, own, who, &role, (typed.day("first_on")?, None)).await?;
        }
        KeptPart::Programmes | KeptPart::Sessions => return Err(PageError::NotFound.into()),
    }
    Ok(())
}

/// Shows one, to be ended, cancelled or given a session.
pub(super) async fn get_one(visit: Visit, Path((part, row)): Path<(String, String)>) -> Result<Response, PageError> {
    let (part, row) = (KeptPart::of(&part)?, row.parse().map_err(|_| PageError::NotFound)?);
    let mut seat = visit.seat().await?;
    let form = |viewer: &Viewer, row: Option<&KeptRow>| one(part, viewer, row);
    page(&shown(&mut seat, part, Some(row), form).await?)
}

fn one(part: KeptPart, viewer: &Viewer, row: Option<&KeptRow>) -> Result<Option<(String, Form)>, PageError> {
    let row = row.ok_or(PageError::NotFound)?;
    Ok(Some((format!("{}: {}", part.act(), sentence(&row.title)), part.changing(viewer, row))))
}

/// Does that.
pub(super) async fn post_one(
    visit: Visit,
    Path((part, row)): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let (part, row) = (KeptPart::of(&part)?, row.parse().map_err(|_| PageError::NotFound)?);
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let problem = match change(&mut actor, &viewer, (part, row), &typed).await {
        Ok(()) => {
            actor.commit().await?;
            let word = if part == KeptPart::Sessions { "cancelled" } else { "saved" };
            return Ok(done(&format!("/centre/{}", part.word()), word));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let form = |viewer: &Viewer, row: Option<&KeptRow>| {
        let row = row.ok_or(PageError::NotFound)?;
        let stored = part.changing(viewer, row);
        let mine = stored.clone().filled(&typed);
        let form = match problem {
            Problem::Rule(broken) if broken.rule == STALE => mine.against(&stored),
            problem => mine.told(problem, AT)?,
        };
        Ok(Some((format!("{}: {}", part.act(), sentence(&row.title)), form)))
    };
    refused(&shown(&mut seat, part, Some(row), form).await?)
}

async fn change(
    actor: &mut Actor<'_>,
    viewer: &Viewer,
    (part, row): (KeptPart, Uuid),
    typed: &Typed,
) -> Result<(), Problem> {
    match part {
        KeptPart::Services => {
            let (version, stop_on) = (typed.number("version")?, typed.day("stop_on")?);
            withdraw_service(actor, FacilityServiceId(row), version, stop_on).await?;
        }
        KeptPart::Staff => {
            let (version, stop_on) = (typed.number("version")?, typed.day("stop_on")?);
            end_affiliation(actor, AffiliationId(row), version, stop_on).await?;
        }
        KeptPart::Programmes => {
            let facility = Some(own(actor).await?);
            let during = (typed.moment("starts", &viewer.zone)?, typed.moment("ends", &viewer.zone)?);
            let words = SessionWords { facility, room: None, provider: None, title: typed.required("title")?, during };
            add_session(actor, ProgrammeId(row), &words).await?;
        }
        KeptPart::Sessions => cancel_session(actor, ProgrammeSessionId(row), typed.number("version")?).await?,
    }
    Ok(())
}
