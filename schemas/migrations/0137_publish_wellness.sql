-- Plans, goals, programmes and the journal through `api`.
--
-- What a goal came to is made of samples, so it is read under a look like every chart. Locks nothing. Undo: drop them.
CALL access.publish('make_key', '', 'uuid', 'answer := gen_random_uuid();',
    'A key for a row whose text is encrypted before it is stored, and bound to the key.');

CALL access.publish('set_goal',
    'patient uuid, plan uuid, title text, metric text, unit text, measure text, comparator text, target double precision, per text, first_on date, stop_on date',
    'uuid', $body$
    INSERT INTO care.goal (patient_id, care_plan_id, title, metric, unit, measure, comparator, target, per, pursued_during)
    VALUES (patient, plan, set_goal.title, set_goal.metric, set_goal.unit, set_goal.measure, set_goal.comparator,
            set_goal.target, set_goal.per, daterange(first_on, stop_on))
    RETURNING goal_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.goal/' || answer);$body$,
    'Sets a goal; gives its key.');
CALL access.publish('note_goal_entry', 'goal uuid, done_on date, value double precision', 'uuid', $body$
    DECLARE
        -- The person comes from the goal, so that no caller can mix two; without such a goal the row is refused.
        whose constant uuid := (SELECT g.patient_id FROM care.goal g WHERE g.goal_id = goal);
    BEGIN
        INSERT INTO care.goal_entry (patient_id, goal_id, done_on, value)
        VALUES (whose, goal, note_goal_entry.done_on, note_goal_entry.value) RETURNING goal_entry_id INTO answer;
        PERFORM access.note(me, 'create', whose, 'care.goal_entry/' || answer);
    END;$body$,
    'Notes what was done for a goal that no device measures; gives the entry''s key.');
CALL access.publish('read_goal_progress', 'goal uuid, "from" date, "to" date',
    'TABLE (bucket_on date, value double precision, parts bigint, reached boolean)', $body$
    IF NOT EXISTS (SELECT FROM care.goal g WHERE g.goal_id = goal AND g.patient_id = patient) THEN
        PERFORM access.refuse('goal_is_within_reach', 'There is no such goal of yours or of a patient in your care.');
    END IF;
    RETURN QUERY SELECT p.bucket_on, p.value, p.parts, p.reached
    FROM care.goal_progress(goal, "from", "to") p ORDER BY p.bucket_on;$body$,
    'Each day or week of a goal that touches [from, to), 400 days at most.', look => $$'goals'$$);

CALL access.publish('draft_care_plan', 'care_plan uuid, summary text', 'uuid', $body$
    answer := care.draft_care_plan(care_plan, summary);
    PERFORM access.note(me, 'create',
        (SELECT v.patient_id FROM care.care_plan_version v WHERE v.care_plan_version_id = answer),
        'care.care_plan_version/' || answer);$body$,
    'Writes the next edition of a plan as a draft of the acting provider; gives its key.');
CALL access.publish('activate_care_plan', 'draft uuid', 'void', $body$
    PERFORM care.activate_care_plan(draft);
    PERFORM access.note(me, 'sign',
        (SELECT v.patient_id FROM care.care_plan_version v WHERE v.care_plan_version_id = draft),
        'care.care_plan_version/' || draft);$body$,
    'Makes a draft the active edition of its plan.');

CALL access.publish('list_programmes', 'facility uuid',
    'TABLE (programme_id uuid, facility_id uuid, topic text, title text, first_on date, stop_on date, seats_free integer)',
    $body$RETURN QUERY SELECT p.programme_id, p.facility_id, p.topic, p.title, lower(p.runs_during), upper(p.runs_during), p.capacity - p.seats_taken
    FROM care.programme p
    WHERE p.enrolment_during @> now() AND (facility IS NULL OR p.facility_id IS NULL OR p.facility_id = facility)
    ORDER BY p.runs_during, p.title LIMIT 200;$body$,
    'Programmes that are open for enrolment, 200 at most.');
CALL access.publish('enrol', 'programme uuid, patient uuid', 'text', $body$
    answer := care.enrol(programme, patient);
    PERFORM access.note(me, 'create', patient, 'care.enrolment');$body$,
    'Enrols a patient in a programme, or puts them on its list; which of both.');
