//! What the program is built from: licences, sources and versions as `.deny.toml` allows them, checked without
//! cargo-deny and without a network; each direct dependency is used, and each setting in a profile is for a package that
//! exists. Each rule is shown something bad as well.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says no by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use spdx::{Expression, ParseMode};

/// A text of this repository.
fn text(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// A TOML file of this repository.
fn toml(path: &str) -> toml::Table {
    text(path).parse().unwrap()
}

/// Every package that is built on this machine, tests included, as `cargo metadata` describes it.
fn packages() -> Vec<Value> {
    let version = Command::new(env!("CARGO")).args(["--version", "--verbose"]).output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // Packages for other systems need not have been downloaded.
    let mut metadata = Command::new(env!("CARGO"));
    metadata.args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", host]);
    let output = metadata.current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let resolved = metadata["resolve"]["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap());
    let resolved: BTreeSet<&str> = resolved.collect();
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.filter(|package| resolved.contains(package["id"].as_str().unwrap())).cloned().collect()
}

/// The strings of a list.
fn words(list: &toml::Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect()
}

fn name(package: &Value) -> &str {
    package["name"].as_str().unwrap()
}

/// The licence expression of a package; crates from before SPDX write `MIT/Apache-2.0`.
fn licence(package: &Value) -> Option<Expression> {
    Expression::parse_mode(package["license"].as_str()?, ParseMode::LAX).ok()
}

/// Packages whose licence is not satisfied by those that are allowed.
fn unlicensed(packages: &[Value], allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for package in packages {
        let satisfied = licence(package)
            .is_some_and(|licence| licence.evaluate(|required| allowed.contains(&required.to_string().as_str())));
        if !satisfied {
            found.push(format!("{}: {}", name(package), package["license"]));
        }
    }
    found
}

#[test]
fn each_licence_is_allowed_and_each_that_is_allowed_occurs() {
    let bad = [
        json!({"name": "a", "license": "GPL-3.0"}),
        json!({"name": "b", "license": null}),
        json!({"name": "c", "license": "MIT AND GPL-2.0"}),
        json!({"name": "d", "license": "GPL-2.0/MIT"}),
    ];
    assert_eq!(unlicensed(&bad, &["MIT"]), ["a: \"GPL-3.0\"", "b: null", "c: \"MIT AND GPL-2.0\""]);
    let (rules, packages) = (toml(".deny.toml"), packages());
    let allowed = words(&rules["licenses"]["allow"]);
    assert!(packages.len() > 200, "the packages are found");
    assert_eq!(unlicensed(&packages, &allowed), [""; 0], "no licence in .deny.toml");
    let licences: Vec<Expression> = packages.iter().filter_map(licence).collect();
    for allowed in allowed {
        let occurs = licences
            .iter()
            .any(|licence| licence.requirements().any(|required| required.req.to_string().as_str() == allowed));
        assert!(occurs, "no package is under {allowed}: remove it from .deny.toml");
    }
}

/// Packages from elsewhere than these registries.
fn strangers(packages: &[Value], registries: &[&str]) -> Vec<String> {
    let from_here =
        |source: &str| source.strip_prefix("registry+").is_some_and(|registry| registries.contains(&registry));
    let strangers = packages.iter().filter(|package| {
        let own = name(package) == env!("CARGO_PKG_NAME");
        !own && !package["source"].as_str().is_some_and(from_here)
    });
    strangers.map(|package| name(package).to_owned()).collect()
}

#[test]
fn each_package_comes_from_a_registry_that_is_allowed() {
    let bad = [
        json!({"name": "a", "source": "git+https://example.org/a"}),
        json!({"name": "b", "source": null}),
        json!({"name": "c", "source": "registry+https://example.org/index"}),
        json!({"name": "d", "source": "registry+https://example.org/other"}),
    ];
    assert_eq!(strangers(&bad, &["https://example.org/other"]), ["a", "b", "c"]);
    let rules = toml(".deny.toml");
    assert_eq!(strangers(&packages(), &words(&rules["sources"]["allow-registry"])), [""; 0]);
}

/// Direct dependencies without a version, or with any.
fn unversioned(manifest: &toml::Table) -> Vec<String> {
    let tables = ["dependencies", "dev-dependencies", "build-dependencies"];
    let all = tables.iter().filter_map(|table| manifest.get(*table)?.as_table()).flatten();
    let unversioned = all.filter(|(_, given)| {
        let version = given.as_str().or_else(|| given.get("version")?.as_str());
        version.is_none_or(|version| version.contains('*'))
    });
    unversioned.map(|(name, _)| name.clone()).collect()
}

#[test]
fn each_direct_dependency_names_its_version() {
    let bad = "[dependencies]\na = '*'\nb = { path = 'b' }\nc = { version = '1.*' }\nd = '1'\ne = { version = '=1.2' }";
    assert_eq!(unversioned(&bad.parse().unwrap()), ["a", "b", "c"]);
    assert_eq!(unversioned(&toml("Cargo.toml")), [""; 0]);
    assert_eq!(toml(".deny.toml")["bans"]["wildcards"].as_str(), Some("deny"));
}

/// Exceptions in a list of `.deny.toml` that do not say why.
fn unexplained(exceptions: &toml::Value) -> Vec<String> {
    let unexplained = exceptions.as_array().unwrap().iter().filter(|exception| {
        let reason = exception.get("reason").and_then(toml::Value::as_str);
        reason.is_none_or(|reason| reason.split_whitespace().count() < 3)
    });
    unexplained.map(toml::Value::to_string).collect()
}

#[test]
fn each_exception_says_why() {
    let bad: toml::Table =
        "ignore = ['R-1', { id = 'R-2' }, { id = 'R-3', reason = 'old' }, { id = 'R-4', reason = 'nothing calls it' }]"
            .parse()
            .unwrap();
    assert_eq!(unexplained(&bad["ignore"]).len(), 3);
    assert_eq!(unexplained(&toml(".deny.toml")["advisories"]["ignore"]), [""; 0]);
}

/// Dependencies that no source in these texts names.
fn unused(dependencies: &toml::Value, sources: &str) -> Vec<String> {
    let is_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    let named = |name: &str| {
        let uses = sources.match_indices(name).filter(|(at, _)| {
            let after = &sources[at + name.len()..];
            !sources[..*at].ends_with(is_word) && (after.starts_with("::") || after.starts_with("!"))
        });
        // A package that is named to hold its version is used by others only.
        uses.count() > 0 || [";", " as _;"].iter().any(|end| sources.contains(&format!("use {name}{end}")))
    };
    let names = dependencies.as_table().unwrap().keys();
    names.filter(|name| !named(&name.replace('-', "_"))).cloned().collect()
}

/// The code of every Rust file below a folder, without its comments.
fn code(folder: &str) -> String {
    let mut code = String::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(path).unwrap();
                let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                lines.for_each(|line| code.extend([line, "\n"]));
            }
        }
    }
    code
}

