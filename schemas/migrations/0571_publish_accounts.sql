-- Accounts: who may open, disable, move and list which; a patient's own, opened at the desk.
--
-- An administrator of the network keeps every account but those of patients, a manager those of the desk and the billers
-- of the own facility, a desk that of a patient who came there, by a visit that another account made and marked, or whom
-- it has registered within a day. It opens a new account, and enables again what another account disabled, by the login
-- that it has: nobody takes over a record by a login of their own. Sessions end with what is changed, at once. Whoever
-- acts and whoever is changed are locked in the order of their keys and asked for again, for two seconds at most, so that
-- two administrators who disable each other at one moment leave one, a disabled one finishes nothing, and a transaction
-- that stays open stops nobody. Two administrators and a privacy officer always stay. Lists are read by a look: one that
-- is taken back leaves its event. What is looked at of all may be of some parts alone.
-- Locks access.look_kind for a moment. Undo: drop the functions, the kinds of look and the column.
ALTER TABLE access.look_kind ADD COLUMN parts text[];
COMMENT ON COLUMN access.look_kind.parts IS 'The parts that look at it of all; null where each part may.';
INSERT INTO access.look_kind (kind, scope, in_care, of_all, sensitive, parts) VALUES
    ('accounts', 'none', false, true, false, '{network_admin,facility_manager}'),
    ('account_proposals', 'none', false, true, false, '{network_admin}');

CREATE FUNCTION access.lock_accounts(me access.caller, other uuid) RETURNS access.account
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
DECLARE
    own access.account;
BEGIN
    PERFORM FROM access.account a WHERE a.account_id IN (me.account_id, other) ORDER BY a.account_id FOR NO KEY UPDATE;
    SELECT * INTO own FROM access.account a WHERE a.account_id = me.account_id AND a.disabled_at IS NULL;
    IF NOT FOUND THEN
        PERFORM access.refuse('session_stands', 'Sign in again.');
    END IF;
    RETURN own;
END $$;
COMMENT ON FUNCTION access.lock_accounts(access.caller, uuid) IS
    'Locks who acts and another account, one after the other by key, and gives who acts as it is then.';
REVOKE ALL ON FUNCTION access.lock_accounts(access.caller, uuid) FROM PUBLIC;

CREATE FUNCTION access.may_keep(own access.account, part text, facility uuid) RETURNS boolean
    LANGUAGE sql IMMUTABLE RETURN coalesce(
        (own).part = 'network_admin' AND may_keep.part <> 'patient'
        OR (own).part = 'facility_manager' AND may_keep.part IN ('front_desk', 'biller') AND facility = (own).facility_id, false);
COMMENT ON FUNCTION access.may_keep(access.account, text, uuid) IS
    'Whether an account keeps those of this part, at this facility where they have one.';
REVOKE ALL ON FUNCTION access.may_keep(access.account, text, uuid) FROM PUBLIC;

CREATE FUNCTION access.account_kept(me access.caller, account uuid) RETURNS access.account
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
COMMENT ON FUNCTION access.account_kept(access.caller, uuid) IS
    'Locks an account that the caller keeps, and gives it; refuses any other.';
REVOKE ALL ON FUNCTION access.account_kept(access.caller, uuid) FROM PUBLIC;

CREATE FUNCTION access.end_sessions_of(account uuid) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ended integer;
BEGIN
    UPDATE access.session s SET revoked_at = now() WHERE s.account_id = account AND s.revoked_at IS NULL;
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;
COMMENT ON FUNCTION access.end_sessions_of(uuid) IS 'Ends all sessions of an account; how many.';
REVOKE ALL ON FUNCTION access.end_sessions_of(uuid) FROM PUBLIC;

CREATE FUNCTION access.refuse_unsaid() RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- The sentence of what row-level security refuses: a login may be anybody's address, and tells who has an account.
    PERFORM access.refuse('row_is_within_rights', 'This is taken already, or not yours to see or change: ask the front desk.');
END $$;
COMMENT ON FUNCTION access.refuse_unsaid() IS 'Refuses without a word of whether it is taken or not theirs who asks.';
REVOKE ALL ON FUNCTION access.refuse_unsaid() FROM PUBLIC;

CREATE FUNCTION access.check_that_some_stay(leaves access.account) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' AS $$
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
END $$;
COMMENT ON FUNCTION access.check_that_some_stay(access.account) IS
    'Refuses to let an account go that is one of the last two administrators, or the last privacy officer.';
