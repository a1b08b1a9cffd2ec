-- How an account proves who it is before a session is opened: a password, a second factor, one-time links, and a limit on
-- guesses.
--
-- The program that signs people in asks with its own login (`healthtrack_sign_in`); the portal's reads none of it. A guess is
-- paid for before it is judged and in a transaction of its own, so a hundred at once are no more than one after the other.
-- Three buckets are paid from, each only where the one before had a guess left: of the address, of login and address
-- together, and of the login from wherever. So one address keeps no row for a guess that is refused, and cannot use up a
-- login faster than it refills. Where the login was signed in from an address, only the two together count: neither who
-- guesses from elsewhere nor who sits behind the same address locks that person out. A login that nobody has takes the same
-- path, so neither answer nor time tells which logins there are.
--
-- A password is kept as an Argon2id hash in PHC form, made and verified outside the database: the memory that it takes must
-- not be the database's. The secret of a second factor is sealed as national numbers are. A one-time link is kept as the
-- SHA-256 of its token. New tables, locks nothing. Undo: drop tables and functions; passwords are set anew by invitation.
CREATE TABLE access.credential (
    account_id    uuid        NOT NULL,
    password_at   timestamptz NOT NULL DEFAULT now(),
    totp_step     bigint      NOT NULL DEFAULT 0,
    password_hash text        NOT NULL,
    totp_sealed   bytea,

    CONSTRAINT credential_pkey PRIMARY KEY (account_id),
    CONSTRAINT credential_account_fkey FOREIGN KEY (account_id) REFERENCES access.account (account_id),
    CONSTRAINT credential_password_is_hashed CHECK (password_hash ~ '^\$argon2id\$v=19\$[!-~]+$' AND length(password_hash) BETWEEN 60 AND 300)
);
COMMENT ON TABLE  access.credential               IS 'How an account proves who it is: its password, hashed, and the secret of its second factor, sealed.';
COMMENT ON COLUMN access.credential.account_id    IS 'Whose.';
COMMENT ON COLUMN access.credential.password_at   IS 'When the password was set.';
COMMENT ON COLUMN access.credential.totp_step     IS 'The step of the last code that was used: none is taken twice.';
COMMENT ON COLUMN access.credential.password_hash IS 'Argon2id in PHC form.';
COMMENT ON COLUMN access.credential.totp_sealed   IS 'Secret of RFC 6238, sealed; null where there is no second factor.';
COMMENT ON CONSTRAINT credential_pkey ON access.credential IS 'This account has a password already.';
COMMENT ON CONSTRAINT credential_account_fkey ON access.credential IS 'Choose an account that exists.';
COMMENT ON CONSTRAINT credential_password_is_hashed ON access.credential IS 'Store an Argon2id hash of a password.';
CALL access.guard('access.credential', 'internal');

CREATE TABLE access.invitation (
    account_id uuid        NOT NULL,
    made_at    timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    token_hash bytea       NOT NULL,

    CONSTRAINT invitation_pkey PRIMARY KEY (token_hash),
    CONSTRAINT invitation_account_fkey FOREIGN KEY (account_id) REFERENCES access.account (account_id),
    CONSTRAINT invitation_ends CHECK (expires_at > made_at AND expires_at <= made_at + INTERVAL '31 days'),
    CONSTRAINT invitation_token_is_a_digest CHECK (octet_length(token_hash) = 32)
);
CREATE INDEX invitation_account_idx ON access.invitation (account_id);
COMMENT ON TABLE  access.invitation            IS 'One-time links by which an account sets its password.';
COMMENT ON COLUMN access.invitation.account_id IS 'Whose.';
COMMENT ON COLUMN access.invitation.made_at    IS 'When it was made.';
COMMENT ON COLUMN access.invitation.expires_at IS 'From when on it is of no use.';
COMMENT ON COLUMN access.invitation.used_at    IS 'When it was used, or replaced by a newer one; null while it can be used.';
COMMENT ON COLUMN access.invitation.token_hash IS 'SHA-256 of its token.';
COMMENT ON CONSTRAINT invitation_pkey ON access.invitation IS 'Make a new token.';
COMMENT ON CONSTRAINT invitation_account_fkey ON access.invitation IS 'Choose an account that exists.';
COMMENT ON CONSTRAINT invitation_ends ON access.invitation IS 'An invitation ends within 31 days.';
COMMENT ON CONSTRAINT invitation_token_is_a_digest ON access.invitation IS 'Store the SHA-256 of a token.';
CALL access.guard('access.invitation', 'internal');

