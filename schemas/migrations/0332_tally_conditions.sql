-- How many people have a condition is kept, and no longer counted from every record.
--
-- `care.condition_tally` has what counting by code, sex and band of age gave when it was last brought up to date. What
-- has changed since is in two logs, and whoever reads adds it: for each person in a log, what counts of them now, less
-- what counted then. Then is now with the log undone: conditions less what was added to them, with the sex and the day
-- of birth of the first line about the person. Writers only append, so none waits for another, and two who change one
-- person at once, unseen by each other, are both undone. Bands move by themselves: people who have come to another since
-- the day of the tally are taken the same way, found by their day of birth. Maintenance adds the same differences to the
-- tally and forgets the log in one statement, so every snapshot has each change in one of both.
--
-- A listed condition is one row for each person and code (condition_is_listed_once), so rows are people. What is shown
-- is what was shown before, by the same rules. A log has no reference to its person, since it tells of who is gone, and
-- is emptied within a minute. What is written with triggers off is counted by care.recount_conditions.
-- New tables, an index, triggers and functions, which lock care.condition and care.patient against writes for as long
-- as the index is made and conditions are counted once. Undo: make access.count_conditions as 78 has it, drop the rest.
CREATE TABLE care.condition_tally (
    people      bigint NOT NULL,
    banded_on   date   NOT NULL,
    code_system text   NOT NULL,
    code        text   NOT NULL,
    age_band    text   NOT NULL,
    sex         text   NOT NULL,

    CONSTRAINT condition_tally_pkey PRIMARY KEY (code_system, code, age_band, sex)
);
COMMENT ON TABLE  care.condition_tally             IS 'Living people with a confirmed condition that lasts, by code, age and sex, as it was last brought up to date: with the two logs, what counting gives.';
COMMENT ON COLUMN care.condition_tally.people      IS 'How many.';
COMMENT ON COLUMN care.condition_tally.banded_on   IS 'The day of whose ages the bands are; the same in all rows.';
COMMENT ON COLUMN care.condition_tally.code_system IS 'Terminology of the code.';
COMMENT ON COLUMN care.condition_tally.code        IS 'Code of the condition.';
COMMENT ON COLUMN care.condition_tally.age_band    IS 'Age on that day, as a band.';
COMMENT ON COLUMN care.condition_tally.sex         IS 'Administrative gender.';
COMMENT ON CONSTRAINT condition_tally_pkey ON care.condition_tally IS 'This group is counted already.';

CREATE TABLE care.condition_change (
    patient_id          uuid     NOT NULL,
    condition_change_id bigint   GENERATED ALWAYS AS IDENTITY,
    added               smallint NOT NULL,
    code_system         text     NOT NULL,
    code                text     NOT NULL,

    CONSTRAINT condition_change_pkey PRIMARY KEY (condition_change_id),
    CONSTRAINT condition_change_adds_or_takes_one CHECK (added IN (-1, 1))
);
CREATE INDEX condition_change_patient_idx ON care.condition_change (patient_id);
COMMENT ON TABLE  care.condition_change                     IS 'Conditions that have come to count, or ceased to, since the tally was brought up to date.';
COMMENT ON COLUMN care.condition_change.patient_id          IS 'Whose.';
COMMENT ON COLUMN care.condition_change.condition_change_id IS 'Key.';
COMMENT ON COLUMN care.condition_change.added               IS '1 where it has come to count, -1 where it has ceased to.';
COMMENT ON COLUMN care.condition_change.code_system         IS 'Terminology of the code.';
COMMENT ON COLUMN care.condition_change.code                IS 'Code of the condition.';
COMMENT ON CONSTRAINT condition_change_pkey ON care.condition_change IS 'This change is known already.';
COMMENT ON CONSTRAINT condition_change_adds_or_takes_one ON care.condition_change IS 'A change adds one condition or takes one away.';

