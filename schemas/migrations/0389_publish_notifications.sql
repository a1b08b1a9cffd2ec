-- Notifications through `api`: the own ones, seen; wishes and quiet hours.
--
-- Locks nothing. Undo: drop them.
INSERT INTO access.look_kind (kind, scope, in_care, sensitive) VALUES ('notifications', 'none', false, false);

CREATE FUNCTION care.see_notification(notification uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    UPDATE care.notification n SET status = 'delivered', next_attempt_at = NULL, sent_at = coalesce(n.sent_at, now()),
        delivered_at = now()
    WHERE n.notification_id = notification AND n.channel = 'portal' AND n.status IN ('queued', 'sent')
      AND n.patient_id = ANY (access.own_patients())
    RETURNING n.patient_id INTO whose;
    RETURN whose;
END $$;
COMMENT ON FUNCTION care.see_notification(uuid) IS 'Notes that the acting patient has seen an own notification in the portal; whose it is, null where there is none.';
REVOKE EXECUTE ON FUNCTION care.see_notification(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.see_notification(uuid) TO healthtrack_care;

CALL access.publish('see_notification', 'notification uuid', 'boolean', $body$
    DECLARE
        whose constant uuid := care.see_notification(notification);
    BEGIN
        IF whose IS NOT NULL THEN
            answer := true;
            PERFORM access.note(me, 'update', whose, 'care.notification/' || notification);
        END IF;
    END;$body$,
    'Notes that the acting patient has seen a notification in the portal; null where there is none to see.');

CALL access.publish('read_notifications', 'before timestamptz, before_notification uuid, rows_max integer',
    'TABLE (notification_id uuid, queued_at timestamptz, kind text, words text, channel text, status text, about_at timestamptz, delivered_at timestamptz, appointment_id uuid, message_id uuid, task_id uuid)',
    $body$RETURN QUERY
    SELECT n.notification_id, n.created_at, t.kind, replace(t.words, '{reference}', n.reference), n.channel, n.status,
           n.about_at, n.delivered_at, n.appointment_id, n.message_id, n.task_id
    FROM care.notification n LEFT JOIN care.notification_template t USING (template)
    WHERE n.patient_id = patient AND (before IS NULL OR (n.created_at, n.notification_id) < (before, before_notification))
    ORDER BY n.created_at DESC, n.notification_id DESC LIMIT least(rows_max, 500);$body$,
    'Notifications to a patient and how far each came, the latest first, those before the last line of the page before, 500 at most.',
    look => $$'notifications'$$);

CALL access.publish('choose_channel', 'patient uuid, channel text, kind text, wanted boolean', 'boolean', $body$
    UPDATE care.notification_preference AS w SET wanted = choose_channel.wanted
    WHERE w.patient_id = patient AND w.channel = choose_channel.channel AND w.kind = choose_channel.kind;
    IF NOT FOUND THEN
        INSERT INTO care.notification_preference (patient_id, channel, kind, wanted)
        VALUES (patient, choose_channel.channel, choose_channel.kind, choose_channel.wanted);
    END IF;
    answer := choose_channel.wanted;
    PERFORM access.note(me, 'update', patient, 'care.notification_preference');$body$,
    'Says whether the acting patient wants notifications of a kind over a channel.');

CALL access.publish('set_quiet_hours', 'patient uuid, quiet_from text, quiet_until text', 'boolean', $body$
    UPDATE care.quiet_hours AS q SET quiet_from = set_quiet_hours.quiet_from::time, quiet_until = set_quiet_hours.quiet_until::time
    WHERE q.patient_id = patient;
    IF NOT FOUND THEN
        INSERT INTO care.quiet_hours (patient_id, quiet_from, quiet_until)
        VALUES (patient, set_quiet_hours.quiet_from::time, set_quiet_hours.quiet_until::time);
    END IF;
    answer := true;
    PERFORM access.note(me, 'update', patient, 'care.quiet_hours');$body$,
    'Sets when nothing is to leave for the acting patient, by the clock where the patient lives.');

CALL access.publish('read_wishes', '',
    'TABLE (channel text, kind text, wanted boolean, quiet_from time, quiet_until time)', $body$RETURN QUERY
    SELECT w.channel, w.kind, w.wanted, q.quiet_from, q.quiet_until
    FROM (SELECT * FROM care.notification_preference o WHERE o.patient_id = patient) AS w
    FULL JOIN (SELECT * FROM care.quiet_hours o WHERE o.patient_id = patient) AS q ON true
    ORDER BY w.channel, w.kind;$body$,
    'Which notifications a patient wants over which channel, and when it is to be quiet.',
    look => $$'notifications'$$);
