//! `/operations`: how the daemon fares, each sign with what to do when it is not well. Nothing is asked of the
//! database but who looks, and whether its log is archived. What was counted since the daemon began is judged by what
//! was added lately.

use askama::Template;
use axum::response::Response;

use super::backup_sign::{Sign, backups};
use crate::model::time::Timestamp;
use crate::portal::answer::page;
use crate::portal::page_error::PageError;
use crate::portal::pulse::PulseReading;
use crate::portal::shell::Shell;
use crate::portal::shown::{formatted, moment, number, sentence};
use crate::portal::visit::Visit;
use crate::portal::words::figures::{FIGURES, FigureWords};
use crate::store::care::wal_archive::read_wal_archive;
use crate::telemetry::shown;

/// In which an operator looks again.
const LAG_SECONDS_MAX: f64 = 5.0;
/// A day may be due for so long before its roll is late.
const ROLL_SECONDS_MAX: f64 = 36.0 * 3_600.0;

#[derive(Template)]
#[template(path = "pages/figures/operations.html", config = "src/portal/askama.toml")]
struct OperationsPage {
    shell: Shell,
    words: &'static FigureWords,
    as_of: String,
    /// Empty where no daemon is connected.
    signs: Vec<Sign>,
    outcomes: Vec<(String, String)>,
}

/// Shows it. A page that refreshes itself does not use the session.
pub(super) async fn get(visit: Visit) -> Result<Response, PageError> {
    let now = visit.portal.clock.now();
    let mut seat = visit.seat().await?;
    let (mut actor, viewer) = if visit.is_refresh { seat.watch().await? } else { seat.enter().await? };
    let log = read_wal_archive(&mut actor).await?;
    drop(actor);
    let read = visit.portal.pulse.get().map(|pulse| pulse.read(now));
    let outcomes = read.iter().flat_map(|read| &read.outcomes);
    let outcomes = outcomes.map(|(word, count)| (sentence(word), number(*count as f64))).collect();
    let told = |at| moment(at, &viewer.zone);
    let mut signs: Vec<Sign> = read.iter().flat_map(|read| signs(read, now, told)).collect();
    if let (Some(log), false) = (log, signs.is_empty()) {
        signs.push(backups(&log, now, told));
    }
    page(&OperationsPage {
        shell: viewer.shell(FIGURES.operations_title),
        words: &FIGURES,
        as_of: formatted(now, &viewer.zone, "%H:%M:%S"),
        signs,
        outcomes,
    })
}

fn signs(read: &PulseReading, now: Timestamp, told: impl Fn(Timestamp) -> String) -> Vec<Sign> {
    vec![
        readiness(read),
        ingest(read),
        lag(read),
        database(read),
        quarantine(read),
        archive(read, now, told),
        compaction(read),
        broker(read),
    ]
}

fn sign(title: &'static str, value: String, detail: String, advice: &'static str, is_well: bool) -> Sign {
    Sign { title, value, detail, advice: (!is_well).then_some(advice) }
}

fn readiness(read: &PulseReading) -> Sign {
    let is_well = read.reasons.is_empty();
    let value = if is_well { FIGURES.ready } else { FIGURES.not_ready }.to_owned();
    let detail = match is_well {
        true => format!("{}: {}", FIGURES.shard, read.role),
        false => format!("{}: {}; {}", FIGURES.shard, read.role, read.reasons.join("; ")),
    };
    sign(FIGURES.daemon, value, detail, FIGURES.daemon_advice, is_well)
}

fn ingest(read: &PulseReading) -> Sign {
    let value = match read.rate {
        Some((rate, _)) => format!("{} {}", number(rate), FIGURES.samples_a_second),
        None => FIGURES.counting.to_owned(),
    };
    let over = read.rate.map(|(_, seconds)| format!("{} {seconds} s; ", FIGURES.over_last)).unwrap_or_default();
    let detail = format!("{over}{} {}", number(read.received as f64), FIGURES.since_start);
    let has_stopped = read.role == "owner" && read.rate.is_some_and(|(rate, seconds)| rate <= 0.0 && seconds >= 30);
    sign(FIGURES.ingest, value, detail, FIGURES.ingest_advice, !has_stopped)
}

fn lag(read: &PulseReading) -> Sign {
    let within = read.within(shown::INGEST_ARRIVAL_TO_COMMIT_SECONDS, 0.99);
    let value = within.map_or_else(|| FIGURES.nothing_yet.to_owned(), |within| within.to_string());
    let detail = format!("{}; {} {}", FIGURES.lag_is, number(read.in_flight as f64), FIGURES.in_flight);
    sign(FIGURES.lag, value, detail, FIGURES.lag_advice, within.is_none_or(|within| within.is_within(LAG_SECONDS_MAX)))
}

