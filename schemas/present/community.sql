-- Spaces where members speak under pseudonyms.
--
-- Written by `healthtrack schema docs` from the database's catalog; to be read, not run. Do not edit.

-- Room of the community for one topic.
CREATE TABLE care.space (
    space_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    closed_at timestamp with time zone,  -- Since when nobody joins or writes any more; null while open.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    name text NOT NULL,  -- Name, unique.
    topic text NOT NULL,  -- What is talked about.
    rules text NOT NULL,  -- What is expected of members.
    CONSTRAINT space_pkey PRIMARY KEY (space_id),  -- This space is known already.
    CONSTRAINT space_name_is_unique UNIQUE (name),  -- There is a space of that name already.
    CONSTRAINT space_name_is_some CHECK (((name ~ '\S'::text) AND (length(name) <= 100))),  -- Give the space a name of 100 letters at most.
    CONSTRAINT space_says_topic_and_rules CHECK (((topic ~ '\S'::text) AND (rules ~ '\S'::text) AND ((length(topic) + length(rules)) <= 10000)))  -- Say the topic and the rules, in 10000 letters at most.
);
CREATE TRIGGER space_is_touched BEFORE UPDATE ON care.space FOR EACH ROW EXECUTE FUNCTION care.touch_unsigned();  -- Trigger before each update of the community: raises version and says when, and not by whom.
ALTER TABLE care.space FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody_reads ON care.space FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) IS NOT NULL));
CREATE POLICY maintenance ON care.space FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
GRANT DELETE, INSERT, SELECT, UPDATE ON care.space TO healthtrack_migrator;
GRANT SELECT ON care.space TO healthtrack_care;

-- Who stands behind a name; everybody sees the own rows alone.
CREATE TABLE care.space_identity (
    space_member_id uuid NOT NULL,  -- The member.
    space_id uuid NOT NULL,  -- Of which space.
    patient_id uuid NOT NULL,  -- Who it is.
    CONSTRAINT space_identity_pkey PRIMARY KEY (space_member_id),  -- This member is known already.
    CONSTRAINT space_identity_is_one_a_space UNIQUE (space_id, patient_id),  -- You are a member of this space already.
    CONSTRAINT space_identity_member_fkey FOREIGN KEY (space_id, space_member_id) REFERENCES care.space_member(space_id, space_member_id),  -- Choose a member of this space.
    CONSTRAINT space_identity_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient(patient_id)  -- Register the patient first.
);
CREATE INDEX space_identity_patient_idx ON care.space_identity USING btree (patient_id);
CREATE TRIGGER space_identity_stays_under_hold BEFORE DELETE ON care.space_identity FOR EACH ROW WHEN ((NOT pg_has_role(CURRENT_USER, 'healthtrack_migrator'::name, 'USAGE'::text))) EXECUTE FUNCTION care.keep_row_under_hold();  -- Trigger before a row goes: refuses it to everybody but the owner where the person is under legal hold.
ALTER TABLE care.space_identity FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.space_identity FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY own ON care.space_identity FOR SELECT TO healthtrack_care USING ((patient_id = ANY (( SELECT access.own_patients() AS own_patients)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.space_identity TO healthtrack_migrator;
GRANT SELECT ON care.space_identity TO healthtrack_care;

-- Somebody in a space, by the name that was chosen for it.
CREATE TABLE care.space_member (
    space_member_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key; another one in each space.
    space_id uuid NOT NULL,  -- Which space.
    left_at timestamp with time zone,  -- When the member left; null while there.
    banned_at timestamp with time zone,  -- When a moderator sent the member away; null unless so.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    pseudonym text NOT NULL,  -- Name in this space, never that of another member.
    CONSTRAINT space_member_pkey PRIMARY KEY (space_member_id),  -- This member is known already.
    CONSTRAINT space_member_id_with_space_is_unique UNIQUE (space_id, space_member_id),  -- This member is known already.
    CONSTRAINT space_member_pseudonym_is_unique_in_its_space EXCLUDE USING btree (space_id WITH =, lower(pseudonym) WITH =),  -- Somebody has that name here: choose another.
    CONSTRAINT space_member_space_fkey FOREIGN KEY (space_id) REFERENCES care.space(space_id),  -- Choose one of the spaces.
    CONSTRAINT space_member_pseudonym_is_a_name CHECK ((pseudonym ~ '^[[:alnum:]][[:alnum:] _.-]{1,38}[[:alnum:]]$'::text))  -- Choose a name of 3 to 40 letters, digits, blanks and _ . - and no address.
);
CREATE TRIGGER space_member_is_touched BEFORE UPDATE ON care.space_member FOR EACH ROW EXECUTE FUNCTION care.touch_unsigned();  -- Trigger before each update of the community: raises version and says when, and not by whom.
ALTER TABLE care.space_member FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.space_member FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY members_read ON care.space_member FOR SELECT TO healthtrack_care USING ((space_id = ANY (( SELECT care.own_spaces() AS own_spaces)::uuid[])));
CREATE POLICY moderators_read ON care.space_member FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) = 'moderator'::text));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.space_member TO healthtrack_migrator;
GRANT SELECT ON care.space_member TO healthtrack_care;

