//! Which recorded sessions may still hold messages that nobody fetches.

use sqlx::PgConnection;

use super::finding::Findings;
use crate::config::Config;
use crate::model::time::{Clock as _, SystemClock, Timestamp};
use crate::mqtt::connect::{broker_url, shown};
use crate::store::mqtt_session::{RecordedSession, all_open_sessions};

pub(super) async fn check(
    config: &Config,
    connection: &mut PgConnection,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let sessions = all_open_sessions(connection).await?;
    let broker = broker_url(&config.mqtt).map(|url| shown(&url)).unwrap_or_default();
    examine(config, &broker, &sessions, SystemClock.now(), findings);
    Ok(())
}

/// `sessions` with whether a daemon owns their shard.
fn examine(
    config: &Config,
    broker: &str,
    sessions: &[(RecordedSession, bool)],
    now: Timestamp,
    findings: &mut Findings,
) {
    let (own, wanted) = (&config.ingest.shard, config.mqtt.sessions());
    let mut attended = 0;
    for (session, is_owned) in sessions.iter().filter(|(session, _)| !session.has_expired(now)) {
        let name = format!("session {} at {} of shard {}", session.client_id, place(session), session.shard);
        let is_here = session.broker == broker || session.broker.is_empty();
        let filters = wanted.iter().find(|(client_id, _)| *client_id == session.client_id).map(|(_, filters)| filters);
        match (session.shard == *own, is_here, filters) {
            (true, true, Some(filters)) => {
                let dropped: Vec<&str> =
                    session.filters.iter().filter(|filter| !filters.contains(filter)).map(String::as_str).collect();
                if dropped.is_empty() {
                    attended += 1;
                } else {
                    let what = format!("{name}: still subscribed to {}, which mqtt.filters lack", dropped.join(", "));
                    findings.warn(what, "start `healthtrack serve`, which unsubscribes it; its log says why it cannot");
                }
            }
            (true, true, None) => findings.warn(
                format!("{name}: left by an earlier configuration and not drained, so it may hold messages"),
                "start `healthtrack serve`, which drains and ends it; its log says why it cannot",
            ),
            (true, false, _) => findings.warn(
                format!("{name}: at another broker and not drained, so it may hold messages"),
                "set mqtt.url back to it until `healthtrack serve` has stored what waits there, then delete the session at \
                 that broker; where it is the same broker by another name, nothing is to be done",
            ),
            (false, ..) if *is_owned => attended += 1,
            (false, ..) => findings.warn(
                format!("{name}: no daemon owns that shard, so messages wait in it"),
                "start `healthtrack serve` for that shard; its devices can be moved with `healthtrack device move`",
            ),
        }
    }
    findings.ok(format!("sessions: {attended} attended to"));
}

fn place(session: &RecordedSession) -> &str {
    if session.broker.is_empty() { "the broker" } else { &session.broker }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    const BROKER: &str = "mqtt://here:1883";

    fn now() -> Timestamp {
        Timestamp::parse_rfc3339("2026-11-23T10:00:00Z").unwrap()
    }

    fn session() -> RecordedSession {
        RecordedSession {
            shard: "main".to_owned(),
            broker: BROKER.to_owned(),
            client_id: "healthtrack-main".to_owned(),
            filters: vec!["ht/1/main/+/+".to_owned()],
            expiry_s: 3_600,
            recorded_at: now(),
            connected_at: Some(now()),
        }
    }

    /// What is found of a session whose shard nobody owns.
    fn found(session: RecordedSession) -> (Level, String) {
        let config = Config::read(None, std::iter::empty()).unwrap();
        let mut findings = Findings::default();
        examine(&config, BROKER, &[(session, false)], now(), &mut findings);
        (findings.0[0].level, findings.0[0].what.clone())
    }

    #[test]
    fn a_session_to_which_nobody_comes_back_is_named() {
        assert_eq!(found(session()), (Level::Ok, "sessions: 1 attended to".to_owned()));
        let left = found(RecordedSession { client_id: "healthtrack-2".to_owned(), ..session() });
        let said = "session healthtrack-2 at mqtt://here:1883 of shard main: left by an earlier configuration and not \
                    drained, so it may hold messages";
        assert_eq!(left, (Level::Warn, said.to_owned()));
        for other in [
            RecordedSession { broker: "mqtt://there:1883".to_owned(), ..session() },
            RecordedSession { shard: "ward-3".to_owned(), ..session() },
            RecordedSession { filters: vec!["ht/1/+/+/+".to_owned()], ..session() },
        ] {
            assert_eq!(found(other).0, Level::Warn);
        }
        let expired = RecordedSession {
            broker: "mqtt://there:1883".to_owned(),
            recorded_at: now().plus_micros(-3_601_000_000),
            connected_at: None,
            ..session()
        };
        assert_eq!(found(expired).0, Level::Ok);
    }
}
