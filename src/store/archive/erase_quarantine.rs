//! Erase quarantine: what is in quarantine of a device or of a person leaves with the rest.
//!
//! # Why
//! What is in quarantine cannot be dated, since it is not valid. A message that names the device goes where it came
//! after the wear began, unless it is plainly another patient's: it came while somebody else wore the device, more than
//! `QUARANTINE_DAYS` after the wear ended, since hubs hold back what they could not send. Contradictions and ancient
//! samples are late by nature and have no such bound. Another patient's broken message may go with them: losing what
//! nobody could use is the smaller harm, but to one whom the law holds no harm is done.

use sqlx::PgConnection;

use super::scope::ErasureTarget;
use crate::store::StoreError;

/// A hub that was out of reach for longer has thrown away what it could not send.
const QUARANTINE_DAYS: u32 = 30;

/// Removes what is in quarantine of it.
pub async fn erase_quarantine(
    connection: &mut PgConnection,
    erasure: i64,
    of: &ErasureTarget,
) -> Result<(), StoreError> {
    // Payloads are locked before their rejections, as by whoever writes (`store::quarantine`).
    let query = format!(
        "WITH due AS MATERIALIZED (SELECT quarantine_id FROM signal.quarantine WHERE {}),
              locked AS MATERIALIZED (
                  SELECT payload_sha256 FROM signal.quarantine_payload WHERE payload_sha256 IN (
                      SELECT payload_sha256 FROM signal.quarantine_rejection JOIN due USING (quarantine_id))
                  ORDER BY payload_sha256 FOR UPDATE),
              gone AS (
                  DELETE FROM signal.quarantine_rejection AS rejection USING due, locked
                  WHERE rejection.quarantine_id = due.quarantine_id
                    AND rejection.payload_sha256 = locked.payload_sha256 RETURNING 1)
         UPDATE signal.erasure SET quarantine_rows = quarantine_rows + (SELECT count(*) FROM gone)
         WHERE erasure_id = $2",
        in_quarantine(of)
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(query)).persistent(false).bind(of.text()).bind(erasure);
    query.execute(connection).await.map(drop).map_err(StoreError::at("erasing from the quarantine"))
}

/// How many messages are in quarantine of it.
pub async fn found_in_quarantine(connection: &mut PgConnection, of: &ErasureTarget) -> Result<u64, StoreError> {
    let query = format!("SELECT count(*) FROM signal.quarantine WHERE {}", in_quarantine(of));
    let query = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(query)).persistent(false).bind(of.text());
    let found = query.fetch_one(connection).await.map_err(StoreError::at("counting what is in quarantine"))?;
    Ok(u64::try_from(found).unwrap_or(0))
}

/// Which rows of quarantine are of it, or may be: `$1` is its text.
fn in_quarantine(of: &ErasureTarget) -> String {
    match of {
        ErasureTarget::Device(_) => quarantined("$1"),
        ErasureTarget::Patient(_) => broken_while_worn(),
    }
}

/// Rows of quarantine that came from a device, or name it: `device` is SQL for its name.
fn quarantined(device: &str) -> String {
    format!("signal.quarantine_names(topic, detail, payload, {device})")
}

/// Rows of quarantine that may hold something of the patient `$1`, a uuid as text.
fn broken_while_worn() -> String {
    let (named, held) = (quarantined("device_id"), quarantined("held.device_id"));
    format!(
        "EXISTS (SELECT FROM care.wear JOIN signal.device USING (device_key)
                 WHERE patient_id = $1::text::uuid AND {named} AND last_received_at >= lower(worn_during)
                   AND (reason IN ('conflict', 'ancient_time')
                        OR received_at < coalesce(upper(worn_during), 'infinity') + INTERVAL '{QUARANTINE_DAYS} days'
                        OR NOT EXISTS (
                            SELECT FROM care.wear AS other WHERE other.device_key = wear.device_key
                               AND other.patient_id <> wear.patient_id AND other.worn_during @> received_at)))
         AND NOT EXISTS (SELECT FROM signal.wear_under_legal_hold() AS held
                         WHERE {held} AND held.worn_during && tstzrange(received_at, last_received_at, '[]'))"
    )
}