CALL access.publish('withdraw', 'programme uuid, patient uuid', 'bigint', $body$
    answer := care.withdraw(programme, patient);
    PERFORM access.note(me, 'update', patient, 'care.enrolment');$body$,
    'Withdraws a patient from a programme; how many who waited came in.');
CALL access.publish('attend', 'programme_session uuid, patient uuid', 'uuid', $body$
    answer := care.attend(programme_session, patient);
    PERFORM access.note(me, 'create', patient, 'care.attendance/' || answer);$body$,
    'Notes that a participant was at a session; gives the key.');
CALL access.publish('complete_enrolment', 'enrolment uuid', 'timestamptz', $body$
    answer := care.complete_enrolment(enrolment);
    PERFORM access.note(me, 'update', (SELECT e.patient_id FROM care.enrolment e WHERE e.enrolment_id = enrolment),
                        'care.enrolment/' || enrolment);$body$,
    'Completes an enrolment where enough sessions were attended; when.');
CALL access.publish('read_participation', '',
    'TABLE (enrolment_id uuid, programme_id uuid, title text, status text, sessions_needed integer, sessions_held bigint, sessions_attended bigint, rule_met boolean)',
    $body$RETURN QUERY SELECT p.enrolment_id, p.programme_id, p.title, p.status, p.sessions_needed, p.sessions_held, p.sessions_attended, p.rule_met
    FROM care.programme_participation p WHERE p.patient_id = patient ORDER BY p.asked_at DESC, p.enrolment_id LIMIT 200;$body$,
    'The programmes of a patient and how far they have come, the newest first, 200 at most.', look => $$'participation'$$);
CALL access.publish('read_engagement', 'centre uuid, "from" date, "to" date',
    'TABLE (counted_on date, visits integer, members integer, attendances integer, enrolments integer)',
    $body$RETURN QUERY SELECT d.counted_on, d.visits, d.members, d.attendances, d.enrolments FROM care.centre_engagement_day d
    WHERE d.facility_id = centre AND d.counted_on >= "from" AND d.counted_on < "to" ORDER BY d.counted_on LIMIT 1000;$body$,
    'How much a centre was used on each day of [from, to), 1000 at most; counts, and nobody''s name.');

CALL access.publish('write_journal_entry',
    'journal_entry uuid, patient uuid, written_at timestamptz, mood smallint, body bytea', 'void', $body$
    INSERT INTO care.journal_entry (journal_entry_id, patient_id, written_at, mood, body)
    VALUES (journal_entry, patient, write_journal_entry.written_at, write_journal_entry.mood, write_journal_entry.body);
    PERFORM access.note(me, 'create', patient, 'care.journal_entry/' || journal_entry);$body$,
    'Stores an encrypted entry of the acting patient.');
CALL access.publish('read_journal', 'before timestamptz',
    'TABLE (journal_entry_id uuid, patient_id uuid, written_at timestamptz, mood smallint, body bytea)',
    $body$RETURN QUERY SELECT e.journal_entry_id, e.patient_id, e.written_at, e.mood, e.body FROM care.journal_entry e
    WHERE e.patient_id = patient AND e.written_at < before ORDER BY e.written_at DESC, e.journal_entry_id LIMIT 200;$body$,
    'Entries of a patient that whoever acts may read, written before a moment, the latest first, 200 at most.',
    look => $$'journal'$$);
CALL access.publish('share_journal_entry', 'journal_entry uuid, provider uuid, until timestamptz', 'uuid', $body$
    answer := care.share_entry(journal_entry, provider, until);
    IF answer IS NOT NULL THEN
        PERFORM access.note(me, 'grant',
            (SELECT s.patient_id FROM care.journal_share s WHERE s.journal_share_id = answer),
            'care.journal_entry/' || journal_entry);
    END IF;$body$,
    'Shares an entry of the actor with a provider; gives the share, null where the actor has no such entry.');
CALL access.publish('unshare_journal_entry', 'journal_entry uuid, provider uuid', 'bigint', $body$
    answer := care.unshare_entry(journal_entry, provider);
    IF answer > 0 THEN
        PERFORM access.note(me, 'revoke',
            (SELECT e.patient_id FROM care.journal_entry e WHERE e.journal_entry_id = journal_entry),
            'care.journal_entry/' || journal_entry);
    END IF;$body$,
    'Takes an entry back from a provider; how many shares ended.');
