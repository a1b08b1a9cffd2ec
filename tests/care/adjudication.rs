//! Answers of insurers with codes: they add up to the cent, stay, and what was denied is asked for again, once.

use healthtrack::model::people::{ChargeId, ClaimId, ClaimRelation, CoverageId, InvoiceId, PatientId};
use healthtrack::store::care::claim::{self, Adjustment, LineAnswer};
use uuid::Uuid;

use super::money::Bill;
use super::network::Network;
use super::practice::{hours_ahead, race};

/// The charges of an invoice: 120.00, then 80.00.
async fn charges(network: &mut Network, bill: &Bill) -> [Uuid; 2] {
    let query =
        format!("SELECT charge_id::text FROM care.charge WHERE invoice_id = '{}' ORDER BY amount DESC", bill.invoice);
    let found = network.rows(&query).await;
    [found[0].parse().unwrap(), found[1].parse().unwrap()]
}

fn submit(bill: &Bill, diagnoses: &str) -> String {
    format!("SELECT care.submit_coded_claim('{}', '{}', '{diagnoses}')", bill.invoice, bill.coverage)
}

/// A charge, what is paid for it, and what each group and code takes off, in cents.
type Answered<'a> = (Uuid, i64, &'a [(&'a str, &'a str, i64)]);

/// An answer to a claim.
fn answer(claim: Uuid, lines: &[Answered<'_>]) -> String {
    let lines: Vec<serde_json::Value> = lines
        .iter()
        .map(|(charge, paid, taken)| {
            let taken: Vec<_> = taken
                .iter()
                .map(|(group, code, cents)| serde_json::json!({"group": group, "code": code, "cents": cents}))
                .collect();
            serde_json::json!({"charge": charge, "paid_cents": paid, "adjustments": taken})
        })
        .collect();
    format!("SELECT care.answer_claim('{claim}', '{}')", serde_json::Value::from(lines))
}

/// A claim on a bill's two charges that is answered: of the first 36.00 are denied, of the second all of 80.00.
async fn denied(network: &mut Network, bill: &Bill) -> (Uuid, [Uuid; 2]) {
    let [visit, lab] = charges(network, bill).await;
    let claim = network.id(&submit(bill, "{E11.9,Z79.4}")).await;
    let said = answer(
        claim,
        &[
            (visit, 6_000, &[("CO", "45", 1_400), ("PR", "1", 1_000), ("PR", "96", 3_600)]),
            (lab, 0, &[("PR", "204", 8_000)]),
        ],
    );
    network.run(&said).await;
    (claim, [visit, lab])
}

const LINES: &str = "
    SELECT concat_ws(' ', l.submitted_amount, l.allowed_amount, l.accepted_amount, l.denied_amount,
               (SELECT string_agg(a.group_code || '-' || a.code || ':' || a.amount, ',' ORDER BY a.group_code, a.code)
                FROM care.claim_adjustment a WHERE a.claim_id = l.claim_id AND a.charge_id = l.charge_id))
    FROM care.claim_line l JOIN care.claim c USING (claim_id) ORDER BY c.submitted_at, l.submitted_amount DESC";

#[tokio::test]
async fn an_answer_says_for_each_charge_who_bears_what_and_why() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    denied(&mut network, &bill).await;
    assert_eq!(
        network.rows(LINES).await,
        ["120.00 106.00 60.00 46.00 CO-45:14.00,PR-1:10.00,PR-96:36.00", "80.00 80.00 0.00 80.00 PR-204:80.00"]
    );
    let due = "SELECT concat_ws(' ', due_from_patient, due_from_insurer, adjusted) FROM care.invoice_balance";
    assert_eq!(network.one(due).await, "126.00 60.00 14.00");
}

