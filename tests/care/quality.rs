//! What who watches the quality of care is told: counts of many that brute force confirms, and nobody's row.

use healthtrack::model::people::FacilityId;
use healthtrack::model::time::Day;
use healthtrack::store::care::quality;
use uuid::Uuid;

use super::caller::Caller;
use super::network::Network;

/// So many people who had a visit in a month with a provider, each on an hour of its own.
async fn visits(network: &mut Network, facility: Uuid, provider: Uuid, month: &str, people: u32, status: &str) {
    network
        .run(&format!(
            "WITH patient AS (
                 INSERT INTO care.patient (born_on, sex, time_zone)
                 SELECT '1980-05-17', 'female', 'America/Chicago' FROM generate_series(1, {people}) RETURNING patient_id
             )
             INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             SELECT patient_id, '{provider}', '{facility}', tstzrange(at, at + INTERVAL '30 minutes'), '{status}'
             FROM (SELECT patient_id, row_number() OVER () FROM patient) AS p (patient_id, place),
                  LATERAL (SELECT {month} + (SELECT count(*) FROM care.appointment) * INTERVAL '1 hour'
                                  + place * INTERVAL '1 hour') AS moment (at)"
        ))
        .await;
}

const RULE: &str = "quality_is_counted_for_who_watches_it";
const JANUARY: &str = "TIMESTAMPTZ '2026-01-01 08:00Z'";

/// Questions with the kind of look that each takes.
const ASKED: [(&str, &str, &str); 8] = [
    ("adherence", "count_adherence", "2025"),
    ("conditions", "count_conditions", ""),
    ("engagement", "count_engagement", "NULL, '2020-01-01', '2030-01-01'"),
    ("patients", "count_patients", "NULL"),
    ("programmes", "count_programme_outcomes", "NULL"),
    ("readmissions", "count_readmissions", "NULL"),
    ("samples", "average_samples", "'heart_rate', '2020-01-01', '2030-01-01'"),
    ("visits", "count_visits", "NULL, '2020-01-01', '2030-01-01'"),
];

#[tokio::test]
async fn counts_are_for_clinical_quality_alone_and_each_question_is_an_event() {
    let mut network = Network::owned().await;
    let (facility, provider) = (network.facility("IL", "clinic").await, network.provider().await);
    let patient = network.patient().await;
    for (part, whose) in [
        ("patient", Some(patient)),
        ("provider", Some(provider)),
        ("front_desk", Some(facility)),
        ("facility_manager", Some(facility)),
        ("network_admin", None),
        ("operator", None),
        ("privacy_officer", None),
    ] {
        let account = network.account(part, whose).await;
        let mut caller = Caller::of(&network, account).await;
        for (kind, function, arguments) in ASKED {
            let kind = format!("quality_{kind}");
            let look = caller.tries(&format!("look($t, NULL, '{kind}', NULL)")).await.unwrap();
            assert_eq!(look, "", "{part}: {kind}");
            network.run(&format!("UPDATE access.look_kind SET parts = NULL WHERE kind = '{kind}'")).await;
            let told = caller.tries_to_read("true::text", function, None, &kind, arguments).await;
            assert_eq!(told, Err(RULE.to_owned()), "{part}: {function} asks as well");
            let parts = "'{clinical_quality}'";
            network.run(&format!("UPDATE access.look_kind SET parts = {parts} WHERE kind = '{kind}'")).await;
        }
    }
    let watcher = network.account("clinical_quality", None).await;
    let mut caller = Caller::of(&network, watcher).await;
    for (kind, function, arguments) in ASKED {
        caller.read("true::text", function, None, &format!("quality_{kind}"), arguments).await;
    }
    let events =
        format!("SELECT resource FROM access.audit_event WHERE actor = '{watcher}' AND action = 'read' ORDER BY 1");
    assert_eq!(network.rows(&events).await, ASKED.map(|(kind, ..)| format!("quality_{kind}")));
    let unseen = caller.refused("count_visits($t, gen_random_uuid(), NULL, NULL, '2020-01-01', '2030-01-01')").await;
    assert_eq!(unseen, "look_is_recorded", "a question that is taken back leaves its event");
    let mut portal = network.portal_of(watcher).await;
    for table in
        ["care.appointment", "care.encounter", "care.patient", "care.condition", "care.enrolment", "care.centre_visit"]
    {
        let rows = format!("SELECT count(*) FROM {table}");
        let seen: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(rows)).fetch_one(&mut portal).await.unwrap();
        assert_eq!(seen, 0, "{table}");
    }
}

#[tokio::test]
async fn a_cell_of_ten_is_hidden_also_beside_its_neighbours_and_their_sum() {
    let mut told = Vec::new();
    for hidden in [8, 9, 10] {
        let mut network = Network::owned().await;
        let facility = network.facility("IL", "clinic").await;
        let (many, few) = (network.provider().await, network.provider().await);
        visits(&mut network, facility, many, JANUARY, 20, "completed").await;
        visits(&mut network, facility, few, JANUARY, hidden, "completed").await;
        let mut watcher = {
            let account = network.account("clinical_quality", None).await;
            Caller::of(&network, account).await
        };
        let cell = "(provider_id IS NULL) || ' ' || month || ' ' || patients";
        let asked = "NULL, '2026-01-01', '2026-02-01'";
        told.push(watcher.read(cell, "count_visits", None, "quality_visits", asked).await);
    }
    assert_eq!(told[0], ["true 2026-01-01 30", "false 2026-01-01 20"]);
    assert!(told.iter().all(|shown| *shown == told[0]), "eight, nine and ten look the same: {told:?}");
}

