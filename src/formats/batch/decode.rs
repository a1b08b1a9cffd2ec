//! Decode: the whole message: in one typed pass where it is well-formed, else series by series.

use super::salvage;
use super::series::decode_all;
use super::wire::{Text, WireMessage};
use crate::formats::{Decoded, text};
use crate::model::ids::is_name;
use crate::model::reason::{Reason, Rejection};

/// Reads one batch: its readings, and a rejection for each series that breaks the rules.
///
/// `Err` where the message itself cannot be read: bad UTF-8, bad JSON, an unknown key, another version, no device's
/// name.
pub fn decode(payload: &[u8]) -> Result<Decoded<'_>, Rejection> {
    let text = text::utf8(payload)?;
    let (device, decoded) = match serde_json::from_str::<WireMessage<'_>>(text) {
        Ok(WireMessage { v: 1, id, device, series }) if id.as_ref().is_none_or(|id| text::is_uuid(&id.0)) => {
            let decoded = decode_all(series.into_iter().map(Ok));
            // A column is only parsed when it is read, so depth shows as a malformed series.
            if !decoded.rejections.is_empty() {
                salvage::check_depth(text)?;
            }
            (device, decoded)
        }
        _ => salvage::read(text)?,
    };
    name_device(device, decoded)
}

/// Gives each reading the message's device. A text that is no name is rejected here, before it is copied to each of
/// them.
fn name_device<'a>(device: Option<Text<'a>>, mut decoded: Decoded<'a>) -> Result<Decoded<'a>, Rejection> {
    let Some(Text(device)) = device else { return Ok(decoded) };
    if !is_name(&device) {
        let decoded_samples: usize = decoded.readings.iter().map(|reading| reading.values.len()).sum();
        let rejected: u64 = decoded.rejections.iter().map(|rejection| rejection.samples).sum();
        let detail = "`device` must match [A-Za-z0-9._-]{1,64}";
        let mut rejection = Rejection::new(Reason::BadDevice, detail, decoded_samples);
        rejection.samples = u64::try_from(decoded_samples).unwrap_or(u64::MAX).saturating_add(rejected).max(1);
        return Err(rejection);
    }
    for reading in &mut decoded.readings {
        reading.device = Some(device.clone());
    }
    Ok(decoded)
}
