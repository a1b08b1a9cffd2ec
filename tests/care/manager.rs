//! What the manager of a facility keeps: the own facility and no other, as it was read, and seen in the audit.

use healthtrack::model::people::{FacilityId, ProviderId};
use healthtrack::model::time::{Clock as _, DAY_US, Day, SystemClock, Timestamp};
use healthtrack::store::care::upkeep::{self, FacilityWords, Offer};
use healthtrack::store::care::upkeep_programme::{self, ProgrammeWords, SessionWords};
use healthtrack::store::care::upkeep_staff::{self, ExceptionKind, Staff, Surgery};
use uuid::Uuid;

use super::caller::Caller;
use super::network::Network;
use super::practice::{Practice, hours_ahead};

/// What the manager of the one or the other facility does there, with a provider who is at one of them at a time.
fn acts(facility: Uuid, provider: Uuid, place: usize) -> Vec<String> {
    let (day, weekday) = (40 + 10 * place, 2 + place);
    let (off, extra) =
        (format!("now() + {day} * INTERVAL '24 hours'"), format!("now() + {} * INTERVAL '24 hours'", day + 5));
    vec![
        format!(
            "change_facility($t, '{facility}', 1, 'New name', '2 Main Street', '62701', '+12175550101', NULL, NULL, NULL)"
        ),
        format!("keep_room($t, '{facility}', NULL, 'New room')"),
        format!("set_opening_hours($t, '{facility}', 1, '{{480,780}}', '{{720,1080}}')"),
        format!("set_opening_hours($t, '{facility}', 7, NULL, NULL)"),
        format!("set_special_day($t, '{facility}', '2027-01-01', 'New year', NULL, NULL)"),
        format!("set_special_day($t, '{facility}', '2027-12-24', 'Christmas', '{{480}}', '{{720}}')"),
        format!("clear_special_day($t, '{facility}', '2027-01-01')"),
        format!("offer_service($t, '{facility}', NULL, 'Sauna', 'Hot', 60, 8)"),
        format!("add_affiliation($t, '{facility}', '{provider}', NULL, 'director', current_date, NULL)"),
        format!("add_affiliation($t, '{facility}', NULL, 'Bo Lindqvist', 'receptionist', current_date, NULL)"),
        format!(
            "add_availability($t, '{facility}', '{provider}', {weekday}, 480, 720, NULL, current_date + 900, NULL)"
        ),
        format!("add_exception($t, '{facility}', '{provider}', 'off', {off}, {off} + INTERVAL '24 hours')"),
        format!("add_exception($t, '{facility}', '{provider}', 'extra', {extra}, {extra} + INTERVAL '4 hours')"),
        format!(
            "keep_programme($t, NULL, NULL, '{facility}', NULL, 'sleep', 'Sleep', '', 9, 1, now(),
                            now() + INTERVAL '9 days', current_date, current_date + 30)"
        ),
    ]
}

/// What is done to rows that are there: a function, and the query of the row's key.
const OF_ROWS: [(&str, &str); 6] = [
    ("withdraw_service($t, '%', 1, current_date)", "facility_service_id FROM care.facility_service"),
    ("end_affiliation($t, '%', 1, current_date + 9)", "affiliation_id FROM care.affiliation"),
    ("end_availability($t, '%', 1, current_date + 990)", "availability_id FROM care.availability"),
    ("drop_exception($t, '%')", "availability_exception_id FROM care.availability_exception"),
    (
        "add_programme_session($t, '%', NULL, NULL, NULL, 'First', now() + INTERVAL '2 days', now() + INTERVAL '50 hours')",
        "programme_id FROM care.programme",
    ),
    ("keep_room($t, '@', '%', 'Renamed')", "room_id FROM care.room"),
];

