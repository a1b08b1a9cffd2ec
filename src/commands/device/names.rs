//! Names of devices, as arguments and as lists.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::Path;

use anyhow::Context as _;

use crate::model::ids::DeviceId;

/// One name.
pub(super) fn parse(name: &str) -> anyhow::Result<DeviceId> {
    DeviceId::parse(name).with_context(|| format!("{name} is not a valid device name"))
}

/// Those given as arguments, and those of a list.
pub(super) fn given(names: &[String], from: Option<&Path>) -> anyhow::Result<Vec<DeviceId>> {
    let mut devices = names.iter().map(|name| parse(name)).collect::<anyhow::Result<Vec<_>>>()?;
    if let Some(path) = from {
        devices.extend(read_list(path)?);
    }
    Ok(devices)
}

fn read_list(path: &Path) -> anyhow::Result<Vec<DeviceId>> {
    if path == Path::new("-") {
        return names(io::stdin().lock(), "stdin");
    }
    let shown = path.display().to_string();
    let file = fs::File::open(path).with_context(|| format!("cannot read {shown}; check --from"))?;
    names(BufReader::new(file), &shown)
}

fn names(lines: impl BufRead, origin: &str) -> anyhow::Result<Vec<DeviceId>> {
    let mut devices = Vec::new();
    for (index, line) in lines.lines().enumerate() {
        let at = || format!("line {} of {origin} names no device", index + 1);
        let line = line.with_context(at)?;
        let name = line.trim();
        if !name.is_empty() && !name.starts_with('#') {
            devices.push(DeviceId::parse(name).with_context(at)?);
        }
    }
    Ok(devices)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_holds_a_name_a_line_and_remarks() {
        let devices = names("# fleet\nwatch-7\r\n\n  cgm.12  \n".as_bytes(), "fleet.txt").unwrap();
        assert_eq!(devices.iter().map(DeviceId::as_str).collect::<Vec<_>>(), ["watch-7", "cgm.12"]);
    }

    #[test]
    fn a_line_that_is_no_name_is_found_by_its_number() {
        let error = names("watch-7\nwatch 8\n".as_bytes(), "fleet.txt").unwrap_err();
        assert!(format!("{error:#}").starts_with("line 2 of fleet.txt"), "{error:#}");
    }
}
