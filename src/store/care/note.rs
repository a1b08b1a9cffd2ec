//! Notes: drafted by their author in sections, signed, amended by addenda, cosigned; what was signed is never
//! overwritten.

use sqlx::types::Json;

use super::actor::Actor;
use super::error::CareError;
use super::record::Edited;
use crate::model::people::{EncounterId, NoteId, PatientId, ProviderId, Sensitivity};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// A section of a note.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct NoteSection {
    /// What kind of section, by LOINC.
    pub loinc: String,
    /// Its heading.
    pub title: String,
    /// Its words.
    pub body: String,
}

/// What somebody added to a signed note.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Addendum {
    /// Who.
    pub author_id: ProviderId,
    /// When.
    pub created_at: Timestamp,
    /// What.
    pub body: String,
}

/// A note with its sections and addenda.
#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    /// Key.
    pub note_id: NoteId,
    /// Version, for an edit.
    pub version: i32,
    /// At which visit.
    pub encounter_id: Option<EncounterId>,
    /// What it is called.
    pub title: String,
    /// `draft`, `signed`, `cosigned` or `entered_in_error`.
    pub status: String,
    /// Who wrote it.
    pub author_id: ProviderId,
    /// Who is to sign it too.
    pub cosigner_id: Option<ProviderId>,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was signed.
    pub signed_at: Option<Timestamp>,
    /// When it was signed too.
    pub cosigned_at: Option<Timestamp>,
    /// Why it was an error.
    pub error_reason: Option<String>,
    /// What it is kept apart by; `None` for plain care.
    pub sensitivity: Option<Sensitivity>,
    /// Its sections in their order.
    pub sections: Vec<NoteSection>,
    /// What was added, in its order.
    pub addenda: Vec<Addendum>,
}

type NoteRow = (
    NoteId,
    i32,
    Option<EncounterId>,
    String,
    String,
    ProviderId,
    Option<ProviderId>,
    Moment,
    Option<Moment>,
    Option<Moment>,
    Option<String>,
    Option<Sensitivity>,
    Json<Vec<NoteSection>>,
    Json<Vec<Addendum>>,
);

