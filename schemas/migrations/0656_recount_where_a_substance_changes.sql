-- A catalogue of medicines that is loaded again says most of it as before, and nobody's adherence is worked out anew then.
--
-- Any statement that named the column recounted everybody, for each of them anew. A trigger that compares former and new
-- rows cannot be one of a column alone. Replaces function and trigger; locks care.medication for an instant. Undo: make both
-- as 334 does.
DROP TRIGGER medication_substance_is_counted ON care.medication;
CREATE OR REPLACE FUNCTION care.rename_substance() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM former JOIN renamed USING (medication_id) WHERE former.ingredient <> renamed.ingredient) THEN
        PERFORM care.recount_adherence();
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER medication_substance_is_counted AFTER UPDATE ON care.medication
    REFERENCING OLD TABLE AS former NEW TABLE AS renamed FOR EACH STATEMENT EXECUTE FUNCTION care.rename_substance();
