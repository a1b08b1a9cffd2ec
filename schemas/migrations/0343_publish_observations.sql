-- Observations through `api`: noted by who cares for a patient or by the patients themselves, corrected, taken back, read.
--
-- A finding is JSON with the names of FHIR's parts, as small as it is: loinc, title, category, observed_at, and value, whose
-- one part is a number with its unit, low and high, numerator and denominator, system and code, text, boolean, or absent.
-- What it has that is not known is refused and not left out, since somebody would believe it kept. A correction says the
-- value anew, or else keeps the former's, and of all else what it does not say anew. Locks nothing. Undo: drop them.
INSERT INTO access.look_kind (kind, scope) VALUES ('observations', 'chart');

CREATE FUNCTION care.check_finding(finding jsonb) RETURNS void
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    parts  constant text[] := '{loinc,title,category,encounter,observed_at,ended_at,value,components,interpretation,
                                reference_low,reference_high,body_site,method,device,sensitivity,note}';
    within constant text[] := '{loinc,title,value,interpretation,reference_low,reference_high}';
    forms  constant text[] := '{number,unit,comparator,low,high,numerator,denominator,denominator_unit,system,code,text,boolean,absent}';
    one    jsonb;
BEGIN
    IF jsonb_typeof(finding) <> 'object' OR finding - parts <> '{}'
       OR coalesce(finding -> 'value', '{}') - forms <> '{}' OR jsonb_typeof(coalesce(finding -> 'components', '[]')) <> 'array' THEN
        PERFORM care.refuse('finding_has_known_parts', 'Say of an observation what has a place here, and nothing else.');
    END IF;
    FOR one IN SELECT * FROM jsonb_array_elements(coalesce(finding -> 'components', '[]')) LOOP
        IF one - within <> '{}' OR coalesce(one -> 'value', '{}') - forms <> '{}' THEN
            PERFORM care.refuse('finding_has_known_parts', 'Say of an observation what has a place here, and nothing else.');
        END IF;
    END LOOP;
END $$;
COMMENT ON FUNCTION care.check_finding(jsonb) IS 'Refuses a finding with parts that have no place in an observation.';

CREATE FUNCTION care.write_observation(patient uuid, finding jsonb, by text, performer uuid, becomes text, amends uuid) RETURNS uuid
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made uuid;
BEGIN
    PERFORM care.check_finding(finding);
    INSERT INTO care.observation AS o (patient_id, encounter_id, performer_id, amends_observation_id, observed_at, ended_at,
        category, loinc, title, value_number, unit, comparator, value_low, value_high, value_numerator, value_denominator,
        denominator_unit, value_system, value_code, value_text, value_boolean, absent_reason, component_count, interpretation,
        reference_low, reference_high, body_site, method, device_id, sensitivity, performed_by, status, note)
    SELECT patient, f.encounter, performer, amends, f.observed_at, f.ended_at, f.category, f.loinc, f.title, v.number, v.unit,
           v.comparator, v.low, v.high, v.numerator, v.denominator, v.denominator_unit, v.system, v.code, v.text, v.boolean,
           v.absent, jsonb_array_length(coalesce(finding -> 'components', '[]')), f.interpretation, f.reference_low,
           f.reference_high, f.body_site, f.method, f.device, f.sensitivity, by, becomes, f.note
    FROM jsonb_to_record(finding) AS f (encounter uuid, observed_at timestamptz, ended_at timestamptz, category text, loinc text,
             title text, interpretation text, reference_low numeric, reference_high numeric, body_site text, method text,
             device text, sensitivity text, note text),
         jsonb_to_record(coalesce(finding -> 'value', '{}')) AS v (number numeric, unit text, comparator text, low numeric,
             high numeric, numerator numeric, denominator numeric, denominator_unit text, system text, code text, text text,
             "boolean" boolean, absent text)
    RETURNING o.observation_id INTO made;
    INSERT INTO care.observation_component (patient_id, observation_id, loinc, title, value_number, unit, comparator, value_low,
        value_high, value_numerator, value_denominator, denominator_unit, value_system, value_code, value_text, value_boolean,
        absent_reason, interpretation, reference_low, reference_high)
    SELECT patient, made, c.loinc, c.title, v.number, v.unit, v.comparator, v.low, v.high, v.numerator, v.denominator,
           v.denominator_unit, v.system, v.code, v.text, v.boolean, v.absent, c.interpretation, c.reference_low, c.reference_high
    FROM jsonb_to_recordset(coalesce(finding -> 'components', '[]')) AS c (loinc text, title text, value jsonb,
             interpretation text, reference_low numeric, reference_high numeric),
         jsonb_to_record(coalesce(c.value, '{}')) AS v (number numeric, unit text, comparator text, low numeric, high numeric,
             numerator numeric, denominator numeric, denominator_unit text, system text, code text, text text,
             "boolean" boolean, absent text);
    RETURN made;
