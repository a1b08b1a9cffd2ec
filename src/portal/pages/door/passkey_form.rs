//! The form that the script fills with what a device signed, and the sentence that stands there without it.

use askama::Template;

use crate::portal::state::Portal;
use crate::portal::words::{WORDS, Words};

/// A form, to be drawn by `{{ form|safe }}`: its template escapes what is in it.
#[derive(Clone, Debug, Template)]
#[template(path = "pages/door/passkey_form.html", config = "src/portal/askama.toml")]
pub(super) struct PasskeyForm {
    /// Where it is sent.
    action: &'static str,
    /// Where the script asks what is to be signed.
    begin: &'static str,
    /// What is sent again as it is.
    kept: Vec<(&'static str, String)>,
    /// What the passkey is to be called, where one is added.
    name: Option<String>,
    wrong: Option<String>,
    submit: &'static str,
    words: &'static Words,
}

impl PasskeyForm {
    fn new(action: &'static str, begin: &'static str, submit: &'static str) -> PasskeyForm {
        PasskeyForm { action, begin, kept: Vec::new(), name: None, wrong: None, submit, words: &WORDS }
    }

    /// Signs in, where the site has passkeys.
    pub(super) fn signing_in(portal: &Portal, next: &str, carried: &str) -> Option<PasskeyForm> {
        portal.passkeys.as_ref()?;
        let form = PasskeyForm::new("/sign-in/passkey", "/sign-in/passkey/begin", WORDS.passkey_sign_in);
        Some(PasskeyForm { kept: vec![("next", next.to_owned()), ("carried", carried.to_owned())], ..form })
    }

    /// Proves once more who is signed in, where the site has passkeys.
    pub(super) fn confirming(portal: &Portal, token: &str, next: &str, carried: &str) -> Option<PasskeyForm> {
        let mut form = PasskeyForm::signing_in(portal, next, carried)?;
        form.kept.push(("form_token", token.to_owned()));
        Some(PasskeyForm { action: "/confirm/passkey", submit: WORDS.passkey_confirm, ..form })
    }

    /// Adds one by a name, and says what was wrong before.
    pub(super) fn adding(token: &str, name: &str, wrong: Option<String>) -> PasskeyForm {
        let form = PasskeyForm::new("/account/passkeys", "/account/passkeys/begin", WORDS.passkey_add);
        PasskeyForm { kept: vec![("form_token", token.to_owned())], name: Some(name.to_owned()), wrong, ..form }
    }
}
