//! Accounts are kept by accounts: whose by whom, never the own one, great power by two, and sessions end at once.

use healthtrack::model::people::{AccountId, FacilityId, PatientId, Role};
use healthtrack::store::care::account::{self, AccountFor};
use uuid::Uuid;

use super::caller::Caller;
use super::network::Network;
use super::practice::{Practice, hours_ahead, race};

/// A facility with its manager, another facility, and two administrators.
struct Office {
    network: Network,
    facility: Uuid,
    elsewhere: Uuid,
    manager: Uuid,
    admins: [Uuid; 2],
}

impl Office {
    async fn open() -> Office {
        let mut network = Network::owned().await;
        let (facility, elsewhere) = (network.facility("IL", "clinic").await, network.facility("MA", "clinic").await);
        let manager = network.account("facility_manager", Some(facility)).await;
        let admins = [network.account("network_admin", None).await, network.account("network_admin", None).await];
        Office { network, facility, elsewhere, manager, admins }
    }

    async fn caller(&self, account: Uuid) -> Caller {
        Caller::of(&self.network, account).await
    }

    /// Whether an account may act.
    async fn acts(&mut self, account: Uuid) -> bool {
        let query = format!("SELECT (disabled_at IS NULL)::text FROM access.account WHERE account_id = '{account}'");
        self.network.one(&query).await == "true"
    }
}

const KEPT: &str = "account_is_kept_by_who_may";

#[tokio::test]
async fn a_manager_keeps_the_accounts_of_the_own_desk_and_billers_and_no_other() {
    let mut office = Office::open().await;
    let (facility, elsewhere) = (office.facility, office.elsewhere);
    let mut manager = office.caller(office.manager).await;
    let mut admin = office.caller(office.admins[0]).await;
    let provider = office.network.provider().await;
    for part in ["front_desk", "biller"] {
        let made = manager.key(&format!("open_account($t, '{part}', '{part}-1', '{facility}', NULL)")).await;
        assert_eq!(
            manager.refused(&format!("open_account($t, '{part}', '{part}-2', '{elsewhere}', NULL)")).await,
            KEPT
        );
        let there = admin.key(&format!("open_account($t, '{part}', '{part}-3', '{elsewhere}', NULL)")).await;
        for act in ["disable_account", "enable_account", "end_sessions"] {
            manager.call(&format!("{act}($t, '{made}')")).await;
            assert_eq!(manager.refused(&format!("{act}($t, '{there}')")).await, KEPT, "{act}");
        }
        let moved = manager.refused(&format!("move_account($t, '{made}', 3, '{elsewhere}')")).await;
        assert_eq!(moved, "account_is_moved_by_an_administrator");
    }
    let patient = office.network.patient().await;
    let of_patient = office.network.account("patient", Some(patient)).await;
    let of_provider = admin.key(&format!("open_account($t, 'provider', 'ada', NULL, '{provider}')")).await;
    for account in [of_patient, of_provider, office.admins[0]] {
        assert_eq!(manager.refused(&format!("disable_account($t, '{account}')")).await, KEPT);
    }
    assert_eq!(admin.refused(&format!("disable_account($t, '{of_patient}')")).await, KEPT);
    for part in ["provider", "facility_manager", "analyst", "network_admin"] {
        let refused = manager.refused(&format!("open_account($t, '{part}', 'x-1', '{facility}', '{provider}')")).await;
        assert_eq!(refused, KEPT, "{part}");
    }
    let page = "NULL, NULL, NULL, 100";
    let listed = manager.read("login", "list_accounts", None, "accounts", page).await;
    assert_eq!(listed, ["biller-1", "front_desk-1"], "the own ones alone");
    assert!(admin.read("login", "list_accounts", None, "accounts", page).await.len() >= 8);
    let unseen = manager.refused(&format!("list_accounts($t, gen_random_uuid(), NULL, {page})")).await;
    assert_eq!(unseen, "look_is_recorded", "a list that is taken back leaves its event");
    for part in ["front_desk", "biller", "privacy_officer", "clinical_quality", "operator"] {
        let whose = ["front_desk", "biller"].contains(&part).then_some(facility);
        let account = office.network.account(part, whose).await;
        let mut other = office.caller(account).await;
        for kind in ["accounts", "account_proposals"] {
            assert_eq!(other.tries(&format!("look($t, NULL, '{kind}', NULL)")).await.unwrap(), "", "{part}: {kind}");
        }
    }
}