END $$;
COMMENT ON FUNCTION care.write_observation(uuid, jsonb, text, uuid, text, uuid) IS 'Stores a finding and its components as an observation of this status, made by provider, patient or unknown; gives its key.';

CREATE FUNCTION care.told_value(stored jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN jsonb_strip_nulls(jsonb_build_object('number', stored -> 'value_number', 'unit', stored -> 'unit',
        'comparator', stored -> 'comparator', 'low', stored -> 'value_low', 'high', stored -> 'value_high',
        'numerator', stored -> 'value_numerator', 'denominator', stored -> 'value_denominator',
        'denominator_unit', stored -> 'denominator_unit', 'system', stored -> 'value_system', 'code', stored -> 'value_code',
        'text', stored -> 'value_text', 'boolean', stored -> 'value_boolean', 'absent', stored -> 'absent_reason'));
COMMENT ON FUNCTION care.told_value(jsonb) IS 'The value of an observation or component, as a finding says it.';

CREATE FUNCTION care.told_components(patient uuid, observation uuid) RETURNS jsonb
    LANGUAGE sql STABLE AS $$
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('loinc', c.loinc, 'title', c.title,
               'value', care.told_value(to_jsonb(c)), 'interpretation', c.interpretation,
               'reference_low', c.reference_low, 'reference_high', c.reference_high)) ORDER BY c.loinc), '[]')
    FROM care.observation_component c WHERE c.patient_id = patient AND c.observation_id = observation
$$;
COMMENT ON FUNCTION care.told_components(uuid, uuid) IS 'The components of an observation, as a finding says them.';

CREATE FUNCTION care.amend_observation(observation uuid, finding jsonb, becomes text, by text, performer uuid) RETURNS uuid
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    former care.observation;
    whole  jsonb;
BEGIN
    SELECT * INTO former FROM care.observation o WHERE o.observation_id = observation;
    IF former.observation_id IS NULL THEN
        PERFORM care.refuse('observation_is_known', 'There is no such observation.');
    ELSIF becomes NOT IN ('amended', 'corrected') THEN
        PERFORM care.refuse('observation_becomes_amended_or_corrected',
            'Say whether more is known now (amended) or it was wrong (corrected).');
    END IF;
    PERFORM care.check_finding(finding);
    whole := jsonb_strip_nulls(jsonb_build_object('loinc', former.loinc, 'title', former.title, 'category', former.category,
        'encounter', former.encounter_id, 'observed_at', former.observed_at, 'ended_at', former.ended_at,
        'body_site', former.body_site, 'method', former.method, 'device', former.device_id, 'sensitivity', former.sensitivity,
        'reference_low', former.reference_low, 'reference_high', former.reference_high));
    IF NOT finding ?| '{value,components}' THEN
        whole := whole || jsonb_build_object('value', care.told_value(to_jsonb(former)), 'interpretation', former.interpretation,
                                             'components', care.told_components(former.patient_id, observation));
    END IF;
    RETURN care.write_observation(former.patient_id, whole || finding, by, performer, becomes, observation);
END $$;
COMMENT ON FUNCTION care.amend_observation(uuid, jsonb, text, text, uuid) IS 'Writes what takes the place of a final observation, which stays: what the finding does not say is as it was; gives the new key.';

