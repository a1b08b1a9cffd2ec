//! Capabilities: what the model is for, and which tables, views and functions hold it.

/// Something that the model is for, and what holds it.
pub(super) struct Capability {
    /// In a word or two.
    pub(super) name: &'static str,
    /// What that comprises.
    pub(super) what: &'static str,
    /// Tables, views and functions, by name; those of other schemas than `care` with their schema.
    pub(super) held_by: &'static [&'static str],
    /// What else is needed, outside the database; empty where nothing.
    pub(super) beside: &'static str,
}

const fn capability(
    name: &'static str,
    what: &'static str,
    held_by: &'static [&'static str],
    beside: &'static str,
) -> Capability {
    Capability { name, what, held_by, beside }
}

/// All that the model is for.
pub(super) const CAPABILITIES: &[Capability] = &[
    capability(
        "Wearables",
        "heart rate, sleep, activity, glucose …",
        &[
            "signal.metric",
            "signal.device",
            "signal.series",
            "signal.block",
            "device_model",
            "device_detail",
            "wear",
            "wear_event",
        ],
        "`healthtrack serve`",
    ),
    capability(
        "Health record",
        "what a provider keeps of a patient's health, by code",
        &[
            "condition",
            "procedure",
            "medication_statement",
            "allergy",
            "immunization",
            "encounter",
            "lab_result",
            "observation",
            "prescription",
            "family_history",
            "note",
        ],
        "",
    ),
    capability(
        "Imaging",
        "what is known of studies and series, and reports on them",
        &["imaging_study", "imaging_series", "clinical_report"],
        "no images, and no connection to imaging systems",
    ),
    capability(
        "Questionnaires",
        "patient-reported outcomes",
        &["questionnaire", "questionnaire_response", "answer", "score"],
        "",
    ),
    capability(
        "Insights",
        "scores of questionnaires, trends of results and progress to goals, of one person",
        &["score", "lab_trend", "goal_progress", "recommendation"],
        "recommendations are a provider's; the program makes none by itself",
    ),
    capability(
        "Monitoring",
        "what a patient's devices measure, as it comes; rules for alerts, and what came of each alert",
        &["signal.sample", "signal.last", "signal.changes", "api.read_samples", "alert_rule", "alert"],
        "a sample is readable within a tenth of a second; nothing evaluates the rules by itself",
    ),
    capability(
        "Prediction",
        "which model said what of whom, and what came true",
        &["prediction_model", "prediction", "score", "readmission_30_day", "lab_trend"],
        "models run elsewhere; nothing here computes a prediction",
    ),
    capability(
        "Self-management",
        "own goals, what was done for them, and how far they are reached",
        &["goal", "goal_entry", "goal_progress", "care_plan"],
        "",
    ),
    capability(
        "Scale",
        "one key of a person everywhere; samples in blocks, ingest in shards",
        &["patient", "signal.block", "signal.ingest_shard"],
        "the archive; records are one database, see [README.md](README.md)",
    ),
    capability(
        "Documentation",
        "data model, scalability, security and integration documented",
        &[],
        "this page, [overview.svg](overview.svg), [diagrams.md](diagrams.md), [glossary.md](glossary.md), \
         [fhir.md](fhir.md), [README.md](README.md)",
    ),
    capability(
        "Patients",
        "name, address, birth date, contact",
        &["patient", "patient_name", "address", "contact_point", "identifier"],
        "",
    ),
    capability(
        "History",
        "diagnoses, treatments, surgeries, medications",
        &["condition", "procedure", "medication_statement", "allergy", "immunization", "record_version"],
        "",
    ),
    capability("Labs", "blood, urine, imaging", &["lab_order", "lab_result", "imaging_study", "clinical_report"], ""),
    capability("Prescriptions", "medication, dosage, frequency", &["medication", "prescription", "dispense"], ""),
    capability(
        "Outcomes",
        "readmission, adherence",
        &["encounter", "readmission_30_day", "readmission_rate", "adherence_pdc", "lab_trend"],
        "",
    ),
    capability(
        "Registration",
        "new patients, proposed by staff",
        &["patient", "access.proposal", "api.register_patient", "access.account"],
        "accounts are made by who maintains the database",
    ),
    capability(
        "Live updates",
        "providers read and change the same record at once, and no edit overwrites another",
        &["care.touch", "record_version", "access.care_relationship"],
        "optimistic versions: each row that may change has `version`",
    ),
    capability(
        "Dashboard",
        "rates of readmission, adherence and completion",
        &["readmission_rate", "adherence_summary", "programme_outcome"],
        "as functions and views; no page is drawn",
    ),
    capability(
        "Encryption",
        "journals, notes of consultations and documents sealed by a key of each patient's own; national numbers sealed",
        &["access.data_key", "access.number_key", "document_content", "identifier_seal"],
        "TLS to broker and database; files of the archive where a key is configured; all else is the disk's",
    ),
    capability(
        "Authorisation",
        "authorised providers only",
        &["access.account", "access.care_relationship", "access.guard", "access.patients_in_care", "sensitive_code"],
        "row-level security on every table",
    ),
    capability(
        "Audit",
        "access logged and watched",
        &["access.audit_event", "access.verify_audit_chains", "access.my_access_log", "access.unexplained_access"],
        "",
    ),
    capability(
        "Backup",
        "copies to restore from",
        &[],
        "Postgres' own, by a login that no policy binds ([backup.md](../deploy/backup.md)), and the archive's files",
    ),
    capability("Places", "State → City → Facility; one city name in two states", &["state", "city", "facility"], ""),
    capability(
        "Facilities",
        "facility categories; address, rating, contact, hours, booking, services",
        &[
            "facility_category",
            "facility",
            "room",
            "opening_hours",
            "special_day",
            "facility_service",
            "facility_rating",
        ],
        "",
    ),
    capability(
        "Providers",
        "qualifications, specialties, affiliations, contact, availability",
        &[
            "provider",
            "qualification",
            "specialty",
            "provider_specialty",
            "affiliation",
            "availability",
            "availability_exception",
        ],
        "",
    ),
    capability(
        "Membership",
        "regular and premium members: priority booking, telehealth, personal plans",
        &["membership_plan", "membership", "telehealth_session", "join_token", "care_plan", "goal"],
        "",
    ),
    capability(
        "Preferences",
        "profile, history, preferred facilities, appointment history",
        &["preferred_facility", "appointment_history"],
        "",
    ),
    capability(
        "Scheduling",
        "scheduling, rating and review; log of details, follow-ups, feedback",
        &["appointment", "appointment_event", "waitlist_entry", "follow_up", "review", "provider_rating"],
        "",
    ),
    capability(
        "Care plans",
        "plan details, consultations, goal progress",
        &["care_plan", "care_plan_version", "consultation", "goal_progress"],
        "",
    ),
    capability(
        "Programmes",
        "enrolment, participation, progress, feedback",
        &[
            "programme",
            "programme_session",
            "enrolment",
            "attendance",
            "progress_update",
            "programme_feedback",
            "programme_participation",
        ],
        "",
    ),
    capability("Journal", "private entries with unique identifiers", &["journal_entry", "journal_share"], ""),
    capability(
        "Wellness centres",
        "services, staff, engagement",
        &[
            "facility_service",
            "affiliation",
            "api.list_services",
            "api.list_staff",
            "centre_visit",
            "centre_engagement_day",
        ],
        "",
    ),
    capability(
        "Billing",
        "insurance, billing, payment",
        &[
            "insurer",
            "insurance_plan",
            "policy",
            "coverage",
            "invoice",
            "charge",
            "claim",
            "claim_line",
            "payment",
            "refund",
            "ledger_transaction",
            "ledger_entry",
            "invoice_balance",
        ],
        "",
    ),
    capability(
        "Community",
        "share experiences, support each other",
        &["space", "space_member", "post", "reply", "post_support", "content_report", "moderation"],
        "",
    ),
];
