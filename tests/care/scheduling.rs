//! Appointments: which times are open, what can be booked, and who gets a time that many want.

use healthtrack::model::people::{AppointmentStatus, FacilityId, PatientId, ProviderId, VisitMode};
use healthtrack::model::time::Timestamp;
use healthtrack::store::care::attendance::cancel;
use healthtrack::store::care::context::Maintenance;
use healthtrack::store::care::schedule::{
    AppointmentChange, AppointmentRequest, SlotQuery, change as say, expire_holds, history, hold as hold_time,
    open_slots, reschedule,
};

use super::network::Network;
use super::practice::{Practice, hours_ahead};

/// A provider who is there from 0:00 to 6:00 on Sundays, in New York.
async fn sundays(network: &mut Network) -> String {
    let facility = network.facility("NY", "clinic").await;
    let provider = network.provider().await;
    network
        .run(&format!(
            "UPDATE care.facility SET time_zone = 'America/New_York';
             INSERT INTO care.opening_hours (facility_id, weekday, opens_minute, closes_minute)
             SELECT '{facility}', weekday, 0, 1440 FROM generate_series(1, 7) weekday;
             INSERT INTO care.affiliation (provider_id, facility_id, role, valid_during)
             VALUES ('{provider}', '{facility}', 'attending', '[2020-01-01,)');
             INSERT INTO care.availability (provider_id, facility_id, weekday, starts_minute, ends_minute, valid_during)
             VALUES ('{provider}', '{facility}', 7, 0, 360, '[2020-01-01,)')"
        ))
        .await;
    format!("'{provider}', '{facility}'")
}

/// The next Sunday on which New York changes its clock into summer (March) or out of it (November).
async fn change(network: &mut Network, month: u32) -> String {
    network
        .one(&format!(
            "SELECT min(day)::date::text FROM generate_series(current_date + 1, current_date + 400, '1 day') day
             WHERE extract(month FROM day) = {month} AND extract(isodow FROM day) = 7
               AND extract(day FROM day) BETWEEN {} AND {}",
            if month == 3 { 8 } else { 1 },
            if month == 3 { 14 } else { 7 }
        ))
        .await
}

#[tokio::test]
async fn slots_follow_the_wall_clock_on_the_days_on_which_it_is_changed() {
    let mut network = Network::new().await;
    let whom = sundays(&mut network).await;
    let slots = |day: &str| {
        format!(
            "SELECT to_char(starts_at AT TIME ZONE 'America/New_York', 'HH24:MI') || '-'
                    || to_char(ends_at AT TIME ZONE 'America/New_York', 'HH24:MI')
             FROM care.open_slots({whom}, '{day} 00:00 America/New_York', '{day} 12:00 America/New_York', 60)"
        )
    };
    let day = change(&mut network, 3).await;
    let jumped = ["00:00-01:00", "01:00-03:00", "03:00-04:00", "04:00-05:00", "05:00-06:00"];
    assert_eq!(network.rows(&slots(&day)).await, jumped, "{day} has no hour from 2 to 3");
    let day = change(&mut network, 11).await;
    let twice =
        ["00:00-01:00", "01:00-01:00", "01:00-02:00", "02:00-03:00", "03:00-04:00", "04:00-05:00", "05:00-06:00"];
    assert_eq!(network.rows(&slots(&day)).await, twice, "{day} has the hour from 1 to 2 twice");
}

#[tokio::test]
async fn hours_that_touch_by_the_clock_touch_as_instants_on_every_day() {
    let mut network = Network::new().await;
    // Zones that jump by an hour at 2, at midnight, by half an hour, and not at all.
    for zone in ["America/New_York", "America/Santiago", "Australia/Lord_Howe", "Asia/Tokyo", "Europe/Berlin"] {
        let gaps = format!(
            "WITH quarter AS (
                 SELECT care.local_instant('2027-01-01'::timestamp + n * INTERVAL '15 minutes', '{zone}') AS instant, n
                 FROM generate_series(0, 366 * 96) n
             ), step AS (SELECT lead(instant) OVER (ORDER BY n) - instant AS length FROM quarter)
             SELECT DISTINCT extract(epoch FROM length)::int::text FROM step WHERE length IS NOT NULL ORDER BY 1"
        );
        let lengths = network.rows(&gaps).await;
        let expected: &[&str] = match zone {
            "Asia/Tokyo" => &["900"],
            // Of half an hour that is shown twice, the second is reached by the last quarter.
            "Australia/Lord_Howe" => &["0", "2700", "900"],
            _ => &["0", "4500", "900"],
        };
        assert_eq!(lengths, expected, "{zone}: never back, and no time lost");
    }
}

