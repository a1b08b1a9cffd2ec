//! RecordedMigration: which migrations a database says were applied to it, and what today's would record.

use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnection;

use crate::store::StoreError;

/// Version and checksum, in hexadecimal digits.
pub(super) type RecordedMigration = (i64, String);

/// The migrations that were applied, by version; none where there is no table of them.
pub(super) async fn recorded(connection: &mut PgConnection) -> Result<Vec<RecordedMigration>, StoreError> {
    let step = StoreError::at("reading the applied migrations");
    let exists: bool = sqlx::query_scalar("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await
        .map_err(&step)?;
    if !exists {
        return Ok(Vec::new());
    }
    sqlx::query_as("SELECT version, encode(checksum, 'hex') FROM _sqlx_migrations WHERE success ORDER BY version")
        .fetch_all(connection)
        .await
        .map_err(&step)
}

/// What a database records once every migration at hand was applied.
pub(super) fn shipped(migrations: &Migrator) -> Vec<RecordedMigration> {
    let digits = |checksum: &[u8]| checksum.iter().map(|byte| format!("{byte:02x}")).collect();
    migrations.iter().map(|migration| (migration.version, digits(&migration.checksum))).collect()
}
