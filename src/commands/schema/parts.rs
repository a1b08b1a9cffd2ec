//! Parts: how an area that is too large for one diagram is drawn in several.
//!
//! # Why
//! Twenty boxes with fifty lines between them are read by nobody. A part is drawn by itself, and what it refers to
//! outside is told at the column. Tables that no part names, as those of a new migration, are drawn after the parts of
//! their area, so that no diagram grows beyond what can be read.

/// Tables of one area that are drawn together.
pub(super) struct DiagramPart {
    /// Of which area.
    pub(super) area: &'static str,
    /// What they are.
    pub(super) title: &'static str,
    /// Their names, as the area has them.
    pub(super) tables: &'static [&'static str],
}

const fn part(area: &'static str, title: &'static str, tables: &'static [&'static str]) -> DiagramPart {
    DiagramPart { area, title, tables }
}

/// All parts, in the order in which they are drawn.
pub(super) const PARTS: &[DiagramPart] = &[
    part(
        "people",
        "Patients",
        &[
            "patient",
            "patient_name",
            "address",
            "contact_point",
            "identifier",
            "identifier_seal",
            "patient_link",
            "related_person",
            "age_of_majority",
        ],
    ),
    part(
        "people",
        "Providers and staff",
        &[
            "provider",
            "qualification",
            "specialty",
            "provider_specialty",
            "affiliation",
            "staff_role",
            "availability",
            "availability_exception",
        ],
    ),
    part(
        "network",
        "Places, and what they offer",
        &[
            "state",
            "city",
            "facility_category",
            "facility",
            "room",
            "opening_hours",
            "special_day",
            "service",
            "facility_service",
            "preferred_facility",
            "review_tally",
        ],
    ),
    part(
        "network",
        "Organisations, departments and categories",
        &[
            "organisation",
            "organisation_identifier",
            "facility_has_category",
            "department_kind",
            "department",
            "department_hours",
        ],
    ),
    part("network", "Wellness centres", &["centre_visit", "centre_engagement_day", "centre_engagement_change"]),
    part(
        "record",
        "Encounters, problems and what was done",
        &[
            "encounter",
            "condition",
            "procedure",
            "allergy",
            "allergy_reaction",
            "immunization",
            "family_history",
            "record_version",
            "sensitive_code",
        ],
    ),
    part(
        "record",
        "Medication",
        &[
            "medication",
            "medication_statement",
            "prescription",
            "dispense",
            "medication_reconciliation",
            "reconciled_statement",
            "detected_issue",
            "drug_interaction",
            "drug_class",
            "dose_limit",
        ],
    ),
    part(
        "record",
        "Laboratory, imaging and reports",
        &["lab_order", "lab_result", "loinc_unit", "imaging_study", "imaging_series", "clinical_report"],
    ),
    part("record", "Questionnaires", &["questionnaire", "questionnaire_response", "answer", "score"]),
    part("record", "Notes", &["note", "note_section", "note_addendum"]),
    part(
        "record",
        "Alerts, predictions and recommendations",
        &["alert_rule", "alert", "prediction_model", "prediction", "recommendation"],
    ),
    part(
        "record",
        "Counts that are kept",
        &["adherence_year", "adherence_change", "condition_tally", "condition_change", "person_change"],
    ),
    part("scheduling", "Memberships", &["membership_plan", "membership", "membership_price", "membership_fee"]),
    part(
        "scheduling",
        "Kinds of visit, and what they need",
        &[
            "appointment_type",
            "appointment_type_specialty",
            "appointment_type_resource",
            "resource_kind",
            "equipment",
            "equipment_outage",
            "appointment_resource",
        ],
    ),
    part(
        "scheduling",
        "Series, cancellations and missed visits",
        &["appointment_series", "cancellation_reason", "attendance_policy", "attendance_waiver"],
    ),
    part(
        "scheduling",
        "Appointments",
        &[
            "appointment",
            "appointment_transition",
            "appointment_event",
            "follow_up",
            "review",
            "waitlist_entry",
            "telehealth_session",
            "join_token",
        ],
    ),
    part(
        "work",
        "Requests, tasks and recalls",
        &["service_request", "service_request_fulfilment", "task", "recall", "immunization_schedule"],
    ),
    part(
        "work",
        "Messages and documents",
        &["message_thread", "message", "message_attachment", "message_receipt", "document", "document_content"],
    ),
    part("work", "Notifications", &["notification_template", "notification_preference", "quiet_hours", "notification"]),
    part(
        "wellness",
        "Care plans and goals",
        &["care_plan", "care_plan_version", "care_plan_activity", "consultation", "goal", "goal_entry", "goal_day"],
    ),
    part(
        "wellness",
        "Programmes",
        &["programme", "programme_session", "enrolment", "attendance", "progress_update", "programme_feedback"],
    ),
    part("wellness", "Journal", &["journal_entry", "journal_share"]),
    part(
        "money",
        "Insurance",
        &[
            "insurer",
            "insurance_plan",
            "plan_network",
            "plan_cost_sharing",
            "plan_benefit",
            "policy",
            "coverage",
            "eligibility_answer",
            "accumulator",
        ],
    ),
    part(
        "money",
        "Claims and their codes",
        &["claim", "claim_line", "adjustment_code", "claim_adjustment", "claim_diagnosis", "claim_line_diagnosis"],
    ),
    part(
        "money",
        "Invoices, payments and the ledger",
        &[
            "charge_code",
            "invoice",
            "charge",
            "payment",
            "refund",
            "ledger_transaction",
            "ledger_entry",
            "invoice_total",
        ],
    ),
    part(
        "access",
        "Accounts and sessions",
        &[
            "access.account",
            "access.account_proposal",
            "access.credential",
            "access.federated_identity",
            "access.invitation",
            "access.passkey",
            "access.passkey_challenge",
            "access.registration_request",
            "access.session",
            "access.look",
            "access.look_kind",
        ],
    ),
    part(
        "access",
        "Rights, and what is done with them",
        &[
            "access.care_relationship",
            "access.grant_of_access",
            "access.emergency",
            "access.emergency_review",
            "access.audit_event",
            "access.audit_chain",
            "access.data_key",
        ],
    ),
    part(
        "signal",
        "Devices and who wore them",
        &["device_model", "device_model_metric", "device_detail", "wear", "wear_event", "wear_change"],
    ),
    part(
        "signal",
        "Samples",
        &[
            "signal.metric",
            "signal.device",
            "signal.device_source",
            "signal.series",
            "signal.block",
            "signal.superseded_value",
            "signal.replaced_range",
        ],
    ),
    part(
        "signal",
        "Ingest and quarantine",
        &[
            "signal.incarnation",
            "signal.ingest_shard",
            "signal.ingest_writer",
            "signal.mqtt_session",
            "signal.quarantine",
            "signal.quarantine_rejection",
            "signal.quarantine_payload",
        ],
    ),
    part(
        "signal",
        "Changes",
        &["signal.change_feed", "signal.change_batch", "signal.change_commit", "signal.change_entry"],
    ),
    part(
        "signal",
        "Rollups",
        &[
            "signal.rollup_day",
            "signal.rollup_place",
            "signal.rollup_stale",
            "signal.rollup_due",
            "signal.rollup_horizon",
        ],
    ),
    part(
        "signal",
        "Archive and erasure",
        &["signal.compaction", "signal.archive", "signal.archive_claim", "signal.archive_file", "signal.erasure"],
    ),
];

#[cfg(test)]
mod tests {
    use super::super::areas::AREAS;
    use super::super::diagrams::ENTITIES_MAX;
    use super::PARTS;

    #[test]
    fn a_part_is_of_its_area_and_small_enough_to_be_read() {
        for part in PARTS {
            let area = AREAS.iter().find(|area| area.name == part.area).expect(part.area);
            assert!(part.tables.len() <= ENTITIES_MAX, "{}", part.title);
            for table in part.tables {
                assert!(area.tables.contains(table), "{table} is not of {}", part.area);
            }
        }
    }

    #[test]
    fn no_table_is_in_two_parts() {
        let mut names: Vec<&str> = PARTS.iter().flat_map(|part| part.tables).copied().collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
