//! Finding: one line of the report: how bad it is, what was found, and what to do about it.

use serde::Serialize;

/// How bad it is.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Ok,
    Warn,
    Fail,
    /// It cannot be seen.
    Unknown,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    pub(super) level: Level,
    pub(super) what: String,
    /// What to do; none where nothing is to be done.
    pub(super) advice: Option<String>,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn ok(&mut self, what: impl Into<String>) {
        self.0.push(Finding { level: Level::Ok, what: what.into(), advice: None });
    }

    pub(super) fn warn(&mut self, what: impl Into<String>, advice: impl Into<String>) {
        self.0.push(Finding { level: Level::Warn, what: what.into(), advice: Some(advice.into()) });
    }

    pub(super) fn fail(&mut self, what: impl Into<String>, advice: impl Into<String>) {
        self.0.push(Finding { level: Level::Fail, what: what.into(), advice: Some(advice.into()) });
    }

    pub(super) fn unknown(&mut self, what: impl Into<String>, advice: impl Into<String>) {
        self.0.push(Finding { level: Level::Unknown, what: what.into(), advice: Some(advice.into()) });
    }

    pub(super) fn failures(&self) -> usize {
        self.0.iter().filter(|finding| finding.level == Level::Fail).count()
    }
}

/// The findings for people, a line each.
pub(super) fn in_words(findings: &[Finding], coloured: bool) -> String {
    let mut text = String::new();
    for Finding { level, what, advice } in findings {
        let (word, colour) = match level {
            Level::Ok => ("ok  ", "32"),
            Level::Warn => ("warn", "33"),
            Level::Fail => ("FAIL", "31"),
            Level::Unknown => ("?   ", "36"),
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
        findings.unknown("no light", "switch it on");
        let plain = "ok    Postgres 17\nwarn  no disk  -> buy one\nFAIL  no broker  -> start it\n\
                     ?     no light  -> switch it on\n";
        assert_eq!(in_words(&findings.0, false), plain);
        assert!(in_words(&findings.0, true).contains("\u{1b}[31mFAIL\u{1b}[0m"));
        assert_eq!(findings.failures(), 1);
    }
}
