//! CBOR (RFC 8949) as devices write it: of a definite length each, without tags, as CTAP2 demands.

/// How deep lists may lie within lists; no device writes more.
const DEPTH_MAX: usize = 8;

/// What is left to read.
#[derive(Copy, Clone, Debug)]
pub(super) struct CborReader<'a>(pub(super) &'a [u8]);

/// What was read: of a list how many follow, of a map how many pairs.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Number(i64),
    Bytes(&'a [u8]),
    Text(&'a [u8]),
    List(u64),
    Map(u64),
    /// Yes, no, nothing, or a fraction.
    Simple,
}

impl<'a> CborReader<'a> {
    /// So many bytes.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (first, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(first)
    }

    /// A number of so many bytes, the greatest first.
    pub(super) fn number(&mut self, bytes: usize) -> Option<u64> {
        Some(self.take(bytes)?.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte)))
    }

    /// The next item; `None` where there is none, or one of another kind.
    pub(super) fn item(&mut self) -> Option<Item<'a>> {
        let first = u8::try_from(self.number(1)?).ok()?;
        let size = match first & 0x1f {
            small @ 0..=23 => u64::from(small),
            24 => self.number(1)?,
            25 => self.number(2)?,
            26 => self.number(4)?,
            27 => self.number(8)?,
            _ => return None,
        };
        Some(match first >> 5 {
            0 => Item::Number(i64::try_from(size).ok()?),
            1 => Item::Number(-1 - i64::try_from(size).ok()?),
            2 => Item::Bytes(self.take(usize::try_from(size).ok()?)?),
            3 => Item::Text(self.take(usize::try_from(size).ok()?)?),
            4 => Item::List(size),
            5 => Item::Map(size),
            7 => Item::Simple,
            _ => return None,
        })
    }

    /// Passes over an item with all that is in it.
    pub(super) fn skip(&mut self) -> Option<()> {
        self.skip_within(DEPTH_MAX)
    }

    fn skip_within(&mut self, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        let inside = match self.item()? {
            Item::List(count) => count,
            Item::Map(pairs) => pairs.checked_mul(2)?,
            _ => 0,
        };
        // Each takes a byte at least, so that this ends with what is left.
        (0..inside).try_for_each(|_| self.skip_within(depth))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_those_of_the_rfc() {
        let read = |text: &str| CborReader(&hex::decode(text).unwrap()).item().map(|item| format!("{item:?}"));
        for (text, item) in [
            ("17", "Number(23)"),
            ("1818", "Number(24)"),
            ("1b000000e8d4a51000", "Number(1000000000000)"),
            ("3863", "Number(-100)"),
            ("390100", "Number(-257)"),
            ("4401020304", "Bytes([1, 2, 3, 4])"),
            ("6161", "Text([97])"),
            ("83010203", "List(3)"),
            ("a201020304", "Map(2)"),
            ("f5", "Simple"),
        ] {
            assert_eq!(read(text).as_deref(), Some(item), "{text}");
        }
        // Cut short, without an end that is known, tagged, and greater than any number here.
        for text in ["", "18", "44010203", "5f42010243030405ff", "c11a514b67b0", "1bffffffffffffffff"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_passed_over_ends_where_it_ends_and_never_runs_on() {
        let skipped = |text: &str| {
            let bytes = hex::decode(text).unwrap();
            let mut reader = CborReader(&bytes);
            reader.skip().map(|()| reader.0.len())
        };
        assert_eq!(skipped("a2016161028301020300"), Some(1));
        for text in ["9bffffffffffffffff", "bbffffffffffffffff00", "a101", "818181818181818181818100"] {
            assert_eq!(skipped(text), None, "{text}");
        }
    }
}
