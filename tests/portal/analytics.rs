//! Figures: what each part counts, by facility and period, on the page and as a file.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::house::{Browser, House};

/// People with a visit last month, at a place with somebody: so many came, and so many did not.
async fn visits(house: &mut House, facility: Uuid, provider: Uuid, came: u32, missed: u32) {
    for (people, status) in [(came, "completed"), (missed, "no_show")] {
        let statement = format!(
            "WITH patient AS (
                 INSERT INTO care.patient (born_on, sex, time_zone)
                 SELECT '1980-05-17', 'female', 'America/Chicago' FROM generate_series(1, {people}) RETURNING patient_id
             )
             INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             SELECT patient_id, '{provider}', '{facility}', tstzrange(at, at + INTERVAL '30 minutes'), '{status}'
             FROM (SELECT patient_id, row_number() OVER () FROM patient) AS p (patient_id, place),
                  LATERAL (SELECT date_trunc('month', now(), 'UTC') - INTERVAL '1 month'
                                  + (SELECT count(*) FROM care.appointment) * INTERVAL '1 hour'
                                  + (place + 12) * INTERVAL '1 hour') AS moment (at)"
        );
        house.network.run(&statement).await;
    }
}

/// A house with a clinic of 30 who came and 11 who did not, and another of 20 who came and 5 who did not.
async fn counted() -> (House, Uuid, Uuid, Uuid) {
    let mut house = House::new().await;
    let (first, second) = (house.network.facility("IL", "clinic").await, house.network.facility("IL", "clinic").await);
    let provider = house.network.provider().await;
    visits(&mut house, first, provider, 30, 11).await;
    visits(&mut house, second, provider, 20, 5).await;
    (house, first, second, provider)
}

async fn signed_in(house: &mut House, part: &str, whose: Option<Uuid>) -> Browser {
    let account = house.network.account(part, whose).await;
    house.signed_in(account).await
}

#[tokio::test]
async fn quality_sees_shares_with_their_intervals_and_few_as_few() {
    let (mut house, first, second, _) = counted().await;
    let quality = signed_in(&mut house, "clinical_quality", None).await;
    let all = quality.get("/analytics").await;
    assert_eq!(all.status, StatusCode::OK);
    // Ten of forty, since people are rounded to five.
    for said in [">25 % <small>14.2 to 40.2 %</small>", "fewer than 11"] {
        assert!(all.body.contains(said), "{said}: {}", all.body);
    }
    assert!(all.body.contains("class=\"reach\""), "{}", all.body);
    for said in ["clinic 0", "clinic 1", "days of treatment", "href=\"/analytics/use.csv?facility=&#38;period=recent\""]
    {
        assert!(all.body.contains(said), "{said}: {}", all.body);
    }
    assert_eq!(all.body.matches("All together").count(), 2, "a facility's rows, and none of single providers");
    let one = quality.get(&format!("/analytics?facility={first}&period=recent")).await;
    let [used, rest] = [one.body.split("id=\"use\"").nth(1).unwrap(), &all.body];
    assert!(used.contains("All together") && used.contains("Works elsewhere by now"), "{used}");
    assert!(!used.split("id=\"ratings\"").next().unwrap().contains("clinic 1"), "{rest}");
    let file = quality.get(&format!("/analytics/use.csv?facility={second}&period=recent")).await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"use.csv\"");
    let lines: Vec<&str> = file.body.lines().collect();
    assert_eq!(lines.len(), 3, "{}", file.body);
    assert!(lines[1].contains("\"clinic 1\",\"All together\",\"25\",\"fewer than 11\",\"\",\"\""), "{}", file.body);
    for nothing in ["/analytics/nothing.csv", "/analytics/use", "/analytics/days.csv", "/analytics?facility=x"] {
        assert_eq!(quality.get(nothing).await.status, StatusCode::NOT_FOUND, "{nothing}");
    }
}

