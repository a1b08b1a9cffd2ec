//! What memberships cost and how they go on: a period is charged once whoever renews at once, a change gives back and
//! charges to the cent, notice ends them, and what a plan opens follows in that moment.

use healthtrack::model::people::{FeePeriod, PatientId};
use healthtrack::store::care::membership;
use uuid::Uuid;

use super::network::Network;
use super::practice::{Practice, hours_ahead, race};

const PRICES: &str = "
    INSERT INTO care.membership_price (plan, currency, per, amount, valid_during)
    VALUES ('premium', 'USD', 'month', 29.99, '[2020-01-01,)'), ('premium', 'USD', 'year', 300, '[2020-01-01,)'),
           ('regular', 'USD', 'month', 10, '[2020-01-01,)')";
const FEES: &str =
    "SELECT concat_ws(' ', kind, amount, currency) FROM care.membership_fee ORDER BY charged_at, kind DESC";

/// A network with prices of memberships.
pub(crate) async fn priced() -> Network {
    let mut network = Network::new().await;
    network.run(PRICES).await;
    // Time passes here by days, and a month is not as long as the one before.
    network.run("ALTER TABLE care.membership DROP CONSTRAINT membership_ends_with_its_period").await;
    network
}

/// Begins a membership by the month.
pub(crate) fn begin(patient: Uuid, plan: &str, renews: bool) -> String {
    format!("SELECT care.begin_membership('{patient}', '{plan}', 'USD', 'month', {renews})::text")
}

/// Lets so much time pass for all memberships and fees.
pub(crate) async fn pass(network: &mut Network, time: &str) {
    network
        .run(&format!(
            "SET session_replication_role = replica;
             UPDATE care.membership SET anchored_at = anchored_at - INTERVAL '{time}',
                 valid_during = tstzrange(lower(valid_during) - INTERVAL '{time}', upper(valid_during) - INTERVAL '{time}');
             UPDATE care.membership_fee
             SET charged_at = charged_at - INTERVAL '{time}',
                 covers = tstzrange(lower(covers) - INTERVAL '{time}', upper(covers) - INTERVAL '{time}');
             SET session_replication_role = origin"
        ))
        .await;
}

/// Plan, number, and whether the period goes on now, the first period first.
pub(crate) async fn periods(network: &mut Network) -> Vec<String> {
    let query = "SELECT concat_ws(' ', plan, period, valid_during @> now()) FROM care.membership ORDER BY valid_during";
    network.rows(query).await
}

#[tokio::test]
async fn a_plan_has_one_price_a_day_and_none_is_chosen_without_one() {
    let mut network = priced().await;
    let patient = network.patient().await;
    let price = |changed: &str, value: &str| {
        let row = "VALUES ('premium', 'USD', 'month', 30, '[2019-01-01, 2020-01-01)')".replace(changed, value);
        format!("INSERT INTO care.membership_price (plan, currency, per, amount, valid_during) {row}")
    };
    for (statement, rule) in [
        (price("2020-01-01)", "2020-01-02)"), "membership_price_is_one_at_a_time"),
        (price("'premium'", "'golden'"), "membership_price_plan_fkey"),
        (price("'month'", "'week'"), "membership_price_per_is_known"),
        (price("30", "-1"), "membership_price_is_not_negative"),
        (price("[2019-01-01", "("), "membership_price_period_has_a_beginning"),
        (begin(patient, "premium", true).replace("month", "day"), "membership_has_a_price"),
        (begin(patient, "premium", true).replace("USD", "EUR"), "membership_has_a_price"),
        ("UPDATE care.membership_plan SET notice_days = 366".to_owned(), "membership_plan_notice_is_a_year_at_most"),
    ] {
        assert_eq!(network.refusal(&statement).await, rule, "{statement}");
    }
    network.run(&price("'USD'", "'EUR'")).await;
    network.run(&price("", "")).await;
}

