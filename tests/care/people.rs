//! Names, addresses, contacts and numbers of patients: what cannot be said of them, and that registering is all or
//! nothing.

use super::network::Network;

#[tokio::test]
async fn a_patient_has_one_name_of_a_kind_at_a_time() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let name = |used: &str, family: &str, given: &str, during: &str| {
        format!(
            "INSERT INTO care.patient_name (patient_id, use, family, given, valid_during)
             VALUES ('{patient}', '{used}', '{family}', '{given}', '{during}')"
        )
    };
    network.run(&name("official", "Byron", "{Ada}", "[2000-01-01, 2010-07-08)")).await;
    network.run(&name("official", "King", "{Augusta,Ada}", "[2010-07-08,)")).await;
    network.run(&name("maiden", "Byron", "{Ada}", "[2010-07-08,)")).await;
    let again = network.refusal(&name("official", "Lovelace", "{Ada}", "[2020-01-01,)")).await;
    assert_eq!(again, "patient_name_is_one_at_a_time");
    assert_eq!(network.refusal(&name("usual", " ", "{Ada}", "(,)")).await, "patient_name_is_some");
    assert_eq!(network.refusal(&name("usual", "King", "{\"  \"}", "(,)")).await, "patient_name_is_some");
    assert_eq!(network.refusal(&name("stage", "King", "{Ada}", "(,)")).await, "patient_name_use_is_known");
    assert_eq!(network.refusal(&name("usual", "King", "{Ada}", "empty")).await, "patient_name_period_is_some");
    let long = "x".repeat(201);
    assert_eq!(network.refusal(&name("usual", &long, "{Ada}", "(,)")).await, "patient_name_is_short");
}

#[tokio::test]
async fn a_death_is_compared_with_the_birth_by_the_days_of_the_persons_zone() {
    let mut network = Network::new().await;
    let dies = |born_on: &str, deceased_at: &str, zone: &str| {
        format!(
            "INSERT INTO care.patient (born_on, deceased_at, sex, time_zone)
             VALUES ('{born_on}', '{deceased_at}', 'female', '{zone}')"
        )
    };
    for zone in ["UTC", "Asia/Tokyo", "Pacific/Honolulu"] {
        network.run(&format!("SET TimeZone = '{zone}'")).await;
        // One in the morning of the day of birth in Tokyo, when it is the day before in UTC.
        network.run(&dies("2026-03-02", "2026-03-01 16:00Z", "Asia/Tokyo")).await;
        let early = dies("2026-03-02", "2026-03-01 14:59Z", "Asia/Tokyo");
        assert_eq!(network.refusal(&early).await, "patient_dies_after_birth", "in {zone}");
        let west = dies("2026-03-02", "2026-03-02 05:59Z", "America/Chicago");
        assert_eq!(network.refusal(&west).await, "patient_dies_after_birth", "in {zone}");
    }
}

#[tokio::test]
async fn a_patient_has_one_address_of_a_kind_at_a_time() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let address = |used: &str, postal_code: &str, country: &str, during: &str| {
        format!(
            "INSERT INTO care.address (patient_id, use, lines, city, state, postal_code, country, valid_during)
             VALUES ('{patient}', '{used}', '{{1 Main Street}}', 'Springfield', 'IL', {postal_code}, '{country}', '{during}')"
        )
    };
    network.run(&address("home", "'62701'", "US", "[2020-01-01, 2022-01-01)")).await;
    network.run(&address("home", "'62701-1234'", "US", "[2022-01-01,)")).await;
    network.run(&address("work", "NULL", "IE", "(,)")).await;
    assert_eq!(network.refusal(&address("home", "'62701'", "US", "(,)")).await, "address_is_one_at_a_time");
    assert_eq!(network.refusal(&address("camp", "'62701'", "US", "(,)")).await, "address_use_is_known");
    assert_eq!(
        network.refusal(&address("billing", "'6270'", "US", "(,)")).await,
        "address_postal_code_fits_its_country"
    );
    assert_eq!(network.refusal(&address("billing", "NULL", "usa", "(,)")).await, "address_country_is_iso_3166");
}

