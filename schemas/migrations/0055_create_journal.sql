-- The journal: what a patient writes for nobody, and shares entry by entry.
--
-- The words are sealed by the program with the patient's own data key, bound to this table, column, row and person, so
-- that neither the database nor its operator can read them, nor move one to another row; which key that is follows from
-- the patient. Tags would tell what the words hide, so there are none. The author alone sees an entry; a provider sees
-- one that is shared with them at this moment, and only while the patient is in their care; the end of either ends it
-- with the next statement. New tables; foreign keys lock their targets for an instant. Undo: drop them.
CREATE TABLE care.journal_entry (
    journal_entry_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id       uuid        NOT NULL,
    written_at       timestamptz NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    version          integer     NOT NULL DEFAULT 1,
    mood             smallint,
    body             bytea       NOT NULL,
    updated_by       text        NOT NULL DEFAULT session_user,

    CONSTRAINT journal_entry_pkey PRIMARY KEY (journal_entry_id),
    CONSTRAINT journal_entry_id_with_patient_is_unique UNIQUE (patient_id, journal_entry_id),
    CONSTRAINT journal_entry_patient_fkey FOREIGN KEY (patient_id) REFERENCES care.patient (patient_id),
    CONSTRAINT journal_entry_mood_is_1_to_5 CHECK (mood BETWEEN 1 AND 5),
    CONSTRAINT journal_entry_body_is_sealed CHECK (
        octet_length(body) BETWEEN 30 AND 65565 AND substr(body, 1, 1) = '\x01'
    )
);
CREATE INDEX journal_entry_patient_idx ON care.journal_entry (patient_id, written_at DESC);
CREATE TRIGGER journal_entry_is_touched BEFORE UPDATE ON care.journal_entry FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.journal_entry                  IS 'One entry of a journal, sealed.';
COMMENT ON COLUMN care.journal_entry.journal_entry_id IS 'Key, made by the program, which seals the words for it.';
COMMENT ON COLUMN care.journal_entry.patient_id       IS 'Who wrote it.';
COMMENT ON COLUMN care.journal_entry.written_at       IS 'When it was written.';
COMMENT ON COLUMN care.journal_entry.created_at       IS 'When the row was made.';
COMMENT ON COLUMN care.journal_entry.updated_at       IS 'When it was last changed.';
COMMENT ON COLUMN care.journal_entry.version          IS 'Raised by each change.';
COMMENT ON COLUMN care.journal_entry.mood             IS '1 (low) to 5 (high), in clear; null where nothing was said.';
COMMENT ON COLUMN care.journal_entry.body             IS 'Sealed for this row with the patient''s data key.';
COMMENT ON COLUMN care.journal_entry.updated_by       IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT journal_entry_pkey ON care.journal_entry IS 'This entry is known already.';
COMMENT ON CONSTRAINT journal_entry_id_with_patient_is_unique ON care.journal_entry IS 'This entry is known already.';
COMMENT ON CONSTRAINT journal_entry_patient_fkey ON care.journal_entry IS 'Register the patient first.';
COMMENT ON CONSTRAINT journal_entry_mood_is_1_to_5 ON care.journal_entry IS 'Give the mood as 1 to 5, or not at all.';
COMMENT ON CONSTRAINT journal_entry_body_is_sealed ON care.journal_entry IS 'An entry is stored sealed, up to 64 KiB of it.';

