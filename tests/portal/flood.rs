//! A sign-in page that is hammered from everywhere leaves the pages of a record usable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use tokio::task::JoinSet;

use crate::house::{Browser, House, PASSWORD, configured};
use crate::network::Network;

/// So many hammer at once, each from addresses of its own, so that no limit of an address stops them: more than there
/// are places for.
const HAMMERS: u8 = 100;
/// For so long.
const FOR: Duration = Duration::from_secs(4);
/// Within which a page must be there: an unoptimised program on a busy machine.
const USABLE_MAX: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hammered_sign_in_leaves_a_record_usable() {
    let network = Network::new().await;
    let config = configured(&network, "http://127.0.0.1:8080", &[]);
    let mut house = House::with(network, &config, None);
    let (patient, provider) = (house.named_patient("Ruiz", "Ana").await, house.network.provider().await);
    house.network.put_in_care(patient, provider).await;
    let account = house.network.account("provider", Some(provider)).await;
    let carer = house.signed_in(account).await;
    let record = format!("/patients/{patient}");
    assert_eq!(carer.get(&record).await.status, StatusCode::OK);

    let (is_over, guesses) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut hammers = JoinSet::new();
    for hammer in 0..HAMMERS {
        let (visitor, is_over, guesses) = (house.visitor(), Arc::clone(&is_over), Arc::clone(&guesses));
        hammers.spawn(async move {
            let mut statuses = Vec::new();
            for guess in 0_u16.. {
                if is_over.load(Ordering::Relaxed) {
                    break;
                }
                let address = format!("10.{hammer}.{}.{}:1", guess / 250, guess % 250).parse().unwrap();
                let login = format!("nobody-{hammer}-{guess}");
                let browser = Browser { address, ..visitor.clone() };
                let answer = browser.post("/sign-in", &[("login", &login), ("password", "a guess of many")]).await;
                statuses.push(answer.status);
                // Over a wire the next question takes its time as well.
                tokio::time::sleep(Duration::from_millis(2)).await;
                guesses.fetch_add(1, Ordering::Relaxed);
            }
            statuses
        });
    }
    let (begun, mut slowest, mut pages) = (Instant::now(), Duration::ZERO, 0);
    while begun.elapsed() < FOR {
        let asked = Instant::now();
        let page = carer.get(&record).await;
        slowest = slowest.max(asked.elapsed());
        assert_eq!(page.status, StatusCode::OK, "{}", page.body);
        pages += 1;
    }
    is_over.store(true, Ordering::Relaxed);
    assert!(slowest < USABLE_MAX, "{slowest:?} for a page of {pages}");
    let statuses = hammers.join_all().await.concat();
    assert!(guesses.load(Ordering::Relaxed) >= usize::from(HAMMERS), "it was hammered");
    let is_told = |status: &StatusCode| {
        let known = [StatusCode::UNPROCESSABLE_ENTITY, StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE];
        known.contains(status)
    };
    assert!(statuses.iter().all(is_told), "{statuses:?}");
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS), "who finds no place is told so at once");
    let mut later = house.visitor();
    let login = house.login_of(account).await;
    assert_eq!(later.signs_in(&login, PASSWORD, "").await.status, StatusCode::SEE_OTHER, "and it is over with them");
}
