//! Array: long columns of numbers as Postgres sends them, read in one go.
//!
//! # Why
//! sqlx decodes each element as a value of its own, with its type and its format: 30 ns a number, where eight bytes
//! have to change their order.

use sqlx::error::BoxDynError;
use sqlx::postgres::{PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Postgres, Type};

/// Number of dimensions, a word about nulls, the element's type; length and lower bound of the one dimension.
const HEADER_BYTES: usize = 20;
/// Before each element.
const LENGTH_BYTES: usize = 4;

/// An array of one dimension without nulls.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Numbers<T>(pub(super) Vec<T>);

impl<T: PgHasArrayType> Type<Postgres> for Numbers<T> {
    fn type_info() -> PgTypeInfo {
        T::array_type_info()
    }
}

impl<'r> Decode<'r, Postgres> for Numbers<f64> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        numbers(value, f64::from_be_bytes).map(Numbers)
    }
}

impl<'r> Decode<'r, Postgres> for Numbers<i32> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        numbers(value, i32::from_be_bytes).map(Numbers)
    }
}

fn numbers<const BYTES: usize, T>(value: PgValueRef<'_>, number: fn([u8; BYTES]) -> T) -> Result<Vec<T>, BoxDynError> {
    match value.format() {
        PgValueFormat::Binary => elements(value.as_bytes()?, number).ok_or_else(|| "an array must hold numbers".into()),
        PgValueFormat::Text => Err("arrays are read from prepared statements only".into()),
    }
}

/// The elements; `None` where one is null or of another length.
fn elements<const BYTES: usize, T>(bytes: &[u8], number: fn([u8; BYTES]) -> T) -> Option<Vec<T>> {
    if bytes.first_chunk() == Some(&0_i32.to_be_bytes()) {
        return Some(Vec::new());
    }
    let (header, elements) = bytes.split_at_checked(HEADER_BYTES)?;
    let length = (BYTES as u32).to_be_bytes();
    let is_flat = header.first_chunk() == Some(&1_i32.to_be_bytes());
    let each = elements.chunks_exact(LENGTH_BYTES + BYTES);
    if !is_flat || !each.remainder().is_empty() {
        return None;
    }
    let mut numbers = Vec::with_capacity(each.len());
    for element in each {
        let (found, bytes) = element.split_first_chunk::<LENGTH_BYTES>()?;
        if *found != length {
            return None;
        }
        numbers.push(number(*bytes.first_chunk()?));
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Postgres sends an array; a null has no bytes and the length -1.
    fn sent(elements: &[Option<f64>]) -> Vec<u8> {
        let mut bytes: Vec<u8> =
            [1, 1, 701, elements.len() as i32, 1].iter().flat_map(|word| word.to_be_bytes()).collect();
        for element in elements {
            match element {
                None => bytes.extend((-1_i32).to_be_bytes()),
                Some(number) => {
                    bytes.extend(8_i32.to_be_bytes());
                    bytes.extend(number.to_be_bytes());
                }
            }
        }
        bytes
    }

    #[test]
    fn numbers_are_read_and_nothing_else_is() {
        let read = |bytes: &[u8]| elements(bytes, f64::from_be_bytes);
        assert_eq!(read(&sent(&[Some(61.5), Some(-0.0)])), Some(vec![61.5, -0.0]));
        assert_eq!(read(&[0; 12]), Some(Vec::new()));
        assert_eq!(read(&sent(&[Some(1.0), None])), None);
        // Two nulls and a half are as long as one number.
        assert_eq!(read(&sent(&[None, None, None])), None);
        let whole = sent(&[Some(1.0), Some(2.0)]);
        (1..whole.len()).filter(|length| *length != 32 && *length != HEADER_BYTES).for_each(|length| {
            assert_eq!(read(&whole[..length]), None, "{length} bytes");
        });
        assert_eq!(elements(&whole, i32::from_be_bytes), None);
    }
}
