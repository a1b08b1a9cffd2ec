-- Least privilege of a running server: a row for each check, of (name, state, found, remedy).
--
-- One statement that any login can run and that only reads the catalog, from PostgreSQL 15 on; check-server.sh and
-- `healthtrack doctor` run it. The state is ok, problem or unknown. What only a superuser sees is in
-- check-server-superuser.sql: where this login may run that, the names in `superusers` have no row here. Why each check
-- is there: privileges.md.
WITH RECURSIVE
-- The roles of HealthTrack, and the part that whoever holds one plays; the last two are the owner's.
known (role, part) AS (VALUES
    ('healthtrack_ingest', 'daemon'), ('healthtrack_roller', 'daemon'), ('healthtrack_portal', 'portal'),
    ('healthtrack_sign_in', 'sign-in'), ('healthtrack_auditor', 'auditor'), ('healthtrack_analyst', 'analyst'),
    ('healthtrack_migrator', NULL), ('healthtrack_care', NULL)),
here AS (SELECT oid, datname, datdba, datacl FROM pg_database WHERE datname = current_database()),
schema_of AS (
    SELECT oid, nspname, nspowner FROM pg_namespace WHERE nspname IN ('signal', 'care', 'access', 'api')),
-- Each role that a login holds, by whatever way. From PostgreSQL 16 on, who makes a role is given the right to grant it,
-- and does not hold it otherwise: those have is_held = false. On 15 there is no such column.
membership (login, role, is_held) AS (
    SELECT oid, oid, true FROM pg_roles WHERE rolcanlogin
    UNION
    SELECT m.login, a.roleid,
           m.is_held AND (coalesce((to_jsonb(a) ->> 'inherit_option')::boolean, true)
                          OR coalesce((to_jsonb(a) ->> 'set_option')::boolean, true))
    FROM membership m JOIN pg_auth_members a ON a.member = m.role),
-- The logins of HealthTrack's programs, and that of whoever asks this as one. One that can grant itself a part plays it;
-- only the owner may have made the roles.
login AS (
    SELECT r.*,
           array_remove(array_agg(DISTINCT k.part) FILTER (WHERE m.is_held OR NOT o.is_owner), NULL) AS parts,
           array_remove(array_agg(DISTINCT k.role) FILTER (WHERE m.is_held OR NOT o.is_owner), NULL) AS held,
           bool_or(k.part IS NULL AND k.role IS NOT NULL) AS has_owners_role, o.is_owner
    FROM pg_roles r
    CROSS JOIN LATERAL (
        SELECT EXISTS (SELECT FROM membership WHERE membership.login = r.oid AND is_held
                       AND role IN (SELECT datdba FROM here UNION ALL SELECT nspowner FROM schema_of)) AS is_owner) o
    JOIN membership m ON m.login = r.oid
    JOIN pg_roles g ON g.oid = m.role
    LEFT JOIN known k ON k.role = g.rolname
    GROUP BY r.oid, r.rolname, r.rolsuper, r.rolinherit, r.rolcreaterole, r.rolcreatedb, r.rolcanlogin, r.rolreplication,
             r.rolconnlimit, r.rolpassword, r.rolvaliduntil, r.rolbypassrls, r.rolconfig, o.is_owner
    HAVING count(k.role) > 0
        OR (r.rolname = session_user AND current_setting('application_name') = 'healthtrack')),

-- Settings: which value is right, for whom it counts (null: for everybody), and what to set.
rule (name, setting, is_right, parts, wanted) AS (VALUES
    ('log_failing_statement', 'log_min_error_statement', '^panic$', NULL, 'panic'),
    ('log_row_of_error', 'log_error_verbosity', '^terse$', NULL, 'terse'),
    ('log_parameters_of_error', 'log_parameter_max_length_on_error', '^0\D*$', NULL, '0'),
    ('log_parameters', 'log_parameter_max_length', '^0\D*$', NULL, '0'),
    ('log_statement', 'log_statement', '^(none|ddl)$', NULL, 'none'),
    ('log_slow_statement', 'log_min_duration_statement', '^-1', NULL, '-1'),
    ('log_slow_statement', 'log_min_duration_sample', '^-1', NULL, '-1'),
    ('log_slow_statement', 'log_transaction_sample_rate', '^0(\.0*)?$', NULL, '0'),
    ('log_slow_statement', 'auto_explain.log_min_duration', '^-1', NULL, '-1'),
    ('log_plan', 'debug_print_parse', '^(off|false|no|0)$', NULL, 'off'),
    ('log_plan', 'debug_print_rewritten', '^(off|false|no|0)$', NULL, 'off'),
    ('log_plan', 'debug_print_plan', '^(off|false|no|0)$', NULL, 'off'),
    ('password_encryption', 'password_encryption', '^scram-sha-256$', NULL, 'scram-sha-256'),
    ('tls', 'ssl', '^on$', NULL, 'on'),
    ('tls', 'ssl_min_protocol_version', '^TLSv1\.[23]$', NULL, 'TLSv1.2'),
    ('idle_transaction', 'idle_in_transaction_session_timeout', '[1-9]', '{portal,sign-in,auditor,analyst}', '1min'),
    ('statement_timeout', 'statement_timeout', '[1-9]', '{portal,sign-in}', '30s')),
