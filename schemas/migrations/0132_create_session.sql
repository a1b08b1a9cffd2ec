-- Sessions: an actor is proved by a token, not declared.
--
-- The program that signs people in makes 32 random bytes, gives them to the browser, and stores their SHA-256 here
-- through `access.open_session`; nobody else may, and nobody can read a token back. A function of `api` gets the token,
-- and sets for the time of its own call who acts (`access.enter`, `access.leave`); an error undoes the setting with
-- everything else. A token that is malformed, unknown, expired or revoked is refused in the same words.
--
-- One snapshot for a whole transaction would show rights that have ended since, so such a transaction is refused.
-- New table, locks nothing. Undo: drop them; everybody has to sign in again.
CREATE TABLE access.session (
    session_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    account_id uuid        NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    idle_for   interval    NOT NULL,
    token_hash bytea       NOT NULL,

    CONSTRAINT session_pkey PRIMARY KEY (session_id),
    CONSTRAINT session_token_is_unique UNIQUE (token_hash),
    CONSTRAINT session_account_fkey FOREIGN KEY (account_id) REFERENCES access.account (account_id),
    CONSTRAINT session_token_is_a_digest CHECK (octet_length(token_hash) = 32),
    CONSTRAINT session_ends CHECK (expires_at > created_at AND expires_at <= created_at + INTERVAL '31 days'),
    CONSTRAINT session_is_not_idle_for_long CHECK (idle_for BETWEEN INTERVAL '1 minute' AND INTERVAL '1 day')
);
CREATE INDEX session_account_idx ON access.session (account_id);
COMMENT ON TABLE  access.session            IS 'Who is signed in; a token is the only proof of who acts.';
COMMENT ON COLUMN access.session.session_id IS 'Key.';
COMMENT ON COLUMN access.session.account_id IS 'Whose.';
COMMENT ON COLUMN access.session.created_at IS 'When the account signed in.';
COMMENT ON COLUMN access.session.seen_at    IS 'When it was last used, to the minute, or to a quarter of idle_for where that is less.';
COMMENT ON COLUMN access.session.expires_at IS 'When it ends in any case.';
COMMENT ON COLUMN access.session.revoked_at IS 'When it was ended before its time; null while it was not.';
COMMENT ON COLUMN access.session.idle_for   IS 'How long it may be unused before it ends.';
COMMENT ON COLUMN access.session.token_hash IS 'SHA-256 of the token.';
COMMENT ON CONSTRAINT session_pkey ON access.session IS 'This session exists already.';
COMMENT ON CONSTRAINT session_token_is_unique ON access.session IS 'Make a new token.';
COMMENT ON CONSTRAINT session_account_fkey ON access.session IS 'Choose an account that exists.';
COMMENT ON CONSTRAINT session_token_is_a_digest ON access.session IS 'Store the SHA-256 of a token.';
COMMENT ON CONSTRAINT session_ends ON access.session IS 'A session ends within 31 days.';
COMMENT ON CONSTRAINT session_is_not_idle_for_long ON access.session IS 'A session may be unused for a minute at least and a day at most.';
CALL access.guard('access.session', 'internal');

CREATE TYPE access.caller AS (account_id uuid, session_id uuid, part text, former text, has_written boolean);
COMMENT ON TYPE access.caller IS 'Who called a function of api: account, session, part, what healthtrack.actor was before, and whether the transaction had written before.';

CREATE FUNCTION access.open_session(
    login text, token_hash bytea, idle_for interval DEFAULT '15 minutes', lasts interval DEFAULT '12 hours'
) RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    event access.audit_event;
    until timestamptz;
BEGIN
    SELECT a.account_id, a.part, a.patient_id INTO event.actor, event.part, event.patient_id
    FROM access.account a WHERE a.login = open_session.login AND a.disabled_at IS NULL;
    IF event.actor IS NULL THEN
        PERFORM access.refuse('account_may_sign_in', 'There is no such account, or it is disabled.');
    END IF;
    INSERT INTO access.session (account_id, expires_at, idle_for, token_hash)
    VALUES (event.actor, now() + lasts, open_session.idle_for, open_session.token_hash) RETURNING expires_at INTO until;
    event.action := 'log_in';
    event.resource := 'access.session';
    event.outcome := 'allowed';
    PERFORM access.append_event(event);
    RETURN until;
