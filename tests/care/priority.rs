//! How early who may book, and that no statement of the portal gets round it.

use super::practice::{Practice, hours_ahead};

const DAY: i32 = 24;

#[tokio::test]
async fn a_premium_member_books_earlier_than_a_regular_one() {
    let mut practice = Practice::new().await;
    let (regular, premium) = (practice.member("regular").await, practice.member("premium").await);
    let mut try_hold = Vec::new();
    for (who, days) in [(regular, 29), (regular, 31), (premium, 31), (premium, 59), (premium, 61)] {
        try_hold.push(practice.hold(who, &hours_ahead(days * DAY, 30)));
    }
    practice.network.run(&try_hold[0]).await;
    assert_eq!(practice.network.refusal(&try_hold[1]).await, "appointment_is_within_its_release_window");
    practice.network.run(&try_hold[2]).await;
    practice.network.run(&try_hold[3]).await;
    assert_eq!(practice.network.refusal(&try_hold[4]).await, "appointment_is_within_its_release_window");
}

#[tokio::test]
async fn reserved_hours_open_to_all_so_many_hours_before() {
    let mut practice = Practice::new().await;
    let (regular, premium) = (practice.member("regular").await, practice.member("premium").await);
    practice.network.run("UPDATE care.availability SET reserved_hours = 48").await;
    let (late, early) = (practice.hold(regular, &hours_ahead(47, 30)), practice.hold(regular, &hours_ahead(50, 30)));
    practice.network.run(&late).await;
    assert_eq!(practice.network.refusal(&early).await, "appointment_is_not_reserved");
    let early = practice.hold(premium, &hours_ahead(50, 30));
    practice.network.run(&early).await;
}

#[tokio::test]
async fn a_time_is_booked_within_the_hours_of_provider_and_facility_and_in_the_future() {
    let mut practice = Practice::new().await;
    let (patient, facility, provider) = (practice.patient, practice.facility, practice.provider);
    let hold = practice.hold(patient, &hours_ahead(3 * DAY, 30));
    let past = practice.hold(patient, &hours_ahead(-1, 30));
    assert_eq!(practice.network.refusal(&past).await, "appointment_is_in_the_future");
    let video = format!("{}, asked_mode => 'telehealth')", hold.strip_suffix(')').unwrap());
    assert_eq!(practice.network.refusal(&video).await, "appointment_by_video_needs_its_plan");
    for (spoil, restore, rule) in [
        (
            "UPDATE care.affiliation SET valid_during = '[2020-01-01, 2021-01-01)'",
            "UPDATE care.affiliation SET valid_during = '[2020-01-01,)'",
            "appointment_is_where_its_provider_works",
        ),
        (
            "UPDATE care.facility SET closed_on = '2021-01-01'",
            "UPDATE care.facility SET closed_on = NULL",
            "appointment_is_within_opening_hours",
        ),
        (
            "UPDATE care.availability SET valid_during = '[2020-01-01, 2021-01-01)'",
            "UPDATE care.availability SET valid_during = '[2020-01-01,)'",
            "appointment_is_within_availability",
        ),
        (
            "UPDATE care.provider SET retired_on = '2021-01-01'",
            "UPDATE care.provider SET retired_on = NULL",
            "appointment_is_within_availability",
        ),
    ] {
        practice.network.run(spoil).await;
        assert_eq!(practice.network.refusal(&hold).await, rule, "{spoil}");
        practice.network.run(restore).await;
    }
    let off = format!(
        "INSERT INTO care.availability_exception (provider_id, kind, during) VALUES ('{provider}', 'off', {})",
        hours_ahead(3 * DAY, 5)
    );
    practice.network.run(&off).await;
    assert_eq!(practice.network.refusal(&hold).await, "appointment_is_within_availability");
    let holiday = format!(
        "INSERT INTO care.special_day (facility_id, falls_on, title)
         SELECT '{facility}', (lower({}) AT TIME ZONE 'America/Chicago')::date, 'Holiday'",
        hours_ahead(5 * DAY, 30)
    );
    practice.network.run(&holiday).await;
    let closed = practice.hold(patient, &hours_ahead(5 * DAY, 30));
    assert_eq!(practice.network.refusal(&closed).await, "appointment_is_within_opening_hours");
    for hours in [6, 7, 8] {
        let hold = practice.hold(patient, &hours_ahead(hours * DAY, 30));
        practice.network.run(&hold).await;
    }
    let fourth = practice.hold(patient, &hours_ahead(9 * DAY, 30));
    assert_eq!(practice.network.refusal(&fourth).await, "appointment_holds_are_three");
}

