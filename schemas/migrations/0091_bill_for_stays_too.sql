-- Whoever bills sees the coverage of who was treated at the facility without an appointment, too.
--
-- A stay that began in the emergency room, or a sample taken in the laboratory, has an encounter and no appointment, and
-- its bill could not be claimed. An invoice alone opens nothing, since a biller makes invoices. Replaces a function;
-- locks nothing. Undo: replace it by the one of migration 60.
CREATE OR REPLACE FUNCTION access.patients_billed() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT seen.patient_id), '{}')
    FROM access.account AS own
    CROSS JOIN LATERAL (
        SELECT patient_id FROM care.appointment WHERE facility_id = own.facility_id
        UNION ALL
        SELECT patient_id FROM care.encounter WHERE facility_id = own.facility_id
    ) AS seen
    WHERE own.account_id = access.actor() AND own.disabled_at IS NULL AND own.part = 'biller'
$$;
COMMENT ON FUNCTION access.patients_billed() IS 'Patients with an appointment or an encounter at the facility that the acting biller works for; empty for others.';
