-- What a deferred rule says stands on its trigger as well.
--
-- The sentence of a rule is the comment of its constraint, and pg_dump leaves that comment out where the constraint
-- belongs to a constraint trigger: a database restored from a dump has lost it, and nothing tells. The trigger's own
-- comment is dumped, and is read where the constraint has none. Locks each of these tables for an instant against
-- another change of its definition; nobody waits who reads or writes. Undo: COMMENT ON TRIGGER … IS NULL.
COMMENT ON TRIGGER claim_is_the_sum_of_its_lines   ON care.claim              IS 'The amounts of a claim are the sums of its lines.';
COMMENT ON TRIGGER claim_line_adds_up_to_its_claim ON care.claim_line         IS 'The amounts of a claim are the sums of its lines.';
COMMENT ON TRIGGER ledger_transaction_has_entries  ON care.ledger_transaction IS 'The entries of a transaction sum to zero.';
COMMENT ON TRIGGER ledger_transaction_sums_to_zero ON care.ledger_entry       IS 'The entries of a transaction sum to zero.';
COMMENT ON TRIGGER wear_change_is_noted            ON care.wear               IS 'A change of wear is always noted.';
