//! What stood before facilities had organisations and several categories, and reviews two ratings, means the same
//! after.

use sqlx::Connection as _;

use super::renamed::{execute, rows, run};
use crate::support::postgres::TestDatabase;

#[tokio::test]
async fn former_facilities_have_an_organisation_and_former_ratings_stay_what_they_were() {
    let database = TestDatabase::new().await;
    let mut connection = sqlx::PgConnection::connect(database.url()).await.unwrap();
    assert!(run(&mut connection, |name| name < "0500").await.unwrap() > 100);
    let former = "INSERT INTO care.state (country, code, name) VALUES ('US', 'IL', 'Illinois') ON CONFLICT DO NOTHING;
        INSERT INTO care.city (state_id, name) SELECT state_id, 'Springfield' FROM care.state WHERE code = 'IL';
        INSERT INTO care.facility (city_id, category, name, street, postal_code, time_zone, phone)
        SELECT city_id, 'wellness_center', 'Lake', 'Main Street 1', '62701', 'America/Chicago', '+12175550100' FROM care.city;
        INSERT INTO care.provider (family_name, given_name, email) VALUES ('Okafor', 'Ada', 'ada.okafor@example.org');
        INSERT INTO care.qualification
            (provider_id, kind, title, issuer, awarded_year, country, license_number, licensed_during)
        SELECT provider_id, 'license', 'Licence', 'US', 2001, 'US', '1', '[2001-01-01,)' FROM care.provider;
        INSERT INTO care.patient (born_on, sex, time_zone) VALUES ('1980-05-17', 'female', 'America/Chicago');
        INSERT INTO care.centre_visit (patient_id, facility_id, present_during)
        SELECT patient_id, facility_id, '[2026-03-01 10:00Z, 2026-03-01 11:00Z)' FROM care.patient, care.facility;
        INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
        SELECT patient_id, provider_id, facility_id, tstzrange(at, at + INTERVAL '30 minutes'), 'completed'
        FROM care.patient, care.provider, care.facility, unnest('{2026-01-05 16:00Z,2026-01-06 16:00Z}'::timestamptz[]) AS at;
        INSERT INTO care.review (patient_id, appointment_id, provider_id, facility_id, stars, body, state)
        SELECT patient_id, appointment_id, provider_id, facility_id, CASE n WHEN 1 THEN 2 ELSE 5 END, 'Kind',
               CASE n WHEN 1 THEN 'published' ELSE 'pending' END
        FROM (SELECT a.*, row_number() OVER (ORDER BY during) AS n FROM care.appointment a) AS visit";
    execute(&mut connection, former).await;
    let ratings = "SELECT concat_ws(' ', f.reviews, f.stars, p.reviews, p.stars) FROM care.facility_rating f, care.provider_rating p";
    let before = rows(&mut connection, ratings).await;
    assert_eq!(before, ["1 2.00 1 2.00"]);
    assert!(run(&mut connection, |name| name >= "0500").await.unwrap() >= 6);
    assert_eq!(rows(&mut connection, ratings).await, before, "no mean changes");
    let reviews = "SELECT concat_ws(' ', provider_stars, facility_stars, state, version) FROM care.review ORDER BY 1";
    assert_eq!(rows(&mut connection, reviews).await, ["2 2 published 1", "5 5 pending 1"]);
    let place = "SELECT concat_ws(' ', o.name, o.kind, f.depth, k.category) FROM care.facility f
                 JOIN care.organisation o USING (organisation_id) JOIN care.facility_has_category k USING (facility_id)";
    assert_eq!(rows(&mut connection, place).await, ["The network network 0 wellness_center"]);
    execute(&mut connection, "UPDATE care.review SET state = 'published'").await;
    assert_eq!(rows(&mut connection, ratings).await, ["2 3.50 2 3.50"]);
}
