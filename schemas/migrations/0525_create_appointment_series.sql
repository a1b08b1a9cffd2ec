-- Series of appointments: the same visit every so many weeks or months, at the same time on the facility's clock.
--
-- A closed subset of the recurrence rules of RFC 5545: FREQ weekly or monthly, INTERVAL, and COUNT or UNTIL, at most 52 days
-- within five years, and EXDATE. A month that has not the day of the first visit has none. The time is that of the
-- facility's clock, so that 09:00 stays 09:00 when clocks are changed; a time that a day has not is the first after the gap,
-- as in hours of availability. A series is booked as a whole or not at all: where some day cannot be had, nothing is booked,
-- and each day comes back with the rule that refuses it, so that whoever books may skip those days and ask again. To who does
-- not see all visits of the patient only what the calendars of provider and facility refuse is told day by day: else days of
-- visits elsewhere could be read from a series that is never booked. Where nothing but the patient's own calendar and
-- membership refuse some day, all days say so alike. What was tried in vain is audited as something that was read.
-- Each visit is judged as any other, with one difference: what a desk or a provider books as a series may lie beyond the
-- days ahead of a membership, since it is care that was decided on; a patient's own may not. A desk's series counts once
-- against what it may hold in an hour. A visit that is moved or cancelled stays a part of its series, by its first day.
-- New table; care.appointment is locked for an instant for two columns that may be null. Undo: drop the columns, the table
-- and functions, and take care.check_bookable and care.count_bookings back as they were (migrations 37 and 189).
CREATE TABLE care.appointment_series (
    appointment_series_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id            uuid        NOT NULL,
    provider_id           uuid        NOT NULL,
    facility_id           uuid        NOT NULL,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    version               integer     NOT NULL DEFAULT 1,
    first_on              date        NOT NULL,
    until_on              date,
    starts_minute         smallint    NOT NULL,
    minutes               smallint    NOT NULL,
    every                 smallint    NOT NULL DEFAULT 1,
    count                 smallint,
    frequency             text        NOT NULL,
    mode                  text        NOT NULL DEFAULT 'in_person',
    appointment_type      text,
    reason                text,
    skipped_on            date[]      NOT NULL DEFAULT '{}',
    updated_by            text        NOT NULL DEFAULT session_user,

    CONSTRAINT appointment_series_pkey PRIMARY KEY (appointment_series_id),
    CONSTRAINT appointment_series_id_with_patient_is_unique UNIQUE (patient_id, appointment_series_id),
    CONSTRAINT appointment_series_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT appointment_series_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT appointment_series_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT appointment_series_type_fkey
        FOREIGN KEY (appointment_type) REFERENCES care.appointment_type (appointment_type),
    CONSTRAINT appointment_series_frequency_is_known CHECK (frequency IN ('weekly', 'monthly')),
    CONSTRAINT appointment_series_mode_is_known CHECK (mode IN ('in_person', 'telehealth')),
    CONSTRAINT appointment_series_interval_is_a_year_at_most CHECK (every BETWEEN 1 AND 12),
    CONSTRAINT appointment_series_has_one_end
        CHECK (num_nonnulls(count, until_on) = 1 AND coalesce(count BETWEEN 1 AND 52, true)
               AND coalesce(until_on BETWEEN first_on AND first_on + 1830, true)),
    CONSTRAINT appointment_series_begins_within_the_day CHECK (starts_minute BETWEEN 0 AND 1439),
    CONSTRAINT appointment_series_visits_take_their_time CHECK (minutes BETWEEN 1 AND 720)
);
CREATE INDEX appointment_series_patient_idx ON care.appointment_series (patient_id, first_on);
CREATE INDEX appointment_series_provider_idx ON care.appointment_series (provider_id);
CREATE INDEX appointment_series_facility_idx ON care.appointment_series (facility_id);
CREATE INDEX appointment_series_type_idx ON care.appointment_series (appointment_type);
COMMENT ON TABLE  care.appointment_series IS 'Appointments that come back every so many weeks or months, as they were booked.';
COMMENT ON COLUMN care.appointment_series.appointment_series_id IS 'Key.';
COMMENT ON COLUMN care.appointment_series.patient_id       IS 'Who comes.';
COMMENT ON COLUMN care.appointment_series.provider_id      IS 'With whom it was booked.';
COMMENT ON COLUMN care.appointment_series.facility_id      IS 'Where; its days and times are on the clock of that place.';
COMMENT ON COLUMN care.appointment_series.created_at       IS 'When the row was made.';
COMMENT ON COLUMN care.appointment_series.updated_at       IS 'When it was last changed.';
COMMENT ON COLUMN care.appointment_series.version          IS 'Raised by each change.';
COMMENT ON COLUMN care.appointment_series.first_on         IS 'Day of the first visit.';
COMMENT ON COLUMN care.appointment_series.until_on         IS 'Last day on which there may be one; null where a number of visits ends it.';
COMMENT ON COLUMN care.appointment_series.starts_minute    IS 'Minutes after midnight on the wall clock at which each begins.';
COMMENT ON COLUMN care.appointment_series.minutes          IS 'How long each is.';
COMMENT ON COLUMN care.appointment_series.every            IS 'Every so many weeks or months.';
COMMENT ON COLUMN care.appointment_series.count            IS 'After so many days it ends, skipped ones included; null where a day ends it.';
COMMENT ON COLUMN care.appointment_series.frequency        IS 'weekly or monthly.';
COMMENT ON COLUMN care.appointment_series.mode             IS 'in_person or telehealth.';
COMMENT ON COLUMN care.appointment_series.appointment_type IS 'What kind of visit; null where nobody said.';
COMMENT ON COLUMN care.appointment_series.reason           IS 'Why, in words; null where nothing was said.';
COMMENT ON COLUMN care.appointment_series.skipped_on       IS 'Days of the rule on which there is no visit.';
COMMENT ON COLUMN care.appointment_series.updated_by       IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT appointment_series_pkey ON care.appointment_series IS 'This series is known already.';
COMMENT ON CONSTRAINT appointment_series_id_with_patient_is_unique ON care.appointment_series IS 'This series is known already.';
COMMENT ON CONSTRAINT appointment_series_patient_fkey ON care.appointment_series IS 'Register the patient first.';
COMMENT ON CONSTRAINT appointment_series_provider_fkey ON care.appointment_series IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT appointment_series_facility_fkey ON care.appointment_series IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT appointment_series_type_fkey ON care.appointment_series IS 'Choose one of the known kinds of visit.';
COMMENT ON CONSTRAINT appointment_series_frequency_is_known ON care.appointment_series IS 'Choose weekly or monthly.';
COMMENT ON CONSTRAINT appointment_series_mode_is_known ON care.appointment_series IS 'Choose in_person or telehealth.';
COMMENT ON CONSTRAINT appointment_series_interval_is_a_year_at_most ON care.appointment_series IS 'Let visits come back every 1 to 12 weeks or months.';
COMMENT ON CONSTRAINT appointment_series_has_one_end ON care.appointment_series IS 'Say after how many visits, 1 to 52, or on which day within five years the series ends.';
COMMENT ON CONSTRAINT appointment_series_begins_within_the_day ON care.appointment_series IS 'Give the time of the visits between 0:00 and 23:59.';
COMMENT ON CONSTRAINT appointment_series_visits_take_their_time ON care.appointment_series IS 'A visit is over within twelve hours.';
CREATE TRIGGER appointment_series_is_stamped BEFORE INSERT OR UPDATE ON care.appointment_series
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER appointment_series_is_touched BEFORE UPDATE ON care.appointment_series
    FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER appointment_series_stays_under_hold BEFORE DELETE ON care.appointment_series
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
CALL access.guard('care.appointment_series', 'schedule');
CREATE POLICY proxy ON care.appointment_series FOR ALL TO healthtrack_care
    USING (patient_id = ANY ((SELECT access.patients_acted_for('schedule'))::uuid[]))
    WITH CHECK (patient_id = ANY ((SELECT access.patients_acted_for('schedule'))::uuid[]));
