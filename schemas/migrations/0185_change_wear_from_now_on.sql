-- Who wears a device is said from now on: nothing that is measured already changes hands through the portal.
--
-- Samples are whose the device was, so a wear that is made to begin three days back gives three days of somebody's
-- samples away, and one that is shortened takes them from whom they are. Through the portal a wear begins and ends at
-- this moment. A mistake of the last hours (access.cap) may be corrected where nothing was measured in the time that
-- changes hands and nobody else wore the device then; all refusals are one sentence, so that nobody learns which it
-- was. What the owner corrects (`healthtrack device`) is bound by nothing of this. Samples of that time that come
-- later still fall to whom it was given: of the hours of the cap at most. Locks care.wear against writes for an
-- instant. Undo: drop the trigger and the function.
CREATE FUNCTION care.check_wear_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    was  constant tstzmultirange := CASE TG_OP WHEN 'UPDATE' THEN tstzmultirange(OLD.worn_during) ELSE '{}' END;
    is_now constant tstzmultirange := tstzmultirange(NEW.worn_during);
    past constant tstzmultirange := ((was - is_now) + (is_now - was)) * tstzmultirange(tstzrange(NULL, now()));
    piece tstzrange;
BEGIN
    FOR piece IN SELECT unnest(past) LOOP
        IF (lower(piece) >= now() - make_interval(hours => access.cap_of('wear_changed_back_hours'))) IS NOT TRUE
           OR EXISTS (SELECT FROM care.wear w WHERE w.device_key = NEW.device_key AND w.wear_id <> NEW.wear_id
                         AND w.worn_during && piece)
           OR EXISTS (SELECT FROM signal.series s JOIN signal.block b USING (series_id)
                      WHERE s.device_key = NEW.device_key AND b.start_at >= lower(piece) - INTERVAL '1 day'
                        AND b.start_at < upper(piece) AND b.stop_at >= lower(piece))
           OR EXISTS (SELECT FROM signal.series s JOIN signal.metric m USING (metric_id)
                      JOIN signal.archive_file f ON f.metric = m.name AND f.superseded_at IS NULL
                      WHERE s.device_key = NEW.device_key AND f.day >= (lower(piece) AT TIME ZONE 'UTC')::date
                        AND tstzrange(f.first_start_at, f.last_start_at, '[]') && piece)
        THEN
            PERFORM care.refuse('wear_changes_from_now_on',
                'Who wears a device can be said from now on; ask an operator to correct what was before.');
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_wear_change() IS 'Trigger before a wear is made or changed through the portal: no time in which something was measured, or somebody else wore the device, changes hands.';
CREATE TRIGGER wear_changes_from_now_on BEFORE INSERT OR UPDATE OF worn_during ON care.wear
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_wear_change();
