//! What speaks against a prescription, and medicines gone through at a visit: what is severe has a reason, what no list
//! knows is not judged and says so, and a list is gone through as a whole.

use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

use super::network::refused_by;
use super::ward::{By, Ward};

/// A drug of the list, 100 mg a tablet.
async fn drug(ward: &mut Ward, code: &str, ingredient: &str) -> Uuid {
    ward.network
        .id(&format!(
            "INSERT INTO care.medication (code_system, code, name, ingredient, form, strength, strength_unit)
             VALUES ('rxnorm', '{code}', '{ingredient}', '{ingredient}', 'tablet', 100, 'mg') RETURNING medication_id"
        ))
        .await
}

/// Prescribes so many tablets twice a day, for a reason where one is given.
fn prescribe(drug: Uuid, tablets: u32, more: &str) -> String {
    format!(
        "prescribe('{{p}}', '{drug}', '{{a}}', '{{v}}', {tablets}, '{{tablet}}', 'oral', 2::smallint, 1, 'day', 'Twice',
                   200, 10::smallint, 0::smallint, current_date, current_date + 30{more})"
    )
}

/// Kind, severity and substance of what would be found for a drug.
async fn found(ward: &mut Ward, drug: Uuid) -> Vec<String> {
    let check = format!("check_medication('{drug}', NULL, NULL, NULL, NULL, NULL)");
    let rows = ward.reads(By::Author, "issues", &check).await.unwrap();
    rows.iter().map(|row| row.trim_start_matches('(').splitn(4, ',').take(3).collect::<Vec<_>>().join(" ")).collect()
}

async fn allergic(ward: &mut Ward, substance: &str, criticality: &str) {
    let insert = ward.put(&format!(
        "INSERT INTO care.allergy (patient_id, category, substance, criticality)
         VALUES ('{{p}}', 'medication', '{substance}', '{criticality}')"
    ));
    ward.network.run(&insert).await;
}

/// What is kept of the prescriptions: kind, severity, substance and reason.
const KEPT: &str = "SELECT concat_ws(' ', kind, severity, about, override_reason, (overridden_by IS NOT NULL)::text)
    FROM care.detected_issue ORDER BY 1";

#[tokio::test]
async fn a_severe_interaction_is_refused_without_a_reason_and_kept_with_it() {
    let mut ward = Ward::open().await;
    let (warfarin, ibuprofen) =
        (drug(&mut ward, "11289", "warfarin").await, drug(&mut ward, "5640", "ibuprofen").await);
    ward.gives(By::Author, &prescribe(warfarin, 1, ", 'needless'")).await;
    let needless = "SELECT count(*)::text FROM care.prescription WHERE override_reason IS NOT NULL";
    assert_eq!(ward.network.one(needless).await, "0", "nothing spoke against it");
    assert_eq!(found(&mut ward, ibuprofen).await, ["interaction high warfarin"]);
    for more in ["", ", NULL"] {
        let call = prescribe(ibuprofen, 1, more);
        assert_eq!(ward.refuses(By::Author, &call).await, "prescription_meets_no_severe_issue");
    }
    let blank = prescribe(ibuprofen, 1, ", ' '");
    assert_eq!(ward.refuses(By::Author, &blank).await, "prescription_override_says_why");
    ward.gives(By::Author, &prescribe(ibuprofen, 1, ", 'Two days, INR is watched'")).await;
    assert_eq!(ward.network.rows(KEPT).await, ["interaction high warfarin Two days, INR is watched true"]);
    let read = ward.reads(By::Patient, "issues", "read_issues()").await.unwrap();
    assert!(read.len() == 1 && read[0].contains("Bleeding"), "{read:?}");
    assert_eq!(ward.reads(By::Stranger, "issues", "read_issues()").await, None);

    assert_eq!(
        ward.network.refusal("UPDATE care.detected_issue SET severity = 'low'").await,
        "detected_issue_is_never_altered"
    );
    assert_eq!(ward.network.refusal("TRUNCATE care.detected_issue").await, "detected_issue_is_never_altered");
    let change = "UPDATE care.prescription SET override_reason = 'Otherwise'";
    assert_eq!(ward.network.refusal(change).await, "prescription_override_is_kept");
}

