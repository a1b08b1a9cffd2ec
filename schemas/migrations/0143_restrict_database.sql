-- Only logins with a role of HealthTrack may connect to this database, none but the roller (which lists in one what it
-- rolls) may make temporary tables, and those that act for people see nothing of what the server does for others.
--
-- Every role may connect to every database unless somebody takes that from PUBLIC, and then hold advisory locks, look
-- into pg_stat_activity, end the queries of its own login, or fill the disk. What a table's counters
-- (pg_stat_xact_user_tables) say after a call tells whether a row was there that the caller may not see. So
-- `access.restrict_database` takes all that from PUBLIC and gives it to the roles that work by it. What belongs to the
-- server (functions of pg_catalog) only a superuser can take; what belongs to the database, its owner. A database's own
-- rights are neither copied with it nor restored from a dump: then it is to be called again. Locks nothing.
-- Undo: GRANT CONNECT, TEMPORARY ON DATABASE … TO PUBLIC; GRANT EXECUTE on those functions TO PUBLIC.
CREATE PROCEDURE access.restrict_database()
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    routine regprocedure;
BEGIN
    IF (SELECT pg_has_role(d.datdba, 'USAGE') FROM pg_database d WHERE d.datname = current_database()) THEN
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO healthtrack_ingest, healthtrack_roller, healthtrack_portal,
            healthtrack_sign_in, healthtrack_analyst, healthtrack_auditor, healthtrack_migrator', current_database());
        EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
        EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO healthtrack_roller', current_database());
    ELSE
        RAISE NOTICE 'who owns the database has to run: CALL access.restrict_database()';
    END IF;
    IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
        RAISE NOTICE 'a superuser has to run as well: CALL access.restrict_database()';
        RETURN;
    END IF;
    FOR routine IN
        SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'pg_catalog'::regnamespace
          AND p.proname ~ '^(pg_stat_get_|pg_lock_status|pg_blocking_pids|pg_safe_snapshot_blocking_pids'
                          '|pg_terminate_backend|pg_cancel_backend|pg_(try_)?advisory_|lo_|lowrite|loread|be_lo_|pg_notify)'
    LOOP
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO pg_monitor, healthtrack_ingest, healthtrack_roller,
                        healthtrack_care, healthtrack_auditor, healthtrack_migrator', routine);
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', routine);
    END LOOP;
END $$;
COMMENT ON PROCEDURE access.restrict_database() IS 'Takes from PUBLIC what lets a login of this database disturb or watch others: CONNECT and TEMPORARY (as the owner), and statistics, locks and signals (as a superuser); once for each copy of it.';
REVOKE EXECUTE ON PROCEDURE access.restrict_database() FROM PUBLIC;
CALL access.restrict_database();
