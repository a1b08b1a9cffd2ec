//! What an analyst sees: counts of many, equal to what brute force counts, and nothing from which one person could be
//! told.

use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

use super::network::{Network, refused_by};

/// Completed visits of so many people of a sex at a facility, each on an hour and with a provider of its own.
async fn visits(network: &mut Network, facility: Uuid, sex: &str, people: u32, status: &str) {
    network
        .run(&format!(
            "WITH provider AS (
                 INSERT INTO care.provider (family_name, given_name, email) VALUES ('A', 'B', 'a@b.example') RETURNING provider_id
             ), patient AS (
                 INSERT INTO care.patient (born_on, sex, time_zone)
                 SELECT '1980-05-17', '{sex}', 'America/Chicago' FROM generate_series(1, {people}) RETURNING patient_id
             )
             INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             SELECT patient_id, provider_id, '{facility}', tstzrange(at, at + INTERVAL '30 minutes'), '{status}'
             FROM (SELECT patient_id, row_number() OVER () FROM patient) AS p (patient_id, place), provider,
                  LATERAL (SELECT TIMESTAMPTZ '2026-01-05 08:00Z' + place * INTERVAL '1 hour') AS moment (at)"
        ))
        .await;
}

async fn rows(network: &Network, login: &str, query: &str) -> Vec<String> {
    let mut connection = network.login(login).await;
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(&mut connection).await.unwrap()
}

const PATIENTS: &str = "SELECT sex || ' ' || age_band || ' ' || patients FROM care.insight_patients ORDER BY 1";

#[tokio::test]
async fn a_cell_of_ten_is_hidden_and_one_of_eleven_is_rounded() {
    let mut network = Network::owned().await;
    let facility = network.facility("IL", "clinic").await;
    for (sex, people) in [("female", 10), ("male", 11), ("other", 23)] {
        visits(&mut network, facility, sex, people, "completed").await;
    }
    assert_eq!(rows(&network, "analyst", PATIENTS).await, ["male 40-64 10", "other 40-64 25"]);
}

#[tokio::test]
async fn a_hidden_cell_cannot_be_had_by_taking_its_neighbours_from_their_sum() {
    let mut published = Vec::new();
    for hidden in [8, 9, 10] {
        let mut network = Network::owned().await;
        let facility = network.facility("IL", "clinic").await;
        visits(&mut network, facility, "male", 20, "completed").await;
        visits(&mut network, facility, "female", hidden, "completed").await;
        let total = "SELECT patients::text FROM care.insight_visits";
        published.push((rows(&network, "analyst", PATIENTS).await, rows(&network, "analyst", total).await));
    }
    assert_eq!(published[0], (vec!["male 40-64 20".to_owned()], vec!["30".to_owned()]));
    assert!(published.iter().all(|shown| *shown == published[0]), "eight, nine and ten look the same: {published:?}");
}

#[tokio::test]
async fn a_rate_is_told_only_where_neither_side_is_few() {
    for (missed, kept, told) in
        [(0, 30, "0.00"), (10, 30, "-"), (30, 10, "-"), (11, 30, "0.25"), (30, 30, "0.50"), (30, 0, "1.00")]
    {
        let mut network = Network::owned().await;
        let facility = network.facility("IL", "clinic").await;
        visits(&mut network, facility, "female", missed, "no_show").await;
        visits(&mut network, facility, "female", kept, "completed").await;
        let query = "SELECT coalesce(missed_rate::text, '-') FROM care.insight_visits";
        assert_eq!(rows(&network, "analyst", query).await, [told], "{missed} of {}", missed + kept);
    }
}

