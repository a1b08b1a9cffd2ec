//! Tasks: for whom they are, who takes and ends them, and that no result and no request is lost between two people.

use sqlx::{AssertSqlSafe, Executor as _};
use uuid::Uuid;

use super::caller::Caller;
use super::network::{Network, refused_by};

/// A patient in care of two providers; a third one, a facility, and who acts.
struct Ward {
    network: Network,
    patient: Uuid,
    provider: Uuid,
    colleague: Uuid,
    facility: Uuid,
    carer: Caller,
    second: Caller,
    stranger: Caller,
    own: Caller,
    desk: Caller,
}

impl Ward {
    async fn new() -> Ward {
        let mut network = Network::owned().await;
        let (patient, provider) = (network.patient().await, network.provider().await);
        let (colleague, other) = (network.provider().await, network.provider().await);
        let facility = network.facility("IL", "clinic").await;
        network.put_in_care(patient, provider).await;
        network.put_in_care(patient, colleague).await;
        let carer = Caller::playing(&mut network, "provider", provider).await;
        let second = Caller::playing(&mut network, "provider", colleague).await;
        let stranger = Caller::playing(&mut network, "provider", other).await;
        let own = Caller::playing(&mut network, "patient", patient).await;
        let desk = Caller::playing(&mut network, "front_desk", facility).await;
        Ward { network, patient, provider, colleague, facility, carer, second, stranger, own, desk }
    }

    /// Asks for a call by somebody: a provider, whether the patient, a facility and a pool.
    fn call_by(&self, whom: &str) -> String {
        let patient = self.patient;
        format!("open_task($t, '{patient}', 'call_patient', 'Call', 'routine', NULL, {whom}, NULL, NULL, NULL, NULL)")
    }

    /// An order of the laboratory under a request of the carer.
    async fn order(&mut self) -> Uuid {
        let patient = self.patient;
        let request = self
            .carer
            .key(&format!(
                "request_service($t, '{patient}', NULL, 'laboratory', 'order', 'routine', 'loinc', '24331-1', 'Lipids', NULL,
                                 'Check', NULL, NULL, 'cardiology', NULL, NULL, NULL, false, NULL)"
            ))
            .await;
        self.carer.key(&format!("order_lab($t, '{request}', NULL, 'blood', NULL)")).await
    }

    /// A result of an order that the colleague records.
    async fn result(&mut self, order: Uuid, status: &str, value: u32) {
        let patient = self.patient;
        let record = format!(
            "record_lab_result($t, '{patient}', '{order}', now(), '2093-3', 'Cholesterol', '{status}', {value}, 'mg/dL', NULL,
                               NULL, NULL, NULL, NULL, NULL, 300)"
        );
        self.second.call(&record).await;
    }

    async fn states(&mut self) -> Vec<String> {
        self.network
            .rows("SELECT kind || ' ' || status || ' ' || priority FROM care.task ORDER BY created_at, ended_at")
            .await
    }
}

async fn inbox(caller: &mut Caller) -> Vec<String> {
    caller.read("title || ' ' || is_own", "read_inbox", None, "inbox", "NULL, NULL, 9").await
}

fn take(task: Uuid, version: i32) -> String {
    format!("take_task($t, '{task}', {version})")
}

fn end(task: Uuid, version: i32, status: &str, outcome: &str) -> String {
    format!("end_task($t, '{task}', {version}, '{status}', {outcome})")
}

#[tokio::test]
async fn a_task_stands_in_the_inbox_of_whom_it_is_for() {
    let mut ward = Ward::new().await;
    let facility = ward.facility;
    for (whom, own, second, desk) in [
        (
            format!("'{}', false, NULL, NULL", ward.colleague),
            [""; 0].as_slice(),
            ["Call true"].as_slice(),
            [""; 0].as_slice(),
        ),
        ("NULL, true, NULL, NULL".to_owned(), &["Call true"], &[], &[]),
        ("NULL, false, NULL, 'care_team'".to_owned(), &[], &["Call false"], &[]),
        (format!("NULL, false, '{facility}', 'front_desk'"), &[], &[], &["Call false"]),
    ] {
        let call = ward.call_by(&whom);
        let task = ward.carer.key(&call).await;
        assert_eq!(inbox(&mut ward.own).await, own, "{whom}");
        assert_eq!(inbox(&mut ward.second).await, second, "{whom}");
        assert_eq!(inbox(&mut ward.desk).await, desk, "{whom}");
        assert_eq!(inbox(&mut ward.stranger).await, [""; 0], "{whom}");
        assert_eq!(ward.stranger.call(&take(task, 1)).await, [""; 0]);
        ward.carer.call(&end(task, 1, "cancelled", "'Not needed'")).await;
        for caller in [&mut ward.own, &mut ward.second, &mut ward.desk] {
            assert_eq!(inbox(caller).await, [""; 0], "what is over stands in no inbox");
        }
    }
    let all = ward.carer.read("title", "read_tasks", Some(ward.patient), "tasks", "NULL, NULL, 9").await;
    assert_eq!(all.len(), 4);
    let theirs = ward.own.read("title", "read_tasks", Some(ward.patient), "tasks", "NULL, NULL, 9").await;
    assert_eq!(theirs.len(), 1, "a patient sees what is for the patient, and not what others do");
}