CREATE TABLE access.sign_in_bucket (
    level         double precision NOT NULL,
    refilled_at   timestamptz      NOT NULL,
    trusted_until timestamptz,
    bucket        bytea            NOT NULL,

    CONSTRAINT sign_in_bucket_pkey PRIMARY KEY (bucket),
    CONSTRAINT sign_in_bucket_is_a_digest CHECK (octet_length(bucket) = 32),
    CONSTRAINT sign_in_bucket_owes_nothing CHECK (level >= 0)
);
CREATE INDEX sign_in_bucket_refilled_idx ON access.sign_in_bucket (refilled_at);
COMMENT ON TABLE  access.sign_in_bucket               IS 'How many guesses of a password are left, for a login, an address, or both together.';
COMMENT ON COLUMN access.sign_in_bucket.level         IS 'Guesses that were left at refilled_at.';
COMMENT ON COLUMN access.sign_in_bucket.refilled_at   IS 'When level was true.';
COMMENT ON COLUMN access.sign_in_bucket.trusted_until IS
    'Of login and address together: until when guesses from elsewhere do not count here; null where nobody signed in.';
COMMENT ON COLUMN access.sign_in_bucket.bucket        IS 'SHA-256 of what it is for.';
COMMENT ON CONSTRAINT sign_in_bucket_pkey ON access.sign_in_bucket IS 'This bucket is known already.';
COMMENT ON CONSTRAINT sign_in_bucket_is_a_digest ON access.sign_in_bucket IS 'Store the SHA-256 of what it is for.';
COMMENT ON CONSTRAINT sign_in_bucket_owes_nothing ON access.sign_in_bucket IS 'A guess is paid for beforehand.';
CALL access.guard('access.sign_in_bucket', 'internal');

CREATE FUNCTION access.bucket_of(kind text, login text, address text) RETURNS bytea
    LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    SELECT sha256(convert_to(concat_ws(chr(10), kind, lower(login), address), 'UTF8'))
