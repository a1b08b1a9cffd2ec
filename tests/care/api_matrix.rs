//! Who may do what through `api`: every function that the catalog knows, called by every part that an account can play,
//! for the first patient and for another; on the stage of `matrix`, where rules of truth are off and rights are not.
//!
//! A function that has no row below fails the test. What reads a record looks at it first, as a program does.

use std::collections::BTreeMap;

use sqlx::postgres::PgDatabaseError;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use uuid::Uuid;

use super::hostile::rightful::CALLS;
use super::matrix::{PARTS, Stage, stage, tables};
use super::network::Network;

/// Which parts each function gives or does something for, in the order of `PARTS` without nobody: y for the first
/// patient, Y for another (p and P where it comes past rights to a key that the stage took off); for who is nobody,
/// nothing at all.
const FUNCTIONS: &[(&str, [&str; 12])] = &[
    ("activate_care_plan", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("add_allergy", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("add_condition", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("change_address", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("change_allergy", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("change_contact", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("change_name", ["", "", "y", "y", "", "", "", "", "", "", "", ""]),
    ("change_patient", ["", "", "y", "y", "", "", "", "", "", "", "", ""]),
    ("add_family_history", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("add_identifier", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("add_related_person", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("appoint_proxy", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("change_family_history", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("change_related_person", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("choose_match", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("end_identifier", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("end_proxy", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("join_records", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_represented", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_family_history", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_identifiers", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_joined_records", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("read_matches", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_numbers", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_proxies", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("read_related_persons", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("separate_records", ["", "", "y", "y", "", "", "", "yY", "", "", "", ""]),
    ("give_device", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("take_device_back", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("take_observation_back", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("add_addendum", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("answer_recommendation", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("change_activity", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("change_alert", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("change_note", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("check_medication", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("cosign_note", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("draft_note", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("end_alert_rule", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("keep_note_apart", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_prediction_models", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("mark_note_as_error", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("plan_activity", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_activities", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_alert_rules", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_alerts", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_issues", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_notes", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_open_alerts", ["", "", "yY", "", "", "", "", "", "", "", "", ""]),
    ("read_predictions", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_recommendations", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_reconciliations", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("reconcile_medication", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("recommend", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("set_alert_rule", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("sign_note", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("open_account", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("disable_account", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("enable_account", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("move_account", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("end_sessions", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("make_password_link", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("open_patient_account", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("make_patient_link", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("disable_patient_account", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("propose_account", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("confirm_account", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("withdraw_account_proposal", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("list_accounts", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_account_proposals", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("change_facility", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("keep_room", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("set_opening_hours", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("set_special_day", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("clear_special_day", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("offer_service", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("withdraw_service", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("add_affiliation", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("end_affiliation", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("add_availability", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("end_availability", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("add_exception", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("drop_exception", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("keep_department", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("set_department_hours", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("place_room", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("place_affiliation", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("keep_equipment", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("keep_outage", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("set_attendance_policy", ["", "", "", "", "", "", "", "", "", "p", "pP", ""]),
    ("set_facility_category", ["", "", "", "", "", "", "", "", "", "p", "pP", ""]),
    ("keep_programme", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("add_programme_session", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("cancel_programme_session", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("count_days", ["", "", "", "", "", "", "", "", "", "y", "", ""]),
    ("add_state", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("add_facility", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("close_facility", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("keep_provider", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("retire_provider", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("add_qualification", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("verify_qualification", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("end_license", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("set_specialty", ["", "", "", "", "", "", "", "", "", "", "pP", ""]),
    ("keep_specialty", ["", "", "", "", "", "", "", "", "", "", "pP", ""]),
    ("set_care_opens", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("retire_questionnaire", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("keep_term", ["", "", "", "", "", "", "", "", "", "", "pP", ""]),
    ("keep_membership_plan", ["", "", "", "", "", "", "", "", "", "", "pP", ""]),
    ("keep_charge_code", ["", "", "", "", "", "", "", "", "", "", "pP", ""]),
    ("add_medication", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("keep_organisation", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("add_organisation_number", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("end_organisation_number", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("place_facility", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("keep_appointment_type", ["", "", "", "", "", "", "", "", "", "", "pP", ""]),
    ("keep_cancellation_reason", ["", "", "", "", "", "", "", "", "", "", "pP", ""]),
    ("add_membership_price", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("end_membership_price", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("keep_insurer", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("keep_insurance_plan", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("set_plan_cost_sharing", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("set_plan_network", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("add_plan_benefit", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("end_plan_benefit", ["", "", "", "", "", "", "", "", "", "", "yY", ""]),
    ("keep_adjustment_code", ["", "", "", "", "", "", "", "", "", "", "pP", ""]),
    ("keep_loinc_unit", ["", "", "", "", "", "", "", "", "", "", "pP", ""]),
    ("add_sensitive_code", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("count_visits", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("count_readmissions", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("count_adherence", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("count_programme_outcomes", ["", "", "", "", "", "", "pP", "", "", "", "", "pP"]),
    ("count_engagement", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("count_conditions", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("count_patients", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("average_samples", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_facility", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("read_provider", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_qualifications", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_programme_sessions", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_kept", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("adjudicate_claim", ["y", "Y", "", "", "y", "", "", "", "", "", "", ""]),
    ("amend_lab_result", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("amend_observation", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("submit_coded_claim", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("answer_claim", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("replace_claim", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_adjustment_codes", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_benefits", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("note_eligibility", ["", "", "", "", "y", "", "", "", "", "", "", ""]),
    ("read_accumulators", ["y", "Y", "", "", "y", "", "", "", "", "", "", ""]),
    ("read_eligibility", ["y", "Y", "", "y", "y", "", "", "", "", "", "", ""]),
    ("read_estimate", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_claims", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_coverages", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("begin_membership", ["p", "P", "", "p", "", "", "", "", "", "", "", ""]),
    ("change_membership", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("end_membership", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_membership_prices", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_memberships", ["y", "Y", "", "y", "", "", "", "", "", "", "", ""]),
    ("attend", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("break_glass", ["", "", "yY", "", "", "", "", "", "", "", "", ""]),
    ("change_appointment", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("book_series", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("cancel_appointment", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("cancel_series", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("change_condition", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("complete_enrolment", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("consent_to_telehealth", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("decide_erasure", ["", "", "", "", "", "", "", "yY", "", "", "", ""]),
    ("read_erasures", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("request_erasure", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("withdraw_erasure", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("decide_moderation", ["", "", "", "", "", "yY", "", "", "", "", "", ""]),
    ("dispense", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("draft_care_plan", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("enrol", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("end_task", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("find_facilities", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("find_open_slots", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("find_providers", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("change_service_request", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("fulfil_service_request", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("give_task", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("hold_appointment", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("issue_invoice", ["", "", "", "", "y", "", "", "", "", "", "", ""]),
    ("issue_join_token", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("join_space", ["yY", "yY", "", "", "", "", "", "", "", "", "", ""]),
    ("join_waitlist", ["y", "Y", "", "y", "", "", "", "", "", "", "", ""]),
    ("keep_apart", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("keep_data_key", ["p", "P", "p", "", "", "", "", "", "", "", "", ""]),
    ("keep_source_system", ["", "", "", "", "", "", "", "", "yY", "", "", ""]),
    ("leave_space", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("leave_waitlist", ["y", "Y", "", "y", "", "", "", "", "", "", "", ""]),
    ("read_profile", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_sessions", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("end_session", ["yY", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_conditions", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_allergies", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_prescriptions", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_result_ranges", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_medications", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_provider_names", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_own_provider", ["", "", "yY", "", "", "", "", "", "", "", "", ""]),
    ("read_alerts_to_answer", ["", "", "yY", "", "", "", "", "", "", "", "", ""]),
    ("read_unfinished", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_result_versions", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("sign_lab_result", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("complete_lab_order", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_corrected_results", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_found", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_responses", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_answers", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_procedures", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("add_procedure", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("change_procedure", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("begin_care_plan", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_plan_editions", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("prescribe_once", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_programme", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_programme_sessions", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("give_programme_feedback", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_registrations", ["", "", "", "yY", "", "", "", "", "", "", "", ""]),
    ("end_registration", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_quarters", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_vitals", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("find_facilities_by_name", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_facility_names", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("find_providers_by_name", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_spaces", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("read_care_team", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("read_grants", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("read_journal_shares", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("read_bills", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_bill_lines", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_bill_payments", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_newest_vitals", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_looks_of_others", ["yY", "yY", "", "", "", "", "", "", "", "", "", ""]),
    ("find_practices", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_places", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_specialties", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_access", ["yY", "yY", "", "", "", "", "", "", "", "", "", ""]),
    ("list_appointment_types", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_cancellation_reasons", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_emergencies", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_programmes", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("read_wal_archive", ["", "", "", "", "", "", "", "", "yY", "", "", ""]),
    ("list_charge_codes", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_insurers", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_terms", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("read_organisation", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_premises", ["", "", "", "", "", "", "", "", "", "y", "yY", ""]),
    ("list_visits_to_bill", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_visit_to_bill", ["", "", "", "", "y", "", "", "", "", "", "", ""]),
    ("draft_invoice", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("add_charge", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("drop_charge", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("count_adherence_seen", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("count_time_in_range", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_opening_hours", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_department_hours", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_departments", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_facility_categories", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_organisation_numbers", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_organisations", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_reviews", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_resources", ["", "", "", "y", "", "", "", "", "", "", "", ""]),
    ("list_services", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("list_staff", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_audit", ["", "", "", "", "", "", "", "yY", "", "", "", ""]),
    ("read_audit_chains", ["", "", "", "", "", "", "", "yY", "", "", "", ""]),
    ("list_unexplained_access", ["", "", "", "", "", "", "", "yY", "", "", "", ""]),
    ("look", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("make_key", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("moderate_review", ["", "", "", "", "", "yY", "", "", "", "", "", ""]),
    ("note_goal_entry", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("note_observation", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("open_task", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("order_lab", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("pay", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("prescribe", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("propose_patient", ["", "", "yY", "yY", "", "", "", "", "", "", "", ""]),
    ("read_account", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("read_adherence", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_adherence_rates", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_appointments", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("read_attendance", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("read_series", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("read_chart_series", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_data_key", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_engagement", ["", "", "", "y", "y", "", "", "", "yY", "y", "", ""]),
    ("read_follow_ups", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_goal_progress", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_invoices", ["y", "Y", "", "", "y", "", "", "", "", "", "", ""]),
    ("read_journal", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("read_lab_trends", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_newest_observations", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_observation", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_observations", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_participation", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_programme_outcomes", ["pP", "pP", "pP", "pP", "pP", "pP", "pP", "pP", "pP", "pP", "pP", "pP"]),
    ("read_readmission_rates", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_panel", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_workplaces", ["", "", "yY", "yY", "yY", "", "", "", "", "yY", "", ""]),
    ("read_schedule", ["", "", "y", "y", "", "", "", "", "", "", "", ""]),
    ("read_desk_person", ["", "", "", "y", "", "", "", "", "", "", "", ""]),
    ("read_waiting", ["", "", "", "yY", "", "", "", "", "", "", "", ""]),
    ("list_invoices", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("list_claims", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_invoice", ["y", "Y", "", "", "y", "", "", "", "", "", "", ""]),
    ("read_charges", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_payments", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_day", ["", "", "yY", "yY", "", "", "", "", "", "", "", ""]),
    ("read_due_invoices", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_overdue_balances", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_results", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_visits", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_history", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_plans", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_provenance", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_record", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_asked", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_inbox", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_service_requests", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_tasks", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("request_service", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("take_task", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("attach_document", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("begin_thread", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("change_recall", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("choose_channel", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("close_thread", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("mark_document", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("note_messages_read", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("plan_recall", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_document", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_documents", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_immunizations_due", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_messages", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_notifications", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("read_recalls", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_threads", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_wishes", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("retract_message", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("see_notification", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("set_quiet_hours", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("write_message", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("read_replies", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_reports", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_samples", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_space", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("read_waitlist", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("record_lab_result", ["", "", "y", "", "", "", "", "", "", "", "", ""]),
    ("refund", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("register_external_record", ["", "", "", "", "", "", "", "", "yY", "", "", ""]),
    ("register_patient", ["", "", "yY", "yY", "", "", "", "", "", "", "", ""]),
    ("report_post", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("reschedule_appointment", ["y", "Y", "y", "y", "", "", "", "", "", "", "", ""]),
    ("review_emergency", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("review_visit", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("set_goal", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("share_journal_entry", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("share_record", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("sign_out", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("stop_prescription", ["y", "Y", "y", "", "", "", "", "", "", "", "", ""]),
    ("stop_telehealth", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("submit_claim", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("support_post", ["pP", "pP", "pP", "pP", "pP", "pP", "pP", "pP", "pP", "pP", "pP", "pP"]),
    ("unshare_journal_entry", ["yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY", "yY"]),
    ("unshare_record", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("use_join_token", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("void_invoice", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("waive_missed_visits", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("withdraw", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("write_journal_entry", ["y", "Y", "", "", "", "", "", "", "", "", "", ""]),
    ("write_post", ["", "", "", "", "", "", "", "", "", "", "", ""]),
    ("write_reply", ["", "", "", "", "", "", "", "", "", "", "", ""]),
];

/// A function: its parameters after the token with their types, and whether it reads by a look.
pub(super) struct Function {
    pub(super) name: String,
    pub(super) parameters: Vec<(String, String)>,
}

#[tokio::test]
async fn every_function_of_api_does_something_for_the_parts_of_its_row_and_for_no_other() {
    let mut network = Network::owned().await;
    let stage = stage(&mut network).await;
    tables(&mut network, &stage).await;
    let functions = functions(&mut network).await;
    assert!(functions.len() > 70, "the catalog was read");
    let wrong = differences(&mut network, &stage, &functions).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let through = |cells: &[&str; 12]| cells.iter().any(|cell| cell.contains(['y', 'Y']));
    for (function, cells) in FUNCTIONS.iter().copied() {
        let is_called = CALLS.iter().any(|(name, ..)| *name == function);
        assert_eq!(is_called, !through(&cells), "{function} gets through here or in `hostile::rightful`");
    }

    network
        .run(
            "CALL access.publish('injected', 'patient uuid', 'uuid', 'answer := patient;', 'It is planted.');
             CREATE POLICY injected ON care.invoice FOR SELECT TO healthtrack_care USING (true);
             UPDATE access.look_kind SET at_desk = true WHERE kind = 'invoices'",
        )
        .await;
    let planted = self::functions(&mut network).await;
    let planted: Vec<_> =
        planted.into_iter().filter(|one| ["injected", "read_invoices"].contains(&one.name.as_str())).collect();
    let wrong = differences(&mut network, &stage, &planted).await;
    assert!(wrong.iter().any(|wrong| wrong.starts_with("injected has no row")), "{wrong:?}");
    assert!(wrong.iter().any(|wrong| wrong.starts_with("read_invoices, front desk")), "{wrong:?}");
}

/// Where what is found is not what the row says.
async fn differences(network: &mut Network, stage: &Stage, functions: &[Function]) -> Vec<String> {
    let expected: BTreeMap<&str, [&str; 12]> = FUNCTIONS.iter().copied().collect();
    let keys = [row_keys(network, stage, 0).await, row_keys(network, stage, 1).await];
    let mut tokens = Vec::new();
    for account in &stage.accounts {
        tokens.push(match account {
            Some(account) => network.token(*account).await.expose().to_owned(),
            None => "0".repeat(64),
        });
    }
    let mut portal = network.login("portal").await;
    let mut wrong = Vec::new();
    for function in functions {
        let mut found = Vec::new();
        for token in &tokens {
            let mut cell = String::new();
            for (keys, letter) in keys.iter().zip(['y', 'Y']) {
                cell.extend(outcome(&mut portal, function, token, keys).await.map(|outcome| match outcome {
                    Outcome::Done => letter,
                    Outcome::PastRights if letter == 'y' => 'p',
                    Outcome::PastRights => 'P',
                }));
            }
            found.push(cell);
        }
        let Some(cells) = expected.get(function.name.as_str()) else {
            wrong.push(format!("{} has no row; found {found:?}", function.name));
            continue;
        };
        for ((found, expected), part) in found.iter().zip(cells.iter().chain([&""])).zip(PARTS) {
            if found != expected {
                wrong.push(format!("{}, {part}: {found:?}, not {expected:?}", function.name));
            }
        }
    }
    wrong
}

/// What a call came to where rights did not end it.
enum Outcome {
    /// It gave a row or a value, or did what gives none.
    Done,
    /// It came to a key that the stage has taken off, by which it looks for what is there already.
    PastRights,
}

/// Calls a function in a transaction that is undone; none where it is refused, or finds nothing.
async fn outcome(
    portal: &mut PgConnection,
    function: &Function,
    token: &str,
    keys: &BTreeMap<String, Uuid>,
) -> Option<Outcome> {
    let mut arguments = vec![format!("'{token}'")];
    for (name, kind) in &function.parameters {
        arguments.push(match name.as_str() {
            "look" => match look(portal, function, token, keys).await {
                Some(look) => format!("'{look}'"),
                None => return None,
            },
            "patient" if is_of_all(&function.name) => "NULL".to_owned(),
            "proposal" => {
                let propose = format!("SELECT api.propose_patient('{token}', {})", argument("person", "jsonb", keys));
                let proposed: Result<Uuid, _> =
                    sqlx::query_scalar(AssertSqlSafe(propose)).fetch_one(&mut *portal).await;
                proposed.map_or_else(|_| "NULL".to_owned(), |key| format!("'{key}'"))
            }
            name => argument(name, kind, keys),
        });
    }
    let call = format!("SELECT count(found)::integer FROM api.{}({}) AS found", function.name, arguments.join(", "));
    let mut transaction = portal.begin().await.unwrap();
    match transaction.fetch_one(AssertSqlSafe(call.clone())).await {
        Ok(row) => (row.get::<i32, _>(0) > 0).then_some(Outcome::Done),
        Err(sqlx::Error::Database(error)) => {
            let error = error.downcast_ref::<PgDatabaseError>();
            assert!(["HT001", "HT500"].contains(&error.code()), "{call}: {error}");
            (error.code() == "HT500").then_some(Outcome::PastRights)
        }
        Err(error) => panic!("{call}: {error}"),
    }
}

/// Rates are read of all patients whom the account may see.
fn is_of_all(function: &str) -> bool {
    function.ends_with("_rates")
        || function.starts_with("count_")
        || [
            "read_programme_outcomes",
            "read_panel",
            "read_open_alerts",
            "read_alerts_to_answer",
            "read_unfinished",
            "read_found",
            "read_asked",
            "read_inbox",
            "read_day",
            "read_schedule",
            "read_waiting",
            "list_invoices",
            "list_visits_to_bill",
            "read_visit_to_bill",
            "list_claims",
            "read_due_invoices",
            "read_overdue_balances",
            "list_emergencies",
            "list_accounts",
            "list_account_proposals",
            "average_samples",
            "list_audit",
            "read_registrations",
            "list_unexplained_access",
            "read_audit_chains",
        ]
        .contains(&function)
}

/// The kind of look that a reading function wants.
pub(super) fn kind_of_look(function: &str) -> &str {
    match function {
        "read_samples" | "read_quarters" => "samples/heart_rate",
        "read_programme" | "read_programme_sessions" => "participation",
        "read_data_key" | "keep_data_key" => "data_key",
        "read_goal_progress" | "read_plans" => "goals",
        "read_adherence_rates" => "adherence",
        "read_lab_trends" | "read_result_ranges" => "results",
        "read_conditions" | "read_allergies" | "read_prescriptions" => "record",
        "read_alerts_to_answer" => "open_alerts",
        "read_found" => "panel",
        "read_result_versions" | "read_corrected_results" => "results",
        "read_responses" | "read_answers" => "questionnaires",
        "read_plan_editions" => "goals",
        "read_newest_observations" | "read_observation" => "observations",
        "read_document" => "documents",
        "read_threads" => "messages",
        "read_wishes" => "notifications",
        "read_care_team" | "read_grants" => "sharing",
        "read_journal_shares" => "journal",
        "read_bills" | "read_bill_lines" | "read_bill_payments" => "invoices",
        "read_attendance" | "read_series" => "appointments",
        "check_medication" => "issues",
        "read_alert_rules" => "alerts",
        "read_overdue_balances" | "list_invoices" | "list_claims" | "list_visits_to_bill" | "read_visit_to_bill" => {
            "due_invoices"
        }
        "read_schedule" | "read_waiting" => "day",
        "read_invoice" | "read_charges" | "read_payments" => "invoices",
        "count_days" => "day_counts",
        "count_visits" => "quality_visits",
        "count_readmissions" => "quality_readmissions",
        "count_adherence" | "count_adherence_seen" => "quality_adherence",
        "count_programme_outcomes" => "quality_programmes",
        "count_engagement" => "quality_engagement",
        "count_conditions" => "quality_conditions",
        "count_patients" => "quality_patients",
        "average_samples" | "count_time_in_range" => "quality_samples",
        "read_audit_chains" => "audit",
        "read_readmission_rates" | "read_programme_outcomes" => "outcomes",
        name => name.trim_start_matches("read_").trim_start_matches("list_"),
    }
}

/// Looks as the function wants it.
async fn look(
    portal: &mut PgConnection,
    function: &Function,
    token: &str,
    keys: &BTreeMap<String, Uuid>,
) -> Option<Uuid> {
    let kind = kind_of_look(&function.name);
    let patient = (!is_of_all(&function.name)).then(|| keys["patient"]);
    let look = sqlx::query_scalar("SELECT api.look($1, $2, $3, NULL)").bind(token).bind(patient).bind(kind);
    match look.fetch_one(portal).await {
        Ok(look) => look,
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("HT001") => None,
        Err(error) => panic!("{kind}: {error}"),
    }
}

/// An argument that would be accepted of somebody who may.
pub(super) fn argument(name: &str, kind: &str, keys: &BTreeMap<String, Uuid>) -> String {
    let literal = match (name, kind) {
        (_, "uuid") => return keys.get(name).map_or_else(|| "NULL".to_owned(), |key| format!("'{key}'")),
        ("person", _) => {
            r#"{"born_on":"1980-01-01","sex":"female","time_zone":"America/Chicago","identifiers":[],"contacts":[],
                "addresses":[],"names":[{"use":"official","family":"King","given":["Ada"]}]}"#
        }
        ("born_on", _) => "1980-01-01",
        ("finding", "jsonb") => {
            r#"{"loinc":"8867-4","title":"Heart rate","category":"vital_signs","observed_at":"2026-01-01T08:00:00Z",
                "value":{"number":61,"unit":"/min"}}"#
        }
        ("becomes", _) => "corrected",
        ("of_part", _) => "biller",
        ("list", _) => "service",
        ("name", _) => "mercy-ehr",
        ("relation", _) => "patient",
        ("kind", _) => "record",
        ("mode", _) => "in_person",
        ("reason" | "why" | "remark", _) => "Found unconscious, nobody to ask",
        ("change", _) => "confirm",
        ("scopes", _) => "{chart}",
        ("metric", _) => "heart_rate",
        ("sensitivity", _) => return "NULL".to_owned(),
        ("to_state", _) => "published",
        ("charges", _) => "{}",
        (_, kind) if kind.ends_with("[]") => "{}",
        ("from" | "since" | "from_on" | "first_on" | "valid_from" | "after", "timestamp with time zone" | "date") => {
            return "now()::timestamptz(0)".to_owned()
                + if kind == "date" { "::date - 1" } else { " - INTERVAL '1 day'" };
        }
        ("to" | "ends_at" | "until" | "before" | "before_on" | "stop_on" | "valid_until" | "due_on", kind) => {
            return if kind == "date" { "current_date + 7" } else { "now() + INTERVAL '2 hours'" }.to_owned();
        }
        ("starts_at", _) => return "now() + INTERVAL '1 hour'".to_owned(),
        (_, "timestamp with time zone") => return "now()".to_owned(),
        (_, "date") => return "current_date".to_owned(),
        (_, "boolean") => "true",
        (_, "bytea") => return "sha256('x')".to_owned(),
        (_, "text") => "x",
        _ => "1",
    };
    format!("'{literal}'")
}

/// For the name of a parameter, the key of the row of one of the two patients, or of any row where it is nobody's.
async fn row_keys(network: &mut Network, stage: &Stage, place: usize) -> BTreeMap<String, Uuid> {
    let own = &stage.keys[place];
    let mut keys = BTreeMap::new();
    for row in network.sql.fetch_all(KEYED).await.unwrap() {
        let (name, table, whose): (String, String, Option<String>) = (row.get(0), row.get(1), row.get(2));
        let of = whose.map(|column| format!("ORDER BY {column} = '{}' DESC", own[column.as_str()]));
        let query = format!("SELECT {name}_id FROM {table} {} LIMIT 1", of.unwrap_or_default());
        if let Some(key) = sqlx::query_scalar(AssertSqlSafe(query)).fetch_optional(&mut network.sql).await.unwrap() {
            keys.insert(name, key);
        }
    }
    for (name, column) in [
        ("patient", "patient_id"),
        ("provider", "provider_id"),
        ("prescriber", "provider_id"),
        ("to_provider", "provider_id"),
        ("facility", "facility_id"),
        ("centre", "facility_id"),
        ("row", "patient_id"),
    ] {
        keys.insert(name.to_owned(), own[column]);
    }
    if let Some(edition) = keys.get("care_plan_version").copied() {
        keys.insert("draft".to_owned(), edition);
    }
    keys
}

/// Each function of `api` that the portal's login may execute.
pub(super) async fn functions(network: &mut Network) -> Vec<Function> {
    let rows = network.sql.fetch_all(SIGNATURES).await.unwrap();
    let function = |row: &sqlx::postgres::PgRow| {
        let (names, kinds): (Vec<String>, Vec<String>) = (row.get(1), row.get(2));
        Function { name: row.get(0), parameters: names.into_iter().zip(kinds).skip(1).collect() }
    };
    rows.iter().map(function).collect()
}

const SIGNATURES: &str = "SELECT p.proname::text, p.proargnames[1:p.pronargs],
        ARRAY(SELECT format_type(kind, NULL) FROM unnest(p.proargtypes) WITH ORDINALITY AS a (kind, place) ORDER BY place)
    FROM pg_proc p WHERE p.pronamespace = 'api'::regnamespace AND has_function_privilege('healthtrack_portal', p.oid, 'EXECUTE')
    ORDER BY 1";

/// Tables whose key is their name, and the column that says whose a row is.
const KEYED: &str = "SELECT c.relname::text, c.oid::regclass::text,
        (SELECT o.attname::text FROM pg_attribute o WHERE o.attrelid = c.oid AND o.attname = ANY ('{patient_id,facility_id}')
         AND o.attname <> c.relname || '_id' ORDER BY o.attname DESC LIMIT 1)
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = c.relname || '_id'
    WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace) AND c.relkind = 'r'
      AND a.atttypid = 'uuid'::regtype ORDER BY 1";
