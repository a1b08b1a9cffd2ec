//! A Python with the newest DuckDB and pyarrow from PyPI, made once for this user: the readers that analysts have.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use super::skip;

/// What stands in the folder when all was installed.
const READY: &str = "ready";

/// The interpreter; where there is none, a loud word and `None`.
pub(crate) fn python() -> Option<&'static Path> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match FOUND.get_or_init(prepare) {
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

fn prepare() -> Result<PathBuf, String> {
    let folder = cache()?.join("duckdb");
    let python = folder.join("bin/python");
    std::fs::create_dir_all(&folder).map_err(|error| format!("{} cannot be made: {error}", folder.display()))?;
    // Another test program may be at it; the lock ends with this process, however it ends.
    let lock = std::fs::File::create(folder.join("lock")).and_then(|file| file.lock().map(|()| file));
    let _lock = lock.map_err(|error| format!("{} cannot be locked: {error}", folder.display()))?;
    if folder.join(READY).exists() && python.exists() {
        return Ok(python);
    }
    if std::env::var_os("HEALTHTRACK_FETCH").is_some_and(|value| value == "no") {
        return Err("HEALTHTRACK_FETCH=no forbids to fetch DuckDB and pyarrow from PyPI".to_owned());
    }
    done(Command::new("python3").args(["-m", "venv"]).arg(&folder), "make a Python environment")?;
    let packages = ["-m", "pip", "install", "--quiet", "--upgrade", "duckdb", "pyarrow"];
    done(Command::new(&python).args(packages), "install DuckDB and pyarrow from PyPI")?;
    std::fs::write(folder.join(READY), "").map_err(|error| error.to_string())?;
    Ok(python)
}

fn cache() -> Result<PathBuf, String> {
    let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = folder("XDG_CACHE_HOME").or_else(|| folder("HOME").map(|home| home.join(".cache")));
    cache.map(|cache| cache.join("healthtrack")).ok_or_else(|| "no HOME in which to keep DuckDB".to_owned())
}

fn done(command: &mut Command, what: &str) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot {what}: {error}"))?;
    let last = String::from_utf8_lossy(&output.stderr).lines().last().unwrap_or_default().to_owned();
    if output.status.success() { Ok(()) } else { Err(format!("cannot {what}: {last}")) }
}
