//! Organisations, departments and categories: trees without circles whoever writes at once, rules that hold for each
//! of a facility's categories, and the directory that everybody reads.

use healthtrack::model::people::{DepartmentId, FacilityId, OrganisationId, OrganisationKind, OrganisationNumberKind};
use healthtrack::store::care::directory::{FacilityQuery, find_facilities, list_staff};
use healthtrack::store::care::organisation::{
    ReviewQuery, list_categories, list_department_hours, list_departments, list_numbers, list_organisations,
    list_reviews,
};
use sqlx::Executor as _;
use uuid::Uuid;

use super::network::Network;
use super::practice::{Practice, attempt, hours_ahead, race};

/// The organisation that is there from the beginning.
const NETWORK: &str = "00000000-0000-4000-8000-000000000001";

async fn organisation(network: &mut Network, name: &str, part_of: Option<Uuid>) -> Uuid {
    let part_of = part_of.map_or("NULL".to_owned(), |whole| format!("'{whole}'"));
    network
        .id(&format!(
            "INSERT INTO care.organisation (name, kind, part_of) VALUES ('{name}', 'division', {part_of})
             RETURNING organisation_id"
        ))
        .await
}

async fn department(network: &mut Network, facility: Uuid, kind: &str, name: &str) -> Uuid {
    network
        .id(&format!(
            "INSERT INTO care.department (facility_id, kind, name) VALUES ('{facility}', '{kind}', '{name}')
             RETURNING department_id"
        ))
        .await
}

#[tokio::test]
async fn every_rule_of_organisations_refuses_what_it_says() {
    let mut network = Network::new().await;
    network.facility("IL", "clinic").await;
    let whole = organisation(&mut network, "Lake Health", None).await;
    organisation(&mut network, "North", Some(whole)).await;
    let change = |what: &str| format!("UPDATE care.organisation SET {what} WHERE name = 'North'");
    let number = |kind: &str, issuer: &str, value: &str| {
        format!(
            "INSERT INTO care.organisation_identifier (organisation_id, kind, issuer, value)
             VALUES ('{whole}', '{kind}', '{issuer}', '{value}')"
        )
    };
    for good in [
        number("npi", "US-CMS", "1234567893"),
        number("lei", "GLEIF", "529900T8BM49AURSDO55"),
        number("ein", "US-IRS", "36-4100001"),
        number("ccn", "US-CMS", "14P123"),
        number("clia", "US-CMS", "14D0123456"),
        number("tax_id", "DE", "DE 136695976"),
        number("tax_id", "AT", "DE 136695976"),
        change("street = 'Main Street 1', postal_code = '62701', city_id = (SELECT city_id FROM care.city)"),
    ] {
        network.run(&good).await;
    }
    let same = format!("INSERT INTO care.organisation (name, kind, part_of) VALUES ('North', 'other', '{whole}')");
    for (bad, rule) in [
        (number("npi", "US-CMS", "1234567890"), "organisation_identifier_value_fits_its_kind"),
        (number("npi", "US-CMS", "1243567893"), "organisation_identifier_value_fits_its_kind"),
        (number("lei", "GLEIF", "529900T8BM49AURSD055"), "organisation_identifier_value_fits_its_kind"),
        (number("ein", "US-IRS", "364100001"), "organisation_identifier_value_fits_its_kind"),
        (number("clia", "US-CMS", "1400123456"), "organisation_identifier_value_fits_its_kind"),
        (number("other", "US", " "), "organisation_identifier_value_fits_its_kind"),
        (number("vat", "US", "1"), "organisation_identifier_kind_is_known"),
        (number("other", "?", "1"), "organisation_identifier_issuer_is_a_name"),
        (number("npi", "US-CMS", "1234567893"), "organisation_identifier_is_of_one_organisation"),
        (
            number("other", "US", "1").replace(&whole.to_string(), &Uuid::nil().to_string()),
            "organisation_identifier_organisation_fkey",
        ),
        (
            "UPDATE care.organisation_identifier SET valid_during = 'empty'".to_owned(),
            "organisation_identifier_is_valid_at_some_time",
        ),
        (change("name = ' '"), "organisation_name_is_some"),
        (change("kind = 'club'"), "organisation_kind_is_known"),
        (change("active_during = 'empty'"), "organisation_is_active_at_some_time"),
        (change("street = NULL"), "organisation_address_is_whole"),
        (change("street = ' '"), "organisation_address_is_whole"),
        (change("city_id = 0"), "organisation_city_fkey"),
        (change("part_of = gen_random_uuid()"), "organisation_part_of_fkey"),
        (same, "organisation_name_is_unique_in_its_whole"),
        (
            "INSERT INTO care.organisation (name, kind) VALUES ('Lake Health', 'other')".to_owned(),
            "organisation_name_is_unique_in_its_whole",
        ),
        (
            format!("DELETE FROM care.organisation WHERE organisation_id = '{whole}'"),
            "organisation_identifier_organisation_fkey",
        ),
        (format!("DELETE FROM care.organisation WHERE organisation_id = '{NETWORK}'"), "facility_organisation_fkey"),
        ("UPDATE care.facility SET organisation_id = gen_random_uuid()".to_owned(), "facility_organisation_fkey"),
        ("UPDATE care.facility SET part_of = gen_random_uuid()".to_owned(), "facility_part_of_fkey"),
    ] {
        assert_eq!(network.refusal(&bad).await, rule, "{bad}");
    }
}

