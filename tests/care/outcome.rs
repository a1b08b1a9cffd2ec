//! Outcomes: readmission, adherence and the course of results, at the edges of their published definitions and against
//! the same sums done the slow way on random records.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use healthtrack::simulation::random::mix;
use uuid::Uuid;

use super::network::Network;

/// Numbers that look random, one after the other.
pub(super) struct Dice {
    pub(super) seed: u64,
    pub(super) thrown: u64,
}

impl Dice {
    pub(super) fn throw(&mut self, sides: u64) -> u64 {
        self.thrown += 1;
        mix(self.seed, self.thrown, 0) % sides
    }

    pub(super) fn one_of<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.throw(words.len() as u64) as usize]
    }
}

/// An inpatient stay in days after the first of 2024, by the facility's own clock.
#[derive(Clone)]
struct Stay {
    patient: usize,
    /// Which of the two hospitals, in two time zones.
    hospital: usize,
    begins: (i64, u32),
    ends: Option<(i64, u32)>,
    planned: bool,
    service: &'static str,
    disposition: &'static str,
    code: &'static str,
}

impl Stay {
    /// From a morning to an afternoon.
    fn usual(begins: i64, ends: i64) -> Stay {
        Stay {
            patient: 0,
            hospital: 0,
            begins: (begins, 8),
            ends: Some((ends, 15)),
            planned: false,
            service: "medical",
            disposition: "home",
            code: "I50.9",
        }
    }
}

/// Two hospitals, some patients, and stays of them.
struct Hospitals {
    network: Network,
    patients: Vec<Uuid>,
    facilities: [Uuid; 2],
    provider: Uuid,
}

impl Hospitals {
    async fn with_patients(count: usize) -> Hospitals {
        let mut network = Network::new().await;
        let facilities = [network.facility("IL", "hospital").await, network.facility("CA", "hospital").await];
        network
            .run(&format!(
                "UPDATE care.facility SET time_zone = 'America/Los_Angeles' WHERE facility_id = '{}'",
                facilities[1]
            ))
            .await;
        let provider = network.provider().await;
        let mut patients = Vec::new();
        for _ in 0..count {
            patients.push(network.patient().await);
        }
        Hospitals { network, patients, facilities, provider }
    }

    /// Stores stays; the number of each is kept as its reason.
    async fn admit(&mut self, stays: &[Stay]) {
        let mut statement = String::from(
            "INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, class, admission_type, reason,
                                         service_line, planned, principal_code, discharge_disposition, during) VALUES ",
        );
        for (nth, stay) in stays.iter().enumerate() {
            let zone = ["America/Chicago", "America/Los_Angeles"][stay.hospital];
            let at = |(day, hour): (i64, u32)| {
                format!("(timestamp '2024-01-01' + interval '{day} days {hour} hours') AT TIME ZONE '{zone}'")
            };
            let _ = write!(
                statement,
                "{}('{}', '{}', '{}', 'inpatient', 'urgent', '{nth}', '{}', {}, '{}', {}, tstzrange({}, {}))",
                if nth == 0 { "" } else { ", " },
                self.patients[stay.patient],
                self.facilities[stay.hospital],
                self.provider,
                stay.service,
                stay.planned,
                stay.code,
                if stay.ends.is_some() { format!("'{}'", stay.disposition) } else { "NULL".to_owned() },
                at(stay.begins),
                stay.ends.map_or("NULL".to_owned(), at),
            );
        }
        self.network.run(&statement).await;
    }

    /// What the views tell of each discharge, by the number of its stay.
    async fn told(&mut self) -> Vec<String> {
        self.network
            .rows(
                "SELECT own.reason || ': ' || coalesce(d.excluded_because, CASE
                            WHEN r.readmitted THEN 'readmitted by ' || next.reason || ' on day ' || r.days
                            ELSE 'not readmitted' END)
                 FROM care.inpatient_discharge d JOIN care.encounter own USING (encounter_id)
                 LEFT JOIN care.readmission_30_day r ON r.index_encounter_id = d.encounter_id
                 LEFT JOIN care.encounter next ON next.encounter_id = r.readmission_encounter_id
                 ORDER BY own.reason::integer",
            )
            .await
    }
}

/// What becomes of two stays of which the second begins on this day after the discharge.
async fn after(change: impl Fn(&mut Stay, &mut Stay), days: i64) -> String {
    let mut hospitals = Hospitals::with_patients(1).await;
    let (mut first, mut second) = (Stay::usual(0, 5), Stay::usual(5 + days, 8 + days));
    if days == 0 {
        second.begins.1 = 18;
    }
    change(&mut first, &mut second);
    hospitals.admit(&[first, second]).await;
    hospitals.told().await[0].trim_start_matches("0: ").to_owned()
}

