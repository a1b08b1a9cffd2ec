//! Documents: sealed bytes beside a record, addressed by what they hold.
//!
//! Bytes come here encrypted and go from here encrypted (`security::envelope`, for the cell `care.document_content`,
//! `body`, the document's key). The key of a document is made before it is stored, because the bytes are bound to it.

use sqlx::PgConnection;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::{DocumentId, EncounterId, PatientId, Sensitivity};
use crate::model::time::Timestamp;
use crate::store::moment::Moment;

/// A document that is to be attached.
#[derive(Clone, Debug)]
pub struct NewDocument<'a> {
    /// Its key, to which the bytes are bound.
    pub document: DocumentId,
    /// The visit that it is of; `None` where it is of none.
    pub encounter: Option<EncounterId>,
    /// The document in whose place it stands; `None` for a first one.
    pub supersedes: Option<DocumentId>,
    /// When it was written, as it says.
    pub documented_at: Timestamp,
    /// What kind of document it is, by LOINC.
    pub type_loinc: &'a str,
    /// What it is called.
    pub title: &'a str,
    /// One of the media types that the database takes.
    pub media_type: &'a str,
    /// How large it is before it is sealed.
    pub size_bytes: i32,
    /// The bytes, encrypted.
    pub body: &'a [u8],
    /// The category by which it is kept apart; `None` for plain care.
    pub sensitivity: Option<Sensitivity>,
}

/// A document as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx_macros::FromRow)]
pub struct SealedDocument {
    /// What it is.
    pub media_type: String,
    /// `database`, or `store`: outside, under the address.
    pub place: String,
    /// SHA-256 of the sealed bytes.
    pub sealed_sha256: Vec<u8>,
    /// The bytes, encrypted; `None` where they lie elsewhere.
    pub body: Option<Vec<u8>>,
}

/// A key for a document that is about to be encrypted and attached.
///
/// # Errors
/// The database's.
pub async fn next_key(actor: &mut Actor<'_>) -> Result<DocumentId, CareError> {
    let (connection, token, failed) = actor.ask("making a key for a document")?;
    sqlx::query_scalar("SELECT api.make_key($1)").bind(token).fetch_one(connection).await.map_err(failed)
}

/// Attaches a document to a record; its key.
///
/// # Errors
/// `document_content_is_sealed`, `document_is_sealed_by_a_key`, `document_size_is_its_contents`,
/// `document_media_type_is_known`, `document_supersedes_a_current_one`, `documents_of_an_account_are_few`, and the
/// database's.
pub async fn attach(
    actor: &mut Actor<'_>,
    patient: PatientId,
    document: &NewDocument<'_>,
) -> Result<DocumentId, CareError> {
    let (connection, token, failed) = actor.write("attaching a document").await?;
    sqlx::query_scalar("SELECT api.attach_document($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
        .bind(token)
        .bind(document.document)
        .bind(patient)
        .bind(document.encounter)
        .bind(document.supersedes)
        .bind(Moment(document.documented_at))
        .bind(document.type_loinc)
        .bind(document.title)
        .bind(document.media_type)
        .bind(document.size_bytes)
        .bind(document.body)
        .bind(document.sensitivity)
        .fetch_one(connection)
        .await
        .map_err(failed)
}

/// A document as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentLine {
    /// Key.
    pub document_id: DocumentId,
    /// When it was written, as it says.
    pub documented_at: Timestamp,
    /// What it is called.
    pub title: String,
    /// What it is.
    pub media_type: String,
    /// How large it is.
    pub size_bytes: i32,
    /// `current`, `superseded` or `entered_in_error`.
    pub status: String,
    /// `database`, or `store`: outside.
    pub place: String,
    /// Who attached it, by name or part.
    pub author: Option<String>,
    /// What it is kept apart by; `None` for plain care.
    pub sensitivity: Option<Sensitivity>,
}

type DocumentRow = (
    DocumentId,
    i32,
    Moment,
    String,
    String,
    String,
    i32,
    String,
    String,
    Option<String>,
    Option<uuid::Uuid>,
    Option<uuid::Uuid>,
    Option<Sensitivity>,
);

/// Documents of a patient, the latest first; those before the last line of the page before; 500 at most.
///
/// # Errors
/// The database's.
pub async fn documents(
    actor: &mut Actor<'_>,
    patient: PatientId,
    before: Option<(Timestamp, DocumentId)>,
    rows_max: u16,
) -> Result<Vec<DocumentLine>, CareError> {
    let Some(look) = actor.look(Some(patient), "documents", None).await? else { return Ok(Vec::new()) };
    let (connection, token, failed) = actor.ask("reading documents")?;
    let query = sqlx::query_as("SELECT * FROM api.read_documents($1, $2, $3, $4, $5, $6)").bind(token).bind(look);
    let query = query.bind(patient).bind(before.map(|(at, _)| Moment(at))).bind(before.map(|(_, key)| key));
    let rows: Vec<DocumentRow> = query.bind(i32::from(rows_max)).fetch_all(connection).await.map_err(failed)?;
    let line = |row: DocumentRow| {
        let (document_id, _, at, _, title, media_type, size_bytes, status, place, author, _, _, sensitivity) = row;
        let documented_at = at.0;
        DocumentLine { document_id, documented_at, title, media_type, size_bytes, status, place, author, sensitivity }
    };
    Ok(rows.into_iter().map(line).collect())
}

/// A document with its sealed bytes; `None` where there is none for whoever acts, or where it was an error.
///
/// # Errors
/// The database's.
pub async fn find(
    actor: &mut Actor<'_>,
    patient: PatientId,
    document: DocumentId,
) -> Result<Option<SealedDocument>, CareError> {
    let Some(look) = actor.look(Some(patient), "documents", None).await? else { return Ok(None) };
    let (connection, token, failed) = actor.ask("reading a document")?;
    sqlx::query_as("SELECT media_type, place, sealed_sha256, body FROM api.read_document($1, $2, $3, $4)")
        .bind(token)
        .bind(look)
        .bind(patient)
        .bind(document)
        .fetch_optional(connection)
        .await
        .map_err(failed)
}

/// The same as `attach` where a made-up network is made.
pub(in crate::store) async fn insert(
    connection: &mut PgConnection,
    patient: PatientId,
    document: &NewDocument<'_>,
) -> Result<(), sqlx::Error> {
    sqlx::query("INSERT INTO care.document_content (patient_id, sealed_sha256, body) VALUES ($1, sha256($2), $2)")
        .bind(patient)
        .bind(document.body)
        .execute(&mut *connection)
        .await?;
    let query = sqlx::query(
        "INSERT INTO care.document (document_id, patient_id, documented_at, type_loinc, title, media_type, size_bytes,
                                    sealed_sha256)
         VALUES ($1, $2, $3, $4, $5, $6, $7, sha256($8))",
    );
    let query = query.bind(document.document).bind(patient).bind(Moment(document.documented_at));
    let query = query.bind(document.type_loinc).bind(document.title).bind(document.media_type);
    query.bind(document.size_bytes).bind(document.body).execute(connection).await.map(drop)
}
