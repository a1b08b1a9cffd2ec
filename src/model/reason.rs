//! Reason: the stable word that says why something is not stored but quarantined.
//!
//! The words are part of the outside interface (`signal.quarantine.reason`, metric labels): never change one, only add.

use std::fmt;

use super::time::Timestamp;

/// Why a message, or a part of one, is kept in quarantine.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The topic is not `ht/1/{shard}/{source}/{format}`.
    BadTopic,
    /// The topic names a format that this version does not read.
    UnsupportedFormat,
    /// The MQTT content type contradicts the topic's format.
    ContentTypeMismatch,
    /// The bytes do not follow the format: bad UTF-8, bad JSON, a missing or unknown field.
    Undecodable,
    /// The payload's version, or its schema's, is not one that this version reads.
    UnsupportedVersion,
    /// A clinical resource, of which this version stores none.
    UnsupportedResource,
    /// One series breaks the format's rules: lengths differ, no times, a negative period.
    MalformedSeries,
    /// More samples than one message may carry.
    TooManySamples,
    /// The device's name is not `[A-Za-z0-9._-]{1,64}`.
    BadDevice,
    /// The topic's source may not speak for the device.
    SourceNotAllowed,
    /// Nobody has added the device.
    UnknownDevice,
    /// The metric is not in the catalogue.
    UnknownMetric,
    /// The unit is not one of the metric's.
    UnknownUnit,
    /// The values fit another unit of the metric better than the one that they came in.
    UnitMismatch,
    /// The statistic is not one of the closed list.
    UnknownStatistic,
    /// The code is not one of the metric's.
    UnknownCode,
    /// Outside the hard range: no body gives such a value.
    ImpossibleValue,
    /// Further ahead than clocks drift.
    FutureTime,
    /// Older than the configured age.
    AncientTime,
    /// An interval that ends before it begins, or lasts too long.
    BadInterval,
    /// A day or a part of a day without an instant, or a time without a zone.
    NoInstant,
    /// The same key as a stored sample, with another value: the first stays.
    Conflict,
    /// The database rejected this one sample.
    RefusedByDatabase,
    /// The device belongs to another shard, or the topic to one that no daemon has ever owned.
    WrongShard,
    /// It belongs into a stored block that cannot be read: `healthtrack doctor` names it.
    UnreadableBlock,
}

impl Reason {
    /// Every reason, in the order of the journey.
    pub const ALL: [Reason; 25] = [
        Reason::BadTopic,
        Reason::UnsupportedFormat,
        Reason::ContentTypeMismatch,
        Reason::Undecodable,
        Reason::UnsupportedVersion,
        Reason::UnsupportedResource,
        Reason::MalformedSeries,
        Reason::TooManySamples,
        Reason::BadDevice,
        Reason::SourceNotAllowed,
        Reason::UnknownDevice,
        Reason::UnknownMetric,
        Reason::UnknownUnit,
        Reason::UnitMismatch,
        Reason::UnknownStatistic,
        Reason::UnknownCode,
        Reason::ImpossibleValue,
        Reason::FutureTime,
        Reason::AncientTime,
        Reason::BadInterval,
        Reason::NoInstant,
        Reason::Conflict,
        Reason::RefusedByDatabase,
        Reason::WrongShard,
        Reason::UnreadableBlock,
    ];

    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Reason::BadTopic => "bad_topic",
            Reason::UnsupportedFormat => "unsupported_format",
            Reason::ContentTypeMismatch => "content_type_mismatch",
            Reason::Undecodable => "undecodable",
            Reason::UnsupportedVersion => "unsupported_version",
            Reason::UnsupportedResource => "unsupported_resource",
            Reason::MalformedSeries => "malformed_series",
            Reason::TooManySamples => "too_many_samples",
            Reason::BadDevice => "bad_device",
            Reason::SourceNotAllowed => "source_not_allowed",
            Reason::UnknownDevice => "unknown_device",
            Reason::UnknownMetric => "unknown_metric",
            Reason::UnknownUnit => "unknown_unit",
            Reason::UnitMismatch => "unit_mismatch",
            Reason::UnknownStatistic => "unknown_statistic",
            Reason::UnknownCode => "unknown_code",
            Reason::ImpossibleValue => "impossible_value",
            Reason::FutureTime => "future_time",
            Reason::AncientTime => "ancient_time",
            Reason::BadInterval => "bad_interval",
            Reason::NoInstant => "no_instant",
            Reason::Conflict => "conflict",
            Reason::RefusedByDatabase => "refused_by_database",
            Reason::WrongShard => "wrong_shard",
            Reason::UnreadableBlock => "unreadable_block",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A part of a message that is invalid, with its reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The stable word.
    pub reason: Reason,
    /// One sentence for whoever reads it: which field, which limit. It repeats no value that was measured.
    pub detail: String,
    /// How many samples the part held; 1 where that cannot be known.
    pub samples: u64,
    /// When what was refused may be tried again, since its time has come then; `None` where that changes nothing.
    pub due_at: Option<Timestamp>,
}

impl Rejection {
    /// A rejection of `samples` samples.
    pub fn new(reason: Reason, detail: impl Into<String>, samples: usize) -> Rejection {
        let samples = u64::try_from(samples.max(1)).unwrap_or(u64::MAX);
        Rejection { reason, detail: detail.into(), samples, due_at: None }
    }
}
