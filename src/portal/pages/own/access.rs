//! `/me/access`: who else looked at the own record, and who was turned away, fifty a page, each after the last of the
//! page before.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use crate::model::people::Role;
use crate::portal::answer::page;
use crate::portal::edge::sent::Behind;
use crate::portal::page_error::PageError;
use crate::portal::shell::{Shell, part_of};
use crate::portal::shown::{moment, sentence};
use crate::portal::visit::Visit;
use crate::portal::words::WORDS;
use crate::store::care::oversight::EventPlace;
use crate::store::care::profile::looks_of_others;

#[derive(Template)]
#[template(path = "pages/own/access.html", config = "src/portal/askama.toml")]
struct AccessPage {
    shell: Shell,
    lines: Vec<AccessLine>,
    /// Where the last event stands, where there are more.
    more: Option<EventPlace>,
}

/// Events of a page.
const ROWS: u16 = 50;

/// After which event.
#[derive(Debug, Deserialize)]
pub(in crate::portal) struct AfterEvent {
    after: Option<String>,
}

struct AccessLine {
    when: String,
    who: String,
    part: &'static str,
    what: String,
    why: String,
    is_denied: bool,
}

/// Shows it.
pub(in crate::portal) async fn get(visit: Visit, Behind(asked): Behind<AfterEvent>) -> Result<Response, PageError> {
    let after = asked.after.map(|text| text.parse().map_err(|_| PageError::NotFound)).transpose()?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let mut events = looks_of_others(&mut actor, after, ROWS + 1).await?;
    let has_more = events.len() > usize::from(ROWS);
    events.truncate(usize::from(ROWS));
    let more = events.last().filter(|_| has_more).map(|last| last.place);
    let lines = events.into_iter().map(|event| AccessLine {
        when: moment(event.place.at, &viewer.zone),
        who: event.who.unwrap_or_else(|| WORDS.somebody.to_owned()),
        part: event.part.parse::<Role>().map_or("", part_of),
        what: format!("{}: {}", sentence(&event.action), subject(&event.resource)),
        why: event.reason.as_deref().map(sentence).unwrap_or_default(),
        is_denied: event.outcome == "denied",
    });
    let lines = lines.collect();
    page(&AccessPage { shell: viewer.shell(WORDS.access_title), lines, more })
}

/// A resource of the audit without its keys: `record.hiv` as `record (hiv)`, `care.goal/…` as `goal`.
fn subject(resource: &str) -> String {
    let named = match resource.split_once('/') {
        Some(("samples", metric)) => metric,
        Some((table, _)) => table,
        None => resource,
    };
    let named = named.strip_prefix("care.").or_else(|| named.strip_prefix("access.")).unwrap_or(named);
    let mut words = named.split('.').map(|word| word.replace('_', " "));
    let first = words.next().unwrap_or_default();
    let apart: Vec<String> = words.collect();
    if apart.is_empty() { first } else { format!("{first} ({})", apart.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_looked_at_is_told_without_keys() {
        let shown = ["record", "record.hiv.substance_use", "samples/heart_rate", "access.session", "care.goal/0193"]
            .map(subject);
        assert_eq!(shown, ["record", "record (hiv, substance use)", "heart rate", "session", "goal"]);
    }
}
