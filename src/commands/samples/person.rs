//! Person: whose devices are asked for, and when: a patient's samples are those of what the patient wore, each period
//! of wear by itself, half-open at the sample's start. Each time is an event of the audit.

use anyhow::ensure;
use sqlx::PgConnection;

use crate::care::samples::while_worn;
use crate::model::people::{AuditAction, PatientId};
use crate::store::archive::is_patient;
use crate::store::care::audit::append;
use crate::store::care::context::{Operator, SampleReader};
use crate::store::hot::Filter;

/// What is asked for, once for each period in which the patient wore something; none where nothing was worn.
pub(super) async fn of_patient(
    connection: &mut PgConnection,
    patient: PatientId,
    asked: &Filter,
) -> anyhow::Result<Vec<Filter>> {
    ensure!(is_patient(connection, &patient).await?, "no patient has this uuid; care.patient lists them");
    append(&mut Operator::on(connection), AuditAction::Export, patient, "signal.sample").await?;
    Ok(while_worn(&mut SampleReader::on(connection), patient, asked).await?)
}
