//! What the administrators of the network keep beside places and providers: organisations, kinds of visit, prices,
//! insurers and their plans.

use healthtrack::model::people::{
    FacilityId, FeePeriod, OrganisationId, OrganisationKind, OrganisationNumberKind, TelehealthRule,
};
use healthtrack::model::time::{Clock as _, SystemClock};
use healthtrack::store::care::catalogue::{self, MembershipPlan, WordList};
use healthtrack::store::care::catalogue_insurance::{
    self, AdjustmentWords, BenefitOf, CostSharing, InsurancePlanWords, NewBenefit, NewMembershipPrice,
};
use healthtrack::store::care::catalogue_visit::{self, CancellationWords, VisitKind};
use healthtrack::store::care::upkeep_organisation::{self, OrganisationPlace, OrganisationWords};
use uuid::Uuid;

use super::caller::Caller;
use super::network::Network;
use super::practice::{Practice, race};

/// The organisation that is there from the beginning.
const WHOLE: &str = "00000000-0000-4000-8000-000000000001";

/// What only an administrator does, where an insurer, a plan of it and a plan of membership are there.
fn acts(facility: Uuid, insurer: Uuid, plan: Uuid) -> Vec<String> {
    vec![
        format!(
            "keep_organisation($t, NULL, NULL, '{WHOLE}', 'division', 'West', '1 Main Street', '61602', 'US', 'IL',
                               'Peoria', NULL, NULL, NULL, current_date, NULL)"
        ),
        format!("add_organisation_number($t, '{WHOLE}', 'npi', 'US-CMS', '1234567893', NULL, NULL)"),
        format!("add_organisation_number($t, '{WHOLE}', 'lei', 'GLEIF', '5493001KJTIIGC8Y1R12', NULL, NULL)"),
        format!("place_facility($t, '{facility}', 1, '{WHOLE}', NULL, 'hospital')"),
        "keep_term($t, 'department_kind', 'zed_ward', 'Zed ward')".to_owned(),
        "keep_term($t, 'resource_kind', 'zed_scanner', 'Zed scanner')".to_owned(),
        "keep_appointment_type($t, 'zed_visit', 'Zed visit', 30, 5, 5, 'never', false, true, '{cardiology}',
                               '{room,zed_scanner}', '{1,2}')"
            .to_owned(),
        "keep_cancellation_reason($t, 'zed_reason', 'Zed', NULL, '{patient}', true)".to_owned(),
        "add_membership_price($t, 'zed', 'month', 1250, 'USD', current_date, NULL)".to_owned(),
        "keep_insurer($t, NULL, NULL, 'Zed Health', NULL, NULL)".to_owned(),
        format!("keep_insurer($t, '{insurer}', 1, 'Lake Health', '+12175550108', NULL)"),
        format!("keep_insurance_plan($t, NULL, '{insurer}', 'Gold', 'USD', 1, NULL)"),
        format!("keep_insurance_plan($t, '{plan}', '{insurer}', 'Silver', 'USD', 2, current_date + 900)"),
        format!("set_plan_cost_sharing($t, '{plan}', current_date, NULL, 50000, 100000, 300000, 600000)"),
        format!("set_plan_cost_sharing($t, '{plan}', current_date, current_date + 300, 60000, NULL, NULL, NULL)"),
        format!("set_plan_network($t, '{plan}', '{facility}', current_date, NULL)"),
        format!("set_plan_network($t, '{plan}', '{facility}', current_date, current_date + 300)"),
        format!(
            "add_plan_benefit($t, '{plan}', 'in', 'office_visit', NULL, 2500, 2000, true, 10, NULL, 'plan_year',
                              current_date, NULL)"
        ),
        "keep_adjustment_code($t, 'CO', 'Z99', 'Zed', NULL, NULL)".to_owned(),
    ]
}

