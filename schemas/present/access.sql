-- Accounts, rights, audit and keys.
--
-- Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.

-- Who may look into the portal, and as what.
CREATE TABLE access.account (
    account_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key; what healthtrack.actor is set to.
    patient_id uuid,  -- The patient whose account it is; null for every other part.
    provider_id uuid,  -- The provider whose account it is; null for every other part.
    facility_id uuid,  -- The facility that a front desk or a biller works for; null for every other part.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    disabled_at timestamp with time zone,  -- Since when it may do nothing; null while it may.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    part text NOT NULL,  -- patient, provider, front_desk, biller, moderator, analyst, privacy_officer or operator.
    login text NOT NULL,  -- Name to log in by.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT account_pkey PRIMARY KEY (account_id),  -- This account is known already.
    CONSTRAINT account_login_is_unique UNIQUE (login),  -- This login is taken: choose another.
    CONSTRAINT account_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Add the facility first.
    CONSTRAINT account_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT account_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Add the provider first.
    CONSTRAINT account_login_is_a_name CHECK ((login ~ '^[a-z0-9][a-z0-9._@+-]{2,190}$'::text)),  -- A login has small letters, digits and . _ @ + -, at least three of them.
    CONSTRAINT account_part_fits_its_person CHECK ((((part = 'patient'::text) = (patient_id IS NOT NULL)) AND ((part = 'provider'::text) = (provider_id IS NOT NULL)) AND ((part = ANY (ARRAY['front_desk'::text, 'biller'::text])) = (facility_id IS NOT NULL)))),  -- A patient's account needs a patient, a provider's a provider, a desk's or biller's a facility, and no other may have one.
    CONSTRAINT account_part_is_known CHECK ((part = ANY (ARRAY['patient'::text, 'provider'::text, 'front_desk'::text, 'biller'::text, 'moderator'::text, 'analyst'::text, 'privacy_officer'::text, 'operator'::text])))  -- Choose one of the known parts.
);
CREATE UNIQUE INDEX account_of_a_patient_is_one ON access.account USING btree (patient_id);
CREATE UNIQUE INDEX account_of_a_provider_is_one ON access.account USING btree (provider_id);
CREATE TRIGGER account_is_touched BEFORE UPDATE ON access.account FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE access.account FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.account FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.account TO healthtrack_migrator;

-- Which provider cares for which patient, when and why.
CREATE TABLE access.care_relationship (
    care_relationship_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who is cared for.
    provider_id uuid NOT NULL,  -- Who cares.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    valid_during tstzrange NOT NULL,  -- Half-open period; no upper bound while it goes on.
    basis text NOT NULL,  -- care_team, visit, referral, or emergency (the glass was broken: 60 minutes at most, with a reason).
    reason text,  -- Why, in the provider's words; demanded for an emergency.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT care_relationship_pkey PRIMARY KEY (care_relationship_id),  -- This relationship is known already.
    CONSTRAINT care_relationship_is_not_repeated EXCLUDE USING gist (provider_id WITH =, patient_id WITH =, basis WITH =, valid_during WITH &&),  -- This provider has that access at that time already.
    CONSTRAINT care_relationship_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT care_relationship_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Add the provider first.
    CONSTRAINT care_relationship_basis_is_known CHECK ((basis = ANY (ARRAY['care_team'::text, 'visit'::text, 'referral'::text, 'emergency'::text]))),  -- Choose care_team, visit, referral or emergency.
    CONSTRAINT care_relationship_emergency_is_short_and_explained CHECK (((basis <> 'emergency'::text) OR COALESCE(((reason ~ '\S'::text) AND (upper(valid_during) <= (lower(valid_during) + '01:00:00'::interval))), false))),  -- Emergency access needs a reason and lasts 60 minutes at most.
    CONSTRAINT care_relationship_period_is_half_open CHECK (((NOT isempty(valid_during)) AND lower_inc(valid_during) AND (NOT upper_inc(valid_during))))  -- Care has a beginning, and ends after it.
);
CREATE INDEX care_relationship_patient_idx ON access.care_relationship USING btree (patient_id);
CREATE INDEX care_relationship_provider_idx ON access.care_relationship USING btree (provider_id);
CREATE TRIGGER care_relationship_is_touched BEFORE UPDATE ON access.care_relationship FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE access.care_relationship FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.care_relationship FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.care_relationship TO healthtrack_migrator;

