//! Staff and services of facilities, and wellness centres: visits of centres alone, and engagement that equals what is counted anew.

use healthtrack::model::people::FacilityId;
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::context::Maintenance;
use healthtrack::store::care::directory::{FacilityQuery, find_facilities, list_services, list_staff};
use healthtrack::store::care::programme;
use uuid::Uuid;

use super::network::Network;
use super::wellness::{Dice, race};

#[tokio::test]
async fn staff_and_services_are_of_any_facility_and_visits_of_wellness_centres() {
    let mut network = Network::new().await;
    let (centre, hospital) =
        (network.facility("IL", "wellness_center").await, network.facility("IL", "hospital").await);
    let (provider, patient) = (network.provider().await, network.patient().await);
    let staff = |facility: Uuid, who: &str, period: &str| {
        format!(
            "INSERT INTO care.affiliation (facility_id, provider_id, staff_name, role, valid_during)
             VALUES ('{facility}', {who}, 'trainer', '{period}')"
        )
    };
    let service = |facility: Uuid, minutes: u32| {
        format!(
            "INSERT INTO care.facility_service (facility_id, service, name, duration_minutes)
             VALUES ('{facility}', 'yoga', 'Yin yoga', {minutes})"
        )
    };
    let visit = |facility: Uuid, period: &str| {
        format!(
            "INSERT INTO care.centre_visit (patient_id, facility_id, present_during)
             VALUES ('{patient}', '{facility}', '{period}')"
        )
    };
    let ada = format!("'{provider}', NULL");
    network.run(&staff(centre, &ada, "[2026-01-01, 2026-02-01)")).await;
    network.run(&staff(centre, "NULL, 'Grace'", "[2026-01-01,)")).await;
    network.run(&staff(hospital, "NULL, 'Grace'", "[2026-01-01,)")).await;
    network.run(&service(centre, 45)).await;
    network.run(&service(hospital, 45)).await;
    network.run(&service(centre, 60).replace("Yin", "Morning")).await;
    network.run(&visit(centre, "[2026-03-01 10:00Z, 2026-03-01 11:00Z)")).await;
    for (rule, statement) in [
        ("affiliation_is_of_one_person", staff(centre, &format!("'{provider}', 'Ada'"), "[2026-05-01,)")),
        ("affiliation_is_of_one_person", staff(centre, "NULL, NULL", "[2026-05-01,)")),
        ("affiliation_is_of_one_person", staff(centre, "NULL, ' '", "[2026-05-01,)")),
        ("affiliation_does_not_overlap", staff(centre, &ada, "[2026-01-31,)")),
        ("affiliation_of_a_name_does_not_overlap", staff(centre, "NULL, 'Grace'", "[2026-05-01,)")),
        ("affiliation_begins", staff(centre, &ada, "empty")),
        ("affiliation_role_fkey", staff(centre, &ada, "[2026-06-01,)").replace("'trainer'", "'a trainer'")),
        ("staff_role_is_snake_case", "INSERT INTO care.staff_role VALUES ('A trainer', 'x')".to_owned()),
        ("staff_role_title_is_some", "UPDATE care.staff_role SET title = ' '".to_owned()),
        ("facility_service_is_offered_once", service(centre, 60)),
        ("facility_service_name_is_unique_in_its_facility", service(centre, 60).replace("'yoga'", "NULL")),
        ("facility_service_duration_is_believable", service(hospital, 0)),
        ("centre_visit_centre_fkey", visit(hospital, "[2026-03-02 10:00Z, 2026-03-02 11:00Z)")),
        ("centre_visit_is_at_one_place", visit(centre, "[2026-03-01 10:30Z,)")),
        ("centre_visit_period_is_half_open", visit(centre, "[2026-03-02, 2026-03-04)")),
    ] {
        assert_eq!(network.refusal(&statement).await, rule, "{statement}");
    }
    network.run(&format!("UPDATE care.facility SET category = 'clinic' WHERE facility_id = '{centre}'")).await;
    let no_more = format!(
        "DELETE FROM care.facility_has_category WHERE facility_id = '{centre}' AND category = 'wellness_center'"
    );
    let refusal = network.refusal(&no_more).await;
    assert!(refusal.ends_with("_centre_fkey"), "a centre with visits stays one: {refusal}");
    let foreign = format!(
        "INSERT INTO care.centre_visit (patient_id, facility_id, facility_service_id, present_during)
         SELECT '{patient}', '{centre}', facility_service_id, '[2026-03-05 10:00Z,)' FROM care.facility_service
         WHERE facility_id = '{hospital}'"
    );
    assert_eq!(network.refusal(&foreign).await, "centre_visit_service_fkey");
}