#[tokio::test]
async fn what_does_not_add_up_or_has_no_known_code_is_refused() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    let [visit, lab] = charges(&mut network, &bill).await;
    let claim = network.id(&submit(&bill, "{E11.9}")).await;
    let whole: Answered<'_> = (lab, 8_000, &[]);
    for (line, rule) in [
        ((visit, 11_999, &[][..]), "claim_answer_adds_up"),
        ((visit, 12_001, &[]), "claim_answer_adds_up"),
        ((visit, 11_000, &[("PR", "96", 999)]), "claim_answer_adds_up"),
        ((visit, 11_000, &[("PR", "9999", 1_000)]), "claim_adjustment_code_fkey"),
        ((visit, 11_000, &[("XX", "45", 1_000)]), "claim_adjustment_code_fkey"),
        ((visit, 11_000, &[("CO", "45", 500), ("CO", "45", 500)]), "claim_adjustment_pkey"),
        ((visit, 13_000, &[("CO", "45", -1_000)]), "claim_adjustment_takes_something"),
    ] {
        assert_eq!(network.refusal(&answer(claim, &[line, whole])).await, rule, "{line:?}");
    }
    assert_eq!(network.refusal(&answer(claim, &[whole])).await, "claim_answer_is_whole");
    assert_eq!(network.refusal(&format!("SELECT care.answer_claim('{claim}', '{{}}')")).await, "claim_answer_is_whole");
    // By hand, codes that take off more than the line says.
    let by_hand = format!(
        "INSERT INTO care.claim_adjustment (claim_id, charge_id, patient_id, facility_id, invoice_id, amount, group_code, code)
         SELECT claim_id, charge_id, patient_id, facility_id, invoice_id, 2, 'CO', '45' FROM care.claim_line
         WHERE charge_id = '{visit}';
         SELECT care.adjudicate_claim('{claim}', '{{{visit},{lab}}}', '{{119,80}}', '{{1,0}}')"
    );
    assert_eq!(network.refusal(&by_hand).await, "claim_adjustments_add_up");
    // A code that takes off nothing says nothing, and is no reason to refuse the rest.
    network.run(&answer(claim, &[(visit, 12_000, &[("CO", "45", 0)]), whole])).await;
    assert_eq!(network.one("SELECT count(*)::text FROM care.claim_adjustment").await, "0");
    assert_eq!(network.refusal(&answer(claim, &[(visit, 12_000, &[]), whole])).await, "claim_is_answered_once");
}

#[tokio::test]
async fn an_answer_without_codes_says_so_and_all_codes_stay() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    let [visit, lab] = charges(&mut network, &bill).await;
    let claim = network.id(&submit(&bill, "{E11.9}")).await;
    network
        .run(&format!("SELECT care.adjudicate_claim('{claim}', '{{{visit},{lab}}}', '{{100,80}}', '{{5,0}}')"))
        .await;
    assert_eq!(
        network.rows(LINES).await,
        ["120.00 115.00 100.00 15.00 CO-NONE:5.00,PR-NONE:15.00", "80.00 80.00 80.00 0.00"]
    );
    let late = "INSERT INTO care.claim_adjustment (claim_id, charge_id, patient_id, facility_id, invoice_id, amount, group_code, code)
                SELECT claim_id, charge_id, patient_id, facility_id, invoice_id, 1, 'CO', '45' FROM care.claim_line LIMIT 1";
    let more = "INSERT INTO care.claim_diagnosis (claim_id, patient_id, facility_id, invoice_id, sequence, code)
                SELECT claim_id, patient_id, facility_id, invoice_id, 2, 'I10' FROM care.claim";
    for late in [late, more] {
        assert_eq!(network.refusal(late).await, "claim_is_coded_while_open");
    }
    for table in ["claim_adjustment", "claim_diagnosis", "claim_line_diagnosis"] {
        for change in [format!("UPDATE care.{table} SET patient_id = patient_id"), format!("DELETE FROM care.{table}")]
        {
            assert_eq!(network.refusal(&change).await, format!("{table}_is_append_only"));
        }
    }
}