-- What a patient lets another account or provider see, why and how long.
CREATE TABLE access.grant_of_access (
    grant_of_access_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Who grants.
    account_id uuid,  -- The account that may see; null where it is a provider.
    provider_id uuid,  -- The provider who may see; null where it is an account.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    revoked_at timestamp with time zone,  -- When it was taken back; null while it stands.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    valid_during tstzrange NOT NULL,  -- Half-open period; no upper bound where it has no end.
    scopes text[] NOT NULL,  -- What may be seen: chart, schedule, samples, billing, journal, behavioural_health. None holds another.
    purpose text NOT NULL,  -- treatment, second_opinion, family, research, insurance or other.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT grant_of_access_pkey PRIMARY KEY (grant_of_access_id),  -- This grant is known already.
    CONSTRAINT grant_of_access_account_fkey FOREIGN KEY (account_id) REFERENCES access.account(account_id),  -- Choose an account that exists.
    CONSTRAINT grant_of_access_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT grant_of_access_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT grant_of_access_is_for_one CHECK ((num_nonnulls(account_id, provider_id) = 1)),  -- Grant access to one account or to one provider.
    CONSTRAINT grant_of_access_period_is_half_open CHECK (((NOT isempty(valid_during)) AND lower_inc(valid_during) AND (NOT upper_inc(valid_during)))),  -- A grant has a beginning, and ends after it.
    CONSTRAINT grant_of_access_purpose_is_known CHECK ((purpose = ANY (ARRAY['treatment'::text, 'second_opinion'::text, 'family'::text, 'research'::text, 'insurance'::text, 'other'::text]))),  -- Choose treatment, second_opinion, family, research, insurance or other.
    CONSTRAINT grant_of_access_scopes_are_known CHECK (((cardinality(scopes) > 0) AND (scopes <@ ARRAY['chart'::text, 'schedule'::text, 'samples'::text, 'billing'::text, 'journal'::text, 'behavioural_health'::text])))  -- Choose what may be seen: chart, schedule, samples, billing, journal or behavioural_health.
);
CREATE INDEX grant_of_access_account_idx ON access.grant_of_access USING btree (account_id) WHERE (revoked_at IS NULL);
CREATE INDEX grant_of_access_patient_idx ON access.grant_of_access USING btree (patient_id);
CREATE INDEX grant_of_access_provider_idx ON access.grant_of_access USING btree (provider_id) WHERE (revoked_at IS NULL);
CREATE TRIGGER grant_of_access_is_touched BEFORE UPDATE ON access.grant_of_access FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
ALTER TABLE access.grant_of_access FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.grant_of_access FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.grant_of_access TO healthtrack_migrator;

