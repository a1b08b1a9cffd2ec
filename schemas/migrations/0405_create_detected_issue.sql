-- What speaks against a prescription is found when it is written: interaction, allergy, duplicate, dose.
--
-- Nothing looked at a patient's allergies and other drugs when something was prescribed. Now a trigger does, whichever way
-- it is written: what is severe is refused, unless the prescriber says why it is prescribed in spite of that, and each issue
-- is kept with the prescription, with that reason and who gave it. What stands in no list is not judged, which
-- care.detect_issues says as a row of kind not_judged, so that silence is not taken for safety. The check runs with the rights of who acts: of a row that is
-- hidden from them it says nothing, since an issue would tell what the row is. Locks care.prescription for an instant, and adds a column to
-- it; api.prescribe takes one more parameter, at its end, that may be left out. Undo: drop triggers, functions, table and column.
ALTER TABLE care.prescription ADD COLUMN override_reason text
    CONSTRAINT prescription_override_says_why CHECK (override_reason ~ '\S' AND length(override_reason) <= 1000);
COMMENT ON COLUMN care.prescription.override_reason IS 'Why it is prescribed in spite of what speaks against it; null where nothing severe does.';
COMMENT ON CONSTRAINT prescription_override_says_why ON care.prescription IS 'Say in 1000 letters at most why it is prescribed in spite of what speaks against it.';