#[tokio::test]
async fn what_is_off_taken_closed_or_past_is_not_open() {
    let mut network = Network::new().await;
    let whom = sundays(&mut network).await;
    let day = change(&mut network, 3).await;
    let sunday = network.one(&format!("SELECT ('{day}'::date + 7)::text")).await;
    let at = |hour: &str| format!("'{sunday} {hour} America/New_York'");
    let open = format!(
        "SELECT to_char(starts_at AT TIME ZONE 'America/New_York', 'HH24:MI') || coalesce(' kept until '
                || to_char(for_all_at AT TIME ZONE 'America/New_York', 'HH24:MI'), '')
         FROM care.open_slots({whom}, {}, {}, 60)",
        at("00:00"),
        at("23:00")
    );
    let (provider, facility) = whom.split_once(", ").unwrap();
    let patient = network.patient().await;
    assert_eq!(network.rows(&open).await, ["00:00", "01:00", "02:00", "03:00", "04:00", "05:00"]);

    network
        .run(&format!(
            "INSERT INTO care.availability_exception (provider_id, kind, during)
             VALUES ({provider}, 'off', tstzrange({}, {}))",
            at("00:30"),
            at("01:30")
        ))
        .await;
    assert_eq!(network.rows(&open).await, ["02:00", "03:00", "04:00", "05:00"], "off");
    network
        .run(&format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             VALUES ('{patient}', {whom}, tstzrange({}, {}), 'booked');
             INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             VALUES ('{patient}', {whom}, tstzrange({}, {}), 'cancelled')",
            at("02:00"),
            at("03:00"),
            at("03:00"),
            at("04:00")
        ))
        .await;
    assert_eq!(network.rows(&open).await, ["03:00", "04:00", "05:00"], "taken, and what was cancelled is not");
    network
        .run(&format!(
            "INSERT INTO care.special_day (facility_id, falls_on, opens_minute, closes_minute, title)
             VALUES ({facility}, '{sunday}', 240, 1200, 'Late opening')"
        ))
        .await;
    assert_eq!(network.rows(&open).await, ["04:00", "05:00"], "closed until 4");
    network
        .run(&format!(
            "INSERT INTO care.availability_exception (provider_id, facility_id, kind, during)
             VALUES ({provider}, {facility}, 'extra', tstzrange({}, {}))",
            at("18:30"),
            at("21:00")
        ))
        .await;
    assert_eq!(network.rows(&open).await, ["04:00", "05:00", "18:30"], "extra hours, and closed from 20:00");
    network.run("UPDATE care.availability SET reserved_hours = 2").await;
    assert_eq!(network.rows(&open).await, ["04:00 kept until 02:00", "05:00 kept until 03:00", "18:30"]);
    network.run(&format!("UPDATE care.affiliation SET valid_during = daterange('2020-01-01', '{sunday}')")).await;
    assert_eq!(network.rows(&open).await, [""; 0], "works there no more");

    let past = format!("SELECT starts_at::text FROM care.open_slots({whom}, '2024-01-01', '2024-02-01', 60)");
    assert_eq!(network.rows(&past).await, [""; 0]);
    let long = format!("SELECT 1 FROM care.open_slots({whom}, now(), now() + INTERVAL '101 days', 60)");
    assert_eq!(network.refusal(&long).await, "slots_are_asked_within_bounds");
}

