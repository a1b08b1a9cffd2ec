//! `/centre/premises/{premises}`: departments, rooms, equipment and its outages, listed and added;
//! `/centre/premises/{premises}/{thing}`: one of them, corrected or closed, and the hours of a department.
//!
//! Nothing is done twice by a second click: a department, a room and a piece of equipment have their names once at a
//! facility, an outage has its time, and each is changed as it was read. A room has no version, so its form holds the
//! name that it was read by.

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use uuid::Uuid;

use super::centre::{hours_of, open_department, opening, own};
use super::centre_place::{Place, Stood, keep};
use super::network::again;
use crate::model::people::DepartmentId;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{day, moment};
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::centre::{CENTRE, CentreWords};
use crate::store::care::actor::Actor;
use crate::store::care::organisation::list_department_hours;
use crate::store::care::upkeep_read::{PremisesRow, premises, terms};

/// Which field a rule is about.
const AT: &[(&str, &str)] = &[
    ("department_name_is_unique_in_its_facility", "name"),
    ("department_name_is_some", "name"),
    ("department_kind_fkey", "kind"),
    ("room_name_is_unique_in_its_facility", "name"),
    ("equipment_name_is_unique_in_its_facility", "name"),
    ("equipment_name_is_some", "name"),
    ("equipment_kind_fkey", "kind"),
    ("equipment_is_no_room", "kind"),
    ("equipment_is_in_service_for_some_time", "stop_on"),
    ("equipment_outage_is_one_at_a_time", "since"),
    ("equipment_outage_period_is_half_open", "until"),
    ("equipment_outage_reason_is_some", "name"),
    ("phone_is_e164", "phone"),
    ("opening_hours_close_after_they_open", "closes"),
    ("department_hours_close_after_they_open", "closes"),
    ("department_hours_do_not_overlap", "opens_again"),
];

