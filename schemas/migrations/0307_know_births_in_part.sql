-- Births that are known to the day, to the month, to the year, or not at all.
--
-- A date of birth was demanded, so whoever knew the year alone had to make up a day, and nobody could tell later which
-- days are made up. A birth is now a day (born_on), a year or a month of one (born_in, as FHIR writes it), or neither; the
-- days on which it may have been are born_during, by which everything asks that needs an age or an order: it is true of
-- each of these days, or it is not said. An age band is told where all of them give the same, else it is unknown; nobody
-- dies before the first of them. Through the functions of api and in JSON a birth is one text: 1980-05-17, 1980-05, 1980,
-- or null. Rewrites care.patient and locks it meanwhile. Undo: give each a day, drop the columns and functions, and take
-- back what is replaced as 49, 77, 78, 190, 197, 198, 200 and 302 have it.
CREATE FUNCTION care.birth_span(born_on date, born_in text) RETURNS daterange
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN born_on IS NOT NULL THEN daterange(born_on, born_on, '[]')
                WHEN born_in ~ '^[0-9]{4}$' THEN daterange(make_date(left(born_in, 4)::integer, 1, 1),
                                                        make_date(left(born_in, 4)::integer + 1, 1, 1))
                WHEN born_in ~ '^[0-9]{4}-(0[1-9]|1[0-2])$' THEN daterange(
                    make_date(left(born_in, 4)::integer, right(born_in, 2)::integer, 1),
                    (make_date(left(born_in, 4)::integer, right(born_in, 2)::integer, 1) + INTERVAL '1 month')::date) END;
COMMENT ON FUNCTION care.birth_span(date, text) IS 'The days on which a birth of this day, month or year may have been; null where nothing is known.';

ALTER TABLE care.patient DISABLE TRIGGER USER;
ALTER TABLE care.patient DROP CONSTRAINT patient_birth_is_believable, DROP CONSTRAINT patient_dies_after_birth;
ALTER TABLE care.patient
    ALTER COLUMN born_on DROP NOT NULL,
    ADD COLUMN born_in     text,
    ADD COLUMN born_during daterange GENERATED ALWAYS AS (care.birth_span(born_on, born_in)) STORED,
    ADD CONSTRAINT patient_birth_is_told_once CHECK (born_on IS NULL OR born_in IS NULL),
    ADD CONSTRAINT patient_born_in_is_a_year_or_month CHECK (born_in ~ '^[12][0-9]{3}(-(0[1-9]|1[0-2]))?$'),
    ADD CONSTRAINT patient_birth_is_believable CHECK (lower(born_during) >= DATE '1900-01-01'),
    ADD CONSTRAINT patient_dies_after_birth
        CHECK ((deceased_at AT TIME ZONE 'UTC' + INTERVAL '14 hours')::date >= lower(born_during));
ALTER TABLE care.patient ENABLE TRIGGER USER;
GRANT UPDATE (born_in) ON care.patient TO healthtrack_care;
COMMENT ON COLUMN care.patient.born_on     IS 'Date of birth where the day is known; else null.';
COMMENT ON COLUMN care.patient.born_in     IS 'Year (1980) or month (1980-05) of birth where no more is known; null where the day is, or nothing.';
COMMENT ON COLUMN care.patient.born_during IS 'Days on which the birth may have been, by born_on or born_in; null where nothing is known.';
COMMENT ON CONSTRAINT patient_birth_is_told_once ON care.patient IS 'Give the day of birth, or the year or month of it, and not both.';
COMMENT ON CONSTRAINT patient_born_in_is_a_year_or_month ON care.patient IS 'Give a year of birth as 1980, or a month as 1980-05.';
COMMENT ON CONSTRAINT patient_birth_is_believable ON care.patient IS 'Give a date of birth after 1899.';
COMMENT ON CONSTRAINT patient_dies_after_birth ON care.patient IS 'A date of death cannot lie before the date of birth.';

DROP TRIGGER patient_is_of_this_day ON care.patient;
CREATE OR REPLACE FUNCTION care.check_dates_of_person() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- A column that is generated is not there yet.
    first_on constant date := lower(care.birth_span(NEW.born_on, NEW.born_in));
BEGIN
    IF first_on > current_date + 1 OR NEW.deceased_at > now() + INTERVAL '1 day' THEN
        PERFORM care.refuse('patient_is_of_this_day', 'A date of birth or death does not lie ahead.');
    ELSIF (NEW.deceased_at AT TIME ZONE NEW.time_zone::text)::date < first_on THEN
        PERFORM care.refuse('patient_dies_after_birth', 'A date of death cannot lie before the date of birth.');
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER patient_is_of_this_day BEFORE INSERT OR UPDATE OF born_on, born_in, deceased_at ON care.patient
    FOR EACH ROW EXECUTE FUNCTION care.check_dates_of_person();
