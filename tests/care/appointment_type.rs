//! Kinds of visit: how long one is, what it keeps free before and after, by video or not, and who may book it.

use healthtrack::model::people::{FacilityId, PatientId, ProviderId, TelehealthRule, VisitMode};
use healthtrack::store::care::appointment_type::list;
use healthtrack::store::care::schedule::{AppointmentRequest, SlotQuery, history, hold, open_slots};
use uuid::Uuid;

use super::practice::{Practice, hours_ahead, race};
use super::scheduling::moment;

impl Practice {
    /// A kind of visit: minutes, minutes before and after, telehealth, and whether only desks book it, as SQL.
    pub(crate) async fn kind(&mut self, name: &str, settings: &str) {
        self.network
            .run(&format!(
                "INSERT INTO care.appointment_type
                     (appointment_type, title, minutes, before_minutes, after_minutes, telehealth, desk_only)
                 VALUES ('{name}', 'Kind {name}', {settings})"
            ))
            .await;
    }

    /// The statement that holds a time of a kind with a provider, as SQL.
    pub(crate) fn hold_kind(&self, provider: Uuid, patient: Uuid, during: &str, kind: &str, mode: &str) -> String {
        format!(
            "SELECT care.hold_appointment('{patient}', '{provider}', '{}', {during}, NULL, '{mode}', NULL, '{kind}')",
            self.facility
        )
    }
}

/// A period that begins so many minutes after the hour that is so many hours from now, as SQL.
pub(crate) fn minutes_ahead(hours: i32, after: i32, minutes: i32) -> String {
    let begin = format!("date_trunc('hour', now()) + {hours} * INTERVAL '1 hour' + {after} * INTERVAL '1 minute'");
    format!("tstzrange({begin}, {begin} + {minutes} * INTERVAL '1 minute')")
}

#[tokio::test]
async fn a_provider_is_kept_free_before_and_after_a_visit_of_a_kind() {
    let mut practice = Practice::new().await;
    practice.kind("scan", "30, 10, 20, 'never', false").await;
    let (provider, patient, other) = (practice.provider, practice.patient, practice.network.patient().await);
    let scan = practice.hold_kind(provider, patient, &minutes_ahead(24, 30, 30), "scan", "in_person");
    practice.network.run(&scan).await;
    let blocked = format!("SELECT (blocked_during = {})::text FROM care.appointment", minutes_ahead(24, 20, 60));
    assert_eq!(practice.network.one(&blocked).await, "true");
    // What is seen of it is free of other visits, and so is what is not seen, whoever writes.
    for (after, minutes) in [(40, 10), (10, 11), (79, 10), (0, 21)] {
        let during = minutes_ahead(24, after, minutes);
        let plain = practice.hold(other, &during);
        assert_eq!(practice.network.refusal(&plain).await, "appointment_provider_is_free", "{during}");
        let taken_over = practice.appointment(other, &during, "booked");
        assert_eq!(practice.network.refusal(&taken_over).await, "appointment_provider_is_free", "{during}");
    }
    // The next of the kind needs its own time before it.
    let too_near = practice.hold_kind(provider, other, &minutes_ahead(24, 89, 30), "scan", "in_person");
    assert_eq!(practice.network.refusal(&too_near).await, "appointment_provider_is_free");
    let near = practice.hold_kind(provider, other, &minutes_ahead(24, 90, 30), "scan", "in_person");
    practice.network.run(&near).await;
    let before = practice.hold(other, &minutes_ahead(24, 0, 20));
    practice.network.run(&before).await;
    // The patient is busy only while being seen.
    let elsewhere = practice.provider().await;
    let own = practice
        .appointment(patient, &minutes_ahead(24, 60, 20), "booked")
        .replace(&practice.provider.to_string(), &elsewhere.to_string());
    practice.network.run(&own).await;
}

#[tokio::test]
async fn open_times_of_a_kind_leave_room_before_and_after_and_can_all_be_had() {
    let mut practice = Practice::new().await;
    practice.kind("scan", "30, 10, 20, 'never', false").await;
    let (provider, facility, patient) = (practice.provider, practice.facility, practice.patient);
    let taken = practice.appointment(patient, &hours_ahead(26, 60), "booked");
    practice.network.run(&taken).await;
    let open = |kind: &str| {
        format!(
            "SELECT (extract(epoch FROM starts_at - date_trunc('hour', now())) / 60)::int::text
             FROM care.open_slots('{provider}', '{facility}', date_trunc('hour', now()) + INTERVAL '24 hours',
                                  date_trunc('hour', now()) + INTERVAL '30 hours', NULL, NULL, {kind})"
        )
    };
    let times = practice.network.rows(&open("'scan'")).await;
    assert!(times.len() >= 4, "{times:?}");
    for time in &times {
        let start: i32 = time.parse().unwrap();
        assert!(start + 50 <= 26 * 60 || start - 10 >= 27 * 60, "{start} leaves no time beside the visit");
        let other = practice.network.patient().await;
        let hold = practice.hold_kind(provider, other, &minutes_ahead(0, start, 30), "scan", "in_person");
        practice.network.run(&hold).await;
    }
    assert_eq!(practice.network.rows(&open("'scan'")).await, [""; 0], "all are taken now");
    assert_eq!(practice.network.refusal(&open("'unheard_of'")).await, "appointment_type_is_known");
    assert_eq!(practice.network.refusal(&open("NULL")).await, "slots_are_asked_within_bounds", "neither says how long");
}

