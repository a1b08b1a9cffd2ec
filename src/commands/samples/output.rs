//! Output: stdout, or a file that appears under its name only once it is whole.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Where bytes go.
#[derive(Debug)]
pub(super) enum Output {
    /// Standard output.
    Stdout,
    /// A pipe or a device: written as it is.
    Direct(PathBuf),
    /// Written beside its name, and renamed at the end.
    File { part: PathBuf, path: PathBuf },
}

impl Output {
    /// Stdout where no file is named.
    pub(super) fn open(path: Option<&Path>) -> anyhow::Result<Output> {
        let Some(path) = path else { return Ok(Output::Stdout) };
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            return Ok(Output::Direct(path.to_owned()));
        }
        let mut part = OsString::from(path);
        part.push(format!(".part-{}", std::process::id()));
        Ok(Output::File { part: part.into(), path: path.to_owned() })
    }

    /// What to write to.
    pub(super) fn writer(&self) -> anyhow::Result<Box<dyn Write + Send>> {
        let (Output::Direct(path) | Output::File { part: path, .. }) = self else { return Ok(Box::new(io::stdout())) };
        let file = File::create(path).with_context(|| format!("cannot write {}; check --output", path.display()))?;
        Ok(Box::new(file))
    }

    /// All is written: the file takes its name.
    pub(super) fn keep(self) -> anyhow::Result<()> {
        if let Output::File { part, path } = &self {
            fs::rename(part, path).with_context(|| format!("cannot write {}; check --output", path.display()))?;
        }
        Ok(())
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Output::File { part, .. } = self {
            // Gone already where it was kept.
            let _ = fs::remove_file(part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_its_name_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let output = Output::open(Some(&path)).unwrap();
        output.writer().unwrap().write_all(b"half").unwrap();
        drop(output);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
        let output = Output::open(Some(&path)).unwrap();
        output.writer().unwrap().write_all(b"whole").unwrap();
        output.keep().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
