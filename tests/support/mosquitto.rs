//! A real mosquitto on a free port of 127.0.0.1, with its persistence in a folder of its own: stopped, killed and
//! started again on the same port as a test likes, and ended with the handle.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::program::Program;

/// How long a start or a stop may take; persistence is read and written meanwhile.
const TIMEOUT: Duration = Duration::from_secs(20);

/// What a test may choose. Zero means no limit, as in mosquitto.
#[derive(Clone, Debug, Default)]
pub(crate) struct MosquittoOptions {
    /// Messages a session may hold unacknowledged on the wire.
    pub(crate) max_inflight_messages: u32,
    /// Messages a session may hold queued.
    pub(crate) max_queued_messages: u32,
    /// The largest payload in bytes.
    pub(crate) message_size_limit: u32,
    /// More lines of configuration.
    pub(crate) more: Vec<String>,
}

/// A running mosquitto, unless it was stopped.
#[derive(Debug)]
pub(crate) struct Mosquitto {
    program: Program,
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Mosquitto {
    /// Starts one, or says loudly that the machine has none.
    pub(crate) fn start(options: &MosquittoOptions) -> Option<Mosquitto> {
        let program = Program::find("mosquitto", "-h", "mosquitto version")?;
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            fs::write(folder.path().join("mosquitto.conf"), configuration(folder.path(), port, options)).unwrap();
            let child = Some(spawn(&program, folder.path()));
            let mut mosquitto = Mosquitto { program: program.clone(), folder, port, child };
            if mosquitto.answers() {
                return Some(mosquitto);
            }
            // Somebody took the port first, or the configuration is wrong; the log says which.
            eprintln!("mosquitto did not start: {}", mosquitto.log());
        }
        panic!("mosquitto does not start");
    }

    /// Where clients connect, MQTT 5 and 3.1.1 alike.
    pub(crate) fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Its port on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its process, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("mosquitto.log")).unwrap_or_default()
    }

    /// Stops it by SIGTERM: it writes its sessions to disk first.
    pub(crate) fn stop(&mut self) {
        self.signal("TERM");
        self.reap();
    }

    /// Ends it by SIGKILL: what it had not written is gone.
    pub(crate) fn kill(&mut self) {
        self.signal("KILL");
        self.reap();
    }

    /// Has it write its sessions to disk now.
    pub(crate) fn save(&self) {
        self.signal("USR1");
    }

    /// Starts it again on the same port.
    pub(crate) fn restart(&mut self) {
        assert!(self.child.is_none(), "mosquitto still runs");
        self.child = Some(spawn(&self.program, self.folder.path()));
        assert!(self.answers(), "mosquitto did not start again: {}", self.log());
    }

    /// Waits until it takes connections; no when it ended instead.
    fn answers(&mut self) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < TIMEOUT {
            if self.child.as_mut().is_none_or(|child| child.try_wait().unwrap().is_some()) {
                return false;
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }

    fn signal(&self, signal: &str) {
        let pid = self.pid().expect("mosquitto runs").to_string();
        let sent = Command::new("/bin/sh").args(["-c", "kill -\"$1\" \"$2\"", "sh", signal, &pid]).status().unwrap();
        assert!(sent.success(), "mosquitto takes SIG{signal}");
    }

    fn reap(&mut self) {
        let mut child = self.child.take().expect("mosquitto runs");
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < TIMEOUT, "mosquitto does not end: {}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        let pid = self.pid();
        self.end();
        assert!(pid.is_none_or(|pid| !super::runs(pid)) || std::thread::panicking(), "mosquitto was left behind");
    }
}

fn configuration(folder: &Path, port: u16, options: &MosquittoOptions) -> String {
    let folder = folder.display();
    // As root it would drop to a user to whom its folder is closed.
    let root = Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let user = if root { "user root" } else { "" };
    let MosquittoOptions { max_inflight_messages, max_queued_messages, message_size_limit, more } = options;
    format!(
        "listener {port} 127.0.0.1\n\
         allow_anonymous true\n\
         persistence true\n\
         persistence_location {folder}/\n\
         autosave_interval 0\n\
         max_inflight_messages {max_inflight_messages}\n\
         max_queued_messages {max_queued_messages}\n\
         message_size_limit {message_size_limit}\n\
         log_dest file {folder}/mosquitto.log\n\
         {user}\n\
         {}\n",
        more.join("\n")
    )
}

fn spawn(program: &Program, folder: &Path) -> Child {
    program.command().arg("-c").arg(folder.join("mosquitto.conf")).spawn().unwrap()
}
