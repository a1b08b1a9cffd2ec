-- When it was changed who wore what: so that a roll finds the files whose subjects are no longer true.
--
-- A file of the archive carries each sample's subject as it was known when the file was written; wear that is assigned,
-- corrected or taken back later makes the files of that time due for a new generation. A note is a period and a number,
-- and names neither person nor device. Numbers must be visible in their order, or a roll that has seen 7 might never see
-- 6: so a note is made at the end of its transaction, behind a lock that falls with the commit. Wear changes are rare;
-- two at once wait for one another. What only moves an end notes no more than the time that has changed hands.
-- The trigger locks wear against writes for an instant. Undo: drop trigger, function and table, and the policies.
CREATE TABLE care.wear_change (
    wear_change_id bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    changed_at     timestamptz NOT NULL DEFAULT now(),
    worn_during    tstzrange   NOT NULL,

    CONSTRAINT wear_change_pkey PRIMARY KEY (wear_change_id)
);
COMMENT ON TABLE  care.wear_change                IS 'Times whose wearers were changed, until the archive has followed.';
COMMENT ON COLUMN care.wear_change.wear_change_id IS 'Number, rising in the order of commits.';
COMMENT ON COLUMN care.wear_change.changed_at     IS 'When it was changed.';
COMMENT ON COLUMN care.wear_change.worn_during    IS 'The time that may have another wearer now; half-open.';
COMMENT ON CONSTRAINT wear_change_pkey ON care.wear_change IS 'This change is noted already.';

CREATE FUNCTION care.note_wear_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changed tstzrange[] := ARRAY[]::tstzrange[];
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.patient_id, NEW.device_key) = (OLD.patient_id, OLD.device_key)
       AND NEW.worn_during && OLD.worn_during THEN
        changed := ARRAY[
            tstzrange(least(lower(OLD.worn_during), lower(NEW.worn_during)),
                      greatest(lower(OLD.worn_during), lower(NEW.worn_during))),
            tstzrange(least(coalesce(upper(OLD.worn_during), 'infinity'), coalesce(upper(NEW.worn_during), 'infinity')),
                      greatest(coalesce(upper(OLD.worn_during), 'infinity'), coalesce(upper(NEW.worn_during), 'infinity')))
        ];
    ELSE
        IF TG_OP <> 'INSERT' THEN changed := changed || OLD.worn_during; END IF;
        IF TG_OP <> 'DELETE' THEN changed := changed || NEW.worn_during; END IF;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.wear', 0));
    INSERT INTO care.wear_change (worn_during) SELECT piece FROM unnest(changed) AS piece WHERE NOT isempty(piece);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.note_wear_change() IS 'Trigger at the end of a transaction: notes which time may have another wearer now.';

CREATE CONSTRAINT TRIGGER wear_change_is_noted AFTER INSERT OR UPDATE OR DELETE ON care.wear
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.note_wear_change();
COMMENT ON CONSTRAINT wear_change_is_noted ON care.wear IS 'A change of wear is always noted.';

CALL access.guard('care.wear_change', 'internal');
-- The trigger writes as its owner, whom the guard binds as well.
CREATE POLICY noted ON care.wear_change FOR ALL TO CURRENT_USER USING (true) WITH CHECK (true);

-- What rolls and erases: it must see every wear, or samples would silently stay nobody's.
GRANT USAGE ON SCHEMA care, access TO healthtrack_roller;
GRANT SELECT, DELETE ON care.wear, care.wear_change, access.data_key TO healthtrack_roller;
GRANT SELECT (patient_id, legal_hold) ON care.patient TO healthtrack_roller;
CREATE POLICY rolled ON care.wear FOR ALL TO healthtrack_roller USING (true);
CREATE POLICY rolled ON care.wear_change FOR ALL TO healthtrack_roller USING (true);
CREATE POLICY rolled ON access.data_key FOR ALL TO healthtrack_roller USING (true);
CREATE POLICY rolled ON care.patient FOR SELECT TO healthtrack_roller USING (true);
