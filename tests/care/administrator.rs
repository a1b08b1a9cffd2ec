//! What the administrators of the network keep: places, providers, catalogues, what care opens; and nobody's record.

use healthtrack::model::people::{CareRelationshipId, FacilityId, ProviderId, QuestionnaireId, Sensitivity};
use healthtrack::model::time::{Clock as _, SystemClock};
use healthtrack::store::care::administration::{self, NewFacility, ProviderWords};
use healthtrack::store::care::catalogue::{self, MembershipPlan, NewMedication, Price, WordList};
use healthtrack::store::care::credential::{self, NewQualification};
use healthtrack::store::care::upkeep::FacilityWords;
use sqlx::AssertSqlSafe;
use uuid::Uuid;

use super::caller::Caller;
use super::network::Network;
use super::practice::{Practice, hours_ahead, race};

/// What only an administrator does.
fn acts(facility: Uuid, provider: Uuid, questionnaire: Uuid) -> Vec<String> {
    vec![
        "add_state($t, 'US', 'ZZ', 'Zedland')".to_owned(),
        "add_facility($t, 'US', 'ZZ', 'Zed', 'clinic', 'Zed clinic', '1 Main Street', '1', 'America/Chicago',
                      '+12175550100', NULL, NULL, NULL, NULL)"
            .to_owned(),
        format!("close_facility($t, '{facility}', 1, current_date + 30)"),
        "keep_provider($t, NULL, NULL, 'Mistry', 'Cy', NULL, NULL, 'cy@example.org', '{en}')".to_owned(),
        format!("retire_provider($t, '{provider}', 1, current_date + 30)"),
        format!("add_qualification($t, '{provider}', 'degree', 'MD', 'Lake', 2001, NULL, NULL, NULL, NULL, NULL)"),
        format!("set_specialty($t, '{provider}', 'cardiology', true, true)"),
        format!("set_specialty($t, '{provider}', 'psychiatry', true, true)"),
        format!("set_specialty($t, '{provider}', 'cardiology', false, false)"),
        "keep_specialty($t, 'zedology', '207Z00000X', 'Zedology', '{hiv}')".to_owned(),
        format!("retire_questionnaire($t, '{questionnaire}', current_date)"),
        "keep_term($t, 'service', 'zed_bath', 'Zed bath')".to_owned(),
        "keep_term($t, 'facility_category', 'zed_house', 'Zed house')".to_owned(),
        "keep_term($t, 'staff_role', 'zed_nurse', 'Zed nurse')".to_owned(),
        "keep_membership_plan($t, 'zed', 'Zed', 30, 7, false, true, true)".to_owned(),
        "keep_charge_code($t, 'ZED-1', 'Zed', 12000, 'USD', NULL)".to_owned(),
        "add_medication($t, 'atc', 'Z99ZZ98', 'Zedine', 'zedine', 'tablet', 5, 'mg')".to_owned(),
        "keep_loinc_unit($t, '99999-9', 'mg/dL', 0, 100)".to_owned(),
        "add_sensitive_code($t, 'icd10', 'Z99.9', 'hiv')".to_owned(),
    ]
}

impl Practice {
    pub(super) async fn admin(&mut self) -> Caller {
        let account = self.network.account("network_admin", None).await;
        Caller::of(&self.network, account).await
    }
}

async fn questionnaire(network: &mut Network) -> Uuid {
    network.id("SELECT questionnaire_id FROM care.questionnaire ORDER BY name, edition LIMIT 1").await
}

#[tokio::test]
async fn an_administrator_keeps_the_network_and_nobody_else_does() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (facility, provider, patient) = (practice.facility, practice.provider, practice.patient);
    let asked = questionnaire(&mut practice.network).await;
    for (part, whose) in [
        ("patient", Some(patient)),
        ("provider", Some(provider)),
        ("front_desk", Some(facility)),
        ("facility_manager", Some(facility)),
        ("operator", None),
        ("privacy_officer", None),
        ("clinical_quality", None),
    ] {
        let account = practice.network.account(part, whose).await;
        let mut caller = Caller::of(&practice.network, account).await;
        for act in acts(facility, provider, asked) {
            assert_eq!(caller.refused(&act).await, "network_is_kept_by_an_administrator", "{part}: {act}");
        }
    }
    let mut admin = practice.admin().await;
    for act in acts(facility, provider, asked) {
        admin.call(&act).await;
    }
    let stale = format!("close_facility($t, '{facility}', 1, current_date + 30)");
    assert_eq!(admin.refused(&stale).await, "row_is_changed_as_it_was_read");
    assert_eq!(admin.refused("keep_term($t, 'patient', 'x_1', 'X')").await, "term_is_of_a_known_list");
    let main = format!("SELECT specialty FROM care.provider_specialty WHERE provider_id = '{provider}' AND main");
    assert_eq!(practice.network.rows(&main).await, ["psychiatry"]);
    let events = "SELECT count(*)::text FROM access.audit_event e JOIN access.account a ON a.account_id = e.actor
                  WHERE a.part = 'network_admin' AND e.outcome = 'allowed'";
    assert_eq!(practice.network.one(events).await, "20", "each change is an event, and each category that care opens");
}

