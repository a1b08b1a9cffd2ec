-- Documents: letters, forms and images that were attached to a record, sealed, and named by what they hold.
--
-- The program seals the bytes with the patient's data key (the cell is care.document_content, body, the document's key),
-- so without access.data_key they are unreadable, also in backups. What is sealed is addressed by its SHA-256: the
-- database checks that content and address agree, and a store outside (place) is checked by whoever fetches from it. A
-- document never changes: a newer one supersedes it, or it is marked as an error. Only so large a document lies in the
-- database, and one account attaches so many a day (access.cap). New tables; the foreign keys lock their targets for an
-- instant. Undo: drop them and the cap.
INSERT INTO access.cap (cap, most, why) VALUES
    ('documents_an_account_a_day', 50, 'Documents that one account may attach within 24 hours: nobody fills the disk.');

CREATE TABLE care.document_content (
    patient_id    uuid  NOT NULL,
    sealed_sha256 bytea NOT NULL,
    body          bytea NOT NULL,

    CONSTRAINT document_content_pkey PRIMARY KEY (patient_id, sealed_sha256),
    CONSTRAINT document_content_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT document_content_has_its_address CHECK (sealed_sha256 = sha256(body)),
    CONSTRAINT document_content_is_sealed
        CHECK (octet_length(body) BETWEEN 30 AND 10485789 AND substr(body, 1, 1) = '\x01')
);
CREATE TRIGGER document_content_stays_under_hold BEFORE DELETE ON care.document_content
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.document_content IS 'The sealed bytes of documents that lie in the database.';
COMMENT ON COLUMN care.document_content.patient_id    IS 'Whose.';
COMMENT ON COLUMN care.document_content.sealed_sha256 IS 'SHA-256 of the sealed bytes: their address.';
COMMENT ON COLUMN care.document_content.body          IS 'The bytes, encrypted with the patient''s data key.';
COMMENT ON CONSTRAINT document_content_pkey ON care.document_content IS 'This content is known already.';
COMMENT ON CONSTRAINT document_content_patient_fkey ON care.document_content IS 'Register the patient first.';
COMMENT ON CONSTRAINT document_content_has_its_address ON care.document_content IS 'These bytes are not those of their address: send them again.';
COMMENT ON CONSTRAINT document_content_is_sealed ON care.document_content IS 'A document is stored sealed, up to 10 MiB of it.';
CALL access.guard('care.document_content', 'own_chart');
REVOKE UPDATE ON care.document_content FROM healthtrack_care;
ALTER TABLE care.document_content ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE care.document (
    document_id            uuid             NOT NULL DEFAULT gen_random_uuid(),
    patient_id             uuid             NOT NULL,
    encounter_id           uuid,
    supersedes_document_id uuid,
    author_account_id      uuid,
    created_at             timestamptz      NOT NULL DEFAULT now(),
    updated_at             timestamptz      NOT NULL DEFAULT now(),
    documented_at          timestamptz      NOT NULL,
    version                integer          NOT NULL DEFAULT 1,
    size_bytes             integer          NOT NULL,
    sealed_sha256          bytea            NOT NULL,
    content_sha256         bytea            GENERATED ALWAYS AS (CASE place WHEN 'database' THEN sealed_sha256 END) STORED,
    type_loinc             text             NOT NULL,
    title                  text             NOT NULL,
    media_type             text             NOT NULL,
    place                  text             NOT NULL DEFAULT 'database',
    sensitivity            care.sensitivity,
    status                 text             NOT NULL DEFAULT 'current',
    updated_by             text             NOT NULL DEFAULT session_user,

    CONSTRAINT document_pkey PRIMARY KEY (document_id),
    CONSTRAINT document_id_with_patient_is_unique UNIQUE (patient_id, document_id),
    CONSTRAINT document_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT document_encounter_fkey
        FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter (patient_id, encounter_id),
    CONSTRAINT document_superseded_fkey
        FOREIGN KEY (patient_id, supersedes_document_id) REFERENCES care.document (patient_id, document_id),
    CONSTRAINT document_author_fkey FOREIGN KEY (author_account_id) REFERENCES access.account (account_id),
    CONSTRAINT document_content_fkey
        FOREIGN KEY (patient_id, content_sha256) REFERENCES care.document_content (patient_id, sealed_sha256),
    CONSTRAINT document_is_superseded_once
        EXCLUDE USING btree (supersedes_document_id WITH =) WHERE (status <> 'entered_in_error'),
    CONSTRAINT document_size_is_within_bounds
        CHECK (size_bytes BETWEEN 1 AND CASE place WHEN 'database' THEN 10485760 ELSE 1073741824 END),
    CONSTRAINT document_address_is_a_sha256 CHECK (octet_length(sealed_sha256) = 32),
    CONSTRAINT document_type_is_loinc CHECK (care.code_fits('loinc', type_loinc)),
    CONSTRAINT document_title_is_some CHECK (title ~ '\S' AND length(title) <= 200),
    CONSTRAINT document_media_type_is_known
        CHECK (media_type IN ('application/pdf', 'application/dicom', 'application/xml', 'image/jpeg', 'image/png', 'image/tiff', 'text/plain')),
    CONSTRAINT document_place_is_known CHECK (place IN ('database', 'store')),
    CONSTRAINT document_status_is_known CHECK (status IN ('current', 'superseded', 'entered_in_error'))
);
CREATE INDEX document_patient_idx ON care.document (patient_id, documented_at);
CREATE INDEX document_encounter_idx ON care.document (patient_id, encounter_id);
CREATE INDEX document_content_idx ON care.document (patient_id, content_sha256);
CREATE INDEX document_author_idx ON care.document (author_account_id, created_at);
CREATE TRIGGER document_is_stamped BEFORE INSERT OR UPDATE ON care.document
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER document_is_touched BEFORE UPDATE ON care.document FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER document_keeps_former_versions AFTER UPDATE ON care.document
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
CREATE TRIGGER document_stays_under_hold BEFORE DELETE ON care.document
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.keep_row_under_hold();
COMMENT ON TABLE  care.document IS 'A document attached to a record: what it is, and where its sealed bytes lie.';
COMMENT ON COLUMN care.document.document_id            IS 'Key, to which the bytes are bound.';
COMMENT ON COLUMN care.document.patient_id             IS 'Whose.';
COMMENT ON COLUMN care.document.encounter_id           IS 'The visit that it is of; null where it is of none.';
COMMENT ON COLUMN care.document.supersedes_document_id IS 'The document in whose place this one stands; null for a first one.';
COMMENT ON COLUMN care.document.author_account_id      IS 'The account that attached it; null where a program did.';
COMMENT ON COLUMN care.document.created_at             IS 'When the row was made.';
COMMENT ON COLUMN care.document.updated_at             IS 'When it was last changed.';
COMMENT ON COLUMN care.document.documented_at          IS 'When it was written, as it says.';
COMMENT ON COLUMN care.document.version                IS 'Raised by each change.';
COMMENT ON COLUMN care.document.size_bytes             IS 'How large it is before it is sealed, in bytes.';
COMMENT ON COLUMN care.document.sealed_sha256          IS 'SHA-256 of the sealed bytes: their address, wherever they lie.';
COMMENT ON COLUMN care.document.content_sha256         IS 'The address in care.document_content; null where they lie elsewhere.';
COMMENT ON COLUMN care.document.type_loinc             IS 'What kind of document it is, by LOINC: 11488-4 is a consultation note.';
COMMENT ON COLUMN care.document.title                  IS 'What it is called.';
COMMENT ON COLUMN care.document.media_type             IS 'application/pdf, application/dicom, application/xml, image/jpeg, image/png, image/tiff or text/plain.';
COMMENT ON COLUMN care.document.place                  IS 'database, or store: outside, under the address.';
COMMENT ON COLUMN care.document.sensitivity            IS 'Category by which it is kept apart: behavioural_health, reproductive, substance_use or hiv; null for plain care.';
COMMENT ON COLUMN care.document.status                 IS 'current, superseded or entered_in_error.';
COMMENT ON COLUMN care.document.updated_by             IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT document_pkey ON care.document IS 'This document is known already.';
COMMENT ON CONSTRAINT document_id_with_patient_is_unique ON care.document IS 'This document is known already.';
COMMENT ON CONSTRAINT document_patient_fkey ON care.document IS 'Register the patient first.';
COMMENT ON CONSTRAINT document_encounter_fkey ON care.document IS 'Choose a visit of this patient.';
COMMENT ON CONSTRAINT document_superseded_fkey ON care.document IS 'Choose a document of this patient.';
COMMENT ON CONSTRAINT document_author_fkey ON care.document IS 'Choose somebody who has an account.';
COMMENT ON CONSTRAINT document_content_fkey ON care.document IS 'Send the document''s bytes first.';
COMMENT ON CONSTRAINT document_is_superseded_once ON care.document IS 'Another stands in the place of this document already: supersede the newer one.';
COMMENT ON CONSTRAINT document_size_is_within_bounds ON care.document IS 'A document has up to 10 MiB in the database, and up to 1 GiB elsewhere.';
COMMENT ON CONSTRAINT document_address_is_a_sha256 ON care.document IS 'A document is addressed by the SHA-256 of its sealed bytes.';
COMMENT ON CONSTRAINT document_type_is_loinc ON care.document IS 'This is no code of LOINC.';
COMMENT ON CONSTRAINT document_title_is_some ON care.document IS 'Say what the document is called, in 200 letters at most.';
COMMENT ON CONSTRAINT document_media_type_is_known ON care.document IS 'Send a PDF, a JPEG, PNG or TIFF, DICOM, XML or plain text.';
COMMENT ON CONSTRAINT document_place_is_known ON care.document IS 'Choose database or store.';
COMMENT ON CONSTRAINT document_status_is_known ON care.document IS 'Choose current, superseded or entered_in_error.';
CALL access.guard('care.document', 'sensitive_own_chart', 'author_account_id = (SELECT access.actor())');

