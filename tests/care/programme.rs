//! Wellness programmes: never one seat too many, attendance of those who have one, and completion by the rule.

use healthtrack::model::people::{EnrolmentStatus, PatientId, ProgrammeId, ProgrammeSessionId};
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::programme::{self as store, Admission};
use sqlx::{Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use super::network::Network;
use super::wellness::{Dice, act, race};
use crate::support::daemon::TIMEOUT;
use crate::support::wait::wait_until;

#[tokio::test]
async fn of_eight_clients_on_the_last_seat_one_gets_it_and_seven_wait() {
    let mut world = World::new(1).await;
    let clients = world.clients(8, |programme, patient| format!("SELECT care.enrol('{programme}', '{patient}')")).await;
    let mut given = race(clients).await;
    given.sort();
    let mut expected = vec![Ok("waitlisted".to_owned()); 8];
    expected[0] = Ok("enrolled".to_owned());
    assert_eq!(given, expected);
    assert_eq!(world.seats().await, "1 of 1, 1 enrolled, 7 waitlisted");
}

/// The same without the function, by statements of whoever may write the table.
#[tokio::test]
async fn direct_statements_meet_the_same_rule() {
    let mut world = World::new(1).await;
    let programme = world.programme;
    let insert = |patient: Uuid| {
        format!(
            "INSERT INTO care.enrolment (patient_id, programme_id, status)
             VALUES ('{patient}', '{programme}', 'enrolled') RETURNING status"
        )
    };
    let refusals = world.race_directly(insert).await;
    assert_eq!(refusals, ["programme_has_a_seat_for_each"; 7]);
    assert_eq!(world.seats().await, "1 of 1, 1 enrolled, 0 waitlisted");
    // Planted: a table that looks first and then writes. All eight have looked before the first of them may write.
    let mut world = World::new(1).await;
    world.network.run("ALTER TABLE care.programme DROP CONSTRAINT programme_has_a_seat_for_each").await;
    let programme = world.programme;
    let look = |patient: Uuid| {
        format!(
            "INSERT INTO care.enrolment (patient_id, programme_id, status)
             SELECT '{patient}', programme_id, 'enrolled' FROM care.programme, pg_advisory_xact_lock_shared(7)
             WHERE programme_id = '{programme}' AND seats_taken < capacity RETURNING status"
        )
    };
    let mut gate = world.network.connection().await;
    gate.execute("SELECT pg_advisory_lock(7)").await.unwrap();
    let url = world.network.database.url().to_owned();
    let open_when_all_wait = async {
        wait_until(TIMEOUT, "all eight have looked", || async {
            let mut watch = PgConnection::connect(&url).await.unwrap();
            let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted
                               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
            sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut watch).await.unwrap() == 8
        })
        .await;
        gate.execute("SELECT pg_advisory_unlock(7)").await.unwrap();
    };
    tokio::join!(world.race_directly(look), open_when_all_wait);
    assert_ne!(world.seats().await, "1 of 1, 1 enrolled, 0 waitlisted", "the race sees what it should");
}

#[tokio::test]
async fn a_patient_takes_part_once_in_a_programme_and_only_while_it_takes_enrolments() {
    let mut world = World::new(2).await;
    let (patient, programme) = (world.member().await, world.programme);
    let enrol = format!("SELECT care.enrol('{programme}', '{patient}')");
    let account = world.network.patient_account(patient).await;
    let mut clients = Vec::new();
    for _ in 0..8 {
        let mut sql = world.network.connection().await;
        act(&mut sql, account).await;
        clients.push((sql, enrol.clone()));
    }
    let given = race(clients).await;
    assert_eq!(given.iter().filter(|done| **done == Ok("enrolled".to_owned())).count(), 1);
    let refused = Err("enrolment_of_a_patient_is_one".to_owned());
    assert_eq!(given.iter().filter(|done| **done == refused).count(), 7);
    let twice = format!(
        "INSERT INTO care.enrolment (patient_id, programme_id, status) VALUES ('{patient}', '{programme}', 'withdrawn')"
    );
    assert_eq!(world.network.refusal(&twice).await, "enrolment_of_a_patient_is_one");

    let late = world.member().await;
    world
        .network
        .run("UPDATE care.programme SET enrolment_during = tstzrange(now() - INTERVAL '9 days', now() - INTERVAL '1 day')")
        .await;
    let account = world.network.patient_account(late).await;
    world.network.act(account).await;
    let enrol = format!("SELECT care.enrol('{programme}', '{late}')");
    assert_eq!(world.network.refusal(&enrol).await, "enrolment_is_open");
    let unknown = format!("SELECT care.enrol('{late}', '{late}')");
    assert_eq!(world.network.refusal(&unknown).await, "enrolment_is_open");
}

