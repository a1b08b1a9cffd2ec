-- A provider finds a patient in care by birth and by number as well: two people of one name are told apart by their birth, and a
-- letter tells a record number.
--
-- Only whom the panel lists is found, so a number tells nothing that the record does not. National numbers are kept sealed and
-- find nobody. New function, locks nothing. Undo: drop it.
CALL access.publish('read_found', 'name_begins text, born text, number text',
    'TABLE (patient_id uuid, family text, given text[], born_on text, sex text)', $body$
    DECLARE
        own   constant uuid[]    := access.patients_in_care();
        lived constant daterange := CASE WHEN born IS NOT NULL THEN (SELECT care.birth_span(b.born_on, b.born_in)
                                                                     FROM care.read_birth(born) AS b) END;
        begins constant text     := care.folded_name(name_begins);
    BEGIN
        RETURN QUERY
        SELECT p.patient_id, n.family, n.given, care.birth_text(p.born_on, p.born_in), p.sex
        FROM care.patient p JOIN care.patient_name n USING (patient_id)
        WHERE patient IS NULL AND p.patient_id = ANY (own)
          AND n.use = 'official' AND n.preferred AND n.valid_during @> current_date
          AND (born IS NULL OR p.born_during && lived)
          AND (number IS NULL OR p.patient_id IN (SELECT i.patient_id FROM care.identifier i
                                                  WHERE i.value = number AND i.valid_during @> current_date))
          AND (begins IS NULL OR EXISTS (
                SELECT FROM care.patient_name s
                WHERE s.patient_id = p.patient_id AND s.use = 'official' AND s.valid_during @> current_date
                  AND starts_with(care.folded_name(coalesce(s.family, array_to_string(s.given, ' '))), begins)))
        ORDER BY lower(coalesce(n.family, n.given[1])), n.given, n.patient_id LIMIT 200;
    END;$body$,
    'Patients in the acting provider''s care by how a name begins, by birth (1980-05-17, 1980-05 or 1980) and by a number, of what is given, by name, 200 at most.',
    look => $$'panel'$$);
