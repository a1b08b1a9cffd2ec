//! One person, one record: whoever registers is shown who is known already, by the least that tells people apart; two records
//! of one person are joined and separated; national numbers are sealed.

use uuid::Uuid;

use super::caller::Caller;
use super::network::Network;
use super::practice::{Practice, hours_ahead};

/// People who are known, by name, birth date, town and telephone.
async fn known(network: &mut Network, family: &str, given: &str, born_on: &str, phone: Option<&str>) -> Uuid {
    let patient = network
        .id(&format!(
            "INSERT INTO care.patient (born_on, sex, time_zone) VALUES ('{born_on}', 'female', 'America/Chicago')
             RETURNING patient_id"
        ))
        .await;
    let phone = phone.map_or_else(String::new, |phone| {
        format!(
            "INSERT INTO care.contact_point (patient_id, system, use, value, rank)
             VALUES ('{patient}', 'phone', 'mobile', '{phone}', 1);"
        )
    });
    network
        .run(&format!(
            "INSERT INTO care.patient_name (patient_id, use, family, given)
             VALUES ('{patient}', 'official', $n${family}$n$, ARRAY[$n${given}$n$]);
             INSERT INTO care.address (patient_id, use, lines, city, postal_code)
             VALUES ('{patient}', 'home', '{{1 Main Street}}', 'Springfield', '62701'); {phone}"
        ))
        .await;
    patient
}

fn person(family: &str, given: &str, born_on: &str, phone: &str) -> String {
    format!(
        r#"{{"born_on": "{born_on}", "sex": "female", "time_zone": "UTC",
            "names": [{{"use": "official", "family": "{family}", "given": ["{given}"]}}],
            "contacts": [{{"system": "phone", "use": "mobile", "value": "{phone}"}}]}}"#
    )
}

fn propose(family: &str, given: &str, born_on: &str, phone: &str) -> String {
    format!("propose_patient($t, $n${}$n$)", person(family, given, born_on, phone))
}

async fn desk(network: &mut Network) -> Caller {
    let facility = network.facility("IL", "clinic").await;
    let account = network.account("front_desk", Some(facility)).await;
    Caller::of(network, account).await
}

#[tokio::test]
async fn registration_shows_who_may_be_the_same_person() {
    let mut network = Network::owned().await;
    known(&mut network, "O'Brien", "Siobhán", "1980-05-07", Some("+12175550100")).await;
    known(&mut network, "Schmidt", "Ann", "1991-03-12", None).await;
    known(&mut network, "山田", "花子", "1975-11-30", None).await;
    known(&mut network, "Jones", "Ann", "1991-03-12", None).await;
    let mut desk = desk(&mut network).await;
    let none = "+13125550111";
    for (typed, found) in [
        (("O'Brien", "Siobhán", "1980-05-07", "+12175550100"), "O'Brien 1980 Springfield 1.00"),
        (("OBrien", "Siobhan", "1980-07-05", none), "O'Brien 1980 Springfield 0.75"),
        (("Brady", "Siobhan", "1980-05-07", "+12175550100"), "O'Brien 1980 Springfield 0.80"),
        (("Smith", "Anne", "1991-03-12", none), "Schmidt 1991 Springfield 0.91"),
        (("Shcmidt", "Ann", "1991-03-12", none), "Schmidt 1991 Springfield 0.95"),
        (("Ann", "Schmidt", "1991-03-12", none), "Schmidt 1991 Springfield 0.94"),
        (("Schmidt", "Ann", "1991-03-22", none), "Schmidt 1991 Springfield 0.88"),
        (("山田", "花子", "1975-11-30", none), "山田 1975 Springfield 1.00"),
        (("Schmidt", "Ann", "1990-10-10", none), ""),
        (("Garcia", "Luz", "1991-03-12", none), ""),
        (("Schmidt", "Ann", "unknown", none), ""),
    ] {
        let (family, given, born_on, phone) = typed;
        let proposal = desk.key(&propose(family, given, born_on, phone)).await;
        let columns = "concat_ws(' ', family, born_in, town, score)";
        let shown = desk.asks(&format!("SELECT {columns} FROM api.read_matches($t, '{proposal}')")).await.unwrap();
        assert_eq!(shown.first().map_or("", String::as_str), found, "{typed:?}");
    }
}

