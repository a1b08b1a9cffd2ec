-- Codes checked to their last digit, and the shapes of units and of imaging's identifiers.
--
-- LOINC ends in a digit by Luhn, SNOMED CT in one by Verhoeff, so a digit mistyped, or two that changed places, are
-- refused where they are stored; SNOMED's two digits before it say what is named (00 and 10: a concept). ICD-10 has a
-- digit in its second place and a digit, A or B in its third (C7A, C4B). CVX, the code of a vaccine, is new. Replaces
-- care.code_fits; rows stored so far are not asked about again. Locks nothing. Undo: the body of 0019.
CREATE FUNCTION care.luhn_fits(digits text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN digits ~ '^[0-9]{2,20}$' THEN (
        SELECT sum(CASE WHEN nth % 2 = 1 THEN digit::integer ELSE digit::integer * 2 % 10 + digit::integer / 5 END)
               % 10 = 0
        FROM regexp_split_to_table(reverse(digits), '') WITH ORDINALITY AS part (digit, nth)
    ) ELSE false END;
COMMENT ON FUNCTION care.luhn_fits(text) IS 'True where the last of some digits is the check digit of those before it by Luhn (mod 10).';

CREATE FUNCTION care.verhoeff_fits(digits text) RETURNS boolean
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- The dihedral group of ten, row by row, and the permutation for each place from the right.
    product constant text := '0123456789' || '1234067895' || '2340178956' || '3401289567' || '4012395678'
                             || '5987604321' || '6598710432' || '7659821043' || '8765932104' || '9876543210';
    place   constant text := '0123456789' || '1576283094' || '5803796142' || '8916043527'
                             || '9453126870' || '4286573901' || '2793806415' || '7046913258';
    turned  constant text := reverse(digits);
    digit   integer;
    state   integer := 0;
BEGIN
    IF digits !~ '^[0-9]{2,20}$' THEN
        RETURN false;
    END IF;
    FOR nth IN 0 .. length(turned) - 1 LOOP
        digit := substr(place, nth % 8 * 10 + substr(turned, nth + 1, 1)::integer + 1, 1)::integer;
        state := substr(product, state * 10 + digit + 1, 1)::integer;
    END LOOP;
    RETURN state = 0;
END $$;
COMMENT ON FUNCTION care.verhoeff_fits(text) IS 'True where the last of some digits is the check digit of those before it by Verhoeff.';

CREATE OR REPLACE FUNCTION care.code_fits(system text, code text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE system
        WHEN 'loinc'  THEN code ~ '^[1-9][0-9]{0,6}-[0-9]$' AND care.luhn_fits(replace(code, '-', ''))
        WHEN 'icd10'  THEN code ~ '^[A-Z][0-9][0-9AB](\.[0-9A-Z]{1,4})?$'
        WHEN 'rxnorm' THEN code ~ '^[1-9][0-9]{0,7}$'
        WHEN 'atc'    THEN code ~ '^[A-Z]([0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?)?$'
        WHEN 'snomed' THEN code ~ '^[1-9][0-9]{2,14}[01]0[0-9]$' AND care.verhoeff_fits(code)
        WHEN 'cvx'    THEN code ~ '^([0-9]{2}|[1-9][0-9]{2})$'
        ELSE false
    END;
COMMENT ON FUNCTION care.code_fits(text, text) IS 'True where a code has the shape and check digit of its system: loinc, icd10, rxnorm, atc, snomed or cvx.';

CREATE DOMAIN care.ucum_unit AS text CONSTRAINT ucum_unit_is_printable CHECK (VALUE ~ '^[!-~]{1,60}$');
COMMENT ON DOMAIN care.ucum_unit IS 'Unit by its case-sensitive UCUM code: mg/dL, 10*3/uL, %.';

CREATE DOMAIN care.dicom_uid AS text CONSTRAINT dicom_uid_is_an_object_identifier CHECK (
    length(VALUE) <= 64 AND VALUE ~ '^[0-2](\.(0|[1-9][0-9]*))+$'
);
COMMENT ON DOMAIN care.dicom_uid IS 'Unique identifier of DICOM: numbers without leading zeros, joined by dots, 64 characters at most.';
COMMENT ON CONSTRAINT ucum_unit_is_printable ON DOMAIN care.ucum_unit IS 'Give the unit by its UCUM code, without spaces.';
COMMENT ON CONSTRAINT dicom_uid_is_an_object_identifier ON DOMAIN care.dicom_uid IS 'Give the identifier as numbers joined by dots, 64 characters at most.';
