-- Who signs, shares, exports or opens a record in an emergency proves once more who that is; and who signs in again goes on
-- with what was begun, if the session that ended was of the same account.
--
-- New functions, locks nothing. Undo: drop them.
CREATE FUNCTION access.confirm_session(login text, address text, totp_step bigint, token_hash bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM access.end_guess(login, address, totp_step);
    UPDATE access.session s SET confirmed_at = now() FROM access.account a
    WHERE s.token_hash = confirm_session.token_hash AND a.account_id = s.account_id AND a.login = lower(confirm_session.login)
      AND a.disabled_at IS NULL AND s.revoked_at IS NULL AND clock_timestamp() < least(s.expires_at, s.seen_at + s.idle_for);
    IF NOT FOUND THEN
        PERFORM access.refuse('session_stands', 'Sign in again.');
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION access.confirm_session(text, text, bigint, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.confirm_session(text, text, bigint, bytea) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.confirm_session(text, text, bigint, bytea) IS
    'For the program that signs people in: records that the account of a session has proved who it is; a code is taken once.';

CREATE FUNCTION access.confirm_played(login text, token_hash bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Whoever has a password proves it.
    UPDATE access.session s SET confirmed_at = now() FROM access.account a
    WHERE s.token_hash = confirm_played.token_hash AND a.account_id = s.account_id AND a.login = lower(confirm_played.login)
      AND NOT EXISTS (SELECT FROM access.credential c WHERE c.account_id = a.account_id);
    IF NOT FOUND THEN
        PERFORM access.refuse('session_stands', 'Sign in again.');
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION access.confirm_played(text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.confirm_played(text, bytea) TO healthtrack_migrator;
COMMENT ON FUNCTION access.confirm_played(text, bytea) IS
    'For a demo, by its owner: confirms a session of an account that has no password.';

CREATE FUNCTION access.was_session_of(token_hash bytea, login text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM access.session s JOIN access.account a USING (account_id)
                   WHERE s.token_hash = was_session_of.token_hash AND a.login = lower(was_session_of.login))
$$;
REVOKE EXECUTE ON FUNCTION access.was_session_of(bytea, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.was_session_of(bytea, text) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.was_session_of(bytea, text) IS
    'For the program that signs people in: whether a session, which may be over since a day at most, was of the account with a login.';
