-- What a facility asks of those who come: how long before a visit it wants to hear of a cancellation, and after how many
-- missed visits only its front desk books for a patient.
--
-- Counted are the appointments at that facility that were marked as missed, within so many days and since the desk last let
-- the patient book again, with its reason. It is asked after the rights (an AFTER trigger), so that nobody learns by trying
-- of another's missed visits. What a patient has booked stays, may be moved and cancelled; offers of the wait-list pass such
-- patients over. A facility without a policy asks nothing of anybody.
-- New tables; care.appointment and care.waitlist_entry are locked for an instant for a trigger each. Undo: drop the tables,
-- triggers and functions, and take care.offer_waitlist back as it was (migration 306).
CREATE TABLE care.attendance_policy (
    facility_id   uuid        NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    version       integer     NOT NULL DEFAULT 1,
    notice_hours  smallint    NOT NULL DEFAULT 24,
    no_show_limit smallint,
    within_days   smallint,
    charge_code   text,
    updated_by    text        NOT NULL DEFAULT session_user,

    CONSTRAINT attendance_policy_pkey PRIMARY KEY (facility_id),
    CONSTRAINT attendance_policy_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT attendance_policy_charge_code_fkey FOREIGN KEY (charge_code) REFERENCES care.charge_code (charge_code),
    CONSTRAINT attendance_policy_notice_is_a_month_at_most CHECK (notice_hours BETWEEN 0 AND 720),
    CONSTRAINT attendance_policy_limit_is_within_days
        CHECK ((no_show_limit IS NULL) = (within_days IS NULL) AND coalesce(no_show_limit BETWEEN 1 AND 50, true)
               AND coalesce(within_days BETWEEN 1 AND 1830, true))
);
CREATE INDEX attendance_policy_charge_code_idx ON care.attendance_policy (charge_code);
COMMENT ON TABLE  care.attendance_policy IS 'What a facility asks of those who come: notice of a cancellation, and not to miss visits.';
COMMENT ON COLUMN care.attendance_policy.facility_id   IS 'The facility.';
COMMENT ON COLUMN care.attendance_policy.created_at    IS 'When the row was made.';
COMMENT ON COLUMN care.attendance_policy.updated_at    IS 'When it was last changed.';
COMMENT ON COLUMN care.attendance_policy.version       IS 'Raised by each change.';
COMMENT ON COLUMN care.attendance_policy.notice_hours  IS 'So many hours before a visit a cancellation is late.';
COMMENT ON COLUMN care.attendance_policy.no_show_limit IS 'After so many missed visits only the desk books for a patient; null where it may always book.';
COMMENT ON COLUMN care.attendance_policy.within_days   IS 'Missed visits of so many days count; null where there is no limit.';
COMMENT ON COLUMN care.attendance_policy.charge_code   IS 'What a missed visit or a late cancellation costs, by the price list; null where it costs nothing.';
COMMENT ON COLUMN care.attendance_policy.updated_by    IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT attendance_policy_pkey ON care.attendance_policy IS 'This facility has its policy already: change that.';
COMMENT ON CONSTRAINT attendance_policy_facility_fkey ON care.attendance_policy IS 'Add the facility first.';
COMMENT ON CONSTRAINT attendance_policy_charge_code_fkey ON care.attendance_policy IS 'Choose one of the known charge codes.';
COMMENT ON CONSTRAINT attendance_policy_notice_is_a_month_at_most ON care.attendance_policy IS 'Ask for a notice of 0 to 720 hours.';
COMMENT ON CONSTRAINT attendance_policy_limit_is_within_days ON care.attendance_policy IS 'Say both how many missed visits, 1 to 50, and within how many days, 1 to 1830, or neither.';
CREATE TRIGGER attendance_policy_is_stamped BEFORE INSERT OR UPDATE ON care.attendance_policy
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER attendance_policy_is_touched BEFORE UPDATE ON care.attendance_policy FOR EACH ROW EXECUTE FUNCTION care.touch();
CALL access.guard('care.attendance_policy', 'directory');