#[tokio::test]
async fn what_is_wrong_with_a_membership_or_its_fee_cannot_be_stored() {
    let mut network = priced().await;
    let patient = network.patient().await;
    network.run(&begin(patient, "premium", true)).await;
    for (change, rule) in [
        ("next_plan = 'golden'", "membership_next_plan_fkey"),
        ("per = 'week'", "membership_per_is_known"),
        ("currency = NULL", "membership_terms_are_whole"),
        ("per = NULL, currency = NULL, period = NULL, anchored_at = NULL", "membership_renews_by_its_terms"),
        ("period = 0", "membership_period_counts_from_one"),
        ("valid_during = '[2020-01-01,)'", "membership_with_terms_has_an_end"),
    ] {
        assert_eq!(network.refusal(&format!("UPDATE care.membership SET {change}")).await, rule);
    }
    let fee = |changed: &str, value: &str| {
        "INSERT INTO care.membership_fee (patient_id, membership_id, covers, amount, currency, kind)
         SELECT patient_id, membership_id, '[2026-01-01, 2026-02-01)', -1, 'USD', 'credit' FROM care.membership"
            .replace(changed, value)
    };
    for (statement, rule) in [
        (fee("-1, 'USD', 'credit'", "1, 'USD', 'period'"), "membership_fee_is_charged_once"),
        (fee("-1", "1"), "membership_fee_sign_fits_its_kind"),
        (fee("'credit'", "'gift'"), "membership_fee_kind_is_known"),
        (fee("[2026-01-01, ", "(,"), "membership_fee_covers_some_time"),
        (fee("membership_id, '[", "gen_random_uuid(), '["), "membership_fee_membership_fkey"),
        ("UPDATE care.membership_fee SET amount = 1".to_owned(), "membership_fee_is_append_only"),
        ("DELETE FROM care.membership_fee".to_owned(), "membership_fee_is_append_only"),
    ] {
        assert_eq!(network.refusal(&statement).await, rule, "{statement}");
    }
}

#[tokio::test]
async fn a_period_is_renewed_and_charged_once_even_where_eight_renew_at_once() {
    let mut network = priced().await;
    for _ in 0..6 {
        let patient = network.patient().await;
        network.run(&begin(patient, "premium", true)).await;
    }
    let renew = "SELECT care.renew_memberships()::text".to_owned();
    assert_eq!(network.one(&renew).await, "0", "none is due");
    for round in 2..=4 {
        pass(&mut network, "31 days").await;
        let renewed = race(&network, vec![renew.clone(); 8]).await;
        let renewed: u32 = renewed.into_iter().map(|one| one.expect("nobody fails").parse::<u32>().unwrap()).sum();
        let left: u32 = network.one(&renew).await.parse().unwrap();
        assert_eq!((renewed, left), (6, 0), "each period was made once, period {round}");
    }
    let twice = "SELECT count(*)::text FROM care.membership_fee GROUP BY membership_id HAVING count(*) > 1";
    assert_eq!(network.rows(twice).await, [""; 0]);
    let gaps = "SELECT m.period::text FROM care.membership m
                WHERE m.renewed AND NOT EXISTS (SELECT FROM care.membership n
                    WHERE n.patient_id = m.patient_id AND n.period = m.period + 1 AND n.plan = m.plan
                      AND lower(n.valid_during) = upper(m.valid_during))";
    assert_eq!(network.rows(gaps).await, [""; 0]);
    let uncharged = "SELECT count(*)::text FROM care.membership FULL JOIN care.membership_fee USING (membership_id)
                     WHERE amount IS DISTINCT FROM 29.99";
    assert_eq!(network.one(uncharged).await, "0");
    assert_eq!(network.one("SELECT count(*)::text FROM care.membership").await, "24");
}

