-- An organisation ends once no open facility belongs to it, and only an administrator says where a facility belongs.
--
-- A facility of an organisation that is no more would answer to nobody. Two rules stand, one at each side: an organisation
-- that ends earlier than before has no facility that is open on its last day or later, and a facility that is placed, or
-- stays open for longer, is of an organisation that is active as long as it is open. Each locks the organisation's row
-- against the other (an update of it here, FOR SHARE there), so that of two writers at once the later one is refused. What
-- was so before stays as it is until either is changed: `SELECT` facilities by `upper(active_during)` to find such.
-- The right to change a facility's description, which its manager has, is no right to place it: a third rule says so.
-- Adds triggers, which lock care.organisation and care.facility for an instant. Undo: drop the triggers and functions.
CREATE FUNCTION care.keep_organisation_of_facilities() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM care.facility f WHERE f.organisation_id = NEW.organisation_id
               AND coalesce(f.closed_on, 'infinity') > upper(NEW.active_during)) THEN
        PERFORM care.refuse('organisation_ends_without_open_facilities',
            'Open facilities belong to this organisation: place them in another, or close them by that day, first.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.keep_organisation_of_facilities() IS
    'Trigger after an organisation ends, or ends earlier: refuses it while facilities that are open later belong to it.';
CREATE TRIGGER organisation_ends_without_open_facilities AFTER UPDATE ON care.organisation
    FOR EACH ROW WHEN (coalesce(upper(NEW.active_during), 'infinity') < coalesce(upper(OLD.active_during), 'infinity'))
    EXECUTE FUNCTION care.keep_organisation_of_facilities();
COMMENT ON TRIGGER organisation_ends_without_open_facilities ON care.organisation IS
    'Trigger after an organisation ends, or ends earlier: refuses it while facilities that are open later belong to it.';

CREATE FUNCTION care.check_organisation_of_facility() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    active daterange;
BEGIN
    SELECT o.active_during INTO active FROM care.organisation o WHERE o.organisation_id = NEW.organisation_id FOR SHARE;
    IF coalesce(NEW.closed_on, 'infinity') > upper(active) THEN
        PERFORM care.refuse('facility_is_of_a_standing_organisation',
            'This organisation ends while the facility is open: choose another, or close the facility by that day.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.check_organisation_of_facility() IS
    'Trigger after a facility is placed, or stays open for longer: refuses an organisation that ends before.';
CREATE TRIGGER facility_is_added_to_a_standing_organisation AFTER INSERT ON care.facility
    FOR EACH ROW EXECUTE FUNCTION care.check_organisation_of_facility();
CREATE TRIGGER facility_stays_in_a_standing_organisation AFTER UPDATE ON care.facility
    FOR EACH ROW WHEN (OLD.organisation_id <> NEW.organisation_id
                       OR coalesce(NEW.closed_on, 'infinity') > coalesce(OLD.closed_on, 'infinity'))
    EXECUTE FUNCTION care.check_organisation_of_facility();
COMMENT ON TRIGGER facility_is_added_to_a_standing_organisation ON care.facility IS
    'Trigger after a facility is placed, or stays open for longer: refuses an organisation that ends before.';
COMMENT ON TRIGGER facility_stays_in_a_standing_organisation ON care.facility IS
    'Trigger after a facility is placed, or stays open for longer: refuses an organisation that ends before.';

CREATE FUNCTION care.refuse_placing() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF access.part() = 'facility_manager' THEN
        PERFORM care.refuse('facility_is_placed_by_an_administrator',
            'Ask an administrator of the network to say what the facility belongs to, what it mainly is, and when it opens or closes.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.refuse_placing() IS
    'Trigger after a facility is placed, opened, closed or given another main category: refuses its manager.';
CREATE TRIGGER facility_is_placed_by_an_administrator AFTER UPDATE ON care.facility
    FOR EACH ROW WHEN ((OLD.organisation_id, OLD.part_of, OLD.category, OLD.city_id, OLD.time_zone::text, OLD.opened_on, OLD.closed_on)
        IS DISTINCT FROM (NEW.organisation_id, NEW.part_of, NEW.category, NEW.city_id, NEW.time_zone::text, NEW.opened_on, NEW.closed_on))
    EXECUTE FUNCTION care.refuse_placing();
COMMENT ON TRIGGER facility_is_placed_by_an_administrator ON care.facility IS
    'Trigger after a facility is placed, opened, closed or given another main category: refuses its manager.';
REVOKE ALL ON FUNCTION care.keep_organisation_of_facilities(), care.check_organisation_of_facility(),
    care.refuse_placing() FROM PUBLIC;
