-- When a provider sees patients: hours that come each week, and exceptions from them.
--
-- Weekly hours are minutes of the facility's wall clock, as opening hours are. A provider is in one place at a time, so
-- hours overlap at no facility. A reserved block is the share of a provider's hours that is kept for premium members
-- until so many hours before it; how large that share is follows from which blocks are marked. New tables; foreign keys
-- lock their targets for an instant. Undo: drop them.
CREATE TABLE care.availability (
    availability_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    provider_id     uuid        NOT NULL,
    facility_id     uuid        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    version         integer     NOT NULL DEFAULT 1,
    weekday         smallint    NOT NULL,
    starts_minute   smallint    NOT NULL,
    ends_minute     smallint    NOT NULL,
    reserved_hours  smallint,
    valid_during    daterange   NOT NULL,
    updated_by      text        NOT NULL DEFAULT session_user,

    CONSTRAINT availability_pkey PRIMARY KEY (availability_id),
    CONSTRAINT availability_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT availability_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT availability_weekday_is_iso_8601 CHECK (weekday BETWEEN 1 AND 7),
    CONSTRAINT availability_is_within_the_day CHECK (starts_minute >= 0 AND ends_minute <= 1440),
    CONSTRAINT availability_ends_after_it_starts CHECK (ends_minute > starts_minute),
    CONSTRAINT availability_is_reserved_for_a_while CHECK (reserved_hours BETWEEN 1 AND 720),
    CONSTRAINT availability_begins CHECK (NOT isempty(valid_during) AND NOT lower_inf(valid_during)),
    CONSTRAINT availability_does_not_overlap EXCLUDE USING gist (
        provider_id WITH =, weekday WITH =, valid_during WITH &&,
        int4range(starts_minute, ends_minute) WITH &&
    )
);
CREATE INDEX availability_facility_idx ON care.availability (facility_id);
CREATE TRIGGER availability_is_touched BEFORE UPDATE ON care.availability FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.availability                 IS 'Hours of one weekday at which a provider sees patients at a facility.';
COMMENT ON COLUMN care.availability.availability_id IS 'Key.';
COMMENT ON COLUMN care.availability.provider_id     IS 'Who.';
COMMENT ON COLUMN care.availability.facility_id     IS 'Where.';
COMMENT ON COLUMN care.availability.created_at      IS 'When the row was made.';
COMMENT ON COLUMN care.availability.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.availability.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.availability.weekday         IS 'Day of the week by ISO 8601: 1 is Monday, 7 is Sunday.';
COMMENT ON COLUMN care.availability.starts_minute   IS 'Minutes after midnight on the facility''s wall clock.';
COMMENT ON COLUMN care.availability.ends_minute     IS 'Minutes after midnight, not included; 1440 is the end of the day.';
COMMENT ON COLUMN care.availability.reserved_hours  IS 'Kept for premium members until so many hours before a visit begins; null where it is for all.';
COMMENT ON COLUMN care.availability.valid_during    IS 'Days on which this is so; no upper bound while it goes on.';
COMMENT ON COLUMN care.availability.updated_by      IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT availability_pkey ON care.availability IS 'These hours are known already.';
COMMENT ON CONSTRAINT availability_provider_fkey ON care.availability IS 'Add the provider first.';
COMMENT ON CONSTRAINT availability_facility_fkey ON care.availability IS 'Add the facility first.';
COMMENT ON CONSTRAINT availability_weekday_is_iso_8601 ON care.availability IS 'Give the weekday as 1 (Monday) to 7 (Sunday).';
COMMENT ON CONSTRAINT availability_is_within_the_day ON care.availability IS 'Give hours between 0:00 and 24:00: hours past midnight belong to the next day.';
COMMENT ON CONSTRAINT availability_ends_after_it_starts ON care.availability IS 'Hours end after they start.';
COMMENT ON CONSTRAINT availability_is_reserved_for_a_while ON care.availability IS 'Reserve hours until 1 to 720 hours before, or not at all.';
COMMENT ON CONSTRAINT availability_begins ON care.availability IS 'Hours have a first day, and end after it.';
COMMENT ON CONSTRAINT availability_does_not_overlap ON care.availability IS 'The provider has hours at that time already, here or elsewhere.';