#[tokio::test]
async fn a_tree_has_no_circle_and_its_parts_move_along() {
    let mut network = Network::new().await;
    let top = organisation(&mut network, "A", None).await;
    let middle = organisation(&mut network, "B", Some(top)).await;
    let low = organisation(&mut network, "C", Some(middle)).await;
    let depths = "SELECT string_agg(name || depth, ' ' ORDER BY name) FROM care.organisation WHERE length(name) = 1";
    let put = |what: Uuid, whole: &str| {
        format!("UPDATE care.organisation SET part_of = {whole} WHERE organisation_id = '{what}'")
    };
    assert_eq!(network.one(depths).await, "A0 B1 C2");
    network.run(&put(top, &format!("'{NETWORK}'"))).await;
    assert_eq!(network.one(depths).await, "A1 B2 C3");
    for whole in [top, middle, low] {
        assert_eq!(network.refusal(&put(top, &format!("'{whole}'"))).await, "organisation_is_no_part_of_itself");
    }
    network.run(&put(top, "NULL")).await;
    assert_eq!(network.one(depths).await, "A0 B1 C2");
    let gone = format!("DELETE FROM care.organisation WHERE organisation_id = '{top}'");
    assert_eq!(network.refusal(&gone).await, "organisation_part_of_fkey");
    // Nobody says a depth of their own.
    network.run("UPDATE care.organisation SET depth = 5").await;
    assert_eq!(network.one(depths).await, "A0 B1 C2");
    // Where no trigger looks, the keys alone keep circles out.
    network.run("ALTER TABLE care.organisation DISABLE TRIGGER USER").await;
    let circle = format!("UPDATE care.organisation SET part_of = '{low}', depth = 3 WHERE organisation_id = '{top}'");
    assert_eq!(network.refusal(&circle).await, "organisation_part_of_fkey");
    assert_eq!(network.refusal(&put(top, &format!("'{low}'"))).await, "organisation_depth_is_limited");
    network.run("ALTER TABLE care.organisation ENABLE TRIGGER USER").await;
    let mut deepest = low;
    for name in ["D", "E", "F", "G", "H"] {
        deepest = organisation(&mut network, name, Some(deepest)).await;
    }
    let deeper = format!("INSERT INTO care.organisation (name, kind, part_of) VALUES ('I', 'other', '{deepest}')");
    assert_eq!(network.refusal(&deeper).await, "organisation_depth_is_limited");
    let moved = put(top, &format!("'{NETWORK}'"));
    assert_eq!(network.refusal(&moved).await, "organisation_depth_is_limited", "parts would come to lie too deep");
}

