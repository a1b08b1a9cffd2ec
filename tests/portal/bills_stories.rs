//! From an invoice to nothing due: issued, claimed, answered, asked for again, paid once, given back once.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::cells::bills::Bill;
use crate::house::{Answer, Browser, House};

/// A biller of a facility with a draft.
struct Billing {
    house: House,
    biller: Browser,
    patient: Uuid,
    bill: Bill,
    path: String,
}

impl Billing {
    async fn new() -> Billing {
        let mut house = House::new().await;
        let patient = house.named_patient("Ruiz", "Ana").await;
        let facility = house.network.facility("IL", "clinic").await;
        let bill = Bill::draft(&mut house, patient, facility).await;
        let account = house.network.account("biller", Some(facility)).await;
        let biller = house.signed_in(account).await;
        let path = format!("/billing/{patient}/{}", bill.invoice);
        Billing { house, biller, patient, bill, path }
    }

    /// Issues it, due on a day.
    async fn issue(&self) {
        let issued = self.biller.post(&self.path, &[("do", "issue"), ("due_on", "2026-07-01")]).await;
        assert_eq!(issued.status, StatusCode::SEE_OTHER, "{}", issued.body);
    }

    /// Submits a claim; its path.
    async fn claim(&mut self) -> String {
        let coverage = self.bill.coverage.to_string();
        let claim = [("do", "claim"), ("coverage", coverage.as_str()), ("diagnoses", "e11.9, I10")];
        let sent = self.biller.post(&self.path, &claim).await;
        assert!(sent.location().ends_with("?done=sent"), "{}", sent.body);
        let claim =
            self.house.network.one("SELECT claim_id::text FROM care.claim ORDER BY submitted_at DESC LIMIT 1").await;
        format!("/billing/{}/claims/{claim}", self.patient)
    }

    async fn count(&mut self, table: &str) -> String {
        self.house.network.one(&format!("SELECT count(*)::text FROM care.{table}")).await
    }

    /// What the ledger says is due: from the patient, and from insurers.
    async fn due(&mut self) -> String {
        let query = "SELECT due_from_patient || ' ' || due_from_insurer FROM care.invoice_balance";
        self.house.network.one(query).await
    }
}

/// The key of a form of a page.
fn key(answer: &Answer, form: &str) -> String {
    let rest = answer.body.split(&format!("id=\"{form}\"")).nth(1).unwrap_or_else(|| panic!("{form}: {}", answer.body));
    rest.split("name=\"key\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_payment_that_is_sent_twice_at_once_is_one_and_so_is_a_refund() {
    let mut billing = Billing::new().await;
    let draft = billing.biller.get(&billing.path).await;
    assert!(draft.body.contains("200.00 USD") && draft.body.contains("Issue it"), "{}", draft.body);
    billing.issue().await;
    let list = billing.biller.get("/billing").await;
    assert!(
        list.body.contains("A-1") && list.body.contains("200.00 USD") && !list.body.contains("Ruiz"),
        "{}",
        list.body
    );
    let page = billing.biller.get(&billing.path).await;
    let paying = key(&page, "pay");
    let pay = |cents: &'static str| [("do", "pay"), ("key", paying.as_str()), ("amount", cents), ("method", "cash")];
    for (amount, told) in [("1e2", "Write an amount"), ("200.01", "aria-invalid")] {
        let refused = billing.biller.post(&billing.path, &pay(amount)).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            refused.body.contains(told) && refused.body.contains(&format!("value=\"{amount}\"")),
            "{}",
            refused.body
        );
        assert_eq!(key(&refused, "pay"), paying, "the form keeps its key");
    }
    let sent = pay("80.50");
    let (one, other) =
        tokio::join!(billing.biller.post(&billing.path, &sent), billing.biller.post(&billing.path, &sent));
    assert_eq!((one.status, other.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER));
    assert_eq!(billing.count("payment").await, "1");
    assert_eq!(billing.due().await, "119.50 0.00");
    let page = billing.biller.get(one.location()).await;
    assert!(page.body.contains("Paid.") && page.body.contains("119.50 USD"), "{}", page.body);
    assert_ne!(key(&page, "pay"), paying, "another form is another payment");

    let payment = billing.house.network.one("SELECT payment_id::text FROM care.payment").await;
    let giving = key(&page, "refund");
    let back =
        [("do", "refund"), ("key", &*giving), ("payment", &*payment), ("amount", "0.50"), ("reason", "Too much")];
    let (one, other) =
        tokio::join!(billing.biller.post(&billing.path, &back), billing.biller.post(&billing.path, &back));
    assert_eq!((one.status, other.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER), "{}", one.body);
    assert_eq!(billing.count("refund").await, "1");
    assert_eq!(billing.due().await, "120.00 0.00");
}

