//! A hostile client: it holds the portal's login, perhaps with a token, and looks for facts that are not its to know.
//!
//! Each technique has a name, and writes down whatever the server lets it see: rows, errors with all their fields,
//! notices. It has found something where the text of a fact is in what was seen, where the same attempt says something
//! else of a person who exists than of one who does not, or where what must be refused was let. Each way in that was
//! closed is opened again on purpose, and those techniques that are named for it have to find it, and no other.
//!
//! What no design closes, and how far it reaches, stands in `schemas/access.md`.

/// What a client sees.
mod client;
/// Ways in, opened again.
mod holes;
/// Keys of others.
mod keys;
/// What is tried with functions that are one's own.
mod misuse;
/// Who is there.
mod people;
/// Who may, and does.
pub(crate) mod rightful;
/// Rules, taken away.
mod rules;
/// Copies to try things in.
mod scene;
/// What is tried on the server itself.
mod server;
/// What is tried to read, and as whom.
mod techniques;
/// Time, and what the server does in it.
mod timing;
/// Tries, and says what was found.
mod trial;

use std::collections::BTreeSet;

use holes::{Hole, OF_RIGHTS, UNOPENED};
use rules::OF_RULES;
use scene::{Template, Who};

#[tokio::test]
async fn it_finds_nothing_by_errors_plans_statistics_locks_notices_switching_or_rolling_back() {
    let template = Template::new().await;
    let found = trial::by_statements(&mut template.scene("").await).await;
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn each_right_that_is_given_back_is_found_by_the_techniques_for_it_and_by_no_other() {
    assert_eq!(found_otherwise(OF_RIGHTS).await, [""; 0]);
}

#[tokio::test]
async fn each_rule_that_is_taken_away_is_missed_by_the_techniques_for_it_and_by_no_other() {
    assert_eq!(found_otherwise(OF_RULES).await, [""; 0]);
}

#[test]
fn each_technique_finds_a_hole() {
    let used: BTreeSet<&str> =
        OF_RIGHTS.iter().chain(OF_RULES).flat_map(|hole| hole.found_by).chain(&UNOPENED).copied().collect();
    let known: BTreeSet<&str> = trial::techniques().map(|technique| technique.name).collect();
    assert_eq!(used, known);
}

#[tokio::test]
async fn no_function_tells_a_strangers_key_from_one_of_nothing() {
    let template = Template::new().await;
    let told = keys::told(&mut template.scene("").await, None).await;
    assert_eq!(told, keys::known(), "and what is known to be told is told");
    let planted = "SELECT pg_temp.edit('care.leave_waitlist', 'UPDATE care.waitlist_entry',
        'IF EXISTS (SELECT FROM care.waitlist_entry WHERE waitlist_entry_id = asked) THEN RAISE division_by_zero; END IF;
         UPDATE care.waitlist_entry')";
    let told = keys::told(&mut template.scene(planted).await, None).await;
    assert!(told.contains(&("leave_waitlist".to_owned(), "waitlist_entry".to_owned(), Who::Provider)), "{told:?}");
}

#[tokio::test]
async fn no_function_waits_for_a_row_of_a_stranger() {
    let template = Template::new().await;
    let told = keys::told(&mut template.scene("").await, Some(keys::CHANGED_MEANWHILE)).await;
    assert_eq!(told, keys::known());
    let planted = "SELECT pg_temp.edit('care.leave_waitlist', 'UPDATE care.waitlist_entry',
        'PERFORM FROM care.waitlist_entry WHERE waitlist_entry_id = asked FOR UPDATE; UPDATE care.waitlist_entry')";
    let told = keys::told(&mut template.scene(planted).await, Some(keys::CHANGED_MEANWHILE)).await;
    assert!(told.contains(&("leave_waitlist".to_owned(), "waitlist_entry".to_owned(), Who::Provider)), "{told:?}");
}

#[tokio::test]
async fn a_denied_look_takes_as_long_and_as_much_as_one_at_nobody() {
    let template = Template::new().await;
    let scene = template.scene("").await;
    assert_eq!(timing::by_scans(&scene).await, [""; 0]);
    assert_eq!(timing::by_time(&scene).await, [""; 0]);
    let planted = "SELECT pg_temp.edit('access.look', 'reason := access', 'IF EXISTS (SELECT FROM care.patient p
        WHERE p.patient_id = look.patient) THEN PERFORM pg_sleep(0.005), (SELECT count(*) FROM care.patient_name);
        END IF; reason := access')";
    let scene = template.scene(planted).await;
    assert_eq!(timing::by_scans(&scene).await.len(), timing::CALLS.len());
    assert_eq!(timing::by_time(&scene).await.len(), timing::CALLS.len());
}

#[tokio::test]
async fn each_function_lets_those_through_who_are_meant_to_call_it() {
    let template = Template::new().await;
    let refused = rightful::refused(&template, "").await;
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    let planted = "SELECT pg_temp.edit('api.read_samples', 'me := access.enter(token);', 'me := access.enter(NULL);')";
    let refused = rightful::refused(&template, planted).await;
    assert!(refused.len() == 1 && refused[0].starts_with("read_samples"), "{refused:?}");
}

/// Holes that are found by other techniques than by those for them.
async fn found_otherwise(holes: &[Hole]) -> Vec<String> {
    let template = Template::new().await;
    let mut wrong = Vec::new();
    for hole in holes {
        let found = trial::by_statements(&mut template.scene(hole.opened).await).await;
        let names: BTreeSet<&str> = found.keys().copied().collect();
        let expected: BTreeSet<&str> = hole.found_by.iter().copied().collect();
        if names != expected {
            let others: Vec<_> = found.iter().filter(|(name, _)| !expected.contains(*name)).collect();
            wrong.push(format!("{}: found by {names:?}, not by {expected:?}; {others:?}", hole.name));
        }
    }
    wrong
}
