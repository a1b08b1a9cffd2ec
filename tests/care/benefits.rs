//! What insurance plans pay and what was used of it: rules of the tables, sums that are kept equal to counting anew, and
//! who reads them and asks for estimates. The estimate's arithmetic is compared with a model in `estimate`.

use healthtrack::model::people::{CoverageId, FacilityId, InsurancePlanId, PatientId};
use healthtrack::model::time::{Clock as _, SystemClock};
use healthtrack::store::care::benefit::{self, EstimateRequest};
use uuid::Uuid;

use super::money::Bill;
use super::network::Network;
use super::practice::{hours_ahead, race};

/// Cost sharing and two benefits for the plan of a bill's coverage.
const PLAN: &str = "
    UPDATE care.charge_code SET category = CASE WHEN charge_code ~ 'VISIT' THEN 'office_visit' ELSE 'laboratory' END;
    INSERT INTO care.plan_cost_sharing SELECT insurance_plan_id, '[2026-01-01,)', 50, 100, 500, 900 FROM care.insurance_plan;
    INSERT INTO care.plan_benefit (insurance_plan_id, valid_during, network, category, copay, coinsurance_percent,
                                   deductible_applies, visit_limit, limit_per)
    SELECT insurance_plan_id, '[2026-01-01,)', 'out', 'office_visit', 20, 12.5, false, 9, 'month' FROM care.insurance_plan;
    INSERT INTO care.plan_benefit (insurance_plan_id, valid_during, network, charge_code, coinsurance_percent)
    SELECT insurance_plan_id, '[2026-01-01,)', 'out', 'LAB-A1C', 30 FROM care.insurance_plan";

/// Kept sums that counting anew does not give, and those that it gives and are not kept.
const DRIFT: &str = "
    SELECT kept::text FROM (SELECT * FROM care.accumulator EXCEPT SELECT * FROM care.cost_shares()) AS kept
    UNION ALL SELECT anew::text FROM (SELECT * FROM care.cost_shares() EXCEPT SELECT * FROM care.accumulator) AS anew";

/// Claims a bill; an answer that pays 120.00 and lays 30.00 of deductible, 6.00 of copay, 4.00 of a denial on the patient.
async fn answered(network: &mut Network, bill: &Bill) -> Uuid {
    let claim = network.id(&format!("SELECT care.submit_claim('{}', '{}')", bill.invoice, bill.coverage)).await;
    network.run(&answering(claim)).await;
    claim
}

fn answering(claim: Uuid) -> String {
    format!(
        r#"SELECT care.answer_claim('{claim}', jsonb_agg(jsonb_build_object('charge', charge_id,
               'paid_cents', CASE submitted_amount WHEN 120 THEN 12000 ELSE 0 END, 'adjustments',
               CASE submitted_amount WHEN 120 THEN '[]' ELSE '[{{"group":"PR","code":"1","cents":3000}},
                   {{"group":"PR","code":"3","cents":600}},{{"group":"PR","code":"96","cents":400}},
                   {{"group":"CO","code":"45","cents":4000}}]'::jsonb END)))
           FROM care.claim_line WHERE claim_id = '{claim}'"#
    )
}

