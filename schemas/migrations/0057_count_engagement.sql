-- How much a wellness centre is used, a row a day.
--
-- Counting years of visits for each look is slow, so days are counted once and again only when something in them has
-- changed. Triggers append the day of each change to a log, and `care.refresh_engagement` counts the days that it finds
-- there. The log has no unique key on purpose: a writer that has not committed yet must leave its own row for the next
-- refresh, where a key would make it lean on a row that this refresh is deleting. A day is the centre's own, by its
-- time zone. New tables, functions and triggers; the triggers lock their tables for an instant. Undo: drop them.
CREATE TABLE care.centre_engagement_day (
    facility_id uuid        NOT NULL,
    counted_at  timestamptz NOT NULL DEFAULT now(),
    counted_on  date        NOT NULL,
    visits      integer     NOT NULL,
    members     integer     NOT NULL,
    attendances integer     NOT NULL,
    enrolments  integer     NOT NULL,
    category    text        GENERATED ALWAYS AS ('wellness_center') STORED,

    CONSTRAINT centre_engagement_day_pkey PRIMARY KEY (facility_id, counted_on),
    CONSTRAINT centre_engagement_day_centre_fkey FOREIGN KEY (facility_id, category)
        REFERENCES care.facility (facility_id, category),
    CONSTRAINT centre_engagement_day_has_something CHECK (
        visits >= 0 AND members >= 0 AND attendances >= 0 AND enrolments >= 0
        AND visits + attendances + enrolments > 0 AND members <= visits + attendances
    )
);
COMMENT ON TABLE  care.centre_engagement_day             IS 'What happened at a wellness centre on one day; days without anything have no row.';
COMMENT ON COLUMN care.centre_engagement_day.facility_id IS 'Which centre.';
COMMENT ON COLUMN care.centre_engagement_day.counted_at  IS 'When it was counted.';
COMMENT ON COLUMN care.centre_engagement_day.counted_on  IS 'The centre''s own day.';
COMMENT ON COLUMN care.centre_engagement_day.visits      IS 'Visits that began.';
COMMENT ON COLUMN care.centre_engagement_day.members     IS 'Different people who came to visit or attended a session.';
COMMENT ON COLUMN care.centre_engagement_day.attendances IS 'Attendances at sessions of programmes that were held there.';
COMMENT ON COLUMN care.centre_engagement_day.enrolments  IS 'People who were admitted to the centre''s programmes.';
COMMENT ON COLUMN care.centre_engagement_day.category    IS 'Always wellness_center: part of the key to a facility of that category.';
COMMENT ON CONSTRAINT centre_engagement_day_pkey ON care.centre_engagement_day IS 'This day is counted already.';
COMMENT ON CONSTRAINT centre_engagement_day_centre_fkey ON care.centre_engagement_day IS 'Choose a facility that is a wellness centre.';
COMMENT ON CONSTRAINT centre_engagement_day_has_something ON care.centre_engagement_day IS 'A day has something, and no more people than visits and attendances.';

CREATE TABLE care.centre_engagement_change (
    facility_id                 uuid   NOT NULL,
    centre_engagement_change_id bigint GENERATED ALWAYS AS IDENTITY,
    changed_on                  date   NOT NULL,

    CONSTRAINT centre_engagement_change_pkey PRIMARY KEY (centre_engagement_change_id),
    CONSTRAINT centre_engagement_change_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id)
);
CREATE INDEX centre_engagement_change_day_idx ON care.centre_engagement_change (changed_on);
COMMENT ON TABLE  care.centre_engagement_change                             IS 'Days of which something has changed since they were counted.';
COMMENT ON COLUMN care.centre_engagement_change.facility_id                 IS 'Where.';
COMMENT ON COLUMN care.centre_engagement_change.centre_engagement_change_id IS 'Key.';
COMMENT ON COLUMN care.centre_engagement_change.changed_on                  IS 'The facility''s own day.';
COMMENT ON CONSTRAINT centre_engagement_change_pkey ON care.centre_engagement_change IS 'This change is known already.';
COMMENT ON CONSTRAINT centre_engagement_change_facility_fkey ON care.centre_engagement_change IS 'Choose one of the network''s facilities.';