#[tokio::test]
async fn nobody_who_keeps_the_network_reads_a_record_a_bill_or_a_visit() {
    let mut practice = Practice::within(Network::owned().await).await;
    let patient = practice.patient;
    practice.taken_over(patient, &hours_ahead(24, 30), "booked").await;
    let bill = format!(
        "INSERT INTO care.invoice (patient_id, facility_id, number) VALUES ('{patient}', '{}', 'I-1');
         INSERT INTO care.condition (patient_id, code_system, code, title, clinical_status, verification_status, recorded_by)
         VALUES ('{patient}', 'icd10', 'I10', 'Tension', 'active', 'confirmed', '{}')",
        practice.facility, practice.provider
    );
    practice.network.run(&bill).await;
    let kinds = practice.network.rows("SELECT kind FROM access.look_kind WHERE kind <> 'samples' ORDER BY 1").await;
    let tables = "SELECT DISTINCT c.oid::regclass::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
                  WHERE c.relnamespace = 'care'::regnamespace AND c.relkind = 'r' AND a.attname = 'patient_id'
                    AND has_table_privilege('healthtrack_care', c.oid, 'SELECT') ORDER BY 1";
    let tables = practice.network.rows(tables).await;
    assert!(tables.len() > 50, "the catalog was read");
    for (part, whose) in
        [("network_admin", None), ("facility_manager", Some(practice.facility)), ("clinical_quality", None)]
    {
        let account = practice.network.account(part, whose).await;
        let mut caller = Caller::of(&practice.network, account).await;
        for kind in &kinds {
            let look = caller.tries(&format!("look($t, '{patient}', '{kind}', NULL)")).await.unwrap();
            assert_eq!(look, "", "{part}: {kind}");
        }
        let mut portal = practice.network.portal_of(account).await;
        for table in &tables {
            let rows = format!("SELECT count(*) FROM {table} WHERE patient_id IS NOT NULL");
            let seen: i64 = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_one(&mut portal).await.unwrap();
            assert_eq!(seen, 0, "{part}: {table}");
        }
    }
}

#[tokio::test]
async fn what_is_booked_after_a_facility_closes_is_told_to_its_desk_once() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (facility, patient) = (practice.facility, practice.patient);
    practice.taken_over(patient, &hours_ahead(24, 30), "booked").await;
    practice.taken_over(patient, &hours_ahead(24 * 9, 30), "booked").await;
    practice.taken_over(patient, &hours_ahead(24 * 10, 30), "cancelled").await;
    let mut admin = practice.admin().await;
    let mut desk = Caller::playing(&mut practice.network, "front_desk", facility).await;
    let told = admin.call(&format!("close_facility($t, '{facility}', 1, current_date + 5)")).await;
    assert_eq!(told, [""], "no number of ten or fewer");
    assert_eq!(admin.call(&format!("close_facility($t, '{facility}', 2, current_date + 4)")).await, [""]);
    let tasks = desk.read("title || ' ' || kind", "read_inbox", None, "inbox", "NULL, NULL, 10").await;
    assert_eq!(tasks.len(), 1, "once: {tasks:?}");
    assert!(tasks[0].starts_with("Move the visit of ") && tasks[0].ends_with(": the facility closes call_patient"));
    let status = "SELECT string_agg(status, ' ' ORDER BY during) FROM care.appointment";
    assert_eq!(practice.network.one(status).await, "booked booked cancelled", "nothing is lost");
    let late = practice.appointment(patient, &hours_ahead(24 * 12, 30), "booked");
    assert_eq!(practice.network.refusal(&late).await, "appointment_is_before_its_facility_closes");
    admin.call(&format!("close_facility($t, '{facility}', 3, NULL)")).await;
    practice.network.run(&late).await;
}

#[tokio::test]
async fn what_is_booked_with_who_retires_is_told_to_the_desk_of_each_facility() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (facility, provider, patient) = (practice.facility, practice.provider, practice.patient);
    practice.taken_over(patient, &hours_ahead(24 * 9, 30), "booked").await;
    let mut admin = practice.admin().await;
    let mut desk = Caller::playing(&mut practice.network, "front_desk", facility).await;
    assert_eq!(admin.call(&format!("retire_provider($t, '{provider}', 1, current_date + 5)")).await, [""]);
    let tasks = desk.read("title", "read_inbox", None, "inbox", "NULL, NULL, 10").await;
    assert!(tasks.len() == 1 && tasks[0].ends_with(": the provider retires"), "{tasks:?}");
}

