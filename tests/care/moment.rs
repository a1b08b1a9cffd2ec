//! Rights that end while somebody looks: by the clock, by what was committed last, and with a provider's work.

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use uuid::Uuid;

use super::network::Network;

/// A patient in care of one provider who granted the chart to another, and the providers' accounts.
struct Seen {
    network: Network,
    carer: Uuid,
    grantee: Uuid,
}

impl Seen {
    async fn new() -> Seen {
        let mut network = Network::owned().await;
        let (patient, one, two) = (network.patient().await, network.provider().await, network.provider().await);
        network.put_in_care(patient, one).await;
        network
            .run(&format!(
                "INSERT INTO access.grant_of_access (patient_id, provider_id, valid_during, scopes, purpose)
                 VALUES ('{patient}', '{two}', tstzrange(now() - INTERVAL '1 hour', NULL), '{{chart}}', 'treatment')"
            ))
            .await;
        let (carer, grantee) =
            (network.account("provider", Some(one)).await, network.account("provider", Some(two)).await);
        Seen { network, carer, grantee }
    }

    /// How many patients each of the two sees in a transaction of such isolation, before and after something happens.
    async fn around(&mut self, isolation: &str, happens: &str) -> Vec<(i64, i64)> {
        let mut seen = Vec::new();
        for account in [self.carer, self.grantee] {
            let mut portal = self.network.portal_of(account).await;
            portal.execute(AssertSqlSafe(format!("BEGIN ISOLATION LEVEL {isolation}"))).await.unwrap();
            seen.push((portal, 0));
        }
        for (portal, before) in &mut seen {
            *before = patients(portal).await;
        }
        self.network.run(happens).await;
        let mut counts = Vec::new();
        for (mut portal, before) in seen {
            counts.push((before, patients(&mut portal).await));
        }
        counts
    }
}

async fn patients(portal: &mut PgConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM care.patient").fetch_one(portal).await.unwrap()
}

#[tokio::test]
async fn what_runs_out_in_a_transaction_is_closed_in_its_next_statement() {
    let mut seen = Seen::new().await;
    let ends = "UPDATE access.care_relationship SET valid_during = tstzrange(lower(valid_during), clock_timestamp());
                UPDATE access.grant_of_access SET valid_during = tstzrange(lower(valid_during), clock_timestamp())";
    assert_eq!(seen.around("READ COMMITTED", ends).await, [(1, 0), (1, 0)]);
}

#[tokio::test]
async fn no_snapshot_keeps_open_what_was_taken_back() {
    for isolation in ["REPEATABLE READ", "SERIALIZABLE"] {
        let mut seen = Seen::new().await;
        let revoked = "UPDATE access.grant_of_access SET revoked_at = now(); DELETE FROM access.care_relationship";
        let counts = seen.around(isolation, revoked).await;
        assert!(counts.iter().all(|(_, after)| *after == 0), "{isolation}: {counts:?}");
    }
}

#[tokio::test]
async fn a_retired_provider_reads_nothing() {
    let mut seen = Seen::new().await;
    let retire = "UPDATE care.provider SET retired_on = current_date";
    assert_eq!(seen.around("READ COMMITTED", retire).await, [(1, 0), (1, 0)]);
}

#[tokio::test]
async fn a_grant_of_the_chart_opens_no_behavioural_health() {
    let mut seen = Seen::new().await;
    seen.network
        .run(
            "INSERT INTO care.condition (patient_id, recorded_by, code_system, code, title, clinical_status, verification_status)
             SELECT patient.patient_id, provider_id, 'icd10', code, 'Condition', 'active', 'confirmed'
             FROM care.patient, access.care_relationship AS cares, unnest('{F32.9,I10}'::text[]) AS code
             WHERE cares.patient_id = patient.patient_id;
             INSERT INTO care.questionnaire_response (patient_id, questionnaire_id)
             SELECT patient_id, questionnaire_id FROM care.patient, care.questionnaire WHERE name = 'phq9';
             INSERT INTO care.answer (patient_id, questionnaire_response_id, link_id, value_number)
             SELECT patient_id, questionnaire_response_id, 'phq9_1', 1 FROM care.questionnaire_response",
        )
        .await;
    let query = "SELECT concat_ws(' ', (SELECT string_agg(code, ',' ORDER BY code) FROM care.condition),
                                  (SELECT count(*) FROM care.questionnaire_response), (SELECT count(*) FROM care.answer))";
    let mut portals = [seen.network.portal_of(seen.carer).await, seen.network.portal_of(seen.grantee).await];
    let mut found: Vec<String> = Vec::new();
    for portal in &mut portals {
        found.push(sqlx::query_scalar(query).fetch_one(portal).await.unwrap());
    }
    assert_eq!(found, ["F32.9,I10 0 0", "I10 0 0"], "the author of a diagnosis, and who was granted the chart");
    seen.network.run("UPDATE access.grant_of_access SET scopes = '{chart,behavioural_health}'").await;
    let all: String = sqlx::query_scalar(query).fetch_one(&mut portals[1]).await.unwrap();
    assert_eq!(all, "F32.9,I10 1 1");
}

#[tokio::test]
async fn no_chunk_is_made_for_a_day_that_is_far_from_coming() {
    let seen = Seen::new().await;
    let mut ingest = seen.network.login("ingest").await;
    let refused = ingest.execute("SELECT signal.ensure_chunk(current_date + 40)").await;
    assert_eq!(super::network::refused_by(refused, "far"), "chunk_is_of_a_day_that_is_near");
    ingest.execute("SELECT signal.ensure_chunk(current_date + 30)").await.unwrap();
}
