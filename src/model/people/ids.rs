//! Keys of the record, each a type of its own. `PatientId(uuid)` says that this uuid is a patient's; nothing else
//! converts one.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])+ $name:ident)+) => {$(
        $(#[$doc])+
        #[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<$name, uuid::Error> {
                text.parse().map($name)
            }
        }
    )+};
}

ids! {
    /// An account: who may act.
    AccountId
    /// An address of a patient.
    AddressId
    /// An allergy of a patient.
    AllergyId
    /// An appointment.
    AppointmentId
    /// A participant's presence at a session of a programme.
    AttendanceId
    /// A care plan, whatever its edition.
    CarePlanId
    /// One edition of a care plan.
    CarePlanVersionId
    /// A charge on an invoice.
    ChargeId
    /// A claim to an insurer.
    ClaimId
    /// A report with findings and a conclusion.
    ClinicalReportId
    /// A condition of a patient.
    ConditionId
    /// A telephone number or mail address of a patient.
    ContactPointId
    /// An insurance that covers a patient.
    CoverageId
    /// A fill of a prescription.
    DispenseId
    /// A document attached to a record.
    DocumentId
    /// A visit or a stay.
    EncounterId
    /// A patient's enrolment in a programme.
    EnrolmentId
    /// A facility.
    FacilityId
    /// A follow-up that was recommended.
    FollowUpId
    /// What was done for a goal on a day.
    GoalEntryId
    /// A goal.
    GoalId
    /// A grant of access by a patient.
    GrantId
    /// A study of images.
    ImagingStudyId
    /// An invoice.
    InvoiceId
    /// A journal entry.
    JournalEntryId
    /// A journal entry's share with a provider.
    JournalShareId
    /// A laboratory order.
    LabOrderId
    /// A laboratory result.
    LabResultId
    /// A drug.
    MedicationId
    /// A message in a thread.
    MessageId
    /// A conversation between a patient and who cares.
    MessageThreadId
    /// A moderator's decision.
    ModerationId
    /// A notification to a patient over one channel.
    NotificationId
    /// An observation.
    ObservationId
    /// A patient: nothing that may leave the database.
    PatientId
    /// A name of a patient.
    PatientNameId
    /// A payment.
    PaymentId
    /// A post in a space of the community.
    PostId
    /// A prescription.
    PrescriptionId
    /// A procedure.
    ProcedureId
    /// A wellness programme.
    ProgrammeId
    /// A session of a programme.
    ProgrammeSessionId
    /// A provider.
    ProviderId
    /// That a patient is to come back.
    RecallId
    /// A refund.
    RefundId
    /// An answer to a post.
    ReplyId
    /// A member's report of a post or an answer.
    ReportId
    /// A request, as the audit names it.
    RequestId
    /// A review of a visit.
    ReviewId
    /// A room of a facility.
    RoomId
    /// What a provider asks others to do.
    ServiceRequestId
    /// A space of the community.
    SpaceId
    /// A member of a space.
    SpaceMemberId
    /// What somebody has to do for a patient.
    TaskId
    /// A visit by video, as its server knows it.
    TelehealthSessionId
    /// An entry of the wait-list.
    WaitlistEntryId
    /// A period in which a patient wears a device.
    WearId
}