#[tokio::test]
async fn a_seat_that_becomes_free_goes_to_who_waits_longest() {
    let mut world = World::new(2).await;
    let members = [world.member().await, world.member().await, world.member().await, world.member().await];
    let programme = world.programme;
    let mut given = Vec::new();
    for member in members {
        given.push(world.as_patient(member, &format!("SELECT care.enrol('{programme}', '{member}')")).await);
    }
    assert_eq!(given, ["enrolled", "enrolled", "waitlisted", "waitlisted"]);
    let withdraw = |member: Uuid| format!("SELECT care.withdraw('{programme}', '{member}')::text");
    assert_eq!(world.as_patient(members[0], &withdraw(members[0])).await, "1");
    assert_eq!([world.status(members[2]).await, world.status(members[3]).await], ["enrolled", "waitlisted"]);
    assert_eq!(world.as_patient(members[3], &withdraw(members[3])).await, "0", "who waits leaves no seat");
    let account = world.network.patient_account(members[0]).await;
    world.network.act(account).await;
    assert_eq!(world.network.refusal(&withdraw(members[0])).await, "withdrawal_is_of_the_enrolled");
    world.network.rest().await;
    // Back again, behind nobody: every seat is taken.
    let again = format!("SELECT care.enrol('{programme}', '{}')", members[0]);
    assert_eq!(world.as_patient(members[0], &again).await, "waitlisted");
    world.network.run("UPDATE care.programme SET capacity = 3").await;
    assert_eq!(world.status(members[0]).await, "enrolled", "a new seat as well");
    let fewer = "UPDATE care.programme SET capacity = 2";
    assert_eq!(world.network.refusal(fewer).await, "programme_has_a_seat_for_each");
    assert_eq!(
        world.as_patient(members[3], &again.replace(&members[0].to_string(), &members[3].to_string())).await,
        "waitlisted"
    );
    world.network.run("UPDATE care.programme SET runs_during = '[2024-01-01, 2024-06-01)'").await;
    assert_eq!(world.as_patient(members[0], &withdraw(members[0])).await, "0", "nobody is admitted to what is over");
}

/// Members come and go in any order, eight at once: the seats are those that are counted, and nobody waits beside one
/// that is free.
#[tokio::test]
async fn seats_are_as_counted_whatever_eight_clients_do_at_once() {
    let mut world = World::new(5).await;
    let programme = world.programme;
    let members = {
        let mut members = Vec::new();
        for _ in 0..16 {
            members.push(world.member().await);
        }
        members
    };
    let mut dice = Dice(31);
    for _ in 0..12 {
        let mut clients = Vec::new();
        for _ in 0..8 {
            let member = *dice.one(&members);
            let account = world.network.patient_account(member).await;
            let mut sql = world.network.connection().await;
            act(&mut sql, account).await;
            let verb = *dice.one(&["enrol", "enrol", "withdraw"]);
            clients.push((sql, format!("SELECT care.{verb}('{programme}', '{member}')::text")));
        }
        for done in race(clients).await {
            let known = ["enrolment_of_a_patient_is_one", "withdrawal_is_of_the_enrolled"];
            assert!(done.as_ref().is_ok() || known.contains(&done.as_ref().unwrap_err().as_str()), "{done:?}");
        }
        let sound =
            "SELECT (seats_taken = enrolled AND seats_taken <= capacity AND (seats_free = 0 OR waitlisted = 0))::text
                     FROM care.programme_figures";
        assert_eq!(world.network.one(sound).await, "true");
    }
}