/// What is done to a row that is there: a function, and the query of its key.
const OF_ROWS: [(&str, &str); 3] = [
    (
        "end_organisation_number($t, '%', 1, current_date + 9)",
        "organisation_identifier_id FROM care.organisation_identifier",
    ),
    (
        "end_membership_price($t, '%', 1, current_date + 30)",
        "membership_price_id FROM care.membership_price WHERE plan = 'zed'",
    ),
    ("end_plan_benefit($t, '%', current_date + 30)", "plan_benefit_id FROM care.plan_benefit"),
];

async fn insured(network: &mut Network) -> (Uuid, Uuid) {
    let insurer = network.id("INSERT INTO care.insurer (name) VALUES ('Lake') RETURNING insurer_id").await;
    let plan = format!(
        "INSERT INTO care.insurance_plan (insurer_id, name) VALUES ('{insurer}', 'Tin') RETURNING insurance_plan_id"
    );
    let plan = network.id(&plan).await;
    network
        .run(
            "INSERT INTO care.membership_plan
                 (plan, title, lead_days, patience_days, priority, telehealth, personal_plans)
             VALUES ('zed', 'Zed', 30, 7, false, true, true)",
        )
        .await;
    (insurer, plan)
}

#[tokio::test]
async fn an_administrator_keeps_organisations_and_catalogues_and_nobody_else_does() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (facility, provider, patient) = (practice.facility, practice.provider, practice.patient);
    let (insurer, plan) = insured(&mut practice.network).await;
    for (part, whose) in [
        ("patient", Some(patient)),
        ("provider", Some(provider)),
        ("front_desk", Some(facility)),
        ("biller", Some(facility)),
        ("facility_manager", Some(facility)),
        ("operator", None),
        ("privacy_officer", None),
        ("clinical_quality", None),
    ] {
        let account = practice.network.account(part, whose).await;
        let mut caller = Caller::of(&practice.network, account).await;
        for act in acts(facility, insurer, plan) {
            assert_eq!(caller.refused(&act).await, "network_is_kept_by_an_administrator", "{part}: {act}");
        }
    }
    let mut manager = Caller::playing(&mut practice.network, "facility_manager", facility).await;
    let mut admin = practice.admin().await;
    for act in acts(facility, insurer, plan) {
        admin.call(&act).await;
    }
    for (act, key) in OF_ROWS {
        let key = practice.network.id(&format!("SELECT {key} ORDER BY 1 LIMIT 1")).await.to_string();
        assert_eq!(manager.refused(&act.replace('%', &key)).await, "network_is_kept_by_an_administrator");
        admin.call(&act.replace('%', &key)).await;
        let nobodys = act.replace('%', &Uuid::nil().to_string());
        assert_eq!(admin.refused(&nobodys).await, "row_is_changed_as_it_was_read", "{act}");
    }
    let stale = format!("place_facility($t, '{facility}', 1, '{WHOLE}', NULL, 'clinic')");
    assert_eq!(admin.refused(&stale).await, "row_is_changed_as_it_was_read");
    let events = "SELECT count(*)::text FROM access.audit_event e JOIN access.account a ON a.account_id = e.actor
                  WHERE a.part = 'network_admin' AND e.outcome = 'allowed'";
    assert_eq!(practice.network.one(events).await, "22", "each change is an event");
    for (act, rule) in [
        (
            "keep_organisation($t, NULL, NULL, NULL, 'partner', 'Far', '1 Main', '1', 'US', 'XX', 'Far',
                                   NULL, NULL, NULL, NULL, NULL)"
                .to_owned(),
            "organisation_address_is_whole",
        ),
        (
            format!("add_organisation_number($t, '{WHOLE}', 'npi', 'US-CMS', '1234567890', NULL, NULL)"),
            "organisation_identifier_value_fits_its_kind",
        ),
        (
            format!("place_facility($t, '{facility}', 2, '{WHOLE}', '{facility}', 'clinic')"),
            "facility_is_no_part_of_itself",
        ),
        (
            "add_membership_price($t, 'zed', 'month', 1300, 'USD', current_date, NULL)".to_owned(),
            "membership_price_is_one_at_a_time",
        ),
    ] {
        assert_eq!(admin.refused(&act).await, rule, "{act}");
    }
}

