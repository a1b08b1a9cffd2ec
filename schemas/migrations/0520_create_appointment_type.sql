-- What kinds of visit there are: how long each is, what it needs before and after, by video or not, and who may book it.
--
-- A visit of a type keeps its provider busy for longer than the patient sees: the room is made ready before it, and the
-- note is written after it. So an appointment has beside its visible period the period that it blocks, which follows from
-- the two by the database itself, and of which no provider has two at once. What a type says is copied into an appointment
-- when it is made: to change a type changes no visit that is booked. An appointment without a type, as all of before, blocks
-- what it shows, and none of the rules of types asks anything of it.
-- Rewrites care.appointment and builds the index of its exclusion constraint anew: it is locked for that long, some
-- seconds for a million rows. Undo: put the constraint back on `during`, and drop the columns, tables and functions.
CREATE TABLE care.appointment_type (
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    version          integer     NOT NULL DEFAULT 1,
    minutes          smallint    NOT NULL,
    before_minutes   smallint    NOT NULL DEFAULT 0,
    after_minutes    smallint    NOT NULL DEFAULT 0,
    desk_only        boolean     NOT NULL DEFAULT false,
    active           boolean     NOT NULL DEFAULT true,
    appointment_type text        NOT NULL,
    title            text        NOT NULL,
    telehealth       text        NOT NULL DEFAULT 'never',
    updated_by       text        NOT NULL DEFAULT session_user,

    CONSTRAINT appointment_type_pkey PRIMARY KEY (appointment_type),
    CONSTRAINT appointment_type_is_snake_case CHECK (appointment_type ~ '^[a-z][a-z0-9_]{1,40}$'),
    CONSTRAINT appointment_type_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT appointment_type_takes_its_time CHECK (minutes BETWEEN 5 AND 720),
    CONSTRAINT appointment_type_buffers_are_short CHECK (before_minutes BETWEEN 0 AND 240 AND after_minutes BETWEEN 0 AND 240),
    CONSTRAINT appointment_type_telehealth_is_known CHECK (telehealth IN ('never', 'allowed', 'only'))
);
COMMENT ON TABLE  care.appointment_type IS 'A kind of visit: how long it is, what it needs, and who may book it.';
COMMENT ON COLUMN care.appointment_type.created_at       IS 'When the row was made.';
COMMENT ON COLUMN care.appointment_type.updated_at       IS 'When it was last changed.';
COMMENT ON COLUMN care.appointment_type.version          IS 'Raised by each change.';
COMMENT ON COLUMN care.appointment_type.minutes          IS 'How long such a visit is, unless the desk says otherwise.';
COMMENT ON COLUMN care.appointment_type.before_minutes   IS 'For how long before it provider and resources are kept free.';
COMMENT ON COLUMN care.appointment_type.after_minutes    IS 'For how long after it provider and resources are kept free.';
COMMENT ON COLUMN care.appointment_type.desk_only        IS 'True where a patient cannot book it, but desk and providers do.';
COMMENT ON COLUMN care.appointment_type.active           IS 'False where no new visit of this kind is booked any more.';
COMMENT ON COLUMN care.appointment_type.appointment_type IS 'Stable word.';
COMMENT ON COLUMN care.appointment_type.title            IS 'A few words for a person.';
COMMENT ON COLUMN care.appointment_type.telehealth       IS 'never, allowed or only: whether such a visit takes place by video.';
COMMENT ON COLUMN care.appointment_type.updated_by       IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT appointment_type_pkey ON care.appointment_type IS 'This kind of visit is known already.';
COMMENT ON CONSTRAINT appointment_type_is_snake_case ON care.appointment_type IS 'Name a kind of visit by small letters, digits and underscores.';
COMMENT ON CONSTRAINT appointment_type_title_is_some ON care.appointment_type IS 'Give the kind of visit a title.';
COMMENT ON CONSTRAINT appointment_type_takes_its_time ON care.appointment_type IS 'Let a visit be 5 minutes to 12 hours long.';
COMMENT ON CONSTRAINT appointment_type_buffers_are_short ON care.appointment_type IS 'Keep up to four hours free before and after a visit.';
COMMENT ON CONSTRAINT appointment_type_telehealth_is_known ON care.appointment_type IS 'Choose never, allowed or only.';
CREATE TRIGGER appointment_type_is_stamped BEFORE INSERT OR UPDATE ON care.appointment_type
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER appointment_type_is_touched BEFORE UPDATE ON care.appointment_type
    FOR EACH ROW EXECUTE FUNCTION care.touch();
