-- What staff writes into a chart, through `api`: conditions, allergies, demographics, and who wears a device.
--
-- Who found a condition is the provider who acts. Who somebody is (date of birth, sex, death) is changed by staff; patients
-- change how they are reached and where they live. A name, address or contact that ends is kept with its period, and one
-- that was written today is corrected in place. Locks nothing. Undo: drop them, and take the grant back.
GRANT UPDATE (deceased_at) ON care.patient TO healthtrack_care;

CALL access.publish('add_condition',
    'patient uuid, encounter uuid, code_system text, code text, title text, clinical_status text, verification_status text, severity text, onset_on date, note text, behavioural boolean',
    'uuid', $body$
    INSERT INTO care.condition AS c (patient_id, encounter_id, recorded_by, code_system, code, title, clinical_status,
                                     verification_status, severity, onset_on, note, behavioural)
    VALUES (patient, encounter, access.acting_provider(), add_condition.code_system, add_condition.code, add_condition.title,
            add_condition.clinical_status, add_condition.verification_status, add_condition.severity,
            add_condition.onset_on, add_condition.note, add_condition.behavioural)
    RETURNING c.condition_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.condition/' || answer);$body$,
    'Adds a condition that the acting provider found; gives its key.');
CALL access.publish('add_allergy',
    'patient uuid, category text, substance text, criticality text, code_system text, code text, verification_status text, onset_on date',
    'uuid', $body$
    INSERT INTO care.allergy AS a (patient_id, recorded_by, category, substance, criticality, code_system, code,
                                   verification_status, onset_on)
    VALUES (patient, access.acting_provider(), add_allergy.category, add_allergy.substance, add_allergy.criticality,
            add_allergy.code_system, add_allergy.code, add_allergy.verification_status, add_allergy.onset_on)
    RETURNING a.allergy_id INTO answer;
    PERFORM access.note(me, 'create', patient, 'care.allergy/' || answer);$body$,
    'Adds an allergy that the acting provider knows of; gives its key.');
CALL access.publish('change_allergy',
    'allergy uuid, known_version integer, criticality text, clinical_status text, verification_status text',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.allergy AS a SET criticality = change_allergy.criticality,
            clinical_status = change_allergy.clinical_status, verification_status = change_allergy.verification_status
        WHERE a.allergy_id = allergy AND a.version = known_version
        RETURNING a.version, a.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.allergy/' || allergy);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, a.version FROM care.allergy a WHERE a.allergy_id = allergy;
        END IF;
    END;$body$,
    'Changes an allergy where it still has the version that the editor read: the version that stands, and whether it is the editor''s; no row where there is no such allergy for whoever acts.');

CALL access.publish('change_patient',
    'patient uuid, known_version integer, born_on date, sex text, time_zone text, deceased_at timestamptz',
    'TABLE (saved boolean, version integer)', $body$
    IF me.part = 'patient' AND NOT EXISTS (
        SELECT FROM care.patient p WHERE p.patient_id = patient AND p.born_on = change_patient.born_on
           AND p.sex = change_patient.sex AND p.deceased_at IS NOT DISTINCT FROM change_patient.deceased_at) THEN
        PERFORM access.refuse('identity_is_changed_by_staff', 'Ask the front desk to correct who you are.');
    END IF;
    UPDATE care.patient AS p SET born_on = change_patient.born_on, sex = change_patient.sex,
        time_zone = change_patient.time_zone, deceased_at = change_patient.deceased_at
    WHERE p.patient_id = patient AND p.version = known_version
    RETURNING p.version INTO version;
    saved := FOUND;
    IF saved THEN
        PERFORM access.note(me, 'update', patient, 'care.patient/' || patient);
        RETURN NEXT;
    ELSE
        RETURN QUERY SELECT false, p.version FROM care.patient p WHERE p.patient_id = patient;
    END IF;$body$,
    'Changes a patient''s own row where it still has the version that the editor read: the version that stands, and whether it is the editor''s; no row where there is no such patient for whoever acts.');