-- What a member shares.
CREATE TABLE care.post (
    post_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    space_id uuid NOT NULL,  -- In which space.
    space_member_id uuid NOT NULL,  -- Who wrote it.
    hidden_at timestamp with time zone,  -- When a moderator hid it; null while shown.
    withdrawn_at timestamp with time zone,  -- When its author took it back; null unless so.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    title text NOT NULL,  -- What it is about.
    body text NOT NULL,  -- The words.
    CONSTRAINT post_pkey PRIMARY KEY (post_id),  -- This post is known already.
    CONSTRAINT post_id_with_space_is_unique UNIQUE (space_id, post_id),  -- This post is known already.
    CONSTRAINT post_member_fkey FOREIGN KEY (space_id, space_member_id) REFERENCES care.space_member(space_id, space_member_id),  -- Choose a member of this space.
    CONSTRAINT post_body_is_some CHECK (((body ~ '\S'::text) AND (length(body) <= 10000))),  -- Write something, 10000 letters at most.
    CONSTRAINT post_title_is_some CHECK (((title ~ '\S'::text) AND (length(title) <= 200)))  -- Give the post a title of 200 letters at most.
);
CREATE INDEX post_member_idx ON care.post USING btree (space_member_id);
CREATE INDEX post_space_idx ON care.post USING btree (space_id, created_at DESC);
CREATE TRIGGER post_is_touched BEFORE UPDATE ON care.post FOR EACH ROW EXECUTE FUNCTION care.touch_unsigned();  -- Trigger before each update of the community: raises version and says when, and not by whom.
ALTER TABLE care.post FORCE ROW LEVEL SECURITY;
CREATE POLICY author_edits ON care.post FOR UPDATE TO healthtrack_care USING ((space_member_id = ANY (( SELECT care.open_members() AS open_members)::uuid[]))) WITH CHECK ((space_member_id = ANY (( SELECT care.open_members() AS open_members)::uuid[])));
CREATE POLICY author_writes ON care.post FOR INSERT TO healthtrack_care WITH CHECK ((space_member_id = ANY (( SELECT care.open_members() AS open_members)::uuid[])));
CREATE POLICY maintenance ON care.post FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY members_read ON care.post FOR SELECT TO healthtrack_care USING (((space_id = ANY (( SELECT care.own_spaces() AS own_spaces)::uuid[])) AND (((hidden_at IS NULL) AND (withdrawn_at IS NULL)) OR (space_member_id = ANY (( SELECT care.own_members() AS own_members)::uuid[])))));
CREATE POLICY moderators_read ON care.post FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) = 'moderator'::text));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.post TO healthtrack_migrator;
GRANT INSERT (post_id, space_id, space_member_id, title, body), SELECT, UPDATE (withdrawn_at, title, body) ON care.post TO healthtrack_care;

