-- Who may touch the rows of a table, said in one word for each table.
--
-- The functions answer once for each statement (an InitPlan over an index), so a policy costs one array per query. They
-- run as their owner, since nobody else reads the tables of rights. `access.guard` turns row-level security on for
-- owner and all, and makes the policies and grants of a kind:
--   directory            everybody with an account reads, nobody writes through the portal
--   chart                the patient reads the own record; a provider in care reads and writes
--   own_chart            the same, and the patient writes as well
--   demographics         as own_chart, and the front desk of a facility that the patient visits reads and writes
--   schedule             patient, provider in care, and the front desk of the row's facility read and write
--   billing              the patient and the billers of the row's facility read; billers write
--   journal              the patient alone, and readers to whom the patient granted the journal
--   behavioural_health   the same with a grant of behavioural health; care alone does not open it
--   internal             nothing through the portal
-- Chart, schedule and billing are also read by those to whom the patient granted that. A table with other rules is
-- guarded as internal and then makes policies of its own. Nobody deletes through the portal.
--
-- Row-level security is forced, so that it binds owners too, and every kind lets members of `healthtrack_migrator`
-- pass: the owner is one (migration 18), so functions and views that run as their owner see every row and must choose
-- themselves whom they answer. Views run as whoever asks, by security_invoker, unless they say why not. Locks nothing by itself.
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

CREATE FUNCTION access.patients_granted(scope text) RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT g.patient_id), '{}')
    FROM access.account a
    JOIN access.grant_of_access g ON g.account_id = a.account_id OR g.provider_id = a.provider_id
    WHERE a.account_id = access.actor() AND a.disabled_at IS NULL
      AND g.revoked_at IS NULL AND g.valid_during @> now() AND g.scopes @> ARRAY[scope]
$$;
COMMENT ON FUNCTION access.patients_granted(text) IS 'Patients who let the actor see this scope at this moment.';

CREATE FUNCTION access.own_facilities() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(facility_id), '{}') FROM access.account
    WHERE account_id = access.actor() AND disabled_at IS NULL AND facility_id IS NOT NULL
$$;
COMMENT ON FUNCTION access.own_facilities() IS 'The facility that the acting front desk or biller works for, as an array of one; empty for others.';

-- In plpgsql, since it names a table that is made later. Thirty days of the past are a third of the pages of ninety.
CREATE FUNCTION access.patients_at_desk() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT v.patient_id), '{}')
        FROM access.account a JOIN care.appointment v USING (facility_id)
        WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND a.part = 'front_desk'
          AND v.status IN ('held', 'booked', 'arrived', 'completed')
          AND lower(v.during) > now() - INTERVAL '30 days'
    );
END $$;
COMMENT ON FUNCTION access.patients_at_desk() IS 'Patients with an appointment to come, or of the last 30 days, at the facility of the acting front desk.';

CREATE PROCEDURE access.guard(guarded regclass, kind text)
    LANGUAGE plpgsql AS $$
DECLARE
    own      constant text := 'patient_id = ANY ((SELECT access.own_patients())::uuid[])';
    in_care  constant text := 'patient_id = ANY ((SELECT access.patients_in_care())::uuid[])';
    granted  constant text := 'patient_id = ANY ((SELECT access.patients_granted(%L))::uuid[])';
    visiting constant text := 'patient_id = ANY ((SELECT access.patients_at_desk())::uuid[])';
    at_desk  constant text :=
        'facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND (SELECT access.part()) = %L';
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO healthtrack_migrator', guarded);
    EXECUTE format('CREATE POLICY maintenance ON %s FOR ALL TO healthtrack_migrator
                    USING (true) WITH CHECK (true)', guarded);
    CASE kind
        WHEN 'directory' THEN
            EXECUTE format('GRANT SELECT ON %s TO healthtrack_portal', guarded);
            EXECUTE format('CREATE POLICY everybody_reads ON %s FOR SELECT TO healthtrack_portal
                            USING ((SELECT access.part()) IS NOT NULL)', guarded);
        WHEN 'chart', 'own_chart', 'demographics', 'schedule' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_portal', guarded);
            EXECUTE format('CREATE POLICY care ON %s FOR ALL TO healthtrack_portal USING (%s) WITH CHECK (%s)', guarded,
                in_care, in_care);
            EXECUTE format('CREATE POLICY granted ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded,
                format(granted, CASE kind WHEN 'schedule' THEN 'schedule' ELSE 'chart' END));
            IF kind = 'chart' THEN
                EXECUTE format('CREATE POLICY own ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded, own);
            ELSE
                EXECUTE format('CREATE POLICY own ON %s FOR ALL TO healthtrack_portal
                                USING (%s) WITH CHECK (%s)', guarded,
                    own, own);
            END IF;
            IF kind = 'schedule' THEN
                EXECUTE format('CREATE POLICY desk ON %s FOR ALL TO healthtrack_portal
                                USING (%s) WITH CHECK (%s)', guarded,
                    format(at_desk, 'front_desk'), format(at_desk, 'front_desk'));
            ELSIF kind = 'demographics' THEN
                EXECUTE format('CREATE POLICY desk ON %s FOR ALL TO healthtrack_portal
                                USING (%s) WITH CHECK (%s)', guarded,
                    visiting, visiting);
            END IF;
        WHEN 'billing' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_portal', guarded);
            EXECUTE format('CREATE POLICY own ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded, own);
            EXECUTE format('CREATE POLICY granted ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded,
                format(granted, kind));
            EXECUTE format('CREATE POLICY desk ON %s FOR ALL TO healthtrack_portal USING (%s) WITH CHECK (%s)', guarded,
                format(at_desk, 'biller'), format(at_desk, 'biller'));
        WHEN 'journal', 'behavioural_health' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_portal', guarded);
            EXECUTE format('CREATE POLICY own ON %s FOR ALL TO healthtrack_portal
                            USING (%s) WITH CHECK (%s)', guarded, own, own);
            EXECUTE format('CREATE POLICY granted ON %s FOR SELECT TO healthtrack_portal USING (%s)', guarded,
                format(granted, kind));
        WHEN 'internal' THEN
            NULL;
    END CASE;
END $$;
COMMENT ON PROCEDURE access.guard(regclass, text) IS 'Turns row-level security on for a table and makes the policies of a kind: directory, chart, own_chart, demographics, schedule, billing, journal, behavioural_health or internal.';
REVOKE EXECUTE ON PROCEDURE access.guard(regclass, text) FROM PUBLIC;

CALL access.guard('care.state', 'directory');
CALL access.guard('care.city', 'directory');
CALL access.guard('care.facility_category', 'directory');
CALL access.guard('care.facility', 'directory');
CALL access.guard('care.room', 'directory');
CALL access.guard('care.provider', 'directory');
CALL access.guard('care.patient', 'demographics');
-- Whether somebody is dead or held by the law is not for the portal to say.
REVOKE UPDATE ON care.patient FROM healthtrack_portal;
GRANT UPDATE (born_on, sex, time_zone) ON care.patient TO healthtrack_portal;
CALL access.guard('care.wear', 'chart');
CALL access.guard('access.account', 'internal');
CALL access.guard('access.care_relationship', 'internal');
CALL access.guard('access.grant_of_access', 'internal');