#[tokio::test]
async fn a_readmission_is_unplanned_and_within_thirty_days_of_a_discharge_home() {
    assert_eq!(after(|_, _| {}, 30).await, "readmitted by 1 on day 30");
    assert_eq!(after(|_, _| {}, 31).await, "not readmitted");
    assert_eq!(after(|_, _| {}, 0).await, "transferred", "the same place, day and diagnosis goes on");
    assert_eq!(after(|_, second| second.code = "J18.9", 0).await, "readmitted by 1 on day 0");
    assert_eq!(after(|_, second| second.planned = true, 10).await, "not readmitted");
    assert_eq!(after(|first, _| first.disposition = "transfer", 10).await, "transferred");
    assert_eq!(after(|first, _| first.disposition = "against_advice", 10).await, "against_advice");
    assert_eq!(after(|first, _| first.disposition = "died", 10).await, "died");
    assert_eq!(after(|_, second| second.hospital = 1, 1).await, "transferred");
    assert_eq!(after(|_, second| second.hospital = 1, 2).await, "readmitted by 1 on day 2");
    assert_eq!(after(|_, second| second.hospital = 0, 1).await, "readmitted by 1 on day 1");
    assert_eq!(after(|first, _| first.service = "psychiatric", 10).await, "service");
    assert_eq!(after(|first, _| first.service = "oncology", 10).await, "service");
    assert_eq!(after(|_, second| second.service = "oncology", 10).await, "readmitted by 1 on day 10");
    assert_eq!(after(|_, second| second.service = "rehabilitation", 1).await, "not readmitted");
}

#[tokio::test]
async fn a_planned_stay_in_between_closes_the_window_and_rehabilitation_does_not() {
    for (service, planned, told) in [
        ("medical", true, "0: not readmitted"),
        ("rehabilitation", false, "0: readmitted by 2 on day 20"),
        ("medical", false, "0: readmitted by 1 on day 10"),
    ] {
        let mut hospitals = Hospitals::with_patients(1).await;
        let between = Stay { service, planned, ..Stay::usual(15, 18) };
        hospitals.admit(&[Stay::usual(0, 5), between, Stay::usual(25, 28)]).await;
        assert_eq!(hospitals.told().await[0], told);
    }
}

#[tokio::test]
async fn a_day_is_a_day_of_the_facility_and_not_of_the_server() {
    let mut hospitals = Hospitals::with_patients(1).await;
    // Eleven at night in Los Angeles is the next day in Chicago and in UTC.
    let first = Stay { hospital: 1, ends: Some((5, 23)), ..Stay::usual(0, 5) };
    hospitals.admit(&[first, Stay { hospital: 1, ..Stay::usual(35, 36) }]).await;
    assert_eq!(hospitals.told().await[0], "0: readmitted by 1 on day 30");
}

#[tokio::test]
async fn a_rate_counts_discharges_that_were_followed_up_and_says_how_sure_it_is() {
    let mut hospitals = Hospitals::with_patients(20).await;
    let mut stays = Vec::new();
    for patient in 0..20 {
        stays.push(Stay { patient, ..Stay::usual(0, 5) });
        if patient < 8 {
            stays.push(Stay { patient, disposition: "died", ..Stay::usual(10, 12) });
        }
    }
    hospitals.admit(&stays).await;
    let rate = "SELECT year || ' ' || n || ' ' || readmitted || ' ' || rate || ' ' || rate_low || ' ' || rate_high
                FROM care.readmission_rate";
    assert_eq!(hospitals.network.rows(rate).await, ["2024 20 8 0.4000 0.2188 0.6134"]);
    hospitals
        .network
        .run(
            "UPDATE care.encounter SET during = tstzrange(now() - interval '9 days', now() - interval '4 days')
              WHERE patient_id = (SELECT patient_id FROM care.encounter GROUP BY 1 HAVING count(*) = 1 LIMIT 1)",
        )
        .await;
    assert!(hospitals.network.one(rate).await.starts_with("2024 19 8 "), "its thirty days are not over");
}

