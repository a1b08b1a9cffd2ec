//! Upload: a local file becomes an object under its name, whole and proved, or there is none.
//!
//! ```text
//! check     is it there already, and whole? a roll that was killed after its upload, or an answer that was lost
//! begin     a multipart upload; a note of it in temporary/, so that whoever comes after a kill can end it
//! send      part after part
//! complete  the object has its name from now on
//! prove     the stored bytes are read back, and their SHA-256 is the local file's
//! ```
//!
//! # Why
//! *Read back*, not asked after: a checksum that a store gives for an object (ETag, x-amz-checksum) is what it computed
//! when the bytes came in, or copied from the request; it does not prove what a reader will get, differs between
//! stores, and of an upload in parts it is a checksum of checksums. Reading costs one pass over a file that was just
//! written, once a day, and is the same proof on every store.
//!
//! *Each file in parts*, a short one in a single part: one way, so that the tests of short files test it.
//!
//! *A note of each upload*, since stores keep the parts of one that was never completed, invisibly and for money. Its
//! id is written before the first part is sent. A kill between the two, or an answer that is lost, leaves an upload
//! without a part, which nobody is charged for; what lists uploads is not offered by each store, so that one is left to
//! the bucket's own rule.
//!
//! Invariant: `publish` has ended well only if the stored bytes are the local file's
//! (`bucket::a_store_that_keeps_other_bytes_…` in `tests/it`).

use std::fs::File;
use std::io::Read as _;
use std::path::Path as FilePath;

use object_store::multipart::{MultipartStore as _, PartId};
use object_store::path::Path;
use object_store::{Error, PutMode, PutPayload};
use ring::digest;

use super::bucket::Bucket;
use super::error::{StorageError, failed};
use super::folder;
use super::names::{TEMPORARY, digits};
use super::source::Object;
use crate::archive::file::sha256;
use crate::faults::{Defect, crash_point, is_injected};
use crate::telemetry::chain;

/// What one request carries: above the 5 MiB that every store wants of a part, and soon sent again.
const PART_BYTES: u64 = 8 << 20;
/// What one copy in a store may move, and superseding a file takes one: 4 thousand million samples.
const FILE_BYTES_MAX: u64 = 5 << 30;
/// How often a file is sent before its roll gives up; each request has its retries beside that.
const UPLOADS_MAX: u32 = 3;
/// A name and an id.
const NOTE_BYTES_MAX: u64 = 4_096;

/// A file that is to be stored, as it is on the disk.
struct Local<'a> {
    path: &'a FilePath,
    bytes: u64,
    sha256: digest::Digest,
}

/// Uploads a local file under its name, proves it, and deletes the local one.
pub(super) fn publish(bucket: &Bucket, part: &FilePath, name: &str) -> Result<(), StorageError> {
    let file = File::open(part).map_err(failed("read", part))?;
    let bytes = file.metadata().map_err(failed("read", part))?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(StorageError::TooLong { path: bucket.address(name), bytes, max: FILE_BYTES_MAX });
    }
    let local = Local { path: part, bytes, sha256: sha256(file).map_err(failed("read", part))? };
    if is_stored(bucket, &local, name)? {
        return folder::remove(part);
    }
    let mut tries = 1;
    loop {
        let uploaded = upload(bucket, &local, name);
        crash_point();
        // Whatever was answered: the answer of a whole upload may have been lost.
        let is_whole = is_injected(Defect::TrustUpload) && uploaded.is_ok() || is_stored(bucket, &local, name)?;
        match uploaded {
            _ if is_whole => return folder::remove(part),
            Err(error) if tries == UPLOADS_MAX => return Err(error),
            Ok(()) if tries == UPLOADS_MAX => return Err(StorageError::Altered { path: bucket.address(name), tries }),
            Err(error) => tracing::warn!(
                archive.file = name,
                upload.tries = tries,
                "an upload failed, retrying: {}",
                chain(&error)
            ),
            Ok(()) => {
                tracing::warn!(archive.file = name, upload.tries = tries, "the store altered an upload, retrying");
            }
        }
        tries += 1;
    }
}

