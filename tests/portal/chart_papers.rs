//! What else stands in a record: documents, questionnaires, procedures, plans by their editions; and what holds of it.

use axum::http::StatusCode;
use healthtrack::model::people::PatientId;
use healthtrack::model::time::{Clock as _, SystemClock};
use healthtrack::security::envelope::{CellAddress, Envelope, encrypt_bytes};
use healthtrack::security::keyring::KeyRing;
use healthtrack::store::care::data_key::DataKeys;
use healthtrack::store::care::document::{NewDocument, attach, next_key};
use uuid::Uuid;

use crate::house::{Browser, House, KEYS};
use crate::network::Network;
use crate::own_journal::hidden;

/// A text that somebody attached, sealed as the portal opens it; its key.
pub(crate) async fn letter(network: &mut Network, carer: Uuid, patient: Uuid, words: &str) -> String {
    let (patient, now) = (PatientId(patient), SystemClock.now());
    let envelope = Envelope::new(&KeyRing::load("security.key", "", &[KEYS.1.into()]).unwrap()).unwrap();
    let key = network
        .does(carer, async |actor| Ok(envelope.data_key(&mut DataKeys::Acting(actor), patient, now).await.unwrap()))
        .await;
    let document = network.does(carer, async |actor| next_key(actor).await).await;
    let row = document.to_string();
    let place = CellAddress { table: "care.document_content", column: "body", row: &row };
    let body = encrypt_bytes(&key, &place, words.as_bytes()).unwrap();
    let new = NewDocument {
        document,
        encounter: None,
        supersedes: None,
        documented_at: now,
        type_loinc: "11488-4",
        title: "Letter <b>",
        media_type: "text/plain",
        size_bytes: i32::try_from(words.len()).unwrap(),
        body: &body,
        sensitivity: None,
    };
    network.does(carer, async |actor| attach(actor, patient, &new).await).await;
    row
}

