//! Who may change an archive: whoever is interrupted while claiming it may go on, and nobody erases beside a place that
//! is not proved to be this database's.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::roll::{FAULT_VARIABLE, TestStack, errors};
use crate::support::daemon::TIMEOUT;
use crate::support::stack::rows;
use crate::support::wait::wait_until;

async fn begun() -> TestStack {
    let mut stack = TestStack::build().await;
    stack.put("watch-7", "heart_rate", None, "2024-03-05 08:00Z", &[60.0, 61.0]).await;
    stack.roll();
    stack
}

/// Runs a verb that dies at a point, and waits until the server has noticed.
async fn killed(stack: &mut TestStack, verb: &[&str], point: u32) {
    let output = stack.verb(verb).env(FAULT_VARIABLE, format!("die_in_roll:{point}")).output().unwrap();
    assert!(
        !output.status.success() && errors(&output).is_empty(),
        "point {point} is not reached: {}",
        errors(&output)
    );
    let url = stack.url().to_owned();
    let held = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
                WHERE locktype = 'advisory' AND datname = current_database()";
    wait_until(TIMEOUT, "its lock is free", || async { rows(&url, held).await == ["(0)"] }).await;
}

fn refused(verb: &mut Command, words: &str) {
    let output = verb.output().unwrap();
    assert!(!output.status.success() && errors(&output).contains(words), "{words}: {}", errors(&output));
}

/// Method: two rolls and more that die one after the other, each when the nonce was announced (1), when the archive
/// shows it (2), or when it was settled (3); of a new archive, and of one that was claimed.
#[tokio::test(flavor = "multi_thread")]
async fn claims_that_are_interrupted_again_and_again_lock_nobody_out() {
    let orders: [&[u32]; 7] = [&[1, 1], &[2, 1], &[2, 2], &[1, 2, 1], &[2, 1, 1], &[2, 2, 1, 1], &[3, 2, 1]];
    for points in orders {
        for stack in [TestStack::build().await, begun().await, TestStack::in_bucket().await] {
            let mut stack = stack;
            stack.put("watch-7", "heart_rate", None, "2024-03-06 08:00Z", &[62.0]).await;
            for point in points {
                killed(&mut stack, &["roll", "--before", "2024-04-01"], *point).await;
            }
            let report = stack.roll();
            assert_eq!((&report["failed"], &report["samples"]), (&json!([]), &json!(1)), "{points:?}");
            stack.verify();
        }
    }
}

/// Method: an operator's take-over dies in the same way.
#[tokio::test(flavor = "multi_thread")]
async fn a_take_over_that_is_interrupted_twice_can_be_repeated() {
    let lost = begun().await;
    for points in [[1, 2], [2, 1], [2, 2]] {
        let mut stack = lost.emptied().await;
        for point in points {
            killed(&mut stack, &["archive", "recover", "--take-over"], point).await;
        }
        let recovered = stack.verb(&["archive", "recover"]).output().unwrap();
        assert!(recovered.status.success(), "{points:?}: {}", errors(&recovered));
        assert_eq!(stack.samples().len(), 2);
    }
}

/// Method: the database knows no archive; at the configured place there is one, or something else.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_erased_beside_an_archive_that_is_not_proved_to_be_this_databases() {
    let theirs = begun().await;
    for (is_marked, words) in [(true, "another database's archive"), (false, "is not empty and no archive")] {
        if !is_marked {
            fs::remove_file(theirs.root().join("archive.id")).unwrap();
        }
        let mut stack = theirs.emptied().await;
        stack.put("watch-7", "heart_rate", None, "2024-03-06 08:00Z", &[62.0]).await;
        for verb in
            [&["archive", "erase", "--device", "watch-7"][..], &["archive", "erase", "--device", "watch-7", "--yes"]]
        {
            refused(&mut stack.verb(verb), words);
        }
        assert_eq!((stack.count("signal.block").await, stack.count("signal.erasure").await), (1, 0));
    }
    let mut stack = TestStack::build().await;
    stack.put("watch-7", "heart_rate", None, "2024-03-06 08:00Z", &[62.0]).await;
    let erased = stack.verb(&["archive", "erase", "--device", "watch-7", "--yes"]).output().unwrap();
    assert!(erased.status.success(), "where there is nothing there is nobody's: {}", errors(&erased));
    assert_eq!(stack.count("signal.block").await, 0);
}

/// Method: the server tells a login nothing of itself, as some that are rented do.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_say_which_it_is_lets_an_archive_be_claimed() {
    let mut stack = TestStack::owned().await;
    stack.execute("REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC").await;
    stack.put("watch-7", "heart_rate", None, "2024-03-06 08:00Z", &[62.0]).await;
    for _ in 0..2 {
        let output = stack.roll_verb().env("HEALTHTRACK__STORE__URL", stack.roller_url()).output().unwrap();
        assert!(output.status.success(), "{}", errors(&output));
    }
    assert_eq!(stack.live_files().len(), 1);
}
