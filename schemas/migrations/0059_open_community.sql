-- Who reads and writes in the community, and how it is moderated.
--
-- Membership is the right to read: the policies ask it once for each statement. A member writes under the own name only
-- (checked against `space_identity`, which nobody else reads), and only words: grants are by column, so that neither a
-- time nor `hidden_at` can be forged. A moderator reads names, posts and reports of every space, and never who they
-- are. The views show what is shown, with the reader's own rights. Locks nothing. Undo: drop them.
CREATE FUNCTION care.own_members() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(space_member_id), '{}') FROM care.space_identity JOIN care.space_member USING (space_member_id)
    WHERE patient_id = ANY (access.own_patients()) AND left_at IS NULL AND banned_at IS NULL
$$;
COMMENT ON FUNCTION care.own_members() IS 'What the acting patient is in each space, as long as the patient is welcome there.';

CREATE FUNCTION care.own_spaces() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(space_id), '{}') FROM care.space_member WHERE space_member_id = ANY (care.own_members())
$$;
COMMENT ON FUNCTION care.own_spaces() IS 'Spaces of which the acting patient is a member.';

CREATE FUNCTION care.open_members() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(space_member_id), '{}') FROM care.space_member JOIN care.space USING (space_id)
    WHERE space_member_id = ANY (care.own_members()) AND closed_at IS NULL
$$;
COMMENT ON FUNCTION care.open_members() IS 'What the acting patient is in each space that is open for writing.';

CREATE FUNCTION care.join_space(space_id uuid, pseudonym text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    person uuid := (access.own_patients())[1];
    member care.space_member;
BEGIN
    PERFORM FROM care.space AS known WHERE known.space_id = $1 AND known.closed_at IS NULL;
    IF NOT FOUND OR person IS NULL THEN
        PERFORM care.refuse('space_is_joined_by_patients_while_open', 'Patients join a space while it is open.');
    END IF;
    SELECT known.* INTO member FROM care.space_member AS known JOIN care.space_identity AS who USING (space_member_id)
    WHERE who.space_id = $1 AND who.patient_id = person FOR UPDATE OF known;
    IF member.banned_at IS NOT NULL THEN
        PERFORM care.refuse('space_member_is_welcome', 'A moderator has closed this space to you.');
    ELSIF member.left_at IS NOT NULL THEN
        UPDATE care.space_member AS known SET left_at = NULL, pseudonym = $2
        WHERE known.space_member_id = member.space_member_id;
    ELSE
        -- Who is a member already meets the rule on space_identity.
        INSERT INTO care.space_member AS made (space_id, pseudonym) VALUES ($1, $2) RETURNING made.* INTO member;
        INSERT INTO care.space_identity (space_member_id, space_id, patient_id)
        VALUES (member.space_member_id, $1, person);
    END IF;
    RETURN member.space_member_id;
END $$;
COMMENT ON FUNCTION care.join_space(uuid, text) IS 'Makes the acting patient a member of a space under a name, or one again after leaving; the member''s key.';

CREATE FUNCTION care.leave_space(space_id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE care.space_member AS known SET left_at = now()
    WHERE known.space_id = $1 AND known.space_member_id = ANY (care.own_members());
    RETURN FOUND;
END $$;
COMMENT ON FUNCTION care.leave_space(uuid) IS 'Takes the acting patient out of a space; false for who is no member.';

CREATE FUNCTION care.carry_out_moderation() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    hidden timestamptz := CASE NEW.action WHEN 'hide' THEN NEW.decided_at END;
    banned timestamptz := CASE NEW.action WHEN 'ban' THEN NEW.decided_at END;
BEGIN
    PERFORM FROM access.account WHERE account_id = NEW.account_id AND part = 'moderator';
    IF NOT FOUND THEN
        PERFORM care.refuse('moderation_is_by_a_moderator', 'Only a moderator decides about posts and members.');
    END IF;
    IF NEW.space_member_id IS NOT NULL THEN
        UPDATE care.space_member SET banned_at = banned WHERE space_member_id = NEW.space_member_id;
    ELSIF NEW.reply_id IS NOT NULL THEN
        UPDATE care.reply SET hidden_at = hidden WHERE reply_id = NEW.reply_id;
    ELSE
        UPDATE care.post SET hidden_at = hidden WHERE post_id = NEW.post_id;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION care.carry_out_moderation() IS 'Trigger after a decision: hides or shows the post or answer, bans or readmits the member.';
CREATE TRIGGER moderation_is_carried_out AFTER INSERT ON care.moderation
    FOR EACH ROW EXECUTE FUNCTION care.carry_out_moderation();

CREATE FUNCTION care.keep_moderation() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM care.refuse('moderation_is_append_only', 'A decision is never rewritten: decide anew.');
END $$;
COMMENT ON FUNCTION care.keep_moderation() IS 'Trigger before an update of a decision: refuses it.';
CREATE TRIGGER moderation_is_kept BEFORE UPDATE ON care.moderation
    FOR EACH ROW EXECUTE FUNCTION care.keep_moderation();

GRANT SELECT ON care.space_member, care.space_identity, care.post, care.reply, care.support, care.report,
    care.moderation TO healthtrack_portal;
GRANT INSERT (post_id, space_id, space_member_id, title, body), UPDATE (title, body, withdrawn_at)
    ON care.post TO healthtrack_portal;
GRANT INSERT (reply_id, space_id, post_id, space_member_id, body), UPDATE (body, withdrawn_at) ON care.reply
    TO healthtrack_portal;
GRANT INSERT (post_id, space_member_id, space_id), UPDATE (withdrawn_at) ON care.support TO healthtrack_portal;
GRANT INSERT (report_id, space_id, post_id, reply_id, space_member_id, reason, note) ON care.report
    TO healthtrack_portal;
GRANT INSERT (moderation_id, space_id, account_id, post_id, reply_id, space_member_id, action, reason)
    ON care.moderation TO healthtrack_portal;

CREATE POLICY own ON care.space_identity FOR SELECT TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]));