/// A questionnaire that was answered with the same to each question, in plain care; its key.
pub(crate) async fn answered(network: &mut Network, patient: Uuid, value: u8) -> String {
    network
        .one(
            "WITH asked AS (
                 INSERT INTO care.questionnaire (edition, name, title, citation, items, scoring)
                 SELECT 7, 'mood', 'How was your <b> mood?', 'Made for a test', items, scoring FROM (VALUES (
                     '[{\"link_id\": \"mood_1\", \"text\": \"Sad <b>\", \"type\": \"choice\", \"required\": true,
                         \"options\": [{\"value\": 0, \"label\": \"Never\"}, {\"value\": 2, \"label\": \"Often <b>\"}]}]'::jsonb,
                     '{\"algorithm\": \"sum\", \"version\": \"1\", \"items\": [\"mood_1\"], \"look_at\": [{\"item\": \"mood_1\", \"from\": 2}],
                        \"bands\": [{\"from\": 0, \"to\": 1, \"label\": \"calm\"}, {\"from\": 2, \"to\": 2, \"label\": \"low mood\"}]}'::jsonb))
                     AS made (items, scoring)
                 ON CONFLICT DO NOTHING
             ) SELECT ''",
        )
        .await;
    let response = network
        .one(&format!(
            "INSERT INTO care.questionnaire_response (patient_id, questionnaire_id)
             SELECT '{patient}', questionnaire_id FROM care.questionnaire WHERE name = 'mood' RETURNING questionnaire_response_id::text"
        ))
        .await;
    network
        .run(&format!(
            "INSERT INTO care.answer (patient_id, questionnaire_response_id, link_id, value_number)
             VALUES ('{patient}', '{response}', 'mood_1', {value});
             UPDATE care.questionnaire_response SET status = 'completed', completed_at = now()
             WHERE questionnaire_response_id = '{response}'"
        ))
        .await;
    response
}

/// A procedure as its form sends it.
pub(crate) fn procedure(title: &str) -> Vec<(&str, &str)> {
    vec![
        ("title", title),
        ("code", "80146002"),
        ("kind", "surgery"),
        ("status", "completed"),
        ("began_at", "2026-03-02T08:00"),
        ("ended_at", "2026-03-02T09:30"),
        ("outcome", "Went <b> well"),
    ]
}

struct Papers {
    house: House,
    patient: Uuid,
    account: Uuid,
    carer: Browser,
    /// Somebody of another team.
    stranger: Browser,
    record: String,
}

async fn papers() -> Papers {
    let mut house = House::at("http://127.0.0.1:8080", &[KEYS]).await;
    let (patient, provider) = (house.named_patient("Ruiz", "Ana").await, house.network.provider().await);
    house.network.put_in_care(patient, provider).await;
    let account = house.network.account("provider", Some(provider)).await;
    let carer = house.signed_in(account).await;
    let other = house.network.provider().await;
    let other = house.network.account("provider", Some(other)).await;
    let stranger = house.signed_in(other).await;
    Papers { house, patient, account, carer, stranger, record: format!("/patients/{patient}") }
}

#[tokio::test]
async fn what_is_not_finished_is_flagged_and_what_a_form_does_not_show_is_kept() {
    let Papers { mut house, patient, carer, record, .. } = papers().await;
    answered(&mut house.network, patient, 0).await;
    let begun = format!(
        "WITH begun AS (
             INSERT INTO care.questionnaire_response (patient_id, questionnaire_id)
             SELECT '{patient}', questionnaire_id FROM care.questionnaire WHERE name = 'mood' RETURNING questionnaire_response_id
         ) INSERT INTO care.answer (patient_id, questionnaire_response_id, link_id, value_number)
         SELECT '{patient}', questionnaire_response_id, 'mood_1', 2 FROM begun RETURNING questionnaire_response_id"
    );
    let begun = house.network.id(&begun).await;
    let begun = carer.get(&format!("{record}/questionnaires/{begun}")).await.body;
    assert!(begun.contains("In progress") && begun.contains("Look at the answers"), "{begun}");

    let path = format!("{record}/procedures");
    assert_eq!(carer.post(&path, &procedure("Appendectomy")).await.status, StatusCode::SEE_OTHER);
    let one = format!("{path}/{}", house.network.one("SELECT procedure_id::text FROM care.procedure").await);
    // Half a minute, of which a form shows one: what nobody has changed stays as it was.
    let short = "UPDATE care.procedure SET performed_during = '[2026-03-02 10:15:12Z, 2026-03-02 10:15:42Z)'";
    house.network.run(short).await;
    let page = carer.get(&one).await.body;
    let times: Vec<&str> = page.split("type=\"datetime-local\" value=\"").skip(1).map(|rest| &rest[..16]).collect();
    let version = hidden(&page, "version");
    let same = [
        ("version", version.as_str()),
        ("status", "completed"),
        ("began_at", times[0]),
        ("ended_at", times[1]),
        ("outcome", "Healed"),
    ];
    assert_eq!(carer.post(&one, &same).await.status, StatusCode::SEE_OTHER);
    let lasted = "SELECT outcome || ' ' || (upper(performed_during) - lower(performed_during)) FROM care.procedure";
    assert_eq!(house.network.one(lasted).await, "Healed 00:00:30");
}

