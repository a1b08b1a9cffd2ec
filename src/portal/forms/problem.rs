//! What is wrong with what was typed, or why nothing was done with it.

use crate::portal::page_error::PageError;
use crate::store::StoreError;
use crate::store::care::error::{BrokenRule, CareError};

/// Why what was typed was not taken.
#[derive(Debug)]
pub(in crate::portal) enum Problem {
    /// A field, and what is wrong with it.
    At(&'static str, String),
    /// A rule of the record.
    Rule(BrokenRule),
    /// What is no matter of the form.
    Page(PageError),
}

impl Problem {
    /// Of a field.
    pub(in crate::portal) fn at(field: &'static str, sentence: &str) -> Problem {
        Problem::At(field, sentence.to_owned())
    }
}

/// Rules that end the visit, whatever the form is.
const OF_THE_VISIT: [&str; 2] = ["session_stands", "looks_of_an_account_are_few"];

impl From<CareError> for Problem {
    fn from(error: CareError) -> Problem {
        match error {
            CareError::Refused(broken) if !OF_THE_VISIT.contains(&broken.rule.as_str()) => Problem::Rule(broken),
            error => Problem::Page(error.into()),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Problem {
        Problem::Page(error.into())
    }
}

impl From<PageError> for Problem {
    fn from(error: PageError) -> Problem {
        Problem::Page(error)
    }
}
