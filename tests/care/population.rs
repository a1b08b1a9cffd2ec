//! The made-up network: the same twice, whole or not there, and its views find each injected answer.

use std::process::{Command, Output};

use serde_json::Value;

use super::network::Network;

const PATIENTS: &str = "300";
const TODAY: &str = "2026-11-25";

/// For each kind of injected fact: the injected facts (`sheet`) that a view answers otherwise.
const QUESTIONS: [(&str, &str); 7] = [
    (
        "invoice_balance",
        "SELECT subject::text FROM sheet LEFT JOIN care.invoice_balance b ON b.invoice_id = subject
         WHERE (b.charged, b.due_from_patient, b.paid_by_insurer)
               IS DISTINCT FROM ((answer->>'charged')::numeric, (answer->>'due_from_patient')::numeric,
                                 (answer->>'paid_by_insurer')::numeric)",
    ),
    (
        "wear",
        "SELECT subject::text FROM sheet WHERE NOT EXISTS (
             SELECT FROM care.wear JOIN signal.device USING (device_key)
             WHERE patient_id = subject AND device_id = answer->>'device' AND upper_inf(worn_during))",
    ),
    (
        "readmission_30_day",
        "SELECT subject::text FROM sheet LEFT JOIN care.readmission_30_day ON index_encounter_id = subject
         WHERE readmitted IS DISTINCT FROM (answer->>'readmitted')::boolean",
    ),
    (
        "adherence_pdc",
        "SELECT subject::text FROM sheet,
                LATERAL (SELECT daterange((answer->>'from')::date, (answer->>'to')::date) AS measured) AS period
         WHERE NOT EXISTS (SELECT FROM care.adherence_pdc(measured, subject)
                           WHERE ingredient = answer->>'ingredient' AND pdc = (answer->>'pdc')::numeric)",
    ),
    (
        "lab_trend",
        "SELECT subject::text FROM sheet WHERE NOT EXISTS (
             SELECT FROM (SELECT regr_slope(value_number, extract(epoch FROM observed_at)) AS slope FROM care.lab_result
                          WHERE patient_id = subject AND loinc = answer->>'loinc') AS trend
             WHERE (slope > 0) = (answer->>'rises')::boolean)",
    ),
    (
        "programme_completion",
        "SELECT subject::text FROM sheet LEFT JOIN care.enrolment ON enrolment_id = subject
         WHERE (status = 'completed') IS DISTINCT FROM (answer->>'completed')::boolean",
    ),
    (
        "unexplained_access",
        "SELECT coalesce(subject, u.patient_id)::text FROM sheet FULL JOIN access.unexplained_access u
                ON u.patient_id = subject AND u.actor = (answer->>'actor')::uuid
         WHERE subject IS NULL OR u.seq IS NULL",
    ),
];

