//! A visit: who asks for a page, by the cookie, and the actor that the page is a function of.
//!
//! The cookie holds the session's token and nothing else. It is a `__Host-` cookie where browsers come over TLS; over
//! plain http, which the configuration allows for this machine alone, it bears another name, so that neither is taken
//! for the other. A sign-in always makes a new token, so a token that somebody slipped to a browser is never signed in.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::header::COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use jiff::tz::TimeZone;
use sqlx::Postgres;
use sqlx::pool::PoolConnection;
use tokio::sync::OwnedMutexGuard;

use super::page_error::PageError;
use super::shell::{Shell, SignedIn, done, groups_of, menu_of, part_of};
use super::state::Portal;
use super::urls::Audience;
use crate::model::people::Role;
use crate::model::time::MINUTE_US;
use crate::store::care::actor::Actor;
use crate::store::care::error::RuleCatalogue;
use crate::store::care::profile::{self, Profile};
use crate::store::care::session::SessionToken;
use crate::store::care::vitals::{NewestVital, Watch, watch};

/// How long a proof of who somebody is lasts for what is dangerous.
const CONFIRMED_FOR_US: i64 = 10 * MINUTE_US;
const SESSION: &str = "session";

/// What the script sends with what it asks for by itself.
const REFRESH: &str = "x-refresh";

/// Who asks, and for what.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) portal: Portal,
    /// As the browser sent it; whether it is one, the database says.
    pub(super) token: Option<SessionToken>,
    /// For limits of guesses.
    pub(super) address: String,
    /// Whether the page asks by itself, and nobody has turned to it.
    pub(super) is_refresh: bool,
    audience: Audience,
    /// Path and query, to come back to.
    pub(super) target: String,
}

impl FromRequestParts<Portal> for Visit {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, portal: &Portal) -> Result<Visit, PageError> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip());
        Ok(Visit {
            token: token_in(&parts.headers, portal.is_secure),
            address: address_of(&parts.headers, peer, portal.proxies),
            is_refresh: parts.headers.contains_key(REFRESH),
            // A URL that is in no list is for nobody.
            audience: parts.extensions.get::<Audience>().copied().unwrap_or(Audience::Parts(&[])),
            target: parts.uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string),
            portal: portal.clone(),
        })
    }
}

impl Visit {
    /// A connection for the page; to the sign-in page where nobody can be signed in.
    pub(super) async fn seat(&self) -> Result<Seat, PageError> {
        let Some(token) = self.token.clone() else { return Err(self.sign_in()) };
        let (connection, rules) = self.portal.connect().await?;
        Ok(Seat { connection, rules, token, visit: self.clone() })
    }

    /// The turn of this session, for a form that must not be done twice at once: taken before the actor is.
    pub(super) async fn turn(&self) -> Option<OwnedMutexGuard<()>> {
        let session = self.token.as_ref().map(form_token)?;
        Some(self.portal.turns.take(&session).await)
    }

    /// For a URL of the demo, which is in no list: whoever is signed in may ask for it.
    pub(super) fn of_the_demo(self) -> Visit {
        Visit { audience: Audience::SignedIn, ..self }
    }

    /// What the page before has done, as the URL says.
    fn done(&self) -> Option<&'static str> {
        let (_, query) = self.target.split_once('?')?;
        query.split('&').find_map(|pair| pair.strip_prefix("done=")).and_then(done)
    }

    fn sign_in(&self) -> PageError {
        PageError::SignIn(self.target.clone())
    }
}

/// Where an actor sits: a connection that is nobody's once it goes back.
pub(super) struct Seat {
    connection: PoolConnection<Postgres>,
    rules: RuleCatalogue,
    token: SessionToken,
    visit: Visit,
}

impl Seat {
    /// The actor, and who that is; an account for which the URL is not is told that there is no such page.
    pub(super) async fn enter(&mut self) -> Result<(Actor<'_>, Viewer), PageError> {
        let begun = Actor::begin(&mut self.connection, &self.rules, &self.token).await?;
        entered(&self.visit, &self.token, begun).await
    }

    /// The same for a page that refreshes itself, which does not use the session.
    pub(super) async fn watch(&mut self) -> Result<(Actor<'_>, Viewer), PageError> {
        let begun = Actor::begin_unseen(&mut self.connection, &self.rules, &self.token).await?;
        entered(&self.visit, &self.token, begun).await
    }

    /// The same for a look that a page takes by itself: it is recorded, and does not use the session.
    pub(super) async fn look_unseen(&mut self) -> Result<(Actor<'_>, Viewer), PageError> {
        let begun = Actor::begin_look_unseen(&mut self.connection, &self.rules, &self.token).await?;
        entered(&self.visit, &self.token, begun).await
    }

    /// The same for what is dangerous: who has not proved within ten minutes who that is does it once more.
    pub(super) async fn enter_confirmed(&mut self) -> Result<(Actor<'_>, Viewer), PageError> {
        let now = self.visit.portal.clock.now();
        let target = self.visit.target.clone();
        let (actor, viewer) = self.enter().await?;
        let is_confirmed = now.micros_since(viewer.profile.confirmed_at) < CONFIRMED_FOR_US;
        if is_confirmed { Ok((actor, viewer)) } else { Err(PageError::Confirm(target)) }
    }

    /// What is newest by a look, read without using the session.
    pub(super) async fn peek(&mut self, by: &Watch) -> Result<Vec<NewestVital>, PageError> {
        let begun = Actor::begin_unseen(&mut self.connection, &self.rules, &self.token).await?;
        let Some(mut actor) = begun else { return Err(self.visit.sign_in()) };
        Ok(watch(&mut actor, *by).await?)
    }
}

