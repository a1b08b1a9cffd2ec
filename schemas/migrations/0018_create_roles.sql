-- One database role for each kind of program, so that each can be given the least it needs.
--
-- Roles belong to the whole server: other databases of HealthTrack share them, two databases may make them at once, and
-- somebody else may have made a role of that name for another purpose. A comment marks those that are HealthTrack's. A
-- role without it is refused and never taken over, since whoever is a member of it would be let in. They cannot log
-- in: whoever runs a program makes it a login of its own and grants it one of these. Making them needs CREATEROLE;
-- where the caller lacks it, the message says what a superuser must run.
--
-- Whoever migrates owns what it makes and must be a member of `healthtrack_migrator`: row-level security is forced on
-- owners too, and the policies that let an owner maintain rows, and its functions read them, are for that role, whatever
-- the owner is called. A superuser is bound by no policy. May be run again. Locks nothing. Undo: DROP ROLE, once nothing
-- is granted.
DO $$
DECLARE
    mark    constant text := 'HealthTrack: what one kind of its programs may do.';
    name    text;
    missing text := '';
    others  text := '';
    remedy  text := '';
BEGIN
    FOREACH name IN ARRAY ARRAY['healthtrack_ingest', 'healthtrack_roller', 'healthtrack_portal', 'healthtrack_analyst',
                                'healthtrack_auditor', 'healthtrack_migrator'] LOOP
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
        RAISE EXCEPTION 'roles are missing: as a superuser run % and migrate again', rtrim(missing);
    END IF;
END $$;

DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE') THEN
        BEGIN
            EXECUTE format('GRANT healthtrack_migrator TO %I', current_user);
        EXCEPTION
            WHEN unique_violation THEN NULL;  -- the migration of another database has just done so
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'role % must be a healthtrack_migrator: as a superuser run GRANT healthtrack_migrator TO %; and migrate again',
                    current_user, current_user;
        END;
    END IF;
END $$;

GRANT USAGE ON SCHEMA care, access TO healthtrack_portal, healthtrack_migrator;
GRANT USAGE ON SCHEMA access TO healthtrack_auditor;
