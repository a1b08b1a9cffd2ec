-- Where patients like to go: the clinic of their provider first, and the pharmacy beside it.
INSERT INTO care.preferred_facility (patient_id, facility_id, rank)
SELECT pg_temp.key('patient', n), pg_temp.facility_at(n % pg_temp.providers(), kind), rank
FROM generate_series(0, pg_temp.patients() - 1, 3) AS n, (VALUES (1, 1), (3, 2)) AS place (kind, rank);
