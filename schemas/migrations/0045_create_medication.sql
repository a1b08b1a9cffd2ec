-- Drugs: the list, what patients say that they take, prescriptions and fills.
--
-- A dose is a number with a unit, a route and a frequency, so that a program can add and compare; the words for the
-- label stand beside it. A prescription needs a care relationship at the moment when it is written, and through the
-- portal the prescriber is whoever acts: nobody prescribes in another's name. What another network prescribed is a
-- statement and not a prescription. A fill locks its prescription before it counts the others, so two pharmacies at
-- once cannot go beyond its refills. New tables; the foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.medication (
    medication_id uuid           NOT NULL DEFAULT gen_random_uuid(),
    created_at    timestamptz    NOT NULL DEFAULT now(),
    updated_at    timestamptz    NOT NULL DEFAULT now(),
    version       integer        NOT NULL DEFAULT 1,
    strength      numeric(12,4),
    code_system   text           NOT NULL,
    code          text           NOT NULL,
    name          text           NOT NULL,
    ingredient    text           NOT NULL,
    form          text           NOT NULL,
    strength_unit care.ucum_unit,
    updated_by    text           NOT NULL DEFAULT session_user,

    CONSTRAINT medication_pkey PRIMARY KEY (medication_id),
    CONSTRAINT medication_code_fits_its_system CHECK (
        code_system IN ('rxnorm', 'atc') AND care.code_fits(code_system, code)
    ),
    CONSTRAINT medication_name_is_some CHECK (name ~ '\S'),
    CONSTRAINT medication_ingredient_is_in_lower_case CHECK (ingredient ~ '\S' AND ingredient = lower(ingredient)),
    CONSTRAINT medication_form_is_known CHECK (
        form IN ('tablet', 'capsule', 'solution', 'injection', 'inhaler', 'cream', 'patch', 'drops',
        'spray', 'suppository', 'other')
    ),
    CONSTRAINT medication_strength_has_a_unit CHECK (
        (strength IS NULL) = (strength_unit IS NULL) AND strength > 0 IS NOT FALSE
    ),
    CONSTRAINT medication_is_listed_once UNIQUE (code_system, code, name)
);
CREATE INDEX medication_ingredient_idx ON care.medication (ingredient);
CREATE TRIGGER medication_is_touched BEFORE UPDATE ON care.medication FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.medication               IS 'A drug as it is prescribed: substance, form and strength.';
COMMENT ON COLUMN care.medication.medication_id IS 'Key.';
COMMENT ON COLUMN care.medication.created_at    IS 'When the row was made.';
COMMENT ON COLUMN care.medication.updated_at    IS 'When it was last changed.';
COMMENT ON COLUMN care.medication.version       IS 'Raised by each change.';
COMMENT ON COLUMN care.medication.strength      IS 'How much of the substance a unit holds; null for several substances.';
COMMENT ON COLUMN care.medication.code_system   IS 'rxnorm or atc.';
COMMENT ON COLUMN care.medication.code          IS 'Code of that system.';
COMMENT ON COLUMN care.medication.name          IS 'What it is called.';
COMMENT ON COLUMN care.medication.ingredient    IS 'Its substance in lower case; what makes two fills the same drug.';
COMMENT ON COLUMN care.medication.form          IS 'tablet, capsule, solution, injection, inhaler, cream, patch, drops, spray, suppository or other.';
COMMENT ON COLUMN care.medication.strength_unit IS 'Unit of the strength.';
COMMENT ON COLUMN care.medication.updated_by    IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT medication_pkey ON care.medication IS 'This medication is known already.';
COMMENT ON CONSTRAINT medication_code_fits_its_system ON care.medication IS 'This is no code of RxNorm or ATC.';
COMMENT ON CONSTRAINT medication_name_is_some ON care.medication IS 'Say what it is called.';
COMMENT ON CONSTRAINT medication_ingredient_is_in_lower_case ON care.medication IS 'Write the substance in lower case.';
COMMENT ON CONSTRAINT medication_form_is_known ON care.medication IS 'Choose the form that it comes in.';
COMMENT ON CONSTRAINT medication_strength_has_a_unit ON care.medication IS 'A strength is above zero and has a unit.';
COMMENT ON CONSTRAINT medication_is_listed_once ON care.medication IS 'This drug is in the list already.';
CALL access.guard('care.medication', 'directory');