/// Notes of a patient that were begun before a moment, the latest first, 100 at most; drafts are their author's alone.
///
/// # Errors
/// The database's.
pub async fn read(actor: &mut Actor<'_>, patient: PatientId, before: Timestamp) -> Result<Vec<Note>, CareError> {
    let Some(look) = actor.look(Some(patient), "notes", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading notes")?;
    let rows: Vec<NoteRow> = sqlx::query_as(
        "SELECT note_id, version, encounter_id, title, status, author_id, cosigner_id, created_at, signed_at,
                cosigned_at, error_reason, sensitivity, sections, addenda
         FROM api.read_notes($1, $2, $3, $4)",
    )
    .bind(token)
    .bind(look)
    .bind(patient)
    .bind(Moment(before))
    .fetch_all(connection)
    .await
    .map_err(failed)?;
    Ok(rows.into_iter().map(note).collect())
}

fn note(row: NoteRow) -> Note {
    let (note_id, version, encounter_id, title, status, author_id, cosigner_id, created, signed, cosigned, ..) = row;
    let (.., error_reason, sensitivity, sections, addenda) = row;
    Note {
        note_id,
        version,
        encounter_id,
        title,
        status,
        author_id,
        cosigner_id,
        created_at: created.0,
        signed_at: signed.map(|moment| moment.0),
        cosigned_at: cosigned.map(|moment| moment.0),
        error_reason,
        sensitivity,
        sections: sections.0,
        addenda: addenda.0,
    }
}

/// What a note says.
#[derive(Clone, Debug)]
pub struct NoteWords<'a> {
    /// What it is called.
    pub title: &'a str,
    /// Who is to sign it too; `None` where nobody is.
    pub cosigner: Option<ProviderId>,
    /// Its sections: each by LOINC, its heading, and its words.
    pub sections: Vec<(&'a str, &'a str, &'a str)>,
}

impl<'a> NoteWords<'a> {
    fn columns(&self) -> [Vec<&'a str>; 3] {
        let [mut loincs, mut titles, mut bodies] = [const { Vec::new() }; 3];
        for (loinc, title, body) in &self.sections {
            loincs.push(*loinc);
            titles.push(*title);
            bodies.push(*body);
        }
        [loincs, titles, bodies]
    }
}

/// Begins a note of a kind (by LOINC) as a draft of the acting provider; its key.
///
/// # Errors
/// The database's: a rule refuses a part, or no provider in care acts.
pub async fn draft(
    actor: &mut Actor<'_>,
    patient: PatientId,
    loinc: &str,
    words: &NoteWords<'_>,
) -> Result<NoteId, CareError> {
    let (connection, token, failed) = actor.write("drafting a note").await?;
    let [loincs, titles, bodies] = words.columns();
    sqlx::query_scalar("SELECT api.draft_note($1, $2, NULL, $3, $4, $5, $6, $7, $8, NULL)")
        .bind(token)
        .bind(patient)
        .bind(loinc)
        .bind(words.title)
        .bind(words.cosigner)
        .bind(loincs)
        .bind(titles)
        .bind(bodies)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// Rewrites a draft of the acting provider, if it still is the version that was read.
///
/// # Errors
/// `note_is_never_overwritten` once it is signed, `note_is_a_draft_of_yours`, and the database's.
pub async fn rewrite(
    actor: &mut Actor<'_>,
    note: NoteId,
    version: i32,
    words: &NoteWords<'_>,
) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("writing a draft anew").await?;
    let [loincs, titles, bodies] = words.columns();
    let edited: Option<(bool, i32)> =
        sqlx::query_as("SELECT saved, version FROM api.change_note($1, $2, $3, $4, $5, $6, $7, $8)")
            .bind(token)
            .bind(note)
            .bind(version)
            .bind(words.title)
            .bind(words.cosigner)
            .bind(loincs)
            .bind(titles)
            .bind(bodies)
            .fetch_optional(connection)
            .await
            .map_err(failed)?;
    Ok(Edited::of(edited))
}

/// Signs a note, if it still is the version that was read.
///
/// # Errors
/// `note_is_signed_by_its_author`, `note_says_something_once_signed`, and the database's.
pub async fn sign(actor: &mut Actor<'_>, note: NoteId, version: i32) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("signing a note").await?;
    let query = sqlx::query_as("SELECT saved, version FROM api.sign_note($1, $2, $3)").bind(token);
    let edited = query.bind(note).bind(version).fetch_optional(connection).await.map_err(failed)?;
    Ok(Edited::of(edited))
}

/// Signs a note too, if it still is the version that was read.
///
/// # Errors
/// `note_is_cosigned_by_whom_it_names`, and the database's.
pub async fn cosign(actor: &mut Actor<'_>, note: NoteId, version: i32) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("signing a note too").await?;
    let query = sqlx::query_as("SELECT saved, version FROM api.cosign_note($1, $2, $3)").bind(token);
    let edited = query.bind(note).bind(version).fetch_optional(connection).await.map_err(failed)?;
    Ok(Edited::of(edited))
}

/// Adds to a signed note, which keeps its words.
///
/// # Errors
/// The database's: there is no such note, or it is a draft.
pub async fn add(actor: &mut Actor<'_>, note: NoteId, body: &str) -> Result<(), CareError> {
    let (connection, token, failed) = actor.write("adding to a note").await?;
    let query = sqlx::query("SELECT api.add_addendum($1, $2, $3)").bind(token).bind(note).bind(body);
    query.execute(connection).await.map(drop).map_err(failed)
}

/// Marks a note as an error, with a reason, if it still is the version that was read.
///
/// # Errors
/// `note_error_is_marked_by_who_signs`, `note_error_is_final`, and the database's.
pub async fn mark_as_error(
    actor: &mut Actor<'_>,
    note: NoteId,
    version: i32,
    reason: &str,
) -> Result<Edited, CareError> {
    let (connection, token, failed) = actor.write("marking a note as an error").await?;
    let query = sqlx::query_as("SELECT saved, version FROM api.mark_note_as_error($1, $2, $3, $4)").bind(token);
    let edited = query.bind(note).bind(version).bind(reason).fetch_optional(connection).await.map_err(failed)?;
    Ok(Edited::of(edited))
}