-- As it was booked it stays: what becomes of it is in its appointments.
REVOKE UPDATE ON care.appointment_series FROM healthtrack_care;
CALL care.close_joined_records();

ALTER TABLE care.appointment
    ADD COLUMN appointment_series_id uuid,
    ADD COLUMN occurs_on date,
    ADD CONSTRAINT appointment_series_fkey
        FOREIGN KEY (patient_id, appointment_series_id) REFERENCES care.appointment_series (patient_id, appointment_series_id),
    ADD CONSTRAINT appointment_of_a_series_has_its_day CHECK ((appointment_series_id IS NULL) = (occurs_on IS NULL)),
    ADD CONSTRAINT appointment_is_one_of_each_day_of_its_series UNIQUE (appointment_series_id, occurs_on);
CREATE INDEX appointment_series_idx ON care.appointment (patient_id, appointment_series_id) WHERE appointment_series_id IS NOT NULL;
COMMENT ON COLUMN care.appointment.appointment_series_id IS 'The series that it is a part of, also when it was moved; null for a single visit.';
COMMENT ON COLUMN care.appointment.occurs_on             IS 'The day that the series gave it, wherever it was moved since; null for a single visit.';
COMMENT ON CONSTRAINT appointment_series_fkey ON care.appointment IS 'An appointment is part of a series of the same patient.';
COMMENT ON CONSTRAINT appointment_of_a_series_has_its_day ON care.appointment IS 'A visit of a series has the day that the series gave it, and no other has one.';
COMMENT ON CONSTRAINT appointment_is_one_of_each_day_of_its_series ON care.appointment IS 'The series has a visit for that day already.';