CREATE TABLE care.attendance_waiver (
    attendance_waiver_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id           uuid        NOT NULL,
    facility_id          uuid        NOT NULL,
    created_at           timestamptz NOT NULL DEFAULT now(),
    updated_at           timestamptz NOT NULL DEFAULT now(),
    version              integer     NOT NULL DEFAULT 1,
    reason               text        NOT NULL,
    updated_by           text        NOT NULL DEFAULT session_user,

    CONSTRAINT attendance_waiver_pkey PRIMARY KEY (attendance_waiver_id),
    CONSTRAINT attendance_waiver_id_with_patient_is_unique UNIQUE (patient_id, attendance_waiver_id),
    CONSTRAINT attendance_waiver_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT attendance_waiver_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT attendance_waiver_reason_is_some CHECK (reason ~ '\S' AND length(reason) <= 500)
);
CREATE INDEX attendance_waiver_patient_idx ON care.attendance_waiver (patient_id, facility_id, created_at);
CREATE INDEX attendance_waiver_facility_idx ON care.attendance_waiver (facility_id);
COMMENT ON TABLE  care.attendance_waiver IS 'That a front desk lets a patient book again who had missed visits there: what was missed before counts no more.';
COMMENT ON COLUMN care.attendance_waiver.attendance_waiver_id IS 'Key.';
COMMENT ON COLUMN care.attendance_waiver.patient_id           IS 'Who may book again.';
COMMENT ON COLUMN care.attendance_waiver.facility_id          IS 'Where.';
COMMENT ON COLUMN care.attendance_waiver.created_at           IS 'When the row was made; what was missed before does not count.';
COMMENT ON COLUMN care.attendance_waiver.updated_at           IS 'When it was last changed.';
COMMENT ON COLUMN care.attendance_waiver.version              IS 'Raised by each change.';
COMMENT ON COLUMN care.attendance_waiver.reason               IS 'Why, in words.';
COMMENT ON COLUMN care.attendance_waiver.updated_by           IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT attendance_waiver_pkey ON care.attendance_waiver IS 'This is known already.';
COMMENT ON CONSTRAINT attendance_waiver_id_with_patient_is_unique ON care.attendance_waiver IS 'This is known already.';
COMMENT ON CONSTRAINT attendance_waiver_patient_fkey ON care.attendance_waiver IS 'Register the patient first.';
COMMENT ON CONSTRAINT attendance_waiver_facility_fkey ON care.attendance_waiver IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT attendance_waiver_reason_is_some ON care.attendance_waiver IS 'Say why the patient may book again, in 500 letters at most.';
CREATE TRIGGER attendance_waiver_is_stamped BEFORE INSERT OR UPDATE ON care.attendance_waiver
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER attendance_waiver_is_touched BEFORE UPDATE ON care.attendance_waiver FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER attendance_waiver_stays_under_hold BEFORE DELETE ON care.attendance_waiver
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
CALL access.guard('care.attendance_waiver', 'internal');
GRANT SELECT, INSERT ON care.attendance_waiver TO healthtrack_care;
CREATE POLICY own ON care.attendance_waiver FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY care ON care.attendance_waiver FOR SELECT TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]));
CREATE POLICY desk ON care.attendance_waiver FOR ALL TO healthtrack_care
    USING (facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND (SELECT access.part()) = 'front_desk')
    WITH CHECK (facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND (SELECT access.part()) = 'front_desk');
CALL care.close_joined_records();

CREATE FUNCTION care.missed_visits(patient uuid, facility uuid) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT count(*)::integer
    FROM care.attendance_policy p JOIN care.appointment a
        ON a.facility_id = p.facility_id AND a.patient_id = patient AND a.status = 'no_show'
       AND lower(a.during) > now() - p.within_days * INTERVAL '24 hours' AND lower(a.during) <= now()
    WHERE p.facility_id = facility
      AND NOT EXISTS (SELECT FROM care.attendance_waiver w
                      WHERE w.patient_id = patient AND w.facility_id = facility AND w.created_at >= lower(a.during))
