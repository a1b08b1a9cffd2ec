-- Series, held resources and waivers are in the catalogue of classes: what an erasure and a retention do with their rows.
--
-- Locks nothing. Undo: delete these rows.
INSERT INTO access.table_class (relation, found_by, row_class, aged_by, part_of, unless, blanked, kept) VALUES
    ('care.appointment_series', 'patient_id', 'clinical', 'created_at', NULL, 'access.was_seen_since(p.patient_id, $1)', '{reason}', '{}'),
    ('care.appointment_resource', 'patient_id', 'clinical', NULL, 'care.appointment', NULL, '{}', '{}'),
    ('care.attendance_waiver', 'patient_id', 'clinical', 'created_at', NULL, 'access.was_seen_since(p.patient_id, $1)', '{reason}', '{}');
