-- An amount that is no number is none: numeric NaN is greater than each number, so a check for more than 0 lets it pass, and
-- no dose a day can be computed from it. Likewise what one dose and one fill hold.
--
-- Locks care.prescription while it is checked, once. Undo: drop the constraint.
ALTER TABLE care.prescription ADD CONSTRAINT prescription_amounts_are_numbers
    CHECK (per_amount < 'NaN' AND dose_quantity < 'NaN' AND quantity < 'NaN');
COMMENT ON CONSTRAINT prescription_amounts_are_numbers ON care.prescription IS 'Write the amounts of a prescription as numbers.';
