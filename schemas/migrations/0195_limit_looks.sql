-- How many looks at records of others one account takes within an hour: nobody reads the network empty.
--
-- Who cares for many, or has stolen the token of one who does, could read each record that is open to it, as fast as the
-- database answers. Counted are the events of reading, which cannot be rolled back; the most is a row of access.cap. What
-- is one's own is not counted; a look at all (a panel, a day) is one, and shows only those whom the account may see anyway.
-- Replaces access.look. Undo: put it back as in migration 134.
CREATE OR REPLACE FUNCTION access.look(me access.caller, patient uuid, kind text, request uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    metric constant text := CASE WHEN kind ~ '^samples/' THEN substr(kind, 9) END;
    most   constant integer := access.cap_of('looks_an_account_an_hour');
    -- Asked for once: an index is not searched by what may change while it is.
    since  constant timestamptz := clock_timestamp() - INTERVAL '1 hour';
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
    -- A look that is refused is one too. One at a time for each account, since what is under way is not counted.
    IF reason IS DISTINCT FROM 'own' THEN
        PERFORM FROM access.account a WHERE a.account_id = me.account_id FOR NO KEY UPDATE;
        IF (SELECT count(*) FROM (
                SELECT FROM access.audit_event e
                WHERE e.actor = me.account_id AND e.at > since AND e.action = 'read'
                  AND e.reason IS DISTINCT FROM 'own'
                LIMIT most) AS lately) >= most THEN
            PERFORM access.refuse('looks_of_an_account_are_few',
                                  'This account has looked at many records within an hour: wait, or ask an operator.');
        END IF;
    END IF;
    PERFORM access.note(me, 'read', patient, kind, reason, CASE WHEN reason IS NULL THEN 'denied' ELSE 'allowed' END,
                        request);
    IF reason IS NOT NULL THEN
        INSERT INTO access.look (session_id, patient_id, kind) VALUES (me.session_id, patient, kind)
        RETURNING look_id INTO made;
    END IF;
    RETURN made;
END $$;
