-- Tallies are merged and folded every minute, with what else the clock asks for.
--
-- Nothing but time depends on it: what is not folded yet is added when it is read. The function keeps the rest of its
-- body, whoever has written it last. Replaces a function, locks nothing. Undo: take the two lines out.
DO $$
DECLARE
    former constant text := '    PERFORM access.forget_looks();';
    body   constant text := pg_get_functiondef('care.run_maintenance()'::regprocedure);
BEGIN
    IF position(former IN body) = 0 THEN
        RAISE EXCEPTION 'care.run_maintenance does not end as this migration knows it';
    END IF;
    EXECUTE replace(body, former, former || chr(10) || '    PERFORM care.merge_reviews();'
                                         || chr(10) || '    PERFORM care.fold_conditions();');
END $$;
COMMENT ON FUNCTION care.run_maintenance() IS 'Ends holds that ran out, counts the changed days of wellness centres anew, forgets looks and sessions that are over, and folds tallies; how many of the first two.';
