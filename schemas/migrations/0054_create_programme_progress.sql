-- What participants say of themselves and of the programme, and how many take part.
--
-- Progress is the participant's own word (a weight, a mood, a number of steps), feedback is given once and by
-- participants alone. Views run with the reader's rights: a patient sees the own row, staff the rows of their
-- programmes. The rating of a programme is a number over everybody's feedback, told from five of them, so that nobody's
-- can be told from it. New tables and views; foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.progress_update (
    progress_update_id uuid             NOT NULL DEFAULT gen_random_uuid(),
    patient_id         uuid             NOT NULL,
    enrolment_id       uuid             NOT NULL,
    noted_at           timestamptz      NOT NULL DEFAULT now(),
    created_at         timestamptz      NOT NULL DEFAULT now(),
    updated_at         timestamptz      NOT NULL DEFAULT now(),
    value              double precision NOT NULL,
    version            integer          NOT NULL DEFAULT 1,
    measure            text             NOT NULL,
    unit               text             NOT NULL,
    note               text,
    updated_by         text             NOT NULL DEFAULT session_user,

    CONSTRAINT progress_update_pkey PRIMARY KEY (progress_update_id),
    CONSTRAINT progress_update_enrolment_fkey FOREIGN KEY (patient_id, enrolment_id)
        REFERENCES care.enrolment (patient_id, enrolment_id),
    CONSTRAINT progress_update_is_one_a_moment UNIQUE (enrolment_id, measure, noted_at),
    CONSTRAINT progress_update_value_is_a_number CHECK (value > '-Infinity' AND value < 'Infinity'),
    CONSTRAINT progress_update_measure_is_snake_case CHECK (measure ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT progress_update_unit_is_some CHECK (unit ~ '^\S{1,40}$'),
    CONSTRAINT progress_update_note_is_short CHECK (length(note) <= 2000)
);
CREATE INDEX progress_update_patient_idx ON care.progress_update (patient_id, enrolment_id);
CREATE TRIGGER progress_update_is_touched BEFORE UPDATE ON care.progress_update
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.progress_update                    IS 'What a participant has come to, by one measure.';
COMMENT ON COLUMN care.progress_update.progress_update_id IS 'Key.';
COMMENT ON COLUMN care.progress_update.patient_id         IS 'Who.';
COMMENT ON COLUMN care.progress_update.enrolment_id       IS 'In which programme.';
COMMENT ON COLUMN care.progress_update.noted_at           IS 'When it was so.';
COMMENT ON COLUMN care.progress_update.created_at         IS 'When the row was made.';
COMMENT ON COLUMN care.progress_update.updated_at         IS 'When it was last changed.';
COMMENT ON COLUMN care.progress_update.value              IS 'How much, in unit.';
COMMENT ON COLUMN care.progress_update.version            IS 'Raised by each change.';
COMMENT ON COLUMN care.progress_update.measure            IS 'What was measured: body_weight, mood …';
COMMENT ON COLUMN care.progress_update.unit               IS 'Unit of value; 1 for a plain number.';
COMMENT ON COLUMN care.progress_update.note               IS 'In the participant''s words; null where nothing was said.';
COMMENT ON COLUMN care.progress_update.updated_by         IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT progress_update_pkey ON care.progress_update IS 'This update is known already.';
COMMENT ON CONSTRAINT progress_update_enrolment_fkey ON care.progress_update IS 'Choose an enrolment of this patient.';
COMMENT ON CONSTRAINT progress_update_is_one_a_moment ON care.progress_update IS 'This measure was noted for that moment already.';
COMMENT ON CONSTRAINT progress_update_value_is_a_number ON care.progress_update IS 'Give the value as a number.';
COMMENT ON CONSTRAINT progress_update_measure_is_snake_case ON care.progress_update IS 'Name the measure by small letters, digits and underscores.';
COMMENT ON CONSTRAINT progress_update_unit_is_some ON care.progress_update IS 'Give the unit, without spaces.';
COMMENT ON CONSTRAINT progress_update_note_is_short ON care.progress_update IS 'Keep the note to 2000 letters.';

CREATE TABLE care.programme_feedback (
    programme_feedback_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id            uuid        NOT NULL,
    programme_id          uuid        NOT NULL,
    enrolment_id          uuid        NOT NULL,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    version               integer     NOT NULL DEFAULT 1,
    rating                smallint    NOT NULL,
    admitted              boolean     GENERATED ALWAYS AS (true) STORED,
    comment               text,
    updated_by            text        NOT NULL DEFAULT session_user,

    CONSTRAINT programme_feedback_pkey PRIMARY KEY (programme_feedback_id),
    CONSTRAINT programme_feedback_is_once UNIQUE (enrolment_id),
    CONSTRAINT programme_feedback_is_of_admitted_fkey FOREIGN KEY (patient_id, programme_id, enrolment_id, admitted)
        REFERENCES care.enrolment (patient_id, programme_id, enrolment_id, admitted),
    CONSTRAINT programme_feedback_rating_is_1_to_5 CHECK (rating BETWEEN 1 AND 5),
    CONSTRAINT programme_feedback_comment_is_short CHECK (length(comment) <= 4000)
);
CREATE INDEX programme_feedback_patient_idx ON care.programme_feedback (patient_id);
CREATE INDEX programme_feedback_programme_idx ON care.programme_feedback (programme_id);
CREATE TRIGGER programme_feedback_is_touched BEFORE UPDATE ON care.programme_feedback
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.programme_feedback                       IS 'What a participant says of a programme.';
COMMENT ON COLUMN care.programme_feedback.programme_feedback_id IS 'Key.';
COMMENT ON COLUMN care.programme_feedback.patient_id            IS 'Who.';
COMMENT ON COLUMN care.programme_feedback.programme_id          IS 'Of which programme.';
COMMENT ON COLUMN care.programme_feedback.enrolment_id          IS 'By which enrolment.';
COMMENT ON COLUMN care.programme_feedback.created_at            IS 'When the row was made.';
COMMENT ON COLUMN care.programme_feedback.updated_at            IS 'When it was last changed.';
COMMENT ON COLUMN care.programme_feedback.version               IS 'Raised by each change.';
COMMENT ON COLUMN care.programme_feedback.rating                IS '1 (poor) to 5 (excellent).';
COMMENT ON COLUMN care.programme_feedback.admitted              IS 'Always true: part of the key to an enrolment that was admitted.';
COMMENT ON COLUMN care.programme_feedback.comment               IS 'In words; null where nothing was said.';
COMMENT ON COLUMN care.programme_feedback.updated_by            IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT programme_feedback_pkey ON care.programme_feedback IS 'This feedback is known already.';
COMMENT ON CONSTRAINT programme_feedback_is_once ON care.programme_feedback IS 'Feedback was given already: change that.';
COMMENT ON CONSTRAINT programme_feedback_is_of_admitted_fkey ON care.programme_feedback IS 'Only who has a seat in this programme gives feedback.';
COMMENT ON CONSTRAINT programme_feedback_rating_is_1_to_5 ON care.programme_feedback IS 'Give 1 to 5.';
COMMENT ON CONSTRAINT programme_feedback_comment_is_short ON care.programme_feedback IS 'Keep the comment to 4000 letters.';

CREATE VIEW care.programme_participation WITH (security_invoker = true) AS
SELECT taken.programme_id,
       taken.enrolment_id,
       taken.patient_id,
       run.title,
       taken.status,
       taken.asked_at,
       taken.admitted_at,
       taken.completed_at,
       run.sessions_needed,
       held.sessions_held,
       seen.sessions_attended,
       seen.sessions_attended >= run.sessions_needed AS rule_met
FROM care.enrolment AS taken
JOIN care.programme AS run USING (programme_id)
CROSS JOIN LATERAL (
    SELECT count(*) AS sessions_held FROM care.programme_session AS session
    WHERE session.programme_id = taken.programme_id AND session.cancelled_at IS NULL AND upper(session.during) <= now()
) AS held
CROSS JOIN LATERAL (
    SELECT count(*) AS sessions_attended FROM care.attendance WHERE attendance.enrolment_id = taken.enrolment_id
) AS seen;
COMMENT ON VIEW   care.programme_participation                   IS 'Each enrolment that the reader may see: what is needed, held and attended.';
COMMENT ON COLUMN care.programme_participation.programme_id      IS 'Programme.';
COMMENT ON COLUMN care.programme_participation.enrolment_id      IS 'Enrolment.';
COMMENT ON COLUMN care.programme_participation.patient_id        IS 'Who takes part.';
COMMENT ON COLUMN care.programme_participation.title             IS 'Name of the programme.';
COMMENT ON COLUMN care.programme_participation.status            IS 'waitlisted, enrolled, completed or withdrawn.';
COMMENT ON COLUMN care.programme_participation.asked_at          IS 'When it was asked for.';
COMMENT ON COLUMN care.programme_participation.admitted_at       IS 'When a seat was first given; null for who never had one.';
COMMENT ON COLUMN care.programme_participation.completed_at      IS 'When it was completed; null before.';
COMMENT ON COLUMN care.programme_participation.sessions_needed   IS 'Sessions that complete it.';
COMMENT ON COLUMN care.programme_participation.sessions_held     IS 'Sessions that have taken place until now.';
COMMENT ON COLUMN care.programme_participation.sessions_attended IS 'How many of them were attended.';
COMMENT ON COLUMN care.programme_participation.rule_met          IS 'True once enough were attended.';

CREATE VIEW care.programme_figures WITH (security_invoker = true) AS
SELECT run.programme_id, run.title, run.capacity, run.seats_taken,
       run.capacity - run.seats_taken AS seats_free,
       count(*) FILTER (WHERE taken.status = 'waitlisted') AS waitlisted,
       count(*) FILTER (WHERE taken.status = 'enrolled') AS enrolled,
       count(*) FILTER (WHERE taken.status = 'completed') AS completed,
       count(*) FILTER (WHERE taken.status = 'withdrawn') AS withdrawn,
       coalesce(sum(taken.sessions_attended), 0)::bigint AS attendances
FROM care.programme AS run
LEFT JOIN care.programme_participation AS taken USING (programme_id)
GROUP BY run.programme_id;
COMMENT ON VIEW   care.programme_figures              IS 'Each programme, and how many enrolments the reader may see are in which state.';
COMMENT ON COLUMN care.programme_figures.programme_id IS 'Programme.';
COMMENT ON COLUMN care.programme_figures.title        IS 'Its name.';
COMMENT ON COLUMN care.programme_figures.capacity     IS 'Seats.';
COMMENT ON COLUMN care.programme_figures.seats_taken  IS 'Seats taken, whoever reads.';
COMMENT ON COLUMN care.programme_figures.seats_free   IS 'Seats free, whoever reads.';
COMMENT ON COLUMN care.programme_figures.waitlisted   IS 'Who wait.';
COMMENT ON COLUMN care.programme_figures.enrolled     IS 'Who take part and have not completed.';
COMMENT ON COLUMN care.programme_figures.completed    IS 'Who have completed.';
COMMENT ON COLUMN care.programme_figures.withdrawn    IS 'Who have withdrawn.';
COMMENT ON COLUMN care.programme_figures.attendances  IS 'Sessions attended, all participants together.';

CREATE FUNCTION care.programme_rating(programme_id uuid, OUT ratings bigint, OUT average numeric)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT CASE WHEN count(*) >= 5 THEN count(*) ELSE 0 END,
           CASE WHEN count(*) >= 5 THEN round(avg(given.rating), 2) END
    FROM care.programme_feedback AS given WHERE given.programme_id = $1
$$;
COMMENT ON FUNCTION care.programme_rating(uuid) IS 'How a programme is rated, from five feedbacks on; fewer are told as none.';

GRANT SELECT ON care.programme_participation, care.programme_figures TO healthtrack_portal;
CALL access.guard('care.progress_update', 'own_chart');
CALL access.guard('care.programme_feedback', 'internal');
GRANT SELECT, INSERT, UPDATE ON care.programme_feedback TO healthtrack_portal;
CREATE POLICY own ON care.programme_feedback FOR ALL TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]))
    WITH CHECK (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