CREATE FUNCTION care.check_document() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    moves constant text[] := '{status, version, updated_at, updated_by, created_at, content_sha256}';
    stored integer;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - moves <> to_jsonb(OLD) - moves OR NEW.status <> OLD.status AND (
               OLD.status = 'entered_in_error' OR NEW.status = 'current') THEN
            PERFORM care.refuse('document_is_never_altered',
                'A document stays as it was: supersede it, or mark it as an error.');
        END IF;
        RETURN NEW;
    END IF;
    IF NEW.place = 'database' THEN
        SELECT octet_length(c.body) INTO stored FROM care.document_content c
        WHERE c.patient_id = NEW.patient_id AND c.sealed_sha256 = NEW.sealed_sha256;
        -- One byte says the form, twelve are the nonce and sixteen the tag.
        IF stored <> NEW.size_bytes + 29 THEN
            PERFORM care.refuse('document_size_is_its_contents', 'The document is of another size than its content: send it again.');
        END IF;
    END IF;
    IF NEW.supersedes_document_id IS NOT NULL THEN
        UPDATE care.document d SET status = 'superseded'
        WHERE d.patient_id = NEW.patient_id AND d.document_id = NEW.supersedes_document_id AND d.status = 'current';
        IF NOT FOUND THEN
            PERFORM care.refuse('document_supersedes_a_current_one',
                'Only a document that is current is superseded: attach this one for itself.');
        END IF;
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_document() IS 'Trigger before a document is written: it is as large as its content, supersedes a current one, and never changes.';
CREATE TRIGGER document_is_never_altered BEFORE INSERT OR UPDATE ON care.document
    FOR EACH ROW EXECUTE FUNCTION care.check_document();

