//! What waits for a provider, as sections of the worklist: what is to be signed, and who is missing data.

use jiff::tz::TimeZone;

use crate::model::time::Timestamp;
use crate::portal::shown::{ago, day_of, list_name};
use crate::portal::words::chart::CHART;
use crate::store::care::unfinished::{UnfinishedLine, WaitsFor};

/// So many lines of each kind are shown.
pub(super) const ROWS: u16 = 20;

/// A section.
pub(super) struct WaitingLines {
    pub(super) lines: Vec<WaitingLine>,
    /// How many more there are.
    pub(super) more: Option<String>,
}

/// A line of one.
pub(super) struct WaitingLine {
    /// Where it is dealt with.
    pub(super) path: String,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) told: String,
}

/// Lines of some kinds as a section.
pub(super) fn waiting(all: &[UnfinishedLine], of: &[WaitsFor], (now, zone): (Timestamp, &TimeZone)) -> WaitingLines {
    let mut lines = Vec::new();
    let mut hidden = 0;
    for kind in of {
        let of_kind: Vec<&UnfinishedLine> = all.iter().filter(|line| line.kind == *kind).collect();
        let shown = i64::try_from(of_kind.len()).unwrap_or(0);
        hidden += of_kind.first().map_or(0, |line| line.of_kind - shown);
        lines.extend(of_kind.into_iter().map(|line| waiting_line(line, now, zone)));
    }
    WaitingLines { lines, more: (hidden > 0).then(|| format!("{} {hidden} {}", CHART.and_more, CHART.more)) }
}

fn waiting_line(line: &UnfinishedLine, now: Timestamp, zone: &TimeZone) -> WaitingLine {
    let behind = match (line.kind, line.row) {
        (WaitsFor::Draft | WaitsFor::Cosignature, Some(note)) => format!("/notes/{note}"),
        (WaitsFor::Result, Some(result)) => format!("/results/{result}"),
        _ => "/vitals".to_owned(),
    };
    let told = match (line.kind, line.at) {
        (WaitsFor::Draft, Some(at)) => format!("{} {}", CHART.waits_draft, day_of(at, zone)),
        (WaitsFor::Cosignature, Some(at)) => format!("{} {}", CHART.waits_cosigner, day_of(at, zone)),
        (WaitsFor::Result, Some(at)) => format!("{} {}", CHART.waits_result, day_of(at, zone)),
        (_, Some(at)) => format!("{} {}", CHART.heard_last, ago(at, now)),
        (_, None) => CHART.heard_never.to_owned(),
    };
    let name = line.name.as_ref().map(|(family, given)| list_name(family.as_deref(), given));
    WaitingLine {
        path: format!("/patients/{}{behind}", line.patient),
        name: name.unwrap_or_else(|| CHART.record.to_owned()),
        title: line.title.clone().unwrap_or_default(),
        told,
    }
}