#[tokio::test]
async fn who_was_shown_is_recorded_before_it_and_one_of_few() {
    let mut network = Network::owned().await;
    let ann = known(&mut network, "Schmidt", "Ann", "1991-03-12", None).await;
    known(&mut network, "Smith", "Ann", "1991-03-12", None).await;
    let facility = network.facility("IL", "clinic").await;
    let account = network.account("front_desk", Some(facility)).await;
    let (mut desk, mut other) = (Caller::of(&network, account).await, Caller::of(&network, account).await);
    let like = propose("Schmidt", "Ann", "1991-03-12", "+13125550111");
    let at_once = format!("SELECT (SELECT count(*) FROM api.read_matches($t, api.{like}))::text");
    let refused = Err("reading_comes_before_writing".to_owned());
    assert_eq!(desk.asks(&at_once).await, refused, "not in the transaction that proposes");

    let proposal = desk.key(&like).await;
    let events = format!(
        "SELECT reason || ' ' || part FROM access.audit_event WHERE patient_id = '{ann}' AND resource LIKE 'care.patient%'"
    );
    assert_eq!(network.rows(&events).await, ["registration front_desk"]);
    assert_eq!(
        network.one("SELECT count(*)::text FROM access.unexplained_access").await,
        "0",
        "a registration explains it"
    );
    let read = |proposal: Uuid| format!("SELECT match::text FROM api.read_matches($t, '{proposal}')");
    let matches = desk.asks(&read(proposal)).await.unwrap();
    assert_eq!(matches.len(), 2);
    assert_eq!(other.asks(&read(proposal)).await, Err("proposal_is_recorded".to_owned()), "another session");

    let choose = |chosen: &str| format!("choose_match($t, '{proposal}', '{chosen}')");
    assert_eq!(other.refused(&choose(&matches[0])).await, "proposal_is_recorded");
    assert_eq!(desk.refused(&choose(&proposal.to_string())).await, "match_is_of_the_proposal");
    assert_eq!(desk.key(&choose(&matches[0])).await, ann);
    assert_eq!(network.rows(&events).await.len(), 2, "and the choice");
    assert_eq!(desk.refused(&choose(&matches[1])).await, "proposal_is_recorded", "one");
    assert_eq!(desk.reads("record", "read_record", ann, "'row'").await, [""; 0], "the key opens nothing");

    network.run("UPDATE access.cap SET most = 1 WHERE cap = 'matches_a_registration'").await;
    let proposal = desk.key(&like).await;
    assert_eq!(desk.asks(&read(proposal)).await.unwrap().len(), 1);
    network.run("UPDATE access.proposal SET proposed_at = proposed_at - INTERVAL '6 minutes'").await;
    assert_eq!(desk.asks(&read(proposal)).await, Err("proposal_is_recorded".to_owned()), "too late");
    network.run("SELECT access.forget_looks()").await;
    assert_eq!(network.one("SELECT count(*)::text FROM access.proposal_match").await, "0");
    let patient = network.account("patient", Some(ann)).await;
    let mut patient = Caller::of(&network, patient).await;
    assert_eq!(patient.refused(&like).await, "patient_is_registered_by_staff");
}

#[tokio::test]
async fn a_birth_date_that_is_not_known_is_compared_with_nothing() {
    let mut network = Network::owned().await;
    let lee = known(&mut network, "Lee", "Kim", "1970-01-01", Some("+12175550177")).await;
    network.run("ALTER TABLE care.patient ALTER COLUMN born_on DROP NOT NULL").await;
    network.run("UPDATE care.patient SET born_on = NULL").await;
    let mut desk = desk(&mut network).await;
    for (phone, found) in [("+12175550177", "Lee 1.00"), ("+12175550178", "")] {
        let proposal = desk.key(&propose("Lee", "Kim", "1970-01-01", phone)).await;
        let shown = format!("SELECT concat_ws(' ', family, born_in, score) FROM api.read_matches($t, '{proposal}')");
        assert_eq!(desk.asks(&shown).await.unwrap().concat(), found);
    }
    let nothing = format!("SELECT count(*)::text FROM access.proposal_match WHERE patient_id <> '{lee}'");
    assert_eq!(network.one(&nothing).await, "0");
}