#[tokio::test]
async fn services_and_staff_of_today_are_listed_to_everybody() {
    let mut network = Network::new().await;
    let centre = network.facility("IL", "wellness_center").await;
    let (provider, retired) = (network.provider().await, network.provider().await);
    network
        .run(&format!(
            "UPDATE care.provider SET retired_on = current_date - 1 WHERE provider_id = '{retired}';
             INSERT INTO care.facility_service (facility_id, service, name, duration_minutes, capacity, withdrawn_on)
             VALUES ('{centre}', 'yoga', 'Yin yoga', 45, 12, NULL), ('{centre}', 'yoga', 'Morning yoga', 30, NULL, NULL),
                    ('{centre}', 'fitness', NULL, NULL, NULL, NULL), ('{centre}', NULL, 'Sauna', NULL, 4, NULL),
                    ('{centre}', 'nutrition', NULL, NULL, NULL, current_date - 3);
             INSERT INTO care.affiliation (facility_id, provider_id, staff_name, role, valid_during)
             VALUES ('{centre}', '{provider}', NULL, 'director', '[2020-01-01,)'),
                    ('{centre}', '{provider}', NULL, 'dietitian', '[2020-01-01,)'),
                    ('{centre}', '{retired}', NULL, 'therapist', '[2020-01-01,)'),
                    ('{centre}', NULL, 'Grace', 'yoga_teacher', '[2020-01-01,)'),
                    ('{centre}', NULL, 'Edith', 'trainer', '[2020-01-01, 2021-01-01)')"
        ))
        .await;
    let patient = network.patient().await;
    let anybody = network.account("patient", Some(patient)).await;
    let facility = FacilityId(centre);
    let offered = network.does(anybody, async |actor| list_services(actor, facility).await).await;
    let offered = offered.iter().map(|o| (o.name.as_str(), o.service.as_deref(), o.duration_minutes, o.capacity));
    assert_eq!(
        offered.collect::<Vec<_>>(),
        [
            ("Fitness training", Some("fitness"), None, None),
            ("Morning yoga", Some("yoga"), Some(30), None),
            ("Sauna", None, None, Some(4)),
            ("Yin yoga", Some("yoga"), Some(45), Some(12)),
        ]
    );
    let staff = network.does(anybody, async |actor| list_staff(actor, facility).await).await;
    let staff = staff.iter().map(|one| (one.title.as_str(), one.name.as_str(), one.provider_id.map(|id| id.0)));
    assert_eq!(
        staff.collect::<Vec<_>>(),
        [
            ("Dietitian", "Ada Okafor", Some(provider)),
            ("Director", "Ada Okafor", Some(provider)),
            ("Yoga teacher", "Grace", None),
        ]
    );
    // What is found by its word is offered today, and each word is told once.
    let query = FacilityQuery::default();
    let found = network.does(anybody, async |actor| find_facilities(actor, &query).await).await;
    assert_eq!(found[0].services, ["fitness", "yoga"]);
    let query = FacilityQuery { service: Some("nutrition"), ..FacilityQuery::default() };
    assert_eq!(network.does(anybody, async |actor| find_facilities(actor, &query).await).await, []);
}

