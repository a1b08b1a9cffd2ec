//! A provider of OpenID Connect: how it is asked who somebody is, and what it answers.
//!
//! Its description and keys are fetched when they are first needed, kept for an hour, and keys once more where a token
//! names one that is not known, once a minute at most. Each answer is short, and waited for ten seconds at most; a
//! provider that does not answer leaves passwords as they are, and nobody waits for it again within some seconds.

/// Why there is no answer.
mod error;

/// What is fetched.
mod fetch;

pub(super) use error::ProviderError;

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use crate::config::PortalConfig;
use crate::model::time::Timestamp;
use crate::security::oidc::{ExpectedToken, Identity, KeySet, OidcError, challenge, verify};

/// How long description and keys are kept.
const KEPT_FOR: Duration = Duration::from_secs(3_600);
/// How often keys are fetched again for a key that is not known.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// How long nobody waits for it after it did not answer.
const PAUSED_FOR: Duration = Duration::from_secs(5);

/// A provider.
#[derive(Debug)]
pub(super) struct Provider {
    issuer: String,
    /// What people call it.
    pub(super) name: String,
    client_id: String,
    client_secret: SecretString,
    /// Where it sends people back to.
    back: String,
    client: reqwest::Client,
    known: Mutex<Fetched>,
}

/// What was fetched of it.
#[derive(Debug, Default)]
struct Fetched {
    known: Option<Known>,
    /// When it last did not answer.
    silent_at: Option<Instant>,
}

/// What is known of it.
#[derive(Clone, Debug)]
struct Known {
    described: Arc<Description>,
    keys: KeySet,
    since: Instant,
    keys_since: Instant,
}

/// OpenID Connect Discovery 1.0, as far as it is needed.
#[derive(Debug, Deserialize)]
struct Description {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    jwks_uri: Url,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
}

/// What one sign-in is known by on its way there and back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AskedSignIn {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) verifier: String,
}

#[derive(Deserialize)]
struct Redeemed {
    id_token: String,
}

impl Provider {
    /// The configured one; `None` where there is none.
    pub(super) fn new(config: &PortalConfig) -> Result<Option<Provider>, reqwest::Error> {
        if !config.has_provider() {
            return Ok(None);
        }
        Ok(Some(Provider {
            issuer: config.oidc_issuer.clone(),
            name: config.oidc_name.clone(),
            client_id: config.oidc_client_id.clone(),
            client_secret: config.oidc_client_secret.clone(),
            back: format!("{}/sign-in/provider/back", config.origin),
            client: fetch::client()?,
            known: Mutex::default(),
        }))
    }

    /// Who it is, as its tokens say.
    pub(super) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// Where a browser is sent to sign in there.
    pub(super) async fn address(&self, asked: &AskedSignIn) -> Result<String, ProviderError> {
        let known = self.known().await?;
        let mut address = known.described.authorization_endpoint.clone();
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("scope", "openid")
            .append_pair("client_id", &self.client_id)
            .append_pair("redirect_uri", &self.back)
            .append_pair("state", &asked.state)
            .append_pair("nonce", &asked.nonce)
            .append_pair("code_challenge", &challenge(&asked.verifier))
            .append_pair("code_challenge_method", "S256");
        Ok(address.into())
    }

    /// Whom a code names, which the provider gives once.
    pub(super) async fn redeem(
        &self,
        code: &str,
        asked: &AskedSignIn,
        now: Timestamp,
    ) -> Result<Identity, ProviderError> {
        let known = self.known().await?;
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.back),
            ("code_verifier", &asked.verifier),
            ("client_id", &self.client_id),
        ];
        let secret = self.client_secret.expose_secret();
        let methods = &known.described.token_endpoint_auth_methods_supported;
        // By the header unless the provider lists its ways, and that is none of them (OpenID Connect Core, section 9).
        let by_header = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        let mut request = self.client.post(known.described.token_endpoint.clone());
        if !secret.is_empty() {
            if by_header {
                request = request.basic_auth(fetch::encoded(&self.client_id), Some(fetch::encoded(secret)));
            } else {
                form.push(("client_secret", secret));
            }
        }
        let redeemed: Redeemed = fetch::answer(fetch::with_form(request, &form), "answer").await?;
        let expected = ExpectedToken { issuer: &self.issuer, client_id: &self.client_id, nonce: &asked.nonce, now };
        match verify(&redeemed.id_token, &known.keys, &expected) {
            Err(OidcError::UnknownKey) => Ok(verify(&redeemed.id_token, &self.newer_keys().await?, &expected)?),
            judged => Ok(judged?),
        }
    }

    async fn known(&self) -> Result<Known, ProviderError> {
        let mut kept = self.known.lock().await;
        if let Some(known) = kept.known.as_ref().filter(|known| known.since.elapsed() < KEPT_FOR) {
            return Ok(known.clone());
        }
        if kept.silent_at.is_some_and(|at| at.elapsed() < PAUSED_FOR) {
            return Err(ProviderError::Paused);
        }
        let fetched = self.fetched().await;
        kept.silent_at = fetched.is_err().then(Instant::now);
        let fresh = fetched?;
        kept.known = Some(fresh.clone());
        Ok(fresh)
    }

    async fn fetched(&self) -> Result<Known, ProviderError> {
        let place = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let described: Description = fetch::answer(self.client.get(place), "description").await?;
        if described.issuer != self.issuer {
            return Err(OidcError::Claim("issuer").into());
        }
        let ends = [&described.authorization_endpoint, &described.token_endpoint, &described.jwks_uri];
        if !ends.into_iter().all(fetch::is_safe) {
            return Err(OidcError::Claim("endpoints").into());
        }
        let keys = self.keys(&described.jwks_uri).await?;
        let (since, described) = (Instant::now(), Arc::new(described));
        Ok(Known { described, keys, since, keys_since: since })
    }

    /// The keys as they are now, where they were fetched a while ago.
    async fn newer_keys(&self) -> Result<KeySet, ProviderError> {
        let mut kept = self.known.lock().await;
        let Some(known) = kept.known.as_mut() else { return Ok(KeySet::default()) };
        if known.keys_since.elapsed() > AGAIN_AFTER {
            known.keys = self.keys(&known.described.jwks_uri).await?;
            known.keys_since = Instant::now();
        }
        Ok(known.keys.clone())
    }

    async fn keys(&self, place: &Url) -> Result<KeySet, ProviderError> {
        let bytes = fetch::bytes(self.client.get(place.clone())).await?;
        Ok(KeySet::parse(&bytes)?)
    }
}
