//! Promises by their number in OWASP ASVS 5.0, those that no other test names: what of sessions, caches, embedding,
//! headers and forms a security review asks for first.

use std::time::Duration;

use axum::http::StatusCode;
use healthtrack::model::people::Role;
use tokio::time::timeout;

use crate::cast::Cast;
use crate::cells;
use crate::house::{Answer, Browser, House, PASSWORD};
use crate::live::{Events, live_path};
use crate::pages::Clinic;

/// Somebody who signs in by a password, and the login.
async fn signed_in() -> (House, Browser, String) {
    let mut house = House::new().await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let account = house.network.account("patient", Some(patient)).await;
    let login = house.login_of(account).await;
    let mut browser = house.visitor();
    assert_eq!(browser.signs_in(&login, PASSWORD, "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/me").await.status, StatusCode::OK);
    (house, browser, login)
}

#[tokio::test]
async fn asvs_7_2_4_who_proves_once_more_who_it_is_has_a_new_token_and_the_former_one_is_over() {
    let (mut house, mut browser, login) = signed_in().await;
    let taken = browser.clone();
    let session = "SELECT session_id::text FROM access.session WHERE revoked_at IS NULL";
    let before = house.network.one(session).await;
    house.network.run("UPDATE access.session SET confirmed_at = now() - INTERVAL '11 minutes'").await;
    let wrong = browser.sends("/confirm", &[("password", "wrong"), ("next", "/me/export")]).await;
    assert_eq!((wrong.status, wrong.header("set-cookie")), (StatusCode::UNPROCESSABLE_ENTITY, ""));
    assert_eq!(taken.get("/me").await.status, StatusCode::OK, "a wrong proof changes nothing");
    let right = browser.sends("/confirm", &[("password", PASSWORD), ("next", "/me/export")]).await;
    assert_eq!((right.status, right.location()), (StatusCode::SEE_OTHER, "/me/export"));
    assert_eq!(browser.get("/me/export").await.status, StatusCode::OK);
    assert_eq!(taken.get("/me").await.location(), "/sign-in?next=%2Fme", "whoever took the cookie before has nothing");
    assert_eq!(house.network.one(session).await, before, "the session is the same, with what it has looked at");
    let again = taken.post("/confirm", &[("password", PASSWORD)]).await;
    assert_eq!(again.location(), "/sign-in?next=%2Fconfirm", "nor is it renewed once more ({login})");
}

#[tokio::test]
async fn asvs_7_3_1_a_session_that_is_not_used_for_fifteen_minutes_is_over() {
    let (mut house, browser, _) = signed_in().await;
    assert_eq!(house.network.one("SELECT idle_for::text FROM access.session").await, "00:15:00");
    house.network.run("UPDATE access.session SET seen_at = now() - INTERVAL '14 minutes'").await;
    assert_eq!(browser.get("/me").await.status, StatusCode::OK, "and every page begins them anew");
    let seen = "SELECT (seen_at > now() - INTERVAL '1 minute')::text FROM access.session";
    assert_eq!(house.network.one(seen).await, "true");
    house.network.run("UPDATE access.session SET seen_at = now() - INTERVAL '16 minutes'").await;
    for _ in 0..2 {
        assert_eq!(browser.get("/me").await.location(), "/sign-in?next=%2Fme", "asking does not wake it");
    }
}

#[tokio::test]
async fn asvs_7_3_2_a_session_is_over_after_twelve_hours_however_much_it_is_used() {
    let (mut house, browser, _) = signed_in().await;
    assert_eq!(house.network.one("SELECT (expires_at - created_at)::text FROM access.session").await, "12:00:00");
    let older = |hours: u32| {
        format!(
            "UPDATE access.session SET created_at = now() - INTERVAL '{hours} hours',
                    expires_at = now() - INTERVAL '{hours} hours' + INTERVAL '12 hours', seen_at = now()"
        )
    };
    house.network.run(&older(11)).await;
    assert_eq!(browser.get("/me").await.status, StatusCode::OK);
    house.network.run(&older(12)).await;
    assert_eq!(browser.get("/me").await.location(), "/sign-in?next=%2Fme");
}

