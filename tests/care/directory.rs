//! States, cities, facilities and people: what cannot be said of them.

use healthtrack::model::people::FacilityId;
use healthtrack::store::care::directory::{FacilityQuery, ProviderQuery, find_facilities, find_providers};

use super::network::Network;
use super::practice::{Practice, hours_ahead};

#[tokio::test]
async fn a_city_name_may_stand_in_two_states_and_never_twice_in_one() {
    let mut network = Network::new().await;
    network
        .run("INSERT INTO care.state (country, code, name) VALUES ('US', 'IL', 'Illinois'), ('US', 'MA', 'Massachusetts');
              INSERT INTO care.city (state_id, name) SELECT state_id, 'Springfield' FROM care.state")
        .await;
    let again =
        "INSERT INTO care.city (state_id, name) SELECT state_id, 'Springfield' FROM care.state WHERE code = 'IL'";
    assert_eq!(network.refusal(again).await, "city_name_is_unique_in_its_state");
}

#[tokio::test]
async fn two_people_never_wear_one_device_at_one_moment() {
    let mut network = Network::new().await;
    let (one, two) = (network.patient().await, network.patient().await);
    network
        .run("INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('watch-7', now(), 'operator')")
        .await;
    let wear = |patient, period: &str| {
        format!(
            "INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{patient}', device_key, '{period}' FROM signal.device"
        )
    };
    network.run(&wear(one, "[2026-01-01, 2026-02-01)")).await;
    assert_eq!(network.refusal(&wear(two, "[2026-01-31,)")).await, "wear_device_is_exclusive");
    network.run(&wear(two, "[2026-02-01,)")).await;
    assert_eq!(network.refusal(&wear(two, "(2025-01-01, 2025-02-01]")).await, "wear_period_is_half_open");
}

#[tokio::test]
async fn an_edit_based_on_an_old_version_changes_nothing() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let edit =
        format!("UPDATE care.patient SET sex = 'other' WHERE patient_id = '{patient}' AND version = 1 RETURNING sex");
    assert_eq!(network.rows(&edit).await, ["other"]);
    assert_eq!(network.rows(&edit).await, [""; 0], "somebody was faster");
}

#[tokio::test]
async fn opening_hours_of_a_day_never_overlap_and_a_closed_day_has_none() {
    let mut network = Network::new().await;
    let clinic = network.facility("IL", "clinic").await;
    let hours = |weekday: i32, opens: i32, closes: i32| {
        format!(
            "INSERT INTO care.opening_hours (facility_id, weekday, opens_minute, closes_minute)
             VALUES ('{clinic}', {weekday}, {opens}, {closes})"
        )
    };
    for good in [hours(1, 480, 720), hours(1, 720, 1080), hours(2, 0, 1440)] {
        network.run(&good).await;
    }
    for (bad, rule) in [
        (hours(1, 700, 730), "opening_hours_do_not_overlap"),
        (hours(3, 720, 480), "opening_hours_close_after_they_open"),
        (hours(3, 480, 1441), "opening_hours_are_within_the_day"),
        (hours(0, 480, 720), "opening_hours_weekday_is_iso_8601"),
    ] {
        assert_eq!(network.refusal(&bad).await, rule, "{bad}");
    }
    let day = |opens: &str, closes: &str| {
        format!(
            "INSERT INTO care.special_day (facility_id, falls_on, opens_minute, closes_minute, title)
             VALUES ('{clinic}', '2027-01-01', {opens}, {closes}, 'New Year''s Day')"
        )
    };
    network.run(&day("600", "720")).await;
    for (bad, rule) in [
        (day("NULL", "NULL"), "special_day_does_not_overlap"),
        (day("660", "780"), "special_day_does_not_overlap"),
        (day("800", "NULL"), "special_day_has_both_hours_or_none"),
        (day("900", "800"), "special_day_closes_after_it_opens"),
        (day("900", "1500"), "special_day_hours_are_within_the_day"),
        (day("900", "960").replace("New Year''s Day", " "), "special_day_title_is_some"),
    ] {
        assert_eq!(network.refusal(&bad).await, rule, "{bad}");
    }
}

