//! What an operator looks at, and the sign of whether what was committed could be brought back: how the server
//! archives its write-ahead log, and what is not known.

use crate::model::time::{MINUTE_US, Timestamp};
use crate::portal::shown::{ago, number};
use crate::portal::words::figures::FIGURES;
use crate::store::care::wal_archive::WalArchive;

/// One thing to look at.
pub(super) struct Sign {
    pub(super) title: &'static str,
    pub(super) value: String,
    pub(super) detail: String,
    /// What to do, where it is not well.
    pub(super) advice: Option<&'static str>,
}

/// An hour.
const HOUR_US: i64 = 60 * MINUTE_US;
/// What was written may be older, before it is looked at: four times the hour by which an operator sets a timeout.
const ARCHIVED_US_MAX: i64 = 4 * HOUR_US;

/// The sign of it. A log that is not archived is told as a lack, since a base backup alone loses what came after it.
pub(super) fn backups(log: &WalArchive, now: Timestamp, told: impl Fn(Timestamp) -> String) -> Sign {
    let value = match log.archived_at {
        _ if !log.is_on => FIGURES.log_not_archived.to_owned(),
        Some(at) => format!("{} {}", FIGURES.log_archived, ago(at, now)),
        None => FIGURES.log_never_archived.to_owned(),
    };
    let failures = match log.failed_at {
        Some(at) => {
            let failures = number(log.failures as f64);
            format!("{failures} {}, {} {}. ", FIGURES.log_failures, FIGURES.log_last_failed, told(at))
        }
        None => String::new(),
    };
    let is_late = log.archived_at.is_none_or(|at| now.micros_since(at) > ARCHIVED_US_MAX);
    let advice = if !log.is_on {
        Some(FIGURES.backups_advice)
    } else if log.has_failed() {
        Some(FIGURES.log_failed_advice)
    } else {
        is_late.then_some(FIGURES.log_late_advice)
    };
    Sign { title: FIGURES.backups, value, detail: format!("{failures}{}", FIGURES.backups_text), advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sign(is_on: bool, archived: Option<i64>, failed: Option<i64>) -> Sign {
        let at = |hour: i64| Timestamp::from_micros(hour * HOUR_US).unwrap();
        let log = WalArchive { is_on, archived_at: archived.map(at), failed_at: failed.map(at), failures: 3 };
        backups(&log, at(100), |_| "then".to_owned())
    }

    #[test]
    fn only_a_log_that_was_archived_lately_is_well() {
        let well = sign(true, Some(97), Some(96));
        assert_eq!((well.value.as_str(), well.advice), ("Log archived 3 h ago", None));
        assert!(well.detail.starts_with("3 pieces failed, the last one then. "), "{}", well.detail);
        assert_eq!(sign(true, Some(95), None).advice, Some(FIGURES.log_late_advice));
        assert_eq!(sign(true, Some(98), Some(99)).advice, Some(FIGURES.log_failed_advice));
        let never = sign(true, None, None);
        assert_eq!((never.value.as_str(), never.advice), (FIGURES.log_never_archived, Some(FIGURES.log_late_advice)));
        let off = sign(false, Some(99), None);
        assert_eq!((off.value.as_str(), off.advice), (FIGURES.log_not_archived, Some(FIGURES.backups_advice)));
    }
}
