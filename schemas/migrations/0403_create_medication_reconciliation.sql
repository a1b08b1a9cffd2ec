-- Medicines gone through with the patient at a visit: each that is said to be taken is taken, changed, stopped or unknown.
--
-- Nothing said whether somebody had gone through the list, nor when. A reconciliation names every statement that is
-- current, once, and is stored as a whole: one that leaves a medicine out is refused at the end of the transaction,
-- since a list that is half gone through does harm. What it decides is carried out in the same transaction: a
-- stopped statement ends today, where the patient lives, and a changed one gets its new dosage. It is never altered; the next visit
-- has the next one. Adds a key to care.medication_statement and locks it for that long. Undo: drop functions, tables, key.
ALTER TABLE care.medication_statement ADD CONSTRAINT medication_statement_id_with_patient_is_unique
    UNIQUE (patient_id, medication_statement_id);
COMMENT ON CONSTRAINT medication_statement_id_with_patient_is_unique ON care.medication_statement IS 'This statement is known already.';

CREATE TABLE care.medication_reconciliation (
    medication_reconciliation_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id                   uuid        NOT NULL,
    encounter_id                 uuid        NOT NULL,
    provider_id                  uuid        NOT NULL,
    created_at                   timestamptz NOT NULL DEFAULT now(),
    updated_at                   timestamptz NOT NULL DEFAULT now(),
    version                      integer     NOT NULL DEFAULT 1,
    updated_by                   text        NOT NULL DEFAULT session_user,

    CONSTRAINT medication_reconciliation_pkey PRIMARY KEY (medication_reconciliation_id),
    CONSTRAINT medication_reconciliation_id_with_patient_is_unique UNIQUE (patient_id, medication_reconciliation_id),
    CONSTRAINT medication_reconciliation_encounter_fkey
        FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter (patient_id, encounter_id),
    CONSTRAINT medication_reconciliation_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id)
);
CREATE INDEX medication_reconciliation_encounter_idx ON care.medication_reconciliation (patient_id, encounter_id);
CREATE INDEX medication_reconciliation_provider_idx ON care.medication_reconciliation (provider_id);
COMMENT ON TABLE  care.medication_reconciliation                              IS 'That a patient''s current medicines were gone through at a visit, as a whole.';
COMMENT ON COLUMN care.medication_reconciliation.medication_reconciliation_id IS 'Key.';
COMMENT ON COLUMN care.medication_reconciliation.patient_id                   IS 'Whose medicines.';
COMMENT ON COLUMN care.medication_reconciliation.encounter_id                 IS 'At which visit.';
COMMENT ON COLUMN care.medication_reconciliation.provider_id                  IS 'Who went through them.';
COMMENT ON COLUMN care.medication_reconciliation.created_at                   IS 'When it was completed.';
COMMENT ON COLUMN care.medication_reconciliation.updated_at                   IS 'The same: it is never changed.';
COMMENT ON COLUMN care.medication_reconciliation.version                      IS 'Always 1.';
COMMENT ON COLUMN care.medication_reconciliation.updated_by                   IS 'Account or program that stored it.';
COMMENT ON CONSTRAINT medication_reconciliation_pkey ON care.medication_reconciliation IS 'This reconciliation is known already.';
COMMENT ON CONSTRAINT medication_reconciliation_id_with_patient_is_unique ON care.medication_reconciliation IS 'This reconciliation is known already.';
COMMENT ON CONSTRAINT medication_reconciliation_encounter_fkey ON care.medication_reconciliation IS 'Choose a visit of this patient.';
COMMENT ON CONSTRAINT medication_reconciliation_provider_fkey ON care.medication_reconciliation IS 'Choose one of the network''s providers.';