COMMENT ON TRIGGER patient_is_of_this_day ON care.patient IS 'A date of birth or death does not lie ahead.';

CREATE OR REPLACE FUNCTION care.check_dates_of_condition() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.onset_on > current_date + 1 OR EXISTS (
        SELECT FROM care.patient p WHERE p.patient_id = NEW.patient_id AND NEW.onset_on < lower(p.born_during)) THEN
        PERFORM care.refuse('condition_begins_within_a_life', 'A condition begins after its person was born, and not ahead.');
    END IF;
    RETURN NEW;
END $$;

-- Ages, by whole years: 17 years, 11 months and 30 days are as long as 18 years to Postgres, and no 18 years of age.
CREATE FUNCTION care.age_span(born_during daterange, on_day date) RETURNS int4range
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN born_during IS NOT NULL
                THEN int4range(extract(year FROM age(on_day, upper(born_during) - 1))::integer,
                               extract(year FROM age(on_day, lower(born_during)))::integer, '[]') END;
COMMENT ON FUNCTION care.age_span(daterange, date) IS
    'Ages in whole years that somebody may have on a day who was born on one of these days; null where nothing is known.';
CREATE OR REPLACE FUNCTION care.age_band(born_on date, on_day date) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN born_on IS NULL THEN 'unknown'
                WHEN extract(year FROM age(on_day, born_on)) < 18 THEN '0-17'
                WHEN extract(year FROM age(on_day, born_on)) < 40 THEN '18-39'
                WHEN extract(year FROM age(on_day, born_on)) < 65 THEN '40-64'
                WHEN extract(year FROM age(on_day, born_on)) < 80 THEN '65-79'
                ELSE '80+' END;
COMMENT ON FUNCTION care.age_band(date, date) IS 'Age on a day as one of five bands: 0-17, 18-39, 40-64, 65-79, 80+; unknown where the day of birth is.';
CREATE FUNCTION care.age_band(born_during daterange, on_day date) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN care.age_band(lower(born_during), on_day) = care.age_band(upper(born_during) - 1, on_day)
                THEN care.age_band(lower(born_during), on_day) ELSE 'unknown' END;
COMMENT ON FUNCTION care.age_band(daterange, date) IS 'The band of ages on a day where it is the same for each day on which the birth may have been; else unknown.';
GRANT EXECUTE ON FUNCTION care.birth_span(date, text), care.age_span(daterange, date), care.age_band(daterange, date)
    TO healthtrack_care, healthtrack_analyst, healthtrack_migrator;