CREATE TABLE care.detected_issue (
    detected_issue_id       uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id              uuid        NOT NULL,
    prescription_id         uuid        NOT NULL,
    other_prescription_id   uuid,
    medication_statement_id uuid,
    allergy_id              uuid,
    overridden_by           uuid,
    created_at              timestamptz NOT NULL DEFAULT now(),
    updated_at              timestamptz NOT NULL DEFAULT now(),
    version                 integer     NOT NULL DEFAULT 1,
    kind                    text        NOT NULL,
    severity                text        NOT NULL,
    about                   text        NOT NULL,
    effect                  text        NOT NULL,
    override_reason         text,
    updated_by              text        NOT NULL DEFAULT session_user,

    CONSTRAINT detected_issue_pkey PRIMARY KEY (detected_issue_id),
    CONSTRAINT detected_issue_prescription_fkey
        FOREIGN KEY (patient_id, prescription_id) REFERENCES care.prescription (patient_id, prescription_id),
    CONSTRAINT detected_issue_other_fkey
        FOREIGN KEY (patient_id, other_prescription_id) REFERENCES care.prescription (patient_id, prescription_id),
    CONSTRAINT detected_issue_statement_fkey FOREIGN KEY (patient_id, medication_statement_id)
        REFERENCES care.medication_statement (patient_id, medication_statement_id),
    CONSTRAINT detected_issue_allergy_fkey FOREIGN KEY (patient_id, allergy_id) REFERENCES care.allergy (patient_id, allergy_id),
    CONSTRAINT detected_issue_overrider_fkey FOREIGN KEY (overridden_by) REFERENCES care.provider (provider_id),
    CONSTRAINT detected_issue_kind_is_known CHECK (kind IN ('interaction', 'allergy', 'duplicate', 'dose')),
    CONSTRAINT detected_issue_severity_is_known CHECK (severity IN ('high', 'moderate', 'low')),
    CONSTRAINT detected_issue_names_what_it_is_about CHECK (
        about ~ '\S' AND effect ~ '\S' AND CASE kind
            WHEN 'allergy' THEN allergy_id IS NOT NULL AND num_nonnulls(other_prescription_id, medication_statement_id) = 0
            WHEN 'dose' THEN num_nonnulls(allergy_id, other_prescription_id, medication_statement_id) = 0
            ELSE allergy_id IS NULL AND num_nonnulls(other_prescription_id, medication_statement_id) = 1 END
    ),
    CONSTRAINT detected_issue_override_says_who_and_why CHECK (
        (overridden_by IS NULL) = (override_reason IS NULL) AND override_reason ~ '\S' IS NOT FALSE
        AND (severity <> 'high' OR override_reason IS NOT NULL)
    )
);
CREATE INDEX detected_issue_prescription_idx ON care.detected_issue (patient_id, prescription_id);
CREATE INDEX detected_issue_other_idx ON care.detected_issue (patient_id, other_prescription_id);
CREATE INDEX detected_issue_statement_idx ON care.detected_issue (patient_id, medication_statement_id);
CREATE INDEX detected_issue_allergy_idx ON care.detected_issue (patient_id, allergy_id);
CREATE INDEX detected_issue_overrider_idx ON care.detected_issue (overridden_by);
COMMENT ON TABLE  care.detected_issue                         IS 'What spoke against a prescription when it was written, and why it was written in spite of that.';
COMMENT ON COLUMN care.detected_issue.detected_issue_id       IS 'Key.';
COMMENT ON COLUMN care.detected_issue.patient_id              IS 'Whose prescription.';
COMMENT ON COLUMN care.detected_issue.prescription_id         IS 'Against which prescription it spoke.';
COMMENT ON COLUMN care.detected_issue.other_prescription_id   IS 'The other prescription of an interaction or a duplicate; null where it is none.';
COMMENT ON COLUMN care.detected_issue.medication_statement_id IS 'The medicine that the patient takes anyway; null where it is none.';
COMMENT ON COLUMN care.detected_issue.allergy_id              IS 'The allergy; null where it is none.';
COMMENT ON COLUMN care.detected_issue.overridden_by           IS 'Provider who prescribed in spite of it; null where nothing was said.';
COMMENT ON COLUMN care.detected_issue.created_at              IS 'When it was found.';
COMMENT ON COLUMN care.detected_issue.updated_at              IS 'The same: it is never changed.';
COMMENT ON COLUMN care.detected_issue.version                 IS 'Always 1.';
COMMENT ON COLUMN care.detected_issue.kind                    IS 'interaction, allergy, duplicate or dose.';
COMMENT ON COLUMN care.detected_issue.severity                IS 'high (not prescribed without a reason), moderate or low.';
COMMENT ON COLUMN care.detected_issue.about                   IS 'The substance that it is about.';
COMMENT ON COLUMN care.detected_issue.effect                  IS 'What may happen, in words.';
COMMENT ON COLUMN care.detected_issue.override_reason         IS 'Why it was prescribed in spite of it; null where nothing was said.';
COMMENT ON COLUMN care.detected_issue.updated_by              IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT detected_issue_pkey ON care.detected_issue IS 'This issue is known already.';
COMMENT ON CONSTRAINT detected_issue_prescription_fkey ON care.detected_issue IS 'Choose a prescription of this patient.';
COMMENT ON CONSTRAINT detected_issue_other_fkey ON care.detected_issue IS 'Choose a prescription of this patient.';
COMMENT ON CONSTRAINT detected_issue_statement_fkey ON care.detected_issue IS 'Choose a medicine of this patient.';
COMMENT ON CONSTRAINT detected_issue_allergy_fkey ON care.detected_issue IS 'Choose an allergy of this patient.';
COMMENT ON CONSTRAINT detected_issue_overrider_fkey ON care.detected_issue IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT detected_issue_kind_is_known ON care.detected_issue IS 'Choose interaction, allergy, duplicate or dose.';
COMMENT ON CONSTRAINT detected_issue_severity_is_known ON care.detected_issue IS 'Choose high, moderate or low.';
COMMENT ON CONSTRAINT detected_issue_names_what_it_is_about ON care.detected_issue IS 'Name the substance, what may happen, and the row that the issue is about.';
COMMENT ON CONSTRAINT detected_issue_override_says_who_and_why ON care.detected_issue IS 'Say who prescribes in spite of it, and why.';
CREATE TRIGGER detected_issue_is_stamped BEFORE INSERT OR UPDATE ON care.detected_issue
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER detected_issue_is_never_altered BEFORE UPDATE ON care.detected_issue
    FOR EACH ROW EXECUTE FUNCTION care.refuse_alteration();
CREATE TRIGGER detected_issue_is_never_emptied BEFORE TRUNCATE ON care.detected_issue
    FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_alteration();
