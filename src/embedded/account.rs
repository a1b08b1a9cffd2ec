//! The user that Postgres runs as.
//!
//! Postgres refuses root. As root, its tools run as `postgres`, or `nobody` where that user does not exist; the folders
//! they write to are given to that user. As anybody else nothing changes.

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::unistd::{User, geteuid};

use super::EmbeddedError;

/// The user that runs the tools of Postgres.
#[derive(Clone, Debug)]
pub(super) enum Account {
    /// This process' own user.
    Own,
    /// Another one, since this process is root.
    Other {
        /// Its name, for messages.
        name: &'static str,
        /// Its user id.
        user: u32,
        /// The id of its group.
        group: u32,
    },
}

impl Account {
    /// Chooses the user.
    pub(super) fn choose() -> Result<Account, EmbeddedError> {
        if !geteuid().is_root() {
            return Ok(Account::Own);
        }
        for name in ["postgres", "nobody"] {
            if let Ok(Some(user)) = User::from_name(name)
                && !user.uid.is_root()
            {
                return Ok(Account::Other { name, user: user.uid.as_raw(), group: user.gid.as_raw() });
            }
        }
        Err(EmbeddedError::NoAccount)
    }

    /// A command that will run as this user, away from folders it may not read, without input, with English messages.
    pub(super) fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        // The tools warn when they cannot enter the folder they were started in.
        command.current_dir("/").stdin(Stdio::null()).env("LC_ALL", "C").env_remove("PGDATA");
        if let Account::Other { user, group, .. } = self {
            command.uid(*user).gid(*group);
        }
        command
    }

    /// Gives a file or folder to this user.
    pub(super) fn own(&self, path: &Path) -> Result<(), EmbeddedError> {
        match self {
            Account::Own => Ok(()),
            Account::Other { user, group, .. } => {
                chown(path, Some(*user), Some(*group)).map_err(EmbeddedError::file(path, "given to another user"))
            }
        }
    }

    /// Makes a folder for this user where there is none. An empty one is given to it; one in use is left alone.
    pub(super) fn folder(&self, path: &Path) -> Result<(), EmbeddedError> {
        fs::create_dir_all(path).map_err(EmbeddedError::file(path, "made"))?;
        let mut entries = fs::read_dir(path).map_err(EmbeddedError::file(path, "read"))?;
        if entries.next().is_none() { self.own(path) } else { Ok(()) }
    }

    /// Proves that this user may enter a folder, or says in one sentence that it may not.
    pub(super) fn must_reach(&self, path: &Path) -> Result<(), EmbeddedError> {
        let Account::Other { name, .. } = self else { return Ok(()) };
        let entered = self
            .command("/bin/sh")
            .args(["-c", "cd \"$1\"", "sh"])
            .arg(path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
        if entered {
            Ok(())
        } else {
            Err(EmbeddedError::Unreachable { user: (*name).to_owned(), path: path.to_owned() })
        }
    }
}