#[tokio::test]
async fn an_allergy_counts_for_its_family_and_for_each_part_of_a_combination() {
    let mut ward = Ward::open().await;
    let combined = drug(&mut ward, "19711", "amoxicillin / clavulanate").await;
    assert_eq!(found(&mut ward, combined).await, ["not_judged  clavulanate"]);
    allergic(&mut ward, "Penicillins", "high").await;
    allergic(&mut ward, "Yellow dye", "low").await;
    let expected = ["allergy high amoxicillin", "not_judged  \"Yellow dye\"", "not_judged  clavulanate"];
    assert_eq!(found(&mut ward, combined).await, expected, "what no list knows is said");
    assert_eq!(ward.refuses(By::Author, &prescribe(combined, 1, "")).await, "prescription_meets_no_severe_issue");
    ward.network.run("UPDATE care.allergy SET criticality = 'low'").await;
    ward.gives(By::Author, &prescribe(combined, 1, "")).await;
    assert_eq!(ward.network.rows(KEPT).await, ["allergy moderate amoxicillin false"], "it is kept, and nothing else");
    ward.network.run("UPDATE care.allergy SET verification_status = 'refuted'").await;
    let again = ["duplicate moderate amoxicillin", "duplicate moderate clavulanate", "not_judged  clavulanate"];
    assert_eq!(found(&mut ward, combined).await, again);
}

#[tokio::test]
async fn a_dose_above_the_most_a_day_is_refused_and_one_that_cannot_be_counted_is_not_judged() {
    let mut ward = Ward::open().await;
    let ibuprofen = drug(&mut ward, "5640", "ibuprofen").await;
    assert_eq!(ward.refuses(By::Author, &prescribe(ibuprofen, 17, "")).await, "prescription_meets_no_severe_issue");
    ward.gives(By::Author, &prescribe(ibuprofen, 17, ", 'Weighed'")).await;
    assert_eq!(ward.network.rows(KEPT).await, ["dose high ibuprofen Weighed true"]);
    let drops = prescribe(ibuprofen, 17, "").replace("{tablet}", "{drop}");
    ward.gives(By::Author, &drops).await;
    let loaded = ward.put(
        "INSERT INTO care.prescription (patient_id, medication_id, prescriber_id, valid_during, times, days_supply,
                                        dose_quantity, quantity, dose_unit, route, instructions)
         SELECT '{p}', medication_id, '{a}', daterange(current_date, current_date + 9), 9, 9, 60, 60, '{tablet}', 'oral', 'x'
         FROM care.medication",
    );
    let before = ward.network.rows(KEPT).await.len();
    ward.network.run(&loaded).await;
    assert_eq!(ward.network.rows(KEPT).await.len(), before, "what was prescribed elsewhere is loaded as it is");
}

/// A medicine that the patient takes.
async fn taken(ward: &mut Ward, drug: Uuid) -> Uuid {
    let insert = ward.put(&format!(
        "INSERT INTO care.medication_statement (patient_id, medication_id, taken_during, source, status, dosage)
         VALUES ('{{p}}', '{drug}', '[2026-01-01,)', 'patient', 'active', 'One a day') RETURNING medication_statement_id"
    ));
    ward.network.id(&insert).await
}

fn reconcile(statements: &[Uuid], decisions: &str, dosages: &str) -> String {
    let statements: Vec<String> = statements.iter().map(Uuid::to_string).collect();
    let statements = statements.join(",");
    format!("reconcile_medication('{{p}}', '{{v}}', '{{{statements}}}', '{{{decisions}}}', '{{{dosages}}}')")
}

