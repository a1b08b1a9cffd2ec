//! A portal over a database of the test's own, and browsers that ask it: with a cookie, from an address, as browsers do.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use axum::response::Response;
use healthtrack::config::Config;
use healthtrack::model::time::SystemClock;
use healthtrack::portal::{Playbill, Portal, router};
use healthtrack::security::password::Passwords;
use healthtrack::store::care::context::{Operator, SignIn};
use healthtrack::store::care::session::SessionToken;
use healthtrack::store::care::sign_in;
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use uuid::Uuid;

use crate::network::Network;

pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A key that seals what patients write, as a configuration has it.
pub(crate) const KEYS: (&str, &str) =
    ("HEALTHTRACK__SECURITY__KEYS", "2026a:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=");

/// A portal and its network.
pub(crate) struct House {
    pub(crate) network: Network,
    pub(crate) portal: Portal,
    pub(crate) router: Router,
    pub(crate) closing: CancellationToken,
}

impl House {
    /// Over plain http, without a playbill.
    pub(crate) async fn new() -> House {
        House::at("http://127.0.0.1:8080", &[]).await
    }

    /// At an origin, with more of a configuration.
    pub(crate) async fn at(origin: &str, more: &[(&str, &str)]) -> House {
        let network = Network::new().await;
        let config = configured(&network, origin, more);
        House::with(network, &config, None)
    }

    pub(crate) fn with(network: Network, config: &Config, playbill: Option<Playbill>) -> House {
        let closing = CancellationToken::new();
        let portal = Portal::new(config, Arc::new(SystemClock), closing.clone(), playbill).unwrap();
        let router = router(portal.clone());
        House { network, portal, router, closing }
    }

    /// Somebody who has not signed in.
    pub(crate) fn visitor(&self) -> Browser {
        Browser { router: self.router.clone(), cookie: None, address: "192.0.2.1:1000".parse().unwrap() }
    }

    /// Somebody whose account is signed in.
    pub(crate) async fn signed_in(&self, account: Uuid) -> Browser {
        let token = self.network.token(account).await;
        Browser { cookie: Some(format!("local-session={}", token.expose())), ..self.visitor() }
    }

    /// The login of an account, which gets the password of these tests.
    pub(crate) async fn login_of(&mut self, account: Uuid) -> String {
        let login = self.network.one(&format!("SELECT login FROM access.account WHERE account_id = '{account}'")).await;
        let token = SessionToken::generate().unwrap();
        sign_in::invite(&mut Operator::on(&mut self.network.sql), &login, &token, 4).await.unwrap();
        let hash = Passwords::new().unwrap().hash(&SecretString::from(PASSWORD)).await.unwrap();
        let mut connection = self.network.login("sign_in").await;
        sign_in::accept_invitation(&mut SignIn::on(&mut connection), &token, &hash).await.unwrap();
        login
    }

    /// A patient with an official name.
    pub(crate) async fn named_patient(&mut self, family: &str, given: &str) -> Uuid {
        let patient = self.network.patient().await;
        self.network
            .run(&format!(
                "INSERT INTO care.patient_name (patient_id, use, family, given)
                 VALUES ('{patient}', 'official', '{family}', '{{{given}}}')"
            ))
            .await;
        patient
    }
}

/// The configuration of a portal over a test's database.
pub(crate) fn configured(network: &Network, origin: &str, more: &[(&str, &str)]) -> Config {
    let own = [
        ("HEALTHTRACK__STORE__URL", network.database.url().to_owned()),
        ("HEALTHTRACK__PORTAL__URL", network.database.url_as("portal")),
        ("HEALTHTRACK__PORTAL__SIGN_IN_URL", network.database.url_as("sign_in")),
        ("HEALTHTRACK__PORTAL__ORIGIN", origin.to_owned()),
        ("HEALTHTRACK__PORTAL__CONNECTIONS_MAX", "4".to_owned()),
    ];
    let own = own.into_iter().map(|(name, value)| (name.to_owned(), value));
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::read(None, own.chain(more)).unwrap()
}

/// A browser: its cookie, and where it is.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) router: Router,
    pub(crate) cookie: Option<String>,
    pub(crate) address: SocketAddr,
}

/// What a browser got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    /// Where it is sent.
    pub(crate) fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |location| location.to_str().unwrap())
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Browser {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], &[]).await
    }

    /// Sends a form from a page of the portal.
    pub(crate) async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.ask("POST", path, &[("sec-fetch-site", "same-origin")], form).await
    }

    /// The same, keeping the cookie that comes back.
    pub(crate) async fn sends(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        let answer = self.post(path, form).await;
        self.takes(&answer);
        answer
    }

    /// Keeps the cookie that came with an answer; whether one did.
    pub(crate) fn takes(&mut self, answer: &Answer) -> bool {
        let Some(cookie) = answer.headers.get(header::SET_COOKIE) else { return false };
        self.cookie = cookie.to_str().unwrap().split(';').next().map(str::to_owned);
        true
    }

    /// Signs in.
    pub(crate) async fn signs_in(&mut self, login: &str, password: &str, code: &str) -> Answer {
        self.sends("/sign-in", &[("login", login), ("password", password), ("code", code)]).await
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Answer {
        let response = self.response(method, path, headers, form).await;
        let (parts, body) = response.into_parts();
        let body = String::from_utf8(to_bytes(body, 10_000_000).await.unwrap().to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// The response, its body yet to come.
    pub(crate) async fn response(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, cookie);
        }
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        if method == "POST" {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(ConnectInfo(self.address));
        self.router.clone().oneshot(request).await.unwrap()
    }
}