#[tokio::test]
async fn a_manager_keeps_the_own_facility_and_no_other() {
    let mut network = Network::owned().await;
    let provider = network.provider().await;
    let (own, other) = (network.facility("IL", "wellness_center").await, network.facility("MA", "clinic").await);
    let mut managers = Vec::new();
    for facility in [own, other] {
        managers.push(Caller::playing(&mut network, "facility_manager", facility).await);
    }
    for (place, facility) in [own, other].into_iter().enumerate() {
        for act in acts(facility, provider, place) {
            assert_eq!(managers[1 - place].refused(&act).await, "facility_is_kept_by_its_manager", "{act}");
            managers[place].call(&act).await;
        }
    }
    for (act, key) in OF_ROWS {
        let key = format!("SELECT {key} WHERE facility_id = '{own}' ORDER BY 1 LIMIT 1");
        let key = network.id(&key).await.to_string();
        let refused = managers[1].refused(&act.replace('%', &key).replace('@', &other.to_string())).await;
        assert!(
            ["row_is_changed_as_it_was_read", "row_is_within_rights"].contains(&refused.as_str()),
            "{act}: {refused}"
        );
        managers[0].call(&act.replace('%', &key).replace('@', &own.to_string())).await;
    }
    let session = network.id("SELECT programme_session_id FROM care.programme_session").await;
    let cancel = format!("cancel_programme_session($t, '{session}', 1)");
    assert_eq!(managers[1].refused(&cancel).await, "row_is_changed_as_it_was_read");
    managers[0].call(&cancel).await;
    assert_eq!(managers[0].refused(&cancel).await, "row_is_changed_as_it_was_read", "as it was read");

    let room = network.id(&format!("SELECT room_id FROM care.room WHERE facility_id = '{other}'")).await;
    let programme = network.id(&format!("SELECT programme_id FROM care.programme WHERE facility_id = '{own}'")).await;
    let during = "now() + INTERVAL '80 hours', now() + INTERVAL '81 hours'";
    let there = format!("add_programme_session($t, '{programme}', '{other}', '{room}', NULL, 'There', {during})");
    assert_eq!(managers[0].refused(&there).await, "row_is_within_rights", "in a room of others");
    let taken = format!(
        "keep_programme($t, '{programme}', 1, '{other}', NULL, 'sleep', 'Mine', '', 9, 1, now(),
                         now() + INTERVAL '9 days', current_date, current_date + 30)"
    );
    assert_eq!(managers[1].refused(&taken).await, "row_is_changed_as_it_was_read", "nor taken over");
    let everywhere =
        format!("add_exception($t, NULL, '{provider}', 'off', now() + INTERVAL '5 days', now() + INTERVAL '6 days')");
    assert_eq!(managers[0].refused(&everywhere).await, "facility_is_kept_by_its_manager");
    let events = "SELECT count(DISTINCT resource)::text FROM access.audit_event e JOIN access.account a ON a.account_id = e.actor
                  WHERE a.part = 'facility_manager' AND e.outcome = 'allowed'";
    assert!(network.one(events).await.parse::<u32>().unwrap() >= 18, "each change is an event");
}

#[tokio::test]
async fn a_patient_no_desk_and_no_administrator_of_another_kind_keeps_a_facility() {
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
        for act in acts(facility, provider, 0) {
            assert_eq!(caller.refused(&act).await, "facility_is_kept_by_its_manager", "{part}: {act}");
        }
    }
}

#[tokio::test]
async fn hours_that_a_manager_sets_are_those_that_are_booked() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (facility, provider, patient) = (practice.facility, practice.provider, practice.patient);
    let mut manager = Caller::playing(&mut practice.network, "facility_manager", facility).await;
    let own = practice.network.account("patient", Some(patient)).await;
    let during = hours_ahead(48, 30);
    let hold = practice.hold(patient, &during);
    for weekday in 1..=7 {
        manager.call(&format!("set_opening_hours($t, '{facility}', {weekday}, '{{}}', '{{}}')")).await;
    }
    assert_eq!(practice.portal_refusal(own, &hold).await, "appointment_is_within_opening_hours");
    for weekday in 1..=7 {
        manager.call(&format!("set_opening_hours($t, '{facility}', {weekday}, '{{0}}', '{{1440}}')")).await;
    }
    let away = format!(
        "add_exception($t, '{facility}', '{provider}', 'off', now() + INTERVAL '40 hours', now() + INTERVAL '60 hours')"
    );
    let away = manager.key(&away).await;
    assert_eq!(practice.portal_refusal(own, &hold).await, "appointment_is_within_availability");
    assert_eq!(
        manager.refused(&format!("drop_exception($t, '{}')", Uuid::nil())).await,
        "row_is_changed_as_it_was_read"
    );
    manager.call(&format!("drop_exception($t, '{away}')")).await;
    practice.portal(own, &hold).await;
}