CREATE FUNCTION care.told_observations(patient uuid, observations uuid[]) RETURNS TABLE (
    observation_id uuid, observed_at timestamptz, ended_at timestamptz, issued_at timestamptz, category text, loinc text,
    title text, value jsonb, components jsonb, interpretation text, reference_low double precision,
    reference_high double precision, body_site text, method text, device text, encounter_id uuid, sensitivity text,
    performed_by text, performer text, status text, amends uuid, amended_by uuid, note text, version integer
)
    LANGUAGE sql STABLE AS $$
    SELECT o.observation_id, o.observed_at, o.ended_at, o.issued_at, o.category, o.loinc, o.title,
           nullif(care.told_value(to_jsonb(o)), '{}'), care.told_components(o.patient_id, o.observation_id), o.interpretation,
           o.reference_low::float8, o.reference_high::float8, o.body_site, o.method, o.device_id, o.encounter_id,
           o.sensitivity, o.performed_by, d.given_name || ' ' || d.family_name, o.status, o.amends_observation_id,
           (SELECT n.observation_id FROM care.observation n WHERE n.patient_id = o.patient_id
            AND n.amends_observation_id = o.observation_id AND n.status <> 'entered_in_error'), o.note, o.version
    FROM care.observation o LEFT JOIN care.provider d ON d.provider_id = o.performer_id
    WHERE o.patient_id = patient AND o.observation_id = ANY (observations)
    ORDER BY o.observed_at DESC, o.observation_id DESC
$$;
COMMENT ON FUNCTION care.told_observations(uuid, uuid[]) IS 'Observations of a patient by their keys, with components and the name of who made them, the latest first.';
GRANT EXECUTE ON FUNCTION care.check_finding(jsonb), care.write_observation(uuid, jsonb, text, uuid, text, uuid),
    care.told_value(jsonb), care.told_components(uuid, uuid), care.amend_observation(uuid, jsonb, text, text, uuid),
    care.told_observations(uuid, uuid[]) TO healthtrack_care, healthtrack_migrator;

CALL access.publish('note_observation', 'patient uuid, finding jsonb', 'uuid', $body$
    answer := care.write_observation(patient, finding, CASE me.part WHEN 'patient' THEN 'patient' ELSE 'provider' END,
                                     access.acting_provider(), 'final', NULL);
    PERFORM access.note(me, 'create', patient, 'care.observation/' || answer);$body$,
    'Notes what the acting provider observed, or what the acting patient measured; gives its key.');
CALL access.publish('amend_observation', 'observation uuid, finding jsonb, becomes text', 'uuid', $body$
    answer := care.amend_observation(observation, finding, becomes, CASE me.part WHEN 'patient' THEN 'patient' ELSE 'provider' END,
                                     access.acting_provider());
    PERFORM access.note(me, 'update', (SELECT o.patient_id FROM care.observation o WHERE o.observation_id = answer),
                        'care.observation/' || answer);$body$,
    'Writes what takes the place of a final observation, amended or corrected, with what the finding does not say as it was; gives the new key.');
CALL access.publish('take_observation_back', 'observation uuid, known_version integer',
    'TABLE (saved boolean, version integer)', $body$
    DECLARE
        whose uuid;
    BEGIN
        UPDATE care.observation AS o SET status = 'entered_in_error'
        WHERE o.observation_id = observation AND o.version = known_version
        RETURNING o.version, o.patient_id INTO version, whose;
        saved := FOUND;
        IF saved THEN
            PERFORM access.note(me, 'update', whose, 'care.observation/' || observation);
            RETURN NEXT;
        ELSE
            RETURN QUERY SELECT false, o.version FROM care.observation o WHERE o.observation_id = observation;
        END IF;
    END;$body$,
    'Marks an observation as an error where it still has the version that was read: the version that stands, and whether it was marked; no row where there is no such observation for whoever acts.');

