//! Signing in: by a password, with a code where there is a second factor, by a link the first time; and what guessing comes to.

use axum::http::StatusCode;
use healthtrack::model::time::{Clock as _, SECOND_US, SystemClock};
use healthtrack::security::totp::code_at;
use healthtrack::store::care::context::{Operator, SignIn};
use healthtrack::store::care::session::SessionToken;
use healthtrack::store::care::sign_in::{TotpSecret, invite, keep_totp};
use uuid::Uuid;

use crate::house::{Answer, Browser, House, PASSWORD};

const WRONG: &str = "Username, password or code is not right: try again.";

/// A portal with a patient who has a password, and the login.
async fn patient_with_a_password() -> (House, Uuid, String) {
    let mut house = House::new().await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let account = house.network.account("patient", Some(patient)).await;
    let login = house.login_of(account).await;
    (house, account, login)
}

#[tokio::test]
async fn a_link_sets_a_password_once_and_the_password_signs_in() {
    let mut house = House::new().await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let account = house.network.account("patient", Some(patient)).await;
    let before = house.signed_in(account).await;
    let login = house.network.one("SELECT login FROM access.account").await;
    let token = SessionToken::generate().unwrap();
    invite(&mut Operator::on(&mut house.network.sql), &login, &token, 4).await.unwrap();
    let (link, mut browser) = (format!("/invite/{}", token.expose()), house.visitor());
    assert!(browser.get(&link).await.body.contains(&login));

    let differs = browser.post(&link, &[("password", PASSWORD), ("again", "another one that is long")]).await;
    assert!(differs.body.contains("The two passwords are not the same"), "{}", differs.body);
    let short = browser.post(&link, &[("password", "too short"), ("again", "too short")]).await;
    assert!(short.body.contains("at least 15 characters"), "{}", short.body);
    let set = browser.post(&link, &[("password", PASSWORD), ("again", PASSWORD)]).await;
    assert_eq!((set.status, set.location()), (StatusCode::SEE_OTHER, "/sign-in?set=true"));
    assert_eq!(before.get("/me").await.location(), "/sign-in?next=%2Fme", "who was signed in is not any more");
    let again = browser.post(&link, &[("password", PASSWORD), ("again", PASSWORD)]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body.contains("This link was used already or is too old"), "{}", again.body);

    let signed_in = browser.signs_in(&login.to_uppercase(), PASSWORD, "").await;
    assert_eq!((signed_in.status, signed_in.location()), (StatusCode::SEE_OTHER, "/"));
    assert!(browser.get("/me").await.body.contains("Ruiz, Ana"));
    let kept = house.network.one("SELECT password_hash FROM access.credential").await;
    assert!(kept.starts_with("$argon2id$v=19$") && !kept.contains(PASSWORD));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_login_get_one_answer_after_the_same_work() {
    let (house, _, login) = patient_with_a_password().await;
    let mut visitor = house.visitor();
    let (known, unknown) =
        (visitor.signs_in(&login, "wrong", "").await, visitor.signs_in("nobody-has-this", "wrong", "").await);
    assert_eq!(known.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(known.body.contains(WRONG), "{}", known.body);
    assert_eq!(known.body.replace(&login, "x"), unknown.body.replace("nobody-has-this", "x"));
    let headers = |mut answer: Answer| {
        answer.headers.remove("content-length");
        (answer.status, answer.headers)
    };
    assert_eq!(headers(known), headers(unknown));
    assert_eq!(house.portal.verified_passwords(), 2, "both were verified");
    let mut network = house.network;
    let events =
        "SELECT string_agg(part || ' ' || outcome, ', ' ORDER BY at) FROM access.audit_event WHERE action = 'log_in'";
    assert_eq!(network.one(events).await, "patient denied, unknown denied", "both are in the audit");
    let waits = "SELECT count(*)::text FROM access.sign_in_bucket";
    assert_eq!(network.one(waits).await, "5", "two logins, with and without the address, and the address");
}

#[tokio::test]
async fn guesses_at_a_login_are_few_whoever_guesses_and_whether_it_is_one_or_not() {
    let (mut house, _, login) = patient_with_a_password().await;
    for login in [login.as_str(), "nobody-has-this"] {
        let before = house.portal.verified_passwords();
        let guesses = (0..20).map(|_| {
            let mut visitor = house.visitor();
            let login = login.to_owned();
            tokio::spawn(async move { visitor.signs_in(&login, "wrong", "").await.status })
        });
        let mut statuses = Vec::new();
        for guess in guesses.collect::<Vec<_>>() {
            statuses.push(guess.await.unwrap());
        }
        let refused = statuses.iter().filter(|status| **status == StatusCode::TOO_MANY_REQUESTS).count();
        assert_eq!((refused, house.portal.verified_passwords() - before), (15, 5), "{statuses:?}");
    }
    let mut locked_out = house.visitor();
    let right = locked_out.signs_in(&login, PASSWORD, "").await;
    assert_eq!(right.status, StatusCode::TOO_MANY_REQUESTS, "the right one is not judged either");
    assert!(right.body.contains("Try again in "), "{}", right.body);
    let mut elsewhere = Browser { address: "198.51.100.7:1".parse().unwrap(), ..house.visitor() };
    assert_eq!(elsewhere.signs_in(&login, PASSWORD, "").await.status, StatusCode::SEE_OTHER);
    // Strangers use up what the login has from everywhere: who has signed in from an address goes on there.
    let spent =
        format!("UPDATE access.sign_in_bucket SET level = 0 WHERE bucket = access.bucket_of('login', '{login}', NULL)");
    house.network.run(&spent).await;
    let mut stranger = Browser { address: "203.0.113.9:1".parse().unwrap(), ..house.visitor() };
    assert_eq!(stranger.signs_in(&login, PASSWORD, "").await.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(elsewhere.signs_in(&login, PASSWORD, "").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_code_is_asked_for_where_there_is_a_second_factor_and_taken_once() {
    let (house, _, login) = patient_with_a_password().await;
    let secret = b"12345678901234567890".to_vec();
    let mut sign_in = house.network.login("sign_in").await;
    keep_totp(&mut SignIn::on(&mut sign_in), &login, Some((&TotpSecret(secret.clone()), 0))).await.unwrap();
    let step = SystemClock.now().micros() / SECOND_US / 30;
    let code = code_at(&secret, step);
    let mut browser = house.visitor();
    for wrong in ["", "000000", &code_at(&secret, step - 9)] {
        assert!(browser.signs_in(&login, PASSWORD, wrong).await.body.contains(WRONG));
    }
    assert_eq!(browser.signs_in(&login, PASSWORD, &code).await.status, StatusCode::SEE_OTHER);
    let mut thief = Browser { address: "198.51.100.7:1".parse().unwrap(), ..house.visitor() };
    assert!(thief.signs_in(&login, PASSWORD, &code).await.body.contains(WRONG), "a code that was seen is of no use");
    let mut network = house.network;
    let plain =
        "SELECT count(*)::text FROM access.credential WHERE position('12345678901234567890'::bytea IN totp_sealed) > 0";
    assert_eq!(network.one(plain).await, "0");
}

#[tokio::test]
async fn a_session_is_new_with_each_sign_in_and_over_with_sign_out() {
    let (house, account, login) = patient_with_a_password().await;
    let planted = "ab".repeat(32);
    let mut browser = Browser { cookie: Some(format!("local-session={planted}")), ..house.visitor() };
    browser.signs_in(&login, PASSWORD, "").await;
    let first = browser.clone();
    assert!(!first.cookie.as_ref().unwrap().contains(&planted), "no token but one of ours is signed in");
    assert_eq!(first.get("/me").await.status, StatusCode::OK);
    browser.signs_in(&login, PASSWORD, "").await;
    assert_ne!(browser.cookie, first.cookie);
    assert_eq!(first.get("/me").await.status, StatusCode::SEE_OTHER, "the one before has ended");
    let last = browser.clone();
    let out = browser.sends("/sign-out", &[]).await;
    assert_eq!((out.location(), out.header("clear-site-data")), ("/", "\"cache\", \"storage\""));
    assert_eq!(last.get("/me").await.location(), "/sign-in?next=%2Fme", "replayed, it is nobody");

    let mut network = house.network;
    let open = "SELECT count(*)::text FROM access.session WHERE revoked_at IS NULL";
    assert_eq!(network.one(open).await, "0");
    network.run(&format!("UPDATE access.account SET disabled_at = now() WHERE account_id = '{account}'")).await;
    let mut elsewhere = Browser { address: "198.51.100.7:1".parse().unwrap(), cookie: None, ..last };
    assert!(elsewhere.signs_in(&login, PASSWORD, "").await.body.contains(WRONG), "disabled is as unknown");
}

#[tokio::test]
async fn one_goes_back_to_the_page_that_asked_and_to_no_other_site() {
    let (house, _, login) = patient_with_a_password().await;
    assert_eq!(
        house.visitor().get("/me/vitals?span=week").await.location(),
        "/sign-in?next=%2Fme%2Fvitals%3Fspan%3Dweek"
    );
    for (next, to) in
        [("/me/vitals?span=week", "/me/vitals?span=week"), ("//evil.example", "/"), ("https://evil.example", "/")]
    {
        let form = [("login", login.as_str()), ("password", PASSWORD), ("next", next)];
        assert_eq!(house.visitor().post("/sign-in", &form).await.location(), to);
    }
}

#[tokio::test]
async fn a_cookie_is_for_this_host_over_tls_and_for_no_script() {
    let mut house = House::at("https://portal.example.org", &[]).await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let account = house.network.account("patient", Some(patient)).await;
    let login = house.login_of(account).await;
    let mut browser = house.visitor();
    let answer = browser.signs_in(&login, PASSWORD, "").await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-session=") && cookie.len() > 64, "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    assert_eq!(answer.header("strict-transport-security"), "max-age=63072000; includeSubDomains");
    assert_eq!(browser.get("/me").await.status, StatusCode::OK);
    // Over TLS a cookie of a plain page is nobody's.
    let token = house.network.token(account).await;
    let plain = Browser { cookie: Some(format!("local-session={}", token.expose())), ..house.visitor() };
    assert_eq!(plain.get("/me").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn the_command_prints_a_link_of_use_once_and_says_who_is_nobody() {
    let mut house = House::new().await;
    house.network.account("operator", None).await;
    let login = house.network.one("SELECT login FROM access.account").await;
    let invites = |login: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_healthtrack"));
        command.args(["user", "invite", login, "--json"]).env("HEALTHTRACK__STORE__URL", house.network.database.url());
        command.output().unwrap()
    };
    let said: serde_json::Value = serde_json::from_slice(&invites(&login).stdout).unwrap();
    let link = said["link"].as_str().unwrap().strip_prefix("http://127.0.0.1:8080").unwrap();
    assert!(house.visitor().get(link).await.body.contains(&login));
    let refused = invites("nobody-has-this");
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("There is no such account, or it is disabled."));
}
