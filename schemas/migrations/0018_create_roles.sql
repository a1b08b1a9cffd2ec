-- One database role for each kind of program, so that each can be given the least it needs.
--
-- Roles belong to the whole server, so they may stand already, and two databases may make them at once. They cannot
-- log in: whoever runs a program makes it a login of its own and grants it one of these. Making them needs CREATEROLE;
-- where the caller lacks it, the message says what to run.
--
-- Whoever migrates owns what it makes and must be a member of `migrator`: row-level security is forced on owners too,
-- and the policies that let an owner maintain rows, and its functions read them, are for that role, whatever the owner
-- is called. A superuser is bound by no policy. Locks nothing. Undo: DROP ROLE, once nothing is granted.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['ingest', 'roller', 'portal', 'analyst', 'auditor', 'migrator'] LOOP
        CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = name);
        BEGIN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'role % is missing: as a superuser run CREATE ROLE % NOLOGIN, then migrate again',
                    name, name;
        END;
    END LOOP;
END $$;

DO $$
BEGIN
    IF NOT pg_has_role(current_user, 'migrator', 'USAGE') THEN
        BEGIN
            EXECUTE format('GRANT migrator TO %I', current_user);
        EXCEPTION
            WHEN insufficient_privilege THEN
                RAISE EXCEPTION 'role % must be a migrator: as a superuser run GRANT migrator TO %, then migrate again',
                    current_user, current_user;
        END;
    END IF;
END $$;

GRANT USAGE ON SCHEMA care, access TO portal, migrator;
GRANT USAGE ON SCHEMA access TO auditor;
