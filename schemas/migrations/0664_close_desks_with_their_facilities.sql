-- The desk and the manager of a facility that has been closed for 30 days see nothing of it any more.
--
-- A closed facility kept its accounts, which went on reading its days. For 30 days a desk calls whom it must; then only the
-- billers go on, since what was done there is still to be paid. Accounts stay, and serve again when they are moved.
-- Replaces two functions, locks nothing. Undo: make access.own_facilities as 144 does and access.patients_at_desk as 189.
CREATE OR REPLACE FUNCTION access.own_facilities() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(array_agg(a.facility_id), '{}') FROM access.account a
            WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND a.facility_id IS NOT NULL
              AND (a.part = 'biller' OR EXISTS (
                  SELECT FROM care.facility f
                  WHERE f.facility_id = a.facility_id AND (f.closed_on < current_date - 30) IS NOT TRUE)));
END $$;
COMMENT ON FUNCTION access.own_facilities() IS
    'The facility that the actor works for, as an array of one; empty for others, and but for billers 30 days after it closed.';

CREATE OR REPLACE FUNCTION access.patients_at_desk() RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT v.patient_id), '{}')
        FROM access.account a JOIN care.appointment v USING (facility_id)
        WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND a.part = 'front_desk'
          AND a.facility_id = ANY (access.own_facilities())
          AND v.status IN ('held', 'booked', 'arrived', 'completed')
          AND (v.status <> 'held' OR v.expires_at > clock_timestamp())
          AND lower(v.during) > now() - INTERVAL '30 days'
    );
END $$;
