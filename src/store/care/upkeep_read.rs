//! What is kept of a facility and of the network, as whoever keeps it changes it: each row with all that a form asks,
//! beside its version.
//!
//! What is done with it stands in `upkeep_department`, `upkeep_organisation`, `catalogue` and `catalogue_insurance`.

use sqlx::Row;
use sqlx::postgres::PgRow;
use uuid::Uuid;

use super::actor::Actor;
use super::catalogue::WordList;
use super::error::CareError;
use crate::model::people::{FacilityId, InsurerId, OrganisationId, OrganisationKind};
use crate::model::time::{Day, Timestamp};
use crate::store::moment::Moment;

/// A department, a room, a piece of equipment, or an outage of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PremisesRow {
    /// department, room, equipment or `equipment_outage`.
    pub relation: String,
    /// Key.
    pub row_id: Uuid,
    /// To be given where it is changed; 0 for a room, which has none.
    pub version: i32,
    /// In which department a room is; of which piece of equipment an outage.
    pub part_of: Option<Uuid>,
    /// By the network's lists.
    pub kind: Option<String>,
    /// What it is called; why there is an outage.
    pub name: String,
    /// Of a department.
    pub phone: Option<String>,
    /// First day of use.
    pub first_on: Option<Day>,
    /// First day on which it is no more.
    pub stop_on: Option<Day>,
    /// When an outage begins.
    pub since: Option<Timestamp>,
    /// When it ends, where that is known.
    pub until: Option<Timestamp>,
}

/// Departments, rooms, equipment and outages that stand at a facility, by name; 5,000 at most.
///
/// # Errors
/// `facility_is_kept_by_its_manager`, and the database's.
pub async fn premises(actor: &mut Actor<'_>, facility: FacilityId) -> Result<Vec<PremisesRow>, CareError> {
    let (connection, token, failed) = actor.ask("listing what is at a facility")?;
    let query = sqlx::query("SELECT * FROM api.list_premises($1, $2)").bind(token).bind(facility);
    let rows = query.fetch_all(connection).await.map_err(&failed)?;
    let line = |row: &PgRow| {
        Ok(PremisesRow {
            relation: row.try_get("relation")?,
            row_id: row.try_get("row_id")?,
            version: row.try_get("version")?,
            part_of: row.try_get("part_of")?,
            kind: row.try_get("kind")?,
            name: row.try_get("name")?,
            phone: row.try_get("phone")?,
            first_on: row.try_get("first_on")?,
            stop_on: row.try_get("stop_on")?,
            since: row.try_get::<Option<Moment>, _>("since")?.map(|at| at.0),
            until: row.try_get::<Option<Moment>, _>("until")?.map(|at| at.0),
        })
    };
    rows.iter().map(line).collect::<Result<_, _>>().map_err(failed)
}

/// Words of a list and what people read, by title; 1,000 at most.
///
/// # Errors
/// The database's.
pub async fn terms(actor: &mut Actor<'_>, list: WordList) -> Result<Vec<(String, String)>, CareError> {
    let (connection, token, failed) = actor.ask("listing words")?;
    let query = sqlx::query_as("SELECT word, title FROM api.list_terms($1, $2)").bind(token).bind(list.word());
    query.fetch_all(connection).await.map_err(failed)
}

/// An insurer.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct InsurerEntry {
    /// Key.
    pub insurer_id: InsurerId,
    /// To be given where it is changed.
    pub version: i32,
    /// Name.
    pub name: String,
    /// Telephone.
    pub phone: Option<String>,
    /// Page.
    pub website: Option<String>,
    /// How many of its plans are sold.
    pub plans: i64,
}

/// Insurers, by name; 2,000 at most.
///
/// # Errors
/// The database's.
pub async fn insurers(actor: &mut Actor<'_>) -> Result<Vec<InsurerEntry>, CareError> {
    let (connection, token, failed) = actor.ask("listing insurers")?;
    let query = sqlx::query_as("SELECT * FROM api.list_insurers($1)").bind(token);
    query.fetch_all(connection).await.map_err(failed)
}

/// An organisation, as it is changed.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct OrganisationEntry {
    /// To be given where it is changed.
    pub version: i32,
    /// Of which it is a part.
    pub part_of: Option<OrganisationId>,
    /// What it is.
    pub kind: OrganisationKind,
    /// Name.
    pub name: String,
    /// Street and number.
    pub street: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country by ISO 3166-1.
    pub country: Option<String>,
    /// State by its letters.
    pub state: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Electronic mail.
    pub email: Option<String>,
    /// Page.
    pub website: Option<String>,
    /// First day.
    pub first_on: Option<Day>,
    /// Day before which it ends.
    pub stop_on: Option<Day>,
}

/// One organisation; `None` where there is no such.
///
/// # Errors
/// The database's.
pub async fn organisation(
    actor: &mut Actor<'_>,
    organisation: OrganisationId,
) -> Result<Option<OrganisationEntry>, CareError> {
    let (connection, token, failed) = actor.ask("reading an organisation")?;
    let query = sqlx::query_as("SELECT * FROM api.read_organisation($1, $2)").bind(token).bind(organisation);
    query.fetch_optional(connection).await.map_err(failed)
}
