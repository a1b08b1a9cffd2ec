-- A record that was joined with another takes no new fact of the tables that came after it either.
--
-- Requests, documents, messages, notes, reconciliations and what was found of drugs have patients too, and each of their
-- tables gets the trigger that 365 gave to those of before. Locks each for an instant. Undo: drop the triggers.
CALL care.close_joined_records();
