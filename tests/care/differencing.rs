//! Two published means, subtracted: what they tell of the one person by whom their people differ.

use sqlx::AssertSqlSafe;

use super::network::Network;

/// Metrics in which the same is measured: as many tries.
const TRIES: i64 = 24;
/// The joiner's own mean, and that of the others: 60 to 71.
const JOINER: f64 = 90.0;

/// Thirteen people who wear a watch, of whom one joined in the second of two months, measured in so many metrics.
pub(super) async fn watches(network: &mut Network, tries: i64) {
    network
        .run(&format!(
            "SELECT signal.ensure_chunk('2026-01-15'), signal.ensure_chunk('2026-02-15');
             INSERT INTO signal.device (device_id, added_at, added_by)
             SELECT 'joined-' || n, now(), 'operator' FROM generate_series(1, 13) AS n;
             INSERT INTO signal.series (device_key, metric_id)
             SELECT device_key, metric_id FROM signal.device,
                    (SELECT metric_id FROM signal.metric WHERE codes IS NULL ORDER BY metric_id LIMIT {tries}) AS picked
             WHERE device_id LIKE 'joined-%';
             WITH patient AS (
                 INSERT INTO care.patient (born_on, sex, time_zone)
                 SELECT '1980-05-17', 'female', 'UTC' FROM generate_series(1, 13) RETURNING patient_id
             ), numbered AS (SELECT patient_id, row_number() OVER () AS n FROM patient)
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT patient_id, device_key, CASE n WHEN 13 THEN '[2026-02-01,)' ELSE '[2026-01-01,)' END::tstzrange
             FROM numbered JOIN signal.device ON device_id = 'joined-' || n;
             INSERT INTO signal.block (start_at, stop_at, tick_us, span_us, series_id, values)
             SELECT at, at + INTERVAL '1 second', 1000000, 0, series_id,
                    array_fill(CASE n WHEN 13 THEN {JOINER} ELSE 59.0 + n END, ARRAY[2])
             FROM signal.series JOIN signal.device USING (device_key)
             JOIN generate_series(1, 13) AS n ON device_id = 'joined-' || n CROSS JOIN
                  unnest('{{2026-01-15 00:00Z,2026-02-15 00:00Z}}'::timestamptz[]) AS at"
        ))
        .await;
}

#[tokio::test]
async fn a_mean_with_and_a_mean_without_a_person_do_not_tell_that_persons() {
    let mut network = Network::owned().await;
    watches(&mut network, TRIES).await;
    let mut analyst = network.login("analyst").await;
    let query =
        "SELECT 13 * max(mean) FILTER (WHERE month = '2026-02-01') - 12 * max(mean) FILTER (WHERE month = '2026-01-01')
                 FROM care.insight_samples GROUP BY metric ORDER BY metric";
    let query = query.replace("- 12", "::float8 - 12").replace("'2026-01-01')\n", "'2026-01-01')::float8\n");
    let told: Vec<f64> = sqlx::query_scalar(AssertSqlSafe(query.clone())).fetch_all(&mut analyst).await.unwrap();
    assert_eq!(i64::try_from(told.len()).unwrap(), TRIES);
    // Whoever guesses from the others' mean and deviation errs by 24 here; the standard error told is 4.7 deviations.
    let near = told.iter().filter(|told| (**told - JOINER).abs() < 3.6).count();
    assert!(near <= told.len() / 2, "{near} of {} within one deviation: {told:?}", told.len());
    let again: Vec<f64> = sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut analyst).await.unwrap();
    assert_eq!(again, told, "asking again tells nothing more");
    let means: Vec<f64> =
        sqlx::query_scalar("SELECT mean::float8 FROM care.insight_samples WHERE month = '2026-01-01'")
            .fetch_all(&mut analyst)
            .await
            .unwrap();
    assert!(means.iter().all(|mean| (mean - 65.5).abs() <= 3.0 * 3.7 / 12_f64.sqrt() + 0.1), "{means:?}");
}