#[tokio::test]
async fn a_facility_offers_known_services_once_and_a_patient_ranks_facilities() {
    let mut network = Network::new().await;
    let (clinic, other) = (network.facility("IL", "clinic").await, network.facility("IL", "hospital").await);
    let patient = network.patient().await;
    let offer = |service: &str| {
        format!("INSERT INTO care.facility_service (facility_id, service) VALUES ('{clinic}', '{service}')")
    };
    network.run(&offer("mri")).await;
    assert_eq!(network.refusal(&offer("mri")).await, "facility_service_is_offered_once");
    assert_eq!(network.refusal(&offer("alchemy")).await, "facility_service_service_fkey");
    let bad = "INSERT INTO care.service VALUES ('Bad Name', 'x')";
    assert_eq!(network.refusal(bad).await, "service_is_snake_case");

    let prefer = |facility, rank: i32| {
        format!(
            "INSERT INTO care.preferred_facility (patient_id, facility_id, rank) VALUES ('{patient}', '{facility}', {rank})"
        )
    };
    network.run(&prefer(clinic, 1)).await;
    assert_eq!(network.refusal(&prefer(other, 1)).await, "preferred_facility_rank_is_unique");
    assert_eq!(network.refusal(&prefer(other, 21)).await, "preferred_facility_rank_is_small");
    network.run(&prefer(other, 2)).await;
    network.run("UPDATE care.preferred_facility SET rank = 3 - rank").await;
    assert_eq!(network.refusal(&prefer(other, 3)).await, "preferred_facility_pkey");
}

#[tokio::test]
async fn what_a_provider_has_learned_has_its_issuer_and_period() {
    let mut network = Network::new().await;
    let (provider, other) = (network.provider().await, network.provider().await);
    let specialty = |specialty: &str, main: bool| {
        format!(
            "INSERT INTO care.provider_specialty (provider_id, specialty, main) VALUES ('{provider}', '{specialty}', {main})"
        )
    };
    network.run(&specialty("cardiology", true)).await;
    network.run(&specialty("internal_medicine", false)).await;
    assert_eq!(network.refusal(&specialty("surgery", true)).await, "provider_specialty_main_is_one");
    assert_eq!(network.refusal(&specialty("cardiology", false)).await, "provider_specialty_pkey");
    assert_eq!(network.refusal(&specialty("alchemy", false)).await, "provider_specialty_specialty_fkey");
    let bad = "INSERT INTO care.specialty VALUES ('alchemy', '207RC0000', 'Alchemy')";
    assert_eq!(network.refusal(bad).await, "specialty_nucc_code_has_its_shape");

    let qualification = |provider, title: &str, year: i32, number: &str, period: &str| {
        let (kind, country) = if title == "Licence" { ("license", "'US'") } else { ("degree", "NULL") };
        format!(
            "INSERT INTO care.qualification
                 (provider_id, kind, title, issuer, awarded_year, country, license_number, licensed_during)
             VALUES ('{provider}', '{kind}', '{title}', 'Illinois', {year}, {country}, {number}, {period})"
        )
    };
    network.run(&qualification(provider, "Doctor of Medicine", 2001, "NULL", "NULL")).await;
    network.run(&qualification(provider, "Licence", 2003, "'036-1'", "'[2003-05-01, 2027-08-01)'")).await;
    for (bad, rule) in [
        (qualification(provider, "Doctor of Medicine", 2001, "NULL", "NULL"), "qualification_is_not_repeated"),
        (qualification(provider, " ", 2001, "NULL", "NULL"), "qualification_title_is_some"),
        (qualification(provider, "Board", 1066, "NULL", "NULL"), "qualification_year_is_believable"),
        (
            qualification(other, "Licence", 2004, "'036-1'", "'[2004-01-01,)'"),
            "qualification_license_is_unique_with_its_issuer",
        ),
        (qualification(other, "Licence", 2004, "'036-2'", "NULL"), "qualification_license_has_number_and_period"),
        (qualification(other, "Licence", 2004, "'036-2'", "'(,2030-01-01)'"), "qualification_license_begins"),
        (qualification(other, "Licence", 2004, "'036-2'", "'empty'"), "qualification_license_begins"),
    ] {
        assert_eq!(network.refusal(&bad).await, rule, "{bad}");
    }
}

