//! The promises of the portal: who sees which page, how one signs in, and what no page does. Pages are asked for as a browser
//! asks, through the router, against a database of the test's own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test says no by panicking"
)]

#[path = "../support/mod.rs"]
mod support;

/// A small network to try things in.
#[path = "../care/network.rs"]
#[expect(dead_code, reason = "the pages need few of its helpers")]
mod network;

/// A facility and a provider who are always there.
#[path = "../care/practice.rs"]
#[expect(dead_code, reason = "the pages need few of its helpers")]
mod practice;

/// A portal, and browsers that ask it.
mod house;

/// An account of each part, and what URLs name.
mod cast;

/// What each part gets of each URL.
mod cells;

/// Parts × URLs.
mod matrix;

/// Ids of somebody else.
mod ids;

/// Passwords, codes, links, guesses.
mod sign_in;

/// Proving once more who one is, and what was interrupted.
mod confirm;

/// Signing in by way of a provider of OpenID Connect.
mod provider;

/// A device that keeps passkeys, as a program.
mod device;

/// Signing in by passkeys.
mod passkeys;

/// What is kept of them.
mod credentials;

/// Promises by their number in a standard.
mod asvs;

/// Forms of other sites.
mod cross_site;

/// What holds for every page.
mod every_page;

/// Rules that forms tell of.
mod rules;

/// What pages show.
mod pages;

/// Problems of a record.
mod problems;

/// Medicines and allergies of a record.
mod chart_medicines;

/// Notes of a record.
mod chart_notes;

/// Worklist, emergencies, plans and summary.
mod chart_day;

/// Results, visits and orders of a record.
mod chart_results;

/// Results that are recorded, signed and corrected, and what waits for it.
mod chart_signing;

/// Documents, questionnaires, procedures, plans and flags of a record.
mod chart_papers;

/// One's own appointments.
mod own_appointments;

/// Times that are waited for and looked for.
mod own_finding;

/// One's own goals and programmes.
mod own_plan;

/// A glucose profile.
mod own_glucose;

/// The own record, read and found wrong.
mod own_record;

/// The own membership, begun, changed and ended.
mod own_membership;

/// Somebody who asks to be registered, and the desk that decides.
mod registrations;

/// The journal.
mod own_journal;

/// Who may look, and why.
mod own_sharing;

/// What is owed.
mod own_bills;

/// Messages to and from who cares.
mod own_messages;

/// Patients and who cares for them, to each other.
mod between_stories;

/// The community and its moderation.
mod own_community;

/// A moderator's day.
mod moderation;

/// To take along, and to be forgotten.
mod own_export;

/// A desk's day.
mod desk_stories;

/// From an invoice to nothing due.
mod bills_drafts;
mod bills_stories;

/// Figures.
mod analytics;

/// What the privacy officer watches.
mod audit;

/// What an operator watches.
mod operations;

/// What a manager keeps.
mod centre;
mod centre_premises;

/// What an administrator keeps.
mod network_catalogue;
mod network_kept;

/// Newest values as they come.
mod live;

/// Two accounts, few connections.
mod accounts;

/// A database that is away, a stream that is cut.
mod faults;

/// A sign-in page that is hammered.
mod flood;

/// What the demo alone has.
mod demo;

/// The pages in a real browser.
mod browser;
