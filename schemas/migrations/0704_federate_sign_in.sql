-- An account may be signed in by a provider of OpenID Connect: which person there is which account here.
--
-- A person there is known by issuer and subject together (OpenID Connect Core, section 5.7), never by a mail address, which
-- others may come to have. Only whoever is signed in links the own account. New table, locks nothing. Undo: drop functions and
-- table; passwords stay as they are.
CREATE TABLE access.federated_identity (
    account_id uuid        NOT NULL,
    linked_at  timestamptz NOT NULL DEFAULT now(),
    used_at    timestamptz,
    issuer     text        NOT NULL,
    subject    text        NOT NULL,

    CONSTRAINT federated_identity_pkey PRIMARY KEY (issuer, subject),
    CONSTRAINT federated_identity_is_one_of_an_issuer UNIQUE (account_id, issuer),
    CONSTRAINT federated_identity_account_fkey FOREIGN KEY (account_id) REFERENCES access.account (account_id),
    CONSTRAINT federated_identity_issuer_is_a_url CHECK (issuer ~ '^https?://[!-~]+$' AND length(issuer) <= 500),
    CONSTRAINT federated_identity_subject_is_short CHECK (subject ~ '^[ -~]+$' AND length(subject) <= 255)
);
COMMENT ON TABLE  access.federated_identity            IS 'By whom else an account is signed in: persons as providers of OpenID Connect know them.';
COMMENT ON COLUMN access.federated_identity.account_id IS 'Whose account here.';
COMMENT ON COLUMN access.federated_identity.linked_at  IS 'When its owner linked it.';
COMMENT ON COLUMN access.federated_identity.used_at    IS 'When it last signed in by it; null if never.';
COMMENT ON COLUMN access.federated_identity.issuer     IS 'URL of the provider, as its tokens say.';
COMMENT ON COLUMN access.federated_identity.subject    IS 'Who it is there: sub of its tokens.';
COMMENT ON CONSTRAINT federated_identity_pkey ON access.federated_identity IS 'This sign-in is linked to an account already.';
COMMENT ON CONSTRAINT federated_identity_is_one_of_an_issuer ON access.federated_identity IS 'Unlink the former sign-in of this provider first.';
COMMENT ON CONSTRAINT federated_identity_account_fkey ON access.federated_identity IS 'Choose an account that exists.';
COMMENT ON CONSTRAINT federated_identity_issuer_is_a_url ON access.federated_identity IS 'An issuer is a URL of 500 characters at most.';
COMMENT ON CONSTRAINT federated_identity_subject_is_short ON access.federated_identity IS 'A subject has 1 to 255 ASCII characters.';
CALL access.guard('access.federated_identity', 'internal');

CREATE FUNCTION access.link_identity(login text, issuer text, subject text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO access.federated_identity (account_id, issuer, subject)
    SELECT a.account_id, link_identity.issuer, link_identity.subject FROM access.account a
    WHERE a.login = lower(link_identity.login) AND a.disabled_at IS NULL
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        PERFORM access.refuse('identity_is_linked_once', 'This sign-in, or another of its provider, is linked already: unlink that first.');
    END IF;
    PERFORM access.note_credential(login);
END $$;
REVOKE EXECUTE ON FUNCTION access.link_identity(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.link_identity(text, text, text) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.link_identity(text, text, text) IS
    'For the program that signs people in: an account is signed in by a person as a provider knows them; audited.';

CREATE FUNCTION access.unlink_identity(login text, issuer text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    DELETE FROM access.federated_identity f USING access.account a
    WHERE a.login = lower(unlink_identity.login) AND f.account_id = a.account_id AND f.issuer = unlink_identity.issuer;
    IF FOUND THEN
        PERFORM access.note_credential(login);
    END IF;
END $$;
REVOKE EXECUTE ON FUNCTION access.unlink_identity(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.unlink_identity(text, text) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.unlink_identity(text, text) IS 'For the program that signs people in: takes that back; audited.';

CREATE FUNCTION access.has_identity(login text, issuer text) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT EXISTS (SELECT FROM access.federated_identity f JOIN access.account a USING (account_id)
                   WHERE a.login = lower(has_identity.login) AND f.issuer = has_identity.issuer)
$$;
REVOKE EXECUTE ON FUNCTION access.has_identity(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.has_identity(text, text) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.has_identity(text, text) IS 'For the program that signs people in: whether an account is linked to a provider.';

CREATE FUNCTION access.end_federated_sign_in(issuer text, subject text, token_hash bytea, idle_for interval, lasts interval) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose text;
BEGIN
    UPDATE access.federated_identity f SET used_at = now() FROM access.account a
    WHERE f.issuer = end_federated_sign_in.issuer AND f.subject = end_federated_sign_in.subject
      AND a.account_id = f.account_id AND a.disabled_at IS NULL
    RETURNING a.login INTO whose;
    IF whose IS NULL THEN
        -- Whom the provider knows and nobody here linked: an event, and no session.
        PERFORM access.note_failed_sign_in('');
    ELSE
        PERFORM access.open_session(whose, token_hash, idle_for, lasts);
    END IF;
    RETURN whose;
END $$;
REVOKE EXECUTE ON FUNCTION access.end_federated_sign_in(text, text, bytea, interval, interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.end_federated_sign_in(text, text, bytea, interval, interval) TO healthtrack_sign_in;
COMMENT ON FUNCTION access.end_federated_sign_in(text, text, bytea, interval, interval) IS
    'For the program that signs people in: opens a session of the account that a provider''s person is; its login, null where none is.';

-- It ends with the account: an erasure deletes it.
INSERT INTO access.table_class (relation, found_by, key_kind, row_class) VALUES
    ('access.federated_identity', 'account_id', 'account', 'session');
CALL access.spare_erasures();
