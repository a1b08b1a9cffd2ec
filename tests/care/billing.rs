//! What a biller may not do: prices beside the list, invoices for strangers, terms moved after issue, others' payments.

use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

use super::money::Bill;
use super::network::{Network, refused_by};
use super::practice::in_portal;

/// A biller of the facility of a draft, whose patient was treated there.
async fn biller(network: &mut Network) -> (Bill, Uuid) {
    let bill = Bill::draft(network).await;
    let provider = network.provider().await;
    network
        .run(&format!(
            "INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, class, during)
             VALUES ('{}', '{}', '{provider}', 'ambulatory', '[2026-06-01 09:00Z, 2026-06-01 10:00Z)')",
            bill.patient, bill.facility
        ))
        .await;
    let account = network.account("biller", Some(bill.facility)).await;
    (bill, account)
}

async fn refusal(network: &mut Network, account: Uuid, statement: &str) -> String {
    refused_by(network.sql.execute(AssertSqlSafe(in_portal(account, statement))).await, statement)
}

#[tokio::test]
async fn a_charge_is_priced_by_the_list() {
    let mut network = Network::new().await;
    let (bill, account) = biller(&mut network).await;
    let charge = |code: &str, price: &str| {
        format!(
            "INSERT INTO care.charge (patient_id, facility_id, invoice_id, served_on, charge_code, unit_price)
             VALUES ('{}', '{}', '{}', '2026-06-01', '{code}', {price})",
            bill.patient, bill.facility, bill.invoice
        )
    };
    for price in ["1200", "0.01"] {
        let refused = refusal(&mut network, account, &charge("VISIT-30", price)).await;
        assert_eq!(refused, "charge_is_priced_by_the_list");
    }
    network.run(&in_portal(account, &charge("VISIT-30", "120"))).await;
    let raise = "UPDATE care.charge SET unit_price = 121";
    assert_eq!(refusal(&mut network, account, raise).await, "charge_is_priced_by_the_list");
    network.run("UPDATE care.charge_code SET retired_on = '2026-01-01' WHERE charge_code = 'LAB-A1C'").await;
    assert_eq!(refusal(&mut network, account, &charge("LAB-A1C", "40")).await, "charge_is_priced_by_the_list");
    network.run(&charge("LAB-A1C", "20")).await; // A discount of the owner.
}

#[tokio::test]
async fn a_charge_is_in_the_currency_of_its_invoice() {
    let mut network = Network::new().await;
    let (bill, account) = biller(&mut network).await;
    let code = "INSERT INTO care.charge_code (charge_code, title, unit_price, currency) VALUES ('VISIT-EU', 'Visit', 90, 'EUR')";
    network.run(code).await;
    let charge = |currency: &str| {
        format!(
            "INSERT INTO care.charge (patient_id, facility_id, invoice_id, served_on, charge_code, unit_price, currency)
             VALUES ('{}', '{}', '{}', '2026-06-01', 'VISIT-EU', 90, {currency})",
            bill.patient, bill.facility, bill.invoice
        )
    };
    for said in ["DEFAULT", "'USD'"] {
        assert_eq!(network.refusal(&charge(said)).await, "charge_currency_is_its_invoices", "the owner neither");
        assert_eq!(refusal(&mut network, account, &charge(said)).await, "charge_currency_is_its_invoices");
    }
    bill.charge(&mut network, "VISIT-30", 1, "120").await;
    assert_eq!(network.one("SELECT currency FROM care.charge").await, "USD");
    for change in [
        "UPDATE care.charge SET charge_code = 'VISIT-EU'".to_owned(),
        format!("UPDATE care.invoice SET currency = 'EUR' WHERE invoice_id = '{}'", bill.invoice),
    ] {
        assert_eq!(network.refusal(&change).await, "charge_currency_is_its_invoices", "{change}");
    }
    let unknown = charge("DEFAULT").replace("VISIT-EU', 90", "VISIT-XX', 90");
    assert!(
        ["charge_code_fkey", "charge_currency_is_its_invoices"].contains(&network.refusal(&unknown).await.as_str())
    );
}

#[tokio::test]
async fn an_invoice_is_for_who_was_seen_and_keeps_its_terms() {
    let mut network = Network::new().await;
    let (bill, account) = biller(&mut network).await;
    let stranger = network.patient().await;
    let invoice = |patient: Uuid| {
        format!(
            "INSERT INTO care.invoice (patient_id, facility_id, number) VALUES ('{patient}', '{}', 'B-1')",
            bill.facility
        )
    };
    assert_eq!(refusal(&mut network, account, &invoice(stranger)).await, "invoice_is_for_who_was_seen");
    network.run(&in_portal(account, &invoice(bill.patient))).await;

    bill.charge(&mut network, "VISIT-30", 1, "120").await;
    let issue = format!(
        "UPDATE care.invoice SET status = 'issued', issued_at = '2020-01-01', due_on = '2027-01-01' WHERE invoice_id = '{}'",
        bill.invoice
    );
    network.run(&in_portal(account, &issue)).await;
    let issued =
        format!("SELECT (issued_at > '2026-01-01')::text FROM care.invoice WHERE invoice_id = '{}'", bill.invoice);
    assert_eq!(network.one(&issued).await, "true", "it is issued now, whatever was said");
    let later = format!("UPDATE care.invoice SET due_on = '2027-02-01' WHERE invoice_id = '{}'", bill.invoice);
    assert_eq!(refusal(&mut network, account, &later).await, "invoice_stays_due_as_issued");
    assert_eq!(network.refusal(&later).await, "invoice_stays_due_as_issued", "the owner neither");
}

#[tokio::test]
async fn a_payment_bears_the_name_and_the_time_of_whoever_books_it() {
    let mut network = Network::new().await;
    let (bill, account) = biller(&mut network).await;
    bill.charge(&mut network, "VISIT-30", 1, "120").await;
    network.run(&format!("SELECT care.issue_invoice('{}', '2027-01-01')", bill.invoice)).await;
    let forged = format!(
        "INSERT INTO care.payment (patient_id, facility_id, invoice_id, amount, payer, method, idempotency_key, received_at,
                                   received_by)
         VALUES ('{}', '{}', '{}', 50, 'patient', 'cash', 'key-0123456789abcdef', '2020-01-01', 'somebody else')",
        bill.patient, bill.facility, bill.invoice
    );
    network.run(&in_portal(account, &forged)).await;
    let back = "INSERT INTO care.refund (patient_id, facility_id, invoice_id, payment_id, amount, reason, idempotency_key,
                                         refunded_at, refunded_by)
                SELECT patient_id, facility_id, invoice_id, payment_id, 5, 'too much', 'key-fedcba9876543210', '2020-01-01',
                       'somebody else' FROM care.payment";
    network.run(&in_portal(account, back)).await;
    for stamped in [
        "SELECT received_by || ' ' || (received_at > '2026-01-01') FROM care.payment",
        "SELECT refunded_by || ' ' || (refunded_at > '2026-01-01') FROM care.refund",
    ] {
        assert_eq!(network.one(stamped).await, format!("{account} true"));
    }
}
