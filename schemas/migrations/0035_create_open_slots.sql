-- When a provider can be seen: weekly hours and exceptions, turned into instants, less what is taken.
--
-- Hours are said by the wall clock and booked as instants, and on the two days of the year on which the clock is
-- changed that is a matter of rules: what the clock shows twice is meant the first time, and what it never shows is
-- meant at the instant at which it jumps. So hours that touch by the clock touch as instants too, on every day, and
-- none overlap. Whoever may look sees that a time is taken and never by whom. Locks nothing. Undo: drop them.
CREATE FUNCTION care.local_instant(wall timestamp, zone text) RETURNS timestamptz
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    -- The clock is not changed twice in two days, so one of the offsets of a day before and a day after is right.
    utc    constant timestamptz := wall AT TIME ZONE 'UTC';
    before constant timestamptz := utc - INTERVAL '24 hours';
    after  constant timestamptz := utc + INTERVAL '24 hours';
    one    constant timestamptz := utc - ((before AT TIME ZONE zone) - (before AT TIME ZONE 'UTC'));
    two    constant timestamptz := utc - ((after AT TIME ZONE zone) - (after AT TIME ZONE 'UTC'));
BEGIN
    IF (least(one, two) AT TIME ZONE zone) = wall THEN
        RETURN least(one, two);
    ELSIF (greatest(one, two) AT TIME ZONE zone) = wall THEN
        RETURN greatest(one, two);
    END IF;
    RETURN (SELECT min(instant)
            FROM generate_series(least(one, two), greatest(one, two), INTERVAL '1 minute') AS instant
            WHERE (instant AT TIME ZONE zone) > wall);
END $$;
COMMENT ON FUNCTION care.local_instant(timestamp, text) IS 'The instant at which a wall clock shows a time: the first where it does so twice, the jump where it never does.';

CREATE FUNCTION care.local_period(falls_on date, from_minute integer, to_minute integer, zone text) RETURNS tstzrange
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN tstzrange(care.local_instant(falls_on + from_minute * INTERVAL '1 minute', zone),
                     care.local_instant(falls_on + to_minute * INTERVAL '1 minute', zone));
COMMENT ON FUNCTION care.local_period(date, integer, integer, text) IS 'Minutes of a date''s wall clock as a period of instants; empty where the clock jumps over all of them.';

CREATE FUNCTION care.local_dates(span tstzrange, zone text) RETURNS SETOF date
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN generate_series(
        (lower(span) AT TIME ZONE zone)::date::timestamp, upper(span) AT TIME ZONE zone, INTERVAL '1 day'
    )::date;
COMMENT ON FUNCTION care.local_dates(tstzrange, text) IS 'The dates that a period touches, where the clock is that zone''s.';

CREATE FUNCTION care.opening(asked_facility uuid, span tstzrange) RETURNS tstzmultirange
    LANGUAGE sql STABLE AS $$
    WITH day AS (
        SELECT f.facility_id, f.time_zone, day.falls_on
        FROM care.facility f, care.local_dates(span, f.time_zone) AS day (falls_on)
        WHERE f.facility_id = asked_facility
          AND daterange(f.opened_on, f.closed_on) @> day.falls_on
    ), period AS (
        SELECT d.*, s.opens_minute, s.closes_minute FROM day d JOIN care.special_day s USING (facility_id, falls_on)
        UNION ALL
        SELECT d.*, h.opens_minute, h.closes_minute
        FROM day d JOIN care.opening_hours h USING (facility_id)
        WHERE h.weekday = extract(isodow FROM d.falls_on)
          AND NOT EXISTS (SELECT FROM care.special_day s
                          WHERE s.facility_id = d.facility_id AND s.falls_on = d.falls_on)
    )
    SELECT coalesce(range_agg(care.local_period(falls_on, opens_minute, closes_minute, time_zone)), '{}')
           * tstzmultirange(span)
    FROM period WHERE opens_minute IS NOT NULL
$$;
COMMENT ON FUNCTION care.opening(uuid, tstzrange) IS 'When a facility is open within a period.';

