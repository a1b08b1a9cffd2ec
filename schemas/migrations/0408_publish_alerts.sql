-- Alerts and their rules through `api`: rules set in versions, alerts read by patient and over all, and answered.
--
-- A rule for a patient is set by a provider in care. Who answers an alert is the provider who acts. Locks nothing. Undo:
-- drop the functions, and the looks.
INSERT INTO access.look_kind (kind, scope) VALUES ('alerts', 'chart');
INSERT INTO access.look_kind (kind, scope, in_care, of_all) VALUES ('open_alerts', 'none', false, true);

CALL access.publish('set_alert_rule',
    'patient uuid, former uuid, title text, metric text, loinc text, comparator text, threshold double precision, unit text, lasting_minutes integer, severity text, tells text[], sensitivity text',
    'uuid', $body$
    DECLARE
        ended care.alert_rule;
    BEGIN
        answer := gen_random_uuid();
        IF former IS NOT NULL THEN
            UPDATE care.alert_rule AS r SET ended_at = now()
            WHERE r.alert_rule_id = former AND r.patient_id = patient AND r.ended_at IS NULL RETURNING r.* INTO ended;
            IF ended.alert_rule_id IS NULL THEN
                PERFORM access.refuse('alert_rule_is_within_reach', 'There is no such rule of a patient in your care that still holds.');
            END IF;
        END IF;
        INSERT INTO care.alert_rule (alert_rule_id, lineage_id, patient_id, recorded_by, edition, title, metric, loinc, comparator,
                                     threshold, unit, lasting, severity, tells, sensitivity)
        VALUES (answer, coalesce(ended.lineage_id, answer), patient, access.acting_provider(), coalesce(ended.edition, 0) + 1,
                set_alert_rule.title, set_alert_rule.metric, set_alert_rule.loinc, set_alert_rule.comparator,
                set_alert_rule.threshold, set_alert_rule.unit, make_interval(mins => coalesce(lasting_minutes, 0)),
                set_alert_rule.severity, set_alert_rule.tells, set_alert_rule.sensitivity);
        PERFORM access.note(me, 'create', patient, 'care.alert_rule/' || answer);
    END;$body$,
    'Sets when somebody is to be told of a patient, or the next version of a former rule, which ends; gives the key of the version.');
CALL access.publish('end_alert_rule', 'alert_rule uuid', 'void', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.alert_rule AS r SET ended_at = now()
        WHERE r.alert_rule_id = alert_rule AND r.patient_id IS NOT NULL AND r.ended_at IS NULL RETURNING r.patient_id INTO whose;
        IF whose IS NULL THEN
            PERFORM access.refuse('alert_rule_is_within_reach', 'There is no such rule of a patient in your care that still holds.');
        END IF;
        PERFORM access.note(me, 'update', whose, 'care.alert_rule/' || alert_rule);
    END;$body$,
    'Ends a rule for one patient; alerts that it opened stay.');
CALL access.publish('read_alert_rules', '',
    'TABLE (alert_rule_id uuid, lineage_id uuid, edition integer, holds_for text, title text, metric text, loinc text, comparator text, threshold double precision, unit text, lasting interval, severity text, tells text[])',
    $body$RETURN QUERY SELECT r.alert_rule_id, r.lineage_id, r.edition,
        CASE WHEN r.patient_id IS NOT NULL THEN 'patient' WHEN r.programme_id IS NOT NULL THEN 'programme' ELSE 'all' END,
        r.title, r.metric, r.loinc, r.comparator, r.threshold, r.unit, r.lasting, r.severity, r.tells
    FROM care.alert_rules_of(patient) r ORDER BY r.title, r.alert_rule_id LIMIT 200;$body$,
    'Rules that hold for a patient: the own ones, those of programmes and those for all, 200 at most.', look => $$'alerts'$$);
CALL access.publish('read_alerts', 'before timestamptz',
    'TABLE (alert_id uuid, version integer, alert_rule_id uuid, title text, severity text, status text, opened_at timestamptz, observed_from timestamptz, observed_to timestamptz, readings integer, lowest double precision, highest double precision, latest double precision, unit text, acknowledged_by uuid, escalated_to uuid, closed_at timestamptz, reason text)',
    $body$RETURN QUERY SELECT a.alert_id, a.version, a.alert_rule_id, r.title, a.severity, a.status, a.created_at,
        lower(a.observed_during), upper(a.observed_during), a.readings, a.lowest, a.highest, a.latest, r.unit, a.acknowledged_by,
        a.escalated_to, a.closed_at, a.reason
    FROM care.alert a LEFT JOIN care.alert_rule r USING (alert_rule_id) WHERE a.patient_id = patient AND a.created_at < before
    ORDER BY a.created_at DESC, a.alert_id LIMIT 200;$body$,
    'Alerts of a patient that were opened before a moment, the latest first, 200 at most, each with its evidence.',
    look => $$'alerts'$$);
CALL access.publish('read_open_alerts', '',
    'TABLE (alert_id uuid, version integer, patient_id uuid, title text, severity text, status text, opened_at timestamptz, latest double precision, unit text, escalated_to uuid)',
    $body$RETURN QUERY SELECT a.alert_id, a.version, a.patient_id, r.title, a.severity, a.status, a.created_at, a.latest, r.unit, a.escalated_to
    FROM care.alert a LEFT JOIN care.alert_rule r USING (alert_rule_id)
    WHERE patient IS NULL AND a.status NOT IN ('resolved', 'dismissed') AND a.patient_id = ANY ((SELECT access.patients_in_care())::uuid[])
    ORDER BY array_position('{critical,high,moderate,low}', a.severity), a.created_at, a.alert_id LIMIT 200;$body$,
    'Alerts of all patients in the care of the acting provider that nobody has closed, the most severe first, 200 at most.',
    look => $$'open_alerts'$$);
CALL access.publish('change_alert', 'alert uuid, known_version integer, status text, reason text, pass_on_to uuid',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.alert AS a SET status = change_alert.status, reason = coalesce(change_alert.reason, a.reason),
            acknowledged_by = CASE change_alert.status WHEN 'acknowledged' THEN access.acting_provider() ELSE a.acknowledged_by END,
            acknowledged_at = CASE change_alert.status WHEN 'acknowledged' THEN now() ELSE a.acknowledged_at END,
            escalated_to = CASE change_alert.status WHEN 'escalated' THEN pass_on_to ELSE a.escalated_to END,
            escalated_at = CASE change_alert.status WHEN 'escalated' THEN now() ELSE a.escalated_at END,
            closed_by = CASE WHEN change_alert.status IN ('resolved', 'dismissed') THEN access.acting_provider() END,
            closed_at = CASE WHEN change_alert.status IN ('resolved', 'dismissed') THEN now() END
        WHERE a.alert_id = alert AND a.version = known_version RETURNING a.version, a.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.alert/' || alert);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, a.version FROM care.alert a WHERE a.alert_id = alert;
        END IF;
    END;$body$,
    'Answers an alert as the acting provider where it still has the version that was read: the version that stands, and whether it is the own one; no row where there is no such alert for whoever acts.');
