//! Two accounts over few connections never see each other's pages.

use crate::house::{House, configured};
use crate::network::Network;

#[tokio::test]
async fn two_accounts_over_the_same_connections_see_their_own_alone() {
    let network = Network::new().await;
    let more = [("HEALTHTRACK__PORTAL__CONNECTIONS_MAX", "2")];
    let config = configured(&network, "http://127.0.0.1:8080", &more);
    let mut house = House::with(network, &config, None);
    let (ana, kenji) = (house.named_patient("Ruiz", "Ana").await, house.named_patient("Nakamura", "Kenji").await);
    let (ana, kenji) =
        (house.network.account("patient", Some(ana)).await, house.network.account("patient", Some(kenji)).await);
    let people = [(house.signed_in(ana).await, "Ruiz", "Nakamura"), (house.signed_in(kenji).await, "Nakamura", "Ruiz")];
    let mut asked = Vec::new();
    for place in 0..60 {
        let (browser, own, other) = people[place % 2].clone();
        asked.push(tokio::spawn(async move {
            let page = browser.get(["/me", "/me/vitals", "/me/access", "/account"][place / 2 % 4]).await;
            assert_eq!(page.status, axum::http::StatusCode::OK);
            assert!(page.body.contains(own) && !page.body.contains(other), "{}", page.body);
        }));
    }
    for page in asked {
        page.await.unwrap();
    }
}
