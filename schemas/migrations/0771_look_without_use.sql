-- A page that listens records a look each few minutes, and nobody has touched it: such a look must not keep a session alive
-- that its owner has left. Within a transaction that says so (`healthtrack.unseen`), a session is not taken for used; who says
-- so falsely is signed out the sooner.
--
-- Replaces a function, locks nothing. Undo: put back that of 0132.
CREATE OR REPLACE FUNCTION access.enter(token text) RETURNS access.caller
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    me     access.caller;
    unseen boolean;
BEGIN
    me.has_written := pg_current_xact_id_if_assigned() IS NOT NULL;
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        PERFORM access.refuse('rights_are_of_this_moment', 'Begin the transaction as READ COMMITTED.');
    END IF;
    SELECT s.account_id, s.session_id, a.part, s.seen_at < clock_timestamp() - least(INTERVAL '1 minute', s.idle_for / 4)
    INTO me.account_id, me.session_id, me.part, unseen
    FROM access.session s JOIN access.account a USING (account_id)
    WHERE s.token_hash = CASE WHEN token ~ '^[0-9a-f]{64}$' THEN sha256(decode(token, 'hex')) END
      AND s.revoked_at IS NULL AND a.disabled_at IS NULL
      AND clock_timestamp() < least(s.expires_at, s.seen_at + s.idle_for);
    IF me.account_id IS NULL THEN
        PERFORM access.refuse('session_stands', 'Sign in again.');
    END IF;
    IF unseen AND current_setting('transaction_read_only') = 'off'
       AND current_setting('healthtrack.unseen', true) IS DISTINCT FROM 'on' THEN
        UPDATE access.session s SET seen_at = clock_timestamp()
        FROM (SELECT o.session_id FROM access.session o WHERE o.session_id = me.session_id FOR UPDATE SKIP LOCKED) AS own
        WHERE s.session_id = own.session_id;
    END IF;
    me.former := coalesce(current_setting('healthtrack.actor', true), '');
    PERFORM set_config('healthtrack.actor', me.account_id::text, true);
    RETURN me;
END $$;