#[tokio::test]
async fn a_kind_of_visit_is_written_whole() {
    let mut practice = Practice::within(Network::owned().await).await;
    let mut admin = practice.admin().await;
    let needs = "SELECT (SELECT string_agg(specialty, ' ' ORDER BY specialty) FROM care.appointment_type_specialty
                         WHERE appointment_type = 'zed') || '/'
                     || (SELECT string_agg(kind || count, ' ' ORDER BY kind) FROM care.appointment_type_resource
                         WHERE appointment_type = 'zed')";
    let kept = |rest: &str| format!("keep_appointment_type($t, 'zed', 'Zed', 30, 0, 0, 'never', false, true, {rest})");
    admin.call(&kept("'{cardiology,psychiatry}', '{room,ecg}', '{1,2}'")).await;
    assert_eq!(practice.network.one(needs).await, "cardiology psychiatry/ecg2 room1");
    admin.call(&kept("'{psychiatry}', '{room}', '{1}'")).await;
    assert_eq!(practice.network.one(needs).await, "psychiatry/room1");
    assert_eq!(
        admin.refused(&kept("'{zedology}', '{room}', '{1}'")).await,
        "appointment_type_specialty_specialty_fkey"
    );
    assert_eq!(practice.network.one(needs).await, "psychiatry/room1", "nothing is half written");
}

#[tokio::test]
async fn an_organisation_ends_once_no_open_facility_belongs_to_it() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (facility, other) = (practice.facility, practice.network.facility("MA", "clinic").await);
    let mut admin = practice.admin().await;
    let organisation = |known: &str, stop_on: &str| {
        format!(
            "keep_organisation($t, {known}, NULL, 'practice', 'Lake', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                               current_date - 9, {stop_on})"
        )
    };
    let lake = admin.key(&organisation("NULL, NULL", "NULL")).await;
    let category =
        practice.network.one(&format!("SELECT category FROM care.facility WHERE facility_id = '{facility}'")).await;
    admin.call(&format!("place_facility($t, '{facility}', 1, '{lake}', NULL, '{category}')")).await;
    let ends = |version: i32, stop_on: &str| organisation(&format!("'{lake}', {version}"), stop_on);
    assert_eq!(admin.refused(&ends(1, "current_date + 9")).await, "organisation_ends_without_open_facilities");
    admin.call(&format!("close_facility($t, '{facility}', 2, current_date + 9)")).await;
    assert_eq!(admin.refused(&ends(1, "current_date + 8")).await, "organisation_ends_without_open_facilities");
    admin.call(&ends(1, "current_date + 9")).await;
    for act in [
        format!("close_facility($t, '{facility}', 3, NULL)"),
        format!("close_facility($t, '{facility}', 3, current_date + 10)"),
        format!("place_facility($t, '{other}', 1, '{lake}', NULL, 'clinic')"),
    ] {
        assert_eq!(admin.refused(&act).await, "facility_is_of_a_standing_organisation", "{act}");
    }
    let late = format!(
        "INSERT INTO care.facility (city_id, category, name, street, postal_code, time_zone, phone, organisation_id)
         SELECT city_id, category, 'Late', street, postal_code, time_zone, phone, '{lake}' FROM care.facility LIMIT 1"
    );
    assert_eq!(practice.network.refusal(&late).await, "facility_is_of_a_standing_organisation");
    admin.call(&format!("close_facility($t, '{facility}', 3, current_date + 7)")).await;
    admin.call(&ends(2, "NULL")).await;
    admin.call(&format!("close_facility($t, '{facility}', 4, NULL)")).await;
}