#[tokio::test]
async fn a_facility_is_a_part_of_another_four_deep_at_most() {
    let mut network = Network::new().await;
    let mut facilities = Vec::new();
    for _ in 0..6 {
        facilities.push(network.facility("IL", "clinic").await);
    }
    let put =
        |what: Uuid, whole: Uuid| format!("UPDATE care.facility SET part_of = '{whole}' WHERE facility_id = '{what}'");
    for pair in facilities[..5].windows(2) {
        network.run(&put(pair[1], pair[0])).await;
    }
    assert_eq!(network.refusal(&put(facilities[5], facilities[4])).await, "facility_depth_is_limited");
    assert_eq!(network.refusal(&put(facilities[0], facilities[4])).await, "facility_is_no_part_of_itself");
    assert_eq!(network.refusal(&put(facilities[0], facilities[5])).await, "facility_depth_is_limited");
    network.run(&put(facilities[3], facilities[5])).await;
    let depths = "SELECT string_agg(depth::text, ' ' ORDER BY name) FROM care.facility";
    assert_eq!(network.one(depths).await, "0 1 2 1 2 0");
}

#[tokio::test]
async fn two_who_put_each_under_the_other_make_no_circle() {
    let mut network = Network::new().await;
    for round in 0..6 {
        let one = organisation(&mut network, &format!("One {round}"), None).await;
        let two = organisation(&mut network, &format!("Two {round}"), None).await;
        let part = organisation(&mut network, "Part", Some(two)).await;
        let put = |what: Uuid, whole: Uuid| {
            format!("UPDATE care.organisation SET part_of = '{whole}' WHERE organisation_id = '{what}' RETURNING 'put'")
        };
        let results = race(&network, vec![put(one, part), put(two, one), put(one, part), put(two, one)]).await;
        let refused: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        assert_eq!(refused, ["organisation_is_no_part_of_itself"; 2], "{results:?}");
    }
    // Who waits sees what the other has done.
    let one = organisation(&mut network, "One", None).await;
    let two = organisation(&mut network, "Two", None).await;
    let mut first = network.connection().await;
    let put = |what: Uuid, whole: Uuid| {
        format!("UPDATE care.organisation SET part_of = '{whole}' WHERE organisation_id = '{what}' RETURNING 'put'")
    };
    first.execute("BEGIN").await.unwrap();
    attempt(&mut first, &put(one, two)).await.unwrap();
    let mut second = network.connection().await;
    let waiting = tokio::spawn(async move { attempt(&mut second, &put(two, one)).await });
    first.execute("COMMIT").await.unwrap();
    assert_eq!(waiting.await.unwrap(), Err("organisation_is_no_part_of_itself".to_owned()));
}

