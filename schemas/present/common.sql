-- What every area uses, and domains.
--
-- Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.

-- Money to the hundredth; the currency stands beside it.
CREATE DOMAIN care.amount AS numeric(12,2);

-- Currency by its ISO 4217 letters: USD.
CREATE DOMAIN care.currency AS text CHECK ((VALUE ~ '^[A-Z]{3}$'::text));

-- Unique identifier of DICOM: numbers without leading zeros, joined by dots, 64 characters at most.
CREATE DOMAIN care.dicom_uid AS text CHECK (((length(VALUE) <= 64) AND (VALUE ~ '^[0-2](\.(0|[1-9][0-9]*))+$'::text)));

-- Electronic mail address.
CREATE DOMAIN care.email AS text CHECK ((VALUE ~ '^[^@\s]{1,64}@[^@\s]{1,190}$'::text));

-- Telephone number by E.164: a plus sign and up to 15 digits.
CREATE DOMAIN care.phone AS text CHECK ((VALUE ~ '^\+[1-9][0-9]{6,14}$'::text));

-- What a fact is of, where patients keep it from who may read the rest: behavioural_health, reproductive, substance_use or hiv. Null is plain care.
CREATE DOMAIN care.sensitivity AS text CHECK ((VALUE = ANY (ARRAY['behavioural_health'::text, 'reproductive'::text, 'substance_use'::text, 'hiv'::text])));

-- Time zone by its name in the IANA database: America/New_York.
CREATE DOMAIN care.time_zone AS text CHECK ((VALUE ~ '^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$'::text)) CHECK (((VALUE IS NULL) OR care.is_time_zone(VALUE))) NOT VALID;

-- Unit by its case-sensitive UCUM code: mg/dL, 10*3/uL, %.
CREATE DOMAIN care.ucum_unit AS text CHECK ((VALUE ~ '^[!-~]{1,60}$'::text));

-- Address of a page, over TLS only.
CREATE DOMAIN care.web_address AS text CHECK (((VALUE ~ '^https://[^\s]{3,}$'::text) AND (length(VALUE) <= 508)));

-- Share of adherent patients (PQA) for each substance in a period, with its interval (Wilson, 95 %), of the patients that its caller may see.
CREATE OR REPLACE FUNCTION care.adherence_summary(measured daterange, threshold numeric DEFAULT 0.8)
 RETURNS TABLE(ingredient text, n bigint, adherent bigint, rate numeric, rate_low numeric, rate_high numeric, mean_pdc numeric, median_pdc numeric)
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT a.ingredient, count(*), count(*) FILTER (WHERE a.adherent),
           round(count(*) FILTER (WHERE a.adherent)::numeric / count(*), 4),
           lower(care.wilson(count(*) FILTER (WHERE a.adherent), count(*))),
           upper(care.wilson(count(*) FILTER (WHERE a.adherent), count(*))), round(avg(a.pdc), 4),
           round((percentile_cont(0.5) WITHIN GROUP (ORDER BY a.pdc))::numeric, 4)
    FROM care.adherence(measured, NULL, threshold) a GROUP BY a.ingredient
$function$;

