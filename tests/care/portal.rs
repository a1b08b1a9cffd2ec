//! Money, wait-list and visits as a portal has them: by its login, in the name of an account, each act a transaction of
//! its own. The rules are tried where they stand (`money`, `waitlist`, `telehealth`, `review`); here, that the typed
//! functions ask for what they say and give what is there.

use healthtrack::model::people::{
    AppointmentId, ChargeId, CoverageId, FacilityId, FollowUpId, FollowUpStatus, InvoiceId, PatientId, PaymentMethod,
    ProviderId, TelehealthSessionId, VisitMode, WaitlistEntryId, WaitlistStatus,
};
use healthtrack::model::time::{Clock as _, DAY_US, SystemClock};
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::attendance;
use healthtrack::store::care::money::{self, ChargeDecision, InvoiceBalance, Payment};
use healthtrack::store::care::schedule::{self, AppointmentChange};
use healthtrack::store::care::visit::{self, NewReview};
use healthtrack::store::care::waitlist::{self, WaitlistEntry, WaitlistRequest};
use secrecy::{ExposeSecret as _, SecretString};
use uuid::Uuid;

use super::money::Bill;
use super::network::Network;
use super::practice::{Practice, hours_ahead};
use super::telehealth;

/// Invoice, all charges, due from patient, due from insurer, as an account sees a patient's invoices.
async fn dues(network: &Network, account: Uuid, patient: Uuid) -> Vec<(Uuid, i64, i64, i64)> {
    let balances: Vec<InvoiceBalance> =
        network.does(account, async |portal| money::balances(portal, PatientId(patient)).await).await;
    assert!(balances.iter().all(|balance| balance.currency == "USD"), "{balances:?}");
    let due = |b: InvoiceBalance| (b.invoice.0, b.charged_cents, b.due_from_patient_cents, b.due_from_insurer_cents);
    balances.into_iter().map(due).collect()
}

/// Has the patient of a bill treated at its facility without an appointment, so that its biller sees the coverage.
async fn treated(network: &mut Network, bill: &Bill) {
    let (provider, Bill { patient, facility, .. }) = (network.provider().await, bill);
    network
        .run(&format!(
            "INSERT INTO care.encounter (patient_id, attending_provider_id, facility_id, during, class)
             VALUES ('{patient}', '{provider}', '{facility}', {}, 'emergency')",
            hours_ahead(-48, 30)
        ))
        .await;
}

