-- What the clock asks for is a list of steps, none of which takes the others down.
--
-- Beside what it did, it queues reminders and recalls, renews memberships, folds sums that are kept, and lets rows expire
-- whose retention has ended. Each step is undone alone where it fails, and told by its name and SQLSTATE, for an error's
-- text may hold what a row does: a hold ends on its minute though a sum cannot be folded. It is written in one place now,
-- where four migrations had each added a line to the text of the one before. Replaces a function, locks nothing. Undo: make
-- that of 134, with the lines of 333, 334, 388 and 390.
DROP FUNCTION care.run_maintenance();
CREATE FUNCTION care.run_maintenance(OUT ended_holds integer, OUT counted_days bigint, OUT failed text[])
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    step text;
    done bigint;
BEGIN
    failed := '{}';
    FOREACH step IN ARRAY ARRAY[
        'care.expire_holds()', 'care.refresh_engagement(current_date - 400, current_date + 2)', 'access.forget_looks()',
        'care.queue_reminders()', 'care.queue_recalls()', 'care.renew_memberships()', 'care.fold_adherence()',
        'care.merge_reviews()', 'care.fold_conditions()', 'care.expire_rows()'
    ] LOOP
        BEGIN
            EXECUTE 'SELECT ' || step INTO done;
            IF step ~ 'expire_holds' THEN
                ended_holds := done;
            ELSIF step ~ 'refresh_engagement' THEN
                counted_days := done;
            END IF;
        EXCEPTION WHEN OTHERS THEN
            failed := failed || format('%s: SQLSTATE %s', split_part(step, '(', 1), SQLSTATE);
        END;
    END LOOP;
    ended_holds := coalesce(ended_holds, 0);
    counted_days := coalesce(counted_days, 0);
END $$;
COMMENT ON FUNCTION care.run_maintenance() IS 'Ends holds that ran out, counts the changed days of wellness centres anew, forgets looks and sessions that are over, queues reminders and recalls, renews memberships, folds sums that are kept, and lets rows expire whose retention has ended; how many of the first two, and which steps failed.';
REVOKE EXECUTE ON FUNCTION care.run_maintenance() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.run_maintenance() TO healthtrack_ingest, healthtrack_migrator;
