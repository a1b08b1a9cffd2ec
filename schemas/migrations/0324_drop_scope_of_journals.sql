-- The scope of journals is gone: it opened nothing.
--
-- A journal is shared entry by entry (care.journal_share), as its writer was promised; a grant of scope `journal` let
-- somebody look at a journal and see no entry. A scope that promises what it does not do is worse than none. Grants that
-- named it lose that word, and those that named nothing else go: the audit tells that they were made. A look at a journal
-- needs an entry that was shared.
--
-- The kinds journal and behavioural_health of access.guard go as well: no table was of them, and a sensitive kind is the
-- one that guards behavioural health. Locks access.grant_of_access for an instant. Undo: the constraint and the
-- procedure of migration 304.
ALTER TABLE access.grant_of_access DROP CONSTRAINT grant_of_access_scopes_are_known;
DELETE FROM access.grant_of_access WHERE scopes <@ '{journal}';
UPDATE access.grant_of_access SET scopes = array_remove(scopes, 'journal') WHERE 'journal' = ANY (scopes);
ALTER TABLE access.grant_of_access ADD CONSTRAINT grant_of_access_scopes_are_known CHECK (
    cardinality(scopes) > 0 AND scopes <@ ARRAY['chart', 'schedule', 'samples', 'billing',
                                                'behavioural_health', 'reproductive', 'substance_use', 'hiv']);
COMMENT ON CONSTRAINT grant_of_access_scopes_are_known ON access.grant_of_access IS 'Choose at least one scope: chart, schedule, samples, billing, behavioural_health, reproductive, substance_use or hiv.';
COMMENT ON COLUMN access.grant_of_access.scopes IS 'What may be seen: chart, schedule, samples, billing, behavioural_health, reproductive, substance_use, hiv. None holds another; entries of a journal are shared one by one.';
UPDATE access.look_kind SET scope = 'none' WHERE kind = 'journal';

DO $$
DECLARE
    stands  constant text := pg_get_functiondef('access.guard(regclass,text,text)'::regprocedure);
    changed constant text := regexp_replace(stands, '        WHEN ''journal'', ''behavioural_health'' THEN.*(?=        WHEN ''internal'' THEN)', '');
BEGIN
    IF changed = stands THEN
        RAISE EXCEPTION 'access.guard is not what it was: it must make no kinds journal and behavioural_health';
    END IF;
    EXECUTE changed;
    EXECUTE format('COMMENT ON PROCEDURE access.guard(regclass, text, text) IS %L',
        replace(obj_description('access.guard(regclass,text,text)'::regprocedure, 'pg_proc'), 'billing, journal, behavioural_health or', 'billing or'));
END $$;
