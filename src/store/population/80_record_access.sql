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
