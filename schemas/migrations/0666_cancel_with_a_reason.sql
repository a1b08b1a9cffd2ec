-- A visit is cancelled by api.cancel_appointment alone, which asks for the reason.
--
-- api.change_appointment cancelled as well, without one, and `other` was written down. It names the other function now, which
-- also gives a held time back.
-- Locks nothing. Undo: drop the function and make it as in migration 138.
DROP FUNCTION api.change_appointment(text, uuid, text);
CALL access.publish('change_appointment', 'appointment uuid, change text', 'void', $body$
    DECLARE
        -- Asked before: the change may close the record to whoever makes it.
        whose constant uuid := (SELECT v.patient_id FROM care.appointment v WHERE v.appointment_id = appointment);
    BEGIN
        CASE change
            WHEN 'confirm' THEN PERFORM care.confirm_appointment(appointment);
            WHEN 'check_in' THEN PERFORM care.check_in_appointment(appointment);
            WHEN 'complete' THEN PERFORM care.complete_appointment(appointment);
            WHEN 'miss' THEN PERFORM care.miss_appointment(appointment);
            WHEN 'cancel' THEN
                PERFORM access.refuse('appointment_cancellation_is_explained', 'Cancel by cancel_appointment, and say why.');
            ELSE PERFORM access.refuse('appointment_change_is_known', 'Choose confirm, check_in, complete or miss.');
        END CASE;
        PERFORM access.note(me, 'update', whose, 'care.appointment/' || appointment);
    END;$body$,
    'Confirms, checks in, completes or misses an appointment; cancel_appointment cancels one.');
