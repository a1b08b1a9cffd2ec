//! Messages: between a patient and who cares at that moment, never edited, retracted by their sender, answered by a task,
//! and so many a day.

use uuid::Uuid;

use super::caller::Caller;
use super::network::Network;

/// A patient in care of a provider, a stranger, and who acts.
struct Talk {
    network: Network,
    patient: Uuid,
    provider: Uuid,
    other: Uuid,
    own: Caller,
    carer: Caller,
    stranger: Caller,
}

impl Talk {
    async fn new() -> Talk {
        let mut network = Network::owned().await;
        let (patient, provider, other) = (network.patient().await, network.provider().await, network.provider().await);
        network.put_in_care(patient, provider).await;
        let own = Caller::playing(&mut network, "patient", patient).await;
        let carer = Caller::playing(&mut network, "provider", provider).await;
        let stranger = Caller::playing(&mut network, "provider", other).await;
        Talk { network, patient, provider, other, own, carer, stranger }
    }

    /// The patient begins a thread.
    async fn begun(&mut self) -> Uuid {
        let call = begin(self.patient, "NULL", "I cough");
        self.own.key(&call).await
    }

    async fn messages(&mut self) -> Vec<String> {
        self.network.rows("SELECT message_id::text FROM care.message ORDER BY sent_at, message_id").await
    }
}

fn begin(patient: Uuid, with: &str, body: &str) -> String {
    format!("begin_thread($t, '{patient}', {with}, 'medical', 'Cough', '{body}', NULL)")
}

fn write(thread: Uuid, body: &str) -> String {
    format!("write_message($t, '{thread}', '{body}', NULL)")
}

/// The messages of a thread as somebody reads them.
async fn read(caller: &mut Caller, patient: Uuid, thread: Uuid) -> Vec<String> {
    let columns = "concat_ws('|', sender, is_own, coalesce(body, '-'), retraction_reason, jsonb_array_length(read_by))";
    let arguments = format!("'{thread}', NULL, NULL, 9");
    caller.read(columns, "read_messages", Some(patient), "messages", &arguments).await
}

#[tokio::test]
async fn a_patient_and_who_cares_read_and_write_and_nobody_else_does() {
    let mut talk = Talk::new().await;
    let (patient, thread) = (talk.patient, talk.begun().await);
    talk.carer.key(&write(thread, "Drink tea")).await;
    assert_eq!(read(&mut talk.own, patient, thread).await, ["Ada Okafor|f|Drink tea|0", "patient|t|I cough|0"]);
    assert_eq!(read(&mut talk.carer, patient, thread).await, ["Ada Okafor|t|Drink tea|0", "patient|f|I cough|0"]);
    assert_eq!(read(&mut talk.stranger, patient, thread).await, [""; 0]);
    for call in
        [write(thread, "Hello"), begin(patient, "NULL", "Hello"), begin(patient, &format!("'{}'", talk.provider), "x")]
    {
        let refused = talk.stranger.refused(&call).await;
        assert!(
            ["row_is_within_rights", "message_patient_id_is_given"].contains(&refused.as_str()),
            "{call}: {refused}"
        );
    }
    assert_eq!(talk.stranger.call(&format!("close_thread($t, '{thread}')")).await, [""]);
    let elsewhere = talk.network.patient().await;
    let mut neighbour = Caller::playing(&mut talk.network, "patient", elsewhere).await;
    assert_eq!(read(&mut neighbour, patient, thread).await, [""; 0]);
    talk.network.run("UPDATE access.care_relationship SET valid_during = tstzrange(lower(valid_during), now())").await;
    assert_eq!(read(&mut talk.carer, patient, thread).await, [""; 0], "who cares no longer reads no more");
    assert_eq!(
        talk.own.refused(&begin(patient, &format!("'{}'", talk.other), "Hello")).await,
        "message_thread_is_with_who_cares"
    );
    let events = "SELECT DISTINCT action || ' ' || split_part(resource, '/', 1) FROM access.audit_event
                  WHERE outcome = 'allowed' ORDER BY 1";
    assert_eq!(talk.network.rows(events).await, ["create care.message", "read messages"]);
}

