-- What was reported and found in order leaves the moderators' list until somebody reports it again, and the list goes on beyond
-- its first hundred.
--
-- A report counts from the last decision on that the post or reply is shown. Replaces a view and a function whose further arguments
-- may be left out, so a program of before reads on. Locks nothing. Undo: the view as of 59, over care.content_report, the function as of 140.
CREATE OR REPLACE VIEW care.community_report WITH (security_invoker = true) AS
SELECT report.space_id, report.post_id, report.reply_id, coalesce(reply.space_member_id, post.space_member_id) AS space_member_id,
       author.pseudonym, post.title, coalesce(reply.body, post.body) AS body,
       CASE WHEN reply.reply_id IS NULL THEN post.hidden_at ELSE reply.hidden_at END AS hidden_at,
       report.reports, report.reasons, report.reported_at
FROM (SELECT c.space_id, c.post_id, c.reply_id, count(*) AS reports, array_agg(DISTINCT c.reason ORDER BY c.reason) AS reasons,
             max(c.created_at) AS reported_at
      FROM care.content_report c
      WHERE NOT EXISTS (SELECT FROM care.moderation m
                        WHERE m.space_id = c.space_id AND m.post_id = c.post_id AND m.reply_id IS NOT DISTINCT FROM c.reply_id
                          AND m.action = 'show' AND m.decided_at >= c.created_at)
      GROUP BY c.space_id, c.post_id, c.reply_id) AS report
JOIN care.post ON post.post_id = report.post_id
LEFT JOIN care.reply ON reply.reply_id = report.reply_id
JOIN care.space_member author ON author.space_member_id = coalesce(reply.space_member_id, post.space_member_id);

DROP FUNCTION api.read_reports(text, uuid);
CALL access.publish('read_reports',
    'space uuid, before_reported timestamptz DEFAULT NULL, before_post uuid DEFAULT NULL, before_reply uuid DEFAULT NULL',
    'TABLE (post_id uuid, reply_id uuid, space_member_id uuid, pseudonym text, body text, reports bigint, reasons text[], hidden boolean,
            reported_at timestamptz)', $body$RETURN QUERY
    SELECT r.post_id, r.reply_id, r.space_member_id, r.pseudonym, r.body, r.reports, r.reasons, r.hidden_at IS NOT NULL, r.reported_at
    FROM care.community_report r
    WHERE r.space_id = space
      AND (before_post IS NULL OR (r.reported_at, r.post_id, coalesce(r.reply_id, r.post_id))
                                < (before_reported, before_post, coalesce(before_reply, before_post)))
    ORDER BY r.reported_at DESC, r.post_id DESC, coalesce(r.reply_id, r.post_id) DESC LIMIT 100;$body$,
    'What was reported in a space and is not settled, the latest first, 100 at most; a moderator sees all of it, a member the own reports.');
