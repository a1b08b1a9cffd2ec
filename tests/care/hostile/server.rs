//! What the clients try on the server itself: plans, settings, statistics, locks, files, objects of their own, and each
//! way to run a function.

use super::scene::Who;
use super::techniques::{ALL, CHANGE, PORTAL, Technique, Tells, by};

pub(super) const OF_THE_SERVER: &[Technique] = &[
    by(
        "a plan",
        ALL,
        Tells::Facts,
        &[
            "EXPLAIN (ANALYZE, VERBOSE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT 1 FROM care.patient
             WHERE patient_id = '{patient}'",
            "EXPLAIN (ANALYZE, VERBOSE, BUFFERS OFF, COSTS OFF, TIMING OFF, SUMMARY OFF)
         SELECT * FROM api.change_condition('{token}', '{condition}', 1, 'resolved', 'confirmed', NULL)",
        ],
    ),
    by(
        "notices",
        PORTAL,
        Tells::Facts,
        &[
            "SET client_min_messages = debug1",
            "SET debug_print_plan = on",
            CHANGE,
            "SELECT api.look('{token}', '{patient}', 'record', NULL)",
        ],
    ),
    by(
        "shadowed names",
        PORTAL,
        Tells::FactsAlone,
        &[
            "SET row_security = off",
            "SET standard_conforming_strings = off",
            "SET transform_null_equals = on",
            "SET search_path = public, pg_catalog, care, access",
            "CREATE OR REPLACE FUNCTION public.shadow(uuid,
             uuid) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog AS
         'BEGIN PERFORM set_config(''healthtrack.actor'', ''{account_of_stranger}'', true);
          RAISE WARNING ''%'', (SELECT string_agg(family, '' '') FROM care.patient_name); RETURN true; END'",
            "CREATE OPERATOR public.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = public.shadow)",
            CHANGE,
        ],
    ),
    by(
        "counters",
        PORTAL,
        Tells::Facts,
        &[
            "SET enable_seqscan = off",
            "BEGIN",
            // What other transactions counted stays in it for up to a second.
            "SELECT set_config('seen.before', coalesce(sum(idx_tup_fetch), 0)::text, false) IS NULL
             FROM pg_stat_xact_user_tables WHERE relname = 'waitlist_entry'",
            "SAVEPOINT a",
            "SELECT api.leave_waitlist('{token}', '{waitlist_entry}')",
            "ROLLBACK TO a",
            "SELECT coalesce(idx_tup_fetch, 0) - current_setting('seen.before')::bigint, n_tup_upd
             FROM pg_stat_xact_user_tables WHERE relname = 'waitlist_entry'",
            "ROLLBACK",
        ],
    ),
    by(
        "statistics of columns",
        ALL,
        Tells::Facts,
        &["SELECT tablename, most_common_vals, histogram_bounds FROM pg_stats WHERE schemaname IN ('care', 'access')"],
    ),
    by(
        "statements of others",
        ALL,
        Tells::Says("api.read_account"),
        &["SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND query LIKE '%api.%'"],
    ),
    by(
        "locks of others",
        ALL,
        Tells::Says("mode="),
        &["SELECT mode FROM pg_locks WHERE relation IS NOT NULL AND pid <> pg_backend_pid()"],
    ),
    by("signals", ALL, Tells::Done, &["SELECT pg_cancel_backend(0)", "SELECT pg_terminate_backend(0)"]),
    by(
        "advisory locks",
        ALL,
        Tells::Done,
        &[
            "SELECT pg_try_advisory_lock(hashtextextended('signal.ensure_chunk', 0))",
            "SELECT pg_advisory_xact_lock_shared(7)",
        ],
    ),
    // Objects of their own, files, programs.
    by(
        "temporary objects",
        PORTAL,
        Tells::Done,
        &[
            "CREATE TEMPORARY TABLE mine AS SELECT 1",
            "CREATE FUNCTION pg_temp.mine() RETURNS text LANGUAGE sql AS 'SELECT family FROM care.patient_name'",
            "CREATE TEMPORARY VIEW mine AS SELECT 1",
        ],
    ),
    by(
        "objects of its own",
        PORTAL,
        Tells::Done,
        &[
            "CREATE TABLE public.mine (one text)",
            "CREATE FUNCTION public.mine(text, uuid) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END'",
            "CREATE OPERATOR public.= (LEFTARG = text, RIGHTARG = uuid, FUNCTION = texteq)",
            "CREATE TYPE api.mine AS (one text)",
            "CREATE DOMAIN care.mine AS text",
            "CREATE CAST (text AS uuid) WITH INOUT AS IMPLICIT",
            "CREATE SCHEMA mine",
            "CREATE EXTENSION dblink",
            "CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION access.refuse_change_of_audit()",
            "ALTER FUNCTION api.read_account(text) SECURITY INVOKER",
            "ALTER ROLE healthtrack_portal SET row_security = off",
            "COMMENT ON SCHEMA api IS 'mine'",
        ],
    ),
    by("large objects", PORTAL, Tells::Done, &["SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')"]),
    by(
        "files and programs",
        PORTAL,
        Tells::Done,
        &[
            "SELECT pg_read_file('PG_VERSION')",
            "SELECT pg_ls_dir('.')",
            "SELECT lo_import('/etc/passwd')",
            "COPY (SELECT 1) TO PROGRAM 'true'",
            "COPY (SELECT 1) TO '/tmp/healthtrack-hostile'",
            "LOAD 'auto_explain'",
        ],
    ),
    by("channels", PORTAL, Tells::Done, &["SELECT pg_notify('healthtrack', 'x')"]),
    // Ways to run a function.
    by(
        "a copy",
        ALL,
        Tells::Facts,
        &[
            "COPY (SELECT api.look('{token}', '{patient}', 'record', NULL)) TO STDOUT",
            "COPY (SELECT * FROM api.change_condition('{token}', '{condition}', 1, 'resolved', 'confirmed',
             NULL)) TO STDOUT",
        ],
    ),
    by(
        "a prepared statement",
        PORTAL,
        Tells::Facts,
        &[
            "PREPARE p (uuid) AS SELECT * FROM api.change_condition('{token}', $1, 1, 'resolved', 'confirmed', NULL)",
            "EXECUTE p('{condition}')",
            "EXPLAIN (COSTS OFF) EXECUTE p('{condition}')",
        ],
    ),
    by("constraints put off", PORTAL, Tells::Facts, &["BEGIN", "SET CONSTRAINTS ALL DEFERRED", CHANGE, "COMMIT"]),
    by(
        "one snapshot",
        PORTAL,
        Tells::Done,
        &["BEGIN ISOLATION LEVEL REPEATABLE READ", "SELECT * FROM api.read_account('{token}')"],
    ),
    by("functions of later", ALL, Tells::FactsAlone, &["SELECT api.later()"]),
    by("another login", &[Who::Outsider], Tells::Done, &["SELECT 1"]),
];