REVOKE ALL ON FUNCTION access.check_that_some_stay(access.account) FROM PUBLIC;

CREATE FUNCTION access.open_account(me access.caller, part text, login text, facility uuid, provider uuid) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
COMMENT ON FUNCTION access.open_account(access.caller, text, text, uuid, uuid) IS
    'Opens an account of a part that the caller keeps; audited; gives the key.';

CREATE FUNCTION access.disable_account(me access.caller, account uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept constant access.account := access.account_kept(me, account);
BEGIN
    PERFORM access.check_that_some_stay(kept);
    UPDATE access.account a SET disabled_at = now() WHERE a.account_id = account AND a.disabled_at IS NULL;
    PERFORM access.end_sessions_of(account);
    PERFORM access.note(me, 'revoke', NULL, 'access.account/' || account, kept.part);
END $$;
COMMENT ON FUNCTION access.disable_account(access.caller, uuid) IS
    'Disables an account that the caller keeps, and ends its sessions; audited.';

CREATE FUNCTION access.enable_account(me access.caller, account uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
COMMENT ON FUNCTION access.enable_account(access.caller, uuid) IS
    'Enables an account again that the caller keeps; audited. One that two open, two enable.';

CREATE FUNCTION access.move_account(me access.caller, account uuid, read_version integer, facility uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
COMMENT ON FUNCTION access.move_account(access.caller, uuid, integer, uuid) IS
    'Moves an account to another facility, and ends its sessions; audited.';

CREATE FUNCTION access.end_sessions(me access.caller, account uuid) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kept  constant access.account := access.account_kept(me, account);
    ended constant integer := access.end_sessions_of(account);
BEGIN
    PERFORM access.note(me, 'log_out', NULL, 'access.account/' || account, kept.part);
    RETURN ended;
END $$;
COMMENT ON FUNCTION access.end_sessions(access.caller, uuid) IS
    'Ends all sessions of an account that the caller keeps; audited; how many.';

CREATE FUNCTION access.is_at_own_desk(patient uuid) RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
$$;
COMMENT ON FUNCTION access.is_at_own_desk(uuid) IS
    'Whether a patient came to the desk that acts within 30 days, as others there say, or was registered by it within a day.';
REVOKE ALL ON FUNCTION access.is_at_own_desk(uuid) FROM PUBLIC;

CREATE FUNCTION access.open_patient_account(me access.caller, patient uuid, login text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
COMMENT ON FUNCTION access.open_patient_account(access.caller, uuid, text) IS
    'Opens the account of a patient at the own desk, or enables again by its login what another disabled; audited; gives the key.';

CREATE FUNCTION access.disable_patient_account(me access.caller, patient uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
COMMENT ON FUNCTION access.disable_patient_account(access.caller, uuid) IS
    'Disables the account of a patient at the own desk, and ends its sessions; audited.';

CREATE FUNCTION access.propose_account(me access.caller, part text, login text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
COMMENT ON FUNCTION access.propose_account(access.caller, text, text) IS
    'Proposes an account of great power for another administrator to confirm; audited; gives the key.';

CREATE FUNCTION access.decide_account(me access.caller, proposal uuid, confirm boolean) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
COMMENT ON FUNCTION access.decide_account(access.caller, uuid, boolean) IS
    'Confirms what another administrator proposed and gives the account that it opens, or withdraws it; audited.';

CREATE FUNCTION access.accounts_kept(me access.caller, of_part text, facility uuid, after_login text, rows_max integer)
    RETURNS TABLE (account_id uuid, part text, login text, facility_id uuid, provider_id uuid, disabled_at timestamptz,
                   version integer, sessions bigint)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
COMMENT ON FUNCTION access.accounts_kept(access.caller, text, uuid, text, integer) IS
    'Accounts that the caller keeps, by login, with how many sessions stand.';

CREATE FUNCTION access.proposals_of_accounts(me access.caller)
    RETURNS TABLE (account_proposal_id uuid, part text, login text, proposed_by uuid, proposed_at timestamptz,
                   until_at timestamptz, outcome text, decided_by uuid, decided_at timestamptz)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    IF me.part <> 'network_admin' THEN
        PERFORM access.refuse('account_is_proposed_by_an_administrator', 'Ask an administrator of the network.');
    END IF;
    RETURN QUERY
        SELECT p.account_proposal_id, p.part, p.login, p.proposed_by, p.proposed_at, p.until_at,
               CASE WHEN p.outcome IS NULL AND p.until_at <= now() THEN 'expired' ELSE p.outcome END, p.decided_by, p.decided_at
        FROM access.account_proposal p ORDER BY p.proposed_at DESC, p.account_proposal_id LIMIT 200;
END $$;
COMMENT ON FUNCTION access.proposals_of_accounts(access.caller) IS 'Accounts that were proposed, the newest first.';

-- The functions above that api calls are for its role alone.
REVOKE ALL ON FUNCTION access.open_account(access.caller, text, text, uuid, uuid), access.disable_account(access.caller, uuid),
    access.enable_account(access.caller, uuid), access.move_account(access.caller, uuid, integer, uuid),
    access.end_sessions(access.caller, uuid), access.open_patient_account(access.caller, uuid, text),
    access.disable_patient_account(access.caller, uuid), access.propose_account(access.caller, text, text),
    access.decide_account(access.caller, uuid, boolean), access.proposals_of_accounts(access.caller),
    access.accounts_kept(access.caller, text, uuid, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.open_account(access.caller, text, text, uuid, uuid), access.disable_account(access.caller, uuid),
    access.enable_account(access.caller, uuid), access.move_account(access.caller, uuid, integer, uuid),
    access.end_sessions(access.caller, uuid), access.open_patient_account(access.caller, uuid, text),
    access.disable_patient_account(access.caller, uuid), access.propose_account(access.caller, text, text),
    access.decide_account(access.caller, uuid, boolean), access.proposals_of_accounts(access.caller),
    access.accounts_kept(access.caller, text, uuid, text, integer) TO healthtrack_care;

CALL access.publish('open_account', 'of_part text, login text, facility uuid, provider uuid', 'uuid',
    'answer := access.open_account(me, of_part, login, facility, provider);',
    'Opens an account: an administrator of every part but patient, a manager for the own desk and billers; its key.');
CALL access.publish('disable_account', 'account uuid', 'void', 'PERFORM access.disable_account(me, account);',
    'Disables an account that the caller keeps; its sessions end at once.');
CALL access.publish('enable_account', 'account uuid', 'void', 'PERFORM access.enable_account(me, account);',
    'Enables an account again that the caller keeps.');
CALL access.publish('move_account', 'account uuid, known_version integer, facility uuid', 'void',
    'PERFORM access.move_account(me, account, known_version, facility);',
    'Moves an account to another facility, for an administrator; its sessions end at once.');
CALL access.publish('end_sessions', 'account uuid', 'integer', 'answer := access.end_sessions(me, account);',
    'Ends all sessions of an account that the caller keeps; how many.');
CALL access.publish('open_patient_account', 'patient uuid, login text', 'uuid',
    'answer := access.open_patient_account(me, patient, login);',
    'Opens the account of a patient who came to the own desk, or enables by its login what another disabled; its key.');
CALL access.publish('disable_patient_account', 'patient uuid', 'void', 'PERFORM access.disable_patient_account(me, patient);',
    'Disables the account of a patient at the own desk; its sessions end at once.');
CALL access.publish('propose_account', 'of_part text, login text', 'uuid', 'answer := access.propose_account(me, of_part, login);',
    'Proposes a privacy officer or an administrator, for another administrator to confirm within three days; the key.');
CALL access.publish('confirm_account', 'account_proposal uuid', 'uuid',
    'answer := access.decide_account(me, account_proposal, true);',
    'Opens the account that another administrator has proposed; its key.');
CALL access.publish('withdraw_account_proposal', 'account_proposal uuid', 'void',
    'PERFORM access.decide_account(me, account_proposal, false);', 'Ends a proposal of an account, so that nobody confirms it.');
CALL access.publish('list_accounts', 'of_part text, facility uuid, after_login text, rows_max integer',
    'TABLE (account_id uuid, part text, login text, facility_id uuid, provider_id uuid, disabled_at timestamptz,
            version integer, sessions bigint)',
    'RETURN QUERY SELECT * FROM access.accounts_kept(me, of_part, list_accounts.facility, after_login, rows_max);',
    'Accounts that the caller keeps, by login, 200 at most: with how many sessions stand.', '''accounts''');
CALL access.publish('list_account_proposals', '',
    'TABLE (account_proposal_id uuid, part text, login text, proposed_by uuid, proposed_at timestamptz, until_at timestamptz,
            outcome text, decided_by uuid, decided_at timestamptz)',
    'RETURN QUERY SELECT * FROM access.proposals_of_accounts(me);',
    'Accounts that were proposed, for administrators, the newest 200.', '''account_proposals''');
