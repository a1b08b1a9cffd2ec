-- Everything that the catalog knows of one schema ($1), as one JSON document in a fixed order. Names and comments only:
-- no row of any table is read. What TimescaleDB adds (chunks, its own triggers) and partitions are left out, so that the
-- answer is the same on plain Postgres.
WITH relation AS (
    SELECT c.oid, c.relname, c.relkind, c.relacl, c.relowner
    FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND NOT c.relispartition AND c.relkind IN ('r', 'p', 'v', 'm')
), described AS (
    SELECT r.*, coalesce(obj_description(r.oid, 'pg_class'), '') AS comment,
        (SELECT jsonb_agg(jsonb_build_object(
             'name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'required', a.attnotnull,
             'default', coalesce(CASE a.attidentity WHEN '' THEN NULL ELSE 'identity' END,
                                 CASE a.attgenerated WHEN '' THEN '' ELSE 'always ' END || pg_get_expr(d.adbin, d.adrelid), ''),
             'comment', coalesce(col_description(r.oid, a.attnum), ''),
             'key', EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = r.oid AND k.contype = 'p' AND a.attnum = ANY (k.conkey)),
             'refers', EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = r.oid AND k.contype = 'f' AND a.attnum = ANY (k.conkey))
         ) ORDER BY a.attnum)
         FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
         WHERE a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns,
        (SELECT jsonb_agg(jsonb_build_object(
             'name', k.conname, 'definition', CASE k.contype WHEN 't' THEN 'trigger, when the transaction ends'
                                                   ELSE pg_get_constraintdef(k.oid) END,
             'comment', coalesce(obj_description(k.oid, 'pg_constraint'), '')
         ) ORDER BY strpos('puxfct', k.contype::text), k.conname)
         FROM pg_constraint k WHERE k.conrelid = r.oid AND k.contype <> 'n' AND k.conparentid = 0) AS rules,
        (SELECT jsonb_agg(jsonb_build_object(
             'name', k.conname, 'schema', n.nspname, 'table', p.relname,
             'optional', EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = r.oid AND a.attnum = ANY (k.conkey) AND NOT a.attnotnull),
             'single', EXISTS (SELECT FROM pg_index i WHERE i.indrelid = r.oid AND i.indisunique AND i.indpred IS NULL
                               AND i.indnkeyatts <= cardinality(k.conkey) AND (i.indkey::int2[])[0:i.indnkeyatts - 1] <@ k.conkey)
         ) ORDER BY k.conname)
         FROM pg_constraint k JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace n ON n.oid = p.relnamespace
         WHERE k.conrelid = r.oid AND k.contype = 'f' AND k.conparentid = 0) AS parents,
        (SELECT jsonb_agg(c.relname || ': ' || CASE WHEN i.indisunique THEN 'unique ' ELSE '' END
                          || substring(pg_get_indexdef(i.indexrelid) FROM ' USING (.*)$') ORDER BY c.relname)
         FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE i.indrelid = r.oid AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
        ) AS indexes,
        (SELECT jsonb_agg(jsonb_build_object('name', t.tgname, 'comment', coalesce(obj_description(p.oid, 'pg_proc'), '')) ORDER BY t.tgname)
         FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
         WHERE t.tgrelid = r.oid AND NOT t.tgisinternal AND t.tgparentid = 0
           AND p.pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('access', 'care', 'signal'))) AS triggers,
        (SELECT jsonb_agg(jsonb_build_object(
             'name', p.polname,
             'command', CASE p.polcmd WHEN 'r' THEN 'reads' WHEN 'a' THEN 'adds' WHEN 'w' THEN 'changes' WHEN 'd' THEN 'removes'
                             ELSE 'reads, adds, changes' END,
             'roles', coalesce((SELECT string_agg(CASE o.oid WHEN r.relowner THEN 'owner' ELSE o.rolname END, ', '
                                                  ORDER BY CASE o.oid WHEN r.relowner THEN 'owner' ELSE o.rolname END)
                                FROM pg_roles o WHERE o.oid = ANY (p.polroles)), 'everybody'),
             'rows', coalesce(pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), '')
         ) ORDER BY p.polname)
         FROM pg_policy p WHERE p.polrelid = r.oid) AS policies,
        (SELECT jsonb_agg(line ORDER BY line) FROM (
             SELECT o.rolname || ': ' || string_agg(lower(g.privilege_type), ', ' ORDER BY g.privilege_type) AS line
             FROM aclexplode(r.relacl) g JOIN pg_roles o ON o.oid = g.grantee WHERE g.grantee <> r.relowner GROUP BY o.rolname
         ) AS granted) AS grants
    FROM relation r
)
SELECT jsonb_build_object(
    'name', $1,
    'comment', coalesce(obj_description($1::regnamespace, 'pg_namespace'), ''),
    'relations', coalesce((SELECT jsonb_agg(jsonb_build_object(
        'name', relname, 'view', relkind IN ('v', 'm'), 'comment', comment, 'columns', coalesce(columns, '[]'),
        'rules', coalesce(rules, '[]'), 'parents', coalesce(parents, '[]'), 'indexes', coalesce(indexes, '[]'),
        'triggers', coalesce(triggers, '[]'), 'policies', coalesce(policies, '[]'), 'grants', coalesce(grants, '[]')
    ) ORDER BY relname) FROM described), '[]'),
    'functions', coalesce((SELECT jsonb_agg(jsonb_build_object(
        'name', p.proname, 'arguments', pg_get_function_arguments(p.oid),
        'result', coalesce(pg_get_function_result(p.oid), 'nothing'), 'definer', p.prosecdef,
        'comment', coalesce(obj_description(p.oid, 'pg_proc'), '')
    ) ORDER BY p.proname, pg_get_function_arguments(p.oid)) FROM pg_proc p WHERE p.pronamespace = $1::regnamespace), '[]'),
    'domains', coalesce((SELECT jsonb_agg(jsonb_build_object(
        'name', t.typname, 'type', format_type(t.typbasetype, t.typtypmod),
        'rule', coalesce((SELECT string_agg(pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname)
                          FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'), ''),
        'comment', coalesce(obj_description(t.oid, 'pg_type'), '')
    ) ORDER BY t.typname) FROM pg_type t WHERE t.typnamespace = $1::regnamespace AND t.typtype = 'd'), '[]')
)::text
