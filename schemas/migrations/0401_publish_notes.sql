-- Notes through `api`: drafted, changed, signed, signed by another, added to, marked as errors, and read with their addenda.
--
-- The sections of a draft are replaced as a whole, in the order in which they are given, so that a program needs no
-- keys of theirs. Each edit says which version it was based on. Locks nothing. Undo: drop the functions, and the look.
INSERT INTO access.look_kind (kind, scope) VALUES ('notes', 'chart');

CREATE FUNCTION care.write_note_sections(note uuid, loincs text[], titles text[], bodies text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    IF cardinality(loincs) IS DISTINCT FROM cardinality(titles) OR cardinality(loincs) IS DISTINCT FROM cardinality(bodies) THEN
        PERFORM care.refuse('note_sections_are_whole', 'Give each section a code, a heading and words.');
    END IF;
    SELECT n.patient_id INTO whose FROM care.note n
    WHERE n.note_id = note AND n.status = 'draft' AND n.author_id = access.acting_provider() FOR UPDATE;
    IF whose IS NULL THEN
        PERFORM care.refuse('note_is_a_draft_of_yours', 'You have no such draft: a signed note takes addenda.');
    END IF;
    DELETE FROM care.note_section s WHERE s.note_id = note;
    INSERT INTO care.note_section (patient_id, note_id, place, loinc, title, body)
    SELECT whose, note, place, loinc, title, body
    FROM unnest(loincs, titles, bodies) WITH ORDINALITY AS section (loinc, title, body, place);
END $$;
COMMENT ON FUNCTION care.write_note_sections(uuid, text[], text[], text[]) IS 'Replaces the sections of a draft of the acting provider, in the order in which they are given.';
REVOKE EXECUTE ON FUNCTION care.write_note_sections(uuid, text[], text[], text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.write_note_sections(uuid, text[], text[], text[]) TO healthtrack_care;

CALL access.publish('draft_note',
    'patient uuid, encounter uuid, loinc text, title text, cosigner uuid, section_loincs text[], section_titles text[], section_bodies text[], sensitivity text',
    'uuid', $body$
    INSERT INTO care.note AS n (patient_id, encounter_id, author_id, cosigner_id, loinc, title, sensitivity)
    VALUES (patient, encounter, access.acting_provider(), cosigner, draft_note.loinc, draft_note.title, draft_note.sensitivity)
    RETURNING n.note_id INTO answer;
    PERFORM care.write_note_sections(answer, section_loincs, section_titles, section_bodies);
    PERFORM access.note(me, 'create', patient, 'care.note/' || answer);$body$,
    'Drafts a note of the acting provider, whom alone it concerns until it is signed; gives its key.');

CALL access.publish('change_note',
    'note uuid, known_version integer, title text, cosigner uuid, section_loincs text[], section_titles text[], section_bodies text[]',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.note AS n SET title = change_note.title, cosigner_id = cosigner
        WHERE n.note_id = note AND n.version = known_version RETURNING n.version, n.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM care.write_note_sections(note, section_loincs, section_titles, section_bodies);
            PERFORM access.note(me, 'update', whose, 'care.note/' || note);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, n.version FROM care.note n WHERE n.note_id = note;
        END IF;
    END;$body$,
    'Rewrites a draft of the acting provider where it still has the version that the editor read: the version that stands, and whether it is the editor''s; no row where there is no such note for whoever acts.');

CALL access.publish('keep_note_apart', 'note uuid, known_version integer, sensitivity text',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.note AS n SET sensitivity = keep_note_apart.sensitivity
        WHERE n.note_id = note AND n.version = known_version AND access.acting_provider() IN (n.author_id, n.cosigner_id)
        RETURNING n.version, n.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.note/' || note);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, n.version FROM care.note n WHERE n.note_id = note;
        END IF;
    END;$body$,
    'Keeps a note of the acting provider apart from the rest of the chart, as of a sensitive category, where it still has the version that was read; a signed note is not put back. No row where there is no such note for whoever acts.');

CALL access.publish('sign_note', 'note uuid, known_version integer', 'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.note AS n SET status = 'signed', signed_at = now()
        WHERE n.note_id = note AND n.version = known_version RETURNING n.version, n.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'sign', whose, 'care.note/' || note);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, n.version FROM care.note n WHERE n.note_id = note;
        END IF;
    END;$body$,
    'Signs a note as its author where it still has the version that was read: the version that stands, and whether it is signed by this; no row where there is no such note for whoever acts.');

CALL access.publish('cosign_note', 'note uuid, known_version integer', 'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.note AS n SET status = 'cosigned', cosigned_at = now()
        WHERE n.note_id = note AND n.version = known_version RETURNING n.version, n.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'sign', whose, 'care.note/' || note);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, n.version FROM care.note n WHERE n.note_id = note;
        END IF;
    END;$body$,
    'Signs a note as the other whom it names, where it still has the version that was read: the version that stands, and whether it is signed by this; no row where there is no such note for whoever acts.');