/// True where the store has exactly these bytes under the name.
fn is_stored(bucket: &Bucket, local: &Local<'_>, name: &str) -> Result<bool, StorageError> {
    match bucket.head(name)? {
        Some(found) if found.size == local.bytes => {}
        _ => return Ok(false),
    }
    let stored = sha256(Object::new(bucket.clone(), name, local.bytes).read_from(0));
    let stored = stored.map_err(|error| match error.downcast() {
        Ok(error) => error,
        Err(source) => StorageError::Io { what: "read back", path: bucket.address(name), source },
    })?;
    Ok(stored.as_ref() == local.sha256.as_ref())
}

/// Sends the file, and completes the upload.
fn upload(bucket: &Bucket, local: &Local<'_>, name: &str) -> Result<(), StorageError> {
    let key = bucket.key(name)?;
    let begun = key.clone();
    let id = bucket.client.ask(|store| async move { store.create_multipart(&begun).await });
    let id = id.map_err(bucket.failed("begin to upload", name))?;
    crash_point();
    let note = note_of(name, &id);
    let noted = bucket.put(&note, format!("{name}\n{id}\n"), PutMode::Overwrite);
    let sent = noted.map_err(bucket.failed("write", &note)).and_then(|_| {
        crash_point();
        send(bucket, local, name, &key, &id)
    });
    if let Err(error) = sent {
        // As well as it can: what is left has its note.
        let _ = end(bucket, name, &id, &note);
        return Err(error);
    }
    crash_point();
    bucket.delete(&note)
}

fn send(bucket: &Bucket, local: &Local<'_>, name: &str, key: &Path, id: &str) -> Result<(), StorageError> {
    let mut file = File::open(local.path).map_err(failed("read", local.path))?;
    let mut parts: Vec<PartId> = Vec::new();
    loop {
        let mut bytes = Vec::new();
        (&mut file).take(PART_BYTES).read_to_end(&mut bytes).map_err(failed("read", local.path))?;
        if bytes.is_empty() {
            break;
        }
        let (key, id, place) = (key.clone(), id.to_owned(), parts.len());
        let payload = PutPayload::from(bytes);
        let sent = bucket.client.ask(|store| async move { store.put_part(&key, &id, place, payload).await });
        parts.push(sent.map_err(bucket.failed("upload", name))?);
        crash_point();
    }
    let (key, id) = (key.clone(), id.to_owned());
    let completed = bucket.client.ask(|store| async move { store.complete_multipart(&key, &id, parts).await });
    completed.map(drop).map_err(bucket.failed("complete the upload of", name))
}

/// Ends uploads that were begun and never completed, by their notes; how many those were.
pub(super) fn end_unfinished(bucket: &Bucket, folder: &str) -> Result<u64, StorageError> {
    let mut ended = 0;
    for (short, _) in bucket.list(folder)? {
        let note = format!("{folder}/{short}");
        let text = bucket.read_small(&note, NOTE_BYTES_MAX)?.unwrap_or_default();
        match text.lines().collect::<Vec<_>>()[..] {
            [name, id] => end(bucket, name, id, &note)?,
            _ => bucket.delete(&note)?,
        }
        ended += 1;
    }
    Ok(ended)
}

/// Ends an upload and deletes its note. Where it is complete or ended already, there is nothing to end.
fn end(bucket: &Bucket, name: &str, id: &str, note: &str) -> Result<(), StorageError> {
    let (key, owned) = (bucket.key(name)?, id.to_owned());
    match bucket.client.ask(|store| async move { store.abort_multipart(&key, &owned).await }) {
        Ok(()) | Err(Error::NotFound { .. }) => {}
        // Some stores say so of an upload that is no more.
        Err(Error::PermissionDenied { .. }) => {
            tracing::warn!(
                archive.file = name,
                "not allowed to abort an unfinished upload; a lifecycle rule of the bucket should do it"
            );
        }
        Err(error) => return Err(bucket.failed("end the upload of", name)(error)),
    }
    bucket.delete(note)
}

/// The name of a note: of the file, and of this upload of it.
fn note_of(name: &str, id: &str) -> String {
    let digest = digest::digest(&digest::SHA256, id.as_bytes());
    format!("{TEMPORARY}/{}-{}.upload", name.replace('/', "."), digits(digest.as_ref()))
}
