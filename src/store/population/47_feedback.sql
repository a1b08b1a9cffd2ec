-- What patients say of visits that are over, some of the provider or the facility alone, and what was recommended after them.
INSERT INTO care.review (review_id, patient_id, appointment_id, provider_id, facility_id, provider_stars, facility_stars, body, state)
SELECT pg_temp.key('review', n), a.patient_id, a.appointment_id, a.provider_id, a.facility_id,
       CASE WHEN n % 10 <> 3 THEN 1 + floor(sqrt(pg_temp.chance('stars', n)) * 5)::integer END,
       CASE WHEN n % 10 <> 6 THEN 1 + floor(sqrt(pg_temp.chance('stars of place', n)) * 5)::integer END,
       pg_temp.pick('{Took time for me.,Had to wait long.,Explained it well.,Friendly people.}', 'review', n),
       CASE WHEN n % 50 = 9 THEN 'pending' ELSE 'published' END
FROM generate_series(0, pg_temp.patients() - 1, 3) AS n
JOIN care.appointment a ON a.appointment_id = pg_temp.key('visit1', n) AND a.status = 'completed';
INSERT INTO care.follow_up (follow_up_id, patient_id, appointment_id, due_during, reason)
SELECT pg_temp.key('follow-up', n), pg_temp.key('patient', n), pg_temp.key('visit1', n),
       daterange(pg_temp.today() + 10, pg_temp.today() + 40), 'Measure the blood pressure again.'
FROM generate_series(0, pg_temp.patients() - 1, 5) AS n;
