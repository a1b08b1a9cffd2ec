//! For everybody: what each part gets of each URL.

use super::Cell;

pub(super) const CELLS: &[Cell] = &[
    ("/", "GET", "y yyyyyyyyyyy"),
    ("/assets/{name}", "GET", "n nnnnnnnnnnn"),
    ("/sign-in", "GET", "y yyyyyyyyyyy"),
    // Passkeys are of a site with a name, which 127.0.0.1 is not: `passkeys.rs` has one.
    ("/sign-in/passkey", "POST", "n nnnnnnnnnnn"),
    ("/sign-in/passkey/begin", "POST", "n nnnnnnnnnnn"),
    // No provider is configured here: `provider.rs` has one.
    ("/sign-in/provider", "GET", "n nnnnnnnnnnn"),
    ("/sign-in/provider/back", "GET", "n nnnnnnnnnnn"),
    ("/register", "GET", "y yyyyyyyyyyy"),
    ("/sign-out", "POST", "r rrrrrrrrrrr"),
    ("/invite/{token}", "GET", "u uuuuuuuuuuu"),
    ("/reset/{token}", "GET", "u uuuuuuuuuuu"),
    ("/account", "GET", "i yyyyyyyyyyy"),
    ("/account/end-session", "POST", "i uuuuuuuuuuu"),
    ("/account/password", "GET", "i yyyyyyyyyyy"),
    ("/account/second-factor", "GET", "i yyyyyyyyyyy"),
    ("/account/second-factor/end", "POST", "i uuuuuuuuuuu"),
    ("/account/passkeys", "GET", "n nnnnnnnnnnn"),
    ("/account/passkeys/begin", "POST", "n nnnnnnnnnnn"),
    ("/account/passkeys/end", "POST", "n nnnnnnnnnnn"),
    ("/account/provider", "GET", "n nnnnnnnnnnn"),
    ("/account/provider/end", "POST", "n nnnnnnnnnnn"),
    ("/confirm", "GET", "i yyyyyyyyyyy"),
    ("/confirm/passkey", "POST", "n nnnnnnnnnnn"),
];
