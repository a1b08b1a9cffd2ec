//! Leave: what one connection does to leave filters, or its whole session, without losing what waits in it.
//!
//! # Why
//! A filter that is no longer wanted, or a session, may hold messages that their publishers were told are safe. Some
//! brokers drop what is queued for a filter when it is unsubscribed, so everything that waits is taken first. That it
//! is all is proved by pings: a broker answers in order, so at its answer all is known that it had sent, and all that
//! it had been acknowledged. Where fewer messages are outstanding then than were at some other time, it had room
//! for one more and sent none: nothing waits. A topic that is always busy is drained by that rule too; that it is idle
//! for a moment is not needed. A session is ended only once all that came in it is acknowledged, too.
//!
//! ```text
//! Behind ─ nothing waits ─> Waiting ─ all that is wanted is subscribed ─> CatchingUp ─ nothing waits ─┐
//!                                         ┌─ UNSUBACK <─ Unsubscribing <─────────────────────────────┘
//!     Done <─ the connection lives on ────┤
//!     Ending: DISCONNECT, expiry 0 <─ nothing waits ─ Emptying <─ its session ends
//! ```
//! Nothing is subscribed anew while a connection is behind: what is older comes first, since of two words on one
//! sample it matters which came first.
//!
//! Pure: no socket and no clock. A new connection begins anew, with what is still to be left.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How often a broker is asked whether something waits.
const ASK_EVERY: Duration = Duration::from_millis(200);
/// For how long every answer must be no: a broker may read what it keeps from a disk.
const CALM: Duration = Duration::from_secs(1);
/// How long UNSUBACK may take.
const UNSUBACK_TIMEOUT: Duration = Duration::from_secs(30);
/// Pings that may be unanswered; of more nothing is remembered.
const PINGS_MAX: usize = 64;

/// What is to be left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Left {
    /// Filters of an earlier configuration.
    pub filters: Vec<String>,
    /// The session with them.
    pub session: bool,
}

/// What is due on the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// PINGREQ.
    Ask,
    /// UNSUBSCRIBE.
    Unsubscribe(Vec<String>),
    /// DISCONNECT with which the session ends.
    EndSession,
}

/// What an answer of the broker tells.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// When it was asked.
    pub asked: Instant,
    /// Nothing waited there when it answered.
    pub is_idle: bool,
}

/// How far a connection is.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Step {
    Behind,
    Waiting,
    CatchingUp,
    Unsubscribing { since: Instant },
    Emptying,
    Ending,
    Done,
}

/// How one connection leaves what is to be left.
#[derive(Debug)]
pub struct Leave {
    left: Left,
    step: Step,
    /// Messages that are to be acknowledged, and those that are.
    received: u64,
    acknowledged: u64,
    /// The most that were outstanding at once: the broker sends as many ahead.
    most: u64,
    /// Each ping that is unanswered, and what was acknowledged before it.
    pings: VecDeque<(Instant, u64)>,
    /// Later ones, of which nothing is remembered.
    further_pings: u64,
    calm_since: Option<Instant>,
    asked_at: Option<Instant>,
    /// Somebody else wants to know whether something waits.
    is_asked: bool,
    /// Nothing is unsubscribed before.
    leaves_from: Instant,
}

impl Leave {
    /// At the beginning of a connection, which unsubscribes from nothing before `leaves_from`.
    pub fn new(left: Left, leaves_from: Instant) -> Leave {
        let step = if left == Left::default() { Step::Done } else { Step::Behind };
        Leave {
            left,
            step,
            received: 0,
            acknowledged: 0,
            most: 0,
            pings: VecDeque::new(),
            further_pings: 0,
            calm_since: None,
            asked_at: None,
            is_asked: false,
            leaves_from,
        }
    }

    /// Asks the broker until nothing waits, whatever is to be left.
    pub fn ask(&mut self) {
        self.is_asked = true;
    }

    /// True until it may begin.
    pub fn is_waiting(&self) -> bool {
        self.step == Step::Waiting
    }

    /// True until all that waited at first is taken.
    pub fn is_behind(&self) -> bool {
        self.step == Step::Behind
    }

    /// True once DISCONNECT has left.
    pub fn is_ended(&self) -> bool {
        self.left.session && self.step == Step::Done
    }

    /// Every filter that is wanted is subscribed, on whichever connection.
    pub fn begin(&mut self) {
        if self.is_waiting() {
            self.step = Step::CatchingUp;
        }
    }

