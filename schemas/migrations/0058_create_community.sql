-- The community: spaces in which patients share what they go through, under a name that they choose for each.
--
-- Who stands behind a name lies in a table of its own, `space_identity`, of which everybody reads the own rows and
-- nobody reads another's: no column of what others read names a person, so no view, join or grant can give one away.
-- For the same reason these tables are the only ones without patient_id and without `updated_by` (an account would tie
-- the names of one person in two spaces together), and times and moderation cannot be written by the author. Posts that
-- a moderator has hidden, or their author has withdrawn, are shown to nobody but the author and moderators. New tables;
-- foreign keys lock their targets for an instant. Undo: drop them.
CREATE FUNCTION care.touch_unsigned() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    NEW.updated_at := now();
    RETURN NEW;
END $$;
COMMENT ON FUNCTION care.touch_unsigned() IS 'Trigger before each update of the community: raises version and says when, and not by whom.';

CREATE TABLE care.space (
    space_id   uuid        NOT NULL DEFAULT gen_random_uuid(),
    closed_at  timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    version    integer     NOT NULL DEFAULT 1,
    name       text        NOT NULL,
    topic      text        NOT NULL,
    rules      text        NOT NULL,

    CONSTRAINT space_pkey PRIMARY KEY (space_id),
    CONSTRAINT space_name_is_unique UNIQUE (name),
    CONSTRAINT space_name_is_some CHECK (name ~ '\S' AND length(name) <= 100),
    CONSTRAINT space_says_topic_and_rules CHECK (
        topic ~ '\S' AND rules ~ '\S' AND length(topic) + length(rules) <= 10000
    )
);
CREATE TRIGGER space_is_touched BEFORE UPDATE ON care.space FOR EACH ROW EXECUTE FUNCTION care.touch_unsigned();
COMMENT ON TABLE  care.space            IS 'Room of the community for one topic.';
COMMENT ON COLUMN care.space.space_id   IS 'Key.';
COMMENT ON COLUMN care.space.closed_at  IS 'Since when nobody joins or writes any more; null while open.';
COMMENT ON COLUMN care.space.created_at IS 'When the row was made.';
COMMENT ON COLUMN care.space.updated_at IS 'When it was last changed.';
COMMENT ON COLUMN care.space.version    IS 'Raised by each change.';
COMMENT ON COLUMN care.space.name       IS 'Name, unique.';
COMMENT ON COLUMN care.space.topic      IS 'What is talked about.';
COMMENT ON COLUMN care.space.rules      IS 'What is expected of members.';
COMMENT ON CONSTRAINT space_pkey ON care.space IS 'This space is known already.';
COMMENT ON CONSTRAINT space_name_is_unique ON care.space IS 'There is a space of that name already.';
COMMENT ON CONSTRAINT space_name_is_some ON care.space IS 'Give the space a name of 100 letters at most.';
COMMENT ON CONSTRAINT space_says_topic_and_rules ON care.space IS 'Say the topic and the rules, in 10000 letters at most.';

CREATE TABLE care.space_member (
    space_member_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    space_id        uuid        NOT NULL,
    left_at         timestamptz,
    banned_at       timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    version         integer     NOT NULL DEFAULT 1,
    pseudonym       text        NOT NULL,

    CONSTRAINT space_member_pkey PRIMARY KEY (space_member_id),
    CONSTRAINT space_member_id_with_space_is_unique UNIQUE (space_id, space_member_id),
    CONSTRAINT space_member_space_fkey FOREIGN KEY (space_id) REFERENCES care.space (space_id),
    CONSTRAINT space_member_pseudonym_is_a_name CHECK (pseudonym ~ '^[[:alnum:]][[:alnum:] _.-]{1,38}[[:alnum:]]$'),
    CONSTRAINT space_member_pseudonym_is_unique_in_its_space EXCLUDE USING btree (
        space_id WITH =, lower(pseudonym) WITH =
    )
);
CREATE TRIGGER space_member_is_touched BEFORE UPDATE ON care.space_member
    FOR EACH ROW EXECUTE FUNCTION care.touch_unsigned();
