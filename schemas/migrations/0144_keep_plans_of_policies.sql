-- The functions that policies ask, in plpgsql: their plans are kept for a session.
--
-- A function in SQL that cannot be inlined (it runs as its owner) is planned anew by each statement that calls it: 100 µs
-- each, of which a read of one chart paid five. What they say is the same. Locks nothing. Undo: the definitions of
-- migrations 28, 60 and 134.
CREATE OR REPLACE FUNCTION access.part() RETURNS text
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT a.part FROM access.account a WHERE a.account_id = access.actor() AND a.disabled_at IS NULL);
END $$;

CREATE OR REPLACE FUNCTION access.own_patients() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(array_agg(a.patient_id), '{}') FROM access.account a
            WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND a.patient_id IS NOT NULL);
END $$;

CREATE OR REPLACE FUNCTION access.own_facilities() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(array_agg(a.facility_id), '{}') FROM access.account a
            WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND a.facility_id IS NOT NULL);
END $$;

CREATE OR REPLACE FUNCTION access.patients_in_care() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(array_agg(DISTINCT r.patient_id), '{}')
            FROM access.account a JOIN access.care_relationship r USING (provider_id)
            WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND r.valid_during @> now()
              AND (r.opened_by = pg_current_xact_id_if_assigned()) IS NOT TRUE);
END $$;

CREATE OR REPLACE FUNCTION access.patients_granted(scope text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(array_agg(DISTINCT g.patient_id), '{}')
            FROM access.account a
            JOIN access.grant_of_access g ON g.account_id = a.account_id OR g.provider_id = a.provider_id
            WHERE a.account_id = access.actor() AND a.disabled_at IS NULL
              AND g.revoked_at IS NULL AND g.valid_during @> now() AND g.scopes @> ARRAY[patients_granted.scope]);
END $$;

CREATE OR REPLACE FUNCTION access.patients_billed() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(array_agg(DISTINCT seen.patient_id), '{}')
            FROM access.account AS own
            CROSS JOIN LATERAL (
                SELECT v.patient_id FROM care.appointment v WHERE v.facility_id = own.facility_id
                UNION ALL
                SELECT e.patient_id FROM care.encounter e WHERE e.facility_id = own.facility_id
            ) AS seen
            WHERE own.account_id = access.actor() AND own.disabled_at IS NULL AND own.part = 'biller');
END $$;

CREATE OR REPLACE FUNCTION access.own_account()
    RETURNS TABLE (account_id uuid, part text, patient_id uuid, provider_id uuid, facility_id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT a.account_id, a.part, a.patient_id, a.provider_id, a.facility_id FROM access.account a
                 WHERE a.account_id = access.actor() AND a.disabled_at IS NULL;
END $$;
