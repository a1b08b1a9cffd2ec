-- Images, by what DICOM says of them, and reports.
--
-- The images themselves stay in their archive: here is what finds them again. A report that is signed is never
-- altered: a correction is a new report that names it, and is signed in its turn. Through the portal whoever acts
-- signs, and nobody signs in another's name. New tables; the foreign keys lock their targets for an instant. Undo:
-- drop them.
CREATE TABLE care.imaging_study (
    imaging_study_id uuid           NOT NULL DEFAULT gen_random_uuid(),
    patient_id       uuid           NOT NULL,
    encounter_id     uuid,
    facility_id      uuid,
    referrer_id      uuid,
    created_at       timestamptz    NOT NULL DEFAULT now(),
    updated_at       timestamptz    NOT NULL DEFAULT now(),
    started_at       timestamptz    NOT NULL,
    version          integer        NOT NULL DEFAULT 1,
    study_uid        care.dicom_uid NOT NULL,
    accession_number text,
    description      text           NOT NULL,
    status           text           NOT NULL DEFAULT 'available',
    reason           text,
    updated_by       text           NOT NULL DEFAULT session_user,

    CONSTRAINT imaging_study_pkey PRIMARY KEY (imaging_study_id),
    CONSTRAINT imaging_study_id_with_patient_is_unique UNIQUE (patient_id, imaging_study_id),
    CONSTRAINT imaging_study_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT imaging_study_encounter_fkey
        FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter (patient_id, encounter_id),
    CONSTRAINT imaging_study_facility_fkey FOREIGN KEY (facility_id) REFERENCES care.facility (facility_id),
    CONSTRAINT imaging_study_referrer_fkey FOREIGN KEY (referrer_id) REFERENCES care.provider (provider_id),
    CONSTRAINT imaging_study_uid_is_unique UNIQUE (study_uid),
    CONSTRAINT imaging_study_description_is_some CHECK (description ~ '\S'),
    CONSTRAINT imaging_study_accession_number_is_short CHECK (accession_number ~ '^[!-~]{1,16}$'),
    CONSTRAINT imaging_study_status_is_known CHECK (
        status IN ('registered', 'available', 'cancelled', 'entered_in_error')
    )
);
CREATE INDEX imaging_study_patient_idx ON care.imaging_study (patient_id, started_at);
CREATE INDEX imaging_study_encounter_idx ON care.imaging_study (patient_id, encounter_id);
CREATE TRIGGER imaging_study_is_stamped BEFORE INSERT OR UPDATE ON care.imaging_study
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER imaging_study_is_touched BEFORE UPDATE ON care.imaging_study FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER imaging_study_keeps_former_versions AFTER UPDATE ON care.imaging_study
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.imaging_study                  IS 'A set of images of one examination.';
COMMENT ON COLUMN care.imaging_study.imaging_study_id IS 'Key.';
COMMENT ON COLUMN care.imaging_study.patient_id       IS 'Whose.';
COMMENT ON COLUMN care.imaging_study.encounter_id     IS 'The visit at which it was made; null where there was none.';
COMMENT ON COLUMN care.imaging_study.facility_id      IS 'Where; null outside of the network.';
COMMENT ON COLUMN care.imaging_study.referrer_id      IS 'Provider who asked; null outside of the network.';
COMMENT ON COLUMN care.imaging_study.created_at       IS 'When the row was made.';
COMMENT ON COLUMN care.imaging_study.updated_at       IS 'When it was last changed.';
COMMENT ON COLUMN care.imaging_study.started_at       IS 'When.';
COMMENT ON COLUMN care.imaging_study.version          IS 'Raised by each change.';
COMMENT ON COLUMN care.imaging_study.study_uid        IS 'DICOM''s identifier of the study (0020,000D).';
COMMENT ON COLUMN care.imaging_study.accession_number IS 'The department''s number (0008,0050); null where there is none.';
COMMENT ON COLUMN care.imaging_study.description      IS 'What was examined.';
COMMENT ON COLUMN care.imaging_study.status           IS 'registered, available, cancelled or entered_in_error.';
COMMENT ON COLUMN care.imaging_study.reason           IS 'Why; null where it was not said.';
COMMENT ON COLUMN care.imaging_study.updated_by       IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT imaging_study_pkey ON care.imaging_study IS 'This imaging study is known already.';
COMMENT ON CONSTRAINT imaging_study_id_with_patient_is_unique ON care.imaging_study IS 'This imaging study is known already.';
COMMENT ON CONSTRAINT imaging_study_patient_fkey ON care.imaging_study IS 'Register the patient first.';
COMMENT ON CONSTRAINT imaging_study_encounter_fkey ON care.imaging_study IS 'Choose a visit of this patient.';
COMMENT ON CONSTRAINT imaging_study_facility_fkey ON care.imaging_study IS 'Choose one of the network''s facilities.';
COMMENT ON CONSTRAINT imaging_study_referrer_fkey ON care.imaging_study IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT imaging_study_uid_is_unique ON care.imaging_study IS 'This study cannot be stored: check its identifier.';
COMMENT ON CONSTRAINT imaging_study_description_is_some ON care.imaging_study IS 'Say what was examined.';
COMMENT ON CONSTRAINT imaging_study_accession_number_is_short ON care.imaging_study IS 'An accession number has 16 characters at most.';
COMMENT ON CONSTRAINT imaging_study_status_is_known ON care.imaging_study IS 'Choose how it stands.';
CALL access.guard('care.imaging_study', 'chart');

