//! Which word of its source a data point is, and the local time in which it was written.

use super::*;
use crate::formats::Offsets;
use crate::model::origin::Revision;

fn point(provenance: &str, frame: &str, rate: u32) -> String {
    format!(
        r#"{{"header":{{"id":"a","creation_date_time":"2026-11-23T12:00:00Z",
        "schema_id":{{"namespace":"omh","name":"heart-rate","version":"1.0"}},
        "acquisition_provenance":{{"source_name":"x"{provenance}}}}},
        "body":{{"heart_rate":{{"value":{rate},"unit":"beats/min"}},"effective_time_frame":{frame}}}}}"#
    )
}

const FRAME: &str = r#"{"date_time":"2026-11-23T10:00:00+01:00"}"#;

#[test]
fn a_data_point_that_its_source_has_modified_is_a_later_word() {
    let modified = |at: &str| format!(r#","source_last_modification_date_time":"{at}""#);
    let text = format!(
        "[{},{},{}]",
        point(&modified("2026-11-23T11:00:00.5Z"), FRAME, 60),
        point("", FRAME, 61),
        point(&modified("2026-11-23T11:00:00.500Z"), FRAME, 62)
    );
    let decoded = decode(text.as_bytes()).unwrap();
    let revisions: Vec<_> = decoded.readings.iter().map(|one| (one.revision, one.values.len())).collect();
    assert_eq!(revisions, [(Revision::new(1_795_431_600_500), 2), (None, 1)]);
    let text = point(&modified("yesterday"), FRAME, 60);
    let bad = decode(text.as_bytes()).unwrap();
    assert_eq!((bad.readings.len(), bad.rejections.len()), (0, 1));
}

#[test]
fn the_offset_of_the_time_that_places_a_sample_is_its_local_time() {
    let frames = [
        (FRAME, Offsets::Each(60)),
        (r#"{"date_time":"2026-11-23T10:00:00Z"}"#, Offsets::None),
        (r#"{"date_time":"2026-11-23T10:00:00-00:00"}"#, Offsets::None),
        (
            r#"{"time_interval":{"start_date_time":"2026-11-01T01:30:00-04:00","end_date_time":"2026-11-01T02:30:00-05:00"}}"#,
            Offsets::Each(-240),
        ),
        (
            r#"{"time_interval":{"end_date_time":"2026-11-01T02:30:00-05:00","duration":{"value":1,"unit":"h"}}}"#,
            Offsets::Each(-300),
        ),
    ];
    for (frame, offsets) in &frames {
        let text = point("", frame, 60);
        let decoded = decode(text.as_bytes()).unwrap();
        assert_eq!(decoded.readings[0].offsets, *offsets, "{frame}");
    }
    let two = format!("[{},{}]", point("", frames[0].0, 60), point("", frames[1].0, 61));
    assert_eq!(decode(two.as_bytes()).unwrap().readings[0].offsets, Offsets::Own(vec![Some(60), None]));
}