CREATE TRIGGER detected_issue_stays_under_hold BEFORE DELETE ON care.detected_issue
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
CALL access.guard('care.detected_issue', 'chart');
CREATE POLICY is_seen_with_what_it_names ON care.detected_issue AS RESTRICTIVE TO healthtrack_care
    USING (pg_has_role(CURRENT_USER, 'healthtrack_migrator', 'USAGE') OR (
        EXISTS (SELECT FROM care.prescription p WHERE p.patient_id = detected_issue.patient_id
                   AND p.prescription_id = detected_issue.prescription_id)
        AND (other_prescription_id IS NULL OR EXISTS (
            SELECT FROM care.prescription p WHERE p.patient_id = detected_issue.patient_id
               AND p.prescription_id = detected_issue.other_prescription_id))
        AND (medication_statement_id IS NULL OR EXISTS (
            SELECT FROM care.medication_statement s WHERE s.patient_id = detected_issue.patient_id
               AND s.medication_statement_id = detected_issue.medication_statement_id))
        AND (allergy_id IS NULL OR EXISTS (
            SELECT FROM care.allergy a WHERE a.patient_id = detected_issue.patient_id AND a.allergy_id = detected_issue.allergy_id))));
COMMENT ON POLICY is_seen_with_what_it_names ON care.detected_issue IS 'Who does not see a prescription or what speaks against it does not see the issue.';

-- The substances of a drug: of a combination, each.
CREATE FUNCTION care.substances_of(ingredient text) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT part FROM regexp_split_to_table(lower(btrim(ingredient)), '\s*(/|\+|,|;|\mand\M)\s*') AS part WHERE part <> ''
$$;
COMMENT ON FUNCTION care.substances_of(text) IS 'The substances of a drug in lower case; of a combination, each.';

CREATE FUNCTION care.detect_issues(patient uuid, medication uuid, dose_quantity numeric, dose_unit text, times smallint,
                                   per_amount numeric, per_unit text)
    RETURNS TABLE (kind text, severity text, about text, effect text, other_prescription_id uuid,
                   medication_statement_id uuid, allergy_id uuid)
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH wanted AS MATERIALIZED (
        SELECT substance, m.strength, m.strength_unit FROM care.medication m, care.substances_of(m.ingredient) AS substance
        WHERE m.medication_id = medication
    ), taken AS MATERIALIZED (
        SELECT substance, p.prescription_id, NULL::uuid AS medication_statement_id
        FROM care.prescription p JOIN care.medication m USING (medication_id), care.substances_of(m.ingredient) AS substance
        WHERE p.patient_id = patient AND p.status IN ('active', 'on_hold') AND upper(p.valid_during) > current_date
        UNION ALL
        SELECT substance, NULL, s.medication_statement_id
        FROM care.medication_statement s JOIN care.medication m USING (medication_id), care.substances_of(m.ingredient) AS substance
        WHERE s.patient_id = patient AND s.status IN ('active', 'on_hold')
          AND (upper(s.taken_during) IS NULL OR upper(s.taken_during) > current_date)
    ), allergic AS MATERIALIZED (
        -- Families are listed in the singular.
        SELECT a.allergy_id, a.criticality, a.substance, ARRAY[word, regexp_replace(word, 's$', '')] AS words
        FROM care.allergy a, lower(btrim(a.substance)) AS word
        WHERE a.patient_id = patient AND a.category IN ('medication', 'biologic') AND a.clinical_status = 'active'
          AND a.verification_status NOT IN ('refuted', 'entered_in_error')
    ), known AS MATERIALIZED (
        SELECT i.ingredient AS word FROM care.drug_interaction i UNION SELECT i.other_ingredient FROM care.drug_interaction i
        UNION SELECT c.ingredient FROM care.drug_class c UNION SELECT c.class FROM care.drug_class c
        UNION SELECT l.ingredient FROM care.dose_limit l
    ), daily AS (
        SELECT l.ingredient, l.most_a_day, l.unit, dose_quantity * times / per_amount
            * CASE per_unit WHEN 'hour' THEN 24 WHEN 'day' THEN 1 WHEN 'week' THEN 1 / 7.0 WHEN 'month' THEN 1 / 30.0 END
            * CASE WHEN dose_unit = l.unit THEN 1
                   WHEN dose_unit IN ('{tablet}', '{capsule}') AND w.strength_unit = l.unit THEN w.strength END AS amount
        FROM wanted w JOIN care.dose_limit l ON l.ingredient = w.substance
    )
    SELECT 'interaction', i.severity, t.substance, i.effect, t.prescription_id, t.medication_statement_id, NULL::uuid
    FROM wanted w CROSS JOIN taken t
    JOIN care.drug_interaction i ON i.ingredient = least(w.substance, t.substance) AND i.other_ingredient = greatest(w.substance, t.substance)
    UNION ALL
    SELECT 'duplicate', 'moderate', t.substance, 'The patient takes this substance already.', t.prescription_id,
           t.medication_statement_id, NULL
    FROM wanted w JOIN taken t USING (substance)
    UNION ALL
    SELECT 'allergy', CASE a.criticality WHEN 'low' THEN 'moderate' ELSE 'high' END, w.substance,
           'The patient is allergic to it, or to its family.', NULL, NULL, a.allergy_id
    FROM wanted w JOIN allergic a ON w.substance = ANY (a.words)
        OR EXISTS (SELECT FROM care.drug_class c WHERE c.ingredient = w.substance AND c.class = ANY (a.words))
    UNION ALL
    SELECT 'dose', 'high', d.ingredient, 'This is more than ' || trim_scale(d.most_a_day) || ' ' || d.unit || ' a day.', NULL, NULL, NULL
    FROM daily d WHERE d.amount > d.most_a_day
    UNION ALL
    SELECT 'not_judged', NULL, w.substance, 'This substance stands in no list of interactions, families or doses.', NULL, NULL, NULL
    FROM wanted w WHERE NOT EXISTS (SELECT FROM known k WHERE k.word = w.substance)
    UNION ALL
    SELECT 'not_judged', NULL, a.substance, 'What this allergy is to stands in no list: judge it yourself.', NULL, NULL, a.allergy_id
    FROM allergic a WHERE NOT EXISTS (SELECT FROM known k WHERE k.word = ANY (a.words))
        AND NOT EXISTS (SELECT FROM wanted w WHERE w.substance = ANY (a.words))
