//! Records of other systems: each is one row however often it comes, of that row's patient, and told to whom may read the
//! row.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use super::network::{Network, refused_by};

/// Two patients with a condition each, an operator, and a system.
struct Intake {
    network: Network,
    patients: [Uuid; 2],
    conditions: [Uuid; 2],
    operator: Uuid,
}

impl Intake {
    async fn begin() -> Intake {
        let mut network = Network::owned().await;
        let provider = network.provider().await;
        let patients = [network.patient().await, network.patient().await];
        let mut conditions = [Uuid::nil(); 2];
        for (condition, patient) in conditions.iter_mut().zip(patients) {
            let insert = format!(
                "INSERT INTO care.condition (patient_id, recorded_by, code_system, code, title, clinical_status, verification_status)
                 VALUES ('{patient}', '{provider}', 'icd10', 'I10', 'Hypertension', 'active', 'confirmed')
                 RETURNING condition_id"
            );
            *condition = network.id(&insert).await;
        }
        let operator = network.account("operator", None).await;
        let mut intake = Intake { network, patients, conditions, operator };
        intake.says(operator, "keep_source_system('{token}', 'mercy-ehr', 'health_record', 'Mercy', true)").await;
        intake
    }

    async fn says(&mut self, account: Uuid, call: &str) -> String {
        let (mut portal, call) = self.call(account, call).await;
        sqlx::query_scalar(AssertSqlSafe(call.clone()))
            .fetch_one(&mut portal)
            .await
            .unwrap_or_else(|error| panic!("{call}: {error}"))
    }

    async fn refuses(&mut self, account: Uuid, call: &str) -> String {
        let (mut portal, call) = self.call(account, call).await;
        refused_by(portal.execute(AssertSqlSafe(call.clone())).await, &call)
    }

    async fn call(&self, account: Uuid, call: &str) -> (PgConnection, String) {
        let token = self.network.token(account).await;
        let call = format!("SELECT (api.{})::text", call.replace("{token}", token.expose()));
        (self.network.login("portal").await, call)
    }

    /// What is read of a row: a line for each source, or none.
    async fn provenance(&mut self, account: Uuid, relation: &str, row: Uuid) -> Vec<String> {
        let token = self.network.token(account).await.expose().to_owned();
        let mut portal = self.network.login("portal").await;
        let patient = self.patients[0];
        let look: Option<Uuid> = sqlx::query_scalar("SELECT api.look($1, $2, 'provenance', NULL)")
            .bind(&token)
            .bind(patient)
            .fetch_one(&mut portal)
            .await
            .unwrap();
        let Some(look) = look else { return Vec::new() };
        sqlx::query_scalar(
            "SELECT concat_ws(' ', kind, source, organisation, external_id, who)
             FROM api.read_provenance($1, $2, $3, $4, $5)",
        )
        .bind(&token)
        .bind(look)
        .bind(patient)
        .bind(relation)
        .bind(row)
        .fetch_all(&mut portal)
        .await
        .unwrap()
    }
}

/// A call that registers a row of a patient under a name, with what came.
fn register(name: &str, relation: &str, row: Uuid, patient: &str, came: &str) -> String {
    format!(
        "register_external_record('{{token}}', 'mercy-ehr', '{name}', '{relation}', '{row}', {patient}, sha256('{came}'))"
    )
}

fn quoted(key: Uuid) -> String {
    format!("'{key}'")
}

