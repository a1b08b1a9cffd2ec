-- What a facility's manager keeps beside staff and services: departments, equipment, attendance policy, further categories.
--
-- Where a facility is named, a function asks first whose it is; the policies ask in any case. Rows with versions are changed as they were
-- read; hours of a weekday are written whole. A department and a piece of equipment are given a day from which on they are
-- not there any more; what is there stays, and its visits. An administrator may do the same at every facility.
-- Locks nothing. Undo: drop the functions.
CALL access.publish('keep_department', 'facility uuid, department uuid, known_version integer, kind text, name text, phone text,
    closed_on date', 'uuid',
    $body$PERFORM access.check_keeper(me, facility);
    IF department IS NULL THEN
        INSERT INTO care.department AS d (facility_id, kind, name, phone, closed_on)
        VALUES (facility, keep_department.kind, keep_department.name, keep_department.phone, keep_department.closed_on)
        RETURNING d.department_id INTO answer;
    ELSE
        UPDATE care.department d SET kind = keep_department.kind, name = keep_department.name, phone = keep_department.phone,
            closed_on = keep_department.closed_on
        WHERE d.department_id = department AND d.facility_id = facility AND d.version = known_version
        RETURNING d.department_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.department/' || answer);$body$,
    'Adds a department to a facility, changes it, or says from which day on it is no more; the key.');
CALL access.publish('set_department_hours', 'department uuid, weekday integer, opens_minutes integer[], closes_minutes integer[]', 'void',
    $body$PERFORM access.check_keeper(me, (SELECT d.facility_id FROM care.department d WHERE d.department_id = department));
    DELETE FROM care.department_hours h WHERE h.department_id = department AND h.weekday = set_department_hours.weekday;
    INSERT INTO care.department_hours (department_id, weekday, opens_minute, closes_minute)
    SELECT department, set_department_hours.weekday, opens, closes FROM unnest(opens_minutes, closes_minutes) AS hours (opens, closes);
    PERFORM access.note(me, 'update', NULL, 'care.department/' || department, 'hours');$body$,
    'Sets the hours of a department on one weekday, in minutes after midnight; with none at all those of its facility stand.');
CALL access.publish('place_room', 'facility uuid, room uuid, department uuid', 'void',
    $body$PERFORM access.check_keeper(me, facility);
    UPDATE care.room r SET department_id = department WHERE r.room_id = room AND r.facility_id = facility;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.room/' || room, 'department');$body$,
    'Says in which department of its facility a room is, or that it is in none.');
CALL access.publish('place_affiliation', 'affiliation uuid, known_version integer, department uuid', 'void',
    $body$UPDATE care.affiliation a SET department_id = department WHERE a.affiliation_id = affiliation AND a.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.affiliation/' || affiliation, 'department');$body$,
    'Says in which department of the facility somebody works, or that it is in none.');
CALL access.publish('keep_equipment', 'facility uuid, equipment uuid, known_version integer, kind text, name text, first_on date,
    stop_on date', 'uuid',
    $body$PERFORM access.check_keeper(me, facility);
    IF equipment IS NULL THEN
        INSERT INTO care.equipment AS e (facility_id, kind, name, in_service_during)
        VALUES (facility, keep_equipment.kind, keep_equipment.name, daterange(first_on, stop_on)) RETURNING e.equipment_id INTO answer;
    ELSE
        UPDATE care.equipment e SET kind = keep_equipment.kind, name = keep_equipment.name,
            in_service_during = daterange(first_on, stop_on)
        WHERE e.equipment_id = equipment AND e.facility_id = facility AND e.version = known_version
        RETURNING e.equipment_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.equipment/' || answer);$body$,
    'Adds a piece of equipment to a facility, changes it, or says from when until before which day it is used; the key.');
CALL access.publish('keep_outage', 'equipment uuid, equipment_outage uuid, known_version integer, since timestamptz, until timestamptz,
    reason text', 'uuid',
    $body$PERFORM access.check_keeper(me, (SELECT e.facility_id FROM care.equipment e WHERE e.equipment_id = equipment));
    IF equipment_outage IS NULL THEN
        INSERT INTO care.equipment_outage AS o (equipment_id, during, reason)
        VALUES (equipment, tstzrange(since, until), keep_outage.reason) RETURNING o.equipment_outage_id INTO answer;
    ELSE
        UPDATE care.equipment_outage o SET during = tstzrange(since, until), reason = keep_outage.reason
        WHERE o.equipment_outage_id = equipment_outage AND o.equipment_id = equipment AND o.version = known_version
        RETURNING o.equipment_outage_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.equipment_outage/' || answer);$body$,
    'Says when a piece of equipment is out of service, and why, or when it is used again; the key.');
CALL access.publish('set_attendance_policy', 'facility uuid, notice_hours integer, no_show_limit integer, within_days integer,
    charge_code text', 'void',
    $body$PERFORM access.check_keeper(me, facility);
    INSERT INTO care.attendance_policy (facility_id, notice_hours, no_show_limit, within_days, charge_code)
    VALUES (facility, set_attendance_policy.notice_hours, set_attendance_policy.no_show_limit, set_attendance_policy.within_days,
            set_attendance_policy.charge_code)
    ON CONFLICT ON CONSTRAINT attendance_policy_pkey DO UPDATE SET notice_hours = EXCLUDED.notice_hours,
        no_show_limit = EXCLUDED.no_show_limit, within_days = EXCLUDED.within_days, charge_code = EXCLUDED.charge_code;
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility, 'attendance_policy');$body$,
    'Says how long before a visit a facility wants to hear of a cancellation, and what follows visits that were missed.');
CALL access.publish('set_facility_category', 'facility uuid, category text, offered boolean', 'void',
    $body$PERFORM access.check_keeper(me, facility);
    IF offered THEN
        INSERT INTO care.facility_has_category (facility_id, category) VALUES (facility, set_facility_category.category)
        ON CONFLICT ON CONSTRAINT facility_has_category_pkey DO NOTHING;
    ELSE
        DELETE FROM care.facility_has_category c WHERE c.facility_id = facility AND c.category = set_facility_category.category;
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility, 'category');$body$,
    'Says that a facility is of a category beside its main one, or is not any more.');
