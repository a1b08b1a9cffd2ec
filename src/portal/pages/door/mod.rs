//! For everybody: what this is, signing in and out, the own account.

/// What this is, and in the demo who can be played.
pub(in crate::portal) mod home;

/// Signing in and out.
pub(in crate::portal) mod sign_in;

/// A password, by a one-time link.
mod invite;

/// By way of a provider of OpenID Connect.
mod provider;

/// The own account.
mod account;

/// Another password.
mod password;

/// The second factor.
mod second_factor;

/// Signing in by what a device signs.
mod passkey;

/// The form that it fills.
mod passkey_form;

/// Which devices may.
mod passkeys;

/// Who is signed in proves it once more.
pub(in crate::portal) mod confirm;

/// Who asks to be registered.
mod register;

/// What was interrupted is sent after all.
mod resend;

use axum::routing::{get, post};

use crate::portal::assets;
use crate::portal::page::{PortalPage, at};
use crate::portal::urls::Audience::{Everybody, SignedIn};

/// Its pages.
pub(super) fn pages() -> Vec<PortalPage> {
    vec![
        at("/", Everybody, get(home::get)),
        at("/assets/{name}", Everybody, get(assets::get)),
        at("/sign-in", Everybody, get(sign_in::get).post(sign_in::post)),
        at("/sign-in/passkey", Everybody, post(passkey::sign_in)),
        at("/sign-in/passkey/begin", Everybody, post(passkey::begin)),
        at("/sign-in/provider", Everybody, get(provider::get)),
        at("/sign-in/provider/back", Everybody, get(provider::back)),
        at("/register", Everybody, get(register::get).post(register::post)),
        at("/sign-out", Everybody, post(sign_in::sign_out)),
        at("/invite/{token}", Everybody, get(invite::get).post(invite::post)),
        at("/reset/{token}", Everybody, get(invite::get_again).post(invite::post_again)),
        at("/account", SignedIn, get(account::get)),
        at("/account/end-session", SignedIn, post(account::end_session)),
        at("/account/password", SignedIn, get(password::get).post(password::post)),
        at("/account/second-factor", SignedIn, get(second_factor::get).post(second_factor::post)),
        at("/account/second-factor/end", SignedIn, post(second_factor::end)),
        at("/account/passkeys", SignedIn, get(passkeys::get).post(passkeys::post)),
        at("/account/passkeys/begin", SignedIn, post(passkeys::begin)),
        at("/account/passkeys/end", SignedIn, post(passkeys::end)),
        at("/account/provider", SignedIn, get(provider::link)),
        at("/account/provider/end", SignedIn, post(provider::unlink)),
        at("/confirm", SignedIn, get(confirm::get).post(confirm::post)),
        at("/confirm/passkey", SignedIn, post(passkey::confirm)),
    ]
}