#[tokio::test]
async fn a_task_goes_to_nobody_who_may_not_do_it() {
    let mut ward = Ward::new().await;
    let elsewhere = ward.network.facility("MA", "clinic").await;
    let other = ward.network.provider().await;
    ward.network.account("provider", Some(other)).await;
    for (whom, rule) in [
        (format!("'{other}', false, NULL, NULL"), "task_owner_may_do_it"),
        ("NULL, false, NULL, NULL".to_owned(), "task_is_for_somebody"),
        ("NULL, false, NULL, 'front_desk'".to_owned(), "task_pool_is_at_its_facility"),
        (format!("NULL, false, '{elsewhere}', 'care_team'"), "task_pool_is_at_its_facility"),
        (format!("NULL, false, '{elsewhere}', 'janitor'"), "task_pool_is_at_its_facility"),
    ] {
        let call = ward.call_by(&whom);
        assert_eq!(ward.carer.refused(&call).await, rule, "{whom}");
    }
    let call = ward.call_by("NULL, true, NULL, NULL");
    assert_eq!(ward.stranger.refused(&call).await, "row_is_within_rights");
    let mut there = Caller::playing(&mut ward.network, "front_desk", elsewhere).await;
    let call = ward.call_by(&format!("NULL, false, '{}', 'front_desk'", ward.facility));
    let task = ward.carer.key(&call).await;
    assert_eq!(there.call(&take(task, 1)).await, [""; 0], "another desk has no such task");
    assert_eq!(ward.desk.call(&take(task, 1)).await, ["(t,2)"]);
    assert_eq!(ward.desk.call(&end(task, 2, "completed", "'Reached'")).await, ["(t,3)"]);
}

#[tokio::test]
async fn whoever_does_a_task_has_taken_it_and_it_ends_once() {
    let mut ward = Ward::new().await;
    let call = ward.call_by("NULL, false, NULL, 'care_team'");
    let task = ward.carer.key(&call).await;
    assert_eq!(
        ward.carer.refused(&end(task, 1, "completed", "'Done'")).await,
        "task_is_its_owners",
        "nobody has taken it"
    );
    assert_eq!(ward.second.call(&take(task, 1)).await, ["(t,2)"]);
    assert_eq!(ward.carer.call(&take(task, 1)).await, ["(f,2)"], "somebody was faster");
    assert_eq!(ward.carer.refused(&end(task, 2, "completed", "'Done'")).await, "task_is_its_owners");
    let give = |version: i32, whom: &str| format!("give_task($t, '{task}', {version}, {whom})");
    ward.second.call(&give(2, &format!("'{}', NULL, NULL", ward.provider))).await;
    assert_eq!(ward.second.refused(&give(3, "NULL, NULL, 'care_team'")).await, "task_is_its_owners");
    assert_eq!(ward.second.call(&take(task, 3)).await, ["(t,4)"], "a colleague takes it over");
    ward.second.call(&end(task, 4, "on_hold", "NULL")).await;
    assert_eq!(ward.second.refused(&end(task, 5, "completed", "NULL")).await, "task_says_what_came_of_it");
    assert_eq!(ward.second.call(&end(task, 5, "completed", "'Reached'")).await, ["(t,6)"]);
    assert_eq!(ward.second.refused(&take(task, 6)).await, "task_that_is_over_stays_so");
    let who = "read_tasks";
    let read = ward.carer.read("owner || ' ' || outcome", who, Some(ward.patient), "tasks", "NULL, NULL, 9").await;
    assert_eq!(read, ["Ada Okafor Reached"]);
    for change in ["title = 'Other'", "kind = 'other'", "requester_account_id = NULL"] {
        assert_eq!(ward.network.refusal(&format!("UPDATE care.task SET {change}")).await, "task_stays_what_it_is");
    }
    let account = format!("SELECT account_id FROM access.account WHERE provider_id = '{}'", ward.provider);
    let account = ward.network.id(&account).await;
    let mut portal = ward.network.portal_of(account).await;
    let insert = format!(
        "INSERT INTO care.task (patient_id, kind, title, pool, status, outcome)
         VALUES ('{}', 'other', 'x', 'care_team', 'cancelled', 'x')",
        ward.patient
    );
    let refused = portal.execute(AssertSqlSafe(insert.clone())).await;
    assert_eq!(refused_by(refused, &insert), "task_begins_as_requested");
}