CALL access.publish('mark_note_as_error', 'note uuid, known_version integer, reason text',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.note AS n SET status = 'entered_in_error', error_at = now(), error_by = access.acting_provider(),
            error_reason = reason
        WHERE n.note_id = note AND n.version = known_version RETURNING n.version, n.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.note/' || note);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, n.version FROM care.note n WHERE n.note_id = note;
        END IF;
    END;$body$,
    'Marks a note as an error, with the reason, where it still has the version that was read; a draft is given up so. No row where there is no such note for whoever acts.');

CALL access.publish('add_addendum', 'note uuid, body text', 'uuid', $body$
    DECLARE
        -- The person comes from the note, so that no caller can mix two; without such a note the row is refused.
        whose constant uuid := (SELECT n.patient_id FROM care.note n WHERE n.note_id = note);
    BEGIN
        INSERT INTO care.note_addendum AS a (patient_id, note_id, author_id, body)
        VALUES (whose, note, access.acting_provider(), add_addendum.body) RETURNING a.note_addendum_id INTO answer;
        PERFORM access.note(me, 'create', whose, 'care.note_addendum/' || answer);
    END;$body$,
    'Adds to a signed note what the acting provider has to say; gives the addendum''s key.');

CALL access.publish('read_notes', 'before timestamptz',
    'TABLE (note_id uuid, version integer, encounter_id uuid, loinc text, title text, status text, author_id uuid, cosigner_id uuid, created_at timestamptz, signed_at timestamptz, cosigned_at timestamptz, error_at timestamptz, error_reason text, sensitivity text, sections jsonb, addenda jsonb)',
    $body$RETURN QUERY SELECT n.note_id, n.version, n.encounter_id, n.loinc, n.title, n.status, n.author_id, n.cosigner_id,
        n.created_at, n.signed_at, n.cosigned_at, n.error_at, n.error_reason, n.sensitivity::text,
        (SELECT coalesce(jsonb_agg(jsonb_build_object('loinc', s.loinc, 'title', s.title, 'body', s.body) ORDER BY s.place), '[]')
         FROM care.note_section s WHERE s.patient_id = n.patient_id AND s.note_id = n.note_id),
        (SELECT coalesce(jsonb_agg(jsonb_build_object('note_addendum_id', a.note_addendum_id, 'author_id', a.author_id,
             'created_at', a.created_at, 'body', a.body) ORDER BY a.created_at, a.note_addendum_id), '[]')
         FROM care.note_addendum a WHERE a.patient_id = n.patient_id AND a.note_id = n.note_id)
    FROM care.note n WHERE n.patient_id = patient AND n.created_at < before
    ORDER BY n.created_at DESC, n.note_id LIMIT 100;$body$,
    'Notes of a patient that were begun before a moment, the latest first, 100 at most, each with its sections and its addenda in order; drafts are seen by their author.',
    look => $$'notes'$$);
