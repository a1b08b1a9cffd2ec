//! Requests for services: asked in the own name, moved on by their states, answered by what was done, superseded by
//! another; each rule is shown what it refuses.

use uuid::Uuid;

use super::caller::Caller;
use super::network::Network;

/// A patient in care of one provider; another one, a facility, and who acts.
struct Scene {
    network: Network,
    patient: Uuid,
    provider: Uuid,
    other: Uuid,
    facility: Uuid,
    carer: Caller,
}

impl Scene {
    async fn new() -> Scene {
        let mut network = Network::owned().await;
        let (patient, provider, other) = (network.patient().await, network.provider().await, network.provider().await);
        let facility = network.facility("IL", "clinic").await;
        network.put_in_care(patient, provider).await;
        let carer = Caller::playing(&mut network, "provider", provider).await;
        Scene { network, patient, provider, other, facility, carer }
    }

    /// Asks at once; a category with its code, and whom.
    async fn ask(&mut self, category: &str, whom: &str) -> Uuid {
        let call = request(self.patient, category, whom, "NULL", false);
        self.carer.key(&call).await
    }

    /// Stores something of the record that may answer a request.
    async fn stored(&mut self, table: &str, columns: &str, values: &str) -> Uuid {
        let patient = self.patient;
        let insert = format!(
            "INSERT INTO care.{table} (patient_id, {columns}) VALUES ('{patient}', {values}) RETURNING {table}_id"
        );
        self.network.id(&insert).await
    }
}

/// A request by the carer.
fn request(patient: Uuid, category: &str, whom: &str, supersedes: &str, is_draft: bool) -> String {
    let code = match category {
        "laboratory" => "'loinc', '24331-1'",
        "imaging" => "'loinc', '36643-5'",
        "procedure" => "'snomed', '73761001'",
        _ => "'snomed', '183524004'",
    };
    format!(
        "request_service($t, '{patient}', NULL, '{category}', 'order', 'urgent', {code}, 'What is asked', 'I10', 'Why',
                         {whom}, NULL, current_date + 30, {supersedes}, {is_draft}, NULL)"
    )
}

const CARDIOLOGY: &str = "NULL, NULL, 'cardiology'";

fn fulfil(request: Uuid, what: &str, key: Uuid) -> String {
    let all = ["clinical_report", "lab_order", "imaging_study", "appointment", "procedure"];
    let keys = all.map(|one| if one == what { format!("'{key}'") } else { "NULL".to_owned() });
    format!("fulfil_service_request($t, '{request}', {})", keys.join(", "))
}

fn change(request: Uuid, version: i32, status: &str, why: &str) -> String {
    format!("change_service_request($t, '{request}', {version}, '{status}', {why}, NULL, NULL)")
}

#[tokio::test]
async fn a_request_is_asked_in_the_own_name_of_patients_in_care() {
    let mut scene = Scene::new().await;
    let (patient, other) = (scene.patient, scene.other);
    let request_of_it = scene.ask("referral", CARDIOLOGY).await;
    let stored = format!(
        "SELECT requested_by || ' ' || status FROM care.service_request WHERE service_request_id = '{request_of_it}'"
    );
    assert_eq!(scene.network.one(&stored).await, format!("{} active", scene.provider));
    let mut stranger = Caller::playing(&mut scene.network, "provider", other).await;
    let mut own = Caller::playing(&mut scene.network, "patient", patient).await;
    for outsider in [&mut stranger, &mut own] {
        let refused = outsider.refused(&request(patient, "referral", CARDIOLOGY, "NULL", false)).await;
        assert!(
            ["row_is_within_rights", "service_request_requested_by_is_given"].contains(&refused.as_str()),
            "{refused}"
        );
    }
    assert_eq!(stranger.call(&change(request_of_it, 1, "revoked", "'no'")).await, [""; 0]);
    let list = "title || ' ' || status || ' ' || (done)::text";
    let read = own.read(list, "read_service_requests", Some(patient), "service_requests", "NULL, NULL, 9").await;
    assert_eq!(read, ["What is asked active []"]);
    assert_eq!(
        stranger.read(list, "read_service_requests", Some(patient), "service_requests", "NULL, NULL, 9").await,
        [""; 0]
    );
    let events = "SELECT action || ' ' || split_part(resource, '/', 1) FROM access.audit_event WHERE action = 'create'";
    assert_eq!(scene.network.rows(events).await, ["create care.service_request"]);
}

