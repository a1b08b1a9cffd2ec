-- A person is erased in one transaction, by class of rows, and a proof stays that says nothing of the person.
--
-- All records that were joined as one person's go together. Their rows of `care.patient` are locked as for a deletion, so
-- that whoever writes facts of theirs is waited for. Columns are emptied first, then rows deleted, the children before their
-- parents, as the foreign keys say. What was measured is erased before, by `healthtrack archive erase`, which knows the files.
-- Times to come are given back before, who cares for the person does no longer, and a minor for whom only they acted becomes a
-- task. Run again, also after a backup was restored, it changes what is there again, and no more. The proof has counts by class
-- and a digest of itself; it is only added to, by anybody.
--
-- New table; locks nothing else. Undo: drop functions and table.
CREATE TABLE access.erasure_proof (
    erasure_proof_id   uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id         uuid        NOT NULL,
    erasure_request_id uuid,
    decided_by         uuid,
    erased_at          timestamptz NOT NULL DEFAULT now(),
    ground             text        NOT NULL,
    erased_by          text        NOT NULL DEFAULT session_user,
    records            uuid[]      NOT NULL,
    counts             jsonb       NOT NULL,
    digest             bytea       NOT NULL,

    CONSTRAINT erasure_proof_pkey PRIMARY KEY (erasure_proof_id),
    CONSTRAINT erasure_proof_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT erasure_proof_request_fkey FOREIGN KEY (erasure_request_id) REFERENCES access.erasure_request (erasure_request_id),
    CONSTRAINT erasure_proof_decider_fkey FOREIGN KEY (decided_by) REFERENCES access.account (account_id),
    CONSTRAINT erasure_proof_ground_is_known CHECK (ground IN ('request', 'court_order', 'mistake', 'replay')),
    CONSTRAINT erasure_proof_of_a_request_names_it CHECK (
        num_nonnulls(erasure_request_id, decided_by) = CASE ground WHEN 'request' THEN 2 ELSE 0 END),
    CONSTRAINT erasure_proof_is_of_whom_it_names CHECK (patient_id = ANY (records)),
    CONSTRAINT erasure_proof_counts_are_named CHECK (jsonb_typeof(counts) = 'object'),
    CONSTRAINT erasure_proof_digest_is_whole CHECK (octet_length(digest) = 32)
);
CREATE INDEX erasure_proof_records_idx ON access.erasure_proof USING gin (records);
CREATE INDEX erasure_proof_patient_idx ON access.erasure_proof (patient_id);
CREATE INDEX erasure_proof_request_idx ON access.erasure_proof (erasure_request_id);
CREATE INDEX erasure_proof_decider_idx ON access.erasure_proof (decided_by);
COMMENT ON TABLE  access.erasure_proof                    IS 'Proofs of erasure: whose rows, by what decision, how many of each class; only added to, and without a fact of anybody.';
COMMENT ON COLUMN access.erasure_proof.erasure_proof_id   IS 'Key.';
COMMENT ON COLUMN access.erasure_proof.patient_id         IS 'The key under which the rest stays, which names nobody any more.';
COMMENT ON COLUMN access.erasure_proof.erasure_request_id IS 'The request that was granted; null where another ground is.';
COMMENT ON COLUMN access.erasure_proof.decided_by         IS 'The privacy officer''s account; null where another ground is.';
COMMENT ON COLUMN access.erasure_proof.erased_at          IS 'When.';
COMMENT ON COLUMN access.erasure_proof.ground             IS 'request, court_order, mistake (registered by mistake) or replay (a backup was restored).';
COMMENT ON COLUMN access.erasure_proof.erased_by          IS 'The login that carried it out.';
COMMENT ON COLUMN access.erasure_proof.records            IS 'The keys of all records that went as one, this one among them.';
COMMENT ON COLUMN access.erasure_proof.counts             IS 'For each class how many rows were deleted, anonymised and kept.';
COMMENT ON COLUMN access.erasure_proof.digest             IS 'SHA-256 of the rest of the row, as access.erasure_digest computes it.';
COMMENT ON CONSTRAINT erasure_proof_pkey ON access.erasure_proof IS 'This proof is known already.';
COMMENT ON CONSTRAINT erasure_proof_patient_fkey ON access.erasure_proof IS 'Name the key of a patient.';
COMMENT ON CONSTRAINT erasure_proof_request_fkey ON access.erasure_proof IS 'Name a request that was granted.';
COMMENT ON CONSTRAINT erasure_proof_decider_fkey ON access.erasure_proof IS 'Name the account that decided.';
COMMENT ON CONSTRAINT erasure_proof_ground_is_known ON access.erasure_proof IS 'Choose one of the known grounds: request, court_order, mistake or replay.';
COMMENT ON CONSTRAINT erasure_proof_of_a_request_names_it ON access.erasure_proof IS 'Name the request and who decided it where a request is the ground, and only there.';
COMMENT ON CONSTRAINT erasure_proof_is_of_whom_it_names ON access.erasure_proof IS 'Name the patient among the records that went.';
COMMENT ON CONSTRAINT erasure_proof_counts_are_named ON access.erasure_proof IS 'Give the counts by the name of each class.';
COMMENT ON CONSTRAINT erasure_proof_digest_is_whole ON access.erasure_proof IS 'A digest has 32 bytes.';
CALL access.guard('access.erasure_proof', 'internal');
CREATE TRIGGER erasure_proof_stays_under_hold BEFORE DELETE ON access.erasure_proof
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
INSERT INTO access.table_class (relation, found_by, row_class, kept) VALUES ('access.erasure_proof', 'patient_id', 'audit', '{counts,digest}');

