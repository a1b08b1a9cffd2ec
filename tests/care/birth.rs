//! Births that are known to the month, to the year, or not at all: what is true of each day on which they may have been
//! is said, and nothing else; no day is made up.

use healthtrack::model::people::{BirthDate, NameUse, PatientId, Sex};
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::demographics::{PatientChange, change_patient};
use healthtrack::store::care::record::{Edited, read_summary};
use healthtrack::store::care::registration::{NewName, NewPatient, register_patient};
use healthtrack::store::care::worklist;
use sqlx::{AssertSqlSafe, Executor as _};

use super::network::Network;

/// What may be told of a birth.
const BIRTHS: [Option<&str>; 4] = [Some("1980-05-17"), Some("1980-05"), Some("1980"), None];

fn person(born_on: Option<&str>) -> NewPatient {
    NewPatient {
        born_on: born_on.map(|birth| birth.parse().unwrap()),
        sex: Sex::Female,
        time_zone: "Asia/Tokyo".to_owned(),
        names: vec![NewName::of(NameUse::Official, Some("King"), &["Ada"])],
        addresses: vec![],
        contacts: vec![],
        identifiers: vec![],
    }
}

#[tokio::test]
async fn a_birth_is_registered_read_listed_and_changed_as_far_as_it_is_known() {
    let mut network = Network::owned().await;
    let carer = network.provider().await;
    let account = network.account("provider", Some(carer)).await;
    for told in BIRTHS {
        let patient = network.does(account, async |actor| register_patient(actor, &person(told)).await).await;
        let born = told.map(|birth| birth.parse::<BirthDate>().unwrap());
        let summary = network.does(account, async |actor| read_summary(actor, patient).await).await.unwrap();
        assert_eq!(summary.born_on, born);
        let panel = network.does(account, async |actor| worklist::panel(actor, None, None, 10).await).await;
        let line = panel.iter().find(|line| line.patient_id == patient).unwrap();
        assert_eq!(line.born_on, born, "in a list");

        let own = network.account("patient", Some(patient.0)).await;
        let change = |born_on: &Option<BirthDate>, time_zone| PatientChange {
            born_on: born_on.clone(),
            sex: Sex::Female,
            time_zone,
            deceased_at: None,
        };
        let moved = change(&born, "Europe/Berlin");
        let edit = async |actor: &mut Actor<'_>| change_patient(actor, patient, 1, &moved).await;
        assert_eq!(network.does(own, edit).await, Edited::Saved(2), "the time zone alone");
        for other in BIRTHS.into_iter().filter(|other| *other != told) {
            let other = change(&other.map(|birth| birth.parse().unwrap()), "Europe/Berlin");
            let edit = async |actor: &mut Actor<'_>| change_patient(actor, patient, 2, &other).await;
            assert_eq!(network.broken(own, edit).await.rule, "identity_is_changed_by_staff");
        }
        let known = change(&Some("1979-12".parse().unwrap()), "Europe/Berlin");
        let edit = async |actor: &mut Actor<'_>| change_patient(actor, patient, 2, &known).await;
        assert_eq!(network.does(account, edit).await, Edited::Saved(3));
        let summary = network.does(account, async |actor| read_summary(actor, patient).await).await.unwrap();
        assert_eq!(summary.born_on.unwrap().as_str(), "1979-12");
    }
    let stored = "SELECT count(born_on)::text FROM care.patient";
    assert_eq!(network.one(stored).await, "0", "no day was made up");
}

