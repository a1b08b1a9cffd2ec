//! From a visit to its invoice: found, drafted once, charged, issued, voided; and what one to come would cost.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::cells::bills::{Bill, visit};
use crate::house::{Answer, House};

/// The key that the form which adds a charge bears.
fn charge_key(answer: &Answer) -> String {
    let form = answer.body.split("id=\"add\"").nth(1).unwrap_or_else(|| panic!("{}", answer.body));
    form.split("name=\"charge\" value=\"").nth(1).unwrap()[..36].to_owned()
}

#[tokio::test]
async fn a_visit_becomes_one_invoice_that_is_charged_while_it_is_a_draft() {
    let mut house = House::new().await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let facility = house.network.facility("IL", "clinic").await;
    let provider = house.network.provider().await;
    // The price list, and somebody else's draft: this patient has no invoice yet.
    let kei = house.named_patient("Nakamura", "Kei").await;
    let other = Bill::draft(&mut house, kei, facility).await;
    let seen = visit(&mut house, (patient, provider, facility), "completed", -30).await;
    let missed = visit(&mut house, (patient, provider, facility), "no_show", -50).await;
    let elsewhere = house.network.facility("IL", "hospital").await;
    let foreign = visit(&mut house, (patient, provider, elsewhere), "completed", -70).await;
    let account = house.network.account("biller", Some(facility)).await;
    let biller = house.signed_in(account).await;
    let path = format!("/billing/{patient}/visits/{seen}");

    let list = biller.get("/billing/visits").await;
    assert!(list.body.contains(&path) && !list.body.contains("Ruiz"), "{}", list.body);
    // What was missed costs nothing here, and what was elsewhere is nobody's of this facility.
    assert!(!list.body.contains(&missed.to_string()) && !list.body.contains(&foreign.to_string()), "{}", list.body);
    let hidden = format!("/billing/{patient}/visits/{foreign}");
    assert_eq!(biller.get(&hidden).await.status, StatusCode::NOT_FOUND);
    assert_eq!(biller.post(&hidden, &[("code", "VISIT-30"), ("quantity", "1")]).await.status, StatusCode::NOT_FOUND);

    let wrong = biller.post(&path, &[("code", "VISIT-30"), ("quantity", "0")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Charge one to ten thousand") && wrong.body.contains("value=\"0\""), "{}", wrong.body);
    let draft = [("code", "VISIT-30"), ("quantity", "1")];
    let (one, next) = tokio::join!(biller.post(&path, &draft), biller.post(&path, &draft));
    assert_eq!((one.status, next.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER), "{} {}", one.body, next.body);
    assert_eq!(one.location(), next.location(), "a second click comes to the same invoice");
    let invoice = one.location().split('?').next().unwrap().to_owned();
    let page = biller.get(&invoice).await;
    assert!(page.body.contains("-000001") && page.body.contains("120.00 USD"), "{}", page.body);
    assert!(!biller.get("/billing/visits").await.body.contains(&path), "it is billed");
    assert!(biller.get(&path).await.body.contains(&invoice), "and leads to its invoice");

    let key = charge_key(&page);
    let day = house.network.one("SELECT (current_date - 1)::text").await;
    let add = |quantity: &'static str| {
        [("do", "add"), ("charge", &*key), ("code", "LAB-A1C"), ("quantity", quantity), ("served_on", &*day)]
    };
    for far in ["2026-01-01", "2099-01-01"] {
        let [what, charge, code, quantity, _] = add("1");
        let wrong = biller.post(&invoice, &[what, charge, code, quantity, ("served_on", far)]).await;
        assert!(wrong.body.contains("Charge a day within a month of this visit"), "{}", wrong.body);
    }
    // What was missed where no policy charges for it, or cancelled in good time, costs nothing.
    let in_time = visit(&mut house, (patient, provider, facility), "cancelled", 30).await;
    for free in [missed, in_time] {
        let path = format!("/billing/{patient}/visits/{free}");
        let page = biller.get(&path).await;
        assert!(page.body.contains("there is nothing to bill") && !page.body.contains("id=\"draft\""), "{}", page.body);
        let drafted = biller.post(&path, &[("code", "VISIT-30"), ("quantity", "1")]).await;
        assert_eq!(drafted.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", drafted.body);
    }
    let wrong = biller.post(&invoice, &add("x")).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Write a number.") && charge_key(&wrong) == key, "{}", wrong.body);
    let (one, next) = (biller.post(&invoice, &add("2")).await, biller.post(&invoice, &add("2")).await);
    assert_eq!((one.status, next.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER), "{}", next.body);
    let page = biller.get(&invoice).await;
    assert!(page.body.contains("200.00 USD"), "added once: {}", page.body);

    let drop = [("do", "drop"), ("charge", &*key)];
    assert!(biller.post(&invoice, &drop).await.location().ends_with("?done=removed"));
    let again = biller.post(&invoice, &drop).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", again.body);
    let issued = biller.post(&invoice, &[("do", "issue"), ("due_on", "2026-12-24")]).await;
    assert_eq!(issued.status, StatusCode::SEE_OTHER, "{}", issued.body);
    let late = biller.post(&invoice, &add("1")).await;
    assert!(late.status == StatusCode::UNPROCESSABLE_ENTITY && late.body.contains("is issued"), "{}", late.body);
    let page = biller.get(&invoice).await;
    assert!(page.body.contains("120.00 USD") && !page.body.contains("id=\"add\""), "{}", page.body);

    let unsure = biller.post(&invoice, &[("do", "void")]).await;
    assert!(unsure.status == StatusCode::UNPROCESSABLE_ENTITY, "{}", unsure.body);
    let void = biller.post(&invoice, &[("do", "void"), ("sure", "on")]).await;
    assert_eq!(void.status, StatusCode::SEE_OTHER, "{}", void.body);
    assert!(biller.get("/billing/visits").await.body.contains(&path), "its visit waits again");

    // A draft goes with its last charge.
    let charge = "SELECT charge_id::text FROM care.charge JOIN care.invoice USING (invoice_id) WHERE number = 'A-1'";
    let other = format!("/billing/{kei}/{}", other.invoice);
    for charge in house.network.rows(charge).await {
        assert_eq!(biller.post(&other, &[("do", "drop"), ("charge", &charge)]).await.status, StatusCode::SEE_OTHER);
    }
    assert_eq!(biller.get(&other).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_a_visit_to_come_would_cost_is_shown_before() {
    let mut house = House::new().await;
    let patient = house.named_patient("Ruiz", "Ana").await;
    let facility = house.network.facility("IL", "clinic").await;
    let provider = house.network.provider().await;
    let bill = Bill::draft(&mut house, patient, facility).await;
    house
        .network
        .run("UPDATE care.coverage SET covered_during = daterange(current_date - 90, current_date + 90)")
        .await;
    let coming = visit(&mut house, (patient, provider, facility), "booked", 50).await;
    let account = house.network.account("biller", Some(facility)).await;
    let biller = house.signed_in(account).await;
    let path = format!("/billing/{patient}/visits/{coming}");
    assert!(biller.get("/billing/visits").await.body.contains(&path));
    let page = biller.get(&path).await;
    assert!(page.body.contains("Show the estimate") && page.body.contains("Prairie Mutual Silver"), "{}", page.body);
    let coverage = bill.coverage.to_string();
    let ask = |quantity: &'static str| {
        [("code", "VISIT-30"), ("quantity", "1"), ("code_two", "LAB-A1C"), ("quantity_two", quantity)]
    };
    let with = |quantity: &'static str| [ask(quantity).as_slice(), &[("coverage", coverage.as_str())]].concat();
    let shown = biller.post(&path, &with("2")).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.body);
    // The plan names no benefit, so all of it is the patient's.
    assert!(shown.body.contains("<b>200.00 USD</b>") && shown.body.contains("not covered"), "{}", shown.body);
    let wrong = biller.post(&path, &with("x")).await;
    assert!(wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.body.contains("value=\"x\""), "{}", wrong.body);
    let missing = biller.post(&path, &ask("1")).await;
    assert!(missing.status == StatusCode::UNPROCESSABLE_ENTITY && missing.body.contains("Fill this in."));
    let stranger =
        biller.post(&path, &[ask("1").as_slice(), &[("coverage", &Uuid::new_v4().to_string())]].concat()).await;
    assert_eq!(stranger.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", stranger.body);
}
