//! Results as they are recorded, signed and corrected, orders that they complete, what waits for a signature, whose
//! devices are silent, and who is found by birth and by number.

use axum::http::StatusCode;

use crate::house::Browser;
use crate::problems::cared_for;

const HBA1C: [(&str, &str); 7] = [
    ("title", "HbA1c <b>"),
    ("loinc", "4548-4"),
    ("number", "8.5"),
    ("unit", "%"),
    ("low", "4"),
    ("high", "5.7"),
    ("observed_at", "2026-03-02T08:00"),
];

/// A form with other values in some fields.
fn but<'a>(form: &[(&'a str, &'a str)], other: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form = form.to_vec();
    form.retain(|(name, _)| other.iter().all(|(known, _)| known != name));
    form.extend_from_slice(other);
    form
}

async fn told(carer: &Browser, path: &str, form: &[(&str, &str)], field: &str, sentence: &str) {
    let refused = carer.post(path, form).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    let (_, after) = refused.body.split_once(&format!("id=\"{field}-told\">")).unwrap();
    assert!(after.starts_with(&format!("<b class=\"grave\">{sentence}")), "{sentence}: {after}");
    assert!(refused.body.contains("HbA1c &#60;b&#62;"), "{}", refused.body);
}

#[tokio::test]
async fn a_result_is_recorded_signed_and_corrected_and_completes_what_was_ordered() {
    let (mut house, carer, path) = cared_for().await;
    let path = path.replace("problems", "results");
    let (new, requests) = (format!("{path}/new"), path.replace("results", "requests"));
    let facility = format!("facility {}", house.network.facility("IL", "clinic").await);
    let asked = [
        ("category", "laboratory"),
        ("title", "HbA1c"),
        ("code_system", "loinc"),
        ("code", "4548-4"),
        ("specimen", "blood"),
        ("whom", facility.as_str()),
        ("urgency", "urgent"),
        ("reason", "Thirst"),
    ];
    carer.post(&requests, &asked).await;
    let order = house.network.one("SELECT lab_order_id::text FROM care.lab_order").await;
    assert!(carer.get(&new).await.body.contains(&format!("<option value=\"{order}\">HbA1c</option>")));
    told(&carer, &new, &but(&HBA1C, &[("loinc", "4548-5")]), "result-loinc", "This is no code of LOINC.").await;
    told(&carer, &new, &but(&HBA1C, &[("finding", "High")]), "result-number", "Give a number, words, or").await;
    told(&carer, &new, &but(&HBA1C, &[("low", "6")]), "result-high", "").await;
    let first = carer.post(&new, &HBA1C).await;
    let one = first.location().strip_suffix("?done=saved").unwrap_or_else(|| panic!("{}", first.body)).to_owned();
    told(&carer, &new, &HBA1C, "result-observed_at", "A result of this test and time").await;
    // Of the order there is none before it was asked for.
    let of_order = but(&HBA1C, &[("order", order.as_str()), ("sign", "on"), ("observed_at", "2026-03-03T08:00")]);
    told(&carer, &new, &of_order, "result-observed_at", "A specimen cannot be taken before it was ordered.").await;
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.lab_result").await, "1");

    let shown = carer.get(&one).await.body;
    assert!(shown.contains("Sign this result") && shown.contains("Preliminary"), "{shown}");
    let signed = carer.post(&one, &[("act", "sign"), ("version", "1")]).await;
    assert_eq!(signed.location(), format!("{one}?done=signed"), "{}", signed.body);
    let twice = carer.post(&one, &[("act", "sign"), ("version", "1")]).await;
    assert!(twice.status != StatusCode::SEE_OTHER, "{}", twice.body);
    let silent = carer.post(&one, &[("act", "correct"), ("number", "5.8")]).await;
    assert!(
        silent.status == StatusCode::UNPROCESSABLE_ENTITY && silent.body.contains("value=\"5.8\""),
        "{}",
        silent.body
    );
    let correction = [("act", "correct"), ("number", "5.8"), ("remark", "Another <b> tube")];
    let corrected = carer.post(&one, &correction).await;
    let newer = corrected.location().strip_suffix("?done=saved").unwrap_or_else(|| panic!("{}", corrected.body));
    assert_ne!(newer, one);
    let shown = carer.get(newer).await.body;
    for told in ["<b>5.8 %</b>", "<del>8.5 %</del>", "Another &#60;b&#62; tube", "Amended"] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    let again = carer.post(&one, &correction).await;
    assert!(again.status != StatusCode::SEE_OTHER && !again.body.contains("name=\"remark\""), "{}", again.body);
    let listed = carer.get(&path).await.body;
    assert!(listed.contains("<del>8.5 %</del>") && listed.contains("Corrected"), "{listed}");

    house.network.run("UPDATE care.lab_order SET ordered_at = now() - INTERVAL '2 days'").await;
    let yesterday = yesterday(&mut house.network).await;
    let recorded = carer.post(&new, &but(&of_order, &[("observed_at", &yesterday)])).await;
    assert!(recorded.location().ends_with("?done=saved"), "{}", recorded.body);
    let ended = "SELECT o.status || ' ' || r.status FROM care.lab_order o, care.service_request r";
    assert_eq!(house.network.one(ended).await, "completed completed");
    assert!(!carer.get(&new).await.body.contains(&order));
    let list = carer.get("/worklist").await.body;
    assert!(list.contains(&format!("<a href=\"{path}\" aria-label=\"Results: Read the results: HbA1c")), "{list}");
}