#[tokio::test]
async fn a_visit_that_is_booked_while_its_facility_closes_is_refused_or_told() {
    let mut practice = Practice::within(Network::owned().await).await;
    let facility = practice.facility;
    let admin = practice.network.account("network_admin", None).await;
    let token = practice.network.token(admin).await;
    for round in 0..8 {
        let patient = practice.network.patient().await;
        let during = hours_ahead(24 * 9 + round, 30);
        let book = practice
            .appointment(patient, &during, "booked")
            .replace("RETURNING appointment_id", "RETURNING appointment_id::text");
        let version = format!("SELECT version::text FROM care.facility WHERE facility_id = '{facility}'");
        let version = practice.network.one(&version).await;
        let close =
            format!("SELECT api.close_facility('{}', '{facility}', {version}, current_date + 2)::text", token.expose());
        let results = race(&practice.network, vec![book, close]).await;
        results[1].as_ref().unwrap();
        let tasks = format!("SELECT count(*)::text FROM care.task WHERE patient_id = '{patient}'");
        let tasks = practice.network.one(&tasks).await;
        match &results[0] {
            Ok(_) => assert_eq!(tasks, "1", "booked before, and told"),
            Err(rule) => {
                assert_eq!((rule.as_str(), tasks.as_str()), ("appointment_is_before_its_facility_closes", "0"))
            }
        }
        practice.network.run("UPDATE care.facility SET closed_on = NULL").await;
    }
}

#[tokio::test]
async fn a_licence_is_verified_by_somebody_and_anew_once_it_has_changed() {
    let mut practice = Practice::within(Network::owned().await).await;
    let provider = practice.provider;
    let mut admin = practice.admin().await;
    let licence = format!("SELECT qualification_id FROM care.qualification WHERE provider_id = '{provider}'");
    let licence = practice.network.id(&licence).await;
    let verified = "SELECT (verified_at IS NOT NULL AND verified_by IS NOT NULL)::text FROM care.qualification";
    assert_eq!(practice.network.one(verified).await, "false", "nobody has verified what was there before");
    admin.call(&format!("verify_qualification($t, '{licence}', 1)")).await;
    assert_eq!(practice.network.one(verified).await, "true");
    admin.call(&format!("end_license($t, '{licence}', 2, current_date + 30)")).await;
    assert_eq!(practice.network.one(verified).await, "false");
    let half = "UPDATE care.qualification SET verified_at = now()";
    assert_eq!(practice.network.refusal(half).await, "qualification_is_verified_by_somebody");
    let nobody = "UPDATE care.qualification SET verified_at = now(), verified_by = gen_random_uuid()";
    assert_eq!(practice.network.refusal(nobody).await, "qualification_verifier_fkey");
}

#[tokio::test]
async fn a_questionnaire_that_is_retired_is_answered_by_nobody_and_else_never_altered() {
    let mut practice = Practice::within(Network::owned().await).await;
    let patient = practice.patient;
    let asked = questionnaire(&mut practice.network).await;
    let own = practice.network.account("patient", Some(patient)).await;
    let answer = format!(
        "INSERT INTO care.questionnaire_response (patient_id, questionnaire_id) VALUES ('{patient}', '{asked}')"
    );
    let mut admin = practice.admin().await;
    practice.portal(own, &answer).await;
    admin.call(&format!("retire_questionnaire($t, '{asked}', current_date)")).await;
    assert_eq!(practice.portal_refusal(own, &answer).await, "questionnaire_is_in_use");
    admin.call(&format!("retire_questionnaire($t, '{asked}', NULL)")).await;
    practice.portal(own, &answer).await;
    assert_eq!(
        practice.network.refusal("UPDATE care.questionnaire SET title = 'x'").await,
        "questionnaire_is_never_altered"
    );
}

#[tokio::test]
async fn what_care_opens_is_said_by_an_administrator_and_told_to_the_patient() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (patient, provider) = (practice.patient, practice.provider);
    practice.network.put_in_care(patient, provider).await;
    let own = practice.network.account("patient", Some(patient)).await;
    let admin = practice.network.account("network_admin", None).await;
    let care =
        CareRelationshipId(practice.network.id("SELECT care_relationship_id FROM access.care_relationship").await);
    let opens = [Sensitivity::Hiv, Sensitivity::SubstanceUse];
    practice.network.does(admin, async |actor| credential::set_care_opens(actor, care, 1, &opens).await).await;
    let kept = "SELECT array_to_string(opens, ' ') FROM access.care_relationship";
    assert_eq!(practice.network.one(kept).await, "hiv substance_use");
    let again =
        practice.network.broken(admin, async |actor| credential::set_care_opens(actor, care, 1, &opens).await).await;
    assert_eq!(again.rule, "row_is_changed_as_it_was_read");
    let mut patient = Caller::of(&practice.network, own).await;
    let told = "SELECT reason FROM api.list_access($t) WHERE action = 'grant'";
    assert_eq!(patient.rows(told).await, ["hiv_substance_use"]);
    let carer = practice.network.account("provider", Some(provider)).await;
    let refused =
        practice.network.broken(carer, async |actor| credential::set_care_opens(actor, care, 2, &[]).await).await;
    assert_eq!(refused.rule, "network_is_kept_by_an_administrator");
}