/// What the patient pays in cash.
fn cash(key: &'static str, invoice: Uuid, cents: i64) -> Payment<'static> {
    Payment { key, invoice: InvoiceId(invoice), cents, method: PaymentMethod::Cash, token: None, claim: None }
}

#[tokio::test]
async fn a_bill_goes_from_issue_through_claim_answer_and_payments_to_nothing_due_and_a_key_pays_once() {
    let mut network = Network::owned().await;
    let bill = Bill::draft(&mut network).await;
    bill.charge(&mut network, "VISIT-30", 1, "119.99").await;
    bill.charge(&mut network, "LAB-A1C", 3, "26.67").await;
    let biller = network.account("biller", Some(bill.facility)).await;
    let own = network.account("patient", Some(bill.patient)).await;
    let (invoice, coverage) = (bill.invoice, bill.coverage);
    assert_eq!(dues(&network, own, bill.patient).await, [(invoice, 0, 0, 0)], "a draft asks for nothing");
    let due = SystemClock.now().day();
    network.does(biller, async |portal| money::issue(portal, InvoiceId(invoice), due).await).await;
    let due_on = "SELECT due_on::text FROM care.invoice";
    assert_eq!(network.one(due_on).await, due.to_string());
    let again = network.told(biller, async |portal| money::issue(portal, InvoiceId(invoice), due).await).await;
    assert_eq!(again, "There is no such draft: it may be issued already.");
    assert_eq!(dues(&network, own, bill.patient).await, [(invoice, 20_000, 20_000, 0)]);

    let claim =
        async |portal: &mut Actor<'_>| money::submit_claim(portal, InvoiceId(invoice), CoverageId(coverage)).await;
    let unseen = network.told(biller, claim).await;
    assert_eq!(unseen, "Nothing that is due was covered on its day of service.", "an invoice alone opens no coverage");
    treated(&mut network, &bill).await;
    let claim = network.does(biller, claim).await;
    assert_eq!(dues(&network, own, bill.patient).await, [(invoice, 20_000, 0, 20_000)]);
    let charge = |code: &str| format!("SELECT charge_id FROM care.charge WHERE charge_code = '{code}'");
    let (stay, lab) = (network.id(&charge("VISIT-30")).await, network.id(&charge("LAB-A1C")).await);
    let answers = [
        ChargeDecision { charge: ChargeId(stay), accepted_cents: 7_001, adjusted_cents: 999 },
        ChargeDecision { charge: ChargeId(lab), accepted_cents: 3_334, adjusted_cents: 668 },
    ];
    let half = network.told(biller, async |portal| money::adjudicate(portal, claim, &answers[..1]).await).await;
    assert_eq!(half, "An answer names each charge of the claim once.");
    let none = network.told(biller, async |portal| money::adjudicate(portal, claim, &[]).await).await;
    assert_eq!(none, half);
    network.does(biller, async |portal| money::adjudicate(portal, claim, &answers).await).await;
    let lines = "SELECT concat_ws(' ', charge_code, accepted_amount, adjusted_amount, l.denied_amount)
        FROM care.claim_line l JOIN care.charge USING (charge_id) ORDER BY 1";
    assert_eq!(network.rows(lines).await, ["LAB-A1C 33.34 6.68 39.99", "VISIT-30 70.01 9.99 39.99"]);
    assert_eq!(dues(&network, own, bill.patient).await, [(invoice, 20_000, 7_998, 10_335)]);

    let insurer = Payment {
        method: PaymentMethod::BankTransfer,
        claim: Some(claim),
        ..cash("insurer-0123456789", invoice, 10_335)
    };
    let card = Payment {
        method: PaymentMethod::Card,
        token: Some("tok_8f3kd92x"),
        ..cash("card-0123456789abc", invoice, 7_998)
    };
    for (payment, due) in [(insurer, (invoice, 20_000, 7_998, 0)), (card, (invoice, 20_000, 0, 0))] {
        let paid = network.does(biller, async |portal| money::pay(portal, &payment).await).await;
        assert_eq!(dues(&network, own, bill.patient).await, [due], "{payment:?}");
        let again = network.does(biller, async |portal| money::pay(portal, &payment).await).await;
        assert_eq!(again, paid, "the same key pays once");
        assert_eq!(dues(&network, own, bill.patient).await, [due], "{payment:?}, again");
        let other = Payment { cents: 1, ..payment };
        let told = network.told(biller, async |portal| money::pay(portal, &other).await).await;
        assert_eq!(told, "This key belongs to another payment: make a new one.");
    }
    let paid = "SELECT concat_ws(' ', method, payer, amount, processor_token, idempotency_key) FROM care.payment
        ORDER BY 1";
    let expected =
        ["bank_transfer insurer 103.35 insurer-0123456789", "card patient 79.98 tok_8f3kd92x card-0123456789abc"];
    assert_eq!(network.rows(paid).await, expected);
}

#[tokio::test]
async fn a_refund_makes_it_due_again_once_for_a_key() {
    let mut network = Network::owned().await;
    let Bill { patient, facility, invoice, .. } = Bill::issued(&mut network).await;
    let biller = network.account("biller", Some(facility)).await;
    let whole = cash("cash-0123456789abc", invoice, 20_000);
    let payment = network.does(biller, async |portal| money::pay(portal, &whole).await).await;
    assert_eq!(dues(&network, biller, patient).await, [(invoice, 20_000, 0, 0)]);
    let more = cash("more-0123456789abc", invoice, 1);
    let told = network.told(biller, async |portal| money::pay(portal, &more).await).await;
    assert_eq!(told, "This is more than what is due.");

    let back =
        async |portal: &mut Actor<'_>, key, cents| money::refund(portal, key, payment, cents, "paid twice").await;
    let refund = network.does(biller, async |portal| back(portal, "refund-0123456789", 1_549).await).await;
    assert_eq!(dues(&network, biller, patient).await, [(invoice, 20_000, 1_549, 0)]);
    let again = network.does(biller, async |portal| back(portal, "refund-0123456789", 1_549).await).await;
    assert_eq!(again, refund);
    assert_eq!(dues(&network, biller, patient).await, [(invoice, 20_000, 1_549, 0)]);
    let told = network.told(biller, async |portal| back(portal, "refund-abcdef0123", 18_452).await).await;
    assert_eq!(told, "No more goes back than came.");
    let stored = format!("SELECT amount || ' ' || reason FROM care.refund WHERE refund_id = '{refund}'");
    assert_eq!(network.one(&stored).await, "15.49 paid twice");
}

#[tokio::test]
async fn a_patient_sees_the_own_invoices_the_latest_first_and_another_patient_none_of_them() {
    let mut network = Network::owned().await;
    let (bill, other) = (Bill::issued(&mut network).await, Bill::issued(&mut network).await);
    let (patient, facility) = (bill.patient, bill.facility);
    let mut invoices = vec![(bill.invoice, 20_000, 20_000, 0)];
    for number in ["A-2", "A-3"] {
        let later = format!(
            "INSERT INTO care.invoice (patient_id, facility_id, number) VALUES ('{patient}', '{facility}', '{number}')
             RETURNING invoice_id"
        );
        invoices.insert(0, (network.id(&later).await, 0, 0, 0));
    }
    let (own, others) =
        (network.account("patient", Some(patient)).await, network.account("patient", Some(other.patient)).await);
    let elsewhere = network.account("biller", Some(other.facility)).await;
    assert_eq!(dues(&network, own, patient).await, invoices);
    assert_eq!(dues(&network, others, patient).await, []);
    assert_eq!(dues(&network, elsewhere, patient).await, []);
    assert_eq!(dues(&network, others, other.patient).await.len(), 1);
    let payment = cash("theirs-0123456789", bill.invoice, 1);
    for account in [own, others, elsewhere] {
        let told = network.told(account, async |portal| money::pay(portal, &payment).await).await;
        assert_eq!(told, "There is no such invoice.", "nor do they pay it");
    }
}

/// How it stands with a patient who waits, as an account sees it.
async fn waits(
    practice: &Practice,
    account: Uuid,
    patient: Uuid,
) -> Vec<(WaitlistEntryId, WaitlistStatus, Option<AppointmentId>)> {
    let entries =
        practice.network.does(account, async |portal| waitlist::of_patient(portal, PatientId(patient)).await).await;
    entries.into_iter().map(|WaitlistEntry { entry, status, appointment, .. }| (entry, status, appointment)).collect()
}

#[tokio::test]
async fn who_waits_is_offered_a_time_that_is_given_back_and_takes_it() {
    let mut practice = Practice::within(Network::owned().await).await;
    let member = practice.member("premium").await;
    let own = practice.network.account("patient", Some(member)).await;
    let stranger = practice.network.account("patient", Some(practice.patient)).await;
    let wanted = wanted(&practice, member);
    let entry = practice.network.does(own, async |portal| waitlist::join(portal, &wanted).await).await;
    assert_eq!(waits(&practice, own, member).await, [(entry, WaitlistStatus::Waiting, None)]);
    assert_eq!(waits(&practice, stranger, member).await, [], "who waits is nobody else's to see");
    let told = practice.network.told(own, async |portal| waitlist::join(portal, &wanted).await).await;
    assert_eq!(told, "The patient is on this wait-list already.");
    let told = practice.network.told(stranger, async |portal| waitlist::join(portal, &wanted).await).await;
    assert_eq!(told, "This is taken already, or not yours to see or change: ask the front desk.");

    practice.give_back(24).await;
    let held = practice.network.id("SELECT appointment_id FROM care.appointment WHERE status = 'held'").await;
    assert_eq!(waits(&practice, own, member).await, [(entry, WaitlistStatus::Offered, Some(AppointmentId(held)))]);
    let minutes = "SELECT (EXTRACT(epoch FROM upper(during) - lower(during)) / 60)::integer || ' ' || mode
        FROM care.appointment WHERE status = 'held'";
    assert_eq!(practice.network.one(minutes).await, "20 telehealth", "as it was asked for");
    let told = practice.network.told(own, async |portal| waitlist::leave(portal, entry).await).await;
    assert_eq!(told, "There is no such entry, or it waits no more.", "an offer is given back by cancelling it");
    practice
        .network
        .does(own, async |portal| schedule::change(portal, AppointmentId(held), AppointmentChange::Confirm).await)
        .await;
    assert_eq!(waits(&practice, own, member).await, [(entry, WaitlistStatus::Taken, Some(AppointmentId(held)))]);
}

#[tokio::test]
async fn who_waits_may_leave_and_an_offer_that_is_cancelled_has_lapsed() {
    let mut practice = Practice::within(Network::owned().await).await;
    let member = practice.member("premium").await;
    let own = practice.network.account("patient", Some(member)).await;
    let stranger = practice.network.account("patient", Some(practice.patient)).await;
    let anybody = wanted(&practice, member);
    let first = practice.network.does(own, async |portal| waitlist::join(portal, &anybody).await).await;
    practice.give_back(24).await;
    let held = practice.network.id("SELECT appointment_id FROM care.appointment WHERE status = 'held'").await;
    practice.network.does(own, async |portal| attendance::cancel(portal, AppointmentId(held), None).await).await;

    // Somebody else's times are not what this entry waits for.
    let elsewhere = practice.network.provider().await;
    let wanted = WaitlistRequest { provider: Some(ProviderId(elsewhere)), mode: VisitMode::InPerson, ..anybody };
    let entry = practice.network.does(own, async |portal| waitlist::join(portal, &wanted).await).await;
    practice.give_back(48).await;
    let lapsed = (first, WaitlistStatus::Lapsed, Some(AppointmentId(held)));
    assert_eq!(waits(&practice, own, member).await, [(entry, WaitlistStatus::Waiting, None), lapsed]);
    let told = practice.network.told(stranger, async |portal| waitlist::leave(portal, entry).await).await;
    assert_eq!(told, "There is no such entry, or it waits no more.");
    practice.network.does(own, async |portal| waitlist::leave(portal, entry).await).await;
    assert_eq!(waits(&practice, own, member).await, [(entry, WaitlistStatus::Left, None), lapsed], "the latest first");
    let again = practice.network.told(own, async |portal| waitlist::leave(portal, entry).await).await;
    assert_eq!(again, told);
}

/// Twenty minutes by video with anybody of a practice within thirty days.
fn wanted(practice: &Practice, patient: Uuid) -> WaitlistRequest {
    let since = SystemClock.now();
    let until = since.plus_micros(30 * DAY_US);
    let (patient, facility) = (PatientId(patient), FacilityId(practice.facility));
    WaitlistRequest { patient, facility, provider: None, minutes: 20, since, until, mode: VisitMode::Telehealth }
}

#[tokio::test]
async fn a_visit_by_video_is_joined_once_by_its_link_after_consent() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (appointment, patient, provider) = telehealth::visit(&mut practice).await;
    let appointment = AppointmentId(appointment);
    let network = &practice.network;
    let link = async |portal: &mut Actor<'_>| visit::issue_link(portal, appointment).await;
    assert_eq!(network.told(patient, link).await, "The patient has to agree to be seen by video first.");
    let consent = async |portal: &mut Actor<'_>| visit::consent(portal, appointment).await;
    assert_eq!(network.told(provider, consent).await, "There is no such visit by video.");
    network.does(patient, consent).await;
    network.does(patient, consent).await;

    let replaced = network.does(patient, link).await;
    let (secret, providers) = (network.does(patient, link).await, network.does(provider, link).await);
    assert_eq!(secret.expose_secret().len(), 64);
    assert!(!format!("{secret:?}").contains(secret.expose_secret()), "no log prints it");
    let used = "This link has been used or has run out: ask for a new one.";
    let made_up = SecretString::from("made up");
    for (account, bad) in [(provider, &secret), (patient, &replaced), (patient, &providers), (patient, &made_up)] {
        assert_eq!(network.told(account, async |portal| visit::join_session(portal, bad).await).await, used);
    }
    let joined = network.does(patient, async |portal| visit::join_session(portal, &secret).await).await;
    let again = network.told(patient, async |portal| visit::join_session(portal, &secret).await).await;
    assert_eq!(again, used);
    let met = network.does(provider, async |portal| visit::join_session(portal, &providers).await).await;
    assert_eq!(met, joined, "both are in one session");
    let session = "SELECT telehealth_session_id FROM care.telehealth_session WHERE started_at IS NOT NULL";
    assert_eq!(TelehealthSessionId(practice.network.id(session).await), joined);
}

