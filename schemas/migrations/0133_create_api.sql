-- The schema `api`: the functions that programs acting for people may execute, and all that they may.
--
-- `access.publish` makes each of them from what is its own (parameters, result, body), so that all have one shape and none
-- can forget a step: it takes the token first, says who acts, checks the look where it reads a record
-- (migration 134), runs the body as `healthtrack_care`, which is under the forced policies, puts back who acted, and gives
-- rows or one of a closed set of refusals. Each is in plpgsql, since a function in SQL would run lazily, after who acts
-- was put back; each is VOLATILE, so that each of its statements sees the rights of its own moment. Each fixes the
-- settings that its caller could bend: where names are looked for, how text and NULL are read, the zone of a day, and which
-- messages reach the client (`debug_print_plan` would else show it the plans of the statements within).
--
-- What Postgres says of an error has keys and values in it. `access.explain` says instead the sentence that stands at
-- the rule, and where that would tell of another's row, the one sentence for all that is not the caller's.
-- Locks nothing. Undo: DROP SCHEMA api CASCADE; drop the routines.
CREATE SCHEMA api;
COMMENT ON SCHEMA api IS 'The functions that programs acting for people may execute, and all that they may.';
GRANT USAGE ON SCHEMA api TO healthtrack_portal, healthtrack_care;

CREATE TYPE access.failure AS (
    state text, message text, schema_name text, table_name text, column_name text, type_name text, rule text
);
COMMENT ON TYPE access.failure IS 'An error as GET STACKED DIAGNOSTICS tells it.';

CREATE FUNCTION access.sentence_of(failure access.failure) RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH rule AS (
        SELECT coalesce(obj_description(k.oid, 'pg_constraint'),
                        (SELECT obj_description(g.oid, 'pg_trigger') FROM pg_trigger g
                         WHERE k.contype = 't' AND g.tgrelid = k.conrelid AND g.tgconstraint = k.oid)) AS comment,
               k.conrelid AS relation, CASE WHEN k.contype = 'u' THEN k.conkey END AS unique_columns,
               CASE WHEN k.contype = 'x' THEN k.conkey END AS excluding_columns
        FROM pg_constraint k
        LEFT JOIN pg_class c ON c.oid = k.conrelid
        LEFT JOIN pg_type t ON t.oid = k.contypid
        WHERE k.conname = failure.rule AND k.connamespace = to_regnamespace(quote_ident(failure.schema_name))
          AND coalesce(c.relname, t.typname) = coalesce(nullif(failure.table_name, ''), failure.type_name)
        UNION ALL
        SELECT obj_description(x.oid, 'pg_class'), i.indrelid, i.indkey::smallint[], NULL
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        WHERE i.indisunique AND x.relname = failure.rule
          AND x.relnamespace = to_regnamespace(quote_ident(failure.schema_name))
          AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid)
    )
    -- A unique key over rows of patients in which no made-up key (uuid) stands, as a number of insurance, is an oracle;
    -- so is what a patient may not have twice at one time, at whichever facility.
    SELECT CASE WHEN NOT (
               failure.schema_name = 'care' AND rule.unique_columns IS NOT NULL
               AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rule.relation AND a.attname = 'patient_id')
               AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rule.relation
                               AND a.attnum = ANY (rule.unique_columns) AND a.atttypid = 'uuid'::regtype)
           ) AND NOT (
               failure.schema_name = 'care' AND rule.excluding_columns IS NOT NULL
               AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rule.relation AND a.attname = 'facility_id')
               AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rule.relation AND a.attname = 'patient_id'
                           AND a.attnum = ANY (rule.excluding_columns))
               AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rule.relation AND a.attname = 'facility_id'
                               AND a.attnum = ANY (rule.excluding_columns))
           ) THEN coalesce(rule.comment, 'This breaks a rule of the record.') END
    FROM rule LIMIT 1
$$;
COMMENT ON FUNCTION access.sentence_of(access.failure) IS 'The sentence of a broken rule; null where it must not be told from a missing right.';

CREATE FUNCTION access.explain(failure access.failure) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    sentence text;
    rule     text := failure.rule;
BEGIN
    CASE
        WHEN failure.state = 'HT001' THEN
            sentence := failure.message;
        WHEN failure.state = '42501' THEN
            NULL;
        WHEN failure.state = '23502' THEN
            rule := failure.table_name || '_' || failure.column_name || '_is_given';
            sentence := format('Fill in what is missing: %s.',
                               replace(regexp_replace(failure.column_name, '(_id)?(_at)?(_on)?$', ''), '_', ' '));
        WHEN failure.state ~ '^23' THEN
            sentence := access.sentence_of(failure);
        WHEN failure.state ~ '^22' THEN
            rule := 'value_fits';
            sentence := 'A value cannot be stored in this form.';
        WHEN failure.state IN ('40001', '40P01', '55P03', '25006') THEN
            RAISE EXCEPTION USING ERRCODE = failure.state, MESSAGE = 'Try again.';
        ELSE
            RAISE EXCEPTION USING ERRCODE = 'HT500', MESSAGE = 'This could not be done.';
    END CASE;
    IF sentence IS NULL THEN
        rule := 'row_is_within_rights';
        sentence := 'This is taken already, or not yours to see or change: ask the front desk.';
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'HT001', CONSTRAINT = rule, MESSAGE = sentence;
END $$;
COMMENT ON FUNCTION access.explain(access.failure) IS 'Refuses anew what was refused, as one of a closed set: a rule and its sentence (HT001), to try again (40001, 40P01, 55P03, 25006), or that it could not be done (HT500).';

