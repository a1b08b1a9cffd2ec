-- Rules of alerts get their category from their code, and looks at activities name no category.
--
-- A rule on a test for HIV told what it is about by its code, where nobody gave it a category. It gets it as results do,
-- when it is set, and its alerts with it; a rule that stands keeps its words, also where the list of codes has grown.
-- Activities of plans are not kept apart, so that their looks need not name what was open. Locks care.alert_rule for an
-- instant. Undo: drop the trigger, and set the look's flag back.
CREATE TRIGGER alert_rule_is_classified BEFORE INSERT ON care.alert_rule
    FOR EACH ROW EXECUTE FUNCTION care.classify('loinc=loinc');
COMMENT ON TRIGGER alert_rule_is_classified ON care.alert_rule IS 'Gives it a category by its code; one that stands is never lowered.';
UPDATE access.look_kind SET sensitive = false WHERE kind = 'activities';
