-- Two more roles: one that the functions of `api` run as, and one that signs people in.
--
-- A login that may read tables can learn what row-level security hides, from errors, plans and statistics. So programs
-- that act for people will execute functions and read no table. Those functions run as `healthtrack_care`, which nobody
-- can log in as and which is under the forced policies like everybody: what a function forgets, a policy still refuses.
-- It gets every right and policy that `healthtrack_portal` has at this moment, and `access.guard` names it from now on.
-- `healthtrack_sign_in` opens sessions and can do nothing else.
--
-- Whoever migrates must be a member of `healthtrack_care`, to hand functions over to it. Roles as in migration 18; may be
-- run again. Locks each table for an instant. Undo: DROP OWNED BY healthtrack_care, healthtrack_sign_in.
DO $$
DECLARE
    mark    constant text := 'HealthTrack: what one kind of its programs may do.';
    name    text;
    missing text := '';
    others  text := '';
    remedy  text := '';
BEGIN
    FOREACH name IN ARRAY ARRAY['healthtrack_care', 'healthtrack_sign_in'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', name);
                EXECUTE format('COMMENT ON ROLE %I IS %L', name, mark);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;  -- made meanwhile, maybe by another of our databases
            WHEN insufficient_privilege THEN
                missing := missing || format('CREATE ROLE %1$I NOLOGIN; COMMENT ON ROLE %1$I IS %2$L; ', name, mark);
                CONTINUE;
        END;
        IF (SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = name) IS DISTINCT FROM mark THEN
            others := concat_ws(', ', nullif(others, ''), name);
            remedy := remedy || format('COMMENT ON ROLE %I IS %L; ', name, mark);
        END IF;
    END LOOP;
    IF others <> '' THEN
        RAISE EXCEPTION '% exists and is not marked as a role of HealthTrack: rename it, or, if it was made for HealthTrack, as a superuser run % and migrate again',
            others, rtrim(remedy);
    END IF;
    IF missing <> '' THEN
        RAISE EXCEPTION 'roles are missing: as a superuser run % and migrate again',
            missing || format('GRANT healthtrack_care TO %I;', current_user);
    END IF;
    IF NOT pg_has_role(current_user, 'healthtrack_care', 'USAGE') THEN
        BEGIN
            EXECUTE format('GRANT healthtrack_care TO %I', current_user);
        EXCEPTION
            WHEN unique_violation THEN NULL;  -- the migration of another database has just done so
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'role % must be a member of healthtrack_care: as a superuser run GRANT healthtrack_care TO %; and migrate again',
                    current_user, current_user;
        END;
    END IF;
END $$;

-- What the portal may do, the role of the functions may do as well, under the same policies.
DO $$
DECLARE
    portal constant oid := 'healthtrack_portal'::regrole;
    item   record;
BEGIN
    FOR item IN
        SELECT format('%s ON TABLE %s', granted.privilege_type, c.oid::regclass) AS given
        FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) AS granted
        WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace) AND granted.grantee = portal
        UNION ALL
        SELECT format('%s (%I) ON TABLE %s', granted.privilege_type, a.attname, c.oid::regclass)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid CROSS JOIN LATERAL aclexplode(a.attacl) AS granted
        WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace) AND granted.grantee = portal
        UNION ALL
        SELECT format('EXECUTE ON ROUTINE %s', p.oid::regprocedure)
        FROM pg_proc p CROSS JOIN LATERAL aclexplode(p.proacl) AS granted
        WHERE p.pronamespace IN ('care'::regnamespace, 'access'::regnamespace) AND granted.grantee = portal
    LOOP
        EXECUTE format('GRANT %s TO healthtrack_care', item.given);
    END LOOP;
    FOR item IN
        SELECT format('%I ON %s', p.polname, p.polrelid::regclass) AS policy FROM pg_policy p WHERE portal = ANY (p.polroles)
    LOOP
        EXECUTE format('ALTER POLICY %s TO healthtrack_portal, healthtrack_care', item.policy);
    END LOOP;
