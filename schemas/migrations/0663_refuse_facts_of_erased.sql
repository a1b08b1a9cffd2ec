-- A record of an erased person takes no new fact: who comes again is registered anew.
--
-- An erasure leaves the key, under which bills and proofs stay. A visit could be booked for it and an account opened, as if
-- nothing had been erased. The trigger that refuses facts of joined records refuses those of erased ones as well; both
-- indexes are searched for what was added, and nothing else.
-- Replaces a function, locks nothing. Undo: make it as 365 does.
CREATE OR REPLACE FUNCTION care.refuse_facts_of_joined() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Waits for who joins, separates or erases, also where no foreign key has locked the person.
    PERFORM FROM care.patient p WHERE p.patient_id IN (SELECT a.patient_id FROM added a) ORDER BY p.patient_id FOR KEY SHARE;
    IF EXISTS (SELECT FROM care.patient_link l JOIN added USING (patient_id) WHERE l.ended_at IS NULL) THEN
        PERFORM care.refuse('record_takes_facts_until_joined',
            'This record was joined with another of the same person: write there.');
    ELSIF EXISTS (SELECT FROM access.erasure_proof e JOIN added a ON e.records @> ARRAY[a.patient_id])
          AND NOT access.erasing() THEN
        PERFORM care.refuse('record_is_of_an_erased_person', 'This person was erased: register them anew.');
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.refuse_facts_of_joined() IS
    'Trigger after rows are added: refuses new facts of a record that was joined with another, or of an erased person.';