/// The same judgement, written as the definition reads and not as a query.
fn judged(stays: &[Stay]) -> Vec<String> {
    let mut told = Vec::new();
    for (nth, stay) in stays.iter().enumerate() {
        let Some(ends) = stay.ends.filter(|_| stay.service != "rehabilitation") else { continue };
        let later = stays.iter().enumerate().filter(|(_, other)| {
            other.patient == stay.patient && other.service != "rehabilitation" && other.begins > stay.begins
        });
        let next = later.min_by_key(|(_, other)| other.begins);
        let gap = next.map(|(_, next)| next.begins.0 - ends.0);
        let continued = next.zip(gap).is_some_and(|((_, next), gap)| {
            if next.hospital == stay.hospital { gap == 0 && next.code == stay.code } else { gap <= 1 }
        });
        let verdict = match (stay.disposition, stay.service) {
            ("died" | "against_advice", _) => stay.disposition.to_owned(),
            ("transfer", _) => "transferred".to_owned(),
            _ if continued => "transferred".to_owned(),
            (_, "psychiatric" | "oncology") => "service".to_owned(),
            _ => match next.zip(gap) {
                Some(((number, next), gap)) if gap <= 30 && !next.planned => {
                    format!("readmitted by {number} on day {gap}")
                }
                _ => "not readmitted".to_owned(),
            },
        };
        told.push(format!("{nth}: {verdict}"));
    }
    told
}

#[tokio::test]
async fn readmissions_equal_those_found_the_slow_way_on_four_hundred_random_histories() {
    let mut hospitals = Hospitals::with_patients(400).await;
    let mut dice = Dice { seed: 20_260_101, thrown: 0 };
    let mut stays = Vec::new();
    for patient in 0..400 {
        let mut day = dice.throw(60) as i64;
        let count = 1 + dice.throw(6);
        for nth in 0..count {
            let evening =
                nth > 0 && stays.last().is_some_and(|last: &Stay| last.ends.is_some_and(|ends| ends.0 == day));
            let length = dice.throw(6) as i64 + i64::from(evening);
            let died = nth + 1 == count && dice.throw(8) == 0;
            let open = nth + 1 == count && !died && dice.throw(8) == 0;
            stays.push(Stay {
                patient,
                hospital: dice.throw(2) as usize,
                begins: (day, if evening { 18 } else { 8 }),
                ends: (!open).then_some((day + length, 15)),
                planned: dice.throw(4) == 0,
                service: dice.one_of(&["medical", "medical", "surgical", "psychiatric", "oncology", "rehabilitation"]),
                disposition: if died {
                    "died"
                } else {
                    dice.one_of(&["home", "home", "home", "transfer", "against_advice"])
                },
                code: dice.one_of(&["I50.9", "J18.9"]),
            });
            day += length + [0, 1, 2, 29, 30, 31, 45][dice.throw(7) as usize];
        }
    }
    hospitals.admit(&stays).await;
    let (told, expected) = (hospitals.told().await, judged(&stays));
    for kind in ["readmitted", "not readmitted", "transferred", "service", "died", "against_advice"] {
        assert!(expected.iter().filter(|verdict| verdict.contains(kind)).count() > 10, "too few {kind}");
    }
    assert_eq!(told, expected);
}

/// Fills of one patient: drug, day after the first of 2025, days of supply.
type Fills = Vec<(&'static str, i64, i64)>;

/// Stores fills, each of a prescription of its own, which is what a drug in two strengths looks like.
async fn dispense(network: &mut Network, patients: &[(Uuid, Fills)]) {
    let (provider, pharmacy) = (network.provider().await, network.facility("IL", "pharmacy").await);
    network
        .run(&format!(
            "INSERT INTO care.medication (code_system, code, name, ingredient, form)
             SELECT 'atc', 'A10BA02', ingredient || ' ' || nth, ingredient, 'tablet'
             FROM unnest('{{metformin,simvastatin}}'::text[]) AS ingredient, generate_series(1, 2) AS nth;
             INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
             SELECT patient_id, '{provider}', '[2000-01-01,)', 'care_team' FROM care.patient;
             CREATE TEMPORARY TABLE fill (patient_id uuid, ingredient text, filled_on date, days integer, nth integer)"
        ))
        .await;
    let mut values = Vec::new();
    for (patient, fills) in patients {
        for (drug, day, days) in fills {
            let nth = values.len();
            values.push(format!("('{patient}', '{drug}', date '2025-01-01' + {day}, {days}, {nth})"));
        }
    }
    network.run(&format!("INSERT INTO fill VALUES {}", values.join(", "))).await;
    network
        .run(&format!(
            "INSERT INTO care.prescription (patient_id, medication_id, prescriber_id, authored_at, valid_during, days_supply,
                                            times, dose_quantity, quantity, dose_unit, route, instructions)
             SELECT patient_id, (SELECT medication_id FROM care.medication WHERE name = fill.ingredient || ' ' || 1 + nth % 2),
                    '{provider}', filled_on, daterange(filled_on, filled_on + 30), days, 1, 1, 400, '{{tablet}}', 'oral', nth::text
             FROM fill;
             INSERT INTO care.dispense (patient_id, prescription_id, facility_id, filled_on, days_supply, quantity)
             SELECT p.patient_id, p.prescription_id, '{pharmacy}', lower(p.valid_during), p.days_supply, p.days_supply
             FROM care.prescription p ORDER BY p.instructions::integer"
        ))
        .await;
}

