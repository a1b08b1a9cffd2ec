//! Formats of strings that the schemas require, where no list of words can describe them.

/// True for `dddd-dd-dd`, which is all that the schemas' pattern asks.
pub(super) fn is_full_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

/// True for `hh:mm:ss` with a leap second, and up to three digits of it after one more character: the schema means a
/// full stop, and its pattern says any.
pub(super) fn is_local_time(text: &str) -> bool {
    let Some((clock, rest)) = text.split_at_checked(8) else { return false };
    let in_bounds = match *clock.as_bytes() {
        [h1, h2, b':', m1, m2, b':', s1, s2] => {
            let below = |tens: u8, ones: u8, last: u8| {
                tens.is_ascii_digit() && ones.is_ascii_digit() && (tens - b'0') * 10 + (ones - b'0') <= last
            };
            below(h1, h2, 23) && below(m1, m2, 59) && below(s1, s2, 60)
        }
        _ => false,
    };
    let mut fraction = rest.chars();
    let has_fraction = match fraction.next() {
        None => return in_bounds,
        Some(point) => !matches!(point, '\n' | '\r' | '\u{2028}' | '\u{2029}'),
    };
    let digits = fraction.as_str();
    in_bounds && has_fraction && (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// True for a URI of RFC 3986: a scheme, a colon, and only characters that a URI may hold.
pub(super) fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let named = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
    let (before, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (path, query) = before.split_once('?').unwrap_or((before, ""));
    let (authority, path) = match path.strip_prefix("//") {
        Some(path) => path.split_at(path.find('/').unwrap_or(path.len())),
        None => ("", path),
    };
    named
        && is_authority(authority)
        && holds_only(path, b":@/")
        && holds_only(query, b":@/?")
        && holds_only(fragment, b":@/?")
}

/// `user@host:port`, with an address of version 6 in brackets.
fn is_authority(authority: &str) -> bool {
    let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (host, port) = match host.strip_prefix('[') {
        Some(inside) => match inside.split_once(']') {
            Some((address, port)) => (address, port),
            None => return false,
        },
        None => host.split_at(host.find(':').unwrap_or(host.len())),
    };
    let port = port.strip_prefix(':').unwrap_or(port);
    holds_only(user, b":") && holds_only(host, b":") && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// True where the text is made of unreserved characters, sub-delimiters, `%xx` and these.
fn holds_only(text: &str, also: &[u8]) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let allowed = match byte {
            b'%' => bytes.by_ref().take(2).filter(u8::is_ascii_hexdigit).count() == 2,
            b'-' | b'.' | b'_' | b'~' => true,
            b'!' | b'$' | b'&' | b'\'' | b'(' | b')' | b'*' | b'+' | b',' | b';' | b'=' => true,
            byte => byte.is_ascii_alphanumeric() || also.contains(&byte),
        };
        if !allowed {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_has_a_scheme_and_no_character_that_a_uri_has_not() {
        for text in [
            "https://w3id.org/openmhealth/schemas/omh/calories-burned-1.0.json",
            "urn:uuid:6fa459ea-ee8a-4ca4-894e-db77e160355e",
            "http://user:secret@[::1]:8080/a%20b?c=d/e?#f",
            "mailto:somebody@example.org",
            "a:",
        ] {
            assert!(is_uri(text), "{text}");
        }
        for text in [
            "",
            "w3id.org/openmhealth",
            "//w3id.org/a",
            "1a:b",
            ":a",
            "http://a b",
            "http://a/%2",
            "a:é",
            "http://[::1",
        ] {
            assert!(!is_uri(text), "{text}");
        }
    }

    #[test]
    fn a_local_time_has_seconds_and_at_most_three_digits_of_them() {
        for text in ["00:00:00", "23:59:60", "23:59:12.027", "23:59:12.0", "12:00:00,5"] {
            assert!(is_local_time(text), "{text}");
        }
        for text in
            ["", "24:00:00", "12:60:00", "12:35:68", "23:59:12.0276", "23:59:12.", "23:59", "2é:59:12", "23:59:12Z"]
        {
            assert!(!is_local_time(text), "{text}");
        }
    }
}
