-- A form that is sent twice prescribes once: it bears the key of the prescription that it writes.
--
-- Duplicates of a substance are told and not refused, since two strengths may be meant; so what tells a second prescription
-- from the same one again is its key. A new function, locks nothing. Undo: drop it.
CALL access.publish('prescribe_once',
    'prescription uuid, patient uuid, medication uuid, encounter uuid, dose_quantity double precision, dose_unit text, route text, times smallint, per_amount double precision, per_unit text, instructions text, quantity double precision, days_supply smallint, refills_allowed smallint, valid_from date, valid_until date, override_reason text',
    'void', $body$
    INSERT INTO care.prescription (prescription_id, patient_id, medication_id, prescriber_id, encounter_id, dose_quantity, dose_unit,
        route, times, per_amount, per_unit, as_needed, instructions, quantity, days_supply, refills_allowed, valid_during,
        override_reason)
    VALUES (prescription, patient, medication, access.acting_provider(), encounter, prescribe_once.dose_quantity,
        prescribe_once.dose_unit, prescribe_once.route, prescribe_once.times, prescribe_once.per_amount, prescribe_once.per_unit,
        prescribe_once.times IS NULL, prescribe_once.instructions, prescribe_once.quantity, prescribe_once.days_supply,
        prescribe_once.refills_allowed, daterange(valid_from, valid_until), prescribe_once.override_reason);
    PERFORM access.note(me, 'create', patient, 'care.prescription/' || prescription);$body$,
    'Writes a prescription of the acting provider under a key of the form that sends it, so that the same form sent again is refused as known; valid at once.');
