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
    FROM care.adherence_pdc(measured, NULL, threshold) a GROUP BY a.ingredient
$function$;

-- Age on a day as one of five bands: 0-17, 18-39, 40-64, 65-79, 80+.
CREATE OR REPLACE FUNCTION care.age_band(born_on date, on_day date)
 RETURNS text
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (age((on_day)::timestamp with time zone, (born_on)::timestamp with time zone) < '18 years'::interval) THEN '0-17'::text WHEN (age((on_day)::timestamp with time zone, (born_on)::timestamp with time zone) < '40 years'::interval) THEN '18-39'::text WHEN (age((on_day)::timestamp with time zone, (born_on)::timestamp with time zone) < '65 years'::interval) THEN '40-64'::text WHEN (age((on_day)::timestamp with time zone, (born_on)::timestamp with time zone) < '80 years'::interval) THEN '65-79'::text ELSE '80+'::text END;

-- Says that the patient is there, two hours early at most.
CREATE OR REPLACE FUNCTION care.check_in_appointment(asked uuid)
 RETURNS void
 LANGUAGE sql
AS $function$ SELECT care.change_appointment(asked, 'arrived') $function$;

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

-- Books a held time, unless it is held no more.
CREATE OR REPLACE FUNCTION care.confirm_appointment(asked uuid)
 RETURNS void
 LANGUAGE sql
AS $function$ SELECT care.change_appointment(asked, 'booked') $function$;

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

-- True where a list of questions has the shape that care.questionnaire.items describes.
CREATE OR REPLACE FUNCTION care.items_fit(items jsonb)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (jsonb_typeof(items) = 'array'::text) THEN (SELECT (((count(*) >= 1) AND (count(*) <= 200)) AND (count(DISTINCT (item.value ->> 'link_id'::text)) = count(*)) AND bool_and(COALESCE((((item.value ->> 'link_id'::text) ~ '^[a-z][a-z0-9_]{0,60}$'::text) AND ((item.value ->> 'text'::text) ~ '\S'::text) AND ((item.value ->> 'type'::text) = ANY (ARRAY['choice'::text, 'integer'::text, 'number'::text, 'text'::text, 'boolean'::text, 'date'::text])) AND (jsonb_typeof((item.value -> 'required'::text)) = 'boolean'::text) AND (((item.value ->> 'type'::text) = 'choice'::text) = (item.value ? 'options'::text)) AND ((NOT (item.value ? 'options'::text)) OR jsonb_path_exists(item.value, '$?(@."options".size() >= 2 && @."options"[*]."value".type() == "number")'::jsonpath))), false))) FROM jsonb_array_elements(items_fit.items) item(value)) ELSE false END;

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

-- Says that the patient did not come, once the time has begun.
CREATE OR REPLACE FUNCTION care.miss_appointment(asked uuid)
 RETURNS void
 LANGUAGE sql
AS $function$ SELECT care.change_appointment(asked, 'no_show') $function$;

-- Times of so many minutes, counted from the start of each block of hours, at which a provider can be booked at a facility: within hours of both, not off, not taken, not past. for_all_at says until when a slot is kept for premium members; null where it is for all.
CREATE OR REPLACE FUNCTION care.open_slots(asked_provider uuid, asked_facility uuid, since timestamp with time zone, until timestamp with time zone, minutes integer)
 RETURNS TABLE(starts_at timestamp with time zone, ends_at timestamp with time zone, for_all_at timestamp with time zone)
 LANGUAGE plpgsql
 STABLE ROWS 100
AS $function$
DECLARE
    span constant tstzrange := tstzrange(greatest(since, now()), greatest(until, since, now()));
    free tstzmultirange;
BEGIN
    IF minutes NOT BETWEEN 5 AND 720 OR until > since + INTERVAL '100 days' THEN
        PERFORM care.refuse('slots_are_asked_within_bounds',
            'Ask for visits of 5 minutes to 12 hours, within 100 days.');
    END IF;
    free := care.available(asked_provider, asked_facility, span) * care.opening(asked_facility, span)
            - care.taken(asked_provider, span);
    RETURN QUERY
        SELECT slot.at, slot.at + minutes * INTERVAL '1 minute', slot.at - h.reserved_hours * INTERVAL '1 hour'
        FROM care.visiting_hours(asked_provider, asked_facility, span) h,
             generate_series(lower(h.during), upper(h.during) - minutes * INTERVAL '1 minute',
                             minutes * INTERVAL '1 minute') AS slot (at)
        WHERE free @> tstzrange(slot.at, slot.at + minutes * INTERVAL '1 minute')
        ORDER BY slot.at;
END $function$;

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

-- Ends holds that ran out, counts the changed days of wellness centres anew, and forgets looks and sessions that are over; how many of the first two.
CREATE OR REPLACE FUNCTION care.run_maintenance(OUT ended_holds integer, OUT counted_days bigint)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    ended_holds := care.expire_holds();
    counted_days := care.refresh_engagement(current_date - 400, current_date + 2);
    PERFORM access.forget_looks();
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

