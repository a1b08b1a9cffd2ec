-- Each facility belongs to an organisation, and may be a part of another facility.
--
-- Facilities that there are, and those of a program that says no organisation, belong to `The network` of 500 until
-- somebody says better. A hospital's clinic on its campus is a part of the hospital: a tree without circles, five deep
-- at most, kept as that of organisations. A part may be in another city, and of another organisation, than its whole.
-- Rewrites care.facility, which has a row for each place, and locks it until COMMIT. Undo: drop the triggers and columns.
ALTER TABLE care.facility
    ADD COLUMN organisation_id uuid NOT NULL DEFAULT '00000000-0000-4000-8000-000000000001',
    ADD COLUMN part_of         uuid,
    ADD COLUMN depth           smallint NOT NULL DEFAULT 0,
    ADD COLUMN part_of_depth   smallint GENERATED ALWAYS AS (CASE WHEN part_of IS NOT NULL THEN depth - 1 END) STORED,
    ADD CONSTRAINT facility_organisation_fkey FOREIGN KEY (organisation_id) REFERENCES care.organisation (organisation_id),
    ADD CONSTRAINT facility_id_with_depth_is_unique UNIQUE (facility_id, depth),
    ADD CONSTRAINT facility_depth_is_limited CHECK (depth BETWEEN 0 AND 4 AND (depth = 0) = (part_of IS NULL));
ALTER TABLE care.facility
    ADD CONSTRAINT facility_part_of_fkey FOREIGN KEY (part_of, part_of_depth)
        REFERENCES care.facility (facility_id, depth) DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX facility_organisation_idx ON care.facility (organisation_id);
CREATE INDEX facility_part_of_idx ON care.facility (part_of, part_of_depth);
COMMENT ON COLUMN care.facility.organisation_id IS 'Organisation that answers for it.';
COMMENT ON COLUMN care.facility.part_of         IS 'Facility that it is a part of; null for one that stands by itself.';
COMMENT ON COLUMN care.facility.depth           IS 'How many facilities stand above it; worked out from what it is a part of.';
COMMENT ON COLUMN care.facility.part_of_depth   IS 'How many stand above what it is a part of: half of the key that keeps circles out.';
COMMENT ON CONSTRAINT facility_organisation_fkey ON care.facility IS 'Choose one of the known organisations.';
COMMENT ON CONSTRAINT facility_id_with_depth_is_unique ON care.facility IS 'This facility is known already.';
COMMENT ON CONSTRAINT facility_depth_is_limited ON care.facility IS 'At most four facilities may stand above one.';
COMMENT ON CONSTRAINT facility_part_of_fkey ON care.facility IS 'Choose one of the network''s facilities as the whole.';

CREATE TRIGGER facility_waits_for_its_tree BEFORE INSERT OR UPDATE OF part_of, depth ON care.facility
    FOR EACH STATEMENT EXECUTE FUNCTION care.wait_for_tree();
CREATE TRIGGER facility_is_placed BEFORE INSERT OR UPDATE OF part_of, depth ON care.facility
    FOR EACH ROW EXECUTE FUNCTION care.place_in_tree('facility_id');
CREATE TRIGGER facility_moves_its_parts AFTER UPDATE OF part_of, depth ON care.facility
    FOR EACH ROW WHEN (OLD.depth <> NEW.depth) EXECUTE FUNCTION care.move_parts('facility_id');
