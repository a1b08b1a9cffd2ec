//! `/patients/{id}/vitals/live` and `/me/vitals/live`: newest values as they come, as events that the server sends.
//!
//! # Why
//! A page that listens must not keep a session alive that nobody uses. So the stream reads in transactions that write
//! nothing, which the database does not count as use; and it ends when the session would have ended, had nobody touched
//! the page since it was loaded: until then the page bears a proof, and no longer. Each four minutes another look is
//! recorded, by which rights are asked for again, and which does not use the session either; a session that was ended
//! elsewhere ends the stream within a second.
//!
//! *Nothing is skipped in silence.* Each event holds all that is newest, and as its id when that was measured. A page
//! that was cut off says by the id what it heard last; where something was measured since, it is told so before the
//! present. While the database is away the stream waits for it: a page that hears nothing greys its values by itself.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::Path;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};

use super::vitals_view::{Tile, live_proof, tiles};
use crate::model::people::PatientId;
use crate::model::time::{SECOND_US, Timestamp};
use crate::portal::edge::sent::Behind;
use crate::portal::page_error::PageError;
use crate::portal::places::TakenPlace;
use crate::portal::visit::{Visit, form_token};
use crate::portal::words::WORDS;
use crate::security::totp::is_equal;
use crate::store::care::vitals::{NewestVital, Watch, begin_watch};

/// How often a look is recorded: the database takes one for five minutes.
const LOOK_EVERY: Duration = Duration::from_secs(240);
/// How often what is not new is told again.
const TELL_EVERY: Duration = Duration::from_secs(20);
/// How often it is looked whether a database that is away is back.
const AWAY: Duration = Duration::from_secs(3);
/// How often proxies are shown that it goes on.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// By what a browser that was cut off says what it heard last.
const LAST_HEARD: &str = "last-event-id";

/// Until when a page listens, and the proof that it may.
#[derive(Debug, Deserialize)]
pub(in crate::portal) struct Listening {
    until: i64,
    proof: String,
}

/// Streams a patient's to a provider.
pub(in crate::portal) async fn of_patient(
    visit: Visit,
    Path(key): Path<String>,
    headers: HeaderMap,
    Behind(listening): Behind<Listening>,
) -> Result<Response, PageError> {
    let patient = key.parse().map_err(|_| PageError::NotFound)?;
    streamed(visit, Some(patient), &headers, listening).await
}

/// Streams one's own.
pub(in crate::portal) async fn own(
    visit: Visit,
    headers: HeaderMap,
    Behind(listening): Behind<Listening>,
) -> Result<Response, PageError> {
    streamed(visit, None, &headers, listening).await
}