#[test]
fn each_direct_dependency_is_used() {
    let bad: toml::Table = "[a]\nb-c = '1'\nd = '1'\ne = '1'\nf = '1'".parse().unwrap();
    assert_eq!(unused(&bad["a"], "use b_c::X; let x = d; super_e::y(); f!()"), ["d", "e"]);
    let (manifest, src) = (toml("Cargo.toml"), code("src"));
    assert_eq!(unused(&manifest["dependencies"], &src), [""; 0], "not used in src/");
    let all = [src, code("tests"), code("benches")].concat();
    assert_eq!(unused(&manifest["dev-dependencies"], &all), [""; 0], "not used by any test or bench");
}

/// Packages with a setting in a profile that are not built.
fn unbuilt(profile: &toml::Value, packages: &[Value]) -> Vec<String> {
    let built: BTreeSet<&str> = packages.iter().map(name).collect();
    let named = profile["package"].as_table().unwrap().keys();
    let unbuilt = named.filter(|named| {
        let name = named.split('@').next().unwrap_or_default();
        name != "*" && !built.contains(name)
    });
    unbuilt.cloned().collect()
}

#[test]
fn each_package_with_a_setting_in_the_release_profile_is_built() {
    let bad: toml::Table = "[package]\n'*' = {}\na = {}\n'b@1' = {}\nc = {}".parse().unwrap();
    assert_eq!(unbuilt(&bad.into(), &[json!({"name": "a"}), json!({"name": "b"})]), ["c"]);
    assert_eq!(unbuilt(&toml("Cargo.toml")["profile"]["release"], &packages()), [""; 0]);
}
