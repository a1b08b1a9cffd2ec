//! Worklists and pages of a chart, as a portal has them: the rows are those of the account, in order, page by page, and
//! each reading leaves one event.

use healthtrack::model::people::{FacilityId, PatientId};
use healthtrack::model::time::{Clock as _, DAY_US, SystemClock};
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::chart::{self, ChartResult, ResultValue};
use healthtrack::store::care::worklist::{self, OverdueBalance, PanelLine};
use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

use super::money::Bill;
use super::network::Network;
use super::practice::{Practice, hours_ahead};

async fn named(network: &mut Network, family: &str, given: &str) -> Uuid {
    let patient = network.patient().await;
    network
        .run(&format!(
            "INSERT INTO care.patient_name (patient_id, use, family, given, valid_during)
             VALUES ('{patient}', 'official', '{family}', '{{{given}}}', daterange('2000-01-01', NULL))"
        ))
        .await;
    patient
}

async fn events(network: &mut Network, account: Uuid) -> Vec<String> {
    network
        .rows(&format!(
            "SELECT concat_ws(' ', action, resource, outcome) FROM access.audit_event WHERE actor = '{account}' ORDER BY at"
        ))
        .await
}

#[tokio::test]
async fn a_panel_is_whom_the_provider_cares_for_by_name_and_page() {
    let mut network = Network::owned().await;
    let (carer, other) = (network.provider().await, network.provider().await);
    let mut panel = Vec::new();
    for (family, given) in [("Adams", "Zoe"), ("adler", "Ann"), ("Adler", "Bo"), ("Berg", "Ida")] {
        let patient = named(&mut network, family, given).await;
        network.put_in_care(patient, carer).await;
        panel.push(PatientId(patient));
    }
    let stranger = named(&mut network, "Adams", "Una").await;
    network.put_in_care(stranger, other).await;
    let account = network.account("provider", Some(carer)).await;
    let page = async |begins: Option<&str>, after: Option<&PanelLine>| {
        network.does(account, async |actor| worklist::panel(actor, begins, after, 2).await).await
    };
    let keys = |lines: &[PanelLine]| lines.iter().map(|line| line.patient_id).collect::<Vec<_>>();
    let first = page(None, None).await;
    assert_eq!(keys(&first), panel[..2]);
    let ended = format!(
        "UPDATE access.care_relationship SET valid_during = tstzrange(lower(valid_during), now())
                         WHERE patient_id = '{}'",
        panel[1]
    );
    network.connection().await.execute(AssertSqlSafe(ended)).await.unwrap();
    let second = page(None, first.last()).await;
    assert_eq!(keys(&second), panel[2..], "though whoever was last is cared for no longer");
    assert_eq!(page(None, second.last()).await, []);
    assert_eq!(keys(&page(Some("ADL"), None).await), panel[2..3], "whatever the case of letters");
    assert_eq!(page(Some("%"), None).await, [], "a name, no pattern");
    assert_eq!(events(&mut network, account).await, vec!["read panel allowed"; 5]);
    let own = network.account("patient", Some(panel[0].0)).await;
    assert_eq!(network.does(own, async |actor| worklist::panel(actor, None, None, 2).await).await, []);
}

