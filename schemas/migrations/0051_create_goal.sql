-- Goals: what somebody wants to reach each day or each week, and how far it has come.
--
-- A goal is the patient's own or part of a plan. Where a device measures it, progress is computed from samples and
-- never typed in; only a goal without a metric has entries, and the key with `manual` in it keeps that. The unit is the
-- metric's own, filled in by the trigger, since the portal does not read the catalogue.
--
-- A sample counts for whoever wore its device at its start, on the day that it was there for that person. Two devices
-- of one person that count the same steps would count them twice, so of devices worn at one moment only the one worn
-- longest counts, as long as it measured anything on that day. The function runs as its owner, since the portal has no
-- way to samples but through functions that decide; it gives sums of days and weeks and never a sample. Samples leave
-- the hot table after a week or so; the roll first keeps what they gave for each goal and day. New tables and
-- functions; foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.goal (
    goal_id        uuid             NOT NULL DEFAULT gen_random_uuid(),
    patient_id     uuid             NOT NULL,
    care_plan_id   uuid,
    created_at     timestamptz      NOT NULL DEFAULT now(),
    updated_at     timestamptz      NOT NULL DEFAULT now(),
    target         double precision NOT NULL,
    version        integer          NOT NULL DEFAULT 1,
    manual         boolean          GENERATED ALWAYS AS (metric IS NULL) STORED,
    pursued_during daterange        NOT NULL,
    per            text             NOT NULL,
    measure        text             NOT NULL,
    comparator     text             NOT NULL,
    metric         text,
    unit           text             NOT NULL,
    title          text             NOT NULL,
    updated_by     text             NOT NULL DEFAULT session_user,

    CONSTRAINT goal_pkey PRIMARY KEY (goal_id),
    CONSTRAINT goal_id_with_patient_is_unique UNIQUE (patient_id, goal_id),
    CONSTRAINT goal_id_with_manual_is_unique UNIQUE (patient_id, goal_id, manual),
    CONSTRAINT goal_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT goal_plan_fkey FOREIGN KEY (patient_id, care_plan_id)
        REFERENCES care.care_plan (patient_id, care_plan_id),
    CONSTRAINT goal_metric_fkey FOREIGN KEY (metric) REFERENCES signal.metric (name),
    CONSTRAINT goal_target_is_a_number CHECK (target > '-Infinity' AND target < 'Infinity'),
    CONSTRAINT goal_period_is_half_open CHECK (
        NOT isempty(pursued_during) AND lower_inc(pursued_during) AND NOT upper_inc(pursued_during)
        AND upper(pursued_during) - lower(pursued_during) <= 3660 AND NOT upper_inf(pursued_during)
    ),
    CONSTRAINT goal_per_is_known CHECK (per IN ('day', 'week')),
    CONSTRAINT goal_measure_is_known CHECK (measure IN ('sum', 'average', 'minimum', 'maximum', 'last', 'count')),
    CONSTRAINT goal_comparator_is_known CHECK (comparator IN ('at_least', 'at_most')),
    CONSTRAINT goal_unit_is_some CHECK (unit ~ '^\S{1,40}$'),
    CONSTRAINT goal_title_is_some CHECK (title ~ '\S' AND length(title) <= 200)
);
CREATE INDEX goal_plan_idx ON care.goal (care_plan_id);
CREATE INDEX goal_metric_idx ON care.goal (metric);
CREATE TRIGGER goal_is_touched BEFORE UPDATE ON care.goal FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.goal                IS 'What a patient wants to reach each day or week.';
COMMENT ON COLUMN care.goal.goal_id        IS 'Key.';
COMMENT ON COLUMN care.goal.patient_id     IS 'Whose goal it is.';
COMMENT ON COLUMN care.goal.care_plan_id   IS 'Plan that it belongs to; null for the patient''s own.';
COMMENT ON COLUMN care.goal.created_at     IS 'When the row was made.';
COMMENT ON COLUMN care.goal.updated_at     IS 'When it was last changed.';
COMMENT ON COLUMN care.goal.target         IS 'What is to be reached, in unit.';
COMMENT ON COLUMN care.goal.version        IS 'Raised by each change.';
COMMENT ON COLUMN care.goal.manual         IS 'True where no device measures it, so that it has entries.';
COMMENT ON COLUMN care.goal.pursued_during IS 'Half-open period of local days, ten years at most.';
COMMENT ON COLUMN care.goal.per            IS 'day or week (from Monday): what the target is for.';
COMMENT ON COLUMN care.goal.measure        IS 'What is made of a day''s or week''s values: sum, average, minimum, maximum, last or count.';
COMMENT ON COLUMN care.goal.comparator     IS 'at_least or at_most the target.';
COMMENT ON COLUMN care.goal.metric         IS 'Metric of the catalogue; null where no device measures it.';
COMMENT ON COLUMN care.goal.unit           IS 'Unit of target; the metric''s own, and 1 for a count.';
COMMENT ON COLUMN care.goal.title          IS 'In the patient''s words.';
COMMENT ON COLUMN care.goal.updated_by     IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT goal_pkey ON care.goal IS 'This goal is known already.';
COMMENT ON CONSTRAINT goal_id_with_patient_is_unique ON care.goal IS 'This goal is known already.';
COMMENT ON CONSTRAINT goal_id_with_manual_is_unique ON care.goal IS 'This goal is known already.';
COMMENT ON CONSTRAINT goal_patient_fkey ON care.goal IS 'Register the patient first.';
COMMENT ON CONSTRAINT goal_plan_fkey ON care.goal IS 'Choose a plan of this patient.';
COMMENT ON CONSTRAINT goal_metric_fkey ON care.goal IS 'Choose a metric of the catalogue.';
COMMENT ON CONSTRAINT goal_target_is_a_number ON care.goal IS 'Give the target as a number.';
COMMENT ON CONSTRAINT goal_period_is_half_open ON care.goal IS 'A goal has a first day, and ends after it within ten years.';
COMMENT ON CONSTRAINT goal_per_is_known ON care.goal IS 'Choose day or week.';
COMMENT ON CONSTRAINT goal_measure_is_known ON care.goal IS 'Choose sum, average, minimum, maximum, last or count.';
COMMENT ON CONSTRAINT goal_comparator_is_known ON care.goal IS 'Choose at_least or at_most.';
COMMENT ON CONSTRAINT goal_unit_is_some ON care.goal IS 'Give the unit of the target, without spaces.';
COMMENT ON CONSTRAINT goal_title_is_some ON care.goal IS 'Give the goal a title of 200 letters at most.';