#[tokio::test]
async fn no_statement_of_the_portal_gets_round_the_rules() {
    let mut practice = Practice::new().await;
    let regular = practice.member("regular").await;
    let account = practice.account("patient", Some(regular)).await;
    let (early, soon) = (hours_ahead(31 * DAY, 30), hours_ahead(2 * DAY, 30));
    for status in ["held", "booked"] {
        let insert = practice.appointment(regular, &early, status);
        assert_eq!(practice.portal_refusal(account, &insert).await, "appointment_is_within_its_release_window");
    }
    for status in ["arrived", "completed", "cancelled", "no_show"] {
        let insert = practice.appointment(regular, &early, status);
        assert_eq!(practice.portal_refusal(account, &insert).await, "appointment_is_changed_by_whom_it_may");
    }
    let insert = practice.appointment(regular, &soon, "booked");
    practice.portal(account, &insert).await;
    let insert = practice.appointment(regular, &hours_ahead(3 * DAY, 30), "held");
    practice.portal(account, &insert).await;
    let endless = insert.replace("'10 minutes'", "'3 days'");
    for (attack, rule) in [
        (
            format!("UPDATE care.appointment SET during = {early} WHERE status = 'booked'"),
            "appointment_is_within_its_release_window",
        ),
        (
            format!("UPDATE care.appointment SET during = {early} WHERE status = 'held'"),
            "appointment_moves_while_booked",
        ),
        (
            "UPDATE care.appointment SET mode = 'telehealth' WHERE status = 'booked'".to_owned(),
            "appointment_by_video_needs_its_plan",
        ),
        (
            "UPDATE care.appointment SET status = 'arrived' WHERE status = 'booked'".to_owned(),
            "appointment_is_changed_by_whom_it_may",
        ),
        (
            "UPDATE care.appointment SET status = 'completed' WHERE status = 'booked'".to_owned(),
            "appointment_transition_is_allowed",
        ),
        (
            "UPDATE care.appointment SET expires_at = expires_at + INTERVAL '1 minute' WHERE status = 'held'"
                .to_owned(),
            "appointment_hold_is_short",
        ),
        (endless, "appointment_hold_is_short"),
        (
            format!(
                "INSERT INTO care.membership (patient_id, plan, valid_during) VALUES ('{regular}', 'premium', '[2020-01-01,)')"
            ),
            "42501",
        ),
        ("UPDATE care.membership SET plan = 'premium'".to_owned(), "42501"),
        ("DELETE FROM care.appointment".to_owned(), "42501"),
        ("INSERT INTO care.appointment_transition VALUES ('new', 'completed', '{patient}')".to_owned(), "42501"),
        ("ALTER TABLE care.appointment DISABLE TRIGGER ALL".to_owned(), "42501"),
        ("SET session_replication_role = replica".to_owned(), "42501"),
        (format!("SELECT care.open_record('{regular}', '{}', '[2020-01-01,)')", practice.provider), "42501"),
        (format!("SELECT care.plan_of('{regular}')"), "42501"),
        (format!("SELECT care.offer_waitlist('{}', '{}', {soon})", practice.provider, practice.facility), "42501"),
    ] {
        assert_eq!(practice.portal_refusal(account, &attack).await, rule, "{attack}");
    }
    // Administrators keep these tables by the same role: whoever else acts finds no row to change.
    for attack in
        ["UPDATE care.membership_plan SET lead_days = 365", "UPDATE care.availability SET reserved_hours = 365"]
    {
        practice.portal(account, attack).await;
    }
    let changed = "SELECT (SELECT count(*) FROM care.membership_plan WHERE lead_days = 365)
                        + (SELECT count(*) FROM care.availability WHERE reserved_hours = 365)";
    assert_eq!(practice.network.one(&format!("SELECT ({changed})::text")).await, "0");
    let premium = practice.member("premium").await;
    let stolen = practice.appointment(premium, &early, "booked");
    assert_eq!(practice.portal_refusal(account, &stolen).await, "42501", "in another's name");
}

#[tokio::test]
async fn a_provider_and_a_desk_take_a_visit_to_its_end_through_the_portal() {
    let mut practice = Practice::new().await;
    let (patient, provider, facility) = (practice.patient, practice.provider, practice.facility);
    let patient_account = practice.account("patient", Some(patient)).await;
    let provider_account = practice.account("provider", Some(provider)).await;
    let desk = practice.account("front_desk", Some(facility)).await;
    let hold = practice.hold(patient, &hours_ahead(1, 30));
    practice.portal(patient_account, &hold).await;
    let appointment = practice.network.id("SELECT appointment_id FROM care.appointment").await;
    let confirm = format!("SELECT care.confirm_appointment('{appointment}')");
    assert_eq!(practice.portal_refusal(provider_account, &confirm).await, "appointment_is_known", "not in care yet");
    practice.portal(patient_account, &confirm).await;
    let check_in = format!("SELECT care.check_in_appointment('{appointment}')");
    assert_eq!(practice.portal_refusal(patient_account, &check_in).await, "appointment_is_changed_by_whom_it_may");
    practice.portal(desk, &check_in).await;
    let complete = format!("SELECT care.complete_appointment('{appointment}')");
    assert_eq!(practice.portal_refusal(provider_account, &complete).await, "appointment_ends_after_it_began");
    let seen = practice.portal_rows(provider_account, "SELECT status FROM care.appointment").await;
    assert_eq!(seen, ["arrived"], "in care since it was booked");
    let by = "SELECT string_agg(to_status || ' ' || (actor IS NOT NULL)::text, ', ' ORDER BY appointment_event_id)
              FROM care.appointment_event";
    assert_eq!(practice.network.one(by).await, "held true, booked true, arrived true");
    for (who, rows) in [(patient_account, "3"), (provider_account, "3"), (desk, "3")] {
        let seen = practice.portal_rows(who, "SELECT count(*)::text FROM care.appointment_event").await;
        assert_eq!(seen, [rows]);
    }
    let stranger = practice.member("premium").await;
    let stranger = practice.account("patient", Some(stranger)).await;
    for relation in
        ["appointment", "appointment_event", "follow_up", "waitlist_entry", "membership WHERE plan = 'regular'"]
    {
        let seen = practice.portal_rows(stranger, &format!("SELECT count(*)::text FROM care.{relation}")).await;
        assert_eq!(seen, ["0"], "{relation}");
    }
    let slots = format!(
        "SELECT count(*)::text FROM care.open_slots('{provider}', '{facility}', {start}, {start} + INTERVAL '1 hour', 30)",
        start = "date_trunc('hour', now()) + INTERVAL '1 hour'"
    );
    assert_eq!(practice.portal_rows(stranger, &slots).await, ["1"], "a stranger sees that half of the hour is taken");
}
