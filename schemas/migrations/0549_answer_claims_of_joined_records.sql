-- A claim that stands is answered and asked again though its patient's record was joined with another since.
--
-- care.close_joined_records gives each table of facts a trigger that refuses new facts of a joined record. Codes, diagnoses
-- and sums of claims follow from a claim that stands, as its lines and payments do, and are left out like those.
-- Replaces a procedure, locks nothing. Undo: make that of 365.
CREATE OR REPLACE PROCEDURE care.close_joined_records()
    LANGUAGE plpgsql AS $$
DECLARE
    fact record;
BEGIN
    FOR fact IN
        SELECT c.oid::regclass AS of, c.relname AS name FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'patient_id' AND NOT a.attisdropped
        WHERE c.relnamespace = 'care'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          -- The person, the link, and what follows by itself from what stands.
          AND c.relname NOT IN ('patient', 'patient_link', 'history', 'record_version', 'ledger_transaction', 'ledger_entry',
                                'payment', 'refund', 'claim', 'claim_line', 'claim_adjustment', 'claim_diagnosis',
                                'claim_line_diagnosis', 'accumulator', 'telehealth_session', 'space_identity',
                                -- What a program makes for everybody at once, which one person must not refuse.
                                'alert', 'recommendation', 'prediction', 'notification', 'recall', 'task')
          AND c.relname !~ '_(event|change|tally|total|year|day)$'
          -- What nobody but the owner's functions sees is no fact of its own.
          AND EXISTS (SELECT FROM pg_policy p
                      WHERE p.polrelid = c.oid AND 'healthtrack_care'::regrole = ANY (p.polroles))
          AND NOT EXISTS (SELECT FROM pg_trigger t
                          WHERE t.tgrelid = c.oid AND t.tgfoid = 'care.refuse_facts_of_joined'::regproc)
        ORDER BY c.relname
    LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT ON %s REFERENCING NEW TABLE AS added
                        FOR EACH STATEMENT EXECUTE FUNCTION care.refuse_facts_of_joined()',
                       fact.name || '_is_not_of_a_joined_record', fact.of);
    END LOOP;
END $$;
