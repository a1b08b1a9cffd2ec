//! Of records: what each part gets of each URL.

use healthtrack::model::people::Role;

use super::Cell;
use crate::cast::Cast;
use crate::chart_papers;
use crate::house::Browser;
use crate::network::Network;

pub(super) const CELLS: &[Cell] = &[
    ("/worklist", "GET", "i nynnnnnnnnn"),
    ("/worklist/tasks/{task}", "GET", "i nynnnnnnnnn"),
    ("/worklist/alerts/{alert}", "GET", "i nynnnnnnnnn"),
    ("/patients", "GET", "i nynnnnnnnnn"),
    ("/patients/open", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/problems", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/problems/{problem}", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/allergies", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/allergies/{allergy}", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/medications", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/medications/prescribe", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/medications/{prescription}", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/results", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/results/new", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/results/{result}", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/requests", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/requests/{request}", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/visits", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/notes", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/notes/{note}", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/plan", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/plan/new", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/plan/{plan}", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/documents", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/documents/{document}", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/questionnaires", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/questionnaires/{response}", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/procedures", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/procedures/{procedure}", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/summary", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/vitals", "GET", "i nynnnnnnnnn"),
    ("/patients/{id}/vitals/live", "GET", "n nnnnnnnnnnn"),
    ("/patients/{id}/vitals/glucose", "GET", "i nynnnnnnnnn"),
];

/// A medicine of the catalogue, by a substance.
pub(crate) fn medicine(ingredient: &str) -> String {
    format!(
        "INSERT INTO care.medication (code_system, code, name, ingredient, form, strength, strength_unit)
         VALUES ('rxnorm', (1000 + length('{ingredient}'))::text, initcap('{ingredient}') || ' 500 mg', '{ingredient}', 'tablet', 500, 'mg')
         ON CONFLICT ON CONSTRAINT medication_is_listed_once DO UPDATE SET name = excluded.name RETURNING medication_id"
    )
}

/// A day a month ago and one in three months, as forms send them.
pub(crate) async fn days(network: &mut Network) -> [String; 2] {
    let days = network.one("SELECT current_date - 30 || ' ' || current_date + 90").await;
    let (from, until) = days.split_once(' ').unwrap();
    [from.to_owned(), until.to_owned()]
}

/// A prescription as its form sends it.
pub(crate) fn prescription<'a>(
    key: &'a str,
    medication: &'a str,
    [from, until]: &'a [String; 2],
) -> Vec<(&'a str, &'a str)> {
    vec![
        ("key", key),
        ("medication", medication),
        ("dose_quantity", "1"),
        ("dose_unit", "{tablet}"),
        ("route", "oral"),
        ("times", "2"),
        ("per_amount", "1"),
        ("per_unit", "day"),
        ("instructions", "One tablet <b> with breakfast and supper"),
        ("quantity", "60"),
        ("days_supply", "30"),
        ("refills_allowed", "1"),
        ("valid_from", from),
        ("valid_until", until),
    ]
}

/// A task for whoever cares for a patient, and an alert.
pub(crate) fn duties(patient: uuid::Uuid) -> String {
    format!(
        "INSERT INTO care.task (patient_id, kind, title, priority, pool) VALUES ('{patient}', 'call_patient', 'Call <b>', 'urgent', 'care_team');
         WITH ruled AS (
             INSERT INTO care.alert_rule (alert_rule_id, lineage_id, patient_id, title, metric, comparator, threshold, unit, severity, tells)
             VALUES (md5('{patient}')::uuid, md5('{patient}')::uuid, '{patient}', 'Fast heart <b>', 'heart_rate', 'above', 120, '/min', 'high',
                     ARRAY['care_team'])
             RETURNING patient_id, lineage_id, alert_rule_id
         ) INSERT INTO care.alert (patient_id, lineage_id, alert_rule_id, observed_during, lowest, highest, latest, readings, severity)
         SELECT patient_id, lineage_id, alert_rule_id, tstzrange(now() - INTERVAL '9 minutes', now()), 121, 140, 133, 9, 'high' FROM ruled"
    )
}

