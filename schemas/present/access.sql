-- Accounts, rights, audit and keys.
--
-- Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.

-- Who may look into the portal, and as what.
CREATE TABLE access.account (
    account_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key; what healthtrack.actor is set to.
    patient_id uuid,  -- The patient whose account it is; null for every other part.
    provider_id uuid,  -- The provider whose account it is; null for every other part.
    facility_id uuid,  -- The facility that a front desk, a biller or a facility manager works for; null for every other part.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    disabled_at timestamp with time zone,  -- Since when it may do nothing; null while it may.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    part text NOT NULL,  -- patient, provider, front_desk, biller, moderator, analyst, privacy_officer, operator, facility_manager, network_admin or clinical_quality.
    login text NOT NULL,  -- Name to log in by.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT account_pkey PRIMARY KEY (account_id),  -- This account is known already.
    CONSTRAINT account_login_is_unique UNIQUE (login),  -- This login is taken: choose another.
    CONSTRAINT account_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Add the facility first.
    CONSTRAINT account_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT account_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Add the provider first.
    CONSTRAINT account_login_is_a_name CHECK ((login ~ '^[a-z0-9][a-z0-9._@+-]{2,190}$'::text)),  -- A login has small letters, digits and . _ @ + -, at least three of them.
    CONSTRAINT account_part_fits_its_person CHECK ((((part = 'patient'::text) = (patient_id IS NOT NULL)) AND ((part = 'provider'::text) = (provider_id IS NOT NULL)) AND ((part = ANY (ARRAY['front_desk'::text, 'biller'::text, 'facility_manager'::text])) = (facility_id IS NOT NULL)))),  -- A patient's account needs a patient, a provider's a provider, a desk's, biller's or facility manager's a facility, and no other may have one.
    CONSTRAINT account_part_is_known CHECK ((part = ANY (ARRAY['patient'::text, 'provider'::text, 'front_desk'::text, 'biller'::text, 'moderator'::text, 'analyst'::text, 'privacy_officer'::text, 'operator'::text, 'facility_manager'::text, 'network_admin'::text, 'clinical_quality'::text])))  -- Choose one of the known parts.
);
CREATE INDEX account_facility_idx ON access.account USING btree (facility_id) WHERE (facility_id IS NOT NULL);
CREATE UNIQUE INDEX account_of_a_patient_is_one ON access.account USING btree (patient_id);
CREATE UNIQUE INDEX account_of_a_provider_is_one ON access.account USING btree (provider_id);
CREATE TRIGGER account_is_kept_by_others BEFORE INSERT OR UPDATE ON access.account FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION access.check_account();  -- Trigger before an account is written by another: not the own one, no other part, and great power by two alone.
CREATE TRIGGER account_is_stamped BEFORE INSERT OR UPDATE ON access.account FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER account_is_touched BEFORE UPDATE ON access.account FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER account_stays_under_hold BEFORE DELETE ON access.account FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE access.account FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.account FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.account TO healthtrack_migrator;

-- Accounts of great power that one administrator proposed, for another to confirm.
CREATE TABLE access.account_proposal (
    account_proposal_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    proposed_by uuid NOT NULL,  -- Administrator who proposes.
    decided_by uuid,  -- Who confirmed or withdrew; null while it stands, and where it ran out.
    proposed_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was proposed.
    until_at timestamp with time zone DEFAULT (now() + '72:00:00'::interval) NOT NULL,  -- After this moment nobody can confirm it.
    decided_at timestamp with time zone,  -- When it was decided; null while it stands.
    part text NOT NULL,  -- privacy_officer or network_admin.
    login text NOT NULL,  -- Name that the account is to sign in by.
    outcome text,  -- confirmed, withdrawn or expired; null while it stands.
    CONSTRAINT account_proposal_pkey PRIMARY KEY (account_proposal_id),  -- This proposal is known already.
    CONSTRAINT account_proposal_stands_once EXCLUDE USING btree (login WITH =) WHERE ((outcome IS NULL)),  -- An account of that name is proposed already.
    CONSTRAINT account_proposal_decider_fkey FOREIGN KEY (decided_by) REFERENCES access.account(account_id),  -- An account decides.
    CONSTRAINT account_proposal_proposer_fkey FOREIGN KEY (proposed_by) REFERENCES access.account(account_id),  -- An account proposes.
    CONSTRAINT account_proposal_ends CHECK (((until_at > proposed_at) AND (until_at <= (proposed_at + '168:00:00'::interval)))),  -- A proposal ends within a week.
    CONSTRAINT account_proposal_is_confirmed_by_another CHECK (((outcome <> 'confirmed'::text) OR (decided_by <> proposed_by))),  -- Let another administrator confirm what you have proposed.
    CONSTRAINT account_proposal_is_decided_whole CHECK ((((outcome IS NULL) = (decided_at IS NULL)) AND ((COALESCE(outcome, 'expired'::text) <> 'expired'::text) = (decided_by IS NOT NULL)))),  -- What is decided has an outcome, a moment and, unless it ran out, somebody who decided.
    CONSTRAINT account_proposal_login_is_a_name CHECK ((login ~ '^[a-z0-9][a-z0-9._@+-]{2,190}$'::text)),  -- Give a name to sign in by of small letters, digits and . _ @ + -, three at least.
    CONSTRAINT account_proposal_outcome_is_known CHECK ((outcome = ANY (ARRAY['confirmed'::text, 'withdrawn'::text, 'expired'::text]))),  -- Choose one of the known outcomes.
    CONSTRAINT account_proposal_part_needs_two CHECK ((part = ANY (ARRAY['privacy_officer'::text, 'network_admin'::text])))  -- Only accounts of privacy officers and administrators of the network are proposed.
);
CREATE INDEX account_proposal_decider_idx ON access.account_proposal USING btree (decided_by);
CREATE INDEX account_proposal_proposer_idx ON access.account_proposal USING btree (proposed_by);
ALTER TABLE access.account_proposal FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.account_proposal FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.account_proposal TO healthtrack_migrator;

-- Who is signed in; a token is the only proof of who acts.
CREATE TABLE access.session (
    session_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    account_id uuid NOT NULL,  -- Whose.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the account signed in.
    seen_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last used, to the minute, or to a quarter of idle_for where that is less.
    expires_at timestamp with time zone NOT NULL,  -- When it ends in any case.
    revoked_at timestamp with time zone,  -- When it was ended before its time; null while it was not.
    idle_for interval NOT NULL,  -- How long it may be unused before it ends.
    token_hash bytea NOT NULL,  -- SHA-256 of the token.
    confirmed_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the account last proved who it is: at sign-in, and when it was asked again.
    CONSTRAINT session_pkey PRIMARY KEY (session_id),  -- This session exists already.
    CONSTRAINT session_token_is_unique UNIQUE (token_hash),  -- Make a new token.
    CONSTRAINT session_account_fkey FOREIGN KEY (account_id) REFERENCES access.account(account_id),  -- Choose an account that exists.
    CONSTRAINT session_ends CHECK (((expires_at > created_at) AND (expires_at <= (created_at + '31 days'::interval)))),  -- A session ends within 31 days.
    CONSTRAINT session_is_not_idle_for_long CHECK (((idle_for >= '00:01:00'::interval) AND (idle_for <= '1 day'::interval))),  -- A session may be unused for a minute at least and a day at most.
    CONSTRAINT session_token_is_a_digest CHECK ((octet_length(token_hash) = 32))  -- Store the SHA-256 of a token.
);
CREATE INDEX session_account_idx ON access.session USING btree (account_id);
ALTER TABLE access.session FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.session FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.session TO healthtrack_migrator;

-- How an account proves who it is: its password, hashed, and the secret of its second factor, sealed.
CREATE TABLE access.credential (
    account_id uuid NOT NULL,  -- Whose.
    password_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the password was set.
    totp_step bigint DEFAULT 0 NOT NULL,  -- The step of the last code that was used: none is taken twice.
    password_hash text NOT NULL,  -- Argon2id in PHC form.
    totp_sealed bytea,  -- Secret of RFC 6238, sealed; null where there is no second factor.
    CONSTRAINT credential_pkey PRIMARY KEY (account_id),  -- This account has a password already.
    CONSTRAINT credential_account_fkey FOREIGN KEY (account_id) REFERENCES access.account(account_id),  -- Choose an account that exists.
    CONSTRAINT credential_password_is_hashed CHECK (((password_hash ~ '^\$argon2id\$v=19\$[!-~]+$'::text) AND ((length(password_hash) >= 60) AND (length(password_hash) <= 300))))  -- Store an Argon2id hash of a password.
);
ALTER TABLE access.credential FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.credential FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.credential TO healthtrack_migrator;

-- By whom else an account is signed in: persons as providers of OpenID Connect know them.
CREATE TABLE access.federated_identity (
    account_id uuid NOT NULL,  -- Whose account here.
    linked_at timestamp with time zone DEFAULT now() NOT NULL,  -- When its owner linked it.
    used_at timestamp with time zone,  -- When it last signed in by it; null if never.
    issuer text NOT NULL,  -- URL of the provider, as its tokens say.
    subject text NOT NULL,  -- Who it is there: sub of its tokens.
    CONSTRAINT federated_identity_pkey PRIMARY KEY (issuer, subject),  -- This sign-in is linked to an account already.
    CONSTRAINT federated_identity_is_one_of_an_issuer UNIQUE (account_id, issuer),  -- Unlink the former sign-in of this provider first.
    CONSTRAINT federated_identity_account_fkey FOREIGN KEY (account_id) REFERENCES access.account(account_id),  -- Choose an account that exists.
    CONSTRAINT federated_identity_issuer_is_a_url CHECK (((issuer ~ '^https?://[!-~]+$'::text) AND (length(issuer) <= 500))),  -- An issuer is a URL of 500 characters at most.
    CONSTRAINT federated_identity_subject_is_short CHECK (((subject ~ '^[ -~]+$'::text) AND (length(subject) <= 255)))  -- A subject has 1 to 255 ASCII characters.
);
ALTER TABLE access.federated_identity FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.federated_identity FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.federated_identity TO healthtrack_migrator;

-- One-time links by which an account sets its password.
CREATE TABLE access.invitation (
    account_id uuid NOT NULL,  -- Whose.
    made_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was made.
    expires_at timestamp with time zone NOT NULL,  -- From when on it is of no use.
    used_at timestamp with time zone,  -- When it was used, or replaced by a newer one; null while it can be used.
    token_hash bytea NOT NULL,  -- SHA-256 of its token.
    CONSTRAINT invitation_pkey PRIMARY KEY (token_hash),  -- Make a new token.
    CONSTRAINT invitation_account_fkey FOREIGN KEY (account_id) REFERENCES access.account(account_id),  -- Choose an account that exists.
    CONSTRAINT invitation_ends CHECK (((expires_at > made_at) AND (expires_at <= (made_at + '31 days'::interval)))),  -- An invitation ends within 31 days.
    CONSTRAINT invitation_token_is_a_digest CHECK ((octet_length(token_hash) = 32))  -- Store the SHA-256 of a token.
);
CREATE INDEX invitation_account_idx ON access.invitation USING btree (account_id);
ALTER TABLE access.invitation FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.invitation FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.invitation TO healthtrack_migrator;

-- Passkeys by which an account is signed in: public keys of devices.
CREATE TABLE access.passkey (
    passkey_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    account_id uuid NOT NULL,  -- Whose.
    made_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was added.
    used_at timestamp with time zone,  -- When it last signed in or confirmed; null if never.
    counter bigint NOT NULL,  -- How often its device has signed, as it said last; 0 of devices that do not count.
    name text NOT NULL,  -- What its owner calls it.
    public_key bytea NOT NULL,  -- What its signatures are verified with, as its device gave it (COSE).
    credential_id bytea NOT NULL,  -- What its device knows it by.
    CONSTRAINT passkey_pkey PRIMARY KEY (passkey_id),  -- This passkey exists already.
    CONSTRAINT passkey_is_added_once UNIQUE (credential_id),  -- This passkey is added already: use another device, or remove it first.
    CONSTRAINT passkey_account_fkey FOREIGN KEY (account_id) REFERENCES access.account(account_id),  -- Choose an account that exists.
    CONSTRAINT passkey_counter_is_of_32_bits CHECK (((counter >= 0) AND (counter <= '4294967295'::bigint))),  -- A counter is of 32 bits.
    CONSTRAINT passkey_credential_is_short CHECK (((octet_length(credential_id) >= 16) AND (octet_length(credential_id) <= 1023))),  -- A device knows a passkey by 16 to 1,023 bytes.
    CONSTRAINT passkey_name_is_short CHECK (((name <> ''::text) AND (length(name) <= 60))),  -- Call the passkey something of 1 to 60 characters.
    CONSTRAINT passkey_public_key_is_short CHECK (((octet_length(public_key) >= 16) AND (octet_length(public_key) <= 2000)))  -- A public key has 16 to 2,000 bytes.
);
CREATE INDEX passkey_account_idx ON access.passkey USING btree (account_id);
ALTER TABLE access.passkey FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.passkey FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.passkey TO healthtrack_migrator;

-- What devices are asked to sign: for one browser each, for five minutes, for one answer.
CREATE TABLE access.passkey_challenge (
    account_id uuid,  -- Who adds a passkey; null where somebody is to be signed in, whoever that is.
    expires_at timestamp with time zone NOT NULL,  -- From when on it is of no use.
    challenge bytea NOT NULL,  -- What the device signs: 32 random bytes.
    token_hash bytea NOT NULL,  -- SHA-256 of the token that the browser has.
    CONSTRAINT passkey_challenge_pkey PRIMARY KEY (token_hash),  -- Make a new token.
    CONSTRAINT passkey_challenge_account_fkey FOREIGN KEY (account_id) REFERENCES access.account(account_id),  -- Choose an account that exists.
    CONSTRAINT passkey_challenge_is_long CHECK ((octet_length(challenge) = 32)),  -- A challenge has 32 bytes.
    CONSTRAINT passkey_challenge_token_is_a_digest CHECK ((octet_length(token_hash) = 32))  -- Store the SHA-256 of a token.
);
CREATE INDEX passkey_challenge_account_idx ON access.passkey_challenge USING btree (account_id);
CREATE INDEX passkey_challenge_expires_idx ON access.passkey_challenge USING btree (expires_at);
ALTER TABLE access.passkey_challenge FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.passkey_challenge FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.passkey_challenge TO healthtrack_migrator;

-- How many guesses of a password are left, for a login, an address, or both together.
CREATE TABLE access.sign_in_bucket (
    level double precision NOT NULL,  -- Guesses that were left at refilled_at.
    refilled_at timestamp with time zone NOT NULL,  -- When level was true.
    trusted_until timestamp with time zone,  -- Of login and address together: until when guesses from elsewhere do not count here; null where nobody signed in.
    bucket bytea NOT NULL,  -- SHA-256 of what it is for.
    CONSTRAINT sign_in_bucket_pkey PRIMARY KEY (bucket),  -- This bucket is known already.
    CONSTRAINT sign_in_bucket_is_a_digest CHECK ((octet_length(bucket) = 32)),  -- Store the SHA-256 of what it is for.
    CONSTRAINT sign_in_bucket_owes_nothing CHECK ((level >= (0)::double precision))  -- A guess is paid for beforehand.
);
CREATE INDEX sign_in_bucket_refilled_idx ON access.sign_in_bucket USING btree (refilled_at);
ALTER TABLE access.sign_in_bucket FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.sign_in_bucket FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.sign_in_bucket TO healthtrack_migrator;

-- Looks at records that were allowed and audited, for five minutes.
CREATE TABLE access.look (
    look_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key, which a reading function takes.
    session_id uuid NOT NULL,  -- In which session.
    patient_id uuid,  -- Whose record; null where it is of all whom the account may see.
    looked_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,  -- When.
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,  -- The transaction that wrote it, which reads nothing by it.
    kind text NOT NULL,  -- At what: one of access.look_kind, or samples/ and a metric.
    opens text[] DEFAULT '{}'::text[] NOT NULL,  -- Categories of sensitive rows that were open to the actor, as its event names them.
    CONSTRAINT look_pkey PRIMARY KEY (look_id)  -- This look is known already.
);
CREATE TRIGGER look_stays_under_hold BEFORE DELETE ON access.look FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE access.look FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.look FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.look TO healthtrack_migrator;

-- What of a record can be looked at, and by whom beside the patient.
CREATE TABLE access.look_kind (
    kind text NOT NULL,  -- What, by one word.
    scope text NOT NULL,  -- The scope of a grant that opens it; none where no grant does.
    in_care boolean DEFAULT true NOT NULL,  -- Whether care opens it.
    at_desk boolean DEFAULT false NOT NULL,  -- Whether the front desk looks at it, of those who have visits or wait at its facility.
    billed boolean DEFAULT false NOT NULL,  -- Whether a biller looks at it, of those who have invoices of the facility.
    shared_entry boolean DEFAULT false NOT NULL,  -- Whether a shared journal entry opens it to whom it was shared with.
    of_all boolean DEFAULT false NOT NULL,  -- Whether one look may be at all patients whom the account may see, for rates and lists.
    sensitive boolean DEFAULT true NOT NULL,  -- Whether rows that are kept apart by a category are among what it shows: then its events name the categories that were open.
    act text,  -- What a proxy may do that opens it, beside the scope; null where nothing does.
    parts text[],  -- The parts that look at it of all; null where each part may.
    CONSTRAINT look_kind_pkey PRIMARY KEY (kind),  -- This kind of look is known already.
    CONSTRAINT look_kind_is_a_name CHECK ((kind ~ '^[a-z_]{1,40}$'::text)),  -- A kind of look is one word of small letters.
    CONSTRAINT look_kind_leaves_room CHECK ((length(kind) <= 26))  -- Name a kind in 26 letters at most: the audit writes four categories behind it.
);
ALTER TABLE access.look_kind FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.look_kind FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.look_kind TO healthtrack_migrator;

-- People who are about to be registered, for five minutes.
CREATE TABLE access.proposal (
    proposal_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key, which the registration takes.
    session_id uuid NOT NULL,  -- In which session.
    proposed_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,  -- When.
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,  -- The transaction that wrote it, which registers nobody by it.
    person jsonb NOT NULL,  -- The person with names, addresses, contacts and identifiers.
    CONSTRAINT proposal_pkey PRIMARY KEY (proposal_id),  -- This proposal is known already.
    CONSTRAINT proposal_is_small CHECK ((octet_length((person)::text) <= 65536))  -- A person is described in 64 kB at most.
);
CREATE TRIGGER proposal_is_compared AFTER INSERT ON access.proposal FOR EACH ROW EXECUTE FUNCTION access.note_matches();  -- Trigger after a person is proposed: keeps who may be the same, and records for each of them that they are shown.
ALTER TABLE access.proposal FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.proposal FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.proposal TO healthtrack_migrator;

-- Who may be the person that is about to be registered; for as long as the proposal stands.
CREATE TABLE access.proposal_match (
    proposal_match_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key, which choosing one takes.
    patient_id uuid NOT NULL,  -- Who may be the same person.
    proposal_id uuid NOT NULL,  -- Who is proposed.
    score numeric(3,2) NOT NULL,  -- How much they are alike, from 0 to 1: name by 50 parts, birth date by 35, contact by 15, of what is known of both.
    name_part numeric(3,2) NOT NULL,  -- How much the names are alike.
    birth_part numeric(3,2),  -- How much the birth dates are alike; null where one is not known.
    contact_part numeric(3,2),  -- Whether they have a number or mail address in common; null where one has none.
    CONSTRAINT proposal_match_pkey PRIMARY KEY (proposal_match_id),  -- This match is known already.
    CONSTRAINT proposal_match_is_one UNIQUE (proposal_id, patient_id),  -- This match is known already.
    CONSTRAINT proposal_match_proposal_fkey FOREIGN KEY (proposal_id) REFERENCES access.proposal(proposal_id) ON DELETE CASCADE  -- Propose the person first.
);
CREATE TRIGGER proposal_match_stays_under_hold BEFORE DELETE ON access.proposal_match FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE access.proposal_match FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.proposal_match FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.proposal_match TO healthtrack_migrator;

-- Who asks to be registered at a facility, until its desk decides, for 30 days.
CREATE TABLE access.registration_request (
    registration_request_id uuid NOT NULL,  -- Key, from the form.
    facility_id uuid NOT NULL,  -- Where.
    asked_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was asked for.
    expires_at timestamp with time zone DEFAULT (now() + '30 days'::interval) NOT NULL,  -- From when on nobody sees it.
    person jsonb NOT NULL,  -- What the person wrote: names, birth, sex, how to be reached.
    CONSTRAINT registration_request_pkey PRIMARY KEY (registration_request_id),  -- This request is known already.
    CONSTRAINT registration_request_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility(facility_id),  -- Choose a facility that exists.
    CONSTRAINT registration_request_ends CHECK (((expires_at > asked_at) AND (expires_at <= (asked_at + '31 days'::interval)))),  -- A request ends within 31 days.
    CONSTRAINT registration_request_is_small CHECK (((jsonb_typeof(person) = 'object'::text) AND (octet_length((person)::text) <= 8192)))  -- Write less: a request holds 8,000 characters at most.
);
CREATE INDEX registration_request_expires_idx ON access.registration_request USING btree (expires_at);
CREATE INDEX registration_request_facility_idx ON access.registration_request USING btree (facility_id, asked_at);
ALTER TABLE access.registration_request FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.registration_request FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.registration_request TO healthtrack_migrator;

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
    opened_by xid8,  -- The transaction that broke the glass, in which nothing is open yet; null for all other care.
    opens text[],  -- Categories of sensitive rows that it opens; where it begins without a word of them, those that the provider's specialties treat, in an emergency all. Null opens none.
    CONSTRAINT care_relationship_pkey PRIMARY KEY (care_relationship_id),  -- This relationship is known already.
    CONSTRAINT care_relationship_is_not_repeated EXCLUDE USING gist (provider_id WITH =, patient_id WITH =, basis WITH =, valid_during WITH &&),  -- This provider has that access at that time already.
    CONSTRAINT care_relationship_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT care_relationship_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Add the provider first.
    CONSTRAINT care_relationship_basis_is_known CHECK ((basis = ANY (ARRAY['care_team'::text, 'visit'::text, 'referral'::text, 'emergency'::text]))),  -- Choose care_team, visit, referral or emergency.
    CONSTRAINT care_relationship_emergency_is_short_and_explained CHECK (((basis <> 'emergency'::text) OR COALESCE(((reason ~ '\S'::text) AND (upper(valid_during) <= (lower(valid_during) + '01:00:00'::interval))), false))),  -- Emergency access needs a reason and lasts 60 minutes at most.
    CONSTRAINT care_relationship_opens_known_categories CHECK ((opens <@ ARRAY['behavioural_health'::text, 'reproductive'::text, 'substance_use'::text, 'hiv'::text])),  -- Care opens categories among behavioural_health, reproductive, substance_use and hiv.
    CONSTRAINT care_relationship_period_is_half_open CHECK (((NOT isempty(valid_during)) AND lower_inc(valid_during) AND (NOT upper_inc(valid_during))))  -- Care has a beginning, and ends after it.
);
CREATE INDEX care_relationship_panel_idx ON access.care_relationship USING btree (provider_id) INCLUDE (patient_id, valid_during, opened_by, opens);
CREATE INDEX care_relationship_patient_idx ON access.care_relationship USING btree (patient_id);
CREATE TRIGGER care_relationship_is_stamped BEFORE INSERT OR UPDATE ON access.care_relationship FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER care_relationship_is_touched BEFORE UPDATE ON access.care_relationship FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER care_relationship_notes_who_opens BEFORE INSERT ON access.care_relationship FOR EACH ROW EXECUTE FUNCTION access.note_who_opens();  -- Trigger before each insert: notes which transaction opens a record in an emergency.
CREATE TRIGGER care_relationship_opens_what_is_treated BEFORE INSERT ON access.care_relationship FOR EACH ROW WHEN ((new.opens IS NULL)) EXECUTE FUNCTION access.open_categories();  -- Trigger before care begins without a word of what it opens: the categories that the provider treats.
CREATE TRIGGER care_relationship_stays_under_hold BEFORE DELETE ON access.care_relationship FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER emergencies_are_few BEFORE INSERT ON access.care_relationship FOR EACH ROW WHEN ((new.basis = 'emergency'::text)) EXECUTE FUNCTION access.count_emergencies();  -- Trigger before a record is opened in an emergency: refuses more than access.cap allows in 24 hours.
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
    scopes text[] NOT NULL,  -- What may be seen: chart, schedule, samples, billing, behavioural_health, reproductive, substance_use, hiv. None holds another; entries of a journal are shared one by one.
    purpose text NOT NULL,  -- treatment, second_opinion, family, research, insurance or other.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    acts text[] DEFAULT '{}'::text[] NOT NULL,  -- What may be done for the patient, by a proxy: schedule, consent, message.
    proxy_id uuid,  -- The proxy whose right it is; null for what a patient shares.
    CONSTRAINT grant_of_access_pkey PRIMARY KEY (grant_of_access_id),  -- This grant is known already.
    CONSTRAINT grant_of_access_account_fkey FOREIGN KEY (account_id) REFERENCES access.account(account_id),  -- Choose an account that exists.
    CONSTRAINT grant_of_access_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT grant_of_access_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider(provider_id),  -- Choose one of the network's providers.
    CONSTRAINT grant_of_access_proxy_fkey FOREIGN KEY (patient_id, proxy_id) REFERENCES access.proxy(patient_id, proxy_id),  -- Appoint the proxy first.
    CONSTRAINT grant_of_access_acts_are_known CHECK ((acts <@ ARRAY['schedule'::text, 'consent'::text, 'message'::text])),  -- Choose of schedule, consent and message.
    CONSTRAINT grant_of_access_acts_by_a_proxy CHECK (((acts = '{}'::text[]) OR ((proxy_id IS NOT NULL) AND (account_id IS NOT NULL)))),  -- Only a proxy acts for a patient: appoint one.
    CONSTRAINT grant_of_access_acts_on_what_it_shows CHECK (((NOT (acts @> '{schedule}'::text[])) OR (scopes @> '{schedule}'::text[]))),  -- Whoever books for a patient sees the schedule: name that scope too.
    CONSTRAINT grant_of_access_is_for_one CHECK ((num_nonnulls(account_id, provider_id) = 1)),  -- Grant access to one account or to one provider.
    CONSTRAINT grant_of_access_period_is_half_open CHECK (((NOT isempty(valid_during)) AND lower_inc(valid_during) AND (NOT upper_inc(valid_during)))),  -- A grant has a beginning, and ends after it.
    CONSTRAINT grant_of_access_purpose_is_known CHECK ((purpose = ANY (ARRAY['treatment'::text, 'second_opinion'::text, 'family'::text, 'research'::text, 'insurance'::text, 'other'::text]))),  -- Choose treatment, second_opinion, family, research, insurance or other.
    CONSTRAINT grant_of_access_scopes_are_known CHECK (((cardinality(scopes) > 0) AND (scopes <@ ARRAY['chart'::text, 'schedule'::text, 'samples'::text, 'billing'::text, 'behavioural_health'::text, 'reproductive'::text, 'substance_use'::text, 'hiv'::text])))  -- Choose at least one scope: chart, schedule, samples, billing, behavioural_health, reproductive, substance_use or hiv.
);
CREATE INDEX grant_of_access_account_idx ON access.grant_of_access USING btree (account_id) WHERE (revoked_at IS NULL);
CREATE INDEX grant_of_access_patient_idx ON access.grant_of_access USING btree (patient_id);
CREATE INDEX grant_of_access_provider_idx ON access.grant_of_access USING btree (provider_id) WHERE (revoked_at IS NULL);
CREATE INDEX grant_of_access_proxy_idx ON access.grant_of_access USING btree (proxy_id, patient_id) WHERE (proxy_id IS NOT NULL);
CREATE TRIGGER grant_of_access_is_stamped BEFORE INSERT OR UPDATE ON access.grant_of_access FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER grant_of_access_is_touched BEFORE UPDATE ON access.grant_of_access FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER grant_of_access_stays_under_hold BEFORE DELETE ON access.grant_of_access FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE access.grant_of_access FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.grant_of_access FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.grant_of_access TO healthtrack_migrator;

