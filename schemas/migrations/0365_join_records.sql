-- Two records of one person are joined by a link, which can be undone; nothing of either is moved.
--
-- A person who was registered twice has two keys, and facts under both. The link names the record that goes on (the survivor)
-- and the one that was joined to it: from then on the joined one takes no new facts, and whoever reads either record is told
-- of the other, and reads it by the own rights to it, under its own key. No row changes its patient: what was written where
-- stays true, and separating them again restores both (but for the wait-list, which the joined record leaves). Records make no chains: the survivor of one link is joined to no
-- other, and a record that others were joined to is not joined. A provider in care of both or a desk that sees both joins
-- them; who sees either, or the privacy officer, separates them.
--
-- New facts are refused by a trigger of each table of a person's facts, once a statement, after the foreign keys have locked
-- the person's row: a link waits for whoever writes, and whoever writes later meets it. What follows from former facts by
-- itself (former versions, the ledger, payments of what is due, events) is still written.
--
-- New table; the triggers lock each table against writes for an instant. Undo: drop triggers, functions and table.
CREATE TABLE care.patient_link (
    patient_link_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id      uuid        NOT NULL,
    survivor_id     uuid        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    ended_at        timestamptz,
    version         integer     NOT NULL DEFAULT 1,
    reason          text        NOT NULL,
    joined_by       text        NOT NULL DEFAULT session_user,
    ended_by        text,
    end_reason      text,
    updated_by      text        NOT NULL DEFAULT session_user,

    CONSTRAINT patient_link_pkey PRIMARY KEY (patient_link_id),
    CONSTRAINT patient_link_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT patient_link_survivor_fkey FOREIGN KEY (survivor_id) REFERENCES care.patient (patient_id),
    CONSTRAINT patient_link_is_of_two_records CHECK (patient_id <> survivor_id),
    CONSTRAINT patient_link_says_why CHECK (reason ~ '\S.{4,}' AND length(reason) <= 1000),
    CONSTRAINT patient_link_end_says_why CHECK (
        num_nonnulls(ended_at, ended_by, end_reason) IN (0, 3) AND (end_reason IS NULL OR end_reason ~ '\S.{4,}')
        AND length(end_reason) <= 1000
    )
);
CREATE UNIQUE INDEX patient_link_joins_once ON care.patient_link (patient_id) WHERE ended_at IS NULL;
CREATE INDEX patient_link_patient_idx ON care.patient_link (patient_id);
CREATE INDEX patient_link_survivor_idx ON care.patient_link (survivor_id);
CREATE TRIGGER patient_link_is_touched BEFORE UPDATE ON care.patient_link FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER patient_link_stays_under_hold BEFORE DELETE ON care.patient_link
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON INDEX care.patient_link_joins_once IS 'This record was joined with another already: separate them first.';
COMMENT ON TABLE  care.patient_link                 IS 'Two records of one person, joined; each keeps its rows, and the joined one takes no new ones.';
COMMENT ON COLUMN care.patient_link.patient_link_id IS 'Key.';
COMMENT ON COLUMN care.patient_link.patient_id      IS 'The record that was joined to the survivor.';
COMMENT ON COLUMN care.patient_link.survivor_id     IS 'The record that goes on.';
COMMENT ON COLUMN care.patient_link.created_at      IS 'When they were joined.';
COMMENT ON COLUMN care.patient_link.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.patient_link.ended_at        IS 'When they were separated again; null while they are joined.';
COMMENT ON COLUMN care.patient_link.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.patient_link.reason          IS 'Why they are one person''s.';
COMMENT ON COLUMN care.patient_link.joined_by       IS 'Account or program that joined them.';
COMMENT ON COLUMN care.patient_link.ended_by        IS 'Account or program that separated them; null while they are joined.';
COMMENT ON COLUMN care.patient_link.end_reason      IS 'Why they are not one person''s; null while they are joined.';
COMMENT ON COLUMN care.patient_link.updated_by      IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT patient_link_pkey ON care.patient_link IS 'This link is known already.';
COMMENT ON CONSTRAINT patient_link_patient_fkey ON care.patient_link IS 'Register the patient first.';
COMMENT ON CONSTRAINT patient_link_survivor_fkey ON care.patient_link IS 'Register the patient first.';
COMMENT ON CONSTRAINT patient_link_is_of_two_records ON care.patient_link IS 'Join two records: these are the same.';
COMMENT ON CONSTRAINT patient_link_says_why ON care.patient_link IS 'Say in a few words why these are one person''s records.';
COMMENT ON CONSTRAINT patient_link_end_says_why ON care.patient_link IS 'Say in a few words why these are not one person''s records.';
CALL access.guard('care.patient_link', 'internal');

