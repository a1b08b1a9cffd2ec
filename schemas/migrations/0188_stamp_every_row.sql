-- What an account writes bears its name and the present time, in every table.
--
-- Tables of the clinical record are stamped since migration 41. All others that have an author and a time of their own
-- are now as well, so that nobody writes in another's name or in the past. A program that loads, without an actor, says
-- what was true. Locks these tables against writes for an instant. Undo: drop the triggers.
DO $$
DECLARE
    written record;
BEGIN
    FOR written IN
        SELECT c.oid::regclass AS of, c.relname AS name FROM pg_class c
        WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace) AND c.relkind IN ('r', 'p')
          AND NOT c.relispartition
          AND (SELECT count(*) FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
               AND a.attname IN ('created_at', 'updated_at', 'updated_by', 'version')) = 4
          AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = c.relname || '_is_stamped')
        ORDER BY c.relname
    LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION care.stamp()',
                       written.name || '_is_stamped', written.of);
    END LOOP;
END $$;

CREATE FUNCTION access.stamp_data_key() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF access.actor() IS NOT NULL THEN
        NEW.created_at := now();
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION access.stamp_data_key() IS 'Trigger before a data key is stored: one that an account makes is made now.';
CREATE TRIGGER data_key_is_stamped BEFORE INSERT ON access.data_key
    FOR EACH ROW EXECUTE FUNCTION access.stamp_data_key();
