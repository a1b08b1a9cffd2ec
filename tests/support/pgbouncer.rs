//! A real pgbouncer before a database, on a free port of 127.0.0.1; ended with the handle.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Child;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use url::Url;

use super::program::Program;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A running pgbouncer.
#[derive(Debug)]
pub(crate) struct Pgbouncer {
    child: Child,
    url: Url,
    _folder: TempDir,
}

impl Pgbouncer {
    /// Starts one in front of this database, or says loudly that the machine has none. `ignores` are the parameters of
    /// a session that it takes no notice of.
    pub(crate) async fn start(database: &str, mode: &str, ignores: &str) -> Option<Pgbouncer> {
        let program = Program::find("pgbouncer", "-V", "PgBouncer ")?;
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut url: Url = database.parse().unwrap();
        let (host, at) = (url.host_str().unwrap().to_owned(), url.port().unwrap_or(5432));
        let (user, password) = (url.username().to_owned(), url.password().unwrap_or_default().to_owned());
        // Where root starts it, it becomes the user that it is told to be.
        let settings = format!(
            "[databases]\n* = host={host} port={at} user={user} password={password}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\nuser = nobody\n\
             pool_mode = {mode}\nignore_startup_parameters = {ignores}\n"
        );
        let file = folder.path().join("pgbouncer.ini");
        fs::write(&file, settings).unwrap();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let child = program.command().arg(&file).spawn().unwrap();
        url.set_port(Some(port)).unwrap();
        url.set_host(Some("127.0.0.1")).unwrap();
        let pgbouncer = Pgbouncer { child, url, _folder: folder };
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(begun.elapsed() < TIMEOUT, "pgbouncer does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(pgbouncer)
    }

    /// Where the database is reached through it.
    pub(crate) fn url(&self) -> &str {
        self.url.as_str()
    }
}

impl Drop for Pgbouncer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
