-- Who keeps an account gives its owner a one-time link to set a password: the first one, or another where it is forgotten.
--
-- The link is that of an invitation: kept as a digest, of use once and for 24 hours, in the place of an earlier one. Setting a
-- password by it ends every session, passkey and link to a provider, and leaves the second factor. An account of great power, which two
-- administrators open, is given none by one of them alone, who would else act as the other: whoever runs the installation makes
-- that (`healthtrack user invite`). New functions, replaces one, locks nothing. Undo: drop them; access.invite as of 0700.
CREATE FUNCTION access.replace_link(account uuid, token_hash bytea, lasts interval) RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    until timestamptz;
BEGIN
    UPDATE access.invitation i SET used_at = now() WHERE i.account_id = account AND i.used_at IS NULL;
    INSERT INTO access.invitation (account_id, expires_at, token_hash) VALUES (account, now() + lasts, replace_link.token_hash)
    RETURNING expires_at INTO until;
    RETURN until;
END $$;
REVOKE EXECUTE ON FUNCTION access.replace_link(uuid, bytea, interval) FROM PUBLIC;
COMMENT ON FUNCTION access.replace_link(uuid, bytea, interval) IS
    'Keeps the digest of a one-time link of an account in the place of an earlier one; gives when it ends.';

CREATE OR REPLACE FUNCTION access.invite(login text, token_hash bytea, lasts interval) RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose uuid;
    until timestamptz;
BEGIN
    SELECT a.account_id INTO whose FROM access.account a WHERE a.login = invite.login AND a.disabled_at IS NULL FOR NO KEY UPDATE;
    IF whose IS NULL THEN
        PERFORM access.refuse('account_may_sign_in', 'There is no such account, or it is disabled.');
    END IF;
    until := access.replace_link(whose, token_hash, lasts);
    PERFORM access.audit_program('create', NULL, 'access.invitation');
    RETURN until;
END $$;

CREATE FUNCTION access.make_password_link(me access.caller, account uuid, token_hash bytea) RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept  constant access.account := access.account_kept(me, account);
    until timestamptz;
BEGIN
    IF kept.part IN ('network_admin', 'privacy_officer') THEN
        PERFORM access.refuse('link_of_great_power_is_made_by_an_operator',
                              'Ask whoever runs the installation: one administrator makes no link for this account.');
    ELSIF kept.disabled_at IS NOT NULL THEN
        PERFORM access.refuse('account_may_sign_in', 'There is no such account, or it is disabled.');
    END IF;
    until := access.replace_link(account, token_hash, INTERVAL '24 hours');
    PERFORM access.note(me, 'grant', NULL, 'access.account/' || account, 'link');
    RETURN until;
END $$;
REVOKE ALL ON FUNCTION access.make_password_link(access.caller, uuid, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.make_password_link(access.caller, uuid, bytea) TO healthtrack_care;
COMMENT ON FUNCTION access.make_password_link(access.caller, uuid, bytea) IS
    'Keeps the digest of a one-time link by which an account that the caller keeps sets its password; audited; gives when it ends.';

CALL access.publish('make_password_link', 'account uuid, token_hash bytea', 'timestamptz',
    'answer := access.make_password_link(me, account, token_hash);',
    'Lets an account that the caller keeps set its password by a one-time link, for 24 hours and in the place of an earlier one; when it ends.');
