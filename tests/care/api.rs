//! The functions of `api`: all of one shape, and all that the portal's login may execute; it reads no table.

use sqlx::{Connection as _, Executor as _, PgConnection};

use super::network::{Network, refused_by};

/// What is wrong with a function of `api`, each by its name.
const MISSHAPEN: &str = "
    SELECT p.proname || ': ' || wrong.what
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
    -- Of the directory, the community and the account itself, and what a search that was audited before has found.
    CROSS JOIN (VALUES ('{
        find_facilities,find_facilities_by_name,find_open_slots,find_practices,find_providers,find_providers_by_name,
        list_access,list_adjustment_codes,list_appointment_types,list_benefits,list_cancellation_reasons,
        list_charge_codes,list_insurers,list_premises,list_terms,read_organisation,
        list_department_hours,list_departments,list_facility_categories,list_facility_names,list_kept,
        list_looks_of_others,list_medications,list_membership_prices,list_opening_hours,list_organisation_numbers,
        list_organisations,list_places,list_prediction_models,list_programme_sessions,list_programmes,
        list_provider_names,
        list_qualifications,list_represented,list_resources,list_reviews,list_services,list_sessions,
        list_spaces,list_specialties,list_staff,list_workplaces,read_account,read_engagement,read_facility,read_matches,
        read_own_provider,read_profile,read_provider,read_replies,read_reports,read_space,
        read_wal_archive}'::text[])) AS nobodys (names)
    CROSS JOIN LATERAL (VALUES
        (p.proowner <> 'healthtrack_care'::regrole, 'belongs to another role'),
        (NOT p.prosecdef, 'runs as its caller'),
        (p.provolatile <> 'v', 'sees the rights of an earlier moment'),
        (p.proparallel <> 'u', 'may run in another process'),
        (l.lanname <> 'plpgsql', 'may run after who acts was put back'),
        (p.prokind <> 'f' OR p.provariadic <> 0 OR EXISTS (
            SELECT FROM unnest(p.proargtypes) AS kind WHERE kind::regtype::text LIKE 'any%'), 'takes what it does not name'),
        (p.prorettype = 'refcursor'::regtype, 'gives a cursor'),
        (p.proconfig IS DISTINCT FROM ARRAY['search_path=pg_catalog, pg_temp', 'row_security=on',
            'client_min_messages=warning', 'standard_conforming_strings=on', 'transform_null_equals=off',
            'TimeZone=UTC', 'DateStyle=ISO, MDY'], 'leaves settings to its caller'),
        ((SELECT array_agg(grantee::regrole::text || ' ' || privilege_type ORDER BY 1)
          FROM aclexplode(p.proacl)) IS DISTINCT FROM
         '{healthtrack_care EXECUTE,healthtrack_portal EXECUTE}', 'is open to others'),
        (p.proargnames[1] IS DISTINCT FROM 'token' OR p.proargtypes[0] <> 'text'::regtype, 'takes no token first'),
        (obj_description(p.oid, 'pg_proc') IS NULL, 'says nothing of itself'),
        (p.prosrc ~* '\\mexecute\\M', 'runs text as a statement'),
        (p.prosrc !~ '^\\s*#variable_conflict use_column\\s+DECLARE[^;]*;[^;]*;([^;]*;)?\\s*BEGIN\\s+me := access.enter\\(token\\);',
         'does not ask first who acts'),
        (p.prosrc !~ 'SET CONSTRAINTS ALL IMMEDIATE;\\s+PERFORM access.leave\\(me\\);\\s+(RETURN answer;\\s+)?EXCEPTION WHEN OTHERS THEN[^;]*;\\s+PERFORM access.explain\\(failure\\);\\s+END\\s*$',
         'does not put back who acted, or tells an error as it is'),
        ((p.proretset OR p.prorettype IN ('jsonb'::regtype, 'json'::regtype, 'xml'::regtype, 'record'::regtype))
         AND p.prosrc !~ 'PERFORM access.check_look\\(me, look, patient, ' AND p.proname <> ALL (nobodys.names)
         -- What an edit came to.
         AND NOT coalesce(p.proargnames[p.pronargs + 1:], '{value}') <@ '{saved,version,lab_result_id,flag}'
         AND p.proname <> 'book_series',
         'gives rows without a look'),
        (p.prosrc !~ '\\maccess\\.(note|note_unsigned|check_look|look)\\(' AND p.proname <> ALL (nobodys.names)
         AND p.proname NOT IN ('make_key', 'sign_out')
         -- Nor does a function beneath.
         AND NOT EXISTS (
             SELECT FROM regexp_matches(p.prosrc, '\\m(access|care)\\.([a-z_]+)\\(', 'g') AS called
             JOIN pg_proc b ON b.proname = called[2] AND b.pronamespace = called[1]::regnamespace
             WHERE b.prosrc ~ '\\maccess\\.(note|note_unsigned|audit|append_event)\\('), 'leaves no event'),
        (p.proname ~ '^read_' AND 'patient' = ANY (p.proargnames) AND p.prosrc !~ 'access.check_look\\(me, look, patient, ',
         'reads a record without a look')
    ) AS wrong (is_so, what)
    WHERE p.pronamespace = 'api'::regnamespace AND wrong.is_so ORDER BY 1";

/// What the portal's login may do beside executing functions of `api`; what extensions and the server bring aside.
const BESIDES: &str = "
    SELECT c.oid::regclass || ' ' || p.privilege
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'), ('TRIGGER'))
        AS p (privilege)
    WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast'
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
      AND (has_table_privilege('healthtrack_portal', c.oid, p.privilege)
           OR p.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES')
              AND has_any_column_privilege('healthtrack_portal', c.oid, p.privilege))
    UNION ALL
    SELECT c.oid::regclass || ' sequence' FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname <> 'pg_catalog' AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
      AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege('healthtrack_portal', c.oid, 'USAGE, SELECT, UPDATE') END
    UNION ALL
    SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname NOT IN ('api', 'pg_catalog', 'information_schema') AND has_schema_privilege('healthtrack_portal', n.oid, 'USAGE')
      AND has_function_privilege('healthtrack_portal', p.oid, 'EXECUTE')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    UNION ALL
    SELECT n.nspname || ' ' || p.privilege FROM pg_namespace n CROSS JOIN (VALUES ('USAGE'), ('CREATE')) AS p (privilege)
    WHERE n.nspname IN ('care', 'access', 'signal') AND has_schema_privilege('healthtrack_portal', n.oid, p.privilege)
       OR p.privilege = 'CREATE' AND has_schema_privilege('healthtrack_portal', n.oid, 'CREATE')
    UNION ALL
    SELECT p.polname || ' on ' || p.polrelid::regclass FROM pg_policy p WHERE 'healthtrack_portal'::regrole = ANY (p.polroles)
    UNION ALL
    SELECT r.rolname || ' is its role' FROM pg_roles r
    WHERE r.rolname NOT IN ('healthtrack_portal', 'ht_test_portal') AND NOT r.rolsuper
      AND pg_has_role('ht_test_portal', r.oid, 'MEMBER')
    UNION ALL
    SELECT p.oid::regprocedure::text FROM pg_proc p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege('healthtrack_portal', p.oid, 'EXECUTE')
      AND p.proname ~ '^(pg_read_(binary_)?file|pg_ls_[a-z_]+|pg_stat_file|lo_(im|ex)port|pg_reload_conf|pg_rotate_logfile'
                      '|pg_promote|pg_switch_wal|pg_create_restore_point|pg_log_backend_memory_contexts|pg_stat_reset[a-z_]*'
                      '|pg_show_all_file_settings|pg_hba_file_rules|pg_(start|stop)_backup|pg_backup_[a-z]+|dblink[a-z_]*)$'
    ORDER BY 1";

#[tokio::test]
async fn every_function_of_api_is_of_one_shape() {
    let mut network = Network::owned().await;
    assert_eq!(network.rows(MISSHAPEN).await, [""; 0]);
    let many = "SELECT (count(*) > 70)::text FROM pg_proc WHERE pronamespace = 'api'::regnamespace";
    assert_eq!(network.one(many).await, "true", "the catalog was read");
    network
        .run(
            "CREATE FUNCTION api.injected(patient uuid) RETURNS text LANGUAGE sql STABLE AS 'SELECT born_on::text FROM care.patient';
             CALL access.publish('read_injected', 'patient uuid', 'text',
                 'EXECUTE ''SELECT born_on FROM care.patient WHERE patient_id = '''''' || patient || '''''''' INTO answer;', 'It reads.');
             CALL access.publish('find_injected', 'whose uuid', 'TABLE (born_on date)',
                 'RETURN QUERY SELECT p.born_on FROM care.patient p WHERE p.patient_id = whose;', 'It finds.')",
        )
        .await;
    let expected = [
        "find_injected: gives rows without a look",
        "find_injected: leaves no event",
        "injected: belongs to another role",
        "injected: does not ask first who acts",
        "injected: does not put back who acted, or tells an error as it is",
        "injected: is open to others",
        "injected: leaves no event",
        "injected: leaves settings to its caller",
        "injected: may run after who acts was put back",
        "injected: runs as its caller",
        "injected: says nothing of itself",
        "injected: sees the rights of an earlier moment",
        "injected: takes no token first",
        "read_injected: leaves no event",
        "read_injected: reads a record without a look",
        "read_injected: runs text as a statement",
    ];
    assert_eq!(network.rows(MISSHAPEN).await, expected, "the check sees what it should");
}

#[tokio::test]
async fn the_portals_login_may_execute_functions_of_api_and_nothing_else() {
    let mut network = Network::owned().await;
    assert_eq!(network.rows(BESIDES).await, [""; 0]);
    network
        .run(
            "GRANT SELECT (born_on) ON care.patient TO healthtrack_portal; GRANT USAGE ON SCHEMA care TO healthtrack_portal;
             CREATE POLICY injected ON care.wear TO healthtrack_portal USING (true);
             GRANT EXECUTE ON FUNCTION pg_read_file(text) TO healthtrack_portal",
        )
        .await;
    let found = network.rows(BESIDES).await;
    for planted in ["care USAGE", "care.patient SELECT", "injected on care.wear", "pg_read_file(text)"] {
        assert!(found.iter().any(|found| found == planted), "{planted} is seen in {found:?}");
    }
}

#[tokio::test]
async fn a_function_that_is_made_is_nobodys_and_a_database_is_closed_to_who_has_no_role() {
    let mut network = Network::owned().await;
    let mut owner = network.login("owner").await;
    owner.execute("CREATE FUNCTION care.injected() RETURNS integer LANGUAGE sql RETURN 1").await.unwrap();
    let open = "SELECT has_function_privilege('ht_test_nobody', 'care.injected()', 'EXECUTE')::text";
    assert_eq!(network.one(open).await, "false");
    let mut nobody = network.login("nobody").await;
    nobody.execute("CREATE TEMPORARY TABLE filled ()").await.unwrap();
    owner.execute("CALL access.restrict_database()").await.unwrap();
    network.login("roller").await.execute("CREATE TEMPORARY TABLE rolling ()").await.unwrap();
    for login in ["ingest", "portal", "sign_in", "analyst", "auditor", "migrator"] {
        let mut inside = network.login(login).await;
        let temporary = "CREATE TEMPORARY TABLE filled ()";
        assert_eq!(refused_by(inside.execute(temporary).await, temporary), "42501", "{login}");
    }
    let outside = PgConnection::connect(&network.database.url_as("nobody")).await;
    assert_eq!(refused_by(outside, "connecting"), "42501");
}
