//! `/patients`: whom the acting provider cares for, by name, fifty a page; found by how a name begins, by birth and by
//! number, all from one field: what has digits is a birth where it can be one, and else a number.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use crate::model::people::{BirthDate, PatientId};
use crate::portal::answer::page;
use crate::portal::edge::sent::Sent;
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::shown::{age, birth, list_name, sex};
use crate::portal::visit::Visit;
use crate::portal::words::WORDS;
use crate::store::care::actor::Actor;
use crate::store::care::worklist::{PanelLine, PanelSearch, found, panel};

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
    listed(visit, Searched::default()).await
}

/// Shows who is found so. A form that is sent, since a name is nothing for a URL, which browsers and proxies keep.
pub(in crate::portal) async fn post(visit: Visit, Sent(asked): Sent<Searched>) -> Result<Response, PageError> {
    listed(visit, asked).await
}

async fn listed(visit: Visit, asked: Searched) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let begins: String = asked.name.trim().chars().take(NAME_CHARS_MAX).collect();
    let search = search_of(&begins);
    let mut lines = lines_after(&mut actor, &search, asked.after).await?;
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

/// What is meant by words: with digits a birth, as far as it is one, or else a number; without any a name.
fn search_of(words: &str) -> PanelSearch {
    let (told, name): (Vec<&str>, Vec<&str>) =
        words.split_whitespace().partition(|word| word.contains(|letter: char| letter.is_ascii_digit()));
    let mut search =
        PanelSearch { name_begins: Some(name.join(" ")).filter(|name| !name.is_empty()), ..PanelSearch::default() };
    for word in told {
        match birth_of(word) {
            Some(born) => search.born = Some(born),
            None => search.number = Some(word.to_owned()),
        }
    }
    search
}

/// A birth that is written out, or as much of it as is written.
fn birth_of(word: &str) -> Option<BirthDate> {
    let is_birth = word.split('-').enumerate().all(|(place, part)| {
        let digits = if place == 0 { 4..=4 } else { 0..=2 };
        place < 3 && digits.contains(&part.len()) && part.bytes().all(|letter| letter.is_ascii_digit())
    });
    let mut known = [10, 7, 4].into_iter().filter_map(|length| word.get(..length)?.parse().ok());
    known.find(|_: &BirthDate| is_birth)
}

/// The lines after that of a patient, one more than a page where there are more.
async fn lines_after(
    actor: &mut Actor<'_>,
    search: &PanelSearch,
    after: Option<PatientId>,
) -> Result<Vec<PanelLine>, PageError> {
    if search.born.is_some() || search.number.is_some() {
        let mut fitting = found(actor, search).await?;
        let from = after.and_then(|after| fitting.iter().position(|line| line.patient_id == after));
        return Ok(fitting.split_off(from.map_or(0, |place| place + 1)));
    }
    let begins = search.name_begins.as_deref();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_digits_is_a_birth_or_a_number_and_the_rest_a_name() {
        let search = |words: &str| {
            let found = search_of(words);
            let born = found.born.map(|born| born.as_str().to_owned());
            [found.name_begins, born, found.number].map(Option::unwrap_or_default)
        };
        assert_eq!(search("van den Berg"), ["van den Berg", "", ""]);
        assert_eq!(search(" 1980-05-17 ruiz"), ["ruiz", "1980-05-17", ""]);
        assert_eq!(search("1980-05-1"), ["", "1980-05", ""], "as it is typed");
        assert_eq!(search("1980-13"), ["", "1980", ""]);
        assert_eq!(search("M0012 1980"), ["", "1980", "M0012"]);
        assert_eq!(search("198005"), ["", "", "198005"]);
        assert_eq!(search(""), ["", "", ""]);
    }
}
