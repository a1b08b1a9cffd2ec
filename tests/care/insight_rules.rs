//! Every check and every reference of notes, activities, reconciliations, issues, alerts, predictions and advice, each
//! shown what it must refuse; found in the catalog, so that none is left out.

use super::ward::Ward;

/// The tables of these areas.
const TABLES: &str = "note note_section note_addendum care_plan_activity medication_reconciliation reconciled_statement
    drug_interaction drug_class dose_limit detected_issue alert_rule alert prediction_model prediction recommendation";

/// A rule, and a change that breaks it and no other.
const BROKEN: &[(&str, &str)] = &[
    ("note_kind_is_loinc", "note SET loinc = '11506-4'"),
    ("note_title_is_some", "note SET title = ' '"),
    ("note_status_is_known", "note SET status = 'lost'"),
    ("note_cosigner_is_another", "note SET cosigner_id = author_id"),
    ("note_times_fit_its_status", "note SET signed_at = NULL"),
    ("note_error_says_who_and_why", "note SET error_reason = 'x'"),
    ("note_section_place_is_counted", "note_section SET place = 51"),
    ("note_section_kind_is_loinc", "note_section SET loinc = 'plan'"),
    ("note_section_title_is_some", "note_section SET title = repeat('x', 201)"),
    ("note_section_body_is_some", "note_section SET body = ' '"),
    ("note_addendum_body_is_some", "note_addendum SET body = repeat('x', 50001)"),
    ("care_plan_activity_kind_is_known", "care_plan_activity SET kind = 'surgery'"),
    ("care_plan_activity_title_is_some", "care_plan_activity SET title = ''"),
    ("care_plan_activity_period_is_half_open", "care_plan_activity SET due_during = '(,)'"),
    ("care_plan_activity_status_is_known", "care_plan_activity SET status = 'late'"),
    ("care_plan_activity_stop_says_why", "care_plan_activity SET status = 'cancelled'"),
    ("reconciled_statement_decision_is_known", "reconciled_statement SET decision = 'lost'"),
    ("reconciled_statement_change_says_how", "reconciled_statement SET decision = 'changed'"),
    ("drug_interaction_is_listed_once", "drug_interaction SET other_ingredient = 'a'"),
    ("drug_interaction_is_in_lower_case", "drug_interaction SET other_ingredient = other_ingredient || 'X'"),
    ("drug_interaction_severity_is_known", "drug_interaction SET severity = 'deadly'"),
    ("drug_interaction_says_what_and_who", "drug_interaction SET effect = ' '"),
    ("drug_class_is_in_lower_case", "drug_class SET class = 'Statin'"),
    ("dose_limit_is_in_lower_case", "dose_limit SET ingredient = upper(ingredient)"),
    ("dose_limit_is_above_zero", "dose_limit SET most_a_day = 0"),
    ("dose_limit_says_who", "dose_limit SET source = ' '"),
    ("detected_issue_kind_is_known", "detected_issue SET kind = 'colour'"),
    (
        "detected_issue_severity_is_known",
        "detected_issue SET severity = 'deadly', override_reason = 'x', overridden_by = gen_random_uuid()",
    ),
    ("detected_issue_names_what_it_is_about", "detected_issue SET allergy_id = NULL"),
    ("detected_issue_override_says_who_and_why", "detected_issue SET severity = 'high'"),
    ("alert_rule_is_for_one", "alert_rule SET programme_id = gen_random_uuid()"),
    ("alert_rule_measures_one_thing", "alert_rule SET loinc = '4548-4'"),
    ("alert_rule_code_is_loinc", "alert_rule SET metric = NULL, loinc = '4548-5'"),
    ("alert_rule_comparator_is_known", "alert_rule SET comparator = 'near'"),
    ("alert_rule_threshold_is_a_number", "alert_rule SET threshold = 'NaN'"),
    ("alert_rule_unit_is_some", "alert_rule SET unit = 'a minute'"),
    ("alert_rule_lasting_is_believable", "alert_rule SET lasting = '32 days'"),
    ("alert_rule_severity_is_known", "alert_rule SET severity = 'deadly'"),
    ("alert_rule_tells_somebody", "alert_rule SET tells = '{press}'"),
    ("alert_rule_title_is_some", "alert_rule SET title = ''"),
    ("alert_rule_first_edition_begins_a_lineage", "alert_rule SET edition = 2"),
    ("alert_rule_ends_after_it_began", "alert_rule SET ended_at = created_at - INTERVAL '1 hour'"),
    ("alert_severity_is_known", "alert SET severity = 'deadly'"),
    ("alert_status_is_known", "alert SET status = 'lost'"),
    ("alert_evidence_is_whole", "alert SET lowest = highest + 1"),
    ("alert_acknowledged_says_who", "alert SET status = 'acknowledged'"),
    ("alert_escalated_says_to_whom", "alert SET status = 'escalated'"),
    ("alert_closed_says_when", "alert SET status = 'resolved'"),
    ("alert_dismissal_says_why", "alert SET status = 'dismissed', closed_at = now()"),
    ("prediction_model_name_is_snake_case", "prediction_model SET name = 'Best Model'"),
    ("prediction_model_version_is_some", "prediction_model SET model_version = ''"),
    ("prediction_model_says_what_it_is_for", "prediction_model SET population = ' '"),
    ("prediction_model_names_its_inputs", "prediction_model SET inputs = '{}'"),
    ("prediction_model_unit_is_some", "prediction_model SET unit = ' '"),
    ("prediction_model_performance_is_measured", "prediction_model SET performance = '{}'"),
    ("prediction_model_approval_says_who", "prediction_model SET approved_by = NULL"),
    ("prediction_inputs_are_a_digest", "prediction SET inputs_sha256 = 'x'"),
    ("prediction_output_is_a_number", "prediction SET output = 'Infinity'"),
    ("prediction_looks_ahead", "prediction SET horizon_at = created_at"),
    ("prediction_outcome_has_a_time", "prediction SET outcome = 1"),
    ("recommendation_comes_from_somewhere", "recommendation SET recommended_by = NULL"),
    ("recommendation_kind_is_known", "recommendation SET kind = 'surgery'"),
    ("recommendation_says_what", "recommendation SET body = ' '"),
    ("recommendation_has_evidence", "recommendation SET evidence = '{}'"),
    ("recommendation_citation_is_some", "recommendation SET citation = ''"),
    ("recommendation_status_is_known", "recommendation SET status = 'lost'"),
    ("recommendation_answer_has_a_time", "recommendation SET status = 'accepted'"),
];

