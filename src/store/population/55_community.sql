-- Four spaces, where one patient in four is a member under a pseudonym, writes, answers and supports.
INSERT INTO care.space (space_id, name, topic, rules, created_at)
SELECT pg_temp.key('space', k), name, topic, 'Be kind, name nobody, and ask your provider before you change a treatment.',
       pg_temp.today() - INTERVAL '300 days'
FROM (VALUES (0, 'Living with diabetes', 'Food, movement and glucose in daily life'), (1, 'Sleep', 'Nights, and what helps'),
             (2, 'After a stay in hospital', 'Coming home again'), (3, 'On the move', 'Walking, running, swimming')) AS s (k, name, topic);
INSERT INTO care.space_member (space_member_id, space_id, pseudonym, created_at)
SELECT pg_temp.key('member', n), pg_temp.key('space', n / 4 % 4),
       pg_temp.pick('{Quiet,Brave,Early,Sunny,Blue,Slow}', 'pseudonym', n) || ' '
       || pg_temp.pick('{Otter,Heron,Maple,River,Lynx,Finch}', 'animal', n) || ' ' || n, pg_temp.today() - INTERVAL '100 days'
FROM generate_series(0, pg_temp.patients() - 1, 4) AS n;
INSERT INTO care.space_identity (space_member_id, space_id, patient_id)
SELECT pg_temp.key('member', n), pg_temp.key('space', n / 4 % 4), pg_temp.key('patient', n)
FROM generate_series(0, pg_temp.patients() - 1, 4) AS n;
INSERT INTO care.post (post_id, space_id, space_member_id, title, body, created_at)
SELECT pg_temp.key('post', n), pg_temp.key('space', n / 4 % 4), pg_temp.key('member', n),
       pg_temp.pick('{What helped me,A question,A good week,How do you do it?}', 'title', n),
       pg_temp.pick('{Ten minutes after each meal made a difference.,How do you keep going in winter?,I slept through for the first time.}', 'body', n),
       pg_temp.today() - make_interval(days => 1 + n % 60)
FROM generate_series(0, pg_temp.patients() - 1, 8) AS n;
-- The member before in the same space answers and supports.
INSERT INTO care.reply (reply_id, space_id, post_id, space_member_id, body, created_at)
SELECT pg_temp.key('reply', n), pg_temp.key('space', n / 4 % 4), pg_temp.key('post', n), pg_temp.key('member', n - 16),
       'Thank you, the same here.', pg_temp.today() - make_interval(days => n % 60)
FROM generate_series(16, pg_temp.patients() - 1, 8) AS n;
INSERT INTO care.post_support (post_id, space_member_id, space_id, created_at)
SELECT pg_temp.key('post', n), pg_temp.key('member', n - 16), pg_temp.key('space', n / 4 % 4),
       pg_temp.today() - make_interval(days => n % 60)
FROM generate_series(16, pg_temp.patients() - 1, 8) AS n;
