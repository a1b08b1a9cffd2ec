//! Client: an object store that speaks S3, asked from threads that may wait, and what its failures mean.
//!
//! # Why
//! The Parquet library and the roll's own threads read and write as they do with a disk, so requests run on a small
//! runtime of their own and whoever asks waits. That runtime is not the daemon's: a store that is slow must not take
//! threads from ingest, and a daemon that stops does not wait for it.
//!
//! Requests that fail in a way that may pass (5xx, no answer, a cut connection) are sent again by the library, within
//! `archive.retries_max` and `RETRY_TIME_MAX`; each of ours may be sent twice without harm.
//!
//! Invariant: no credential is printed: not by `Debug`, and not with what a store has answered
//! (`what_a_store_says_is_told_without_its_secrets`, `bucket::no_secret_is_printed_…` in `tests/it`).

use std::error::Error as _;
use std::future::Future;
use std::sync::mpsc;
use std::time::Duration;

use object_store::aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey};
use object_store::client::{ClientConfigKey, HttpError};
use object_store::{BackoffConfig, Error, RetryConfig};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};
use tokio::task::block_in_place;

use super::error::{StorageError, StoreAnswer};
use crate::config::ArchiveConfig;

/// After this no request is sent again, however many retries are left: credentials of a role live for minutes.
const RETRY_TIME_MAX: Duration = Duration::from_secs(180);
/// A reachable host accepts a connection at once.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of an answer is shown.
const SAID_CHARS_MAX: usize = 400;

/// The code that stores give for a bucket that is not there.
const GONE: &str = "NoSuchBucket";

const NOT_REACHED: &str =
    "it does not answer; check AWS_ENDPOINT_URL, AWS_REGION, the network, and what gives the credentials";
const REFUSED: &str = "it refuses; check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and what they may do in this bucket";
const NO_BUCKET: &str = "it is not there; check the bucket's name, AWS_REGION and AWS_ENDPOINT_URL";
const FAILED: &str = "the object store has failed; try again later, and ask who runs it if it goes on";

/// A bucket of an object store.
pub(super) struct Client {
    store: AmazonS3,
    /// There until the end.
    runtime: Option<Runtime>,
    /// What may stand in no text.
    secrets: Vec<SecretString>,
}

impl Client {
    /// The client of a bucket, by the environment's variables. Asks nothing yet.
    pub(super) fn of(bucket: &str, config: &ArchiveConfig) -> Result<Client, StorageError> {
        check_variables(config)?;
        // Fails where one is installed, which is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let retry = RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: usize::try_from(config.retries_max).unwrap_or(usize::MAX),
            retry_timeout: RETRY_TIME_MAX,
        };
        let mut builder = AmazonS3Builder::new().with_retry(retry);
        for (name, value) in &config.store_variables {
            if let Ok(key) = name.to_lowercase().parse::<AmazonS3ConfigKey>() {
                builder = builder.with_config(key, value.expose_secret());
            }
        }
        let seconds = |time: Duration| format!("{}s", time.as_secs());
        let store = builder
            .with_bucket_name(bucket)
            .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::Timeout), seconds(config.request_timeout()))
            .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::ConnectTimeout), seconds(CONNECT_TIMEOUT))
            // One by one, as each store knows it: little is deleted here.
            .with_config(AmazonS3ConfigKey::DisableBulkDelete, "true")
            .build();
        let secrets = secrets_of(config);
        let settings = |error| {
            let StoreAnswer(said) = said(&error, &secrets);
            StorageError::Settings { what: format!("the AWS_ variables do not lead to an object store: {said}") }
        };
        let store = store.map_err(settings)?;
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("archive-store").enable_all().build();
        let runtime = runtime.map_err(|source| StorageError::Io {
            what: "start a thread for",
            path: format!("s3://{bucket}"),
            source,
        })?;
        Ok(Client { store, runtime: Some(runtime), secrets })
    }

    /// Asks the store, and waits for its answer.
    pub(super) fn ask<T, F>(&self, question: impl FnOnce(AmazonS3) -> F) -> Result<T, Error>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        let ended = || Error::Generic { store: "S3", source: "the thread that asks it has ended".into() };
        let runtime = self.runtime.as_ref().ok_or_else(ended)?;
        let (done, answer) = mpsc::sync_channel(1);
        let asked = question(self.store.clone());
        runtime.spawn(async move {
            // Nobody waits any more where the process ends.
            let _ = done.send(asked.await);
        });
        let wait = || answer.recv().map_err(|_| ended())?;
        match Handle::try_current() {
            Ok(here) if here.runtime_flavor() == RuntimeFlavor::MultiThread => block_in_place(wait),
            _ => wait(),
        }
    }

    /// A failure in words.
    pub(super) fn failed(&self, what: &'static str, path: &str) -> impl FnOnce(Error) -> StorageError + use<'_> {
        let path = path.to_owned();
        move |error| StorageError::Store { what, path, advice: advice(&error), source: said(&error, &self.secrets) }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Waits for nothing, so that it may happen on a thread of another runtime.
            runtime.shutdown_background();
        }
    }
}

