//! Insert: rejections and their payloads within the transaction of whoever rejected them.

use std::collections::{BTreeMap, HashMap};

use ring::digest::{SHA256, digest};
use sqlx::PgConnection;

use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

type Digest = [u8; 32];

/// One rejection, to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// When it came.
    pub received_at: Timestamp,
    /// MQTT topic.
    pub topic: String,
    /// MQTT 5 content type.
    pub content_type: Option<String>,
    /// Stable word.
    pub reason: &'static str,
    /// One sentence for a person.
    pub detail: String,
    /// How many samples the rejected part holds.
    pub samples: u64,
    /// When the daemon gives it to itself again; `None` where it does not.
    pub due_at: Option<Timestamp>,
    /// The whole message.
    pub payload: bytes::Bytes,
}

/// What a transaction has added to quarantine: what was there already is counted there, and not here.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq)]
pub struct Added {
    /// Rejections.
    pub rows: u64,
    /// Bytes of payloads.
    pub payload_bytes: u64,
}

/// Writes rows within the caller's transaction, all in one statement; the same bytes for the same reason are counted,
/// not kept twice, and open again.
pub(in crate::store) async fn insert(connection: &mut PgConnection, rows: &[Quarantined]) -> Result<Added, StoreError> {
    if rows.is_empty() {
        return Ok(Added::default());
    }
    let Batch { payloads, rejections } = batch(rows);
    let column = |text: fn(&Quarantined) -> &str| rejections.iter().map(|one| text(one.row)).collect::<Vec<_>>();
    // Each payload is touched even where it is there: the lock keeps it until its new rejection is committed. Whoever
    // has it has its rejections too, so these come in the order of receipt, by which they are numbered.
    let added: (i64, i64) = sqlx::query_as(
        "WITH bytes AS (
             INSERT INTO signal.quarantine_payload AS old (payload_bytes, payload_sha256, payload)
             SELECT length(payload), sha256, payload FROM unnest($1::bytea[], $2::bytea[]) AS new (sha256, payload)
             ON CONFLICT (payload_sha256) DO UPDATE SET payload_bytes = old.payload_bytes
             RETURNING payload_sha256, payload_bytes, xmax = 0 AS is_new),
         rejection AS (
             INSERT INTO signal.quarantine_rejection AS old (received_at, last_received_at, times_received, samples,
                                                             topic, reason, detail, content_type, due_at,
                                                             payload_sha256)
             SELECT received_at, received_at, times, samples, topic, reason, detail, content_type, due_at,
                    payload_sha256
             FROM unnest($3::bytea[], $4::timestamptz[], $5::bigint[], $6::bigint[], $7::text[], $8::text[],
                         $9::text[], $10::text[], $11::timestamptz[]) WITH ORDINALITY
                  AS new (payload_sha256, received_at, times, samples, topic, reason, detail, content_type, due_at,
                          place)
             JOIN bytes USING (payload_sha256) ORDER BY place
             ON CONFLICT (payload_sha256, md5(topic), reason) DO UPDATE SET
                 times_received = old.times_received + excluded.times_received,
                 last_received_at = greatest(old.last_received_at, excluded.last_received_at),
                 samples = greatest(old.samples, excluded.samples),
                 due_at = excluded.due_at, resolved_at = NULL, resolved_by = NULL, resolution = NULL
             RETURNING xmax = 0 AS is_new)
         SELECT (SELECT count(*) FROM rejection WHERE is_new),
                (SELECT coalesce(sum(payload_bytes), 0) FROM bytes WHERE is_new)::bigint",
    )
    .bind(payloads.keys().map(|digest| digest.as_slice()).collect::<Vec<_>>())
    .bind(payloads.values().copied().collect::<Vec<_>>())
    .bind(rejections.iter().map(|one| one.digest.as_slice()).collect::<Vec<_>>())
    .bind(rejections.iter().map(|one| Moment(one.row.received_at)).collect::<Vec<_>>())
    .bind(rejections.iter().map(|one| one.times).collect::<Vec<_>>())
    .bind(rejections.iter().map(|one| i64::try_from(one.row.samples).unwrap_or(i64::MAX)).collect::<Vec<_>>())
    .bind(column(|row| &row.topic))
    .bind(column(|row| row.reason))
    .bind(column(|row| &row.detail))
    .bind(rejections.iter().map(|one| one.row.content_type.as_deref()).collect::<Vec<_>>())
    .bind(rejections.iter().map(|one| one.due_at.map(Moment)).collect::<Vec<_>>())
    .fetch_one(connection)
    .await
    .map_err(StoreError::at("putting messages into quarantine"))?;
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(Added { rows: count(added.0), payload_bytes: count(added.1) })
}

/// What one statement writes.
struct Batch<'a> {
    /// In the order in which they are locked.
    payloads: BTreeMap<Digest, &'a [u8]>,
    rejections: Vec<Repeated<'a>>,
}

/// A rejection, and how often it came: one statement may touch a row once.
struct Repeated<'a> {
    digest: Digest,
    row: &'a Quarantined,
    times: i64,
    /// When all of it is due.
    due_at: Option<Timestamp>,
}

fn batch(rows: &[Quarantined]) -> Batch<'_> {
    let mut batch = Batch { payloads: BTreeMap::new(), rejections: Vec::new() };
    // The rejections of one message share its bytes: they are digested once.
    let mut digests: HashMap<(*const u8, usize), Digest> = HashMap::new();
    let mut places: HashMap<(Digest, &str, &str), usize> = HashMap::new();
    for row in rows {
        let bytes = row.payload.as_ref();
        let digest = *digests.entry((bytes.as_ptr(), bytes.len())).or_insert_with(|| sha256(bytes));
        batch.payloads.insert(digest, bytes);
        let place = *places.entry((digest, &row.topic, row.reason)).or_insert(batch.rejections.len());
        match batch.rejections.get_mut(place) {
            Some(there) => {
                there.times += 1;
                there.due_at = there.due_at.max(row.due_at);
            }
            None => batch.rejections.push(Repeated { digest, row, times: 1, due_at: row.due_at }),
        }
    }
    batch
}

fn sha256(bytes: &[u8]) -> Digest {
    let mut own = Digest::default();
    own.iter_mut().zip(digest(&SHA256, bytes).as_ref()).for_each(|(to, from)| *to = *from);
    own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_two_reasons_is_written_once_and_its_repetitions_are_counted() {
        let row = |reason, payload: &'static str| Quarantined {
            received_at: Timestamp::MIN,
            topic: "ht/1/main/hub/batch".to_owned(),
            content_type: None,
            reason,
            detail: "x".to_owned(),
            samples: 1,
            due_at: None,
            payload: payload.into(),
        };
        let rows = [row("conflict", "a"), row("unknown_unit", "a"), row("conflict", "a"), row("conflict", "b")];
        let batch = batch(&rows);
        assert_eq!(batch.payloads.len(), 2);
        assert_eq!(batch.rejections.iter().map(|one| one.times).collect::<Vec<_>>(), [2, 1, 1]);
        let hello = hex::encode(sha256(b"hello"));
        assert_eq!(hello, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    }
}
