-- Moves a database of the former migrations from the roles `ingest`, `portal` … to those that begin with healthtrack_.
--
-- Runs in one transaction after migration 18 has made the new roles, and before the recorded checksums are changed.
-- Rights, policies and members go over; a former role is dropped with the last database that used it, if a migration
-- made it. What nobody can prove to be ours is left, and only loses its rights in the schemas of HealthTrack. Locks
-- every table with policies until the transaction ends, which takes about a second. Undo: restore a backup.

-- Two databases of one server that do this at once wait here for each other, if they may: advisory locks do not reach
-- across databases, the lock on a role does.
DO $$
BEGIN
    EXECUTE format('COMMENT ON ROLE healthtrack_migrator IS %L',
                   shobj_description('healthtrack_migrator'::regrole, 'pg_authid'));
EXCEPTION
    WHEN insufficient_privilege THEN NULL;
END $$;

-- A former role is ours if it still is what migration 18 made, and was made by it: Postgres numbers what is made in all
-- databases by one counter, so a role of that migration stands between the schema of the one before and the domains of
-- the one after it. The comment tells it to the other databases of this server.
CREATE TEMPORARY TABLE former_role ON COMMIT DROP AS
SELECT r.oid AS role, r.rolname AS former, 'healthtrack_' || r.rolname AS successor,
    'HealthTrack: gives way to healthtrack_' || r.rolname || '.' AS mark,
    NOT (r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls)
    AND r.rolvaliduntil IS NULL AND r.rolconnlimit = -1
    AND NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)
    AND CASE WHEN shobj_description(r.oid, 'pg_authid') IS NULL
             THEN r.oid BETWEEN 'care'::regnamespace::oid
                            AND (SELECT min(t.oid) FROM pg_type t
                                 WHERE t.typnamespace = 'care'::regnamespace AND t.typtype = 'd')
             ELSE shobj_description(r.oid, 'pg_authid') = 'HealthTrack: gives way to healthtrack_' || r.rolname || '.'
        END AS ours,
    ''::text AS left_because
FROM pg_roles r
WHERE r.rolname IN ('ingest', 'roller', 'portal', 'analyst', 'auditor', 'migrator');

-- Whoever had a former role's rights has them still. Without the right to grant, the message says what is to be run.
DO $$
DECLARE
    membership record;
    missing    text := '';
BEGIN
    FOR membership IN
        -- Whether a member inherits and may become the role is said from version 16 on.
        WITH held AS (
            SELECT roleid, member, admin_option AS admins,
                coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true) AS inherits,
                coalesce((to_jsonb(m) ->> 'set_option')::boolean, true) AS becomes
            FROM pg_auth_members m
        )
        SELECT format('GRANT %I TO %I', f.successor, a.rolname)
            || CASE WHEN h.admins THEN ' WITH ADMIN OPTION' || CASE WHEN h.inherits THEN '' ELSE ', INHERIT FALSE' END
                    WHEN NOT h.inherits THEN ' WITH INHERIT FALSE' ELSE '' END AS statement
        FROM former_role f
        JOIN held h ON h.roleid = f.role
        JOIN pg_roles a ON a.oid = h.member
        -- Who makes a role is a member who neither inherits nor becomes; that goes with the former role.
        WHERE (h.inherits OR h.becomes)
          AND NOT EXISTS (SELECT FROM held o
                          WHERE o.roleid = to_regrole(f.successor) AND o.member = h.member
                            AND o.inherits >= h.inherits AND o.becomes >= h.becomes AND o.admins >= h.admins)
        ORDER BY 1
    LOOP
        BEGIN
            EXECUTE membership.statement;
        EXCEPTION
            WHEN insufficient_privilege THEN missing := missing || membership.statement || '; ';
        END;
    END LOOP;
    IF missing <> '' THEN
        RAISE EXCEPTION 'logins must be given the new roles: as a superuser run % and migrate again', rtrim(missing);
    END IF;
END $$;

DO $$
DECLARE
    policy record;
BEGIN
    FOR policy IN
        SELECT p.polname, p.polrelid::regclass AS guarded,
            string_agg(CASE WHEN f.ours OR c.relnamespace::regnamespace::text IN ('care', 'access', 'signal')
                            THEN quote_ident(f.successor) WHEN r.oid = 0 THEN 'PUBLIC'
                            ELSE r.oid::regrole::text END, ', ') AS roles
        FROM pg_policy p
        JOIN pg_class c ON c.oid = p.polrelid
        CROSS JOIN unnest(p.polroles) AS r (oid)
        LEFT JOIN former_role f ON f.role = r.oid
        GROUP BY p.oid, p.polname, p.polrelid
        HAVING bool_or(f.role IS NOT NULL)
    LOOP
        EXECUTE format('ALTER POLICY %I ON %s TO %s', policy.polname, policy.guarded, policy.roles);
    END LOOP;