CREATE FUNCTION care.series_days(first_on date, frequency text, every integer, count integer, until_on date) RETURNS SETOF date
    LANGUAGE sql IMMUTABLE ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
    SELECT day FROM (
        SELECT CASE frequency WHEN 'weekly' THEN first_on + 7 * every * n
                              WHEN 'monthly' THEN (first_on + make_interval(months => every * n))::date END AS day
        FROM generate_series(0, 1830 / (7 * every)) AS n
    ) AS step
    WHERE day <= least(until_on, first_on + 1830)
      -- A month that has not this day would give its last one.
      AND (frequency = 'weekly' OR extract(day FROM day) = extract(day FROM first_on))
    ORDER BY day LIMIT least(count, 53)
$$;
COMMENT ON FUNCTION care.series_days(date, text, integer, integer, date) IS 'Days of a series, the first included: by a number or until a day, within five years, 53 at most (one more than a series may have).';
REVOKE EXECUTE ON FUNCTION care.series_days(date, text, integer, integer, date) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.series_days(date, text, integer, integer, date) TO healthtrack_care, healthtrack_migrator;

CREATE FUNCTION care.is_told_of_a_day(rule text) RETURNS boolean
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    -- `appointment_patient_is_free` is of a visit that whoever books may see.
    SELECT coalesce(rule IN (
        'appointment_patient_is_free', 'appointment_provider_is_free', 'appointment_room_is_free', 'appointment_has_what_it_needs',
        'appointment_is_in_the_future', 'appointment_is_where_its_provider_works', 'appointment_is_within_opening_hours',
        'appointment_is_within_availability', 'appointment_is_before_its_facility_closes', 'appointment_is_not_reserved',
        'appointment_is_as_long_as_its_type', 'appointment_provider_has_the_specialty_of_its_type',
        'appointment_provider_is_licensed', 'appointment_by_video_needs_its_plan', 'appointment_resource_room_is_free',
        'appointment_resource_equipment_is_free', 'holds_of_a_desk_are_few') OR rule ~ '^appointment_type_', false)
