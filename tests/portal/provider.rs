//! Signing in by way of a provider of OpenID Connect: a real one, in a process of its own, and what forges its answers.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::http::{StatusCode, header};

use crate::house::{Answer, Browser, House};
use crate::support::daemon::free_port;
use crate::support::{python, skip};

/// A provider that says of everybody who they say they are.
pub(crate) struct Provider {
    process: Child,
    issuer: String,
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Provider {
    pub(crate) async fn start() -> Option<Provider> {
        let python = match python::with("oidc", &["oidc-provider-mock==0.3.4"]) {
            Ok(python) => python,
            Err(reason) => {
                skip(&reason);
                return None;
            }
        };
        let port = free_port();
        let process = Command::new(python)
            .args(["-I", "-m", "oidc_provider_mock", "--port", &port.to_string(), "--require-nonce", "true"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let provider = Provider { process, issuer: format!("http://127.0.0.1:{port}") };
        let until = Instant::now() + Duration::from_secs(60);
        let described = format!("{}/.well-known/openid-configuration", provider.issuer);
        while client().get(&described).send().await.is_err() {
            assert!(Instant::now() < until, "the provider does not start");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Some(provider)
    }

    /// What a configuration says of it.
    pub(crate) fn settings(&self) -> [(&'static str, &str); 4] {
        [
            ("HEALTHTRACK__PORTAL__OIDC_ISSUER", &self.issuer),
            ("HEALTHTRACK__PORTAL__OIDC_NAME", "Clinic & Co"),
            ("HEALTHTRACK__PORTAL__OIDC_CLIENT_ID", "portal"),
            ("HEALTHTRACK__PORTAL__OIDC_CLIENT_SECRET", "shared & secret"),
        ]
    }

    /// Signs somebody in there, as a browser does that was sent; the path by which it comes back.
    async fn signs_in(&self, sent: &Answer, subject: &str) -> String {
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        assert!(sent.location().starts_with(&self.issuer), "{}", sent.location());
        let form =
            client().post(sent.location()).header(header::CONTENT_TYPE.as_str(), "application/x-www-form-urlencoded");
        let back = form.body(format!("sub={subject}")).send().await.unwrap();
        let back = back.headers()["location"].to_str().unwrap().to_owned();
        back.strip_prefix("http://127.0.0.1:8080").unwrap().to_owned()
    }
}

fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap()
}

async fn house(provider: &Provider) -> House {
    House::at("http://127.0.0.1:8080", &provider.settings()).await
}

/// The same browser with another cookie beside, which an answer set.
pub(crate) fn keeping(browser: &Browser, answer: &Answer) -> Browser {
    let set = answer.headers.get_all(header::SET_COOKIE).iter().map(|line| line.to_str().unwrap());
    let mut cookies: Vec<String> = browser.cookie.iter().cloned().collect();
    cookies.extend(set.map(|line| line.split(';').next().unwrap().to_owned()));
    Browser { cookie: Some(cookies.join("; ")), ..browser.clone() }
}

#[tokio::test]
async fn an_account_is_linked_by_who_has_it_and_signed_in_by_that_person_alone() {
    let Some(provider) = Provider::start().await else { return };
    let mut house = house(&provider).await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let account = house.network.account("patient", Some(patient)).await;
    let own = house.signed_in(account).await;
    let visitor = house.visitor();
    assert!(visitor.get("/sign-in?next=%2Fme").await.body.contains("Sign in with Clinic &#38; Co"));

    // Before it is linked, the person there is nobody here.
    let sent = visitor.get("/sign-in/provider?next=%2Fme").await;
    let back = provider.signs_in(&sent, "ana").await;
    let nobody = keeping(&visitor, &sent).get(&back).await;
    assert_eq!(nobody.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nobody.body.contains("Nobody here is linked to that sign-in"), "{}", nobody.body);

    let sent = own.get("/account/provider").await;
    let back = provider.signs_in(&sent, "ana").await;
    let linked = keeping(&own, &sent).get(&back).await;
    assert_eq!(linked.location(), "/account?done=saved", "{}", linked.body);
    assert!(own.get("/account").await.body.contains("Unlink the sign-in with"));

    let sent = visitor.get("/sign-in/provider?next=%2Fme").await;
    let back = provider.signs_in(&sent, "ana").await;
    let signed_in = keeping(&visitor, &sent).get(&back).await;
    assert_eq!((signed_in.status, signed_in.location()), (StatusCode::SEE_OTHER, "/me"));
    assert!(keeping(&visitor, &signed_in).get("/me").await.body.contains("Ruiz, Ana"));
    let again = keeping(&visitor, &sent).get(&back).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "a code is taken once");

    let sent = visitor.get("/sign-in/provider?next=%2F%2Fevil.example").await;
    let back = provider.signs_in(&sent, "ana").await;
    assert_eq!(keeping(&visitor, &sent).get(&back).await.location(), "/");
    assert_eq!(own.post("/account/provider/end", &[]).await.location(), "/account?done=ended");
    let sent = visitor.get("/sign-in/provider").await;
    let back = provider.signs_in(&sent, "ana").await;
    assert_eq!(keeping(&visitor, &sent).get(&back).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let denied = "SELECT count(*)::text FROM access.audit_event WHERE action = 'log_in' AND outcome = 'denied'";
    assert_eq!(house.network.one(denied).await, "2", "who is nobody here is told in the audit");
}

#[tokio::test]
async fn who_comes_back_with_anothers_state_or_cookie_is_nobody() {
    let Some(provider) = Provider::start().await else { return };
    let mut house = house(&provider).await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let account = house.network.account("patient", Some(patient)).await;
    let own = house.signed_in(account).await;
    let sent = own.get("/account/provider").await;
    let back = provider.signs_in(&sent, "ana").await;
    keeping(&own, &sent).get(&back).await;

    let visitor = house.visitor();
    let (one, other) = (visitor.get("/sign-in/provider").await, visitor.get("/sign-in/provider").await);
    let back = provider.signs_in(&one, "ana").await;
    assert_eq!(visitor.get(&back).await.status, StatusCode::UNPROCESSABLE_ENTITY, "without the cookie");
    assert_eq!(keeping(&visitor, &other).get(&back).await.status, StatusCode::UNPROCESSABLE_ENTITY, "another's");
    let elsewhere = format!("{back}&iss=https%3A%2F%2Fevil.example");
    assert_eq!(keeping(&visitor, &one).get(&elsewhere).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let denied = keeping(&visitor, &one).get("/sign-in/provider/back?error=access_denied&state=x").await;
    assert_eq!(denied.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(keeping(&visitor, &one).get(&back).await.location(), "/", "and its own is taken");

    // A link that somebody else began is finished by nobody.
    let stranger = house.named_patient("Nakamura", "Kenji").await;
    let stranger = house.network.account("patient", Some(stranger)).await;
    let stranger = house.signed_in(stranger).await;
    let sent = stranger.get("/account/provider").await;
    let back = provider.signs_in(&sent, "kenji").await;
    let lured = Browser { cookie: own.cookie.clone(), ..keeping(&visitor, &sent) };
    let lured = keeping(&lured, &sent);
    assert_eq!(lured.get(&back).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(house.network.one("SELECT count(*)::text FROM access.federated_identity").await, "1");
}
