//! Claim: which database may change an archive, and that it knows the archive's newest state.
//!
//! ```text
//! archive.id        which history of databases the archive belongs to     never changes
//! archive.claim     which database of that history has changed it last,   each roll and each erasure writes it
//!                   and a nonce that only this one knows
//! announce          the next nonce into signal.archive_claim              beside the last one
//! write             the next nonce into archive.claim                     in a bucket: unless another has
//! settle            the next nonce is the last one                        and only now the archive is changed
//! ```
//!
//! # Why
//! A database that is restored from a backup, and a copy of one for staging, bear the archive's id, and their
//! manifests lack what was archived since: to them these files are leftovers, and files that they believe live have
//! been replaced. So before anything changes in the archive, its claim must name this database and a nonce that it
//! knows. Where it does not, nothing is changed and an operator must say which of the two it is, for nobody else can
//! know: a copy needs an archive of its own, and a restored database takes the archive over (`restore`).
//!
//! *Killed between the steps*, the database knows both nonces that the archive may show; where it shows the one that
//! was announced, that is settled before another is drawn, so that whoever is killed again still knows both. *A copy of
//! the server's files* has the same identity; it is told by the nonce, and so whichever of the two rolls first keeps
//! the archive. *What was judged is what is replaced*: the claim is written only where it still is what was read.
//!
//! *The claim is no lock*: one roller a database is a lock (`store::archive`), and no file is deleted for want of a row
//! in the manifest whatever the claim says (`recover`).

use std::collections::HashSet;

use sqlx::PgConnection;
use uuid::Uuid;

use super::error::ArchiveError;
use super::handle::Archive;
use super::storage::{Storage, StorageError, StoredClaim};
use crate::context::Context;
use crate::faults::crash_point;
use crate::store::archive::{self as store, ClaimNonces, FileScope, files};

const DATABASE: &str = "database ";
const NONCE: &str = "nonce ";

/// Whose archive it is, to a database.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// This database's, which knows its newest state.
    Ours,
    /// Nobody's so far.
    Unclaimed,
    /// Changed since by somebody of the same identity: the database was restored.
    Behind,
    /// Another database's of the same history: this one is a copy, or was restored on another server.
    Others,
}

/// An archive that this database may change, and the claim that was found there.
#[derive(Debug)]
pub(super) struct Owned {
    identity: String,
    ours: Option<ClaimNonces>,
    found: Option<StoredClaim>,
}

/// How a database stands to an archive that bears its id.
pub async fn standing(connection: &mut PgConnection, archive: &Archive) -> Result<Standing, ArchiveError> {
    Ok(look(archive, connection).await?.standing())
}

/// Makes sure that the archive is this database's, or begins it where neither has one.
pub(super) async fn own(
    archive: &Archive,
    context: &Context,
    connection: &mut PgConnection,
) -> Result<Owned, ArchiveError> {
    check_mark(archive, context, connection).await?;
    let place = || archive.storage.shown();
    let owned = look(archive, connection).await?;
    match owned.standing() {
        Standing::Ours => {}
        Standing::Unclaimed => {
            let unlisted = unlisted(connection, archive).await?;
            if unlisted > 0 {
                return Err(ArchiveError::Unexplained { place: place(), unlisted });
            }
        }
        Standing::Behind => return Err(ArchiveError::Behind { place: place() }),
        Standing::Others => return Err(ArchiveError::Others { place: place() }),
    }
    Ok(owned)
}

/// The same for who begins no archive: `None` where the database has none and the place is empty.
pub(super) async fn own_if_begun(
    archive: &Archive,
    context: &Context,
    connection: &mut PgConnection,
) -> Result<Option<Owned>, ArchiveError> {
    let is_begun = store::archive_id(connection).await?.is_some();
    if is_begun || archive.at(Storage::mark).await?.is_some() || !archive.at(Storage::is_new).await? {
        return own(archive, context, connection).await.map(Some);
    }
    Ok(None)
}

/// The archive whatever its claim says, since an operator says whose it is; also one that bears another id, where this
/// database has none yet.
pub(super) async fn take_over(
    archive: &Archive,
    context: &Context,
    connection: &mut PgConnection,
) -> Result<Owned, ArchiveError> {
    let theirs = archive.at(Storage::mark).await?;
    if let Some(theirs) = theirs.filter(|theirs| Uuid::parse_str(theirs).is_ok()) {
        store::take_archive(connection, &theirs, context.clock.now()).await?;
    }
    check_mark(archive, context, connection).await?;
    look(archive, connection).await
}

/// Refuses a place that is another history's archive, or none.
pub(super) async fn check_place(archive: &Archive, connection: &mut PgConnection) -> Result<(), ArchiveError> {
    let ours = store::archive_id(connection).await?;
    let found = match (ours, archive.at(Storage::mark).await?) {
        (_, None) => "has no archive.id, and is no archive",
        (Some(ours), Some(theirs)) if ours != theirs => "is another database's archive",
        _ => return Ok(()),
    };
    Err(StorageError::NotOurs { path: archive.storage.shown(), found }.into())
}

async fn look(archive: &Archive, connection: &mut PgConnection) -> Result<Owned, ArchiveError> {
    let identity = store::database_identity(connection).await?;
    let ours = store::claim_nonces(connection).await?;
    Ok(Owned { identity, ours, found: archive.at(Storage::claim).await? })
}

