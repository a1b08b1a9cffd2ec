-- Alerts and their life: opened by a rule with what was measured, then acknowledged, escalated, resolved or dismissed.
--
-- Of a rule, in all its versions, one alert of a patient is open at a time: what goes on extends its evidence instead of
-- telling the same again. Programs open alerts, by care.open_alert; people answer them, in the own name, and who
-- dismisses one says why. What is closed stays closed. New table; its keys lock others for an instant. Undo: drop
-- functions and table.
CREATE TABLE care.alert (
    alert_id        uuid             NOT NULL DEFAULT gen_random_uuid(),
    patient_id      uuid             NOT NULL,
    lineage_id      uuid             NOT NULL,
    alert_rule_id   uuid             NOT NULL,
    acknowledged_by uuid,
    escalated_to    uuid,
    closed_by       uuid,
    created_at      timestamptz      NOT NULL DEFAULT now(),
    updated_at      timestamptz      NOT NULL DEFAULT now(),
    acknowledged_at timestamptz,
    escalated_at    timestamptz,
    closed_at       timestamptz,
    observed_during tstzrange        NOT NULL,
    lowest          double precision NOT NULL,
    highest         double precision NOT NULL,
    latest          double precision NOT NULL,
    readings        integer          NOT NULL,
    version         integer          NOT NULL DEFAULT 1,
    severity        text             NOT NULL,
    status          text             NOT NULL DEFAULT 'open',
    reason          text,
    sensitivity     care.sensitivity,
    updated_by      text             NOT NULL DEFAULT session_user,

    CONSTRAINT alert_pkey PRIMARY KEY (alert_id),
    CONSTRAINT alert_id_with_patient_is_unique UNIQUE (patient_id, alert_id),
    CONSTRAINT alert_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT alert_rule_fkey FOREIGN KEY (lineage_id, alert_rule_id) REFERENCES care.alert_rule (lineage_id, alert_rule_id),
    CONSTRAINT alert_acknowledger_fkey FOREIGN KEY (acknowledged_by) REFERENCES care.provider (provider_id),
    CONSTRAINT alert_escalated_fkey FOREIGN KEY (escalated_to) REFERENCES care.provider (provider_id),
    CONSTRAINT alert_closer_fkey FOREIGN KEY (closed_by) REFERENCES care.provider (provider_id),
    CONSTRAINT alert_severity_is_known CHECK (severity IN ('low', 'moderate', 'high', 'critical')),
    CONSTRAINT alert_status_is_known CHECK (status IN ('open', 'acknowledged', 'escalated', 'resolved', 'dismissed')),
    CONSTRAINT alert_evidence_is_whole CHECK (
        readings >= 1 AND lowest <= latest AND latest <= highest AND NOT isempty(observed_during)
        AND lower(observed_during) IS NOT NULL AND upper(observed_during) IS NOT NULL
    ),
    CONSTRAINT alert_acknowledged_says_who CHECK (
        (acknowledged_by IS NULL) = (acknowledged_at IS NULL) AND (status <> 'acknowledged' OR acknowledged_by IS NOT NULL)
    ),
    CONSTRAINT alert_escalated_says_to_whom CHECK (
        (escalated_to IS NULL) = (escalated_at IS NULL) AND (status <> 'escalated' OR escalated_to IS NOT NULL)
    ),
    CONSTRAINT alert_closed_says_when CHECK (
        (status IN ('resolved', 'dismissed')) = (closed_at IS NOT NULL) AND (closed_by IS NULL OR closed_at IS NOT NULL)
    ),
    CONSTRAINT alert_dismissal_says_why CHECK (
        (status <> 'dismissed' OR coalesce(reason ~ '\S', false)) AND length(reason) <= 2000 IS NOT FALSE
    ),
    CONSTRAINT alert_of_a_rule_is_open_once
        EXCLUDE USING btree (patient_id WITH =, lineage_id WITH =) WHERE (status NOT IN ('resolved', 'dismissed'))
);
CREATE INDEX alert_patient_idx ON care.alert (patient_id, created_at);
CREATE INDEX alert_open_idx ON care.alert (patient_id, created_at) WHERE status NOT IN ('resolved', 'dismissed');
CREATE INDEX alert_rule_idx ON care.alert (lineage_id, alert_rule_id);
CREATE INDEX alert_acknowledger_idx ON care.alert (acknowledged_by);
CREATE INDEX alert_escalated_idx ON care.alert (escalated_to);
CREATE INDEX alert_closer_idx ON care.alert (closed_by);
COMMENT ON TABLE  care.alert                 IS 'That what was measured of a patient broke a rule, and what came of it.';
COMMENT ON COLUMN care.alert.alert_id        IS 'Key.';
COMMENT ON COLUMN care.alert.patient_id      IS 'Whose.';
COMMENT ON COLUMN care.alert.lineage_id      IS 'By which rule, in all its versions.';
COMMENT ON COLUMN care.alert.alert_rule_id   IS 'By which version of it.';
COMMENT ON COLUMN care.alert.acknowledged_by IS 'Provider who took it on; null before.';
COMMENT ON COLUMN care.alert.escalated_to    IS 'Provider to whom it was passed on; null before.';
COMMENT ON COLUMN care.alert.closed_by       IS 'Provider who closed it; null where it is open, or a program closed it.';
COMMENT ON COLUMN care.alert.created_at      IS 'When it was opened.';
COMMENT ON COLUMN care.alert.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.alert.acknowledged_at IS 'When it was taken on; null before.';
COMMENT ON COLUMN care.alert.escalated_at    IS 'When it was passed on; null before.';
COMMENT ON COLUMN care.alert.closed_at       IS 'When it was resolved or dismissed; null before.';
COMMENT ON COLUMN care.alert.observed_during IS 'From the first to the last of the values that broke the rule.';
COMMENT ON COLUMN care.alert.lowest          IS 'The least of them, in the rule''s unit.';
COMMENT ON COLUMN care.alert.highest         IS 'The greatest of them.';
COMMENT ON COLUMN care.alert.latest          IS 'The last of them.';
COMMENT ON COLUMN care.alert.readings        IS 'How many they are.';
COMMENT ON COLUMN care.alert.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.alert.severity        IS 'low, moderate, high or critical, as its rule says.';
COMMENT ON COLUMN care.alert.status          IS 'open, acknowledged, escalated, resolved or dismissed.';
COMMENT ON COLUMN care.alert.reason          IS 'Why it was dismissed, or what was done; null where nothing was said.';
COMMENT ON COLUMN care.alert.sensitivity     IS 'What it is of, as its rule says; null for plain care.';
COMMENT ON COLUMN care.alert.updated_by      IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT alert_pkey ON care.alert IS 'This alert is known already.';
COMMENT ON CONSTRAINT alert_id_with_patient_is_unique ON care.alert IS 'This alert is known already.';
COMMENT ON CONSTRAINT alert_patient_fkey ON care.alert IS 'Register the patient first.';
COMMENT ON CONSTRAINT alert_rule_fkey ON care.alert IS 'Choose a version of this rule.';
COMMENT ON CONSTRAINT alert_acknowledger_fkey ON care.alert IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT alert_escalated_fkey ON care.alert IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT alert_closer_fkey ON care.alert IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT alert_severity_is_known ON care.alert IS 'Choose low, moderate, high or critical.';
COMMENT ON CONSTRAINT alert_status_is_known ON care.alert IS 'Choose open, acknowledged, escalated, resolved or dismissed.';
COMMENT ON CONSTRAINT alert_evidence_is_whole ON care.alert IS 'Give the time, the number and the range of the values that broke the rule.';
COMMENT ON CONSTRAINT alert_acknowledged_says_who ON care.alert IS 'Say who took the alert on.';
COMMENT ON CONSTRAINT alert_escalated_says_to_whom ON care.alert IS 'Say to whom the alert is passed on.';
COMMENT ON CONSTRAINT alert_closed_says_when ON care.alert IS 'An alert that is resolved or dismissed was closed at a time, and no other was.';
COMMENT ON CONSTRAINT alert_dismissal_says_why ON care.alert IS 'Say why the alert is dismissed, in 2000 letters at most.';
COMMENT ON CONSTRAINT alert_of_a_rule_is_open_once ON care.alert IS 'This rule has an open alert of the patient already.';

