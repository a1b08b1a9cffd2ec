//! `/patients`: whom the acting provider cares for, by name, fifty a page.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use crate::model::people::PatientId;
use crate::portal::answer::page;
use crate::portal::edge::sent::Sent;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{age, birth, list_name, sex};
use crate::portal::visit::Visit;
use crate::portal::words::WORDS;
use crate::store::care::actor::Actor;
use crate::store::care::worklist::{PanelLine, panel};

const ROWS: usize = 50;
/// So many lines are asked for at once, and so often at most: nobody cares for more people.
const PART: u16 = 200;
const PARTS_MAX: usize = 25;
/// Nobody types more.
const NAME_CHARS_MAX: usize = 80;

#[derive(Template)]
#[template(path = "pages/chart/patients.html", config = "src/portal/askama.toml")]
struct PatientsPage {
    shell: Shell,
    form_token: String,
    begins: String,
    lines: Vec<PatientLine>,
    /// Key of the last line, where there are more.
    more: Option<PatientId>,
}

struct PatientLine {
    key: PatientId,
    name: String,
    born: String,
    age: String,
    sex: String,
}

/// What is searched for, and after whom.
#[derive(Debug, Default, Deserialize)]
pub(in crate::portal) struct Searched {
    #[serde(default)]
    name: String,
    after: Option<PatientId>,
}

/// Shows everybody.
pub(in crate::portal) async fn get(visit: Visit) -> Result<Response, PageError> {
    found(visit, Searched::default()).await
}

/// Shows whose name begins so. A form that is sent, since a name is nothing for a URL, which browsers and proxies keep.
pub(in crate::portal) async fn post(visit: Visit, Sent(asked): Sent<Searched>) -> Result<Response, PageError> {
    found(visit, asked).await
}

async fn found(visit: Visit, asked: Searched) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let begins: String = asked.name.trim().chars().take(NAME_CHARS_MAX).collect();
    let wanted = Some(begins.as_str()).filter(|begins| !begins.is_empty());
    let mut lines = lines_after(&mut actor, wanted, asked.after).await?;
    let has_more = lines.len() > ROWS;
    lines.truncate(ROWS);
    let more = lines.last().filter(|_| has_more).map(|last| last.patient_id);
    let line = |line: PanelLine| PatientLine {
        name: list_name(line.family.as_deref(), &line.given),
        born: birth(line.born_on.as_ref()),
        age: age(line.born_on.as_ref(), now, &viewer.zone).unwrap_or_default(),
        sex: sex(line.sex),
        key: line.patient_id,
    };
    let lines = lines.into_iter().map(line).collect();
    let shell = viewer.shell(WORDS.patients_title);
    let form_token = shell.who.as_ref().map(|who| who.form_token.clone()).unwrap_or_default();
    page(&PatientsPage { shell, form_token, begins, lines, more })
}

/// The lines after that of a patient, one more than a page where there are more.
async fn lines_after(
    actor: &mut Actor<'_>,
    begins: Option<&str>,
    after: Option<PatientId>,
) -> Result<Vec<PanelLine>, PageError> {
    let mut seen: Vec<PanelLine> = Vec::new();
    for _ in 0..PARTS_MAX {
        let part = panel(actor, begins, seen.last(), PART).await?;
        let is_last = part.len() < usize::from(PART);
        seen.extend(part);
        let from = match after {
            None => Some(0),
            Some(after) => seen.iter().position(|line| line.patient_id == after).map(|place| place + 1),
        };
        if let Some(from) = from.filter(|from| is_last || seen.len() > from + ROWS) {
            return Ok(seen.split_off(from));
        }
        if is_last {
            break;
        }
    }
    Ok(Vec::new())
}