#[tokio::test]
async fn a_claim_names_diagnoses_in_their_form_and_order_and_each_charge_points_at_them() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    let [visit, lab] = charges(&mut network, &bill).await;
    for (codes, rule) in [
        ("{}", "claim_has_a_diagnosis"),
        ("{E119}", "claim_diagnosis_is_icd_10_cm"),
        ("{e11.9}", "claim_diagnosis_is_icd_10_cm"),
        ("{E11.9,E11.9}", "claim_diagnosis_is_named_once"),
        ("{A00,A01,A02,A03,A04,A05,A06,A07,A08,A09,A15,A16,A17}", "claim_diagnosis_sequence_is_believable"),
    ] {
        assert_eq!(network.refusal(&submit(&bill, codes)).await, rule, "{codes}");
    }
    let pointed = |pointers: &str| {
        submit(&bill, "{E11.9,Z79.4,I10}").replace("}')", &format!("}}', '{{\"{lab}\": {pointers}}}')"))
    };
    assert_eq!(network.refusal(&pointed("[4]")).await, "claim_line_diagnosis_diagnosis_fkey");
    assert_eq!(network.refusal(&pointed("[3,3]")).await, "claim_line_diagnosis_is_named_once");
    network.run(&pointed("[3,1]")).await;
    let found = |charge: Uuid| {
        format!(
            "SELECT string_agg(d.code, ' ' ORDER BY p.priority) FROM care.claim_line_diagnosis p
             JOIN care.claim_diagnosis d USING (claim_id, sequence) WHERE p.charge_id = '{charge}'"
        )
    };
    assert_eq!(network.one(&found(visit)).await, "E11.9 Z79.4 I10");
    assert_eq!(network.one(&found(lab)).await, "I10 E11.9");
    let five = "INSERT INTO care.claim_line_diagnosis (claim_id, charge_id, patient_id, facility_id, invoice_id, priority, sequence)
                SELECT claim_id, charge_id, patient_id, facility_id, invoice_id, 5, 2 FROM care.claim_line
                WHERE charge_id = (SELECT charge_id FROM care.claim_line ORDER BY submitted_amount LIMIT 1)";
    assert_eq!(network.refusal(five).await, "claim_line_diagnosis_priority_is_believable");
}

#[tokio::test]
async fn what_was_denied_is_asked_for_again_by_a_claim_that_replaces_and_no_more_than_that() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    let (first, [visit, lab]) = denied(&mut network, &bill).await;
    let replace = |of: Uuid, how: &str| format!("SELECT care.replace_claim('{of}', '{how}')");
    assert_eq!(network.refusal(&replace(first, "complaint")).await, "claim_related_as_is_known");
    let second = network.id(&replace(first, "appeal")).await;
    let asked = format!(
        "SELECT charge_id::text || ' ' || submitted_amount FROM care.claim_line WHERE claim_id = '{second}' ORDER BY submitted_amount"
    );
    assert_eq!(
        network.rows(&asked).await,
        [format!("{visit} 36.00"), format!("{lab} 80.00")],
        "the deductible is no denial"
    );
    let codes =
        format!("SELECT string_agg(code, ' ' ORDER BY sequence) FROM care.claim_diagnosis WHERE claim_id = '{second}'");
    assert_eq!(network.one(&codes).await, "E11.9 Z79.4");
    assert_eq!(network.refusal(&replace(second, "appeal")).await, "claim_replaces_an_answered_one", "it is open");
    network
        .run(&answer(second, &[(visit, 3_600, &[]), (lab, 5_000, &[("PR", "2", 1_000), ("PR", "204", 2_000)])]))
        .await;
    assert_eq!(network.refusal(&replace(first, "appeal")).await, "claim_is_replaced_once");
    let by_hand = |changes: &str| {
        format!(
            "WITH made AS (
                 INSERT INTO care.claim (patient_id, facility_id, invoice_id, coverage_id, submitted_amount, replaces_claim_id, related_as)
                 SELECT patient_id, facility_id, invoice_id, coverage_id, 30, claim_id, 'appeal' FROM care.claim
                 WHERE claim_id = '{second}' RETURNING *)
             INSERT INTO care.claim_line (claim_id, charge_id, patient_id, facility_id, invoice_id, submitted_amount)
             SELECT claim_id, '{lab}', patient_id, facility_id, invoice_id, 30 FROM made {changes}"
        )
    };
    assert_eq!(network.refusal(&by_hand("")).await, "claim_replaces_what_was_denied", "20 were denied");
    assert_eq!(
        network.refusal(&by_hand("").replace(&second.to_string(), &first.to_string())).await,
        "claim_is_replaced_once"
    );
    let third = network.id(&replace(second, "resubmission")).await;
    network.run(&answer(third, &[(lab, 0, &[("PR", "204", 2_000)])])).await;
    let other = Bill::issued(&mut network).await;
    let elsewhere = format!(
        "INSERT INTO care.claim (patient_id, facility_id, invoice_id, coverage_id, submitted_amount, replaces_claim_id, related_as)
         VALUES ('{}', '{}', '{}', '{}', 1, '{third}', 'appeal')",
        other.patient, other.facility, other.invoice, other.coverage
    );
    let rule = network.refusal(&elsewhere).await;
    assert!(["claim_replaces_fkey", "claim_replaces_an_answered_one"].contains(&rule.as_str()), "{rule}");
}

