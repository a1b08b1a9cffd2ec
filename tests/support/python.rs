//! Packages of PyPI in a Python of their own, made once for this user: the newest DuckDB and pyarrow, which are the readers
//! that analysts have, and what else a test asks for.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use super::skip;

/// What stands in the folder when all was installed.
const READY: &str = "ready";

/// The interpreter with the readers; where there is none, a loud word and `None`.
pub(crate) fn python() -> Option<&'static Path> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match FOUND.get_or_init(|| with("duckdb", &["--upgrade", "duckdb", "pyarrow"])) {
        Ok(python) => Some(python),
        Err(reason) => {
            skip(reason);
            None
        }
    }
}

/// Runs a script with these arguments; its arguments are all that it knows.
pub(crate) fn run(python: &Path, script: &str, arguments: &[&str]) -> Output {
    Command::new(python).args(["-I", "-c", script]).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// An interpreter in a folder of this name, with what pip installs when it is told so; or why there is none.
pub(crate) fn with(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let folder = cache()?.join(name);
    let python = folder.join("bin/python");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    // Another test program may be at it; the lock ends with this process, however it ends.
    let lock = std::fs::File::create(folder.join("lock")).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.map_err(|error| format!("{} cannot be locked: {error}", folder.display()))?;
    if folder.join(READY).exists() && python.exists() {
        return Ok(python);
    }
    let what = packages.join(" ");
    if std::env::var_os("HEALTHTRACK_FETCH").is_some_and(|value| value == "no") {
        return Err(format!("HEALTHTRACK_FETCH=no forbids to fetch from PyPI: {what}"));
    }
    done(Command::new("python3").args(["-m", "venv"]).arg(&folder), "make a Python environment")?;
    let pip = ["-m", "pip", "install", "--quiet"];
    done(Command::new(&python).args(pip).args(packages), &format!("install from PyPI: {what}"))?;
    std::fs::write(folder.join(READY), "").map_err(|error| error.to_string())?;
    Ok(python)
}

fn cache() -> Result<PathBuf, String> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    cache.map(|cache| cache.join("healthtrack")).ok_or_else(|| "no HOME in which to keep packages of PyPI".to_owned())
}

fn done(command: &mut Command, what: &str) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot {what}: {error}"))?;
    let last = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("cannot {what}: {last}")) }
}
