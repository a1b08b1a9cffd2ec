-- The next partition of the audit, made before it is needed.
--
-- access.audit_event_next has no end, so it takes whatever comes. As soon as it holds an event, the daemon gives it an end
-- and makes another after it, in three calls, each short for whoever appends: a rule that says where it ends (checked for
-- new events), the proof of that rule (read while events are appended), and the change of places. What was
-- access.audit_event_now becomes access.audit_event_from_N, by its first place. Each call does what is next, waits for a
-- lock a quarter of a second at most and is called again where that was too short. The end lies two widths and a half (84
-- million events) beyond all that is there at the least, so a daemon that stops between the calls stops nobody.
-- New functions, lock nothing. Undo: drop them.
CREATE FUNCTION access.rename_audit_partition(old text, new text) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own record;
BEGIN
    EXECUTE format('ALTER TABLE access.%I RENAME TO %I', old, new);
    -- The names of its indexes must be free in a database that it is restored into.
    FOR own IN SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
               WHERE i.indrelid = format('access.%I', new)::regclass LOOP
        EXECUTE format('ALTER INDEX access.%I RENAME TO %I', own.relname,
                       new || regexp_replace(own.relname, '^audit_event_(now|next)(_.*[a-z])[0-9]*$', '\2'));
    END LOOP;
END $$;
COMMENT ON FUNCTION access.rename_audit_partition(text, text) IS 'Gives a partition of the audit, and its indexes, another name.';

CREATE FUNCTION access.cut_audit_by(width bigint) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '250ms' AS $$
DECLARE
    begins     bigint;
    ends       bigint;
    last       bigint;
    now_begins bigint;
    is_checked boolean;
BEGIN
    -- One at a time; it hinders neither who reads nor who appends.
    LOCK TABLE ONLY access.audit_event IN SHARE UPDATE EXCLUSIVE MODE;
    SELECT substring(pg_get_expr(relpartbound, oid) FROM 'FROM \(''?([0-9]+)') INTO STRICT begins
    FROM pg_class WHERE oid = 'access.audit_event_next'::regclass;
    SELECT substring(pg_get_constraintdef(oid) FROM 'seq < ''?([0-9]+)'), convalidated INTO ends, is_checked
    FROM pg_constraint WHERE conrelid = 'access.audit_event_next'::regclass AND conname = 'audit_event_lies_within';
    IF ends IS NULL THEN
        SELECT max(of_chain.seq) INTO last FROM generate_series(0, 63) AS number CROSS JOIN LATERAL (
            SELECT e.seq FROM access.audit_event_next e WHERE e.chain = number::smallint ORDER BY e.seq DESC LIMIT 1) AS of_chain;
        IF last IS NULL THEN
            RETURN false;
        END IF;
        ends := ((last - 1 + width / 2) / width + 3) * width + 1;
        EXECUTE format('ALTER TABLE access.audit_event_next ADD CONSTRAINT audit_event_lies_within
                        CHECK (seq >= %L::bigint AND seq < %L::bigint) NOT VALID', begins, ends);
    ELSIF NOT is_checked THEN
        ALTER TABLE access.audit_event_next VALIDATE CONSTRAINT audit_event_lies_within;
    ELSE
        LOCK TABLE ONLY access.audit_event IN ACCESS EXCLUSIVE MODE;
        SELECT coalesce(substring(pg_get_expr(relpartbound, oid) FROM 'FROM \(''?([0-9]+)')::bigint, 1) INTO STRICT now_begins
        FROM pg_class WHERE oid = 'access.audit_event_now'::regclass;
        PERFORM access.rename_audit_partition('audit_event_now', 'audit_event_from_' || now_begins);
        ALTER TABLE access.audit_event DETACH PARTITION access.audit_event_next;
        PERFORM access.rename_audit_partition('audit_event_next', 'audit_event_now');
        EXECUTE format('ALTER TABLE access.audit_event ATTACH PARTITION access.audit_event_now FOR VALUES FROM (%s) TO (%s)',
                       begins, ends);
        ALTER TABLE access.audit_event_now DROP CONSTRAINT audit_event_lies_within;
        PERFORM access.create_audit_partition('audit_event_next');
        EXECUTE format('ALTER TABLE access.audit_event ATTACH PARTITION access.audit_event_next FOR VALUES FROM (%s) TO (MAXVALUE)',
                       ends);
    END IF;
    RETURN true;
END $$;
COMMENT ON FUNCTION access.cut_audit_by(bigint) IS 'Does what is next until the audit has an empty partition without end, and partitions of three widths; false where nothing is to be done.';

CREATE FUNCTION care.cut_audit() RETURNS boolean
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT access.cut_audit_by(524288)
$$;
COMMENT ON FUNCTION care.cut_audit() IS 'Does the next step of making the audit''s next partition ahead; false where nothing is to be done.';

CREATE FUNCTION care.uncut_audit() RETURNS bigint
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(sum(of_chain.places), 0)::bigint FROM generate_series(0, 63) AS number CROSS JOIN LATERAL (
        SELECT max(e.seq) - min(e.seq) + 1 AS places FROM access.audit_event_next e WHERE e.chain = number::smallint) AS of_chain
$$;
COMMENT ON FUNCTION care.uncut_audit() IS 'Events in the partition of the audit that should be empty: more than a minute''s say that none is made ahead.';
REVOKE EXECUTE ON FUNCTION access.rename_audit_partition(text, text), access.cut_audit_by(bigint), care.cut_audit(), care.uncut_audit() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.cut_audit(), care.uncut_audit() TO healthtrack_ingest, healthtrack_migrator;
