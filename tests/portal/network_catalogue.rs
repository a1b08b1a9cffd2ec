//! An administrator keeps who gives care, of whom the network is made, who insures, and what things cost.

use axum::http::StatusCode;

use crate::house::{Browser, House};

async fn administered() -> (House, Browser) {
    let mut house = House::new().await;
    let account = house.network.account("network_admin", None).await;
    let administrator = house.signed_in(account).await;
    (house, administrator)
}

#[tokio::test]
async fn a_provider_is_added_once_verified_corrected_and_retired() {
    let (mut house, administrator) = administered().await;
    let form = |npi: &'static str, version: &'static str, given: &'static str| {
        [
            ("action", "change"),
            ("version", version),
            ("family", "Osei"),
            ("given", given),
            ("npi", npi),
            ("email", "osei@example.org"),
            ("languages", "EN, es"),
        ]
    };
    let wrong = administrator.post("/network/providers", &form("12", "0", "Ama")).await;
    let at_npi = wrong.body.split("id=\"add-npi\"").nth(1).is_some_and(|rest| rest.contains("aria-invalid"));
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && at_npi, "{}", wrong.body);
    let added = administrator.post("/network/providers", &form("1234567893", "0", "Ama")).await;
    let path = added.location().trim_end_matches("?done=saved").to_owned();
    assert!(path.starts_with("/network/providers/"), "{}", added.body);
    let twice = administrator.post("/network/providers", &form("1234567893", "0", "Ama")).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "not twice");
    let found = administrator.post("/network/providers", &[("action", "list"), ("begins", "os")]).await;
    assert!(found.body.contains("Ama Osei") && found.body.contains(&path), "{}", found.body);

    let license = [
        ("action", "qualify"),
        ("kind", "license"),
        ("title", "Physician"),
        ("issuer", "Illinois"),
        ("awarded_year", "2020"),
        ("country", "US"),
        ("state", "IL"),
        ("license_number", "036"),
        ("first_on", "2020-01-01"),
        ("stop_on", "2021-01-01"),
    ];
    assert_eq!(administrator.post(&path, &license).await.status, StatusCode::SEE_OTHER);
    let twice = administrator.post(&path, &license).await;
    assert!(twice.status == StatusCode::UNPROCESSABLE_ENTITY && twice.body.contains("value=\"036\""), "{}", twice.body);
    let page = administrator.get(&path).await;
    assert!(page.body.contains("License, US-IL, not verified, expired on 1 Jan 2021"), "{}", page.body);
    let row =
        house.network.one("SELECT qualification_id::text FROM care.qualification WHERE title = 'Physician'").await;
    let verify = [("action", "verify"), ("row", row.as_str()), ("version", "1")];
    assert_eq!(administrator.post(&path, &verify).await.status, StatusCode::SEE_OTHER);
    assert!(administrator.get(&path).await.body.contains("License, US-IL, verified, expired"));
    assert_eq!(administrator.post(&path, &verify).await.status, StatusCode::UNPROCESSABLE_ENTITY, "as it was read");
    let other = house.network.provider().await;
    let foreign = administrator.post(&format!("/network/providers/{other}"), &verify).await;
    assert_eq!(foreign.status, StatusCode::NOT_FOUND, "a qualification of somebody else");

    assert_eq!(administrator.post(&path, &form("1234567893", "1", "Abena")).await.status, StatusCode::SEE_OTHER);
    let both = administrator.post(&path, &form("1234567893", "1", "Adwoa")).await;
    assert!(both.body.contains("Somebody has changed this") && both.body.contains("<b>Abena</b>"), "{}", both.body);
    let version = house.network.one("SELECT version::text FROM care.provider WHERE family_name = 'Osei'").await;
    let retire = [("action", "retire"), ("version", version.as_str()), ("retired_on", "2036-01-01")];
    assert_eq!(administrator.post(&path, &retire).await.status, StatusCode::SEE_OTHER);
    assert!(administrator.get(&path).await.body.contains("value=\"2036-01-01\""));
}

