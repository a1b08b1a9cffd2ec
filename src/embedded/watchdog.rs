//! Stops the server when this process ends in whatever way, kill -9 included.
//!
//! A shell waits at the end of a pipe that this process holds open. The kernel closes the pipe with the process,
//! however it ended; the shell then stops the server, and removes the data of a throwaway cluster. It sits in a process
//! group of its own, so that Ctrl-C in a terminal does not reach it.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use super::EmbeddedError;
use super::cluster::Cluster;

/// `$1` is `pg_ctl`, `$2` the cluster, `$3` the folder to remove or nothing.
///
/// The next run may have started its own server there before a slow stop ends: that one is not this watchdog's to stop.
const SCRIPT: &str = r#"
trap '' HUP INT TERM
pid_file="$2/postmaster.pid"
cat > /dev/null
pid=$(head -n 1 "$pid_file" 2> /dev/null)
if [ -n "$pid" ] && ! "$1" stop -s -w -m fast -t 20 -D "$2"; then
    if [ "$pid" = "$(head -n 1 "$pid_file" 2> /dev/null)" ]; then "$1" stop -s -w -m immediate -t 5 -D "$2"; fi
fi
if [ -n "$3" ]; then rm -rf "$3"; fi
"#;
/// Longer than the script can take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Waits for the end of this process, or for its own.
#[derive(Debug)]
pub(super) struct Watchdog {
    shell: Child,
}

impl Watchdog {
    /// Sets a watchdog over a cluster. `remove` is what to remove after it has stopped.
    pub(super) fn over(cluster: &Cluster, remove: Option<&Path>) -> Result<Watchdog, EmbeddedError> {
        let mut command = cluster.command("/bin/sh");
        command.args(["-c", SCRIPT, "sh"]).arg(cluster.tool("pg_ctl")).arg(cluster.folder());
        command.arg(remove.unwrap_or(Path::new("")));
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let shell = command.spawn().map_err(EmbeddedError::file("/bin/sh", "run"))?;
        Ok(Watchdog { shell })
    }
}

impl Drop for Watchdog {
    /// Lets the script run and waits for its end.
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        let begun = Instant::now();
        while begun.elapsed() < TIMEOUT && matches!(self.shell.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
