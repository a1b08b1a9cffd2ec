-- Checks for all events what 630 says of new ones.
--
-- Reads the whole audit once (some 20 s for 16 million events); events are appended and read meanwhile. Undo: nothing.
ALTER TABLE access.audit_event VALIDATE CONSTRAINT audit_event_lies_within;
