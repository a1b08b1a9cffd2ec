-- What an insurer said of a coverage when it was asked, before a visit.
--
-- Who asked, when, for which days and kinds of service, whether the coverage is active, what was told of benefits, and until
-- when the answer may be relied on. What was told is kept as it came, as JSON, since insurers differ in it; what is asked of
-- it often has columns. Answers are only ever added to. What was asked for says what care is sought: a desk and a biller read
-- in full what was noted at their facility, and of a newer answer that was noted elsewhere, or by a program, only whether the
-- coverage is active and until when that may be relied on. New table; foreign keys lock their targets for an instant. Undo:
-- drop it.
CREATE TABLE care.eligibility_answer (
    eligibility_answer_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id            uuid        NOT NULL,
    coverage_id           uuid        NOT NULL,
    facility_id           uuid,
    asked_at              timestamptz NOT NULL DEFAULT now(),
    valid_until           timestamptz NOT NULL,
    served_during         daterange   NOT NULL,
    active                boolean     NOT NULL,
    categories            text[]      NOT NULL DEFAULT '{}',
    told                  jsonb       NOT NULL DEFAULT '{}',
    told_by               text        NOT NULL,
    disposition           text,
    noted_by              text        NOT NULL DEFAULT coalesce(access.actor()::text, session_user::text),

    CONSTRAINT eligibility_answer_pkey PRIMARY KEY (eligibility_answer_id),
    CONSTRAINT eligibility_answer_coverage_fkey
        FOREIGN KEY (patient_id, coverage_id) REFERENCES care.coverage (patient_id, coverage_id),
    CONSTRAINT eligibility_answer_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT eligibility_answer_is_valid_for_a_time CHECK (valid_until > asked_at AND valid_until <= asked_at + INTERVAL '400 days'),
    CONSTRAINT eligibility_answer_is_for_some_days
        CHECK (NOT isempty(served_during) AND NOT lower_inf(served_during) AND NOT upper_inf(served_during)),
    CONSTRAINT eligibility_answer_categories_are_known CHECK (categories <@ ARRAY[
        'office_visit', 'telehealth', 'preventive', 'laboratory', 'imaging', 'surgery', 'inpatient', 'emergency', 'therapy',
        'pharmacy', 'dental', 'vision', 'equipment', 'other']),
    CONSTRAINT eligibility_answer_is_told_as_an_object CHECK (jsonb_typeof(told) = 'object' AND length(told::text) <= 100000),
    CONSTRAINT eligibility_answer_says_who_told CHECK (told_by ~ '\S' AND length(told_by) <= 200),
    CONSTRAINT eligibility_answer_disposition_is_short CHECK (disposition ~ '\S' AND length(disposition) <= 500)
);
CREATE INDEX eligibility_answer_coverage_idx ON care.eligibility_answer (patient_id, coverage_id, asked_at DESC);
CREATE INDEX eligibility_answer_facility_idx ON care.eligibility_answer (facility_id);
COMMENT ON TABLE  care.eligibility_answer IS 'What an insurer said of a coverage when it was asked; only ever added to, and the newest counts.';
COMMENT ON COLUMN care.eligibility_answer.eligibility_answer_id IS 'Key.';
COMMENT ON COLUMN care.eligibility_answer.patient_id    IS 'Of whom.';
COMMENT ON COLUMN care.eligibility_answer.coverage_id   IS 'Of which coverage of this patient.';
COMMENT ON COLUMN care.eligibility_answer.facility_id   IS 'Where it was noted, whose desk and billers read all of it; null for a program''s.';
COMMENT ON COLUMN care.eligibility_answer.asked_at      IS 'When it was asked.';
COMMENT ON COLUMN care.eligibility_answer.valid_until   IS 'Until when the answer may be relied on.';
COMMENT ON COLUMN care.eligibility_answer.served_during IS 'For services on which days; half-open.';
COMMENT ON COLUMN care.eligibility_answer.active        IS 'Whether the coverage is active on these days.';
COMMENT ON COLUMN care.eligibility_answer.categories    IS 'For which kinds of service it was asked; none where it was asked for all.';
COMMENT ON COLUMN care.eligibility_answer.told          IS 'What was told of benefits, as it came.';
COMMENT ON COLUMN care.eligibility_answer.told_by       IS 'Who told it: the insurer''s service or a person there, and its reference.';
COMMENT ON COLUMN care.eligibility_answer.disposition   IS 'What the insurer said in words; null where nothing.';
COMMENT ON COLUMN care.eligibility_answer.noted_by      IS 'Account or program that asked.';
COMMENT ON CONSTRAINT eligibility_answer_pkey ON care.eligibility_answer IS 'This answer is known already.';
COMMENT ON CONSTRAINT eligibility_answer_coverage_fkey ON care.eligibility_answer IS 'Choose a coverage of this patient.';
COMMENT ON CONSTRAINT eligibility_answer_facility_fkey ON care.eligibility_answer IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT eligibility_answer_is_valid_for_a_time ON care.eligibility_answer IS 'An answer may be relied on for a time after it was asked for, 400 days at most.';
COMMENT ON CONSTRAINT eligibility_answer_is_for_some_days ON care.eligibility_answer IS 'Ask for services on certain days, from a first to a last.';
COMMENT ON CONSTRAINT eligibility_answer_categories_are_known ON care.eligibility_answer IS 'Choose known categories of service.';
COMMENT ON CONSTRAINT eligibility_answer_is_told_as_an_object ON care.eligibility_answer IS 'Give what was told as a JSON object of 100000 letters at most.';
COMMENT ON CONSTRAINT eligibility_answer_says_who_told ON care.eligibility_answer IS 'Say who told it, in 200 letters at most.';
COMMENT ON CONSTRAINT eligibility_answer_disposition_is_short ON care.eligibility_answer IS 'Say what the insurer said in 500 letters at most, or nothing.';
CREATE TRIGGER eligibility_answer_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON care.eligibility_answer
    FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_change();
