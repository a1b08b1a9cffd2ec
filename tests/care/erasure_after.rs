//! After an erasure: what had begun ends, nobody acts by it, and the record takes nothing more.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};
use uuid::Uuid;

use super::membership_price::{begin, pass, periods, priced};
use super::network::{Network, refused_by};
use super::practice::{Practice, hours_ahead};

async fn erase(network: &mut Network, patient: Uuid) {
    network.run(&format!("SELECT access.erase_person('{patient}', 'mistake')")).await;
}

#[tokio::test]
async fn an_erased_member_is_renewed_and_charged_no_more() {
    let mut network = priced().await;
    let (erased, member) = (network.patient().await, network.patient().await);
    network.run(&begin(erased, "premium", true)).await;
    network.run(&begin(member, "premium", true)).await;
    erase(&mut network, erased).await;
    pass(&mut network, "1 month 2 days").await;
    network.run("SELECT care.renew_memberships()").await;
    assert_eq!(periods(&mut network).await.len(), 3, "the other's goes on");
    let fees = format!("SELECT count(*)::text FROM care.membership_fee WHERE patient_id = '{erased}'");
    assert_eq!(network.one(&fees).await, "1", "that of the first month");
}

#[tokio::test]
async fn nobody_recalls_offers_to_or_cares_for_an_erased_person_and_a_dead_one_stays_dead() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (patient, provider, facility) = (practice.patient, practice.provider, practice.facility);
    practice.network.put_in_care(patient, provider).await;
    practice.taken_over(patient, &hours_ahead(30, 30), "booked").await;
    practice
        .network
        .run(&format!(
            "INSERT INTO care.recall (patient_id, due_on, programme, reason)
             VALUES ('{patient}', current_date + 9, 'cervical', 'Due, says Zenobia');
             INSERT INTO care.waitlist_entry (patient_id, facility_id, minutes, wanted_during)
             VALUES ('{patient}', '{facility}', 30, tstzrange(now(), now() + INTERVAL '30 days'));
             UPDATE access.care_relationship SET valid_during = tstzrange(now() - INTERVAL '1 day', NULL);
             UPDATE care.patient SET deceased_at = '2025-03-05 10:00Z' WHERE patient_id = '{patient}'"
        ))
        .await;
    erase(&mut practice.network, patient).await;
    let recall = "SELECT concat_ws(' ', status, outcome, reason, ended_on = current_date) FROM care.recall";
    assert_eq!(practice.network.rows(recall).await, ["withdrawn erased erased t"]);
    let visits = "SELECT concat_ws(' ', status, count(*)) FROM care.appointment GROUP BY status";
    assert_eq!(practice.network.rows(visits).await, ["cancelled 1"], "the own time is not offered to the person");
    let care = "SELECT DISTINCT (valid_during @> now())::text FROM access.care_relationship";
    assert_eq!(practice.network.rows(care).await, ["false"]);
    let died =
        format!("SELECT (deceased_at = '2025-01-01 00:00Z')::text FROM care.patient WHERE patient_id = '{patient}'");
    assert_eq!(practice.network.one(&died).await, "true", "in that year");
}

#[tokio::test]
async fn a_policy_of_several_goes_with_the_last_of_them_and_the_holders_name_with_the_holder() {
    let mut network = Network::owned().await;
    let (holder, spouse) = (network.patient().await, network.patient().await);
    network
        .run(&format!(
            "INSERT INTO care.insurer (name) VALUES ('Prairie Mutual');
             INSERT INTO care.insurance_plan (insurer_id, name) SELECT insurer_id, 'Silver' FROM care.insurer;
             INSERT INTO care.policy (insurer_id, insurance_plan_id, number, holder_name)
             SELECT insurer_id, insurance_plan_id, 'P-17', 'Zenobia Quillfeather' FROM care.insurance_plan;
             INSERT INTO care.coverage (patient_id, policy_id, covered_during, relation)
             SELECT '{holder}'::uuid, policy_id, '[2026-01-01,)'::daterange, 'self' FROM care.policy
             UNION ALL SELECT '{spouse}', policy_id, '[2026-01-01,)', 'spouse' FROM care.policy"
        ))
        .await;
    let told = "SELECT concat_ws(' ', number, holder_name) FROM care.policy";
    erase(&mut network, holder).await;
    assert_eq!(network.one(told).await, "P-17 erased");
    erase(&mut network, spouse).await;
    assert!(network.one(told).await.starts_with("ERASED-"));
}

