-- A key of each patient's own, wrapped, with which their texts are sealed.
--
-- What a patient wrote in confidence lies in its table as ciphertext under this key, and the key lies here wrapped by a
-- key that the database never sees (security.key_file). So a dump shows no such text, and removing a row here makes
-- every text of that patient unreadable at once, also in copies that are made from then on.
-- New table, locks nothing. Undo: drop it; what was sealed with its keys is then lost.
CREATE SCHEMA IF NOT EXISTS access;

CREATE TABLE access.data_key (
    patient_id uuid        NOT NULL,
    created_at timestamptz NOT NULL,
    key_id     text        NOT NULL,
    wrapped    bytea       NOT NULL,

    CONSTRAINT data_key_pkey PRIMARY KEY (patient_id),
    CONSTRAINT data_key_key_id_is_a_name CHECK (key_id ~ '^[A-Za-z0-9._-]{1,64}$'),
    CONSTRAINT data_key_is_whole CHECK (octet_length(wrapped) = 61)
);
COMMENT ON TABLE  access.data_key            IS 'The key of each patient''s own, wrapped, with which their texts are sealed.';
COMMENT ON COLUMN access.data_key.patient_id IS 'Whose: care.patient.';
COMMENT ON COLUMN access.data_key.created_at IS 'When it was made.';
COMMENT ON COLUMN access.data_key.key_id     IS 'Which key of security.key_file or security.keys wraps it.';
COMMENT ON COLUMN access.data_key.wrapped    IS 'Version, nonce, ciphertext and tag of its 32 bytes: AES-256-GCM, bound to patient and key_id.';