/// What a pharmacist would count: day by day, with what is left in the box.
fn covered(fills: &[(i64, i64)], first: i64, last: i64) -> i64 {
    let (mut stock, mut days) = (0, 0);
    for day in first..=last {
        stock += fills.iter().filter(|fill| fill.0 == day).map(|fill| fill.1).sum::<i64>();
        if stock > 0 {
            stock -= 1;
            days += 1;
        }
    }
    days
}

/// The adherence of one patient to one drug in 2025, or nothing where the rules tell none.
async fn adherence(fills: &[(i64, i64)]) -> Option<String> {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let fills = fills.iter().map(|&(day, days)| ("metformin", day, days)).collect();
    dispense(&mut network, &[(patient, fills)]).await;
    let told = "SELECT fills || ' fills, ' || covered_days || ' of ' || treatment_days || ' days: ' || pdc ||
                       CASE WHEN adherent THEN ' adherent' ELSE '' END
                FROM care.adherence_pdc('[2025-01-01, 2026-01-01)')";
    network.rows(told).await.pop()
}

#[tokio::test]
async fn adherence_is_counted_by_the_rules_of_the_pharmacy_quality_alliance() {
    let told = adherence(&[(0, 90), (90, 90), (180, 90), (270, 95)]).await.unwrap();
    assert_eq!(told, "4 fills, 365 of 365 days: 1.0000 adherent");
    // Refilled a week early: the second begins when the first is used up; the last reaches beyond the year.
    let told = adherence(&[(0, 90), (83, 90), (185, 90), (287, 90)]).await.unwrap();
    assert_eq!(told, "4 fills, 348 of 365 days: 0.9534 adherent");
    let told = adherence(&[(0, 30), (60, 30)]).await.unwrap();
    assert_eq!(told, "2 fills, 60 of 365 days: 0.1644");
    let told = adherence(&[(73, 146), (219, 88)]).await.unwrap();
    assert_eq!(told, "2 fills, 234 of 292 days: 0.8014 adherent");
    let told = adherence(&[(65, 120), (185, 120)]).await.unwrap();
    assert_eq!(told, "2 fills, 240 of 300 days: 0.8000 adherent", "at the threshold is adherent");
    let told = adherence(&[(65, 120), (185, 119)]).await.unwrap();
    assert_eq!(told, "2 fills, 239 of 300 days: 0.7967");
}

#[tokio::test]
async fn adherence_is_told_only_where_there_is_enough_to_tell() {
    assert_eq!(adherence(&[(0, 300)]).await, None, "one fill");
    assert_eq!(adherence(&[(0, 30), (0, 30)]).await, None, "two fills on one day");
    assert!(adherence(&[(273, 30), (303, 30)]).await.is_some(), "91 days before the last");
    assert_eq!(adherence(&[(274, 30), (304, 30)]).await, None, "90 days before the last");
    let early = adherence(&[(-10, 90), (80, 90), (170, 90)]).await.unwrap();
    assert_eq!(early, "2 fills, 180 of 285 days: 0.6316", "a fill before the period is none of its own");
    assert_eq!(adherence(&[(-10, 90), (80, 90), (365, 90)]).await, None, "nor is one on the day after it");
}

#[tokio::test]
async fn adherence_ends_with_the_patient_and_leaves_out_what_was_returned() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    dispense(&mut network, &[(patient, vec![("metformin", 0, 60), ("metformin", 60, 60), ("metformin", 120, 60)])])
        .await;
    network.run("UPDATE care.dispense SET status = 'returned' WHERE filled_on = '2025-03-02'").await;
    network.run("UPDATE care.patient SET deceased_at = '2025-05-30 12:00 America/Chicago'").await;
    let told = "SELECT fills || ' ' || ends_on || ' ' || covered_days || ' ' || treatment_days
                FROM care.adherence_pdc('[2025-01-01, 2026-01-01)')";
    assert_eq!(network.one(told).await, "2 2025-05-30 90 150");
}

