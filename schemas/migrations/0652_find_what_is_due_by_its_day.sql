-- What is due at a facility is found by the day on which it was due: a page of fifty read every bill that the facility
-- ever issued (3,000 pages for 3,000 bills), by the indexes that its policies ask for.
--
-- The keys of a page come from a function that asks for what is the own by its own terms; the rows are still read under
-- the policies. Locks care.invoice against writing while the index is made. Undo: drop both, and the function of 197.
CREATE INDEX invoice_due_idx ON care.invoice (facility_id, due_on, invoice_id) WHERE status = 'issued';

CREATE FUNCTION access.invoices_due(due_before date, after_due_on date, after_invoice uuid, rows_max integer) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- An account that bills has one facility; with a list of them no index gives the order.
    own constant uuid := (access.own_facilities())[1];
BEGIN
    RETURN (SELECT coalesce(array_agg(d.invoice_id), '{}')
            FROM (SELECT i.invoice_id FROM care.invoice i
                  WHERE i.facility_id = own AND i.status = 'issued' AND i.due_on < due_before
                    AND (i.due_on, i.invoice_id) > (coalesce(after_due_on, '-infinity'), coalesce(after_invoice, '00000000-0000-0000-0000-000000000000'))
                  ORDER BY i.due_on, i.invoice_id LIMIT least(rows_max, 500)) AS d);
END $$;
REVOKE EXECUTE ON FUNCTION access.invoices_due(date, date, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.invoices_due(date, date, uuid, integer) TO healthtrack_care;
COMMENT ON FUNCTION access.invoices_due(date, date, uuid, integer) IS
    'Keys of a page of the issued invoices of the acting account''s facility that were due before a day, 500 at most.';

DROP FUNCTION api.read_due_invoices(text, uuid, uuid, date, date, uuid, integer);
CALL access.publish('read_due_invoices',
    'due_before date, after_due_on date, after_invoice uuid, rows_max integer',
    'TABLE (invoice_id uuid, patient_id uuid, number text, due_on date)', $body$RETURN QUERY
    SELECT i.invoice_id, i.patient_id, i.number, i.due_on FROM care.invoice i
    WHERE patient IS NULL AND me.part = 'biller'
      AND i.invoice_id = ANY ((SELECT access.invoices_due(due_before, after_due_on, after_invoice, rows_max))::uuid[])
    ORDER BY i.due_on, i.invoice_id LIMIT least(rows_max, 500);$body$,
    'Issued invoices of the acting biller''s facility that were due before a day, the oldest first, those after the last line of the page before, 500 at most.',
    look => $$'due_invoices'$$);
