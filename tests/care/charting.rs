//! What staff writes into a chart through the portal's login: each is audited, and kept whole or not at all.

use healthtrack::model::ids::DeviceId;
use healthtrack::model::people::{
    AddressUse, AllergyCategory, AllergyClinicalStatus, AllergyCriticality, AllergyVerificationStatus, ClinicalStatus,
    ConditionCodeSystem, ContactPointId, ContactSystem, ContactUse, NameUse, PatientId, Sex, VerificationStatus,
};
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::charting::{self, AllergyChange, NewAllergy, NewCondition};
use healthtrack::store::care::demographics::{self, PatientChange};
use healthtrack::store::care::device;
use healthtrack::store::care::error::{CareError, RuleCatalogue};
use healthtrack::store::care::record::Edited;
use healthtrack::store::care::registration::{NewAddress, NewContact, NewName};
use uuid::Uuid;

use super::network::Network;

/// A patient, in care of one provider and not of another, with their accounts.
struct Chart {
    network: Network,
    patient: PatientId,
    own: Uuid,
    carer: Uuid,
    stranger: Uuid,
}

impl Chart {
    async fn open() -> Chart {
        let mut network = Network::owned().await;
        let (patient, carer, stranger) = (network.patient().await, network.provider().await, network.provider().await);
        network.put_in_care(patient, carer).await;
        let own = network.account("patient", Some(patient)).await;
        let carer = network.account("provider", Some(carer)).await;
        let stranger = network.account("provider", Some(stranger)).await;
        Chart { network, patient: PatientId(patient), own, carer, stranger }
    }

    /// The patient says how to be reached.
    async fn say(&self, former: Option<ContactPointId>, contact: NewContact) -> ContactPointId {
        let patient = self.patient;
        let change = async |actor: &mut Actor<'_>| demographics::change_contact(actor, patient, former, &contact).await;
        self.network.does(self.own, change).await
    }

    /// What an account wrote, by the audit.
    async fn events(&mut self, account: Uuid) -> Vec<String> {
        let query = format!(
            "SELECT action || ' ' || split_part(resource, '/', 1) FROM access.audit_event WHERE actor = '{account}'
             ORDER BY at"
        );
        self.network.rows(&query).await
    }
}

const CONDITION: NewCondition<'static> = NewCondition {
    encounter: None,
    code_system: ConditionCodeSystem::Icd10,
    code: "E11.9",
    title: "Diabetes",
    clinical_status: ClinicalStatus::Active,
    verification_status: VerificationStatus::Confirmed,
    severity: None,
    onset_on: None,
    note: None,
    sensitivity: None,
};

const ALLERGY: NewAllergy<'static> = NewAllergy {
    category: AllergyCategory::Medication,
    substance: "Penicillin",
    criticality: AllergyCriticality::High,
    code: None,
    verification_status: AllergyVerificationStatus::Unconfirmed,
    onset_on: None,
};

#[tokio::test]
async fn a_provider_in_care_adds_conditions_and_allergies_and_nobody_else_does() {
    let mut chart = Chart::open().await;
    let patient = chart.patient;
    for account in [chart.own, chart.stranger] {
        let refused = chart
            .network
            .broken(account, async |actor| charting::add_condition(actor, patient, &CONDITION).await)
            .await;
        assert!(
            ["row_is_within_rights", "condition_recorded_by_is_given"].contains(&refused.rule.as_str()),
            "{refused:?}"
        );
        let refused =
            chart.network.broken(account, async |actor| charting::add_allergy(actor, patient, &ALLERGY).await).await;
        assert_eq!(refused.rule, "row_is_within_rights");
    }
    let carer = chart.carer;
    for onset_on in ["1979-01-01", "2101-01-01"] {
        let ahead = NewCondition { onset_on: Some(onset_on.parse().unwrap()), ..CONDITION };
        let refused =
            chart.network.broken(carer, async |actor| charting::add_condition(actor, patient, &ahead).await).await;
        assert_eq!(refused.rule, "condition_begins_within_a_life");
    }
    chart.network.does(carer, async |actor| charting::add_condition(actor, patient, &CONDITION).await).await;
    let allergy = chart.network.does(carer, async |actor| charting::add_allergy(actor, patient, &ALLERGY).await).await;
    let change = AllergyChange {
        criticality: AllergyCriticality::Low,
        clinical_status: AllergyClinicalStatus::Resolved,
        verification_status: AllergyVerificationStatus::Confirmed,
    };
    let edit = async |account: Uuid, version: i32| {
        let change = async |actor: &mut Actor<'_>| charting::change_allergy(actor, allergy, version, change).await;
        chart.network.does(account, change).await
    };
    assert_eq!(edit(carer, 1).await, Edited::Saved(2));
    assert_eq!(edit(carer, 1).await, Edited::Stale(2));
    assert_eq!(edit(chart.stranger, 2).await, Edited::Unknown);
    let recorded = "SELECT (c.recorded_by = a.recorded_by)::text || ' ' || a.clinical_status
                    FROM care.condition c CROSS JOIN care.allergy a";
    assert_eq!(chart.network.one(recorded).await, "true resolved");
    assert_eq!(chart.events(carer).await, ["create care.condition", "create care.allergy", "update care.allergy"]);
    let (own, stranger) = (chart.own, chart.stranger);
    assert_eq!(chart.events(own).await, [""; 0]);
    assert_eq!(chart.events(stranger).await, [""; 0]);
}

