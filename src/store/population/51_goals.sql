-- A plan of one patient in six, with a goal that the wearable counts and one that is written down.
INSERT INTO care.care_plan (care_plan_id, patient_id, provider_id, title)
SELECT pg_temp.key('plan', n), pg_temp.key('patient', n), pg_temp.key('provider', n % pg_temp.providers()), 'More movement'
FROM generate_series(0, pg_temp.patients() - 1, 6) AS n;
INSERT INTO care.care_plan_version (care_plan_version_id, patient_id, care_plan_id, author_id, edition, summary)
SELECT pg_temp.key('edition', n), pg_temp.key('patient', n), pg_temp.key('plan', n),
       pg_temp.key('provider', n % pg_temp.providers()), 1, 'Walk each day, and write down what you drink.'
FROM generate_series(0, pg_temp.patients() - 1, 6) AS n;
INSERT INTO care.goal (goal_id, patient_id, care_plan_id, title, metric, measure, comparator, target, unit, per, pursued_during)
SELECT pg_temp.key('goal ' || measured, n), pg_temp.key('patient', n), pg_temp.key('plan', n), title, metric, 'sum',
       'at_least', target, unit, 'day', daterange(pg_temp.today() - 30, pg_temp.today() + 60)
FROM generate_series(0, pg_temp.patients() - 1, 6) AS n,
     (VALUES ('steps', '8,000 steps a day', 'step_count', 8000, NULL),
             ('water', 'Two litres of water a day', NULL, 2, 'L')) AS wanted (measured, title, metric, target, unit);
INSERT INTO care.goal_entry (goal_entry_id, patient_id, goal_id, done_on, value)
SELECT pg_temp.key('water ' || day, n), pg_temp.key('patient', n), pg_temp.key('goal water', n), pg_temp.today() - day,
       round((1 + 1.5 * pg_temp.chance('water ' || day, n))::numeric, 1)
FROM generate_series(0, pg_temp.patients() - 1, 6) AS n, generate_series(1, 5) AS day;