CREATE FUNCTION care.count_documents() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    since constant timestamptz := clock_timestamp() - INTERVAL '1 day';
BEGIN
    NEW.author_account_id := access.actor();
    IF NOT EXISTS (SELECT FROM access.data_key k WHERE k.patient_id = NEW.patient_id) THEN
        PERFORM care.refuse('document_is_sealed_by_a_key', 'Keep a data key of the patient first, and seal the document with it.');
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.document.' || NEW.author_account_id, 0));
    IF (SELECT count(*) FROM care.document d WHERE d.author_account_id = NEW.author_account_id AND d.created_at > since)
       >= access.cap_of('documents_an_account_a_day') THEN
        PERFORM care.refuse('documents_of_an_account_are_few',
            'This account has attached many documents within a day: wait, or ask an operator.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.count_documents() IS 'Trigger before an account attaches a document: in its own name, sealed by a key of the patient, and so many a day.';
CREATE TRIGGER document_is_one_of_few BEFORE INSERT ON care.document
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.count_documents();

CREATE FUNCTION care.check_document_owner() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF access.part() = 'patient' AND OLD.author_account_id IS DISTINCT FROM access.actor() THEN
        PERFORM care.refuse('document_is_its_authors', 'Ask who attached this document to mark it, or to send another one.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_document_owner() IS 'Trigger before a document is marked through the portal: a patient marks the own ones.';
CREATE TRIGGER document_is_its_authors BEFORE UPDATE ON care.document
    FOR EACH ROW WHEN (NOT pg_has_role(current_user, 'healthtrack_migrator', 'USAGE'))
    EXECUTE FUNCTION care.check_document_owner();