CREATE TABLE care.goal_entry (
    goal_entry_id uuid             NOT NULL DEFAULT gen_random_uuid(),
    patient_id    uuid             NOT NULL,
    goal_id       uuid             NOT NULL,
    created_at    timestamptz      NOT NULL DEFAULT now(),
    updated_at    timestamptz      NOT NULL DEFAULT now(),
    value         double precision NOT NULL,
    done_on       date             NOT NULL,
    version       integer          NOT NULL DEFAULT 1,
    manual        boolean          GENERATED ALWAYS AS (true) STORED,
    note          text,
    updated_by    text             NOT NULL DEFAULT session_user,

    CONSTRAINT goal_entry_pkey PRIMARY KEY (goal_entry_id),
    CONSTRAINT goal_entry_goal_is_manual_fkey FOREIGN KEY (patient_id, goal_id, manual)
        REFERENCES care.goal (patient_id, goal_id, manual),
    CONSTRAINT goal_entry_value_is_a_number CHECK (value > '-Infinity' AND value < 'Infinity'),
    CONSTRAINT goal_entry_note_is_short CHECK (length(note) <= 2000)
);
CREATE INDEX goal_entry_goal_idx ON care.goal_entry (patient_id, goal_id, done_on);
CREATE TRIGGER goal_entry_is_touched BEFORE UPDATE ON care.goal_entry FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.goal_entry               IS 'What the patient did for a goal that no device measures.';
COMMENT ON COLUMN care.goal_entry.goal_entry_id IS 'Key.';
COMMENT ON COLUMN care.goal_entry.patient_id    IS 'Whose goal it is.';
COMMENT ON COLUMN care.goal_entry.goal_id       IS 'Which goal.';
COMMENT ON COLUMN care.goal_entry.created_at    IS 'When the row was made.';
COMMENT ON COLUMN care.goal_entry.updated_at    IS 'When it was last changed.';
COMMENT ON COLUMN care.goal_entry.value         IS 'How much, in the goal''s unit.';
COMMENT ON COLUMN care.goal_entry.done_on       IS 'Local day on which it was done.';
COMMENT ON COLUMN care.goal_entry.version       IS 'Raised by each change.';
COMMENT ON COLUMN care.goal_entry.manual        IS 'Always true: part of the key to a goal without a metric.';
COMMENT ON COLUMN care.goal_entry.note          IS 'In the patient''s words; null where nothing was said.';
COMMENT ON COLUMN care.goal_entry.updated_by    IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT goal_entry_pkey ON care.goal_entry IS 'This entry is known already.';
COMMENT ON CONSTRAINT goal_entry_goal_is_manual_fkey ON care.goal_entry IS 'Choose a goal of this patient that no device measures.';
COMMENT ON CONSTRAINT goal_entry_value_is_a_number ON care.goal_entry IS 'Give the value as a number.';
COMMENT ON CONSTRAINT goal_entry_note_is_short ON care.goal_entry IS 'Keep the note to 2000 letters.';

