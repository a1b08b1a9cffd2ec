-- What an administrator keeps of organisations: what they are, their numbers, and which facilities belong to them.
--
-- A number is added and ended, and not altered, since others know an organisation by it. A facility is placed whole: its
-- organisation, the facility that it is a part of, and its main category.
-- Locks nothing. Undo: drop the functions.
CALL access.publish('keep_organisation', 'organisation uuid, known_version integer, part_of uuid, kind text, name text, street text,
    postal_code text, country text, state text, city text, phone text, email text, website text, first_on date, stop_on date', 'uuid',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.city (state_id, name) SELECT s.state_id, keep_organisation.city FROM care.state s
    WHERE s.country = keep_organisation.country AND s.code = keep_organisation.state AND keep_organisation.city IS NOT NULL
    ON CONFLICT DO NOTHING;
    -- A place that is not known is none, so that the rule of whole addresses refuses it.
    IF organisation IS NULL THEN
        INSERT INTO care.organisation AS o (part_of, kind, name, street, postal_code, city_id, phone, email, website, active_during)
        VALUES (keep_organisation.part_of, keep_organisation.kind, keep_organisation.name, keep_organisation.street,
                keep_organisation.postal_code,
                (SELECT c.city_id FROM care.city c JOIN care.state s USING (state_id)
                 WHERE s.country = keep_organisation.country AND s.code = keep_organisation.state AND c.name = keep_organisation.city),
                keep_organisation.phone, keep_organisation.email, keep_organisation.website, daterange(first_on, stop_on))
        RETURNING o.organisation_id INTO answer;
    ELSE
        UPDATE care.organisation o SET part_of = keep_organisation.part_of, kind = keep_organisation.kind,
            name = keep_organisation.name, street = keep_organisation.street, postal_code = keep_organisation.postal_code,
            city_id = (SELECT c.city_id FROM care.city c JOIN care.state s USING (state_id)
                       WHERE s.country = keep_organisation.country AND s.code = keep_organisation.state
                         AND c.name = keep_organisation.city),
            phone = keep_organisation.phone, email = keep_organisation.email, website = keep_organisation.website,
            active_during = daterange(first_on, stop_on)
        WHERE o.organisation_id = organisation AND o.version = known_version RETURNING o.organisation_id INTO answer;
        PERFORM access.check_change(FOUND);
    END IF;
    PERFORM access.note(me, 'update', NULL, 'care.organisation/' || answer);$body$,
    'Adds an organisation, changes it or says until before which day it is active, and its city where it is new; the key.');
CALL access.publish('add_organisation_number', 'organisation uuid, kind text, issuer text, value text, first_on date, stop_on date',
    'uuid',
    $body$PERFORM access.check_administrator(me);
    INSERT INTO care.organisation_identifier AS i (organisation_id, kind, issuer, value, valid_during)
    VALUES (organisation, add_organisation_number.kind, add_organisation_number.issuer, add_organisation_number.value,
            daterange(first_on, stop_on))
    RETURNING i.organisation_identifier_id INTO answer;
    PERFORM access.note(me, 'create', NULL, 'care.organisation_identifier/' || answer);$body$,
    'Adds a number by which others know an organisation; the key.');
CALL access.publish('end_organisation_number', 'organisation_identifier uuid, known_version integer, stop_on date', 'void',
    $body$PERFORM access.check_administrator(me);
    UPDATE care.organisation_identifier i SET valid_during = daterange(lower(i.valid_during), end_organisation_number.stop_on)
    WHERE i.organisation_identifier_id = organisation_identifier AND i.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.organisation_identifier/' || organisation_identifier);$body$,
    'Says on which day a number of an organisation is not valid any more.');
CALL access.publish('place_facility', 'facility uuid, known_version integer, organisation uuid, part_of uuid, category text', 'void',
    $body$PERFORM access.check_administrator(me);
    UPDATE care.facility f SET organisation_id = organisation, part_of = place_facility.part_of, category = place_facility.category
    WHERE f.facility_id = facility AND f.version = known_version;
    PERFORM access.check_change(FOUND);
    PERFORM access.note(me, 'update', NULL, 'care.facility/' || facility, 'placed');$body$,
    'Says to which organisation a facility belongs, of which other one it is a part, and what it mainly is.');