CALL access.publish('change_name', 'patient uuid, use text, family text, given text[]', 'uuid', $body$
    UPDATE care.patient_name AS n SET family = change_name.family, given = change_name.given
    WHERE n.patient_id = patient AND n.use = change_name.use AND lower(n.valid_during) = current_date
    RETURNING n.patient_name_id INTO answer;
    IF answer IS NULL THEN
        UPDATE care.patient_name AS n SET valid_during = daterange(lower(n.valid_during), current_date)
        WHERE n.patient_id = patient AND n.use = change_name.use AND n.valid_during @> current_date;
        INSERT INTO care.patient_name AS n (patient_id, use, family, given, valid_during)
        VALUES (patient, change_name.use, change_name.family, change_name.given, daterange(current_date, NULL))
        RETURNING n.patient_name_id INTO answer;
    END IF;
    PERFORM access.note(me, 'update', patient, 'care.patient_name/' || answer);$body$,
    'Gives a patient another name of one use from today on; gives its key.');
CALL access.publish('change_address',
    'patient uuid, use text, lines text[], city text, state text, postal_code text, country text', 'uuid', $body$
    UPDATE care.address AS a SET lines = change_address.lines, city = change_address.city, state = change_address.state,
        postal_code = change_address.postal_code, country = change_address.country
    WHERE a.patient_id = patient AND a.use = change_address.use AND lower(a.valid_during) = current_date
    RETURNING a.address_id INTO answer;
    IF answer IS NULL THEN
        UPDATE care.address AS a SET valid_during = daterange(lower(a.valid_during), current_date)
        WHERE a.patient_id = patient AND a.use = change_address.use AND a.valid_during @> current_date;
        INSERT INTO care.address AS a (patient_id, use, lines, city, state, postal_code, country, valid_during)
        VALUES (patient, change_address.use, change_address.lines, change_address.city, change_address.state,
                change_address.postal_code, change_address.country, daterange(current_date, NULL))
        RETURNING a.address_id INTO answer;
    END IF;
    PERFORM access.note(me, 'update', patient, 'care.address/' || answer);$body$,
    'Gives a patient another address of one use from today on; gives its key.');
CALL access.publish('change_contact',
    'patient uuid, former uuid, system text, use text, value text, preferred boolean', 'uuid', $body$
    DECLARE
        place smallint;
    BEGIN
        UPDATE care.contact_point AS c SET valid_during = daterange(lower(c.valid_during), current_date)
        WHERE c.patient_id = patient AND c.contact_point_id = former AND c.valid_during @> current_date
          AND lower(c.valid_during) IS DISTINCT FROM current_date
        RETURNING c.rank INTO place;
        IF change_contact.preferred THEN
            UPDATE care.contact_point AS c SET preferred = false
            WHERE c.patient_id = patient AND c.system = change_contact.system AND c.preferred
              AND c.valid_during @> current_date AND c.contact_point_id IS DISTINCT FROM former;
        END IF;
        UPDATE care.contact_point AS c SET system = change_contact.system, use = change_contact.use,
            value = change_contact.value, preferred = change_contact.preferred
        WHERE c.patient_id = patient AND c.contact_point_id = former AND lower(c.valid_during) = current_date
        RETURNING c.contact_point_id INTO answer;
        IF answer IS NULL THEN
            INSERT INTO care.contact_point AS c (patient_id, system, use, value, preferred, rank, valid_during)
            VALUES (patient, change_contact.system, change_contact.use, change_contact.value, change_contact.preferred,
                    coalesce(place, (SELECT 1 + max(o.rank) FROM care.contact_point o
                                     WHERE o.patient_id = patient AND o.system = change_contact.system), 1),
                    daterange(current_date, NULL))
            RETURNING c.contact_point_id INTO answer;
        END IF;
        PERFORM access.note(me, 'update', patient, 'care.contact_point/' || answer);
    END;$body$,
    'Gives a patient a telephone number or mail address from today on, in place of a former one where it is named; gives its key.');

CALL access.publish('give_device', 'patient uuid, device text', 'uuid', $body$
    answer := care.assign_device(device, patient, now());
    PERFORM access.note(me, 'create', patient, 'care.wear/' || answer);$body$,
    'Gives a device to a patient, who wears it from now on; gives the wear''s key.');
CALL access.publish('take_device_back', 'device text', 'uuid', $body$
    answer := care.return_device(device, now());
    PERFORM access.note(me, 'update', (SELECT w.patient_id FROM care.wear w WHERE w.wear_id = answer), 'care.wear/' || answer);$body$,
    'Takes a device back, which nobody wears from now on; gives the key of the wear that ended.');