-- Who may read and act for a patient, by which authority and how long; what it opens are grants of access.
CREATE TABLE access.proxy (
    proxy_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- For whom.
    account_id uuid NOT NULL,  -- Who acts: the account of another person.
    related_person_id uuid,  -- Who that is to the patient; null where it was not said.
    verified_by uuid,  -- The account that appointed the proxy or saw the document; null where the owner entered it.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    ended_at timestamp with time zone,  -- When it was ended before its time; null while it was not.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    valid_during tstzrange NOT NULL,  -- The authority's own period; a guardian's right ends by the age of majority in any case.
    kind text NOT NULL,  -- parent or guardian (of a minor), conservator, power_of_attorney, or appointed (by the patient).
    document text,  -- Which document shows it: its kind, date and number; null where the patient appointed the proxy.
    jurisdiction text NOT NULL,  -- Whose law says when the patient is of age, by ISO 3166: US-AL.
    scopes text[] NOT NULL,  -- What may be read, by the words of a grant of access.
    acts text[] DEFAULT '{}'::text[] NOT NULL,  -- What may be done: schedule (book, move, cancel, wait), consent (to and join visits by video), message.
    updated_by text DEFAULT SESSION_USER NOT NULL,  -- Account or program that last changed it.
    CONSTRAINT proxy_pkey PRIMARY KEY (proxy_id),  -- This proxy is known already.
    CONSTRAINT proxy_id_with_patient_is_unique UNIQUE (patient_id, proxy_id),  -- This proxy is known already.
    CONSTRAINT proxy_account_fkey FOREIGN KEY (account_id) REFERENCES access.account(account_id),  -- Choose an account that exists.
    CONSTRAINT proxy_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT proxy_related_person_fkey FOREIGN KEY (patient_id, related_person_id) REFERENCES care.related_person(patient_id, related_person_id),  -- Name somebody who stands near this patient.
    CONSTRAINT proxy_verifier_fkey FOREIGN KEY (verified_by) REFERENCES access.account(account_id),  -- Choose an account that exists.
    CONSTRAINT proxy_acts_are_known CHECK ((acts <@ ARRAY['schedule'::text, 'consent'::text, 'message'::text])),  -- Choose of schedule, consent and message.
    CONSTRAINT proxy_document_is_short CHECK ((length(document) <= 400)),  -- Describe the document in 400 letters at most.
    CONSTRAINT proxy_jurisdiction_is_iso_3166 CHECK ((jurisdiction ~ '^[A-Z]{2}(-[A-Z0-9]{1,3})?$'::text)),  -- Give the jurisdiction as US or US-AL.
    CONSTRAINT proxy_kind_is_known CHECK ((kind = ANY (ARRAY['parent'::text, 'guardian'::text, 'conservator'::text, 'power_of_attorney'::text, 'appointed'::text]))),  -- Choose parent, guardian, conservator, power_of_attorney or appointed.
    CONSTRAINT proxy_period_is_half_open CHECK (((NOT isempty(valid_during)) AND (NOT lower_inf(valid_during)) AND lower_inc(valid_during) AND (NOT upper_inc(valid_during)))),  -- An authority has a beginning, and ends after it.
    CONSTRAINT proxy_shows_a_document CHECK (((kind = 'appointed'::text) OR COALESCE((document ~ '\S.{3,}'::text), false))),  -- Say which document shows this authority.
    CONSTRAINT proxy_shows_something CHECK ((cardinality(scopes) > 0))  -- Say what this proxy may see.
);
CREATE INDEX proxy_account_idx ON access.proxy USING btree (account_id);
CREATE INDEX proxy_patient_idx ON access.proxy USING btree (patient_id, related_person_id);
CREATE UNIQUE INDEX proxy_stands_once ON access.proxy USING btree (patient_id, account_id, kind) WHERE (ended_at IS NULL);
CREATE INDEX proxy_verifier_idx ON access.proxy USING btree (verified_by);
CREATE TRIGGER proxy_is_followed AFTER INSERT OR UPDATE ON access.proxy FOR EACH ROW EXECUTE FUNCTION access.follow_proxy();  -- Trigger after a proxy is written: its grants follow it.
CREATE TRIGGER proxy_is_lawful BEFORE INSERT OR UPDATE ON access.proxy FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION access.check_proxy();  -- Trigger before a proxy is written: an account of another person, a minor for a guardian, no confidential care past its age, and no change but the end.
CREATE TRIGGER proxy_is_stamped BEFORE INSERT OR UPDATE ON access.proxy FOR EACH ROW EXECUTE FUNCTION care.stamp();  -- Trigger before each write: what an account writes bears its name and the present time.
CREATE TRIGGER proxy_is_touched BEFORE UPDATE ON access.proxy FOR EACH ROW EXECUTE FUNCTION care.touch();  -- Trigger before each update: raises version, and says when and by whom.
CREATE TRIGGER proxy_stays_under_hold BEFORE DELETE ON access.proxy FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE access.proxy FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.proxy FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.proxy TO healthtrack_migrator;

-- Who looked at what, when, in which part, and whether it was allowed; chained, and partitioned by place.
CREATE TABLE access.audit_event (
    seq bigint NOT NULL,  -- Place in its chain, from 1 and without gaps.
    at timestamp with time zone NOT NULL,  -- When, by the server's clock.
    actor uuid,  -- The account that acted; null for a program.
    patient_id uuid,  -- Whose record; null where it is nobody's.
    on_behalf uuid,  -- The account for whom the actor acted; null where for itself.
    request_id uuid,  -- The request that it belongs to; null where there is none.
    part text NOT NULL,  -- The part in which the actor acted, or the program's login where nobody did.
    action text NOT NULL,  -- read, create, update, sign, export, erase, break_glass, grant, revoke, review, log_in or log_out.
    resource text NOT NULL,  -- What it was: a kind of look, with the categories that were open behind points (record.behavioural_health), a table, or a table and a key.
    outcome text NOT NULL,  -- allowed or denied.
    reason text,  -- Why, as a word: own, in_care, granted, emergency …; null where nothing was said.
    prev_hash bytea NOT NULL,  -- Digest of the event before in its chain; for the first what access.audit_origin gives.
    hash bytea NOT NULL,  -- SHA-256 over the event and prev_hash.
    chain smallint NOT NULL,  -- Which of the 64 chains it belongs to.
    CONSTRAINT audit_event_pkey PRIMARY KEY (chain, seq),  -- This event is written already.
    CONSTRAINT audit_event_action_is_known CHECK ((action = ANY (ARRAY['read'::text, 'create'::text, 'update'::text, 'sign'::text, 'export'::text, 'erase'::text, 'break_glass'::text, 'grant'::text, 'revoke'::text, 'review'::text, 'log_in'::text, 'log_out'::text]))),  -- Choose one of the known actions.
    CONSTRAINT audit_event_digests_are_whole CHECK (((octet_length(prev_hash) = 32) AND (octet_length(hash) = 32))),  -- A digest has 32 bytes.
    CONSTRAINT audit_event_holds_words_and_keys CHECK (((ltrim(part, 'abcdefghijklmnopqrstuvwxyz_'::text) = ''::text) AND ((length(part) >= 1) AND (length(part) <= 40)) AND ((reason IS NULL) OR ((ltrim(reason, 'abcdefghijklmnopqrstuvwxyz_'::text) = ''::text) AND ((length(reason) >= 1) AND (length(reason) <= 60)))) AND (((ltrim(resource, 'abcdefghijklmnopqrstuvwxyz_.'::text) = ''::text) AND ((length(resource) >= 1) AND (length(resource) <= 80))) OR (resource ~ '^([a-z_.]{1,80}/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|samples/[a-z][a-z0-9_]{0,79})$'::text)))),  -- An event holds words and keys, and nothing of a person.
    CONSTRAINT audit_event_outcome_is_known CHECK ((outcome = ANY (ARRAY['allowed'::text, 'denied'::text])))  -- Choose allowed or denied.
);
CREATE INDEX audit_event_actor_idx ON access.audit_event USING btree (actor, at);
CREATE INDEX audit_event_patient_idx ON access.audit_event USING btree (patient_id, at);
CREATE INDEX audit_event_time_idx ON access.audit_event USING brin (at);
CREATE TRIGGER audit_event_stays BEFORE DELETE OR UPDATE ON access.audit_event FOR EACH ROW EXECUTE FUNCTION access.refuse_change_of_audit();  -- Trigger: refuses each UPDATE, DELETE and TRUNCATE.
CREATE TRIGGER audit_event_stays_under_hold BEFORE DELETE ON access.audit_event FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
CREATE TRIGGER audit_event_stays_whole BEFORE TRUNCATE ON access.audit_event FOR EACH STATEMENT EXECUTE FUNCTION access.refuse_change_of_audit();  -- Trigger: refuses each UPDATE, DELETE and TRUNCATE.
ALTER TABLE access.audit_event FORCE ROW LEVEL SECURITY;
CREATE POLICY auditor ON access.audit_event FOR SELECT TO healthtrack_auditor USING (true);
CREATE POLICY maintenance ON access.audit_event FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY officer ON access.audit_event FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) = 'privacy_officer'::text));
CREATE POLICY own_actions ON access.audit_event FOR SELECT TO healthtrack_care USING (((actor = ( SELECT access.actor() AS actor)) AND (( SELECT access.part() AS part) IS NOT NULL)));
CREATE POLICY own_record ON access.audit_event FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT SELECT ON access.audit_event TO healthtrack_auditor;
GRANT SELECT ON access.audit_event TO healthtrack_care;
GRANT SELECT ON access.audit_event TO healthtrack_migrator;

-- The chains that audit events are appended to; whoever appends locks one row to the end of the transaction.
CREATE TABLE access.audit_chain (
    chain smallint NOT NULL,  -- Number of the chain, from 0 to 63.
    CONSTRAINT audit_chain_pkey PRIMARY KEY (chain),  -- This chain exists already.
    CONSTRAINT audit_chain_is_one_of_64 CHECK (((chain >= 0) AND (chain <= 63)))  -- A chain has a number from 0 to 63.
);
ALTER TABLE access.audit_chain FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.audit_chain FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT SELECT, UPDATE ON access.audit_chain TO healthtrack_migrator;

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
CREATE TRIGGER data_key_is_stamped BEFORE INSERT ON access.data_key FOR EACH ROW EXECUTE FUNCTION access.stamp_data_key();  -- Trigger before a data key is stored: one that an account makes is made now.
CREATE TRIGGER data_key_stays_under_hold BEFORE DELETE ON access.data_key FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE access.data_key FORCE ROW LEVEL SECURITY;
CREATE POLICY care ON access.data_key FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY care_is_made ON access.data_key FOR INSERT TO healthtrack_care WITH CHECK ((patient_id = ANY (( SELECT access.patients_in_care() AS patients_in_care)::uuid[])));
CREATE POLICY maintenance ON access.data_key FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON access.data_key FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY own_is_made ON access.data_key FOR INSERT TO healthtrack_care WITH CHECK ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
CREATE POLICY rolled ON access.data_key FOR ALL TO healthtrack_roller USING (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.data_key TO healthtrack_migrator;
GRANT DELETE, SELECT ON access.data_key TO healthtrack_roller;
GRANT INSERT, SELECT ON access.data_key TO healthtrack_care;

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
GRANT SELECT ON access.emergency TO healthtrack_care;

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

-- Classes of persons' rows: why they are kept, how long, and what an erasure does with them.
CREATE TABLE access.row_class (
    kept_for interval,  -- How long a row is kept from the moment that its table names (table_class.aged_by), then at_end; null for ever, which is the default.
    row_class text NOT NULL,  -- Key: identity, clinical, note …
    title text NOT NULL,  -- What the rows are.
    basis text NOT NULL,  -- By what law or for what purpose they are kept while nobody asks for an erasure.
    erasure text NOT NULL,  -- What an erasure of the person does: delete, anonymise (columns are emptied) or keep.
    at_end text DEFAULT 'delete'::text NOT NULL,  -- What happens to a row when its retention ends: delete or anonymise.
    reason text NOT NULL,  -- Why an erasure does that.
    CONSTRAINT row_class_pkey PRIMARY KEY (row_class),  -- This class is known already.
    CONSTRAINT row_class_end_is_known CHECK ((at_end = ANY (ARRAY['delete'::text, 'anonymise'::text]))),  -- At the end of a retention rows are deleted or anonymised.
    CONSTRAINT row_class_erasure_is_known CHECK ((erasure = ANY (ARRAY['delete'::text, 'anonymise'::text, 'keep'::text]))),  -- An erasure deletes, anonymises or keeps the rows of a class.
    CONSTRAINT row_class_is_kept_for_a_month_at_least CHECK ((kept_for >= '30 days'::interval)),  -- Keep rows for 30 days at least, or leave the retention out.
    CONSTRAINT row_class_is_snake_case CHECK ((row_class ~ '^[a-z][a-z_]{2,39}$'::text)),  -- Name a class in 3 to 40 small letters.
    CONSTRAINT row_class_says_why CHECK (((title ~ '\S'::text) AND (basis ~ '\S'::text) AND (reason ~ '\S'::text)))  -- Say what the rows are, why they are kept and why an erasure does what it does.
);
ALTER TABLE access.row_class FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.row_class FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.row_class TO healthtrack_migrator;

-- Which class the rows of a table are in, how a person's are found, and what of them is emptied.
CREATE TABLE access.table_class (
    relation text NOT NULL,  -- The table, with its schema.
    found_by text NOT NULL,  -- The column that says whose a row is.
    key_kind text DEFAULT 'patient'::text NOT NULL,  -- Of what that column holds the key: the patient, an account, session, member … of theirs; samples: found and erased by healthtrack archive erase.
    row_class text NOT NULL,  -- The class of its rows.
    aged_by text,  -- The column from which a retention counts, of a part as of a whole; null where rows have no age or do not expire.
    part_of text,  -- The table with whose rows its rows go, by the foreign key between both, once all of them are old enough; null where they expire by themselves.
    blanked text[] DEFAULT '{}'::text[] NOT NULL,  -- Columns that an erasure empties where it anonymises: a column becomes the word erased where it is filled, column=expression that value.
    kept text[] DEFAULT '{}'::text[] NOT NULL,  -- Columns of open text that stay where it anonymises: codes, units, numbers of a bill, words of a list.
    unless text,  -- A condition, the owner's, on which a row p does not expire, by the moment $1 before which rows do; null for none.
    CONSTRAINT table_class_pkey PRIMARY KEY (relation, found_by),  -- This column of the table is in a class already.
    CONSTRAINT table_class_row_class_fkey FOREIGN KEY (row_class) REFERENCES access.row_class(row_class),  -- Make the class of rows first.
    CONSTRAINT table_class_ages_by_persons CHECK (((aged_by IS NULL) OR (key_kind = 'patient'::text))),  -- Only rows with the key of their patient expire, since a legal hold is a patient's.
    CONSTRAINT table_class_is_a_table CHECK (((relation ~ '^(care|access|signal)\.[a-z_]+$'::text) AND (found_by ~ '^[a-z_0-9]+$'::text))),  -- Name the table with its schema, and a column of it.
    CONSTRAINT table_class_key_kind_is_known CHECK ((key_kind = ANY (ARRAY['patient'::text, 'account'::text, 'session'::text, 'proposal'::text, 'relationship'::text, 'policy'::text, 'member'::text, 'post'::text, 'reply'::text, 'samples'::text])))  -- Choose one of the kinds of keys that a person has.
);
CREATE INDEX table_class_row_class_idx ON access.table_class USING btree (row_class);
ALTER TABLE access.table_class FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.table_class FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.table_class TO healthtrack_migrator;

-- Requests to be erased, and what was decided.
CREATE TABLE access.erasure_request (
    erasure_request_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- Whose rows are to go.
    requested_by uuid NOT NULL,  -- The account that asked: the patient's, or a proxy's.
    decided_by uuid,  -- The privacy officer's account; null until it is decided.
    requested_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was asked for.
    decided_at timestamp with time zone,  -- When it was decided; null before.
    ended_at timestamp with time zone,  -- When it was refused, withdrawn or carried out; null before.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    status text DEFAULT 'requested'::text NOT NULL,  -- requested, granted, refused, withdrawn or done.
    reason text,  -- What the person said; null where nothing, and the word erased once it is done.
    decision_reason text,  -- Why it was granted or refused, without a name of anybody; null until it is decided.
    CONSTRAINT erasure_request_pkey PRIMARY KEY (erasure_request_id),  -- This request is known already.
    CONSTRAINT erasure_request_decider_fkey FOREIGN KEY (decided_by) REFERENCES access.account(account_id),  -- Make the account first.
    CONSTRAINT erasure_request_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Register the patient first.
    CONSTRAINT erasure_request_requester_fkey FOREIGN KEY (requested_by) REFERENCES access.account(account_id),  -- Make the account first.
    CONSTRAINT erasure_request_decision_says_who_and_why CHECK (( CASE status WHEN 'requested'::text THEN (num_nonnulls(decided_by, decided_at, decision_reason) = 0) WHEN 'withdrawn'::text THEN (num_nonnulls(decided_by, decided_at, decision_reason) = ANY (ARRAY[0, 3])) ELSE (num_nonnulls(decided_by, decided_at, decision_reason) = 3) END AND ((decision_reason ~ '\S.{4,}'::text) IS NOT FALSE) AND ((length(decision_reason) <= 2000) IS NOT FALSE))),  -- Say in a few words why an erasure is granted or refused.
    CONSTRAINT erasure_request_ends_at_a_time CHECK (((ended_at IS NOT NULL) = (status = ANY (ARRAY['refused'::text, 'withdrawn'::text, 'done'::text])))),  -- A request that is over has the time at which it ended.
    CONSTRAINT erasure_request_reason_is_short CHECK ((length(reason) <= 2000)),  -- Give the reason in 2000 letters at most.
    CONSTRAINT erasure_request_status_is_known CHECK ((status = ANY (ARRAY['requested'::text, 'granted'::text, 'refused'::text, 'withdrawn'::text, 'done'::text])))  -- A request is requested, granted, refused, withdrawn or done.
);
CREATE INDEX erasure_request_decider_idx ON access.erasure_request USING btree (decided_by);
CREATE UNIQUE INDEX erasure_request_is_one_at_a_time ON access.erasure_request USING btree (patient_id) WHERE (ended_at IS NULL);
CREATE INDEX erasure_request_patient_idx ON access.erasure_request USING btree (patient_id);
CREATE INDEX erasure_request_requester_idx ON access.erasure_request USING btree (requested_by);
CREATE TRIGGER erasure_request_stays_under_hold BEFORE DELETE ON access.erasure_request FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE access.erasure_request FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.erasure_request FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.erasure_request TO healthtrack_migrator;

-- Proofs of erasure: whose rows, by what decision, how many of each class; only added to, and without a fact of anybody.
CREATE TABLE access.erasure_proof (
    erasure_proof_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    patient_id uuid NOT NULL,  -- The key under which the rest stays, which names nobody any more.
    erasure_request_id uuid,  -- The request that was granted; null where another ground is.
    decided_by uuid,  -- The privacy officer's account; null where another ground is.
    erased_at timestamp with time zone DEFAULT now() NOT NULL,  -- When.
    ground text NOT NULL,  -- request, court_order, mistake (registered by mistake) or replay (a backup was restored).
    erased_by text DEFAULT SESSION_USER NOT NULL,  -- The login that carried it out.
    records uuid[] NOT NULL,  -- The keys of all records that went as one, this one among them.
    counts jsonb NOT NULL,  -- For each class how many rows were deleted, anonymised and kept.
    digest bytea NOT NULL,  -- SHA-256 of the rest of the row, as access.erasure_digest computes it.
    CONSTRAINT erasure_proof_pkey PRIMARY KEY (erasure_proof_id),  -- This proof is known already.
    CONSTRAINT erasure_proof_decider_fkey FOREIGN KEY (decided_by) REFERENCES access.account(account_id),  -- Name the account that decided.
    CONSTRAINT erasure_proof_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id),  -- Name the key of a patient.
    CONSTRAINT erasure_proof_request_fkey FOREIGN KEY (erasure_request_id) REFERENCES access.erasure_request(erasure_request_id),  -- Name a request that was granted.
    CONSTRAINT erasure_proof_counts_are_named CHECK ((jsonb_typeof(counts) = 'object'::text)),  -- Give the counts by the name of each class.
    CONSTRAINT erasure_proof_digest_is_whole CHECK ((octet_length(digest) = 32)),  -- A digest has 32 bytes.
    CONSTRAINT erasure_proof_ground_is_known CHECK ((ground = ANY (ARRAY['request'::text, 'court_order'::text, 'mistake'::text, 'replay'::text]))),  -- Choose one of the known grounds: request, court_order, mistake or replay.
    CONSTRAINT erasure_proof_is_of_whom_it_names CHECK ((patient_id = ANY (records))),  -- Name the patient among the records that went.
    CONSTRAINT erasure_proof_of_a_request_names_it CHECK ((num_nonnulls(erasure_request_id, decided_by) = CASE ground WHEN 'request'::text THEN 2 ELSE 0 END))  -- Name the request and who decided it where a request is the ground, and only there.
);
CREATE INDEX erasure_proof_decider_idx ON access.erasure_proof USING btree (decided_by);
CREATE INDEX erasure_proof_patient_idx ON access.erasure_proof USING btree (patient_id);
CREATE INDEX erasure_proof_records_idx ON access.erasure_proof USING gin (records);
CREATE INDEX erasure_proof_request_idx ON access.erasure_proof USING btree (erasure_request_id);
CREATE TRIGGER erasure_proof_is_not_emptied BEFORE TRUNCATE ON access.erasure_proof FOR EACH STATEMENT EXECUTE FUNCTION access.refuse_change_of_proof();  -- Trigger before a proof of an erasure changes or goes: refuses it to everybody, the owner among them.
CREATE TRIGGER erasure_proof_is_only_added_to BEFORE DELETE OR UPDATE ON access.erasure_proof FOR EACH ROW EXECUTE FUNCTION access.refuse_change_of_proof();  -- Trigger before a proof of an erasure changes or goes: refuses it to everybody, the owner among them.
CREATE TRIGGER erasure_proof_stays_under_hold BEFORE DELETE ON access.erasure_proof FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE access.erasure_proof FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.erasure_proof FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.erasure_proof TO healthtrack_migrator;

