//! What a page shows of a membership: the one that runs, plans with their prices, and periods that are over.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;

use crate::model::people::FeePeriod;
use crate::model::time::Timestamp;
use crate::portal::money::money;
use crate::portal::shown::day_of;
use crate::portal::words::record::RECORD;
use crate::store::care::membership::{MembershipPeriod, MembershipPrice};

/// The membership that runs.
pub(super) struct MembershipView {
    /// What, and how it is.
    pub(super) facts: Vec<[String; 2]>,
}

/// The period that forms are about: the latest that is charged and not over, else one that is never charged.
pub(super) fn current(periods: &[MembershipPeriod], now: Timestamp) -> Option<&MembershipPeriod> {
    let runs = |period: &&MembershipPeriod| period.until_at.is_none_or(|until| until > now);
    let mut charged = periods.iter().filter(runs).filter(|period| period.per.is_some());
    charged.next().or_else(|| periods.iter().find(|period| runs(period) && period.from_at <= now))
}

fn title<'a>(plan: &'a str, prices: &'a [MembershipPrice]) -> &'a str {
    prices.iter().find(|price| price.plan == plan).map_or(plan, |price| &price.title)
}

/// What the page tells of it.
pub(super) fn view(known: &MembershipPeriod, prices: &[MembershipPrice], zone: &TimeZone) -> MembershipView {
    let fact = |name: &str, told: String| [name.to_owned(), told];
    let mut facts = vec![fact(RECORD.plan, title(&known.plan, prices).to_owned())];
    let next = known.next_plan.as_deref().unwrap_or(&known.plan);
    let of = |plan: &str| {
        let mut fits = prices.iter().filter(|price| price.plan == plan);
        fits.find(|price| Some(price.per) == known.per && Some(&price.currency) == known.currency.as_ref())
    };
    let charged = known.charged_cents.zip(known.currency.as_deref()).map(|(cents, currency)| money(cents, currency));
    let costs = match known.per {
        None => RECORD.free.to_owned(),
        Some(_) => format!("{} {}", charged.unwrap_or_default(), RECORD.for_this_period).trim_start().to_owned(),
    };
    facts.push(fact(RECORD.costs, costs));
    facts.push(fact(RECORD.runs, during(known, zone)));
    let until = known.until_at.map(|until| day_of(until, zone));
    let then = match (until, known.renews, known.last_period.zip(known.period)) {
        (None, ..) => RECORD.open_end.to_owned(),
        (Some(_), true, Some((last, period))) if last > period => format!("{} {}", RECORD.ends_after, last - period),
        (Some(until), true, None) if of(next).is_some() => format!("{} {until}", RECORD.renews),
        (Some(until), true, None) => format!("{} {until}: {}", RECORD.ends, RECORD.not_sold),
        (Some(until), ..) => format!("{} {until}", RECORD.ends),
    };
    facts.push(fact(RECORD.then, then));
    if next != known.plan {
        facts.push(fact(RECORD.changes_to, title(next, prices).to_owned()));
    }
    if let Some(price) = of(next).filter(|_| known.renews) {
        facts.push(fact(RECORD.costs_next, cost(price)));
    }
    if let Some(price) = prices.iter().find(|price| price.plan == known.plan) {
        facts.push(fact(RECORD.gives, gives(price)));
        facts.push(fact(RECORD.notice, notice(price)));
    }
    MembershipView { facts }
}

/// A plan with its prices.
pub(super) struct PlanOffered {
    pub(super) title: String,
    pub(super) costs: Vec<String>,
    pub(super) gives: String,
    pub(super) notice: String,
}

/// `29.90 USD a month`.
pub(super) fn cost(price: &MembershipPrice) -> String {
    let per = match price.per {
        FeePeriod::Month => RECORD.per_month,
        FeePeriod::Year => RECORD.per_year,
    };
    format!("{} {per}", money(price.price_cents, &price.currency))
}

/// From when until when.
fn during(period: &MembershipPeriod, zone: &TimeZone) -> String {
    let until = period.until_at.map(|until| day_of(until, zone)).unwrap_or_default();
    format!("{} – {until}", day_of(period.from_at, zone))
}

/// What it gives.
fn gives(price: &MembershipPrice) -> String {
    let mut gives = vec![format!("{} {}", price.lead_days, RECORD.days_ahead)];
    gives.extend(price.priority.then(|| RECORD.priority.to_owned()));
    gives.extend(price.telehealth.then(|| RECORD.telehealth.to_owned()));
    gives.extend(price.personal_plans.then(|| RECORD.personal_plans.to_owned()));
    gives.join(", ")
}

/// How many days before.
fn notice(price: &MembershipPrice) -> String {
    if price.notice_days == 0 { RECORD.notice_none.to_owned() } else { price.notice_days.to_string() }
}

/// Each plan once.
pub(super) fn plan_lines(prices: &[MembershipPrice]) -> Vec<PlanOffered> {
    let mut plans: BTreeMap<&str, Vec<&MembershipPrice>> = BTreeMap::new();
    for price in prices {
        plans.entry(&price.plan).or_default().push(price);
    }
    let line = |prices: &Vec<&MembershipPrice>| {
        let first = prices.first()?;
        Some(PlanOffered {
            title: first.title.clone(),
            costs: prices.iter().map(|price| cost(price)).collect(),
            gives: gives(first),
            notice: notice(first),
        })
    };
    plans.values().filter_map(line).collect()
}

/// Every period but the one that runs.
pub(super) fn former(
    periods: &[MembershipPeriod],
    known: Option<&MembershipPeriod>,
    prices: &[MembershipPrice],
    zone: &TimeZone,
) -> Vec<[String; 3]> {
    let others = periods.iter().filter(|period| Some(period.membership) != known.map(|known| known.membership));
    let charged = |period: &MembershipPeriod| {
        let charged = period.charged_cents.zip(period.currency.as_deref());
        charged.map(|(cents, currency)| money(cents, currency)).unwrap_or_default()
    };
    let line =
        |period: &MembershipPeriod| [title(&period.plan, prices).to_owned(), during(period, zone), charged(period)];
    others.map(line).collect()
}
