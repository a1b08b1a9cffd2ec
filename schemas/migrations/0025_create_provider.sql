-- A provider: somebody who gives care.
--
-- Qualifications, specialties, affiliations and availability are tables of their own, each with its period. New table,
-- locks nothing. Undo: drop it.
CREATE TABLE care.provider (
    provider_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    retired_on  date,
    version     integer     NOT NULL DEFAULT 1,
    family_name text        NOT NULL,
    given_name  text        NOT NULL,
    npi         text,
    phone       care.phone,
    email       care.email  NOT NULL,
    languages   text[]      NOT NULL DEFAULT '{en}',
    updated_by  text        NOT NULL DEFAULT session_user,

    CONSTRAINT provider_pkey PRIMARY KEY (provider_id),
    CONSTRAINT provider_npi_is_unique UNIQUE (npi),
    CONSTRAINT provider_npi_is_ten_digits CHECK (npi ~ '^[12][0-9]{9}$'),
    CONSTRAINT provider_name_is_some CHECK (family_name ~ '\S' AND given_name ~ '\S'),
    CONSTRAINT provider_speaks_something CHECK (cardinality(languages) BETWEEN 1 AND 20)
);
CREATE INDEX provider_family_name_idx ON care.provider (lower(family_name), lower(given_name));
CREATE TRIGGER provider_is_touched BEFORE UPDATE ON care.provider FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.provider             IS 'Physician, nurse, therapist …: who gives care.';
COMMENT ON COLUMN care.provider.provider_id IS 'Key.';
COMMENT ON COLUMN care.provider.created_at  IS 'When the row was made.';
COMMENT ON COLUMN care.provider.updated_at  IS 'When it was last changed.';
COMMENT ON COLUMN care.provider.retired_on  IS 'First day on which no care is given any more; null while working.';
COMMENT ON COLUMN care.provider.version     IS 'Raised by each change.';
COMMENT ON COLUMN care.provider.family_name IS 'Family name.';
COMMENT ON COLUMN care.provider.given_name  IS 'Given name.';
COMMENT ON COLUMN care.provider.npi         IS 'National provider identifier (United States); null elsewhere.';
COMMENT ON COLUMN care.provider.phone       IS 'Telephone at work; null where there is none.';
COMMENT ON COLUMN care.provider.email       IS 'Electronic mail at work.';
COMMENT ON COLUMN care.provider.languages   IS 'Languages spoken, by ISO 639-1.';
COMMENT ON COLUMN care.provider.updated_by  IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT provider_pkey ON care.provider IS 'This provider is known already.';
COMMENT ON CONSTRAINT provider_npi_is_unique ON care.provider IS 'Another provider has this identifier.';
COMMENT ON CONSTRAINT provider_npi_is_ten_digits ON care.provider IS 'A national provider identifier has ten digits and begins with 1 or 2.';
COMMENT ON CONSTRAINT provider_name_is_some ON care.provider IS 'Give the provider a family name and a given name.';
COMMENT ON CONSTRAINT provider_speaks_something ON care.provider IS 'Give one to twenty languages.';
