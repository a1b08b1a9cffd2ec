-- The hours of a facility can be read as they are kept: who sets those of a weekday sees what stands.
--
-- The directory told whether a facility is open now, and its manager set hours without seeing them. New function, locks nothing.
-- Undo: drop it.
CALL access.publish('list_opening_hours', 'facility uuid',
    'TABLE (weekday smallint, opens_minute smallint, closes_minute smallint)', $body$RETURN QUERY
    SELECT h.weekday, h.opens_minute, h.closes_minute FROM care.opening_hours h
    WHERE h.facility_id = facility ORDER BY h.weekday, h.opens_minute LIMIT 200;$body$,
    'The hours of each weekday of a facility, in minutes after midnight of its zone.');
