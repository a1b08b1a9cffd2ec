-- Who asked to be erased: one waits, one was refused, and one was erased; a retention that is set.
INSERT INTO access.erasure_request (erasure_request_id, patient_id, requested_by, requested_at, reason, status, decided_by, decided_at,
                                    decision_reason, ended_at)
SELECT pg_temp.key('erasure request', n), pg_temp.key('patient', n), pg_temp.key('account', n), pg_temp.today() - 20,
       pg_temp.pick('{I have moved away,I no longer use this network,I do not want my record kept}'::text[], 'erasure request', n),
       CASE n WHEN 11 THEN 'requested' ELSE 'refused' END, CASE n WHEN 12 THEN pg_temp.key('privacy_officer account', 0) END,
       CASE n WHEN 12 THEN pg_temp.today()::timestamptz - INTERVAL '12 days' END,
       CASE n WHEN 12 THEN 'A claim of an insurer is still open' END, CASE n WHEN 12 THEN pg_temp.today()::timestamptz - INTERVAL '12 days' END
FROM unnest('{11,12}'::integer[]) AS n WHERE pg_temp.patients() > 20;
-- The last person about whom no answer is known beforehand but of bills, which stay, who wears nothing and writes no journal.
WITH person AS (
    -- Among the last 200: each is looked up one by one.
    SELECT n, pg_temp.key('patient', n) AS patient_id
    FROM generate_series(greatest(13, pg_temp.patients() - 203), pg_temp.patients() - 3) AS n
    WHERE n % 10 <> 0 AND NOT EXISTS (SELECT FROM care.wear w WHERE w.patient_id = pg_temp.key('patient', n))
      AND NOT EXISTS (SELECT FROM access.proxy p JOIN access.account a USING (account_id)
                      WHERE a.patient_id = pg_temp.key('patient', n) OR p.patient_id = pg_temp.key('patient', n))
      AND NOT EXISTS (SELECT FROM known_fact k WHERE k.subject = pg_temp.key('patient', n)
          OR k.subject IN (SELECT encounter_id FROM care.encounter e WHERE e.patient_id = pg_temp.key('patient', n)
                           UNION ALL SELECT enrolment_id FROM care.enrolment e WHERE e.patient_id = pg_temp.key('patient', n)))
    ORDER BY n DESC LIMIT 1
)
INSERT INTO access.erasure_request (erasure_request_id, patient_id, requested_by, requested_at, reason, status, decided_by, decided_at,
                                    decision_reason)
SELECT pg_temp.key('erasure request', n), patient_id, pg_temp.key('account', n), pg_temp.today() - 40, 'I have moved away', 'granted',
       pg_temp.key('privacy_officer account', 0), pg_temp.today() - 30, 'What the law keeps stays anonymised' FROM person;
SELECT access.erase_person(patient_id, 'request', erasure_request_id) FROM access.erasure_request WHERE status = 'granted';
UPDATE access.row_class SET kept_for = '10 years' WHERE row_class = 'version';
SELECT care.expire_rows();
INSERT INTO access.expiry_proof (expired_on, row_class, deleted, kept_for) VALUES (pg_temp.today() - 1, 'version', 3, '10 years');