#[tokio::test]
async fn who_somebody_is_is_changed_by_staff_and_where_they_live_by_themselves() {
    let mut chart = Chart::open().await;
    let patient = chart.patient;
    let change = |born_on: &str, time_zone: &'static str| PatientChange {
        born_on: Some(born_on.parse().unwrap()),
        sex: Sex::Female,
        time_zone,
        deceased_at: None,
    };
    let edit = async |account: Uuid, version: i32, change: &PatientChange<'_>| {
        let edit = async |actor: &mut Actor<'_>| demographics::change_patient(actor, patient, version, change).await;
        chart.network.tries(account, edit).await
    };
    for (wrong, rule) in [
        (change("2101-01-01", "America/Chicago"), "patient_is_of_this_day"),
        (change("1980-05-17", "Chicago"), "time_zone_is_known"),
    ] {
        let Err(CareError::Refused(refused)) = edit(chart.carer, 1, &wrong).await else { panic!("a rule refuses") };
        assert_eq!(refused.rule, rule);
    }
    let born = change("1980-05-18", "America/Chicago");
    let Err(CareError::Refused(refused)) = edit(chart.own, 1, &born).await else { panic!("a rule refuses") };
    assert_eq!(refused.rule, "identity_is_changed_by_staff");
    let moved = change("1980-05-17", "America/Denver");
    assert_eq!(edit(chart.own, 1, &moved).await.unwrap(), Edited::Saved(2));
    assert_eq!(edit(chart.carer, 1, &born).await.unwrap(), Edited::Stale(2));
    assert_eq!(edit(chart.carer, 2, &born).await.unwrap(), Edited::Saved(3));
    assert_eq!(edit(chart.stranger, 3, &born).await.unwrap(), Edited::Unknown);

    let address = |city: &str| NewAddress {
        used: AddressUse::Home,
        lines: vec!["2 Elm Street".to_owned()],
        city: city.to_owned(),
        state: Some("IL".to_owned()),
        postal_code: Some("62701".to_owned()),
        country: None,
    };
    let own = chart.own;
    chart
        .network
        .run(&format!(
            "INSERT INTO care.address (patient_id, use, lines, city, postal_code, valid_during)
             VALUES ('{patient}', 'home', '{{1 Oak Street}}', 'Peoria', '61602', '[2020-01-01,)')"
        ))
        .await;
    for city in ["Springfeild", "Springfield"] {
        let address = address(city);
        chart.network.does(own, async |actor| demographics::change_address(actor, patient, &address).await).await;
    }
    let lived =
        "SELECT city || ' ' || (valid_during @> current_date)::text FROM care.address ORDER BY lower(valid_during)";
    assert_eq!(chart.network.rows(lived).await, ["Peoria false", "Springfield true"], "one of today is corrected");
}

