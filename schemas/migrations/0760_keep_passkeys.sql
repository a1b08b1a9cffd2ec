-- An account may be signed in by passkeys (WebAuthn): a device keeps a key for this site and uses it once it has seen who holds
-- it, so a passkey is both factors at once, and a page that pretends to be this one gets nothing of use.
--
-- What a device is to sign is kept here under the SHA-256 of a token that only the browser has for which it was made; it ends
-- after five minutes and with the first answer, right or wrong. Making one is paid for from the bucket of guesses of the address.
-- The answer is verified outside the database, as passwords are. The counter of a passkey only goes up: a lower one is of a copy.
-- New tables, locks nothing. Undo: drop functions and tables, their rows of access.table_class, and the line of
-- access.accept_invitation (0700) that deletes passkeys, without which no link sets a password.
CREATE TABLE access.passkey (
    passkey_id    uuid        NOT NULL DEFAULT gen_random_uuid(),
    account_id    uuid        NOT NULL,
    made_at       timestamptz NOT NULL DEFAULT now(),
    used_at       timestamptz,
    counter       bigint      NOT NULL,
    name          text        NOT NULL,
    public_key    bytea       NOT NULL,
    credential_id bytea       NOT NULL,

    CONSTRAINT passkey_pkey PRIMARY KEY (passkey_id),
    CONSTRAINT passkey_is_added_once UNIQUE (credential_id),
    CONSTRAINT passkey_account_fkey FOREIGN KEY (account_id) REFERENCES access.account (account_id),
    CONSTRAINT passkey_counter_is_of_32_bits CHECK (counter BETWEEN 0 AND 4294967295),
    CONSTRAINT passkey_name_is_short CHECK (name <> '' AND length(name) <= 60),
    CONSTRAINT passkey_public_key_is_short CHECK (octet_length(public_key) BETWEEN 16 AND 2000),
    CONSTRAINT passkey_credential_is_short CHECK (octet_length(credential_id) BETWEEN 16 AND 1023)
);
CREATE INDEX passkey_account_idx ON access.passkey (account_id);
COMMENT ON TABLE  access.passkey               IS 'Passkeys by which an account is signed in: public keys of devices.';
COMMENT ON COLUMN access.passkey.passkey_id    IS 'Key.';
COMMENT ON COLUMN access.passkey.account_id    IS 'Whose.';
COMMENT ON COLUMN access.passkey.made_at       IS 'When it was added.';
COMMENT ON COLUMN access.passkey.used_at       IS 'When it last signed in or confirmed; null if never.';
COMMENT ON COLUMN access.passkey.counter       IS 'How often its device has signed, as it said last; 0 of devices that do not count.';
COMMENT ON COLUMN access.passkey.name          IS 'What its owner calls it.';
COMMENT ON COLUMN access.passkey.public_key    IS 'What its signatures are verified with, as its device gave it (COSE).';
COMMENT ON COLUMN access.passkey.credential_id IS 'What its device knows it by.';
COMMENT ON CONSTRAINT passkey_pkey ON access.passkey IS 'This passkey exists already.';
COMMENT ON CONSTRAINT passkey_is_added_once ON access.passkey IS 'This passkey is added already: use another device, or remove it first.';
COMMENT ON CONSTRAINT passkey_account_fkey ON access.passkey IS 'Choose an account that exists.';
COMMENT ON CONSTRAINT passkey_counter_is_of_32_bits ON access.passkey IS 'A counter is of 32 bits.';
COMMENT ON CONSTRAINT passkey_name_is_short ON access.passkey IS 'Call the passkey something of 1 to 60 characters.';
COMMENT ON CONSTRAINT passkey_public_key_is_short ON access.passkey IS 'A public key has 16 to 2,000 bytes.';
COMMENT ON CONSTRAINT passkey_credential_is_short ON access.passkey IS 'A device knows a passkey by 16 to 1,023 bytes.';
CALL access.guard('access.passkey', 'internal');

CREATE TABLE access.passkey_challenge (
    account_id uuid,
    expires_at timestamptz NOT NULL,
    challenge  bytea       NOT NULL,
    token_hash bytea       NOT NULL,

    CONSTRAINT passkey_challenge_pkey PRIMARY KEY (token_hash),
    CONSTRAINT passkey_challenge_account_fkey FOREIGN KEY (account_id) REFERENCES access.account (account_id),
    CONSTRAINT passkey_challenge_is_long CHECK (octet_length(challenge) = 32),
    CONSTRAINT passkey_challenge_token_is_a_digest CHECK (octet_length(token_hash) = 32)
);
CREATE INDEX passkey_challenge_account_idx ON access.passkey_challenge (account_id);
CREATE INDEX passkey_challenge_expires_idx ON access.passkey_challenge (expires_at);
COMMENT ON TABLE  access.passkey_challenge            IS 'What devices are asked to sign: for one browser each, for five minutes, for one answer.';
COMMENT ON COLUMN access.passkey_challenge.account_id IS 'Who adds a passkey; null where somebody is to be signed in, whoever that is.';
COMMENT ON COLUMN access.passkey_challenge.expires_at IS 'From when on it is of no use.';
COMMENT ON COLUMN access.passkey_challenge.challenge  IS 'What the device signs: 32 random bytes.';
COMMENT ON COLUMN access.passkey_challenge.token_hash IS 'SHA-256 of the token that the browser has.';
COMMENT ON CONSTRAINT passkey_challenge_pkey ON access.passkey_challenge IS 'Make a new token.';
COMMENT ON CONSTRAINT passkey_challenge_account_fkey ON access.passkey_challenge IS 'Choose an account that exists.';
COMMENT ON CONSTRAINT passkey_challenge_is_long ON access.passkey_challenge IS 'A challenge has 32 bytes.';
COMMENT ON CONSTRAINT passkey_challenge_token_is_a_digest ON access.passkey_challenge IS 'Store the SHA-256 of a token.';
CALL access.guard('access.passkey_challenge', 'internal');

