//! Revised: which word of its source a series is, and what it stands in place of.

use super::column::number;
use super::error::SeriesError;
use super::times::read_time;
use super::wire::{RawRange, RawSeries};
use crate::formats::Replaced;
use crate::model::origin::Revision;

/// The revision of a series, and the range that it replaces; neither where it says nothing of them.
pub(super) fn read(series: &RawSeries<'_>) -> Result<(Option<Revision>, Option<Replaced>), SeriesError> {
    let revision = series.revision.map(|raw| revision(raw.get()).ok_or(SeriesError::Revision)).transpose()?;
    let replaces = series.replaces.map(|raw| replaced(raw.get())).transpose()?;
    if replaces.is_some() && revision.is_none() {
        return Err(SeriesError::NoRevision);
    }
    Ok((revision, replaces))
}

fn revision(text: &str) -> Option<Revision> {
    // A whole number that a double does not hold exactly would be rounded to one that is allowed.
    let whole = |number: f64| (number.fract() == 0.0 && number.abs() < 2_f64.powi(53)).then_some(number as i64);
    text.parse().ok().or_else(|| number(text.as_bytes()).and_then(whole)).and_then(Revision::new)
}

fn replaced(text: &str) -> Result<Replaced, SeriesError> {
    // Without its keys a list would do as well.
    let object = Some(text).filter(|text| text.starts_with('{')).ok_or(SeriesError::Replaces)?;
    let range: RawRange<'_> = serde_json::from_str(object).map_err(|_| SeriesError::Replaces)?;
    let read = |raw: &serde_json::value::RawValue| read_time(raw.get().as_bytes(), "replaces").map(|(time, _)| time);
    let (from, to) = (read(range.from)?, read(range.to)?);
    if from < to { Ok(Replaced { from, to }) } else { Err(SeriesError::Replaces) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::batch::decode;
    use crate::formats::{Offsets, Reading, Values};
    use crate::model::reason::Reason;
    use crate::model::sample::{Spans, Times};
    use crate::model::time::Timestamp;

    fn message(series: &str) -> String {
        format!(r#"{{"v":1,"series":[{{"metric":"heart_rate",{series}}}]}}"#)
    }

    fn with_reading(series: &str, look: impl FnOnce(&Reading<'_>)) {
        let text = message(series);
        let decoded = decode(text.as_bytes()).unwrap();
        assert_eq!((decoded.rejections.len(), decoded.readings.len()), (0, 1), "{series}: {decoded:?}");
        look(&decoded.readings[0]);
    }

    #[test]
    fn a_series_says_which_word_it_is_and_what_it_replaces() {
        let at = |millis: i64| Timestamp::from_micros(millis * 1_000).unwrap();
        with_reading(r#""times":[0],"values":[61],"revision":9007199254740992"#, |reading| {
            assert_eq!((reading.revision, reading.replaces), (Some(Revision::MAX), None));
        });
        let range = r#""revision":7,"replaces":{"from":"1970-01-01T00:00:01Z","to":5000}"#;
        for nothing in [r#""values":[]"#, r#""codes":[]"#, r#""times":[0],"values":[null]"#] {
            with_reading(&format!("{nothing},{range}"), |reading| {
                assert_eq!(reading.revision, Revision::new(7));
                assert_eq!(reading.replaces, Some(Replaced { from: at(1_000), to: at(5_000) }));
                assert_eq!(
                    (reading.values.len(), &reading.times, &reading.spans),
                    (0, &Times::At(Vec::new()), &Spans::None)
                );
            });
        }
        with_reading(r#""times":[0],"values":[61],"revision":null,"replaces":null"#, |reading| {
            assert_eq!((reading.revision, reading.replaces), (None, None));
        });
    }

    #[test]
    fn what_is_no_revision_and_no_range_is_refused_by_name() {
        let revisions = ["-1", "9007199254740993", "1.5", "\"7\"", "1e300", "true"];
        let revisions = revisions.map(|revision| (format!(r#""revision":{revision}"#), "`revision` must be"));
        let ranges = [
            (r#"{"from":0,"to":0}"#, "`replaces` must be"),
            (r#"{"from":0}"#, "`replaces` must be"),
            (r#"{"from":0,"to":1,"till":2}"#, "`replaces` must be"),
            (r#"[0,1]"#, "`replaces` must"),
            (r#"{"from":"2026-11-23T10:00:00","to":1}"#, "`replaces` must hold times with a zone"),
        ];
        let ranges = ranges.map(|(range, says)| (format!(r#""revision":1,"replaces":{range}"#), says));
        let alone = (r#""replaces":{"from":0,"to":1}"#.to_owned(), "give `revision` beside `replaces`");
        for (keys, says) in revisions.into_iter().chain(ranges).chain([alone]) {
            let text = message(&format!(r#""times":[0,1],"values":[61,62],{keys}"#));
            let decoded = decode(text.as_bytes()).unwrap();
            let [rejection] = decoded.rejections.as_slice() else { panic!("{keys}: {decoded:?}") };
            assert!(rejection.detail.starts_with("series[0]: ") && rejection.detail.contains(says), "{rejection:?}");
            assert_eq!((rejection.samples, decoded.readings.len()), (2, 0), "{keys}");
            assert!(matches!(rejection.reason, Reason::MalformedSeries | Reason::NoInstant));
        }
    }

    #[test]
    fn the_local_time_in_which_times_are_written_is_kept() {
        let start = |zone: &str| format!(r#""start":"2026-11-23T10:00:00{zone}","period_ms":1000,"values":[61,62]"#);
        for (zone, offsets) in [("Z", Offsets::None), ("+05:45", Offsets::Each(345)), ("+00:00", Offsets::Each(0))] {
            with_reading(&start(zone), |reading| assert_eq!(reading.offsets, offsets, "{zone}"));
        }
        let list = |zones: [&str; 3]| {
            let times = zones.map(|zone| format!(r#""2026-11-01T06:00:00{zone}""#)).join(",");
            format!(r#""times":[{times}],"values":[61,null,63]"#)
        };
        with_reading(&list(["-04:00", "-04:00", "-05:00"]), |reading| {
            assert_eq!(reading.offsets, Offsets::Own(vec![Some(-240), Some(-300)]));
            assert_eq!(reading.values, Values::Numbers(vec![61.0, 63.0]));
        });
        with_reading(&list(["-04:00", "Z", "-04:00"]), |reading| {
            assert_eq!(reading.offsets, Offsets::Own(vec![Some(-240), Some(-240)]));
        });
        with_reading(&list(["Z"; 3]), |reading| assert_eq!(reading.offsets, Offsets::None));
        with_reading(r#""times":[0],"values":[1]"#, |reading| assert_eq!(reading.offsets, Offsets::None));
    }
}