END $$;
COMMENT ON FUNCTION access.open_session(text, bytea, interval, interval) IS 'For the program that signs people in: opens a session by the SHA-256 of its token, audited; gives when it ends at the latest.';

CREATE FUNCTION access.revoke_sessions(login text) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ended integer;
BEGIN
    UPDATE access.session s SET revoked_at = now() FROM access.account a
    WHERE a.login = revoke_sessions.login AND s.account_id = a.account_id AND s.revoked_at IS NULL;
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;
COMMENT ON FUNCTION access.revoke_sessions(text) IS 'For the program that signs people in: ends every session of an account; gives how many.';

CREATE FUNCTION access.enter(token text) RETURNS access.caller
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me     access.caller;
    unseen boolean;
BEGIN
    me.has_written := pg_current_xact_id_if_assigned() IS NOT NULL;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM access.refuse('rights_are_of_this_moment', 'Begin the transaction as READ COMMITTED.');
    END IF;
    SELECT s.account_id, s.session_id, a.part, s.seen_at < clock_timestamp() - least(INTERVAL '1 minute', s.idle_for / 4)
    INTO me.account_id, me.session_id, me.part, unseen
    FROM access.session s JOIN access.account a USING (account_id)
    WHERE s.token_hash = CASE WHEN token ~ '^[0-9a-f]{64}$' THEN sha256(decode(token, 'hex')) END
      AND s.revoked_at IS NULL AND a.disabled_at IS NULL
      AND clock_timestamp() < least(s.expires_at, s.seen_at + s.idle_for);
    IF me.account_id IS NULL THEN
        PERFORM access.refuse('session_stands', 'Sign in again.');
    END IF;
    IF unseen AND current_setting('transaction_read_only') = 'off' THEN
        UPDATE access.session s SET seen_at = clock_timestamp()
        FROM (SELECT o.session_id FROM access.session o WHERE o.session_id = me.session_id FOR UPDATE SKIP LOCKED) AS own
        WHERE s.session_id = own.session_id;
    END IF;
    me.former := coalesce(current_setting('healthtrack.actor', true), '');
    PERFORM set_config('healthtrack.actor', me.account_id::text, true);
    RETURN me;
END $$;
COMMENT ON FUNCTION access.enter(text) IS 'Says by a session''s token who acts, until access.leave; refuses what is no token of a session that stands.';

CREATE FUNCTION access.leave(me access.caller) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM set_config('healthtrack.actor', me.former, true);
END $$;
COMMENT ON FUNCTION access.leave(access.caller) IS 'Puts back who acted before access.enter.';

CREATE FUNCTION access.note(
    me access.caller, action text, patient uuid, resource text, reason text DEFAULT NULL,
    outcome text DEFAULT 'allowed', request uuid DEFAULT NULL
) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    event access.audit_event;
BEGIN
    event.actor := me.account_id;
    event.part := me.part;
    event.patient_id := patient;
    event.action := note.action;
    event.resource := note.resource;
    event.reason := note.reason;
    event.outcome := note.outcome;
    event.request_id := request;
    PERFORM access.append_event(event);
END $$;
COMMENT ON FUNCTION access.note(access.caller, text, uuid, text, text, text, uuid) IS 'Appends what the caller of a function of api does, in this transaction.';

GRANT EXECUTE ON FUNCTION access.open_session(text, bytea, interval, interval), access.revoke_sessions(text)
    TO healthtrack_sign_in;
GRANT EXECUTE ON FUNCTION access.enter(text), access.leave(access.caller),
    access.note(access.caller, text, uuid, text, text, text, uuid) TO healthtrack_care;
