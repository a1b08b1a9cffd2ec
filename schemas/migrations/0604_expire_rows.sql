-- Rows whose retention has ended go by themselves, a few hundred at a call, and the day's proof counts them.
--
-- Maintenance calls care.expire_rows(). Each call takes one table whose class has a retention (none has, at first), at most
-- 500 rows of it: nothing of a person under legal hold, nor of a record joined with one, nothing that is in force, as the
-- table's condition says, and nothing that a row of another table still refers to. Rows that are parts of others go with
-- them, when the youngest part is old enough: a bill with all that was booked of it, a thread with its messages. A table that has
-- nothing left is looked at again on the next day, so that tables without an index by age are read once a day.
--
-- New tables, and a column of a small one; locks nothing else. Undo: drop functions, tables and column.
CREATE TABLE access.expiry_proof (
    expired_on date   NOT NULL,
    row_class  text   NOT NULL,
    deleted    bigint NOT NULL DEFAULT 0,
    anonymised bigint NOT NULL DEFAULT 0,
    kept_for   interval NOT NULL,

    CONSTRAINT expiry_proof_pkey PRIMARY KEY (row_class, expired_on),
    CONSTRAINT expiry_proof_row_class_fkey FOREIGN KEY (row_class) REFERENCES access.row_class (row_class),
    CONSTRAINT expiry_proof_counts_are_not_negative CHECK (deleted >= 0 AND anonymised >= 0)
);
COMMENT ON TABLE  access.expiry_proof            IS 'How many rows of a class expired on a day; only added to.';
COMMENT ON COLUMN access.expiry_proof.expired_on IS 'The day, of the clock of the database.';
COMMENT ON COLUMN access.expiry_proof.row_class  IS 'Rows of which class.';
COMMENT ON COLUMN access.expiry_proof.deleted    IS 'How many were deleted.';
COMMENT ON COLUMN access.expiry_proof.anonymised IS 'How many were anonymised.';
COMMENT ON COLUMN access.expiry_proof.kept_for   IS 'The retention that had ended, as it was when the first row expired.';
COMMENT ON CONSTRAINT expiry_proof_pkey ON access.expiry_proof IS 'This day''s proof of the class is known already.';
COMMENT ON CONSTRAINT expiry_proof_row_class_fkey ON access.expiry_proof IS 'Name a class of rows.';
COMMENT ON CONSTRAINT expiry_proof_counts_are_not_negative ON access.expiry_proof IS 'Counts of what expired are not negative.';
CALL access.guard('access.expiry_proof', 'internal');

CREATE TABLE access.retention_turn (
    done_on  date NOT NULL,
    relation text NOT NULL,
    blocked  text,

    CONSTRAINT retention_turn_pkey PRIMARY KEY (relation)
);
COMMENT ON TABLE  access.retention_turn          IS 'On which day the rows of a table were last all looked at for the end of their retention.';
COMMENT ON COLUMN access.retention_turn.done_on  IS 'The day.';
COMMENT ON COLUMN access.retention_turn.relation IS 'The table, with its schema.';
COMMENT ON COLUMN access.retention_turn.blocked  IS 'The SQLSTATE of what kept its rows from going on that day; null where nothing did.';
COMMENT ON CONSTRAINT retention_turn_pkey ON access.retention_turn IS 'This table has had its turn already.';
CALL access.guard('access.retention_turn', 'internal');

CREATE FUNCTION access.keep_expiry_proof() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.expired_on, NEW.row_class, NEW.kept_for) = (OLD.expired_on, OLD.row_class, OLD.kept_for)
       AND NEW.deleted >= OLD.deleted AND NEW.anonymised >= OLD.anonymised AND OLD.expired_on = current_date THEN
        RETURN NEW;
    END IF;
    PERFORM access.refuse('proof_is_only_added_to', 'What was erased stays proved: a proof is neither changed nor removed.');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION access.keep_expiry_proof() IS 'Trigger before a proof of expiry changes or goes: its counts rise on its day, and nothing else of it changes.';
CREATE TRIGGER expiry_proof_is_only_added_to BEFORE UPDATE OR DELETE ON access.expiry_proof
    FOR EACH ROW EXECUTE FUNCTION access.keep_expiry_proof();

CREATE TRIGGER expiry_proof_is_not_emptied BEFORE TRUNCATE ON access.expiry_proof
    FOR EACH STATEMENT EXECUTE FUNCTION access.refuse_change_of_proof();

-- What is in force does not expire, whatever its age.
ALTER TABLE access.table_class ADD COLUMN unless text;
COMMENT ON COLUMN access.table_class.unless IS 'A condition, the owner''s, on which a row p does not expire, by the moment $1 before which rows do; null for none.';

