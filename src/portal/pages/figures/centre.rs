//! `/centre`: the own facility, as its manager keeps it: what comes this week, what the directory says, its hours.

use askama::Template;
use axum::response::Response;

use crate::model::people::{DepartmentId, FacilityId};
use crate::model::time::Timestamp;
use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::day;
use crate::portal::visit::{Seat, Viewer, Visit};
use crate::portal::words::centre::{CENTRE, CentreWords};
use crate::store::care::actor::Actor;
use crate::store::care::organisation::{DepartmentHours, list_opening_hours};
use crate::store::care::profile;
use crate::store::care::upkeep::{
    DayCount, FacilityEntry, FacilityWords, Hours, change_facility, count_days, read_facility, set_opening_hours,
};
use crate::store::care::upkeep_department::set_department_hours;

/// The rule where somebody else was faster.
pub(super) const STALE: &str = "row_is_changed_as_it_was_read";

#[derive(Template)]
#[template(path = "pages/figures/centre.html", config = "src/portal/askama.toml")]
struct CentrePage {
    shell: Shell,
    words: &'static CentreWords,
    tab: &'static str,
    facility: FacilityEntry,
    days: Vec<DayLine>,
    /// Weekdays with their hours.
    hours: Vec<(&'static str, String)>,
    form: Option<(&'static str, Form)>,
}

struct DayLine {
    day: String,
    count: DayCount,
}

/// The facility of who manages it.
pub(super) async fn own(actor: &mut Actor<'_>) -> Result<FacilityId, PageError> {
    profile::own_facility(actor).await?.ok_or(PageError::NotFound)
}

async fn shown(
    seat: &mut Seat,
    now: Timestamp,
    tab: &'static str,
    form: impl FnOnce(&Viewer, &FacilityEntry) -> Result<Option<(&'static str, Form)>, PageError>,
) -> Result<CentrePage, PageError> {
    let (mut actor, viewer) = seat.enter().await?;
    let own = own(&mut actor).await?;
    let facility = read_facility(&mut actor, own).await?.ok_or(PageError::NotFound)?;
    let stored = list_opening_hours(&mut actor, own).await?;
    let today = now.day();
    let days = match tab {
        "centre" => count_days(&mut actor, own, today.plus(-1), today.plus(8)).await?,
        _ => Vec::new(),
    };
    Ok(CentrePage {
        shell: viewer.shell(CENTRE.centre_title),
        words: &CENTRE,
        tab,
        form: form(&viewer, &facility)?,
        facility,
        days: days.into_iter().map(|count| DayLine { day: day(count.day), count }).collect(),
        hours: CENTRE
            .weekdays()
            .into_iter()
            .zip(1..)
            .map(|(name, weekday)| (name, hours_of(&stored, weekday)))
            .collect(),
    })
}

/// Shows it.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    page(&shown(&mut seat, visit.portal.clock.now(), "centre", |_, _| Ok(None)).await?)
}

/// Shows what the directory says, to be changed.
pub(super) async fn get_facility(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let form = |viewer: &Viewer, facility: &FacilityEntry| Ok(Some((CENTRE.describe, describing(viewer, facility))));
    page(&shown(&mut seat, visit.portal.clock.now(), "facility", form).await?)
}

/// Changes it; where somebody was faster, both versions are shown.
pub(super) async fn post_facility(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let problem = match describe(&mut actor, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/centre", "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let form = |viewer: &Viewer, facility: &FacilityEntry| {
        let stored = describing(viewer, facility);
        let mine = stored.clone().filled(&typed);
        let form = match problem {
            Problem::Rule(broken) if broken.rule == STALE => mine.against(&stored),
            problem => mine.told(problem, AT)?,
        };
        Ok(Some((CENTRE.describe, form)))
    };
    refused(&shown(&mut seat, visit.portal.clock.now(), "facility", form).await?)
}

const AT: &[(&str, &str)] = &[
    ("facility_name_is_unique_in_its_city", "name"),
    ("facility_name_is_some", "name"),
    ("phone_is_e164", "phone"),
    ("email_has_one_at", "email"),
    ("web_address_is_https", "website"),
];

fn describing(viewer: &Viewer, facility: &FacilityEntry) -> Form {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    Form::new("describe", "/centre/facility", &viewer.form_token, CENTRE.save)
        .with(FormField::hidden("version", facility.version))
        .with(FormField::line("name", CENTRE.name).of(&facility.name).required())
        .with(FormField::line("street", CENTRE.street).of(&facility.street).required())
        .with(FormField::line("postal_code", CENTRE.postal_code).of(&facility.postal_code).required().at_most(20))
        .with(FormField::typed("phone", CENTRE.phone, "tel").of(&facility.phone).required().hint(CENTRE.phone_hint))
        .with(FormField::typed("email", CENTRE.email, "email").of(text(&facility.email)))
        .with(FormField::line("website", CENTRE.website).of(text(&facility.website)).hint(CENTRE.website_hint))
        .with(
            FormField::line("booking_url", CENTRE.booking_url)
                .of(text(&facility.booking_url))
                .hint(CENTRE.website_hint),
        )
}

async fn describe(actor: &mut Actor<'_>, typed: &Typed) -> Result<(), Problem> {
    let own = own(actor).await?;
    let words = FacilityWords {
        name: typed.required("name")?,
        street: typed.required("street")?,
        postal_code: typed.required("postal_code")?,
        phone: typed.required("phone")?,
        email: typed.some("email"),
        website: typed.some("website"),
        booking_url: typed.some("booking_url"),
    };
    Ok(change_facility(actor, own, typed.number("version")?, &words).await?)
}

/// Shows the hours, with a form for those of a weekday.
pub(super) async fn get_hours(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let form = |viewer: &Viewer, _: &FacilityEntry| Ok(Some((CENTRE.set_hours, opening(viewer, "/centre/hours"))));
    page(&shown(&mut seat, visit.portal.clock.now(), "hours", form).await?)
}

/// Sets them; the same hours twice are the same hours.
pub(super) async fn post_hours(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, _) = seat.enter().await?;
    let problem = match open(&mut actor, &typed).await {
        Ok(()) => {
            actor.commit().await?;
            return Ok(done("/centre/hours", "saved"));
        }
        Err(problem) => problem,
    };
    drop(actor);
    let at = [("opening_hours_close_after_they_open", "closes"), ("opening_hours_do_not_overlap", "opens_again")];
    let form = |viewer: &Viewer, _: &FacilityEntry| {
        Ok(Some((CENTRE.set_hours, opening(viewer, "/centre/hours").filled(&typed).told(problem, &at)?)))
    };
    refused(&shown(&mut seat, visit.portal.clock.now(), "hours", form).await?)
}

/// What is asked of the hours of a weekday, which are sent to a path.
pub(super) fn opening(viewer: &Viewer, action: &str) -> Form {
    let weekdays =
        CENTRE.weekdays().into_iter().zip(1..).map(|(name, weekday): (_, i32)| (weekday.to_string(), name.to_owned()));
    Form::new("hours", action, &viewer.form_token, CENTRE.save)
        .with(FormField::choice("weekday", CENTRE.weekday, weekdays.collect()).required())
        .with(FormField::typed("opens", CENTRE.opens, "time").hint(CENTRE.closed_hint))
        .with(FormField::typed("closes", CENTRE.closes, "time"))
        .with(FormField::typed("opens_again", CENTRE.opens_again, "time").hint(CENTRE.again_hint))
        .with(FormField::typed("closes_again", CENTRE.closes_again, "time"))
}

async fn open(actor: &mut Actor<'_>, typed: &Typed) -> Result<(), Problem> {
    let own = own(actor).await?;
    Ok(set_opening_hours(actor, own, typed.one("weekday")?, &hours_in(typed)?).await?)
}

/// Sets those of a department.
pub(super) async fn open_department(
    actor: &mut Actor<'_>,
    department: DepartmentId,
    typed: &Typed,
) -> Result<(), Problem> {
    Ok(set_department_hours(actor, department, typed.one("weekday")?, &hours_in(typed)?).await?)
}

/// The hours that were typed.
fn hours_in(typed: &Typed) -> Result<Vec<Hours>, Problem> {
    let times = [minutes(typed, "opens", "closes")?, minutes(typed, "opens_again", "closes_again")?];
    Ok(times.into_iter().flatten().collect())
}

/// Opening and closing minute, where both were filled in; midnight ends the day.
fn minutes(typed: &Typed, opens: &'static str, closes: &'static str) -> Result<Option<Hours>, Problem> {
    if typed.some(opens).is_none() && typed.some(closes).is_none() {
        return Ok(None);
    }
    let minute = |name: &'static str| -> Result<i32, Problem> {
        let wrong = || Problem::at(name, CENTRE.time_wrong);
        let time: jiff::civil::Time = typed.required(name)?.parse().map_err(|_| wrong())?;
        Ok(i32::from(time.hour()) * 60 + i32::from(time.minute()))
    };
    let (opens, closes) = (minute(opens)?, minute(closes)?);
    Ok(Some((opens, if closes == 0 { 1_440 } else { closes })))
}

/// Those of a weekday, as people read them.
pub(super) fn hours_of(stored: &[DepartmentHours], weekday: i16) -> String {
    let time = |minute: i16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let told = |hours: &DepartmentHours| format!("{} – {}", time(hours.opens_minute), time(hours.closes_minute));
    let told: Vec<String> = stored.iter().filter(|hours| hours.weekday == weekday).map(told).collect();
    if told.is_empty() { CENTRE.closed.to_owned() } else { told.join(", ") }
}
