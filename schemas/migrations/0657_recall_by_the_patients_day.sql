-- A recall is told two weeks before the patient's own day, not the server's: in Auckland that is the day before.
--
-- Replaces a function, locks nothing. Undo: that of 390.
CREATE OR REPLACE FUNCTION care.queue_recalls() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    queued integer;
BEGIN
    INSERT INTO care.notification (patient_id, recall_id, template, channel, next_attempt_at)
    SELECT r.patient_id, r.recall_id, t.template, c.channel,
           CASE c.channel WHEN 'portal' THEN now() ELSE care.after_quiet_hours(r.patient_id, now()) END
    FROM care.recall r JOIN care.patient p ON p.patient_id = r.patient_id AND p.deceased_at IS NULL
    CROSS JOIN care.notification_template t CROSS JOIN unnest('{portal, email, sms, push}'::text[]) AS c (channel)
    LEFT JOIN care.notification_preference w ON w.patient_id = r.patient_id AND w.channel = c.channel AND w.kind = t.kind
    WHERE r.status = 'planned' AND r.due_on <= (now() AT TIME ZONE p.time_zone)::date + 14 AND t.template = 'recall_due'
      AND coalesce(w.wanted, c.channel = 'portal')
      AND NOT EXISTS (SELECT FROM care.notification n WHERE n.patient_id = r.patient_id AND n.recall_id = r.recall_id
                        AND n.status <> 'cancelled')
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS queued = ROW_COUNT;
    RETURN queued;
END $$;