#[tokio::test]
async fn documents_answers_and_procedures_of_a_record_are_read_and_corrected() {
    let Papers { mut house, patient, account, carer, stranger, record } = papers().await;
    for (path, none) in [
        ("/documents", "No documents are attached."),
        ("/questionnaires", "No questionnaires were answered."),
        ("/procedures", "No procedures are recorded."),
    ] {
        let shown = carer.get(&format!("{record}{path}")).await.body;
        assert!(shown.contains(none), "{none}: {shown}");
    }
    let key = letter(&mut house.network, account, patient, "<script>alert(1)</script>").await;
    let listed = carer.get(&format!("{record}/documents")).await.body;
    assert!(listed.contains("Letter &#60;b&#62;") && listed.contains("Text, 25 B"), "{listed}");
    let path = format!("{record}/documents/{key}");
    let file = carer.get(&path).await;
    assert_eq!((file.status, file.body.as_str()), (StatusCode::OK, "<script>alert(1)</script>"));
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"document.txt\"");
    assert_eq!((file.header("content-type"), file.header("x-content-type-options")), ("text/plain", "nosniff"));
    let policies: Vec<_> = file.headers.get_all("content-security-policy").iter().collect();
    assert!(policies.len() == 2 && policies.contains(&&"sandbox".parse().unwrap()), "{policies:?}");

    answered(&mut house.network, patient, 0).await;
    let response = answered(&mut house.network, patient, 2).await;
    house
        .network
        .run(&format!(
            "INSERT INTO care.task (patient_id, kind, title, priority, questionnaire_id, pool)
             SELECT '{patient}', 'complete_form', 'Answer how your mood is', 'routine', questionnaire_id, 'care_team'
             FROM care.questionnaire WHERE name = 'mood'"
        ))
        .await;
    let answers = carer.get(&format!("{record}/questionnaires")).await.body;
    for shown in ["<b>2 of 2</b>", "Low mood", "Look at the answers", "<b>0 of 2</b>", "Calm", "Answer how your mood"] {
        assert!(answers.contains(shown), "{shown}: {answers}");
    }
    let one = carer.get(&format!("{record}/questionnaires/{response}")).await.body;
    assert!(one.contains("Sad &#60;b&#62;") && one.contains("<b>Often &#60;b&#62;</b>"), "{one}");

    let path = format!("{record}/procedures");
    let form = procedure("Appendectomy");
    let mut wrong = form.clone();
    wrong.retain(|(name, _)| *name != "ended_at");
    let refused = carer.post(&path, &wrong).await;
    let told = "id=\"record-ended_at-told\"><b class=\"grave\">A completed procedure has an end.";
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains(told) && refused.body.contains("Went &#60;b&#62; well"), "{}", refused.body);
    let twice = tokio::join!(carer.post(&path, &form), carer.post(&path, &form));
    for answer in [twice.0, twice.1] {
        assert_eq!(answer.location(), format!("{path}?done=saved"), "sent twice at once");
    }
    let stored =
        "SELECT string_agg(title || ' ' || status || ' ' || (performer_id IS NOT NULL), ',') FROM care.procedure";
    assert_eq!(house.network.one(stored).await, "Appendectomy completed true");
    let one = format!("{path}/{}", house.network.one("SELECT procedure_id::text FROM care.procedure").await);
    let change = [("version", "1"), ("status", "entered_in_error"), ("reason", "Another patient's")];
    assert_eq!(carer.post(&one, &change).await.status, StatusCode::SEE_OTHER);
    let late = [("version", "1"), ("status", "not_done"), ("reason", "Refused")];
    let both = carer.post(&one, &late).await;
    assert!(both.status == StatusCode::UNPROCESSABLE_ENTITY, "{}", both.body);
    assert!(
        both.body.contains("Somebody has changed this") && both.body.contains("<b>Entered in error</b>"),
        "{}",
        both.body
    );

    let others = house.named_patient("Nakamura", "Kenji").await;
    for path in ["/documents", "/questionnaires", "/procedures", "/plan/new"] {
        assert_eq!(stranger.get(&format!("{record}{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(carer.get(&format!("/patients/{others}{path}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for (path, key) in [("documents", &key), ("questionnaires", &response)] {
        assert_eq!(stranger.get(&format!("{record}/{path}/{key}")).await.status, StatusCode::NOT_FOUND, "{path}");
        let nothing = Uuid::new_v4();
        assert_eq!(carer.get(&format!("{record}/{path}/{nothing}")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let stolen = stranger.post(&one, &change).await;
    assert_eq!(stolen.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_plan_is_begun_followed_and_written_on_and_a_record_says_what_holds_of_it() {
    let Papers { mut house, patient, account: _, carer, stranger, record } = papers().await;
    let new = format!("{record}/plan/new");
    let refused = carer.post(&new, &[("title", "Sleep <b>")]).await;
    assert!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("Sleep &#60;b&#62;"),
        "{}",
        refused.body
    );
    let form = [("title", "Sleep <b>"), ("summary", "To bed at ten")];
    let begun = carer.post(&new, &form).await;
    let path = begun.location().strip_suffix("?done=saved").unwrap_or_else(|| panic!("{}", begun.body)).to_owned();
    assert_eq!(carer.post(&new, &form).await.location(), begun.location(), "sent twice");
    assert!(carer.get(&format!("{record}/plan")).await.body.contains("Not followed"));
    house
        .network
        .run(&format!(
            "INSERT INTO care.membership (patient_id, plan, valid_during) VALUES ('{patient}', 'premium', '[2020-01-01,)')"
        ))
        .await;
    let edition = house.network.one("SELECT care_plan_version_id::text FROM care.care_plan_version").await;
    let followed = carer.post(&path, &[("act", "follow"), ("edition", &edition)]).await;
    assert_eq!(followed.location(), format!("{path}?done=saved"), "{}", followed.body);
    let again = carer.post(&path, &[("act", "follow"), ("edition", &edition)]).await;
    assert!(again.status != StatusCode::SEE_OTHER && again.body.contains("write the next edition"), "{}", again.body);
    for _ in 0..2 {
        carer.post(&path, &[("act", "draft"), ("summary", "To bed at nine")]).await;
        let walk = [("act", "activity"), ("title", "Walk"), ("kind", "exercise"), ("first_on", "2026-03-01")];
        assert_eq!(carer.post(&path, &walk).await.status, StatusCode::SEE_OTHER);
    }
    let editions = "SELECT string_agg(edition || ' ' || status, ', ' ORDER BY edition) FROM care.care_plan_version";
    assert_eq!(house.network.one(editions).await, "1 active, 2 draft");
    let goal = [
        ("act", "goal"),
        ("title", "Sleep longer"),
        ("measure", "average"),
        ("comparator", "at_least"),
        ("target", "7"),
        ("unit", "h"),
        ("per", "day"),
    ];
    let refused = carer.post(&path, &goal).await;
    assert!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("Sleep longer"),
        "{}",
        refused.body
    );
    let days = crate::cells::chart::days(&mut house.network).await;
    let mut goal = goal.to_vec();
    goal.extend([("first_on", days[0].as_str()), ("stop_on", days[1].as_str())]);
    assert_eq!(carer.post(&path, &goal).await.status, StatusCode::SEE_OTHER);
    let activity = house.network.one("SELECT care_plan_activity_id::text FROM care.care_plan_activity").await;
    let hold = [("act", "status"), ("activity", activity.as_str()), ("version", "1"), ("status", "on_hold")];
    let silent = carer.post(&path, &hold).await;
    assert!(silent.body.contains("Say why it is on hold"), "{}", silent.body);
    let mut hold = hold.to_vec();
    hold.push(("reason", "A cold <b>"));
    assert_eq!(carer.post(&path, &hold).await.status, StatusCode::SEE_OTHER);
    let shown = carer.get(&path).await.body;
    for told in [
        "Edition 1 <span class=\"tag\">Followed",
        "To bed at nine",
        "Walk",
        "A cold &#60;b&#62;",
        "Sleep longer",
        "Follow this edition",
    ] {
        assert!(shown.contains(told), "{told}: {shown}");
    }
    assert_eq!(stranger.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(stranger.post(&path, &[("act", "draft"), ("summary", "x")]).await.status, StatusCode::NOT_FOUND);

    // What holds of the record stands on each of its pages.
    assert!(!carer.get(&record).await.body.contains("class=\"flags\""));
    let own = house.network.account("patient", Some(patient)).await;
    house
        .network
        .run(&format!("INSERT INTO access.erasure_request (patient_id, requested_by) VALUES ('{patient}', '{own}')"))
        .await;
    for path in ["", "/problems", "/vitals"] {
        let shown = carer.get(&format!("{record}{path}")).await.body;
        assert!(shown.contains("<li class=\"tag\">Erasure asked for</li>"), "{path}: {shown}");
    }
    let opened = [("patient", patient.to_string()), ("reason", "Found unconscious, nobody to ask".to_owned())];
    let opened: Vec<(&str, &str)> = opened.iter().map(|(name, text)| (*name, text.as_str())).collect();
    assert_eq!(stranger.post("/patients/open", &opened).await.status, StatusCode::SEE_OTHER);
    let shown = stranger.get(&record).await.body;
    assert!(shown.contains("Open to you in an emergency until"), "{shown}");
    assert!(!carer.get(&record).await.body.contains("Open to you in an emergency"));
}
