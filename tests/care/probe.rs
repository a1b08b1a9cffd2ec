//! What an account that may do something learns by trying it: each attempt is audited, one of few, and tells no more than
//! it must.

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use uuid::Uuid;

use super::network::{Network, refused_by};
use super::practice::{Practice, hours_ahead};

/// What a statement of the portal gives, as one text; else the rule that refuses it.
async fn asked(portal: &mut PgConnection, statement: &str) -> Result<String, String> {
    let row = sqlx::query_scalar::<_, Option<String>>(AssertSqlSafe(statement.to_owned())).fetch_one(portal).await;
    row.map(Option::unwrap_or_default).map_err(|error| refused_by::<()>(Err(error), statement))
}

fn person(number: &str) -> String {
    format!(
        r#"{{"born_on": "1990-01-01", "sex": "male", "time_zone": "UTC",
            "names": [{{"use": "official", "family": "King", "given": ["Ada"]}}],
            "identifiers": [{{"system": "ssn", "value": "{number}"}}]}}"#
    )
}

#[tokio::test]
async fn a_number_that_was_tried_is_recorded_though_the_registration_was_rolled_back() {
    let mut network = Network::owned().await;
    let facility = network.facility("IL", "clinic").await;
    let desk = network.account("front_desk", Some(facility)).await;
    let token = network.token(desk).await.expose().to_owned();
    let other = network.token(desk).await.expose().to_owned();
    let mut portal = network.login("portal").await;
    let propose = |number: &str| format!("SELECT api.propose_patient('{token}', '{}')::text", person(number));
    let register = |token: &str, key: &str| format!("SELECT api.register_patient('{token}', '{key}')::text");
    let first = asked(&mut portal, &propose("123-45-6789")).await.unwrap();
    assert_eq!(asked(&mut portal, &register(&other, &first)).await, Err("proposal_is_recorded".to_owned()));
    asked(&mut portal, &register(&token, &first)).await.unwrap();
    assert_eq!(asked(&mut portal, &register(&token, &first)).await, Err("proposal_is_recorded".to_owned()), "once");

    portal.execute("BEGIN").await.unwrap();
    let at_once = asked(&mut portal, &propose("123-45-6789")).await.unwrap();
    let told = asked(&mut portal, &register(&token, &at_once)).await;
    assert_eq!(told, Err("proposal_is_recorded".to_owned()), "nothing is told before it is recorded");
    portal.execute("ROLLBACK").await.unwrap();

    network.run("UPDATE access.cap SET most = 2 WHERE cap = 'registrations_an_account_a_day'").await;
    let again = asked(&mut portal, &propose("123-45-6789")).await.unwrap();
    portal.execute("BEGIN").await.unwrap();
    let known = asked(&mut portal, &register(&token, &again)).await;
    assert_eq!(known, Err("identifier_of_a_system_is_unique".to_owned()));
    portal.execute("ROLLBACK").await.unwrap();
    let tried = "SELECT count(*)::text FROM access.audit_event WHERE resource = 'access.proposal'";
    assert_eq!(network.one(tried).await, "2");
    let third = asked(&mut portal, &propose("987-65-4321")).await;
    assert_eq!(third, Err("registrations_of_an_account_are_few".to_owned()));

    let many = person("111-22-3333").replace("}]}", r#"}, {"system": "ssn", "value": "111-22-4444"}]}"#);
    let many = format!("SELECT api.propose_patient('{token}', '{many}')::text");
    assert_eq!(asked(&mut portal, &many).await, Err("person_has_one_number_of_a_system".to_owned()));
    let elsewhere = network.facility("WI", "clinic").await;
    let number = format!(r#"[{{"system": "mrn", "value": "ZQ5521", "facility_id": "{elsewhere}"}}]"#);
    let theirs = person("111-22-3333").replace(r#"[{"system": "ssn", "value": "111-22-3333"}]"#, &number);
    let theirs = format!("SELECT api.propose_patient('{token}', '{theirs}')::text");
    assert_eq!(asked(&mut portal, &theirs).await, Err("record_number_is_of_the_own_facility".to_owned()));

    network.run("UPDATE access.proposal SET proposed_at = proposed_at - INTERVAL '6 minutes'").await;
    assert_eq!(asked(&mut portal, &register(&token, &again)).await, Err("proposal_is_recorded".to_owned()), "too late");
    network.run("SELECT access.forget_looks()").await;
    assert_eq!(network.one("SELECT count(*)::text FROM access.proposal").await, "0");
}

#[tokio::test]
async fn a_desk_is_told_of_a_visit_at_its_facility_and_not_of_one_elsewhere() {
    let mut here = Practice::within(Network::owned().await).await;
    let patient = here.patient;
    here.taken_over(patient, &hours_ahead(30, 30), "booked").await;
    let mut there = Practice::within(here.network).await;
    let (facility, provider) = (there.facility, there.provider);
    there.taken_over(patient, &hours_ahead(60, 30), "booked").await;
    let hold = |token: &str, hours: i32, provider: Uuid| {
        format!(
            "SELECT api.hold_appointment('{token}', '{patient}', '{provider}', '{facility}',
                 lower({0}), upper({0}), NULL, 'in_person', NULL)::text",
            hours_ahead(hours, 30)
        )
    };
    let second = there.provider().await;
    let desk = there.account("front_desk", Some(facility)).await;
    let token = there.network.token(desk).await.expose().to_owned();
    let mut portal = there.network.login("portal").await;
    assert_eq!(asked(&mut portal, &hold(&token, 30, provider)).await, Err("row_is_within_rights".to_owned()));
    assert_eq!(asked(&mut portal, &hold(&token, 60, second)).await, Err("appointment_patient_is_free".to_owned()));
    asked(&mut portal, &hold(&token, 31, provider)).await.unwrap();
}

#[tokio::test]
async fn a_hold_that_is_rolled_back_has_shown_nobodys_name() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (facility, provider) = (practice.facility, practice.provider);
    let stranger = practice.network.patient().await;
    practice
        .network
        .run(&format!(
            "INSERT INTO care.patient_name (patient_id, use, family, given)
             VALUES ('{stranger}', 'official', 'Zzyzx', '{{Quill}}')"
        ))
        .await;
    let desk = practice.account("front_desk", Some(facility)).await;
    let token = practice.network.token(desk).await.expose().to_owned();
    let mut portal = practice.network.login("portal").await;
    let look = asked(&mut portal, &format!("SELECT api.look('{token}', NULL, 'day', NULL)::text")).await.unwrap();
    let hold = format!(
        "SELECT api.hold_appointment('{token}', '{stranger}', '{provider}', '{facility}', lower({0}), upper({0}), NULL,
             'in_person', NULL)::text",
        hours_ahead(30, 30)
    );
    let day = format!("SELECT family FROM api.read_day('{token}', '{look}', NULL, now(), now() + INTERVAL '2 days')");
    portal.execute("BEGIN; SAVEPOINT before").await.unwrap();
    asked(&mut portal, &hold).await.unwrap();
    assert_eq!(asked(&mut portal, &day).await, Err("reading_comes_before_writing".to_owned()));
    portal.execute("ROLLBACK TO before").await.unwrap();
    assert_eq!(asked(&mut portal, &day).await, Err("reading_comes_before_writing".to_owned()));
    portal.execute("ROLLBACK").await.unwrap();
    asked(&mut portal, &hold).await.unwrap();
    assert_eq!(asked(&mut portal, &day).await.as_deref(), Ok("Zzyzx"), "by a hold that stays, and is counted");
}

