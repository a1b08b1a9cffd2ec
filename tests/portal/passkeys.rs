//! Signing in by a passkey: by a device that keeps one, by what was signed before, elsewhere or by somebody else, and by copies.

use axum::http::StatusCode;
use healthtrack::store::care::context::SignIn;
use healthtrack::store::care::sign_in::{TotpSecret, keep_totp};
use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

use crate::device::Device;
use crate::house::{Answer, Browser, House, PASSWORD};
use crate::network::{Network, refused_by};
use crate::provider::keeping;

const SITE: &str = "http://localhost:8080";
const WRONG: &str = "This passkey was not accepted: try again, or use your password.";
/// Any 32 bytes, in SQL.
const KEY: &str = "sha256('k')";
const NOT_ADDED: &str = "answer came too late or was not the right one: try again.";

/// A portal with a name, and somebody who is signed in there: the account, and the browser.
async fn signed_in() -> (House, Uuid, Browser) {
    let mut house = House::at(SITE, &[]).await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let account = house.network.account("patient", Some(patient)).await;
    let browser = house.signed_in(account).await;
    (house, account, browser)
}

/// Adds a passkey of a device.
async fn adds(browser: &Browser, device: &mut Device, name: &str) -> Answer {
    let asked = browser.post("/account/passkeys/begin", &[]).await;
    assert_eq!((asked.status, asked.header("content-type")), (StatusCode::OK, "application/json"), "{}", asked.body);
    let answer = device.makes(&asked.body);
    keeping(browser, &asked).post("/account/passkeys", &[("name", name), ("answer", &answer)]).await
}

/// What a visitor's browser has been asked, with its cookie.
async fn asked(browser: &Browser) -> (Browser, Answer) {
    let asked = browser.post("/sign-in/passkey/begin", &[]).await;
    assert_eq!(asked.status, StatusCode::OK, "{}", asked.body);
    (keeping(browser, &asked), asked)
}

async fn signs_in(browser: &Browser, device: &mut Device) -> Answer {
    let (browser, asked) = asked(browser).await;
    browser.post("/sign-in/passkey", &[("answer", &device.proves(&asked.body)), ("next", "/me")]).await
}

#[track_caller]
fn refused(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains(WRONG), "{}", answer.body);
    assert_eq!(answer.header("set-cookie"), "", "nobody is signed in");
}

#[tokio::test]
async fn a_passkey_is_added_signs_in_without_a_name_or_a_code_and_is_removed() {
    let (mut house, account, _) = signed_in().await;
    let login = house.login_of(account).await;
    let own = house.signed_in(account).await;
    let mut sign_in = house.network.login("sign_in").await;
    keep_totp(&mut SignIn::on(&mut sign_in), &login, Some((&TotpSecret(vec![7; 20]), 0))).await.unwrap();
    assert!(own.get("/account").await.body.contains("href=\"/account/passkeys\""));
    assert!(own.get("/account/passkeys").await.body.contains("No passkey is set up yet."));
    let mut device = Device::at(SITE);
    assert_eq!(adds(&own, &mut device, "<Ana's> phone").await.location(), "/account/passkeys?done=saved");

    let visitor = house.visitor();
    assert!(visitor.get("/sign-in").await.body.contains("Sign in with a passkey"));
    let answer = signs_in(&visitor, &mut device).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/me"), "{}", answer.body);
    let browser = keeping(&visitor, &answer);
    assert!(browser.get("/me").await.body.contains("Ruiz, Ana"));
    let page = browser.get("/account/passkeys").await.body;
    assert!(page.contains("&#60;Ana&#39;s&#62; phone") && page.contains("last used"), "{page}");
    let elsewhere = "SELECT string_agg(outcome, ' ') FROM access.audit_event WHERE action = 'log_in'";
    assert!(!house.network.one(elsewhere).await.contains("denied"));

    let key = house.network.one("SELECT passkey_id::text FROM access.passkey").await;
    let removed = browser.post("/account/passkeys/end", &[("passkey", &key)]).await;
    assert_eq!(removed.location(), "/account/passkeys?done=removed");
    let again = browser.post("/account/passkeys/end", &[("passkey", &key)]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.body.contains("There is no such passkey of yours"), "{}", again.body);
    refused(&signs_in(&visitor, &mut device).await);
    let denied = "SELECT count(*)::text FROM access.audit_event WHERE action = 'log_in' AND outcome = 'denied'";
    assert_eq!(house.network.one(denied).await, "1", "who was refused is in the audit");
}