#[tokio::test]
async fn a_claim_is_answered_and_what_was_denied_is_asked_for_again() {
    let mut billing = Billing::new().await;
    billing.issue().await;
    let coverage = billing.bill.coverage.to_string();
    let wrong = [("do", "claim"), ("coverage", coverage.as_str()), ("diagnoses", "NONE")];
    let refused = billing.biller.post(&billing.path, &wrong).await;
    assert!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("value=\"NONE\""),
        "{}",
        refused.body
    );
    let claim = billing.claim().await;
    assert_eq!(billing.due().await, "0.00 200.00");
    assert!(billing.biller.get("/billing/claims").await.body.contains(&claim));

    let shown = billing.biller.get(&claim).await;
    let charges: Vec<String> =
        shown.body.split("name=\"charge\" value=\"").skip(1).map(|rest| rest[..36].to_owned()).collect();
    assert_eq!(charges.len(), 2);
    let asked = billing
        .house
        .network
        .rows(&format!(
            "SELECT amount::text FROM unnest('{{{}}}'::uuid[]) WITH ORDINALITY AS c (charge_id, place)
         JOIN care.charge USING (charge_id) ORDER BY place",
            charges.join(",")
        ))
        .await;
    // Of the visit 36.00 are denied, of the laboratory all.
    let answer = |paid: &'static str| {
        let mut form = vec![("do", "answer")];
        for (charge, amount) in charges.iter().zip(&asked) {
            form.push(("charge", charge.as_str()));
            if amount == "120.00" {
                form.extend([("paid", paid), ("code", "CO 45"), ("off", "24"), ("code", "PR 96"), ("off", "36.00")]);
            } else {
                form.extend([("paid", ""), ("code", "PR 96"), ("off", "80.00"), ("code", ""), ("off", "")]);
            }
        }
        form
    };
    let refused = billing.biller.post(&claim, &answer("61")).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("value=\"61\""), "{}", refused.body);
    assert_eq!(refused.body.matches("aria-invalid").count(), 1, "at the field alone: {}", refused.body);
    assert!(refused.body.contains("together 121.00 USD; what was asked for is 120.00 USD."), "{}", refused.body);
    // An amount without its code is told at the code.
    let codeless: Vec<_> =
        answer("60").into_iter().map(|(name, text)| (name, if text == "CO 45" { "" } else { text })).collect();
    let refused = billing.biller.post(&claim, &codeless).await;
    assert!(refused.body.contains("Choose the code that takes this off."), "{}", refused.body);
    let refused = billing.biller.post(&claim, &answer("61")).await;
    assert!(refused.body.contains("<option value=\"PR 96\" selected"), "{}", refused.body);
    let noted = billing.biller.post(&claim, &answer("60")).await;
    assert!(noted.location().ends_with("?done=saved"), "{}", noted.body);
    let twice = billing.biller.post(&claim, &answer("60")).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "it is answered once");

    let denied = |body: &str| body.split("Waiting for an answer").next().unwrap().contains(&claim);
    assert!(denied(&billing.biller.get("/billing/claims").await.body));
    let again = billing.biller.post(&claim, &[("do", "replace"), ("related", "appeal")]).await;
    assert!(!denied(&billing.biller.get("/billing/claims").await.body), "what is replaced is not left");
    assert!(again.location().ends_with("?done=sent") && !again.location().contains(&claim), "{}", again.body);
    let shown = billing.biller.get(again.location()).await;
    assert!(shown.body.contains("Appeal") && shown.body.contains("116.00 USD"), "{}", shown.body);
    let twice = billing.biller.post(&claim, &[("do", "replace"), ("related", "appeal")]).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "it is replaced once");
    assert_eq!(billing.count("claim").await, "2");
    // What the first answer promised is what is to come next, for that claim.
    let page = billing.biller.get(&billing.path).await;
    let pay = page.body.split("id=\"pay\"").nth(1).unwrap_or_else(|| panic!("{}", page.body));
    let pay = pay.split("</form>").next().unwrap();
    assert!(pay.contains("value=\"60.00\"") && pay.contains("selected=\"selected\">Claim of 200.00 USD"), "{pay}");
}

#[tokio::test]
async fn drafts_go_on_beyond_a_page_and_each_is_there_once() {
    let mut billing = Billing::new().await;
    let more = "INSERT INTO care.invoice (patient_id, facility_id, number)
                SELECT patient_id, facility_id, 'B-' || n FROM care.invoice, generate_series(1, 60) AS n WHERE number = 'A-1'";
    billing.house.network.run(more).await;
    let first = billing.biller.get("/billing").await;
    let next = first.body.split("href=\"/billing?drafts=").nth(1).unwrap_or_else(|| panic!("{}", first.body));
    let next = format!("/billing?drafts={}", next.split('"').next().unwrap());
    let second = billing.biller.get(&next).await;
    assert!(!second.body.contains("Overdue") && !second.body.contains("Next page"), "{}", second.body);
    let numbers = |body: &str| body.matches("<td><a href=\"/billing/").count();
    assert_eq!((numbers(&first.body), numbers(&second.body)), (50, 11));
    for wrong in ["/billing?drafts=x", "/billing?overdue=1.2", "/billing/claims?denied=x"] {
        assert_eq!(billing.biller.get(wrong).await.status, StatusCode::NOT_FOUND, "{wrong}");
    }
}

#[tokio::test]
async fn another_facilitys_bills_are_not_there() {
    let mut billing = Billing::new().await;
    billing.issue().await;
    let claim = billing.claim().await;
    let elsewhere = billing.house.network.facility("IN", "clinic").await;
    let stranger = billing.house.network.account("biller", Some(elsewhere)).await;
    let stranger = billing.house.signed_in(stranger).await;
    assert!(!stranger.get("/billing").await.body.contains("A-1"));
    assert!(!stranger.get("/billing/claims").await.body.contains("A-1"));
    let other = billing.house.network.patient().await;
    let others = format!("/billing/{other}/{}", billing.bill.invoice);
    for (browser, path) in [(&stranger, &billing.path), (&stranger, &claim), (&billing.biller, &others)] {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
        let paid = [("do", "pay"), ("key", "0123456789abcdef"), ("amount", "1"), ("method", "cash")];
        assert_eq!(browser.post(path, &paid).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(billing.count("payment").await, "0");
}
