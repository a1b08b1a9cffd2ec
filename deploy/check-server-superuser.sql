-- Least privilege of a running server, as far as only a superuser sees it: passwords and pg_hba.conf.
--
-- The second half of check-server.sql, which says whether this login may run it; rows of the same form.
WITH
rule AS (
    SELECT r.*, coalesce(address LIKE '127.%' AND netmask LIKE '255.%' OR address IN ('::1', 'localhost', 'samehost'), false)
              AS is_this_machine,
           -- From PostgreSQL 16 on a file may include others.
           format('%sline %s', nullif(to_jsonb(r) ->> 'file_name', current_setting('hba_file')) || ' ', line_number) AS place,
           concat_ws(' ', type, array_to_string(database, ','), array_to_string(user_name, ','), address, auth_method)
               AS written
    FROM pg_hba_file_rules AS r),
accepted AS (SELECT *, format('%s (%s)', place, written) AS shown FROM rule WHERE error IS NULL AND auth_method <> 'reject'),
fine (place, name, found) AS (VALUES
    (40, 'password_hash', 'every password is kept as scram-sha-256'),
    (41, 'hba_error', 'pg_hba.conf can be read'),
    (42, 'hba_trust', 'nobody is let in without being asked who it is'),
    (43, 'hba_method', 'over the network who connects proves it by scram-sha-256, a certificate or a server of logins'),
    (44, 'hba_tls', 'nobody connects from another machine without TLS'),
    (45, 'hba_address', 'each rule names the addresses that it is for'),
    (46, 'hba_role', 'each rule for this database names the logins that it is for')),
wrong (name, found, remedy) AS (
    SELECT 'password_hash', string_agg(rolname, ', ') || ' with a password kept as md5',
           string_agg(format('\password %I', rolname), '; ') || ' in psql, with password_encryption = ''scram-sha-256'''
    FROM pg_authid WHERE rolcanlogin AND rolpassword LIKE 'md5%'
    UNION ALL
    SELECT 'hba_error', string_agg(format('%s: %s', place, error), ', '),
           'correct it: until then the rules of the last time that it could be read are in force'
    FROM rule WHERE error IS NOT NULL
    UNION ALL
    SELECT 'hba_trust', string_agg(shown, ', '), 'write peer (local) or scram-sha-256 instead of trust'
    FROM accepted WHERE auth_method = 'trust'
    UNION ALL
    SELECT 'hba_method', string_agg(shown, ', '), 'write scram-sha-256 instead'
    FROM accepted WHERE auth_method IN ('password', 'md5', 'ident')
    UNION ALL
    SELECT 'hba_tls', string_agg(shown, ', '), 'write hostssl instead'
    FROM accepted WHERE type IN ('host', 'hostnossl') AND NOT is_this_machine
    UNION ALL
    SELECT 'hba_address', string_agg(shown, ', '), 'write the network of the program''s machine instead'
    FROM accepted WHERE address = 'all' OR netmask IN ('0.0.0.0', '::')
    UNION ALL
    SELECT 'hba_role', string_agg(shown, ', '), 'write a line for each login instead, as in deploy/pg_hba.conf'
    FROM accepted
    WHERE type <> 'local' AND 'all' = ANY (user_name)
      AND database && ARRAY['all', 'sameuser', 'samerole', 'samegroup', current_database()::text])
SELECT name, CASE WHEN wrong.found IS NULL THEN 'ok' ELSE 'problem' END AS state,
       translate(coalesce(wrong.found, fine.found), E'\n\r\t', '   ') AS found,
       CASE WHEN wrong.found IS NOT NULL THEN translate(remedy || CASE WHEN name ~ '^hba' THEN '; SELECT pg_reload_conf()'
                                                                       ELSE '' END, E'\n\r\t', '   ') END AS remedy
FROM fine LEFT JOIN wrong USING (name)
ORDER BY place;