COMMENT ON TABLE  care.space_member                 IS 'Somebody in a space, by the name that was chosen for it.';
COMMENT ON COLUMN care.space_member.space_member_id IS 'Key; another one in each space.';
COMMENT ON COLUMN care.space_member.space_id        IS 'Which space.';
COMMENT ON COLUMN care.space_member.left_at         IS 'When the member left; null while there.';
COMMENT ON COLUMN care.space_member.banned_at       IS 'When a moderator sent the member away; null unless so.';
COMMENT ON COLUMN care.space_member.created_at      IS 'When the row was made.';
COMMENT ON COLUMN care.space_member.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.space_member.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.space_member.pseudonym       IS 'Name in this space, never that of another member.';
COMMENT ON CONSTRAINT space_member_pkey ON care.space_member IS 'This member is known already.';
COMMENT ON CONSTRAINT space_member_id_with_space_is_unique ON care.space_member IS 'This member is known already.';
COMMENT ON CONSTRAINT space_member_space_fkey ON care.space_member IS 'Choose one of the spaces.';
COMMENT ON CONSTRAINT space_member_pseudonym_is_a_name ON care.space_member IS 'Choose a name of 3 to 40 letters, digits, blanks and _ . - and no address.';
COMMENT ON CONSTRAINT space_member_pseudonym_is_unique_in_its_space ON care.space_member IS 'Somebody has that name here: choose another.';

CREATE TABLE care.space_identity (
    space_member_id uuid NOT NULL,
    space_id        uuid NOT NULL,
    patient_id      uuid NOT NULL,

    CONSTRAINT space_identity_pkey PRIMARY KEY (space_member_id),
    CONSTRAINT space_identity_is_one_a_space UNIQUE (space_id, patient_id),
    CONSTRAINT space_identity_member_fkey FOREIGN KEY (space_id, space_member_id)
        REFERENCES care.space_member (space_id, space_member_id),
    CONSTRAINT space_identity_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id)
);
CREATE INDEX space_identity_patient_idx ON care.space_identity (patient_id);
COMMENT ON TABLE  care.space_identity                 IS 'Who stands behind a name; everybody sees the own rows alone.';
COMMENT ON COLUMN care.space_identity.space_member_id IS 'The member.';
COMMENT ON COLUMN care.space_identity.space_id        IS 'Of which space.';
COMMENT ON COLUMN care.space_identity.patient_id      IS 'Who it is.';
COMMENT ON CONSTRAINT space_identity_pkey ON care.space_identity IS 'This member is known already.';
COMMENT ON CONSTRAINT space_identity_is_one_a_space ON care.space_identity IS 'You are a member of this space already.';
COMMENT ON CONSTRAINT space_identity_member_fkey ON care.space_identity IS 'Choose a member of this space.';
COMMENT ON CONSTRAINT space_identity_patient_fkey ON care.space_identity IS 'Register the patient first.';

CREATE TABLE care.post (
    post_id         uuid        NOT NULL DEFAULT gen_random_uuid(),
    space_id        uuid        NOT NULL,
    space_member_id uuid        NOT NULL,
    hidden_at       timestamptz,
    withdrawn_at    timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    version         integer     NOT NULL DEFAULT 1,
    title           text        NOT NULL,
    body            text        NOT NULL,

    CONSTRAINT post_pkey PRIMARY KEY (post_id),
    CONSTRAINT post_id_with_space_is_unique UNIQUE (space_id, post_id),
    CONSTRAINT post_member_fkey FOREIGN KEY (space_id, space_member_id)
        REFERENCES care.space_member (space_id, space_member_id),
    CONSTRAINT post_title_is_some CHECK (title ~ '\S' AND length(title) <= 200),
    CONSTRAINT post_body_is_some CHECK (body ~ '\S' AND length(body) <= 10000)
);
CREATE INDEX post_space_idx ON care.post (space_id, created_at DESC);
CREATE INDEX post_member_idx ON care.post (space_member_id);
CREATE TRIGGER post_is_touched BEFORE UPDATE ON care.post FOR EACH ROW EXECUTE FUNCTION care.touch_unsigned();
COMMENT ON TABLE  care.post                 IS 'What a member shares.';
COMMENT ON COLUMN care.post.post_id         IS 'Key.';
COMMENT ON COLUMN care.post.space_id        IS 'In which space.';
COMMENT ON COLUMN care.post.space_member_id IS 'Who wrote it.';
COMMENT ON COLUMN care.post.hidden_at       IS 'When a moderator hid it; null while shown.';
COMMENT ON COLUMN care.post.withdrawn_at    IS 'When its author took it back; null unless so.';
COMMENT ON COLUMN care.post.created_at      IS 'When the row was made.';
COMMENT ON COLUMN care.post.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.post.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.post.title           IS 'What it is about.';
COMMENT ON COLUMN care.post.body            IS 'The words.';
COMMENT ON CONSTRAINT post_pkey ON care.post IS 'This post is known already.';
COMMENT ON CONSTRAINT post_id_with_space_is_unique ON care.post IS 'This post is known already.';
COMMENT ON CONSTRAINT post_member_fkey ON care.post IS 'Choose a member of this space.';
COMMENT ON CONSTRAINT post_title_is_some ON care.post IS 'Give the post a title of 200 letters at most.';
COMMENT ON CONSTRAINT post_body_is_some ON care.post IS 'Write something, 10000 letters at most.';

