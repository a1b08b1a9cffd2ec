-- Emergency access, and the sharing of records: each opens a record, and each is audited by the same statement.
--
-- Breaking the glass gives a provider one patient for 60 minutes at once, on the word of a reason; every one of them is
-- reviewed. The reason is kept with the relationship, not in the audit, since people write about people. Undo: drop
-- them.
CREATE TABLE access.emergency_review (
    care_relationship_id uuid        NOT NULL,
    reviewed_at          timestamptz NOT NULL DEFAULT now(),
    reviewed_by          uuid        NOT NULL,
    finding              text        NOT NULL,

    CONSTRAINT emergency_review_pkey PRIMARY KEY (care_relationship_id),
    CONSTRAINT emergency_review_relationship_fkey FOREIGN KEY (care_relationship_id)
        REFERENCES access.care_relationship (care_relationship_id),
    CONSTRAINT emergency_review_account_fkey FOREIGN KEY (reviewed_by) REFERENCES access.account (account_id),
    CONSTRAINT emergency_review_finding_is_known CHECK (finding IN ('justified', 'unjustified', 'unclear'))
);
CREATE INDEX emergency_review_account_idx ON access.emergency_review (reviewed_by);
COMMENT ON TABLE  access.emergency_review                      IS 'What the privacy officer found of an emergency access.';
COMMENT ON COLUMN access.emergency_review.care_relationship_id IS 'Which emergency.';
COMMENT ON COLUMN access.emergency_review.reviewed_at          IS 'When it was looked at.';
COMMENT ON COLUMN access.emergency_review.reviewed_by          IS 'The privacy officer''s account.';
COMMENT ON COLUMN access.emergency_review.finding              IS 'justified, unjustified or unclear.';
COMMENT ON CONSTRAINT emergency_review_pkey ON access.emergency_review IS 'This emergency was reviewed already.';
COMMENT ON CONSTRAINT emergency_review_relationship_fkey ON access.emergency_review IS 'Choose an emergency that exists.';
COMMENT ON CONSTRAINT emergency_review_account_fkey ON access.emergency_review IS 'Choose an account that exists.';
COMMENT ON CONSTRAINT emergency_review_finding_is_known ON access.emergency_review IS 'Choose justified, unjustified or unclear.';
CALL access.guard('access.emergency_review', 'internal');

CREATE FUNCTION access.refuse(rule text, sentence text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = rule, MESSAGE = sentence;
END $$;
COMMENT ON FUNCTION access.refuse(text, text) IS 'Refuses with a rule''s name and a sentence for a person.';

CREATE FUNCTION access.break_glass(patient_id uuid, reason text) RETURNS timestamptz
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    provider uuid;
    made     uuid;
    until    constant timestamptz := now() + INTERVAL '60 minutes';
BEGIN
    SELECT a.provider_id INTO provider FROM access.account a
    WHERE a.account_id = access.actor() AND a.disabled_at IS NULL;
    IF provider IS NULL THEN
        PERFORM access.refuse('emergency_is_a_providers', 'Only a provider may open a record in an emergency.');
    ELSIF coalesce(btrim(reason), '') !~ '\S.{9,}' THEN
        PERFORM access.refuse('emergency_is_explained', 'Say in a sentence why this cannot wait.');
    END IF;
    INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis, reason)
    VALUES (break_glass.patient_id, provider, tstzrange(now(), until), 'emergency', btrim(reason))
    RETURNING care_relationship_id INTO made;
    PERFORM access.audit('break_glass', patient_id, 'access.care_relationship/' || made, 'allowed', 'emergency');
    RETURN until;
END $$;
COMMENT ON FUNCTION access.break_glass(uuid, text) IS 'Opens one patient''s record to the acting provider for 60 minutes, audited and to be reviewed; gives the end.';

CREATE FUNCTION access.share(
    patient_id uuid, account_id uuid, provider_id uuid, scopes text[], purpose text, until timestamptz
) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    made uuid;
BEGIN
    IF (share.patient_id = ANY (access.own_patients())) IS NOT TRUE THEN
        PERFORM access.refuse('grant_is_the_patients', 'Only the patient may share this record.');
    ELSIF until <= now() THEN
        PERFORM access.refuse('grant_ends_later', 'Choose an end that is still to come.');
    END IF;
    INSERT INTO access.grant_of_access (patient_id, account_id, provider_id, valid_during, scopes, purpose)
    VALUES (share.patient_id, share.account_id, share.provider_id, tstzrange(now(), until), share.scopes, share.purpose)
    RETURNING grant_of_access_id INTO made;
    PERFORM access.audit('grant', patient_id, 'access.grant_of_access/' || made, 'allowed', 'own');
    RETURN made;