#[tokio::test]
async fn a_facility_that_is_placed_while_its_organisation_ends_is_refused_or_keeps_it() {
    let mut network = Network::owned().await;
    let facility = network.facility("IL", "clinic").await;
    for round in 0..8 {
        let lake = format!(
            "INSERT INTO care.organisation (name, kind) VALUES ('Lake {round}', 'practice') RETURNING organisation_id"
        );
        let lake = network.id(&lake).await;
        let place = format!(
            "UPDATE care.facility SET organisation_id = '{lake}' WHERE facility_id = '{facility}'
             RETURNING facility_id::text"
        );
        let end = format!(
            "UPDATE care.organisation SET active_during = daterange(NULL, current_date) WHERE organisation_id = '{lake}'
             RETURNING organisation_id::text"
        );
        let results = race(&network, vec![place, end]).await;
        let rules: Vec<&str> = results.iter().filter_map(|result| result.as_ref().err().map(String::as_str)).collect();
        let one = ["facility_is_of_a_standing_organisation", "organisation_ends_without_open_facilities"];
        assert!(rules.len() == 1 && one.contains(&rules[0]), "one of the two: {results:?}");
    }
}

#[tokio::test]
async fn a_program_keeps_organisations() {
    let mut practice = Practice::within(Network::owned().await).await;
    let facility = FacilityId(practice.facility);
    let hospital = FacilityId(practice.network.facility("MA", "hospital").await);
    let admin = practice.network.account("network_admin", None).await;
    let today = SystemClock.now().day();
    let place =
        OrganisationPlace { street: "1 Main Street", postal_code: "61602", state: ("US", "IL"), city: "Peoria" };
    let words = OrganisationWords {
        part_of: Some(OrganisationId(WHOLE.parse().unwrap())),
        kind: OrganisationKind::Practice,
        name: "Lake practice",
        place: Some(place),
        phone: None,
        email: Some("office@lake.example.org"),
        website: None,
        days: (None, None),
    };
    let number = (OrganisationNumberKind::Ein, "US-IRS", "12-3456789");
    practice
        .network
        .does(admin, async |actor| {
            let lake = upkeep_organisation::keep_organisation(actor, None, &words).await?;
            let known = Some((lake, 1));
            let renamed = OrganisationWords { name: "Lakes", ..words };
            upkeep_organisation::keep_organisation(actor, known, &renamed).await?;
            let number = upkeep_organisation::add_organisation_number(actor, lake, number, (Some(today), None)).await?;
            upkeep_organisation::end_organisation_number(actor, number, 1, today.plus(30)).await?;
            upkeep_organisation::place_facility(actor, (facility, 1), lake, Some(hospital), "pharmacy").await
        })
        .await;
    let found = format!(
        "SELECT o.name || ' in ' || c.name || ' ' || f.category || ' ' || f.depth || ' ' || (f.part_of = '{hospital}')
         FROM care.facility f JOIN care.organisation o USING (organisation_id) JOIN care.city c ON c.city_id = o.city_id
         WHERE f.facility_id = '{facility}'"
    );
    assert_eq!(practice.network.one(&found).await, "Lakes in Peoria pharmacy 1 true");
}