#[tokio::test]
async fn what_is_wrong_with_a_plan_cannot_be_stored() {
    let mut network = Network::new().await;
    let bill = Bill::draft(&mut network).await;
    network.run(PLAN).await;
    network
        .run(&format!(
            "INSERT INTO care.plan_network SELECT insurance_plan_id, '{}', '[2026-01-01,)' FROM care.insurance_plan",
            bill.facility
        ))
        .await;
    let again = |table: &str, what: &str| format!("INSERT INTO care.{table} SELECT {what} FROM care.{table}");
    for (statement, rule) in [
        (again("plan_network", "insurance_plan_id, facility_id, '[2026-05-01,)'"), "plan_network_names_a_facility_once"),
        (again("plan_network", "insurance_plan_id, gen_random_uuid(), valid_during"), "plan_network_facility_fkey"),
        (again("plan_network", "gen_random_uuid(), facility_id, valid_during"), "plan_network_plan_fkey"),
        ("UPDATE care.plan_network SET valid_during = '(,2026-01-01)'".into(), "plan_network_period_has_a_beginning"),
        (
            again("plan_cost_sharing", "insurance_plan_id, '[2026-05-01,)', 1, 1, 1, 1"),
            "plan_cost_sharing_is_one_at_a_time",
        ),
        (again("plan_cost_sharing", "gen_random_uuid(), valid_during, 1, 1, 1, 1"), "plan_cost_sharing_plan_fkey"),
        ("UPDATE care.plan_cost_sharing SET valid_during = 'empty'".into(), "plan_cost_sharing_period_has_a_beginning"),
        ("UPDATE care.plan_cost_sharing SET deductible_individual = -1".into(), "plan_cost_sharing_is_not_negative"),
        ("UPDATE care.plan_cost_sharing SET deductible_family = 49".into(), "plan_cost_sharing_of_a_family_is_no_less"),
        ("UPDATE care.plan_cost_sharing SET out_of_pocket_family = 1".into(), "plan_cost_sharing_of_a_family_is_no_less"),
        ("UPDATE care.plan_benefit SET insurance_plan_id = gen_random_uuid()".into(), "plan_benefit_plan_fkey"),
        ("UPDATE care.plan_benefit SET charge_code = 'NONE' WHERE category IS NULL".into(), "plan_benefit_charge_code_fkey"),
        ("UPDATE care.plan_benefit SET network = 'near'".into(), "plan_benefit_network_is_known"),
        ("UPDATE care.plan_benefit SET category = 'dental'".into(), "plan_benefit_is_for_a_category_or_a_code"),
        (
            "UPDATE care.plan_benefit SET category = 'magic' WHERE charge_code IS NULL".into(),
            "plan_benefit_category_is_known",
        ),
        ("UPDATE care.plan_benefit SET copay = -1".into(), "plan_benefit_copay_is_not_negative"),
        ("UPDATE care.plan_benefit SET coinsurance_percent = 100.01".into(), "plan_benefit_coinsurance_is_a_percentage"),
        ("UPDATE care.plan_benefit SET limit_per = 'plan_year'".into(), "plan_benefit_limit_has_a_period"),
        ("UPDATE care.plan_benefit SET visit_limit = 2, limit_per = 'week'".into(), "plan_benefit_limit_has_a_period"),
        ("UPDATE care.plan_benefit SET visit_limit = -1, limit_per = 'month'".into(), "plan_benefit_limits_are_not_negative"),
        ("UPDATE care.plan_benefit SET valid_during = 'empty'".into(), "plan_benefit_period_has_a_beginning"),
        (
            "INSERT INTO care.plan_benefit (insurance_plan_id, valid_during, network, charge_code)
             SELECT insurance_plan_id, '[2027-01-01,)', 'out', 'LAB-A1C' FROM care.insurance_plan"
                .into(),
            "plan_benefit_is_one_at_a_time",
        ),
        ("UPDATE care.charge_code SET category = 'magic'".into(), "charge_code_category_is_known"),
        ("UPDATE care.insurance_plan SET year_begins_month = 13".into(), "insurance_plan_year_begins_in_a_month"),
        (
            "INSERT INTO care.adjustment_code (group_code, code, title, counts_as) VALUES ('CO', '1', 'Copay', 'copay')".into(),
            "adjustment_code_counts_for_the_patient",
        ),
        (
            "INSERT INTO care.adjustment_code (group_code, code, title) VALUES ('XX', '1', 'Copay')".into(),
            "adjustment_code_group_is_known",
        ),
        ("UPDATE care.adjustment_code SET title = ' '".into(), "adjustment_code_title_is_some"),
        ("UPDATE care.adjustment_code SET code = 'a' WHERE code = '50'".into(), "adjustment_code_is_a_code"),
    ] {
        let statement: String = statement;
        assert_eq!(network.refusal(&statement).await, rule, "{statement}");
    }
}