#[tokio::test]
async fn a_program_keeps_the_network() {
    let mut network = Network::owned().await;
    let admin = network.account("network_admin", None).await;
    let asked = QuestionnaireId(questionnaire(&mut network).await);
    let today = SystemClock.now().day();
    let words = FacilityWords {
        name: "Lake clinic",
        street: "1 Lake Street",
        postal_code: "60601",
        phone: "+13125550100",
        email: None,
        website: None,
        booking_url: None,
    };
    let place = NewFacility {
        state: ("US", "ZZ"),
        city: "Zed",
        category: "clinic",
        time_zone: "America/Chicago",
        opened_on: Some(today),
        words,
    };
    let person = ProviderWords {
        family: "Mistry",
        given: "Cy",
        npi: None,
        phone: None,
        email: "cy@example.org",
        languages: &["en"],
    };
    let licence = NewQualification {
        kind: "license",
        title: "Licence",
        issuer: "Board of Zed",
        awarded_year: 2020,
        jurisdiction: Some(("US", Some("ZZ"))),
        license_number: Some("Z-1"),
        days: Some((today, None)),
    };
    let plan = MembershipPlan {
        plan: "family",
        title: "Family",
        lead_days: 60,
        patience_days: 3,
        priority: true,
        telehealth: true,
        personal_plans: false,
    };
    let price = Price { charge_code: "ZED-1", title: "Visit", cents: 12_050, currency: "USD", retired_on: None };
    let drug = NewMedication {
        code: ("atc", "Z99ZZ98"),
        name: "Zedine 5 mg",
        ingredient: "zedine",
        form: "tablet",
        strength: Some((5.0, "mg")),
    };
    let facility: FacilityId = network
        .does(admin, async |actor| {
            administration::add_state(actor, "US", "ZZ", "Zedland").await?;
            let facility = administration::add_facility(actor, &place).await?;
            let provider = administration::keep_provider(actor, None, &person).await?;
            administration::keep_provider(actor, Some((provider, 1)), &person).await?;
            let licence = credential::add_qualification(actor, provider, &licence).await?;
            credential::verify_qualification(actor, licence, 1).await?;
            credential::end_license(actor, licence, 2, today.plus(30)).await?;
            credential::set_specialty(actor, provider, "cardiology", Some(true)).await?;
            credential::set_specialty(actor, provider, "cardiology", None).await?;
            credential::keep_specialty(actor, "zedology", "207Z00000X", "Zedology", &[Sensitivity::Hiv]).await?;
            administration::retire_provider(actor, provider, 2, Some(today.plus(9))).await?;
            catalogue::retire_questionnaire(actor, asked, Some(today)).await?;
            for list in [WordList::FacilityCategory, WordList::Service, WordList::StaffRole] {
                catalogue::keep_term(actor, list, "zed_word", "Zed word").await?;
            }
            catalogue::keep_membership_plan(actor, &plan).await?;
            catalogue::keep_price(actor, &price).await?;
            catalogue::add_medication(actor, &drug).await?;
            catalogue::keep_loinc_unit(actor, "99999-9", "mg/dL", (Some(0.0), None)).await?;
            catalogue::add_sensitive_code(actor, ("icd10", "Z99.9"), Sensitivity::Hiv).await?;
            administration::close_facility(actor, facility, 1, Some(today.plus(9))).await?;
            Ok(facility)
        })
        .await;
    let carer = network.provider().await;
    let (entry, qualifications) = network
        .does(admin, async |actor| {
            let entry = administration::read_provider(actor, ProviderId(carer)).await?.unwrap();
            Ok((entry, credential::list_qualifications(actor, ProviderId(carer)).await?))
        })
        .await;
    assert_eq!((entry.version, entry.family.as_str()), (1, "Okafor"));
    let [licence] = qualifications.as_slice() else { panic!("{qualifications:?}") };
    assert_eq!((licence.kind.as_str(), licence.version, licence.verified), ("license", 1, false));
    let found = format!(
        "SELECT f.name || ' in ' || c.name || ' ' || (SELECT unit_price FROM care.charge_code WHERE charge_code = 'ZED-1')
         FROM care.facility f JOIN care.city c USING (city_id) WHERE facility_id = '{facility}'"
    );
    assert_eq!(network.one(&found).await, "Lake clinic in Zed 120.50");
}
