-- Three more parts that an account can play: who manages a facility, who administers the network, and who watches the
-- quality of care. What each may do comes with the functions that ask for it; alone, a part opens nothing.
--
-- Locks access.account for a moment. Undo: put both rules and the comments back as they were.
ALTER TABLE access.account DROP CONSTRAINT account_part_is_known, DROP CONSTRAINT account_part_fits_its_person;
ALTER TABLE access.account ADD CONSTRAINT account_part_is_known CHECK (part IN (
    'patient', 'provider', 'front_desk', 'biller', 'moderator', 'analyst', 'privacy_officer', 'operator',
    'facility_manager', 'network_admin', 'clinical_quality'));
COMMENT ON CONSTRAINT account_part_is_known ON access.account IS 'Choose one of the known parts.';
ALTER TABLE access.account ADD CONSTRAINT account_part_fits_its_person CHECK (
    (part = 'patient') = (patient_id IS NOT NULL)
    AND (part = 'provider') = (provider_id IS NOT NULL)
    AND (part IN ('front_desk', 'biller', 'facility_manager')) = (facility_id IS NOT NULL));
COMMENT ON CONSTRAINT account_part_fits_its_person ON access.account IS
    'A patient''s account needs a patient, a provider''s a provider, a desk''s, biller''s or facility manager''s a facility, and no other may have one.';
COMMENT ON COLUMN access.account.part IS
    'patient, provider, front_desk, biller, moderator, analyst, privacy_officer, operator, facility_manager, network_admin or clinical_quality.';
COMMENT ON COLUMN access.account.facility_id IS
    'The facility that a front desk, a biller or a facility manager works for; null for every other part.';
