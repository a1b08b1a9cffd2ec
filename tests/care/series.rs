//! Series of visits: their days by a rule, at one time on the facility's clock; booked as a whole or not at all.

use healthtrack::model::people::{AppointmentId, FacilityId, PatientId, ProviderId, SeriesFrequency, VisitMode};
use healthtrack::store::care::attendance::cancel;
use healthtrack::store::care::schedule::{history, reschedule};
use healthtrack::store::care::series::{SeriesEnd, SeriesRequest, book, cancel_from, list};
use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Span, Timestamp};
use uuid::Uuid;

use super::caller::Caller;
use super::practice::{Practice, hours_ahead};
use super::scheduling::moment;

/// Numbers that are the same in each run.
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// From 0 to below `end`.
    pub(crate) fn below(&mut self, end: i32) -> i32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i32::try_from(self.0 >> 33).unwrap() % end
    }
}

/// The days of a rule as RFC 5545 has them, counted by another calendar than the database's.
fn model(first: Date, frequency: &str, every: i32, count: Option<usize>, until: Option<Date>) -> Vec<Date> {
    let last = first.checked_add(Span::new().days(1830)).unwrap();
    let mut days = Vec::new();
    for step in 0.. {
        let day = if frequency == "weekly" {
            first.checked_add(Span::new().weeks(step * every)).unwrap()
        } else {
            first.checked_add(Span::new().months(step * every)).unwrap()
        };
        if day > last || until.is_some_and(|until| day > until) || days.len() == count.unwrap_or(53).min(53) {
            break;
        }
        // A month that has not the day has none.
        if day.day() == first.day() || frequency == "weekly" {
            days.push(day);
        }
    }
    days
}

/// The instant of a wall clock's time; of one that a day has not, the first after the gap.
fn instant(zone: &TimeZone, day: Date, minute: i32) -> Timestamp {
    let clock = Time::midnight().saturating_add(Span::new().minutes(minute));
    let read = zone.to_ambiguous_timestamp(day.to_datetime(clock));
    match read.offset() {
        AmbiguousOffset::Gap { before, .. } => {
            let inside = before.to_timestamp(day.to_datetime(clock)).unwrap();
            zone.preceding(inside.saturating_add(Span::new().seconds(1)).unwrap()).next().unwrap().timestamp()
        }
        _ => read.earlier().unwrap(),
    }
}

#[tokio::test]
async fn days_and_times_of_a_rule_are_those_of_a_model_over_changes_of_clocks() {
    let mut practice = Practice::new().await;
    let mut chance = Chance::new(11);
    let mut over_a_change = 0;
    for round in 0..240 {
        let name =
            ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "America/Santiago", "Asia/Tokyo"][round % 5];
        let zone = TimeZone::get(name).unwrap();
        let first = Date::constant(2026, 1, 1).checked_add(Span::new().days(chance.below(800))).unwrap();
        let (frequency, every) = (["weekly", "monthly"][round % 2], 1 + chance.below(12));
        let count = (chance.below(2) == 0).then(|| usize::try_from(1 + chance.below(52)).unwrap());
        let until = count.is_none().then(|| first.checked_add(Span::new().days(chance.below(1831))).unwrap());
        let minute = chance.below(1440);
        let days = model(first, frequency, every, count, until);
        let expected: Vec<String> =
            days.iter().map(|day| format!("{day} {}", instant(&zone, *day, minute).as_second())).collect();
        let count = count.map_or_else(|| "NULL".to_owned(), |count| count.to_string());
        let until = until.map_or_else(|| "NULL".to_owned(), |until| format!("'{until}'"));
        let found = practice
            .network
            .rows(&format!(
                "SELECT day || ' ' || extract(epoch FROM care.local_instant(day + {minute} * INTERVAL '1 minute', '{name}'))::bigint
                 FROM care.series_days('{first}', '{frequency}', {every}, {count}, {until}) AS day"
            ))
            .await;
        assert_eq!(found, expected, "{first} {frequency} {every} {count} {until} at {minute} in {name}");
        let offsets = days.iter().map(|day| zone.to_offset(instant(&zone, *day, minute)));
        over_a_change += usize::from(offsets.collect::<std::collections::BTreeSet<_>>().len() > 1);
    }
    assert!(over_a_change > 50, "{over_a_change} went over a change of clocks");
}

