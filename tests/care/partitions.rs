//! Partitions of the audit: the next one is made ahead, no event is refused for want of one, nobody reaches one by
//! another way than the audit, and what is detached is proven as what stays is.
//!
//! Method: parts of four places a chain, three of which are a partition. What is appended goes on with one chain.

use healthtrack::store::care::audit::AuditHead;
use healthtrack::store::care::chain::{ChainReport, verify};
use healthtrack::store::care::context::{Auditor, Maintenance};
use healthtrack::store::care::maintenance::cut_audit;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use tokio::task::JoinSet;

use super::heads::{APPEND, APPEND_ANYWHERE, Shipping, all};
use super::network::{Network, refused_by};

const ATTACHED: &str = "SELECT c.relname || ' ' || pg_get_expr(c.relpartbound, c.oid)
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'access.audit_event'::regclass
    ORDER BY c.relname";

impl Network {
    /// Lets the first partition end after four places; nothing is audited yet.
    async fn narrow(&mut self) {
        self.run(
            "ALTER TABLE access.audit_event DETACH PARTITION access.audit_event_now;
             ALTER TABLE access.audit_event DETACH PARTITION access.audit_event_next;
             ALTER TABLE access.audit_event ATTACH PARTITION access.audit_event_now FOR VALUES FROM (MINVALUE) TO (5);
             ALTER TABLE access.audit_event ATTACH PARTITION access.audit_event_next FOR VALUES FROM (5) TO (MAXVALUE)",
        )
        .await;
    }

    async fn append(&mut self, events: usize) {
        for _ in 0..events {
            self.run(APPEND).await;
        }
    }

    /// Appends so many events to each chain; which one an append takes is chance.
    async fn fill(&mut self, events: usize) {
        self.run(&format!(
            "DO $$
             DECLARE
                 event access.audit_event;
             BEGIN
                 FOR number IN 0..63 LOOP
                     FOR _ IN 1..{events} LOOP
                         event := NULL;
                         event.chain := number;
                         SELECT seq, hash INTO event.seq, event.prev_hash FROM access.audit_event
                         WHERE chain = number ORDER BY seq DESC LIMIT 1;
                         event.seq := coalesce(event.seq, 0) + 1;
                         event.prev_hash := coalesce(event.prev_hash, access.audit_origin(number::smallint));
                         event.at := clock_timestamp();
                         event.part := 'program';
                         event.action := 'read';
                         event.resource := 'care.patient';
                         event.outcome := 'allowed';
                         event.hash := access.audit_digest(event);
                         INSERT INTO access.audit_event SELECT event.*;
                     END LOOP;
                 END LOOP;
             END $$"
        ))
        .await;
    }

    /// Cuts until nothing is to be done; how many steps that were.
    async fn cut(&mut self) -> usize {
        let mut steps = 0;
        while self.one("SELECT access.cut_audit_by(4)::text").await == "true" {
            steps += 1;
        }
        steps
    }

    async fn places(&mut self) -> Vec<String> {
        let by_partition = "SELECT substr(tableoid::regclass::text, 20) || ' ' || min(seq) || '-' || max(seq)
            FROM access.audit_event GROUP BY tableoid ORDER BY min(seq)";
        self.rows(by_partition).await
    }
}

async fn proof(sql: &mut PgConnection, kept: &[AuditHead], moved: &[AuditHead]) -> ChainReport {
    verify(&mut Auditor::on(sql), kept, moved).await.unwrap()
}

#[tokio::test]
async fn the_next_partition_is_made_as_soon_as_the_one_ahead_holds_an_event() {
    let mut network = Network::owned().await;
    network.narrow().await;
    network.append(4).await;
    let mut ingest = network.login("ingest").await;
    let mut maintenance = Maintenance::on(&mut ingest);
    assert!(!cut_audit(&mut maintenance).await.unwrap(), "the one ahead is empty");
    network.append(1).await;
    assert_eq!(network.places().await, ["now 1-4", "next 5-5"]);
    for step in 0..3 {
        assert!(cut_audit(&mut maintenance).await.unwrap(), "{step}");
        network.append(1).await;
    }
    assert!(!cut_audit(&mut maintenance).await.unwrap());
    assert_eq!(network.places().await, ["from_1 1-4", "now 5-8"]);
    assert_eq!(
        network.rows(ATTACHED).await,
        [
            "audit_event_from_1 FOR VALUES FROM (MINVALUE) TO ('5')",
            "audit_event_next FOR VALUES FROM ('1572865') TO (MAXVALUE)",
            "audit_event_now FOR VALUES FROM ('5') TO ('1572865')",
        ]
    );
    let report = proof(&mut network.sql, &[], &[]).await;
    assert_eq!((report.events, report.findings), (8, vec![]), "a chain over two partitions is one");
}