#[tokio::test]
async fn rooms_and_staff_are_in_departments_of_their_own_facility() {
    let mut network = Network::new().await;
    let (hospital, clinic) = (network.facility("IL", "hospital").await, network.facility("IL", "clinic").await);
    let imaging = department(&mut network, hospital, "radiology", "Imaging").await;
    let ward = department(&mut network, hospital, "cardiology", "Heart ward").await;
    let foreign = department(&mut network, clinic, "primary_care", "Family practice").await;
    let provider = network.provider().await;
    let room = |name: &str, department: Uuid| {
        format!(
            "INSERT INTO care.room (facility_id, department_id, name) VALUES ('{hospital}', '{department}', '{name}')"
        )
    };
    let work = |who: &str, department: &str| {
        format!(
            "INSERT INTO care.affiliation (facility_id, {who}, department_id, role, valid_during)
             VALUES ('{hospital}', '{}', {department}, 'nurse', '[2026-01-01,)')",
            if who == "provider_id" { provider.to_string() } else { "Grace".to_owned() }
        )
    };
    let hours = |weekday: i32, opens: i32, closes: i32| {
        format!(
            "INSERT INTO care.department_hours (department_id, weekday, opens_minute, closes_minute)
             VALUES ('{imaging}', {weekday}, {opens}, {closes})"
        )
    };
    network.run(&room("MRI", imaging)).await;
    for who in ["provider_id", "staff_name"] {
        network.run(&work(who, &format!("'{imaging}'"))).await;
        network.run(&work(who, &format!("'{ward}'"))).await;
        network.run(&work(who, "NULL")).await;
    }
    network.run(&hours(1, 420, 720)).await;
    network.run(&hours(1, 780, 1080)).await;
    for (bad, rule) in [
        (room("101", foreign), "room_is_in_a_department_of_its_facility"),
        (work("provider_id", &format!("'{foreign}'")), "affiliation_is_in_a_department_of_its_facility"),
        (work("provider_id", &format!("'{imaging}'")), "affiliation_does_not_overlap"),
        (work("provider_id", "NULL"), "affiliation_does_not_overlap"),
        (work("staff_name", &format!("'{ward}'")), "affiliation_of_a_name_does_not_overlap"),
        (work("staff_name", "NULL"), "affiliation_of_a_name_does_not_overlap"),
        (hours(1, 700, 730), "department_hours_do_not_overlap"),
        (hours(0, 420, 720), "department_hours_weekday_is_iso_8601"),
        (hours(2, 720, 420), "department_hours_close_after_they_open"),
        (hours(2, 420, 1441), "department_hours_are_within_the_day"),
        (
            hours(2, 420, 720).replace(&imaging.to_string(), &Uuid::nil().to_string()),
            "department_hours_department_fkey",
        ),
        ("UPDATE care.department SET name = ' '".to_owned(), "department_name_is_some"),
        ("UPDATE care.department SET kind = 'alchemy'".to_owned(), "department_kind_fkey"),
        (
            format!("UPDATE care.department SET name = 'Imaging' WHERE department_id = '{ward}'"),
            "department_name_is_unique_in_its_facility",
        ),
        (
            format!("UPDATE care.department SET facility_id = '{clinic}' WHERE department_id = '{imaging}'"),
            "affiliation_is_in_a_department_of_its_facility",
        ),
        (
            format!("INSERT INTO care.department (facility_id, kind, name) VALUES ('{imaging}', 'other', 'x')"),
            "department_facility_fkey",
        ),
        ("INSERT INTO care.department_kind VALUES ('Bad Kind', 'x')".to_owned(), "department_kind_is_snake_case"),
        ("INSERT INTO care.department_kind VALUES ('good', ' ')".to_owned(), "department_kind_title_is_some"),
        ("UPDATE care.department_kind SET hl7_code = 'er'".to_owned(), "department_kind_hl7_code_has_its_shape"),
    ] {
        let refusal = network.refusal(&bad).await;
        let either = [rule, "room_is_in_a_department_of_its_facility"];
        assert!(
            if bad.contains("facility_id = ") { either.contains(&refusal.as_str()) } else { refusal == rule },
            "{bad}: {refusal}"
        );
    }
}

#[tokio::test]
async fn what_is_said_of_a_category_holds_for_each_of_a_facilitys() {
    let mut network = Network::new().await;
    let hospital = network.facility("IL", "hospital").await;
    let patient = network.patient().await;
    let visit = format!(
        "INSERT INTO care.centre_visit (patient_id, facility_id, present_during)
         VALUES ('{patient}', '{hospital}', '[2026-03-01 18:00Z, 2026-03-01 19:00Z)')"
    );
    let also = |category: &str| {
        format!("INSERT INTO care.facility_has_category (facility_id, category) VALUES ('{hospital}', '{category}')")
    };
    // Before it is a wellness centre, a programme of it is not counted.
    network
        .run(&format!(
            "WITH run AS (
                 INSERT INTO care.programme (facility_id, capacity, sessions_needed, enrolment_during, runs_during, topic,
                                             title, description)
                 VALUES ('{hospital}', 50, 1, '[2020-01-01, 2056-01-01)', '[2026-02-01, 2026-04-01)', 'sleep', 'x', 'x')
                 RETURNING programme_id
             )
             INSERT INTO care.enrolment (patient_id, programme_id, admitted_at, status)
             SELECT '{patient}', programme_id, '2026-02-03 18:00Z', 'enrolled' FROM run"
        ))
        .await;
    let count = "SELECT care.refresh_engagement('2026-01-01', '2027-01-01')::text";
    assert_eq!(network.one(count).await, "0");
    assert_eq!(network.refusal(&visit).await, "centre_visit_centre_fkey");
    network.run(&also("wellness_center")).await;
    network.run(&also("emergency_center")).await;
    network.run(&visit).await;
    assert_eq!(network.one(count).await, "2");
    let days =
        "SELECT concat_ws(' ', counted_on, visits, members, enrolments) FROM care.centre_engagement_day ORDER BY 1";
    assert_eq!(network.rows(days).await, ["2026-02-03 0 0 1", "2026-03-01 1 1 0"], "what was before counts as well");
    let no_more = |category: &str| format!("DELETE FROM care.facility_has_category WHERE category = '{category}'");
    for (bad, rule) in [
        (also("emergency_center"), "facility_has_category_pkey"),
        (also("spa"), "facility_has_category_category_fkey"),
        (also("clinic").replace(&hospital.to_string(), &patient.to_string()), "facility_has_category_facility_fkey"),
        (no_more("hospital"), "facility_is_of_its_main_category"),
        ("UPDATE care.facility SET category = 'spa'".to_owned(), "facility_category_fkey"),
    ] {
        let refusal = network.refusal(&bad).await;
        let or_its_row = bad.contains("'spa'") && refusal == "facility_has_category_category_fkey";
        assert!(refusal == rule || or_its_row, "{bad}: {refusal}");
    }
    assert!(network.refusal(&no_more("wellness_center")).await.ends_with("_centre_fkey"));
    network.run("UPDATE care.facility SET category = 'clinic'").await;
    network.run(&no_more("hospital")).await;
    let categories = "SELECT string_agg(category, ' ' ORDER BY category) FROM care.facility_has_category";
    assert_eq!(network.one(categories).await, "clinic emergency_center wellness_center");
    let zone = "UPDATE care.facility SET time_zone = 'Pacific/Kiritimati'";
    network.run(zone).await;
    network.one(count).await;
    assert_eq!(network.rows(days).await, ["2026-02-04 0 0 1", "2026-03-02 1 1 0"], "its days begin elsewhere");
}