CREATE TABLE care.medication_statement (
    medication_statement_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id              uuid        NOT NULL,
    medication_id           uuid        NOT NULL,
    recorded_by             uuid,
    created_at              timestamptz NOT NULL DEFAULT now(),
    updated_at              timestamptz NOT NULL DEFAULT now(),
    version                 integer     NOT NULL DEFAULT 1,
    taken_during            daterange   NOT NULL,
    source                  text        NOT NULL,
    status                  text        NOT NULL,
    dosage                  text,
    reason                  text,
    updated_by              text        NOT NULL DEFAULT session_user,

    CONSTRAINT medication_statement_pkey PRIMARY KEY (medication_statement_id),
    CONSTRAINT medication_statement_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT medication_statement_medication_fkey
        FOREIGN KEY (medication_id) REFERENCES care.medication (medication_id),
    CONSTRAINT medication_statement_recorder_fkey FOREIGN KEY (recorded_by) REFERENCES care.provider (provider_id),
    CONSTRAINT medication_statement_source_is_known CHECK (source IN ('patient', 'provider')),
    CONSTRAINT medication_statement_provider_says_who CHECK ((source = 'provider') = (recorded_by IS NOT NULL)),
    CONSTRAINT medication_statement_status_is_known CHECK (
        status IN ('active', 'completed', 'stopped', 'on_hold', 'entered_in_error')
    ),
    CONSTRAINT medication_statement_period_is_some CHECK (NOT isempty(taken_during)),
    CONSTRAINT medication_statement_is_over_once_ended CHECK (
        status NOT IN ('completed', 'stopped') OR upper(taken_during) IS NOT NULL
    ),
    CONSTRAINT medication_statement_is_listed_once
        EXCLUDE USING gist (patient_id WITH =, medication_id WITH =, source WITH =, taken_during WITH &&) WHERE
            (status IN ('active', 'on_hold'))
);
CREATE TRIGGER medication_statement_is_stamped BEFORE INSERT OR UPDATE ON care.medication_statement
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER medication_statement_is_touched BEFORE UPDATE ON care.medication_statement
    FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER medication_statement_keeps_former_versions AFTER UPDATE ON care.medication_statement
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.medication_statement                         IS 'A drug that a patient takes or took, whoever prescribed it.';
COMMENT ON COLUMN care.medication_statement.medication_statement_id IS 'Key.';
COMMENT ON COLUMN care.medication_statement.patient_id              IS 'Whose.';
COMMENT ON COLUMN care.medication_statement.medication_id           IS 'What.';
COMMENT ON COLUMN care.medication_statement.recorded_by             IS 'Provider who wrote it down; null where the patient did.';
COMMENT ON COLUMN care.medication_statement.created_at              IS 'When the row was made.';
COMMENT ON COLUMN care.medication_statement.updated_at              IS 'When it was last changed.';
COMMENT ON COLUMN care.medication_statement.version                 IS 'Raised by each change.';
COMMENT ON COLUMN care.medication_statement.taken_during            IS 'When; unbounded where that is not known, or while it goes on.';
COMMENT ON COLUMN care.medication_statement.source                  IS 'patient or provider.';
COMMENT ON COLUMN care.medication_statement.status                  IS 'active, completed, stopped, on_hold or entered_in_error.';
COMMENT ON COLUMN care.medication_statement.dosage                  IS 'How, in words.';
COMMENT ON COLUMN care.medication_statement.reason                  IS 'Why, in words.';
COMMENT ON COLUMN care.medication_statement.updated_by              IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT medication_statement_pkey ON care.medication_statement IS 'This medication statement is known already.';
COMMENT ON CONSTRAINT medication_statement_patient_fkey ON care.medication_statement IS 'Register the patient first.';
COMMENT ON CONSTRAINT medication_statement_medication_fkey ON care.medication_statement IS 'Choose a drug of the list.';
COMMENT ON CONSTRAINT medication_statement_recorder_fkey ON care.medication_statement IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT medication_statement_source_is_known ON care.medication_statement IS 'Choose patient or provider.';
COMMENT ON CONSTRAINT medication_statement_provider_says_who ON care.medication_statement IS 'Say which provider wrote it down.';
COMMENT ON CONSTRAINT medication_statement_status_is_known ON care.medication_statement IS 'Choose how it stands.';
COMMENT ON CONSTRAINT medication_statement_period_is_some ON care.medication_statement IS 'A period ends after it began.';
COMMENT ON CONSTRAINT medication_statement_is_over_once_ended ON care.medication_statement IS 'Say when it ended.';
COMMENT ON CONSTRAINT medication_statement_is_listed_once ON care.medication_statement IS 'This stands in the record for that time already.';
CALL access.guard('care.medication_statement', 'chart');