-- Answer to a post; answers have no answers of their own.
CREATE TABLE care.reply (
    reply_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    space_id uuid NOT NULL,  -- In which space.
    post_id uuid NOT NULL,  -- To which post.
    space_member_id uuid NOT NULL,  -- Who wrote it.
    hidden_at timestamp with time zone,  -- When a moderator hid it; null while shown.
    withdrawn_at timestamp with time zone,  -- When its author took it back; null unless so.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    body text NOT NULL,  -- The words.
    CONSTRAINT reply_pkey PRIMARY KEY (reply_id),  -- This answer is known already.
    CONSTRAINT reply_id_with_post_is_unique UNIQUE (post_id, reply_id),  -- This answer is known already.
    CONSTRAINT reply_member_fkey FOREIGN KEY (space_id, space_member_id) REFERENCES care.space_member(space_id, space_member_id),  -- Choose a member of this space.
    CONSTRAINT reply_post_fkey FOREIGN KEY (space_id, post_id) REFERENCES care.post(space_id, post_id),  -- Choose a post of this space.
    CONSTRAINT reply_body_is_some CHECK (((body ~ '\S'::text) AND (length(body) <= 10000)))  -- Write something, 10000 letters at most.
);
CREATE INDEX reply_member_idx ON care.reply USING btree (space_member_id);
CREATE INDEX reply_post_idx ON care.reply USING btree (space_id, post_id, created_at);
CREATE TRIGGER reply_is_touched BEFORE UPDATE ON care.reply FOR EACH ROW EXECUTE FUNCTION care.touch_unsigned();  -- Trigger before each update of the community: raises version and says when, and not by whom.
ALTER TABLE care.reply FORCE ROW LEVEL SECURITY;
CREATE POLICY author_edits ON care.reply FOR UPDATE TO healthtrack_care USING ((space_member_id = ANY (( SELECT care.open_members() AS open_members)::uuid[]))) WITH CHECK ((space_member_id = ANY (( SELECT care.open_members() AS open_members)::uuid[])));
CREATE POLICY author_writes ON care.reply FOR INSERT TO healthtrack_care WITH CHECK (((space_member_id = ANY (( SELECT care.open_members() AS open_members)::uuid[])) AND (EXISTS ( SELECT FROM care.post WHERE (post.post_id = reply.post_id)))));
CREATE POLICY maintenance ON care.reply FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY members_read ON care.reply FOR SELECT TO healthtrack_care USING (((space_id = ANY (( SELECT care.own_spaces() AS own_spaces)::uuid[])) AND (((hidden_at IS NULL) AND (withdrawn_at IS NULL)) OR (space_member_id = ANY (( SELECT care.own_members() AS own_members)::uuid[]))) AND (EXISTS ( SELECT FROM care.post WHERE (post.post_id = reply.post_id)))));
CREATE POLICY moderators_read ON care.reply FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) = 'moderator'::text));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.reply TO healthtrack_migrator;
GRANT INSERT (reply_id, space_id, post_id, space_member_id, body), SELECT, UPDATE (withdrawn_at, body) ON care.reply TO healthtrack_care;

