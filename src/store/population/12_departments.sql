-- Departments: of hospitals, clinics and wellness centres, some with hours of their own; rooms and staff in them.
INSERT INTO care.department (department_id, facility_id, kind, name, phone)
SELECT pg_temp.key('department' || d.kind, n), pg_temp.key('facility', n), d.kind, d.name,
       CASE WHEN d.phoned THEN '+1217556' || lpad(n::text, 4, '0') END
FROM generate_series(0, 55) AS n JOIN (VALUES
    (0, 'emergency', 'Emergency department', true), (0, 'radiology', 'Imaging', false), (0, 'laboratory', 'Laboratory', false),
    (0, 'obstetrics', 'Women and birth', false), (1, 'primary_care', 'Family practice', true),
    (1, 'laboratory', 'Blood draw', false), (4, 'wellness', 'Movement', false)
) AS d (category, kind, name, phoned) ON d.category = n % 7;
INSERT INTO care.department_hours (department_hours_id, department_id, weekday, opens_minute, closes_minute)
SELECT pg_temp.key('department hours' || h.kind || d, n), pg_temp.key('department' || h.kind, n), d, h.opens, h.closes
FROM generate_series(0, 55, 7) AS n CROSS JOIN (VALUES ('emergency', 0, 1440, 7), ('laboratory', 360, 1200, 6)) AS h (kind, opens, closes, days)
CROSS JOIN generate_series(1, h.days) AS d;
UPDATE care.room SET department_id = pg_temp.key('department' || CASE WHEN n % 7 = 0 THEN 'emergency' ELSE 'primary_care' END, n)
FROM generate_series(0, 55) AS n WHERE room_id = pg_temp.key('room1', n) AND n % 7 < 2;
