//! Whom a visitor of the demo can be. A portal without a playbill has no URL by which anybody becomes somebody without
//! a password, and only the demo makes one: it takes the connection of the demo's own database.

use sqlx::PgConnection;
use tokio::sync::Mutex;

use crate::store::care::context::Operator;
use crate::store::care::error::CareError;
use crate::store::care::session::SessionToken;
use crate::store::care::sign_in::{Player, confirm_played, players};
use crate::store::pool::Connector;

/// Whom a visitor can be, read when it is first asked for: the network is made while the demo runs.
#[derive(Debug)]
pub struct Playbill {
    connector: Connector,
    connection: Mutex<Option<PgConnection>>,
}

impl Playbill {
    /// Of the demo's own database.
    pub fn of(connector: Connector) -> Playbill {
        Playbill { connector, connection: Mutex::new(None) }
    }

    /// Who can be played by now.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn players(&self) -> Result<Vec<Player>, CareError> {
        let mut held = self.connection.lock().await;
        let mut connection = self.connected(held.take()).await?;
        let found = players(&mut Operator::on(&mut connection)).await?;
        *held = Some(connection);
        Ok(found)
    }

    /// Confirms a session of somebody who is played.
    ///
    /// # Errors
    /// The database's.
    pub(super) async fn confirm(&self, login: &str, token: &SessionToken) -> Result<(), CareError> {
        let mut held = self.connection.lock().await;
        let mut connection = self.connected(held.take()).await?;
        confirm_played(&mut Operator::on(&mut connection), login, token).await?;
        *held = Some(connection);
        Ok(())
    }

    async fn connected(&self, held: Option<PgConnection>) -> Result<PgConnection, CareError> {
        match held {
            Some(connection) => Ok(connection),
            None => Ok(self.connector.connect().await?),
        }
    }
}