#[tokio::test]
async fn a_plans_year_begins_in_its_month() {
    let mut network = Network::new().await;
    let year = "SELECT string_agg(care.plan_year(begins, on_day)::text, ' ' ORDER BY begins, on_day)
                FROM (VALUES (1, date '2026-12-31'), (7, '2026-06-30'), (7, '2026-07-01')) AS asked (begins, on_day)";
    let expected = "[2026-01-01,2027-01-01) [2025-07-01,2026-07-01) [2026-07-01,2027-07-01)";
    assert_eq!(network.one(year).await, expected);
}

#[tokio::test]
async fn what_was_used_is_kept_as_claims_are_answered_and_is_what_counting_anew_gives() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    let sums = "SELECT concat_ws(' ', year_begins_on, deductible, out_of_pocket, paid, currency) FROM care.accumulator";
    let claim = network.id(&format!("SELECT care.submit_claim('{}', '{}')", bill.invoice, bill.coverage)).await;
    assert_eq!(network.rows(sums).await, [""; 0], "nothing counts before the answer");
    // The two laboratory tests are one line of 80.00: 30 deductible, 6 copay, 4 denied, 40 off.
    network.run(&answering(claim)).await;
    assert_eq!(network.rows(sums).await, ["2026-01-01 30.00 36.00 120.00 USD"], "a denial does not count");
    network.run(&format!("SELECT care.replace_claim('{claim}', 'appeal')")).await;
    let appeal = "SELECT care.adjudicate_claim(claim_id, array_agg(charge_id), array_agg(4.0), array_agg(0.0))
                  FROM care.claim_line JOIN care.claim USING (claim_id) WHERE status = 'submitted' GROUP BY claim_id";
    network.run(appeal).await;
    assert_eq!(network.rows(sums).await, ["2026-01-01 30.00 36.00 124.00 USD"]);
    assert_eq!(network.rows(DRIFT).await, [""; 0]);
    network.run("UPDATE care.accumulator SET paid = paid + 1").await;
    assert_ne!(network.rows(DRIFT).await, [""; 0], "the check sees what it should");
    network.run("SELECT care.recount_accumulators()").await;
    assert_eq!(network.rows(DRIFT).await, [""; 0]);
    let less = "UPDATE care.accumulator SET out_of_pocket = 29";
    assert_eq!(network.refusal(less).await, "accumulator_is_not_negative");
    for (change, rule) in [
        ("UPDATE care.accumulator SET patient_id = gen_random_uuid()", "accumulator_patient_fkey"),
        ("UPDATE care.accumulator SET policy_id = gen_random_uuid()", "accumulator_policy_fkey"),
        ("UPDATE care.insurance_plan SET year_begins_month = 7", "insurance_stays_as_it_was_claimed"),
        ("UPDATE care.policy SET insurance_plan_id = gen_random_uuid()", "insurance_stays_as_it_was_claimed"),
        ("UPDATE care.coverage SET policy_id = gen_random_uuid()", "insurance_stays_as_it_was_claimed"),
    ] {
        assert_eq!(network.refusal(change).await, rule, "{change}");
    }
}

