//! People and their care: typed keys, dates as records write them, and the words that the record knows.
//!
//! # Why
//! A uuid fits every column of keys, and a text every column of words, so a compiler that sees only those cannot tell a
//! patient from an invoice. Here each key has a type of its own, which is made from a uuid on purpose only, and each
//! closed list of words is an enum that holds the database's spelling in one place.
//!
//! Lists that are rows of a table (kinds of facilities, specialties, services, topics of programmes) are open: they
//! stay text.

/// Typed keys.
mod ids;

/// Days as forms and records write them.
mod date;

/// How an enum of words is written.
mod word;

/// Who acts, and what is done with a record.
mod access;

/// Words of the record.
mod record;

/// Words of appointments, programmes, goals and the community.
mod services;

pub use access::{AuditAction, AuditOutcome, GrantPurpose, ModerationAction, ReportReason, Role, Scope};
pub use date::DateError;
pub use ids::{
    AccountId, AddressId, AllergyId, AppointmentId, AttendanceId, CarePlanId, CarePlanVersionId, ChargeId, ClaimId,
    ConditionId, ContactPointId, CoverageId, DispenseId, EncounterId, EnrolmentId, FacilityId, FollowUpId, GoalEntryId,
    GoalId, GrantId, InvoiceId, JournalEntryId, JournalShareId, LabOrderId, LabResultId, MedicationId, ModerationId,
    PatientId, PatientNameId, PaymentId, PostId, PrescriptionId, ProgrammeId, ProgrammeSessionId, ProviderId, RefundId,
    ReplyId, ReportId, RequestId, ReviewId, RoomId, SpaceId, SpaceMemberId, TelehealthSessionId, WaitlistEntryId,
    WearId,
};
pub use record::{
    AddressUse, AllergyCategory, AllergyClinicalStatus, AllergyCriticality, AllergyVerificationStatus, ClinicalStatus,
    ConditionCodeSystem, ConditionSeverity, ContactSystem, ContactUse, EncounterClass, IdentifierSystem,
    LabAbsentReason, LabFlag, LabResultStatus, NameUse, PeriodUnit, Route, Sex, VerificationStatus,
};
pub use services::{
    AppointmentStatus, EnrolmentStatus, FollowUpStatus, GoalComparator, GoalMeasure, GoalPeriod, PaymentMethod,
    VisitMode, WaitlistStatus,
};
pub use word::UnknownWord;
