//! A visit is with a provider who is licensed where it takes place, on its day, whoever books it and in whatever way.

use uuid::Uuid;

use super::practice::{Practice, hours_ahead};

const RULE: &str = "appointment_provider_is_licensed";

impl Practice {
    /// Leaves the provider with one licence or exemption: where (`'US', 'IL'`) and on which days, as SQL.
    async fn licensed(&mut self, provider: Uuid, kind: &str, place: &str, days: &str) {
        let number = if kind == "license" { "gen_random_uuid()::text" } else { "NULL" };
        self.network
            .run(&format!(
                "DELETE FROM care.qualification WHERE provider_id = '{provider}';
                 INSERT INTO care.qualification
                     (provider_id, kind, title, issuer, awarded_year, country, state, license_number, licensed_during)
                 VALUES ('{provider}', '{kind}', 'Licence', 'Board', 2001, {place}, {number}, {days})"
            ))
            .await;
    }

    /// A premium member who lives at such places: `use`, country, state and days, as SQL.
    async fn living(&mut self, homes: &[&str]) -> Uuid {
        let member = self.member("premium").await;
        for home in homes {
            let address = format!(
                "INSERT INTO care.address (patient_id, lines, city, postal_code, use, country, state, valid_during)
                 VALUES ('{member}', '{{1 Oak Street}}', 'Springfield', '62701', {home})"
            );
            self.network.run(&address).await;
        }
        member
    }
}

/// Days that begin or end so many days from now: `until(3)` is over when the third day from today begins.
fn until(days: i32) -> String {
    format!("daterange('2001-01-01', current_date + {days})")
}

/// The same appointment by video.
fn by_video(insert: &str) -> String {
    insert.replace("(patient_id", "(mode, patient_id").replace("VALUES (", "VALUES ('telehealth', ")
}

#[tokio::test]
async fn an_expired_licence_is_booked_in_no_way() {
    let mut practice = Practice::new().await;
    let (patient, provider, facility) = (practice.patient, practice.provider, practice.facility);
    let own = practice.account("patient", Some(patient)).await;
    let desk = practice.account("front_desk", Some(facility)).await;
    practice.licensed(provider, "license", "'US', 'IL'", &until(10)).await;
    let (before, after) = (hours_ahead(5 * 24, 30), hours_ahead(12 * 24, 30));
    for account in [own, desk] {
        let refusal = practice.portal_refusal(account, &practice.hold(patient, &after)).await;
        assert_eq!(refusal, RULE, "held through the portal");
    }
    for status in ["held", "booked"] {
        let insert = practice.appointment(patient, &after, status);
        assert_eq!(practice.network.refusal(&insert).await, RULE, "{status} by maintenance");
    }
    practice.portal(own, &practice.hold(patient, &before)).await;
    let held = practice.network.id("SELECT appointment_id FROM care.appointment").await;
    // It ends earlier than was thought: between holding and confirming, and before the patient comes.
    practice.licensed(provider, "license", "'US', 'IL'", &until(1)).await;
    let confirm = format!("SELECT care.confirm_appointment('{held}')");
    assert_eq!(practice.portal_refusal(own, &confirm).await, RULE, "confirmed");
    practice.licensed(provider, "license", "'US', 'IL'", &until(10)).await;
    practice.portal(own, &confirm).await;
    let moved = format!("SELECT care.reschedule_appointment('{held}', {after})");
    assert_eq!(practice.portal_refusal(own, &moved).await, RULE, "moved beyond its end");
    let other = practice.network.patient().await;
    let visit = practice.taken_over(other, &hours_ahead(0, 120), "booked").await;
    practice.licensed(provider, "license", "'US', 'IL'", &until(-2)).await;
    let check_in = format!("SELECT care.check_in_appointment('{visit}')");
    assert_eq!(practice.portal_refusal(desk, &check_in).await, RULE, "begun");
    let colleague = practice.provider().await;
    practice.portal(desk, &format!("SELECT care.reschedule_appointment('{held}', {before}, '{colleague}')")).await;
    practice.portal(desk, &format!("SELECT care.cancel_appointment('{held}')")).await;
    practice.taken_over(patient, &hours_ahead(-12 * 24, 30), "completed").await;
}