#[tokio::test]
async fn nobody_changes_the_own_account_and_no_account_becomes_one_of_another_part() {
    let mut office = Office::open().await;
    let own = office.admins[0];
    let mut admin = office.caller(own).await;
    for act in [
        "disable_account($t, '%')",
        "enable_account($t, '%')",
        "end_sessions($t, '%')",
        "move_account($t, '%', 1, NULL)",
    ] {
        let refused = admin.refused(&act.replace('%', &own.to_string())).await;
        assert_eq!(refused, "account_is_changed_by_another", "{act}");
    }
    assert!(office.acts(own).await);
    for (whom, change, rule) in [
        (own, "disabled_at = now()", "account_is_changed_by_another"),
        (office.manager, "part = 'front_desk'", "account_keeps_its_part"),
    ] {
        let change =
            format!("SET healthtrack.actor = '{own}'; UPDATE access.account SET {change} WHERE account_id = '{whom}'");
        assert_eq!(office.network.refusal(&change).await, rule, "whoever forgot to ask");
    }
}

#[tokio::test]
async fn an_administrator_is_opened_by_two_and_within_three_days() {
    let mut office = Office::open().await;
    let [mut first, mut second] = [office.caller(office.admins[0]).await, office.caller(office.admins[1]).await];
    for part in ["network_admin", "privacy_officer"] {
        let direct = first.refused(&format!("open_account($t, '{part}', 'power', NULL, NULL)")).await;
        assert_eq!(direct, "account_is_opened_by_two");
    }
    let weak = first.refused("propose_account($t, 'analyst', 'ann')").await;
    assert_eq!(weak, "account_proposal_part_needs_two");
    let mut manager = office.caller(office.manager).await;
    let other = manager.refused("propose_account($t, 'network_admin', 'own-friend')").await;
    assert_eq!(other, "account_is_proposed_by_an_administrator");

    let proposal = first.key("propose_account($t, 'network_admin', 'third')").await;
    assert_eq!(first.refused("propose_account($t, 'network_admin', 'third')").await, "account_proposal_stands_once");
    let confirm = format!("confirm_account($t, '{proposal}')");
    assert_eq!(first.refused(&confirm).await, "account_proposal_is_confirmed_by_another");
    assert_eq!(manager.refused(&confirm).await, "account_is_proposed_by_an_administrator");
    let third = second.key(&confirm).await;
    assert!(office.acts(third).await);
    assert_eq!(second.refused(&confirm).await, "account_proposal_stands", "once");

    first.call(&format!("disable_account($t, '{third}')")).await;
    assert_eq!(first.refused(&format!("enable_account($t, '{third}')")).await, "account_is_opened_by_two");
    let again = second.key("propose_account($t, 'network_admin', 'third')").await;
    let confirmed = first.key(&format!("confirm_account($t, '{again}')")).await;
    assert_eq!(confirmed, third, "the account that was");

    let late = first.key("propose_account($t, 'privacy_officer', 'late')").await;
    let older = "UPDATE access.account_proposal SET proposed_at = proposed_at - INTERVAL '73 hours',
                 until_at = until_at - INTERVAL '73 hours' WHERE login = 'late'";
    office.network.run(older).await;
    assert_eq!(second.refused(&format!("confirm_account($t, '{late}')")).await, "account_proposal_stands");
    first.key("propose_account($t, 'privacy_officer', 'late')").await;

    let orphan = first.key("propose_account($t, 'privacy_officer', 'orphan')").await;
    second.call(&format!("disable_account($t, '{}')", office.admins[0])).await;
    let refused = second.refused(&format!("confirm_account($t, '{orphan}')")).await;
    assert_eq!(refused, "account_proposal_stands", "what a disabled administrator proposed");
    second.call(&format!("withdraw_account_proposal($t, '{orphan}')")).await;
    let listed = second.read("login || ' ' || outcome", "list_account_proposals", None, "account_proposals", "").await;
    let outcomes: Vec<_> = listed.iter().filter(|line| !line.is_empty()).map(String::as_str).collect();
    assert_eq!(outcomes.len(), 4, "{outcomes:?}");
    for line in ["third confirmed", "late expired", "orphan withdrawn"] {
        assert!(outcomes.contains(&line), "{line}: {outcomes:?}");
    }
}

