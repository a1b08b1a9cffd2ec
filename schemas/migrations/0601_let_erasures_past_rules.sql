-- While an erasure runs, what refuses changes of the record lets that erasure through, and nothing else.
--
-- A signed report does not change, the ledger is only added to, and a former version is kept of every change: an erasure has
-- to empty and delete all of that. Each trigger that refuses a change, or keeps what was, asks whether this transaction is an
-- erasure. That is a row of access.erasure_run with the transaction's number, which only functions of the owner write and
-- remove before they end; a setting, which is all that is asked elsewhere, opens nothing by itself. Keys, checks and foreign
-- keys hold as ever, and what counts (sums, seats, conditions) goes on counting. Legal hold is asked by the erasure itself.
--
-- Triggers are made anew, which locks each table against writes for an instant. A later migration that adds tables of
-- persons' facts calls the procedure again. Undo: make the triggers without that condition.
CREATE TABLE access.erasure_run (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),

    CONSTRAINT erasure_run_pkey PRIMARY KEY (xid)
);
COMMENT ON TABLE  access.erasure_run     IS 'Erasures that run; nobody but their own transaction ever sees a row.';
COMMENT ON COLUMN access.erasure_run.xid IS 'The transaction that erases.';
COMMENT ON CONSTRAINT erasure_run_pkey ON access.erasure_run IS 'This transaction erases already.';
CALL access.guard('access.erasure_run', 'internal');

CREATE FUNCTION access.erasure_runs() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM access.erasure_run r WHERE r.xid = pg_current_xact_id_if_assigned())
$$;
COMMENT ON FUNCTION access.erasure_runs() IS 'True in a transaction of an erasure, while it erases.';

-- Put into its place by the planner, so that a change costs the reading of a setting.
CREATE FUNCTION access.erasing() RETURNS boolean
    LANGUAGE sql STABLE AS $$
    SELECT CASE coalesce(current_setting('healthtrack.erasing', true), '') WHEN '' THEN false ELSE access.erasure_runs() END
$$;
COMMENT ON FUNCTION access.erasing() IS 'Asked by triggers that refuse changes: true while this transaction erases a person''s rows.';
REVOKE EXECUTE ON FUNCTION access.erasure_runs(), access.erasing() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.erasure_runs(), access.erasing()
    TO healthtrack_care, healthtrack_ingest, healthtrack_roller, healthtrack_migrator;

CREATE FUNCTION access.unspared() RETURNS TABLE (trigger text, relation text, definition text)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT t.tgname::text, c.oid::regclass::text, pg_get_triggerdef(t.oid)
    FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgconstraint = 0 AND t.tgtype & 24 > 0
      AND c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace)
      AND EXISTS (SELECT FROM access.table_class k WHERE to_regclass(k.relation) = c.oid)
      AND (p.prosrc ~ '\mrefuse\(' OR p.proname = 'keep_former_version')
      -- The owner is not bound by hold; nothing is taken from the audit or from a proof.
      AND p.proname !~ '_under_hold$' AND c.relname NOT IN ('audit_event', 'erasure_proof')
      AND pg_get_triggerdef(t.oid) !~ 'access\.erasing\(\)'
    ORDER BY 2, 1
$$;
COMMENT ON FUNCTION access.unspared() IS 'Triggers of persons'' tables that would refuse an erasure, or keep what was; none after access.spare_erasures().';

CREATE PROCEDURE access.spare_erasures()
    LANGUAGE plpgsql AS $$
DECLARE
    rule record;
    made text;
BEGIN
    FOR rule IN SELECT u.definition FROM access.unspared() AS u LOOP
        made := regexp_replace(rule.definition, '^CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER');
        IF made ~ ' WHEN \(' THEN
            made := regexp_replace(made, ' WHEN \((.*)\) EXECUTE FUNCTION ', ' WHEN ((NOT access.erasing()) AND (\1)) EXECUTE FUNCTION ');
        ELSE
            made := regexp_replace(made, ' EXECUTE FUNCTION ', ' WHEN (NOT access.erasing()) EXECUTE FUNCTION ');
        END IF;
        EXECUTE made;
    END LOOP;
END $$;
COMMENT ON PROCEDURE access.spare_erasures() IS
    'Lets erasures past each trigger of persons'' tables that refuses a change or keeps what was; called again after such tables are made.';
REVOKE EXECUTE ON FUNCTION access.unspared() FROM PUBLIC;
REVOKE EXECUTE ON PROCEDURE access.spare_erasures() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.unspared() TO healthtrack_migrator;
CALL access.spare_erasures();
