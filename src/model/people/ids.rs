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
    /// An account that one administrator has proposed.
    AccountProposalId
    /// An address of a patient.
    AddressId
    /// That somebody works at a facility.
    AffiliationId
    /// An alert that a rule gave.
    AlertId
    /// An allergy of a patient.
    AllergyId
    /// An appointment.
    AppointmentId
    /// A series of appointments.
    AppointmentSeriesId
    /// A participant's presence at a session of a programme.
    AttendanceId
    /// Hours in which a provider sees patients.
    AvailabilityId
    /// A time at which a provider is away, or works longer.
    AvailabilityExceptionId
    /// A front desk's word that a patient may book again.
    AttendanceWaiverId
    /// A care plan, whatever its edition.
    CarePlanId
    /// One edition of a care plan.
    CarePlanVersionId
    /// That a provider cares for a patient.
    CareRelationshipId
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
    /// What an insurer said of a coverage.
    EligibilityAnswerId
    /// A visit or a stay.
    EncounterId
    /// A piece of equipment of a facility.
    EquipmentId
    /// A period in which a piece of equipment is out of service.
    EquipmentOutageId
    /// A patient's enrolment in a programme.
    EnrolmentId
    /// A department of a facility.
    DepartmentId
    /// A facility.
    FacilityId
    /// A service that a facility offers.
    FacilityServiceId
    /// A follow-up that was recommended.
    FollowUpId
    /// What was done for a goal on a day.
    GoalEntryId
    /// A goal.
    GoalId
    /// A request of an erasure.
    ErasureRequestId
    /// A grant of access by a patient.
    GrantId
    /// A study of images.
    ImagingStudyId
    /// A plan of an insurer.
    InsurancePlanId
    /// An insurer.
    InsurerId
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
    /// A period of a membership.
    MembershipId
    /// A price of a plan of membership.
    MembershipPriceId
    /// A message in a thread.
    MessageId
    /// A conversation between a patient and who cares.
    MessageThreadId
    /// A moderator's decision.
    ModerationId
    /// A note of a chart.
    NoteId
    /// A notification to a patient over one channel.
    NotificationId
    /// An observation.
    ObservationId
    /// An organisation that answers for facilities.
    OrganisationId
    /// A number by which others know an organisation.
    OrganisationIdentifierId
    /// A patient: nothing that may leave the database.
    PatientId
    /// A name of a patient.
    PatientNameId
    /// A payment.
    PaymentId
    /// A benefit of an insurer's plan.
    PlanBenefitId
    /// A contract with an insurer.
    PolicyId
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
    /// A degree, a certificate or a licence of a provider.
    QualificationId
    /// One edition of a questionnaire.
    QuestionnaireId
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
    /// A room or piece of equipment that an appointment holds.
    ResourceId
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