#[tokio::test]
async fn of_eight_who_confirm_one_proposal_at_once_one_opens_it() {
    let mut office = Office::open().await;
    let mut first = office.caller(office.admins[0]).await;
    for round in 0..3 {
        let proposal = first.key(&format!("propose_account($t, 'network_admin', 'next-{round}')")).await;
        let mut calls = Vec::new();
        for _ in 0..8 {
            let account = office.network.account("network_admin", None).await;
            let token = office.network.token(account).await;
            calls.push(format!("SELECT api.confirm_account('{}', '{proposal}')::text", token.expose()));
        }
        let results = race(&office.network, calls).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        let refused: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused, ["account_proposal_stands"; 7]);
        let opened = format!("SELECT count(*)::text FROM access.account WHERE login = 'next-{round}'");
        assert_eq!(office.network.one(&opened).await, "1");
    }
}

#[tokio::test]
async fn of_two_administrators_who_disable_each_other_one_stays() {
    let mut office = Office::open().await;
    for _ in 0..6 {
        let pair =
            [office.network.account("network_admin", None).await, office.network.account("network_admin", None).await];
        let mut calls = Vec::new();
        for (own, other) in [(pair[0], pair[1]), (pair[1], pair[0])] {
            let token = office.network.token(own).await;
            calls.push(format!("SELECT api.disable_account('{}', '{other}')::text", token.expose()));
        }
        let results = race(&office.network, calls).await;
        let refused: Vec<_> = results.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused, ["session_stands"], "nobody meets a deadlock");
        assert_ne!(office.acts(pair[0]).await, office.acts(pair[1]).await);
    }
}

#[tokio::test]
async fn sessions_end_with_what_is_changed_and_do_not_come_back() {
    let mut office = Office::open().await;
    let (facility, elsewhere) = (office.facility, office.elsewhere);
    let mut admin = office.caller(office.admins[0]).await;
    let biller = office.network.account("biller", Some(facility)).await;
    let change = [
        format!("end_sessions($t, '{biller}')"),
        format!("move_account($t, '{biller}', 1, '{elsewhere}')"),
        format!("disable_account($t, '{biller}')"),
    ];
    for change in change {
        let mut signed_in = office.caller(biller).await;
        signed_in.rows("SELECT part FROM api.read_account($t)").await;
        admin.call(&change).await;
        let refused = signed_in.asks("SELECT part FROM api.read_account($t)").await;
        assert_eq!(refused, Err("session_stands".to_owned()), "{change}");
        if change.starts_with("disable") {
            let mut late = office.caller(biller).await;
            admin.call(&format!("enable_account($t, '{biller}')")).await;
            let refused = late.asks("SELECT part FROM api.read_account($t)").await;
            assert_eq!(refused, Err("session_stands".to_owned()), "one that was begun meanwhile");
        }
    }
    let stale = admin.refused(&format!("move_account($t, '{biller}', 1, '{facility}')")).await;
    assert_eq!(stale, "account_is_changed_as_it_was_read");
    office
        .network
        .run(&format!("UPDATE care.facility SET closed_on = '2026-01-01' WHERE facility_id = '{facility}'"))
        .await;
    let closed = admin.refused(&format!("open_account($t, 'biller', 'late', '{facility}', NULL)")).await;
    assert_eq!(closed, "account_is_of_a_facility_that_stands");
    let version = format!("SELECT version::text FROM access.account WHERE account_id = '{biller}'");
    let version = office.network.one(&version).await;
    let closed = admin.refused(&format!("move_account($t, '{biller}', {version}, '{facility}')")).await;
    assert_eq!(closed, "account_is_of_a_facility_that_stands");
}

#[tokio::test]
async fn a_program_keeps_accounts_and_the_audit_says_who_did() {
    let mut office = Office::open().await;
    let (admins, facility) = (office.admins, FacilityId(office.facility));
    let at = AccountFor { facility: Some(facility), provider: None };
    let desk = office
        .network
        .does(office.manager, async |actor| account::open(actor, Role::FrontDesk, "desk-7", at).await)
        .await;
    let proposal = office
        .network
        .does(admins[0], async |actor| account::propose(actor, Role::PrivacyOfficer, "officer").await)
        .await;
    let officer = office.network.does(admins[1], async |actor| account::confirm(actor, proposal).await).await;
    office.network.does(admins[0], async |actor| account::disable(actor, desk).await).await;
    let asked = (Some(Role::FrontDesk), Some(facility));
    let listed =
        office.network.does(office.manager, async |actor| account::list(actor, asked.0, asked.1, None).await).await;
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].account_id, listed[0].disabled_at.is_some(), listed[0].sessions), (desk, true, 0));
    let proposals = office.network.does(admins[0], async |actor| account::list_proposals(actor).await).await;
    assert_eq!(proposals[0].decided_by, Some(AccountId(admins[1])));
    let events = "SELECT a.part || ' ' || e.action || ' ' || coalesce(e.reason, '') FROM access.audit_event e
                  JOIN access.account a ON a.account_id = e.actor WHERE e.resource = 'access.account/' || '%' ORDER BY e.at";
    let of = |account: AccountId| events.replace('%', &account.to_string());
    let desk_events = office.network.rows(&of(desk)).await;
    assert_eq!(desk_events, ["facility_manager grant front_desk", "network_admin revoke front_desk"]);
    assert_eq!(office.network.rows(&of(officer)).await, ["network_admin grant privacy_officer"]);
}

