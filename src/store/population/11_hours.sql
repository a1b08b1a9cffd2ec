-- Hours and services: hospitals and urgent care are always open, the others on working days.
INSERT INTO care.opening_hours (facility_id, weekday, opens_minute, closes_minute)
SELECT facility_id, d, CASE WHEN always THEN 0 ELSE 480 END, CASE WHEN always THEN 1440 ELSE 1080 END
FROM (SELECT facility_id, category IN ('hospital', 'urgent_care') AS always FROM care.facility) AS f,
     generate_series(1, 7) AS d WHERE always OR d < 6;
INSERT INTO care.facility_service (facility_id, service)
SELECT f.facility_id, s.service FROM care.facility f JOIN care.service s ON s.service = ANY (CASE f.category
    WHEN 'hospital' THEN '{emergency,intensive_care,maternity,x_ray,laboratory}'::text[]
    WHEN 'clinic' THEN '{vaccination,blood_draw,diabetes_care,telehealth}'
    WHEN 'diagnostic_center' THEN '{mri,ct,x_ray,ultrasound,laboratory}'
    WHEN 'pharmacy' THEN '{night_pharmacy,home_delivery}'
    WHEN 'wellness_center' THEN '{fitness,yoga,nutrition}'
    WHEN 'urgent_care' THEN '{x_ray,laboratory}'
    ELSE '{physiotherapy}' END);
INSERT INTO care.facility_service (facility_id, service, name, duration_minutes, capacity)
SELECT f.facility_id, c.service, c.name, c.minutes, c.capacity FROM care.facility f, (VALUES
    ('wellness_center', 'yoga', 'Yoga for beginners', 60, 16), ('wellness_center', 'fitness', 'Strength circle', 45, 12),
    ('wellness_center', NULL, 'Massage', 50, 1), ('hospital', 'maternity', 'Birth class', 120, 20)
) AS c (category, service, name, minutes, capacity) WHERE c.category = f.category;
