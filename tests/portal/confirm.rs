//! Proving once more who one is, before what is dangerous and after a session that ended: nothing that was written is lost.

use axum::http::StatusCode;
use data_encoding::BASE32_NOPAD;
use healthtrack::model::time::{Clock as _, SECOND_US, SystemClock};
use healthtrack::security::totp::code_at;
use uuid::Uuid;

use crate::house::{Answer, Browser, House, PASSWORD};

/// A provider who cares for a patient and has signed in by a password, the login, and the patient.
async fn signed_in() -> (House, Browser, String, Uuid) {
    let mut house = House::new().await;
    let (patient, provider) = (house.named_patient("Ruiz", "Ana").await, house.network.provider().await);
    house.network.put_in_care(patient, provider).await;
    let account = house.network.account("provider", Some(provider)).await;
    let login = house.login_of(account).await;
    let mut browser = house.visitor();
    assert_eq!(browser.signs_in(&login, PASSWORD, "").await.status, StatusCode::SEE_OTHER);
    (house, browser, login, patient)
}

/// The value of a hidden field, as the browser would send it.
fn hidden(answer: &Answer, name: &str) -> String {
    let after = answer.body.split(&format!("name=\"{name}\" value=\"")).nth(1);
    after.unwrap_or_else(|| panic!("{name}: {}", answer.body)).split('"').next().unwrap().to_owned()
}

const NOTE: &str = "written for ten minutes & more";

fn asthma() -> Vec<(&'static str, &'static str)> {
    let problem = [("title", "Asthma"), ("code_system", "icd10"), ("code", "J45.909"), ("clinical_status", "active")];
    [problem.as_slice(), &[("verification_status", "confirmed"), ("note", NOTE), ("password", "not carried")]].concat()
}

#[tokio::test]
async fn what_was_written_is_sent_after_signing_in_again_and_by_nobody_else() {
    let (mut house, mut browser, login, patient) = signed_in().await;
    let other = house.network.provider().await;
    let other = house.network.account("provider", Some(other)).await;
    let other = house.login_of(other).await;
    let path = format!("/patients/{patient}/problems");
    house.network.run("UPDATE access.session SET revoked_at = now()").await;
    let asked = browser.post(&path, &asthma()).await;
    assert_eq!(asked.status, StatusCode::UNAUTHORIZED);
    assert!(asked.body.contains("What you wrote is kept") && !asked.body.contains("ten minutes"), "{}", asked.body);
    let carried = hidden(&asked, "carried");

    // Somebody else at the same browser signs in, and gets nothing of it.
    let mut borrowed = browser.clone();
    let sent = [("login", other.as_str()), ("password", PASSWORD), ("carried", &carried)];
    let elsewhere = borrowed.sends("/sign-in", &sent).await;
    assert_eq!((elsewhere.status, elsewhere.location()), (StatusCode::SEE_OTHER, "/"));
    // Without the cookie of the session that ended it does not open.
    let sent = [("login", login.as_str()), ("password", PASSWORD), ("carried", &carried)];
    let stolen = house.visitor().sends("/sign-in", &sent).await;
    assert_eq!((stolen.status, stolen.location()), (StatusCode::SEE_OTHER, "/"));

    let wrong = browser.sends("/sign-in", &[("login", &login), ("password", "wrong"), ("carried", &carried)]).await;
    assert_eq!(hidden(&wrong, "carried"), carried, "a slip loses nothing");
    let again = browser.sends("/sign-in", &sent).await;
    assert_eq!(again.status, StatusCode::OK);
    assert!(again.body.contains("Submit?") && again.body.contains(&path), "{}", again.body);
    assert!(!again.body.contains("not carried"), "{}", again.body);
    let names = ["title", "code_system", "code", "clinical_status", "verification_status", "note"];
    let fields: Vec<(&str, String)> = names.iter().map(|name| (*name, hidden(&again, name))).collect();
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(browser.post(&path, &fields).await.status, StatusCode::SEE_OTHER);
    assert_eq!(house.network.one("SELECT title FROM care.condition").await, "Asthma");
}

#[tokio::test]
async fn the_longest_note_in_any_script_is_kept_while_somebody_signs_in_again() {
    let (mut house, mut browser, login, patient) = signed_in().await;
    house.network.run("UPDATE access.session SET revoked_at = now()").await;
    // Nine bytes a character, as browsers send it.
    let section = "記".repeat(10_000);
    let note = ["subjective", "objective", "assessment", "plan"].map(|name| (name, section.as_str()));
    let asked = browser.post(&format!("/patients/{patient}/notes"), &note).await;
    assert_eq!(asked.status, StatusCode::UNAUTHORIZED);
    let carried = hidden(&asked, "carried");
    let again = browser.sends("/sign-in", &[("login", &login), ("password", PASSWORD), ("carried", &carried)]).await;
    for (name, text) in note {
        assert!(hidden(&again, name) == text, "{name} is kept");
    }
}

