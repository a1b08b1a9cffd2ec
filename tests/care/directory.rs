//! States, cities, facilities and people: what cannot be said of them.

use super::network::Network;

#[tokio::test]
async fn a_city_name_may_stand_in_two_states_and_never_twice_in_one() {
    let mut network = Network::new().await;
    network
        .run("INSERT INTO care.state (country, code, name) VALUES ('US', 'IL', 'Illinois'), ('US', 'MA', 'Massachusetts');
              INSERT INTO care.city (state_id, name) SELECT state_id, 'Springfield' FROM care.state")
        .await;
    let again =
        "INSERT INTO care.city (state_id, name) SELECT state_id, 'Springfield' FROM care.state WHERE code = 'IL'";
    assert_eq!(network.refusal(again).await, "city_name_is_unique_in_its_state");
}

#[tokio::test]
async fn two_people_never_wear_one_device_at_one_moment() {
    let mut network = Network::new().await;
    let (one, two) = (network.patient().await, network.patient().await);
    network
        .run("INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('watch-7', now(), 'operator')")
        .await;
    let wear = |patient, period: &str| {
        format!(
            "INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{patient}', device_key, '{period}' FROM signal.device"
        )
    };
    network.run(&wear(one, "[2026-01-01, 2026-02-01)")).await;
    assert_eq!(network.refusal(&wear(two, "[2026-01-31,)")).await, "wear_device_is_exclusive");
    network.run(&wear(two, "[2026-02-01,)")).await;
    assert_eq!(network.refusal(&wear(two, "(2025-01-01, 2025-02-01]")).await, "wear_period_is_half_open");
}

#[tokio::test]
async fn an_edit_based_on_an_old_version_changes_nothing() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let edit =
        format!("UPDATE care.patient SET sex = 'other' WHERE patient_id = '{patient}' AND version = 1 RETURNING sex");
    assert_eq!(network.rows(&edit).await, ["other"]);
    assert_eq!(network.rows(&edit).await, [""; 0], "somebody was faster");
}
