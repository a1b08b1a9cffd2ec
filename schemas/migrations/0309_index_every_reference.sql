-- An index for each reference that had none.
--
-- Twenty references were not led by any index, and one by the facility alone, which many rows share: whoever removes or
-- renumbers what they refer to, or asks what a provider has recorded, read the whole table. Immunisations and medicines
-- were found by patient only where their status is the common one. Each index is built while its table is locked against
-- writing: some seconds for ten million rows. Undo: drop them.
CREATE INDEX account_facility_idx ON access.account (facility_id) WHERE facility_id IS NOT NULL;
CREATE INDEX allergy_recorder_idx ON care.allergy (recorded_by) WHERE recorded_by IS NOT NULL;
CREATE INDEX centre_engagement_change_facility_idx ON care.centre_engagement_change (facility_id);
CREATE INDEX centre_visit_service_idx ON care.centre_visit (centre_service_id);
CREATE INDEX charge_code_idx ON care.charge (charge_code);
CREATE INDEX clinical_report_signer_idx ON care.clinical_report (signed_by) WHERE signed_by IS NOT NULL;
CREATE INDEX condition_recorder_idx ON care.condition (recorded_by) WHERE recorded_by IS NOT NULL;
CREATE INDEX dispense_facility_idx ON care.dispense (facility_id) WHERE facility_id IS NOT NULL;
CREATE INDEX imaging_study_facility_idx ON care.imaging_study (facility_id) WHERE facility_id IS NOT NULL;
CREATE INDEX imaging_study_referrer_idx ON care.imaging_study (referrer_id) WHERE referrer_id IS NOT NULL;
CREATE INDEX immunization_facility_idx ON care.immunization (facility_id) WHERE facility_id IS NOT NULL;
CREATE INDEX immunization_patient_idx ON care.immunization (patient_id);
CREATE INDEX immunization_performer_idx ON care.immunization (performer_id) WHERE performer_id IS NOT NULL;
CREATE INDEX lab_order_orderer_idx ON care.lab_order (ordered_by) WHERE ordered_by IS NOT NULL;
CREATE INDEX medication_statement_medication_idx ON care.medication_statement (medication_id) WHERE medication_id IS NOT NULL;
CREATE INDEX medication_statement_patient_idx ON care.medication_statement (patient_id);
CREATE INDEX medication_statement_recorder_idx ON care.medication_statement (recorded_by) WHERE recorded_by IS NOT NULL;
CREATE INDEX membership_plan_idx ON care.membership (plan);
CREATE INDEX moderation_account_idx ON care.moderation (account_id);
CREATE INDEX moderation_reply_idx ON care.moderation (reply_id) WHERE reply_id IS NOT NULL;
CREATE INDEX prescription_medication_idx ON care.prescription (medication_id);
CREATE INDEX procedure_facility_idx ON care.procedure (facility_id) WHERE facility_id IS NOT NULL;
CREATE INDEX procedure_performer_idx ON care.procedure (performer_id) WHERE performer_id IS NOT NULL;