CREATE FUNCTION care.check_patient_link() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF OLD.ended_at IS NOT NULL OR (NEW.patient_id, NEW.survivor_id, NEW.reason, NEW.joined_by, NEW.created_at)
            IS DISTINCT FROM (OLD.patient_id, OLD.survivor_id, OLD.reason, OLD.joined_by, OLD.created_at) THEN
            PERFORM care.refuse('patient_link_is_ended_and_not_altered', 'Separate these records, and join others.');
        END IF;
        RETURN NEW;
    END IF;
    -- In one order for all, and as for a deletion: waits for whoever is adding rows of either.
    PERFORM FROM care.patient p WHERE p.patient_id IN (NEW.patient_id, NEW.survivor_id) ORDER BY p.patient_id FOR UPDATE;
    IF EXISTS (SELECT FROM care.patient_link l WHERE l.ended_at IS NULL
               AND (l.patient_id = NEW.survivor_id OR l.survivor_id = NEW.patient_id)) THEN
        PERFORM care.refuse('patient_links_make_no_chain',
            'One of these records was joined before: join to the record that goes on, or separate those first.');
    END IF;
    -- An offer of the wait-list is a new fact, made in the statement of somebody else, which it must not refuse.
    UPDATE care.waitlist_entry w SET status = 'left' WHERE w.patient_id = NEW.patient_id AND w.status = 'waiting';
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_patient_link() IS 'Trigger before records are joined or separated: no chains, and no change but the end; a joined record waits for no visit.';
CREATE TRIGGER patient_link_is_lawful BEFORE INSERT OR UPDATE ON care.patient_link
    FOR EACH ROW EXECUTE FUNCTION care.check_patient_link();

CREATE FUNCTION care.refuse_facts_of_joined() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Waits for who joins or separates, also where no foreign key has locked the person.
    PERFORM FROM care.patient p WHERE p.patient_id IN (SELECT a.patient_id FROM added a) ORDER BY p.patient_id FOR KEY SHARE;
    IF EXISTS (SELECT FROM care.patient_link l JOIN added USING (patient_id) WHERE l.ended_at IS NULL) THEN
        PERFORM care.refuse('record_takes_facts_until_joined',
            'This record was joined with another of the same person: write there.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.refuse_facts_of_joined() IS 'Trigger after rows are added: refuses new facts of a record that was joined with another.';

-- Run again by a later migration that adds tables of facts.
CREATE PROCEDURE care.close_joined_records()
    LANGUAGE plpgsql AS $$
DECLARE
    fact record;
BEGIN
    FOR fact IN
        SELECT c.oid::regclass AS of, c.relname AS name FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'patient_id' AND NOT a.attisdropped
        WHERE c.relnamespace = 'care'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          -- The person, the link, and what follows by itself from what stands.
          AND c.relname NOT IN ('patient', 'patient_link', 'history', 'record_version', 'ledger_transaction', 'ledger_entry',
                                'payment', 'refund', 'claim', 'claim_line', 'telehealth_session', 'space_identity',
                                -- What a program makes for everybody at once, which one person must not refuse.
                                'alert', 'recommendation', 'prediction', 'notification', 'recall', 'task')
          AND c.relname !~ '_(event|change|tally|total|year|day)$'
          -- What nobody but the owner's functions sees is no fact of its own.
          AND EXISTS (SELECT FROM pg_policy p
                      WHERE p.polrelid = c.oid AND 'healthtrack_care'::regrole = ANY (p.polroles))
          AND NOT EXISTS (SELECT FROM pg_trigger t
                          WHERE t.tgrelid = c.oid AND t.tgfoid = 'care.refuse_facts_of_joined'::regproc)
        ORDER BY c.relname
    LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS added
                        FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined()',
                       fact.name || '_is_not_of_a_joined_record', fact.of);
    END LOOP;
END $$;
COMMENT ON PROCEDURE care.close_joined_records() IS 'Gives each table of a person''s facts that has it not yet the trigger that refuses new ones of a joined record.';
CALL care.close_joined_records();

