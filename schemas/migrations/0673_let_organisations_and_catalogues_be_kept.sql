-- Who keeps organisations, kinds of visit, reasons, prices of membership, insurers and plans: administrators of the network.
--
-- The same policies as of the other catalogues: anybody with an account reads them. Which specialties give a kind of visit
-- and what it needs have no end of their own, and are removed. All else ends, is retired, or is inactive.
-- Who writes a number runs the functions that check its digits.
-- Locks each of these tables for a moment. Undo: drop the policies, revoke the rights.
CALL access.let_keep('care.organisation', false);
CALL access.let_keep('care.organisation_identifier', false);
CALL access.let_keep('care.department_kind', false);
CALL access.let_keep('care.resource_kind', false);
CALL access.let_keep('care.appointment_type', false);
CALL access.let_keep('care.appointment_type_specialty', false, true);
CALL access.let_keep('care.appointment_type_resource', false, true);
CALL access.let_keep('care.cancellation_reason', false);
CALL access.let_keep('care.membership_price', false);
CALL access.let_keep('care.insurer', false);
CALL access.let_keep('care.insurance_plan', false);
CALL access.let_keep('care.plan_network', false);
CALL access.let_keep('care.plan_cost_sharing', false);
CALL access.let_keep('care.plan_benefit', false);
CALL access.let_keep('care.adjustment_code', false);
GRANT EXECUTE ON FUNCTION care.organisation_number_fits(text, text), care.iso_7064_fits(text) TO healthtrack_care;
