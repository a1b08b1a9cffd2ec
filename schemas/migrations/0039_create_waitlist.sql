-- Who waits for a time that is given back, and who gets it.
--
-- A time that is given back becomes, in the same transaction, a hold for the next who waits, so that nobody can take it
-- in between. Next is who has priority by membership, and among these who asked first. Nobody waits for ever: who has
-- waited longer than the plan's patience (14 days for a regular member) counts as having priority, and has by then
-- asked earlier than every newcomer, so only those who asked even earlier go first. An offer lasts two hours; who lets
-- it pass has left the list, so that a time is not offered to and fro. New table; triggers on appointment: lock it for
-- an instant. Undo: drop them.
CREATE TABLE care.waitlist_entry (
    waitlist_entry_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id        uuid        NOT NULL,
    facility_id       uuid        NOT NULL,
    provider_id       uuid,
    appointment_id    uuid,
    joined_at         timestamptz NOT NULL DEFAULT now(),
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    version           integer     NOT NULL DEFAULT 1,
    minutes           smallint    NOT NULL,
    wanted_during     tstzrange   NOT NULL,
    mode              text        NOT NULL DEFAULT 'in_person',
    status            text        NOT NULL DEFAULT 'waiting',
    updated_by        text        NOT NULL DEFAULT session_user,

    CONSTRAINT waitlist_entry_pkey PRIMARY KEY (waitlist_entry_id),
    CONSTRAINT waitlist_entry_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT waitlist_entry_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT waitlist_entry_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT waitlist_entry_is_offered_a_visit_of_its_patient FOREIGN KEY (patient_id, appointment_id)
        REFERENCES care.appointment (patient_id, appointment_id),
    CONSTRAINT waitlist_entry_status_is_known CHECK (status IN ('waiting', 'offered', 'taken', 'lapsed', 'left')),
    CONSTRAINT waitlist_entry_mode_is_known CHECK (mode IN ('in_person', 'telehealth')),
    CONSTRAINT waitlist_entry_is_offered_a_visit CHECK ((status IN ('waiting', 'left')) = (appointment_id IS NULL)),
    CONSTRAINT waitlist_entry_wants_some_minutes CHECK (minutes BETWEEN 5 AND 720),
    CONSTRAINT waitlist_entry_wants_a_time CHECK (
        NOT isempty(wanted_during) AND NOT lower_inf(wanted_during) AND NOT upper_inf(wanted_during)
        AND upper(wanted_during) >= lower(wanted_during) + minutes * INTERVAL '1 minute'
        AND upper(wanted_during) <= lower(wanted_during) + INTERVAL '370 days'
    ),
    -- Any provider is written as the facility itself, since null equals nothing.
    CONSTRAINT waitlist_entry_is_one EXCLUDE USING btree (
        patient_id WITH =, facility_id WITH =, coalesce(provider_id, facility_id) WITH =
    ) WHERE (status = 'waiting')
);
CREATE INDEX waitlist_entry_waiting_idx ON care.waitlist_entry (facility_id, joined_at) WHERE status = 'waiting';
CREATE INDEX waitlist_entry_patient_idx ON care.waitlist_entry (patient_id, appointment_id);
CREATE INDEX waitlist_entry_provider_idx ON care.waitlist_entry (provider_id);
CREATE TRIGGER waitlist_entry_is_touched BEFORE UPDATE ON care.waitlist_entry
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.waitlist_entry                   IS 'Who waits for an earlier time, and what became of it.';
COMMENT ON COLUMN care.waitlist_entry.waitlist_entry_id IS 'Key.';
COMMENT ON COLUMN care.waitlist_entry.patient_id        IS 'Who waits.';
COMMENT ON COLUMN care.waitlist_entry.facility_id       IS 'Where the patient would come.';
COMMENT ON COLUMN care.waitlist_entry.provider_id       IS 'With whom; null for anybody there.';
COMMENT ON COLUMN care.waitlist_entry.appointment_id    IS 'The time that was offered; null while waiting.';
COMMENT ON COLUMN care.waitlist_entry.joined_at         IS 'Since when; decides the order, so nobody may say it.';
COMMENT ON COLUMN care.waitlist_entry.created_at        IS 'When the row was made.';
COMMENT ON COLUMN care.waitlist_entry.updated_at        IS 'When it was last changed.';
COMMENT ON COLUMN care.waitlist_entry.version           IS 'Raised by each change.';
COMMENT ON COLUMN care.waitlist_entry.minutes           IS 'How long the visit is to be.';
COMMENT ON COLUMN care.waitlist_entry.wanted_during     IS 'When the patient could come.';
COMMENT ON COLUMN care.waitlist_entry.mode              IS 'in_person or telehealth.';
COMMENT ON COLUMN care.waitlist_entry.status            IS 'waiting, offered, taken, lapsed (the offer was let pass) or left.';
COMMENT ON COLUMN care.waitlist_entry.updated_by        IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT waitlist_entry_pkey ON care.waitlist_entry IS 'This entry is known already.';
COMMENT ON CONSTRAINT waitlist_entry_patient_fkey ON care.waitlist_entry IS 'Register the patient first.';
COMMENT ON CONSTRAINT waitlist_entry_facility_fkey ON care.waitlist_entry IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT waitlist_entry_provider_fkey ON care.waitlist_entry IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT waitlist_entry_is_offered_a_visit_of_its_patient ON care.waitlist_entry IS 'Only a time for the same patient can be offered.';
COMMENT ON CONSTRAINT waitlist_entry_status_is_known ON care.waitlist_entry IS 'Choose waiting, offered, taken, lapsed or left.';
COMMENT ON CONSTRAINT waitlist_entry_mode_is_known ON care.waitlist_entry IS 'Choose in_person or telehealth.';
COMMENT ON CONSTRAINT waitlist_entry_is_offered_a_visit ON care.waitlist_entry IS 'Who waits or has left has no offer, and every other has.';
COMMENT ON CONSTRAINT waitlist_entry_wants_some_minutes ON care.waitlist_entry IS 'Ask for 5 minutes to 12 hours.';
COMMENT ON CONSTRAINT waitlist_entry_wants_a_time ON care.waitlist_entry IS 'Say when you could come: long enough for the visit, and within a year.';
COMMENT ON CONSTRAINT waitlist_entry_is_one ON care.waitlist_entry IS 'The patient is on this wait-list already.';

