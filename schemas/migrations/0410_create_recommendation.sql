-- Recommendations: what a provider or a model advises a patient, why, and what the patient says to it.
--
-- Advice without its reasons cannot be weighed, and advice without an answer is not followed up. Each says where it comes
-- from, its evidence and whether a source stands behind it; the patient accepts or declines it, or says that it is done.
-- Its words never change; who gave it may take it back. New table; its keys lock others for an instant. Undo: drop
-- functions, look and table.
CREATE TABLE care.recommendation (
    recommendation_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id        uuid        NOT NULL,
    recommended_by    uuid,
    prediction_id     uuid,
    alert_id          uuid,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    answered_at       timestamptz,
    version           integer     NOT NULL DEFAULT 1,
    stands_until      date,
    kind              text        NOT NULL,
    title             text        NOT NULL,
    body              text        NOT NULL,
    evidence          jsonb       NOT NULL,
    citation          text,
    status            text        NOT NULL DEFAULT 'proposed',
    answer            text,
    sensitivity       care.sensitivity,
    updated_by        text        NOT NULL DEFAULT session_user,

    CONSTRAINT recommendation_pkey PRIMARY KEY (recommendation_id),
    CONSTRAINT recommendation_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT recommendation_provider_fkey FOREIGN KEY (recommended_by) REFERENCES care.provider (provider_id),
    CONSTRAINT recommendation_prediction_fkey
        FOREIGN KEY (patient_id, prediction_id) REFERENCES care.prediction (patient_id, prediction_id),
    CONSTRAINT recommendation_alert_fkey FOREIGN KEY (patient_id, alert_id) REFERENCES care.alert (patient_id, alert_id),
    CONSTRAINT recommendation_comes_from_somewhere CHECK (num_nonnulls(recommended_by, prediction_id, alert_id) >= 1),
    CONSTRAINT recommendation_kind_is_known CHECK (
        kind IN ('lifestyle', 'screening', 'medication', 'follow_up', 'measurement', 'education', 'other')
    ),
    CONSTRAINT recommendation_says_what CHECK (title ~ '\S' AND length(title) <= 200 AND body ~ '\S' AND length(body) <= 10000),
    CONSTRAINT recommendation_has_evidence CHECK (jsonb_typeof(evidence) = 'object' AND evidence <> '{}'),
    CONSTRAINT recommendation_citation_is_some CHECK (citation ~ '\S'),
    CONSTRAINT recommendation_status_is_known CHECK (status IN ('proposed', 'accepted', 'declined', 'completed', 'withdrawn')),
    CONSTRAINT recommendation_answer_has_a_time CHECK (
        (status IN ('accepted', 'declined', 'completed')) <= (answered_at IS NOT NULL) AND (status <> 'proposed' OR answered_at IS NULL)
        AND length(answer) <= 2000 IS NOT FALSE
    )
);
CREATE INDEX recommendation_patient_idx ON care.recommendation (patient_id, created_at);
CREATE INDEX recommendation_provider_idx ON care.recommendation (recommended_by);
CREATE INDEX recommendation_prediction_idx ON care.recommendation (patient_id, prediction_id);
CREATE INDEX recommendation_alert_idx ON care.recommendation (patient_id, alert_id);
COMMENT ON TABLE  care.recommendation                   IS 'What is advised to a patient, with its reasons, and what the patient says to it.';
COMMENT ON COLUMN care.recommendation.recommendation_id IS 'Key.';
COMMENT ON COLUMN care.recommendation.patient_id        IS 'To whom.';
COMMENT ON COLUMN care.recommendation.recommended_by    IS 'Provider who advises it; null where a program does.';
COMMENT ON COLUMN care.recommendation.prediction_id     IS 'The prediction that it follows from; null where there is none.';
COMMENT ON COLUMN care.recommendation.alert_id          IS 'The alert that it follows from; null where there is none.';
COMMENT ON COLUMN care.recommendation.created_at        IS 'When the row was made.';
COMMENT ON COLUMN care.recommendation.updated_at        IS 'When it was last changed.';
COMMENT ON COLUMN care.recommendation.answered_at       IS 'When the patient last answered; null before.';
COMMENT ON COLUMN care.recommendation.version           IS 'Raised by each change.';
COMMENT ON COLUMN care.recommendation.stands_until      IS 'First day on which it does not stand any more; null where it has no end.';
COMMENT ON COLUMN care.recommendation.kind              IS 'lifestyle, screening, medication, follow_up, measurement, education or other.';
COMMENT ON COLUMN care.recommendation.title             IS 'What is advised, in a few words.';
COMMENT ON COLUMN care.recommendation.body              IS 'The same, in full.';
COMMENT ON COLUMN care.recommendation.evidence          IS 'What it is based on, by name, as what was measured and when.';
COMMENT ON COLUMN care.recommendation.citation          IS 'Which published source stands behind it; null where none does.';
COMMENT ON COLUMN care.recommendation.status            IS 'proposed, accepted, declined, completed or withdrawn.';
COMMENT ON COLUMN care.recommendation.answer            IS 'What was said to it; null where nothing was.';
COMMENT ON COLUMN care.recommendation.sensitivity       IS 'What it is of, where it is kept apart from the rest of the chart; null for plain care.';
COMMENT ON COLUMN care.recommendation.updated_by        IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT recommendation_pkey ON care.recommendation IS 'This recommendation is known already.';
COMMENT ON CONSTRAINT recommendation_patient_fkey ON care.recommendation IS 'Register the patient first.';
COMMENT ON CONSTRAINT recommendation_provider_fkey ON care.recommendation IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT recommendation_prediction_fkey ON care.recommendation IS 'Choose a prediction of this patient.';
COMMENT ON CONSTRAINT recommendation_alert_fkey ON care.recommendation IS 'Choose an alert of this patient.';
COMMENT ON CONSTRAINT recommendation_comes_from_somewhere ON care.recommendation IS 'Say who advises it, or the prediction or alert that it follows from.';
COMMENT ON CONSTRAINT recommendation_kind_is_known ON care.recommendation IS 'Choose one of the known kinds of recommendations.';
COMMENT ON CONSTRAINT recommendation_says_what ON care.recommendation IS 'Say what is advised: 200 letters for the title, and 10,000 in full at most.';
COMMENT ON CONSTRAINT recommendation_has_evidence ON care.recommendation IS 'Say what it is based on, by name.';
COMMENT ON CONSTRAINT recommendation_citation_is_some ON care.recommendation IS 'Name the source, or leave it out.';
COMMENT ON CONSTRAINT recommendation_status_is_known ON care.recommendation IS 'Choose proposed, accepted, declined, completed or withdrawn.';
COMMENT ON CONSTRAINT recommendation_answer_has_a_time ON care.recommendation IS 'An answer was given at a time, in 2000 letters at most.';

