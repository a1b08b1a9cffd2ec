//! Organisations, departments and categories of the directory, and reviews of providers and facilities.
//!
//! Whoever has an account reads these. A review is told without its author, its visit and its day.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{
    DepartmentId, FacilityId, OrganisationId, OrganisationKind, OrganisationNumberKind, ProviderId, ReviewId,
};
use crate::model::time::Day;

/// No list of reviews answers with more.
pub const REVIEWS_MAX: u16 = 200;

/// A body of law or a part of the network.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Organisation {
    /// Key.
    pub organisation_id: OrganisationId,
    /// What it is a part of; `None` for one that stands by itself.
    pub part_of: Option<OrganisationId>,
    /// How many stand above it.
    pub depth: i16,
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: OrganisationKind,
    /// Telephone.
    pub phone: Option<String>,
    /// Electronic mail.
    pub email: Option<String>,
    /// Its page.
    pub website: Option<String>,
    /// Street and number.
    pub street: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// City.
    pub city_name: Option<String>,
    /// Code of its state.
    pub state_code: Option<String>,
    /// Whether it exists today.
    pub active: bool,
    /// How many open facilities belong to it itself, without those of its parts.
    pub facilities: i64,
}

/// All organisations, each before its parts, or one with its parts; 1000 at most.
///
/// # Errors
/// The database's.
pub async fn list_organisations(
    actor: &mut Actor<'_>,
    within: Option<OrganisationId>,
) -> Result<Vec<Organisation>, CareError> {
    let (connection, token, failed) = actor.ask("listing organisations")?;
    let query = sqlx::query_as("SELECT * FROM api.list_organisations($1, $2)").bind(token).bind(within);
    query.fetch_all(connection).await.map_err(failed)
}

/// A number by which others know an organisation.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct OrganisationNumber {
    /// Which number.
    pub kind: OrganisationNumberKind,
    /// Who gave it.
    pub issuer: String,
    /// The number.
    pub value: String,
    /// First day; `None` where nobody knows.
    pub valid_from: Option<Day>,
    /// Day on which it is valid no more; `None` where it has none.
    pub valid_to: Option<Day>,
}

/// The numbers of an organisation that are valid today.
///
/// # Errors
/// The database's.
pub async fn list_numbers(
    actor: &mut Actor<'_>,
    organisation: OrganisationId,
) -> Result<Vec<OrganisationNumber>, CareError> {
    let (connection, token, failed) = actor.ask("listing numbers of an organisation")?;
    let query = sqlx::query_as("SELECT * FROM api.list_organisation_numbers($1, $2)").bind(token).bind(organisation);
    query.fetch_all(connection).await.map_err(failed)
}

/// A department of a facility.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct Department {
    /// Key.
    pub department_id: DepartmentId,
    /// Word of its kind.
    pub kind: String,
    /// The kind in a few words.
    pub title: String,
    /// Name.
    pub name: String,
    /// Telephone: its own, or else the facility's.
    pub phone: String,
    /// Whether it has hours of its own, and not those of its facility.
    pub has_own_hours: bool,
    /// Whether it is open at this moment.
    pub open_now: bool,
}

/// The departments of a facility that are open for business, by name.
///
/// # Errors
/// The database's.
pub async fn list_departments(actor: &mut Actor<'_>, facility: FacilityId) -> Result<Vec<Department>, CareError> {
    let (connection, token, failed) = actor.ask("listing departments of a facility")?;
    let query = sqlx::query_as("SELECT * FROM api.list_departments($1, $2)").bind(token).bind(facility);
    query.fetch_all(connection).await.map_err(failed)
}

/// Hours of one weekday.
#[derive(Copy, Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct DepartmentHours {
    /// 1 is Monday, 7 is Sunday.
    pub weekday: i16,
    /// Minutes after midnight on the facility's wall clock.
    pub opens_minute: i16,
    /// Minutes after midnight, not included.
    pub closes_minute: i16,
}

