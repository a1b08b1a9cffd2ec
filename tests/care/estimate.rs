//! Estimates against a model in Rust that counts everything anew in whole cents: plans, histories and charges at random.

use uuid::Uuid;

use super::network::Network;

/// Charges of the list: code, category, price in cents.
const LIST: [(&str, &str, i64); 5] = [
    ("EST-A", "office_visit", 12_000),
    ("EST-B", "laboratory", 3_999),
    ("EST-C", "imaging", 25_137),
    ("EST-D", "dental", 1_001),
    // Of a category whose other code has a benefit of its own.
    ("EST-E", "laboratory", 2_503),
];
/// Days of service of what was claimed before; the estimate is of the 20th of June.
const DAYS: [&str; 2] = ["2026-05-10", "2026-06-03"];

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: i64) -> i64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((self.0 >> 33) % u64::try_from(sides).unwrap()).unwrap()
    }

    /// None in one of three.
    fn some(&mut self, sides: i64) -> Option<i64> {
        (self.below(3) > 0).then(|| self.below(sides))
    }
}

#[derive(Clone, Debug)]
struct Benefit {
    /// Of LIST; where `by_code` the code, else its category.
    item: usize,
    by_code: bool,
    copay: i64,
    basis_points: i64,
    deductible_applies: bool,
    visits: Option<i64>,
    amount: Option<i64>,
    monthly: bool,
}

#[derive(Clone, Debug)]
struct Plan {
    begins_month: i64,
    deductible: [Option<i64>; 2],
    pocket: [Option<i64>; 2],
    benefits: Vec<Benefit>,
}

/// What was answered before: who (0 the patient), which item, how many, on which of DAYS, and the shares in cents.
#[derive(Clone, Debug)]
struct Past {
    who: usize,
    item: usize,
    quantity: i64,
    day: usize,
    paid: i64,
    deductible: i64,
    rest: i64,
}

impl Plan {
    fn random(dice: &mut Dice) -> Plan {
        let own = dice.below(40_000);
        let most = dice.some(60_000);
        let mut benefits = Vec::new();
        for (item, by_code) in [(0, false), (1, true), (1, false), (2, false)] {
            let (visits, amount) = (dice.some(5), dice.some(30_000));
            benefits.push(Benefit {
                item,
                by_code,
                copay: dice.below(4_000),
                basis_points: dice.below(10_001),
                deductible_applies: dice.below(2) == 0,
                visits,
                amount,
                monthly: dice.below(2) == 0,
            });
        }
        Plan {
            begins_month: if dice.below(2) == 0 { 1 } else { 6 },
            deductible: [Some(own), dice.some(40_000).map(|more| own + more)],
            pocket: [most, dice.some(60_000).map(|more| most.unwrap_or(0) + more)],
            benefits,
        }
    }

    /// Whether a day of DAYS is in the plan's year of the estimate.
    fn counts(&self, day: usize) -> bool {
        day == 1 || self.begins_month == 1
    }

    /// What is left of an amount a person and one a family, where there is any.
    fn left(&self, most: [Option<i64>; 2], past: &[Past], borne: impl Fn(&Past) -> i64) -> Option<i64> {
        let used = |all: bool| -> i64 {
            past.iter().filter(|one| self.counts(one.day) && (all || one.who == 0)).map(&borne).sum()
        };
        let [own, family] = most;
        let own = own.map(|own| own - used(false));
        let family = family.map(|family| family - used(true));
        own.into_iter().chain(family).min().map(|left| left.max(0))
    }

    /// Deductible, copay, co-insurance and what the plan pays, charge by charge.
    fn shares(&self, past: &[Past], asked: &[(usize, i64)]) -> Vec<[i64; 4]> {
        let mut deductible_left = self.left(self.deductible, past, |one| one.deductible).unwrap_or(0);
        let mut pocket_left = self.left(self.pocket, past, |one| one.deductible + one.rest);
        let mut used: Vec<(i64, i64)> = (0..self.benefits.len()).map(|benefit| self.used(benefit, past)).collect();
        let mut shares = Vec::new();
        for (item, quantity) in asked {
            let Some(found) = self.benefit_of(*item) else {
                shares.push([0; 4]);
                continue;
            };
            let (benefit, used) = (&self.benefits[found], &mut used[found]);
            let times = benefit.visits.map_or(*quantity, |most| (most - used.0).clamp(0, *quantity));
            let whole = times * LIST[*item].2;
            let mut deductible = if benefit.deductible_applies { whole.min(deductible_left) } else { 0 };
            let mut copay = (times * benefit.copay).min(whole - deductible);
            let mut coinsurance = ((whole - deductible - copay) * benefit.basis_points * 2 + 10_000) / 20_000;
            while pocket_left.is_some_and(|left| deductible + copay + coinsurance > left) {
                let above = deductible + copay + coinsurance - pocket_left.unwrap();
                let share =
                    [&mut coinsurance, &mut copay, &mut deductible].into_iter().find(|share| **share > 0).unwrap();
                *share -= above.min(*share);
            }
            let mut pays = whole - deductible - copay - coinsurance;
            if let Some(most) = benefit.amount {
                pays = pays.min((most - used.1).max(0));
            }
            deductible_left -= deductible;
            pocket_left = pocket_left.map(|left| left - deductible - copay - coinsurance);
            *used = (used.0 + times, used.1 + pays);
            shares.push([deductible, copay, coinsurance, pays]);
        }
        shares
    }

