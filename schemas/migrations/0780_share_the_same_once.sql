-- A patient who shares the same with the same for the same purpose has one grant, however often the form is sent.
--
-- Two grants stood after two clicks, and who ended one of them left the record open by the other. Now the grant that stands is the
-- answer, and another end takes its place: all that stood before are taken back in the statement that makes the new one. The patient's grants
-- are made one after another, so two forms at once are no exception. Replaces a function, locks nothing. Undo: make it as in
-- migration 74.
CREATE OR REPLACE FUNCTION access.share(patient_id uuid, account_id uuid, provider_id uuid, scopes text[], purpose text, until timestamptz)
    RETURNS uuid LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    stands access.grant_of_access;
    made   uuid;
BEGIN
    IF (share.patient_id = ANY (access.own_patients())) IS NOT TRUE THEN
        PERFORM access.refuse('grant_is_the_patients', 'Only the patient may share this record.');
    ELSIF until <= now() THEN
        PERFORM access.refuse('grant_ends_later', 'Choose an end that is still to come.');
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('healthtrack.grant.' || share.patient_id, 0));
    FOR stands IN
        SELECT g.* FROM access.grant_of_access g
        WHERE g.patient_id = share.patient_id AND g.account_id IS NOT DISTINCT FROM share.account_id
          AND g.provider_id IS NOT DISTINCT FROM share.provider_id AND g.purpose = share.purpose
          AND g.scopes <@ share.scopes AND g.scopes @> share.scopes AND g.proxy_id IS NULL AND g.revoked_at IS NULL
          AND coalesce(upper(g.valid_during), 'infinity') > clock_timestamp()
        ORDER BY g.created_at DESC, g.grant_of_access_id
    LOOP
        IF made IS NULL AND upper(stands.valid_during) IS NOT DISTINCT FROM until THEN
            made := stands.grant_of_access_id;
            CONTINUE;
        END IF;
        UPDATE access.grant_of_access g SET revoked_at = now()
        WHERE g.grant_of_access_id = stands.grant_of_access_id AND g.revoked_at IS NULL;
        IF FOUND THEN
            PERFORM access.audit('revoke', share.patient_id, 'access.grant_of_access/' || stands.grant_of_access_id, 'allowed', 'own');
        END IF;
    END LOOP;
    IF made IS NOT NULL THEN
        RETURN made;
    END IF;
    INSERT INTO access.grant_of_access (patient_id, account_id, provider_id, valid_during, scopes, purpose)
    VALUES (share.patient_id, share.account_id, share.provider_id, tstzrange(now(), until), share.scopes, share.purpose)
    RETURNING grant_of_access_id INTO made;
    PERFORM access.audit('grant', share.patient_id, 'access.grant_of_access/' || made, 'allowed', 'own');
    RETURN made;
END $$;
COMMENT ON FUNCTION access.share(uuid, uuid, uuid, text[], text, timestamptz) IS
    'Lets one account or one provider see what the scopes name of the actor''s own record; gives the grant, the one that stands where it is the same.';