CREATE PROCEDURE access.publish(name text, parameters text, result text, body text, comment text,
                                look text DEFAULT NULL)
    LANGUAGE plpgsql AS $$
DECLARE
    is_table constant boolean := result ~* '^(TABLE|SETOF)\M';
    taken    constant text := concat_ws(', ', 'token text', CASE WHEN look IS NOT NULL THEN 'look uuid, patient uuid' END,
                                        nullif(parameters, ''));
    line_end constant text := chr(10);
    made     regprocedure;
BEGIN
    -- What is checked at the end of a transaction is checked at the end of each function, so that its refusal is put into a
    -- sentence, too.
    EXECUTE format($template$
CREATE FUNCTION api.%1$I(%2$s) RETURNS %3$s
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on
    SET client_min_messages = warning SET standard_conforming_strings = on SET transform_null_equals = off
    SET timezone = 'UTC' SET datestyle = 'ISO, MDY' AS $api$
#variable_conflict use_column
DECLARE
    me      access.caller;
%4$s    failure access.failure;
BEGIN
    me := access.enter(token);
    SET CONSTRAINTS ALL DEFERRED;
%5$s    %6$s
    SET CONSTRAINTS ALL IMMEDIATE;
    PERFORM access.leave(me);
%7$sEXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS failure.state = RETURNED_SQLSTATE, failure.message = MESSAGE_TEXT,
        failure.schema_name = SCHEMA_NAME, failure.table_name = TABLE_NAME, failure.column_name = COLUMN_NAME,
        failure.type_name = PG_DATATYPE_NAME, failure.rule = CONSTRAINT_NAME;
    PERFORM access.explain(failure);
END $api$
$template$,
        name, taken, result,
        CASE WHEN is_table OR result = 'void' THEN '' ELSE format('    answer  %s;', result) || line_end END,
        CASE WHEN look IS NOT NULL
             THEN format('    PERFORM access.check_look(me, look, patient, %s);', look) || line_end ELSE '' END,
        btrim(body, ' ' || line_end),
        CASE WHEN is_table OR result = 'void' THEN '' ELSE '    RETURN answer;' || line_end END);
    SELECT p.oid INTO STRICT made FROM pg_proc p
    WHERE p.pronamespace = 'api'::regnamespace AND p.proname = publish.name;
    EXECUTE format('COMMENT ON FUNCTION %s IS %L', made, comment);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', made);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO healthtrack_portal', made);
    -- To own a function a role needs CREATE on its schema at that moment, and never again.
    GRANT CREATE ON SCHEMA api TO healthtrack_care;
    EXECUTE format('ALTER FUNCTION %s OWNER TO healthtrack_care', made);
    REVOKE CREATE ON SCHEMA api FROM healthtrack_care;
END $$;
COMMENT ON PROCEDURE access.publish(text, text, text, text, text, text) IS 'Makes a function of api from its own parts: parameters after the token, result, body (which sets answer, or returns rows), comment, and for a reading one the expression of the kind of look that it needs.';
REVOKE EXECUTE ON PROCEDURE access.publish(text, text, text, text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION access.explain(access.failure) TO healthtrack_care;

CALL access.publish('read_account', '', 'TABLE (account_id uuid, part text, patient_id uuid, provider_id uuid, facility_id uuid)',
    'RETURN QUERY SELECT * FROM access.own_account();', 'The account that the session belongs to, and whom it stands for.');
CALL access.publish('sign_out', '', 'void', 'PERFORM access.close_session(me);', 'Ends the session; audited.');

CREATE FUNCTION access.own_account()
    RETURNS TABLE (account_id uuid, part text, patient_id uuid, provider_id uuid, facility_id uuid)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT a.account_id, a.part, a.patient_id, a.provider_id, a.facility_id FROM access.account a
    WHERE a.account_id = access.actor() AND a.disabled_at IS NULL
$$;
COMMENT ON FUNCTION access.own_account() IS 'The account that acts, and whom it stands for.';

CREATE FUNCTION access.close_session(me access.caller) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE access.session s SET revoked_at = now() WHERE s.session_id = me.session_id AND s.revoked_at IS NULL;
    PERFORM access.note(me, 'log_out', NULL, 'access.session');
END $$;
COMMENT ON FUNCTION access.close_session(access.caller) IS 'Ends a session before its time; audited.';
GRANT EXECUTE ON FUNCTION access.own_account(), access.close_session(access.caller) TO healthtrack_care;
