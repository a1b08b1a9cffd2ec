//! Revision: which word of its source an Observation is.
//!
//! # Why
//! FHIR numbers the versions of a resource (`meta.versionId`) and says when each was made (`meta.lastUpdated`), or at
//! least when the Observation was issued. A number counts the versions of one resource on one server: version 1 of an
//! Observation that is made anew, or that comes from another server, is later than version 3 of the one before it, and
//! would lose to it. Times of all of them lie on one line. So the time decides, and a version that is a whole number
//! only between words of one millisecond. A number without any time is taken as it is: it is lower than any time, so
//! that a source that begins to give times is heard from then on.
//!
//! Invariant: of two words of one resource on one server, the later has the higher revision.

use serde_json::value::RawValue;

use super::effective::moment;
use crate::formats::error::SchemaError;
use crate::formats::json::{members, text};
use crate::model::origin::Revision;

/// Words of one millisecond that are told apart by their versions.
const VERSIONS_IN_MILLI_MAX: i64 = 999;
/// Microseconds in a millisecond, and so one more than those versions.
const MILLI_US: i64 = 1_000;

/// The revision by an Observation's `meta` and `issued`; `None` where they say nothing of it.
pub(super) fn read(meta: Option<&RawValue>, issued: Option<&RawValue>) -> Result<Option<Revision>, SchemaError> {
    let [updated, version] = meta.map(of_meta).transpose()?.unwrap_or_default();
    let updated = updated.map(|raw| moment(raw).map_err(|error| error.within("meta.lastUpdated"))).transpose()?;
    let issued = issued.map(|raw| moment(raw).map_err(|error| error.within("issued"))).transpose()?;
    let version = version.and_then(text).and_then(|text| number(&text));
    Ok(match updated.or(issued) {
        Some((at, _)) => {
            let version = version.unwrap_or_default().min(VERSIONS_IN_MILLI_MAX);
            Revision::new(at.micros().div_euclid(MILLI_US) * MILLI_US + version)
        }
        None => version.and_then(Revision::new),
    })
}

fn of_meta(meta: &RawValue) -> Result<[Option<&RawValue>; 2], SchemaError> {
    let read = members(meta, |name| match name {
        "lastUpdated" => Some(0),
        "versionId" => Some(1),
        _ => None,
    });
    read.map_err(|error| error.within("meta"))
}

/// A version that is a whole number; servers may give any other id.
fn number(version: &str) -> Option<i64> {
    version.bytes().all(|byte| byte.is_ascii_digit()).then(|| version.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn revision(meta: &str, issued: &str) -> Option<i64> {
        let raw = |text: &str| (!text.is_empty()).then(|| RawValue::from_string(text.to_owned()).unwrap());
        let (meta, issued) = (raw(meta), raw(issued));
        read(meta.as_deref(), issued.as_deref()).unwrap().map(Revision::number)
    }

    #[test]
    fn the_time_decides_before_the_version_and_the_version_within_a_millisecond() {
        let updated = |at: &str, version: &str| format!(r#"{{"lastUpdated":"{at}","versionId":"{version}"}}"#);
        let issued = r#""2026-11-23T10:00:00.123456Z""#;
        assert_eq!(revision("", ""), None);
        assert_eq!(revision("{}", issued), Some(1_795_428_000_123_000));
        assert_eq!(revision(&updated("2026-11-23T11:00:00+01:00", "7"), issued), Some(1_795_428_000_000_007));
        assert_eq!(revision(&updated("2026-11-23T10:00:00Z", "MTYx"), ""), Some(1_795_428_000_000_000));
        assert_eq!(revision(&updated("2026-11-23T10:00:00Z", "5000"), ""), Some(1_795_428_000_000_999));
        assert_eq!(revision(r#"{"versionId":"3"}"#, issued), Some(1_795_428_000_123_003));
        assert_eq!(revision(r#"{"versionId":"3"}"#, ""), Some(3));
        assert_eq!(revision(r#"{"versionId":"99999999999999999999"}"#, ""), None);
        assert_eq!(revision(r#"{"lastUpdated":"1960-01-01T00:00:00Z"}"#, ""), None);
    }

    proptest! {
        #[test]
        fn a_later_word_of_one_resource_has_the_higher_revision(
            first in 0..4_000_000_000_i64, later in 0..5_000_i64, version in 1..998_i64
        ) {
            let word = |millis: i64, version: i64| {
                let at = crate::model::time::Timestamp::from_millis(millis).unwrap();
                revision(&format!(r#"{{"lastUpdated":"{at}","versionId":"{version}"}}"#), "").unwrap()
            };
            prop_assert!(word(first + later, version + 1) > word(first, version));
        }
    }
}
