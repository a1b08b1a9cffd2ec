//! One day of several parts, by clicks and keys: somebody new is registered, books, is checked in, is seen, gets a
//! prescription and a bill, pays, and says how it was.
//!
//! Two steps are no page's and stand as SQL: the hour of the visit comes by itself, and charges come from programs that
//! take them over.

use uuid::Uuid;

use super::chromium::Chromium;
use super::stage::Stage;
use crate::cells::chart::medicine;
use crate::cells::desk::opens_always;
use crate::house::{House, PASSWORD};

/// A zone in which it is about noon, so that today's visits stay today's.
const NOON: &str = "SELECT CASE WHEN ahead > 0 THEN 'Etc/GMT-' || ahead ELSE 'Etc/GMT+' || -ahead END
    FROM (SELECT 12 - extract(hour FROM now() AT TIME ZONE 'UTC')::integer AS ahead) AS clock";

/// A facility with somebody of each part, and the patient's login once there is one.
struct Day {
    house: House,
    stage: Stage,
    chromium: Chromium,
    facility: Uuid,
    desk: String,
    provider: String,
    biller: String,
}

impl Day {
    async fn begin(chromium: Chromium) -> Day {
        let mut house = House::new().await;
        let (facility, provider) = (house.network.facility("IL", "clinic").await, house.network.provider().await);
        let zone = house.network.one(NOON).await;
        house.network.run(&format!("UPDATE care.facility SET time_zone = '{zone}'")).await;
        opens_always(&mut house.network, facility, provider).await;
        house.network.id(&medicine("metformin")).await;
        let desk = house.network.account("front_desk", Some(facility)).await;
        let carer = house.network.account("provider", Some(provider)).await;
        let biller = house.network.account("biller", Some(facility)).await;
        let logins = [house.login_of(desk).await, house.login_of(carer).await, house.login_of(biller).await];
        let [desk, provider, biller] = logins;
        let stage = Stage::open(&house.network).await;
        Day { house, stage, chromium, facility, desk, provider, biller }
    }

    /// The desk registers somebody new and opens an account, whose owner sets a password by the link; its login.
    async fn register(&mut self) -> String {
        let web = &mut self.chromium;
        web.signs_in(&self.stage, &self.desk).await;
        web.presses("Book for somebody").await;
        for (field, text) in
            [("given", "Hanako"), ("family", "Yamada"), ("born_on", "1980-05"), ("city", "Springfield")]
        {
            web.fills(&format!("#person-{field}"), text).await;
        }
        web.chooses("#person-sex", "Female").await;
        // What is missing is said at its field, and nothing that was typed is lost.
        web.presses("Search patients").await;
        web.shows("Fill this in.").await;
        web.fills("#person-street", "1 Main Street").await;
        web.fills("#person-postal_code", "62701").await;
        web.presses("Search patients").await;
        web.shows("Nobody who is known is like this person.").await;
        web.presses("Register as somebody new").await;
        web.shows("Saved.").await;
        web.fills("#account-login", "hanako@example.org").await;
        web.presses("Open the account").await;
        web.shows("One-time link to set a password").await;
        let link = web.evaluate("document.querySelector('.code').textContent.trim()").await;
        web.forget().await;
        web.go(link.as_str().unwrap()).await;
        web.fills("#password", PASSWORD).await;
        web.fills("#again", PASSWORD).await;
        web.presses("Set password").await;
        web.shows("Sign in").await;
        "hanako@example.org".to_owned()
    }

    /// The patient finds a time and books it.
    async fn book(&mut self, patient: &str) {
        let web = &mut self.chromium;
        web.signs_in(&self.stage, patient).await;
        web.presses("Appointments").await;
        web.shows("Nothing is booked.").await;
        web.presses("Find a time").await;
        web.fills("#find-reason", "Often thirsty").await;
        web.presses("Find times").await;
        web.shows("Ada Okafor").await;
        let first = web.evaluate("document.querySelector('.open .times button').innerText.trim()").await;
        web.presses(first.as_str().unwrap()).await;
        web.shows("It is held for you until").await;
        web.presses("Book it").await;
        web.shows("Booked.").await;
        web.shows("Often thirsty").await;
    }

