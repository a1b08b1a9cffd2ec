-- What is done by the plans; rules of alerts for all, a programme and some patients; alerts of results that break one;
-- a model with a prediction at each first discharge, whose outcome is known since; and advice for one in nine.
INSERT INTO care.care_plan_activity (care_plan_activity_id, patient_id, care_plan_id, goal_id, provider_id, due_during, kind, title,
                                     status)
SELECT pg_temp.key('activity' || k, n), pg_temp.key('patient', n), pg_temp.key('plan', n),
       CASE k WHEN 1 THEN pg_temp.key('goal steps', n) END, CASE k WHEN 2 THEN pg_temp.key('provider', n % pg_temp.providers()) END,
       daterange(pg_temp.today() - 30, pg_temp.today() + 60), kind, title, status
FROM generate_series(0, pg_temp.patients() - 1, 6) AS n,
     (VALUES (1, 'exercise', 'Walk after lunch', 'in_progress'), (2, 'counselling', 'Talk about what went well', 'not_started'))
     AS done (k, kind, title, status);
INSERT INTO care.alert_rule (alert_rule_id, lineage_id, patient_id, programme_id, recorded_by, title, metric, loinc, comparator,
                             threshold, unit, lasting, severity, tells, created_at)
SELECT key, key, CASE WHEN for_patient THEN pg_temp.key('patient', n) END, CASE WHEN for_programme THEN programme_id END,
       CASE WHEN for_patient THEN pg_temp.key('provider', n % pg_temp.providers()) END, title, metric, loinc, comparator, threshold,
       unit, lasting, severity, tells, pg_temp.today()::timestamptz - INTERVAL '300 days'
FROM (VALUES (1, 'Blood sugar of months is high', NULL, '4548-4', 'at_least', 8.0, '%', INTERVAL '0', 'high', '{care_team}'::text[]),
             (2, 'Heart is fast at rest', 'heart_rate', NULL, 'above', 130, '/min', INTERVAL '10 minutes', 'moderate', '{patient,care_team}'),
             (3, 'Heart is fast', 'heart_rate', NULL, 'above', 115, '/min', INTERVAL '10 minutes', 'low', '{care_team}'),
             (4, 'Heart is slow', 'heart_rate', NULL, 'below', 45, '/min', INTERVAL '10 minutes', 'high', '{patient,care_team}'))
     AS rule (k, title, metric, loinc, comparator, threshold, unit, lasting, severity, tells)
CROSS JOIN LATERAL generate_series(0, CASE k WHEN 4 THEN pg_temp.patients() - 1 ELSE 0 END, 40) AS n
CROSS JOIN LATERAL (SELECT pg_temp.key('rule' || k, n) AS key, k = 4 AS for_patient, k = 3 AS for_programme) AS made
CROSS JOIN (SELECT programme_id FROM care.programme ORDER BY programme_id LIMIT 1) AS course;
INSERT INTO care.alert (alert_id, patient_id, lineage_id, alert_rule_id, severity, created_at, updated_at, observed_during, readings,
                        lowest, highest, latest)
SELECT md5('alert' || lab_result_id)::uuid, patient_id, rule, rule, 'high', observed_at, observed_at,
       tstzrange(observed_at, observed_at, '[]'), 1, value_number, value_number, value_number
FROM (SELECT DISTINCT ON (patient_id) patient_id, lab_result_id, observed_at, value_number, pg_temp.key('rule1', 0) AS rule
      FROM care.lab_result WHERE loinc = '4548-4' AND status = 'final' AND value_number >= 8
      ORDER BY patient_id, observed_at DESC) AS broken;
UPDATE care.alert a SET status = 'acknowledged', acknowledged_at = a.created_at + INTERVAL '3 hours', acknowledged_by = r.provider_id
FROM access.care_relationship r
WHERE r.patient_id = a.patient_id AND r.basis = 'care_team' AND left(a.alert_id::text, 1) IN ('0', '1', '2', '3', '4', '5');
UPDATE care.alert SET status = 'dismissed', closed_at = created_at + INTERVAL '1 day', reason = 'Known, and treated already'
WHERE left(alert_id::text, 1) IN ('e', 'f');
INSERT INTO care.prediction_model (prediction_model_id, approved_by, approved_at, created_at, name, model_version, intended_use, inputs,
                                   predicts, unit, population, performance)
VALUES (pg_temp.key('model', 1), pg_temp.key('provider', 0), pg_temp.today()::timestamptz - INTERVAL '300 days',
        pg_temp.today()::timestamptz - INTERVAL '320 days', 'readmission_30_day', '1.0',
        'To plan follow-up after a stay in hospital; not to decide on a discharge.', '{age,stays_of_a_year,conditions,lives_alone}',
        'Probability of another stay that is not planned within 30 days', '1', 'Made-up adults of a demo network',
        '{"auroc": 0.71, "calibration_slope": 0.96, "people": 4000}');
INSERT INTO care.prediction (prediction_id, patient_id, prediction_model_id, created_at, updated_at, horizon_at, output, band,
                             inputs_sha256, outcome, outcome_at)
SELECT pg_temp.key('prediction', n), patient_id, pg_temp.key('model', 1), left_at, left_at, left_at + INTERVAL '30 days', chance,
       CASE WHEN chance >= 0.3 THEN 'high' ELSE 'low' END, sha256(convert_to('inputs ' || encounter_id, 'UTF8')),
       (n % 60 = 0)::integer, left_at + INTERVAL '30 days'
FROM stay, LATERAL (SELECT began_at + INTERVAL '3 days' AS left_at,
                           round((0.05 + 0.5 * pg_temp.chance('predicted', n))::numeric, 3)::double precision AS chance) AS said
WHERE k = 1;
INSERT INTO care.recommendation (recommendation_id, patient_id, recommended_by, prediction_id, created_at, updated_at, answered_at, kind,
                                 title, body, evidence, citation, status)
SELECT pg_temp.key('advice', n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()),
       CASE WHEN n % 20 = 0 THEN pg_temp.key('prediction', n) END, at, at, CASE WHEN status <> 'proposed' THEN at + INTERVAL '2 days' END,
       'lifestyle', 'Half an hour of walking a day', 'Walk half an hour on five days of the week, as fast as you can talk.',
       jsonb_build_object('steps_a_day', 2500 + n % 1500), 'WHO guidelines on physical activity and sedentary behaviour, 2020', status
FROM generate_series(0, pg_temp.patients() - 1, 9) AS n,
     LATERAL (SELECT pg_temp.today()::timestamptz - INTERVAL '20 days' AS at,
                     pg_temp.pick('{proposed,accepted,declined,completed}', 'answer', n) AS status) AS said;
