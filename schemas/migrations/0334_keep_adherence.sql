-- Adherence of a year is kept for each patient and substance, and no longer worked out from every fill.
--
-- A log says of which patients and years something has changed, and maintenance works those out anew, as it counts days
-- of centres. Whoever reads takes what is kept of the others, and works these out as before; so the answer is always
-- the one of `care.adherence_pdc`. A writer only appends to the log. What changes a drug or a death says so of every
-- year, since a fill that is added at the same moment cannot be seen by it. A substance that gets another name is
-- worked out at once for everybody, while nobody folds. Periods that are not a year are worked out as before.
--
-- Fills that not everybody who reads the chart may read (a prescription or fill with a sensitivity, where there are such)
-- are not kept: their line stays in the log, so that each reader's answer is of the rows that are open to that reader.
-- Rows of both are open as the chart is, and go with their person. New tables, triggers and functions, which lock the
-- tables they read against writes for an instant; a year is worked out once for all. Undo: make care.adherence_summary
-- as 81 and api.read_adherence as 141 have them, take the line out of care.run_maintenance, drop the rest.
CREATE TABLE care.adherence_year (
    patient_id     uuid     NOT NULL,
    fills          integer  NOT NULL,
    first_fill_on  date     NOT NULL,
    ends_on        date     NOT NULL,
    year           smallint NOT NULL,
    treatment_days smallint NOT NULL,
    covered_days   smallint NOT NULL,
    ingredient     text     NOT NULL,

    CONSTRAINT adherence_year_pkey PRIMARY KEY (patient_id, year, ingredient),
    CONSTRAINT adherence_year_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id)
        ON DELETE CASCADE,
    CONSTRAINT adherence_year_covers_days_of_treatment CHECK (covered_days BETWEEN 0 AND treatment_days)
);
COMMENT ON TABLE  care.adherence_year                IS 'Adherence (proportion of days covered) of a patient with a substance in a calendar year, as it was last worked out; of what has changed since tells care.adherence_change.';
COMMENT ON COLUMN care.adherence_year.patient_id     IS 'Whose.';
COMMENT ON COLUMN care.adherence_year.fills          IS 'How many fills in the year.';
COMMENT ON COLUMN care.adherence_year.first_fill_on  IS 'Day of the first of them.';
COMMENT ON COLUMN care.adherence_year.ends_on        IS 'Last day that counts: of the year, or of the patient''s life.';
COMMENT ON COLUMN care.adherence_year.year           IS 'Which year.';
COMMENT ON COLUMN care.adherence_year.treatment_days IS 'Days from the first fill to that day.';
COMMENT ON COLUMN care.adherence_year.covered_days   IS 'On how many of them there was something to take.';
COMMENT ON COLUMN care.adherence_year.ingredient     IS 'Which substance.';
COMMENT ON CONSTRAINT adherence_year_pkey ON care.adherence_year IS 'This year is worked out already.';
COMMENT ON CONSTRAINT adherence_year_patient_fkey ON care.adherence_year IS 'Register the patient first.';
COMMENT ON CONSTRAINT adherence_year_covers_days_of_treatment ON care.adherence_year IS 'No more days are covered than are treated.';

CREATE TABLE care.adherence_change (
    patient_id          uuid     NOT NULL,
    adherence_change_id bigint   GENERATED ALWAYS AS IDENTITY,
    year                smallint,
    stays               boolean  NOT NULL DEFAULT false,

    CONSTRAINT adherence_change_pkey PRIMARY KEY (adherence_change_id),
    CONSTRAINT adherence_change_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id)
        ON DELETE CASCADE
);
CREATE INDEX adherence_change_patient_idx ON care.adherence_change (patient_id, year);
CREATE INDEX adherence_change_open_idx ON care.adherence_change (adherence_change_id) WHERE NOT stays;
COMMENT ON TABLE  care.adherence_change                     IS 'Patients and years whose adherence is not kept: since something has changed, or since not everybody may read all of it.';
COMMENT ON COLUMN care.adherence_change.patient_id          IS 'Whose.';
COMMENT ON COLUMN care.adherence_change.adherence_change_id IS 'Key.';
COMMENT ON COLUMN care.adherence_change.year                IS 'Which year; null for all.';
COMMENT ON COLUMN care.adherence_change.stays               IS 'True where it is never kept, since some of it is sensitive; false where it waits to be worked out.';
COMMENT ON CONSTRAINT adherence_change_pkey ON care.adherence_change IS 'This change is known already.';
COMMENT ON CONSTRAINT adherence_change_patient_fkey ON care.adherence_change IS 'Register the patient first.';