END $$;
COMMENT ON FUNCTION access.share(uuid, uuid, uuid, text[], text, timestamptz) IS 'Lets one account or one provider see what the scopes name of the actor''s own record; gives the grant.';

CREATE FUNCTION access.unshare(grant_of_access_id uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    UPDATE access.grant_of_access g SET revoked_at = now()
    WHERE g.grant_of_access_id = unshare.grant_of_access_id AND g.revoked_at IS NULL
      AND g.patient_id = ANY (access.own_patients())
    RETURNING g.patient_id INTO whose;
    IF whose IS NULL THEN
        PERFORM access.refuse('grant_stands', 'You have no such grant that still stands.');
    END IF;
    PERFORM access.audit('revoke', whose, 'access.grant_of_access/' || grant_of_access_id, 'allowed', 'own');
END $$;
COMMENT ON FUNCTION access.unshare(uuid) IS 'Takes a grant of the actor''s own record back; the next statement of whoever had it sees nothing.';

CREATE FUNCTION access.review_emergency(care_relationship_id uuid, finding text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    whose uuid;
BEGIN
    IF access.part() IS DISTINCT FROM 'privacy_officer' THEN
        PERFORM access.refuse('review_is_the_officers', 'Only a privacy officer reviews emergencies.');
    END IF;
    SELECT r.patient_id INTO whose FROM access.care_relationship r
    WHERE r.care_relationship_id = review_emergency.care_relationship_id AND r.basis = 'emergency';
    IF whose IS NULL THEN
        PERFORM access.refuse('review_is_of_an_emergency', 'Choose an emergency that exists.');
    END IF;
    INSERT INTO access.emergency_review (care_relationship_id, reviewed_by, finding)
    VALUES (review_emergency.care_relationship_id, access.actor(), review_emergency.finding);
    PERFORM access.audit('review', whose, 'access.care_relationship/' || care_relationship_id, 'allowed', 'emergency');
END $$;
COMMENT ON FUNCTION access.review_emergency(uuid, text) IS 'Records what the acting privacy officer found of an emergency.';

-- Runs as its owner, since nobody else reads the tables of rights; says itself who may see it.
CREATE VIEW access.emergency WITH (security_barrier) AS
SELECT r.care_relationship_id, r.patient_id, r.provider_id, lower(r.valid_during) AS opened_at,
       upper(r.valid_during) AS until_at, r.reason, v.finding, v.reviewed_at,
       v.care_relationship_id IS NULL AND lower(r.valid_during) < now() - INTERVAL '24 hours' AS overdue
FROM access.care_relationship r LEFT JOIN access.emergency_review v USING (care_relationship_id)
WHERE r.basis = 'emergency' AND (access.part() = 'privacy_officer'
    OR pg_has_role(session_user, 'healthtrack_auditor', 'MEMBER'));
COMMENT ON VIEW   access.emergency                      IS 'Every emergency access with what was found of it, for the privacy officer and the auditor.';
COMMENT ON COLUMN access.emergency.care_relationship_id IS 'Which emergency.';
COMMENT ON COLUMN access.emergency.patient_id           IS 'Whose record was opened.';
COMMENT ON COLUMN access.emergency.provider_id          IS 'Who opened it.';
COMMENT ON COLUMN access.emergency.opened_at            IS 'When.';
COMMENT ON COLUMN access.emergency.until_at             IS 'When it ended by itself.';
COMMENT ON COLUMN access.emergency.reason               IS 'Why, in the provider''s words.';
COMMENT ON COLUMN access.emergency.finding              IS 'What the review found; null while it is to be done.';
COMMENT ON COLUMN access.emergency.reviewed_at          IS 'When it was reviewed; null while it is to be done.';
COMMENT ON COLUMN access.emergency.overdue              IS 'True where nobody has reviewed it within 24 hours.';
GRANT SELECT ON access.emergency TO healthtrack_portal, healthtrack_auditor;

REVOKE EXECUTE ON FUNCTION access.break_glass(uuid, text), access.share(uuid, uuid, uuid, text[], text, timestamptz),
    access.unshare(uuid), access.review_emergency(uuid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.break_glass(uuid, text), access.share(uuid, uuid, uuid, text[], text, timestamptz),
    access.unshare(uuid), access.review_emergency(uuid, text) TO healthtrack_portal;