#[tokio::test]
async fn a_proxy_who_may_send_messages_reads_and_writes_them() {
    let mut talk = Talk::new().await;
    let (patient, thread) = (talk.patient, talk.begun().await);
    let other = talk.network.patient().await;
    let account = talk.network.account("patient", Some(other)).await;
    let mut proxy = Caller::of(&talk.network, account).await;
    let appoint = |acts: &str| {
        format!(
            "appoint_proxy($t, '{patient}', '{account}', NULL, 'appointed', NULL, NULL, '{{chart}}', '{acts}', NULL)"
        )
    };
    let reader = talk.own.key(&appoint("{}")).await;
    assert_eq!(read(&mut proxy, patient, thread).await, [""; 0], "who may read the chart reads no messages");
    talk.own.call(&format!("end_proxy($t, '{reader}')")).await;
    talk.own.key(&appoint("{message}")).await;
    proxy.key(&write(thread, "She coughs")).await;
    assert_eq!(read(&mut proxy, patient, thread).await, ["patient|t|She coughs|0", "patient|f|I cough|0"]);
    assert_eq!(
        proxy.refused(&begin(patient, &format!("'{}'", talk.other), "Hello")).await,
        "message_thread_is_with_who_cares"
    );
    proxy.key(&begin(patient, &format!("'{}'", talk.provider), "Hello")).await;
    let named = format!("SELECT count(*)::text FROM care.message WHERE sender_account_id = '{account}'");
    assert_eq!(talk.network.one(&named).await, "2", "in the own name");
}

#[tokio::test]
async fn a_message_is_never_edited_and_its_sender_retracts_it() {
    let mut talk = Talk::new().await;
    let (patient, thread) = (talk.patient, talk.begun().await);
    let message = talk.messages().await[0].clone();
    let retract = |why: &str| format!("retract_message($t, '{message}', {why})");
    assert_eq!(talk.carer.refused(&retract("'Wrong'")).await, "message_is_its_senders");
    assert_eq!(talk.own.refused(&retract("NULL")).await, "message_is_retracted_with_a_reason");
    assert_eq!(talk.own.call(&retract("'Wrong person'")).await, ["true"]);
    assert_eq!(read(&mut talk.carer, patient, thread).await, ["patient|f|-|Wrong person|0"]);
    assert_eq!(talk.network.one("SELECT body FROM care.message").await, "I cough", "it is kept");
    assert_eq!(talk.own.refused(&retract("'Again'")).await, "message_is_never_edited");
    for change in ["body = 'Another'", "sent_at = now()", "retracted_at = NULL, retraction_reason = NULL"] {
        let update = format!("UPDATE care.message SET {change}");
        assert_eq!(talk.network.refusal(&update).await, "message_is_never_edited", "{change}");
    }
    for change in ["subject = 'Another'", "category = 'other'"] {
        let update = format!("UPDATE care.message_thread SET {change}");
        assert_eq!(talk.network.refusal(&update).await, "message_thread_is_closed_and_nothing_else", "{change}");
    }
}

#[tokio::test]
async fn nobody_writes_in_a_thread_that_is_closed() {
    let mut talk = Talk::new().await;
    let thread = talk.begun().await;
    let close = format!("close_thread($t, '{thread}')");
    assert_eq!(talk.carer.call(&close).await, ["true"]);
    assert_eq!(talk.own.refused(&write(thread, "One more")).await, "message_is_in_an_open_thread");
    assert_eq!(talk.own.refused(&close).await, "message_thread_is_closed_and_nothing_else");
}

#[tokio::test]
async fn who_has_read_a_message_says_so_once_and_for_oneself() {
    let mut talk = Talk::new().await;
    let (patient, thread) = (talk.patient, talk.begun().await);
    talk.own.key(&write(thread, "And I sneeze")).await;
    let unread = "unread::text";
    let list = "NULL, NULL, 9";
    assert_eq!(talk.carer.read(unread, "read_threads", Some(patient), "messages", list).await, ["2"]);
    let note = format!("note_messages_read($t, '{thread}', now() + INTERVAL '1 hour')");
    assert_eq!(talk.own.call(&note).await, [""], "nobody reads what one wrote oneself");
    assert_eq!(talk.carer.call(&note).await, ["2"]);
    assert_eq!(talk.carer.call(&note).await, [""]);
    assert_eq!(talk.carer.read(unread, "read_threads", Some(patient), "messages", list).await, ["0"]);
    assert_eq!(read(&mut talk.own, patient, thread).await, ["patient|t|And I sneeze|1", "patient|t|I cough|1"]);
    assert_eq!(talk.stranger.call(&note).await, [""]);
    let account =
        talk.network.id(&format!("SELECT account_id FROM access.account WHERE patient_id = '{patient}'")).await;
    let mut portal = talk.network.portal_of(account).await;
    let forged = "INSERT INTO care.message_receipt (patient_id, message_id, account_id, read_at)
         SELECT patient_id, message_id, gen_random_uuid(), now() - INTERVAL '1 day' FROM care.message";
    sqlx::Executor::execute(&mut portal, sqlx::AssertSqlSafe(forged)).await.unwrap();
    let signed = format!(
        "SELECT count(*)::text FROM care.message_receipt WHERE account_id = '{account}' AND read_at > now() - INTERVAL '1 hour'"
    );
    assert_eq!(talk.network.one(&signed).await, "2", "whoever writes a receipt signs it");
}