#[tokio::test]
async fn what_tells_no_birth_is_refused_and_so_is_a_person_of_whom_nobody_said_a_word_of_it() {
    let mut network = Network::owned().await;
    let provider = network.provider().await;
    let account = network.account("provider", Some(provider)).await;
    let token = network.token(account).await;
    let mut portal = network.login("portal").await;
    for (told, rule) in [
        (r#""born_on": "1980-02-30","#, "birth_is_told_as_a_date"),
        (r#""born_on": "1980-13","#, "patient_born_in_is_a_year_or_month"),
        (r#""born_on": "80","#, "birth_is_told_as_a_date"),
        (r#""born_on": "17 May 1980","#, "birth_is_told_as_a_date"),
        (r#""born_on": "1899","#, "patient_birth_is_believable"),
        (r#""born_on": "2199","#, "patient_is_of_this_day"),
        ("", "patient_birth_is_told"),
    ] {
        let person = format!(
            r#"{{{told} "sex": "female", "time_zone": "UTC", "names": [{{"use": "official", "family": "King"}}]}}"#
        );
        let propose = format!("SELECT api.propose_patient('{}', '{person}')", token.expose());
        let proposal: uuid::Uuid = sqlx::query_scalar(AssertSqlSafe(propose)).fetch_one(&mut portal).await.unwrap();
        let register = format!("SELECT api.register_patient('{}', '{proposal}')", token.expose());
        let refused = portal.execute(AssertSqlSafe(register.clone())).await;
        assert_eq!(super::network::refused_by(refused, &register), rule, "{told}");
    }
    for (values, rule) in [
        ("'1980-05-17', '1980'", "patient_birth_is_told_once"),
        ("NULL, 'May 1980'", "patient_born_in_is_a_year_or_month"),
        ("NULL, '1980-00'", "patient_born_in_is_a_year_or_month"),
    ] {
        let insert =
            format!("INSERT INTO care.patient (born_on, born_in, sex, time_zone) VALUES ({values}, 'male', 'UTC')");
        assert_eq!(network.refusal(&insert).await, rule, "{values}");
    }
}

#[tokio::test]
async fn an_order_of_days_is_refused_where_no_day_of_the_birth_allows_it() {
    let mut network = Network::new().await;
    let provider = network.provider().await;
    let born = |born_in: &str, deceased_at: &str| {
        format!(
            "INSERT INTO care.patient (born_in, deceased_at, sex, time_zone)
             VALUES ({born_in}, {deceased_at}, 'female', 'UTC') RETURNING patient_id"
        )
    };
    for (born_in, deceased_at) in [("'1980'", "1979-12-31 23:00Z"), ("'1980-05'", "1980-04-30 23:00Z")] {
        let insert = born(born_in, &format!("'{deceased_at}'"));
        assert_eq!(network.refusal(&insert).await, "patient_dies_after_birth");
    }
    for (born_in, first) in [("'1980'", "1980-01-01"), ("'1980-05'", "1980-05-01"), ("NULL", "1901-01-01")] {
        network.id(&born(born_in, &format!("'{first} 01:00Z'"))).await;
        let patient = network.id(&born(born_in, "NULL")).await;
        let begins = |day: &str| {
            format!(
                "INSERT INTO care.condition (patient_id, recorded_by, code_system, code, title, clinical_status,
                                             verification_status, onset_on)
                 VALUES ('{patient}', '{provider}', 'icd10', 'E11.9', 'Diabetes', 'active', 'confirmed', {day})"
            )
        };
        if born_in != "NULL" {
            let before = begins(&format!("'{first}'::date - 1"));
            assert_eq!(network.refusal(&before).await, "condition_begins_within_a_life");
        }
        network.run(&begins(&format!("'{first}'"))).await;
    }
}

#[tokio::test]
async fn an_age_is_told_where_each_day_of_the_birth_gives_the_same() {
    let mut network = Network::new().await;
    let told = |born_on: &str, born_in: &str, day: &str| {
        format!(
            "SELECT concat_ws(' ', care.age_band(span, '{day}'), lower(age), upper(age) - 1)
             FROM care.birth_span({born_on}, {born_in}) AS span, care.age_span(span, '{day}') AS age"
        )
    };
    for (born_on, born_in, day, expected) in [
        ("'2008-11-29'", "NULL", "2026-11-28", "0-17 17 17"),
        ("'2008-11-29'", "NULL", "2026-11-29", "18-39 18 18"),
        ("NULL", "'2008'", "2025-12-31", "0-17 17 17"),
        ("NULL", "'2008'", "2026-01-01", "unknown 17 18"),
        ("NULL", "'2008'", "2026-12-30", "unknown 17 18"),
        ("NULL", "'2008'", "2026-12-31", "18-39 18 18"),
        ("NULL", "'2008-11'", "2026-10-31", "0-17 17 17"),
        ("NULL", "'2008-11'", "2026-11-29", "unknown 17 18"),
        ("NULL", "'2008-11'", "2026-11-30", "18-39 18 18"),
        ("NULL", "'1980'", "2026-06-01", "40-64 45 46"),
        ("NULL", "NULL", "2026-06-01", "unknown"),
    ] {
        assert_eq!(network.one(&told(born_on, born_in, day)).await, expected, "{born_on} {born_in} {day}");
    }
}

#[tokio::test]
async fn an_analyst_counts_people_of_partly_known_births_in_the_band_that_is_sure() {
    let mut network = Network::owned().await;
    let facility = network.facility("IL", "clinic").await;
    let provider = network.provider().await;
    // Whoever was born in the year in which people of eighteen were is in either band.
    network
        .run(&format!(
            "WITH patient AS (
                 INSERT INTO care.patient (born_in, sex, time_zone)
                 SELECT born_in, 'female', 'UTC'
                 FROM (VALUES ('1980'), (extract(year FROM current_date - INTERVAL '18 years 6 months')::text || '-01'),
                              (to_char(current_date - INTERVAL '18 years', 'YYYY')), (NULL)) AS told (born_in),
                      generate_series(1, 11) RETURNING patient_id
             )
             INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             SELECT patient_id, '{provider}', '{facility}', tstzrange(at, at + INTERVAL '30 minutes'), 'completed'
             FROM (SELECT patient_id, row_number() OVER () FROM patient) AS p (patient_id, place),
                  LATERAL (SELECT TIMESTAMPTZ '2026-01-05 08:00Z' + place * INTERVAL '1 hour') AS moment (at)"
        ))
        .await;
    let mut analyst = network.login("analyst").await;
    let query = "SELECT age_band || ' ' || patients FROM care.insight_patients ORDER BY 1";
    let bands: Vec<String> = sqlx::query_scalar(query).fetch_all(&mut analyst).await.unwrap();
    let counted = network
        .rows(
            "SELECT care.age_band(born_during, current_date) || ' ' || care.safe_count(count(*))
               FROM care.patient GROUP BY care.age_band(born_during, current_date) ORDER BY 1",
        )
        .await;
    assert_eq!(bands, counted);
    assert!(
        bands.contains(&"40-64 10".to_owned()) && bands.iter().any(|band| band.starts_with("unknown")),
        "{bands:?}"
    );
}

#[tokio::test]
async fn a_former_birth_is_kept_when_more_becomes_known() {
    let mut network = Network::new().await;
    let patient = network
        .id("INSERT INTO care.patient (born_in, sex, time_zone) VALUES ('1980', 'male', 'UTC') RETURNING patient_id")
        .await;
    let patient = PatientId(patient);
    network.run("UPDATE care.patient SET born_in = NULL, born_on = '1980-05-17'").await;
    let former = format!("SELECT image ->> 'born_in' FROM care.record_version WHERE patient_id = '{}'", patient.0);
    assert_eq!(network.one(&former).await, "1980");
    assert_eq!(network.one("SELECT born_during::text FROM care.patient").await, "[1980-05-17,1980-05-18)");
}