#[tokio::test]
async fn a_patient_prefers_one_number_and_one_mail_address() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let contact = |system: &str, value: &str, rank: i32, preferred: bool| {
        format!(
            "INSERT INTO care.contact_point (patient_id, system, use, value, rank, preferred)
             VALUES ('{patient}', '{system}', 'home', '{value}', {rank}, {preferred})"
        )
    };
    network.run(&contact("phone", "+12175550100", 1, true)).await;
    network.run(&contact("phone", "+12175550101", 2, false)).await;
    network.run(&contact("email", "ada@example.org", 1, true)).await;
    let two = network.refusal(&contact("phone", "+12175550102", 3, true)).await;
    assert_eq!(two, "contact_point_preferred_is_one");
    let twice = network.refusal(&contact("phone", "+12175550100", 4, false)).await;
    assert_eq!(twice, "contact_point_is_listed_once");
    assert_eq!(network.refusal(&contact("phone", "+12175550103", 2, false)).await, "contact_point_rank_is_taken_once");
    assert_eq!(network.refusal(&contact("phone", "555-0100", 5, false)).await, "contact_point_value_fits_its_system");
    assert_eq!(network.refusal(&contact("email", "a@b@c", 5, false)).await, "contact_point_value_fits_its_system");
    assert_eq!(network.refusal(&contact("fax", "+12175550100", 5, false)).await, "contact_point_system_is_known");
}

#[tokio::test]
async fn a_number_is_written_as_its_system_writes_it_and_stands_once() {
    let mut network = Network::new().await;
    let (one, two) = (network.patient().await, network.patient().await);
    let (here, there) = (network.facility("IL", "hospital").await, network.facility("MA", "hospital").await);
    let number = |patient, facility: &str, system: &str, value: &str| {
        format!(
            "INSERT INTO care.identifier (patient_id, facility_id, system, value)
             VALUES ('{patient}', {facility}, '{system}', '{value}')"
        )
    };
    let (here, there) = (format!("'{here}'"), format!("'{there}'"));
    network.run(&number(one, &here, "mrn", "A-1001")).await;
    network.run(&number(two, &there, "mrn", "A-1001")).await;
    assert_eq!(network.refusal(&number(two, &here, "mrn", "A-1001")).await, "identifier_of_a_facility_is_unique");
    let nowhere = network.refusal(&number(two, "NULL", "mrn", "A-1002")).await;
    assert_eq!(nowhere, "identifier_facility_has_its_record_numbers");
    network.run(&number(one, "NULL", "ssn", "123-45-6789")).await;
    assert_eq!(network.refusal(&number(two, "NULL", "ssn", "123-45-6789")).await, "identifier_of_a_system_is_unique");
    for wrong in ["000-12-3456", "666-12-3456", "912-34-5678", "123-00-4567", "123-45-0000", "123456789"] {
        assert_eq!(
            network.refusal(&number(two, "NULL", "ssn", wrong)).await,
            "identifier_value_fits_its_system",
            "{wrong}"
        );
    }
    assert_eq!(network.one("SELECT masked FROM care.identifier WHERE system = 'ssn'").await, "*******6789");
    assert_eq!(network.rows("SELECT masked FROM care.identifier WHERE system = 'mrn'").await, ["***001", "***001"]);
}

#[tokio::test]
async fn codes_are_checked_to_their_last_digit() {
    let mut network = Network::new().await;
    let fitting = "SELECT count(*)::text FROM (VALUES
            ('loinc', '2345-7'), ('loinc', '4548-4'), ('loinc', '718-7'), ('loinc', '24331-1'), ('loinc', '58410-2'),
            ('snomed', '73211009'), ('snomed', '38341003'), ('snomed', '247472004'), ('snomed', '900000000000207008'),
            ('icd10', 'E11.9'), ('icd10', 'C7A.00'), ('icd10', 'S72.001A'), ('cvx', '08'), ('cvx', '140'),
            ('rxnorm', '860975'), ('atc', 'A10BA02')
        ) AS given (system, code) WHERE care.code_fits(system, code)";
    assert_eq!(network.one(fitting).await, "16");
    let wrong = "SELECT system || ' ' || code FROM (VALUES
            ('loinc', '2345-8'), ('loinc', '2354-7'), ('loinc', '02345-7'), ('snomed', '73211008'), ('snomed', '37211009'),
            ('snomed', '754786011'), ('icd10', 'E1'), ('icd10', 'EE1.9'), ('icd10', 'E1C'), ('cvx', '8'), ('cvx', '0140'),
            ('rxnorm', '0'), ('atc', 'A10B02'), ('imagined', '1')
        ) AS given (system, code) WHERE care.code_fits(system, code)";
    assert_eq!(network.rows(wrong).await, [""; 0]);
}

