-- Accounts are opened, moved and disabled by accounts, within rules that no function can forget.
--
-- Until now the owner wrote each account, so that nobody could invite a receptionist. Three rules stand in a trigger, for
-- every account that acts: nobody changes the own account, no account becomes one of another part, and an account of a
-- privacy officer or an administrator of the network is opened, or enabled again, by two: one proposes, another confirms.
-- The owner acts as nobody, opens the first administrator, and is not bound.
-- New table; access.account is locked for a moment for its trigger. Undo: drop the trigger, its function and the table.
CREATE TABLE access.account_proposal (
    account_proposal_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    proposed_by         uuid        NOT NULL,
    decided_by          uuid,
    proposed_at         timestamptz NOT NULL DEFAULT now(),
    until_at            timestamptz NOT NULL DEFAULT now() + INTERVAL '72 hours',
    decided_at          timestamptz,
    part                text        NOT NULL,
    login               text        NOT NULL,
    outcome             text,

    CONSTRAINT account_proposal_pkey PRIMARY KEY (account_proposal_id),
    CONSTRAINT account_proposal_proposer_fkey FOREIGN KEY (proposed_by) REFERENCES access.account (account_id),
    CONSTRAINT account_proposal_decider_fkey FOREIGN KEY (decided_by) REFERENCES access.account (account_id),
    CONSTRAINT account_proposal_stands_once EXCLUDE USING btree (login WITH =) WHERE (outcome IS NULL),
    CONSTRAINT account_proposal_part_needs_two CHECK (part IN ('privacy_officer', 'network_admin')),
    CONSTRAINT account_proposal_login_is_a_name CHECK (login ~ '^[a-z0-9][a-z0-9._@+-]{2,190}$'),
    CONSTRAINT account_proposal_ends CHECK (until_at > proposed_at AND until_at <= proposed_at + INTERVAL '168 hours'),
    CONSTRAINT account_proposal_outcome_is_known CHECK (outcome IN ('confirmed', 'withdrawn', 'expired')),
    CONSTRAINT account_proposal_is_decided_whole CHECK (
        (outcome IS NULL) = (decided_at IS NULL)
        AND (coalesce(outcome, 'expired') <> 'expired') = (decided_by IS NOT NULL)),
    CONSTRAINT account_proposal_is_confirmed_by_another CHECK (outcome <> 'confirmed' OR decided_by <> proposed_by)
);
CREATE INDEX account_proposal_proposer_idx ON access.account_proposal (proposed_by);
CREATE INDEX account_proposal_decider_idx ON access.account_proposal (decided_by);
COMMENT ON TABLE  access.account_proposal                     IS 'Accounts of great power that one administrator proposed, for another to confirm.';
COMMENT ON COLUMN access.account_proposal.account_proposal_id IS 'Key.';
COMMENT ON COLUMN access.account_proposal.proposed_by         IS 'Administrator who proposes.';
COMMENT ON COLUMN access.account_proposal.decided_by          IS 'Who confirmed or withdrew; null while it stands, and where it ran out.';
COMMENT ON COLUMN access.account_proposal.proposed_at         IS 'When it was proposed.';
COMMENT ON COLUMN access.account_proposal.until_at            IS 'After this moment nobody can confirm it.';
COMMENT ON COLUMN access.account_proposal.decided_at          IS 'When it was decided; null while it stands.';
COMMENT ON COLUMN access.account_proposal.part                IS 'privacy_officer or network_admin.';
COMMENT ON COLUMN access.account_proposal.login               IS 'Name that the account is to sign in by.';
COMMENT ON COLUMN access.account_proposal.outcome             IS 'confirmed, withdrawn or expired; null while it stands.';
COMMENT ON CONSTRAINT account_proposal_pkey ON access.account_proposal IS 'This proposal is known already.';
COMMENT ON CONSTRAINT account_proposal_proposer_fkey ON access.account_proposal IS 'An account proposes.';
COMMENT ON CONSTRAINT account_proposal_decider_fkey ON access.account_proposal IS 'An account decides.';
COMMENT ON CONSTRAINT account_proposal_stands_once ON access.account_proposal IS 'An account of that name is proposed already.';
COMMENT ON CONSTRAINT account_proposal_part_needs_two ON access.account_proposal IS
    'Only accounts of privacy officers and administrators of the network are proposed.';
COMMENT ON CONSTRAINT account_proposal_login_is_a_name ON access.account_proposal IS
    'Give a name to sign in by of small letters, digits and . _ @ + -, three at least.';
COMMENT ON CONSTRAINT account_proposal_ends ON access.account_proposal IS 'A proposal ends within a week.';
COMMENT ON CONSTRAINT account_proposal_outcome_is_known ON access.account_proposal IS 'Choose one of the known outcomes.';
COMMENT ON CONSTRAINT account_proposal_is_decided_whole ON access.account_proposal IS
    'What is decided has an outcome, a moment and, unless it ran out, somebody who decided.';
COMMENT ON CONSTRAINT account_proposal_is_confirmed_by_another ON access.account_proposal IS
    'Let another administrator confirm what you have proposed.';
CALL access.guard('access.account_proposal', 'internal');

CREATE FUNCTION access.check_account() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
COMMENT ON FUNCTION access.check_account() IS
    'Trigger before an account is written by another: not the own one, no other part, and great power by two alone.';
REVOKE ALL ON FUNCTION access.check_account() FROM PUBLIC;
CREATE TRIGGER account_is_kept_by_others BEFORE INSERT OR UPDATE ON access.account
    FOR EACH ROW EXECUTE FUNCTION access.check_account();
COMMENT ON TRIGGER account_is_kept_by_others ON access.account IS
    'Trigger before an account is written by another: not the own one, no other part, and great power by two alone.';
