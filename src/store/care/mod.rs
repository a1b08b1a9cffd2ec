//! The network's own data: who, where, when, what it costs, and who may see it.
//!
//! # Why
//! The tables refuse what cannot be true and row-level security hides what somebody may not see, so that no program can
//! forget either. What is left for Rust is small: to say who acts, to call a function or run a statement, and to turn a
//! refusal into one sentence. There is one file for each area, and no trait: there is one database.
//!
//! *Who acts stands in the signature.* What is about a person takes an `Actor`: a session's token, by which one account
//! acts with the portal's rights, audited with what it does. What is done by the clock or by whoever runs the
//! installation takes one of the connections with a name of `context`: `SignIn`, `Maintenance`, `Operator`, `Auditor`,
//! `SampleReader`. No public function takes a plain connection (`tests/tidy/care.rs`), so that none
//! reads a record in nobody's name by mistake.
//!
//! ```text
//! RuleCatalogue::read(connection)             once for each program: the sentence of every rule
//! Actor::begin(connection, &rules, &token)     who acts, until `commit`
//! schedule::hold(&mut actor, &request)        an AppointmentId, or a CareError with one sentence
//! ```
//!
//! Invariant: nothing that the database says in its own words reaches a person, since Postgres prints keys and values
//! (`error`; `tests/care/refusal.rs`).

/// What the database refuses, in one sentence; the one error of care.
pub mod error;

/// Who asks where nobody's account acts.
pub mod context;

/// What proves who acts.
pub mod session;

/// Who acts.
pub mod actor;

/// Passwords, one-time links, and the guesses that are left.
pub mod sign_in;

/// What devices sign in the place of passwords.
pub mod passkey;

/// The account that acts.
pub mod profile;

/// What opens a record.
pub mod rights;

/// To whom a record is open.
pub mod sharing;

/// The audit's chain.
pub mod audit;

/// What the privacy officer reads of it.
pub mod oversight;

/// The proof of its chains.
pub mod chain;

/// The keys that a patient's texts are encrypted with.
pub mod data_key;

/// A patient's samples.
pub mod samples;

/// Samples of what is hot, and quarters of what is archived.
pub mod quarters;

/// The same as charts draw them.
pub mod vitals;

/// Facilities and providers.
pub mod directory;

/// Facilities by name.
pub mod directory_named;

/// Accounts, and who keeps them.
pub mod account;
/// Organisations, departments, categories, and what patients say of them.
pub mod organisation;

/// A facility, as its manager keeps it.
pub mod upkeep;

/// Its staff, and when they see patients.
pub mod upkeep_staff;

/// Programmes, as the manager of their facility keeps them.
pub mod upkeep_programme;

/// Departments, equipment, attendance and categories, as managers keep them.
pub mod upkeep_department;

/// The network, as its administrators keep it.
pub mod administration;

/// Organisations, as administrators keep them.
pub mod upkeep_organisation;

/// What is kept, with all that is changed of it.
pub mod upkeep_read;

/// What providers are qualified for, and what care opens.
pub mod credential;

/// The network's catalogues.
pub mod catalogue;

/// Kinds of visit, as administrators keep them.
pub mod catalogue_visit;

/// Prices of membership, insurers and plans, as administrators keep them.
pub mod catalogue_insurance;

/// Counts and rates of many.
pub mod quality;

/// Appointments.
pub mod schedule;

/// Kinds of visit, and the rooms and equipment that they need.
pub mod appointment_type;

/// Visits that come back every so many weeks or months.
pub mod series;

/// Cancellations and missed visits.
pub mod attendance;

/// The wait-list for appointments.
pub mod waitlist;

/// Whether the server's log reaches its archive.
pub mod wal_archive;

/// What is measured, seen or asked at a visit or at home.
pub mod observation;

/// One series of all that was measured.
pub mod chart_series;

/// Visits by video, reviews, and follow-ups.
pub mod visit;

/// Invoices, claims, payments and refunds.
pub mod money;

/// What was charged and paid.
pub mod bill;

/// Patients, registered.
pub mod registration;

/// Who asks to be registered.
pub mod registration_request;

/// The record on one page, and its conditions.
pub mod record;

/// Documents, sealed.
pub mod document;

/// What plans of insurers pay, and what charges would cost.
pub mod benefit;

/// What insurers said of coverages.
pub mod eligibility;

/// Claims with their codes.
pub mod claim;

/// Memberships: their prices, periods and changes.
pub mod membership;

/// What is asked of others, and what was done for it.
pub mod request;

/// Tasks and inboxes.
pub mod task;

/// Messages between patients and who cares for them.
pub mod message;

/// What patients are told, and when they are to come back.
pub mod notification;

/// Conditions and allergies, written down.
pub mod charting;

/// Who somebody is, and how to reach them.
pub mod demographics;

/// The chart, page by page.
pub mod chart;

/// The whole chart, also what is over.
pub mod whole_chart;

/// Notes: written, signed, amended.
pub mod note;

/// Alerts that are open.
pub mod alert;

/// What a provider, a desk and a biller have before them.
pub mod worklist;

/// Plans and their editions.
pub mod care_plan;

/// Answers to questionnaires.
pub mod questionnaire;

/// What was done to a patient.
pub mod procedure;

/// What waits for a provider's signature, and whose devices are silent.
pub mod unfinished;

/// Visits with their rooms, and who waits, for the desk.
pub mod desk;

/// Invoices and claims of a facility, for who bills.
pub mod bills;

/// Invoices before they are issued.
pub mod drafting;

/// Laboratory results.
pub mod lab;

/// Prescriptions and fills.
pub mod medication;

/// Outcomes by published definitions.
pub mod outcome;

/// Care plans, goals and their progress.
pub mod goal;

/// Who sees patients where.
pub mod practice;

/// Wellness programmes, and how much a centre is used.
pub mod programme;

/// Journals.
pub mod journal;

/// Spaces, posts and replies.
pub mod community;

/// What is reported, and decided about it.
pub mod moderation;

/// All that there is of a patient.
pub mod export;

/// Devices given to people.
pub mod device;

/// People erased, by class of rows.
pub mod erasure;

/// What is done by the clock.
pub mod maintenance;
