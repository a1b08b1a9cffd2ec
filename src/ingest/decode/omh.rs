//! Open mHealth (being merged).
use super::Decoded;
use crate::model::reason::{Reason, Rejection};
/// Stand-in.
pub fn decode(_payload: &[u8]) -> Result<Decoded<'_>, Rejection> {
    Err(Rejection::new(Reason::UnsupportedFormat, "omh", 1))
}