CREATE TABLE care.imaging_series (
    imaging_series_id uuid           NOT NULL DEFAULT gen_random_uuid(),
    patient_id        uuid           NOT NULL,
    imaging_study_id  uuid           NOT NULL,
    created_at        timestamptz    NOT NULL DEFAULT now(),
    updated_at        timestamptz    NOT NULL DEFAULT now(),
    started_at        timestamptz,
    version           integer        NOT NULL DEFAULT 1,
    series_number     integer        NOT NULL,
    instances         integer        NOT NULL,
    series_uid        care.dicom_uid NOT NULL,
    modality          text           NOT NULL,
    body_site         text,
    laterality        text,
    description       text,
    updated_by        text           NOT NULL DEFAULT session_user,

    CONSTRAINT imaging_series_pkey PRIMARY KEY (imaging_series_id),
    CONSTRAINT imaging_series_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT imaging_series_imaging_study_fkey
        FOREIGN KEY (patient_id, imaging_study_id) REFERENCES care.imaging_study (patient_id, imaging_study_id),
    CONSTRAINT imaging_series_uid_is_unique UNIQUE (series_uid),
    CONSTRAINT imaging_series_number_is_unique_in_its_study UNIQUE (imaging_study_id, series_number),
    CONSTRAINT imaging_series_modality_is_known CHECK (
        modality IN ('CR', 'CT', 'DX', 'ECG', 'ES', 'IO', 'IVUS', 'MG', 'MR', 'NM', 'OCT', 'OP', 'OT', 'PT',
        'PX', 'RF', 'SM', 'US', 'XA', 'XC')
    ),
    CONSTRAINT imaging_series_body_site_is_snomed CHECK (care.code_fits('snomed', body_site)),
    CONSTRAINT imaging_series_laterality_is_known CHECK (laterality IN ('left', 'right', 'both')),
    CONSTRAINT imaging_series_holds_images CHECK (instances BETWEEN 1 AND 1000000 AND series_number >= 0)
);
CREATE INDEX imaging_series_study_idx ON care.imaging_series (patient_id, imaging_study_id);
CREATE TRIGGER imaging_series_is_stamped BEFORE INSERT OR UPDATE ON care.imaging_series
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER imaging_series_is_touched BEFORE UPDATE ON care.imaging_series
    FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER imaging_series_keeps_former_versions AFTER UPDATE ON care.imaging_series
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.imaging_series                   IS 'Images of a study that one machine made in one go.';
COMMENT ON COLUMN care.imaging_series.imaging_series_id IS 'Key.';
COMMENT ON COLUMN care.imaging_series.patient_id        IS 'Whose.';
COMMENT ON COLUMN care.imaging_series.imaging_study_id  IS 'Of which study.';
COMMENT ON COLUMN care.imaging_series.created_at        IS 'When the row was made.';
COMMENT ON COLUMN care.imaging_series.updated_at        IS 'When it was last changed.';
COMMENT ON COLUMN care.imaging_series.started_at        IS 'When; null where it was not noted.';
COMMENT ON COLUMN care.imaging_series.version           IS 'Raised by each change.';
COMMENT ON COLUMN care.imaging_series.series_number     IS 'Its number within the study.';
COMMENT ON COLUMN care.imaging_series.instances         IS 'How many images.';
COMMENT ON COLUMN care.imaging_series.series_uid        IS 'DICOM''s identifier of the series (0020,000E).';
COMMENT ON COLUMN care.imaging_series.modality          IS 'Kind of machine by DICOM: CT, MR, US, DX and so on.';
COMMENT ON COLUMN care.imaging_series.body_site         IS 'Part of the body by SNOMED CT; null where it was not noted.';
COMMENT ON COLUMN care.imaging_series.laterality        IS 'left, right or both; null where that means nothing.';
COMMENT ON COLUMN care.imaging_series.description       IS 'What it shows.';
COMMENT ON COLUMN care.imaging_series.updated_by        IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT imaging_series_pkey ON care.imaging_series IS 'This imaging series is known already.';
COMMENT ON CONSTRAINT imaging_series_patient_fkey ON care.imaging_series IS 'Register the patient first.';
COMMENT ON CONSTRAINT imaging_series_imaging_study_fkey ON care.imaging_series IS 'Choose a study of this patient.';
COMMENT ON CONSTRAINT imaging_series_uid_is_unique ON care.imaging_series IS 'This series cannot be stored: check its identifier.';
COMMENT ON CONSTRAINT imaging_series_number_is_unique_in_its_study ON care.imaging_series IS 'This study has a series of that number already.';
COMMENT ON CONSTRAINT imaging_series_modality_is_known ON care.imaging_series IS 'Choose one of DICOM''s kinds of machine.';
COMMENT ON CONSTRAINT imaging_series_body_site_is_snomed ON care.imaging_series IS 'This is no code of SNOMED CT.';
COMMENT ON CONSTRAINT imaging_series_laterality_is_known ON care.imaging_series IS 'Choose left, right or both.';
COMMENT ON CONSTRAINT imaging_series_holds_images ON care.imaging_series IS 'A series holds at least one image.';
CALL access.guard('care.imaging_series', 'chart');