/// A day ago as forms send it.
async fn yesterday(network: &mut crate::network::Network) -> String {
    network.one("SELECT to_char(now() - INTERVAL '1 day', 'YYYY-MM-DD\"T\"HH24:MI')").await
}

#[tokio::test]
async fn the_worklist_says_what_is_to_be_signed_and_whose_device_is_silent() {
    let (mut house, carer, path) = cared_for().await;
    let empty = carer.get("/worklist").await.body;
    for none in ["Nothing waits for your signature.", "Nobody&#39;s device is silent for longer than usual."] {
        assert!(empty.contains(none), "{none}: {empty}");
    }
    let notes = path.replace("problems", "notes");
    for place in 0..21 {
        let title = format!("Call {place} <b>");
        carer.post(&notes, &[("kind", "11506-3"), ("title", &title), ("subjective", "A cold")]).await;
    }
    let patient = house.network.id("SELECT patient_id FROM care.patient").await;
    house
        .network
        .run(&format!(
            "WITH ordered AS (
                 INSERT INTO care.lab_order (patient_id, ordered_by, loinc, title, specimen, status, collected_at)
                 SELECT '{patient}', provider_id, '4548-4', 'HbA1c', 'blood', 'collected', now() FROM care.provider RETURNING *
             ) INSERT INTO care.lab_result (patient_id, lab_order_id, observed_at, loinc, title, status, value_number, unit)
             SELECT patient_id, lab_order_id, now(), '4548-4', 'HbA1c <b>', 'preliminary', 8.5, '%' FROM ordered;
             WITH given AS (INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('band-1', now() - INTERVAL '9 days', 'operator')
                            RETURNING device_key)
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{patient}', device_key, tstzrange(now() - INTERVAL '9 days', NULL) FROM given"
        ))
        .await;
    let list = carer.get("/worklist").await.body;
    for shown in [
        "HbA1c &#60;b&#62;</a></b> Ruiz, Ana",
        "Call 0 &#60;b&#62;",
        "Draft, begun on",
        "and 1 more",
        "nothing was ever heard",
    ] {
        assert!(list.contains(shown), "{shown}: {list}");
    }
    let other = house.network.provider().await;
    let account = house.network.account("provider", Some(other)).await;
    let other = house.signed_in(account).await;
    assert!(!other.get("/worklist").await.body.contains("HbA1c"));

    // Found by birth and by number as well as by name.
    let clinic = house.network.facility("IL", "clinic").await;
    house
        .network
        .run(&format!(
            "INSERT INTO care.identifier (patient_id, facility_id, system, value, issuer, masked)
             VALUES ('{patient}', '{clinic}', 'mrn', 'M0012', 'facility', '')"
        ))
        .await;
    let born =
        house.network.one(&format!("SELECT born_on::text FROM care.patient WHERE patient_id = '{patient}'")).await;
    let hit = format!("<a href=\"/patients/{patient}\">Ruiz, Ana</a>");
    for (words, is_found) in [
        (born.as_str(), true),
        (&born[..7], true),
        (&born[..4], true),
        ("M0012", true),
        (&format!("ru {born}"), true),
        (&format!("xu {born}"), false),
        ("1901", false),
        ("M0013", false),
    ] {
        let found = carer.post("/patients", &[("name", words)]).await.body;
        assert_eq!(found.contains(&hit), is_found, "{words}: {found}");
        assert!(!other.post("/patients", &[("name", words)]).await.body.contains(&hit), "{words}");
    }
}

#[tokio::test]
async fn a_colleague_is_found_by_name_without_losing_what_was_typed() {
    let (mut house, carer, path) = cared_for().await;
    let colleague = house.network.provider().await;
    house
        .network
        .run(&format!(
            "UPDATE care.provider SET family_name = 'Okonomou', given_name = 'Pia' WHERE provider_id = '{colleague}'"
        ))
        .await;
    let (notes, requests) = (path.replace("problems", "notes"), path.replace("problems", "requests"));
    let note = [("kind", "11506-3"), ("title", "Call"), ("subjective", "A cold"), ("find", "on")];
    let none = carer.post(&notes, &but(&note, &[("begins", "Zz")])).await.body;
    assert!(none.contains("Nobody and no place") && none.contains("A cold</textarea>"), "{none}");
    let empty = carer.post(&notes, &note).await.body;
    assert!(empty.contains("Fill this in.") && empty.contains("A cold</textarea>"), "{empty}");
    let found = carer.post(&notes, &but(&note, &[("begins", "ok")])).await.body;
    let offered = format!("<option value=\"{colleague}\">Pia Okonomou");
    assert!(found.contains(&offered) && found.contains("A cold</textarea>"), "{found}");
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.note").await, "0", "looking writes nothing");
    let whom = format!("provider {colleague}");
    let asked = [
        ("category", "referral"),
        ("title", "Palpitations"),
        ("code_system", "snomed"),
        ("code", "11429006"),
        ("urgency", "routine"),
        ("reason", "Since March"),
    ];
    let found = carer.post(&requests, &but(&asked, &[("begins", "Pia"), ("find", "on")])).await.body;
    assert!(found.contains(&format!("<option value=\"{whom}\">")) && found.contains("Since March"), "{found}");
    let sent = carer.post(&requests, &but(&asked, &[("begins", "Pia"), ("whom", &whom)])).await;
    assert_eq!(sent.location(), format!("{requests}?done=sent"), "{}", sent.body);
    let stored = "SELECT performer_id::text FROM care.service_request";
    assert_eq!(house.network.one(stored).await, colleague.to_string());
}
