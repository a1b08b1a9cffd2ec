//! Purge: rejections leave, or are counted that would; what the law holds stays.

use sqlx::{PgConnection, Row};

use crate::model::time::{DAY_US, Timestamp};
use crate::store::StoreError;
use crate::store::moment::Moment;

/// Which rejections a purge means: `$1` to `$4` are the fields of `Purge`.
const IS_DUE: &str = "signal.quarantine_is_due(received_at, last_received_at, resolved_at, reason, $1, $2, $3, $4)";

/// What a purge removes.
#[derive(Copy, Clone, Debug)]
pub struct Purge<'a> {
    /// Last received before this time.
    pub before: Timestamp,
    /// Of one reason.
    pub reason: Option<&'a str>,
    /// Only what was marked as dealt with.
    pub only_resolved: bool,
    /// No contradiction that nobody has marked so: it is the only copy of a value that was acknowledged.
    pub spare_open_conflicts: bool,
}

impl Purge<'_> {
    /// What has not come again for so many days; `None` where everything is kept.
    pub fn of_age(now: Timestamp, retention_days: u32) -> Option<Purge<'static>> {
        let before = now.plus_micros(-i64::from(retention_days) * DAY_US);
        let purge = Purge { before, reason: None, only_resolved: false, spare_open_conflicts: true };
        (retention_days > 0).then_some(purge)
    }
}

/// How much a purge has removed, or would remove.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Purged {
    /// Rejections.
    pub rows: u64,
    /// Bytes of payloads that nothing else needs.
    pub payload_bytes: u64,
    /// Rejections that stay because they may be of somebody under legal hold.
    pub held: u64,
}

/// Where a page of a purge begins.
#[derive(Copy, Clone, Debug)]
pub struct Page {
    after_at: Timestamp,
    after_id: i64,
}

impl Page {
    /// The oldest one.
    pub const FIRST: Page = Page { after_at: Timestamp::MIN, after_id: 0 };
}

/// Removes a page of at most `rows_max` rejections in a transaction of its own, and says where the next one begins;
/// `None` after the last one.
pub async fn purge_page(
    connection: &mut PgConnection,
    which: Purge<'_>,
    page: Page,
    rows_max: i32,
) -> Result<(Purged, Option<Page>), StoreError> {
    let query = "SELECT last_at, last_id, purged_rows, purged_bytes, held_rows
                 FROM signal.purge_quarantine($1, $2, $3, $5, $6, $7, $4)";
    turn(connection, query, which, page, rows_max).await.map_err(StoreError::at("purging the quarantine"))
}

/// Where the page after the next rejection begins, for whoever cannot remove that one; `None` where there is none.
pub async fn pass_over(
    connection: &mut PgConnection,
    which: Purge<'_>,
    page: Page,
) -> Result<Option<Page>, StoreError> {
    let query = format!(
        "SELECT max(received_at), max(quarantine_id), 0::bigint, 0::bigint, 0::bigint FROM (
             SELECT received_at, quarantine_id FROM signal.quarantine_rejection
             WHERE (received_at, quarantine_id) > ($5, $6) AND {IS_DUE}
             ORDER BY received_at, quarantine_id LIMIT $7) AS one"
    );
    let turned = turn(connection, &query, which, page, 1).await;
    turned.map(|(_, next)| next).map_err(StoreError::at("passing over what cannot be purged"))
}

/// What a page of a purge would remove; payloads count with the last of their rejections.
pub async fn count_page(
    connection: &mut PgConnection,
    which: Purge<'_>,
    page: Page,
    rows_max: i32,
) -> Result<(Purged, Option<Page>), StoreError> {
    let query = format!(
        "WITH page AS MATERIALIZED (
             SELECT quarantine_id, received_at, payload_sha256 FROM signal.quarantine_rejection
             WHERE (received_at, quarantine_id) > ($5, $6) AND {IS_DUE}
             ORDER BY received_at, quarantine_id LIMIT $7),
         ending AS MATERIALIZED (
             SELECT payload_sha256 FROM page WHERE NOT EXISTS (
                 SELECT FROM signal.quarantine_rejection AS later WHERE later.payload_sha256 = page.payload_sha256
                    AND (later.received_at, later.quarantine_id) > (page.received_at, page.quarantine_id))),
         sharing AS MATERIALIZED (
             SELECT quarantine_id, payload_sha256, {IS_DUE} AS is_due FROM signal.quarantine_rejection
             WHERE payload_sha256 IN (SELECT payload_sha256 FROM ending)),
         held AS MATERIALIZED (
             SELECT quarantine_id FROM signal.quarantine_under_legal_hold(ARRAY(
                 SELECT quarantine_id FROM page UNION SELECT quarantine_id FROM sharing)) AS quarantine_id),
         needed AS (
             SELECT payload_sha256 FROM sharing
             WHERE NOT is_due OR quarantine_id IN (SELECT quarantine_id FROM held))
         SELECT (array_agg(received_at ORDER BY received_at DESC, quarantine_id DESC))[1],
                (array_agg(quarantine_id ORDER BY received_at DESC, quarantine_id DESC))[1],
                count(*) FILTER (WHERE quarantine_id NOT IN (SELECT quarantine_id FROM held)),
                (SELECT coalesce(sum(payload_bytes), 0)::bigint FROM signal.quarantine_payload
                 WHERE payload_sha256 IN (SELECT payload_sha256 FROM ending)
                   AND payload_sha256 NOT IN (SELECT payload_sha256 FROM needed)),
                count(*) FILTER (WHERE quarantine_id IN (SELECT quarantine_id FROM held))
         FROM page"
    );
    let counted = turn(connection, &query, which, page, rows_max).await;
    counted.map_err(StoreError::at("counting what a purge would remove"))
}

/// How many rejections a purge means, those among them that the law holds.
pub async fn count_due(connection: &mut PgConnection, which: Purge<'_>) -> Result<u64, StoreError> {
    let query = format!("SELECT count(*) FROM signal.quarantine_rejection WHERE {IS_DUE}");
    let count: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
        .bind(Moment(which.before))
        .bind(which.reason)
        .bind(which.only_resolved)
        .bind(which.spare_open_conflicts)
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("counting what a purge means"))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Asks for a page: where it ends, and its three counts.
async fn turn(
    connection: &mut PgConnection,
    query: &str,
    which: Purge<'_>,
    page: Page,
    rows_max: i32,
) -> Result<(Purged, Option<Page>), sqlx::Error> {
    let row = sqlx::query(sqlx::AssertSqlSafe(query.to_owned()))
        .bind(Moment(which.before))
        .bind(which.reason)
        .bind(which.only_resolved)
        .bind(which.spare_open_conflicts)
        .bind(Moment(page.after_at))
        .bind(page.after_id)
        .bind(rows_max)
        .fetch_one(connection)
        .await?;
    let count = |column: usize| u64::try_from(row.get::<i64, _>(column)).unwrap_or(0);
    let next = row.get::<Option<Moment>, _>(0).zip(row.get::<Option<i64>, _>(1));
    let next = next.map(|(Moment(after_at), after_id)| Page { after_at, after_id });
    Ok((Purged { rows: count(2), payload_bytes: count(3), held: count(4) }, next))
}