-- A session takes the first of these that is there: of its login in this database, of its login, of the database, of
-- all logins, and the server's, which is hidden from a session that has another value.
assigned AS (
    SELECT s.setrole, s.setdatabase, split_part(item, '=', 1) AS setting, substr(item, strpos(item, '=') + 1) AS value,
           CASE WHEN s.setrole = 0 AND s.setdatabase = 0 THEN 'ALTER ROLE ALL'
                WHEN s.setrole = 0 THEN format('ALTER DATABASE %I', here.datname)
                WHEN s.setdatabase = 0 THEN format('ALTER ROLE %s', s.setrole::regrole)
                ELSE format('ALTER ROLE %s IN DATABASE %I', s.setrole::regrole, here.datname) END AS statement
    FROM here JOIN pg_db_role_setting s ON s.setdatabase IN (0, here.oid) CROSS JOIN unnest(s.setconfig) AS item),
setting AS (
    SELECT rule.name, rule.setting, rule.wanted, who.rolname AS login, rule.parts, rule.is_right, own.statement,
           coalesce(own.setrole, 0) <> 0 AS is_own, own.value IS NOT NULL OR s.name IS NOT NULL AS is_there,
           CASE WHEN own.value IS NOT NULL THEN own.value
                WHEN s.source NOT IN ('client', 'session', 'user', 'database user', 'database', 'global') THEN s.setting
                WHEN s.name IS NULL THEN rule.wanted END AS value
    FROM rule
    JOIN (SELECT oid, rolname, parts FROM login UNION ALL SELECT 0, NULL, NULL) who
        ON rule.parts IS NULL OR rule.parts::text[] && who.parts
    LEFT JOIN pg_settings s ON s.name = rule.setting
    LEFT JOIN LATERAL (
        SELECT setrole, value, statement FROM assigned WHERE assigned.setting = rule.setting AND setrole IN (0, who.oid)
        ORDER BY setrole = 0, setdatabase = 0 LIMIT 1) own ON true),
setting_check AS (
    SELECT name,
           CASE WHEN bool_or(value !~* is_right) THEN 'problem' WHEN bool_or(value IS NULL) THEN 'unknown' ELSE 'ok'
           END AS state,
           string_agg(DISTINCT format('%s is %s', setting, value), ', ') FILTER (WHERE is_there) AS fine,
           string_agg(DISTINCT format('%s is %s%s', setting, value, ' for ' || login), ', ')
               FILTER (WHERE value !~* is_right AND (login IS NULL OR is_own OR parts IS NOT NULL)) AS wrong,
           string_agg(DISTINCT CASE WHEN parts IS NOT NULL THEN format('ALTER ROLE %I SET %s = %L', login, setting, wanted)
                                    WHEN statement IS NOT NULL THEN format('%s RESET %s', statement, setting)
                                    ELSE format('ALTER SYSTEM SET %s = %L', setting, wanted) END, '; ')
               FILTER (WHERE value !~* is_right) AS remedy,
           string_agg(DISTINCT setting, ', ') FILTER (WHERE value IS NULL) AS hidden
    FROM setting GROUP BY name),

