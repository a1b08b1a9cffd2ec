-- Why an insurer pays less than was asked for, by codes.
--
-- A line of a claim says what is accepted, adjusted (nobody pays) and denied (the patient does); now each adjusted or
-- denied amount has a group and a code, and they add up to the line exactly. The groups are those of X12 835 (CO, PR, OA,
-- PI) and so are the codes; the few words beside them are this network's own, and the table is a default to be filled from
-- a maintained list. An answer without codes gets NONE, as do the answers of before, so that the sums hold for all. Codes
-- of group PR that count as deductible, co-insurance or copay are what a plan lets the patient bear; what else falls
-- on the patient was denied, and may be asked for again. Rewrites care.claim_line, for a generated column; locks it and
-- care.claim meanwhile. Undo: drop what is added.
CREATE TABLE care.adjustment_code (
    retired_on date,
    group_code text NOT NULL,
    code       text NOT NULL,
    title      text NOT NULL,
    counts_as  text,

    CONSTRAINT adjustment_code_pkey PRIMARY KEY (group_code, code),
    CONSTRAINT adjustment_code_group_is_known CHECK (group_code IN ('CO', 'PR', 'OA', 'PI')),
    CONSTRAINT adjustment_code_is_a_code CHECK (code ~ '^[A-Z0-9]{1,5}$'),
    CONSTRAINT adjustment_code_title_is_some CHECK (title ~ '\S' AND length(title) <= 200),
    CONSTRAINT adjustment_code_counts_for_the_patient
        CHECK (counts_as IS NULL OR counts_as IN ('deductible', 'coinsurance', 'copay') AND group_code = 'PR')
);
COMMENT ON TABLE  care.adjustment_code IS 'Why an insurer pays less than was asked for: group and code of X12 835, in words of this network.';
COMMENT ON COLUMN care.adjustment_code.retired_on IS 'First day on which it is not used any more; null while it is.';
COMMENT ON COLUMN care.adjustment_code.group_code IS 'Who bears it: CO nobody by contract, PR the patient, OA and PI nobody, for other reasons or by the payer.';
COMMENT ON COLUMN care.adjustment_code.code       IS 'Claim adjustment reason code; NONE where the insurer gave none.';
COMMENT ON COLUMN care.adjustment_code.title      IS 'A few words for a person.';
COMMENT ON COLUMN care.adjustment_code.counts_as  IS 'deductible, coinsurance or copay: what the plan lets the patient bear; null for a denial, a discount or another reason.';
COMMENT ON CONSTRAINT adjustment_code_pkey ON care.adjustment_code IS 'This adjustment code is known already.';
COMMENT ON CONSTRAINT adjustment_code_group_is_known ON care.adjustment_code IS 'Choose CO, PR, OA or PI.';
COMMENT ON CONSTRAINT adjustment_code_is_a_code ON care.adjustment_code IS 'An adjustment code has up to five capital letters and digits.';
COMMENT ON CONSTRAINT adjustment_code_title_is_some ON care.adjustment_code IS 'Give the code a title of 200 letters at most.';
COMMENT ON CONSTRAINT adjustment_code_counts_for_the_patient ON care.adjustment_code IS 'Only a code of group PR counts as deductible, coinsurance or copay.';
CALL access.guard('care.adjustment_code', 'directory');
INSERT INTO care.adjustment_code (group_code, code, title, counts_as) VALUES
    ('PR', '1', 'Deductible', 'deductible'),
    ('PR', '2', 'Co-insurance', 'coinsurance'),
    ('PR', '3', 'Copay', 'copay'),
    ('PR', '27', 'The cover had ended', NULL),
    ('PR', '96', 'Not covered', NULL),
    ('PR', '119', 'The most of this benefit is reached', NULL),
    ('PR', '204', 'Not in this plan', NULL),
    ('PR', 'NONE', 'The insurer gave no code', NULL),
    ('CO', '16', 'Something is missing or wrong', NULL),
    ('CO', '18', 'Asked for already', NULL),
    ('CO', '29', 'Asked for too late', NULL),
    ('CO', '45', 'Above the agreed price', NULL),
    ('CO', '50', 'Not seen as necessary', NULL),
    ('CO', '97', 'Part of another service', NULL),
    ('CO', '197', 'No approval before', NULL),
    ('CO', 'NONE', 'The insurer gave no code', NULL),
    ('OA', '23', 'What an earlier insurer decided', NULL),
    ('PI', '45', 'Lowered by the payer', NULL);

ALTER TABLE care.claim_line
    ADD COLUMN allowed_amount numeric(14, 2) GENERATED ALWAYS AS (submitted_amount - adjusted_amount) STORED;
COMMENT ON COLUMN care.claim_line.allowed_amount IS 'What the insurer counts with: asked for less adjusted, which is what it and the patient pay; null until it answers.';
ALTER TABLE care.claim_line ADD CONSTRAINT claim_line_id_with_patient_is_unique
    UNIQUE (patient_id, facility_id, invoice_id, claim_id, charge_id);
