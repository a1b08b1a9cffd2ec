//! Devices given to people, passed on and taken back.
//!
//! The functions of the database hold the device while they change who wears it. A correction of an earlier period is
//! an `UPDATE` of `care.wear`, and the database keeps what stood there.

use super::actor::Actor;
use super::context::Operator;
use super::error::CareError;
use crate::model::ids::DeviceId;
use crate::model::people::{PatientId, WearId};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// What becomes of a device.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum WearChange {
    /// A patient wears it from now on; refused while somebody does.
    Assign(PatientId),
    /// It goes from whoever wears it to this patient in one moment; refused where nobody wears it.
    HandOver(PatientId),
    /// Nobody wears it any more; refused where nobody does.
    Return,
}

/// Gives a device, passes it on or takes it back, at a moment; the key of the wear that begins, or that ends.
pub async fn change_wear(
    operator: &mut Operator<'_>,
    device: &DeviceId,
    change: WearChange,
    at: Timestamp,
) -> Result<WearId, CareError> {
    let (connection, failed) = operator.step("handing a device over");
    let query = match change {
        WearChange::Assign(_) => "SELECT care.assign_device($1, $3, $2)",
        WearChange::HandOver(_) => "SELECT care.hand_over_device($1, $3, $2)",
        WearChange::Return => "SELECT care.return_device($1, $2)",
    };
    let query = sqlx::query_scalar(query).bind(device.as_str()).bind(Moment(at));
    let query = match change {
        WearChange::Assign(patient) | WearChange::HandOver(patient) => query.bind(patient),
        WearChange::Return => query,
    };
    query.fetch_one(connection).await.map_err(failed)
}

/// Gives a device to a patient, who wears it from now on; the key of the wear.
///
/// # Errors
/// `wear_device_is_exclusive` while somebody wears it, and the database's: no provider in care acts.
pub async fn give(actor: &mut Actor<'_>, patient: PatientId, device: &DeviceId) -> Result<WearId, CareError> {
    let (connection, token, failed) = actor.write("giving a device to a patient").await?;
    let query =
        sqlx::query_scalar("SELECT api.give_device($1, $2, $3)").bind(token).bind(patient).bind(device.as_str());
    query.fetch_one(connection).await.map_err(failed)
}

/// Takes a device back from a patient in care, who wears it no longer; the key of the wear that ended.
///
/// # Errors
/// `wear_is_open` where nobody in care wears it, and the database's.
pub async fn take_back(actor: &mut Actor<'_>, device: &DeviceId) -> Result<WearId, CareError> {
    let (connection, token, failed) = actor.write("taking a device back").await?;
    let query = sqlx::query_scalar("SELECT api.take_device_back($1, $2)").bind(token).bind(device.as_str());
    query.fetch_one(connection).await.map_err(failed)
}