CREATE FUNCTION access.was_seen_since(patient uuid, moment timestamptz) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM care.encounter e WHERE e.patient_id = patient AND e.during && tstzrange(moment, NULL))
        OR EXISTS (SELECT FROM care.appointment a WHERE a.patient_id = patient AND a.during && tstzrange(moment, NULL) AND a.status <> 'cancelled')
        OR EXISTS (SELECT FROM care.prescription r WHERE r.patient_id = patient AND r.created_at >= moment)
$$;
COMMENT ON FUNCTION access.was_seen_since(uuid, timestamptz) IS 'True where a patient had a visit or stay, booked one, or was prescribed something since then.';

UPDATE access.table_class t SET unless = rule.condition
FROM (VALUES
    ('care.invoice', 'EXISTS (SELECT FROM care.ledger_transaction x JOIN care.ledger_entry y USING (ledger_transaction_id)
                              WHERE x.invoice_id = p.invoice_id AND y.account IN (''receivable'', ''insurer_receivable'')
                              GROUP BY y.account HAVING sum(y.amount) <> 0)'),
    ('care.membership', 'upper(p.valid_during) IS NULL OR upper(p.valid_during) >= $1'),
    ('care.coverage', 'upper(p.covered_during) IS NULL OR upper(p.covered_during) >= $1'),
    ('care.goal', 'upper(p.pursued_during) IS NULL OR upper(p.pursued_during) >= $1'),
    ('care.enrolment', 'p.status IN (''waitlisted'', ''enrolled'')'),
    ('care.waitlist_entry', 'upper(p.wanted_during) >= $1'),
    ('care.alert_rule', 'p.ended_at IS NULL OR p.ended_at >= $1'),
    ('care.task', 'p.ended_at IS NULL OR p.ended_at >= $1')
    ) AS rule (relation, condition) WHERE t.relation = rule.relation AND t.aged_by IS NOT NULL;
-- Medical records are kept as long as somebody comes, and from the last visit on.
UPDATE access.table_class SET unless = 'access.was_seen_since(p.patient_id, $1)' WHERE row_class = 'clinical' AND part_of IS NULL;

CREATE FUNCTION access.reference(child regclass, parent regclass, c text DEFAULT 'c', p text DEFAULT 'p') RETURNS TABLE (condition text)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT (SELECT string_agg(format('%s.%I = %s.%I', c, own.attname, p, other.attname), ' AND ' ORDER BY k.place)
            FROM unnest(f.conkey, f.confkey) WITH ORDINALITY AS k (own, other, place)
            JOIN pg_attribute own ON own.attrelid = f.conrelid AND own.attnum = k.own
            JOIN pg_attribute other ON other.attrelid = f.confrelid AND other.attnum = k.other)
    FROM pg_constraint f
    WHERE f.contype = 'f' AND f.conparentid = 0 AND f.conrelid = reference.child AND f.confrelid = reference.parent ORDER BY f.conname
$$;
COMMENT ON FUNCTION access.reference(regclass, regclass, text, text) IS 'For each foreign key of a table to another, when a row c of the one refers to a row p of the other.';

