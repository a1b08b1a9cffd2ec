//! Words of what is done for patients: appointments, payments, programmes, goals.

use super::word::words;

words! {
    /// Where an appointment stands.
    AppointmentStatus {
        Held = "held",
        Booked = "booked",
        Arrived = "arrived",
        Completed = "completed",
        Cancelled = "cancelled",
        NoShow = "no_show",
    }
    /// How patient and provider meet.
    VisitMode {
        InPerson = "in_person",
        Telehealth = "telehealth",
    }
    /// What an organisation is.
    OrganisationKind {
        Network = "network",
        LegalEntity = "legal_entity",
        Division = "division",
        Practice = "practice",
        Partner = "partner",
        Other = "other",
    }
    /// By which number others know an organisation.
    OrganisationNumberKind {
        Npi = "npi",
        Ein = "ein",
        TaxId = "tax_id",
        Lei = "lei",
        Ccn = "ccn",
        Clia = "clia",
        Other = "other",
    }
    /// Whether a kind of visit takes place by video.
    TelehealthRule {
        Never = "never",
        Allowed = "allowed",
        Only = "only",
    }
    /// How often a series of visits comes back.
    SeriesFrequency {
        Weekly = "weekly",
        Monthly = "monthly",
    }
    /// Where an entry of the wait-list stands; `lapsed` where an offer was let pass.
    WaitlistStatus {
        Waiting = "waiting",
        Offered = "offered",
        Taken = "taken",
        Lapsed = "lapsed",
        Left = "left",
    }
    /// What became of a follow-up.
    FollowUpStatus {
        Recommended = "recommended",
        Done = "done",
        Declined = "declined",
    }
    /// For how long a membership is charged at once.
    FeePeriod {
        Month = "month",
        Year = "year",
    }
    /// As what a claim replaces another.
    ClaimRelation {
        Resubmission = "resubmission",
        Appeal = "appeal",
    }
    /// What a plan of an insurer lets the patient bear.
    CostShare {
        Deductible = "deductible",
        Coinsurance = "coinsurance",
        Copay = "copay",
    }
    /// How somebody pays.
    PaymentMethod {
        Card = "card",
        BankTransfer = "bank_transfer",
        Cash = "cash",
        Cheque = "cheque",
    }
    /// Where an enrolment in a programme stands.
    EnrolmentStatus {
        Waitlisted = "waitlisted",
        Enrolled = "enrolled",
        Completed = "completed",
        Withdrawn = "withdrawn",
    }
    /// What is made of a goal's samples.
    GoalMeasure {
        Sum = "sum",
        Average = "average",
        Minimum = "minimum",
        Maximum = "maximum",
        Last = "last",
        Count = "count",
    }
    /// On which side of its target a goal is reached.
    GoalComparator {
        AtLeast = "at_least",
        AtMost = "at_most",
    }
    /// For how long a goal's target is.
    GoalPeriod {
        Day = "day",
        Week = "week",
    }
}
