-- Intake and provenance through `api`: an operator adds systems and registers their records, and whoever may read a row is
-- told where it came from.
--
-- The row is asked for with the rights of who reads, and where it is not theirs to see nothing is told. Who wrote it here
-- is told by name or as a program; whoever reads who looked is told no more. Locks nothing. Undo: drop them.
INSERT INTO access.look_kind (kind, scope) VALUES ('provenance', 'chart');

CREATE FUNCTION care.keep_source_system(name text, kind text, organisation text, active boolean) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
    kept uuid;
BEGIN
    IF access.actor() IS NOT NULL AND access.part() IS DISTINCT FROM 'operator' THEN
        PERFORM care.refuse('intake_is_an_operators', 'Ask an operator to take this in.');
    END IF;
    UPDATE care.source_system s SET kind = $2, organisation = $3,
        retired_at = CASE WHEN NOT $4 THEN coalesce(s.retired_at, now()) END
    WHERE s.name = $1 RETURNING s.source_system_id INTO kept;
    IF kept IS NULL THEN
        INSERT INTO care.source_system AS s (name, kind, organisation, retired_at)
        VALUES ($1, $2, $3, CASE WHEN NOT $4 THEN now() END) RETURNING s.source_system_id INTO kept;
    END IF;
    RETURN kept;
END $$;
COMMENT ON FUNCTION care.keep_source_system(text, text, text, boolean) IS 'Adds a system by its name, or changes what is known of it; gives its key.';

CREATE FUNCTION care.seen_row(patient uuid, relation text, of_row uuid, OUT made_at timestamptz, OUT made_by text)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    keyed constant oid := to_regclass(format('care.%I', relation));
    columns text[] := ARRAY(SELECT a.attname FROM pg_attribute a WHERE a.attrelid = keyed AND a.attnum > 0 AND NOT a.attisdropped);
BEGIN
    IF columns @> ARRAY['patient_id', relation || '_id'] AND has_table_privilege(keyed, 'SELECT') THEN
        RETURN QUERY EXECUTE format('SELECT %s, %s FROM care.%I AS known WHERE known.%I = $1 AND known.patient_id = $2',
            CASE WHEN 'created_at' = ANY (columns) THEN 'known.created_at' ELSE 'NULL::timestamptz' END,
            CASE WHEN 'updated_by' = ANY (columns) THEN 'known.updated_by' ELSE 'NULL::text' END, relation, relation || '_id')
            USING of_row, patient;
    END IF;
END $$;
COMMENT ON FUNCTION care.seen_row(uuid, text, uuid) IS 'When a row of a patient was made and by whom it was last changed; none where the actor may not see it.';

CREATE FUNCTION access.external_records(relation text, of_row uuid)
    RETURNS TABLE (source text, kind text, organisation text, external_id text, first_received_at timestamptz, received_at timestamptz)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT s.name, s.kind, s.organisation, e.external_id, e.first_received_at, e.received_at
    FROM care.external_record e JOIN care.source_system s USING (source_system_id)
    WHERE e.row_id = $2 AND e.relation = $1
$$;
COMMENT ON FUNCTION access.external_records(text, uuid) IS 'The records of other systems that a row is; asked for a row that the actor has seen.';
GRANT EXECUTE ON FUNCTION care.keep_source_system(text, text, text, boolean) TO healthtrack_care, healthtrack_migrator;
GRANT EXECUTE ON FUNCTION care.seen_row(uuid, text, uuid), access.external_records(text, uuid) TO healthtrack_care;

CALL access.publish('keep_source_system', 'name text, kind text, organisation text, active boolean', 'uuid', $body$
    answer := care.keep_source_system(name, kind, organisation, active);
    PERFORM access.note(me, 'update', NULL, 'care.source_system/' || answer);$body$,
    'Adds a system whose records are taken in, by its name, or changes what is known of it, for an operator; gives its key.');
CALL access.publish('register_external_record',
    'source text, external_id text, relation text, "row" uuid, patient uuid, digest bytea', 'text', $body$
    answer := care.register_external_record(source, external_id, relation, "row", patient, digest);
    PERFORM access.note(me, CASE answer WHEN 'new' THEN 'create' ELSE 'update' END, patient, 'care.external_record');$body$,
    'Registers a row as a record of another system, as often as it comes, for an operator: new, same, or changed since it came last.');
CALL access.publish('read_provenance', 'relation text, "row" uuid',
    'TABLE (source text, kind text, organisation text, external_id text, first_received_at timestamptz, received_at timestamptz, who text)',
    $body$RETURN QUERY
    SELECT NULL, 'here', NULL, NULL, seen.made_at, seen.made_at,
           CASE WHEN seen.made_by ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                THEN access.name_of_account(seen.made_by::uuid) ELSE 'program' END
    FROM care.seen_row(patient, relation, "row") AS seen
    UNION ALL
    SELECT e.source, e.kind, e.organisation, e.external_id, e.first_received_at, e.received_at, NULL
    FROM care.seen_row(patient, relation, "row") AS seen, access.external_records(relation, "row") AS e
    ORDER BY 5, 1 NULLS FIRST LIMIT 100;$body$,
    'Where a row of a patient came from: who last wrote it here and when it was made, and each system that has it, with its name there; none for a row that is not theirs to see.',
    look => $$'provenance'$$);
