//! A data directory: made once, started, stopped and killed, and reused ever after.
//!
//! Everything here waits for processes and blocks its thread; `postgres` calls it from threads that may be blocked.
//! `pg_ctl` starts the server in a session of its own, so that Ctrl-C in a terminal does not stop the database before
//! the daemon has drained into it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::EmbeddedError;
use super::account::Account;
use super::binaries::Binaries;

/// The superuser of a private cluster, who owns everything in it.
pub(super) const USER: &str = "healthtrack";
/// Right after kill -9 the first start fails, since the backends have not yet noticed that their postmaster is gone.
const START_RETRIES: Duration = Duration::from_secs(10);
/// A fast stop disconnects everybody and writes a checkpoint; longer than this and it is told to stop at once.
const STOP_SECONDS: &str = "20";
/// The log starts anew past this size.
const LOG_BYTES_MAX: u64 = 16 << 20;
/// So many of its last lines tell why a start failed.
const LOG_LINES_SHOWN: usize = 4;

/// One cluster, running or not.
#[derive(Debug)]
pub(super) struct Cluster {
    data_dir: PathBuf,
    account: Account,
    binaries: Binaries,
}

impl Cluster {
    /// A cluster within `data_dir`, which must be absolute.
    pub(super) fn new(data_dir: &Path, account: Account, binaries: Binaries) -> Cluster {
        Cluster { data_dir: data_dir.to_owned(), account, binaries }
    }

    /// The major version of the data that a directory holds already.
    pub(super) fn major_within(data_dir: &Path) -> Result<Option<u32>, EmbeddedError> {
        let folder = data_dir.join("cluster");
        match fs::read_to_string(folder.join("PG_VERSION")) {
            Ok(version) => Ok(version.trim().parse().ok()),
            Err(_) if folder.exists() => Err(EmbeddedError::NotACluster(folder)),
            Err(_) => Ok(None),
        }
    }

    /// The folder that Postgres calls PGDATA.
    pub(super) fn folder(&self) -> PathBuf {
        self.data_dir.join("cluster")
    }

    /// Where the server writes what it has to say.
    pub(super) fn log(&self) -> PathBuf {
        self.data_dir.join("postgres.log")
    }

    /// A command that runs as the user of this cluster.
    pub(super) fn command(&self, program: impl AsRef<Path>) -> Command {
        self.account.command(program)
    }

    /// One of the tools of this cluster's Postgres.
    pub(super) fn tool(&self, name: &str) -> PathBuf {
        self.binaries.tool(name)
    }

    /// Makes the cluster where there is none, and returns its password.
    pub(super) fn make(&self, throwaway: bool) -> Result<String, EmbeddedError> {
        let password = self.password()?;
        if self.folder().exists() {
            return Ok(password);
        }
        // Made under another name and renamed: what a killed initdb leaves is never taken for a cluster.
        let unfinished = self.data_dir.join("cluster.new");
        let _ = fs::remove_dir_all(&unfinished);
        self.account.folder(&unfinished)?;
        let mut initdb = self.command(self.tool("initdb"));
        initdb.args(["--encoding=UTF8", "--locale=C", "--data-checksums", "--auth=scram-sha-256"]);
        initdb.arg(format!("--username={USER}")).arg("--pwfile").arg(self.password_file());
        initdb.args(throwaway.then_some("--no-sync")).arg("--pgdata").arg(&unfinished);
        self.run("initdb", initdb)?;
        let settings = unfinished.join("postgresql.conf");
        let written = fs::read_to_string(&settings).map_err(EmbeddedError::file(&settings, "read"))?;
        fs::write(&settings, format!("{written}\ninclude 'healthtrack.conf'\n"))
            .map_err(EmbeddedError::file(&settings, "written"))?;
        fs::rename(&unfinished, self.folder()).map_err(EmbeddedError::file(&unfinished, "renamed")).map(|()| password)
    }

    /// Writes the settings of the next start.
    pub(super) fn set(&self, settings: &[(String, String)]) -> Result<(), EmbeddedError> {
        let path = self.folder().join("healthtrack.conf");
        let lines = settings.iter().map(|(name, value)| format!("{name} = '{}'\n", value.replace('\'', "''")));
        let text = format!("# Written at each start: changes here are lost.\n{}", lines.collect::<String>());
        fs::write(&path, text).map_err(EmbeddedError::file(&path, "written"))?;
        self.account.own(&path)
    }

    /// Starts the server and waits until it answers.
    pub(super) fn start(&self) -> Result<(), EmbeddedError> {
        let log = self.fresh_log()?;
        let begun = Instant::now();
        loop {
            let mut start = self.command(self.tool("pg_ctl"));
            start.args(["start", "-s", "-w", "-t", "60", "-l"]).arg(&log).arg("-D").arg(self.folder());
            match self.run("pg_ctl start", start) {
                Err(error) if begun.elapsed() < START_RETRIES && self.left_overs(&error) => {
                    std::thread::sleep(Duration::from_millis(200));
                }
                other => return other,
            }
        }
    }