#[tokio::test]
async fn candidates_are_found_by_indexes_and_never_by_reading_all() {
    let mut network = Network::new().await;
    network
        .run(
            "INSERT INTO care.patient (born_on, sex, time_zone)
             SELECT '1930-01-01'::date + n, 'male', 'UTC' FROM generate_series(1, 20000) AS n;
             INSERT INTO care.patient_name (patient_id, use, family, given)
             SELECT patient_id, 'official', 'King', '{Ada}' FROM care.patient;
             INSERT INTO care.contact_point (patient_id, system, use, value, rank)
             SELECT patient_id, 'phone', 'home', '+1217' || 1000000 + row_number() OVER (), 1 FROM care.patient;
             ANALYZE care.patient; ANALYZE care.patient_name; ANALYZE care.contact_point",
        )
        .await;
    let likeness =
        "SELECT care.likeness_of_births('1980-03-31', day)::text FROM unnest(care.births_like('1980-03-31')) AS day";
    assert!(network.rows(likeness).await.iter().all(|like| like == "1" || like == "0.7"));
    let same = "SELECT (count(*) = (SELECT count(*) FROM care.patient p
                        WHERE care.likeness_of_births('1950-03-12', p.born_on) >= 0.7))::text
                FROM care.patient WHERE born_on = ANY (care.births_like('1950-03-12'))";
    assert_eq!(network.one(same).await, "true", "no date that is like one is left out");
    // What a session has read is counted until it is reported: so before and after.
    let read = "SELECT sum(coalesce(pg_stat_get_xact_tuples_returned(c.oid), 0))::text FROM pg_class c
         WHERE c.oid = ANY ('{care.patient,care.patient_name,care.contact_point}'::regclass[])";
    network.run("BEGIN").await;
    let before = network.one(read).await;
    let typed = person("King", "Ada", "1950-03-12", "+12171000009");
    network.run(&format!("SELECT count(*) FROM access.find_same_person('{typed}')")).await;
    assert_eq!(network.one(read).await, before, "whole tables were read for it");
    network.run("SELECT count(*) FROM care.patient WHERE sex = 'male'").await;
    assert_ne!(network.one(read).await, before, "the count sees what it should");
}

/// Two records of one person, a provider in care of both, and one of neither.
struct Twice {
    practice: Practice,
    joined: Uuid,
    survivor: Uuid,
    carer: Caller,
    stranger: Caller,
}

impl Twice {
    async fn new() -> Twice {
        let mut practice = Practice::within(Network::owned().await).await;
        let (joined, survivor) = (practice.patient, practice.network.patient().await);
        let provider = practice.provider;
        practice.network.put_in_care(joined, provider).await;
        practice.network.put_in_care(survivor, provider).await;
        let account = practice.account("provider", Some(provider)).await;
        let carer = Caller::of(&practice.network, account).await;
        let other = practice.network.provider().await;
        let other = practice.account("provider", Some(other)).await;
        let stranger = Caller::of(&practice.network, other).await;
        Twice { practice, joined, survivor, carer, stranger }
    }

    fn join(&self, patient: Uuid, survivor: Uuid) -> String {
        format!("join_records($t, '{patient}', '{survivor}', 'Same person by birth date and passport')")
    }
}

#[tokio::test]
async fn a_joined_record_takes_no_new_facts_until_it_is_separated() {
    let mut twice = Twice::new().await;
    let (joined, survivor) = (twice.joined, twice.survivor);
    twice.practice.taken_over(joined, &hours_ahead(30, 30), "booked").await;
    let join = twice.join(joined, survivor);
    assert_eq!(twice.stranger.refused(&join).await, "records_are_joined_by_who_sees_both");
    let link = twice.carer.key(&join).await;
    let allergy = |patient: Uuid| {
        format!("add_allergy($t, '{patient}', 'food', 'Peanut', 'high', NULL, NULL, 'confirmed', NULL)")
    };
    assert_eq!(twice.carer.refused(&allergy(joined)).await, "record_takes_facts_until_joined");
    twice.carer.key(&allergy(survivor)).await;
    let columns = "goes_on || ' ' || other || ' ' || (ended_at IS NULL)";
    let told = twice.carer.reads("joined_records", "read_joined_records", joined, columns).await;
    assert_eq!(told, [format!("true {survivor} true")]);
    let told = twice.carer.reads("joined_records", "read_joined_records", survivor, columns).await;
    assert_eq!(told, [format!("false {joined} true")]);
    assert_eq!(twice.stranger.reads("joined_records", "read_joined_records", joined, columns).await, [""; 0]);
    let visits = twice.carer.reads("appointments", "read_appointments", joined, "status").await;
    assert_eq!(visits, ["booked"], "what stands there is read there");
    let audited = "SELECT count(*)::text FROM access.audit_event WHERE resource LIKE 'care.patient_link/%'";
    assert_eq!(twice.practice.network.one(audited).await, "2", "for each of both");

    let separate = format!("separate_records($t, '{link}', 'Two people after all')");
    assert_eq!(twice.stranger.refused(&separate).await, "patient_link_stands");
    assert_eq!(twice.carer.refused(&separate.replace("Two people after all", "x")).await, "patient_link_end_says_why");
    twice.carer.tries(&separate).await.unwrap();
    assert_eq!(twice.carer.refused(&separate).await, "patient_link_stands", "once");
    twice.carer.key(&allergy(joined)).await;
    let again = twice.carer.key(&join).await;
    let officer = twice.practice.account("privacy_officer", None).await;
    let mut officer = Caller::of(&twice.practice.network, officer).await;
    officer.tries(&format!("separate_records($t, '{again}', 'Joined by mistake')")).await.unwrap();
}