CREATE FUNCTION care.note_engagement(facility_id uuid, moment timestamptz) RETURNS void
    LANGUAGE sql AS $$
    INSERT INTO care.centre_engagement_change (facility_id, changed_on)
    SELECT place.facility_id, (moment AT TIME ZONE place.time_zone)::date FROM care.facility AS place
    WHERE place.facility_id = $1 AND place.category = 'wellness_center' AND moment IS NOT NULL
$$;
COMMENT ON FUNCTION care.note_engagement(uuid, timestamptz) IS 'Notes that something at a centre has changed on the day of a moment; nothing for other facilities.';
REVOKE EXECUTE ON FUNCTION care.note_engagement(uuid, timestamptz) FROM PUBLIC;

CREATE FUNCTION care.note_visit() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM care.note_engagement(OLD.facility_id, lower(OLD.present_during));
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM care.note_engagement(NEW.facility_id, lower(NEW.present_during));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.note_visit() IS 'Trigger after a visit is written: its day is to be counted.';
CREATE TRIGGER centre_visit_is_noted AFTER INSERT OR UPDATE OR DELETE ON care.centre_visit
    FOR EACH ROW EXECUTE FUNCTION care.note_visit();

CREATE FUNCTION care.note_attendance() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM care.note_engagement(held.facility_id, OLD.attended_at) FROM care.programme_session AS held
        WHERE held.programme_session_id = OLD.programme_session_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM care.note_engagement(held.facility_id, NEW.attended_at) FROM care.programme_session AS held
        WHERE held.programme_session_id = NEW.programme_session_id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.note_attendance() IS 'Trigger after an attendance is written: its day is to be counted.';
CREATE TRIGGER attendance_is_noted AFTER INSERT OR UPDATE OR DELETE ON care.attendance
    FOR EACH ROW EXECUTE FUNCTION care.note_attendance();

CREATE FUNCTION care.note_enrolment() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        PERFORM care.note_engagement(run.facility_id, OLD.admitted_at) FROM care.programme AS run
        WHERE run.programme_id = OLD.programme_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        PERFORM care.note_engagement(run.facility_id, NEW.admitted_at) FROM care.programme AS run
        WHERE run.programme_id = NEW.programme_id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.note_enrolment() IS 'Trigger after an enrolment is written: the day of its admission is to be counted.';
CREATE TRIGGER enrolment_is_noted AFTER INSERT OR DELETE OR UPDATE OF programme_id, admitted_at, status
    ON care.enrolment FOR EACH ROW EXECUTE FUNCTION care.note_enrolment();

CREATE FUNCTION care.note_move() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'programme' THEN
        PERFORM care.note_engagement(place.facility_id, taken.admitted_at)
        FROM care.enrolment AS taken CROSS JOIN (VALUES (OLD.facility_id), (NEW.facility_id)) AS place (facility_id)
        WHERE taken.programme_id = NEW.programme_id;
    ELSE
        PERFORM care.note_engagement(place.facility_id, seen.attended_at)
        FROM care.attendance AS seen CROSS JOIN (VALUES (OLD.facility_id), (NEW.facility_id)) AS place (facility_id)
        WHERE seen.programme_id = NEW.programme_id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.note_move() IS 'Trigger after a programme or a session has moved to another facility: its days are to be counted at both.';
CREATE TRIGGER programme_move_is_noted AFTER UPDATE OF facility_id ON care.programme
    FOR EACH ROW WHEN (OLD.facility_id IS DISTINCT FROM NEW.facility_id) EXECUTE FUNCTION care.note_move();
CREATE TRIGGER programme_session_move_is_noted AFTER UPDATE OF facility_id ON care.programme_session
    FOR EACH ROW WHEN (OLD.facility_id IS DISTINCT FROM NEW.facility_id) EXECUTE FUNCTION care.note_move();

CREATE FUNCTION care.note_time_zone() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The farthest zones lie 26 hours apart, so what was on one day is on one of five now.
    INSERT INTO care.centre_engagement_change (facility_id, changed_on)
    SELECT DISTINCT NEW.facility_id, known.day + shift
    FROM (
        SELECT counted_on AS day FROM care.centre_engagement_day WHERE facility_id = NEW.facility_id
        UNION ALL
        SELECT changed_on FROM care.centre_engagement_change WHERE facility_id = NEW.facility_id
    ) AS known CROSS JOIN generate_series(-2, 2) AS shift;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.note_time_zone() IS 'Trigger after a centre''s time zone has changed: its days begin and end elsewhere, and are to be counted.';