CREATE TABLE care.reconciled_statement (
    reconciled_statement_id      uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id                   uuid        NOT NULL,
    medication_reconciliation_id uuid        NOT NULL,
    medication_statement_id      uuid        NOT NULL,
    created_at                   timestamptz NOT NULL DEFAULT now(),
    updated_at                   timestamptz NOT NULL DEFAULT now(),
    version                      integer     NOT NULL DEFAULT 1,
    decision                     text        NOT NULL,
    dosage                       text,
    updated_by                   text        NOT NULL DEFAULT session_user,

    CONSTRAINT reconciled_statement_pkey PRIMARY KEY (reconciled_statement_id),
    CONSTRAINT reconciled_statement_is_decided_once UNIQUE (medication_reconciliation_id, medication_statement_id),
    CONSTRAINT reconciled_statement_reconciliation_fkey FOREIGN KEY (patient_id, medication_reconciliation_id)
        REFERENCES care.medication_reconciliation (patient_id, medication_reconciliation_id),
    CONSTRAINT reconciled_statement_statement_fkey FOREIGN KEY (patient_id, medication_statement_id)
        REFERENCES care.medication_statement (patient_id, medication_statement_id),
    CONSTRAINT reconciled_statement_decision_is_known CHECK (decision IN ('taken', 'changed', 'stopped', 'unknown')),
    CONSTRAINT reconciled_statement_change_says_how CHECK (
        (decision = 'changed') = (dosage IS NOT NULL) AND dosage ~ '\S' IS NOT FALSE AND length(dosage) <= 1000 IS NOT FALSE
    )
);
CREATE INDEX reconciled_statement_reconciliation_idx ON care.reconciled_statement (patient_id, medication_reconciliation_id);
CREATE INDEX reconciled_statement_statement_idx ON care.reconciled_statement (patient_id, medication_statement_id);
COMMENT ON TABLE  care.reconciled_statement                              IS 'What a reconciliation found of one medicine.';
COMMENT ON COLUMN care.reconciled_statement.reconciled_statement_id      IS 'Key.';
COMMENT ON COLUMN care.reconciled_statement.patient_id                   IS 'Whose medicine.';
COMMENT ON COLUMN care.reconciled_statement.medication_reconciliation_id IS 'In which reconciliation.';
COMMENT ON COLUMN care.reconciled_statement.medication_statement_id      IS 'Of which medicine, as the patient or a provider said that it is taken.';
COMMENT ON COLUMN care.reconciled_statement.created_at                   IS 'When it was found.';
COMMENT ON COLUMN care.reconciled_statement.updated_at                   IS 'The same: it is never changed.';
COMMENT ON COLUMN care.reconciled_statement.version                      IS 'Always 1.';
COMMENT ON COLUMN care.reconciled_statement.decision                     IS 'taken (as it stands), changed (to another dosage), stopped, or unknown (the patient cannot tell).';
COMMENT ON COLUMN care.reconciled_statement.dosage                       IS 'The dosage from now on; null unless it is changed.';
COMMENT ON COLUMN care.reconciled_statement.updated_by                   IS 'Account or program that stored it.';
COMMENT ON CONSTRAINT reconciled_statement_pkey ON care.reconciled_statement IS 'This finding is known already.';
COMMENT ON CONSTRAINT reconciled_statement_is_decided_once ON care.reconciled_statement IS 'Name each medicine once.';
COMMENT ON CONSTRAINT reconciled_statement_reconciliation_fkey ON care.reconciled_statement IS 'Choose a reconciliation of this patient.';
COMMENT ON CONSTRAINT reconciled_statement_statement_fkey ON care.reconciled_statement IS 'Choose a medicine of this patient.';
COMMENT ON CONSTRAINT reconciled_statement_decision_is_known ON care.reconciled_statement IS 'Choose taken, changed, stopped or unknown.';
COMMENT ON CONSTRAINT reconciled_statement_change_says_how ON care.reconciled_statement IS 'Give the new dosage of a medicine that is changed, and of no other.';

