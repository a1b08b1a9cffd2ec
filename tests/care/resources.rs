//! Rooms and equipment of appointments: chosen, held, moved and given back; never used twice at once.

use std::time::Duration;

use healthtrack::model::people::FacilityId;
use healthtrack::store::care::appointment_type::resources;
use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

use super::appointment_type::minutes_ahead;
use super::caller::Caller;
use super::practice::{Practice, hours_ahead, race};
use super::scheduling::moment;
use super::series::Chance;
use crate::support::wait::wait_until;

impl Practice {
    /// So many electrocardiographs of the practice.
    async fn machines(&mut self, count: i32) {
        let facility = self.facility;
        self.network
            .run(&format!(
                "INSERT INTO care.equipment (facility_id, in_service_during, kind, name)
                 SELECT '{facility}', '[2020-01-01,)', 'ecg', 'ECG ' || n FROM generate_series(1, {count}) AS n"
            ))
            .await;
    }

    /// Kinds of visit: `trace` needs a machine, `test` a machine and a room, and time beside it, `group` two rooms.
    async fn kinds(&mut self) {
        self.kind("trace", "60, 0, 0, 'never', false").await;
        self.kind("test", "40, 10, 10, 'never', false").await;
        self.kind("group", "60, 0, 0, 'allowed', false").await;
        self.network
            .run(
                "INSERT INTO care.appointment_type_resource (appointment_type, kind, count)
                 VALUES ('trace', 'ecg', 1), ('test', 'ecg', 1), ('test', 'room', 1), ('group', 'room', 2)",
            )
            .await;
    }

    /// Holds a time of a kind for somebody new with somebody new; the appointment, or the rule that refuses it.
    async fn try_kind(&mut self, kind: &str, during: &str) -> Result<Uuid, String> {
        let (patient, provider) = (self.network.patient().await, self.provider().await);
        let hold = self.hold_kind(provider, patient, during, kind, "in_person") + "::text";
        super::practice::attempt(&mut self.network.sql, &hold).await.map(|key| key.parse().unwrap())
    }

    /// What an appointment holds, by name.
    async fn held(&mut self, appointment: Uuid) -> Vec<String> {
        self.network
            .rows(&format!(
                "SELECT coalesce(r.name, e.name) FROM care.appointment_resource u LEFT JOIN care.room r USING (room_id)
                 LEFT JOIN care.equipment e USING (equipment_id)
                 WHERE u.appointment_id = '{appointment}' AND u.released_at IS NULL ORDER BY 1"
            ))
            .await
    }
}

#[tokio::test]
async fn a_visit_takes_what_is_free_of_what_it_needs_or_is_refused() {
    let mut practice = Practice::new().await;
    practice.machines(2).await;
    practice.kinds().await;
    let during = hours_ahead(30, 60);
    let first = practice.try_kind("trace", &during).await.unwrap();
    let second = practice.try_kind("trace", &during).await.unwrap();
    assert_eq!((practice.held(first).await, practice.held(second).await), (vec!["ECG 1".into()], vec!["ECG 2".into()]));
    let none = Err("appointment_has_what_it_needs".to_owned());
    assert_eq!(practice.try_kind("trace", &during).await, none);
    assert_eq!(practice.try_kind("test", &minutes_ahead(29, 11, 40)).await, none, "one minute of what is kept free");
    let before = practice.try_kind("test", &minutes_ahead(29, 10, 40)).await.unwrap();
    assert_eq!(practice.held(before).await, ["101", "ECG 1"]);
    let room =
        format!("SELECT (room_id = '{}')::text FROM care.appointment WHERE appointment_id = '{before}'", practice.room);
    assert_eq!(practice.network.one(&room).await, "true", "the appointment names its room");
    // One room is too few for a group, and one by video needs none.
    assert_eq!(practice.try_kind("group", &hours_ahead(40, 60)).await, none);
    let (member, provider) = (practice.member("premium").await, practice.provider().await);
    let video = practice.hold_kind(provider, member, &hours_ahead(40, 60), "group", "telehealth");
    let video = practice.network.id(&video).await;
    assert_eq!(practice.held(video).await, [""; 0]);
    let facility = practice.facility;
    practice.network.run(&format!("INSERT INTO care.room (facility_id, name) VALUES ('{facility}', '102')")).await;
    let group = practice.try_kind("group", &hours_ahead(40, 60)).await.unwrap();
    assert_eq!(practice.held(group).await, ["101", "102"]);
}

