//! Write: heart rates as Open mHealth data points: one, or an array of them.

use std::fmt::Write as _;

use bytes::{BufMut as _, BytesMut};

use crate::formats::HeartRates;
use crate::model::time::SECOND_US;

/// Appends one message.
pub(super) fn heart_rates(rates: &HeartRates, out: &mut BytesMut) {
    let many = rates.values.len() > 1;
    if many {
        out.put_u8(b'[');
    }
    for (place, value) in rates.values.iter().enumerate() {
        if place > 0 {
            out.put_u8(b',');
        }
        let at = rates.start.plus_micros(place as i64 * SECOND_US);
        let second = at.micros() / SECOND_US;
        // Writing to memory does not fail. The id is a UUID of version 8: bits of one's own.
        let _ = write!(
            out,
            concat!(
                r#"{{"header":{{"uuid":"{:08x}-{:04x}-8{:03x}-8000-{:012x}","schema_id":"#,
                r#"{{"namespace":"omh","name":"heart-rate","version":"2.0"}},"#,
                r#""source_creation_date_time":"{at}","modality":"sensed"}},"#,
                r#""body":{{"heart_rate":{{"value":{value},"unit":"beats/min"}},"#,
                r#""effective_time_frame":{{"date_time":"{at}"}}}}}}"#,
            ),
            rates.key >> 32,
            rates.key >> 16 & 0xffff,
            rates.key & 0xfff,
            second & 0xffff_ffff_ffff,
            at = at,
            value = value,
        );
    }
    if many {
        out.put_u8(b']');
    }
}
