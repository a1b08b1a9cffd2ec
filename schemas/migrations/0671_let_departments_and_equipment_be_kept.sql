-- Who keeps departments, equipment, attendance policies and categories: managers at the own facility; administrators all.
--
-- The same policies as of the rest of the directory. Hours of a department and outages of equipment are of their department
-- and equipment, which says of which facility they are. Hours and categories have no end of their own, and are removed; a
-- department, a piece of equipment and an outage end. The main category of a facility stays among its categories by its key.
-- Locks each of these tables for a moment. Undo: drop the policies, revoke the rights.
CALL access.let_keep('care.department', true);
CALL access.let_keep('care.department_hours', false, true);
CALL access.let_keep('care.equipment', true);
CALL access.let_keep('care.equipment_outage', false);
CALL access.let_keep('care.attendance_policy', true);
CALL access.let_keep('care.facility_has_category', true, true);

CREATE FUNCTION care.departments_managed() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(department_id), '{}') FROM care.department
    WHERE facility_id = ANY (access.own_facilities()) AND access.part() = 'facility_manager'
$$;
COMMENT ON FUNCTION care.departments_managed() IS 'Departments of the facility that the actor manages.';
CREATE FUNCTION care.equipment_managed() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(equipment_id), '{}') FROM care.equipment
    WHERE facility_id = ANY (access.own_facilities()) AND access.part() = 'facility_manager'
$$;
COMMENT ON FUNCTION care.equipment_managed() IS 'Equipment of the facility that the actor manages.';
REVOKE ALL ON FUNCTION care.departments_managed(), care.equipment_managed() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.departments_managed(), care.equipment_managed() TO healthtrack_care;

CREATE POLICY manager ON care.department_hours FOR ALL TO healthtrack_care
    USING (department_id = ANY ((SELECT care.departments_managed())::uuid[]))
    WITH CHECK (department_id = ANY ((SELECT care.departments_managed())::uuid[]));
CREATE POLICY manager ON care.equipment_outage FOR ALL TO healthtrack_care
    USING (equipment_id = ANY ((SELECT care.equipment_managed())::uuid[]))
    WITH CHECK (equipment_id = ANY ((SELECT care.equipment_managed())::uuid[]));

CREATE FUNCTION care.stamp_creation() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF access.actor() IS NOT NULL THEN
        NEW.created_at := CASE TG_OP WHEN 'UPDATE' THEN OLD.created_at ELSE now() END;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.stamp_creation() IS 'Trigger before each write of a row without versions: what an account adds bears the present time.';
REVOKE EXECUTE ON FUNCTION care.stamp_creation() FROM PUBLIC;
CREATE TRIGGER facility_has_category_is_stamped BEFORE INSERT OR UPDATE ON care.facility_has_category
    FOR EACH ROW EXECUTE FUNCTION care.stamp_creation();
COMMENT ON TRIGGER facility_has_category_is_stamped ON care.facility_has_category IS
    'Trigger before each write of a row without versions: what an account adds bears the present time.';
