//! What only a trial shows of the broker: its window towards a subscriber, what it is, and what it keeps for
//! who is away.

use url::Url;

use super::finding::Findings;
use crate::config::MqttConfig;
use crate::mqtt::measure::{Ahead, Kept, ahead, kept};
use crate::telemetry::chain;

/// Below this a connection takes in fewer messages than most disks could commit.
const WINDOW_FEW: usize = 500;
/// Messages for an absent session: more than any broker keeps where nobody has set a limit by hand.
const KEPT_MESSAGES: u16 = 5_000;
/// mosquitto from the first to the last that mishandles a queue without a limit (issues 2879 and 3244 of the project).
const UNLIMITED_QUEUE_FAULTY: std::ops::RangeInclusive<[u32; 3]> = [2, 0, 16]..=[2, 0, 21];

pub(super) async fn check(url: &Url, config: &MqttConfig, is_deep: bool, findings: &mut Findings) {
    match ahead(url, &config.tls(), config.receive_maximum).await {
        Ok(ahead) => {
            check_version(ahead.version.as_deref(), findings);
            check_window(&ahead, findings);
        }
        Err(error) => findings.warn(
            format!("broker: how many messages it sends ahead cannot be measured: {}", chain(&error)),
            "let this login publish and subscribe to healthtrack/doctor/#",
        ),
    }
    if !is_deep {
        return;
    }
    match kept(url, &config.tls(), KEPT_MESSAGES).await {
        Ok(kept) => check_kept(&kept, findings),
        Err(error) => findings.warn(
            format!("broker: how many messages it keeps cannot be measured: {}", chain(&error)),
            "let this login publish and subscribe to healthtrack/doctor/#",
        ),
    }
}

fn check_version(version: Option<&str>, findings: &mut Findings) {
    let Some(version) = version else { return };
    match mosquitto(version) {
        Some(number) if UNLIMITED_QUEUE_FAULTY.contains(&number) => findings.warn(
            format!("broker: {version} drops messages or clients where max_queued_messages is 0"),
            "set it to a number, as in max_queued_messages 10000000, or use 2.0.22 or newer",
        ),
        _ => findings.ok(format!("broker: {version}")),
    }
}

/// The number in `mosquitto version 2.0.18`.
fn mosquitto(version: &str) -> Option<[u32; 3]> {
    let mut parts = version.strip_prefix("mosquitto version ")?.split('.').map(str::parse);
    Some([parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?])
}

fn check_window(ahead: &Ahead, findings: &mut Findings) {
    let messages = ahead.messages;
    if ahead.is_all {
        findings.ok(format!("broker: sends {messages} messages and more ahead of their acknowledgement"));
    } else if messages >= WINDOW_FEW {
        findings.ok(format!("broker: sends {messages} messages ahead of their acknowledgement"));
    } else {
        findings.warn(
            format!("broker: sends only {messages} messages ahead of their acknowledgement, which bounds the rate"),
            "raise its limit of unacknowledged messages to a client; deploy/brokers.md names it",
        );
    }
}

fn check_kept(kept: &Kept, findings: &mut Findings) {
    let Kept { published, accepted, kept, is_first_kept } = *kept;
    if kept == published {
        return findings.ok(format!("broker: keeps {published} messages and more for a client that is away"));
    }
    let which = if is_first_kept { "oldest" } else { "newest" };
    let what = format!("broker: keeps the {which} {kept} of {published} messages for a client that is away");
    let advice = "raise its limit of queued messages to the longest outage times the rate; deploy/brokers.md names it";
    if accepted > kept {
        findings.fail(format!("{what}, and tells publishers that {accepted} were taken"), advice);
    } else {
        findings.warn(format!("{what}, and tells publishers so"), advice);
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    fn level(check: impl Fn(&mut Findings)) -> (Level, String) {
        let mut findings = Findings::default();
        check(&mut findings);
        (findings.0[0].level, findings.0[0].what.clone())
    }

    #[test]
    fn versions_whose_unlimited_queue_is_faulty_are_warned_of() {
        for (version, expected) in [
            ("mosquitto version 2.0.11", Level::Ok),
            ("mosquitto version 2.0.16", Level::Warn),
            ("mosquitto version 2.0.21", Level::Warn),
            ("mosquitto version 2.0.22", Level::Ok),
            ("another broker", Level::Ok),
        ] {
            assert_eq!(level(|findings| check_version(Some(version), findings)).0, expected, "{version}");
        }
    }

    #[test]
    fn a_small_window_and_a_queue_that_drops_in_silence_are_told() {
        let ahead = |messages, is_all| Ahead { messages, is_all, version: None };
        assert_eq!(level(|findings| check_window(&ahead(1_000, true), findings)).0, Level::Ok);
        let (found, what) = level(|findings| check_window(&ahead(10, false), findings));
        assert!(found == Level::Warn && what.contains("only 10"), "{what}");
        let kept = |kept, accepted| Kept { published: 5_000, accepted, kept, is_first_kept: true };
        assert_eq!(level(|findings| check_kept(&kept(5_000, 5_000), findings)).0, Level::Ok);
        assert_eq!(level(|findings| check_kept(&kept(1_000, 1_000), findings)).0, Level::Warn);
        let (found, what) = level(|findings| check_kept(&kept(1_000, 5_000), findings));
        assert!(found == Level::Fail && what.contains("the oldest 1000 of 5000"), "{what}");
    }
}
