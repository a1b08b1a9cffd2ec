//! Sums of the record are what counting every row gives: groups of conditions, and adherence of a year.

use uuid::Uuid;

use super::network::Network;
use super::tally::Kept;
use super::wellness::Dice;

const CONDITIONS: Kept = Kept {
    anew: "SELECT c.code_system, c.code, care.age_band(p.born_on, current_date), p.sex, count(DISTINCT p.patient_id)
           FROM care.condition c JOIN care.patient p USING (patient_id)
           WHERE p.deceased_at IS NULL AND c.verification_status = 'confirmed'
             AND c.clinical_status IN ('active', 'recurrence', 'relapse') GROUP BY 1, 2, 3, 4",
    kept: "SELECT code_system, code, age_band, sex, sum(people)::bigint
           FROM (SELECT code_system, code, age_band, sex, people FROM care.condition_tally
                 UNION ALL SELECT * FROM care.condition_movement(current_date)) AS part
           GROUP BY 1, 2, 3, 4 HAVING sum(people) <> 0",
    fold: "SELECT care.fold_conditions()",
};

/// Twelve people, born about where a band of ages ends, and what may become of their conditions and of them.
async fn people(network: &mut Network) -> (Vec<Uuid>, Uuid) {
    let mut people = Vec::new();
    for number in 0..12 {
        let patient = network.patient().await;
        let years = [18, 40, 65, 80][number % 4];
        network
            .run(&format!(
                "UPDATE care.patient SET born_on = (current_date - INTERVAL '{years} years')::date + {}
                 WHERE patient_id = '{patient}'",
                number / 2
            ))
            .await;
        people.push(patient);
    }
    (people, network.provider().await)
}

fn change_of_conditions(dice: &mut Dice, people: &[Uuid], provider: Uuid) -> Vec<String> {
    let patient = *dice.one(people);
    let (code, verified) = (*dice.one(&["I10", "E11.9"]), *dice.one(&["confirmed", "provisional"]));
    let stands = *dice.one(&["active", "relapse", "resolved"]);
    let condition = match dice.below(6) {
        0..=2 => format!(
            "INSERT INTO care.condition (patient_id, recorded_by, code_system, code, title, clinical_status,
                                         verification_status)
             VALUES ('{patient}', '{provider}', 'icd10', '{code}', 'Condition', 'active', '{verified}')
             ON CONFLICT DO NOTHING"
        ),
        3 => format!(
            "UPDATE care.condition SET clinical_status = '{stands}' WHERE condition_id = (
                 SELECT condition_id FROM care.condition WHERE patient_id = '{patient}' AND code = '{code}'
                 ORDER BY condition_id LIMIT 1)"
        ),
        4 => format!(
            "UPDATE care.condition SET verification_status = 'entered_in_error' WHERE condition_id = (
                 SELECT condition_id FROM care.condition WHERE patient_id = '{patient}' ORDER BY condition_id LIMIT 1)"
        ),
        _ => format!(
            "DELETE FROM care.condition WHERE condition_id = (
                 SELECT condition_id FROM care.condition WHERE patient_id = '{patient}' ORDER BY condition_id LIMIT 1)"
        ),
    };
    let person = match dice.below(6) {
        0 => "sex = CASE sex WHEN 'male' THEN 'female' ELSE 'male' END",
        1 => "born_on = born_on - 1",
        2 => "deceased_at = CASE WHEN deceased_at IS NULL THEN now() END",
        _ => return vec![condition],
    };
    vec![condition, format!("UPDATE care.patient SET {person} WHERE patient_id = '{patient}'")]
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_conditions_are_what_counting_every_record_gives() {
    let mut network = Network::new().await;
    let (people, provider) = people(&mut network).await;
    CONDITIONS.survives(&mut network, |dice| change_of_conditions(dice, &people, provider)).await;
    let logs =
        "SELECT (SELECT count(*) FROM care.condition_change) || ' ' || (SELECT count(*) FROM care.person_change)";
    assert_eq!(network.one(logs).await, "0 0", "nothing of anybody stays in the logs");
    // Somebody who is gone altogether.
    let gone = people[0];
    for table in ["condition", "record_version", "patient"] {
        network.run(&format!("DELETE FROM care.{table} WHERE patient_id = '{gone}'")).await;
    }
    CONDITIONS.holds(&mut network, "somebody is gone").await;
    network.run(CONDITIONS.fold).await;
    CONDITIONS.holds(&mut network, "somebody is gone, folded").await;
    network
        .run(
            "SET session_replication_role = replica; DELETE FROM care.condition; SET session_replication_role = origin",
        )
        .await;
    assert_ne!(network.rows(&CONDITIONS.differences()).await, [""; 0], "the comparison sees what it should");
    network.run("SELECT care.recount_conditions()").await;
    CONDITIONS.holds(&mut network, "counted anew").await;
}