CALL access.guard('care.adherence_year', 'chart');
CALL access.guard('care.adherence_change', 'chart');
REVOKE INSERT, UPDATE ON care.adherence_year, care.adherence_change FROM healthtrack_care;
CREATE TRIGGER adherence_year_stays_under_hold BEFORE DELETE ON care.adherence_year FOR EACH ROW
    WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE')) EXECUTE FUNCTION care.keep_row_under_hold();
CREATE TRIGGER adherence_change_stays_under_hold BEFORE DELETE ON care.adherence_change FOR EACH ROW
    WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE')) EXECUTE FUNCTION care.keep_row_under_hold();

CREATE FUNCTION care.log_fills() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO care.adherence_change (patient_id, year)
        SELECT DISTINCT patient_id, extract(year FROM filled_on) FROM added;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO care.adherence_change (patient_id, year)
        SELECT DISTINCT patient_id, extract(year FROM filled_on) FROM removed;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.log_fills() IS 'Trigger after fills are written: logs whose adherence of which years is to be worked out.';
CREATE TRIGGER dispense_is_counted AFTER INSERT ON care.dispense
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.log_fills();
CREATE TRIGGER dispense_change_is_counted AFTER UPDATE ON care.dispense
    REFERENCING OLD TABLE AS removed NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION care.log_fills();
CREATE TRIGGER dispense_removal_is_counted AFTER DELETE ON care.dispense
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION care.log_fills();

CREATE FUNCTION care.log_treatment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO care.adherence_change (patient_id) VALUES (OLD.patient_id);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.log_treatment() IS 'Trigger after a prescription, or a death, has changed: logs that all years of the patient are to be worked out.';
CREATE TRIGGER prescription_change_is_counted AFTER UPDATE ON care.prescription
    FOR EACH ROW EXECUTE FUNCTION care.log_treatment();
CREATE TRIGGER patient_death_is_counted AFTER UPDATE ON care.patient FOR EACH ROW
    WHEN ((OLD.deceased_at, OLD.time_zone) IS DISTINCT FROM (NEW.deceased_at, NEW.time_zone))
    EXECUTE FUNCTION care.log_treatment();

CREATE FUNCTION care.year_of(measured daterange) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN measured = daterange(make_date(extract(year FROM lower(measured))::integer, 1, 1),
                                          make_date(extract(year FROM lower(measured))::integer + 1, 1, 1))
                THEN extract(year FROM lower(measured))::integer END;
COMMENT ON FUNCTION care.year_of(daterange) IS 'The calendar year that a period is; null where it is none.';

CREATE FUNCTION care.adherence(measured daterange, patient uuid DEFAULT NULL, threshold numeric DEFAULT 0.8)
    RETURNS TABLE (
        patient_id uuid, ingredient text, fills bigint, first_fill_on date, ends_on date, treatment_days integer,
        covered_days integer, pdc numeric, adherent boolean
    )
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
#variable_conflict use_column
DECLARE
    measured_year constant integer := care.year_of(measured);
    changed       uuid[];
BEGIN
    -- One patient's is as quickly worked out.
    IF patient IS NOT NULL OR measured_year IS NULL THEN
        RETURN QUERY SELECT * FROM care.adherence_pdc(measured, patient, threshold);
        RETURN;
    END IF;
    changed := ARRAY(SELECT DISTINCT c.patient_id FROM care.adherence_change c
                     WHERE c.year = measured_year OR c.year IS NULL);
    RETURN QUERY
    SELECT k.patient_id, k.ingredient, k.fills::bigint, k.first_fill_on, k.ends_on, k.treatment_days::integer,
           k.covered_days::integer, round(k.covered_days::numeric / k.treatment_days, 4),
           k.covered_days >= threshold * k.treatment_days
    FROM care.adherence_year k WHERE k.year = measured_year AND k.patient_id <> ALL (changed);
    -- It takes longer to plan than all of the above.
    IF cardinality(changed) > 0 THEN
        RETURN QUERY
        SELECT a.* FROM unnest(changed) AS c (patient_id)
        CROSS JOIN LATERAL care.adherence_pdc(measured, c.patient_id, threshold) a;
    END IF;
