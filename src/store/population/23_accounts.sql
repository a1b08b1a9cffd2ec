-- Who works beside providers: a desk, a biller and a manager at each facility, those of the whole network, and how the
-- accounts of great power came to be: one confirmed, one withdrawn, one that stands.
INSERT INTO access.account (account_id, facility_id, part, login)
SELECT pg_temp.key(part || ' account', n), pg_temp.key('facility', n), part, replace(part, '_', '.') || n || '@example.org'
FROM generate_series(0, 55) AS n, unnest('{front_desk,biller,facility_manager}'::text[]) AS part;
INSERT INTO access.account (account_id, part, login)
SELECT pg_temp.key(part || ' account', n), part, replace(part, '_', '.') || n || '@example.org'
FROM unnest('{network_admin,privacy_officer,clinical_quality,moderator,analyst,operator}'::text[]) AS part, generate_series(0, 1) AS n
WHERE part = 'network_admin' OR n = 0;
INSERT INTO access.account_proposal (account_proposal_id, proposed_by, decided_by, proposed_at, until_at, decided_at, part,
                                     login, outcome)
SELECT pg_temp.key('account proposal', n), pg_temp.key('network_admin account', n % 2),
       CASE outcome WHEN 'confirmed' THEN pg_temp.key('network_admin account', 1) WHEN 'withdrawn' THEN pg_temp.key('network_admin account', n % 2) END,
       asked.at, asked.at + INTERVAL '72 hours', CASE WHEN outcome IS NOT NULL THEN asked.at + INTERVAL '5 hours' END, part, login, outcome
FROM (VALUES (0, 400, 'privacy_officer', 'privacy.officer0@example.org', 'confirmed'),
             (1, 90, 'network_admin', 'network.admin7@example.org', 'withdrawn'),
             (2, 0, 'network_admin', 'network.admin2@example.org', NULL)) AS told (n, days, part, login, outcome),
     LATERAL (SELECT (pg_temp.today() - days)::timestamp AT TIME ZONE 'UTC' + INTERVAL '9 hours' AS at) AS asked;
-- Most licences were verified with their issuer.
UPDATE care.qualification q
SET verified_by = pg_temp.key('network_admin account', 0), verified_at = (pg_temp.today() - 30)::timestamp AT TIME ZONE 'UTC'
FROM generate_series(0, pg_temp.providers() - 1) AS n
WHERE q.provider_id = pg_temp.key('provider', n) AND q.kind = 'license' AND n % 10 <> 7;