#[tokio::test]
async fn who_is_away_from_one_facility_works_at_another_and_who_is_away_works_nowhere() {
    let mut practice = Practice::new().await;
    let provider = practice.provider;
    let elsewhere = practice.network.facility("MA", "clinic").await;
    let day = "tstzrange('2027-03-01 00:00Z', '2027-03-02 00:00Z')";
    let available = format!("SELECT (care.available('{provider}', '{}', {day}) <> '{{}}')::text", practice.facility);
    for (place, is_there) in [
        (format!("'{elsewhere}'"), "true"),
        (format!("'{}'", practice.facility), "false"),
        ("NULL".to_owned(), "false"),
    ] {
        let off = format!(
            "INSERT INTO care.availability_exception (provider_id, facility_id, kind, during)
             VALUES ('{provider}', {place}, 'off', {day})"
        );
        practice.network.run(&off).await;
        assert_eq!(practice.network.one(&available).await, is_there, "{place}");
        let rule = practice.network.refusal(&off).await;
        assert!(rule.starts_with("availability_exception_"), "{rule}");
        practice.network.run("DELETE FROM care.availability_exception").await;
    }
}

#[tokio::test]
async fn a_manager_counts_the_days_of_the_own_facility_and_sees_no_visit() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (facility, patient) = (practice.facility, practice.patient);
    practice.taken_over(patient, "tstzrange('2026-03-02 15:00Z', '2026-03-02 15:30Z')", "completed").await;
    practice.taken_over(patient, "tstzrange('2026-03-03 04:00Z', '2026-03-03 04:30Z')", "no_show").await;
    let elsewhere = practice.network.facility("MA", "clinic").await;
    let account = practice.network.account("facility_manager", Some(facility)).await;
    let mut manager = Caller::of(&practice.network, account).await;
    let counted = "day || ' ' || booked || completed || cancelled || missed";
    let march = |place: Uuid| format!("'{place}', '2026-03-01', '2026-04-01'");
    let days = manager.read(counted, "count_days", None, "day_counts", &march(facility)).await;
    assert_eq!(days, ["2026-03-02 0101"], "by the facility's own days");
    let there = manager.tries_to_read(counted, "count_days", None, "day_counts", &march(elsewhere)).await;
    assert_eq!(there, Err("days_are_counted_for_the_manager".to_owned()));
    let long = format!("'{facility}', '2020-01-01', '2026-01-01'");
    let long = manager.tries_to_read(counted, "count_days", None, "day_counts", &long).await;
    assert_eq!(long, Err("days_are_counted_within_bounds".to_owned()));
    let unseen = format!("count_days($t, gen_random_uuid(), NULL, {})", march(facility));
    assert_eq!(manager.refused(&unseen).await, "look_is_recorded");
    let mut admin = practice.admin().await;
    assert_eq!(admin.tries("look($t, NULL, 'day_counts', NULL)").await.unwrap(), "");
    let mut portal = practice.network.portal_of(account).await;
    let seen: i64 = sqlx::query_scalar("SELECT count(*) FROM care.appointment").fetch_one(&mut portal).await.unwrap();
    assert_eq!(seen, 0);
}

