//! `/audit`: what was done, by whom and to whose record, and whether the chains hold; `/audit/unexplained`: looks
//! that nothing explains. People are keys here: who reads the audit has no record to open.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;

use crate::model::people::{AccountId, PatientId, Role};
use crate::model::time::Timestamp;
use crate::portal::answer::page;
use crate::portal::edge::sent::Behind;
use crate::portal::page_error::PageError;
use crate::portal::shell::{Shell, part_of};
use crate::portal::shown::{ago, moment, number, sentence};
use crate::portal::visit::{Viewer, Visit};
use crate::portal::words::WORDS;
use crate::portal::words::figures::{FIGURES, FigureWords};
use crate::store::care::oversight::{
    ChainEnd, EVENTS_MAX, EventPlace, EventQuery, OfficerEvent, chain_ends, events, unexplained,
};

#[derive(Template)]
#[template(path = "pages/figures/audit.html", config = "src/portal/askama.toml")]
struct AuditPage {
    shell: Shell,
    words: &'static FigureWords,
    tab: &'static str,
    /// `None` where the page is about something else.
    chains: Option<ChainsShown>,
    /// The patient or the account whose events alone are shown.
    of: Option<(&'static str, String)>,
    text: &'static str,
    lines: Vec<EventLine>,
    /// Behind the path, to the next page.
    more: Option<String>,
}

struct ChainsShown {
    is_whole: bool,
    sentence: String,
    ends: Vec<(i16, String, String, String)>,
}

struct EventLine {
    when: String,
    who: String,
    account: Option<AccountId>,
    part: &'static str,
    what: String,
    patient: Option<PatientId>,
    why: String,
    is_denied: bool,
}

/// Which events.
#[derive(Debug, Default, Deserialize)]
pub(super) struct EventsAsked {
    patient: Option<String>,
    account: Option<String>,
    after: Option<String>,
}

/// Shows the newest events.
pub(super) async fn get(visit: Visit, Behind(asked): Behind<EventsAsked>) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let key = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let patient = key(&asked.patient).map(|key| key.parse()).transpose().map_err(|_| PageError::NotFound)?;
    let account = key(&asked.account).map(|key| key.parse()).transpose().map_err(|_| PageError::NotFound)?;
    let after = key(&asked.after).map(|text| text.parse().map_err(|_| PageError::NotFound)).transpose()?;
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let query = EventQuery { patient, account, after };
    let found = events(&mut actor, &query).await?;
    let is_first = query == EventQuery::default();
    let chains = if is_first { Some(chains(&chain_ends(&mut actor).await?, &viewer, now)) } else { None };
    let of_patient = patient.map(|patient| (FIGURES.of_patient, patient.to_string()));
    let of = of_patient.or_else(|| account.map(|account| (FIGURES.of_account, account.to_string())));
    let more = found.last().filter(|_| found.len() == EVENTS_MAX).map(|last| behind(&query, last.place));
    page(&AuditPage {
        shell: viewer.shell(FIGURES.audit_title),
        words: &FIGURES,
        tab: "events",
        chains,
        of,
        text: FIGURES.audit_text,
        lines: found.into_iter().map(|event| line(event, &viewer)).collect(),
        more,
    })
}

/// Shows what nothing explains.
pub(super) async fn get_unexplained(visit: Visit) -> Result<Response, PageError> {
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = seat.enter().await?;
    let found = unexplained(&mut actor).await?;
    let lines = found.into_iter().map(|look| EventLine {
        when: moment(look.at, &viewer.zone),
        who: look.who.unwrap_or_else(|| WORDS.somebody.to_owned()),
        account: None,
        part: look.part.parse::<Role>().map_or("", part_of),
        what: format!("{}: {}", sentence(&look.action), look.resource),
        patient: look.patient,
        why: String::new(),
        is_denied: look.outcome == "denied",
    });
    page(&AuditPage {
        shell: viewer.shell(FIGURES.unexplained_title),
        words: &FIGURES,
        tab: "unexplained",
        chains: None,
        of: None,
        text: FIGURES.unexplained_text,
        lines: lines.collect(),
        more: None,
    })
}

fn line(event: OfficerEvent, viewer: &Viewer) -> EventLine {
    EventLine {
        when: moment(event.place.at, &viewer.zone),
        who: event.who.unwrap_or_else(|| WORDS.somebody.to_owned()),
        account: event.actor,
        part: event.part.parse::<Role>().map_or("", part_of),
        what: format!("{}: {}", sentence(&event.action), event.resource),
        patient: event.patient,
        why: event.reason.as_deref().map(sentence).unwrap_or_default(),
        is_denied: event.outcome == "denied",
    }
}

fn chains(ends: &[ChainEnd], viewer: &Viewer, now: Timestamp) -> ChainsShown {
    let wrong: i64 = ends.iter().map(|end| end.wrong).sum();
    let checked: i64 = ends.iter().map(|end| end.checked).sum();
    let newest = ends.iter().map(|end| end.at).max();
    let told = match wrong {
        0 => format!("{}: {}.", FIGURES.chains_hold, number(checked as f64)),
        wrong => format!("{}: {}.", FIGURES.chains_broken, number(wrong as f64)),
    };
    let newest = newest.map(|at| format!(" {} {}.", FIGURES.newest_event, ago(at, now))).unwrap_or_default();
    let end = |end: &ChainEnd| {
        (end.chain, number(end.seq as f64), moment(end.at, &viewer.zone), end.hash.chars().take(16).collect())
    };
    ChainsShown { is_whole: wrong == 0, sentence: told + &newest, ends: ends.iter().map(end).collect() }
}

fn behind(query: &EventQuery, place: EventPlace) -> String {
    let patient = query.patient.map(|patient| format!("patient={patient}&")).unwrap_or_default();
    let account = query.account.map(|account| format!("account={account}&")).unwrap_or_default();
    format!("?{patient}{account}after={place}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::care::oversight::NoPlace;

    #[test]
    fn a_place_is_found_again_by_its_url() {
        let place = EventPlace { at: Timestamp::from_micros(1_795_961_100_000_001).unwrap(), chain: 63, seq: 9 };
        let behind = behind(&EventQuery::default(), place);
        assert_eq!(behind, "?after=1795961100000001.63.9");
        assert_eq!("1795961100000001.63.9".parse::<EventPlace>(), Ok(place));
        assert_eq!(["x.1.2", "1.2", ""].map(str::parse::<EventPlace>), [Err(NoPlace); 3]);
    }
}