    /// That of a code, or else that of its category.
    fn benefit_of(&self, item: usize) -> Option<usize> {
        let of_code = self.benefits.iter().position(|benefit| benefit.by_code && benefit.item == item);
        of_code.or_else(|| {
            self.benefits.iter().position(|benefit| !benefit.by_code && LIST[benefit.item].1 == LIST[item].1)
        })
    }

    fn used(&self, number: usize, past: &[Past]) -> (i64, i64) {
        let benefit = &self.benefits[number];
        let counted = past.iter().filter(|one| {
            one.who == 0
                && self.benefit_of(one.item) == Some(number)
                && if benefit.monthly { one.day == 1 } else { self.counts(one.day) }
        });
        counted.fold((0, 0), |(visits, paid), one| {
            let was_used = one.paid + one.deductible + one.rest > 0;
            (visits + if was_used { one.quantity } else { 0 }, paid + one.paid)
        })
    }
}

fn money(cents: Option<i64>) -> String {
    cents.map_or_else(|| "NULL".to_owned(), |cents| format!("{cents} * 0.01"))
}

/// Stores a plan under a name, in or out of whose network the facility is; its key.
async fn store(network: &mut Network, plan: &Plan, name: &str, facility: Uuid, within: bool) -> Uuid {
    let key = network
        .id(&format!(
            "INSERT INTO care.insurance_plan (insurer_id, name, year_begins_month)
             SELECT insurer_id, '{name}', {} FROM care.insurer LIMIT 1 RETURNING insurance_plan_id",
            plan.begins_month
        ))
        .await;
    let [own, family] = plan.deductible.map(money);
    let [most, most_of_family] = plan.pocket.map(money);
    let mut rows = format!(
        "INSERT INTO care.plan_cost_sharing VALUES ('{key}', '[2020-01-01,)', {own}, {family}, {most}, {most_of_family});"
    );
    if within {
        rows += &format!("INSERT INTO care.plan_network VALUES ('{key}', '{facility}', '[2020-01-01,)');");
    }
    for benefit in &plan.benefits {
        let (code, category, _) = LIST[benefit.item];
        let of = if benefit.by_code { format!("NULL, '{code}'") } else { format!("'{category}', NULL") };
        let limited = benefit.visits.is_some() || benefit.amount.is_some();
        let per = if !limited {
            "NULL"
        } else if benefit.monthly {
            "'month'"
        } else {
            "'plan_year'"
        };
        // The other network pays otherwise, and is not asked.
        for (word, copay) in [("in", benefit.copay), ("out", benefit.copay)] {
            let other = (word == "in") != within;
            rows += &format!(
                "INSERT INTO care.plan_benefit (insurance_plan_id, valid_during, network, category, charge_code, copay,
                     coinsurance_percent, deductible_applies, visit_limit, amount_limit, limit_per)
                 VALUES ('{key}', '[2020-01-01,)', '{word}', {of}, {copay} * 0.01, {} * 0.01, {}, {}, {}, {per});",
                if other { 7 } else { benefit.basis_points },
                benefit.deductible_applies,
                benefit.visits.map_or_else(|| "NULL".to_owned(), |visits| visits.to_string()),
                money(benefit.amount),
            );
        }
    }
    network.run(&rows).await;
    key
}

async fn cover(network: &mut Network, patient: Uuid, policy: Uuid, rank: &str) -> Uuid {
    network
        .id(&format!(
            "INSERT INTO care.coverage (patient_id, policy_id, rank, covered_during)
             VALUES ('{patient}', '{policy}', '{rank}', '[2026-01-01, 2027-01-01)') RETURNING coverage_id"
        ))
        .await
}

async fn policy(network: &mut Network, plan: Uuid) -> Uuid {
    network
        .id(&format!(
            "INSERT INTO care.policy (insurer_id, insurance_plan_id, number, holder_name)
             SELECT insurer_id, insurance_plan_id, upper('E-' || left(gen_random_uuid()::text, 30)), 'Ana Ruiz'
             FROM care.insurance_plan WHERE insurance_plan_id = '{plan}' RETURNING policy_id"
        ))
        .await
}