CREATE TABLE care.reply (
    reply_id        uuid        NOT NULL DEFAULT gen_random_uuid(),
    space_id        uuid        NOT NULL,
    post_id         uuid        NOT NULL,
    space_member_id uuid        NOT NULL,
    hidden_at       timestamptz,
    withdrawn_at    timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    version         integer     NOT NULL DEFAULT 1,
    body            text        NOT NULL,

    CONSTRAINT reply_pkey PRIMARY KEY (reply_id),
    CONSTRAINT reply_id_with_post_is_unique UNIQUE (post_id, reply_id),
    CONSTRAINT reply_post_fkey FOREIGN KEY (space_id, post_id) REFERENCES care.post (space_id, post_id),
    CONSTRAINT reply_member_fkey FOREIGN KEY (space_id, space_member_id)
        REFERENCES care.space_member (space_id, space_member_id),
    CONSTRAINT reply_body_is_some CHECK (body ~ '\S' AND length(body) <= 10000)
);
CREATE INDEX reply_post_idx ON care.reply (space_id, post_id, created_at);
CREATE INDEX reply_member_idx ON care.reply (space_member_id);
CREATE TRIGGER reply_is_touched BEFORE UPDATE ON care.reply FOR EACH ROW EXECUTE FUNCTION care.touch_unsigned();
COMMENT ON TABLE  care.reply                 IS 'Answer to a post; answers have no answers of their own.';
COMMENT ON COLUMN care.reply.reply_id        IS 'Key.';
COMMENT ON COLUMN care.reply.space_id        IS 'In which space.';
COMMENT ON COLUMN care.reply.post_id         IS 'To which post.';
COMMENT ON COLUMN care.reply.space_member_id IS 'Who wrote it.';
COMMENT ON COLUMN care.reply.hidden_at       IS 'When a moderator hid it; null while shown.';
COMMENT ON COLUMN care.reply.withdrawn_at    IS 'When its author took it back; null unless so.';
COMMENT ON COLUMN care.reply.created_at      IS 'When the row was made.';
COMMENT ON COLUMN care.reply.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.reply.version         IS 'Raised by each change.';
COMMENT ON COLUMN care.reply.body            IS 'The words.';
COMMENT ON CONSTRAINT reply_pkey ON care.reply IS 'This answer is known already.';
COMMENT ON CONSTRAINT reply_id_with_post_is_unique ON care.reply IS 'This answer is known already.';
COMMENT ON CONSTRAINT reply_post_fkey ON care.reply IS 'Choose a post of this space.';
COMMENT ON CONSTRAINT reply_member_fkey ON care.reply IS 'Choose a member of this space.';
COMMENT ON CONSTRAINT reply_body_is_some ON care.reply IS 'Write something, 10000 letters at most.';

