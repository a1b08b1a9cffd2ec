-- What an erasure does with fees of memberships, codes of claims, sums of plans' years and answers of insurers.
--
-- They are money, kept as bills are: amounts, days and codes stay. What an insurer told in words or as JSON goes, with who
-- told it. Former answers of eligibility expire by themselves; codes go with their claim, fees with their membership.
-- Triggers of these tables are made anew, which locks each for an instant. Undo: delete these rows.
INSERT INTO access.table_class (relation, found_by, row_class, aged_by, part_of, blanked, kept) VALUES
    ('care.membership_fee', 'patient_id', 'money', NULL, 'care.membership', '{}', '{}'),
    ('care.claim_adjustment', 'patient_id', 'money', NULL, 'care.claim_line', '{}', '{}'),
    ('care.claim_diagnosis', 'patient_id', 'money', NULL, 'care.claim', '{}', '{code}'),
    ('care.claim_line_diagnosis', 'patient_id', 'money', NULL, 'care.claim_line', '{}', '{}'),
    ('care.accumulator', 'patient_id', 'money', NULL, NULL, '{}', '{}'),
    ('care.eligibility_answer', 'patient_id', 'money', 'asked_at', NULL, ARRAY['told=''{}''::jsonb', 'told_by', 'disposition'], '{}');
CALL access.spare_erasures();