#[tokio::test]
async fn a_licence_holds_in_its_state_or_country_and_an_exemption_does_too() {
    let mut practice = Practice::new().await;
    let (patient, provider) = (practice.patient, practice.provider);
    let hold = practice.hold(patient, &hours_ahead(30, 30));
    for (kind, place, days) in [
        ("license", "'US', 'MO'", "daterange('2001-01-01', NULL)"),
        ("license", "'CA', NULL", "daterange('2001-01-01', NULL)"),
        ("license", "'CA', 'IL'", "daterange('2001-01-01', NULL)"),
        ("license", "'US', 'IL'", "daterange(current_date + 4, NULL)"),
        ("exemption", "'US', 'MO'", "daterange('2001-01-01', NULL)"),
    ] {
        practice.licensed(provider, kind, place, days).await;
        assert_eq!(practice.network.refusal(&hold).await, RULE, "{kind} {place} {days}");
    }
    practice
        .network
        .run(
            "UPDATE care.qualification SET kind = 'degree', country = NULL, state = NULL,
                              licensed_during = NULL",
        )
        .await;
    assert_eq!(practice.network.refusal(&hold).await, RULE, "a degree is no licence");
    practice.network.run("DELETE FROM care.qualification").await;
    assert_eq!(practice.network.refusal(&hold).await, RULE, "none on record");
    for (kind, place) in [("license", "'US', 'IL'"), ("license", "'US', NULL"), ("exemption", "'US', 'IL'")] {
        practice.licensed(provider, kind, place, "daterange('2001-01-01', NULL)").await;
        practice.network.run(&format!("BEGIN; {hold}; ROLLBACK")).await;
    }
}

#[tokio::test]
async fn a_visit_by_video_takes_place_where_the_patient_is_on_that_day() {
    let mut practice = Practice::new().await;
    let provider = practice.provider;
    practice.licensed(provider, "license", "'US', 'MO'", "daterange('2001-01-01', NULL)").await;
    practice.network.facility("MO", "clinic").await;
    let everywhere = "daterange(NULL, NULL)";
    let away = "daterange(current_date + 3, current_date + 9)";
    let (home, stay) = (format!("'home', 'US', 'State MO', {everywhere}"), format!("'temporary', 'US', 'OR', {away}"));
    let traveller = practice.living(&[&home, &stay]).await;
    let by_day = |practice: &Practice, patient, days| {
        by_video(&practice.appointment(patient, &hours_ahead(days * 24, 30), "held"))
    };
    let at_home = by_day(&practice, traveller, 1);
    practice.network.run(&format!("BEGIN; {at_home}; ROLLBACK")).await;
    let in_person = practice.appointment(traveller, &hours_ahead(24, 30), "held");
    assert_eq!(practice.network.refusal(&in_person).await, RULE, "the clinic is in Illinois");
    let abroad = by_day(&practice, traveller, 6);
    assert_eq!(practice.network.refusal(&abroad).await, RULE, "in Oregon on that day");

    let neighbour = practice.living(&[&format!("'home', 'US', ' il ', {everywhere}")]).await;
    let vague = practice.living(&[&format!("'home', 'US', NULL, {everywhere}")]).await;
    let unknown = practice.living(&[]).await;
    for patient in [neighbour, vague, unknown] {
        let insert = by_day(&practice, patient, 1);
        assert_eq!(practice.network.refusal(&insert).await, RULE, "Illinois, no state, nowhere known");
    }
    practice.licensed(provider, "license", "'US', 'IL'", "daterange('2001-01-01', NULL)").await;
    for patient in [neighbour, unknown] {
        let insert = by_day(&practice, patient, 1);
        practice.network.run(&format!("BEGIN; {insert}; ROLLBACK")).await;
    }
    assert_eq!(practice.network.refusal(&by_day(&practice, vague, 1)).await, RULE, "which state is not known");
}