#[tokio::test]
async fn an_event_beyond_the_last_partition_that_was_made_is_taken() {
    let mut network = Network::owned().await;
    network.narrow().await;
    network.append(17).await;
    assert_eq!(network.places().await, ["now 1-4", "next 5-17"]);
    assert_eq!(network.one("SELECT care.uncut_audit()::text").await, "13");
    assert_eq!(network.cut().await, 3, "what has waited is cut in as many steps");
    assert_eq!(network.one("SELECT care.uncut_audit()::text").await, "0");
    network.append(13).await;
    assert_eq!(network.places().await, ["from_1 1-4", "now 5-28", "next 29-30"]);
    let report = proof(&mut network.sql, &[], &[]).await;
    assert_eq!((report.events, report.findings), (30, vec![]));
    assert_eq!(network.cut().await, 3);
    let strangers = "SELECT x.relname::text FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
        JOIN pg_class c ON c.oid = i.indrelid
        WHERE c.relname ~ '^audit_event_(from|now|next)' AND NOT starts_with(x.relname, c.relname || '_')";
    assert_eq!(network.rows(strangers).await, [""; 0], "an index is named for its partition");
}

#[tokio::test]
async fn whoever_appends_while_partitions_are_made_makes_chains_without_a_gap_or_a_fork() {
    let mut network = Network::owned().await;
    network.narrow().await;
    let mut owner = network.login("owner").await;
    for _ in 0..10 {
        let mut appending = JoinSet::new();
        for _ in 0..3 {
            let mut program = network.login("care").await;
            appending.spawn(async move {
                for _ in 0..20 {
                    program.execute(APPEND_ANYWHERE).await.unwrap();
                }
            });
        }
        // It gives up where it would make somebody wait for long, and goes on until nothing is to be done. A chain gets
        // fewer events meanwhile than the two parts and a half that are left between its steps.
        let mut is_cut = false;
        while !is_cut || appending.try_join_next().is_some() || !appending.is_empty() {
            match sqlx::query_scalar("SELECT NOT access.cut_audit_by(128)").fetch_one(&mut owner).await {
                Ok(done) => is_cut = done,
                busy => assert_eq!(refused_by(busy.map(drop), "a cut"), "55P03"),
            }
        }
    }
    let events = 600;
    let report = proof(&mut network.sql, &[], &[]).await;
    assert_eq!((report.events, report.findings), (events, vec![]));
    let whole = "SELECT bool_and(events = last)::text
        FROM (SELECT count(*) AS events, max(seq) AS last FROM access.audit_event GROUP BY chain) AS each";
    assert_eq!(network.one(whole).await, "true");
}

#[tokio::test]
async fn a_partition_is_nobodys_to_read_or_change_by_its_own_name() {
    let mut network = Network::owned().await;
    network.narrow().await;
    network.append(5).await;
    network.cut().await;
    for partition in ["audit_event_from_1", "audit_event_now", "audit_event_next"] {
        for login in ["portal", "care", "auditor", "ingest", "roller", "migrator", "nobody"] {
            let mut login_of = network.login(login).await;
            let read = login_of.execute(AssertSqlSafe(format!("SELECT FROM access.{partition}"))).await;
            assert_eq!(refused_by(read, partition), "42501", "{login}");
        }
        let mut owner = network.login("owner").await;
        for change in ["UPDATE access.{} SET outcome = 'denied'", "DELETE FROM access.{}", "TRUNCATE access.{}"] {
            let changed = owner.execute(AssertSqlSafe(change.replace("{}", partition))).await;
            let is_empty = partition == "audit_event_next" && !change.starts_with("TRUNCATE");
            assert!(is_empty || refused_by(changed, change) == "audit_is_only_appended", "{change} {partition}");
        }
        let forced = format!(
            "SELECT (relrowsecurity AND relforcerowsecurity)::text FROM pg_class WHERE oid = 'access.{partition}'::regclass"
        );
        assert_eq!(network.one(&forced).await, "true", "{partition}");
    }
}

