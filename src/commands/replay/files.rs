//! Files: found in folders, opened plain or compressed.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use flate2::bufread::MultiGzDecoder;

/// Folders within folders that are searched; deeper ones are a loop of links.
const DEPTH_MAX: usize = 16;
/// What a gzip file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// The files named, and all files in the folders named, each folder's by name. What begins with a full stop is hidden.
pub(super) fn find(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in paths {
        search(path, 0, &mut found)?;
    }
    // A file named twice, or beside its folder, is read once.
    let mut seen = std::collections::HashSet::new();
    found.retain(|path: &PathBuf| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    Ok(found)
}

fn search(path: &Path, depth: usize, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    let cannot = || format!("cannot read {}; check the path", path.display());
    ensure!(depth <= DEPTH_MAX, "{} is more than {DEPTH_MAX} folders deep; name its folder", path.display());
    if !path.metadata().with_context(cannot)?.is_dir() {
        found.push(path.to_owned());
        return Ok(());
    }
    let mut inside = Vec::new();
    for entry in path.read_dir().with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        if !entry.file_name().to_string_lossy().starts_with('.') {
            inside.push(entry.path());
        }
    }
    inside.sort();
    inside.iter().try_for_each(|path| search(path, depth + 1, found))
}

/// Opens a file, through gzip where its first bytes say so.
pub(super) fn open(path: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    let cannot = || cannot_read(path);
    let mut file = BufReader::with_capacity(64 * 1024, File::open(path).with_context(cannot)?);
    let is_gzip = file.fill_buf().with_context(cannot)?.starts_with(&GZIP);
    if !is_gzip {
        return Ok(Box::new(file));
    }
    Ok(Box::new(BufReader::with_capacity(64 * 1024, MultiGzDecoder::new(file))))
}

/// All of a file that is no longer than `bytes_max`.
pub(super) fn read_whole(path: &Path, bytes_max: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.take(bytes_max + 1).read_to_end(&mut bytes).with_context(|| cannot_read(path))?;
    ensure!(bytes.len() as u64 <= bytes_max, "{} is longer than {bytes_max} bytes; split it", path.display());
    Ok(bytes)
}

/// The error for a file that cannot be read.
pub(super) fn cannot_read(path: &Path) -> String {
    format!("cannot read {}; is it whole?", path.display())
}

/// The file's name without `.gz` and without its ending.
pub(super) fn stem(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}

/// True where the file's name has one of these endings, with `.gz` after it or not.
pub(super) fn ends_with(path: &Path, endings: &[&str]) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    endings.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn folders_are_searched_and_hidden_files_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        for name in ["b/2.csv", "a.csv", ".hidden.csv"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let named = [folder.path().to_owned(), folder.path().join("a.csv")];
        let found = find(&named).unwrap();
        assert_eq!(found, [folder.path().join("a.csv"), folder.path().join("b/2.csv")]);
        assert!(find(&[folder.path().join("absent")]).is_err());
    }

    #[test]
    fn a_name_is_known_without_its_endings() {
        assert_eq!(stem(Path::new("x/HR.csv.gz")), "HR");
        assert_eq!(stem(Path::new("x/omh_heart-rate_2-0.json")), "omh_heart-rate_2-0");
        assert!(ends_with(Path::new("A.JSON.gz"), &[".json"]) && !ends_with(Path::new("LICENSE"), &[".json"]));
    }
}
