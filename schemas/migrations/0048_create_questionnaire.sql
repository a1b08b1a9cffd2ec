-- Questionnaires: what patients say of themselves, and scores as their authors published them.
--
-- An edition of a questionnaire is never altered, since answers refer to its words; another wording is another
-- edition. Answers fit their question and stay as they are once complete. A score holds its inputs, its algorithm with
-- version and citation, and what was missing; with anything missing it has no value, because half a sum reads like a
-- good one. PHQ-9 and GAD-7 come along; their authors ask for no permission. New tables; the foreign keys lock their
-- targets for an instant. Undo: drop them.
CREATE FUNCTION care.items_fit(items jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN jsonb_typeof(items) = 'array' THEN (
        SELECT count(*) BETWEEN 1 AND 200 AND count(DISTINCT item ->> 'link_id') = count(*)
               AND bool_and(coalesce(item ->> 'link_id' ~ '^[a-z][a-z0-9_]{0,60}$' AND item ->> 'text' ~ '\S'
                            AND item ->> 'type' IN ('choice', 'integer', 'number', 'text', 'boolean', 'date')
                            AND jsonb_typeof(item -> 'required') = 'boolean'
                            AND (item ->> 'type' = 'choice') = (item ? 'options')
                            AND (NOT item ? 'options' OR jsonb_path_exists(item,
                                '$ ? (@.options.size() >= 2 && @.options[*].value.type() == "number")')), false))
        FROM jsonb_array_elements(items) AS item
    ) ELSE false END;
COMMENT ON FUNCTION care.items_fit(jsonb) IS 'True where a list of questions has the shape that care.questionnaire.items describes.';

CREATE FUNCTION care.scoring_fits(items jsonb, scoring jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN scoring IS NULL THEN true
        WHEN scoring ->> 'algorithm' = 'sum' AND scoring ->> 'version' ~ '\S'
             AND jsonb_typeof(scoring -> 'items') = 'array' AND jsonb_typeof(scoring -> 'bands') = 'array'
             AND jsonb_typeof(scoring -> 'look_at') = 'array'
        THEN NOT EXISTS (
                SELECT FROM jsonb_array_elements_text(scoring -> 'items') AS counted
                WHERE NOT jsonb_path_exists(items, '$[*] ? (@.link_id == $id && @.type == "choice")',
                                            jsonb_build_object('id', counted))
            ) AND (
                SELECT count(*) > 0 AND bool_and(coalesce(low <= high AND (before IS NULL OR low = before + 1), false))
                FROM (
                    SELECT (band ->> 'from')::numeric AS low, (band ->> 'to')::numeric AS high,
                           lag((band ->> 'to')::numeric) OVER (ORDER BY nth) AS before
                    FROM jsonb_array_elements(scoring -> 'bands') WITH ORDINALITY AS part (band, nth)
                ) AS bands
            )
        ELSE false END;
COMMENT ON FUNCTION care.scoring_fits(jsonb, jsonb) IS 'True where a way of counting names choices of these questions, and its bands follow on one another.';
CREATE TABLE care.questionnaire (
    questionnaire_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    created_at       timestamptz NOT NULL DEFAULT now(),
    edition          integer     NOT NULL,
    name             text        NOT NULL,
    title            text        NOT NULL,
    citation         text        NOT NULL,
    items            jsonb       NOT NULL,
    scoring          jsonb,
    created_by       text        NOT NULL DEFAULT coalesce(access.actor()::text, session_user),

    CONSTRAINT questionnaire_pkey PRIMARY KEY (questionnaire_id),
    CONSTRAINT questionnaire_edition_is_positive CHECK (edition >= 1),
    CONSTRAINT questionnaire_edition_is_unique UNIQUE (name, edition),
    CONSTRAINT questionnaire_name_is_snake_case CHECK (name ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT questionnaire_citation_is_some CHECK (citation ~ '\S' AND title ~ '\S'),
    CONSTRAINT questionnaire_items_are_questions CHECK (care.items_fit(items)),
    CONSTRAINT questionnaire_scoring_counts_its_items CHECK (care.scoring_fits(items, scoring))
);
CREATE TRIGGER questionnaire_is_never_altered BEFORE UPDATE ON care.questionnaire
    FOR EACH ROW EXECUTE FUNCTION care.refuse_alteration();
COMMENT ON TABLE  care.questionnaire                  IS 'A published set of questions, in one edition.';
COMMENT ON COLUMN care.questionnaire.questionnaire_id IS 'Key.';
COMMENT ON COLUMN care.questionnaire.created_at       IS 'When the row was made.';
COMMENT ON COLUMN care.questionnaire.edition          IS 'Which edition, from 1.';
COMMENT ON COLUMN care.questionnaire.name             IS 'Its stable name: phq9.';
COMMENT ON COLUMN care.questionnaire.title            IS 'What a patient sees.';
COMMENT ON COLUMN care.questionnaire.citation         IS 'Who published it, and where.';
COMMENT ON COLUMN care.questionnaire.items            IS 'Its questions in order: link_id, text, type (choice, integer, number, text, boolean or date), required, and options (value, label) of a choice.';
COMMENT ON COLUMN care.questionnaire.scoring          IS 'How it is counted: algorithm (sum), version, items, bands (from, to, label) and look_at (item, from); null where it is not.';
COMMENT ON COLUMN care.questionnaire.created_by       IS 'Account or program that made it.';
COMMENT ON CONSTRAINT questionnaire_pkey ON care.questionnaire IS 'This questionnaire is known already.';
COMMENT ON CONSTRAINT questionnaire_edition_is_positive ON care.questionnaire IS 'Editions begin at 1.';
COMMENT ON CONSTRAINT questionnaire_edition_is_unique ON care.questionnaire IS 'This edition is published already.';
COMMENT ON CONSTRAINT questionnaire_name_is_snake_case ON care.questionnaire IS 'Write the name in small letters, digits and underscores.';
COMMENT ON CONSTRAINT questionnaire_citation_is_some ON care.questionnaire IS 'Give a title, and say who published it.';
COMMENT ON CONSTRAINT questionnaire_items_are_questions ON care.questionnaire IS 'Each question has an own link_id, a text and a known type, and a choice has options.';
COMMENT ON CONSTRAINT questionnaire_scoring_counts_its_items ON care.questionnaire IS 'A score counts choices of this questionnaire, in bands without gaps.';
CALL access.guard('care.questionnaire', 'directory');

CREATE TABLE care.questionnaire_response (
    questionnaire_response_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id                uuid        NOT NULL,
    questionnaire_id          uuid        NOT NULL,
    encounter_id              uuid,
    created_at                timestamptz NOT NULL DEFAULT now(),
    updated_at                timestamptz NOT NULL DEFAULT now(),
    completed_at              timestamptz,
    version                   integer     NOT NULL DEFAULT 1,
    status                    text        NOT NULL DEFAULT 'in_progress',
    updated_by                text        NOT NULL DEFAULT session_user,

    CONSTRAINT questionnaire_response_pkey PRIMARY KEY (questionnaire_response_id),
    CONSTRAINT questionnaire_response_id_with_patient_is_unique UNIQUE (patient_id, questionnaire_response_id),
    CONSTRAINT questionnaire_response_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT questionnaire_response_questionnaire_fkey
        FOREIGN KEY (questionnaire_id) REFERENCES care.questionnaire (questionnaire_id),
    CONSTRAINT questionnaire_response_encounter_fkey
        FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter (patient_id, encounter_id),
    CONSTRAINT questionnaire_response_status_is_known CHECK (status IN ('in_progress', 'completed', 'abandoned')),
    CONSTRAINT questionnaire_response_is_completed_at_a_time CHECK (
        (status = 'completed') = (completed_at IS NOT NULL)
    ),
    CONSTRAINT questionnaire_response_id_with_questionnaire_is_unique
        UNIQUE (questionnaire_response_id, questionnaire_id)
);
CREATE INDEX questionnaire_response_patient_idx ON care.questionnaire_response (patient_id, created_at);
CREATE INDEX questionnaire_response_questionnaire_idx ON care.questionnaire_response (questionnaire_id);
CREATE TRIGGER questionnaire_response_is_stamped BEFORE INSERT OR UPDATE ON care.questionnaire_response
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER questionnaire_response_is_touched BEFORE UPDATE ON care.questionnaire_response
    FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER questionnaire_response_keeps_former_versions AFTER UPDATE ON care.questionnaire_response
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.questionnaire_response                           IS 'A patients answers to a questionnaire, on one occasion.';
COMMENT ON COLUMN care.questionnaire_response.questionnaire_response_id IS 'Key.';
COMMENT ON COLUMN care.questionnaire_response.patient_id                IS 'Whose.';
COMMENT ON COLUMN care.questionnaire_response.questionnaire_id          IS 'To which edition of which.';
COMMENT ON COLUMN care.questionnaire_response.encounter_id              IS 'For which visit; null where there was none.';
COMMENT ON COLUMN care.questionnaire_response.created_at                IS 'When the row was made.';
COMMENT ON COLUMN care.questionnaire_response.updated_at                IS 'When it was last changed.';
COMMENT ON COLUMN care.questionnaire_response.completed_at              IS 'When the last question was answered; null before.';
COMMENT ON COLUMN care.questionnaire_response.version                   IS 'Raised by each change.';
COMMENT ON COLUMN care.questionnaire_response.status                    IS 'in_progress, completed or abandoned.';
COMMENT ON COLUMN care.questionnaire_response.updated_by                IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT questionnaire_response_pkey ON care.questionnaire_response IS 'This questionnaire response is known already.';
COMMENT ON CONSTRAINT questionnaire_response_id_with_patient_is_unique ON care.questionnaire_response IS 'This questionnaire response is known already.';
COMMENT ON CONSTRAINT questionnaire_response_patient_fkey ON care.questionnaire_response IS 'Register the patient first.';
COMMENT ON CONSTRAINT questionnaire_response_questionnaire_fkey ON care.questionnaire_response IS 'Choose one of the published questionnaires.';
COMMENT ON CONSTRAINT questionnaire_response_encounter_fkey ON care.questionnaire_response IS 'Choose a visit of this patient.';
COMMENT ON CONSTRAINT questionnaire_response_status_is_known ON care.questionnaire_response IS 'Choose in_progress, completed or abandoned.';
COMMENT ON CONSTRAINT questionnaire_response_is_completed_at_a_time ON care.questionnaire_response IS 'Answers that are complete were completed at a time.';
COMMENT ON CONSTRAINT questionnaire_response_id_with_questionnaire_is_unique ON care.questionnaire_response IS 'These answers are known already.';
CALL access.guard('care.questionnaire_response', 'own_chart');

CREATE TABLE care.answer (
    answer_id                 uuid          NOT NULL DEFAULT gen_random_uuid(),
    patient_id                uuid          NOT NULL,
    questionnaire_response_id uuid          NOT NULL,
    created_at                timestamptz   NOT NULL DEFAULT now(),
    updated_at                timestamptz   NOT NULL DEFAULT now(),
    version                   integer       NOT NULL DEFAULT 1,
    value_on                  date,
    value_boolean             boolean,
    link_id                   text          NOT NULL,
    value_number              numeric(12,4),
    value_text                text,
    updated_by                text          NOT NULL DEFAULT session_user,

    CONSTRAINT answer_pkey PRIMARY KEY (answer_id),
    CONSTRAINT answer_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT answer_response_fkey
        FOREIGN KEY (patient_id, questionnaire_response_id) REFERENCES care.questionnaire_response (patient_id,
            questionnaire_response_id),
    CONSTRAINT answer_is_given_once UNIQUE (questionnaire_response_id, link_id),
    CONSTRAINT answer_value_is_one CHECK (num_nonnulls(value_on, value_boolean, value_number, value_text) = 1),
    CONSTRAINT answer_text_is_short CHECK (length(value_text) <= 10000)
);
CREATE INDEX answer_response_idx ON care.answer (patient_id, questionnaire_response_id);
CREATE TRIGGER answer_is_stamped BEFORE INSERT OR UPDATE ON care.answer
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER answer_is_touched BEFORE UPDATE ON care.answer FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER answer_keeps_former_versions AFTER UPDATE ON care.answer
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.answer                           IS 'The answer to one question.';
COMMENT ON COLUMN care.answer.answer_id                 IS 'Key.';
COMMENT ON COLUMN care.answer.patient_id                IS 'Whose.';
COMMENT ON COLUMN care.answer.questionnaire_response_id IS 'Of which occasion.';
COMMENT ON COLUMN care.answer.created_at                IS 'When the row was made.';
COMMENT ON COLUMN care.answer.updated_at                IS 'When it was last changed.';
COMMENT ON COLUMN care.answer.version                   IS 'Raised by each change.';
COMMENT ON COLUMN care.answer.value_on                  IS 'The answer to a question for a date.';
COMMENT ON COLUMN care.answer.value_boolean             IS 'The answer to a yes or no.';
COMMENT ON COLUMN care.answer.link_id                   IS 'Which question.';
COMMENT ON COLUMN care.answer.value_number              IS 'The answer to a choice (its value) or a question for a number.';
COMMENT ON COLUMN care.answer.value_text                IS 'The answer in words.';
COMMENT ON COLUMN care.answer.updated_by                IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT answer_pkey ON care.answer IS 'This answer is known already.';
COMMENT ON CONSTRAINT answer_patient_fkey ON care.answer IS 'Register the patient first.';
COMMENT ON CONSTRAINT answer_response_fkey ON care.answer IS 'These are another patient''s answers.';
COMMENT ON CONSTRAINT answer_is_given_once ON care.answer IS 'This question is answered already: change that answer.';
COMMENT ON CONSTRAINT answer_value_is_one ON care.answer IS 'Give one answer.';
COMMENT ON CONSTRAINT answer_text_is_short ON care.answer IS 'An answer has 10,000 letters at most.';
CALL access.guard('care.answer', 'own_chart');

CREATE TABLE care.score (
    score_id                  uuid         NOT NULL DEFAULT gen_random_uuid(),
    patient_id                uuid         NOT NULL,
    questionnaire_response_id uuid,
    created_at                timestamptz  NOT NULL DEFAULT now(),
    value                     numeric(8,2),
    name                      text         NOT NULL,
    band                      text,
    inputs                    jsonb        NOT NULL,
    missing                   text[]       NOT NULL DEFAULT '{}',
    look_at                   text[]       NOT NULL DEFAULT '{}',
    algorithm                 text         NOT NULL,
    algorithm_version         text         NOT NULL,
    citation                  text         NOT NULL,
    created_by                text         NOT NULL DEFAULT coalesce(access.actor()::text, session_user),

    CONSTRAINT score_pkey PRIMARY KEY (score_id),
    CONSTRAINT score_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT score_response_fkey
        FOREIGN KEY (patient_id, questionnaire_response_id) REFERENCES care.questionnaire_response (patient_id,
            questionnaire_response_id),
    CONSTRAINT score_is_counted_once UNIQUE (questionnaire_response_id, name, algorithm_version),
    CONSTRAINT score_is_whole_or_says_what_is_missing CHECK (
        (value IS NULL) = (cardinality(missing) > 0) AND (value IS NOT NULL OR band IS NULL)
    ),
    CONSTRAINT score_inputs_are_named CHECK (jsonb_typeof(inputs) = 'object'),
    CONSTRAINT score_is_published CHECK (citation ~ '\S' AND algorithm ~ '\S' AND algorithm_version ~ '\S')
);
CREATE INDEX score_patient_idx ON care.score (patient_id, name, created_at);
CREATE TRIGGER score_is_never_altered BEFORE UPDATE ON care.score
    FOR EACH ROW EXECUTE FUNCTION care.refuse_alteration();
CREATE TRIGGER score_is_never_emptied BEFORE TRUNCATE ON care.score
    FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_alteration();
COMMENT ON TABLE  care.score                           IS 'A published score of a patient, with all that it was counted from.';
COMMENT ON COLUMN care.score.score_id                  IS 'Key.';
COMMENT ON COLUMN care.score.patient_id                IS 'Whose.';
COMMENT ON COLUMN care.score.questionnaire_response_id IS 'The answers that it counts; null for scores of other things.';
COMMENT ON COLUMN care.score.created_at                IS 'When the row was made.';
COMMENT ON COLUMN care.score.value                     IS 'The score; null while anything is missing.';
COMMENT ON COLUMN care.score.name                      IS 'Which: phq9.';
COMMENT ON COLUMN care.score.band                      IS 'What its authors call this range.';
COMMENT ON COLUMN care.score.inputs                    IS 'Everything that went in, by name.';
COMMENT ON COLUMN care.score.missing                   IS 'What was not there.';
COMMENT ON COLUMN care.score.look_at                   IS 'Inputs that somebody should look at whatever the score is.';
COMMENT ON COLUMN care.score.algorithm                 IS 'How it was counted: sum.';
COMMENT ON COLUMN care.score.algorithm_version         IS 'In which version.';
COMMENT ON COLUMN care.score.citation                  IS 'Who published it, and where.';
COMMENT ON COLUMN care.score.created_by                IS 'Account or program that made it.';
COMMENT ON CONSTRAINT score_pkey ON care.score IS 'This score is known already.';
COMMENT ON CONSTRAINT score_patient_fkey ON care.score IS 'Register the patient first.';
COMMENT ON CONSTRAINT score_response_fkey ON care.score IS 'These are another patient''s answers.';
COMMENT ON CONSTRAINT score_is_counted_once ON care.score IS 'These answers have been counted already.';
COMMENT ON CONSTRAINT score_is_whole_or_says_what_is_missing ON care.score IS 'A score is shown when nothing is missing, and never before.';
COMMENT ON CONSTRAINT score_inputs_are_named ON care.score IS 'Inputs are given by name.';
COMMENT ON CONSTRAINT score_is_published ON care.score IS 'Say who published the score, and in which version.';

CALL access.guard('care.score', 'internal');
GRANT SELECT ON care.score TO healthtrack_portal;
CREATE POLICY care ON care.score FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]));
CREATE POLICY own ON care.score FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));