#[tokio::test]
async fn a_visit_is_as_long_as_its_kind_unless_the_desk_says_otherwise() {
    let mut practice = Practice::new().await;
    practice.kind("check", "30, 0, 5, 'allowed', false").await;
    let (provider, patient) = (practice.provider, practice.patient);
    let own = practice.account("patient", Some(patient)).await;
    let desk = practice.account("front_desk", Some(practice.facility)).await;
    let doctor = practice.account("provider", Some(provider)).await;
    practice.network.put_in_care(patient, provider).await;
    let long = practice.hold_kind(provider, patient, &minutes_ahead(24, 0, 50), "check", "in_person");
    assert_eq!(practice.portal_refusal(own, &long).await, "appointment_is_as_long_as_its_type");
    assert_eq!(practice.portal_refusal(doctor, &long).await, "appointment_is_as_long_as_its_type");
    practice.portal(desk, &long).await;
    practice.portal(desk, "SELECT care.confirm_appointment(appointment_id) FROM care.appointment").await;
    let moved = |minutes: i32| {
        format!(
            "SELECT care.reschedule_appointment(appointment_id, {}) FROM care.appointment",
            minutes_ahead(30, 0, minutes)
        )
    };
    assert_eq!(practice.portal_refusal(own, &moved(70)).await, "appointment_is_as_long_as_its_type");
    practice.portal(own, &moved(50)).await;
    practice.portal(own, &moved(30)).await;
    let stands = "SELECT (blocked_during = tstzrange(lower(during), upper(during) + INTERVAL '5 minutes'))::text
                  FROM care.appointment";
    assert_eq!(practice.network.one(stands).await, "true", "what is kept free moves with it");
    // A kind that is changed later changes nothing that is booked.
    practice.network.run("UPDATE care.appointment_type SET after_minutes = 60, minutes = 45").await;
    practice.portal(own, &moved(30)).await;
    assert_eq!(practice.network.one(stands).await, "true");
}

#[tokio::test]
async fn a_kind_says_how_it_takes_place_who_books_it_and_who_gives_it() {
    let mut practice = Practice::new().await;
    let (provider, patient) = (practice.provider, practice.member("premium").await);
    let own = practice.account("patient", Some(patient)).await;
    let desk = practice.account("front_desk", Some(practice.facility)).await;
    practice.kind("seen", "30, 0, 0, 'never', false").await;
    practice.kind("heard", "30, 0, 0, 'only', false").await;
    practice.kind("either", "30, 0, 0, 'allowed', false").await;
    practice.kind("by_desk", "30, 0, 0, 'never', true").await;
    practice.kind("by_some", "30, 0, 0, 'never', false").await;
    let hold =
        |kind: &str, mode: &str, hours: i32| practice.hold_kind(provider, patient, &hours_ahead(hours, 30), kind, mode);
    let statements = [
        (hold("seen", "telehealth", 30), "appointment_type_allows_its_mode"),
        (hold("heard", "in_person", 30), "appointment_type_allows_its_mode"),
        (hold("by_desk", "in_person", 30), "appointment_type_is_booked_by_the_desk"),
        (hold("unheard_of", "in_person", 30), "appointment_type_fkey"),
    ];
    let (either, by_desk, by_some) =
        (hold("either", "telehealth", 33), hold("by_desk", "in_person", 34), hold("by_some", "in_person", 35));
    for (statement, rule) in &statements {
        assert_eq!(practice.portal_refusal(own, statement).await, *rule, "{statement}");
    }
    practice.portal(own, &either).await;
    practice.portal(desk, &by_desk).await;
    practice
        .network
        .run("INSERT INTO care.appointment_type_specialty VALUES ('by_some', 'cardiology'), ('by_some', 'radiology')")
        .await;
    assert_eq!(practice.portal_refusal(desk, &by_some).await, "appointment_provider_has_the_specialty_of_its_type");
    let open = format!(
        "SELECT count(*)::text FROM care.open_slots('{provider}', '{}', now() + INTERVAL '1 day', now() + INTERVAL '2 days',
             NULL, NULL, 'by_some')",
        practice.facility
    );
    assert_eq!(practice.network.one(&open).await, "0");
    let learnt =
        format!("INSERT INTO care.provider_specialty (provider_id, specialty) VALUES ('{provider}', 'radiology')");
    practice.network.run(&learnt).await;
    assert_ne!(practice.network.one(&open).await, "0");
    practice.network.run("UPDATE care.appointment_type SET active = false WHERE appointment_type = 'by_some'").await;
    assert_eq!(practice.network.one(&open).await, "0");
    assert_eq!(practice.portal_refusal(desk, &by_some).await, "appointment_type_is_active");
    practice.network.run("UPDATE care.appointment_type SET active = true WHERE appointment_type = 'by_some'").await;
    practice.portal(desk, &by_some).await;
}

