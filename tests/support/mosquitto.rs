//! A real mosquitto on a free port of 127.0.0.1, with its persistence in a folder of its own: stopped, killed and
//! started again on the same port as a test likes, and ended with the handle.

use std::ffi::OsString;
use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

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

/// Where the program is, and where its libraries are when it was fetched.
#[derive(Clone, Debug)]
struct Program {
    path: PathBuf,
    libraries: Option<OsString>,
}

impl Program {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }
}

impl Mosquitto {
    /// Starts one, or says loudly that the machine has none.
    pub(crate) fn start(options: &MosquittoOptions) -> Option<Mosquitto> {
        let Some(program) = installed().or_else(fetched) else {
            super::skip("mosquitto is not installed; apt-get install mosquitto");
            return None;
        };
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

/// The machine's own.
fn installed() -> Option<Program> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"].map(PathBuf::from));
    let mut programs = folders.map(|folder| folder.join("mosquitto")).filter(|program| program.is_file());
    programs.next().map(|path| Program { path, libraries: None })
}

/// One unpacked from the distribution's packages into a cache, which needs apt-get and dpkg but no root.
fn fetched() -> Option<Program> {
    if std::env::var_os("HEALTHTRACK_FETCH").is_some_and(|value| value == "no") {
        return None;
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let folder = cache.join("healthtrack/mosquitto");
    let fetched = Command::new("/bin/sh").args(["-c", FETCH, "sh"]).arg(&folder).stdin(Stdio::null()).output().ok()?;
    let folders = ["usr/lib", "lib"].map(|lib| fs::read_dir(folder.join(lib)).into_iter().flatten().flatten());
    let folders = folders.into_iter().flatten().map(|entry| entry.path());
    let libraries = std::env::join_paths(folders.filter(|path| path.to_string_lossy().ends_with("-gnu"))).ok()?;
    let program = Program { path: folder.join("usr/sbin/mosquitto"), libraries: Some(libraries) };
    // What was unpacked may still lack a library.
    let said = program.command().arg("-h").stdout(Stdio::piped()).output().ok()?;
    (fetched.status.success() && said.stdout.starts_with(b"mosquitto version")).then_some(program)
}

/// `$1` is the folder to unpack into. The C library is left out: the machine's own is running already.
const FETCH: &str = r#"
set -e
[ -x "$1/usr/sbin/mosquitto" ] && exit 0
mkdir -p "$1.new.$$" && cd "$1.new.$$"
packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances mosquitto | grep -E '^(mosquitto|lib[a-z0-9.+-]+)$' | grep -vE '^lib(c6|gcc|crypt1)' | sort -u)
apt-get download $packages
for package in *.deb; do dpkg -x "$package" .; done
rm -f ./*.deb
mv "$PWD" "$1"
"#;