CREATE FUNCTION access.refuse_change_of_proof() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM access.refuse('proof_is_only_added_to', 'What was erased stays proved: a proof is neither changed nor removed.');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION access.refuse_change_of_proof() IS 'Trigger before a proof of an erasure changes or goes: refuses it to everybody, the owner among them.';
CREATE TRIGGER erasure_proof_is_only_added_to BEFORE UPDATE OR DELETE ON access.erasure_proof
    FOR EACH ROW EXECUTE FUNCTION access.refuse_change_of_proof();
CREATE TRIGGER erasure_proof_is_not_emptied BEFORE TRUNCATE ON access.erasure_proof
    FOR EACH STATEMENT EXECUTE FUNCTION access.refuse_change_of_proof();

CREATE FUNCTION access.erasure_digest(proof access.erasure_proof) RETURNS bytea
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(convert_to(concat_ws(',', proof.erasure_proof_id, proof.patient_id, coalesce(proof.erasure_request_id::text, '-'),
        coalesce(proof.decided_by::text, '-'), (extract(epoch FROM proof.erased_at) * 1000000)::bigint, proof.ground,
        length(proof.erased_by) || ':' || proof.erased_by, array_to_string(proof.records, '+'), proof.counts::text), 'UTF8'))
$$;
COMMENT ON FUNCTION access.erasure_digest(access.erasure_proof) IS 'SHA-256 of a proof: its columns in their order, with commas, a time as microseconds, nothing as a dash.';

CREATE FUNCTION access.keys_of_person(patients uuid[]) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH account AS (SELECT a.account_id FROM access.account a WHERE a.patient_id = ANY (patients)),
         member AS (SELECT i.space_member_id FROM care.space_identity i WHERE i.patient_id = ANY (patients))
    SELECT jsonb_build_object(
        'patient', to_jsonb(patients),
        'account', to_jsonb(ARRAY(SELECT a.account_id FROM account a)),
        'session', to_jsonb(ARRAY(SELECT s.session_id FROM access.session s JOIN account USING (account_id))),
        'proposal', to_jsonb(ARRAY(SELECT m.proposal_id FROM access.proposal_match m WHERE m.patient_id = ANY (patients))),
        'relationship', to_jsonb(ARRAY(SELECT r.care_relationship_id FROM access.care_relationship r WHERE r.patient_id = ANY (patients))),
        -- A policy that covers somebody else too, who is not erased, is theirs as well.
        'policy', to_jsonb(ARRAY(SELECT DISTINCT c.policy_id FROM care.coverage c WHERE c.patient_id = ANY (patients)
                                 AND NOT EXISTS (SELECT FROM care.coverage o
                                                 WHERE o.policy_id = c.policy_id AND o.patient_id <> ALL (patients)
                                                   AND NOT EXISTS (SELECT FROM access.erasure_proof e
                                                                   WHERE e.records @> ARRAY[o.patient_id])))),
        'member', to_jsonb(ARRAY(SELECT m.space_member_id FROM member m)),
        'post', to_jsonb(ARRAY(SELECT p.post_id FROM care.post p JOIN member USING (space_member_id))),
        'reply', to_jsonb(ARRAY(SELECT r.reply_id FROM care.reply r JOIN member USING (space_member_id))))
