//! What nobody does by accounts: take over a patient's, revive an erased person's, stop others unseen, stay alone in power,
//! ask whose address has one, or go on at a facility that is closed.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use super::caller::Caller;
use super::network::{Network, refused_by};
use super::practice::{Practice, hours_ahead, race};

const NOT_HERE: &str = "patients_account_is_opened_at_the_desk";

/// A time so many hours ago, as SQL.
fn hours_ago(hours: i32) -> String {
    hours_ahead(-hours, 30)
}

/// A desk of the practice: its account, and a session of it.
async fn desk(practice: &mut Practice) -> (Uuid, Caller) {
    let account = practice.network.account("front_desk", Some(practice.facility)).await;
    (account, Caller::of(&practice.network, account).await)
}

#[tokio::test]
async fn the_desk_opens_the_account_of_who_came_or_was_registered_there_and_of_no_other() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (visitor, facility) = (practice.patient, practice.facility);
    practice.taken_over(visitor, &hours_ago(24), "completed").await;
    let booked = practice.network.patient().await;
    practice.taken_over(booked, &hours_ahead(24, 30), "booked").await;
    let (_, mut first) = desk(&mut practice).await;
    let (_, mut second) = desk(&mut practice).await;
    let mut biller = Caller::playing(&mut practice.network, "biller", facility).await;
    for act in ["open_patient_account($t, '%', 'ana')", "disable_patient_account($t, '%')"] {
        for other in [booked, Uuid::nil()] {
            assert_eq!(first.refused(&act.replace('%', &other.to_string())).await, NOT_HERE);
        }
        assert_eq!(biller.refused(&act.replace('%', &visitor.to_string())).await, NOT_HERE);
    }
    let open = format!("open_patient_account($t, '{visitor}', 'ana')");
    let account = first.key(&open).await;
    assert_eq!(first.key(&open).await, account, "it is open");
    let mut own = Caller::of(&practice.network, account).await;
    let told = "SELECT action || ' ' || reason FROM api.list_access($t) WHERE resource = 'access.account/' || '%'
                ORDER BY 1";
    let told = told.replace('%', &account.to_string());
    assert_eq!(own.rows(&told).await, ["grant new_at_desk"], "the patient is told");

    let renamed = format!("open_patient_account($t, '{visitor}', 'mallory')");
    assert_eq!(second.refused(&renamed).await, "patients_account_keeps_its_login", "nor of one that is open");
    first.call(&format!("disable_patient_account($t, '{visitor}')")).await;
    assert_eq!(own.refused("list_access($t)").await, "session_stands");
    assert_eq!(second.refused(&renamed).await, "patients_account_keeps_its_login");
    assert_eq!(first.refused(&open).await, "patients_account_is_enabled_by_another");
    assert_eq!(second.key(&open).await, account);
    let mut again = Caller::of(&practice.network, account).await;
    assert_eq!(again.rows(&told).await, ["grant again_at_desk", "grant new_at_desk", "revoke at_desk"]);

    let person = r#"{"born_on": "1980-05-17", "sex": "female", "time_zone": "UTC",
                     "names": [{"use": "official", "family": "Ruiz", "given": ["Ana"]}]}"#;
    let proposal = first.key(&format!("propose_patient($t, '{person}')")).await;
    let registered = first.key(&format!("register_patient($t, '{proposal}')")).await;
    let opens = format!("open_patient_account($t, '{registered}', 'ruiz-2')");
    assert_eq!(second.refused(&opens).await, NOT_HERE);
    let taken = first.refused(&opens.replace("ruiz-2", "ana")).await;
    assert_eq!(taken, "row_is_within_rights", "not whether somebody has an account by that address");
    first.key(&opens).await;
}

