-- Erasure of what stood once, and of what was taken back.
--
-- Whoever erases samples calls this for the same series and times, in the same transaction. A range that reaches beyond
-- the times stays, since it says what is outdated there; it holds no value. New function, locks nothing. Undo: drop it.
CREATE FUNCTION signal.erase_superseded(series integer[], "from" timestamptz, "to" timestamptz) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    WITH ranges AS (
        DELETE FROM signal.replaced_range
        WHERE series_id = ANY ($1) AND from_at >= coalesce($2, '-infinity') AND to_at <= coalesce($3, 'infinity')),
    gone AS (
        DELETE FROM signal.superseded_value
        WHERE series_id = ANY ($1) AND start_at >= coalesce($2, '-infinity') AND start_at < coalesce($3, 'infinity')
        RETURNING 1)
    SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION signal.erase_superseded(integer[], timestamptz, timestamptz) IS
    'Removes superseded values of these series that begin in [from, to), and replaced ranges that lie within; null for no bound. How many values were removed.';
REVOKE EXECUTE ON FUNCTION signal.erase_superseded(integer[], timestamptz, timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION signal.erase_superseded(integer[], timestamptz, timestamptz) TO healthtrack_roller;