#[tokio::test]
async fn a_visit_without_a_kind_blocks_what_it_shows_and_no_row_says_what_cannot_be() {
    let mut practice = Practice::new().await;
    let taken = practice.appointment(practice.patient, &hours_ahead(24, 30), "booked");
    practice.network.run(&taken).await;
    let shown = "SELECT (blocked_during = during AND appointment_type IS NULL)::text FROM care.appointment";
    assert_eq!(practice.network.one(shown).await, "true");
    practice.kind("check", "30, 0, 5, 'allowed', false").await;
    for (statement, rule) in [
        ("UPDATE care.appointment SET before_minutes = 5", "appointment_buffers_are_of_its_type"),
        ("UPDATE care.appointment_type SET appointment_type = 'A B'", "appointment_type_is_snake_case"),
        ("UPDATE care.appointment_type SET title = ' '", "appointment_type_title_is_some"),
        ("UPDATE care.appointment_type SET minutes = 4", "appointment_type_takes_its_time"),
        ("UPDATE care.appointment_type SET after_minutes = 241", "appointment_type_buffers_are_short"),
        ("UPDATE care.appointment_type SET telehealth = 'perhaps'", "appointment_type_telehealth_is_known"),
        (
            "INSERT INTO care.appointment_type_specialty VALUES ('check', 'alchemy')",
            "appointment_type_specialty_specialty_fkey",
        ),
        (
            "INSERT INTO care.appointment_type_specialty VALUES ('none', 'nursing')",
            "appointment_type_specialty_type_fkey",
        ),
    ] {
        assert_eq!(practice.network.refusal(statement).await, rule, "{statement}");
    }
}

#[tokio::test]
async fn of_eight_who_want_times_that_meet_only_in_what_is_kept_free_one_gets_it() {
    let mut practice = Practice::new().await;
    practice.kind("scan", "10, 60, 60, 'never', false").await;
    let mut queries = Vec::new();
    for place in 0..8 {
        let patient = practice.network.patient().await;
        let during = minutes_ahead(30, 10 * place, 10);
        queries.push(practice.hold_kind(practice.provider, patient, &during, "scan", "in_person") + "::text");
    }
    let results = race(&practice.network, queries).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    let refused: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused, ["appointment_provider_is_free"; 7]);
}

#[tokio::test]
async fn a_program_asks_for_kinds_and_holds_a_time_of_one() {
    let mut practice = Practice::new().await;
    practice.kind("scan", "30, 10, 20, 'never', false").await;
    practice.network.run("INSERT INTO care.appointment_type_resource VALUES (1, 'scan', 'room')").await;
    let (patient, provider) = (PatientId(practice.patient), ProviderId(practice.provider));
    let facility = FacilityId(practice.facility);
    let own = practice.network.account("patient", Some(patient.0)).await;
    let (since, until) = (moment(&mut practice.network, 24).await, moment(&mut practice.network, 26).await);
    let network = &practice.network;
    let kinds = network.does(own, async |actor| list(actor).await).await;
    assert_eq!((kinds.len(), kinds[0].appointment_type.as_str(), kinds[0].minutes), (1, "scan", 30));
    assert_eq!((kinds[0].telehealth, kinds[0].resources.as_slice()), (TelehealthRule::Never, &["room".to_owned()][..]));
    let (minutes, video_for, appointment_type) = (None, None, Some("scan"));
    let query = SlotQuery { provider, facility, since, until, minutes, video_for, appointment_type };
    let slots = network.does(own, async |actor| open_slots(actor, &query).await).await;
    assert_eq!(slots.len(), 2, "an hour each, with the time before and after");
    let wish = AppointmentRequest {
        patient,
        provider,
        facility,
        room: None,
        start_at: slots[0].start_at,
        end_at: None,
        mode: VisitMode::InPerson,
        reason: None,
        appointment_type: Some("scan".into()),
    };
    network.does(own, async |actor| hold(actor, &wish).await).await;
    let visits = network.does(own, async |actor| history(actor, patient).await).await;
    assert_eq!((visits[0].start_at, visits[0].end_at), (slots[0].start_at, slots[0].end_at));
    assert_eq!(
        (visits[0].appointment_type.as_deref(), visits[0].resources.as_slice()),
        (Some("scan"), &["101".to_owned()][..])
    );
}