#[tokio::test]
async fn links_make_no_chain_and_change_only_by_their_end() {
    let mut twice = Twice::new().await;
    let (joined, survivor) = (twice.joined, twice.survivor);
    let third = twice.practice.network.patient().await;
    let provider = twice.practice.provider;
    twice.practice.network.put_in_care(third, provider).await;
    twice.carer.key(&twice.join(joined, survivor)).await;
    for (patient, onto, rule) in [
        (survivor, third, "patient_links_make_no_chain"),
        (third, joined, "patient_links_make_no_chain"),
        (joined, third, "patient_link_joins_once"),
        (third, third, "patient_link_is_of_two_records"),
    ] {
        assert_eq!(twice.carer.refused(&twice.join(patient, onto)).await, rule);
    }
    twice.carer.key(&twice.join(third, survivor)).await;
    let why = twice.join(joined, survivor).replace("Same person by birth date and passport", "x");
    twice
        .practice
        .network
        .run("UPDATE care.patient_link SET ended_at = now(), ended_by = 'owner', end_reason = 'No proof'")
        .await;
    assert_eq!(twice.carer.refused(&why).await, "patient_link_says_why");
    for change in ["ended_at = NULL, ended_by = NULL, end_reason = NULL", "reason = 'Another reason'"] {
        let changed = format!("UPDATE care.patient_link SET {change}");
        assert_eq!(twice.practice.network.refusal(&changed).await, "patient_link_is_ended_and_not_altered");
    }
}

#[tokio::test]
async fn a_fact_that_is_being_written_is_waited_for_and_none_comes_after() {
    let mut twice = Twice::new().await;
    let (joined, survivor) = (twice.joined, twice.survivor);
    let write = |patient: Uuid| {
        format!(
            "INSERT INTO care.related_person (patient_id, relationship, family) VALUES ('{patient}', 'friend', 'Ito')"
        )
    };
    let link = format!(
        "INSERT INTO care.patient_link (patient_id, survivor_id, reason) VALUES ('{joined}', '{survivor}', 'Same person')"
    );
    let mut other = twice.practice.network.connection().await;
    twice.practice.network.run(&format!("BEGIN; {}", write(joined))).await;
    let waits = sqlx::raw_sql("SET lock_timeout = '100ms'").execute(&mut other).await;
    waits.unwrap();
    let refused = super::network::refused_by(
        sqlx::raw_sql(sqlx::AssertSqlSafe(link.clone())).execute(&mut other).await,
        "joining waits for whoever writes",
    );
    assert_eq!(refused, "55P03");
    twice.practice.network.run(&format!("COMMIT; {link}")).await;
    assert_eq!(twice.practice.network.refusal(&write(joined)).await, "record_takes_facts_until_joined");
    let corrected = format!("UPDATE care.patient SET sex = 'other' WHERE patient_id = '{joined}'");
    twice.practice.network.run(&corrected).await;
    let open = "SELECT c.relname::text FROM pg_class c
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'patient_id' AND NOT a.attisdropped
         WHERE c.relnamespace = 'care'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
           AND c.relname = ANY ('{appointment,encounter,condition,procedure,allergy,immunization,prescription,
               medication_statement,lab_order,lab_result,imaging_study,clinical_report,questionnaire_response,care_plan,goal,
               enrolment,journal_entry,invoice,coverage,membership,wear,waitlist_entry,identifier,family_history}')
           AND NOT EXISTS (SELECT FROM pg_trigger t
                           WHERE t.tgrelid = c.oid AND t.tgfoid = 'care.refuse_facts_of_joined'::regproc)";
    assert_eq!(twice.practice.network.rows(open).await, [""; 0]);
    let plant = "CREATE TABLE care.injected (patient_id uuid); CALL access.guard('care.injected', 'chart');
                 CALL care.close_joined_records()";
    twice.practice.network.run(plant).await;
    let planted = format!("INSERT INTO care.injected VALUES ('{joined}')");
    assert_eq!(twice.practice.network.refusal(&planted).await, "record_takes_facts_until_joined");
}

