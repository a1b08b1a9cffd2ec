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
        "electronic health records",
        &[
            "condition",
            "procedure",
            "medication_statement",
            "allergy",
            "immunization",
            "encounter",
            "lab_result",
            "prescription",
        ],
        "",
    ),
    capability(
        "Imaging",
        "studies, series and reports of imaging systems",
        &["imaging_study", "imaging_series", "clinical_report"],
        "",
    ),
    capability(
        "Questionnaires",
        "patient-reported outcomes",
        &["questionnaire", "questionnaire_response", "answer", "score"],
        "",
    ),
    capability("Insights", "personalised insights", &["score", "lab_trend", "goal_progress"], ""),
    capability(
        "Monitoring",
        "monitoring in real time",
        &["signal.sample", "api.read_samples"],
        "a sample is readable within a tenth of a second",
    ),
    capability("Prediction", "predictive analytics", &["score", "readmission_30_day", "lab_trend"], ""),
    capability(
        "Self-management",
        "proactive self-management",
        &["goal", "goal_entry", "goal_progress", "care_plan"],
        "",
    ),
    capability(
        "Scale",
        "scalable, no silos, no bottleneck",
        &["patient", "signal.block", "signal.ingest_shard"],
        "the archive, see [README.md](README.md)",
    ),
    capability(
        "Documentation",
        "data model, scalability, security and integration documented",
        &[],
        "this page, [diagrams.md](diagrams.md), [README.md](README.md)",
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
        &["condition", "procedure", "medication_statement", "allergy", "immunization", "history"],
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
    capability("Registration", "new patients and their accounts", &["patient", "access.account"], ""),
    capability(
        "Live updates",
        "providers read and update in real time",
        &["care.touch", "history", "access.care_relationship"],
        "optimistic versions: each row that may change has `version`",
    ),
    capability(
        "Dashboard",
        "outcomes at a glance",
        &["readmission_rate", "adherence_summary", "programme_outcome"],
        "",
    ),
    capability(
        "Encryption",
        "encryption in transit and at rest",
        &["access.data_key"],
        "TLS, encrypted columns, encrypted archive",
    ),
    capability(
        "Authorisation",
        "authorised providers only",
        &["access.account", "access.care_relationship", "access.guard", "access.patients_in_care"],
        "row-level security on every table",
    ),
    capability(
        "Audit",
        "access logged and watched",
        &["access.audit_event", "access.verify_audit_chains", "access.my_access_log", "access.unexplained_access"],
        "",
    ),
    capability("Backup", "copies to restore from", &[], "Postgres' own; the archive's files carry their own proof"),
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
        &["plan", "membership", "telehealth_session", "join_token", "care_plan", "goal"],
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
        &["centre_service", "staff_assignment", "centre_visit", "centre_engagement_day"],
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
        &["space", "space_member", "post", "reply", "support", "report", "moderation"],
        "",
    ),
];
