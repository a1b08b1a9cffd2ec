//! Why a provider is not believed.

/// Why a provider is not believed.
#[derive(Debug, thiserror::Error)]
pub enum OidcError {
    /// It is no token, key set or description.
    #[error("the provider's {0} cannot be read")]
    Unreadable(&'static str),
    /// A key that is not in the set: it may have been added since.
    #[error("the token is signed by a key that the provider does not list")]
    UnknownKey,
    /// The signature is another's.
    #[error("the token's signature does not verify")]
    Signature,
    /// Not for us, not now, or not what was asked for.
    #[error("the token's {0} is not what was asked for")]
    Claim(&'static str),
}
