//! Target: where records go from the file.

use super::error::AuditError;
use super::record::HeadRecord;
use super::syslog::Syslog;
use crate::archive::storage::{StorageError, WriteOnceBucket};
use crate::config::{ArchiveConfig, AuditConfig};

/// Of a digest, so many digits stand in the name of an object.
const NAME_DIGITS: usize = 16;

/// A place that the database's owner does not reach.
#[derive(Debug)]
pub(super) enum Target {
    /// A syslog daemon.
    Syslog(Syslog),
    /// A bucket: an object a record.
    Bucket(WriteOnceBucket),
}

impl Target {
    /// The targets of a configuration, each by its address.
    pub(super) fn all(config: &AuditConfig, store: &ArchiveConfig) -> Result<Vec<(String, Target)>, AuditError> {
        let mut targets = Vec::new();
        if !config.syslog.is_empty() {
            let form = "unix:///dev/log, udp://HOST:PORT or tcp://HOST:PORT";
            let syslog = Syslog::parse(&config.syslog);
            let syslog = syslog.ok_or(AuditError::Target { setting: "audit.syslog", form })?;
            targets.push((config.syslog.clone(), Target::Syslog(syslog)));
        }
        if !config.bucket.is_empty() {
            targets.push((config.bucket.clone(), Target::Bucket(bucket("audit.bucket", &config.bucket, store)?)));
        }
        Ok(targets)
    }

    /// Brings a record there.
    pub(super) async fn send(&self, record: &HeadRecord) -> Result<(), AuditError> {
        match self {
            Target::Syslog(syslog) => syslog.send(record).await,
            // By number, so that names are in order; with a digest, so that no other record has this name.
            Target::Bucket(bucket) => {
                let digest: String = record.digest().chars().take(NAME_DIGITS).collect();
                let name = format!("{:010}-{digest}.json", record.number);
                Ok(bucket.create(&name, format!("{}\n", record.line()))?)
            }
        }
    }
}

/// The bucket that a setting or an argument names.
pub(super) fn bucket(setting: &'static str, url: &str, store: &ArchiveConfig) -> Result<WriteOnceBucket, AuditError> {
    let form = "s3://BUCKET/PREFIX, without a user, a port or a query";
    WriteOnceBucket::of(url, store).map_err(|error| match error {
        StorageError::Url => AuditError::Target { setting, form },
        other => AuditError::Bucket(other),
    })
}
