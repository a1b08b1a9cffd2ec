//! A glucose profile: its numbers are those of a hand, of samples and of what is archived, on the days and the clock of the
//! person whose it is; and whose it is not sees none.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::network::Network;
use crate::pages::Clinic;

/// A sensor that a patient has worn for a year, and a chunk for yesterday.
fn sensor(patient: Uuid) -> String {
    format!(
        "
    INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('sensor', now(), 'operator');
    INSERT INTO signal.series (device_key, metric_id) SELECT device_key, metric_id FROM signal.device, signal.metric
    WHERE device_id = 'sensor' AND name = 'interstitial_glucose';
    INSERT INTO care.wear (patient_id, device_key, worn_during)
    SELECT '{patient}', device_key, tstzrange(now() - INTERVAL '1 year', NULL) FROM signal.device WHERE device_id = 'sensor';
    SELECT signal.ensure_chunk((now() AT TIME ZONE 'UTC')::date - 1)"
    )
}

/// The same with readings, for a patient of the cast.
pub(crate) async fn of_cast(network: &mut Network, patient: Uuid) {
    // Of two casts of a network one wears it.
    if network.one("SELECT count(*)::text FROM signal.device WHERE device_id = 'sensor'").await == "0" {
        network.run(&sensor(patient)).await;
        network.run(HOT).await;
    }
}

/// Yesterday from noon on, a reading each five minutes: 11 of 60, 5 of 200, 3 of 300, and two
/// that the sensor could not measure.
const HOT: &str = "
    INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values, flags)
    SELECT from_at, from_at + 20 * INTERVAL '5 minutes', 300000000, series_id,
           array_fill(60::double precision, ARRAY[11]) || array_fill(200::double precision, ARRAY[5])
               || array_fill(300::double precision, ARRAY[3]) || ARRAY[40::double precision, 40],
           array_fill(0::smallint, ARRAY[19]) || ARRAY[4::smallint, 4]
    FROM signal.series JOIN signal.device USING (device_key),
         (SELECT (date_trunc('day', now() AT TIME ZONE 'UTC') - INTERVAL '12 hours') AT TIME ZONE 'UTC' AS from_at) AS noon
    WHERE device_id = 'sensor'";

/// Three quarters of a day of last week, whose readings are 100, 110 and 120 each.
const ARCHIVED: &str = "
    INSERT INTO signal.rollup_day (series_id, day, is_archived, first_quarter, count, below, above, sum, least, greatest, first,
                                   last, counts, belows, aboves, sums, leasts, greatests, firsts, lasts)
    SELECT series_id, (now() AT TIME ZONE 'UTC')::date - 6, true, 40, 9, 0, 0, 990, 100, 120, 100, 120, '{3,3,3}', '{0,0,0}', '{0,0,0}',
           '{330,330,330}', '{100,100,100}', '{120,120,120}', '{100,100,100}', '{120,120,120}'
    FROM signal.series JOIN signal.device USING (device_key) WHERE device_id = 'sensor'";

#[tokio::test]
async fn a_profile_counts_samples_and_what_is_archived_once() {
    let mut clinic = Clinic::open().await;
    let (own, carer) = (clinic.house.signed_in(clinic.own).await, clinic.house.signed_in(clinic.carer).await);
    let nothing = own.get("/me/vitals/glucose").await.body;
    assert!(nothing.contains("No glucose sensor of this person has sent anything"), "{nothing}");
    clinic.house.network.run(&sensor(clinic.patient)).await;
    clinic.house.network.run(HOT).await;
    let hot = own.get("/me/vitals/glucose").await.body;
    // 21 readings of five minutes each: 2 very low, 11 low, 5 high, 3 very high.
    for told in ["9.5 %", "52.4 %", "0.0 %", "23.8 %", "14.3 %", "<b>21, 2 beyond what the sensor"] {
        assert!(hot.contains(told), "{told}: {hot}");
    }
    // (11 × 60 + 5 × 200 + 3 × 300 + 2 × 40) / 21 = 125.71: 7.0 mmol/L, and an indicator of 3.31 + 0.02392 × 125.71.
    assert!(hot.contains("126 mg/dL (7.0 mmol/L)") && hot.contains("6.3 %"), "{hot}");
    assert!(hot.contains("Too little was measured"), "{hot}");
    clinic.house.network.run(ARCHIVED).await;
    let page = carer.get(&format!("/patients/{}/vitals/glucose?days=7", clinic.patient)).await.body;
    // 9 more in the target; two ends without a next reading stand for five minutes, as all do.
    for told in
        ["<b>30, 2 beyond", "30.0 %", "6.7 %", "36.7 %", "16.7 %", "10.0 %", "America/Chicago", "100.0 % in target"]
    {
        assert!(page.contains(told), "{told}: {page}");
    }
    assert_eq!(page.matches("chart small").count(), 7, "a drawing each day: {page}");
    let vitals = carer.get(&format!("/patients/{}/vitals", clinic.patient)).await.body;
    assert!(vitals.contains(&format!("/patients/{}/vitals/glucose\"", clinic.patient)), "{vitals}");
    let looks = "SELECT count(*)::text FROM access.audit_event WHERE resource LIKE '%samples/interstitial_glucose%'";
    assert_eq!(clinic.house.network.one(looks).await, "3", "each was recorded");

    let stranger = clinic.house.named_patient("Nakamura", "Kenji").await;
    let others = carer.get(&format!("/patients/{stranger}/vitals/glucose")).await;
    assert_eq!(others.status, StatusCode::NOT_FOUND);
    let account = clinic.house.network.account("patient", Some(stranger)).await;
    let theirs = clinic.house.signed_in(account).await.get("/me/vitals/glucose").await.body;
    assert!(theirs.contains("No glucose sensor of this person"), "{theirs}");
}
