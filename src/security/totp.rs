//! Second factors: codes of RFC 6238 as authenticators make them, six digits of HMAC-SHA-1 every thirty seconds.
//!
//! The step that a code is of is given back, so that whoever verifies can keep it and take no code twice.

use ring::hmac;

use crate::model::time::{SECOND_US, Timestamp};

/// How long a code is shown.
const STEP_S: i64 = 30;

/// The step that a code is of: the present one, or the one before or after, since clocks differ; `None` where it is of
/// none.
pub fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<i64> {
    let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let present = now.micros().div_euclid(SECOND_US * STEP_S);
    // Each is compared, so that the time does not tell which it was.
    let mut found = None;
    for step in present - 1..=present + 1 {
        if is_equal(&code_at(secret, step), &code) {
            found = Some(step);
        }
    }
    found
}

/// Whether two secrets are equal, in a time that tells nothing of where they differ.
pub fn is_equal(one: &str, other: &str) -> bool {
    // What is compared byte by byte are digests under a key, which `ring` does in constant time.
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"comparison");
    hmac::verify(&key, other.as_bytes(), hmac::sign(&key, one.as_bytes()).as_ref()).is_ok()
}

/// The code of a step, by RFC 4226.
pub fn code_at(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let digest = hmac::sign(&key, &step.to_be_bytes());
    let digest = digest.as_ref();
    let offset = usize::from(digest.last().copied().unwrap_or(0) & 0x0f);
    let word = digest.iter().skip(offset).take(4).fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_rfc() {
        // RFC 6238, appendix B, the last six of its eight digits.
        let secret = b"12345678901234567890";
        for (second, code) in [(59, "287082"), (1_111_111_109, "081804"), (20_000_000_000, "353130")] {
            assert_eq!(code_at(secret, second / STEP_S), code);
            let now = Timestamp::from_millis(second * 1_000).unwrap();
            assert_eq!(step_of(secret, code, now), Some(second / STEP_S));
            assert_eq!(step_of(secret, &format!(" {} {}", &code[..3], &code[3..]), now), Some(second / STEP_S));
            assert_eq!(step_of(secret, code, now.plus_micros(61 * SECOND_US)), None);
        }
        assert_eq!(step_of(secret, "", Timestamp::MIN), None);
    }
}