#[tokio::test]
async fn a_visit_that_a_desk_made_or_marked_gives_it_nobodys_account() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (patient, facility, provider) = (practice.patient, practice.facility, practice.provider);
    let account = practice.network.account("patient", Some(patient)).await;
    let login = format!("SELECT login FROM access.account WHERE account_id = '{account}'");
    let login = practice.network.one(&login).await;
    let (own, mut first) = desk(&mut practice).await;
    let (_, mut second) = desk(&mut practice).await;
    let starts = "date_trunc('hour', now()) + INTERVAL '30 hours'";
    let held = first
        .key(&format!(
            "hold_appointment($t, '{patient}', '{provider}', '{facility}', {starts},
                              {starts} + INTERVAL '30 minutes', NULL, 'in_person', NULL)"
        ))
        .await;
    let acts = [
        format!("disable_patient_account($t, '{patient}')"),
        format!("open_patient_account($t, '{patient}', '{login}')"),
    ];
    for act in &acts {
        assert_eq!(first.refused(act).await, NOT_HERE, "by its own hold");
    }
    practice
        .network
        .run(&format!(
            "UPDATE care.appointment SET status = 'booked', expires_at = NULL WHERE appointment_id = '{held}';
             SET session_replication_role = replica;
             UPDATE care.appointment SET status = 'completed', during = {} WHERE appointment_id = '{held}';
             RESET session_replication_role",
            hours_ago(2)
        ))
        .await;
    assert_eq!(first.refused(&acts[0]).await, NOT_HERE, "by a visit that it made and another marked");
    second.call(&acts[0]).await;
    let marks = format!("SELECT count(*)::text FROM care.appointment_event WHERE actor = '{own}'");
    assert_eq!(practice.network.one(&marks).await, "1");
}

#[tokio::test]
async fn who_opened_the_account_of_somebody_with_a_record_makes_no_link_to_it() {
    let mut practice = Practice::within(Network::owned().await).await;
    let visitor = practice.patient;
    practice.taken_over(visitor, &hours_ago(24), "completed").await;
    let (_, mut first) = desk(&mut practice).await;
    let (_, mut second) = desk(&mut practice).await;
    first.key(&format!("open_patient_account($t, '{visitor}', 'ana')")).await;
    let link = |token: &str| format!("make_patient_link($t, '{visitor}', sha256('{token}'))");
    assert_eq!(first.refused(&link("a")).await, "patients_link_is_made_by_another");
    second.call(&link("b")).await;
    let hash = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21l$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";
    practice.network.run(&format!("SELECT access.accept_invitation(sha256('b'), '{hash}')")).await;
    assert_eq!(second.refused(&link("c")).await, "patients_link_is_for_the_first_password");
    let open = "SELECT count(*)::text FROM access.invitation WHERE used_at IS NULL";
    assert_eq!(practice.network.one(open).await, "0", "and none was made");
}

#[tokio::test]
async fn an_erased_person_takes_no_fact_and_no_account() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (patient, facility, provider) = (practice.patient, practice.facility, practice.provider);
    practice.network.account("patient", Some(patient)).await;
    practice.taken_over(patient, &hours_ago(24), "completed").await;
    let (_, mut desk) = desk(&mut practice).await;
    practice.network.run(&format!("SELECT access.erase_person('{patient}', 'mistake')")).await;
    let starts = "date_trunc('hour', now()) + INTERVAL '30 hours'";
    let hold = format!(
        "hold_appointment($t, '{patient}', '{provider}', '{facility}', {starts},
                          {starts} + INTERVAL '30 minutes', NULL, 'in_person', NULL)"
    );
    let erased = "record_is_of_an_erased_person";
    assert_eq!(desk.refused(&hold).await, erased);
    assert_eq!(desk.refused(&format!("open_patient_account($t, '{patient}', 'ana')")).await, erased);
    let entry = format!(
        "INSERT INTO care.journal_entry (patient_id, written_at, body)
         VALUES ('{patient}', now(), decode('01' || repeat('00', 40), 'hex'))"
    );
    assert_eq!(practice.network.refusal(&entry).await, erased);
    let other = practice.network.patient().await;
    practice.network.run(&entry.replace(&patient.to_string(), &other.to_string())).await;
}

/// An account that acts in a transaction that it leaves open.
async fn left_open(network: &Network, account: Uuid, call: &str) -> PgConnection {
    let token = network.token(account).await;
    let mut portal = network.login("portal").await;
    let call = call.replace("$t", &format!("'{}'", token.expose()));
    portal.execute(AssertSqlSafe(format!("BEGIN; SELECT api.{call}"))).await.unwrap();
    portal
}

