//! The judge is shown a run in which all is well, and then each kind of violation.

use healthtrack::commands::load::mix::Mix;
use healthtrack::formats::batch;
use healthtrack::model::time::Timestamp;

use super::*;
use crate::support::proxy::Delivery;

const MESSAGES: u64 = 200;

/// A calm run of two hundred messages: everything published, acknowledged, delivered and kept as it should be.
fn sound() -> Case {
    let mix = Mix { repeat: 10, late: 10, conflict: 10, broken: 10 };
    let start = Timestamp::parse_rfc3339("2026-01-05T22:00:00Z").unwrap();
    let plan = Plan {
        format: &batch::FORMAT,
        seed: 7,
        shard: "main".to_owned(),
        hubs: 4,
        first_hub: 0,
        samples: 5,
        start,
        mix,
    };
    let (mut ledger, mut wire) = (Ledger::default(), Wire::default());
    let (mut stored, mut extents, mut aside) = (Vec::new(), Vec::new(), Vec::new());
    for id in 0..MESSAGES {
        let planned = plan.kind(id);
        for kind in [planned.in_turn(), planned.later()].into_iter().flatten() {
            let at_us = 1_000_000 + i64::try_from(id).unwrap();
            ledger.entries.insert((id, kind), ledger::Entry { issued: at_us, acked: Some((0, at_us + 1)) });
            let packet_id = u16::try_from(wire.deliveries.len() + 1).unwrap();
            let key = key_of(&plan, (id, kind));
            wire.deliveries.push(Delivery { packet_id, key, is_repeated: false, at_us });
            wire.pubacks.push((packet_id, at_us + 2));
            if matches!(kind, PublicationKind::Conflict | PublicationKind::Broken) {
                let mut payload = BytesMut::new();
                plan.write_as(id, kind, &mut payload);
                let (reason, samples) =
                    if kind == PublicationKind::Broken { ("undecodable", 1) } else { ("conflict", 5) };
                let topic = String::from_utf8(plan.topic(id).to_vec()).unwrap();
                aside.push(Aside { topic, reason: reason.to_owned(), samples, payload: payload.to_vec() });
            }
        }
        if planned != PublicationKind::Broken {
            let start_us = plan.start_of(id).micros();
            let series = i32::try_from(plan.hub(id)).unwrap();
            extents.push(Extent { series, start_us, stop_us: start_us + 4_000_000 });
            stored.extend((0..5_i64).map(|second| Stored {
                device: format!("load-{}", plan.hub(id)),
                at_us: start_us + second * 1_000_000,
                value: plan.value(plan.hub(id), start_us / 1_000_000 + second) as f64,
            }));
        }
    }
    let count = |kind| i64::try_from(ledger.entries.keys().filter(|(_, other)| *other == kind).count()).unwrap();
    let counters = Counters {
        received: 0,
        stored: i64::try_from(stored.len()).unwrap(),
        duplicate: 5 * count(PublicationKind::Repeat),
        outdated: 0,
        conflict: 5 * count(PublicationKind::Conflict),
        quarantined: count(PublicationKind::Broken),
        in_flight: 0,
    };
    let Counters { stored: kept, duplicate, conflict, quarantined, .. } = counters;
    let counters = Counters { received: kept + duplicate + conflict + quarantined, ..counters };
    let rules = Rules { is_calm: true, messages: Some(MESSAGES), ..Rules::default() };
    let (wires, cuts, script) = (vec![wire], Vec::new(), vec![(1_000_000, "began".to_owned())]);
    Case { plan, ledger, stored, extents, aside, wires, cuts, counters, duplicates: duplicate, rules, script }
}

/// Spoils a sound run; exactly these promises must be found broken.
fn check(spoil: impl FnOnce(&mut Case), expected: &[What]) {
    let mut case = sound();
    spoil(&mut case);
    let verdict = judge(&case);
    let mut found: Vec<What> = verdict.violations.iter().map(|violation| violation.what).collect();
    found.sort();
    found.dedup();
    assert_eq!(found, expected, "{verdict}");
}

/// The first message of a kind.
fn some(case: &Case, kind: PublicationKind) -> u64 {
    (0..MESSAGES).find(|id| case.plan.kind(*id) == kind).unwrap()
}

#[test]
fn a_sound_run_is_found_sound() {
    check(|_| {}, &[]);
}

#[test]
fn a_missing_sample_is_found_and_its_story_told() {
    let mut case = sound();
    case.stored.remove(17);
    let verdict = judge(&case);
    assert_eq!(verdict.violations[0].what, What::Missing);
    let said = verdict.to_string();
    for word in ["seed 7", "issued", "acknowledged by the broker", "PUBACK", "stored: 4 of 5", "began"] {
        assert!(said.contains(word), "{word} is not in {said}");
    }
}