#[tokio::test]
async fn a_completed_visit_is_reviewed_once_by_its_patient() {
    let mut practice = Practice::within(Network::owned().await).await;
    let patient = practice.patient;
    let completed = practice.taken_over(patient, &hours_ahead(-48, 30), "completed").await;
    let missed = practice.taken_over(patient, &hours_ahead(-72, 30), "no_show").await;
    let own = practice.network.account("patient", Some(patient)).await;
    let other = practice.member("regular").await;
    let stranger = practice.network.account("patient", Some(other)).await;
    let network = &practice.network;
    let review = async |portal: &mut Actor<'_>, which, stars| {
        let said = NewReview { provider_stars: stars, facility_stars: Some(3), body: Some("Kind") };
        visit::review(portal, AppointmentId(which), &said).await
    };
    for (account, which, stars, sentence) in [
        (own, missed, Some(4), "Only a completed visit can be reviewed."),
        (stranger, completed, Some(4), "There is no such appointment."),
        (own, completed, Some(6), "Give one to five stars."),
    ] {
        assert_eq!(network.told(account, async |portal| review(portal, which, stars).await).await, sentence);
    }
    let made = network.does(own, async |portal| review(portal, completed, Some(4)).await).await;
    let again = network.told(own, async |portal| review(portal, completed, None).await).await;
    assert_eq!(again, "This visit has been reviewed already.");
    let stored = "SELECT concat_ws(' ', review_id, appointment_id, provider_stars, facility_stars, body, state) FROM care.review";
    assert_eq!(practice.network.one(stored).await, format!("{made} {completed} 4 3 Kind pending"));
}

