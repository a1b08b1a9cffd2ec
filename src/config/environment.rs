//! The process environment: the one place where it is read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A variable, for searching programs and folders.
pub fn variable(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Every variable that is text.
pub fn variables() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Where the system keeps what may go.
pub(super) fn temporary_dir() -> PathBuf {
    std::env::temp_dir()
}

/// Where data of this user are kept between runs, as `variable` tells; `None` where the user has no home.
///
/// A root's own home is closed to the user that a private Postgres then runs as, so root keeps data in `/var/lib`.
pub fn data_dir(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name: &str| variable(name).map(PathBuf::from).filter(|folder| folder.is_absolute());
    let home = folder("HOME");
    let data = match &home {
        Some(home) if home == Path::new("/root") => Some(PathBuf::from("/var/lib")),
        _ => folder("XDG_DATA_HOME").or_else(|| home.map(|home| home.join(".local/share"))),
    };
    data.map(|data| data.join("healthtrack"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(variables: &[(&str, &str)], expected: Option<&str>) {
        let found =
            data_dir(|name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value)));
        assert_eq!(found, expected.map(PathBuf::from), "{variables:?}");
    }

    #[test]
    fn data_are_kept_where_the_user_or_the_system_keeps_them() {
        check(&[("HOME", "/home/ann")], Some("/home/ann/.local/share/healthtrack"));
        check(&[("HOME", "/home/ann"), ("XDG_DATA_HOME", "/data")], Some("/data/healthtrack"));
        check(&[("HOME", "/home/ann"), ("XDG_DATA_HOME", "data")], Some("/home/ann/.local/share/healthtrack"));
        check(&[("HOME", "/root"), ("XDG_DATA_HOME", "/root/data")], Some("/var/lib/healthtrack"));
        check(&[], None);
    }
}
