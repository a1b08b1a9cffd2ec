-- Cookies of :sessions sessions of the account with a :login, one a line.
WITH made AS MATERIALIZED (
    SELECT decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex') AS token
    FROM generate_series(1, :sessions)
), opened AS MATERIALIZED (
    SELECT token, access.open_session(:'login', sha256(token), '15 minutes', '12 hours') FROM made
)
SELECT 'local-session=' || encode(token, 'hex') FROM opened
