//! Who acts, what of a record may be seen, and what the audit says of it.

use super::word::words;

words! {
    /// As what an account acts.
    Role {
        Patient = "patient",
        Provider = "provider",
        FrontDesk = "front_desk",
        Biller = "biller",
        Moderator = "moderator",
        Analyst = "analyst",
        PrivacyOfficer = "privacy_officer",
        Operator = "operator",
        FacilityManager = "facility_manager",
        NetworkAdmin = "network_admin",
        ClinicalQuality = "clinical_quality",
    }
    /// What a patient may let others see; none holds another.
    Scope {
        Chart = "chart",
        Schedule = "schedule",
        Samples = "samples",
        Billing = "billing",
        BehaviouralHealth = "behavioural_health",
        Reproductive = "reproductive",
        SubstanceUse = "substance_use",
        Hiv = "hiv",
    }
    /// What a fact is of, where patients keep it from who may read the rest of their chart.
    Sensitivity {
        BehaviouralHealth = "behavioural_health",
        Reproductive = "reproductive",
        SubstanceUse = "substance_use",
        Hiv = "hiv",
    }
    /// What of a record its author may keep apart.
    RecordPart {
        Condition = "condition",
        Encounter = "encounter",
        Procedure = "procedure",
        MedicationStatement = "medication_statement",
        Prescription = "prescription",
        LabOrder = "lab_order",
        LabResult = "lab_result",
        ImagingStudy = "imaging_study",
        ClinicalReport = "clinical_report",
        Observation = "observation",
        FamilyHistory = "family_history",
    }
    /// What a patient grants access for.
    GrantPurpose {
        Treatment = "treatment",
        SecondOpinion = "second_opinion",
        Family = "family",
        Research = "research",
        Insurance = "insurance",
        Other = "other",
    }
    /// What was done, as the audit says it.
    AuditAction {
        Read = "read",
        Create = "create",
        Update = "update",
        Sign = "sign",
        Export = "export",
        Erase = "erase",
        BreakGlass = "break_glass",
        Grant = "grant",
        Revoke = "revoke",
        Review = "review",
        LogIn = "log_in",
        LogOut = "log_out",
    }
    /// How far a request of an erasure is.
    ErasureStatus {
        Requested = "requested",
        Granted = "granted",
        Refused = "refused",
        Withdrawn = "withdrawn",
        Done = "done",
    }
    /// Why a person is erased.
    ErasureGround {
        Request = "request",
        CourtOrder = "court_order",
        Mistake = "mistake",
        Replay = "replay",
    }
    /// Whether it was allowed.
    AuditOutcome {
        Allowed = "allowed",
        Denied = "denied",
    }
    /// Why a member reports a post or an answer.
    ReportReason {
        Unkind = "unkind",
        Spam = "spam",
        DangerousAdvice = "dangerous_advice",
        PersonalData = "personal_data",
        SelfHarm = "self_harm",
        Other = "other",
    }
    /// What a moderator does.
    ModerationAction {
        Hide = "hide",
        Show = "show",
        Ban = "ban",
        Readmit = "readmit",
    }
}
