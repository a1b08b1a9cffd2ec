//! A form that was interrupted, as a browser keeps it: sealed under the key of this program's run and the token of the
//! session that ended, for an hour, without secrets.

use super::seal::SealKey;
use crate::model::time::{MINUTE_US, Timestamp};
use crate::store::care::session::SessionToken;

/// A longer form is not carried. The longest that a page has takes 40,000 characters (a note), of up to nine bytes each
/// as a browser sends them; sealed, a third more, it fits into the form that carries it (`edge::FORM_BYTES_MAX`).
const CARRIED_BYTES_MAX: usize = 400_000;
/// After that nobody means it any more.
const HOUR_US: i64 = 60 * MINUTE_US;
/// Fields that hold secrets.
const SECRET: [&str; 4] = ["password", "again", "secret", "form_token"];

/// A form that was interrupted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Carried {
    /// Where it was sent.
    pub(super) path: String,
    /// What it held, but for secrets.
    pub(super) fields: Vec<(String, String)>,
}

/// What a browser keeps of a form; `None` where it is too long.
pub(super) fn sealed(key: &SealKey, token: &SessionToken, path: &str, body: &[u8], now: Timestamp) -> Option<String> {
    let kept = url::form_urlencoded::parse(body).filter(|(name, _)| !SECRET.contains(&name.as_ref()));
    let mut form = url::form_urlencoded::Serializer::new(format!("{}\n{path}\n", now.micros()));
    let plain = form.extend_pairs(kept).finish().into_bytes();
    if plain.len() > CARRIED_BYTES_MAX { None } else { key.seal(&with(token), plain) }
}

/// What was sealed beside the token within an hour.
pub(super) fn opened(key: &SealKey, token: &SessionToken, sealed: &str, now: Timestamp) -> Option<Carried> {
    let plain = key.open(&with(token), sealed)?;
    let text = std::str::from_utf8(&plain).ok()?;
    let (at, text) = text.split_once('\n')?;
    let (path, form) = text.split_once('\n')?;
    let at = Timestamp::from_micros(at.parse().ok()?).ok()?;
    let fields = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    (now.micros_since(at) <= HOUR_US).then(|| Carried { path: path.to_owned(), fields })
}

fn with(token: &SessionToken) -> String {
    format!("form {}", token.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_carried_opens_beside_its_cookie_within_an_hour_and_holds_no_secret() {
        let key = SealKey::generate().unwrap();
        let (own, other) = (SessionToken::received("aa"), SessionToken::received("bb"));
        let now = Timestamp::from_millis(1_700_000_000_000).unwrap();
        let body = b"form_token=x&title=a+%26+b&title=c&password=secret";
        let text = sealed(&key, &own, "/patients/1/notes", body, now).unwrap();
        let fields = vec![("title".to_owned(), "a & b".to_owned()), ("title".to_owned(), "c".to_owned())];
        let carried = Carried { path: "/patients/1/notes".to_owned(), fields };
        assert_eq!(opened(&key, &own, &text, now.plus_micros(HOUR_US)), Some(carried));
        assert_eq!(opened(&key, &own, &text, now.plus_micros(HOUR_US + 1)), None);
        assert_eq!(opened(&key, &other, &text, now), None);
        assert_eq!(opened(&SealKey::generate().unwrap(), &own, &text, now), None);
        assert_eq!(opened(&key, &own, "", now), None);
        assert_eq!(sealed(&key, &own, "/x", &[b'a'; CARRIED_BYTES_MAX], now), None);
    }
}
