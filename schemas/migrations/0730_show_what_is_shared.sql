-- A patient sees who cares for them, to whom their record is open by their own word, and which entries of the journal are.
--
-- New functions and a kind of look, locks nothing. Undo: drop them and the kind.
INSERT INTO access.look_kind (kind, scope, in_care, sensitive) VALUES ('sharing', 'none', false, false);

CREATE FUNCTION access.care_team_of(patient uuid)
    RETURNS TABLE (provider_id uuid, name text, basis text, from_at timestamptz, until_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT r.provider_id, concat_ws(' ', p.given_name, p.family_name), r.basis, lower(r.valid_during), upper(r.valid_during)
    FROM access.care_relationship r JOIN care.provider p USING (provider_id)
    WHERE r.patient_id = patient AND r.valid_during @> clock_timestamp()
    ORDER BY p.family_name, p.given_name, r.provider_id, lower(r.valid_during) LIMIT 200
$$;
REVOKE EXECUTE ON FUNCTION access.care_team_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.care_team_of(uuid) TO healthtrack_care;
COMMENT ON FUNCTION access.care_team_of(uuid) IS 'Providers who care for a patient at this moment, why and until when; for a function that has looked.';

CREATE FUNCTION access.grants_of(patient uuid)
    RETURNS TABLE (grant_of_access uuid, name text, scopes text[], purpose text, from_at timestamptz, until_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT g.grant_of_access_id, coalesce(concat_ws(' ', p.given_name, p.family_name), access.name_of_account(g.account_id)),
           g.scopes, g.purpose, lower(g.valid_during), upper(g.valid_during)
    FROM access.grant_of_access g LEFT JOIN care.provider p USING (provider_id)
    WHERE g.patient_id = patient AND g.proxy_id IS NULL AND g.revoked_at IS NULL
      AND coalesce(upper(g.valid_during), 'infinity') > clock_timestamp()
    ORDER BY g.created_at DESC, g.grant_of_access_id LIMIT 200
$$;
REVOKE EXECUTE ON FUNCTION access.grants_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.grants_of(uuid) TO healthtrack_care;
COMMENT ON FUNCTION access.grants_of(uuid) IS 'What a patient has shared and not taken back, the newest first; for a function that has looked.';

CALL access.publish('read_care_team', '',
    'TABLE (provider_id uuid, name text, basis text, from_at timestamptz, until_at timestamptz)',
    'RETURN QUERY SELECT * FROM access.care_team_of(patient);',
    'Who cares for the acting patient at this moment, why and until when, 200 at most.', look => $$'sharing'$$);
CALL access.publish('read_grants', '',
    'TABLE (grant_of_access uuid, name text, scopes text[], purpose text, from_at timestamptz, until_at timestamptz)',
    'RETURN QUERY SELECT * FROM access.grants_of(patient);',
    'To whom the acting patient has opened the record, what of it, what for and until when, 200 at most.', look => $$'sharing'$$);
CALL access.publish('read_journal_shares', '',
    'TABLE (journal_entry uuid, provider uuid, name text, until_at timestamptz)', $body$RETURN QUERY
    SELECT s.journal_entry_id, s.provider_id, concat_ws(' ', p.given_name, p.family_name), upper(s.shared_during)
    FROM care.journal_share s JOIN care.provider p USING (provider_id)
    WHERE s.patient_id = patient AND s.shared_during @> now()
    ORDER BY s.created_at DESC, s.journal_share_id LIMIT 1000;$body$,
    'Which entries of a journal are shared at this moment, with whom and until when, 1,000 at most.', look => $$'journal'$$);
