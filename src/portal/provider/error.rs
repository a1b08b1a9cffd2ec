//! Why a provider did not tell who somebody is.

use crate::security::oidc::OidcError;

/// Why a provider did not tell who somebody is.
#[derive(Debug, thiserror::Error)]
pub(in crate::portal) enum ProviderError {
    /// It does not answer.
    #[error("the provider of sign-ins does not answer: {0}")]
    Silent(#[from] reqwest::Error),
    /// It did not answer a moment ago.
    #[error("the provider of sign-ins did not answer a moment ago and is asked again in some seconds")]
    Paused,
    /// It answers that it cannot.
    #[error("the provider of sign-ins answered {0}")]
    Status(u16),
    /// What it says is not to be believed.
    #[error(transparent)]
    Untrue(#[from] OidcError),
}
