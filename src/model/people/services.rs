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