#[tokio::test]
async fn a_visit_is_noted_by_the_centres_own_desk() {
    let mut network = Network::new().await;
    let centre = network.facility("IL", "wellness_center").await;
    let other = network.facility("MA", "wellness_center").await;
    let (patient, stranger) = (network.patient().await, network.patient().await);
    let own = network.patient_account(patient).await;
    let another = network.patient_account(stranger).await;
    let desk = network.staff_account("front_desk", Some(centre)).await;
    let elsewhere = network.staff_account("front_desk", Some(other)).await;
    let biller = network.staff_account("biller", Some(centre)).await;
    let visit = format!(
        "INSERT INTO care.centre_visit (patient_id, facility_id, present_during)
         VALUES ('{patient}', '{centre}', '[2026-03-01 10:00Z, 2026-03-01 11:00Z)')"
    );
    for account in [own, elsewhere, biller] {
        network.act(account).await;
        assert_eq!(network.refusal(&visit).await, "42501");
    }
    network.act(desk).await;
    network.run(&visit).await;
    let mut seen = Vec::new();
    for account in [own, another, desk, elsewhere, biller] {
        network.act(account).await;
        seen.push(network.one("SELECT count(*)::text FROM care.centre_visit").await);
    }
    assert_eq!(seen, ["1", "0", "1", "0", "0"]);
    let refresh = "SELECT care.refresh_engagement('2026-01-01', '2027-01-01')";
    assert_eq!(network.refusal(refresh).await, "42501");
}

/// Counts every day anew from the rows themselves, in the facility's own days.
const ANEW: &str = "
    WITH happened AS (
        SELECT facility_id, lower(present_during) AS at, patient_id, 'visit' AS what FROM care.centre_visit
        UNION ALL
        SELECT s.facility_id, a.attended_at, a.patient_id, 'attendance'
        FROM care.attendance a JOIN care.programme_session s USING (programme_session_id)
        UNION ALL
        SELECT p.facility_id, e.admitted_at, NULL, 'enrolment' FROM care.enrolment e JOIN care.programme p USING (programme_id)
        WHERE e.admitted_at IS NOT NULL
    )
    SELECT facility_id, (at AT TIME ZONE time_zone)::date AS day, count(*) FILTER (WHERE what = 'visit') AS visits,
           count(DISTINCT patient_id) AS members, count(*) FILTER (WHERE what = 'attendance') AS attendances,
           count(*) FILTER (WHERE what = 'enrolment') AS enrolments
    FROM happened JOIN care.facility USING (facility_id)
    WHERE facility_id IN (SELECT facility_id FROM care.facility_has_category WHERE category = 'wellness_center') GROUP BY 1, 2";
const KEPT: &str = "
    SELECT facility_id, counted_on AS day, visits::bigint, members::bigint, attendances::bigint, enrolments::bigint
    FROM care.centre_engagement_day";

#[tokio::test]
async fn engagement_is_what_counting_anew_gives_whatever_happens_in_between() {
    let mut world = World::new(57).await;
    for round in 0..12 {
        for _ in 0..25 {
            world.something().await;
        }
        world.refresh().await;
        assert_eq!(world.differences().await, [""; 0], "round {round}");
    }
    let days = world.network.one("SELECT count(*)::text FROM care.centre_engagement_day").await;
    assert!(days.parse::<u32>().unwrap() > 20, "the comparison was of something: {days}");
    assert_eq!(world.refresh().await, "0", "nothing is counted twice");
    // Planted: a change that nobody notes.
    world.network.run("ALTER TABLE care.centre_visit DISABLE TRIGGER centre_visit_is_noted").await;
    world.network.run("DELETE FROM care.centre_visit").await;
    world.refresh().await;
    assert_ne!(world.differences().await, [""; 0], "the comparison sees what it should");
}