END $$;

-- Grants on everything that has them. To take a right on a table takes those on its columns too, so all are given first.
DO $$
DECLARE
    given record;
BEGIN
    CREATE TEMPORARY TABLE former_grant ON COMMIT DROP AS
    SELECT held.what, string_agg(held.privilege, ', ' ORDER BY held.privilege) AS privileges, held.grantable,
        held.prefix, f.former, f.successor
    FROM (
        SELECT '' AS prefix, CASE c.relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.oid::regclass AS what,
            g.privilege_type AS privilege, g.is_grantable AS grantable, g.grantee,
            c.relnamespace::regnamespace::text IN ('care', 'access', 'signal') OR c.relname = '_sqlx_migrations'
            OR EXISTS (SELECT FROM pg_inherits WHERE inhrelid = c.oid AND inhparent = 'signal.block'::regclass) AS known
        FROM pg_class c, aclexplode(c.relacl) g
        UNION ALL
        SELECT '', 'TABLE ' || c.oid::regclass, format('%s (%I)', g.privilege_type, a.attname), g.is_grantable, g.grantee,
            c.relnamespace::regnamespace::text IN ('care', 'access', 'signal')
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid, aclexplode(a.attacl) g
        UNION ALL
        SELECT '', 'ROUTINE ' || p.oid::regprocedure, g.privilege_type, g.is_grantable, g.grantee,
            p.pronamespace::regnamespace::text IN ('care', 'access', 'signal')
        FROM pg_proc p, aclexplode(p.proacl) g
        UNION ALL
        SELECT '', 'SCHEMA ' || n.oid::regnamespace, g.privilege_type, g.is_grantable, g.grantee,
            n.nspname IN ('care', 'access', 'signal')
        FROM pg_namespace n, aclexplode(n.nspacl) g
        UNION ALL
        SELECT '', 'TYPE ' || t.oid::regtype, g.privilege_type, g.is_grantable, g.grantee,
            t.typnamespace::regnamespace::text IN ('care', 'access', 'signal')
        FROM pg_type t, aclexplode(t.typacl) g
        UNION ALL
        SELECT '', format('DATABASE %I', d.datname), g.privilege_type, g.is_grantable, g.grantee, false
        FROM pg_database d, aclexplode(d.datacl) g WHERE d.datname = current_database()
        UNION ALL
        SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %s', d.defaclrole::regrole)
               || CASE d.defaclnamespace WHEN 0 THEN ' ' ELSE format(' IN SCHEMA %s ', d.defaclnamespace::regnamespace) END,
            CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES'
                                 WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END,
            g.privilege_type, g.is_grantable, g.grantee,
            d.defaclnamespace <> 0 AND d.defaclnamespace::regnamespace::text IN ('care', 'access', 'signal')
        FROM pg_default_acl d, aclexplode(d.defaclacl) g
    ) AS held
    JOIN former_role f ON f.role = held.grantee
    WHERE f.ours OR held.known
    GROUP BY held.prefix, held.what, held.grantable, f.former, f.successor;

    FOR given IN SELECT * FROM former_grant LOOP
        EXECUTE format('%sGRANT %s ON %s TO %I', given.prefix, given.privileges, given.what, given.successor)
            || CASE WHEN given.grantable THEN ' WITH GRANT OPTION' ELSE '' END;
    END LOOP;
    FOR given IN SELECT * FROM former_grant LOOP
        EXECUTE format('%sREVOKE %s ON %s FROM %I', given.prefix, given.privileges, given.what, given.former);
    END LOOP;
END $$;

-- What another database of this server still uses stays until that one is migrated too.
DO $$
DECLARE
    gone record;
BEGIN
    FOR gone IN SELECT * FROM former_role LOOP
        IF NOT gone.ours THEN
            UPDATE former_role SET left_because = 'no migration of this database made it' WHERE role = gone.role;
            CONTINUE;
        END IF;
        BEGIN
            IF EXISTS (SELECT FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = gone.role) THEN
                EXECUTE format('COMMENT ON ROLE %I IS %L', gone.former, gone.mark);
                UPDATE former_role SET left_because = 'another database, or something else, still uses it'
                WHERE role = gone.role;
            ELSE
                EXECUTE format('DROP ROLE %I', gone.former);
            END IF;
        EXCEPTION
            WHEN insufficient_privilege THEN
                UPDATE former_role SET left_because = 'this login may not change roles' WHERE role = gone.role;
            WHEN dependent_objects_still_exist THEN
                UPDATE former_role SET left_because = 'another database still uses it' WHERE role = gone.role;
        END;
    END LOOP;
END $$;
