-- A death is compared with the birth by the days of the person's own time zone.
--
-- The moment of death was compared with the first moment of the day of birth in the session's zone: a newborn who died in
-- Tokyo on the day of birth was refused by a session elsewhere. Reads care.patient once. Undo: put back the former
-- constraint, deceased_at >= born_on.
ALTER TABLE care.patient DROP CONSTRAINT patient_dies_after_birth;
ALTER TABLE care.patient ADD CONSTRAINT patient_dies_after_birth
    CHECK ((deceased_at AT TIME ZONE time_zone::text)::date >= born_on);
COMMENT ON CONSTRAINT patient_dies_after_birth ON care.patient IS 'A date of death cannot lie before the date of birth.';