#[tokio::test]
async fn days_outside_the_asked_time_wait_for_their_own_refresh() {
    let mut world = World::new(58).await;
    let (centre, patient) = (world.centres[0], world.patients[0]);
    for day in ["2026-03-01", "2026-03-02", "2026-03-03"] {
        let visit = format!(
            "INSERT INTO care.centre_visit (patient_id, facility_id, present_during)
             VALUES ('{patient}', '{centre}', '[{day} 15:00Z, {day} 16:00Z)')"
        );
        world.network.run(&visit).await;
    }
    let kept = "SELECT counted_on::text FROM care.centre_engagement_day ORDER BY 1";
    let ask = "SELECT care.refresh_engagement('2026-03-02', '2026-03-03')::text";
    assert_eq!(world.network.one(ask).await, "1");
    assert_eq!(world.network.rows(kept).await, ["2026-03-02"]);
    let sql = &mut world.network.sql;
    let day = |text: &str| text.parse().unwrap();
    let counted = programme::refresh_engagement(&mut Maintenance::on(sql), day("2026-01-01"), day("2027-01-01")).await;
    assert_eq!(counted.unwrap(), 2);
    assert_eq!(world.network.rows(kept).await, ["2026-03-01", "2026-03-02", "2026-03-03"]);
    let desk = world.network.staff_account("front_desk", Some(centre)).await;
    let elsewhere = world.network.staff_account("front_desk", Some(world.centres[1])).await;
    let mut seen = Vec::new();
    for account in [desk, elsewhere] {
        let read = async |actor: &mut Actor<'_>| {
            programme::engagement(actor, FacilityId(centre), day("2026-03-02"), day("2026-03-09")).await
        };
        let days = world.network.does(account, read).await;
        seen.push(days.iter().map(|day| format!("{} {}", day.counted_on, day.visits)).collect::<Vec<_>>().join(", "));
    }
    assert_eq!(seen, ["2026-03-02 1, 2026-03-03 1", ""], "the centre's own desk reads them");
}

#[tokio::test]
async fn a_writer_that_commits_after_a_refresh_is_counted_by_the_next_one() {
    let mut world = World::new(59).await;
    let centre = world.centres[0];
    let visit = |patient: Uuid| {
        format!(
            "INSERT INTO care.centre_visit (patient_id, facility_id, present_during)
             VALUES ('{patient}', '{centre}', '[2026-03-01 15:00Z, 2026-03-01 16:00Z)')"
        )
    };
    world.network.run(&visit(world.patients[0])).await;
    let mut slow = world.network.connection().await;
    let late = format!("BEGIN; {}", visit(world.patients[1]));
    sqlx::Executor::execute(&mut slow, sqlx::AssertSqlSafe(late)).await.unwrap();
    let kept = "SELECT visits || ' ' || members FROM care.centre_engagement_day";
    assert_eq!(world.refresh().await, "1");
    assert_eq!(world.network.one(kept).await, "1 1", "what is not committed is not counted");
    sqlx::Executor::execute(&mut slow, "COMMIT").await.unwrap();
    assert_eq!(world.refresh().await, "1");
    assert_eq!(world.network.one(kept).await, "2 2");
}

#[tokio::test]
async fn seven_who_write_while_one_counts_leave_nothing_uncounted() {
    let mut world = World::new(60).await;
    for round in 0..6 {
        let mut clients = Vec::new();
        for number in 0..7 {
            let (patient, centre) = (world.patients[number], world.centres[number % 2]);
            let at = format!("timestamptz '2026-03-0{} 15:00Z'", 1 + round);
            let visit = format!(
                "INSERT INTO care.centre_visit (patient_id, facility_id, present_during)
                 VALUES ('{patient}', '{centre}', tstzrange({at}, {at} + INTERVAL '1 hour')) RETURNING 'came'"
            );
            clients.push((world.network.connection().await, visit));
        }
        let count = "SELECT care.refresh_engagement('2026-01-01', '2027-01-01')::text".to_owned();
        clients.push((world.network.connection().await, count));
        assert!(race(clients).await.iter().all(Result::is_ok));
    }
    world.refresh().await;
    assert_eq!(world.differences().await, [""; 0]);
    let visits = world.network.one("SELECT sum(visits)::text FROM care.centre_engagement_day").await;
    assert_eq!(visits, "42");
}

/// Two centres in two time zones and a hospital, programmes of each, and people who come and go.
struct World {
    network: Network,
    dice: Dice,
    centres: Vec<Uuid>,
    patients: Vec<Uuid>,
}