COMMENT ON TRIGGER eligibility_answer_is_append_only ON care.eligibility_answer IS 'Trigger on a table that is only ever added to: refuses update, delete and truncate.';
CREATE TRIGGER eligibility_answer_stays_under_hold BEFORE DELETE ON care.eligibility_answer FOR EACH ROW
    WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE')) EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TRIGGER eligibility_answer_stays_under_hold ON care.eligibility_answer IS 'Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.';

CREATE FUNCTION care.stamp_eligibility() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF access.actor() IS NOT NULL THEN
        NEW.asked_at := now();
        NEW.noted_by := access.actor()::text;
        NEW.facility_id := (access.own_facilities())[1];
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.stamp_eligibility() IS 'Trigger before an answer is noted: what an account notes bears its name, its facility and the present time.';
CREATE TRIGGER eligibility_answer_is_stamped BEFORE INSERT ON care.eligibility_answer FOR EACH ROW EXECUTE FUNCTION care.stamp_eligibility();
COMMENT ON TRIGGER eligibility_answer_is_stamped ON care.eligibility_answer IS 'Trigger before an answer is noted: what an account notes bears its name, its facility and the present time.';

CALL access.guard('care.eligibility_answer', 'internal');
GRANT SELECT, INSERT ON care.eligibility_answer TO healthtrack_care;
CREATE POLICY own ON care.eligibility_answer FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY desk ON care.eligibility_answer FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_at_desk())::uuid[])
           AND facility_id = ANY ((SELECT access.own_facilities())::uuid[]));
CREATE POLICY biller ON care.eligibility_answer FOR ALL TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_billed())::uuid[])
           AND facility_id = ANY ((SELECT access.own_facilities())::uuid[]))
    WITH CHECK (patient_id = ANY ((SELECT access.patients_billed())::uuid[])
                AND facility_id = ANY ((SELECT access.own_facilities())::uuid[]));