#[tokio::test]
async fn whoever_is_asked_by_name_reads_what_is_asked_and_opens_no_record() {
    let mut scene = Scene::new().await;
    let other = scene.other;
    let request_of_it = scene.ask("referral", &format!("'{other}', NULL, NULL")).await;
    let mut asked = Caller::playing(&mut scene.network, "provider", other).await;
    let columns = "service_request_id || ' ' || reason";
    assert_eq!(
        asked.read(columns, "read_asked", None, "asked", "NULL, NULL, 9").await,
        [format!("{request_of_it} Why")]
    );
    assert_eq!(scene.carer.read(columns, "read_asked", None, "asked", "NULL, NULL, 9").await, [""; 0]);
    let patient = scene.patient;
    assert_eq!(asked.one(&format!("SELECT api.look($t, '{patient}', 'record', NULL)::text")).await, "");
    scene.carer.call(&change(request_of_it, 1, "revoked", "'Not needed'")).await;
    assert_eq!(asked.read(columns, "read_asked", None, "asked", "NULL, NULL, 9").await, [""; 0]);
}

#[tokio::test]
async fn a_request_of_a_category_is_its_authors_and_whom_it_asks() {
    let mut scene = Scene::new().await;
    let (patient, other) = (scene.patient, scene.other);
    let colleague = scene.network.provider().await;
    scene.network.put_in_care(patient, colleague).await;
    let mut second = Caller::playing(&mut scene.network, "provider", colleague).await;
    let mut asked = Caller::playing(&mut scene.network, "provider", other).await;
    let mut own = Caller::playing(&mut scene.network, "patient", patient).await;
    let call = request(patient, "referral", &format!("'{other}', NULL, NULL"), "NULL", false);
    scene.carer.key(&call.replace("false, NULL)", "false, 'hiv')")).await;
    for (caller, seen) in [(&mut scene.carer, 1), (&mut own, 1), (&mut second, 0)] {
        let read =
            caller.read("sensitivity", "read_service_requests", Some(patient), "service_requests", "NULL, NULL, 9");
        assert_eq!(read.await, vec!["hiv"; seen]);
    }
    assert_eq!(asked.read("title", "read_asked", None, "asked", "NULL, NULL, 9").await, ["What is asked"]);
    let inbox = second.read("title", "read_tasks", Some(patient), "tasks", "NULL, NULL, 9").await;
    assert!(inbox.is_empty(), "a task is seen by who sees what it is about: {inbox:?}");
    let unknown = call.replace("false, NULL)", "false, 'secret')");
    assert_eq!(scene.carer.refused(&unknown).await, "sensitivity_is_known");
}

#[tokio::test]
async fn a_request_follows_its_states_and_says_why_it_leaves_them() {
    let mut scene = Scene::new().await;
    let draft = scene.carer.key(&request(scene.patient, "imaging", "NULL, NULL, NULL", "NULL", true)).await;
    assert_eq!(
        scene.carer.refused(&change(draft, 1, "on_hold", "'Later'")).await,
        "service_request_follows_its_states"
    );
    assert_eq!(scene.carer.refused(&change(draft, 1, "active", "NULL")).await, "service_request_asks_somebody");
    let facility = scene.facility;
    let give = format!("change_service_request($t, '{draft}', 1, 'active', NULL, NULL, '{facility}')");
    assert_eq!(scene.carer.call(&give).await, ["(t,2)"]);
    assert_eq!(scene.carer.call(&give).await, ["(f,2)"], "somebody was faster");
    for (status, why, rule) in [
        ("draft", "NULL", "service_request_follows_its_states"),
        ("on_hold", "NULL", "service_request_status_says_why"),
        ("active", "'No reason is needed'", "service_request_status_says_why"),
        ("lost", "NULL", "service_request_follows_its_states"),
    ] {
        assert_eq!(scene.carer.refused(&change(draft, 2, status, why)).await, rule, "{status}");
    }
    scene.carer.call(&change(draft, 2, "on_hold", "'No machine'")).await;
    assert_eq!(scene.carer.refused(&change(draft, 3, "completed", "NULL")).await, "service_request_follows_its_states");
    scene.carer.call(&change(draft, 3, "active", "NULL")).await;
    scene.carer.call(&change(draft, 4, "revoked", "'Moved away'")).await;
    assert_eq!(scene.carer.refused(&change(draft, 5, "active", "NULL")).await, "service_request_follows_its_states");
    scene.carer.call(&change(draft, 5, "entered_in_error", "'Another patient'")).await;
    let versions = "SELECT count(*)::text FROM care.record_version WHERE relation = 'service_request'";
    assert_eq!(scene.network.one(versions).await, "5");
}