CREATE TABLE care.person_change (
    patient_id       uuid    NOT NULL,
    person_change_id bigint  GENERATED ALWAYS AS IDENTITY,
    born_during      daterange,
    lived            boolean NOT NULL,
    sex              text    NOT NULL,

    CONSTRAINT person_change_pkey PRIMARY KEY (person_change_id)
);
CREATE INDEX person_change_patient_idx ON care.person_change (patient_id, person_change_id);
COMMENT ON TABLE  care.person_change                  IS 'Who has been changed since the tallies were brought up to date, and what stood there before.';
COMMENT ON COLUMN care.person_change.patient_id       IS 'Who.';
COMMENT ON COLUMN care.person_change.person_change_id IS 'Key; of one person, in the order of the changes.';
COMMENT ON COLUMN care.person_change.born_during      IS 'Days on which the birth may have been, before the change; null where nothing was known.';
COMMENT ON COLUMN care.person_change.lived            IS 'Whether no death was recorded before the change.';
COMMENT ON COLUMN care.person_change.sex              IS 'Administrative gender before the change.';
COMMENT ON CONSTRAINT person_change_pkey ON care.person_change IS 'This change is known already.';

CALL access.guard('care.condition_tally', 'internal');
CALL access.guard('care.condition_change', 'internal');
CALL access.guard('care.person_change', 'internal');
CREATE TRIGGER condition_change_stays_under_hold BEFORE DELETE ON care.condition_change FOR EACH ROW
    WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE')) EXECUTE FUNCTION care.keep_row_under_hold();
CREATE TRIGGER person_change_stays_under_hold BEFORE DELETE ON care.person_change FOR EACH ROW
    WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE')) EXECUTE FUNCTION care.keep_row_under_hold();

-- Births may be known in part: then a table has the days on which one may have been.
CREATE INDEX patient_born_idx ON care.patient (born_on);
DO $$
DECLARE
    in_part constant boolean := EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'care.patient'::regclass
                                        AND attname = 'born_during' AND NOT attisdropped);
