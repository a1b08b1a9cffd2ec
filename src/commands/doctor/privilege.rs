//! Whether the server gives each program's login the least that it needs, as far as this login can see.
//!
//! What is wrong here stops nothing from working, so it is warned of.

use sqlx::PgConnection;

use super::finding::Findings;
use crate::store::privilege::{CheckState, ServerCheck, check_privileges};

pub(super) async fn check(connection: &mut PgConnection, findings: &mut Findings) -> anyhow::Result<()> {
    for ServerCheck { name, state, found, remedy } in check_privileges(connection).await? {
        let (what, advice) = (format!("privilege {name}: {found}"), remedy.unwrap_or_default());
        match state {
            CheckState::Ok => findings.ok(what),
            CheckState::Problem => findings.warn(what, advice),
            CheckState::Unknown => findings.unknown(what, advice),
        }
    }
    Ok(())
}