-- Erasures that run; nobody but their own transaction ever sees a row.
CREATE TABLE access.erasure_run (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,  -- The transaction that erases.
    CONSTRAINT erasure_run_pkey PRIMARY KEY (xid)  -- This transaction erases already.
);
ALTER TABLE access.erasure_run FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.erasure_run FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.erasure_run TO healthtrack_migrator;

-- How many rows of a class expired on a day; only added to.
CREATE TABLE access.expiry_proof (
    expired_on date NOT NULL,  -- The day, of the clock of the database.
    row_class text NOT NULL,  -- Rows of which class.
    deleted bigint DEFAULT 0 NOT NULL,  -- How many were deleted.
    anonymised bigint DEFAULT 0 NOT NULL,  -- How many were anonymised.
    kept_for interval NOT NULL,  -- The retention that had ended, as it was when the first row expired.
    CONSTRAINT expiry_proof_pkey PRIMARY KEY (row_class, expired_on),  -- This day's proof of the class is known already.
    CONSTRAINT expiry_proof_row_class_fkey FOREIGN KEY (row_class) REFERENCES access.row_class(row_class),  -- Name a class of rows.
    CONSTRAINT expiry_proof_counts_are_not_negative CHECK (((deleted >= 0) AND (anonymised >= 0)))  -- Counts of what expired are not negative.
);
CREATE TRIGGER expiry_proof_is_not_emptied BEFORE TRUNCATE ON access.expiry_proof FOR EACH STATEMENT EXECUTE FUNCTION access.refuse_change_of_proof();  -- Trigger before a proof of an erasure changes or goes: refuses it to everybody, the owner among them.
CREATE TRIGGER expiry_proof_is_only_added_to BEFORE DELETE OR UPDATE ON access.expiry_proof FOR EACH ROW EXECUTE FUNCTION access.keep_expiry_proof();  -- Trigger before a proof of expiry changes or goes: its counts rise on its day, and nothing else of it changes.
ALTER TABLE access.expiry_proof FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.expiry_proof FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.expiry_proof TO healthtrack_migrator;

-- On which day the rows of a table were last all looked at for the end of their retention.
CREATE TABLE access.retention_turn (
    done_on date NOT NULL,  -- The day.
    relation text NOT NULL,  -- The table, with its schema.
    blocked text,  -- The SQLSTATE of what kept its rows from going on that day; null where nothing did.
    CONSTRAINT retention_turn_pkey PRIMARY KEY (relation)  -- This table has had its turn already.
);
ALTER TABLE access.retention_turn FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.retention_turn FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.retention_turn TO healthtrack_migrator;

-- How often something may be done through the portal; the owner changes it by UPDATE.
CREATE TABLE access.cap (
    most integer NOT NULL,  -- How often at most; the unit is in the name.
    cap text NOT NULL,  -- Stable name.
    why text NOT NULL,  -- What it limits, and against what.
    CONSTRAINT cap_pkey PRIMARY KEY (cap),  -- This cap is set already.
    CONSTRAINT cap_is_not_negative CHECK ((most >= 0)),  -- A cap is zero or more.
    CONSTRAINT cap_says_why CHECK ((why ~ '\S'::text))  -- Say what the cap is for.
);
ALTER TABLE access.cap FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.cap FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.cap TO healthtrack_migrator;

-- The key of the errors that published means carry: who has it takes them off.
CREATE TABLE access.blur_key (
    made_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was made.
    only_one boolean DEFAULT true NOT NULL,  -- Always true: a database has one.
    secret bytea DEFAULT sha256((uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))) NOT NULL,  -- 32 random bytes.
    CONSTRAINT blur_key_pkey PRIMARY KEY (only_one),  -- There is a key already.
    CONSTRAINT blur_key_is_whole CHECK ((octet_length(secret) = 32)),  -- The key has 32 bytes.
    CONSTRAINT blur_key_only_one_is_true CHECK (only_one)  -- A database has one key.
);
ALTER TABLE access.blur_key FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.blur_key FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.blur_key TO healthtrack_migrator;

-- The keys of national numbers: without them no number is found or read.
CREATE TABLE access.number_key (
    made_at timestamp with time zone DEFAULT now() NOT NULL,  -- When they were made.
    only_one boolean DEFAULT true NOT NULL,  -- Always true: a database has one pair.
    digest_secret bytea DEFAULT sha256((uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))) NOT NULL,  -- 32 random bytes: the key of the digests.
    seal_secret bytea DEFAULT sha256((uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))) NOT NULL,  -- 32 random bytes: wraps the key of each sealed number.
    CONSTRAINT number_key_pkey PRIMARY KEY (only_one),  -- There are keys already.
    CONSTRAINT number_key_is_whole CHECK (((octet_length(digest_secret) = 32) AND (octet_length(seal_secret) = 32))),  -- A key has 32 bytes.
    CONSTRAINT number_key_only_one_is_true CHECK (only_one)  -- A database has one pair of keys.
);
ALTER TABLE access.number_key FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON access.number_key FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON access.number_key TO healthtrack_migrator;

-- Who looked at the acting patient's record, or tried to.
--   seq: Place in the chain of events.
--   at: When.
--   who: A provider's name, or the part of whoever else it was; null for a program.
--   part: In which part.
--   action: What was done.
--   resource: To what.
--   outcome: allowed or denied.
--   reason: Why it was allowed, as a word; null where nothing was said.
--   chain: In which of the 64 chains of events.
CREATE VIEW access.my_access_log WITH (security_invoker=true) AS
 SELECT seq,
    at,
    access.name_of_account(actor) AS who,
    part,
    action,
    resource,
    outcome,
    reason,
    chain
   FROM access.audit_event e
  WHERE (patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[]));
GRANT SELECT ON access.my_access_log TO healthtrack_care;

-- Looks at a record, and tries, that no care, visit or grant explains; for the privacy officer and the auditor.
--   seq: Place in the chain of events.
--   at: When.
--   actor: The account that looked.
--   patient_id: Whose record.
--   part: In which part.
--   action: What was done.
--   resource: To what.
--   outcome: allowed or denied.
--   chain: In which of the 64 chains of events.
CREATE VIEW access.unexplained_access WITH (security_barrier=true) AS
 SELECT e.seq,
    e.at,
    e.actor,
    e.patient_id,
    e.part,
    e.action,
    e.resource,
    e.outcome,
    e.chain
   FROM (access.audit_event e
     JOIN access.account a ON ((a.account_id = e.actor)))
  WHERE (( SELECT access.is_reviewer() AS is_reviewer) AND (e.patient_id IS NOT NULL) AND (e.patient_id IS DISTINCT FROM a.patient_id) AND (e.action <> 'break_glass'::text) AND (e.reason IS DISTINCT FROM 'registration'::text) AND (a.part <> 'privacy_officer'::text) AND (NOT ((e.action = 'create'::text) AND (e.resource ~~ 'care.patient/%'::text))) AND (NOT (EXISTS ( SELECT
           FROM access.care_relationship r
          WHERE ((r.patient_id = e.patient_id) AND (r.provider_id = a.provider_id) AND (r.valid_during @> e.at) AND (r.basis = ANY (ARRAY['care_team'::text, 'referral'::text, 'emergency'::text])))))) AND (NOT (EXISTS ( SELECT
           FROM care.appointment v
          WHERE ((v.patient_id = e.patient_id) AND ((v.provider_id = a.provider_id) OR (v.facility_id = a.facility_id)) AND (v.status <> 'cancelled'::text) AND ((lower(v.during) >= (e.at - '30 days'::interval)) AND (lower(v.during) <= (e.at + '30 days'::interval))))))) AND (NOT (EXISTS ( SELECT
           FROM access.grant_of_access g
          WHERE ((g.patient_id = e.patient_id) AND ((g.account_id = a.account_id) OR (g.provider_id = a.provider_id)) AND (g.valid_during @> e.at) AND ((g.revoked_at IS NULL) OR (g.revoked_at > e.at)))))) AND (NOT access.had_encounter(e.patient_id, a.provider_id, a.facility_id, e.at)));
GRANT SELECT ON access.unexplained_access TO healthtrack_auditor;
GRANT SELECT ON access.unexplained_access TO healthtrack_care;

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
GRANT EXECUTE ON FUNCTION care.acting_provider() TO healthtrack_care, healthtrack_migrator;

-- A normal number, cut at 3, that is always the same for a cell and the people in it. For functions that have asked who acts.
CREATE OR REPLACE FUNCTION care.blur(cell text, people uuid[])
 RETURNS double precision
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    -- Two numbers of 48 bits, each within 0 and 1, made normal by Box and Muller.
    SELECT greatest(-3, least(3, sqrt(-2 * ln(part.a)) * cos(2 * pi() * part.b)))
    FROM (SELECT ((('x' || left(digest.hex, 12))::bit(48)::bigint + 1) / 281474976710657.0)::float8 AS a,
                 ((('x' || substr(digest.hex, 13, 12))::bit(48)::bigint + 1) / 281474976710657.0)::float8 AS b
          FROM (SELECT encode(sha256(k.secret || convert_to(cell || array_to_string(people, ','), 'UTF8')), 'hex') AS hex
                FROM access.blur_key k) AS digest) AS part
$function$;
REVOKE EXECUTE ON FUNCTION care.blur(text,uuid[]) FROM PUBLIC;

-- The digest by which a number is found; for the owner's functions.
CREATE OR REPLACE FUNCTION care.digest_of(system text, issuer text, value text)
 RETURNS bytea
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
            SELECT sealing.hmac(convert_to(concat_ws('|', system, issuer, value), 'UTF8'), k.digest_secret, 'sha256')
            FROM access.number_key k
        $function$;
REVOKE EXECUTE ON FUNCTION care.digest_of(text,text,text) FROM PUBLIC;

-- Lets rows of one table expire whose class has a retention that ended, 500 at most with their parts; how many. Nothing expires whose class has none.
CREATE OR REPLACE FUNCTION care.expire_rows()
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    turn record;
    came record;
BEGIN
    SELECT t.relation, t.row_class, t.aged_by, t.unless, c.kept_for, c.at_end INTO turn
    FROM access.table_class t JOIN access.row_class c USING (row_class)
    LEFT JOIN access.retention_turn r USING (relation)
    WHERE c.kept_for IS NOT NULL AND t.aged_by IS NOT NULL AND t.found_by = 'patient_id'
      -- Parts are deleted with their whole, and emptied by themselves.
      AND (t.part_of IS NULL OR c.at_end = 'anonymise')
      AND (r.done_on IS NULL OR r.done_on < current_date)
    ORDER BY r.done_on NULLS FIRST, t.relation LIMIT 1;
    IF turn.relation IS NULL THEN
        RETURN 0;
    END IF;
    came := access.expire_of(turn.relation, turn.aged_by, turn.kept_for, turn.at_end, turn.unless);
    IF came.done > 0 THEN
        INSERT INTO access.expiry_proof AS p (expired_on, row_class, deleted, anonymised, kept_for)
        VALUES (current_date, turn.row_class, CASE turn.at_end WHEN 'delete' THEN came.done ELSE 0 END,
                CASE turn.at_end WHEN 'delete' THEN 0 ELSE came.done END, turn.kept_for)
        ON CONFLICT (row_class, expired_on) DO UPDATE
        SET deleted = p.deleted + excluded.deleted, anonymised = p.anonymised + excluded.anonymised;
    END IF;
    IF came.is_over THEN
        INSERT INTO access.retention_turn AS r (relation, done_on, blocked) VALUES (turn.relation, current_date, came.stopped)
        ON CONFLICT (relation) DO UPDATE SET done_on = excluded.done_on, blocked = excluded.blocked;
    END IF;
    RETURN came.done;
END $function$;
REVOKE EXECUTE ON FUNCTION care.expire_rows() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.expire_rows() TO healthtrack_ingest, healthtrack_migrator;

-- The number that was sealed; for the owner's functions.
CREATE OR REPLACE FUNCTION care.open_number(sealed bytea)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
            SELECT sealing.pgp_sym_decrypt(sealed, encode(k.seal_secret, 'hex')) FROM access.number_key k
        $function$;
REVOKE EXECUTE ON FUNCTION care.open_number(bytea) FROM PUBLIC;

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
GRANT EXECUTE ON FUNCTION care.register_patient(jsonb) TO healthtrack_care, healthtrack_migrator;

-- A number as ciphertext; for the owner's functions.
CREATE OR REPLACE FUNCTION care.seal_number(value text)
 RETURNS bytea
 LANGUAGE sql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
            SELECT sealing.pgp_sym_encrypt(value, encode(k.seal_secret, 'hex'),
                                        'cipher-algo=aes256, sess-key=1, compress-algo=0, s2k-mode=1')
            FROM access.number_key k
        $function$;
REVOKE EXECUTE ON FUNCTION care.seal_number(text) FROM PUBLIC;

