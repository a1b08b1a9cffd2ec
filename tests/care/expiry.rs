//! What expires only as a whole, what does not while it is in force, and that one row holds up no other.

use super::money::{Bill, answering};
use super::network::Network;
use super::retention::{expired, two};

/// Lets eleven years pass for all that was booked, and for what insures.
async fn years_pass(network: &mut Network) {
    network
        .run(
            "SET session_replication_role = replica;
             UPDATE care.ledger_transaction SET booked_at = booked_at - INTERVAL '11 years';
             UPDATE care.claim SET submitted_at = submitted_at - INTERVAL '11 years';
             UPDATE care.payment SET received_at = received_at - INTERVAL '11 years';
             UPDATE care.refund SET refunded_at = refunded_at - INTERVAL '11 years';
             UPDATE care.charge SET created_at = created_at - INTERVAL '11 years';
             UPDATE care.invoice SET created_at = created_at - INTERVAL '11 years';
             SET session_replication_role = origin;
             UPDATE access.retention_turn SET done_on = done_on - 1",
        )
        .await;
}

#[tokio::test]
async fn a_bill_stays_whole_while_money_is_due_or_a_booking_of_it_is_young() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    let invoice = bill.invoice;
    let claim = network.id(&format!("SELECT care.submit_claim('{invoice}', '{}')", bill.coverage)).await;
    network.run(&answering(claim, "0.7", "0.1")).await;
    network.run("UPDATE access.row_class SET kept_for = '10 years' WHERE row_class = 'money'").await;
    years_pass(&mut network).await;
    assert_eq!(expired(&mut network).await, 0, "140 are due from the insurer, 40 from the patient");
    let pay = |key: &str, amount: i32, claim: &str| {
        format!("SELECT care.pay('{key}-0123456789', '{invoice}', {amount}, 'bank_transfer', NULL, {claim})")
    };
    let paid = network.id(&pay("patient", 40, "NULL")).await;
    network.run(&pay("insurer", 140, &format!("'{claim}'"))).await;
    network.run(&format!("SELECT care.refund('refund-0123456789', '{paid}', 5, 'Paid twice')")).await;
    network.run(&pay("again", 5, "NULL")).await;
    network.run("UPDATE access.retention_turn SET done_on = done_on - 1").await;
    assert_eq!(expired(&mut network).await, 0, "nothing is due, and it was booked today");
    years_pass(&mut network).await;
    assert!(expired(&mut network).await > 10);
    for table in ["invoice", "invoice_total", "charge", "claim", "claim_line", "payment", "refund", "ledger_entry"] {
        assert_eq!(network.one(&format!("SELECT count(*)::text FROM care.{table}")).await, "0", "{table}");
    }
    assert!(network.rows("SELECT relation FROM access.retention_turn WHERE blocked IS NOT NULL").await.is_empty());
}

