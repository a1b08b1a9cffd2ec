//! Sample time: when the values of a body hold.

use serde_json::value::RawValue;

use super::error::SchemaError;
use super::frame::{FrameRule, LocatedTime, RequiredForm, TimeSpan, frame};
use super::json::members;
use super::schema::FRAME;

/// When the values of a body hold.
#[derive(Copy, Clone, Debug)]
pub(super) struct SampleTime {
    pub(super) time_span: TimeSpan,
    /// True where the header's time stands in.
    pub(super) assumed: bool,
}

/// When a body's values hold: by its own frame or, where its schema lets that be missing, when the source wrote it.
pub(super) fn sample_time(body: &RawValue, created: LocatedTime) -> Result<SampleTime, SchemaError> {
    let [frame] = members(body, |name| (name == FRAME).then_some(0))?;
    time_of_frame(frame, created).map_err(|error| error.within(FRAME))
}

/// The same by a frame of its own.
pub(super) fn time_of_frame(raw: Option<&RawValue>, created: LocatedTime) -> Result<SampleTime, SchemaError> {
    let Some(raw) = raw else {
        return Ok(SampleTime { time_span: created.instant(), assumed: true });
    };
    // The schema has accepted the frame. Without the parts of a day first: to a schema that has none, they are members
    // like any unknown one, and no second form.
    let rule = |day_parts| FrameRule { day_parts, required: RequiredForm::Either };
    let time_span = frame(raw, rule(false)).or_else(|_| frame(raw, rule(true)))?.place()?;
    Ok(SampleTime { time_span, assumed: false })
}
