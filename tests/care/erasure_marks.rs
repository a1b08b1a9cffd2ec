//! Marks: a person with an unmistakable word in every column of open text of every table is erased, and then every
//! table of every schema is searched for the word.
//!
//! Rows are made as for the matrix of rights (`matrix`), with the rules of truth taken off, so that this test knows no
//! table; that an erasure fits those rules is `erasure`'s to prove.

use std::collections::BTreeSet;

use super::matrix::{stage, tables};
use super::network::Network;

/// What nobody else says.
const MARK: &str = "Zxqv-unmistakable-7f3a";

/// Columns of open text in classified tables, and how rows of a person are found: what no rule confines to known words,
/// codes or keys. Asked before the rules are taken off.
const OPEN: &str = r"SELECT concat_ws(' ', t.relation, t.found_by, t.key_kind, a.attname, y.typname)
    FROM access.table_class t
    JOIN pg_attribute a ON a.attrelid = to_regclass(t.relation) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    JOIN pg_type d ON d.oid = a.atttypid JOIN pg_type y ON y.oid = coalesce(nullif(d.typbasetype, 0), d.oid)
    WHERE t.key_kind <> 'samples' AND t.relation <> 'access.audit_event' AND y.typname IN ('text', '_text', 'jsonb', 'bytea')
      AND a.attname !~ '_by$' AND d.typname NOT IN ('sensitivity', 'currency', 'ucum_unit')
      -- The day of birth is computed of it.
      AND (t.relation, a.attname) <> ('care.patient', 'born_in')
      AND NOT EXISTS (
          SELECT FROM pg_constraint k WHERE k.conrelid = a.attrelid AND (
              k.contype = 'f' AND a.attnum = ANY (k.conkey)
              OR k.contype = 'c' AND pg_get_constraintdef(k.oid)
                 ~ ('\(\(?' || a.attname || ' (= ANY|<@) \(?ARRAY\[|code_fits\([^,]*, ' || a.attname || '\)')))
    ORDER BY 1";

/// Gives rows of the first person, and of the other, the same key of each kind wherever a table has one.
const SAME_KEYS: &str = "DO $$
    DECLARE
        item record;
    BEGIN
        FOR item IN SELECT c.oid::regclass AS relation, a.attname AS name,
                           EXISTS (SELECT FROM pg_attribute p WHERE p.attrelid = c.oid AND p.attname = 'patient_id') AS of_patient
                FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace) AND c.relkind = 'r'
                  AND a.attname = ANY ('{space_member_id,post_id,reply_id,policy_id,session_id,proposal_id,care_relationship_id}')
        LOOP
            EXECUTE format('UPDATE %s t SET %I = CASE WHEN %s THEN %L ELSE %L END::uuid', item.relation, item.name,
                CASE WHEN item.of_patient THEN 't.patient_id = ''{own}'''
                     ELSE format('t.ctid = (SELECT min(ctid) FROM %s)', item.relation) END,
                '{a}', '00000000-0000-4000-8000-00000000000b');
        END LOOP;
    END $$";

/// The columns in which a word stands, in any table of any schema.
async fn found(network: &mut Network) -> BTreeSet<String> {
    let columns = "SELECT format('SELECT %L WHERE EXISTS (SELECT FROM %s WHERE strpos(%I::text, %L) > 0 OR strpos(%I::text, %L) > 0)',
            c.oid::regclass || '.' || a.attname, c.oid::regclass, a.attname, '{mark}', a.attname, encode('{mark}', 'hex'))
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^(pg_toast|_timescaledb|timescaledb)'
          AND c.relkind IN ('r', 'p', 'm')";
    let queries = network.rows(&columns.replace("{mark}", MARK)).await;
    network.rows(&queries.join(" UNION ALL ")).await.into_iter().collect()
}

/// Every row of the network that carries none of the person's keys.
async fn others(network: &mut Network, keys: &str) -> Vec<String> {
    let tables = "SELECT format('SELECT %L || t::text FROM %s t WHERE t::text !~ %L', c.oid::regclass || ': ', c.oid::regclass, '{keys}')
        FROM pg_class c WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace, 'signal'::regnamespace)
          AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname NOT IN ('audit_event', 'audit_chain', 'erasure_proof')";
    let queries = network.rows(&tables.replace("{keys}", keys)).await;
    network.rows(&format!("{} ORDER BY 1", queries.join(" UNION ALL "))).await
}

#[tokio::test]
async fn nothing_that_an_erased_person_said_is_left_but_where_the_catalogue_says_why() {
    let mut network = Network::owned().await;
    let open = network.rows(OPEN).await;
    let stage = stage(&mut network).await;
    let (own, account) = (stage.keys[0]["patient_id"].to_string(), stage.keys[0]["account_id"].to_string());
    let kind = "00000000-0000-4000-8000-00000000000a";
    tables(&mut network, &stage).await;
    network.run(&SAME_KEYS.replace("{own}", &own).replace("{a}", kind)).await;
    for column in &open {
        let words: Vec<&str> = column.split(' ').collect();
        let [relation, found_by, key_kind, name, of] = words[..] else { panic!("{column}") };
        let key = match key_kind {
            "patient" => &own,
            "account" => &account,
            _ => kind,
        };
        let value = match of {
            "_text" => format!("ARRAY['{MARK}']"),
            "jsonb" => format!("jsonb_build_object('said', '{MARK}')"),
            "bytea" => format!("'{MARK}'::bytea"),
            _ => format!("'{MARK}'"),
        };
        network.run(&format!("UPDATE {relation} SET {name} = {value} WHERE {found_by} = '{key}'")).await;
    }
    let marked = found(&mut network).await;
    let expected: BTreeSet<String> = open
        .iter()
        .map(|column| column.split(' ').collect::<Vec<_>>())
        .map(|words| format!("{}.{}", words[0], words[3]))
        .collect();
    let unseen: Vec<&String> = expected.difference(&marked).collect();
    assert!(unseen.is_empty(), "each is marked, and the search sees it: {unseen:?}");
    assert!(expected.len() > 150, "the catalog was read");

    network.run("DELETE FROM care.wear").await;
    let keys = [own.as_str(), account.as_str(), kind].join("|");
    let before = others(&mut network, &keys).await;
    network.run(&format!("SELECT access.erase_person('{own}', 'mistake')")).await;
    let kept = network
        .rows(
            "SELECT t.relation || '.' || name FROM access.table_class t CROSS JOIN LATERAL unnest(t.kept) AS name
             JOIN access.row_class c USING (row_class) WHERE c.reason ~ '\\S'",
        )
        .await;
    let left: Vec<String> = found(&mut network).await.into_iter().filter(|column| !kept.contains(column)).collect();
    assert!(left.is_empty(), "the words of an erased person are left in {left:?}");
    let after = others(&mut network, &keys).await;
    assert_eq!(before.len(), after.len());
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after, "a row of somebody else is as it was");
    }
}
