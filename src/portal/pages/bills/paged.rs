//! Where a list goes on: its last line's time and key, as a URL holds them.

use std::str::FromStr;

use crate::model::time::{Day, Timestamp};
use crate::portal::page_error::PageError;

/// A line that is too many is taken off; behind which path the next page begins.
pub(super) fn cut<T>(found: &mut Vec<T>, rows: u16, behind: impl FnOnce(&T) -> String) -> Option<String> {
    let rows = usize::from(rows);
    let has_more = found.len() > rows;
    found.truncate(rows);
    found.last().filter(|_| has_more).map(behind)
}

/// A moment and a key.
pub(super) fn after_moment<K: FromStr>(text: &str) -> Result<(Timestamp, K), PageError> {
    let (micros, key) = text.split_once('.').ok_or(PageError::NotFound)?;
    let micros = micros.parse().map_err(|_| PageError::NotFound)?;
    let at = Timestamp::from_micros(micros).map_err(|_| PageError::NotFound)?;
    Ok((at, key.parse().map_err(|_| PageError::NotFound)?))
}

/// A day and a key.
pub(super) fn after_day<K: FromStr>(text: &str) -> Result<(Day, K), PageError> {
    let (day, key) = text.split_once('.').ok_or(PageError::NotFound)?;
    let day = day.parse().map_err(|_| PageError::NotFound)?;
    Ok((day, key.parse().map_err(|_| PageError::NotFound)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_goes_on_behind_its_last_line_where_there_is_more() {
        let mut found = vec![1, 2, 3];
        assert_eq!(cut(&mut found, 2, |last| format!("?after={last}")).as_deref(), Some("?after=2"));
        assert_eq!((found.as_slice(), cut(&mut found.clone(), 2, ToString::to_string)), ([1, 2].as_slice(), None));
        let (day, key): (Day, u8) = after_day("2026-07-01.7").unwrap();
        assert_eq!((day.to_string().as_str(), key), ("2026-07-01", 7));
        assert!(after_moment::<u8>("x.7").is_err() && after_moment::<u8>("7").is_err());
    }
}
