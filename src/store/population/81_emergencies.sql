-- One provider broke the glass for a stranger's record, and the privacy officer found it justified.
INSERT INTO access.care_relationship (care_relationship_id, patient_id, provider_id, valid_during, basis, reason)
SELECT pg_temp.key('emergency', 0), pg_temp.key('patient', 3), pg_temp.key('provider', 1),
       tstzrange(pg_temp.today() - INTERVAL '30 hours', pg_temp.today() - INTERVAL '29 hours'), 'emergency', 'Found unconscious, brought in by ambulance.';
INSERT INTO access.emergency_review (care_relationship_id, reviewed_at, reviewed_by, finding)
SELECT pg_temp.key('emergency', 0), pg_temp.today() - INTERVAL '5 hours', pg_temp.key('privacy_officer account', 0), 'justified';