/// What its URLs name.
pub(super) async fn keys(cast: &mut Cast) -> Vec<(&'static str, String)> {
    let typed = [
        ("title", "Asthma <b>"),
        ("code_system", "icd10"),
        ("code", "J45.909"),
        ("clinical_status", "active"),
        ("verification_status", "confirmed"),
    ];
    let browser = cast.browser(Role::Provider).await;
    browser.post(&cast.path("/patients/{id}/problems"), &typed).await;
    let typed = [
        ("substance", "Dust <b>"),
        ("category", "environment"),
        ("criticality", "low"),
        ("verification_status", "confirmed"),
    ];
    browser.post(&cast.path("/patients/{id}/allergies"), &typed).await;
    let medication = cast.house.network.id(&medicine("metformin")).await.to_string();
    let key = uuid::Uuid::new_v4().to_string();
    let days = days(&mut cast.house.network).await;
    let typed = prescription(&key, &medication, &days);
    browser.post(&cast.path("/patients/{id}/medications/prescribe"), &typed).await;
    let facility = format!("facility {}", cast.facility);
    let typed = [
        ("category", "laboratory"),
        ("title", "HbA1c <b>"),
        ("code_system", "loinc"),
        ("code", "4548-4"),
        ("specimen", "blood"),
        ("whom", facility.as_str()),
        ("urgency", "routine"),
        ("reason", "Diabetes <b>?"),
    ];
    browser.post(&cast.path("/patients/{id}/requests"), &typed).await;
    let typed = [("kind", "11506-3"), ("title", "Call <b>"), ("subjective", "A cold <b>")];
    browser.post(&cast.path("/patients/{id}/notes"), &typed).await;
    let result = format!(
        "INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, status, value_number, unit, reference_low, reference_high)
         SELECT '{}', now() - days * INTERVAL '1 day', '4548-4', 'HbA1c <b>', 'final', 8.5 + days / 100.0, '%', 4, 5.7
         FROM generate_series(300, 30, -90) AS days RETURNING lab_result_id",
        cast.patient
    );
    let mut keys = vec![("{result}", cast.house.network.id(&result).await.to_string()), ("{prescription}", key)];
    cast.house.network.run(&duties(cast.patient)).await;
    keys.extend(papers(cast, &browser).await);
    for (place, query) in [
        ("{task}", "SELECT task_id::text FROM care.task WHERE kind = 'call_patient' AND patient_id ="),
        ("{alert}", "SELECT alert_id::text FROM care.alert WHERE patient_id ="),
        ("{problem}", "SELECT condition_id::text FROM care.condition WHERE patient_id ="),
        ("{allergy}", "SELECT allergy_id::text FROM care.allergy WHERE patient_id ="),
        ("{request}", "SELECT service_request_id::text FROM care.service_request WHERE patient_id ="),
        ("{note}", "SELECT note_id::text FROM care.note WHERE patient_id ="),
    ] {
        let own = format!("{query} '{}'", cast.patient);
        keys.push((place, cast.house.network.one(&own).await));
    }
    keys
}

/// Documents, answers, procedures and plans.
async fn papers(cast: &mut Cast, browser: &Browser) -> Vec<(&'static str, String)> {
    browser.post(&cast.path("/patients/{id}/procedures"), &chart_papers::procedure("Cut <b>")).await;
    let own = |what: &str| format!("SELECT {what}_id::text FROM care.{what} WHERE patient_id = '{}'", cast.patient);
    let (procedures, plans) = (own("procedure"), own("care_plan"));
    let procedure = cast.house.network.one(&procedures).await;
    let typed = [("title", "Sleep <b>"), ("summary", "To bed <b> at ten")];
    browser.post(&cast.path("/patients/{id}/plan/new"), &typed).await;
    let plan = cast.house.network.one(&plans).await;
    let typed = [("act", "activity"), ("title", "Walk <b>"), ("kind", "exercise"), ("first_on", "2026-03-01")];
    browser.post(&cast.path(&format!("/patients/{{id}}/plan/{plan}")), &typed).await;
    let (carer, patient) = (cast.account(Role::Provider), cast.patient);
    let network = &mut cast.house.network;
    vec![
        ("{document}", chart_papers::letter(network, carer, patient, "Seen <b> today").await),
        ("{response}", chart_papers::answered(network, patient, 2).await),
        ("{procedure}", procedure),
        ("{plan}", plan),
    ]
}