CREATE TABLE care.goal_day (
    goal_id     uuid             NOT NULL,
    patient_id  uuid             NOT NULL,
    kept_at     timestamptz      NOT NULL DEFAULT now(),
    parts       bigint           NOT NULL,
    total       double precision NOT NULL,
    lowest      double precision NOT NULL,
    highest     double precision NOT NULL,
    latest      double precision NOT NULL,
    measured_on date             NOT NULL,

    CONSTRAINT goal_day_pkey PRIMARY KEY (goal_id, measured_on),
    CONSTRAINT goal_day_goal_fkey FOREIGN KEY (patient_id, goal_id) REFERENCES care.goal (patient_id, goal_id),
    CONSTRAINT goal_day_is_made_of_something CHECK (
        parts > 0 AND lowest <= highest AND latest BETWEEN lowest AND highest
    )
);
COMMENT ON TABLE  care.goal_day             IS 'What was measured for a goal on a local day, kept before its samples leave for the archive.';
COMMENT ON COLUMN care.goal_day.goal_id     IS 'Which goal.';
COMMENT ON COLUMN care.goal_day.patient_id  IS 'Whose.';
COMMENT ON COLUMN care.goal_day.kept_at     IS 'When it was computed.';
COMMENT ON COLUMN care.goal_day.parts       IS 'How many samples it is made of.';
COMMENT ON COLUMN care.goal_day.total       IS 'Their sum.';
COMMENT ON COLUMN care.goal_day.lowest      IS 'The least of them.';
COMMENT ON COLUMN care.goal_day.highest     IS 'The greatest.';
COMMENT ON COLUMN care.goal_day.latest      IS 'The last one.';
COMMENT ON COLUMN care.goal_day.measured_on IS 'The patient''s own day.';
COMMENT ON CONSTRAINT goal_day_pkey ON care.goal_day IS 'This day is kept already.';
COMMENT ON CONSTRAINT goal_day_goal_fkey ON care.goal_day IS 'Set the goal first.';
COMMENT ON CONSTRAINT goal_day_is_made_of_something ON care.goal_day IS 'A day is kept where something was measured.';

CREATE FUNCTION care.fit_goal_to_metric() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    known signal.metric;
    unit  text;