#[tokio::test]
async fn each_table_says_which_time_and_places_it_covers() {
    let (mut house, first, ..) = counted().await;
    let quality = signed_in(&mut house, "clinical_quality", None).await;
    let year: i32 = house.network.one("SELECT extract(year FROM now())::text").await.parse().unwrap();
    let page = quality.get(&format!("/analytics?facility={first}&period={year}")).await;
    let table =
        |key: &str| page.body.split(&format!("id=\"{key}\"")).nth(1).unwrap().split("</section>").next().unwrap();
    let before = year - 1;
    let covers = [
        ("adherence", format!("Shown: {before} (the present year is counted once it is over); All facilities")),
        ("programmes", "Shown: all time; clinic 0".to_owned()),
        ("use", format!("Shown: Jan {year} – Dec {year}; clinic 0")),
        ("ratings", "Shown: all time; clinic 0".to_owned()),
    ];
    for (key, said) in covers {
        assert!(table(key).contains(&said), "{key}: {said}: {}", table(key));
    }
}

/// Who came to a clinic has a sensor, whose days of last month are all in range but for every fourth person.
async fn measured(house: &mut House, facility: Uuid) {
    house
        .network
        .run(&format!(
            "CREATE TEMPORARY TABLE worn AS SELECT row_number() OVER () AS place, patient_id
             FROM care.appointment WHERE facility_id = '{facility}' AND status = 'completed';
             INSERT INTO signal.device (device_id, added_at, added_by) SELECT 'cgm-' || place, now(), 'test' FROM worn;
             INSERT INTO signal.series (device_key, metric_id)
             SELECT device_key, (SELECT metric_id FROM signal.metric WHERE name = 'interstitial_glucose')
             FROM signal.device WHERE device_id LIKE 'cgm-%';
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT patient_id, device_key, '[2026-01-01,)' FROM worn JOIN signal.device ON device_id = 'cgm-' || place;
             INSERT INTO signal.rollup_day (series_id, day, count, below, above, first_quarter, is_archived, sum, least,
                 greatest, first, last, counts, sums, leasts, greatests, firsts, lasts)
             SELECT s.series_id, day, 288, 0, 0, 0, false, 288 * v, v, v, v, v, array_fill(3, ARRAY[96]),
                    array_fill(3 * v, ARRAY[96]), a, a, a, a
             FROM worn JOIN signal.device d ON d.device_id = 'cgm-' || place JOIN signal.series s USING (device_key)
             CROSS JOIN LATERAL (SELECT CASE WHEN place % 4 = 0 THEN 181 ELSE 180 END::float8) AS one (v)
             CROSS JOIN LATERAL (SELECT array_fill(v, ARRAY[96])) AS all_of (a)
             CROSS JOIN LATERAL (SELECT (date_trunc('month', now(), 'UTC') - INTERVAL '1 month')::date + g
                                 -- The first has nine days, the others ten.
                                 FROM generate_series(0, CASE WHEN place = 1 THEN 8 ELSE 9 END) AS g) AS days (day)"
        ))
        .await;
}

#[tokio::test]
async fn glucose_in_range_is_counted_at_a_facility_of_people_with_ten_days() {
    let mut house = House::new().await;
    let facility = house.network.facility("IL", "clinic").await;
    let provider = house.network.provider().await;
    visits(&mut house, facility, provider, 61, 0).await;
    measured(&mut house, facility).await;
    let quality = signed_in(&mut house, "clinical_quality", None).await;
    let file = quality.get(&format!("/analytics/time_in_range.csv?facility={facility}&period=recent")).await;
    let lines: Vec<&str> = file.body.lines().collect();
    // Of sixty with ten days, fifteen lie above: three of four, with the facility's row and the provider's.
    assert_eq!(lines.len(), 3, "{}", file.body);
    assert!(lines[1].contains("\"All together\",\"60\",\"0.7500\""), "{}", file.body);
    let none = quality.get("/analytics/time_in_range.csv?facility=&period=recent").await;
    assert_eq!(none.body.lines().count(), 1, "{}", none.body);
    let analyst = signed_in(&mut house, "analyst", None).await;
    let file = analyst.get(&format!("/analytics/time_in_range.csv?facility={facility}&period=recent")).await;
    assert_eq!(file.body.lines().count(), 2, "no provider's row: {}", file.body);
}