    /// So many messages came that are to be acknowledged.
    pub fn receive(&mut self, messages: u64) {
        self.received += messages;
        self.most = self.most.max(self.received.saturating_sub(self.acknowledged));
    }

    /// So many acknowledgements left.
    pub fn acknowledge(&mut self, messages: u64) {
        self.acknowledged += messages;
    }

    /// Whether the connection brought anything that is acknowledged, so that the next need not; it counts once.
    pub fn take_progress(&mut self) -> bool {
        std::mem::take(&mut self.acknowledged) > 0
    }

    /// A ping leaves, for whatever reason.
    pub fn ping(&mut self, now: Instant) {
        // Answers come in order: none may be taken for that of a later ping.
        if self.pings.len() < PINGS_MAX && self.further_pings == 0 {
            self.pings.push_back((now, self.acknowledged));
        } else {
            self.further_pings += 1;
        }
    }

    /// The first unanswered ping is answered; none where nothing is remembered of it.
    pub fn answer(&mut self, now: Instant) -> Option<Answer> {
        let Some((asked, acknowledged)) = self.pings.pop_front() else {
            self.further_pings = self.further_pings.saturating_sub(1);
            return None;
        };
        Some(Answer { asked, is_idle: self.is_idle(acknowledged, now) })
    }

    /// Whether nothing waited at the broker when it answered a ping before which so much was acknowledged.
    fn is_idle(&mut self, acknowledged: u64, now: Instant) -> bool {
        let outstanding = self.received.saturating_sub(acknowledged);
        if outstanding > 0 && outstanding >= self.most {
            self.calm_since = None;
            return false;
        }
        let since = *self.calm_since.get_or_insert(now);
        if now.duration_since(since) < CALM {
            return false;
        }
        self.is_asked = false;
        self.step = match self.step {
            Step::Behind => Step::Waiting,
            Step::CatchingUp if self.left.filters.is_empty() => Step::Ending,
            Step::CatchingUp if now < self.leaves_from => return true,
            Step::CatchingUp => Step::Unsubscribing { since: now },
            Step::Emptying => Step::Ending,
            Step::Waiting | Step::Unsubscribing { .. } | Step::Ending | Step::Done => return true,
        };
        (self.calm_since, self.asked_at) = (None, None);
        true
    }

    /// UNSUBACK came.
    pub fn unsubscribed(&mut self) {
        if matches!(self.step, Step::Unsubscribing { .. }) {
            self.step = if self.left.session { Step::Emptying } else { Step::Done };
        }
    }

    /// What is due now; it counts as done.
    pub fn take_due(&mut self, now: Instant) -> Option<Action> {
        match self.step {
            Step::Behind | Step::CatchingUp | Step::Emptying if self.may_ask(now) => Some(self.put_question(now)),
            Step::Done if self.is_asked && self.may_ask(now) => Some(self.put_question(now)),
            Step::Unsubscribing { .. } if self.asked_at.is_none() => {
                self.asked_at = Some(now);
                Some(Action::Unsubscribe(self.left.filters.clone()))
            }
            // A broker that does not answer keeps the subscription, and a session is ended all the same.
            Step::Unsubscribing { since } if now.duration_since(since) >= UNSUBACK_TIMEOUT => {
                self.unsubscribed();
                None
            }
            // What came and is not acknowledged is in this session alone: whatever happens to it, it must come again.
            Step::Ending if self.received <= self.acknowledged => {
                self.step = Step::Done;
                Some(Action::EndSession)
            }
            _ => None,
        }
    }

    fn may_ask(&self, now: Instant) -> bool {
        self.pings.is_empty() && self.asked_at.is_none_or(|asked| now.duration_since(asked) >= ASK_EVERY)
    }

    fn put_question(&mut self, now: Instant) -> Action {
        self.asked_at = Some(now);
        self.ping(now);
        Action::Ask
    }

