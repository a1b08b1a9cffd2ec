//! What the manager of a facility keeps beside staff and services: departments, equipment, attendance, categories.

use healthtrack::model::people::{FacilityId, ProviderId};
use healthtrack::model::time::{Clock as _, DAY_US, SystemClock, Timestamp};
use healthtrack::store::care::upkeep_department::{self, AttendancePolicy, DepartmentWords, EquipmentWords};
use healthtrack::store::care::upkeep_staff::{self, Staff};
use healthtrack::store::care::{organisation, upkeep};
use uuid::Uuid;

use super::caller::Caller;
use super::network::Network;
use super::practice::Practice;

/// What the manager of a facility does there.
fn acts(facility: Uuid) -> Vec<String> {
    vec![
        format!("keep_department($t, '{facility}', NULL, NULL, 'laboratory', 'New laboratory', '+12175550101', NULL)"),
        format!("keep_equipment($t, '{facility}', NULL, NULL, 'ecg', 'New ECG', current_date, NULL)"),
        format!("set_attendance_policy($t, '{facility}', 24, 3, 365, NULL)"),
        format!("set_attendance_policy($t, '{facility}', 48, NULL, NULL, NULL)"),
        format!("set_facility_category($t, '{facility}', 'pharmacy', true)"),
        format!("set_facility_category($t, '{facility}', 'pharmacy', false)"),
    ]
}

/// What is done to rows of a facility that are there: a function, and the query of the row's key.
const OF_ROWS: [(&str, &str); 8] = [
    ("set_department_hours($t, '%', 1, '{400,780}', '{720,1080}')", "department_id FROM care.department"),
    ("set_department_hours($t, '%', 1, NULL, NULL)", "department_id FROM care.department"),
    (
        "keep_department($t, '@', '%', 1, 'laboratory', 'Laboratory', NULL, current_date + 90)",
        "department_id FROM care.department",
    ),
    ("place_room($t, '@', '%', '#')", "room_id FROM care.room"),
    ("place_affiliation($t, '%', 1, '#')", "affiliation_id FROM care.affiliation"),
    (
        "keep_equipment($t, '@', '%', 1, 'ecg', 'ECG', current_date, current_date + 90)",
        "equipment_id FROM care.equipment",
    ),
    ("keep_outage($t, '%', NULL, NULL, now(), NULL, 'Broken')", "equipment_id FROM care.equipment"),
    (
        "keep_outage($t, '^', '%', 1, now(), now() + INTERVAL '1 hour', 'Mended')",
        "equipment_outage_id FROM care.equipment_outage JOIN care.equipment USING (equipment_id)",
    ),
];

#[tokio::test]
async fn a_manager_keeps_departments_and_equipment_of_the_own_facility_and_no_other() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (own, other) = (practice.facility, practice.network.facility("MA", "clinic").await);
    let network = &mut practice.network;
    let mut managers = Vec::new();
    for facility in [own, other] {
        managers.push(Caller::playing(network, "facility_manager", facility).await);
    }
    for (place, facility) in [own, other].into_iter().enumerate() {
        for act in acts(facility) {
            assert_eq!(managers[1 - place].refused(&act).await, "facility_is_kept_by_its_manager", "{act}");
            managers[place].call(&act).await;
        }
    }
    let department =
        network.id(&format!("SELECT department_id FROM care.department WHERE facility_id = '{own}'")).await;
    for (act, key) in OF_ROWS {
        let key = network.id(&format!("SELECT {key} WHERE facility_id = '{own}' ORDER BY 1 LIMIT 1")).await;
        let equipment = format!("SELECT equipment_id FROM care.equipment WHERE facility_id = '{own}'");
        let equipment = network.id(&equipment).await;
        let of = |facility: Uuid| {
            act.replace('^', &equipment.to_string())
                .replace('%', &key.to_string())
                .replace('#', &department.to_string())
                .replace('@', &facility.to_string())
        };
        let refused = managers[1].refused(&of(other)).await;
        assert!(
            ["row_is_changed_as_it_was_read", "facility_is_kept_by_its_manager"].contains(&refused.as_str()),
            "{act}: {refused}"
        );
        managers[0].call(&of(own)).await;
        if act.contains("'%', 1, ") && !act.starts_with("set_") {
            assert_eq!(managers[0].refused(&of(own)).await, "row_is_changed_as_it_was_read", "as it was read: {act}");
        }
    }
    let elsewhere =
        network.id(&format!("SELECT department_id FROM care.department WHERE facility_id = '{other}'")).await;
    let room = practice.room;
    assert_eq!(
        managers[0].refused(&format!("place_room($t, '{own}', '{room}', '{elsewhere}')")).await,
        "room_is_in_a_department_of_its_facility"
    );
    let events = "SELECT count(*)::text FROM access.audit_event e JOIN access.account a ON a.account_id = e.actor
                  WHERE a.part = 'facility_manager' AND e.outcome = 'allowed'";
    assert_eq!(practice.network.one(events).await, "20", "each change is an event");
}

