-- Who wore which device, and when.
--
-- A sample belongs to whoever wore its device at its start, also when it arrives days later, so two patients may never
-- wear one device at the same moment: the exclusion keeps that against any race. Nobody's samples stay nobody's; they
-- are not guessed at. New table; the foreign keys lock patient and device against writes for an instant. Undo: drop it.
CREATE TABLE care.wear (
    wear_id     uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id  uuid        NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),
    device_key  integer     NOT NULL,
    version     integer     NOT NULL DEFAULT 1,
    worn_during tstzrange   NOT NULL,
    updated_by  text        NOT NULL DEFAULT session_user,

    CONSTRAINT wear_pkey PRIMARY KEY (wear_id),
    CONSTRAINT wear_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT wear_device_fkey FOREIGN KEY (device_key) REFERENCES signal.device (device_key),
    CONSTRAINT wear_period_is_half_open CHECK (
        NOT isempty(worn_during) AND lower_inc(worn_during) AND NOT upper_inc(worn_during)
    ),
    CONSTRAINT wear_device_is_exclusive EXCLUDE USING gist (device_key WITH =, worn_during WITH &&)
);
CREATE INDEX wear_patient_idx ON care.wear (patient_id);
CREATE TRIGGER wear_is_touched BEFORE UPDATE ON care.wear FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.wear             IS 'Which patient wore which device, and when.';
COMMENT ON COLUMN care.wear.wear_id     IS 'Key.';
COMMENT ON COLUMN care.wear.patient_id  IS 'Who wore it.';
COMMENT ON COLUMN care.wear.created_at  IS 'When the row was made.';
COMMENT ON COLUMN care.wear.updated_at  IS 'When it was last changed.';
COMMENT ON COLUMN care.wear.device_key  IS 'The device.';
COMMENT ON COLUMN care.wear.version     IS 'Raised by each change.';
COMMENT ON COLUMN care.wear.worn_during IS 'Half-open period of wear; no upper bound while still worn.';
COMMENT ON COLUMN care.wear.updated_by  IS 'Account or program that last changed it.';

COMMENT ON CONSTRAINT wear_pkey ON care.wear IS 'This wear is known already.';
COMMENT ON CONSTRAINT wear_patient_fkey ON care.wear IS 'Register the patient first.';
COMMENT ON CONSTRAINT wear_device_fkey ON care.wear IS 'Add the device first.';
COMMENT ON CONSTRAINT wear_period_is_half_open ON care.wear IS 'Wear has a beginning, and ends after it.';
COMMENT ON CONSTRAINT wear_device_is_exclusive ON care.wear IS 'Somebody else wears this device at that time: end that first.';
