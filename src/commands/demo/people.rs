//! People: a small synthetic network around those who wear the devices, who are patients in it.
//!
//! It is made in the background once the first sample is stored, so that nobody waits for it; where the demo ends
//! before, nothing of it is kept, and the next run makes it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::model::time::{Clock as _, SystemClock};
use crate::store::pool::Connector;
use crate::store::population::{AREAS, Population, WEARERS, has_patients};
use crate::telemetry::{Telemetry, chain};

/// Patients besides those who wear devices: for appointments, invoices and the like.
const PATIENTS_MIN: u32 = 60;
/// How often it is asked whether a sample is stored.
const POLL: Duration = Duration::from_millis(50);

/// Makes the network, unless the database has patients already. The demo goes on without it.
pub(super) async fn create_network(connector: Connector, telemetry: Arc<Telemetry>, hubs: u64, seed: u64) {
    if let Err(error) = make(&connector, &telemetry, hubs, seed).await {
        tracing::warn!("the synthetic network was not created, the next run retries: {}", chain(&*error));
    }
}

async fn make(connector: &Connector, telemetry: &Telemetry, hubs: u64, seed: u64) -> anyhow::Result<()> {
    while telemetry.balance().1.total() == 0 {
        sleep(POLL).await;
    }
    let mut connection = connector.without_statement_timeout().connect().await?;
    if has_patients(&mut connection).await? {
        return Ok(());
    }
    let patients = u32::try_from(hubs)?.max(PATIENTS_MIN);
    let seed = u32::try_from(seed % u64::from(u32::MAX))?;
    let mut population = Population::begin(&mut connection, patients, seed, SystemClock.now().day()).await?;
    for area in AREAS.iter().chain([&WEARERS]) {
        population.make(area).await?;
    }
    population.finish().await?;
    Ok(())
}
