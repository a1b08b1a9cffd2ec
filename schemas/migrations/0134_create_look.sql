-- What was seen was recorded: reading takes two steps.
--
-- An event that is written in the transaction of the reading is rolled back with it, and nobody knows what was seen. So
-- `api.look` writes the event and gives the key of a look; a function that reads a record takes that key, and gives rows
-- only where another transaction wrote the look and has committed, within the last five minutes, in this session, for
-- this patient and kind. A look that is not allowed is kept as a denial and gives no key. A transaction that has written
-- something reads no record: what it wrote (a hold of a time, an emergency) may open one, and can be rolled back. Writes are audited in their own transaction: what
-- was rolled back has shown nothing.
--
-- Looks that are over go once a minute, by `access.forget_looks`; they refer to no session by a key, since each would
-- lock the session's row. Locks access.care_relationship for an instant. Undo: drop them.
CREATE TABLE access.look (
    look_id    uuid        NOT NULL DEFAULT gen_random_uuid(),
    session_id uuid        NOT NULL,
    patient_id uuid,
    looked_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    xid        xid8        NOT NULL DEFAULT pg_current_xact_id(),
    kind       text        NOT NULL,

    CONSTRAINT look_pkey PRIMARY KEY (look_id)
);
COMMENT ON TABLE  access.look            IS 'Looks at records that were allowed and audited, for five minutes.';
COMMENT ON COLUMN access.look.look_id    IS 'Key, which a reading function takes.';
COMMENT ON COLUMN access.look.session_id IS 'In which session.';
COMMENT ON COLUMN access.look.patient_id IS 'Whose record; null where it is of all whom the account may see.';
COMMENT ON COLUMN access.look.looked_at  IS 'When.';
COMMENT ON COLUMN access.look.xid        IS 'The transaction that wrote it, which reads nothing by it.';
COMMENT ON COLUMN access.look.kind       IS 'At what: one of access.look_kind, or samples/ and a metric.';
COMMENT ON CONSTRAINT look_pkey ON access.look IS 'This look is known already.';
CALL access.guard('access.look', 'internal');

CREATE TABLE access.look_kind (
    kind         text    NOT NULL,
    scope        text    NOT NULL,
    in_care      boolean NOT NULL DEFAULT true,
    at_desk      boolean NOT NULL DEFAULT false,
    billed       boolean NOT NULL DEFAULT false,
    shared_entry boolean NOT NULL DEFAULT false,
    of_all       boolean NOT NULL DEFAULT false,

    CONSTRAINT look_kind_pkey PRIMARY KEY (kind),
    CONSTRAINT look_kind_is_a_name CHECK (kind ~ '^[a-z_]{1,40}$')
);
COMMENT ON TABLE  access.look_kind              IS 'What of a record can be looked at, and by whom beside the patient.';
COMMENT ON COLUMN access.look_kind.kind         IS 'What, by one word.';
COMMENT ON COLUMN access.look_kind.scope        IS 'The scope of a grant that opens it; none where no grant does.';
COMMENT ON COLUMN access.look_kind.in_care      IS 'Whether care opens it.';
COMMENT ON COLUMN access.look_kind.at_desk      IS 'Whether the front desk looks at it, of those who have visits or wait at its facility.';
COMMENT ON COLUMN access.look_kind.billed       IS 'Whether a biller looks at it, of those who have invoices of the facility.';
COMMENT ON COLUMN access.look_kind.shared_entry IS 'Whether a shared journal entry opens it to whom it was shared with.';
COMMENT ON COLUMN access.look_kind.of_all       IS 'Whether one look may be at all patients whom the account may see, for rates and lists.';
COMMENT ON CONSTRAINT look_kind_pkey ON access.look_kind IS 'This kind of look is known already.';
COMMENT ON CONSTRAINT look_kind_is_a_name ON access.look_kind IS 'A kind of look is one word of small letters.';
CALL access.guard('access.look_kind', 'internal');
INSERT INTO access.look_kind (kind, scope) VALUES
    ('record', 'chart'), ('results', 'chart'), ('goals', 'chart'), ('participation', 'chart'),
    ('follow_ups', 'chart'), ('data_key', 'chart'), ('samples', 'samples');
