//! axe-core, the rules of accessibility that a machine can try: one file, fetched from PyPI once for this user.

use std::fs;
use std::sync::OnceLock;

use crate::support::{python, skip};

/// It carries axe-core 4.12.1.
const PACKAGE: &str = "axe-playwright-python==0.1.8";
/// Where the file is, without asking for what else the package needs.
const FIND: &str =
    "import importlib.util as u; print(u.find_spec('axe_playwright_python').submodule_search_locations[0])";

/// What the browser runs; where it cannot be had, a loud word and `None`.
pub(super) fn axe() -> Option<&'static str> {
    static FOUND: OnceLock<Result<String, String>> = OnceLock::new();
    match FOUND.get_or_init(prepare) {
        Ok(axe) => Some(axe),
        Err(reason) => {
            skip(reason);
            None
        }
    }
}

fn prepare() -> Result<String, String> {
    let python = python::with(PACKAGE, &["--no-deps", PACKAGE])?;
    let said = python::run(&python, FIND, &[]);
    let file = std::path::Path::new(String::from_utf8_lossy(&said.stdout).trim()).join("axe.min.js");
    fs::read_to_string(&file).map_err(|error| format!("{} cannot be read: {error}", file.display()))
}