CREATE FUNCTION care.visiting_hours(asked_provider uuid, asked_facility uuid, span tstzrange)
    RETURNS TABLE (during tstzrange, reserved_hours smallint)
    LANGUAGE sql STABLE AS $$
    WITH day AS (
        SELECT f.facility_id, f.time_zone, day.falls_on
        FROM care.facility f, care.local_dates(span, f.time_zone) AS day (falls_on)
        WHERE f.facility_id = asked_facility
          AND EXISTS (SELECT FROM care.affiliation a
                      WHERE a.provider_id = asked_provider AND a.facility_id = f.facility_id
                        AND a.valid_during @> day.falls_on)
          AND EXISTS (SELECT FROM care.provider p
                      WHERE p.provider_id = asked_provider AND daterange(NULL, p.retired_on) @> day.falls_on)
    )
    SELECT care.local_period(d.falls_on, a.starts_minute, a.ends_minute, d.time_zone), a.reserved_hours
    FROM day d JOIN care.availability a USING (facility_id)
    WHERE a.provider_id = asked_provider AND a.weekday = extract(isodow FROM d.falls_on)
      AND a.valid_during @> d.falls_on
    UNION ALL
    SELECT e.during, NULL
    FROM care.availability_exception e JOIN day d USING (facility_id)
    WHERE e.provider_id = asked_provider AND e.kind = 'extra' AND e.during && span
      AND d.falls_on = (lower(e.during) AT TIME ZONE d.time_zone)::date
$$;
COMMENT ON FUNCTION care.visiting_hours(uuid, uuid, tstzrange) IS 'Blocks of time at which an affiliated provider sees patients at a facility, on the dates of a period: weekly and extra ones, before anything is taken off.';

CREATE FUNCTION care.available(asked_provider uuid, asked_facility uuid, span tstzrange) RETURNS tstzmultirange
    LANGUAGE sql STABLE AS $$
    SELECT (SELECT coalesce(range_agg(h.during), '{}') FROM care.visiting_hours(asked_provider, asked_facility, span) h)
           * tstzmultirange(span)
           - (SELECT coalesce(range_agg(e.during), '{}') FROM care.availability_exception e
              WHERE e.provider_id = asked_provider AND e.kind = 'off' AND e.during && span)
$$;
COMMENT ON FUNCTION care.available(uuid, uuid, tstzrange) IS 'When a provider can be seen at a facility within a period, taken or not.';

CREATE FUNCTION care.taken(asked_provider uuid, span tstzrange) RETURNS tstzmultirange
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(range_agg(a.during), '{}') FROM care.appointment a
    WHERE a.provider_id = asked_provider AND a.during && span AND a.status IN ('held', 'booked', 'arrived')
      AND (a.expires_at IS NULL OR a.expires_at > now())
$$;
COMMENT ON FUNCTION care.taken(uuid, tstzrange) IS 'When a provider is taken within a period, at any facility; never by whom. A hold that has run out takes nothing.';

CREATE FUNCTION care.open_slots(
    asked_provider uuid, asked_facility uuid, since timestamptz, until timestamptz, minutes integer
) RETURNS TABLE (starts_at timestamptz, ends_at timestamptz, for_all_at timestamptz)
    LANGUAGE plpgsql STABLE ROWS 100 AS $$
DECLARE
    span constant tstzrange := tstzrange(greatest(since, now()), greatest(until, since, now()));
    free tstzmultirange;
BEGIN
    IF minutes NOT BETWEEN 5 AND 720 OR until > since + INTERVAL '100 days' THEN
        PERFORM care.refuse('slots_are_asked_within_bounds',
            'Ask for visits of 5 minutes to 12 hours, within 100 days.');
    END IF;
    free := care.available(asked_provider, asked_facility, span) * care.opening(asked_facility, span)
            - care.taken(asked_provider, span);
    RETURN QUERY
        SELECT slot.at, slot.at + minutes * INTERVAL '1 minute', slot.at - h.reserved_hours * INTERVAL '1 hour'
        FROM care.visiting_hours(asked_provider, asked_facility, span) h,
             generate_series(lower(h.during), upper(h.during) - minutes * INTERVAL '1 minute',
                             minutes * INTERVAL '1 minute') AS slot (at)
        WHERE free @> tstzrange(slot.at, slot.at + minutes * INTERVAL '1 minute')
        ORDER BY slot.at;
END $$;
COMMENT ON FUNCTION care.open_slots(uuid, uuid, timestamptz, timestamptz, integer) IS 'Times of so many minutes, counted from the start of each block of hours, at which a provider can be booked at a facility: within hours of both, not off, not taken, not past. for_all_at says until when a slot is kept for premium members; null where it is for all.';