CALL access.guard('care.appointment_type', 'directory');

CREATE TABLE care.appointment_type_specialty (
    appointment_type text NOT NULL,
    specialty        text NOT NULL,

    CONSTRAINT appointment_type_specialty_pkey PRIMARY KEY (appointment_type, specialty),
    CONSTRAINT appointment_type_specialty_type_fkey
        FOREIGN KEY (appointment_type) REFERENCES care.appointment_type (appointment_type),
    CONSTRAINT appointment_type_specialty_specialty_fkey FOREIGN KEY (specialty) REFERENCES care.specialty (specialty)
);
CREATE INDEX appointment_type_specialty_specialty_idx ON care.appointment_type_specialty (specialty);
COMMENT ON TABLE  care.appointment_type_specialty IS 'Of which specialties whoever gives such a visit has one; a kind of visit without a row is given by anybody.';
COMMENT ON COLUMN care.appointment_type_specialty.appointment_type IS 'The kind of visit.';
COMMENT ON COLUMN care.appointment_type_specialty.specialty        IS 'A specialty that may give it.';
COMMENT ON CONSTRAINT appointment_type_specialty_pkey ON care.appointment_type_specialty IS 'This specialty gives such visits already.';
COMMENT ON CONSTRAINT appointment_type_specialty_type_fkey ON care.appointment_type_specialty IS 'Choose one of the known kinds of visit.';
COMMENT ON CONSTRAINT appointment_type_specialty_specialty_fkey ON care.appointment_type_specialty IS 'Choose one of the known specialties.';
CALL access.guard('care.appointment_type_specialty', 'directory');