#[derive(Template)]
#[template(path = "pages/figures/centre_premises.html", config = "src/portal/askama.toml")]
struct PremisesPage {
    shell: Shell,
    words: &'static CentreWords,
    tab: &'static str,
    lines: Vec<PremisesLine>,
    forms: Vec<(&'static str, Form)>,
    /// Weekdays with the hours of a department.
    hours: Vec<(&'static str, String)>,
}

struct PremisesLine {
    path: Option<String>,
    title: String,
    detail: String,
}

/// What stands at the own facility.
async fn stood(actor: &mut Actor<'_>, place: Place) -> Result<Stood, PageError> {
    let own = own(actor).await?;
    let all = premises(actor, own).await?;
    let kinds = match place.kinds() {
        Some(list) => terms(actor, list).await?,
        None => Vec::new(),
    };
    Ok(Stood { all, kinds })
}

/// What is told of one beside its name.
fn told(row: &PremisesRow, stood: &Stood, viewer: &Viewer) -> String {
    let kind = row.kind.as_deref().map(|kind| stood.kind(kind));
    let whole = row.part_of.and_then(|whole| stood.all.iter().find(|row| row.row_id == whole));
    let days = row.first_on.map(|on| format!("{} {}", CENTRE.used_from, day(on)));
    let stops = row.stop_on.map(|on| format!("{} {}", CENTRE.until_before, day(on)));
    let since = row.since.map(|at| format!("{} {}", CENTRE.out_since, moment(at, &viewer.zone)));
    let until = row.until.map(|at| format!("{} {}", CENTRE.out_until, moment(at, &viewer.zone)));
    let told = [kind, whole.map(|row| row.name.clone()), row.phone.clone(), days, stops, since, until];
    told.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

async fn shown(
    seat: &mut Seat,
    place: Place,
    one: Option<Uuid>,
    instead: impl FnOnce(&mut Vec<(&'static str, Form)>) -> Result<(), PageError>,
) -> Result<PremisesPage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let stood = stood(&mut actor, place).await?;
    let rows: Vec<&PremisesRow> = stood.all.iter().filter(|row| row.relation == place.relation()).collect();
    let chosen = one.map(|one| rows.iter().find(|row| row.row_id == one).ok_or(PageError::NotFound)).transpose()?;
    let path = format!("/centre/premises/{}", place.word());
    let mut hours = Vec::new();
    let mut forms = match chosen {
        None => vec![(
            place.add(),
            place.asking(Form::new("add", &path, &viewer.form_token, place.add()), &stood, &viewer, None),
        )],
        Some(row) => {
            let action = format!("{path}/{}", row.row_id);
            let change = Form::new("change", &action, &viewer.form_token, CENTRE.save);
            let mut forms = vec![(CENTRE.change, place.asking(change, &stood, &viewer, Some(row)))];
            if place == Place::Departments {
                let stored = list_department_hours(&mut actor, DepartmentId(row.row_id)).await?;
                let weekdays = CENTRE.weekdays().into_iter().zip(1..);
                hours = weekdays.map(|(name, weekday)| (name, hours_of(&stored, weekday))).collect();
                forms.push((CENTRE.set_hours, opening(&viewer, &action)));
            }
            forms
        }
    };
    instead(&mut forms)?;
    let line = |row: &&&PremisesRow| PremisesLine {
        path: one.is_none().then(|| format!("{path}/{}", row.row_id)),
        title: row.name.clone(),
        detail: told(row, &stood, &viewer),
    };
    let lines = rows.iter().filter(|row| one.is_none_or(|one| one == row.row_id));
    Ok(PremisesPage {
        shell: viewer.shell(place.title()),
        words: &CENTRE,
        tab: place.word(),
        lines: lines.map(|row| line(&row)).collect(),
        forms,
        hours,
    })
}

/// Shows them.
pub(super) async fn get(visit: Visit, Path(place): Path<String>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&shown(&mut seat, Place::of(&place)?, None, |_| Ok(())).await?)
}

/// Adds one.
pub(super) async fn post(
    visit: Visit,
    Path(place): Path<String>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    tried(visit, Place::of(&place)?, None, typed).await
}

/// Shows one, to be corrected.
pub(super) async fn get_one(visit: Visit, Path((place, row)): Path<(String, String)>) -> Result<Response, PageError> {
    let (place, row) = (Place::of(&place)?, row.parse().map_err(|_| PageError::NotFound)?);
    let mut seat = visit.seat().await?;
    page(&shown(&mut seat, place, Some(row), |_| Ok(())).await?)
}

/// Corrects it; where somebody was faster, both are shown.
pub(super) async fn post_one(
    visit: Visit,
    Path((place, row)): Path<(String, String)>,
    Sent(typed): Sent<Typed>,
) -> Result<Response, PageError> {
    let (place, row) = (Place::of(&place)?, row.parse().map_err(|_| PageError::NotFound)?);
    tried(visit, place, Some(row), typed).await
}

async fn tried(visit: Visit, place: Place, one: Option<Uuid>, typed: Typed) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let stood = stood(&mut actor, place).await?;
    let known = one.map(|one| stood.row(place, one).ok_or(PageError::NotFound)).transpose()?;
    let is_hours = typed.has("weekday");
    let came = match (known, is_hours) {
        (Some(row), true) if place == Place::Departments => {
            open_department(&mut actor, DepartmentId(row.row_id), &typed).await
        }
        (_, true) => Err(PageError::NotFound.into()),
        (known, false) => {
            let own = own(&mut actor).await?;
            keep(&mut actor, (place, own, known), &viewer, &typed).await
        }
    };
    let problem = match came {
        Ok(()) => {
            actor.commit().await?;
            let path = format!("/centre/premises/{}", place.word());
            let path = if is_hours { one.map_or(path.clone(), |one| format!("{path}/{one}")) } else { path };
            return Ok(done(&path, "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let instead = |forms: &mut Vec<(&'static str, Form)>| {
        let form = if is_hours { forms.last_mut() } else { forms.first_mut() };
        let Some((_, form)) = form else { return Err(PageError::NotFound) };
        *form = again(form.clone(), &typed, problem, AT)?;
        Ok(())
    };
    refused(&shown(&mut seat, place, one, instead).await?)
}
