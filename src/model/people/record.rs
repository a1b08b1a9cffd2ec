//! Words of the record: demographics, conditions, allergies, drugs, results, encounters.

use super::word::words;

words! {
    /// Administrative gender.
    Sex {
        Female = "female",
        Male = "male",
        Other = "other",
        Unknown = "unknown",
    }
    /// What a name is used for.
    NameUse {
        Official = "official",
        Usual = "usual",
        Maiden = "maiden",
        Nickname = "nickname",
    }
    /// What an address is used for.
    AddressUse {
        Home = "home",
        Work = "work",
        Temporary = "temporary",
        Billing = "billing",
    }
    /// How somebody is reached.
    ContactSystem {
        Phone = "phone",
        Email = "email",
    }
    /// Where somebody is reached.
    ContactUse {
        Home = "home",
        Work = "work",
        Mobile = "mobile",
    }
    /// Who numbers people.
    IdentifierSystem {
        RecordNumber = "mrn",
        SocialSecurity = "ssn",
        Passport = "passport",
        DriverLicense = "driver_license",
        MemberNumber = "member_number",
    }
    /// What an allergy is to.
    AllergyCategory {
        Food = "food",
        Medication = "medication",
        Environment = "environment",
        Biologic = "biologic",
    }
    /// How dangerous an allergy is.
    AllergyCriticality {
        Low = "low",
        High = "high",
        UnableToAssess = "unable_to_assess",
    }
    /// An allergy's course.
    AllergyClinicalStatus {
        Active = "active",
        Inactive = "inactive",
        Resolved = "resolved",
    }
    /// How sure an allergy is.
    AllergyVerificationStatus {
        Unconfirmed = "unconfirmed",
        Confirmed = "confirmed",
        Refuted = "refuted",
        EnteredInError = "entered_in_error",
    }
    /// How severe a condition is.
    ConditionSeverity {
        Mild = "mild",
        Moderate = "moderate",
        Severe = "severe",
    }
    /// By which system a condition is coded.
    ConditionCodeSystem {
        Icd10 = "icd10",
        Snomed = "snomed",
    }
    /// A condition's course.
    ClinicalStatus {
        Active = "active",
        Recurrence = "recurrence",
        Relapse = "relapse",
        Inactive = "inactive",
        Remission = "remission",
        Resolved = "resolved",
    }
    /// How sure a condition is.
    VerificationStatus {
        Unconfirmed = "unconfirmed",
        Provisional = "provisional",
        Differential = "differential",
        Confirmed = "confirmed",
        Refuted = "refuted",
        EnteredInError = "entered_in_error",
    }
    /// Where a result stands against its ranges, by HL7.
    LabFlag {
        CriticallyLow = "LL",
        Low = "L",
        Normal = "N",
        High = "H",
        CriticallyHigh = "HH",
    }
    /// How final a result is.
    LabResultStatus {
        Preliminary = "preliminary",
        Final = "final",
        Amended = "amended",
        EnteredInError = "entered_in_error",
    }
    /// Why a test has no result.
    LabAbsentReason {
        Clotted = "clotted",
        Insufficient = "insufficient",
        Lost = "lost",
        NotDone = "not_done",
    }
    /// What kind of observation.
    ObservationCategory {
        VitalSigns = "vital_signs",
        SocialHistory = "social_history",
        Survey = "survey",
        Exam = "exam",
        Activity = "activity",
        Procedure = "procedure",
        Therapy = "therapy",
    }
    /// How final an observation is.
    ObservationStatus {
        Preliminary = "preliminary",
        Final = "final",
        Amended = "amended",
        Corrected = "corrected",
        EnteredInError = "entered_in_error",
    }
    /// What an observation means, by HL7.
    ObservationFlag {
        CriticallyLow = "LL",
        Low = "L",
        Normal = "N",
        High = "H",
        CriticallyHigh = "HH",
        Abnormal = "A",
        CriticallyAbnormal = "AA",
        Positive = "POS",
        Negative = "NEG",
        Indeterminate = "IND",
    }
    /// Why an observation has no value, by FHIR.
    ObservationAbsence {
        Unknown = "unknown",
        AskedUnknown = "asked_unknown",
        TempUnknown = "temp_unknown",
        NotAsked = "not_asked",
        AskedDeclined = "asked_declined",
        Masked = "masked",
        NotApplicable = "not_applicable",
        Unsupported = "unsupported",
        Error = "error",
        NotPerformed = "not_performed",
        NotPermitted = "not_permitted",
    }
    /// What kind of visit or stay.
    EncounterClass {
        Ambulatory = "ambulatory",
        Inpatient = "inpatient",
        Emergency = "emergency",
        Virtual = "virtual",
        Home = "home",
    }
    /// How a drug is taken.
    Route {
        Oral = "oral",
        Sublingual = "sublingual",
        Inhaled = "inhaled",
        Nasal = "nasal",
        Topical = "topical",
        Transdermal = "transdermal",
        Subcutaneous = "subcutaneous",
        Intramuscular = "intramuscular",
        Intravenous = "intravenous",
        Rectal = "rectal",
        Vaginal = "vaginal",
        Ophthalmic = "ophthalmic",
        Otic = "otic",
    }
    /// In what the time between doses is counted.
    PeriodUnit {
        Hour = "hour",
        Day = "day",
        Week = "week",
        Month = "month",
    }
}
