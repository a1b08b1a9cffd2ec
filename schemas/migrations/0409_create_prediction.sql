-- Models that predict, and what they said of whom: version, digest of the inputs, horizon, and later what came true.
--
-- A prediction cannot be judged without the model as it was, what went in, and what happened then. A model is described
-- before it is used (what it is meant for, by which inputs, in whom it was tried and how well it did) and approved by a
-- provider; only then may it predict, and its words never change. Models are the owner's to list; programs store
-- predictions, and nothing computes any yet. The outcome is told once. New tables; keys lock others for an instant. Undo:
-- drop functions, look and tables.
CREATE TABLE care.prediction_model (
    prediction_model_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    approved_by         uuid,
    created_at          timestamptz NOT NULL DEFAULT now(),
    updated_at          timestamptz NOT NULL DEFAULT now(),
    approved_at         timestamptz,
    retired_at          timestamptz,
    version             integer     NOT NULL DEFAULT 1,
    name                text        NOT NULL,
    model_version       text        NOT NULL,
    intended_use        text        NOT NULL,
    inputs              text[]      NOT NULL,
    predicts            text        NOT NULL,
    unit                text        NOT NULL,
    population          text        NOT NULL,
    performance         jsonb       NOT NULL,
    updated_by          text        NOT NULL DEFAULT session_user,

    CONSTRAINT prediction_model_pkey PRIMARY KEY (prediction_model_id),
    CONSTRAINT prediction_model_version_is_unique UNIQUE (name, model_version),
    CONSTRAINT prediction_model_approver_fkey FOREIGN KEY (approved_by) REFERENCES care.provider (provider_id),
    CONSTRAINT prediction_model_name_is_snake_case CHECK (name ~ '^[a-z][a-z0-9_]{1,60}$'),
    CONSTRAINT prediction_model_version_is_some CHECK (model_version ~ '^\S{1,40}$'),
    CONSTRAINT prediction_model_says_what_it_is_for CHECK (intended_use ~ '\S' AND predicts ~ '\S' AND population ~ '\S'),
    CONSTRAINT prediction_model_names_its_inputs CHECK (cardinality(inputs) > 0 AND array_position(inputs, NULL) IS NULL),
    CONSTRAINT prediction_model_unit_is_some CHECK (unit ~ '^\S{1,40}$'),
    CONSTRAINT prediction_model_performance_is_measured CHECK (jsonb_typeof(performance) = 'object' AND performance <> '{}'),
    CONSTRAINT prediction_model_approval_says_who CHECK (
        (approved_by IS NULL) = (approved_at IS NULL) AND retired_at >= approved_at IS NOT FALSE
    )
);
CREATE INDEX prediction_model_approver_idx ON care.prediction_model (approved_by);
COMMENT ON TABLE  care.prediction_model                     IS 'One version of a model that predicts, as it was tried and approved.';
COMMENT ON COLUMN care.prediction_model.prediction_model_id IS 'Key.';
COMMENT ON COLUMN care.prediction_model.approved_by         IS 'Provider who approved it; null before.';
COMMENT ON COLUMN care.prediction_model.created_at          IS 'When the row was made.';
COMMENT ON COLUMN care.prediction_model.updated_at          IS 'When it was last changed.';
COMMENT ON COLUMN care.prediction_model.approved_at         IS 'Since when it may be used; null before.';
COMMENT ON COLUMN care.prediction_model.retired_at          IS 'Since when it may not be used any more; null while it may.';
COMMENT ON COLUMN care.prediction_model.version             IS 'Raised by each change of the row.';
COMMENT ON COLUMN care.prediction_model.name                IS 'Its stable name: readmission_30_day.';
COMMENT ON COLUMN care.prediction_model.model_version       IS 'Which version of the model.';
COMMENT ON COLUMN care.prediction_model.intended_use        IS 'What it is meant for, and what not.';
COMMENT ON COLUMN care.prediction_model.inputs              IS 'What goes in, by name.';
COMMENT ON COLUMN care.prediction_model.predicts            IS 'What its number says.';
COMMENT ON COLUMN care.prediction_model.unit                IS 'Unit of its number; 1 for a probability.';
COMMENT ON COLUMN care.prediction_model.population          IS 'In whom it was made and tried.';
COMMENT ON COLUMN care.prediction_model.performance         IS 'How well it did there, by name of the measure: auroc, calibration_slope.';
COMMENT ON COLUMN care.prediction_model.updated_by          IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT prediction_model_pkey ON care.prediction_model IS 'This model is known already.';
COMMENT ON CONSTRAINT prediction_model_version_is_unique ON care.prediction_model IS 'This version of the model is listed already.';
COMMENT ON CONSTRAINT prediction_model_approver_fkey ON care.prediction_model IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT prediction_model_name_is_snake_case ON care.prediction_model IS 'Write the name in small letters, digits and underscores.';
COMMENT ON CONSTRAINT prediction_model_version_is_some ON care.prediction_model IS 'Give the model a version without spaces.';
COMMENT ON CONSTRAINT prediction_model_says_what_it_is_for ON care.prediction_model IS 'Say what it is meant for, what it predicts, and in whom it was tried.';
COMMENT ON CONSTRAINT prediction_model_names_its_inputs ON care.prediction_model IS 'Name at least one input.';
COMMENT ON CONSTRAINT prediction_model_unit_is_some ON care.prediction_model IS 'Give the unit of its number.';
COMMENT ON CONSTRAINT prediction_model_performance_is_measured ON care.prediction_model IS 'Say by at least one measure how well it did.';
COMMENT ON CONSTRAINT prediction_model_approval_says_who ON care.prediction_model IS 'Say who approved the model; it is retired after that.';