#[test]
fn what_only_the_broker_acknowledged_is_the_brokers_to_lose_and_only_where_it_may() {
    let lose = |case: &mut Case| {
        case.stored.retain(|stored| stored.device != "load-1");
        let keys: Vec<u64> = case.wires[0].deliveries.iter().map(|delivery| delivery.key).collect();
        let of_hub_1: Vec<u64> =
            case.ledger.entries.keys().filter(|(id, _)| id % 4 == 1).map(|one| key_of(&case.plan, *one)).collect();
        let at = |place: &usize| !of_hub_1.contains(&keys[*place]);
        let kept: Vec<usize> = (0..keys.len()).filter(at).collect();
        let wire = case.wires[0].clone();
        case.wires[0].deliveries = kept.iter().map(|place| wire.deliveries[*place]).collect();
        case.wires[0].pubacks = kept.iter().map(|place| wire.pubacks[*place]).collect();
        case.aside.retain(|aside| !aside.topic.contains("load-1/"));
    };
    check(lose, &[What::Missing]);
    let excused = |case: &mut Case| {
        lose(case);
        case.rules.broker_may_lose = true;
    };
    check(excused, &[]);
    // The same loss, after the daemon had acknowledged the messages.
    check(
        |case| {
            case.stored.retain(|stored| stored.device != "load-1");
            case.rules.broker_may_lose = true;
        },
        &[What::Missing],
    );
}

#[test]
fn a_database_may_forget_what_was_acknowledged_before_it_was_restored_and_nothing_after() {
    let lose = |case: &mut Case, to_us: i64| {
        case.stored.retain(|stored| stored.device != "load-1");
        case.aside.retain(|aside| !aside.topic.contains("load-1/"));
        case.rules.is_calm = false;
        case.rules.forgotten = Some((0, to_us));
    };
    check(|case| lose(case, 2_000_000), &[]);
    check(|case| lose(case, 1_000_050), &[What::Missing]);
}

#[test]
fn an_invented_sample_is_found() {
    let broken = |case: &Case| {
        let id = some(case, PublicationKind::Broken);
        Stored { device: format!("load-{}", case.plan.hub(id)), at_us: case.plan.start_of(id).micros(), value: 60.0 }
    };
    check(
        |case| {
            let sample = broken(case);
            case.stored.push(sample);
        },
        &[What::Invented],
    );
    let elsewhere = |device: &str, at_us: i64| Stored {
        device: device.to_owned(),
        at_us: 1_767_650_400_000_000 + at_us,
        value: 60.0,
    };
    for sample in [elsewhere("load-9", 0), elsewhere("load-1", 500_000), elsewhere("load-1", 900_000_000_000)] {
        check(|case| case.stored.push(sample), &[What::Invented]);
    }
}

#[test]
fn a_doubled_sample_is_found() {
    check(|case| case.stored.push(case.stored[40].clone()), &[What::Doubled]);
    check(|case| case.aside.push(case.aside[3].clone()), &[What::Doubled]);
}

#[test]
fn an_altered_value_is_found_even_where_it_is_the_contradiction() {
    check(|case| case.stored[12].value += 0.5, &[What::Altered]);
    let second_wins = |case: &mut Case| {
        let id = some(case, PublicationKind::Conflict);
        let (hub, first) = (case.plan.hub(id), case.plan.start_of(id).micros());
        let of_it = |stored: &&mut Stored| {
            stored.device == format!("load-{hub}") && (first..first + 5_000_000).contains(&stored.at_us)
        };
        let plan = case.plan.clone();
        for stored in case.stored.iter_mut().filter(of_it) {
            stored.value = plan.contradiction(hub, stored.at_us / 1_000_000) as f64;
        }
    };
    check(second_wins, &[What::Altered]);
    // Even a broker that may lose has not lost what the daemon acknowledged.
    check(
        |case| {
            second_wins(case);
            case.rules.broker_may_lose = true;
        },
        &[What::Altered],
    );
}

#[test]
fn the_quarantine_must_hold_each_conflict_and_each_broken_message_as_what_it_is() {
    check(|case| drop(case.aside.pop()), &[What::Missing]);
    check(|case| case.aside[0].reason = "bad_topic".to_owned(), &[What::Altered]);
    check(|case| case.aside[0].samples += 1, &[What::Altered]);
    let sound_message = |case: &mut Case| {
        let payload = b"{\"v\":1}".to_vec();
        let (topic, reason) = ("ht/1/main/load-1/batch".to_owned(), "refused_by_database".to_owned());
        case.aside.push(Aside { topic, reason, samples: 1, payload });
    };
    check(sound_message, &[What::Invented]);
}

