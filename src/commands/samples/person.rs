//! Person: whose devices are asked for, and when: a patient's samples are those of what the patient wore, each period
//! of wear by itself, half-open at the sample's start. Each time is an event of the audit.

use anyhow::ensure;
use sqlx::PgConnection;

use crate::model::ids::PatientId;
use crate::store::archive::{Worn, WornBy, is_patient, worn};
use crate::store::hot::Filter;
use crate::store::reference::audit::note;

/// What is asked for, once for each period in which the patient wore something; none where nothing was worn.
pub(super) async fn of_patient(
    connection: &mut PgConnection,
    patient: PatientId,
    asked: &Filter,
) -> anyhow::Result<Vec<Filter>> {
    ensure!(is_patient(connection, &patient).await?, "no patient has this uuid; look into care.patient");
    note(connection, "export", &patient, "signal.sample").await?;
    let worn = worn(connection, WornBy { patient: Some(&patient), from: asked.from, to: asked.to }).await?;
    let within = |worn: Worn| Filter {
        from: Some(asked.from.map_or(worn.from, |from| from.max(worn.from))),
        to: [asked.to, worn.to].into_iter().flatten().min(),
        device: Some(worn.device),
        metric: asked.metric,
    };
    Ok(worn.into_iter().map(within).collect())
}