-- Trigger before each update: raises version, and says when and by whom.
CREATE OR REPLACE FUNCTION care.touch()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    NEW.updated_by := coalesce(access.actor()::text, session_user);
    RETURN NEW;
END $function$;

-- The same without waiting: false where somebody else books one of them at this moment.
CREATE OR REPLACE FUNCTION care.try_lock_schedule(VARIADIC resources uuid[])
 RETURNS boolean
 LANGUAGE sql
AS $function$
    SELECT coalesce(bool_and(pg_try_advisory_xact_lock(hashtextextended('healthtrack.schedule.' || resource, 0))), true)
    FROM unnest(resources) AS resource WHERE resource IS NOT NULL
$function$;

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

-- Interval of 95 % by Wilson (1927) for a rate of hits among n; null where n is 0.
CREATE OR REPLACE FUNCTION care.wilson(hits bigint, n bigint)
 RETURNS numrange
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE STRICT
RETURN CASE WHEN ((n > 0) AND ((hits >= 0) AND (hits <= n))) THEN (SELECT numrange(round((GREATEST((found.centre - found.reach), (0)::double precision))::numeric, 4), round((LEAST((found.centre + found.reach), (1)::double precision))::numeric, 4), '[]'::text) AS numrange FROM (SELECT 1.959964 AS z, ((wilson.hits)::double precision / (wilson.n)::double precision) AS rate) given, LATERAL (SELECT ((given.rate + (((given.z * given.z) / ((2 * wilson.n))::numeric))::double precision) / (((1)::numeric + ((given.z * given.z) / (wilson.n)::numeric)))::double precision) AS centre, (((given.z)::double precision * sqrt((((given.rate * ((1)::double precision - given.rate)) / (wilson.n)::double precision) + (((given.z * given.z) / ((4.0 * (wilson.n)::numeric) * (wilson.n)::numeric)))::double precision))) / (((1)::numeric + ((given.z * given.z) / (wilson.n)::numeric)))::double precision) AS reach) found) ELSE NULL::numrange END;

-- The account on whose behalf this transaction acts (setting healthtrack.actor); null where none, or nothing that is a key, was said.
CREATE OR REPLACE FUNCTION access.actor()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN CASE WHEN (current_setting('healthtrack.actor'::text, true) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'::text) THEN (current_setting('healthtrack.actor'::text, true))::uuid ELSE NULL::uuid END;

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

-- Turns row-level security on for a table and makes the policies of a kind: directory, chart, own_chart, demographics, schedule, billing, journal, behavioural_health or internal.
CREATE OR REPLACE PROCEDURE access.guard(IN guarded regclass, IN kind text)
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
        WHEN 'journal', 'behavioural_health' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_care', guarded);
            EXECUTE format(writes, 'own', guarded, own, own);
            EXECUTE format(reads, 'granted', guarded, format(granted, kind));
        WHEN 'internal' THEN
            NULL;
    END CASE;
END $procedure$;
REVOKE EXECUTE ON PROCEDURE access.guard(regclass,text) FROM PUBLIC;

-- True for a login with healthtrack_analyst and for an account that plays that part.
CREATE OR REPLACE FUNCTION access.is_analyst()
 RETURNS boolean
 LANGUAGE sql
 STABLE
RETURN (pg_has_role(SESSION_USER, 'healthtrack_analyst'::name, 'MEMBER'::text) OR COALESCE((access.part() = 'analyst'::text), false));

-- True for a login with healthtrack_auditor and for a privacy officer.
CREATE OR REPLACE FUNCTION access.is_reviewer()
 RETURNS boolean
 LANGUAGE sql
 STABLE
RETURN (pg_has_role(SESSION_USER, 'healthtrack_auditor'::name, 'MEMBER'::text) OR COALESCE((access.part() = 'privacy_officer'::text), false));

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

-- Refuses with a rule's name and a sentence for a person.
CREATE OR REPLACE FUNCTION access.refuse(rule text, sentence text)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = rule, MESSAGE = sentence;
END $function$;

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

-- Open times of a provider at a facility, for visits of so many minutes.
CREATE OR REPLACE FUNCTION api.find_open_slots(token text, provider uuid, facility uuid, since timestamp with time zone, until timestamp with time zone, minutes integer)
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
    RETURN QUERY SELECT s.starts_at, s.ends_at, s.for_all_at FROM care.open_slots(provider, facility, since, until, minutes) s;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.find_open_slots(text,uuid,uuid,timestamp with time zone,timestamp with time zone,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.find_open_slots(text,uuid,uuid,timestamp with time zone,timestamp with time zone,integer) TO healthtrack_portal;

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
    FROM care.adherence_pdc(daterange(from_on, before_on), patient) a ORDER BY a.patient_id, a.ingredient;
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