-- That a member stands by a post, once.
CREATE TABLE care.post_support (
    post_id uuid NOT NULL,  -- Which post.
    space_member_id uuid NOT NULL,  -- Who.
    space_id uuid NOT NULL,  -- In which space.
    withdrawn_at timestamp with time zone,  -- When it was taken back; null while given.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When the row was made.
    updated_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was last changed.
    version integer DEFAULT 1 NOT NULL,  -- Raised by each change.
    CONSTRAINT post_support_is_one_a_member PRIMARY KEY (post_id, space_member_id),  -- You support this post already.
    CONSTRAINT post_support_member_fkey FOREIGN KEY (space_id, space_member_id) REFERENCES care.space_member(space_id, space_member_id),  -- Choose a member of this space.
    CONSTRAINT post_support_post_fkey FOREIGN KEY (space_id, post_id) REFERENCES care.post(space_id, post_id)  -- Choose a post of this space.
);
CREATE INDEX post_support_member_idx ON care.post_support USING btree (space_id, space_member_id);
CREATE TRIGGER post_support_is_touched BEFORE UPDATE ON care.post_support FOR EACH ROW EXECUTE FUNCTION care.touch_unsigned();  -- Trigger before each update of the community: raises version and says when, and not by whom.
ALTER TABLE care.post_support FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.post_support FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY member_changes ON care.post_support FOR UPDATE TO healthtrack_care USING ((space_member_id = ANY (( SELECT care.own_members() AS own_members)::uuid[]))) WITH CHECK ((space_member_id = ANY (( SELECT care.own_members() AS own_members)::uuid[])));
CREATE POLICY member_supports ON care.post_support FOR INSERT TO healthtrack_care WITH CHECK (((space_member_id = ANY (( SELECT care.open_members() AS open_members)::uuid[])) AND (EXISTS ( SELECT FROM care.post WHERE (post.post_id = post_support.post_id)))));
CREATE POLICY members_read ON care.post_support FOR SELECT TO healthtrack_care USING ((space_id = ANY (( SELECT care.own_spaces() AS own_spaces)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.post_support TO healthtrack_migrator;
GRANT INSERT (post_id, space_member_id, space_id), SELECT, UPDATE (withdrawn_at) ON care.post_support TO healthtrack_care;

-- That a member asks the moderators to look at a post or an answer.
CREATE TABLE care.content_report (
    content_report_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    space_id uuid NOT NULL,  -- In which space.
    post_id uuid NOT NULL,  -- Which post, or the answered one.
    reply_id uuid,  -- Which answer; null for the post itself.
    space_member_id uuid NOT NULL,  -- Who asks.
    created_at timestamp with time zone DEFAULT now() NOT NULL,  -- When it was asked.
    reason text NOT NULL,  -- unkind, spam, dangerous_advice, personal_data, self_harm or other.
    note text,  -- In words; null where nothing was said.
    CONSTRAINT content_report_pkey PRIMARY KEY (content_report_id),  -- This report is known already.
    CONSTRAINT content_report_is_once_a_member UNIQUE NULLS NOT DISTINCT (post_id, reply_id, space_member_id),  -- You have reported that already.
    CONSTRAINT content_report_member_fkey FOREIGN KEY (space_id, space_member_id) REFERENCES care.space_member(space_id, space_member_id),  -- Choose a member of this space.
    CONSTRAINT content_report_post_fkey FOREIGN KEY (space_id, post_id) REFERENCES care.post(space_id, post_id),  -- Choose a post of this space.
    CONSTRAINT content_report_reply_fkey FOREIGN KEY (post_id, reply_id) REFERENCES care.reply(post_id, reply_id),  -- Choose an answer to this post.
    CONSTRAINT content_report_note_is_short CHECK ((length(note) <= 2000)),  -- Keep the note to 2000 letters.
    CONSTRAINT content_report_reason_is_known CHECK ((reason = ANY (ARRAY['unkind'::text, 'spam'::text, 'dangerous_advice'::text, 'personal_data'::text, 'self_harm'::text, 'other'::text])))  -- Choose one of the known reasons.
);
CREATE INDEX content_report_member_idx ON care.content_report USING btree (space_member_id);
CREATE INDEX content_report_space_idx ON care.content_report USING btree (space_id, created_at);
ALTER TABLE care.content_report FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.content_report FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY member_reports ON care.content_report FOR INSERT TO healthtrack_care WITH CHECK (((space_member_id = ANY (( SELECT care.own_members() AS own_members)::uuid[])) AND (EXISTS ( SELECT FROM care.post WHERE (post.post_id = content_report.post_id)))));
CREATE POLICY moderators_read ON care.content_report FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) = 'moderator'::text));
CREATE POLICY reporter_reads ON care.content_report FOR SELECT TO healthtrack_care USING ((space_member_id = ANY (( SELECT care.own_members() AS own_members)::uuid[])));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.content_report TO healthtrack_migrator;
GRANT INSERT (content_report_id, space_id, post_id, reply_id, space_member_id, reason, note), SELECT ON care.content_report TO healthtrack_care;

-- What was reported, a row for each post or answer: what a moderator looks through.
--   space_id: Space that it stands in.
--   post_id: Post, or the answered one.
--   reply_id: Answer; null for the post itself.
--   space_member_id: Author, as a member of this space.
--   pseudonym: Name of the author in this space.
--   title: What the post is about.
--   body: The words that were reported.
--   hidden_at: When a moderator hid it; null while shown.
--   reports: How many members reported it.
--   reasons: Their reasons, each once.
--   reported_at: When the last of them did.
CREATE VIEW care.community_report WITH (security_invoker=true) AS
 SELECT report.space_id,
    report.post_id,
    report.reply_id,
    COALESCE(reply.space_member_id, post.space_member_id) AS space_member_id,
    author.pseudonym,
    post.title,
    COALESCE(reply.body, post.body) AS body,
        CASE
            WHEN (reply.reply_id IS NULL) THEN post.hidden_at
            ELSE reply.hidden_at
        END AS hidden_at,
    report.reports,
    report.reasons,
    report.reported_at
   FROM (((( SELECT c.space_id,
            c.post_id,
            c.reply_id,
            count(*) AS reports,
            array_agg(DISTINCT c.reason ORDER BY c.reason) AS reasons,
            max(c.created_at) AS reported_at
           FROM care.content_report c
          WHERE (NOT (EXISTS ( SELECT
                   FROM care.moderation m
                  WHERE ((m.space_id = c.space_id) AND (m.post_id = c.post_id) AND (NOT (m.reply_id IS DISTINCT FROM c.reply_id)) AND (m.action = 'show'::text) AND (m.decided_at >= c.created_at)))))
          GROUP BY c.space_id, c.post_id, c.reply_id) report
     JOIN care.post ON ((post.post_id = report.post_id)))
     LEFT JOIN care.reply ON ((reply.reply_id = report.reply_id)))
     JOIN care.space_member author ON ((author.space_member_id = COALESCE(reply.space_member_id, post.space_member_id))));