CREATE TABLE care.availability_exception (
    availability_exception_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    provider_id               uuid        NOT NULL,
    facility_id               uuid,
    created_at                timestamptz NOT NULL DEFAULT now(),
    updated_at                timestamptz NOT NULL DEFAULT now(),
    version                   integer     NOT NULL DEFAULT 1,
    during                    tstzrange   NOT NULL,
    kind                      text        NOT NULL,
    updated_by                text        NOT NULL DEFAULT session_user,

    CONSTRAINT availability_exception_pkey PRIMARY KEY (availability_exception_id),
    CONSTRAINT availability_exception_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT availability_exception_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT availability_exception_kind_is_known CHECK (kind IN ('off', 'extra')),
    CONSTRAINT availability_exception_extra_has_a_place CHECK ((kind = 'extra') = (facility_id IS NOT NULL)),
    CONSTRAINT availability_exception_is_half_open CHECK (
        NOT isempty(during) AND lower_inc(during) AND NOT upper_inc(during)
        AND NOT lower_inf(during) AND NOT upper_inf(during)
    ),
    CONSTRAINT availability_exception_extra_is_a_day_at_most CHECK (
        kind = 'off' OR upper(during) <= lower(during) + INTERVAL '24 hours'
    ),
    CONSTRAINT availability_exception_does_not_overlap
        EXCLUDE USING gist (provider_id WITH =, kind WITH =, during WITH &&)
);
CREATE INDEX availability_exception_facility_idx ON care.availability_exception (facility_id);
CREATE TRIGGER availability_exception_is_touched BEFORE UPDATE ON care.availability_exception
    FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.availability_exception                           IS 'Time at which a provider is away, or there beyond the weekly hours. Why is not asked: everybody reads this.';
COMMENT ON COLUMN care.availability_exception.availability_exception_id IS 'Key.';
COMMENT ON COLUMN care.availability_exception.provider_id               IS 'Who.';
COMMENT ON COLUMN care.availability_exception.facility_id               IS 'Where the extra hours are; null for off, which is everywhere.';
COMMENT ON COLUMN care.availability_exception.created_at                IS 'When the row was made.';
COMMENT ON COLUMN care.availability_exception.updated_at                IS 'When it was last changed.';
COMMENT ON COLUMN care.availability_exception.version                   IS 'Raised by each change.';
COMMENT ON COLUMN care.availability_exception.during                    IS 'Half-open period; an extra one is of one day at most.';
COMMENT ON COLUMN care.availability_exception.kind                      IS 'off or extra; off wins where both are.';
COMMENT ON COLUMN care.availability_exception.updated_by                IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT availability_exception_pkey ON care.availability_exception IS 'This exception is known already.';
COMMENT ON CONSTRAINT availability_exception_provider_fkey ON care.availability_exception IS 'Add the provider first.';
COMMENT ON CONSTRAINT availability_exception_facility_fkey ON care.availability_exception IS 'Add the facility first.';
COMMENT ON CONSTRAINT availability_exception_kind_is_known ON care.availability_exception IS 'Choose off or extra.';
COMMENT ON CONSTRAINT availability_exception_extra_has_a_place ON care.availability_exception IS 'Extra hours need a facility; time off is everywhere.';
COMMENT ON CONSTRAINT availability_exception_is_half_open ON care.availability_exception IS 'An exception has a beginning and an end after it.';
COMMENT ON CONSTRAINT availability_exception_extra_is_a_day_at_most ON care.availability_exception IS 'Give extra hours day by day.';
COMMENT ON CONSTRAINT availability_exception_does_not_overlap ON care.availability_exception IS 'The provider has such an exception at that time already.';

CALL access.guard('care.availability', 'directory');
CALL access.guard('care.availability_exception', 'directory');