#[tokio::test]
async fn a_claim_that_stands_is_answered_though_the_record_was_joined_with_another() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    let (patient, survivor) = (bill.patient, network.patient().await);
    let [visit, lab] = charges(&mut network, &bill).await;
    let claim = network.id(&submit(&bill, "{E11.9}")).await;
    network
        .run(&format!(
            "INSERT INTO care.patient_link (patient_id, survivor_id, reason) VALUES ('{patient}', '{survivor}', 'Same person')"
        ))
        .await;
    network.run(&answer(claim, &[(visit, 12_000, &[]), (lab, 0, &[("PR", "204", 8_000)])])).await;
    network.run(&format!("SELECT care.replace_claim('{claim}', 'appeal')")).await;
}

#[tokio::test]
async fn codes_hang_on_no_other_persons_claim() {
    let mut network = Network::new().await;
    let (bill, other) = (Bill::issued(&mut network).await, network.patient().await);
    network.run(&submit(&bill, "{E11.9}")).await;
    let add = |table: &str, columns: &str, values: &str| {
        format!(
            "INSERT INTO care.{table} (patient_id, claim_id, facility_id, invoice_id, {columns})
             SELECT '{other}', claim_id, facility_id, invoice_id, {values} FROM care.claim_line LIMIT 1"
        )
    };
    for (statement, rule) in [
        (
            add("claim_adjustment", "charge_id, amount, group_code, code", "charge_id, 1, 'CO', '45'"),
            "claim_adjustment_line_fkey",
        ),
        (add("claim_diagnosis", "sequence, code", "2, 'I10'"), "claim_diagnosis_claim_fkey"),
        (
            add("claim_line_diagnosis", "charge_id, priority, sequence", "charge_id, 2, 2"),
            "claim_line_diagnosis_line_fkey",
        ),
    ] {
        assert_eq!(network.refusal(&statement).await, rule, "{statement}");
    }
}

#[tokio::test]
async fn of_eight_who_replace_a_claim_at_once_one_does() {
    let mut network = Network::new().await;
    for _ in 0..3 {
        let bill = Bill::issued(&mut network).await;
        let (first, _) = denied(&mut network, &bill).await;
        let replaced = race(&network, vec![format!("SELECT care.replace_claim('{first}', 'appeal')::text"); 8]).await;
        assert_eq!(replaced.iter().filter(|one| one.is_ok()).count(), 1, "{replaced:?}");
    }
    let twice = "SELECT invoice_id::text FROM care.claim WHERE status = 'submitted' GROUP BY 1 HAVING count(*) > 1";
    assert_eq!(network.rows(twice).await, [""; 0]);
}

