//! Source: where samples come from, as blocks in the order of device, metric, statistic and time, each sample once.
//!
//! Today that is the hot table alone. What else keeps samples is merged here, and nothing after this line notices.

use futures_util::Stream;
use sqlx::PgConnection;

use crate::store::StoreError;
use crate::store::hot::{Filter, SeriesBlock, read_blocks};

/// All blocks that hold a sample asked for.
pub(super) fn blocks<'a>(
    connection: &'a mut PgConnection,
    filter: &Filter,
) -> impl Stream<Item = Result<SeriesBlock, StoreError>> + 'a {
    read_blocks(connection, filter)
}