-- The band of ages on a day where it is the same for each day on which the birth may have been; else unknown.
CREATE OR REPLACE FUNCTION care.age_band(born_during daterange, on_day date)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (care.age_band(lower(born_during), on_day) = care.age_band((upper(born_during) - 1), on_day)) THEN care.age_band(lower(born_during), on_day) ELSE 'unknown'::text END;
REVOKE EXECUTE ON FUNCTION care.age_band(daterange,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.age_band(daterange,date) TO healthtrack_analyst, healthtrack_care, healthtrack_migrator;

-- Age on a day as one of five bands: 0-17, 18-39, 40-64, 65-79, 80+; unknown where the day of birth is.
CREATE OR REPLACE FUNCTION care.age_band(born_on date, on_day date)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (born_on IS NULL) THEN 'unknown'::text WHEN (EXTRACT(year FROM age((on_day)::timestamp with time zone, (born_on)::timestamp with time zone)) < (18)::numeric) THEN '0-17'::text WHEN (EXTRACT(year FROM age((on_day)::timestamp with time zone, (born_on)::timestamp with time zone)) < (40)::numeric) THEN '18-39'::text WHEN (EXTRACT(year FROM age((on_day)::timestamp with time zone, (born_on)::timestamp with time zone)) < (65)::numeric) THEN '40-64'::text WHEN (EXTRACT(year FROM age((on_day)::timestamp with time zone, (born_on)::timestamp with time zone)) < (80)::numeric) THEN '65-79'::text ELSE '80+'::text END;

-- The band of ages on a day where it is the same for each day on which the birth may have been; else unknown.
CREATE OR REPLACE FUNCTION care.age_group(born_during daterange, on_day date)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (care.age_band(lower(born_during), on_day) = care.age_band((upper(born_during) - 1), on_day)) THEN care.age_band(lower(born_during), on_day) ELSE 'unknown'::text END;
REVOKE EXECUTE ON FUNCTION care.age_group(daterange,date) FROM PUBLIC;

-- Ages in whole years that somebody may have on a day who was born on one of these days; null where nothing is known.
CREATE OR REPLACE FUNCTION care.age_span(born_during daterange, on_day date)
 RETURNS int4range
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (born_during IS NOT NULL) THEN int4range((EXTRACT(year FROM age((on_day)::timestamp with time zone, ((upper(born_during) - 1))::timestamp with time zone)))::integer, (EXTRACT(year FROM age((on_day)::timestamp with time zone, (lower(born_during))::timestamp with time zone)))::integer, '[]'::text) ELSE NULL::int4range END;
REVOKE EXECUTE ON FUNCTION care.age_span(daterange,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.age_span(daterange,date) TO healthtrack_analyst, healthtrack_care, healthtrack_migrator;

-- A UCUM unit without its annotations, which change nothing of it; 1 where nothing else is there.
CREATE OR REPLACE FUNCTION care.bare_unit(unit text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (strpos(unit, '{'::text) = 0) THEN unit ELSE COALESCE(NULLIF(regexp_replace(unit, '\{[^}]*\}'::text, ''::text, 'g'::text), ''::text), '1'::text) END;
REVOKE EXECUTE ON FUNCTION care.bare_unit(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.bare_unit(text) TO healthtrack_care, healthtrack_migrator;

-- The days on which a birth of this day, month or year may have been; null where nothing is known.
CREATE OR REPLACE FUNCTION care.birth_span(born_on date, born_in text)
 RETURNS daterange
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (born_on IS NOT NULL) THEN daterange(born_on, born_on, '[]'::text) WHEN (born_in ~ '^[0-9]{4}$'::text) THEN daterange(make_date(("left"(born_in, 4))::integer, 1, 1), make_date((("left"(born_in, 4))::integer + 1), 1, 1)) WHEN (born_in ~ '^[0-9]{4}-(0[1-9]|1[0-2])$'::text) THEN daterange(make_date(("left"(born_in, 4))::integer, ("right"(born_in, 2))::integer, 1), ((make_date(("left"(born_in, 4))::integer, ("right"(born_in, 2))::integer, 1) + '1 mon'::interval))::date) ELSE NULL::daterange END;
REVOKE EXECUTE ON FUNCTION care.birth_span(date,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.birth_span(date,text) TO healthtrack_analyst, healthtrack_care, healthtrack_migrator;

-- A birth as FHIR writes it: 1980-05-17, 1980-05, 1980, or null.
CREATE OR REPLACE FUNCTION care.birth_text(born_on date, born_in text)
 RETURNS text
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN COALESCE(to_char((born_on)::timestamp with time zone, 'YYYY-MM-DD'::text), born_in);
REVOKE EXECUTE ON FUNCTION care.birth_text(date,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.birth_text(date,text) TO healthtrack_care, healthtrack_migrator;

-- When somebody has reached an age: midnight of the birthday at home; null where the birth date is not known.
CREATE OR REPLACE FUNCTION care.birthday_of(born_on date, zone text, years integer)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT (born_on + years * INTERVAL '1 year') AT TIME ZONE zone
$function$;
REVOKE EXECUTE ON FUNCTION care.birthday_of(date,text,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.birthday_of(date,text,integer) TO healthtrack_care, healthtrack_migrator;

-- Dates that care.likeness_of_births finds like one, itself among them.
CREATE OR REPLACE FUNCTION care.births_like(born_on date)
 RETURNS date[]
 LANGUAGE sql
 STABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(DISTINCT made.day), '{}')
    FROM (
        SELECT overlay(to_char(born_on, 'YYYYMMDD') PLACING digit::text FROM place) AS said
        FROM generate_series(1, 8) AS place, generate_series(0, 9) AS digit
        UNION ALL SELECT to_char(born_on, 'YYYYDDMM')
    ) AS variant
    CROSS JOIN LATERAL (SELECT left(said, 4)::integer AS y, substr(said, 5, 2)::integer AS m, right(said, 2)::integer AS d) AS part
    CROSS JOIN LATERAL (SELECT CASE WHEN y BETWEEN 1900 AND extract(year FROM now()) + 1 AND m BETWEEN 1 AND 12 AND d BETWEEN 1 AND 31
                                    THEN make_date(y, m, 1) + d - 1 END AS day) AS made
    WHERE extract(month FROM made.day) = m
$function$;
REVOKE EXECUTE ON FUNCTION care.births_like(date) FROM PUBLIC;

-- Refuses a finding with parts that have no place in an observation.
CREATE OR REPLACE FUNCTION care.check_finding(finding jsonb)
 RETURNS void
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    parts  constant text[] := '{loinc,title,category,encounter,observed_at,ended_at,value,components,interpretation,
                                reference_low,reference_high,body_site,method,device,sensitivity,note}';
    within constant text[] := '{loinc,title,value,interpretation,reference_low,reference_high}';
    forms  constant text[] := '{number,unit,comparator,low,high,numerator,denominator,denominator_unit,system,code,text,boolean,absent}';
    one    jsonb;
BEGIN
    IF jsonb_typeof(finding) <> 'object' OR finding - parts <> '{}'
       OR coalesce(finding -> 'value', '{}') - forms <> '{}' OR jsonb_typeof(coalesce(finding -> 'components', '[]')) <> 'array' THEN
        PERFORM care.refuse('finding_has_known_parts', 'Say of an observation what has a place here, and nothing else.');
    END IF;
    FOR one IN SELECT * FROM jsonb_array_elements(coalesce(finding -> 'components', '[]')) LOOP
        IF one - within <> '{}' OR coalesce(one -> 'value', '{}') - forms <> '{}' THEN
            PERFORM care.refuse('finding_has_known_parts', 'Say of an observation what has a place here, and nothing else.');
        END IF;
    END LOOP;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_finding(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.check_finding(jsonb) TO healthtrack_care, healthtrack_migrator;

-- Says that the patient is there, two hours early at most.
CREATE OR REPLACE FUNCTION care.check_in_appointment(asked uuid)
 RETURNS void
 LANGUAGE sql
AS $function$ SELECT care.change_appointment(asked, 'arrived') $function$;

-- Trigger before a provider records something through the portal: it bears the own name, and keeps the name that it bears.
CREATE OR REPLACE FUNCTION care.check_recorder()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    names uuid := (to_jsonb(NEW) ->> TG_ARGV[0])::uuid;
    named uuid := CASE TG_OP WHEN 'UPDATE' THEN (to_jsonb(OLD) ->> TG_ARGV[0])::uuid ELSE access.acting_provider() END;
BEGIN
    IF access.part() = 'provider' AND names IS DISTINCT FROM named AND (TG_OP = 'UPDATE' OR names IS NOT NULL) THEN
        PERFORM care.refuse(TG_TABLE_NAME || '_is_recorded_in_person', 'A provider records in the own name only.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_recorder() FROM PUBLIC;

-- Refuses whoever is neither the patient nor a desk that expects the patient.
CREATE OR REPLACE FUNCTION care.check_who_chooses(patient uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.actor() IS NOT NULL
       AND (patient = ANY (access.own_patients()) OR patient = ANY (access.patients_at_desk())) IS NOT TRUE THEN
        PERFORM care.refuse('row_is_within_rights', 'There is no such row, or none that you may read or write.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION care.check_who_chooses(uuid) FROM PUBLIC;

-- Gives each table of a person's facts that has it not yet the trigger that refuses new ones of a joined record.
CREATE OR REPLACE PROCEDURE care.close_joined_records()
 LANGUAGE plpgsql
AS $procedure$
DECLARE
    fact record;
BEGIN
    FOR fact IN
        SELECT c.oid::regclass AS of, c.relname AS name FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'patient_id' AND NOT a.attisdropped
        WHERE c.relnamespace = 'care'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          -- The person, the link, and what follows by itself from what stands.
          AND c.relname NOT IN ('patient', 'patient_link', 'history', 'record_version', 'ledger_transaction', 'ledger_entry',
                                'payment', 'refund', 'claim', 'claim_line', 'claim_adjustment', 'claim_diagnosis',
                                'claim_line_diagnosis', 'accumulator', 'telehealth_session', 'space_identity',
                                -- What a program makes for everybody at once, which one person must not refuse.
                                'alert', 'recommendation', 'prediction', 'notification', 'recall', 'task')
          AND c.relname !~ '_(event|change|tally|total|year|day)$'
          -- What nobody but the owner's functions sees is no fact of its own.
          AND EXISTS (SELECT FROM pg_policy p
                      WHERE p.polrelid = c.oid AND 'healthtrack_care'::regrole = ANY (p.polroles))
          AND NOT EXISTS (SELECT FROM pg_trigger t
                          WHERE t.tgrelid = c.oid AND t.tgfoid = 'care.refuse_facts_of_joined'::regproc)
        ORDER BY c.relname
    LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS added
                        FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined()',
                       fact.name || '_is_not_of_a_joined_record', fact.of);
    END LOOP;
END $procedure$;
REVOKE EXECUTE ON PROCEDURE care.close_joined_records() FROM PUBLIC;

-- True where a code has the shape and check digit of its system: loinc, icd10, rxnorm, atc, snomed or cvx.
CREATE OR REPLACE FUNCTION care.code_fits(system text, code text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE system WHEN 'loinc'::text THEN ((code ~ '^[1-9][0-9]{0,6}-[0-9]$'::text) AND care.luhn_fits(replace(code, '-'::text, ''::text))) WHEN 'icd10'::text THEN (code ~ '^[A-Z][0-9][0-9AB](\.[0-9A-Z]{1,4})?$'::text) WHEN 'rxnorm'::text THEN (code ~ '^[1-9][0-9]{0,7}$'::text) WHEN 'atc'::text THEN (code ~ '^[A-Z]([0-9]{2}([A-Z]([A-Z]([0-9]{2})?)?)?)?$'::text) WHEN 'snomed'::text THEN ((code ~ '^[1-9][0-9]{2,14}[01]0[0-9]$'::text) AND care.verhoeff_fits(code)) WHEN 'cvx'::text THEN (code ~ '^([0-9]{2}|[1-9][0-9]{2})$'::text) ELSE false END;

-- Says that care was given to an arrived patient.
CREATE OR REPLACE FUNCTION care.complete_appointment(asked uuid)
 RETURNS void
 LANGUAGE sql
AS $function$ SELECT care.change_appointment(asked, 'completed') $function$;

-- True for a condition that is confirmed and lasts.
CREATE OR REPLACE FUNCTION care.condition_lasts(clinical_status text, verification_status text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((verification_status = 'confirmed'::text) AND (clinical_status = ANY (ARRAY['active'::text, 'recurrence'::text, 'relapse'::text])));
REVOKE EXECUTE ON FUNCTION care.condition_lasts(text,text) FROM PUBLIC;

-- Books a held time, unless it is held no more.
CREATE OR REPLACE FUNCTION care.confirm_appointment(asked uuid)
 RETURNS void
 LANGUAGE sql
AS $function$ SELECT care.change_appointment(asked, 'booked') $function$;

-- Does the next step of making the audit's next partition ahead; false where nothing is to be done.
CREATE OR REPLACE FUNCTION care.cut_audit()
 RETURNS boolean
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT access.cut_audit_by(524288)
$function$;
REVOKE EXECUTE ON FUNCTION care.cut_audit() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.cut_audit() TO healthtrack_ingest, healthtrack_migrator;

-- How many letters are to be put in, taken out, changed or exchanged with their neighbour to make one word the other; of the first 40.
CREATE OR REPLACE FUNCTION care.edit_distance(one text, other text)
 RETURNS integer
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    a     constant text[] := string_to_array(left(one, 40), NULL);
    b     constant text[] := string_to_array(left(other, 40), NULL);
    width constant integer := cardinality(b);
    above integer[];
    row   integer[] := ARRAY(SELECT generate_series(0, cardinality(b)));
    next  integer[];
BEGIN
    FOR i IN 1 .. cardinality(a) LOOP
        next := ARRAY[i];
        FOR j IN 1 .. width LOOP
            next[j + 1] := least(row[j + 1] + 1, next[j] + 1, row[j] + (a[i] <> b[j])::integer,
                CASE WHEN i > 1 AND j > 1 AND a[i] = b[j - 1] AND a[i - 1] = b[j] THEN above[j - 1] + 1 END);
        END LOOP;
        above := row;
        row := next;
    END LOOP;
    RETURN row[width + 1];
END $function$;
REVOKE EXECUTE ON FUNCTION care.edit_distance(text,text) FROM PUBLIC;

-- A name without case, accents, blanks and marks.
CREATE OR REPLACE FUNCTION care.fold_name(name text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT translate(regexp_replace(regexp_replace(normalize(lower(name), NFKD), '[\u0300-\u036f]', '', 'g'),
                                    '[\s\u0027\u2019`´.,_-]', '', 'g'), 'øłđðæœß', 'olddaos')
$function$;
REVOKE EXECUTE ON FUNCTION care.fold_name(text) FROM PUBLIC;

-- A name as it is compared: small letters of the usual width without accents, whatever the locale of the database.
CREATE OR REPLACE FUNCTION care.folded_name(name text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN lower(translate(regexp_replace(NORMALIZE(name, NFKD), '[\u0300-\u036f]'::text, ''::text, 'g'::text), 'АБВГДЕЖЗИКЛМНОПРСТУФХЦЧШЩЪЫЬЭЮЯЂЄЅІЈЉЊЋЏҐΑΒΓΔΕΖΗΘΙΚΛΜΝΞΟΠΡΣΤΥΦΧΨΩØŁĐÆŒÞ'::text, 'абвгдежзиклмнопрстуфхцчшщъыьэюяђєѕіјљњћџґαβγδεζηθικλμνξοπρστυφχψωøłđæœþ'::text));
REVOKE EXECUTE ON FUNCTION care.folded_name(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.folded_name(text) TO healthtrack_care, healthtrack_migrator;

-- Takes a device from its wearer and gives it to another patient in the same moment.
CREATE OR REPLACE FUNCTION care.hand_over_device(device text, to_patient uuid, at timestamp with time zone DEFAULT now())
 RETURNS uuid
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM care.return_device(device, at);
    RETURN care.assign_device(device, to_patient, at);
END $function$;

-- True where a number has the shape of its system: mrn, ssn, passport, driver_license or member_number.
CREATE OR REPLACE FUNCTION care.identifier_fits(system text, value text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE system WHEN 'mrn'::text THEN (value ~ '^[A-Z0-9][A-Z0-9-]{2,19}$'::text) WHEN 'ssn'::text THEN (value ~ '^(?!000|666|9)[0-9]{3}-(?!00)[0-9]{2}-(?!0000)[0-9]{4}$'::text) WHEN 'passport'::text THEN (value ~ '^[A-Z0-9]{6,9}$'::text) WHEN 'driver_license'::text THEN (value ~ '^[A-Z0-9][A-Z0-9-]{3,19}$'::text) WHEN 'member_number'::text THEN (value ~ '^[A-Z0-9][A-Z0-9-]{3,29}$'::text) ELSE false END;

-- True for a kind of number that a state gives.
CREATE OR REPLACE FUNCTION care.is_national(system text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (system = ANY (ARRAY['ssn'::text, 'passport'::text, 'driver_license'::text]));
REVOKE EXECUTE ON FUNCTION care.is_national(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.is_national(text) TO healthtrack_care, healthtrack_migrator;

-- True for a time zone that this server knows.
CREATE OR REPLACE FUNCTION care.is_time_zone(zone text)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM now() AT TIME ZONE zone;
    RETURN true;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN false;
END $function$;
REVOKE EXECUTE ON FUNCTION care.is_time_zone(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.is_time_zone(text) TO healthtrack_care, healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- True for a rule that speaks of calendars of provider and facility, of the kind of visit or of whoever books, not of visits elsewhere.
CREATE OR REPLACE FUNCTION care.is_told_of_a_day(rule text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    -- `appointment_patient_is_free` is of a visit that whoever books may see.
    SELECT coalesce(rule IN (
        'appointment_patient_is_free', 'appointment_provider_is_free', 'appointment_room_is_free', 'appointment_has_what_it_needs',
        'appointment_is_in_the_future', 'appointment_is_where_its_provider_works', 'appointment_is_within_opening_hours',
        'appointment_is_within_availability', 'appointment_is_before_its_facility_closes', 'appointment_is_not_reserved',
        'appointment_is_as_long_as_its_type', 'appointment_provider_has_the_specialty_of_its_type',
        'appointment_provider_is_licensed', 'appointment_by_video_needs_its_plan', 'appointment_resource_room_is_free',
        'appointment_resource_equipment_is_free', 'holds_of_a_desk_are_few') OR rule ~ '^appointment_type_', false)
$function$;
REVOKE EXECUTE ON FUNCTION care.is_told_of_a_day(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.is_told_of_a_day(text) TO healthtrack_care, healthtrack_migrator;

-- True where the last two digits of a code are its check digits by ISO 7064 (mod 97-10).
CREATE OR REPLACE FUNCTION care.iso_7064_fits(code text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN CASE WHEN (code ~ '^[0-9A-Z]{3,40}$'::text) THEN (SELECT (((string_agg((((strpos('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'::text, part.letter))::numeric - (1)::numeric) || ''::text), ''::text ORDER BY part.nth))::numeric % (97)::numeric) = (1)::numeric) FROM regexp_split_to_table(iso_7064_fits.code, ''::text) WITH ORDINALITY part(letter, nth)) ELSE false END;
REVOKE EXECUTE ON FUNCTION care.iso_7064_fits(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.iso_7064_fits(text) TO healthtrack_care;

-- True where a list of questions has the shape that care.questionnaire.items describes.
CREATE OR REPLACE FUNCTION care.items_fit(items jsonb)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (jsonb_typeof(items) = 'array'::text) THEN (SELECT (((count(*) >= 1) AND (count(*) <= 200)) AND (count(DISTINCT (item.value ->> 'link_id'::text)) = count(*)) AND bool_and(COALESCE((((item.value ->> 'link_id'::text) ~ '^[a-z][a-z0-9_]{0,60}$'::text) AND ((item.value ->> 'text'::text) ~ '\S'::text) AND ((item.value ->> 'type'::text) = ANY (ARRAY['choice'::text, 'integer'::text, 'number'::text, 'text'::text, 'boolean'::text, 'date'::text])) AND (jsonb_typeof((item.value -> 'required'::text)) = 'boolean'::text) AND (((item.value ->> 'type'::text) = 'choice'::text) = (item.value ? 'options'::text)) AND ((NOT (item.value ? 'options'::text)) OR jsonb_path_exists(item.value, '$?(@."options".size() >= 2 && @."options"[*]."value".type() == "number")'::jsonpath))), false))) FROM jsonb_array_elements(items_fit.items) item(value)) ELSE false END;

-- How much two birth dates are alike: 1, 0.7 where day and month are exchanged or one digit is other, else 0; null where one is not known.
CREATE OR REPLACE FUNCTION care.likeness_of_births(one date, other date)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT CASE WHEN one = other THEN 1
                WHEN to_char(one, 'YYYYMMDD') = to_char(other, 'YYYYDDMM') THEN 0.7
                WHEN (SELECT count(*) FROM generate_series(1, 8) AS place
                      WHERE substr(to_char(one, 'YYYYMMDD'), place, 1) <> substr(to_char(other, 'YYYYMMDD'), place, 1)) = 1
                THEN 0.7 WHEN one <> other THEN 0 END
$function$;
REVOKE EXECUTE ON FUNCTION care.likeness_of_births(date,date) FROM PUBLIC;

-- How much two names are alike, from 0 to 1: family names by 6 parts and given names by 4, or 0.9 where they are exchanged; all of it where one has only one name.
CREATE OR REPLACE FUNCTION care.likeness_of_names(family text, given text, other_family text, other_given text)
 RETURNS numeric
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    alike numeric;
BEGIN
    IF coalesce(family, '') = '' OR coalesce(given, '') = '' OR coalesce(other_family, '') = '' OR coalesce(other_given, '') = '' THEN
        RETURN care.likeness_of_words(concat(family, given), concat(other_family, other_given));
    END IF;
    alike := round(0.6 * care.likeness_of_words(family, other_family) + 0.4 * care.likeness_of_words(given, other_given), 2);
    IF alike < 0.6 AND care.sound_of(family) = care.sound_of(other_given) AND care.sound_of(given) = care.sound_of(other_family) THEN
        RETURN 0.9;
    END IF;
    RETURN alike;
END $function$;
REVOKE EXECUTE ON FUNCTION care.likeness_of_names(text,text,text,text) FROM PUBLIC;

-- How much two words are alike, from 0 to 1; 0.85 at least where they sound alike.
CREATE OR REPLACE FUNCTION care.likeness_of_words(one text, other text)
 RETURNS numeric
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    a     constant text := care.fold_name(one);
    b     constant text := care.fold_name(other);
    alike numeric;
BEGIN
    IF a = b AND a <> '' THEN
        RETURN 1;
    ELSIF coalesce(a, '') = '' OR coalesce(b, '') = '' THEN
        RETURN 0;
    END IF;
    alike := 1 - round(care.edit_distance(a, b)::numeric / greatest(least(length(a), 40), least(length(b), 40)), 2);
    RETURN CASE WHEN alike < 0.85 AND care.sound_of(a) = care.sound_of(b) THEN 0.85 ELSE alike END;
END $function$;
REVOKE EXECUTE ON FUNCTION care.likeness_of_words(text,text) FROM PUBLIC;

-- The dates that a period touches, where the clock is that zone's.
CREATE OR REPLACE FUNCTION care.local_dates(span tstzrange, zone text)
 RETURNS SETOF date
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (generate_series((((lower(span) AT TIME ZONE zone))::date)::timestamp without time zone, (upper(span) AT TIME ZONE zone), '1 day'::interval))::date;

-- The instant at which a wall clock shows a time: the first where it does so twice, the jump where it never does.
CREATE OR REPLACE FUNCTION care.local_instant(wall timestamp without time zone, zone text)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
AS $function$
DECLARE
    -- The clock is not changed twice in two days, so one of the offsets of a day before and a day after is right.
    utc    constant timestamptz := wall AT TIME ZONE 'UTC';
    before constant timestamptz := utc - INTERVAL '24 hours';
    after  constant timestamptz := utc + INTERVAL '24 hours';
    one    constant timestamptz := utc - ((before AT TIME ZONE zone) - (before AT TIME ZONE 'UTC'));
    two    constant timestamptz := utc - ((after AT TIME ZONE zone) - (after AT TIME ZONE 'UTC'));
BEGIN
    IF (least(one, two) AT TIME ZONE zone) = wall THEN
        RETURN least(one, two);
    ELSIF (greatest(one, two) AT TIME ZONE zone) = wall THEN
        RETURN greatest(one, two);
    END IF;
    RETURN (SELECT min(instant)
            FROM generate_series(least(one, two), greatest(one, two), INTERVAL '1 minute') AS instant
            WHERE (instant AT TIME ZONE zone) > wall);
END $function$;

-- Minutes of a date's wall clock as a period of instants; empty where the clock jumps over all of them.
CREATE OR REPLACE FUNCTION care.local_period(falls_on date, from_minute integer, to_minute integer, zone text)
 RETURNS tstzrange
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN tstzrange(care.local_instant((falls_on + ((from_minute)::double precision * '00:01:00'::interval)), zone), care.local_instant((falls_on + ((to_minute)::double precision * '00:01:00'::interval)), zone));

-- Waits until nobody else opens or closes this patient's record to this provider.
CREATE OR REPLACE FUNCTION care.lock_record(visitor uuid, visited uuid)
 RETURNS void
 LANGUAGE sql
AS $function$
    -- Few locks, since a program may take over a hundred thousand visits in one transaction.
    SELECT pg_advisory_xact_lock(hashtext('healthtrack.visit'), hashtext(visitor::text || visited) % 64)
$function$;

-- Waits until nobody else chooses among rooms and equipment of a facility; after the locks of schedules.
CREATE OR REPLACE FUNCTION care.lock_resources(facility uuid)
 RETURNS void
 LANGUAGE sql
AS $function$
    SELECT pg_advisory_xact_lock(hashtextextended('healthtrack.resources.' || facility, 0))
$function$;
REVOKE EXECUTE ON FUNCTION care.lock_resources(uuid) FROM PUBLIC;

-- Waits until nobody else books these providers, patients and rooms, and keeps others waiting to the end of the transaction.
CREATE OR REPLACE FUNCTION care.lock_schedule(VARIADIC resources uuid[])
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    key bigint;
BEGIN
    FOR key IN SELECT DISTINCT hashtextextended('healthtrack.schedule.' || resource, 0) AS k
               FROM unnest(resources) AS resource WHERE resource IS NOT NULL ORDER BY k LOOP
        PERFORM pg_advisory_xact_lock(key);
    END LOOP;
END $function$;

-- True where the last of some digits is the check digit of those before it by Luhn (mod 10).
CREATE OR REPLACE FUNCTION care.luhn_fits(digits text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN CASE WHEN (digits ~ '^[0-9]{2,20}$'::text) THEN (SELECT ((sum(CASE WHEN ((part.nth % (2)::bigint) = 1) THEN (part.digit)::integer ELSE ((((part.digit)::integer * 2) % 10) + ((part.digit)::integer / 5)) END) % (10)::bigint) = 0) FROM regexp_split_to_table(reverse(luhn_fits.digits), ''::text) WITH ORDINALITY part(digit, nth)) ELSE false END;

-- When a period of a membership begins, counted from its anchor.
CREATE OR REPLACE FUNCTION care.membership_period_at(anchor timestamp with time zone, per text, number integer)
 RETURNS timestamp with time zone
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "TimeZone" TO 'UTC'
AS $function$
    SELECT anchor + (number - 1) * (CASE per WHEN 'year' THEN INTERVAL '1 year' ELSE INTERVAL '1 month' END)
$function$;
REVOKE EXECUTE ON FUNCTION care.membership_period_at(timestamp with time zone,text,integer) FROM PUBLIC;

-- Says that the patient did not come, once the time has begun.
CREATE OR REPLACE FUNCTION care.miss_appointment(asked uuid)
 RETURNS void
 LANGUAGE sql
AS $function$ SELECT care.change_appointment(asked, 'no_show') $function$;

-- True where a number of an organisation has the shape and the check digits of its kind.
CREATE OR REPLACE FUNCTION care.organisation_number_fits(kind text, number text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN CASE kind WHEN 'npi'::text THEN ((number ~ '^[12][0-9]{9}$'::text) AND care.luhn_fits(('80840'::text || number))) WHEN 'lei'::text THEN ((number ~ '^[0-9A-Z]{18}[0-9]{2}$'::text) AND care.iso_7064_fits(number)) WHEN 'ein'::text THEN (number ~ '^[0-9]{2}-[0-9]{7}$'::text) WHEN 'ccn'::text THEN (number ~ '^[0-9]{2}[0-9A-Z][0-9]{3}$'::text) WHEN 'clia'::text THEN (number ~ '^[0-9]{2}D[0-9]{7}$'::text) ELSE (number ~ '^\S(.{0,98}\S)?$'::text) END;
REVOKE EXECUTE ON FUNCTION care.organisation_number_fits(text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.organisation_number_fits(text,text) TO healthtrack_care;

-- The year of a plan, from the first of a month on, in which a day falls.
CREATE OR REPLACE FUNCTION care.plan_year(begins_month integer, on_day date)
 RETURNS daterange
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT daterange(first_on, (first_on + INTERVAL '1 year')::date)
    FROM make_date(extract(year FROM on_day)::integer - (extract(month FROM on_day) < begins_month)::integer, begins_month, 1) AS first_on
$function$;
REVOKE EXECUTE ON FUNCTION care.plan_year(integer,date) FROM PUBLIC;

-- Gives a row of the record a category of sensitive facts, for its author.
CREATE OR REPLACE FUNCTION care.raise_sensitivity(patient uuid, relation text, key uuid, category text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    changed bigint;
BEGIN
    IF relation <> ALL (ARRAY['condition', 'encounter', 'procedure', 'medication_statement', 'prescription', 'lab_order',
                              'lab_result', 'imaging_study', 'clinical_report', 'observation', 'family_history']) IS NOT FALSE THEN
        PERFORM care.refuse('sensitivity_is_of_a_part_of_the_record', 'Choose a row of the record that can be kept apart.');
    ELSIF category IS NULL THEN
        PERFORM care.refuse('sensitivity_is_never_lowered',
            'This row is kept apart already: ask who maintains the network to change its category.');
    ELSIF NOT care.acts_as_author(relation, key) AND access.part() IS DISTINCT FROM 'patient' THEN
        PERFORM care.refuse('sensitivity_is_its_authors', 'Only who wrote this keeps it apart.');
    END IF;
    -- Under the policies of whoever acts.
    EXECUTE format('UPDATE care.%I SET sensitivity = $1 WHERE patient_id = $2 AND %I = $3', relation, relation || '_id')
    USING category, patient, key;
    GET DIAGNOSTICS changed = ROW_COUNT;
    IF changed = 0 THEN
        PERFORM care.refuse('sensitivity_is_its_authors', 'Only who wrote this keeps it apart.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION care.raise_sensitivity(uuid,text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.raise_sensitivity(uuid,text,uuid,text) TO healthtrack_care, healthtrack_migrator;

-- What a text such as 1980-05-17, 1980-05 or 1980 says of a birth; null says that nothing is known.
CREATE OR REPLACE FUNCTION care.read_birth(told text, OUT born_on date, OUT born_in text)
 RETURNS record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION care.read_birth(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.read_birth(text) TO healthtrack_care, healthtrack_migrator;

-- Refuses what is asked, by a rule's name and a sentence for a person.
CREATE OR REPLACE FUNCTION care.refuse(rule text, sentence text)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = rule, MESSAGE = sentence;
END $function$;

-- Trigger on a table that is only ever added to: refuses update, delete and truncate.
CREATE OR REPLACE FUNCTION care.refuse_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM care.refuse(TG_TABLE_NAME || '_is_append_only', 'What is booked stays: book a correction beside it.');
END $function$;

-- Ends holds that ran out, counts the changed days of wellness centres anew, forgets looks and sessions that are over, queues reminders and recalls, renews memberships, folds sums that are kept, and lets rows expire whose retention has ended; how many of the first two, and which steps failed.
CREATE OR REPLACE FUNCTION care.run_maintenance(OUT ended_holds integer, OUT counted_days bigint, OUT failed text[])
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    step text;
    done bigint;
BEGIN
    failed := '{}';
    FOREACH step IN ARRAY ARRAY[
        'care.expire_holds()', 'care.refresh_engagement(current_date - 400, current_date + 2)', 'access.forget_looks()',
        'care.queue_reminders()', 'care.queue_recalls()', 'care.renew_memberships()', 'care.fold_adherence()',
        'care.merge_reviews()', 'care.fold_conditions()', 'care.expire_rows()'
    ] LOOP
        BEGIN
            EXECUTE 'SELECT ' || step INTO done;
            IF step ~ 'expire_holds' THEN
                ended_holds := done;
            ELSIF step ~ 'refresh_engagement' THEN
                counted_days := done;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            failed := failed || format('%s: SQLSTATE %s', split_part(step, '(', 1), SQLSTATE);
        END;
    END LOOP;
    ended_holds := coalesce(ended_holds, 0);
    counted_days := coalesce(counted_days, 0);
END $function$;
REVOKE EXECUTE ON FUNCTION care.run_maintenance() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.run_maintenance() TO healthtrack_ingest, healthtrack_migrator;

-- A count of people as it may be shown: to the nearest 5, null below 11.
CREATE OR REPLACE FUNCTION care.safe_count(people bigint)
 RETURNS bigint
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (people >= 11) THEN ((round(((people)::numeric / 5.0)))::bigint * 5) ELSE NULL::bigint END;

-- Some of all as it may be shown: to the hundredth, null where either side is 1 to 10.
CREATE OR REPLACE FUNCTION care.safe_rate(counted bigint, whole bigint)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ((whole < 11) OR ((counted >= 1) AND (counted <= 10)) OR (((whole - counted) >= 1) AND ((whole - counted) <= 10))) THEN NULL::numeric ELSE round(((COALESCE(care.safe_count(counted), (0)::bigint))::numeric / (care.safe_count(whole))::numeric), 2) END;

-- True where a way of counting names choices of these questions, and its bands follow on one another.
CREATE OR REPLACE FUNCTION care.scoring_fits(items jsonb, scoring jsonb)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (scoring IS NULL) THEN true WHEN (((scoring ->> 'algorithm'::text) = 'sum'::text) AND ((scoring ->> 'version'::text) ~ '\S'::text) AND (jsonb_typeof((scoring -> 'items'::text)) = 'array'::text) AND (jsonb_typeof((scoring -> 'bands'::text)) = 'array'::text) AND (jsonb_typeof((scoring -> 'look_at'::text)) = 'array'::text)) THEN ((NOT (EXISTS (SELECT FROM jsonb_array_elements_text((scoring_fits.scoring -> 'items'::text)) counted(value) WHERE (NOT jsonb_path_exists(scoring_fits.items, '$[*]?(@."link_id" == $"id" && @."type" == "choice")'::jsonpath, jsonb_build_object('id', counted.value)))))) AND (SELECT ((count(*) > 0) AND bool_and(COALESCE(((bands.low <= bands.high) AND ((bands.before IS NULL) OR (bands.low = (bands.before + (1)::numeric)))), false))) FROM (SELECT ((part.band ->> 'from'::text))::numeric AS low, ((part.band ->> 'to'::text))::numeric AS high, lag(((part.band ->> 'to'::text))::numeric) OVER (ORDER BY part.nth) AS before FROM jsonb_array_elements((scoring_fits.scoring -> 'bands'::text)) WITH ORDINALITY part(band, nth)) bands)) ELSE false END;

-- The script of a name by its letters, as ISO 15924 calls it; Zzzz where it is none of those that are told apart.
CREATE OR REPLACE FUNCTION care.script_of(name text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (name ~ '[\u3040-\u30ff\uff66-\uff9f]'::text) THEN CASE WHEN (name ~ '[\u3400-\u9fff\uf900-\ufaff]'::text) THEN 'Jpan'::text WHEN (name ~ '[\u30a0-\u30ff\uff66-\uff9f]'::text) THEN 'Kana'::text ELSE 'Hira'::text END WHEN (name ~ '[\uac00-\ud7af\u1100-\u11ff\u3130-\u318f]'::text) THEN 'Hang'::text WHEN (name ~ '[\u3400-\u9fff\uf900-\ufaff]'::text) THEN 'Hani'::text WHEN (name ~ '[\u0400-\u052f]'::text) THEN 'Cyrl'::text WHEN (name ~ '[\u0370-\u03ff]'::text) THEN 'Grek'::text WHEN (name ~ '[\u0590-\u05ff]'::text) THEN 'Hebr'::text WHEN (name ~ '[\u0600-\u06ff\u0750-\u077f\ufb50-\ufdff\ufe70-\ufefc]'::text) THEN 'Arab'::text WHEN (name ~ '[\u0900-\u097f]'::text) THEN 'Deva'::text WHEN (name ~ '[\u0e00-\u0e7f]'::text) THEN 'Thai'::text WHEN (name ~ '[\u0530-\u058f]'::text) THEN 'Armn'::text WHEN (name ~ '[\u10a0-\u10ff]'::text) THEN 'Geor'::text WHEN (name ~ '[A-Za-z\u00c0-\u024f\u1e00-\u1eff]'::text) THEN 'Latn'::text ELSE 'Zzzz'::text END;
REVOKE EXECUTE ON FUNCTION care.script_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.script_of(text) TO healthtrack_care, healthtrack_migrator;

-- When a row of a patient was made and by whom it was last changed; none where the actor may not see it.
CREATE OR REPLACE FUNCTION care.seen_row(patient uuid, relation text, of_row uuid, OUT made_at timestamp with time zone, OUT made_by text)
 RETURNS SETOF record
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    keyed constant oid := to_regclass(format('care.%I', relation));
    columns text[] := ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = keyed AND a.attnum > 0 AND NOT a.attisdropped);
BEGIN
    IF columns @> ARRAY['patient_id', relation || '_id'] AND has_table_privilege(keyed, 'SELECT') THEN
        RETURN QUERY EXECUTE format('SELECT %s, %s FROM care.%I AS known WHERE known.%I = $1 AND known.patient_id = $2',
            CASE WHEN 'created_at' = ANY (columns) THEN 'known.created_at' ELSE 'NULL::timestamptz' END,
            CASE WHEN 'updated_by' = ANY (columns) THEN 'known.updated_by' ELSE 'NULL::text' END, relation, relation || '_id')
            USING of_row, patient;
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION care.seen_row(uuid,text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.seen_row(uuid,text,uuid) TO healthtrack_care;

-- Days of a series, the first included: by a number or until a day, within five years, 53 at most (one more than a series may have).
CREATE OR REPLACE FUNCTION care.series_days(first_on date, frequency text, every integer, count integer, until_on date)
 RETURNS SETOF date
 LANGUAGE sql
 IMMUTABLE ROWS 20
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT day FROM (
        SELECT CASE frequency WHEN 'weekly' THEN first_on + 7 * every * n
                              WHEN 'monthly' THEN (first_on + make_interval(months => every * n))::date END AS day
        FROM generate_series(0, 1830 / (7 * every)) AS n
    ) AS step
    WHERE day <= least(until_on, first_on + 1830)
      -- A month that has not this day would give its last one.
      AND (frequency = 'weekly' OR extract(day FROM day) = extract(day FROM first_on))
    ORDER BY day LIMIT least(count, 53)
$function$;
REVOKE EXECUTE ON FUNCTION care.series_days(date,text,integer,integer,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.series_days(date,text,integer,integer,date) TO healthtrack_care, healthtrack_migrator;

-- What falls on the rest of a time from a moment on, of an amount for all of it; rounded once to the cent.
CREATE OR REPLACE FUNCTION care.share_of_fee(amount numeric, whole tstzrange, since timestamp with time zone)
 RETURNS numeric
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT round(amount * extract(epoch FROM upper(whole) - since) / extract(epoch FROM upper(whole) - lower(whole)), 2)
$function$;
REVOKE EXECUTE ON FUNCTION care.share_of_fee(numeric,tstzrange,timestamp with time zone) FROM PUBLIC;

-- A key that names have in common which sound alike: Smith, Smyth and Schmidt; the name itself in other scripts.
CREATE OR REPLACE FUNCTION care.sound_of(name text)
 RETURNS text
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    said text := care.fold_name(name);
BEGIN
    IF said !~ '^[a-z]+$' THEN
        RETURN said;  -- Other scripts sound as they are written.
    END IF;
    said := regexp_replace(said, '^(kn|gn|pn)', 'n');
    said := regexp_replace(said, '^wr', 'r');
    said := regexp_replace(said, '^(ps|x)', 's');
    said := replace(replace(replace(said, 'sch', 's'), 'ph', 'f'), 'gh', 'h');
    said := regexp_replace(said, 'c(?=[eiy])', 's', 'g');
    -- One sign for letters of one sound; what is hardly heard is 0 and parts what it stands between.
    said := left(translate(said, 'aeiouywckqgjzv', 'aaaaaawkkkjjsf'), 1)
        || substr(regexp_replace(translate(said, 'bpfvcgjkqxszdtlmnraeiouyhw', '11112222222233455600000000'), '(.)\1+', '\1', 'g'), 2);
    RETURN left(replace(said, '0', ''), 6);
END $function$;
REVOKE EXECUTE ON FUNCTION care.sound_of(text) FROM PUBLIC;

-- Trigger before each write: what an account writes bears its name and the present time.
CREATE OR REPLACE FUNCTION care.stamp()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.actor() IS NULL THEN
        RETURN NEW;  -- A program that loads what was written elsewhere, and when.
    END IF;
    IF TG_OP = 'UPDATE' THEN
        NEW.created_at := OLD.created_at;
    ELSE
        NEW.created_at := now();
        NEW.updated_at := now();
        NEW.version := 1;
        NEW.updated_by := access.actor()::text;
    END IF;
    RETURN NEW;
END $function$;

-- The substances of a drug in lower case; of a combination, each.
CREATE OR REPLACE FUNCTION care.substances_of(ingredient text)
 RETURNS SETOF text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT DISTINCT part FROM regexp_split_to_table(lower(btrim(ingredient)), '\s*(/|\+|,|;|\mand\M)\s*') AS part WHERE part <> ''
$function$;
REVOKE EXECUTE ON FUNCTION care.substances_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.substances_of(text) TO healthtrack_care;

-- How long a task of a priority may take: an hour, a day or a week.
CREATE OR REPLACE FUNCTION care.time_to_act(priority text)
 RETURNS interval
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT CASE priority WHEN 'stat' THEN INTERVAL '1 hour' WHEN 'routine' THEN INTERVAL '7 days' ELSE INTERVAL '1 day' END
$function$;
REVOKE EXECUTE ON FUNCTION care.time_to_act(text) FROM PUBLIC;

-- The value of an observation or component, as a finding says it.
CREATE OR REPLACE FUNCTION care.told_value(stored jsonb)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN jsonb_strip_nulls(jsonb_build_object('number', (stored -> 'value_number'::text), 'unit', (stored -> 'unit'::text), 'comparator', (stored -> 'comparator'::text), 'low', (stored -> 'value_low'::text), 'high', (stored -> 'value_high'::text), 'numerator', (stored -> 'value_numerator'::text), 'denominator', (stored -> 'value_denominator'::text), 'denominator_unit', (stored -> 'denominator_unit'::text), 'system', (stored -> 'value_system'::text), 'code', (stored -> 'value_code'::text), 'text', (stored -> 'value_text'::text), 'boolean', (stored -> 'value_boolean'::text), 'absent', (stored -> 'absent_reason'::text)));
REVOKE EXECUTE ON FUNCTION care.told_value(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.told_value(jsonb) TO healthtrack_care, healthtrack_migrator;

-- Trigger before each update: raises version, and says when and by whom.
CREATE OR REPLACE FUNCTION care.touch()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := greatest(now(), OLD.updated_at);
    NEW.updated_by := coalesce(access.actor()::text, session_user);
    RETURN NEW;
END $function$;

-- Does as care.lock_resources where nobody is to be waited for; false where somebody is.
CREATE OR REPLACE FUNCTION care.try_lock_resources(facility uuid)
 RETURNS boolean
 LANGUAGE sql
AS $function$
    SELECT pg_try_advisory_xact_lock(hashtextextended('healthtrack.resources.' || facility, 0))
$function$;
REVOKE EXECUTE ON FUNCTION care.try_lock_resources(uuid) FROM PUBLIC;

-- The same without waiting: false where somebody else books one of them at this moment.
CREATE OR REPLACE FUNCTION care.try_lock_schedule(VARIADIC resources uuid[])
 RETURNS boolean
 LANGUAGE sql
AS $function$
    SELECT coalesce(bool_and(pg_try_advisory_xact_lock(hashtextextended('healthtrack.schedule.' || resource, 0))), true)
    FROM unnest(resources) AS resource WHERE resource IS NOT NULL
$function$;

-- Events in the partition of the audit that should be empty: more than a minute's say that none is made ahead.
CREATE OR REPLACE FUNCTION care.uncut_audit()
 RETURNS bigint
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(sum(of_chain.places), 0)::bigint FROM generate_series(0, 63) AS number CROSS JOIN LATERAL (
        SELECT max(e.seq) - min(e.seq) + 1 AS places FROM access.audit_event_next e WHERE e.chain = number::smallint) AS of_chain
$function$;
REVOKE EXECUTE ON FUNCTION care.uncut_audit() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.uncut_audit() TO healthtrack_ingest, healthtrack_migrator;

-- True where the last of some digits is the check digit of those before it by Verhoeff.
CREATE OR REPLACE FUNCTION care.verhoeff_fits(digits text)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE STRICT
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;

-- A half-open period with so many minutes more before and after.
CREATE OR REPLACE FUNCTION care.widened(span tstzrange, before_minutes smallint, after_minutes smallint)
 RETURNS tstzrange
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
AS $function$
    SELECT tstzrange(lower(span) - before_minutes * INTERVAL '1 minute', upper(span) + after_minutes * INTERVAL '1 minute')
$function$;
REVOKE EXECUTE ON FUNCTION care.widened(tstzrange,smallint,smallint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.widened(tstzrange,smallint,smallint) TO healthtrack_care, healthtrack_migrator;

-- Interval of 95 % by Wilson (1927) for a rate of hits among n; null where n is 0.
CREATE OR REPLACE FUNCTION care.wilson(hits bigint, n bigint)
 RETURNS numrange
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN CASE WHEN ((n > 0) AND ((hits >= 0) AND (hits <= n))) THEN (SELECT numrange(round((GREATEST((found.centre - found.reach), (0)::double precision))::numeric, 4), round((LEAST((found.centre + found.reach), (1)::double precision))::numeric, 4), '[]'::text) AS numrange FROM (SELECT 1.959964 AS z, ((wilson.hits)::double precision / (wilson.n)::double precision) AS rate) given, LATERAL (SELECT ((given.rate + (((given.z * given.z) / ((2 * wilson.n))::numeric))::double precision) / (((1)::numeric + ((given.z * given.z) / (wilson.n)::numeric)))::double precision) AS centre, (((given.z)::double precision * sqrt((((given.rate * ((1)::double precision - given.rate)) / (wilson.n)::double precision) + (((given.z * given.z) / ((4.0 * (wilson.n)::numeric) * (wilson.n)::numeric)))::double precision))) / (((1)::numeric + ((given.z * given.z) / (wilson.n)::numeric)))::double precision) AS reach) found) ELSE NULL::numrange END;

-- The calendar year that a period is; null where it is none.
CREATE OR REPLACE FUNCTION care.year_of(measured daterange)
 RETURNS integer
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (measured = daterange(make_date((EXTRACT(year FROM lower(measured)))::integer, 1, 1), make_date(((EXTRACT(year FROM lower(measured)))::integer + 1), 1, 1))) THEN (EXTRACT(year FROM lower(measured)))::integer ELSE NULL::integer END;
REVOKE EXECUTE ON FUNCTION care.year_of(daterange) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.year_of(daterange) TO healthtrack_care;

-- The account on whose behalf this transaction acts (setting healthtrack.actor); null where none, or nothing that is a key, was said.
CREATE OR REPLACE FUNCTION access.actor()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN CASE WHEN (current_setting('healthtrack.actor'::text, true) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'::text) THEN (current_setting('healthtrack.actor'::text, true))::uuid ELSE NULL::uuid END;

-- The bucket of a login, an address, or both.
CREATE OR REPLACE FUNCTION access.bucket_of(kind text, login text, address text)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT sha256(convert_to(concat_ws(chr(10), kind, lower(login), address), 'UTF8'))
$function$;
REVOKE EXECUTE ON FUNCTION access.bucket_of(text,text,text) FROM PUBLIC;

-- The categories of sensitive facts that care.sensitivity knows, by name.
CREATE OR REPLACE FUNCTION access.categories()
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN '{behavioural_health,hiv,reproductive,substance_use}'::text[];
REVOKE EXECUTE ON FUNCTION access.categories() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.categories() TO healthtrack_care, healthtrack_migrator;

-- Refuses who does not administer the network.
CREATE OR REPLACE FUNCTION access.check_administrator(me access.caller)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF (me.part = 'network_admin') IS NOT TRUE THEN
        PERFORM access.refuse('network_is_kept_by_an_administrator', 'Ask an administrator of the network.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION access.check_administrator(access.caller) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.check_administrator(access.caller) TO healthtrack_care;

-- Refuses where no row was changed: it has another version, or is not there for who acts.
CREATE OR REPLACE FUNCTION access.check_change(is_done boolean)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF is_done IS NOT TRUE THEN
        PERFORM access.refuse('row_is_changed_as_it_was_read',
            'This has changed since it was read, or is not yours to change: read it again.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION access.check_change(boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.check_change(boolean) TO healthtrack_care;

-- Refuses who neither manages this facility nor administers the network.
CREATE OR REPLACE FUNCTION access.check_keeper(me access.caller, facility uuid)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF (me.part = 'network_admin'
        OR me.part = 'facility_manager' AND facility = ANY (access.own_facilities())) IS NOT TRUE THEN
        PERFORM access.refuse('facility_is_kept_by_its_manager', 'Ask the manager of the facility, or an administrator of the network.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION access.check_keeper(access.caller,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.check_keeper(access.caller,uuid) TO healthtrack_care;

-- Refuses who neither watches quality nor analyses.
CREATE OR REPLACE FUNCTION access.check_quality(me access.caller)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF (me.part IN ('analyst', 'clinical_quality')) IS NOT TRUE THEN
        PERFORM access.refuse('quality_is_counted_for_who_watches_it', 'Ask who watches the quality of care.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION access.check_quality(access.caller) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.check_quality(access.caller) TO healthtrack_care;

-- For the program that signs people in: records that the account of a session has proved who it is by a passkey of its own, and renews its token.
CREATE OR REPLACE FUNCTION access.confirm_by_passkey(credential_id bytea, counter bigint, token_hash bytea, new_token_hash bytea)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM access.renew_session(access.use_passkey(credential_id, counter), token_hash, new_token_hash);
END $function$;
REVOKE EXECUTE ON FUNCTION access.confirm_by_passkey(bytea,bigint,bytea,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.confirm_by_passkey(bytea,bigint,bytea,bytea) TO healthtrack_sign_in;

-- For the program that signs people in: records that the account of a session has proved who it is, and renews its token; a code is taken once.
CREATE OR REPLACE FUNCTION access.confirm_session(login text, address text, totp_step bigint, token_hash bytea, new_token_hash bytea)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM access.end_guess(login, address, totp_step);
    PERFORM access.renew_session(login, token_hash, new_token_hash);
END $function$;
REVOKE EXECUTE ON FUNCTION access.confirm_session(text,text,bigint,bytea,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.confirm_session(text,text,bigint,bytea,bytea) TO healthtrack_sign_in;

-- Adds to the count of what was done with rows of a class.
CREATE OR REPLACE FUNCTION access.count_in(counts jsonb, row_class text, done text, n bigint)
 RETURNS jsonb
 LANGUAGE sql
 IMMUTABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT CASE WHEN n = 0 THEN counts ELSE counts || jsonb_build_object(row_class, coalesce(counts -> row_class, '{}')
        || jsonb_build_object(done, coalesce((counts -> row_class ->> done)::bigint, 0) + n)) END
$function$;
REVOKE EXECUTE ON FUNCTION access.count_in(jsonb,text,text,bigint) FROM PUBLIC;

-- For the program that signs people in: opens a session of the account whose passkey was proved.
CREATE OR REPLACE FUNCTION access.end_passkey_sign_in(credential_id bytea, counter bigint, token_hash bytea, idle_for interval, lasts interval)
 RETURNS timestamp with time zone
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT access.open_session(access.use_passkey(credential_id, counter), token_hash, idle_for, lasts)
$function$;
REVOKE EXECUTE ON FUNCTION access.end_passkey_sign_in(bytea,bigint,bytea,interval,interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.end_passkey_sign_in(bytea,bigint,bytea,interval,interval) TO healthtrack_sign_in;

-- For the program that signs people in: opens a session once password and code were right; a code is taken once.
CREATE OR REPLACE FUNCTION access.end_sign_in(login text, address text, totp_step bigint, token_hash bytea, idle_for interval, lasts interval)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM access.end_guess(login, address, totp_step);
    RETURN access.open_session(lower(login), token_hash, idle_for, lasts);
END $function$;
REVOKE EXECUTE ON FUNCTION access.end_sign_in(text,text,bigint,bytea,interval,interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.end_sign_in(text,text,bigint,bytea,interval,interval) TO healthtrack_sign_in;

-- Asked by triggers that refuse changes: true while this transaction erases a person's rows.
CREATE OR REPLACE FUNCTION access.erasing()
 RETURNS boolean
 LANGUAGE sql
 STABLE
AS $function$
    SELECT CASE coalesce(current_setting('healthtrack.erasing', true), '') WHEN '' THEN false ELSE access.erasure_runs() END
$function$;
REVOKE EXECUTE ON FUNCTION access.erasing() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.erasing() TO healthtrack_care, healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- Refuses anew what was refused, as one of a closed set: a rule and its sentence (HT001), to try again (40001, 40P01, 55P03, 25006), or that it could not be done (HT500).
CREATE OR REPLACE FUNCTION access.explain(failure access.failure)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    sentence text;
    rule     text := failure.rule;
BEGIN
    CASE
        WHEN failure.state = 'HT001' THEN
            sentence := failure.message;
        WHEN failure.state = '42501' THEN
            NULL;
        WHEN failure.state = '23502' THEN
            rule := failure.table_name || '_' || failure.column_name || '_is_given';
            sentence := format('Fill in what is missing: %s.',
                               replace(regexp_replace(failure.column_name, '(_id)?(_at)?(_on)?$', ''), '_', ' '));
        WHEN failure.state ~ '^23' THEN
            sentence := access.sentence_of(failure);
        WHEN failure.state ~ '^22' THEN
            rule := 'value_fits';
            sentence := 'A value cannot be stored in this form.';
        WHEN failure.state IN ('40001', '40P01', '55P03', '25006') THEN
            RAISE EXCEPTION USING ERRCODE = failure.state, MESSAGE = 'Try again.';
        ELSE
            RAISE EXCEPTION USING ERRCODE = 'HT500', MESSAGE = 'This could not be done.';
    END CASE;
    IF sentence IS NULL THEN
        rule := 'row_is_within_rights';
        sentence := 'This is taken already, or not yours to see or change: ask the front desk.';
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = rule, MESSAGE = sentence;
END $function$;
REVOKE EXECUTE ON FUNCTION access.explain(access.failure) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.explain(access.failure) TO healthtrack_care;

-- Turns row-level security on for a table and makes the policies of a kind: directory, chart, own_chart, sensitive_chart, sensitive_own_chart, demographics, schedule, billing or internal. The sensitive kinds want a nullable column sensitivity and take, third, the column with the provider who wrote the row, or a condition of the row that tells its author.
CREATE OR REPLACE PROCEDURE access.guard(IN guarded regclass, IN kind text, IN author text DEFAULT NULL::text)
 LANGUAGE plpgsql
AS $procedure$
DECLARE
    own      constant text := 'patient_id = ANY ((SELECT access.own_patients())::uuid[])';
    in_care  constant text := 'patient_id = ANY ((SELECT access.patients_in_care())::uuid[])';
    granted  constant text := 'patient_id = ANY ((SELECT access.patients_granted(%L))::uuid[])';
    visiting constant text := 'patient_id = ANY ((SELECT access.patients_at_desk())::uuid[])';
    at_desk  constant text :=
        'facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND (SELECT access.part()) = %L';
    reads    constant text := 'CREATE POLICY %I ON %s FOR SELECT TO healthtrack_care USING (%s)';
    writes   constant text := 'CREATE POLICY %I ON %s FOR ALL TO healthtrack_care USING (%s) WITH CHECK (%4$s)';
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO healthtrack_migrator', guarded);
    EXECUTE format('CREATE POLICY maintenance ON %s FOR ALL TO healthtrack_migrator
                    USING (true) WITH CHECK (true)', guarded);
    CASE kind
        WHEN 'directory' THEN
            EXECUTE format('GRANT SELECT ON %s TO healthtrack_care', guarded);
            EXECUTE format(reads, 'everybody_reads', guarded, '(SELECT access.part()) IS NOT NULL');
        WHEN 'sensitive_chart', 'sensitive_own_chart' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_care', guarded);
            CALL access.keep_apart(guarded, author, kind = 'sensitive_own_chart');
        WHEN 'chart', 'own_chart', 'demographics', 'schedule' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_care', guarded);
            EXECUTE format(writes, 'care', guarded, in_care, in_care);
            EXECUTE format(reads, 'granted', guarded,
                           format(granted, CASE kind WHEN 'schedule' THEN 'schedule' ELSE 'chart' END));
            EXECUTE format(CASE kind WHEN 'chart' THEN reads ELSE writes END, 'own', guarded, own, own);
            IF kind = 'schedule' THEN
                EXECUTE format(writes, 'desk', guarded, format(at_desk, 'front_desk'), format(at_desk, 'front_desk'));
            ELSIF kind = 'demographics' THEN
                EXECUTE format(writes, 'desk', guarded, visiting, visiting);
            END IF;
        WHEN 'billing' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_care', guarded);
            EXECUTE format(reads, 'own', guarded, own);
            EXECUTE format(reads, 'granted', guarded, format(granted, kind));
            EXECUTE format(writes, 'desk', guarded, format(at_desk, 'biller'), format(at_desk, 'biller'));
        WHEN 'internal' THEN
            NULL;
    END CASE;
END $procedure$;
REVOKE EXECUTE ON PROCEDURE access.guard(regclass,text,text) FROM PUBLIC;

-- What must be true of a row p beside its age to be deleted: no younger part, and nothing else that refers to it or to a part.
CREATE OR REPLACE FUNCTION access.in_use(relation text)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH part AS (SELECT * FROM access.parts_of(in_use.relation)),
         whole AS (SELECT in_use.relation AS part, 'p' AS alias, NULL::text AS tables, NULL::text AS condition
                   UNION ALL SELECT w.part, w.alias, w.tables, w.condition FROM part w)
    SELECT coalesce(string_agg(DISTINCT kept.rule, ''), '') FROM (
        -- A part that is younger keeps all.
        SELECT format(' AND NOT EXISTS (SELECT FROM %s WHERE %s AND %s.%I >= $1)', w.tables, w.condition, w.alias, w.aged_by) AS rule
        FROM part w WHERE w.aged_by IS NOT NULL
        UNION ALL
        -- So does what others refer to.
        SELECT format(' AND NOT EXISTS (SELECT FROM %s WHERE %s)', concat_ws(', ', w.tables, f.conrelid::regclass || ' c'),
                      concat_ws(' AND ', w.condition, r.condition))
        FROM whole w JOIN pg_constraint f ON f.confrelid = to_regclass(w.part) AND f.contype = 'f' AND f.conparentid = 0
        CROSS JOIN LATERAL access.reference(f.conrelid, f.confrelid, 'c', w.alias) AS r
        WHERE f.conrelid NOT IN (SELECT to_regclass(o.part) FROM part o)) AS kept
$function$;
REVOKE EXECUTE ON FUNCTION access.in_use(text) FROM PUBLIC;

-- Whether who asks may see counts of many: a login of the analyst's role, or an account of an analyst or of clinical quality.
CREATE OR REPLACE FUNCTION access.is_analyst()
 RETURNS boolean
 LANGUAGE sql
 STABLE
RETURN (pg_has_role(SESSION_USER, 'healthtrack_analyst'::name, 'MEMBER'::text) OR COALESCE((access.part() = ANY (ARRAY['analyst'::text, 'clinical_quality'::text])), false));

-- True for a kind of proxy that ends when the patient is of age.
CREATE OR REPLACE FUNCTION access.is_of_minors(kind text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (kind = ANY (ARRAY['parent'::text, 'guardian'::text]));
REVOKE EXECUTE ON FUNCTION access.is_of_minors(text) FROM PUBLIC;

-- True for a login with healthtrack_auditor and for a privacy officer.
CREATE OR REPLACE FUNCTION access.is_reviewer()
 RETURNS boolean
 LANGUAGE sql
 STABLE
RETURN (pg_has_role(SESSION_USER, 'healthtrack_auditor'::name, 'MEMBER'::text) OR COALESCE((access.part() = 'privacy_officer'::text), false));

-- Makes the policies of a table with a column sensitivity, in the place of those of a chart: a row with a category is read by the patient, by its author (a column with a provider, or a condition of the row) and by whom that category is open to.
CREATE OR REPLACE PROCEDURE access.keep_apart(IN guarded regclass, IN author text DEFAULT NULL::text, IN own_writes boolean DEFAULT false)
 LANGUAGE plpgsql
AS $procedure$
DECLARE
    own     constant text := 'patient_id = ANY ((SELECT access.own_patients())::uuid[])';
    in_care constant text := 'patient_id = ANY ((SELECT access.patients_in_care())::uuid[])';
    chart   constant text := 'patient_id = ANY ((SELECT access.patients_granted(''chart''))::uuid[])';
    plain   constant text := '(sensitivity IS NULL' || coalesce(' OR ' || CASE
        WHEN author ~ '^[a-z_]+$' THEN format('%I = (SELECT care.acting_provider())', author)
        ELSE '(' || author || ')' END, '') || ')';
    opened  constant text := 'sensitivity IS NOT NULL AND CASE sensitivity ' || (
        SELECT string_agg(format('WHEN %1$L THEN patient_id = ANY ((SELECT access.patients_opened(%1$L))::uuid[])', category),
                          ' ' ORDER BY category)
        FROM unnest(ARRAY['behavioural_health', 'reproductive', 'substance_use', 'hiv']) AS category) || ' END';
    former  name;
BEGIN
    FOR former IN SELECT p.polname FROM pg_policy p
                  WHERE p.polrelid = guarded AND p.polname IN ('care', 'granted', 'own', 'opened', 'opened_in_care') LOOP
        EXECUTE format('DROP POLICY %I ON %s', former, guarded);
    END LOOP;
    EXECUTE format('CREATE POLICY own ON %s FOR %s TO healthtrack_care USING (%s) %s', guarded,
        CASE WHEN own_writes THEN 'ALL' ELSE 'SELECT' END, own, CASE WHEN own_writes THEN format('WITH CHECK (%s)', own) END);
    EXECUTE format('CREATE POLICY care ON %s FOR ALL TO healthtrack_care USING (%s AND %s) WITH CHECK (%2$s)', guarded,
        in_care, plain);
    EXECUTE format('CREATE POLICY granted ON %s FOR SELECT TO healthtrack_care USING (%s AND %s)', guarded, chart, plain);
    EXECUTE format('CREATE POLICY opened ON %s FOR SELECT TO healthtrack_care USING (%s)', guarded, opened);
    EXECUTE format('CREATE POLICY opened_in_care ON %s FOR UPDATE TO healthtrack_care USING (%s AND %s) WITH CHECK (%2$s)',
        guarded, in_care, opened);
END $procedure$;
REVOKE EXECUTE ON PROCEDURE access.keep_apart(regclass,text,boolean) FROM PUBLIC;

-- What an event calls a row of a catalogue: its table and its word, or the MD5 of its code, as a key.
CREATE OR REPLACE FUNCTION access.kept_under(relation text, key text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
RETURN CASE WHEN (key ~ '^[a-z_.]{1,50}$'::text) THEN ((relation || '.'::text) || key) ELSE ((relation || '/'::text) || (md5(key))::uuid) END;
REVOKE EXECUTE ON FUNCTION access.kept_under(text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.kept_under(text,text) TO healthtrack_care;

-- Puts back who acted before access.enter.
CREATE OR REPLACE FUNCTION access.leave(me access.caller)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM set_config('healthtrack.actor', me.former, true);
END $function$;
REVOKE EXECUTE ON FUNCTION access.leave(access.caller) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.leave(access.caller) TO healthtrack_care;

-- Lets administrators keep a table of the directory, and managers what is of their facility there; removable or not.
CREATE OR REPLACE PROCEDURE access.let_keep(IN guarded regclass, IN of_facility boolean, IN removable boolean DEFAULT false)
 LANGUAGE plpgsql
AS $procedure$
DECLARE
    policy  constant text := 'CREATE POLICY %I ON %s FOR %s TO healthtrack_care USING (%s) WITH CHECK (%4$s)';
    managed constant text :=
        '(SELECT access.part()) = ''facility_manager'' AND facility_id = ANY ((SELECT access.own_facilities())::uuid[])';
BEGIN
    EXECUTE format('GRANT INSERT, UPDATE ON %s TO healthtrack_care', guarded);
    IF removable THEN
        EXECUTE format('GRANT DELETE ON %s TO healthtrack_care', guarded);
    END IF;
    EXECUTE format(policy, 'administrator', guarded, 'ALL', '(SELECT access.part()) = ''network_admin''');
    IF of_facility THEN
        EXECUTE format(policy, 'manager', guarded, 'ALL', managed);
    END IF;
END $procedure$;
REVOKE EXECUTE ON PROCEDURE access.let_keep(regclass,boolean,boolean) FROM PUBLIC;

-- Tables in the order in which rows can be deleted: children before those that they refer to.
CREATE OR REPLACE FUNCTION access.order_of_deletion(relations text[])
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    open    text[] := relations;
    ordered text[] := '{}';
    free    text[];
BEGIN
    WHILE cardinality(open) > 0 LOOP
        SELECT array_agg(o.relation ORDER BY o.relation) INTO free FROM unnest(open) AS o (relation)
        WHERE NOT EXISTS (
            SELECT FROM pg_constraint k JOIN unnest(open) AS other (relation) ON k.conrelid = to_regclass(other.relation)
            WHERE k.contype = 'f' AND k.confrelid = to_regclass(o.relation) AND k.conrelid <> k.confrelid);
        IF free IS NULL THEN
            PERFORM access.refuse('tables_refer_in_one_direction', 'Tables that are deleted refer to each other in a circle: empty a column of one.');
        END IF;
        ordered := ordered || free;
        open := ARRAY(SELECT o.relation FROM unnest(open) AS o (relation) WHERE o.relation <> ALL (free));
    END LOOP;
    RETURN ordered;
END $function$;
REVOKE EXECUTE ON FUNCTION access.order_of_deletion(text[]) FROM PUBLIC;

-- Patients who let the actor see one category of sensitive rows or more.
CREATE OR REPLACE FUNCTION access.patients_granted_apart()
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN access.patients_granted('behavioural_health') || access.patients_granted('hiv')
        || access.patients_granted('reproductive') || access.patients_granted('substance_use');
END $function$;
REVOKE EXECUTE ON FUNCTION access.patients_granted_apart() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.patients_granted_apart() TO healthtrack_care;

-- Scopes that guardians of minors have to the end; all others close to them by the age of confidence.
CREATE OR REPLACE FUNCTION access.plain_scopes()
 RETURNS text[]
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ARRAY['chart'::text, 'schedule'::text, 'samples'::text, 'billing'::text];
REVOKE EXECUTE ON FUNCTION access.plain_scopes() FROM PUBLIC;

-- Makes a function of api from its own parts: parameters after the token, result, body (which sets answer, or returns rows), comment, and for a reading one the expression of the kind of look that it needs.
CREATE OR REPLACE PROCEDURE access.publish(IN name text, IN parameters text, IN result text, IN body text, IN comment text, IN look text DEFAULT NULL::text)
 LANGUAGE plpgsql
AS $procedure$
DECLARE
    is_table constant boolean := result ~* '^(TABLE|SETOF)\M';
    taken    constant text := concat_ws(', ', 'token text', CASE WHEN look IS NOT NULL THEN 'look uuid, patient uuid' END,
                                        nullif(parameters, ''));
    line_end constant text := chr(10);
    made     regprocedure;
BEGIN
    -- What is checked at the end of a transaction is checked at the end of each function, so that its refusal is put into a
    -- sentence, too.
    EXECUTE format($template$
CREATE FUNCTION api.%1$I(%2$s) RETURNS %3$s
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on
    SET client_min_messages = warning SET standard_conforming_strings = on SET transform_null_equals = off
    SET timezone = 'UTC' SET datestyle = 'ISO, MDY' AS $api$
#variable_conflict use_column
DECLARE
    me      access.caller;
%4$s    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
%5$s    %6$s
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
%7$sEXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $api$
$template$,
        name, taken, result,
        CASE WHEN is_table OR result = 'void' THEN '' ELSE format('    answer  %s;', result) || line_end END,
        CASE WHEN look IS NOT NULL
             THEN format('    PERFORM access.check_look(me, look, patient, %s);', look) || line_end ELSE '' END,
        btrim(body, ' ' || line_end),
        CASE WHEN is_table OR result = 'void' THEN '' ELSE '    RETURN answer;' || line_end END);
    SELECT p.oid INTO STRICT made FROM pg_proc p
    WHERE p.pronamespace = 'api'::regnamespace AND p.proname = publish.name;
    EXECUTE format('COMMENT ON FUNCTION %s IS %L', made, comment);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', made);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO healthtrack_portal', made);
    -- To own a function a role needs CREATE on its schema at that moment, and never again.
    GRANT CREATE ON SCHEMA api TO healthtrack_care;
    EXECUTE format('ALTER FUNCTION %s OWNER TO healthtrack_care', made);
    REVOKE CREATE ON SCHEMA api FROM healthtrack_care;
END $procedure$;
REVOKE EXECUTE ON PROCEDURE access.publish(text,text,text,text,text,text) FROM PUBLIC;

-- People who took a substance in a year that is over, and how many took it as they should.
CREATE OR REPLACE FUNCTION access.quality_adherence(year integer)
 RETURNS TABLE(ingredient text, patients bigint, adherent_rate numeric)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT a.ingredient, care.safe_count(count(DISTINCT a.patient_id)),
           care.safe_rate(count(DISTINCT a.patient_id) FILTER (WHERE a.adherent), count(DISTINCT a.patient_id))
    FROM care.adherence(daterange(make_date(year, 1, 1), make_date(year + 1, 1, 1))) a
    WHERE (SELECT access.is_analyst()) AND year < extract(year FROM now())
    GROUP BY a.ingredient HAVING count(DISTINCT a.patient_id) >= 11
$function$;
REVOKE EXECUTE ON FUNCTION access.quality_adherence(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.quality_adherence(integer) TO healthtrack_care;

-- People who took anything in a year that is over, of a facility (no provider) and of each provider there, and how many took all of it as they should.
CREATE OR REPLACE FUNCTION access.quality_adherence_seen(facility uuid, year integer)
 RETURNS TABLE(facility_id uuid, provider_id uuid, patients bigint, adherent_rate numeric)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT v.facility_id, v.provider_id, care.safe_count(count(DISTINCT v.patient_id)),
           care.safe_rate(count(DISTINCT v.patient_id) FILTER (WHERE p.took_all), count(DISTINCT v.patient_id))
    FROM (SELECT a.patient_id, bool_and(a.adherent) AS took_all
          FROM care.adherence(daterange(make_date(year, 1, 1), make_date(year + 1, 1, 1))) a GROUP BY a.patient_id) AS p
    JOIN access.seen_at(facility, make_date(year, 1, 1), make_date(year + 1, 1, 1)) AS v USING (patient_id)
    WHERE (SELECT access.is_analyst()) AND year < extract(year FROM now())
    GROUP BY GROUPING SETS ((v.facility_id), (v.facility_id, v.provider_id))
    HAVING count(DISTINCT v.patient_id) >= 11
       AND (grouping(v.provider_id) = 1 OR (SELECT access.part()) IS DISTINCT FROM 'analyst')
$function$;
REVOKE EXECUTE ON FUNCTION access.quality_adherence_seen(uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.quality_adherence_seen(uuid,integer) TO healthtrack_care;

-- Why the actor may see this scope of a patient's record: own, in_care or granted; null where not.
CREATE OR REPLACE FUNCTION access.reason_to_see(patient_id uuid, scope text)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT CASE WHEN reason_to_see.patient_id = ANY (access.own_patients()) THEN 'own'
                WHEN reason_to_see.patient_id = ANY (access.patients_in_care()) THEN 'in_care'
                WHEN reason_to_see.patient_id = ANY (access.patients_granted(scope)) THEN 'granted' END
$function$;
REVOKE EXECUTE ON FUNCTION access.reason_to_see(uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.reason_to_see(uuid,text) TO healthtrack_care;

-- For each foreign key of a table to another, when a row c of the one refers to a row p of the other.
CREATE OR REPLACE FUNCTION access.reference(child regclass, parent regclass, c text DEFAULT 'c'::text, p text DEFAULT 'p'::text)
 RETURNS TABLE(condition text)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT (SELECT string_agg(format('%s.%I = %s.%I', c, own.attname, p, other.attname), ' AND ' ORDER BY k.place)
            FROM unnest(f.conkey, f.confkey) WITH ORDINALITY AS k (own, other, place)
            JOIN pg_attribute own ON own.attrelid = f.conrelid AND own.attnum = k.own
            JOIN pg_attribute other ON other.attrelid = f.confrelid AND other.attnum = k.other)
    FROM pg_constraint f
    WHERE f.contype = 'f' AND f.conparentid = 0 AND f.conrelid = reference.child AND f.confrelid = reference.parent ORDER BY f.conname
$function$;
REVOKE EXECUTE ON FUNCTION access.reference(regclass,regclass,text,text) FROM PUBLIC;

-- Refuses with a rule's name and a sentence for a person.
CREATE OR REPLACE FUNCTION access.refuse(rule text, sentence text)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = rule, MESSAGE = sentence;
END $function$;

-- Refuses without a word of whether it is taken or not theirs who asks.
CREATE OR REPLACE FUNCTION access.refuse_unsaid()
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- The sentence of what row-level security refuses: a login may be anybody's address, and tells who has an account.
    PERFORM access.refuse('row_is_within_rights', 'This is taken already, or not yours to see or change: ask the front desk.');
END $function$;
REVOKE EXECUTE ON FUNCTION access.refuse_unsaid() FROM PUBLIC;

-- Gives a partition of the audit, and its indexes, another name.
CREATE OR REPLACE FUNCTION access.rename_audit_partition(old text, new text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    own record;
BEGIN
    EXECUTE format('ALTER TABLE access.%I RENAME TO %I', old, new);
    -- The names of its indexes must be free in a database that it is restored into.
    FOR own IN SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
               WHERE i.indrelid = format('access.%I', new)::regclass LOOP
        EXECUTE format('ALTER INDEX access.%I RENAME TO %I', own.relname,
                       new || regexp_replace(own.relname, '^audit_event_(now|next)(_.*[a-z])[0-9]*$', '\2'));
    END LOOP;
END $function$;
REVOKE EXECUTE ON FUNCTION access.rename_audit_partition(text,text) FROM PUBLIC;

-- Takes from PUBLIC what lets a login of this database disturb or watch others: CONNECT and TEMPORARY (as the owner), and statistics, locks and signals (as a superuser); once for each copy of it.
CREATE OR REPLACE PROCEDURE access.restrict_database()
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $procedure$
DECLARE
    routine regprocedure;
BEGIN
    IF (SELECT pg_has_role(d.datdba, 'USAGE') FROM pg_database d WHERE d.datname = current_database()) THEN
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO healthtrack_ingest, healthtrack_roller, healthtrack_portal,
            healthtrack_sign_in, healthtrack_analyst, healthtrack_auditor, healthtrack_migrator', current_database());
        EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
        EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO healthtrack_roller', current_database());
    ELSE
        RAISE NOTICE 'who owns the database has to run: CALL access.restrict_database()';
    END IF;
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RAISE NOTICE 'a superuser has to run as well: CALL access.restrict_database()';
        RETURN;
    END IF;
    FOR routine IN
        SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND p.proname ~ '^(pg_stat_get_|pg_lock_status|pg_blocking_pids|pg_safe_snapshot_blocking_pids'
                          '|pg_terminate_backend|pg_cancel_backend|pg_(try_)?advisory_|lo_|lowrite|loread|be_lo_|pg_notify)'
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO pg_monitor, healthtrack_ingest, healthtrack_roller,
                        healthtrack_care, healthtrack_auditor, healthtrack_migrator', routine);
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', routine);
    END LOOP;
END $procedure$;
REVOKE EXECUTE ON PROCEDURE access.restrict_database() FROM PUBLIC;

-- True where each statement sees what was committed before it, so that what was taken back is seen to be.
CREATE OR REPLACE FUNCTION access.sees_newest()
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (current_setting('transaction_isolation'::text) = ANY (ARRAY['read committed'::text, 'read uncommitted'::text]));
REVOKE EXECUTE ON FUNCTION access.sees_newest() FROM PUBLIC;

-- The sentence of a broken rule; null where it must not be told from a missing right.
CREATE OR REPLACE FUNCTION access.sentence_of(failure access.failure)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH rule AS (
        SELECT coalesce(obj_description(k.oid, 'pg_constraint'),
                        (SELECT obj_description(g.oid, 'pg_trigger') FROM pg_trigger g
                         WHERE k.contype = 't' AND g.tgrelid = k.conrelid AND g.tgconstraint = k.oid)) AS comment,
               k.conrelid AS relation, CASE WHEN k.contype = 'u' THEN k.conkey END AS unique_columns,
               CASE WHEN k.contype = 'x' THEN k.conkey END AS excluding_columns
        FROM pg_constraint k
        LEFT JOIN pg_class c ON c.oid = k.conrelid
        LEFT JOIN pg_type t ON t.oid = k.contypid
        WHERE k.conname = failure.rule AND k.connamespace = to_regnamespace(quote_ident(failure.schema_name))
          AND coalesce(c.relname, t.typname) = coalesce(nullif(failure.table_name, ''), failure.type_name)
        UNION ALL
        SELECT obj_description(x.oid, 'pg_class'), i.indrelid, i.indkey::smallint[], NULL
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indisunique AND x.relname = failure.rule
          AND x.relnamespace = to_regnamespace(quote_ident(failure.schema_name))
          AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid)
    )
    -- A unique key over rows of patients in which no made-up key (uuid) stands, as a number of insurance, is an oracle;
    -- so is what a patient may not have twice at one time, at whichever facility.
    SELECT CASE WHEN NOT (
               failure.schema_name = 'care' AND rule.unique_columns IS NOT NULL
               AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rule.relation AND a.attname = 'patient_id')
               AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rule.relation
                               AND a.attnum = ANY (rule.unique_columns) AND a.atttypid = 'uuid'::regtype)
           ) AND NOT (
               failure.schema_name = 'care' AND rule.excluding_columns IS NOT NULL
               AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rule.relation AND a.attname = 'facility_id')
               AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rule.relation AND a.attname = 'patient_id'
                           AND a.attnum = ANY (rule.excluding_columns))
               AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rule.relation AND a.attname = 'facility_id'
                               AND a.attnum = ANY (rule.excluding_columns))
           ) THEN coalesce(rule.comment, 'This breaks a rule of the record.') END
    FROM rule LIMIT 1
$function$;
REVOKE EXECUTE ON FUNCTION access.sentence_of(access.failure) FROM PUBLIC;

-- Lets erasures past each trigger of persons' tables that refuses a change or keeps what was; called again after such tables are made.
CREATE OR REPLACE PROCEDURE access.spare_erasures()
 LANGUAGE plpgsql
AS $procedure$
DECLARE
    rule record;
    made text;
BEGIN
    FOR rule IN SELECT u.definition FROM access.unspared() AS u LOOP
        made := regexp_replace(rule.definition, '^CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER');
        IF made ~ ' WHEN \(' THEN
            made := regexp_replace(made, ' WHEN \((.*)\) EXECUTE FUNCTION ', ' WHEN ((NOT access.erasing()) AND (\1)) EXECUTE FUNCTION ');
        ELSE
            made := regexp_replace(made, ' EXECUTE FUNCTION ', ' WHEN (NOT access.erasing()) EXECUTE FUNCTION ');
        END IF;
        EXECUTE made;
    END LOOP;
END $procedure$;
REVOKE EXECUTE ON PROCEDURE access.spare_erasures() FROM PUBLIC;

-- Deletes rows of a table with their parts, or empties them, past the rules of change; gives how many.
CREATE OR REPLACE FUNCTION access.take_expired(relation text, rows tid[], persons uuid[], at_end text)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    done bigint;
BEGIN
    PERFORM access.begin_erasing();
    IF at_end = 'delete' THEN
        done := access.take_with_parts(relation, rows, persons);
    ELSE
        EXECUTE format('UPDATE %s p SET %s WHERE p.ctid = ANY ($1)', relation, (access.emptied(relation)).becomes) USING rows;
        GET DIAGNOSTICS done = ROW_COUNT;
    END IF;
    PERFORM access.end_erasing();
    RETURN done;
END $function$;
REVOKE EXECUTE ON FUNCTION access.take_expired(text,tid[],uuid[],text) FROM PUBLIC;

-- Some words as one, of letters and at most 60, as an event has them.
CREATE OR REPLACE FUNCTION access.word_of(words text)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE
RETURN "left"(btrim(regexp_replace(lower(words), '[^a-z_]+'::text, '_'::text, 'g'::text), '_'::text), 60);
REVOKE EXECUTE ON FUNCTION access.word_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.word_of(text) TO healthtrack_care;

-- Lets an account read and act for a patient: appointed by the patient, or by staff that has seen the document; gives the key.
CREATE OR REPLACE FUNCTION api.appoint_proxy(token text, patient uuid, to_account uuid, related_person uuid, kind text, document text, jurisdiction text, scopes text[], acts text[], until timestamp with time zone)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.appoint_proxy(me, patient, to_account, related_person, kind, document, jurisdiction, scopes, acts, until);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.appoint_proxy(text,uuid,uuid,uuid,text,text,text,text[],text[],timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.appoint_proxy(text,uuid,uuid,uuid,text,text,text,text[],text[],timestamp with time zone) TO healthtrack_portal;

-- Opens one patient's record to the acting provider for 60 minutes from when this is committed, audited and to be reviewed; gives the end.
CREATE OR REPLACE FUNCTION api.break_glass(token text, patient uuid, reason text)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  timestamptz;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.break_glass(patient, reason);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.break_glass(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.break_glass(text,uuid,text) TO healthtrack_portal;

-- What would speak against a drug for a patient, the worst first, and what no list knows, as kind not_judged.
CREATE OR REPLACE FUNCTION api.check_medication(token text, look uuid, patient uuid, medication uuid, dose_quantity double precision, dose_unit text, times smallint, per_amount double precision, per_unit text)
 RETURNS TABLE(kind text, severity text, about text, effect text, other_prescription_id uuid, medication_statement_id uuid, allergy_id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'issues');
    RETURN QUERY SELECT i.kind, i.severity, i.about, i.effect, i.other_prescription_id, i.medication_statement_id, i.allergy_id
    FROM care.detect_issues(patient, medication, check_medication.dose_quantity::numeric, check_medication.dose_unit,
        check_medication.times, check_medication.per_amount::numeric, check_medication.per_unit) i
    ORDER BY array_position('{high,moderate,low}', i.severity), i.kind, i.about LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.check_medication(text,uuid,uuid,uuid,double precision,text,smallint,double precision,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.check_medication(text,uuid,uuid,uuid,double precision,text,smallint,double precision,text) TO healthtrack_portal;

-- Takes one of those found in the place of registering anew; gives the patient's key, which opens nothing by itself.
CREATE OR REPLACE FUNCTION api.choose_match(token text, proposal uuid, match uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.choose_match(me, proposal, match);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.choose_match(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.choose_match(text,uuid,uuid) TO healthtrack_portal;

-- Opens the account that another administrator has proposed; its key.
CREATE OR REPLACE FUNCTION api.confirm_account(token text, account_proposal uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.decide_account(me, account_proposal, true);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.confirm_account(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.confirm_account(text,uuid) TO healthtrack_portal;

-- People who took a substance in a year, and how many of them as they should; cells of 11 or more.
CREATE OR REPLACE FUNCTION api.count_adherence(token text, look uuid, patient uuid, year integer)
 RETURNS TABLE(ingredient text, patients bigint, adherent_rate double precision)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'quality_adherence');
    PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.ingredient, q.patients, q.adherent_rate::float8 FROM access.quality_adherence(count_adherence.year) q
    ORDER BY q.ingredient LIMIT 2000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.count_adherence(text,uuid,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.count_adherence(text,uuid,uuid,integer) TO healthtrack_portal;

-- People who took anything in a year by where and by whom they were seen, and how many took all of it as they should; cells of 11 or more.
CREATE OR REPLACE FUNCTION api.count_adherence_seen(token text, look uuid, patient uuid, facility uuid, year integer)
 RETURNS TABLE(facility_id uuid, provider_id uuid, patients bigint, adherent_rate double precision)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'quality_adherence');
    PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.facility_id, q.provider_id, q.patients, q.adherent_rate::float8
    FROM access.quality_adherence_seen(facility, count_adherence_seen.year) q
    ORDER BY q.facility_id, q.provider_id NULLS FIRST LIMIT 2000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.count_adherence_seen(text,uuid,uuid,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.count_adherence_seen(text,uuid,uuid,uuid,integer) TO healthtrack_portal;

-- How many visits the days of the own facility have, as its manager sees them.
CREATE OR REPLACE FUNCTION api.count_days(token text, look uuid, patient uuid, facility uuid, first_on date, stop_on date)
 RETURNS TABLE(day date, booked bigint, completed bigint, cancelled bigint, missed bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'day_counts');
    RETURN QUERY SELECT * FROM access.count_days(me, facility, first_on, stop_on);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.count_days(text,uuid,uuid,uuid,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.count_days(text,uuid,uuid,uuid,date,date) TO healthtrack_portal;

-- People who came to a wellness centre or a session by month, and how many attended a session; cells of 11 or more.
CREATE OR REPLACE FUNCTION api.count_engagement(token text, look uuid, patient uuid, facility uuid, first_month date, stop_month date)
 RETURNS TABLE(facility_id uuid, month date, members bigint, attended_rate double precision)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'quality_engagement');
    PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.facility_id, q.month, q.members, q.attended_rate::float8 FROM access.quality_engagement() q
    WHERE (facility IS NULL OR q.facility_id = facility) AND q.month >= first_month AND q.month < stop_month
    ORDER BY q.month DESC, q.facility_id LIMIT 2000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.count_engagement(text,uuid,uuid,uuid,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.count_engagement(text,uuid,uuid,uuid,date,date) TO healthtrack_portal;

-- People who were seen at a facility by age and sex; cells of 11 or more.
CREATE OR REPLACE FUNCTION api.count_patients(token text, look uuid, patient uuid, facility uuid)
 RETURNS TABLE(facility_id uuid, age_band text, sex text, patients bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'quality_patients');
    PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.facility_id, q.age_band, q.sex, q.patients FROM access.quality_patients() q
    WHERE facility IS NULL OR q.facility_id = facility ORDER BY q.facility_id, q.age_band, q.sex LIMIT 2000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.count_patients(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.count_patients(text,uuid,uuid,uuid) TO healthtrack_portal;

-- People who took part in programmes that have ended, and how many completed them or withdrew; cells of 11 or more.
CREATE OR REPLACE FUNCTION api.count_programme_outcomes(token text, look uuid, patient uuid, facility uuid)
 RETURNS TABLE(programme_id uuid, facility_id uuid, title text, patients bigint, completed_rate double precision, withdrawn_rate double precision)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'quality_programmes');
    PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.programme_id, q.facility_id, q.title, q.patients, q.completed_rate::float8, q.withdrawn_rate::float8
    FROM access.quality_programmes() q WHERE facility IS NULL OR q.facility_id = facility
    ORDER BY q.title, q.programme_id LIMIT 2000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.count_programme_outcomes(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.count_programme_outcomes(text,uuid,uuid,uuid) TO healthtrack_portal;

-- People who were discharged by year, facility and attending provider, and how many came back within 30 days; cells of 11 or more.
CREATE OR REPLACE FUNCTION api.count_readmissions(token text, look uuid, patient uuid, facility uuid)
 RETURNS TABLE(facility_id uuid, provider_id uuid, year integer, patients bigint, readmitted_rate double precision)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'quality_readmissions');
    PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.facility_id, q.provider_id, q.year, q.patients, q.readmitted_rate::float8
    FROM access.quality_readmissions() q WHERE facility IS NULL OR q.facility_id = facility
    ORDER BY q.year DESC, q.facility_id, q.provider_id NULLS FIRST LIMIT 2000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.count_readmissions(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.count_readmissions(text,uuid,uuid,uuid) TO healthtrack_portal;

-- People seen at a facility whose glucose was measured in a month, and how many were in range for more than 70 % of the time, by provider; cells of 11 or more.
CREATE OR REPLACE FUNCTION api.count_time_in_range(token text, look uuid, patient uuid, facility uuid, month date)
 RETURNS TABLE(facility_id uuid, provider_id uuid, patients bigint, in_range_rate double precision)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'quality_samples');
    PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.facility_id, q.provider_id, q.patients, q.in_range_rate::float8
    FROM access.quality_time_in_range(facility, count_time_in_range.month) q
    ORDER BY q.facility_id, q.provider_id NULLS FIRST LIMIT 2000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.count_time_in_range(text,uuid,uuid,uuid,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.count_time_in_range(text,uuid,uuid,uuid,date) TO healthtrack_portal;

-- People with visits by month, facility and provider, and how many did not come or cancelled; cells of 11 or more.
CREATE OR REPLACE FUNCTION api.count_visits(token text, look uuid, patient uuid, facility uuid, first_month date, stop_month date)
 RETURNS TABLE(facility_id uuid, provider_id uuid, month date, patients bigint, missed_rate double precision, cancelled_rate double precision)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'quality_visits');
    PERFORM access.check_quality(me);
    RETURN QUERY SELECT q.facility_id, q.provider_id, q.month, q.patients, q.missed_rate::float8, q.cancelled_rate::float8
    FROM access.quality_visits() q
    WHERE (facility IS NULL OR q.facility_id = facility) AND q.month >= first_month AND q.month < stop_month
    ORDER BY q.month DESC, q.facility_id, q.provider_id NULLS FIRST LIMIT 2000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.count_visits(text,uuid,uuid,uuid,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.count_visits(text,uuid,uuid,uuid,date,date) TO healthtrack_portal;

-- Grants or refuses a request, as the privacy officer; none is granted under legal hold.
CREATE OR REPLACE FUNCTION api.decide_erasure(token text, erasure_request uuid, granted boolean, reason text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.decide_erasure(me, erasure_request, granted, reason);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.decide_erasure(text,uuid,boolean,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.decide_erasure(text,uuid,boolean,text) TO healthtrack_portal;

-- Disables an account that the caller keeps; its sessions end at once.
CREATE OR REPLACE FUNCTION api.disable_account(token text, account uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.disable_account(me, account);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.disable_account(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.disable_account(text,uuid) TO healthtrack_portal;

-- Disables the account of a patient at the own desk; its sessions end at once.
CREATE OR REPLACE FUNCTION api.disable_patient_account(token text, patient uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.disable_patient_account(me, patient);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.disable_patient_account(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.disable_patient_account(text,uuid) TO healthtrack_portal;

-- Enables an account again that the caller keeps.
CREATE OR REPLACE FUNCTION api.enable_account(token text, account uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.enable_account(me, account);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.enable_account(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.enable_account(text,uuid) TO healthtrack_portal;

-- Ends a proxy, whose next statement sees nothing.
CREATE OR REPLACE FUNCTION api.end_proxy(token text, proxy uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.end_proxy(me, proxy);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.end_proxy(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.end_proxy(text,uuid) TO healthtrack_portal;

-- Ends a request to be registered at a facility of the acting desk, once: its person was registered, or is not.
CREATE OR REPLACE FUNCTION api.end_registration(token text, request uuid, registered boolean)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.end_registration(me, request, registered);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.end_registration(text,uuid,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.end_registration(text,uuid,boolean) TO healthtrack_portal;

-- Ends a session of the acting account before its time; audited.
CREATE OR REPLACE FUNCTION api.end_session(token text, session uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.end_own_session(me, session);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.end_session(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.end_session(text,uuid) TO healthtrack_portal;

-- Ends all sessions of an account that the caller keeps; how many.
CREATE OR REPLACE FUNCTION api.end_sessions(token text, account uuid)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  integer;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.end_sessions(me, account);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.end_sessions(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.end_sessions(text,uuid) TO healthtrack_portal;

-- Open times of a provider at a facility, for visits of so many minutes or of a kind; for visits by video with the patient for whom.
CREATE OR REPLACE FUNCTION api.find_open_slots(token text, provider uuid, facility uuid, since timestamp with time zone, until timestamp with time zone, minutes integer, video_for uuid DEFAULT NULL::uuid, appointment_type text DEFAULT NULL::text)
 RETURNS TABLE(starts_at timestamp with time zone, ends_at timestamp with time zone, for_all_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY SELECT s.starts_at, s.ends_at, s.for_all_at
    FROM care.open_slots(provider, facility, since, until, minutes, video_for, appointment_type) s;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.find_open_slots(text,uuid,uuid,timestamp with time zone,timestamp with time zone,integer,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.find_open_slots(text,uuid,uuid,timestamp with time zone,timestamp with time zone,integer,uuid,text) TO healthtrack_portal;

-- Joins a record to another of the same person, which goes on; nothing is moved; gives the link.
CREATE OR REPLACE FUNCTION api.join_records(token text, patient uuid, survivor uuid, reason text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.join_records(me, patient, survivor, reason);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.join_records(text,uuid,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.join_records(text,uuid,uuid,text) TO healthtrack_portal;

-- Keeps a row of the record (condition, encounter, procedure, medication_statement, prescription, lab_order, lab_result, imaging_study or clinical_report) apart by a category, with its parts and former versions; for its author, and never taken back.
CREATE OR REPLACE FUNCTION api.keep_apart(token text, patient uuid, relation text, row_id uuid, sensitivity text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM care.raise_sensitivity(patient, relation, row_id, sensitivity);
    PERFORM access.note(me, 'update', patient, 'care.' || relation || '/' || row_id);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_apart(text,uuid,text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_apart(text,uuid,text,uuid,text) TO healthtrack_portal;

-- Accounts that were proposed, for administrators, the newest 200.
CREATE OR REPLACE FUNCTION api.list_account_proposals(token text, look uuid, patient uuid)
 RETURNS TABLE(account_proposal_id uuid, part text, login text, proposed_by uuid, proposed_at timestamp with time zone, until_at timestamp with time zone, outcome text, decided_by uuid, decided_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'account_proposals');
    RETURN QUERY SELECT * FROM access.proposals_of_accounts(me);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_account_proposals(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_account_proposals(text,uuid,uuid) TO healthtrack_portal;

-- Accounts that the caller keeps, by login, 200 at most: with how many sessions stand.
CREATE OR REPLACE FUNCTION api.list_accounts(token text, look uuid, patient uuid, of_part text, facility uuid, after_login text, rows_max integer)
 RETURNS TABLE(account_id uuid, part text, login text, facility_id uuid, provider_id uuid, disabled_at timestamp with time zone, version integer, sessions bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'accounts');
    RETURN QUERY SELECT * FROM access.accounts_kept(me, of_part, list_accounts.facility, after_login, rows_max);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_accounts(text,uuid,uuid,text,uuid,text,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_accounts(text,uuid,uuid,text,uuid,text,integer) TO healthtrack_portal;

-- For whom whoever acts may read and act, and what, until when: keys and no names, 200 at most.
CREATE OR REPLACE FUNCTION api.list_represented(token text)
 RETURNS TABLE(proxy uuid, patient uuid, kind text, scopes text[], acts text[], until_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY SELECT * FROM access.proxies_held();
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_represented(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_represented(text) TO healthtrack_portal;

-- The acting account's sessions that stand, the newest first.
CREATE OR REPLACE FUNCTION api.list_sessions(token text)
 RETURNS TABLE(session uuid, began_at timestamp with time zone, seen_at timestamp with time zone, ends_at timestamp with time zone, is_this boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY SELECT * FROM access.own_sessions(me);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_sessions(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_sessions(text) TO healthtrack_portal;

-- Visits at the acting biller's facility that wait for an invoice, the newest first, or that are to come, the next first; 500 at most.
CREATE OR REPLACE FUNCTION api.list_visits_to_bill(token text, look uuid, patient uuid, coming boolean, after_starts timestamp with time zone, after_visit uuid, rows_max integer)
 RETURNS TABLE(appointment_id uuid, patient_id uuid, starts_at timestamp with time zone, status text, mode text, kind text, provider_name text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'due_invoices');
    RETURN QUERY
    SELECT v.appointment_id, v.patient_id, v.starts_at, v.status, v.mode, v.kind, v.provider_name
    FROM access.visits_to_bill(NULL, coming, after_starts, after_visit, rows_max) v WHERE patient IS NULL;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_visits_to_bill(text,uuid,uuid,boolean,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_visits_to_bill(text,uuid,uuid,boolean,timestamp with time zone,uuid,integer) TO healthtrack_portal;

-- A key for a row whose text is encrypted before it is stored, and bound to the key.
CREATE OR REPLACE FUNCTION api.make_key(token text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := gen_random_uuid();
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.make_key(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.make_key(text) TO healthtrack_portal;

-- Lets an account that the caller keeps set its password by a one-time link, for 24 hours and in the place of an earlier one; when it ends.
CREATE OR REPLACE FUNCTION api.make_password_link(token text, account uuid, token_hash bytea)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  timestamptz;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.make_password_link(me, account, token_hash);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.make_password_link(text,uuid,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.make_password_link(text,uuid,bytea) TO healthtrack_portal;

-- Lets a patient who came to the own desk set the first password by a one-time link, for 24 hours and in the place of an earlier one; when it ends.
CREATE OR REPLACE FUNCTION api.make_patient_link(token text, patient uuid, token_hash bytea)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  timestamptz;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.make_patient_link(me, patient, token_hash);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.make_patient_link(text,uuid,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.make_patient_link(text,uuid,bytea) TO healthtrack_portal;

-- Moves an account to another facility, for an administrator; its sessions end at once.
CREATE OR REPLACE FUNCTION api.move_account(token text, account uuid, known_version integer, facility uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.move_account(me, account, known_version, facility);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.move_account(text,uuid,integer,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.move_account(text,uuid,integer,uuid) TO healthtrack_portal;

-- Opens an account: an administrator of every part but patient, a manager for the own desk and billers; its key.
CREATE OR REPLACE FUNCTION api.open_account(token text, of_part text, login text, facility uuid, provider uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.open_account(me, of_part, login, facility, provider);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.open_account(text,text,text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.open_account(text,text,text,uuid,uuid) TO healthtrack_portal;

-- Opens the account of a patient who came to the own desk, or enables by its login what another disabled; its key.
CREATE OR REPLACE FUNCTION api.open_patient_account(token text, patient uuid, login text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.open_patient_account(me, patient, login);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.open_patient_account(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.open_patient_account(text,uuid,text) TO healthtrack_portal;

-- Proposes a privacy officer or an administrator, for another administrator to confirm within three days; the key.
CREATE OR REPLACE FUNCTION api.propose_account(token text, of_part text, login text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.propose_account(me, of_part, login);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.propose_account(text,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.propose_account(text,text,text) TO healthtrack_portal;

-- Keeps a person for the registration that follows within five minutes, in another transaction; gives the proposal's key.
CREATE OR REPLACE FUNCTION api.propose_patient(token text, person jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.propose_patient(me, person);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.propose_patient(text,jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.propose_patient(text,jsonb) TO healthtrack_portal;

-- The account that the session belongs to, and whom it stands for.
CREATE OR REPLACE FUNCTION api.read_account(token text)
 RETURNS TABLE(account_id uuid, part text, patient_id uuid, provider_id uuid, facility_id uuid)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY SELECT * FROM access.own_account();
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_account(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_account(text) TO healthtrack_portal;

-- How many days of treatment were covered by fills, of one patient or of all whom the account may see.
CREATE OR REPLACE FUNCTION api.read_adherence(token text, look uuid, patient uuid, from_on date, before_on date)
 RETURNS TABLE(patient_id uuid, ingredient text, fills bigint, treatment_days integer, covered_days integer, pdc double precision, adherent boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'adherence');
    RETURN QUERY SELECT a.patient_id, a.ingredient, a.fills, a.treatment_days, a.covered_days, a.pdc::float8, a.adherent
    FROM care.adherence(daterange(from_on, before_on), patient) a ORDER BY a.patient_id, a.ingredient;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_adherence(text,uuid,uuid,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_adherence(text,uuid,uuid,date,date) TO healthtrack_portal;

-- Rates of adherence of all patients whom the account may see.
CREATE OR REPLACE FUNCTION api.read_adherence_rates(token text, look uuid, patient uuid, from_on date, before_on date)
 RETURNS TABLE(ingredient text, n bigint, hits bigint, rate double precision, rate_low double precision, rate_high double precision)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'adherence');
    RETURN QUERY SELECT a.ingredient, a.n, a.adherent, a.rate::float8, a.rate_low::float8, a.rate_high::float8
    FROM care.adherence_summary(daterange(from_on, before_on)) a WHERE patient IS NULL ORDER BY a.ingredient;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_adherence_rates(text,uuid,uuid,date,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_adherence_rates(text,uuid,uuid,date,date) TO healthtrack_portal;

-- Rules that hold for a patient: the own ones, those of programmes and those for all, 200 at most.
CREATE OR REPLACE FUNCTION api.read_alert_rules(token text, look uuid, patient uuid)
 RETURNS TABLE(alert_rule_id uuid, lineage_id uuid, edition integer, holds_for text, title text, metric text, loinc text, comparator text, threshold double precision, unit text, lasting interval, severity text, tells text[])
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'alerts');
    RETURN QUERY SELECT r.alert_rule_id, r.lineage_id, r.edition,
        CASE WHEN r.patient_id IS NOT NULL THEN 'patient' WHEN r.programme_id IS NOT NULL THEN 'programme' ELSE 'all' END,
        r.title, r.metric, r.loinc, r.comparator, r.threshold, r.unit, r.lasting, r.severity, r.tells
    FROM care.alert_rules_of(patient) r ORDER BY r.title, r.alert_rule_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_alert_rules(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_alert_rules(text,uuid,uuid) TO healthtrack_portal;

-- The last event of each chain of the audit, and how many of its newest fifty are not what they should be; for the privacy officer.
CREATE OR REPLACE FUNCTION api.read_audit_chains(token text, look uuid, patient uuid)
 RETURNS TABLE(chain smallint, seq bigint, at timestamp with time zone, hash text, checked bigint, wrong bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'audit');
    RETURN QUERY SELECT c.* FROM access.ends_of_chains() c WHERE patient IS NULL;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_audit_chains(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_audit_chains(text,uuid,uuid) TO healthtrack_portal;

-- Who cares for the acting patient at this moment, why and until when, 200 at most.
CREATE OR REPLACE FUNCTION api.read_care_team(token text, look uuid, patient uuid)
 RETURNS TABLE(provider_id uuid, name text, basis text, from_at timestamp with time zone, until_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'sharing');
    RETURN QUERY SELECT * FROM access.care_team_of(patient);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_care_team(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_care_team(text,uuid,uuid) TO healthtrack_portal;

-- One series of a LOINC code or metric in [from, to), ten years at most: results and observations as they stand and days of the devices worn, by time, each with its source, unit and status, 20,000 at most.
CREATE OR REPLACE FUNCTION api.read_chart_series(token text, look uuid, patient uuid, code text, "from" timestamp with time zone, "to" timestamp with time zone, rows_max integer)
 RETURNS TABLE(source text, observed_at timestamp with time zone, ended_at timestamp with time zone, loinc text, metric text, value double precision, lowest double precision, highest double precision, unit text, told_value double precision, told_unit text, comparator text, statistic text, count bigint, interpretation text, status text, row_id uuid, device text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'chart_series');
    IF ("to" > "from" AND "to" <= "from" + INTERVAL '3660 days') IS NOT TRUE THEN
        PERFORM access.refuse('chart_is_asked_within_bounds', 'Ask for ten years at most.');
    END IF;
    RETURN QUERY SELECT s.* FROM access.chart_codes(code) AS drawn,
        care.chart_series(patient, drawn.loincs, drawn.metrics, "from", "to") AS s LIMIT least(rows_max, 20000);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_chart_series(text,uuid,uuid,text,timestamp with time zone,timestamp with time zone,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_chart_series(text,uuid,uuid,text,timestamp with time zone,timestamp with time zone,integer) TO healthtrack_portal;

-- For whom a desk books: name, birth as far as it is known, and town of a patient who has a visit or waits there, or whom the account registered or found within a day.
CREATE OR REPLACE FUNCTION api.read_desk_person(token text, look uuid, patient uuid)
 RETURNS TABLE(family text, given text[], born_on text, town text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'desk_person');
    RETURN QUERY SELECT d.* FROM access.desk_person(patient) d;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_desk_person(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_desk_person(text,uuid,uuid) TO healthtrack_portal;

-- Requests of a patient, or where no patient is named those of all for the privacy officer; the open ones first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_erasures(token text, look uuid, patient uuid)
 RETURNS TABLE(erasure_request_id uuid, patient_id uuid, requested_at timestamp with time zone, status text, reason text, decided_at timestamp with time zone, decision_reason text, ended_at timestamp with time zone, held boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'erasures');
    RETURN QUERY SELECT * FROM access.erasures_of(me, patient);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_erasures(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_erasures(text,uuid,uuid) TO healthtrack_portal;

-- To whom the acting patient has opened the record, what of it, what for and until when, and what was taken back since, 200 at most.
CREATE OR REPLACE FUNCTION api.read_grants(token text, look uuid, patient uuid)
 RETURNS TABLE(grant_of_access uuid, name text, scopes text[], purpose text, from_at timestamp with time zone, until_at timestamp with time zone, ended_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'sharing');
    RETURN QUERY SELECT * FROM access.grants_of(patient);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_grants(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_grants(text,uuid,uuid) TO healthtrack_portal;

-- Vaccinations that are due for a patient on a day: the next dose of each target, and since when.
CREATE OR REPLACE FUNCTION api.read_immunizations_due(token text, look uuid, patient uuid, on_day date)
 RETURNS TABLE(target text, title text, dose_number smallint, cvx text, due_on date, given integer)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'immunizations_due');
    RETURN QUERY SELECT * FROM care.immunizations_due(patient, on_day);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_immunizations_due(text,uuid,uuid,date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_immunizations_due(text,uuid,uuid,date) TO healthtrack_portal;

-- Which records were joined with this one, and whether the other goes on, the newest first, 100 at most; each is read by the rights to it.
CREATE OR REPLACE FUNCTION api.read_joined_records(token text, look uuid, patient uuid)
 RETURNS TABLE(patient_link uuid, other uuid, goes_on boolean, joined_at timestamp with time zone, reason text, ended_at timestamp with time zone, end_reason text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'joined_records');
    RETURN QUERY SELECT * FROM access.links_of(patient);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_joined_records(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_joined_records(text,uuid,uuid) TO healthtrack_portal;

-- Who may be the person that this session has proposed, the likest first: name, year of birth and town, and how much is alike.
CREATE OR REPLACE FUNCTION api.read_matches(token text, proposal uuid)
 RETURNS TABLE(match uuid, family text, given text[], born_in integer, town text, score numeric, name_part numeric, birth_part numeric, contact_part numeric)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY SELECT * FROM access.matches_of(me, proposal);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_matches(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_matches(text,uuid) TO healthtrack_portal;

-- The newest sample of each metric of a patient.
CREATE OR REPLACE FUNCTION api.read_newest_vitals(token text, look uuid, patient uuid)
 RETURNS TABLE(device text, metric text, title text, measured_at timestamp with time zone, value double precision, code text, unit text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'vitals');
    RETURN QUERY SELECT n.* FROM access.newest_vitals(patient) AS n;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_newest_vitals(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_newest_vitals(text,uuid,uuid) TO healthtrack_portal;

-- Numbers of a patient in full, by a look of their own, 200 at most.
CREATE OR REPLACE FUNCTION api.read_numbers(token text, look uuid, patient uuid)
 RETURNS TABLE(identifier uuid, system text, issuer text, number text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'numbers');
    -- An emergency needs no number of a passport.
    IF NOT (coalesce(patient = ANY (access.own_patients()), false) OR access.sees_whole(patient)) THEN
        PERFORM access.refuse('numbers_are_for_regular_care', 'Numbers are shown to the patient, to regular care and to the desk.');
    END IF;
    RETURN QUERY SELECT * FROM access.numbers_of(patient);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_numbers(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_numbers(text,uuid,uuid) TO healthtrack_portal;

-- The provider whose account acts; null for every other part.
CREATE OR REPLACE FUNCTION api.read_own_provider(token text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.acting_provider();
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_own_provider(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_own_provider(text) TO healthtrack_portal;

-- Login, part, name and time zone of the account that acts, the patient whose account it is, and when the session last proved it.
CREATE OR REPLACE FUNCTION api.read_profile(token text)
 RETURNS TABLE(login text, part text, name text, time_zone text, patient_id uuid, confirmed_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY SELECT * FROM access.own_profile(me);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_profile(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_profile(text) TO healthtrack_portal;

-- Where a row of a patient came from: who last wrote it here and when it was made, and each system that has it, with its name there; none for a row that is not theirs to see.
CREATE OR REPLACE FUNCTION api.read_provenance(token text, look uuid, patient uuid, relation text, "row" uuid)
 RETURNS TABLE(source text, kind text, organisation text, external_id text, first_received_at timestamp with time zone, received_at timestamp with time zone, who text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'provenance');
    RETURN QUERY
    SELECT NULL, 'here', NULL, NULL, seen.made_at, seen.made_at,
           CASE WHEN seen.made_by ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                THEN access.name_of_account(seen.made_by::uuid) ELSE 'program' END
    FROM care.seen_row(patient, relation, "row") AS seen
    UNION ALL
    SELECT e.source, e.kind, e.organisation, e.external_id, e.first_received_at, e.received_at, NULL
    FROM care.seen_row(patient, relation, "row") AS seen, access.external_records(relation, "row") AS e
    ORDER BY 5, 1 NULLS FIRST LIMIT 100;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_provenance(text,uuid,uuid,text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_provenance(text,uuid,uuid,text,uuid) TO healthtrack_portal;

-- Who may and might read and act for a patient, the newest first, 200 at most.
CREATE OR REPLACE FUNCTION api.read_proxies(token text, look uuid, patient uuid)
 RETURNS TABLE(proxy uuid, related_person uuid, kind text, document text, jurisdiction text, scopes text[], acts text[], from_at timestamp with time zone, until_at timestamp with time zone, ended_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'proxies');
    RETURN QUERY SELECT * FROM access.proxies_of(patient);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_proxies(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_proxies(text,uuid,uuid) TO healthtrack_portal;

-- A record on one page; null where there is none for whoever acts.
CREATE OR REPLACE FUNCTION api.read_record(token text, look uuid, patient uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  jsonb;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'record');
    answer := care.record_summary(patient);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_record(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_record(text,uuid,uuid) TO healthtrack_portal;

-- Requests to be registered at the facilities of the acting desk, the oldest first, 500 at most.
CREATE OR REPLACE FUNCTION api.read_registrations(token text, look uuid, patient uuid)
 RETURNS TABLE(request uuid, facility uuid, asked_at timestamp with time zone, expires_at timestamp with time zone, person jsonb)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'registrations');
    IF patient IS NULL THEN
        RETURN QUERY SELECT r.registration_request_id, r.facility_id, r.asked_at, r.expires_at, r.person
        FROM access.registrations_at_desk() AS r;
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_registrations(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_registrations(text,uuid,uuid) TO healthtrack_portal;

-- Hot samples of a patient and metric that begin in [from, to), 400 days and a million at most, from the devices worn at the time.
CREATE OR REPLACE FUNCTION api.read_samples(token text, look uuid, patient uuid, metric text, "from" timestamp with time zone, "to" timestamp with time zone, rows_max integer)
 RETURNS TABLE(start_at timestamp with time zone, end_at timestamp with time zone, value double precision, statistic text, code text, unit text, device_id text, flags text[], utc_offset_minutes smallint, received_at timestamp with time zone, revision bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'samples/' || metric);
    RETURN QUERY SELECT start_at, end_at, value, statistic, code, unit, device_id,
                              flags, utc_offset_minutes, received_at, revision
    FROM access.worn_samples(patient, metric, "from", "to", least(rows_max, 1000000));
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_samples(text,uuid,uuid,text,timestamp with time zone,timestamp with time zone,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_samples(text,uuid,uuid,text,timestamp with time zone,timestamp with time zone,integer) TO healthtrack_portal;

-- One visit at the acting biller's facility: what a bill needs of it, the code that is usual for it, and its invoice where it has one.
CREATE OR REPLACE FUNCTION api.read_visit_to_bill(token text, look uuid, patient uuid, appointment uuid)
 RETURNS TABLE(appointment_id uuid, patient_id uuid, starts_at timestamp with time zone, status text, mode text, kind text, provider_name text, served_on date, facility_id uuid, usual_code text, invoice_id uuid, is_chargeable boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'due_invoices');
    RETURN QUERY
    SELECT v.appointment_id, v.patient_id, v.starts_at, v.status, v.mode, v.kind, v.provider_name, v.served_on, v.facility_id,
           v.usual_code, v.invoice_id, v.is_chargeable
    FROM access.visits_to_bill(appointment, false, NULL, NULL, 1) v WHERE patient IS NULL;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_visit_to_bill(text,uuid,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_visit_to_bill(text,uuid,uuid,uuid) TO healthtrack_portal;

-- What a patient's devices measured in [from, to), by minute (360 buckets of two days at most), hour (93 days) or day (ten years).
CREATE OR REPLACE FUNCTION api.read_vitals(token text, look uuid, patient uuid, metrics text[], "from" timestamp with time zone, "to" timestamp with time zone, every text)
 RETURNS TABLE(device text, metric text, bucket_at timestamp with time zone, stop_at timestamp with time zone, count bigint, value double precision, lowest double precision, highest double precision, statistic text, unit text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'vitals');
    RETURN QUERY
    SELECT v.* FROM access.vitals(patient, metrics, "from", "to", every) AS v ORDER BY v.metric, v.bucket_at, v.device LIMIT 50000;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_vitals(text,uuid,uuid,text[],timestamp with time zone,timestamp with time zone,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_vitals(text,uuid,uuid,text[],timestamp with time zone,timestamp with time zone,text) TO healthtrack_portal;

-- Whether the server archives its write-ahead log, when it last did, and when that last failed and how often since it counts.
CREATE OR REPLACE FUNCTION api.read_wal_archive(token text)
 RETURNS TABLE(archiving boolean, archived_at timestamp with time zone, failed_at timestamp with time zone, failures bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY
    SELECT current_setting('archive_mode') <> 'off', a.last_archived_time, a.last_failed_time, a.failed_count
    FROM pg_catalog.pg_stat_archiver a WHERE me.part = 'operator';
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_wal_archive(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_wal_archive(text) TO healthtrack_portal;

-- Asks for the erasure of the own record, or of one for whose patient the account consents; gives the request, which the privacy officer decides.
CREATE OR REPLACE FUNCTION api.request_erasure(token text, patient uuid, reason text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.request_erasure(me, patient, reason);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.request_erasure(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.request_erasure(text,uuid,text) TO healthtrack_portal;

-- Records what the acting privacy officer found of an emergency.
CREATE OR REPLACE FUNCTION api.review_emergency(token text, care_relationship uuid, finding text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.review_emergency(care_relationship, finding);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.review_emergency(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.review_emergency(text,uuid,text) TO healthtrack_portal;

-- Separates two records that are not one person's, as they were before.
CREATE OR REPLACE FUNCTION api.separate_records(token text, patient_link uuid, reason text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.separate_records(me, patient_link, reason);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.separate_records(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.separate_records(text,uuid,text) TO healthtrack_portal;

-- Says which categories of a record a care relationship opens; its patient sees who said so.
CREATE OR REPLACE FUNCTION api.set_care_opens(token text, care_relationship uuid, known_version integer, opens text[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.set_opens(me, care_relationship, known_version, set_care_opens.opens);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.set_care_opens(text,uuid,integer,text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.set_care_opens(text,uuid,integer,text[]) TO healthtrack_portal;

-- Lets one account or one provider see what the scopes name of the actor's own record; gives the grant.
CREATE OR REPLACE FUNCTION api.share_record(token text, patient uuid, to_account uuid, to_provider uuid, scopes text[], purpose text, until timestamp with time zone)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    IF 'journal' = ANY (scopes) THEN
        PERFORM access.refuse('grant_opens_what_it_names', 'Share entries of the journal one by one: no grant opens it.');
    END IF;
    answer := access.share(patient, to_account, to_provider, scopes, purpose, until);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.share_record(text,uuid,uuid,uuid,text[],text,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.share_record(text,uuid,uuid,uuid,text[],text,timestamp with time zone) TO healthtrack_portal;

-- Ends the session; audited.
CREATE OR REPLACE FUNCTION api.sign_out(token text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.close_session(me);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.sign_out(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.sign_out(text) TO healthtrack_portal;

-- Takes a grant of the actor's own record back.
CREATE OR REPLACE FUNCTION api.unshare_record(token text, grant_of_access uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.unshare(grant_of_access);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.unshare_record(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.unshare_record(text,uuid) TO healthtrack_portal;

-- Ends a proposal of an account, so that nobody confirms it.
CREATE OR REPLACE FUNCTION api.withdraw_account_proposal(token text, account_proposal uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.decide_account(me, account_proposal, false);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.withdraw_account_proposal(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.withdraw_account_proposal(text,uuid) TO healthtrack_portal;

-- Takes an own request back as long as it was not carried out.
CREATE OR REPLACE FUNCTION api.withdraw_erasure(token text, erasure_request uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.withdraw_erasure(me, erasure_request);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.withdraw_erasure(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.withdraw_erasure(text,uuid) TO healthtrack_portal;

-- Writes a chunk anew in the order of an index.
CREATE OR REPLACE FUNCTION signal.cluster_chunk(chunk regclass, index name)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM signal.check_chunk(chunk);
    EXECUTE format('CLUSTER %s USING %I', chunk, index);
END
$function$;
REVOKE EXECUTE ON FUNCTION signal.cluster_chunk(regclass,name) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.cluster_chunk(regclass,name) TO healthtrack_ingest;

-- Server, database and timeline of this connection, as signal.incarnation notes them.
CREATE OR REPLACE FUNCTION signal.database_here(OUT system_identifier bigint, OUT database_oid bigint, OUT timeline integer)
 RETURNS record
 LANGUAGE plpgsql
AS $function$
BEGIN
    BEGIN
        SELECT control.system_identifier INTO database_here.system_identifier FROM pg_control_system() AS control;
    EXCEPTION WHEN insufficient_privilege THEN
        NULL;
    END;
    SELECT oid::bigint INTO database_here.database_oid FROM pg_database WHERE datname = current_database();
    database_here.timeline := ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::integer;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.database_here() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.database_here() TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- Drops a chunk that holds nothing; false where it holds something. Waits for its lock as long as lock_timeout allows.
CREATE OR REPLACE FUNCTION signal.drop_chunk_if_empty(chunk regclass)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    holds_some boolean;
BEGIN
    PERFORM signal.check_chunk(chunk);
    EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', chunk);
    -- A statement of its own: it sees what was committed before the lock was had.
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', chunk) INTO holds_some;
    IF holds_some THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE %s', chunk);
    RETURN true;
END
$function$;
REVOKE EXECUTE ON FUNCTION signal.drop_chunk_if_empty(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.drop_chunk_if_empty(regclass) TO healthtrack_roller;

-- Makes the chunk of one UTC day where it is missing; true where it made one. Does nothing on a hypertable.
CREATE OR REPLACE FUNCTION signal.ensure_chunk(day date)
 RETURNS boolean
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT is_new FROM signal.ensure_chunk_within(day, day, day + 1)
$function$;
REVOKE EXECUTE ON FUNCTION signal.ensure_chunk(date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.ensure_chunk(date) TO healthtrack_ingest;

-- Gives a new chunk the grants of signal.block.
CREATE OR REPLACE FUNCTION signal.grant_chunk(chunk regclass)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO healthtrack_ingest', chunk);
    EXECUTE format('GRANT SELECT, DELETE ON %s TO healthtrack_roller', chunk);
END
$function$;
REVOKE EXECUTE ON FUNCTION signal.grant_chunk(regclass) FROM PUBLIC;

-- Keeps rollups from being closed until the transaction ends; waits for the step that is under way.
CREATE OR REPLACE FUNCTION signal.hold_rollups()
 RETURNS void
 LANGUAGE sql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT pg_advisory_xact_lock(hashtextextended('healthtrack.rollup', 0))
$function$;
REVOKE EXECUTE ON FUNCTION signal.hold_rollups() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.hold_rollups() TO healthtrack_roller;

-- Whether there was a chunk that touches [low, high), of whole UTC days, when the plan was made.
CREATE OR REPLACE FUNCTION signal.holds_blocks(low timestamp with time zone, high timestamp with time zone)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN signal.find_blocks($1, $2);
END $function$;
REVOKE EXECUTE ON FUNCTION signal.holds_blocks(timestamp with time zone,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.holds_blocks(timestamp with time zone,timestamp with time zone) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- Has long arrays of a chunk compressed by pglz from now on.
CREATE OR REPLACE FUNCTION signal.make_chunk_dense(chunk regclass)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM signal.check_chunk(chunk);
    EXECUTE format('ALTER TABLE %s ALTER COLUMN values SET COMPRESSION pglz, ALTER COLUMN gaps SET COMPRESSION pglz',
                   chunk);
END
$function$;
REVOKE EXECUTE ON FUNCTION signal.make_chunk_dense(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.make_chunk_dense(regclass) TO healthtrack_ingest;

-- What the blocks of some series give for each quarter of an hour, each series in its own time.
CREATE OR REPLACE FUNCTION signal.measure_series(series_ids integer[], from_ats timestamp with time zone[], to_ats timestamp with time zone[])
 RETURNS TABLE(series_id integer, day date, quarter smallint, count bigint, below bigint, above bigint, sum double precision, "least" double precision, "greatest" double precision, first double precision, last double precision)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET plan_cache_mode TO 'force_custom_plan'
 SET jit TO 'off'
AS $function$
#variable_conflict use_column
DECLARE
    together record;
BEGIN
    FOR together IN
        SELECT array_agg(placed.series_id) AS ids, array_agg(placed.from_at) AS from_ats, array_agg(placed.to_at) AS to_ats,
               min(placed.low) AS low, max(placed.to_at) AS high
        FROM (SELECT apart.*, pg_catalog.sum(apart.begins) OVER (ORDER BY apart.low, apart.to_at ROWS UNBOUNDED PRECEDING)
                                  AS place
              FROM (SELECT asked.*, date_trunc('day', asked.from_at, 'UTC') AS low,
                           CASE WHEN date_trunc('day', asked.from_at, 'UTC') <= max(asked.to_at) OVER (
                                         ORDER BY date_trunc('day', asked.from_at, 'UTC'), asked.to_at
                                         ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
                                THEN 0 ELSE 1 END AS begins
                    FROM unnest($1, $2, $3) AS asked (series_id, from_at, to_at)
                    WHERE asked.from_at < asked.to_at) AS apart) AS placed
        GROUP BY placed.place
    LOOP
        RETURN QUERY
        SELECT asked.series_id, piece.*
        FROM unnest(together.ids, together.from_ats, together.to_ats) AS asked (series_id, from_at, to_at)
        CROSS JOIN LATERAL signal.measure_quarters_within(asked.series_id, asked.from_at, asked.to_at,
                                                          together.low, together.high) AS piece;
    END LOOP;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.measure_series(integer[],timestamp with time zone[],timestamp with time zone[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.measure_series(integer[],timestamp with time zone[],timestamp with time zone[]) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- Whether a purge means a rejection, the law aside (signal.quarantine_under_legal_hold).
CREATE OR REPLACE FUNCTION signal.quarantine_is_due(received_at timestamp with time zone, last_received_at timestamp with time zone, resolved_at timestamp with time zone, reason text, received_before timestamp with time zone, of_reason text, only_resolved boolean, spare_open_conflicts boolean)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN ((received_at < received_before) AND (last_received_at < received_before) AND ((of_reason IS NULL) OR (reason = of_reason)) AND ((NOT only_resolved) OR (resolved_at IS NOT NULL)) AND (NOT (spare_open_conflicts AND (reason = 'conflict'::text) AND (resolved_at IS NULL))));

-- Whether a rejection that names a device may be of who wore it in a period, by when it came and why.
CREATE OR REPLACE FUNCTION signal.quarantine_may_be_of_wear(reason text, received_at timestamp with time zone, last_received_at timestamp with time zone, worn_during tstzrange)
 RETURNS boolean
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN ((COALESCE(lower(worn_during), '-infinity'::timestamp with time zone) <= last_received_at) AND ((reason = ANY (ARRAY['conflict'::text, 'ancient_time'::text])) OR (received_at < (COALESCE(upper(worn_during), 'infinity'::timestamp with time zone) + '30 days'::interval))));

-- Whether a message in quarantine came from a device, or names it.
CREATE OR REPLACE FUNCTION signal.quarantine_names(topic text, detail text, payload bytea, device_id text)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN (CASE WHEN (topic ~~ 'ht/1/%'::text) THEN (split_part(topic, '/'::text, 4) = device_id) ELSE (device_id = ANY (string_to_array(topic, '/'::text))) END OR (POSITION(((('"'::text || device_id) || '"'::text)) IN (detail)) > 0) OR (POSITION((convert_to((('"'::text || device_id) || '"'::text), 'UTF8'::name)) IN (payload)) > 0));

-- Raises what a broken foreign key raises.
CREATE OR REPLACE FUNCTION signal.refuse_reference(rule text, at_table text, sentence text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'foreign_key_violation', SCHEMA = 'signal', TABLE = at_table, CONSTRAINT = rule,
        MESSAGE = sentence;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.refuse_reference(text,text,text) FROM PUBLIC;

-- The hours or days of a zone that touch [from, to): each with its first moment and that of the next.
CREATE OR REPLACE FUNCTION signal.rollup_buckets(every text, "from" timestamp with time zone, "to" timestamp with time zone, zone text)
 RETURNS TABLE(bucket_at timestamp with time zone, stop_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    zone constant text := $4;
    starts timestamptz[];
BEGIN
    IF ($2 < $3 AND $2 > '-infinity' AND $3 < 'infinity') IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'rollup_has_a_time',
            MESSAGE = 'Ask for a time that ends after it begins.';
    ELSIF $1 = 'day' THEN
        -- Where a date begins twice or at no midnight, its first moment is up to three hours before what Postgres takes.
        SELECT array_agg(first_at ORDER BY first_at) INTO starts
        FROM (SELECT DISTINCT ON (shown_on) shown_on, earlier.at AS first_at
              FROM generate_series(date_trunc('day', $2 AT TIME ZONE zone) - INTERVAL '1 day',
                                   $3 AT TIME ZONE zone + INTERVAL '2 days', INTERVAL '1 day') AS shown (shown_on)
              CROSS JOIN LATERAL (
                  SELECT shown_on AT TIME ZONE zone - step * INTERVAL '15 minutes' AS at FROM generate_series(0, 12) AS step
              ) AS earlier
              WHERE (earlier.at AT TIME ZONE zone)::date >= shown_on::date
              ORDER BY shown_on, earlier.at) AS begins;
    ELSIF $1 = 'hour' THEN
        IF $3 - $2 > INTERVAL '400 days' THEN
            RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'rollup_by_hour_is_for_400_days_at_most',
                MESSAGE = 'Ask for 400 days at most at a time, or for days in the place of hours.';
        END IF;
        SELECT array_agg(at ORDER BY at) INTO starts
        FROM (SELECT at, shown, lag(shown) OVER step AS shown_before
              FROM (SELECT at, date_trunc('hour', at AT TIME ZONE zone) AS hour,
                           at AT TIME ZONE zone - at AT TIME ZONE 'UTC' AS ahead
                    FROM generate_series(to_timestamp(floor(extract(epoch FROM $2) / 900) * 900) - INTERVAL '2 hours',
                                         $3 + INTERVAL '2 hours', INTERVAL '15 minutes') AS every_quarter (at)) AS quarter
              CROSS JOIN LATERAL (SELECT (hour, ahead) AS shown) AS clock
              WINDOW step AS (ORDER BY at)) AS quarter
        WHERE shown IS DISTINCT FROM shown_before AND shown_before IS NOT NULL;
    ELSE
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'rollup_is_by_hour_or_day',
            MESSAGE = 'Choose hour or day.';
    END IF;
    IF EXISTS (SELECT FROM unnest(starts) AS begins (at) WHERE extract(epoch FROM at) % 900 <> 0) THEN
        RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = 'rollup_zone_is_ahead_by_quarters',
            MESSAGE = 'Choose a zone, and a time since 1972, in which clocks differ from UTC by quarters of an hour.';
    END IF;
    RETURN QUERY
    SELECT * FROM (SELECT begins.at, lead(begins.at) OVER (ORDER BY begins.at) AS stop_at
                   FROM (SELECT DISTINCT at FROM unnest(starts) AS one (at)) AS begins) AS bucket
    WHERE bucket.at < $3 AND bucket.stop_at > $2;
END $function$;
REVOKE EXECUTE ON FUNCTION signal.rollup_buckets(text,timestamp with time zone,timestamp with time zone,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.rollup_buckets(text,timestamp with time zone,timestamp with time zone,text) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- The samples of a series that begin in the 256 days from a midnight UTC on, which is told in seconds since 1970.
CREATE OR REPLACE FUNCTION signal.unpack_256_days(series integer, first_s double precision)
 RETURNS TABLE(start_at timestamp with time zone, span_us bigint, flags smallint, value double precision, utc_offset_minutes smallint, received_at timestamp with time zone, revision bigint)
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT unpacked.*
    FROM (SELECT * FROM signal.unpack_32_times_8_days($1, $2) WHERE true
          UNION ALL
          SELECT NULL::timestamptz, NULL::bigint, NULL::smallint, NULL::double precision, NULL::smallint,
                 NULL::timestamptz, NULL::bigint WHERE false) AS unpacked
    WHERE signal.holds_blocks(to_timestamp($2), to_timestamp($2 + 22118400))
      AND unpacked.start_at >= to_timestamp($2) AND unpacked.start_at < to_timestamp($2 + 22118400)
$function$;
REVOKE EXECUTE ON FUNCTION signal.unpack_256_days(integer,double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.unpack_256_days(integer,double precision) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- The samples of a series that begin in the 256 days from a midnight UTC on, in branches of 8 days.
CREATE OR REPLACE FUNCTION signal.unpack_32_times_8_days(series integer, first_s double precision)
 RETURNS TABLE(start_at timestamp with time zone, span_us bigint, flags smallint, value double precision, utc_offset_minutes smallint, received_at timestamp with time zone, revision bigint)
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT * FROM signal.unpack_8_days($1, $2 + 0) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 691200) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 1382400) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 2073600) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 2764800) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 3456000) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 4147200) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 4838400) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 5529600) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 6220800) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 6912000) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 7603200) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 8294400) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 8985600) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 9676800) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 10368000) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 11059200) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 11750400) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 12441600) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 13132800) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 13824000) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 14515200) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 15206400) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 15897600) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 16588800) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 17280000) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 17971200) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 18662400) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 19353600) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 20044800) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 20736000) UNION ALL
    SELECT * FROM signal.unpack_8_days($1, $2 + 21427200)
$function$;
REVOKE EXECUTE ON FUNCTION signal.unpack_32_times_8_days(integer,double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.unpack_32_times_8_days(integer,double precision) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- The samples of a series that begin in the 8 days from a midnight UTC on, which is told in seconds since 1970.
CREATE OR REPLACE FUNCTION signal.unpack_8_days(series integer, first_s double precision)
 RETURNS TABLE(start_at timestamp with time zone, span_us bigint, flags smallint, value double precision, utc_offset_minutes smallint, received_at timestamp with time zone, revision bigint)
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT unpacked.*
    FROM (SELECT * FROM signal.unpack_blocks($1, to_timestamp($2), to_timestamp($2 + 691200)) WHERE true
          UNION ALL
          SELECT NULL::timestamptz, NULL::bigint, NULL::smallint, NULL::double precision, NULL::smallint,
                 NULL::timestamptz, NULL::bigint WHERE false) AS unpacked
    WHERE signal.holds_blocks(to_timestamp($2), to_timestamp($2 + 691200))
      AND unpacked.start_at >= to_timestamp($2) AND unpacked.start_at < to_timestamp($2 + 691200)
$function$;
REVOKE EXECUTE ON FUNCTION signal.unpack_8_days(integer,double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.unpack_8_days(integer,double precision) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- The samples of a series that begin from a midnight UTC on, which is told in seconds since 1970.
CREATE OR REPLACE FUNCTION signal.unpack_after(series integer, first_s double precision)
 RETURNS TABLE(start_at timestamp with time zone, span_us bigint, flags smallint, value double precision, utc_offset_minutes smallint, received_at timestamp with time zone, revision bigint)
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT unpacked.*
    FROM (SELECT * FROM signal.unpack_blocks($1, to_timestamp($2), 'infinity') WHERE true
          UNION ALL
          SELECT NULL::timestamptz, NULL::bigint, NULL::smallint, NULL::double precision, NULL::smallint,
                 NULL::timestamptz, NULL::bigint WHERE false) AS unpacked
    WHERE unpacked.start_at >= to_timestamp($2)
$function$;
REVOKE EXECUTE ON FUNCTION signal.unpack_after(integer,double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.unpack_after(integer,double precision) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- The samples of a series that begin before a midnight UTC, which is told in seconds since 1970.
CREATE OR REPLACE FUNCTION signal.unpack_before(series integer, first_s double precision)
 RETURNS TABLE(start_at timestamp with time zone, span_us bigint, flags smallint, value double precision, utc_offset_minutes smallint, received_at timestamp with time zone, revision bigint)
 LANGUAGE sql
 STABLE PARALLEL SAFE
AS $function$
    SELECT unpacked.*
    FROM (SELECT * FROM signal.unpack_blocks($1, '-infinity', to_timestamp($2)) WHERE true
          UNION ALL
          SELECT NULL::timestamptz, NULL::bigint, NULL::smallint, NULL::double precision, NULL::smallint,
                 NULL::timestamptz, NULL::bigint WHERE false) AS unpacked
    WHERE unpacked.start_at < to_timestamp($2)
$function$;
REVOKE EXECUTE ON FUNCTION signal.unpack_before(integer,double precision) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.unpack_before(integer,double precision) TO healthtrack_ingest, healthtrack_migrator, healthtrack_roller;
