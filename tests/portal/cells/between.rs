//! Of patients and who cares for them: what each part gets of each URL. What they name is made among a patient's own.

use super::Cell;

pub(super) const CELLS: &[Cell] = &[
    ("/patients/{id}/messages", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/messages/{thread}", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/messages/{thread}/retract", "POST", "i nnnnnnnnnnn"),
    ("/patients/{id}/journal", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/journal/{entry}", "GET", "i nynnnnnnnnn"),
];
