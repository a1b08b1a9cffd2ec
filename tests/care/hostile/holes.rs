//! Ways in that were closed, opened again: what does it, and which techniques must find it, and no other.
//!
//! `pg_temp.edit` changes the text of a function as it stands, and fails where there is nothing to change.

/// A way in.
pub(super) struct Hole {
    pub(super) name: &'static str,
    pub(super) found_by: &'static [&'static str],
    pub(super) opened: &'static str,
}

pub(super) const fn hole(name: &'static str, found_by: &'static [&'static str], opened: &'static str) -> Hole {
    Hole { name, found_by, opened }
}

/// Techniques that no hole of one database opens, since roles belong to the server: `tests/care/api.rs` asks for
/// those.
pub(super) const UNOPENED: [&str; 2] = ["the role of the functions", "another's authority"];

/// What edits the text of a function.
pub(super) const EDIT: &str = "
    CREATE FUNCTION pg_temp.edit(edited regproc, was text, becomes text) RETURNS void LANGUAGE plpgsql AS $$
    BEGIN
        IF strpos(pg_get_functiondef(edited), was) = 0 THEN
            RAISE EXCEPTION '% has no %', edited, was;
        END IF;
        EXECUTE replace(pg_get_functiondef(edited), was, becomes);
    END $$";

/// Rights, looks, who acts, and what belongs to the server.
pub(super) const OF_RIGHTS: &[Hole] = &[
    hole(
        "a table for the portal",
        &["a table"],
        "GRANT USAGE ON SCHEMA care TO healthtrack_portal; GRANT SELECT ON care.patient_name TO healthtrack_portal;
         CREATE POLICY planted ON care.patient_name TO healthtrack_portal USING (true)",
    ),
    hole(
        "a table with the policies of before, and a cast of what was declared",
        &["a cast", "a plan"],
        "GRANT USAGE ON SCHEMA care, access TO healthtrack_portal; GRANT SELECT ON care.patient TO healthtrack_portal;
         GRANT EXECUTE ON FUNCTION access.own_patients() TO healthtrack_portal;
         ALTER POLICY own ON care.patient TO healthtrack_care, healthtrack_portal;
         CREATE OR REPLACE FUNCTION access.actor() RETURNS uuid LANGUAGE sql STABLE
         RETURN nullif(current_setting('healthtrack.actor', true), '')::uuid",
    ),
    hole(
        "a table with the policies of before",
        &["a plan"],
        "GRANT USAGE ON SCHEMA care, access TO healthtrack_portal; GRANT SELECT ON care.patient TO healthtrack_portal;
         GRANT EXECUTE ON FUNCTION access.own_patients() TO healthtrack_portal;
         ALTER POLICY own ON care.patient TO healthtrack_care, healthtrack_portal",
    ),
    hole(
        "a column without policies",
        &["a table", "statistics of columns"],
        "GRANT USAGE ON SCHEMA care TO healthtrack_portal; GRANT SELECT ON care.patient_name TO healthtrack_portal;
         ALTER TABLE care.patient_name DISABLE ROW LEVEL SECURITY",
    ),
    hole(
        "a policy for everybody",
        &[
            "an error",
            "a prepared statement",
            "constraints put off",
            "notices",
            "a copy",
            "a plan",
            "a scope that was not granted",
        ],
        "CREATE POLICY planted ON care.condition TO healthtrack_care USING (true)",
    ),
    hole(
        "a sentence with a key in it",
        &["an error", "a block that catches"],
        "CREATE OR REPLACE FUNCTION access.sentence_of(failure access.failure) RETURNS text
         LANGUAGE sql SECURITY DEFINER
         AS $$ SELECT failure.message || (SELECT string_agg(login, ' ') FROM access.account) $$",
    ),
    hole(
        "a message from within",
        &["notices"],
        "ALTER FUNCTION api.look(text, uuid, text, uuid) RESET client_min_messages;
         SELECT pg_temp.edit('access.look', 'reason := access', 'RAISE DEBUG ''%'',
             (SELECT family FROM care.patient_name n WHERE n.patient_id = look.patient LIMIT 1); reason := access')",
    ),
    hole(
        "a look that tells who is known",
        &["a look", "a look and a read", "a copy", "notices"],
        "SELECT pg_temp.edit('access.look', 'reason := access',
             'IF NOT EXISTS (SELECT FROM care.patient p WHERE p.patient_id = patient) THEN
                  PERFORM access.refuse(''patient_is_known'', ''There is no such patient.'');
              END IF; reason := access')",
    ),
    hole(
        "a look that nobody has to record",
        &[
            "a read without a look",
            "samples without a look",
            "a goal without a look",
            "a read that is rolled back",
            "a look behind a savepoint",
            "a look in a block",
            "a cursor that is held",
            "a hold that is rolled back",
        ],
        "CREATE OR REPLACE FUNCTION access.check_look(me access.caller, look uuid, patient uuid, kind text)
         RETURNS void LANGUAGE sql AS ''",
    ),
    hole(
        "samples without a look",
        &["samples without a look"],
        "SELECT pg_temp.edit('api.read_samples', 'PERFORM access.check_look', 'PERFORM concat')",
    ),
    hole(
        "progress of a goal without a look",
        &["a goal without a look"],
        "SELECT pg_temp.edit('api.read_goal_progress', 'PERFORM access.check_look', 'PERFORM concat')",
    ),
    hole(
        "a look of the same transaction",
        &["a read that is rolled back", "a cursor that is held"],
        "SELECT pg_temp.edit('access.check_look', 'me.has_written', 'false');
         SELECT pg_temp.edit('access.check_look', 'AND l.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()', '')",
    ),
    hole(
        "a desk that looks at whom it has just held a time for",
        &["a read that is rolled back", "a cursor that is held", "a hold that is rolled back"],
        "SELECT pg_temp.edit('access.check_look', 'me.has_written', 'false');
         SELECT pg_temp.edit('access.check_look', 'AND l.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()', '');
         UPDATE access.look_kind SET at_desk = true WHERE kind = 'record'",
    ),
    hole(
        "an emergency that opens at once",
        &["a read that is rolled back", "a cursor that is held", "an emergency that is rolled back"],
        "SELECT pg_temp.edit('access.check_look', 'me.has_written', 'false');
         SELECT pg_temp.edit('access.check_look', 'AND l.xid IS DISTINCT FROM pg_current_xact_id_if_assigned()', '');
         ALTER TABLE access.care_relationship DISABLE TRIGGER care_relationship_notes_who_opens",
    ),
    hole(
        "an actor who is declared",
        &["a declared actor", "an actor switched within a statement", "one snapshot"],
        "CREATE OR REPLACE FUNCTION access.enter(token text) RETURNS access.caller LANGUAGE plpgsql SECURITY DEFINER
         AS $$ DECLARE me access.caller; BEGIN me := ROW(access.actor(), NULL, 'patient', '', false); RETURN me; END $$",
    ),
    hole(
        "an actor who stays as declared",
        &["an actor switched within a statement"],
        "SELECT pg_temp.edit('access.enter', 'PERFORM set_config(',
             'IF access.actor() IS NOT NULL THEN me.account_id := access.actor(); END IF; PERFORM set_config(')",
    ),
    hole(
        "keys in one's own events",
        &["keys of others in one's own events"],
        "SELECT pg_temp.edit('api.list_access', 'SELECT at, who, part', 'SELECT at, actor::text, part');
         SELECT pg_temp.edit('api.list_access', 'access.my_access_log', 'access.audit_event')",
    ),
    hole(
        "an event for whoever writes one",
        &["an event of one's own making"],
        "GRANT USAGE ON SCHEMA access TO healthtrack_portal;
         GRANT EXECUTE ON FUNCTION access.audit_program(text, uuid, text) TO healthtrack_portal",
    ),
    hole(
        "a privacy officer in each",
        &["lists of the privacy officer"],
        "DO $$ BEGIN EXECUTE 'CREATE OR REPLACE VIEW access.emergency AS '
             || replace(pg_get_viewdef('access.emergency'), '= ''privacy_officer''::text', 'IS NOT NULL'); END $$",
    ),
    hole(
        "a place for operators",
        &["objects of its own", "shadowed names"],
        "GRANT CREATE ON SCHEMA public TO PUBLIC;
         ALTER FUNCTION api.change_condition(text, uuid, integer, text, text, date) RESET search_path",
    ),
    hole("a place for objects", &["objects of its own"], "GRANT CREATE ON SCHEMA public TO PUBLIC"),
    hole(
        "temporary tables",
        &["temporary objects"],
        "DO $$ BEGIN EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO PUBLIC', current_database()); END $$",
    ),
    hole(
        "a database for every login",
        &["another login"],
        "DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO PUBLIC', current_database()); END $$",
    ),
    hole(
        "counters of tables",
        &["counters"],
        "DO $$ BEGIN EXECUTE (
             SELECT string_agg(format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', oid::regprocedure), ';')
             FROM pg_proc WHERE proname LIKE 'pg_stat_get_xact_%'); END $$",
    ),
    hole(
        "all functions of the server",
        &[
            "counters",
            "statements of others",
            "locks of others",
            "signals",
            "advisory locks",
            "large objects",
            "files and programs",
            "channels",
        ],
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA pg_catalog TO PUBLIC",
    ),
    hole(
        "statements of others",
        &["statements of others"],
        "GRANT EXECUTE ON FUNCTION pg_stat_get_activity(integer) TO PUBLIC",
    ),
    hole("locks of others", &["locks of others"], "GRANT EXECUTE ON FUNCTION pg_lock_status() TO PUBLIC"),
    hole("signals", &["signals"], "GRANT EXECUTE ON FUNCTION pg_cancel_backend(integer) TO PUBLIC"),
    hole("advisory locks", &["advisory locks"], "GRANT EXECUTE ON FUNCTION pg_try_advisory_lock(bigint) TO PUBLIC"),
    hole("large objects", &["large objects"], "GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC"),
    hole("files", &["files and programs"], "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO PUBLIC"),
    hole("channels", &["channels"], "GRANT EXECUTE ON FUNCTION pg_notify(text, text) TO PUBLIC"),
    hole(
        "a snapshot that is kept",
        &["one snapshot"],
        "SELECT pg_temp.edit('access.enter', '<> ''read committed''', '= ''''')",
    ),
    hole(
        "functions that are everybody's",
        &["functions of later"],
        "ALTER DEFAULT PRIVILEGES FOR ROLE ht_test_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
    ),
];