    /// Stops the server: fast, then at once, then by force. Quiet where none runs.
    pub(super) fn stop(&self) -> Result<(), EmbeddedError> {
        let Some(pid) = self.pid() else { return Ok(()) };
        for (mode, seconds) in [("fast", STOP_SECONDS), ("immediate", "5")] {
            let mut stop = self.command(self.tool("pg_ctl"));
            stop.args(["stop", "-s", "-w", "-m", mode, "-t", seconds, "-D"]).arg(self.folder());
            if self.run("pg_ctl stop", stop).is_ok() || self.pid() != Some(pid) {
                return Ok(());
            }
        }
        self.kill()
    }

    /// Ends the postmaster by SIGKILL, as a power failure would, and waits until it is gone.
    pub(super) fn kill(&self) -> Result<(), EmbeddedError> {
        let Some(pid) = self.pid() else { return Ok(()) };
        let Ok(process) = i32::try_from(pid) else { return Ok(()) };
        match kill(Pid::from_raw(process), Signal::SIGKILL) {
            // Gone in between.
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => return Err(EmbeddedError::Kill { pid, source: error.into() }),
        }
        let begun = Instant::now();
        while self.pid() == Some(pid) && begun.elapsed() < START_RETRIES {
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// The postmaster of this cluster, where one runs.
    pub(super) fn pid(&self) -> Option<u32> {
        let text = fs::read_to_string(self.folder().join("postmaster.pid")).ok()?;
        let pid: u32 = text.lines().next()?.trim().parse().ok()?;
        // After a crash and a restart of the machine the number may belong to anybody: check before anything is
        // stopped.
        command_line(pid)?.contains(&*self.folder().to_string_lossy()).then_some(pid)
    }

    /// Whether a start failed for what a killed server left behind, which passes.
    fn left_overs(&self, error: &EmbeddedError) -> bool {
        let said = error.to_string();
        ["lock file", "shared memory block", "already in use"].iter().any(|sign| said.contains(sign))
    }

    /// Runs a tool to its end. What the server wrote meanwhile is part of what went wrong.
    fn run(&self, tool: &'static str, mut command: Command) -> Result<(), EmbeddedError> {
        let logged = fs::metadata(self.log()).map_or(0, |metadata| metadata.len());
        let output = command.output().map_err(EmbeddedError::file(command.get_program(), "run"))?;
        if output.status.success() {
            return Ok(());
        }
        let mut said = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
        let log = fs::read(self.log()).unwrap_or_default();
        let news = log.get(usize::try_from(logged).unwrap_or(usize::MAX)..).unwrap_or_default();
        let news = String::from_utf8_lossy(news);
        let skipped = news.lines().count().saturating_sub(LOG_LINES_SHOWN);
        for line in news.lines().skip(skipped) {
            said.push_str("; ");
            said.push_str(line);
        }
        Err(EmbeddedError::Tool { tool, output: said, log: self.log() })
    }

    /// The log, which the user of this cluster may write.
    fn fresh_log(&self) -> Result<PathBuf, EmbeddedError> {
        let log = self.log();
        if fs::metadata(&log).is_ok_and(|metadata| metadata.len() > LOG_BYTES_MAX) {
            fs::rename(&log, log.with_extension("log.1")).map_err(EmbeddedError::file(&log, "renamed"))?;
        }
        let opened = fs::OpenOptions::new().create(true).append(true).open(&log);
        opened.map_err(EmbeddedError::file(&log, "written"))?;
        self.account.own(&log)?;
        Ok(log)
    }

    /// The superuser's password: read, or generated from the system's randomness.
    fn password(&self) -> Result<String, EmbeddedError> {
        let path = self.password_file();
        if let Ok(password) = fs::read_to_string(&path) {
            return Ok(password.trim().to_owned());
        }
        let mut bytes = [0_u8; 24];
        SystemRandom::new().fill(&mut bytes).map_err(|_| EmbeddedError::NoRandomness)?;
        let password = hex::encode(bytes);
        // Closed to others before the secret is in it.
        fs::write(&path, "").map_err(EmbeddedError::file(&path, "written"))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).map_err(EmbeddedError::file(&path, "closed"))?;
        fs::write(&path, &password).map_err(EmbeddedError::file(&path, "written"))?;
        self.account.own(&path)?;
        Ok(password)
    }

    fn password_file(&self) -> PathBuf {
        self.data_dir.join("postgres.password")
    }
}

/// What a process was started as; nothing for one that has ended.
fn command_line(pid: u32) -> Option<String> {
    if Path::new("/proc/self/cmdline").exists() {
        let bytes = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        return Some(String::from_utf8_lossy(&bytes).replace('\0', " "));
    }
    let pid = pid.to_string();
    let output = Command::new("ps").args(["-p", &pid, "-o", "args="]).stderr(Stdio::null()).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}
