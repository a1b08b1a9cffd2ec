//! Alerts: rules in versions, one open alert of a rule and patient with its evidence, and who answers it.

use uuid::Uuid;

use super::ward::{By, Ward};

/// A rule of the patient on a heart that beats too fast, in the version after a former one.
fn rule(former: &str, threshold: u32) -> String {
    format!(
        "set_alert_rule('{{p}}', {former}, 'Fast heart', 'heart_rate', NULL, 'above', {threshold}, '/min', 10, 'high',
                        '{{patient,care_team}}', NULL)"
    )
}

/// What a program calls that finds values of some minutes, as many minutes ago.
fn open(rule: Uuid, whose: &str, from: u32, to: u32, values: (u32, u32, u32)) -> String {
    let (lowest, highest, latest) = values;
    format!(
        "SELECT care.open_alert('{rule}', '{whose}', tstzrange(now() - INTERVAL '{from} minutes', now() - INTERVAL '{to} minutes'),
                                3, {lowest}, {highest}, {latest})"
    )
}

/// A ward with a rule of the patient and an open alert by it.
async fn alerted() -> (Ward, Uuid, Uuid) {
    let mut ward = Ward::open().await;
    let rule = ward.key(By::Author, &rule("NULL", 120)).await;
    let statement = ward.put(&open(rule, "{p}", 60, 45, (125, 140, 130)));
    let alert = ward.network.id(&statement).await;
    (ward, rule, alert)
}

#[tokio::test]
async fn a_rule_is_changed_by_its_next_version_and_ends_for_good() {
    let mut ward = Ward::open().await;
    let first = ward.key(By::Author, &rule("NULL", 120)).await;
    let next = ward.key(By::Second, &rule(&format!("'{first}'"), 130)).await;
    let again = ward.refuses(By::Author, &rule(&format!("'{first}'"), 140)).await;
    assert_eq!(again, "alert_rule_is_within_reach", "the former one has ended");
    let standing =
        "SELECT concat_ws(' ', edition, threshold, ended_at IS NULL, lineage_id = (SELECT min(lineage_id::text)::uuid
        FROM care.alert_rule)) FROM care.alert_rule ORDER BY edition";
    assert_eq!(ward.network.rows(standing).await, ["1 120 f t", "2 130 t t"]);
    let read = ward.reads(By::Patient, "alerts", "read_alert_rules()").await.unwrap();
    assert!(read.len() == 1 && read[0].contains("130"), "{read:?}");
    for (statement, rule) in [
        ("UPDATE care.alert_rule SET threshold = 90", "alert_rule_is_changed_by_its_next_version"),
        ("UPDATE care.alert_rule SET ended_at = NULL", "alert_rule_is_changed_by_its_next_version"),
        ("INSERT INTO care.alert_rule (lineage_id, edition, patient_id, title, metric, comparator, threshold, unit, severity, tells)
          SELECT lineage_id, 3, patient_id, 'x', metric, 'below', 40, unit, 'low', tells FROM care.alert_rule WHERE edition = 2",
         "alert_rule_version_is_about_the_same"),
    ] {
        assert_eq!(ward.network.refusal(statement).await, rule, "{statement}");
    }
    for by in [By::Patient, By::Stranger, By::Other] {
        let refused = ward.refuses(by, &rule("NULL", 120)).await;
        assert_eq!(refused, "row_is_within_rights", "{by:?}");
        let refused = ward.refuses(by, &format!("end_alert_rule('{next}')")).await;
        assert_eq!(refused, "alert_rule_is_within_reach", "{by:?}");
    }
    let wrong = rule("NULL", 120).replace("/min", "mm[Hg]");
    assert_eq!(ward.refuses(By::Author, &wrong).await, "alert_rule_unit_fits_what_is_measured");
    let result = rule("NULL", 9).replace("'heart_rate', NULL", "NULL, '4548-4'").replace("/min", "kg");
    assert_eq!(ward.refuses(By::Author, &result).await, "alert_rule_unit_fits_what_is_measured");
    ward.key(By::Author, &result.replace("kg", "%")).await;
    ward.gives(By::Author, &format!("end_alert_rule('{next}')")).await;
    let statement = ward.put(&open(next, "{p}", 60, 45, (135, 140, 138)));
    assert_eq!(ward.network.refusal(&statement).await, "alert_is_of_a_rule_that_holds");
}