#[tokio::test]
async fn eight_claims_of_one_person_that_are_answered_at_once_all_count() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    let mut answers = Vec::new();
    for number in 0..8 {
        let invoice = network
            .id(&format!(
                "INSERT INTO care.invoice (patient_id, facility_id, number) VALUES ('{}', '{}', 'N-{number}') RETURNING invoice_id",
                bill.patient, bill.facility
            ))
            .await;
        let bill = Bill { invoice, ..bill };
        bill.charge(&mut network, "VISIT-30", 1, "120").await;
        bill.charge(&mut network, "LAB-A1C", 2, "40").await;
        network.run(&format!("SELECT care.issue_invoice('{invoice}', '2026-07-01')")).await;
        let claim = network.id(&format!("SELECT care.submit_claim('{invoice}', '{}')", bill.coverage)).await;
        answers.push(format!("SELECT 'done' FROM ({}) AS answered", answering(claim)));
    }
    let answered = race(&network, answers).await;
    assert!(answered.iter().all(Result::is_ok), "{answered:?}");
    let sums = "SELECT concat_ws(' ', deductible, out_of_pocket, paid) FROM care.accumulator";
    assert_eq!(network.rows(sums).await, ["240.00 288.00 960.00"]);
    assert_eq!(network.rows(DRIFT).await, [""; 0]);
}

#[tokio::test]
async fn an_estimate_is_of_known_charges_under_coverages_of_the_day_in_one_currency() {
    let mut network = Network::new().await;
    let bill = Bill::issued(&mut network).await;
    network.run(PLAN).await;
    network.run("INSERT INTO care.charge_code (charge_code, title, unit_price, currency) VALUES ('VISIT-EU', 'Visit', 90, 'EUR')").await;
    let estimate = |day: &str, codes: &str, times: &str, coverages: String| {
        format!(
            "SELECT * FROM care.estimate('{}', '{}', '{day}', '{{{coverages}}}', '{{{codes}}}', '{{{times}}}')",
            bill.patient, bill.facility
        )
    };
    let own = || bill.coverage.to_string();
    for (statement, rule) in [
        (estimate("2026-06-01", "", "", own()), "estimate_names_known_charges"),
        (estimate("2026-06-01", "NONE", "1", own()), "estimate_names_known_charges"),
        (estimate("2026-06-01", "VISIT-30", "0", own()), "estimate_names_known_charges"),
        (estimate("2026-06-01", "VISIT-30", "1,1", own()), "estimate_names_known_charges"),
        (estimate("2027-06-01", "VISIT-30", "1", own()), "estimate_is_under_coverages_of_the_day"),
        (estimate("2026-06-01", "VISIT-30", "1", String::new()), "estimate_is_under_coverages_of_the_day"),
        (
            estimate("2026-06-01", "VISIT-30", "1", format!("{},{}", own(), Uuid::nil())),
            "estimate_is_under_coverages_of_the_day",
        ),
        (estimate("2026-06-01", "VISIT-EU", "1", own()), "estimate_is_in_one_currency"),
        (estimate("2026-06-01", "VISIT-30,VISIT-EU", "1,1", own()), "estimate_is_in_one_currency"),
    ] {
        assert_eq!(network.refusal(&statement).await, rule, "{statement}");
    }
    network.run(&estimate("2026-06-01", "VISIT-30", "1", own())).await;
}

/// A bill of services of today, under a coverage that goes on.
async fn issued_today(network: &mut Network) -> Bill {
    let bill = Bill::draft(network).await;
    bill.charge(network, "VISIT-30", 1, "120").await;
    bill.charge(network, "LAB-A1C", 2, "40").await;
    network.run("UPDATE care.coverage SET covered_during = '[2026-01-01, 2100-01-01)'").await;
    issue_today(network, &bill).await;
    bill
}

async fn issue_today(network: &mut Network, bill: &Bill) {
    let invoice = bill.invoice;
    network
        .run(&format!(
            "UPDATE care.charge SET served_on = current_date WHERE invoice_id = '{invoice}';
             SELECT care.issue_invoice('{invoice}', current_date + 30)"
        ))
        .await;
}

