-- Enrolling: who gets a seat, who waits, who has completed.
--
-- The trigger counts seats for every statement; the functions say who may ask, and in which order those who wait are
-- admitted. They run as their owner, since a patient does not see the others whose seats are counted, and each asks
-- first whether the actor may. The programme's row is the lock for all of it. New functions and triggers, lock nothing.
-- Undo: drop them.
CREATE FUNCTION care.keep_enrolment() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (OLD.status, NEW.status) NOT IN (
        (OLD.status, OLD.status), ('waitlisted', 'enrolled'), ('waitlisted', 'withdrawn'), ('enrolled', 'withdrawn'),
        ('enrolled', 'completed'), ('withdrawn', 'enrolled'), ('withdrawn', 'waitlisted')) THEN
        PERFORM care.refuse('enrolment_takes_known_steps',
            'One waits, is enrolled, and then completes or withdraws; what is completed stays so.');
    END IF;
    IF NEW.status IN ('enrolled', 'completed') THEN
        NEW.admitted_at := coalesce(NEW.admitted_at, now());
    END IF;
    IF NEW.status = 'completed' AND (TG_OP = 'INSERT' OR OLD.status <> 'completed') THEN
        NEW.completed_at := coalesce(NEW.completed_at, now());
        PERFORM FROM care.programme
        WHERE programme_id = NEW.programme_id AND sessions_needed <= (
            SELECT count(*) FROM care.attendance WHERE enrolment_id = NEW.enrolment_id);
        IF NOT FOUND THEN
            PERFORM care.refuse('enrolment_has_attended_enough',
                'A programme is completed by attending as many sessions as it asks for.');
        END IF;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.keep_enrolment() IS 'Trigger before an enrolment is written: known steps only, and completed only by the programme''s rule.';
CREATE TRIGGER enrolment_is_kept BEFORE INSERT OR UPDATE ON care.enrolment
    FOR EACH ROW EXECUTE FUNCTION care.keep_enrolment();

CREATE FUNCTION care.count_seat() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    before uuid := CASE WHEN TG_OP <> 'INSERT' AND OLD.status IN ('enrolled', 'completed') THEN OLD.programme_id END;
    after  uuid := CASE WHEN TG_OP <> 'DELETE' AND NEW.status IN ('enrolled', 'completed') THEN NEW.programme_id END;
BEGIN
    IF before IS DISTINCT FROM after THEN
        UPDATE care.programme SET seats_taken = seats_taken - 1 WHERE programme_id = before;
        UPDATE care.programme SET seats_taken = seats_taken + 1 WHERE programme_id = after;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.count_seat() IS 'Trigger after an enrolment is written: counts the seats of its programme, whose check refuses one too many.';
CREATE TRIGGER enrolment_takes_a_seat AFTER INSERT OR DELETE OR UPDATE OF status, programme_id ON care.enrolment
    FOR EACH ROW EXECUTE FUNCTION care.count_seat();

CREATE FUNCTION care.fill_seats(programme_id uuid) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    free   integer;
    filled bigint;
BEGIN
    SELECT CASE WHEN upper(run.runs_during) > current_date THEN run.capacity - run.seats_taken ELSE 0 END INTO free
    FROM care.programme AS run WHERE run.programme_id = $1 FOR UPDATE;
    UPDATE care.enrolment SET status = 'enrolled' WHERE enrolment_id IN (
        SELECT waiting.enrolment_id FROM care.enrolment AS waiting
        WHERE waiting.programme_id = $1 AND waiting.status = 'waitlisted'
        ORDER BY waiting.asked_at, waiting.enrolment_id LIMIT free);
    GET DIAGNOSTICS filled = ROW_COUNT;
    RETURN filled;
END $$;
COMMENT ON FUNCTION care.fill_seats(uuid) IS 'Gives the free seats of a programme that is not over to those who wait longest; how many. For functions that have asked who acts.';
REVOKE EXECUTE ON FUNCTION care.fill_seats(uuid) FROM PUBLIC;

CREATE FUNCTION care.fill_new_seats() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM care.fill_seats(NEW.programme_id);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.fill_new_seats() IS 'Trigger after a programme''s capacity has changed: admits those who wait.';
CREATE TRIGGER programme_fills_its_seats AFTER UPDATE OF capacity ON care.programme
    FOR EACH ROW WHEN (NEW.capacity > OLD.capacity) EXECUTE FUNCTION care.fill_new_seats();