-- Who looked at what, when, in which part, and whether it was allowed; chained.
CREATE TABLE access.audit_event (
    seq bigint NOT NULL,  -- Place in the chain, from 1 and without gaps.
    at timestamp with time zone NOT NULL,  -- When, by the server's clock.
    actor uuid,  -- The account that acted; null for a program.
    patient_id uuid,  -- Whose record; null where it is nobody's.
    on_behalf uuid,  -- The account for whom the actor acted; null where for itself.
    request_id uuid,  -- The request that it belongs to; null where there is none.
    part text NOT NULL,  -- The part in which the actor acted, or the program's login where nobody did.
    action text NOT NULL,  -- read, create, update, sign, export, erase, break_glass, grant, revoke, review, log_in or log_out.
    resource text NOT NULL,  -- What was touched, by table or kind and at most one key: care.appointment/…, samples/heart_rate.
    outcome text NOT NULL,  -- allowed or denied.
    reason text,  -- Why, as a word: own, in_care, granted, emergency …; null where nothing was said.
    prev_hash bytea NOT NULL,  -- Digest of the event before; 32 zero bytes for the first.
    hash bytea NOT NULL,  -- SHA-256 over the event and prev_hash.
    CONSTRAINT audit_event_pkey PRIMARY KEY (seq),  -- This event is written already.
    CONSTRAINT audit_event_never_forks UNIQUE (prev_hash),  -- Another event follows that one already.
    CONSTRAINT audit_event_action_is_known CHECK ((action = ANY (ARRAY['read'::text, 'create'::text, 'update'::text, 'sign'::text, 'export'::text, 'erase'::text, 'break_glass'::text, 'grant'::text, 'revoke'::text, 'review'::text, 'log_in'::text, 'log_out'::text]))),  -- Choose one of the known actions.
    CONSTRAINT audit_event_digests_are_whole CHECK (((octet_length(prev_hash) = 32) AND (octet_length(hash) = 32))),  -- A digest has 32 bytes.
    CONSTRAINT audit_event_holds_words_and_keys CHECK (((part ~ '^[a-z_]{1,40}$'::text) AND (reason ~ '^[a-z_]{1,60}$'::text) AND (resource ~ '^([a-z_.]{1,80}(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?|samples/[a-z][a-z0-9_]{0,79})$'::text))),  -- An event holds words and keys, and nothing of a person.
    CONSTRAINT audit_event_outcome_is_known CHECK ((outcome = ANY (ARRAY['allowed'::text, 'denied'::text])))  -- Choose allowed or denied.
);
CREATE INDEX audit_event_actor_idx ON access.audit_event USING btree (actor, seq);
CREATE INDEX audit_event_patient_idx ON access.audit_event USING btree (patient_id, seq);
CREATE TRIGGER audit_event_stays BEFORE DELETE OR UPDATE ON access.audit_event FOR EACH ROW EXECUTE FUNCTION access.refuse_change_of_audit();  -- Trigger: refuses each UPDATE, DELETE and TRUNCATE.
CREATE TRIGGER audit_event_stays_whole BEFORE TRUNCATE ON access.audit_event FOR EACH STATEMENT EXECUTE FUNCTION access.refuse_change_of_audit();  -- Trigger: refuses each UPDATE, DELETE and TRUNCATE.
ALTER TABLE access.audit_event FORCE ROW LEVEL SECURITY;
CREATE POLICY auditor ON access.audit_event FOR SELECT TO healthtrack_auditor USING (true);
CREATE POLICY maintenance ON access.audit_event FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY officer ON access.audit_event FOR SELECT TO healthtrack_portal USING ((( SELECT access.part() AS part) = 'privacy_officer'::text));
CREATE POLICY own_actions ON access.audit_event FOR SELECT TO healthtrack_portal USING (((actor = ( SELECT access.actor() AS actor)) AND (( SELECT access.part() AS part) IS NOT NULL)));
CREATE POLICY own_record ON access.audit_event FOR SELECT TO healthtrack_portal USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT SELECT ON access.audit_event TO healthtrack_auditor;
GRANT SELECT ON access.audit_event TO healthtrack_migrator;
GRANT SELECT ON access.audit_event TO healthtrack_portal;