INSERT INTO access.look_kind (kind, scope, of_all) VALUES ('adherence', 'chart', true), ('outcomes', 'chart', true);
INSERT INTO access.look_kind (kind, scope, in_care, of_all) VALUES
    ('emergencies', 'none', false, true), ('unexplained_access', 'none', false, true);
INSERT INTO access.look_kind (kind, scope, at_desk) VALUES ('appointments', 'schedule', true), ('waitlist', 'schedule', true);
INSERT INTO access.look_kind (kind, scope, in_care, billed) VALUES ('invoices', 'billing', false, true);
INSERT INTO access.look_kind (kind, scope, in_care, shared_entry) VALUES ('journal', 'journal', false, true);

-- A transaction that opens a record sees nothing of it: rolled back, it would have left no trace.
ALTER TABLE access.care_relationship ADD COLUMN opened_by xid8;
COMMENT ON COLUMN access.care_relationship.opened_by IS 'The transaction that broke the glass, in which nothing is open yet; null for all other care.';
CREATE FUNCTION access.note_who_opens() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.opened_by := CASE NEW.basis WHEN 'emergency' THEN pg_current_xact_id() END;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION access.note_who_opens() IS 'Trigger before each insert: notes which transaction opens a record in an emergency.';
CREATE TRIGGER care_relationship_notes_who_opens BEFORE INSERT ON access.care_relationship
    FOR EACH ROW EXECUTE FUNCTION access.note_who_opens();
COMMENT ON TRIGGER care_relationship_notes_who_opens ON access.care_relationship IS 'Notes which transaction opens a record in an emergency.';

CREATE OR REPLACE FUNCTION access.patients_in_care() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT r.patient_id), '{}')
    FROM access.account a JOIN access.care_relationship r USING (provider_id)
    WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND r.valid_during @> now()
      AND (r.opened_by = pg_current_xact_id_if_assigned()) IS NOT TRUE
$$;

CREATE FUNCTION access.reason_to_look(patient uuid, kind text) RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    open   access.look_kind;
    shared uuid[];
BEGIN
    SELECT * INTO open FROM access.look_kind k WHERE k.kind = split_part(reason_to_look.kind, '/', 1);
    -- Asked in any case: the time it takes would else tell whether the patient writes a journal.
    IF open.shared_entry THEN
        shared := care.entries_shared();
    END IF;
    RETURN CASE
        WHEN open.kind IS NULL THEN NULL
        WHEN patient = ANY (access.own_patients()) THEN 'own'
        WHEN open.in_care AND patient = ANY (access.patients_in_care()) THEN 'in_care'
        WHEN patient = ANY (access.patients_granted(open.scope)) THEN 'granted'
        WHEN open.at_desk AND access.part() = 'front_desk' AND (
            EXISTS (SELECT FROM care.appointment v
                    WHERE v.patient_id = patient AND v.facility_id = ANY (access.own_facilities()))
            OR EXISTS (SELECT FROM care.waitlist_entry w
                       WHERE w.patient_id = patient AND w.facility_id = ANY (access.own_facilities()))) THEN 'at_desk'
        WHEN open.billed AND access.part() = 'biller' AND EXISTS (
            SELECT FROM care.invoice i
            WHERE i.patient_id = patient AND i.facility_id = ANY (access.own_facilities())) THEN 'billed'
        WHEN open.shared_entry AND EXISTS (
            SELECT FROM care.journal_entry e
            WHERE e.patient_id = patient AND e.journal_entry_id = ANY (shared)) THEN 'granted'
    END;
END $$;
COMMENT ON FUNCTION access.reason_to_look(uuid, text) IS 'Why the actor may look at this kind of a patient''s record, as a word; null where not.';

