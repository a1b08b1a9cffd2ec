//! Tables that got other names, and two that were joined with others: what stood in them stands there still, and what
//! named them in a function's body names them by today's name.
//!
//! Method: the migrations up to the renaming are run as they are shipped, rows and functions are put in as a network
//! has them, and the rest is run.

use std::fs;

use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use crate::support::postgres::TestDatabase;

/// The first migration of the renaming.
const RENAMING: &str = "0490";

/// Runs the migrations whose names lie in a range, each in a transaction of its own as `migrate` does.
pub(super) async fn run(connection: &mut PgConnection, is_wanted: impl Fn(&str) -> bool) -> Result<usize, sqlx::Error> {
    let files =
        fs::read_dir("schemas/migrations").unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<String> = files.filter(|name| is_wanted(name)).collect();
    files.sort();
    for name in &files {
        let text = fs::read_to_string(format!("schemas/migrations/{name}")).unwrap();
        let mut transaction = connection.begin().await?;
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    Ok(files.len())
}

pub(super) async fn execute(connection: &mut PgConnection, text: &str) {
    sqlx::raw_sql(AssertSqlSafe(text.to_owned())).execute(connection).await.unwrap();
}

pub(super) async fn rows(connection: &mut PgConnection, query: &str) -> Vec<String> {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(connection).await.unwrap()
}

/// A database as it was before, with a centre, a provider and what they had.
async fn before(database: &TestDatabase) -> PgConnection {
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    assert!(run(&mut connection, |name| name < RENAMING).await.unwrap() > 100);
    let centre = "INSERT INTO care.state (country, code, name) VALUES ('US', 'IL', 'Illinois') ON CONFLICT DO NOTHING;
        INSERT INTO care.city (state_id, name) SELECT state_id, 'Springfield' FROM care.state WHERE code = 'IL';
        INSERT INTO care.facility (city_id, category, name, street, postal_code, time_zone, phone)
        SELECT city_id, 'wellness_center', 'Lake', 'Main Street 1', '62701', 'America/Chicago', '+12175550100' FROM care.city;
        INSERT INTO care.provider (family_name, given_name, email) VALUES ('Okafor', 'Ada', 'ada.okafor@example.org');
        INSERT INTO care.affiliation (provider_id, facility_id, role, valid_during)
        SELECT provider_id, facility_id, 'therapist', '[2021-01-01, 2022-01-01)' FROM care.provider, care.facility;
        INSERT INTO care.staff_assignment (facility_id, provider_id, staff_name, role, assigned_during)
        SELECT facility_id, provider_id, NULL, 'therapist', '[2020-01-01,)'::daterange FROM care.provider, care.facility
        UNION ALL SELECT facility_id, NULL, 'Grace', 'aqua_trainer', '[2020-01-01,)' FROM care.facility;
        INSERT INTO care.facility_service (facility_id, service, detail) SELECT facility_id, 'yoga', 'x' FROM care.facility;
        INSERT INTO care.centre_service (facility_id, name, duration_minutes, capacity, withdrawn_on, version)
        SELECT facility_id, 'Yin yoga', 45, 12, '2030-01-01', 3 FROM care.facility;
        INSERT INTO care.patient (born_on, sex, time_zone) VALUES ('1980-05-17', 'female', 'America/Chicago');
        INSERT INTO care.centre_visit (patient_id, facility_id, centre_service_id, present_during)
        SELECT patient_id, facility_id, centre_service_id, '[2026-03-01 10:00Z, 2026-03-01 11:00Z)'
        FROM care.patient, care.centre_service";
    execute(&mut connection, centre).await;
    connection
}

#[tokio::test]
async fn staff_and_services_of_centres_keep_their_keys_days_and_visits() {
    let database = TestDatabase::new().await;
    let mut connection = before(&database).await;
    let kept = "SELECT staff_assignment_id::text FROM care.staff_assignment UNION ALL
                SELECT centre_service_id::text FROM care.centre_service ORDER BY 1";
    let keys = rows(&mut connection, kept).await;
    assert!(run(&mut connection, |name| name >= RENAMING).await.unwrap() >= 4);
    let kept = format!(
        "SELECT affiliation_id::text FROM care.affiliation WHERE affiliation_id::text = ANY ('{{{0}}}') UNION ALL
         SELECT facility_service_id::text FROM care.facility_service WHERE facility_service_id::text = ANY ('{{{0}}}')
         ORDER BY 1",
        keys.join(",")
    );
    assert_eq!(rows(&mut connection, &kept).await, keys);
    let staff = "SELECT concat_ws(' ', p.given_name, a.staff_name, role, a.valid_during) FROM care.affiliation a
                 LEFT JOIN care.provider p USING (provider_id) ORDER BY a.staff_name, a.valid_during";
    assert_eq!(
        rows(&mut connection, staff).await,
        [
            "Grace aqua_trainer [2020-01-01,)",
            "Ada therapist [2020-01-01,2021-01-01)",
            "Ada therapist [2021-01-01,2022-01-01)",
            "Ada therapist [2022-01-01,)",
        ],
        "no day twice, and none lost"
    );
    let title = "SELECT title FROM care.staff_role WHERE role = 'aqua_trainer'";
    assert_eq!(rows(&mut connection, title).await, ["Aqua trainer"]);
    let services =
        "SELECT concat_ws(' ', o.service, o.name, o.detail, o.duration_minutes, o.capacity, o.withdrawn_on, o.version,
                           count(v.centre_visit_id))
                    FROM care.facility_service o LEFT JOIN care.centre_visit v USING (facility_service_id)
                    GROUP BY o.facility_service_id ORDER BY o.service";
    assert_eq!(rows(&mut connection, services).await, ["yoga x 1 0", "Yin yoga 45 12 2030-01-01 3 1"]);
}

