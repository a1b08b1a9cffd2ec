//! The made-up network: the same twice, whole or not there, and its views find each planted answer.

use std::process::{Command, Output};

use serde_json::Value;

use super::network::Network;

const PATIENTS: &str = "300";
const TODAY: &str = "2026-11-25";

/// For each kind of planted fact: the table it needs, and the planted facts (`sheet`) that a view answers otherwise.
const QUESTIONS: [(&str, &str, &str); 7] = [
    (
        "invoice_balance",
        "care.invoice_balance",
        "SELECT subject::text FROM sheet LEFT JOIN care.invoice_balance b ON b.invoice_id = subject
         WHERE (b.charged, b.due_from_patient, b.paid_by_insurer)
               IS DISTINCT FROM ((answer->>'charged')::numeric, (answer->>'due_from_patient')::numeric,
                                 (answer->>'paid_by_insurer')::numeric)",
    ),
    (
        "wear",
        "care.wear",
        "SELECT subject::text FROM sheet WHERE NOT EXISTS (
             SELECT FROM care.wear JOIN signal.device USING (device_key)
             WHERE patient_id = subject AND device_id = answer->>'device' AND upper_inf(worn_during))",
    ),
    (
        "readmission_30_day",
        "care.readmission_30_day",
        "SELECT subject::text FROM sheet LEFT JOIN care.readmission_30_day ON index_encounter_id = subject
         WHERE readmitted IS DISTINCT FROM (answer->>'readmitted')::boolean",
    ),
    (
        "adherence_pdc",
        "care.dispense",
        "SELECT subject::text FROM sheet,
                LATERAL (SELECT daterange((answer->>'from')::date, (answer->>'to')::date) AS measured) AS period
         WHERE NOT EXISTS (SELECT FROM care.adherence_pdc(measured, subject)
                           WHERE ingredient = answer->>'ingredient' AND pdc = (answer->>'pdc')::numeric)",
    ),
    (
        "lab_trend",
        "care.lab_trend",
        "SELECT subject::text FROM sheet WHERE NOT EXISTS (
             SELECT FROM (SELECT regr_slope(value_number, extract(epoch FROM observed_at)) AS slope FROM care.lab_result
                          WHERE patient_id = subject AND loinc = answer->>'loinc') AS trend
             WHERE (slope > 0) = (answer->>'rises')::boolean)",
    ),
    (
        "programme_completion",
        "care.enrolment",
        "SELECT subject::text FROM sheet LEFT JOIN care.enrolment ON enrolment_id = subject
         WHERE (status = 'completed') IS DISTINCT FROM (answer->>'completed')::boolean",
    ),
    (
        "unexplained_access",
        "access.unexplained_access",
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
    network.run("CREATE TEMPORARY TABLE planted (kind text, subject uuid, answer jsonb)").await;
    sqlx::query("INSERT INTO planted SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS t (kind text, subject uuid, answer jsonb)")
        .bind(&sheet)
        .execute(&mut network.sql)
        .await
        .unwrap();
    let mut asked = 0;
    for (kind, needs, wrong) in QUESTIONS {
        if network.one(&format!("SELECT (to_regclass('{needs}') IS NOT NULL)::text")).await == "false" {
            continue;
        }
        asked += facts.iter().filter(|fact| fact["kind"] == kind).count();
        network.run("DROP VIEW IF EXISTS sheet").await;
        network.run(&format!("CREATE TEMPORARY VIEW sheet AS SELECT * FROM planted WHERE kind = '{kind}'")).await;
        assert_eq!(network.rows(wrong).await, [""; 0], "{kind}");
        // A sheet that says something else is seen.
        let other =
            wrong.replace("FROM sheet", "FROM (SELECT kind, gen_random_uuid() AS subject, answer FROM sheet) AS sheet");
        assert!(!network.rows(&other).await.is_empty(), "{kind}: the question sees what it should");
    }
    assert_eq!(asked, facts.len(), "each planted fact is asked for");
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
    let mut command = Command::new(env!("CARGO_BIN_EXE_healthtrack"));
    command.args(["populate", "--patients", PATIENTS, "--today", TODAY]).args(arguments);
    command.env("HEALTHTRACK__STORE__URL", network.database.url()).output().unwrap()
}