#[tokio::test]
async fn what_comes_again_is_the_same_row_and_says_whether_it_has_changed() {
    let mut intake = Intake::begin().await;
    let ([one, other], [first, second], operator) = (intake.patients, intake.conditions, intake.operator);
    let known = |came: &str| {
        format!(
            "SELECT concat_ws(' ', outcome, relation, row_id) FROM care.find_external_record('mercy-ehr', 'Condition/1', sha256('{came}'))"
        )
    };
    assert_eq!(intake.network.one(&known("a")).await, "new");
    for (came, outcome) in [("a", "new"), ("a", "same"), ("b", "changed"), ("b", "same"), ("a", "changed")] {
        let call = register("Condition/1", "condition", first, &quoted(one), came);
        assert_eq!(intake.says(operator, &call).await, outcome);
    }
    assert_eq!(intake.network.one(&known("a")).await, format!("same condition {first}"));
    assert_eq!(intake.network.one(&known("b")).await, format!("changed condition {first}"));
    assert_eq!(intake.network.one("SELECT count(*)::text FROM care.external_record").await, "1");
    for (name, relation, row, patient, rule) in [
        ("Condition/1", "condition", second, quoted(other), "external_record_is_one_row"),
        ("Condition/1", "condition", first, quoted(other), "external_record_is_one_row"),
        ("Condition/2", "condition", first, quoted(one), "external_record_row_is_known_once_a_source"),
        ("Condition/2", "condition", second, quoted(one), "external_record_is_of_its_patient"),
        ("Condition/2", "condition", second, "NULL".to_owned(), "external_record_is_of_its_patient"),
        ("Condition/2", "condition", one, quoted(one), "external_record_has_its_row"),
        ("Condition/2", "diagnosis", second, quoted(other), "external_record_has_its_row"),
        ("Condition/2", "history", second, quoted(other), "external_record_has_its_row"),
        ("Condition/2", "Condition", second, quoted(other), "external_record_has_its_row"),
        (" ", "condition", second, quoted(other), "external_record_external_id_is_short"),
    ] {
        let call = register(name, relation, row, &patient, "a");
        assert_eq!(intake.refuses(operator, &call).await, rule, "{call}");
    }
    let facility = intake.network.facility("IL", "clinic").await;
    let place = register("Location/1", "facility", facility, "NULL", "a");
    assert_eq!(intake.says(operator, &place).await, "new");
    let person = register("Patient/1", "patient", one, &quoted(one), "a");
    assert_eq!(intake.says(operator, &person).await, "new");
    intake.says(operator, "keep_source_system('{token}', 'lake-lab', 'laboratory', 'Lake', true)").await;
    let twice = register("9", "condition", first, &quoted(one), "a").replace("mercy-ehr", "lake-lab");
    assert_eq!(intake.says(operator, &twice).await, "new", "one row that two systems know");
}

#[tokio::test]
async fn intake_is_an_operators_and_of_a_system_that_is_known_and_active() {
    let mut intake = Intake::begin().await;
    let (one, first, operator) = (intake.patients[0], intake.conditions[0], intake.operator);
    let provider = intake.network.provider().await;
    intake.network.put_in_care(one, provider).await;
    let call = register("Condition/1", "condition", first, &quoted(one), "a");
    for (part, whose) in [("patient", Some(one)), ("provider", Some(provider)), ("privacy_officer", None)] {
        let account = intake.network.account(part, whose).await;
        assert_eq!(intake.refuses(account, &call).await, "intake_is_an_operators");
        let system = "keep_source_system('{token}', 'other', 'other', 'Other', true)";
        assert_eq!(intake.refuses(account, system).await, "intake_is_an_operators");
    }
    let unknown = call.replace("mercy-ehr", "mercy");
    assert_eq!(intake.refuses(operator, &unknown).await, "source_system_is_known");
    let keep = |name: &str, kind: &str, organisation: &str, active: bool| {
        format!("keep_source_system('{{token}}', '{name}', '{kind}', '{organisation}', {active})")
    };
    for (system, rule) in [
        (keep("Mercy EHR", "other", "Mercy", true), "source_system_name_is_short"),
        (keep("mercy", "hospital", "Mercy", true), "source_system_kind_is_known"),
        (keep("mercy", "other", " ", true), "source_system_organisation_is_some"),
    ] {
        assert_eq!(intake.refuses(operator, &system).await, rule);
    }
    assert_eq!(intake.says(operator, &call).await, "new");
    intake.says(operator, &keep("mercy-ehr", "health_record", "Mercy Health", false)).await;
    assert_eq!(intake.refuses(operator, &call).await, "source_system_is_active", "nor what came before");
    intake.says(operator, &keep("mercy-ehr", "health_record", "Mercy Health", true)).await;
    assert_eq!(intake.says(operator, &call).await, "same");
    let events = "SELECT concat_ws(' ', action, split_part(resource, '/', 1), patient_id IS NOT NULL) FROM access.audit_event ORDER BY at";
    let system = "update care.source_system f";
    let expected = [system, "create care.external_record t", system, system, "update care.external_record t"];
    assert_eq!(intake.network.rows(events).await, expected);
}

#[tokio::test]
async fn of_two_that_take_a_record_in_at_once_one_writes_it() {
    let mut intake = Intake::begin().await;
    let (one, conditions) = (intake.patients[0], intake.conditions);
    let both: String = format!(
        "UPDATE care.condition SET patient_id = '{one}', code = 'I11' WHERE condition_id = '{}'",
        conditions[1]
    );
    intake.network.run(&format!("ALTER TABLE care.condition DISABLE TRIGGER USER; {both}")).await;
    let (mut fast, mut slow) = (intake.network.connection().await, intake.network.connection().await);
    let take = |row: Uuid| {
        format!(
            "SELECT care.register_external_record('mercy-ehr', 'Condition/1', 'condition', '{row}', '{one}', sha256('a'))"
        )
    };
    let mut first = fast.begin().await.unwrap();
    first.execute(AssertSqlSafe(take(conditions[0]))).await.unwrap();
    let second = take(conditions[1]);
    let waits = async { refused_by(slow.execute(AssertSqlSafe(second.clone())).await, &second) };
    let commits = async {
        // The other waits for this one's row by now, or will.
        first.commit().await.unwrap();
    };
    let (refusal, ()) = tokio::join!(waits, commits);
    assert_eq!(refusal, "external_record_is_one_row");
    let same = sqlx::query_scalar::<_, String>(AssertSqlSafe(take(conditions[0]))).fetch_one(&mut slow).await.unwrap();
    assert_eq!(same, "same");
}

