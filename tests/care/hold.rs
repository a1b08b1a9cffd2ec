//! Legal hold: what is about a held person is removed by nobody but the owner, whichever login tries it.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use super::network::{Network, refused_by};

/// Triggers that a table of people has not, and should.
const UNGUARDED: &str = "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace) AND c.relkind IN ('r', 'p')
      AND NOT c.relispartition AND a.attname = 'patient_id' AND NOT a.attisdropped
      AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = c.relname || '_stays_under_hold')
    ORDER BY 1";

/// Two people with a watch each, a key, what was measured on 15 November 2026, and what goals kept; the first is held.
pub(super) struct Held {
    pub(super) network: Network,
    pub(super) held: Uuid,
    pub(super) free: Uuid,
}

impl Held {
    pub(super) async fn new() -> Held {
        let mut network = Network::owned().await;
        let (held, free) = (network.patient().await, network.patient().await);
        network.run("SELECT signal.ensure_chunk('2026-11-15')").await;
        for (person, device) in [(held, "held-watch"), (free, "free-watch")] {
            network
                .run(&format!(
                    "WITH device AS (
                         INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('{device}', now(), 'operator')
                         RETURNING device_key)
                     INSERT INTO care.wear (patient_id, device_key, worn_during)
                     SELECT '{person}', device_key, '[2026-11-01 00:00Z,)' FROM device;
                     INSERT INTO signal.series (device_key, metric_id)
                     SELECT device_key, metric_id FROM signal.device, signal.metric
                     WHERE device_id = '{device}' AND name = 'heart_rate';
                     INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
                     SELECT at, at + INTERVAL '3 hours', 3600000000, series_id, '{{60,61,62,63}}'
                     FROM signal.series JOIN signal.device USING (device_key),
                          unnest('{{2026-11-15 00:00Z,2026-11-15 08:00Z}}'::timestamptz[]) AS at
                     WHERE device_id = '{device}';
                     INSERT INTO access.data_key VALUES ('{person}', now(), 'key-1', decode(repeat('00', 61), 'hex'));
                     INSERT INTO signal.erasure (begun_at, ended_at, device_sha256, blocks, requested_by)
                     VALUES (now(), now(), encode(sha256('{device}'), 'hex'), 3, 'roller')"
                ))
                .await;
        }
        network.run(&format!("UPDATE care.patient SET legal_hold = true WHERE patient_id = '{held}'")).await;
        Held { network, held, free }
    }

    pub(super) async fn roller(&self) -> PgConnection {
        self.network.login("roller").await
    }
}

/// What a login does in one transaction, kept where nothing refuses it; else the rule that does.
pub(super) async fn tried(login: &mut PgConnection, statements: &str) -> String {
    let mut transaction = login.begin().await.unwrap();
    if let Err(error) = transaction.execute(AssertSqlSafe(statements.to_owned())).await {
        return refused_by::<()>(Err(error), statements);
    }
    match transaction.commit().await {
        Ok(()) => "done".to_owned(),
        refused => refused_by(refused, statements),
    }
}

#[tokio::test]
async fn every_table_with_rows_of_a_person_keeps_those_of_a_held_one() {
    let mut network = Network::new().await;
    assert_eq!(network.rows(UNGUARDED).await, [""; 0]);
    network.run("CREATE TABLE care.injected (patient_id uuid)").await;
    assert_eq!(network.rows(UNGUARDED).await, ["care.injected"], "the check sees what it should");
}