CALL care.close_joined_records();

CREATE FUNCTION care.eligibility_elsewhere(patient uuid, on_day date)
    RETURNS TABLE (coverage_id uuid, asked_at timestamptz, valid_until timestamptz, active boolean)
    LANGUAGE sql STABLE SECURITY DEFINER ROWS 2 SET search_path = pg_catalog, pg_temp AS $$
    SELECT DISTINCT ON (a.coverage_id) a.coverage_id, a.asked_at, a.valid_until, a.active
    FROM care.eligibility_answer a
    WHERE a.patient_id = patient AND a.served_during @> on_day
      AND (a.facility_id = ANY (access.own_facilities())) IS NOT TRUE
      AND (patient = ANY (access.patients_at_desk()) OR patient = ANY (access.patients_billed()))
    ORDER BY a.coverage_id, a.asked_at DESC, a.eligibility_answer_id
$$;
REVOKE EXECUTE ON FUNCTION care.eligibility_elsewhere(uuid, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.eligibility_elsewhere(uuid, date) TO healthtrack_care;
COMMENT ON FUNCTION care.eligibility_elsewhere(uuid, date) IS 'Of the newest answer of each coverage that was not noted at the acting desk''s or biller''s facility: whether it is active, and until when that may be relied on.';

INSERT INTO access.look_kind (kind, scope, in_care, at_desk, billed, sensitive) VALUES ('eligibility', 'none', false, true, true, false);

CALL access.publish('note_eligibility',
    'patient uuid, coverage uuid, valid_until timestamptz, first_on date, last_on date, active boolean, categories text[], told jsonb, told_by text, disposition text',
    'uuid', $body$
    INSERT INTO care.eligibility_answer AS e
        (patient_id, coverage_id, facility_id, valid_until, served_during, active, categories, told, told_by, disposition)
    VALUES (patient, coverage, (access.own_facilities())[1], note_eligibility.valid_until, daterange(first_on, last_on, '[]'), note_eligibility.active,
            note_eligibility.categories, note_eligibility.told, note_eligibility.told_by, note_eligibility.disposition)
    RETURNING e.eligibility_answer_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.eligibility_answer/' || answer);$body$,
    'Notes what an insurer said of a coverage for services from a first day to a last; gives the answer''s key.');

CALL access.publish('read_eligibility', 'on_day date',
    'TABLE (eligibility_answer uuid, coverage uuid, asked_at timestamptz, valid_until timestamptz, still_valid boolean, from_on date, until_on date, active boolean, categories text[], told jsonb, told_by text, disposition text)',
    $body$RETURN QUERY
    WITH own AS (
        SELECT DISTINCT ON (a.coverage_id) a.*
        FROM care.eligibility_answer a WHERE a.patient_id = patient AND a.served_during @> on_day
        ORDER BY a.coverage_id, a.asked_at DESC, a.eligibility_answer_id)
    SELECT e.* FROM (
        SELECT a.eligibility_answer_id, a.coverage_id, a.asked_at, a.valid_until, a.valid_until > now(),
               lower(a.served_during), upper(a.served_during), a.active, a.categories, a.told, a.told_by, a.disposition
        FROM own AS a
        UNION ALL
        SELECT NULL, b.coverage_id, NULL, b.valid_until, b.valid_until > now(), NULL, NULL, b.active, NULL, NULL, NULL, NULL
        FROM care.eligibility_elsewhere(patient, on_day) AS b LEFT JOIN own AS a ON a.coverage_id = b.coverage_id
        WHERE (a.asked_at >= b.asked_at) IS NOT TRUE) AS e (eligibility_answer, coverage)
    ORDER BY e.coverage, e.eligibility_answer NULLS FIRST LIMIT 100;$body$,
    'The newest answer of the insurer of each coverage of a patient for services on a day, and of a newer one that was noted elsewhere whether it is active and until when, 100 at most.', look => $$'eligibility'$$);
