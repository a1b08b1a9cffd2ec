//! Faults of a server: each is found by one check and no other.

/// A check, a fault that it has to find, and how that is undone.
pub(super) const FAULTS: [(&str, &str, &str); 43] = [
    ("roles", "ALTER ROLE healthtrack_portal CREATEDB", "ALTER ROLE healthtrack_portal NOCREATEDB"),
    ("login_attributes", "ALTER ROLE health_portal BYPASSRLS", "ALTER ROLE health_portal NOBYPASSRLS"),
    ("login_attributes", "ALTER ROLE health_numbers SUPERUSER", "ALTER ROLE health_numbers NOSUPERUSER"),
    ("login_createrole", "ALTER ROLE health_portal CREATEROLE", "ALTER ROLE health_portal NOCREATEROLE"),
    (
        "login_server_roles",
        "GRANT pg_read_server_files TO health_daemon",
        "REVOKE pg_read_server_files FROM health_daemon",
    ),
    ("login_one_part", "GRANT healthtrack_analyst TO health_portal", "REVOKE healthtrack_analyst FROM health_portal"),
    // By way of another login.
    ("login_one_part", "GRANT health_sign_in TO health_portal", "REVOKE health_sign_in FROM health_portal"),
    ("login_one_part", "GRANT healthtrack_ingest TO health_owner", "REVOKE healthtrack_ingest FROM health_owner"),
    ("login_maintains", "GRANT healthtrack_care TO health_numbers", "REVOKE healthtrack_care FROM health_numbers"),
    ("login_maintains", "GRANT healthtrack_migrator TO health_audit", "REVOKE healthtrack_migrator FROM health_audit"),
    ("login_owns", "CREATE SCHEMA own AUTHORIZATION health_daemon", "DROP SCHEMA own"),
    (
        "login_connections",
        "ALTER ROLE health_portal CONNECTION LIMIT -1",
        "ALTER ROLE health_portal CONNECTION LIMIT 32",
    ),
    (
        "login_connections",
        "ALTER ROLE health_sign_in CONNECTION LIMIT 64; ALTER ROLE health_portal CONNECTION LIMIT 8;
         ALTER ROLE health_daemon CONNECTION LIMIT 8",
        "ALTER ROLE health_sign_in CONNECTION LIMIT 8; ALTER ROLE health_portal CONNECTION LIMIT 32;
         ALTER ROLE health_daemon CONNECTION LIMIT 32",
    ),
    (
        "login_parameters",
        "GRANT SET ON PARAMETER session_replication_role TO healthtrack_roller",
        "REVOKE SET ON PARAMETER session_replication_role FROM healthtrack_roller",
    ),
    (
        "server_connections",
        "ALTER ROLE health_numbers CONNECTION LIMIT 60",
        "ALTER ROLE health_numbers CONNECTION LIMIT 8",
    ),
    (
        "idle_transaction",
        "ALTER ROLE health_portal RESET idle_in_transaction_session_timeout",
        "ALTER ROLE health_portal SET idle_in_transaction_session_timeout = '1min'",
    ),
    (
        "statement_timeout",
        "ALTER ROLE health_sign_in SET statement_timeout = 0",
        "ALTER ROLE health_sign_in SET statement_timeout = '30s'",
    ),
    (
        "log_failing_statement",
        "ALTER DATABASE health SET log_min_error_statement = error",
        "ALTER DATABASE health RESET log_min_error_statement",
    ),
    ("log_row_of_error", "ALTER SYSTEM SET log_error_verbosity = verbose", "ALTER SYSTEM RESET log_error_verbosity"),
    (
        "log_parameters_of_error",
        "ALTER SYSTEM SET log_parameter_max_length_on_error = 64",
        "ALTER SYSTEM RESET log_parameter_max_length_on_error",
    ),
    (
        "log_parameters",
        "ALTER ROLE ALL SET log_parameter_max_length = -1",
        "ALTER ROLE ALL RESET log_parameter_max_length",
    ),
    (
        "log_statement",
        "ALTER ROLE health_portal IN DATABASE health SET log_statement = mod",
        "ALTER ROLE health_portal IN DATABASE health RESET log_statement",
    ),
    (
        "log_slow_statement",
        "ALTER ROLE health_numbers SET log_min_duration_statement = '5s'",
        "ALTER ROLE health_numbers RESET log_min_duration_statement",
    ),
    (
        "log_slow_statement",
        "ALTER DATABASE health SET log_transaction_sample_rate = 0.01",
        "ALTER DATABASE health RESET log_transaction_sample_rate",
    ),
    (
        "log_plan",
        "ALTER ROLE health_daemon SET debug_print_plan = on",
        "ALTER ROLE health_daemon RESET debug_print_plan",
    ),
    ("password_encryption", "ALTER SYSTEM SET password_encryption = md5", "ALTER SYSTEM RESET password_encryption"),
    ("tls", "ALTER SYSTEM SET ssl_min_protocol_version = 'TLSv1'", "ALTER SYSTEM RESET ssl_min_protocol_version"),
    ("owner", "ALTER DATABASE health OWNER TO healthtrack", "ALTER DATABASE health OWNER TO health_owner"),
    (
        "owner",
        "ALTER FUNCTION access.audit_program(text, uuid, text) OWNER TO healthtrack",
        "ALTER FUNCTION access.audit_program(text, uuid, text) OWNER TO health_owner",
    ),
    (
        "database_public",
        "GRANT TEMPORARY ON DATABASE health TO PUBLIC",
        "REVOKE TEMPORARY ON DATABASE health FROM PUBLIC",
    ),
    (
        "other_databases",
        "GRANT CONNECT ON DATABASE postgres TO PUBLIC",
        "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC",
    ),
    (
        "statistics_public",
        "GRANT EXECUTE ON FUNCTION pg_stat_get_numscans(oid) TO PUBLIC",
        "REVOKE EXECUTE ON FUNCTION pg_stat_get_numscans(oid) FROM PUBLIC",
    ),
    ("schema_create", "GRANT CREATE ON SCHEMA public TO PUBLIC", "REVOKE CREATE ON SCHEMA public FROM PUBLIC"),
    (
        "function_public",
        "GRANT EXECUTE ON FUNCTION access.audit_program(text, uuid, text) TO PUBLIC",
        "REVOKE EXECUTE ON FUNCTION access.audit_program(text, uuid, text) FROM PUBLIC",
    ),
    ("extensions", "CREATE EXTENSION dblink", "DROP EXTENSION dblink"),
    ("chunks_ahead", "SELECT signal.ensure_chunk('2100-01-01')", "DROP TABLE signal.block_21000101"),
    (
        "password_hash",
        "SET password_encryption = md5; ALTER ROLE health_numbers PASSWORD 'health_numbers'",
        "RESET password_encryption; ALTER ROLE health_numbers PASSWORD 'health_numbers'",
    ),
    ("hba_error", "hostsl health health_numbers 127.0.0.1/32 scram-sha-256", ""),
    ("hba_trust", "local health health_numbers trust", ""),
    ("hba_method", "hostssl health health_numbers 127.0.0.1/32 md5", ""),
    ("hba_tls", "host health health_numbers 10.20.3.0/24 scram-sha-256", ""),
    ("hba_address", "hostssl health health_numbers 0.0.0.0/0 scram-sha-256", ""),
    ("hba_role", "hostssl all all 10.20.3.0/24 scram-sha-256", ""),
];
