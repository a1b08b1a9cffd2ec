//! What waits for the acting provider: notes and results to be signed, and patients of whom nothing was heard for
//! longer than usual.

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::PatientId;
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// What somebody waits for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// A draft of the acting provider's, to be finished and signed.
    Draft,
    /// A note of another, to be signed too.
    Cosignature,
    /// A preliminary result of an own order, to be signed.
    Result,
    /// A device that has fallen silent.
    Silent,
}

/// One of the lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedLine {
    /// What it waits for.
    pub kind: WaitsFor,
    /// Of whom it is.
    pub patient: PatientId,
    /// Key of the note or result; `None` for a device.
    pub row: Option<uuid::Uuid>,
    /// Family name and given names; `None` where no official name is valid today.
    pub name: Option<(Option<String>, Vec<String>)>,
    /// What the note or result is called.
    pub title: Option<String>,
    /// Since when it waits, or when the device was heard last; `None` for one that never was.
    pub at: Option<Timestamp>,
    /// How many of this kind there are in all.
    pub of_kind: i64,
}

type UnfinishedRow =
    (String, PatientId, Option<uuid::Uuid>, Option<String>, Option<Vec<String>>, Option<String>, Option<Moment>, i64);

/// What waits, so many lines of each kind at most: what is to be signed with the oldest first, devices with the one
/// that fell silent last.
///
/// # Errors
/// The database's.
pub async fn unfinished(actor: &mut Actor<'_>, rows_max: u16) -> Result<Vec<UnfinishedLine>, CareError> {
    let Some(look) = actor.look(None, "unfinished", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading what waits")?;
    let query = sqlx::query_as("SELECT * FROM api.read_unfinished($1, $2, NULL, $3)").bind(token).bind(look);
    let rows: Vec<UnfinishedRow> = query.bind(i32::from(rows_max)).fetch_all(connection).await.map_err(failed)?;
    Ok(rows.into_iter().filter_map(line_of).collect())
}

fn line_of((kind, patient, row, family, given, title, at, of_kind): UnfinishedRow) -> Option<UnfinishedLine> {
    let kind = match kind.as_str() {
        "draft" => WaitsFor::Draft,
        "cosign" => WaitsFor::Cosignature,
        "result" => WaitsFor::Result,
        "silent" => WaitsFor::Silent,
        _ => return None,
    };
    let name = given.map(|given| (family, given));
    Some(UnfinishedLine { kind, patient, row, name, title, at: at.map(|at| at.0), of_kind })
}
