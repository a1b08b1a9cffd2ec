//! The pages in a real browser: Debian's Chromium, which lays them out, runs their script and keeps their policy.
//!
//! ```text
//! stage      a portal on a port of 127.0.0.1, over the database of a test
//! chromium   a browser, spoken to by its DevTools protocol over two pipes
//! hands      what people do at one: fill in, choose, press what bears a name
//! examine    what is wrong with the page that it shows: axe's rules, width, keys, script, console
//! ```
//!
//! # Why
//! *The protocol itself, without a driver.* Chromium reads and writes JSON on two pipes; what these tests need of it is
//! some twenty commands. Each driver brings a process of its own (Node, chromedriver) or a hundred crates, a version
//! that must fit that of the browser, and the pages of a person who debugs through it; the pipes end with the browser.
//!
//! *axe from PyPI.* Its one file comes in a package that pip fetches into the user's cache, as DuckDB does, at a version
//! that is named here: a newer one finds other faults, and that is a decision. It is run in the page by the protocol,
//! which the page's policy does not bind, so that the policy stays as it is served.
//!
//! *Pages from the table.* Which pages there are is told by the cells of the matrix of parts × URLs, which no page can be
//! without; so a page that is added is looked at here without a word.
//!
//! A machine without Chromium says so aloud (`apt-get install chromium`) and, where nothing may be skipped, fails.

/// A browser.
mod chromium;

/// What people do at it.
mod hands;

/// The rules of accessibility.
mod axe;

/// A portal that browsers reach.
mod stage;

/// What is wrong with a page.
mod examine;

/// A page with faults.
mod planted;

/// Every page.
mod pages;

/// Every page that links lead to, in a network with people in it.
mod populated;

/// A device's passkey.
mod passkey;

/// A sign-in somewhere else.
mod elsewhere;

/// A visit, from signing in to signing out.
mod story;

/// A day of several parts.
mod day;

/// Several people and one record.
mod together;

/// A wire that is cut.
mod cut;
