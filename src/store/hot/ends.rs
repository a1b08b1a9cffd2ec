//! Ends: after which moment a series has no stored sample, for a lane that does not remember it.
//!
//! # Why
//! A lane appends what begins after the end that it knows, and merges the rest, so the end that it is told must not be
//! too early, and may be too late: then more is merged. So the last `LOOKBACK_DAYS` are searched, and a series that
//! has nothing there is said to end where they begin. Asked for wherever it may be, the last block costs a plan over
//! every chunk (1.2 to 1.9 s and 8,000 locks with 4,000 of them); with a bound some 30 chunks are planned, however many
//! there are.
//!
//! A series ends no earlier than what its source has said of it: a word that is superseded, and a range that was
//! replaced, may lie behind its last block (the archive has the block, or nothing is left of it). What comes again
//! behind that block must be weighed and not appended.
//!
//! What a hub has held back for longer is merged until its lane has met a later sample; an import of old days is, too,
//! after its daemon was started again. Both read only what they touch (`overlap`).

use sqlx::{AssertSqlSafe, PgConnection};

use super::row::END;
use crate::model::ids::SeriesId;
use crate::model::time::{DAY_US, Timestamp};
use crate::store::moment::Moment;

/// How far back the end of a series is looked for.
const LOOKBACK_DAYS: i64 = 32;

/// For each of these series, in their order, a moment after which none of its stored samples begins.
pub(in crate::store) async fn ends(
    connection: &mut PgConnection,
    series: &[SeriesId],
    now: Timestamp,
) -> Result<Vec<Timestamp>, sqlx::Error> {
    if series.is_empty() {
        return Ok(Vec::new());
    }
    let since = now.plus_micros(-LOOKBACK_DAYS * DAY_US).day().start();
    let query = format!(
        "SELECT greatest(
                    (SELECT {END} FROM signal.block WHERE block.series_id = want.series_id AND block.start_at >= $2
                     ORDER BY block.start_at DESC LIMIT 1),
                    (SELECT start_at FROM signal.superseded_value AS former WHERE former.series_id = want.series_id
                     ORDER BY start_at DESC LIMIT 1),
                    (SELECT to_at - INTERVAL '1 microsecond' FROM signal.replaced_range AS range
                     WHERE range.series_id = want.series_id ORDER BY to_at DESC LIMIT 1))
         FROM unnest($1::integer[]) WITH ORDINALITY AS want (series_id, place) ORDER BY want.place"
    );
    let found: Vec<Option<Moment>> = sqlx::query_scalar(AssertSqlSafe(query))
        .bind(series.iter().map(|series| series.0).collect::<Vec<_>>())
        .bind(Moment(since))
        .fetch_all(connection)
        .await?;
    // No block crosses midnight, so what began before these days ended before them.
    let nothing_since = since.plus_micros(-1);
    Ok(found.into_iter().map(|last| last.map_or(nothing_since, |last| last.0.max(nothing_since))).collect())
}