-- The key of each patient's own, wrapped, with which their texts are sealed.
CREATE TABLE access.data_key (
    patient_id uuid NOT NULL,  -- Whose.
    created_at timestamp with time zone NOT NULL,  -- When it was made.
    key_id text NOT NULL,  -- Which key of security.key_file or security.keys wraps it.
    wrapped bytea NOT NULL,  -- Version, nonce, ciphertext and tag of its 32 bytes: AES-256-GCM, bound to patient and key_id.
    CONSTRAINT data_key_pkey PRIMARY KEY (patient_id),  -- This patient has a data key already.
    CONSTRAINT data_key_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT data_key_is_whole CHECK ((octet_length(wrapped) = 61)),  -- A wrapped data key has 61 bytes.
    CONSTRAINT data_key_key_id_is_a_name CHECK ((key_id ~ '^[A-Za-z0-9._-]{1,64}$'::text))  -- Name the key by letters, digits and . _ - only.
);
ALTER TABLE access.data_key FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON access.data_key FOR SELECT TO healthtrack_portal USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY care_is_made ON access.data_key FOR INSERT TO healthtrack_portal WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY maintenance ON access.data_key FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON access.data_key FOR SELECT TO healthtrack_portal USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY own_is_made ON access.data_key FOR INSERT TO healthtrack_portal WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY rolled ON access.data_key FOR ALL TO healthtrack_roller USING (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.data_key TO healthtrack_migrator;
GRANT DELETE, SELECT ON access.data_key TO healthtrack_roller;
GRANT INSERT, SELECT ON access.data_key TO healthtrack_portal;

-- Every emergency access with what was found of it, for the privacy officer and the auditor.
--   care_relationship_id: Which emergency.
--   patient_id: Whose record was opened.
--   provider_id: Who opened it.
--   opened_at: When.
--   until_at: When it ended by itself.
--   reason: Why, in the provider's words.
--   finding: What the review found; null while it is to be done.
--   reviewed_at: When it was reviewed; null while it is to be done.
--   overdue: True where nobody has reviewed it within 24 hours.
CREATE VIEW access.emergency WITH (security_barrier=true) AS
 SELECT r.care_relationship_id,
    r.patient_id,
    r.provider_id,
    lower(r.valid_during) AS opened_at,
    upper(r.valid_during) AS until_at,
    r.reason,
    v.finding,
    v.reviewed_at,
    ((v.care_relationship_id IS NULL) AND (lower(r.valid_during) < (now() - '24:00:00'::interval))) AS overdue
   FROM (access.care_relationship r
     LEFT JOIN access.emergency_review v USING (care_relationship_id))
  WHERE ((r.basis = 'emergency'::text) AND ((access.part() = 'privacy_officer'::text) OR pg_has_role(SESSION_USER, 'healthtrack_auditor'::name, 'MEMBER'::text)));
GRANT SELECT ON access.emergency TO healthtrack_auditor;
GRANT SELECT ON access.emergency TO healthtrack_portal;

-- What the privacy officer found of an emergency access.
CREATE TABLE access.emergency_review (
    care_relationship_id uuid NOT NULL,  -- Which emergency.
    reviewed_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was looked at.
    reviewed_by uuid NOT NULL,  -- The privacy officer's account.
    finding text NOT NULL,  -- justified, unjustified or unclear.
    CONSTRAINT emergency_review_pkey PRIMARY KEY (care_relationship_id),  -- This emergency was reviewed already.
    CONSTRAINT emergency_review_account_fkey FOREIGN KEY (reviewed_by) REFERENCES access.account(account_id),  -- Choose an account that exists.
    CONSTRAINT emergency_review_relationship_fkey FOREIGN KEY (care_relationship_id) REFERENCES access.care_relationship(care_relationship_id),  -- Choose an emergency that exists.
    CONSTRAINT emergency_review_finding_is_known CHECK ((finding = ANY (ARRAY['justified'::text, 'unjustified'::text, 'unclear'::text])))  -- Choose justified, unjustified or unclear.
);
CREATE INDEX emergency_review_account_idx ON access.emergency_review USING btree (reviewed_by);
ALTER TABLE access.emergency_review FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.emergency_review FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.emergency_review TO healthtrack_migrator;

-- Who looked at the acting patient's record, or tried to.
--   seq: Place in the chain of events.
--   at: When.
--   who: A provider's name, or the part of whoever else it was; null for a program.
--   part: In which part.
--   action: What was done.
--   resource: To what.
--   outcome: allowed or denied.
--   reason: Why it was allowed, as a word; null where nothing was said.
CREATE VIEW access.my_access_log WITH (security_invoker=true) AS
 SELECT seq,
    at,
    access.name_of_account(actor) AS who,
    part,
    action,
    resource,
    outcome,
    reason
   FROM access.audit_event e
  WHERE (patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]));
GRANT SELECT ON access.my_access_log TO healthtrack_portal;

-- Looks at a record, and tries, that no care, visit or grant explains; for the privacy officer and the auditor.
--   seq: Place in the chain of events.
--   at: When.
--   actor: The account that looked.
--   patient_id: Whose record.
--   part: In which part.
--   action: What was done.
--   resource: To what.
--   outcome: allowed or denied.
CREATE VIEW access.unexplained_access WITH (security_barrier=true) AS
 SELECT e.seq,
    e.at,
    e.actor,
    e.patient_id,
    e.part,
    e.action,
    e.resource,
    e.outcome
   FROM (access.audit_event e
     JOIN access.account a ON ((a.account_id = e.actor)))
  WHERE (( SELECT access.is_reviewer() AS is_reviewer) AND (e.patient_id IS NOT NULL) AND (e.patient_id IS DISTINCT FROM a.patient_id) AND (e.action <> 'break_glass'::text) AND (a.part <> 'privacy_officer'::text) AND (NOT (EXISTS ( SELECT
           FROM access.care_relationship r
          WHERE ((r.patient_id = e.patient_id) AND (r.provider_id = a.provider_id) AND (r.valid_during @> e.at) AND (r.basis = ANY (ARRAY['care_team'::text, 'referral'::text, 'emergency'::text])))))) AND (NOT (EXISTS ( SELECT
           FROM care.appointment v
          WHERE ((v.patient_id = e.patient_id) AND ((v.provider_id = a.provider_id) OR (v.facility_id = a.facility_id)) AND (v.status <> 'cancelled'::text) AND ((lower(v.during) >= (e.at - '30 days'::interval)) AND (lower(v.during) <= (e.at + '30 days'::interval))))))) AND (NOT (EXISTS ( SELECT
           FROM access.grant_of_access g
          WHERE ((g.patient_id = e.patient_id) AND ((g.account_id = a.account_id) OR (g.provider_id = a.provider_id)) AND (g.valid_during @> e.at) AND ((g.revoked_at IS NULL) OR (g.revoked_at > e.at)))))) AND (NOT access.had_encounter(e.patient_id, a.provider_id, a.facility_id, e.at)));
