//! What the database holds, read in one snapshot.

use healthtrack::model::time::Timestamp;
use sqlx::{Connection as _, PgConnection, Row as _};

use super::{Aside, Extent, Stored};

/// The device by which a test asks whether all is well again; the judge leaves it out.
pub(crate) const WITNESS: &str = "witness";

/// The first line of samples as CSV.
const HEADER: &str = "device_id,metric,statistic,start_at,end_at,value,code,unit,\
                      flags,utc_offset_minutes,received_at,revision";

/// Samples, blocks and quarantine, as of one moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    pub(crate) stored: Vec<Stored>,
    pub(crate) extents: Vec<Extent>,
    pub(crate) aside: Vec<Aside>,
}

/// Samples as the verb `samples` gives them: those of both tiers.
pub(crate) fn told(csv: &str) -> Vec<Stored> {
    let stored = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let at_us = Timestamp::parse_rfc3339(cells[3]).unwrap().micros();
        Stored { device: cells[0].to_owned(), at_us, value: cells[5].parse().unwrap() }
    };
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some(HEADER));
    lines.map(stored).filter(|stored| stored.device != WITNESS).collect()
}

/// Reads all of it; of the samples those of the hot table.
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
