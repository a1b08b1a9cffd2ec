//! Several people and one record, by clicks and keys: a journal entry is shared and taken back, two providers change
//! the same problem, and a record is opened in an emergency.

use uuid::Uuid;

use super::chromium::Chromium;
use super::stage::Stage;
use crate::house::House;

/// What a provider reads with whom nothing is shared.
const NOTHING_SHARED: &str = "The patient shares no entry of the journal with you.";

/// A patient whom a provider cares for, and their logins.
struct Pair {
    house: House,
    stage: Stage,
    patient: Uuid,
    provider: Uuid,
    own_login: String,
    carer_login: String,
}

impl Pair {
    async fn new() -> Pair {
        let mut house = House::new().await;
        let (patient, provider) = (house.named_patient("Ruiz", "Ana").await, house.network.provider().await);
        let own = house.network.account("patient", Some(patient)).await;
        let carer = house.network.account("provider", Some(provider)).await;
        let (own_login, carer_login) = (house.login_of(own).await, house.login_of(carer).await);
        let stage = Stage::open(&house.network).await;
        Pair { house, stage, patient, provider, own_login, carer_login }
    }
}

#[tokio::test]
async fn an_entry_of_the_journal_is_shared_with_who_cares_and_taken_back() {
    let Some(mut web) = Chromium::start().await else { return };
    let mut pair = Pair::new().await;
    pair.house.network.put_in_care(pair.patient, pair.provider).await;
    web.signs_in(&pair.stage, &pair.own_login).await;
    web.presses("Journal").await;
    web.fills("#write-words", "Slept badly and late").await;
    web.chooses("#write-mood", "Low").await;
    web.presses("Keep this entry").await;
    web.shows("Slept badly and late").await;
    web.shows("Only you").await;

    let journal = pair.stage.url(&format!("/patients/{}/journal", pair.patient));
    let own = web.another().await;
    web.go(&journal).await;
    web.signs_in(&pair.stage, &pair.carer_login).await;
    web.shows(NOTHING_SHARED).await;

    let carers = web.turn_to(own);
    let open = web.evaluate("document.querySelector('article a').getAttribute('aria-label')").await;
    web.presses(open.as_str().unwrap()).await;
    web.chooses("#share-provider", "Ada Okafor").await;
    web.presses("Share").await;
    web.shows("until you end it").await;

    let own = web.turn_to(carers);
    web.go(&journal).await;
    web.shows("Slept badly and late").await;

    let carers = web.turn_to(own);
    web.presses("End: Ada Okafor").await;
    web.shows("Only you").await;

    web.turn_to(carers);
    web.go(&journal).await;
    web.shows(NOTHING_SHARED).await;
    web.is_well();
    web.close().await;
}

#[tokio::test]
async fn of_two_who_change_one_problem_the_second_sees_both_and_decides() {
    let Some(mut web) = Chromium::start().await else { return };
    let mut pair = Pair::new().await;
    let colleague = pair.house.network.provider().await;
    for provider in [pair.provider, colleague] {
        pair.house.network.put_in_care(pair.patient, provider).await;
    }
    let account = pair.house.network.account("provider", Some(colleague)).await;
    let colleague = pair.house.login_of(account).await;
    let problems = pair.stage.url(&format!("/patients/{}/problems", pair.patient));

    web.go(&problems).await;
    web.signs_in(&pair.stage, &pair.carer_login).await;
    web.fills("#add-title", "Asthma").await;
    web.fills("#add-code", "J45.909").await;
    web.chooses("#add-verification_status", "Confirmed").await;
    web.presses("Add").await;
    web.presses("Change: Asthma").await;

    let first = web.another().await;
    web.go(&problems).await;
    web.signs_in(&pair.stage, &colleague).await;
    web.presses("Change: Asthma").await;

    let second = web.turn_to(first);
    web.chooses("#change-clinical_status", "Remission").await;
    web.presses("Save").await;
    web.shows("Saved.").await;

    web.turn_to(second);
    web.chooses("#change-verification_status", "Refuted").await;
    web.presses("Save").await;
    web.shows("Somebody has changed this").await;
    web.shows("Current value: Remission").await;
    let status = "SELECT clinical_status || ' ' || verification_status FROM care.condition";
    assert_eq!(pair.house.network.one(status).await, "remission confirmed", "nothing is overwritten unseen");
    web.chooses("#change-clinical_status", "Active").await;
    web.presses("Save").await;
    web.shows("Saved.").await;
    assert_eq!(pair.house.network.one(status).await, "active refuted", "what the second has decided");
    web.close().await;
}

#[tokio::test]
async fn a_record_that_was_opened_in_an_emergency_tells_its_patient_who_did() {
    let Some(mut web) = Chromium::start().await else { return };
    let pair = Pair::new().await;
    web.signs_in(&pair.stage, &pair.carer_login).await;
    web.presses("Open a record in an emergency").await;
    web.fills("#open-patient", &pair.patient.to_string()).await;
    web.fills("#open-reason", "Now").await;
    web.presses("Open it now").await;
    web.shows("Say in a sentence why").await;
    web.fills("#open-reason", "Found unconscious in the street").await;
    web.presses("Open it now").await;
    web.shows("Ruiz, Ana").await;
    assert_eq!(web.path().await, format!("/patients/{}", pair.patient));

    web.signs_in(&pair.stage, &pair.own_login).await;
    web.presses("Who looked").await;
    web.shows("Ada Okafor").await;
    web.shows("Break glass").await;
    web.shows("Emergency").await;
    web.is_well();
    web.close().await;
}