GRANT SELECT ON access.unexplained_access TO healthtrack_auditor;
GRANT SELECT ON access.unexplained_access TO healthtrack_portal;

-- The provider whom the actor is; null for others.
CREATE OR REPLACE FUNCTION care.acting_provider()
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT provider_id FROM access.account WHERE account_id = access.actor() AND disabled_at IS NULL
$function$;
REVOKE EXECUTE ON FUNCTION care.acting_provider() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.acting_provider() TO healthtrack_migrator, healthtrack_portal;

-- Lets a provider see a patient's record because of a visit, joined to what was so already. Not for the portal.
CREATE OR REPLACE FUNCTION care.open_record(visitor uuid, visited uuid, wanted tstzrange)
 RETURNS void
 LANGUAGE plpgsql
AS $function$
DECLARE
    found_ids uuid[];
    merged    tstzrange;
BEGIN
    PERFORM care.lock_record(visitor, visited);
    SELECT array_agg(r.care_relationship_id ORDER BY lower(r.valid_during)),
           range_merge(range_agg(r.valid_during) + tstzmultirange(wanted))
        INTO found_ids, merged
    FROM access.care_relationship r
    WHERE r.patient_id = visitor AND r.provider_id = visited AND r.basis = 'visit' AND r.valid_during && wanted;
    IF found_ids IS NULL THEN
        INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
        VALUES (visitor, visited, wanted, 'visit');
    ELSE
        DELETE FROM access.care_relationship WHERE care_relationship_id = ANY (found_ids[2:]);
        UPDATE access.care_relationship SET valid_during = merged
        WHERE care_relationship_id = found_ids[1] AND valid_during <> merged;
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION care.open_record(uuid,uuid,tstzrange) FROM PUBLIC;

-- For providers and the front desk: adds a patient, all or nothing, and returns the new key; a registering provider is in care for 30 days.
CREATE OR REPLACE FUNCTION care.register_patient(person jsonb)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    registered uuid;
BEGIN
    IF coalesce(access.part() NOT IN ('provider', 'front_desk'), true) THEN
        PERFORM care.refuse('patient_is_registered_by_staff', 'Providers and the front desk register patients.');
    END IF;
    registered := care.add_patient(person);
    INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis, reason)
    SELECT registered, provider, tstzrange(now(), now() + INTERVAL '30 days'), 'visit', 'registered the patient'
    FROM access.acting_provider() AS provider WHERE provider IS NOT NULL;
    RETURN registered;
