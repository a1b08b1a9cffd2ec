-- Devices given to people, passed on, and taken back; and a record of every such change.
--
-- Each of the three locks the device (FOR NO KEY UPDATE), so two clerks at once wait for each other; the exclusion of
-- care.wear refuses whatever still overlaps. A hand-over is one transaction: there is no moment at which nobody or two
-- people wear the device. A correction of an earlier period (somebody had it since yesterday) is an UPDATE of care.wear,
-- and a trigger keeps what stood there before. New table, one trigger on care.wear. Undo: drop them.
CREATE TABLE care.wear_event (
    wear_event_id bigint      NOT NULL GENERATED ALWAYS AS IDENTITY,
    wear_id       uuid        NOT NULL,
    patient_id    uuid        NOT NULL,
    happened_at   timestamptz NOT NULL DEFAULT now(),
    device_key    integer     NOT NULL,
    was_during    tstzrange,
    is_during     tstzrange,
    kind          text        NOT NULL,
    changed_by    text        NOT NULL DEFAULT coalesce(access.actor()::text, session_user),

    CONSTRAINT wear_event_pkey PRIMARY KEY (wear_event_id),
    CONSTRAINT wear_event_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT wear_event_kind_is_known CHECK (kind IN ('begun', 'ended', 'corrected', 'removed')),
    CONSTRAINT wear_event_says_what_changed CHECK (
        (kind = 'begun') = (was_during IS NULL) AND (kind = 'removed') = (is_during IS NULL)
    )
);
CREATE INDEX wear_event_patient_idx ON care.wear_event (patient_id);
COMMENT ON TABLE  care.wear_event               IS 'Each change of care.wear, kept for good: what stood there before, who changed it, and when.';
COMMENT ON COLUMN care.wear_event.wear_event_id IS 'Key, in the order of the changes.';
COMMENT ON COLUMN care.wear_event.wear_id       IS 'Which wear; its row may be gone.';
COMMENT ON COLUMN care.wear_event.patient_id    IS 'Whose wear it was, before the change.';
COMMENT ON COLUMN care.wear_event.happened_at   IS 'When it was changed.';
COMMENT ON COLUMN care.wear_event.device_key    IS 'Which device.';
COMMENT ON COLUMN care.wear_event.was_during    IS 'The period before; null where wear begins.';
COMMENT ON COLUMN care.wear_event.is_during     IS 'The period after; null where the row was removed.';
COMMENT ON COLUMN care.wear_event.kind          IS 'begun, ended (an open period got its end), corrected or removed.';
COMMENT ON COLUMN care.wear_event.changed_by    IS 'Account or program that did it.';
COMMENT ON CONSTRAINT wear_event_pkey ON care.wear_event IS 'This change is recorded already.';
COMMENT ON CONSTRAINT wear_event_patient_fkey ON care.wear_event IS 'Register the patient first.';
COMMENT ON CONSTRAINT wear_event_kind_is_known ON care.wear_event IS 'Choose begun, ended, corrected or removed.';
COMMENT ON CONSTRAINT wear_event_says_what_changed ON care.wear_event IS 'A change says what was and what is; a beginning has no before, a removal no after.';

CREATE FUNCTION care.record_wear() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.patient_id, OLD.device_key) <> (NEW.patient_id, NEW.device_key) THEN
        PERFORM care.refuse('wear_stays_with_its_patient',
            'End this wear and begin another: a wear keeps its patient and its device.');
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.worn_during = NEW.worn_during THEN
        RETURN NULL;
    END IF;
    INSERT INTO care.wear_event (wear_id, patient_id, device_key, was_during, is_during, kind)
    SELECT coalesce(OLD.wear_id, NEW.wear_id), coalesce(OLD.patient_id, NEW.patient_id),
           coalesce(OLD.device_key, NEW.device_key), OLD.worn_during, NEW.worn_during,
           CASE TG_OP WHEN 'INSERT' THEN 'begun' WHEN 'DELETE' THEN 'removed'
                ELSE CASE WHEN upper_inf(OLD.worn_during) AND NOT upper_inf(NEW.worn_during)
                               AND lower(OLD.worn_during) = lower(NEW.worn_during)
                          THEN 'ended' ELSE 'corrected' END END;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.record_wear() IS 'Trigger: keeps a record of each change of care.wear, and lets no wear move to another patient or device.';
CREATE TRIGGER wear_is_recorded AFTER INSERT OR UPDATE OR DELETE ON care.wear
    FOR EACH ROW EXECUTE FUNCTION care.record_wear();
CREATE TRIGGER wear_event_is_append_only BEFORE UPDATE OR TRUNCATE ON care.wear_event
    FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_change();

CREATE FUNCTION care.lock_device(device text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found_key integer;
BEGIN
    SELECT d.device_key INTO found_key FROM signal.device d WHERE d.device_id = device FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM care.refuse('wear_device_fkey', 'Add the device first.');
    END IF;
    RETURN found_key;
END $$;
COMMENT ON FUNCTION care.lock_device(text) IS 'Finds a device by its name and locks it until the transaction ends.';

CREATE FUNCTION care.assign_device(device text, patient uuid, at timestamptz DEFAULT now()) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    found_key integer := care.lock_device(device);
    made      uuid;
BEGIN
    INSERT INTO care.wear (patient_id, device_key, worn_during) VALUES (patient, found_key, tstzrange(at, NULL))
    RETURNING wear_id INTO made;
    RETURN made;
END $$;
COMMENT ON FUNCTION care.assign_device(text, uuid, timestamptz) IS 'Gives a device to a patient from a moment on; refused while somebody wears it.';

CREATE FUNCTION care.return_device(device text, at timestamptz DEFAULT now()) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    found_key integer := care.lock_device(device);
    ended     uuid;
BEGIN
    UPDATE care.wear SET worn_during = tstzrange(lower(worn_during), at)
    WHERE device_key = found_key AND upper_inf(worn_during) AND lower(worn_during) < at
    RETURNING wear_id INTO ended;
    IF NOT FOUND THEN
        PERFORM care.refuse('wear_is_open', 'Nobody wears this device at that time.');
    END IF;
    RETURN ended;
END $$;
COMMENT ON FUNCTION care.return_device(text, timestamptz) IS 'Takes a device back from whoever wears it at a moment; gives that wear''s key.';

CREATE FUNCTION care.hand_over_device(device text, to_patient uuid, at timestamptz DEFAULT now()) RETURNS uuid
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM care.return_device(device, at);
    RETURN care.assign_device(device, to_patient, at);
END $$;
COMMENT ON FUNCTION care.hand_over_device(text, uuid, timestamptz) IS 'Takes a device from its wearer and gives it to another patient in the same moment.';

CALL access.guard('care.wear_event', 'chart');
REVOKE INSERT, UPDATE ON care.wear_event FROM healthtrack_portal;
