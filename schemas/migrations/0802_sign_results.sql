-- A preliminary result is signed by who cares for the patient, a result is shown with what it was before it was corrected, and what
-- a laboratory has found completes its order with the request that asked for it.
--
-- What is no number, which numeric holds as well, is refused from now on. New functions, and a constraint of new rows, which locks
-- care.lab_result for a moment. Undo: drop them.
ALTER TABLE care.lab_result ADD CONSTRAINT lab_result_values_are_numbers CHECK (
    (value_number = 'NaN') IS NOT TRUE AND (reference_low = 'NaN') IS NOT TRUE AND (reference_high = 'NaN') IS NOT TRUE
    AND (critical_low = 'NaN') IS NOT TRUE AND (critical_high = 'NaN') IS NOT TRUE) NOT VALID;
COMMENT ON CONSTRAINT lab_result_values_are_numbers ON care.lab_result IS 'Write a number.';
CALL access.publish('read_result_versions', 'lab_result uuid',
    'TABLE (lab_result_id uuid, version integer, issued_at timestamptz, value_number double precision, unit text, value_code text, value_text text, absent_reason text, status text, note text, lab_order_id uuid, comparator text)',
    $body$RETURN QUERY
    WITH RECURSIVE older AS (
        SELECT r.* FROM care.lab_result r WHERE r.patient_id = patient AND r.lab_result_id = lab_result
        UNION ALL
        SELECT r.* FROM older o JOIN care.lab_result r ON r.patient_id = o.patient_id AND r.lab_result_id = o.amends_lab_result_id
    ), newer AS (
        SELECT r.* FROM care.lab_result r WHERE r.patient_id = patient AND r.amends_lab_result_id = lab_result
        UNION ALL
        SELECT r.* FROM newer n JOIN care.lab_result r ON r.patient_id = n.patient_id AND r.amends_lab_result_id = n.lab_result_id
    )
    SELECT v.lab_result_id, v.version, v.issued_at, v.value_number::double precision, v.unit::text, v.value_code, v.value_text,
           v.absent_reason, v.status, v.note, v.lab_order_id, v.comparator::text
    FROM (SELECT * FROM older UNION ALL SELECT * FROM newer) AS v ORDER BY v.issued_at DESC, v.created_at DESC, v.lab_result_id LIMIT 100;$body$,
    'A result with what it was before it was corrected, and what took its place, the newest first, 100 at most.', look => $$'results'$$);

CALL access.publish('sign_lab_result', 'lab_result uuid, known_version integer', 'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        IF access.acting_provider() IS NULL THEN
            PERFORM care.refuse('lab_result_is_signed_by_a_provider', 'Only a provider signs a result.');
        END IF;
        UPDATE care.lab_result AS r SET status = 'final'
        WHERE r.lab_result_id = lab_result AND r.version = known_version AND r.status = 'preliminary'
        RETURNING r.version, r.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'sign', whose, 'care.lab_result/' || lab_result);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, r.version FROM care.lab_result r WHERE r.lab_result_id = lab_result;
        END IF;
    END;$body$,
    'Signs a preliminary result where it still has the version that was read: the version that stands, and whether it is the signer''s; no row where there is no such result for whoever acts.');

CALL access.publish('complete_lab_order', 'lab_order uuid, collected_at timestamptz', 'void', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.lab_order AS o SET status = 'completed', collected_at = coalesce(o.collected_at, complete_lab_order.collected_at)
        WHERE o.lab_order_id = lab_order AND o.status <> 'cancelled'
        RETURNING o.patient_id INTO whose;
        IF whose IS NULL THEN
            PERFORM care.refuse('lab_order_is_open', 'There is no such order of a patient in your care, or it was cancelled.');
        END IF;
        UPDATE care.service_request AS r SET status = 'completed'
        FROM care.service_request_fulfilment f
        WHERE f.patient_id = whose AND f.lab_order_id = lab_order AND r.patient_id = whose
          AND r.service_request_id = f.service_request_id AND r.status = 'active';
        PERFORM access.note(me, 'update', whose, 'care.lab_order/' || lab_order);
    END;$body$,
    'Completes an order of the laboratory, whose specimen was taken at a time, and the request that asked for it.');

CALL access.publish('read_corrected_results', 'results uuid[]', 'TABLE (lab_result_id uuid)',
    $body$RETURN QUERY SELECT r.lab_result_id FROM care.lab_result r
    WHERE r.patient_id = patient AND r.lab_result_id = ANY (results)
      AND EXISTS (SELECT FROM care.lab_result newer
                  WHERE newer.patient_id = patient AND newer.amends_lab_result_id = r.lab_result_id AND newer.status <> 'entered_in_error')
    ORDER BY r.lab_result_id LIMIT 500;$body$,
    'Which of some results of a patient were corrected, so that another stands in their place, 500 at most.', look => $$'results'$$);