#[tokio::test]
async fn a_program_enables_moves_and_withdraws_and_opens_the_account_of_who_came() {
    let mut practice = Practice::within(Network::owned().await).await;
    let admin = practice.network.account("network_admin", None).await;
    let other = practice.network.facility("MA", "clinic").await;
    let (desk, second) = (practice.account("front_desk", Some(practice.facility)).await, practice.facility);
    let second = practice.account("front_desk", Some(second)).await;
    let biller = AccountId(practice.account("biller", Some(practice.facility)).await);
    let visitor = PatientId(practice.patient);
    practice.taken_over(practice.patient, &hours_ahead(-48, 30), "completed").await;
    let network = &mut practice.network;
    network.does(admin, async |actor| account::disable(actor, biller).await).await;
    network.does(admin, async |actor| account::enable(actor, biller).await).await;
    let version = network.one(&format!("SELECT version::text FROM access.account WHERE account_id = '{biller}'")).await;
    let version: i32 = version.parse().unwrap();
    network.does(admin, async |actor| account::relocate(actor, biller, version, FacilityId(other)).await).await;
    let place =
        format!("SELECT facility_id::text FROM access.account WHERE account_id = '{biller}' AND disabled_at IS NULL");
    assert_eq!(network.one(&place).await, other.to_string());
    let proposal = network.does(admin, async |actor| account::propose(actor, Role::NetworkAdmin, "third").await).await;
    network.does(admin, async |actor| account::withdraw(actor, proposal).await).await;
    assert_eq!(network.one("SELECT outcome FROM access.account_proposal").await, "withdrawn");

    let opened = network.does(desk, async |actor| account::open_for_patient(actor, visitor, "ana").await).await;
    network.does(desk, async |actor| account::disable_for_patient(actor, visitor).await).await;
    let again = network.broken(desk, async |actor| account::open_for_patient(actor, visitor, "ana").await).await;
    assert_eq!(again.rule, "patients_account_is_enabled_by_another");
    let enabled = network.does(second, async |actor| account::open_for_patient(actor, visitor, "ana").await).await;
    assert_eq!(enabled, opened);
}

#[tokio::test]
async fn a_proposal_is_of_two_people_and_decided_whole() {
    let mut office = Office::open().await;
    let [first, second] = office.admins;
    office
        .network
        .run(&format!(
            "INSERT INTO access.account_proposal (proposed_by, part, login) VALUES ('{first}', 'network_admin', 'third')"
        ))
        .await;
    for (change, rule) in [
        ("part = 'provider'", "account_proposal_part_needs_two"),
        ("login = 'No Name'", "account_proposal_login_is_a_name"),
        ("until_at = proposed_at + INTERVAL '8 days'", "account_proposal_ends"),
        ("outcome = 'lost', decided_at = now(), decided_by = '&'", "account_proposal_outcome_is_known"),
        ("outcome = 'confirmed', decided_at = now()", "account_proposal_is_decided_whole"),
        ("outcome = 'confirmed', decided_by = '&'", "account_proposal_is_decided_whole"),
        ("outcome = 'expired', decided_at = now(), decided_by = '&'", "account_proposal_is_decided_whole"),
        (
            "outcome = 'confirmed', decided_at = now(), decided_by = proposed_by",
            "account_proposal_is_confirmed_by_another",
        ),
        ("outcome = 'withdrawn', decided_at = now(), decided_by = gen_random_uuid()", "account_proposal_decider_fkey"),
        ("proposed_by = gen_random_uuid()", "account_proposal_proposer_fkey"),
    ] {
        let change = format!("UPDATE access.account_proposal SET {}", change.replace('&', &second.to_string()));
        assert_eq!(office.network.refusal(&change).await, rule, "{change}");
    }
}