-- For the program that signs people in: sets a password by a one-time link, ends every session, passkey and link to a provider; gives the login.
CREATE OR REPLACE FUNCTION access.accept_invitation(token_hash bytea, password_hash text)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.accept_invitation(bytea,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.accept_invitation(bytea,text) TO healthtrack_sign_in;

-- Locks an account that the caller keeps, and gives it; refuses any other.
CREATE OR REPLACE FUNCTION access.account_kept(me access.caller, account uuid)
 RETURNS access.account
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    own  constant access.account := access.lock_accounts(me, account);
    kept access.account;
BEGIN
    IF account = me.account_id THEN
        PERFORM access.refuse('account_is_changed_by_another', 'Ask somebody else to change your own account.');
    END IF;
    SELECT * INTO kept FROM access.account a WHERE a.account_id = account AND access.may_keep(own, a.part, a.facility_id);
    IF NOT FOUND THEN
        PERFORM access.refuse('account_is_kept_by_who_may', 'Ask an administrator of the network, or the manager of the facility.');
    END IF;
    RETURN kept;
END $function$;
REVOKE EXECUTE ON FUNCTION access.account_kept(access.caller,uuid) FROM PUBLIC;

-- The account of a provider, or else of a patient; null where there is none that acts. For functions: nobody is shown the key of another's account.
CREATE OR REPLACE FUNCTION access.account_of(provider uuid, patient uuid)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT a.account_id FROM access.account a
    WHERE a.disabled_at IS NULL AND (a.provider_id = account_of.provider OR a.patient_id = account_of.patient)
    ORDER BY a.provider_id IS NULL LIMIT 1
$function$;
REVOKE EXECUTE ON FUNCTION access.account_of(uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.account_of(uuid,uuid) TO healthtrack_care;

-- Accounts that the caller keeps, by login, with how many sessions stand.
CREATE OR REPLACE FUNCTION access.accounts_kept(me access.caller, of_part text, facility uuid, after_login text, rows_max integer)
 RETURNS TABLE(account_id uuid, part text, login text, facility_id uuid, provider_id uuid, disabled_at timestamp with time zone, version integer, sessions bigint)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    own access.account;
BEGIN
    SELECT * INTO own FROM access.account a WHERE a.account_id = me.account_id;
    IF own.part NOT IN ('network_admin', 'facility_manager') THEN
        PERFORM access.refuse('account_is_kept_by_who_may', 'Ask an administrator of the network, or the manager of the facility.');
    END IF;
    RETURN QUERY
        SELECT a.account_id, a.part, a.login, a.facility_id, a.provider_id, a.disabled_at, a.version,
               (SELECT count(*) FROM access.session s
                WHERE s.account_id = a.account_id AND s.revoked_at IS NULL
                  AND clock_timestamp() < least(s.expires_at, s.seen_at + s.idle_for))
        FROM access.account a
        WHERE access.may_keep(own, a.part, a.facility_id) AND (of_part IS NULL OR a.part = of_part)
          AND (facility IS NULL OR a.facility_id = facility) AND (after_login IS NULL OR a.login > after_login)
        ORDER BY a.login LIMIT least(greatest(rows_max, 1), 200);
END $function$;
REVOKE EXECUTE ON FUNCTION access.accounts_kept(access.caller,text,uuid,text,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.accounts_kept(access.caller,text,uuid,text,integer) TO healthtrack_care;

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
GRANT EXECUTE ON FUNCTION access.acting_provider() TO healthtrack_care, healthtrack_migrator;

-- For the program that signs people in: keeps a passkey of a login, which its device has proved; audited.
CREATE OR REPLACE FUNCTION access.add_passkey(login text, name text, counter bigint, credential_id bytea, public_key bytea)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.add_passkey(text,text,bigint,bytea,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.add_passkey(text,text,bigint,bytea,bytea) TO healthtrack_sign_in;

-- Appends an event to a chain that nobody else holds; gives its place there. Place, moment and digests are set here.
CREATE OR REPLACE FUNCTION access.append_event(event access.audit_event)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    LOCK TABLE ONLY access.audit_event IN ROW EXCLUSIVE MODE;
    event.chain := access.take_audit_chain();
    -- Statements of their own: they see what was committed before the chain was had. Where the transaction has one
    -- snapshot for all its statements they may not, and the key refuses the fork.
    SELECT e.seq + 1, e.hash INTO event.seq, event.prev_hash
    FROM access.audit_event_next e WHERE e.chain = event.chain ORDER BY e.seq DESC LIMIT 1;
    IF event.seq IS NULL THEN
        SELECT e.seq + 1, e.hash INTO event.seq, event.prev_hash
        FROM access.audit_event_now e WHERE e.chain = event.chain ORDER BY e.seq DESC LIMIT 1;
    END IF;
    IF event.seq IS NULL THEN
        SELECT e.seq + 1, e.hash INTO event.seq, event.prev_hash
        FROM access.audit_event e WHERE e.chain = event.chain ORDER BY e.seq DESC LIMIT 1;
    END IF;
    IF event.seq IS NULL THEN
        event.seq := 1;
        event.prev_hash := access.audit_origin(event.chain);
    END IF;
    event.at := clock_timestamp();
    event.hash := access.audit_digest(event);
    INSERT INTO access.audit_event SELECT event.*;
    RETURN event.seq;
END $function$;
REVOKE EXECUTE ON FUNCTION access.append_event(access.audit_event) FROM PUBLIC;

-- Lets an account read and act for a patient, by the patient's word or a document that staff has seen; audited; gives the key.
CREATE OR REPLACE FUNCTION access.appoint_proxy(me access.caller, patient uuid, to_account uuid, related_person uuid, kind text, document text, jurisdiction text, scopes text[], acts text[], until timestamp with time zone)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.appoint_proxy(access.caller,uuid,uuid,uuid,text,text,text,text[],text[],timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.appoint_proxy(access.caller,uuid,uuid,uuid,text,text,text,text[],text[],timestamp with time zone) TO healthtrack_care;

-- Appends an event about the actor, in this transaction. Gives its place in its chain.
CREATE OR REPLACE FUNCTION access.audit(action text, patient_id uuid, resource text, outcome text, reason text DEFAULT NULL::text, request_id uuid DEFAULT NULL::uuid, on_behalf uuid DEFAULT NULL::uuid)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    event access.audit_event;
BEGIN
    event.actor := access.actor();
    event.patient_id := audit.patient_id;
    event.on_behalf := audit.on_behalf;
    event.request_id := audit.request_id;
    event.part := coalesce(access.part(), CASE WHEN event.actor IS NULL THEN 'program' ELSE 'unknown' END);
    event.action := audit.action;
    event.resource := audit.resource;
    event.outcome := audit.outcome;
    event.reason := audit.reason;
    RETURN access.append_event(event);
END $function$;
REVOKE EXECUTE ON FUNCTION access.audit(text,uuid,text,text,text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.audit(text,uuid,text,text,text,uuid,uuid) TO healthtrack_care, healthtrack_migrator;

-- SHA-256 over the digest before an event and the event's encoding; the chain's number is part of it but for chain 0.
CREATE OR REPLACE FUNCTION access.audit_digest(event access.audit_event)
 RETURNS bytea
 LANGUAGE plpgsql
 IMMUTABLE PARALLEL SAFE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    place  constant text := event.seq;
    moment constant text := (extract(epoch FROM event.at) * 1000000)::bigint;
BEGIN
    RETURN sha256(event.prev_hash || convert_to(concat(
        length(place), ':', place, ',', length(moment), ':', moment, ',',
        coalesce('36:' || event.actor, '-'), ',', coalesce('36:' || event.patient_id, '-'), ',',
        coalesce('36:' || event.on_behalf, '-'), ',', coalesce('36:' || event.request_id, '-'), ',',
        octet_length(event.part), ':', event.part, ',', octet_length(event.action), ':', event.action, ',',
        octet_length(event.resource), ':', event.resource, ',', octet_length(event.outcome), ':', event.outcome, ',',
        coalesce(octet_length(event.reason) || ':' || event.reason, '-'),
        CASE event.chain WHEN 0 THEN '' ELSE ',' || event.chain END), 'UTF8'));
END $function$;
REVOKE EXECUTE ON FUNCTION access.audit_digest(access.audit_event) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.audit_digest(access.audit_event) TO healthtrack_auditor, healthtrack_migrator;

-- Place and digest of the last event of each chain that has one: to be kept where nobody who could change the chains can write.
CREATE OR REPLACE FUNCTION access.audit_heads()
 RETURNS TABLE(chain smallint, seq bigint, hash bytea)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT chain, last.seq, last.hash FROM generate_series(0, 63) AS number CROSS JOIN LATERAL CAST(number AS smallint) AS chain
    CROSS JOIN LATERAL (SELECT e.seq, e.hash FROM access.audit_event e
                        WHERE e.chain = number::smallint ORDER BY e.seq DESC LIMIT 1) AS last
    ORDER BY chain
$function$;
REVOKE EXECUTE ON FUNCTION access.audit_heads() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.audit_heads() TO healthtrack_auditor, healthtrack_migrator;

-- What the first event of a chain follows: 32 zero bytes for chain 0, a digest of its number for every other.
CREATE OR REPLACE FUNCTION access.audit_origin(chain smallint)
 RETURNS bytea
 LANGUAGE sql
 IMMUTABLE PARALLEL SAFE
RETURN CASE chain WHEN 0 THEN decode(repeat('00'::text, 32), 'hex'::text) ELSE sha256(convert_to(('access.audit_chain/'::text || chain), 'UTF8'::name)) END;
REVOKE EXECUTE ON FUNCTION access.audit_origin(smallint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.audit_origin(smallint) TO healthtrack_auditor, healthtrack_migrator;

-- Appends what a program did to what is kept of a patient, in this transaction. Gives its place in its chain.
CREATE OR REPLACE FUNCTION access.audit_program(action text, patient_id uuid, resource text)
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    event access.audit_event;
BEGIN
    event.patient_id := audit_program.patient_id;
    event.part := 'program';
    event.action := audit_program.action;
    event.resource := audit_program.resource;
    event.outcome := 'allowed';
    RETURN access.append_event(event);
END $function$;
REVOKE EXECUTE ON FUNCTION access.audit_program(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.audit_program(text,uuid,text) TO healthtrack_migrator, healthtrack_roller;

-- From now on this transaction is an erasure, which rules of change let through.
CREATE OR REPLACE FUNCTION access.begin_erasing()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO access.erasure_run DEFAULT VALUES;
    PERFORM set_config('healthtrack.erasing', 'on', true);
    SET CONSTRAINTS ALL DEFERRED;
END $function$;
REVOKE EXECUTE ON FUNCTION access.begin_erasing() FROM PUBLIC;

-- For the program that signs people in: keeps what a device is to sign, for a login that adds a passkey or, by null, to sign in; seconds to wait, else 0.
CREATE OR REPLACE FUNCTION access.begin_passkey(login text, address text, token_hash bytea, challenge bytea)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.begin_passkey(text,text,bytea,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.begin_passkey(text,text,bytea,bytea) TO healthtrack_sign_in;

-- For the program that signs people in: takes a guess at a login from an address; seconds to wait, else what is verified against.
CREATE OR REPLACE FUNCTION access.begin_sign_in(login text, address text)
 RETURNS TABLE(wait_s integer, password_hash text, totp_secret bytea)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.begin_sign_in(text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.begin_sign_in(text,text) TO healthtrack_sign_in;

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
GRANT EXECUTE ON FUNCTION access.break_glass(uuid,text) TO healthtrack_care;

-- The most that a cap allows; null, which is no limit, where its row was removed. For rules that run as the owner.
CREATE OR REPLACE FUNCTION access.cap_of(asked text)
 RETURNS integer
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT c.most FROM access.cap c WHERE c.cap = asked
$function$;
REVOKE EXECUTE ON FUNCTION access.cap_of(text) FROM PUBLIC;

-- Providers who care for a patient at this moment, why and until when; for a function that has looked.
CREATE OR REPLACE FUNCTION access.care_team_of(patient uuid)
 RETURNS TABLE(provider_id uuid, name text, basis text, from_at timestamp with time zone, until_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT r.provider_id, concat_ws(' ', p.given_name, p.family_name), r.basis, lower(r.valid_during), upper(r.valid_during)
    FROM access.care_relationship r JOIN care.provider p USING (provider_id)
    WHERE r.patient_id = patient AND r.valid_during @> clock_timestamp()
    ORDER BY p.family_name, p.given_name, r.provider_id, lower(r.valid_during) LIMIT 200
$function$;
REVOKE EXECUTE ON FUNCTION access.care_team_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.care_team_of(uuid) TO healthtrack_care;

-- Categories of sensitive rows of this patient that care or a grant opens to the actor at this moment; none for the patient, to whom all is open. Of no patient: those that are open for anybody.
CREATE OR REPLACE FUNCTION access.categories_open(patient uuid)
 RETURNS text[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF patient IS NULL THEN
        RETURN (
            SELECT coalesce(array_agg(category ORDER BY category), '{}')
            FROM unnest(access.categories()) AS category
            WHERE access.patients_opened(category) <> '{}');
    END IF;
    RETURN (
        SELECT coalesce(array_agg(category ORDER BY category), '{}')
        FROM (SELECT unnest(r.opens)
              FROM access.account a JOIN access.care_relationship r USING (provider_id)
              WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND r.patient_id = patient
                AND r.valid_during @> clock_timestamp() AND access.sees_newest() AND access.works(a.provider_id)
                AND (r.opened_by = pg_current_xact_id_if_assigned()) IS NOT TRUE
              UNION
              SELECT category
              FROM unnest(access.categories()) AS category
              WHERE patient = ANY (access.patients_granted(category))) AS opened (category)
        WHERE patient <> ALL (access.own_patients()));
END $function$;
REVOKE EXECUTE ON FUNCTION access.categories_open(uuid) FROM PUBLIC;

-- For the program that signs people in: another password; ends every other session and open link of the account; audited.
CREATE OR REPLACE FUNCTION access.change_password(login text, password_hash text, token_hash bytea)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.change_password(text,text,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.change_password(text,text,bytea) TO healthtrack_sign_in;

-- Trigger before an account is written by another: not the own one, no other part, and great power by two alone.
CREATE OR REPLACE FUNCTION access.check_account()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    me constant uuid := access.actor();
BEGIN
    IF me IS NULL THEN
        RETURN NEW;
    ELSIF TG_OP = 'UPDATE' AND OLD.account_id = me THEN
        PERFORM access.refuse('account_is_changed_by_another', 'Ask somebody else to change your own account.');
    ELSIF TG_OP = 'UPDATE' AND (NEW.part, NEW.patient_id, NEW.provider_id)
                               IS DISTINCT FROM (OLD.part, OLD.patient_id, OLD.provider_id) THEN
        PERFORM access.refuse('account_keeps_its_part', 'Disable this account, and open one of the other part.');
    ELSIF NEW.part IN ('privacy_officer', 'network_admin') AND NEW.disabled_at IS NULL
          AND (TG_OP = 'INSERT' OR OLD.disabled_at IS NOT NULL) AND NOT EXISTS (
              SELECT FROM access.account_proposal p
              WHERE p.login = NEW.login AND p.part = NEW.part AND p.outcome = 'confirmed' AND p.decided_at = now()
                AND p.decided_by = me) THEN
        PERFORM access.refuse('account_is_opened_by_two', 'Propose this account, and let another administrator confirm it.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION access.check_account() FROM PUBLIC;

-- Refuses to read in a transaction that has written, and where no other, committed transaction of this session recorded the look within five minutes.
CREATE OR REPLACE FUNCTION access.check_look(me access.caller, look uuid, patient uuid, kind text)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF me.has_written THEN
        PERFORM access.refuse('reading_comes_before_writing', 'Read in a transaction that has written nothing yet.');
    ELSIF NOT EXISTS (
        SELECT FROM access.look l
        WHERE l.look_id = look AND l.session_id = me.session_id AND l.patient_id IS NOT DISTINCT FROM patient
          AND l.kind = check_look.kind AND l.looked_at > clock_timestamp() - INTERVAL '5 minutes'
          AND l.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()
          -- What was opened since, the event does not name.
          AND (l.opens @> access.categories_open(patient)
               OR NOT (SELECT k.sensitive FROM access.look_kind k WHERE k.kind = split_part(check_look.kind, '/', 1)))
    ) THEN
        PERFORM access.refuse('look_is_recorded', 'Record the look, commit it, and read within five minutes.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION access.check_look(access.caller,uuid,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.check_look(access.caller,uuid,uuid,text) TO healthtrack_care;

-- Refuses what no other, committed transaction of this session proposed within five minutes.
CREATE OR REPLACE FUNCTION access.check_proposal(me access.caller, proposal uuid)
 RETURNS void
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF NOT EXISTS (
        SELECT FROM access.proposal p
        WHERE p.proposal_id = proposal AND p.session_id = me.session_id
          AND p.proposed_at > clock_timestamp() - INTERVAL '5 minutes'
          AND p.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()) THEN
        PERFORM access.refuse('proposal_is_recorded', 'Propose the person, commit it, and register within five minutes.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION access.check_proposal(access.caller,uuid) FROM PUBLIC;

-- Trigger before a proxy is written: an account of another person, a minor for a guardian, no confidential care past its age, and no change but the end.
CREATE OR REPLACE FUNCTION access.check_proxy()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.check_proxy() FROM PUBLIC;

-- Refuses to let an account go that is one of the last two administrators, or the last privacy officer.
CREATE OR REPLACE FUNCTION access.check_that_some_stay(leaves access.account)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
DECLARE
    -- An administrator is opened by two.
    least_left constant integer := CASE leaves.part WHEN 'network_admin' THEN 2 WHEN 'privacy_officer' THEN 1 ELSE 0 END;
BEGIN
    IF least_left = 0 OR leaves.disabled_at IS NOT NULL THEN
        RETURN;
    END IF;
    -- One at a time, since what is under way is not counted.
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.part.' || leaves.part, 0));
    IF (SELECT count(*) FROM access.account a
        WHERE a.part = leaves.part AND a.disabled_at IS NULL AND a.account_id <> leaves.account_id) < least_left THEN
        PERFORM access.refuse('accounts_of_great_power_stay',
            'Two administrators and a privacy officer stay: open another account of this part first.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION access.check_that_some_stay(access.account) FROM PUBLIC;

-- Takes one of those found for who was to be registered, and ends the proposal; audited; gives the key, which opens nothing by itself.
CREATE OR REPLACE FUNCTION access.choose_match(me access.caller, proposal uuid, match uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    chosen uuid;
BEGIN
    PERFORM access.check_proposal(me, proposal);
    SELECT m.patient_id INTO chosen FROM access.proposal_match m
    WHERE m.proposal_id = proposal AND m.proposal_match_id = match;
    IF chosen IS NULL THEN
        PERFORM access.refuse('match_is_of_the_proposal', 'Choose one of the people who were found.');
    END IF;
    DELETE FROM access.proposal p WHERE p.proposal_id = proposal;
    PERFORM access.note(me, 'read', chosen, 'care.patient/' || chosen, 'registration');
    RETURN chosen;
END $function$;
REVOKE EXECUTE ON FUNCTION access.choose_match(access.caller,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.choose_match(access.caller,uuid,uuid) TO healthtrack_care;

-- Ends a session before its time; audited.
CREATE OR REPLACE FUNCTION access.close_session(me access.caller)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE access.session s SET revoked_at = now() WHERE s.session_id = me.session_id AND s.revoked_at IS NULL;
    PERFORM access.note(me, 'log_out', NULL, 'access.session');
END $function$;
REVOKE EXECUTE ON FUNCTION access.close_session(access.caller) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.close_session(access.caller) TO healthtrack_care;

-- For a demo, by its owner: confirms a session of an account that has no password.
CREATE OR REPLACE FUNCTION access.confirm_played(login text, token_hash bytea)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- Whoever has a password proves it.
    UPDATE access.session s SET confirmed_at = now() FROM access.account a
    WHERE s.token_hash = confirm_played.token_hash AND a.account_id = s.account_id AND a.login = lower(confirm_played.login)
      AND NOT EXISTS (SELECT FROM access.credential c WHERE c.account_id = a.account_id);
    IF NOT FOUND THEN
        PERFORM access.refuse('session_stands', 'Sign in again.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION access.confirm_played(text,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.confirm_played(text,bytea) TO healthtrack_migrator;

-- Trigger before a record is opened in an emergency: refuses more than access.cap allows in 24 hours.
CREATE OR REPLACE FUNCTION access.count_emergencies()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.emergency.' || NEW.provider_id, 0));
    IF (SELECT count(*) FROM access.care_relationship r
        WHERE r.provider_id = NEW.provider_id AND r.basis = 'emergency'
          AND lower(r.valid_during) > clock_timestamp() - INTERVAL '24 hours')
       >= access.cap_of('emergencies_a_provider_a_day') THEN
        PERFORM access.refuse('emergencies_are_few',
            'You have opened many records in emergencies today: ask the privacy officer.');
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION access.count_emergencies() FROM PUBLIC;

-- Makes an empty table that may become a partition of the audit: nobody's to read or write, and never emptied.
CREATE OR REPLACE FUNCTION access.create_audit_partition(name text)
 RETURNS void
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    EXECUTE format('CREATE TABLE access.%I (LIKE access.audit_event INCLUDING CONSTRAINTS)', name);
    EXECUTE format('ALTER TABLE access.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY maintenance ON access.%I FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true)', name);
    -- The triggers of rows come with being attached.
    EXECUTE format('CREATE TRIGGER audit_event_stays_whole BEFORE TRUNCATE ON access.%I
                    FOR EACH STATEMENT EXECUTE FUNCTION access.refuse_change_of_audit()', name);
    EXECUTE format('COMMENT ON TABLE access.%I IS %L', name, 'A range of places of access.audit_event.');
END $function$;
REVOKE EXECUTE ON FUNCTION access.create_audit_partition(text) FROM PUBLIC;

-- Does what is next until the audit has an empty partition without end, and partitions of three widths; false where nothing is to be done.
CREATE OR REPLACE FUNCTION access.cut_audit_by(width bigint)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '250ms'
AS $function$
DECLARE
    begins     bigint;
    ends       bigint;
    last       bigint;
    now_begins bigint;
    is_checked boolean;
BEGIN
    -- One at a time; it hinders neither who reads nor who appends.
    LOCK TABLE ONLY access.audit_event IN SHARE UPDATE EXCLUSIVE MODE;
    SELECT substring(pg_get_expr(relpartbound, oid) FROM 'FROM \(''?([0-9]+)') INTO STRICT begins
    FROM pg_class WHERE oid = 'access.audit_event_next'::regclass;
    SELECT substring(pg_get_constraintdef(oid) FROM 'seq < ''?([0-9]+)'), convalidated INTO ends, is_checked
    FROM pg_constraint WHERE conrelid = 'access.audit_event_next'::regclass AND conname = 'audit_event_lies_within';
    IF ends IS NULL THEN
        SELECT max(of_chain.seq) INTO last FROM generate_series(0, 63) AS number CROSS JOIN LATERAL (
            SELECT e.seq FROM access.audit_event_next e WHERE e.chain = number::smallint ORDER BY e.seq DESC LIMIT 1) AS of_chain;
        IF last IS NULL THEN
            RETURN false;
        END IF;
        ends := ((last - 1 + width / 2) / width + 3) * width + 1;
        EXECUTE format('ALTER TABLE access.audit_event_next ADD CONSTRAINT audit_event_lies_within
                        CHECK (seq >= %L::bigint AND seq < %L::bigint) NOT VALID', begins, ends);
    ELSIF NOT is_checked THEN
        ALTER TABLE access.audit_event_next VALIDATE CONSTRAINT audit_event_lies_within;
    ELSE
        LOCK TABLE ONLY access.audit_event IN ACCESS EXCLUSIVE MODE;
        SELECT coalesce(substring(pg_get_expr(relpartbound, oid) FROM 'FROM \(''?([0-9]+)')::bigint, 1) INTO STRICT now_begins
        FROM pg_class WHERE oid = 'access.audit_event_now'::regclass;
        PERFORM access.rename_audit_partition('audit_event_now', 'audit_event_from_' || now_begins);
        ALTER TABLE access.audit_event DETACH PARTITION access.audit_event_next;
        PERFORM access.rename_audit_partition('audit_event_next', 'audit_event_now');
        EXECUTE format('ALTER TABLE access.audit_event ATTACH PARTITION access.audit_event_now FOR VALUES FROM (%s) TO (%s)',
                       begins, ends);
        ALTER TABLE access.audit_event_now DROP CONSTRAINT audit_event_lies_within;
        PERFORM access.create_audit_partition('audit_event_next');
        EXECUTE format('ALTER TABLE access.audit_event ATTACH PARTITION access.audit_event_next FOR VALUES FROM (%s) TO (MAXVALUE)',
                       ends);
    END IF;
    RETURN true;
END $function$;
REVOKE EXECUTE ON FUNCTION access.cut_audit_by(bigint) FROM PUBLIC;

-- Confirms what another administrator proposed and gives the account that it opens, or withdraws it; audited.
CREATE OR REPLACE FUNCTION access.decide_account(me access.caller, proposal uuid, confirm boolean)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    own      constant access.account := access.lock_accounts(me,
        (SELECT p.proposed_by FROM access.account_proposal p WHERE p.account_proposal_id = proposal));
    proposed access.account_proposal;
    opened   uuid;
BEGIN
    IF own.part <> 'network_admin' THEN
        PERFORM access.refuse('account_is_proposed_by_an_administrator', 'Ask an administrator of the network.');
    END IF;
    UPDATE access.account_proposal p
    SET outcome = CASE WHEN confirm THEN 'confirmed' ELSE 'withdrawn' END, decided_at = now(), decided_by = me.account_id
    WHERE p.account_proposal_id = proposal AND p.outcome IS NULL AND p.until_at > now()
    RETURNING * INTO proposed;
    IF NOT FOUND OR confirm AND NOT EXISTS (SELECT FROM access.account a
                                            WHERE a.account_id = proposed.proposed_by AND a.disabled_at IS NULL) THEN
        PERFORM access.refuse('account_proposal_stands', 'This proposal is over: propose the account again.');
    END IF;
    PERFORM access.note(me, 'review', NULL, 'access.account_proposal/' || proposal, proposed.outcome);
    IF NOT confirm THEN
        RETURN NULL;
    END IF;
    UPDATE access.account a SET disabled_at = NULL
    WHERE a.login = proposed.login AND a.part = proposed.part AND a.disabled_at IS NOT NULL RETURNING a.account_id INTO opened;
    IF opened IS NULL THEN
        INSERT INTO access.account AS a (part, login) VALUES (proposed.part, proposed.login) RETURNING a.account_id INTO opened;
    ELSE
        PERFORM access.end_sessions_of(opened);
    END IF;
    PERFORM access.note(me, 'grant', NULL, 'access.account/' || opened, proposed.part);
    RETURN opened;
END $function$;
REVOKE EXECUTE ON FUNCTION access.decide_account(access.caller,uuid,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.decide_account(access.caller,uuid,boolean) TO healthtrack_care;

-- Grants or refuses a request as the acting privacy officer, audited for the person.
CREATE OR REPLACE FUNCTION access.decide_erasure(me access.caller, request uuid, granted boolean, reason text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    whose uuid;
BEGIN
    IF me.part <> 'privacy_officer' THEN
        PERFORM access.refuse('erasure_is_decided_by_the_officer', 'Only a privacy officer decides about an erasure.');
    ELSIF granted IS NULL THEN
        PERFORM access.refuse('erasure_is_granted_or_refused', 'Say whether the erasure is granted or refused.');
    END IF;
    UPDATE access.erasure_request r
    SET status = CASE WHEN granted THEN 'granted' ELSE 'refused' END, decided_by = me.account_id, decided_at = now(),
        decision_reason = decide_erasure.reason, ended_at = CASE WHEN granted THEN NULL ELSE now() END, version = r.version + 1
    WHERE r.erasure_request_id = request AND r.status = 'requested' RETURNING r.patient_id INTO whose;
    IF whose IS NULL THEN
        PERFORM access.refuse('erasure_request_is_undecided', 'There is no such request that waits for a decision.');
    ELSIF granted AND access.is_held(access.records_of(whose)) THEN
        PERFORM access.refuse('erasure_waits_for_hold', 'This person is under legal hold: nothing of theirs is erased until it ends.');
    END IF;
    PERFORM access.note(me, 'review', whose, 'access.erasure_request/' || request);
END $function$;
REVOKE EXECUTE ON FUNCTION access.decide_erasure(access.caller,uuid,boolean,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.decide_erasure(access.caller,uuid,boolean,text) TO healthtrack_care;

-- Takes the oldest partition off the audit and records that; gives the last event of each chain in it, as CHAIN/SEQ:HASH.
CREATE OR REPLACE FUNCTION access.detach_audit(partition text)
 RETURNS text
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '250ms'
AS $function$
DECLARE
    oldest text;
    ends   bigint;
    heads  text;
BEGIN
    LOCK TABLE ONLY access.audit_event IN ACCESS EXCLUSIVE MODE;
    SELECT c.relname, substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \(''?([0-9]+)') INTO oldest, ends
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'access.audit_event'::regclass
    ORDER BY substring(pg_get_expr(c.relpartbound, c.oid) FROM 'FROM \(''?([0-9]+)')::bigint NULLS FIRST LIMIT 1;
    IF oldest IS DISTINCT FROM partition OR oldest !~ '^audit_event_from_[0-9]+$' THEN
        PERFORM access.refuse('audit_is_detached_from_its_beginning',
            'Detach the oldest partition of the audit that nothing is appended to any more: audit_event_from_ with the lowest number.');
    END IF;
    IF (SELECT count(*) FROM generate_series(0, 63) AS number CROSS JOIN LATERAL (
            SELECT FROM access.audit_event e WHERE e.chain = number::smallint AND e.seq >= ends LIMIT 1) AS passed) < 64 THEN
        PERFORM access.refuse('audit_is_detached_when_passed',
            'Wait until each of the 64 chains has an event after this partition, or a chain could not go on.');
    END IF;
    EXECUTE format('SELECT string_agg(format(''%%s/%%s:%%s'', chain, seq, encode(hash, ''hex'')), '','' ORDER BY chain)
                    FROM access.audit_event WHERE seq = %s', ends - 1) INTO heads;
    EXECUTE format('ALTER TABLE access.audit_event DETACH PARTITION access.%I', partition);
    EXECUTE format('CREATE TRIGGER audit_event_stays BEFORE UPDATE OR DELETE ON access.%I
                    FOR EACH ROW EXECUTE FUNCTION access.refuse_change_of_audit()', partition);
    PERFORM access.audit_program('export', NULL, 'access.audit_event');
    RETURN heads;
END $function$;
REVOKE EXECUTE ON FUNCTION access.detach_audit(text) FROM PUBLIC;

-- For the program that keeps sessions: for each look at vitals that stands in its session, by its place, a number that is another one once a newest sample is.
CREATE OR REPLACE FUNCTION access.digest_of_looks(token_hashes bytea[], looks uuid[])
 RETURNS TABLE(place bigint, digest bigint)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
BEGIN
    RETURN QUERY SELECT asked.place, newest.digest
    FROM unnest(token_hashes, looks) WITH ORDINALITY AS asked (token_hash, look_id, place)
    JOIN access.session s ON s.token_hash = asked.token_hash AND s.revoked_at IS NULL AND clock_timestamp() < s.expires_at
    JOIN access.account a ON a.account_id = s.account_id AND a.disabled_at IS NULL
    JOIN access.look k ON k.look_id = asked.look_id AND k.session_id = s.session_id AND k.kind = 'vitals'
                      AND k.looked_at > clock_timestamp() - INTERVAL '5 minutes'
    CROSS JOIN LATERAL (
        SELECT coalesce(bit_xor(hash_record_extended((l.device_id, l.metric, l.start_at, l.value, l.code), 0)), 0) AS digest
        FROM care.wear w JOIN signal.device d USING (device_key) JOIN signal.last l ON l.device_id = d.device_id
        WHERE w.patient_id = k.patient_id AND w.worn_during @> l.start_at AND l.statistic IS NULL
    ) AS newest;
END $function$;
REVOKE EXECUTE ON FUNCTION access.digest_of_looks(bytea[],uuid[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.digest_of_looks(bytea[],uuid[]) TO healthtrack_sign_in;

-- Disables an account that the caller keeps, and ends its sessions; audited.
CREATE OR REPLACE FUNCTION access.disable_account(me access.caller, account uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    kept constant access.account := access.account_kept(me, account);
BEGIN
    PERFORM access.check_that_some_stay(kept);
    UPDATE access.account a SET disabled_at = now() WHERE a.account_id = account AND a.disabled_at IS NULL;
    PERFORM access.end_sessions_of(account);
    PERFORM access.note(me, 'revoke', NULL, 'access.account/' || account, kept.part);
END $function$;
REVOKE EXECUTE ON FUNCTION access.disable_account(access.caller,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.disable_account(access.caller,uuid) TO healthtrack_care;

-- Disables the account of a patient at the own desk, and ends its sessions; audited.
CREATE OR REPLACE FUNCTION access.disable_patient_account(me access.caller, patient uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    account uuid;
BEGIN
    PERFORM access.lock_accounts(me, NULL);
    IF NOT access.is_at_own_desk(patient) THEN
        PERFORM access.refuse('patients_account_is_opened_at_the_desk', 'Open accounts of patients who came to your desk.');
    END IF;
    PERFORM access.lock_accounts(me, (SELECT a.account_id FROM access.account a WHERE a.patient_id = patient));
    UPDATE access.account a SET disabled_at = now() WHERE a.patient_id = patient AND a.disabled_at IS NULL
    RETURNING a.account_id INTO account;
    IF account IS NOT NULL THEN
        PERFORM access.end_sessions_of(account);
        PERFORM access.note(me, 'revoke', patient, 'access.account/' || account, 'at_desk');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION access.disable_patient_account(access.caller,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.disable_patient_account(access.caller,uuid) TO healthtrack_care;

-- What empties the columns of a table that an erasure empties, and what is true of a row where they are not empty yet.
CREATE OR REPLACE FUNCTION access.emptied(relation text, OUT becomes text, OUT differs text)
 RETURNS record
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    -- An expression is the owner's, who may write any statement.
    SELECT string_agg(DISTINCT format('%I = %s', b.name, b.value), ', '),
           string_agg(DISTINCT format('%I IS DISTINCT FROM (%s)', b.name, b.value), ' OR ')
    FROM access.table_class t CROSS JOIN LATERAL unnest(t.blanked) AS item (word)
    CROSS JOIN LATERAL (SELECT split_part(word, '=', 1), CASE WHEN word ~ '=' THEN substr(word, strpos(word, '=') + 1)
                               ELSE format('CASE WHEN %I IS NOT NULL THEN ''erased'' END', word) END) AS b (name, value)
    WHERE t.relation = emptied.relation
$function$;
REVOKE EXECUTE ON FUNCTION access.emptied(text) FROM PUBLIC;

-- Enables an account again that the caller keeps; audited. One that two open, two enable.
CREATE OR REPLACE FUNCTION access.enable_account(me access.caller, account uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    kept constant access.account := access.account_kept(me, account);
BEGIN
    UPDATE access.account a SET disabled_at = NULL WHERE a.account_id = account AND a.disabled_at IS NOT NULL;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    -- One that was begun while the account was being disabled would else stand again.
    PERFORM access.end_sessions_of(account);
    PERFORM access.note(me, 'grant', NULL, 'access.account/' || account, kept.part);
END $function$;
REVOKE EXECUTE ON FUNCTION access.enable_account(access.caller,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.enable_account(access.caller,uuid) TO healthtrack_care;

-- From now on this transaction is bound by every rule again.
CREATE OR REPLACE FUNCTION access.end_erasing()
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- What is checked of all rows at once holds again, too.
    SET CONSTRAINTS ALL IMMEDIATE;
    DELETE FROM access.erasure_run r WHERE r.xid = pg_current_xact_id();
    PERFORM set_config('healthtrack.erasing', '', true);
END $function$;
REVOKE EXECUTE ON FUNCTION access.end_erasing() FROM PUBLIC;

-- For the program that signs people in: opens a session of the account that a provider's person is; its login, null where none is.
CREATE OR REPLACE FUNCTION access.end_federated_sign_in(issuer text, subject text, token_hash bytea, idle_for interval, lasts interval)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.end_federated_sign_in(text,text,bytea,interval,interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.end_federated_sign_in(text,text,bytea,interval,interval) TO healthtrack_sign_in;

-- A guess at a login from an address was right: takes the code of a step, and gives its bucket back.
CREATE OR REPLACE FUNCTION access.end_guess(login text, address text, totp_step bigint)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.end_guess(text,text,bigint) FROM PUBLIC;

-- Ends a session of an account before its time; audited.
CREATE OR REPLACE FUNCTION access.end_own_session(me access.caller, session uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE access.session s SET revoked_at = now()
    WHERE s.session_id = session AND s.account_id = me.account_id AND s.revoked_at IS NULL;
    IF NOT FOUND THEN
        PERFORM access.refuse('session_to_end_stands', 'There is no such session of yours: it may have ended already.');
    END IF;
    PERFORM access.note(me, 'log_out', NULL, 'access.session');
END $function$;
REVOKE EXECUTE ON FUNCTION access.end_own_session(access.caller,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.end_own_session(access.caller,uuid) TO healthtrack_care;

-- Ends a proxy: by itself, by whom it was appointed, or by staff; a minor does not end a guardian's.
CREATE OR REPLACE FUNCTION access.end_proxy(me access.caller, proxy uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.end_proxy(access.caller,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.end_proxy(access.caller,uuid) TO healthtrack_care;

-- Ends a request to be registered at a facility of the acting desk, once: its person was registered, or is not.
CREATE OR REPLACE FUNCTION access.end_registration(me access.caller, request uuid, registered boolean)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- Of two desks the second waits here, and finds nothing.
    PERFORM FROM access.registration_request r
    WHERE r.registration_request_id = request AND access.part() = 'front_desk'
      AND r.facility_id = ANY (access.own_facilities()) AND r.expires_at > now() FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM access.refuse('registration_is_undecided', 'Somebody has decided this request already, or it is older than 30 days.');
    END IF;
    PERFORM access.note(me, 'update', NULL, 'access.registration_request/' || request,
                        CASE WHEN registered THEN 'registered' ELSE 'declined' END);
    DELETE FROM access.registration_request r WHERE r.registration_request_id = request;
END $function$;
REVOKE EXECUTE ON FUNCTION access.end_registration(access.caller,uuid,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.end_registration(access.caller,uuid,boolean) TO healthtrack_care;

-- Ends all sessions of an account that the caller keeps; audited; how many.
CREATE OR REPLACE FUNCTION access.end_sessions(me access.caller, account uuid)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    kept  constant access.account := access.account_kept(me, account);
    ended constant integer := access.end_sessions_of(account);
BEGIN
    PERFORM access.note(me, 'log_out', NULL, 'access.account/' || account, kept.part);
    RETURN ended;
END $function$;
REVOKE EXECUTE ON FUNCTION access.end_sessions(access.caller,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.end_sessions(access.caller,uuid) TO healthtrack_care;

-- Ends all sessions of an account; how many.
CREATE OR REPLACE FUNCTION access.end_sessions_of(account uuid)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    ended integer;
BEGIN
    UPDATE access.session s SET revoked_at = now() WHERE s.account_id = account AND s.revoked_at IS NULL;
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $function$;
REVOKE EXECUTE ON FUNCTION access.end_sessions_of(uuid) FROM PUBLIC;

-- The last event of each chain, and how many of its newest fifty are not what they should be; for the privacy officer.
CREATE OR REPLACE FUNCTION access.ends_of_chains()
 RETURNS TABLE(chain smallint, seq bigint, at timestamp with time zone, hash text, checked bigint, wrong bigint)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT number.chain::smallint, found.seq, found.at, found.hash, found.checked, found.wrong
    FROM generate_series(0, 63) AS number (chain) CROSS JOIN LATERAL (
        SELECT max((w.event).seq) AS seq, max((w.event).at) FILTER (WHERE w.is_last) AS at,
               max(encode((w.event).hash, 'hex')) FILTER (WHERE w.is_last) AS hash, count(*) AS checked,
               count(*) FILTER (WHERE (w.event).hash <> access.audit_digest(w.event) OR (w.event).seq <> w.seq_before + 1
                                      OR (w.event).prev_hash <> w.hash_before) AS wrong
        FROM (
            SELECT newest.event, row_number() OVER (ORDER BY (newest.event).seq DESC) = 1 AS is_last,
                   lag((newest.event).seq) OVER (ORDER BY (newest.event).seq) AS seq_before,
                   lag((newest.event).hash) OVER (ORDER BY (newest.event).seq) AS hash_before
            FROM (SELECT e AS event FROM access.audit_event e WHERE e.chain = number.chain::smallint
                  ORDER BY e.seq DESC LIMIT 50) AS newest
        ) AS w
    ) AS found
    WHERE (SELECT access.part()) = 'privacy_officer' AND found.checked > 0
    ORDER BY 1
$function$;
REVOKE EXECUTE ON FUNCTION access.ends_of_chains() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.ends_of_chains() TO healthtrack_care;

-- Says by a session's token who acts, until access.leave; refuses what is no token of a session that stands.
CREATE OR REPLACE FUNCTION access.enter(token text)
 RETURNS access.caller
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
    IF unseen AND current_setting('transaction_read_only') = 'off'
       AND current_setting('healthtrack.unseen', true) IS DISTINCT FROM 'on' THEN
        UPDATE access.session s SET seen_at = clock_timestamp()
        FROM (SELECT o.session_id FROM access.session o WHERE o.session_id = me.session_id FOR UPDATE SKIP LOCKED) AS own
        WHERE s.session_id = own.session_id;
    END IF;
    me.former := coalesce(current_setting('healthtrack.actor', true), '');
    PERFORM set_config('healthtrack.actor', me.account_id::text, true);
    RETURN me;
END $function$;
REVOKE EXECUTE ON FUNCTION access.enter(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.enter(text) TO healthtrack_care;

-- Erases a person in all records joined as one, by class of rows: the proof. Refused under hold, before samples went, and without a granted request where that is the ground.
CREATE OR REPLACE FUNCTION access.erase_person(patient uuid, ground text, request uuid DEFAULT NULL::uuid)
 RETURNS access.erasure_proof
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    proof access.erasure_proof;
    event access.audit_event;
    wards uuid[];
BEGIN
    proof.records := access.records_of(patient);
    PERFORM FROM care.patient p WHERE p.patient_id = ANY (proof.records) ORDER BY p.patient_id FOR UPDATE;
    IF NOT EXISTS (SELECT FROM care.patient p WHERE p.patient_id = patient) THEN
        PERFORM access.refuse('erasure_is_of_a_patient', 'There is no such patient: give the key of care.patient.');
    ELSIF proof.records IS DISTINCT FROM access.records_of(patient) THEN
        PERFORM access.refuse('erasure_is_of_records_that_stay', 'Records of this person were just joined or separated: run this again.');
    ELSIF access.is_held(proof.records) THEN
        PERFORM access.refuse('erasure_waits_for_hold', 'This person is under legal hold: nothing of theirs is erased until it ends.');
    ELSIF EXISTS (SELECT FROM care.wear w WHERE w.patient_id = ANY (proof.records)) THEN
        PERFORM access.refuse('samples_are_erased_first', 'Erase first what was measured: healthtrack archive erase, for each record of the person.');
    END IF;
    IF ground = 'request' THEN
        UPDATE access.erasure_request r SET status = 'done', ended_at = now(), version = r.version + 1
        WHERE r.erasure_request_id = request AND r.patient_id = ANY (proof.records) AND r.status = 'granted'
        RETURNING r.erasure_request_id, r.decided_by INTO proof.erasure_request_id, proof.decided_by;
        IF proof.erasure_request_id IS NULL THEN
            PERFORM access.refuse('erasure_is_granted_first', 'There is no granted request of this person: a privacy officer grants it.');
        END IF;
    END IF;
    -- Times to come go to who waits for them, and is not erased.
    UPDATE care.waitlist_entry w SET status = 'left' WHERE w.patient_id = ANY (proof.records) AND w.status = 'waiting';
    UPDATE care.appointment a SET status = 'cancelled', expires_at = NULL
    WHERE a.patient_id = ANY (proof.records) AND a.status IN ('held', 'booked') AND lower(a.during) > now();
    UPDATE access.care_relationship r SET valid_during = tstzrange(lower(r.valid_during), now())
    WHERE r.patient_id = ANY (proof.records) AND r.valid_during @> now()
      AND (lower_inf(r.valid_during) OR lower(r.valid_during) < now());
    DELETE FROM access.care_relationship r WHERE r.patient_id = ANY (proof.records) AND lower(r.valid_during) >= now();
    wards := access.wards_of(proof.records);
    PERFORM access.begin_erasing();
    -- The policy of a family goes on, without the name of who is erased.
    UPDATE care.policy q SET holder_name = 'erased'
    WHERE q.holder_name <> 'erased' AND EXISTS (
        SELECT FROM care.coverage c WHERE c.policy_id = q.policy_id AND c.relation = 'self' AND c.patient_id = ANY (proof.records));
    proof.counts := access.erase_rows(proof.records, false);
    PERFORM access.end_erasing();
    PERFORM access.seek_guardians(wards);
    proof.erasure_proof_id := gen_random_uuid();
    proof.patient_id := patient;
    proof.erased_at := now();
    proof.ground := ground;
    proof.erased_by := session_user;
    proof.digest := access.erasure_digest(proof);
    INSERT INTO access.erasure_proof SELECT proof.*;
    event.part := 'program';
    event.patient_id := patient;
    event.action := 'erase';
    event.resource := 'access.erasure_proof/' || proof.erasure_proof_id;
    event.outcome := 'allowed';
    event.reason := ground;
    PERFORM access.append_event(event);
    RETURN proof;
END $function$;
REVOKE EXECUTE ON FUNCTION access.erase_person(uuid,text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.erase_person(uuid,text,uuid) TO healthtrack_migrator;

-- Empties and deletes the rows of these records by class, or only counts them; gives the counts.
CREATE OR REPLACE FUNCTION access.erase_rows(patients uuid[], dry boolean)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    all_keys constant jsonb := access.keys_of_person(patients);
    counts   jsonb := '{}';
    item     record;
    found    text;
    n        bigint;
BEGIN
    FOR item IN
        SELECT t.relation, t.found_by, t.row_class, e.becomes, e.differs,
               ARRAY(SELECT jsonb_array_elements_text(all_keys -> t.key_kind)::uuid) AS keys,
               CASE WHEN c.erasure = 'anonymise' AND e.becomes IS NULL THEN 'keep' ELSE c.erasure END AS erasure
        FROM access.table_class t JOIN access.row_class c USING (row_class)
        CROSS JOIN LATERAL access.emptied(t.relation) AS e
        LEFT JOIN unnest(access.order_of_deletion(ARRAY(
            SELECT DISTINCT d.relation FROM access.table_class d JOIN access.row_class k USING (row_class)
            WHERE k.erasure = 'delete' AND d.key_kind <> 'samples'))) WITH ORDINALITY AS o (relation, place) ON o.relation = t.relation
        WHERE t.key_kind <> 'samples'
        ORDER BY c.erasure = 'delete', o.place, t.relation, t.found_by
    LOOP
        found := format('FROM %s WHERE %I = ANY ($1)', item.relation, item.found_by);
        CASE
            WHEN item.erasure = 'anonymise' AND dry THEN
                EXECUTE format('SELECT count(*) %s AND (%s)', found, item.differs) INTO n USING item.keys;
            WHEN item.erasure = 'anonymise' THEN
                EXECUTE format('UPDATE %s SET %s WHERE %I = ANY ($1) AND (%s)', item.relation, item.becomes, item.found_by, item.differs)
                USING item.keys;
                GET DIAGNOSTICS n = ROW_COUNT;
            WHEN item.erasure = 'delete' AND NOT dry THEN
                EXECUTE 'DELETE ' || found USING item.keys;
                GET DIAGNOSTICS n = ROW_COUNT;
            ELSE
                EXECUTE 'SELECT count(*) ' || found INTO n USING item.keys;
        END CASE;
        counts := access.count_in(counts, item.row_class,
            CASE item.erasure WHEN 'delete' THEN 'deleted' WHEN 'anonymise' THEN 'anonymised' ELSE 'kept' END, n);
    END LOOP;
    RETURN counts;
END $function$;
REVOKE EXECUTE ON FUNCTION access.erase_rows(uuid[],boolean) FROM PUBLIC;

-- SHA-256 of a proof: its columns in their order, with commas, a time as microseconds, nothing as a dash.
CREATE OR REPLACE FUNCTION access.erasure_digest(proof access.erasure_proof)
 RETURNS bytea
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT sha256(convert_to(concat_ws(',', proof.erasure_proof_id, proof.patient_id, coalesce(proof.erasure_request_id::text, '-'),
        coalesce(proof.decided_by::text, '-'), (extract(epoch FROM proof.erased_at) * 1000000)::bigint, proof.ground,
        length(proof.erased_by) || ':' || proof.erased_by, array_to_string(proof.records, '+'), proof.counts::text), 'UTF8'))
$function$;
REVOKE EXECUTE ON FUNCTION access.erasure_digest(access.erasure_proof) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.erasure_digest(access.erasure_proof) TO healthtrack_migrator;

-- True in a transaction of an erasure, while it erases.
CREATE OR REPLACE FUNCTION access.erasure_runs()
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT EXISTS (SELECT FROM access.erasure_run r WHERE r.xid = pg_current_xact_id_if_assigned())
$function$;
REVOKE EXECUTE ON FUNCTION access.erasure_runs() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.erasure_runs() TO healthtrack_care, healthtrack_ingest, healthtrack_migrator, healthtrack_roller;

-- Requests of a patient, or of all for the privacy officer; for a function that has looked.
CREATE OR REPLACE FUNCTION access.erasures_of(me access.caller, patient uuid)
 RETURNS TABLE(erasure_request_id uuid, patient_id uuid, requested_at timestamp with time zone, status text, reason text, decided_at timestamp with time zone, decision_reason text, ended_at timestamp with time zone, held boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    -- Whether somebody is under hold is told to the officer alone.
    SELECT r.erasure_request_id, r.patient_id, r.requested_at, r.status, r.reason, r.decided_at, r.decision_reason, r.ended_at,
           CASE WHEN me.part = 'privacy_officer' THEN access.is_held(access.records_of(r.patient_id)) END
    FROM access.erasure_request r
    WHERE CASE WHEN erasures_of.patient IS NULL THEN me.part = 'privacy_officer' ELSE r.patient_id = erasures_of.patient END
    ORDER BY r.ended_at IS NOT NULL, r.requested_at DESC, r.erasure_request_id LIMIT 500
$function$;
REVOKE EXECUTE ON FUNCTION access.erasures_of(access.caller,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.erasures_of(access.caller,uuid) TO healthtrack_care;

-- What holds of a record: open by an emergency of the actor's and until when, joined with another, its erasure asked for or granted, and who consents for the patient; for a function that has looked.
CREATE OR REPLACE FUNCTION access.flags_of(patient uuid)
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('flag', told.flag, 'until_at', told.until_at))
                              ORDER BY told.place, told.flag), '[]')
    FROM (
        SELECT 1 AS place, 'emergency' AS flag, max(upper(r.valid_during)) AS until_at
        FROM access.care_relationship r
        WHERE r.patient_id = flags_of.patient AND r.basis = 'emergency' AND r.valid_during @> clock_timestamp()
          AND r.provider_id = access.acting_provider() HAVING count(*) > 0
        UNION ALL
        SELECT 2, 'joined', NULL FROM care.patient_link l WHERE l.patient_id = flags_of.patient AND l.ended_at IS NULL
        UNION ALL
        SELECT 3, 'erasure_' || e.status, NULL FROM access.erasure_request e
        WHERE e.patient_id = flags_of.patient AND e.status IN ('requested', 'granted')
        UNION ALL
        SELECT DISTINCT 4, 'consents_' || x.kind, NULL::timestamptz
        FROM access.grant_of_access g JOIN access.proxy x USING (patient_id, proxy_id)
        WHERE g.patient_id = flags_of.patient AND 'consent' = ANY (g.acts) AND g.revoked_at IS NULL
          AND g.valid_during @> clock_timestamp()) AS told
$function$;
REVOKE EXECUTE ON FUNCTION access.flags_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.flags_of(uuid) TO healthtrack_care;

-- Trigger after a proxy is written: its grants follow it.
CREATE OR REPLACE FUNCTION access.follow_proxy()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM access.open_proxy(NEW);
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION access.follow_proxy() FROM PUBLIC;

-- Removes looks, proposals and requests to be registered that are over, and sessions that ended a day ago; gives how many looks.
CREATE OR REPLACE FUNCTION access.forget_looks()
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    ended bigint;
BEGIN
    DELETE FROM access.session s
    WHERE s.expires_at < now() - INTERVAL '1 day' OR s.revoked_at < now() - INTERVAL '1 day';
    DELETE FROM access.proposal p WHERE p.proposed_at < now() - INTERVAL '5 minutes';
    DELETE FROM access.registration_request r WHERE r.expires_at <= now();
    DELETE FROM access.look l WHERE l.looked_at < now() - INTERVAL '5 minutes';
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $function$;
REVOKE EXECUTE ON FUNCTION access.forget_looks() FROM PUBLIC;

-- What a patient has shared: what stands first, then what was taken back; for a function that has looked.
CREATE OR REPLACE FUNCTION access.grants_of(patient uuid)
 RETURNS TABLE(grant_of_access uuid, name text, scopes text[], purpose text, from_at timestamp with time zone, until_at timestamp with time zone, ended_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT g.grant_of_access_id, coalesce(nullif(concat_ws(' ', p.given_name, p.family_name), ''), access.name_of_account(g.account_id)),
           g.scopes, g.purpose, lower(g.valid_during), upper(g.valid_during), g.revoked_at
    FROM access.grant_of_access g LEFT JOIN care.provider p USING (provider_id)
    WHERE g.patient_id = patient AND g.proxy_id IS NULL
      AND (g.revoked_at IS NOT NULL OR coalesce(upper(g.valid_during), 'infinity') > clock_timestamp())
    ORDER BY g.revoked_at DESC NULLS FIRST, g.created_at DESC, g.grant_of_access_id LIMIT 200
$function$;
REVOKE EXECUTE ON FUNCTION access.grants_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.grants_of(uuid) TO healthtrack_care;

-- For the program that signs people in: whether an account is linked to a provider.
CREATE OR REPLACE FUNCTION access.has_identity(login text, issuer text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT EXISTS (SELECT FROM access.federated_identity f JOIN access.account a USING (account_id)
                   WHERE a.login = lower(has_identity.login) AND f.issuer = has_identity.issuer)
$function$;
REVOKE EXECUTE ON FUNCTION access.has_identity(text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.has_identity(text,text) TO healthtrack_sign_in;

-- For the program that signs people in: whether an account has a second factor.
CREATE OR REPLACE FUNCTION access.has_totp(login text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT EXISTS (SELECT FROM access.credential c JOIN access.account a USING (account_id)
                   WHERE a.login = lower(has_totp.login) AND c.totp_sealed IS NOT NULL)
$function$;
REVOKE EXECUTE ON FUNCTION access.has_totp(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.has_totp(text) TO healthtrack_sign_in;

-- Lets an account set its password by a one-time link, in place of an earlier one; audited; gives when it ends.
CREATE OR REPLACE FUNCTION access.invite(login text, token_hash bytea, lasts interval)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.invite(text,bytea,interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.invite(text,bytea,interval) TO healthtrack_migrator;

-- Whether a patient came to the desk that acts within 30 days, as others there say, or was registered by it within a day.
CREATE OR REPLACE FUNCTION access.is_at_own_desk(patient uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(access.part() = 'front_desk' AND (
        EXISTS (SELECT FROM access.account a
                JOIN care.facility f ON f.facility_id = a.facility_id
                JOIN care.appointment v ON v.facility_id = a.facility_id AND v.patient_id = is_at_own_desk.patient
                WHERE a.account_id = access.actor() AND a.disabled_at IS NULL
                  AND (f.closed_on <= (now() AT TIME ZONE f.time_zone)::date) IS NOT TRUE
                  AND v.status IN ('arrived', 'completed') AND lower(v.during) > now() - INTERVAL '30 days'
                  -- Who comes is said by somebody else.
                  AND NOT EXISTS (SELECT FROM care.appointment_event e
                                  WHERE e.patient_id = v.patient_id AND e.appointment_id = v.appointment_id
                                    AND e.actor = a.account_id))
        OR EXISTS (SELECT FROM access.account a
                   JOIN care.facility f ON f.facility_id = a.facility_id
                   JOIN access.audit_event e ON e.actor = a.account_id
                   WHERE a.account_id = access.actor() AND (f.closed_on <= (now() AT TIME ZONE f.time_zone)::date) IS NOT TRUE
                     AND e.at > now() - INTERVAL '24 hours' AND e.patient_id = is_at_own_desk.patient
                     AND e.action = 'create' AND e.resource = 'care.patient/' || is_at_own_desk.patient)), false)
$function$;
REVOKE EXECUTE ON FUNCTION access.is_at_own_desk(uuid) FROM PUBLIC;

-- Whether a patient has a visit at the acting desk, from 30 days ago on, waits or is a task there, or was registered or found by the acting account within a day.
CREATE OR REPLACE FUNCTION access.is_met_at_desk(patient uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    -- Asked for once: an index is not searched by what may change while it is.
    since constant timestamptz := clock_timestamp() - INTERVAL '24 hours';
BEGIN
    RETURN access.part() = 'front_desk' AND (
        EXISTS (SELECT FROM access.audit_event e
                WHERE e.actor = access.actor() AND e.at > since AND e.patient_id = is_met_at_desk.patient
                  AND e.action IN ('create', 'read') AND e.outcome = 'allowed' AND e.resource = 'care.patient/' || is_met_at_desk.patient)
        OR EXISTS (SELECT FROM care.appointment v
                   WHERE v.patient_id = is_met_at_desk.patient AND v.facility_id = ANY (access.own_facilities())
                     AND lower(v.during) > clock_timestamp() - INTERVAL '30 days')
        OR EXISTS (SELECT FROM care.waitlist_entry w
                   WHERE w.patient_id = is_met_at_desk.patient AND w.facility_id = ANY (access.own_facilities()) AND w.status = 'waiting')
        OR EXISTS (SELECT FROM care.task k
                   WHERE k.patient_id = is_met_at_desk.patient AND k.pool = 'front_desk' AND k.ended_at IS NULL
                     AND k.facility_id = ANY (access.own_facilities())));
END $function$;
REVOKE EXECUTE ON FUNCTION access.is_met_at_desk(uuid) FROM PUBLIC;

-- Trigger before a proof of expiry changes or goes: its counts rise on its day, and nothing else of it changes.
CREATE OR REPLACE FUNCTION access.keep_expiry_proof()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.expired_on, NEW.row_class, NEW.kept_for) = (OLD.expired_on, OLD.row_class, OLD.kept_for)
       AND NEW.deleted >= OLD.deleted AND NEW.anonymised >= OLD.anonymised AND OLD.expired_on = current_date THEN
        RETURN NEW;
    END IF;
    PERFORM access.refuse('proof_is_only_added_to', 'What was erased stays proved: a proof is neither changed nor removed.');
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION access.keep_expiry_proof() FROM PUBLIC;

-- For the program that signs people in: keeps the secret of an account's second factor, sealed, and that the code of a step is used; null takes it away; audited.
CREATE OR REPLACE FUNCTION access.keep_totp(login text, secret bytea, totp_step bigint)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE access.credential c SET totp_sealed = care.seal_number(encode(secret, 'hex')),
           totp_step = greatest(c.totp_step, keep_totp.totp_step) FROM access.account a
    WHERE a.login = lower(keep_totp.login) AND c.account_id = a.account_id AND a.disabled_at IS NULL;
    IF NOT FOUND THEN
        PERFORM access.refuse('account_has_a_password', 'Set a password first.');
    END IF;
    PERFORM access.note_credential(login);
END $function$;
REVOKE EXECUTE ON FUNCTION access.keep_totp(text,bytea,bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.keep_totp(text,bytea,bigint) TO healthtrack_sign_in;

-- The keys by which rows of a person are found, by kind: those of their accounts, sessions, pseudonyms …
CREATE OR REPLACE FUNCTION access.keys_of_person(patients uuid[])
 RETURNS jsonb
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH account AS (SELECT a.account_id FROM access.account a WHERE a.patient_id = ANY (patients)),
         member AS (SELECT i.space_member_id FROM care.space_identity i WHERE i.patient_id = ANY (patients))
    SELECT jsonb_build_object(
        'patient', to_jsonb(patients),
        'account', to_jsonb(ARRAY(SELECT a.account_id FROM account a)),
        'session', to_jsonb(ARRAY(SELECT s.session_id FROM access.session s JOIN account USING (account_id))),
        'proposal', to_jsonb(ARRAY(SELECT m.proposal_id FROM access.proposal_match m WHERE m.patient_id = ANY (patients))),
        'relationship', to_jsonb(ARRAY(SELECT r.care_relationship_id FROM access.care_relationship r WHERE r.patient_id = ANY (patients))),
        -- A policy that covers somebody else too, who is not erased, is theirs as well.
        'policy', to_jsonb(ARRAY(SELECT DISTINCT c.policy_id FROM care.coverage c WHERE c.patient_id = ANY (patients)
                                 AND NOT EXISTS (SELECT FROM care.coverage o
                                                 WHERE o.policy_id = c.policy_id AND o.patient_id <> ALL (patients)
                                                   AND NOT EXISTS (SELECT FROM access.erasure_proof e
                                                                   WHERE e.records @> ARRAY[o.patient_id])))),
        'member', to_jsonb(ARRAY(SELECT m.space_member_id FROM member m)),
        'post', to_jsonb(ARRAY(SELECT p.post_id FROM care.post p JOIN member USING (space_member_id))),
        'reply', to_jsonb(ARRAY(SELECT r.reply_id FROM care.reply r JOIN member USING (space_member_id))))
$function$;
REVOKE EXECUTE ON FUNCTION access.keys_of_person(uuid[]) FROM PUBLIC;

-- For the program that signs people in: an account is signed in by a person as a provider knows them; audited.
CREATE OR REPLACE FUNCTION access.link_identity(login text, issuer text, subject text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    INSERT INTO access.federated_identity (account_id, issuer, subject)
    SELECT a.account_id, link_identity.issuer, link_identity.subject FROM access.account a
    WHERE a.login = lower(link_identity.login) AND a.disabled_at IS NULL
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        PERFORM access.refuse('identity_is_linked_once', 'This sign-in, or another of its provider, is linked already: unlink that first.');
    END IF;
    PERFORM access.note_credential(login);
END $function$;
REVOKE EXECUTE ON FUNCTION access.link_identity(text,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.link_identity(text,text,text) TO healthtrack_sign_in;

-- For the program that signs people in: the passkeys of a login, the oldest first.
CREATE OR REPLACE FUNCTION access.list_passkeys(login text)
 RETURNS TABLE(passkey_id uuid, made_at timestamp with time zone, used_at timestamp with time zone, name text, credential_id bytea)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT p.passkey_id, p.made_at, p.used_at, p.name, p.credential_id
    FROM access.passkey p JOIN access.account a USING (account_id)
    WHERE a.login = lower(list_passkeys.login) ORDER BY p.made_at, p.passkey_id
$function$;
REVOKE EXECUTE ON FUNCTION access.list_passkeys(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.list_passkeys(text) TO healthtrack_sign_in;

-- Locks who acts and another account, one after the other by key, and gives who acts as it is then.
CREATE OR REPLACE FUNCTION access.lock_accounts(me access.caller, other uuid)
 RETURNS access.account
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
DECLARE
    own access.account;
BEGIN
    PERFORM FROM access.account a WHERE a.account_id IN (me.account_id, other) ORDER BY a.account_id FOR NO KEY UPDATE;
    SELECT * INTO own FROM access.account a WHERE a.account_id = me.account_id AND a.disabled_at IS NULL;
    IF NOT FOUND THEN
        PERFORM access.refuse('session_stands', 'Sign in again.');
    END IF;
    RETURN own;
END $function$;
REVOKE EXECUTE ON FUNCTION access.lock_accounts(access.caller,uuid) FROM PUBLIC;

-- Audits that a kind of a patient's record is looked at, or that it was not allowed; gives the key of the look, null where it was not.
CREATE OR REPLACE FUNCTION access.look(me access.caller, patient uuid, kind text, request uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    metric constant text := CASE WHEN kind ~ '^samples/' THEN substr(kind, 9) END;
    most   constant integer := access.cap_of('looks_an_account_an_hour');
    -- Asked for once: an index is not searched by what may change while it is.
    since  constant timestamptz := clock_timestamp() - INTERVAL '1 hour';
    reason text;
    opens  text[] := '{}';
    made   uuid;
BEGIN
    -- The audit would else keep whatever somebody typed.
    IF metric IS NULL AND (kind = 'samples' OR NOT EXISTS (SELECT FROM access.look_kind k WHERE k.kind = look.kind)) THEN
        PERFORM access.refuse('look_is_of_a_known_kind', 'Choose one of the known kinds of a record.');
    ELSIF metric IS NOT NULL AND NOT EXISTS (SELECT FROM signal.metric m WHERE m.name = metric) THEN
        PERFORM access.refuse('samples_are_of_a_known_metric', 'Choose one of the known metrics.');
    ELSIF patient IS NOT NULL THEN
        reason := access.reason_to_look(patient, kind);
    ELSE
        SELECT me.part INTO reason FROM access.look_kind k WHERE k.kind = look.kind AND k.of_all
            AND (k.parts IS NULL OR me.part = ANY (k.parts));
    END IF;
    -- A look that is refused is one too. One at a time for each account, since what is under way is not counted.
    IF reason IS DISTINCT FROM 'own' THEN
        PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.look.' || me.account_id, 0));
        IF (SELECT count(*) FROM (
                SELECT FROM access.audit_event e
                WHERE e.actor = me.account_id AND e.at > since AND e.action = 'read'
                  AND e.reason IS DISTINCT FROM 'own'
                LIMIT most) AS lately) >= most THEN
            PERFORM access.refuse('looks_of_an_account_are_few',
                                  'This account has looked at many records within an hour: wait, or ask an operator.');
        END IF;
    END IF;
    IF reason <> 'own' AND (SELECT k.sensitive FROM access.look_kind k WHERE k.kind = look.kind) THEN
        opens := access.categories_open(patient);
    END IF;
    PERFORM access.note(me, 'read', patient, concat_ws('.', kind, nullif(array_to_string(opens, '.'), '')), reason,
        CASE WHEN reason IS NULL THEN 'denied' ELSE 'allowed' END,
                        request);
    IF reason IS NOT NULL THEN
        INSERT INTO access.look (session_id, patient_id, kind, opens) VALUES (me.session_id, patient, kind, opens)
        RETURNING look_id INTO made;
    END IF;
    RETURN made;
END $function$;
REVOKE EXECUTE ON FUNCTION access.look(access.caller,uuid,text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.look(access.caller,uuid,text,uuid) TO healthtrack_care;

-- Keeps the digest of a one-time link by which an account that the caller keeps sets its password; audited; gives when it ends.
CREATE OR REPLACE FUNCTION access.make_password_link(me access.caller, account uuid, token_hash bytea)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.make_password_link(access.caller,uuid,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.make_password_link(access.caller,uuid,bytea) TO healthtrack_care;

-- Keeps the digest of a one-time link by which a patient of the acting desk sets the first password; audited; gives when it ends.
CREATE OR REPLACE FUNCTION access.make_patient_link(me access.caller, patient uuid, token_hash bytea)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_variable
DECLARE
    own   access.account;
    until timestamptz;
BEGIN
    PERFORM access.lock_accounts(me, NULL);
    IF NOT access.is_at_own_desk(patient) THEN
        PERFORM access.refuse('patients_account_is_opened_at_the_desk', 'Open accounts of patients who came to your desk.');
    END IF;
    -- After the rights: nobody waits for a row of a stranger.
    PERFORM access.lock_accounts(me, (SELECT a.account_id FROM access.account a WHERE a.patient_id = patient));
    SELECT * INTO own FROM access.account a WHERE a.patient_id = patient AND a.disabled_at IS NULL;
    IF NOT FOUND THEN
        PERFORM access.refuse('patients_link_is_of_an_account', 'Open the account first: there is none, or it is disabled.');
    ELSIF EXISTS (SELECT FROM access.audit_event e
                  WHERE e.patient_id = patient AND e.actor = me.account_id AND e.action = 'grant'
                    AND e.resource = 'access.account/' || own.account_id AND e.reason IN ('new_at_desk', 'again_at_desk'))
        AND NOT EXISTS (SELECT FROM access.audit_event e
                        WHERE e.patient_id = patient AND e.actor = me.account_id AND e.at > now() - INTERVAL '24 hours'
                          AND e.action = 'create' AND e.resource = 'care.patient/' || patient) THEN
        PERFORM access.refuse('patients_link_is_made_by_another',
                              'The account is open: ask a colleague at the desk for the link, since one alone does not do both.');
    END IF;
    until := access.replace_link(own.account_id, token_hash, INTERVAL '24 hours');
    -- After the earlier link was taken back, which waits for who is just using it.
    IF EXISTS (SELECT FROM access.credential c WHERE c.account_id = own.account_id) THEN
        PERFORM access.refuse('patients_link_is_for_the_first_password',
                              'This patient has set a password already: ask whoever runs the installation for another link.');
    END IF;
    PERFORM access.note(me, 'grant', patient, 'access.account/' || own.account_id, 'link');
    RETURN until;
END $function$;
REVOKE EXECUTE ON FUNCTION access.make_patient_link(access.caller,uuid,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.make_patient_link(access.caller,uuid,bytea) TO healthtrack_care;

-- Who may be the person that this session proposed: name, year of birth and town, and how much is alike.
CREATE OR REPLACE FUNCTION access.matches_of(me access.caller, proposal uuid)
 RETURNS TABLE(match uuid, family text, given text[], born_in integer, town text, score numeric, name_part numeric, birth_part numeric, contact_part numeric)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
BEGIN
    IF me.has_written THEN
        PERFORM access.refuse('reading_comes_before_writing', 'Read in a transaction that has written nothing yet.');
    END IF;
    PERFORM access.check_proposal(me, proposal);
    RETURN QUERY
    SELECT m.proposal_match_id, n.family, n.given, coalesce(extract(year FROM p.born_on)::integer, left(p.born_in, 4)::integer), a.city, m.score, m.name_part,
           m.birth_part, m.contact_part
    FROM access.proposal_match m JOIN care.patient p USING (patient_id)
    LEFT JOIN LATERAL (SELECT o.family, o.given FROM care.patient_name o
                       WHERE o.patient_id = m.patient_id AND o.valid_during @> current_date
                       ORDER BY o.use = 'official' DESC, o.preferred DESC, o.use LIMIT 1) AS n ON true
    LEFT JOIN LATERAL (SELECT o.city FROM care.address o
                       WHERE o.patient_id = m.patient_id AND o.valid_during @> current_date
                       ORDER BY o.use = 'home' DESC, o.use LIMIT 1) AS a ON true
    WHERE m.proposal_id = proposal ORDER BY m.score DESC, m.proposal_match_id;
END $function$;
REVOKE EXECUTE ON FUNCTION access.matches_of(access.caller,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.matches_of(access.caller,uuid) TO healthtrack_care;

-- Whether an account keeps those of this part, at this facility where they have one.
CREATE OR REPLACE FUNCTION access.may_keep(own access.account, part text, facility uuid)
 RETURNS boolean
 LANGUAGE sql
 IMMUTABLE
RETURN COALESCE(((((own).part = 'network_admin'::text) AND (part <> 'patient'::text)) OR (((own).part = 'facility_manager'::text) AND (part = ANY (ARRAY['front_desk'::text, 'biller'::text])) AND (facility = (own).facility_id))), false);
REVOKE EXECUTE ON FUNCTION access.may_keep(access.account,text,uuid) FROM PUBLIC;

-- Tables with rows of persons that are in no class, or in one that does not fit them, each with what to do; none in a sound database.
CREATE OR REPLACE FUNCTION access.misclassified()
 RETURNS TABLE(relation text, problem text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH part AS (  -- Tables with their columns; parts of a partitioned table are the table's.
        SELECT c.oid, c.oid::regclass::text AS relation, a.attnum, a.attname::text AS name, t.typname::text AS type
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        JOIN pg_type t ON t.oid = coalesce(nullif((SELECT d.typbasetype FROM pg_type d WHERE d.oid = a.atttypid), 0), a.atttypid)
        WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace, 'signal'::regnamespace)
          AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ), classed AS (
        SELECT t.*, c.erasure, to_regclass(t.relation) AS oid FROM access.table_class t JOIN access.row_class c USING (row_class)
    ), referring AS (
        SELECT k.oid, k.conrelid, k.confrelid, ARRAY(
                   SELECT p.name FROM part p WHERE p.oid = k.conrelid AND p.attnum = ANY (k.conkey)) AS columns
        FROM pg_constraint k WHERE k.contype = 'f' AND k.conparentid = 0
    )
    SELECT p.relation, 'Holds rows of persons by ' || p.name || ': say their class in access.table_class.' FROM part p
    WHERE p.name = 'patient_id' AND NOT EXISTS (SELECT FROM classed c WHERE c.oid = p.oid AND c.found_by = p.name)
    UNION
    SELECT r.conrelid::regclass::text, 'Refers to a person''s rows in ' || r.confrelid::regclass || ': say its class in access.table_class.'
    FROM referring r JOIN classed c ON c.oid = r.confrelid AND c.key_kind <> 'samples'
    WHERE c.relation <> 'access.account' AND r.conrelid IN (SELECT p.oid FROM part p)
      AND NOT EXISTS (SELECT FROM classed own WHERE own.oid = r.conrelid)
    UNION
    SELECT c.relation, 'Has no column ' || named.name || ': correct its row of access.table_class.' FROM classed c
    CROSS JOIN LATERAL unnest(array_remove(ARRAY[c.found_by, c.aged_by], NULL) || c.blanked || c.kept) AS item (word)
    CROSS JOIN LATERAL (SELECT split_part(item.word, '=', 1)) AS named (name)
    WHERE NOT EXISTS (SELECT FROM part p WHERE p.oid = c.oid AND p.name = named.name)
      AND NOT (c.key_kind = 'samples' AND EXISTS (SELECT FROM part p WHERE p.oid = c.oid))
    UNION
    SELECT child.relation, 'Stays while ' || parent.relation || ' is deleted: delete it too, or empty the column that refers to it.'
    FROM referring r JOIN classed parent ON parent.oid = r.confrelid AND parent.erasure = 'delete' AND parent.key_kind <> 'samples'
    -- What is another person's by a second key refers to what stays with them.
    JOIN classed child ON child.oid = r.conrelid AND child.erasure <> 'delete' AND (child.key_kind <> 'account' OR child.found_by = ANY (r.columns))
    WHERE NOT EXISTS (SELECT FROM unnest(child.blanked) AS b WHERE split_part(b, '=', 1) = ANY (r.columns))
    UNION
    -- Open text: what no rule confines to words, codes or keys that are known.
    SELECT c.relation, 'Says in ' || p.name || ' what anybody writes: name it in blanked or kept of access.table_class.'
    FROM classed c JOIN part p ON p.oid = c.oid
    WHERE c.erasure = 'anonymise' AND p.type IN ('text', '_text', 'varchar', 'json', 'jsonb', 'bytea', 'xml') AND p.name !~ '_by$'
      AND NOT EXISTS (
          SELECT FROM pg_constraint k WHERE k.conrelid = p.oid AND (
              k.contype = 'f' AND p.attnum = ANY (k.conkey)
              OR k.contype = 'c' AND pg_get_constraintdef(k.oid) ~ ('\(\(?' || p.name || ' (= ANY|<@) \(?ARRAY\[|code_fits\([^,]*, ' || p.name || '\)')))
      AND (SELECT a.atttypid::regtype::text FROM pg_attribute a WHERE a.attrelid = p.oid AND a.attnum = p.attnum)
          NOT IN ('care.sensitivity', 'care.currency', 'care.ucum_unit')
      AND NOT EXISTS (SELECT FROM access.table_class t CROSS JOIN LATERAL unnest(t.blanked || t.kept) AS b
                      WHERE t.relation = c.relation AND split_part(b, '=', 1) = p.name)
    ORDER BY 1, 2
$function$;
REVOKE EXECUTE ON FUNCTION access.misclassified() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.misclassified() TO healthtrack_migrator;

-- Moves an account to another facility, and ends its sessions; audited.
CREATE OR REPLACE FUNCTION access.move_account(me access.caller, account uuid, read_version integer, facility uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    kept constant access.account := access.account_kept(me, account);
BEGIN
    IF me.part <> 'network_admin' THEN
        PERFORM access.refuse('account_is_moved_by_an_administrator', 'Ask an administrator of the network to move this account.');
    ELSIF kept.version IS DISTINCT FROM read_version THEN
        PERFORM access.refuse('account_is_changed_as_it_was_read', 'The account has changed since it was read: read it again.');
    ELSIF EXISTS (SELECT FROM care.facility f WHERE f.facility_id = facility
                  AND f.closed_on <= (now() AT TIME ZONE f.time_zone)::date) THEN
        PERFORM access.refuse('account_is_of_a_facility_that_stands', 'This facility is closed: choose another one.');
    END IF;
    UPDATE access.account a SET facility_id = facility WHERE a.account_id = account;
    PERFORM access.end_sessions_of(account);
    PERFORM access.note(me, 'update', NULL, 'access.account/' || account, kept.part);
END $function$;
REVOKE EXECUTE ON FUNCTION access.move_account(access.caller,uuid,integer,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.move_account(access.caller,uuid,integer,uuid) TO healthtrack_care;

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
GRANT EXECUTE ON FUNCTION access.name_of_account(uuid) TO healthtrack_care;

-- Appends what the caller of a function of api does, in this transaction.
CREATE OR REPLACE FUNCTION access.note(me access.caller, action text, patient uuid, resource text, reason text DEFAULT NULL::text, outcome text DEFAULT 'allowed'::text, request uuid DEFAULT NULL::uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.note(access.caller,text,uuid,text,text,text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.note(access.caller,text,uuid,text,text,text,uuid) TO healthtrack_care;

-- Records that an account changed how it proves who it is.
CREATE OR REPLACE FUNCTION access.note_credential(whose text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    event access.audit_event;
BEGIN
    SELECT a.account_id, a.part, a.patient_id INTO event.actor, event.part, event.patient_id
    FROM access.account a WHERE a.login = lower(whose);
    event.action := 'update';
    event.resource := 'access.credential';
    event.outcome := 'allowed';
    PERFORM access.append_event(event);
END $function$;
REVOKE EXECUTE ON FUNCTION access.note_credential(text) FROM PUBLIC;

-- For the program that signs people in: records that a password or code was wrong; the login is not kept where nobody has it.
CREATE OR REPLACE FUNCTION access.note_failed_sign_in(login text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.note_failed_sign_in(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.note_failed_sign_in(text) TO healthtrack_sign_in;

-- Trigger after a person is proposed: keeps who may be the same, and records for each of them that they are shown.
CREATE OR REPLACE FUNCTION access.note_matches()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    found record;
BEGIN
    FOR found IN SELECT * FROM access.find_same_person(NEW.person) LOOP
        INSERT INTO access.proposal_match (patient_id, proposal_id, score, name_part, birth_part, contact_part)
        VALUES (found.patient_id, NEW.proposal_id, found.score, found.name_part, found.birth_part, found.contact_part);
        PERFORM access.audit('read', found.patient_id, 'care.patient', 'allowed', 'registration');
    END LOOP;
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION access.note_matches() FROM PUBLIC;

-- Appends what a member of the community does, in this transaction, without account and patient.
CREATE OR REPLACE FUNCTION access.note_unsigned(action text, resource text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    event access.audit_event;
BEGIN
    event.part := 'member';
    event.action := note_unsigned.action;
    event.resource := note_unsigned.resource;
    event.outcome := 'allowed';
    PERFORM access.append_event(event);
END $function$;
REVOKE EXECUTE ON FUNCTION access.note_unsigned(text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.note_unsigned(text,text) TO healthtrack_care;

-- Trigger before each insert: notes which transaction opens a record in an emergency.
CREATE OR REPLACE FUNCTION access.note_who_opens()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    NEW.opened_by := CASE NEW.basis WHEN 'emergency' THEN pg_current_xact_id() END;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION access.note_who_opens() FROM PUBLIC;

-- Opens an account of a part that the caller keeps; audited; gives the key.
CREATE OR REPLACE FUNCTION access.open_account(me access.caller, part text, login text, facility uuid, provider uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_variable
DECLARE
    own  constant access.account := access.lock_accounts(me, NULL);
    made uuid;
BEGIN
    IF NOT access.may_keep(own, part, facility) THEN
        PERFORM access.refuse('account_is_kept_by_who_may', 'Ask an administrator of the network, or the manager of the facility.');
    ELSIF EXISTS (SELECT FROM care.facility f WHERE f.facility_id = facility
                  AND f.closed_on <= (now() AT TIME ZONE f.time_zone)::date) THEN
        PERFORM access.refuse('account_is_of_a_facility_that_stands', 'This facility is closed: choose another one.');
    END IF;
    BEGIN
        INSERT INTO access.account AS a (part, login, facility_id, provider_id) VALUES (part, login, facility, provider)
        RETURNING a.account_id INTO made;
    EXCEPTION WHEN unique_violation THEN
        IF own.part = 'network_admin' THEN
            RAISE;
        END IF;
        PERFORM access.refuse_unsaid();
    END;
    PERFORM access.note(me, 'grant', NULL, 'access.account/' || made, part);
    RETURN made;
END $function$;
REVOKE EXECUTE ON FUNCTION access.open_account(access.caller,text,text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.open_account(access.caller,text,text,uuid,uuid) TO healthtrack_care;

-- Trigger before care begins without a word of what it opens: the categories that the provider treats.
CREATE OR REPLACE FUNCTION access.open_categories()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    NEW.opens := access.categories_opened(NEW.provider_id, NEW.basis);
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION access.open_categories() FROM PUBLIC;

-- Opens the account of a patient at the own desk, or enables again by its login what another disabled; audited; gives the key.
CREATE OR REPLACE FUNCTION access.open_patient_account(me access.caller, patient uuid, login text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_variable
DECLARE
    own      access.account;
    disabler uuid;
    made     uuid;
BEGIN
    PERFORM access.lock_accounts(me, NULL);
    IF NOT access.is_at_own_desk(patient) THEN
        PERFORM access.refuse('patients_account_is_opened_at_the_desk', 'Open accounts of patients who came to your desk.');
    ELSIF EXISTS (SELECT FROM access.erasure_proof e WHERE e.records @> ARRAY[patient]) THEN
        PERFORM access.refuse('record_is_of_an_erased_person', 'This person was erased: register them anew.');
    END IF;
    -- After the rights: nobody waits for a row of a stranger.
    PERFORM access.lock_accounts(me, (SELECT a.account_id FROM access.account a WHERE a.patient_id = patient));
    SELECT * INTO own FROM access.account a WHERE a.patient_id = patient;
    IF NOT FOUND THEN
        BEGIN
            INSERT INTO access.account AS a (part, login, patient_id) VALUES ('patient', login, patient)
            RETURNING a.account_id INTO made;
        EXCEPTION WHEN unique_violation THEN
            PERFORM access.refuse_unsaid();
        END;
        PERFORM access.note(me, 'grant', patient, 'access.account/' || made, 'new_at_desk');
        RETURN made;
    ELSIF own.login IS DISTINCT FROM login THEN
        PERFORM access.refuse('patients_account_keeps_its_login', 'This patient has an account by another login: ask them for it.');
    ELSIF own.disabled_at IS NULL THEN
        RETURN own.account_id;
    END IF;
    -- Who disabled it, before this transaction: nobody ends the sessions of a patient to begin them anew.
    SELECT e.actor INTO disabler FROM access.audit_event e
    WHERE e.patient_id = patient AND e.action = 'revoke' AND e.resource = 'access.account/' || own.account_id
    ORDER BY e.at DESC LIMIT 1;
    IF (disabler <> me.account_id AND own.disabled_at < now()) IS NOT TRUE THEN
        PERFORM access.refuse('patients_account_is_enabled_by_another', 'Ask another account of the desk to enable what yours disabled.');
    END IF;
    UPDATE access.account a SET disabled_at = NULL WHERE a.account_id = own.account_id;
    PERFORM access.end_sessions_of(own.account_id);
    PERFORM access.note(me, 'grant', patient, 'access.account/' || own.account_id, 'again_at_desk');
    RETURN own.account_id;
END $function$;
REVOKE EXECUTE ON FUNCTION access.open_patient_account(access.caller,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.open_patient_account(access.caller,uuid,text) TO healthtrack_care;

-- Ends what a proxy has opened, and opens what it opens now: nothing once it has ended, a guardian's until the patient is of age.
CREATE OR REPLACE FUNCTION access.open_proxy(of access.proxy)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.open_proxy(access.proxy) FROM PUBLIC;

-- For the program that signs people in: opens a session by the SHA-256 of its token, audited; gives when it ends at the latest.
CREATE OR REPLACE FUNCTION access.open_session(login text, token_hash bytea, idle_for interval DEFAULT '00:15:00'::interval, lasts interval DEFAULT '12:00:00'::interval)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET lock_timeout TO '2s'
AS $function$
DECLARE
    event access.audit_event;
    until timestamptz;
BEGIN
    SELECT a.account_id, a.part, a.patient_id INTO event.actor, event.part, event.patient_id
    FROM access.account a WHERE a.login = open_session.login AND a.disabled_at IS NULL FOR SHARE;
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.open_session(text,bytea,interval,interval) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.open_session(text,bytea,interval,interval) TO healthtrack_sign_in;

-- The account that acts, and whom it stands for.
CREATE OR REPLACE FUNCTION access.own_account()
 RETURNS TABLE(account_id uuid, part text, patient_id uuid, provider_id uuid, facility_id uuid)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN QUERY SELECT a.account_id, a.part, a.patient_id, a.provider_id, a.facility_id FROM access.account a
                 WHERE a.account_id = access.actor() AND a.disabled_at IS NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION access.own_account() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.own_account() TO healthtrack_care;

-- The facility that the actor works for, as an array of one; empty for others, and but for billers 30 days after it closed.
CREATE OR REPLACE FUNCTION access.own_facilities()
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN (SELECT coalesce(array_agg(a.facility_id), '{}') FROM access.account a
            WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND a.facility_id IS NOT NULL
              AND (a.part = 'biller' OR EXISTS (
                  SELECT FROM care.facility f
                  WHERE f.facility_id = a.facility_id AND (f.closed_on < current_date - 30) IS NOT TRUE)));
END $function$;
REVOKE EXECUTE ON FUNCTION access.own_facilities() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.own_facilities() TO healthtrack_care, healthtrack_migrator;

-- The patient whom the actor is, as an array of one; empty for others.
CREATE OR REPLACE FUNCTION access.own_patients()
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN (SELECT coalesce(array_agg(a.patient_id), '{}') FROM access.account a
            WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND a.patient_id IS NOT NULL);
END $function$;
REVOKE EXECUTE ON FUNCTION access.own_patients() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.own_patients() TO healthtrack_care, healthtrack_migrator;

-- Sessions of an account that stand, the newest first, 100 at most.
CREATE OR REPLACE FUNCTION access.own_sessions(me access.caller)
 RETURNS TABLE(session uuid, began_at timestamp with time zone, seen_at timestamp with time zone, ends_at timestamp with time zone, is_this boolean)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT s.session_id, s.created_at, s.seen_at, least(s.expires_at, s.seen_at + s.idle_for), s.session_id = me.session_id
    FROM access.session s
    WHERE s.account_id = me.account_id AND s.revoked_at IS NULL AND clock_timestamp() < least(s.expires_at, s.seen_at + s.idle_for)
    ORDER BY s.created_at DESC, s.session_id LIMIT 100
$function$;
REVOKE EXECUTE ON FUNCTION access.own_sessions(access.caller) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.own_sessions(access.caller) TO healthtrack_care;

-- The part that the actor plays; null for nobody and for a disabled account.
CREATE OR REPLACE FUNCTION access.part()
 RETURNS text
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN (SELECT a.part FROM access.account a WHERE a.account_id = access.actor() AND a.disabled_at IS NULL);
END $function$;
REVOKE EXECUTE ON FUNCTION access.part() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.part() TO healthtrack_analyst, healthtrack_auditor, healthtrack_care, healthtrack_migrator;

-- The parts of rows p of a table, and parts of those: by which tables, and on what condition, a row of such a part is one of p.
CREATE OR REPLACE FUNCTION access.parts_of(relation text)
 RETURNS TABLE(part text, alias text, aged_by text, tables text, condition text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH RECURSIVE tree (part, depth, alias, aged_by, tables, condition) AS (
        SELECT parts_of.relation, 0, 'p', NULL::text, NULL::text, NULL::text
        UNION ALL
        SELECT t.relation, w.depth + 1, own.alias, t.aged_by, concat_ws(', ', w.tables, t.relation || ' ' || own.alias),
               concat_ws(' AND ', w.condition, r.condition)
        FROM tree w JOIN access.table_class t ON t.part_of = w.part
        CROSS JOIN LATERAL (SELECT 'p' || (w.depth + 1)) AS own (alias)
        CROSS JOIN LATERAL access.reference(to_regclass(t.relation), to_regclass(w.part), own.alias, w.alias) AS r
        WHERE w.depth < 9)
    SELECT t.part, t.alias, t.aged_by, t.tables, t.condition FROM tree t WHERE t.depth > 0
$function$;
REVOKE EXECUTE ON FUNCTION access.parts_of(text) FROM PUBLIC;

-- For the program that signs people in: what devices keep beside a passkey of a login.
CREATE OR REPLACE FUNCTION access.passkey_handle(login text)
 RETURNS uuid
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT a.account_id FROM access.account a WHERE a.login = lower(passkey_handle.login) AND a.disabled_at IS NULL
$function$;
REVOKE EXECUTE ON FUNCTION access.passkey_handle(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.passkey_handle(text) TO healthtrack_sign_in;

-- Patients for whom the actor, as their proxy, may do this at this moment.
CREATE OR REPLACE FUNCTION access.patients_acted_for(act text)
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN (SELECT coalesce(array_agg(DISTINCT g.patient_id), '{}')
            FROM access.account a JOIN access.grant_of_access g USING (account_id)
            WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND access.sees_newest()
              AND g.revoked_at IS NULL AND g.valid_during @> clock_timestamp() AND g.acts @> ARRAY[act]);
END $function$;
REVOKE EXECUTE ON FUNCTION access.patients_acted_for(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.patients_acted_for(text) TO healthtrack_care, healthtrack_migrator;

-- Patients with an appointment to come, or of the last 30 days, at the facility of the acting front desk; by a hold, while it lasts.
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
          AND a.facility_id = ANY (access.own_facilities())
          AND v.status IN ('held', 'booked', 'arrived', 'completed')
          AND (v.status <> 'held' OR v.expires_at > clock_timestamp())
          AND lower(v.during) > now() - INTERVAL '30 days'
    );
END $function$;
REVOKE EXECUTE ON FUNCTION access.patients_at_desk() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.patients_at_desk() TO healthtrack_care, healthtrack_migrator;

-- Patients with an appointment or an encounter at the facility that the acting biller works for; empty for others.
CREATE OR REPLACE FUNCTION access.patients_billed()
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN (SELECT coalesce(array_agg(DISTINCT seen.patient_id), '{}')
            FROM access.account AS own
            CROSS JOIN LATERAL (
                SELECT v.patient_id FROM care.appointment v WHERE v.facility_id = own.facility_id
                UNION ALL
                SELECT e.patient_id FROM care.encounter e WHERE e.facility_id = own.facility_id
            ) AS seen
            WHERE own.account_id = access.actor() AND own.disabled_at IS NULL AND own.part = 'biller');
END $function$;
REVOKE EXECUTE ON FUNCTION access.patients_billed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.patients_billed() TO healthtrack_care, healthtrack_migrator;

-- Patients who let the actor see this scope at this moment.
CREATE OR REPLACE FUNCTION access.patients_granted(scope text)
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    -- Neither an OR over two columns nor a function in SQL, which is planned anew at each call.
    RETURN (
        SELECT coalesce(array_agg(DISTINCT g.patient_id), '{}')
        FROM (SELECT a.account_id, a.provider_id FROM access.account a
              WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND access.sees_newest()
                AND access.works(a.provider_id)) AS own
        CROSS JOIN LATERAL (
            SELECT o.* FROM access.grant_of_access o WHERE o.account_id = own.account_id
            UNION ALL SELECT o.* FROM access.grant_of_access o WHERE o.provider_id = own.provider_id) AS g
        WHERE g.revoked_at IS NULL AND g.valid_during @> clock_timestamp() AND g.scopes @> ARRAY[patients_granted.scope]);
END $function$;
REVOKE EXECUTE ON FUNCTION access.patients_granted(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.patients_granted(text) TO healthtrack_care, healthtrack_migrator;

-- Patients with whom the acting provider has a care relationship at this moment.
CREATE OR REPLACE FUNCTION access.patients_in_care()
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN (SELECT coalesce(array_agg(DISTINCT r.patient_id), '{}')
            FROM access.account a JOIN access.care_relationship r USING (provider_id)
            WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND r.valid_during @> clock_timestamp() AND access.sees_newest() AND access.works(a.provider_id)
              AND (r.opened_by = pg_current_xact_id_if_assigned()) IS NOT TRUE);
END $function$;
REVOKE EXECUTE ON FUNCTION access.patients_in_care() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.patients_in_care() TO healthtrack_care, healthtrack_migrator;

-- Patients whose rows of this category are open to the actor at this moment, by care that opens it or by a grant of it.
CREATE OR REPLACE FUNCTION access.patients_opened(category text)
 RETURNS uuid[]
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT r.patient_id), '{}')
        FROM access.account a JOIN access.care_relationship r USING (provider_id)
        WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND r.opens @> ARRAY[category]
          AND r.valid_during @> clock_timestamp() AND access.sees_newest() AND access.works(a.provider_id)
          AND (r.opened_by = pg_current_xact_id_if_assigned()) IS NOT TRUE
    ) || access.patients_granted(category);
END $function$;
REVOKE EXECUTE ON FUNCTION access.patients_opened(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.patients_opened(text) TO healthtrack_care, healthtrack_migrator;

-- Accounts that were proposed, the newest first.
CREATE OR REPLACE FUNCTION access.proposals_of_accounts(me access.caller)
 RETURNS TABLE(account_proposal_id uuid, part text, login text, proposed_by uuid, proposed_at timestamp with time zone, until_at timestamp with time zone, outcome text, decided_by uuid, decided_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
BEGIN
    IF me.part <> 'network_admin' THEN
        PERFORM access.refuse('account_is_proposed_by_an_administrator', 'Ask an administrator of the network.');
    END IF;
    RETURN QUERY
        SELECT p.account_proposal_id, p.part, p.login, p.proposed_by, p.proposed_at, p.until_at,
               CASE WHEN p.outcome IS NULL AND p.until_at <= now() THEN 'expired' ELSE p.outcome END, p.decided_by, p.decided_at
        FROM access.account_proposal p ORDER BY p.proposed_at DESC, p.account_proposal_id LIMIT 200;
END $function$;
REVOKE EXECUTE ON FUNCTION access.proposals_of_accounts(access.caller) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.proposals_of_accounts(access.caller) TO healthtrack_care;

-- Proposes an account of great power for another administrator to confirm; audited; gives the key.
CREATE OR REPLACE FUNCTION access.propose_account(me access.caller, part text, login text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_variable
DECLARE
    own      constant access.account := access.lock_accounts(me, NULL);
    proposed uuid;
BEGIN
    IF own.part <> 'network_admin' THEN
        PERFORM access.refuse('account_is_proposed_by_an_administrator', 'Ask an administrator of the network.');
    END IF;
    UPDATE access.account_proposal p SET outcome = 'expired', decided_at = now()
    WHERE p.login = login AND p.outcome IS NULL AND p.until_at <= now();
    INSERT INTO access.account_proposal AS p (proposed_by, part, login) VALUES (me.account_id, part, login)
    RETURNING p.account_proposal_id INTO proposed;
    PERFORM access.note(me, 'create', NULL, 'access.account_proposal/' || proposed, part);
    RETURN proposed;
END $function$;
REVOKE EXECUTE ON FUNCTION access.propose_account(access.caller,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.propose_account(access.caller,text,text) TO healthtrack_care;

-- For whom the actor may read and act at this moment, and what; no name of anybody.
CREATE OR REPLACE FUNCTION access.proxies_held()
 RETURNS TABLE(proxy uuid, patient uuid, kind text, scopes text[], acts text[], until_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT g.proxy_id, g.patient_id, p.kind, g.scopes, g.acts, upper(g.valid_during)
    FROM access.account a JOIN access.grant_of_access g USING (account_id) JOIN access.proxy p USING (proxy_id)
    WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND access.sees_newest()
      AND g.revoked_at IS NULL AND g.valid_during @> clock_timestamp()
    ORDER BY g.patient_id, p.kind, g.valid_during LIMIT 200
$function$;
REVOKE EXECUTE ON FUNCTION access.proxies_held() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.proxies_held() TO healthtrack_care;

-- Proxies of a patient, the newest first; for a function that has looked.
CREATE OR REPLACE FUNCTION access.proxies_of(patient uuid)
 RETURNS TABLE(proxy uuid, related_person uuid, kind text, document text, jurisdiction text, scopes text[], acts text[], from_at timestamp with time zone, until_at timestamp with time zone, ended_at timestamp with time zone)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT p.proxy_id, p.related_person_id, p.kind, p.document, p.jurisdiction, p.scopes, p.acts, lower(p.valid_during),
           CASE WHEN p.ended_at IS NULL THEN (SELECT max(coalesce(upper(g.valid_during), 'infinity'))
               FROM access.grant_of_access g WHERE g.proxy_id = p.proxy_id AND g.revoked_at IS NULL) END, p.ended_at
    FROM access.proxy p WHERE p.patient_id = patient ORDER BY p.created_at DESC, p.proxy_id LIMIT 200
$function$;
REVOKE EXECUTE ON FUNCTION access.proxies_of(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.proxies_of(uuid) TO healthtrack_care;

-- For the program that signs people in: whose login a one-time link is for; null where it is of no use.
CREATE OR REPLACE FUNCTION access.read_invitation(token_hash bytea)
 RETURNS text
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT a.login FROM access.invitation i JOIN access.account a USING (account_id)
    WHERE i.token_hash = read_invitation.token_hash AND i.used_at IS NULL AND i.expires_at > clock_timestamp()
      AND a.disabled_at IS NULL
$function$;
REVOKE EXECUTE ON FUNCTION access.read_invitation(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.read_invitation(bytea) TO healthtrack_sign_in;

-- For the program that signs people in: whose a passkey is, and what its signatures are verified with; no row where it is nobody's.
CREATE OR REPLACE FUNCTION access.read_passkey(handle uuid, credential_id bytea)
 RETURNS TABLE(login text, counter bigint, public_key bytea)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT a.login, p.counter, p.public_key FROM access.passkey p JOIN access.account a USING (account_id)
    WHERE p.credential_id = read_passkey.credential_id AND p.account_id = read_passkey.handle AND a.disabled_at IS NULL
$function$;
REVOKE EXECUTE ON FUNCTION access.read_passkey(uuid,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.read_passkey(uuid,bytea) TO healthtrack_sign_in;

-- Why the actor may look at this kind of a patient's record, as a word; null where not.
CREATE OR REPLACE FUNCTION access.reason_to_look(patient uuid, kind text)
 RETURNS text
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    open   access.look_kind;
    shared uuid[];
BEGIN
    SELECT * INTO open FROM access.look_kind k WHERE k.kind = split_part(reason_to_look.kind, '/', 1);
    -- Asked in any case: the time it takes would else tell whether the patient writes a journal.
    IF open.shared_entry THEN
        shared := care.entries_shared();
    END IF;
    RETURN CASE
        WHEN open.kind IS NULL THEN NULL
        WHEN patient = ANY (access.own_patients()) THEN 'own'
        WHEN open.in_care AND patient = ANY (access.patients_in_care()) THEN 'in_care'
        WHEN patient = ANY (access.patients_granted(open.scope)) THEN 'granted'
        WHEN open.sensitive AND open.scope = 'chart' AND patient = ANY (access.patients_granted_apart()) THEN 'granted'
        WHEN open.act IS NOT NULL AND patient = ANY (access.patients_acted_for(open.act)) THEN 'granted'
        WHEN open.at_desk AND access.part() = 'front_desk' AND (
            EXISTS (SELECT FROM care.appointment v
                    WHERE v.patient_id = patient AND v.facility_id = ANY (access.own_facilities()))
            OR EXISTS (SELECT FROM care.waitlist_entry w
                       WHERE w.patient_id = patient AND w.facility_id = ANY (access.own_facilities()))) THEN 'at_desk'
        WHEN open.kind = 'desk_person' AND access.is_met_at_desk(patient) THEN 'at_desk'
        WHEN open.billed AND access.part() = 'biller' AND EXISTS (
            SELECT FROM care.invoice i
            WHERE i.patient_id = patient AND i.facility_id = ANY (access.own_facilities())) THEN 'billed'
        WHEN open.shared_entry AND EXISTS (
            SELECT FROM care.journal_entry e
            WHERE e.patient_id = patient AND e.journal_entry_id = ANY (shared)) THEN 'granted'
    END;
END $function$;
REVOKE EXECUTE ON FUNCTION access.reason_to_look(uuid,text) FROM PUBLIC;

-- Trigger: refuses each UPDATE, DELETE and TRUNCATE.
CREATE OR REPLACE FUNCTION access.refuse_change_of_audit()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM access.refuse('audit_is_only_appended', 'What was audited stays: nothing of it is changed or removed.');
END $function$;

-- Trigger before a proof of an erasure changes or goes: refuses it to everybody, the owner among them.
CREATE OR REPLACE FUNCTION access.refuse_change_of_proof()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    PERFORM access.refuse('proof_is_only_added_to', 'What was erased stays proved: a proof is neither changed nor removed.');
    RETURN NULL;
END $function$;
REVOKE EXECUTE ON FUNCTION access.refuse_change_of_proof() FROM PUBLIC;

-- Requests to be registered at the facilities of the acting desk, the oldest first, 500 at most.
CREATE OR REPLACE FUNCTION access.registrations_at_desk()
 RETURNS SETOF access.registration_request
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT r.* FROM access.registration_request r
    WHERE access.part() = 'front_desk' AND r.facility_id = ANY (access.own_facilities()) AND r.expires_at > now()
    ORDER BY r.asked_at, r.registration_request_id LIMIT 500
$function$;
REVOKE EXECUTE ON FUNCTION access.registrations_at_desk() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.registrations_at_desk() TO healthtrack_care;

-- For the program that signs people in: takes a passkey of a login away; audited.
CREATE OR REPLACE FUNCTION access.remove_passkey(login text, passkey uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    DELETE FROM access.passkey p USING access.account a
    WHERE a.login = lower(remove_passkey.login) AND p.account_id = a.account_id AND p.passkey_id = remove_passkey.passkey;
    IF NOT FOUND THEN
        PERFORM access.refuse('passkey_to_remove_stands', 'There is no such passkey of yours: it may have been removed already.');
    END IF;
    PERFORM access.note_credential(login);
END $function$;
REVOKE EXECUTE ON FUNCTION access.remove_passkey(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.remove_passkey(text,uuid) TO healthtrack_sign_in;

-- Records that the account of a session has proved who it is, and gives the session another token; its caller has judged the proof.
CREATE OR REPLACE FUNCTION access.renew_session(whose text, token_hash bytea, new_token_hash bytea)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE access.session s SET confirmed_at = now(), token_hash = renew_session.new_token_hash FROM access.account a
    WHERE s.token_hash = renew_session.token_hash AND a.account_id = s.account_id AND a.login = lower(renew_session.whose)
      AND a.disabled_at IS NULL AND s.revoked_at IS NULL AND clock_timestamp() < least(s.expires_at, s.seen_at + s.idle_for);
    IF NOT FOUND THEN
        PERFORM access.refuse('session_stands', 'Sign in again.');
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION access.renew_session(text,bytea,bytea) FROM PUBLIC;

-- Keeps the digest of a one-time link of an account in the place of an earlier one; gives when it ends.
CREATE OR REPLACE FUNCTION access.replace_link(account uuid, token_hash bytea, lasts interval)
 RETURNS timestamp with time zone
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    until timestamptz;
BEGIN
    UPDATE access.invitation i SET used_at = now() WHERE i.account_id = account AND i.used_at IS NULL;
    INSERT INTO access.invitation (account_id, expires_at, token_hash) VALUES (account, now() + lasts, replace_link.token_hash)
    RETURNING expires_at INTO until;
    RETURN until;
END $function$;
REVOKE EXECUTE ON FUNCTION access.replace_link(uuid,bytea,interval) FROM PUBLIC;

-- Asks for the erasure of the acting patient, or of one for whom the actor consents; gives the request.
CREATE OR REPLACE FUNCTION access.request_erasure(me access.caller, patient uuid, reason text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    made uuid;
BEGIN
    IF NOT coalesce(patient = ANY (access.own_patients()) OR patient = ANY (access.patients_acted_for('consent')), false) THEN
        PERFORM access.refuse('erasure_is_asked_by_the_patient',
            'The patient asks for an erasure, or who may consent for them.');
    END IF;
    INSERT INTO access.erasure_request (patient_id, requested_by, reason)
    VALUES (patient, me.account_id, nullif(btrim(request_erasure.reason), '')) RETURNING erasure_request_id INTO made;
    PERFORM access.note(me, 'create', patient, 'access.erasure_request/' || made);
    RETURN made;
END $function$;
REVOKE EXECUTE ON FUNCTION access.request_erasure(access.caller,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.request_erasure(access.caller,uuid,text) TO healthtrack_care;

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
GRANT EXECUTE ON FUNCTION access.review_emergency(uuid,text) TO healthtrack_care;

-- For the program that signs people in: ends every session of an account; gives how many.
CREATE OR REPLACE FUNCTION access.revoke_sessions(login text)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    ended integer;
BEGIN
    UPDATE access.session s SET revoked_at = now() FROM access.account a
    WHERE a.login = revoke_sessions.login AND s.account_id = a.account_id AND s.revoked_at IS NULL;
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $function$;
REVOKE EXECUTE ON FUNCTION access.revoke_sessions(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.revoke_sessions(text) TO healthtrack_sign_in;

-- True where the actor is a provider in care, not by an emergency, or a desk at which the patient is known.
CREATE OR REPLACE FUNCTION access.sees_whole(patient uuid)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(patient = ANY (access.patients_at_desk()), false) OR EXISTS (
        SELECT FROM access.care_relationship r
        WHERE r.patient_id = patient AND r.provider_id = access.acting_provider() AND r.basis <> 'emergency'
          AND r.valid_during @> clock_timestamp() AND patient = ANY (access.patients_in_care()))
$function$;
REVOKE EXECUTE ON FUNCTION access.sees_whole(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.sees_whole(uuid) TO healthtrack_care;

-- Says which categories a care relationship opens, for administrators; audited where the patient sees it.
CREATE OR REPLACE FUNCTION access.set_opens(me access.caller, relationship uuid, read_version integer, opens text[])
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_variable
DECLARE
    cared_for uuid;
BEGIN
    PERFORM access.check_administrator(me);
    UPDATE access.care_relationship r SET opens = coalesce(opens, '{}')
    WHERE r.care_relationship_id = relationship AND r.version = read_version AND r.basis <> 'emergency'
    RETURNING r.patient_id INTO cared_for;
    PERFORM access.check_change(cared_for IS NOT NULL);
    PERFORM access.note(me, 'grant', cared_for, 'access.care_relationship/' || relationship, nullif(array_to_string(opens, '_'), ''));
END $function$;
REVOKE EXECUTE ON FUNCTION access.set_opens(access.caller,uuid,integer,text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.set_opens(access.caller,uuid,integer,text[]) TO healthtrack_care;

-- Lets one account or one provider see what the scopes name of the actor's own record; gives the grant, the one that stands where it is the same.
CREATE OR REPLACE FUNCTION access.share(patient_id uuid, account_id uuid, provider_id uuid, scopes text[], purpose text, until timestamp with time zone)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    stands access.grant_of_access;
    made   uuid;
BEGIN
    IF (share.patient_id = ANY (access.own_patients())) IS NOT TRUE THEN
        PERFORM access.refuse('grant_is_the_patients', 'Only the patient may share this record.');
    ELSIF until <= now() THEN
        PERFORM access.refuse('grant_ends_later', 'Choose an end that is still to come.');
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.grant.' || share.patient_id, 0));
    FOR stands IN
        SELECT g.* FROM access.grant_of_access g
        WHERE g.patient_id = share.patient_id AND g.account_id IS NOT DISTINCT FROM share.account_id
          AND g.provider_id IS NOT DISTINCT FROM share.provider_id AND g.purpose = share.purpose
          AND g.scopes <@ share.scopes AND g.scopes @> share.scopes AND g.proxy_id IS NULL AND g.revoked_at IS NULL
          AND coalesce(upper(g.valid_during), 'infinity') > clock_timestamp()
        ORDER BY g.created_at DESC, g.grant_of_access_id
    LOOP
        IF made IS NULL AND upper(stands.valid_during) IS NOT DISTINCT FROM until THEN
            made := stands.grant_of_access_id;
            CONTINUE;
        END IF;
        UPDATE access.grant_of_access g SET revoked_at = now()
        WHERE g.grant_of_access_id = stands.grant_of_access_id AND g.revoked_at IS NULL;
        IF FOUND THEN
            PERFORM access.audit('revoke', share.patient_id, 'access.grant_of_access/' || stands.grant_of_access_id, 'allowed', 'own');
        END IF;
    END LOOP;
    IF made IS NOT NULL THEN
        RETURN made;
    END IF;
    INSERT INTO access.grant_of_access (patient_id, account_id, provider_id, valid_during, scopes, purpose)
    VALUES (share.patient_id, share.account_id, share.provider_id, tstzrange(now(), until), share.scopes, share.purpose)
    RETURNING grant_of_access_id INTO made;
    PERFORM access.audit('grant', share.patient_id, 'access.grant_of_access/' || made, 'allowed', 'own');
    RETURN made;
END $function$;
REVOKE EXECUTE ON FUNCTION access.share(uuid,uuid,uuid,text[],text,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.share(uuid,uuid,uuid,text[],text,timestamp with time zone) TO healthtrack_care;

-- Trigger before a data key is stored: one that an account makes is made now.
CREATE OR REPLACE FUNCTION access.stamp_data_key()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    IF access.actor() IS NOT NULL THEN
        NEW.created_at := now();
    END IF;
    RETURN NEW;
END $function$;
REVOKE EXECUTE ON FUNCTION access.stamp_data_key() FROM PUBLIC;

-- Locks a chain that nobody else holds until the transaction ends, or waits for one where all are held; gives its number.
CREATE OR REPLACE FUNCTION access.take_audit_chain()
 RETURNS smallint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    own   constant smallint := floor(random() * 64);
    taken smallint;
BEGIN
    SELECT c.chain INTO taken FROM access.audit_chain c WHERE c.chain = own FOR NO KEY UPDATE SKIP LOCKED;
    IF taken IS NULL THEN
        -- The next that is free, so that the first of all does not get what falls on others.
        SELECT c.chain INTO taken FROM access.audit_chain c ORDER BY (c.chain - own + 64) % 64 LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    END IF;
    IF taken IS NULL THEN
        SELECT c.chain INTO taken FROM access.audit_chain c WHERE c.chain = own FOR NO KEY UPDATE;
    END IF;
    RETURN taken;
END $function$;
REVOKE EXECUTE ON FUNCTION access.take_audit_chain() FROM PUBLIC;

-- Takes a guess from a bucket of so many that refills by one in such a time; 0, or the seconds to wait where none is left.
CREATE OR REPLACE FUNCTION access.take_guess(of bytea, most integer, every interval)
 RETURNS integer
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.take_guess(bytea,integer,interval) FROM PUBLIC;

-- For the program that signs people in: what an answer must be to, once; null where there is none, it is too old, or another's.
CREATE OR REPLACE FUNCTION access.take_passkey_challenge(login text, token_hash bytea)
 RETURNS bytea
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.take_passkey_challenge(text,bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.take_passkey_challenge(text,bytea) TO healthtrack_sign_in;

-- Takes what another, committed transaction of this session proposed within five minutes.
CREATE OR REPLACE FUNCTION access.take_proposal(me access.caller, proposal uuid)
 RETURNS jsonb
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    taken jsonb;
BEGIN
    DELETE FROM access.proposal p
    WHERE p.proposal_id = proposal AND p.session_id = me.session_id
      AND p.proposed_at > clock_timestamp() - INTERVAL '5 minutes' AND p.xid <> pg_current_xact_id()
    RETURNING p.person INTO taken;
    IF taken IS NULL THEN
        PERFORM access.refuse('proposal_is_recorded', 'Propose the person, commit it, and register within five minutes.');
    END IF;
    RETURN taken;
END $function$;
REVOKE EXECUTE ON FUNCTION access.take_proposal(access.caller,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.take_proposal(access.caller,uuid) TO healthtrack_care;

-- Deletes rows of a table, and before them what is part of them; gives how many.
CREATE OR REPLACE FUNCTION access.take_with_parts(relation text, rows tid[], persons uuid[])
 RETURNS bigint
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    tree constant text[] := ARRAY(SELECT DISTINCT w.part FROM access.parts_of(relation) AS w);
    one  record;
    n    bigint := 0;
    m    bigint;
BEGIN
    -- Children before their parents, among the parts as well.
    FOR one IN
        SELECT o.place, w.alias, w.tables, w.condition, o.part FROM unnest(access.order_of_deletion(tree)) WITH ORDINALITY AS o (part, place)
        JOIN access.parts_of(relation) AS w ON w.part = o.part
        ORDER BY o.place, w.condition
    LOOP
        EXECUTE format('DELETE FROM %s d USING %s, %s p WHERE d.ctid = %s.ctid AND %s AND p.ctid = ANY ($1)',
                       one.part, one.tables, relation, one.alias, one.condition) USING rows;
        GET DIAGNOSTICS m = ROW_COUNT;
        n := n + m;
    END LOOP;
    EXECUTE format('DELETE FROM %s p WHERE p.ctid = ANY ($1)', relation) USING rows;
    GET DIAGNOSTICS m = ROW_COUNT;
    n := n + m;
    -- A part that the whole refers to, as content does to which documents do, goes when nothing refers to it any more.
    FOR one IN
        SELECT t.relation AS part, r.condition FROM access.table_class t
        CROSS JOIN LATERAL access.reference(to_regclass(take_with_parts.relation), to_regclass(t.relation)) AS r
        WHERE t.part_of = take_with_parts.relation
    LOOP
        EXECUTE format('DELETE FROM %s p WHERE p.patient_id = ANY ($1) AND NOT EXISTS (SELECT FROM %s c WHERE %s)',
                       one.part, relation, one.condition) USING persons;
        GET DIAGNOSTICS m = ROW_COUNT;
        n := n + m;
    END LOOP;
    RETURN n;
END $function$;
REVOKE EXECUTE ON FUNCTION access.take_with_parts(text,tid[],uuid[]) FROM PUBLIC;

-- For the program that signs people in: takes that back; audited.
CREATE OR REPLACE FUNCTION access.unlink_identity(login text, issuer text)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    DELETE FROM access.federated_identity f USING access.account a
    WHERE a.login = lower(unlink_identity.login) AND f.account_id = a.account_id AND f.issuer = unlink_identity.issuer;
    IF FOUND THEN
        PERFORM access.note_credential(login);
    END IF;
END $function$;
REVOKE EXECUTE ON FUNCTION access.unlink_identity(text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.unlink_identity(text,text) TO healthtrack_sign_in;

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
    WHERE g.grant_of_access_id = unshare.grant_of_access_id AND g.revoked_at IS NULL AND g.proxy_id IS NULL
      AND g.patient_id = ANY (access.own_patients())
    RETURNING g.patient_id INTO whose;
    IF whose IS NULL THEN
        PERFORM access.refuse('grant_stands', 'You have no such grant that still stands.');
    END IF;
    PERFORM access.audit('revoke', whose, 'access.grant_of_access/' || grant_of_access_id, 'allowed', 'own');
END $function$;
REVOKE EXECUTE ON FUNCTION access.unshare(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.unshare(uuid) TO healthtrack_care;

-- Triggers of persons' tables that would refuse an erasure, or keep what was; none after access.spare_erasures().
CREATE OR REPLACE FUNCTION access.unspared()
 RETURNS TABLE(trigger text, relation text, definition text)
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT t.tgname::text, c.oid::regclass::text, pg_get_triggerdef(t.oid)
    FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND t.tgconstraint = 0 AND t.tgtype & 24 > 0
      AND c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace)
      AND EXISTS (SELECT FROM access.table_class k WHERE to_regclass(k.relation) = c.oid)
      AND (p.prosrc ~ '\mrefuse\(' OR p.proname = 'keep_former_version')
      -- The owner is not bound by hold; nothing is taken from the audit or from a proof.
      AND p.proname !~ '_under_hold$' AND c.relname NOT IN ('audit_event', 'erasure_proof')
      AND pg_get_triggerdef(t.oid) !~ 'access\.erasing\(\)'
    ORDER BY 2, 1
$function$;
REVOKE EXECUTE ON FUNCTION access.unspared() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.unspared() TO healthtrack_migrator;

-- A passkey was proved: keeps its counter, which only goes up; gives whose it is.
CREATE OR REPLACE FUNCTION access.use_passkey(credential_id bytea, counter bigint)
 RETURNS text
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION access.use_passkey(bytea,bigint) FROM PUBLIC;

-- What is wrong with the chains, and whether they still hold the heads that were once exported; no row where all is well.
CREATE OR REPLACE FUNCTION access.verify_audit_chains(chains smallint[], seqs bigint[], hashes bytea[])
 RETURNS TABLE(chain smallint, seq bigint, finding text)
 LANGUAGE sql
 STABLE
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    WITH event AS (
        SELECT e.chain, e.seq, e.prev_hash, e.hash, access.audit_digest(e) AS digest,
               lag(e.seq) OVER follow AS seq_before, lag(e.hash) OVER follow AS hash_before,
               count(*) OVER (PARTITION BY e.chain, e.prev_hash) AS followers
        FROM access.audit_event e WINDOW follow AS (PARTITION BY e.chain ORDER BY e.seq)
    )
    SELECT event.chain, event.seq, found.finding FROM event CROSS JOIN LATERAL (VALUES
        (event.hash <> event.digest, 'altered'),
        (event.seq_before IS NULL AND event.seq <> 1, 'beginning is missing'),
        (event.seq <> event.seq_before + 1, 'events before it are missing'),
        (event.prev_hash <> coalesce(event.hash_before, access.audit_origin(event.chain)),
         'does not follow the event before it'),
        (event.followers > 1, 'forks')
    ) AS found (holds, finding) WHERE found.holds
    UNION ALL
    SELECT head.chain, head.seq,
           CASE WHEN own.hash IS NULL THEN 'end is missing' ELSE 'is not the event that was the head' END
    FROM unnest(chains, seqs, hashes) AS head (chain, seq, hash)
    LEFT JOIN access.audit_event own ON own.chain = head.chain AND own.seq = head.seq
    WHERE own.hash IS DISTINCT FROM head.hash
    ORDER BY 1, 2, 3
$function$;
REVOKE EXECUTE ON FUNCTION access.verify_audit_chains(smallint[],bigint[],bytea[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.verify_audit_chains(smallint[],bigint[],bytea[]) TO healthtrack_auditor, healthtrack_migrator;

-- Visits at the facility of the acting biller: one of them, those to come, or those of a year that nobody has charged; what a bill needs of each.
CREATE OR REPLACE FUNCTION access.visits_to_bill(of_visit uuid, coming boolean, after_starts timestamp with time zone, after_visit uuid, rows_max integer)
 RETURNS TABLE(appointment_id uuid, patient_id uuid, starts_at timestamp with time zone, served_on date, status text, mode text, kind text, provider_name text, facility_id uuid, usual_code text, invoice_id uuid, is_chargeable boolean)
 LANGUAGE plpgsql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
#variable_conflict use_column
DECLARE
    own    constant uuid := (SELECT a.facility_id FROM access.account a
                             WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND a.part = 'biller');
    fee    constant text := (SELECT p.charge_code FROM care.attendance_policy p WHERE p.facility_id = own);
    picked uuid[];
BEGIN
    -- Each list is read in the order of its index and stops with its page.
    IF of_visit IS NOT NULL THEN
        picked := ARRAY[of_visit];
    ELSIF coming THEN
        picked := ARRAY(SELECT a.appointment_id FROM care.appointment a
                        WHERE a.facility_id = own AND a.status = 'booked' AND lower(a.during) > greatest(now(), after_starts)
                           OR a.facility_id = own AND a.status = 'booked' AND lower(a.during) = after_starts
                          AND a.appointment_id > after_visit
                        ORDER BY lower(a.during), a.appointment_id LIMIT least(rows_max, 500));
    ELSE
        picked := ARRAY(SELECT a.appointment_id FROM care.appointment a
                        WHERE a.facility_id = own AND lower(a.during) <= least(now(), after_starts)
                          AND lower(a.during) > now() - INTERVAL '1 year'
                          AND (after_visit IS NULL OR (lower(a.during), a.appointment_id) < (after_starts, after_visit))
                          AND (a.status = 'completed'
                               OR fee IS NOT NULL AND (a.status = 'no_show' OR a.status = 'cancelled' AND a.cancelled_late))
                          AND access.bill_of_visit(a.patient_id, a.appointment_id) IS NULL
                        ORDER BY lower(a.during) DESC, a.appointment_id DESC LIMIT least(rows_max, 500));
    END IF;
    RETURN QUERY
    SELECT a.appointment_id, a.patient_id, lower(a.during), (lower(a.during) AT TIME ZONE f.time_zone)::date, a.status, a.mode,
           t.title, concat_ws(' ', w.given_name, w.family_name), a.facility_id,
           CASE WHEN a.status IN ('no_show', 'cancelled') THEN fee
                ELSE (SELECT min(k.charge_code) FROM care.charge_code k
                      WHERE k.category = CASE a.mode WHEN 'telehealth' THEN 'telehealth' ELSE 'office_visit' END
                        AND (k.retired_on <= current_date) IS NOT TRUE
                      HAVING count(*) = 1) END,
           access.bill_of_visit(a.patient_id, a.appointment_id),
           a.status = 'completed'
           OR fee IS NOT NULL AND (a.status = 'no_show' OR a.status = 'cancelled' AND a.cancelled_late IS TRUE)
    FROM unnest(picked) WITH ORDINALITY AS o (visit, place)
    JOIN care.appointment a ON a.appointment_id = o.visit
    JOIN care.facility f ON f.facility_id = a.facility_id
    JOIN care.provider w ON w.provider_id = a.provider_id
    LEFT JOIN care.appointment_type t ON t.appointment_type = a.appointment_type
    WHERE a.facility_id = own AND a.status <> 'held'
    ORDER BY o.place;
END $function$;
REVOKE EXECUTE ON FUNCTION access.visits_to_bill(uuid,boolean,timestamp with time zone,uuid,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.visits_to_bill(uuid,boolean,timestamp with time zone,uuid,integer) TO healthtrack_care;

-- For which minors these people act as parents or guardians at this moment.
CREATE OR REPLACE FUNCTION access.wards_of(patients uuid[])
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(DISTINCT p.patient_id), '{}') FROM access.proxy p JOIN access.account a USING (account_id)
    WHERE a.patient_id = ANY (patients) AND p.patient_id <> ALL (patients) AND p.ended_at IS NULL
      AND access.is_of_minors(p.kind) AND p.valid_during @> now()
$function$;
REVOKE EXECUTE ON FUNCTION access.wards_of(uuid[]) FROM PUBLIC;

-- For the program that signs people in: whether a session, which may be over since a day at most, was of the account with a login.
CREATE OR REPLACE FUNCTION access.was_session_of(token_hash bytea, login text)
 RETURNS boolean
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT EXISTS (SELECT FROM access.session s JOIN access.account a USING (account_id)
                   WHERE s.token_hash = was_session_of.token_hash AND a.login = lower(was_session_of.login))
$function$;
REVOKE EXECUTE ON FUNCTION access.was_session_of(bytea,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.was_session_of(bytea,text) TO healthtrack_sign_in;

-- Takes a request back that was not carried out, also a granted one.
CREATE OR REPLACE FUNCTION access.withdraw_erasure(me access.caller, request uuid)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
DECLARE
    whose uuid;
BEGIN
    UPDATE access.erasure_request r
    SET status = 'withdrawn', ended_at = now(), version = r.version + 1
    WHERE r.erasure_request_id = request AND r.ended_at IS NULL
      AND (r.patient_id = ANY (access.own_patients()) OR r.patient_id = ANY (access.patients_acted_for('consent')))
    RETURNING r.patient_id INTO whose;
    IF whose IS NULL THEN
        PERFORM access.refuse('erasure_request_stands', 'There is no such request of yours that is not over.');
    END IF;
    PERFORM access.note(me, 'update', whose, 'access.erasure_request/' || request);
END $function$;
REVOKE EXECUTE ON FUNCTION access.withdraw_erasure(access.caller,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.withdraw_erasure(access.caller,uuid) TO healthtrack_care;

-- Keeps a patient's wrapped data key, unless there is one already; gives the one that stands.
CREATE OR REPLACE FUNCTION api.keep_data_key(token text, look uuid, patient uuid, key_id text, wrapped bytea, made_at timestamp with time zone)
 RETURNS TABLE(kept_key_id text, kept bytea)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'data_key');
    INSERT INTO access.data_key (patient_id, created_at, key_id, wrapped)
    VALUES (patient, made_at, keep_data_key.key_id, keep_data_key.wrapped) ON CONFLICT (patient_id) DO NOTHING;
    IF FOUND THEN
        PERFORM access.note(me, 'create', patient, 'access.data_key');
    END IF;
    RETURN QUERY SELECT k.key_id, k.wrapped FROM access.data_key k WHERE k.patient_id = patient;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.keep_data_key(text,uuid,uuid,text,bytea,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.keep_data_key(text,uuid,uuid,text,bytea,timestamp with time zone) TO healthtrack_portal;

-- Who looked at the acting patient's record or tried to, the newest first, 500 at most; none for others.
CREATE OR REPLACE FUNCTION api.list_access(token text)
 RETURNS TABLE(happened_at timestamp with time zone, who text, part text, action text, resource text, outcome text, reason text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY SELECT at, who, part, action, resource, outcome, reason
    FROM access.my_access_log ORDER BY at DESC, chain, seq DESC LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_access(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_access(text) TO healthtrack_portal;

-- Events of the audit, the newest first, 100 after a place: of a patient, of an account, or of all; for the privacy officer.
CREATE OR REPLACE FUNCTION api.list_audit(token text, look uuid, patient uuid, of_patient uuid, of_account uuid, before timestamp with time zone, before_chain smallint, before_seq bigint)
 RETURNS TABLE(chain smallint, seq bigint, at timestamp with time zone, actor uuid, who text, patient_id uuid, part text, action text, resource text, outcome text, reason text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'audit');
    IF patient IS NOT NULL THEN
        NULL;
    ELSIF of_patient IS NOT NULL OR of_account IS NOT NULL THEN
        RETURN QUERY SELECT e.chain, e.seq, e.at, e.actor, access.name_of_account(e.actor), e.patient_id, e.part, e.action, e.resource,
            e.outcome, e.reason
        FROM access.audit_event e
        WHERE (of_patient IS NULL OR e.patient_id = of_patient) AND (of_account IS NULL OR e.actor = of_account)
          AND (before IS NULL OR (e.at, e.chain, e.seq) < (before, before_chain, before_seq))
        ORDER BY e.at DESC, e.chain DESC, e.seq DESC LIMIT 100;
    ELSE
        RETURN QUERY SELECT n.chain, n.seq, n.at, n.actor, access.name_of_account(n.actor), n.patient_id, n.part, n.action, n.resource,
            n.outcome, n.reason
        FROM generate_series(0, 63) AS number CROSS JOIN LATERAL (
            SELECT e.* FROM access.audit_event e WHERE e.chain = number::smallint
              AND (before IS NULL OR (e.at, e.chain, e.seq) < (before, before_chain, before_seq))
            ORDER BY e.seq DESC LIMIT 100) AS n
        ORDER BY n.at DESC, n.chain DESC, n.seq DESC LIMIT 100;
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_audit(text,uuid,uuid,uuid,uuid,timestamp with time zone,smallint,bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_audit(text,uuid,uuid,uuid,uuid,timestamp with time zone,smallint,bigint) TO healthtrack_portal;

-- Emergencies with what was found of them, the newest first, 500 at most; for the privacy officer, none for others.
CREATE OR REPLACE FUNCTION api.list_emergencies(token text, look uuid, patient uuid)
 RETURNS TABLE(care_relationship_id uuid, patient_id uuid, provider_id uuid, opened_at timestamp with time zone, until_at timestamp with time zone, reason text, finding text, reviewed_at timestamp with time zone, overdue boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'emergencies');
    RETURN QUERY SELECT care_relationship_id, patient_id, provider_id, opened_at, until_at, reason, finding, reviewed_at, overdue
    FROM access.emergency WHERE patient IS NULL ORDER BY opened_at DESC, care_relationship_id LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_emergencies(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_emergencies(text,uuid,uuid) TO healthtrack_portal;

-- What others did with the acting patient's record and what they were refused, and what was done to sign in as the patient, the newest first after a place, 200 at most.
CREATE OR REPLACE FUNCTION api.list_looks_of_others(token text, before timestamp with time zone, before_chain smallint, before_seq bigint, rows_max integer)
 RETURNS TABLE(chain smallint, seq bigint, at timestamp with time zone, who text, part text, action text, resource text, outcome text, reason text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY SELECT e.chain, e.seq, e.at,
           CASE WHEN e.actor IS DISTINCT FROM me.account_id THEN access.name_of_account(e.actor) END,
           e.part, e.action, e.resource, e.outcome, e.reason
    FROM access.audit_event e
    WHERE e.patient_id = ANY ((SELECT access.own_patients())::uuid[])
      AND (e.actor IS DISTINCT FROM me.account_id OR e.resource = 'access.credential'
           OR e.action = 'log_in' AND e.outcome = 'denied')
      AND (before IS NULL OR (e.at, e.chain, e.seq) < (before, before_chain, before_seq))
    ORDER BY e.at DESC, e.chain DESC, e.seq DESC LIMIT least(rows_max, 200);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_looks_of_others(text,timestamp with time zone,smallint,bigint,integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_looks_of_others(text,timestamp with time zone,smallint,bigint,integer) TO healthtrack_portal;

-- Looks of the last 30 days that no care, visit or grant explains, the newest first, 500 at most; for the privacy officer, none for others.
CREATE OR REPLACE FUNCTION api.list_unexplained_access(token text, look uuid, patient uuid)
 RETURNS TABLE(happened_at timestamp with time zone, who text, patient_id uuid, part text, action text, resource text, outcome text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'unexplained_access');
    RETURN QUERY SELECT at, access.name_of_account(actor), patient_id, part, action, resource, outcome
    FROM access.unexplained_access WHERE patient IS NULL AND at > now() - INTERVAL '30 days'
    ORDER BY at DESC, chain, seq DESC LIMIT 500;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_unexplained_access(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_unexplained_access(text,uuid,uuid) TO healthtrack_portal;

-- Records that a kind of a patient's record is looked at, and gives the key that reading it takes once this is committed; null where it is not open, which is recorded as well.
CREATE OR REPLACE FUNCTION api.look(token text, patient uuid, kind text, request uuid)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := access.look(me, patient, kind, request);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.look(text,uuid,text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.look(text,uuid,text,uuid) TO healthtrack_portal;

-- The wrapped data key of a patient; no row where there is none for whoever acts.
CREATE OR REPLACE FUNCTION api.read_data_key(token text, look uuid, patient uuid)
 RETURNS TABLE(key_id text, wrapped bytea)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    PERFORM access.check_look(me, look, patient, 'data_key');
    RETURN QUERY SELECT key_id, wrapped FROM access.data_key WHERE patient_id = patient;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_data_key(text,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_data_key(text,uuid,uuid) TO healthtrack_portal;