#[tokio::test]
async fn a_program_keeps_a_facility() {
    let mut network = Network::owned().await;
    let facility = FacilityId(network.facility("IL", "wellness_center").await);
    let provider = ProviderId(network.provider().await);
    let manager = network.account("facility_manager", Some(facility.0)).await;
    let now = SystemClock.now();
    let later = |days: i64| Timestamp::from_micros(now.micros() + days * DAY_US).unwrap();
    let (today, next): (Day, Day) = (now.day(), now.day().plus(30));
    let words = FacilityWords {
        name: "Lake spa",
        street: "2 Main Street",
        postal_code: "62701",
        phone: "+12175550102",
        email: None,
        website: Some("https://spa.example.org"),
        booking_url: None,
    };
    let sauna =
        Offer { service: None, name: Some("Sauna"), detail: None, duration_minutes: Some(60), capacity: Some(8) };
    let surgery = Surgery { weekday: 2, hours: (480, 720), reserved_hours: Some(24), first_on: today, stop_on: None };
    network
        .does(manager, async |actor| {
            upkeep::change_facility(actor, facility, 1, &words).await?;
            let room = upkeep::keep_room(actor, facility, None, "Hall").await?;
            upkeep::keep_room(actor, facility, Some(room), "Great hall").await?;
            upkeep::set_opening_hours(actor, facility, 2, &[(480, 720), (780, 1080)]).await?;
            upkeep::set_special_day(actor, facility, next, "Party", &[]).await?;
            upkeep::clear_special_day(actor, facility, next).await?;
            let offered = upkeep::offer_service(actor, facility, &sauna).await?;
            upkeep::withdraw_service(actor, offered, 1, next).await?;
            let staff = Staff::Provider(provider);
            let works = upkeep_staff::add_affiliation(actor, facility, staff, "therapist", (today, None)).await?;
            upkeep_staff::add_affiliation(actor, facility, Staff::Named("Bo"), "receptionist", (today, None)).await?;
            upkeep_staff::end_affiliation(actor, works, 1, next).await?;
            let hours = upkeep_staff::add_availability(actor, facility, provider, &surgery).await?;
            upkeep_staff::end_availability(actor, hours, 1, next).await?;
            let when = (later(3), later(4));
            let off = upkeep_staff::add_exception(actor, Some(facility), provider, ExceptionKind::Off, when).await?;
            upkeep_staff::drop_exception(actor, off).await?;
            let programme = ProgrammeWords {
                facility: Some(facility),
                provider: Some(provider),
                topic: "sleep",
                title: "Sleep",
                description: "Nine evenings",
                capacity: 9,
                sessions_needed: 1,
                enrolment: (now, later(9)),
                days: (today, next),
            };
            let made = upkeep_programme::keep(actor, None, &programme).await?;
            upkeep_programme::keep(actor, Some((made, 1)), &ProgrammeWords { capacity: 12, ..programme }).await?;
            let evening = SessionWords {
                facility: Some(facility),
                room: Some(room),
                provider: Some(provider),
                title: "First",
                during: (later(2), Timestamp::from_micros(later(2).micros() + DAY_US / 24).unwrap()),
            };
            let session = upkeep_programme::add_session(actor, made, &evening).await?;
            upkeep_programme::cancel_session(actor, session, 1).await
        })
        .await;
    let days = network.does(manager, async |actor| upkeep::count_days(actor, facility, today, next).await).await;
    assert_eq!(days, []);
    let entry = network.does(manager, async |actor| upkeep::read_facility(actor, facility).await).await.unwrap();
    assert_eq!((entry.version, entry.name.as_str(), entry.phone.as_str()), (2, "Lake spa", "+12175550102"));
    let kept = network.does(manager, async |actor| upkeep::list_kept(actor, facility).await).await;
    let kept: Vec<_> = kept.iter().map(|row| (row.relation.as_str(), row.title.as_str(), row.version)).collect();
    assert_eq!(
        kept,
        [
            ("affiliation", "Ada Okafor therapist", 2),
            ("affiliation", "Bo receptionist", 1),
            ("availability", "Ada Okafor, weekday 2, minutes 480 to 720", 2),
            ("facility_service", "Sauna", 2),
            ("programme", "Sleep", 2)
        ],
        "what is over is not listed"
    );
    let found = "SELECT f.name || ' ' || p.capacity || ' ' || (SELECT count(*) FROM care.opening_hours)
                 FROM care.facility f JOIN care.programme p USING (facility_id)";
    assert_eq!(network.one(found).await, "Lake spa 12 2");
    let late = network.broken(manager, async |actor| upkeep::change_facility(actor, facility, 1, &words).await).await;
    assert_eq!(late.rule, "row_is_changed_as_it_was_read");
}
