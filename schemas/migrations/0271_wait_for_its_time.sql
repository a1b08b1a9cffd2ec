-- Daily values that were dated ahead, until their time has come.
--
-- A device far east of Greenwich dates today's total in what is tomorrow in UTC. Such a value is rejected as any that lies
-- ahead, for nobody can tell it from a clock that is wrong; but its rejection says when its time will have come, and then
-- the daemon gives the message to itself again, a few times at most. What has been in quarantine before waits for nobody.
-- Adds two columns and an index; locks signal.quarantine_rejection for a moment. Undo: drop them.
ALTER TABLE signal.quarantine_rejection
    ADD COLUMN due_at timestamptz,
    ADD COLUMN tries  smallint NOT NULL DEFAULT 0,
    ADD CONSTRAINT quarantine_tries_count_up CHECK (tries >= 0);
CREATE INDEX quarantine_rejection_due_at_idx ON signal.quarantine_rejection (due_at)
    WHERE due_at IS NOT NULL AND resolved_at IS NULL;
COMMENT ON COLUMN signal.quarantine_rejection.due_at IS 'When the daemon gives it to itself again, since its time has come then; null where it does not.';
COMMENT ON COLUMN signal.quarantine_rejection.tries  IS 'How often the daemon has given it to itself again.';
COMMENT ON CONSTRAINT quarantine_tries_count_up ON signal.quarantine_rejection IS
    'A message was given again zero times or more.';

CREATE OR REPLACE VIEW signal.quarantine WITH (security_invoker = true) AS
SELECT quarantine_id, received_at, last_received_at, retried_at, times_received, samples, topic, reason, detail,
       content_type, payload, payload_bytes, resolved_at, resolved_by, resolution, due_at, tries
FROM signal.quarantine_rejection JOIN signal.quarantine_payload USING (payload_sha256);
COMMENT ON COLUMN signal.quarantine.due_at IS 'When the daemon gives it to itself again, since its time has come then; null where it does not.';
COMMENT ON COLUMN signal.quarantine.tries  IS 'How often the daemon has given it to itself again.';