#[tokio::test]
async fn what_is_cancelled_gives_back_and_what_is_moved_takes_with_it() {
    let mut practice = Practice::new().await;
    practice.machines(2).await;
    practice.kinds().await;
    let (at, later) = (hours_ahead(30, 60), hours_ahead(32, 60));
    let first = practice.try_kind("trace", &at).await.unwrap();
    let second = practice.try_kind("trace", &at).await.unwrap();
    let (third, fourth) = (
        practice.try_kind("trace", &later).await.unwrap(),
        practice.try_kind("trace", &hours_ahead(34, 60)).await.unwrap(),
    );
    practice.network.run("SELECT care.confirm_appointment(appointment_id) FROM care.appointment").await;
    let to_later = |visit: Uuid| format!("SELECT care.reschedule_appointment('{visit}', {later})");
    // ECG 1 is taken there, so the second machine goes with the visit that had the first.
    practice.network.run(&to_later(first)).await;
    assert_eq!((practice.held(first).await, practice.held(third).await), (vec!["ECG 2".into()], vec!["ECG 1".into()]));
    assert_eq!(practice.network.refusal(&to_later(second)).await, "appointment_has_what_it_needs");
    assert_eq!(practice.held(second).await, ["ECG 2"], "what could not be moved stays as it was");
    practice.network.run(&format!("SELECT care.cancel_appointment('{third}')")).await;
    assert_eq!(practice.held(third).await, [""; 0]);
    practice.network.run(&to_later(second)).await;
    assert_eq!(practice.held(second).await, ["ECG 1"]);
    let kept = format!(
        "SELECT (released_at IS NOT NULL)::text FROM care.appointment_resource WHERE appointment_id = '{third}'"
    );
    assert_eq!(practice.network.rows(&kept).await, ["true"], "what was held is known");
    assert_eq!(practice.held(fourth).await, ["ECG 1"]);
    // Who did not come uses nothing any more; a hold that ran out takes nothing.
    let kind = "UPDATE care.appointment SET appointment_type = 'trace' WHERE appointment_id =";
    let (patient, gone) = (practice.network.patient().await, hours_ahead(-30, 60));
    let missed = practice.taken_over(patient, &gone, "booked").await;
    practice.network.run(&format!("{kind} '{missed}'")).await;
    assert_eq!(practice.held(missed).await, ["ECG 1"]);
    practice.network.run(&format!("SELECT care.miss_appointment('{missed}')")).await;
    assert_eq!(practice.held(missed).await, [""; 0]);
    let hold = practice.try_kind("trace", &hours_ahead(36, 60)).await.unwrap();
    assert_eq!(practice.held(hold).await, ["ECG 1"]);
    let lapse =
        format!("UPDATE care.appointment SET expires_at = now() - INTERVAL '1 second' WHERE appointment_id = '{hold}'");
    practice.network.run(&lapse).await;
    let again = practice.try_kind("trace", &hours_ahead(36, 60)).await.unwrap();
    assert_eq!((practice.held(again).await, practice.held(hold).await), (vec!["ECG 1".into()], vec![]));
    assert_eq!(practice.status(hold).await, "cancelled");
}