-- What else is to be looked at, in this order, and what is found where nothing is wrong.
fine (place, name, found) AS (VALUES
    (1, 'roles', 'the roles of HealthTrack are there, and none can log in or do more than its name says'),
    (2, 'login_attributes', 'no program''s login is SUPERUSER, BYPASSRLS, REPLICATION or CREATEDB'),
    (3, 'login_createrole', 'no program''s login makes roles that it should not'),
    (4, 'login_server_roles', 'no program''s login holds a role of the server'),
    (5, 'login_one_part', 'each login plays one part'),
    (6, 'login_maintains', 'healthtrack_migrator and healthtrack_care are held by the owner alone'),
    (7, 'login_owns', 'no program''s login but that which migrates owns anything here'),
    (7, 'login_parameters', 'no program''s login may set what only a superuser should'),
    (8, 'login_connections', 'each program''s login has a limit of connections, below the 64 chains of the audit'),
    (9, 'server_connections', 'the server has connections for all of them'),
    (20, 'owner', 'who owns the database and its functions is no superuser'),
    (21, 'database_public', 'only HealthTrack''s roles connect to this database, and none makes temporary tables'),
    (22, 'other_databases', 'no other database is open to everybody'),
    (23, 'statistics_public', 'statistics, locks and signals are closed to everybody'),
    (24, 'schema_create', 'nobody makes objects in a schema of others'),
    (25, 'function_public', 'no function that runs with its owner''s rights is open to everybody'),
    (26, 'extensions', 'no extension reaches files, programs or other servers'),
    (27, 'chunks_ahead', 'no partition of samples is of a day far ahead')),
