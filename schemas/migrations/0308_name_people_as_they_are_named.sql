-- Names as people have them: one name only, and the same name in several scripts.
--
-- A family name and a given name were demanded, so whoever has one name (many in Indonesia, Myanmar, southern India, or a
-- newborn) was registered under a made-up other. Either is enough now. And a person had one official name at a time, so a
-- name in kanji, its reading in kana and its Latin form could not stand beside each other: now there is one for each use,
-- script (ISO 15924) and time, as FHIR has several HumanNames that differ in representation. The script is told by the
-- letters where nobody says it. One name of each use and time is the preferred one, which lists show; the first, unless
-- another is said to be. A search finds people by any official name of today, in any script and either width of letters.
-- Locks care.patient_name and reads it once. Undo: end all but the preferred names, fill in families, drop the columns and
-- functions, and take back what is replaced as 42, 49, 197 and 198 have it.
CREATE FUNCTION care.script_of(name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN name ~ '[\u3040-\u30ff\uff66-\uff9f]' THEN
                    CASE WHEN name ~ '[\u3400-\u9fff\uf900-\ufaff]' THEN 'Jpan' WHEN name ~ '[\u30a0-\u30ff\uff66-\uff9f]' THEN 'Kana' ELSE 'Hira' END
                WHEN name ~ '[\uac00-\ud7af\u1100-\u11ff\u3130-\u318f]' THEN 'Hang'
                WHEN name ~ '[\u3400-\u9fff\uf900-\ufaff]' THEN 'Hani'
                WHEN name ~ '[\u0400-\u052f]' THEN 'Cyrl'
                WHEN name ~ '[\u0370-\u03ff]' THEN 'Grek'
                WHEN name ~ '[\u0590-\u05ff]' THEN 'Hebr'
                WHEN name ~ '[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]' THEN 'Arab'
                WHEN name ~ '[\u0900-\u097f]' THEN 'Deva'
                WHEN name ~ '[\u0e00-\u0e7f]' THEN 'Thai'
                WHEN name ~ '[\u0530-\u058f]' THEN 'Armn'
                WHEN name ~ '[\u10a0-\u10ff]' THEN 'Geor'
                WHEN name ~ '[A-Za-z\u00c0-\u024f\u1e00-\u1eff]' THEN 'Latn'
                ELSE 'Zzzz' END;
COMMENT ON FUNCTION care.script_of(text) IS 'The script of a name by its letters, as ISO 15924 calls it; Zzzz where it is none of those that are told apart.';
CREATE FUNCTION care.folded_name(name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(translate(regexp_replace(normalize(name, NFKD), '[\u0300-\u036f]', '', 'g'),
        'АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЂЄЅІЈЉЊЋЏҐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩØŁĐÆŒÞ',
        'абвгдежзиклмнопрстуфхцчшщъыьэюяђєѕіјљњћџґαβγδεζηθικλμνξοπρστυφχψωøłđæœþ'));
COMMENT ON FUNCTION care.folded_name(text) IS 'A name as it is compared: small letters of the usual width without accents, whatever the locale of the database.';
GRANT EXECUTE ON FUNCTION care.script_of(text), care.folded_name(text) TO healthtrack_care, healthtrack_migrator;

ALTER TABLE care.patient_name DISABLE TRIGGER USER;
ALTER TABLE care.patient_name DROP CONSTRAINT patient_name_is_some, DROP CONSTRAINT patient_name_is_one_at_a_time;
ALTER TABLE care.patient_name
    ALTER COLUMN family DROP NOT NULL,
    ALTER COLUMN given SET DEFAULT '{}',
    ADD COLUMN preferred boolean NOT NULL DEFAULT true,
    ADD COLUMN script    text,
    ADD COLUMN language  text;
UPDATE care.patient_name SET script = care.script_of(concat_ws(' ', family, array_to_string(given, ' ')));
ALTER TABLE care.patient_name
    ALTER COLUMN script SET NOT NULL,
    ALTER COLUMN preferred DROP DEFAULT,
    ADD CONSTRAINT patient_name_is_some CHECK (
        coalesce(family ~ '\S', cardinality(given) >= 1) AND cardinality(given) <= 10
        AND array_position(given, NULL) IS NULL AND (cardinality(given) = 0 OR array_to_string(given, ' ') ~ '\S')
    ),
    ADD CONSTRAINT patient_name_script_is_iso_15924 CHECK (script ~ '^[A-Z][a-z]{3}$'),
    ADD CONSTRAINT patient_name_language_is_bcp_47 CHECK (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    ADD CONSTRAINT patient_name_is_one_at_a_time
        EXCLUDE USING gist (patient_id WITH =, use WITH =, script WITH =, valid_during WITH &&),
    ADD CONSTRAINT patient_name_preferred_is_one
        EXCLUDE USING gist (patient_id WITH =, use WITH =, valid_during WITH &&) WHERE (preferred);
ALTER TABLE care.patient_name ENABLE TRIGGER USER;
COMMENT ON TABLE  care.patient_name           IS 'What a person is called, by use, script and time; one name may be all.';
COMMENT ON COLUMN care.patient_name.family    IS 'Family name; null where the person has none.';
COMMENT ON COLUMN care.patient_name.given     IS 'Given names in their order; empty where the person has a family name alone.';
COMMENT ON COLUMN care.patient_name.preferred IS 'Whether lists show this one of the names of its use and time; without a word of it, the first is.';
COMMENT ON COLUMN care.patient_name.script    IS 'Script by ISO 15924: Latn, Hani, Jpan, Kana, Cyrl; told by the letters where it is not said.';
COMMENT ON COLUMN care.patient_name.language  IS 'Language by BCP 47, as ja or zh-Hant; null where it is not said.';
COMMENT ON CONSTRAINT patient_name_is_some ON care.patient_name IS 'Give a family name or a given name, and nothing blank.';
COMMENT ON CONSTRAINT patient_name_script_is_iso_15924 ON care.patient_name IS 'Give the script by its four letters of ISO 15924, such as Latn.';
COMMENT ON CONSTRAINT patient_name_language_is_bcp_47 ON care.patient_name IS 'Give the language by its tag, such as ja or zh-Hant.';
COMMENT ON CONSTRAINT patient_name_is_one_at_a_time ON care.patient_name IS 'The patient has a name of this use in this script at that time already.';
COMMENT ON CONSTRAINT patient_name_preferred_is_one ON care.patient_name IS 'Another name of this use is the preferred one at that time.';

CREATE FUNCTION care.fill_name() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.script := coalesce(NEW.script, care.script_of(concat_ws(' ', NEW.family, array_to_string(NEW.given, ' '))));
    -- Without one that is preferred, lists would not show the person.
    NEW.preferred := coalesce(NEW.preferred, false) OR NOT EXISTS (
        SELECT FROM care.patient_name AS other
        WHERE other.patient_id = NEW.patient_id AND other.use = NEW.use AND other.preferred
          AND other.valid_during && NEW.valid_during AND other.script <> NEW.script);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.fill_name() IS 'Trigger before a name is added: its script is told by its letters, and it is the preferred one where it is the first.';
CREATE TRIGGER patient_name_is_filled BEFORE INSERT ON care.patient_name FOR EACH ROW EXECUTE FUNCTION care.fill_name();
COMMENT ON TRIGGER patient_name_is_filled ON care.patient_name IS 'Tells the script by the letters, and prefers the first name of a use and time.';

-- What shows a name.
DO $$
DECLARE
    step record;
    body text;
BEGIN
    FOR step IN SELECT * FROM (VALUES
        ('care.record_summary(uuid)', 'WHERE n.patient_id = p.patient_id AND n.use = ''official'' AND n.valid_during @> current_date)',
         'WHERE n.patient_id = p.patient_id AND n.use = ''official'' AND n.valid_during @> current_date AND n.preferred),
        ''names'', (SELECT coalesce(jsonb_agg(to_jsonb(line)), ''[]'') FROM (
            SELECT n.use, n.family, n.given, n.prefix, n.suffix, n.script, n.language, n.preferred FROM care.patient_name n
            WHERE n.patient_id = p.patient_id AND n.valid_during @> current_date
            ORDER BY n.use <> ''official'', n.use, n.preferred DESC, n.script) AS line)'),
        ('care.add_patient(jsonb)', '(patient_id, use, family, given, prefix, suffix)
    SELECT registered, n.use, n.family, n.given, n.prefix, n.suffix',
         '(patient_id, use, family, given, prefix, suffix, script, language, preferred)
    SELECT registered, n.use, n.family, coalesce(n.given, ''{}''), n.prefix, n.suffix,
           coalesce(n.script, care.script_of(concat_ws('' '', n.family, array_to_string(n.given, '' '')))), n.language,
           coalesce(n.preferred, false)'),
        ('care.add_patient(jsonb)', 'n (use text, family text, given text[], prefix text, suffix text);',
         'n (use text, family text, given text[], prefix text, suffix text, script text, language text, preferred boolean)
    -- What is said to be preferred comes before what might take its place.
    ORDER BY n.preferred DESC NULLS LAST;'),
        ('api.read_day', 'n.use = ''official'' AND n.valid_during @> current_date', 'n.use = ''official'' AND n.preferred AND n.valid_during @> current_date')
    ) AS change (function, former, new) LOOP
        body := pg_get_functiondef(CASE WHEN step.function ~ '\(' THEN step.function::regprocedure ELSE step.function::regproc END);
        IF position(step.former IN body) = 0 THEN
            RAISE EXCEPTION '% does not read a name as this migration knows it', step.function;
        END IF;
        EXECUTE replace(body, step.former, step.new);
    END LOOP;
END $$;

DROP FUNCTION api.read_panel(text, uuid, uuid, text, text, text[], uuid, integer);
CALL access.publish('read_panel',
    'name_begins text, after_family text, after_given text[], after_patient uuid, rows_max integer',
    'TABLE (patient_id uuid, family text, given text[], born_on text, sex text)', $body$RETURN QUERY
    SELECT p.patient_id, n.family, n.given, care.birth_text(p.born_on, p.born_in), p.sex
    FROM care.patient p JOIN care.patient_name n USING (patient_id)
    WHERE patient IS NULL AND p.patient_id = ANY ((SELECT access.patients_in_care())::uuid[])
      AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
      AND (name_begins IS NULL OR EXISTS (
          SELECT FROM care.patient_name s
          WHERE s.patient_id = p.patient_id AND s.use = 'official' AND s.valid_during @> current_date
            AND starts_with(care.folded_name(coalesce(s.family, array_to_string(s.given, ' '))), care.folded_name(name_begins))))
      AND (after_patient IS NULL
           OR (lower(coalesce(n.family, n.given[1])), n.given, n.patient_id)
              > (lower(coalesce(after_family, after_given[1])), after_given, after_patient))
    ORDER BY lower(coalesce(n.family, n.given[1])), n.given, n.patient_id LIMIT least(rows_max, 200);$body$,
    'Whom the acting provider cares for, by name (family, or the one name that there is), those after the last line of the page before, 200 at most; found by the beginning of an official name in any script.',
    look => $$'panel'$$);

DROP FUNCTION api.change_name(text, uuid, text, text, text[]);
CALL access.publish('change_name',
    'patient uuid, use text, family text, given text[], script text DEFAULT NULL, language text DEFAULT NULL, preferred boolean DEFAULT NULL',
    'uuid', $body$
    DECLARE
        forenames constant text[] := coalesce(change_name.given, '{}');
        letters   constant text := coalesce(change_name.script,
            care.script_of(concat_ws(' ', change_name.family, array_to_string(forenames, ' '))));
        shown     constant boolean := coalesce(change_name.preferred, false);
    BEGIN
        UPDATE care.patient_name AS n SET preferred = false
        WHERE shown AND n.patient_id = patient AND n.use = change_name.use AND n.script <> letters AND n.preferred
          AND n.valid_during && daterange(current_date, NULL);
        UPDATE care.patient_name AS n SET family = change_name.family, given = forenames, preferred = n.preferred OR shown,
            language = coalesce(change_name.language, n.language)
        WHERE n.patient_id = patient AND n.use = change_name.use AND n.script = letters AND lower(n.valid_during) = current_date
        RETURNING n.patient_name_id INTO answer;
        IF answer IS NULL THEN
            UPDATE care.patient_name AS n SET valid_during = daterange(lower(n.valid_during), current_date)
            WHERE n.patient_id = patient AND n.use = change_name.use AND n.script = letters AND n.valid_during @> current_date;
            INSERT INTO care.patient_name AS n (patient_id, use, family, given, script, language, preferred, valid_during)
            VALUES (patient, change_name.use, change_name.family, forenames, letters, change_name.language,
                    shown, daterange(current_date, NULL))
            RETURNING n.patient_name_id INTO answer;
        END IF;
        PERFORM access.note(me, 'update', patient, 'care.patient_name/' || answer);
    END;$body$,
    'Gives a patient another name of one use and script from today on, and leaves those in other scripts; gives its key. The script is told by the letters where it is not given; preferred makes it the one that lists show.');
