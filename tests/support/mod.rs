//! The stack that integration tests run in: servers that are started for them, and proof that nothing is left behind.
//!
//! Each test binary says `mod support;`. A test that needs what the machine lacks prints a loud `skipped:` line and
//! returns; with `HEALTHTRACK_REQUIRE_ALL=1` it fails instead, so that a build machine skips nothing.

#![allow(dead_code, reason = "no test binary uses every helper")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says no by panicking")]

/// The daemon, as a process of its own.
pub(crate) mod daemon;

/// A broker, a database, a daemon and a publisher.
pub(crate) mod stack;

/// Holds what is stored against what was published.
pub(crate) mod judge;

/// A server's program.
pub(crate) mod program;

/// A real pgbouncer.
pub(crate) mod pgbouncer;

/// A real mosquitto.
pub(crate) mod mosquitto;

/// A database of one's own.
pub(crate) mod postgres;

/// DuckDB and pyarrow.
pub(crate) mod python;

/// A publisher byte by byte.
pub(crate) mod raw;

/// An object store that fails as a test says.
pub(crate) mod s3;

/// A broker that does what a test says.
pub(crate) mod script;

/// A wire that can be spoilt.
pub(crate) mod proxy;

/// Waiting with a deadline.
pub(crate) mod wait;

/// Says that a test is skipped, or fails where nothing may be.
pub(crate) fn skip(reason: &str) {
    assert!(std::env::var_os("HEALTHTRACK_REQUIRE_ALL").is_none_or(|value| value != "1"), "not skipped: {reason}");
    say_skipped(reason);
}

/// The folder of published corpora and recordings, which are not ours to carry; without it a loud word, and `None`.
pub(crate) fn corpora() -> Option<std::path::PathBuf> {
    let folder = std::env::var_os("HEALTHTRACK_CORPORA").filter(|folder| !folder.is_empty());
    if folder.is_none() {
        say_skipped("HEALTHTRACK_CORPORA does not name the folder of the published corpora");
    }
    folder.map(std::path::PathBuf::from)
}

fn say_skipped(reason: &str) {
    // Straight to the terminal's own stream: the test harness swallows what passing tests print.
    use std::io::Write;
    let _ = writeln!(std::io::stderr(), "skipped: {reason}");
}

/// Whether a process of this number runs; one that has ended and waits to be reaped does not.
pub(crate) fn runs(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    if std::path::Path::new("/proc/self/stat").exists() {
        return stat.rsplit_once(')').is_some_and(|(_, state)| !state.trim_start().starts_with('Z'));
    }
    let ps = std::process::Command::new("ps").args(["-p", &pid.to_string(), "-o", "stat="]).output();
    ps.is_ok_and(|output| !output.stdout.is_empty() && !output.stdout.starts_with(b"Z"))
}

/// The process whose command line holds all of these words. Needs /proc.
pub(crate) fn process_of(words: &[&str]) -> Option<u32> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut found = processes.filter_map(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).into_owned();
        let process: u32 = entry.file_name().to_str()?.parse().ok()?;
        words.iter().all(|word| line.contains(word)).then_some(process)
    });
    found.next()
}
