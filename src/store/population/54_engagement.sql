-- What those who take part say and measure, and who came to a wellness centre.
INSERT INTO care.progress_update (progress_update_id, patient_id, enrolment_id, noted_at, measure, unit, value)
SELECT pg_temp.key('progress' || k, n), pg_temp.key('patient', n), pg_temp.key('enrolment', n),
       pg_temp.today() - make_interval(days => 60 - 14 * k) + INTERVAL '8 hours', 'body_weight', 'kg',
       round((70 + 30 * pg_temp.chance('weight', n) - k * pg_temp.chance('loss', n))::numeric, 1)
FROM generate_series(5, pg_temp.patients() - 1, 8) AS n, generate_series(1, 3) AS k;
INSERT INTO care.programme_feedback (programme_feedback_id, patient_id, programme_id, enrolment_id, rating, comment)
SELECT pg_temp.key('feedback', n), pg_temp.key('patient', n), pg_temp.key('programme', n / 8 % 8), pg_temp.key('enrolment', n),
       3 + floor(pg_temp.chance('feedback', n) * 3)::integer, pg_temp.pick('{Good company.,I walk more now.,Too early in the day.}', 'feedback', n)
FROM generate_series(5, pg_temp.patients() - 1, 16) AS n;
INSERT INTO care.centre_visit (centre_visit_id, patient_id, facility_id, present_during)
SELECT pg_temp.key('centre' || k, n), pg_temp.key('patient', n), pg_temp.facility_at(n % pg_temp.providers(), 4), tstzrange(at, at + INTERVAL '70 minutes')
FROM generate_series(3, pg_temp.patients() - 1, 6) AS n, generate_series(1, 3) AS k,
     LATERAL (SELECT pg_temp.today()::timestamptz - make_interval(days => 7 * k) + make_interval(hours => 16 + n % 5) AS at) AS moment;
SELECT care.refresh_engagement(pg_temp.today() - 60, pg_temp.today() + 1);
