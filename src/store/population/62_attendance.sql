-- What hospitals and clinics ask of those who come, and some whom a desk lets book again.
INSERT INTO care.charge_code (charge_code, title, unit_price, currency) VALUES ('NO-SHOW', 'Missed visit', 25, 'USD') ON CONFLICT DO NOTHING;
INSERT INTO care.attendance_policy (facility_id, notice_hours, no_show_limit, within_days, charge_code)
SELECT facility_id, CASE category WHEN 'clinic' THEN 24 ELSE 48 END, CASE category WHEN 'clinic' THEN 1 ELSE 3 END, 365,
       CASE category WHEN 'clinic' THEN 'NO-SHOW' END
FROM care.facility WHERE category IN ('hospital', 'clinic', 'diagnostic_center');
INSERT INTO care.attendance_waiver (attendance_waiver_id, patient_id, facility_id, created_at, reason)
SELECT pg_temp.key('waiver', n), pg_temp.key('patient', n), a.facility_id, lower(a.during) + INTERVAL '3 days', 'The bus did not come'
FROM generate_series(0, pg_temp.patients() - 1, 34) AS n
JOIN care.appointment a ON a.appointment_id = pg_temp.key('visit2', n) AND a.status = 'no_show';