#[tokio::test]
async fn samples_are_told_as_means_of_people_and_each_person_counts_once() {
    let mut network = Network::owned().await;
    // Twelve women with means of 60 to 71, the last of them with twenty times the samples; and ten men.
    network
        .run("SELECT signal.ensure_chunk('2026-01-15');
              INSERT INTO signal.device (device_id, added_at, added_by)
              SELECT 'watch-' || n, now(), 'operator' FROM generate_series(1, 22) AS n;
              INSERT INTO signal.series (device_key, metric_id)
              SELECT device_key, metric_id FROM signal.device, signal.metric WHERE name = 'heart_rate';
              WITH patient AS (
                  INSERT INTO care.patient (born_on, sex, time_zone)
                  SELECT '1980-05-17', CASE WHEN n <= 12 THEN 'female' ELSE 'male' END, 'UTC'
                  FROM generate_series(1, 22) AS n RETURNING patient_id, sex
              ), numbered AS (SELECT patient_id, row_number() OVER (ORDER BY sex) AS n FROM patient)
              INSERT INTO care.wear (patient_id, device_key, worn_during)
              SELECT patient_id, device_key, '[2026-01-01,)' FROM numbered JOIN signal.device ON device_id = 'watch-' || n;
              INSERT INTO signal.block (start_at, stop_at, tick_us, span_us, series_id, values)
              SELECT '2026-01-15 00:00Z', '2026-01-15 00:00Z'::timestamptz + (length - 1) * INTERVAL '1 second', 1000000, 0,
                     series_id, array_fill(59.0 + substr(device_id, 7)::float8, ARRAY[length])
              FROM signal.series JOIN signal.device USING (device_key),
                   LATERAL (SELECT CASE device_id WHEN 'watch-12' THEN 40 ELSE 2 END) AS item (length)")
        .await;
    // The mean of 65.5, with an error of three standard errors at most (0190); a mean of samples would be 68.9.
    let query = "SELECT metric || ' ' || month || ' ' || sex || ' ' || patients || ' ' || (abs(mean - 65.5) <= 3.2) || ' ' || unit
         FROM care.insight_samples";
    assert_eq!(rows(&network, "analyst", query).await, ["heart_rate 2026-01-01 female 10 true /min"]);
}

#[tokio::test]
async fn only_an_analyst_reads_and_sees_no_row_of_anybody() {
    let mut network = Network::owned().await;
    let facility = network.facility("IL", "clinic").await;
    visits(&mut network, facility, "female", 20, "completed").await;
    let mut portal = network.login("care").await;
    for (part, whose, seen) in
        [("analyst", None, 1), ("operator", None, 0), ("privacy_officer", None, 0), ("front_desk", Some(facility), 0)]
    {
        let account = network.account(part, whose).await;
        portal.execute(AssertSqlSafe(format!("SET healthtrack.actor = '{account}'"))).await.unwrap();
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM care.insight_patients").fetch_one(&mut portal).await.unwrap();
        assert_eq!(count, seen, "{part}");
    }
    // False, and not null: NOT null would let everybody pass.
    portal.execute("RESET healthtrack.actor").await.unwrap();
    let nobody = "SELECT access.is_analyst()";
    assert_eq!(sqlx::query_scalar::<_, Option<bool>>(nobody).fetch_one(&mut portal).await.unwrap(), Some(false));
    let views = "SELECT relname::text FROM pg_class WHERE relkind = 'v' AND relname LIKE 'insight\\_%' ORDER BY 1";
    for view in network.rows(views).await {
        let query = format!("SELECT count(*) FROM care.{view}");
        assert_eq!(
            sqlx::query_scalar::<_, i64>(AssertSqlSafe(query)).fetch_one(&mut portal).await.unwrap(),
            0,
            "{view}"
        );
    }
    let mut analyst = network.login("analyst").await;
    for table in
        ["care.patient", "care.appointment", "care.facility", "access.account", "signal.sample", "signal.block"]
    {
        let query = format!("SELECT FROM {table}");
        assert_eq!(refused_by(analyst.execute(AssertSqlSafe(query.clone())).await, &query), "42501");
    }
    // No column of a view of theirs is a person's key, name, date of birth or moment.
    let query = "SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = 'care'::regnamespace AND c.relkind = 'v' AND has_table_privilege('healthtrack_analyst', c.oid, 'SELECT')
           AND (a.attname ~ '(patient_id|provider_id|account_id|name|born|_at|during)$'
                OR a.atttypid IN ('timestamptz'::regtype, 'tstzrange'::regtype, 'jsonb'::regtype))";
    assert_eq!(network.rows(query).await, [""; 0]);
}

#[tokio::test]
async fn conditions_and_readmissions_are_counted_by_the_same_rules() {
    let mut network = Network::owned().await;
    let facility = network.facility("IL", "hospital").await;
    let provider = network.provider().await;
    // Ten with one condition and thirteen with another; forty-four stays, of whom twelve come back after ten days.
    network
        .run(&format!(
            "SET session_replication_role = replica;
             WITH patient AS (
                 INSERT INTO care.patient (born_on, sex, time_zone)
                 SELECT '1980-05-17', 'female', 'UTC' FROM generate_series(1, 44) RETURNING patient_id
             ), numbered AS (SELECT patient_id, row_number() OVER () AS n FROM patient), condition AS (
                 INSERT INTO care.condition (patient_id, recorded_by, code_system, code, title, clinical_status,
                                             verification_status)
                 SELECT patient_id, '{provider}', 'icd10', CASE WHEN n <= 10 THEN 'I10' ELSE 'E11.9' END, 'Condition',
                        'active', 'confirmed' FROM numbered WHERE n <= 23
             )
             INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, during, class, admission_type,
                                         service_line, discharge_disposition, principal_code)
             SELECT patient_id, '{facility}', '{provider}', stay, 'inpatient', 'urgent', 'medical', 'home', 'I10'
             FROM numbered, unnest(ARRAY['[2025-03-01, 2025-03-05)', '[2025-03-15, 2025-03-20)']::tstzrange[]) AS stay
             WHERE n <= 12 OR lower(stay) < '2025-03-10';
             SET session_replication_role = origin;
             SELECT care.recount_conditions()"
        ))
        .await;
    let conditions = "SELECT code || ' ' || age_band || ' ' || sex || ' ' || patients FROM care.insight_conditions";
    assert_eq!(rows(&network, "analyst", conditions).await, ["E11.9 40-64 female 15"]);
    let readmissions = "SELECT year || ' ' || patients || ' ' || readmitted_rate FROM care.insight_readmissions";
    assert_eq!(rows(&network, "analyst", readmissions).await, ["2025 45 0.22"]);
    assert_eq!(rows(&network, "care", conditions).await, [""; 0]);
    assert_eq!(rows(&network, "care", readmissions).await, [""; 0]);
}
