//! What every table of the network keeps to, read from the database's own catalog.

use super::network::Network;

/// Tables whose rows nobody may see who has no account; partitions and views aside.
const TABLES: &str = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname IN ('care', 'access') AND c.relkind IN ('r', 'p') AND NOT c.relispartition";

#[tokio::test]
async fn every_table_column_view_function_domain_and_rule_has_a_comment() {
    let mut network = Network::new().await;
    let query = "SELECT c.relname || coalesce('.' || a.attname, '')
         FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
         WHERE n.nspname IN ('care', 'access') AND c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
           AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)
         UNION ALL
         SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname IN ('care', 'access') AND obj_description(p.oid, 'pg_proc') IS NULL
         UNION ALL
         SELECT t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
         WHERE n.nspname IN ('care', 'access') AND t.typtype = 'd' AND obj_description(t.oid, 'pg_type') IS NULL
         UNION ALL
         SELECT k.conname FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
         WHERE n.nspname IN ('care', 'access') AND k.contype <> 'n' AND k.contypid = 0
           AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = k.conrelid AND c.relispartition)
           AND obj_description(k.oid, 'pg_constraint') IS NULL";
    assert_eq!(network.rows(query).await, [""; 0]);
    network
        .run("CREATE TABLE care.injected (injected integer CONSTRAINT planted_is_positive CHECK (injected > 0))")
        .await;
    assert_eq!(
        network.rows(query).await,
        ["injected.injected", "planted_is_positive"],
        "the check sees what it should"
    );
}

#[tokio::test]
async fn every_rule_is_named_for_its_truth_and_says_one_sentence_to_a_person() {
    let mut network = Network::new().await;
    let query = "SELECT k.conname || ': ' || obj_description(k.oid, 'pg_constraint')
         FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
         WHERE n.nspname IN ('care', 'access') AND k.contype <> 'n' AND k.contypid = 0
           AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = k.conrelid AND c.relispartition)
           AND (obj_description(k.oid, 'pg_constraint') !~ '^[A-Z].{5,160}\\.$'
                OR k.conname ~ '_(check|key|excl)[0-9]*$')";
    assert_eq!(network.rows(query).await, [""; 0]);
    network.run("CREATE TABLE care.injected (injected integer UNIQUE)").await;
    network.run("COMMENT ON CONSTRAINT injected_injected_key ON care.injected IS 'no'").await;
    assert_eq!(network.rows(query).await, ["injected_injected_key: no"], "the check sees what it should");
}

#[tokio::test]
async fn every_table_has_row_level_security_that_its_owner_cannot_forget() {
    let mut network = Network::new().await;
    let query =
        format!("SELECT c.relname::text {TABLES} AND NOT (c.relrowsecurity AND c.relforcerowsecurity) ORDER BY 1");
    assert_eq!(network.rows(&query).await, [""; 0]);
    network.run("CREATE TABLE care.injected (injected integer)").await;
    assert_eq!(network.rows(&query).await, ["injected"], "the check sees what it should");
}

#[tokio::test]
async fn every_foreign_key_has_an_index_that_begins_with_it() {
    let mut network = Network::new().await;
    // With the whole key, or with what tells one row of few: the person, or the other table's own key.
    let query = "SELECT k.conname::text FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
         WHERE n.nspname IN ('care', 'access', 'signal') AND k.contype = 'f' AND k.conparentid = 0
           AND NOT EXISTS (
               SELECT FROM pg_index i
               JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = (i.indkey::int2[])[0]
               LEFT JOIN pg_index p ON p.indrelid = k.confrelid AND p.indisprimary
               WHERE i.indrelid = k.conrelid AND a.attnum = ANY (k.conkey)
                 AND (a.attname = 'patient_id'
                      OR k.confkey[array_position(k.conkey, a.attnum)] = (p.indkey::int2[])[0]
                      OR (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey))
         ORDER BY 1";
    assert_eq!(network.rows(query).await, [""; 0]);
    network
        .run(
            "CREATE TABLE care.injected (
                 patient_id uuid CONSTRAINT planted_patient_fkey REFERENCES care.patient,
                 facility_id uuid CONSTRAINT planted_facility_fkey REFERENCES care.facility, room_id uuid,
                 CONSTRAINT planted_room_fkey FOREIGN KEY (facility_id, room_id) REFERENCES care.room (facility_id, room_id)
             );
             CREATE INDEX ON care.injected (facility_id)",
        )
        .await;
    let planted = network.rows(query).await;
    assert_eq!(planted, ["planted_patient_fkey", "planted_room_fkey"], "the check sees what it should");
}
