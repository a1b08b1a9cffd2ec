-- What was known before: conditions by ICD-10, operations and treatments by SNOMED CT, medicines, allergies, vaccines.
INSERT INTO care.condition (condition_id, patient_id, recorded_by, code_system, code, title, clinical_status,
                            verification_status, severity, onset_on, abated_on)
SELECT pg_temp.key('condition' || k, n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()),
       'icd10', code, title, CASE WHEN passes THEN 'resolved' ELSE 'active' END, 'confirmed', 'moderate', onset,
       CASE WHEN passes THEN onset + 40 END
FROM generate_series(0, pg_temp.patients() - 1) AS n,
     (VALUES (1, 'I10', 'Essential hypertension', 0.30, false), (2, 'E78.5', 'Hyperlipidaemia', 0.25, false),
             (3, 'J45.909', 'Asthma', 0.08, false), (4, 'F32.9', 'Depressive episode', 0.10, false),
             (5, 'M54.5', 'Low back pain', 0.20, true), (6, 'J06.9', 'Upper respiratory infection', 0.35, true),
             (7, 'K21.9', 'Gastro-oesophageal reflux', 0.12, false)) AS known (k, code, title, share, passes),
     LATERAL (SELECT pg_temp.today() - 60 - floor(pg_temp.chance('onset' || k, n) * 330)::integer AS onset) AS began
WHERE pg_temp.chance('condition' || k, n) < share;
-- Those with metformin have the disease that it is for.
INSERT INTO care.condition (condition_id, patient_id, recorded_by, code_system, code, title, clinical_status,
                            verification_status, onset_on)
SELECT pg_temp.key('diabetes', n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()), 'icd10',
       'E11.9', 'Type 2 diabetes mellitus', 'active', 'confirmed', pg_temp.today() - 200
FROM generate_series(0, pg_temp.patients() - 1, 5) AS n;
INSERT INTO care.procedure (procedure_id, patient_id, performer_id, kind, code, title, status, performed_during)
SELECT pg_temp.key('procedure' || k, n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()),
       kind, code, title, 'completed', tstzrange(at, at + INTERVAL '1 hour')
FROM generate_series(0, pg_temp.patients() - 1) AS n,
     (VALUES (1, 'surgery', '80146002', 'Appendectomy', 0.06), (2, 'diagnostic', '73761001', 'Colonoscopy', 0.15),
             (3, 'therapy', '91251008', 'Physical therapy', 0.12)) AS done (k, kind, code, title, share),
     LATERAL (SELECT pg_temp.today() - 20 - floor(pg_temp.chance('performed' || k, n) * 300)::integer
                     + INTERVAL '16 hours' AS at) AS moment
WHERE pg_temp.chance('procedure' || k, n) < share;
INSERT INTO care.medication_statement (medication_statement_id, patient_id, medication_id, recorded_by, source, status,
                                       taken_during, dosage)
SELECT pg_temp.key('statement', n), pg_temp.key('patient', n), pg_temp.key('medication', 1),
       pg_temp.key('provider', n % pg_temp.providers()), 'provider', 'active', daterange(pg_temp.today() - 181, NULL),
       'One tablet twice a day'
FROM generate_series(0, pg_temp.patients() - 1, 5) AS n;
INSERT INTO care.allergy (allergy_id, patient_id, recorded_by, category, substance, criticality)
SELECT pg_temp.key('allergy', n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()), category,
       substance, criticality
FROM generate_series(0, pg_temp.patients() - 1, 6) AS n
JOIN (VALUES (0, 'medication', 'Penicillin', 'high'), (1, 'food', 'Peanut', 'high'),
             (2, 'environment', 'Birch pollen', 'low')) AS cause (k, category, substance, criticality) ON k = n / 6 % 3;
INSERT INTO care.allergy_reaction (allergy_reaction_id, patient_id, allergy_id, code, manifestation, severity)
SELECT pg_temp.key('reaction', n), pg_temp.key('patient', n), pg_temp.key('allergy', n), '126485001', 'Urticaria', 'moderate'
FROM generate_series(0, pg_temp.patients() - 1, 12) AS n;
INSERT INTO care.immunization (immunization_id, patient_id, performer_id, cvx, title, given_on, lot_number, expires_on)
SELECT pg_temp.key('vaccine', n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()), '140',
       'Influenza, seasonal, injectable', given_on, 'LOT' || n % 40, given_on + 180
FROM generate_series(0, pg_temp.patients() - 1) AS n,
     LATERAL (SELECT pg_temp.today() - 20 - floor(pg_temp.chance('vaccine', n) * 60)::integer AS given_on) AS day
WHERE n % 3 <> 0;
-- What runs in families: for one in five, one or two relatives.
INSERT INTO care.family_history (family_history_id, patient_id, recorded_by, relative, code_system, code, title, onset_age,
                                 relative_deceased, caused_death)
SELECT pg_temp.key('family' || k, n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()),
       relative, 'icd10', code, title, 40 + floor(pg_temp.chance('family onset' || k, n) * 40)::integer, died, died
FROM generate_series(0, pg_temp.patients() - 1) AS n,
     (VALUES (1, 'mother', 'E11.9', 'Type 2 diabetes mellitus'), (2, 'father', 'I21.9', 'Myocardial infarction'),
             (3, 'maternal_grandmother', 'C50.919', 'Breast cancer')) AS runs (k, relative, code, title),
     LATERAL (SELECT pg_temp.chance('family died' || k, n) < 0.4 AS died) AS fate
WHERE pg_temp.chance('family' || k, n) < 0.1;
