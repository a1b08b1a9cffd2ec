-- Visits by video: one session for each, joined by a link that works once.
--
-- Of a link only its hash is kept, so who reads the table cannot join; it belongs to one account, lives ten minutes and
-- is used once, by one UPDATE that two users of the same link cannot both win. The session is made by booking, needs
-- the patient's consent before anybody may join, and begins when the provider does. What carries sound and picture asks
-- `care.use_join_token` and learns the session's key. New tables; a trigger on appointment: locks it for an instant.
-- Undo: drop them.
CREATE TABLE care.telehealth_session (
    telehealth_session_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id            uuid        NOT NULL,
    appointment_id        uuid        NOT NULL,
    consented_at          timestamptz,
    started_at            timestamptz,
    stopped_at            timestamptz,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    version               integer     NOT NULL DEFAULT 1,
    mode                  text        NOT NULL GENERATED ALWAYS AS ('telehealth') STORED,
    updated_by            text        NOT NULL DEFAULT session_user,

    CONSTRAINT telehealth_session_pkey PRIMARY KEY (telehealth_session_id),
    CONSTRAINT telehealth_session_id_with_patient_is_unique UNIQUE (patient_id, telehealth_session_id),
    CONSTRAINT telehealth_session_is_one_of_each_visit UNIQUE (appointment_id),
    CONSTRAINT telehealth_session_appointment_fkey FOREIGN KEY (patient_id, appointment_id)
        REFERENCES care.appointment (patient_id, appointment_id),
    CONSTRAINT telehealth_session_is_of_a_visit_by_video FOREIGN KEY (appointment_id, mode)
        REFERENCES care.appointment (appointment_id, mode),
    CONSTRAINT telehealth_session_starts_after_consent CHECK (started_at IS NULL OR started_at >= consented_at IS TRUE),
    CONSTRAINT telehealth_session_stops_after_it_started CHECK (stopped_at IS NULL OR stopped_at >= started_at IS TRUE)
);
CREATE INDEX telehealth_session_appointment_idx ON care.telehealth_session (patient_id, appointment_id);
CREATE TRIGGER telehealth_session_is_touched BEFORE UPDATE ON care.telehealth_session
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.telehealth_session                       IS 'The video session of a visit.';
COMMENT ON COLUMN care.telehealth_session.telehealth_session_id IS 'Key; what the video server knows it by.';
COMMENT ON COLUMN care.telehealth_session.patient_id            IS 'Who is seen.';
COMMENT ON COLUMN care.telehealth_session.appointment_id        IS 'The visit.';
COMMENT ON COLUMN care.telehealth_session.consented_at          IS 'When the patient agreed to be seen by video; null until then.';
COMMENT ON COLUMN care.telehealth_session.started_at            IS 'When the provider joined; null until then.';
COMMENT ON COLUMN care.telehealth_session.stopped_at            IS 'When it was ended; null until then.';
COMMENT ON COLUMN care.telehealth_session.created_at            IS 'When the row was made.';
COMMENT ON COLUMN care.telehealth_session.updated_at            IS 'When it was last changed.';
COMMENT ON COLUMN care.telehealth_session.version               IS 'Raised by each change.';
COMMENT ON COLUMN care.telehealth_session.mode                  IS 'Always telehealth: half of the key of a visit by video.';
COMMENT ON COLUMN care.telehealth_session.updated_by            IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT telehealth_session_pkey ON care.telehealth_session IS 'This session is known already.';
COMMENT ON CONSTRAINT telehealth_session_id_with_patient_is_unique ON care.telehealth_session IS 'This session is known already.';
COMMENT ON CONSTRAINT telehealth_session_is_one_of_each_visit ON care.telehealth_session IS 'This visit has its session already.';
COMMENT ON CONSTRAINT telehealth_session_appointment_fkey ON care.telehealth_session IS 'A session belongs to a visit of the same patient.';
COMMENT ON CONSTRAINT telehealth_session_is_of_a_visit_by_video ON care.telehealth_session IS 'A visit that has a video session cannot be one in person.';
COMMENT ON CONSTRAINT telehealth_session_starts_after_consent ON care.telehealth_session IS 'The patient has to agree before the session starts.';
COMMENT ON CONSTRAINT telehealth_session_stops_after_it_started ON care.telehealth_session IS 'A session is ended after it started.';

