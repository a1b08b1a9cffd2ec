-- When somebody is to be told: rules for one patient, for who takes part in a programme, or for all, in versions.
--
-- A rule compares what is measured (a metric of devices, or a LOINC code of results) with a threshold, for so long. It is
-- changed by its next version, so that each alert can be read with the very rule that raised it. Providers in care set
-- rules for their patients; those of programmes and of the network are the owner's. Nothing evaluates them yet. New
-- table; its keys lock others for an instant. Undo: drop functions and table.
CREATE TABLE care.alert_rule (
    alert_rule_id uuid             NOT NULL DEFAULT gen_random_uuid(),
    lineage_id    uuid             NOT NULL,
    patient_id    uuid,
    programme_id  uuid,
    recorded_by   uuid,
    created_at    timestamptz      NOT NULL DEFAULT now(),
    updated_at    timestamptz      NOT NULL DEFAULT now(),
    ended_at      timestamptz,
    threshold     double precision NOT NULL,
    lasting       interval         NOT NULL DEFAULT '0',
    edition       integer          NOT NULL DEFAULT 1,
    version       integer          NOT NULL DEFAULT 1,
    title         text             NOT NULL,
    metric        text,
    loinc         text,
    comparator    text             NOT NULL,
    unit          text             NOT NULL,
    severity      text             NOT NULL,
    tells         text[]           NOT NULL,
    sensitivity   care.sensitivity,
    updated_by    text             NOT NULL DEFAULT session_user,

    CONSTRAINT alert_rule_pkey PRIMARY KEY (alert_rule_id),
    CONSTRAINT alert_rule_id_with_lineage_is_unique UNIQUE (lineage_id, alert_rule_id),
    CONSTRAINT alert_rule_edition_is_unique UNIQUE (lineage_id, edition),
    CONSTRAINT alert_rule_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT alert_rule_programme_fkey FOREIGN KEY (programme_id) REFERENCES care.programme (programme_id),
    CONSTRAINT alert_rule_recorder_fkey FOREIGN KEY (recorded_by) REFERENCES care.provider (provider_id),
    CONSTRAINT alert_rule_metric_fkey FOREIGN KEY (metric) REFERENCES signal.metric (name),
    CONSTRAINT alert_rule_is_for_one CHECK (num_nonnulls(patient_id, programme_id) <= 1),
    CONSTRAINT alert_rule_measures_one_thing CHECK (num_nonnulls(metric, loinc) = 1),
    CONSTRAINT alert_rule_code_is_loinc CHECK (care.code_fits('loinc', loinc)),
    CONSTRAINT alert_rule_comparator_is_known CHECK (comparator IN ('below', 'at_most', 'at_least', 'above')),
    CONSTRAINT alert_rule_threshold_is_a_number CHECK (threshold > '-Infinity' AND threshold < 'Infinity'),
    CONSTRAINT alert_rule_unit_is_some CHECK (unit ~ '^\S{1,40}$'),
    CONSTRAINT alert_rule_lasting_is_believable CHECK (lasting BETWEEN INTERVAL '0' AND INTERVAL '31 days'),
    CONSTRAINT alert_rule_severity_is_known CHECK (severity IN ('low', 'moderate', 'high', 'critical')),
    CONSTRAINT alert_rule_tells_somebody CHECK (
        cardinality(tells) > 0 AND tells <@ ARRAY['patient', 'care_team', 'attending', 'emergency_contact']
    ),
    CONSTRAINT alert_rule_title_is_some CHECK (title ~ '\S' AND length(title) <= 200),
    CONSTRAINT alert_rule_first_edition_begins_a_lineage CHECK (edition >= 1 AND (edition = 1) = (lineage_id = alert_rule_id)),
    CONSTRAINT alert_rule_ends_after_it_began CHECK (ended_at >= created_at),
    CONSTRAINT alert_rule_is_current_once EXCLUDE USING btree (lineage_id WITH =) WHERE (ended_at IS NULL)
);
CREATE INDEX alert_rule_patient_idx ON care.alert_rule (patient_id);
CREATE INDEX alert_rule_programme_idx ON care.alert_rule (programme_id);
CREATE INDEX alert_rule_recorder_idx ON care.alert_rule (recorded_by);
CREATE INDEX alert_rule_metric_idx ON care.alert_rule (metric);
COMMENT ON TABLE  care.alert_rule               IS 'When somebody is to be told of what is measured; one version of it, whose words never change.';
COMMENT ON COLUMN care.alert_rule.alert_rule_id IS 'Key of this version.';
COMMENT ON COLUMN care.alert_rule.lineage_id    IS 'Key of the rule in all its versions: that of the first one.';
COMMENT ON COLUMN care.alert_rule.patient_id    IS 'For which patient; null where it is for more than one.';
COMMENT ON COLUMN care.alert_rule.programme_id  IS 'For who takes part in which programme; null where it is for one patient or for all.';
COMMENT ON COLUMN care.alert_rule.recorded_by   IS 'Provider who set it; null where the network did.';
COMMENT ON COLUMN care.alert_rule.created_at    IS 'Since when it holds.';
COMMENT ON COLUMN care.alert_rule.updated_at    IS 'When it was last changed.';
COMMENT ON COLUMN care.alert_rule.ended_at      IS 'Since when it does not hold any more; null while it does.';
COMMENT ON COLUMN care.alert_rule.threshold     IS 'What it is compared with.';
COMMENT ON COLUMN care.alert_rule.lasting       IS 'For how long it has to be so; zero where one value is enough.';
COMMENT ON COLUMN care.alert_rule.edition       IS '1 for its first version, and so on.';
COMMENT ON COLUMN care.alert_rule.version       IS 'Raised by each change.';
COMMENT ON COLUMN care.alert_rule.title         IS 'What it is called.';
COMMENT ON COLUMN care.alert_rule.metric        IS 'What devices measure; null where it is about results.';
COMMENT ON COLUMN care.alert_rule.loinc         IS 'What results tell, by LOINC; null where devices measure it.';
COMMENT ON COLUMN care.alert_rule.comparator    IS 'below, at_most, at_least or above the threshold.';
COMMENT ON COLUMN care.alert_rule.unit          IS 'Unit of the threshold.';
COMMENT ON COLUMN care.alert_rule.severity      IS 'low, moderate, high or critical.';
COMMENT ON COLUMN care.alert_rule.tells         IS 'Who is told: patient, care_team, attending, emergency_contact.';
COMMENT ON COLUMN care.alert_rule.sensitivity   IS 'What it is of, where it and its alerts are kept apart from the rest of the chart; null for plain care.';
COMMENT ON COLUMN care.alert_rule.updated_by    IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT alert_rule_pkey ON care.alert_rule IS 'This rule is known already.';
COMMENT ON CONSTRAINT alert_rule_id_with_lineage_is_unique ON care.alert_rule IS 'This rule is known already.';
COMMENT ON CONSTRAINT alert_rule_edition_is_unique ON care.alert_rule IS 'Somebody changed the rule just now: try again.';
COMMENT ON CONSTRAINT alert_rule_patient_fkey ON care.alert_rule IS 'Register the patient first.';
COMMENT ON CONSTRAINT alert_rule_programme_fkey ON care.alert_rule IS 'Choose one of the network''s programmes.';
COMMENT ON CONSTRAINT alert_rule_recorder_fkey ON care.alert_rule IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT alert_rule_metric_fkey ON care.alert_rule IS 'Choose one of the known metrics.';
COMMENT ON CONSTRAINT alert_rule_is_for_one ON care.alert_rule IS 'A rule is for one patient, for one programme, or for all.';
COMMENT ON CONSTRAINT alert_rule_measures_one_thing ON care.alert_rule IS 'Choose what devices measure, or what results tell.';
COMMENT ON CONSTRAINT alert_rule_code_is_loinc ON care.alert_rule IS 'This is no code of LOINC.';
COMMENT ON CONSTRAINT alert_rule_comparator_is_known ON care.alert_rule IS 'Choose below, at_most, at_least or above.';
COMMENT ON CONSTRAINT alert_rule_threshold_is_a_number ON care.alert_rule IS 'Give a number to compare with.';
COMMENT ON CONSTRAINT alert_rule_unit_is_some ON care.alert_rule IS 'Give the unit of the threshold.';
COMMENT ON CONSTRAINT alert_rule_lasting_is_believable ON care.alert_rule IS 'A rule waits for 31 days at most.';
COMMENT ON CONSTRAINT alert_rule_severity_is_known ON care.alert_rule IS 'Choose low, moderate, high or critical.';
COMMENT ON CONSTRAINT alert_rule_tells_somebody ON care.alert_rule IS 'Choose who is told: patient, care_team, attending or emergency_contact.';
COMMENT ON CONSTRAINT alert_rule_title_is_some ON care.alert_rule IS 'Give the rule a title of 200 letters at most.';
COMMENT ON CONSTRAINT alert_rule_first_edition_begins_a_lineage ON care.alert_rule IS 'Versions are counted from 1, and bear the key of the first one.';
COMMENT ON CONSTRAINT alert_rule_ends_after_it_began ON care.alert_rule IS 'A rule cannot end before it began.';
COMMENT ON CONSTRAINT alert_rule_is_current_once ON care.alert_rule IS 'Another version of this rule holds: end that first.';