fn database(read: &PulseReading) -> Sign {
    let is_away = read.reasons.iter().any(|reason| reason.contains("database"));
    let damaged = read.metric(shown::STORE_UNREADABLE_BLOCKS);
    let forgotten = read.metric(shown::STORE_FORGOTTEN);
    let lately = read.lately(shown::STORE_UNREADABLE_BLOCKS) + read.lately(shown::STORE_FORGOTTEN);
    let commit = read.within(shown::STORE_COMMIT_SECONDS, 0.99);
    let value = if is_away { FIGURES.no_answer } else { FIGURES.answers }.to_owned();
    let commit = commit.map_or_else(String::new, |commit| format!("{} {commit}; ", FIGURES.commit));
    let retries = read.metric(shown::INGEST_BATCH_RETRIES);
    let detail = format!(
        "{commit}{} {}; {} {}; {} {}",
        number(retries),
        FIGURES.retries,
        number(damaged),
        FIGURES.damaged,
        number(forgotten),
        FIGURES.forgotten
    );
    sign(FIGURES.database, value, detail, FIGURES.database_advice, !is_away && lately <= 0.0)
}

fn quarantine(read: &PulseReading) -> Sign {
    let open = read.metric(shown::INGEST_QUARANTINE_ROWS_OPEN);
    let bytes = read.metric(shown::INGEST_QUARANTINE_BYTES) / 1e6;
    let days = read.metric(shown::INGEST_QUARANTINE_AGE_SECONDS) / 86_400.0;
    let capped = read.metric(shown::INGEST_QUARANTINE_CAPPED_SAMPLES);
    let lately = read.lately(shown::INGEST_QUARANTINE_CAPPED_SAMPLES);
    let value = format!("{} {}", number(open), FIGURES.rejections_open);
    let detail = format!(
        "{} MB; {} {} {}; {} {}",
        number(bytes),
        FIGURES.oldest,
        number(days),
        FIGURES.days,
        number(capped),
        FIGURES.not_kept
    );
    sign(FIGURES.quarantine, value, detail, FIGURES.quarantine_advice, open + lately <= 0.0)
}

fn archive(read: &PulseReading, now: Timestamp, told: impl Fn(Timestamp) -> String) -> Sign {
    let lag = read.metric(shown::ARCHIVE_LAG_SECONDS);
    let missing = read.metric(shown::ARCHIVE_MISSING_FILES);
    let failures = read.metric(shown::ARCHIVE_FAILURES);
    let verified = read.metric(shown::ARCHIVE_VERIFIED_TIMESTAMP_SECONDS);
    let verified = Timestamp::from_millis_fraction(verified * 1_000.0).ok().filter(|at| at.micros() > 0 && *at <= now);
    let verified =
        verified.map_or_else(|| FIGURES.never_verified.to_owned(), |at| format!("{} {}", FIGURES.verified, told(at)));
    let value = match lag > 0.0 {
        true => format!("{} {} h", FIGURES.due_for, number(lag / 3_600.0)),
        false => FIGURES.all_rolled.to_owned(),
    };
    let detail = format!(
        "{} {}; {} {}; {verified}",
        number(missing),
        FIGURES.files_missing,
        number(failures),
        FIGURES.rolls_failed
    );
    let is_well = lag <= ROLL_SECONDS_MAX && missing + read.lately(shown::ARCHIVE_FAILURES) <= 0.0;
    sign(FIGURES.archive, value, detail, FIGURES.archive_advice, is_well)
}

fn compaction(read: &PulseReading) -> Sign {
    let waiting = read.metric(shown::COMPACTION_WAITING_CHUNKS);
    let failures = read.metric(shown::COMPACTION_FAILURES);
    let value = format!("{} {}", number(waiting), FIGURES.chunks_wait);
    let detail = format!("{} {}", number(failures), FIGURES.passes_failed);
    sign(FIGURES.compaction, value, detail, FIGURES.compaction_advice, read.lately(shown::COMPACTION_FAILURES) <= 0.0)
}

fn broker(read: &PulseReading) -> Sign {
    let lost = read.metric(shown::MQTT_SESSIONS_LOST);
    let unprotected = read.metric(shown::MQTT_UNPROTECTED_MESSAGES);
    let waiting = read.metric(shown::MQTT_UNACKNOWLEDGED_MESSAGES);
    let value = format!("{} {}", read.subscribed, FIGURES.connections);
    let detail = format!(
        "{} {}; {} {}; {} {}",
        number(waiting),
        FIGURES.unacknowledged,
        number(unprotected),
        FIGURES.unprotected,
        number(lost),
        FIGURES.sessions_new
    );
    let is_well = read.role != "owner" || read.subscribed > 0;
    sign(FIGURES.broker, value, detail, FIGURES.broker_advice, is_well)
}
