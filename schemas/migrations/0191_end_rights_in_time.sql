-- A right ends when it ends: by the clock, by what was committed last, and with a provider's work.
--
-- Whether a grant or care lasts was asked by now(), which stands still in a transaction, and in REPEATABLE READ by a
-- snapshot in which what was taken back since still stands: one long transaction kept a closed record open. Now the
-- clock is asked at each statement, and care and grants open nothing in a transaction that has one snapshot for all
-- its statements. A provider who has retired is in nobody's care and reads by no grant.
--
-- The bound: one statement. What has begun to run, a cursor too, reads to its end what was open when it began.
--
-- Replaces access.patients_granted; changes access.patients_in_care as it stands, since what else it asks is its own.
-- Locks nothing. Undo: replace them by those of migration 28.
CREATE FUNCTION access.sees_newest() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN current_setting('transaction_isolation') IN ('read committed', 'read uncommitted');
COMMENT ON FUNCTION access.sees_newest() IS 'True where each statement sees what was committed before it, so that what was taken back is seen to be.';

CREATE FUNCTION access.works(provider uuid) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN provider IS NULL OR EXISTS (SELECT FROM care.provider p WHERE p.provider_id = provider
                                       AND daterange(NULL, p.retired_on) @> current_date);
END $$;
COMMENT ON FUNCTION access.works(uuid) IS 'True for a provider who has not retired, and for none. For functions that have asked who acts.';
REVOKE EXECUTE ON FUNCTION access.works(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.works(uuid) TO healthtrack_migrator;

CREATE OR REPLACE FUNCTION access.patients_granted(scope text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Neither an OR over two columns nor a function in SQL, which is planned anew at each call.
    RETURN (
        SELECT coalesce(array_agg(DISTINCT g.patient_id), '{}')
        FROM (SELECT a.account_id, a.provider_id FROM access.account a
              WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND access.sees_newest()
                AND access.works(a.provider_id)) AS own
        CROSS JOIN LATERAL (
            SELECT o.* FROM access.grant_of_access o WHERE o.account_id = own.account_id
            UNION ALL SELECT o.* FROM access.grant_of_access o WHERE o.provider_id = own.provider_id) AS g
        WHERE g.revoked_at IS NULL AND g.valid_during @> clock_timestamp() AND g.scopes @> ARRAY[patients_granted.scope]);
END $$;
COMMENT ON FUNCTION access.patients_granted(text) IS 'Patients who let the actor see this scope at this moment.';

DO $$
DECLARE
    stands  constant text := pg_get_functiondef('access.patients_in_care()'::regprocedure);
    changed constant text := replace(stands, 'r.valid_during @> now()',
        'r.valid_during @> clock_timestamp() AND access.sees_newest() AND access.works(a.provider_id)');
BEGIN
    IF changed = stands THEN
        RAISE EXCEPTION 'access.patients_in_care is not what it was: it must ask clock_timestamp(), access.sees_newest() and access.works()';
    END IF;
    EXECUTE changed;
END $$;
