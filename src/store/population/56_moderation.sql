-- What members report, and what a moderator decides: one post in forty is reported and hidden.
INSERT INTO care.content_report (content_report_id, space_id, post_id, space_member_id, reason, created_at)
SELECT pg_temp.key('reported', n), pg_temp.key('space', n / 4 % 4), pg_temp.key('post', n), pg_temp.key('member', n - 16), 'dangerous_advice',
       pg_temp.today() - INTERVAL '20 hours'
FROM generate_series(16, pg_temp.patients() - 1, 40) AS n;
INSERT INTO care.moderation (moderation_id, space_id, account_id, post_id, decided_at, action, reason)
SELECT pg_temp.key('decision', n), pg_temp.key('space', n / 4 % 4), pg_temp.key('moderator account', 0),
       pg_temp.key('post', n), pg_temp.today() - INTERVAL '16 hours', 'hide', 'Advises to leave out medicines.'
FROM generate_series(16, pg_temp.patients() - 1, 40) AS n;
