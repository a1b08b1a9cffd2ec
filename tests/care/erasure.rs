//! Erasure: who asks, who decides, what goes, and what proves it; every rule of it, broken.

use std::process::{Command, Output};

use healthtrack::model::people::{ErasureStatus, PatientId};
use healthtrack::store::care::erasure;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use uuid::Uuid;

use super::caller::Caller;
use super::network::{Network, refused_by};
use super::practice::{Practice, hours_ahead};

/// A patient with a name, a journal, a signed note, a report, a message, a bill and a visit to come; the people around.
struct Case {
    practice: Practice,
    patient: Uuid,
    own: Caller,
    officer: Caller,
}

impl Case {
    async fn new() -> Case {
        let mut practice = Practice::within(Network::owned().await).await;
        let patient = practice.patient;
        practice.taken_over(patient, &hours_ahead(30, 30), "booked").await;
        let (provider, facility) = (practice.provider, practice.facility);
        practice
            .network
            .run(&format!(
                "INSERT INTO care.patient_name (patient_id, use, family, given)
                 VALUES ('{patient}', 'official', 'Quillfeather', '{{Zenobia}}') ON CONFLICT DO NOTHING;
                 INSERT INTO care.journal_entry (patient_id, written_at, body)
                 VALUES ('{patient}', now(), decode('01' || repeat('00', 40), 'hex'));
                 WITH made AS (
                     INSERT INTO care.note (patient_id, author_id, loinc, title)
                     VALUES ('{patient}', '{provider}', '11506-3', 'Visit') RETURNING note_id)
                 INSERT INTO care.note_section (patient_id, note_id, place, loinc, title, body)
                 SELECT '{patient}', note_id, 1, '51848-0', 'Assessment', 'Zenobia has a cold' FROM made;
                 UPDATE care.note SET status = 'signed', signed_at = now() WHERE patient_id = '{patient}';
                 INSERT INTO care.condition (patient_id, recorded_by, code_system, code, title, clinical_status,
                                             verification_status, note)
                 VALUES ('{patient}', '{provider}', 'icd10', 'J00', 'Cold of Zenobia', 'active', 'confirmed', 'Zenobia');
                 INSERT INTO care.clinical_report (patient_id, category, title, status, conclusion, signed_by, signed_at)
                 VALUES ('{patient}', 'consultation', 'Cold', 'final', 'Zenobia is well', '{provider}', now());
                 INSERT INTO care.invoice (patient_id, facility_id, number) VALUES ('{patient}', '{facility}', 'Z-1')"
            ))
            .await;
        let own = practice.account("patient", Some(patient)).await;
        let own = Caller::of(&practice.network, own).await;
        let officer = practice.account("privacy_officer", None).await;
        let officer = Caller::of(&practice.network, officer).await;
        Case { practice, patient, own, officer }
    }

    async fn request(&mut self) -> Uuid {
        self.own.key(&format!("request_erasure($t, '{}', 'I move away')", self.patient)).await
    }

    async fn granted(&mut self) -> Uuid {
        let request = self.request().await;
        self.officer.call(&format!("decide_erasure($t, '{request}', true, 'No duty to keep more')")).await;
        request
    }

    async fn hold(&mut self, held: bool) {
        let hold = format!("UPDATE care.patient SET legal_hold = {held} WHERE patient_id = '{}'", self.patient);
        self.practice.network.run(&hold).await;
    }

    fn erase(&self, ground: &str, request: &str) -> String {
        format!("SELECT access.erase_person('{}', '{ground}', {request})", self.patient)
    }

    async fn one(&mut self, query: &str) -> String {
        self.practice.network.one(&query.replace("$p", &self.patient.to_string())).await
    }
}

/// What a login does; else the rule that refuses it.
async fn tried(login: &mut PgConnection, statement: &str) -> String {
    match login.execute(AssertSqlSafe(statement.to_owned())).await {
        Ok(_) => "done".to_owned(),
        refused => refused_by(refused, statement),
    }
}

fn healthtrack(network: &Network, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
    // A login that may both roll and migrate.
    command.args(arguments).env("HEALTHTRACK__STORE__URL", network.database.url());
    command.output().unwrap()
}

