//! Person: whose devices are asked for, and when: a patient's samples are those of what the patient wore, each period
//! of wear by itself, half-open at the sample's start. Each time is an event of the audit.

use anyhow::ensure;
use sqlx::PgConnection;

use crate::care::samples::begin_export;
use crate::model::people::PatientId;
use crate::store::archive::is_patient;
use crate::store::care::context::Operator;
use crate::store::hot::Filter;

/// What is asked for, once for each period in which the patient wore something; none where nothing was worn.
pub(super) async fn of_patient(
    connection: &mut PgConnection,
    patient: PatientId,
    asked: &Filter,
) -> anyhow::Result<Vec<Filter>> {
    ensure!(is_patient(connection, &patient).await?, "no patient has this uuid; care.patient lists them");
    Ok(begin_export(&mut Operator::on(connection), patient, asked).await?)
}