#[tokio::test]
async fn a_month_is_counted_once_it_is_over_and_a_rate_only_where_neither_side_is_few() {
    let mut network = Network::owned().await;
    let (facility, provider) = (network.facility("IL", "clinic").await, network.provider().await);
    for (month, missed) in [("2026-01-01", 11), ("2026-02-01", 10)] {
        let start = format!("TIMESTAMPTZ '{month} 08:00Z'");
        visits(&mut network, facility, provider, &start, 30, "completed").await;
        visits(&mut network, facility, provider, &start, missed, "no_show").await;
    }
    visits(&mut network, facility, provider, "date_trunc('month', now(), 'UTC')", 30, "completed").await;
    let account = network.account("clinical_quality", None).await;
    let (first, stop) = ("2026-01-01".parse().unwrap(), "2036-01-01".parse().unwrap());
    let place = Some(FacilityId(facility));
    let counted = network.does(account, async |actor| quality::visits(actor, place, (first, stop)).await).await;
    let cells: Vec<(Day, bool, i64, Option<f64>)> =
        counted.iter().map(|cell| (cell.month, cell.provider_id.is_some(), cell.patients, cell.missed_rate)).collect();
    let (january, february) = (first, "2026-02-01".parse().unwrap());
    assert_eq!(
        cells,
        [
            (february, false, 40, None),
            (february, true, 40, None),
            (january, false, 40, Some(0.25)),
            (january, true, 40, Some(0.25))
        ],
        "ten who missed are not told, and the month that runs is not counted"
    );
    assert_eq!(network.does(account, async |actor| quality::patients(actor, place).await).await.len(), 1);
}

#[tokio::test]
async fn programmes_centres_drugs_and_discharges_are_counted_by_people() {
    let mut network = Network::owned().await;
    let (facility, provider) = (network.facility("IL", "wellness_center").await, network.provider().await);
    network
        .run(&format!(
            "INSERT INTO care.patient (born_on, sex, time_zone)
             SELECT '1980-05-17', 'female', 'America/Chicago' FROM generate_series(1, 24);
             INSERT INTO care.centre_visit (patient_id, facility_id, present_during)
             SELECT patient_id, '{facility}', tstzrange(at, at + INTERVAL '1 hour')
             FROM care.patient, unnest('{{2026-01-05 10:00Z,2026-01-06 10:00Z}}'::timestamptz[]) AS at;
             INSERT INTO care.programme (facility_id, capacity, sessions_needed, enrolment_during, runs_during, topic,
                                         title, description)
             VALUES ('{facility}', 30, 1, '[2026-01-01 00:00Z, 2026-02-01 00:00Z)', '[2026-01-01, 2026-02-01)', 'sleep',
                     'Sleep', '');
             INSERT INTO care.enrolment (programme_id, patient_id, status, admitted_at)
             SELECT programme_id, patient_id, CASE WHEN place > 12 THEN 'enrolled' ELSE 'withdrawn' END, '2026-01-02 00:00Z'
             FROM care.programme,
                  (SELECT patient_id, row_number() OVER (ORDER BY patient_id) FROM care.patient) AS p (patient_id, place);
             INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, class, admission_type, service_line,
                                         discharge_disposition, during)
             SELECT patient_id, '{facility}', '{provider}', 'inpatient', 'emergency', 'medical', 'home', during
             FROM (SELECT patient_id, row_number() OVER (ORDER BY patient_id) FROM care.patient) AS p (patient_id, place),
                  unnest(ARRAY[tstzrange('2025-03-01 00:00Z', '2025-03-04 00:00Z'),
                               tstzrange('2025-03-10 00:00Z', '2025-03-12 00:00Z')]) AS during
             WHERE place > 12 OR lower(during) < '2025-03-05'"
        ))
        .await;
    let account = network.account("clinical_quality", None).await;
    let place = Some(FacilityId(facility));
    let months = ("2026-01-01".parse().unwrap(), "2026-02-01".parse().unwrap());
    let programmes = network.does(account, async |actor| quality::programmes(actor, place).await).await;
    let [ended] = programmes.as_slice() else { panic!("{programmes:?}") };
    assert_eq!((ended.patients, ended.completed_rate, ended.withdrawn_rate), (25, Some(0.0), Some(0.4)), "as rounded");
    let came = network.does(account, async |actor| quality::engagement(actor, place, months).await).await;
    assert_eq!(came.len(), 1);
    assert_eq!((came[0].members, came[0].attended_rate), (25, Some(0.0)), "who came twice is counted once");
    let back = network.does(account, async |actor| quality::readmissions(actor, place).await).await;
    let cells: Vec<_> = back.iter().map(|cell| (cell.provider_id.is_some(), cell.year, cell.patients)).collect();
    assert_eq!(cells, [(false, 2025, 25), (true, 2025, 25)]);
    let none = network.does(account, async |actor| quality::adherence(actor, 2025).await).await;
    assert_eq!(none, []);
    assert_eq!(network.does(account, async |actor| quality::conditions(actor).await).await, []);
    assert_eq!(network.does(account, async |actor| quality::samples(actor, "heart_rate", months).await).await, []);
}
