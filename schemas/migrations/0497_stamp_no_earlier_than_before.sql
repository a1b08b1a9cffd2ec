-- A row that two people change at once bears no time before that of its former version.
--
-- updated_at is the beginning of a transaction: one that began before another's change and came after it stamped a time
-- before the former version's, which the record of versions refuses, so the later editor failed. Replaces a function,
-- locks nothing. Undo: make that of 20.
CREATE OR REPLACE FUNCTION care.touch() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := greatest(now(), OLD.updated_at);
    NEW.updated_by := coalesce(access.actor()::text, session_user);
    RETURN NEW;
END $$;