/// Nine visits of today at another facility, which are paid: as many as the plan pays a month.
async fn use_up_elsewhere(network: &mut Network, bill: &Bill) {
    let facility = network.facility("IL", "clinic").await;
    let invoice = network
        .id(&format!(
            "INSERT INTO care.invoice (patient_id, facility_id, number) VALUES ('{}', '{facility}', 'E-1') RETURNING invoice_id",
            bill.patient
        ))
        .await;
    let there = Bill { facility, invoice, ..*bill };
    there.charge(network, "VISIT-30", 9, "120").await;
    issue_today(network, &there).await;
    let claim = network.id(&format!("SELECT care.submit_claim('{invoice}', '{}')", bill.coverage)).await;
    network
        .run(&format!(
            "SELECT care.adjudicate_claim(claim_id, array_agg(charge_id), array_agg(submitted_amount::numeric), array_agg(0.0))
             FROM care.claim_line WHERE claim_id = '{claim}' GROUP BY claim_id"
        ))
        .await;
}

#[tokio::test]
async fn a_patient_and_the_biller_read_benefits_sums_and_estimates_and_nobody_else_does() {
    let mut network = Network::owned().await;
    let bill = issued_today(&mut network).await;
    network.run(PLAN).await;
    answered(&mut network, &bill).await;
    let (provider, other) = (network.provider().await, network.patient().await);
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
    let stranger = network.account("patient", Some(other)).await;
    let (patient, day) = (PatientId(bill.patient), SystemClock.now().day());
    let coverages = [CoverageId(bill.coverage)];
    let request = EstimateRequest {
        patient,
        facility: FacilityId(bill.facility),
        served_on: day,
        coverages: &coverages,
        codes: &["VISIT-30", "LAB-A1C"],
        quantities: &[1, 2],
    };
    for account in [own, biller] {
        let sums = network.does(account, async |actor| benefit::accumulators(actor, patient, day).await).await;
        let found: Vec<_> =
            sums.iter().map(|s| (s.deductible_cents, s.out_of_pocket_cents, s.deductible_of_plan_cents)).collect();
        assert_eq!(found, [(3_000, 3_600, Some(5_000))]);
        let lines = network.does(account, async |actor| benefit::estimate(actor, &request).await).await;
        let shares: Vec<_> = lines
            .iter()
            .map(|l| [l.deductible_cents, l.copay_cents, l.coinsurance_cents, l.first_pays_cents, l.patient_pays_cents])
            .collect();
        // A visit: 20 copay and an eighth of 100. Two tests: 20 of deductible are left, then 30 of 100 of 60.
        assert_eq!(shares, [[0, 2_000, 1_250, 8_750, 3_250], [2_000, 0, 1_800, 4_200, 3_800]]);
    }
    let passed = EstimateRequest { served_on: "2026-06-20".parse().unwrap(), ..request };
    for account in [own, biller] {
        let refused = network.broken(account, async |actor| benefit::estimate(actor, &passed).await).await;
        assert_eq!(refused.rule, "estimate_is_of_care_to_come");
    }
    // What is used up elsewhere is told to the patient, and not by an estimate to the biller of another facility.
    let pays = async |network: &Network, account: Uuid| {
        let lines = network.does(account, async |actor| benefit::estimate(actor, &request).await).await;
        (lines[0].first_pays_cents, lines[0].elsewhere_counts)
    };
    use_up_elsewhere(&mut network, &bill).await;
    assert_eq!(pays(&network, own).await, (0, true));
    assert_eq!(pays(&network, biller).await, (8_750, false));
    assert!(network.does(stranger, async |actor| benefit::estimate(actor, &request).await).await.is_empty());
    assert!(network.does(stranger, async |actor| benefit::accumulators(actor, patient, day).await).await.is_empty());
    let plan = InsurancePlanId(network.id("SELECT insurance_plan_id FROM care.insurance_plan LIMIT 1").await);
    let told = network.does(stranger, async |actor| benefit::of_plan(actor, plan, day).await).await;
    let found: Vec<_> = told.iter().map(|b| (b.copay_cents, b.coinsurance_basis_points, b.visit_limit)).collect();
    assert_eq!(found, [(2_000, 1_250, Some(9)), (0, 3_000, None)]);
}
