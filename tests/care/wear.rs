//! Who wore what, said through the portal: from now on, and never over what was measured.

use uuid::Uuid;

use super::practice::Practice;

/// A provider in care of a patient, and a watch that measured once an hour until now, worn by nobody.
async fn with_watch() -> (Practice, Uuid) {
    let mut practice = Practice::new().await;
    let (patient, provider) = (practice.patient, practice.provider);
    practice.network.put_in_care(patient, provider).await;
    practice
        .network
        .run(
            "INSERT INTO signal.device (device_id, added_at, added_by)
              VALUES ('watch-7', now(), 'operator'), ('quiet', now(), 'operator');
              INSERT INTO signal.series (device_key, metric_id) SELECT device_key, metric_id
              FROM signal.device, signal.metric WHERE device_id = 'watch-7' AND name = 'heart_rate';
              SELECT signal.ensure_chunk(day::date)
              FROM generate_series(current_date - 5, current_date, INTERVAL '1 day') AS day;
              INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
              SELECT at, at, 1, series_id, '{60}' FROM signal.series,
                     generate_series(date_trunc('hour', now()) - INTERVAL '4 days', now(), INTERVAL '1 hour') AS at",
        )
        .await;
    let account = practice.account("provider", Some(provider)).await;
    (practice, account)
}

fn ago(hours: i32) -> String {
    format!("now() - INTERVAL '{hours} hours'")
}

#[tokio::test]
async fn a_device_is_given_from_now_on_and_not_with_what_it_has_measured() {
    let (mut practice, account) = with_watch().await;
    let patient = practice.patient;
    let assign = |device: &str, at: &str| format!("SELECT care.assign_device('{device}', '{patient}', {at})");
    for hours in [72, 3] {
        let refused = practice.portal_refusal(account, &assign("watch-7", &ago(hours))).await;
        assert_eq!(refused, "wear_changes_from_now_on");
    }
    let bounded = format!(
        "INSERT INTO care.wear (patient_id, device_key, worn_during)
         SELECT '{patient}', device_key, tstzrange({}, {}) FROM care.lock_device('watch-7') AS device_key",
        ago(72),
        ago(71)
    );
    assert_eq!(practice.portal_refusal(account, &bounded).await, "wear_changes_from_now_on");
    practice.portal(account, &assign("watch-7", "now()")).await;
    // What nobody measured may be corrected for a day, and the owner corrects whatever was wrong.
    assert_eq!(practice.portal_refusal(account, &assign("quiet", &ago(25))).await, "wear_changes_from_now_on");
    practice.portal(account, &assign("quiet", &ago(3))).await;
    let owner = format!("UPDATE care.wear SET worn_during = tstzrange({}, NULL)", ago(80));
    practice.network.run(&owner).await;
}

#[tokio::test]
async fn a_wear_ends_now_and_is_not_shortened_over_what_was_measured() {
    let (mut practice, account) = with_watch().await;
    let patient = practice.patient;
    practice.network.run(&format!("SELECT care.assign_device('watch-7', '{patient}', {})", ago(60))).await;
    let change = |from: &str, to: &str| format!("UPDATE care.wear SET worn_during = tstzrange({from}, {to})");
    for shorter in [change("lower(worn_during)", &ago(2)), change(&ago(10), "NULL"), change(&ago(90), "NULL")] {
        assert_eq!(practice.portal_refusal(account, &shorter).await, "wear_changes_from_now_on", "{shorter}");
    }
    let back = format!("SELECT care.return_device('watch-7', {})", ago(2));
    assert_eq!(practice.portal_refusal(account, &back).await, "wear_changes_from_now_on");
    practice.portal(account, "SELECT care.return_device('watch-7')").await;
}

#[tokio::test]
async fn nobody_learns_through_the_portal_when_others_wore_a_device() {
    let (mut practice, account) = with_watch().await;
    let (patient, other) = (practice.patient, practice.network.patient().await);
    practice
        .network
        .run(&format!(
            "INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{other}', device_key, tstzrange({}, {}) FROM signal.device WHERE device_id = 'quiet'",
            ago(12),
            ago(6)
        ))
        .await;
    let probe = |from: i32, to: i32| {
        format!(
            "INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{patient}', device_key, tstzrange({}, {}) FROM care.lock_device('quiet') AS device_key",
            ago(from),
            ago(to)
        )
    };
    let mut refusals = Vec::new();
    for from in [11, 30, 200] {
        refusals.push(practice.portal_refusal(account, &probe(from, from - 1)).await);
    }
    assert_eq!(refusals, ["wear_changes_from_now_on"; 3], "worn by another, long ago, longer ago: one answer");
}