#[tokio::test]
async fn nobody_else_keeps_departments_and_equipment() {
    let mut network = Network::owned().await;
    let (facility, provider) = (network.facility("IL", "clinic").await, network.provider().await);
    let patient = network.patient().await;
    for (part, whose) in [
        ("patient", Some(patient)),
        ("provider", Some(provider)),
        ("front_desk", Some(facility)),
        ("biller", Some(facility)),
        ("operator", None),
        ("privacy_officer", None),
        ("clinical_quality", None),
    ] {
        let account = network.account(part, whose).await;
        let mut caller = Caller::of(&network, account).await;
        for act in acts(facility) {
            assert_eq!(caller.refused(&act).await, "facility_is_kept_by_its_manager", "{part}: {act}");
        }
    }
    let account = network.account("network_admin", None).await;
    let mut admin = Caller::of(&network, account).await;
    for act in acts(facility) {
        admin.call(&act).await;
    }
}

#[tokio::test]
async fn what_a_facility_mainly_is_and_belongs_to_is_no_matter_of_its_manager() {
    let mut practice = Practice::within(Network::owned().await).await;
    let facility = practice.facility;
    let account = practice.network.account("facility_manager", Some(facility)).await;
    let mut manager = Caller::of(&practice.network, account).await;
    let main =
        practice.network.one(&format!("SELECT category FROM care.facility WHERE facility_id = '{facility}'")).await;
    let without = format!("set_facility_category($t, '{facility}', '{main}', false)");
    assert_eq!(manager.refused(&without).await, "facility_is_of_its_main_category");
    practice.network.run("INSERT INTO care.organisation (name, kind) VALUES ('Other', 'partner')").await;
    for change in [
        "organisation_id = (SELECT organisation_id FROM care.organisation WHERE name = 'Other')",
        "category = 'pharmacy'",
        "closed_on = current_date + 9",
        "time_zone = 'Europe/Paris'",
    ] {
        let change = format!("UPDATE care.facility SET {change} WHERE facility_id = '{facility}'");
        assert_eq!(
            practice.portal_refusal(account, &change).await,
            "facility_is_placed_by_an_administrator",
            "{change}"
        );
    }
    practice.portal(account, &format!("UPDATE care.facility SET name = 'Mine' WHERE facility_id = '{facility}'")).await;
}

#[tokio::test]
async fn a_program_keeps_departments_and_equipment() {
    let mut network = Network::owned().await;
    let facility = FacilityId(network.facility("IL", "hospital").await);
    let provider = ProviderId(network.provider().await);
    let manager = network.account("facility_manager", Some(facility.0)).await;
    let now = SystemClock.now();
    let today = now.day();
    let later = Timestamp::from_micros(now.micros() + DAY_US).unwrap();
    let words = DepartmentWords { kind: "cardiology", name: "Heart", phone: Some("+12175550103"), closed_on: None };
    let scanner = EquipmentWords { kind: "ultrasound", name: "Echo", first_on: today, stop_on: None };
    let policy = AttendancePolicy { notice_hours: 12, no_shows: Some((3, 365)), charge_code: None };
    let department = network
        .does(manager, async |actor| {
            let department = upkeep_department::keep_department(actor, facility, None, &words).await?;
            let known = Some((department, 1));
            let renamed = DepartmentWords { name: "Hearts", ..words };
            upkeep_department::keep_department(actor, facility, known, &renamed).await?;
            upkeep_department::set_department_hours(actor, department, 1, &[(360, 720), (780, 1080)]).await?;
            let room = upkeep::keep_room(actor, facility, None, "Echo room").await?;
            upkeep_department::place_room(actor, facility, room, Some(department)).await?;
            let staff = Staff::Provider(provider);
            let works = upkeep_staff::add_affiliation(actor, facility, staff, "director", (today, None)).await?;
            upkeep_department::place_affiliation(actor, works, 1, Some(department)).await?;
            let made = upkeep_department::keep_equipment(actor, facility, None, &scanner).await?;
            let ends = EquipmentWords { stop_on: Some(today.plus(90)), ..scanner };
            upkeep_department::keep_equipment(actor, facility, Some((made, 1)), &ends).await?;
            let outage = upkeep_department::keep_outage(actor, made, None, (now, None), "Broken").await?;
            let mended = (now, Some(later));
            upkeep_department::keep_outage(actor, made, Some((outage, 1)), mended, "Broken").await?;
            upkeep_department::set_attendance_policy(actor, facility, &policy).await?;
            upkeep_department::set_facility_category(actor, facility, "pharmacy", true).await?;
            Ok(department)
        })
        .await;
    let hours = network.does(manager, async |actor| organisation::list_department_hours(actor, department).await).await;
    assert_eq!(hours.len(), 2);
    let kept = network.does(manager, async |actor| upkeep::list_kept(actor, facility).await).await;
    let has = |relation: &str, title: &str| kept.iter().any(|row| row.relation == relation && row.title == title);
    assert!(has("department", "Hearts") && has("equipment", "Echo"), "{kept:?}");
    assert!(kept.iter().any(|row| row.relation == "equipment_outage"), "{kept:?}");
    let found = "SELECT (SELECT d.name || ' ' || d.version FROM care.department d) || ' '
        || (SELECT count(department_id) FROM care.room) || (SELECT count(department_id) FROM care.affiliation) || ' '
        || (SELECT no_show_limit FROM care.attendance_policy) || (SELECT upper_inf(during) FROM care.equipment_outage)
        || (SELECT count(*) FROM care.facility_has_category)";
    assert_eq!(network.one(found).await, "Hearts 2 11 3false2");
}
