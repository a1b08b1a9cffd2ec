//! Words of what is asked, done, said and told: requests, tasks, messages, notifications, recalls.

use super::word::words;

words! {
    /// What kind of service is asked for.
    RequestCategory {
        Referral = "referral",
        Imaging = "imaging",
        Laboratory = "laboratory",
        Procedure = "procedure",
    }
    /// How firmly it is asked.
    RequestIntent {
        Proposal = "proposal",
        Plan = "plan",
        Order = "order",
    }
    /// How much it hurries.
    Urgency {
        Routine = "routine",
        Urgent = "urgent",
        Asap = "asap",
        Stat = "stat",
    }
    /// How far a request is.
    RequestStatus {
        Draft = "draft",
        Active = "active",
        OnHold = "on_hold",
        Completed = "completed",
        Revoked = "revoked",
        EnteredInError = "entered_in_error",
    }
    /// What a task is about.
    TaskKind {
        ReviewResult = "review_result",
        ActOnRequest = "act_on_request",
        CompleteForm = "complete_form",
        AnswerMessage = "answer_message",
        CallPatient = "call_patient",
        Other = "other",
    }
    /// How far a task is.
    TaskStatus {
        Requested = "requested",
        InProgress = "in_progress",
        OnHold = "on_hold",
        Completed = "completed",
        Cancelled = "cancelled",
        EnteredInError = "entered_in_error",
    }
    /// Who may take a task.
    TaskPool {
        CareTeam = "care_team",
        FrontDesk = "front_desk",
        Biller = "biller",
    }
    /// What a thread of messages is about.
    MessageCategory {
        Medical = "medical",
        Medication = "medication",
        Result = "result",
        Appointment = "appointment",
        Other = "other",
    }
    /// Over what a notification goes.
    Channel {
        Portal = "portal",
        Email = "email",
        Sms = "sms",
        Push = "push",
    }
    /// What a notification is about.
    NotificationKind {
        Appointment = "appointment",
        Message = "message",
        Recall = "recall",
        Task = "task",
    }
    /// How far a recall is.
    RecallStatus {
        Planned = "planned",
        Done = "done",
        Declined = "declined",
        Withdrawn = "withdrawn",
        EnteredInError = "entered_in_error",
    }
}
