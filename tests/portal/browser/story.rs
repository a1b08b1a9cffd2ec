//! A visit, with keys and clicks: signing in, a patient who is found, a value that changes while one looks, signing out,
//! and what the button for going back shows then.

use std::time::Duration;

use super::chromium::Chromium;
use super::stage::Stage;
use crate::house::PASSWORD;
use crate::pages::Clinic;

/// From the commit of a value until it is on the page: a second where nothing else runs, and some on a busy machine.
const FRESH_MAX: Duration = Duration::from_secs(30);
/// The rate's place on the page.
const RATE: &str = "document.querySelector('#tile-heart_rate .value').textContent";

#[tokio::test]
async fn a_provider_signs_in_sees_a_rate_change_and_leaves_nothing_behind() {
    let Some(mut chromium) = Chromium::start().await else { return };
    let mut clinic = Clinic::open().await;
    let login = clinic.house.login_of(clinic.carer).await;
    let stage = Stage::open(&clinic.house.network).await;

    chromium.go(&stage.url("/patients")).await;
    chromium.click("#login").await;
    chromium.types(&login).await;
    chromium.press("Tab").await;
    chromium.types(PASSWORD).await;
    chromium.press("Enter").await;
    chromium.wait_until("location.pathname === '/patients' && !!document.querySelector('#name')").await;

    chromium.click("#name").await;
    chromium.types("ru").await;
    chromium.evaluate("window.isBefore = true").await;
    chromium.press("Enter").await;
    let found = "!window.isBefore && document.readyState === 'complete' && !!document.querySelector('.people a')
        && document.querySelector('#name').value === 'ru'";
    chromium.wait_until(found).await;
    assert_eq!(chromium.evaluate("location.href").await, stage.url("/patients"), "a name is in no URL");
    chromium.click(".people a").await;
    let record = format!("/patients/{}", clinic.patient);
    chromium.wait_until(&format!("location.pathname === '{record}' && document.readyState === 'complete'")).await;

    chromium.click(&format!(".tabs a[href='{record}/vitals']")).await;
    let drawn = "document.querySelector('#tile-heart_rate .value') !== null && document.readyState === 'complete'";
    chromium.wait_until(drawn).await;
    assert_eq!(chromium.evaluate(RATE).await, "80");
    let mut quickest = Duration::MAX;
    for (minutes, rate) in [(-4, 97), (-3, 98), (-2, 99)] {
        clinic.measured(minutes, rate).await;
        quickest = quickest.min(chromium.wait_until(&format!("{RATE} === '{rate}'")).await);
    }
    assert!(quickest < FRESH_MAX, "{quickest:?}");
    assert!(chromium.evaluate("document.querySelector('.fresh') !== null").await == true);
    let complaints = chromium.complaints();
    assert!(complaints.is_empty(), "{complaints:?}");

    chromium.click(".who button").await;
    chromium.wait_until(&format!("location.pathname !== '{record}/vitals'")).await;
    for _ in 0..3 {
        chromium.evaluate("window.isBefore = true; setTimeout(() => history.back(), 0)").await;
        chromium.wait_until("!window.isBefore && document.readyState === 'complete'").await;
        let shown = chromium.evaluate("document.body.innerText").await;
        let shown = shown.as_str().unwrap();
        assert!(!shown.contains("Ruiz") && !shown.contains("99"), "{shown}");
    }
    chromium.close().await;
}
