//! Context: what nearly every part of the program works with, handed on as one value.

use std::sync::Arc;

use crate::model::metric::{Catalogue, CatalogueError};
use crate::model::time::{Clock, SystemClock};
use crate::store::pool::Connector;
use crate::telemetry::Telemetry;

/// The way to the database, the clock, the counts, and what is measured. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Context {
    /// Opens connections to the database.
    pub connector: Connector,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Counts.
    pub telemetry: Arc<Telemetry>,
    /// What is measured.
    pub catalogue: Arc<Catalogue>,
}

impl Context {
    /// A context with the system's clock and the metrics of this version.
    pub fn new(connector: Connector, telemetry: Arc<Telemetry>) -> Result<Context, CatalogueError> {
        let catalogue = Arc::new(Catalogue::builtin()?);
        Ok(Context { connector, clock: Arc::new(SystemClock), telemetry, catalogue })
    }

    /// The same context with connections on which a statement may take as long as it needs.
    pub fn without_statement_timeout(&self) -> Context {
        Context { connector: self.connector.without_statement_timeout(), ..self.clone() }
    }
}
