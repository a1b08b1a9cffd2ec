//! Newest values as they come: a new one is told, an ended session tells nothing more, and listening is no use of a session.

use std::time::Duration;

use axum::http::StatusCode;
use futures_util::StreamExt as _;
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use crate::house::Browser;
use crate::pages::Clinic;

/// Longer than the slowest machine takes.
const WAIT_MAX: Duration = Duration::from_secs(120);

/// Where a page listens.
pub(crate) async fn live_path(browser: &Browser, page: &str) -> String {
    let body = browser.get(page).await.body;
    let path = body.split("data-live=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    path.replace("&amp;", "&").replace("&#38;", "&")
}

/// The events of a stream, as they come.
pub(crate) struct Events(axum::body::BodyDataStream);

impl Events {
    pub(crate) async fn of(browser: &Browser, path: &str) -> Events {
        Events::since(browser, path, &[]).await
    }

    /// The same with what a browser says that was cut off.
    pub(crate) async fn since(browser: &Browser, path: &str, said: &[(&str, &str)]) -> Events {
        let response = browser.response("GET", path, said, &[]).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events(axum::body::Body::new(response.into_body().boxed_unsync()).into_data_stream())
    }

    /// The next one; what only keeps the connection open is none.
    pub(crate) async fn next(&mut self) -> Option<String> {
        loop {
            let next = timeout(WAIT_MAX, self.0.next()).await.expect("something is told");
            let event = String::from_utf8(next?.unwrap().to_vec()).unwrap();
            if !event.starts_with(':') {
                return Some(event);
            }
        }
    }

    /// The next one that tells something; what is told again meanwhile is passed over.
    async fn told(&mut self, what: &str) -> String {
        loop {
            let event = self.next().await.unwrap_or_else(|| panic!("{what} was not told"));
            if event.contains(what) {
                return event;
            }
        }
    }

    /// Waits until it ends.
    async fn end(&mut self) {
        while self.next().await.is_some() {}
    }
}

#[tokio::test]
async fn what_is_measured_is_told_and_an_ended_session_ends_it() {
    let mut clinic = Clinic::open().await;
    let carer = clinic.house.signed_in(clinic.carer).await;
    let path = live_path(&carer, &format!("/patients/{}/vitals", clinic.patient)).await;
    let mut events = Events::of(&carer, &path).await;
    let first = events.next().await.unwrap();
    assert!(first.contains("event: vitals") && first.contains(r#""metric":"heart_rate","value":"80""#), "{first}");
    clinic.measured(-4, 97).await;
    let second = events.told(r#""value":"97""#).await;
    assert!(second.contains(r#""stale":false"#), "{second}");
    clinic.house.network.run("UPDATE access.session SET revoked_at = now()").await;
    events.end().await;
}

/// What the program that keeps sessions is told of a look in a session; none where that is nothing.
async fn digest(clinic: &Clinic, token_hash: &str, look: &str) -> Option<i64> {
    let asked = format!(
        "SELECT digest FROM access.digest_of_looks(ARRAY[decode('{token_hash}', 'hex')], ARRAY['{look}'::uuid])"
    );
    let mut connection = clinic.house.network.login("sign_in").await;
    sqlx::query_scalar(sqlx::AssertSqlSafe(asked)).fetch_optional(&mut connection).await.unwrap()
}

#[tokio::test]
async fn that_something_is_new_is_told_of_a_look_that_stands_in_its_session_and_to_one_login() {
    let mut clinic = Clinic::open().await;
    let carer = clinic.house.signed_in(clinic.carer).await;
    let path = live_path(&carer, &format!("/patients/{}/vitals", clinic.patient)).await;
    Events::of(&carer, &path).await.next().await.unwrap();
    let sessions = "SELECT encode(token_hash, 'hex') FROM access.session";
    let own = clinic.house.network.one(sessions).await;
    let look = "SELECT look_id::text FROM access.look WHERE kind = 'vitals' ORDER BY looked_at DESC LIMIT 1";
    let look = clinic.house.network.one(look).await;
    let before = digest(&clinic, &own, &look).await.unwrap();
    assert_eq!(digest(&clinic, &own, &look).await, Some(before), "nothing is new");
    clinic.measured(-4, 97).await;
    let after = digest(&clinic, &own, &look).await.unwrap();
    assert_ne!(before, after);

    clinic.house.signed_in(clinic.carer).await;
    let other = clinic.house.network.one(&format!("{sessions} WHERE encode(token_hash, 'hex') <> '{own}'")).await;
    assert_eq!(digest(&clinic, &other, &look).await, None, "it is a look of another session");
    for (over, again) in [
        ("UPDATE access.look SET looked_at = now() - INTERVAL '6 minutes'", "UPDATE access.look SET looked_at = now()"),
        ("UPDATE access.session SET revoked_at = now()", "UPDATE access.session SET revoked_at = NULL"),
        ("UPDATE access.account SET disabled_at = now()", "UPDATE access.account SET disabled_at = NULL"),
    ] {
        clinic.house.network.run(over).await;
        assert_eq!(digest(&clinic, &own, &look).await, None, "{over}");
        clinic.house.network.run(again).await;
        assert_eq!(digest(&clinic, &own, &look).await, Some(after), "{again}");
    }
    for login in ["portal", "ingest", "analyst"] {
        let mut connection = clinic.house.network.login(login).await;
        let asked =
            sqlx::query("SELECT access.digest_of_looks('{}', '{}')").execute(&mut connection).await.unwrap_err();
        let code = asked.as_database_error().and_then(|error| error.code().map(|code| code.into_owned()));
        assert_eq!(code.as_deref(), Some("42501"), "{login}");
    }
}

#[tokio::test]
async fn listening_is_no_use_of_a_session_and_needs_a_page_of_the_same() {
    let mut clinic = Clinic::open().await;
    let own = clinic.house.signed_in(clinic.own).await;
    let path = live_path(&own, "/me").await;
    // The look that each stream begins with is taken by the page itself, as those each few minutes are.
    clinic.house.network.run("UPDATE access.session SET seen_at = now() - INTERVAL '10 minutes'").await;
    let looks = "SELECT count(*)::text FROM access.audit_event WHERE action = 'read' AND resource LIKE '%vitals%'";
    let before: i32 = clinic.house.network.one(looks).await.parse().unwrap();
    let mut events = Events::of(&own, &path).await;
    events.next().await.unwrap();
    clinic.measured(-4, 97).await;
    events.told("97").await;
    assert_eq!(clinic.house.network.one(looks).await, (before + 1).to_string(), "the look is recorded");
    let seen = "SELECT count(*)::text FROM access.session WHERE seen_at < now() - INTERVAL '9 minutes'";
    assert_eq!(clinic.house.network.one(seen).await, "1", "a page that listens does not keep the session alive");

    let other = clinic.house.signed_in(clinic.own).await;
    assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND, "the proof is of one session");
    let longer = path.replace("until=", "until=9");
    assert_eq!(own.get(&longer).await.status, StatusCode::NOT_FOUND, "and of one time");
    clinic.house.closing.cancel();
    events.end().await;
}

#[tokio::test]
async fn four_pages_of_a_session_listen_and_one_that_is_closed_makes_room() {
    let clinic = Clinic::open().await;
    let own = clinic.house.signed_in(clinic.own).await;
    let path = live_path(&own, "/me").await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(Events::of(&own, &path).await);
    }
    let refused = own.get(&path).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.body.contains("close some of them"), "{}", refused.body);
    let carer = clinic.house.signed_in(clinic.carer).await;
    let theirs = live_path(&carer, &format!("/patients/{}/vitals", clinic.patient)).await;
    Events::of(&carer, &theirs).await;
    open.pop();
    Events::of(&own, &path).await;
}