#[tokio::test]
async fn what_was_asked_stays_as_it_was() {
    let mut scene = Scene::new().await;
    let request_of_it = scene.ask("procedure", CARDIOLOGY).await;
    for column in
        ["title = 'Another'", "reason = 'Another'", "priority = 'stat'", "requested_at = now() - INTERVAL '1 day'"]
    {
        let update = format!("UPDATE care.service_request SET {column}");
        assert_eq!(scene.network.refusal(&update).await, "service_request_that_is_asked_is_not_altered", "{column}");
    }
    scene.carer.call(&change(request_of_it, 1, "revoked", "'Not needed'")).await;
    let update = format!("UPDATE care.service_request SET performer_id = '{}'", scene.other);
    assert_eq!(scene.network.refusal(&update).await, "service_request_that_is_asked_is_not_altered");
    let other = scene.network.patient().await;
    let moved = format!("UPDATE care.service_request SET patient_id = '{other}'");
    assert!(!scene.network.refusal(&moved).await.is_empty());
}

#[tokio::test]
async fn each_kind_of_request_is_completed_by_what_was_done_for_it() {
    let mut scene = Scene::new().await;
    let (provider, facility) = (scene.provider, scene.facility);
    let study = scene.stored("imaging_study", "started_at, study_uid, description", "now(), '1.2.3', 'Chest'").await;
    let planned = scene
        .stored("procedure", "kind, code, title, status", "'diagnostic', '73761001', 'Colonoscopy', 'preparation'")
        .await;
    let signed = format!("'consultation', 'Letter', 'final', '{provider}', now(), 'All is well'");
    let report =
        scene.stored("clinical_report", "category, title, status, signed_by, signed_at, conclusion", &signed).await;
    let past = format!(
        "'{provider}', '{facility}', tstzrange(now() - INTERVAL '2 days', now() - INTERVAL '47 hours'), 'completed'"
    );
    let visit = scene.stored("appointment", "provider_id, facility_id, during, status", &past).await;
    let done = "'surgery', '80146002', 'Appendectomy', 'completed', tstzrange(now() - INTERVAL '1 day', now())";
    let operation = scene.stored("procedure", "kind, code, title, status, performed_during", done).await;
    for (category, wrong, right) in [
        ("imaging", ("procedure", operation), ("imaging_study", study)),
        ("procedure", ("imaging_study", study), ("procedure", operation)),
        ("referral", ("procedure", operation), ("appointment", visit)),
        ("laboratory", ("appointment", visit), ("clinical_report", report)),
    ] {
        let asked = scene.ask(category, CARDIOLOGY).await;
        let refused = scene.carer.refused(&change(asked, 1, "completed", "NULL")).await;
        assert_eq!(refused, "service_request_is_completed_by_what_is_done", "{category}");
        let refused = scene.carer.refused(&fulfil(asked, wrong.0, wrong.1)).await;
        assert_eq!(refused, "service_request_fulfilment_fits_its_category", "{category}");
        scene.carer.key(&fulfil(asked, right.0, right.1)).await;
        assert_eq!(
            scene.carer.refused(&fulfil(asked, right.0, right.1)).await,
            "service_request_fulfilment_is_not_repeated"
        );
        assert_eq!(scene.carer.call(&change(asked, 1, "completed", "NULL")).await, ["(t,2)"], "{category}");
    }
    let asked = scene.ask("imaging", CARDIOLOGY).await;
    let two = format!("fulfil_service_request($t, '{asked}', NULL, NULL, '{study}', NULL, '{operation}')");
    assert_eq!(scene.carer.refused(&two).await, "service_request_fulfilment_is_by_one_thing");
    let asked = scene.ask("procedure", CARDIOLOGY).await;
    scene.carer.key(&fulfil(asked, "procedure", planned)).await;
    let refused = scene.carer.refused(&change(asked, 1, "completed", "NULL")).await;
    assert_eq!(refused, "service_request_is_completed_by_what_is_done", "what is only planned is not done");
    let nothing = format!("fulfil_service_request($t, '{asked}', NULL, NULL, NULL, NULL, NULL)");
    assert_eq!(scene.carer.refused(&nothing).await, "service_request_fulfilment_fits_its_category");
    scene.carer.call(&change(asked, 1, "revoked", "'Not needed'")).await;
    let refused = scene.carer.refused(&fulfil(asked, "procedure", operation)).await;
    assert_eq!(refused, "service_request_fulfilment_is_of_an_active_request");
}