CREATE POLICY own_entry ON care.medication_statement FOR INSERT TO healthtrack_portal
    WITH CHECK (source = 'patient' AND patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY own_change ON care.medication_statement FOR UPDATE TO healthtrack_portal
    USING (source = 'patient' AND patient_id = ANY ((SELECT access.own_patients())::uuid[]))
    WITH CHECK (source = 'patient' AND patient_id = ANY ((SELECT access.own_patients())::uuid[]));

CREATE TABLE care.prescription (
    prescription_id uuid           NOT NULL DEFAULT gen_random_uuid(),
    patient_id      uuid           NOT NULL,
    medication_id   uuid           NOT NULL,
    prescriber_id   uuid           NOT NULL,
    encounter_id    uuid,
    created_at      timestamptz    NOT NULL DEFAULT now(),
    updated_at      timestamptz    NOT NULL DEFAULT now(),
    authored_at     timestamptz    NOT NULL DEFAULT now(),
    version         integer        NOT NULL DEFAULT 1,
    days_supply     smallint       NOT NULL,
    refills_allowed smallint       NOT NULL DEFAULT 0,
    times           smallint,
    as_needed       boolean        NOT NULL DEFAULT false,
    valid_during    daterange      NOT NULL,
    dose_quantity   numeric(10,3)  NOT NULL,
    quantity        numeric(10,3)  NOT NULL,
    per_amount      numeric(6,2)   NOT NULL DEFAULT 1,
    per_unit        text           NOT NULL DEFAULT 'day',
    dose_unit       care.ucum_unit NOT NULL,
    route           text           NOT NULL,
    instructions    text           NOT NULL,
    status          text           NOT NULL DEFAULT 'active',
    status_reason   text,
    updated_by      text           NOT NULL DEFAULT session_user,

    CONSTRAINT prescription_pkey PRIMARY KEY (prescription_id),
    CONSTRAINT prescription_id_with_patient_is_unique UNIQUE (patient_id, prescription_id),
    CONSTRAINT prescription_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT prescription_medication_fkey FOREIGN KEY (medication_id) REFERENCES care.medication (medication_id),
    CONSTRAINT prescription_prescriber_fkey FOREIGN KEY (prescriber_id) REFERENCES care.provider (provider_id),
    CONSTRAINT prescription_encounter_fkey
        FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter (patient_id, encounter_id),
    CONSTRAINT prescription_dose_is_positive CHECK (dose_quantity > 0 AND quantity >= dose_quantity),
    CONSTRAINT prescription_frequency_is_given CHECK (as_needed OR times IS NOT NULL),
    CONSTRAINT prescription_frequency_is_believable CHECK (times BETWEEN 1 AND 24 AND per_amount > 0),
    CONSTRAINT prescription_per_unit_is_known CHECK (per_unit IN ('hour', 'day', 'week', 'month')),
    CONSTRAINT prescription_route_is_known CHECK (
        route IN ('oral', 'sublingual', 'inhaled', 'nasal', 'topical', 'transdermal', 'subcutaneous',
        'intramuscular', 'intravenous', 'rectal', 'vaginal', 'ophthalmic', 'otic')
    ),
    CONSTRAINT prescription_instructions_are_some CHECK (instructions ~ '\S'),
    CONSTRAINT prescription_status_is_known CHECK (
        status IN ('draft', 'active', 'on_hold', 'completed', 'stopped', 'entered_in_error')
    ),
    CONSTRAINT prescription_stop_says_why CHECK (
        status NOT IN ('stopped', 'on_hold') OR coalesce(status_reason ~ '\S', false)
    ),
    CONSTRAINT prescription_period_is_bounded CHECK (
        NOT isempty(valid_during) AND coalesce(upper(valid_during) <= lower(valid_during) + 366, false)
    ),
    CONSTRAINT prescription_supply_is_believable CHECK (days_supply BETWEEN 1 AND 366),
    CONSTRAINT prescription_refills_are_few CHECK (refills_allowed BETWEEN 0 AND 12)
);
CREATE INDEX prescription_patient_idx ON care.prescription (patient_id, authored_at);
CREATE INDEX prescription_encounter_idx ON care.prescription (patient_id, encounter_id);
CREATE INDEX prescription_prescriber_idx ON care.prescription (prescriber_id, authored_at);
CREATE TRIGGER prescription_is_stamped BEFORE INSERT OR UPDATE ON care.prescription
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER prescription_is_touched BEFORE UPDATE ON care.prescription FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER prescription_keeps_former_versions AFTER UPDATE ON care.prescription
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.prescription                 IS 'An order for a drug: dose, frequency and how much may be dispensed.';
COMMENT ON COLUMN care.prescription.prescription_id IS 'Key.';
COMMENT ON COLUMN care.prescription.patient_id      IS 'Whose.';
COMMENT ON COLUMN care.prescription.medication_id   IS 'What.';
COMMENT ON COLUMN care.prescription.prescriber_id   IS 'Who answers for it; cares for the patient at that moment.';
COMMENT ON COLUMN care.prescription.encounter_id    IS 'The visit at which it was written; null where there was none.';
COMMENT ON COLUMN care.prescription.created_at      IS 'When the row was made.';
COMMENT ON COLUMN care.prescription.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.prescription.authored_at     IS 'When it was written.';
COMMENT ON COLUMN care.prescription.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.prescription.days_supply     IS 'How many days one fill is for.';
COMMENT ON COLUMN care.prescription.refills_allowed IS 'How often it may be filled after the first time.';
COMMENT ON COLUMN care.prescription.times           IS 'How many doses in a period of time; null only as needed.';
COMMENT ON COLUMN care.prescription.as_needed       IS 'True where the patient decides when.';
COMMENT ON COLUMN care.prescription.valid_during    IS 'Half-open; when it may be filled.';
COMMENT ON COLUMN care.prescription.dose_quantity   IS 'One dose.';
COMMENT ON COLUMN care.prescription.quantity        IS 'How much one fill may hold at most, in units of the dose.';
COMMENT ON COLUMN care.prescription.per_amount      IS 'Length of that period of time, in its unit.';
COMMENT ON COLUMN care.prescription.per_unit        IS 'hour, day, week or month.';
COMMENT ON COLUMN care.prescription.dose_unit       IS 'Unit of dose and quantity: mg, mL, {tablet}.';
COMMENT ON COLUMN care.prescription.route           IS 'oral, sublingual, inhaled, nasal, topical, transdermal, subcutaneous, intramuscular, intravenous, rectal, vaginal, ophthalmic or otic.';
COMMENT ON COLUMN care.prescription.instructions    IS 'The same in words, for the label.';
COMMENT ON COLUMN care.prescription.status          IS 'draft, active, on_hold, completed, stopped or entered_in_error.';
COMMENT ON COLUMN care.prescription.status_reason   IS 'Why it was stopped or put on hold.';
COMMENT ON COLUMN care.prescription.updated_by      IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT prescription_pkey ON care.prescription IS 'This prescription is known already.';
COMMENT ON CONSTRAINT prescription_id_with_patient_is_unique ON care.prescription IS 'This prescription is known already.';
COMMENT ON CONSTRAINT prescription_patient_fkey ON care.prescription IS 'Register the patient first.';
COMMENT ON CONSTRAINT prescription_medication_fkey ON care.prescription IS 'Choose a drug of the list.';
COMMENT ON CONSTRAINT prescription_prescriber_fkey ON care.prescription IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT prescription_encounter_fkey ON care.prescription IS 'Choose a visit of this patient.';
COMMENT ON CONSTRAINT prescription_dose_is_positive ON care.prescription IS 'A dose is above zero, and a fill holds at least one.';
COMMENT ON CONSTRAINT prescription_frequency_is_given ON care.prescription IS 'Say how often, or as needed.';
COMMENT ON CONSTRAINT prescription_frequency_is_believable ON care.prescription IS 'Give one to 24 doses in a period of time.';
COMMENT ON CONSTRAINT prescription_per_unit_is_known ON care.prescription IS 'Choose hour, day, week or month.';
COMMENT ON CONSTRAINT prescription_route_is_known ON care.prescription IS 'Choose how it is taken.';
COMMENT ON CONSTRAINT prescription_instructions_are_some ON care.prescription IS 'Say in words how to take it.';
COMMENT ON CONSTRAINT prescription_status_is_known ON care.prescription IS 'Choose how it stands.';
COMMENT ON CONSTRAINT prescription_stop_says_why ON care.prescription IS 'Say why it was stopped.';
COMMENT ON CONSTRAINT prescription_period_is_bounded ON care.prescription IS 'A prescription is valid for a year at most.';
COMMENT ON CONSTRAINT prescription_supply_is_believable ON care.prescription IS 'One fill is for 1 to 366 days.';
COMMENT ON CONSTRAINT prescription_refills_are_few ON care.prescription IS 'Up to twelve refills can be allowed.';
CALL access.guard('care.prescription', 'chart');

CREATE TABLE care.dispense (
    dispense_id     uuid          NOT NULL DEFAULT gen_random_uuid(),
    patient_id      uuid          NOT NULL,
    prescription_id uuid          NOT NULL,
    facility_id     uuid          NOT NULL,
    created_at      timestamptz   NOT NULL DEFAULT now(),
    updated_at      timestamptz   NOT NULL DEFAULT now(),
    version         integer       NOT NULL DEFAULT 1,
    filled_on       date          NOT NULL,
    days_supply     smallint      NOT NULL,
    quantity        numeric(10,3) NOT NULL,
    status          text          NOT NULL DEFAULT 'completed',
    updated_by      text          NOT NULL DEFAULT session_user,

    CONSTRAINT dispense_pkey PRIMARY KEY (dispense_id),
    CONSTRAINT dispense_id_with_patient_is_unique UNIQUE (patient_id, dispense_id),
    CONSTRAINT dispense_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT dispense_prescription_fkey
        FOREIGN KEY (patient_id, prescription_id) REFERENCES care.prescription (patient_id, prescription_id),
    CONSTRAINT dispense_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT dispense_supply_is_believable CHECK (days_supply BETWEEN 1 AND 366),
    CONSTRAINT dispense_quantity_is_positive CHECK (quantity > 0),
    CONSTRAINT dispense_status_is_known CHECK (status IN ('completed', 'returned', 'entered_in_error')),
    CONSTRAINT dispense_is_filled_once_a_day
        EXCLUDE USING btree (prescription_id WITH =, filled_on WITH =) WHERE (status = 'completed')
);
CREATE INDEX dispense_patient_idx ON care.dispense (patient_id, filled_on);
CREATE INDEX dispense_prescription_idx ON care.dispense (prescription_id, filled_on);
CREATE INDEX dispense_filled_idx ON care.dispense (filled_on);
CREATE TRIGGER dispense_is_stamped BEFORE INSERT OR UPDATE ON care.dispense
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER dispense_is_touched BEFORE UPDATE ON care.dispense FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER dispense_keeps_former_versions AFTER UPDATE ON care.dispense
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.dispense                 IS 'A fill: what a pharmacy gave out for a prescription.';
COMMENT ON COLUMN care.dispense.dispense_id     IS 'Key.';
COMMENT ON COLUMN care.dispense.patient_id      IS 'Whose.';
COMMENT ON COLUMN care.dispense.prescription_id IS 'For which.';
COMMENT ON COLUMN care.dispense.facility_id     IS 'By which pharmacy.';
COMMENT ON COLUMN care.dispense.created_at      IS 'When the row was made.';
COMMENT ON COLUMN care.dispense.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.dispense.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.dispense.filled_on       IS 'When.';
COMMENT ON COLUMN care.dispense.days_supply     IS 'How many days it is for.';
COMMENT ON COLUMN care.dispense.quantity        IS 'How much, in units of the prescription.';
COMMENT ON COLUMN care.dispense.status          IS 'completed, returned or entered_in_error.';
COMMENT ON COLUMN care.dispense.updated_by      IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT dispense_pkey ON care.dispense IS 'This dispense is known already.';
COMMENT ON CONSTRAINT dispense_id_with_patient_is_unique ON care.dispense IS 'This dispense is known already.';
COMMENT ON CONSTRAINT dispense_patient_fkey ON care.dispense IS 'Register the patient first.';
COMMENT ON CONSTRAINT dispense_prescription_fkey ON care.dispense IS 'Choose a prescription of this patient.';
COMMENT ON CONSTRAINT dispense_facility_fkey ON care.dispense IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT dispense_supply_is_believable ON care.dispense IS 'One fill is for 1 to 366 days.';
COMMENT ON CONSTRAINT dispense_quantity_is_positive ON care.dispense IS 'A fill holds something.';
COMMENT ON CONSTRAINT dispense_status_is_known ON care.dispense IS 'Choose completed, returned or entered_in_error.';
COMMENT ON CONSTRAINT dispense_is_filled_once_a_day ON care.dispense IS 'This prescription was filled on that day already.';
CALL access.guard('care.dispense', 'chart');

CREATE FUNCTION access.acting_provider() RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT provider_id FROM access.account WHERE account_id = access.actor() AND disabled_at IS NULL
$$;
COMMENT ON FUNCTION access.acting_provider() IS 'The provider whom the actor is; null for all others.';

CREATE FUNCTION care.check_prescriber() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF access.actor() IS NOT NULL AND access.acting_provider() IS DISTINCT FROM NEW.prescriber_id THEN
        PERFORM care.refuse('prescriber_acts_in_person', 'A provider prescribes in the own name only.');
    END IF;
    IF access.actor() IS NOT NULL THEN
        NEW.authored_at := now();
    END IF;
    IF NOT EXISTS (
        SELECT FROM access.care_relationship r
        WHERE r.provider_id = NEW.prescriber_id AND r.patient_id = NEW.patient_id AND r.valid_during @> NEW.authored_at
    ) THEN
        PERFORM care.refuse('prescriber_cares_for_the_patient',
            'The prescriber did not care for this patient at that time.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_prescriber() IS 'Trigger: a prescription is written by a provider in care, and through the portal in the own name and now.';
CREATE TRIGGER prescription_is_by_a_provider_in_care
    BEFORE INSERT OR UPDATE OF prescriber_id, authored_at ON care.prescription
    FOR EACH ROW EXECUTE FUNCTION care.check_prescriber();

CREATE FUNCTION care.check_prescription_change() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    may_change constant text[] :=
        '{status, status_reason, valid_during, refills_allowed, version, updated_at, updated_by}';
BEGIN
    IF OLD.status IN ('completed', 'stopped', 'entered_in_error')
       AND NEW.status NOT IN (OLD.status, 'entered_in_error') THEN
        PERFORM care.refuse('prescription_that_ended_stays_ended', 'This prescription has ended: write a new one.');
    END IF;
    IF to_jsonb(NEW) - may_change <> to_jsonb(OLD) - may_change AND EXISTS (
        SELECT FROM care.dispense d WHERE d.prescription_id = OLD.prescription_id AND d.status = 'completed'
    ) THEN
        PERFORM care.refuse('prescription_that_was_filled_is_not_altered',
            'This prescription has been filled: stop it and write a new one.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_prescription_change() IS 'Trigger: what has been filled keeps its dose, and what has ended stays ended.';
CREATE TRIGGER prescription_keeps_what_was_filled BEFORE UPDATE ON care.prescription
    FOR EACH ROW EXECUTE FUNCTION care.check_prescription_change();

CREATE FUNCTION care.check_dispense() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ordered care.prescription;
    fills   bigint;
BEGIN
    IF NEW.status <> 'completed' THEN
        RETURN NEW;
    END IF;
    SELECT * INTO ordered FROM care.prescription p
    WHERE p.patient_id = NEW.patient_id AND p.prescription_id = NEW.prescription_id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NEW;  -- The foreign key says it better.
    END IF;
    -- A fill that is only corrected may be of a prescription that has ended since.
    IF (TG_OP = 'INSERT' AND ordered.status <> 'active') OR NOT ordered.valid_during @> NEW.filled_on THEN
        PERFORM care.refuse('dispense_is_within_a_valid_prescription', 'This prescription is not valid on that day.');
    END IF;
    IF NEW.quantity > ordered.quantity THEN
        PERFORM care.refuse('dispense_is_within_the_quantity', 'This is more than was prescribed for one fill.');
    END IF;
    SELECT count(*) INTO fills FROM care.dispense d
    WHERE d.prescription_id = NEW.prescription_id AND d.status = 'completed' AND d.dispense_id <> NEW.dispense_id;
    IF fills > ordered.refills_allowed THEN
        PERFORM care.refuse('dispense_is_within_the_refills', 'All refills of this prescription have been used.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_dispense() IS 'Trigger: a fill keeps to its prescription''s days, quantity and refills, also beside another fill.';
CREATE TRIGGER dispense_keeps_to_its_prescription BEFORE INSERT OR UPDATE ON care.dispense
    FOR EACH ROW EXECUTE FUNCTION care.check_dispense();
