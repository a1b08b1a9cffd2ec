-- Sensitive rows: a category of a row, a scope for it, and a kind of guard that asks for both.
--
-- Behavioural health, reproductive health, substance use and HIV are what patients keep from most of those who may read
-- the rest of a chart. A row of clinical facts says in `sensitivity` which of them it is of; null is plain care. A row
-- with a category is read by the patient, by its author, and by whom that very category was opened to: by a grant of
-- that scope, which opens nothing else, or by care that opens it. A grant of the chart, and plain care, open none.
--
-- Care opens the categories that the specialties of its provider treat (care.specialty.opens) when it begins, and an
-- emergency opens them all for its hour, since a medical emergency is why the law lets that be known; each is audited
-- and reviewed as before. Whoever maintains the network may give a relationship others (access.care_relationship.opens).
--
-- For a new table of clinical facts, a nullable column `sensitivity care.sensitivity`, and
--   CALL access.guard('care.x', 'sensitive_chart', 'recorded_by');      the patient reads
--   CALL access.guard('care.x', 'sensitive_own_chart', 'recorded_by');  the patient writes as well
-- where `recorded_by` is the row's column with the provider who wrote it. In its place may stand a condition of the row
-- (such as an EXISTS on its parent), or nothing: then no author reads by authorship.
--
-- Whether a category is open is a list of patients that is made once a statement, and only if a row has that category.
-- Locks access.care_relationship, access.grant_of_access and care.specialty for an instant. Undo: drop what is made
-- here, and put access.guard(regclass, text) and the constraint of migrations 130 and 27 back.
CREATE DOMAIN care.sensitivity AS text
    CONSTRAINT sensitivity_is_known CHECK (VALUE IN ('behavioural_health', 'reproductive', 'substance_use', 'hiv'));
COMMENT ON DOMAIN care.sensitivity IS 'What a fact is of, where patients keep it from who may read the rest: behavioural_health, reproductive, substance_use or hiv. Null is plain care.';
COMMENT ON CONSTRAINT sensitivity_is_known ON DOMAIN care.sensitivity IS 'Give behavioural_health, reproductive, substance_use or hiv, or nothing for plain care.';

ALTER TABLE access.grant_of_access DROP CONSTRAINT grant_of_access_scopes_are_known;
ALTER TABLE access.grant_of_access ADD CONSTRAINT grant_of_access_scopes_are_known CHECK (
    cardinality(scopes) > 0 AND scopes <@ ARRAY['chart', 'schedule', 'samples', 'billing', 'journal',
                                                'behavioural_health', 'reproductive', 'substance_use', 'hiv']);
COMMENT ON CONSTRAINT grant_of_access_scopes_are_known ON access.grant_of_access IS 'Choose at least one scope: chart, schedule, samples, billing, journal, behavioural_health, reproductive, substance_use or hiv.';
COMMENT ON COLUMN access.grant_of_access.scopes IS 'What may be seen: chart, schedule, samples, billing, journal, behavioural_health, reproductive, substance_use, hiv. None holds another.';

-- Which categories a specialty treats.
ALTER TABLE care.specialty ADD COLUMN opens text[] NOT NULL DEFAULT '{}'
    CONSTRAINT specialty_opens_known_categories CHECK (opens <@ ARRAY['behavioural_health', 'reproductive', 'substance_use', 'hiv']);
COMMENT ON COLUMN care.specialty.opens IS 'Categories of sensitive rows that care by a provider of this specialty opens when it begins.';
COMMENT ON CONSTRAINT specialty_opens_known_categories ON care.specialty IS 'A specialty opens categories among behavioural_health, reproductive, substance_use and hiv.';
UPDATE care.specialty SET opens = CASE specialty
    WHEN 'psychiatry' THEN '{behavioural_health,substance_use}'::text[]
    WHEN 'psychology' THEN '{behavioural_health}'
    ELSE '{reproductive}' END
WHERE specialty IN ('psychiatry', 'psychology', 'gynecology');

ALTER TABLE access.care_relationship ADD COLUMN opens text[] NOT NULL DEFAULT '{}'
    CONSTRAINT care_relationship_opens_known_categories CHECK (opens <@ ARRAY['behavioural_health', 'reproductive', 'substance_use', 'hiv']);
ALTER TABLE access.care_relationship ALTER COLUMN opens DROP DEFAULT;
COMMENT ON COLUMN access.care_relationship.opens IS 'Categories of sensitive rows that it opens; where it begins without a word of them, those that the provider''s specialties treat, in an emergency all.';
COMMENT ON CONSTRAINT care_relationship_opens_known_categories ON access.care_relationship IS 'Care opens categories among behavioural_health, reproductive, substance_use and hiv.';