END $$;

-- Whoever migrates is a member of that role, and is not to be bound by what restricts it.
ALTER POLICY author_is_the_actor ON care.care_plan_version
    WITH CHECK (pg_has_role(current_user, 'healthtrack_migrator', 'USAGE') OR author_id = (SELECT care.acting_provider()));
ALTER POLICY provider_is_the_actor ON care.consultation
    WITH CHECK (pg_has_role(current_user, 'healthtrack_migrator', 'USAGE') OR provider_id = (SELECT care.acting_provider()));

GRANT USAGE ON SCHEMA care, access TO healthtrack_care;
GRANT USAGE ON SCHEMA access TO healthtrack_sign_in;

-- As in migration 28, for the role of the functions.
CREATE OR REPLACE PROCEDURE access.guard(guarded regclass, kind text)
    LANGUAGE plpgsql AS $$
DECLARE
    own      constant text := 'patient_id = ANY ((SELECT access.own_patients())::uuid[])';
    in_care  constant text := 'patient_id = ANY ((SELECT access.patients_in_care())::uuid[])';
    granted  constant text := 'patient_id = ANY ((SELECT access.patients_granted(%L))::uuid[])';
    visiting constant text := 'patient_id = ANY ((SELECT access.patients_at_desk())::uuid[])';
    at_desk  constant text :=
        'facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND (SELECT access.part()) = %L';
    reads    constant text := 'CREATE POLICY %I ON %s FOR SELECT TO healthtrack_care USING (%s)';
    writes   constant text := 'CREATE POLICY %I ON %s FOR ALL TO healthtrack_care USING (%s) WITH CHECK (%4$s)';
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO healthtrack_migrator', guarded);
    EXECUTE format('CREATE POLICY maintenance ON %s FOR ALL TO healthtrack_migrator
                    USING (true) WITH CHECK (true)', guarded);
    CASE kind
        WHEN 'directory' THEN
            EXECUTE format('GRANT SELECT ON %s TO healthtrack_care', guarded);
            EXECUTE format(reads, 'everybody_reads', guarded, '(SELECT access.part()) IS NOT NULL');
        WHEN 'chart', 'own_chart', 'demographics', 'schedule' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_care', guarded);
            EXECUTE format(writes, 'care', guarded, in_care, in_care);
            EXECUTE format(reads, 'granted', guarded,
                           format(granted, CASE kind WHEN 'schedule' THEN 'schedule' ELSE 'chart' END));
            EXECUTE format(CASE kind WHEN 'chart' THEN reads ELSE writes END, 'own', guarded, own, own);
            IF kind = 'schedule' THEN
                EXECUTE format(writes, 'desk', guarded, format(at_desk, 'front_desk'), format(at_desk, 'front_desk'));
            ELSIF kind = 'demographics' THEN
                EXECUTE format(writes, 'desk', guarded, visiting, visiting);
            END IF;
        WHEN 'billing' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_care', guarded);
            EXECUTE format(reads, 'own', guarded, own);
            EXECUTE format(reads, 'granted', guarded, format(granted, kind));
            EXECUTE format(writes, 'desk', guarded, format(at_desk, 'biller'), format(at_desk, 'biller'));
        WHEN 'journal', 'behavioural_health' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_care', guarded);
            EXECUTE format(writes, 'own', guarded, own, own);
            EXECUTE format(reads, 'granted', guarded, format(granted, kind));
        WHEN 'internal' THEN
            NULL;
    END CASE;
END $$;

-- A setting that is no account's key is nobody's: an error of the cast would tell whether a row was looked at.
CREATE OR REPLACE FUNCTION access.actor() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN current_setting('healthtrack.actor', true) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                THEN current_setting('healthtrack.actor', true)::uuid END;
COMMENT ON FUNCTION access.actor() IS 'The account on whose behalf this transaction acts (setting healthtrack.actor); null where none, or nothing that is a key, was said.';

-- What is made from here on is nobody's until it is granted.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