#[tokio::test]
async fn a_time_is_held_confirmed_moved_and_cancelled_and_every_change_is_logged() {
    let mut practice = Practice::new().await;
    let patient = practice.patient;
    let hold = practice.hold(patient, &hours_ahead(24, 30));
    let appointment = practice.network.id(&hold).await;
    for change in ["confirm_appointment", "confirm_appointment"] {
        practice.network.run(&format!("SELECT care.{change}('{appointment}')")).await;
    }
    let moved = format!("SELECT care.reschedule_appointment('{appointment}', {})", hours_ahead(26, 30));
    practice.network.run(&moved).await;
    practice.network.run(&format!("SELECT care.cancel_appointment('{appointment}')")).await;
    let log =
        "SELECT coalesce(from_status, 'new') || ' ' || to_status || coalesce(' ' || (to_during << from_during)::text
               || (from_during << to_during)::text, '') FROM care.appointment_event ORDER BY appointment_event_id";
    assert_eq!(
        practice.network.rows(log).await,
        ["new held", "held booked falsefalse", "booked booked falsetrue", "booked cancelled falsefalse"]
    );
    for change in [
        "UPDATE care.appointment_event SET to_status = 'x'",
        "DELETE FROM care.appointment_event",
        "TRUNCATE care.appointment_event",
    ] {
        assert_eq!(practice.network.refusal(change).await, "appointment_event_is_only_added", "{change}");
    }
    let unknown = "SELECT care.cancel_appointment(gen_random_uuid())";
    assert_eq!(practice.network.refusal(unknown).await, "appointment_is_known");
    let history = format!(
        "SELECT concat_ws('|', status, provider_name, facility_name, changes, open_follow_ups)
         FROM care.appointment_history WHERE patient_id = '{patient}'"
    );
    assert_eq!(practice.network.one(&history).await, "cancelled|Ada Okafor|clinic 0|4|0");
}

#[tokio::test]
async fn status_follows_its_ways_and_the_clock() {
    let mut practice = Practice::new().await;
    let patient = practice.patient;
    let change = |name: &str, appointment| format!("SELECT care.{name}_appointment('{appointment}')");
    let soon = practice.taken_over(patient, &hours_ahead(24, 30), "booked").await;
    for (name, rule) in [
        ("check_in", "appointment_is_arrived_at_in_time"),
        ("complete", "appointment_transition_is_allowed"),
        ("miss", "appointment_ends_after_it_began"),
    ] {
        assert_eq!(practice.network.refusal(&change(name, soon)).await, rule, "{name}");
    }
    let past = practice.taken_over(patient, &hours_ahead(-1, 30), "booked").await;
    assert_eq!(practice.network.refusal(&change("cancel", past)).await, "appointment_is_cancelled_in_time");
    for name in ["check_in", "complete"] {
        practice.network.run(&change(name, past)).await;
    }
    for name in ["cancel", "miss", "check_in"] {
        assert_eq!(practice.network.refusal(&change(name, past)).await, "appointment_transition_is_allowed", "{name}");
    }
    let moved = format!("SELECT care.reschedule_appointment('{past}', {})", hours_ahead(48, 30));
    assert_eq!(practice.network.refusal(&moved).await, "appointment_moves_while_booked");
    let missed = practice.taken_over(patient, &hours_ahead(-3, 30), "booked").await;
    practice.network.run(&change("miss", missed)).await;
    let other = practice.network.patient().await;
    let given = format!("UPDATE care.appointment SET patient_id = '{other}' WHERE appointment_id = '{soon}'");
    assert_eq!(practice.network.refusal(&given).await, "appointment_keeps_its_patient");
    let hold = practice.hold(patient, &hours_ahead(30, 30));
    let held = practice.network.id(&hold).await;
    practice
        .network
        .run("UPDATE care.appointment SET expires_at = now() - INTERVAL '1 second' WHERE status = 'held'")
        .await;
    assert_eq!(practice.network.refusal(&change("confirm", held)).await, "appointment_is_still_held");
    assert_eq!(practice.network.one("SELECT care.expire_holds()::text").await, "1");
    assert_eq!(practice.network.refusal(&change("confirm", held)).await, "appointment_is_still_held");
}

