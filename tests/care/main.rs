//! The promises of the network's own data: who, where, when, what it costs, and who may see it. One file for each area.

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
mod network;

/// Tables that got other names.
mod renamed;

/// What stood before organisations and two ratings.
mod upgrade;

/// What every table keeps to.
mod schema;

/// What the page says of logins and the server, on a server.
mod privilege;

/// What a key tells by itself.
mod oracles;

/// Who may make a backup, and what a restored one holds.
mod backup;

/// Accounts, and who keeps them.
mod account_bounds;
mod accounts;

/// What the manager of a facility keeps.
mod manager;

/// Departments, equipment, attendance and categories of a facility.
mod upkeep;

/// What the administrators of the network keep.
mod administrator;

/// Organisations, kinds of visit, prices and plans.
mod catalogues;

/// What who watches the quality of care is told.
mod quality;

/// A facility with hours, and the portal.
mod practice;

/// States, cities, facilities, people.
mod directory;

/// Open times, and what can be booked.
mod scheduling;

/// Many who want the same at once.
mod race;

/// Births that are known in part.
mod birth;

/// Names of one word, and in several scripts.
mod naming;

/// Licences, and where each holds.
mod license;

/// What memberships cost, and how they go on.
mod membership_price;

/// Release windows by membership.
mod priority;

/// Who gets a time that is given back.
mod waitlist;

/// Kinds of visit, and what they keep free.
mod appointment_type;

/// Rooms and equipment of visits.
mod resources;

/// Visits that come back.
mod series;

/// Why visits are cancelled, and whether in time.
mod cancellation;

/// What comes of missed visits.
mod attendance_policy;

/// What patients say of visits.
mod review;

/// Visits by video.
mod telehealth;

/// What a program does with the record.
mod record;

/// Every rule of the record, broken.
mod record_rules;

/// Names, addresses, contacts and numbers of patients.
mod people;

/// Who stands near a patient, and who acts for one.
mod proxy;

/// People erased, and the proof of it.
mod erasure;

/// What is left of an erased person, and what others do by it.
mod erasure_after;

/// Words of an erased person, looked for everywhere.
mod erasure_marks;

/// Classes of rows, and how long they are kept.
mod retention;

/// Wholes that expire with their parts.
mod expiry;

/// One person, one record: search, links, sealed numbers.
mod identity;

/// Conditions, procedures, allergies, immunizations, former versions.
mod history;

/// Visits and stays.
mod encounter;

/// Drugs, prescriptions, fills.
mod medication;

/// Laboratory, images, reports.
mod labs;

/// What the tests of observations share.
mod observing;

/// What is measured, seen or asked at a visit or at home.
mod observations;

/// Each rule of it, broken.
mod observation_rules;

/// One series of all that was measured.
mod chart_series;

/// Records of other systems.
mod intake;

/// An account that calls functions of `api`.
mod caller;

/// What one asks another to do for a patient.
mod requests;

/// Tasks and inboxes.
mod inbox;

/// Messages between patients and who cares for them.
mod messages;

/// Documents, sealed.
mod documents;

/// A day's work through the wrappers of the store.
mod work;

/// Notifications, quiet hours, reminders.
mod notifications;

/// Who is to come back, and which vaccinations are due.
mod recalls;

/// Questionnaires, answers, scores.
mod questionnaire;

/// Sensitive rows, and whom they are open to.
mod sensitive;

/// The record kept apart.
mod sensitive_record;

/// Looks that name what was open.
mod sensitive_look;

/// Readmission, adherence, trends.
mod outcome;

/// What programmes came to.
mod programme_outcome;

/// Enums of words against the database's lists.
mod words;

/// What a person is told.
mod refusal;

/// Each program's least.
mod roles;

/// Every table against every part.
mod matrix;

/// What the portal's login may execute.
mod api;

/// Who holds its login and looks for what is not theirs.
mod hostile;

/// Every function of it against every part.
mod api_matrix;

/// What opens a record and what closes it.
mod access;

/// Who acts, and what was seen.
mod session;

/// Samples as the portal sees them.
mod samples;

/// The audit's chain.
mod audit;

/// Its heads, signed and shipped.
mod heads;

/// What its owner does besides.
mod forgery;

/// Its partitions, made ahead and detached.
mod partitions;

/// Their way out.
mod shipping;

/// What an analyst sees.
mod analyst;

/// References and checks of directory and schedule.
mod whole;

/// What the tests of wellness share.
mod wellness;

/// Plans and goals.
mod goals;

/// Wellness programmes.
mod programme;

/// The journal.
mod journal;

/// Organisations, departments and categories.
mod organisation;

/// Wellness centres.
mod centre;

/// The community.
mod community;

/// Its events.
mod unsigned;

/// Every rule of wellness.
mod rules;

/// Insurance, invoices, claims, payments, the ledger.
mod money;

/// Answers of insurers with codes, and what is asked for again.
mod adjudication;

/// What plans of insurers pay, and what was used of it.
mod benefits;

/// What charges would cost, by a model.
mod estimate;

/// What insurers said of coverages.
mod eligibility;

/// Two coverages of one patient.
mod coordination;

/// Sums that are kept.
mod tally;

/// Sums that are kept of the record.
mod tally_record;

/// What a portal asks of money, wait-list and visits.
mod portal;

/// Devices given to people.
mod device;

/// What the schema says of itself.
mod dictionary;

/// Databases of the former migrations.
mod bridge;

/// What nobody removes of a person under legal hold.
mod hold;
/// What nobody does to archive and quarantine of a person under legal hold.
mod hold_samples;

/// Care that does not renew itself.
mod renewal;

/// Who wore what, said through the portal.
mod wear;

/// What bears a name.
mod signer;

/// What a biller may not do.
mod billing;

/// Caps and stamps.
mod limits;

/// What is learnt by trying.
mod probe;

/// Worklists and charts.
mod worklist;

/// What is written into charts.
mod charting;

/// A patient at a visit, and who is around.
mod ward;

/// Notes of visits.
mod notes;

/// What is to be done by a plan.
mod activities;

/// What speaks against a prescription, and medicines gone through.
mod drugs;

/// Alerts and their rules.
mod alerts;

/// Predictions and advice.
mod advice;

/// Every rule of notes, drugs, alerts and advice.
mod insight_rules;

/// Rights that end while somebody looks.
mod moment;

/// Published means, subtracted.
mod differencing;

/// The made-up network.
mod population;