#[tokio::test]
async fn a_period_keeps_the_day_of_its_anchor_and_the_price_of_its_own_first_day() {
    let mut network = priced().await;
    let patient = network.patient().await;
    let months =
        "SELECT string_agg(care.membership_period_at('2027-01-31 08:00Z', 'month', n)::date::text, ' ' ORDER BY n)
                  FROM generate_series(1, 4) n";
    assert_eq!(network.one(months).await, "2027-01-31 2027-02-28 2027-03-31 2027-04-30");
    network.run(&begin(patient, "premium", true)).await;
    pass(&mut network, "31 days").await;
    network
        .run(
            "UPDATE care.membership_price SET valid_during = daterange(lower(valid_during), current_date - 10)
             WHERE plan = 'premium' AND per = 'month';
             INSERT INTO care.membership_price (plan, currency, per, amount, valid_during)
             VALUES ('premium', 'USD', 'month', 35, daterange(current_date - 10, NULL))",
        )
        .await;
    network.run("SELECT care.renew_memberships()").await;
    assert_eq!(network.rows(FEES).await, ["period 29.99 USD", "period 35.00 USD"]);
}

#[tokio::test]
async fn a_change_at_once_gives_back_and_charges_what_is_left_to_the_cent() {
    let mut network = priced().await;
    for (from, to, prices) in [("regular", "premium", [1000, 2999]), ("premium", "regular", [2999, 4999])] {
        let dearer = "UPDATE care.membership_price SET amount = 49.99 WHERE plan = 'regular'";
        network.run(if to == "regular" { dearer } else { "SELECT" }).await;
        let patient = network.patient().await;
        network.run(&begin(patient, from, true)).await;
        pass(&mut network, "9 days 7 hours 13 minutes 0.123457 seconds").await;
        network.run(&format!("SELECT care.change_membership('{patient}', '{to}', true)")).await;
        let times = network
            .one(&format!(
                "SELECT concat_ws(' ', (extract(epoch FROM upper(valid_during) - lower(valid_during)) * 1000000)::bigint,
                                       (extract(epoch FROM upper(valid_during) - anchored_at) * 1000000)::bigint)
                 FROM care.membership WHERE patient_id = '{patient}' AND plan = '{to}'"
            ))
            .await;
        let (left, whole) = times.split_once(' ').unwrap();
        let (left, whole): (i128, i128) = (left.parse().unwrap(), whole.parse().unwrap());
        assert!(left < whole);
        let [back, charged] = prices.map(|cents: i128| (2 * cents * left + whole) / (2 * whole));
        let fees = network
            .rows(&format!(
                "SELECT ((amount * 100)::bigint)::text FROM care.membership_fee WHERE patient_id = '{patient}'
                 ORDER BY charged_at, kind"
            ))
            .await;
        assert_eq!(fees, [prices[0].to_string(), (-back).to_string(), charged.to_string()], "{left} of {whole}");
        let overlap = format!(
            "SELECT string_agg(plan, ' ' ORDER BY valid_during) || ' ' || (care.plan_of('{patient}')).plan
             FROM care.membership WHERE patient_id = '{patient}'"
        );
        assert_eq!(network.one(&overlap).await, format!("{from} {to} {to}"));
        let same = format!("SELECT care.change_membership('{patient}', '{to}', true)");
        assert_eq!(network.refusal(&same).await, "membership_changes_its_plan");
    }
}

