//! Bills: what is due stands first, each charge with what insurance said, and nobody else's is there.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::cast::Cast;
use crate::house::House;
use crate::own_journal::house;

/// A bill of 160.00 that was sent, of which 60.00 was paid.
pub(crate) async fn billed(house: &mut House, patient: Uuid, facility: Uuid, number: &str) -> Uuid {
    let network = &mut house.network;
    network
        .run(
            "INSERT INTO care.charge_code (charge_code, title, unit_price, currency)
             VALUES ('TALK-30', 'Talk <of> half an hour', 80, 'USD') ON CONFLICT DO NOTHING",
        )
        .await;
    let invoice = network
        .id(&format!(
            "INSERT INTO care.invoice (patient_id, facility_id, number) VALUES ('{patient}', '{facility}', '{number}')
             RETURNING invoice_id"
        ))
        .await;
    network
        .run(&format!(
            "INSERT INTO care.charge (patient_id, facility_id, invoice_id, served_on, charge_code, quantity, unit_price)
             VALUES ('{patient}', '{facility}', '{invoice}', '2026-06-01', 'TALK-30', 2, 80);
             SELECT care.issue_invoice('{invoice}', (current_date + 20)::date)"
        ))
        .await;
    network.run(&format!("SELECT care.pay('{invoice}-first', '{invoice}', 60, 'cash')")).await;
    invoice
}

/// The same for the patient of the cast.
pub(crate) async fn of_cast(cast: &mut Cast) -> Uuid {
    let (patient, facility) = (cast.patient, cast.facility);
    billed(&mut cast.house, patient, facility, "B-1").await
}

#[tokio::test]
async fn a_bill_says_what_was_charged_what_was_paid_and_what_is_due() {
    let (mut house, own, stranger, (patient, _)) = house().await;
    let none = own.get("/me/bills").await;
    assert!(none.body.contains("You owe nothing.") && none.body.contains("You have been sent no bill."));
    let facility = house.network.facility("IL", "clinic").await;
    let invoice = billed(&mut house, patient, facility, "B-77").await;
    house
        .network
        .run(&format!(
            "INSERT INTO care.invoice (patient_id, facility_id, number) VALUES ('{patient}', '{facility}', 'DRAFT-1')"
        ))
        .await;
    let list = own.get("/me/bills").await;
    for part in ["You owe", "<b>100.00 USD</b>", "B-77", "160.00 USD", "No insurance is on record"] {
        assert!(list.body.contains(part), "{part}: {}", list.body);
    }
    assert!(!list.body.contains("DRAFT-1") && !list.body.contains("Overdue"), "{}", list.body);
    let path = format!("/me/bills/{invoice}");
    let bill = own.get(&path).await;
    let done = ["B-77", "Talk &#60;of&#62; half an hour × 2", "1 Jun 2026", "Not billed to insurance"];
    for part in done.into_iter().chain(["Cash", "60.00 USD", "100.00 USD"]) {
        assert!(bill.body.contains(part), "{part}: {}", bill.body);
    }
    assert!(!bill.body.contains("<button type=\"submit\">"), "nothing is paid by a reader's word");
    let (nowhere, theirs) = (stranger.get("/nowhere").await, stranger.get(&path).await);
    assert_eq!((theirs.status, theirs.body), (StatusCode::NOT_FOUND, nowhere.body));
    assert!(!stranger.get("/me/bills").await.body.contains("B-77"));
    assert_eq!(stranger.get(&format!("/me/bills?after={invoice}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(own.get(&format!("/me/bills?after={invoice}")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_bill_that_is_past_its_day_says_so_in_words() {
    let (mut house, own, _, (patient, _)) = house().await;
    let facility = house.network.facility("IL", "clinic").await;
    billed(&mut house, patient, facility, "B-78").await;
    let late = "ALTER TABLE care.invoice DISABLE TRIGGER USER; UPDATE care.invoice SET due_on = current_date - 3;
                ALTER TABLE care.invoice ENABLE TRIGGER USER";
    house.network.run(late).await;
    assert!(own.get("/me/bills").await.body.contains("Overdue"));
}
