//! TLS to the broker: trusted authorities, and the client certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rumqttc::TlsConfiguration;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::config::TlsConfig;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is not what it should be.
    #[error("{path} must be a PEM file with {what}")]
    File {
        /// Which.
        path: PathBuf,
        /// What it must hold.
        what: &'static str,
    },
    /// Nothing to trust.
    #[error("this machine trusts no certificate authority: install ca-certificates, or set mqtt.tls_ca_file")]
    NoRoots,
    /// A certificate with another one's key.
    #[error("the certificate and key of mqtt.tls_cert_file and mqtt.tls_key_file do not fit together: {0}")]
    Identity(#[from] rustls::Error),
}

/// What a connection is made with. Read anew for each, so that a renewed certificate needs no restart.
pub(super) fn client(config: &TlsConfig) -> Result<Arc<ClientConfig>, TlsError> {
    // Another part of the program may have chosen a provider before: that one is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if config.ca_file.is_none() && config.identity.is_none() {
        return system();
    }
    let builder = match &config.ca_file {
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate)?;
            }
            ClientConfig::builder().with_root_certificates(roots)
        }
        None => return Err(TlsError::NoRoots),
    };
    Ok(Arc::new(match &config.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let what = "a private key";
            let key = PrivateKeyDer::from_pem_file(key).map_err(|_| TlsError::File { path: key.clone(), what })?;
            builder.with_client_auth_cert(certificates(certificate)?, key)?
        }
    }))
}

/// The authorities that the system trusts, as rumqttc finds them.
fn system() -> Result<Arc<ClientConfig>, TlsError> {
    match TlsConfiguration::default() {
        TlsConfiguration::Rustls(config) => Ok(config),
        _ => Err(TlsError::NoRoots),
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let fault = || TlsError::File { path: path.to_owned(), what: "certificates" };
    let read: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(|_| fault())?.collect();
    read.ok().filter(|certificates| !certificates.is_empty()).ok_or_else(fault)
}