#[tokio::test]
async fn the_patient_asks_and_the_officer_decides_and_nobody_else() {
    let mut case = Case::new().await;
    let patient = case.patient;
    let stranger = case.practice.network.patient().await;
    let mut stranger = Caller::playing(&mut case.practice.network, "patient", stranger).await;
    let ask = format!("request_erasure($t, '{patient}', NULL)");
    assert_eq!(stranger.refused(&ask).await, "erasure_is_asked_by_the_patient");
    assert_eq!(case.officer.refused(&ask).await, "erasure_is_asked_by_the_patient");
    let request = case.request().await;
    assert_eq!(case.own.refused(&ask).await, "erasure_request_is_one_at_a_time");

    let decide = |granted: bool, why: &str| format!("decide_erasure($t, '{request}', {granted}, '{why}')");
    assert_eq!(case.own.refused(&decide(true, "I want it")).await, "erasure_is_decided_by_the_officer");
    assert_eq!(case.officer.refused(&decide(true, " ")).await, "erasure_request_decision_says_who_and_why");
    let neither = format!("decide_erasure($t, '{request}', NULL, 'No duty to keep')");
    assert_eq!(case.officer.refused(&neither).await, "erasure_is_granted_or_refused");
    case.hold(true).await;
    assert_eq!(case.officer.refused(&decide(true, "No duty to keep")).await, "erasure_waits_for_hold");
    case.hold(false).await;
    let seen = case.officer.read("status || held", "read_erasures", None, "erasures", "").await;
    assert_eq!(seen, ["requestedfalse"]);
    assert!(stranger.reads("erasures", "read_erasures", patient, "status").await.is_empty());
    assert_eq!(case.own.reads("erasures", "read_erasures", patient, "status").await, ["requested"]);
    assert!(stranger.read("status", "read_erasures", None, "erasures", "").await.is_empty(), "all are the officer's");

    let withdraw = format!("withdraw_erasure($t, '{request}')");
    assert_eq!(stranger.refused(&withdraw).await, "erasure_request_stands");
    case.officer.call(&decide(true, "No duty to keep more")).await;
    assert_eq!(case.officer.refused(&decide(false, "Thought again")).await, "erasure_request_is_undecided");
    case.own.call(&withdraw).await;
    assert_eq!(case.own.refused(&withdraw).await, "erasure_request_stands");
    let kept = "SELECT concat_ws(',', status, num_nonnulls(decided_by, decided_at), decision_reason)
        FROM access.erasure_request WHERE patient_id = '$p'";
    assert_eq!(case.one(kept).await, "withdrawn,2,No duty to keep more", "what was decided stays known");
    let mut owner = case.practice.network.login("owner").await;
    let late = case.erase("request", &format!("'{request}'"));
    assert_eq!(tried(&mut owner, &late).await, "erasure_is_granted_first", "it was withdrawn");
    let told = "SELECT count(*)::text FROM access.audit_event WHERE patient_id = '$p' AND resource ~ 'erasure_request'";
    assert_eq!(case.one(told).await, "3", "asked, granted, withdrawn");
}

#[tokio::test]
async fn whoever_may_consent_for_a_patient_asks_for_them() {
    let mut case = Case::new().await;
    let proxy = case.practice.network.patient().await;
    let account = case.practice.account("patient", Some(proxy)).await;
    let mut proxy = Caller::of(&case.practice.network, account).await;
    let ask = format!("request_erasure($t, '{}', NULL)", case.patient);
    for (acts, may) in [("schedule", false), ("consent", true)] {
        let appoint = format!(
            "appoint_proxy($t, '{}', '{account}', NULL, 'appointed', NULL, 'US', '{{chart,schedule}}', '{{{acts}}}', NULL)",
            case.patient
        );
        let right = case.own.key(&appoint).await;
        assert_eq!(proxy.tries(&ask).await.is_ok(), may, "{acts}");
        case.own.call(&format!("end_proxy($t, '{right}')")).await;
    }
}

