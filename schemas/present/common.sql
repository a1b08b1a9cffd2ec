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
CREATE DOMAIN care.time_zone AS text CHECK ((VALUE ~ '^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$'::text));

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

-- Ends holds that ran out and counts the changed days of wellness centres anew; how many of each.
CREATE OR REPLACE FUNCTION care.run_maintenance(OUT ended_holds integer, OUT counted_days bigint)
 RETURNS record
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    ended_holds := care.expire_holds();
    counted_days := care.refresh_engagement(current_date - 400, current_date + 2);
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

-- The account on whose behalf this transaction acts (setting healthtrack.actor); null where none was said.
CREATE OR REPLACE FUNCTION access.actor()
 RETURNS uuid
 LANGUAGE sql
 STABLE PARALLEL SAFE
RETURN (NULLIF(current_setting('healthtrack.actor'::text, true), ''::text))::uuid;

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
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO healthtrack_migrator', guarded);
    EXECUTE format('CREATE POLICY maintenance ON %s FOR ALL TO healthtrack_migrator
                    USING (true) WITH CHECK (true)', guarded);
    CASE kind
        WHEN 'directory' THEN
            EXECUTE format('GRANT SELECT ON %s TO healthtrack_portal', guarded);
            EXECUTE format('CREATE POLICY everybody_reads ON %s FOR SELECT TO healthtrack_portal
                            USING ((SELECT access.part()) IS NOT NULL)', guarded);
        WHEN 'chart', 'own_chart', 'demographics', 'schedule' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_portal', guarded);
            EXECUTE format('CREATE POLICY care ON %s FOR ALL TO healthtrack_portal USING (%s) WITH CHECK (%s)', guarded,
                in_care, in_care);
            EXECUTE format('CREATE POLICY granted ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded,
                format(granted, CASE kind WHEN 'schedule' THEN 'schedule' ELSE 'chart' END));
            IF kind = 'chart' THEN
                EXECUTE format('CREATE POLICY own ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded, own);
            ELSE
                EXECUTE format('CREATE POLICY own ON %s FOR ALL TO healthtrack_portal
                                USING (%s) WITH CHECK (%s)', guarded,
                    own, own);
            END IF;
            IF kind = 'schedule' THEN
                EXECUTE format('CREATE POLICY desk ON %s FOR ALL TO healthtrack_portal
                                USING (%s) WITH CHECK (%s)', guarded,
                    format(at_desk, 'front_desk'), format(at_desk, 'front_desk'));
            ELSIF kind = 'demographics' THEN
                EXECUTE format('CREATE POLICY desk ON %s FOR ALL TO healthtrack_portal
                                USING (%s) WITH CHECK (%s)', guarded,
                    visiting, visiting);
            END IF;
        WHEN 'billing' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_portal', guarded);
            EXECUTE format('CREATE POLICY own ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded, own);
            EXECUTE format('CREATE POLICY granted ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded,
                format(granted, kind));
            EXECUTE format('CREATE POLICY desk ON %s FOR ALL TO healthtrack_portal USING (%s) WITH CHECK (%s)', guarded,
                format(at_desk, 'biller'), format(at_desk, 'biller'));
        WHEN 'journal', 'behavioural_health' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_portal', guarded);
            EXECUTE format('CREATE POLICY own ON %s FOR ALL TO healthtrack_portal
                            USING (%s) WITH CHECK (%s)', guarded, own, own);
            EXECUTE format('CREATE POLICY granted ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded,
                format(granted, kind));
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
GRANT EXECUTE ON FUNCTION access.reason_to_see(uuid,text) TO healthtrack_portal;

-- Refuses with a rule's name and a sentence for a person.
CREATE OR REPLACE FUNCTION access.refuse(rule text, sentence text)
 RETURNS void
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = rule, MESSAGE = sentence;
END $function$;

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
GRANT EXECUTE ON FUNCTION signal.database_here() TO healthtrack_ingest;

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
