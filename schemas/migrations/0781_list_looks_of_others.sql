-- A patient sees who else opened a part of their record, page by page to the first event.
--
-- What a patient looks at is recorded like every look, so own visits to the portal pushed those of others out of the newest 500 of
-- `list_access`. Here own events are left out, but for a password or passkey that was set and a guess that was refused, which may
-- be a stranger's; and a page begins after a place. New function under the policy that lets patients read
-- the audit of their record; locks nothing. Undo: drop it.
CALL access.publish('list_looks_of_others', 'before timestamptz, before_chain smallint, before_seq bigint, rows_max integer',
    'TABLE (chain smallint, seq bigint, at timestamptz, who text, part text, action text, resource text, outcome text, reason text)',
    $body$RETURN QUERY SELECT e.chain, e.seq, e.at,
           CASE WHEN e.actor IS DISTINCT FROM me.account_id THEN access.name_of_account(e.actor) END,
           e.part, e.action, e.resource, e.outcome, e.reason
    FROM access.audit_event e
    WHERE e.patient_id = ANY ((SELECT access.own_patients())::uuid[])
      AND (e.actor IS DISTINCT FROM me.account_id OR e.resource = 'access.credential'
           OR e.action = 'log_in' AND e.outcome = 'denied')
      AND (before IS NULL OR (e.at, e.chain, e.seq) < (before, before_chain, before_seq))
    ORDER BY e.at DESC, e.chain DESC, e.seq DESC LIMIT least(rows_max, 200);$body$,
    'What others did with the acting patient''s record and what they were refused, and what was done to sign in as the patient, the newest first after a place, 200 at most.');
