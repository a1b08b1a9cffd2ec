-- What opens a record: care that somebody gives, or the patient's own word.
--
-- Nothing else does. A visit, a referral or an emergency makes a care relationship, with its reason and its end, so
-- that the question "why could she look?" always has an answer. A grant is given by the patient to one account or
-- provider, for a purpose and a period, and for what it names: a grant of the chart opens neither journal nor
-- behavioural health. Both end by a date that every statement looks at, so taking one back works in the next statement.
-- New tables; foreign keys lock their targets for an instant. Undo: drop them.
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
        basis <> 'emergency'
        OR coalesce(reason ~ '\S' AND upper(valid_during) <= lower(valid_during) + INTERVAL '60 minutes', false)
    ),
    CONSTRAINT care_relationship_is_not_repeated
        EXCLUDE USING gist (provider_id WITH =, patient_id WITH =, basis WITH =, valid_during WITH &&)
);
CREATE INDEX care_relationship_patient_idx ON access.care_relationship (patient_id);
CREATE INDEX care_relationship_provider_idx ON access.care_relationship (provider_id);
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

CREATE TABLE access.grant_of_access (
    grant_of_access_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id         uuid        NOT NULL,
    account_id         uuid,
    provider_id        uuid,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),
    revoked_at         timestamptz,
    version            integer     NOT NULL DEFAULT 1,
    valid_during       tstzrange   NOT NULL,
    scopes             text[]      NOT NULL,
    purpose            text        NOT NULL,
    updated_by         text        NOT NULL DEFAULT session_user,

    CONSTRAINT grant_of_access_pkey PRIMARY KEY (grant_of_access_id),
    CONSTRAINT grant_of_access_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT grant_of_access_account_fkey FOREIGN KEY (account_id) REFERENCES access.account (account_id),
    CONSTRAINT grant_of_access_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT grant_of_access_is_for_one CHECK (num_nonnulls(account_id, provider_id) = 1),
    CONSTRAINT grant_of_access_scopes_are_known CHECK (
        cardinality(scopes) > 0
        AND scopes <@ ARRAY['chart', 'schedule', 'samples', 'billing', 'journal', 'behavioural_health']
    ),
    CONSTRAINT grant_of_access_purpose_is_known CHECK (
        purpose IN ('treatment', 'second_opinion', 'family', 'research', 'insurance', 'other')
    ),
    CONSTRAINT grant_of_access_period_is_half_open CHECK (
        NOT isempty(valid_during) AND lower_inc(valid_during) AND NOT upper_inc(valid_during)
    )
);
CREATE INDEX grant_of_access_patient_idx ON access.grant_of_access (patient_id);
CREATE INDEX grant_of_access_account_idx ON access.grant_of_access (account_id) WHERE revoked_at IS NULL;
CREATE INDEX grant_of_access_provider_idx ON access.grant_of_access (provider_id) WHERE revoked_at IS NULL;
CREATE TRIGGER grant_of_access_is_touched BEFORE UPDATE ON access.grant_of_access
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  access.grant_of_access                    IS 'What a patient lets another account or provider see, why and how long.';
COMMENT ON COLUMN access.grant_of_access.grant_of_access_id IS 'Key.';
COMMENT ON COLUMN access.grant_of_access.patient_id         IS 'Who grants.';
COMMENT ON COLUMN access.grant_of_access.account_id         IS 'The account that may see; null where it is a provider.';
COMMENT ON COLUMN access.grant_of_access.provider_id        IS 'The provider who may see; null where it is an account.';
COMMENT ON COLUMN access.grant_of_access.created_at         IS 'When the row was made.';
COMMENT ON COLUMN access.grant_of_access.updated_at         IS 'When it was last changed.';
COMMENT ON COLUMN access.grant_of_access.revoked_at         IS 'When it was taken back; null while it stands.';
COMMENT ON COLUMN access.grant_of_access.version            IS 'Raised by each change.';
COMMENT ON COLUMN access.grant_of_access.valid_during       IS 'Half-open period; no upper bound where it has no end.';
COMMENT ON COLUMN access.grant_of_access.scopes             IS 'What may be seen: chart, schedule, samples, billing, journal, behavioural_health. None holds another.';
COMMENT ON COLUMN access.grant_of_access.purpose            IS 'treatment, second_opinion, family, research, insurance or other.';
COMMENT ON COLUMN access.grant_of_access.updated_by         IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT grant_of_access_pkey ON access.grant_of_access IS 'This grant is known already.';
COMMENT ON CONSTRAINT grant_of_access_patient_fkey ON access.grant_of_access IS 'Register the patient first.';
COMMENT ON CONSTRAINT grant_of_access_account_fkey ON access.grant_of_access IS 'Choose an account that exists.';
COMMENT ON CONSTRAINT grant_of_access_provider_fkey ON access.grant_of_access IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT grant_of_access_is_for_one ON access.grant_of_access IS 'Grant access to one account or to one provider.';
COMMENT ON CONSTRAINT grant_of_access_scopes_are_known ON access.grant_of_access IS 'Choose what may be seen: chart, schedule, samples, billing, journal or behavioural_health.';
COMMENT ON CONSTRAINT grant_of_access_purpose_is_known ON access.grant_of_access IS 'Choose treatment, second_opinion, family, research, insurance or other.';
COMMENT ON CONSTRAINT grant_of_access_period_is_half_open ON access.grant_of_access IS 'A grant has a beginning, and ends after it.';
