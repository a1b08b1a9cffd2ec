-- The network's catalogues, kept by its administrators: memberships, prices, medicines, units, codes, questionnaires.
--
-- A code of a category may be added and not taken away, since rows were kept apart by it. A medicine is added and not
-- changed, since prescriptions name it. A questionnaire is never altered; it gets a day from which on nobody answers it.
-- Each event names the row: by its word, or by the digest of a code with digits, which an event does not hold.
-- Locks care.questionnaire and care.questionnaire_response for a moment. Undo: drop the functions, the trigger and the
-- column; put questionnaire_is_never_altered back without its condition.
ALTER TABLE care.questionnaire ADD COLUMN retired_on date;
COMMENT ON COLUMN care.questionnaire.retired_on IS 'First day on which it is not answered any more; null while it is in use.';
DROP TRIGGER questionnaire_is_never_altered ON care.questionnaire;
CREATE TRIGGER questionnaire_is_never_altered BEFORE UPDATE ON care.questionnaire FOR EACH ROW
    WHEN (to_jsonb(OLD) - 'retired_on' IS DISTINCT FROM to_jsonb(NEW) - 'retired_on') EXECUTE FUNCTION care.refuse_alteration();
COMMENT ON TRIGGER questionnaire_is_never_altered ON care.questionnaire IS
    'Trigger before each update: refuses a change of anything but the day from which on nobody answers.';
CALL access.let_keep('care.questionnaire', false);
REVOKE INSERT, UPDATE ON care.questionnaire FROM healthtrack_care;
GRANT UPDATE (retired_on) ON care.questionnaire TO healthtrack_care;

CREATE FUNCTION care.refuse_answers_of_retired() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF access.actor() IS NOT NULL AND EXISTS (
        SELECT FROM care.questionnaire q WHERE q.questionnaire_id = NEW.questionnaire_id AND q.retired_on <= current_date) THEN
        PERFORM care.refuse('questionnaire_is_in_use', 'This questionnaire is not in use any more: choose its newest edition.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.refuse_answers_of_retired() IS
    'Trigger after answers are begun: refuses an account''s answers to a questionnaire that is not in use any more.';
REVOKE ALL ON FUNCTION care.refuse_answers_of_retired() FROM PUBLIC;
CREATE TRIGGER questionnaire_response_is_of_one_in_use AFTER INSERT ON care.questionnaire_response
    FOR EACH ROW EXECUTE FUNCTION care.refuse_answers_of_retired();
COMMENT ON TRIGGER questionnaire_response_is_of_one_in_use ON care.questionnaire_response IS
    'Trigger after answers are begun: refuses an account''s answers to a questionnaire that is not in use any more.';

CALL access.publish('retire_questionnaire', 'questionnaire uuid, retired_on date', 'void',
    $body$PERFORM access.check_administrator(me);
    UPDATE care.questionnaire q SET retired_on = retire_questionnaire.retired_on WHERE q.questionnaire_id = questionnaire;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.questionnaire/' || questionnaire);$body$,
    'Says from which day on a questionnaire is not answered any more; none where it is in use again.');
CALL access.publish('keep_membership_plan', 'plan text, title text, lead_days integer, patience_days integer, priority boolean,
    telehealth boolean, personal_plans boolean', 'void',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.membership_plan (plan, title, lead_days, patience_days, priority, telehealth, personal_plans)
    VALUES (keep_membership_plan.plan, keep_membership_plan.title, keep_membership_plan.lead_days, keep_membership_plan.patience_days,
            keep_membership_plan.priority, keep_membership_plan.telehealth, keep_membership_plan.personal_plans)
    ON CONFLICT ON CONSTRAINT membership_plan_pkey DO UPDATE
    SET title = EXCLUDED.title, lead_days = EXCLUDED.lead_days, patience_days = EXCLUDED.patience_days,
        priority = EXCLUDED.priority, telehealth = EXCLUDED.telehealth, personal_plans = EXCLUDED.personal_plans;
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.membership_plan', plan));$body$,
    'Adds a plan of membership, or says anew what its members may.');
CALL access.publish('keep_charge_code', 'charge_code text, title text, cents bigint, currency text, retired_on date', 'void',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.charge_code (charge_code, title, unit_price, currency, retired_on)
    VALUES (keep_charge_code.charge_code, keep_charge_code.title, keep_charge_code.cents / 100.0, keep_charge_code.currency,
            keep_charge_code.retired_on)
    ON CONFLICT ON CONSTRAINT charge_code_pkey DO UPDATE
    SET title = EXCLUDED.title, unit_price = EXCLUDED.unit_price, currency = EXCLUDED.currency, retired_on = EXCLUDED.retired_on;
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.charge_code', keep_charge_code.charge_code));$body$,
    'Adds a price to the list, changes it for invoices to come, or ends it.');
CALL access.publish('add_medication', 'code_system text, code text, name text, ingredient text, form text, strength double precision,
    strength_unit text', 'uuid',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.medication AS m (code_system, code, name, ingredient, form, strength, strength_unit)
    VALUES (add_medication.code_system, add_medication.code, add_medication.name, add_medication.ingredient,
            add_medication.form, add_medication.strength, add_medication.strength_unit)
    RETURNING m.medication_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.medication/' || answer);$body$,
    'Adds a medicine that can be prescribed; the key.');
CALL access.publish('keep_loinc_unit', 'loinc text, unit text, lowest double precision, highest double precision', 'void',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.loinc_unit (loinc, unit, lowest, highest)
    VALUES (keep_loinc_unit.loinc, keep_loinc_unit.unit, keep_loinc_unit.lowest, keep_loinc_unit.highest)
    ON CONFLICT ON CONSTRAINT loinc_unit_pkey DO UPDATE SET lowest = EXCLUDED.lowest, highest = EXCLUDED.highest;
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.loinc_unit', keep_loinc_unit.loinc || ' ' || keep_loinc_unit.unit));$body$,
    'Lets a code be measured in a unit, or says anew what nobody can have.');
CALL access.publish('add_sensitive_code', 'code_system text, code text, sensitivity text', 'void',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.sensitive_code (code_system, code, sensitivity)
    VALUES (add_sensitive_code.code_system, add_sensitive_code.code, add_sensitive_code.sensitivity);
    PERFORM access.note(me, 'create', NULL, access.kept_under('care.sensitive_code', add_sensitive_code.code_system || ' ' || add_sensitive_code.code),
                        access.word_of(add_sensitive_code.sensitivity));$body$,
    'Keeps rows to come with this code apart.');
