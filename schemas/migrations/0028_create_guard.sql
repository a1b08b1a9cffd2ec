-- Who may touch the rows of a table, said in one word for each table.
--
-- The functions answer once for each statement (an InitPlan over an index), so a policy costs one array per query. They
-- run as their owner, who alone reads the tables of rights. `access.guard` turns row-level security on for owner and
-- all, and makes the policies and grants of a kind:
--   directory   everybody with an account reads, nobody writes through the portal
--   chart       the patient reads the own record; a provider in care reads and writes
--   own_chart   the same, and the patient writes as well
--   schedule    patient, provider in care, and the front desk of the row's facility read and write
--   billing     the patient and the billers of the row's facility read; billers write
--   internal    nothing through the portal
-- A table with other rules makes its own policies. Nobody deletes through the portal. Locks nothing by itself.
-- Undo: drop them.
CREATE FUNCTION access.part() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT part FROM access.account WHERE account_id = access.actor() AND disabled_at IS NULL
$$;
COMMENT ON FUNCTION access.part() IS 'The part that the actor plays; null for nobody and for a disabled account.';

CREATE FUNCTION access.own_patients() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(patient_id), '{}') FROM access.account
    WHERE account_id = access.actor() AND disabled_at IS NULL AND patient_id IS NOT NULL
$$;
COMMENT ON FUNCTION access.own_patients() IS 'The patient whom the actor is, as an array of one; empty for others.';

CREATE FUNCTION access.patients_in_care() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT r.patient_id), '{}')
    FROM access.account a JOIN access.care_relationship r USING (provider_id)
    WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND r.valid_during @> now()
$$;
COMMENT ON FUNCTION access.patients_in_care() IS 'Patients with whom the acting provider has a care relationship at this moment.';

CREATE FUNCTION access.own_facilities() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(facility_id), '{}') FROM access.account
    WHERE account_id = access.actor() AND disabled_at IS NULL AND facility_id IS NOT NULL
$$;
COMMENT ON FUNCTION access.own_facilities() IS 'The facility that the acting front desk or biller works for, as an array of one; empty for others.';

CREATE PROCEDURE access.guard(guarded regclass, kind text)
    LANGUAGE plpgsql AS $$
DECLARE
    own     constant text := 'patient_id = ANY ((SELECT access.own_patients())::uuid[])';
    in_care constant text := 'patient_id = ANY ((SELECT access.patients_in_care())::uuid[])';
    at_desk constant text := 'facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND (SELECT access.part()) = %L';
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', guarded);
    CASE kind
        WHEN 'directory' THEN
            EXECUTE format('GRANT SELECT ON %s TO portal', guarded);
            EXECUTE format('CREATE POLICY everybody_reads ON %s FOR SELECT TO portal
                            USING ((SELECT access.part()) IS NOT NULL)', guarded);
        WHEN 'chart', 'own_chart', 'schedule' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO portal', guarded);
            EXECUTE format('CREATE POLICY care ON %s FOR ALL TO portal USING (%s) WITH CHECK (%s)', guarded, in_care, in_care);
            IF kind = 'chart' THEN
                EXECUTE format('CREATE POLICY own ON %s FOR SELECT TO portal USING (%s)', guarded, own);
            ELSE
                EXECUTE format('CREATE POLICY own ON %s FOR ALL TO portal USING (%s) WITH CHECK (%s)', guarded, own, own);
            END IF;
            IF kind = 'schedule' THEN
                EXECUTE format('CREATE POLICY desk ON %s FOR ALL TO portal USING (%s) WITH CHECK (%s)', guarded,
                    format(at_desk, 'front_desk'), format(at_desk, 'front_desk'));
            END IF;
        WHEN 'billing' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO portal', guarded);
            EXECUTE format('CREATE POLICY own ON %s FOR SELECT TO portal USING (%s)', guarded, own);
            EXECUTE format('CREATE POLICY desk ON %s FOR ALL TO portal USING (%s) WITH CHECK (%s)', guarded,
                format(at_desk, 'biller'), format(at_desk, 'biller'));
        WHEN 'internal' THEN
            NULL;
    END CASE;
END $$;
COMMENT ON PROCEDURE access.guard(regclass, text) IS 'Turns row-level security on for a table and makes the policies of a kind: directory, chart, own_chart, schedule, billing or internal.';
REVOKE EXECUTE ON PROCEDURE access.guard(regclass, text) FROM PUBLIC;

CALL access.guard('care.state', 'directory');
CALL access.guard('care.city', 'directory');
CALL access.guard('care.facility_category', 'directory');
CALL access.guard('care.facility', 'directory');
CALL access.guard('care.room', 'directory');
CALL access.guard('care.provider', 'directory');
CALL access.guard('care.patient', 'chart');
CALL access.guard('care.wear', 'chart');
CALL access.guard('access.account', 'internal');
CALL access.guard('access.care_relationship', 'internal');