#[tokio::test]
async fn a_provider_is_at_a_facility_for_a_time_and_in_one_place_at_each_hour() {
    let mut network = Network::new().await;
    let (clinic, hospital) = (network.facility("IL", "clinic").await, network.facility("IL", "hospital").await);
    let provider = network.provider().await;
    let affiliation = |role: &str, period: &str| {
        format!(
            "INSERT INTO care.affiliation (provider_id, facility_id, role, valid_during)
             VALUES ('{provider}', '{clinic}', '{role}', '{period}')"
        )
    };
    network.run(&affiliation("attending", "[2025-01-01, 2026-01-01)")).await;
    network.run(&affiliation("director", "[2026-01-01,)")).await;
    network.run(&affiliation("attending", "[2026-01-01,)")).await;
    for (bad, rule) in [
        (affiliation("director", "[2027-01-01,)"), "affiliation_does_not_overlap"),
        (affiliation("wizard", "[2020-01-01, 2021-01-01)"), "affiliation_role_fkey"),
        (affiliation("nurse", "(,2021-01-01)"), "affiliation_begins"),
    ] {
        assert_eq!(network.refusal(&bad).await, rule, "{bad}");
    }

    let hours = |facility, from: i32, to: i32, period: &str| {
        format!(
            "INSERT INTO care.availability (provider_id, facility_id, weekday, starts_minute, ends_minute, valid_during)
             VALUES ('{provider}', '{facility}', 1, {from}, {to}, '{period}')"
        )
    };
    network.run(&hours(clinic, 480, 720, "[2026-01-01, 2027-01-01)")).await;
    network.run(&hours(hospital, 720, 960, "[2026-01-01, 2027-01-01)")).await;
    network.run(&hours(hospital, 480, 720, "[2027-01-01,)")).await;
    for (bad, rule) in [
        (hours(hospital, 600, 660, "[2026-06-01, 2026-07-01)"), "availability_does_not_overlap"),
        (hours(clinic, 1000, 900, "[2026-01-01,)"), "availability_ends_after_it_starts"),
        (hours(clinic, 1000, 1500, "[2026-01-01,)"), "availability_is_within_the_day"),
        (hours(clinic, 1000, 1100, "(,)"), "availability_begins"),
        (hours(clinic, 1000, 1100, "[2026-01-01,)").replace(", 1, ", ", 8, "), "availability_weekday_is_iso_8601"),
    ] {
        assert_eq!(network.refusal(&bad).await, rule, "{bad}");
    }
    let reserve = "UPDATE care.availability SET reserved_hours = 0";
    assert_eq!(network.refusal(reserve).await, "availability_is_reserved_for_a_while");

    let exception = |kind: &str, facility: &str, period: &str| {
        format!(
            "INSERT INTO care.availability_exception (provider_id, facility_id, kind, during)
             VALUES ('{provider}', {facility}, '{kind}', '{period}')"
        )
    };
    let here = format!("'{clinic}'");
    network.run(&exception("off", "NULL", "[2026-07-01, 2026-07-20)")).await;
    network.run(&exception("extra", &here, "[2026-07-04 08:00, 2026-07-04 12:00)")).await;
    network.run(&exception("off", &here, "[2026-09-01, 2026-09-03)")).await;
    for (bad, rule) in [
        (exception("off", "NULL", "[2026-07-19, 2026-07-21)"), "availability_exception_does_not_overlap"),
        (exception("off", &here, "[2026-09-02, 2026-09-04)"), "availability_exception_off_at_a_place_does_not_overlap"),
        (exception("extra", "NULL", "[2026-09-01, 2026-09-02)"), "availability_exception_extra_has_a_place"),
        (exception("extra", &here, "[2026-09-01, 2026-09-03)"), "availability_exception_extra_is_a_day_at_most"),
        (exception("off", "NULL", "[2026-09-01,)"), "availability_exception_is_half_open"),
        (exception("maybe", "NULL", "[2026-09-01, 2026-09-02)"), "availability_exception_kind_is_known"),
    ] {
        assert_eq!(network.refusal(&bad).await, rule, "{bad}");
    }
}

#[tokio::test]
async fn a_patient_has_one_membership_at_a_time() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let member = |plan: &str, period: &str| {
        format!(
            "INSERT INTO care.membership (patient_id, plan, valid_during) VALUES ('{patient}', '{plan}', '{period}')"
        )
    };
    let plan = format!("SELECT (care.plan_of('{patient}')).plan");
    assert_eq!(network.one(&plan).await, "regular", "who has no membership is regular");
    network.run(&member("regular", "[2020-01-01, 2021-01-01)")).await;
    network.run(&member("premium", "[2021-01-01,)")).await;
    assert_eq!(network.one(&plan).await, "premium");
    for (bad, rule) in [
        (member("regular", "[2022-01-01, 2023-01-01)"), "membership_is_one_at_a_time"),
        (member("golden", "[2019-01-01, 2020-01-01)"), "membership_plan_fkey"),
        (member("regular", "(2019-01-01, 2020-01-01]"), "membership_period_is_half_open"),
    ] {
        assert_eq!(network.refusal(&bad).await, rule, "{bad}");
    }
    let bad = "UPDATE care.membership_plan SET lead_days = 0";
    assert_eq!(network.refusal(bad).await, "membership_plan_lead_is_a_year_at_most");
}