#[tokio::test]
async fn a_price_is_added_once_and_changed_as_it_was_read() {
    let (mut house, administrator) = administered().await;
    let form =
        |amount: &'static str| [("code", "visit-45"), ("title", "Visit"), ("amount", amount), ("currency", "USD")];
    let wrong = administrator.post("/network/prices", &form("1,5")).await;
    assert!(
        wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.body.contains("Write an amount"),
        "{}",
        wrong.body
    );
    assert_eq!(administrator.post("/network/prices", &form("150")).await.location(), "/network/prices?done=saved");
    let twice = administrator.post("/network/prices", &form("1")).await;
    assert!(
        twice.status == StatusCode::UNPROCESSABLE_ENTITY && twice.body.contains("on the list already"),
        "{}",
        twice.body
    );
    let list = administrator.get("/network/prices").await;
    assert!(
        list.body.contains("150.00 USD, VISIT-45") && list.body.contains("/network/prices/VISIT-45"),
        "{}",
        list.body
    );
    let read_as = "15000 USD  Visit";
    let change = |amount: &'static str| {
        [("read_as", read_as), ("title", "Visit"), ("amount", amount), ("currency", "USD"), ("retired_on", "")]
    };
    let page = administrator.get("/network/prices/VISIT-45").await;
    assert!(page.body.contains(&format!("value=\"{read_as}\"")), "{}", page.body);
    assert_eq!(administrator.post("/network/prices/VISIT-45", &change("160")).await.status, StatusCode::SEE_OTHER);
    let both = administrator.post("/network/prices/VISIT-45", &change("170")).await;
    assert!(both.body.contains("Somebody has changed this") && both.body.contains("<b>160.00</b>"), "{}", both.body);
    assert_eq!(house.network.one("SELECT unit_price::text FROM care.charge_code").await, "160.00");
    for nothing in ["/network/prices/NONE", "/network/insurers/x", "/network/organisations/x", "/network/providers/x"] {
        assert_eq!(administrator.get(nothing).await.status, StatusCode::NOT_FOUND, "{nothing}");
    }
}

#[tokio::test]
async fn insurers_and_organisations_are_added_once_and_corrected_by_one_of_two() {
    let (mut house, administrator) = administered().await;
    let insurer = |version: &'static str, name: &'static str| {
        [("action", "change"), ("version", version), ("name", name), ("phone", "+12175550100")]
    };
    let added = administrator.post("/network/insurers", &insurer("0", "Prairie Mutual")).await;
    let path = added.location().trim_end_matches("?done=saved").to_owned();
    assert!(path.starts_with("/network/insurers/"), "{}", added.body);
    let twice = administrator.post("/network/insurers", &insurer("0", "Prairie Mutual")).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "not twice");
    let plan = [("action", "plan"), ("plan", "Silver"), ("currency", "USD"), ("year_begins", "1")];
    assert_eq!(administrator.post(&path, &plan).await.status, StatusCode::SEE_OTHER);
    let twice = administrator.post(&path, &plan).await;
    assert!(
        twice.status == StatusCode::UNPROCESSABLE_ENTITY && twice.body.contains("value=\"Silver\""),
        "{}",
        twice.body
    );
    let page = administrator.get(&path).await;
    assert!(page.body.contains("<span>Silver</span>") && page.body.contains("value=\"+12175550100\""), "{}", page.body);
    assert!(administrator.get("/network/insurers").await.body.contains("1 plan"));
    assert_eq!(administrator.post(&path, &insurer("1", "Prairie")).await.status, StatusCode::SEE_OTHER);
    let both = administrator.post(&path, &insurer("1", "Meadow")).await;
    assert!(both.body.contains("Somebody has changed this") && both.body.contains("<b>Prairie</b>"), "{}", both.body);

    house.network.facility("IL", "clinic").await;
    let organisation = |version: &'static str, name: &'static str, street: &'static str| {
        [
            ("version", version),
            ("name", name),
            ("kind", "legal_entity"),
            ("street", street),
            ("postal_code", "62701"),
            ("city", "Springfield"),
            ("state", "IL"),
            ("country", "US"),
        ]
    };
    let list = "/network/organisations";
    let wrong = administrator.post(list, &organisation("0", "Prairie Health", "")).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.body.contains("Fill this in."), "{}", wrong.body);
    let whole = organisation("0", "Prairie Health", "2 Main Street");
    assert_eq!(administrator.post(list, &whole).await.status, StatusCode::SEE_OTHER);
    assert_eq!(administrator.post(list, &whole).await.status, StatusCode::UNPROCESSABLE_ENTITY, "not twice");
    let key =
        house.network.one("SELECT organisation_id::text FROM care.organisation WHERE name = 'Prairie Health'").await;
    let part = [("version", "0"), ("name", "Prairie Labs"), ("kind", "division"), ("part_of", key.as_str())];
    assert_eq!(administrator.post(list, &part).await.status, StatusCode::SEE_OTHER);
    let page = administrator.get(list).await;
    assert!(page.body.contains("Division, part of Prairie Health"), "{}", page.body);
    let path = format!("{list}/{key}");
    let version = house.network.one("SELECT version::text FROM care.organisation WHERE name = 'Prairie Health'").await;
    let version: &'static str = version.leak();
    let moved = organisation(version, "Prairie Health", "3 Main Street");
    assert_eq!(administrator.post(&path, &moved).await.status, StatusCode::SEE_OTHER);
    let both = administrator.post(&path, &organisation(version, "Prairie Health", "4 Main Street")).await;
    assert!(
        both.body.contains("Somebody has changed this") && both.body.contains("<b>3 Main Street</b>"),
        "{}",
        both.body
    );
}
