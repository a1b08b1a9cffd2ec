//! Why an answer of a device is not taken.

/// Why a proof was not taken; nobody who tries is told more than that.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasskeyError {
    /// The system has no randomness.
    #[error("this system has no randomness")]
    Machine,
    /// It is no answer of a device.
    #[error("this is no answer of a device")]
    Unreadable,
    /// It was signed at another site, within another one's page, or for something else.
    #[error("this answer is for another site or purpose")]
    Elsewhere,
    /// It answers another challenge.
    #[error("this answer is to another challenge")]
    Another,
    /// The device did not see who holds it.
    #[error("the device did not recognise who holds it")]
    Unseen,
    /// It is not signed by this key.
    #[error("this answer is not signed by this passkey")]
    Forged,
    /// The device has counted no further than before: there are two of it.
    #[error("this passkey has counted further elsewhere")]
    Copied,
}