$$;
COMMENT ON FUNCTION access.keys_of_person(uuid[]) IS 'The keys by which rows of a person are found, by kind: those of their accounts, sessions, pseudonyms …';

CREATE FUNCTION access.count_in(counts jsonb, row_class text, done text, n bigint) RETURNS jsonb
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN n = 0 THEN counts ELSE counts || jsonb_build_object(row_class, coalesce(counts -> row_class, '{}')
        || jsonb_build_object(done, coalesce((counts -> row_class ->> done)::bigint, 0) + n)) END
$$;
COMMENT ON FUNCTION access.count_in(jsonb, text, text, bigint) IS 'Adds to the count of what was done with rows of a class.';

CREATE FUNCTION access.emptied(relation text, OUT becomes text, OUT differs text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- An expression is the owner's, who may write any statement.
    SELECT string_agg(DISTINCT format('%I = %s', b.name, b.value), ', '),
           string_agg(DISTINCT format('%I IS DISTINCT FROM (%s)', b.name, b.value), ' OR ')
    FROM access.table_class t CROSS JOIN LATERAL unnest(t.blanked) AS item (word)
    CROSS JOIN LATERAL (SELECT split_part(word, '=', 1), CASE WHEN word ~ '=' THEN substr(word, strpos(word, '=') + 1)
                               ELSE format('CASE WHEN %I IS NOT NULL THEN ''erased'' END', word) END) AS b (name, value)
    WHERE t.relation = emptied.relation
$$;
COMMENT ON FUNCTION access.emptied(text) IS 'What empties the columns of a table that an erasure empties, and what is true of a row where they are not empty yet.';

CREATE FUNCTION access.order_of_deletion(relations text[]) RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    open    text[] := relations;
    ordered text[] := '{}';
    free    text[];
BEGIN
    WHILE cardinality(open) > 0 LOOP
        SELECT array_agg(o.relation ORDER BY o.relation) INTO free FROM unnest(open) AS o (relation)
        WHERE NOT EXISTS (
            SELECT FROM pg_constraint k JOIN unnest(open) AS other (relation) ON k.conrelid = to_regclass(other.relation)
            WHERE k.contype = 'f' AND k.confrelid = to_regclass(o.relation) AND k.conrelid <> k.confrelid);
        IF free IS NULL THEN
            PERFORM access.refuse('tables_refer_in_one_direction', 'Tables that are deleted refer to each other in a circle: empty a column of one.');
        END IF;
        ordered := ordered || free;
        open := ARRAY(SELECT o.relation FROM unnest(open) AS o (relation) WHERE o.relation <> ALL (free));
    END LOOP;
    RETURN ordered;
END $$;
COMMENT ON FUNCTION access.order_of_deletion(text[]) IS 'Tables in the order in which rows can be deleted: children before those that they refer to.';

CREATE FUNCTION access.erase_rows(patients uuid[], dry boolean) RETURNS jsonb
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    all_keys constant jsonb := access.keys_of_person(patients);
    counts   jsonb := '{}';
    item     record;
    found    text;
    n        bigint;
BEGIN
    FOR item IN
        SELECT t.relation, t.found_by, t.row_class, e.becomes, e.differs,
               ARRAY(SELECT jsonb_array_elements_text(all_keys -> t.key_kind)::uuid) AS keys,
               CASE WHEN c.erasure = 'anonymise' AND e.becomes IS NULL THEN 'keep' ELSE c.erasure END AS erasure
        FROM access.table_class t JOIN access.row_class c USING (row_class)
        CROSS JOIN LATERAL access.emptied(t.relation) AS e
        LEFT JOIN unnest(access.order_of_deletion(ARRAY(
            SELECT DISTINCT d.relation FROM access.table_class d JOIN access.row_class k USING (row_class)
            WHERE k.erasure = 'delete' AND d.key_kind <> 'samples'))) WITH ORDINALITY AS o (relation, place) ON o.relation = t.relation
        WHERE t.key_kind <> 'samples'
        ORDER BY c.erasure = 'delete', o.place, t.relation, t.found_by
    LOOP
        found := format('FROM %s WHERE %I = ANY ($1)', item.relation, item.found_by);
        CASE
            WHEN item.erasure = 'anonymise' AND dry THEN
                EXECUTE format('SELECT count(*) %s AND (%s)', found, item.differs) INTO n USING item.keys;
            WHEN item.erasure = 'anonymise' THEN
                EXECUTE format('UPDATE %s SET %s WHERE %I = ANY ($1) AND (%s)', item.relation, item.becomes, item.found_by, item.differs)
                USING item.keys;
                GET DIAGNOSTICS n = ROW_COUNT;
            WHEN item.erasure = 'delete' AND NOT dry THEN
                EXECUTE 'DELETE ' || found USING item.keys;
                GET DIAGNOSTICS n = ROW_COUNT;
            ELSE
                EXECUTE 'SELECT count(*) ' || found INTO n USING item.keys;
        END CASE;
        counts := access.count_in(counts, item.row_class,
            CASE item.erasure WHEN 'delete' THEN 'deleted' WHEN 'anonymise' THEN 'anonymised' ELSE 'kept' END, n);
    END LOOP;
    RETURN counts;
END $$;
COMMENT ON FUNCTION access.erase_rows(uuid[], boolean) IS 'Empties and deletes the rows of these records by class, or only counts them; gives the counts.';

CREATE FUNCTION access.begin_erasing() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO access.erasure_run DEFAULT VALUES;
    PERFORM set_config('healthtrack.erasing', 'on', true);
    SET CONSTRAINTS ALL DEFERRED;
END $$;
COMMENT ON FUNCTION access.begin_erasing() IS 'From now on this transaction is an erasure, which rules of change let through.';

CREATE FUNCTION access.end_erasing() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- What is checked of all rows at once holds again, too.
    SET CONSTRAINTS ALL IMMEDIATE;
    DELETE FROM access.erasure_run r WHERE r.xid = pg_current_xact_id();
    PERFORM set_config('healthtrack.erasing', '', true);
END $$;
COMMENT ON FUNCTION access.end_erasing() IS 'From now on this transaction is bound by every rule again.';

CREATE FUNCTION access.wards_of(patients uuid[]) RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT p.patient_id), '{}') FROM access.proxy p JOIN access.account a USING (account_id)
    WHERE a.patient_id = ANY (patients) AND p.patient_id <> ALL (patients) AND p.ended_at IS NULL
      AND access.is_of_minors(p.kind) AND p.valid_during @> now()
