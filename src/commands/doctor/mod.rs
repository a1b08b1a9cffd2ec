//! Doctor: diagnoses why it does not work. It changes nothing, takes no shard and subscribes to nothing.
//!
//! Each finding is a line: `ok`, `warn` (it works, and will hurt) or `FAIL` (it does not work), what was found, and
//! what to do about it.

/// The archive.
mod archive;

/// The broker.
mod broker;

/// Postgres.
mod database;

/// Ports of this machine.
mod ports;

use anyhow::bail;
use serde::Serialize;

use super::common::Common;
use super::report::{is_watched, print, print_json};
use crate::config::Config;

/// Checks configuration, database, archive, broker and ports, and tells what to do about each problem.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Examples:
  healthtrack doctor --config healthtrack.toml
  healthtrack doctor --json")]
pub struct Args {
    /// Where the database is
    #[command(flatten)]
    pub common: Common,
}

/// How bad it is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warn,
    Fail,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    level: Level,
    what: String,
    /// What to do; none where nothing is to be done.
    advice: Option<String>,
}

/// What was found so far.
#[derive(Debug, Default)]
struct Findings(Vec<Finding>);

impl Findings {
    fn ok(&mut self, what: impl Into<String>) {
        self.0.push(Finding { level: Level::Ok, what: what.into(), advice: None });
    }

    fn warn(&mut self, what: impl Into<String>, advice: impl Into<String>) {
        self.0.push(Finding { level: Level::Warn, what: what.into(), advice: Some(advice.into()) });
    }

    fn fail(&mut self, what: impl Into<String>, advice: impl Into<String>) {
        self.0.push(Finding { level: Level::Fail, what: what.into(), advice: Some(advice.into()) });
    }

    fn failures(&self) -> usize {
        self.0.iter().filter(|finding| finding.level == Level::Fail).count()
    }
}

/// Checks everything, whatever fails on the way.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let mut findings = Findings::default();
    match Config::load(args.common.config.as_deref()) {
        Ok(config) => {
            let origin = args.common.config.as_ref().map_or_else(
                || "built-in defaults and the environment".to_owned(),
                |path| format!("{} and the environment", path.display()),
            );
            findings.ok(format!("configuration: {origin}"));
            database::check(&config, &mut findings).await;
            archive::check(&config, &mut findings).await;
            broker::check(&config.mqtt, &mut findings).await;
            ports::check(&config, &mut findings).await;
        }
        Err(error) => {
            let error = anyhow::Error::from(error);
            findings.fail(format!("configuration: {error:#}"), "correct it; config/default.toml explains every key");
        }
    }
    if args.common.json {
        print_json(&findings.0)?
    } else {
        print(&in_words(&findings.0, is_watched()))?
    }
    match findings.failures() {
        0 => Ok(()),
        1 => bail!("1 check failed; do what its line says"),
        failures => bail!("{failures} checks failed; do what their lines say, the first one first"),
    }
}

fn in_words(findings: &[Finding], coloured: bool) -> String {
    let mut text = String::new();
    for Finding { level, what, advice } in findings {
        let (word, colour) = match level {
            Level::Ok => ("ok  ", "32"),
            Level::Warn => ("warn", "33"),
            Level::Fail => ("FAIL", "31"),
        };
        let word = if coloured { format!("\u{1b}[{colour}m{word}\u{1b}[0m") } else { word.to_owned() };
        let advice = advice.as_ref().map_or_else(String::new, |advice| format!("  -> {advice}"));
        text.push_str(&format!("{word}  {what}{advice}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_is_a_line_with_what_to_do() {
        let mut findings = Findings::default();
        findings.ok("Postgres 17");
        findings.warn("no disk", "buy one");
        findings.fail("no broker", "start it");
        let plain = "ok    Postgres 17\nwarn  no disk  -> buy one\nFAIL  no broker  -> start it\n";
        assert_eq!(in_words(&findings.0, false), plain);
        assert!(in_words(&findings.0, true).contains("\u{1b}[31mFAIL\u{1b}[0m"));
        assert_eq!(findings.failures(), 1);
    }
}