async fn streamed(
    visit: Visit,
    patient: Option<PatientId>,
    headers: &HeaderMap,
    listening: Listening,
) -> Result<Response, PageError> {
    let token = visit.token.as_ref().ok_or(PageError::NotFound)?;
    let session = form_token(token);
    let until = Timestamp::from_micros(listening.until.saturating_mul(SECOND_US)).map_err(|_| PageError::NotFound)?;
    if !is_equal(&live_proof(&session, listening.until), &listening.proof) {
        return Err(PageError::NotFound);
    }
    if visit.portal.clock.now() >= until {
        // A browser that gets no content does not ask again.
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let heard = headers.get(LAST_HEARD).and_then(|id| id.to_str().ok()?.parse().ok());
    let place = visit.portal.listeners.take(&session);
    let place = place.ok_or_else(|| PageError::TooOften(WORDS.too_many_listen.to_owned()))?;
    let mut stream = LiveStream {
        visit,
        patient,
        until,
        heard,
        watch: None,
        zone: TimeZone::UTC,
        known: None,
        sent: Vec::new(),
        sent_at: None,
        _place: place,
    };
    // What is not open is told as an answer, not as a stream that ends.
    stream.look().await?;
    let events = Sse::new(events(stream)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    // A stream says of itself that it may be kept and asked about, which is for what bears nobody's data.
    Ok(([(CACHE_CONTROL, "no-store")], events).into_response())
}

/// One page that listens.
struct LiveStream {
    visit: Visit,
    patient: Option<PatientId>,
    until: Timestamp,
    /// What the page heard last, where it was cut off.
    heard: Option<i64>,
    /// The look that stands, and since when.
    watch: Option<(Watch, Instant)>,
    zone: TimeZone,
    /// What was last told of what there is.
    known: Option<i64>,
    /// What was sent last, and when.
    sent: Vec<NewestVital>,
    sent_at: Option<Instant>,
    /// Among all pages that listen.
    _place: TakenPlace,
}

/// What the script on the page gets of a metric.
#[derive(Serialize)]
struct LiveValue<'a> {
    metric: &'a str,
    value: &'a str,
    heard: String,
    stale: bool,
}

fn events(stream: LiveStream) -> impl Stream<Item = Result<Event, Infallible>> {
    stream::unfold(stream, async |mut stream| {
        let closing = stream.visit.portal.closing.clone();
        let next = closing.run_until_cancelled(stream.next()).await.flatten()?;
        Some((Ok(next), stream))
    })
}

impl LiveStream {
    /// The next event, once there is something new; none where the page may not go on.
    async fn next(&mut self) -> Option<Event> {
        while self.visit.portal.clock.now() < self.until {
            let newest = match self.newest().await {
                Ok(newest) => newest,
                Err(PageError::Unavailable) => {
                    sleep(AWAY).await;
                    continue;
                }
                Err(_) => return None,
            };
            let now = self.visit.portal.clock.now();
            let measured = newest.iter().map(|vital| vital.measured_at.micros()).max().unwrap_or_default();
            if self.heard.take().is_some_and(|heard| heard < measured) {
                return Some(Event::default().event("gap").data(WORDS.live_gap));
            }
            // What has not changed is told again, since it has become older.
            let is_due = self.sent_at.is_none_or(|sent_at| sent_at.elapsed() >= TELL_EVERY);
            if is_due || newest != self.sent {
                (self.sent, self.sent_at) = (newest, Some(Instant::now()));
                let shown = tiles(&self.sent, now, &self.zone);
                let values: Vec<LiveValue<'_>> = shown.iter().map(value).collect();
                let values = serde_json::to_string(&values).ok()?;
                return Some(Event::default().event("vitals").id(measured.to_string()).data(values));
            }
            self.wait().await;
        }
        // The page has nothing more to ask.
        None
    }

    /// Waits for something new, or until what is not new is told again.
    async fn wait(&mut self) {
        let (Some((watch, _)), Some(token)) = (self.watch, self.visit.token.as_ref()) else { return };
        self.known = self.visit.portal.news.wait((token, watch), self.known, TELL_EVERY).await;
    }

    async fn newest(&mut self) -> Result<Vec<NewestVital>, PageError> {
        if self.watch.as_ref().is_none_or(|(_, since)| since.elapsed() > LOOK_EVERY) {
            self.look().await?;
        }
        let (watch, _) = self.watch.as_ref().ok_or(PageError::NotFound)?;
        let mut seat = self.visit.seat().await?;
        seat.peek(watch).await
    }

    /// Records another look: nobody touched the page for it.
    async fn look(&mut self) -> Result<(), PageError> {
        let mut seat = self.visit.seat().await?;
        let (mut actor, viewer) = seat.look_unseen().await?;
        let patient = self.patient.or(viewer.profile.patient_id).ok_or(PageError::NotFound)?;
        let watch = begin_watch(&mut actor, patient).await?;
        // A look that was refused is recorded as well.
        actor.commit().await?;
        let watch = watch.ok_or(PageError::NotFound)?;
        self.zone = viewer.zone;
        self.watch = Some((watch, Instant::now()));
        Ok(())
    }
}

fn value(tile: &Tile) -> LiveValue<'_> {
    let heard = format!("{} {}", WORDS.last_heard, tile.ago);
    LiveValue { metric: &tile.metric, value: &tile.value, heard, stale: tile.is_stale }
}
