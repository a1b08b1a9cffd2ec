-- The portal's login executes functions of `api`, and has no right to anything else.
--
-- Every table right, column right, policy and routine of `care` and `access` that `healthtrack_portal` had is now that of
-- `healthtrack_care` alone, as which the functions run. `access.samples` decided, audited and read in one transaction,
-- which whoever rolled it back had read without a trace: `api.read_samples` takes its place. Locks each table for an
-- instant. Undo: GRANT healthtrack_care TO healthtrack_portal.
DROP FUNCTION access.samples(uuid, text, timestamptz, timestamptz, uuid);

DO $$
DECLARE
    portal constant oid := 'healthtrack_portal'::regrole;
    item   record;
BEGIN
    FOR item IN
        SELECT DISTINCT format('ALL ON TABLE %s', c.oid::regclass) AS given
        FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) AS granted
        WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace) AND granted.grantee = portal
        UNION
        SELECT format('%s (%I) ON TABLE %s', granted.privilege_type, a.attname, c.oid::regclass)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid CROSS JOIN LATERAL aclexplode(a.attacl) AS granted
        WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace) AND granted.grantee = portal
        UNION
        SELECT format('EXECUTE ON ROUTINE %s', p.oid::regprocedure)
        FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) AS granted
        WHERE p.pronamespace IN ('care'::regnamespace, 'access'::regnamespace) AND granted.grantee = portal
    LOOP
        EXECUTE format('REVOKE %s FROM healthtrack_portal', item.given);
    END LOOP;
    FOR item IN
        SELECT format('%I ON %s', p.polname, p.polrelid::regclass) AS policy FROM pg_policy p WHERE portal = ANY (p.polroles)
    LOOP
        EXECUTE format('ALTER POLICY %s TO healthtrack_care', item.policy);
    END LOOP;
END $$;

REVOKE USAGE ON SCHEMA care, access FROM healthtrack_portal;
COMMENT ON SCHEMA care IS 'The health network: people, places, visits, records, money and community; through api alone for programs that act for people.';
-- Which migrations were applied is for who migrates and for daemons to know.
DO $$
BEGIN
    IF to_regclass('public._sqlx_migrations') IS NOT NULL THEN
        REVOKE ALL ON TABLE public._sqlx_migrations FROM healthtrack_portal;
    END IF;
END $$;