    /// When `take_due` is to be asked again, unless something happens before.
    pub fn next_at(&self, now: Instant) -> Option<Instant> {
        match self.step {
            Step::Waiting => None,
            Step::Done => self.is_asked.then_some(now + ASK_EVERY),
            Step::Behind | Step::CatchingUp | Step::Emptying | Step::Unsubscribing { .. } | Step::Ending => {
                Some(now + ASK_EVERY)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A broker with a window, a queue, and messages that go on coming for as long as it is subscribed.
    struct Broker {
        queued: u64,
        outstanding: u64,
        window: u64,
        /// Acknowledgements and pings on their way.
        inbox: Vec<Wire>,
    }

    enum Wire {
        Ack,
        Ping,
    }

    /// Leaves a session, the broker of which gets so many new messages a step; what waited when it unsubscribed. From
    /// some steps on nothing is committed for a while.
    fn leave(
        queued: u64,
        window: u64,
        arriving: u64,
        session: bool,
        stalled: std::ops::Range<u64>,
    ) -> (Leave, Option<u64>) {
        let left = Left { filters: vec!["a/#".to_owned()], session };
        let (mut leave, mut now) = (Leave::new(left, Instant::now()), Instant::now());
        let mut broker = Broker { queued, outstanding: 0, window, inbox: Vec::new() };
        let (mut unacknowledged, mut waited, mut is_subscribed) = (0, None, true);
        for step in 0..100_000 {
            now += Duration::from_millis(5);
            broker.queued += if is_subscribed { arriving } else { 0 };
            for wire in std::mem::take(&mut broker.inbox) {
                match wire {
                    Wire::Ack => broker.outstanding -= 1,
                    Wire::Ping => {
                        unacknowledged += deliver(&mut broker, &mut leave);
                        leave.answer(now);
                    }
                }
            }
            unacknowledged += deliver(&mut broker, &mut leave);
            // Commits come at every fourth step.
            if step % 4 == 0 && !stalled.contains(&step) {
                leave.acknowledge(unacknowledged);
                broker.inbox.extend((0..unacknowledged).map(|_| Wire::Ack));
                unacknowledged = 0;
            }
            match leave.take_due(now) {
                Some(Action::Ask) => broker.inbox.push(Wire::Ping),
                Some(Action::Unsubscribe(_)) => {
                    (waited, is_subscribed) = (Some(broker.queued), false);
                    leave.unsubscribed();
                }
                Some(Action::EndSession) => {
                    // What leaves before it arrives before it.
                    let acks = broker.inbox.iter().filter(|wire| matches!(wire, Wire::Ack)).count() as u64;
                    assert_eq!(broker.queued + broker.outstanding, acks, "something is not acknowledged");
                }
                None => {}
            }
            leave.begin();
            if leave.step == Step::Done {
                break;
            }
        }
        (leave, waited)
    }

    fn deliver(broker: &mut Broker, leave: &mut Leave) -> u64 {
        let sent = broker.queued.min(broker.window - broker.outstanding);
        broker.queued -= sent;
        broker.outstanding += sent;
        leave.receive(sent);
        sent
    }

    #[test]
    fn nothing_waits_any_more_when_a_filter_is_left() {
        for (queued, window, arriving) in [(0, 20, 0), (5, 20, 0), (10_000, 20, 0), (10_000, 65_535, 0), (5_000, 20, 1)]
        {
            for session in [false, true] {
                let (leave, waited) = leave(queued, window, arriving, session, 0..0);
                assert_eq!((leave.step, waited), (Step::Done, Some(0)), "{queued} {window} {arriving} {session}");
                assert_eq!(leave.is_ended(), session);
            }
        }
    }

    #[test]
    fn a_session_is_not_ended_while_something_in_it_is_not_acknowledged() {
        // Twenty are committed at once, and three are not for half a minute.
        for begins in [1, 4, 5, 8] {
            let (leave, _) = leave(23, 20, 0, true, begins..6_000);
            assert!(leave.is_ended(), "{begins}");
        }
    }

    #[test]
    fn no_answer_is_taken_for_that_of_a_later_ping() {
        let (mut leave, begun) = (Leave::new(Left::default(), Instant::now()), Instant::now());
        let at = |ping: usize| begun + ASK_EVERY * u32::try_from(ping).unwrap();
        (0..PINGS_MAX + 2).for_each(|ping| leave.ping(at(ping)));
        let asked = |leave: &mut Leave| leave.answer(begun).map(|answer| answer.asked);
        assert_eq!(asked(&mut leave), Some(at(0)));
        leave.ping(at(PINGS_MAX + 2));
        let answers: Vec<_> = (1..PINGS_MAX + 3).map(|_| asked(&mut leave)).collect();
        let expected: Vec<_> = (1..PINGS_MAX + 3).map(|ping| (ping < PINGS_MAX).then(|| at(ping))).collect();
        assert_eq!(answers, expected);
        leave.ping(begun);
        assert_eq!(asked(&mut leave), Some(begun), "all are answered");
    }

    #[test]
    fn who_leaves_nothing_does_nothing() {
        let mut leave = Leave::new(Left::default(), Instant::now());
        leave.begin();
        assert_eq!((leave.take_due(Instant::now()), leave.is_ended()), (None, false));
    }
}