#[tokio::test]
async fn the_directory_shows_organisations_departments_and_categories_to_everybody() {
    let mut network = Network::owned().await;
    let (hospital, clinic) = (network.facility("IL", "hospital").await, network.facility("MA", "clinic").await);
    let whole = organisation(&mut network, "Lake Health", Some(NETWORK.parse().unwrap())).await;
    let part = organisation(&mut network, "North", Some(whole)).await;
    let imaging = department(&mut network, hospital, "radiology", "Imaging").await;
    let emergency = department(&mut network, hospital, "emergency", "Emergency department").await;
    let gone = department(&mut network, hospital, "other", "Leeches").await;
    network
        .run(&format!(
            "UPDATE care.facility SET organisation_id = '{part}' WHERE facility_id = '{hospital}';
             UPDATE care.facility SET part_of = '{hospital}' WHERE facility_id = '{clinic}';
             UPDATE care.department SET closed_on = '2020-01-01' WHERE department_id = '{gone}';
             UPDATE care.department SET phone = '+12175550199' WHERE department_id = '{emergency}';
             INSERT INTO care.department_hours (department_id, weekday, opens_minute, closes_minute)
             SELECT '{emergency}', weekday, 0, 1440 FROM generate_series(1, 7) AS weekday;
             INSERT INTO care.facility_has_category (facility_id, category) VALUES ('{hospital}', 'emergency_center');
             INSERT INTO care.organisation_identifier (organisation_id, kind, issuer, value, valid_during)
             VALUES ('{whole}', 'npi', 'US-CMS', '1234567893', '(,)'), ('{whole}', 'ein', 'US-IRS', '36-4100001', '(,2020-01-01)');
             INSERT INTO care.affiliation (facility_id, staff_name, department_id, role, valid_during)
             VALUES ('{hospital}', 'Grace', '{imaging}', 'nurse', '[2020-01-01,)')"
        ))
        .await;
    let patient = network.patient().await;
    let anybody = network.account("patient", Some(patient)).await;

    let organisations = network.does(anybody, async |actor| list_organisations(actor, None).await).await;
    let shown = |all: &[healthtrack::store::care::organisation::Organisation]| {
        all.iter().map(|one| format!("{} {} {}", one.name, one.depth, one.facilities)).collect::<Vec<_>>()
    };
    assert_eq!(shown(&organisations), ["The network 0 1", "Lake Health 1 0", "North 2 1"]);
    assert_eq!((organisations[0].kind, organisations[0].active), (OrganisationKind::Network, true));
    let within = network.does(anybody, async |actor| list_organisations(actor, Some(OrganisationId(part))).await).await;
    assert_eq!(shown(&within), ["North 2 1"]);
    let numbers = network.does(anybody, async |actor| list_numbers(actor, OrganisationId(whole)).await).await;
    assert_eq!(numbers.iter().map(|number| number.kind).collect::<Vec<_>>(), [OrganisationNumberKind::Npi]);

    let departments = network.does(anybody, async |actor| list_departments(actor, FacilityId(hospital)).await).await;
    let departments: Vec<_> = departments
        .iter()
        .map(|one| (one.name.as_str(), one.phone.as_str(), one.has_own_hours, one.open_now))
        .collect();
    assert_eq!(
        departments,
        [("Emergency department", "+12175550199", true, true), ("Imaging", "+12175550100", false, false)]
    );
    let department = DepartmentId(emergency);
    let hours = network.does(anybody, async |actor| list_department_hours(actor, department).await).await;
    assert_eq!((hours.len(), hours[6].weekday, hours[6].closes_minute), (7, 7, 1440));
    let staff = network.does(anybody, async |actor| list_staff(actor, FacilityId(hospital)).await).await;
    assert_eq!(
        (staff[0].department_id, staff[0].department.as_deref()),
        (Some(DepartmentId(imaging)), Some("Imaging"))
    );

    let categories = network.does(anybody, async |actor| list_categories(actor).await).await;
    let known: Vec<_> = categories.iter().filter(|one| one.facilities > 0).map(|one| one.title.as_str()).collect();
    assert_eq!(known, ["Clinic", "Emergency centre", "Hospital"]);
    assert_eq!(categories.len(), 8);
    for (category, organisation, found) in [
        (Some("emergency_center"), None, vec![hospital]),
        (Some("hospital"), None, vec![hospital]),
        (Some("clinic"), None, vec![clinic]),
        (None, Some(whole), vec![hospital]),
        (None, Some(NETWORK.parse().unwrap()), vec![clinic, hospital]),
        (Some("pharmacy"), None, vec![]),
    ] {
        let query =
            FacilityQuery { category, organisation: organisation.map(OrganisationId), ..FacilityQuery::default() };
        let shown = network.does(anybody, async |actor| find_facilities(actor, &query).await).await;
        let mut keys: Vec<_> = shown.iter().map(|facility| facility.facility_id.0).collect();
        let mut expected = found;
        keys.sort();
        expected.sort();
        assert_eq!(keys, expected, "{query:?}");
        for facility in shown.iter().filter(|facility| facility.facility_id.0 == hospital) {
            assert_eq!(facility.categories, ["hospital", "emergency_center"], "the main one first");
            assert_eq!((facility.organisation.as_str(), facility.part_of), ("North", None));
        }
    }
}