    /// The desk checks in who has come.
    async fn check_in(&mut self) {
        let hour = "UPDATE care.appointment
                    SET during = tstzrange(now() - INTERVAL '1 minute', now() + INTERVAL '29 minutes')";
        self.house
            .network
            .run(&format!("SET session_replication_role = replica; {hour}; RESET session_replication_role"))
            .await;
        let web = &mut self.chromium;
        web.signs_in(&self.stage, &self.desk).await;
        web.shows("Yamada, Hanako").await;
        let named = "document.querySelector('td button').getAttribute('aria-label')";
        let check_in = web.evaluate(named).await;
        web.presses(check_in.as_str().unwrap()).await;
        web.shows("Arrived").await;
        assert_eq!(self.house.network.one("SELECT status FROM care.appointment").await, "arrived");
    }

    /// The provider reads what is to be known, writes and signs a note, prescribes, and ends the visit.
    async fn see(&mut self) {
        let web = &mut self.chromium;
        web.signs_in(&self.stage, &self.provider).await;
        web.shows("Arrived").await;
        web.presses("Before a visit, Yamada, Hanako").await;
        web.shows("No medicines").await;
        web.presses("Notes").await;
        web.fills("#note-title", "Thirst").await;
        web.fills("#note-subjective", "Drinks four litres a day.").await;
        web.fills("#note-assessment", "Diabetes is likely.").await;
        web.presses("Save").await;
        web.click("#note-sign").await;
        web.presses("Save").await;
        web.shows("Signed.").await;
        web.presses("Medicines").await;
        web.presses("Prescribe").await;
        web.chooses("#prescribe-medication", "Metformin 500 mg").await;
        web.fills("#prescribe-dose_quantity", "1").await;
        web.fills("#prescribe-times", "2").await;
        web.fills("#prescribe-instructions", "One tablet with breakfast and supper").await;
        web.fills("#prescribe-quantity", "60").await;
        web.presses("Prescribe").await;
        web.shows("Saved.").await;
        web.shows("1 tablet, oral, 2 times a day").await;
        web.presses("Schedule").await;
        let visit = web.evaluate("document.querySelector('td a').getAttribute('aria-label')").await;
        web.presses(visit.as_str().unwrap()).await;
        web.presses("Complete visit").await;
        web.shows("Completed").await;
    }

    /// The biller issues what a program has charged, and takes the payment.
    async fn bill(&mut self) {
        let facility = self.facility;
        self.house
            .network
            .run(&format!(
                "INSERT INTO care.charge_code (charge_code, title, unit_price, currency)
                 VALUES ('VISIT-30', 'Visit', 120, 'USD');
                 INSERT INTO care.invoice (patient_id, facility_id, number)
                 SELECT patient_id, '{facility}', 'A-1' FROM care.patient;
                 INSERT INTO care.charge
                     (patient_id, facility_id, invoice_id, served_on, charge_code, quantity, unit_price)
                 SELECT patient_id, facility_id, invoice_id, current_date, 'VISIT-30', 1, 120 FROM care.invoice"
            ))
            .await;
        let web = &mut self.chromium;
        web.signs_in(&self.stage, &self.biller).await;
        web.presses("A-1").await;
        web.presses("Issue it").await;
        web.shows("120.00 USD").await;
        web.chooses("#pay-method", "Cash").await;
        web.presses("Take a payment").await;
        web.shows("Paid.").await;
        assert_eq!(self.house.network.one("SELECT due_from_patient::text FROM care.invoice_balance").await, "0.00");
    }

    /// The patient sees what was prescribed and paid, and says how it was.
    async fn review(&mut self, patient: &str) {
        let web = &mut self.chromium;
        web.signs_in(&self.stage, patient).await;
        web.shows("One tablet with breakfast and supper").await;
        web.presses("Bills").await;
        web.shows("You owe nothing").await;
        web.presses("Appointments").await;
        let visit = web.evaluate("document.querySelector('td a').innerText.trim()").await;
        web.presses(visit.as_str().unwrap()).await;
        web.chooses("#review-provider_stars", "5").await;
        web.fills("#review-body", "She listened.").await;
        web.presses("Send the review").await;
        web.shows("Sent.").await;
        web.presses("Who looked").await;
        web.shows("Ada Okafor").await;
        let reviews = "SELECT provider_stars || ' ' || body FROM care.review";
        assert_eq!(self.house.network.one(reviews).await, "5 She listened.");
    }
}

#[tokio::test]
async fn somebody_registers_books_comes_is_seen_pays_and_says_how_it_was() {
    let Some(chromium) = Chromium::start().await else { return };
    let mut day = Day::begin(chromium).await;
    let patient = day.register().await;
    day.book(&patient).await;
    day.check_in().await;
    day.see().await;
    day.bill().await;
    day.review(&patient).await;
    day.chromium.is_well();
    day.chromium.close().await;
}