#[tokio::test]
async fn a_laboratorys_order_is_placed_under_its_request_once() {
    let mut scene = Scene::new().await;
    let asked = scene.ask("laboratory", &format!("NULL, '{}', NULL", scene.facility)).await;
    let order = scene.carer.key(&format!("order_lab($t, '{asked}', NULL, 'blood', 'Fasting')")).await;
    let placed = format!(
        "SELECT concat_ws(' ', loinc, priority, facility_id, ordered_by) FROM care.lab_order WHERE lab_order_id = '{order}'"
    );
    assert_eq!(scene.network.one(&placed).await, format!("24331-1 urgent {} {}", scene.facility, scene.provider));
    let again = scene.ask("laboratory", CARDIOLOGY).await;
    assert_eq!(
        scene.carer.refused(&fulfil(again, "lab_order", order)).await,
        "service_request_fulfilment_of_an_order_is_one"
    );
    let refused = scene.carer.refused(&change(asked, 1, "completed", "NULL")).await;
    assert_eq!(refused, "service_request_is_completed_by_what_is_done", "an order that is open is not done");
    scene.network.run("UPDATE care.lab_order SET status = 'completed', collected_at = now()").await;
    scene.carer.call(&change(asked, 1, "completed", "NULL")).await;
    let referral = scene.ask("referral", CARDIOLOGY).await;
    let refused = scene.carer.refused(&format!("order_lab($t, '{referral}', NULL, 'blood', NULL)")).await;
    assert_eq!(refused, "lab_order_is_of_a_laboratory_request");
}

#[tokio::test]
async fn one_request_takes_the_place_of_another_and_revokes_it() {
    let mut scene = Scene::new().await;
    let first = scene.ask("referral", CARDIOLOGY).await;
    let patient = scene.patient;
    let in_place = |category: &str, of: Uuid| request(patient, category, CARDIOLOGY, &format!("'{of}'"), false);
    assert_eq!(scene.carer.refused(&in_place("imaging", first)).await, "service_request_superseded_fkey");
    let second = scene.carer.key(&in_place("referral", first)).await;
    let states = "SELECT status FROM care.service_request ORDER BY supersedes_service_request_id NULLS FIRST";
    assert_eq!(scene.network.rows(states).await, ["revoked", "active"]);
    assert_eq!(scene.carer.refused(&in_place("referral", first)).await, "service_request_supersedes_what_stands");
    let draft = request(patient, "referral", CARDIOLOGY, &format!("'{first}'"), true);
    assert_eq!(scene.carer.refused(&draft).await, "service_request_is_superseded_once");
    let draft = scene.carer.key(&request(patient, "referral", CARDIOLOGY, &format!("'{second}'"), true)).await;
    assert_eq!(scene.network.rows(states).await.iter().filter(|state| *state == "active").count(), 1);
    scene.carer.call(&change(draft, 1, "active", "NULL")).await;
    let stands = "SELECT service_request_id::text FROM care.service_request WHERE status = 'active'";
    assert_eq!(scene.network.rows(stands).await, [draft.to_string()]);
}

#[tokio::test]
async fn every_check_of_a_request_refuses_what_it_says() {
    let mut scene = Scene::new().await;
    scene.ask("laboratory", CARDIOLOGY).await;
    for table in ["service_request", "service_request_fulfilment"] {
        scene.network.run(&format!("ALTER TABLE care.{table} DISABLE TRIGGER USER")).await;
    }
    for (rule, change) in [
        ("service_request_category_is_known", "category = 'massage'"),
        ("service_request_intent_is_known", "intent = 'wish'"),
        ("service_request_priority_is_known", "priority = 'soon'"),
        ("service_request_status_is_known", "status = 'lost'"),
        ("service_request_status_says_why", "status = 'revoked', status_reason = ' '"),
        ("service_request_asks_somebody", "specialty = NULL"),
        ("service_request_specialty_fkey", "specialty = 'alchemy'"),
        ("service_request_code_fits_its_system", "code = '24331-2'"),
        ("service_request_laboratory_is_coded_by_loinc", "code_system = 'snomed', code = '73761001'"),
        ("service_request_reason_code_is_icd10", "reason_code = 'high pressure'"),
        ("service_request_title_is_some", "title = repeat('x', 201)"),
        ("service_request_says_why", "reason = ' '"),
        ("service_request_period_is_half_open", "wanted_during = daterange(current_date, NULL)"),
        ("service_request_performer_fkey", "performer_id = gen_random_uuid()"),
        ("service_request_facility_fkey", "facility_id = gen_random_uuid()"),
        ("service_request_requester_fkey", "requested_by = gen_random_uuid()"),
        ("service_request_encounter_fkey", "encounter_id = gen_random_uuid()"),
        ("service_request_superseded_fkey", "supersedes_service_request_id = gen_random_uuid()"),
    ] {
        assert_eq!(scene.network.refusal(&format!("UPDATE care.service_request SET {change}")).await, rule, "{change}");
    }
    let known =
        "SELECT count(*)::text FROM pg_constraint WHERE contype = 'c' AND conrelid = 'care.service_request'::regclass";
    assert_eq!(scene.network.one(known).await, "12", "each check of the table is tried");
}
