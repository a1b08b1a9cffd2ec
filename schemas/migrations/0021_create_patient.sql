-- A patient: one key for everything that the network knows of one person.
--
-- Names, addresses, contacts and identifiers are tables of their own, since each of them changes on its own and has a
-- history. Every table of clinical facts carries patient_id in its key, so that a fact can never be reached through
-- another person's record. New table, locks nothing. Undo: drop it, and all that hangs on it.
CREATE TABLE care.patient (
    patient_id  uuid           NOT NULL DEFAULT gen_random_uuid(),
    deceased_at timestamptz,
    created_at  timestamptz    NOT NULL DEFAULT now(),
    updated_at  timestamptz    NOT NULL DEFAULT now(),
    born_on     date           NOT NULL,
    version     integer        NOT NULL DEFAULT 1,
    legal_hold  boolean        NOT NULL DEFAULT false,
    sex         text           NOT NULL,
    time_zone   care.time_zone NOT NULL,
    updated_by  text           NOT NULL DEFAULT session_user,

    CONSTRAINT patient_pkey PRIMARY KEY (patient_id),
    CONSTRAINT patient_birth_is_believable CHECK (born_on >= DATE '1900-01-01'),
    CONSTRAINT patient_dies_after_birth CHECK (deceased_at >= born_on),
    CONSTRAINT patient_sex_is_known CHECK (sex IN ('female', 'male', 'other', 'unknown'))
);
CREATE TRIGGER patient_is_touched BEFORE UPDATE ON care.patient FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.patient             IS 'A person in care.';
COMMENT ON COLUMN care.patient.patient_id  IS 'The one key of this person, everywhere.';
COMMENT ON COLUMN care.patient.deceased_at IS 'When the person died; null while alive, as far as is known.';
COMMENT ON COLUMN care.patient.created_at  IS 'When the row was made.';
COMMENT ON COLUMN care.patient.updated_at  IS 'When it was last changed.';
COMMENT ON COLUMN care.patient.born_on     IS 'Date of birth.';
COMMENT ON COLUMN care.patient.version     IS 'Raised by each change; an editor says which one it read.';
COMMENT ON COLUMN care.patient.legal_hold  IS 'True while the law forbids to erase anything of this person.';
COMMENT ON COLUMN care.patient.sex         IS 'Administrative gender by FHIR: female, male, other or unknown.';
COMMENT ON COLUMN care.patient.time_zone   IS 'Where the person''s days begin and end.';
COMMENT ON COLUMN care.patient.updated_by  IS 'Account or program that last changed it.';

COMMENT ON CONSTRAINT patient_pkey ON care.patient IS 'This person is registered already.';
COMMENT ON CONSTRAINT patient_birth_is_believable ON care.patient IS 'Give a date of birth after 1899.';
COMMENT ON CONSTRAINT patient_dies_after_birth ON care.patient IS 'A date of death cannot lie before the date of birth.';
COMMENT ON CONSTRAINT patient_sex_is_known ON care.patient IS 'Choose female, male, other or unknown.';
