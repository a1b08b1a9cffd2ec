//! Signing in by a provider of OpenID Connect, as somebody does who has linked it: to that provider's own page and back,
//! over redirects, cookies and policies as a browser keeps them.

use super::chromium::Chromium;
use super::stage::Stage;
use crate::house::House;
use crate::provider::Provider;

/// Signs in on the provider's page, as whoever one says one is there.
async fn as_there(chromium: &mut Chromium, subject: &str) {
    chromium.wait_until("!!document.querySelector('input[name=sub]')").await;
    chromium.fills("input[name=sub]", subject).await;
    chromium.press("Enter").await;
    chromium.wait_until("!document.querySelector('input[name=sub]') && document.readyState === 'complete'").await;
    // What that page complains of, which is not ours.
    chromium.complaints();
}

#[tokio::test]
async fn somebody_links_a_provider_and_signs_in_by_it_to_where_the_way_led() {
    let Some(provider) = Provider::start().await else { return };
    let Some(mut chromium) = Chromium::start().await else { return };
    let mut house = House::new().await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let account = house.network.account("patient", Some(patient)).await;
    let login = house.login_of(account).await;
    let stage = Stage::with(&house.network, "127.0.0.1", &provider.settings()).await;

    chromium.signs_in(&stage, &login).await;
    chromium.go(&stage.url("/account")).await;
    chromium.click("a[href='/account/provider']").await;
    as_there(&mut chromium, "ana").await;
    assert_eq!(chromium.path().await, "/account");
    chromium.shows("Clinic & Co").await;
    chromium.presses("Sign out").await;

    chromium.go(&stage.url("/me/journal")).await;
    assert_eq!(chromium.path().await, "/sign-in");
    chromium.click("a[href^=\"/sign-in/provider\"]").await;
    as_there(&mut chromium, "ana").await;
    assert_eq!(chromium.path().await, "/me/journal");
    chromium.is_well();
    chromium.presses("Sign out").await;

    // Who is somebody there and nobody here is told so, in a page that leads on.
    chromium.go(&stage.url("/sign-in")).await;
    chromium.click("a[href^=\"/sign-in/provider\"]").await;
    as_there(&mut chromium, "kenji").await;
    chromium.shows("Nobody here is linked to that sign-in").await;
    chromium.is_well();
    chromium.close().await;
}