CALL access.publish('read_observations', 'of_category text, of_loinc text, before timestamptz, before_observation uuid, rows_max integer',
    'TABLE (observation_id uuid, observed_at timestamptz, ended_at timestamptz, issued_at timestamptz, category text, loinc text, title text, value jsonb, components jsonb, interpretation text, reference_low double precision, reference_high double precision, body_site text, method text, device text, encounter_id uuid, sensitivity text, performed_by text, performer text, status text, amends uuid, amended_by uuid, note text, version integer)',
    $body$RETURN QUERY SELECT * FROM care.told_observations(patient, ARRAY(
        SELECT o.observation_id FROM care.observation o
        WHERE o.patient_id = patient AND (of_category IS NULL OR o.category = of_category) AND (of_loinc IS NULL OR o.loinc = of_loinc)
          AND (before IS NULL OR (o.observed_at, o.observation_id) < (before, before_observation))
          AND o.status <> 'entered_in_error' AND NOT EXISTS (
              SELECT FROM care.observation n WHERE n.patient_id = patient AND n.amends_observation_id = o.observation_id
                AND n.status <> 'entered_in_error')
        ORDER BY o.observed_at DESC, o.observation_id DESC LIMIT least(rows_max, 500)));$body$,
    'Observations of a patient as they stand, of one category or code where it is named, the latest first, those before the last line of the page before, 500 at most.',
    look => $$'observations'$$);
CALL access.publish('read_newest_observations', 'of_category text',
    'TABLE (observation_id uuid, observed_at timestamptz, ended_at timestamptz, issued_at timestamptz, category text, loinc text, title text, value jsonb, components jsonb, interpretation text, reference_low double precision, reference_high double precision, body_site text, method text, device text, encounter_id uuid, sensitivity text, performed_by text, performer text, status text, amends uuid, amended_by uuid, note text, version integer)',
    $body$RETURN QUERY SELECT * FROM care.told_observations(patient, ARRAY(
        SELECT DISTINCT ON (o.loinc) o.observation_id FROM care.observation o
        WHERE o.patient_id = patient AND (of_category IS NULL OR o.category = of_category)
          AND o.status <> 'entered_in_error' AND NOT EXISTS (
              SELECT FROM care.observation n WHERE n.patient_id = patient AND n.amends_observation_id = o.observation_id
                AND n.status <> 'entered_in_error')
        ORDER BY o.loinc, o.observed_at DESC, o.observation_id DESC LIMIT 500));$body$,
    'The newest observation of each code of a patient as it stands, of one category where it is named, 500 codes at most.',
    look => $$'observations'$$);
CALL access.publish('read_observation', 'observation uuid',
    'TABLE (observation_id uuid, observed_at timestamptz, ended_at timestamptz, issued_at timestamptz, category text, loinc text, title text, value jsonb, components jsonb, interpretation text, reference_low double precision, reference_high double precision, body_site text, method text, device text, encounter_id uuid, sensitivity text, performed_by text, performer text, status text, amends uuid, amended_by uuid, note text, version integer)',
    $body$RETURN QUERY
        WITH RECURSIVE former AS (
            SELECT o.observation_id, o.amends_observation_id FROM care.observation o
            WHERE o.patient_id = patient AND o.observation_id = observation
            UNION
            SELECT o.observation_id, o.amends_observation_id FROM former f
            JOIN care.observation o ON o.patient_id = patient AND o.observation_id = f.amends_observation_id
        ), later AS (
            SELECT o.observation_id FROM care.observation o WHERE o.patient_id = patient AND o.observation_id = observation
            UNION
            SELECT o.observation_id FROM later l
            JOIN care.observation o ON o.patient_id = patient AND o.amends_observation_id = l.observation_id
        )
        SELECT t.* FROM care.told_observations(patient, ARRAY(
            SELECT f.observation_id FROM former f UNION SELECT l.observation_id FROM later l)) t
        ORDER BY t.issued_at DESC, t.observation_id DESC LIMIT 100;$body$,
    'One observation of a patient with what it took the place of and what took its place, errors too, the latest told first, 100 at most.',
    look => $$'observations'$$);