#[tokio::test]
async fn one_account_writes_so_many_messages_a_day() {
    let mut talk = Talk::new().await;
    let (patient, thread) = (talk.patient, talk.begun().await);
    talk.network
        .run("UPDATE access.cap SET most = 2 WHERE cap IN ('messages_a_patient_a_day', 'messages_a_provider_a_day', 'threads_a_patient_a_day')")
        .await;
    talk.own.key(&write(thread, "Two")).await;
    assert_eq!(talk.own.refused(&write(thread, "Three")).await, "messages_of_an_account_are_few");
    talk.carer.key(&write(thread, "One")).await;
    talk.carer.key(&write(thread, "Two")).await;
    assert_eq!(talk.carer.refused(&write(thread, "Three")).await, "messages_of_an_account_are_few");
    talk.network.run("UPDATE access.cap SET most = 9 WHERE cap = 'messages_a_patient_a_day'").await;
    talk.own.key(&begin(patient, "NULL", "Second")).await;
    assert_eq!(talk.own.refused(&begin(patient, "NULL", "Third")).await, "message_threads_of_a_patient_are_few");
    talk.network.run("UPDATE care.message_thread SET created_at = created_at - INTERVAL '2 days'").await;
    talk.own.key(&begin(patient, "NULL", "Another day")).await;
}

#[tokio::test]
async fn a_patients_message_opens_a_task_until_somebody_answers() {
    let mut talk = Talk::new().await;
    let thread = talk.begun().await;
    talk.own.key(&write(thread, "Please")).await;
    let state = "SELECT concat_ws(' ', kind, status, pool, outcome) FROM care.task ORDER BY created_at";
    assert_eq!(talk.network.rows(state).await, ["answer_message requested care_team"]);
    talk.carer.key(&write(thread, "Drink tea")).await;
    assert_eq!(talk.network.rows(state).await, ["answer_message completed care_team Answered."]);
    let call = begin(talk.patient, &format!("'{}'", talk.provider), "Only you");
    let second = talk.own.key(&call).await;
    let inbox = talk.carer.read("title || ' ' || is_own", "read_inbox", None, "inbox", "NULL, NULL, 9").await;
    assert_eq!(inbox, ["Answer a message true"]);
    talk.own.call(&format!("close_thread($t, '{second}')")).await;
    assert_eq!(talk.carer.read("title", "read_inbox", None, "inbox", "NULL, NULL, 9").await, [""; 0]);
}

#[tokio::test]
async fn every_check_of_messages_refuses_what_it_says() {
    let mut talk = Talk::new().await;
    talk.begun().await;
    for table in ["message_thread", "message"] {
        talk.network.run(&format!("ALTER TABLE care.{table} DISABLE TRIGGER USER")).await;
    }
    for (rule, change) in [
        ("message_thread_category_is_known", "message_thread SET category = 'gossip'"),
        ("message_thread_subject_is_some", "message_thread SET subject = ' '"),
        ("message_thread_provider_fkey", "message_thread SET provider_id = gen_random_uuid()"),
        ("message_thread_opener_fkey", "message_thread SET opened_by_account_id = gen_random_uuid()"),
        ("message_body_is_some", "message SET body = repeat('x', 10001)"),
        ("message_is_retracted_with_a_reason", "message SET retraction_reason = 'Why'"),
        ("message_thread_fkey", "message SET message_thread_id = gen_random_uuid()"),
        ("message_sender_fkey", "message SET sender_account_id = gen_random_uuid()"),
    ] {
        assert_eq!(talk.network.refusal(&format!("UPDATE care.{change}")).await, rule, "{change}");
    }
}