CREATE TABLE care.clinical_report (
    clinical_report_id        uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id                uuid        NOT NULL,
    encounter_id              uuid,
    lab_order_id              uuid,
    imaging_study_id          uuid,
    signed_by                 uuid,
    amends_clinical_report_id uuid,
    created_at                timestamptz NOT NULL DEFAULT now(),
    updated_at                timestamptz NOT NULL DEFAULT now(),
    signed_at                 timestamptz,
    version                   integer     NOT NULL DEFAULT 1,
    category                  text        NOT NULL,
    loinc                     text,
    title                     text        NOT NULL,
    status                    text        NOT NULL DEFAULT 'preliminary',
    findings                  text,
    conclusion                text,
    updated_by                text        NOT NULL DEFAULT session_user,

    CONSTRAINT clinical_report_pkey PRIMARY KEY (clinical_report_id),
    CONSTRAINT clinical_report_id_with_patient_is_unique UNIQUE (patient_id, clinical_report_id),
    CONSTRAINT clinical_report_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT clinical_report_encounter_fkey
        FOREIGN KEY (patient_id, encounter_id) REFERENCES care.encounter (patient_id, encounter_id),
    CONSTRAINT clinical_report_lab_order_fkey
        FOREIGN KEY (patient_id, lab_order_id) REFERENCES care.lab_order (patient_id, lab_order_id),
    CONSTRAINT clinical_report_imaging_study_fkey
        FOREIGN KEY (patient_id, imaging_study_id) REFERENCES care.imaging_study (patient_id, imaging_study_id),
    CONSTRAINT clinical_report_signer_fkey FOREIGN KEY (signed_by) REFERENCES care.provider (provider_id),
    CONSTRAINT clinical_report_amended_fkey
        FOREIGN KEY (patient_id, amends_clinical_report_id) REFERENCES care.clinical_report (patient_id,
            clinical_report_id),
    CONSTRAINT clinical_report_is_amended_once
        EXCLUDE USING btree (amends_clinical_report_id WITH =) WHERE (status <> 'entered_in_error'),
    CONSTRAINT clinical_report_category_is_known CHECK (
        category IN ('lab', 'imaging', 'pathology', 'cardiology', 'consultation', 'operative', 'discharge',
        'other')
    ),
    CONSTRAINT clinical_report_code_is_loinc CHECK (care.code_fits('loinc', loinc)),
    CONSTRAINT clinical_report_title_is_some CHECK (title ~ '\S'),
    CONSTRAINT clinical_report_status_is_known CHECK (
        status IN ('preliminary', 'final', 'amended', 'entered_in_error')
    ),
    CONSTRAINT clinical_report_is_signed_once_final CHECK (
        CASE status WHEN 'preliminary' THEN num_nonnulls(signed_by, signed_at) = 0 WHEN 'entered_in_error'
        THEN num_nonnulls(signed_by, signed_at) IN (0, 2) ELSE num_nonnulls(signed_by, signed_at) = 2 AND
        coalesce(conclusion ~ '\S', false) END
    ),
    CONSTRAINT clinical_report_amended_names_what_it_amends CHECK (
        CASE status WHEN 'final' THEN amends_clinical_report_id IS NULL WHEN 'amended' THEN
        amends_clinical_report_id IS NOT NULL ELSE true END
    )
);
CREATE INDEX clinical_report_patient_idx ON care.clinical_report (patient_id, created_at);
CREATE INDEX clinical_report_unsigned_idx ON care.clinical_report (created_at) WHERE status = 'preliminary';
CREATE TRIGGER clinical_report_is_stamped BEFORE INSERT OR UPDATE ON care.clinical_report
    FOR EACH ROW EXECUTE FUNCTION care.stamp();
