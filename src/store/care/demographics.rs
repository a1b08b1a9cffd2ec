//! Demographics: who somebody is, changed by staff; names, addresses and contacts, each from today on.
//!
//! What ends is kept with its period; what was written today is corrected in place.

use super::actor::Actor;
use super::error::CareError;
use super::record::Edited;
use super::registration::{NewAddress, NewContact, NewName};
use crate::model::people::{AddressId, BirthDate, ContactPointId, PatientId, PatientNameId, Sex};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// Who somebody is.
#[derive(Clone, Debug)]
pub struct PatientChange<'a> {
    /// Birth, as far as it is known; `None` where nothing is.
    pub born_on: Option<BirthDate>,
    /// Administrative gender.
    pub sex: Sex,
    /// Where the person's days begin: `America/Chicago`.
    pub time_zone: &'a str,
    /// When the person died; `None` while alive.
    pub deceased_at: Option<Timestamp>,
}

/// Changes a patient's own row, if it still is the version that the editor read.
///
/// # Errors
/// `identity_is_changed_by_staff` where a patient changes more than the time zone, and the database's.
pub async fn change_patient(
    actor: &mut Actor<'_>,
    patient: PatientId,
    version: i32,
    change: &PatientChange<'_>,
) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("changing a patient").await?;
    let edited: Option<(bool, i32)> =
        sqlx::query_as("SELECT saved, version FROM api.change_patient($1, $2, $3, $4, $5, $6, $7)")
            .bind(token)
            .bind(patient)
            .bind(version)
            .bind(&change.born_on)
            .bind(change.sex)
            .bind(change.time_zone)
            .bind(change.deceased_at.map(Moment))
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(Edited::of(edited))
}

/// Gives a patient another name of its use and script from today on, and leaves those in other scripts; the name's key.
///
/// # Errors
/// The database's: a rule refuses a part, or whoever acts may not change it.
pub async fn change_name(
    actor: &mut Actor<'_>,
    patient: PatientId,
    name: &NewName,
) -> Result<PatientNameId, CareError> {
    let (connection, token, failed) = actor.write("changing a name").await?;
    sqlx::query_scalar("SELECT api.change_name($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(token)
        .bind(patient)
        .bind(name.used)
        .bind(&name.family)
        .bind(&name.given)
        .bind(&name.script)
        .bind(&name.language)
        .bind(name.preferred)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Gives a patient another address of its use from today on; the address's key.
///
/// # Errors
/// The database's: a rule refuses a part, or whoever acts may not change it.
pub async fn change_address(
    actor: &mut Actor<'_>,
    patient: PatientId,
    address: &NewAddress,
) -> Result<AddressId, CareError> {
    let (connection, token, failed) = actor.write("changing an address").await?;
    sqlx::query_scalar("SELECT api.change_address($1, $2, $3, $4, $5, $6, $7, coalesce($8, 'US'))")
        .bind(token)
        .bind(patient)
        .bind(address.used)
        .bind(&address.lines)
        .bind(&address.city)
        .bind(&address.state)
        .bind(&address.postal_code)
        .bind(&address.country)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Gives a patient a telephone number or mail address from today on, in place of a former one where it is named; its
/// key.
///
/// # Errors
/// The database's: a rule refuses a part, or whoever acts may not change it.
pub async fn change_contact(
    actor: &mut Actor<'_>,
    patient: PatientId,
    former: Option<ContactPointId>,
    contact: &NewContact,
) -> Result<ContactPointId, CareError> {
    let (connection, token, failed) = actor.write("changing a contact").await?;
    sqlx::query_scalar("SELECT api.change_contact($1, $2, $3, $4, $5, $6, $7)")
        .bind(token)
        .bind(patient)
        .bind(former)
        .bind(contact.system)
        .bind(contact.used)
        .bind(&contact.value)
        .bind(contact.preferred)
        .fetch_one(connection)
        .await
        .map_err(failed)
}
