//! What the demo alone has: everybody can be anybody. Elsewhere there is no such URL, and nothing that makes one.

use std::fs;
use std::path::Path;

use axum::http::StatusCode;
use healthtrack::portal::Playbill;
use healthtrack::store::pool::Connector;

use crate::house::{House, configured};
use crate::network::Network;

#[tokio::test]
async fn with_a_playbill_one_click_signs_in_and_without_one_there_is_no_such_url() {
    let mut plain = House::new().await;
    let patient = plain.named_patient("Ruiz", "Ana").await;
    plain.network.account("patient", Some(patient)).await;
    let login = plain.network.one("SELECT login FROM access.account").await;
    let refused = plain.visitor().post("/play", &[("login", &login)]).await;
    assert_eq!(refused.status, StatusCode::NOT_FOUND);
    assert_eq!(plain.visitor().post("/play/confirm", &[]).await.status, StatusCode::NOT_FOUND);
    assert!(!plain.visitor().get("/").await.body.contains("/play"));

    let network = Network::new().await;
    let config = configured(&network, "http://127.0.0.1:8080", &[]);
    let playbill = Playbill::of(Connector::new(&config.store).unwrap());
    let mut house = House::with(network, &config, Some(playbill));
    assert!(house.visitor().get("/").await.body.contains("still being created"));
    let (patient, other) = (house.named_patient("Ruiz", "Ana").await, house.named_patient("Nakamura", "Kenji").await);
    house
        .network
        .run(&format!(
            "INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('watch', now(), 'operator');
             INSERT INTO signal.series (device_key, metric_id) SELECT device_key, metric_id FROM signal.device, signal.metric
             WHERE name = 'heart_rate';
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{patient}', device_key, tstzrange(now() - INTERVAL '1 day', NULL) FROM signal.device"
        ))
        .await;
    house.network.account("patient", Some(patient)).await;
    let unlisted = house.network.account("patient", Some(other)).await;
    let home = house.visitor().get("/").await.body;
    assert!(home.contains("Ana Ruiz") && !home.contains("Nakamura"), "{home}");
    let login = home.split("name=\"login\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let mut browser = house.visitor();
    assert_eq!(browser.sends("/play", &[("login", login)]).await.location(), "/me");
    assert!(browser.get("/me").await.body.contains("Ruiz, Ana"));
    house.network.run("UPDATE access.session SET confirmed_at = now() - INTERVAL '1 hour'").await;
    assert!(browser.get("/confirm").await.body.contains("nobody here has a password"));
    let proved = browser.post("/play/confirm", &[("next", "/account/password")]).await;
    assert_eq!(proved.location(), "/account/password", "{}: {}", proved.status, proved.body);
    assert_eq!(browser.get("/account/password").await.status, StatusCode::OK);
    let unlisted =
        house.network.one(&format!("SELECT login FROM access.account WHERE account_id = '{unlisted}'")).await;
    assert_eq!(house.visitor().post("/play", &[("login", &unlisted)]).await.status, StatusCode::NOT_FOUND);
}

#[test]
fn nothing_but_the_demo_makes_a_playbill() {
    let mut makers = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs")
                && fs::read_to_string(&path).unwrap().contains("Playbill::of(")
            {
                makers.push(path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string());
            }
        }
    }
    assert_eq!(makers, ["src/commands/demo/stack.rs"]);
}
