//! A manager keeps what is at the facility: departments with their hours, rooms, equipment and what is out of service.

use axum::http::StatusCode;

use crate::house::{Answer, House};

/// The path of the first line of a list.
fn first(list: &Answer, place: &str) -> String {
    let start = format!("href=\"/centre/premises/{place}/");
    let rest = list.body.split(&start).nth(1).unwrap_or_else(|| panic!("{place}: {}", list.body));
    format!("/centre/premises/{place}/{}", &rest[..36])
}

#[tokio::test]
async fn what_is_at_a_facility_is_added_once_corrected_and_closed() {
    let mut house = House::new().await;
    let facility = house.network.facility("IL", "clinic").await;
    let account = house.network.account("facility_manager", Some(facility)).await;
    let manager = house.signed_in(account).await;
    let department = |name: &'static str, phone: &'static str| {
        [("version", "0"), ("name", name), ("kind", "cardiology"), ("phone", phone)]
    };
    let wrong = manager.post("/centre/premises/departments", &department("Heart", "none")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    let at_phone = wrong.body.split("id=\"add-phone\"").nth(1).is_some_and(|rest| rest.contains("aria-invalid"));
    assert!(at_phone && wrong.body.contains("value=\"Heart\""), "{}", wrong.body);
    let heart = department("Heart", "+12175550100");
    let added = manager.post("/centre/premises/departments", &heart).await;
    assert_eq!(added.location(), "/centre/premises/departments?done=saved", "{}", added.body);
    let twice = manager.post("/centre/premises/departments", &heart).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "not twice");
    let list = manager.get("/centre/premises/departments").await;
    assert!(list.body.contains("Cardiology, +12175550100"), "{}", list.body);
    let path = first(&list, "departments");

    // Two managers at once.
    let change = |version: &'static str, name: &'static str| {
        [("version", version), ("name", name), ("kind", "cardiology"), ("phone", "")]
    };
    assert_eq!(manager.post(&path, &change("1", "Heart and lung")).await.status, StatusCode::SEE_OTHER);
    let both = manager.post(&path, &change("1", "Hearts")).await;
    assert_eq!(both.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        both.body.contains("Somebody has changed this") && both.body.contains("<b>Heart and lung</b>"),
        "{}",
        both.body
    );
    let hours = [("weekday", "1"), ("opens", "08:00"), ("closes", "12:00")];
    assert_eq!(manager.post(&path, &hours).await.location(), format!("{path}?done=saved"));
    assert!(manager.get(&path).await.body.contains("08:00 – 12:00"));
    let backwards = manager.post(&path, &[("weekday", "1"), ("opens", "18:00"), ("closes", "17:00")]).await;
    assert!(backwards.status == StatusCode::UNPROCESSABLE_ENTITY && backwards.body.contains("value=\"18:00\""));

    // A room in it, which somebody else has renamed meanwhile.
    let key = path.rsplit('/').next().unwrap().to_owned();
    let room = [("name", "Room 1"), ("department", key.as_str())];
    assert_eq!(manager.post("/centre/premises/rooms", &room).await.status, StatusCode::SEE_OTHER);
    let rooms = manager.get("/centre/premises/rooms").await;
    assert!(rooms.body.contains("Room 1") && rooms.body.contains("Heart and lung"), "{}", rooms.body);
    let room = first(&rooms, "rooms");
    house.network.run("UPDATE care.room SET name = 'Room A'").await;
    let stale = manager.post(&room, &[("was", "Room 1"), ("name", "Room B")]).await;
    assert!(stale.body.contains("Somebody has changed this") && stale.body.contains("<b>Room A</b>"), "{}", stale.body);
    assert_eq!(manager.post(&room, &[("was", "Room A"), ("name", "Room B")]).await.status, StatusCode::SEE_OTHER);

    let scanner = [("name", "Scanner"), ("kind", "ultrasound"), ("first_on", "2026-01-01")];
    assert_eq!(manager.post("/centre/premises/equipment", &scanner).await.status, StatusCode::SEE_OTHER);
    let list = manager.get("/centre/premises/equipment").await;
    assert!(list.body.contains("Ultrasound scanner, used from 1 Jan 2026"), "{}", list.body);
    let scanner = first(&list, "equipment").rsplit('/').next().unwrap().to_owned();
    let outage = [("equipment", &*scanner), ("name", "Maintenance"), ("since", "2036-01-01T08:00"), ("until", "")];
    assert_eq!(manager.post("/centre/premises/outages", &outage).await.status, StatusCode::SEE_OTHER);
    let list = manager.get("/centre/premises/outages").await;
    assert!(list.body.contains("Scanner, out of service from 1 Jan 2036, 08:00"), "{}", list.body);
    let outage = first(&list, "outages");
    let over =
        [("version", "1"), ("name", "Maintenance"), ("since", "2036-01-01T08:00"), ("until", "2036-01-01T09:00")];
    assert_eq!(manager.post(&outage, &over).await.status, StatusCode::SEE_OTHER);
    assert!(manager.get(&outage).await.body.contains("until 1 Jan 2036, 09:00"));

    let close = [("version", "2"), ("name", "Heart and lung"), ("kind", "cardiology"), ("stop_on", "2026-01-01")];
    assert_eq!(manager.post(&path, &close).await.status, StatusCode::SEE_OTHER);
    assert_eq!(manager.get(&path).await.status, StatusCode::NOT_FOUND, "what is closed is there no more");

    // What is another facility's is not there.
    let other = house.network.facility("IL", "hospital").await;
    let account = house.network.account("facility_manager", Some(other)).await;
    let stranger = house.signed_in(account).await;
    for path in [room.as_str(), &outage, "/centre/premises/nothing", "/centre/premises/rooms/x"] {
        assert_eq!(stranger.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(
            stranger.post(path, &[("was", "Room B"), ("name", "X")]).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
    let foreign = [("equipment", &*scanner), ("name", "Mine"), ("since", "2037-01-01T08:00")];
    assert_ne!(stranger.post("/centre/premises/outages", &foreign).await.status, StatusCode::SEE_OTHER);
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.equipment_outage").await, "1");
}
