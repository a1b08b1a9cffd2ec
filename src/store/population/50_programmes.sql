-- A walking programme in each wellness centre, over by now: one patient in eight took part, and every other completed it.
INSERT INTO care.programme (programme_id, facility_id, capacity, sessions_needed, enrolment_during, runs_during, topic, title, description)
SELECT pg_temp.key('programme', c), pg_temp.facility_at(c, 4), 10000, 4,
       tstzrange(pg_temp.today() - 90, pg_temp.today() - 61), daterange(pg_temp.today() - 60, pg_temp.today() - 10),
       'walking', 'Walk together', 'Four walks of an hour, with a talk after each.'
FROM generate_series(0, 7) AS c;
INSERT INTO care.programme_session (programme_session_id, programme_id, facility_id, during, title)
SELECT pg_temp.key('session' || k, c), pg_temp.key('programme', c), pg_temp.facility_at(c, 4), tstzrange(at, at + INTERVAL '1 hour'), 'Walk ' || k
FROM generate_series(0, 7) AS c, generate_series(1, 4) AS k,
     LATERAL (SELECT pg_temp.today()::timestamptz - make_interval(days => 60 - 7 * k) + INTERVAL '17 hours' AS at) AS moment;
INSERT INTO care.enrolment (enrolment_id, patient_id, programme_id, asked_at, admitted_at, status)
SELECT pg_temp.key('enrolment', n), pg_temp.key('patient', n), pg_temp.key('programme', n / 8 % 8), pg_temp.today() - 80, pg_temp.today() - 80, 'enrolled'
FROM generate_series(5, pg_temp.patients() - 1, 8) AS n;
INSERT INTO care.attendance (patient_id, programme_id, enrolment_id, programme_session_id, attended_at)
SELECT pg_temp.key('patient', n), pg_temp.key('programme', n / 8 % 8), pg_temp.key('enrolment', n), pg_temp.key('session' || k, n / 8 % 8),
       pg_temp.today()::timestamptz - make_interval(days => 60 - 7 * k) + INTERVAL '17 hours'
FROM generate_series(5, pg_temp.patients() - 1, 8) AS n, generate_series(1, 4) AS k WHERE n % 16 = 5 OR k < 3;
UPDATE care.enrolment SET status = 'completed', completed_at = pg_temp.today() - 30
WHERE enrolment_id IN (SELECT pg_temp.key('enrolment', n) FROM generate_series(5, pg_temp.patients() - 1, 16) AS n);
INSERT INTO known_fact
SELECT 'programme_completion', pg_temp.key('enrolment', n), jsonb_build_object('completed', n % 16 = 5)
FROM generate_series(5, pg_temp.patients() - 1, 8) AS n;