#[tokio::test]
async fn every_check_refuses_what_it_says() {
    let mut ward = with_a_row_in_each().await;
    for (rule, change) in BROKEN {
        assert_eq!(ward.network.refusal(&format!("UPDATE care.{change}")).await, *rule, "{change}");
    }
    let mut known: Vec<_> = BROKEN.iter().map(|(rule, _)| *rule).collect();
    known.sort_unstable();
    assert_eq!(ward.network.rows(&rules_of("c")).await, known, "each check of these tables is tried");
}

#[tokio::test]
async fn every_reference_refuses_what_is_not_there() {
    let mut ward = with_a_row_in_each().await;
    let query = format!(
        "SELECT k.conname || ' ' || k.conrelid::regclass || ' ' || (
             SELECT a.attname FROM pg_attribute a
             WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND (a.attname <> 'patient_id' OR cardinality(k.conkey) = 1)
             ORDER BY array_position(k.conkey, a.attnum) DESC LIMIT 1)
         FROM pg_constraint k WHERE k.conname IN ({}) ORDER BY 1",
        rules_of("f").replace("ORDER BY 1", "")
    );
    let references = ward.network.rows(&query).await;
    assert!(references.len() > 25, "the catalog was read: {}", references.len());
    for reference in references {
        let [rule, table, column] = reference.split(' ').collect::<Vec<_>>()[..] else { panic!("{reference}") };
        // What hangs on the row, and its checks, would refuse as well, and first.
        let others = format!(
            "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I;', conrelid::regclass, conname)
             FROM pg_constraint WHERE conname <> '{rule}' AND (contype = 'f' AND '{table}'::regclass IN (confrelid, conrelid)
                OR contype = 'c' AND conrelid = '{table}'::regclass)"
        );
        let others = ward.network.rows(&others).await.concat();
        let other = if column == "metric" { "'aura'" } else { "gen_random_uuid()" };
        let update = format!("BEGIN; {others} UPDATE {table} SET {column} = {other}");
        assert_eq!(ward.network.refusal(&update).await, rule, "{reference}");
        ward.network.run("ROLLBACK").await;
    }
}

/// The names of the rules of a kind of these tables, in order.
fn rules_of(kind: &str) -> String {
    let tables: Vec<_> = TABLES.split_whitespace().map(|table| format!("'care.{table}'::regclass")).collect();
    format!(
        "SELECT conname::text FROM pg_constraint WHERE contype = '{kind}' AND conrelid IN ({}) ORDER BY 1",
        tables.join(", ")
    )
}

