-- PHQ-9 of one patient in four, scored by the database when it is complete; a chest film of one in ten.
INSERT INTO care.questionnaire_response (questionnaire_response_id, patient_id, questionnaire_id)
SELECT pg_temp.key('phq9', n), pg_temp.key('patient', n), questionnaire_id
FROM generate_series(0, pg_temp.patients() - 1, 4) AS n, care.questionnaire WHERE name = 'phq9';
INSERT INTO care.answer (answer_id, patient_id, questionnaire_response_id, link_id, value_number)
SELECT pg_temp.key('phq9 answer ' || item, n), pg_temp.key('patient', n), pg_temp.key('phq9', n), 'phq9_' || item,
       floor(pg_temp.chance('phq9 answer ' || item, n) * (1 + n % 4))
FROM generate_series(0, pg_temp.patients() - 1, 4) AS n, generate_series(1, 9) AS item;
UPDATE care.questionnaire_response SET status = 'completed', completed_at = pg_temp.today() - INTERVAL '5 days';
INSERT INTO care.imaging_study (imaging_study_id, patient_id, facility_id, referrer_id, started_at, study_uid, description)
SELECT pg_temp.key('study', n), pg_temp.key('patient', n), pg_temp.facility_at(n % pg_temp.providers(), 2),
       pg_temp.key('provider', n % pg_temp.providers()), pg_temp.today() - 30 + INTERVAL '15 hours',
       '1.2.826.0.1.3680043.10.' || 1000 + n, 'Chest, two views'
FROM generate_series(0, pg_temp.patients() - 1, 10) AS n;
INSERT INTO care.imaging_series (imaging_series_id, patient_id, imaging_study_id, series_uid, series_number, modality, instances)
SELECT pg_temp.key('series', n), pg_temp.key('patient', n), pg_temp.key('study', n),
       '1.2.826.0.1.3680043.10.' || 1000 + n || '.1', 1, 'DX', 2
FROM generate_series(0, pg_temp.patients() - 1, 10) AS n;
