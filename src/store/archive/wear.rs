//! Wear: who wore what, and when.
//!
//! # Why
//! `care.wear` is guarded by row-level security, which shows nothing, and no error, to a role that no policy names: all
//! samples would silently become nobody's. So whoever reads it asks first whether it sees all of it.

use sqlx::{AssertSqlSafe, PgConnection};

use crate::faults::{Defect, is_injected};
use crate::model::ids::DeviceId;
use crate::model::people::PatientId;
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// One period of wear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WearPeriod {
    /// What was worn.
    pub device: DeviceId,
    /// By whom.
    pub patient: PatientId,
    /// From this moment on.
    pub from: Timestamp,
    /// Until before this moment; `None` while it goes on.
    pub to: Option<Timestamp>,
}

impl WearPeriod {
    /// True for a moment within.
    pub fn holds(&self, moment: Timestamp) -> bool {
        let is_at_end = self.to == Some(moment) && is_injected(Defect::WornAtItsEnd);
        self.from <= moment && (self.to.is_none_or(|to| moment < to) || is_at_end)
    }
}

/// What wear is asked for.
#[derive(Copy, Clone, Debug, Default)]
pub struct WearFilter<'a> {
    /// Of this patient.
    pub patient: Option<&'a PatientId>,
    /// That goes on at this moment or later.
    pub from: Option<Timestamp>,
    /// That began before this moment.
    pub to: Option<Timestamp>,
}

/// Beginning and end of a wear, as SQL: an end that lies for ever ahead is none.
pub(super) const PERIOD: &str = "greatest(lower(worn_during), timestamptz '0001-01-01 00:00Z'),
                                 CASE WHEN upper(worn_during) < 'infinity' THEN upper(worn_during) END";

/// Periods of wear, by device and time.
pub async fn worn(connection: &mut PgConnection, by: WearFilter<'_>) -> Result<Vec<WearPeriod>, StoreError> {
    sees_all(connection).await?;
    type Row = (String, uuid::Uuid, Moment, Option<Moment>);
    let query = format!(
        "SELECT device_id, patient_id, {PERIOD} FROM care.wear JOIN signal.device USING (device_key)
         WHERE ($1::uuid IS NULL OR patient_id = $1) AND worn_during && tstzrange($2, $3)
         ORDER BY device_id COLLATE \"C\", lower(worn_during)"
    );
    let rows: Vec<Row> = sqlx::query_as(AssertSqlSafe(query))
        .bind(by.patient.map(|patient| patient.0))
        .bind(by.from.map(Moment))
        .bind(by.to.map(Moment))
        .fetch_all(connection)
        .await
        .map_err(StoreError::at("reading who wears what"))?;
    rows.into_iter()
        .map(|(device, patient, from, to)| {
            let device =
                DeviceId::parse(&device).map_err(|_| StoreError::BadRow { what: "a device's name must be a name" })?;
            Ok(WearPeriod { device, patient: PatientId(patient), from: from.0, to: to.map(|to| to.0) })
        })
        .collect()
}

/// Fails where row-level security may hide wear from this database user.
pub(super) async fn sees_all(connection: &mut PgConnection) -> Result<(), StoreError> {
    let sees_all: bool =
        sqlx::query_scalar("SELECT NOT row_security_active('care.wear') OR pg_has_role('healthtrack_roller', 'USAGE')")
            .fetch_one(connection)
            .await
            .map_err(StoreError::at("asking whether all wear is seen"))?;
    if sees_all { Ok(()) } else { Err(StoreError::RlsFiltered { what: "care.wear", role: "healthtrack_roller" }) }
}