CREATE POLICY members_read ON care.space_member FOR SELECT TO healthtrack_portal
    USING (space_id = ANY ((SELECT care.own_spaces())::uuid[]));
CREATE POLICY moderators_read ON care.space_member FOR SELECT TO healthtrack_portal
    USING ((SELECT access.part()) = 'moderator');

CREATE POLICY members_read ON care.post FOR SELECT TO healthtrack_portal
    USING (space_id = ANY ((SELECT care.own_spaces())::uuid[])
           AND ((hidden_at IS NULL AND withdrawn_at IS NULL)
                OR space_member_id = ANY ((SELECT care.own_members())::uuid[])));
CREATE POLICY moderators_read ON care.post FOR SELECT TO healthtrack_portal
    USING ((SELECT access.part()) = 'moderator');
CREATE POLICY author_writes ON care.post FOR INSERT TO healthtrack_portal
    WITH CHECK (space_member_id = ANY ((SELECT care.open_members())::uuid[]));
CREATE POLICY author_edits ON care.post FOR UPDATE TO healthtrack_portal
    USING (space_member_id = ANY ((SELECT care.open_members())::uuid[]))
    WITH CHECK (space_member_id = ANY ((SELECT care.open_members())::uuid[]));

-- The post under an answer is looked at with the reader's rights, so that answers vanish with a hidden post.
CREATE POLICY members_read ON care.reply FOR SELECT TO healthtrack_portal
    USING (space_id = ANY ((SELECT care.own_spaces())::uuid[])
           AND ((hidden_at IS NULL AND withdrawn_at IS NULL)
                OR space_member_id = ANY ((SELECT care.own_members())::uuid[]))
           AND EXISTS (SELECT FROM care.post WHERE post.post_id = reply.post_id));