#[tokio::test]
async fn follow_ups_are_read_by_their_patient_and_no_other_the_next_due_first() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (patient, other) = (practice.patient, practice.network.patient().await);
    let appointment = practice.taken_over(patient, &hours_ahead(-48, 30), "completed").await;
    let mut expected = Vec::new();
    // Stored in another order than they are due in.
    for (month, day, status, reason) in
        [("08", 31, "recommended", "Check pressure"), ("07", 2, "declined", "HbA1c"), ("11", 25, "recommended", "Eyes")]
    {
        let (due_from, due_to) = (format!("2026-{month}-{day:02}"), format!("2027-{month}-01"));
        let insert = format!(
            "INSERT INTO care.follow_up (patient_id, appointment_id, due_during, status, reason)
             VALUES ('{patient}', '{appointment}', '[{due_from}, {due_to})', '{status}', '{reason}')
             RETURNING follow_up_id"
        );
        let follow_up = practice.network.id(&insert).await;
        let (status, reason): (FollowUpStatus, _) = (status.parse().unwrap(), reason.to_owned());
        let (follow_up, appointment) = (FollowUpId(follow_up), AppointmentId(appointment));
        let (due_from, due_to) = (due_from.parse().unwrap(), due_to.parse().unwrap());
        expected.push(visit::FollowUp { follow_up, appointment, due_from, due_to, status, reason });
    }
    expected.swap(0, 1);
    let own = practice.network.account("patient", Some(patient)).await;
    let stranger = practice.network.account("patient", Some(other)).await;
    let read = async |portal: &mut Actor<'_>| visit::follow_ups(portal, PatientId(patient)).await;
    assert_eq!(practice.network.does(own, read).await, expected);
    assert_eq!(practice.network.does(stranger, read).await, []);
    let elsewhere = practice.network.provider().await;
    let elsewhere = practice.network.account("provider", Some(elsewhere)).await;
    assert_eq!(practice.network.does(elsewhere, read).await, [], "nor by a provider who does not care for the patient");
}