CREATE TABLE care.join_token (
    join_token_id         uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id            uuid        NOT NULL,
    telehealth_session_id uuid        NOT NULL,
    account_id            uuid        NOT NULL,
    issued_at             timestamptz NOT NULL DEFAULT now(),
    expires_at            timestamptz NOT NULL DEFAULT now() + INTERVAL '10 minutes',
    used_at               timestamptz,
    replaced_at           timestamptz,
    token_hash            bytea       NOT NULL,

    CONSTRAINT join_token_pkey PRIMARY KEY (join_token_id),
    CONSTRAINT join_token_hash_is_unique UNIQUE (token_hash),
    CONSTRAINT join_token_session_fkey FOREIGN KEY (patient_id, telehealth_session_id)
        REFERENCES care.telehealth_session (patient_id, telehealth_session_id),
    CONSTRAINT join_token_account_fkey FOREIGN KEY (account_id) REFERENCES access.account (account_id),
    CONSTRAINT join_token_hash_is_sha256 CHECK (length(token_hash) = 32),
    CONSTRAINT join_token_lives_ten_minutes CHECK (
        expires_at > issued_at AND expires_at <= issued_at + INTERVAL '10 minutes'
    ),
    CONSTRAINT join_token_is_used_while_it_lives CHECK (used_at < expires_at),
    -- One live link of an account and session: a new one replaces it.
    CONSTRAINT join_token_is_the_latest EXCLUDE USING btree (telehealth_session_id WITH =, account_id WITH =)
        WHERE (used_at IS NULL AND replaced_at IS NULL)
);
CREATE INDEX join_token_session_idx ON care.join_token (patient_id, telehealth_session_id);
CREATE INDEX join_token_account_idx ON care.join_token (account_id);
COMMENT ON TABLE  care.join_token                       IS 'Links by which a session was, or can be, joined; the links themselves are nowhere.';
COMMENT ON COLUMN care.join_token.join_token_id         IS 'Key.';
COMMENT ON COLUMN care.join_token.patient_id            IS 'Who is seen in the session.';
COMMENT ON COLUMN care.join_token.telehealth_session_id IS 'The session.';
COMMENT ON COLUMN care.join_token.account_id            IS 'The account that it was made for, and that alone may use it.';
COMMENT ON COLUMN care.join_token.issued_at             IS 'When it was made.';
COMMENT ON COLUMN care.join_token.expires_at            IS 'Until when it works: ten minutes at most.';
COMMENT ON COLUMN care.join_token.used_at               IS 'When it was used; null until then.';
COMMENT ON COLUMN care.join_token.replaced_at           IS 'When a later one took its place; null where none did.';
COMMENT ON COLUMN care.join_token.token_hash            IS 'SHA-256 of the link''s secret.';
COMMENT ON CONSTRAINT join_token_pkey ON care.join_token IS 'This link is known already.';
COMMENT ON CONSTRAINT join_token_hash_is_unique ON care.join_token IS 'This link is known already.';
COMMENT ON CONSTRAINT join_token_session_fkey ON care.join_token IS 'A link belongs to a session of the same patient.';
COMMENT ON CONSTRAINT join_token_account_fkey ON care.join_token IS 'A link is made for an account.';
COMMENT ON CONSTRAINT join_token_hash_is_sha256 ON care.join_token IS 'A link is kept by its hash alone.';
COMMENT ON CONSTRAINT join_token_lives_ten_minutes ON care.join_token IS 'A link lives ten minutes at most.';
COMMENT ON CONSTRAINT join_token_is_used_while_it_lives ON care.join_token IS 'A link that has run out cannot be used.';
COMMENT ON CONSTRAINT join_token_is_the_latest ON care.join_token IS 'This account has another link to the session.';

CREATE FUNCTION care.make_telehealth_session() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO care.telehealth_session (patient_id, appointment_id) VALUES (NEW.patient_id, NEW.appointment_id)
    ON CONFLICT (appointment_id) DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.make_telehealth_session() IS 'Trigger after a visit by video is booked: makes its session, once.';
CREATE TRIGGER appointment_has_its_session AFTER INSERT OR UPDATE OF status, mode ON care.appointment
    FOR EACH ROW WHEN (NEW.mode = 'telehealth' AND NEW.status IN ('booked', 'arrived', 'completed'))
    EXECUTE FUNCTION care.make_telehealth_session();