CREATE TABLE care.prediction (
    prediction_id       uuid             NOT NULL DEFAULT gen_random_uuid(),
    patient_id          uuid             NOT NULL,
    prediction_model_id uuid             NOT NULL,
    created_at          timestamptz      NOT NULL DEFAULT now(),
    updated_at          timestamptz      NOT NULL DEFAULT now(),
    horizon_at          timestamptz      NOT NULL,
    outcome_at          timestamptz,
    output              double precision NOT NULL,
    outcome             double precision,
    version             integer          NOT NULL DEFAULT 1,
    inputs_sha256       bytea            NOT NULL,
    band                text,
    sensitivity         care.sensitivity,
    updated_by          text             NOT NULL DEFAULT session_user,

    CONSTRAINT prediction_pkey PRIMARY KEY (prediction_id),
    CONSTRAINT prediction_id_with_patient_is_unique UNIQUE (patient_id, prediction_id),
    CONSTRAINT prediction_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT prediction_model_fkey FOREIGN KEY (prediction_model_id) REFERENCES care.prediction_model (prediction_model_id),
    CONSTRAINT prediction_inputs_are_a_digest CHECK (octet_length(inputs_sha256) = 32),
    CONSTRAINT prediction_output_is_a_number CHECK (output > '-Infinity' AND output < 'Infinity'),
    CONSTRAINT prediction_looks_ahead CHECK (horizon_at > created_at),
    CONSTRAINT prediction_outcome_has_a_time CHECK (
        (outcome IS NULL) = (outcome_at IS NULL) AND (outcome > '-Infinity' AND outcome < 'Infinity') IS NOT FALSE
        AND outcome_at >= created_at IS NOT FALSE
    )
);
CREATE INDEX prediction_patient_idx ON care.prediction (patient_id, created_at);
CREATE INDEX prediction_model_idx ON care.prediction (prediction_model_id, created_at);
COMMENT ON TABLE  care.prediction                     IS 'What a model said of a patient, and what came true.';
COMMENT ON COLUMN care.prediction.prediction_id       IS 'Key.';
COMMENT ON COLUMN care.prediction.patient_id          IS 'Of whom.';
COMMENT ON COLUMN care.prediction.prediction_model_id IS 'Which model said so, in which version.';
COMMENT ON COLUMN care.prediction.created_at          IS 'When it was said.';
COMMENT ON COLUMN care.prediction.updated_at          IS 'When the row was last changed.';
COMMENT ON COLUMN care.prediction.horizon_at          IS 'Until when it is to come true.';
COMMENT ON COLUMN care.prediction.outcome_at          IS 'When it was known what came; null before.';
COMMENT ON COLUMN care.prediction.output              IS 'What the model said, in its unit.';
COMMENT ON COLUMN care.prediction.outcome             IS 'What came, in the same unit, 1 or 0 for what happened or did not; null before.';
COMMENT ON COLUMN care.prediction.version             IS 'Raised by each change.';
COMMENT ON COLUMN care.prediction.inputs_sha256       IS 'SHA-256 of the inputs, so that they can be shown to be the same.';
COMMENT ON COLUMN care.prediction.band                IS 'What the model calls this range; null where it has none.';
COMMENT ON COLUMN care.prediction.sensitivity         IS 'What it is of, where it is kept apart from the rest of the chart; null for plain care.';
COMMENT ON COLUMN care.prediction.updated_by          IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT prediction_pkey ON care.prediction IS 'This prediction is known already.';
COMMENT ON CONSTRAINT prediction_id_with_patient_is_unique ON care.prediction IS 'This prediction is known already.';
COMMENT ON CONSTRAINT prediction_patient_fkey ON care.prediction IS 'Register the patient first.';
COMMENT ON CONSTRAINT prediction_model_fkey ON care.prediction IS 'Choose one of the listed models.';
COMMENT ON CONSTRAINT prediction_inputs_are_a_digest ON care.prediction IS 'Store the SHA-256 of the inputs.';
COMMENT ON CONSTRAINT prediction_output_is_a_number ON care.prediction IS 'A model says a number.';
COMMENT ON CONSTRAINT prediction_looks_ahead ON care.prediction IS 'A prediction is about what is to come.';
COMMENT ON CONSTRAINT prediction_outcome_has_a_time ON care.prediction IS 'Say what came and when it was known.';

