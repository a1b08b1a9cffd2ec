//! Many at once: one gets what many want, nobody gets it twice, and nobody meets a deadlock.

use std::time::Duration;

use super::practice::{Practice, attempt, hours_ahead, race};
use crate::support::wait::wait_until;

#[tokio::test]
async fn of_eight_who_want_one_time_one_gets_it_and_nobody_meets_a_deadlock() {
    let mut practice = Practice::new().await;
    for round in 0..3 {
        let mut queries = Vec::new();
        for _ in 0..8 {
            let patient = practice.network.patient().await;
            queries.push(practice.hold_text(patient, &hours_ahead(24 + round, 60)));
        }
        let results = race(&practice.network, queries).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        let refused: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused, ["appointment_provider_is_free"; 7]);
    }
}

#[tokio::test]
async fn of_eight_who_want_one_room_one_gets_it() {
    let mut practice = Practice::new().await;
    let (facility, room) = (practice.facility, practice.room);
    let mut queries = Vec::new();
    for _ in 0..8 {
        let (patient, provider) = (practice.network.patient().await, practice.provider().await);
        queries.push(format!(
            "SELECT care.hold_appointment('{patient}', '{provider}', '{facility}', {}, '{room}')::text",
            hours_ahead(24, 60)
        ));
    }
    let results = race(&practice.network, queries).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    let refused: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused, ["appointment_room_is_free"; 7]);
}

#[tokio::test]
async fn of_who_moves_to_a_time_and_who_books_it_one_gets_it_and_the_other_keeps_what_was() {
    let mut practice = Practice::new().await;
    for round in 0..8 {
        let (mover, booker) = (practice.network.patient().await, practice.network.patient().await);
        let (old, new) = (hours_ahead(24 + 3 * round, 60), hours_ahead(25 + 3 * round, 60));
        let moving = practice.taken_over(mover, &old, "booked").await;
        let hold = practice.hold_text(booker, &new);
        let moved = format!("SELECT care.reschedule_appointment('{moving}', {new})::text");
        let results = race(&practice.network, vec![moved, hold]).await;
        let at = practice
            .network
            .one(&format!("SELECT (during = {old})::text FROM care.appointment WHERE appointment_id = '{moving}'"))
            .await;
        match (&results[0], &results[1]) {
            (Ok(_), Err(rule)) => assert_eq!((rule.as_str(), at.as_str()), ("appointment_provider_is_free", "false")),
            (Err(rule), Ok(_)) => assert_eq!((rule.as_str(), at.as_str()), ("appointment_provider_is_free", "true")),
            both => panic!("{both:?}"),
        }
    }
}