impl Practice {
    /// A call of the function of `api`: first day and minute of the clock, then the rule.
    async fn series(&mut self, patient: Uuid, days: i32, minute: i32, rule: &str) -> String {
        let first = format!(
            "(SELECT (((now() AT TIME ZONE time_zone)::date + {days} + {minute} * INTERVAL '1 minute') AT TIME ZONE time_zone)
              FROM care.facility WHERE facility_id = '{}')::text",
            self.facility
        );
        let first = self.network.one(&format!("SELECT {first}")).await;
        format!(
            "book_series($t, '{patient}', '{}', '{}', '{first}', 30, {rule}, NULL, 'in_person', 'Exercises', NULL)",
            self.provider, self.facility
        )
    }
}

const TIMES: &str = "SELECT to_char(lower(during) AT TIME ZONE 'America/Chicago', 'HH24:MI') || ' ' || count(*)
    FROM care.appointment WHERE appointment_series_id IS NOT NULL AND status = 'booked' GROUP BY to_char(lower(during) AT TIME ZONE 'America/Chicago', 'HH24:MI')";

#[tokio::test]
async fn a_series_stays_at_its_time_of_the_clock_and_each_visit_has_its_day() {
    let mut practice = Practice::new().await;
    let (patient, facility) = (practice.patient, practice.facility);
    let mut desk = Caller::playing(&mut practice.network, "front_desk", facility).await;
    // A year of weeks goes over both changes of clocks, and far beyond what a regular member may book ahead.
    let call = practice.series(patient, 3, 540, "'weekly', 1, 52, NULL, NULL").await;
    let days = desk.call(&call).await;
    assert_eq!(days.len(), 52);
    assert_eq!(practice.network.rows(TIMES).await, ["09:00 52"]);
    let offsets =
        "SELECT count(DISTINCT lower(during) AT TIME ZONE 'America/Chicago' - lower(during) AT TIME ZONE 'UTC')::text
                   FROM care.appointment";
    assert_eq!(practice.network.one(offsets).await, "2");
    let wrong = "SELECT occurs_on::text FROM care.appointment
                 WHERE occurs_on <> (lower(during) AT TIME ZONE 'America/Chicago')::date OR status <> 'booked'";
    assert_eq!(practice.network.rows(wrong).await, [""; 0]);
    // It counts once against what a desk holds in an hour.
    practice.network.run("UPDATE access.cap SET most = 2 WHERE cap = 'holds_a_desk_an_hour'").await;
    let call = practice.series(patient, 3, 600, "'monthly', 1, 12, NULL, NULL").await;
    assert_eq!(desk.call(&call).await.len(), 12);
    let call = practice.series(patient, 4, 660, "'weekly', 1, 2, NULL, NULL").await;
    let refused = desk.call(&call).await;
    assert!(refused.iter().all(|day| day.contains("holds_of_a_desk_are_few")), "{refused:?}");
}

