-- What waits for everything else: one journal in two shared with the own provider, who waits for an earlier time (and would
-- be offered each that is given back before), and the sums that maintenance keeps.
INSERT INTO care.journal_share (patient_id, journal_entry_id, provider_id, shared_during)
SELECT e.patient_id, e.journal_entry_id, pg_temp.key('provider', n % pg_temp.providers()), tstzrange(e.written_at + INTERVAL '1 hour', NULL)
FROM generate_series(0, pg_temp.patients() - 1, 20) AS n JOIN care.journal_entry e ON e.journal_entry_id = pg_temp.key('journal', n);
INSERT INTO care.waitlist_entry (waitlist_entry_id, patient_id, facility_id, provider_id, minutes, wanted_during)
SELECT pg_temp.key('waits', n), pg_temp.key('patient', n), pg_temp.facility_at(n % pg_temp.providers(), 1),
       CASE WHEN n % 2 = 0 THEN pg_temp.key('provider', n % pg_temp.providers()) END, 30,
       tstzrange(pg_temp.today() + 1, pg_temp.today() + 15)
FROM generate_series(2, pg_temp.patients() - 1, 25) AS n;
SELECT care.fold_conditions(), care.fold_adherence(), care.merge_reviews();