BEGIN
    IF in_part THEN
        CREATE INDEX patient_born_in_part_idx ON care.patient USING gist (born_during) WHERE born_on IS NULL;
    END IF;
    EXECUTE format('CREATE FUNCTION care.birth_days(person care.patient) RETURNS daterange
        LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN %s',
        CASE WHEN in_part THEN '(person).born_during' ELSE 'daterange((person).born_on, (person).born_on, ''[]'')' END);
    EXECUTE format('CREATE FUNCTION care.born_within(days daterange) RETURNS SETOF uuid
        LANGUAGE sql STABLE PARALLEL SAFE AS %L',
        'SELECT p.patient_id FROM care.patient p WHERE p.born_on >= lower(days) AND p.born_on < upper(days)'
        || CASE WHEN in_part THEN ' UNION ALL SELECT p.patient_id FROM care.patient p
                                    WHERE p.born_on IS NULL AND p.born_during && days' ELSE '' END);
END $$;
COMMENT ON FUNCTION care.birth_days(care.patient) IS 'The days on which somebody may have been born; null where nothing is known.';
COMMENT ON FUNCTION care.born_within(daterange) IS 'Who may have been born on one of these days.';
REVOKE EXECUTE ON FUNCTION care.birth_days(care.patient), care.born_within(daterange) FROM PUBLIC;

CREATE FUNCTION care.age_group(born_during daterange, on_day date) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN care.age_band(lower(born_during), on_day) = care.age_band(upper(born_during) - 1, on_day)
                THEN care.age_band(lower(born_during), on_day) ELSE 'unknown' END;
COMMENT ON FUNCTION care.age_group(daterange, date) IS 'The band of ages on a day where it is the same for each day on which the birth may have been; else unknown.';
REVOKE EXECUTE ON FUNCTION care.age_group(daterange, date) FROM PUBLIC;

CREATE FUNCTION care.condition_lasts(clinical_status text, verification_status text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN verification_status = 'confirmed' AND clinical_status IN ('active', 'recurrence', 'relapse');
COMMENT ON FUNCTION care.condition_lasts(text, text) IS 'True for a condition that is confirmed and lasts.';

CREATE FUNCTION care.log_conditions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND care.condition_lasts(OLD.clinical_status, OLD.verification_status) THEN
        INSERT INTO care.condition_change (patient_id, added, code_system, code)
        VALUES (OLD.patient_id, -1, OLD.code_system, OLD.code);
    END IF;
    IF TG_OP <> 'DELETE' AND care.condition_lasts(NEW.clinical_status, NEW.verification_status) THEN
        INSERT INTO care.condition_change (patient_id, added, code_system, code)
        VALUES (NEW.patient_id, 1, NEW.code_system, NEW.code);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.log_conditions() IS 'Trigger after a condition is written: logs what has come to count of it, and what has ceased to.';
CREATE TRIGGER condition_is_tallied AFTER INSERT OR DELETE ON care.condition
    FOR EACH ROW EXECUTE FUNCTION care.log_conditions();
CREATE TRIGGER condition_change_is_tallied
    AFTER UPDATE ON care.condition FOR EACH ROW WHEN ((OLD.patient_id, OLD.code_system, OLD.code, OLD.clinical_status, OLD.verification_status)
        IS DISTINCT FROM (NEW.patient_id, NEW.code_system, NEW.code, NEW.clinical_status, NEW.verification_status))
    EXECUTE FUNCTION care.log_conditions();

CREATE FUNCTION care.log_person() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (care.birth_days(OLD), OLD.deceased_at IS NULL, OLD.sex)
        IS DISTINCT FROM (care.birth_days(NEW), NEW.deceased_at IS NULL, NEW.sex)
    THEN
        INSERT INTO care.person_change (patient_id, born_during, lived, sex)
        VALUES (OLD.patient_id, care.birth_days(OLD), OLD.deceased_at IS NULL, OLD.sex);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.log_person() IS 'Trigger after what counts of a person has changed, or the person is gone: logs what stood there.';
CREATE TRIGGER patient_is_tallied AFTER UPDATE OR DELETE ON care.patient
    FOR EACH ROW EXECUTE FUNCTION care.log_person();

CREATE FUNCTION care.condition_movement(on_day date)
    RETURNS TABLE (code_system text, code text, age_band text, sex text, people bigint)
    LANGUAGE plpgsql STABLE AS $$
DECLARE
    banded_on constant date := coalesce((SELECT min(t.banded_on) FROM care.condition_tally t), on_day);
    first_on  constant date := least(banded_on, on_day);
    last_on   constant date := greatest(banded_on, on_day);
BEGIN
    RETURN QUERY
    WITH turned AS (
        -- Born so long before that a band began or ended in between; a few days more, which months of odd lengths take.
        SELECT daterange((first_on - years)::date - 3, (last_on - years)::date + 3) AS born
        FROM unnest('{18 years,40 years,65 years,80 years}'::interval[]) AS years WHERE first_on <> last_on
    ), moved AS (
        SELECT c.patient_id FROM care.condition_change c
        UNION
        SELECT c.patient_id FROM care.person_change c
        UNION
        SELECT p.patient_id FROM turned CROSS JOIN care.born_within(turned.born) AS p (patient_id)
    ), present AS (
        SELECT m.patient_id, c.code_system, c.code FROM moved m JOIN care.condition c USING (patient_id)
        WHERE care.condition_lasts(c.clinical_status, c.verification_status)
    ), side AS (
        SELECT p.patient_id, 1 AS sign, p.deceased_at IS NULL AS lives, p.sex,
               care.age_group(care.birth_days(p), on_day) AS age_band
        FROM moved m JOIN care.patient p USING (patient_id)
        UNION ALL
        SELECT m.patient_id, -1, coalesce(was.lived, p.deceased_at IS NULL), coalesce(was.sex, p.sex),
               care.age_group(CASE WHEN was.sex IS NULL THEN care.birth_days(p) ELSE was.born_during END, banded_on)
        FROM moved m LEFT JOIN care.patient p USING (patient_id)
        LEFT JOIN LATERAL (SELECT * FROM care.person_change c WHERE c.patient_id = m.patient_id
                           ORDER BY c.person_change_id LIMIT 1) was ON true
    ), counted AS (
        SELECT n.code_system, n.code, s.age_band, s.sex, s.sign AS people
        FROM side s JOIN present n USING (patient_id) WHERE s.lives
        UNION ALL
        -- Then there was not what has been added since, and there was what has been taken away.
        SELECT c.code_system, c.code, s.age_band, s.sex, c.added
        FROM side s JOIN care.condition_change c USING (patient_id) WHERE s.sign = -1 AND s.lives
    )
    SELECT d.code_system, d.code, d.age_band, d.sex, sum(d.people)::bigint
    FROM counted d GROUP BY 1, 2, 3, 4 HAVING sum(d.people) <> 0;
END $$;
COMMENT ON FUNCTION care.condition_movement(date) IS 'By how many people the groups of a day differ from the tally of conditions. For functions that have asked who acts.';
REVOKE EXECUTE ON FUNCTION care.condition_movement(date) FROM PUBLIC;

CREATE FUNCTION care.settle_conditions() RETURNS void
    LANGUAGE sql AS $$
    UPDATE care.condition_tally SET banded_on = current_date WHERE banded_on <> current_date;
    DELETE FROM care.condition_tally WHERE people = 0;
$$;
COMMENT ON FUNCTION care.settle_conditions() IS 'Dates the tally of conditions, to which today''s differences were added, and removes groups of nobody.';
REVOKE EXECUTE ON FUNCTION care.settle_conditions() FROM PUBLIC;

CREATE FUNCTION care.fold_conditions() RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    folded bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('care.condition_tally', 0));
    -- One statement: it removes of the logs what the movement, in the same snapshot, has counted.
    WITH conditions AS (DELETE FROM care.condition_change RETURNING patient_id),
         persons AS (DELETE FROM care.person_change RETURNING patient_id),
         kept AS (
             INSERT INTO care.condition_tally AS known (code_system, code, age_band, sex, people, banded_on)
             SELECT m.code_system, m.code, m.age_band, m.sex, m.people, current_date
             FROM care.condition_movement(current_date) m
             ON CONFLICT ON CONSTRAINT condition_tally_pkey DO UPDATE SET people = known.people + excluded.people
         )
    SELECT (SELECT count(*) FROM conditions) + (SELECT count(*) FROM persons) INTO folded;
    PERFORM care.settle_conditions();
    RETURN folded;
END $$;
COMMENT ON FUNCTION care.fold_conditions() IS 'Brings the tally of conditions up to date and empties its logs; how many changes there were. Run at READ COMMITTED.';
REVOKE EXECUTE ON FUNCTION care.fold_conditions() FROM PUBLIC;

CREATE FUNCTION care.recount_conditions() RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('care.condition_tally', 0));
    -- One statement, as above: what is committed meanwhile stays in the logs and is not counted here.
    WITH conditions AS (DELETE FROM care.condition_change), persons AS (DELETE FROM care.person_change)
    INSERT INTO care.condition_tally AS known (code_system, code, age_band, sex, people, banded_on)
    SELECT part.code_system, part.code, part.age_band, part.sex, sum(part.people), current_date
    FROM (SELECT c.code_system, c.code, care.age_group(care.birth_days(p), current_date) AS age_band, p.sex, count(*) AS people
          FROM care.condition c JOIN care.patient p USING (patient_id)
          WHERE p.deceased_at IS NULL AND care.condition_lasts(c.clinical_status, c.verification_status)
          GROUP BY 1, 2, 3, 4
          UNION ALL
          SELECT t.code_system, t.code, t.age_band, t.sex, -t.people FROM care.condition_tally t) AS part
    GROUP BY 1, 2, 3, 4 HAVING sum(part.people) <> 0
    ON CONFLICT ON CONSTRAINT condition_tally_pkey DO UPDATE SET people = known.people + excluded.people;
    PERFORM care.settle_conditions();
END $$;
COMMENT ON FUNCTION care.recount_conditions() IS 'Counts the tally of conditions anew from the records themselves, after they were written with triggers off. Run at READ COMMITTED.';
REVOKE EXECUTE ON FUNCTION care.recount_conditions() FROM PUBLIC;
SELECT care.recount_conditions();

CREATE OR REPLACE FUNCTION access.count_conditions()
    RETURNS TABLE (code_system text, code text, age_band text, sex text, patients bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT access.is_analyst() THEN
        RETURN;
    END IF;
    RETURN QUERY
        SELECT part.code_system, part.code, part.age_band, part.sex, care.safe_count(sum(part.people)::bigint)
        FROM (SELECT t.code_system, t.code, t.age_band, t.sex, t.people FROM care.condition_tally t
              UNION ALL
              SELECT m.code_system, m.code, m.age_band, m.sex, m.people FROM care.condition_movement(current_date) m) AS part
        GROUP BY 1, 2, 3, 4 HAVING sum(part.people) >= 11;
END $$;
