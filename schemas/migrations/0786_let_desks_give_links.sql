-- A patient whose account a desk has opened gets a one-time link there to set the first password; until now it took an operator.
--
-- The link is an invitation: kept as a digest, of use once and for 24 hours, in the place of an earlier one, and the patient sees
-- who made it. Of an account that has a password the desk makes none, who would else sign in as the patient. Nor does a clerk alone
-- sign in as somebody whose record others have written: who opened such an account is given no link to it, and needs a colleague.
-- That the link goes to the patient is for the clerk who makes it to see to: both are in the audit. New functions, locks nothing.
-- Undo: drop them.
CREATE FUNCTION access.make_patient_link(me access.caller, patient uuid, token_hash bytea) RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
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
END $$;
REVOKE ALL ON FUNCTION access.make_patient_link(access.caller, uuid, bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.make_patient_link(access.caller, uuid, bytea) TO healthtrack_care;
COMMENT ON FUNCTION access.make_patient_link(access.caller, uuid, bytea) IS
    'Keeps the digest of a one-time link by which a patient of the acting desk sets the first password; audited; gives when it ends.';

CALL access.publish('make_patient_link', 'patient uuid, token_hash bytea', 'timestamptz',
    'answer := access.make_patient_link(me, patient, token_hash);',
    'Lets a patient who came to the own desk set the first password by a one-time link, for 24 hours and in the place of an earlier one; when it ends.');
