-- Rights through `api`: emergencies, grants, who looked, keys and samples.
--
-- Whoever reads who looked is told names and parts, and never the key of another's account. Samples are read under a look
-- at `samples/` and their metric. Locks nothing. Undo: drop them.
CALL access.publish('break_glass', 'patient uuid, reason text', 'timestamptz',
    'answer := access.break_glass(patient, reason);',
    'Opens one patient''s record to the acting provider for 60 minutes from when this is committed, audited and to be reviewed; gives the end.');
CALL access.publish('share_record',
    'patient uuid, to_account uuid, to_provider uuid, scopes text[], purpose text, until timestamptz', 'uuid',
    $body$
    IF 'journal' = ANY (scopes) THEN
        PERFORM access.refuse('grant_opens_what_it_names', 'Share entries of the journal one by one: no grant opens it.');
    END IF;
    answer := access.share(patient, to_account, to_provider, scopes, purpose, until);$body$,
    'Lets one account or one provider see what the scopes name of the actor''s own record; gives the grant.');
CALL access.publish('unshare_record', 'grant_of_access uuid', 'void', 'PERFORM access.unshare(grant_of_access);',
    'Takes a grant of the actor''s own record back.');
CALL access.publish('review_emergency', 'care_relationship uuid, finding text', 'void',
    'PERFORM access.review_emergency(care_relationship, finding);',
    'Records what the acting privacy officer found of an emergency.');
CALL access.publish('list_emergencies', '',
    'TABLE (care_relationship_id uuid, patient_id uuid, provider_id uuid, opened_at timestamptz, until_at timestamptz, reason text, finding text, reviewed_at timestamptz, overdue boolean)',
    $body$RETURN QUERY SELECT care_relationship_id, patient_id, provider_id, opened_at, until_at, reason, finding, reviewed_at, overdue
    FROM access.emergency WHERE patient IS NULL ORDER BY opened_at DESC, care_relationship_id LIMIT 500;$body$,
    'Emergencies with what was found of them, the newest first, 500 at most; for the privacy officer, none for others.',
    look => $$'emergencies'$$);
CALL access.publish('list_unexplained_access', '',
    'TABLE (happened_at timestamptz, who text, patient_id uuid, part text, action text, resource text, outcome text)',
    $body$RETURN QUERY SELECT at, access.name_of_account(actor), patient_id, part, action, resource, outcome
    FROM access.unexplained_access WHERE patient IS NULL AND at > now() - INTERVAL '30 days'
    ORDER BY at DESC, chain, seq DESC LIMIT 500;$body$,
    'Looks of the last 30 days that no care, visit or grant explains, the newest first, 500 at most; for the privacy officer, none for others.',
    look => $$'unexplained_access'$$);
CALL access.publish('list_access', '',
    'TABLE (happened_at timestamptz, who text, part text, action text, resource text, outcome text, reason text)',
    $body$RETURN QUERY SELECT at, who, part, action, resource, outcome, reason
    FROM access.my_access_log ORDER BY at DESC, chain, seq DESC LIMIT 500;$body$,
    'Who looked at the acting patient''s record or tried to, the newest first, 500 at most; none for others.');

CALL access.publish('read_data_key', '', 'TABLE (key_id text, wrapped bytea)',
    'RETURN QUERY SELECT key_id, wrapped FROM access.data_key WHERE patient_id = patient;',
    'The wrapped data key of a patient; no row where there is none for whoever acts.', look => $$'data_key'$$);
CALL access.publish('keep_data_key', 'key_id text, wrapped bytea, made_at timestamptz',
    'TABLE (kept_key_id text, kept bytea)', $body$
    INSERT INTO access.data_key (patient_id, created_at, key_id, wrapped)
    VALUES (patient, made_at, keep_data_key.key_id, keep_data_key.wrapped) ON CONFLICT (patient_id) DO NOTHING;
    IF FOUND THEN
        PERFORM access.note(me, 'create', patient, 'access.data_key');
    END IF;
    RETURN QUERY SELECT k.key_id, k.wrapped FROM access.data_key k WHERE k.patient_id = patient;$body$,
    'Keeps a patient''s wrapped data key, unless there is one already; gives the one that stands.', look => $$'data_key'$$);

CREATE FUNCTION access.worn_samples(
    patient uuid, metric text, "from" timestamptz, "to" timestamptz, rows_max integer
) RETURNS TABLE (
    start_at timestamptz, end_at timestamptz, value double precision, statistic text, code text, unit text, device_id text
)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF (metric ~ '^[a-z][a-z0-9_]{0,79}$' AND "to" > "from" AND "to" <= "from" + INTERVAL '400 days') IS NOT TRUE THEN
        PERFORM access.refuse('samples_are_asked_for_by_metric_and_time',
                              'Name a metric and a period of 400 days at most.');
    END IF;
    RETURN QUERY
        SELECT s.start_at, s.end_at, s.value, s.statistic, s.code, s.unit, s.device_id
        FROM care.wear w
        JOIN signal.device d USING (device_key)
        CROSS JOIN LATERAL signal.samples(d.device_id, worn_samples.metric,
            greatest(worn_samples."from", lower(w.worn_during)), least(worn_samples."to", upper(w.worn_during))) s
        WHERE w.patient_id = patient AND w.worn_during && tstzrange(worn_samples."from", worn_samples."to")
          AND access.reason_to_see(patient, 'samples') IS NOT NULL
        ORDER BY s.start_at, s.statistic, s.device_id LIMIT rows_max;
END $$;
COMMENT ON FUNCTION access.worn_samples(uuid, text, timestamptz, timestamptz, integer) IS 'Hot samples of a patient and metric that begin in [from, to), from the devices worn at the time; none where the actor may not see them.';
GRANT EXECUTE ON FUNCTION access.worn_samples(uuid, text, timestamptz, timestamptz, integer) TO healthtrack_care;

CALL access.publish('read_samples', 'metric text, "from" timestamptz, "to" timestamptz, rows_max integer',
    'TABLE (start_at timestamptz, end_at timestamptz, value double precision, statistic text, code text, unit text, device_id text)',
    $body$RETURN QUERY SELECT start_at, end_at, value, statistic, code, unit, device_id
    FROM access.worn_samples(patient, metric, "from", "to", least(rows_max, 1000000));$body$,
    'Hot samples of a patient and metric that begin in [from, to), 400 days and a million at most, from the devices worn at the time.',
    look => $$'samples/' || metric$$);