CREATE FUNCTION care.check_alert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    told   constant text[] := '{status,reason,acknowledged_by,acknowledged_at,escalated_to,escalated_at,closed_by,closed_at,version,updated_at,updated_by}';
    rule   care.alert_rule;
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT * INTO rule FROM care.alert_rules_of(NEW.patient_id) r WHERE r.alert_rule_id = NEW.alert_rule_id;
        IF rule.alert_rule_id IS NULL THEN
            PERFORM care.refuse('alert_is_of_a_rule_that_holds', 'Choose a rule that holds for this patient.');
        ELSIF NEW.status <> 'open' THEN
            PERFORM care.refuse('alert_begins_open', 'An alert is opened before anybody answers it.');
        END IF;
        NEW.severity := rule.severity;
        NEW.sensitivity := rule.sensitivity;
    ELSE
        SELECT * INTO rule FROM care.alert_rule r WHERE r.alert_rule_id = NEW.alert_rule_id;
        IF OLD.status IN ('resolved', 'dismissed') THEN
            PERFORM care.refuse('alert_that_is_closed_stays', 'This alert is closed, and stays so.');
        ELSIF NEW.status = 'open' AND OLD.status <> 'open' THEN
            PERFORM care.refuse('alert_goes_forward', 'Somebody has taken this alert on already.');
        ELSIF access.actor() IS NOT NULL AND to_jsonb(NEW) - told <> to_jsonb(OLD) - told
              OR (NEW.patient_id, NEW.lineage_id, NEW.alert_rule_id, NEW.severity, NEW.sensitivity)
                 IS DISTINCT FROM (OLD.patient_id, OLD.lineage_id, OLD.alert_rule_id, OLD.severity, OLD.sensitivity) THEN
            PERFORM care.refuse('alert_keeps_its_evidence', 'What was measured is not changed: say what came of it.');
        ELSIF access.actor() IS NOT NULL
              AND (NEW.acknowledged_by IS DISTINCT FROM OLD.acknowledged_by AND NEW.acknowledged_by IS DISTINCT FROM access.acting_provider()
                   OR NEW.closed_by IS DISTINCT FROM access.acting_provider() AND NEW.closed_at IS NOT NULL) THEN
            PERFORM care.refuse('alert_is_answered_in_person', 'A provider answers an alert in the own name only.');
        END IF;
    END IF;
    IF NOT (CASE rule.comparator WHEN 'below' THEN NEW.highest < rule.threshold WHEN 'at_most' THEN NEW.highest <= rule.threshold
                                WHEN 'at_least' THEN NEW.lowest >= rule.threshold ELSE NEW.lowest > rule.threshold END)
       OR upper(NEW.observed_during) - lower(NEW.observed_during) < rule.lasting THEN
        PERFORM care.refuse('alert_evidence_breaks_its_rule', 'Give values that break the rule, for as long as it says.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_alert() IS 'Trigger before an alert is stored or changed: its rule holds and is broken by its evidence, which stays, and it is answered in the own name.';
CREATE TRIGGER alert_keeps_its_evidence BEFORE INSERT OR UPDATE ON care.alert FOR EACH ROW EXECUTE FUNCTION care.check_alert();
CREATE TRIGGER alert_is_stamped BEFORE INSERT OR UPDATE ON care.alert FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER alert_is_touched BEFORE UPDATE ON care.alert FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER alert_keeps_former_versions AFTER UPDATE ON care.alert FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
CREATE TRIGGER alert_stays_under_hold BEFORE DELETE ON care.alert
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
CALL access.guard('care.alert', 'sensitive_chart', 'escalated_to');
REVOKE INSERT ON care.alert FROM healthtrack_care;

CREATE FUNCTION care.open_alert(rule uuid, patient uuid, during tstzrange, readings integer, lowest double precision,
                                highest double precision, latest double precision) RETURNS uuid
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    line uuid := (SELECT r.lineage_id FROM care.alert_rule r WHERE r.alert_rule_id = rule);
    made uuid;
BEGIN
    -- Two programs at once: whoever comes second extends what the first one opened.
    FOR turn IN 1..2 LOOP
        UPDATE care.alert AS a SET observed_during = range_merge(a.observed_during, during), readings = a.readings + open_alert.readings,
            lowest = least(a.lowest, open_alert.lowest), highest = greatest(a.highest, open_alert.highest), latest = open_alert.latest
        WHERE a.patient_id = patient AND a.lineage_id = line AND a.status NOT IN ('resolved', 'dismissed')
          AND upper(during) > upper(a.observed_during)
        RETURNING a.alert_id INTO made;
        IF made IS NULL THEN
            SELECT a.alert_id INTO made FROM care.alert a
            WHERE a.patient_id = patient AND a.lineage_id = line AND a.status NOT IN ('resolved', 'dismissed');
        END IF;
        IF made IS NOT NULL THEN
            RETURN made;
        END IF;
        BEGIN
            INSERT INTO care.alert AS a (patient_id, lineage_id, alert_rule_id, severity, observed_during, readings, lowest, highest, latest)
            VALUES (patient, line, rule, 'low', during, open_alert.readings, open_alert.lowest, open_alert.highest, open_alert.latest)
            RETURNING a.alert_id INTO made;
            RETURN made;
        EXCEPTION WHEN exclusion_violation THEN
            NULL;
        END;
    END LOOP;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.open_alert(uuid, uuid, tstzrange, integer, double precision, double precision, double precision) IS 'Opens an alert with its evidence, or extends the open one of the same rule and patient by what was measured after; gives its key.';
