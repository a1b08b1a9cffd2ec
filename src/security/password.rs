//! Passwords: hashed with Argon2id, and verified in the same time whether there is such a login or not.
//!
//! # Why
//! A hash takes 19 MiB and some 20 ms on purpose (OWASP's first choice of parameters), so no more than a few are worked
//! on at once: a flood of guesses waits in line and cannot take the memory of the machine. Whoever has no password is
//! verified against a hash that nothing matches, so that the time tells nothing. Every guess is counted, for the test
//! of that.

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// How many are worked on at once at most; half of the processors else, which leaves the others to the pages.
const AT_ONCE_MAX: usize = 4;
/// The shortest password by characters: where there is no second factor for certain, NIST SP 800-63B asks for 15.
pub const PASSWORD_CHARS_MIN: usize = 15;
/// The longest by bytes; all of them count.
pub const PASSWORD_BYTES_MAX: usize = 1_024;

/// Why there is no hash.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short, or longer than anybody types.
    #[error("a password has at least {PASSWORD_CHARS_MIN} characters, and {PASSWORD_BYTES_MAX} bytes at most")]
    Length,
    /// No randomness, no memory, or a thread that ended.
    #[error("passwords cannot be hashed on this machine")]
    Machine,
}

/// Hashes and verifies, few at a time.
#[derive(Debug)]
pub struct Passwords {
    places: Semaphore,
    /// A hash of what nobody knows.
    nobodys: String,
    verified: AtomicU64,
}

impl Passwords {
    /// Makes the hash that nothing matches.
    ///
    /// # Errors
    /// The machine's.
    pub fn new() -> Result<Passwords, PasswordError> {
        let mut unknown = [0; 32];
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut unknown)
            .map_err(|_| PasswordError::Machine)?;
        let nobodys = hashed(&unknown)?;
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let places = Semaphore::new((processors / 2).clamp(1, AT_ONCE_MAX));
        Ok(Passwords { places, nobodys, verified: AtomicU64::new(0) })
    }

    /// The hash of a new password.
    ///
    /// # Errors
    /// `Length`, or the machine's.
    pub async fn hash(&self, password: &SecretString) -> Result<SecretString, PasswordError> {
        let text = password.expose_secret();
        if text.chars().count() < PASSWORD_CHARS_MIN || text.len() > PASSWORD_BYTES_MAX {
            return Err(PasswordError::Length);
        }
        let _place = self.places.acquire().await.map_err(|_| PasswordError::Machine)?;
        let password = password.clone();
        let hash = spawn_blocking(move || hashed(password.expose_secret().as_bytes())).await;
        hash.map_err(|_| PasswordError::Machine)?.map(SecretString::from)
    }

    /// Whether a password matches a hash; without one, no, after as long.
    ///
    /// # Errors
    /// The machine's.
    pub async fn matches(&self, password: &SecretString, hash: Option<&SecretString>) -> Result<bool, PasswordError> {
        let _place = self.places.acquire().await.map_err(|_| PasswordError::Machine)?;
        self.verified.fetch_add(1, Ordering::Relaxed);
        let is_somebodys = hash.is_some();
        let hash = hash.map_or_else(|| self.nobodys.clone(), |hash| hash.expose_secret().to_owned());
        let password = password.clone();
        let matches = spawn_blocking(move || {
            let password = password.expose_secret().as_bytes();
            let password = password.get(..PASSWORD_BYTES_MAX).unwrap_or(password);
            PasswordHash::new(&hash).is_ok_and(|hash| Argon2::default().verify_password(password, &hash).is_ok())
        });
        Ok(matches.await.map_err(|_| PasswordError::Machine)? && is_somebodys)
    }

    /// How many guesses were verified.
    pub fn verified(&self) -> u64 {
        self.verified.load(Ordering::Relaxed)
    }
}

fn hashed(password: &[u8]) -> Result<String, PasswordError> {
    let hash: PasswordHash = Argon2::default().hash_password(password).map_err(|_| PasswordError::Machine)?;
    Ok(hash.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_byte_counts_and_nobody_is_verified_as_well() {
        let passwords = Passwords::new().unwrap();
        let long = "x".repeat(72);
        let one = SecretString::from(format!("{long}a"));
        let hash = passwords.hash(&one).await.unwrap();
        assert!(hash.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose_secret());
        assert!(passwords.matches(&one, Some(&hash)).await.unwrap());
        let other = SecretString::from(format!("{long}b"));
        assert!(!passwords.matches(&other, Some(&hash)).await.unwrap());
        assert!(!passwords.matches(&one, None).await.unwrap());
        assert_eq!(passwords.verified(), 3);
        assert!(matches!(passwords.hash(&"short".into()).await, Err(PasswordError::Length)));
    }
}