CREATE FUNCTION access.begin_passkey(login text, address text, token_hash bytea, challenge bytea) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose  uuid;
    wait_s constant integer := access.take_guess(access.bucket_of('address', NULL, address), 60, INTERVAL '2 seconds');
BEGIN
    DELETE FROM access.passkey_challenge c WHERE c.token_hash IN (
        SELECT o.token_hash FROM access.passkey_challenge o WHERE o.expires_at < clock_timestamp()
        ORDER BY o.expires_at LIMIT 8 FOR UPDATE SKIP LOCKED);
    IF wait_s > 0 THEN
        RETURN wait_s;
    END IF;
    IF begin_passkey.login IS NOT NULL THEN
        SELECT a.account_id INTO whose FROM access.account a WHERE a.login = lower(begin_passkey.login) AND a.disabled_at IS NULL;
        IF whose IS NULL THEN
            PERFORM access.refuse('account_may_sign_in', 'There is no such account, or it is disabled.');
        END IF;
    END IF;
    INSERT INTO access.passkey_challenge (account_id, expires_at, token_hash, challenge)
    VALUES (whose, clock_timestamp() + INTERVAL '5 minutes', begin_passkey.token_hash, begin_passkey.challenge);
    RETURN 0;
END $$;
REVOKE EXECUTE ON FUNCTION access.begin_passkey(text, text, bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.begin_passkey(text, text, bytea, bytea) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.begin_passkey(text, text, bytea, bytea) IS
    'For the program that signs people in: keeps what a device is to sign, for a login that adds a passkey or, by null, to sign in; seconds to wait, else 0.';

CREATE FUNCTION access.take_passkey_challenge(login text, token_hash bytea) RETURNS bytea
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    taken access.passkey_challenge;
    whose uuid;
BEGIN
    DELETE FROM access.passkey_challenge c WHERE c.token_hash = take_passkey_challenge.token_hash RETURNING * INTO taken;
    SELECT a.account_id INTO whose FROM access.account a
    WHERE a.login = lower(take_passkey_challenge.login) AND a.disabled_at IS NULL;
    IF taken.expires_at > clock_timestamp() AND taken.account_id IS NOT DISTINCT FROM whose
        AND (login IS NULL) = (taken.account_id IS NULL) THEN
        RETURN taken.challenge;
    END IF;
    RETURN NULL;
END $$;
REVOKE EXECUTE ON FUNCTION access.take_passkey_challenge(text, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.take_passkey_challenge(text, bytea) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.take_passkey_challenge(text, bytea) IS
    'For the program that signs people in: what an answer must be to, once; null where there is none, it is too old, or another''s.';

CREATE FUNCTION access.passkey_handle(login text) RETURNS uuid
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.account_id FROM access.account a WHERE a.login = lower(passkey_handle.login) AND a.disabled_at IS NULL
$$;
REVOKE EXECUTE ON FUNCTION access.passkey_handle(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.passkey_handle(text) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.passkey_handle(text) IS 'For the program that signs people in: what devices keep beside a passkey of a login.';

CREATE FUNCTION access.list_passkeys(login text)
    RETURNS TABLE (passkey_id uuid, made_at timestamptz, used_at timestamptz, name text, credential_id bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.passkey_id, p.made_at, p.used_at, p.name, p.credential_id
    FROM access.passkey p JOIN access.account a USING (account_id)
    WHERE a.login = lower(list_passkeys.login) ORDER BY p.made_at, p.passkey_id
$$;
REVOKE EXECUTE ON FUNCTION access.list_passkeys(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.list_passkeys(text) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.list_passkeys(text) IS 'For the program that signs people in: the passkeys of a login, the oldest first.';

CREATE FUNCTION access.add_passkey(login text, name text, counter bigint, credential_id bytea, public_key bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    SELECT a.account_id INTO whose FROM access.account a
    WHERE a.login = lower(add_passkey.login) AND a.disabled_at IS NULL FOR NO KEY UPDATE;
    IF whose IS NULL THEN
        PERFORM access.refuse('account_may_sign_in', 'There is no such account, or it is disabled.');
    ELSIF (SELECT count(*) FROM access.passkey p WHERE p.account_id = whose) >= 10 THEN
        PERFORM access.refuse('passkeys_of_an_account_are_few', 'An account has ten passkeys at most: remove one first.');
    END IF;
    INSERT INTO access.passkey (account_id, name, counter, credential_id, public_key)
    VALUES (whose, add_passkey.name, add_passkey.counter, add_passkey.credential_id, add_passkey.public_key);
    PERFORM access.note_credential(login);
END $$;
REVOKE EXECUTE ON FUNCTION access.add_passkey(text, text, bigint, bytea, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.add_passkey(text, text, bigint, bytea, bytea) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.add_passkey(text, text, bigint, bytea, bytea) IS
    'For the program that signs people in: keeps a passkey of a login, which its device has proved; audited.';

CREATE FUNCTION access.remove_passkey(login text, passkey uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM access.passkey p USING access.account a
    WHERE a.login = lower(remove_passkey.login) AND p.account_id = a.account_id AND p.passkey_id = remove_passkey.passkey;
    IF NOT FOUND THEN
        PERFORM access.refuse('passkey_to_remove_stands', 'There is no such passkey of yours: it may have been removed already.');
    END IF;
    PERFORM access.note_credential(login);
END $$;
REVOKE EXECUTE ON FUNCTION access.remove_passkey(text, uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.remove_passkey(text, uuid) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.remove_passkey(text, uuid) IS 'For the program that signs people in: takes a passkey of a login away; audited.';

CREATE FUNCTION access.read_passkey(handle uuid, credential_id bytea) RETURNS TABLE (login text, counter bigint, public_key bytea)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.login, p.counter, p.public_key FROM access.passkey p JOIN access.account a USING (account_id)
    WHERE p.credential_id = read_passkey.credential_id AND p.account_id = read_passkey.handle AND a.disabled_at IS NULL
$$;
REVOKE EXECUTE ON FUNCTION access.read_passkey(uuid, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.read_passkey(uuid, bytea) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.read_passkey(uuid, bytea) IS
    'For the program that signs people in: whose a passkey is, and what its signatures are verified with; no row where it is nobody''s.';

CREATE FUNCTION access.use_passkey(credential_id bytea, counter bigint) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose text;
BEGIN
    -- Two answers at once are one after the other here.
    UPDATE access.passkey p SET counter = use_passkey.counter, used_at = now()
    FROM access.account a
    WHERE p.credential_id = use_passkey.credential_id AND a.account_id = p.account_id AND a.disabled_at IS NULL
      AND (use_passkey.counter > p.counter OR use_passkey.counter = 0 AND p.counter = 0)
    RETURNING a.login INTO whose;
    IF whose IS NULL THEN
        PERFORM access.refuse('passkey_counts_up', 'This passkey was used elsewhere meanwhile: sign in by your password.');
    END IF;
    RETURN whose;
END $$;
REVOKE EXECUTE ON FUNCTION access.use_passkey(bytea, bigint) FROM PUBLIC;
COMMENT ON FUNCTION access.use_passkey(bytea, bigint) IS 'A passkey was proved: keeps its counter, which only goes up; gives whose it is.';

CREATE FUNCTION access.end_passkey_sign_in(credential_id bytea, counter bigint, token_hash bytea, idle_for interval,
                                           lasts interval) RETURNS timestamptz
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT access.open_session(access.use_passkey(credential_id, counter), token_hash, idle_for, lasts)
$$;
REVOKE EXECUTE ON FUNCTION access.end_passkey_sign_in(bytea, bigint, bytea, interval, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.end_passkey_sign_in(bytea, bigint, bytea, interval, interval) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.end_passkey_sign_in(bytea, bigint, bytea, interval, interval) IS
    'For the program that signs people in: opens a session of the account whose passkey was proved.';

CREATE FUNCTION access.confirm_by_passkey(credential_id bytea, counter bigint, token_hash bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose constant text := access.use_passkey(credential_id, counter);
BEGIN
    UPDATE access.session s SET confirmed_at = now() FROM access.account a
    WHERE s.token_hash = confirm_by_passkey.token_hash AND a.account_id = s.account_id AND a.login = whose
      AND s.revoked_at IS NULL AND clock_timestamp() < least(s.expires_at, s.seen_at + s.idle_for);
    IF NOT FOUND THEN
        PERFORM access.refuse('session_stands', 'Sign in again.');
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION access.confirm_by_passkey(bytea, bigint, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.confirm_by_passkey(bytea, bigint, bytea) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.confirm_by_passkey(bytea, bigint, bytea) IS
    'For the program that signs people in: records that the account of a session has proved who it is by a passkey of its own.';

-- They end with the account: an erasure deletes them.
INSERT INTO access.table_class (relation, found_by, key_kind, row_class) VALUES
    ('access.passkey', 'account_id', 'account', 'session'),
    ('access.passkey_challenge', 'account_id', 'account', 'session');
CALL access.spare_erasures();
