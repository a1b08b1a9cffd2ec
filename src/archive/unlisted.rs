//! Unlisted: files that lie in the archive and that no row of the manifest names, and what each of them is worth.
//!
//! # Why
//! Such a file may be the only copy of its samples: a restored database does not know what was archived after its
//! backup, and a killed roll leaves a file whose row was never written. So it is read to its last row and compared with
//! the live file of its metric and day, row by row:
//!
//! ```text
//! it cannot be read             Kept        it stays where it is, and is reported at each roll
//! it has all of the live file,
//!   and is a later generation   Adopted     its row is written, and it takes the live file's place
//! the live file has all of it   Redundant   superseded; deleted after the grace by a roll that has just proved it
//! each has what the other lacks Joined      both become the next generation by the rule of revisions; what that cannot
//!                                           decide goes to quarantine
//! ```
//!
//! A live file of the manifest that is nowhere in the archive was replaced by a later generation and deleted after its
//! grace, which a restored manifest cannot know: a later generation was proved to hold it when it was published.

use super::build::{Job, MergedFile, join};
use super::error::ArchiveError;
use super::file::{Damage, Facts, FileError, Head, survey};
use super::handle::Archive;
use super::merge::{KnownPast, Merge, MergeOutcome};
use super::storage::Storage;
use super::subjects::Subjects;
use crate::model::metric::{Catalogue, Metric};
use crate::model::revision::Precedence;
use crate::model::time::{Day, Timestamp};
use crate::store::archive::ArchiveFile;

/// Hours, minutes and seconds that a day lacks to be a moment.
const MIDNIGHT: &str = "T00:00:00Z";

/// What a name says of its file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct NamedFile {
    /// What it holds, by name.
    pub(super) metric: String,
    /// Of which day.
    pub(super) day: Day,
    /// Which version of it.
    pub(super) generation: u32,
    /// Where it is.
    pub(super) name: String,
}

/// What the manifest knows of one metric and day.
#[derive(Clone, Debug, Default)]
pub(super) struct Listed {
    /// The live file.
    pub(super) live: Option<ArchiveFile>,
    /// True where the live file is nowhere in the archive.
    pub(super) is_missing: bool,
    /// The newest generation that ever was.
    pub(super) last_generation: u32,
}

/// What is to be done with an unlisted file.
#[derive(Debug)]
pub(super) enum Worth {
    /// Nothing: the live file has all of it.
    Redundant,
    /// It becomes the live one.
    Adopted(Head, Facts),
    /// It and the live one become the next generation.
    Joined(Head),
}

impl NamedFile {
    /// Reads a name as this program gives it.
    pub(super) fn parse(name: &str) -> Option<NamedFile> {
        let mut parts = name.split('/');
        let metric = parts.next()?.strip_prefix("metric=")?.to_owned();
        let day = Timestamp::parse_rfc3339(&format!("{}{MIDNIGHT}", parts.next()?.strip_prefix("day=")?)).ok()?.day();
        let generation = parts.next()?.strip_prefix('g')?.split('-').next()?.parse().ok()?;
        parts.next().is_none().then(|| NamedFile { metric, day, generation, name: name.to_owned() })
    }
}

/// Reads an unlisted file, and decides.
pub(super) fn weigh(
    archive: &Archive,
    catalogue: &Catalogue,
    found: &NamedFile,
    listed: &Listed,
) -> Result<Worth, ArchiveError> {
    let named = |source| ArchiveError::File { name: found.name.clone(), source };
    let unknown = || ArchiveError::UnknownName { name: found.name.clone() };
    let metric = catalogue.by_name(&found.metric).ok_or_else(unknown)?;
    let what = (metric, found.day, found.generation);
    let (head, facts) = survey(archive.storage.open(&found.name)?, what, &archive.keys).map_err(named)?;
    if Storage::name(&found.metric, found.day, found.generation, &facts.sha256) != found.name {
        return Err(named(Damage::Digest.into()));
    }
    let is_later = found.generation > listed.last_generation;
    match &listed.live {
        None if is_later => Ok(Worth::Adopted(head, facts)),
        None => Ok(Worth::Joined(head)),
        Some(_) if listed.is_missing && is_later => Ok(Worth::Adopted(head, facts)),
        Some(live) => {
            archive.prove(catalogue, live)?;
            // First, since of two with the same rows the later one may say better whom they are about.
            if is_later && covers(archive, metric, &found.name, &live.name)? {
                Ok(Worth::Adopted(head, facts))
            } else if covers(archive, metric, &live.name, &found.name)? {
                Ok(Worth::Redundant)
            } else {
                Ok(Worth::Joined(head))
            }
        }
    }
}

/// The next generation of a metric and day: the live file, which was proved, and what another has beside it. What a
/// later generation says was said later.
pub(super) fn joined(
    archive: &Archive,
    found: &NamedFile,
    listed: &Listed,
    (head, subjects): (Head, Subjects),
    past: KnownPast,
) -> Result<MergedFile, ArchiveError> {
    let is_later = found.generation > listed.last_generation;
    let precedence = if is_later { Precedence::of(head.metric.kind) } else { Precedence::Unordered };
    let live = listed.live.as_ref().map(|live| live.name.clone());
    join(Job { archive: archive.clone(), head, live, subjects }, &found.name, precedence, past)
}

/// True where each row of one file is in another, with its value.
fn covers(archive: &Archive, metric: &Metric, whole: &str, part: &str) -> Result<bool, ArchiveError> {
    let mut rows = archive.rows(part, metric)?;
    let mut merge = Merge::new(Some(archive.rows(whole, metric)?), Precedence::Unordered);
    let failed = |source: FileError| ArchiveError::File { name: format!("{whole} or {part}"), source };
    let mut has_all = true;
    while let Some(slice) = rows.slice().map_err(failed)? {
        let count = slice.len();
        let met = merge.lay(slice, |what, _| {
            has_all &= matches!(what, MergeOutcome::Old | MergeOutcome::Duplicate);
            Ok::<(), FileError>(())
        });
        met.map_err(failed)?;
        if !has_all {
            return Ok(false);
        }
        rows.pass(count);
    }
    let met = merge.settle(&mut |what, _| {
        has_all &= matches!(what, MergeOutcome::Old | MergeOutcome::Duplicate);
        Ok::<(), FileError>(())
    });
    met.map_err(failed)?;
    Ok(has_all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_what_its_file_is_and_what_is_no_name_says_nothing() {
        let day = Timestamp::parse_rfc3339("2026-11-23T10:00:00Z").unwrap().day();
        let name = Storage::name("heart_rate", day, 12, &[0xab; 32]);
        let expected = NamedFile { metric: "heart_rate".to_owned(), day, generation: 12, name: name.clone() };
        assert_eq!(NamedFile::parse(&name), Some(expected));
        for other in ["", "metric=a/day=2026-11-23", "metric=a/day=x/g1-y.parquet", "metric=a/day=2026-11-23/x.parquet"]
        {
            assert_eq!(NamedFile::parse(other), None, "{other}");
        }
    }
}