END $function$;
REVOKE EXECUTE ON FUNCTION care.register_patient(jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.register_patient(jsonb) TO healthtrack_migrator, healthtrack_portal;

-- The provider whom the actor is; null for all others.
CREATE OR REPLACE FUNCTION access.acting_provider()
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT provider_id FROM access.account WHERE account_id = access.actor() AND disabled_at IS NULL
$function$;
REVOKE EXECUTE ON FUNCTION access.acting_provider() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.acting_provider() TO healthtrack_migrator, healthtrack_portal;

-- Appends an event about the actor to the chain, in this transaction; others wait until it ends. Gives its place.
CREATE OR REPLACE FUNCTION access.audit(action text, patient_id uuid, resource text, outcome text, reason text DEFAULT NULL::text, request_id uuid DEFAULT NULL::uuid, on_behalf uuid DEFAULT NULL::uuid)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    event access.audit_event;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('access.audit', 0));
    -- A statement of its own: it sees what was committed before the lock was had. Where the transaction has one
    -- snapshot for all its statements it does not, and the keys refuse the fork.
    SELECT e.seq, e.hash INTO event.seq, event.prev_hash FROM access.audit_event e ORDER BY e.seq DESC LIMIT 1;
    event.seq := coalesce(event.seq, 0) + 1;
    event.prev_hash := coalesce(event.prev_hash, decode(repeat('00', 32), 'hex'));
    event.at := clock_timestamp();
    event.actor := access.actor();
    event.patient_id := audit.patient_id;
    event.on_behalf := audit.on_behalf;
    event.request_id := audit.request_id;
    event.part := coalesce(access.part(), CASE WHEN event.actor IS NULL THEN 'program' ELSE 'unknown' END);
    event.action := audit.action;
    event.resource := audit.resource;
    event.outcome := audit.outcome;
    event.reason := audit.reason;
    event.hash := access.audit_digest(event);
    INSERT INTO access.audit_event SELECT event.*;
    RETURN event.seq;
END $function$;
REVOKE EXECUTE ON FUNCTION access.audit(text,uuid,text,text,text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.audit(text,uuid,text,text,text,uuid,uuid) TO healthtrack_migrator, healthtrack_portal, healthtrack_roller;

-- SHA-256 over the encoding of an event and the digest before it.
CREATE OR REPLACE FUNCTION access.audit_digest(event access.audit_event)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT sha256(event.prev_hash || convert_to(
        string_agg(coalesce(octet_length(field) || ':' || field, '-'), ',' ORDER BY place), 'UTF8'))
    FROM unnest(ARRAY[
        event.seq::text, (extract(epoch FROM event.at) * 1000000)::bigint::text, event.actor::text,
        event.patient_id::text, event.on_behalf::text, event.request_id::text, event.part, event.action,
        event.resource, event.outcome, event.reason
    ]) WITH ORDINALITY AS item (field, place)
$function$;

-- Place and digest of the last event: to be kept where nobody who could change the chain can write.
CREATE OR REPLACE FUNCTION access.audit_head(OUT seq bigint, OUT hash bytea)
 RETURNS record
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT e.seq, e.hash FROM access.audit_event e ORDER BY e.seq DESC LIMIT 1
$function$;

-- Opens one patient's record to the acting provider for 60 minutes, audited and to be reviewed; gives the end.
CREATE OR REPLACE FUNCTION access.break_glass(patient_id uuid, reason text)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    provider uuid;
    made     uuid;
    until    constant timestamptz := now() + INTERVAL '60 minutes';
BEGIN
    SELECT a.provider_id INTO provider FROM access.account a
    WHERE a.account_id = access.actor() AND a.disabled_at IS NULL;
    IF provider IS NULL THEN
        PERFORM access.refuse('emergency_is_a_providers', 'Only a provider may open a record in an emergency.');
    ELSIF coalesce(btrim(reason), '') !~ '\S.{9,}' THEN
        PERFORM access.refuse('emergency_is_explained', 'Say in a sentence why this cannot wait.');
    END IF;
    INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis, reason)
    VALUES (break_glass.patient_id, provider, tstzrange(now(), until), 'emergency', btrim(reason))
    RETURNING care_relationship_id INTO made;
    PERFORM access.audit('break_glass', patient_id, 'access.care_relationship/' || made, 'allowed', 'emergency');
    RETURN until;
END $function$;
REVOKE EXECUTE ON FUNCTION access.break_glass(uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.break_glass(uuid,text) TO healthtrack_portal;

-- A provider's name, which everybody may know, or the part that any other account plays.
CREATE OR REPLACE FUNCTION access.name_of_account(account_id uuid)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(p.given_name || ' ' || p.family_name, a.part)
    FROM access.account a LEFT JOIN care.provider p USING (provider_id)
    WHERE a.account_id = name_of_account.account_id AND access.part() IS NOT NULL
$function$;
REVOKE EXECUTE ON FUNCTION access.name_of_account(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.name_of_account(uuid) TO healthtrack_portal;

-- The facility that the acting front desk or biller works for, as an array of one; empty for others.
CREATE OR REPLACE FUNCTION access.own_facilities()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(facility_id), '{}') FROM access.account
    WHERE account_id = access.actor() AND disabled_at IS NULL AND facility_id IS NOT NULL
$function$;
REVOKE EXECUTE ON FUNCTION access.own_facilities() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.own_facilities() TO healthtrack_migrator, healthtrack_portal;

-- The patient whom the actor is, as an array of one; empty for others.
CREATE OR REPLACE FUNCTION access.own_patients()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(patient_id), '{}') FROM access.account
    WHERE account_id = access.actor() AND disabled_at IS NULL AND patient_id IS NOT NULL
