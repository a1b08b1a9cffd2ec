-- Observations get a category by their codes, as the rest of the record does.
--
-- By the code of what was observed and by the code that was found; a correction by what it corrects. Where one of a
-- course of corrections is raised later, the others are, so that none of them tells what another keeps apart. Rewrites
-- no row but those with such a code; locks care.observation for an instant. Undo: drop the triggers.
ALTER TABLE care.observation DISABLE TRIGGER USER;
UPDATE care.observation AS o SET sensitivity = coalesce(care.sensitivity_of('loinc', o.loinc),
                                                        care.sensitivity_of(o.value_system, o.value_code))
WHERE o.sensitivity IS NULL AND coalesce(care.sensitivity_of('loinc', o.loinc),
                                         care.sensitivity_of(o.value_system, o.value_code)) IS NOT NULL;
ALTER TABLE care.observation ENABLE TRIGGER USER;
CREATE TRIGGER observation_is_classified BEFORE INSERT OR UPDATE ON care.observation FOR EACH ROW
    EXECUTE FUNCTION care.classify('loinc=loinc', ':value_system=value_code', 'care.observation=amends_observation_id');
COMMENT ON TRIGGER observation_is_classified ON care.observation IS 'Gives it a category by its codes and what it is part of; one that stands is never lowered.';
CREATE TRIGGER observation_raises_its_parts AFTER UPDATE OF sensitivity ON care.observation FOR EACH ROW
    WHEN (NEW.sensitivity IS NOT NULL AND OLD.sensitivity IS NULL)
    EXECUTE FUNCTION care.classify_parts('care.observation=amends_observation_id',
                                         'care.observation=observation_id=amends_observation_id');
COMMENT ON TRIGGER observation_raises_its_parts ON care.observation IS 'What is part of it is kept apart with it.';
