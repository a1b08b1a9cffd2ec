//! Signature: Ed25519 keys in files of the forms that OpenSSL reads and writes, what is signed with one, and who can
//! tell.
//!
//! The private key is PKCS#8, the public one SubjectPublicKeyInfo, both in PEM; the id of a key is the beginning of the
//! SHA-256 of the latter. A file of public keys may hold several, one after another: the present key and former ones.
//!
//! Invariant: no private key is printed, and no file is overwritten by one (`a_new_key_is_its_owners_alone_…`). What
//! is read of the file is wiped; the key itself is in the memory of the program that signs for as long as it runs.

use std::fmt;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ED25519, ED25519_PUBLIC_KEY_LEN, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use secrecy::zeroize::Zeroizing;

use super::keyring::read_keys;

/// What precedes the 32 bytes of an Ed25519 key in PKCS#8, and in SubjectPublicKeyInfo.
const PRIVATE_PREFIX: [u8; 16] = [48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32];
const PUBLIC_PREFIX: [u8; 12] = [48, 42, 48, 5, 6, 3, 43, 101, 112, 3, 33, 0];
const SEED_BYTES: usize = 32;
const OWNER_ONLY_FILE: u32 = 0o600;
const ALL_BUT_OWNER: u32 = 0o077;
/// Of its SHA-256, so many bytes name a key.
const ID_BYTES: usize = 8;

/// What signs; printed, it shows its id alone.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

/// The keys by which signatures are verified.
#[derive(Clone, Debug)]
pub struct PublicKeys(Vec<PublicKey>);

#[derive(Clone, Debug)]
struct PublicKey {
    id: String,
    bytes: Vec<u8>,
}

/// Why there is no key. It never holds any part of one.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// A file that is there already, or cannot be written.
    #[error("cannot write the key {}: name a file that is not there yet, in a folder that is", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file that is not there, not readable or far too long.
    #[error("cannot read the key {}: check the path, its permissions and its length", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A private key that is not its owner's alone.
    #[error("the private key {path} is open to others: chmod 600 {path}", path = .0.display())]
    Open(PathBuf),
    /// A file without a key.
    #[error("{} holds no Ed25519 {kind} key in PEM: `healthtrack audit key new` makes both", path.display())]
    Form {
        /// Which file.
        path: PathBuf,
        /// `private` or `public`.
        kind: &'static str,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: try again")]
    Random,
}

impl SigningKey {
    /// Makes a key and its file, which only its owner may read.
    ///
    /// # Errors
    /// Where there is such a file, or none can be written.
    pub fn create(path: &Path) -> Result<SigningKey, SignatureError> {
        let mut der = Zeroizing::new([0; PRIVATE_PREFIX.len() + SEED_BYTES]);
        let (prefix, seed) = der.split_at_mut(PRIVATE_PREFIX.len());
        prefix.copy_from_slice(&PRIVATE_PREFIX);
        SystemRandom::new().fill(seed).map_err(|_| SignatureError::Random)?;
        let text = Zeroizing::new(pem("PRIVATE KEY", der.as_slice()));
        let key = SigningKey::parse(&text).ok_or(SignatureError::Random)?;
        let file = File::options().write(true).create_new(true).mode(OWNER_ONLY_FILE).open(path);
        file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
            .map_err(|source| SignatureError::Write { path: path.to_owned(), source })?;
        Ok(key)
    }

    /// Reads a key's file.
    ///
    /// # Errors
    /// Where it cannot be read, is open to others than its owner, or holds no such key.
    pub fn read(path: &Path) -> Result<SigningKey, SignatureError> {
        let failed = |source| SignatureError::Read { path: path.to_owned(), source };
        // Of the file that is read, and not of what the path names a moment later.
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.permissions().mode() & ALL_BUT_OWNER != 0 {
            return Err(SignatureError::Open(path.to_owned()));
        }
        let form = || SignatureError::Form { path: path.to_owned(), kind: "private" };
        SigningKey::parse(&read_keys(file).map_err(failed)?).ok_or_else(form)
    }

    fn parse(text: &str) -> Option<SigningKey> {
        let der = pem_blocks(text, "PRIVATE KEY").next()??;
        // OpenSSL writes it without the public half; which of the two it is makes no difference here.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der).ok()?;
        let public = PublicKey::of(pair.public_key().as_ref())?;
        Some(SigningKey { pair, public })
    }

    /// The id of the key.
    pub fn id(&self) -> &str {
        &self.public.id
    }

    /// What verifies its signatures, for a file.
    pub fn public_pem(&self) -> String {
        pem("PUBLIC KEY", &self.public.der())
    }

    /// The 64 bytes of a signature.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public.id).finish()
    }
}

impl PublicKeys {
    /// Reads a file of one or more keys.
    ///
    /// # Errors
    /// Where it cannot be read, or holds something else.
    pub fn read(path: &Path) -> Result<PublicKeys, SignatureError> {
        let text = read(path)?;
        PublicKeys::parse(&text).ok_or_else(|| SignatureError::Form { path: path.to_owned(), kind: "public" })
    }

