-- Who reads and acts for a patient: a proxy, by whose word or document, for how long, for what.
--
-- A grant let others read and nobody act. A proxy has an authority: the patient's own appointment, or a document that a
-- provider in care or the front desk has seen (parents and guardians of minors, conservators, powers of attorney). What it
-- opens is a grant of access with what may be done beside what may be read, so that every policy, the words of a look and
-- the explanations of the audit know proxies by what they know already. A proxy acts by an account of a person.
--
-- A guardian of a minor has a right that ends by itself: the grant's period ends on the birthday on which the person is of
-- age where they live, and that part of it which opens care of a confidential kind on the birthday on which that closes to
-- guardians. A date of birth that is corrected moves both. Where it is not known, the right has an end that somebody said.
--
-- Adds columns to access.grant_of_access with a constant default (no rewrite) and a trigger to care.patient: both are locked
-- for an instant. Undo: drop table, triggers, functions and columns, and put access.unshare back as in migration 74.
CREATE TABLE access.proxy (
    proxy_id          uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id        uuid        NOT NULL,
    account_id        uuid        NOT NULL,
    related_person_id uuid,
    verified_by       uuid,
    created_at        timestamptz NOT NULL DEFAULT now(),
    updated_at        timestamptz NOT NULL DEFAULT now(),
    ended_at          timestamptz,
    version           integer     NOT NULL DEFAULT 1,
    valid_during      tstzrange   NOT NULL,
    kind              text        NOT NULL,
    document          text,
    jurisdiction      text        NOT NULL,
    scopes            text[]      NOT NULL,
    acts              text[]      NOT NULL DEFAULT '{}',
    updated_by        text        NOT NULL DEFAULT session_user,

    CONSTRAINT proxy_pkey PRIMARY KEY (proxy_id),
    CONSTRAINT proxy_id_with_patient_is_unique UNIQUE (patient_id, proxy_id),
    CONSTRAINT proxy_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT proxy_account_fkey FOREIGN KEY (account_id) REFERENCES access.account (account_id),
    CONSTRAINT proxy_verifier_fkey FOREIGN KEY (verified_by) REFERENCES access.account (account_id),
    CONSTRAINT proxy_related_person_fkey FOREIGN KEY (patient_id, related_person_id)
        REFERENCES care.related_person (patient_id, related_person_id),
    CONSTRAINT proxy_kind_is_known CHECK (kind IN ('parent', 'guardian', 'conservator', 'power_of_attorney', 'appointed')),
    CONSTRAINT proxy_shows_a_document CHECK (kind = 'appointed' OR coalesce(document ~ '\S.{3,}', false)),
    CONSTRAINT proxy_document_is_short CHECK (length(document) <= 400),
    CONSTRAINT proxy_jurisdiction_is_iso_3166 CHECK (jurisdiction ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'),
    CONSTRAINT proxy_period_is_half_open CHECK (
        NOT isempty(valid_during) AND NOT lower_inf(valid_during) AND lower_inc(valid_during) AND NOT upper_inc(valid_during)
    ),
    CONSTRAINT proxy_shows_something CHECK (cardinality(scopes) > 0),
    CONSTRAINT proxy_acts_are_known CHECK (acts <@ ARRAY['schedule', 'consent', 'message'])
);
CREATE INDEX proxy_patient_idx ON access.proxy (patient_id, related_person_id);
CREATE INDEX proxy_account_idx ON access.proxy (account_id);
CREATE INDEX proxy_verifier_idx ON access.proxy (verified_by);
CREATE UNIQUE INDEX proxy_stands_once ON access.proxy (patient_id, account_id, kind) WHERE ended_at IS NULL;
COMMENT ON INDEX access.proxy_stands_once IS 'This account is a proxy of this kind already: end that first.';
COMMENT ON TABLE  access.proxy                   IS 'Who may read and act for a patient, by which authority and how long; what it opens are grants of access.';
COMMENT ON COLUMN access.proxy.proxy_id          IS 'Key.';
COMMENT ON COLUMN access.proxy.patient_id        IS 'For whom.';
COMMENT ON COLUMN access.proxy.account_id        IS 'Who acts: the account of another person.';
COMMENT ON COLUMN access.proxy.related_person_id IS 'Who that is to the patient; null where it was not said.';
COMMENT ON COLUMN access.proxy.verified_by       IS 'The account that appointed the proxy or saw the document; null where the owner entered it.';
COMMENT ON COLUMN access.proxy.created_at        IS 'When the row was made.';
COMMENT ON COLUMN access.proxy.updated_at        IS 'When it was last changed.';
COMMENT ON COLUMN access.proxy.ended_at          IS 'When it was ended before its time; null while it was not.';
COMMENT ON COLUMN access.proxy.version           IS 'Raised by each change.';
COMMENT ON COLUMN access.proxy.valid_during      IS 'The authority''s own period; a guardian''s right ends by the age of majority in any case.';
COMMENT ON COLUMN access.proxy.kind              IS 'parent or guardian (of a minor), conservator, power_of_attorney, or appointed (by the patient).';
COMMENT ON COLUMN access.proxy.document          IS 'Which document shows it: its kind, date and number; null where the patient appointed the proxy.';
COMMENT ON COLUMN access.proxy.jurisdiction      IS 'Whose law says when the patient is of age, by ISO 3166: US-AL.';
COMMENT ON COLUMN access.proxy.scopes            IS 'What may be read, by the words of a grant of access.';
COMMENT ON COLUMN access.proxy.acts              IS 'What may be done: schedule (book, move, cancel, wait), consent (to and join visits by video), message.';
COMMENT ON COLUMN access.proxy.updated_by        IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT proxy_pkey ON access.proxy IS 'This proxy is known already.';
COMMENT ON CONSTRAINT proxy_id_with_patient_is_unique ON access.proxy IS 'This proxy is known already.';
COMMENT ON CONSTRAINT proxy_patient_fkey ON access.proxy IS 'Register the patient first.';
COMMENT ON CONSTRAINT proxy_account_fkey ON access.proxy IS 'Choose an account that exists.';
COMMENT ON CONSTRAINT proxy_verifier_fkey ON access.proxy IS 'Choose an account that exists.';
COMMENT ON CONSTRAINT proxy_related_person_fkey ON access.proxy IS 'Name somebody who stands near this patient.';
COMMENT ON CONSTRAINT proxy_kind_is_known ON access.proxy IS 'Choose parent, guardian, conservator, power_of_attorney or appointed.';
COMMENT ON CONSTRAINT proxy_shows_a_document ON access.proxy IS 'Say which document shows this authority.';
COMMENT ON CONSTRAINT proxy_document_is_short ON access.proxy IS 'Describe the document in 400 letters at most.';
COMMENT ON CONSTRAINT proxy_jurisdiction_is_iso_3166 ON access.proxy IS 'Give the jurisdiction as US or US-AL.';
COMMENT ON CONSTRAINT proxy_period_is_half_open ON access.proxy IS 'An authority has a beginning, and ends after it.';
COMMENT ON CONSTRAINT proxy_shows_something ON access.proxy IS 'Say what this proxy may see.';
COMMENT ON CONSTRAINT proxy_acts_are_known ON access.proxy IS 'Choose of schedule, consent and message.';
CALL access.guard('access.proxy', 'internal');
CREATE TRIGGER proxy_is_stamped BEFORE INSERT OR UPDATE ON access.proxy FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER proxy_is_touched BEFORE UPDATE ON access.proxy FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER proxy_stays_under_hold BEFORE DELETE ON access.proxy
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();

ALTER TABLE access.grant_of_access
    ADD COLUMN acts     text[] NOT NULL DEFAULT '{}',
    ADD COLUMN proxy_id uuid,
    ADD CONSTRAINT grant_of_access_proxy_fkey FOREIGN KEY (patient_id, proxy_id) REFERENCES access.proxy (patient_id, proxy_id),
    ADD CONSTRAINT grant_of_access_acts_are_known CHECK (acts <@ ARRAY['schedule', 'consent', 'message']),
    ADD CONSTRAINT grant_of_access_acts_by_a_proxy CHECK (acts = '{}' OR (proxy_id IS NOT NULL AND account_id IS NOT NULL)),
    ADD CONSTRAINT grant_of_access_acts_on_what_it_shows CHECK (NOT acts @> '{schedule}' OR scopes @> '{schedule}');
CREATE INDEX grant_of_access_proxy_idx ON access.grant_of_access (proxy_id, patient_id) WHERE proxy_id IS NOT NULL;
COMMENT ON COLUMN access.grant_of_access.acts     IS 'What may be done for the patient, by a proxy: schedule, consent, message.';
COMMENT ON COLUMN access.grant_of_access.proxy_id IS 'The proxy whose right it is; null for what a patient shares.';
COMMENT ON CONSTRAINT grant_of_access_proxy_fkey ON access.grant_of_access IS 'Appoint the proxy first.';
COMMENT ON CONSTRAINT grant_of_access_acts_are_known ON access.grant_of_access IS 'Choose of schedule, consent and message.';
COMMENT ON CONSTRAINT grant_of_access_acts_by_a_proxy ON access.grant_of_access IS 'Only a proxy acts for a patient: appoint one.';
COMMENT ON CONSTRAINT grant_of_access_acts_on_what_it_shows ON access.grant_of_access IS 'Whoever books for a patient sees the schedule: name that scope too.';

CREATE FUNCTION access.is_of_minors(kind text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN kind IN ('parent', 'guardian');
COMMENT ON FUNCTION access.is_of_minors(text) IS 'True for a kind of proxy that ends when the patient is of age.';
-- Whatever is opened by a scope of its own beside these is confidential, also what a later migration adds.
CREATE FUNCTION access.plain_scopes() RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ARRAY['chart', 'schedule', 'samples', 'billing'];
COMMENT ON FUNCTION access.plain_scopes() IS 'Scopes that guardians of minors have to the end; all others close to them by the age of confidence.';

CREATE FUNCTION access.check_proxy() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose       care.patient;
    ages        constant care.age_of_majority := care.ages_in(NEW.jurisdiction);
    of_age_at   timestamptz;
    confides_at timestamptz;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF (NEW.patient_id, NEW.account_id, NEW.kind, NEW.scopes, NEW.acts, NEW.valid_during, NEW.jurisdiction)
           IS DISTINCT FROM (OLD.patient_id, OLD.account_id, OLD.kind, OLD.scopes, OLD.acts, OLD.valid_during, OLD.jurisdiction)
           OR OLD.ended_at IS NOT NULL THEN
            PERFORM access.refuse('proxy_is_ended_and_not_altered', 'End this proxy and appoint another.');
        END IF;
        RETURN NEW;
    END IF;
    IF NOT EXISTS (SELECT FROM access.account a WHERE a.account_id = NEW.account_id AND a.part = 'patient'
                   AND a.disabled_at IS NULL AND a.patient_id <> NEW.patient_id) THEN
        PERFORM access.refuse('proxy_acts_by_a_persons_account', 'Name the account of another person.');
    END IF;
    -- Locked, so that a birth date that is being corrected is seen by one of both. Of a birth that is known in part the
    -- first day counts, so that no right lasts too long.
    SELECT p.* INTO whose FROM care.patient p WHERE p.patient_id = NEW.patient_id FOR SHARE;
    of_age_at := care.birthday_of(lower(whose.born_during), whose.time_zone, ages.majority_years);
    confides_at := care.birthday_of(lower(whose.born_during), whose.time_zone, ages.confidential_years);
    IF NOT access.is_of_minors(NEW.kind) THEN
        IF NEW.kind <> 'appointed' AND of_age_at > lower(NEW.valid_during) AND confides_at <= lower(NEW.valid_during)
           AND NOT NEW.scopes <@ access.plain_scopes() THEN
            PERFORM access.refuse('guardian_opens_no_confidential_care',
                'At this age the patient decides who sees confidential care: leave its scopes out.');
        END IF;
        RETURN NEW;
    END IF;
    IF of_age_at <= lower(NEW.valid_during) THEN
        PERFORM access.refuse('guardian_is_of_a_minor', 'This patient is of age: another authority is needed.');
    ELSIF of_age_at IS NULL AND upper_inf(NEW.valid_during) THEN
        PERFORM access.refuse('guardianship_ends', 'Say until when: the date of birth is not known.');
    ELSIF coalesce(confides_at <= lower(NEW.valid_during), true) AND NOT NEW.scopes <@ access.plain_scopes() THEN
        PERFORM access.refuse('guardian_opens_no_confidential_care',
            'At this age the patient decides who sees confidential care: leave its scopes out.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION access.check_proxy() IS 'Trigger before a proxy is written: an account of another person, a minor for a guardian, no confidential care past its age, and no change but the end.';
CREATE TRIGGER proxy_is_lawful BEFORE INSERT OR UPDATE ON access.proxy FOR EACH ROW EXECUTE FUNCTION access.check_proxy();

CREATE FUNCTION access.open_proxy(of access.proxy) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_of_minor constant boolean := access.is_of_minors(of.kind);
    ages        constant care.age_of_majority := care.ages_in(of.jurisdiction);
    plain       constant text[] := CASE WHEN is_of_minor THEN access.plain_scopes() ELSE of.scopes END;
    -- A right that was opened before begins where it began, so that what was done by it stays explained.
    begins      constant timestamptz := greatest(lower(of.valid_during), CASE WHEN EXISTS (
        SELECT FROM access.grant_of_access g WHERE g.proxy_id = of.proxy_id) THEN now() END);
BEGIN
    UPDATE access.grant_of_access g SET revoked_at = now() WHERE g.proxy_id = of.proxy_id AND g.revoked_at IS NULL;
    IF of.ended_at IS NOT NULL THEN
        RETURN;
    END IF;
    INSERT INTO access.grant_of_access (patient_id, account_id, proxy_id, valid_during, scopes, acts, purpose)
    SELECT of.patient_id, of.account_id, of.proxy_id, part.period, part.scopes, part.acts, 'family'
    FROM care.patient p CROSS JOIN LATERAL (
        SELECT least(upper(of.valid_during), CASE WHEN is_of_minor THEN
                   -- Nothing is known of the birth any more: then only an end that was said counts.
                   coalesce(care.birthday_of(lower(p.born_during), p.time_zone, ages.majority_years),
                            CASE WHEN upper_inf(of.valid_during) THEN now() END) END) AS until,
               CASE WHEN is_of_minor THEN coalesce(
                   care.birthday_of(lower(p.born_during), p.time_zone, ages.confidential_years), now()) END AS confides_at) AS moment
    CROSS JOIN LATERAL (VALUES
        (ARRAY(SELECT unnest(of.scopes) INTERSECT SELECT unnest(plain)), of.acts, moment.until),
        (ARRAY(SELECT unnest(of.scopes) EXCEPT SELECT unnest(plain)), '{}', least(moment.until, moment.confides_at))
    ) AS side (scopes, acts, until)
    CROSS JOIN LATERAL (
        SELECT side.scopes, side.acts,
               CASE WHEN side.until IS NULL OR side.until > begins THEN tstzrange(begins, side.until) END AS period) AS part
    WHERE p.patient_id = of.patient_id AND part.period IS NOT NULL AND cardinality(part.scopes) > 0;
END $$;
COMMENT ON FUNCTION access.open_proxy(access.proxy) IS 'Ends what a proxy has opened, and opens what it opens now: nothing once it has ended, a guardian''s until the patient is of age.';

CREATE FUNCTION access.follow_proxy() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM access.open_proxy(NEW);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION access.follow_proxy() IS 'Trigger after a proxy is written: its grants follow it.';
CREATE TRIGGER proxy_is_followed AFTER INSERT OR UPDATE ON access.proxy FOR EACH ROW EXECUTE FUNCTION access.follow_proxy();
CREATE FUNCTION access.follow_birth() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM access.open_proxy(p) FROM access.proxy p
    WHERE p.patient_id = NEW.patient_id AND p.ended_at IS NULL AND access.is_of_minors(p.kind);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION access.follow_birth() IS 'Trigger after a birth date or time zone is changed: rights of guardians end by the birthday that is known now.';
CREATE TRIGGER patient_birth_moves_guardianship AFTER UPDATE ON care.patient
    FOR EACH ROW WHEN (OLD.born_during IS DISTINCT FROM NEW.born_during OR OLD.time_zone::text IS DISTINCT FROM NEW.time_zone::text)
    EXECUTE FUNCTION access.follow_birth();

CREATE FUNCTION access.patients_acted_for(act text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (SELECT coalesce(array_agg(DISTINCT g.patient_id), '{}')
            FROM access.account a JOIN access.grant_of_access g USING (account_id)
            WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND access.sees_newest()
              AND g.revoked_at IS NULL AND g.valid_during @> clock_timestamp() AND g.acts @> ARRAY[act]);
END $$;
COMMENT ON FUNCTION access.patients_acted_for(text) IS 'Patients for whom the actor, as their proxy, may do this at this moment.';
GRANT EXECUTE ON FUNCTION access.patients_acted_for(text) TO healthtrack_care, healthtrack_migrator;

CREATE FUNCTION access.appoint_proxy(me access.caller, patient uuid, to_account uuid, related_person uuid, kind text,
                                     document text, jurisdiction text, scopes text[], acts text[], until timestamptz)
    RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made uuid;
BEGIN
    IF kind = 'appointed' AND (patient = ANY (access.own_patients())) IS NOT TRUE THEN
        PERFORM access.refuse('proxy_is_appointed_by_the_patient', 'Only the patient appoints this proxy.');
    ELSIF kind <> 'appointed' AND (patient = ANY (access.patients_at_desk())) IS NOT TRUE AND NOT EXISTS (
        -- An emergency opens a record for an hour; it lets nobody else in for longer.
        SELECT FROM access.care_relationship r
        WHERE r.patient_id = patient AND r.provider_id = access.acting_provider() AND r.basis <> 'emergency'
          AND r.valid_during @> clock_timestamp() AND patient = ANY (access.patients_in_care())) THEN
        PERFORM access.refuse('proxy_is_verified_by_staff',
            'A provider in care or the front desk sees the document and appoints this proxy.');
    ELSIF kind <> 'appointed' AND NOT access.is_of_minors(kind) AND EXISTS (
        SELECT FROM unnest(scopes) AS category
        WHERE category IN ('behavioural_health', 'reproductive', 'substance_use', 'hiv')
          AND (patient = ANY (access.patients_opened(category))) IS NOT TRUE) THEN
        PERFORM access.refuse('proxy_opens_what_staff_sees', 'Leave out what you may not open yourself.');
    ELSIF to_account = me.account_id THEN
        PERFORM access.refuse('proxy_is_verified_by_another', 'Somebody else has to appoint you.');
    ELSIF until <= now() THEN
        PERFORM access.refuse('grant_ends_later', 'Choose an end that is still to come.');
    END IF;
    INSERT INTO access.proxy (patient_id, account_id, related_person_id, verified_by, valid_during, kind, document,
                              jurisdiction, scopes, acts)
    VALUES (patient, to_account, related_person, me.account_id, tstzrange(now(), until), appoint_proxy.kind,
            appoint_proxy.document, coalesce((
                SELECT a.country || coalesce('-' || CASE WHEN a.state ~ '^[A-Z0-9]{1,3}$' THEN a.state END, '')
                FROM care.address a
                WHERE a.patient_id = patient AND a.use = 'home' AND a.valid_during @> current_date LIMIT 1), appoint_proxy.jurisdiction, 'US'),
            appoint_proxy.scopes, coalesce(appoint_proxy.acts, '{}'))
    RETURNING proxy_id INTO made;
    PERFORM access.note(me, 'grant', patient, 'access.proxy/' || made, CASE WHEN kind = 'appointed' THEN 'own' END);
    RETURN made;
END $$;
COMMENT ON FUNCTION access.appoint_proxy(access.caller, uuid, uuid, uuid, text, text, text, text[], text[], timestamptz) IS 'Lets an account read and act for a patient, by the patient''s word or a document that staff has seen; audited; gives the key.';

CREATE FUNCTION access.end_proxy(me access.caller, proxy uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    UPDATE access.proxy p SET ended_at = now()
    WHERE p.proxy_id = proxy AND p.ended_at IS NULL AND (
        p.account_id = me.account_id
        OR p.patient_id = ANY (access.own_patients()) AND p.kind IN ('appointed', 'power_of_attorney')
        -- Not by an emergency, which lasts an hour.
        OR access.sees_whole(p.patient_id))
    RETURNING p.patient_id INTO whose;
    IF whose IS NULL THEN
        PERFORM access.refuse('proxy_stands', 'There is no such proxy that stands and that you may end.');
    END IF;
    PERFORM access.note(me, 'revoke', whose, 'access.proxy/' || proxy);
END $$;
COMMENT ON FUNCTION access.end_proxy(access.caller, uuid) IS 'Ends a proxy: by itself, by whom it was appointed, or by staff; a minor does not end a guardian''s.';

CREATE FUNCTION access.proxies_of(patient uuid)
    RETURNS TABLE (proxy uuid, related_person uuid, kind text, document text, jurisdiction text, scopes text[], acts text[],
                   from_at timestamptz, until_at timestamptz, ended_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT p.proxy_id, p.related_person_id, p.kind, p.document, p.jurisdiction, p.scopes, p.acts, lower(p.valid_during),
           CASE WHEN p.ended_at IS NULL THEN (SELECT max(coalesce(upper(g.valid_during), 'infinity'))
               FROM access.grant_of_access g WHERE g.proxy_id = p.proxy_id AND g.revoked_at IS NULL) END, p.ended_at
    FROM access.proxy p WHERE p.patient_id = patient ORDER BY p.created_at DESC, p.proxy_id LIMIT 200
$$;
COMMENT ON FUNCTION access.proxies_of(uuid) IS 'Proxies of a patient, the newest first; for a function that has looked.';
CREATE FUNCTION access.proxies_held()
    RETURNS TABLE (proxy uuid, patient uuid, kind text, scopes text[], acts text[], until_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT g.proxy_id, g.patient_id, p.kind, g.scopes, g.acts, upper(g.valid_during)
    FROM access.account a JOIN access.grant_of_access g USING (account_id) JOIN access.proxy p USING (proxy_id)
    WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND access.sees_newest()
      AND g.revoked_at IS NULL AND g.valid_during @> clock_timestamp()
    ORDER BY g.patient_id, p.kind, g.valid_during LIMIT 200
$$;
COMMENT ON FUNCTION access.proxies_held() IS 'For whom the actor may read and act at this moment, and what; no name of anybody.';
GRANT EXECUTE ON FUNCTION
    access.appoint_proxy(access.caller, uuid, uuid, uuid, text, text, text, text[], text[], timestamptz),
    access.end_proxy(access.caller, uuid), access.proxies_of(uuid), access.proxies_held() TO healthtrack_care;

-- A patient takes back what the patient shared; a guardian's right is not a minor's to end.
CREATE OR REPLACE FUNCTION access.unshare(grant_of_access_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    UPDATE access.grant_of_access g SET revoked_at = now()
    WHERE g.grant_of_access_id = unshare.grant_of_access_id AND g.revoked_at IS NULL AND g.proxy_id IS NULL
      AND g.patient_id = ANY (access.own_patients())
    RETURNING g.patient_id INTO whose;
    IF whose IS NULL THEN
        PERFORM access.refuse('grant_stands', 'You have no such grant that still stands.');
    END IF;
    PERFORM access.audit('revoke', whose, 'access.grant_of_access/' || grant_of_access_id, 'allowed', 'own');
END $$;

INSERT INTO access.look_kind (kind, scope, in_care, at_desk, sensitive) VALUES ('proxies', 'none', true, true, false);
CALL access.publish('appoint_proxy',
    'patient uuid, to_account uuid, related_person uuid, kind text, document text, jurisdiction text, scopes text[], acts text[], until timestamptz',
    'uuid', $body$
    answer := access.appoint_proxy(me, patient, to_account, related_person, kind, document, jurisdiction, scopes, acts, until);$body$,
    'Lets an account read and act for a patient: appointed by the patient, or by staff that has seen the document; gives the key.');
CALL access.publish('end_proxy', 'proxy uuid', 'void', 'PERFORM access.end_proxy(me, proxy);',
    'Ends a proxy, whose next statement sees nothing.');
CALL access.publish('read_proxies', '',
    'TABLE (proxy uuid, related_person uuid, kind text, document text, jurisdiction text, scopes text[], acts text[], from_at timestamptz, until_at timestamptz, ended_at timestamptz)',
    'RETURN QUERY SELECT * FROM access.proxies_of(patient);',
    'Who may and might read and act for a patient, the newest first, 200 at most.', look => $$'proxies'$$);
CALL access.publish('list_represented', '',
    'TABLE (proxy uuid, patient uuid, kind text, scopes text[], acts text[], until_at timestamptz)',
    'RETURN QUERY SELECT * FROM access.proxies_held();',
    'For whom whoever acts may read and act, and what, until when: keys and no names, 200 at most.');