CREATE TRIGGER facility_time_zone_is_noted AFTER UPDATE OF time_zone ON care.facility
    FOR EACH ROW WHEN (OLD.time_zone <> NEW.time_zone AND NEW.category = 'wellness_center')
    EXECUTE FUNCTION care.note_time_zone();

CREATE FUNCTION care.count_engagement(facility_id uuid, day date)
RETURNS TABLE (visits integer, members integer, attendances integer, enrolments integer)
    LANGUAGE sql STABLE AS $$
    WITH span AS (
        SELECT $2::timestamp AT TIME ZONE place.time_zone AS first_at,
               ($2 + 1)::timestamp AT TIME ZONE place.time_zone AS stop_at
        FROM care.facility AS place WHERE place.facility_id = $1
    ), came AS (
        SELECT visit.patient_id FROM span JOIN care.centre_visit AS visit
            ON visit.facility_id = $1 AND lower(visit.present_during) >= first_at
           AND lower(visit.present_during) < stop_at
    ), seen AS (
        SELECT noted.patient_id FROM span CROSS JOIN care.programme_session AS held
        JOIN care.attendance AS noted USING (programme_session_id)
        WHERE held.facility_id = $1 AND noted.attended_at >= first_at AND noted.attended_at < stop_at
    )
    SELECT (SELECT count(*) FROM came)::integer,
           (SELECT count(*) FROM (SELECT patient_id FROM came UNION SELECT patient_id FROM seen) AS someone)::integer,
           (SELECT count(*) FROM seen)::integer,
           (SELECT count(*) FROM span CROSS JOIN care.programme AS run JOIN care.enrolment AS taken USING (programme_id)
            WHERE run.facility_id = $1 AND taken.admitted_at >= first_at AND taken.admitted_at < stop_at)::integer
$$;
COMMENT ON FUNCTION care.count_engagement(uuid, date) IS 'Counts what happened at a facility on one of its days, from the rows themselves.';

CREATE FUNCTION care.refresh_engagement("from" date, "to" date) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    stale   record;
    counted bigint := 0;
BEGIN
    -- One refresh at a time: a slower one would lay its older count over a newer.
    PERFORM pg_advisory_xact_lock(hashtextextended('care.refresh_engagement', 0));
    FOR stale IN
        WITH gone AS (
            DELETE FROM care.centre_engagement_change WHERE changed_on >= $1 AND changed_on < $2
            RETURNING facility_id, changed_on
        )
        SELECT DISTINCT gone.facility_id, gone.changed_on FROM gone
        JOIN care.facility USING (facility_id) WHERE facility.category = 'wellness_center'
    LOOP
        counted := counted + 1;
        DELETE FROM care.centre_engagement_day AS known
        WHERE known.facility_id = stale.facility_id AND known.counted_on = stale.changed_on;
        INSERT INTO care.centre_engagement_day (facility_id, counted_on, visits, members, attendances, enrolments)
        SELECT stale.facility_id, stale.changed_on, found.visits, found.members, found.attendances, found.enrolments
        FROM care.count_engagement(stale.facility_id, stale.changed_on) AS found
        WHERE found.visits + found.attendances + found.enrolments > 0;
    END LOOP;
    RETURN counted;
END $$;
COMMENT ON FUNCTION care.refresh_engagement(date, date) IS 'Counts the days in [from, to) again of which something has changed; how many they were. Run at READ COMMITTED.';
REVOKE EXECUTE ON FUNCTION care.refresh_engagement(date, date) FROM PUBLIC;

CALL access.guard('care.centre_engagement_change', 'internal');
CALL access.guard('care.centre_engagement_day', 'internal');
GRANT SELECT ON care.centre_engagement_day TO healthtrack_portal;
CREATE POLICY desk ON care.centre_engagement_day FOR SELECT TO healthtrack_portal
    USING (facility_id = ANY ((SELECT access.own_facilities())::uuid[]) OR (SELECT access.part()) = 'operator');
