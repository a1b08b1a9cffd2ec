-- Where a licence holds, and what kind of qualification each is.
--
-- A licence is one of a state, or of a whole country where the country gives it; without that nobody can say whether a
-- visit in Missouri may be booked with a licence of Illinois. Where the law asks for none, an exemption says so, with its
-- jurisdiction and days, so that what is missing is never taken for what is not needed. What stands takes its state from
-- an issuer that is called like one; a licence of any other issuer holds nowhere until its jurisdiction is entered, so
-- the rule on it does not judge rows of before. Locks care.qualification for an instant. Undo: drop the columns, and take
-- back qualification_license_has_number_and_period as 32 has it.
ALTER TABLE care.qualification DISABLE TRIGGER USER;
ALTER TABLE care.qualification
    ADD COLUMN kind    text NOT NULL DEFAULT 'degree',
    ADD COLUMN country text,
    ADD COLUMN state   text;
COMMENT ON COLUMN care.qualification.kind    IS 'degree, certificate, license, or exemption: of what may be done there without a licence.';
COMMENT ON COLUMN care.qualification.country IS 'Country where a licence or exemption holds, by ISO 3166-1; null for other kinds.';
COMMENT ON COLUMN care.qualification.state   IS 'State where it holds, by the code of ISO 3166-2 after the country; null for the whole country.';
COMMENT ON COLUMN care.qualification.licensed_during IS 'Days on which a licence or exemption is valid; null for other kinds, no upper bound where it does not end.';
COMMENT ON TABLE care.qualification IS 'Degrees, certificates, licences and exemptions of providers; a licence holds in its state or country, on its days.';

UPDATE care.qualification SET kind = 'license' WHERE licensed_during IS NOT NULL;
UPDATE care.qualification AS held SET country = known.country, state = known.code
FROM care.state AS known
WHERE held.kind = 'license' AND lower(held.issuer) IN (lower(known.name), lower(known.country || '-' || known.code))
  AND NOT EXISTS (SELECT FROM care.state AS other WHERE other.name = known.name AND other.country <> known.country);
ALTER TABLE care.qualification ENABLE TRIGGER USER;

ALTER TABLE care.qualification DROP CONSTRAINT qualification_license_has_number_and_period;
ALTER TABLE care.qualification
    ADD CONSTRAINT qualification_kind_is_known CHECK (kind IN ('degree', 'certificate', 'license', 'exemption')),
    ADD CONSTRAINT qualification_license_has_number_and_period CHECK (
        (license_number IS NOT NULL) = (kind = 'license') AND (licensed_during IS NOT NULL) = (kind IN ('license', 'exemption'))
    ),
    ADD CONSTRAINT qualification_country_is_iso_3166 CHECK (country ~ '^[A-Z]{2}$'),
    ADD CONSTRAINT qualification_state_is_iso_3166 CHECK (state ~ '^[A-Z0-9]{1,3}$'),
    ADD CONSTRAINT qualification_license_has_a_jurisdiction CHECK (
        (country IS NOT NULL) = (kind IN ('license', 'exemption')) AND (state IS NULL OR country IS NOT NULL)
    ) NOT VALID;
COMMENT ON CONSTRAINT qualification_kind_is_known ON care.qualification IS 'Choose degree, certificate, license or exemption.';
COMMENT ON CONSTRAINT qualification_license_has_number_and_period ON care.qualification IS
    'A licence needs both its number and its period, an exemption its period, and nothing else has either.';
COMMENT ON CONSTRAINT qualification_country_is_iso_3166 ON care.qualification IS 'Give the country by two capital letters.';
COMMENT ON CONSTRAINT qualification_state_is_iso_3166 ON care.qualification IS 'Give the state by its code, such as IL.';
COMMENT ON CONSTRAINT qualification_license_has_a_jurisdiction ON care.qualification IS
    'Say in which country or state a licence or exemption holds, and of nothing else.';