$function$;
REVOKE EXECUTE ON FUNCTION access.own_patients() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.own_patients() TO healthtrack_migrator, healthtrack_portal;

-- The part that the actor plays; null for nobody and for a disabled account.
CREATE OR REPLACE FUNCTION access.part()
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT part FROM access.account WHERE account_id = access.actor() AND disabled_at IS NULL
$function$;
REVOKE EXECUTE ON FUNCTION access.part() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.part() TO healthtrack_analyst, healthtrack_auditor, healthtrack_migrator, healthtrack_portal;

-- Patients with an appointment to come, or of the last 30 days, at the facility of the acting front desk.
CREATE OR REPLACE FUNCTION access.patients_at_desk()
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT v.patient_id), '{}')
        FROM access.account a JOIN care.appointment v USING (facility_id)
        WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND a.part = 'front_desk'
          AND v.status IN ('held', 'booked', 'arrived', 'completed')
          AND lower(v.during) > now() - INTERVAL '30 days'
    );
END $function$;
REVOKE EXECUTE ON FUNCTION access.patients_at_desk() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.patients_at_desk() TO healthtrack_migrator, healthtrack_portal;

-- Patients with an appointment or an encounter at the facility that the acting biller works for; empty for others.
CREATE OR REPLACE FUNCTION access.patients_billed()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(DISTINCT seen.patient_id), '{}')
    FROM access.account AS own
    CROSS JOIN LATERAL (
        SELECT patient_id FROM care.appointment WHERE facility_id = own.facility_id
        UNION ALL
        SELECT patient_id FROM care.encounter WHERE facility_id = own.facility_id
    ) AS seen
    WHERE own.account_id = access.actor() AND own.disabled_at IS NULL AND own.part = 'biller'
$function$;
REVOKE EXECUTE ON FUNCTION access.patients_billed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.patients_billed() TO healthtrack_migrator, healthtrack_portal;

-- Patients who let the actor see this scope at this moment.
CREATE OR REPLACE FUNCTION access.patients_granted(scope text)
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(DISTINCT g.patient_id), '{}')
    FROM access.account a
    JOIN access.grant_of_access g ON g.account_id = a.account_id OR g.provider_id = a.provider_id
    WHERE a.account_id = access.actor() AND a.disabled_at IS NULL
      AND g.revoked_at IS NULL AND g.valid_during @> now() AND g.scopes @> ARRAY[scope]
$function$;
REVOKE EXECUTE ON FUNCTION access.patients_granted(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.patients_granted(text) TO healthtrack_migrator, healthtrack_portal;

-- Patients with whom the acting provider has a care relationship at this moment.
CREATE OR REPLACE FUNCTION access.patients_in_care()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(DISTINCT r.patient_id), '{}')
    FROM access.account a JOIN access.care_relationship r USING (provider_id)
    WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND r.valid_during @> now()
$function$;
REVOKE EXECUTE ON FUNCTION access.patients_in_care() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.patients_in_care() TO healthtrack_migrator, healthtrack_portal;

-- Trigger: refuses each UPDATE, DELETE and TRUNCATE.
CREATE OR REPLACE FUNCTION access.refuse_change_of_audit()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM access.refuse('audit_is_only_appended', 'What was audited stays: nothing of it is changed or removed.');
END $function$;

