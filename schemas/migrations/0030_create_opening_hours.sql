-- When a facility is open: each week, and on days that are unlike others.
--
-- Hours are minutes of the facility's own wall clock, so that a change of daylight saving moves none of them; hours
-- past midnight are two rows. Rows for one date stand instead of that weekday's: a closed day is a row without hours. A
-- facility whose hours nobody has given is never open, so nothing can be booked there by mistake. New tables; the
-- foreign key locks facility for an instant. Undo: drop them.
CREATE TABLE care.opening_hours (
    opening_hours_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    facility_id      uuid        NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    version          integer     NOT NULL DEFAULT 1,
    weekday          smallint    NOT NULL,
    opens_minute     smallint    NOT NULL,
    closes_minute    smallint    NOT NULL,
    updated_by       text        NOT NULL DEFAULT session_user,

    CONSTRAINT opening_hours_pkey PRIMARY KEY (opening_hours_id),
    CONSTRAINT opening_hours_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT opening_hours_weekday_is_iso_8601 CHECK (weekday BETWEEN 1 AND 7),
    CONSTRAINT opening_hours_are_within_the_day CHECK (opens_minute >= 0 AND closes_minute <= 1440),
    CONSTRAINT opening_hours_close_after_they_open CHECK (closes_minute > opens_minute),
    CONSTRAINT opening_hours_do_not_overlap EXCLUDE USING gist (
        facility_id WITH =, weekday WITH =, int4range(opens_minute, closes_minute) WITH &&
    )
);
CREATE TRIGGER opening_hours_is_touched BEFORE UPDATE ON care.opening_hours FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.opening_hours                  IS 'Hours of one weekday at which a facility is open; a day may have several.';
COMMENT ON COLUMN care.opening_hours.opening_hours_id IS 'Key.';
COMMENT ON COLUMN care.opening_hours.facility_id      IS 'The facility.';
COMMENT ON COLUMN care.opening_hours.created_at       IS 'When the row was made.';
COMMENT ON COLUMN care.opening_hours.updated_at       IS 'When it was last changed.';
COMMENT ON COLUMN care.opening_hours.version          IS 'Raised by each change.';
COMMENT ON COLUMN care.opening_hours.weekday          IS 'Day of the week by ISO 8601: 1 is Monday, 7 is Sunday.';
COMMENT ON COLUMN care.opening_hours.opens_minute     IS 'Minutes after midnight on the facility''s wall clock.';
COMMENT ON COLUMN care.opening_hours.closes_minute    IS 'Minutes after midnight, not included; 1440 is the end of the day.';
COMMENT ON COLUMN care.opening_hours.updated_by       IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT opening_hours_pkey ON care.opening_hours IS 'These hours are known already.';
COMMENT ON CONSTRAINT opening_hours_facility_fkey ON care.opening_hours IS 'Add the facility first.';
COMMENT ON CONSTRAINT opening_hours_weekday_is_iso_8601 ON care.opening_hours IS 'Give the weekday as 1 (Monday) to 7 (Sunday).';
COMMENT ON CONSTRAINT opening_hours_are_within_the_day ON care.opening_hours IS 'Give hours between 0:00 and 24:00: hours past midnight belong to the next day.';
COMMENT ON CONSTRAINT opening_hours_close_after_they_open ON care.opening_hours IS 'A facility closes after it opens.';
COMMENT ON CONSTRAINT opening_hours_do_not_overlap ON care.opening_hours IS 'The facility has hours at that time already.';

CREATE TABLE care.special_day (
    special_day_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    facility_id    uuid        NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now(),
    falls_on       date        NOT NULL,
    version        integer     NOT NULL DEFAULT 1,
    opens_minute   smallint,
    closes_minute  smallint,
    title          text        NOT NULL,
    updated_by     text        NOT NULL DEFAULT session_user,

    CONSTRAINT special_day_pkey PRIMARY KEY (special_day_id),
    CONSTRAINT special_day_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT special_day_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT special_day_has_both_hours_or_none CHECK ((opens_minute IS NULL) = (closes_minute IS NULL)),
    CONSTRAINT special_day_hours_are_within_the_day CHECK (opens_minute >= 0 AND closes_minute <= 1440),
    CONSTRAINT special_day_closes_after_it_opens CHECK (closes_minute > opens_minute),
    -- A closed day takes the whole of it, so that it cannot be open as well.
    CONSTRAINT special_day_does_not_overlap EXCLUDE USING gist (
        facility_id WITH =, falls_on WITH =,
        int4range(coalesce(opens_minute, 0), coalesce(closes_minute, 1440)) WITH &&
    )
);
CREATE TRIGGER special_day_is_touched BEFORE UPDATE ON care.special_day FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.special_day                IS 'Hours of one date that stand instead of the week''s: a holiday, or a longer day.';
COMMENT ON COLUMN care.special_day.special_day_id IS 'Key.';
COMMENT ON COLUMN care.special_day.facility_id    IS 'The facility.';
COMMENT ON COLUMN care.special_day.created_at     IS 'When the row was made.';
COMMENT ON COLUMN care.special_day.updated_at     IS 'When it was last changed.';
COMMENT ON COLUMN care.special_day.falls_on       IS 'The date, where the facility is.';
COMMENT ON COLUMN care.special_day.version        IS 'Raised by each change.';
COMMENT ON COLUMN care.special_day.opens_minute   IS 'Minutes after midnight on the facility''s wall clock; null where it is closed all day.';
COMMENT ON COLUMN care.special_day.closes_minute  IS 'Minutes after midnight, not included; null where it is closed all day.';
COMMENT ON COLUMN care.special_day.title          IS 'Why: New Year''s Day.';
COMMENT ON COLUMN care.special_day.updated_by     IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT special_day_pkey ON care.special_day IS 'This day is known already.';
COMMENT ON CONSTRAINT special_day_facility_fkey ON care.special_day IS 'Add the facility first.';
COMMENT ON CONSTRAINT special_day_title_is_some ON care.special_day IS 'Say why this day is unlike others.';
COMMENT ON CONSTRAINT special_day_has_both_hours_or_none ON care.special_day IS 'Give both hours, or none for a closed day.';
COMMENT ON CONSTRAINT special_day_hours_are_within_the_day ON care.special_day IS 'Give hours between 0:00 and 24:00.';
COMMENT ON CONSTRAINT special_day_closes_after_it_opens ON care.special_day IS 'A facility closes after it opens.';
COMMENT ON CONSTRAINT special_day_does_not_overlap ON care.special_day IS 'The facility has other hours, or is closed, on that day.';

CALL access.guard('care.opening_hours', 'directory');
CALL access.guard('care.special_day', 'directory');