/// A roll puts the values of a contradiction aside in words of its own, some of them with those of other messages.
#[test]
fn a_contradiction_that_a_roll_has_put_aside_is_understood_and_only_where_days_were_rolled() {
    let retold = |case: &mut Case, more: u64| {
        let id = some(case, PublicationKind::Conflict);
        let (hub, second) = (case.plan.hub(id), case.plan.start_of(id).micros() / 1_000_000);
        let place = case.aside.iter().position(|row| row.topic.contains(&format!("/load-{hub}/")) && row.samples == 5);
        let row = &mut case.aside[place.unwrap()];
        let seconds: Vec<i64> = (second..second + 5).collect();
        let at = |second: &i64| Timestamp::from_micros(second * 1_000_000).unwrap().to_string();
        let says = |second: &i64| case.plan.contradiction(hub, *second) + more;
        row.payload = serde_json::json!({"v": 1, "series": [{
            "metric": "heart_rate",
            "times": seconds.iter().map(at).collect::<Vec<_>>(),
            "values": seconds.iter().map(says).collect::<Vec<_>>(),
        }]})
        .to_string()
        .into_bytes();
        row.reason = "conflict".to_owned();
    };
    let rolled = |case: &mut Case, more: u64| {
        case.rules.rolls = true;
        retold(case, more);
    };
    check(|case| rolled(case, 0), &[]);
    check(|case| rolled(case, 1), &[What::Missing, What::Invented]);
    check(|case| retold(case, 0), &[What::Missing, What::Invented]);
}

#[test]
fn overlapping_blocks_are_found() {
    check(|case| case.extents[5].stop_us += 60_000_000, &[What::Overlapping]);
    check(|case| case.extents.push(case.extents[5]), &[What::Overlapping]);
}

#[test]
fn acknowledgements_out_of_order_twice_or_for_nothing_are_found() {
    check(|case| case.wires[0].pubacks.swap(3, 4), &[What::AckOutOfOrder]);
    check(|case| case.wires[0].pubacks.insert(4, (4, 2_000_000)), &[What::AckOutOfOrder]);
    check(|case| case.wires[0].pubacks.push((999, 2_000_000)), &[What::AckOutOfOrder]);
    // One that is due on another connection.
    check(|case| case.wires.push(Wire { number: 1, pubacks: vec![(1, 1)], ..Wire::default() }), &[What::AckOutOfOrder]);
}

#[test]
fn a_ledger_that_is_not_as_planned_is_found() {
    let lacking = |case: &mut Case| {
        let id = some(case, PublicationKind::Late);
        case.ledger.entries.get_mut(&(id, PublicationKind::Late)).unwrap().acked = None;
    };
    check(lacking, &[What::NotAsPlanned]);
    let twice = |case: &mut Case| {
        let id = some(case, PublicationKind::Plain);
        let entry = ledger::Entry { issued: 1, acked: None };
        case.ledger.entries.insert((id, PublicationKind::Repeat), entry);
        case.counters.duplicate += 5;
        case.counters.received += 5;
    };
    check(twice, &[What::NotAsPlanned]);
}

#[test]
fn counters_that_do_not_balance_or_do_not_equal_what_was_injected_are_found() {
    check(|case| case.counters.received += 1, &[What::Unbalanced]);
    check(|case| case.counters.in_flight = 1, &[What::Unbalanced]);
    let shifted = |case: &mut Case| {
        case.counters.stored += 5;
        case.counters.duplicate -= 5;
    };
    check(shifted, &[What::Unbalanced]);
}

#[test]
fn a_run_in_which_nothing_happened_is_found_out() {
    let demand = |demand| move |case: &mut Case| case.rules.demands = vec![demand];
    for one in [Demand::Duplicate, Demand::CutInBatch, Demand::CutInCommit] {
        check(demand(one), &[What::Vacuous]);
    }
    check(
        |case| {
            case.rules.demands = vec![Demand::Duplicate, Demand::CutInBatch, Demand::CutInCommit];
            case.wires[0].deliveries[0].is_repeated = true;
            case.cuts = vec![(1, Cut::InBatch), (2, Cut::InCommit)];
        },
        &[],
    );
    let unheard = |case: &mut Case| {
        case.ledger.entries.values_mut().for_each(|entry| entry.acked = None);
        case.rules.messages = None;
    };
    check(unheard, &[What::Vacuous]);
}

#[test]
fn a_ledger_is_read_as_it_was_written() {
    let ledger = Ledger::parse("issued,4,plain,10\nissued,4,repeat,12\nacked,4,plain,0,11\nacked,4,repeat,16,13\n");
    let (first, second) = (ledger.entries[&(4, PublicationKind::Plain)], ledger.entries[&(4, PublicationKind::Repeat)]);
    assert_eq!((first.issued, first.acked, first.is_promised()), (10, Some((0, 11)), true));
    assert_eq!((second.acked, second.is_promised()), (Some((16, 13)), false));
}