#[tokio::test]
async fn where_a_row_came_from_is_told_to_whom_may_read_it_and_goes_with_it() {
    let mut intake = Intake::begin().await;
    let ([one, other], [first, second], operator) = (intake.patients, intake.conditions, intake.operator);
    intake.says(operator, &register("Condition/1", "condition", first, &quoted(one), "a")).await;
    intake.says(operator, &register("Condition/2", "condition", second, &quoted(other), "a")).await;
    let own = intake.network.account("patient", Some(one)).await;
    let others = intake.network.account("patient", Some(other)).await;
    let expected = ["here program", "health_record mercy-ehr Mercy Condition/1"];
    assert_eq!(intake.provenance(own, "condition", first).await, expected);
    for (account, relation, row) in [
        (others, "condition", first),
        (operator, "condition", first),
        (own, "condition", second),
        (own, "allergy", first),
        (own, "external_record", first),
        (own, "no_such_table", first),
    ] {
        assert_eq!(intake.provenance(account, relation, row).await, [""; 0], "{relation}");
    }
    let moved = format!("UPDATE care.external_record SET row_id = '{second}' WHERE row_id = '{first}'");
    assert_eq!(intake.network.refusal(&moved).await, "external_record_stays_with_its_row");
    intake.network.run(&format!("DELETE FROM care.condition WHERE condition_id = '{first}'")).await;
    assert_eq!(intake.network.one("SELECT care.forget_external_records()::text").await, "1");
    assert_eq!(intake.network.one("SELECT row_id::text FROM care.external_record").await, second.to_string());
}

/// What no record or system can be, with the statement that tries.
const BROKEN: &[(&str, &str)] = &[
    (
        "INSERT INTO care.source_system (name, kind, organisation) VALUES ('mercy-ehr', 'other', 'X')",
        "source_system_name_is_unique",
    ),
    ("UPDATE care.external_record SET digest = 'x'", "external_record_digest_is_sha256"),
    (
        "UPDATE care.external_record SET received_at = first_received_at - INTERVAL '1 s'",
        "external_record_is_received_first",
    ),
    (
        "INSERT INTO care.external_record (patient_id, source_system_id, row_id, relation, external_id, digest)
         SELECT patient_id, source_system_id, row_id, relation, external_id, digest FROM care.external_record",
        "external_record_is_known_once",
    ),
    (
        "ALTER TABLE care.external_record DISABLE TRIGGER USER; UPDATE care.external_record SET relation = '1'",
        "external_record_relation_is_a_name",
    ),
    ("UPDATE care.external_record SET source_system_id = gen_random_uuid()", "external_record_source_system_fkey"),
    ("UPDATE care.external_record SET patient_id = gen_random_uuid()", "external_record_patient_fkey"),
];

#[tokio::test]
async fn every_rule_of_intake_is_broken_by_a_test() {
    let mut intake = Intake::begin().await;
    let (one, first, operator) = (intake.patients[0], intake.conditions[0], intake.operator);
    intake.says(operator, &register("Condition/1", "condition", first, &quoted(one), "a")).await;
    for (statement, rule) in BROKEN {
        for part in statement.split("; ") {
            if part.starts_with("ALTER") {
                intake.network.run(part).await;
            } else {
                assert_eq!(intake.network.refusal(part).await, *rule, "{part}");
            }
        }
    }
    let rules = "SELECT conrelid::regclass || ' ' || conname FROM pg_constraint WHERE contype IN ('c', 'f', 'u')
                   AND conrelid IN ('care.source_system'::regclass, 'care.external_record'::regclass) ORDER BY 1";
    let source = include_str!("intake.rs");
    let untold = |rules: Vec<String>| {
        let is_untold = |rule: &String| !source.contains(&format!("\"{}\"", rule.split(' ').next_back().unwrap()));
        rules.into_iter().filter(is_untold).collect::<Vec<_>>()
    };
    assert_eq!(untold(intake.network.rows(rules).await), [""; 0]);
    intake
        .network
        .run("ALTER TABLE care.source_system ADD CONSTRAINT source_system_is_planted CHECK (version > 0)")
        .await;
    assert_eq!(
        untold(intake.network.rows(rules).await),
        ["care.source_system source_system_is_planted"],
        "the check sees what it should"
    );
}
