-- What an administrator keeps of visits, and lists of words: kinds of visit, of departments, of resources, categories of
-- facilities, services, roles of staff, reasons of cancellations.
--
-- A kind of visit is written whole, with the specialties that give it and what it needs; visits that are booked keep what
-- was copied into them. Words with titles are kept by one function; a code of HL7 that a kind of department has stays.
-- Locks nothing. Undo: drop the functions.
CALL access.publish('keep_term', 'list text, word text, title text', 'void',
    $body$PERFORM access.check_administrator(me);
    CASE list
        WHEN 'facility_category' THEN
            INSERT INTO care.facility_category (category, title) VALUES (word, keep_term.title)
            ON CONFLICT ON CONSTRAINT facility_category_pkey DO UPDATE SET title = EXCLUDED.title;
        WHEN 'service' THEN
            INSERT INTO care.service (service, title) VALUES (word, keep_term.title)
            ON CONFLICT ON CONSTRAINT service_pkey DO UPDATE SET title = EXCLUDED.title;
        WHEN 'staff_role' THEN
            INSERT INTO care.staff_role (role, title) VALUES (word, keep_term.title)
            ON CONFLICT ON CONSTRAINT staff_role_pkey DO UPDATE SET title = EXCLUDED.title;
        WHEN 'department_kind' THEN
            INSERT INTO care.department_kind (kind, title) VALUES (word, keep_term.title)
            ON CONFLICT ON CONSTRAINT department_kind_pkey DO UPDATE SET title = EXCLUDED.title;
        WHEN 'resource_kind' THEN
            INSERT INTO care.resource_kind (kind, title) VALUES (word, keep_term.title)
            ON CONFLICT ON CONSTRAINT resource_kind_pkey DO UPDATE SET title = EXCLUDED.title;
        ELSE
            PERFORM access.refuse('term_is_of_a_known_list',
                'Choose facility_category, service, staff_role, department_kind or resource_kind.');
    END CASE;
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.' || list, word));$body$,
    'Adds a word to the categories of facilities, services, roles of staff, kinds of departments or of resources, or titles it anew.');
CALL access.publish('keep_appointment_type', 'appointment_type text, title text, minutes integer, before_minutes integer,
    after_minutes integer, telehealth text, desk_only boolean, active boolean, specialties text[], resource_kinds text[],
    resource_counts integer[]', 'void',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.appointment_type (appointment_type, title, minutes, before_minutes, after_minutes, telehealth, desk_only, active)
    VALUES (keep_appointment_type.appointment_type, keep_appointment_type.title, keep_appointment_type.minutes,
            keep_appointment_type.before_minutes, keep_appointment_type.after_minutes, keep_appointment_type.telehealth,
            keep_appointment_type.desk_only, keep_appointment_type.active)
    ON CONFLICT ON CONSTRAINT appointment_type_pkey DO UPDATE SET title = EXCLUDED.title, minutes = EXCLUDED.minutes,
        before_minutes = EXCLUDED.before_minutes, after_minutes = EXCLUDED.after_minutes, telehealth = EXCLUDED.telehealth,
        desk_only = EXCLUDED.desk_only, active = EXCLUDED.active;
    DELETE FROM care.appointment_type_specialty s WHERE s.appointment_type = keep_appointment_type.appointment_type;
    INSERT INTO care.appointment_type_specialty (appointment_type, specialty)
    SELECT keep_appointment_type.appointment_type, given FROM unnest(specialties) AS given;
    DELETE FROM care.appointment_type_resource r WHERE r.appointment_type = keep_appointment_type.appointment_type;
    INSERT INTO care.appointment_type_resource (appointment_type, kind, count)
    SELECT keep_appointment_type.appointment_type, needed, how_many FROM unnest(resource_kinds, resource_counts) AS needs (needed, how_many);
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.appointment_type', keep_appointment_type.appointment_type));$body$,
    'Adds a kind of visit, or says anew how long it is, who may book and give it, and what it needs.');
CALL access.publish('keep_cancellation_reason', 'cancellation_reason text, title text, fhir_code text, given_by text[], active boolean',
    'void',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.cancellation_reason (cancellation_reason, title, fhir_code, given_by, active)
    VALUES (keep_cancellation_reason.cancellation_reason, keep_cancellation_reason.title, keep_cancellation_reason.fhir_code,
            keep_cancellation_reason.given_by, keep_cancellation_reason.active)
    ON CONFLICT ON CONSTRAINT cancellation_reason_pkey DO UPDATE SET title = EXCLUDED.title, fhir_code = EXCLUDED.fhir_code,
        given_by = EXCLUDED.given_by, active = EXCLUDED.active;
    PERFORM access.note(me, 'update', NULL, access.kept_under('care.cancellation_reason', keep_cancellation_reason.cancellation_reason));$body$,
    'Adds a reason for which visits are cancelled, or says anew who may give it.');