#[tokio::test]
async fn a_day_is_the_providers_own_or_the_desks_facilitys() {
    let mut practice = Practice::within(Network::owned().await).await;
    let patient = named(&mut practice.network, "King", "Ada").await;
    let first = practice.taken_over(patient, &hours_ahead(24, 30), "booked").await;
    let (facility, provider) = (practice.facility, practice.provider);
    practice.provider = practice.provider().await;
    let second = practice.taken_over(patient, &hours_ahead(25, 30), "booked").await;
    practice.taken_over(patient, &hours_ahead(24 * 9, 30), "booked").await;
    let elsewhere = practice.network.facility("WI", "clinic").await;
    let now = SystemClock.now();
    let accounts = [
        (practice.account("provider", Some(provider)).await, vec![first]),
        (practice.account("front_desk", Some(facility)).await, vec![first, second]),
        (practice.account("front_desk", Some(elsewhere)).await, vec![]),
        (practice.account("patient", Some(patient)).await, vec![]),
    ];
    for (account, expected) in accounts {
        let until = now.plus_micros(2 * DAY_US);
        let day = practice.network.does(account, async |actor| worklist::day(actor, now, until).await).await;
        assert_eq!(day.iter().map(|line| line.appointment.0).collect::<Vec<_>>(), expected);
        assert!(day.iter().all(|line| line.name == Some((Some("King".to_owned()), vec!["Ada".to_owned()]))), "{day:?}");
        assert_eq!(events(&mut practice.network, account).await, ["read day allowed"]);
        let long = async |actor: &mut Actor<'_>| worklist::day(actor, now, now.plus_micros(9 * DAY_US)).await;
        assert_eq!(practice.network.broken(account, long).await.rule, "day_is_asked_within_bounds");
    }
}

#[tokio::test]
async fn bills_that_are_due_are_the_billers_facilitys() {
    let mut network = Network::owned().await;
    let bill = Bill::issued(&mut network).await;
    network.run("UPDATE care.invoice SET due_on = '2026-07-01'").await;
    let biller = network.account("biller", Some(bill.facility)).await;
    let elsewhere = FacilityId(network.facility("WI", "clinic").await);
    let other = network.account("biller", Some(elsewhere.0)).await;
    let due = async |account: Uuid, before: &str| {
        let before = before.parse().unwrap();
        network.does(account, async |actor| worklist::due_invoices(actor, before, None, 10).await).await
    };
    assert_eq!(due(biller, "2026-07-01").await, []);
    let found = due(biller, "2026-07-02").await;
    assert_eq!((found.len(), found[0].invoice_id.0, found[0].number.as_str()), (1, bill.invoice, "A-1"));
    let next = async |actor: &mut Actor<'_>| {
        worklist::due_invoices(actor, "2026-07-02".parse().unwrap(), found.last(), 10).await
    };
    assert_eq!(network.does(biller, next).await, []);
    assert_eq!(due(other, "2026-07-02").await, []);
}

#[tokio::test]
async fn what_is_overdue_is_what_the_patients_of_the_billers_facility_still_owe() {
    let mut network = Network::owned().await;
    let bill = Bill::issued(&mut network).await;
    let biller = network.account("biller", Some(bill.facility)).await;
    let elsewhere = network.facility("WI", "clinic").await;
    let other = network.account("biller", Some(elsewhere)).await;
    let own = network.account("patient", Some(bill.patient)).await;
    let overdue = async |account: Uuid, before: &str, after: Option<&OverdueBalance>| {
        let (before, after) = (before.parse().unwrap(), after.map(|line| (line.due_on, line.invoice_id)));
        network.does(account, async |actor| worklist::overdue_balances(actor, before, after, 10).await).await
    };
    assert_eq!(overdue(biller, "2026-07-01", None).await, []);
    let found = overdue(biller, "2026-07-02", None).await;
    assert_eq!((found.len(), found[0].invoice_id.0, found[0].patient_id.0), (1, bill.invoice, bill.patient));
    assert_eq!((found[0].due_from_patient_cents, found[0].currency.as_str()), (20_000, "USD"));
    assert_eq!(overdue(biller, "2026-07-02", found.last()).await, []);
    assert_eq!(overdue(other, "2026-07-02", None).await, [], "another facility's");
    assert_eq!(overdue(own, "2026-07-02", None).await, [], "a list for billers");
    let paying = |key: &str, amount: u32| {
        format!("SELECT care.pay('{key}-0123456789abcdef', '{}', {amount}, 'cash')", bill.invoice)
    };
    let mut sql = network.connection().await;
    sql.execute(AssertSqlSafe(paying("some", 150))).await.unwrap();
    assert_eq!(overdue(biller, "2026-07-02", None).await[0].due_from_patient_cents, 5_000);
    sql.execute(AssertSqlSafe(paying("rest", 50))).await.unwrap();
    assert_eq!(overdue(biller, "2026-07-02", None).await, [], "what is paid is not overdue");
}