$$;
COMMENT ON FUNCTION care.detect_issues(uuid, uuid, numeric, text, smallint, numeric, text) IS 'What speaks against a drug for a patient, of what the actor may see, and as kind not_judged what no list knows; without times no dose is judged.';
GRANT EXECUTE ON FUNCTION care.substances_of(text), care.detect_issues(uuid, uuid, numeric, text, smallint, numeric, text)
    TO healthtrack_care;

CREATE FUNCTION care.meet_issues() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    worst text;
BEGIN
    IF access.actor() IS NULL THEN
        RETURN NEW;  -- A program that loads what was prescribed elsewhere.
    END IF;
    IF TG_WHEN = 'BEFORE' THEN
        SELECT min(i.kind) INTO worst
        FROM care.detect_issues(NEW.patient_id, NEW.medication_id, NEW.dose_quantity, NEW.dose_unit, NEW.times,
                                NEW.per_amount, NEW.per_unit) i WHERE i.severity = 'high';
        IF worst IS NOT NULL AND NEW.override_reason IS NULL THEN
            PERFORM care.refuse('prescription_meets_no_severe_issue', CASE worst
                WHEN 'allergy' THEN 'The patient is allergic to this: prescribe something else, or say why this in spite of it.'
                WHEN 'dose' THEN 'This is more than the most a day: prescribe less, or say why this in spite of it.'
                ELSE 'This harms together with what the patient takes: prescribe something else, or say why this in spite of it.' END);
        ELSIF worst IS NULL THEN
            NEW.override_reason := NULL;
        END IF;
        RETURN NEW;
    END IF;
    INSERT INTO care.detected_issue (patient_id, prescription_id, other_prescription_id, medication_statement_id, allergy_id,
                                     overridden_by, kind, severity, about, effect, override_reason)
    SELECT NEW.patient_id, NEW.prescription_id, i.other_prescription_id, i.medication_statement_id, i.allergy_id,
           CASE WHEN i.severity = 'high' THEN NEW.prescriber_id END, i.kind, i.severity, i.about, i.effect,
           CASE WHEN i.severity = 'high' THEN NEW.override_reason END
    FROM care.detect_issues(NEW.patient_id, NEW.medication_id, NEW.dose_quantity, NEW.dose_unit, NEW.times, NEW.per_amount,
                            NEW.per_unit) i
    WHERE i.kind <> 'not_judged' AND i.other_prescription_id IS DISTINCT FROM NEW.prescription_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.meet_issues() IS 'Trigger before and after a prescription is written by an account: refuses what is severe and has no reason, and keeps each issue.';
