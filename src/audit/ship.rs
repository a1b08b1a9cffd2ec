//! Ship: signs the heads of this moment, keeps the record in the file, and brings it out of the database's reach.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::error::AuditError;
use super::file::RecordFile;
use super::progress::Progress;
use super::record::HeadRecord;
use super::target::Target;
use crate::config::{ArchiveConfig, AuditConfig};
use crate::model::time::Clock;
use crate::security::signature::SigningKey;
use crate::store::care::audit::{database, heads, lost_heads};
use crate::store::care::context::Auditor;

/// So many records at once are read from the file for a target that lacks them.
const BATCH_RECORDS: usize = 100;
/// For so long a target is sent what it lacks; the rest goes with the next record.
const SEND_TIME_MAX: Duration = Duration::from_secs(60);

/// Signs and ships.
#[derive(Debug)]
pub struct Shipper {
    key: SigningKey,
    path: PathBuf,
    targets: Vec<(String, Target)>,
}

/// A record that is signed and kept nowhere yet.
#[derive(Debug)]
pub struct Signed {
    file: RecordFile,
    record: HeadRecord,
    lost: usize,
}

/// What was shipped.
#[derive(Debug)]
pub struct Shipped {
    /// The record's number.
    pub number: u64,
    /// How many heads are in it.
    pub heads: usize,
    /// How many heads of the record before the database holds no more: it was tampered with, or restored.
    pub lost: usize,
    /// How many records each target got, by its address; or why it lacks some.
    pub sent: Vec<(String, Result<usize, AuditError>)>,
}

impl Shipper {
    /// By the configuration; the object store's variables are those of the archive.
    ///
    /// # Errors
    /// Where a setting is missing or wrong, or the key cannot be read.
    pub fn of(config: &AuditConfig, store: &ArchiveConfig) -> Result<Shipper, AuditError> {
        let set = |value: &str, name| match value {
            "" => Err(AuditError::NotSet(name)),
            value => Ok(PathBuf::from(value)),
        };
        let path = set(&config.file, "audit.file")?;
        let key = SigningKey::read(&set(&config.key_file, "audit.key_file")?)?;
        Ok(Shipper { key, path, targets: Target::all(config, store)? })
    }

    /// Signs the heads of this moment. Nothing is written yet: this may be given up.
    ///
    /// # Errors
    /// Where the database does not answer, or the file is not one that the record can be appended to.
    pub async fn sign(&self, auditor: &mut Auditor<'_>, clock: &dyn Clock) -> Result<Signed, AuditError> {
        let file = RecordFile::open(&self.path)?;
        let here = database(auditor).await?;
        let lost = match file.last() {
            Some(last) if last.database != here => {
                let of = last.database.clone();
                return Err(AuditError::OtherDatabase { path: self.path.clone(), of, here });
            }
            Some(last) => lost_heads(auditor, &last.heads).await?.len(),
            None => 0,
        };
        let heads = heads(auditor).await?;
        let record = HeadRecord::sign(file.last(), &here, clock.now(), &heads, &self.key).ok_or(AuditError::TooLong)?;
        Ok(Signed { file, record, lost })
    }

    /// Keeps a signed record in the file, and sends each target what it lacks, until `stop`. A target that cannot be
    /// reached is no error: the record is in the file.
    ///
    /// # Errors
    /// Where the record cannot be kept in the file.
    pub async fn keep(&self, signed: Signed, stop: &CancellationToken) -> Result<Shipped, AuditError> {
        let Signed { mut file, record, lost } = signed;
        let (number, heads) = (record.number, record.heads.len());
        file.append(record)?;
        let mut progress = Progress::of(&self.path);
        if number == 1 {
            progress.begin();
        }
        let mut sent = Vec::new();
        for (address, target) in &self.targets {
            let until = Instant::now() + SEND_TIME_MAX;
            let is_time = || !stop.is_cancelled() && Instant::now() < until;
            sent.push((address.clone(), send(&mut file, &mut progress, address, target, is_time).await));
        }
        Ok(Shipped { number, heads, lost, sent })
    }
}

/// Sends a target what it lacks, in order, as long as it is time; how many records that were, where it lacks none now.
async fn send(
    file: &mut RecordFile,
    progress: &mut Progress,
    address: &str,
    target: &Target,
    is_time: impl Fn() -> bool,
) -> Result<usize, AuditError> {
    let newest = file.last().map_or(0, |last| last.number);
    let mut sent = 0;
    loop {
        let records = file.records_from(progress.byte(address), BATCH_RECORDS)?;
        if records.is_empty() {
            return Ok(sent);
        }
        for (record, byte_after) in &records {
            // Numbers have no gaps in the file.
            if !is_time() {
                return Err(AuditError::Outstanding { outstanding: newest.saturating_sub(record.number) + 1 });
            }
            target.send(record).await?;
            progress.set(address, *byte_after)?;
            sent += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::path::Path;

    use tokio::net::UnixDatagram;

    use super::super::syslog::Syslog;
    use super::super::tests::series;
    use super::*;

    /// A file of so many records, and what sends them to a socket.
    fn lacking(folder: &Path, records: usize) -> (RecordFile, Target, UnixDatagram) {
        std::fs::write(folder.join("heads"), series(records).join("\n") + "\n").unwrap();
        let socket = UnixDatagram::bind(folder.join("log")).unwrap();
        let syslog = Syslog::parse(&format!("unix://{}", folder.join("log").display())).unwrap();
        (RecordFile::open(&folder.join("heads")).unwrap(), Target::Syslog(syslog), socket)
    }

    #[tokio::test]
    async fn a_target_is_sent_all_that_it_lacks_or_told_to_lack_it() {
        let folder = tempfile::tempdir().unwrap();
        let (mut file, target, socket) = lacking(folder.path(), 2 * BATCH_RECORDS + 5);
        let reader = tokio::spawn(async move {
            let mut bytes = vec![0; 9_000];
            let mut received = 0;
            while received < 2 * BATCH_RECORDS + 5 {
                socket.recv(&mut bytes).await.unwrap();
                received += 1;
            }
        });
        let mut progress = Progress::of(&folder.path().join("heads"));
        let asked = Cell::new(0);
        let for_three = || asked.replace(asked.get() + 1) < 3;
        let refused = send(&mut file, &mut progress, "log", &target, for_three).await.unwrap_err();
        assert!(refused.to_string().starts_with("202 records are still to be sent there"), "{refused}");
        let mut progress = Progress::of(&folder.path().join("heads"));
        assert_eq!(send(&mut file, &mut progress, "log", &target, || true).await.unwrap(), 202);
        reader.await.unwrap();
        assert_eq!(send(&mut file, &mut progress, "log", &target, || true).await.unwrap(), 0);
    }
}