CREATE FUNCTION care.check_prediction_model() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    free constant text[] := '{approved_by,approved_at,retired_at,version,updated_at,updated_by}';
BEGIN
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free
       OR OLD.approved_at IS NOT NULL AND (NEW.approved_by, NEW.approved_at) IS DISTINCT FROM (OLD.approved_by, OLD.approved_at)
       OR OLD.retired_at IS NOT NULL AND NEW.retired_at IS DISTINCT FROM OLD.retired_at THEN
        PERFORM care.refuse('prediction_model_keeps_its_words', 'A listed model is approved or retired once, and else stays: list its next version.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_prediction_model() IS 'Trigger before a model is changed: it is approved and retired, and keeps its words.';
CREATE TRIGGER prediction_model_keeps_its_words BEFORE UPDATE ON care.prediction_model
    FOR EACH ROW EXECUTE FUNCTION care.check_prediction_model();

CREATE FUNCTION care.check_prediction() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    free constant text[] := '{outcome,outcome_at,version,updated_at,updated_by}';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free OR OLD.outcome_at IS NOT NULL THEN
            PERFORM care.refuse('prediction_is_kept', 'What was predicted stays, and what came of it is told once.');
        END IF;
    ELSIF NOT EXISTS (SELECT FROM care.prediction_model m WHERE m.prediction_model_id = NEW.prediction_model_id
                         AND m.approved_at <= NEW.created_at AND (m.retired_at > NEW.created_at) IS NOT FALSE) THEN
        PERFORM care.refuse('prediction_is_by_an_approved_model', 'Choose a model that is approved and not retired.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_prediction() IS 'Trigger before a prediction is stored or changed: its model is approved, and only its outcome is told, once.';
CREATE TRIGGER prediction_is_kept BEFORE INSERT OR UPDATE ON care.prediction
    FOR EACH ROW EXECUTE FUNCTION care.check_prediction();
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY '{prediction_model,prediction}'::text[] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE INSERT OR UPDATE ON care.%I FOR EACH ROW EXECUTE FUNCTION care.stamp()',
                       name || '_is_stamped', name);
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON care.%I FOR EACH ROW EXECUTE FUNCTION care.touch()',
                       name || '_is_touched', name);
    END LOOP;
END $$;
CREATE TRIGGER prediction_stays_under_hold BEFORE DELETE ON care.prediction
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
CALL access.guard('care.prediction_model', 'directory');
CALL access.guard('care.prediction', 'sensitive_chart');
-- Programs write them.
REVOKE INSERT, UPDATE ON care.prediction FROM healthtrack_care;

INSERT INTO access.look_kind (kind, scope) VALUES ('predictions', 'chart');
CALL access.publish('list_prediction_models', '',
    'TABLE (prediction_model_id uuid, name text, model_version text, intended_use text, inputs text[], predicts text, unit text, population text, performance jsonb, approved_at timestamptz, retired_at timestamptz)',
    $body$RETURN QUERY SELECT m.prediction_model_id, m.name, m.model_version, m.intended_use, m.inputs, m.predicts, m.unit,
        m.population, m.performance, m.approved_at, m.retired_at
    FROM care.prediction_model m ORDER BY m.name, m.created_at DESC LIMIT 200;$body$,
    'Models that predict, with what they are meant for and how well they did, 200 at most.');
CALL access.publish('read_predictions', 'before timestamptz',
    'TABLE (prediction_id uuid, prediction_model_id uuid, name text, model_version text, said_at timestamptz, horizon_at timestamptz, output double precision, unit text, band text, outcome double precision, outcome_at timestamptz)',
    $body$RETURN QUERY SELECT p.prediction_id, p.prediction_model_id, m.name, m.model_version, p.created_at, p.horizon_at, p.output,
        m.unit, p.band, p.outcome, p.outcome_at
    FROM care.prediction p LEFT JOIN care.prediction_model m USING (prediction_model_id)
    WHERE p.patient_id = patient AND p.created_at < before ORDER BY p.created_at DESC, p.prediction_id LIMIT 200;$body$,
    'What models said of a patient before a moment, the latest first, 200 at most, and what came true.',
    look => $$'predictions'$$);
