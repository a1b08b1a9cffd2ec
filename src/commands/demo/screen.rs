//! Screen: what a person sees: addresses first, then a line that changes each second, then the summary.
//!
//! A line that cannot be written is dropped: a reader who has left does not end the demo.

use std::io::{self, IsTerminal as _, Write};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::args::Args;
use super::feed::{FeedProgress, Published};
use super::stack::Addresses;
use super::summary::{RunSummary, RunTimes};
use crate::commands::report::grouped;
use crate::telemetry::Telemetry;

/// How often the counts are read, so that the first sample is noticed in time.
const REFRESH_EVERY: Duration = Duration::from_millis(20);
const LINE_EVERY: Duration = Duration::from_secs(1);
const EXAMPLES: &str = include_str!("examples.txt");
/// Back to the line's beginning, and clear it.
const CLEAR_LINE: &str = "\r\x1b[2K";

/// Where lines go: standard output, or standard error where that is for JSON.
pub(super) struct Screen {
    out: Box<dyn Write + Send>,
    json: bool,
    /// One line that is written over, else one below the other.
    is_terminal: bool,
    opened: Instant,
    first_sample: Option<Duration>,
    refreshed: Instant,
}

impl Screen {
    pub(super) fn new(json: bool, opened: Instant) -> Screen {
        let (out, is_terminal): (Box<dyn Write + Send>, bool) = if json {
            (Box::new(io::stderr()), io::stderr().is_terminal())
        } else {
            (Box::new(io::stdout()), io::stdout().is_terminal())
        };
        Screen { out, json, is_terminal, opened, first_sample: None, refreshed: opened }
    }

    /// One line that stays.
    pub(super) fn say(&mut self, line: &str) {
        let clear = if self.is_terminal { CLEAR_LINE } else { "" };
        drop(writeln!(self.out, "{clear}{line}"));
    }

    /// What runs, where to look, and what to try.
    pub(super) fn introduce(&mut self, addresses: &Addresses, args: &Args) {
        let Addresses { http, metrics, broker, database, data_dir, has_data } = addresses;
        let (hubs, history_h) = (args.hubs, args.history.as_secs_f64() / 3_600.0);
        self.say(&format!(
            "{hubs} simulated devices publish {history_h} h of history as fast as it is stored, then live"
        ));
        self.say("one message in 50 is sent twice and a few are invalid on purpose: see duplicates and quarantine");
        self.say(&format!("  portal     http://{http}"));
        self.say(&format!("  health     http://{http}/readyz"));
        self.say(&format!("  metrics    http://{metrics}/metrics"));
        self.say(&format!("  broker     {broker}"));
        self.say(&format!("  database   {database}"));
        let kept = if *has_data {
            "with the data of an earlier run: history that overlaps with them counts as duplicate"
        } else {
            "kept between runs"
        };
        self.say(&format!("  data       {} ({kept})", data_dir.display()));
        self.say(EXAMPLES.replace("{database}", database).trim_end());
        match args.duration {
            Some(duration) => self.say(&format!("Ends after {duration:?}, or at Ctrl-C.")),
            None => self.say("Ctrl-C ends it."),
        }
    }

    /// Writes a line each second until it is dropped.
    pub(super) async fn follow(&mut self, progress: &FeedProgress, telemetry: &Telemetry) {
        let mut refreshes = interval(REFRESH_EVERY);
        refreshes.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut last_at, mut last) = (Instant::now(), Published::default());
        loop {
            refreshes.tick().await;
            self.refresh(telemetry);
            let elapsed = last_at.elapsed();
            if elapsed >= LINE_EVERY {
                let published = progress.published();
                self.show(&line(progress, telemetry, (published, last), elapsed));
                (last_at, last) = (Instant::now(), published);
            }
        }
    }

    /// Notices the first sample that is in the database.
    pub(super) fn refresh(&mut self, telemetry: &Telemetry) {
        let tally = telemetry.balance().1;
        self.refreshed = Instant::now();
        if self.first_sample.is_none() && tally.stored + tally.duplicate > 0 {
            let after = self.opened.elapsed();
            self.first_sample = Some(after);
            self.say(&format!("first sample stored after {:.1} s", after.as_secs_f64()));
        }
    }

    /// The summary, as a table or as JSON.
    pub(super) fn report(&mut self, summary: &RunSummary) -> anyhow::Result<()> {
        if self.json {
            println!("{}", serde_json::to_string(summary)?);
        } else {
            self.say(&summary.table());
        }
        Ok(())
    }

    /// How long the run has taken up to the last refresh.
    pub(super) fn took(&self) -> RunTimes {
        let first_sample_s = self.first_sample.map(|after| after.as_secs_f64());
        RunTimes { seconds: (self.refreshed - self.opened).as_secs_f64(), first_sample_s }
    }

    /// One line that the next one takes the place of.
    fn show(&mut self, line: &str) {
        if self.is_terminal {
            drop(write!(self.out, "{CLEAR_LINE}{line}").and_then(|()| self.out.flush()));
        } else {
            self.say(line);
        }
    }
}

fn line(progress: &FeedProgress, telemetry: &Telemetry, (now, last): (Published, Published), took: Duration) -> String {
    let (_, tally, _) = telemetry.balance();
    let rate = |now: u64, last: u64| grouped(((now - last) as f64 / took.as_secs_f64()).round() as u64);
    let mut line = format!(
        "{:<7}  {} messages/s  {} samples/s  stored {}  duplicate {}  quarantined {}  lag {:.2} s",
        if now.is_live { "live" } else { "history" },
        rate(now.messages, last.messages),
        rate(now.samples, last.samples),
        grouped(tally.stored),
        grouped(tally.duplicate),
        grouped(tally.quarantined),
        progress.lag(tally.total()).as_secs_f64(),
    );
    if tally.conflict > 0 {
        line.push_str(&format!("  conflict {}", grouped(tally.conflict)));
    }
    line
}