DROP INDEX care.claim_line_patient_idx;
COMMENT ON CONSTRAINT claim_line_id_with_patient_is_unique ON care.claim_line IS 'This charge is on the claim already.';

CREATE TABLE care.claim_adjustment (
    claim_id    uuid           NOT NULL,
    charge_id   uuid           NOT NULL,
    patient_id  uuid           NOT NULL,
    facility_id uuid           NOT NULL,
    invoice_id  uuid           NOT NULL,
    amount      numeric(14, 2) NOT NULL,
    group_code  text           NOT NULL,
    code        text           NOT NULL,

    CONSTRAINT claim_adjustment_pkey PRIMARY KEY (claim_id, charge_id, group_code, code),
    CONSTRAINT claim_adjustment_line_fkey FOREIGN KEY (patient_id, facility_id, invoice_id, claim_id, charge_id)
        REFERENCES care.claim_line (patient_id, facility_id, invoice_id, claim_id, charge_id),
    CONSTRAINT claim_adjustment_code_fkey FOREIGN KEY (group_code, code) REFERENCES care.adjustment_code (group_code, code),
    CONSTRAINT claim_adjustment_takes_something CHECK (amount > 0)
);
CREATE INDEX claim_adjustment_patient_idx ON care.claim_adjustment (patient_id);
CREATE INDEX claim_adjustment_code_idx ON care.claim_adjustment (group_code, code);
COMMENT ON TABLE  care.claim_adjustment IS 'What an insurer takes off one line of a claim, and why; all of a line add up to what is adjusted and denied.';
COMMENT ON COLUMN care.claim_adjustment.claim_id    IS 'Of which claim.';
COMMENT ON COLUMN care.claim_adjustment.charge_id   IS 'Of which charge on it.';
COMMENT ON COLUMN care.claim_adjustment.patient_id  IS 'For whom; the claim''s patient.';
COMMENT ON COLUMN care.claim_adjustment.facility_id IS 'Who asks; the claim''s facility.';
COMMENT ON COLUMN care.claim_adjustment.invoice_id  IS 'The claim''s invoice.';
COMMENT ON COLUMN care.claim_adjustment.amount      IS 'How much, in the invoice''s currency.';
COMMENT ON COLUMN care.claim_adjustment.group_code  IS 'Who bears it: CO, PR, OA or PI.';
COMMENT ON COLUMN care.claim_adjustment.code        IS 'Why.';
COMMENT ON CONSTRAINT claim_adjustment_pkey ON care.claim_adjustment IS 'This line has an amount of that code already: add to it.';
COMMENT ON CONSTRAINT claim_adjustment_line_fkey ON care.claim_adjustment IS 'Choose a charge on this claim.';
COMMENT ON CONSTRAINT claim_adjustment_code_fkey ON care.claim_adjustment IS 'Choose one of the known adjustment codes.';
COMMENT ON CONSTRAINT claim_adjustment_takes_something ON care.claim_adjustment IS 'An adjustment takes off more than nothing.';
CALL access.guard('care.claim_adjustment', 'billing');
REVOKE UPDATE ON care.claim_adjustment FROM healthtrack_care;

INSERT INTO care.claim_adjustment (claim_id, charge_id, patient_id, facility_id, invoice_id, amount, group_code, code)
SELECT l.claim_id, l.charge_id, l.patient_id, l.facility_id, l.invoice_id, part.amount, part.group_code, 'NONE'
FROM care.claim_line l JOIN care.claim c USING (claim_id),
     LATERAL (VALUES ('CO', l.adjusted_amount), ('PR', l.denied_amount)) AS part (group_code, amount)
WHERE c.status = 'adjudicated' AND part.amount > 0;

CREATE TRIGGER claim_adjustment_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON care.claim_adjustment
    FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_change();
COMMENT ON TRIGGER claim_adjustment_is_append_only ON care.claim_adjustment IS 'Trigger on a table that is only ever added to: refuses update, delete and truncate.';
CREATE TRIGGER claim_adjustment_stays_under_hold BEFORE DELETE ON care.claim_adjustment FOR EACH ROW
    WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE')) EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TRIGGER claim_adjustment_stays_under_hold ON care.claim_adjustment IS 'Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.';

