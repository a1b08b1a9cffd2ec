-- A key of each patient's own, wrapped, with which their texts are sealed.
--
-- What a patient wrote in confidence lies in its table as ciphertext under this key, and the key lies here wrapped by a
-- key that the database never sees (security.key_file). So a dump shows no such text, and removing a row here makes
-- every text of that patient unreadable at once, in this database and in all copies made from then on. Through the
-- portal it is read by whom the record is about and by who cares for them, made once, and never changed.
-- New table; its foreign key locks patient against writes for an instant. Undo: drop it; what was sealed with its keys
-- is then lost.
CREATE TABLE access.data_key (
    patient_id uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    key_id     text        NOT NULL,
    wrapped    bytea       NOT NULL,

    CONSTRAINT data_key_pkey PRIMARY KEY (patient_id),
    CONSTRAINT data_key_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT data_key_key_id_is_a_name CHECK (key_id ~ '^[A-Za-z0-9._-]{1,64}$'),
    CONSTRAINT data_key_is_whole CHECK (octet_length(wrapped) = 61)
);
COMMENT ON TABLE  access.data_key            IS 'The key of each patient''s own, wrapped, with which their texts are sealed.';
COMMENT ON COLUMN access.data_key.patient_id IS 'Whose.';
COMMENT ON COLUMN access.data_key.created_at IS 'When it was made.';
COMMENT ON COLUMN access.data_key.key_id     IS 'Which key of security.key_file or security.keys wraps it.';
COMMENT ON COLUMN access.data_key.wrapped    IS 'Version, nonce, ciphertext and tag of its 32 bytes: AES-256-GCM, bound to patient and key_id.';
COMMENT ON CONSTRAINT data_key_pkey ON access.data_key IS 'This patient has a data key already.';
COMMENT ON CONSTRAINT data_key_patient_fkey ON access.data_key IS 'Register the patient first.';
COMMENT ON CONSTRAINT data_key_key_id_is_a_name ON access.data_key IS 'Name the key by letters, digits and . _ - only.';
COMMENT ON CONSTRAINT data_key_is_whole ON access.data_key IS 'A wrapped data key has 61 bytes.';

CALL access.guard('access.data_key', 'internal');
GRANT SELECT, INSERT ON access.data_key TO healthtrack_portal;
CREATE POLICY own ON access.data_key FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY own_is_made ON access.data_key FOR INSERT TO healthtrack_portal
    WITH CHECK (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY care ON access.data_key FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]));
CREATE POLICY care_is_made ON access.data_key FOR INSERT TO healthtrack_portal
    WITH CHECK (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]));