#[tokio::test]
async fn names_and_contacts_are_kept_with_their_periods_and_one_is_preferred() {
    let mut chart = Chart::open().await;
    let (patient, carer, own) = (chart.patient, chart.carer, chart.own);
    chart
        .network
        .run(&format!(
            "INSERT INTO care.patient_name (patient_id, use, family, given, valid_during)
             VALUES ('{patient}', 'official', 'King', '{{Ada}}', '[2000-01-01,)')"
        ))
        .await;
    let name = NewName::of(NameUse::Official, Some("Lovelace"), &["Ada"]);
    chart.network.does(carer, async |actor| demographics::change_name(actor, patient, &name).await).await;
    let names = "SELECT family || ' ' || (valid_during @> current_date)::text FROM care.patient_name
                 ORDER BY lower(valid_during)";
    assert_eq!(chart.network.rows(names).await, ["King false", "Lovelace true"]);
    let refused = chart.network.broken(own, async |actor| demographics::change_name(actor, patient, &name).await).await;
    assert_eq!(refused.rule, "row_is_within_rights", "no patient changes the own name");

    let contact = |value: &str, preferred: bool| NewContact {
        system: ContactSystem::Phone,
        used: ContactUse::Mobile,
        value: value.to_owned(),
        preferred,
    };
    let first = chart.say(None, contact("+12175550100", true)).await;
    chart.say(None, contact("+12175550101", true)).await;
    chart.say(Some(first), contact("+12175550102", false)).await;
    let kept = "SELECT concat_ws(' ', rank, value, preferred) FROM care.contact_point ORDER BY rank";
    assert_eq!(chart.network.rows(kept).await, ["1 +12175550102 f", "2 +12175550101 t"]);
    chart.network.run("UPDATE care.contact_point SET valid_during = '[2020-01-01,)'").await;
    chart.say(Some(first), contact("+12175550103", true)).await;
    let kept = "SELECT concat_ws(' ', rank, value, preferred, valid_during @> current_date) FROM care.contact_point
                ORDER BY rank, lower(valid_during)";
    let expected = ["1 +12175550102 f f", "1 +12175550103 t t", "2 +12175550101 f t"];
    assert_eq!(chart.network.rows(kept).await, expected);
}

#[tokio::test]
async fn a_provider_in_care_gives_a_device_and_takes_it_back() {
    let mut chart = Chart::open().await;
    let (patient, carer, stranger) = (chart.patient, chart.carer, chart.stranger);
    chart
        .network
        .run("INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('watch-7', now(), 'operator')")
        .await;
    let watch: DeviceId = DeviceId::parse("watch-7").unwrap();
    let give = async |actor: &mut Actor<'_>| device::give(actor, patient, &watch).await;
    assert_eq!(chart.network.broken(stranger, give).await.rule, "row_is_within_rights");
    let wear = chart.network.does(carer, give).await;
    let back = async |actor: &mut Actor<'_>| device::take_back(actor, &watch).await;
    assert_eq!(chart.network.broken(stranger, back).await.rule, "wear_is_open", "nobody, as far as is seen");
    assert_eq!(chart.network.does(carer, back).await, wear);
    assert_eq!(chart.events(carer).await, ["create care.wear", "update care.wear"]);
}

#[tokio::test]
async fn what_was_refused_midway_is_not_said_to_be_kept() {
    let mut chart = Chart::open().await;
    let (patient, carer) = (chart.patient, chart.carer);
    let mut portal = chart.network.login("portal").await;
    let rules = RuleCatalogue::read(&mut portal).await.unwrap();
    let token = chart.network.token(carer).await;
    let mut actor = Actor::begin(&mut portal, &rules, &token).await.unwrap().unwrap();
    charting::add_condition(&mut actor, patient, &CONDITION).await.unwrap();
    charting::add_condition(&mut actor, patient, &CONDITION).await.unwrap_err();
    let Err(CareError::Refused(refused)) = actor.commit().await else { panic!("it is refused") };
    assert_eq!(refused.rule, "each_step_was_done");
    assert_eq!(chart.network.one("SELECT count(*)::text FROM care.condition").await, "0");
    let mut actor = Actor::begin(&mut portal, &rules, &token).await.unwrap().unwrap();
    charting::add_condition(&mut actor, patient, &CONDITION).await.unwrap();
    actor.commit().await.unwrap();
    assert_eq!(chart.network.one("SELECT count(*)::text FROM care.condition").await, "1", "the connection serves on");
}
