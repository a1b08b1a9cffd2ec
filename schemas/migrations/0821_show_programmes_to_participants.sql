-- Who takes part in a programme sees what it is, its sessions with their place and which were attended, and says how it was.
--
-- A programme and its sessions are of the directory; what is one's own of them, where one stands, attendance and feedback, is read by a
-- look at participation. Feedback is the patient's alone to give, once admitted, and what was said is replaced by what is said later.
-- New functions, locks nothing. Undo: drop them.
CALL access.publish('read_programme', 'programme uuid',
    'TABLE (title text, topic text, description text, first_on date, stop_on date, place text, status text, admitted boolean,
            sessions_needed integer, rating smallint, comment text)', $body$RETURN QUERY
    SELECT g.title, g.topic, g.description, lower(g.runs_during), upper(g.runs_during), f.name, e.status,
           coalesce(e.admitted, false), g.sessions_needed, b.rating, b.comment
    FROM care.programme g
    LEFT JOIN care.facility f USING (facility_id)
    LEFT JOIN care.enrolment e ON e.programme_id = g.programme_id AND e.patient_id = patient
    LEFT JOIN care.programme_feedback b ON b.enrolment_id = e.enrolment_id
    WHERE g.programme_id = programme;$body$,
    'A programme, where a patient stands in it, and what the patient said of it.', look => $$'participation'$$);
CALL access.publish('read_programme_sessions', 'programme uuid',
    'TABLE (programme_session_id uuid, title text, starts_at timestamptz, ends_at timestamptz, cancelled boolean, place text, room text,
            provider text, attended boolean)', $body$RETURN QUERY
    SELECT n.programme_session_id, n.title, lower(n.during), upper(n.during), n.cancelled_at IS NOT NULL, f.name, r.name,
           nullif(concat_ws(' ', p.given_name, p.family_name), ''),
           EXISTS (SELECT FROM care.attendance a
                   WHERE a.patient_id = patient AND a.programme_session_id = n.programme_session_id)
    FROM care.programme_session n JOIN care.programme g USING (programme_id)
    LEFT JOIN care.facility f ON f.facility_id = coalesce(n.facility_id, g.facility_id)
    LEFT JOIN care.room r ON r.room_id = n.room_id
    LEFT JOIN care.provider p ON p.provider_id = n.provider_id
    WHERE n.programme_id = programme ORDER BY lower(n.during), n.programme_session_id LIMIT 1000;$body$,
    'The sessions of a programme in order, and which of them a patient attended.', look => $$'participation'$$);
CALL access.publish('give_programme_feedback', 'programme uuid, patient uuid, rating smallint, comment text', 'uuid', $body$
    IF patient = ANY (access.own_patients()) THEN
        answer := (SELECT e.enrolment_id FROM care.enrolment e
                   WHERE e.programme_id = programme AND e.patient_id = patient AND e.admitted);
    END IF;
    IF answer IS NULL THEN
        PERFORM access.refuse('feedback_is_of_participants', 'Only who has taken part says how it was.');
    END IF;
    PERFORM access.note(me, 'update', patient, 'care.programme_feedback/' || answer);
    INSERT INTO care.programme_feedback AS said (patient_id, programme_id, enrolment_id, rating, comment)
    VALUES (patient, programme, answer, rating, nullif(comment, ''))
    ON CONFLICT (enrolment_id) DO UPDATE SET rating = excluded.rating, comment = excluded.comment;$body$,
    'Says how a programme was, as who takes part; what was said before is replaced. Gives the enrolment.');