#[tokio::test]
async fn reviews_are_listed_without_their_author_and_day() {
    let mut practice = Practice::within(Network::owned().await).await;
    let (patient, provider) = (practice.patient, practice.provider);
    let visit = practice.taken_over(patient, &hours_ahead(-48, 30), "completed").await;
    let author = practice.network.account("patient", Some(patient)).await;
    let other = practice.member("regular").await;
    let reader = practice.network.account("patient", Some(other)).await;
    let moderator = practice.network.account("moderator", None).await;
    practice.network.run(&format!("SELECT care.review_visit('{visit}', 2, NULL, 'In haste')")).await;
    let network = &mut practice.network;
    let pending = ReviewQuery { state: Some("pending"), ..ReviewQuery::default() };
    let mut seen = Vec::new();
    for account in [author, reader, moderator] {
        let found = network.does(account, async |actor| list_reviews(actor, &pending).await).await;
        let published = network.does(account, async |actor| list_reviews(actor, &ReviewQuery::default()).await).await;
        seen.push((found.len(), published.len()));
    }
    assert_eq!(seen, [(1, 0), (0, 0), (1, 0)]);
    network.run("UPDATE care.review SET state = 'published'").await;
    let query =
        ReviewQuery { provider: Some(healthtrack::model::people::ProviderId(provider)), ..ReviewQuery::default() };
    let found = network.does(reader, async |actor| list_reviews(actor, &query).await).await;
    assert_eq!((found[0].provider_stars, found[0].facility_stars), (Some(2), None));
    assert!(found[0].written_in.to_string().ends_with("-01"), "the month alone");
    let nobody = ReviewQuery { facility: Some(FacilityId(visit)), ..ReviewQuery::default() };
    assert_eq!(network.does(reader, async |actor| list_reviews(actor, &nobody).await).await, []);
}
