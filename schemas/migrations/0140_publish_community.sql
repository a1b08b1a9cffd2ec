-- The community through `api`: spaces, posts, replies, reports and what moderators decide.
--
-- Nothing here tells who is who: others are known by the name that they have in a space, so nothing is a look at a record.
-- What members write leaves an event that names neither account nor patient (access.note_unsigned), since either would
-- tell who stands behind a pseudonym: its row says by which pseudonym, and the chain proves that it was there. Moderators
-- decide under their own names. Locks nothing. Undo: drop them.
CREATE FUNCTION access.note_unsigned(action text, resource text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    event access.audit_event;
BEGIN
    event.part := 'member';
    event.action := note_unsigned.action;
    event.resource := note_unsigned.resource;
    event.outcome := 'allowed';
    PERFORM access.append_event(event);
END $$;
COMMENT ON FUNCTION access.note_unsigned(text, text) IS 'Appends what a member of the community does, in this transaction, without account and patient.';
REVOKE EXECUTE ON FUNCTION access.note_unsigned(text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.note_unsigned(text, text) TO healthtrack_care;

CALL access.publish('join_space', 'space uuid, pseudonym text', 'uuid', $body$
    answer := care.join_space(space, pseudonym);
    PERFORM access.note_unsigned('create', 'care.space_member/' || answer);$body$,
    'Joins a space by a name of one''s own there; gives the member.');
CALL access.publish('leave_space', 'space uuid', 'boolean', $body$
    answer := care.leave_space(space);
    IF answer THEN
        PERFORM access.note_unsigned('update', 'care.space_member/'
            || (SELECT i.space_member_id FROM care.space_identity i WHERE i.space_id = space));
    END IF;$body$,
    'Leaves a space; whether the actor was in it.');
CALL access.publish('read_space', 'space uuid, before timestamptz',
    'TABLE (post_id uuid, pseudonym text, title text, body text, created_at timestamptz, supports bigint, replies bigint, own boolean)',
    $body$RETURN QUERY SELECT p.post_id, p.pseudonym, p.title, p.body, p.created_at, p.supports, p.replies, p.own FROM care.community_post p
    WHERE p.space_id = space AND p.created_at < before ORDER BY p.created_at DESC, p.post_id LIMIT 100;$body$,
    'Posts of a space before a moment, the latest first, 100 at most.');
CALL access.publish('write_post', 'space uuid, title text, body text', 'uuid', $body$
    -- Without a membership the member stays empty and is refused by the policy.
    INSERT INTO care.post (space_id, space_member_id, title, body)
    VALUES (space, (SELECT i.space_member_id FROM care.space_identity i WHERE i.space_id = space), write_post.title, write_post.body)
    RETURNING post_id INTO answer;
    PERFORM access.note_unsigned('create', 'care.post/' || answer);$body$,
    'Writes a post; gives its key.');
CALL access.publish('write_reply', 'post uuid, body text', 'uuid', $body$
    INSERT INTO care.reply (space_id, post_id, space_member_id, body)
    SELECT shown.space_id, post, own.space_member_id, write_reply.body
    FROM (SELECT) AS once LEFT JOIN care.post AS shown ON shown.post_id = post
    LEFT JOIN care.space_identity AS own ON own.space_id = shown.space_id RETURNING reply_id INTO answer;
    PERFORM access.note_unsigned('create', 'care.reply/' || answer);$body$,
    'Replies to a post; gives the reply''s key.');
CALL access.publish('read_replies', 'post uuid, after timestamptz',
    'TABLE (reply_id uuid, pseudonym text, body text, created_at timestamptz, own boolean)',
    $body$RETURN QUERY SELECT r.reply_id, r.pseudonym, r.body, r.created_at, r.own FROM care.community_reply r
    WHERE r.post_id = post AND r.created_at > after ORDER BY r.created_at, r.reply_id LIMIT 100;$body$,
    'Replies to a post after a moment, in order, 100 at most.');
CALL access.publish('support_post', 'post uuid, given boolean', 'void', $body$
    IF given THEN
        INSERT INTO care.support (space_id, post_id, space_member_id)
        SELECT shown.space_id, post, own.space_member_id
        FROM (SELECT) AS once LEFT JOIN care.post AS shown ON shown.post_id = post
        LEFT JOIN care.space_identity AS own ON own.space_id = shown.space_id
        ON CONFLICT (post_id, space_member_id) DO UPDATE SET withdrawn_at = NULL;
    ELSE
        UPDATE care.support s SET withdrawn_at = now()
        WHERE s.post_id = post AND s.withdrawn_at IS NULL
          AND s.space_member_id IN (SELECT i.space_member_id FROM care.space_identity i);
    END IF;
    IF given OR FOUND THEN
        PERFORM access.note_unsigned(CASE WHEN given THEN 'create' ELSE 'update' END, 'care.support');
    END IF;$body$,
    'Supports a post, or supports it no more.');
CALL access.publish('report_post', 'post uuid, reply uuid, reason text', 'uuid', $body$
    INSERT INTO care.report (space_id, post_id, reply_id, space_member_id, reason)
    SELECT shown.space_id, post, reply, own.space_member_id, report_post.reason
    FROM (SELECT) AS once LEFT JOIN care.post AS shown ON shown.post_id = post
    LEFT JOIN care.space_identity AS own ON own.space_id = shown.space_id RETURNING report_id INTO answer;
    PERFORM access.note_unsigned('create', 'care.report/' || answer);$body$,
    'Reports a post, or a reply to it; gives the report''s key.');
CALL access.publish('read_reports', 'space uuid',
    'TABLE (post_id uuid, reply_id uuid, space_member_id uuid, pseudonym text, body text, reports bigint, reasons text[], hidden boolean)',
    $body$RETURN QUERY SELECT r.post_id, r.reply_id, r.space_member_id, r.pseudonym, r.body, r.reports, r.reasons, r.hidden_at IS NOT NULL
    FROM care.community_report r WHERE r.space_id = space ORDER BY r.reported_at DESC, r.post_id LIMIT 100;$body$,
    'What is reported in a space, for moderators, the latest first, 100 at most.');
CALL access.publish('decide_moderation',
    'space uuid, action text, post uuid, reply uuid, space_member uuid, reason text', 'uuid', $body$
    INSERT INTO care.moderation (space_id, account_id, action, post_id, reply_id, space_member_id, reason)
    VALUES (space, me.account_id, decide_moderation.action, post, reply, space_member, decide_moderation.reason)
    RETURNING moderation_id INTO answer;
    PERFORM access.note(me, 'review', NULL, 'care.moderation/' || answer);$body$,
    'Hides or shows a post or reply, bans or readmits a member, as a moderator; gives the decision''s key.');
