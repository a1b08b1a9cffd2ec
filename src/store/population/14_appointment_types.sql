-- Kinds of visit, what they need, and the equipment of hospitals, clinics and centres; one piece in nine is being repaired.
INSERT INTO care.appointment_type (appointment_type, title, minutes, before_minutes, after_minutes, telehealth, desk_only) VALUES
    ('consultation', 'Consultation', 30, 0, 0, 'allowed', false), ('video_visit', 'Visit by video', 30, 0, 0, 'only', false),
    ('short_visit', 'Short visit', 15, 0, 0, 'allowed', false), ('physical_exam', 'Physical examination', 60, 0, 10, 'never', false),
    ('ecg', 'Electrocardiogram', 30, 0, 0, 'never', true), ('stress_test', 'Stress test', 45, 15, 15, 'never', true),
    ('ultrasound', 'Ultrasound', 30, 5, 5, 'never', true), ('physiotherapy', 'Physiotherapy', 30, 5, 10, 'never', false),
    ('vaccination', 'Vaccination', 10, 0, 5, 'never', false), ('counselling', 'Counselling', 50, 0, 10, 'allowed', false);
INSERT INTO care.appointment_type_specialty (appointment_type, specialty) VALUES
    ('stress_test', 'cardiology'), ('stress_test', 'internal_medicine'), ('ultrasound', 'radiology'), ('ultrasound', 'cardiology'),
    ('counselling', 'psychology'), ('counselling', 'psychiatry'), ('counselling', 'nutrition');
INSERT INTO care.appointment_type_resource (appointment_type, kind, count) VALUES
    ('physical_exam', 'room', 1), ('ecg', 'ecg', 1), ('stress_test', 'room', 1), ('stress_test', 'ecg', 1), ('stress_test', 'treadmill', 1),
    ('ultrasound', 'ultrasound', 1), ('physiotherapy', 'treatment_table', 1), ('vaccination', 'room', 1);
INSERT INTO care.equipment (equipment_id, facility_id, in_service_during, kind, name)
SELECT pg_temp.key('equipment' || e.kind || k, n), pg_temp.key('facility', n), daterange(pg_temp.today() - 900, NULL), e.kind, e.name || ' ' || k
FROM generate_series(0, 55) AS n JOIN care.facility f ON f.facility_id = pg_temp.key('facility', n)
CROSS JOIN (VALUES
    ('hospital', 'ecg', 'ECG', 3), ('hospital', 'ultrasound', 'Ultrasound', 2), ('hospital', 'x_ray', 'X-ray', 1),
    ('hospital', 'treadmill', 'Treadmill', 1), ('hospital', 'infusion_chair', 'Chair', 4), ('clinic', 'ecg', 'ECG', 2),
    ('clinic', 'spirometer', 'Spirometer', 1), ('clinic', 'treatment_table', 'Table', 2), ('clinic', 'treadmill', 'Treadmill', 1),
    ('diagnostic_center', 'ultrasound', 'Ultrasound', 2), ('diagnostic_center', 'x_ray', 'X-ray', 2),
    ('urgent_care', 'ecg', 'ECG', 1), ('rehabilitation_center', 'treatment_table', 'Table', 4)
) AS e (category, kind, name, most) CROSS JOIN LATERAL generate_series(1, e.most) AS k
WHERE e.category = f.category;
INSERT INTO care.equipment_outage (equipment_outage_id, equipment_id, during, reason)
SELECT pg_temp.key('outage', n), pg_temp.key('equipmentecg1', n),
       tstzrange(pg_temp.today()::timestamptz - INTERVAL '2 days', pg_temp.today()::timestamptz + INTERVAL '12 days'), 'Cable is replaced'
FROM generate_series(0, 55, 21) AS n WHERE EXISTS (SELECT FROM care.equipment WHERE equipment_id = pg_temp.key('equipmentecg1', n));