-- A null in `found`, or no row, means that nothing is wrong.
wrong (name, found, remedy) AS (
    SELECT 'roles',
           string_agg(k.role || CASE WHEN r.oid IS NULL THEN ' is missing' ELSE ' has attributes of a login' END, ', '),
           CASE WHEN bool_or(r.oid IS NULL) THEN 'run deploy/roles.sql as a superuser'
                ELSE string_agg(format('ALTER ROLE %I NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOREPLICATION NOBYPASSRLS',
                                       k.role), '; ') END
    FROM known k LEFT JOIN pg_roles r ON r.rolname = k.role
    WHERE r.oid IS NULL OR r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication
       OR r.rolbypassrls
    UNION ALL
    SELECT 'login_attributes',
           string_agg(format('%I is%s', rolname, concat(
               CASE WHEN rolsuper THEN ' SUPERUSER' END, CASE WHEN rolbypassrls THEN ' BYPASSRLS' END,
               CASE WHEN rolreplication THEN ' REPLICATION' END, CASE WHEN rolcreatedb THEN ' CREATEDB' END)), ', '),
           string_agg(CASE WHEN cardinality(held) = 0 THEN 'let store.url name a login as deploy/roles.sql makes it'
                           ELSE format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS NOREPLICATION NOCREATEDB', rolname) END, '; ')
    FROM login WHERE rolsuper OR rolbypassrls OR rolreplication OR rolcreatedb
    UNION ALL
    SELECT 'login_createrole',
           string_agg(format('%I has CREATEROLE%s', rolname, CASE WHEN v.number < 160000 THEN
               ', which before PostgreSQL 16 runs programs of the operating system' END), ', '),
           string_agg(format('ALTER ROLE %I NOCREATEROLE', rolname), '; ')
    FROM login CROSS JOIN (SELECT current_setting('server_version_num')::integer AS number) v
    WHERE rolcreaterole AND NOT rolsuper AND (v.number < 160000 OR NOT is_owner)
    UNION ALL
    SELECT 'login_server_roles',
           string_agg(format('%I holds %s', l.rolname, g.rolname), ', '),
           string_agg(format('REVOKE %I FROM %I', g.rolname, l.rolname), '; ')
    FROM login l JOIN membership m ON m.login = l.oid JOIN pg_roles g ON g.oid = m.role WHERE g.rolname ~ '^pg_'
    UNION ALL
    SELECT 'login_one_part',
           string_agg(format('%I is %s', rolname,
                             array_to_string(parts || CASE WHEN is_owner THEN 'owner' END, ' and ')), ', '),
           string_agg(format('REVOKE all but one part of %s FROM %I', array_to_string(held, ', '), rolname), '; ')
    FROM login WHERE cardinality(parts) + is_owner::integer > 1
    UNION ALL
    SELECT 'login_maintains',
           string_agg(format('%I is let into every record', rolname), ', '),
           string_agg(format('REVOKE healthtrack_migrator, healthtrack_care FROM %I', rolname), '; ')
    FROM login WHERE has_owners_role AND NOT is_owner
    UNION ALL
    SELECT 'login_owns',
           string_agg(format('%I owns %s objects', rolname, owned), ', '),
           string_agg(format('REASSIGN OWNED BY %I TO %s', rolname,
                             (SELECT datdba::regrole FROM here)), '; ')
    FROM (SELECT l.rolname, count(*) AS owned
          FROM login l JOIN pg_shdepend d ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = l.oid
          WHERE d.deptype = 'o' AND d.dbid = (SELECT oid FROM here) AND NOT l.is_owner
          GROUP BY l.rolname) AS owner
    UNION ALL
    SELECT 'login_parameters', string_agg(format('%s may set %s', granted.grantee, parname), ', '),
           string_agg(format('REVOKE SET, ALTER SYSTEM ON PARAMETER %s FROM %s', parname, granted.grantee), '; ')
    FROM (SELECT DISTINCT parname, CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END AS grantee
          FROM pg_parameter_acl CROSS JOIN LATERAL aclexplode(paracl) AS a
          WHERE a.grantee = 0 OR a.grantee IN (SELECT m.role FROM login l JOIN membership m ON m.login = l.oid
                                               WHERE NOT l.rolsuper)) AS granted
    UNION ALL
    SELECT 'login_connections',
           string_agg(format('%I may open %s', rolname,
                             CASE rolconnlimit WHEN -1 THEN 'any number' ELSE rolconnlimit::text END), ', '),
           string_agg(format('ALTER ROLE %I CONNECTION LIMIT 32', rolname), '; ')
    FROM login WHERE rolconnlimit NOT BETWEEN 0 AND 63 AND NOT rolsuper
    UNION ALL
    SELECT 'server_connections',
           format('the logins may open %s connections, and the server has %s for all', wanted, there),
           format('ALTER SYSTEM SET max_connections = %s, then restart; or lower a login''s CONNECTION LIMIT',
                  wanted + (max_connections - there) + 10)
    FROM (SELECT sum(rolconnlimit) FILTER (WHERE rolconnlimit > 0) AS wanted FROM login) AS asked,
         (SELECT sum(setting::integer) FILTER (WHERE name = 'max_connections') AS max_connections,
                 sum(CASE name WHEN 'max_connections' THEN 1 ELSE -1 END * setting::integer) AS there
          FROM pg_settings
          WHERE name IN ('max_connections', 'superuser_reserved_connections', 'reserved_connections')) AS server
    WHERE wanted > there
    UNION ALL
    SELECT 'owner',
           string_agg(DISTINCT format('%I owns %s', r.rolname, o.what), ', '),
           'ALTER DATABASE … OWNER TO a login as deploy/roles.sql makes it; what stands in it moves by a dump without owners '
           || '(pg_dump -O) that this login restores'
    FROM (SELECT datdba AS owner, 'the database' AS what FROM here
          UNION ALL SELECT nspowner, 'schema ' || nspname FROM schema_of
          UNION ALL SELECT proowner, 'functions of ' || nspname FROM pg_proc JOIN schema_of ON schema_of.oid = pronamespace
                    WHERE prosecdef) AS o
    JOIN pg_roles r ON r.oid = o.owner WHERE r.rolsuper
    UNION ALL
    SELECT 'database_public',
           string_agg(format('everybody has %s', privilege_type), ' and '),
           'CALL access.restrict_database()'
    FROM here CROSS JOIN LATERAL aclexplode(coalesce(datacl, acldefault('d', datdba)))
    WHERE grantee = 0
    UNION ALL
    SELECT 'other_databases',
           string_agg(datname, ', ' ORDER BY datname) || ' open to everybody',
           format('REVOKE CONNECT, TEMPORARY ON DATABASE %s FROM PUBLIC',
                  string_agg(quote_ident(datname), ', ' ORDER BY datname))
    FROM pg_database
    WHERE datallowconn AND datname <> current_database()
      AND EXISTS (SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba)))
                  WHERE grantee = 0 AND privilege_type = 'CONNECT')
    UNION ALL
    -- The same functions as in access.restrict_database.
    SELECT 'statistics_public',
           format('everybody may execute %s functions of statistics, locks, signals and large objects', count(*)),
           'CALL access.restrict_database() as a superuser, in this database'
    FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace
      AND proname ~ ('^(pg_stat_get_|pg_lock_status|pg_blocking_pids|pg_safe_snapshot_blocking_pids|pg_terminate_backend'
                     '|pg_cancel_backend|pg_(try_)?advisory_|lo_|lowrite|loread|be_lo_|pg_notify)')
      AND EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0)
    HAVING count(*) > 0
    UNION ALL
    SELECT 'schema_create',
           'everybody may make objects in ' || string_agg(nspname, ', '),
           format('REVOKE CREATE ON SCHEMA %s FROM PUBLIC', string_agg(quote_ident(nspname), ', '))
    FROM pg_namespace
    WHERE EXISTS (SELECT FROM aclexplode(nspacl) WHERE grantee = 0 AND privilege_type = 'CREATE')
    UNION ALL
    SELECT 'function_public',
           string_agg(p.oid::regprocedure::text, ', ') || ' open to everybody',
           string_agg(format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC', p.oid::regprocedure), '; ')
    FROM pg_proc p JOIN schema_of ON schema_of.oid = pronamespace
    -- That of a trigger nobody can call.
    WHERE prosecdef AND prorettype <> 'trigger'::regtype AND EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee = 0)
    UNION ALL
    SELECT 'extensions',
           string_agg(extname, ', ') || ' reaches out of the database',
           string_agg(format('DROP EXTENSION %I', extname), '; ')
    FROM pg_extension
    WHERE extname IN ('dblink', 'postgres_fdw', 'file_fdw', 'adminpack', 'http', 'pg_net', 'plsh')
       OR EXISTS (SELECT FROM pg_depend d JOIN pg_language l ON l.oid = d.objid
                  WHERE d.classid = 'pg_language'::regclass AND d.refclassid = 'pg_extension'::regclass
                    AND d.refobjid = pg_extension.oid AND NOT l.lanpltrusted)
    UNION ALL
    SELECT 'chunks_ahead',
           format('%s partitions of samples are of days more than a month ahead', count(*)),
           'DROP TABLE ' || min('signal.' || quote_ident(c.relname)) || ', and each of them that is empty'
    FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid JOIN pg_class p ON p.oid = inhparent
    WHERE p.relname = 'block' AND p.relnamespace = (SELECT oid FROM schema_of WHERE nspname = 'signal')
      AND CASE WHEN c.relname ~ '^block_[0-9]{8}(_[0-9]{8})?$'
               THEN to_date(substr(c.relname, 7, 8), 'YYYYMMDD') > current_date + 31 END
    HAVING count(*) > 0),