CREATE POLICY moderators_read ON care.reply FOR SELECT TO healthtrack_portal
    USING ((SELECT access.part()) = 'moderator');
CREATE POLICY author_writes ON care.reply FOR INSERT TO healthtrack_portal
    WITH CHECK (space_member_id = ANY ((SELECT care.open_members())::uuid[])
                AND EXISTS (SELECT FROM care.post WHERE post.post_id = reply.post_id));
CREATE POLICY author_edits ON care.reply FOR UPDATE TO healthtrack_portal
    USING (space_member_id = ANY ((SELECT care.open_members())::uuid[]))
    WITH CHECK (space_member_id = ANY ((SELECT care.open_members())::uuid[]));

CREATE POLICY members_read ON care.support FOR SELECT TO healthtrack_portal
    USING (space_id = ANY ((SELECT care.own_spaces())::uuid[]));
CREATE POLICY member_supports ON care.support FOR INSERT TO healthtrack_portal
    WITH CHECK (space_member_id = ANY ((SELECT care.open_members())::uuid[])
                AND EXISTS (SELECT FROM care.post WHERE post.post_id = support.post_id));
CREATE POLICY member_changes ON care.support FOR UPDATE TO healthtrack_portal
    USING (space_member_id = ANY ((SELECT care.own_members())::uuid[]))
    WITH CHECK (space_member_id = ANY ((SELECT care.own_members())::uuid[]));

CREATE POLICY reporter_reads ON care.report FOR SELECT TO healthtrack_portal
    USING (space_member_id = ANY ((SELECT care.own_members())::uuid[]));
CREATE POLICY moderators_read ON care.report FOR SELECT TO healthtrack_portal
    USING ((SELECT access.part()) = 'moderator');
CREATE POLICY member_reports ON care.report FOR INSERT TO healthtrack_portal
    WITH CHECK (space_member_id = ANY ((SELECT care.own_members())::uuid[])
                AND EXISTS (SELECT FROM care.post WHERE post.post_id = report.post_id));

CREATE POLICY moderators_read ON care.moderation FOR SELECT TO healthtrack_portal
    USING ((SELECT access.part()) = 'moderator');
CREATE POLICY moderator_decides ON care.moderation FOR INSERT TO healthtrack_portal
    WITH CHECK ((SELECT access.part()) = 'moderator' AND account_id = (SELECT access.actor()));

CREATE VIEW care.community_post WITH (security_invoker = true) AS
SELECT post.post_id,
       post.space_id,
       post.space_member_id,
       author.pseudonym,
       post.title,
       post.body,
       post.created_at,
       post.updated_at,
       (SELECT count(*) FROM care.support
        WHERE support.post_id = post.post_id AND support.withdrawn_at IS NULL) AS supports,
       (SELECT count(*) FROM care.reply
        WHERE reply.post_id = post.post_id AND reply.hidden_at IS NULL AND reply.withdrawn_at IS NULL) AS replies,
       post.space_member_id = ANY ((SELECT care.own_members())::uuid[]) AS own
FROM care.post
JOIN care.space_member AS author ON author.space_member_id = post.space_member_id
WHERE post.hidden_at IS NULL AND post.withdrawn_at IS NULL;
COMMENT ON VIEW   care.community_post                 IS 'Posts that are shown, of the spaces that the reader may read, by the names of their authors.';
COMMENT ON COLUMN care.community_post.post_id         IS 'Post.';
COMMENT ON COLUMN care.community_post.space_id        IS 'Space that it stands in.';
COMMENT ON COLUMN care.community_post.space_member_id IS 'Author, as a member of this space.';
COMMENT ON COLUMN care.community_post.pseudonym       IS 'Name of the author in this space.';
COMMENT ON COLUMN care.community_post.title           IS 'What it is about.';
COMMENT ON COLUMN care.community_post.body            IS 'The words.';
COMMENT ON COLUMN care.community_post.created_at      IS 'When it was written.';
COMMENT ON COLUMN care.community_post.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.community_post.supports        IS 'How many members stand by it.';
COMMENT ON COLUMN care.community_post.replies         IS 'How many answers are shown.';
COMMENT ON COLUMN care.community_post.own             IS 'True where the reader wrote it.';