#[tokio::test]
async fn what_was_signed_is_taken_once_by_the_browser_that_asked_and_in_time() {
    let (mut house, _, own) = signed_in().await;
    let mut device = Device::at(SITE);
    adds(&own, &mut device, "phone").await;
    let visitor = house.visitor();
    let (browser, question) = asked(&visitor).await;
    let answer = device.proves(&question.body);
    let form = [("answer", answer.as_str())];
    refused(&visitor.post("/sign-in/passkey", &form).await);
    let (other, _) = asked(&visitor).await;
    refused(&other.post("/sign-in/passkey", &form).await);
    assert_eq!(browser.post("/sign-in/passkey", &form).await.location(), "/", "its own browser has it taken");
    refused(&browser.post("/sign-in/passkey", &form).await);
    // A wrong answer ends the question as well.
    let (browser, question) = asked(&visitor).await;
    refused(&browser.post("/sign-in/passkey", &[("answer", "{}")]).await);
    refused(&browser.post("/sign-in/passkey", &[("answer", &device.proves(&question.body))]).await);
    let (browser, question) = asked(&visitor).await;
    house.network.run("UPDATE access.passkey_challenge SET expires_at = now()").await;
    refused(&browser.post("/sign-in/passkey", &[("answer", &device.proves(&question.body))]).await);
    // What nobody answers goes with a later question.
    asked(&visitor).await;
    house.network.run("UPDATE access.passkey_challenge SET expires_at = now() - INTERVAL '1 second'").await;
    asked(&visitor).await;
    assert_eq!(house.network.one("SELECT count(*)::text FROM access.passkey_challenge").await, "1", "old ones go");
}

#[tokio::test]
async fn another_site_another_key_a_copy_and_a_device_that_sees_nobody_are_refused_alike() {
    let (mut house, account, own) = signed_in().await;
    let mut device = Device::at(SITE);
    adds(&own, &mut device, "phone").await;
    let visitor = house.visitor();
    device.origin = "http://localhost:8081";
    refused(&signs_in(&visitor, &mut device).await);
    device.origin = SITE;
    device.is_recognising = false;
    refused(&signs_in(&visitor, &mut device).await);
    device.is_recognising = true;
    let stranger = house.named_patient("Nakamura", "Kenji").await;
    let stranger = house.network.account("patient", Some(stranger)).await;
    let mut other = Device::at(SITE);
    adds(&house.signed_in(stranger).await, &mut other, "phone").await;
    let handle = std::mem::replace(&mut device.handle, other.handle.clone());
    refused(&signs_in(&visitor, &mut device).await);
    device.handle = handle;
    assert_eq!(signs_in(&visitor, &mut device).await.location(), "/me");
    device.counter -= 1;
    refused(&signs_in(&visitor, &mut device).await);
    assert_eq!(signs_in(&visitor, &mut device).await.location(), "/me", "and counts on");

    // Neither answer nor audit tells whether a passkey is known.
    let unknown = signs_in(&visitor, &mut Device { handle: device.handle.clone(), ..Device::at(SITE) }).await;
    house.network.run(&format!("UPDATE access.account SET disabled_at = now() WHERE account_id = '{stranger}'")).await;
    let disabled = signs_in(&visitor, &mut other).await;
    device.forget_key();
    let wrong = signs_in(&visitor, &mut device).await;
    for answer in [&unknown, &disabled, &wrong] {
        refused(answer);
        assert_eq!((&answer.body, &answer.headers), (&unknown.body, &unknown.headers));
    }
    let denied = format!(
        "SELECT string_agg(coalesce((actor = '{account}')::text, '-'), ' ' ORDER BY at) FROM access.audit_event
         WHERE action = 'log_in' AND outcome = 'denied'"
    );
    assert_eq!(house.network.one(&denied).await, "true true - true - - true");
}

