//! What the database holds, read in one snapshot.

use sqlx::{Connection as _, PgConnection, Row as _};

use super::{Aside, Extent, Stored};

/// The device by which a test asks whether all is well again; the judge leaves it out.
pub(crate) const WITNESS: &str = "witness";

/// Samples, blocks and quarantine, as of one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) stored: Vec<Stored>,
    pub(crate) extents: Vec<Extent>,
    pub(crate) aside: Vec<Aside>,
}

/// Reads all of it.
pub(crate) async fn gather(url: &str) -> Evidence {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").execute(&mut connection).await.unwrap();
    let stored = sqlx::query(
        "SELECT device_id, (extract(epoch FROM start_at) * 1000000)::bigint, value FROM signal.sample
         WHERE device_id <> $1",
    )
    .bind(WITNESS)
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let extents = sqlx::query(
        "SELECT series_id, (extract(epoch FROM start_at) * 1000000)::bigint,
                (extract(epoch FROM stop_at) * 1000000)::bigint FROM signal.block",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let aside = sqlx::query("SELECT topic, reason, samples, payload FROM signal.quarantine")
        .fetch_all(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    Evidence {
        stored: stored.iter().map(|row| Stored { device: row.get(0), at_us: row.get(1), value: row.get(2) }).collect(),
        extents: extents
            .iter()
            .map(|row| Extent { series: row.get(0), start_us: row.get(1), stop_us: row.get(2) })
            .collect(),
        aside: aside
            .iter()
            .map(|row| Aside { topic: row.get(0), reason: row.get(1), samples: row.get(2), payload: row.get(3) })
            .collect(),
    }
}