/// A ward with one row in each of these tables, and without triggers, which would refuse before a rule does.
async fn with_a_row_in_each() -> Ward {
    let mut ward = Ward::open().await;
    for table in TABLES.split_whitespace() {
        ward.network.run(&format!("ALTER TABLE care.{table} DISABLE TRIGGER USER")).await;
    }
    let rows = ward.put(ROWS);
    ward.network.run(&rows).await;
    for table in TABLES.split_whitespace() {
        let count = ward.network.one(&format!("SELECT count(*)::text FROM care.{table}")).await;
        assert_ne!(count, "0", "{table} has a row");
    }
    ward
}

const ROWS: &str = "
    INSERT INTO care.note (patient_id, encounter_id, author_id, cosigner_id, loinc, title, status, signed_at)
    VALUES ('{p}', '{v}', '{a}', '{s}', '11506-3', 'x', 'signed', now());
    INSERT INTO care.note_section (patient_id, note_id, place, loinc, title, body)
    SELECT patient_id, note_id, 1, '18776-5', 'x', 'x' FROM care.note;
    INSERT INTO care.note_addendum (patient_id, note_id, author_id, body) SELECT patient_id, note_id, '{a}', 'x' FROM care.note;
    INSERT INTO care.care_plan (patient_id, provider_id, title) VALUES ('{p}', '{a}', 'x');
    INSERT INTO care.care_plan_activity (patient_id, care_plan_id, provider_id, due_during, kind, title)
    SELECT patient_id, care_plan_id, provider_id, '[2026-01-01,)', 'exercise', 'x' FROM care.care_plan;
    INSERT INTO care.medication (code_system, code, name, ingredient, form) VALUES ('atc', 'A10BA02', 'x', 'metformin', 'tablet');
    INSERT INTO care.medication_statement (patient_id, medication_id, taken_during, source, status)
    SELECT '{p}', medication_id, '[2026-01-01,)', 'patient', 'active' FROM care.medication;
    INSERT INTO care.medication_reconciliation (patient_id, encounter_id, provider_id) VALUES ('{p}', '{v}', '{a}');
    INSERT INTO care.reconciled_statement (patient_id, medication_reconciliation_id, medication_statement_id, decision)
    SELECT patient_id, medication_reconciliation_id, medication_statement_id, 'taken'
    FROM care.medication_reconciliation JOIN care.medication_statement USING (patient_id);
    INSERT INTO care.prescription (patient_id, medication_id, prescriber_id, valid_during, times, days_supply, dose_quantity,
                                   quantity, dose_unit, route, instructions)
    SELECT '{p}', medication_id, '{a}', '[2026-01-01, 2026-07-01)', 2, 30, 1, 60, 'mg', 'oral', 'x' FROM care.medication;
    INSERT INTO care.allergy (patient_id, category, substance, criticality) VALUES ('{p}', 'medication', 'x', 'low');
    INSERT INTO care.detected_issue (patient_id, prescription_id, allergy_id, kind, severity, about, effect)
    SELECT patient_id, prescription_id, allergy_id, 'allergy', 'low', 'x', 'x' FROM care.prescription JOIN care.allergy USING (patient_id);
    INSERT INTO care.alert_rule (alert_rule_id, lineage_id, patient_id, recorded_by, threshold, title, metric, comparator, unit, severity, tells)
    VALUES ('{v}', '{v}', '{p}', '{a}', 120, 'x', 'heart_rate', 'above', '/min', 'low', '{patient}');
    INSERT INTO care.alert (patient_id, lineage_id, alert_rule_id, observed_during, lowest, highest, latest, readings, severity)
    VALUES ('{p}', '{v}', '{v}', tstzrange(now() - INTERVAL '1 hour', now()), 1, 2, 2, 2, 'low');
    INSERT INTO care.prediction_model (approved_by, approved_at, name, model_version, intended_use, inputs, predicts, unit, population,
                                       performance)
    VALUES ('{a}', now(), 'model', '1', 'x', '{age}', 'x', '1', 'x', '{\"auroc\": 0.7}');
    INSERT INTO care.prediction (patient_id, prediction_model_id, horizon_at, output, inputs_sha256)
    SELECT '{p}', prediction_model_id, now() + INTERVAL '1 day', 1, sha256('x') FROM care.prediction_model;
    INSERT INTO care.recommendation (patient_id, recommended_by, kind, title, body, evidence)
    VALUES ('{p}', '{a}', 'other', 'x', 'x', '{\"x\": 1}')";