/// Claims an item and has it answered at random.
async fn claim(
    network: &mut Network,
    dice: &mut Dice,
    who: usize,
    (patient, coverage): (Uuid, Uuid),
    facility: Uuid,
) -> Past {
    let (item, quantity, day) = (
        [0, 1, 2, 4][usize::try_from(dice.below(4)).unwrap()],
        1 + dice.below(3),
        usize::try_from(dice.below(2)).unwrap(),
    );
    let (code, _, price) = LIST[item];
    let invoice = network
        .id(&format!(
            "INSERT INTO care.invoice (patient_id, facility_id, number)
             VALUES ('{patient}', '{facility}', upper('I-' || left(gen_random_uuid()::text, 30))) RETURNING invoice_id"
        ))
        .await;
    network
        .run(&format!(
            "INSERT INTO care.charge (patient_id, facility_id, invoice_id, served_on, charge_code, quantity, unit_price)
             VALUES ('{patient}', '{facility}', '{invoice}', '{}', '{code}', {quantity}, {price} * 0.01);
             SELECT care.issue_invoice('{invoice}', '2026-07-01')",
            DAYS[day]
        ))
        .await;
    let claim = network.id(&format!("SELECT care.submit_claim('{invoice}', '{coverage}')")).await;
    let whole = quantity * price;
    let mut cuts = [dice.below(whole + 1), dice.below(whole + 1), dice.below(whole + 1), dice.below(whole + 1)];
    cuts.sort_unstable();
    let denied_at_all = dice.below(4) == 0;
    let [paid, deductible, rest, denied] = if denied_at_all {
        [0, 0, 0, whole]
    } else {
        [cuts[0], cuts[1] - cuts[0], cuts[2] - cuts[1], cuts[3] - cuts[2]]
    };
    let written_off = whole - paid - deductible - rest - denied;
    let taken: Vec<String> =
        [("PR", "1", deductible), ("PR", "2", rest), ("PR", "96", denied), ("CO", "45", written_off)]
            .into_iter()
            .filter(|(.., cents)| *cents > 0)
            .map(|(group, code, cents)| format!(r#"{{"group":"{group}","code":"{code}","cents":{cents}}}"#))
            .collect();
    network
        .run(&format!(
            r#"SELECT care.answer_claim('{claim}', jsonb_build_array(jsonb_build_object('charge', charge_id, 'paid_cents', {paid},
                   'adjustments', '[{}]'::jsonb))) FROM care.claim_line WHERE claim_id = '{claim}'"#,
            taken.join(",")
        ))
        .await;
    Past { who, item, quantity, day, paid, deductible, rest }
}

#[tokio::test]
async fn an_estimate_is_what_counting_everything_anew_gives() {
    let mut network = Network::new().await;
    let mut dice = Dice(0x0e57);
    let facility = network.facility("IL", "clinic").await;
    network.run("INSERT INTO care.insurer (name) VALUES ('Prairie Mutual')").await;
    for (code, category, price) in LIST {
        network
            .run(&format!(
                "INSERT INTO care.charge_code (charge_code, title, unit_price, currency, category)
                 VALUES ('{code}', '{code}', {price} * 0.01, 'USD', '{category}')"
            ))
            .await;
    }
    for round in 0..24 {
        let (first, second) = (Plan::random(&mut dice), Plan::random(&mut dice));
        let within = dice.below(2) == 0;
        let one = store(&mut network, &first, &format!("First {round}"), facility, within).await;
        let two = store(&mut network, &second, &format!("Second {round}"), facility, !within).await;
        let people = [network.patient().await, network.patient().await];
        let (policy_one, policy_two) = (policy(&mut network, one).await, policy(&mut network, two).await);
        let mut covers = Vec::new();
        for patient in people {
            covers.push(cover(&mut network, patient, policy_one, "primary").await);
        }
        let mut past = Vec::new();
        for _ in 0..dice.below(5) {
            let who = usize::try_from(dice.below(2)).unwrap();
            past.push(claim(&mut network, &mut dice, who, (people[who], covers[who]), facility).await);
        }
        let other = cover(&mut network, people[0], policy_two, "secondary").await;
        let asked: Vec<(usize, i64)> =
            (0..1 + dice.below(5)).map(|_| (usize::try_from(dice.below(5)).unwrap(), 1 + dice.below(4))).collect();
        let codes: Vec<&str> = asked.iter().map(|(item, _)| LIST[*item].0).collect();
        let quantities: Vec<String> = asked.iter().map(|(_, quantity)| quantity.to_string()).collect();
        let both = dice.below(2) == 0;
        let found = network
            .rows(&format!(
                "SELECT concat_ws(' ', (deductible * 100)::bigint, (copay * 100)::bigint, (coinsurance * 100)::bigint,
                     (first_pays * 100)::bigint, (second_pays * 100)::bigint, (patient_pays * 100)::bigint)
                 FROM care.estimate('{}', '{facility}', '2026-06-20', '{{{}{}}}', '{{{}}}', '{{{}}}') ORDER BY line",
                people[0],
                if both { format!("{other},") } else { String::new() },
                covers[0],
                codes.join(","),
                quantities.join(",")
            ))
            .await;
        let shares = first.shares(&past, &asked);
        let of_second = second.shares(&[], &asked);
        let expected: Vec<String> = asked
            .iter()
            .zip(shares.iter().zip(&of_second))
            .map(|((item, quantity), ([deductible, copay, coinsurance, pays], [.., second]))| {
                let left = quantity * LIST[*item].2 - pays;
                let second = if both { left.min(*second) } else { 0 };
                format!("{deductible} {copay} {coinsurance} {pays} {second} {}", left - second)
            })
            .collect();
        assert_eq!(found, expected, "round {round}: {first:?} {second:?} {past:?} {asked:?}");
    }
}
