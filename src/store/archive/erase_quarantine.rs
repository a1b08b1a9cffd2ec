//! Erase quarantine: what is in quarantine of a device or of a person leaves with the rest.
//!
//! # Why
//! What is in quarantine cannot be dated, since it is not valid. A message that names the device goes where it may be
//! of the wear (`signal.quarantine_may_be_of_wear`: hubs hold back what they could not send, and some of it is late by
//! nature), and where it came later while nobody else wore the device. Another patient's broken message may go with
//! them: losing what nobody could use is the smaller harm, but to one whom the law holds no harm is done
//! (`signal.quarantine_under_legal_hold`).

use sqlx::PgConnection;

use super::scope::ErasureTarget;
use crate::store::StoreError;

/// Removes what is in quarantine of it.
pub async fn erase_quarantine(
    connection: &mut PgConnection,
    erasure: i64,
    of: &ErasureTarget,
) -> Result<(), StoreError> {
    // Payloads are locked before their rejections, as by whoever writes (`store::quarantine`).
    let query = format!(
        "WITH {},
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
        due(of)
    );
    let query = sqlx::query(sqlx::AssertSqlSafe(query)).persistent(false).bind(of.text()).bind(erasure);
    query.execute(connection).await.map(drop).map_err(StoreError::at("erasing from the quarantine"))
}

/// How many messages are in quarantine of it.
pub async fn found_in_quarantine(connection: &mut PgConnection, of: &ErasureTarget) -> Result<u64, StoreError> {
    let query = format!("WITH {} SELECT count(*) FROM due", due(of));
    let query = sqlx::query_scalar::<_, i64>(sqlx::AssertSqlSafe(query)).persistent(false).bind(of.text());
    let found = query.fetch_one(connection).await.map_err(StoreError::at("counting what is in quarantine"))?;
    Ok(u64::try_from(found).unwrap_or(0))
}

/// The numbers of what goes: `$1` is the target's text. What may be of another who is under legal hold stays.
fn due(of: &ErasureTarget) -> String {
    let mine = match of {
        ErasureTarget::Device(_) => quarantined("$1"),
        ErasureTarget::Patient(_) => broken_while_worn(),
    };
    format!(
        "mine AS MATERIALIZED (SELECT quarantine_id FROM signal.quarantine WHERE {mine}),
         due AS MATERIALIZED (
             SELECT quarantine_id FROM mine WHERE quarantine_id NOT IN (
                 SELECT signal.quarantine_under_legal_hold(ARRAY(SELECT quarantine_id FROM mine))))"
    )
}

/// Rows of quarantine that came from a device, or name it: `device` is SQL for its name.
fn quarantined(device: &str) -> String {
    format!("signal.quarantine_names(topic, detail, payload, {device})")
}

/// Rows of quarantine that may hold something of the patient `$1`, a uuid as text.
fn broken_while_worn() -> String {
    let named = quarantined("device_id");
    format!(
        "EXISTS (SELECT FROM care.wear JOIN signal.device USING (device_key)
                 WHERE patient_id = $1::text::uuid AND {named}
                   AND (signal.quarantine_may_be_of_wear(reason, received_at, last_received_at, worn_during)
                        OR last_received_at >= lower(worn_during) AND NOT EXISTS (
                            SELECT FROM care.wear AS other WHERE other.device_key = wear.device_key
                               AND other.patient_id <> wear.patient_id AND other.worn_during @> received_at)))"
    )
}