#[tokio::test]
async fn a_passkey_is_added_by_who_proved_who_that_is_and_to_that_account_alone() {
    let (mut house, _, own) = signed_in().await;
    let stranger = house.named_patient("Nakamura", "Kenji").await;
    let stranger = house.network.account("patient", Some(stranger)).await;
    let stranger = house.signed_in(stranger).await;
    let mut device = Device::at(SITE);

    // What one was asked, another answers; and what is asked of a visitor.
    let begun = own.post("/account/passkeys/begin", &[]).await;
    let answer = device.makes(&begun.body);
    let form = [("name", "phone"), ("answer", answer.as_str())];
    let taken = keeping(&stranger, &begun).post("/account/passkeys", &form).await;
    assert!(taken.body.contains(NOT_ADDED) && taken.body.contains("value=\"phone\""), "{}", taken.body);
    assert_eq!(keeping(&own, &begun).post("/account/passkeys", &form).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let (visiting, _) = asked(&own).await;
    assert!(visiting.post("/account/passkeys", &form).await.body.contains(NOT_ADDED));
    let elsewhere = adds(&own, &mut Device::at("http://localhost:8081"), "phone").await;
    assert!(elsewhere.body.contains(NOT_ADDED), "{}", elsewhere.body);
    let blind = adds(&own, &mut Device { is_recognising: false, ..Device::at(SITE) }, "phone").await;
    assert!(blind.body.contains(NOT_ADDED), "{}", blind.body);
    assert!(adds(&own, &mut device, " ").await.body.contains("Fill this in."));
    let long = adds(&own, &mut device, &"x".repeat(61)).await;
    assert!(long.body.contains("Call the passkey something of 1 to 60 characters."), "{}", long.body);
    assert_eq!(house.network.one("SELECT count(*)::text FROM access.passkey").await, "0");

    assert_eq!(adds(&own, &mut device, "phone").await.status, StatusCode::SEE_OTHER);
    let again = adds(&stranger, &mut device, "phone").await;
    assert!(again.body.contains("This passkey is added already"), "{}", again.body);
    let key = house.network.one("SELECT passkey_id::text FROM access.passkey").await;
    let removed = stranger.post("/account/passkeys/end", &[("passkey", &key)]).await;
    assert_eq!(removed.status, StatusCode::UNPROCESSABLE_ENTITY, "it is another's");
    for _ in 0..9 {
        assert_eq!(adds(&own, &mut Device::at(SITE), "key").await.status, StatusCode::SEE_OTHER);
    }
    let many = adds(&own, &mut Device::at(SITE), "key").await;
    assert!(many.body.contains("An account has ten passkeys at most"), "{}", many.body);

    house.network.run("UPDATE access.session SET confirmed_at = now() - INTERVAL '11 minutes'").await;
    assert_eq!(own.get("/account/passkeys").await.location(), "/confirm?next=%2Faccount%2Fpasskeys");
    for path in ["/account/passkeys", "/account/passkeys/begin", "/account/passkeys/end"] {
        assert_eq!(own.post(path, &[("passkey", &key)]).await.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(house.network.one("SELECT count(*)::text FROM access.passkey").await, "10");
}

#[tokio::test]
async fn an_answer_to_what_nobody_was_asked_is_no_event() {
    let (mut house, _, own) = signed_in().await;
    let events = "SELECT count(*)::text FROM access.audit_event WHERE action = 'log_in' AND outcome = 'denied'";
    let before = house.network.one(events).await;
    refused(&house.visitor().post("/sign-in/passkey", &[("answer", "{}")]).await);
    refused(&own.post("/confirm/passkey", &[("answer", "{}")]).await);
    assert_eq!(house.network.one(events).await, before, "who has not paid for a guess writes nothing");
}

#[tokio::test]
async fn who_is_signed_in_confirms_by_the_own_passkey_and_by_no_other() {
    let (mut house, _, mut own) = signed_in().await;
    let stranger = house.named_patient("Nakamura", "Kenji").await;
    let stranger = house.network.account("patient", Some(stranger)).await;
    let (mut device, mut others) = (Device::at(SITE), Device::at(SITE));
    adds(&own, &mut device, "phone").await;
    adds(&house.signed_in(stranger).await, &mut others, "phone").await;
    house.network.run("UPDATE access.session SET confirmed_at = now() - INTERVAL '11 minutes'").await;
    let page = own.get("/confirm?next=%2Faccount%2Fpasskeys").await;
    assert!(page.body.contains("Confirm with a passkey"), "{}", page.body);
    for (device, status) in [(&mut others, StatusCode::UNPROCESSABLE_ENTITY), (&mut device, StatusCode::SEE_OTHER)] {
        let (browser, question) = asked(&own).await;
        let form = [("answer", device.proves(&question.body)), ("next", "/account/passkeys".to_owned())];
        let form: Vec<_> = form.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let answer = browser.post("/confirm/passkey", &form).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        let former = own.clone();
        let renewed = own.takes(&answer);
        assert_eq!(renewed, status == StatusCode::SEE_OTHER);
        assert_eq!(former.get("/account").await.status == StatusCode::OK, !renewed, "the former token is over");
        let is_let_in = own.get("/account/passkeys").await.status == StatusCode::OK;
        assert_eq!(is_let_in, status == StatusCode::SEE_OTHER);
    }
}

#[tokio::test]
async fn asking_is_paid_for_by_the_address_and_an_address_has_no_passkeys() {
    let (mut house, _, own) = signed_in().await;
    asked(&house.visitor()).await;
    house.network.run("UPDATE access.sign_in_bucket SET level = 0, refilled_at = now() + INTERVAL '1 minute'").await;
    let spent = house.visitor().post("/sign-in/passkey/begin", &[]).await;
    assert_eq!(spent.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(
        spent.body.contains("Too many tries. Try again in 2 seconds.") && spent.header("set-cookie").is_empty(),
        "{}",
        spent.body
    );
    assert_eq!(own.post("/account/passkeys/begin", &[]).await.status, StatusCode::TOO_MANY_REQUESTS);
    let elsewhere = Browser { address: "198.51.100.7:1".parse().unwrap(), ..house.visitor() };
    asked(&elsewhere).await;

    let mut nameless = House::new().await;
    let account = nameless.network.account("operator", None).await;
    let login = nameless.login_of(account).await;
    let mut browser = nameless.visitor();
    assert!(!browser.get("/sign-in").await.body.contains("passkey"));
    assert_eq!(browser.signs_in(&login, PASSWORD, "").await.status, StatusCode::SEE_OTHER);
    for path in ["/account", "/confirm"] {
        assert!(!browser.get(path).await.body.contains("passkey"), "{path}");
    }
}

#[tokio::test]
async fn each_rule_of_passkeys_refuses_what_breaks_it() {
    let mut network = Network::new().await;
    let own = network.account("operator", None).await;
    let login = network.one("SELECT login FROM access.account").await;
    let passkey = |of: &str, counter: &str, name: &str, key: &str, credential: &str| {
        format!(
            "INSERT INTO access.passkey (account_id, counter, name, public_key, credential_id, passkey_id)
             VALUES ({of}, {counter}, '{name}', {key}, {credential}, md5({credential})::uuid)"
        )
    };
    let challenge = |of: &str, state: &str, token: &str| {
        format!("INSERT INTO access.passkey_challenge VALUES ({of}, now(), {state}, {token})")
    };
    let own = format!("'{own}'");
    let (nobody, credential) = ("gen_random_uuid()", "sha256('a')");
    network.run(&passkey(&own, "1", "phone", KEY, credential)).await;
    network.run(&challenge("NULL", KEY, "sha256('a')")).await;
    let twice = passkey(&own, "1", "phone", KEY, "sha256('b')").replace("md5(sha256('b'))", "md5(sha256('a'))");
    for (statement, rule) in [
        (twice, "passkey_pkey"),
        (passkey(&own, "1", "phone", KEY, credential).replace("md5(", "md5('x' || "), "passkey_is_added_once"),
        (passkey(nobody, "1", "phone", KEY, "sha256('b')"), "passkey_account_fkey"),
        (passkey(&own, "-1", "phone", KEY, "sha256('b')"), "passkey_counter_is_of_32_bits"),
        (passkey(&own, "1", "", KEY, "sha256('b')"), "passkey_name_is_short"),
        (passkey(&own, "1", "phone", "''", "sha256('b')"), "passkey_public_key_is_short"),
        (passkey(&own, "1", "phone", KEY, "'b'::bytea"), "passkey_credential_is_short"),
        (challenge("NULL", KEY, "sha256('a')"), "passkey_challenge_pkey"),
        (challenge(nobody, KEY, "sha256('b')"), "passkey_challenge_account_fkey"),
        (challenge("NULL", "''", "sha256('b')"), "passkey_challenge_is_long"),
        (challenge("NULL", KEY, "'b'"), "passkey_challenge_token_is_a_digest"),
        ("SELECT access.begin_passkey('nobody', 'x', sha256('c'), sha256('k'))".to_owned(), "account_may_sign_in"),
        ("SELECT access.add_passkey('nobody', 'x', 1, sha256('c'), sha256('k'))".to_owned(), "account_may_sign_in"),
        (format!("SELECT access.remove_passkey('{login}', gen_random_uuid())"), "passkey_to_remove_stands"),
        ("SELECT access.use_passkey(sha256('a'), 1)".to_owned(), "passkey_counts_up"),
        (
            "SELECT access.confirm_by_passkey(sha256('a'), 2, sha256('none'), sha256('new'))".to_owned(),
            "session_stands",
        ),
    ] {
        assert_eq!(network.refusal(&statement).await, rule, "{statement}");
    }
}

#[tokio::test]
async fn no_login_but_that_of_sign_in_asks_for_a_passkey_and_none_reads_the_tables() {
    let network = Network::owned().await;
    let asks = [
        "access.begin_passkey('x', 'y', sha256('x'), sha256('y'))",
        "access.take_passkey_challenge('x', sha256('x'))",
        "access.passkey_handle('x')",
        "access.list_passkeys('x')",
        "access.add_passkey('x', 'y', 1, sha256('x'), sha256('y'))",
        "access.remove_passkey('x', gen_random_uuid())",
        "access.read_passkey(gen_random_uuid(), sha256('x'))",
        "access.end_passkey_sign_in(sha256('x'), 1, sha256('y'), '1 minute', '1 hour')",
        "access.confirm_by_passkey(sha256('x'), 1, sha256('y'), sha256('z'))",
    ];
    let asks = asks.map(|call| format!("SELECT {call}"));
    let inside = ["SELECT FROM access.passkey", "SELECT FROM access.passkey_challenge"].map(str::to_owned);
    let used = ["SELECT access.use_passkey(sha256('x'), 1)".to_owned()];
    for login in ["portal", "care", "ingest", "analyst", "auditor", "nobody", "sign_in"] {
        let mut connection = network.login(login).await;
        let own: &[String] = if login == "sign_in" { &[] } else { &asks };
        for statement in own.iter().chain(&inside).chain(&used) {
            let refused = refused_by(connection.execute(AssertSqlSafe(statement.clone())).await, statement);
            assert_eq!(refused, "42501", "{login}: {statement}");
        }
    }
}