#[tokio::test]
async fn who_comes_to_another_band_of_ages_is_counted_in_it_from_that_day_on() {
    let mut network = Network::new().await;
    let (people, provider) = people(&mut network).await;
    let mut dice = Dice(9);
    for _ in 0..40 {
        let statements = change_of_conditions(&mut dice, &people, provider);
        network.run(&statements.join("; ")).await;
    }
    // The tally as it was folded some days ago, or by a clock that is a day ahead; and changes that follow it.
    for (days, moves) in [(0, false), (4, true), (400, true), (-1, true)] {
        network.run(CONDITIONS.fold).await;
        network
            .run(&format!(
                "DELETE FROM care.condition_tally;
                 INSERT INTO care.condition_tally (code_system, code, age_band, sex, people, banded_on)
                 SELECT code_system, code, care.age_band(born_on, current_date - {days}), sex, count(*), current_date - {days}
                 FROM care.condition JOIN care.patient USING (patient_id)
                 WHERE deceased_at IS NULL AND care.condition_lasts(clinical_status, verification_status)
                 GROUP BY 1, 2, 3, 4"
            ))
            .await;
        let moved = network.one("SELECT count(*)::text FROM care.condition_movement(current_date)").await;
        assert_eq!(moved != "0", moves, "{days} days: {moved}");
        CONDITIONS.holds(&mut network, &format!("{days} days later")).await;
        let statements = change_of_conditions(&mut dice, &people, provider);
        network.run(&statements.join("; ")).await;
        CONDITIONS.holds(&mut network, &format!("{days} days later, changed")).await;
        network.run(CONDITIONS.fold).await;
        CONDITIONS.holds(&mut network, &format!("{days} days later, folded")).await;
        assert_eq!(network.rows("SELECT code FROM care.condition_movement(current_date)").await, [""; 0]);
    }
}

const ADHERENCE: Kept = Kept {
    anew: "SELECT upper(period) AS until, a.* FROM (VALUES (daterange('2025-01-01', '2026-01-01')),
                  (daterange('2026-01-01', '2027-01-01'))) AS year (period), care.adherence_pdc(period) a",
    kept: "SELECT upper(period) AS until, a.* FROM (VALUES (daterange('2025-01-01', '2026-01-01')),
                  (daterange('2026-01-01', '2027-01-01'))) AS year (period), care.adherence(period) a",
    fold: "SELECT care.fold_adherence(30)",
};

/// Prescriptions of eight people over two years, of three substances in two strengths each.
async fn prescriptions(network: &mut Network) -> Vec<Uuid> {
    network
        .run(
            "INSERT INTO care.medication (code_system, code, name, ingredient, form)
             SELECT 'rxnorm', (100 + n)::text, 'Drug ' || n, 'substance ' || n % 3, 'tablet' FROM generate_series(1, 6) AS n",
        )
        .await;
    let provider = network.provider().await;
    let mut made = Vec::new();
    for number in 0..24 {
        let patient = if number < 8 { network.patient().await } else { made[number - 8] };
        made.push(patient);
    }
    network
        .run(&format!(
            "INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
             SELECT patient_id, '{provider}', '[2000-01-01,)', 'care_team' FROM care.patient"
        ))
        .await;
    let mut prescriptions = Vec::new();
    for (number, patient) in made.iter().enumerate() {
        prescriptions.push(
            network
                .id(&format!(
                    "INSERT INTO care.prescription (patient_id, medication_id, prescriber_id, authored_at, valid_during,
                         days_supply, dose_quantity, dose_unit, quantity, times, route, instructions, refills_allowed)
                     SELECT '{patient}', medication_id, '{provider}', '2025-06-01', '[2025-06-01, 2026-05-31)', 30, 1,
                            '{{tbl}}', 90, 1, 'oral', 'One a day', 11
                     FROM care.medication ORDER BY code OFFSET {} LIMIT 1 RETURNING prescription_id",
                    number % 6
                ))
                .await,
        );
    }
    prescriptions
}