$$;
COMMENT ON FUNCTION care.missed_visits(uuid, uuid) IS 'How many visits a patient has missed that count by the policy of a facility; 0 where it sets no limit. Not for whoever may not see them.';
REVOKE EXECUTE ON FUNCTION care.missed_visits(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.missed_visits(uuid, uuid) TO healthtrack_care;
CREATE FUNCTION care.must_ask_the_desk(patient uuid, facility uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM care.attendance_policy p
                   WHERE p.facility_id = facility AND p.no_show_limit <= care.missed_visits(patient, facility))
$$;
COMMENT ON FUNCTION care.must_ask_the_desk(uuid, uuid) IS 'True where by the policy of a facility only its front desk books for a patient. Not for whoever may not see it.';
REVOKE EXECUTE ON FUNCTION care.must_ask_the_desk(uuid, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.must_ask_the_desk(uuid, uuid) TO healthtrack_care;

CREATE FUNCTION care.check_attendance() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF access.part() = 'patient' AND care.must_ask_the_desk(NEW.patient_id, NEW.facility_id) THEN
        PERFORM care.refuse('appointment_after_missed_visits_is_booked_by_the_desk',
            'Visits here were missed: ask the front desk to book this one.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.check_attendance() IS 'Trigger after a patient takes a time or waits for one: refuses it where only the desk books for that patient.';
REVOKE EXECUTE ON FUNCTION care.check_attendance() FROM PUBLIC;
CREATE TRIGGER appointment_is_taken_by_who_comes AFTER INSERT ON care.appointment
    FOR EACH ROW WHEN (NEW.status IN ('held', 'booked')) EXECUTE FUNCTION care.check_attendance();
CREATE TRIGGER appointment_is_confirmed_by_who_comes AFTER UPDATE ON care.appointment
    FOR EACH ROW WHEN (OLD.status = 'held' AND NEW.status = 'booked') EXECUTE FUNCTION care.check_attendance();
CREATE TRIGGER waitlist_entry_is_of_who_comes AFTER INSERT ON care.waitlist_entry
    FOR EACH ROW EXECUTE FUNCTION care.check_attendance();

CREATE OR REPLACE FUNCTION care.offer_waitlist(
    freed_provider uuid, freed_facility uuid, freed_during tstzrange, freed_room uuid DEFAULT NULL
) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made  constant uuid := gen_random_uuid();
    tried uuid[] := '{}';
    entry care.waitlist_entry;
    rule  text;
BEGIN
    -- Fifty cannot have it for reasons of their own: enough for one time; the others keep their places.
    WHILE cardinality(tried) < 50 LOOP
        SELECT w.* INTO entry
        FROM care.waitlist_entry w CROSS JOIN LATERAL care.plan_of(w.patient_id) p
        WHERE w.status = 'waiting' AND w.facility_id = freed_facility
          AND (w.provider_id IS NULL OR w.provider_id = freed_provider)
          AND lower(freed_during) + w.minutes * INTERVAL '1 minute' <= upper(freed_during)
          AND w.wanted_during @> tstzrange(lower(freed_during), lower(freed_during) + w.minutes * INTERVAL '1 minute')
          AND w.waitlist_entry_id <> ALL (tried)
        ORDER BY (p.priority OR w.joined_at <= now() - p.patience_days * INTERVAL '24 hours') DESC, w.joined_at,
                 w.waitlist_entry_id
        LIMIT 1 FOR UPDATE OF w SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
        tried := tried || entry.waitlist_entry_id;
        -- Who may not confirm an offer is passed over.
        CONTINUE WHEN care.must_ask_the_desk(entry.patient_id, entry.facility_id);
        -- Not waited for, since who holds it may wait for this provider.
        CONTINUE WHEN NOT care.try_lock_schedule(entry.patient_id);
        BEGIN
            INSERT INTO care.appointment (
                appointment_id, patient_id, provider_id, facility_id, room_id, during, status, expires_at, mode
            ) VALUES (
                made, entry.patient_id, freed_provider, freed_facility,
                CASE entry.mode WHEN 'in_person' THEN freed_room END,
                tstzrange(lower(freed_during), lower(freed_during) + entry.minutes * INTERVAL '1 minute'), 'held',
                least(now() + INTERVAL '2 hours', lower(freed_during)), entry.mode
            );
            UPDATE care.waitlist_entry SET status = 'offered', appointment_id = made
            WHERE waitlist_entry_id = entry.waitlist_entry_id;
            RETURN made;
        EXCEPTION WHEN SQLSTATE 'HT001' OR exclusion_violation THEN
            GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME;
            IF rule NOT IN ('appointment_patient_is_free', 'appointment_is_within_its_release_window',
                            'appointment_is_not_reserved', 'appointment_by_video_needs_its_plan',
                            'appointment_holds_are_three', 'appointment_provider_is_licensed') THEN
                RETURN NULL;
            END IF;
        END;
    END LOOP;
    RETURN NULL;
END $$;

CALL access.publish('waive_missed_visits', 'patient uuid, reason text', 'uuid', $body$
    IF me.part <> 'front_desk' THEN
        PERFORM access.refuse('attendance_is_waived_by_the_desk', 'Ask the front desk of the facility.');
    ELSIF NOT EXISTS (SELECT FROM care.appointment a
                      WHERE a.patient_id = patient AND a.facility_id = ANY (access.own_facilities()) AND a.status = 'no_show') THEN
        PERFORM access.refuse('attendance_waiver_is_of_missed_visits', 'This patient has missed no visit here.');
    END IF;
    INSERT INTO care.attendance_waiver AS w (patient_id, facility_id, reason)
    SELECT patient, f, waive_missed_visits.reason FROM unnest(access.own_facilities()) AS f
    RETURNING w.attendance_waiver_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.attendance_waiver/' || answer);$body$,
    'Lets a patient book again at the facility of the acting front desk, who had missed visits there, and says why; its key.');
CALL access.publish('read_attendance', '',
    'TABLE (facility uuid, facility_name text, missed integer, no_show_limit smallint, within_days smallint, notice_hours smallint, desk_only boolean, waived_at timestamptz)',
    $body$RETURN QUERY
    SELECT f.facility_id, f.name, care.missed_visits(patient, f.facility_id), p.no_show_limit, p.within_days, p.notice_hours,
           care.must_ask_the_desk(patient, f.facility_id),
           (SELECT max(w.created_at) FROM care.attendance_waiver w WHERE w.patient_id = patient AND w.facility_id = f.facility_id)
    FROM care.attendance_policy p JOIN care.facility f USING (facility_id)
    WHERE p.facility_id IN (SELECT a.facility_id FROM care.appointment a WHERE a.patient_id = patient)
    ORDER BY f.name, f.facility_id LIMIT 200;$body$,
    'What the facilities ask of a patient with whom there are appointments that the account may see: how many visits were missed, and whether only the desk books.',
    look => $$'appointments'$$);
