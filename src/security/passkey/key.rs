//! Public keys as devices give them (COSE, RFC 9053), and what they verify.

use ring::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

use super::cbor::{CborReader, Item};

/// Ed25519, ES256 and RS256, as COSE numbers them: what devices are asked for, the best first.
pub(super) const ALGORITHMS: [i64; 3] = [-8, -7, -257];

/// A public key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PublicKey<'a> {
    Ed25519(&'a [u8]),
    /// A point on P-256: `04`, x, y.
    P256(Vec<u8>),
    Rsa {
        n: &'a [u8],
        e: &'a [u8],
    },
}

impl<'a> PublicKey<'a> {
    /// Reads one; `None` where it is of none of these kinds, or is not all that such a key is.
    pub(super) fn read(reader: &mut CborReader<'a>) -> Option<PublicKey<'a>> {
        let Item::Map(pairs) = reader.item()? else { return None };
        let (mut numbers, mut bytes) = (Vec::new(), Vec::new());
        for _ in 0..pairs {
            let Item::Number(label) = reader.item()? else { return None };
            match reader.item()? {
                Item::Number(number) => numbers.push((label, number)),
                Item::Bytes(found) => bytes.push((label, found)),
                _ => return None,
            }
        }
        let number = |label| numbers.iter().find(|(known, _)| *known == label).map(|(_, number)| *number);
        let part = |label| bytes.iter().find(|(known, _)| *known == label).map(|(_, bytes)| *bytes);
        // Kind of key, algorithm, and curve.
        match (number(1)?, number(3)?, number(-1)) {
            (1, -8, Some(6)) => part(-2).filter(|x| x.len() == 32).map(PublicKey::Ed25519),
            (2, -7, Some(1)) => {
                let (x, y) = (part(-2).filter(|x| x.len() == 32)?, part(-3).filter(|y| y.len() == 32)?);
                Some(PublicKey::P256([&[4], x, y].concat()))
            }
            (3, -257, None) => Some(PublicKey::Rsa { n: part(-1)?, e: part(-2)? }),
            _ => None,
        }
    }

    /// Whether a signature of a message is by this key.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            PublicKey::Ed25519(key) => UnparsedPublicKey::new(&ED25519, key).verify(message, signature),
            PublicKey::P256(key) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key).verify(message, signature),
            PublicKey::Rsa { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        }
        .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};

    use super::*;

    fn read(bytes: &[u8]) -> Option<PublicKey<'_>> {
        PublicKey::read(&mut CborReader(bytes))
    }

    #[test]
    fn a_key_of_each_kind_verifies_what_it_signed_and_nothing_else() {
        let random = SystemRandom::new();
        let made = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(made.as_ref()).unwrap();
        let cose = [b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20".as_slice(), pair.public_key().as_ref()].concat();
        let signature = pair.sign(b"message");
        let key = read(&cose).unwrap();
        assert!(key.verifies(b"message", signature.as_ref()) && !key.verifies(b"massage", signature.as_ref()));

        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, made.as_ref(), &random).unwrap();
        let (_, point) = pair.public_key().as_ref().split_at(1);
        let (x, y) = point.split_at(32);
        let cose = [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".as_slice(), x, b"\x22\x58\x20", y].concat();
        let signature = pair.sign(&random, b"message").unwrap();
        let key = read(&cose).unwrap();
        assert!(key.verifies(b"message", signature.as_ref()) && !key.verifies(b"massage", signature.as_ref()));
        assert!(!key.verifies(b"message", b""));
        // A point that is on no curve verifies nothing.
        let nowhere = [b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20".as_slice(), x, b"\x22\x58\x20", x].concat();
        assert!(!read(&nowhere).unwrap().verifies(b"message", signature.as_ref()));
        // Of another algorithm or curve, without a part, or with one too short.
        for (at, byte) in [(4, 0x25), (6, 0x02), (2, 0x03), (0, 0xa4), (9, 0x1f)] {
            let mut wrong = cose.clone();
            wrong[at] = byte;
            assert_eq!(read(&wrong), None, "{at}");
        }
    }

    #[test]
    fn a_key_of_rsa_verifies_what_openssl_signed() {
        // A key of 2,048 bits that was thrown away: `openssl dgst -sha256 -sign`.
        let n = hex::decode(RSA_N).unwrap();
        let cose = [b"\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00".as_slice(), &n, b"\x21\x43\x01\x00\x01"].concat();
        let signature = hex::decode(RSA_SIGNATURE).unwrap();
        let key = read(&cose).unwrap();
        assert!(key.verifies(b"message", &signature) && !key.verifies(b"massage", &signature));
    }

    const RSA_N: &str = "\
        d545c56c1bf98c5dbfc63a5959073d991f1f21a87f2af3faab1aceef998d4b93a143dcda49608eb4d2d03deede022102c738\
        3086bf2de958cf2bb2a6f21a0ee718d6acc231aa6bfe67a62d17a2cd56aa2a35001d5d180929ab6572e30bfc873935907445\
        533605d833c08bffe046c90fa8e668ad3ac354b3f12ff4451e909e977a2aa1a705c02ca8cb3793f2791c40be649f44c5c725\
        521382dfb09173377eefcb1707ef0850517231e6fd2833cf230f92d316246c9278d233fddf8ecdd71a84eb6c3aa7ab4d289b\
        18f4acdf6551840835e5f8da9da0085de652772593892089e90341277bbe24bf8605067716ae6e6e80ed86d93e43d03e1c0b\
        ec64b9732c81";
    const RSA_SIGNATURE: &str = "\
        cf71b1e7e567cbcf9fcbdee6a0170cfa514839d9fe5c10204f02f30becba7d207d850c47616b5612856dae0a87769009794a\
        f3c793b0e823e2d0d63217b99e5e527d4bffcfe4c0a78a24b482ca0daba62fe9f2f9d4e7ad9f9c0bbec07c6f4bef80f67f53\
        c4f8f181042a5918c24bb306ce36d90a9b8d0dcf6ea6cfc8cc87a3eec7853d299bbb9997b018d1ad2188c5c533bdd33cd257\
        d43a9bc07e5775849bd520f8530c445aa2b691451c87b2a22f90c54ec4cb6367b8fb2dab7d4ff23a9a2ac342a854d34e264c\
        7c513cf91ee785be4983dce75a0c6686e8f02e2cc884e32b0fdc2956eea7657b880970fc952104a2767bc553b3d39ecb92da\
        b05857cff315";
}