#[tokio::test]
async fn who_takes_medicines_is_counted_where_and_by_whom_they_are_seen() {
    let mut house = House::new().await;
    let (facility, provider) = (house.network.facility("IL", "clinic").await, house.network.provider().await);
    // Thirty who came last year, of whom every third left out one of two substances.
    house
        .network
        .run(&format!(
            "WITH patient AS (
                 INSERT INTO care.patient (born_on, sex, time_zone)
                 SELECT '1980-05-17', 'female', 'America/Chicago' FROM generate_series(1, 30) RETURNING patient_id
             ), numbered AS (SELECT patient_id, row_number() OVER () AS place FROM patient), seen AS (
                 INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
                 SELECT patient_id, '{provider}', '{facility}', tstzrange(at, at + INTERVAL '30 minutes'), 'completed'
                 FROM numbered, LATERAL (SELECT date_trunc('year', now(), 'UTC') - INTERVAL '100 days'
                                                + place * INTERVAL '1 hour') AS moment (at)
             )
             INSERT INTO care.adherence_year (patient_id, year, ingredient, fills, first_fill_on, ends_on, treatment_days,
                                              covered_days)
             SELECT patient_id, extract(year FROM now()) - 1, ingredient, 4, '2025-01-01', '2025-12-31', 360,
                    CASE WHEN place % 3 = 0 AND ingredient = 'metformin' THEN 100 ELSE 350 END
             FROM numbered CROSS JOIN unnest('{{metformin,lisinopril}}'::text[]) AS ingredient"
        ))
        .await;
    let quality = signed_in(&mut house, "clinical_quality", None).await;
    let file = quality.get(&format!("/analytics/adherence_seen.csv?facility={facility}&period=recent")).await;
    let lines: Vec<&str> = file.body.lines().collect();
    // Ten of thirty are few, so no share is told of them.
    assert_eq!(lines.len(), 3, "{}", file.body);
    assert!(lines[1].contains("\"All together\",\"30\",\"fewer than 11\""), "{}", file.body);
    house.network.run("UPDATE care.adherence_year SET covered_days = 350 WHERE covered_days = 100").await;
    let file = quality.get("/analytics/adherence_seen.csv?facility=&period=recent").await;
    assert!(file.body.lines().count() == 2 && file.body.contains("\"30\",\"1.0000\""), "{}", file.body);
}

#[tokio::test]
async fn an_analyst_counts_facilities_and_nobody_who_works_there() {
    let (mut house, first, ..) = counted().await;
    let analyst = signed_in(&mut house, "analyst", None).await;
    let file = analyst.get(&format!("/analytics/use.csv?facility={first}&period=recent")).await;
    assert_eq!(file.body.lines().count(), 2, "{}", file.body);
    assert!(file.body.contains("\"All together\",\"40\""), "{}", file.body);
    let looks = "SELECT count(*)::text FROM access.audit_event WHERE resource = 'quality_visits' AND part = 'analyst'";
    assert_eq!(house.network.one(looks).await, "1", "each question is an event");
}

#[tokio::test]
async fn a_manager_counts_the_own_facility_and_no_other() {
    let (mut house, first, second, _) = counted().await;
    let manager = signed_in(&mut house, "facility_manager", Some(first)).await;
    let own = manager.get(&format!("/analytics?facility={second}&period=recent")).await;
    assert_eq!(own.status, StatusCode::OK);
    assert!(own.body.contains("26.8 %") && own.body.contains(">30<"), "eleven of 41: {}", own.body);
    assert!(own.body.contains("clinic 0") && !own.body.contains("clinic 1"), "{}", own.body);
    assert!(!own.body.contains("name=\"facility\""), "there is nothing to choose");
    let year_before = manager.get("/analytics?period=2022").await;
    assert!(!year_before.body.contains("26.8 %"), "{}", year_before.body);
    assert_eq!(manager.get("/analytics/use.csv").await.status, StatusCode::NOT_FOUND);
}
