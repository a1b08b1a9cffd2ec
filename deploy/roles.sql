-- Roles, logins and the database: what a superuser runs once on a server, before the first `healthtrack migrate`.
--
--   psql -v ON_ERROR_STOP=1 -f roles.sql
--
-- It is the same on every version of Postgres. The login that migrates gets no CREATEROLE, which on PostgreSQL 15 would
-- let it run programs of the operating system (privileges.md). Logins and the database may be named otherwise; the roles
-- that begin with healthtrack_ may not, and the comment marks them as HealthTrack's. No password stands here, where it
-- would stay in a file and in the server's log: afterwards `\password health_owner` and so on, in psql.

CREATE ROLE healthtrack_ingest NOLOGIN;
COMMENT ON ROLE healthtrack_ingest IS 'HealthTrack: what one kind of its programs may do.';
CREATE ROLE healthtrack_roller NOLOGIN;
COMMENT ON ROLE healthtrack_roller IS 'HealthTrack: what one kind of its programs may do.';
CREATE ROLE healthtrack_portal NOLOGIN;
COMMENT ON ROLE healthtrack_portal IS 'HealthTrack: what one kind of its programs may do.';
CREATE ROLE healthtrack_care NOLOGIN;
COMMENT ON ROLE healthtrack_care IS 'HealthTrack: what one kind of its programs may do.';
CREATE ROLE healthtrack_sign_in NOLOGIN;
COMMENT ON ROLE healthtrack_sign_in IS 'HealthTrack: what one kind of its programs may do.';
CREATE ROLE healthtrack_auditor NOLOGIN;
COMMENT ON ROLE healthtrack_auditor IS 'HealthTrack: what one kind of its programs may do.';
CREATE ROLE healthtrack_analyst NOLOGIN;
COMMENT ON ROLE healthtrack_analyst IS 'HealthTrack: what one kind of its programs may do.';
CREATE ROLE healthtrack_migrator NOLOGIN;
COMMENT ON ROLE healthtrack_migrator IS 'HealthTrack: what one kind of its programs may do.';

-- Owns the schema: `healthtrack migrate`, and nothing that runs all day.
CREATE ROLE health_owner LOGIN CONNECTION LIMIT 4;
GRANT healthtrack_migrator, healthtrack_care TO health_owner;

-- `healthtrack serve`: eleven connections as it comes (store.connections_max, ingest.lanes, and one for the shard), as
-- many for a standby, and some for commands. healthtrack_roller only with an archive.
CREATE ROLE health_daemon LOGIN CONNECTION LIMIT 32;
GRANT healthtrack_ingest, healthtrack_roller TO health_daemon;

-- Acts for people, by functions of schema api.
CREATE ROLE health_portal LOGIN CONNECTION LIMIT 32;
GRANT healthtrack_portal TO health_portal;
ALTER ROLE health_portal SET statement_timeout = '30s';
ALTER ROLE health_portal SET idle_in_transaction_session_timeout = '1min';

-- Opens sessions, and nothing else.
CREATE ROLE health_sign_in LOGIN CONNECTION LIMIT 8;
GRANT healthtrack_sign_in TO health_sign_in;
ALTER ROLE health_sign_in SET statement_timeout = '30s';
ALTER ROLE health_sign_in SET idle_in_transaction_session_timeout = '1min';

-- `healthtrack audit`.
CREATE ROLE health_audit LOGIN CONNECTION LIMIT 4;
GRANT healthtrack_auditor TO health_audit;
ALTER ROLE health_audit SET idle_in_transaction_session_timeout = '1min';

-- care.insight_*: counts of many people.
CREATE ROLE health_numbers LOGIN CONNECTION LIMIT 8;
GRANT healthtrack_analyst TO health_numbers;
ALTER ROLE health_numbers SET idle_in_transaction_session_timeout = '1min';

-- `pg_dump`: reads every row of every person, and writes none. Row-level security binds the owner, whose dump is refused.
-- Without BYPASSRLS a dump would be short; where your server grants it to nobody, a superuser makes the dumps.
CREATE ROLE health_backup LOGIN BYPASSRLS CONNECTION LIMIT 2;
GRANT pg_read_all_data TO health_backup;

CREATE DATABASE health OWNER health_owner;
GRANT CONNECT ON DATABASE health TO health_backup;

-- What a login may not do in its own database it could do in one that is open to everybody. `healthtrack migrate` closes
-- its own.
REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC;