END $$;
GRANT EXECUTE ON FUNCTION care.year_of(daterange), care.adherence(daterange, uuid, numeric) TO healthtrack_care;
COMMENT ON FUNCTION care.adherence(daterange, uuid, numeric) IS 'What care.adherence_pdc says of a period, of the patients that its caller may see; of a calendar year by what is kept.';

CREATE FUNCTION care.sensitive_fills(of_patients uuid[] DEFAULT NULL)
    RETURNS TABLE (patient_id uuid, year smallint)
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    marked constant text := (
        SELECT string_agg(format('%s.sensitivity IS NOT NULL', CASE c.relname WHEN 'dispense' THEN 'd' ELSE 'p' END), ' OR ')
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE a.attrelid IN ('care.dispense'::regclass, 'care.prescription'::regclass) AND a.attname = 'sensitivity'
          AND NOT a.attisdropped);
BEGIN
    IF marked IS NOT NULL THEN
        RETURN QUERY EXECUTE format(
            'SELECT DISTINCT d.patient_id, extract(year FROM d.filled_on)::smallint
             FROM care.dispense d JOIN care.prescription p USING (patient_id, prescription_id)
             WHERE ($1 IS NULL OR d.patient_id = ANY ($1)) AND (%s)', marked) USING of_patients;
    END IF;
END $$;
COMMENT ON FUNCTION care.sensitive_fills(uuid[]) IS 'Patients and years with fills that not everybody who reads the chart may read; of some patients, or of all.';
REVOKE EXECUTE ON FUNCTION care.sensitive_fills(uuid[]) FROM PUBLIC;

CREATE FUNCTION care.fold_adherence(changes_max integer DEFAULT 10000) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    logged bigint[];
    whose  uuid[];
    years  smallint[];
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('care.adherence_year', 0));
    SELECT array_agg(c.adherence_change_id) INTO logged
    FROM (SELECT adherence_change_id FROM care.adherence_change WHERE NOT stays
          ORDER BY adherence_change_id LIMIT changes_max) AS c;
    IF logged IS NULL THEN
        RETURN 0;
    END IF;
    -- All years of a patient, where the log says all.
    SELECT array_agg(due.patient_id), array_agg(due.year) INTO whose, years
    FROM (SELECT c.patient_id, c.year FROM care.adherence_change c
          WHERE c.adherence_change_id = ANY (logged) AND c.year IS NOT NULL
          UNION
          SELECT c.patient_id, k.year FROM care.adherence_change c JOIN care.adherence_year k USING (patient_id)
          WHERE c.adherence_change_id = ANY (logged) AND c.year IS NULL
          UNION
          SELECT c.patient_id, extract(year FROM d.filled_on)::smallint
          FROM care.adherence_change c JOIN care.dispense d USING (patient_id)
          WHERE c.adherence_change_id = ANY (logged) AND c.year IS NULL) AS due;
    DELETE FROM care.adherence_change c
    USING unnest(whose, years) AS due (patient_id, year)
    WHERE c.stays AND c.patient_id = due.patient_id AND c.year = due.year;
    DELETE FROM care.adherence_change c WHERE c.adherence_change_id = ANY (logged);
    DELETE FROM care.adherence_year k
    USING unnest(whose, years) AS due (patient_id, year) WHERE k.patient_id = due.patient_id AND k.year = due.year;
    INSERT INTO care.adherence_change (patient_id, year, stays)
    SELECT s.patient_id, s.year, true
    FROM care.sensitive_fills(whose) s JOIN unnest(whose, years) AS due (patient_id, year) USING (patient_id, year);
    INSERT INTO care.adherence_year (patient_id, year, ingredient, fills, first_fill_on, ends_on, treatment_days,
                                     covered_days)
    SELECT a.patient_id, due.year, a.ingredient, a.fills, a.first_fill_on, a.ends_on, a.treatment_days, a.covered_days
    FROM unnest(whose, years) AS due (patient_id, year)
    CROSS JOIN LATERAL care.adherence_pdc(daterange(make_date(due.year, 1, 1), make_date(due.year + 1, 1, 1)),
                                          due.patient_id) a
    WHERE NOT EXISTS (SELECT FROM care.adherence_change c
                      WHERE c.stays AND c.patient_id = due.patient_id AND c.year = due.year);
    RETURN cardinality(logged);
