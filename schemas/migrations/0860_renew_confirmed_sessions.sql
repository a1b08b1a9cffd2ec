-- Whoever proves once more who it is gets a new token: one that somebody took before is of no use for what is dangerous
-- (OWASP ASVS 5.0, 7.2.4). The session stays, with what it has looked at.
--
-- Replaces access.confirm_session and access.confirm_by_passkey by functions of one argument more; locks nothing. Undo: create
-- those of 0703 and 0760 again.
DROP FUNCTION access.confirm_session(text, text, bigint, bytea);
DROP FUNCTION access.confirm_by_passkey(bytea, bigint, bytea);

CREATE FUNCTION access.renew_session(whose text, token_hash bytea, new_token_hash bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE access.session s SET confirmed_at = now(), token_hash = renew_session.new_token_hash FROM access.account a
    WHERE s.token_hash = renew_session.token_hash AND a.account_id = s.account_id AND a.login = lower(renew_session.whose)
      AND a.disabled_at IS NULL AND s.revoked_at IS NULL AND clock_timestamp() < least(s.expires_at, s.seen_at + s.idle_for);
    IF NOT FOUND THEN
        PERFORM access.refuse('session_stands', 'Sign in again.');
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION access.renew_session(text, bytea, bytea) FROM PUBLIC;
COMMENT ON FUNCTION access.renew_session(text, bytea, bytea) IS
    'Records that the account of a session has proved who it is, and gives the session another token; its caller has judged the proof.';

CREATE FUNCTION access.confirm_session(login text, address text, totp_step bigint, token_hash bytea, new_token_hash bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM access.end_guess(login, address, totp_step);
    PERFORM access.renew_session(login, token_hash, new_token_hash);
END $$;
REVOKE EXECUTE ON FUNCTION access.confirm_session(text, text, bigint, bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.confirm_session(text, text, bigint, bytea, bytea) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.confirm_session(text, text, bigint, bytea, bytea) IS
    'For the program that signs people in: records that the account of a session has proved who it is, and renews its token; a code is taken once.';

CREATE FUNCTION access.confirm_by_passkey(credential_id bytea, counter bigint, token_hash bytea, new_token_hash bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM access.renew_session(access.use_passkey(credential_id, counter), token_hash, new_token_hash);
END $$;
REVOKE EXECUTE ON FUNCTION access.confirm_by_passkey(bytea, bigint, bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.confirm_by_passkey(bytea, bigint, bytea, bytea) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.confirm_by_passkey(bytea, bigint, bytea, bytea) IS
    'For the program that signs people in: records that the account of a session has proved who it is by a passkey of its own, and renews its token.';