#[tokio::test]
async fn an_account_looks_at_so_many_records_of_others_an_hour() {
    let mut network = Network::owned().await;
    let (patient, stranger, carer) = (network.patient().await, network.patient().await, network.provider().await);
    network.put_in_care(patient, carer).await;
    let (own, provider) =
        (network.account("patient", Some(patient)).await, network.account("provider", Some(carer)).await);
    network.run("UPDATE access.cap SET most = 3 WHERE cap = 'looks_an_account_an_hour'").await;
    let look = |token: &str, whose: Uuid| format!("SELECT api.look('{token}', '{whose}', 'record', NULL)::text");
    let mut portal = network.login("portal").await;
    let token = network.token(provider).await.expose().to_owned();
    for whose in [patient, stranger, patient] {
        asked(&mut portal, &look(&token, whose)).await.unwrap();
    }
    let again = network.token(provider).await.expose().to_owned();
    assert_eq!(asked(&mut portal, &look(&again, patient)).await, Err("looks_of_an_account_are_few".to_owned()));
    let token = network.token(own).await.expose().to_owned();
    for _ in 0..5 {
        assert!(!asked(&mut portal, &look(&token, patient)).await.unwrap().is_empty(), "one's own is not counted");
    }
    assert_eq!(asked(&mut portal, &look(&token, stranger)).await.as_deref(), Ok(""), "nor against others");
}