GRANT SELECT ON care.community_report TO healthtrack_care;

-- What a moderator decided; never changed, only decided anew.
CREATE TABLE care.moderation (
    moderation_id uuid DEFAULT gen_random_uuid() NOT NULL,  -- Key.
    space_id uuid NOT NULL,  -- In which space.
    account_id uuid NOT NULL,  -- Moderator who decided.
    post_id uuid,  -- About which post; null for a member.
    reply_id uuid,  -- About which answer to it; null for the post itself.
    space_member_id uuid,  -- About which member; null for a post.
    decided_at timestamp with time zone DEFAULT now() NOT NULL,  -- When.
    action text NOT NULL,  -- hide or show a post or answer, ban or readmit a member.
    reason text NOT NULL,  -- Why.
    CONSTRAINT moderation_pkey PRIMARY KEY (moderation_id),  -- This decision is known already.
    CONSTRAINT moderation_account_fkey FOREIGN KEY (account_id) REFERENCES access.account(account_id),  -- Name the moderator.
    CONSTRAINT moderation_member_fkey FOREIGN KEY (space_id, space_member_id) REFERENCES care.space_member(space_id, space_member_id),  -- Choose a member of this space.
    CONSTRAINT moderation_post_fkey FOREIGN KEY (space_id, post_id) REFERENCES care.post(space_id, post_id),  -- Choose a post of this space.
    CONSTRAINT moderation_reply_fkey FOREIGN KEY (post_id, reply_id) REFERENCES care.reply(post_id, reply_id),  -- Choose an answer to this post.
    CONSTRAINT moderation_is_about_what_it_does CHECK ( CASE WHEN (action = ANY (ARRAY['hide'::text, 'show'::text])) THEN ((post_id IS NOT NULL) AND (space_member_id IS NULL)) WHEN (action = ANY (ARRAY['ban'::text, 'readmit'::text])) THEN ((space_member_id IS NOT NULL) AND (num_nonnulls(post_id, reply_id) = 0)) ELSE false END),  -- Hide or show a post or an answer, or ban or readmit a member.
    CONSTRAINT moderation_reason_is_some CHECK (((reason ~ '\S'::text) AND (length(reason) <= 2000)))  -- Give the reason, in 2000 letters at most.
);
CREATE INDEX moderation_account_idx ON care.moderation USING btree (account_id);
CREATE INDEX moderation_member_idx ON care.moderation USING btree (space_member_id);
CREATE INDEX moderation_post_idx ON care.moderation USING btree (space_id, post_id);
CREATE INDEX moderation_reply_idx ON care.moderation USING btree (reply_id) WHERE (reply_id IS NOT NULL);
CREATE TRIGGER moderation_is_carried_out AFTER INSERT ON care.moderation FOR EACH ROW EXECUTE FUNCTION care.carry_out_moderation();  -- Trigger after a decision: hides or shows the post or answer, bans or readmits the member.
CREATE TRIGGER moderation_is_kept BEFORE UPDATE ON care.moderation FOR EACH ROW WHEN ((NOT access.erasing())) EXECUTE FUNCTION care.keep_moderation();  -- Trigger before an update of a decision: refuses it.
ALTER TABLE care.moderation FORCE ROW LEVEL SECURITY;
CREATE POLICY maintenance ON care.moderation FOR ALL TO healthtrack_migrator USING (true) WITH CHECK (true);
CREATE POLICY moderator_decides ON care.moderation FOR INSERT TO healthtrack_care WITH CHECK (((( SELECT access.part() AS part) = 'moderator'::text) AND (account_id = ( SELECT access.actor() AS actor))));
CREATE POLICY moderators_read ON care.moderation FOR SELECT TO healthtrack_care USING ((( SELECT access.part() AS part) = 'moderator'::text));
GRANT DELETE, INSERT, SELECT, UPDATE ON care.moderation TO healthtrack_migrator;
GRANT INSERT (moderation_id, space_id, account_id, post_id, reply_id, space_member_id, action, reason), SELECT ON care.moderation TO healthtrack_care;