CREATE FUNCTION access.look(me access.caller, patient uuid, kind text, request uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    metric constant text := CASE WHEN kind ~ '^samples/' THEN substr(kind, 9) END;
    reason text;
    made   uuid;
BEGIN
    -- The audit would else keep whatever somebody typed.
    IF metric IS NULL AND (kind = 'samples' OR NOT EXISTS (SELECT FROM access.look_kind k WHERE k.kind = look.kind)) THEN
        PERFORM access.refuse('look_is_of_a_known_kind', 'Choose one of the known kinds of a record.');
    ELSIF metric IS NOT NULL AND NOT EXISTS (SELECT FROM signal.metric m WHERE m.name = metric) THEN
        PERFORM access.refuse('samples_are_of_a_known_metric', 'Choose one of the known metrics.');
    ELSIF patient IS NOT NULL THEN
        reason := access.reason_to_look(patient, kind);
    ELSE
        SELECT me.part INTO reason FROM access.look_kind k WHERE k.kind = look.kind AND k.of_all;
    END IF;
    PERFORM access.note(me, 'read', patient, kind, reason, CASE WHEN reason IS NULL THEN 'denied' ELSE 'allowed' END,
                        request);
    IF reason IS NOT NULL THEN
        INSERT INTO access.look (session_id, patient_id, kind) VALUES (me.session_id, patient, kind)
        RETURNING look_id INTO made;
    END IF;
    RETURN made;
END $$;
COMMENT ON FUNCTION access.look(access.caller, uuid, text, uuid) IS 'Audits that a kind of a patient''s record is looked at, or that it was not allowed; gives the key of the look, null where it was not.';

CREATE FUNCTION access.check_look(me access.caller, look uuid, patient uuid, kind text) RETURNS void
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF me.has_written THEN
        PERFORM access.refuse('reading_comes_before_writing', 'Read in a transaction that has written nothing yet.');
    ELSIF NOT EXISTS (
        SELECT FROM access.look l
        WHERE l.look_id = look AND l.session_id = me.session_id AND l.patient_id IS NOT DISTINCT FROM patient
          AND l.kind = check_look.kind AND l.looked_at > clock_timestamp() - INTERVAL '5 minutes'
          AND l.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()
    ) THEN
        PERFORM access.refuse('look_is_recorded', 'Record the look, commit it, and read within five minutes.');
    END IF;
END $$;
COMMENT ON FUNCTION access.check_look(access.caller, uuid, uuid, text) IS 'Refuses to read in a transaction that has written, and where no other, committed transaction of this session recorded the look within five minutes.';

CREATE FUNCTION access.forget_looks() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ended bigint;
BEGIN
    DELETE FROM access.session s
    WHERE s.expires_at < now() - INTERVAL '1 day' OR s.revoked_at < now() - INTERVAL '1 day';
    DELETE FROM access.look l WHERE l.looked_at < now() - INTERVAL '5 minutes';
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;
COMMENT ON FUNCTION access.forget_looks() IS 'Removes looks that are over, and sessions that ended a day ago; gives how many looks.';

CREATE OR REPLACE FUNCTION care.run_maintenance(OUT ended_holds integer, OUT counted_days bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    ended_holds := care.expire_holds();
    counted_days := care.refresh_engagement(current_date - 400, current_date + 2);
    PERFORM access.forget_looks();
END $$;
COMMENT ON FUNCTION care.run_maintenance() IS 'Ends holds that ran out, counts the changed days of wellness centres anew, and forgets looks and sessions that are over; how many of the first two.';

GRANT EXECUTE ON FUNCTION access.look(access.caller, uuid, text, uuid), access.check_look(access.caller, uuid, uuid, text)
    TO healthtrack_care;

CALL access.publish('look', 'patient uuid, kind text, request uuid', 'uuid',
    'answer := access.look(me, patient, kind, request);',
    'Records that a kind of a patient''s record is looked at, and gives the key that reading it takes once this is committed; null where it is not open, which is recorded as well.');