#[tokio::test]
async fn asvs_7_4_2_whose_account_is_disabled_is_signed_out_at_once_everywhere() {
    let mut clinic = Clinic::open().await;
    let carer = clinic.house.signed_in(clinic.carer).await;
    let record = format!("/patients/{}", clinic.patient);
    let mut events = Events::of(&carer, &live_path(&carer, &format!("{record}/vitals")).await).await;
    events.next().await.unwrap();
    let disable = format!("UPDATE access.account SET disabled_at = now() WHERE account_id = '{}'", clinic.carer);
    clinic.house.network.run(&disable).await;
    let page = carer.get(&record).await;
    assert!(page.location().starts_with("/sign-in?next=") && !page.body.contains("Ruiz"), "{}", page.body);
    let more = timeout(Duration::from_secs(60), events.next()).await;
    assert_eq!(more.expect("the stream ends"), None, "what was open tells nothing more");
}

#[tokio::test]
async fn asvs_8_3_2_care_that_ends_closes_the_record_and_its_stream_at_once() {
    let mut clinic = Clinic::open().await;
    let carer = clinic.house.signed_in(clinic.carer).await;
    let record = format!("/patients/{}", clinic.patient);
    let live = live_path(&carer, &format!("{record}/vitals")).await;
    assert_eq!(carer.get(&record).await.status, StatusCode::OK);
    clinic
        .house
        .network
        .run("UPDATE access.care_relationship SET valid_during = tstzrange(lower(valid_during), now())")
        .await;
    for path in [&record, &live] {
        assert_eq!(carer.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

/// What bears a person's data is for this moment and this page alone.
fn assert_kept_nowhere(what: &str, answer: &Answer) {
    assert_eq!(answer.header("cache-control"), "no-store", "{what}: {:?}", answer.headers);
    assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{what}");
    for validator in ["etag", "last-modified", "expires"] {
        assert_eq!(answer.header(validator), "", "{what}: a browser need not ask again");
    }
}

#[tokio::test]
async fn asvs_14_3_2_nothing_of_a_person_stays_in_a_cache_whatever_comes_of_what_was_asked() {
    let clinic = Clinic::open().await;
    let (own, carer) = (clinic.house.signed_in(clinic.own).await, clinic.house.signed_in(clinic.carer).await);
    let problems = format!("/patients/{}/problems", clinic.patient);
    let typed = [("title", "Asthma"), ("code", "J45.909")];
    for (what, answer) in [
        ("a page", own.get("/me").await),
        ("a search", carer.post("/patients", &[("name", "ru")]).await),
        ("a form that comes back", carer.post(&problems, &typed).await),
        (
            "a file",
            own.post(
                "/me/export/samples",
                &[("metric", "heart_rate"), ("first", "2026-06-01"), ("last", "2026-06-02")],
            )
            .await,
        ),
        ("what is not there", carer.get("/me").await),
        ("the way to sign in", clinic.house.visitor().get(&problems).await),
    ] {
        assert_kept_nowhere(what, &answer);
    }
    let live = live_path(&own, "/me").await;
    let stream = own.response("GET", &live, &[], &[]).await;
    let headers = stream.headers().clone();
    assert_kept_nowhere("a stream", &Answer { status: stream.status(), headers, body: String::new() });
}

#[tokio::test]
async fn asvs_3_5_3_nothing_is_changed_by_a_link() {
    let mut cast = Cast::new().await;
    let done = "SELECT count(*)::text FROM access.audit_event WHERE action <> 'read'";
    let before = cast.house.network.one(done).await;
    let mut tried = 0;
    for (url, ..) in cells::all().into_iter().filter(|(_, method, _)| *method == "POST") {
        for role in Role::ALL {
            let browser = cast.browser(*role).await;
            let path = cast.path(url);
            let answer = browser.get(&format!("{path}?reason=other_plans&status=completed")).await;
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{role} {path}");
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
    assert_eq!(cast.house.network.one(done).await, before);
}

#[tokio::test]
async fn asvs_1_2_1_what_is_typed_becomes_neither_a_header_nor_a_template() {
    let (_house, browser, login) = signed_in().await;
    let next = "/me\r\nset-cookie: local-session=planted\r\n\r\n<script>";
    let form = [("login", login.as_str()), ("password", PASSWORD), ("next", next)];
    let answer = browser.post("/sign-in", &form).await;
    assert_eq!(answer.headers.get_all("set-cookie").iter().count(), 1, "{:?}", answer.headers);
    assert!(!format!("{:?}", answer.headers).contains("planted"), "{:?}", answer.headers);
    let typed = "{{ 7 * 7 }}${7*7}<%= 7*7 %>{% include \"x\" %}";
    let wrong = browser.post("/sign-in", &[("login", typed), ("password", "wrong")]).await;
    assert!(wrong.body.contains("{{ 7 * 7 }}${7*7}&#60;%= 7*7 %&#62;"), "{}", wrong.body);
}