#[tokio::test]
async fn the_views_find_each_planted_answer() {
    let mut network = Network::new().await;
    let folder = tempfile::tempdir().unwrap();
    let sheet = folder.path().join("answers.json");
    let made = populate(&network, &["--answers", sheet.to_str().unwrap(), "--json"]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let sheet = std::fs::read_to_string(sheet).unwrap();
    let facts: Vec<Value> = serde_json::from_str(&sheet).unwrap();
    network.run("CREATE TEMPORARY TABLE injected (kind text, subject uuid, answer jsonb)").await;
    sqlx::query("INSERT INTO injected SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS t (kind text, subject uuid, answer jsonb)")
        .bind(&sheet)
        .execute(&mut network.sql)
        .await
        .unwrap();
    let mut asked = 0;
    for (kind, wrong) in QUESTIONS {
        asked += facts.iter().filter(|fact| fact["kind"] == kind).count();
        network.run("DROP VIEW IF EXISTS sheet").await;
        network.run(&format!("CREATE TEMPORARY VIEW sheet AS SELECT * FROM injected WHERE kind = '{kind}'")).await;
        assert_eq!(network.rows(wrong).await, [""; 0], "{kind}");
        // A sheet that says something else is seen.
        let other =
            wrong.replace("FROM sheet", "FROM (SELECT kind, gen_random_uuid() AS subject, answer FROM sheet) AS sheet");
        assert!(!network.rows(&other).await.is_empty(), "{kind}: the question sees what it should");
    }
    assert_eq!(asked, facts.len(), "each injected fact is asked for");
    let known = network.one("SELECT count(*)::text FROM care.patient").await;
    assert_eq!(known, PATIENTS);
    let off_balance = "SELECT ledger_transaction_id::text FROM care.ledger_entry GROUP BY 1 HAVING sum(amount) <> 0";
    assert_eq!(network.rows(off_balance).await, [""; 0]);
}

#[tokio::test]
async fn the_same_seed_makes_the_same_network_and_another_seed_another() {
    let print = "SELECT md5(string_agg(line, ' ' ORDER BY line)) FROM (
                     SELECT concat_ws(' ', patient_id, born_on, sex) AS line FROM care.patient
                     UNION ALL SELECT concat_ws(' ', appointment_id, patient_id, during, status) FROM care.appointment
                     UNION ALL SELECT concat_ws(' ', condition_id, patient_id, code, onset_on) FROM care.condition
                     UNION ALL SELECT concat_ws(' ', review_id, provider_stars, facility_stars, body) FROM care.review
                     UNION ALL SELECT concat_ws(' ', post_id, space_member_id, title, created_at) FROM care.post
                     UNION ALL SELECT concat_ws(' ', patient_id, name, value) FROM care.score
                     UNION ALL SELECT concat_ws(' ', goal_id, done_on, value) FROM care.goal_entry
                     UNION ALL SELECT concat_ws(' ', invoice_id, charged, due_from_patient) FROM care.invoice_balance
                 ) AS everything";
    let mut prints = Vec::new();
    for seed in ["1", "1", "2"] {
        let mut network = Network::new().await;
        let made = populate(&network, &["--seed", seed]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        network.run("SET TimeZone = 'UTC'").await;
        prints.push(network.one(print).await);
    }
    assert_eq!(prints[0], prints[1]);
    assert_ne!(prints[0], prints[2]);
}

/// Tables that a made-up network leaves empty: what is there for a moment only, or comes with samples.
const EMPTY: &[&str] = &[
    // Passwords, which nobody is given.
    "access.credential",
    // That a transaction erases.
    "access.erasure_run",
    // Whom providers of sign-ins know, and links to set a password.
    "access.federated_identity",
    "access.invitation",
    // Sessions, and what they looked at or proposed; what their devices keep, and are asked.
    "access.look",
    "access.passkey",
    "access.passkey_challenge",
    "access.proposal",
    "access.proposal_match",
    "access.registration_request",
    "access.session",
    "access.sign_in_bucket",
    // Changes that maintenance has folded into sums.
    "care.adherence_change",
    "care.condition_change",
    // What a wearable measured of a goal.
    "care.goal_day",
    // A link to a visit by video, for minutes.
    "care.join_token",
    "care.person_change",
];

#[tokio::test]
async fn a_network_is_whole_and_its_journals_are_sealed() {
    let mut network = Network::new().await;
    let key = "2026:bmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItMDI=";
    let made = command(&network, &["--json"]).env("HEALTHTRACK__SECURITY__KEYS", key).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let said: Value = serde_json::from_slice(&made.stdout).unwrap();
    assert_eq!(said["journals"], 30, "{said}");
    let tables = "SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN ('care', 'access') AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1";
    let mut empty = Vec::new();
    for table in network.rows(tables).await {
        if network.one(&format!("SELECT (NOT EXISTS (SELECT FROM {table}))::text")).await == "true" {
            empty.push(table);
        }
    }
    assert_eq!(empty, EMPTY, "every other table has rows");
    let readable = "SELECT count(*)::text FROM care.journal_entry WHERE position('the'::bytea IN body) > 0";
    assert_eq!(network.one(readable).await, "0");
    assert_eq!(network.one("SELECT count(*)::text FROM access.data_key").await, "30");
}

#[tokio::test]
async fn an_owner_who_is_no_superuser_fills_it_as_well() {
    let network = Network::owned().await;
    let made =
        command(&network, &[]).env("HEALTHTRACK__STORE__URL", network.database.url_as("owner")).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

#[tokio::test]
async fn a_database_with_patients_is_left_alone() {
    let mut network = Network::new().await;
    network.patient().await;
    let refused = populate(&network, &[]);
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("give an empty database"));
    assert_eq!(network.one("SELECT count(*)::text FROM care.facility").await, "0");
}

fn populate(network: &Network, arguments: &[&str]) -> Output {
    command(network, arguments).output().unwrap()
}

fn command(network: &Network, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
    command.args(["populate", "--patients", PATIENTS, "--today", TODAY]).args(arguments);
    command.env("HEALTHTRACK__STORE__URL", network.database.url());
    command
}
