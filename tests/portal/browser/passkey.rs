//! A passkey of a device that the browser pretends to have: set up, signed in by, removed, and refused.

use serde_json::json;

use super::axe::axe;
use super::chromium::Chromium;
use super::examine::examine;
use super::stage::Stage;
use crate::house::PASSWORD;
use crate::pages::Clinic;

/// Whether the form of passkeys is offered, or the sentence in its place.
const OFFERED: &str = "(() => { const seen = name => document.querySelector(name).getBoundingClientRect().height > 0;
    return [seen('#passkey'), seen('[data-passkey-without]')]; })()";

/// Waits for a page by its path.
async fn at(chromium: &mut Chromium, path: &str) {
    chromium.wait_until(&format!("location.pathname === '{path}' && document.readyState === 'complete'")).await;
}

async fn leaves(chromium: &mut Chromium, stage: &Stage) {
    chromium.click(".who button").await;
    at(chromium, "/").await;
    chromium.go(&stage.url("/sign-in?next=%2Faccount%2Fpasskeys")).await;
}

#[tokio::test]
async fn a_device_signs_in_by_the_passkey_that_it_keeps_until_that_is_removed() {
    let Some(mut chromium) = Chromium::start().await else { return };
    let mut clinic = Clinic::open().await;
    let login = clinic.house.login_of(clinic.carer).await;
    let stage = Stage::called(&clinic.house.network, "localhost").await;
    chromium.call("WebAuthn.enable", json!({})).await;
    let device = json!({ "protocol": "ctap2", "transport": "internal", "hasResidentKey": true,
        "hasUserVerification": true, "isUserVerified": true, "automaticPresenceSimulation": true });
    let device = chromium.call("WebAuthn.addVirtualAuthenticator", json!({ "options": device })).await;

    chromium.go(&stage.url("/sign-in?next=%2Faccount%2Fpasskeys")).await;
    assert_eq!(chromium.evaluate(OFFERED).await, json!([true, false]));
    chromium.click("#login").await;
    chromium.types(&login).await;
    chromium.press("Tab").await;
    chromium.types(PASSWORD).await;
    chromium.press("Enter").await;
    at(&mut chromium, "/account/passkeys").await;
    chromium.click("#passkey-name").await;
    chromium.types("Own computer").await;
    chromium.press("Enter").await;
    chromium.wait_until("!!document.querySelector('.lines b')").await;
    assert_eq!(chromium.evaluate("document.querySelector('.lines b').textContent").await, "Own computer");
    let complaints = chromium.complaints();
    assert!(complaints.is_empty(), "{complaints:?}");
    if let Some(axe) = axe() {
        for path in ["/account", "/account/passkeys", "/confirm", "/sign-in"] {
            let wrong = examine(&mut chromium, axe, &stage.url(path)).await;
            // That it needs its script is what the page says.
            let wrong: Vec<_> = wrong.into_iter().filter(|line| !line.starts_with("without its script")).collect();
            assert!(wrong.is_empty(), "{path}: {wrong:?}");
        }
        chromium.go(&stage.url("/account/passkeys")).await;
    }

    leaves(&mut chromium, &stage).await;
    chromium.click("#passkey button").await;
    at(&mut chromium, "/account/passkeys").await;
    assert!(
        chromium.evaluate("document.querySelector('.lines small').textContent.includes('last used')").await == true
    );
    let complaints = chromium.complaints();
    assert!(complaints.is_empty(), "{complaints:?}");

    // It is removed here, and the device keeps it: it is of no use any more.
    chromium.click(".lines button").await;
    chromium.wait_until("!!document.querySelector('.none')").await;
    leaves(&mut chromium, &stage).await;
    chromium.click("#passkey button").await;
    at(&mut chromium, "/sign-in/passkey").await;
    let said = chromium.evaluate("document.querySelector('#wrong').textContent").await;
    assert!(said.as_str().unwrap().contains("was not accepted"), "{said}");

    // A device that does not recognise who holds it signs nothing, and the page says so.
    let blind = json!({ "authenticatorId": device["authenticatorId"], "isUserVerified": false });
    chromium.call("WebAuthn.setUserVerified", blind).await;
    chromium.click("#passkey button").await;
    chromium.wait_until("!document.querySelector('[data-passkey-failed]').hidden").await;

    chromium.call("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    chromium.go(&stage.url("/sign-in")).await;
    assert_eq!(chromium.evaluate(OFFERED).await, json!([false, true]), "without a script a sentence stands there");
    chromium.close().await;
}