#[tokio::test]
async fn only_staff_note_who_attends_and_only_of_those_who_have_a_seat() {
    let mut world = World::new(1).await;
    let (seated, waiting) = (world.member().await, world.member().await);
    let session = world.session("[2024-02-02 10:00Z, 2024-02-02 11:00Z)").await;
    let cancelled = world.session("[2024-02-09 10:00Z, 2024-02-09 11:00Z)").await;
    let coming = world.session("[2056-02-09 10:00Z, 2056-02-09 11:00Z)").await;
    world
        .network
        .run(&format!(
            "UPDATE care.programme_session SET cancelled_at = now() WHERE programme_session_id = '{cancelled}'"
        ))
        .await;
    for member in [seated, waiting] {
        let enrol = format!("SELECT care.enrol('{}', '{member}')", world.programme);
        world.as_patient(member, &enrol).await;
    }
    let attend = |session: Uuid, member: Uuid| format!("SELECT care.attend('{session}', '{member}')");
    let account = world.network.patient_account(seated).await;
    world.network.act(account).await;
    assert_eq!(world.network.refusal(&attend(session, seated)).await, "attendance_is_noted_by_staff");
    world.network.act(world.staff).await;
    world.network.run(&attend(session, seated)).await;
    assert_eq!(world.network.refusal(&attend(session, seated)).await, "attendance_is_once_a_session");
    assert_eq!(world.network.refusal(&attend(session, waiting)).await, "attendance_is_of_the_enrolled");
    for elsewhen in [cancelled, coming] {
        let rule = "attendance_is_of_a_session_that_takes_place";
        assert_eq!(world.network.refusal(&attend(elsewhen, seated)).await, rule);
    }
    world.network.rest().await;
    let other = World::beside(&mut world.network, 1).await;
    let directly = |programme: Uuid, session: Uuid, member: Uuid| {
        format!(
            "INSERT INTO care.attendance (patient_id, programme_id, enrolment_id, programme_session_id)
             SELECT '{member}', '{programme}', enrolment_id, '{session}' FROM care.enrolment WHERE patient_id = '{member}'"
        )
    };
    let programme = world.programme;
    let refusal = world.network.refusal(&directly(programme, session, waiting)).await;
    assert_eq!(refusal, "attendance_enrolment_is_admitted_fkey");
    let foreign = format!(
        "INSERT INTO care.programme_session (programme_id, during, title)
         VALUES ('{other}', '[2024-02-02 10:00Z, 2024-02-02 11:00Z)', 'there') RETURNING programme_session_id"
    );
    let foreign = world.network.id(&foreign).await;
    let refusal = world.network.refusal(&directly(other, foreign, seated)).await;
    assert_eq!(refusal, "attendance_enrolment_is_admitted_fkey");
    let refusal = world.network.refusal(&directly(programme, foreign, seated)).await;
    assert_eq!(refusal, "attendance_session_fkey");
}

#[tokio::test]
async fn a_programme_is_completed_by_attending_enough_and_stays_so() {
    let mut world = World::new(3).await;
    let (member, programme) = (world.member().await, world.programme);
    world.as_patient(member, &format!("SELECT care.enrol('{programme}', '{member}')")).await;
    let mut sessions = Vec::new();
    for day in 1..=3 {
        sessions.push(world.session(&format!("[2024-03-0{day} 10:00Z, 2024-03-0{day} 11:00Z)")).await);
    }
    let enrolment = world.network.id("SELECT enrolment_id FROM care.enrolment").await;
    let complete = format!("SELECT care.complete_enrolment('{enrolment}')");
    for session in &sessions[..2] {
        world.network.act(world.staff).await;
        assert_eq!(world.network.refusal(&complete).await, "enrolment_has_attended_enough");
        world.network.run(&format!("SELECT care.attend('{session}', '{member}')")).await;
    }
    let seen = "SELECT concat_ws(' ', status, sessions_needed, sessions_held, sessions_attended, rule_met)
                FROM care.programme_participation";
    assert_eq!(world.network.one(seen).await, "enrolled 2 3 2 t");
    let stranger = world.member().await;
    let account = world.network.patient_account(stranger).await;
    world.network.act(account).await;
    assert_eq!(world.network.refusal(&complete).await, "completion_is_of_the_enrolled");
    assert_eq!(world.network.rows("SELECT status FROM care.programme_participation").await, [""; 0]);
    world.network.act(world.staff).await;
    world.network.run(&complete).await;
    assert_eq!(world.network.refusal(&complete).await, "completion_is_of_the_enrolled");
    world.network.rest().await;
    let back = "UPDATE care.enrolment SET status = 'enrolled', completed_at = NULL";
    assert_eq!(world.network.refusal(back).await, "enrolment_takes_known_steps");
    let unearned = format!(
        "INSERT INTO care.enrolment (patient_id, programme_id, status) VALUES ('{stranger}', '{programme}', 'completed')"
    );
    assert_eq!(world.network.refusal(&unearned).await, "enrolment_has_attended_enough", "not by direct SQL either");
}