CREATE FUNCTION care.check_alert_rule() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    free constant text[] := '{ended_at,version,updated_at,updated_by}';
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - free <> to_jsonb(OLD) - free OR OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at THEN
            PERFORM care.refuse('alert_rule_is_changed_by_its_next_version', 'A rule keeps its words: set its next version.');
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.metric IS NOT NULL AND NOT EXISTS (SELECT FROM signal.metric m WHERE m.name = NEW.metric AND m.unit = NEW.unit)
       OR EXISTS (SELECT FROM care.loinc_unit u WHERE u.loinc = NEW.loinc)
          AND NOT EXISTS (SELECT FROM care.loinc_unit u WHERE u.loinc = NEW.loinc AND u.unit = NEW.unit) THEN
        PERFORM care.refuse('alert_rule_unit_fits_what_is_measured', 'Give the threshold in the unit that this is measured in.');
    ELSIF NEW.edition > 1 AND NOT EXISTS (
        SELECT FROM care.alert_rule r WHERE r.lineage_id = NEW.lineage_id AND r.edition = NEW.edition - 1 AND r.ended_at IS NOT NULL
           AND (r.patient_id, r.programme_id, r.metric, r.loinc)
               IS NOT DISTINCT FROM (NEW.patient_id, NEW.programme_id, NEW.metric, NEW.loinc)) THEN
        PERFORM care.refuse('alert_rule_version_is_about_the_same', 'The next version of a rule is for the same people, about the same measurement.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_alert_rule() IS 'Trigger before a rule is stored or changed: its unit fits, its versions are about the same, and it keeps its words.';
CREATE TRIGGER alert_rule_keeps_its_words BEFORE INSERT OR UPDATE ON care.alert_rule
    FOR EACH ROW EXECUTE FUNCTION care.check_alert_rule();
CREATE TRIGGER alert_rule_is_stamped BEFORE INSERT OR UPDATE ON care.alert_rule FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER alert_rule_is_touched BEFORE UPDATE ON care.alert_rule FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER alert_rule_is_recorded_in_person BEFORE INSERT OR UPDATE OF recorded_by ON care.alert_rule
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_recorder('recorded_by');
CREATE TRIGGER alert_rule_stays_under_hold BEFORE DELETE ON care.alert_rule
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
CALL access.guard('care.alert_rule', 'sensitive_chart', 'recorded_by');
CREATE POLICY everybody_reads ON care.alert_rule FOR SELECT TO healthtrack_care
    USING (patient_id IS NULL AND (SELECT access.part()) IS NOT NULL);
COMMENT ON POLICY everybody_reads ON care.alert_rule IS 'What holds for a programme or for all is no secret.';

-- Rules that hold for a patient: the own ones, those of programmes that they take part in, and those for all.
CREATE FUNCTION care.alert_rules_of(patient uuid) RETURNS SETOF care.alert_rule
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.* FROM care.alert_rule r WHERE r.ended_at IS NULL AND (
        r.patient_id = patient OR r.patient_id IS NULL AND (r.programme_id IS NULL OR EXISTS (
            SELECT FROM care.enrolment e WHERE e.programme_id = r.programme_id AND e.patient_id = patient AND e.status = 'enrolled')))
$$;
COMMENT ON FUNCTION care.alert_rules_of(uuid) IS 'Rules that hold for a patient: the own ones, those of programmes that they take part in, and those for all.';
GRANT EXECUTE ON FUNCTION care.alert_rules_of(uuid) TO healthtrack_care;
