-- A patient sees of what was shared also what was taken back, so a second click on its button finds that it is over.
--
-- What stands comes first, and a column at the end tells when a grant was taken back. Both functions are made anew; locks nothing.
-- Undo: drop them and make them as in migration 730.
DROP FUNCTION api.read_grants(text, uuid, uuid);
DROP FUNCTION access.grants_of(uuid);
CREATE FUNCTION access.grants_of(patient uuid)
    RETURNS TABLE (grant_of_access uuid, name text, scopes text[], purpose text, from_at timestamptz, until_at timestamptz,
                   ended_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT g.grant_of_access_id, coalesce(nullif(concat_ws(' ', p.given_name, p.family_name), ''), access.name_of_account(g.account_id)),
           g.scopes, g.purpose, lower(g.valid_during), upper(g.valid_during), g.revoked_at
    FROM access.grant_of_access g LEFT JOIN care.provider p USING (provider_id)
    WHERE g.patient_id = patient AND g.proxy_id IS NULL
      AND (g.revoked_at IS NOT NULL OR coalesce(upper(g.valid_during), 'infinity') > clock_timestamp())
    ORDER BY g.revoked_at DESC NULLS FIRST, g.created_at DESC, g.grant_of_access_id LIMIT 200
$$;
REVOKE EXECUTE ON FUNCTION access.grants_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.grants_of(uuid) TO healthtrack_care;
COMMENT ON FUNCTION access.grants_of(uuid) IS 'What a patient has shared: what stands first, then what was taken back; for a function that has looked.';
CALL access.publish('read_grants', '',
    'TABLE (grant_of_access uuid, name text, scopes text[], purpose text, from_at timestamptz, until_at timestamptz, ended_at timestamptz)',
    'RETURN QUERY SELECT * FROM access.grants_of(patient);',
    'To whom the acting patient has opened the record, what of it, what for and until when, and what was taken back since, 200 at most.', look => $$'sharing'$$);