-- As whoever acts: of a medicine that is hidden from them they cannot decide, and are not told that it is there.
CREATE FUNCTION care.check_reconciliation() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM care.medication_statement s
               WHERE s.patient_id = NEW.patient_id AND s.status IN ('active', 'on_hold') AND s.created_at <= NEW.created_at
                 AND NOT EXISTS (SELECT FROM care.reconciled_statement r
                                 WHERE r.medication_reconciliation_id = NEW.medication_reconciliation_id
                                   AND r.medication_statement_id = s.medication_statement_id)) THEN
        PERFORM care.refuse('medication_reconciliation_is_whole', 'Decide about each current medicine of the patient: read the list again.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.check_reconciliation() IS 'Trigger at the end of a transaction that reconciles: each current medicine is decided about.';
CREATE CONSTRAINT TRIGGER medication_reconciliation_is_whole AFTER INSERT ON care.medication_reconciliation
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION care.check_reconciliation();
COMMENT ON TRIGGER medication_reconciliation_is_whole ON care.medication_reconciliation IS 'Decide about each current medicine of the patient: read the list again.';
COMMENT ON CONSTRAINT medication_reconciliation_is_whole ON care.medication_reconciliation IS 'Decide about each current medicine of the patient: read the list again.';

-- What was gone through is kept as it was: nothing is added later, not even by the transaction after.
CREATE FUNCTION care.carry_out_reconciliation() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    today date;
BEGIN
    IF access.actor() IS NULL THEN
        RETURN NEW;  -- A program that loads what was found, and done, elsewhere.
    ELSIF NOT EXISTS (SELECT FROM care.medication_reconciliation r
                      WHERE r.medication_reconciliation_id = NEW.medication_reconciliation_id AND r.created_at = now()) THEN
        PERFORM care.refuse('medication_reconciliation_is_one_step', 'This reconciliation is complete: make another one.');
    END IF;
    IF NEW.decision = 'stopped' THEN
        SELECT (now() AT TIME ZONE p.time_zone)::date INTO today FROM care.patient p WHERE p.patient_id = NEW.patient_id;
        UPDATE care.medication_statement s
        SET status = 'stopped', taken_during = daterange(lower(s.taken_during), greatest(today, lower(s.taken_during) + 1))
        WHERE s.medication_statement_id = NEW.medication_statement_id AND s.status IN ('active', 'on_hold');
    ELSIF NEW.decision = 'changed' THEN
        UPDATE care.medication_statement s SET dosage = NEW.dosage
        WHERE s.medication_statement_id = NEW.medication_statement_id AND s.status IN ('active', 'on_hold');
    END IF;
    IF NEW.decision IN ('stopped', 'changed') AND NOT FOUND THEN
        PERFORM care.refuse('reconciled_statement_is_current', 'This medicine is not taken any more: read the list again.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.carry_out_reconciliation() IS 'Trigger before a finding is stored: it belongs to a reconciliation of this transaction, and what it decides is done.';
CREATE TRIGGER reconciled_statement_is_carried_out BEFORE INSERT ON care.reconciled_statement
    FOR EACH ROW EXECUTE FUNCTION care.carry_out_reconciliation();
CREATE TRIGGER medication_reconciliation_is_recorded_in_person BEFORE INSERT ON care.medication_reconciliation
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_recorder('provider_id');
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{medication_reconciliation,reconciled_statement}'::text[] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON care.%I FOR EACH ROW EXECUTE FUNCTION care.stamp()',
                       name || '_is_stamped', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON care.%I FOR EACH ROW EXECUTE FUNCTION care.refuse_alteration()',
                       name || '_is_never_altered', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON care.%I FOR EACH STATEMENT
                        EXECUTE FUNCTION care.refuse_alteration()', name || '_is_never_emptied', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE ON care.%I FOR EACH ROW
                        WHEN (NOT pg_has_role(current_user, ''healthtrack_migrator'', ''USAGE''))
                        EXECUTE FUNCTION care.keep_row_under_hold()', name || '_stays_under_hold', name);
        EXECUTE format('CALL access.guard(%L, ''chart'')', 'care.' || name);
    END LOOP;
END $$;

CREATE POLICY is_seen_with_its_statement ON care.reconciled_statement AS RESTRICTIVE TO healthtrack_care
    USING (pg_has_role(CURRENT_USER, 'healthtrack_migrator', 'USAGE') OR EXISTS (
        SELECT FROM care.medication_statement s WHERE s.patient_id = reconciled_statement.patient_id
           AND s.medication_statement_id = reconciled_statement.medication_statement_id));
COMMENT ON POLICY is_seen_with_its_statement ON care.reconciled_statement IS 'Who does not see a medicine does not see what was found of it.';

CALL access.publish('reconcile_medication',
    'patient uuid, encounter uuid, statements uuid[], decisions text[], dosages text[]', 'uuid', $body$
    IF cardinality(statements) IS DISTINCT FROM cardinality(decisions) OR cardinality(statements) IS DISTINCT FROM cardinality(dosages) THEN
        PERFORM access.refuse('reconciled_statement_is_decided', 'Give each medicine a decision and, where it is changed, its dosage.');
    END IF;
    INSERT INTO care.medication_reconciliation AS r (patient_id, encounter_id, provider_id)
    VALUES (patient, encounter, access.acting_provider()) RETURNING r.medication_reconciliation_id INTO answer;
    INSERT INTO care.reconciled_statement (patient_id, medication_reconciliation_id, medication_statement_id, decision, dosage)
    SELECT patient, answer, d.statement, d.decision, d.dosage
    FROM unnest(statements, decisions, dosages) AS d (statement, decision, dosage);
    PERFORM access.note(me, 'create', patient, 'care.medication_reconciliation/' || answer);$body$,
    'Stores what was found of each current medicine of a patient at a visit, and does what was decided; gives its key.');
INSERT INTO access.look_kind (kind, scope) VALUES ('reconciliations', 'chart');
CALL access.publish('read_reconciliations', '',
    'TABLE (medication_reconciliation_id uuid, encounter_id uuid, provider_id uuid, completed_at timestamptz, findings jsonb)',
    $body$RETURN QUERY SELECT r.medication_reconciliation_id, r.encounter_id, r.provider_id, r.created_at,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('medication_statement_id', f.medication_statement_id, 'name', m.name,
             'decision', f.decision, 'dosage', f.dosage) ORDER BY m.name, f.medication_statement_id), '[]')
         FROM care.reconciled_statement f JOIN care.medication_statement s USING (patient_id, medication_statement_id)
         JOIN care.medication m USING (medication_id)
         WHERE f.patient_id = r.patient_id AND f.medication_reconciliation_id = r.medication_reconciliation_id)
    FROM care.medication_reconciliation r WHERE r.patient_id = patient
    ORDER BY r.created_at DESC, r.medication_reconciliation_id LIMIT 100;$body$,
    'When the medicines of a patient were gone through and what was found of each, the latest first, 100 at most.',
    look => $$'reconciliations'$$);
