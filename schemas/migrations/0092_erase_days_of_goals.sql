-- What goals have kept of days that were rolled was made of samples, so it goes with the person whose they were.
--
-- Locks care.goal_day for an instant. Undo: drop the policy and revoke the grant.
GRANT SELECT, DELETE ON care.goal_day TO healthtrack_roller;
CREATE POLICY rolled ON care.goal_day FOR ALL TO healthtrack_roller USING (true);
