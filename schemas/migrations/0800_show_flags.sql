-- Who opens a record sees at once what else holds of it: that it is open by an emergency and until when, that it was joined with
-- another, that its erasure was asked for, and who consents for the patient.
--
-- The record on one page gets one more field, so that nothing more is looked at. A new function, replaces one, locks nothing.
-- Undo: care.record_summary as it was before; drop access.flags_of.
CREATE FUNCTION access.flags_of(patient uuid) RETURNS jsonb
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('flag', told.flag, 'until_at', told.until_at))
                              ORDER BY told.place, told.flag), '[]')
    FROM (
        SELECT 1 AS place, 'emergency' AS flag, max(upper(r.valid_during)) AS until_at
        FROM access.care_relationship r
        WHERE r.patient_id = flags_of.patient AND r.basis = 'emergency' AND r.valid_during @> clock_timestamp()
          AND r.provider_id = access.acting_provider() HAVING count(*) > 0
        UNION ALL
        SELECT 2, 'joined', NULL FROM care.patient_link l WHERE l.patient_id = flags_of.patient AND l.ended_at IS NULL
        UNION ALL
        SELECT 3, 'erasure_' || e.status, NULL FROM access.erasure_request e
        WHERE e.patient_id = flags_of.patient AND e.status IN ('requested', 'granted')
        UNION ALL
        SELECT DISTINCT 4, 'consents_' || x.kind, NULL::timestamptz
        FROM access.grant_of_access g JOIN access.proxy x USING (patient_id, proxy_id)
        WHERE g.patient_id = flags_of.patient AND 'consent' = ANY (g.acts) AND g.revoked_at IS NULL
          AND g.valid_during @> clock_timestamp()) AS told
$$;
REVOKE EXECUTE ON FUNCTION access.flags_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.flags_of(uuid) TO healthtrack_care;
COMMENT ON FUNCTION access.flags_of(uuid) IS
    'What holds of a record: open by an emergency of the actor''s and until when, joined with another, its erasure asked for or granted, and who consents for the patient; for a function that has looked.';

CREATE OR REPLACE FUNCTION care.record_summary(patient uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $$
    SELECT jsonb_build_object(
        'patient_id', p.patient_id, 'version', p.version, 'born_on', care.birth_text(p.born_on, p.born_in), 'sex', p.sex,
        'deceased', p.deceased_at IS NOT NULL, 'flags', access.flags_of(p.patient_id),
        'name', (SELECT jsonb_build_object('family', n.family, 'given', n.given) FROM care.patient_name n
                 WHERE n.patient_id = p.patient_id AND n.use = 'official' AND n.valid_during @> current_date AND n.preferred),
        'names', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT n.use, n.family, n.given, n.prefix, n.suffix, n.script, n.language, n.preferred FROM care.patient_name n
            WHERE n.patient_id = p.patient_id AND n.valid_during @> current_date
            ORDER BY n.use <> 'official', n.use, n.preferred DESC, n.script) AS line),
        'allergies', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT a.allergy_id, a.substance, a.category, a.criticality FROM care.allergy a
            WHERE a.patient_id = p.patient_id AND a.clinical_status = 'active'
              AND a.verification_status NOT IN ('refuted', 'entered_in_error')
            ORDER BY a.criticality = 'high' DESC, a.substance LIMIT 100) AS line),
        'conditions', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT c.condition_id, c.code_system, c.code, c.title, c.clinical_status, c.onset_on, c.version, c.sensitivity
            FROM care.condition c
            WHERE c.patient_id = p.patient_id AND c.clinical_status IN ('active', 'recurrence', 'relapse')
              AND c.verification_status NOT IN ('refuted', 'entered_in_error')
            ORDER BY c.onset_on DESC NULLS LAST, c.code LIMIT 100) AS line),
        'prescriptions', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT r.prescription_id, m.name, r.instructions, upper(r.valid_during) AS ends_on, r.version, r.sensitivity
            FROM care.prescription r JOIN care.medication m USING (medication_id)
            WHERE r.patient_id = p.patient_id AND r.status = 'active' AND r.valid_during @> current_date
            ORDER BY r.authored_at DESC LIMIT 100) AS line),
        'results', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT newest.* FROM (
                SELECT DISTINCT ON (l.loinc) l.lab_result_id, l.loinc, l.title,
                       coalesce(l.value_number::text, l.value_code, l.value_text, l.absent_reason) AS value,
                       l.unit, l.flag, l.status, l.observed_at, l.sensitivity
                FROM care.current_lab_result l WHERE l.patient_id = p.patient_id
                ORDER BY l.loinc, l.observed_at DESC, l.lab_result_id) AS newest
            ORDER BY newest.observed_at DESC LIMIT 50) AS line),
        'encounters', (SELECT coalesce(jsonb_agg(to_jsonb(line)), '[]') FROM (
            SELECT e.encounter_id, e.class, lower(e.during) AS began_at, upper(e.during) AS ended_at, e.reason
            FROM care.encounter e WHERE e.patient_id = p.patient_id ORDER BY lower(e.during) DESC LIMIT 20) AS line)
    ) FROM care.patient p WHERE p.patient_id = patient
$$;