#[tokio::test]
async fn who_changes_an_account_and_leaves_the_transaction_open_stops_nobody() {
    let mut practice = Practice::within(Network::owned().await).await;
    practice.taken_over(practice.patient, &hours_ahead(24, 30), "booked").await;
    let (account, mut desk) = desk(&mut practice).await;
    let admins = [practice.account("network_admin", None).await, practice.account("network_admin", None).await];
    let end = format!("end_sessions($t, '{account}')");
    let mut idle = left_open(&practice.network, admins[0], &end).await;
    desk.rows("SET lock_timeout = '100ms'").await;
    desk.key(&format!("look($t, '{}', 'appointments', NULL)", practice.patient)).await;
    desk.key(
        r#"propose_patient($t, '{"born_on": "1980-05-17", "sex": "female", "time_zone": "UTC",
                 "names": [{"use": "official", "family": "Ruiz", "given": ["Ana"]}]}')"#,
    )
    .await;
    let mut second = Caller::of(&practice.network, admins[1]).await;
    assert_eq!(second.refused(&end).await, "55P03", "another change is to be tried again");
    idle.execute("ROLLBACK").await.unwrap();
    second.call(&end).await;
}

#[tokio::test]
async fn a_session_that_is_being_opened_does_not_outlive_the_end_of_all() {
    let mut network = Network::owned().await;
    let facility = network.facility("IL", "clinic").await;
    let account = network.account("biller", Some(facility)).await;
    let admin = network.account("network_admin", None).await;
    let login = network.one(&format!("SELECT login FROM access.account WHERE account_id = '{account}'")).await;
    let mut sign_in = network.login("sign_in").await;
    let open = format!("SELECT access.open_session('{login}', sha256('\\xab'))");
    let mut opening = sign_in.begin().await.unwrap();
    opening.execute(AssertSqlSafe(open.clone())).await.unwrap();
    let mut caller = Caller::of(&network, admin).await;
    let end = format!("end_sessions($t, '{account}')");
    assert_eq!(caller.refused(&end).await, "55P03", "it waits for who signs in");
    opening.commit().await.unwrap();
    assert_eq!(caller.call(&end).await, ["1"]);

    let disable = format!("disable_account($t, '{account}')");
    let mut idle = left_open(&network, admin, &disable).await;
    let late = open.replace("xab", "xac");
    let refused = refused_by(sign_in.execute(AssertSqlSafe(late.clone())).await, &late);
    assert_eq!(refused, "55P03", "a sign-in waits for who changes its account");
    idle.execute("COMMIT").await.unwrap();
    assert_eq!(refused_by(sign_in.execute(AssertSqlSafe(late.clone())).await, &late), "account_may_sign_in");
}

#[tokio::test]
async fn two_administrators_and_a_privacy_officer_stay() {
    let mut network = Network::owned().await;
    let mut admins = Vec::new();
    for _ in 0..3 {
        admins.push(network.account("network_admin", None).await);
    }
    let officers = [network.account("privacy_officer", None).await, network.account("privacy_officer", None).await];
    let mut first = Caller::of(&network, admins[0]).await;
    first.call(&format!("disable_account($t, '{}')", officers[0])).await;
    let stay = "accounts_of_great_power_stay";
    assert_eq!(first.refused(&format!("disable_account($t, '{}')", officers[1])).await, stay);
    let mut calls = Vec::new();
    for (own, other) in [(admins[0], admins[2]), (admins[1], admins[0])] {
        let token = network.token(own).await;
        calls.push(format!("SELECT api.disable_account('{}', '{other}')::text", token.expose()));
    }
    let results = race(&network, calls).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    let left = "SELECT count(*)::text FROM access.account WHERE part = 'network_admin' AND disabled_at IS NULL";
    assert_eq!(network.one(left).await, "2");
}

#[tokio::test]
async fn a_manager_does_not_learn_whose_address_has_an_account() {
    let mut network = Network::owned().await;
    let facility = network.facility("IL", "clinic").await;
    let patient = network.patient().await;
    network
        .run(&format!(
            "INSERT INTO access.account (part, login, patient_id) VALUES ('patient', 'ana@example.org', '{patient}')"
        ))
        .await;
    let open = format!("open_account($t, 'biller', 'ana@example.org', '{facility}', NULL)");
    let mut manager = Caller::playing(&mut network, "facility_manager", facility).await;
    assert_eq!(manager.refused(&open).await, "row_is_within_rights");
    let admin = network.account("network_admin", None).await;
    let mut admin = Caller::of(&network, admin).await;
    assert_eq!(admin.refused(&open).await, "account_login_is_unique");
}