-- Minutes are the same length in every zone and on every day, so this is as immutable as it says.
CREATE FUNCTION care.widened(span tstzrange, before_minutes smallint, after_minutes smallint) RETURNS tstzrange
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT tstzrange(lower(span) - before_minutes * INTERVAL '1 minute', upper(span) + after_minutes * INTERVAL '1 minute')
$$;
COMMENT ON FUNCTION care.widened(tstzrange, smallint, smallint) IS 'A half-open period with so many minutes more before and after.';
REVOKE EXECUTE ON FUNCTION care.widened(tstzrange, smallint, smallint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.widened(tstzrange, smallint, smallint) TO healthtrack_care, healthtrack_migrator;

ALTER TABLE care.appointment
    ADD COLUMN before_minutes smallint NOT NULL DEFAULT 0,
    ADD COLUMN after_minutes smallint NOT NULL DEFAULT 0,
    ADD COLUMN appointment_type text,
    ADD COLUMN blocked_during tstzrange NOT NULL GENERATED ALWAYS AS (care.widened(during, before_minutes, after_minutes)) STORED,
    ADD CONSTRAINT appointment_type_fkey FOREIGN KEY (appointment_type) REFERENCES care.appointment_type (appointment_type),
    ADD CONSTRAINT appointment_buffers_are_of_its_type
        CHECK (before_minutes BETWEEN 0 AND 240 AND after_minutes BETWEEN 0 AND 240
               AND (appointment_type IS NOT NULL OR before_minutes = 0 AND after_minutes = 0)),
    DROP CONSTRAINT appointment_provider_is_free,
    ADD CONSTRAINT appointment_provider_is_free EXCLUDE USING gist (provider_id WITH =, blocked_during WITH &&)
        WHERE (status IN ('held', 'booked', 'arrived'));
CREATE INDEX appointment_type_idx ON care.appointment (appointment_type);
COMMENT ON COLUMN care.appointment.appointment_type IS 'What kind of visit; null where nobody said.';
COMMENT ON COLUMN care.appointment.before_minutes IS 'For how long before it provider and resources are kept free, as its type said when it was made.';
COMMENT ON COLUMN care.appointment.after_minutes  IS 'For how long after it provider and resources are kept free, as its type said when it was made.';
COMMENT ON COLUMN care.appointment.blocked_during IS 'The period with the minutes before and after it: provider and resources have none other then.';
COMMENT ON CONSTRAINT appointment_type_fkey ON care.appointment IS 'Choose one of the known kinds of visit.';
COMMENT ON CONSTRAINT appointment_buffers_are_of_its_type ON care.appointment IS 'Time is kept free before and after a visit of a kind that says so, four hours at most.';
COMMENT ON CONSTRAINT appointment_provider_is_free ON care.appointment IS 'This time has just been taken: choose another.';

-- By its name it comes before the trigger that asks whether a time can be had, which needs the minutes before and after.
CREATE FUNCTION care.fit_appointment_type() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    is_new constant boolean := TG_OP = 'INSERT' OR NEW.appointment_type IS DISTINCT FROM OLD.appointment_type;
    -- What is taken over from another system is as it was there.
    judged constant boolean := NOT care.writes_as_owner();
    kind   care.appointment_type;
BEGIN
    SELECT t.* INTO kind FROM care.appointment_type t WHERE t.appointment_type = NEW.appointment_type;
    IF NOT FOUND THEN
        RETURN NEW;  -- The key refuses it.
    END IF;
    IF is_new THEN
        NEW.before_minutes := kind.before_minutes;
        NEW.after_minutes := kind.after_minutes;
    END IF;
    IF judged AND is_new AND NOT kind.active THEN
        PERFORM care.refuse('appointment_type_is_active', 'Visits of this kind are booked no more: choose another kind.');
    ELSIF judged AND is_new AND kind.desk_only AND access.part() = 'patient' THEN
        PERFORM care.refuse('appointment_type_is_booked_by_the_desk', 'Ask the front desk to book a visit of this kind.');
    ELSIF kind.telehealth = 'only' AND NEW.mode <> 'telehealth' THEN
        PERFORM care.refuse('appointment_type_allows_its_mode', 'A visit of this kind takes place by video: choose video.');
    ELSIF kind.telehealth = 'never' AND NEW.mode = 'telehealth' THEN
        PERFORM care.refuse('appointment_type_allows_its_mode', 'A visit of this kind takes place in person: choose that.');
    ELSIF judged AND access.part() IS DISTINCT FROM 'front_desk'
        AND upper(NEW.during) - lower(NEW.during) <> kind.minutes * INTERVAL '1 minute'
        -- What the desk made longer is moved as it is.
        AND (is_new OR upper(NEW.during) - lower(NEW.during) <> upper(OLD.during) - lower(OLD.during)) THEN
        PERFORM care.refuse('appointment_is_as_long_as_its_type',
            'Give the visit the length of its kind, or ask the front desk for another.');
    ELSIF judged AND EXISTS (SELECT FROM care.appointment_type_specialty s WHERE s.appointment_type = kind.appointment_type)
        AND NOT EXISTS (SELECT FROM care.appointment_type_specialty s JOIN care.provider_specialty p USING (specialty)
                        WHERE s.appointment_type = kind.appointment_type AND p.provider_id = NEW.provider_id) THEN
        PERFORM care.refuse('appointment_provider_has_the_specialty_of_its_type',
            'This provider does not give visits of this kind: choose another provider.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.fit_appointment_type() IS 'Trigger before an appointment of a type is made, moved or given to another provider: copies its buffers, and refuses what the type does not allow.';
REVOKE EXECUTE ON FUNCTION care.fit_appointment_type() FROM PUBLIC;
CREATE TRIGGER appointment_fits_its_type
    BEFORE INSERT OR UPDATE OF appointment_type, during, mode, provider_id ON care.appointment
    FOR EACH ROW WHEN (NEW.appointment_type IS NOT NULL) EXECUTE FUNCTION care.fit_appointment_type();