#[tokio::test]
async fn adherence_equals_that_counted_day_by_day_on_three_hundred_random_patients() {
    let mut network = Network::new().await;
    let mut dice = Dice { seed: 20_260_102, thrown: 0 };
    let mut patients: Vec<(Uuid, Fills)> = Vec::new();
    for _ in 0..300 {
        let mut fills = Fills::new();
        for drug in ["metformin", "simvastatin"] {
            let mut day = dice.throw(330) as i64 - 20;
            for _ in 0..1 + dice.throw(8) {
                let days = [7, 30, 30, 60, 90][dice.throw(5) as usize];
                fills.push((drug, day, days));
                day += [0, days - 10, days - 3, days, days + 1, days + 20][dice.throw(6) as usize].max(0);
            }
        }
        patients.push((network.patient().await, fills));
    }
    dispense(&mut network, &patients).await;
    let mut expected = Vec::new();
    for (patient, fills) in &patients {
        for drug in ["metformin", "simvastatin"] {
            let own: Vec<(i64, i64)> =
                fills.iter().filter(|fill| fill.0 == drug && (0..365).contains(&fill.1)).map(|f| (f.1, f.2)).collect();
            let days: BTreeMap<i64, usize> = own.iter().map(|fill| (fill.0, 1)).collect();
            let Some((&first, _)) = days.first_key_value().filter(|(first, _)| days.len() >= 2 && 364 - **first >= 91)
            else {
                continue;
            };
            let (have, of) = (covered(&own, first, 364), 365 - first);
            expected.push(format!("{patient} {drug} {} {have} {of} {}", own.len(), have * 10 >= of * 8));
        }
    }
    expected.sort();
    assert!(expected.len() > 300, "{} are too few", expected.len());
    let all = "SELECT patient_id || ' ' || ingredient || ' ' || fills || ' ' || covered_days || ' ' || treatment_days || ' ' ||
                      adherent FROM care.adherence_pdc('[2025-01-01, 2026-01-01)')";
    let mut told = network.rows(all).await;
    told.sort();
    assert_eq!(told, expected);
    let one = format!("SELECT count(*)::text FROM care.adherence_pdc('[2025-01-01, 2026-01-01)', '{}')", patients[0].0);
    let own = expected.iter().filter(|line| line.starts_with(&patients[0].0.to_string())).count();
    assert_eq!(network.one(&one).await, own.to_string());
    let adherent = expected.iter().filter(|line| line.contains("metformin") && line.ends_with("true")).count();
    let summary =
        "SELECT adherent::text FROM care.adherence_summary('[2025-01-01, 2026-01-01)') WHERE ingredient = 'metformin'";
    assert_eq!(network.one(summary).await, adherent.to_string());
}

#[tokio::test]
async fn a_trend_is_the_line_of_least_squares_through_what_is_final_and_a_number() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let mut dice = Dice { seed: 7, thrown: 0 };
    let mut points = Vec::new();
    for _ in 0..40 {
        points.push((dice.throw(2000) as f64 / 365.25, 40.0 + dice.throw(60) as f64 / 10.0));
    }
    for (years, value) in &points {
        network
            .run(&format!(
                "INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, status, value_number, unit, reference_high)
                 VALUES ('{patient}', timestamptz '2020-01-01 00:00+00' + interval '{} days', '1-8', 'a value', 'final', {value},
                         '%', 42)",
                (years * 365.25).round()
            ))
            .await;
    }
    for (status, value) in
        [("preliminary", "90, '%', NULL"), ("final", "90, 'mmol/mol', NULL"), ("final", "90, '%', '>'")]
    {
        network
            .run(&format!(
                "INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, status, value_number, unit, comparator)
                 VALUES ('{patient}', '2025-12-31', '1-8', 'a value', '{status}', {value})"
            ))
            .await;
    }
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / points.len() as f64;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>()
        / points.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>();
    let told: f64 =
        network.one("SELECT slope_per_year::text FROM care.lab_trend WHERE unit = '%'").await.parse().unwrap();
    assert!((told - slope).abs() < 1e-6, "{told} is not {slope}");
    let last = points.iter().copied().max_by(|one, two| one.0.total_cmp(&two.0)).unwrap();
    let flag = if last.1 > 42.0 { "H" } else { "N" };
    let ends = "SELECT n || ' ' || last_value::float8 || ' ' || last_flag FROM care.lab_trend WHERE unit = '%'";
    assert_eq!(network.one(ends).await, format!("40 {} {flag}", last.1));
    let single = "SELECT n || coalesce(slope_per_year::text, ' without a slope') FROM care.lab_trend WHERE unit <> '%'";
    assert_eq!(network.one(single).await, "1 without a slope");
}
