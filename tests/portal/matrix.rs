//! Parts × URLs: every cell, asked for. A URL without a row fails, and so does a row without a URL.

use axum::http::StatusCode;
use healthtrack::model::people::Role;
use healthtrack::portal::urls;

use crate::cast::Cast;
use crate::cells;
use crate::house::{Browser, House};

/// What an answer is.
async fn cell(browser: &Browser, method: &str, path: &str) -> char {
    let form = [("session", "00000000-0000-4000-8000-000000000000")];
    let headers = [("sec-fetch-site", "same-origin")];
    let answer = browser.ask(method, path, &headers, if method == "POST" { &form } else { &[] }).await;
    match answer.status {
        StatusCode::OK => 'y',
        StatusCode::NOT_FOUND => 'n',
        StatusCode::UNPROCESSABLE_ENTITY => 'u',
        StatusCode::SEE_OTHER if answer.location().starts_with("/sign-in?next=") => 'i',
        StatusCode::SEE_OTHER => 'r',
        other => panic!("{method} {path}: {other}"),
    }
}

#[tokio::test]
async fn every_part_gets_the_pages_of_its_row_and_no_other() {
    let cast = Cast::new().await;
    let cells = cells::all();
    let rows: Vec<&str> = cells.iter().map(|(path, ..)| *path).collect();
    let known: Vec<&str> = urls().iter().map(|url| url.path).collect();
    assert_eq!(rows, known, "each URL has its row");
    let mut wrong = Vec::new();
    for (path, method, expected) in &cells {
        let asked = cast.path(path);
        let mut found = String::from(cell(&cast.house.visitor(), method, &asked).await);
        found.push(' ');
        for role in Role::ALL {
            found.push(cell(&cast.browser(*role).await, method, &asked).await);
        }
        if found != *expected {
            wrong.push(format!("{path}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn another_persons_page_is_the_very_page_that_is_not_there() {
    let mut house = House::new().await;
    let (own, stranger) = (house.named_patient("Ruiz", "Ana").await, house.named_patient("Nakamura", "Kenji").await);
    let provider = house.network.provider().await;
    house.network.put_in_care(own, provider).await;
    let carer = house.network.account("provider", Some(provider)).await;
    let carer = house.signed_in(carer).await;
    let nowhere = carer.get("/nowhere").await;
    let nobody = uuid::Uuid::new_v4();
    let mut others = vec![format!("/patients/{stranger}"), format!("/patients/{nobody}"), "/me".to_owned()];
    others.extend([format!("/patients/{stranger}/vitals"), "/patients/x".to_owned(), "/patients/x/vitals".to_owned()]);
    for path in others {
        let answer = carer.get(&path).await;
        assert_eq!((answer.status, &answer.body), (StatusCode::NOT_FOUND, &nowhere.body), "{path}");
        assert_eq!(answer.headers, nowhere.headers, "{path}");
    }
    assert!(nowhere.body.contains("There is no such page here, or it is not open to you."), "{}", nowhere.body);
    assert!(carer.get(&format!("/patients/{own}")).await.body.contains("Ruiz"));
    let denied = "SELECT count(*)::text FROM access.audit_event WHERE outcome = 'denied'";
    assert!(house.network.one(denied).await.parse::<u32>().unwrap() >= 2, "what was denied is told");
}