-- One text for a birth.
CREATE FUNCTION care.birth_text(born_on date, born_in text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN coalesce(to_char(born_on, 'YYYY-MM-DD'), born_in);
COMMENT ON FUNCTION care.birth_text(date, text) IS 'A birth as FHIR writes it: 1980-05-17, 1980-05, 1980, or null.';
CREATE FUNCTION care.read_birth(told text, OUT born_on date, OUT born_in text)
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET datestyle = 'ISO, MDY' AS $$
BEGIN
    IF told ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN
        born_on := told::date;
    ELSIF told ~ '^[0-9]{4}(-[0-9]{2})?$' THEN
        born_in := told;
    ELSIF told IS NOT NULL THEN
        RAISE invalid_datetime_format;
    END IF;
EXCEPTION WHEN invalid_datetime_format OR datetime_field_overflow THEN
    PERFORM care.refuse('birth_is_told_as_a_date', 'Write the birth as 1980-05-17, or 1980-05 or 1980 where no more is known.');
END $$;
COMMENT ON FUNCTION care.read_birth(text) IS 'What a text such as 1980-05-17, 1980-05 or 1980 says of a birth; null says that nothing is known.';
GRANT EXECUTE ON FUNCTION care.birth_text(date, text), care.read_birth(text) TO healthtrack_care, healthtrack_migrator;

-- What reads a birth.
CREATE OR REPLACE VIEW care.insight_patients WITH (security_barrier) AS
SELECT v.facility_id, care.age_band(p.born_during, current_date) AS age_band, p.sex,
       care.safe_count(count(DISTINCT p.patient_id)) AS patients
FROM care.appointment v JOIN care.patient p USING (patient_id)
WHERE (SELECT access.is_analyst()) AND v.status = 'completed' AND p.deceased_at IS NULL
GROUP BY 1, 2, 3 HAVING count(DISTINCT p.patient_id) >= 11;
COMMENT ON COLUMN care.insight_patients.age_band IS 'Age today, as a band; unknown where the birth does not tell it.';

DO $$
DECLARE
    step record;
    body text;
BEGIN
    -- Each function keeps the rest of its body, whoever has written it last.
    FOR step IN SELECT * FROM (VALUES
        ('access.count_conditions()', 'care.age_band(p.born_on, ', 'care.age_band(p.born_during, '),
        ('care.blurred_means()', 'care.age_band(p.born_on, ', 'care.age_band(p.born_during, '),
        ('care.record_summary(uuid)', '''born_on'', p.born_on,', '''born_on'', care.birth_text(p.born_on, p.born_in),')
    ) AS change (function, former, new) LOOP
        body := pg_get_functiondef(step.function::regprocedure);
        IF position(step.former IN body) = 0 THEN
            RAISE EXCEPTION '% does not read a birth as this migration knows it', step.function;
        END IF;
        EXECUTE replace(body, step.former, step.new);
    END LOOP;
END $$;

CREATE OR REPLACE FUNCTION care.add_patient(person jsonb) RETURNS uuid
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    registered uuid;
BEGIN
    IF NOT jsonb_path_exists(person, '$.names[*] ? (@.use == "official")') THEN
        PERFORM care.refuse('patient_has_an_official_name', 'Give the patient''s official name.');
    ELSIF NOT person ? 'born_on' THEN
        PERFORM care.refuse('patient_birth_is_told', 'Give the date of birth as far as it is known, or null where it is not.');
    END IF;
    INSERT INTO care.patient (born_on, born_in, sex, time_zone)
    SELECT birth.born_on, birth.born_in, person ->> 'sex', person ->> 'time_zone'
    FROM care.read_birth(person ->> 'born_on') AS birth
    RETURNING patient_id INTO registered;
    INSERT INTO care.patient_name (patient_id, use, family, given, prefix, suffix)
    SELECT registered, n.use, n.family, n.given, n.prefix, n.suffix
    FROM jsonb_to_recordset(person -> 'names') AS n (use text, family text, given text[], prefix text, suffix text);
    INSERT INTO care.address (patient_id, use, lines, city, state, postal_code, country)
    SELECT registered, a.use, a.lines, a.city, a.state, a.postal_code, coalesce(a.country, 'US')
    FROM jsonb_to_recordset(coalesce(person -> 'addresses', '[]'))
        AS a (use text, lines text[], city text, state text, postal_code text, country text);
    INSERT INTO care.contact_point (patient_id, system, use, value, rank, preferred)
    SELECT registered, c.system, c.use, c.value,
           row_number() OVER (PARTITION BY c.system ORDER BY c.preferred DESC NULLS LAST), coalesce(c.preferred, false)
    FROM jsonb_to_recordset(coalesce(person -> 'contacts', '[]'))
        AS c (system text, use text, value text, preferred boolean);
    INSERT INTO care.identifier (patient_id, facility_id, system, value)
    SELECT registered, i.facility_id, i.system, i.value
    FROM jsonb_to_recordset(coalesce(person -> 'identifiers', '[]')) AS i (facility_id uuid, system text, value text);
    RETURN registered;
END $$;

DROP FUNCTION api.change_patient(text, uuid, integer, date, text, text, timestamptz);
CALL access.publish('change_patient',
    'patient uuid, known_version integer, born_on text, sex text, time_zone text, deceased_at timestamptz',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        birth record := care.read_birth(born_on);
    BEGIN
        IF me.part = 'patient' AND NOT EXISTS (
            SELECT FROM care.patient p
            WHERE p.patient_id = patient AND p.born_on IS NOT DISTINCT FROM birth.born_on
              AND p.born_in IS NOT DISTINCT FROM birth.born_in
              AND p.sex = change_patient.sex AND p.deceased_at IS NOT DISTINCT FROM change_patient.deceased_at) THEN
            PERFORM access.refuse('identity_is_changed_by_staff', 'Ask the front desk to correct who you are.');
        END IF;
        UPDATE care.patient AS p SET born_on = birth.born_on, born_in = birth.born_in, sex = change_patient.sex,
            time_zone = change_patient.time_zone, deceased_at = change_patient.deceased_at
        WHERE p.patient_id = patient AND p.version = known_version
        RETURNING p.version INTO version;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', patient, 'care.patient/' || patient);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, p.version FROM care.patient p WHERE p.patient_id = patient;
        END IF;
    END;$body$,
    'Changes a patient''s own row where it still has the version that the editor read: the version that stands, and whether it is the editor''s; no row where there is no such patient for whoever acts. A birth is 1980-05-17, 1980-05, 1980, or null where it is not known.');