impl Owned {
    fn standing(&self) -> Standing {
        judge(&self.identity, self.ours.as_ref(), self.found.as_ref().map(|claim| claim.text.as_str()))
    }

    /// Whether the archive shows the nonce that this database has announced and not settled.
    fn is_unsettled(&self) -> bool {
        let shown = self.found.as_ref().and_then(|claim| said(&claim.text, NONCE));
        let next = self.ours.as_ref().and_then(|ours| ours.next.as_deref());
        shown.is_some() && shown == next
    }

    /// Moves the claim: from here on every other database is behind.
    pub(super) async fn advance(
        self,
        archive: &Archive,
        context: &Context,
        connection: &mut PgConnection,
    ) -> Result<(), ArchiveError> {
        if self.is_unsettled() {
            store::settle_nonce(connection, context.clock.now()).await?;
        }
        let nonce = store::announce_nonce(connection, context.clock.now()).await?;
        crash_point();
        let text = format!("{DATABASE}{}\n{NONCE}{nonce}\n", self.identity);
        archive.at(move |storage| storage.set_claim(&text, self.found.as_ref())).await?;
        crash_point();
        Ok(store::settle_nonce(connection, context.clock.now()).await?)
    }
}

/// Compares the marks, and makes them where neither is.
async fn check_mark(archive: &Archive, context: &Context, connection: &mut PgConnection) -> Result<(), ArchiveError> {
    let not_ours = |found| StorageError::NotOurs { path: archive.storage.shown(), found };
    let (ours, theirs) = (store::archive_id(connection).await?, archive.at(Storage::mark).await?);
    match (ours, theirs) {
        (Some(ours), Some(theirs)) if ours == theirs => Ok(()),
        (Some(_), Some(_)) => Err(not_ours("is another database's archive").into()),
        (None, Some(_)) => {
            let found = "is another database's archive (if that one is lost, `healthtrack archive recover --take-over` \
                         makes this one its owner)";
            Err(not_ours(found).into())
        }
        (Some(_), None) if store::has_files(connection).await? => {
            Err(not_ours("lacks its archive.id, and the manifest has files").into())
        }
        (_, None) if !archive.at(Storage::is_new).await? => Err(not_ours("is not empty and no archive").into()),
        (_, None) => {
            let id = store::begin_archive(connection, context.clock.now()).await?;
            archive.at(move |storage| storage.set_mark(&id)).await
        }
    }
}

/// How many live files no row of the manifest names.
async fn unlisted(connection: &mut PgConnection, archive: &Archive) -> Result<usize, ArchiveError> {
    let manifest = files(connection, FileScope::All).await?;
    let named: HashSet<&str> = manifest.iter().map(|file| file.name.as_str()).collect();
    let found = archive.at(Storage::live_names).await?;
    Ok(found.iter().filter(|name| !named.contains(name.as_str())).count())
}

fn judge(identity: &str, ours: Option<&ClaimNonces>, theirs: Option<&str>) -> Standing {
    let Some(theirs) = theirs else {
        return match ours {
            None | Some(ClaimNonces { last: None, .. }) => Standing::Unclaimed,
            // The archive is an older one than the database.
            Some(_) => Standing::Behind,
        };
    };
    if said(theirs, DATABASE) != Some(identity) {
        return Standing::Others;
    }
    let known = ours.iter().flat_map(|ours| [&ours.last, &ours.next]).flatten();
    let is_known = known.into_iter().any(|nonce| said(theirs, NONCE) == Some(nonce.as_str()));
    if is_known { Standing::Ours } else { Standing::Behind }
}

/// What a claim says under a key.
fn said<'a>(claim: &'a str, key: &str) -> Option<&'a str> {
    claim.lines().find_map(|line| line.strip_prefix(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_database_that_knows_the_nonce_owns_the_archive() {
        let nonces = |last: Option<&str>, next: Option<&str>| ClaimNonces {
            last: last.map(str::to_owned),
            next: next.map(str::to_owned),
        };
        let claim = |nonce: &str| format!("database 7/16384\nnonce {nonce}\n");
        let judged =
            |ours: Option<ClaimNonces>, theirs: Option<String>| judge("7/16384", ours.as_ref(), theirs.as_deref());
        // Killed before the claim was written, after it, and not at all.
        assert_eq!(judged(Some(nonces(Some("a"), Some("b"))), Some(claim("a"))), Standing::Ours);
        assert_eq!(judged(Some(nonces(Some("a"), Some("b"))), Some(claim("b"))), Standing::Ours);
        assert_eq!(judged(Some(nonces(Some("b"), None)), Some(claim("b"))), Standing::Ours);
        // The first time.
        assert_eq!(judged(None, None), Standing::Unclaimed);
        assert_eq!(judged(Some(nonces(None, Some("a"))), None), Standing::Unclaimed);
        assert_eq!(judged(Some(nonces(None, Some("a"))), Some(claim("a"))), Standing::Ours);
        // Restored: before the first roll, before a later one; and an archive that was.
        assert_eq!(judged(None, Some(claim("a"))), Standing::Behind);
        assert_eq!(judged(Some(nonces(Some("a"), None)), Some(claim("b"))), Standing::Behind);
        assert_eq!(judged(Some(nonces(Some("a"), None)), None), Standing::Behind);
        assert_eq!(judge("7/16385", Some(&nonces(Some("a"), None)), Some(&claim("a"))), Standing::Others);
        assert_eq!(judged(None, Some("torn".to_owned())), Standing::Others);
    }
}