#[tokio::test]
async fn a_national_number_is_sealed_found_by_its_digest_and_read_by_a_look_of_its_own() {
    let mut twice = Twice::new().await;
    let (one, two) = (twice.joined, twice.survivor);
    let add = |patient: Uuid, system: &str, issuer: &str, value: &str| {
        format!("add_identifier($t, '{patient}', '{system}', {issuer}, '{value}', NULL)")
    };
    let number = twice.carer.key(&add(one, "ssn", "NULL", "123-45-6789")).await;
    assert_eq!(twice.stranger.refused(&add(one, "ssn", "NULL", "123-45-6780")).await, "row_is_within_rights");
    assert_eq!(twice.carer.refused(&add(two, "ssn", "NULL", "123-45-6789")).await, "identifier_of_a_system_is_unique");
    assert_eq!(twice.carer.refused(&add(two, "ssn", "NULL", "123-45-0000")).await, "identifier_value_fits_its_system");
    assert_eq!(twice.carer.refused(&add(two, "passport", "'?'", "AB123456")).await, "identifier_issuer_is_a_name");
    // Two states give one number to two people; one state gives it once.
    twice.carer.key(&add(one, "driver_license", "'US-IL'", "D1234567")).await;
    twice.carer.key(&add(two, "driver_license", "'US-MA'", "D1234567")).await;
    let third = twice.practice.network.patient().await;
    let provider = twice.practice.provider;
    twice.practice.network.put_in_care(third, provider).await;
    let taken = twice.carer.refused(&add(third, "driver_license", "'US-IL'", "D1234567")).await;
    assert_eq!(taken, "identifier_of_a_system_is_unique");

    let masked =
        twice.carer.reads("identifiers", "read_identifiers", one, "concat_ws(' ', system, issuer, masked)").await;
    assert_eq!(masked, ["driver_license US-IL ****4567", "ssn US-SSA *******6789"]);
    let numbers = twice.carer.reads("numbers", "read_numbers", one, "number").await;
    assert_eq!(numbers, ["D1234567", "123-45-6789"]);
    assert_eq!(twice.stranger.reads("numbers", "read_numbers", one, "number").await, [""; 0]);
    let looked = format!(
        "SELECT resource FROM access.audit_event WHERE patient_id = '{one}' AND action = 'read' AND outcome = 'allowed'"
    );
    assert_eq!(twice.practice.network.rows(&looked).await, ["identifiers", "numbers"]);

    twice.carer.tries(&format!("end_identifier($t, '{number}')")).await.unwrap();
    let ended =
        format!("UPDATE care.identifier SET valid_during = '[2020-01-01,2020-02-01)' WHERE identifier_id = '{number}'");
    twice.practice.network.run(&ended).await;
    assert_eq!(twice.carer.refused(&format!("end_identifier($t, '{number}')")).await, "identifier_is_valid");
    let plain = "SELECT count(*)::text FROM (SELECT i::text AS row FROM care.identifier i UNION ALL SELECT h::text FROM care.record_version h
                     UNION ALL SELECT s::text FROM care.identifier_seal s) AS kept
                 WHERE row LIKE '%123-45-6789%' OR row LIKE '%D1234567%' OR position(encode('123-45-6789', 'hex') IN row) > 0";
    assert_eq!(twice.practice.network.one(plain).await, "0", "in no row, and no former version");
    let sealed = "SELECT count(DISTINCT sealed)::text FROM care.identifier_seal";
    assert_eq!(twice.practice.network.one(sealed).await, "3", "each under a key of its own");
    for login in ["portal", "care", "analyst", "roller", "ingest"] {
        let mut login = twice.practice.network.login(login).await;
        for secret in
            ["access.number_key", "care.identifier_seal", "care.open_number(NULL)", "care.digest_of('', '', '')"]
        {
            let read = sqlx::raw_sql(sqlx::AssertSqlSafe(format!("SELECT * FROM {secret}"))).execute(&mut login).await;
            assert_eq!(super::network::refused_by(read, secret), "42501", "{secret}");
        }
    }
    let plain = format!("UPDATE care.identifier SET system = 'passport' WHERE identifier_id = '{number}'");
    assert_eq!(twice.practice.network.refusal(&plain).await, "identifier_value_fits_its_system");
}