CREATE TRIGGER prescription_meets_no_severe_issue BEFORE INSERT ON care.prescription
    FOR EACH ROW EXECUTE FUNCTION care.meet_issues();
CREATE TRIGGER prescription_keeps_its_issues AFTER INSERT ON care.prescription
    FOR EACH ROW EXECUTE FUNCTION care.meet_issues();

CREATE FUNCTION care.keep_override() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM care.refuse('prescription_override_is_kept', 'Why it was prescribed in spite of something stays as it was said.');
END $$;
COMMENT ON FUNCTION care.keep_override() IS 'Trigger before the reason to prescribe in spite of something is changed: refuses it.';
CREATE TRIGGER prescription_override_is_kept BEFORE UPDATE ON care.prescription
    FOR EACH ROW WHEN (NEW.override_reason IS DISTINCT FROM OLD.override_reason) EXECUTE FUNCTION care.keep_override();

DROP FUNCTION api.prescribe;
CALL access.publish('prescribe',
    'patient uuid, medication uuid, prescriber uuid, encounter uuid, dose_quantity double precision, dose_unit text, route text, times smallint, per_amount double precision, per_unit text, instructions text, quantity double precision, days_supply smallint, refills_allowed smallint, valid_from date, valid_until date, override_reason text DEFAULT NULL',
    'uuid', $body$
    INSERT INTO care.prescription (patient_id, medication_id, prescriber_id, encounter_id, dose_quantity, dose_unit,
        route, times, per_amount, per_unit, as_needed, instructions, quantity, days_supply, refills_allowed, valid_during,
        override_reason)
    VALUES (patient, medication, prescriber, encounter, prescribe.dose_quantity, prescribe.dose_unit, prescribe.route,
        prescribe.times, prescribe.per_amount, prescribe.per_unit, prescribe.times IS NULL, prescribe.instructions,
        prescribe.quantity, prescribe.days_supply, prescribe.refills_allowed, daterange(valid_from, valid_until),
        prescribe.override_reason)
    RETURNING prescription_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.prescription/' || answer);$body$,
    'Writes a prescription that is valid at once; gives its key. Without times it is taken as needed. What is severe against it is refused without a reason.');
INSERT INTO access.look_kind (kind, scope) VALUES ('issues', 'chart');
CALL access.publish('check_medication',
    'medication uuid, dose_quantity double precision, dose_unit text, times smallint, per_amount double precision, per_unit text',
    'TABLE (kind text, severity text, about text, effect text, other_prescription_id uuid, medication_statement_id uuid, allergy_id uuid)',
    $body$RETURN QUERY SELECT i.kind, i.severity, i.about, i.effect, i.other_prescription_id, i.medication_statement_id, i.allergy_id
    FROM care.detect_issues(patient, medication, check_medication.dose_quantity::numeric, check_medication.dose_unit,
        check_medication.times, check_medication.per_amount::numeric, check_medication.per_unit) i
    ORDER BY array_position('{high,moderate,low}', i.severity), i.kind, i.about LIMIT 200;$body$,
    'What would speak against a drug for a patient, the worst first, and what no list knows, as kind not_judged.',
    look => $$'issues'$$);
CALL access.publish('read_issues', '',
    'TABLE (detected_issue_id uuid, prescription_id uuid, found_at timestamptz, kind text, severity text, about text, effect text, override_reason text, overridden_by uuid)',
    $body$RETURN QUERY SELECT i.detected_issue_id, i.prescription_id, i.created_at, i.kind, i.severity, i.about, i.effect,
        i.override_reason, i.overridden_by
    FROM care.detected_issue i WHERE i.patient_id = patient ORDER BY i.created_at DESC, i.detected_issue_id LIMIT 200;$body$,
    'What spoke against the prescriptions of a patient when they were written, the latest first, 200 at most.',
    look => $$'issues'$$);
