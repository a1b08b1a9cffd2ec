-- Access to records: each provider reads the record of the first of the own patients, which is explained, and three
-- snoopers read somebody else's, which nothing explains.
DO $$
DECLARE
    reading record;
BEGIN
    FOR reading IN
        SELECT n AS provider, n AS patient, false AS snoops FROM generate_series(0, least(pg_temp.providers(), 50) - 1) AS n
        UNION ALL SELECT n, n + 4, true FROM generate_series(0, 2) AS n
    LOOP
        PERFORM set_config('healthtrack.actor', pg_temp.key('provider account', reading.provider)::text, true);
        PERFORM access.audit('read', pg_temp.key('patient', reading.patient), 'chart', 'allowed');
        IF reading.snoops THEN
            INSERT INTO known_fact SELECT 'unexplained_access', pg_temp.key('patient', reading.patient),
                jsonb_build_object('actor', pg_temp.key('provider account', reading.provider));
        END IF;
    END LOOP;
    PERFORM set_config('healthtrack.actor', '', true);
END $$;
-- Who acts for others: a parent with an account for most children, an attorney for the schedule of some of the old.
WITH person AS (
    SELECT n, p.patient_id, p.born_on > pg_temp.today() - 6200 AS is_child, p.born_on < pg_temp.today() - 29000 AS is_old,
           min(n) FILTER (WHERE p.born_on BETWEEN pg_temp.today() - 29000 AND pg_temp.today() - 7300)
               OVER (ORDER BY n ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING) AS next_adult
    FROM generate_series(0, pg_temp.patients() - 1) AS n JOIN care.patient p ON p.patient_id = pg_temp.key('patient', n)
), near AS (
    INSERT INTO care.related_person (related_person_id, patient_id, relationship, roles, family, given, valid_during)
    SELECT pg_temp.key('acting', person.n), person.patient_id, CASE WHEN is_child THEN 'parent' ELSE 'attorney' END,
           CASE WHEN is_child THEN '{guardian}'::text[] ELSE '{power_of_attorney}' END, name.family, name.given,
           daterange(pg_temp.today() - 300, NULL)
    FROM person JOIN care.patient_name name ON name.patient_id = pg_temp.key('patient', next_adult) AND name.use = 'official' AND name.preferred
    WHERE (is_child OR is_old) AND pg_temp.chance('acting', person.n) < 0.7
    RETURNING patient_id, related_person_id
) INSERT INTO access.proxy (proxy_id, patient_id, account_id, related_person_id, verified_by, valid_during, kind, document,
                            jurisdiction, scopes, acts)
SELECT pg_temp.key('proxy', person.n), person.patient_id, pg_temp.key('account', next_adult), related_person_id,
       pg_temp.key('provider account', person.n % pg_temp.providers()), tstzrange(pg_temp.today() - 300, NULL),
       CASE WHEN is_child THEN 'parent' ELSE 'power_of_attorney' END,
       CASE WHEN is_child THEN 'Birth certificate, seen at the desk' ELSE 'Power of attorney, notarised' END, 'US',
       CASE WHEN is_child THEN '{chart,schedule,samples,billing}'::text[] ELSE '{schedule}' END,
       CASE WHEN is_child THEN '{schedule,consent,message}'::text[] ELSE '{schedule}' END
FROM person JOIN near USING (patient_id);
-- The last patient was registered twice: as the last but one, too.
INSERT INTO care.patient_link (patient_link_id, patient_id, survivor_id, reason)
SELECT pg_temp.key('link', 0), pg_temp.key('patient', pg_temp.patients() - 1), pg_temp.key('patient', pg_temp.patients() - 2),
       'Registered twice: the same person by name, birth date and telephone'
WHERE pg_temp.patients() > 20;