#[tokio::test]
async fn a_patient_is_registered_whole_or_not_at_all() {
    let mut network = Network::new().await;
    let register = |numbers: &str| {
        format!(
            r#"SELECT care.add_patient('{{"born_on": "1980-05-17", "sex": "female", "time_zone": "America/Chicago",
                "names": [{{"use": "official", "family": "King", "given": ["Ada"]}}],
                "addresses": [{{"use": "home", "lines": ["1 Main Street"], "city": "Springfield", "postal_code": "62701"}}],
                "contacts": [{{"system": "phone", "use": "mobile", "value": "+12175550100"}},
                             {{"system": "phone", "use": "home", "value": "+12175550101", "preferred": true}}],
                "identifiers": {numbers}}}')"#
        )
    };
    let bad = network.refusal(&register(r#"[{"system": "ssn", "value": "12"}]"#)).await;
    assert_eq!(bad, "identifier_value_fits_its_system");
    assert_eq!(network.one("SELECT count(*)::text FROM care.patient").await, "0", "nothing is left of it");
    let patient = network.id(&register(r#"[{"system": "ssn", "value": "123-45-6789"}]"#)).await;
    let first = "SELECT value FROM care.contact_point ORDER BY rank";
    assert_eq!(network.rows(first).await, ["+12175550101", "+12175550100"], "the preferred one comes first");
    let name = format!("SELECT care.record_summary('{patient}') #>> '{{name,family}}'");
    assert_eq!(network.one(&name).await, "King");
    let nameless =
        r#"SELECT care.add_patient('{"born_on": "1980-05-17", "sex": "other", "time_zone": "UTC", "names": []}')"#;
    assert_eq!(network.refusal(nameless).await, "patient_has_an_official_name");
}

#[tokio::test]
async fn staff_register_patients_and_whoever_did_may_see_the_record() {
    let mut network = Network::new().await;
    let provider = network.provider().await;
    let account = |part: &str, who: &str, key: &str| {
        format!(
            "INSERT INTO access.account (part, login, {who}) VALUES ('{part}', '{part}@example.org', '{key}')
             RETURNING account_id"
        )
    };
    let patient = network.patient().await;
    let patient = network.id(&account("patient", "patient_id", &patient.to_string())).await;
    let provider = network.id(&account("provider", "provider_id", &provider.to_string())).await;
    let register = r#"care.register_patient('{"born_on": "1990-01-01", "sex": "male", "time_zone": "UTC",
                        "names": [{"use": "official", "family": "Babbage", "given": ["Charles"]}]}')"#;
    let as_account = |account| {
        format!("BEGIN; SET LOCAL ROLE healthtrack_care; SET LOCAL healthtrack.actor = '{account}'; SELECT {register};")
    };
    assert_eq!(network.refusal(&as_account(patient)).await, "patient_is_registered_by_staff");
    network.run("ROLLBACK").await;
    let nobody = format!("BEGIN; SET LOCAL ROLE healthtrack_care; SELECT {register};");
    assert_eq!(network.refusal(&nobody).await, "patient_is_registered_by_staff", "nobody acts");
    network.run("ROLLBACK").await;
    let added = nobody.replace("register_patient", "add_patient");
    assert_eq!(network.refusal(&added).await, "42501", "and nobody has no rights of the own");
    network.run("ROLLBACK").await;
    network.run(&as_account(provider)).await;
    let seen = "SELECT family FROM care.patient_name";
    assert_eq!(network.rows(seen).await, ["Babbage"]);
    network.run("COMMIT").await;
}
