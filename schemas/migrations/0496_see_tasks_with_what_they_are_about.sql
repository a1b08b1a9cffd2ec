-- A task is seen by who sees what it is about.
--
-- A task to act on a request that is kept apart told all of the care team that there is one, and whose field it is; a
-- request that was fulfilled told the key of an order that is kept apart. Whose task it is, and whose desk it waits at,
-- sees it as before. Locks both tables for an instant. Undo: drop the policies.
CREATE POLICY is_seen_with_its_subject ON care.task AS RESTRICTIVE FOR SELECT TO healthtrack_care USING (
    owner_account_id = (SELECT access.actor()) OR pool = (SELECT access.part())
    OR (service_request_id IS NULL OR EXISTS (
            SELECT FROM care.service_request r
            WHERE r.patient_id = task.patient_id AND r.service_request_id = task.service_request_id))
       AND (lab_order_id IS NULL OR EXISTS (
            SELECT FROM care.lab_order o WHERE o.patient_id = task.patient_id AND o.lab_order_id = task.lab_order_id))
       AND (clinical_report_id IS NULL OR EXISTS (
            SELECT FROM care.clinical_report c
            WHERE c.patient_id = task.patient_id AND c.clinical_report_id = task.clinical_report_id)));
CREATE POLICY is_seen_with_its_order ON care.service_request_fulfilment AS RESTRICTIVE FOR SELECT TO healthtrack_care USING (
    (lab_order_id IS NULL OR EXISTS (
        SELECT FROM care.lab_order o
        WHERE o.patient_id = service_request_fulfilment.patient_id AND o.lab_order_id = service_request_fulfilment.lab_order_id))
    AND (clinical_report_id IS NULL OR EXISTS (
        SELECT FROM care.clinical_report c
        WHERE c.patient_id = service_request_fulfilment.patient_id
          AND c.clinical_report_id = service_request_fulfilment.clinical_report_id)));
