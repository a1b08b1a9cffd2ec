//! One Observation: its status decides what becomes of its values.
//!
//! | status | its values |
//! |---|---|
//! | `registered`, `preliminary`, `final` | are samples |
//! | `amended`, `corrected` | are samples that supersede those before them; what is absent now is taken back |
//! | `entered-in-error` | are taken back |
//! | `cancelled` | were not measured |
//! | `unknown` | are rejected: nobody knows which of the others holds |

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::code::{self, Meaning};
use super::collect::{ObservationCollector, ObservedSeries};
use super::device::KnownDevices;
use super::effective::{self, Effective};
use super::{revision, sampled, value};
use crate::formats::Replaced;
use crate::formats::error::SchemaError;
use crate::formats::json::{each, members, text};
use crate::model::origin::Revision;
use crate::model::reason::Reason;
use crate::model::time::Timestamp;

/// Components of one Observation.
const COMPONENTS_MAX: usize = 256;

/// What is to be done with the values of an Observation.
#[derive(Copy, Clone, Debug, PartialEq)]
enum Status {
    /// Nothing may have been measured yet.
    Registered,
    Stated,
    Corrected,
    TakenBack,
    Cancelled,
}

/// What all values of an Observation share.
#[derive(Debug)]
struct Frame<'a> {
    status: Status,
    device: Option<Cow<'a, str>>,
    revision: Option<Revision>,
    effective: Result<Effective, SchemaError>,
    components: Option<&'a RawValue>,
    /// True where its values stand in its components, or in other Observations.
    is_group: bool,
}

/// Why a value is rejected, and its metric, or the code that names none.
type Fault<'a> = (SchemaError, Option<Cow<'a, str>>);

const FRAME: [&str; 12] = [
    "status",
    "effectiveDateTime",
    "effectivePeriod",
    "effectiveInstant",
    "effectiveTiming",
    "issued",
    "meta",
    "device",
    "contained",
    "component",
    "hasMember",
    "implicitRules",
];

/// What an Observation and a component have in common: four kinds of value that are read, and seven that are none.
const MEASURED: [&str; 14] = [
    "code",
    "dataAbsentReason",
    "modifierExtension",
    "valueQuantity",
    "valueInteger",
    "valueSampledData",
    "valueCodeableConcept",
    "valueString",
    "valueBoolean",
    "valueRange",
    "valueRatio",
    "valueTime",
    "valueDateTime",
    "valuePeriod",
];

/// A breach of the format, or what is sound and cannot be kept.
const fn fault(reason: Reason, field: &'static str, what: &'static str) -> SchemaError {
    SchemaError { reason, field, what }
}

const MODIFIED: SchemaError =
    fault(Reason::Undecodable, "", "an element that changes what the rest means is not understood: leave it out");
const STATUS: SchemaError = fault(Reason::Undecodable, "status", "must be one of ObservationStatus");
const STATUS_UNKNOWN: SchemaError =
    fault(Reason::Undecodable, "status", "is unknown: send what is known to hold, as preliminary or final");
const NO_REVISION: SchemaError = fault(
    Reason::MalformedSeries,
    "meta",
    "must say which word a correction is: give lastUpdated or versionId there, or issued",
);
const NO_VALUE: SchemaError = fault(Reason::Undecodable, "value", "is missing, and so is a dataAbsentReason");
const OTHER_VALUE: SchemaError = fault(
    Reason::UnknownMetric,
    "value",
    "must be a valueQuantity, valueInteger, valueSampledData or valueCodeableConcept: others are no samples",
);
const SEVERAL_VALUES: SchemaError = fault(Reason::Undecodable, "value", "must have one form, not several at once");
const BOTH: SchemaError =
    fault(Reason::Undecodable, "dataAbsentReason", "must not stand beside a value: leave one of them out");
const MANY_COMPONENTS: SchemaError =
    fault(Reason::TooManySamples, "component", "must have 256 items at most: send the others in another Observation");

/// Reads an Observation into what was read so far.
pub(super) fn read<'a>(
    observation: &'a RawValue,
    devices: &KnownDevices<'a>,
    collector: &mut ObservationCollector<'a>,
) {
    let frame = match read_frame(observation, devices) {
        Ok(frame) => frame,
        Err((error, components)) => return collector.reject(error, None, count(components)),
    };
    if let Err((error, of)) = read_value(observation, &frame, frame.is_group, collector) {
        collector.reject(error, of, 1);
    }
    let Some(components) = frame.components else { return };
    let mut place = 0;
    let read = each(components, |component| {
        place += 1;
        let read = if place > COMPONENTS_MAX {
            Err((MANY_COMPONENTS, None))
        } else {
            read_value(component, &frame, false, collector)
        };
        if let Err((error, of)) = read {
            collector.reject(error, of, 1);
        }
        Ok(())
    });
    if let Err(error) = read {
        collector.reject(error.within("component"), None, 1);
    }
}

/// How many samples the components would have been.
fn count(components: Option<&RawValue>) -> usize {
    components.and_then(|components| each(components, |_| Ok(())).ok()).unwrap_or(1)
}