#[tokio::test]
async fn a_change_at_the_end_is_what_the_next_period_has_and_notice_ends_with_the_period_after_its_days() {
    let mut network = priced().await;
    let patient = network.patient().await;
    let (change, end) = (
        format!("SELECT care.change_membership('{patient}', 'regular', false)"),
        format!("SELECT round(extract(day FROM care.end_membership('{patient}') - now()) / 30)::text"),
    );
    assert_eq!(network.refusal(&change).await, "membership_is_running");
    assert_eq!(network.refusal(&end).await, "membership_is_running");
    network.run(&begin(patient, "premium", true)).await;
    network.run(&change).await;
    assert_eq!(periods(&mut network).await, ["premium 1 t"]);
    pass(&mut network, "31 days").await;
    network.run("SELECT care.run_maintenance()").await;
    assert_eq!(periods(&mut network).await, ["premium 1 f", "regular 2 t"]);
    assert_eq!(network.rows(FEES).await, ["period 29.99 USD", "period 10.00 USD"]);

    network.run("UPDATE care.membership_plan SET notice_days = 40").await;
    network.run(&end).await;
    network.run(&end).await;
    pass(&mut network, "31 days").await;
    network.run("SELECT care.run_maintenance()").await;
    assert_eq!(periods(&mut network).await[2], "regular 3 t", "40 days of notice reach into another month");
    pass(&mut network, "31 days").await;
    network.run("SELECT care.run_maintenance()").await;
    assert_eq!(periods(&mut network).await.len(), 3, "and no further");
    assert_eq!(network.one(&format!("SELECT (care.plan_of('{patient}')).plan")).await, "regular");
}

#[tokio::test]
async fn what_cannot_be_renewed_ends_and_keeps_nobody_waiting() {
    let mut network = priced().await;
    let (one, two) = (network.patient().await, network.patient().await);
    network.run(&begin(one, "premium", true)).await;
    network.run(&begin(two, "regular", true)).await;
    network
        .run("UPDATE care.membership_price SET valid_during = '[2020-01-01, 2021-01-01)' WHERE plan = 'premium'")
        .await;
    pass(&mut network, "31 days").await;
    assert_eq!(network.one("SELECT care.renew_memberships()::text").await, "1");
    let ended = format!("SELECT auto_renew::text FROM care.membership WHERE patient_id = '{one}'");
    assert_eq!(network.rows(&ended).await, ["false"]);
    let failed = network.one("SELECT failed::text FROM care.run_maintenance()").await;
    assert_eq!(failed, "{}");
    let told = "SELECT patient_id || ' ' || template FROM care.notification";
    assert_eq!(network.rows(told).await, [format!("{one} membership_not_renewed")]);
}

#[tokio::test]
async fn whatever_is_wrong_with_one_membership_the_others_are_renewed() {
    let mut network = priced().await;
    let (odd, longer, sound) = (network.patient().await, network.patient().await, network.patient().await);
    for (patient, plan) in [(odd, "regular"), (longer, "premium"), (sound, "premium")] {
        network.run(&begin(patient, plan, true)).await;
    }
    pass(&mut network, "30 days 23 hours 50 minutes").await;
    network
        .run(&format!(
            "CREATE FUNCTION public.divide() RETURNS trigger LANGUAGE plpgsql
             AS $$ BEGIN
                 IF EXISTS (SELECT FROM care.membership WHERE membership_id = NEW.membership_id AND plan = 'regular') THEN
                     RAISE division_by_zero;
                 END IF;
                 RETURN NEW;
             END $$;
             CREATE TRIGGER divides BEFORE INSERT ON care.membership_fee FOR EACH ROW EXECUTE FUNCTION public.divide();
             UPDATE care.membership SET valid_during = tstzrange(lower(valid_during), now() + INTERVAL '10 minutes'),
                 anchored_at = anchored_at - INTERVAL '6 months' WHERE patient_id = '{longer}';
             UPDATE care.membership SET valid_during = tstzrange(lower(valid_during), now() + INTERVAL '5 minutes')
             WHERE patient_id = '{odd}'"
        ))
        .await;
    assert_eq!(network.one("SELECT failed::text FROM care.run_maintenance()").await, "{}");
    let renewed = "SELECT patient_id::text FROM care.membership WHERE renewed ORDER BY 1";
    let mut both = [longer.to_string(), sound.to_string()];
    both.sort();
    assert_eq!(network.rows(renewed).await, both);
    let ended = "SELECT patient_id || ' ' || template FROM care.membership JOIN care.notification USING (patient_id)
                 WHERE NOT auto_renew";
    assert_eq!(network.rows(ended).await, [format!("{odd} membership_not_renewed")]);
}