CREATE TABLE care.support (
    post_id         uuid        NOT NULL,
    space_member_id uuid        NOT NULL,
    space_id        uuid        NOT NULL,
    withdrawn_at    timestamptz,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now(),
    version         integer     NOT NULL DEFAULT 1,

    CONSTRAINT support_is_one_a_member PRIMARY KEY (post_id, space_member_id),
    CONSTRAINT support_post_fkey FOREIGN KEY (space_id, post_id) REFERENCES care.post (space_id, post_id),
    CONSTRAINT support_member_fkey FOREIGN KEY (space_id, space_member_id)
        REFERENCES care.space_member (space_id, space_member_id)
);
CREATE INDEX support_member_idx ON care.support (space_id, space_member_id);
CREATE TRIGGER support_is_touched BEFORE UPDATE ON care.support FOR EACH ROW EXECUTE FUNCTION care.touch_unsigned();
COMMENT ON TABLE  care.support                 IS 'That a member stands by a post, once.';
COMMENT ON COLUMN care.support.post_id         IS 'Which post.';
COMMENT ON COLUMN care.support.space_member_id IS 'Who.';
COMMENT ON COLUMN care.support.space_id        IS 'In which space.';
COMMENT ON COLUMN care.support.withdrawn_at    IS 'When it was taken back; null while given.';
COMMENT ON COLUMN care.support.created_at      IS 'When the row was made.';
COMMENT ON COLUMN care.support.updated_at      IS 'When it was last changed.';
COMMENT ON COLUMN care.support.version         IS 'Raised by each change.';
COMMENT ON CONSTRAINT support_is_one_a_member ON care.support IS 'You support this post already.';
COMMENT ON CONSTRAINT support_post_fkey ON care.support IS 'Choose a post of this space.';
COMMENT ON CONSTRAINT support_member_fkey ON care.support IS 'Choose a member of this space.';

CREATE TABLE care.report (
    report_id       uuid        NOT NULL DEFAULT gen_random_uuid(),
    space_id        uuid        NOT NULL,
    post_id         uuid        NOT NULL,
    reply_id        uuid,
    space_member_id uuid        NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    reason          text        NOT NULL,
    note            text,

    CONSTRAINT report_pkey PRIMARY KEY (report_id),
    CONSTRAINT report_is_once_a_member UNIQUE NULLS NOT DISTINCT (post_id, reply_id, space_member_id),
    CONSTRAINT report_post_fkey FOREIGN KEY (space_id, post_id) REFERENCES care.post (space_id, post_id),
    CONSTRAINT report_reply_fkey FOREIGN KEY (post_id, reply_id) REFERENCES care.reply (post_id, reply_id),
    CONSTRAINT report_member_fkey FOREIGN KEY (space_id, space_member_id)
        REFERENCES care.space_member (space_id, space_member_id),
    CONSTRAINT report_reason_is_known CHECK (
        reason IN ('unkind', 'spam', 'dangerous_advice', 'personal_data', 'self_harm', 'other')
    ),
    CONSTRAINT report_note_is_short CHECK (length(note) <= 2000)
);
CREATE INDEX report_space_idx ON care.report (space_id, created_at);
CREATE INDEX report_member_idx ON care.report (space_member_id);
COMMENT ON TABLE  care.report                 IS 'That a member asks the moderators to look at a post or an answer.';
COMMENT ON COLUMN care.report.report_id       IS 'Key.';
COMMENT ON COLUMN care.report.space_id        IS 'In which space.';
COMMENT ON COLUMN care.report.post_id         IS 'Which post, or the answered one.';
COMMENT ON COLUMN care.report.reply_id        IS 'Which answer; null for the post itself.';
COMMENT ON COLUMN care.report.space_member_id IS 'Who asks.';
COMMENT ON COLUMN care.report.created_at      IS 'When it was asked.';
COMMENT ON COLUMN care.report.reason          IS 'unkind, spam, dangerous_advice, personal_data, self_harm or other.';
COMMENT ON COLUMN care.report.note            IS 'In words; null where nothing was said.';
COMMENT ON CONSTRAINT report_pkey ON care.report IS 'This report is known already.';
COMMENT ON CONSTRAINT report_is_once_a_member ON care.report IS 'You have reported that already.';
COMMENT ON CONSTRAINT report_post_fkey ON care.report IS 'Choose a post of this space.';
COMMENT ON CONSTRAINT report_reply_fkey ON care.report IS 'Choose an answer to this post.';
COMMENT ON CONSTRAINT report_member_fkey ON care.report IS 'Choose a member of this space.';
COMMENT ON CONSTRAINT report_reason_is_known ON care.report IS 'Choose one of the known reasons.';
COMMENT ON CONSTRAINT report_note_is_short ON care.report IS 'Keep the note to 2000 letters.';