CREATE FUNCTION care.enrol(programme_id uuid, patient_id uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    run    care.programme;
    before text;
    place  text;
BEGIN
    IF NOT coalesce($2 = ANY (access.own_patients() || access.patients_in_care())
                    OR $1 = ANY (care.programmes_run()), false) THEN
        PERFORM care.refuse('enrolment_is_asked_by_who_may',
            'A patient enrols, or a provider in care or the programme''s own staff do it for the patient.');
    END IF;
    SELECT * INTO run FROM care.programme AS known WHERE known.programme_id = $1 FOR UPDATE;
    IF NOT FOUND OR NOT run.enrolment_during @> now() THEN
        PERFORM care.refuse('enrolment_is_open', 'This programme takes no enrolments now.');
    END IF;
    SELECT known.status INTO before FROM care.enrolment AS known
    WHERE known.programme_id = $1 AND known.patient_id = $2;
    IF before <> 'withdrawn' THEN
        PERFORM care.refuse('enrolment_of_a_patient_is_one',
            'The patient is enrolled in this programme or waits for it already.');
    END IF;
    place := CASE WHEN run.seats_taken < run.capacity AND NOT EXISTS (
        SELECT FROM care.enrolment AS waiting WHERE waiting.programme_id = $1 AND waiting.status = 'waitlisted')
        THEN 'enrolled' ELSE 'waitlisted' END;
    IF before IS NULL THEN
        INSERT INTO care.enrolment (patient_id, programme_id, status) VALUES ($2, $1, place);
    ELSE
        UPDATE care.enrolment AS known SET status = place, asked_at = now()
        WHERE known.programme_id = $1 AND known.patient_id = $2;
    END IF;
    RETURN place;
END $$;
COMMENT ON FUNCTION care.enrol(uuid, uuid) IS 'Enrols a patient in a programme while it is open: ''enrolled'' where a seat is free and nobody waits, else ''waitlisted''.';

CREATE FUNCTION care.withdraw(programme_id uuid, patient_id uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT coalesce($2 = ANY (access.own_patients()) OR $1 = ANY (care.programmes_run()), false) THEN
        PERFORM care.refuse('withdrawal_is_asked_by_who_may',
            'A patient withdraws, or the programme''s own staff do it for the patient.');
    END IF;
    PERFORM FROM care.programme AS known WHERE known.programme_id = $1 FOR UPDATE;
    UPDATE care.enrolment AS known SET status = 'withdrawn'
    WHERE known.programme_id = $1 AND known.patient_id = $2 AND known.status IN ('waitlisted', 'enrolled');
    IF NOT FOUND THEN
        PERFORM care.refuse('withdrawal_is_of_the_enrolled',
            'The patient is not enrolled in this programme, or has completed it.');
    END IF;
    RETURN care.fill_seats($1);
END $$;
COMMENT ON FUNCTION care.withdraw(uuid, uuid) IS 'Withdraws a patient from a programme and gives the seat to who waits longest; how many were admitted.';

CREATE FUNCTION care.attend(programme_session_id uuid, patient_id uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    session care.programme_session;
    place   uuid;
    made    uuid;
BEGIN
    SELECT * INTO session FROM care.programme_session AS known WHERE known.programme_session_id = $1;
    IF NOT coalesce(session.programme_id = ANY (care.programmes_run()), false) THEN
        PERFORM care.refuse('attendance_is_noted_by_staff', 'Only the programme''s own staff note who attends.');
    END IF;
    IF session.cancelled_at IS NOT NULL OR lower(session.during) > now() + INTERVAL '1 hour' THEN
        PERFORM care.refuse('attendance_is_of_a_session_that_takes_place',
            'Attendance is noted from an hour before a session, unless it is called off.');
    END IF;
    SELECT known.enrolment_id INTO place FROM care.enrolment AS known
    WHERE known.programme_id = session.programme_id AND known.patient_id = $2
      AND known.status IN ('enrolled', 'completed') FOR SHARE;
    IF NOT FOUND THEN
        PERFORM care.refuse('attendance_is_of_the_enrolled',
            'Only who has a seat in this programme attends its sessions.');
    END IF;
    INSERT INTO care.attendance AS noted (patient_id, programme_id, enrolment_id, programme_session_id)
    VALUES ($2, session.programme_id, place, $1) RETURNING noted.attendance_id INTO made;
    RETURN made;
END $$;
COMMENT ON FUNCTION care.attend(uuid, uuid) IS 'Notes a participant at a session, by the programme''s staff; the key.';

CREATE FUNCTION care.complete_enrolment(enrolment_id uuid) RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moment timestamptz;
BEGIN
    UPDATE care.enrolment AS known SET status = 'completed'
    WHERE known.enrolment_id = $1 AND known.status = 'enrolled'
      AND (known.programme_id = ANY (care.programmes_run()) OR known.patient_id = ANY (access.own_patients()))
    RETURNING known.completed_at INTO moment;
    IF NOT FOUND THEN
        PERFORM care.refuse('completion_is_of_the_enrolled',
            'Only an enrolment of yours or of your programme, not completed yet, is completed.');
    END IF;
    RETURN moment;
END $$;
COMMENT ON FUNCTION care.complete_enrolment(uuid) IS 'Completes an enrolment where enough sessions were attended, by the participant or the staff; when.';