    /// The keys of a text; `None` where there is none, or one of another kind.
    pub fn parse(text: &str) -> Option<PublicKeys> {
        let key = |der: Option<Zeroizing<Vec<u8>>>| PublicKey::of(der?.strip_prefix(&PUBLIC_PREFIX)?);
        let keys: Option<Vec<PublicKey>> = pem_blocks(text, "PUBLIC KEY").map(key).collect();
        keys.filter(|keys| !keys.is_empty()).map(PublicKeys)
    }

    /// True where the key of this id is among them.
    pub fn has(&self, id: &str) -> bool {
        self.0.iter().any(|key| key.id == id)
    }

    /// True where the key of this id, which is among them, has signed the message so.
    pub fn verify(&self, id: &str, message: &[u8], signature: &[u8]) -> bool {
        let key = self.0.iter().find(|key| key.id == id);
        key.is_some_and(|key| UnparsedPublicKey::new(&ED25519, &key.bytes).verify(message, signature).is_ok())
    }
}

impl PublicKey {
    fn of(bytes: &[u8]) -> Option<PublicKey> {
        let mut key = PublicKey { id: String::new(), bytes: bytes.to_vec() };
        key.id = hex::encode(digest(&SHA256, &key.der()).as_ref().get(..ID_BYTES)?);
        (bytes.len() == ED25519_PUBLIC_KEY_LEN).then_some(key)
    }

    /// SubjectPublicKeyInfo.
    fn der(&self) -> Vec<u8> {
        [PUBLIC_PREFIX.as_slice(), &self.bytes].concat()
    }
}

fn read(path: &Path) -> Result<Zeroizing<String>, SignatureError> {
    File::open(path).and_then(read_keys).map_err(|source| SignatureError::Read { path: path.to_owned(), source })
}

/// No key here is longer than a line of PEM.
fn pem(label: &str, der: &[u8]) -> String {
    let encoded = Zeroizing::new(BASE64_STANDARD.encode(der));
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", encoded.as_str())
}

/// The blocks of a label, one after another; `None` for what is not closed or no base64.
fn pem_blocks(text: &str, label: &str) -> impl Iterator<Item = Option<Zeroizing<Vec<u8>>>> {
    let (begin, end) = (format!("-----BEGIN {label}-----"), format!("-----END {label}-----"));
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, block) = rest.split_once(begin.as_str())?;
        let Some((encoded, after)) = block.split_once(end.as_str()) else {
            rest = "";
            return Some(None);
        };
        rest = after;
        let encoded = Zeroizing::new(encoded.split_whitespace().collect::<String>());
        Some(BASE64_STANDARD.decode(encoded.as_str()).ok().map(Zeroizing::new))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_key_is_its_owners_alone_and_overwrites_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("heads.key");
        let key = SigningKey::create(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(matches!(SigningKey::create(&path), Err(SignatureError::Write { .. })));
        assert_eq!(std::fs::read_to_string(&path).unwrap(), written);
        let again = SigningKey::read(&path).unwrap();
        assert_eq!((again.id(), again.public_pem()), (key.id(), key.public_pem()));
        assert_eq!(format!("{key:?}"), format!("SigningKey(\"{}\")", key.id()));
        let permit = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        for mode in [0o640, 0o604, 0o620, 0o644] {
            permit(&path, mode);
            let refused = SigningKey::read(&path).unwrap_err().to_string();
            assert!(refused.ends_with(&format!("is open to others: chmod 600 {}", path.display())), "{refused}");
        }
        permit(&path, 0o400);
        assert!(SigningKey::read(&path).is_ok());
        let public = folder.path().join("heads.pub");
        std::fs::write(&public, "none here").unwrap();
        permit(&public, 0o600);
        let error = PublicKeys::read(&public).unwrap_err();
        assert!(error.to_string().contains("no Ed25519 public key"), "{error}");
        assert!(matches!(SigningKey::read(&public), Err(SignatureError::Form { kind: "private", .. })));
        assert!(matches!(SigningKey::read(&folder.path().join("gone")), Err(SignatureError::Read { .. })));
    }

    #[test]
    fn a_signature_is_of_one_message_by_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| SigningKey::create(&folder.path().join(name)).unwrap());
        let both = PublicKeys::parse(&format!("now:\n{}then:\n{}", one.public_pem(), other.public_pem())).unwrap();
        let signature = one.sign(b"message");
        assert!(both.has(one.id()) && both.verify(one.id(), b"message", &signature));
        assert!(!both.verify(other.id(), b"message", &signature) && !both.verify(one.id(), b"massage", &signature));
        assert!(!both.has("") && !both.verify("", b"message", &signature));
        let alone = PublicKeys::parse(&other.public_pem()).unwrap();
        assert!(!alone.has(one.id()) && !alone.verify(one.id(), b"message", &signature));
    }

    #[test]
    fn the_key_of_the_standard_signs_as_the_standard_says() {
        // RFC 8032, 7.1, test 3, in the form of `openssl genpkey`.
        let seed = hex::decode("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7").unwrap();
        let key = SigningKey::parse(&pem("PRIVATE KEY", &[PRIVATE_PREFIX.as_slice(), &seed].concat())).unwrap();
        assert_eq!(
            hex::encode(key.sign(&[0xaf, 0x82])),
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        );
    }
}