/// The hours of a department that has its own; none where it has those of its facility.
///
/// # Errors
/// The database's.
pub async fn list_department_hours(
    actor: &mut Actor<'_>,
    department: DepartmentId,
) -> Result<Vec<DepartmentHours>, CareError> {
    let (connection, token, failed) = actor.ask("listing hours of a department")?;
    let query = sqlx::query_as("SELECT * FROM api.list_department_hours($1, $2)").bind(token).bind(department);
    query.fetch_all(connection).await.map_err(failed)
}

/// The hours of a facility, by weekday.
///
/// # Errors
/// The database's.
pub async fn list_opening_hours(
    actor: &mut Actor<'_>,
    facility: FacilityId,
) -> Result<Vec<DepartmentHours>, CareError> {
    let (connection, token, failed) = actor.ask("listing opening hours")?;
    let query = sqlx::query_as("SELECT * FROM api.list_opening_hours($1, $2)").bind(token).bind(facility);
    query.fetch_all(connection).await.map_err(failed)
}

/// A category of facilities.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct FacilityCategory {
    /// Stable word.
    pub category: String,
    /// A few words for a person.
    pub title: String,
    /// How many open facilities are of it; one counts in each of its categories.
    pub facilities: i64,
}

/// All categories, by title.
///
/// # Errors
/// The database's.
pub async fn list_categories(actor: &mut Actor<'_>) -> Result<Vec<FacilityCategory>, CareError> {
    let (connection, token, failed) = actor.ask("listing categories of facilities")?;
    let query = sqlx::query_as("SELECT * FROM api.list_facility_categories($1)").bind(token);
    query.fetch_all(connection).await.map_err(failed)
}

/// Which reviews; what is `None` does not matter.
#[derive(Clone, Debug, Default)]
pub struct ReviewQuery<'a> {
    /// Of which provider.
    pub provider: Option<ProviderId>,
    /// Of which facility.
    pub facility: Option<FacilityId>,
    /// `pending` or `hidden`, which only its author and moderators see; else what is published.
    pub state: Option<&'a str>,
}

/// A review, without who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct ReviewFound {
    /// Key.
    pub review_id: ReviewId,
    /// Which version this is, to be decided on.
    pub version: i32,
    /// Who gave care.
    pub provider_id: ProviderId,
    /// Where.
    pub facility_id: FacilityId,
    /// Stars for the provider; `None` where only the facility is rated.
    pub provider_stars: Option<i16>,
    /// Stars for the facility; `None` where only the provider is rated.
    pub facility_stars: Option<i16>,
    /// What is said.
    pub body: Option<String>,
    /// `pending`, `published` or `hidden`.
    pub state: String,
    /// Why it is hidden.
    pub moderation: Option<String>,
    /// The first day of the month in which it was written.
    pub written_in: Day,
}

/// Reviews, the newest month first, `REVIEWS_MAX` at most.
///
/// # Errors
/// The database's.
pub async fn list_reviews(actor: &mut Actor<'_>, query: &ReviewQuery<'_>) -> Result<Vec<ReviewFound>, CareError> {
    let (connection, token, failed) = actor.ask("listing reviews")?;
    let query = sqlx::query_as("SELECT * FROM api.list_reviews($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(query.provider)
        .bind(query.facility)
        .bind(query.state)
        .bind(i32::from(REVIEWS_MAX));
    query.fetch_all(connection).await.map_err(failed)
}

/// What a moderator decides about a review.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum ReviewDecision<'a> {
    /// Everybody reads it.
    Publish,
    /// Nobody else does, for this reason.
    Refuse(&'a str),
}

/// Decides about a review, if it still is the version that was read.
///
/// # Errors
/// `review_is_moderated_by_moderators`, `review_is_moderated_as_it_was_read`, `review_is_hidden_for_a_reason`, and the
/// database's.
pub async fn moderate_review(
    actor: &mut Actor<'_>,
    review: ReviewId,
    version: i32,
    decision: ReviewDecision<'_>,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("deciding about a review").await?;
    let (state, why) = match decision {
        ReviewDecision::Publish => ("published", None),
        ReviewDecision::Refuse(why) => ("hidden", Some(why)),
    };
    let query = sqlx::query("SELECT api.moderate_review($1, $2, $3, $4, $5)").bind(token).bind(review).bind(version);
    query.bind(state).bind(why).execute(connection).await.map(drop).map_err(failed)
}