#[tokio::test]
async fn a_rule_of_a_programme_or_of_all_holds_for_whom_it_is_for() {
    let mut ward = Ward::open().await;
    let statement = ward.put(
        "WITH course AS (
             INSERT INTO care.programme (provider_id, capacity, sessions_needed, enrolment_during, runs_during, topic, title, description)
             VALUES ('{a}', 9, 1, tstzrange(now() - INTERVAL '9 days', now() + INTERVAL '9 days'),
                     daterange(current_date - 9, current_date + 9), 'heart', 'Heart', 'x') RETURNING programme_id),
         one AS (SELECT gen_random_uuid() AS own, gen_random_uuid() AS all_of)
         INSERT INTO care.alert_rule (alert_rule_id, lineage_id, programme_id, title, metric, comparator, threshold, unit, severity, tells)
         SELECT own, own, programme_id, 'Of the programme', 'heart_rate', 'above', 110, '/min', 'low', '{care_team}'::text[] FROM one, course
         UNION ALL SELECT all_of, all_of, NULL, 'Of all', 'heart_rate', 'at_least', 180, '/min', 'critical', '{care_team}' FROM one",
    );
    ward.network.run(&statement).await;
    let read = async |ward: &mut Ward| ward.reads(By::Author, "alerts", "read_alert_rules()").await.unwrap().len();
    assert_eq!(read(&mut ward).await, 1, "the one of all");
    let course = ward.network.id("SELECT programme_id FROM care.programme").await;
    ward.gives(By::Patient, &format!("enrol('{course}', '{{p}}')")).await;
    assert_eq!(read(&mut ward).await, 2);
    let programmes = ward.network.id("SELECT alert_rule_id FROM care.alert_rule WHERE programme_id IS NOT NULL").await;
    let other = ward.put(&open(programmes, "{o}", 60, 45, (135, 140, 138)));
    assert_eq!(ward.network.refusal(&other).await, "alert_is_of_a_rule_that_holds");
}

#[tokio::test]
async fn one_alert_of_a_rule_is_open_and_grows_with_what_is_measured() {
    let (mut ward, rule, alert) = alerted().await;
    let before = ward.put(&open(rule, "{p}", 200, 190, (125, 140, 130)));
    assert_eq!(ward.network.id(&before).await, alert, "what came before it adds nothing");
    let more = ward.put(&open(rule, "{p}", 30, 10, (121, 180, 150)));
    assert_eq!(ward.network.id(&more).await, alert);
    let stands = "SELECT concat_ws(' ', readings, lowest, highest, latest, severity,
                  date_trunc('minute', upper(observed_during) - lower(observed_during)))
                  FROM care.alert";
    assert_eq!(ward.network.one(stands).await, "6 121 180 150 high 00:50:00");
    for (values, minutes) in [((119, 140, 130), 20), ((125, 140, 130), 5)] {
        let statement = ward.put(&open(rule, "{p}", 30 + minutes, 30, values));
        let close = "UPDATE care.alert SET status = 'resolved', closed_at = now() WHERE status = 'open'";
        ward.network.run(close).await;
        assert_eq!(ward.network.refusal(&statement).await, "alert_evidence_breaks_its_rule", "{values:?}");
    }
    let statement = ward.put(&open(rule, "{p}", 19, 0, (125, 140, 130)));
    assert_ne!(ward.network.id(&statement).await, alert, "a closed alert stays closed, and a new one is opened");
    let statement = ward.put(
        "INSERT INTO care.alert (patient_id, lineage_id, alert_rule_id, severity, observed_during, readings, lowest, highest, latest)
         SELECT patient_id, lineage_id, alert_rule_id, 'low', observed_during, 1, lowest, lowest, lowest FROM care.alert
         WHERE status = 'open'",
    );
    assert_eq!(ward.network.refusal(&statement).await, "alert_of_a_rule_is_open_once");
    let answered = statement
        .replace("severity, observed", "status, severity, observed")
        .replace("'low', obs", "'resolved', 'low', obs");
    assert_eq!(ward.network.refusal(&answered).await, "alert_begins_open");
}

