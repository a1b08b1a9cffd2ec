-- Accounts: one for each person who may look into the portal, with the one part that they play.
--
-- What an account may see follows from its part and from who it is: a patient sees one record, a provider those in
-- care, the desk and billing their facility. A person with two parts has two accounts, so that each look says in which
-- part it was. How an account proves itself is not kept here. New table; foreign keys lock their targets for an
-- instant. Undo: drop it.
CREATE TABLE access.account (
    account_id  uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id  uuid,
    provider_id uuid,
    facility_id uuid,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz,
    version     integer     NOT NULL DEFAULT 1,
    part        text        NOT NULL,
    login       text        NOT NULL,
    updated_by  text        NOT NULL DEFAULT session_user,

    CONSTRAINT account_pkey PRIMARY KEY (account_id),
    CONSTRAINT account_login_is_unique UNIQUE (login),
    CONSTRAINT account_login_is_a_name CHECK (login ~ '^[a-z0-9][a-z0-9._@+-]{2,190}$'),
    CONSTRAINT account_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT account_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT account_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT account_part_is_known CHECK (part IN (
        'patient', 'provider', 'front_desk', 'biller', 'moderator', 'analyst', 'privacy_officer', 'operator'
    )),
    CONSTRAINT account_part_fits_its_person CHECK (
        (part = 'patient') = (patient_id IS NOT NULL) AND (part = 'provider') = (provider_id IS NOT NULL)
        AND (part IN ('front_desk', 'biller')) = (facility_id IS NOT NULL)
    )
);
CREATE UNIQUE INDEX account_of_a_patient_is_one ON access.account (patient_id);
CREATE UNIQUE INDEX account_of_a_provider_is_one ON access.account (provider_id);
CREATE TRIGGER account_is_touched BEFORE UPDATE ON access.account FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  access.account             IS 'Who may look into the portal, and as what.';
COMMENT ON COLUMN access.account.account_id  IS 'Key; what healthtrack.actor is set to.';
COMMENT ON COLUMN access.account.patient_id  IS 'The patient whose account it is; null for every other part.';
COMMENT ON COLUMN access.account.provider_id IS 'The provider whose account it is; null for every other part.';
COMMENT ON COLUMN access.account.facility_id IS 'The facility that a front desk or a biller works for; null for every other part.';
COMMENT ON COLUMN access.account.created_at  IS 'When the row was made.';
COMMENT ON COLUMN access.account.updated_at  IS 'When it was last changed.';
COMMENT ON COLUMN access.account.disabled_at IS 'Since when it may do nothing; null while it may.';
COMMENT ON COLUMN access.account.version     IS 'Raised by each change.';
COMMENT ON COLUMN access.account.part        IS 'patient, provider, front_desk, biller, moderator, analyst, privacy_officer or operator.';
COMMENT ON COLUMN access.account.login       IS 'Name to log in by.';
COMMENT ON COLUMN access.account.updated_by  IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT account_pkey ON access.account IS 'This account is known already.';
COMMENT ON CONSTRAINT account_login_is_unique ON access.account IS 'This login is taken: choose another.';
COMMENT ON CONSTRAINT account_login_is_a_name ON access.account IS 'A login has small letters, digits and . _ @ + -, at least three of them.';
COMMENT ON CONSTRAINT account_patient_fkey ON access.account IS 'Register the patient first.';
COMMENT ON CONSTRAINT account_provider_fkey ON access.account IS 'Add the provider first.';
COMMENT ON CONSTRAINT account_facility_fkey ON access.account IS 'Add the facility first.';
COMMENT ON CONSTRAINT account_part_is_known ON access.account IS 'Choose one of the known parts.';
COMMENT ON CONSTRAINT account_part_fits_its_person ON access.account IS 'A patient''s account needs a patient, a provider''s a provider, a desk''s or biller''s a facility, and no other may have one.';