CREATE FUNCTION care.check_recommendation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    free constant text[] := '{status,answer,answered_at,sensitivity,version,updated_at,updated_by}';
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'proposed' AND access.actor() IS NOT NULL THEN
            PERFORM care.refuse('recommendation_begins_as_a_proposal', 'Advice is proposed before anybody answers it.');
        ELSIF access.actor() IS NOT NULL AND NEW.recommended_by IS NULL THEN
            PERFORM care.refuse('recommendation_is_given_by_a_provider', 'A provider who cares for the patient gives advice.');
        END IF;
        RETURN NEW;
    END IF;
    IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free OR OLD.sensitivity IS NOT NULL AND NEW.sensitivity IS DISTINCT FROM OLD.sensitivity THEN
        PERFORM care.refuse('recommendation_keeps_its_words', 'Advice keeps its words: take it back, and give other advice.');
    ELSIF OLD.status IN ('completed', 'withdrawn') AND (NEW.status, NEW.answer) IS DISTINCT FROM (OLD.status, OLD.answer) THEN
        PERFORM care.refuse('recommendation_that_is_over_stays', 'This advice is done or taken back.');
    ELSIF NEW.status = 'proposed' AND OLD.status <> 'proposed' THEN
        PERFORM care.refuse('recommendation_goes_forward', 'This advice has its answer already.');
    ELSIF access.part() = 'provider' AND NEW.status <> OLD.status AND NEW.status <> 'withdrawn'
          OR access.part() = 'patient' AND NEW.status = 'withdrawn' THEN
        PERFORM care.refuse('recommendation_is_answered_by_its_patient', 'The patient answers advice, and who cares for them takes it back.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_recommendation() IS 'Trigger before a recommendation is stored or changed: it is given by a provider or a program, keeps its words, and is answered by its patient.';
CREATE TRIGGER recommendation_keeps_its_words BEFORE INSERT OR UPDATE ON care.recommendation
    FOR EACH ROW EXECUTE FUNCTION care.check_recommendation();
CREATE TRIGGER recommendation_is_recorded_in_person BEFORE INSERT OR UPDATE OF recommended_by ON care.recommendation
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_recorder('recommended_by');
CREATE TRIGGER recommendation_is_stamped BEFORE INSERT OR UPDATE ON care.recommendation
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER recommendation_is_touched BEFORE UPDATE ON care.recommendation FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER recommendation_keeps_former_versions AFTER UPDATE ON care.recommendation
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
CREATE TRIGGER recommendation_stays_under_hold BEFORE DELETE ON care.recommendation
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
CALL access.guard('care.recommendation', 'sensitive_own_chart', 'recommended_by');

INSERT INTO access.look_kind (kind, scope) VALUES ('recommendations', 'chart');
CALL access.publish('recommend',
    'patient uuid, kind text, title text, body text, evidence jsonb, citation text, prediction uuid, alert uuid, stands_until date, sensitivity text',
    'uuid', $body$
    -- A patient is told so here: as the own row, it would else be theirs to write.
    IF access.acting_provider() IS NULL THEN
        PERFORM access.refuse('recommendation_is_given_by_a_provider', 'A provider who cares for the patient gives advice.');
    END IF;
    INSERT INTO care.recommendation AS r (patient_id, recommended_by, prediction_id, alert_id, kind, title, body, evidence, citation,
                                          stands_until, sensitivity)
    VALUES (patient, access.acting_provider(), prediction, alert, recommend.kind, recommend.title, recommend.body,
            recommend.evidence, recommend.citation, recommend.stands_until, recommend.sensitivity)
    RETURNING r.recommendation_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.recommendation/' || answer);$body$,
    'Advises something to a patient in the name of the acting provider, with its evidence; gives its key.');
CALL access.publish('answer_recommendation', 'recommendation uuid, known_version integer, status text, answer text',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.recommendation AS r SET status = answer_recommendation.status,
            answer = coalesce(answer_recommendation.answer, r.answer),
            answered_at = CASE WHEN me.part = 'patient' THEN now() ELSE r.answered_at END
        WHERE r.recommendation_id = recommendation AND r.version = known_version
        RETURNING r.version, r.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.recommendation/' || recommendation);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, r.version FROM care.recommendation r WHERE r.recommendation_id = recommendation;
        END IF;
    END;$body$,
    'Accepts, declines or completes advice as its patient, or takes it back as who cares for them, where it still has the version that was read; no row where there is no such advice for whoever acts.');
CALL access.publish('read_recommendations', '',
    'TABLE (recommendation_id uuid, version integer, recommended_by uuid, prediction_id uuid, alert_id uuid, given_at timestamptz, stands_until date, kind text, title text, body text, evidence jsonb, citation text, status text, answer text, answered_at timestamptz)',
    $body$RETURN QUERY SELECT r.recommendation_id, r.version, r.recommended_by, r.prediction_id, r.alert_id, r.created_at, r.stands_until,
        r.kind, r.title, r.body, r.evidence, r.citation, r.status, r.answer, r.answered_at
    FROM care.recommendation r WHERE r.patient_id = patient ORDER BY r.created_at DESC, r.recommendation_id LIMIT 200;$body$,
    'What is advised to a patient and what was said to it, the latest first, 200 at most.', look => $$'recommendations'$$);
