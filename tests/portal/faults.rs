//! What goes wrong around the portal: a database that is away or starts anew, a live page that is cut off, and a
//! session that was ended elsewhere.

use std::time::Duration;

use axum::http::StatusCode;
use healthtrack::config::Config;
use healthtrack::model::metric::Catalogue;
use healthtrack::model::time::SystemClock;
use healthtrack::portal::{Portal, router};
use healthtrack::store::migrate::migrate;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::house::{Browser, House};
use crate::live::{Events, live_path};
use crate::network::token_of;
use crate::pages::Clinic;
use crate::support::postgres::own_postgres;

const AWAY: &str = "This page cannot be shown right now: wait a moment and load it again.";
/// How long a stream may outlive its session.
const REVOKED_MAX: Duration = Duration::from_secs(60);
/// Until a busy machine has shown what it should.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test]
async fn a_database_that_is_away_is_told_in_words_and_forgotten_when_it_is_back() {
    let mut house = House::at("http://127.0.0.1:8080", &[("HEALTHTRACK__STORE__ACQUIRE_TIMEOUT_MS", "300")]).await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let account = house.network.account("patient", Some(patient)).await;
    let browser = house.signed_in(account).await;
    assert_eq!(browser.get("/me").await.status, StatusCode::OK);
    house.network.database.close().await;
    for answer in [browser.get("/me").await, browser.post("/sign-in", &[("login", "x"), ("password", "y")]).await] {
        assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"));
        assert!(answer.body.contains(AWAY));
        assert!(!answer.body.contains("Ruiz") && !answer.body.contains("Postgres"), "{}", answer.body);
    }
    assert_eq!(browser.get("/sign-in").await.status, StatusCode::OK, "what asks nothing is there");
    house.network.database.open().await;
    assert_eq!(browser.get("/me").await.status, StatusCode::OK);
}

/// A server of one's own can be killed; with a patient in it, and logins of the portal.
const SERVER: &str = "CREATE ROLE web LOGIN PASSWORD 'web' IN ROLE healthtrack_portal;
    CREATE ROLE door LOGIN PASSWORD 'door' IN ROLE healthtrack_sign_in;
    INSERT INTO care.patient (born_on, sex, time_zone) VALUES ('1980-05-17', 'female', 'America/Chicago');
    INSERT INTO access.account (part, patient_id, login) SELECT 'patient', patient_id, 'ana' FROM care.patient";

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_and_starts_anew_is_found_again_by_the_same_portal() {
    let postgres = own_postgres(&[]).await;
    let url = postgres.url("postgres");
    let mut sql = PgConnection::connect(&url).await.unwrap();
    migrate(&mut sql, &Catalogue::builtin().unwrap()).await.unwrap();
    sql.execute(AssertSqlSafe(SERVER)).await.unwrap();
    let account: Uuid = sqlx::query_scalar("SELECT account_id FROM access.account").fetch_one(&mut sql).await.unwrap();
    let token = token_of(&mut sql, account).await;
    let login = |name: &str| {
        let mut url: url::Url = url.parse().unwrap();
        url.set_username(name).unwrap();
        url.set_password(Some(name)).unwrap();
        url.to_string()
    };
    let settings = [
        ("HEALTHTRACK__STORE__URL", url.clone()),
        ("HEALTHTRACK__STORE__ACQUIRE_TIMEOUT_MS", "1000".to_owned()),
        ("HEALTHTRACK__PORTAL__URL", login("web")),
        ("HEALTHTRACK__PORTAL__SIGN_IN_URL", login("door")),
        ("HEALTHTRACK__PORTAL__ORIGIN", "http://127.0.0.1:8080".to_owned()),
    ];
    let config = Config::read(None, settings.into_iter().map(|(name, value)| (name.to_owned(), value))).unwrap();
    let portal = Portal::new(&config, std::sync::Arc::new(SystemClock), CancellationToken::new(), None).unwrap();
    let browser = Browser {
        router: router(portal),
        cookie: Some(format!("local-session={}", token.expose())),
        address: "192.0.2.1:1000".parse().unwrap(),
    };
    let before = browser.get("/account").await;
    assert_eq!(before.status, StatusCode::OK, "{}", before.body);

    postgres.kill_hard().await.unwrap();
    let away = browser.get("/account").await;
    assert_eq!(away.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(away.body.contains(AWAY), "{}", away.body);

    postgres.restart().await.unwrap();
    let again = browser.get("/account").await;
    assert_eq!(again.status, StatusCode::OK, "{}", again.body);
    assert!(again.body.contains("ana"), "the session is the same: {}", again.body);
    let guess = browser.post("/sign-in", &[("login", "ana"), ("password", "wrong")]).await;
    assert_eq!(guess.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", guess.body);
}

/// A field of an event.
fn field<'a>(event: &'a str, name: &str) -> &'a str {
    let line = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("{name}: {event}")).trim()
}

