//! Entries of the tables: which schema it is, what it accepts, and which metrics its members are.

use crate::formats::omh::rule::FieldRule;

/// Who publishes a schema.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(in crate::formats::omh) enum Namespace {
    /// Open mHealth.
    Omh,
    /// IEEE 1752.1, and the 1752.2 drafts.
    Ieee,
    /// Open mHealth's rendering of Apple HealthKit.
    Granola,
}

/// All versions of one name.
#[derive(Debug)]
pub(in crate::formats::omh) struct Family(
    pub(in crate::formats::omh) Namespace,
    pub(in crate::formats::omh) &'static str,
    pub(in crate::formats::omh) &'static [Schema],
);

/// One version: what it accepts, and which metrics it maps to.
#[derive(Debug)]
pub(in crate::formats::omh) struct Schema(
    pub(in crate::formats::omh) &'static str,
    pub(in crate::formats::omh) FieldRule,
    pub(in crate::formats::omh) Mapping,
);

/// Which metrics of the catalogue the members of a body are.
#[derive(Copy, Clone, Debug)]
pub(in crate::formats::omh) enum Mapping {
    /// No metric: a part of other schemas, or a kind of measurement that the catalogue has not.
    Nothing,
    /// Members that are values of metrics.
    Values(&'static [Value]),
    /// One member, whose metric hangs on a word beside it.
    Chosen(Value, Choice),
    /// A summary of a night and its stages, each with a frame of its own.
    Stages,
    /// A HealthKit sample of the type that it names.
    HealthKitQuantity,
    /// A HealthKit category of the type that it names.
    HealthKitCategory,
    /// HealthKit samples that belong together.
    HealthKitCorrelation,
}

/// A member of a body, the metric of its values, and its form.
#[derive(Copy, Clone, Debug)]
pub(in crate::formats::omh) struct Value(
    pub(in crate::formats::omh) &'static str,
    pub(in crate::formats::omh) &'static str,
    pub(in crate::formats::omh) Shape,
);

/// The most values in one body.
pub(in crate::formats::omh) const VALUES_MAX: usize = 8;

/// The form of a member that is a value.
#[derive(Copy, Clone, Debug)]
pub(in crate::formats::omh) enum Shape {
    /// `{value, unit}`.
    Quantity,
    /// A bare number in the unit of the catalogue.
    Bare,
    /// `{value, unit}`, where the member's own name is the statistic.
    Class(&'static str),
    /// `{value, unit}` that is a value of the metric with this unit only.
    Counted(&'static str),
}

/// A member whose word decides on the metric; `None` for words that belong to no metric.
#[derive(Copy, Clone, Debug)]
pub(in crate::formats::omh) struct Choice(
    pub(in crate::formats::omh) &'static str,
    pub(in crate::formats::omh) &'static [(&'static str, Option<&'static str>)],
);
