//! Write: heart rates as an Observation: a quantity where there is one, a series of values where there are more.

use std::fmt::Write as _;

use bytes::{BufMut as _, BytesMut};

use crate::formats::HeartRates;
use crate::model::time::SECOND_US;

/// Appends one message.
pub(super) fn heart_rates(rates: &HeartRates, out: &mut BytesMut) {
    let second = rates.start.micros() / SECOND_US;
    // Writing to memory does not fail.
    let _ = write!(
        out,
        concat!(
            r#"{{"resourceType":"Observation","id":"{:016x}-{:x}","status":"final","category":[{{"coding":[{{"#,
            r#""system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}}]}}],"#,
            r#""code":{{"coding":[{{"system":"http://loinc.org","code":"8867-4"}}]}},"effectiveDateTime":"{}","#,
        ),
        rates.key, second, rates.start,
    );
    match rates.values.as_slice() {
        [value] => {
            let _ = write!(out, r#""valueQuantity":{{"value":{value},{UNIT}}}}}"#);
        }
        values => {
            let _ = write!(
                out,
                r#""valueSampledData":{{"origin":{{"value":0,{UNIT}}},"period":1000,"dimensions":1,"data":""#
            );
            for (place, value) in values.iter().enumerate() {
                let _ = write!(out, "{}{value}", if place > 0 { " " } else { "" });
            }
            out.put_slice(b"\"}}");
        }
    }
}

/// Beats a minute.
const UNIT: &str = r#""unit":"beats/minute","system":"http://unitsofmeasure.org","code":"/min""#;
