//! The enums of words and the database's own lists agree, so that neither knows a word that the other does not.

use healthtrack::model::people as words;

use super::network::Network;

/// The words of a rule, as the catalog holds it: whatever is quoted.
async fn stored(network: &mut Network, rule: &str) -> Vec<String> {
    let rule = format!(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint
         WHERE conname = '{rule}' AND conrelid NOT IN (SELECT inhrelid FROM pg_inherits)"
    );
    let definition = network.one(&rule).await;
    let mut found: Vec<String> = definition.split('\'').skip(1).step_by(2).map(str::to_owned).collect();
    found.sort();
    found
}

macro_rules! lists {
    ($($list:ident $rule:literal)+) => {
        [$(($rule, words::$list::ALL.iter().map(|word| word.to_string()).collect::<Vec<String>>())),+]
    };
}

#[tokio::test]
async fn every_list_of_words_is_the_databases() {
    let mut network = Network::new().await;
    let lists = lists! {
        Role "account_part_is_known"
        GrantPurpose "grant_of_access_purpose_is_known"
        Scope "grant_of_access_scopes_are_known"
        Sensitivity "sensitivity_is_known"
        AuditAction "audit_event_action_is_known"
        AuditOutcome "audit_event_outcome_is_known"
        ErasureStatus "erasure_request_status_is_known"
        ErasureGround "erasure_proof_ground_is_known"
        ReportReason "content_report_reason_is_known"
        Sex "patient_sex_is_known"
        NameUse "patient_name_use_is_known"
        AddressUse "address_use_is_known"
        ContactSystem "contact_point_system_is_known"
        ContactUse "contact_point_use_is_known"
        AllergyCategory "allergy_category_is_known"
        AllergyCriticality "allergy_criticality_is_known"
        AllergyClinicalStatus "allergy_clinical_status_is_known"
        AllergyVerificationStatus "allergy_verification_status_is_known"
        ConditionSeverity "condition_severity_is_known"
        LabResultStatus "lab_result_status_is_known"
        ObservationCategory "observation_category_is_known"
        ObservationStatus "observation_status_is_known"
        ObservationFlag "observation_interpretation_is_known"
        ObservationAbsence "observation_absent_reason_is_known"
        EncounterClass "encounter_class_is_known"
        Route "prescription_route_is_known"
        PeriodUnit "prescription_per_unit_is_known"
        VisitMode "appointment_mode_is_known"
        OrganisationKind "organisation_kind_is_known"
        OrganisationNumberKind "organisation_identifier_kind_is_known"
        TelehealthRule "appointment_type_telehealth_is_known"
        SeriesFrequency "appointment_series_frequency_is_known"
        WaitlistStatus "waitlist_entry_status_is_known"
        FollowUpStatus "follow_up_status_is_known"
        FeePeriod "membership_price_per_is_known"
        FeePeriod "membership_per_is_known"
        ClaimRelation "claim_related_as_is_known"
        PaymentMethod "payment_method_is_known"
        EnrolmentStatus "enrolment_status_is_known"
        GoalMeasure "goal_measure_is_known"
        GoalComparator "goal_comparator_is_known"
        GoalPeriod "goal_per_is_known"
        RequestCategory "service_request_category_is_known"
        RequestIntent "service_request_intent_is_known"
        RequestStatus "service_request_status_is_known"
        Urgency "service_request_priority_is_known"
        Urgency "task_priority_is_known"
        TaskKind "task_kind_is_known"
        TaskStatus "task_status_is_known"
        TaskPool "task_pool_is_known"
        MessageCategory "message_thread_category_is_known"
        Channel "notification_channel_is_known"
        NotificationKind "notification_template_kind_is_known"
        RecallStatus "recall_status_is_known"
    };
    for (rule, mut known) in lists {
        known.sort();
        assert_eq!(stored(&mut network, rule).await, known, "{rule}");
    }
    network.run("ALTER TABLE care.goal DROP CONSTRAINT goal_per_is_known").await;
    network.run("ALTER TABLE care.goal ADD CONSTRAINT goal_per_is_known CHECK (per IN ('day', 'month'))").await;
    assert_ne!(stored(&mut network, "goal_per_is_known").await, ["day", "week"], "the check sees what it should");
}
