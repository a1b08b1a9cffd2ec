//! Every rule of observations and their components is broken once, one column of one row at a time; the others where
//! their stories are told.

use super::network::Network;

/// Where the rules are broken.
const SOURCES: [&str; 2] = [include_str!("observation_rules.rs"), include_str!("observations.rs")];

/// What an observation of a heart rate that is not final yet cannot become.
const BROKEN: &[(&str, &str)] = &[
    ("title = ' '", "observation_title_is_some"),
    ("loinc = '8867-5'", "observation_code_is_loinc"),
    ("category = 'laboratory'", "observation_category_is_known"),
    ("status = 'registered'", "observation_status_is_known"),
    ("status = 'amended'", "observation_amended_names_what_it_amends"),
    ("value_number = NULL, unit = NULL", "observation_value_is_one"),
    ("value_text = 'seventy'", "observation_value_is_one"),
    ("unit = NULL", "observation_number_has_a_unit"),
    ("loinc = '1988-5', unit = 'mg/L', value_number = 'NaN'", "observation_numbers_are_finite"),
    ("comparator = '~'", "observation_comparator_is_known"),
    ("value_number = NULL, value_low = 80, value_high = 70", "observation_value_range_is_ordered"),
    ("value_number = NULL, value_numerator = 1", "observation_ratio_is_whole"),
    (
        "value_number = NULL, unit = NULL, value_system = 'x', value_code = '1'",
        "observation_value_code_fits_its_system",
    ),
    ("value_number = NULL, unit = NULL, value_text = ' '", "observation_value_text_is_short"),
    ("value_number = NULL, unit = NULL, absent_reason = 'forgotten'", "observation_absent_reason_is_known"),
    ("interpretation = 'X'", "observation_interpretation_is_known"),
    ("reference_low = 100, reference_high = 60", "observation_reference_range_is_ordered"),
    ("interpretation = 'H', reference_high = 100", "observation_interpretation_fits_its_range"),
    ("interpretation = 'N', reference_high = 60", "observation_interpretation_fits_its_range"),
    ("component_count = 51", "observation_components_are_few"),
    ("component_count = 1", "observation_has_its_components"),
    ("performed_by = 'provider'", "observation_performer_is_said"),
    ("performed_by = 'provider', performer_id = gen_random_uuid()", "observation_performer_fkey"),
    ("encounter_id = gen_random_uuid()", "observation_encounter_fkey"),
    ("ended_at = '2025-12-31'", "observation_period_is_forward"),
    ("issued_at = '2025-12-31'", "observation_is_told_once_it_was_made"),
    ("issued_at = now() + INTERVAL '2 days'", "observation_is_within_a_life"),
    ("observed_at = '1980-05-17 04:00Z'", "observation_is_within_a_life"),
    ("body_site = '1'", "observation_body_site_is_snomed"),
    ("method = ' '", "observation_method_is_short"),
    ("note = repeat('x', 4001)", "observation_note_is_short"),
    ("device_id = 'nobodys-watch'", "observation_device_is_known"),
    ("value_number = 351", "observation_value_is_possible"),
    ("value_number = NULL, value_low = 60, value_high = 351", "observation_value_is_possible"),
    ("unit = 'kg'", "observation_unit_fits_its_code"),
    ("patient_id = gen_random_uuid()", "observation_patient_fkey"),
];

/// What it may become.
const KEPT: &[&str] = &[
    "value_number = 60.0, interpretation = 'N', reference_low = 60, reference_high = 100",
    "value_number = 59, interpretation = 'L', observed_at = '1980-05-17 05:00Z'",
    "value_number = NULL, value_low = 60, interpretation = NULL",
    "value_low = NULL, loinc = '5196-1', value_numerator = 1, value_denominator = 128, unit = '1', denominator_unit = '1',
     reference_low = NULL, reference_high = NULL",
    "value_numerator = NULL, value_denominator = NULL, unit = NULL, denominator_unit = NULL, value_boolean = false",
    "value_boolean = NULL, value_system = 'loinc', value_code = 'LA33-6'",
    "value_system = 'snomed', value_code = '266919005'",
    "value_system = NULL, value_code = NULL, absent_reason = 'asked_declined'",
    "absent_reason = NULL, value_text = 'none'",
];