CREATE VIEW care.community_reply WITH (security_invoker = true) AS
SELECT reply.reply_id, reply.space_id, reply.post_id, reply.space_member_id, author.pseudonym, reply.body,
       reply.created_at, reply.space_member_id = ANY ((SELECT care.own_members())::uuid[]) AS own
FROM care.reply
JOIN care.space_member AS author ON author.space_member_id = reply.space_member_id
JOIN care.post ON post.post_id = reply.post_id
WHERE reply.hidden_at IS NULL AND reply.withdrawn_at IS NULL AND post.hidden_at IS NULL AND post.withdrawn_at IS NULL;
COMMENT ON VIEW   care.community_reply                 IS 'Answers that are shown, to posts that are shown, by the names of their authors.';
COMMENT ON COLUMN care.community_reply.reply_id        IS 'Answer.';
COMMENT ON COLUMN care.community_reply.space_id        IS 'Space that it stands in.';
COMMENT ON COLUMN care.community_reply.post_id         IS 'Post that it answers.';
COMMENT ON COLUMN care.community_reply.space_member_id IS 'Author, as a member of this space.';
COMMENT ON COLUMN care.community_reply.pseudonym       IS 'Name of the author in this space.';
COMMENT ON COLUMN care.community_reply.body            IS 'The words.';
COMMENT ON COLUMN care.community_reply.created_at      IS 'When it was written.';
COMMENT ON COLUMN care.community_reply.own             IS 'True where the reader wrote it.';

CREATE VIEW care.community_report WITH (security_invoker = true) AS
SELECT report.space_id, report.post_id, report.reply_id,
       coalesce(reply.space_member_id, post.space_member_id) AS space_member_id, author.pseudonym,
       post.title, coalesce(reply.body, post.body) AS body,
       CASE WHEN reply.reply_id IS NULL THEN post.hidden_at ELSE reply.hidden_at END AS hidden_at,
       report.reports, report.reasons, report.reported_at
FROM (
    SELECT space_id, post_id, reply_id, count(*) AS reports, array_agg(DISTINCT reason ORDER BY reason) AS reasons,
           max(created_at) AS reported_at
    FROM care.report GROUP BY space_id, post_id, reply_id
) AS report
JOIN care.post ON post.post_id = report.post_id
LEFT JOIN care.reply ON reply.reply_id = report.reply_id
JOIN care.space_member AS author ON author.space_member_id = coalesce(reply.space_member_id, post.space_member_id);
COMMENT ON VIEW   care.community_report                 IS 'What was reported, a row for each post or answer: what a moderator looks through.';
COMMENT ON COLUMN care.community_report.space_id        IS 'Space that it stands in.';
COMMENT ON COLUMN care.community_report.post_id         IS 'Post, or the answered one.';
COMMENT ON COLUMN care.community_report.reply_id        IS 'Answer; null for the post itself.';
COMMENT ON COLUMN care.community_report.space_member_id IS 'Author, as a member of this space.';
COMMENT ON COLUMN care.community_report.pseudonym       IS 'Name of the author in this space.';
COMMENT ON COLUMN care.community_report.title           IS 'What the post is about.';
COMMENT ON COLUMN care.community_report.body            IS 'The words that were reported.';
COMMENT ON COLUMN care.community_report.hidden_at       IS 'When a moderator hid it; null while shown.';
COMMENT ON COLUMN care.community_report.reports         IS 'How many members reported it.';
COMMENT ON COLUMN care.community_report.reasons         IS 'Their reasons, each once.';
COMMENT ON COLUMN care.community_report.reported_at     IS 'When the last of them did.';

GRANT SELECT ON care.community_post, care.community_reply, care.community_report TO healthtrack_portal;