#[tokio::test]
async fn facilities_and_providers_are_found_by_place_kind_service_and_field_the_best_rated_first() {
    let mut practice = Practice::new().await;
    let (plain, good) = (practice.facility, practice.network.facility("MA", "hospital").await);
    let (provider, colleague) = (practice.provider, practice.provider().await);
    practice
        .network
        .run(&format!(
            "INSERT INTO care.facility_service (facility_id, service) VALUES ('{good}', 'mri'), ('{good}', 'ct'), ('{plain}', 'ct');
             INSERT INTO care.provider_specialty (provider_id, specialty, main)
             VALUES ('{provider}', 'cardiology', true), ('{provider}', 'internal_medicine', false),
                    ('{colleague}', 'internal_medicine', true)"
        ))
        .await;
    for (facility, stars, hour) in [(plain, 3, -30), (plain, 4, -40), (good, 5, -50)] {
        practice.facility = facility;
        let visit = practice.taken_over(practice.patient, &hours_ahead(hour, 30), "completed").await;
        practice.network.run(&format!("SELECT care.review_visit('{visit}', {stars}, {stars})")).await;
    }
    practice.network.run("UPDATE care.review SET state = 'published'").await;

    let anybody = practice.network.account("analyst", None).await;
    let query = |city, state, category, service| FacilityQuery { city, state, category, service, organisation: None };
    for (query, expected) in [
        (query(Some("springfield"), None, None, None), vec![good, plain]),
        (query(Some("Springfield"), Some("IL"), None, None), vec![plain]),
        (query(None, None, Some("hospital"), None), vec![good]),
        (query(None, None, None, Some("ct")), vec![good, plain]),
        (query(None, Some("IL"), None, Some("mri")), vec![]),
        (query(Some("Chicago"), None, None, None), vec![]),
    ] {
        let found = practice.network.does(anybody, async |actor| find_facilities(actor, &query).await).await;
        assert_eq!(found.iter().map(|facility| facility.facility_id.0).collect::<Vec<_>>(), expected, "{query:?}");
    }
    let found =
        practice.network.does(anybody, async |actor| find_facilities(actor, &FacilityQuery::default()).await).await;
    assert_eq!((found[1].rating.reviews, found[1].rating.stars, found[1].open_now), (2, Some(3.5), true));
    assert_eq!(
        (found[0].services.as_slice(), found[0].open_now),
        (["ct".to_owned(), "mri".to_owned()].as_slice(), false)
    );

    let query = |specialty, facility| ProviderQuery { specialty, facility };
    for (query, expected) in [
        (query(Some("cardiology"), None), vec![provider]),
        (query(Some("internal_medicine"), Some(FacilityId(plain))), vec![provider, colleague]),
        (query(None, Some(FacilityId(good))), vec![]),
    ] {
        let found = practice.network.does(anybody, async |actor| find_providers(actor, &query).await).await;
        assert_eq!(found.iter().map(|provider| provider.provider_id.0).collect::<Vec<_>>(), expected, "{query:?}");
    }
    let found =
        practice.network.does(anybody, async |actor| find_providers(actor, &ProviderQuery::default()).await).await;
    assert_eq!(found[0].specialties, ["cardiology", "internal_medicine"], "the main one first");
    assert_eq!((found[0].name.as_str(), found[0].rating.reviews, found[1].rating.stars), ("Ada Okafor", 3, None));
}

#[tokio::test]
async fn a_page_of_a_facility_is_reached_over_tls_only() {
    let mut network = Network::new().await;
    let facility = network.facility("IL", "clinic").await;
    let link = |url: &str| format!("UPDATE care.facility SET booking_url = '{url}' WHERE facility_id = '{facility}'");
    network.run(&link("https://clinic.example.org/book")).await;
    assert_eq!(network.refusal(&link("http://clinic.example.org/book")).await, "web_address_is_https");
    assert_eq!(network.refusal(&link(&format!("https://{}", "a".repeat(501)))).await, "web_address_is_https");
}

#[tokio::test]
async fn an_emergency_without_a_reason_or_an_end_opens_nothing() {
    let mut network = Network::new().await;
    let (patient, provider) = (network.patient().await, network.provider().await);
    let open = |upper: &str, reason: &str| {
        format!(
            "INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis, reason)
             VALUES ('{patient}', '{provider}', tstzrange(now(), {upper}), 'emergency', {reason})"
        )
    };
    let hour = "now() + INTERVAL '60 minutes'";
    let rule = "care_relationship_emergency_is_short_and_explained";
    for (upper, reason) in [(hour, "NULL"), ("NULL", "'unconscious'"), ("now() + INTERVAL '2 hours'", "'unconscious'")]
    {
        assert_eq!(network.refusal(&open(upper, reason)).await, rule);
    }
    network.run(&open(hour, "'unconscious'")).await;
}