#[tokio::test]
async fn a_room_that_is_named_is_held_as_one_that_is_chosen() {
    let mut practice = Practice::new().await;
    practice.machines(1).await;
    practice.kinds().await;
    let (facility, room, elsewhere) =
        (practice.facility, practice.room, practice.network.facility("MA", "clinic").await);
    let (patient, provider) = (practice.network.patient().await, practice.provider().await);
    let named = |during: &str| {
        format!("SELECT care.hold_appointment('{patient}', '{provider}', '{facility}', {during}, '{room}')")
    };
    let visit = practice.network.id(&named(&minutes_ahead(30, 0, 30))).await;
    assert_eq!(practice.held(visit).await, ["101"]);
    let none = Err("appointment_has_what_it_needs".to_owned());
    assert_eq!(
        practice.try_kind("test", &minutes_ahead(30, 35, 40)).await,
        none,
        "the room is made ready while it is used"
    );
    practice.try_kind("test", &minutes_ahead(30, 40, 40)).await.unwrap();
    let ready = named(&minutes_ahead(30, 80, 10));
    assert_eq!(practice.network.refusal(&ready).await, "appointment_resource_room_is_free");
    practice
        .network
        .run(&format!(
            "INSERT INTO care.equipment (facility_id, in_service_during, kind, name)
                                   VALUES ('{elsewhere}', '[2020-01-01,)', 'ecg', 'Another')"
        ))
        .await;
    let other = format!(
        "UPDATE care.appointment_resource SET facility_id = '{elsewhere}', room_id = NULL, equipment_id =
                             (SELECT equipment_id FROM care.equipment WHERE facility_id = '{elsewhere}')
                         WHERE appointment_id = '{visit}'"
    );
    let rule = "appointment_resource_is_at_the_facility_of_its_appointment";
    assert_eq!(practice.network.refusal(&other).await, rule);
}

#[tokio::test]
async fn what_is_out_of_service_is_not_chosen_and_no_row_says_what_cannot_be() {
    let mut practice = Practice::new().await;
    practice.machines(2).await;
    practice.kinds().await;
    practice
        .network
        .run(&format!(
            "INSERT INTO care.equipment_outage (equipment_id, during, reason)
             SELECT equipment_id, {}, 'Cable' FROM care.equipment WHERE name = 'ECG 1';
             UPDATE care.equipment SET in_service_during = daterange('2020-01-01', current_date + 10) WHERE name = 'ECG 2'",
            minutes_ahead(30, 59, 5)
        ))
        .await;
    let during = hours_ahead(30, 60);
    let visit = practice.try_kind("trace", &during).await.unwrap();
    assert_eq!(practice.held(visit).await, ["ECG 2"]);
    assert_eq!(practice.try_kind("trace", &during).await.unwrap_err(), "appointment_has_what_it_needs");
    let later = practice.try_kind("trace", &hours_ahead(12 * 24, 60)).await.unwrap();
    assert_eq!(practice.held(later).await, ["ECG 1"], "the other is in service no more");
    for (statement, rule) in [
        ("INSERT INTO care.equipment_outage (equipment_id, during, reason) SELECT equipment_id, during, reason
          FROM care.equipment_outage", "equipment_outage_is_one_at_a_time"),
        ("UPDATE care.equipment_outage SET reason = ' '", "equipment_outage_reason_is_some"),
        ("UPDATE care.equipment_outage SET during = 'empty'", "equipment_outage_period_is_half_open"),
        ("UPDATE care.equipment SET kind = 'room'", "equipment_is_no_room"),
        ("UPDATE care.equipment SET kind = 'oracle'", "equipment_kind_fkey"),
        ("UPDATE care.equipment SET name = 'ECG'", "equipment_name_is_unique_in_its_facility"),
        ("UPDATE care.equipment SET name = ' ' WHERE name = 'ECG 1'", "equipment_name_is_some"),
        ("UPDATE care.equipment SET in_service_during = 'empty'", "equipment_is_in_service_for_some_time"),
        ("UPDATE care.appointment_type_resource SET count = 0", "appointment_type_resource_count_is_small"),
        ("INSERT INTO care.resource_kind VALUES ('A', 'A')", "resource_kind_is_snake_case"),
        ("UPDATE care.resource_kind SET title = ''", "resource_kind_title_is_some"),
        ("UPDATE care.appointment_resource SET equipment_id = NULL", "appointment_resource_is_a_room_or_equipment"),
        ("UPDATE care.appointment_resource SET held_during = 'empty'", "appointment_resource_period_is_half_open"),
        ("UPDATE care.appointment_resource SET equipment_id = (SELECT equipment_id FROM care.equipment WHERE name = 'ECG 1'),
          held_during = '[2027-01-01,2027-01-02)'", "appointment_resource_equipment_is_free"),
    ] {
        assert_eq!(practice.network.refusal(statement).await, rule, "{statement}");
    }
}

#[tokio::test]
async fn of_eight_who_need_three_machines_three_get_one_and_nobody_meets_a_deadlock() {
    let mut practice = Practice::new().await;
    practice.machines(3).await;
    practice.kinds().await;
    for name in ["102", "103"] {
        let room = format!("INSERT INTO care.room (facility_id, name) VALUES ('{}', '{name}')", practice.facility);
        practice.network.run(&room).await;
    }
    for round in 0..4 {
        let mut queries = Vec::new();
        for place in 0..8 {
            let (patient, provider) = (practice.network.patient().await, practice.provider().await);
            let (kind, minutes) = if place % 2 == 0 { ("trace", 60) } else { ("test", 40) };
            let during = minutes_ahead(30 + 3 * round, 0, minutes);
            queries.push(practice.hold_kind(provider, patient, &during, kind, "in_person") + "::text");
        }
        let results = race(&practice.network, queries).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 3, "{results:?}");
        let refused: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused, ["appointment_has_what_it_needs"; 5]);
    }
}