#[tokio::test]
async fn the_rollers_login_removes_nothing_of_a_held_person_and_all_of_another() {
    let here = Held::new().await;
    let mut roller = here.roller().await;
    for (person, device, refused) in [(here.held, "held-watch", true), (here.free, "free-watch", false)] {
        let key = format!("(SELECT device_key FROM signal.device WHERE device_id = '{device}')");
        let series = format!("(SELECT series_id FROM signal.series WHERE device_key = {key})");
        for (statement, rule) in [
            (format!("DELETE FROM access.data_key WHERE patient_id = '{person}'"), "row_stays_under_hold"),
            (format!("DELETE FROM signal.block WHERE series_id IN {series}"), "block_stays_under_hold"),
            (format!("DELETE FROM signal.series WHERE device_key = {key}"), "device_stays_under_hold"),
            (
                format!("UPDATE signal.device SET device_id = '{device}-2' WHERE device_id = '{device}'"),
                "device_stays_under_hold",
            ),
            (format!("DELETE FROM care.wear WHERE patient_id = '{person}'"), "row_stays_under_hold"),
            (format!("DELETE FROM care.wear_event WHERE patient_id = '{person}'"), "row_stays_under_hold"),
            (format!("DELETE FROM signal.device WHERE device_id LIKE '{device}%'"), "device_stays_under_hold"),
        ] {
            let expected = if refused { rule } else { "done" };
            assert_eq!(tried(&mut roller, &statement).await, expected, "{statement}");
        }
    }
}

#[tokio::test]
async fn the_daemons_login_shortens_and_moves_no_block_of_a_held_person() {
    let here = Held::new().await;
    let mut ingest = here.network.login("ingest").await;
    for (device, expected) in [("held-watch", "block_stays_under_hold"), ("free-watch", "done")] {
        let blocks = format!(
            "FROM signal.series s JOIN signal.device d USING (device_key)
             WHERE d.device_id = '{device}' AND b.series_id = s.series_id"
        );
        for change in [
            "start_at = b.start_at + INTERVAL '1 minute', stop_at = b.stop_at + INTERVAL '1 minute'",
            "start_at = b.start_at + INTERVAL '1 hour', values = '{61,62,63}'",
            "stop_at = b.start_at, values = '{61}'",
        ] {
            let statement = format!("UPDATE signal.block b SET {change} {blocks}");
            assert_eq!(tried(&mut ingest, &statement).await, expected, "{statement}");
        }
    }
}

#[tokio::test]
async fn blocks_of_a_held_person_are_merged_and_rolled_and_not_dropped_on_the_way() {
    let here = Held::new().await;
    let mut roller = here.roller().await;
    let series =
        "(SELECT series_id FROM signal.series JOIN signal.device USING (device_key) WHERE device_id = 'held-watch')";
    let take = format!("DELETE FROM signal.block WHERE series_id = {series}");
    let write = |from: &str, to: &str| {
        format!(
            "INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
             SELECT '2026-11-15 {from}Z', '2026-11-15 {to}Z', 3600000000, series_id, '{{1,2}}' FROM {series} AS of"
        )
    };
    // What the source says anew leaves what it said before.
    let supersede = |at: &str| {
        format!(
            "INSERT INTO signal.superseded_value (start_at, superseded_at, value, series_id)
             SELECT '2026-11-15 {at}Z', now(), 1, series_id FROM {series} AS of"
        )
    };
    for (rest, expected) in [
        (write("00:00", "03:00"), "block_stays_under_hold"),
        (write("04:00", "11:00"), "block_stays_under_hold"),
        (write("00:00", "11:00"), "done"),
        (format!("{}; {}", write("04:00", "11:00"), supersede("00:00")), "done"),
        (write("05:00", "10:00"), "block_stays_under_hold"),
        (format!("{}; {}", supersede("04:00"), supersede("11:00")), "done"),
        (write("00:00", "11:00"), "done"),
    ] {
        assert_eq!(tried(&mut roller, &format!("{take}; {rest}")).await, expected, "{rest}");
    }
    let forget = format!("DELETE FROM signal.superseded_value WHERE series_id = {series}");
    assert_eq!(tried(&mut roller, &forget).await, "superseded_value_stays_under_hold");
    let file = |metric: &str, to: &str| {
        format!(
            "INSERT INTO signal.archive_file (written_at, first_start_at, last_start_at, rows, bytes, day, generation, metric,
                                              name, content, sha256)
             VALUES (now(), '2026-11-15 00:00Z', '2026-11-15 {to}Z', 8, 100, '2026-11-15', 1, '{metric}', '{metric}-{to}',
                     repeat('0', 32), sha256('x'))"
        )
    };
    for (file, expected) in [
        (file("step_count", "11:00"), "block_stays_under_hold"),
        (file("heart_rate", "10:00"), "block_stays_under_hold"),
        (file("heart_rate", "11:00"), "done"),
    ] {
        assert_eq!(tried(&mut roller, &format!("{take}; {file}")).await, expected, "{file}");
    }
    let end = "UPDATE signal.archive_file SET superseded_at = now() WHERE superseded_at IS NULL";
    assert_eq!(tried(&mut roller, end).await, "archive_file_stays_under_hold");
    let next =
        format!("{end}; {}", file("heart_rate", "11:00").replace("15', 1,", "15', 2,").replace("-11:00'", "-2'"));
    assert_eq!(tried(&mut roller, &next).await, "done");
}