#[tokio::test]
async fn nobody_pays_for_months_in_which_nothing_renewed() {
    let mut network = priced().await;
    let (goes_on, leaves) = (network.patient().await, network.patient().await);
    for patient in [goes_on, leaves] {
        network.run(&begin(patient, "premium", true)).await;
    }
    network.run(&format!("UPDATE care.membership SET last_period = 3 WHERE patient_id = '{leaves}'")).await;
    pass(&mut network, "130 days").await;
    network.run("SELECT care.run_maintenance(); SELECT care.run_maintenance()").await;
    let periods = format!(
        "SELECT concat_ws(' ', period > 3, lower(valid_during) > now() - INTERVAL '1 hour', amount < 29.99,
             amount = round(29.99 * extract(epoch FROM upper(covers) - lower(covers)) / extract(epoch FROM
                 care.membership_period_at(anchored_at, per, period + 1) - care.membership_period_at(anchored_at, per, period)), 2))
         FROM care.membership JOIN care.membership_fee USING (patient_id, membership_id)
         WHERE patient_id = '{goes_on}' AND period > 1"
    );
    assert_eq!(network.rows(&periods).await, ["t t t t"], "it goes on from now, for what is left of its month");
    let left = format!("SELECT period || ' ' || auto_renew FROM care.membership WHERE patient_id = '{leaves}'");
    assert_eq!(network.rows(&left).await, ["1 false"], "notice was given for a month that is over");
}

#[tokio::test]
async fn a_membership_that_is_charged_is_not_made_longer_by_hand() {
    let mut network = Network::new().await;
    network.run(PRICES).await;
    for per in ["month", "year"] {
        let patient = network.patient().await;
        network.run(&begin(patient, "premium", true).replace("month", per)).await;
        let extend = format!(
            "UPDATE care.membership SET valid_during = tstzrange(lower(valid_during), upper(valid_during) + INTERVAL '1 second')
             WHERE per = '{per}'"
        );
        assert_eq!(network.refusal(&extend).await, "membership_ends_with_its_period");
        network.run(&extend.replace("+ INTERVAL", "- INTERVAL")).await;
    }
}

#[tokio::test]
async fn of_eight_who_begin_or_change_at_once_one_does_and_nobody_meets_a_deadlock() {
    let mut network = priced().await;
    // A deadlock is met by one round in seven where nobody waits, so several are run.
    for _ in 0..12 {
        let patient = network.patient().await;
        let begun = race(&network, vec![begin(patient, "regular", true); 8]).await;
        assert_eq!(begun.iter().filter(|one| one.is_ok()).count(), 1, "{begun:?}");
        let mut refused = begun.iter().flat_map(|one| one.as_ref().err());
        assert!(refused.all(|rule| rule == "membership_is_one_at_a_time"), "{begun:?}");
    }
    let patient = network.patient().await;
    network.run(&begin(patient, "regular", true)).await;
    pass(&mut network, "5 days").await;
    let change = format!("SELECT care.change_membership('{patient}', 'premium', true)::text");
    let changed = race(&network, vec![change; 8]).await;
    assert_eq!(changed.iter().filter(|one| one.is_ok()).count(), 1, "{changed:?}");
    let known = [
        "membership_is_renewing",
        "membership_is_running",
        "membership_changes_its_plan",
        "membership_is_one_at_a_time",
    ];
    assert!(
        changed.iter().flat_map(|one| one.as_ref().err()).all(|rule| known.contains(&rule.as_str())),
        "{changed:?}"
    );
    assert_eq!(network.one("SELECT count(*)::text FROM care.membership_fee").await, "15");
}