fn change_of_fills(dice: &mut Dice, prescriptions: &[Uuid], pharmacy: Uuid) -> Vec<String> {
    let prescription = *dice.one(prescriptions);
    let (day, days) = (dice.below(360), 10 + dice.below(60));
    let one = format!(
        "(SELECT dispense_id FROM care.dispense WHERE prescription_id = '{prescription}' AND status = 'completed'
          ORDER BY dispense_id LIMIT 1)"
    );
    vec![match dice.below(20) {
        0..=11 => format!(
            "INSERT INTO care.dispense (patient_id, prescription_id, facility_id, filled_on, days_supply, quantity)
             SELECT patient_id, prescription_id, '{pharmacy}', DATE '2025-06-01' + {day}, {days}, 30
             FROM care.prescription WHERE prescription_id = '{prescription}' ON CONFLICT DO NOTHING"
        ),
        12 => format!("UPDATE care.dispense SET status = 'returned' WHERE dispense_id = {one}"),
        13 => format!("UPDATE care.dispense SET filled_on = DATE '2025-06-01' + {day} WHERE dispense_id = {one}"),
        14 => format!("UPDATE care.dispense SET days_supply = {days} WHERE dispense_id = {one}"),
        15 => format!("DELETE FROM care.dispense WHERE dispense_id = {one}"),
        16 | 17 => format!(
            "UPDATE care.prescription SET medication_id = (SELECT medication_id FROM care.medication
                 ORDER BY code OFFSET {} LIMIT 1) WHERE prescription_id = '{prescription}'",
            day % 6
        ),
        18 => format!(
            "UPDATE care.medication SET ingredient = 'substance {}'
             WHERE medication_id = (SELECT medication_id FROM care.prescription WHERE prescription_id = '{prescription}')",
            day % 4
        ),
        _ => format!(
            "UPDATE care.patient SET deceased_at = CASE WHEN deceased_at IS NULL THEN TIMESTAMPTZ '2026-05-01 12:00Z' END
             WHERE patient_id = (SELECT patient_id FROM care.prescription WHERE prescription_id = '{prescription}')"
        ),
    }]
}

#[tokio::test(flavor = "multi_thread")]
async fn adherence_of_a_year_is_what_every_fill_gives() {
    let mut network = Network::new().await;
    let prescriptions = prescriptions(&mut network).await;
    let pharmacy = network.facility("IL", "pharmacy").await;
    ADHERENCE.survives(&mut network, |dice| change_of_fills(dice, &prescriptions, pharmacy)).await;
    while network.one("SELECT care.fold_adherence()::text").await != "0" {}
    ADHERENCE.holds(&mut network, "folded to the end").await;
    let kept = network.one("SELECT count(*)::text FROM care.adherence_year").await;
    assert!(kept.parse::<u32>().unwrap() > 8, "the comparison was of something: {kept}");
    assert_eq!(network.one("SELECT count(*)::text FROM care.adherence_change").await, "0");
    network
        .run("SET session_replication_role = replica; DELETE FROM care.dispense; SET session_replication_role = origin")
        .await;
    assert_ne!(network.rows(&ADHERENCE.differences()).await, [""; 0], "the comparison sees what it should");
    network.run("SELECT care.recount_adherence()").await;
    ADHERENCE.holds(&mut network, "worked out anew").await;
}

#[tokio::test]
async fn adherence_that_is_kept_is_open_to_whom_the_chart_is() {
    let mut network = Network::owned().await;
    let prescriptions = prescriptions(&mut network).await;
    let pharmacy = network.facility("IL", "pharmacy").await;
    for prescription in &prescriptions[..2] {
        network
            .run(&format!(
                "INSERT INTO care.dispense (patient_id, prescription_id, facility_id, filled_on, days_supply, quantity)
                 SELECT patient_id, prescription_id, '{pharmacy}', day, 30, 30
                 FROM care.prescription, unnest('{{2025-07-01,2025-08-01,2025-11-01}}'::date[]) AS day
                 WHERE prescription_id = '{prescription}'"
            ))
            .await;
    }
    let patients = network.rows("SELECT DISTINCT patient_id::text FROM care.dispense ORDER BY 1").await;
    let (mine, provider) = (patients[0].parse().unwrap(), network.provider().await);
    network.put_in_care(mine, provider).await;
    let carer = network.account("provider", Some(provider)).await;
    let stranger = network.provider().await;
    let stranger = network.account("provider", Some(stranger)).await;
    let biller = network.account("biller", Some(pharmacy)).await;
    let query = "SELECT count(*) FROM care.adherence('[2025-01-01, 2026-01-01)')";
    for when in ["logged", "kept"] {
        for (account, seen) in [(carer, 1), (stranger, 0), (biller, 0)] {
            let mut portal = network.portal_of(account).await;
            let count: i64 = sqlx::query_scalar(query).fetch_one(&mut portal).await.unwrap();
            assert_eq!(count, seen, "{when}");
        }
        network.run("SELECT care.fold_adherence()").await;
    }
    // What not everybody may read stays out of what is kept, and is asked of the rows.
    network
        .run(&format!(
            "UPDATE care.prescription SET sensitivity = 'hiv' WHERE patient_id = '{mine}';
             SELECT care.fold_adherence()"
        ))
        .await;
    let kept = format!("SELECT count(*)::text FROM care.adherence_year WHERE patient_id = '{mine}'");
    assert_eq!(network.one(&kept).await, "0");
    ADHERENCE.holds(&mut network, "with a sensitive prescription").await;
    for table in ["prescription", "dispense"] {
        network.run(&format!("UPDATE care.{table} SET sensitivity = NULL WHERE patient_id = '{mine}'")).await;
    }
    network.run("SELECT care.fold_adherence()").await;
    assert_eq!(network.one(&kept).await, "1");
}