#[tokio::test]
async fn a_hold_that_runs_out_is_confirmed_or_ended_and_never_both() {
    let mut practice = Practice::new().await;
    let (mut booked, mut ended, mut delay_ms) = (0, 0, 30.0_f64);
    for round in 0..20 {
        let patient = practice.network.patient().await;
        let hold = practice.hold(patient, &hours_ahead(24 + round, 60));
        let held = practice.network.id(&hold).await;
        practice
            .network
            .run(&format!(
                "UPDATE care.appointment SET expires_at = clock_timestamp() + {delay_ms} * INTERVAL '1 millisecond'
                 WHERE appointment_id = '{held}'"
            ))
            .await;
        let (confirm, sweep) =
            (format!("SELECT care.confirm_appointment('{held}')::text"), "SELECT care.expire_holds()::text");
        let results = race(&practice.network, vec![confirm, sweep.to_owned(), sweep.to_owned()]).await;
        // Brings the moment at which the hold runs out to where they meet.
        match (&results[0], practice.status(held).await.as_str()) {
            (Ok(_), "booked") => (booked, delay_ms) = (booked + 1, delay_ms * 0.8),
            (Err(rule), "cancelled" | "held") if rule == "appointment_is_still_held" => {
                (ended, delay_ms) = (ended + 1, delay_ms * 1.3);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(booked > 0 && ended > 0, "{booked} booked, {ended} ended");
}

#[tokio::test]
async fn two_who_want_each_others_time_are_both_refused_and_meet_no_deadlock() {
    let mut practice = Practice::new().await;
    for round in 0..12 {
        let times = [hours_ahead(24 + 2 * round, 60), hours_ahead(25 + 2 * round, 60)];
        let mut moves = Vec::new();
        for (own, other) in [(&times[0], &times[1]), (&times[1], &times[0])] {
            let patient = practice.network.patient().await;
            let moving = practice.taken_over(patient, own, "booked").await;
            // By the function, and by a statement that gets round it.
            moves.push(match round % 2 {
                0 => format!("SELECT care.reschedule_appointment('{moving}', {other})::text"),
                _ => format!(
                    "UPDATE care.appointment SET during = {other} WHERE appointment_id = '{moving}' RETURNING status"
                ),
            });
        }
        let results = race(&practice.network, moves).await;
        let refused = Err("appointment_provider_is_free".to_owned());
        assert_eq!(results, [refused.clone(), refused], "round {round}");
    }
}

#[tokio::test]
async fn who_gives_back_and_who_waits_and_books_meet_no_deadlock() {
    let mut practice = Practice::new().await;
    let (provider, facility) = (practice.provider, practice.facility);
    // Somebody who waits, and whose lock comes before the provider's in the order of locks.
    let mut waiting = practice.member("premium").await;
    let before = |one| {
        format!(
            "SELECT (hashtextextended('healthtrack.schedule.{one}', 0) < hashtextextended('healthtrack.schedule.{provider}', 0))::text"
        )
    };
    for _ in 0..64 {
        if practice.network.one(&before(waiting)).await == "true" {
            break;
        }
        waiting = practice.member("premium").await;
    }
    let join = format!(
        "SELECT care.join_waitlist('{waiting}', '{facility}', NULL, 30, tstzrange(now(), now() + INTERVAL '30 days'))"
    );
    practice.network.id(&join).await;
    let booked = practice.taken_over(practice.patient, &hours_ahead(24, 30), "booked").await;
    let statements = [
        format!("SELECT care.cancel_appointment('{booked}')::text"),
        practice.hold_text(waiting, &hours_ahead(48, 30)),
    ];

    // The provider's lock is held until both want it: the first has nothing yet, the second the patient's lock.
    practice.network.run(&format!("BEGIN; SELECT care.lock_schedule('{provider}')")).await;
    let mut racers = Vec::new();
    for (queue, statement) in (1..).zip(statements) {
        let mut connection = practice.network.connection().await;
        racers.push(tokio::spawn(async move { attempt(&mut connection, &statement).await }));
        let query = "SELECT (count(*) >= $1)::text FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let watcher = tokio::sync::Mutex::new(practice.network.connection().await);
        wait_until(Duration::from_secs(10), "it waits for the lock", async || {
            let query = query.replace("$1", &queue.to_string());
            attempt(&mut *watcher.lock().await, &query).await.unwrap() == "true"
        })
        .await;
    }
    practice.network.run("COMMIT").await;
    for racer in racers {
        let result = racer.await.unwrap();
        assert!(result.is_ok(), "{result:?}");
    }
}

#[tokio::test]
async fn who_changes_a_visit_that_was_moved_meanwhile_locks_what_it_takes_by_then() {
    for change in ["care.reschedule_appointment('$1', $2)", "care.cancel_appointment('$1')"] {
        let mut practice = Practice::new().await;
        let (provider, other) = (practice.provider, practice.provider().await);
        let visit = practice.taken_over(practice.patient, &hours_ahead(24, 30), "booked").await;
        let moved = hours_ahead(48, 30);
        practice
            .network
            .run(&format!("BEGIN; SELECT care.reschedule_appointment('{visit}', {moved}, asked_provider => '{other}')"))
            .await;
        let change = change.replace("$1", &visit.to_string()).replace("$2", &hours_ahead(72, 30));
        let (mut changing, mut watcher) = (practice.network.connection().await, practice.network.connection().await);
        let changed = tokio::spawn(async move {
            sqlx::Executor::execute(&mut changing, "BEGIN").await.unwrap();
            (attempt(&mut changing, &format!("SELECT {change}::text")).await, changing)
        });
        let waits = "SELECT EXISTS (SELECT FROM pg_stat_activity
                     WHERE datname = current_database() AND wait_event_type = 'Lock')::text";
        let watch = tokio::sync::Mutex::new(&mut watcher);
        wait_until(Duration::from_secs(10), "it waits for the lock", async || {
            attempt(*watch.lock().await, waits).await.unwrap() == "true"
        })
        .await;
        practice.network.run("COMMIT").await;
        let (result, _open) = changed.await.unwrap();
        assert!(result.is_ok(), "{result:?}");
        let locks =
            format!("SELECT concat_ws(' ', care.try_lock_schedule('{provider}'), care.try_lock_schedule('{other}'))");
        assert_eq!(practice.network.one(&locks).await, "t f", "the former provider's time is let go");
    }
}