#[tokio::test]
async fn an_alert_is_answered_by_who_cares_in_the_own_name_and_stays_closed() {
    let (mut ward, _, alert) = alerted().await;
    let answer =
        |version: u32, status: &str, more: &str| format!("change_alert('{alert}', {version}, '{status}', {more})");
    for by in [By::Patient, By::Stranger, By::Other] {
        let answered = ward.gives(by, &answer(1, "acknowledged", "NULL, NULL")).await;
        assert!(answered.is_empty() || answered == ["(f,1)"], "{by:?}: {answered:?}");
    }
    assert_eq!(ward.reads(By::Patient, "alerts", "read_alerts(now() + INTERVAL '1 hour')").await.unwrap().len(), 1);
    assert_eq!(ward.reads(By::Stranger, "alerts", "read_alerts(now())").await, None);
    assert_eq!(ward.gives(By::Author, &answer(1, "acknowledged", "NULL, NULL")).await, ["(t,2)"]);
    assert_eq!(ward.gives(By::Author, &answer(1, "resolved", "NULL, NULL")).await, ["(f,2)"], "somebody was faster");
    assert_eq!(ward.refuses(By::Second, &answer(2, "open", "NULL, NULL")).await, "alert_goes_forward");
    assert_eq!(ward.refuses(By::Second, &answer(2, "escalated", "NULL, NULL")).await, "alert_escalated_says_to_whom");
    assert_eq!(ward.gives(By::Second, &answer(2, "escalated", "NULL, '{s}'")).await, ["(t,3)"]);
    for reason in ["NULL", "' '"] {
        let call = answer(3, "dismissed", &format!("{reason}, NULL"));
        assert_eq!(ward.refuses(By::Second, &call).await, "alert_dismissal_says_why");
    }
    for (statement, rule) in [
        ("UPDATE care.alert SET highest = 300", "alert_keeps_its_evidence"),
        ("UPDATE care.alert SET status = 'acknowledged', acknowledged_by = '{s}'", "alert_is_answered_in_person"),
        (
            "UPDATE care.alert SET status = 'resolved', closed_at = now(), closed_by = '{s}'",
            "alert_is_answered_in_person",
        ),
    ] {
        assert_eq!(ward.refuses_the_owner_as(By::Author, statement).await, rule, "{statement}");
    }
    assert_eq!(ward.gives(By::Second, &answer(3, "dismissed", "'Sensor was loose', NULL")).await, ["(t,4)"]);
    assert_eq!(ward.refuses(By::Author, &answer(4, "resolved", "NULL, NULL")).await, "alert_that_is_closed_stays");
    let life =
        "SELECT string_agg(image ->> 'status', ' ' ORDER BY version) FROM care.record_version WHERE relation = 'alert'";
    assert_eq!(ward.network.one(life).await, "open acknowledged escalated");
    let who = "SELECT (acknowledged_by = '{a}' AND escalated_to = '{s}' AND closed_by = '{s}')::text FROM care.alert";
    let who = ward.put(who);
    assert_eq!(ward.network.one(&who).await, "true");
}

#[tokio::test]
async fn a_provider_reads_the_open_alerts_of_all_in_care_and_a_rule_kept_apart_keeps_its_alerts_apart() {
    let (mut ward, ..) = alerted().await;
    let list = async |ward: &mut Ward, by| {
        let look = ward.gives(by, "look(NULL, 'open_alerts', NULL)").await[0].clone();
        ward.gives(by, &format!("read_open_alerts('{look}', NULL)")).await.len()
    };
    for (by, alerts) in [(By::Author, 1), (By::Second, 1), (By::Stranger, 0), (By::Other, 0)] {
        assert_eq!(list(&mut ward, by).await, alerts, "{by:?}");
    }
    let apart = rule("NULL", 100).replace("NULL)", "'substance_use')");
    let apart = ward.key(By::Author, &apart).await;
    let statement = ward.put(&open(apart, "{p}", 60, 45, (125, 140, 130)));
    ward.network.id(&statement).await;
    for (by, alerts) in [(By::Patient, 2), (By::Second, 1)] {
        let read = ward.reads(by, "alerts", "read_alerts(now() + INTERVAL '1 hour')").await.unwrap();
        assert_eq!(read.len(), alerts, "{by:?}");
    }
    let rules = ward.reads(By::Second, "alerts", "read_alert_rules()").await.unwrap();
    assert_eq!(rules.len(), 1, "{rules:?}");
    let by_its_code = rule("NULL", 200).replace("'heart_rate', NULL", "NULL, '25836-8'").replace("/min", "{copies}/mL");
    ward.key(By::Author, &by_its_code).await;
    for (by, rules) in [(By::Patient, 3), (By::Author, 3), (By::Second, 1)] {
        let read = ward.reads(by, "alerts", "read_alert_rules()").await.unwrap();
        assert_eq!(read.len(), rules, "{by:?}: {read:?}");
    }
    let kept = "SELECT string_agg(sensitivity, ' ' ORDER BY sensitivity) FROM care.alert_rule";
    assert_eq!(ward.network.one(kept).await, "hiv substance_use");
}
