//! Bridge: a database of the former migrations, whose roles had no prefix, becomes one of today's.
//!
//! sqlx refuses a database whose recorded checksums are not those of the migrations at hand, and rightly. Before the
//! first release the migrations were edited once more: database roles belong to a whole server, and took names such as
//! `portal` that might have been somebody else's. A database that recorded exactly the former checksums is moved in one
//! transaction: roles, members, policies, grants, and each routine and view in its last definition; then it records
//! today's checksums. Whatever else differs stays refused. `tests/care/bridge.rs` compares the result with a fresh
//! database.

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _};

use super::definitions::definitions;
use super::recorded::{RecordedMigration, recorded, shipped};
use crate::store::StoreError;

/// Version and SHA-384 of each of the former migrations.
const FORMER: &str = include_str!("../../../schemas/bridge/0092_checksums.txt");
/// Members, policies and grants.
const ROLES: &str = include_str!("../../../schemas/bridge/0092_roles.sql");
/// The one routine that has another name in the migrations of today.
const RENAMED: &str = "ALTER FUNCTION care.keep_up() RENAME TO run_maintenance;";
/// The migration that makes the roles; it may be run again.
const MAKES_ROLES: i64 = 18;

/// Moves a database of the former migrations; false where it is none, and nothing was done.
pub(super) async fn bridge(connection: &mut PgConnection, migrations: &Migrator) -> Result<bool, StoreError> {
    let (found, former) = (recorded(connection).await?, former());
    if let Some(version) = stopped_at(&found, &former, &shipped(migrations)) {
        return Err(StoreError::FormerIncomplete { version });
    }
    if found != former {
        return Ok(false);
    }
    let step = StoreError::at("moving the database to roles of HealthTrack's own");
    let mut transaction = connection.begin().await.map_err(&step)?;
    // Two that move one database at once: the second waits, and finds it moved.
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended('healthtrack.bridge', 0))";
    sqlx::query(lock).execute(&mut *transaction).await.map_err(&step)?;
    if recorded(&mut transaction).await? != former {
        return Ok(false);
    }
    let roles = migrations.iter().filter(|migration| migration.version == MAKES_ROLES);
    let is_former = |version: i64| former.last().is_some_and(|(last, _)| version <= *last);
    let known = migrations.iter().filter(|migration| is_former(migration.version));
    let definitions = definitions(known.map(|migration| migration.sql.as_str()));
    let texts = roles.map(|migration| migration.sql.as_str()).chain([ROLES, RENAMED, &definitions]);
    for text in texts {
        sqlx::raw_sql(AssertSqlSafe(text)).execute(&mut *transaction).await.map_err(&step)?;
    }
    for migration in migrations.iter() {
        sqlx::query("UPDATE _sqlx_migrations SET checksum = $2 WHERE version = $1")
            .bind(migration.version)
            .bind(&*migration.checksum)
            .execute(&mut *transaction)
            .await
            .map_err(&step)?;
    }
    let left: Vec<(String, String)> =
        sqlx::query_as("SELECT former::text, left_because FROM former_role WHERE left_because <> '' ORDER BY 1")
            .fetch_all(&mut *transaction)
            .await
            .map_err(&step)?;
    transaction.commit().await.map_err(&step)?;
    tracing::info!("the database has been moved to roles that begin with healthtrack_");
    for (role, reason) in left {
        tracing::warn!(role.name = role, "a former role lost its rights here and was left on the server: {reason}");
    }
    Ok(true)
}

/// The last migration of a database that has only the first of the former ones; what came before the roles is the same
/// in those of today, which then go on from there.
fn stopped_at(found: &[RecordedMigration], former: &[RecordedMigration], shipped: &[RecordedMigration]) -> Option<i64> {
    let (last, _) = found.last()?;
    (found.len() < former.len() && former.starts_with(found) && !shipped.starts_with(found)).then_some(*last)
}

fn former() -> Vec<RecordedMigration> {
    let versions = FORMER.lines().filter_map(|line| line.split_once(' '));
    versions.filter_map(|(version, checksum)| Some((version.parse().ok()?, checksum.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_former_migration_has_a_version_and_a_checksum() {
        let former = former();
        assert_eq!(former.len(), FORMER.lines().count());
        assert!(former.is_sorted_by(|one, next| one.0 < next.0));
        for (version, checksum) in former {
            assert!(checksum.len() == 96 && checksum.bytes().all(|byte| byte.is_ascii_hexdigit()), "{version}");
        }
    }

    #[test]
    fn only_the_first_of_the_former_migrations_are_a_database_that_stopped_early() {
        let recorded = |checksums: &[&str]| -> Vec<RecordedMigration> {
            (1..).zip(checksums).map(|(version, checksum)| (version, (*checksum).to_owned())).collect()
        };
        let (former, shipped) = (recorded(&["a", "b", "c"]), recorded(&["a", "B", "C", "D"]));
        for (found, version) in [
            (&["a", "b"][..], Some(2)),
            (&["a", "b", "c"], None),
            (&["a", "b", "c", "d"], None),
            (&["a", "x"], None),
            (&["a", "B"], None),
            (&["a"], None),
            (&[], None),
        ] {
            assert_eq!(stopped_at(&recorded(found), &former, &shipped), version, "{found:?}");
        }
    }
}
