-- Codes, money and names of time zones, each checked for its shape wherever it is stored.
--
-- A code is stored as (system, code), so that a list can grow beyond one terminology; `care.code_fits` knows the shape
-- of each system it is asked about and refuses systems it does not know. Shapes, not membership: which codes exist
-- changes with each release of a terminology, and belongs in a terminology service. Sources: LOINC (digits, a hyphen,
-- a check digit), ICD-10 (WHO and CM share the shape), RxNorm (a number), ATC (five levels), SNOMED CT (6 to 18 digits).
-- Locks nothing. Undo: drop them.
CREATE FUNCTION care.code_fits(system text, code text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE system
        WHEN 'loinc'  THEN code ~ '^[1-9][0-9]{0,6}-[0-9]$'
        WHEN 'icd10'  THEN code ~ '^[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?$'
        WHEN 'rxnorm' THEN code ~ '^[1-9][0-9]{0,7}$'
        WHEN 'atc'    THEN code ~ '^[A-Z]([0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?)?$'
        WHEN 'snomed' THEN code ~ '^[1-9][0-9]{5,17}$'
        ELSE false
    END;
COMMENT ON FUNCTION care.code_fits(text, text) IS 'True where a code has the shape of its system: loinc, icd10, rxnorm, atc or snomed.';

CREATE DOMAIN care.amount AS numeric(12, 2);
COMMENT ON DOMAIN care.amount IS 'Money to the hundredth; the currency stands beside it.';

CREATE DOMAIN care.currency AS text CONSTRAINT currency_is_iso_4217 CHECK (VALUE ~ '^[A-Z]{3}$');
COMMENT ON DOMAIN care.currency IS 'Currency by its ISO 4217 letters: USD.';

CREATE DOMAIN care.time_zone AS text CONSTRAINT time_zone_is_a_name CHECK (VALUE ~ '^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$');
COMMENT ON DOMAIN care.time_zone IS 'Time zone by its name in the IANA database: America/New_York.';

CREATE DOMAIN care.email AS text CONSTRAINT email_has_one_at CHECK (VALUE ~ '^[^@\s]{1,64}@[^@\s]{1,190}$');
COMMENT ON DOMAIN care.email IS 'Electronic mail address.';

CREATE DOMAIN care.phone AS text CONSTRAINT phone_is_e164 CHECK (VALUE ~ '^\+[1-9][0-9]{6,14}$');
COMMENT ON DOMAIN care.phone IS 'Telephone number by E.164: a plus sign and up to 15 digits.';

CREATE DOMAIN care.web_address AS text CONSTRAINT web_address_is_https
    CHECK (VALUE ~ '^https://[^\s]{3,}$' AND length(VALUE) <= 508);
COMMENT ON DOMAIN care.web_address IS 'Address of a page, over TLS only.';
