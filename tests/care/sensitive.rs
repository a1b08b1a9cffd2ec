//! Sensitive rows: whom a category is open to, and that nothing else tells of it.

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use uuid::Uuid;

use super::network::Network;

/// A patient, two providers in care who both see the chart, and their accounts.
pub(super) struct Cared {
    pub(super) network: Network,
    pub(super) patient: Uuid,
    pub(super) author: Uuid,
    pub(super) other: Uuid,
    pub(super) accounts: [Uuid; 3],
}

impl Cared {
    pub(super) async fn new() -> Cared {
        let mut network = Network::owned().await;
        let (patient, author, other) = (network.patient().await, network.provider().await, network.provider().await);
        network.put_in_care(patient, author).await;
        network.put_in_care(patient, other).await;
        let accounts = [
            network.account("patient", Some(patient)).await,
            network.account("provider", Some(author)).await,
            network.account("provider", Some(other)).await,
        ];
        Cared { network, patient, author, other, accounts }
    }

    /// What the patient, the author and the other provider get for a query of one number, in this order.
    pub(super) async fn seen(&self, query: &str) -> Vec<i64> {
        let mut seen = Vec::new();
        for account in self.accounts {
            seen.push(number(&mut self.network.portal_of(account).await, query).await);
        }
        seen
    }

    /// The patient lets the other provider see these scopes.
    pub(super) async fn grants(&self, scopes: &str) {
        let share = format!(
            "SELECT access.share('{}', NULL, '{}', '{{{scopes}}}', 'treatment', NULL)",
            self.patient, self.other
        );
        self.network.portal_of(self.accounts[0]).await.execute(AssertSqlSafe(share)).await.unwrap();
    }
}

async fn number(portal: &mut PgConnection, query: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(portal).await.unwrap()
}

/// A table of the kind, with a plain row, one of each category by the author, and one of HIV by nobody.
async fn planted(kind: &str) -> Cared {
    let mut cared = Cared::new().await;
    let (patient, author) = (cared.patient, cared.author);
    cared
        .network
        .run(&format!(
            "CREATE TABLE care.planted (patient_id uuid NOT NULL, recorded_by uuid, sensitivity care.sensitivity);
             INSERT INTO care.planted SELECT '{patient}', '{author}', category FROM unnest('{{NULL,behavioural_health,reproductive,substance_use,hiv}}'::text[]) AS category;
             INSERT INTO care.planted VALUES ('{patient}', NULL, 'hiv');
             CALL access.guard('care.planted', '{kind}', 'recorded_by')"
        ))
        .await;
    cared
}

const ALL: &str = "SELECT count(*) FROM care.planted";

#[tokio::test]
async fn care_opens_plain_rows_and_the_authors_own_and_no_others() {
    for kind in ["sensitive_chart", "sensitive_own_chart"] {
        assert_eq!(planted(kind).await.seen(ALL).await, [6, 5, 1], "{kind}");
    }
}

#[tokio::test]
async fn a_grant_opens_the_category_that_it_names_alone() {
    let cared = planted("sensitive_chart").await;
    cared.grants("chart").await;
    assert_eq!(cared.seen(ALL).await, [6, 5, 1], "a grant of the chart opens none");
    for (scope, seen) in [("hiv", 3), ("reproductive", 4), ("behavioural_health", 5), ("substance_use", 6)] {
        cared.grants(scope).await;
        assert_eq!(cared.seen(ALL).await[2], seen, "{scope}");
    }
}

#[tokio::test]
async fn a_grant_of_one_category_needs_no_care_and_opens_no_plain_row() {
    let mut cared = planted("sensitive_chart").await;
    cared.network.run("DELETE FROM access.care_relationship").await;
    cared.grants("hiv").await;
    assert_eq!(cared.seen(ALL).await, [6, 0, 2]);
}

#[tokio::test]
async fn care_opens_what_its_providers_specialty_treats_and_an_emergency_all_for_its_hour() {
    let mut cared = planted("sensitive_chart").await;
    let (patient, other) = (cared.patient, cared.other);
    let specialty =
        format!("INSERT INTO care.provider_specialty (provider_id, specialty) VALUES ('{other}', 'psychiatry')");
    cared.network.run(&specialty).await;
    assert_eq!(cared.seen(ALL).await[2], 1, "care that runs opens what it opened");
    cared.network.run("DELETE FROM access.care_relationship").await;
    cared.network.put_in_care(patient, other).await;
    assert_eq!(cared.seen(ALL).await[2], 3, "behavioural health and substance use");

    let mut portal = cared.network.portal_of(cared.accounts[2]).await;
    portal.execute("BEGIN").await.unwrap();
    let breaks = format!("SELECT access.break_glass('{patient}', 'Found unconscious, nobody to ask')");
    portal.execute(AssertSqlSafe(breaks)).await.unwrap();
    assert_eq!(number(&mut portal, ALL).await, 3, "not in the transaction that opens it");
    portal.execute("COMMIT").await.unwrap();
    assert_eq!(number(&mut portal, ALL).await, 6);
    cared.network.run("UPDATE access.care_relationship SET valid_during = tstzrange(lower(valid_during), clock_timestamp()) WHERE basis = 'emergency'").await;
    assert_eq!(number(&mut portal, ALL).await, 3, "the hour is over");
}