#[tokio::test]
async fn a_patient_writes_no_enrolment_and_sees_no_other() {
    let mut world = World::new(2).await;
    let (one, other, programme) = (world.member().await, world.member().await, world.programme);
    for member in [one, other] {
        world.as_patient(member, &format!("SELECT care.enrol('{programme}', '{member}')")).await;
    }
    let account = world.network.patient_account(one).await;
    world.network.act(account).await;
    for statement in [
        format!(
            "INSERT INTO care.enrolment (patient_id, programme_id, status) VALUES ('{one}', '{programme}', 'enrolled')"
        ),
        "UPDATE care.enrolment SET status = 'completed'".to_owned(),
        "DELETE FROM care.enrolment".to_owned(),
        format!("SELECT care.fill_seats('{programme}')"),
    ] {
        assert_eq!(world.network.refusal(&statement).await, "42501", "{statement}");
    }
    // Managers keep programmes by the same role: whoever else acts finds none to change.
    world.network.run("UPDATE care.programme SET seats_taken = 0").await;
    for verb in ["enrol", "withdraw"] {
        let rule = if verb == "enrol" { "enrolment_is_asked_by_who_may" } else { "withdrawal_is_asked_by_who_may" };
        let for_another = format!("SELECT care.{verb}('{programme}', '{other}')");
        assert_eq!(world.network.refusal(&for_another).await, rule);
    }
    assert_eq!(world.network.one("SELECT patient_id::text FROM care.enrolment").await, one.to_string());
    world.network.act(world.staff).await;
    assert_eq!(world.network.one("SELECT count(*)::text FROM care.enrolment").await, "2", "staff see their own");
    assert_eq!(world.network.one("SELECT seats_taken::text FROM care.programme").await, "2");
}

#[tokio::test]
async fn feedback_is_given_once_by_who_took_part_and_told_as_a_rating_from_five() {
    let mut world = World::new(5).await;
    let programme = world.programme;
    let give = |member: Uuid, rating: u8| {
        format!(
            "INSERT INTO care.programme_feedback (patient_id, programme_id, enrolment_id, rating)
             SELECT '{member}', '{programme}', enrolment_id, {rating} FROM care.enrolment WHERE patient_id = '{member}'
             RETURNING rating::text"
        )
    };
    let rating = format!("SELECT concat_ws(' ', ratings, average) FROM care.programme_rating('{programme}')");
    for (number, stars) in [5, 4, 4, 5, 2, 3].into_iter().enumerate() {
        let member = world.member().await;
        world.as_patient(member, &format!("SELECT care.enrol('{programme}', '{member}')")).await;
        if number == 5 {
            assert_eq!(world.network.refusal(&give(member, stars)).await, "programme_feedback_is_of_admitted_fkey");
            continue;
        }
        assert_eq!(world.network.one(&rating).await, "0", "{number} are too few to tell");
        world.as_patient(member, &give(member, stars)).await;
        assert_eq!(world.network.refusal(&give(member, stars)).await, "programme_feedback_is_once");
        let much = give(member, 6).replace("RETURNING rating::text", "");
        assert_eq!(world.network.refusal(&much).await, "programme_feedback_rating_is_1_to_5");
    }
    assert_eq!(world.network.one(&rating).await, "5 4.00");
    world.network.act(world.staff).await;
    assert_eq!(
        world.network.one("SELECT count(*)::text FROM care.programme_feedback").await,
        "0",
        "nobody else's words"
    );
}