CREATE TABLE care.journal_share (
    journal_share_id uuid        NOT NULL DEFAULT gen_random_uuid(),
    patient_id       uuid        NOT NULL,
    journal_entry_id uuid        NOT NULL,
    provider_id      uuid        NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),
    version          integer     NOT NULL DEFAULT 1,
    shared_during    tstzrange   NOT NULL,
    updated_by       text        NOT NULL DEFAULT session_user,

    CONSTRAINT journal_share_pkey PRIMARY KEY (journal_share_id),
    CONSTRAINT journal_share_entry_fkey FOREIGN KEY (patient_id, journal_entry_id)
        REFERENCES care.journal_entry (patient_id, journal_entry_id),
    CONSTRAINT journal_share_provider_fkey FOREIGN KEY (provider_id) REFERENCES care.provider (provider_id),
    CONSTRAINT journal_share_period_is_half_open CHECK (
        NOT isempty(shared_during) AND lower_inc(shared_during) AND NOT upper_inc(shared_during)
    ),
    CONSTRAINT journal_share_is_not_repeated
        EXCLUDE USING gist (journal_entry_id WITH =, provider_id WITH =, shared_during WITH &&)
);
CREATE INDEX journal_share_entry_idx ON care.journal_share (patient_id, journal_entry_id);
CREATE INDEX journal_share_provider_idx ON care.journal_share (provider_id);
CREATE TRIGGER journal_share_is_touched BEFORE UPDATE ON care.journal_share FOR EACH ROW EXECUTE FUNCTION care.touch();
COMMENT ON TABLE  care.journal_share                  IS 'That one entry is shown to one provider for a time.';
COMMENT ON COLUMN care.journal_share.journal_share_id IS 'Key.';
COMMENT ON COLUMN care.journal_share.patient_id       IS 'Whose entry it is.';
COMMENT ON COLUMN care.journal_share.journal_entry_id IS 'Which entry.';
COMMENT ON COLUMN care.journal_share.provider_id      IS 'Who may read it.';
COMMENT ON COLUMN care.journal_share.created_at       IS 'When the row was made.';
COMMENT ON COLUMN care.journal_share.updated_at       IS 'When it was last changed.';
COMMENT ON COLUMN care.journal_share.version          IS 'Raised by each change.';
COMMENT ON COLUMN care.journal_share.shared_during    IS 'Half-open period; no upper bound until it is taken back.';
COMMENT ON COLUMN care.journal_share.updated_by       IS 'Account or program that last changed it.';
COMMENT ON CONSTRAINT journal_share_pkey ON care.journal_share IS 'This share is known already.';
COMMENT ON CONSTRAINT journal_share_entry_fkey ON care.journal_share IS 'Choose an entry of your own.';
COMMENT ON CONSTRAINT journal_share_provider_fkey ON care.journal_share IS 'Choose one of the network''s providers.';
COMMENT ON CONSTRAINT journal_share_period_is_half_open ON care.journal_share IS 'Sharing has a beginning, and ends after it.';
COMMENT ON CONSTRAINT journal_share_is_not_repeated ON care.journal_share IS 'This entry is shared with that provider at that time already.';

CREATE FUNCTION care.entries_shared() RETURNS uuid[]
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT journal_entry_id), '{}') FROM care.journal_share
    WHERE provider_id = care.acting_provider() AND shared_during @> now()
      AND patient_id = ANY (access.patients_in_care())
$$;
COMMENT ON FUNCTION care.entries_shared() IS 'Journal entries that are shared with the acting provider at this moment, by patients in care.';

CREATE FUNCTION care.share_entry(journal_entry_id uuid, provider_id uuid, until timestamptz) RETURNS uuid
    LANGUAGE sql AS $$
    INSERT INTO care.journal_share AS made (patient_id, journal_entry_id, provider_id, shared_during)
    SELECT entry.patient_id, $1, $2, tstzrange(now(), $3) FROM care.journal_entry AS entry
    WHERE entry.journal_entry_id = $1
    RETURNING made.journal_share_id
$$;
COMMENT ON FUNCTION care.share_entry(uuid, uuid, timestamptz) IS 'Shares one entry of the author with one provider until a time, or (null) until it is taken back; the key, null where there is no such entry.';

CREATE FUNCTION care.unshare_entry(journal_entry_id uuid, provider_id uuid) RETURNS bigint
    LANGUAGE plpgsql AS $$
DECLARE
    ended bigint;
BEGIN
    -- A share cannot end at the moment at which it began, or before: one of this very transaction lasts a microsecond.
    UPDATE care.journal_share AS share
    SET shared_during = tstzrange(lower(share.shared_during),
                                  greatest(now(), lower(share.shared_during) + INTERVAL '1 microsecond'))
    WHERE share.journal_entry_id = $1 AND share.provider_id = $2
      AND (upper(share.shared_during) > now() OR upper_inf(share.shared_during));
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended;
END $$;
COMMENT ON FUNCTION care.unshare_entry(uuid, uuid) IS 'Takes an entry back from a provider, from now on; how many shares ended.';

CALL access.guard('care.journal_entry', 'internal');
CALL access.guard('care.journal_share', 'internal');
GRANT SELECT, INSERT, UPDATE ON care.journal_entry, care.journal_share TO healthtrack_portal;
CREATE POLICY own ON care.journal_entry FOR ALL TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]))
    WITH CHECK (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY shared ON care.journal_entry FOR SELECT TO healthtrack_portal
    USING (journal_entry_id = ANY ((SELECT care.entries_shared())::uuid[]));
CREATE POLICY own ON care.journal_share FOR ALL TO healthtrack_portal
    USING (patient_id = ANY ((SELECT access.own_patients())::uuid[]))
    WITH CHECK (patient_id = ANY ((SELECT access.own_patients())::uuid[]));
CREATE POLICY shared ON care.journal_share FOR SELECT TO healthtrack_portal
    USING (provider_id = (SELECT care.acting_provider()) AND shared_during @> now()
           AND journal_entry_id = ANY ((SELECT care.entries_shared())::uuid[]));