#[tokio::test]
async fn the_command_shows_then_erases_and_proves_it_without_a_fact() {
    let mut case = Case::new().await;
    let patient = case.patient.to_string();
    let refused = healthtrack(&case.practice.network, &["patient", "erase", &patient, "--yes"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("a privacy officer grants it"), "{refused:?}");
    case.granted().await;
    let shown = healthtrack(&case.practice.network, &["patient", "erase", &patient, "--json"]);
    assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
    assert_eq!(case.one("SELECT count(*)::text FROM care.note WHERE patient_id = '$p'").await, "1", "only shown");
    case.hold(true).await;
    let held = healthtrack(&case.practice.network, &["patient", "erase", &patient, "--yes"]);
    assert!(String::from_utf8_lossy(&held.stderr).contains("legal hold"), "{held:?}");
    case.hold(false).await;

    let done = healthtrack(&case.practice.network, &["patient", "erase", &patient, "--yes", "--json"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let logged = [done.stdout.clone(), done.stderr, shown.stdout, shown.stderr].concat();
    assert!(!String::from_utf8_lossy(&logged).contains("Zenobia"));
    for gone in ["note", "note_section", "journal_entry", "patient_name", "record_version"] {
        let query = format!("SELECT count(*)::text FROM care.{gone} WHERE patient_id = '$p'");
        assert_eq!(case.one(&query).await, "0", "{gone}");
    }
    let kept = "SELECT concat_ws(',', p.born_on, p.born_in, c.code, c.title, c.note, r.conclusion, i.number, v.status, v.reason)
        FROM care.patient p JOIN care.condition c USING (patient_id) JOIN care.clinical_report r USING (patient_id)
        JOIN care.invoice i USING (patient_id) JOIN care.appointment v USING (patient_id) WHERE p.patient_id = '$p'";
    assert_eq!(case.one(kept).await, "1980,J00,J00,erased,erased,Z-1,cancelled");
    let account = "SELECT (login = 'erased-' || account_id AND disabled_at IS NOT NULL)::text FROM access.account
        WHERE patient_id = '$p'";
    assert_eq!(case.one(account).await, "true");
    let proof = "SELECT concat_ws(',', p.ground, p.counts -> 'note', r.status, r.reason, p.decided_by = r.decided_by,
            p.digest = access.erasure_digest(p), (SELECT count(*) FROM access.audit_event e
            WHERE e.action = 'erase' AND e.resource = 'access.erasure_proof/' || p.erasure_proof_id))
        FROM access.erasure_proof p JOIN access.erasure_request r USING (erasure_request_id) WHERE p.patient_id = '$p'";
    assert_eq!(case.one(proof).await, r#"request,{"deleted": 2},done,erased,t,t,1"#);
    let list = healthtrack(&case.practice.network, &["patient", "proofs", "--json"]);
    let list: serde_json::Value = serde_json::from_slice(&list.stdout).unwrap();
    assert_eq!((&list[0]["patient"], &list[0]["holds"]), (&patient.clone().into(), &true.into()));

    // As if an older backup had been restored: what the list names is erased again, and once more nothing is found.
    let back = format!(
        "SET session_replication_role = replica;
         INSERT INTO care.address (patient_id, use, lines, city, postal_code)
         VALUES ('{patient}', 'home', '{{1 Elm}}', 'Springfield', '62701');
         SET session_replication_role = origin"
    );
    case.practice.network.run(&back).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("proofs.json");
    std::fs::write(&file, list.to_string()).unwrap();
    let replay = ["patient", "erase", "--replay", file.to_str().unwrap(), "--yes", "--json"];
    for identity in [r#"{"deleted": 1}"#, ""] {
        let again = healthtrack(&case.practice.network, &replay);
        assert!(again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
        let newest = "SELECT concat(counts -> 'identity') FROM access.erasure_proof ORDER BY erased_at DESC LIMIT 1";
        assert_eq!(case.one(newest).await, identity);
    }
}

#[tokio::test]
async fn an_erasure_is_refused_until_nothing_stands_against_it_and_its_proof_stays() {
    let mut case = Case::new().await;
    let patient = case.patient;
    let mut owner = case.practice.network.login("owner").await;
    let nobody = "SELECT access.erase_person(gen_random_uuid(), 'mistake')";
    assert_eq!(tried(&mut owner, nobody).await, "erasure_is_of_a_patient");
    assert_eq!(tried(&mut owner, &case.erase("request", "NULL")).await, "erasure_is_granted_first");
    assert_eq!(tried(&mut owner, &case.erase("whim", "NULL")).await, "erasure_proof_ground_is_known");
    case.hold(true).await;
    assert_eq!(tried(&mut owner, &case.erase("court_order", "NULL")).await, "erasure_waits_for_hold");
    case.hold(false).await;
    case.practice
        .network
        .run(&format!(
            "WITH device AS (INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('w', now(), 'operator')
                             RETURNING device_key)
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{patient}', device_key, '[2026-11-01 00:00Z,)' FROM device"
        ))
        .await;
    assert_eq!(tried(&mut owner, &case.erase("mistake", "NULL")).await, "samples_are_erased_first");
    case.practice.network.run("DELETE FROM care.wear").await;
    for login in ["portal", "ingest", "roller", "care"] {
        let mut other = case.practice.network.login(login).await;
        assert_eq!(tried(&mut other, &case.erase("mistake", "NULL")).await, "42501", "{login}");
    }
    assert_eq!(tried(&mut owner, &case.erase("mistake", "NULL")).await, "done");
    for change in [
        "UPDATE access.erasure_proof SET counts = '{}'",
        "DELETE FROM access.erasure_proof",
        "TRUNCATE access.erasure_proof",
    ] {
        assert_eq!(tried(&mut owner, change).await, "proof_is_only_added_to");
        assert_eq!(case.practice.network.refusal(change).await, "proof_is_only_added_to");
    }
}

#[tokio::test]
async fn records_of_one_person_go_as_one_and_a_hold_of_either_keeps_both() {
    let mut case = Case::new().await;
    let (first, joined) = (case.patient, case.practice.network.patient().await);
    case.practice
        .network
        .run(&format!(
            "INSERT INTO care.patient_name (patient_id, use, family, given)
             VALUES ('{joined}', 'official', 'Quillfeather', '{{Zen}}');
             INSERT INTO care.patient_link (patient_id, survivor_id, reason) VALUES ('{joined}', '{first}', 'Registered twice');
             UPDATE care.patient SET legal_hold = true WHERE patient_id = '{joined}'"
        ))
        .await;
    let mut owner = case.practice.network.login("owner").await;
    assert_eq!(tried(&mut owner, &case.erase("mistake", "NULL")).await, "erasure_waits_for_hold");
    case.practice.network.run("UPDATE care.patient SET legal_hold = false").await;
    assert_eq!(tried(&mut owner, &case.erase("mistake", "NULL")).await, "done");
    assert_eq!(case.one("SELECT count(*)::text FROM care.patient_name").await, "0");
    assert_eq!(case.one("SELECT cardinality(records)::text FROM access.erasure_proof").await, "2");
    assert_eq!(case.one("SELECT reason FROM care.patient_link").await, "erased");
}

#[tokio::test]
async fn what_lets_an_erasure_past_the_rules_lets_nobody_else_past() {
    let case = Case::new().await;
    let change = format!(
        "SET healthtrack.erasing = 'on'; UPDATE care.clinical_report SET conclusion = 'Other' WHERE patient_id = '{}'",
        case.patient
    );
    for login in ["owner", "migrator"] {
        let mut login = case.practice.network.login(login).await;
        assert_eq!(
            tried(&mut login, &change).await,
            "clinical_report_that_is_final_is_not_altered",
            "the setting alone opens nothing"
        );
    }
    let mut care = case.practice.network.login("care").await;
    for forged in ["INSERT INTO access.erasure_run DEFAULT VALUES", "SELECT access.begin_erasing()"] {
        assert_eq!(tried(&mut care, forged).await, "42501");
    }
}

#[tokio::test]
async fn a_program_asks_withdraws_decides_and_lists() {
    let mut practice = Practice::within(Network::owned().await).await;
    let patient = PatientId(practice.patient);
    let own = practice.account("patient", Some(patient.0)).await;
    let officer = practice.account("privacy_officer", None).await;
    let network = &mut practice.network;
    let first = network.does(own, async |actor| erasure::request(actor, patient, Some("I move away")).await).await;
    network.does(own, async |actor| erasure::withdraw(actor, first).await).await;
    let second = network.does(own, async |actor| erasure::request(actor, patient, None).await).await;
    network.does(officer, async |actor| erasure::decide(actor, second, false, "A claim is open").await).await;
    let own = network.does(own, async |actor| erasure::requests(actor, Some(patient)).await).await;
    let of_all = network.does(officer, async |actor| erasure::requests(actor, None).await).await;
    let told = |of: &[erasure::ErasureRequest]| {
        let mut told: Vec<_> = of.iter().map(|request| (request.request, request.status)).collect();
        told.sort_by_key(|(request, _)| *request != first);
        told
    };
    assert_eq!(told(&own), [(first, ErasureStatus::Withdrawn), (second, ErasureStatus::Refused)]);
    assert_eq!(told(&of_all), told(&own));
}
