-- Metformin for one in five: half fill it each month and are covered on every day, half every other month.
INSERT INTO care.medication (medication_id, code_system, code, name, ingredient, form, strength, strength_unit)
VALUES (pg_temp.key('medication', 1), 'rxnorm', '861007', 'Metformin 500 mg', 'metformin', 'tablet', 500, 'mg');
INSERT INTO care.prescription (prescription_id, patient_id, medication_id, prescriber_id, authored_at, valid_during, days_supply,
                               refills_allowed, times, dose_quantity, quantity, dose_unit, route, instructions)
SELECT pg_temp.key('prescription', n), pg_temp.key('patient', n), pg_temp.key('medication', 1),
       pg_temp.key('provider', n % pg_temp.providers()), pg_temp.today() - 181, daterange(pg_temp.today() - 181, pg_temp.today() + 180),
       30, 11, 2, 1, 60, '{tablet}', 'oral', 'One tablet with breakfast and one with dinner.'
FROM generate_series(0, pg_temp.patients() - 1, 5) AS n;
INSERT INTO care.dispense (patient_id, prescription_id, facility_id, filled_on, days_supply, quantity)
SELECT pg_temp.key('patient', n), pg_temp.key('prescription', n), pg_temp.facility_at(n % pg_temp.providers(), 3),
       pg_temp.today() - 180 + day, 30, 60
FROM generate_series(0, pg_temp.patients() - 1, 5) AS n, generate_series(0, 150, 30) AS day WHERE n % 10 = 0 OR day % 60 = 0;
INSERT INTO known_fact
SELECT 'adherence_pdc', pg_temp.key('patient', n), jsonb_build_object(
           'ingredient', 'metformin', 'from', pg_temp.today() - 180, 'to', pg_temp.today(), 'pdc', CASE WHEN n % 10 = 0 THEN 1.0 ELSE 0.5 END)
FROM generate_series(0, pg_temp.patients() - 1, 5) AS n;
