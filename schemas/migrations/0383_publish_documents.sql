-- Documents through `api`: attached, marked as errors, listed and fetched.
--
-- The key of a document is made before (api.make_key), because its bytes are bound to it. Locks nothing. Undo: drop them.
INSERT INTO access.look_kind (kind, scope, sensitive) VALUES ('documents', 'chart', true);

CALL access.publish('attach_document',
    'document uuid, patient uuid, encounter uuid, supersedes uuid, documented_at timestamptz, type_loinc text, title text, media_type text, size_bytes integer, body bytea, sensitivity text',
    'uuid', $body$
    INSERT INTO care.document_content AS c (patient_id, sealed_sha256, body)
    VALUES (patient, sha256(attach_document.body), attach_document.body);
    INSERT INTO care.document AS d (document_id, patient_id, encounter_id, supersedes_document_id, documented_at, type_loinc,
                                    title, media_type, size_bytes, sealed_sha256, author_account_id, sensitivity)
    VALUES (document, patient, encounter, supersedes, attach_document.documented_at, attach_document.type_loinc,
            attach_document.title, attach_document.media_type, attach_document.size_bytes, sha256(attach_document.body),
            me.account_id, attach_document.sensitivity)
    RETURNING d.document_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.document/' || answer);$body$,
    'Attaches a sealed document to a record, in the place of another one where that is named; gives its key.');

CALL access.publish('mark_document', 'document uuid, known_version integer',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.document AS d SET status = 'entered_in_error'
        WHERE d.document_id = document AND d.version = known_version
        RETURNING d.version, d.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.document/' || document);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, d.version FROM care.document d WHERE d.document_id = document;
        END IF;
    END;$body$,
    'Marks a document as an error where it still has the version that was read: the version that stands, and whether it is marked; no row where there is no such document for whoever acts.');

CALL access.publish('read_documents', 'before timestamptz, before_document uuid, rows_max integer',
    'TABLE (document_id uuid, version integer, documented_at timestamptz, type_loinc text, title text, media_type text, size_bytes integer, status text, place text, author text, encounter_id uuid, supersedes uuid, sensitivity text)',
    $body$RETURN QUERY
    SELECT d.document_id, d.version, d.documented_at, d.type_loinc, d.title, d.media_type, d.size_bytes, d.status, d.place,
           access.name_of_account(d.author_account_id), d.encounter_id, d.supersedes_document_id, d.sensitivity::text
    FROM care.document d
    WHERE d.patient_id = patient AND (before IS NULL OR (d.documented_at, d.document_id) < (before, before_document))
    ORDER BY d.documented_at DESC, d.document_id DESC LIMIT least(rows_max, 500);$body$,
    'Documents of a patient without their bytes, the latest first, those before the last line of the page before, 500 at most.',
    look => $$'documents'$$);

CALL access.publish('read_document', 'document uuid',
    'TABLE (media_type text, place text, sealed_sha256 bytea, body bytea)', $body$RETURN QUERY
    SELECT d.media_type, d.place, d.sealed_sha256, c.body
    FROM care.document d
    LEFT JOIN care.document_content c ON c.patient_id = patient AND c.sealed_sha256 = d.content_sha256
    WHERE d.patient_id = patient AND d.document_id = document AND d.status <> 'entered_in_error';$body$,
    'The sealed bytes of a document, and its address; none where they lie elsewhere, and no row where it was an error.',
    look => $$'documents'$$);