#[tokio::test]
async fn sessions_do_not_overlap_in_their_programme_their_room_or_their_provider() {
    let mut world = World::new(1).await;
    let facility = world.network.facility("IL", "wellness_center").await;
    let elsewhere = world.network.facility("IL", "clinic").await;
    let room = format!("INSERT INTO care.room (facility_id, name) VALUES ('{facility}', 'Hall') RETURNING room_id");
    let room = world.network.id(&room).await;
    let other = World::beside(&mut world.network, 1).await;
    let provider = world.provider;
    let session = |programme: Uuid, period: &str, place: &str, by: &str| {
        format!(
            "INSERT INTO care.programme_session (programme_id, during, title, facility_id, room_id, provider_id)
             VALUES ('{programme}', '{period}', 'x', {place}, {by})"
        )
    };
    let hall = format!("'{facility}', '{room}'");
    let first = session(world.programme, "[2024-02-02 10:00Z, 2024-02-02 11:00Z)", &hall, &format!("'{provider}'"));
    world.network.run(&first).await;
    let over = "[2024-02-02 10:30Z, 2024-02-02 12:00Z)";
    let then = "[2024-02-02 11:00Z, 2024-02-02 12:00Z)";
    for (rule, statement) in [
        ("programme_session_is_one_at_a_time", session(world.programme, over, "NULL, NULL", "NULL")),
        ("programme_session_room_is_free", session(other, over, &hall, "NULL")),
        ("programme_session_provider_is_free", session(other, over, "NULL, NULL", &format!("'{provider}'"))),
        ("programme_session_room_fkey", session(other, then, &format!("'{elsewhere}', '{room}'"), "NULL")),
        ("programme_session_room_has_a_facility", session(other, then, &format!("NULL, '{room}'"), "NULL")),
        ("programme_session_period_is_half_open", session(other, "[2024-02-02, 2024-02-04)", "NULL, NULL", "NULL")),
    ] {
        assert_eq!(world.network.refusal(&statement).await, rule, "{statement}");
    }
    world.network.run(&session(other, then, &hall, &format!("'{provider}'"))).await;
    world.network.run("UPDATE care.programme_session SET cancelled_at = now()").await;
    world.network.run(&first).await;
}

#[tokio::test]
async fn a_programme_and_what_is_said_of_it_are_believable() {
    let mut world = World::new(2).await;
    for (rule, change) in [
        ("programme_capacity_is_believable", "capacity = 0"),
        ("programme_needs_some_sessions", "sessions_needed = 0"),
        ("programme_enrolment_is_half_open", "enrolment_during = '[2026-01-01,)'"),
        ("programme_period_is_half_open", "runs_during = 'empty'"),
        ("programme_topic_is_snake_case", "topic = 'Good sleep'"),
        ("programme_title_is_some", "title = ''"),
        ("programme_has_a_seat_for_each", "seats_taken = 3"),
    ] {
        assert_eq!(world.network.refusal(&format!("UPDATE care.programme SET {change}")).await, rule, "{change}");
    }
    let (member, programme) = (world.member().await, world.programme);
    world.as_patient(member, &format!("SELECT care.enrol('{programme}', '{member}')")).await;
    let before = "SELECT version::text FROM care.programme";
    assert_eq!(world.network.one(before).await, "1", "a seat that is taken is no edit");
    let note = |patient: Uuid, measure: &str| {
        format!(
            "INSERT INTO care.progress_update (patient_id, enrolment_id, noted_at, measure, value, unit)
             SELECT '{patient}', enrolment_id, '2024-03-01', '{measure}', 71.5, 'kg' FROM care.enrolment RETURNING measure"
        )
    };
    world.as_patient(member, &note(member, "body_weight")).await;
    assert_eq!(world.network.refusal(&note(member, "body_weight")).await, "progress_update_is_one_a_moment");
    assert_eq!(world.network.refusal(&note(member, "Weight")).await, "progress_update_measure_is_snake_case");
    let other = world.member().await;
    assert_eq!(world.network.refusal(&note(other, "mood")).await, "progress_update_enrolment_fkey");
}

