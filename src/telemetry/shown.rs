//! What the operator's page shows of the metrics, by name; every other name stays with who counts.

/// `healthtrack_archive_failures_total`
pub const ARCHIVE_FAILURES: &str = "healthtrack_archive_failures_total";
/// `healthtrack_archive_lag_seconds`
pub const ARCHIVE_LAG_SECONDS: &str = "healthtrack_archive_lag_seconds";
/// `healthtrack_archive_missing_files`
pub const ARCHIVE_MISSING_FILES: &str = "healthtrack_archive_missing_files";
/// `healthtrack_archive_verified_timestamp_seconds`
pub const ARCHIVE_VERIFIED_TIMESTAMP_SECONDS: &str = "healthtrack_archive_verified_timestamp_seconds";
/// `healthtrack_compaction_failures_total`
pub const COMPACTION_FAILURES: &str = "healthtrack_compaction_failures_total";
/// `healthtrack_compaction_waiting_chunks`
pub const COMPACTION_WAITING_CHUNKS: &str = "healthtrack_compaction_waiting_chunks";
/// `healthtrack_ingest_arrival_to_commit_seconds`
pub const INGEST_ARRIVAL_TO_COMMIT_SECONDS: &str = "healthtrack_ingest_arrival_to_commit_seconds";
/// `healthtrack_ingest_batch_retries_total`
pub const INGEST_BATCH_RETRIES: &str = "healthtrack_ingest_batch_retries_total";
/// `healthtrack_ingest_quarantine_age_seconds`
pub const INGEST_QUARANTINE_AGE_SECONDS: &str = "healthtrack_ingest_quarantine_age_seconds";
/// `healthtrack_ingest_quarantine_bytes`
pub const INGEST_QUARANTINE_BYTES: &str = "healthtrack_ingest_quarantine_bytes";
/// `healthtrack_ingest_quarantine_capped_samples_total`
pub const INGEST_QUARANTINE_CAPPED_SAMPLES: &str = "healthtrack_ingest_quarantine_capped_samples_total";
/// `healthtrack_ingest_quarantine_rows{state="open"}`
pub const INGEST_QUARANTINE_ROWS_OPEN: &str = "healthtrack_ingest_quarantine_rows{state=\"open\"}";
/// `healthtrack_mqtt_sessions_lost_total`
pub const MQTT_SESSIONS_LOST: &str = "healthtrack_mqtt_sessions_lost_total";
/// `healthtrack_mqtt_unacknowledged_messages`
pub const MQTT_UNACKNOWLEDGED_MESSAGES: &str = "healthtrack_mqtt_unacknowledged_messages";
/// `healthtrack_mqtt_unprotected_messages_total`
pub const MQTT_UNPROTECTED_MESSAGES: &str = "healthtrack_mqtt_unprotected_messages_total";
/// `healthtrack_store_commit_seconds`
pub const STORE_COMMIT_SECONDS: &str = "healthtrack_store_commit_seconds";
/// `healthtrack_store_forgotten_total`
pub const STORE_FORGOTTEN: &str = "healthtrack_store_forgotten_total";
/// `healthtrack_store_unreadable_blocks_total`
pub const STORE_UNREADABLE_BLOCKS: &str = "healthtrack_store_unreadable_blocks_total";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::Telemetry;

    #[test]
    fn each_name_is_one_of_a_metric() {
        let telemetry = Telemetry::new().unwrap();
        telemetry.arrival_to_commit.record(1.0);
        telemetry.commit_seconds.record(1.0);
        let text = telemetry.render();
        for name in [
            ARCHIVE_FAILURES,
            ARCHIVE_LAG_SECONDS,
            ARCHIVE_MISSING_FILES,
            ARCHIVE_VERIFIED_TIMESTAMP_SECONDS,
            COMPACTION_FAILURES,
            COMPACTION_WAITING_CHUNKS,
            INGEST_ARRIVAL_TO_COMMIT_SECONDS,
            INGEST_BATCH_RETRIES,
            INGEST_QUARANTINE_AGE_SECONDS,
            INGEST_QUARANTINE_BYTES,
            INGEST_QUARANTINE_CAPPED_SAMPLES,
            INGEST_QUARANTINE_ROWS_OPEN,
            MQTT_SESSIONS_LOST,
            MQTT_UNACKNOWLEDGED_MESSAGES,
            MQTT_UNPROTECTED_MESSAGES,
            STORE_COMMIT_SECONDS,
            STORE_FORGOTTEN,
            STORE_UNREADABLE_BLOCKS,
        ] {
            assert!(text.contains(&format!("\n{name}")), "{name}");
        }
    }
}
