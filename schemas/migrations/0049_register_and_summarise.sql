-- A patient registered whole, and a record on one page.
--
-- Registering writes a person with names, addresses, contacts and numbers in one go, or nothing. For an account it runs
-- as its owner, since nobody may write a record in which nobody is in care yet; so it asks first who acts. A provider
-- who registers somebody is in care of that person for thirty days, else the new record were closed to its own author.
-- A program that loads patients calls care.add_patient, which has no more rights than the program.
-- The summary reads with its caller's rights: of a record that is closed to the caller it says nothing at all.
-- Locks nothing. Undo: drop them.
CREATE FUNCTION care.add_patient(person jsonb) RETURNS uuid
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    registered uuid;
BEGIN
    IF NOT jsonb_path_exists(person, '$.names[*] ? (@.use == "official")') THEN
        PERFORM care.refuse('patient_has_an_official_name', 'Give the patient''s official name.');
    END IF;
    INSERT INTO care.patient (born_on, sex, time_zone)
    VALUES ((person ->> 'born_on')::date, person ->> 'sex', person ->> 'time_zone')
    RETURNING patient_id INTO registered;
    INSERT INTO care.patient_name (patient_id, use, family, given, prefix, suffix)
    SELECT registered, n.use, n.family, n.given, n.prefix, n.suffix
    FROM jsonb_to_recordset(person -> 'names') AS n (use text, family text, given text[], prefix text, suffix text);
    INSERT INTO care.address (patient_id, use, lines, city, state, postal_code, country)
    SELECT registered, a.use, a.lines, a.city, a.state, a.postal_code, coalesce(a.country, 'US')
    FROM jsonb_to_recordset(coalesce(person -> 'addresses', '[]'))
        AS a (use text, lines text[], city text, state text, postal_code text, country text);
    INSERT INTO care.contact_point (patient_id, system, use, value, rank, preferred)
    SELECT registered, c.system, c.use, c.value,
           row_number() OVER (PARTITION BY c.system ORDER BY c.preferred DESC NULLS LAST), coalesce(c.preferred, false)
    FROM jsonb_to_recordset(coalesce(person -> 'contacts', '[]'))
        AS c (system text, use text, value text, preferred boolean);
    INSERT INTO care.identifier (patient_id, facility_id, system, value)
    SELECT registered, i.facility_id, i.system, i.value
    FROM jsonb_to_recordset(coalesce(person -> 'identifiers', '[]')) AS i (facility_id uuid, system text, value text);
    RETURN registered;
END $$;
COMMENT ON FUNCTION care.add_patient(jsonb) IS 'Adds a patient with names, addresses, contacts and identifiers, all or nothing, and returns the new key; with its caller''s rights.';

CREATE FUNCTION care.register_patient(person jsonb) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    registered uuid;
BEGIN
    IF coalesce(access.part() NOT IN ('provider', 'front_desk'), true) THEN
        PERFORM care.refuse('patient_is_registered_by_staff', 'Providers and the front desk register patients.');
    END IF;
    registered := care.add_patient(person);
    INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis, reason)
    SELECT registered, provider, tstzrange(now(), now() + INTERVAL '30 days'), 'visit', 'registered the patient'
    FROM access.acting_provider() AS provider WHERE provider IS NOT NULL;
    RETURN registered;
END $$;
COMMENT ON FUNCTION care.register_patient(jsonb) IS 'For providers and the front desk: adds a patient, all or nothing, and returns the new key; a registering provider is in care for 30 days.';

CREATE FUNCTION care.record_summary(patient uuid) RETURNS jsonb
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT jsonb_build_object(
        'patient_id', p.patient_id, 'version', p.version, 'born_on', p.born_on, 'sex', p.sex,
        'deceased', p.deceased_at IS NOT NULL,
        'name', (SELECT jsonb_build_object('family', n.family, 'given', n.given) FROM care.patient_name n
                 WHERE n.patient_id = p.patient_id AND n.use = 'official' AND n.valid_during @> current_date),
        'allergies', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT a.allergy_id, a.substance, a.category, a.criticality FROM care.allergy a
            WHERE a.patient_id = p.patient_id AND a.clinical_status = 'active'
              AND a.verification_status NOT IN ('refuted', 'entered_in_error')
            ORDER BY a.criticality = 'high' DESC, a.substance LIMIT 100) AS line),
        'conditions', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT c.condition_id, c.code_system, c.code, c.title, c.clinical_status, c.onset_on, c.version
            FROM care.condition c
            WHERE c.patient_id = p.patient_id AND c.clinical_status IN ('active', 'recurrence', 'relapse')
              AND c.verification_status NOT IN ('refuted', 'entered_in_error')
            ORDER BY c.onset_on DESC NULLS LAST, c.code LIMIT 100) AS line),
        'prescriptions', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT r.prescription_id, m.name, r.instructions, upper(r.valid_during) AS ends_on, r.version
            FROM care.prescription r JOIN care.medication m USING (medication_id)
            WHERE r.patient_id = p.patient_id AND r.status = 'active' AND r.valid_during @> current_date
            ORDER BY r.authored_at DESC LIMIT 100) AS line),
        'results', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT newest.* FROM (
                SELECT DISTINCT ON (l.loinc) l.lab_result_id, l.loinc, l.title,
                       coalesce(l.value_number::text, l.value_code, l.value_text, l.absent_reason) AS value,
                       l.unit, l.flag, l.status, l.observed_at
                FROM care.current_lab_result l WHERE l.patient_id = p.patient_id
                ORDER BY l.loinc, l.observed_at DESC, l.lab_result_id) AS newest
            ORDER BY newest.observed_at DESC LIMIT 50) AS line),
        'encounters', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT e.encounter_id, e.class, lower(e.during) AS began_at, upper(e.during) AS ended_at, e.reason
            FROM care.encounter e WHERE e.patient_id = p.patient_id ORDER BY lower(e.during) DESC LIMIT 20) AS line)
    ) FROM care.patient p WHERE p.patient_id = patient
$$;
COMMENT ON FUNCTION care.record_summary(uuid) IS 'A record on one page as JSON, with its caller''s rights; null where the caller may not see the patient.';