CREATE FUNCTION access.parts_of(relation text) RETURNS TABLE (part text, alias text, aged_by text, tables text, condition text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH RECURSIVE tree (part, depth, alias, aged_by, tables, condition) AS (
        SELECT parts_of.relation, 0, 'p', NULL::text, NULL::text, NULL::text
        UNION ALL
        SELECT t.relation, w.depth + 1, own.alias, t.aged_by, concat_ws(', ', w.tables, t.relation || ' ' || own.alias),
               concat_ws(' AND ', w.condition, r.condition)
        FROM tree w JOIN access.table_class t ON t.part_of = w.part
        CROSS JOIN LATERAL (SELECT 'p' || (w.depth + 1)) AS own (alias)
        CROSS JOIN LATERAL access.reference(to_regclass(t.relation), to_regclass(w.part), own.alias, w.alias) AS r
        WHERE w.depth < 9)
    SELECT t.part, t.alias, t.aged_by, t.tables, t.condition FROM tree t WHERE t.depth > 0
$$;
COMMENT ON FUNCTION access.parts_of(text) IS 'The parts of rows p of a table, and parts of those: by which tables, and on what condition, a row of such a part is one of p.';

CREATE FUNCTION access.take_with_parts(relation text, rows tid[], persons uuid[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    tree constant text[] := ARRAY(SELECT DISTINCT w.part FROM access.parts_of(relation) AS w);
    one  record;
    n    bigint := 0;
    m    bigint;
BEGIN
    -- Children before their parents, among the parts as well.
    FOR one IN
        SELECT o.place, w.alias, w.tables, w.condition, o.part FROM unnest(access.order_of_deletion(tree)) WITH ORDINALITY AS o (part, place)
        JOIN access.parts_of(relation) AS w ON w.part = o.part
        ORDER BY o.place, w.condition
    LOOP
        EXECUTE format('DELETE FROM %s d USING %s, %s p WHERE d.ctid = %s.ctid AND %s AND p.ctid = ANY ($1)',
                       one.part, one.tables, relation, one.alias, one.condition) USING rows;
        GET DIAGNOSTICS m = ROW_COUNT;
        n := n + m;
    END LOOP;
    EXECUTE format('DELETE FROM %s p WHERE p.ctid = ANY ($1)', relation) USING rows;
    GET DIAGNOSTICS m = ROW_COUNT;
    n := n + m;
    -- A part that the whole refers to, as content does to which documents do, goes when nothing refers to it any more.
    FOR one IN
        SELECT t.relation AS part, r.condition FROM access.table_class t
        CROSS JOIN LATERAL access.reference(to_regclass(take_with_parts.relation), to_regclass(t.relation)) AS r
        WHERE t.part_of = take_with_parts.relation
    LOOP
        EXECUTE format('DELETE FROM %s p WHERE p.patient_id = ANY ($1) AND NOT EXISTS (SELECT FROM %s c WHERE %s)',
                       one.part, relation, one.condition) USING persons;
        GET DIAGNOSTICS m = ROW_COUNT;
        n := n + m;
    END LOOP;
    RETURN n;
END $$;
COMMENT ON FUNCTION access.take_with_parts(text, tid[], uuid[]) IS 'Deletes rows of a table, and before them what is part of them; gives how many.';

CREATE FUNCTION access.take_expired(relation text, rows tid[], persons uuid[], at_end text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    done bigint;
BEGIN
    PERFORM access.begin_erasing();
    IF at_end = 'delete' THEN
        done := access.take_with_parts(relation, rows, persons);
    ELSE
        EXECUTE format('UPDATE %s p SET %s WHERE p.ctid = ANY ($1)', relation, (access.emptied(relation)).becomes) USING rows;
        GET DIAGNOSTICS done = ROW_COUNT;
    END IF;
    PERFORM access.end_erasing();
    RETURN done;
END $$;
COMMENT ON FUNCTION access.take_expired(text, tid[], uuid[], text) IS 'Deletes rows of a table with their parts, or empties them, past the rules of change; gives how many.';

CREATE FUNCTION access.in_use(relation text) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH part AS (SELECT * FROM access.parts_of(in_use.relation)),
         whole AS (SELECT in_use.relation AS part, 'p' AS alias, NULL::text AS tables, NULL::text AS condition
                   UNION ALL SELECT w.part, w.alias, w.tables, w.condition FROM part w)
    SELECT coalesce(string_agg(DISTINCT kept.rule, ''), '') FROM (
        -- A part that is younger keeps all.
        SELECT format(' AND NOT EXISTS (SELECT FROM %s WHERE %s AND %s.%I >= $1)', w.tables, w.condition, w.alias, w.aged_by) AS rule
        FROM part w WHERE w.aged_by IS NOT NULL
        UNION ALL
        -- So does what others refer to.
        SELECT format(' AND NOT EXISTS (SELECT FROM %s WHERE %s)', concat_ws(', ', w.tables, f.conrelid::regclass || ' c'),
                      concat_ws(' AND ', w.condition, r.condition))
        FROM whole w JOIN pg_constraint f ON f.confrelid = to_regclass(w.part) AND f.contype = 'f' AND f.conparentid = 0
        CROSS JOIN LATERAL access.reference(f.conrelid, f.confrelid, 'c', w.alias) AS r
        WHERE f.conrelid NOT IN (SELECT to_regclass(o.part) FROM part o)) AS kept
$$;
COMMENT ON FUNCTION access.in_use(text) IS 'What must be true of a row p beside its age to be deleted: no younger part, and nothing else that refers to it or to a part.';

CREATE FUNCTION access.expire_of(relation text, aged_by text, kept_for interval, at_end text, unless text,
                                 OUT done bigint, OUT is_over boolean, OUT stopped text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    most    constant integer := 500;
    -- A retention is counted in the network's calendar, so in one zone for all.
    before  constant timestamptz := date_trunc('day', now() - kept_for, 'UTC');
    held    constant uuid[] := ARRAY(SELECT DISTINCT r FROM care.patient p, unnest(access.records_of(p.patient_id)) AS r WHERE p.legal_hold);
    found   tid[];
    persons uuid[];
    one     tid;
BEGIN
    EXECUTE format('SELECT array_agg(o.ctid), array_agg(DISTINCT o.patient_id) FROM (
            SELECT p.ctid, p.patient_id FROM %s p
            WHERE p.%I < $1 AND p.patient_id <> ALL ($2) AND (%s) IS NOT TRUE AND (%s)%s ORDER BY p.ctid LIMIT %s) AS o',
        relation, aged_by, coalesce(unless, 'false'),
        CASE at_end WHEN 'delete' THEN 'true' ELSE coalesce((access.emptied(relation)).differs, 'false') END,
        CASE at_end WHEN 'delete' THEN access.in_use(relation) ELSE '' END, most)
    INTO found, persons USING before, held;
    done := 0;
    is_over := coalesce(cardinality(found), 0) < most;
    IF found IS NULL THEN
        RETURN;
    END IF;
    -- A hold that is being set waits for this, and one that was set since is seen now.
    PERFORM FROM care.patient p WHERE p.patient_id = ANY (persons) ORDER BY p.patient_id FOR KEY SHARE;
    IF access.is_held(persons) THEN
        is_over := false;
        RETURN;
    END IF;
    BEGIN
        done := access.take_expired(relation, found, persons, at_end);
    EXCEPTION WHEN foreign_key_violation OR SQLSTATE 'HT001' THEN
        -- Something needs one of these rows: it is kept as long as that is, and the others go.
        FOREACH one IN ARRAY found LOOP
            BEGIN
                done := done + access.take_expired(relation, ARRAY[one], persons, at_end);
            EXCEPTION WHEN foreign_key_violation OR SQLSTATE 'HT001' THEN
                stopped := SQLSTATE;
            END;
        END LOOP;
        is_over := is_over OR done = 0;
    END;
END $$;
COMMENT ON FUNCTION access.expire_of(text, text, interval, text, text) IS 'Deletes or empties rows of a table whose retention has ended, 500 at most: how many, whether none is left, and what kept one.';

CREATE FUNCTION care.expire_rows() RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    turn record;
    came record;
BEGIN
    SELECT t.relation, t.row_class, t.aged_by, t.unless, c.kept_for, c.at_end INTO turn
    FROM access.table_class t JOIN access.row_class c USING (row_class)
    LEFT JOIN access.retention_turn r USING (relation)
    WHERE c.kept_for IS NOT NULL AND t.aged_by IS NOT NULL AND t.found_by = 'patient_id'
      -- Parts are deleted with their whole, and emptied by themselves.
      AND (t.part_of IS NULL OR c.at_end = 'anonymise')
      AND (r.done_on IS NULL OR r.done_on < current_date)
    ORDER BY r.done_on NULLS FIRST, t.relation LIMIT 1;
    IF turn.relation IS NULL THEN
        RETURN 0;
    END IF;
    came := access.expire_of(turn.relation, turn.aged_by, turn.kept_for, turn.at_end, turn.unless);
    IF came.done > 0 THEN
        INSERT INTO access.expiry_proof AS p (expired_on, row_class, deleted, anonymised, kept_for)
        VALUES (current_date, turn.row_class, CASE turn.at_end WHEN 'delete' THEN came.done ELSE 0 END,
                CASE turn.at_end WHEN 'delete' THEN 0 ELSE came.done END, turn.kept_for)
        ON CONFLICT (row_class, expired_on) DO UPDATE
        SET deleted = p.deleted + excluded.deleted, anonymised = p.anonymised + excluded.anonymised;
    END IF;
    IF came.is_over THEN
        INSERT INTO access.retention_turn AS r (relation, done_on, blocked) VALUES (turn.relation, current_date, came.stopped)
        ON CONFLICT (relation) DO UPDATE SET done_on = excluded.done_on, blocked = excluded.blocked;
    END IF;
    RETURN came.done;
END $$;
COMMENT ON FUNCTION care.expire_rows() IS 'Lets rows of one table expire whose class has a retention that ended, 500 at most with their parts; how many. Nothing expires whose class has none.';
REVOKE EXECUTE ON FUNCTION access.keep_expiry_proof(), access.reference(regclass, regclass, text, text), access.parts_of(text), access.in_use(text),
    access.was_seen_since(uuid, timestamptz), access.take_with_parts(text, tid[], uuid[]), access.take_expired(text, tid[], uuid[], text),
    access.expire_of(text, text, interval, text, text), care.expire_rows() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.expire_rows() TO healthtrack_ingest, healthtrack_migrator;
