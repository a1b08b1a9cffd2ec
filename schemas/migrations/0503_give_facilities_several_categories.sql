-- A facility is of several categories, one of which is its main one; emergency centres are a category.
--
-- A hospital with an emergency centre and a pharmacy is all three, and is to be found as each. care.facility.category stays
-- as the main one, so what reads or writes it goes on; it is always among the rows of care.facility_has_category, which a
-- trigger writes for it and a deferred key demands. What is said of wellness centres (visits, engagement) asks those rows now,
-- whatever else the place is. A day with programmes is noted for counting at every facility, since one that becomes a wellness
-- centre brings what happened before: then its days are noted anew, while nothing is counted. Of the others the notes
-- are dropped when counting comes to them. Urgent care stays a category of its own: it takes what cannot wait, and no life in danger.
-- Locks care.facility, care.centre_visit and care.centre_engagement_day for as long as their keys are checked. Undo: give the two
-- tables and the functions back what 56 and 57 have, and drop the rest.
INSERT INTO care.facility_category (category, title) VALUES ('emergency_center', 'Emergency centre')
ON CONFLICT (category) DO NOTHING;

CREATE TABLE care.facility_has_category (
    facility_id uuid        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    category    text        NOT NULL,

    CONSTRAINT facility_has_category_pkey PRIMARY KEY (facility_id, category),
    CONSTRAINT facility_has_category_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id)
        ON DELETE CASCADE,
    CONSTRAINT facility_has_category_category_fkey FOREIGN KEY (category) REFERENCES care.facility_category (category)
);
CREATE INDEX facility_has_category_category_idx ON care.facility_has_category (category, facility_id);
COMMENT ON TABLE  care.facility_has_category             IS 'Of which categories a facility is; its main one stands in care.facility as well.';
COMMENT ON COLUMN care.facility_has_category.facility_id IS 'The facility.';
COMMENT ON COLUMN care.facility_has_category.created_at  IS 'When the row was made.';
COMMENT ON COLUMN care.facility_has_category.category    IS 'One of its categories.';
COMMENT ON CONSTRAINT facility_has_category_pkey ON care.facility_has_category IS 'The facility is of this category already.';
COMMENT ON CONSTRAINT facility_has_category_facility_fkey ON care.facility_has_category IS 'Add the facility first.';
COMMENT ON CONSTRAINT facility_has_category_category_fkey ON care.facility_has_category IS 'Choose one of the known categories.';
CALL access.guard('care.facility_has_category', 'directory');
INSERT INTO care.facility_has_category (facility_id, category) SELECT facility_id, category FROM care.facility;

ALTER TABLE care.facility ADD CONSTRAINT facility_is_of_its_main_category FOREIGN KEY (facility_id, category)
    REFERENCES care.facility_has_category (facility_id, category) DEFERRABLE INITIALLY DEFERRED;
COMMENT ON COLUMN care.facility.category IS 'Its main category.';
COMMENT ON CONSTRAINT facility_is_of_its_main_category ON care.facility IS 'Choose another main category first.';
COMMENT ON TABLE care.facility IS 'Hospital, clinic, emergency centre, pharmacy, wellness centre …';

CREATE FUNCTION care.add_main_category() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO care.facility_has_category (facility_id, category) VALUES (NEW.facility_id, NEW.category)
    ON CONFLICT (facility_id, category) DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.add_main_category() IS 'Trigger after a facility has a main category: it is among its categories.';
REVOKE EXECUTE ON FUNCTION care.add_main_category() FROM PUBLIC;
CREATE TRIGGER facility_has_its_main_category AFTER INSERT OR UPDATE OF category ON care.facility
    FOR EACH ROW EXECUTE FUNCTION care.add_main_category();

ALTER TABLE care.centre_visit DROP CONSTRAINT centre_visit_centre_fkey;
ALTER TABLE care.centre_visit ADD CONSTRAINT centre_visit_centre_fkey FOREIGN KEY (facility_id, category)
    REFERENCES care.facility_has_category (facility_id, category);
COMMENT ON CONSTRAINT centre_visit_centre_fkey ON care.centre_visit IS 'Choose a facility that is a wellness centre.';
ALTER TABLE care.centre_engagement_day DROP CONSTRAINT centre_engagement_day_centre_fkey;
ALTER TABLE care.centre_engagement_day ADD CONSTRAINT centre_engagement_day_centre_fkey FOREIGN KEY (facility_id, category)
    REFERENCES care.facility_has_category (facility_id, category);
COMMENT ON CONSTRAINT centre_engagement_day_centre_fkey ON care.centre_engagement_day IS 'Choose a facility that is a wellness centre.';

CREATE OR REPLACE FUNCTION care.note_engagement(facility_id uuid, moment timestamptz) RETURNS void
    LANGUAGE sql AS $$
    INSERT INTO care.centre_engagement_change (facility_id, changed_on)
    SELECT place.facility_id, (moment AT TIME ZONE place.time_zone)::date FROM care.facility AS place
    WHERE place.facility_id = $1 AND moment IS NOT NULL
$$;
COMMENT ON FUNCTION care.note_engagement(uuid, timestamptz) IS
    'Notes that something at a facility has changed on the day of a moment; what is no wellness centre is left out when days are counted.';

DROP TRIGGER facility_time_zone_is_noted ON care.facility;
CREATE TRIGGER facility_time_zone_is_noted AFTER UPDATE OF time_zone ON care.facility
    FOR EACH ROW WHEN (OLD.time_zone <> NEW.time_zone) EXECUTE FUNCTION care.note_time_zone();

CREATE FUNCTION care.note_new_centre() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Nobody counts until this is committed, so what commits meanwhile is noted for who counts next.
    PERFORM pg_advisory_xact_lock(hashtextextended('care.refresh_engagement', 0));
    PERFORM care.note_engagement(NEW.facility_id, taken.admitted_at)
    FROM care.programme AS run JOIN care.enrolment AS taken USING (programme_id) WHERE run.facility_id = NEW.facility_id;
    PERFORM care.note_engagement(NEW.facility_id, seen.attended_at)
    FROM care.programme_session AS held JOIN care.attendance AS seen USING (programme_session_id)
    WHERE held.facility_id = NEW.facility_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.note_new_centre() IS 'Trigger after a facility has become a wellness centre: the days of its programmes are to be counted.';
REVOKE EXECUTE ON FUNCTION care.note_new_centre() FROM PUBLIC;
CREATE TRIGGER facility_has_category_is_noted AFTER INSERT OR UPDATE ON care.facility_has_category
    FOR EACH ROW WHEN (NEW.category = 'wellness_center') EXECUTE FUNCTION care.note_new_centre();

CREATE OR REPLACE FUNCTION care.refresh_engagement("from" date, "to" date) RETURNS bigint
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
        JOIN care.facility_has_category AS known USING (facility_id) WHERE known.category = 'wellness_center'
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
