-- A provider sees and changes the visits that are booked with them, in care or not.
--
-- What a provider books opens no record (migration 184), and care ends; but the visit stays in the provider's day, and has
-- to be moved, cancelled or completed. The row names the patient by key; the name stays with the policies of its table.
-- Locks care.appointment for an instant. Undo: drop both policies.
CREATE POLICY with_provider ON care.appointment FOR SELECT TO healthtrack_care
    USING (provider_id = (SELECT access.acting_provider()) AND status <> 'held');
CREATE POLICY with_provider_is_changed ON care.appointment FOR UPDATE TO healthtrack_care
    USING (provider_id = (SELECT access.acting_provider()) AND status <> 'held')
    WITH CHECK (provider_id = (SELECT access.acting_provider()));
