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

/// Births as far as they are known.
mod birth;

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

/// Words of requests, tasks, messages and notifications.
mod work;

pub use access::{
    AuditAction, AuditOutcome, ErasureGround, ErasureStatus, GrantPurpose, ModerationAction, RecordPart, ReportReason,
    Role, Scope, Sensitivity,
};
pub use birth::{BirthDate, BirthError};
pub use date::DateError;
pub use ids::{
    AccountId, AccountProposalId, AddressId, AffiliationId, AlertId, AllergyId, AppointmentId, AppointmentSeriesId,
    AttendanceId, AttendanceWaiverId, AvailabilityExceptionId, AvailabilityId, CarePlanId, CarePlanVersionId,
    CareRelationshipId, ChargeId, ClaimId, ClinicalReportId, ConditionId, ContactPointId, CoverageId, DepartmentId,
    DispenseId, DocumentId, EligibilityAnswerId, EncounterId, EnrolmentId, EquipmentId, EquipmentOutageId,
    ErasureRequestId, FacilityId, FacilityServiceId, FollowUpId, GoalEntryId, GoalId, GrantId, ImagingStudyId,
    InsurancePlanId, InsurerId, InvoiceId, JournalEntryId, JournalShareId, LabOrderId, LabResultId, MedicationId,
    MembershipId, MembershipPriceId, MessageId, MessageThreadId, ModerationId, NoteId, NotificationId, ObservationId,
    OrganisationId, OrganisationIdentifierId, PatientId, PatientNameId, PaymentId, PlanBenefitId, PolicyId, PostId,
    PrescriptionId, ProcedureId, ProgrammeId, ProgrammeSessionId, ProviderId, QualificationId, QuestionnaireId,
    RecallId, RefundId, ReplyId, ReportId, RequestId, ResourceId, ReviewId, RoomId, ServiceRequestId, SpaceId,
    SpaceMemberId, TaskId, TelehealthSessionId, WaitlistEntryId, WearId,
};
pub use record::{
    AddressUse, AllergyCategory, AllergyClinicalStatus, AllergyCriticality, AllergyVerificationStatus, ClinicalStatus,
    ConditionCodeSystem, ConditionSeverity, ContactSystem, ContactUse, EncounterClass, IdentifierSystem,
    LabAbsentReason, LabFlag, LabResultStatus, NameUse, ObservationAbsence, ObservationCategory, ObservationFlag,
    ObservationStatus, PeriodUnit, Route, Sex, VerificationStatus,
};
pub use services::{
    AppointmentStatus, ClaimRelation, CostShare, EnrolmentStatus, FeePeriod, FollowUpStatus, GoalComparator,
    GoalMeasure, GoalPeriod, OrganisationKind, OrganisationNumberKind, PaymentMethod, SeriesFrequency, TelehealthRule,
    VisitMode, WaitlistStatus,
};
pub use word::UnknownWord;
pub use work::{
    Channel, MessageCategory, NotificationKind, RecallStatus, RequestCategory, RequestIntent, RequestStatus, TaskKind,
    TaskPool, TaskStatus, Urgency,
};