CREATE TRIGGER clinical_report_is_touched BEFORE UPDATE ON care.clinical_report
    FOR EACH ROW EXECUTE FUNCTION care.touch();
CREATE TRIGGER clinical_report_keeps_former_versions AFTER UPDATE ON care.clinical_report
    FOR EACH ROW EXECUTE FUNCTION care.keep_former_version();
COMMENT ON TABLE  care.clinical_report                           IS 'What somebody concluded, signed with a name.';
COMMENT ON COLUMN care.clinical_report.clinical_report_id        IS 'Key.';
COMMENT ON COLUMN care.clinical_report.patient_id                IS 'Whose.';
COMMENT ON COLUMN care.clinical_report.encounter_id              IS 'Of which visit; null where there was none.';
COMMENT ON COLUMN care.clinical_report.lab_order_id              IS 'About which order of tests; null for others.';
COMMENT ON COLUMN care.clinical_report.imaging_study_id          IS 'About which images; null for others.';
COMMENT ON COLUMN care.clinical_report.signed_by                 IS 'Provider who signed; null until then.';
COMMENT ON COLUMN care.clinical_report.amends_clinical_report_id IS 'The report that this one corrects; null for a first one.';
COMMENT ON COLUMN care.clinical_report.created_at                IS 'When the row was made.';
COMMENT ON COLUMN care.clinical_report.updated_at                IS 'When it was last changed.';
COMMENT ON COLUMN care.clinical_report.signed_at                 IS 'When it was signed; null until then.';
COMMENT ON COLUMN care.clinical_report.version                   IS 'Raised by each change.';
COMMENT ON COLUMN care.clinical_report.category                  IS 'lab, imaging, pathology, cardiology, consultation, operative, discharge or other.';
COMMENT ON COLUMN care.clinical_report.loinc                     IS 'Kind of document by LOINC: 18842-5 is a discharge summary; null where it has none.';
COMMENT ON COLUMN care.clinical_report.title                     IS 'What it is called.';
COMMENT ON COLUMN care.clinical_report.status                    IS 'preliminary, final, amended or entered_in_error.';
COMMENT ON COLUMN care.clinical_report.findings                  IS 'What was seen.';
COMMENT ON COLUMN care.clinical_report.conclusion                IS 'What follows from it; demanded of a signed report.';
COMMENT ON COLUMN care.clinical_report.updated_by                IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT clinical_report_pkey ON care.clinical_report IS 'This clinical report is known already.';
COMMENT ON CONSTRAINT clinical_report_id_with_patient_is_unique ON care.clinical_report IS 'This clinical report is known already.';
COMMENT ON CONSTRAINT clinical_report_patient_fkey ON care.clinical_report IS 'Register the patient first.';
COMMENT ON CONSTRAINT clinical_report_encounter_fkey ON care.clinical_report IS 'Choose a visit of this patient.';
COMMENT ON CONSTRAINT clinical_report_lab_order_fkey ON care.clinical_report IS 'Choose an order of this patient.';
COMMENT ON CONSTRAINT clinical_report_imaging_study_fkey ON care.clinical_report IS 'Choose a study of this patient.';
COMMENT ON CONSTRAINT clinical_report_signer_fkey ON care.clinical_report IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT clinical_report_amended_fkey ON care.clinical_report IS 'A correction is of a report of the same patient.';
COMMENT ON CONSTRAINT clinical_report_is_amended_once ON care.clinical_report IS 'This report has been corrected already: correct the newer one.';
COMMENT ON CONSTRAINT clinical_report_category_is_known ON care.clinical_report IS 'Choose what kind of report it is.';
COMMENT ON CONSTRAINT clinical_report_code_is_loinc ON care.clinical_report IS 'This is no code of LOINC.';
COMMENT ON CONSTRAINT clinical_report_title_is_some ON care.clinical_report IS 'Say what it is called.';
COMMENT ON CONSTRAINT clinical_report_status_is_known ON care.clinical_report IS 'Choose preliminary, final, amended or entered_in_error.';
COMMENT ON CONSTRAINT clinical_report_is_signed_once_final ON care.clinical_report IS 'A report is final once it has a conclusion and a signature, and not before.';
COMMENT ON CONSTRAINT clinical_report_amended_names_what_it_amends ON care.clinical_report IS 'A correction names the report that it corrects.';
CALL access.guard('care.clinical_report', 'chart');

