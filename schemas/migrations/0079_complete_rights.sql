-- Names, addresses and contacts for the front desk, and what the makers of tables and functions may have left open.
--
-- The desk writes down who comes, so it reads and changes what a person is called and how to reach them, for patients
-- who visit its facility. Tables whose makers wrote their own policies may have none by which the owner maintains rows:
-- with row-level security forced, functions that run as an owner who is no superuser would find them empty. And a
-- function is everybody's unless somebody thinks of it: those that run as their owner become the portal's. Locks each
-- table for an instant. Undo: drop the policies, and grant the functions to PUBLIC again.
DO $$
DECLARE
    named   regclass;
    routine regprocedure;
    desk    constant text := 'patient_id = ANY ((SELECT access.patients_at_desk())::uuid[])';
BEGIN
    FOREACH named IN ARRAY ARRAY['care.patient_name', 'care.address', 'care.contact_point']::regclass[] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_policy WHERE polrelid = named AND polname = 'desk');
        EXECUTE format('CREATE POLICY desk ON %s FOR ALL TO healthtrack_portal
                        USING (%s) WITH CHECK (%s)', named, desk, desk);
    END LOOP;
    FOR named IN
        SELECT c.oid FROM pg_class c
        WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace) AND c.relkind IN ('r', 'p')
          AND NOT c.relispartition
          AND NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polname = 'maintenance')
    LOOP
        EXECUTE format('CREATE POLICY maintenance ON %s FOR ALL TO healthtrack_migrator
                        USING (true) WITH CHECK (true)', named);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO healthtrack_migrator', named);
    END LOOP;
    FOR routine IN
        SELECT p.oid FROM pg_proc p
        WHERE p.pronamespace IN ('care'::regnamespace, 'access'::regnamespace) AND p.prosecdef
          AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) WHERE grantee = 0)
    LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', routine);
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO healthtrack_portal, healthtrack_migrator', routine);
    END LOOP;
END
$$;

-- The views for auditors and analysts ask in which part an account reads.
GRANT EXECUTE ON FUNCTION access.part() TO healthtrack_auditor, healthtrack_analyst;
