-- Proof for erasures of a person and of days, as for those of a device, and what whoever erases may touch for it.
--
-- An erasure is of one device, of one patient (what was measured on them), or by retention: of all files of days before
-- a date. The digest of a patient's uuid, which is random, leads to nobody who does not hold the uuid already. A block
-- that lies across the end of somebody's wear is cut, so what rolls and erases may write blocks too. Each erasure of a
-- person, and each look from a person to their samples, is an event of the audit. Locks signal.erasure, care.wear_event and
-- care.device_detail for an instant. Undo: remove rows of the new kinds, drop the columns, constraints and policies,
-- demand device_sha256 again, revoke the grants.
ALTER TABLE signal.erasure
    ADD COLUMN before_on date,
    ADD COLUMN patient_sha256 text,
    ALTER COLUMN device_sha256 DROP NOT NULL,
    ADD CONSTRAINT erasure_is_of_one_kind CHECK (num_nonnulls(device_sha256, patient_sha256, before_on) = 1),
    ADD CONSTRAINT erasure_patient_digest_is_whole CHECK (patient_sha256 ~ '^[0-9a-f]{64}$');
CREATE UNIQUE INDEX erasure_of_a_patient_is_open_once ON signal.erasure (patient_sha256) WHERE ended_at IS NULL;
COMMENT ON COLUMN signal.erasure.device_sha256   IS 'SHA-256 of the device''s name, in hexadecimal digits; null for another kind of erasure.';
COMMENT ON COLUMN signal.erasure.patient_sha256  IS 'SHA-256 of the patient''s uuid as text, in hexadecimal digits; null for another kind of erasure.';
COMMENT ON COLUMN signal.erasure.before_on       IS 'Retention: files of days before this one went, but for days on which somebody under legal hold wore anything; null for another kind of erasure.';
COMMENT ON COLUMN signal.erasure.blocks          IS 'Blocks of the hot table that were removed, or cut.';
COMMENT ON COLUMN signal.erasure.hot_samples     IS 'Samples that went with them.';
COMMENT ON COLUMN signal.erasure.directory_rows  IS 'Rows of signal.device, signal.series, care.wear and access.data_key that were removed.';
COMMENT ON COLUMN signal.erasure.requested_by    IS 'Database user who began it.';

GRANT INSERT ON signal.block TO healthtrack_roller;
GRANT SELECT, DELETE ON care.wear_event, care.device_detail TO healthtrack_roller;
CREATE POLICY rolled ON care.wear_event FOR ALL TO healthtrack_roller USING (true);
CREATE POLICY rolled ON care.device_detail FOR ALL TO healthtrack_roller USING (true);
GRANT EXECUTE ON FUNCTION access.audit(text, uuid, text, text, text, uuid, uuid) TO healthtrack_roller;