CREATE FUNCTION access.sees_whole(patient uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(patient = ANY (access.patients_at_desk()), false) OR EXISTS (
        SELECT FROM access.care_relationship r
        WHERE r.patient_id = patient AND r.provider_id = access.acting_provider() AND r.basis <> 'emergency'
          AND r.valid_during @> clock_timestamp() AND patient = ANY (access.patients_in_care()))
$$;
GRANT EXECUTE ON FUNCTION access.sees_whole(uuid) TO healthtrack_care;
COMMENT ON FUNCTION access.sees_whole(uuid) IS 'True where the actor is a provider in care, not by an emergency, or a desk at which the patient is known.';

CREATE FUNCTION access.join_records(me access.caller, patient uuid, survivor uuid, reason text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made uuid;
BEGIN
    IF NOT access.sees_whole(patient) OR NOT access.sees_whole(survivor) THEN
        PERFORM access.refuse('records_are_joined_by_who_sees_both',
            'A provider in care of both or a desk that sees both joins two records.');
    END IF;
    INSERT INTO care.patient_link (patient_id, survivor_id, reason, joined_by, updated_by)
    VALUES (patient, survivor, join_records.reason, me.account_id, me.account_id) RETURNING patient_link_id INTO made;
    PERFORM access.note(me, 'update', whose, 'care.patient_link/' || made) FROM unnest(ARRAY[patient, survivor]) AS whose;
    RETURN made;
END $$;
COMMENT ON FUNCTION access.join_records(access.caller, uuid, uuid, text) IS 'Joins a record to the one that goes on, audited for both; gives the link.';

CREATE FUNCTION access.separate_records(me access.caller, patient_link uuid, reason text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    link care.patient_link;
BEGIN
    UPDATE care.patient_link l SET ended_at = now(), ended_by = me.account_id, end_reason = separate_records.reason
    WHERE l.patient_link_id = patient_link AND l.ended_at IS NULL
      AND (me.part = 'privacy_officer' OR access.sees_whole(l.patient_id) OR access.sees_whole(l.survivor_id))
    RETURNING l.* INTO link;
    IF link.patient_link_id IS NULL THEN
        PERFORM access.refuse('patient_link_stands', 'There is no such link that stands and that you may end.');
    END IF;
    PERFORM access.note(me, 'update', whose, 'care.patient_link/' || patient_link)
    FROM unnest(ARRAY[link.patient_id, link.survivor_id]) AS whose;
END $$;
COMMENT ON FUNCTION access.separate_records(access.caller, uuid, text) IS 'Separates two records again, audited for both; each takes facts as before.';

CREATE FUNCTION access.links_of(patient uuid)
    RETURNS TABLE (patient_link uuid, other uuid, goes_on boolean, joined_at timestamptz, reason text, ended_at timestamptz,
                   end_reason text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- The key of another record is for whoever sees that one, too.
    SELECT l.patient_link_id, CASE WHEN access.sees_whole(l.survivor_id) OR l.survivor_id = ANY (access.own_patients()) THEN l.survivor_id END,
           true, l.created_at, l.reason, l.ended_at, l.end_reason
    FROM care.patient_link l WHERE l.patient_id = patient
    UNION ALL
    SELECT l.patient_link_id, CASE WHEN access.sees_whole(l.patient_id) OR l.patient_id = ANY (access.own_patients()) THEN l.patient_id END,
           false, l.created_at, l.reason, l.ended_at, l.end_reason
    FROM care.patient_link l WHERE l.survivor_id = patient
    ORDER BY 4 DESC, 1 LIMIT 100
$$;
COMMENT ON FUNCTION access.links_of(uuid) IS 'Which records were joined with one, and whether the other goes on; for a function that has looked.';
GRANT EXECUTE ON FUNCTION access.join_records(access.caller, uuid, uuid, text),
    access.separate_records(access.caller, uuid, text), access.links_of(uuid) TO healthtrack_care;

INSERT INTO access.look_kind (kind, scope, in_care, at_desk, sensitive) VALUES ('joined_records', 'chart', true, true, false);
CALL access.publish('join_records', 'patient uuid, survivor uuid, reason text', 'uuid',
    'answer := access.join_records(me, patient, survivor, reason);',
    'Joins a record to another of the same person, which goes on; nothing is moved; gives the link.');
CALL access.publish('separate_records', 'patient_link uuid, reason text', 'void',
    'PERFORM access.separate_records(me, patient_link, reason);',
    'Separates two records that are not one person''s, as they were before.');
CALL access.publish('read_joined_records', '',
    'TABLE (patient_link uuid, other uuid, goes_on boolean, joined_at timestamptz, reason text, ended_at timestamptz, end_reason text)',
    'RETURN QUERY SELECT * FROM access.links_of(patient);',
    'Which records were joined with this one, and whether the other goes on, the newest first, 100 at most; each is read by the rights to it.',
    look => $$'joined_records'$$);