#[tokio::test]
async fn what_is_in_force_and_the_record_of_who_still_comes_do_not_expire() {
    let mut network = Network::new().await;
    let (comes, gone) = (network.patient().await, network.patient().await);
    let (facility, provider) = (network.facility("IL", "clinic").await, network.provider().await);
    for (patient, until) in [(comes, "NULL"), (gone, "now() - INTERVAL '10 years 5 days'")] {
        network
            .run(&format!(
                "INSERT INTO care.allergy (patient_id, category, substance, criticality, created_at)
                 VALUES ('{patient}', 'food', 'Nuts', 'low', now() - INTERVAL '11 years');
                 INSERT INTO care.membership (patient_id, plan, valid_during, created_at)
                 SELECT '{patient}', 'regular', tstzrange(now() - INTERVAL '11 years', {until}), now() - INTERVAL '11 years';
                 WITH plan AS (
                     INSERT INTO care.insurer (name) VALUES ('I {patient}') RETURNING insurer_id),
                 made AS (
                     INSERT INTO care.insurance_plan (insurer_id, name) SELECT insurer_id, 'Silver' FROM plan
                     RETURNING insurer_id, insurance_plan_id),
                 policy AS (
                     INSERT INTO care.policy (insurer_id, insurance_plan_id, number, holder_name)
                     SELECT insurer_id, insurance_plan_id, 'P-1', 'Ana Ruiz' FROM made RETURNING policy_id)
                 INSERT INTO care.coverage (patient_id, policy_id, covered_during, created_at)
                 SELECT '{patient}', policy_id, daterange('2010-01-01', ({until})::date), now() - INTERVAL '11 years' FROM policy"
            ))
            .await;
    }
    network
        .run(&format!(
            "INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, during, class)
             VALUES ('{comes}', '{facility}', '{provider}', tstzrange(now() - INTERVAL '9 years',
                     now() - INTERVAL '9 years' + INTERVAL '1 hour'), 'ambulatory');
             UPDATE access.row_class SET kept_for = '10 years' WHERE row_class IN ('clinical', 'money')"
        ))
        .await;
    assert_eq!(expired(&mut network).await, 3, "of the one who is gone");
    let left = "SELECT count(*)::text FROM care.";
    for table in ["allergy", "membership", "coverage", "encounter"] {
        assert_eq!(network.one(&format!("{left}{table} WHERE patient_id = '{comes}'")).await, "1", "{table}");
    }
}

#[tokio::test]
async fn a_thread_stays_with_its_young_messages_and_what_others_refer_to_stops_nothing_else() {
    let mut network = Network::owned().await;
    let patient = network.patient().await;
    let account = network.account("patient", Some(patient)).await;
    network
        .run(&format!(
            "INSERT INTO care.message_thread (patient_id, category, subject, created_at)
             SELECT '{patient}', 'other', subject, now() - INTERVAL '3 years' FROM unnest('{{young,old,told}}'::text[]) AS subject;
             INSERT INTO care.message (patient_id, message_thread_id, sender_account_id, body, sent_at)
             SELECT patient_id, message_thread_id, '{account}', 'Hello',
                    now() - CASE subject WHEN 'young' THEN INTERVAL '1 hour' ELSE INTERVAL '3 years' END
             FROM care.message_thread;
             DELETE FROM care.notification;
             DELETE FROM care.task;
             INSERT INTO care.notification (patient_id, message_id, template, channel, next_attempt_at)
             SELECT patient_id, message_id, 'message_waiting', 'email', now()
             FROM care.message JOIN care.message_thread USING (patient_id, message_thread_id) WHERE subject = 'told';
             UPDATE access.row_class SET kept_for = '2 years' WHERE row_class = 'message'"
        ))
        .await;
    assert_eq!(expired(&mut network).await, 2, "a thread and its message");
    assert_eq!(network.rows("SELECT subject FROM care.message_thread ORDER BY 1").await, ["told", "young"]);
}

#[tokio::test]
async fn a_row_that_something_needs_keeps_no_other_from_going() {
    let mut network = Network::owned().await;
    let (first, second) = two(&mut network).await;
    network
        .run(&format!(
            "CREATE FUNCTION care.injected() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                 RAISE foreign_key_violation;
             END $$;
             CREATE TRIGGER injected BEFORE DELETE ON care.note FOR EACH ROW
                 WHEN (OLD.patient_id = '{first}') EXECUTE FUNCTION care.injected();
             UPDATE access.row_class SET kept_for = '1 year' WHERE row_class = 'note'"
        ))
        .await;
    assert_eq!(expired(&mut network).await, 2, "the other's note and its section");
    let left = network.rows("SELECT DISTINCT patient_id::text FROM care.note").await;
    assert_eq!(left, [first.to_string()], "not of {second}");
    assert_eq!(network.rows("SELECT blocked FROM access.retention_turn WHERE relation = 'care.note'").await, ["23503"]);
}