BEGIN
    SELECT * INTO known FROM signal.metric WHERE name = NEW.metric;
    IF NOT FOUND THEN
        RETURN NEW; -- No metric, or one that the foreign key refuses.
    END IF;
    IF known.codes IS NOT NULL THEN
        PERFORM care.refuse('goal_metric_is_numeric', 'Choose a metric that is measured in numbers.');
    END IF;
    unit := CASE NEW.measure WHEN 'count' THEN '1' ELSE known.unit END;
    NEW.unit := coalesce(NEW.unit, unit);
    IF NEW.unit <> unit THEN
        PERFORM care.refuse('goal_unit_is_that_of_its_metric', 'Give the target in the unit of its metric.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.fit_goal_to_metric() IS 'Trigger before a goal is written: its unit is that of its metric, which is numeric.';
CREATE TRIGGER goal_fits_its_metric BEFORE INSERT OR UPDATE ON care.goal
    FOR EACH ROW EXECUTE FUNCTION care.fit_goal_to_metric();

CREATE FUNCTION care.worn_samples(patient_id uuid, metric text, "from" timestamptz, "to" timestamptz)
RETURNS TABLE (wear_id uuid, worn_during tstzrange, start_at timestamptz, value double precision)
    LANGUAGE sql STABLE AS $$
    SELECT wear.wear_id, wear.worn_during, found.start_at, found.value
    FROM care.wear
    JOIN signal.device USING (device_key)
    -- The asked time as it is, not cut to the wear: bounds that are known beforehand let chunks be left out.
    CROSS JOIN LATERAL signal.samples(device.device_id, $2, $3, $4) AS found
    WHERE wear.patient_id = $1 AND wear.worn_during && tstzrange($3, $4) AND wear.worn_during @> found.start_at
      AND found.statistic IS NULL AND found.value IS NOT NULL
$$;
COMMENT ON FUNCTION care.worn_samples(uuid, text, timestamptz, timestamptz) IS
    'Plain hot samples of one person and metric that begin in [from, to), from each device while it was worn. For functions that have asked who acts.';
REVOKE EXECUTE ON FUNCTION care.worn_samples(uuid, text, timestamptz, timestamptz) FROM PUBLIC;

CREATE FUNCTION care.goal_days(goal care.goal, "from" date, "to" date)
RETURNS TABLE (bucket_on date, first_on date, stop_on date)
    LANGUAGE sql STABLE AS $$
    SELECT day::date, greatest(day::date, lower(goal.pursued_during)),
           least(day::date + step.days, upper(goal.pursued_during))
    FROM (SELECT CASE goal.per WHEN 'week' THEN 7 ELSE 1 END AS days) AS step
    CROSS JOIN LATERAL generate_series(
        CASE goal.per WHEN 'week' THEN date_trunc('week', $2::timestamp) ELSE $2::timestamp END,
        $3::timestamp - INTERVAL '1 day', step.days * INTERVAL '1 day') AS day
    WHERE daterange(day::date, day::date + step.days) && goal.pursued_during
$$;
COMMENT ON FUNCTION care.goal_days(care.goal, date, date) IS
    'The days or weeks of a goal that touch [from, to): their first day, and the half-open part of each within the goal''s period.';

CREATE FUNCTION care.measure_goal_days(goal care.goal, "from" date, "to" date)
RETURNS TABLE (measured_on date, parts bigint, total double precision, lowest double precision,
               highest double precision, latest double precision)
    LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    zone    text;
    span    tstzrange;
    several boolean;
BEGIN
    IF goal.manual THEN
        RETURN QUERY
        SELECT entry.done_on, count(*), sum(entry.value), min(entry.value), max(entry.value),
               (array_agg(entry.value ORDER BY entry.created_at DESC, entry.value DESC))[1]
        FROM care.goal_entry AS entry
        WHERE entry.patient_id = goal.patient_id AND entry.goal_id = goal.goal_id
          AND entry.done_on >= $2 AND entry.done_on < $3
        GROUP BY entry.done_on;
        RETURN;
    END IF;
    SELECT time_zone INTO zone FROM care.patient AS person WHERE person.patient_id = goal.patient_id;
    span := tstzrange($2::timestamp AT TIME ZONE zone, $3::timestamp AT TIME ZONE zone);
    SELECT count(*) > 1 INTO several FROM care.wear
    WHERE wear.patient_id = goal.patient_id AND wear.worn_during && span;
    RETURN QUERY
    WITH measured AS MATERIALIZED (
        SELECT (found.start_at AT TIME ZONE zone)::date AS day, found.*
        FROM care.worn_samples(goal.patient_id, goal.metric, lower(span), upper(span)) AS found
    ), device_day AS MATERIALIZED (
        SELECT DISTINCT day, wear_id, worn_during FROM measured WHERE several
    )
    SELECT one.day, count(*), sum(one.value), min(one.value), max(one.value),
           (array_agg(one.value ORDER BY one.start_at DESC, one.value DESC))[1]
    FROM measured AS one
    WHERE NOT EXISTS (
        SELECT FROM device_day AS other
        WHERE other.day = one.day AND other.worn_during @> one.start_at
          AND (other.worn_during, other.wear_id) < (one.worn_during, one.wear_id)
    )
    GROUP BY one.day;
END $$;
COMMENT ON FUNCTION care.measure_goal_days(care.goal, date, date) IS
    'What hot samples, or entries, give for a goal on each local day in [from, to) that has any. For functions that have asked who acts.';
REVOKE EXECUTE ON FUNCTION care.measure_goal_days(care.goal, date, date) FROM PUBLIC;

CREATE FUNCTION care.goal_progress(goal_id uuid, "from" date, "to" date)
RETURNS TABLE (bucket_on date, value double precision, parts bigint, reached boolean)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    goal     care.goal;
    first_on date;
    stop_on  date;
BEGIN
    SELECT * INTO goal FROM care.goal AS known
    WHERE known.goal_id = $1 AND known.patient_id = ANY (access.own_patients() || access.patients_in_care());
    IF NOT FOUND THEN
        PERFORM care.refuse('goal_is_within_reach', 'There is no such goal of yours or of a patient in your care.');
    END IF;
    IF $3 - $2 > 400 THEN
        PERFORM care.refuse('goal_progress_is_for_400_days_at_most', 'Ask for 400 days at most at a time.');
    END IF;
    SELECT min(days.first_on), max(days.stop_on) INTO first_on, stop_on FROM care.goal_days(goal, $2, $3) AS days;
    RETURN QUERY
    WITH told AS (
        SELECT * FROM care.measure_goal_days(goal, first_on, stop_on) WHERE first_on IS NOT NULL
        UNION ALL
        SELECT kept.measured_on, kept.parts, kept.total, kept.lowest, kept.highest, kept.latest
        FROM care.goal_day AS kept
        WHERE kept.goal_id = $1 AND kept.measured_on >= first_on AND kept.measured_on < stop_on
    ), day AS (
        -- Samples come late before a roll and leave with it: of what is kept and what is hot, the fuller one is right.
        SELECT DISTINCT ON (measured_on) * FROM told ORDER BY measured_on, parts DESC
    ), made AS (
        SELECT days.bucket_on, coalesce(sum(day.parts), 0)::bigint AS parts,
               CASE goal.measure
                   WHEN 'sum' THEN sum(day.total)
                   WHEN 'average' THEN sum(day.total) / sum(day.parts)
                   WHEN 'minimum' THEN min(day.lowest)
                   WHEN 'maximum' THEN max(day.highest)
                   WHEN 'last' THEN (array_agg(day.latest ORDER BY day.measured_on DESC)
                                     FILTER (WHERE day.parts IS NOT NULL))[1]
                   ELSE sum(day.parts)
               END AS value
        FROM care.goal_days(goal, $2, $3) AS days
        LEFT JOIN day ON day.measured_on >= days.first_on AND day.measured_on < days.stop_on
        GROUP BY days.bucket_on
    )
    SELECT made.bucket_on, made.value, made.parts,
           CASE goal.comparator WHEN 'at_least' THEN made.value >= goal.target ELSE made.value <= goal.target END
    FROM made ORDER BY made.bucket_on;
END $$;
COMMENT ON FUNCTION care.goal_progress(uuid, date, date) IS
    'Each day or week of a goal that touches [from, to), in the patient''s own time zone: its value, of how many samples or entries, and whether the target was reached; null where nothing was measured. A week is told whole, whatever part of it was asked for. From hot samples, and from what was kept of days that are archived.';

CREATE FUNCTION care.keep_goal_days("from" date, "to" date) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    goal care.goal;
    rows bigint;
    kept bigint := 0;
BEGIN
    FOR goal IN SELECT * FROM care.goal AS known
        WHERE NOT known.manual AND known.pursued_during && daterange($1, $2)
    LOOP
        INSERT INTO care.goal_day AS known (goal_id, patient_id, measured_on, parts, total, lowest, highest, latest)
        SELECT goal.goal_id, goal.patient_id, found.*
        FROM care.measure_goal_days(goal, greatest($1, lower(goal.pursued_during)),
                                    least($2, upper(goal.pursued_during))) AS found
        ON CONFLICT (goal_id, measured_on) DO UPDATE
            SET parts = excluded.parts, total = excluded.total, lowest = excluded.lowest, highest = excluded.highest,
                latest = excluded.latest, kept_at = excluded.kept_at
            WHERE excluded.parts > known.parts;
        GET DIAGNOSTICS rows = ROW_COUNT;
        kept := kept + rows;
    END LOOP;
    RETURN kept;
END $$;
COMMENT ON FUNCTION care.keep_goal_days(date, date) IS
    'Keeps what was measured for each goal on the local days in [from, to), where that is more than is kept; how many days. To be called before samples leave for the archive.';
REVOKE EXECUTE ON FUNCTION care.keep_goal_days(date, date) FROM PUBLIC;
GRANT USAGE ON SCHEMA care TO healthtrack_roller;
GRANT EXECUTE ON FUNCTION care.keep_goal_days(date, date) TO healthtrack_roller;

CALL access.guard('care.goal', 'own_chart');
CALL access.guard('care.goal_entry', 'own_chart');
CALL access.guard('care.goal_day', 'internal');
