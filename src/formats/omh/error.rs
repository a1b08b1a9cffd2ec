//! Errors: why the samples of a body are rejected.

use crate::model::reason::Reason;

pub(super) use crate::formats::error::{BARE_NUMBER, SchemaError};

/// What is valid and has no place in the catalogue.
pub(super) const NO_METRIC: SchemaError =
    SchemaError { reason: Reason::UnknownMetric, field: "", what: "holds no value of a metric of the catalogue" };

/// Why all samples of a body are rejected, and how many they are.
#[derive(Debug)]
pub(super) struct BodyError(pub(super) SchemaError, pub(super) usize);

impl From<SchemaError> for BodyError {
    fn from(error: SchemaError) -> BodyError {
        BodyError(error, 1)
    }
}