#[tokio::test]
async fn a_desk_ends_with_its_facility_and_its_billers_go_on() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (patient, facility) = (practice.patient, practice.facility);
    practice.taken_over(patient, &hours_ago(24), "completed").await;
    let parts = ["front_desk", "facility_manager", "biller"];
    let mut accounts = Vec::new();
    for part in parts {
        accounts.push(practice.network.account(part, Some(facility)).await);
    }
    let mut desk = Caller::of(&practice.network, accounts[0]).await;
    for (days, works) in [(0, [true, true, true]), (30, [true, true, true]), (31, [false, false, true])] {
        let close = format!("UPDATE care.facility SET closed_on = current_date - {days}");
        practice.network.run(&close).await;
        for ((part, account), works) in parts.iter().zip(&accounts).zip(works) {
            let own = "SELECT cardinality(access.own_facilities())::text";
            let own = practice.portal_rows(*account, own).await;
            assert_eq!(own, [i32::from(works).to_string()], "{part}, {days} days after it closed");
        }
        let at_desk = "SELECT cardinality(access.patients_at_desk())::text";
        let at_desk = practice.portal_rows(accounts[0], at_desk).await;
        assert_eq!(at_desk, [i32::from(works[0]).to_string()], "{days}");
        if days > 0 {
            let open = format!("open_patient_account($t, '{patient}', 'ana')");
            assert_eq!(desk.refused(&open).await, NOT_HERE, "at once");
        }
    }
}

#[tokio::test]
async fn an_event_says_what_of_the_network_was_changed() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (facility, provider) = (practice.facility, practice.provider);
    let mut members = Vec::new();
    for hours in 0..11 {
        let patient = practice.network.patient().await;
        members.push(practice.taken_over(patient, &hours_ahead(24 * 9 + hours, 30), "booked").await);
    }
    let admin = practice.network.account("network_admin", None).await;
    let biller = practice.network.account("biller", Some(facility)).await;
    let mut caller = Caller::of(&practice.network, admin).await;
    let mut signed_in = Caller::of(&practice.network, biller).await;
    for call in [
        "keep_specialty($t, 'zedology', '207Z00000X', 'Zedology', '{hiv}')".to_owned(),
        "keep_specialty($t, 'zedology', '207Z00000X', 'Zedology', '{substance_use}')".to_owned(),
        format!("set_specialty($t, '{provider}', 'zedology', true, true)"),
        format!("set_specialty($t, '{provider}', 'zedology', false, false)"),
        "keep_term($t, 'service', 'zed_bath', 'Zed bath')".to_owned(),
        "keep_charge_code($t, '99213', 'Zed', 12000, 'USD', NULL)".to_owned(),
        "keep_loinc_unit($t, '99999-9', 'mg/dL', 0, 100)".to_owned(),
        "add_sensitive_code($t, 'icd10', 'Z99.9', 'hiv')".to_owned(),
        format!("enable_account($t, '{biller}')"),
    ] {
        caller.call(&call).await;
    }
    let events = format!(
        "SELECT action || ' ' || replace(resource, '{provider}', 'one') || coalesce(' ' || reason, '')
         FROM access.audit_event WHERE actor = '{admin}' ORDER BY at"
    );
    let under = |code: &str| format!("SELECT md5('{code}')::uuid::text");
    let charge = practice.network.one(&under("99213")).await;
    let unit = practice.network.one(&under("99999-9 mg/dL")).await;
    let sensitive = practice.network.one(&under("icd10 Z99.9")).await;
    assert_eq!(
        practice.network.rows(&events).await,
        [
            "grant care.specialty.zedology hiv",
            "update care.specialty.zedology",
            "revoke care.specialty.zedology hiv",
            "grant care.specialty.zedology substance_use",
            "update care.specialty.zedology",
            "update care.provider/one specialty_main_zedology",
            "revoke care.provider/one specialty_zedology",
            "update care.service.zed_bath",
            &format!("update care.charge_code/{charge}"),
            &format!("update care.loinc_unit/{unit}"),
            &format!("create care.sensitive_code/{sensitive} hiv"),
        ],
        "and an account that is enabled is not enabled again"
    );
    signed_in.rows("SELECT part FROM api.read_account($t)").await;
    let told = caller.call(&format!("retire_provider($t, '{provider}', 1, current_date + 5)")).await;
    assert_eq!(told, ["10"], "of eleven, to five");
}