#[tokio::test]
async fn who_cannot_read_a_row_cannot_change_it() {
    let cared = planted("sensitive_chart").await;
    let mut portal = cared.network.portal_of(cared.accounts[2]).await;
    let change = "UPDATE care.planted SET recorded_by = recorded_by";
    assert_eq!(portal.execute(change).await.unwrap().rows_affected(), 1);
    cared.grants("hiv").await;
    assert_eq!(
        portal.execute(change).await.unwrap().rows_affected(),
        3,
        "what care and a grant open is open to change"
    );
}

/// Policies of tables with a category by which somebody reads rows whatever theirs is; the patient's own aside, and that
/// of who is asked by name to do something, who reads what was written to them, and the biller's, who claims by codes.
const BLIND: &str = "
    SELECT p.polname || ' on ' || p.polrelid::regclass FROM pg_policy p
    JOIN pg_attribute s ON s.attrelid = p.polrelid AND s.attname = 'sensitivity' AND NOT s.attisdropped
    JOIN pg_attribute w ON w.attrelid = p.polrelid AND w.attname = 'patient_id' AND NOT w.attisdropped
    WHERE p.polcmd <> 'a' AND p.polpermissive AND (p.polname, p.polrelid) <> ('asked', 'care.service_request'::regclass)
      AND (p.polname, p.polrelid) <> ('desk', 'care.claim_diagnosis'::regclass)
      AND NOT 'healthtrack_migrator'::regrole = ANY (p.polroles)
      AND pg_get_expr(p.polqual, p.polrelid) !~ '\\msensitivity\\M|access.own_patients|patient_id IS NULL' ORDER BY 1";

#[tokio::test]
async fn no_policy_of_a_table_with_categories_looks_past_them() {
    let mut network = Network::owned().await;
    assert_eq!(network.rows(BLIND).await, [""; 0]);
    let many = "SELECT (count(*) >= 15)::text FROM pg_attribute a JOIN pg_policy p ON p.polrelid = a.attrelid
                WHERE a.attname = 'sensitivity' AND p.polname = 'opened'";
    assert_eq!(network.one(many).await, "true", "the catalog was read");
    network
        .run(
            "CREATE TABLE care.planted (patient_id uuid NOT NULL, sensitivity care.sensitivity);
             CALL access.guard('care.planted', 'chart');
             CREATE POLICY injected ON care.condition FOR SELECT TO healthtrack_care USING (true)",
        )
        .await;
    assert_eq!(
        network.rows(BLIND).await,
        ["care on care.planted", "granted on care.planted", "injected on care.condition"]
    );
}

#[tokio::test]
async fn categories_and_scopes_are_the_known_ones() {
    let mut cared = planted("sensitive_chart").await;
    for (statement, rule) in [
        ("INSERT INTO care.planted SELECT patient_id, NULL, 'dental' FROM care.patient", "sensitivity_is_known"),
        ("INSERT INTO care.sensitive_code VALUES ('icd9', '042', 'hiv')", "sensitive_code_system_is_known"),
        ("INSERT INTO care.sensitive_code VALUES ('icd10', ' ', 'hiv')", "sensitive_code_is_some"),
        ("INSERT INTO care.sensitive_code VALUES ('icd10', 'F', 'hiv')", "sensitive_code_pkey"),
        ("UPDATE care.specialty SET opens = '{chart}'", "specialty_opens_known_categories"),
        ("UPDATE access.care_relationship SET opens = '{chart}'", "care_relationship_opens_known_categories"),
        ("INSERT INTO access.look_kind (kind, scope) VALUES (repeat('k', 27), 'chart')", "look_kind_leaves_room"),
    ] {
        assert_eq!(cared.network.refusal(statement).await, rule, "{statement}");
    }
    let share =
        format!("SELECT access.share('{}', NULL, '{}', '{{journal}}', 'family', NULL)", cared.patient, cared.other);
    let mut own = cared.network.portal_of(cared.accounts[0]).await;
    let shared = own.execute(AssertSqlSafe(share)).await;
    assert_eq!(
        super::network::refused_by(shared, "journal"),
        "grant_of_access_scopes_are_known",
        "shared entry by entry"
    );
}