CREATE FUNCTION care.consent_to_telehealth(asked_appointment uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE care.telehealth_session SET consented_at = coalesce(consented_at, now())
    WHERE appointment_id = asked_appointment AND patient_id = ANY (access.own_patients());
    IF NOT FOUND THEN
        PERFORM care.refuse('telehealth_session_is_ones_own', 'There is no such visit by video.');
    END IF;
END $$;
COMMENT ON FUNCTION care.consent_to_telehealth(uuid) IS 'The acting patient agrees to be seen by video in a visit.';

CREATE FUNCTION care.issue_join_token(asked_appointment uuid) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- 244 random bits.
    secret constant text := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    joined record;
BEGIN
    SELECT s.telehealth_session_id, s.patient_id, s.consented_at, s.stopped_at, a.during, a.status, c.account_id
        INTO joined
    FROM care.telehealth_session s JOIN care.appointment a USING (appointment_id)
    JOIN access.account c ON c.account_id = access.actor() AND c.disabled_at IS NULL
                         AND (c.patient_id = a.patient_id OR c.provider_id = a.provider_id)
    WHERE s.appointment_id = asked_appointment
    FOR UPDATE OF s;
    IF NOT FOUND THEN
        PERFORM care.refuse('telehealth_session_is_ones_own', 'There is no such visit by video.');
    ELSIF joined.status NOT IN ('booked', 'arrived') OR joined.stopped_at IS NOT NULL
        OR now() < lower(joined.during) - INTERVAL '15 minutes' OR now() >= upper(joined.during) THEN
        PERFORM care.refuse('telehealth_session_is_joined_in_time',
            'A visit by video can be joined from 15 minutes before it begins until it ends.');
    ELSIF joined.consented_at IS NULL THEN
        PERFORM care.refuse('telehealth_session_is_consented_to',
            'The patient has to agree to be seen by video first.');
    END IF;
    UPDATE care.join_token SET replaced_at = now()
    WHERE telehealth_session_id = joined.telehealth_session_id AND account_id = joined.account_id
      AND used_at IS NULL AND replaced_at IS NULL;
    INSERT INTO care.join_token (patient_id, telehealth_session_id, account_id, token_hash)
    VALUES (joined.patient_id, joined.telehealth_session_id, joined.account_id, sha256(secret::bytea));
    RETURN secret;
END $$;
COMMENT ON FUNCTION care.issue_join_token(uuid) IS 'Gives the acting patient or provider of a visit the secret of a link to its session, instead of any earlier one.';

CREATE FUNCTION care.use_join_token(secret text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    joined uuid;
BEGIN
    UPDATE care.join_token t SET used_at = now()
    FROM care.telehealth_session s
    WHERE t.token_hash = sha256(convert_to(secret, 'UTF8'))
      AND t.account_id = access.actor() AND access.part() IS NOT NULL
      AND t.used_at IS NULL AND t.replaced_at IS NULL AND t.expires_at > now()
      AND s.telehealth_session_id = t.telehealth_session_id AND s.stopped_at IS NULL
    RETURNING t.telehealth_session_id INTO joined;
    IF joined IS NULL THEN
        PERFORM care.refuse('join_token_is_good', 'This link has been used or has run out: ask for a new one.');
    END IF;
    UPDATE care.telehealth_session SET started_at = coalesce(started_at, now())
    WHERE telehealth_session_id = joined AND access.part() = 'provider';
    RETURN joined;
END $$;
COMMENT ON FUNCTION care.use_join_token(text) IS 'Uses a link of the acting account, once: gives its session''s key; starts the session where the provider joins.';

CREATE FUNCTION care.stop_telehealth(asked_appointment uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE care.telehealth_session s SET stopped_at = coalesce(s.stopped_at, now())
    FROM care.appointment a JOIN access.account c ON c.account_id = access.actor() AND c.disabled_at IS NULL
        AND (c.patient_id = a.patient_id OR c.provider_id = a.provider_id)
    WHERE s.appointment_id = asked_appointment AND a.appointment_id = s.appointment_id AND s.started_at IS NOT NULL;
    IF NOT FOUND THEN
        PERFORM care.refuse('telehealth_session_is_ones_own', 'There is no such visit by video.');
    END IF;
END $$;
COMMENT ON FUNCTION care.stop_telehealth(uuid) IS 'Ends the session of a visit, by its acting patient or provider; nobody can join it any more.';

CALL access.guard('care.join_token', 'internal');
CALL access.guard('care.telehealth_session', 'internal');
GRANT SELECT ON care.telehealth_session TO healthtrack_portal;
CREATE POLICY own ON care.telehealth_session FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY care ON care.telehealth_session FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]));
