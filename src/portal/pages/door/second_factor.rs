//! `/account/second-factor`: an authenticator is set up and taken away, by whoever has just proved who it is.
//!
//! The secret is made here and travels in the form until a code of it was typed, so that nobody is locked out by an
//! authenticator that was never set up. Drawn as a QR code within the page: nothing comes from elsewhere.

use askama::Template;
use axum::response::Response;
use data_encoding::BASE32_NOPAD;
use qrcodegen::{QrCode, QrCodeEcc};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::portal::answer::{done, page, refused};
use crate::portal::edge::sent::Sent;
use crate::portal::forms::{Form, FormField, Problem, Typed};
use crate::portal::page_error::PageError;
use crate::portal::shell::Shell;
use crate::portal::visit::{Viewer, Visit};
use crate::portal::words::WORDS;
use crate::security::totp::step_of;
use crate::store::care::context::SignIn;
use crate::store::care::sign_in::{TotpSecret, has_totp, keep_totp};

/// As RFC 4226 advises.
const SECRET_BYTES: usize = 20;

#[derive(Template)]
#[template(path = "pages/door/second_factor.html", config = "src/portal/askama.toml")]
struct FactorPage {
    shell: Shell,
    is_on: bool,
    /// In groups of four.
    key: String,
    qr: String,
    qr_size: i32,
    form: Form,
    end: Form,
}

/// Shows whether there is one, and how to set up another.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let viewer = entered(&visit).await?;
    let mut secret = [0; SECRET_BYTES];
    SystemRandom::new().fill(&mut secret).map_err(|_| PageError::Unavailable)?;
    page(&shown(&visit, &viewer, &BASE32_NOPAD.encode(&secret), None).await?)
}

async fn entered(visit: &Visit) -> Result<Viewer, PageError> {
    let mut seat = visit.seat().await?;
    Ok(seat.enter_confirmed().await?.1)
}

async fn shown(
    visit: &Visit,
    viewer: &Viewer,
    secret: &str,
    problem: Option<Problem>,
) -> Result<FactorPage, PageError> {
    let login = &viewer.profile.login;
    let is_on = {
        let mut connection = visit.portal.connect_sign_in().await?;
        has_totp(&mut SignIn::on(&mut connection), login).await?
    };
    let mut form = Form::new("factor", "/account/second-factor", &viewer.form_token, WORDS.factor_keep)
        .with(FormField::hidden("secret", secret))
        .with(FormField::line("shown", WORDS.factor_code).known_as("one-time-code").at_most(10).required());
    if let Some(problem) = problem {
        form = form.told(problem, &[])?;
    }
    let link = format!("otpauth://totp/{}:{}?secret={secret}&issuer={0}", WORDS.product, encoded(login));
    let (qr, qr_size) = drawn(&link).ok_or(PageError::Unavailable)?;
    let groups: Vec<&str> = (0..secret.len()).step_by(4).filter_map(|from| secret.get(from..from + 4)).collect();
    Ok(FactorPage {
        shell: viewer.shell(WORDS.factor_title),
        is_on,
        key: groups.join(" "),
        qr,
        qr_size,
        form,
        end: Form::new("end", "/account/second-factor/end", &viewer.form_token, WORDS.factor_end).grave(),
    })
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The dark squares as a path of SVG, and how many squares a side has, with the quiet ones around.
fn drawn(text: &str) -> Option<(String, i32)> {
    const QUIET: i32 = 4;
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            path.push_str(&format!("M{} {}h1v1h-1z", x + QUIET, y + QUIET));
        }
    }
    Some((path, code.size() + 2 * QUIET))
}

/// Keeps it once a code of it was typed.
pub(super) async fn post(visit: Visit, Sent(typed): Sent<Typed>) -> Result<Response, PageError> {
    let viewer = entered(&visit).await?;
    let secret = BASE32_NOPAD.decode(typed.text("secret").as_bytes()).ok();
    let secret = secret.filter(|secret| secret.len() == SECRET_BYTES).ok_or(PageError::NotFound)?;
    let Some(step) = step_of(&secret, typed.text("shown"), visit.portal.clock.now()) else {
        let problem = Problem::at("shown", WORDS.factor_wrong);
        return refused(&shown(&visit, &viewer, typed.text("secret"), Some(problem)).await?);
    };
    keep(&visit, &viewer, Some((&TotpSecret(secret), step))).await?;
    Ok(done("/account/second-factor", "saved"))
}

/// Takes it away.
pub(super) async fn end(visit: Visit) -> Result<Response, PageError> {
    let viewer = entered(&visit).await?;
    keep(&visit, &viewer, None).await?;
    Ok(done("/account/second-factor", "ended"))
}

async fn keep(visit: &Visit, viewer: &Viewer, proved: Option<(&TotpSecret, i64)>) -> Result<(), PageError> {
    let mut connection = visit.portal.connect_sign_in().await?;
    Ok(keep_totp(&mut SignIn::on(&mut connection), &viewer.profile.login, proved).await?)
}
