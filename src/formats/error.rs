//! Errors: why a part of a message is rejected.

use crate::model::reason::{Reason, Rejection};

/// Why a part is rejected, without a copy of anything from the payload: most errors are made to be thrown away,
/// because a schema allows one of several forms.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(super) struct SchemaError {
    /// The stable word.
    pub(super) reason: Reason,
    /// The innermost field at fault; empty for the part itself.
    pub(super) field: &'static str,
    /// What its schema demands.
    pub(super) what: &'static str,
}

impl SchemaError {
    /// An error of the current part.
    pub(super) fn new(reason: Reason, what: &'static str) -> SchemaError {
        SchemaError { reason, field: "", what }
    }

    /// A breach of the schema.
    pub(super) fn shape(what: &'static str) -> SchemaError {
        SchemaError::new(Reason::Undecodable, what)
    }

    /// This error, at `field` where no field within it is already named.
    pub(super) fn within(self, field: &'static str) -> SchemaError {
        if self.field.is_empty() { SchemaError { field, ..self } } else { self }
    }

    /// One rejected sample.
    pub(super) fn rejection(self) -> Rejection {
        match self.field {
            "" => Rejection::new(self.reason, self.what, 1),
            field => Rejection::new(self.reason, format!("{field}: {}", self.what), 1),
        }
    }
}

/// What no JSON has.
pub(super) const BARE_NUMBER: SchemaError = SchemaError {
    reason: Reason::Undecodable,
    field: "",
    what: "a bare nan or Infinity is no JSON: leave out what was not measured",
};