#[tokio::test]
async fn who_books_who_moves_and_who_cancels_at_once_leave_nothing_used_twice() {
    let mut practice = Practice::new().await;
    practice.machines(2).await;
    practice.kinds().await;
    for round in 0..5 {
        let at = |hour: i32| hours_ahead(30 + 4 * round + hour, 60);
        let (first, second) =
            (practice.try_kind("trace", &at(0)).await.unwrap(), practice.try_kind("trace", &at(0)).await.unwrap());
        let third = practice.try_kind("trace", &at(1)).await.unwrap();
        practice
            .network
            .run("SELECT care.confirm_appointment(appointment_id) FROM care.appointment WHERE status = 'held'")
            .await;
        let mut queries = vec![
            format!("SELECT care.cancel_appointment('{first}')::text"),
            format!("SELECT care.reschedule_appointment('{second}', {})::text", at(1)),
            format!("SELECT care.reschedule_appointment('{third}', {})::text", at(0)),
        ];
        for hour in [0, 0, 1, 1, 0] {
            let (patient, provider) = (practice.network.patient().await, practice.provider().await);
            queries.push(practice.hold_kind(provider, patient, &at(hour), "trace", "in_person") + "::text");
        }
        for result in race(&practice.network, queries).await {
            assert!(result.is_ok() || result == Err("appointment_has_what_it_needs".into()), "{result:?}");
        }
    }
    // Each visit that stands has its machine, and no machine is with two at once.
    let wrong = "SELECT a.appointment_id::text FROM care.appointment a LEFT JOIN care.appointment_resource u
                     ON u.appointment_id = a.appointment_id AND u.released_at IS NULL
                 GROUP BY a.appointment_id HAVING count(u.*) <> (a.status IN ('held', 'booked'))::int
                     OR NOT bool_and(u.held_during = a.blocked_during)
                 UNION ALL
                 SELECT u.equipment_id::text FROM care.appointment_resource u JOIN care.appointment_resource o USING (equipment_id)
                 WHERE u.appointment_id < o.appointment_id AND u.held_during && o.held_during
                   AND num_nulls(u.released_at, o.released_at) = 2";
    assert_eq!(practice.network.rows(wrong).await, [""; 0]);
}

