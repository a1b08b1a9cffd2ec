-- Who looked at my record, and which look has no explanation.
--
-- A look is explained by care that is written down: the care team, a referral, an emergency, an appointment or encounter
-- with the looker or at the looker's facility within 30 days before or after, or the patient's own grant. What is left is not
-- proof of anything; it is what a privacy officer reads first. Views, lock nothing. Undo: drop them.

CREATE FUNCTION access.name_of_account(account_id uuid) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(p.given_name || ' ' || p.family_name, a.part)
    FROM access.account a LEFT JOIN care.provider p USING (provider_id)
    WHERE a.account_id = name_of_account.account_id AND access.part() IS NOT NULL
$$;
COMMENT ON FUNCTION access.name_of_account(uuid) IS 'A provider''s name, which everybody may know, or the part that any other account plays.';
REVOKE EXECUTE ON FUNCTION access.name_of_account(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.name_of_account(uuid) TO healthtrack_portal;

CREATE VIEW access.my_access_log WITH (security_invoker) AS
SELECT e.seq, e.at, access.name_of_account(e.actor) AS who, e.part, e.action, e.resource, e.outcome, e.reason
FROM access.audit_event e
WHERE e.patient_id = ANY ((SELECT access.own_patients())::uuid[]);
COMMENT ON VIEW   access.my_access_log          IS 'Who looked at the acting patient''s record, or tried to.';
COMMENT ON COLUMN access.my_access_log.seq      IS 'Place in the chain of events.';
COMMENT ON COLUMN access.my_access_log.at       IS 'When.';
COMMENT ON COLUMN access.my_access_log.who      IS 'A provider''s name, or the part of whoever else it was; null for a program.';
COMMENT ON COLUMN access.my_access_log.part     IS 'In which part.';
COMMENT ON COLUMN access.my_access_log.action   IS 'What was done.';
COMMENT ON COLUMN access.my_access_log.resource IS 'To what.';
COMMENT ON COLUMN access.my_access_log.outcome  IS 'allowed or denied.';
COMMENT ON COLUMN access.my_access_log.reason   IS 'Why it was allowed, as a word; null where nothing was said.';
GRANT SELECT ON access.my_access_log TO healthtrack_portal;

CREATE FUNCTION access.is_reviewer() RETURNS boolean
    LANGUAGE sql STABLE
    RETURN pg_has_role(session_user, 'healthtrack_auditor', 'MEMBER')
        OR coalesce(access.part() = 'privacy_officer', false);
COMMENT ON FUNCTION access.is_reviewer() IS 'True for a login with healthtrack_auditor and for a privacy officer.';

CREATE FUNCTION access.had_encounter(patient_id uuid, provider_id uuid, facility_id uuid, at timestamptz)
    RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT access.is_reviewer() AND EXISTS (
        SELECT FROM care.encounter e
        WHERE e.patient_id = had_encounter.patient_id
          AND (e.attending_provider_id = had_encounter.provider_id OR e.facility_id = had_encounter.facility_id)
          AND e.during && tstzrange(at - INTERVAL '30 days', at + INTERVAL '30 days'))
$$;
COMMENT ON FUNCTION access.had_encounter(uuid, uuid, uuid, timestamptz) IS 'For reviewers: true where the patient was seen by the provider or at the facility within 30 days of a moment.';
REVOKE EXECUTE ON FUNCTION access.had_encounter(uuid, uuid, uuid, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.had_encounter(uuid, uuid, uuid, timestamptz)
    TO healthtrack_portal, healthtrack_auditor;

-- Runs as its owner, since it compares with what neither officer nor auditor may read; says itself who may see it.
CREATE VIEW access.unexplained_access WITH (security_barrier) AS
SELECT e.seq, e.at, e.actor, e.patient_id, e.part, e.action, e.resource, e.outcome
FROM access.audit_event e
JOIN access.account a ON a.account_id = e.actor
WHERE (SELECT access.is_reviewer())
  AND e.patient_id IS NOT NULL AND e.patient_id IS DISTINCT FROM a.patient_id
  AND e.action <> 'break_glass' AND a.part <> 'privacy_officer'
  AND NOT EXISTS (
      SELECT FROM access.care_relationship r
      WHERE r.patient_id = e.patient_id AND r.provider_id = a.provider_id AND r.valid_during @> e.at
        AND r.basis IN ('care_team', 'referral', 'emergency'))
  AND NOT EXISTS (
      SELECT FROM care.appointment v
      WHERE v.patient_id = e.patient_id AND (v.provider_id = a.provider_id OR v.facility_id = a.facility_id)
        AND v.status <> 'cancelled' AND lower(v.during) BETWEEN e.at - INTERVAL '30 days' AND e.at + INTERVAL '30 days')
  AND NOT EXISTS (
      SELECT FROM access.grant_of_access g
      WHERE g.patient_id = e.patient_id AND (g.account_id = a.account_id OR g.provider_id = a.provider_id)
        AND g.valid_during @> e.at AND (g.revoked_at IS NULL OR g.revoked_at > e.at))
  AND NOT access.had_encounter(e.patient_id, a.provider_id, a.facility_id, e.at);
COMMENT ON VIEW   access.unexplained_access            IS 'Looks at a record, and tries, that no care, visit or grant explains; for the privacy officer and the auditor.';
COMMENT ON COLUMN access.unexplained_access.seq        IS 'Place in the chain of events.';
COMMENT ON COLUMN access.unexplained_access.at         IS 'When.';
COMMENT ON COLUMN access.unexplained_access.actor      IS 'The account that looked.';
COMMENT ON COLUMN access.unexplained_access.patient_id IS 'Whose record.';
COMMENT ON COLUMN access.unexplained_access.part       IS 'In which part.';
COMMENT ON COLUMN access.unexplained_access.action     IS 'What was done.';
COMMENT ON COLUMN access.unexplained_access.resource   IS 'To what.';
COMMENT ON COLUMN access.unexplained_access.outcome    IS 'allowed or denied.';
GRANT SELECT ON access.unexplained_access TO healthtrack_portal, healthtrack_auditor;