#[tokio::test]
async fn a_program_keeps_catalogues() {
    let mut network = Network::owned().await;
    let facility = FacilityId(network.facility("IL", "clinic").await);
    let admin = network.account("network_admin", None).await;
    let today = SystemClock.now().day();
    let visit = VisitKind {
        appointment_type: "zed_visit",
        title: "Zed visit",
        minutes: 30,
        buffer_minutes: (5, 10),
        telehealth: TelehealthRule::Allowed,
        desk_only: false,
        active: true,
        specialties: &["cardiology"],
        resources: &[("room", 1), ("zed_scanner", 2)],
    };
    let reason = CancellationWords {
        cancellation_reason: "zed_reason",
        title: "Zed",
        fhir_code: Some("pat"),
        given_by: &["patient"],
        active: true,
    };
    let plan = MembershipPlan {
        plan: "zed",
        title: "Zed",
        lead_days: 60,
        patience_days: 3,
        priority: true,
        telehealth: true,
        personal_plans: false,
    };
    let price =
        NewMembershipPrice { plan: "zed", per: FeePeriod::Year, cents: 9_900, currency: "USD", days: (today, None) };
    let gold = InsurancePlanWords { name: "Gold", currency: "USD", year_begins_month: 1, retired_on: None };
    let sharing = CostSharing {
        deductible_cents: 50_000,
        family_deductible_cents: Some(100_000),
        out_of_pocket_cents: None,
        family_out_of_pocket_cents: None,
    };
    let benefit = NewBenefit {
        in_network: true,
        of: BenefitOf::Category("office_visit"),
        copay_cents: 2_500,
        coinsurance_basis_points: 1_250,
        deductible_applies: true,
        visit_limit: Some(10),
        limit_cents: None,
        limit_per: Some("plan_year"),
        days: (today, None),
    };
    let code =
        AdjustmentWords { group_code: "PR", code: "Z99", title: "Zed", counts_as: Some("copay"), retired_on: None };
    network
        .does(admin, async |actor| {
            catalogue::keep_term(actor, WordList::DepartmentKind, "zed_ward", "Zed ward").await?;
            catalogue::keep_term(actor, WordList::ResourceKind, "zed_scanner", "Zed scanner").await?;
            catalogue_visit::keep_visit_kind(actor, &visit).await?;
            catalogue_visit::keep_cancellation_reason(actor, &reason).await?;
            catalogue::keep_membership_plan(actor, &plan).await?;
            let price = catalogue_insurance::add_membership_price(actor, &price).await?;
            catalogue_insurance::end_membership_price(actor, price, 1, today.plus(365)).await?;
            let insurer = catalogue_insurance::keep_insurer(actor, None, "Zed Health", None, None).await?;
            catalogue_insurance::keep_insurer(actor, Some((insurer, 1)), "Zed Life", None, None).await?;
            let made = catalogue_insurance::keep_insurance_plan(actor, None, insurer, &gold).await?;
            let retired = InsurancePlanWords { retired_on: Some(today.plus(900)), ..gold };
            catalogue_insurance::keep_insurance_plan(actor, Some(made), insurer, &retired).await?;
            catalogue_insurance::set_cost_sharing(actor, made, (today, None), &sharing).await?;
            catalogue_insurance::set_plan_network(actor, made, facility, (today, None)).await?;
            let benefit = catalogue_insurance::add_benefit(actor, made, &benefit).await?;
            catalogue_insurance::end_benefit(actor, benefit, today.plus(365)).await?;
            catalogue_insurance::keep_adjustment_code(actor, &code).await
        })
        .await;
    let kept = network.does(admin, async |actor| upkeep_organisation::list_kept(actor).await).await;
    let has = |relation: &str, title: &str| kept.iter().any(|row| row.relation == relation && row.title == title);
    assert!(has("insurer", "Zed Life") && has("membership_price", "zed: 99.00 USD a year"), "{kept:?}");
    assert!(
        has("insurance_plan", "Zed Life Gold") && has("plan_benefit", "Gold, in network: office_visit"),
        "{kept:?}"
    );
    let found = "SELECT i.name || ' ' || p.name || ' ' || b.copay || ' ' || b.coinsurance_percent || ' '
        || s.deductible_individual || ' ' || (SELECT amount FROM care.membership_price WHERE plan = 'zed')
        FROM care.insurer i JOIN care.insurance_plan p USING (insurer_id)
        JOIN care.plan_benefit b USING (insurance_plan_id) JOIN care.plan_cost_sharing s USING (insurance_plan_id)
        JOIN care.plan_network n USING (insurance_plan_id)";
    assert_eq!(network.one(found).await, "Zed Life Gold 25.00 12.50 500.00 99.00");
}