CREATE TABLE care.moderation (
    moderation_id   uuid        NOT NULL DEFAULT gen_random_uuid(),
    space_id        uuid        NOT NULL,
    account_id      uuid        NOT NULL,
    post_id         uuid,
    reply_id        uuid,
    space_member_id uuid,
    decided_at      timestamptz NOT NULL DEFAULT now(),
    action          text        NOT NULL,
    reason          text        NOT NULL,

    CONSTRAINT moderation_pkey PRIMARY KEY (moderation_id),
    CONSTRAINT moderation_post_fkey FOREIGN KEY (space_id, post_id) REFERENCES care.post (space_id, post_id),
    CONSTRAINT moderation_reply_fkey FOREIGN KEY (post_id, reply_id) REFERENCES care.reply (post_id, reply_id),
    CONSTRAINT moderation_member_fkey FOREIGN KEY (space_id, space_member_id)
        REFERENCES care.space_member (space_id, space_member_id),
    CONSTRAINT moderation_account_fkey FOREIGN KEY (account_id) REFERENCES access.account (account_id),
    CONSTRAINT moderation_is_about_what_it_does CHECK (
        CASE WHEN action IN ('hide', 'show') THEN post_id IS NOT NULL AND space_member_id IS NULL
             WHEN action IN ('ban', 'readmit') THEN space_member_id IS NOT NULL AND num_nonnulls(post_id, reply_id) = 0
             ELSE false END
    ),
    CONSTRAINT moderation_reason_is_some CHECK (reason ~ '\S' AND length(reason) <= 2000)
);
CREATE INDEX moderation_post_idx ON care.moderation (space_id, post_id);
CREATE INDEX moderation_member_idx ON care.moderation (space_member_id);
COMMENT ON TABLE  care.moderation                 IS 'What a moderator decided; never changed, only decided anew.';
COMMENT ON COLUMN care.moderation.moderation_id   IS 'Key.';
COMMENT ON COLUMN care.moderation.space_id        IS 'In which space.';
COMMENT ON COLUMN care.moderation.account_id      IS 'Moderator who decided.';
COMMENT ON COLUMN care.moderation.post_id         IS 'About which post; null for a member.';
COMMENT ON COLUMN care.moderation.reply_id        IS 'About which answer to it; null for the post itself.';
COMMENT ON COLUMN care.moderation.space_member_id IS 'About which member; null for a post.';
COMMENT ON COLUMN care.moderation.decided_at      IS 'When.';
COMMENT ON COLUMN care.moderation.action          IS 'hide or show a post or answer, ban or readmit a member.';
COMMENT ON COLUMN care.moderation.reason          IS 'Why.';
COMMENT ON CONSTRAINT moderation_pkey ON care.moderation IS 'This decision is known already.';
COMMENT ON CONSTRAINT moderation_post_fkey ON care.moderation IS 'Choose a post of this space.';
COMMENT ON CONSTRAINT moderation_reply_fkey ON care.moderation IS 'Choose an answer to this post.';
COMMENT ON CONSTRAINT moderation_member_fkey ON care.moderation IS 'Choose a member of this space.';
COMMENT ON CONSTRAINT moderation_account_fkey ON care.moderation IS 'Name the moderator.';
COMMENT ON CONSTRAINT moderation_is_about_what_it_does ON care.moderation IS 'Hide or show a post or an answer, or ban or readmit a member.';
COMMENT ON CONSTRAINT moderation_reason_is_some ON care.moderation IS 'Give the reason, in 2000 letters at most.';

-- Closed at once; who may do what comes with the next migration.
CALL access.guard('care.space', 'directory');
CALL access.guard('care.space_member', 'internal');
CALL access.guard('care.space_identity', 'internal');
CALL access.guard('care.post', 'internal');
CALL access.guard('care.reply', 'internal');
CALL access.guard('care.support', 'internal');
CALL access.guard('care.report', 'internal');
CALL access.guard('care.moderation', 'internal');