-- Posts that are shown, of the spaces that the reader may read, by the names of their authors.
--   post_id: Post.
--   space_id: Space that it stands in.
--   space_member_id: Author, as a member of this space.
--   pseudonym: Name of the author in this space.
--   title: What it is about.
--   body: The words.
--   created_at: When it was written.
--   updated_at: When it was last changed.
--   supports: How many members stand by it.
--   replies: How many answers are shown.
--   own: True where the reader wrote it.
CREATE VIEW care.community_post WITH (security_invoker=true) AS
 SELECT post.post_id,
    post.space_id,
    post.space_member_id,
    author.pseudonym,
    post.title,
    post.body,
    post.created_at,
    post.updated_at,
    ( SELECT count(*) AS count
           FROM care.post_support
          WHERE ((post_support.post_id = post.post_id) AND (post_support.withdrawn_at IS NULL))) AS supports,
    ( SELECT count(*) AS count
           FROM care.reply
          WHERE ((reply.post_id = post.post_id) AND (reply.hidden_at IS NULL) AND (reply.withdrawn_at IS NULL))) AS replies,
    (post.space_member_id = ANY (( SELECT care.own_members() AS own_members)::uuid[])) AS own
   FROM (care.post
     JOIN care.space_member author ON ((author.space_member_id = post.space_member_id)))
  WHERE ((post.hidden_at IS NULL) AND (post.withdrawn_at IS NULL));
GRANT SELECT ON care.community_post TO healthtrack_care;

-- Answers that are shown, to posts that are shown, by the names of their authors.
--   reply_id: Answer.
--   space_id: Space that it stands in.
--   post_id: Post that it answers.
--   space_member_id: Author, as a member of this space.
--   pseudonym: Name of the author in this space.
--   body: The words.
--   created_at: When it was written.
--   own: True where the reader wrote it.
CREATE VIEW care.community_reply WITH (security_invoker=true) AS
 SELECT reply.reply_id,
    reply.space_id,
    reply.post_id,
    reply.space_member_id,
    author.pseudonym,
    reply.body,
    reply.created_at,
    (reply.space_member_id = ANY (( SELECT care.own_members() AS own_members)::uuid[])) AS own
   FROM ((care.reply
     JOIN care.space_member author ON ((author.space_member_id = reply.space_member_id)))
     JOIN care.post ON ((post.post_id = reply.post_id)))
  WHERE ((reply.hidden_at IS NULL) AND (reply.withdrawn_at IS NULL) AND (post.hidden_at IS NULL) AND (post.withdrawn_at IS NULL));
GRANT SELECT ON care.community_reply TO healthtrack_care;

-- Trigger after a decision: hides or shows the post or answer, bans or readmits the member.
CREATE OR REPLACE FUNCTION care.carry_out_moderation()
 RETURNS trigger
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION care.carry_out_moderation() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.carry_out_moderation() TO healthtrack_care, healthtrack_migrator;

