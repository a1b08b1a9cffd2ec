-- Messages through `api`: begun, written, retracted, noted as read, closed; threads and messages read by a look.
--
-- A message that was retracted is shown without its words. Reading writes nothing: whoever has read says so afterwards.
-- Locks access.look_kind for an instant. Undo: drop them, and the column and its line in access.reason_to_look.
--
-- A proxy who may send messages for a patient looks at them: what may be done can open a look, beside what may be read.
ALTER TABLE access.look_kind ADD COLUMN act text;
COMMENT ON COLUMN access.look_kind.act IS 'What a proxy may do that opens it, beside the scope; null where nothing does.';
INSERT INTO access.look_kind (kind, scope, sensitive, act) VALUES ('messages', 'none', false, 'message');
DO $$
DECLARE
    known   constant text := pg_get_functiondef('access.reason_to_look(uuid,text)'::regprocedure);
    changed constant text := replace(known, '        WHEN open.at_desk AND',
        '        WHEN open.act IS NOT NULL AND patient = ANY (access.patients_acted_for(open.act)) THEN ''granted''' || chr(10)
        || '        WHEN open.at_desk AND');
BEGIN
    IF changed = known THEN
        RAISE EXCEPTION 'access.reason_to_look does not ask for the desk';
    END IF;
    EXECUTE changed;
END $$;

CALL access.publish('begin_thread', 'patient uuid, provider uuid, category text, subject text, body text, documents uuid[]',
    'uuid', $body$
    DECLARE
        written uuid;
    BEGIN
        INSERT INTO care.message_thread AS t (patient_id, provider_id, category, subject)
        VALUES (patient, provider, begin_thread.category, begin_thread.subject)
        RETURNING t.message_thread_id INTO answer;
        INSERT INTO care.message AS m (patient_id, message_thread_id, sender_account_id, body)
        VALUES (patient, answer, me.account_id, begin_thread.body) RETURNING m.message_id INTO written;
        INSERT INTO care.message_attachment (patient_id, message_id, document_id)
        SELECT patient, written, one FROM unnest(documents) AS one;
        PERFORM access.note(me, 'create', patient, 'care.message/' || written);
    END;$body$,
    'Begins a thread between a patient and a provider, or all who care, with a first message and the documents sent with it; gives the thread''s key.');

CALL access.publish('write_message', 'message_thread uuid, body text, documents uuid[]', 'uuid', $body$
    DECLARE
        whose uuid;
    BEGIN
        SELECT t.patient_id INTO whose FROM care.message_thread t WHERE t.message_thread_id = message_thread;
        INSERT INTO care.message AS m (patient_id, message_thread_id, sender_account_id, body)
        VALUES (whose, message_thread, me.account_id, write_message.body) RETURNING m.message_id INTO answer;
        INSERT INTO care.message_attachment (patient_id, message_id, document_id)
        SELECT whose, answer, one FROM unnest(documents) AS one;
        PERFORM access.note(me, 'create', whose, 'care.message/' || answer);
    END;$body$,
    'Writes a message in a thread, with the documents sent with it; gives its key.');

CALL access.publish('retract_message', 'message uuid, reason text', 'boolean', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.message AS m SET retracted_at = now(), retraction_reason = retract_message.reason
        WHERE m.message_id = message RETURNING m.patient_id INTO whose;
        answer := CASE WHEN FOUND THEN true END;
        IF answer THEN
            PERFORM access.note(me, 'update', whose, 'care.message/' || message);
        END IF;
    END;$body$,
    'Retracts an own message, with a reason; null where there is no such message for whoever acts.');

CALL access.publish('close_thread', 'message_thread uuid', 'boolean', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.message_thread AS t SET closed_at = now()
        WHERE t.message_thread_id = message_thread RETURNING t.patient_id INTO whose;
        answer := CASE WHEN FOUND THEN true END;
        IF answer THEN
            PERFORM access.note(me, 'update', whose, 'care.message_thread/' || message_thread);
        END IF;
    END;$body$,
    'Closes a thread, in which nobody writes any more; null where there is no such thread for whoever acts.');

