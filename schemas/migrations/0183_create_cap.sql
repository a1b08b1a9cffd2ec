-- How often something may be done through the portal, as rows that the owner changes.
--
-- A rule that counts asks here for the most that it allows, so an operator raises or lowers it by an UPDATE and no
-- program starts anew. New table, locks nothing. Undo: drop it and the function.
CREATE TABLE access.cap (
    most integer NOT NULL,
    cap  text    NOT NULL,
    why  text    NOT NULL,

    CONSTRAINT cap_pkey PRIMARY KEY (cap),
    CONSTRAINT cap_is_not_negative CHECK (most >= 0),
    CONSTRAINT cap_says_why CHECK (why ~ '\S')
);
COMMENT ON TABLE  access.cap      IS 'How often something may be done through the portal; the owner changes it by UPDATE.';
COMMENT ON COLUMN access.cap.most IS 'How often at most; the unit is in the name.';
COMMENT ON COLUMN access.cap.cap  IS 'Stable name.';
COMMENT ON COLUMN access.cap.why  IS 'What it limits, and against what.';
COMMENT ON CONSTRAINT cap_pkey ON access.cap IS 'This cap is set already.';
COMMENT ON CONSTRAINT cap_is_not_negative ON access.cap IS 'A cap is zero or more.';
COMMENT ON CONSTRAINT cap_says_why ON access.cap IS 'Say what the cap is for.';
CALL access.guard('access.cap', 'internal');

INSERT INTO access.cap (cap, most, why) VALUES
    ('bookings_a_patient', 20, 'Times to come that one patient may hold and have booked at once by the own account: nobody books a month full.'),
    ('holds_a_desk_an_hour', 60, 'Times that one account of a front desk may hold within an hour: each hold opens name and telephone of a person.'),
    ('emergencies_a_provider_a_day', 10, 'Records that one provider may open in emergencies within 24 hours; each is reviewed.'),
    ('registrations_an_account_a_day', 200, 'People whom one account may propose for registration within 24 hours: each tells whether a number is known.'),
    ('looks_an_account_an_hour', 2000, 'Looks at records of others, exports included, by one account within an hour: nobody reads the network empty.'),
    ('wear_changed_back_hours', 24, 'How many hours back a provider may correct who wore a device; the owner may at any time.');

CREATE FUNCTION access.cap_of(asked text) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT c.most FROM access.cap c WHERE c.cap = asked
$$;
COMMENT ON FUNCTION access.cap_of(text) IS 'The most that a cap allows; null, which is no limit, where its row was removed. For rules that run as the owner.';
REVOKE EXECUTE ON FUNCTION access.cap_of(text) FROM PUBLIC;
