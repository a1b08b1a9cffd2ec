//! The database: it dies in the middle of a COMMIT, says no for a while, and is slow.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};

use super::stack::{Database, MIX, Setup, TIMEOUT, TestStack, has_program};
use crate::support::judge::Demand;
use crate::support::proxy::{Point, Then, Weather};
use crate::support::wait::wait_until;

/// Without repetitions by the oracle, so that every duplicate is the fault's.
const MIX_WITHOUT_REPEAT: &str = "late=4,conflict=2,broken=1";

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_dies_within_a_commit_keeps_what_it_had_and_the_daemon_writes_the_rest() {
    let keys = vec![("INGEST__LANES", "1".to_owned())];
    let Some(mut stack) = TestStack::build(Setup { own_postgres: Some(&[]), keys, ..Setup::new(4) }).await else {
        return;
    };
    stack.rules.demands = vec![Demand::CutInCommit, Demand::CutInBatch];
    stack.load(1_600, 200, MIX_WITHOUT_REPEAT);
    stack.wait_for_more(200).await;
    // Once the answer is lost though the transaction stands, once the server dies as COMMIT arrives, once in a COPY.
    stack.trap(Point::Commit, Then::Hold, "a COMMIT gets no answer").await;
    let idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle'
                AND application_name = 'healthtrack' AND query = 'COMMIT'";
    wait_until(TIMEOUT, "the lane's transaction is committed", || async { stack.ask(idle).await > 0 }).await;
    stack.database_side.reset();
    stack.note("the database's connections are reset");
    wait_until(TIMEOUT, "the batch comes again and is found there", || async { stack.duplicates_of_daemon() > 0 })
        .await;
    for (point, what) in [(Point::Commit, "a COMMIT passes"), (Point::CopyBytes(200), "a COPY stops in its middle")] {
        stack.wait_for_more(50).await;
        stack.trap(point, Then::Hold, what).await;
        let Database::Own(postgres) = &stack.database else { panic!("the server is the test's own") };
        postgres.kill_hard().await.unwrap();
        stack.note("the database is killed");
        wait_until(TIMEOUT, "the daemon says that it is not ready", || async { !stack.daemon.is_ready() }).await;
        let Database::Own(postgres) = &stack.database else { panic!("the server is the test's own") };
        postgres.restart().await.unwrap();
        stack.note("the database runs again");
        stack.daemon.wait_ready().await;
    }
    stack.judge().await.must_hold();
}

/// Raises what Postgres itself raises for a deadlock and a serialization failure, three times each.
const INJECTED: &str = "
    CREATE SEQUENCE public.injected;
    CREATE FUNCTION public.injected() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE number bigint := nextval('public.injected');
    BEGIN
        IF number <= 3 THEN RAISE EXCEPTION 'injected' USING ERRCODE = 'deadlock_detected'; END IF;
        IF number <= 6 THEN RAISE EXCEPTION 'injected' USING ERRCODE = 'serialization_failure'; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER injected BEFORE INSERT ON signal.block FOR EACH ROW EXECUTE FUNCTION public.injected()";

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_says_no_for_a_while_costs_no_sample_and_puts_none_aside() {
    let settings = [("max_connections", "20")];
    let setup = Setup { own_postgres: Some(&settings), ..Setup::new(5) };
    let Some(mut stack) = TestStack::build(setup).await else { return };
    stack.load(3_600, 200, MIX);
    stack.wait_for_more(100).await;

    let mut admin = stack.connection().await;
    refuse(&mut stack, &mut admin, "a lock is held", &["BEGIN", "LOCK TABLE signal.block IN SHARE MODE"]).await;
    run(&mut admin, &["ROLLBACK"]).await;
    refuse(&mut stack, &mut admin, "deadlocks and serialization failures", &[INJECTED]).await;
    let read_only = ["ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()"];
    refuse(&mut stack, &mut admin, "the server is read-only", &read_only).await;
    run(&mut admin, &["ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()"]).await;
    stack.wait_for_more(50).await;
    wait_until(TIMEOUT, "batches are written again", || async { stack.daemon.is_ready() }).await;

    let taken = take_every_connection(&stack, &mut admin).await;
    stack.note(format!("all connections are taken, {} of them by the test", taken.len()));
    wait_until(TIMEOUT, "the daemon says that it is not ready", || async { !stack.daemon.is_ready() }).await;
    drop(taken);
    stack.note("they are given back");
    stack.daemon.wait_ready().await;
    stack.judge().await.must_hold();
}

