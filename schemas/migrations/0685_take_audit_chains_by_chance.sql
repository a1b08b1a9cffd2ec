-- An audit event goes to a chain by chance, so that the 64 chains grow together.
--
-- Each connection took the chain of its own number: with eight connections of a pool eight chains grew, and 55 stayed where
-- they were. But a partition of the audit is a range of places, so it is a range of time only where all chains have about as
-- many places; it ends before its time where one grows alone, and cannot be detached (634) while one has not passed it, since
-- that chain would go on at a place that is gone. A chain by chance that nobody holds costs the same as one's own.
-- Replaces a function, locks nothing. Undo: make that of 131.
CREATE OR REPLACE FUNCTION access.take_audit_chain() RETURNS smallint
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own   constant smallint := floor(random() * 64);
    taken smallint;
BEGIN
    SELECT c.chain INTO taken FROM access.audit_chain c WHERE c.chain = own FOR NO KEY UPDATE SKIP LOCKED;
    IF taken IS NULL THEN
        -- The next that is free, so that the first of all does not get what falls on others.
        SELECT c.chain INTO taken FROM access.audit_chain c ORDER BY (c.chain - own + 64) % 64 LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
    END IF;
    IF taken IS NULL THEN
        SELECT c.chain INTO taken FROM access.audit_chain c WHERE c.chain = own FOR NO KEY UPDATE;
    END IF;
    RETURN taken;
END $$;
