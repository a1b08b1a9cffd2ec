-- Four tables get names that say what they hold: care.history becomes care.record_version, care.plan
-- care.membership_plan, care.report care.content_report, care.support care.post_support.
--
-- The old names stood for something else as well: a patient's history, a care plan, a clinical report, help. Views,
-- policies and references follow a rename by themselves, and the names of rules, indexes and triggers follow here; the
-- bodies of functions are text, so each that names an old table is written anew with the new name, and the migration
-- fails if one is left. A word's own key keeps its name (`plan`), as care.service has it; the key of a report of
-- content takes the table's. Events of the audit that name an old table stay as they were written. Locks the four
-- tables until COMMIT, for an instant. Undo: the same with the names of each pair changed over.
DO $$
DECLARE
    renamed constant jsonb := '{"history": "record_version", "plan": "membership_plan", "report": "content_report",
                                "support": "post_support"}';
    pair    record;
    part    record;
    routine record;
    known   text;
    anew    text;
BEGIN
    -- The table, and whatever on it begins with its name.
    FOR pair IN SELECT key AS former, value AS name FROM jsonb_each_text(renamed) LOOP
        EXECUTE format('ALTER TABLE care.%I RENAME TO %I', pair.former, pair.name);
        FOR part IN
            SELECT c.conname AS name FROM pg_constraint c
            WHERE c.conrelid = format('care.%I', pair.name)::regclass AND starts_with(c.conname, pair.former || '_')
        LOOP
            EXECUTE format('ALTER TABLE care.%I RENAME CONSTRAINT %I TO %I', pair.name, part.name,
                           regexp_replace(part.name, '^' || pair.former, pair.name));
        END LOOP;
        FOR part IN
            SELECT i.relname AS name FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
            WHERE x.indrelid = format('care.%I', pair.name)::regclass AND starts_with(i.relname, pair.former || '_')
        LOOP
            EXECUTE format('ALTER INDEX care.%I RENAME TO %I', part.name,
                           regexp_replace(part.name, '^' || pair.former, pair.name));
        END LOOP;
        FOR part IN
            SELECT t.tgname AS name FROM pg_trigger t
            WHERE t.tgrelid = format('care.%I', pair.name)::regclass AND NOT t.tgisinternal
              AND starts_with(t.tgname, pair.former || '_')
        LOOP
            EXECUTE format('ALTER TRIGGER %I ON care.%I RENAME TO %I', part.name, pair.name,
                           regexp_replace(part.name, '^' || pair.former, pair.name));
        END LOOP;
    END LOOP;
    ALTER TABLE care.content_report RENAME COLUMN report_id TO content_report_id;

    FOR routine IN
        SELECT p.oid, p.oid::regprocedure::text AS signature, obj_description(p.oid, 'pg_proc') AS says,
               CASE p.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END AS kind
        FROM pg_proc p
        WHERE p.pronamespace IN (SELECT n.oid FROM pg_namespace n WHERE n.nspname IN ('care', 'access', 'signal', 'api'))
          AND p.prokind IN ('f', 'p')
          AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    LOOP
        known := pg_get_functiondef(routine.oid);
        anew := known;
        FOR pair IN SELECT key AS former, value AS name FROM jsonb_each_text(renamed) LOOP
            CONTINUE WHEN anew !~ ('\mcare\.' || pair.former || '\M');
            anew := regexp_replace(anew, '\mcare\.' || pair.former || '\M', 'care.' || pair.name, 'g');
            IF pair.former = 'report' THEN
                anew := regexp_replace(anew, '\mreport_id\M', 'content_report_id', 'g');
            END IF;
            -- A column that was qualified by the table's own name; not where an alias or a variable has that name.
            IF anew !~* ('(care\.[a-z_]+|\)|\mAS)\s+' || pair.former || '\M')
               AND anew !~ ('\n\s*' || pair.former || '\s+(constant\s+)?[a-z]') THEN
                anew := regexp_replace(anew, '(?<![\w.''])' || pair.former || '\.(?=[a-z_*])', pair.name || '.', 'g');
            END IF;
        END LOOP;
        IF anew <> known THEN
            EXECUTE anew;
        END IF;
        anew := routine.says;
        FOR pair IN SELECT key AS former, value AS name FROM jsonb_each_text(renamed) LOOP
            anew := regexp_replace(anew, '\mcare\.' || pair.former || '\M', 'care.' || pair.name, 'g');
        END LOOP;
        IF anew <> routine.says THEN
            EXECUTE format('COMMENT ON %s %s IS %L', routine.kind, routine.signature, anew);
        END IF;
    END LOOP;

    -- Whatever still names an old table would fail when it is called, which may be long after.
    SELECT string_agg(p.oid::regprocedure::text, ', ') INTO known
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN jsonb_object_keys(renamed) AS former
        ON p.prosrc ~ ('\mcare\.' || former || '\M') OR p.prosrc ~ ('\mcare\."' || former || '"')
    WHERE n.nspname IN ('care', 'access', 'signal', 'api');
    IF known IS NOT NULL THEN
        RAISE EXCEPTION 'these functions still name a table by its former name: %', known;
    END IF;
END $$;