#[tokio::test]
async fn no_grant_names_the_journal_which_it_would_not_open() {
    let mut network = Network::owned().await;
    let (patient, carer) = (network.patient().await, network.provider().await);
    let account = network.account("patient", Some(patient)).await;
    let token = network.token(account).await.expose().to_owned();
    let mut portal = network.login("portal").await;
    let share = |scopes: &str| {
        format!("SELECT api.share_record('{token}', '{patient}', NULL, '{carer}', '{scopes}', 'treatment', NULL)::text")
    };
    assert_eq!(asked(&mut portal, &share("{chart,journal}")).await, Err("grant_opens_what_it_names".to_owned()));
    asked(&mut portal, &share("{chart}")).await.unwrap();
}

#[tokio::test]
async fn what_the_privacy_officer_lists_is_recorded_before() {
    let mut network = Network::owned().await;
    let officer = network.account("privacy_officer", None).await;
    let token = network.token(officer).await.expose().to_owned();
    let mut portal = network.login("portal").await;
    for (list, kind) in [("list_emergencies", "emergencies"), ("list_unexplained_access", "unexplained_access")] {
        let listed = |look: &str| format!("SELECT count(*)::text FROM api.{list}('{token}', {look}, NULL)");
        assert_eq!(asked(&mut portal, &listed("NULL")).await, Err("look_is_recorded".to_owned()));
        let look = format!("SELECT api.look('{token}', NULL, '{kind}', NULL)::text");
        let look = asked(&mut portal, &look).await.unwrap();
        asked(&mut portal, &listed(&format!("'{look}'"))).await.unwrap();
        let recorded = format!("SELECT part || ' ' || outcome FROM access.audit_event WHERE resource = '{kind}'");
        assert_eq!(network.one(&recorded).await, "privacy_officer allowed");
    }
}

#[tokio::test]
async fn the_owner_removes_a_data_key_of_nothing_and_none_that_encrypted_something() {
    let mut network = Network::owned().await;
    let patient = network.patient().await;
    let keep =
        format!("INSERT INTO access.data_key VALUES ('{patient}', now(), 'key-1', decode(repeat('00', 61), 'hex'))");
    network.run(&keep).await;
    let forget = format!("SELECT access.forget_unused_data_key('{patient}')::text");
    for login in ["portal", "care", "roller"] {
        assert_eq!(asked(&mut network.login(login).await, &forget).await, Err("42501".to_owned()), "{login}");
    }
    let mut owner = network.login("owner").await;
    assert_eq!(asked(&mut owner, &forget).await.as_deref(), Ok("true"));
    assert_eq!(asked(&mut owner, &forget).await.as_deref(), Ok("false"));
    let audited = format!(
        "SELECT string_agg(part || ' ' || action, ',') FROM access.audit_event WHERE patient_id = '{patient}' AND resource = 'access.data_key'"
    );
    assert_eq!(network.one(&audited).await, "program erase");
    network.run(&keep).await;
    network
        .run(&format!(
            "INSERT INTO care.journal_entry (patient_id, written_at, body)
             VALUES ('{patient}', now(), decode('01' || repeat('a7', 60), 'hex'))"
        ))
        .await;
    assert_eq!(asked(&mut owner, &forget).await, Err("data_key_is_unused".to_owned()));
}