$$;
REVOKE EXECUTE ON FUNCTION access.bucket_of(text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION access.bucket_of(text, text, text) IS 'The bucket of a login, an address, or both.';

CREATE FUNCTION access.take_guess(of bytea, most integer, every interval) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    held access.sign_in_bucket;
    now_at timestamptz;
BEGIN
    INSERT INTO access.sign_in_bucket (bucket, level, refilled_at) VALUES (of, most, clock_timestamp())
    ON CONFLICT DO NOTHING;
    SELECT * INTO held FROM access.sign_in_bucket b WHERE b.bucket = of FOR NO KEY UPDATE;
    -- After the lock: who waited for it is not paid for the time twice.
    now_at := greatest(clock_timestamp(), held.refilled_at);
    held.level := least(most, coalesce(held.level, most)
                              + extract(epoch FROM now_at - held.refilled_at) / extract(epoch FROM every));
    UPDATE access.sign_in_bucket b SET level = CASE WHEN held.level >= 1 THEN held.level - 1 ELSE held.level END, refilled_at = now_at
    WHERE b.bucket = of;
    RETURN CASE WHEN held.level >= 1 THEN 0 ELSE ceil((1 - held.level) * extract(epoch FROM every)) END;
END $$;
REVOKE EXECUTE ON FUNCTION access.take_guess(bytea, integer, interval) FROM PUBLIC;
COMMENT ON FUNCTION access.take_guess(bytea, integer, interval) IS
    'Takes a guess from a bucket of so many that refills by one in such a time; 0, or the seconds to wait where none is left.';

CREATE FUNCTION access.begin_sign_in(login text, address text)
    RETURNS TABLE (wait_s integer, password_hash text, totp_secret bytea)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    pair    constant bytea := access.bucket_of('pair', login, address);
    trusted boolean;
BEGIN
    trusted := coalesce((SELECT b.trusted_until > now() FROM access.sign_in_bucket b WHERE b.bucket = pair), false);
    -- A person mistypes a few times; behind one address sit a ward's people; from everywhere together, 4,320 a day.
    wait_s := CASE WHEN trusted THEN 0 ELSE access.take_guess(access.bucket_of('address', NULL, address), 60, INTERVAL '2 seconds') END;
    IF wait_s = 0 THEN
        wait_s := access.take_guess(pair, 5, INTERVAL '30 seconds');
    END IF;
    IF wait_s = 0 AND NOT trusted THEN
        wait_s := access.take_guess(access.bucket_of('login', login, NULL), 60, INTERVAL '20 seconds');
    END IF;
    DELETE FROM access.sign_in_bucket b WHERE b.bucket IN (
        SELECT o.bucket FROM access.sign_in_bucket o
        WHERE o.refilled_at < now() - INTERVAL '1 day' AND (o.trusted_until > now()) IS NOT TRUE
        ORDER BY o.refilled_at LIMIT 8 FOR UPDATE SKIP LOCKED);
    IF wait_s = 0 THEN
        SELECT c.password_hash, decode(care.open_number(c.totp_sealed), 'hex') INTO password_hash, totp_secret
        FROM access.account a JOIN access.credential c USING (account_id)
        WHERE a.login = lower(begin_sign_in.login) AND a.disabled_at IS NULL;
    END IF;
    RETURN NEXT;
END $$;
REVOKE EXECUTE ON FUNCTION access.begin_sign_in(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.begin_sign_in(text, text) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.begin_sign_in(text, text) IS
    'For the program that signs people in: takes a guess at a login from an address; seconds to wait, else what is verified against.';

CREATE FUNCTION access.end_guess(login text, address text, totp_step bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF end_guess.totp_step IS NOT NULL THEN
        UPDATE access.credential c SET totp_step = end_guess.totp_step FROM access.account a
        WHERE a.login = lower(end_guess.login) AND c.account_id = a.account_id AND c.totp_step < end_guess.totp_step;
        IF NOT FOUND THEN
            PERFORM access.refuse('code_is_used_once', 'This code was used already: wait for the next one.');
        END IF;
    END IF;
    UPDATE access.sign_in_bucket b SET level = 5, refilled_at = clock_timestamp(), trusted_until = now() + INTERVAL '30 days'
    WHERE b.bucket = access.bucket_of('pair', login, address);
END $$;
REVOKE EXECUTE ON FUNCTION access.end_guess(text, text, bigint) FROM PUBLIC;
COMMENT ON FUNCTION access.end_guess(text, text, bigint) IS
    'A guess at a login from an address was right: takes the code of a step, and gives its bucket back.';

CREATE FUNCTION access.end_sign_in(login text, address text, totp_step bigint, token_hash bytea, idle_for interval, lasts interval)
    RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM access.end_guess(login, address, totp_step);
    RETURN access.open_session(lower(login), token_hash, idle_for, lasts);
END $$;
REVOKE EXECUTE ON FUNCTION access.end_sign_in(text, text, bigint, bytea, interval, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.end_sign_in(text, text, bigint, bytea, interval, interval) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.end_sign_in(text, text, bigint, bytea, interval, interval) IS
    'For the program that signs people in: opens a session once password and code were right; a code is taken once.';

CREATE FUNCTION access.note_failed_sign_in(login text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    event access.audit_event;
BEGIN
    -- An event is written for a login that nobody has as well, which takes as long.
    SELECT a.account_id, a.part, a.patient_id INTO event.actor, event.part, event.patient_id
    FROM access.account a WHERE a.login = lower(note_failed_sign_in.login);
    event.part := coalesce(event.part, 'unknown');
    event.action := 'log_in';
    event.resource := 'access.session';
    event.outcome := 'denied';
    PERFORM access.append_event(event);
END $$;
REVOKE EXECUTE ON FUNCTION access.note_failed_sign_in(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.note_failed_sign_in(text) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.note_failed_sign_in(text) IS
    'For the program that signs people in: records that a password or code was wrong; the login is not kept where nobody has it.';

CREATE FUNCTION access.invite(login text, token_hash bytea, lasts interval) RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose uuid;
    until timestamptz;
BEGIN
    SELECT a.account_id INTO whose FROM access.account a WHERE a.login = invite.login AND a.disabled_at IS NULL FOR NO KEY UPDATE;
    IF whose IS NULL THEN
        PERFORM access.refuse('account_may_sign_in', 'There is no such account, or it is disabled.');
    END IF;
    UPDATE access.invitation i SET used_at = now() WHERE i.account_id = whose AND i.used_at IS NULL;
    INSERT INTO access.invitation (account_id, expires_at, token_hash) VALUES (whose, now() + lasts, invite.token_hash)
    RETURNING expires_at INTO until;
    PERFORM access.audit_program('create', NULL, 'access.invitation');
    RETURN until;
END $$;
REVOKE EXECUTE ON FUNCTION access.invite(text, bytea, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.invite(text, bytea, interval) TO healthtrack_migrator;
COMMENT ON FUNCTION access.invite(text, bytea, interval) IS
    'Lets an account set its password by a one-time link, in place of an earlier one; audited; gives when it ends.';

CREATE FUNCTION access.read_invitation(token_hash bytea) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.login FROM access.invitation i JOIN access.account a USING (account_id)
    WHERE i.token_hash = read_invitation.token_hash AND i.used_at IS NULL AND i.expires_at > clock_timestamp()
      AND a.disabled_at IS NULL
$$;
REVOKE EXECUTE ON FUNCTION access.read_invitation(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.read_invitation(bytea) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.read_invitation(bytea) IS 'For the program that signs people in: whose login a one-time link is for; null where it is of no use.';

CREATE FUNCTION access.accept_invitation(token_hash bytea, password_hash text) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    account uuid;
    whose   text;
BEGIN
    UPDATE access.invitation i SET used_at = now() FROM access.account a
    WHERE i.token_hash = accept_invitation.token_hash AND i.used_at IS NULL AND i.expires_at > clock_timestamp()
      AND a.account_id = i.account_id AND a.disabled_at IS NULL
    RETURNING a.account_id, a.login INTO account, whose;
    IF whose IS NULL THEN
        PERFORM access.refuse('invitation_stands', 'This link was used already or is too old: ask for a new one.');
    END IF;
    -- A second factor stays: whoever has the link alone gets no further.
    INSERT INTO access.credential AS c (account_id, password_hash) VALUES (account, accept_invitation.password_hash)
    ON CONFLICT (account_id) DO UPDATE SET password_hash = EXCLUDED.password_hash, password_at = now();
    -- Who once sat at an open session may have linked an identity or a passkey of the own: an account that is recovered is
    -- rid of both.
    DELETE FROM access.federated_identity f WHERE f.account_id = account;
    DELETE FROM access.passkey p WHERE p.account_id = account;
    PERFORM access.revoke_sessions(whose);
    PERFORM access.note_credential(whose);
    RETURN whose;
END $$;
REVOKE EXECUTE ON FUNCTION access.accept_invitation(bytea, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.accept_invitation(bytea, text) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.accept_invitation(bytea, text) IS
    'For the program that signs people in: sets a password by a one-time link, ends every session, passkey and link to a provider; gives the login.';

CREATE FUNCTION access.note_credential(whose text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    event access.audit_event;
BEGIN
    SELECT a.account_id, a.part, a.patient_id INTO event.actor, event.part, event.patient_id
    FROM access.account a WHERE a.login = lower(whose);
    event.action := 'update';
    event.resource := 'access.credential';
    event.outcome := 'allowed';
    PERFORM access.append_event(event);
END $$;
REVOKE EXECUTE ON FUNCTION access.note_credential(text) FROM PUBLIC;
COMMENT ON FUNCTION access.note_credential(text) IS 'Records that an account changed how it proves who it is.';

CREATE FUNCTION access.keep_totp(login text, secret bytea, totp_step bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE access.credential c SET totp_sealed = care.seal_number(encode(secret, 'hex')),
           totp_step = greatest(c.totp_step, keep_totp.totp_step) FROM access.account a
    WHERE a.login = lower(keep_totp.login) AND c.account_id = a.account_id AND a.disabled_at IS NULL;
    IF NOT FOUND THEN
        PERFORM access.refuse('account_has_a_password', 'Set a password first.');
    END IF;
    PERFORM access.note_credential(login);
END $$;
REVOKE EXECUTE ON FUNCTION access.keep_totp(text, bytea, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.keep_totp(text, bytea, bigint) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.keep_totp(text, bytea, bigint) IS
    'For the program that signs people in: keeps the secret of an account''s second factor, sealed, and that the code of a step is used; null takes it away; audited.';

CREATE FUNCTION access.has_totp(login text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM access.credential c JOIN access.account a USING (account_id)
                   WHERE a.login = lower(has_totp.login) AND c.totp_sealed IS NOT NULL)
$$;
REVOKE EXECUTE ON FUNCTION access.has_totp(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.has_totp(text) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.has_totp(text) IS 'For the program that signs people in: whether an account has a second factor.';

CREATE FUNCTION access.change_password(login text, password_hash text, token_hash bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    -- In the order of accept_invitation, so that neither waits for the other in a circle.
    UPDATE access.invitation i SET used_at = now() FROM access.account a
    WHERE a.login = lower(change_password.login) AND i.account_id = a.account_id AND i.used_at IS NULL;
    UPDATE access.credential c SET password_hash = change_password.password_hash, password_at = now() FROM access.account a
    WHERE a.login = lower(change_password.login) AND c.account_id = a.account_id AND a.disabled_at IS NULL
    RETURNING a.account_id INTO whose;
    IF whose IS NULL THEN
        PERFORM access.refuse('account_has_a_password', 'Set a password first.');
    END IF;
    -- Who knew the former one is signed in nowhere any more.
    UPDATE access.session s SET revoked_at = now()
    WHERE s.account_id = whose AND s.revoked_at IS NULL AND s.token_hash <> change_password.token_hash;
    PERFORM access.note_credential(login);
END $$;
REVOKE EXECUTE ON FUNCTION access.change_password(text, text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.change_password(text, text, bytea) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.change_password(text, text, bytea) IS
    'For the program that signs people in: another password; ends every other session and open link of the account; audited.';

-- They end with the account: an erasure deletes them.
INSERT INTO access.table_class (relation, found_by, key_kind, row_class) VALUES
    ('access.credential', 'account_id', 'account', 'session'),
    ('access.invitation', 'account_id', 'account', 'session');
CALL access.spare_erasures();