#[tokio::test]
async fn a_body_names_todays_tables_whatever_else_it_calls_by_the_word() {
    let database = TestDatabase::new().await;
    let mut connection = before(&database).await;
    let probe = "CREATE FUNCTION care.probe(given care.plan) RETURNS text LANGUAGE plpgsql AS $$
        DECLARE
            found care.report%ROWTYPE;
            kept  care.history.image%TYPE;
        BEGIN
            SELECT report.* INTO found FROM care.report WHERE report.report_id IS NOT NULL;
            PERFORM FROM care.support support WHERE support.version = 1;
            PERFORM FROM care.plan AS plan WHERE plan.lead_days = given.lead_days;
            RETURN concat_ws(' ', found.report_id, (SELECT count(*) FROM care.history WHERE history.version > 1),
                             (care.plan_of(NULL)).plan, 'plan, report');
        END $$;
        COMMENT ON FUNCTION care.probe(care.plan) IS 'Reads care.history.'";
    execute(&mut connection, probe).await;
    run(&mut connection, |name| name >= RENAMING).await.unwrap();
    assert_eq!(rows(&mut connection, "SELECT care.probe(NULL)").await, ["0 regular plan, report"]);
    let comment = "SELECT obj_description('care.probe'::regproc)";
    assert_eq!(rows(&mut connection, comment).await, ["Reads care.record_version."]);
}

#[tokio::test]
async fn a_body_that_would_still_name_a_former_table_stops_the_migration() {
    let database = TestDatabase::new().await;
    let mut connection = before(&database).await;
    let probe = "CREATE FUNCTION care.probe() RETURNS bigint LANGUAGE plpgsql AS
                 $$ BEGIN RETURN (SELECT count(*) FROM care.\"plan\"); END $$";
    execute(&mut connection, probe).await;
    let refused = run(&mut connection, |name| name >= RENAMING).await.unwrap_err().to_string();
    assert!(refused.contains("still name a table by its former name: care.probe()"), "{refused}");
}
