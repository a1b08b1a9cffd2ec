//! Keys, days and words of the record as Postgres sends and takes them: `uuid`, `date` and `text`.
//!
//! The types are the model's, which knows no database, so what sqlx wants of them stands here.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{Decode, Encode, Postgres, Type};
use uuid::Uuid;

use crate::model::people::*;
use crate::model::time::{DAY_US, Day, Timestamp};

/// Object id of `date` in `pg_type`, fixed for ever; by its name it would be asked for over each connection.
const DATE: Oid = Oid(1082);
/// The same of `date[]`.
const DATE_ARRAY: Oid = Oid(1182);
/// Days from 1970 to 2000, where Postgres begins to count.
const POSTGRES_EPOCH_DAYS: i64 = 10_957;

macro_rules! keys {
    ($($name:ident)+) => {$(
        impl Type<Postgres> for $name {
            fn type_info() -> PgTypeInfo {
                <Uuid as Type<Postgres>>::type_info()
            }
        }

        impl PgHasArrayType for $name {
            fn array_type_info() -> PgTypeInfo {
                <Uuid as PgHasArrayType>::array_type_info()
            }
        }

        impl Encode<'_, Postgres> for $name {
            fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
                <Uuid as Encode<'_, Postgres>>::encode_by_ref(&self.0, buffer)
            }
        }

        impl<'r> Decode<'r, Postgres> for $name {
            fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
                <Uuid as Decode<'r, Postgres>>::decode(value).map($name)
            }
        }
    )+};
}

keys! {
    AccountId AccountProposalId AddressId AffiliationId AlertId AllergyId AppointmentId AppointmentSeriesId AttendanceId
    AttendanceWaiverId AvailabilityExceptionId AvailabilityId CarePlanId CarePlanVersionId CareRelationshipId ChargeId
    ClaimId ClinicalReportId ConditionId ContactPointId CoverageId DepartmentId DispenseId DocumentId
    EligibilityAnswerId EncounterId EnrolmentId EquipmentId EquipmentOutageId ErasureRequestId FacilityId
    FacilityServiceId FollowUpId GoalEntryId GoalId GrantId ImagingStudyId InsurancePlanId InsurerId InvoiceId
    JournalEntryId JournalShareId LabOrderId LabResultId MedicationId MembershipId MembershipPriceId MessageId
    MessageThreadId ModerationId NoteId NotificationId ObservationId OrganisationId OrganisationIdentifierId PatientId
    PatientNameId PaymentId PlanBenefitId PolicyId PostId PrescriptionId ProcedureId ProgrammeId ProgrammeSessionId
    ProviderId QualificationId QuestionnaireId RecallId RefundId ReplyId ReportId RequestId ResourceId ReviewId RoomId
    ServiceRequestId SpaceId SpaceMemberId TaskId TelehealthSessionId WaitlistEntryId WearId
}

macro_rules! texts {
    ($($name:ident)+) => {$(
        impl Type<Postgres> for $name {
            fn type_info() -> PgTypeInfo {
                <&str as Type<Postgres>>::type_info()
            }

            fn compatible(other: &PgTypeInfo) -> bool {
                <&str as Type<Postgres>>::compatible(other)
            }
        }

        impl PgHasArrayType for $name {
            fn array_type_info() -> PgTypeInfo {
                <&str as PgHasArrayType>::array_type_info()
            }
        }

        impl Encode<'_, Postgres> for $name {
            fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
                <&str as Encode<'_, Postgres>>::encode_by_ref(&self.as_str(), buffer)
            }
        }

        impl<'r> Decode<'r, Postgres> for $name {
            fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
                Ok(<&str as Decode<'r, Postgres>>::decode(value)?.parse::<$name>()?)
            }
        }
    )+};
}

texts! {
    AddressUse AllergyCategory AllergyClinicalStatus AllergyCriticality AllergyVerificationStatus AppointmentStatus
    AuditAction AuditOutcome BirthDate Channel ClaimRelation ClinicalStatus ConditionCodeSystem ConditionSeverity
    ContactSystem ContactUse CostShare EncounterClass EnrolmentStatus ErasureGround ErasureStatus FeePeriod
    FollowUpStatus GoalComparator GoalMeasure GoalPeriod GrantPurpose IdentifierSystem LabAbsentReason LabFlag
    LabResultStatus MessageCategory ModerationAction NameUse NotificationKind ObservationAbsence ObservationCategory
    ObservationFlag ObservationStatus OrganisationKind OrganisationNumberKind PaymentMethod PeriodUnit RecallStatus
    RecordPart ReportReason RequestCategory RequestIntent RequestStatus Role Route Scope Sensitivity SeriesFrequency
    Sex TaskKind TaskPool TaskStatus TelehealthRule Urgency VerificationStatus VisitMode WaitlistStatus
}

impl PgHasArrayType for Day {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(DATE_ARRAY)
    }
}

impl Type<Postgres> for Day {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(DATE)
    }
}

impl Encode<'_, Postgres> for Day {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        let days = self.start().micros().div_euclid(DAY_US) - POSTGRES_EPOCH_DAYS;
        buffer.extend(&i32::try_from(days)?.to_be_bytes());
        Ok(IsNull::No)
    }
}

impl<'r> Decode<'r, Postgres> for Day {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        match value.format() {
            PgValueFormat::Binary => {
                let days = i64::from(i32::from_be_bytes(value.as_bytes()?.try_into()?)) + POSTGRES_EPOCH_DAYS;
                Ok(Timestamp::from_micros(days.saturating_mul(DAY_US))?.day())
            }
            PgValueFormat::Text => Err("days are read from prepared statements only".into()),
        }
    }
}
