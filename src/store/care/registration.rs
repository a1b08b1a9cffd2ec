//! Registration: a person with names, addresses, contacts and identifiers, whole or not at all.

use sqlx::types::Json;
use uuid::Uuid;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{
    AddressUse, BirthDate, ContactSystem, ContactUse, FacilityId, IdentifierSystem, NameUse, PatientId, Sex,
};

/// A person to be registered.
#[derive(Clone, Debug, serde::Serialize)]
pub struct NewPatient {
    /// Birth, as far as it is known; `None` where nothing is.
    pub born_on: Option<BirthDate>,
    /// Administrative gender.
    pub sex: Sex,
    /// Where the person's days begin: `America/Chicago`.
    pub time_zone: String,
    /// Names; one of them official, or one official name in several scripts.
    pub names: Vec<NewName>,
    /// Where the person lives, works and gets bills.
    pub addresses: Vec<NewAddress>,
    /// Telephone and mail; the preferred one of each is tried first, the others in their order.
    pub contacts: Vec<NewContact>,
    /// Numbers by which others know the person.
    pub identifiers: Vec<NewIdentifier>,
}

/// A name.
#[derive(Clone, Debug, serde::Serialize)]
pub struct NewName {
    /// What it is used for.
    #[serde(rename = "use")]
    pub used: NameUse,
    /// Family name; `None` where the person has none.
    pub family: Option<String>,
    /// Given names, in their order; none where the family name is all.
    pub given: Vec<String>,
    /// Script by ISO 15924, such as `Jpan`; `None` is told by the letters.
    pub script: Option<String>,
    /// Language by BCP 47, such as `ja`.
    pub language: Option<String>,
    /// Whether lists show this one among the scripts of its use; without a word of it, the first.
    pub preferred: bool,
}

impl NewName {
    /// A name in the script of its letters.
    pub fn of(used: NameUse, family: Option<&str>, given: &[&str]) -> NewName {
        NewName {
            used,
            family: family.map(str::to_owned),
            given: given.iter().map(|name| (*name).to_owned()).collect(),
            script: None,
            language: None,
            preferred: false,
        }
    }
}

/// An address.
#[derive(Clone, Debug, serde::Serialize)]
pub struct NewAddress {
    /// What it is used for.
    #[serde(rename = "use")]
    pub used: AddressUse,
    /// Street and house.
    pub lines: Vec<String>,
    /// City.
    pub city: String,
    /// State; `None` where the country has none.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country by ISO 3166-1; `None` is US.
    pub country: Option<String>,
}

/// A telephone number or mail address.
#[derive(Clone, Debug, serde::Serialize)]
pub struct NewContact {
    /// How the person is reached.
    pub system: ContactSystem,
    /// Where the person is reached.
    #[serde(rename = "use")]
    pub used: ContactUse,
    /// Number by E.164, or mail address.
    pub value: String,
    /// Whether it is the one to be reached by.
    pub preferred: bool,
}

/// A number by which somebody else knows the person.
#[derive(Clone, Debug, serde::Serialize)]
pub struct NewIdentifier {
    /// Whose record number; `None` for every other system.
    pub facility_id: Option<FacilityId>,
    /// Whose number it is.
    pub system: IdentifierSystem,
    /// The number.
    pub value: String,
}

/// Somebody known who may be the person that was proposed.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Match {
    /// Key of the finding, which is no patient's.
    #[sqlx(rename = "match")]
    pub found: Uuid,
    /// Family name; `None` where the person has none.
    pub family: Option<String>,
    /// Given names; `None` where the person has no name.
    pub given: Option<Vec<String>>,
    /// Year of birth; `None` where it is not known.
    pub born_in: Option<i32>,
    /// Where the person lives.
    pub town: Option<String>,
}

/// Proposes a person, which is audited and kept at once, for five minutes; the proposal's key.
///
/// # Errors
/// `patient_is_registered_by_staff`, `registrations_of_an_account_are_few`, and the database's.
pub async fn propose_patient(actor: &mut Actor<'_>, patient: &NewPatient) -> Result<Uuid, CareError> {
    let (connection, token, failed) = actor.ask("proposing a patient")?;
    sqlx::query_scalar("SELECT api.propose_patient($1, $2)")
        .bind(token)
        .bind(Json(patient))
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Who may be the person that this session has proposed, the likest first.
///
/// # Errors
/// `proposal_is_recorded`, and the database's.
pub async fn matches(actor: &mut Actor<'_>, proposal: Uuid) -> Result<Vec<Match>, CareError> {
    let (connection, token, failed) = actor.ask("looking for the same person")?;
    sqlx::query_as("SELECT match, family, given, born_in, town FROM api.read_matches($1, $2)")
        .bind(token)
        .bind(proposal)
        .fetch_all(connection)
        .await
        .map_err(failed)
}

/// Takes one of those who were found instead of registering anew; the patient's key, which opens nothing by itself.
///
/// # Errors
/// `proposal_is_recorded`, `match_is_of_the_proposal`, and the database's.
pub async fn choose_match(actor: &mut Actor<'_>, proposal: Uuid, found: Uuid) -> Result<PatientId, CareError> {
    let (connection, token, failed) = actor.write("choosing the same person").await?;
    sqlx::query_scalar("SELECT api.choose_match($1, $2, $3)")
        .bind(token)
        .bind(proposal)
        .bind(found)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Registers the person that this session has proposed, with all parts or nothing; the new key.
///
/// # Errors
/// `proposal_is_recorded`, and the database's: a rule refuses a part.
pub async fn register_proposed(actor: &mut Actor<'_>, proposal: Uuid) -> Result<PatientId, CareError> {
    let (connection, token, failed) = actor.write("registering a patient").await?;
    sqlx::query_scalar("SELECT api.register_patient($1, $2)")
        .bind(token)
        .bind(proposal)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Registers a person with all parts, or nothing; the new key.
///
/// The person is proposed first, in a transaction of its own that is audited: a refusal may tell that a number is
/// known here. So this comes before what else the actor writes.
///
/// # Errors
/// The database's: a rule refuses a part, whoever acts may not register, or has proposed too many within a day.
pub async fn register_patient(actor: &mut Actor<'_>, patient: &NewPatient) -> Result<PatientId, CareError> {
    let proposal = propose_patient(actor, patient).await?;
    register_proposed(actor, proposal).await
}