#[tokio::test]
async fn what_a_plan_opens_follows_in_that_moment() {
    let mut practice = Practice::new().await;
    practice.network.run(PRICES).await;
    practice.network.run("UPDATE care.availability SET reserved_hours = 48").await;
    let patient = practice.patient;
    let early = practice.hold(patient, &hours_ahead(50, 30));
    assert!(
        practice.network.refusal(&practice.hold(patient, &hours_ahead(45 * 24, 30))).await.contains("release_window")
    );
    practice.network.run(&begin(patient, "premium", true)).await;
    practice.network.run(&early).await;
    let far = practice.network.id(&practice.hold(patient, &hours_ahead(45 * 24, 30))).await;
    // A plan that is had for a moment and given back opens nothing, and neither does one that is over meanwhile.
    let change = |when: &str| format!("SELECT care.change_membership('{patient}', 'regular', {when})");
    assert_eq!(practice.network.refusal(&change("true")).await, "membership_gets_cheaper_at_its_end");
    assert_eq!(practice.network.refusal(&change("NULL")).await, "membership_change_says_when");
    practice.network.run(&change("false")).await;
    let over = "UPDATE care.membership SET valid_during = tstzrange(lower(valid_during), now())";
    practice.network.run(over).await;
    let confirm = format!("SELECT care.confirm_appointment('{far}')");
    assert_eq!(practice.network.refusal(&confirm).await, "appointment_is_within_its_release_window");
    assert!(
        practice.network.refusal(&practice.hold(patient, &hours_ahead(46 * 24, 30))).await.contains("release_window")
    );
}

#[tokio::test]
async fn a_member_and_the_desk_that_expects_them_choose_and_nobody_else_does() {
    let mut practice = Practice::within(Network::owned().await).await;
    practice.network.run(PRICES).await;
    let (patient, facility) = (practice.patient, practice.facility);
    let other = practice.network.patient().await;
    let (own, stranger) = (
        practice.network.account("patient", Some(patient)).await,
        practice.network.account("patient", Some(other)).await,
    );
    let desk = practice.network.account("front_desk", Some(facility)).await;
    let network = &practice.network;
    let who = PatientId(patient);
    let begin = async |account: Uuid| {
        network
            .tries(account, async |actor| membership::begin(actor, who, "premium", "USD", FeePeriod::Year, true).await)
            .await
    };
    for account in [stranger, desk] {
        assert!(begin(account).await.is_err(), "neither may, before there is a visit");
    }
    begin(own).await.unwrap();
    let read =
        async |account: Uuid| network.does(account, async |actor| membership::of_patient(actor, who).await).await;
    let mine = read(own).await;
    assert_eq!(
        (mine.len(), mine[0].charged_cents, mine[0].renews, mine[0].per),
        (1, Some(30_000), true, Some(FeePeriod::Year))
    );
    assert!(read(stranger).await.is_empty() && read(desk).await.is_empty());
    practice.taken_over(patient, &hours_ahead(24, 30), "booked").await;
    let network = &practice.network;
    assert_eq!(network.does(desk, async |actor| membership::of_patient(actor, who).await).await, mine);
    let rule = network.broken(desk, async |actor| membership::change(actor, who, "regular", false).await).await;
    assert_eq!(rule.rule, "membership_has_a_price", "there is no price for a year");
    network.does(desk, async |actor| membership::end(actor, who).await).await;
    let ended = network.does(own, async |actor| membership::of_patient(actor, who).await).await;
    assert_eq!((ended[0].last_period, ended[0].renews), (Some(1), false));
    let rule = network.broken(stranger, async |actor| membership::end(actor, who).await).await;
    assert_eq!(rule.rule, "row_is_within_rights");
    let today = healthtrack::model::time::Clock::now(&healthtrack::model::time::SystemClock).day();
    let prices = network.does(stranger, async |actor| membership::prices(actor, today).await).await;
    assert_eq!(prices.iter().map(|price| price.price_cents).collect::<Vec<_>>(), [2_999, 30_000, 1_000]);
}
