-- What waits for everything else: one journal in two shared with the own provider, and the sums that maintenance keeps.
INSERT INTO care.journal_share (patient_id, journal_entry_id, provider_id, shared_during)
SELECT e.patient_id, e.journal_entry_id, pg_temp.key('provider', n % pg_temp.providers()), tstzrange(e.written_at + INTERVAL '1 hour', NULL)
FROM generate_series(0, pg_temp.patients() - 1, 20) AS n JOIN care.journal_entry e ON e.journal_entry_id = pg_temp.key('journal', n);
SELECT care.fold_conditions(), care.fold_adherence(), care.merge_reviews();