impl World {
    async fn new(seed: u64) -> World {
        let mut network = Network::new().await;
        network.run("SELECT setseed(0.57)").await;
        let mut centres = Vec::new();
        for (state, category) in [("IL", "wellness_center"), ("CA", "wellness_center"), ("IL", "hospital")] {
            centres.push(network.facility(state, category).await);
        }
        let west =
            format!("UPDATE care.facility SET time_zone = 'America/Los_Angeles' WHERE facility_id = '{}'", centres[1]);
        network.run(&west).await;
        for centre in &centres {
            network
                .run(&format!(
                    "WITH made AS (
                         INSERT INTO care.programme (facility_id, capacity, sessions_needed, enrolment_during, runs_during,
                                                     topic, title, description)
                         VALUES ('{centre}', 50, 1, '[2020-01-01, 2056-01-01)', '[2026-03-01, 2026-04-01)', 'sleep', 'x', 'x')
                         RETURNING programme_id
                     )
                     INSERT INTO care.programme_session (programme_id, facility_id, during, title)
                     SELECT programme_id, '{centre}', tstzrange(day, day + INTERVAL '1 hour'), 'x'
                     FROM made, generate_series('2026-03-02'::timestamptz, '2026-03-20', '3 days') AS day"
                ))
                .await;
        }
        let mut patients = Vec::new();
        for _ in 0..12 {
            patients.push(network.patient().await);
        }
        World { network, dice: Dice(seed), centres, patients }
    }

    /// One of the things that happen at a centre, at some time in March: nothing where it cannot.
    async fn something(&mut self) {
        let patient = *self.dice.one(&self.patients);
        let centre = *self.dice.one(&self.centres);
        let at = format!("timestamptz '2026-03-01 00:00Z' + INTERVAL '{} minutes'", self.dice.below(20 * 24 * 6) * 10);
        let any = "ORDER BY random() LIMIT 1";
        let statement = match self.dice.below(10) {
            0..=2 => format!(
                "INSERT INTO care.centre_visit (patient_id, facility_id, present_during)
                 SELECT '{patient}', facility_id, tstzrange({at}, {at} + INTERVAL '50 minutes')
                 FROM care.facility_has_category WHERE facility_id = '{centre}' AND category = 'wellness_center'
                 ON CONFLICT DO NOTHING"
            ),
            3 => format!(
                "UPDATE care.centre_visit v SET present_during = tstzrange({at}, {at} + INTERVAL '5 minutes')
                 WHERE centre_visit_id = (SELECT centre_visit_id FROM care.centre_visit {any})
                   AND NOT EXISTS (SELECT FROM care.centre_visit o WHERE o.patient_id = v.patient_id
                       AND o.present_during && tstzrange({at}, {at} + INTERVAL '5 minutes'))"
            ),
            4 => format!(
                "DELETE FROM care.centre_visit WHERE centre_visit_id = (SELECT centre_visit_id FROM care.centre_visit {any})"
            ),
            5 => format!(
                "INSERT INTO care.enrolment (patient_id, programme_id, admitted_at, status)
                 SELECT '{patient}', programme_id, {at}, 'enrolled' FROM care.programme WHERE facility_id = '{centre}'
                 ON CONFLICT DO NOTHING"
            ),
            6 => format!(
                "INSERT INTO care.attendance (patient_id, programme_id, enrolment_id, programme_session_id, attended_at)
                 SELECT patient_id, programme_id, enrolment_id, programme_session_id, {at}
                 FROM care.enrolment JOIN care.programme_session USING (programme_id) {any} ON CONFLICT DO NOTHING"
            ),
            7 => format!(
                "UPDATE care.enrolment SET admitted_at = {at}
                 WHERE enrolment_id = (SELECT enrolment_id FROM care.enrolment {any})"
            ),
            8 => format!(
                "UPDATE care.facility SET time_zone = '{}' WHERE facility_id = '{centre}'",
                self.dice.one(&["America/Chicago", "Pacific/Kiritimati", "Etc/GMT+12"])
            ),
            _ => format!(
                "UPDATE care.{} SET facility_id = '{centre}' WHERE programme_id = (SELECT programme_id FROM care.programme {any})",
                self.dice.one(&["programme", "programme_session"])
            ),
        };
        self.network.run(&statement).await;
    }

    async fn refresh(&mut self) -> String {
        self.network.one("SELECT care.refresh_engagement('2026-01-01', '2027-01-01')::text").await
    }

    async fn differences(&mut self) -> Vec<String> {
        let query = format!(
            "SELECT concat_ws(' ', 'not kept:', d.*) FROM ({ANEW} EXCEPT {KEPT}) AS d
             UNION ALL SELECT concat_ws(' ', 'kept for nothing:', d.*) FROM ({KEPT} EXCEPT ({ANEW})) AS d"
        );
        self.network.rows(&query).await
    }
}