CREATE FUNCTION care.join_waitlist(
    asked_patient uuid, asked_facility uuid, asked_provider uuid, asked_minutes integer, asked_during tstzrange,
    asked_mode text DEFAULT 'in_person'
) RETURNS uuid
    LANGUAGE plpgsql AS $$
DECLARE
    made uuid;
BEGIN
    INSERT INTO care.waitlist_entry (patient_id, facility_id, provider_id, minutes, wanted_during, mode)
    VALUES (asked_patient, asked_facility, asked_provider, asked_minutes, asked_during, asked_mode)
    RETURNING waitlist_entry_id INTO made;
    RETURN made;
END $$;
COMMENT ON FUNCTION care.join_waitlist(uuid, uuid, uuid, integer, tstzrange, text) IS 'Puts a patient on the wait-list of a facility, for one provider or for anybody; gives the entry''s key.';

CREATE FUNCTION care.leave_waitlist(asked uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE care.waitlist_entry SET status = 'left'
    WHERE waitlist_entry_id = asked AND status = 'waiting'
      AND (patient_id = ANY (access.own_patients())
           OR facility_id = ANY (access.own_facilities()) AND access.part() = 'front_desk');
    IF NOT FOUND THEN
        PERFORM care.refuse('waitlist_entry_is_waiting', 'There is no such entry, or it waits no more.');
    END IF;
END $$;
COMMENT ON FUNCTION care.leave_waitlist(uuid) IS 'Takes a waiting entry off its list, for its acting patient or the desk of its facility.';

CREATE FUNCTION care.offer_waitlist(
    freed_provider uuid, freed_facility uuid, freed_during tstzrange, freed_room uuid DEFAULT NULL
) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made  constant uuid := gen_random_uuid();
    tried uuid[] := '{}';
    entry care.waitlist_entry;
    rule  text;
BEGIN
    -- Fifty cannot have it for reasons of their own: enough for one time; the others keep their places.
    WHILE cardinality(tried) < 50 LOOP
        SELECT w.* INTO entry
        FROM care.waitlist_entry w CROSS JOIN LATERAL care.plan_of(w.patient_id) p
        WHERE w.status = 'waiting' AND w.facility_id = freed_facility
          AND (w.provider_id IS NULL OR w.provider_id = freed_provider)
          AND lower(freed_during) + w.minutes * INTERVAL '1 minute' <= upper(freed_during)
          AND w.wanted_during @> tstzrange(lower(freed_during), lower(freed_during) + w.minutes * INTERVAL '1 minute')
          AND w.waitlist_entry_id <> ALL (tried)
        ORDER BY (p.priority OR w.joined_at <= now() - p.patience_days * INTERVAL '24 hours') DESC, w.joined_at,
                 w.waitlist_entry_id
        LIMIT 1 FOR UPDATE OF w SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        tried := tried || entry.waitlist_entry_id;
        -- Not waited for, since who holds it may wait for this provider.
        CONTINUE WHEN NOT care.try_lock_schedule(entry.patient_id);
        BEGIN
            INSERT INTO care.appointment (
                appointment_id, patient_id, provider_id, facility_id, room_id, during, status, expires_at, mode
            ) VALUES (
                made, entry.patient_id, freed_provider, freed_facility,
                CASE entry.mode WHEN 'in_person' THEN freed_room END,
                tstzrange(lower(freed_during), lower(freed_during) + entry.minutes * INTERVAL '1 minute'), 'held',
                least(now() + INTERVAL '2 hours', lower(freed_during)), entry.mode
            );
            UPDATE care.waitlist_entry SET status = 'offered', appointment_id = made
            WHERE waitlist_entry_id = entry.waitlist_entry_id;
            RETURN made;
        EXCEPTION WHEN SQLSTATE 'HT001' OR exclusion_violation THEN
            GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME;
            IF rule NOT IN ('appointment_patient_is_free', 'appointment_is_within_its_release_window',
                            'appointment_is_not_reserved', 'appointment_by_video_needs_its_plan',
                            'appointment_holds_are_three') THEN
                RETURN NULL;
            END IF;
        END;
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.offer_waitlist(uuid, uuid, tstzrange, uuid) IS 'Holds a free time for the next who waits for it and may have it; gives the appointment''s key, null where nobody does. Not for the portal.';
REVOKE EXECUTE ON FUNCTION care.offer_waitlist(uuid, uuid, tstzrange, uuid) FROM PUBLIC;

CREATE FUNCTION care.settle_waitlist() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF OLD.status = 'held' AND NEW.status <> 'held' THEN
        UPDATE care.waitlist_entry SET status = CASE NEW.status WHEN 'booked' THEN 'taken' ELSE 'lapsed' END
        WHERE patient_id = NEW.patient_id AND appointment_id = NEW.appointment_id AND status = 'offered';
    END IF;
    IF (NEW.status = 'cancelled' OR (NEW.during, NEW.provider_id, NEW.facility_id)
            IS DISTINCT FROM (OLD.during, OLD.provider_id, OLD.facility_id))
        AND OLD.status IN ('held', 'booked') AND lower(OLD.during) > now()
        AND care.try_lock_schedule(OLD.provider_id, OLD.room_id) THEN
        PERFORM care.offer_waitlist(OLD.provider_id, OLD.facility_id, OLD.during, OLD.room_id);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.settle_waitlist() IS 'Trigger after an appointment changes: an offer is taken or has lapsed, and a time that is given back is offered to the next.';
CREATE TRIGGER appointment_settles_the_waitlist AFTER UPDATE ON care.appointment
    FOR EACH ROW WHEN ((OLD.status, OLD.during, OLD.provider_id, OLD.facility_id)
        IS DISTINCT FROM (NEW.status, NEW.during, NEW.provider_id, NEW.facility_id))
    EXECUTE FUNCTION care.settle_waitlist();

CREATE FUNCTION care.expire_holds(up_to integer DEFAULT 500) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stale record;
    ended integer := 0;
BEGIN
    FOR stale IN SELECT appointment_id, provider_id, patient_id, room_id FROM care.appointment
                 WHERE status = 'held' AND expires_at <= now() ORDER BY expires_at LIMIT least(up_to, 500) LOOP
        -- Who books there at this moment ends the hold too.
        CONTINUE WHEN NOT care.try_lock_schedule(stale.provider_id, stale.patient_id, stale.room_id);
        UPDATE care.appointment SET status = 'cancelled', expires_at = NULL
        WHERE appointment_id = stale.appointment_id AND status = 'held' AND expires_at <= now();
        ended := ended + FOUND::integer;
    END LOOP;
    RETURN ended;
END $$;
COMMENT ON FUNCTION care.expire_holds(integer) IS 'Ends holds that have run out, 500 at most, and offers their times to who waits; gives how many. Anybody may call it, once a minute is right.';

CALL access.guard('care.waitlist_entry', 'internal');
GRANT SELECT, INSERT (patient_id, facility_id, provider_id, minutes, wanted_during, mode)
    ON care.waitlist_entry TO healthtrack_portal;
CREATE POLICY own ON care.waitlist_entry FOR ALL TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]))
    WITH CHECK (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY care ON care.waitlist_entry FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]));
CREATE POLICY desk ON care.waitlist_entry FOR ALL TO healthtrack_portal
    USING (facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND (SELECT access.part()) = 'front_desk')
    WITH CHECK (facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND (SELECT access.part()) = 'front_desk');