#[tokio::test]
async fn a_programme_through_the_store() {
    let mut world = World::new(1).await;
    let (one, other) = (world.member().await, world.member().await);
    let sessions = [
        world.session("[2024-02-02 10:00Z, 2024-02-02 11:00Z)").await,
        world.session("[2024-02-09 10:00Z, 2024-02-09 11:00Z)").await,
    ];
    let (own, others) = (world.network.patient_account(one).await, world.network.patient_account(other).await);
    let (one, other, programme) = (PatientId(one), PatientId(other), ProgrammeId(world.programme));
    let (network, staff) = (&world.network, world.staff);
    let open = network.does(own, async |actor| store::open(actor, None).await).await;
    let listed: Vec<_> =
        open.iter().map(|run| (run.title.as_str(), run.first_on.to_string(), run.seats_free)).collect();
    assert_eq!(listed, [("Better sleep", "2024-01-01".to_owned(), 1)]);
    let enrol = async |actor: &mut Actor<'_>| store::enrol(actor, programme, one).await;
    assert_eq!(network.does(own, enrol).await, Admission::Enrolled);
    let sentence = "The patient is enrolled in this programme or waits for it already.";
    assert_eq!(network.told(own, enrol).await, sentence);
    let enrol = async |actor: &mut Actor<'_>| store::enrol(actor, programme, other).await;
    assert_eq!(network.does(others, enrol).await, Admission::Waitlisted);
    assert_eq!(network.does(others, async |actor| store::withdraw(actor, programme, other).await).await, 0);
    for session in sessions.map(ProgrammeSessionId) {
        network.does(staff, async |actor| store::attend(actor, session, one).await).await;
    }
    let participation = async |actor: &mut Actor<'_>| store::participation(actor, one).await;
    let taken = network.does(own, participation).await;
    let expected = (2, true, EnrolmentStatus::Enrolled);
    assert_eq!((taken[0].sessions_attended, taken[0].rule_met, taken[0].status), expected);
    network.does(own, async |actor| store::complete(actor, taken[0].enrolment_id).await).await;
    assert_eq!(network.does(own, participation).await[0].status, EnrolmentStatus::Completed);
    let foreign = network.does(own, async |actor| store::participation(actor, other).await).await;
    assert_eq!(foreign, [], "another's is not shown");
}

/// A programme of two sessions with so many seats, led by a provider.
struct World {
    network: Network,
    programme: Uuid,
    provider: Uuid,
    staff: Uuid,
}

impl World {
    async fn new(capacity: u32) -> World {
        let mut network = Network::new().await;
        let provider = network.provider().await;
        let staff = network.provider_account(provider).await;
        let programme = World::led_by(&mut network, capacity, &format!("'{provider}'")).await;
        World { network, programme, provider, staff }
    }

    /// One more programme, which nobody leads.
    async fn beside(network: &mut Network, capacity: u32) -> Uuid {
        World::led_by(network, capacity, "NULL").await
    }

    async fn led_by(network: &mut Network, capacity: u32, provider: &str) -> Uuid {
        network
            .id(&format!(
                "INSERT INTO care.programme (provider_id, capacity, sessions_needed, enrolment_during, runs_during, topic,
                                             title, description)
                 VALUES ({provider}, {capacity}, 2, '[2020-01-01, 2056-01-01)', '[2024-01-01, 2056-12-01)', 'sleep', 'Better sleep',
                         'Six evenings') RETURNING programme_id"
            ))
            .await
    }

    /// One more patient; nobody acts afterwards.
    async fn member(&mut self) -> Uuid {
        self.network.rest().await;
        self.network.patient().await
    }

    async fn session(&mut self, period: &str) -> Uuid {
        let insert = format!(
            "INSERT INTO care.programme_session (programme_id, during, title) VALUES ('{}', '{period}', 'Evening')
             RETURNING programme_session_id",
            self.programme
        );
        self.network.id(&insert).await
    }

    async fn as_patient(&mut self, patient: Uuid, query: &str) -> String {
        let account = self.network.patient_account(patient).await;
        self.network.act(account).await;
        let given = self.network.one(query).await;
        self.network.rest().await;
        given
    }

    async fn status(&mut self, patient: Uuid) -> String {
        self.network.one(&format!("SELECT status FROM care.enrolment WHERE patient_id = '{patient}'")).await
    }

    async fn seats(&mut self) -> String {
        let figures =
            "SELECT format('%s of %s, %s enrolled, %s waitlisted', seats_taken, capacity, enrolled, waitlisted)
                       FROM care.programme_figures";
        self.network.one(figures).await
    }

    /// So many patients, each on a connection of the own account with a statement.
    async fn clients(
        &mut self,
        count: u32,
        statement: impl Fn(Uuid, Uuid) -> String,
    ) -> Vec<(sqlx::PgConnection, String)> {
        let mut clients = Vec::new();
        for _ in 0..count {
            let patient = self.member().await;
            let account = self.network.patient_account(patient).await;
            let mut sql = self.network.connection().await;
            act(&mut sql, account).await;
            clients.push((sql, statement(self.programme, patient)));
        }
        clients
    }

    /// The rules that refused eight statements of the superuser at once.
    async fn race_directly(&mut self, statement: impl Fn(Uuid) -> String) -> Vec<String> {
        let mut clients = Vec::new();
        for _ in 0..8 {
            let patient = self.member().await;
            clients.push((self.network.connection().await, statement(patient)));
        }
        race(clients).await.into_iter().filter_map(Result::err).collect()
    }
}
