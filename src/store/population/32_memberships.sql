-- One member in five is premium. One in three is charged by the month and renews itself, and a few have changed to premium.
INSERT INTO care.membership_price (plan, currency, per, amount, valid_during)
SELECT plan, 'USD', per, amount, days::daterange
FROM (VALUES ('regular', 'month', 0, '[2020-01-01,)'), ('regular', 'year', 0, '[2020-01-01,)'), ('premium', 'month', 24.9, '[2020-01-01, 2026-01-01)'),
             ('premium', 'month', 29.9, '[2026-01-01,)'), ('premium', 'year', 299, '[2020-01-01,)')) AS price (plan, per, amount, days);
UPDATE care.membership_plan SET notice_days = 14 WHERE plan = 'premium';
INSERT INTO care.membership (membership_id, patient_id, plan, valid_during)
SELECT pg_temp.key('membership', n), pg_temp.key('patient', n), CASE WHEN n % 5 = 0 THEN 'premium' ELSE 'regular' END,
       tstzrange(pg_temp.today() - 400, CASE n % 3 WHEN 0 THEN pg_temp.today() - 70 ELSE pg_temp.today() + 400 END)
FROM generate_series(0, pg_temp.patients() - 1) AS n;
CREATE TEMPORARY TABLE member ON COMMIT DROP AS
SELECT n, period, pg_temp.key('member' || period, n) AS membership_id, pg_temp.key('patient', n) AS patient_id,
       CASE WHEN n % 5 = 0 OR n % 9 = 0 AND period > 1 THEN 'premium' ELSE 'regular' END AS plan, anchor AS anchored_at,
       tstzrange(anchor + (period - 1) * INTERVAL '1 month', anchor + period * INTERVAL '1 month') AS valid_during
FROM generate_series(0, pg_temp.patients() - 1, 3) AS n, generate_series(1, 3) AS period,
     LATERAL (SELECT (pg_temp.today() - 70)::timestamptz AS anchor) AS begun;
INSERT INTO care.membership (membership_id, patient_id, plan, valid_during, anchored_at, period, auto_renew, renewed, currency, per)
SELECT membership_id, patient_id, plan, valid_during, anchored_at, period, true, period < 3, 'USD', 'month' FROM member;
INSERT INTO care.membership_fee (patient_id, membership_id, charged_at, covers, amount, currency, kind)
SELECT m.patient_id, m.membership_id, lower(m.valid_during), m.valid_during, p.amount, 'USD', 'period'
FROM member m JOIN care.membership_price p ON p.plan = m.plan AND p.per = 'month' AND p.valid_during @> lower(m.valid_during)::date;