async fn run(admin: &mut PgConnection, statements: &[&'static str]) {
    for statement in statements {
        sqlx::raw_sql(*statement).execute(&mut *admin).await.unwrap();
    }
}

/// Has the database say no, and waits until the daemon has tried again and again.
async fn refuse(stack: &mut TestStack, admin: &mut PgConnection, what: &str, statements: &[&'static str]) {
    let retried = retries(stack);
    run(admin, statements).await;
    stack.note(what);
    wait_until(TIMEOUT, what, || async { retries(stack) > retried + 1.0 }).await;
}

/// Tries of the same batch and of its halves: what is not written in time twice is tried in halves.
fn retries(stack: &TestStack) -> f64 {
    let count = |name| stack.daemon.try_metric(name).unwrap_or(0.0);
    count("healthtrack_ingest_batch_retries_total") + count("healthtrack_ingest_batch_bisections_total")
}

/// Sends the daemon's connections away and takes each that is free, until none is.
async fn take_every_connection(stack: &TestStack, admin: &mut PgConnection) -> Vec<PgConnection> {
    let away = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'healthtrack'";
    let url = stack.database.url();
    let mut taken = Vec::new();
    let theirs = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'healthtrack'";
    let mut is_full = false;
    while !is_full {
        sqlx::raw_sql(away).execute(&mut *admin).await.unwrap();
        match PgConnection::connect(&url).await {
            Ok(connection) => taken.push(connection),
            Err(_) => is_full = sqlx::query_scalar::<_, i64>(theirs).fetch_one(&mut *admin).await.unwrap() == 0,
        }
        assert!(taken.len() < 100, "the server has no limit");
    }
    taken
}

/// How long strace may take to take hold of all backends; where it does not, the proxy delays instead.
const ATTACH_PATIENCE: Duration = Duration::from_secs(5);

/// Whether some process looks into this one.
fn is_traced(pid: i64) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("TracerPid:").is_some_and(|tracer| tracer.trim() != "0"))
}

/// Ends with the handle.
struct Strace(Child);

impl Drop for Strace {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|ended| ended.is_some()) {
            return;
        }
        // Asked kindly, it lets go of its processes.
        let pid = self.0.id().to_string();
        let _ = Command::new("/bin/sh").args(["-c", "kill -TERM \"$1\"", "sh", &pid]).status();
        let _ = self.0.wait();
    }
}

impl Strace {
    /// Delays every flush of these backends by 400 ms, where the machine lets one process look into another.
    fn delay_flushes(pids: &[i64]) -> Option<Strace> {
        if !has_program("strace") {
            return None;
        }
        let mut command = Command::new("strace");
        command.args(["-f", "-q", "-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_enter=400000"]);
        command.args(pids.iter().flat_map(|pid| ["-p".to_owned(), pid.to_string()]));
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let mut strace = Strace(child);
        let begun = Instant::now();
        while !pids.iter().all(|pid| is_traced(*pid)) {
            if strace.0.try_wait().unwrap().is_some() || begun.elapsed() > ATTACH_PATIENCE {
                return None;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(strace)
    }
}

/// Method: strace holds each flush of the daemon's backends; where that cannot be, the proxy holds each answer as long.
#[tokio::test(flavor = "multi_thread")]
async fn a_slow_disk_makes_commits_slow_and_loses_nothing() {
    let settings = [("fsync", "on")];
    let setup = Setup { own_postgres: Some(&settings), ..Setup::new(6) };
    let Some(mut stack) = TestStack::build(setup).await else { return };
    stack.load(1_600, 200, MIX);
    stack.wait_for_more(300).await;
    let mut admin = stack.connection().await;
    let backends = "SELECT pid::bigint FROM pg_stat_activity WHERE application_name = 'healthtrack'";
    let pids: Vec<i64> = sqlx::query_scalar(backends).fetch_all(&mut admin).await.unwrap();
    admin.close().await.unwrap();
    let strace = Strace::delay_flushes(&pids);
    if strace.is_none() {
        stack.database_side.set(Weather { delay: Some(Duration::from_millis(400)), ..Weather::default() });
    }
    stack.note(if strace.is_some() { "each flush takes 400 ms longer" } else { "each answer takes 400 ms longer" });
    let commit = |part: &str| stack.daemon.metric(&format!("healthtrack_store_commit_seconds_{part}"));
    let (commits, seconds) = (commit("count"), commit("sum"));
    wait_until(TIMEOUT, "ten slow commits", || async { commit("count") >= commits + 10.0 }).await;
    let mean = (commit("sum") - seconds) / (commit("count") - commits);
    stack.note(format!("a commit takes {mean:.3} s"));
    assert!(mean > 0.2, "commits are not slow: {mean} s");
    drop(strace);
    stack.judge().await.must_hold();
}