#[tokio::test]
async fn a_biller_codes_a_claim_through_the_portal_and_who_was_granted_bills_reads_no_sensitive_diagnosis() {
    let mut network = Network::owned().await;
    let bill = Bill::issued(&mut network).await;
    let (provider, granted) = (network.provider().await, network.patient().await);
    network
        .run(&format!(
            "INSERT INTO care.encounter (patient_id, attending_provider_id, facility_id, during, class)
             VALUES ('{}', '{provider}', '{}', {}, 'ambulatory')",
            bill.patient,
            bill.facility,
            hours_ahead(-48, 30)
        ))
        .await;
    let (biller, own) =
        (network.account("biller", Some(bill.facility)).await, network.account("patient", Some(bill.patient)).await);
    let relative = network.account("patient", Some(granted)).await;
    network
        .run(&format!(
            "INSERT INTO access.grant_of_access (patient_id, account_id, valid_during, scopes, purpose)
             VALUES ('{}', '{relative}', tstzrange(now() - INTERVAL '1 hour', NULL), '{{billing}}', 'insurance')",
            bill.patient
        ))
        .await;
    let [visit, lab] = charges(&mut network, &bill).await;
    let (invoice, coverage, patient) = (InvoiceId(bill.invoice), CoverageId(bill.coverage), PatientId(bill.patient));
    let claim: ClaimId =
        network.does(biller, async |actor| claim::submit(actor, invoice, coverage, &["F32.1", "E11.9"]).await).await;
    let taken = |code: &str, cents| Adjustment { group: "PR".to_owned(), code: code.to_owned(), cents };
    let lines = [
        LineAnswer { charge: ChargeId(visit), paid_cents: 10_000, adjustments: vec![taken("2", 2_000)] },
        LineAnswer { charge: ChargeId(lab), paid_cents: 0, adjustments: vec![taken("96", 8_000)] },
    ];
    let wrong = network.broken(biller, async |actor| claim::answer(actor, claim, &lines[..1]).await).await;
    assert_eq!(wrong.rule, "claim_answer_is_whole");
    network.does(biller, async |actor| claim::answer(actor, claim, &lines).await).await;
    let again = network.does(biller, async |actor| claim::replace(actor, claim, ClaimRelation::Appeal).await).await;
    let both = Some(vec!["F32.1".to_owned(), "E11.9".to_owned()]);
    for (who, seen) in [(biller, &both), (own, &both), (relative, &None)] {
        let found = network.does(who, async |actor| claim::of_patient(actor, patient).await).await;
        assert_eq!(found.len(), 3, "two lines, and the one of the appeal");
        assert!(found.iter().all(|line| line.diagnoses == *seen), "{found:?}");
        let appeal = found.iter().find(|line| line.claim == again).unwrap();
        assert_eq!((appeal.replaces, appeal.asked_cents, appeal.paid_cents), (Some(claim), 8_000, None));
        let answered = found.iter().find(|line| line.claim == claim && line.charge.0 == visit).unwrap();
        assert_eq!((answered.allowed_cents, answered.patient_cents), (Some(12_000), Some(2_000)));
        assert_eq!(answered.adjustments.as_ref().unwrap().0, [taken("2", 2_000)]);
    }
    // Where one category is missing, a claim that has such a diagnosis looks like all others.
    let grant = "UPDATE access.grant_of_access SET scopes = '{billing,behavioural_health,reproductive,substance_use";
    for (more, seen) in [("}'", &None), (",hiv}'", &both)] {
        network.run(&format!("{grant}{more}")).await;
        let found = network.does(relative, async |actor| claim::of_patient(actor, patient).await).await;
        assert!(found.len() == 3 && found.iter().all(|line| line.diagnoses == *seen), "{found:?}");
    }
    let codes = network.does(own, async |actor| claim::adjustment_codes(actor).await).await;
    assert!(codes.iter().any(|code| code.group_code == "PR" && code.code == "1" && code.counts_as.is_some()));
    let covers = network.does(own, async |actor| claim::coverages(actor, patient).await).await;
    assert_eq!(covers.iter().map(|one| (one.coverage, one.rank.as_str())).collect::<Vec<_>>(), [(coverage, "primary")]);
}
