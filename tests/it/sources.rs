//! Who may speak for a device: itself, those whom an operator has allowed, and where unknown devices are enrolled the
//! source that named it first.

use healthtrack::model::ids::{DeviceId, MetricId};
use healthtrack::model::statistic::Statistic;
use healthtrack::store::directory::{Known, add_devices};
use healthtrack::store::newcomers::{Heard, Newcomers, TakenUp, take_up};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

use crate::newcomers::{ENROL, Side, names, now};
use crate::quarantine::apply;
use crate::support::daemon::Daemon;
use crate::support::postgres::TestDatabase;
use crate::support::stack::{TestStack, rows, run, wait_locked_out};
use crate::verbs::{complained, healthtrack, migrated, said, said_json};

const SOURCES: &str =
    "SELECT device_id, source, allowed_by FROM signal.device_source JOIN signal.device USING (device_key)
                       ORDER BY 1, 2";

/// Three samples of a device, from so many seconds after a fixed moment on.
fn of(device: &str, start: u64) -> String {
    run(start, &[60, 61, 62]).replace(r#"{"v":1,"#, &format!(r#"{{"v":1,"device":"{device}","#))
}

/// How many samples each device has.
async fn stored(stack: &TestStack) -> Vec<String> {
    stack.rows("SELECT device_id, count(*) FROM signal.sample GROUP BY 1 ORDER BY 1").await
}

/// How many samples of each source were rejected, and why.
async fn rejected(stack: &TestStack) -> Vec<String> {
    let rejected = "SELECT split_part(topic, '/', 4), reason, sum(samples) FROM signal.quarantine GROUP BY 1, 2
                    ORDER BY 1, 2";
    stack.rows(rejected).await
}

/// Publishes as a source, and waits until so many messages in all are acknowledged.
async fn publish(stack: &TestStack, source: &str, payload: String, messages: u32) {
    stack.publish(&format!("ht/1/main/{source}/batch"), payload).await;
    stack.acknowledged(messages).await;
}

fn verb(stack: &TestStack, arguments: &[&str]) -> Value {
    said_json(&mut healthtrack(&stack.database, &[arguments, &["--json"]].concat()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_writes_into_no_device_but_those_that_an_operator_allows() {
    let Some(mut stack) = TestStack::build(&[("INGEST__UNKNOWN_DEVICE", "quarantine")]).await else { return };
    verb(&stack, &["device", "add", "watch-a", "watch-b"]);
    publish(&stack, "watch-b", run(0, &[60, 61, 62]), 1).await;
    publish(&stack, "watch-a", of("watch-b", 100), 2).await;
    publish(&stack, "watch-a", of("watch-a", 100), 3).await;
    publish(&stack, "hub", of("stranger", 100), 4).await;
    assert_eq!(stored(&stack).await, ["(watch-a,3)", "(watch-b,3)"]);
    assert_eq!(rejected(&stack).await, ["(hub,unknown_device,3)", "(watch-a,source_not_allowed,3)"]);
    let details = stack.rows("SELECT detail FROM signal.quarantine ORDER BY quarantine_id").await;
    assert!(details[0].contains("`healthtrack device allow watch-a watch-b`"), "{details:?}");
    assert!(details[1].contains("device add") && details[1].contains("device allow"), "{details:?}");

    // What was kept is stored once it is allowed, though the lane has rejected it before.
    assert_eq!(verb(&stack, &["device", "allow", "watch-a", "watch-b"]), json!({"given": 1, "new": 1}));
    let retry = ["quarantine", "retry", "--reason", "source_not_allowed", "--broker", &stack.mosquitto.url()];
    said(&mut healthtrack(&stack.database, &retry));
    stack.acknowledged(5).await;
    assert_eq!(stored(&stack).await, ["(watch-a,3)", "(watch-b,6)"]);

    // The lane remembers the right, and uses it no more from the moment at which it was taken away.
    publish(&stack, "watch-a", of("watch-b", 200), 6).await;
    assert_eq!(stored(&stack).await, ["(watch-a,3)", "(watch-b,9)"]);
    assert_eq!(verb(&stack, &["device", "disallow", "watch-a", "watch-b"]), json!({"disallowed": 1}));
    publish(&stack, "watch-a", of("watch-b", 300), 7).await;
    publish(&stack, "watch-b", run(400, &[60, 61, 62]), 8).await;
    assert_eq!(stored(&stack).await, ["(watch-a,3)", "(watch-b,12)"]);
    assert_eq!(rejected(&stack).await, ["(hub,unknown_device,3)", "(watch-a,source_not_allowed,6)"]);
    assert_eq!(stack.daemon.metric("healthtrack_mqtt_connects_total"), 1.0, "{}", stack.daemon.log());
    let not_allowed = "healthtrack_ingest_rejected_samples_total{reason=\"source_not_allowed\"}";
    assert_eq!(stack.daemon.metric(not_allowed), 6.0);
    assert!(stack.daemon.is_alive());
}

/// Refuses the steps of a message, so that it is written in several transactions; the first, with what is rejected in any
/// case, takes a right away as it commits.
const TAKEN_MIDWAY: &str = "
    CREATE FUNCTION signal.refuse_steps() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF (SELECT metric_id FROM signal.series WHERE series_id = NEW.series_id) <> 10 THEN
            RAISE EXCEPTION USING ERRCODE = 'data_exception', MESSAGE = 'refused for a test';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER refused BEFORE INSERT ON signal.block FOR EACH ROW EXECUTE FUNCTION signal.refuse_steps();
    CREATE FUNCTION signal.take_midway() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        DELETE FROM signal.device_source;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER taken AFTER INSERT ON signal.quarantine_rejection DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW EXECUTE FUNCTION signal.take_midway()";

/// What was committed by the right of its moment stands, and is counted once.
#[tokio::test(flavor = "multi_thread")]
async fn a_right_that_is_lost_in_the_middle_of_a_batch_counts_for_what_is_not_written_yet() {
    let Some(mut stack) = TestStack::build(&[("INGEST__UNKNOWN_DEVICE", "quarantine")]).await else { return };
    verb(&stack, &["device", "add", "watch-1"]);
    verb(&stack, &["device", "allow", "hub", "watch-1"]);
    let mut owner = PgConnection::connect(stack.database.url()).await.unwrap();
    sqlx::raw_sql(TAKEN_MIDWAY).execute(&mut owner).await.unwrap();
    let more = r#"{"metric":"step_count","start":1795428000000,"period_ms":60000,"values":[10,11]},
                  {"metric":"nonsense","start":1795428000000,"values":[1]}]}"#;
    let payload = of("watch-1", 0);
    let payload = format!("{},{more}", payload.strip_suffix("]}").unwrap());
    publish(&stack, "hub", payload, 1).await;
    assert_eq!(stored(&stack).await, ["(watch-1,3)"]);
    let rejected = rejected(&stack).await;
    assert_eq!(stack.daemon.outcomes(), [3, 0, 0, 3], "{rejected:?}");
    assert_eq!(rejected, ["(hub,source_not_allowed,2)", "(hub,unknown_metric,1)"]);
    let all = "healthtrack_ingest_rejected_samples_total";
    assert_eq!(stack.daemon.metric(all), 3.0, "{}", stack.daemon.scrape());
    assert_eq!(stack.daemon.metric("healthtrack_ingest_in_flight_samples"), 0.0);
    assert!(stack.daemon.stop().0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_enrolled_device_is_spoken_for_by_whoever_named_it_first_and_by_itself() {
    let Some(mut stack) = TestStack::build(&[]).await else { return };
    publish(&stack, "hub-a", of("watch-1", 0), 1).await;
    publish(&stack, "watch-2", run(0, &[60, 61, 62]), 2).await;
    for (round, acknowledged) in [(1, 2), (2, 0)] {
        publish(&stack, "hub-a", of("watch-1", round * 100), acknowledged + 1).await;
        publish(&stack, "hub-b", of("watch-1", round * 100 + 10), acknowledged + 2).await;
        publish(&stack, "hub-a", of("watch-2", round * 100 + 10), acknowledged + 3).await;
        assert_eq!(stored(&stack).await, [format!("(watch-1,{})", 3 + 3 * round), "(watch-2,3)".to_owned()]);
        assert_eq!(
            rejected(&stack).await,
            ["hub-a", "hub-b"].map(|hub| format!("({hub},source_not_allowed,{})", 3 * round))
        );
        // What was decided outlives the daemon.
        if round == 1 {
            stack.daemon.stop();
            stack.daemon.restart();
            stack.daemon.wait_ready().await;
        }
    }
    publish(&stack, "watch-1", run(300, &[60]), 4).await;
    assert_eq!(stored(&stack).await[0], "(watch-1,10)");
    assert_eq!(stack.rows(SOURCES).await, ["(watch-1,hub-a,enrolment)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hubs_that_name_a_new_device_in_one_batch_the_first_speaks_for_it() {
    let Some(stack) = TestStack::build(&[("INGEST__BATCH_AGE_MS", "500")]).await else { return };
    for (number, hub) in ["hub-b", "hub-a", "hub-b"].into_iter().enumerate() {
        stack.publish(&format!("ht/1/main/{hub}/batch"), of("watch", number as u64 * 10)).await;
    }
    stack.acknowledged(3).await;
    assert_eq!(stored(&stack).await, ["(watch,6)"]);
    assert_eq!(rejected(&stack).await, ["(hub-a,source_not_allowed,3)"]);
    assert_eq!(stack.rows(SOURCES).await, ["(watch,hub-b,enrolment)"]);
}

/// Takes devices up for a source.
async fn take_up_for(side: &mut Side, source: &str, names: &[DeviceId]) -> TakenUp {
    let heard = |device| Heard { device, source, metric: MetricId(10), statistic: Statistic::NONE };
    let newcomers = Newcomers::new(&names.iter().map(heard).collect::<Vec<_>>());
    take_up(&mut side.connection, &mut side.writer, &newcomers, ENROL, now()).await.unwrap()
}

#[tokio::test]
async fn of_two_sources_that_name_new_devices_at_once_exactly_one_is_the_first() {
    let database = TestDatabase::migrated().await;
    let (mut one, mut two) = (Side::of(&database, "one").await, Side::of(&database, "two").await);
    let mut allowed = [0, 0];
    for round in 0..10 {
        let names = names(&format!("watch-{round}"), 500);
        let turned: Vec<DeviceId> = names.iter().rev().cloned().collect();
        let (first, second) =
            tokio::join!(take_up_for(&mut one, "hub-one", &names), take_up_for(&mut two, "hub-two", &turned));
        allowed[0] += first.allowed.len();
        allowed[1] += second.allowed.len();
    }
    assert_eq!(allowed.iter().sum::<usize>(), 5_000, "{allowed:?}");
    let by_shard = "SELECT shard, source, count(*) FROM signal.device LEFT JOIN signal.device_source USING (device_key)
                    GROUP BY 1, 2 ORDER BY 1";
    let expected = ["one", "two"].into_iter().zip(allowed).filter(|(_, count)| *count > 0);
    let expected: Vec<_> = expected.map(|(shard, count)| format!("({shard},hub-{shard},{count})")).collect();
    assert_eq!(rows(database.url(), by_shard).await, expected);
}

#[tokio::test]
async fn whoever_names_a_device_that_an_operator_adds_meanwhile_was_not_the_first() {
    let database = TestDatabase::migrated().await;
    let mut side = Side::of(&database, "main").await;
    let mut operator = PgConnection::connect(database.url()).await.unwrap();
    let mut adding = operator.begin().await.unwrap();
    let names = names("watch", 3);
    add_devices(&mut *adding, &names[1..2], "operator", now()).await.unwrap();
    let ((), taken) = tokio::join!(
        async {
            wait_locked_out(database.url()).await;
            adding.commit().await.unwrap();
        },
        take_up_for(&mut side, "hub", &names)
    );
    let ours = taken.devices.iter().filter(|(_, known)| matches!(known, Known::Ours(_))).count();
    assert_eq!((ours, taken.added, taken.allowed.len()), (3, 2, 2));
    assert_eq!(rows(database.url(), SOURCES).await, ["(watch-0,hub,enrolment)", "(watch-2,hub,enrolment)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_device_that_moves_takes_along_who_may_speak_for_it() {
    let Some(stack) = TestStack::build(&[]).await else { return };
    let south = Daemon::start(stack.database.url(), &stack.mosquitto.url(), &[("INGEST__SHARD", "south")]).await;
    publish(&stack, "hub-a", of("watch", 0), 1).await;
    verb(&stack, &["device", "move", "watch", "--to", "south"]);
    for (number, hub) in ["hub-a", "hub-b"].into_iter().enumerate() {
        stack.publish(&format!("ht/1/south/{hub}/batch"), of("watch", 100 + number as u64 * 10)).await;
    }
    south.wait_settled(6).await;
    assert_eq!(south.outcomes(), [3, 0, 0, 3]);
    assert_eq!(rejected(&stack).await, ["(hub-b,source_not_allowed,3)"]);
    assert_eq!(stack.rows(SOURCES).await, ["(watch,hub-a,enrolment)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_speak_for_a_device_is_the_configurations_choice() {
    let Some(stack) = TestStack::build(&[("INGEST__DEVICE_SOURCES", "own")]).await else { return };
    publish(&stack, "hub", of("watch-1", 0), 1).await;
    publish(&stack, "watch-1", run(0, &[60, 61, 62]), 2).await;
    publish(&stack, "hub", of("watch-1", 10), 3).await;
    assert_eq!(stored(&stack).await, ["(watch-1,3)"]);
    assert_eq!(rejected(&stack).await, ["(hub,source_not_allowed,3)", "(hub,unknown_device,3)"]);

    let Some(stack) = TestStack::build(&[("INGEST__DEVICE_SOURCES", "any")]).await else { return };
    publish(&stack, "hub-a", of("watch-1", 0), 1).await;
    publish(&stack, "hub-b", of("watch-1", 10), 2).await;
    assert_eq!(stored(&stack).await, ["(watch-1,6)"]);
    // So that the choice can be another one later.
    assert_eq!(stack.rows(SOURCES).await, ["(watch-1,hub-a,enrolment)"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_that_published_before_the_rule_go_on_with_the_first_source_that_names_them() {
    let Some(stack) = TestStack::build(&[("INGEST__UNKNOWN_DEVICE", "quarantine")]).await else { return };
    stack
        .execute(
            "INSERT INTO signal.device (added_at, device_id, added_by, shard, awaits_source)
             SELECT now(), 'old-' || number, 'operator', 'main', true FROM generate_series(1, 5) AS number;
             INSERT INTO signal.device (added_at, device_id, added_by) VALUES (now(), 'new', 'operator')",
        )
        .await;
    let listed = verb(&stack, &["device", "list"]);
    assert_eq!((&listed[0]["awaits_source"], &listed[1]["awaits_source"]), (&json!(false), &json!(true)));
    publish(&stack, "hub-a", of("old-1", 0), 1).await;
    publish(&stack, "hub-b", of("old-1", 10), 2).await;
    publish(&stack, "old-2", run(0, &[60, 61, 62]), 3).await;
    publish(&stack, "hub-a", of("old-2", 10), 4).await;
    publish(&stack, "hub-a", of("new", 0), 5).await;
    publish(&stack, "hub-a", of("old-1", 20), 6).await;
    // An operator's word comes first, be it a yes or a no.
    verb(&stack, &["device", "allow", "hub-b", "old-3"]);
    verb(&stack, &["device", "disallow", "hub-b", "old-4"]);
    publish(&stack, "hub-a", of("old-3", 0), 7).await;
    publish(&stack, "hub-a", of("old-4", 0), 8).await;
    publish(&stack, "hub-b", of("old-3", 10), 9).await;
    assert_eq!(stored(&stack).await, ["(old-1,6)", "(old-2,3)", "(old-3,3)"]);
    assert_eq!(rejected(&stack).await, ["(hub-a,source_not_allowed,12)", "(hub-b,source_not_allowed,3)"]);
    assert_eq!(stack.rows(SOURCES).await, ["(old-1,hub-a,upgrade)", "(old-3,hub-b,operator)"]);
    assert_eq!(stack.rows("SELECT device_id FROM signal.device WHERE awaits_source").await, ["(old-5)"]);

    assert_eq!(doctor_of_sources(&stack.database)["level"], "warn");
    assert_eq!(verb(&stack, &["device", "disallow", "--waiting"]), json!({"waited": 1}));
    assert_eq!(doctor_of_sources(&stack.database)["level"], "ok");
    publish(&stack, "hub-a", of("old-5", 0), 10).await;
    assert_eq!(stored(&stack).await.len(), 3);
}

/// What the doctor says of sources.
fn doctor_of_sources(database: &TestDatabase) -> Value {
    let output = healthtrack(database, &["doctor", "--json"]).output().unwrap();
    let findings: Value = serde_json::from_slice(&output.stdout).unwrap();
    let is_it = |finding: &&Value| finding["what"].as_str().is_some_and(|what| what.starts_with("sources:"));
    findings.as_array().unwrap().iter().find(is_it).unwrap().clone()
}

#[tokio::test]
async fn the_rule_comes_to_a_database_that_has_devices() {
    let database = TestDatabase::new().await;
    let mut connection = PgConnection::connect(database.url()).await.unwrap();
    apply(&mut connection, 0..118).await;
    let devices = "INSERT INTO signal.ingest_shard (shard, epoch, owner, taken_at) VALUES ('main', 1, 'test', now());
                   INSERT INTO signal.device (added_at, device_id, added_by, shard) VALUES
                   (now(), 'published', 'operator', 'main'), (now(), 'silent', 'operator', NULL)";
    sqlx::raw_sql(devices).execute(&mut connection).await.unwrap();
    apply(&mut connection, 118..u32::MAX).await;
    let later = "INSERT INTO signal.device (added_at, device_id, added_by) VALUES (now(), 'later', 'operator')";
    sqlx::raw_sql(later).execute(&mut connection).await.unwrap();
    let waiting = rows(database.url(), "SELECT device_id, awaits_source FROM signal.device ORDER BY 1").await;
    assert_eq!(waiting, ["(later,f)", "(published,t)", "(silent,f)"]);
}

#[tokio::test]
async fn an_operator_lets_sources_speak_and_takes_it_from_them() {
    let database = migrated().await;
    let verb = |arguments: &[&str]| said_json(&mut healthtrack(&database, &[arguments, &["--json"]].concat()));
    verb(&["device", "add", "watch-1", "watch-2", "watch-3"]);
    for unknown in
        [["device", "allow", "hub", "stranger", "watch-1"], ["device", "allow", "hub", "watch-1", "stranger"]]
    {
        let complaint = complained(&mut healthtrack(&database, &unknown));
        assert!(complaint.contains("stranger is not a device") && complaint.contains("device add"), "{complaint}");
    }
    assert_eq!(rows(database.url(), SOURCES).await, [""; 0], "all or none");
    assert_eq!(verb(&["device", "allow", "hub", "watch-1", "watch-2"]), json!({"given": 2, "new": 2}));
    assert_eq!(verb(&["device", "allow", "hub", "watch-2", "watch-3"]), json!({"given": 2, "new": 1}));
    assert_eq!(verb(&["device", "allow", "watch-1", "watch-1", "watch-2"]), json!({"given": 2, "new": 1}));
    let words = said(&mut healthtrack(&database, &["device", "allow", "hub", "watch-1"]));
    assert_eq!(words, "hub may speak for 1 device, 0 new\n");
    let listed = verb(&["device", "list"]);
    let source = &listed[0]["sources"][0];
    assert_eq!((&source["source"], &source["allowed_by"]), (&json!("hub"), &json!("operator")));
    assert!(source["allowed_at"].as_str().unwrap().starts_with("20"), "{source}");
    let table = said(&mut healthtrack(&database, &["device", "list"]));
    assert!(table.contains("0  hub, watch-1\n") && table.ends_with("0  hub\n"), "{table}");
    let mistyped = complained(&mut healthtrack(&database, &["device", "disallow", "hub", "watch-1", "wtach-2"]));
    assert!(mistyped.contains("wtach-2 is not a device"), "{mistyped}");
    let table = said(&mut healthtrack(&database, &["device", "list"]));
    assert!(table.contains("0  hub, watch-1\n"), "nothing was taken away: {table}");
    assert_eq!(verb(&["device", "disallow", "hub", "watch-1"]), json!({"disallowed": 1}));
    let words = said(&mut healthtrack(&database, &["device", "disallow", "hub", "watch-1", "watch-2"]));
    assert_eq!(words, "hub may no longer speak for 1 device; it could not speak for watch-1 before\n");
    let both = json!({"disallowed": 0, "not_allowed_before": ["watch-1", "watch-2"]});
    assert_eq!(verb(&["device", "disallow", "hub", "watch-1", "watch-2"]), both);
    let words = said(&mut healthtrack(&database, &["device", "disallow", "hub", "--all"]));
    assert_eq!(words, "hub may no longer speak for 1 device\n");
    assert_eq!(rows(database.url(), SOURCES).await, ["(watch-2,watch-1,operator)"]);
    let both = healthtrack(&database, &["device", "disallow", "watch-1", "--all", "watch-2"]).output().unwrap();
    assert!(!both.status.success() && String::from_utf8_lossy(&both.stderr).contains("--all"), "{both:?}");
    assert_eq!(rows(database.url(), SOURCES).await, ["(watch-2,watch-1,operator)"]);
}