-- Records what the acting privacy officer found of an emergency.
CREATE OR REPLACE FUNCTION access.review_emergency(care_relationship_id uuid, finding text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    whose uuid;
BEGIN
    IF access.part() IS DISTINCT FROM 'privacy_officer' THEN
        PERFORM access.refuse('review_is_the_officers', 'Only a privacy officer reviews emergencies.');
    END IF;
    SELECT r.patient_id INTO whose FROM access.care_relationship r
    WHERE r.care_relationship_id = review_emergency.care_relationship_id AND r.basis = 'emergency';
    IF whose IS NULL THEN
        PERFORM access.refuse('review_is_of_an_emergency', 'Choose an emergency that exists.');
    END IF;
    INSERT INTO access.emergency_review (care_relationship_id, reviewed_by, finding)
    VALUES (review_emergency.care_relationship_id, access.actor(), review_emergency.finding);
    PERFORM access.audit('review', whose, 'access.care_relationship/' || care_relationship_id, 'allowed', 'emergency');
END $function$;
REVOKE EXECUTE ON FUNCTION access.review_emergency(uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.review_emergency(uuid,text) TO healthtrack_portal;

-- Lets one account or one provider see what the scopes name of the actor's own record; gives the grant.
CREATE OR REPLACE FUNCTION access.share(patient_id uuid, account_id uuid, provider_id uuid, scopes text[], purpose text, until timestamp with time zone)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    made uuid;
BEGIN
    IF (share.patient_id = ANY (access.own_patients())) IS NOT TRUE THEN
        PERFORM access.refuse('grant_is_the_patients', 'Only the patient may share this record.');
    ELSIF until <= now() THEN
        PERFORM access.refuse('grant_ends_later', 'Choose an end that is still to come.');
    END IF;
    INSERT INTO access.grant_of_access (patient_id, account_id, provider_id, valid_during, scopes, purpose)
    VALUES (share.patient_id, share.account_id, share.provider_id, tstzrange(now(), until), share.scopes, share.purpose)
    RETURNING grant_of_access_id INTO made;
    PERFORM access.audit('grant', patient_id, 'access.grant_of_access/' || made, 'allowed', 'own');
    RETURN made;
END $function$;
REVOKE EXECUTE ON FUNCTION access.share(uuid,uuid,uuid,text[],text,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.share(uuid,uuid,uuid,text[],text,timestamp with time zone) TO healthtrack_portal;

-- Takes a grant of the actor's own record back; the next statement of whoever had it sees nothing.
CREATE OR REPLACE FUNCTION access.unshare(grant_of_access_id uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    whose uuid;
BEGIN
    UPDATE access.grant_of_access g SET revoked_at = now()
    WHERE g.grant_of_access_id = unshare.grant_of_access_id AND g.revoked_at IS NULL
      AND g.patient_id = ANY (access.own_patients())
    RETURNING g.patient_id INTO whose;
    IF whose IS NULL THEN
        PERFORM access.refuse('grant_stands', 'You have no such grant that still stands.');
    END IF;
    PERFORM access.audit('revoke', whose, 'access.grant_of_access/' || grant_of_access_id, 'allowed', 'own');
END $function$;
REVOKE EXECUTE ON FUNCTION access.unshare(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.unshare(uuid) TO healthtrack_portal;

-- What is wrong with the chain, and whether it still holds the head that was once exported; no row where all is well.
CREATE OR REPLACE FUNCTION access.verify_audit(head_seq bigint DEFAULT NULL::bigint, head_hash bytea DEFAULT NULL::bytea)
 RETURNS TABLE(seq bigint, finding text)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH chain AS (
        SELECT e.seq, e.prev_hash, e.hash, access.audit_digest(e) AS digest,
               lag(e.seq) OVER follow AS seq_before, lag(e.hash) OVER follow AS hash_before,
               count(*) OVER (PARTITION BY e.prev_hash) AS followers
        FROM access.audit_event e WINDOW follow AS (ORDER BY e.seq)
    )
    SELECT chain.seq, found.finding FROM chain CROSS JOIN LATERAL (VALUES
        (chain.hash <> chain.digest, 'altered'),
        (chain.seq_before IS NULL AND chain.seq <> 1, 'beginning is missing'),
        (chain.seq <> chain.seq_before + 1, 'events before it are missing'),
        (chain.prev_hash <> coalesce(chain.hash_before, decode(repeat('00', 32), 'hex')),
         'does not follow the event before it'),
        (chain.followers > 1, 'forks')
    ) AS found (holds, finding) WHERE found.holds
    UNION ALL
    SELECT head_seq, CASE WHEN own.hash IS NULL THEN 'end is missing' ELSE 'is not the event that was the head' END
    FROM (SELECT) AS once LEFT JOIN access.audit_event own ON own.seq = head_seq
    WHERE head_seq IS NOT NULL AND own.hash IS DISTINCT FROM head_hash
    ORDER BY 1, 2
$function$;
