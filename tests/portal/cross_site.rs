//! Forms of other sites do nothing, and a browser that tells nothing of where a form comes from needs the session's token.

use axum::http::StatusCode;

use crate::house::House;

#[tokio::test]
async fn a_form_of_another_site_does_nothing() {
    let mut house = House::new().await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let account = house.network.account("patient", Some(patient)).await;
    let browser = house.signed_in(account).await;
    for headers in [
        &[("sec-fetch-site", "cross-site")][..],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "same-origin"), ("origin", "http://evil.example:8080")],
        &[],
    ] {
        let answer = browser.ask("POST", "/sign-out", headers, &[]).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
        assert!(answer.body.contains("This form came from elsewhere"), "{}", answer.body);
    }
    assert_eq!(browser.get("/me").await.status, StatusCode::OK, "nobody was signed out");

    let page = browser.get("/account").await.body;
    let token = page.split("name=\"form_token\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let other = house.signed_in(account).await;
    let stolen = other.ask("POST", "/sign-out", &[], &[("form_token", token)]).await;
    assert_eq!(stolen.status, StatusCode::FORBIDDEN, "the token is of one session");
    let told = browser.ask("POST", "/sign-out", &[], &[("form_token", token)]).await;
    assert_eq!(told.status, StatusCode::SEE_OTHER);
    assert_eq!(browser.get("/me").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn nothing_changes_by_a_link() {
    let mut house = House::new().await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let account = house.network.account("patient", Some(patient)).await;
    let browser = house.signed_in(account).await;
    for path in ["/sign-out", "/account/end-session"] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(browser.get("/me").await.status, StatusCode::OK);
}