#[tokio::test]
async fn a_calendar_of_resources_is_that_of_a_model_after_any_steps() {
    const MACHINES: usize = 2;
    let mut practice = Practice::new().await;
    practice.machines(2).await;
    practice.kinds().await;
    let mut chance = Chance::new(7);
    // What stands, as an appointment and its quarter of an hour; a visit blocks four of them.
    let mut standing: Vec<(Uuid, i32)> = Vec::new();
    let busy = |standing: &[(Uuid, i32)], but: Option<Uuid>, at: i32| {
        // Two visits of one length never leave a machine for a third where three meet at one moment.
        (at..at + 4)
            .map(|moment| {
                standing
                    .iter()
                    .filter(|(key, begin)| Some(*key) != but && (*begin..begin + 4).contains(&moment))
                    .count()
            })
            .max()
            .unwrap_or(0)
    };
    let during = |at: i32| minutes_ahead(30, 15 * at, 60);
    let (mut held, mut refused) = (0, 0);
    for _ in 0..70 {
        let at = chance.below(24);
        match chance.below(4) {
            0 if !standing.is_empty() => {
                let (key, _) = standing.swap_remove(chance.below(i32::try_from(standing.len()).unwrap()) as usize);
                practice.network.run(&format!("SELECT care.cancel_appointment('{key}')")).await;
            }
            1 if !standing.is_empty() => {
                let place = chance.below(i32::try_from(standing.len()).unwrap()) as usize;
                let key = standing[place].0;
                let moved = format!("SELECT care.reschedule_appointment('{key}', {})::text", during(at));
                let done = super::practice::attempt(&mut practice.network.sql, &moved).await;
                if done.is_ok() {
                    standing[place].1 = at;
                }
                assert!(done.is_ok() || busy(&standing, Some(key), at) > 0, "{done:?}");
                assert!(busy(&standing, None, at) <= MACHINES, "at {at}: {standing:?}");
            }
            _ => match practice.try_kind("trace", &during(at)).await {
                Ok(key) => {
                    practice.network.run(&format!("SELECT care.confirm_appointment('{key}')")).await;
                    standing.push((key, at));
                    held += 1;
                    assert!(busy(&standing, None, at) <= MACHINES, "at {at}: {standing:?}");
                }
                Err(rule) => {
                    refused += 1;
                    assert_eq!(rule, "appointment_has_what_it_needs");
                    // Each machine is with some visit that meets this one.
                    let meets = standing.iter().filter(|(_, begin)| (begin - at).abs() < 4).count();
                    assert!(meets >= MACHINES, "at {at}: {standing:?}");
                }
            },
        }
        let mut model: Vec<String> = standing.iter().map(|(key, at)| format!("{key} {at}")).collect();
        model.sort();
        let stored = "SELECT u.appointment_id || ' ' ||
                          (extract(epoch FROM lower(u.held_during) - date_trunc('hour', now()) - INTERVAL '30 hours') / 900)::int
                      FROM care.appointment_resource u WHERE u.released_at IS NULL ORDER BY 1";
        assert_eq!(practice.network.rows(stored).await, model);
    }
    assert!(held > 10 && refused > 5, "{held} held, {refused} refused");
}

/// The statement that takes all machines out of service for a while.
fn outage(from: i32, until: i32) -> String {
    format!(
        "INSERT INTO care.equipment_outage (equipment_id, during, reason)
         SELECT equipment_id, tstzrange(now() + INTERVAL '{from} hours', now() + INTERVAL '{until} hours'), 'Broken'
         FROM care.equipment"
    )
}