CREATE FUNCTION access.categories_opened(provider uuid, basis text) RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF basis = 'emergency' THEN
        RETURN ARRAY['behavioural_health', 'reproductive', 'substance_use', 'hiv'];
    END IF;
    RETURN (SELECT coalesce(array_agg(DISTINCT opened), '{}')
            FROM care.provider_specialty p JOIN care.specialty s USING (specialty), unnest(s.opens) AS opened
            WHERE p.provider_id = provider);
END $$;
COMMENT ON FUNCTION access.categories_opened(uuid, text) IS 'Categories that care by this provider opens when it begins, by specialty; all in an emergency.';
REVOKE EXECUTE ON FUNCTION access.categories_opened(uuid, text) FROM PUBLIC;

CREATE FUNCTION access.open_categories() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.opens := access.categories_opened(NEW.provider_id, NEW.basis);
    RETURN NEW;
END $$;
COMMENT ON FUNCTION access.open_categories() IS 'Trigger before care begins without a word of what it opens: the categories that the provider treats.';
REVOKE EXECUTE ON FUNCTION access.open_categories() FROM PUBLIC;
CREATE TRIGGER care_relationship_opens_what_is_treated BEFORE INSERT ON access.care_relationship
    FOR EACH ROW WHEN (NEW.opens IS NULL) EXECUTE FUNCTION access.open_categories();
COMMENT ON TRIGGER care_relationship_opens_what_is_treated ON access.care_relationship IS 'Care opens the categories that the provider''s specialties treat.';
-- What runs already is treated as if it began now; its version stays what readers know.
ALTER TABLE access.care_relationship DISABLE TRIGGER USER;
UPDATE access.care_relationship r SET opens = access.categories_opened(r.provider_id, r.basis)
WHERE coalesce(upper(r.valid_during) > now(), true) AND access.categories_opened(r.provider_id, r.basis) <> '{}';
ALTER TABLE access.care_relationship ENABLE TRIGGER USER;

CREATE FUNCTION access.patients_opened(category text) RETURNS uuid[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT r.patient_id), '{}')
        FROM access.account a JOIN access.care_relationship r USING (provider_id)
        WHERE a.account_id = access.actor() AND a.disabled_at IS NULL AND r.opens @> ARRAY[category]
          AND r.patient_id = ANY (access.patients_in_care()) AND r.valid_during @> clock_timestamp()
          AND (r.opened_by = pg_current_xact_id_if_assigned()) IS NOT TRUE
    ) || access.patients_granted(category);
