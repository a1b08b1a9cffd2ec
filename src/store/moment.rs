//! Moments as Postgres sends and takes them: microseconds since 2000, without a calendar library in between.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Encode, Postgres, Type};

use crate::model::time::{TimeError, Timestamp};

/// 2000-01-01T00:00:00Z, where Postgres begins to count.
const POSTGRES_EPOCH_US: i64 = 946_684_800_000_000;

/// Object ids of the type and of its arrays in `pg_type`, fixed for ever. By their names they would be asked for over
/// each connection, which takes a new one 2 ms and more.
const TIMESTAMPTZ: Oid = Oid(1184);
const TIMESTAMPTZ_ARRAY: Oid = Oid(1185);

/// `timestamptz` on the wire.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment(pub(super) Timestamp);

/// Microseconds since 2000, as in a binary row.
pub(super) fn wire_micros(moment: Timestamp) -> i64 {
    moment.micros() - POSTGRES_EPOCH_US
}

fn from_wire(micros: i64) -> Result<Timestamp, TimeError> {
    micros.checked_add(POSTGRES_EPOCH_US).ok_or(TimeError::OutOfRange).and_then(Timestamp::from_micros)
}

impl Type<Postgres> for Moment {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ)
    }
}

impl PgHasArrayType for Moment {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(TIMESTAMPTZ_ARRAY)
    }
}

impl Encode<'_, Postgres> for Moment {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        buffer.extend(&wire_micros(self.0).to_be_bytes());
        Ok(IsNull::No)
    }
}

impl<'r> Decode<'r, Postgres> for Moment {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => Ok(Moment(from_wire(i64::from_be_bytes(value.as_bytes()?.try_into()?))?)),
            PgValueFormat::Text => Err("moments are read from prepared statements only".into()),
        }
    }
}
