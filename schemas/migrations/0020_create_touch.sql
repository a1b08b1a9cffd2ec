-- What each row that may change carries: its version, and who changed it last.
--
-- `version` is what an editor read: UPDATE … WHERE version = $read changes no row when somebody was faster, so no edit
-- is lost in silence. The actor is a setting of the transaction, empty after it (never null), so a program that forgets
-- to say who acts is nobody, and nobody may see nothing. Whatever a routine refuses, it refuses by `care.refuse`, with a
-- rule's name for programs and a sentence for a person. Locks nothing. Undo: drop them.
CREATE FUNCTION access.actor() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('healthtrack.actor', true), '')::uuid;
COMMENT ON FUNCTION access.actor() IS 'The account on whose behalf this transaction acts (setting healthtrack.actor); null where none was said.';

CREATE FUNCTION care.refuse(rule text, sentence text) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = rule, MESSAGE = sentence;
END $$;
COMMENT ON FUNCTION care.refuse(text, text) IS 'Refuses what is asked, by a rule''s name and a sentence for a person.';

CREATE FUNCTION care.touch() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    NEW.updated_by := coalesce(access.actor()::text, session_user);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.touch() IS 'Trigger before each update: raises version, and says when and by whom.';