#[tokio::test]
async fn a_visit_whose_machine_is_missing_by_then_is_told_to_the_desk_once() {
    let mut practice = Practice::new().await;
    practice.machines(1).await;
    practice.kinds().await;
    let mut visits = Vec::new();
    for hour in [24, 48, 60, 240] {
        visits.push(practice.try_kind("trace", &hours_ahead(hour, 60)).await.unwrap());
    }
    let gone = format!("SELECT care.cancel_appointment('{}')", visits[2]);
    practice.network.run(&gone).await;
    let told = "SELECT concat_ws(' ', t.kind, t.pool, t.title ~ '^Move the visit of [-0-9: ]+: without ECG 1$')
                FROM care.task t JOIN care.appointment v USING (patient_id) ORDER BY v.during";
    practice.network.run(&outage(20, 30)).await;
    assert_eq!(practice.network.rows(told).await, ["call_patient front_desk t"]);
    let longer = "UPDATE care.equipment_outage SET during = tstzrange(lower(during), now() + INTERVAL '100 hours')";
    practice.network.run(longer).await;
    assert_eq!(practice.network.rows(told).await.len(), 2, "not the first again, and not what is cancelled");
    let ends = "UPDATE care.equipment SET in_service_during = daterange(lower(in_service_during), current_date + 7)";
    practice.network.run(ends).await;
    assert_eq!(practice.network.rows(told).await.len(), 3, "nor what is held once it is no more");
}

#[tokio::test]
async fn a_visit_that_is_booked_while_its_machine_breaks_is_told_or_refused() {
    let mut practice = Practice::new().await;
    practice.machines(1).await;
    practice.kinds().await;
    practice.network.run("BEGIN").await;
    practice.try_kind("trace", &hours_ahead(24, 60)).await.unwrap();
    let mut manager = practice.network.connection().await;
    let broken = tokio::spawn(async move { manager.execute(AssertSqlSafe(outage(20, 30))).await.map(drop) });
    let watcher = tokio::sync::Mutex::new(practice.network.connection().await);
    let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock')::text";
    wait_until(Duration::from_secs(10), "it waits for who books", async || {
        super::practice::attempt(&mut *watcher.lock().await, waits).await.unwrap() == "true"
    })
    .await;
    practice.network.run("COMMIT").await;
    broken.await.unwrap().unwrap();
    assert_eq!(practice.network.one("SELECT count(*)::text FROM care.task").await, "1");
    let late = practice.try_kind("trace", &hours_ahead(26, 60)).await;
    assert_eq!(late, Err("appointment_has_what_it_needs".to_owned()));
}

#[tokio::test]
async fn a_desk_reads_when_its_rooms_and_machines_are_taken_and_nobody_else_does() {
    let mut practice = Practice::new().await;
    practice.machines(1).await;
    practice.kinds().await;
    practice.try_kind("test", &minutes_ahead(30, 10, 40)).await.unwrap();
    let (facility, patient) = (FacilityId(practice.facility), practice.patient);
    let desk = practice.network.account("front_desk", Some(facility.0)).await;
    let other_facility = practice.network.facility("MA", "clinic").await;
    let span = (moment(&mut practice.network, 24).await, moment(&mut practice.network, 48).await);
    let spells = practice.network.does(desk, async |actor| resources(actor, facility, span).await).await;
    let said: Vec<_> = spells.iter().map(|spell| (spell.kind.as_str(), spell.state.as_deref())).collect();
    assert_eq!(said, [("ecg", Some("held")), ("room", Some("held"))]);
    assert_eq!(spells[0].start_at, Some(moment(&mut practice.network, 30).await));
    let mut outsiders = vec![Caller::playing(&mut practice.network, "patient", patient).await];
    outsiders.push(Caller::playing(&mut practice.network, "front_desk", other_facility).await);
    for outsider in &mut outsiders {
        let rows = outsider.call(&format!("list_resources($t, '{facility}', now(), now() + INTERVAL '2 days')")).await;
        assert_eq!(rows, [""; 0]);
    }
    let wide = format!("list_resources($t, '{facility}', now(), now() + INTERVAL '9 days')");
    assert_eq!(outsiders[0].refused(&wide).await, "resources_are_asked_within_bounds");
}