#[tokio::test]
async fn a_chart_is_read_page_by_page_by_whom_it_is_open_to() {
    let mut network = Network::owned().await;
    let (patient, carer, facility) =
        (network.patient().await, network.provider().await, network.facility("IL", "clinic").await);
    network.put_in_care(patient, carer).await;
    network
        .run(&format!(
            "INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, status, value_number, unit)
             SELECT '{patient}', at, '4548-4', 'HbA1c', 'final', 6.5, '%'
             FROM unnest('{{2026-01-01Z,2026-03-01Z,2026-03-01Z}}'::timestamptz[]) AS at;
             INSERT INTO care.lab_result (patient_id, observed_at, loinc, title, status, absent_reason)
             VALUES ('{patient}', '2026-04-01Z', '2345-7', 'Glucose', 'final', 'clotted');
             INSERT INTO care.encounter (patient_id, attending_provider_id, facility_id, during, class, reason)
             VALUES ('{patient}', '{carer}', '{facility}', '[2026-01-01 10:00Z, 2026-01-01 11:00Z)', 'ambulatory', 'Cough');
             UPDATE care.patient SET sex = 'other' WHERE patient_id = '{patient}';
             INSERT INTO care.goal (patient_id, title, metric, measure, comparator, target, unit, per, pursued_during)
             SELECT '{patient}', 'Walk', name, 'sum', 'at_least', 6000, unit, 'day', daterange(current_date, current_date + 30)
             FROM signal.metric WHERE name = 'step_count'"
        ))
        .await;
    let (account, own) =
        (network.account("provider", Some(carer)).await, network.account("patient", Some(patient)).await);
    let stranger = network.provider().await;
    let stranger = network.account("provider", Some(stranger)).await;
    let patient = PatientId(patient);
    for (account, open) in [(account, true), (own, true), (stranger, false)] {
        let some = |count: usize| if open { count } else { 0 };
        let results = async |loinc: Option<&str>, before: Option<&ChartResult>| {
            network.does(account, async |actor| chart::results(actor, patient, loinc, before, 2).await).await
        };
        let newest = results(None, None).await;
        assert_eq!(newest.len(), some(2));
        assert_eq!(results(Some("4548-4"), newest.last()).await.len(), some(2), "two of one moment are on two pages");
        let visits = network.does(account, async |actor| chart::visits(actor, patient, None, 2).await).await;
        assert_eq!(visits.len(), some(1));
        let last = visits.last().map(|(line, _)| line);
        assert_eq!(network.does(account, async |actor| chart::visits(actor, patient, last, 2).await).await, []);
        let former = network.does(account, async |actor| chart::history(actor, patient, None, 2).await).await;
        assert_eq!(former.len(), some(1));
        let last = former.last();
        assert_eq!(network.does(account, async |actor| chart::history(actor, patient, last, 2).await).await, []);
        let plans = network.does(account, async |actor| chart::plans(actor, patient).await).await;
        assert_eq!(plans.len(), some(1));
        if open {
            assert_eq!(newest[0].value, ResultValue::Absent("clotted".to_owned()));
            assert_eq!(newest[1].value, ResultValue::Number(6.5, "%".to_owned()));
            assert_eq!((visits[0].1.as_str(), visits[0].0.reason.as_deref()), ("clinic 0", Some("Cough")));
            assert_eq!((former[0].relation.as_str(), former[0].who.as_deref()), ("patient", Some("program")));
            assert_eq!(former[0].image["sex"], "female");
            assert_eq!(former[0].image.get("updated_by"), None, "nobody's key is shown");
            assert_eq!((plans[0].goal_title.as_deref(), plans[0].care_plan_id), (Some("Walk"), None));
        }
        let outcome = if open { "allowed" } else { "denied" };
        let expected = ["results", "results", "visits", "visits", "history", "history", "goals"]
            .map(|kind| format!("read {kind} {outcome}"));
        assert_eq!(events(&mut network, account).await, expected);
    }
}