$$;
COMMENT ON FUNCTION care.is_told_of_a_day(text) IS 'True for a rule that speaks of calendars of provider and facility, of the kind of visit or of whoever books, not of visits elsewhere.';
REVOKE EXECUTE ON FUNCTION care.is_told_of_a_day(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.is_told_of_a_day(text) TO healthtrack_care, healthtrack_migrator;

CREATE FUNCTION care.book_series(wanted care.appointment_series, room uuid DEFAULT NULL)
    RETURNS TABLE (starts_at timestamptz, appointment uuid, rule text, sentence text)
    LANGUAGE plpgsql AS $$
DECLARE
    zone    constant text := (SELECT f.time_zone FROM care.facility f WHERE f.facility_id = wanted.facility_id);
    days    date[];
    day     date;
    times   timestamptz[] := '{}';
    made    uuid[] := '{}';
    rules   text[] := '{}';
    words   text[] := '{}';
    one     uuid;
    failure access.failure;
BEGIN
    IF (wanted.frequency IN ('weekly', 'monthly') AND wanted.every BETWEEN 1 AND 12
        AND num_nonnulls(wanted.count, wanted.until_on) = 1 AND coalesce(wanted.count BETWEEN 1 AND 52, true)
        AND coalesce(wanted.until_on BETWEEN wanted.first_on AND wanted.first_on + 1830, true)) THEN
        days := ARRAY(SELECT care.series_days(wanted.first_on, wanted.frequency, wanted.every, wanted.count, wanted.until_on));
    END IF;
    IF days IS NULL OR cardinality(days) > 52 OR wanted.count <> cardinality(days)
        OR NOT EXISTS (SELECT unnest(days) EXCEPT SELECT unnest(wanted.skipped_on)) THEN
        PERFORM care.refuse('appointment_series_is_short',
            'Ask for 1 to 52 weekly or monthly visits within five years, by a number or until a day.');
    END IF;
    PERFORM care.lock_schedule(wanted.provider_id, wanted.patient_id, room);
    BEGIN
        INSERT INTO care.appointment_series (
            appointment_series_id, patient_id, provider_id, facility_id, first_on, until_on, starts_minute, minutes, every, count,
            frequency, mode, appointment_type, reason, skipped_on
        ) VALUES (
            wanted.appointment_series_id, wanted.patient_id, wanted.provider_id, wanted.facility_id, wanted.first_on,
            wanted.until_on, wanted.starts_minute, wanted.minutes, wanted.every, wanted.count, wanted.frequency, wanted.mode,
            wanted.appointment_type, wanted.reason, wanted.skipped_on
        );
        FOREACH day IN ARRAY days LOOP
            CONTINUE WHEN day = ANY (wanted.skipped_on);
            starts_at := care.local_instant(day + wanted.starts_minute * INTERVAL '1 minute', zone);
            times := times || starts_at;
            one := NULL;
            failure := NULL;
            BEGIN
                PERFORM care.refuse_second_visit(wanted.patient_id,
                    tstzrange(starts_at, starts_at + wanted.minutes * INTERVAL '1 minute'), NULL);
                INSERT INTO care.appointment (
                    patient_id, provider_id, facility_id, room_id, during, status, expires_at, mode, reason, appointment_type,
                    appointment_series_id, occurs_on
                ) VALUES (
                    wanted.patient_id, wanted.provider_id, wanted.facility_id, room,
                    tstzrange(starts_at, starts_at + wanted.minutes * INTERVAL '1 minute'), 'held',
                    now() + INTERVAL '10 minutes', wanted.mode, wanted.reason, wanted.appointment_type,
                    wanted.appointment_series_id, day
                ) RETURNING appointment_id INTO one;
                PERFORM care.confirm_appointment(one);
            EXCEPTION WHEN SQLSTATE 'HT001' OR integrity_constraint_violation THEN
                one := NULL;
                GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
                    failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
                    failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
                -- In the words in which it would be told of a single visit.
                BEGIN
                    PERFORM access.explain(failure);
                EXCEPTION WHEN SQLSTATE 'HT001' THEN
                    GET STACKED DIAGNOSTICS failure.message = MESSAGE_TEXT, failure.rule = CONSTRAINT_NAME;
                END;
            END;
            made := made || one;
            rules := rules || failure.rule;
            words := words || failure.message;
        END LOOP;
        IF num_nulls(VARIADIC rules) < cardinality(rules) THEN
            RAISE EXCEPTION USING ERRCODE = 'HT002', MESSAGE = 'The series is not booked.';
        END IF;
    EXCEPTION WHEN SQLSTATE 'HT002' THEN
        made := array_fill(NULL::uuid, ARRAY[cardinality(times)]);
        IF access.part() <> 'patient' THEN
            SELECT array_agg(CASE WHEN told THEN r.rule WHEN NOT any_told THEN 'appointment_series_suits_its_patient' END
                             ORDER BY place),
                   array_agg(CASE WHEN told THEN r.words WHEN NOT any_told
                                  THEN 'Some of these visits cannot be booked for this patient: choose other days.' END
                             ORDER BY place)
            INTO rules, words
            FROM (SELECT f.*, care.is_told_of_a_day(f.rule) AS told, bool_or(care.is_told_of_a_day(f.rule)) OVER () AS any_told
                  FROM unnest(rules, words) WITH ORDINALITY AS f (rule, words, place)) AS r;
        END IF;
    END;
    RETURN QUERY SELECT * FROM unnest(times, made, rules, words);
END $$;
COMMENT ON FUNCTION care.book_series(care.appointment_series, uuid) IS 'Books a series as a whole, or nothing: each visit with its key, or each day with the rule that refuses it, as far as whoever books may know it.';
REVOKE EXECUTE ON FUNCTION care.book_series(care.appointment_series, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.book_series(care.appointment_series, uuid) TO healthtrack_care, healthtrack_migrator;

CREATE FUNCTION care.cancel_series(asked uuid, since timestamptz, why text) RETURNS integer
    LANGUAGE plpgsql AS $$
DECLARE
    -- What begins before now is not to come any more.
    begins constant timestamptz := greatest(since, now());
    ended integer;
BEGIN
    -- All locks at once and in their order, then the rows.
    PERFORM care.lock_visits(ARRAY(SELECT a.appointment_id FROM care.appointment a
                                   WHERE a.appointment_series_id = asked AND a.status = 'booked' AND lower(a.during) >= begins), NULL::uuid);
    UPDATE care.appointment a SET status = 'cancelled', cancellation_reason = why
    WHERE a.appointment_series_id = asked AND a.status = 'booked' AND lower(a.during) >= begins AND lower(a.during) > now();
    GET DIAGNOSTICS ended = ROW_COUNT;
    IF ended = 0 AND NOT EXISTS (SELECT FROM care.appointment_series s WHERE s.appointment_series_id = asked) THEN
        PERFORM care.refuse('appointment_series_is_known', 'There is no such series.');
    END IF;
    RETURN ended;
END $$;
COMMENT ON FUNCTION care.cancel_series(uuid, timestamptz, text) IS 'Cancels the visits of a series that are booked and begin at a moment or later; gives how many.';
REVOKE EXECUTE ON FUNCTION care.cancel_series(uuid, timestamptz, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.cancel_series(uuid, timestamptz, text) TO healthtrack_care, healthtrack_migrator;

CREATE FUNCTION care.check_membership(wanted care.appointment) RETURNS care.membership_plan
    LANGUAGE plpgsql AS $$
DECLARE
    member constant care.membership_plan := care.plan_of(wanted.patient_id);
BEGIN
    IF lower(wanted.during) > now() + member.lead_days * INTERVAL '24 hours'
        AND (wanted.appointment_series_id IS NULL OR access.part() = 'patient') THEN
        PERFORM care.refuse('appointment_is_within_its_release_window',
            'This time cannot be booked yet with this membership.');
    ELSIF wanted.mode = 'telehealth' AND NOT member.telehealth THEN
        PERFORM care.refuse('appointment_by_video_needs_its_plan',
            'Visits by video need a membership that includes them.');
    END IF;
    RETURN member;
END $$;
COMMENT ON FUNCTION care.check_membership(care.appointment) IS 'Refuses a time that the patient''s membership of now does not open; gives the plan.';
REVOKE EXECUTE ON FUNCTION care.check_membership(care.appointment) FROM PUBLIC;

CREATE OR REPLACE FUNCTION care.check_bookable(wanted care.appointment) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    member care.membership_plan;
    starts constant timestamptz := lower(wanted.during);
    zone   constant text := (SELECT time_zone FROM care.facility WHERE facility_id = wanted.facility_id);
BEGIN
    IF starts <= now() THEN
        PERFORM care.refuse('appointment_is_in_the_future', 'Choose a time in the future.');
    END IF;
    member := care.check_membership(wanted);
    IF NOT EXISTS (
        SELECT FROM care.affiliation a
        WHERE a.provider_id = wanted.provider_id AND a.facility_id = wanted.facility_id
          AND a.valid_during @> (starts AT TIME ZONE zone)::date
    ) THEN
        PERFORM care.refuse('appointment_is_where_its_provider_works',
            'The provider does not work at this facility on that day.');
    ELSIF NOT care.opening(wanted.facility_id, wanted.during) @> wanted.during THEN
        PERFORM care.refuse('appointment_is_within_opening_hours', 'The facility is closed at that time.');
    ELSIF NOT care.available(wanted.provider_id, wanted.facility_id, wanted.during) @> wanted.during THEN
        PERFORM care.refuse('appointment_is_within_availability', 'The provider sees no patients at that time.');
    ELSIF NOT member.priority AND EXISTS (
        SELECT FROM care.visiting_hours(wanted.provider_id, wanted.facility_id, wanted.during) h
        WHERE h.during && wanted.during AND now() < starts - h.reserved_hours * INTERVAL '1 hour'
    ) THEN
        PERFORM care.refuse('appointment_is_not_reserved', 'This time is still kept for premium members.');
    ELSIF wanted.status = 'held' AND 3 <= (
        SELECT count(*) FROM care.appointment a
        WHERE a.patient_id = wanted.patient_id AND a.status = 'held' AND a.expires_at > now()
    ) THEN
        PERFORM care.refuse('appointment_holds_are_three', 'Confirm or give back one of three held times first.');
    END IF;
END $$;

CREATE OR REPLACE FUNCTION care.count_bookings() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- Asked for once: an index is not searched by what may change while it is.
    since constant timestamptz := clock_timestamp() - INTERVAL '1 hour';
BEGIN
    IF access.part() = 'patient' THEN
        -- The lock on the patient's schedule is had already: appointment_is_bookable comes first by its name.
        IF (SELECT count(*) FROM care.appointment a
            WHERE a.patient_id = NEW.patient_id AND lower(a.during) > clock_timestamp()
              AND (a.status = 'booked' OR a.status = 'held' AND a.expires_at > clock_timestamp()))
           >= access.cap_of('bookings_a_patient') THEN
            PERFORM care.refuse('appointments_of_a_patient_are_few',
                'You have many appointments to come: give one back, or ask the front desk.');
        END IF;
    ELSIF access.part() = 'front_desk' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.desk.' || access.actor(), 0));
        -- A series opens the name of one person, however many visits it has.
        IF (SELECT count(DISTINCT coalesce(a.appointment_series_id, a.appointment_id))
            FROM care.appointment_event e JOIN care.appointment a USING (patient_id, appointment_id)
            WHERE e.actor = access.actor() AND e.from_status IS NULL AND e.happened_at > since
              AND (a.appointment_series_id IS NULL OR a.appointment_series_id IS DISTINCT FROM NEW.appointment_series_id))
           >= access.cap_of('holds_a_desk_an_hour') THEN
            PERFORM care.refuse('holds_of_a_desk_are_few',
                'This account has held many times within an hour: wait, or ask an operator.');
        END IF;
    END IF;
    RETURN NEW;
END $$;

CALL access.publish('book_series',
    'patient uuid, provider uuid, facility uuid, first_at timestamptz, minutes integer, frequency text, every integer, count integer, until_on date, skipped_on date[], room uuid, mode text, reason text, appointment_type text',
    'TABLE (series uuid, starts_at timestamptz, appointment uuid, rule text, sentence text)', $body$
    DECLARE
        wanted care.appointment_series;
        zone constant text := (SELECT f.time_zone FROM care.facility f WHERE f.facility_id = facility);
        answer record;
        booked uuid;
    BEGIN
        wanted.appointment_series_id := gen_random_uuid();
        wanted.patient_id := patient;
        wanted.provider_id := provider;
        wanted.facility_id := facility;
        wanted.first_on := (first_at AT TIME ZONE zone)::date;
        wanted.starts_minute := extract(epoch FROM date_trunc('minute', first_at AT TIME ZONE zone)::time) / 60;
        wanted.minutes := coalesce(minutes, (SELECT t.minutes FROM care.appointment_type t
                                             WHERE t.appointment_type = book_series.appointment_type));
        wanted.frequency := frequency;
        wanted.every := every;
        wanted.count := count;
        wanted.until_on := until_on;
        wanted.skipped_on := coalesce(skipped_on, '{}');
        wanted.mode := mode;
        wanted.reason := reason;
        wanted.appointment_type := book_series.appointment_type;
        FOR answer IN SELECT * FROM care.book_series(wanted, room) LOOP
            starts_at := answer.starts_at;
            appointment := answer.appointment;
            rule := answer.rule;
            sentence := answer.sentence;
            series := CASE WHEN appointment IS NOT NULL THEN wanted.appointment_series_id END;
            booked := coalesce(booked, series);
            RETURN NEXT;
        END LOOP;
        PERFORM access.note(me, CASE WHEN booked IS NULL THEN 'read' ELSE 'create' END, patient,
                            concat_ws('/', 'care.appointment_series', booked));
    END;$body$,
    'Books a series of visits as a whole, or nothing where a day cannot be had: each visit, or each day with what refuses it.');
CALL access.publish('cancel_series', 'appointment_series uuid, since timestamptz, reason text', 'integer', $body$
    DECLARE
        whose constant uuid := (SELECT s.patient_id FROM care.appointment_series s WHERE s.appointment_series_id = appointment_series);
    BEGIN
        IF reason IS NULL THEN
            PERFORM access.refuse('appointment_cancellation_is_explained', 'Say why the visits are cancelled.');
        END IF;
        answer := care.cancel_series(appointment_series, since, reason);
        PERFORM access.note(me, 'update', whose, 'care.appointment_series/' || appointment_series);
    END;$body$,
    'Cancels what is booked of a series from a moment on, and says why; how many visits.');
CALL access.publish('read_series', '',
    'TABLE (series uuid, provider uuid, facility uuid, first_on date, until_on date, starts_minute smallint, minutes smallint, frequency text, every smallint, count smallint, mode text, appointment_type text, visits bigint, to_come bigint, next_at timestamptz)',
    $body$RETURN QUERY
    SELECT s.appointment_series_id, s.provider_id, s.facility_id, s.first_on, s.until_on, s.starts_minute, s.minutes, s.frequency,
           s.every, s.count, s.mode, s.appointment_type, visit.all, visit.to_come, visit.next_at
    FROM care.appointment_series s CROSS JOIN LATERAL (
        SELECT count(*) AS all, count(*) FILTER (WHERE a.status = 'booked' AND lower(a.during) > now()) AS to_come,
               min(lower(a.during)) FILTER (WHERE a.status = 'booked' AND lower(a.during) > now()) AS next_at
        FROM care.appointment a WHERE a.patient_id = s.patient_id AND a.appointment_series_id = s.appointment_series_id
    ) AS visit
    WHERE s.patient_id = patient ORDER BY s.first_on DESC, s.appointment_series_id LIMIT 200;$body$,
    'Series of a patient, the latest first, 200 at most: the rule, how many visits are to come, and the next.',
    look => $$'appointments'$$);