#[tokio::test]
async fn a_hold_that_is_being_set_makes_an_erasure_wait_and_then_refuses_it() {
    let mut here = Held::new().await;
    let free = here.free;
    here.network.run(&format!("BEGIN; UPDATE care.patient SET legal_hold = true WHERE patient_id = '{free}'")).await;
    let mut roller = here.roller().await;
    let erase = format!("DELETE FROM access.data_key WHERE patient_id = '{free}'");
    assert_eq!(tried(&mut roller, &format!("SET LOCAL lock_timeout = '100ms'; {erase}")).await, "55P03", "it waits");
    here.network.run("COMMIT").await;
    assert_eq!(tried(&mut roller, &erase).await, "row_stays_under_hold");
}

#[tokio::test]
async fn while_something_of_a_person_goes_the_rest_of_them_is_changed_and_only_a_hold_waits() {
    let mut here = Held::new().await;
    let free = here.free;
    let mut roller = here.roller().await;
    let erase = format!("BEGIN; DELETE FROM access.data_key WHERE patient_id = '{free}'");
    roller.execute(AssertSqlSafe(erase)).await.unwrap();
    let change = |what: &str| {
        format!("SET LOCAL lock_timeout = '100ms'; UPDATE care.patient SET {what} WHERE patient_id = '{free}'")
    };
    for (what, expected) in [("time_zone = 'Europe/Paris'", "done"), ("legal_hold = true", "55P03")] {
        assert_eq!(tried(&mut here.network.sql, &change(what)).await, expected, "{what}");
    }
    roller.execute("COMMIT").await.unwrap();
    assert_eq!(tried(&mut here.network.sql, &change("legal_hold = true")).await, "done");
}

#[tokio::test]
async fn a_proof_of_erasure_is_only_added_to() {
    let here = Held::new().await;
    let mut roller = here.roller().await;
    for statement in [
        "DELETE FROM signal.erasure",
        "UPDATE signal.erasure SET blocks = blocks + 1",
        "UPDATE signal.erasure SET ended_at = NULL",
        "UPDATE signal.erasure SET requested_by = 'somebody'",
    ] {
        assert_eq!(tried(&mut roller, statement).await, "erasure_is_only_added_to", "{statement}");
    }
    let begin =
        "INSERT INTO signal.erasure (begun_at, device_sha256, requested_by) VALUES (now(), repeat('a', 64), 'me')";
    for (then, expected) in [
        ("UPDATE signal.erasure SET blocks = 2 WHERE requested_by = 'me'", "done"),
        ("UPDATE signal.erasure SET blocks = 1 WHERE requested_by = 'me'", "erasure_is_only_added_to"),
        (
            "UPDATE signal.erasure SET device_sha256 = repeat('b', 64) WHERE requested_by = 'me'",
            "erasure_is_only_added_to",
        ),
        ("DELETE FROM signal.erasure WHERE requested_by = 'me'", "erasure_is_only_added_to"),
        ("UPDATE signal.erasure SET ended_at = now() WHERE requested_by = 'me'", "done"),
    ] {
        if then.contains("blocks = 2") {
            assert_eq!(tried(&mut roller, begin).await, "done");
        }
        assert_eq!(tried(&mut roller, then).await, expected, "{then}");
    }
    let nothing = format!("{}; DELETE FROM signal.erasure WHERE requested_by = 'I'", begin.replace("'me'", "'I'"));
    assert_eq!(tried(&mut roller, &nothing).await, "done", "an erasure that found nothing leaves no row");
}