#[tokio::test]
async fn who_acted_for_others_acts_no_more_and_somebody_looks_after_a_minor_left_alone() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (mother, facility) = (practice.patient, practice.facility);
    let (father, parent, held) =
        (practice.network.patient().await, practice.network.patient().await, practice.network.patient().await);
    let mother_acts = practice.account("patient", Some(mother)).await;
    let father_acts = practice.account("patient", Some(father)).await;
    let born = "INSERT INTO care.patient (born_on, sex, time_zone) VALUES (current_date - 2000, 'female', 'UTC') RETURNING patient_id";
    let (alone, child) = (practice.network.id(born).await, practice.network.id(born).await);
    practice
        .network
        .run(&format!(
            "INSERT INTO access.proxy (patient_id, account_id, valid_during, kind, document, jurisdiction, scopes)
             VALUES ('{alone}', '{mother_acts}', tstzrange(now(), NULL), 'parent', 'Birth certificate of Zen', 'US', '{{chart}}'),
                    ('{child}', '{mother_acts}', tstzrange(now(), NULL), 'parent', 'Birth certificate of Zoe', 'US', '{{chart}}'),
                    ('{child}', '{father_acts}', tstzrange(now(), NULL), 'parent', 'Birth certificate of Zoe', 'US', '{{chart}}'),
                    ('{parent}', '{mother_acts}', tstzrange(now(), NULL), 'power_of_attorney', 'Power for Zenobia', 'US', '{{chart}}'),
                    ('{held}', '{mother_acts}', tstzrange(now(), NULL), 'power_of_attorney', 'Power for her', 'US', '{{chart}}');
             INSERT INTO care.preferred_facility (patient_id, facility_id, rank) VALUES ('{alone}', '{facility}', 1);
             UPDATE care.patient SET legal_hold = true WHERE patient_id = '{held}'"
        ))
        .await;
    erase(&mut practice.network, mother).await;
    let proxies = "SELECT concat_ws(' ', p.kind, p.document, p.ended_at IS NULL, g.revoked_at IS NULL)
        FROM access.proxy p JOIN access.grant_of_access g USING (proxy_id) ORDER BY 1";
    assert_eq!(
        practice.network.rows(proxies).await,
        [
            "parent Birth certificate of Zoe t t",
            "parent erased f f",
            "parent erased f f",
            "power_of_attorney Power for her f f",
            "power_of_attorney erased f f",
        ]
    );
    let tasks = "SELECT concat_ws(' ', patient_id, pool, facility_id, status) FROM care.task";
    assert_eq!(practice.network.rows(tasks).await, [format!("{alone} front_desk {facility} requested")]);
}

#[tokio::test]
async fn a_record_of_an_erased_person_takes_no_new_fact_not_even_one_that_was_under_way() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (patient, facility, provider) = (practice.patient, practice.facility, practice.provider);
    let name = format!(
        "INSERT INTO care.patient_name (patient_id, use, family, given) VALUES ('{patient}', 'usual', 'Q', '{{Zen}}')"
    );
    let (mut eraser, mut late) = (practice.network.connection().await, practice.network.connection().await);
    let mut erasing = eraser.begin().await.unwrap();
    let erase = format!("SELECT access.erase_person('{patient}', 'mistake')");
    erasing.execute(AssertSqlSafe(erase)).await.unwrap();
    let writer: i32 = sqlx::query_scalar("SELECT pg_backend_pid()").fetch_one(&mut late).await.unwrap();
    let written = name.clone();
    let written = tokio::spawn(async move { refused_by(late.execute(AssertSqlSafe(written.clone())).await, &written) });
    let waits = format!("SELECT (cardinality(pg_blocking_pids({writer})) > 0)::text");
    while practice.network.one(&waits).await != "true" {
        tokio::task::yield_now().await;
    }
    erasing.commit().await.unwrap();
    assert_eq!(written.await.unwrap(), "record_is_of_an_erased_person");
    let allergy = format!(
        "INSERT INTO care.allergy (patient_id, category, substance, criticality) VALUES ('{patient}', 'food', 'Nuts', 'low')"
    );
    let visit = format!(
        "INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, during, class)
         VALUES ('{patient}', '{facility}', '{provider}', tstzrange(now(), NULL), 'ambulatory')"
    );
    for fact in [name, allergy, visit] {
        assert_eq!(practice.network.refusal(&fact).await, "record_is_of_an_erased_person");
    }
}
