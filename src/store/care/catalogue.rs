//! The network's catalogues, as its administrators keep them.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{MedicationId, QuestionnaireId, Sensitivity};
use crate::model::time::Day;

/// A list of words.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum WordList {
    /// Categories of facilities.
    FacilityCategory,
    /// Services that facilities offer.
    Service,
    /// Roles of staff.
    StaffRole,
    /// Kinds of departments.
    DepartmentKind,
    /// Kinds of rooms and equipment that visits need.
    ResourceKind,
}

impl WordList {
    pub(super) fn word(self) -> &'static str {
        match self {
            WordList::FacilityCategory => "facility_category",
            WordList::Service => "service",
            WordList::StaffRole => "staff_role",
            WordList::DepartmentKind => "department_kind",
            WordList::ResourceKind => "resource_kind",
        }
    }
}

/// A plan of membership.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct MembershipPlan<'a> {
    /// Word.
    pub plan: &'a str,
    /// A few words for a person.
    pub title: &'a str,
    /// How many days ahead its members book.
    pub lead_days: i32,
    /// How many days they wait for an offer.
    pub patience_days: i32,
    /// Whether times are kept for them.
    pub priority: bool,
    /// Whether they see providers by video.
    pub telehealth: bool,
    /// Whether they have personal plans.
    pub personal_plans: bool,
}

/// A price of the list.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Price<'a> {
    /// Code.
    pub charge_code: &'a str,
    /// What for.
    pub title: &'a str,
    /// In hundredths of the currency.
    pub cents: i64,
    /// Currency by ISO 4217.
    pub currency: &'a str,
    /// First day on which it is not charged any more.
    pub retired_on: Option<Day>,
}

/// A medicine.
#[derive(Copy, Clone, Debug, PartialEq)]
pub struct NewMedication<'a> {
    /// `rxnorm` or `atc`, and the code there.
    pub code: (&'a str, &'a str),
    /// Name.
    pub name: &'a str,
    /// Substance, in small letters.
    pub ingredient: &'a str,
    /// Form: `tablet`.
    pub form: &'a str,
    /// Strength with its unit by UCUM.
    pub strength: Option<(f64, &'a str)>,
}

/// Says from which day on a questionnaire is not answered any more; `None` where it is in use again.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `row_is_changed_as_it_was_read`, and the database's.
pub async fn retire_questionnaire(
    actor: &mut Actor<'_>,
    questionnaire: QuestionnaireId,
    retired_on: Option<Day>,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("retiring a questionnaire").await?;
    sqlx::query("SELECT api.retire_questionnaire($1, $2, $3)")
        .bind(token)
        .bind(questionnaire)
        .bind(retired_on)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Adds a word to a list, or titles it anew.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, and the database's.
pub async fn keep_term(actor: &mut Actor<'_>, list: WordList, word: &str, title: &str) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("keeping a list of words").await?;
    sqlx::query("SELECT api.keep_term($1, $2, $3, $4)")
        .bind(token)
        .bind(list.word())
        .bind(word)
        .bind(title)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Adds a plan of membership, or says anew what its members may.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, and the database's.
pub async fn keep_membership_plan(actor: &mut Actor<'_>, plan: &MembershipPlan<'_>) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("keeping a plan of membership").await?;
    sqlx::query("SELECT api.keep_membership_plan($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(token)
        .bind(plan.plan)
        .bind(plan.title)
        .bind(plan.lead_days)
        .bind(plan.patience_days)
        .bind(plan.priority)
        .bind(plan.telehealth)
        .bind(plan.personal_plans)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Adds a price to the list, changes it for invoices to come, or ends it.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, and the database's.
pub async fn keep_price(actor: &mut Actor<'_>, price: &Price<'_>) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("keeping a price").await?;
    sqlx::query("SELECT api.keep_charge_code($1, $2, $3, $4, $5, $6)")
        .bind(token)
        .bind(price.charge_code)
        .bind(price.title)
        .bind(price.cents)
        .bind(price.currency)
        .bind(price.retired_on)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Adds a medicine that can be prescribed; its key.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, `medication_is_listed_once`, and the database's.
pub async fn add_medication(actor: &mut Actor<'_>, new: &NewMedication<'_>) -> Result<MedicationId, CareError> {
    let (connection, token, failed) = actor.write("adding a medicine").await?;
    sqlx::query_scalar("SELECT api.add_medication($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(token)
        .bind(new.code.0)
        .bind(new.code.1)
        .bind(new.name)
        .bind(new.ingredient)
        .bind(new.form)
        .bind(new.strength.map(|strength| strength.0))
        .bind(new.strength.map(|strength| strength.1))
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Lets a code of LOINC be measured in a unit, or says anew what nobody can have.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, and the database's.
pub async fn keep_loinc_unit(
    actor: &mut Actor<'_>,
    loinc: &str,
    unit: &str,
    bounds: (Option<f64>, Option<f64>),
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("keeping a unit").await?;
    sqlx::query("SELECT api.keep_loinc_unit($1, $2, $3, $4, $5)")
        .bind(token)
        .bind(loinc)
        .bind(unit)
        .bind(bounds.0)
        .bind(bounds.1)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// Keeps rows to come with this code apart.
///
/// # Errors
/// `network_is_kept_by_an_administrator`, and the database's.
pub async fn add_sensitive_code(
    actor: &mut Actor<'_>,
    code: (&str, &str),
    sensitivity: Sensitivity,
) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("adding a code that is kept apart").await?;
    sqlx::query("SELECT api.add_sensitive_code($1, $2, $3, $4)")
        .bind(token)
        .bind(code.0)
        .bind(code.1)
        .bind(sensitivity)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}
