-- Who cares for whom, and when: what opens a record to a provider.
--
-- Nothing else does. A visit, a referral or an emergency makes such a row, with its reason and its end, so that the
-- question "why could she look?" always has an answer. New table; foreign keys lock their targets for an instant.
-- Undo: drop it.
CREATE TABLE access.care_relationship (
    care_relationship_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id           uuid        NOT NULL,
    provider_id          uuid        NOT NULL,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    version              integer     NOT NULL DEFAULT 1,
    valid_during         tstzrange   NOT NULL,
    basis                text        NOT NULL,
    reason               text,
    updated_by           text        NOT NULL DEFAULT session_user,

    CONSTRAINT care_relationship_pkey PRIMARY KEY (care_relationship_id),
    CONSTRAINT care_relationship_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT care_relationship_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT care_relationship_basis_is_known CHECK (basis IN ('care_team', 'visit', 'referral', 'emergency')),
    CONSTRAINT care_relationship_period_is_half_open CHECK (
        NOT isempty(valid_during) AND lower_inc(valid_during) AND NOT upper_inc(valid_during)
    ),
    CONSTRAINT care_relationship_emergency_is_short_and_explained CHECK (
        basis <> 'emergency' OR (reason ~ '\S' AND upper(valid_during) <= lower(valid_during) + INTERVAL '60 minutes')
    ),
    CONSTRAINT care_relationship_is_not_repeated
        EXCLUDE USING gist (provider_id WITH =, patient_id WITH =, basis WITH =, valid_during WITH &&)
);
CREATE INDEX care_relationship_patient_idx ON access.care_relationship (patient_id);
CREATE TRIGGER care_relationship_is_touched BEFORE UPDATE ON access.care_relationship
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  access.care_relationship                      IS 'Which provider cares for which patient, when and why.';
COMMENT ON COLUMN access.care_relationship.care_relationship_id IS 'Key.';
COMMENT ON COLUMN access.care_relationship.patient_id           IS 'Who is cared for.';
COMMENT ON COLUMN access.care_relationship.provider_id          IS 'Who cares.';
COMMENT ON COLUMN access.care_relationship.created_at           IS 'When the row was made.';
COMMENT ON COLUMN access.care_relationship.updated_at           IS 'When it was last changed.';
COMMENT ON COLUMN access.care_relationship.version              IS 'Raised by each change.';
COMMENT ON COLUMN access.care_relationship.valid_during         IS 'Half-open period; no upper bound while it goes on.';
COMMENT ON COLUMN access.care_relationship.basis                IS 'care_team, visit, referral, or emergency (the glass was broken: 60 minutes at most, with a reason).';
COMMENT ON COLUMN access.care_relationship.reason               IS 'Why, in the provider''s words; demanded for an emergency.';
COMMENT ON COLUMN access.care_relationship.updated_by           IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT care_relationship_pkey ON access.care_relationship IS 'This relationship is known already.';
COMMENT ON CONSTRAINT care_relationship_patient_fkey ON access.care_relationship IS 'Register the patient first.';
COMMENT ON CONSTRAINT care_relationship_provider_fkey ON access.care_relationship IS 'Add the provider first.';
COMMENT ON CONSTRAINT care_relationship_basis_is_known ON access.care_relationship IS 'Choose care_team, visit, referral or emergency.';
COMMENT ON CONSTRAINT care_relationship_period_is_half_open ON access.care_relationship IS 'Care has a beginning, and ends after it.';
COMMENT ON CONSTRAINT care_relationship_emergency_is_short_and_explained ON access.care_relationship IS 'Emergency access needs a reason and lasts 60 minutes at most.';
COMMENT ON CONSTRAINT care_relationship_is_not_repeated ON access.care_relationship IS 'This provider has that access at that time already.';