/// What all values share; else why none is read, and the components that are lost.
fn read_frame<'a>(
    observation: &'a RawValue,
    devices: &KnownDevices<'a>,
) -> Result<Frame<'a>, (SchemaError, Option<&'a RawValue>)> {
    let [status, date_time, period, instant, timing, issued, meta, device, contained, components, members_of, rules] =
        members(observation, |name| FRAME.iter().position(|known| *known == name)).map_err(|error| (error, None))?;
    let read = || {
        if rules.is_some() {
            return Err(MODIFIED.within("implicitRules"));
        }
        let status = match status.and_then(text).as_deref() {
            Some("registered") => Status::Registered,
            Some("preliminary" | "final") => Status::Stated,
            Some("amended" | "corrected") => Status::Corrected,
            Some("entered-in-error") => Status::TakenBack,
            Some("cancelled") => Status::Cancelled,
            Some("unknown") => return Err(STATUS_UNKNOWN),
            _ => return Err(STATUS),
        };
        let revision = revision::read(meta, issued)?;
        if revision.is_none() && matches!(status, Status::Corrected | Status::TakenBack) {
            return Err(NO_REVISION);
        }
        Ok(Frame {
            status,
            device: devices.name(device, contained)?,
            revision,
            effective: effective::read([date_time, period, instant, timing]),
            components,
            is_group: components.is_some() || members_of.is_some(),
        })
    };
    read().map_err(|error| (error, components))
}

/// Reads the value of an Observation or of a component; `may_be_missing`: it need not have one.
fn read_value<'a>(
    raw: &'a RawValue,
    frame: &Frame<'a>,
    may_be_missing: bool,
    collector: &mut ObservationCollector<'a>,
) -> Result<(), Fault<'a>> {
    let [code, absent, modifier, quantity, integer, sampled, concept, others @ ..]: [Option<&RawValue>; 14] =
        members(raw, |name| MEASURED.iter().position(|known| *known == name)).map_err(|error| (error, None))?;
    if modifier.is_some() {
        return Err((MODIFIED.within("modifierExtension"), None));
    }
    let kinds = [quantity, integer, sampled, concept].into_iter().chain(others).flatten().count();
    if kinds == 0 && may_be_missing {
        return Ok(());
    }
    if frame.status == Status::Cancelled {
        collector.count_not_measured();
        return Ok(());
    }
    let meaning = code::read(code)?;
    let value = GivenValue { quantity, integer, sampled, concept, kinds, is_absent: absent.is_some() };
    value.read(&meaning, frame, collector).map_err(|error| (error, Some(meaning.metric)))
}

/// What is given as a value.
#[derive(Debug)]
struct GivenValue<'a> {
    quantity: Option<&'a RawValue>,
    integer: Option<&'a RawValue>,
    sampled: Option<&'a RawValue>,
    concept: Option<&'a RawValue>,
    /// How many forms there are, others included.
    kinds: usize,
    is_absent: bool,
}

impl<'a> GivenValue<'a> {
    fn read(
        &self,
        meaning: &Meaning<'a>,
        frame: &Frame<'a>,
        collector: &mut ObservationCollector<'a>,
    ) -> Result<(), SchemaError> {
        let series = ObservedSeries {
            device: frame.device.clone(),
            metric: meaning.metric.clone(),
            statistic: meaning.statistic,
            revision: frame.revision,
        };
        if frame.status == Status::TakenBack {
            return collector.take_back(series, self.taken_back(meaning, frame.effective?)?);
        }
        if self.kinds > 1 {
            return Err(SEVERAL_VALUES);
        }
        if self.kinds == 1 && self.is_absent {
            return Err(BOTH);
        }
        if self.is_absent || (self.kinds == 0 && frame.status == Status::Registered) {
            if frame.status == Status::Corrected {
                collector.take_back(series, self.taken_back(meaning, frame.effective?)?)?;
            }
            collector.count_not_measured();
            return Ok(());
        }
        if let Some(sampled) = self.sampled {
            let first = frame.effective?.first()?;
            let run = sampled::read(sampled, meaning, first.0).map_err(|error| error.within("valueSampledData"))?;
            return collector.add_run(series, first, run, frame.status == Status::Corrected);
        }
        let value = if let Some(quantity) = self.quantity {
            value::quantity(quantity, meaning).map_err(|error| error.within("valueQuantity"))?
        } else if let Some(integer) = self.integer {
            value::integer(integer, meaning).map_err(|error| error.within("valueInteger"))?
        } else if let Some(concept) = self.concept {
            value::concept(concept).map_err(|error| error.within("valueCodeableConcept"))?
        } else {
            return Err(if self.kinds == 0 { NO_VALUE } else { OTHER_VALUE });
        };
        collector.add(series, frame.effective?.place(meaning.is_daily())?, value);
        Ok(())
    }

    /// What an Observation takes back: the one start at which its value lay, or all of its series of values.
    fn taken_back(&self, meaning: &Meaning<'_>, effective: Effective) -> Result<Replaced, SchemaError> {
        if let Some(sampled) = self.sampled {
            let (from, _) = effective.first()?;
            let run = sampled::read(sampled, meaning, from).map_err(|error| error.within("valueSampledData"))?;
            return Ok(Replaced { from, to: run.end.max(after(from)) });
        }
        let from = match effective {
            Effective::From((from, _)) => from,
            effective => effective.place(meaning.is_daily())?.start,
        };
        Ok(Replaced { from, to: after(from) })
    }
}

fn after(moment: Timestamp) -> Timestamp {
    moment.plus_micros(1)
}