$$;
COMMENT ON FUNCTION access.wards_of(uuid[]) IS 'For which minors these people act as parents or guardians at this moment.';

CREATE FUNCTION access.seek_guardians(wards uuid[]) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    -- Of the desk that knows them; else of who cares for them.
    INSERT INTO care.task (patient_id, facility_id, pool, kind, title)
    SELECT w.patient_id, known.facility_id, CASE WHEN known.facility_id IS NULL THEN 'care_team' ELSE 'front_desk' END, 'other',
           'Find out who acts for this minor: nobody does any more'
    FROM unnest(wards) AS w (patient_id) CROSS JOIN LATERAL (SELECT coalesce(
        (SELECT f.facility_id FROM care.preferred_facility f WHERE f.patient_id = w.patient_id ORDER BY f.rank LIMIT 1),
        (SELECT a.facility_id FROM care.appointment a WHERE a.patient_id = w.patient_id ORDER BY a.during DESC LIMIT 1))) AS known (facility_id)
    WHERE NOT EXISTS (SELECT FROM access.proxy p WHERE p.patient_id = w.patient_id AND p.ended_at IS NULL
                      AND access.is_of_minors(p.kind) AND p.valid_during @> now())
$$;
COMMENT ON FUNCTION access.seek_guardians(uuid[]) IS 'Makes a task for each of these minors for whom nobody acts as parent or guardian.';

CREATE FUNCTION access.erase_person(patient uuid, ground text, request uuid DEFAULT NULL) RETURNS access.erasure_proof
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    proof access.erasure_proof;
    event access.audit_event;
    wards uuid[];