#[tokio::test]
async fn a_series_is_booked_as_a_whole_or_says_which_days_cannot_be_had() {
    let mut practice = Practice::new().await;
    let (patient, provider, facility) = (practice.patient, practice.provider, practice.facility);
    let mut desk = Caller::playing(&mut practice.network, "front_desk", facility).await;
    let other = practice.network.patient().await;
    let blocking = practice.series(other, 17, 555, "'weekly', 1, 1, NULL, NULL").await;
    desk.call(&blocking).await;
    practice
        .network
        .run(&format!(
            "INSERT INTO care.availability_exception (provider_id, kind, during)
             SELECT '{provider}', 'off', tstzrange(day, day + INTERVAL '24 hours')
             FROM (SELECT ((now() AT TIME ZONE 'America/Chicago')::date + 24) AT TIME ZONE 'America/Chicago' AS day) AS off"
        ))
        .await;
    let whole = practice.series(patient, 3, 540, "'weekly', 1, 5, NULL, NULL").await;
    let refused = "SELECT count(*) || ' ' || count(appointment) || ' ' || string_agg(rule, ',' ORDER BY starts_at)
                   FROM api.";
    let said = desk.one(&format!("{refused}{whole}")).await;
    assert_eq!(said, "5 0 appointment_provider_is_free,appointment_is_within_availability");
    let sentence = desk.rows(&format!("SELECT sentence FROM api.{whole} WHERE rule IS NOT NULL")).await;
    assert_eq!(
        sentence,
        ["This time has just been taken: choose another.", "The provider sees no patients at that time."]
    );
    let left = format!("SELECT count(*)::text FROM care.appointment_series WHERE patient_id = '{patient}'");
    assert_eq!(practice.network.one(&left).await, "0", "nothing is left of what could not be had");
    let skipped = practice
        .network
        .one("SELECT format('{%s,%s}', day + 17, day + 24) FROM (SELECT (now() AT TIME ZONE 'America/Chicago')::date AS day) d")
        .await;
    let part = practice.series(patient, 3, 540, &format!("'weekly', 1, 5, NULL, '{skipped}'")).await;
    assert_eq!(desk.call(&part).await.len(), 3);
    // Whose patient it is not books nothing, and learns nothing of who is busy.
    let somebody = practice.network.patient().await;
    let mut stranger = Caller::playing(&mut practice.network, "patient", somebody).await;
    assert_eq!(stranger.refused(&whole).await, "row_is_within_rights");
}

#[tokio::test]
async fn a_series_that_is_not_booked_tells_a_desk_no_day_of_a_visit_elsewhere() {
    let mut practice = Practice::new().await;
    let (patient, provider, facility) = (practice.patient, practice.provider, practice.facility);
    let mut desk = Caller::playing(&mut practice.network, "front_desk", facility).await;
    let mut own = Caller::playing(&mut practice.network, "patient", patient).await;
    let (elsewhere, colleague) = (practice.network.facility("IL", "clinic").await, practice.network.provider().await);
    let day = |ahead: i32| {
        format!(
            "(SELECT ((now() AT TIME ZONE 'America/Chicago')::date + {ahead})::timestamp AT TIME ZONE 'America/Chicago' AS day) AS d"
        )
    };
    practice
        .network
        .run(&format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             SELECT '{patient}', '{colleague}', '{elsewhere}', tstzrange(day, day + INTERVAL '12 hours'), 'booked' FROM {}",
            day(10)
        ))
        .await;
    let whole = practice.series(patient, 3, 540, "'weekly', 1, 4, NULL, NULL").await;
    let rules = format!("SELECT string_agg(coalesce(rule, '-'), ' ' ORDER BY starts_at) FROM api.{whole}");
    let alike = ["appointment_series_suits_its_patient"; 4].join(" ");
    assert_eq!(desk.one(&rules).await, alike, "which of them it is stays the patient's");
    assert_eq!(own.one(&rules).await, "- appointment_patient_is_free - -", "who is told");
    // With a day that cannot be had in any case, nothing is said of the patient at all.
    practice
        .network
        .run(&format!(
            "INSERT INTO care.availability_exception (provider_id, kind, during)
             SELECT '{provider}', 'off', tstzrange(day, day + INTERVAL '24 hours') FROM {}",
            day(24)
        ))
        .await;
    assert_eq!(desk.one(&rules).await, "- - - appointment_is_within_availability");
    let tried = "SELECT count(*)::text FROM access.audit_event
                 WHERE part = 'front_desk' AND action = 'read' AND resource = 'care.appointment_series'";
    assert_eq!(practice.network.one(tried).await, "2", "what was tried in vain is audited");
}

