//! A server's program: the machine's own, or one unpacked from the distribution's packages.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Where the program is, and where its libraries are when it was fetched.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    path: PathBuf,
    libraries: Option<OsString>,
}

impl Program {
    /// Finds a program of this name, in a package of the same, or says loudly that the machine has none. Asked with
    /// this argument it says a line that begins so.
    pub(crate) fn find(name: &str, argument: &str, says: &str) -> Option<Program> {
        let found = installed(name).or_else(|| fetched(name, argument, says));
        if found.is_none() {
            super::skip(&format!("{name} is not installed; apt-get install {name}"));
        }
        found
    }

    /// The machine's own program of one of these names, which nothing fetches; or a loud word with the package to install.
    pub(crate) fn installed(names: &[&str], package: &str) -> Option<PathBuf> {
        let found = names.iter().find_map(|name| installed(name));
        if found.is_none() {
            super::skip(&format!("{package} is not installed; apt-get install {package}"));
        }
        found.map(|program| program.path)
    }

    /// A command that runs it, silent.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }
}

/// The machine's own.
fn installed(name: &str) -> Option<Program> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders =
        std::env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin", "/opt/homebrew/sbin"].map(PathBuf::from));
    let mut programs = folders.map(|folder| folder.join(name)).filter(|program| program.is_file());
    programs.next().map(|path| Program { path, libraries: None })
}

/// One unpacked from the distribution's packages into a cache, which needs apt-get and dpkg but no root.
fn fetched(name: &str, argument: &str, says: &str) -> Option<Program> {
    if std::env::var_os("HEALTHTRACK_FETCH").is_some_and(|value| value == "no") {
        return None;
    }
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    let folder = cache.join("healthtrack").join(name);
    let mut fetch = Command::new("/bin/sh");
    let fetched = fetch.args(["-c", FETCH, "sh"]).arg(&folder).arg(name).stdin(Stdio::null()).output().ok()?;
    let folders = ["usr/lib", "lib"].map(|lib| fs::read_dir(folder.join(lib)).into_iter().flatten().flatten());
    let folders = folders.into_iter().flatten().map(|entry| entry.path());
    let libraries = std::env::join_paths(folders.filter(|path| path.to_string_lossy().ends_with("-gnu"))).ok()?;
    let program = Program { path: folder.join("usr/sbin").join(name), libraries: Some(libraries) };
    // What was unpacked may still lack a library.
    let said = program.command().arg(argument).stdout(Stdio::piped()).output().ok()?;
    (fetched.status.success() && said.stdout.starts_with(says.as_bytes())).then_some(program)
}

/// `$1` is the folder to unpack into, `$2` the package. The C library is left out: the machine's own is running
/// already.
const FETCH: &str = r#"
set -e
[ -x "$1/usr/sbin/$2" ] && exit 0
mkdir -p "$1.new.$$" && cd "$1.new.$$"
packages=$(apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts --no-breaks --no-replaces \
    --no-enhances "$2" | grep -E "^($2|lib[a-z0-9.+-]+)\$" | grep -vE '^lib(c6|gcc|crypt1|perl)|-perl$' | sort -u)
apt-get download $packages
for package in *.deb; do dpkg -x "$package" .; done
rm -f ./*.deb
mv "$PWD" "$1"
"#;