#[tokio::test]
async fn open_times_are_those_of_a_licence_and_by_video_of_one_where_the_patient_is() {
    let mut practice = Practice::new().await;
    let (provider, facility) = (practice.provider, practice.facility);
    practice.licensed(provider, "license", "'US', 'IL'", &until(5)).await;
    let away = "'home', 'US', 'MO', daterange(NULL, current_date + 3)";
    let back = "'home', 'US', 'IL', daterange(current_date + 3, NULL)";
    let moving = practice.living(&[away, back]).await;
    let days = |video_for: &str| {
        format!(
            "SELECT DISTINCT ((starts_at AT TIME ZONE 'America/Chicago')::date - current_date)::text
             FROM care.open_slots('{provider}', '{facility}', date_trunc('day', now()) + INTERVAL '1 day',
                                  now() + INTERVAL '20 days', 720{video_for}) ORDER BY 1"
        )
    };
    let here = practice.network.rows(&days("")).await;
    assert_eq!(here.last().map(String::as_str), Some("4"), "until the licence ends: {here:?}");
    let video = practice.network.rows(&days(&format!(", '{moving}'"))).await;
    assert_eq!(video, ["3", "4"], "from when the patient is back");
}

#[tokio::test]
async fn a_time_by_video_is_offered_to_the_next_who_is_where_the_provider_is_licensed() {
    let mut practice = Practice::new().await;
    let (provider, facility) = (practice.provider, practice.facility);
    practice.licensed(provider, "license", "'US', 'IL'", "daterange('2001-01-01', NULL)").await;
    let mut waits = Vec::new();
    for state in ["MO", "IL"] {
        let member = practice.living(&[&format!("'home', 'US', '{state}', daterange(NULL, NULL)")]).await;
        let join = format!(
            "INSERT INTO care.waitlist_entry (patient_id, facility_id, minutes, wanted_during, status, mode, joined_at)
             VALUES ('{member}', '{facility}', 30, tstzrange(now(), now() + INTERVAL '30 days'), 'waiting', 'telehealth',
                     now() - INTERVAL '{} days') RETURNING waitlist_entry_id",
            if state == "MO" { 9 } else { 1 }
        );
        waits.push(practice.network.id(&join).await);
    }
    practice.give_back(24).await;
    let offered = "SELECT string_agg(status, ', ' ORDER BY joined_at) FROM care.waitlist_entry";
    assert_eq!(practice.network.one(offered).await, "waiting, offered");
}

#[tokio::test]
async fn a_licence_says_where_and_when_it_holds() {
    let mut practice = Practice::new().await;
    let provider = practice.provider;
    let insert = |values: &str| {
        format!(
            "INSERT INTO care.qualification
                 (provider_id, title, issuer, awarded_year, kind, country, state, license_number, licensed_during)
             VALUES ('{provider}', 'Licence', 'Board', 2003, {values})"
        )
    };
    for (values, rule) in [
        ("'diploma', NULL, NULL, NULL, NULL", "qualification_kind_is_known"),
        ("'license', NULL, NULL, '1', '[2003-01-01,)'", "qualification_license_has_a_jurisdiction"),
        ("'degree', 'US', NULL, NULL, NULL", "qualification_license_has_a_jurisdiction"),
        ("'degree', NULL, 'IL', NULL, NULL", "qualification_license_has_a_jurisdiction"),
        ("'exemption', 'US', NULL, '1', '[2003-01-01,)'", "qualification_license_has_number_and_period"),
        ("'exemption', 'US', NULL, NULL, NULL", "qualification_license_has_number_and_period"),
        ("'degree', NULL, NULL, '1', '[2003-01-01,)'", "qualification_license_has_number_and_period"),
        ("'license', 'USA', NULL, '1', '[2003-01-01,)'", "qualification_country_is_iso_3166"),
        ("'license', 'US', 'Illinois', '1', '[2003-01-01,)'", "qualification_state_is_iso_3166"),
    ] {
        assert_eq!(practice.network.refusal(&insert(values)).await, rule, "{values}");
    }
}