#[tokio::test]
async fn a_patient_books_a_series_within_what_the_own_membership_opens() {
    let mut practice = Practice::new().await;
    let patient = practice.patient;
    let mut own = Caller::playing(&mut practice.network, "patient", patient).await;
    let short = practice.series(patient, 3, 540, "'weekly', 1, 4, NULL, NULL").await;
    let long = practice.series(patient, 3, 600, "'weekly', 1, 6, NULL, NULL").await;
    let said = own.one(&format!("SELECT string_agg(DISTINCT rule, ',') || ' ' || count(rule) FROM api.{long}")).await;
    assert_eq!(said, "appointment_is_within_its_release_window 2");
    assert_eq!(own.call(&short).await.len(), 4);
}

#[tokio::test]
async fn a_rule_that_is_too_long_or_has_no_end_is_refused_and_no_row_says_what_cannot_be() {
    let mut practice = Practice::new().await;
    let (patient, facility) = (practice.patient, practice.facility);
    let mut desk = Caller::playing(&mut practice.network, "front_desk", facility).await;
    for rule in [
        "'weekly', 1, 53, NULL, NULL",
        "'weekly', 1, 0, NULL, NULL",
        "'weekly', 0, 5, NULL, NULL",
        "'weekly', 13, 5, NULL, NULL",
        "'daily', 1, 5, NULL, NULL",
        "'weekly', 1, NULL, NULL, NULL",
        "'weekly', 1, 5, '2100-01-01', NULL",
        "'weekly', 1, NULL, '2100-01-01', NULL",
        "'weekly', 1, NULL, '2020-01-01', NULL",
        "'weekly', 12, 30, NULL, NULL",
    ] {
        let call = practice.series(patient, 3, 540, rule).await;
        assert_eq!(desk.refused(&call).await, "appointment_series_is_short", "{rule}");
    }
    let call = practice.series(patient, 3, 540, "'weekly', 1, 2, NULL, NULL").await;
    desk.call(&call).await;
    for (statement, rule) in [
        ("UPDATE care.appointment_series SET frequency = 'daily'", "appointment_series_frequency_is_known"),
        ("UPDATE care.appointment_series SET mode = 'letter'", "appointment_series_mode_is_known"),
        ("UPDATE care.appointment_series SET every = 13", "appointment_series_interval_is_a_year_at_most"),
        ("UPDATE care.appointment_series SET count = 53", "appointment_series_has_one_end"),
        ("UPDATE care.appointment_series SET until_on = first_on", "appointment_series_has_one_end"),
        ("UPDATE care.appointment_series SET starts_minute = 1440", "appointment_series_begins_within_the_day"),
        ("UPDATE care.appointment_series SET minutes = 721", "appointment_series_visits_take_their_time"),
        ("UPDATE care.appointment SET occurs_on = NULL", "appointment_of_a_series_has_its_day"),
        ("UPDATE care.appointment SET occurs_on = '2027-01-01'", "appointment_is_one_of_each_day_of_its_series"),
        (
            "UPDATE care.appointment SET appointment_series_id = gen_random_uuid(), occurs_on = occurs_on + 1",
            "appointment_series_fkey",
        ),
    ] {
        assert_eq!(practice.network.refusal(statement).await, rule, "{statement}");
    }
}