async fn entered<'c>(
    visit: &Visit,
    token: &SessionToken,
    begun: Option<Actor<'c>>,
) -> Result<(Actor<'c>, Viewer), PageError> {
    let Some(mut actor) = begun else { return Err(visit.sign_in()) };
    let role = actor.role();
    let is_let_in = match visit.audience {
        Audience::Everybody | Audience::SignedIn => true,
        Audience::Parts(parts) => parts.contains(&role),
    };
    if !is_let_in {
        return Err(PageError::NotFound);
    }
    let profile = profile::read(&mut actor).await?;
    let zone = TimeZone::get(&profile.time_zone).unwrap_or(TimeZone::UTC);
    Ok((actor, Viewer { profile, role, zone, done: visit.done(), form_token: form_token(token) }))
}

/// Who is signed in.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    pub(super) profile: Profile,
    pub(super) role: Role,
    /// In which zone times are shown.
    pub(super) zone: TimeZone,
    /// What has just been done.
    done: Option<&'static str>,
    /// For forms of browsers that do not tell where a form comes from.
    pub(super) form_token: String,
}

impl Viewer {
    /// What stands around a page for this viewer.
    pub(super) fn shell(&self, title: &str) -> Shell {
        let who = SignedIn {
            name: self.profile.name.clone(),
            part: part_of(self.role),
            form_token: self.form_token.clone(),
            menu: menu_of(self.role),
            groups: groups_of(self.role),
        };
        Shell { done: self.done, ..Shell::of(title, who) }
    }
}

/// What a form of this session holds: nobody can compute it who has not the token, nor the token from it.
pub(super) fn form_token(token: &SessionToken) -> String {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, token.expose().as_bytes());
    hex::encode(ring::hmac::sign(&key, b"form").as_ref())
}

/// The session's token among the cookies.
pub(super) fn token_in(headers: &HeaderMap, is_secure: bool) -> Option<SessionToken> {
    named_cookie(headers, SESSION, is_secure).map(|token| SessionToken::received(&token))
}

/// What a cookie of ours holds.
pub(super) fn named_cookie(headers: &HeaderMap, name: &str, is_secure: bool) -> Option<String> {
    let name = full_name(name, is_secure);
    let cookies = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, text)| text.to_owned())
}

fn full_name(name: &str, is_secure: bool) -> String {
    if is_secure { format!("__Host-{name}") } else { format!("local-{name}") }
}

/// The cookie that a browser keeps a session by; an empty one ends it.
pub(super) fn cookie(token: Option<&SessionToken>, is_secure: bool) -> HeaderValue {
    cookie_of(SESSION, token.map(SessionToken::expose), is_secure)
}

/// A cookie of ours, until the browser is closed; without a text it ends.
pub(super) fn cookie_of(name: &str, text: Option<&str>, is_secure: bool) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let (text, age) = text.map_or(("", "; Max-Age=0"), |text| (text, ""));
    let name = full_name(name, is_secure);
    let line = format!("{name}={text}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
    let mut value = HeaderValue::from_str(&line).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

/// Who asks, as far as the proxies that are there tell it; of an IPv6 address its network, since one browser has all of
/// it.
fn address_of(headers: &HeaderMap, peer: Option<IpAddr>, proxies: u8) -> String {
    let told = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let told: Vec<&str> = told.flat_map(|line| line.split(',')).map(str::trim).collect();
    // Each proxy adds who asked it at the end, so what stands before those is what the browser made up.
    let told = usize::from(proxies).checked_sub(1).and_then(|before| told.iter().rev().nth(before));
    let address = told.and_then(|address| address.parse().ok()).or(peer).unwrap_or(Ipv4Addr::UNSPECIFIED.into());
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(address) => address.to_string(),
            None => {
                let [a, b, c, d, ..] = address.segments();
                format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(told: &[&'static str], peer: &str, proxies: u8) -> String {
        let mut headers = HeaderMap::new();
        for line in told {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        address_of(&headers, Some(peer.parse().unwrap()), proxies)
    }

    #[test]
    fn nobody_chooses_the_address_that_guesses_are_counted_by() {
        assert_eq!(address(&["6.6.6.6"], "10.0.0.9", 0), "10.0.0.9");
        assert_eq!(address(&["6.6.6.6, 1.2.3.4"], "10.0.0.9", 1), "1.2.3.4");
        assert_eq!(address(&["6.6.6.6", "1.2.3.4, 10.0.0.1"], "10.0.0.9", 2), "1.2.3.4");
        assert_eq!(address(&["nonsense"], "10.0.0.9", 1), "10.0.0.9");
        assert_eq!(address(&[], "2001:db8:1:2:3:4:5:6", 0), "2001:db8:1:2::/64");
        assert_eq!(address(&[], "::ffff:1.2.3.4", 0), "1.2.3.4");
    }

    #[test]
    fn a_cookie_is_for_this_host_alone() {
        let token = SessionToken::received("ab");
        let secure = cookie(Some(&token), true);
        assert_eq!(secure.to_str().unwrap(), "__Host-session=ab; Path=/; HttpOnly; SameSite=Lax; Secure");
        assert!(secure.is_sensitive());
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_static("local-session=cd; x=y; __Host-session=ab"));
        assert_eq!(token_in(&headers, true).unwrap().expose(), "ab");
        assert_eq!(token_in(&headers, false).unwrap().expose(), "cd");
    }
}