#[tokio::test]
async fn a_visit_opens_the_record_from_booking_until_thirty_days_after_and_no_longer_than_needed() {
    let mut practice = Practice::new().await;
    let (patient, provider) = (practice.patient, practice.provider);
    let open = format!(
        "SELECT basis || ' ' || (lower(valid_during) <= now())::text || ' '
                || extract(day FROM upper(valid_during) - now())::text
         FROM access.care_relationship
         WHERE patient_id = '{patient}' AND provider_id = '{provider}' AND valid_during @> now()"
    );
    let hold = practice.hold(patient, &hours_ahead(49, 30));
    let first = practice.network.id(&hold).await;
    assert_eq!(practice.network.rows(&open).await, [""; 0], "a hold opens nothing");
    practice.network.run(&format!("SELECT care.confirm_appointment('{first}')")).await;
    assert_eq!(practice.network.rows(&open).await, ["visit true 32"]);
    let hold = practice.hold(patient, &hours_ahead(24 * 6 + 1, 30));
    let second = practice.network.id(&hold).await;
    practice.network.run(&format!("SELECT care.confirm_appointment('{second}')")).await;
    assert_eq!(practice.network.rows(&open).await, ["visit true 36"], "two visits, one relationship");
    practice.network.run(&format!("SELECT care.cancel_appointment('{second}')")).await;
    assert_eq!(practice.network.rows(&open).await, ["visit true 32"], "the first still needs it");
    let other = practice.provider().await;
    let moved =
        format!("SELECT care.reschedule_appointment('{first}', {}, asked_provider => '{other}')", hours_ahead(49, 30));
    practice.network.run(&moved).await;
    assert_eq!(practice.network.rows(&open).await, [""; 0], "another provider gives care now");
    let before = practice.taken_over(patient, &hours_ahead(-46, 30), "booked").await;
    for name in ["check_in", "complete"] {
        practice.network.run(&format!("SELECT care.{name}_appointment('{before}')")).await;
    }
    assert_eq!(practice.network.rows(&open).await, ["visit true 28"], "after a completed visit");
}

#[tokio::test]
async fn follow_ups_belong_to_visits_of_one_patient() {
    let mut practice = Practice::new().await;
    let (patient, other) = (practice.patient, practice.network.patient().await);
    let visit = practice.taken_over(patient, &hours_ahead(-48, 30), "completed").await;
    let later = practice.taken_over(patient, &hours_ahead(-24, 30), "completed").await;
    let foreign = practice.taken_over(other, &hours_ahead(-12, 30), "completed").await;
    let follow_up = |patient, visit, due: &str, reason: &str| {
        format!(
            "INSERT INTO care.follow_up (patient_id, appointment_id, due_during, reason)
             VALUES ('{patient}', '{visit}', '{due}', '{reason}')"
        )
    };
    practice.network.run(&follow_up(patient, visit, "[2027-01-01, 2027-02-01)", "Blood pressure")).await;
    for (bad, rule) in [
        (follow_up(other, visit, "[2027-01-01, 2027-02-01)", "x"), "follow_up_appointment_fkey"),
        (follow_up(patient, visit, "[2027-01-01,)", "x"), "follow_up_is_due_at_some_time"),
        (follow_up(patient, visit, "[2027-01-01, 2027-02-01)", " "), "follow_up_reason_is_some"),
    ] {
        assert_eq!(practice.network.refusal(&bad).await, rule, "{bad}");
    }
    let done = |by: &str| format!("UPDATE care.follow_up SET status = 'done', done_appointment_id = {by}");
    for (bad, rule) in [
        (done(&format!("'{foreign}'")), "follow_up_is_done_by_a_visit_of_the_patient"),
        (done(&format!("'{visit}'")), "follow_up_is_done_by_another_visit"),
        (done("NULL"), "follow_up_is_done_by_a_visit"),
        ("UPDATE care.follow_up SET status = 'maybe'".to_owned(), "follow_up_status_is_known"),
    ] {
        assert_eq!(practice.network.refusal(&bad).await, rule, "{bad}");
    }
    practice.network.run(&done(&format!("'{later}'"))).await;
}

