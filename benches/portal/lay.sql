-- What the bench of pages needs beside a populated network: a provider with a panel of :panel people, one of whom has
-- :encounters visits and as many results, and the first :pages of whom wear what publishes.
SET session_replication_role = replica;

CREATE TABLE public.bench_doctor AS
SELECT a.account_id, a.login, a.provider_id
FROM access.account a JOIN access.care_relationship r USING (provider_id)
WHERE a.part = 'provider' AND a.disabled_at IS NULL AND r.valid_during @> now()
GROUP BY 1, 2, 3 ORDER BY count(*) DESC, a.login LIMIT 1;
-- Nobody who is erased, has died or was taken for two people.
CREATE TEMP TABLE person AS
SELECT p.patient_id, r.patient_id IS NOT NULL AS is_cared_for
FROM care.patient p JOIN access.account a USING (patient_id)
LEFT JOIN (SELECT DISTINCT patient_id FROM access.care_relationship JOIN public.bench_doctor USING (provider_id)
           WHERE valid_during @> now()) AS r USING (patient_id)
WHERE a.disabled_at IS NULL AND p.deceased_at IS NULL
  AND NOT EXISTS (SELECT FROM care.patient_link l WHERE p.patient_id IN (l.patient_id, l.survivor_id));
INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
SELECT patient_id, provider_id, tstzrange(now() - INTERVAL '1 day', NULL), 'care_team'
FROM person, public.bench_doctor
WHERE NOT is_cared_for ORDER BY patient_id
LIMIT greatest(0, :panel - (SELECT count(*) FROM person WHERE is_cared_for));
CREATE TABLE public.bench_panel AS
SELECT patient_id, row_number() OVER (ORDER BY is_cared_for DESC, patient_id) - 1 AS n
FROM person JOIN access.care_relationship r USING (patient_id) JOIN public.bench_doctor USING (provider_id)
WHERE r.valid_during @> now() GROUP BY patient_id, is_cared_for;

INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, during, class)
SELECT patient_id, facility_id, provider_id, tstzrange(at, at + INTERVAL '20 minutes'), 'ambulatory'
FROM public.bench_panel, public.bench_doctor,
     (SELECT facility_id FROM care.facility ORDER BY facility_id LIMIT 1) AS place,
     generate_series(now() - :encounters * INTERVAL '3 days', now() - INTERVAL '2 days', INTERVAL '3 days') AS at
WHERE n = 0;
INSERT INTO care.lab_result (patient_id, observed_at, issued_at, value_number, loinc, title, unit, status)
SELECT patient_id, at, at, 5 + extract(day FROM at) % 3, '4548-4', 'HbA1c', '%', 'final'
FROM public.bench_panel,
     generate_series(now() - :encounters * INTERVAL '3 days', now() - INTERVAL '2 days', INTERVAL '3 days') AS at
WHERE n = 0;

INSERT INTO signal.device (device_id, added_at, added_by)
SELECT 'page-' || n, now(), 'bench' FROM generate_series(0, :pages - 1) AS n;
DELETE FROM care.wear WHERE patient_id IN (SELECT patient_id FROM public.bench_panel WHERE n < :pages);
INSERT INTO care.wear (patient_id, device_key, worn_during)
SELECT patient_id, device_key, tstzrange(now() - INTERVAL '1 hour', NULL)
FROM public.bench_panel JOIN signal.device ON device_id = 'page-' || n;
-- Nobody opens as many records an hour as are opened here.
UPDATE access.cap SET most = 2000000000 WHERE cap = 'looks_an_account_an_hour';
RESET session_replication_role;
ANALYZE;
