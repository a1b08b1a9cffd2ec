//! Errors of one series, each with the sentence that says how to set it right.

use crate::model::reason::{Reason, Rejection};

/// Why a series cannot be read.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SeriesError {
    #[error("give either `values` or `codes`")]
    ValuesOrCodes,
    #[error(
        "`values` must be an array of finite numbers and nulls, and of \"low\" or \"high\" beyond a sensor's range"
    )]
    Values,
    #[error("`codes` must be an array of texts and nulls")]
    Codes,
    #[error("give either `times`, or `start` with `period_ms`")]
    TimesOrStart,
    #[error("give `period_ms` beside `start`, since there is more than one value")]
    NoPeriod,
    #[error("`period_ms` must be a number of at least 0.001")]
    Period,
    #[error("`start` and `period_ms` must lead to times within the years 1 to 9999")]
    PastTheEnd,
    #[error("`{0}` must hold as many entries as there are values")]
    Length(&'static str),
    #[error("`{0}` must hold RFC 3339 times with a zone, or milliseconds since 1970")]
    Times(&'static str),
    #[error("`revision` must be a whole number from 0 to 9007199254740992")]
    Revision,
    #[error("give `revision` beside `replaces`: it says which words are replaced")]
    NoRevision,
    #[error("`replaces` must be {{\"from\": T, \"to\": T}}, and `from` before `to`")]
    Replaces,
    #[error("a message may hold at most {0} series with `replaces`: send the others in another message")]
    ManyReplaces(usize),
    #[error("`{0}` looks like {1} where milliseconds since 1970 belong")]
    Scale(&'static str, &'static str),
    #[error("`{0}` must hold times with a zone, as in 2026-11-23T10:00:00Z")]
    NoZone(&'static str),
}

impl SeriesError {
    /// The rejection of the series at `place`, which holds `samples` samples.
    pub(super) fn in_series(self, place: usize, samples: usize) -> Rejection {
        let reason = match self {
            SeriesError::NoZone(_) => Reason::NoInstant,
            _ => Reason::MalformedSeries,
        };
        Rejection::new(reason, format!("series[{place}]: {self}"), samples)
    }
}