CREATE FUNCTION care.check_answer() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    item   jsonb;
    state  text;
BEGIN
    SELECT r.status, (SELECT i FROM jsonb_array_elements(n.items) AS i WHERE i ->> 'link_id' = NEW.link_id)
    INTO state, item
    FROM care.questionnaire_response r JOIN care.questionnaire n USING (questionnaire_id)
    WHERE r.patient_id = NEW.patient_id AND r.questionnaire_response_id = NEW.questionnaire_response_id FOR SHARE OF r;
    IF NOT FOUND THEN
        RETURN NEW;  -- The foreign key says it better.
    END IF;
    IF state <> 'in_progress' THEN
        PERFORM care.refuse('answer_that_is_complete_is_not_altered',
            'These answers are complete: answer the questionnaire anew.');
    END IF;
    IF item IS NULL OR NOT coalesce(CASE item ->> 'type'
        WHEN 'choice'  THEN item -> 'options' @> jsonb_build_array(jsonb_build_object('value', NEW.value_number))
        WHEN 'integer' THEN NEW.value_number = trunc(NEW.value_number)
        WHEN 'number'  THEN NEW.value_number IS NOT NULL
        WHEN 'text'    THEN NEW.value_text IS NOT NULL
        WHEN 'boolean' THEN NEW.value_boolean IS NOT NULL
        WHEN 'date'    THEN NEW.value_on IS NOT NULL
    END, false) THEN
        PERFORM care.refuse('answer_fits_its_question', 'This is no answer to that question.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_answer() IS 'Trigger: an answer fits its question, and changes only until all are complete.';
CREATE TRIGGER answer_fits_its_question BEFORE INSERT OR UPDATE ON care.answer
    FOR EACH ROW EXECUTE FUNCTION care.check_answer();

CREATE FUNCTION care.check_response() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.status <> 'in_progress' THEN
            PERFORM care.refuse('response_begins_in_progress',
                'Begin the questionnaire, answer it, and complete it then.');
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.status <> 'in_progress' OR NEW.questionnaire_id <> OLD.questionnaire_id THEN
        PERFORM care.refuse('response_that_is_complete_is_not_altered',
            'These answers are complete: answer the questionnaire anew.');
    END IF;
    IF NEW.status = 'completed' AND EXISTS (
        SELECT FROM care.questionnaire n, jsonb_array_elements(n.items) AS item
        WHERE n.questionnaire_id = NEW.questionnaire_id AND (item ->> 'required')::boolean AND NOT EXISTS (
            SELECT FROM care.answer a
            WHERE a.questionnaire_response_id = NEW.questionnaire_response_id AND a.link_id = item ->> 'link_id'
        )
    ) THEN
        PERFORM care.refuse('response_answers_what_is_required', 'Answer the required questions first.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_response() IS 'Trigger: answers are complete when what is required is answered, and stay as they are then.';
CREATE TRIGGER response_is_completed_once BEFORE INSERT OR UPDATE ON care.questionnaire_response
    FOR EACH ROW EXECUTE FUNCTION care.check_response();

CREATE FUNCTION care.score_response() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    WITH counted AS (
        SELECT n.name, n.citation, n.scoring, link.id, a.value_number AS value
        FROM care.questionnaire n
        CROSS JOIN LATERAL jsonb_array_elements_text(n.scoring -> 'items') AS link (id)
        LEFT JOIN care.answer a
            ON a.questionnaire_response_id = NEW.questionnaire_response_id AND a.link_id = link.id
        WHERE n.questionnaire_id = NEW.questionnaire_id AND n.scoring IS NOT NULL
    ), added AS (
        SELECT name, citation, scoring, CASE WHEN count(*) = count(value) THEN sum(value) END AS value,
               jsonb_object_agg(id, value) AS inputs,
               coalesce(array_agg(id ORDER BY id) FILTER (WHERE value IS NULL), '{}') AS missing,
               coalesce(array_agg(id ORDER BY id) FILTER (WHERE EXISTS (
                   SELECT FROM jsonb_array_elements(scoring -> 'look_at') AS part (look)
                   WHERE look ->> 'item' = id AND counted.value >= (look ->> 'from')::numeric
               )), '{}') AS look_at
        FROM counted GROUP BY name, citation, scoring
    )
    INSERT INTO care.score (patient_id, questionnaire_response_id, name, value, band, inputs, missing, look_at,
                            algorithm, algorithm_version, citation)
    SELECT NEW.patient_id, NEW.questionnaire_response_id, s.name, s.value,
           (SELECT band ->> 'label' FROM jsonb_array_elements(s.scoring -> 'bands') AS band
            WHERE s.value BETWEEN (band ->> 'from')::numeric AND (band ->> 'to')::numeric),
           s.inputs, s.missing, s.look_at, s.scoring ->> 'algorithm', s.scoring ->> 'version', s.citation
    FROM added s;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.score_response() IS 'Trigger: counts answers that have just been completed by their questionnaire''s own rule.';
CREATE TRIGGER response_is_scored AFTER UPDATE ON care.questionnaire_response
    FOR EACH ROW WHEN (NEW.status = 'completed' AND OLD.status <> 'completed') EXECUTE FUNCTION care.score_response();

-- The four answers that all of them share, each counted as its value.
WITH choice AS (
    SELECT '[{"value": 0, "label": "Not at all"}, {"value": 1, "label": "Several days"},
             {"value": 2, "label": "More than half the days"},
             {"value": 3, "label": "Nearly every day"}]'::jsonb AS options
), asked (name, nth, text) AS (
    VALUES
        ('phq9', 1, 'Little interest or pleasure in doing things'),
        ('phq9', 2, 'Feeling down, depressed, or hopeless'),
        ('phq9', 3, 'Trouble falling or staying asleep, or sleeping too much'),
        ('phq9', 4, 'Feeling tired or having little energy'),
        ('phq9', 5, 'Poor appetite or overeating'),
        ('phq9', 6, 'Feeling bad about yourself, or that you are a failure or have let yourself or your family down'),
        ('phq9', 7, 'Trouble concentrating on things, such as reading the newspaper or watching television'),
        ('phq9', 8, 'Moving or speaking so slowly that other people could have noticed, or the opposite: being so fidgety or restless '
                    'that you have been moving around a lot more than usual'),
        ('phq9', 9, 'Thoughts that you would be better off dead, or of hurting yourself'),
        ('gad7', 1, 'Feeling nervous, anxious, or on edge'),
        ('gad7', 2, 'Not being able to stop or control worrying'),
        ('gad7', 3, 'Worrying too much about different things'),
        ('gad7', 4, 'Trouble relaxing'),
        ('gad7', 5, 'Being so restless that it is hard to sit still'),
        ('gad7', 6, 'Becoming easily annoyed or irritable'),
        ('gad7', 7, 'Feeling afraid, as if something awful might happen')
), published (name, title, citation, version, bands, look_at) AS (
    VALUES
        ('phq9', 'Over the last two weeks, how often have you been bothered by any of these?',
         'Kroenke K, Spitzer RL, Williams JBW. The PHQ-9. J Gen Intern Med 2001;16:606-613', '2001',
         '[{"from": 0, "to": 4, "label": "minimal"}, {"from": 5, "to": 9, "label": "mild"},
           {"from": 10, "to": 14, "label": "moderate"}, {"from": 15, "to": 19, "label": "moderately severe"},
           {"from": 20, "to": 27, "label": "severe"}]'::jsonb,
         '[{"item": "phq9_9", "from": 1}]'::jsonb),
        ('gad7', 'Over the last two weeks, how often have you been bothered by these problems?',
         'Spitzer RL, Kroenke K, Williams JBW, Lowe B. The GAD-7. Arch Intern Med 2006;166:1092-1097', '2006',
         '[{"from": 0, "to": 4, "label": "minimal"}, {"from": 5, "to": 9, "label": "mild"},
           {"from": 10, "to": 14, "label": "moderate"}, {"from": 15, "to": 21, "label": "severe"}]'::jsonb,
         '[]'::jsonb)
)
INSERT INTO care.questionnaire (name, edition, title, citation, items, scoring)
SELECT p.name, 1, p.title, p.citation,
       jsonb_agg(jsonb_build_object('link_id', p.name || '_' || a.nth, 'text', a.text, 'type', 'choice',
                                    'required', false, 'options', c.options) ORDER BY a.nth),
       jsonb_build_object('algorithm', 'sum', 'version', p.version, 'bands', p.bands, 'look_at', p.look_at,
                          'items', jsonb_agg(p.name || '_' || a.nth ORDER BY a.nth))
FROM published p JOIN asked a USING (name) CROSS JOIN choice c
GROUP BY p.name, p.title, p.citation, p.version, p.bands, p.look_at;