#[tokio::test]
async fn a_live_page_that_was_cut_off_is_told_that_it_has_missed_something() {
    let mut clinic = Clinic::open().await;
    let own = clinic.house.signed_in(clinic.own).await;
    let path = live_path(&own, "/me").await;
    let first = Events::of(&own, &path).await.next().await.unwrap();
    let id = field(&first, "id").to_owned();

    // Where nothing came meanwhile, nothing was missed.
    let said = [("last-event-id", id.as_str())];
    let again = Events::since(&own, &path, &said).await.next().await.unwrap();
    assert_eq!((field(&again, "event"), field(&again, "id")), ("vitals", id.as_str()), "{again}");

    clinic.measured(-4, 97).await;
    clinic.measured(-3, 98).await;
    let mut events = Events::since(&own, &path, &said).await;
    let gap = events.next().await.unwrap();
    assert_eq!(field(&gap, "event"), "gap", "97 is told by nothing else: {gap}");
    assert!(field(&gap, "data").contains("More was measured while this page was cut off"), "{gap}");
    let present = events.next().await.unwrap();
    assert!(present.contains(r#""value":"98""#), "{present}");
    assert!(field(&present, "id").parse::<i64>().unwrap() > id.parse().unwrap());
    // Whoever begins to listen has missed nothing, and what is no id is none.
    for said in [&[][..], &[("last-event-id", "x")]] {
        let event = Events::since(&own, &path, said).await.next().await.unwrap();
        assert_eq!(field(&event, "event"), "vitals", "{said:?}");
    }
}

#[tokio::test]
async fn a_live_page_waits_for_a_database_that_is_away() {
    let mut clinic = Clinic::open().await;
    let own = clinic.house.signed_in(clinic.own).await;
    let mut events = Events::of(&own, &live_path(&own, "/me").await).await;
    events.next().await.unwrap();
    clinic.house.network.database.close().await;
    // A page asks each 700 ms: one that ended by it would have done so by now.
    let silent = timeout(Duration::from_secs(3), events.next()).await;
    assert!(silent.is_err(), "it waits, and does not end: {silent:?}");
    clinic.house.network.database.open().await;
    clinic.house.network.sql = clinic.house.network.connection().await;
    clinic.measured(-4, 97).await;
    let told = async {
        loop {
            let event = events.next().await.expect("the stream goes on");
            if event.contains(r#""value":"97""#) {
                return;
            }
        }
    };
    timeout(PATIENCE, told).await.expect("what is new is told");
}

#[tokio::test]
async fn a_session_that_is_ended_elsewhere_ends_its_open_stream() {
    let clinic = Clinic::open().await;
    let (here, lost) = (clinic.house.signed_in(clinic.carer).await, clinic.house.signed_in(clinic.carer).await);
    let path = live_path(&lost, &format!("/patients/{}/vitals", clinic.patient)).await;
    let mut events = Events::of(&lost, &path).await;
    events.next().await.unwrap();
    let page = here.get("/account").await.body;
    let session = page.split("name=\"session\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert_eq!(here.post("/account/end-session", &[("session", session)]).await.location(), "/account");
    let over = async { while events.next().await.is_some() {} };
    timeout(REVOKED_MAX, over).await.expect("a stream ends with its session");
    assert_eq!(lost.get(&path).await.status, StatusCode::SEE_OTHER, "nor does it begin again");
}