BEGIN
    proof.records := access.records_of(patient);
    PERFORM FROM care.patient p WHERE p.patient_id = ANY (proof.records) ORDER BY p.patient_id FOR UPDATE;
    IF NOT EXISTS (SELECT FROM care.patient p WHERE p.patient_id = patient) THEN
        PERFORM access.refuse('erasure_is_of_a_patient', 'There is no such patient: give the key of care.patient.');
    ELSIF proof.records IS DISTINCT FROM access.records_of(patient) THEN
        PERFORM access.refuse('erasure_is_of_records_that_stay', 'Records of this person were just joined or separated: run this again.');
    ELSIF access.is_held(proof.records) THEN
        PERFORM access.refuse('erasure_waits_for_hold', 'This person is under legal hold: nothing of theirs is erased until it ends.');
    ELSIF EXISTS (SELECT FROM care.wear w WHERE w.patient_id = ANY (proof.records)) THEN
        PERFORM access.refuse('samples_are_erased_first', 'Erase first what was measured: healthtrack archive erase, for each record of the person.');
    END IF;
    IF ground = 'request' THEN
        UPDATE access.erasure_request r SET status = 'done', ended_at = now(), version = r.version + 1
        WHERE r.erasure_request_id = request AND r.patient_id = ANY (proof.records) AND r.status = 'granted'
        RETURNING r.erasure_request_id, r.decided_by INTO proof.erasure_request_id, proof.decided_by;
        IF proof.erasure_request_id IS NULL THEN
            PERFORM access.refuse('erasure_is_granted_first', 'There is no granted request of this person: a privacy officer grants it.');
        END IF;
    END IF;
    -- Times to come go to who waits for them, and is not erased.
    UPDATE care.waitlist_entry w SET status = 'left' WHERE w.patient_id = ANY (proof.records) AND w.status = 'waiting';
    UPDATE care.appointment a SET status = 'cancelled', expires_at = NULL
    WHERE a.patient_id = ANY (proof.records) AND a.status IN ('held', 'booked') AND lower(a.during) > now();
    UPDATE access.care_relationship r SET valid_during = tstzrange(lower(r.valid_during), now())
    WHERE r.patient_id = ANY (proof.records) AND r.valid_during @> now()
      AND (lower_inf(r.valid_during) OR lower(r.valid_during) < now());
    DELETE FROM access.care_relationship r WHERE r.patient_id = ANY (proof.records) AND lower(r.valid_during) >= now();
    wards := access.wards_of(proof.records);
    PERFORM access.begin_erasing();
    -- The policy of a family goes on, without the name of who is erased.
    UPDATE care.policy q SET holder_name = 'erased'
    WHERE q.holder_name <> 'erased' AND EXISTS (
        SELECT FROM care.coverage c WHERE c.policy_id = q.policy_id AND c.relation = 'self' AND c.patient_id = ANY (proof.records));
    proof.counts := access.erase_rows(proof.records, false);
    PERFORM access.end_erasing();
    PERFORM access.seek_guardians(wards);
    proof.erasure_proof_id := gen_random_uuid();
    proof.patient_id := patient;
    proof.erased_at := now();
    proof.ground := ground;
    proof.erased_by := session_user;
    proof.digest := access.erasure_digest(proof);
    INSERT INTO access.erasure_proof SELECT proof.*;
    event.part := 'program';
    event.patient_id := patient;
    event.action := 'erase';
    event.resource := 'access.erasure_proof/' || proof.erasure_proof_id;
    event.outcome := 'allowed';
    event.reason := ground;
    PERFORM access.append_event(event);
    RETURN proof;
END $$;
COMMENT ON FUNCTION access.erase_person(uuid, text, uuid) IS 'Erases a person in all records joined as one, by class of rows: the proof. Refused under hold, before samples went, and without a granted request where that is the ground.';

CREATE FUNCTION access.find_erasure(patient uuid, OUT records uuid[], OUT held boolean, OUT request uuid, OUT counts jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM care.patient p WHERE p.patient_id = patient) THEN
        PERFORM access.refuse('erasure_is_of_a_patient', 'There is no such patient: give the key of care.patient.');
    END IF;
    records := access.records_of(patient);
    held := access.is_held(records);
    request := (SELECT r.erasure_request_id FROM access.erasure_request r
                WHERE r.patient_id = ANY (find_erasure.records) AND r.status = 'granted' ORDER BY r.decided_at LIMIT 1);
    counts := access.erase_rows(records, true);
END $$;
COMMENT ON FUNCTION access.find_erasure(uuid) IS 'What an erasure of a person would do, by class: its records, whether a hold forbids it, and the request that was granted; changes nothing.';

REVOKE EXECUTE ON FUNCTION access.refuse_change_of_proof(), access.erasure_digest(access.erasure_proof), access.keys_of_person(uuid[]),
    access.count_in(jsonb, text, text, bigint), access.emptied(text), access.order_of_deletion(text[]), access.erase_rows(uuid[], boolean),
    access.wards_of(uuid[]), access.seek_guardians(uuid[]),
    access.begin_erasing(), access.end_erasing(), access.erase_person(uuid, text, uuid), access.find_erasure(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.erase_person(uuid, text, uuid), access.find_erasure(uuid), access.erasure_digest(access.erasure_proof)
    TO healthtrack_migrator;