/// What a component cannot be: columns, values, rule.
const COMPONENTS: &[(&str, &str, &str)] = &[
    ("loinc, title, value_number, unit", "'8480-6', ' ', 120, 'mm[Hg]'", "observation_component_title_is_some"),
    ("loinc, title, value_number, unit", "'8480-7', 'X', 120, 'mm[Hg]'", "observation_component_code_is_loinc"),
    ("loinc, title", "'8480-6', 'X'", "observation_component_value_is_one"),
    ("loinc, title, value_text, value_boolean", "'8480-6', 'X', 'x', true", "observation_component_value_is_one"),
    ("loinc, title, value_number", "'8480-6', 'X', 120", "observation_component_number_has_a_unit"),
    (
        "loinc, title, value_number, unit",
        "'1988-5', 'X', 'Infinity', 'mg/L'",
        "observation_component_numbers_are_finite",
    ),
    (
        "loinc, title, value_number, unit, comparator",
        "'8480-6', 'X', 120, 'mm[Hg]', '~'",
        "observation_component_comparator_is_known",
    ),
    (
        "loinc, title, value_low, value_high, unit",
        "'8480-6', 'X', 120, 110, 'mm[Hg]'",
        "observation_component_value_range_is_ordered",
    ),
    (
        "loinc, title, value_numerator, value_denominator, unit, denominator_unit",
        "'5196-1', 'X', 1, 0, '1', '1'",
        "observation_component_ratio_is_whole",
    ),
    (
        "loinc, title, value_system, value_code",
        "'8480-6', 'X', 'snomed', '266919006'",
        "observation_component_value_code_fits_its_system",
    ),
    ("loinc, title, value_text", "'8480-6', 'X', ' '", "observation_component_value_text_is_short"),
    ("loinc, title, absent_reason", "'8480-6', 'X', 'x'", "observation_component_absent_reason_is_known"),
    (
        "loinc, title, value_text, interpretation",
        "'8480-6', 'X', 'x', 'X'",
        "observation_component_interpretation_is_known",
    ),
    (
        "loinc, title, value_text, reference_low",
        "'8480-6', 'X', 'x', 90",
        "observation_component_reference_range_is_ordered",
    ),
    (
        "loinc, title, value_number, unit, reference_high, interpretation",
        "'8480-6', 'X', 120, 'mm[Hg]', 129, 'H'",
        "observation_component_interpretation_fits_its_range",
    ),
    ("loinc, title, value_number, unit", "'8480-6', 'X', 376, 'mm[Hg]'", "observation_component_value_is_possible"),
    ("loinc, title, value_number, unit", "'8480-6', 'X', 120, 'kg'", "observation_component_unit_fits_its_code"),
    ("loinc, title, value_number, unit", "'8480-6', 'X', 120, 'mm[Hg]'", "observation_has_its_components"),
];

/// Rules that another rule always meets first: a copy of a key breaks the primary key.
const MET_BEFORE: [&str; 2] = ["observation_id_with_patient_is_unique", "observation_code_with_patient_is_unique"];

#[tokio::test]
async fn each_column_of_an_observation_refuses_what_it_cannot_be() {
    let mut network = Network::owned().await;
    let patient = network.patient().await;
    let made = format!(
        "INSERT INTO care.observation (patient_id, observed_at, issued_at, loinc, title, category, value_number, unit,
                                       performed_by, status)
         VALUES ('{patient}', '2026-01-01 08:00Z', '2026-01-01 08:05Z', '8867-4', 'Heart rate', 'vital_signs', 70, '/min',
                 'unknown', 'preliminary') RETURNING observation_id"
    );
    let observation = network.id(&made).await;
    for (change, rule) in BROKEN {
        assert_eq!(network.refusal(&format!("UPDATE care.observation SET {change}")).await, *rule, "{change}");
    }
    let component = |columns: &str, values: &str| {
        format!(
            "INSERT INTO care.observation_component (patient_id, observation_id, {columns})
             VALUES ('{patient}', '{observation}', {values})"
        )
    };
    for (columns, values, rule) in COMPONENTS {
        assert_eq!(network.refusal(&component(columns, values)).await, *rule, "{values}");
    }
    let given = component("loinc, title, value_number, unit", "'8480-6', 'X', 120, 'mm[Hg]'");
    let twice = format!("BEGIN; UPDATE care.observation SET component_count = 2; {given}; {given}");
    assert_eq!(network.refusal(&twice).await, "observation_component_is_given_once");
    network.run("ROLLBACK").await;
    network.run(&format!("BEGIN; UPDATE care.observation SET component_count = 1; {given}; COMMIT")).await;
    let altered = network.refusal("UPDATE care.observation_component SET value_number = 121").await;
    assert_eq!(altered, "observation_component_is_never_altered");
    let gone = network.refusal("DELETE FROM care.observation_component").await;
    assert_eq!(gone, "observation_has_its_components");
    let other = network.patient().await;
    let elsewhere = given.replacen(&patient.to_string(), &other.to_string(), 1).replace("8480-6", "8462-4");
    assert_eq!(network.refusal(&elsewhere).await, "observation_component_observation_fkey");
    for change in KEPT {
        network.run(&format!("UPDATE care.observation SET {change}")).await;
    }
}

#[tokio::test]
async fn every_rule_of_observations_is_broken_by_a_test() {
    let mut network = Network::new().await;
    let rules = "SELECT DISTINCT relation::regclass || ' ' || name FROM (
             SELECT conname::text, conrelid FROM pg_constraint WHERE contype IN ('c', 'f', 'u', 'x', 't')
             UNION ALL SELECT tgname::text, tgrelid FROM pg_trigger WHERE NOT tgisinternal AND obj_description(oid, 'pg_trigger') IS NOT NULL
         ) AS rule (name, relation)
         WHERE relation::regclass::text IN ('care.observation', 'care.observation_component')
           AND name NOT IN ('observation_component_patient_fkey', 'observation_component_is_counted',
                            'observation_keeps_what_is_final', 'observation_is_classified', 'observation_raises_its_parts') ORDER BY 1";
    let untold = |rules: Vec<String>| {
        assert!(rules.len() > 50, "{}", rules.len());
        let untold = |rule: &String| {
            let rule = rule.split(' ').next_back().unwrap();
            !MET_BEFORE.contains(&rule) && !SOURCES.iter().any(|source| source.contains(&format!("\"{rule}\"")))
        };
        rules.into_iter().filter(untold).collect::<Vec<_>>()
    };
    assert_eq!(untold(network.rows(rules).await), [""; 0]);
    network.run("ALTER TABLE care.observation ADD CONSTRAINT observation_is_planted CHECK (version > 0)").await;
    assert_eq!(
        untold(network.rows(rules).await),
        ["care.observation observation_is_planted"],
        "the check sees what it should"
    );
}