CREATE TRIGGER clinical_report_keeps_what_is_final BEFORE UPDATE ON care.clinical_report
    FOR EACH ROW EXECUTE FUNCTION care.keep_what_is_final();

CREATE FUNCTION care.check_clinical_report() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    former text;
BEGIN
    IF NEW.signed_by IS NOT NULL AND NEW.status <> 'entered_in_error' AND access.actor() IS NOT NULL
       AND access.acting_provider() IS DISTINCT FROM NEW.signed_by THEN
        PERFORM care.refuse('clinical_report_is_signed_in_person', 'A provider signs in the own name only.');
    END IF;
    IF access.actor() IS NOT NULL AND NEW.signed_at IS NOT NULL AND (TG_OP = 'INSERT' OR OLD.signed_at IS NULL) THEN
        NEW.signed_at := now();
    END IF;
    SELECT r.status INTO former FROM care.clinical_report r
    WHERE r.patient_id = NEW.patient_id AND r.clinical_report_id = NEW.amends_clinical_report_id FOR SHARE;
    IF former NOT IN ('final', 'amended') AND NEW.status <> 'entered_in_error' THEN
        PERFORM care.refuse('clinical_report_amends_what_was_signed',
            'Only a report that is signed is corrected by another: change this one instead.');
    END IF;
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.check_clinical_report() IS 'Trigger: through the portal a report is signed by whoever acts, and now; only what was signed is corrected by another row.';
CREATE TRIGGER clinical_report_is_signed_in_person BEFORE INSERT OR UPDATE ON care.clinical_report
    FOR EACH ROW EXECUTE FUNCTION care.check_clinical_report();
