//! Security: what must not be read by whoever holds a disk, a backup or a file, and the names under which people go
//! where their own may not.
//!
//! ```text
//! keyring      keys by id, from a file or the environment: the last is current, each opens what names its id
//! pseudonym    a patient's uuid  → subject_id: the same for one key, back only with database and key
//! envelope     a patient's texts → encrypted columns, by a data key of the patient's own, wrapped by a key of the ring
//! password     what somebody types → an Argon2id hash; totp: the code of a second factor → the step that it is of
//! passkey      what a device signed for this site → whose passkey it was
//! signature    Ed25519: who signed it, for whoever has the public key
//! ```
//!
//! # Why
//! *Keys are never kept beside what they open.* They come from a file or the environment, never from the database, and
//! are wiped from memory when they are dropped. So a dump of the database shows no encrypted text and tells no
//! pseudonym's person, and a file of the archive tells neither.
//!
//! *A data key a patient, wrapped.* What one person wrote is encrypted with that person's own key, which lies in
//! `access.data_key` wrapped by a key of the ring. Destroying that row destroys the texts everywhere that has no copy
//! of it; changing the ring's key costs one wrapped key a patient and no text.
//!
//! *A pseudonym is an HMAC, not a table*: nothing has to be kept, backed up or erased for it, every file of a year
//! gives a person one name, and without the key a guess at a uuid cannot be checked. A random number a person would be
//! stronger against a stolen key, and would put a table of persons beside every archive.
//!
//! Invariant: a text is decrypted in its own cell and with its own patient's key, or not at all
//! (`envelope::tests::what_is_moved_or_changed_does_not_open`). Invariant: no key is printed (`keyring`).

/// Keys by id.
pub mod keyring;

/// Patients by another name.
pub mod pseudonym;

/// Columns that are encrypted.
pub mod envelope;

/// Passwords, hashed.
pub mod password;

/// What providers of OpenID Connect say.
pub mod oidc;

/// Codes of second factors.
pub mod totp;

/// Keys that a person's device keeps.
pub mod passkey;

/// Keys that sign, and keys that tell who signed.
pub mod signature;
