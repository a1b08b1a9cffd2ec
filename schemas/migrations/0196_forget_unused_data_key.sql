-- A data key under which nothing was encrypted can be removed, so that an honest one is made.
--
-- The first data key of a patient that is kept stands for good, and the database cannot tell whether it unwraps with the
-- keys of the network: that is their whole point. Whoever holds a token of a patient, or of a provider in care, could
-- keep 61 bytes of nothing as the first, and no text of that patient could ever be encrypted. Keeping it was audited.
-- The owner removes it with this function, which refuses where something was encrypted already, and is audited too; the
-- next use makes a new one. It is for keys that do not unwrap, with which nobody can be about to encrypt. Locks nothing.
-- Undo: drop the function.
CREATE FUNCTION access.forget_unused_data_key(patient uuid) RETURNS boolean
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM care.journal_entry e WHERE e.patient_id = patient)
       OR EXISTS (SELECT FROM care.consultation c WHERE c.patient_id = patient AND c.notes IS NOT NULL) THEN
        PERFORM access.refuse('data_key_is_unused', 'Something was encrypted with this key: it stays.');
    END IF;
    DELETE FROM access.data_key k WHERE k.patient_id = patient;
    IF FOUND THEN
        PERFORM access.audit_program('erase', patient, 'access.data_key');
    END IF;
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION access.forget_unused_data_key(uuid) IS 'For the owner: removes the data key of a patient of whom nothing was encrypted yet, audited; true where there was one.';
REVOKE EXECUTE ON FUNCTION access.forget_unused_data_key(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.forget_unused_data_key(uuid) TO healthtrack_migrator;
