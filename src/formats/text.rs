//! Text: what every decoder does with the texts of a payload.

use crate::model::reason::{Reason, Rejection};

/// So much of a payload's own word stands in a sentence about it.
const SHOWN_CHARS_MAX: usize = 60;

/// The payload as text.
pub(super) fn utf8(payload: &[u8]) -> Result<&str, Rejection> {
    std::str::from_utf8(payload).map_err(|_| undecodable("the message must be UTF-8"))
}

/// The rejection of a whole message.
pub(super) fn undecodable(detail: impl Into<String>) -> Rejection {
    Rejection::new(Reason::Undecodable, detail, 1)
}

/// A payload's own word in a sentence: as long as its sender pleases, so only its beginning.
pub(crate) fn shown(word: &str) -> String {
    word.escape_debug().take(SHOWN_CHARS_MAX).collect()
}

/// True for 8-4-4-4-12 hexadecimal digits.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