-- Makes the acting patient a member of a space under a name, or one again after leaving; the member's key.
CREATE OR REPLACE FUNCTION care.join_space(space_id uuid, pseudonym text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
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
END $function$;
REVOKE EXECUTE ON FUNCTION care.join_space(uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.join_space(uuid,text) TO healthtrack_care, healthtrack_migrator;

-- Trigger before an update of a decision: refuses it.
CREATE OR REPLACE FUNCTION care.keep_moderation()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    PERFORM care.refuse('moderation_is_append_only', 'A decision is never rewritten: decide anew.');
END $function$;

-- Takes the acting patient out of a space; false for who is no member.
CREATE OR REPLACE FUNCTION care.leave_space(space_id uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
BEGIN
    UPDATE care.space_member AS known SET left_at = now()
    WHERE known.space_id = $1 AND known.space_member_id = ANY (care.own_members());
    RETURN FOUND;
END $function$;
REVOKE EXECUTE ON FUNCTION care.leave_space(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.leave_space(uuid) TO healthtrack_care, healthtrack_migrator;

-- What the acting patient is in each space that is open for writing.
CREATE OR REPLACE FUNCTION care.open_members()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(space_member_id), '{}') FROM care.space_member JOIN care.space USING (space_id)
    WHERE space_member_id = ANY (care.own_members()) AND closed_at IS NULL
$function$;
REVOKE EXECUTE ON FUNCTION care.open_members() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.open_members() TO healthtrack_care, healthtrack_migrator;

-- What the acting patient is in each space, as long as the patient is welcome there.
CREATE OR REPLACE FUNCTION care.own_members()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(space_member_id), '{}') FROM care.space_identity JOIN care.space_member USING (space_member_id)
    WHERE patient_id = ANY (access.own_patients()) AND left_at IS NULL AND banned_at IS NULL
$function$;
REVOKE EXECUTE ON FUNCTION care.own_members() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.own_members() TO healthtrack_care, healthtrack_migrator;

-- Spaces of which the acting patient is a member.
CREATE OR REPLACE FUNCTION care.own_spaces()
 RETURNS uuid[]
 LANGUAGE sql
 STABLE SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
AS $function$
    SELECT coalesce(array_agg(space_id), '{}') FROM care.space_member WHERE space_member_id = ANY (care.own_members())
$function$;
REVOKE EXECUTE ON FUNCTION care.own_spaces() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION care.own_spaces() TO healthtrack_care, healthtrack_migrator;

-- Trigger before each update of the community: raises version and says when, and not by whom.
CREATE OR REPLACE FUNCTION care.touch_unsigned()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    RETURN NEW;
END $function$;

-- Hides or shows a post or reply, bans or readmits a member, as a moderator; gives the decision's key.
CREATE OR REPLACE FUNCTION api.decide_moderation(token text, space uuid, action text, post uuid, reply uuid, space_member uuid, reason text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    INSERT INTO care.moderation (space_id, account_id, action, post_id, reply_id, space_member_id, reason)
    VALUES (space, me.account_id, decide_moderation.action, post, reply, space_member, decide_moderation.reason)
    RETURNING moderation_id INTO answer;
    PERFORM access.note(me, 'review', NULL, 'care.moderation/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.decide_moderation(text,uuid,text,uuid,uuid,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.decide_moderation(text,uuid,text,uuid,uuid,uuid,text) TO healthtrack_portal;

-- Joins a space by a name of one's own there; gives the member.
CREATE OR REPLACE FUNCTION api.join_space(token text, space uuid, pseudonym text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := care.join_space(space, pseudonym);
    PERFORM access.note_unsigned('create', 'care.space_member/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.join_space(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.join_space(text,uuid,text) TO healthtrack_portal;

-- Leaves a space; whether the actor was in it.
CREATE OR REPLACE FUNCTION api.leave_space(token text, space uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  boolean;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    answer := care.leave_space(space);
    IF answer THEN
        PERFORM access.note_unsigned('update', 'care.space_member/'
            || (SELECT i.space_member_id FROM care.space_identity i WHERE i.space_id = space));
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.leave_space(text,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.leave_space(text,uuid) TO healthtrack_portal;

-- Spaces of the community and, where the actor is in one, the name there, 200 at most.
CREATE OR REPLACE FUNCTION api.list_spaces(token text)
 RETURNS TABLE(space uuid, name text, topic text, rules text, is_open boolean, pseudonym text)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY
    SELECT s.space_id, s.name, s.topic, s.rules, s.closed_at IS NULL,
           (SELECT m.pseudonym FROM care.space_member m
            WHERE m.space_id = s.space_id AND m.space_member_id = ANY (care.own_members()))
    FROM care.space s ORDER BY s.name, s.space_id LIMIT 200;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.list_spaces(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.list_spaces(text) TO healthtrack_portal;

-- Replies to a post after a moment, in order, 100 at most.
CREATE OR REPLACE FUNCTION api.read_replies(token text, post uuid, after timestamp with time zone)
 RETURNS TABLE(reply_id uuid, pseudonym text, body text, created_at timestamp with time zone, own boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY SELECT r.reply_id, r.pseudonym, r.body, r.created_at, r.own FROM care.community_reply r
    WHERE r.post_id = post AND r.created_at > after ORDER BY r.created_at, r.reply_id LIMIT 100;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_replies(text,uuid,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_replies(text,uuid,timestamp with time zone) TO healthtrack_portal;

-- What was reported in a space and is not settled, the latest first, 100 at most; a moderator sees all of it, a member the own reports.
CREATE OR REPLACE FUNCTION api.read_reports(token text, space uuid, before_reported timestamp with time zone DEFAULT NULL::timestamp with time zone, before_post uuid DEFAULT NULL::uuid, before_reply uuid DEFAULT NULL::uuid)
 RETURNS TABLE(post_id uuid, reply_id uuid, space_member_id uuid, pseudonym text, body text, reports bigint, reasons text[], hidden boolean, reported_at timestamp with time zone)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY
    SELECT r.post_id, r.reply_id, r.space_member_id, r.pseudonym, r.body, r.reports, r.reasons, r.hidden_at IS NOT NULL, r.reported_at
    FROM care.community_report r
    WHERE r.space_id = space
      AND (before_post IS NULL OR (r.reported_at, r.post_id, coalesce(r.reply_id, r.post_id))
                                < (before_reported, before_post, coalesce(before_reply, before_post)))
    ORDER BY r.reported_at DESC, r.post_id DESC, coalesce(r.reply_id, r.post_id) DESC LIMIT 100;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_reports(text,uuid,timestamp with time zone,uuid,uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_reports(text,uuid,timestamp with time zone,uuid,uuid) TO healthtrack_portal;

-- Posts of a space before a moment, the latest first, 100 at most.
CREATE OR REPLACE FUNCTION api.read_space(token text, space uuid, before timestamp with time zone)
 RETURNS TABLE(post_id uuid, pseudonym text, title text, body text, created_at timestamp with time zone, supports bigint, replies bigint, own boolean)
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    RETURN QUERY SELECT p.post_id, p.pseudonym, p.title, p.body, p.created_at, p.supports, p.replies, p.own FROM care.community_post p
    WHERE p.space_id = space AND p.created_at < before ORDER BY p.created_at DESC, p.post_id LIMIT 100;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.read_space(text,uuid,timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.read_space(text,uuid,timestamp with time zone) TO healthtrack_portal;

-- Reports a post, or a reply to it; gives the report's key.
CREATE OR REPLACE FUNCTION api.report_post(token text, post uuid, reply uuid, reason text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    INSERT INTO care.content_report (space_id, post_id, reply_id, space_member_id, reason)
    SELECT shown.space_id, post, reply, own.space_member_id, report_post.reason
    FROM (SELECT) AS once LEFT JOIN care.post AS shown ON shown.post_id = post
    LEFT JOIN care.space_identity AS own ON own.space_id = shown.space_id RETURNING content_report_id INTO answer;
    PERFORM access.note_unsigned('create', 'care.content_report/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.report_post(text,uuid,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.report_post(text,uuid,uuid,text) TO healthtrack_portal;

-- Supports a post, or supports it no more.
CREATE OR REPLACE FUNCTION api.support_post(token text, post uuid, given boolean)
 RETURNS void
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    IF given THEN
        INSERT INTO care.post_support (space_id, post_id, space_member_id)
        SELECT shown.space_id, post, own.space_member_id
        FROM (SELECT) AS once LEFT JOIN care.post AS shown ON shown.post_id = post
        LEFT JOIN care.space_identity AS own ON own.space_id = shown.space_id
        ON CONFLICT (post_id, space_member_id) DO UPDATE SET withdrawn_at = NULL;
    ELSE
        UPDATE care.post_support s SET withdrawn_at = now()
        WHERE s.post_id = post AND s.withdrawn_at IS NULL
          AND s.space_member_id IN (SELECT i.space_member_id FROM care.space_identity i);
    END IF;
    IF given OR FOUND THEN
        PERFORM access.note_unsigned(CASE WHEN given THEN 'create' ELSE 'update' END, 'care.post_support');
    END IF;
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.support_post(text,uuid,boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.support_post(text,uuid,boolean) TO healthtrack_portal;

-- Writes a post; gives its key.
CREATE OR REPLACE FUNCTION api.write_post(token text, space uuid, title text, body text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    -- Without a membership the member stays empty and is refused by the policy.
    INSERT INTO care.post (space_id, space_member_id, title, body)
    VALUES (space, (SELECT i.space_member_id FROM care.space_identity i WHERE i.space_id = space), write_post.title, write_post.body)
    RETURNING post_id INTO answer;
    PERFORM access.note_unsigned('create', 'care.post/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.write_post(text,uuid,text,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.write_post(text,uuid,text,text) TO healthtrack_portal;

-- Replies to a post; gives the reply's key.
CREATE OR REPLACE FUNCTION api.write_reply(token text, post uuid, body text)
 RETURNS uuid
 LANGUAGE plpgsql
 SECURITY DEFINER
 SET search_path TO 'pg_catalog', 'pg_temp'
 SET row_security TO 'on'
 SET client_min_messages TO 'warning'
 SET standard_conforming_strings TO 'on'
 SET transform_null_equals TO 'off'
 SET "TimeZone" TO 'UTC'
 SET "DateStyle" TO 'ISO, MDY'
AS $function$
#variable_conflict use_column
DECLARE
    me      access.caller;
    answer  uuid;
    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
    INSERT INTO care.reply (space_id, post_id, space_member_id, body)
    SELECT shown.space_id, post, own.space_member_id, write_reply.body
    FROM (SELECT) AS once LEFT JOIN care.post AS shown ON shown.post_id = post
    LEFT JOIN care.space_identity AS own ON own.space_id = shown.space_id RETURNING reply_id INTO answer;
    PERFORM access.note_unsigned('create', 'care.reply/' || answer);
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
    RETURN answer;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $function$;
REVOKE EXECUTE ON FUNCTION api.write_reply(text,uuid,text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION api.write_reply(text,uuid,text) TO healthtrack_portal;
