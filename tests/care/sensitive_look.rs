//! Who looked is told with what was open to them, and a look of before something was opened shows nothing.

use sqlx::postgres::PgDatabaseError;
use sqlx::{AssertSqlSafe, PgConnection};

use super::sensitive::Cared;

/// The patient and the other provider through the portal's login.
struct Desk {
    cared: Cared,
    portal: PgConnection,
    own: String,
    other: String,
}

impl Desk {
    async fn open() -> Desk {
        let mut cared = Cared::new().await;
        let (patient, author) = (cared.patient, cared.author);
        cared
            .network
            .run(&format!(
                "INSERT INTO care.condition (patient_id, recorded_by, code_system, code, title, clinical_status, verification_status)
                 SELECT '{patient}', '{author}', 'icd10', code, code, 'active', 'confirmed' FROM unnest('{{I10,B20,F32.9}}'::text[]) AS code;
                 INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, status, value_number, unit)
                 SELECT '{patient}', now() - days, code, code, 'final', 1, unit
                 FROM (VALUES ('2160-0', 'mg/dL'), ('20447-9', '{{copies}}/mL')) AS test (code, unit), unnest('{{1 day,2 days}}'::interval[]) AS days"
            ))
            .await;
        let portal = cared.network.login("portal").await;
        let own = cared.network.token(cared.accounts[0]).await.expose().to_owned();
        let other = cared.network.token(cared.accounts[2]).await.expose().to_owned();
        Desk { cared, portal, own, other }
    }

    /// The one text that a query gives, or the rule that refuses it.
    async fn ask(&mut self, query: &str) -> Result<Option<String>, String> {
        let asked = sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut self.portal).await;
        asked.map_err(|error| match error {
            sqlx::Error::Database(error) => {
                error.downcast_ref::<PgDatabaseError>().constraint().unwrap_or_default().to_owned()
            }
            error => panic!("{query}: {error}"),
        })
    }

    async fn look(&mut self, token: &str, kind: &str) -> String {
        let patient = self.cared.patient;
        self.ask(&format!("SELECT api.look('{token}', '{patient}', '{kind}', NULL)::text")).await.unwrap().unwrap()
    }

    /// The codes and categories of conditions in the record, or the rule that refuses it.
    async fn conditions(&mut self, token: &str, look: &str) -> Result<Option<String>, String> {
        let patient = self.cared.patient;
        self.ask(&format!(
            "SELECT (SELECT string_agg(concat_ws(' ', line->>'code', line->>'sensitivity'), ',' ORDER BY line->>'code') FROM jsonb_array_elements(read->'conditions') AS line)
             FROM api.read_record('{token}', '{look}', '{patient}') AS read"
        ))
        .await
    }

    /// What the audit says of looks, in the order in which they were.
    async fn events(&mut self) -> Vec<String> {
        self.cared
            .network
            .rows("SELECT resource || ' ' || reason FROM access.audit_event WHERE action = 'read' ORDER BY at")
            .await
    }
}

#[tokio::test]
async fn a_look_names_the_categories_that_were_open_and_is_asked_for_again_where_one_was_opened_since() {
    let mut desk = Desk::open().await;
    let (own, other) = (desk.own.clone(), desk.other.clone());
    let plain = desk.look(&other, "record").await;
    assert_eq!(desk.conditions(&other, &plain).await, Ok(Some("I10".to_owned())));
    desk.cared.grants("hiv").await;
    assert_eq!(desk.conditions(&other, &plain).await, Err("look_is_recorded".to_owned()), "its event names no HIV");
    let wider = desk.look(&other, "record").await;
    assert_eq!(desk.conditions(&other, &wider).await, Ok(Some("B20 hiv,I10".to_owned())));
    desk.cared.grants("behavioural_health").await;
    desk.look(&other, "results").await;
    desk.look(&other, "goals").await;
    let mine = desk.look(&own, "record").await;
    assert_eq!(desk.conditions(&own, &mine).await, Ok(Some("B20 hiv,F32.9 behavioural_health,I10".to_owned())));
    let told = [
        "record in_care",
        "record.hiv in_care",
        "results.behavioural_health.hiv in_care",
        "goals in_care",
        "record own",
    ];
    assert_eq!(desk.events().await, told);
    let shown = format!(
        "SELECT string_agg(resource, ' ' ORDER BY happened_at) FROM api.list_access('{own}') WHERE action = 'read'"
    );
    let shown = desk.ask(&shown).await.unwrap().unwrap();
    assert!(shown.contains("record.hiv results.behavioural_health.hiv"), "the patient reads it: {shown}");
}

#[tokio::test]
async fn results_and_trends_of_what_is_kept_apart_are_in_no_count() {
    let mut desk = Desk::open().await;
    let other = desk.other.clone();
    let patient = desk.cared.patient;
    for opened in [false, true] {
        if opened {
            desk.cared.grants("hiv").await;
        }
        let look = desk.look(&other, "results").await;
        let results = format!(
            "SELECT count(*)::text FROM api.read_results('{other}', '{look}', '{patient}', NULL, NULL, NULL, 100)"
        );
        let trends = format!(
            "SELECT string_agg(loinc, ',' ORDER BY loinc) FROM api.read_lab_trends('{other}', '{look}', '{patient}')"
        );
        let (count, codes) = if opened { ("4", "20447-9,2160-0") } else { ("2", "2160-0") };
        assert_eq!(desk.ask(&results).await, Ok(Some(count.to_owned())));
        assert_eq!(desk.ask(&trends).await, Ok(Some(codes.to_owned())));
    }
}

#[tokio::test]
async fn a_grant_of_one_category_alone_shows_whose_it_is_and_its_rows() {
    let mut desk = Desk::open().await;
    let other = desk.other.clone();
    desk.cared.network.run("DELETE FROM access.care_relationship").await;
    let patient = desk.cared.patient;
    let refused = desk.ask(&format!("SELECT api.look('{other}', '{patient}', 'record', NULL)::text")).await;
    assert_eq!(refused, Ok(None), "nothing is open");
    desk.cared.grants("hiv").await;
    let look = desk.look(&other, "record").await;
    assert_eq!(desk.conditions(&other, &look).await, Ok(Some("B20 hiv".to_owned())));
    let goals = desk.ask(&format!("SELECT api.look('{other}', '{patient}', 'goals', NULL)::text")).await;
    assert_eq!(goals, Ok(None), "no other part of the record");
}