#[tokio::test]
async fn booking_ends_holds_that_have_run_out() {
    let mut practice = Practice::new().await;
    let (patient, other) = (practice.patient, practice.network.patient().await);
    let hold = practice.hold(patient, &hours_ahead(24, 60));
    let held = practice.network.id(&hold).await;
    let again = practice.hold(other, &hours_ahead(24, 30));
    assert_eq!(practice.network.refusal(&again).await, "appointment_provider_is_free");
    practice.network.run("UPDATE care.appointment SET expires_at = now() - INTERVAL '1 second'").await;
    let (provider, facility) = (practice.provider, practice.facility);
    let open = format!(
        "SELECT count(*)::text FROM care.open_slots('{provider}', '{facility}', lower({at}), upper({at}), 60)",
        at = hours_ahead(24, 60)
    );
    assert_eq!(practice.network.one(&open).await, "1", "its time is shown as open");
    practice.network.id(&again).await;
    assert_eq!(practice.status(held).await, "cancelled");
    assert_eq!(practice.network.one(&open).await, "0");
}

/// A moment so many hours from now, on the hour.
pub(crate) async fn moment(network: &mut Network, hours: i32) -> Timestamp {
    let query = format!(
        "SELECT (extract(epoch FROM date_trunc('hour', now()) + {hours} * INTERVAL '1 hour')::bigint * 1000000)::text"
    );
    Timestamp::from_micros(network.one(&query).await.parse().unwrap()).unwrap()
}

#[tokio::test]
async fn a_program_takes_a_visit_from_an_open_time_to_its_history() {
    let mut practice = Practice::new().await;
    let (patient, provider) = (PatientId(practice.patient), ProviderId(practice.provider));
    let (facility, other) = (FacilityId(practice.facility), practice.network.patient().await);
    let own = practice.network.account("patient", Some(patient.0)).await;
    let others = practice.network.account("patient", Some(other)).await;
    let desk = practice.network.account("front_desk", Some(facility.0)).await;
    let (since, until) = (moment(&mut practice.network, 24).await, moment(&mut practice.network, 26).await);
    let (minutes, video_for, appointment_type) = (Some(60), None, None);
    let query = SlotQuery { provider, facility, since, until, minutes, video_for, appointment_type };
    let network = &practice.network;
    let slots = network.does(own, async |actor| open_slots(actor, &query).await).await;
    assert_eq!((slots.len(), slots[0].start_at, slots[0].for_all_at), (2, since, None));

    let (start_at, end_at) = (slots[0].start_at, slots[0].end_at);
    let wish = AppointmentRequest {
        patient,
        provider,
        facility,
        room: None,
        start_at,
        end_at: Some(end_at),
        mode: VisitMode::InPerson,
        reason: Some("Cough".into()),
        appointment_type: None,
    };
    let appointment = network.does(own, async |actor| hold_time(actor, &wish).await).await;
    let taken = AppointmentRequest { patient: PatientId(other), ..wish };
    let refused = network.broken(others, async |actor| hold_time(actor, &taken).await).await;
    assert_eq!(refused.rule, "appointment_provider_is_free");
    assert_eq!(refused.sentence, "This time has just been taken: choose another.");
    network.does(own, async |actor| say(actor, appointment, AppointmentChange::Confirm).await).await;
    let later = (slots[1].start_at, slots[1].end_at);
    network.does(own, async |actor| reschedule(actor, appointment, later, None).await).await;
    for (what, rule) in [
        (AppointmentChange::Complete, "appointment_transition_is_allowed"),
        (AppointmentChange::CheckIn, "appointment_is_arrived_at_in_time"),
        (AppointmentChange::Miss, "appointment_ends_after_it_began"),
    ] {
        assert_eq!(network.broken(desk, async |actor| say(actor, appointment, what).await).await.rule, rule);
    }
    network.does(own, async |actor| cancel(actor, appointment, Some("other_plans")).await).await;
    let visits = network.does(own, async |actor| history(actor, patient).await).await;
    assert_eq!((visits.len(), visits[0].start_at, visits[0].changes), (1, slots[1].start_at, 4));
    assert_eq!((visits[0].status, visits[0].provider_name.as_str()), (AppointmentStatus::Cancelled, "Ada Okafor"));
    let sql = &mut practice.network.sql;
    assert_eq!(expire_holds(&mut Maintenance::on(sql)).await.unwrap(), 0);
}