#[tokio::test]
async fn results_of_an_order_open_one_task_for_who_ordered_until_it_is_acknowledged() {
    let mut ward = Ward::new().await;
    let order = ward.order().await;
    ward.result(order, "preliminary", 200).await;
    assert_eq!(inbox(&mut ward.carer).await, [""; 0], "what is preliminary may change");
    ward.network.run("UPDATE care.lab_result SET status = 'final'").await;
    assert_eq!(inbox(&mut ward.carer).await, ["Read the results: Lipids true"]);
    ward.result(order, "final", 210).await;
    assert_eq!(ward.states().await, ["review_result requested routine"]);
    ward.result(order, "final", 400).await;
    assert_eq!(ward.states().await, ["review_result requested stat"], "a critical value hurries");
    let (task, version) = {
        let read = "task_id || ' ' || version";
        let found = ward.carer.read(read, "read_inbox", None, "inbox", "NULL, NULL, 9").await[0].clone();
        let (task, version) =
            found.split_once(' ').map(|(task, version)| (task.to_owned(), version.to_owned())).unwrap();
        (task.parse::<Uuid>().unwrap(), version.parse::<i32>().unwrap())
    };
    assert_eq!(ward.second.refused(&end(task, version, "completed", "'Read'")).await, "task_is_its_owners");
    ward.carer.call(&end(task, version, "completed", "'Read, and told the patient'")).await;
    ward.result(order, "final", 190).await;
    assert_eq!(ward.states().await.len(), 2, "what comes later is to be read again");
    let second = "INSERT INTO care.task (patient_id, pool, kind, title, lab_order_id)
                  SELECT patient_id, 'care_team', kind, title, lab_order_id FROM care.task LIMIT 1";
    assert_eq!(ward.network.refusal(second).await, "task_of_an_order_is_one");
}

#[tokio::test]
async fn who_ordered_and_signs_the_report_has_read_the_results() {
    let mut ward = Ward::new().await;
    let order = ward.order().await;
    ward.result(order, "final", 200).await;
    for (signer, state) in [(ward.colleague, "requested"), (ward.provider, "completed")] {
        ward.network
            .run(&format!(
                "INSERT INTO care.clinical_report (patient_id, category, title, status, signed_by, signed_at, conclusion,
                                                   lab_order_id)
                 VALUES ('{}', 'lab', 'Lipids', 'final', '{signer}', now(), 'Normal', '{order}')",
                ward.patient
            ))
            .await;
        assert_eq!(ward.states().await, [format!("review_result {state} routine")]);
    }
}