CREATE FUNCTION care.check_open_claim() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Waits for whoever answers it in this moment, and then sees that it is answered.
    PERFORM FROM care.claim c WHERE c.claim_id = NEW.claim_id AND c.status = 'submitted' FOR SHARE;
    IF NOT FOUND THEN
        PERFORM care.refuse('claim_is_coded_while_open', 'This claim is answered: its codes stay; submit another for what was denied.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.check_open_claim() IS 'Trigger after codes are added to a claim: refuses them once it is answered.';
CREATE TRIGGER claim_is_coded_while_open AFTER INSERT ON care.claim_adjustment
    FOR EACH ROW EXECUTE FUNCTION care.check_open_claim();
COMMENT ON TRIGGER claim_is_coded_while_open ON care.claim_adjustment IS 'This claim is answered: its codes stay; submit another for what was denied.';

CREATE FUNCTION care.complete_adjustments() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    rest record;
BEGIN
    FOR rest IN
        SELECT l.charge_id, part.group_code,
               part.amount - coalesce((SELECT sum(a.amount) FROM care.claim_adjustment a
                   WHERE a.claim_id = l.claim_id AND a.charge_id = l.charge_id
                     AND (a.group_code = 'PR') = (part.group_code = 'PR')), 0) AS amount
        FROM care.claim_line l, LATERAL (VALUES ('CO', l.adjusted_amount), ('PR', l.denied_amount)) AS part (group_code, amount)
        WHERE l.claim_id = NEW.claim_id
    LOOP
        IF rest.amount < 0 THEN
            PERFORM care.refuse('claim_adjustments_add_up', 'The codes of a charge take off what is adjusted and denied, and no more.');
        ELSIF rest.amount > 0 THEN
            INSERT INTO care.claim_adjustment (claim_id, charge_id, patient_id, facility_id, invoice_id, amount, group_code, code)
            VALUES (NEW.claim_id, rest.charge_id, NEW.patient_id, NEW.facility_id, NEW.invoice_id, rest.amount, rest.group_code, 'NONE');
        END IF;
    END LOOP;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.complete_adjustments() IS 'Trigger before a claim is answered: what has no code gets NONE, and codes that take off too much are refused.';
CREATE TRIGGER claim_adjustments_add_up BEFORE UPDATE OF status ON care.claim
    FOR EACH ROW WHEN (OLD.status = 'submitted' AND NEW.status = 'adjudicated') EXECUTE FUNCTION care.complete_adjustments();
COMMENT ON TRIGGER claim_adjustments_add_up ON care.claim IS 'The codes of a charge take off what is adjusted and denied, and no more.';

CREATE FUNCTION care.answer_claim(of_claim uuid, answer jsonb) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    charges  uuid[];
    accepted numeric[];
    adjusted numeric[];
BEGIN
    -- The invoice first, as all who book money do.
    PERFORM FROM care.invoice JOIN care.claim USING (invoice_id) WHERE claim_id = of_claim FOR NO KEY UPDATE OF invoice;
    IF jsonb_typeof(answer) IS DISTINCT FROM 'array' THEN
        PERFORM care.refuse('claim_answer_is_whole', 'An answer names each charge of the claim once.');
    ELSIF NOT EXISTS (SELECT FROM care.claim WHERE claim_id = of_claim AND status = 'submitted') THEN
        PERFORM care.refuse('claim_is_answered_once', 'There is no such open claim: it may be answered already.');
    END IF;
    SELECT array_agg(line.charge), array_agg(coalesce(line.paid_cents, 0) * 0.01),
           array_agg((SELECT coalesce(sum(cents), 0) * 0.01
                      FROM jsonb_to_recordset(coalesce(line.adjustments, '[]')) AS taken ("group" text, cents bigint)
                      WHERE "group" <> 'PR'))
    INTO charges, accepted, adjusted
    FROM jsonb_to_recordset(answer) AS line (charge uuid, paid_cents bigint, adjustments jsonb);
    IF EXISTS (
        SELECT FROM jsonb_to_recordset(answer) AS line (charge uuid, paid_cents bigint, adjustments jsonb)
        JOIN care.claim_line l ON l.claim_id = of_claim AND l.charge_id = line.charge
        WHERE l.submitted_amount * 100 <> coalesce(line.paid_cents, 0) + (
            SELECT coalesce(sum(cents), 0) FROM jsonb_to_recordset(coalesce(line.adjustments, '[]')) AS taken (cents bigint)))
    THEN
        PERFORM care.refuse('claim_answer_adds_up', 'What is paid for a charge and what its codes take off add up to what was asked.');
    END IF;
    INSERT INTO care.claim_adjustment (claim_id, charge_id, patient_id, facility_id, invoice_id, amount, group_code, code)
    SELECT of_claim, l.charge_id, l.patient_id, l.facility_id, l.invoice_id, taken.cents * 0.01, taken."group", taken.code
    FROM jsonb_to_recordset(answer) AS line (charge uuid, adjustments jsonb)
    JOIN care.claim_line l ON l.claim_id = of_claim AND l.charge_id = line.charge
    CROSS JOIN LATERAL jsonb_to_recordset(coalesce(line.adjustments, '[]')) AS taken ("group" text, code text, cents bigint)
    -- An insurer's program may write each code it knows: one that takes off nothing says nothing.
    WHERE taken.cents IS DISTINCT FROM 0;
    PERFORM care.adjudicate_claim(of_claim, charges, accepted, adjusted);
END $$;
REVOKE EXECUTE ON FUNCTION care.answer_claim(uuid, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.answer_claim(uuid, jsonb) TO healthtrack_care;
COMMENT ON FUNCTION care.answer_claim(uuid, jsonb) IS 'Takes in an insurer''s answer with codes: for each charge what is paid, and what each group and code takes off, in hundredths.';
