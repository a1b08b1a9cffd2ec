-- A page of a panel is chosen first, and only its fifty rows are read under the policies, which look through every right
-- of whoever acts once a row: for a panel of 750 people that was done 1,500 times for each page.
--
-- Who is on the panel is what the policies ask as well, so the function chooses among none but them. Replaces a function.
-- Undo: that of 308, and drop access.panel_page.
CREATE FUNCTION access.panel_page(
    name_begins text, after_family text, after_given text[], after_patient uuid, rows_max integer
) RETURNS uuid[] LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    begins constant text := care.folded_name(name_begins);
    own    uuid[] := access.patients_in_care();
BEGIN
    IF begins IS NOT NULL THEN
        own := (SELECT coalesce(array_agg(DISTINCT s.patient_id), '{}') FROM unnest(own) AS cared (patient_id)
                JOIN care.patient_name s USING (patient_id)
                WHERE s.use = 'official' AND s.valid_during @> current_date
                  AND starts_with(care.folded_name(coalesce(s.family, array_to_string(s.given, ' '))), begins));
    END IF;
    RETURN (SELECT coalesce(array_agg(d.patient_id), '{}') FROM (
        SELECT n.patient_id FROM unnest(own) AS cared (patient_id)
        JOIN care.patient_name n USING (patient_id)
        WHERE n.use = 'official' AND n.preferred AND n.valid_during @> current_date
          AND (after_patient IS NULL
               OR (lower(coalesce(n.family, n.given[1])), n.given, n.patient_id)
                  > (lower(coalesce(after_family, after_given[1])), after_given, after_patient))
        ORDER BY lower(coalesce(n.family, n.given[1])), n.given, n.patient_id LIMIT least(rows_max, 200)) AS d);
END $$;
REVOKE EXECUTE ON FUNCTION access.panel_page(text, text, text[], uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.panel_page(text, text, text[], uuid, integer) TO healthtrack_care;
COMMENT ON FUNCTION access.panel_page(text, text, text[], uuid, integer) IS
    'Keys of a page of the people in the acting provider''s care, by name, 200 at most.';

DROP FUNCTION api.read_panel(text, uuid, uuid, text, text, text[], uuid, integer);
CALL access.publish('read_panel',
    'name_begins text, after_family text, after_given text[], after_patient uuid, rows_max integer',
    'TABLE (patient_id uuid, family text, given text[], born_on text, sex text)', $body$RETURN QUERY
    SELECT p.patient_id, n.family, n.given, care.birth_text(p.born_on, p.born_in), p.sex
    FROM care.patient p JOIN care.patient_name n USING (patient_id)
    WHERE patient IS NULL
      AND p.patient_id = ANY ((SELECT access.panel_page(name_begins, after_family, after_given, after_patient, rows_max))::uuid[])
      AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
    ORDER BY lower(coalesce(n.family, n.given[1])), n.given, n.patient_id LIMIT least(rows_max, 200);$body$,
    'Whom the acting provider cares for, by name, those after the last line of the page before, 200 at most.',
    look => $$'panel'$$);