/// Nine events in each chain, of which the first four of each are detached; with what that gave.
async fn detached() -> (Shipping, String) {
    let mut shipping = Shipping::new().await;
    shipping.network.narrow().await;
    for events in [3, 6] {
        shipping.network.fill(events).await;
        shipping.ship();
    }
    shipping.network.cut().await;
    let mut owner = shipping.network.login("owner").await;
    let heads = "SELECT access.detach_audit('audit_event_from_1')";
    let heads: String = sqlx::query_scalar(heads).fetch_one(&mut owner).await.unwrap();
    (shipping, heads)
}

#[tokio::test]
async fn what_stays_of_the_audit_is_proven_by_the_last_events_that_were_detached() {
    let (mut shipping, heads) = detached().await;
    assert!(heads.starts_with("0/4:") && heads.contains(",63/4:"), "{heads}");
    let left = shipping.network.one("SELECT min(seq) || ' ' || count(*) FROM access.audit_event").await;
    assert_eq!(left, "5 321", "and that it was detached is recorded");
    let (intact, said) = shipping.verify(&["--follows", &heads]);
    assert!(intact && said.contains("321 events follow one another"), "{said}");
    assert!(said.contains("heads of events that were detached: 64"), "{said}");
    shipping.finds("without them", &["beginning is missing", "does not follow the event before it", "was cut off"]);
    let another = format!("{}00000000", &heads[..heads.len() - 8]);
    let (intact, said) = shipping.verify(&["--follows", &another]);
    assert!(!intact && said.contains("does not follow the event before it"), "{said}");
    let cut = "SET session_replication_role = replica; DELETE FROM access.audit_event WHERE chain = 7 AND seq = 5;
               SET session_replication_role = origin";
    shipping.network.run(cut).await;
    let (intact, said) = shipping.verify(&["--follows", &heads]);
    assert!(!intact && said.contains("beginning is missing"), "{said}");
}

#[tokio::test]
async fn what_was_detached_is_proven_elsewhere_and_stays_as_it_is_until_it_is_dropped() {
    let (mut shipping, heads) = detached().await;
    let mut owner = shipping.network.login("owner").await;
    for change in ["UPDATE access.audit_event_from_1 SET outcome = 'denied'", "TRUNCATE access.audit_event_from_1"] {
        assert_eq!(refused_by(owner.execute(change).await, change), "audit_is_only_appended");
    }
    let events = shipping.network.rows("SELECT (e)::text FROM access.audit_event_from_1 e").await;
    let mut elsewhere = Shipping::new().await;
    let restored = events.iter().map(|event| format!("('{event}'::access.audit_event)")).collect::<Vec<_>>().join(",");
    let restore = format!("INSERT INTO access.audit_event SELECT (e).* FROM (VALUES {restored}) AS restored (e)");
    elsewhere.network.run(&restore).await;
    let proven = elsewhere.verb().args(["verify", "--head", &heads]).output().unwrap();
    assert!(proven.status.success() && all(&proven).contains("256 events as they were written"), "{}", all(&proven));
    let forge = "SET session_replication_role = replica;
                 UPDATE access.audit_event e SET outcome = 'denied' WHERE chain = 7 AND seq = 4;
                 UPDATE access.audit_event e SET hash = access.audit_digest(e) WHERE chain = 7 AND seq = 4;
                 SET session_replication_role = origin";
    elsewhere.network.run(forge).await;
    let proven = elsewhere.verb().args(["verify", "--head", &heads]).output().unwrap();
    assert!(!proven.status.success() && all(&proven).contains("is not the event that was the head"), "{proven:?}");
}

#[tokio::test]
async fn only_the_oldest_partition_that_every_chain_has_passed_is_detached() {
    let mut network = Network::owned().await;
    network.narrow().await;
    // The chain of this connection alone has passed the first.
    network.append(5).await;
    network.cut().await;
    let mut owner = network.login("owner").await;
    for (partition, rule) in [
        ("audit_event_now", "audit_is_detached_from_its_beginning"),
        ("audit_event_next", "audit_is_detached_from_its_beginning"),
        ("no_such_partition", "audit_is_detached_from_its_beginning"),
        ("audit_event_from_1", "audit_is_detached_when_passed"),
    ] {
        let detach = format!("SELECT access.detach_audit('{partition}')");
        assert_eq!(refused_by(owner.execute(AssertSqlSafe(detach)).await, partition), rule, "{partition}");
    }
    assert_eq!(network.one("SELECT count(*)::text FROM access.audit_event").await, "5");
}
