-- Personal plans are followed where the membership includes them.
--
-- care.plan says which memberships include personal plans, and nothing asked it: a regular member's plan could be made
-- active. It is asked when an edition becomes active; who changes to another membership keeps what is active already.
-- Whoever loads what was true elsewhere (healthtrack_migrator) is not asked.
-- Locks care.care_plan_version for an instant. Undo: drop the trigger and the function.
CREATE FUNCTION care.check_personal_plan() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM care.membership m JOIN care.plan p ON p.plan = m.plan
                   WHERE m.patient_id = NEW.patient_id AND m.valid_during @> now() AND p.personal_plans) THEN
        PERFORM care.refuse('care_plan_is_in_the_membership',
            'This membership has no personal plans: change it to one that does first.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_personal_plan() IS 'Trigger before an edition becomes active: refuses it where the membership of today has no personal plans.';
CREATE TRIGGER care_plan_is_in_the_membership BEFORE INSERT OR UPDATE OF status ON care.care_plan_version
    FOR EACH ROW WHEN (NEW.status = 'active' AND NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_personal_plan();
COMMENT ON TRIGGER care_plan_is_in_the_membership ON care.care_plan_version IS 'This membership has no personal plans: change it to one that does first.';
