-- Whoever rolls asks which database it is in as the daemon does, also where the server does not say which one it is.
--
-- The claim to an archive names the database. It asked pg_control_system() itself, which rented servers refuse to
-- logins that are no superusers; signal.database_here() (0095) passes that over.
-- Grants only. Undo: revoke them.
GRANT EXECUTE ON FUNCTION signal.database_here() TO healthtrack_roller, healthtrack_migrator;