const LIST: &str =
    "SELECT concat_ws(' ', status, dosage, upper(taken_during) = (now() AT TIME ZONE 'America/Chicago')::date)
    FROM care.medication_statement ORDER BY 1";

#[tokio::test]
async fn medicines_are_gone_through_as_a_whole_and_what_is_decided_is_done() {
    let mut ward = Ward::open().await;
    let mut list = Vec::new();
    for (code, ingredient) in [("11289", "warfarin"), ("5640", "ibuprofen"), ("6809", "metformin")] {
        let drug = drug(&mut ward, code, ingredient).await;
        list.push(taken(&mut ward, drug).await);
    }
    let half = reconcile(&list[..2], "taken,stopped", "NULL,NULL");
    assert_eq!(ward.refuses(By::Author, &half).await, "medication_reconciliation_is_whole");
    assert_eq!(ward.network.rows(LIST).await, ["active One a day"; 3], "nothing of it is done");
    for (decisions, dosages, rule) in [
        ("taken,stopped", "NULL,NULL,NULL", "reconciled_statement_is_decided"),
        ("taken,stopped,forgotten", "NULL,NULL,NULL", "reconciled_statement_decision_is_known"),
        ("taken,stopped,changed", "NULL,NULL,NULL", "reconciled_statement_change_says_how"),
        ("taken,stopped,taken", "NULL,NULL,Two", "reconciled_statement_change_says_how"),
    ] {
        assert_eq!(ward.refuses(By::Author, &reconcile(&list, decisions, dosages)).await, rule, "{decisions}");
    }
    let twice = [list[0], list[0], list[1], list[2]];
    let twice = reconcile(&twice, "taken,taken,taken,taken", "NULL,NULL,NULL,NULL");
    assert_eq!(ward.refuses(By::Author, &twice).await, "reconciled_statement_is_decided_once");
    let whole = reconcile(&list, "taken,stopped,changed", "NULL,NULL,Two a day");
    for by in [By::Patient, By::Stranger] {
        let rule = ward.refuses(by, &whole).await;
        assert!(rule == "row_is_within_rights" || rule.ends_with("_provider_id_is_given"), "{by:?}: {rule}");
    }
    let made = ward.key(By::Author, &whole).await;
    assert_eq!(ward.network.rows(LIST).await, ["active One a day", "active Two a day", "stopped One a day t"]);
    assert_eq!(ward.refuses(By::Author, &whole).await, "reconciled_statement_is_current", "it is not taken any more");
    let read = ward.reads(By::Patient, "reconciliations", "read_reconciliations()").await.unwrap();
    assert!(read.len() == 1 && read[0].contains("stopped") && read[0].contains("Two a day"), "{read:?}");

    let mut portal = ward.network.portal_of(ward.account(By::Author)).await;
    let late = ward.put(&format!(
        "INSERT INTO care.reconciled_statement (patient_id, medication_reconciliation_id, medication_statement_id, decision)
         VALUES ('{{p}}', '{made}', '{}', 'unknown')",
        list[0]
    ));
    let rule = refused_by(portal.execute(AssertSqlSafe(late.clone())).await, &late);
    assert_eq!(rule, "medication_reconciliation_is_one_step");
    let other = ward.put(
        "INSERT INTO care.medication_reconciliation (patient_id, encounter_id, provider_id) VALUES ('{p}', '{v}', '{s}')",
    );
    let rule = refused_by(portal.execute(AssertSqlSafe(other.clone())).await, &other);
    assert_eq!(rule, "medication_reconciliation_is_recorded_in_person");
    for table in ["medication_reconciliation", "reconciled_statement"] {
        let alter = format!("UPDATE care.{table} SET version = 2");
        assert_eq!(ward.network.refusal(&alter).await, format!("{table}_is_never_altered"));
        let empty = format!("TRUNCATE care.{table} CASCADE");
        assert!(ward.network.refusal(&empty).await.ends_with("_is_never_altered"));
    }
}
