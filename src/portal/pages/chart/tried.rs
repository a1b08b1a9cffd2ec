//! What came of a form of the chart that was sent, told on the page that it came from: what was typed is still there,
//! beside what is wrong with it, or beside what somebody else has stored meanwhile.

use crate::portal::forms::{Form, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::store::care::record::Edited;

/// A form that was sent and did nothing.
pub(super) struct Tried {
    pub(super) typed: Typed,
    pub(super) why: Result<Edited, Problem>,
}

impl Tried {
    /// Of a form that stores something new.
    pub(super) fn refused(typed: Typed, problem: Problem) -> Tried {
        Tried { typed, why: Err(problem) }
    }

    /// Of a form in which something was only looked for.
    pub(super) fn searched(typed: Typed, problem: Option<Problem>) -> Tried {
        Tried { typed, why: problem.map_or(Ok(Edited::Saved(0)), Err) }
    }

    /// The form as it stands now, told what came of it; at the fields that rules are about.
    pub(super) fn tell(self, stored: Form, at: &[(&str, &str)]) -> Result<Form, PageError> {
        match self.why {
            Err(problem) => stored.filled(&self.typed).told(problem, at),
            Ok(Edited::Unknown) => Err(PageError::NotFound),
            Ok(Edited::Saved(_)) => Ok(stored.filled(&self.typed)),
            Ok(Edited::Stale(_)) => Ok(stored.clone().filled(&self.typed).against(&stored)),
        }
    }
}

/// The same where perhaps nothing was sent.
pub(super) fn told(tried: Option<Tried>, stored: Form, at: &[(&str, &str)]) -> Result<Form, PageError> {
    match tried {
        Some(tried) => tried.tell(stored, at),
        None => Ok(stored),
    }
}
