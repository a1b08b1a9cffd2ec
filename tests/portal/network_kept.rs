//! An administrator's day: accounts, what two must open, facilities, words.

use axum::http::StatusCode;
use healthtrack::model::time::{Clock as _, SECOND_US, SystemClock};
use healthtrack::security::totp::code_at;
use healthtrack::store::care::context::SignIn;
use healthtrack::store::care::sign_in::{TotpSecret, keep_totp};

use crate::house::{Browser, House};

/// A house, and an administrator; two stand beside, since the last ones cannot be disabled.
async fn administered() -> (House, Browser) {
    let mut house = House::new().await;
    let account = house.network.account("network_admin", None).await;
    let administrator = house.signed_in(account).await;
    (house, administrator)
}

#[tokio::test]
async fn an_account_is_opened_once_signed_out_moved_and_disabled() {
    let (mut house, administrator) = administered().await;
    let (first, second) = (house.network.facility("IL", "clinic").await, house.network.facility("IL", "clinic").await);
    let (first, second) = (first.to_string(), second.to_string());
    let form = [("action", "open"), ("part", "front_desk"), ("login", "desk-9"), ("facility", first.as_str())];
    let opened = administrator.post("/network/accounts", &form).await;
    let path = opened.location().trim_end_matches("?done=saved").to_owned();
    assert!(path.starts_with("/network/accounts/"), "{} {}", opened.status, opened.body);
    let twice = administrator.post("/network/accounts", &form).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(twice.body.contains("value=\"desk-9\""), "{}", twice.body);
    let one = administrator.get(&path).await;
    assert!(
        one.body.contains("desk-9") && one.body.contains("clinic 0") && one.body.contains("Disable it"),
        "{}",
        one.body
    );
    let moved = [("action", "move"), ("version", "1"), ("facility", second.as_str())];
    assert_eq!(administrator.post(&path, &moved).await.status, StatusCode::SEE_OTHER);
    assert_eq!(administrator.post(&path, &moved).await.status, StatusCode::UNPROCESSABLE_ENTITY, "as it was read");
    for action in ["end_sessions", "disable"] {
        assert_eq!(administrator.post(&path, &[("action", action)]).await.status, StatusCode::SEE_OTHER, "{action}");
    }
    // By name: one is taken, of several one is chosen, and who is not there is said.
    let by = |login: &'static str, name: &'static str| {
        [("action", "open"), ("part", "biller"), ("login", login), ("facility", name)]
    };
    let several = administrator.post("/network/accounts", &by("bill-1", "clin")).await;
    assert_eq!(several.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        several.body.contains("choose one") && several.body.contains(&format!("<option value=\"{second}\"")),
        "{}",
        several.body
    );
    let none = administrator.post("/network/accounts", &by("bill-1", "Nowhere")).await;
    assert!(
        none.body.contains("None has a name that begins so.") && none.body.contains("value=\"Nowhere\""),
        "{}",
        none.body
    );
    let named = administrator.post("/network/accounts", &by("bill-1", "Clinic 1")).await;
    assert_ne!(named.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", named.body);
    let at = format!("SELECT (facility_id = '{second}')::text FROM access.account WHERE login = 'bill-1'");
    assert_eq!(house.network.one(&at).await, "true");
    let disabled = administrator.get(&path).await;
    assert!(disabled.body.contains("Disabled since") && disabled.body.contains("Enable it again"), "{}", disabled.body);
    let kept =
        "SELECT (facility_id = '$f' AND disabled_at IS NOT NULL)::text FROM access.account WHERE login = 'desk-9'";
    assert_eq!(house.network.one(&kept.replace("$f", &second)).await, "true");
    let desks = administrator.post("/network/accounts", &[("action", "list"), ("part", "front_desk")]).await;
    assert!(desks.body.contains("desk-9") && desks.body.matches("/network/accounts/").count() == 1, "{}", desks.body);
}

#[tokio::test]
async fn who_proposes_cannot_confirm_and_another_does() {
    let (mut house, administrator) = administered().await;
    let second = house.network.account("network_admin", None).await;
    let second = house.signed_in(second).await;
    let form = [("part", "privacy_officer"), ("login", "officer-9")];
    assert_eq!(administrator.post("/network", &form).await.location(), "/network?done=saved");
    assert_eq!(administrator.post("/network", &form).await.status, StatusCode::UNPROCESSABLE_ENTITY, "it stands once");
    let key = house.network.one("SELECT account_proposal_id::text FROM access.account_proposal").await;
    let path = format!("/network/proposals/{key}");
    assert!(!administrator.get("/network").await.body.contains(">Confirm<"));
    let own = administrator.post(&path, &[("action", "confirm")]).await;
    assert_eq!(own.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(second.get("/network").await.body.contains(">Confirm<"));
    assert_eq!(second.post(&path, &[("action", "confirm")]).await.location(), "/network?done=saved");
    let made = "SELECT part FROM access.account WHERE login = 'officer-9'";
    assert_eq!(house.network.one(made).await, "privacy_officer");
    assert!(second.get("/network").await.body.contains("Confirmed"));
}

#[tokio::test]
async fn a_facility_is_added_once_and_closed_as_it_was_read() {
    let (mut house, administrator) = administered().await;
    house.network.facility("IL", "clinic").await;
    let form = [
        ("name", "Riverside"),
        ("category", "clinic"),
        ("street", "2 Main Street"),
        ("postal_code", "62701"),
        ("city", "Springfield"),
        ("state_code", "IL"),
        ("country", "US"),
        ("time_zone", "America/Chicago"),
        ("phone", "+12175550100"),
    ];
    let wrong: Vec<_> =
        form.iter().copied().map(|(name, value)| (name, if name == "phone" { "none" } else { value })).collect();
    let refused = administrator.post("/network/facilities", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    let at_phone = refused.body.split("id=\"add-phone\"").nth(1).is_some_and(|rest| rest.contains("aria-invalid"));
    assert!(refused.body.contains("Riverside") && at_phone, "{}", refused.body);
    assert_eq!(administrator.post("/network/facilities", &form).await.location(), "/network/facilities?done=saved");
    assert_eq!(administrator.post("/network/facilities", &form).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let found = administrator.post("/network/facilities", &[("action", "list"), ("begins", "river")]).await;
    assert!(found.body.contains("Riverside") && !found.body.contains("clinic 0"), "{}", found.body);
    let key = house.network.one("SELECT facility_id::text FROM care.facility WHERE name = 'Riverside'").await;
    let path = format!("/network/facilities/{key}");
    let close = [("version", "1"), ("closed_on", "2036-01-01")];
    assert_eq!(administrator.post(&path, &close).await.status, StatusCode::SEE_OTHER);
    let stale = administrator.post(&path, &[("version", "1"), ("closed_on", "2037-01-01")]).await;
    assert!(stale.body.contains("Somebody has changed this") && stale.body.contains("2036-01-01"), "{}", stale.body);
    assert!(administrator.get(&path).await.body.contains("Closed from 1 Jan 2036"));
    let word = [("list", "category"), ("word", "hospice"), ("title", "Hospice")];
    assert_eq!(administrator.post("/network/words", &word).await.location(), "/network/words?done=saved");
    assert!(administrator.get("/network/words").await.body.contains("Hospice"));
}

#[tokio::test]
async fn a_link_sets_a_password_once_within_a_day_and_ends_every_session() {
    let (mut house, administrator) = administered().await;
    let provider = house.network.provider().await;
    let account = house.network.account("provider", Some(provider)).await;
    let login = house.login_of(account).await;
    let signed_in = house.signed_in(account).await;
    let mut sign_in = house.network.login("sign_in").await;
    let secret = TotpSecret(b"12345678901234567890".to_vec());
    keep_totp(&mut SignIn::on(&mut sign_in), &login, Some((&secret, 0))).await.unwrap();
    let path = format!("/network/accounts/{account}");
    assert!(administrator.get(&path).await.body.contains("Make a link"));
    let mut links = Vec::new();
    for _ in 0..2 {
        let made = administrator.post(&path, &[("action", "link")]).await;
        assert_eq!(made.status, StatusCode::OK, "{}", made.body);
        let link = made.body.split("http://127.0.0.1:8080").nth(1).unwrap().split('<').next().unwrap().to_owned();
        assert!(link.starts_with("/reset/") && link.len() == 71, "{link}");
        assert!(!administrator.get(&path).await.body.contains("/reset/"), "it is shown once");
        links.push(link);
    }
    let token = links[1].trim_start_matches("/reset/");
    let kept =
        format!("SELECT count(*)::text FROM access.invitation WHERE token_hash = sha256(decode('{token}', 'hex'))");
    assert_eq!(house.network.one(&kept).await, "1", "of the token only its digest is kept");
    assert_eq!(signed_in.get("/worklist").await.status, StatusCode::OK, "nothing happened yet");

    let visitor = house.visitor();
    let password = [("password", "another one that is long"), ("again", "another one that is long")];
    assert_eq!(visitor.post(&links[0], &password).await.status, StatusCode::UNPROCESSABLE_ENTITY, "the first is void");
    let asked = visitor.get(&links[1]).await;
    assert!(asked.body.contains("Choose a new password") && asked.body.contains(&login), "{}", asked.body);
    let short = visitor.post(&links[1], &[("password", "short"), ("again", "short")]).await;
    assert!(short.body.contains("Choose a new password") && short.body.contains("at least 15"), "{}", short.body);
    assert_eq!(visitor.post(&links[1], &password).await.location(), "/sign-in?set=true");
    assert_eq!(visitor.post(&links[1], &password).await.status, StatusCode::UNPROCESSABLE_ENTITY, "once");
    assert_eq!(signed_in.get("/worklist").await.status, StatusCode::SEE_OTHER, "signed out everywhere");
    let plain = house.visitor().signs_in(&login, "another one that is long", "").await;
    assert_eq!(plain.status, StatusCode::UNPROCESSABLE_ENTITY, "the second factor stays");
    let step = SystemClock.now().micros() / SECOND_US / 30;
    let with_code = house.visitor().signs_in(&login, "another one that is long", &code_at(&secret.0, step)).await;
    assert_eq!(with_code.status, StatusCode::SEE_OTHER);

    administrator.post(&path, &[("action", "link")]).await;
    let lasts = "SELECT (expires_at - made_at)::text FROM access.invitation WHERE used_at IS NULL";
    assert_eq!(house.network.one(lasts).await, "1 day");
    let told = format!(
        "SELECT count(*)::text FROM access.audit_event
         WHERE action = 'grant' AND resource = 'access.account/{account}' AND reason = 'link'"
    );
    assert_eq!(house.network.one(&told).await, "3", "each is in the audit");
}

#[tokio::test]
async fn no_link_is_made_for_great_power_for_oneself_a_patient_or_who_is_disabled_or_by_who_keeps_nothing() {
    let (mut house, administrator) = administered().await;
    let officer = house.network.account("privacy_officer", None).await;
    let other = house.network.account("network_admin", None).await;
    let desk = house.network.facility("IL", "clinic").await;
    let desk = house.network.account("front_desk", Some(desk)).await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let patient = house.network.account("patient", Some(patient)).await;
    for account in [officer, other] {
        let path = format!("/network/accounts/{account}");
        assert!(!administrator.get(&path).await.body.contains("Make a link"));
        let refused = administrator.post(&path, &[("action", "link")]).await;
        assert_eq!(refused.status, StatusCode::NOT_FOUND, "there is no such form: {}", refused.body);
    }
    let path = |account| format!("/network/accounts/{account}");
    assert_eq!(administrator.post(&path(patient), &[("action", "link")]).await.status, StatusCode::NOT_FOUND);
    house.network.run(&format!("UPDATE access.account SET disabled_at = now() WHERE account_id = '{desk}'")).await;
    assert_eq!(administrator.post(&path(desk), &[("action", "link")]).await.status, StatusCode::NOT_FOUND);
    let desk = house.signed_in(officer).await;
    assert_eq!(desk.post(&path(patient), &[("action", "link")]).await.status, StatusCode::NOT_FOUND);
    house.network.run("UPDATE access.session SET confirmed_at = now() - INTERVAL '11 minutes'").await;
    let unproved = administrator.post(&path(patient), &[("action", "link")]).await;
    assert_eq!(unproved.status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.network.one("SELECT count(*)::text FROM access.invitation").await, "0");
}