CALL access.publish('note_messages_read', 'message_thread uuid, until timestamptz', 'integer', $body$
    DECLARE
        whose uuid;
    BEGIN
        SELECT t.patient_id INTO whose FROM care.message_thread t WHERE t.message_thread_id = message_thread;
        INSERT INTO care.message_receipt (patient_id, message_id, account_id)
        SELECT m.patient_id, m.message_id, me.account_id FROM care.message m
        WHERE m.patient_id = whose AND m.message_thread_id = message_thread AND m.sent_at <= note_messages_read.until
          AND m.sender_account_id <> me.account_id
          AND NOT EXISTS (SELECT FROM care.message_receipt r WHERE r.patient_id = whose AND r.message_id = m.message_id
                          AND r.account_id = me.account_id)
        ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS answer = ROW_COUNT;
        answer := nullif(answer, 0);
        IF answer > 0 THEN
            PERFORM access.note(me, 'update', whose, 'care.message_thread/' || message_thread);
        END IF;
    END;$body$,
    'Notes that the account has read the messages of others in a thread up to a moment; gives how many are newly read, null where none is.');

CALL access.publish('read_threads', 'before timestamptz, before_thread uuid, rows_max integer',
    'TABLE (message_thread_id uuid, began_at timestamptz, category text, subject text, provider_id uuid, closed_at timestamptz, messages bigint, last_sent_at timestamptz, unread bigint)',
    $body$RETURN QUERY
    SELECT t.message_thread_id, t.created_at, t.category, t.subject, t.provider_id, t.closed_at, said.messages,
           said.last_sent_at, said.unread
    FROM care.message_thread t, LATERAL (
        SELECT count(*) AS messages, max(m.sent_at) AS last_sent_at,
               count(*) FILTER (WHERE m.sender_account_id <> me.account_id AND m.retracted_at IS NULL AND NOT EXISTS (
                   SELECT FROM care.message_receipt r WHERE r.patient_id = patient AND r.message_id = m.message_id
                      AND r.account_id = me.account_id)) AS unread
        FROM care.message m WHERE m.patient_id = patient AND m.message_thread_id = t.message_thread_id) AS said
    WHERE t.patient_id = patient AND (before IS NULL OR (t.created_at, t.message_thread_id) < (before, before_thread))
    ORDER BY t.created_at DESC, t.message_thread_id DESC LIMIT least(rows_max, 200);$body$,
    'Threads of a patient with how many messages the account has not read, the latest first, those before the last line of the page before, 200 at most.',
    look => $$'messages'$$);

CALL access.publish('read_messages', 'message_thread uuid, before timestamptz, before_message uuid, rows_max integer',
    'TABLE (message_id uuid, sent_at timestamptz, sender text, is_own boolean, body text, retracted_at timestamptz, retraction_reason text, documents uuid[], read_by jsonb)',
    $body$RETURN QUERY
    SELECT m.message_id, m.sent_at, access.name_of_account(m.sender_account_id), m.sender_account_id = me.account_id,
           CASE WHEN m.retracted_at IS NULL THEN m.body END, m.retracted_at, m.retraction_reason,
           ARRAY(SELECT a.document_id FROM care.message_attachment a
                 WHERE a.patient_id = patient AND a.message_id = m.message_id AND m.retracted_at IS NULL ORDER BY 1),
           coalesce((SELECT jsonb_agg(jsonb_build_object('reader', access.name_of_account(r.account_id), 'read_at', r.read_at)
                                      ORDER BY r.read_at)
                     FROM care.message_receipt r WHERE r.patient_id = patient AND r.message_id = m.message_id), '[]')
    FROM care.message m
    WHERE m.patient_id = patient AND m.message_thread_id = message_thread
      AND (before IS NULL OR (m.sent_at, m.message_id) < (before, before_message))
    ORDER BY m.sent_at DESC, m.message_id DESC LIMIT least(rows_max, 500);$body$,
    'Messages of a thread with who has read them, the latest first, those before the last line of the page before, 500 at most; of one that was retracted no words.',
    look => $$'messages'$$);