#[tokio::test]
async fn a_character_that_no_text_holds_is_told_before_anything_is_looked_up() {
    let (_house, browser, _, patient) = signed_in().await;
    let answer = browser.post(&format!("/patients/{patient}/problems"), &[("title", "Asth\0ma")]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("a character that no keyboard types"), "{}", answer.body);
    let percent = browser.post(&format!("/patients/{patient}/problems"), &[("title", "50%00")]).await;
    assert!(!percent.body.contains("a character that no keyboard types"), "what was typed as such is text");
}

#[tokio::test]
async fn what_is_dangerous_asks_for_the_password_again_after_ten_minutes() {
    let (mut house, mut browser, login, _) = signed_in().await;
    assert_eq!(browser.get("/account/password").await.status, StatusCode::OK);
    house.network.run("UPDATE access.session SET confirmed_at = now() - INTERVAL '11 minutes'").await;
    let asked = browser.get("/account/password").await;
    assert_eq!(asked.location(), "/confirm?next=%2Faccount%2Fpassword");
    let wrong = browser.post("/confirm", &[("password", "wrong"), ("next", "/account/password")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let right = browser.sends("/confirm", &[("password", PASSWORD), ("next", "/account/password")]).await;
    assert_eq!((right.status, right.location()), (StatusCode::SEE_OTHER, "/account/password"));
    assert_eq!(browser.get("/account/password").await.status, StatusCode::OK);
    let away = browser.sends("/confirm", &[("password", PASSWORD), ("next", "//evil.example")]).await;
    assert_eq!(away.location(), "/");

    let elsewhere = house.visitor();
    let mut elsewhere_too = elsewhere.clone();
    elsewhere_too.signs_in(&login, PASSWORD, "").await;
    let short = browser.post("/account/password", &[("password", "short"), ("again", "short")]).await;
    assert!(short.body.contains("at least 15 characters") && !short.body.contains("value=\"short\""), "{}", short.body);
    let other = [("password", "an entirely other sentence"), ("again", "an entirely other sentence")];
    let changed = browser.sends("/account/password", &other).await;
    assert_eq!(changed.location(), "/account?done=saved");
    assert_eq!(browser.get("/account").await.status, StatusCode::OK, "this session goes on");
    assert_eq!(elsewhere_too.get("/account").await.location(), "/sign-in?next=%2Faccount", "no other does");
    let mut former = house.visitor();
    assert_eq!(former.signs_in(&login, PASSWORD, "").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let events =
        "SELECT count(*)::text FROM access.audit_event WHERE resource = 'access.credential' AND action = 'update'";
    assert_eq!(house.network.one(events).await, "2", "the first password and this one");
}

#[tokio::test]
async fn guesses_at_a_confirmation_are_those_of_the_sign_in() {
    let (_house, browser, ..) = signed_in().await;
    let mut statuses = Vec::new();
    for _ in 0..7 {
        statuses.push(browser.post("/confirm", &[("password", "wrong")]).await.status.as_u16());
    }
    assert_eq!(statuses, [422, 422, 422, 422, 422, 429, 429]);
}

#[tokio::test]
async fn a_second_factor_is_on_once_a_code_of_it_was_typed() {
    let (house, browser, login, _) = signed_in().await;
    let shown = browser.get("/account/second-factor").await;
    let secret = hidden(&shown, "secret");
    assert!(shown.body.contains("<svg class=\"qr\"") && shown.body.contains("Anybody who learns"), "{}", shown.body);
    let key = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let step = SystemClock.now().micros() / SECOND_US / 30;
    let wrong = browser.post("/account/second-factor", &[("secret", &secret), ("shown", "000000")]).await;
    assert_eq!(hidden(&wrong, "secret"), secret, "the same key again");
    assert!(wrong.body.contains("This is not the present code"), "{}", wrong.body);
    let kept = browser.post("/account/second-factor", &[("secret", &secret), ("shown", &code_at(&key, step))]).await;
    assert_eq!(kept.location(), "/account/second-factor?done=saved");
    let mut visitor = house.visitor();
    assert_eq!(visitor.signs_in(&login, PASSWORD, "").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let used = visitor.signs_in(&login, PASSWORD, &code_at(&key, step)).await;
    assert_eq!(used.status, StatusCode::UNPROCESSABLE_ENTITY, "the code that set it up is used");
    assert_eq!(visitor.signs_in(&login, PASSWORD, &code_at(&key, step + 1)).await.status, StatusCode::SEE_OTHER);
    assert_eq!(visitor.post("/account/second-factor/end", &[]).await.location(), "/account/second-factor?done=ended");
    assert_eq!(house.visitor().signs_in(&login, PASSWORD, "").await.status, StatusCode::SEE_OTHER);
    let own_size = [("secret", "MFRGG"), ("shown", "000000")];
    assert_eq!(browser.post("/account/second-factor", &own_size).await.status, StatusCode::NOT_FOUND);
}