#[tokio::test]
async fn a_report_under_a_request_opens_a_task_for_who_requested_and_a_request_one_for_who_is_asked() {
    let mut ward = Ward::new().await;
    let (patient, colleague, provider, facility) = (ward.patient, ward.colleague, ward.provider, ward.facility);
    let ask = |whom: &str| {
        format!(
            "request_service($t, '{patient}', NULL, 'referral', 'order', 'urgent', 'snomed', '183524004', 'Heart', NULL, 'Murmur',
                             {whom}, NULL, NULL, NULL, NULL, false, NULL)"
        )
    };
    let request = ward.carer.key(&ask(&format!("'{colleague}', NULL"))).await;
    assert_eq!(inbox(&mut ward.second).await, ["Act on the request: Heart true"]);
    let give = format!("change_service_request($t, '{request}', 1, 'on_hold', 'No time', NULL, '{facility}')");
    ward.carer.call(&give).await;
    assert_eq!(inbox(&mut ward.second).await, [""; 0], "it was given to somebody else");
    let resume = format!("change_service_request($t, '{request}', 2, 'active', NULL, NULL, NULL)");
    ward.carer.call(&resume).await;
    assert_eq!(inbox(&mut ward.second).await, ["Act on the request: Heart true"]);
    let report = ward
        .network
        .id(&format!(
            "INSERT INTO care.clinical_report (patient_id, category, title, status, signed_by, signed_at, conclusion)
             VALUES ('{patient}', 'consultation', 'Letter', 'final', '{colleague}', now(), 'Harmless') RETURNING clinical_report_id"
        ))
        .await;
    ward.second.key(&format!("fulfil_service_request($t, '{request}', '{report}', NULL, NULL, NULL, NULL)")).await;
    assert_eq!(inbox(&mut ward.carer).await, ["Read the report: Letter true"]);
    ward.second.call(&format!("change_service_request($t, '{request}', 3, 'completed', NULL, NULL, NULL)")).await;
    assert_eq!(inbox(&mut ward.second).await, [""; 0]);
    let at_desk = ward.carer.key(&ask(&format!("NULL, '{facility}'"))).await;
    assert_eq!(inbox(&mut ward.desk).await, ["Act on the request: Heart false"]);
    ward.network
        .run(&format!(
            "INSERT INTO care.patient_name (patient_id, use, family, given, valid_during)
             VALUES ('{patient}', 'official', 'Ruiz', '{{Ana}}', daterange('2000-01-01', NULL))"
        ))
        .await;
    let name = ward.desk.read("family || ' ' || given[1]", "read_inbox", None, "inbox", "NULL, NULL, 9").await;
    assert_eq!(name, ["Ruiz Ana"], "whoever is to find a time knows for whom");
    ward.carer.call(&format!("change_service_request($t, '{at_desk}', 1, 'revoked', 'Moved', NULL, NULL)")).await;
    assert_eq!(inbox(&mut ward.desk).await, [""; 0]);
    ward.network.run(&format!("UPDATE access.account SET disabled_at = now() WHERE provider_id = '{provider}'")).await;
    ward.network
        .run(&format!(
            "INSERT INTO care.lab_order (patient_id, ordered_by, loinc, title, specimen)
             VALUES ('{patient}', '{provider}', '24331-1', 'Lipids', 'blood');
             INSERT INTO care.lab_result (patient_id, lab_order_id, observed_at, loinc, title, status, value_number, unit)
             SELECT patient_id, lab_order_id, now(), '2093-3', 'Cholesterol', 'final', 200, 'mg/dL' FROM care.lab_order"
        ))
        .await;
    assert_eq!(
        inbox(&mut ward.second).await,
        ["Read the results: Lipids false"],
        "nobody else who cares for the patient misses it"
    );
}

#[tokio::test]
async fn every_check_of_a_task_refuses_what_it_says() {
    let mut ward = Ward::new().await;
    let call = ward.call_by("NULL, false, NULL, 'care_team'");
    ward.carer.key(&call).await;
    ward.network.run("ALTER TABLE care.task DISABLE TRIGGER USER").await;
    for (rule, change) in [
        ("task_kind_is_known", "kind = 'dance'"),
        ("task_kind_fits_its_subject", "kind = 'review_result'"),
        ("task_pool_is_known", "pool = 'janitor'"),
        ("task_pool_is_at_its_facility", "pool = 'front_desk'"),
        ("task_is_for_somebody", "pool = NULL"),
        ("task_priority_is_known", "priority = 'soon'"),
        ("task_status_is_known", "status = 'lost'"),
        ("task_in_progress_has_an_owner", "status = 'in_progress'"),
        ("task_says_what_came_of_it", "outcome = 'Done'"),
        ("task_ends_once_it_is_over", "ended_at = now()"),
        ("task_title_is_some", "title = ' '"),
        ("task_owner_fkey", "owner_account_id = gen_random_uuid()"),
        ("task_requester_fkey", "requester_account_id = gen_random_uuid()"),
        ("task_questionnaire_fkey", "questionnaire_id = gen_random_uuid()"),
        ("task_service_request_fkey", "service_request_id = gen_random_uuid()"),
        ("task_lab_order_fkey", "lab_order_id = gen_random_uuid()"),
        ("task_report_fkey", "clinical_report_id = gen_random_uuid()"),
    ] {
        assert_eq!(ward.network.refusal(&format!("UPDATE care.task SET {change}")).await, rule, "{change}");
    }
    let known = "SELECT count(*)::text FROM pg_constraint WHERE contype = 'c' AND conrelid = 'care.task'::regclass";
    assert_eq!(ward.network.one(known).await, "11", "each check of the table is tried");
}
