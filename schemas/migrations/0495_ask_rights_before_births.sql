-- Who may not write a condition learns nothing of a birth.
--
-- The rule that a condition begins after its person was born was asked before the policies of rows, so its sentence told
-- anybody with a person's key in a few tries when that person was born. Asked after the policies, it is told to those who
-- may write there. Locks care.condition for an instant. Undo: make the trigger fire before again.
DROP TRIGGER condition_begins_within_a_life ON care.condition;
CREATE TRIGGER condition_begins_within_a_life AFTER INSERT OR UPDATE OF onset_on ON care.condition
    FOR EACH ROW EXECUTE FUNCTION care.check_dates_of_condition();
COMMENT ON TRIGGER condition_begins_within_a_life ON care.condition IS 'A condition begins after its person was born, and not ahead.';
