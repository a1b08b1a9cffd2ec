-- A note of the latest visit for each third patient, signed, with an addendum for some and one draft in twenty; medicines
-- gone through at a visit of one in ten, and what spoke against a prescription of one in 25.
INSERT INTO care.note (note_id, patient_id, encounter_id, author_id, created_at, updated_at, loinc, title)
SELECT pg_temp.key('note', n), e.patient_id, e.encounter_id, e.attending_provider_id, upper(e.during), upper(e.during), '11506-3',
       'Progress note'
FROM generate_series(0, pg_temp.patients() - 1, 3) AS n
JOIN care.encounter e ON e.encounter_id = md5(pg_temp.key('visit1', n)::text)::uuid;
INSERT INTO care.note_section (note_section_id, patient_id, note_id, place, loinc, title, body, created_at, updated_at)
SELECT pg_temp.key('section' || part.place, n), e.patient_id, e.note_id, part.place, part.loinc, part.title,
       words[1 + floor(pg_temp.chance('words' || part.place, n) * cardinality(words))::integer], e.created_at, e.created_at
FROM generate_series(0, pg_temp.patients() - 1, 3) AS n JOIN care.note e ON e.note_id = pg_temp.key('note', n),
     (VALUES (1, '10164-2', 'History of present illness', '{Comes for the yearly check-up.,Coughs since a week; no fever.,Home readings of blood pressure are high.}'::text[]),
             (2, '29545-1', 'Examination', '{Nothing of note.,Lungs are clear.,148/92 sitting; heart without murmur.}'),
             (3, '51848-0', 'Assessment', '{Well.,Upper respiratory infection.,Hypertension that is not controlled.}'),
             (4, '18776-5', 'Plan', '{Come again in a year.,Rest and fluids; come again if it lasts.,Measure twice a day and come again in a month.}')
     ) AS part (place, loinc, title, words);
UPDATE care.note SET status = 'signed', signed_at = created_at + INTERVAL '20 minutes'
WHERE note_id IN (SELECT pg_temp.key('note', n) FROM generate_series(0, pg_temp.patients() - 1, 3) AS n WHERE n % 60 <> 0);
INSERT INTO care.note_addendum (note_addendum_id, patient_id, note_id, author_id, created_at, updated_at, body)
SELECT pg_temp.key('addendum', n), e.patient_id, e.note_id, e.author_id, e.signed_at + INTERVAL '1 day', e.signed_at + INTERVAL '1 day',
       'Called: feels better.'
FROM generate_series(3, pg_temp.patients() - 1, 24) AS n JOIN care.note e ON e.note_id = pg_temp.key('note', n)
WHERE e.status = 'signed';
INSERT INTO care.medication_reconciliation (medication_reconciliation_id, patient_id, encounter_id, provider_id, created_at, updated_at)
SELECT pg_temp.key('reconciliation', n), e.patient_id, e.encounter_id, e.attending_provider_id, upper(e.during), upper(e.during)
FROM generate_series(0, pg_temp.patients() - 1, 10) AS n
JOIN care.encounter e ON e.encounter_id = md5(pg_temp.key('visit1', n)::text)::uuid;
INSERT INTO care.reconciled_statement (reconciled_statement_id, patient_id, medication_reconciliation_id, medication_statement_id,
                                       decision, created_at, updated_at)
SELECT pg_temp.key('reconciled', n), r.patient_id, r.medication_reconciliation_id, pg_temp.key('statement', n),
       CASE WHEN n % 40 = 0 THEN 'unknown' ELSE 'taken' END, r.created_at, r.created_at
FROM generate_series(0, pg_temp.patients() - 1, 10) AS n
JOIN care.medication_reconciliation r ON r.medication_reconciliation_id = pg_temp.key('reconciliation', n);
INSERT INTO care.detected_issue (detected_issue_id, patient_id, prescription_id, medication_statement_id, created_at, updated_at,
                                 kind, severity, about, effect)
SELECT pg_temp.key('issue', n), p.patient_id, p.prescription_id, pg_temp.key('statement', n), p.authored_at, p.authored_at,
       'duplicate', 'moderate', 'metformin', 'The patient takes this substance already.'
FROM generate_series(0, pg_temp.patients() - 1, 25) AS n JOIN care.prescription p ON p.prescription_id = pg_temp.key('prescription', n);