END $$;
COMMENT ON FUNCTION access.patients_opened(text) IS 'Patients whose rows of this category are open to the actor at this moment, by care that opens it or by a grant of it.';
REVOKE EXECUTE ON FUNCTION access.patients_opened(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.patients_opened(text) TO healthtrack_care, healthtrack_migrator;

CREATE PROCEDURE access.keep_apart(guarded regclass, author text DEFAULT NULL, own_writes boolean DEFAULT false)
    LANGUAGE plpgsql AS $$
DECLARE
    own     constant text := 'patient_id = ANY ((SELECT access.own_patients())::uuid[])';
    in_care constant text := 'patient_id = ANY ((SELECT access.patients_in_care())::uuid[])';
    chart   constant text := 'patient_id = ANY ((SELECT access.patients_granted(''chart''))::uuid[])';
    plain   constant text := '(sensitivity IS NULL' || coalesce(' OR ' || CASE
        WHEN author ~ '^[a-z_]+$' THEN format('%I = (SELECT care.acting_provider())', author)
        ELSE '(' || author || ')' END, '') || ')';
    opened  constant text := 'sensitivity IS NOT NULL AND CASE sensitivity ' || (
        SELECT string_agg(format('WHEN %1$L THEN patient_id = ANY ((SELECT access.patients_opened(%1$L))::uuid[])', category),
                          ' ' ORDER BY category)
        FROM unnest(ARRAY['behavioural_health', 'reproductive', 'substance_use', 'hiv']) AS category) || ' END';
    former  name;
BEGIN
    FOR former IN SELECT p.polname FROM pg_policy p
                  WHERE p.polrelid = guarded AND p.polname IN ('care', 'granted', 'own', 'opened', 'opened_in_care') LOOP
        EXECUTE format('DROP POLICY %I ON %s', former, guarded);
    END LOOP;
    EXECUTE format('CREATE POLICY own ON %s FOR %s TO healthtrack_care USING (%s) %s', guarded,
        CASE WHEN own_writes THEN 'ALL' ELSE 'SELECT' END, own, CASE WHEN own_writes THEN format('WITH CHECK (%s)', own) END);
    EXECUTE format('CREATE POLICY care ON %s FOR ALL TO healthtrack_care USING (%s AND %s) WITH CHECK (%2$s)', guarded,
        in_care, plain);
    EXECUTE format('CREATE POLICY granted ON %s FOR SELECT TO healthtrack_care USING (%s AND %s)', guarded, chart, plain);
    EXECUTE format('CREATE POLICY opened ON %s FOR SELECT TO healthtrack_care USING (%s)', guarded, opened);
    EXECUTE format('CREATE POLICY opened_in_care ON %s FOR UPDATE TO healthtrack_care USING (%s AND %s) WITH CHECK (%2$s)',
        guarded, in_care, opened);
END $$;
COMMENT ON PROCEDURE access.keep_apart(regclass, text, boolean) IS 'Makes the policies of a table with a column sensitivity, in the place of those of a chart: a row with a category is read by the patient, by its author (a column with a provider, or a condition of the row) and by whom that category is open to.';
REVOKE EXECUTE ON PROCEDURE access.keep_apart(regclass, text, boolean) FROM PUBLIC;

-- As in migration 130, with a kind for rows that may be sensitive.
DROP PROCEDURE access.guard(regclass, text);
CREATE PROCEDURE access.guard(guarded regclass, kind text, author text DEFAULT NULL)
    LANGUAGE plpgsql AS $$
DECLARE
    own      constant text := 'patient_id = ANY ((SELECT access.own_patients())::uuid[])';
    in_care  constant text := 'patient_id = ANY ((SELECT access.patients_in_care())::uuid[])';
    granted  constant text := 'patient_id = ANY ((SELECT access.patients_granted(%L))::uuid[])';
    visiting constant text := 'patient_id = ANY ((SELECT access.patients_at_desk())::uuid[])';
    at_desk  constant text :=
        'facility_id = ANY ((SELECT access.own_facilities())::uuid[]) AND (SELECT access.part()) = %L';
    reads    constant text := 'CREATE POLICY %I ON %s FOR SELECT TO healthtrack_care USING (%s)';
    writes   constant text := 'CREATE POLICY %I ON %s FOR ALL TO healthtrack_care USING (%s) WITH CHECK (%4$s)';
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', guarded);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', guarded);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO healthtrack_migrator', guarded);
    EXECUTE format('CREATE POLICY maintenance ON %s FOR ALL TO healthtrack_migrator
                    USING (true) WITH CHECK (true)', guarded);
    CASE kind
        WHEN 'directory' THEN
            EXECUTE format('GRANT SELECT ON %s TO healthtrack_care', guarded);
            EXECUTE format(reads, 'everybody_reads', guarded, '(SELECT access.part()) IS NOT NULL');
        WHEN 'sensitive_chart', 'sensitive_own_chart' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_care', guarded);
            CALL access.keep_apart(guarded, author, kind = 'sensitive_own_chart');
        WHEN 'chart', 'own_chart', 'demographics', 'schedule' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_care', guarded);
            EXECUTE format(writes, 'care', guarded, in_care, in_care);
            EXECUTE format(reads, 'granted', guarded,
                           format(granted, CASE kind WHEN 'schedule' THEN 'schedule' ELSE 'chart' END));
            EXECUTE format(CASE kind WHEN 'chart' THEN reads ELSE writes END, 'own', guarded, own, own);
            IF kind = 'schedule' THEN
                EXECUTE format(writes, 'desk', guarded, format(at_desk, 'front_desk'), format(at_desk, 'front_desk'));
            ELSIF kind = 'demographics' THEN
                EXECUTE format(writes, 'desk', guarded, visiting, visiting);
            END IF;
        WHEN 'billing' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_care', guarded);
            EXECUTE format(reads, 'own', guarded, own);
            EXECUTE format(reads, 'granted', guarded, format(granted, kind));
            EXECUTE format(writes, 'desk', guarded, format(at_desk, 'biller'), format(at_desk, 'biller'));
        WHEN 'journal', 'behavioural_health' THEN
            EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %s TO healthtrack_care', guarded);
            EXECUTE format(writes, 'own', guarded, own, own);
            EXECUTE format(reads, 'granted', guarded, format(granted, kind));
        WHEN 'internal' THEN
            NULL;
    END CASE;
END $$;
COMMENT ON PROCEDURE access.guard(regclass, text, text) IS 'Turns row-level security on for a table and makes the policies of a kind: directory, chart, own_chart, sensitive_chart, sensitive_own_chart, demographics, schedule, billing, journal, behavioural_health or internal. The sensitive kinds want a nullable column sensitivity and take, third, the column with the provider who wrote the row, or a condition of the row that tells its author.';
REVOKE EXECUTE ON PROCEDURE access.guard(regclass, text, text) FROM PUBLIC;
