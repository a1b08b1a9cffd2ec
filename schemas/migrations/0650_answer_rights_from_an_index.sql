-- Who is in whose care is read from an index alone: every policy asks for the whole panel of whoever acts.
--
-- A panel of 750 people took 785 pages and 1 to 1.5 ms, once a table of each statement; from the index it takes 16 pages
-- and 0.4 ms. What care opens is asked with the same conditions, of the same index, and what is open of one patient of
-- that patient's rows, not of four panels: the look at a record and the reading after it each took 3 ms of that.
--
-- Locks access.care_relationship against writing while the index is made (2 s for 300,000 rows). Undo: the index of 27 on
-- provider_id, and the functions of 322 and 323.
CREATE INDEX care_relationship_panel_idx ON access.care_relationship (provider_id)
    INCLUDE (patient_id, valid_during, opened_by, opens);
DROP INDEX access.care_relationship_provider_idx;

CREATE OR REPLACE FUNCTION access.patients_opened(category text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT r.patient_id), '{}')
        FROM access.account a JOIN access.care_relationship r USING (provider_id)
        WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND r.opens @> ARRAY[category]
          AND r.valid_during @> clock_timestamp() AND access.sees_newest() AND access.works(a.provider_id)
          AND (r.opened_by = pg_current_xact_id_if_assigned()) IS NOT TRUE
    ) || access.patients_granted(category);
END $$;

CREATE OR REPLACE FUNCTION access.categories_open(patient uuid) RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF patient IS NULL THEN
        RETURN (
            SELECT coalesce(array_agg(category ORDER BY category), '{}')
            FROM unnest(access.categories()) AS category
            WHERE access.patients_opened(category) <> '{}');
    END IF;
    RETURN (
        SELECT coalesce(array_agg(category ORDER BY category), '{}')
        FROM (SELECT unnest(r.opens)
              FROM access.account a JOIN access.care_relationship r USING (provider_id)
              WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND r.patient_id = patient
                AND r.valid_during @> clock_timestamp() AND access.sees_newest() AND access.works(a.provider_id)
                AND (r.opened_by = pg_current_xact_id_if_assigned()) IS NOT TRUE
              UNION
              SELECT category
              FROM unnest(access.categories()) AS category
              WHERE patient = ANY (access.patients_granted(category))) AS opened (category)
        WHERE patient <> ALL (access.own_patients()));
END $$;
