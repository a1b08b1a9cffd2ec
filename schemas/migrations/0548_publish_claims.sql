-- Claims with their codes through `api`.
--
-- Diagnoses are the patient's and the biller's. Whoever was granted bills reads them where every category of sensitive rows was
-- granted, too: else one that is left out would be seen as a claim that has none.
-- Locks nothing. Undo: drop them.
INSERT INTO access.look_kind (kind, scope, in_care, billed, sensitive) VALUES
    ('claims', 'billing', false, true, false), ('coverages', 'billing', false, true, false);

CALL access.publish('submit_coded_claim', 'invoice uuid, coverage uuid, diagnoses text[], pointers jsonb', 'uuid', $body$
    answer := care.submit_coded_claim(invoice, coverage, diagnoses, pointers);
    PERFORM access.note(me, 'create', (SELECT c.patient_id FROM care.claim c WHERE c.claim_id = answer),
                        'care.claim/' || answer);$body$,
    'Asks the insurer for what is still due and was covered, with diagnoses in their order and, for each charge that pointers name, the places of those that it is for; gives the claim.');
CALL access.publish('answer_claim', 'claim uuid, decisions jsonb', 'void', $body$
    PERFORM care.answer_claim(claim, decisions);
    PERFORM access.note(me, 'update', (SELECT c.patient_id FROM care.claim c WHERE c.claim_id = claim),
                        'care.claim/' || claim);$body$,
    'Notes an insurer''s answer with codes: for each charge what is paid and what each group and code takes off.');
CALL access.publish('replace_claim', 'claim uuid, related text', 'uuid', $body$
    answer := care.replace_claim(claim, related);
    PERFORM access.note(me, 'create', (SELECT c.patient_id FROM care.claim c WHERE c.claim_id = claim),
                        'care.claim/' || answer);$body$,
    'Asks again for what a claim denied and is still due, as a resubmission or an appeal; gives the new claim.');
CALL access.publish('list_adjustment_codes', '', 'TABLE (group_code text, code text, title text, counts_as text)', $body$RETURN QUERY
    SELECT k.group_code, k.code, k.title, k.counts_as FROM care.adjustment_code k
    WHERE k.retired_on IS NULL OR k.retired_on > current_date ORDER BY k.group_code, k.code LIMIT 2000;$body$,
    'Why an insurer pays less than was asked for, by group and code, 2000 at most.');
CREATE FUNCTION access.categories() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN '{behavioural_health,hiv,reproductive,substance_use}'::text[];
COMMENT ON FUNCTION access.categories() IS 'The categories of sensitive facts that care.sensitivity knows, by name.';
REVOKE EXECUTE ON FUNCTION access.categories() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.categories() TO healthtrack_care, healthtrack_migrator;

CALL access.publish('read_claims', '',
    'TABLE (claim uuid, invoice uuid, coverage uuid, rank text, status text, replaces uuid, related text, currency text, charge uuid, charge_code text, asked_cents bigint, allowed_cents bigint, paid_cents bigint, patient_cents bigint, adjustments jsonb, diagnoses text[])',
    $body$RETURN QUERY
    SELECT c.claim_id, c.invoice_id, c.coverage_id, v.rank, c.status, c.replaces_claim_id, c.related_as, i.currency::text,
           l.charge_id, h.charge_code, (l.submitted_amount * 100)::bigint, (l.allowed_amount * 100)::bigint,
           (l.accepted_amount * 100)::bigint, (l.denied_amount * 100)::bigint,
           (SELECT jsonb_agg(jsonb_build_object('group', a.group_code, 'code', a.code, 'cents', (a.amount * 100)::bigint)
                             ORDER BY a.group_code, a.code)
            FROM care.claim_adjustment a WHERE a.claim_id = l.claim_id AND a.charge_id = l.charge_id),
           CASE WHEN me.part = 'biller' OR patient = ANY (access.own_patients())
                     OR (SELECT bool_and(patient = ANY (access.patients_granted(category)))
                         FROM unnest(access.categories()) AS category) THEN
           ARRAY(SELECT d.code FROM care.claim_line_diagnosis p JOIN care.claim_diagnosis d USING (patient_id, claim_id, sequence)
                 WHERE p.claim_id = l.claim_id AND p.charge_id = l.charge_id ORDER BY p.priority) END
    FROM care.claim c JOIN care.claim_line l USING (claim_id) JOIN care.charge h ON h.charge_id = l.charge_id
    JOIN care.invoice i ON i.invoice_id = c.invoice_id LEFT JOIN care.coverage v ON v.coverage_id = c.coverage_id
    WHERE c.patient_id = patient ORDER BY c.submitted_at DESC, c.claim_id, h.served_on, l.charge_id LIMIT 500;$body$,
    'Lines of the claims of a patient that whoever acts may see, with codes, the latest claim first, 500 at most; diagnoses are null for who was not granted all of them.',
    look => $$'claims'$$);
CALL access.publish('read_coverages', '',
    'TABLE (coverage uuid, rank text, relation text, from_on date, until_on date, policy uuid, number text, insurer text, plan uuid, plan_name text)',
    $body$RETURN QUERY
    SELECT v.coverage_id, v.rank, v.relation, lower(v.covered_during), upper(v.covered_during), p.policy_id, p.number, r.name,
           k.insurance_plan_id, k.name
    FROM care.coverage v JOIN care.policy p USING (policy_id) JOIN care.insurance_plan k USING (insurance_plan_id)
    JOIN care.insurer r ON r.insurer_id = p.insurer_id
    WHERE v.patient_id = patient ORDER BY upper(v.covered_during) DESC, v.rank LIMIT 500;$body$,
    'Coverages of a patient that whoever acts may see, the latest first, 500 at most.', look => $$'coverages'$$);