END $$;
COMMENT ON FUNCTION care.fold_adherence(integer) IS 'Works out the adherence of those whose fills have changed, as many changes as are asked for; how many they were. Run at READ COMMITTED.';
REVOKE EXECUTE ON FUNCTION care.fold_adherence(integer) FROM PUBLIC;

CREATE FUNCTION care.recount_adherence() RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    measured_year integer;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('care.adherence_year', 0));
    DELETE FROM care.adherence_change;
    DELETE FROM care.adherence_year;
    INSERT INTO care.adherence_change (patient_id, year, stays) SELECT patient_id, year, true FROM care.sensitive_fills();
    FOR measured_year IN SELECT generate_series(min(extract(year FROM filled_on))::integer,
                                                max(extract(year FROM filled_on))::integer) FROM care.dispense LOOP
        INSERT INTO care.adherence_year (patient_id, year, ingredient, fills, first_fill_on, ends_on, treatment_days,
                                         covered_days)
        SELECT a.patient_id, measured_year, a.ingredient, a.fills, a.first_fill_on, a.ends_on, a.treatment_days,
               a.covered_days
        FROM care.adherence_pdc(daterange(make_date(measured_year, 1, 1), make_date(measured_year + 1, 1, 1))) a
        WHERE NOT EXISTS (SELECT FROM care.adherence_change c
                          WHERE c.stays AND c.patient_id = a.patient_id AND c.year = measured_year);
    END LOOP;
END $$;
COMMENT ON FUNCTION care.recount_adherence() IS 'Works out the adherence of everybody anew, after fills were written with triggers off, or a substance got another name. Run at READ COMMITTED.';
REVOKE EXECUTE ON FUNCTION care.recount_adherence() FROM PUBLIC;
SELECT care.recount_adherence();

CREATE FUNCTION care.rename_substance() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM care.recount_adherence();
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.rename_substance() IS 'Trigger after medications got another substance: adherence is worked out anew, and nobody folds until this is committed.';
CREATE TRIGGER medication_substance_is_counted AFTER UPDATE OF ingredient ON care.medication
    FOR EACH STATEMENT EXECUTE FUNCTION care.rename_substance();

CREATE OR REPLACE FUNCTION care.adherence_summary(measured daterange, threshold numeric DEFAULT 0.8)
    RETURNS TABLE (
        ingredient text, n bigint, adherent bigint, rate numeric, rate_low numeric, rate_high numeric,
        mean_pdc numeric, median_pdc numeric
    )
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT a.ingredient, count(*), count(*) FILTER (WHERE a.adherent),
           round(count(*) FILTER (WHERE a.adherent)::numeric / count(*), 4),
           lower(care.wilson(count(*) FILTER (WHERE a.adherent), count(*))),
           upper(care.wilson(count(*) FILTER (WHERE a.adherent), count(*))), round(avg(a.pdc), 4),
           round((percentile_cont(0.5) WITHIN GROUP (ORDER BY a.pdc))::numeric, 4)
    FROM care.adherence(measured, NULL, threshold) a GROUP BY a.ingredient
$$;

DO $$
DECLARE
    former constant text := '    PERFORM access.forget_looks();';
    body   constant text := pg_get_functiondef('care.run_maintenance()'::regprocedure);
BEGIN
    IF position(former IN body) = 0 THEN
        RAISE EXCEPTION 'care.run_maintenance does not end as this migration knows it';
    END IF;
    EXECUTE replace(body, former, former || chr(10) || '    PERFORM care.fold_adherence();');
END $$;

DROP FUNCTION api.read_adherence(text, uuid, uuid, date, date);
CALL access.publish('read_adherence', 'from_on date, before_on date',
    'TABLE (patient_id uuid, ingredient text, fills bigint, treatment_days integer, covered_days integer, pdc double precision, adherent boolean)',
    $body$RETURN QUERY SELECT a.patient_id, a.ingredient, a.fills, a.treatment_days, a.covered_days, a.pdc::float8, a.adherent
    FROM care.adherence(daterange(from_on, before_on), patient) a ORDER BY a.patient_id, a.ingredient;$body$,
    'How many days of treatment were covered by fills, of one patient or of all whom the account may see.',
    look => $$'adherence'$$);
