//! Database: how subcommands reach it, and what they say where it is not there or not up to date.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use sqlx::PgConnection;
use sqlx::postgres::PgPool;

use crate::config::Config;
use crate::context::Context;
use crate::store::migrate;
use crate::store::pool::Connector;
use crate::telemetry::Telemetry;

/// The configuration and the way to its database.
#[derive(Debug)]
pub(crate) struct Database {
    /// All sections.
    pub(crate) config: Config,
    connector: Connector,
}

impl Database {
    /// Reads defaults, `file` and the environment.
    pub(crate) fn read(file: Option<&Path>) -> anyhow::Result<Database> {
        let config = Config::load(file)?;
        let connector = Connector::new(&config.store)?;
        Ok(Database { config, connector })
    }

    /// Opens connections on which a statement may take as long as it needs.
    pub(crate) fn patient_connector(&self) -> Connector {
        self.connector.without_statement_timeout()
    }

    /// What rolls and erasures work with: such connections, the system's clock, and counts that nobody scrapes.
    pub(crate) fn context(&self) -> anyhow::Result<Context> {
        let telemetry = Telemetry::new().context("the metrics cannot be declared")?;
        Ok(Context::new(self.patient_connector(), Arc::new(telemetry))?)
    }

    /// One connection on which a statement may take as long as it needs: an export or an index takes minutes.
    pub(crate) async fn connect(&self) -> anyhow::Result<PgConnection> {
        self.patient_connector().connect().await.context(
            "cannot reach the database; check store.url (HEALTHTRACK__STORE__URL), or ask `healthtrack doctor`",
        )
    }

    /// One connection to a database whose schema is this version's.
    pub(crate) async fn ready(&self) -> anyhow::Result<PgConnection> {
        let mut connection = self.connect().await?;
        let is_current = migrate::is_current(&mut connection).await?;
        ensure!(is_current, "the database's schema is not up to date; run `healthtrack migrate` first");
        Ok(connection)
    }

    /// Connections to a database whose schema is this version's.
    pub(crate) async fn pool(&self) -> anyhow::Result<PgPool> {
        drop(self.ready().await?);
        Ok(self.connector.pool())
    }
}