/// True where there is no such object; a bucket that is not there is another matter.
pub(super) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::NotFound { source, .. } if !source.to_string().contains(GONE))
}

/// True where the store does not know what was asked for.
pub(super) fn is_not_offered(error: &Error) -> bool {
    matches!(error, Error::NotImplemented { .. }) || error.to_string().contains("<Code>NotImplemented")
}

/// Refuses what would send samples and their keys in clear.
fn check_variables(config: &ArchiveConfig) -> Result<(), StorageError> {
    let is = |name: &str, value: &str| {
        let given = config.store_variables.iter().find(|(known, _)| known == name);
        given.is_some_and(|(_, given)| given.expose_secret().to_lowercase().starts_with(value))
    };
    let in_clear = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"].iter().find(|name| is(name, "http:"));
    match in_clear {
        Some(name) if !is("AWS_ALLOW_HTTP", "true") && !is("AWS_ALLOW_HTTP", "1") => Err(StorageError::Settings {
            what: format!("{name} is without TLS; make it https, or set AWS_ALLOW_HTTP=true within one machine"),
        }),
        _ => Ok(()),
    }
}

fn secrets_of(config: &ArchiveConfig) -> Vec<SecretString> {
    let is_secret = |name: &str| ["SECRET", "TOKEN", "CUSTOMER_KEY"].iter().any(|part| name.contains(part));
    let secrets = config.store_variables.iter().filter(|(name, _)| is_secret(name));
    secrets.map(|(_, value)| value.clone()).collect()
}

fn advice(error: &Error) -> &'static str {
    match error {
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => REFUSED,
        Error::NotFound { .. } => NO_BUCKET,
        // A list that is refused so keeps no kind.
        error if error.to_string().contains(GONE) => NO_BUCKET,
        error => {
            let mut cause = error.source();
            while let Some(found) = cause {
                if found.is::<HttpError>() {
                    return NOT_REACHED;
                }
                cause = found.source();
            }
            FAILED
        }
    }
}

/// A store's answer: of its page only the code, and without secrets.
fn said(error: &Error, secrets: &[SecretString]) -> StoreAnswer {
    let text = error.to_string();
    let (told, page) = text.split_once('<').unwrap_or((&text, ""));
    let code = page.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    let mut told = format!(
        "{}{}",
        told.trim_end_matches([' ', ':', '\n']),
        code.map(|code| format!(": {code}")).unwrap_or_default()
    );
    for secret in secrets {
        told = told.replace(secret.expose_secret(), "…");
    }
    StoreAnswer(told.chars().take(SAID_CHARS_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn config(variables: &[(&str, &str)]) -> ArchiveConfig {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::read(None, variables).unwrap().archive
    }

    #[test]
    fn what_a_store_says_is_told_without_its_secrets() {
        let config = config(&[("AWS_SECRET_ACCESS_KEY", "s3cret"), ("AWS_SESSION_TOKEN", "t0ken")]);
        let page = "403 Forbidden: <?xml version=\"1.0\"?><Error><Code>Denied</Code><Key>s3cret</Key></Error>";
        let error = Error::PermissionDenied { path: "a".into(), source: format!("t0ken s3cret {page}").into() };
        let StoreAnswer(told) = said(&error, &secrets_of(&config));
        assert!(told.ends_with("… … 403 Forbidden: Denied"), "{told}");
        assert_eq!(advice(&error), REFUSED);
    }

    #[test]
    fn an_endpoint_in_clear_is_refused_unless_it_is_meant() {
        let endpoint = ("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
        let refused = Client::of("bucket", &config(&[endpoint])).err().unwrap();
        assert!(refused.to_string().contains("AWS_ALLOW_HTTP"), "{refused}");
        assert!(Client::of("bucket", &config(&[endpoint, ("AWS_ALLOW_HTTP", "true")])).is_ok());
    }
}
