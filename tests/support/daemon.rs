//! The daemon as a process of its own, as an operator runs it: started with an environment, asked over HTTP, stopped or
//! killed as a test likes, and ended with the handle.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::NamedTempFile;

use super::wait::wait_until;

/// How long a start, a stop or a change may take.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(30);

/// The key of a daemon with an injected fault (`src/faults`).
pub(crate) const FAULT_VARIABLE: &str = "INJECT_FAULT";

/// What such a daemon logs when it first comes to a place where it could have one.
const INJECTED: &str = "a fault is injected on purpose";

/// A running `healthtrack serve`, unless it was ended.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Option<Child>,
    http: u16,
    telemetry: u16,
    log: NamedTempFile,
    environment: Vec<(String, String)>,
}

impl Daemon {
    /// Starts one that enrols devices, with these keys on top (`MQTT__FILTERS`), and waits until it is ready.
    pub(crate) async fn start(store: &str, broker: &str, keys: &[(&str, &str)]) -> Daemon {
        let daemon = Daemon::spawn(store, broker, keys);
        daemon.wait_ready().await;
        daemon
    }

    /// Starts one and does not wait.
    pub(crate) fn spawn(store: &str, broker: &str, keys: &[(&str, &str)]) -> Daemon {
        let (http, telemetry) = (free_port(), free_port());
        let mut environment = BTreeMap::from([
            ("STORE__URL".to_owned(), store.to_owned()),
            ("MQTT__URL".to_owned(), broker.to_owned()),
            ("MQTT__RETRY_MAX_MS".to_owned(), "1000".to_owned()),
            ("HTTP__BIND".to_owned(), format!("127.0.0.1:{http}")),
            ("TELEMETRY__BIND".to_owned(), format!("127.0.0.1:{telemetry}")),
            ("INGEST__UNKNOWN_DEVICE".to_owned(), "enrol".to_owned()),
        ]);
        environment.extend(keys.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
        let variable = |key: String| match key.as_str() {
            FAULT_VARIABLE => format!("HEALTHTRACK_{key}"),
            // What tools of an object store read too.
            _ if key.starts_with("AWS_") => key,
            _ => format!("HEALTHTRACK__{key}"),
        };
        let environment = environment.into_iter().map(|(key, value)| (variable(key), value)).collect();
        let mut daemon = Daemon { child: None, http, telemetry, log: NamedTempFile::new().unwrap(), environment };
        daemon.restart();
        daemon
    }

    /// Starts it again as it was.
    pub(crate) fn restart(&mut self) {
        assert!(self.child.is_none(), "the daemon still runs");
        // At its end: what an earlier life has logged stays.
        let log = std::fs::OpenOptions::new().append(true).open(self.log.path()).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_healthtrack"))
            .arg("serve")
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
    }

    /// Starts it again where it has ended by itself, as whoever watches over processes would; true where it had.
    pub(crate) fn revive(&mut self) -> bool {
        let has_ended = !self.is_alive();
        if has_ended {
            self.child = None;
            self.restart();
        }
        has_ended
    }

    /// Waits until `/readyz` says yes.
    pub(crate) async fn wait_ready(&self) {
        let begun = Instant::now();
        while !self.is_ready() {
            assert!(begun.elapsed() < TIMEOUT, "the daemon does not become ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // A test that injects a fault must not run without it.
        let wants_fault =
            self.environment.iter().any(|(key, fault)| key.ends_with(FAULT_VARIABLE) && !fault.is_empty());
        assert!(!wants_fault || self.log().contains(INJECTED), "no fault is injected: {}", self.log());
    }

    /// What `/readyz` says now.
    pub(crate) fn is_ready(&self) -> bool {
        get(self.http, "/readyz").is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
    }

    /// The text of `/readyz`.
    pub(crate) fn readiness(&self) -> String {
        get(self.http, "/readyz").unwrap_or_default()
    }

    /// Ends by itself or was ended: whether it is gone, so that it may be started again.
    pub(crate) fn has_ended(&mut self) -> bool {
        if self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_some()) {
            self.child = None;
        }
        self.child.is_none()
    }

    /// Waits until it ends by itself, and how it did.
    pub(crate) async fn wait_ended(&mut self, timeout: Duration) -> ExitStatus {
        let begun = Instant::now();
        let mut child = self.child.take().expect("the daemon runs");
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return status;
            }
            if begun.elapsed() > timeout {
                self.child = Some(child);
                panic!("the daemon goes on: {}", self.log());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sets a key of the configuration for its next start.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        let name = format!("HEALTHTRACK__{key}");
        self.environment.retain(|(set, _)| *set != name);
        self.environment.push((name, value.to_owned()));
    }

    /// Takes the bug out of its next start.
    pub(crate) fn mend(&mut self) {
        self.environment.retain(|(name, _)| !name.ends_with(FAULT_VARIABLE));
    }

    /// Whether the process lives.
    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// The sum of all lines of one metric, or of those that hold a label.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        sum_of(&self.scrape(), name)
    }

    /// The Prometheus text.
    pub(crate) fn scrape(&self) -> String {
        get(self.telemetry, "/metrics").expect("/metrics answers")
    }

    /// The counts of one metric, or of one label; none where nobody answers.
    pub(crate) fn try_metric(&self, name: &str) -> Option<f64> {
        get(self.telemetry, "/metrics").map(|scrape| sum_of(&scrape, name))
    }

    /// Waits until all that was received is committed, and at least `samples` were.
    pub(crate) async fn wait_settled(&self, samples: u64) {
        wait_until(TIMEOUT, "all samples are committed", || async {
            let scrape = get(self.telemetry, "/metrics").unwrap_or_default();
            let ended = sum_of(&scrape, "healthtrack_ingest_samples_total");
            ended >= samples as f64 && sum_of(&scrape, "healthtrack_ingest_in_flight_samples") == 0.0
        })
        .await;
    }

    /// The counts of outcomes: stored, duplicate, conflict, quarantined.
    pub(crate) fn outcomes(&self) -> [u64; 4] {
        let scrape = self.scrape();
        ["stored", "duplicate", "conflict", "quarantined"].map(|outcome| {
            sum_of(&scrape, &format!("healthtrack_ingest_samples_total{{outcome=\"{outcome}\"}}")) as u64
        })
    }

    /// Ends it by SIGKILL.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().expect("the daemon runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Ends it by SIGTERM; whether it ended well, and how long that took.
    pub(crate) fn stop(&mut self) -> (bool, Duration) {
        let begun = Instant::now();
        self.signal("TERM");
        let mut child = self.child.take().expect("the daemon runs");
        loop {
            if let Some(status) = child.try_wait().unwrap() {
                return (status.success(), begun.elapsed());
            }
            assert!(begun.elapsed() < TIMEOUT, "the daemon does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a signal by name.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.as_ref().expect("the daemon runs").id().to_string();
        let sent = Command::new("/bin/sh").args(["-c", "kill -\"$1\" \"$2\"", "sh", signal, &pid]).status().unwrap();
        assert!(sent.success());
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap_or_default()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("--- the daemon's log\n{}---", self.log());
        }
        let has_panicked = self.log().lines().any(|line| line.contains("panicked at") && !line.contains("src/faults/"));
        assert!(std::thread::panicking() || !has_panicked, "the daemon panicked: {}", self.log());
    }
}

fn sum_of(scrape: &str, name: &str) -> f64 {
    let lines = scrape.lines().filter(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{'])));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

fn get(port: u16, path: &str) -> Option<String> {
    let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    write!(socket, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").ok()?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Below the ports that systems give to outgoing connections: one of those would be taken before the daemon listens, or
/// while it is down. Each is given once a process.
pub(crate) fn free_port() -> u16 {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let begin = std::process::id().wrapping_mul(256);
    let ports = || 10_000 + begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % 20_000;
    let mut ports = std::iter::repeat_with(|| u16::try_from(ports()).unwrap());
    ports.find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()).unwrap()
}
