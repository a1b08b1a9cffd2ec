//! Devices given to people, passed on and taken back.
//!
//! The functions of the database hold the device while they change who wears it. A correction of an earlier period is
//! an `UPDATE` of `care.wear`, and the database keeps what stood there.

use sqlx::PgConnection;
use uuid::Uuid;

use super::refusal::{CareError, Rules};
use crate::model::ids::DeviceId;
use crate::model::time::Timestamp;
use crate::store::StoreError;
use crate::store::moment::Moment;

/// What becomes of a device.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Handover {
    /// A patient wears it from now on; refused while somebody does.
    Assign(Uuid),
    /// It goes from its wearer to this patient in one moment; refused where nobody wears it.
    Over(Uuid),
    /// Nobody wears it any more; refused where nobody does.
    Back,
}

/// Gives a device, passes it on or takes it back, at a moment; the key of the wear that begins, or that ends.
pub async fn hand_device(
    connection: &mut PgConnection,
    device: &DeviceId,
    hand: Handover,
    at: Timestamp,
) -> Result<Uuid, CareError> {
    let rules = Rules::read(connection).await?;
    let query = match hand {
        Handover::Assign(_) => "SELECT care.assign_device($1, $3, $2)",
        Handover::Over(_) => "SELECT care.hand_over_device($1, $3, $2)",
        Handover::Back => "SELECT care.return_device($1, $2)",
    };
    let query = sqlx::query_scalar(query).bind(device.as_str()).bind(Moment(at));
    let query = match hand {
        Handover::Assign(patient) | Handover::Over(patient) => query.bind(patient),
        Handover::Back => query,
    };
    query.fetch_one(connection).await.map_err(|error| rules.explain(StoreError::at("handing a device over")(error)))
}