-- Those of check-server-superuser.sql, for a login that may not run it.
superusers (place, name, what) AS (VALUES
    (40, 'password_hash', 'passwords'), (41, 'hba_error', 'pg_hba.conf'), (42, 'hba_trust', 'pg_hba.conf'),
    (43, 'hba_method', 'pg_hba.conf'), (44, 'hba_tls', 'pg_hba.conf'), (45, 'hba_address', 'pg_hba.conf'),
    (46, 'hba_role', 'pg_hba.conf')),
answer (place, name, state, found, remedy) AS (
    SELECT place, name, CASE WHEN wrong.found IS NULL THEN 'ok' ELSE 'problem' END, coalesce(wrong.found, fine.found),
           CASE WHEN wrong.found IS NOT NULL THEN remedy END
    FROM fine LEFT JOIN wrong USING (name)
    UNION ALL
    SELECT 10, name, state,
           CASE state WHEN 'problem' THEN wrong WHEN 'unknown' THEN hidden || ' of the server is hidden by this session''s own'
                      ELSE fine END,
           CASE state WHEN 'problem' THEN remedy || '; SELECT pg_reload_conf()'
                      WHEN 'unknown' THEN 'ask with a login that sets none' END
    FROM setting_check
    UNION ALL
    SELECT place, name, 'unknown', 'only a superuser sees ' || what, 'run deploy/check-server.sh with the URL of one'
    FROM superusers
    WHERE NOT (has_table_privilege('pg_authid', 'SELECT') AND has_table_privilege('pg_hba_file_rules', 'SELECT')
               AND has_function_privilege('pg_hba_file_rules()', 'EXECUTE')))
SELECT name, state, translate(found, E'\n\r\t', '   ') AS found, translate(remedy, E'\n\r\t', '   ') AS remedy
FROM answer ORDER BY place, name;