#[tokio::test]
async fn one_visit_is_cancelled_another_moved_and_then_the_rest_is_cancelled() {
    let mut practice = Practice::new().await;
    let (patient, provider) = (PatientId(practice.patient), ProviderId(practice.provider));
    let (facility, colleague) = (FacilityId(practice.facility), practice.provider().await);
    let own = practice.network.account("patient", Some(patient.0)).await;
    let desk = practice.network.account("front_desk", Some(facility.0)).await;
    let first_at = moment(&mut practice.network, 72).await;
    let (later, later_end) = (moment(&mut practice.network, 1000).await, moment(&mut practice.network, 1001).await);
    let fourth_at = moment(&mut practice.network, 72 + 3 * 168 - 2).await;
    let request = SeriesRequest {
        patient,
        provider,
        facility,
        first_at,
        minutes: Some(30),
        frequency: SeriesFrequency::Weekly,
        every: 1,
        end: SeriesEnd::Count(6),
        skipped: Vec::new(),
        room: None,
        mode: VisitMode::InPerson,
        reason: None,
        appointment_type: None,
    };
    let network = &practice.network;
    let days = network.does(desk, async |actor| book(actor, &request).await).await;
    assert!(days.iter().all(|day| day.refused.is_none() && day.series == days[0].series), "{days:?}");
    let (series, visits): (_, Vec<AppointmentId>) =
        (days[0].series.unwrap(), days.iter().map(|day| day.appointment.unwrap()).collect());
    network.does(own, async |actor| cancel(actor, visits[1], Some("other_plans")).await).await;
    let elsewhere = Some(ProviderId(colleague));
    network.does(desk, async |actor| reschedule(actor, visits[2], (later, later_end), elsewhere).await).await;
    let said = network.does(own, async |actor| list(actor, patient).await).await;
    assert_eq!((said.len(), said[0].series, said[0].visits, said[0].to_come), (1, series, 6, 5));
    assert_eq!(said[0].next_at, Some(first_at));
    let all = network.does(own, async |actor| history(actor, patient).await).await;
    assert!(all.iter().all(|visit| visit.series == Some(series)), "what was moved stays a part of it");
    // From the fourth on: three, and the one that was moved to after them.
    let unexplained = network.broken(own, async |actor| cancel_from(actor, series, fourth_at, "no_room").await).await;
    assert_eq!(unexplained.rule, "cancellation_reason_is_ones_own_to_give");
    let ended = network.does(own, async |actor| cancel_from(actor, series, fourth_at, "feels_better").await).await;
    assert_eq!(ended, 4);
    let again = network.does(own, async |actor| cancel_from(actor, series, fourth_at, "feels_better").await).await;
    assert_eq!(again, 0, "once more changes nothing");
    let said = network.does(own, async |actor| list(actor, patient).await).await;
    assert_eq!((said[0].visits, said[0].to_come), (6, 1));
    let stranger = practice.network.patient().await;
    let others = practice.network.account("patient", Some(stranger)).await;
    let refused =
        practice.network.broken(others, async |actor| cancel_from(actor, series, first_at, "other").await).await;
    assert_eq!(refused.rule, "appointment_series_is_known");
}

#[tokio::test]
async fn of_eight_series_that_meet_one_is_booked_and_nobody_meets_a_deadlock() {
    let mut practice = Practice::new().await;
    let mut queries = Vec::new();
    for place in 0..8 {
        let patient = practice.network.patient().await;
        let first = 40 - place % 2;
        queries.push(format!(
            "SELECT count(b.appointment)::text FROM (SELECT (((now() AT TIME ZONE 'America/Chicago')::date + {first}))) AS d (day),
                 care.book_series(ROW(gen_random_uuid(), '{patient}', '{}', '{}', now(), now(), 1, d.day, NULL, 540, 30, 1, 8,
                 'weekly', 'in_person', NULL, NULL, '{{}}', 'x')::care.appointment_series) AS b",
            practice.provider, practice.facility
        ));
    }
    let results = super::practice::race(&practice.network, queries).await;
    let booked = results.iter().filter(|result| **result == Ok("8".to_owned())).count();
    assert_eq!(booked, 2, "one of each weekday: {results:?}");
    assert_eq!(results.iter().filter(|result| **result == Ok("0".to_owned())).count(), 6, "{results:?}");
    let halves = "SELECT appointment_series_id::text FROM care.appointment GROUP BY 1 HAVING count(*) <> 8";
    assert_eq!(practice.network.rows(halves).await, [""; 0]);
    let during = hours_ahead(24, 30);
    let patient = practice.patient;
    practice.network.run(&practice.hold(patient, &during)).await;
}
