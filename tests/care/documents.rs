//! Documents: sealed, addressed by what they hold, never altered, and attached to what is one's own.

use healthtrack::model::people::PatientId;
use healthtrack::model::time::{Clock as _, SystemClock};
use healthtrack::security::envelope::{CellAddress, Envelope, decrypt_bytes, encrypt_bytes};
use healthtrack::security::keyring::KeyRing;
use healthtrack::store::care::data_key::DataKeys;
use healthtrack::store::care::document::{self, NewDocument};
use uuid::Uuid;

use super::caller::Caller;
use super::network::Network;

/// A patient with a data key, in care of a provider; a stranger, and who acts.
struct File {
    network: Network,
    patient: Uuid,
    own: Caller,
    carer: Caller,
    stranger: Caller,
}

impl File {
    async fn new() -> File {
        let mut network = Network::owned().await;
        let (patient, provider, other) = (network.patient().await, network.provider().await, network.provider().await);
        network.put_in_care(patient, provider).await;
        let key = format!(
            "INSERT INTO access.data_key VALUES ('{patient}', now(), 'key-1', decode(repeat('00', 61), 'hex'))"
        );
        network.run(&key).await;
        let own = Caller::playing(&mut network, "patient", patient).await;
        let carer = Caller::playing(&mut network, "provider", provider).await;
        let stranger = Caller::playing(&mut network, "provider", other).await;
        File { network, patient, own, carer, stranger }
    }

    fn attach(&self, byte: &str, supersedes: Option<Uuid>) -> String {
        let (patient, key) = (self.patient, Uuid::new_v4());
        let supersedes = supersedes.map_or_else(|| "NULL".to_owned(), |key| format!("'{key}'"));
        format!(
            "attach_document($t, '{key}', '{patient}', NULL, {supersedes}, now(), '11488-4', 'Letter', 'application/pdf', 71,
                             decode('01' || repeat('{byte}', 99), 'hex'), NULL)"
        )
    }
}

const LIST: &str = "NULL, NULL, 9";

#[tokio::test]
async fn a_document_is_attached_by_the_patient_and_who_cares_and_read_by_them() {
    let mut file = File::new().await;
    let patient = file.patient;
    let first = file.own.key(&file.attach("a7", None)).await;
    let call = file.attach("a8", None);
    file.carer.key(&call).await;
    let call = file.attach("a9", None);
    assert_eq!(file.stranger.refused(&call).await, "row_is_within_rights");
    let columns = "concat_ws(' ', title, author, status)";
    for caller in [&mut file.own, &mut file.carer] {
        let mut read = caller.read(columns, "read_documents", Some(patient), "documents", LIST).await;
        read.sort();
        assert_eq!(read, ["Letter Ada Okafor current", "Letter patient current"]);
        let bytes = "concat_ws(' ', media_type, place, encode(body, 'hex') = '01' || repeat('a7', 99), sealed_sha256 = sha256(body))";
        let read = caller.read(bytes, "read_document", Some(patient), "documents", &format!("'{first}'")).await;
        assert_eq!(read, ["application/pdf database t t"]);
    }
    assert_eq!(file.stranger.read("title", "read_documents", Some(patient), "documents", LIST).await, [""; 0]);
    let events = "SELECT DISTINCT action || ' ' || split_part(resource, '/', 1) FROM access.audit_event
                  WHERE outcome = 'allowed' ORDER BY 1";
    assert_eq!(file.network.rows(events).await, ["create care.document", "read documents"]);
}

#[tokio::test]
async fn a_document_of_a_category_is_the_patients_and_its_authors() {
    let mut file = File::new().await;
    let patient = file.patient;
    let colleague = file.network.provider().await;
    file.network.put_in_care(patient, colleague).await;
    let mut second = Caller::playing(&mut file.network, "provider", colleague).await;
    let call = file.attach("a7", None).replace("'hex'), NULL)", "'hex'), 'hiv')");
    let document = file.carer.key(&call).await;
    for (caller, seen) in [(&mut file.carer, 1), (&mut file.own, 1), (&mut second, 0)] {
        let read = caller.read("sensitivity", "read_documents", Some(patient), "documents", LIST).await;
        assert_eq!(read, vec!["hiv"; seen]);
        let bytes = caller.read("place", "read_document", Some(patient), "documents", &format!("'{document}'")).await;
        assert_eq!(bytes, vec!["database"; seen]);
    }
}

#[tokio::test]
async fn bytes_that_are_not_sealed_or_not_those_of_their_address_are_refused() {
    let mut file = File::new().await;
    let patient = file.patient;
    let content = |address: &str, body: &str| {
        format!(
            "INSERT INTO care.document_content (patient_id, sealed_sha256, body) VALUES ('{patient}', {address}, {body})"
        )
    };
    let sealed = "decode('01' || repeat('a7', 99), 'hex')";
    for (address, body, rule) in [
        ("sha256('other')", sealed, "document_content_has_its_address"),
        (
            "sha256('plain words of somebody, and long enough')",
            "'plain words of somebody, and long enough'",
            "document_content_is_sealed",
        ),
        ("sha256('\\x01')", "'\\x01'", "document_content_is_sealed"),
    ] {
        assert_eq!(file.network.refusal(&content(address, body)).await, rule, "{body}");
    }
    let plain = file.attach("a7", None).replace("'01'", "'02'");
    assert_eq!(file.own.refused(&plain).await, "document_content_is_sealed");
    let larger = file.attach("a7", None).replace(" 71,", " 72,");
    assert_eq!(file.own.refused(&larger).await, "document_size_is_its_contents");
    let elsewhere = file.attach("a7", None).replace("'application/pdf'", "'application/x-msdownload'");
    assert_eq!(file.own.refused(&elsewhere).await, "document_media_type_is_known");
    file.network.run("DELETE FROM access.data_key").await;
    let call = file.attach("a7", None);
    assert_eq!(file.own.refused(&call).await, "document_is_sealed_by_a_key");
}

#[tokio::test]
async fn a_document_never_changes_and_a_newer_one_supersedes_it() {
    let mut file = File::new().await;
    let first = file.own.key(&file.attach("a7", None)).await;
    let call = file.attach("a8", Some(first));
    let second = file.own.key(&call).await;
    let states = "SELECT status FROM care.document ORDER BY supersedes_document_id NULLS FIRST";
    assert_eq!(file.network.rows(states).await, ["superseded", "current"]);
    let call = file.attach("a9", Some(first));
    assert_eq!(file.own.refused(&call).await, "document_supersedes_a_current_one");
    for change in
        ["title = 'Other'", "sealed_sha256 = sha256('x')", "status = 'current'", "size_bytes = 1", "place = 'store'"]
    {
        let update = format!("UPDATE care.document SET {change} WHERE document_id = '{first}'");
        assert_eq!(file.network.refusal(&update).await, "document_is_never_altered", "{change}");
    }
    let mark = |key: Uuid, version: i32| format!("mark_document($t, '{key}', {version})");
    assert_eq!(file.own.call(&mark(second, 1)).await, ["(t,2)"]);
    assert_eq!(file.own.call(&mark(second, 1)).await, ["(f,2)"]);
    assert_eq!(file.stranger.call(&mark(first, 2)).await, [""; 0]);
    let read =
        file.own.read("media_type", "read_document", Some(file.patient), "documents", &format!("'{second}'")).await;
    assert_eq!(read, [""; 0], "an error is not handed out");
    let call = file.attach("aa", None);
    let theirs = file.carer.key(&call).await;
    assert_eq!(file.own.refused(&mark(theirs, 1)).await, "document_is_its_authors");
    assert_eq!(file.carer.call(&mark(theirs, 1)).await, ["(t,2)"]);
}

#[tokio::test]
async fn one_account_attaches_so_many_documents_a_day_and_sends_them_with_its_own_messages() {
    let mut file = File::new().await;
    let patient = file.patient;
    file.network.run("UPDATE access.cap SET most = 1 WHERE cap = 'documents_an_account_a_day'").await;
    let document = file.own.key(&file.attach("a7", None)).await;
    let call = file.attach("a8", None);
    assert_eq!(file.own.refused(&call).await, "documents_of_an_account_are_few");
    let call = file.attach("a8", None);
    file.carer.key(&call).await;
    let begin = format!(
        "begin_thread($t, '{patient}', NULL, 'medical', 'Letter', 'See the letter', ARRAY['{document}'::uuid])"
    );
    let thread = file.own.key(&begin).await;
    let columns = "documents[1]::text";
    let arguments = format!("'{thread}', NULL, NULL, 9");
    assert_eq!(
        file.carer.read(columns, "read_messages", Some(patient), "messages", &arguments).await,
        [document.to_string()]
    );
    let unknown = begin.replace(&document.to_string(), &Uuid::new_v4().to_string());
    assert_eq!(file.own.refused(&unknown).await, "message_attachment_document_fkey");
    let twice = begin.replace("::uuid]", &format!("::uuid, '{document}'::uuid]"));
    assert_eq!(file.own.refused(&twice).await, "message_attachment_is_not_repeated");
    let account = file
        .network
        .id("SELECT account_id FROM access.account WHERE part = 'provider' ORDER BY created_at LIMIT 1")
        .await;
    let mut portal = file.network.portal_of(account).await;
    let added = format!(
        "INSERT INTO care.message_attachment (patient_id, message_id, document_id)
         SELECT '{patient}', message_id, document_id FROM care.message CROSS JOIN care.document WHERE document_id <> '{document}'"
    );
    let refused = sqlx::Executor::execute(&mut portal, sqlx::AssertSqlSafe(added.clone())).await;
    assert_eq!(super::network::refused_by(refused, &added), "message_attachment_is_its_senders");
}

#[tokio::test]
async fn every_check_of_a_document_refuses_what_it_says() {
    let mut file = File::new().await;
    file.own.key(&file.attach("a7", None)).await;
    file.network.run("ALTER TABLE care.document DISABLE TRIGGER USER").await;
    for (rule, change) in [
        ("document_size_is_within_bounds", "size_bytes = 10485761"),
        ("document_size_is_within_bounds", "size_bytes = 0"),
        ("document_address_is_a_sha256", "sealed_sha256 = 'x', place = 'store'"),
        ("document_content_fkey", "sealed_sha256 = sha256('x')"),
        ("document_type_is_loinc", "type_loinc = '11488-5'"),
        ("document_title_is_some", "title = ''"),
        ("document_media_type_is_known", "media_type = 'text/html'"),
        ("document_place_is_known", "place = 'drawer'"),
        ("document_status_is_known", "status = 'lost'"),
        ("document_encounter_fkey", "encounter_id = gen_random_uuid()"),
        ("document_superseded_fkey", "supersedes_document_id = gen_random_uuid()"),
        ("document_author_fkey", "author_account_id = gen_random_uuid()"),
    ] {
        assert_eq!(file.network.refusal(&format!("UPDATE care.document SET {change}")).await, rule, "{change}");
    }
}

#[tokio::test]
async fn what_a_provider_seals_the_patient_opens_and_in_another_documents_place_nobody() {
    let mut network = Network::owned().await;
    let (patient, provider) = (network.patient().await, network.provider().await);
    network.put_in_care(patient, provider).await;
    let carer = network.account("provider", Some(provider)).await;
    let own = network.account("patient", Some(patient)).await;
    let keys = "2026:bmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItbmV3ZXItMDI=";
    let envelope = Envelope::new(&KeyRing::load("security.key", "", &[keys.into()]).unwrap()).unwrap();
    let (patient, now, scan) = (PatientId(patient), SystemClock.now(), [0xff, 0xd8, 0, 1, 2]);
    let key = network
        .does(carer, async |actor| Ok(envelope.data_key(&mut DataKeys::Acting(actor), patient, now).await.unwrap()))
        .await;
    let document = network.does(carer, async |actor| document::next_key(actor).await).await;
    let row = document.to_string();
    let place = CellAddress { table: "care.document_content", column: "body", row: &row };
    let body = encrypt_bytes(&key, &place, &scan).unwrap();
    let new = NewDocument {
        document,
        encounter: None,
        supersedes: None,
        documented_at: now,
        type_loinc: "11488-4",
        title: "Scan",
        media_type: "image/jpeg",
        size_bytes: 5,
        body: &body,
        sensitivity: None,
    };
    network.does(carer, async |actor| document::attach(actor, patient, &new).await).await;
    let found = network.does(own, async |actor| document::find(actor, patient, document).await).await.unwrap();
    let key = network
        .does(own, async |actor| Ok(envelope.data_key(&mut DataKeys::Acting(actor), patient, now).await.unwrap()))
        .await;
    let sealed = found.body.unwrap();
    assert_eq!(decrypt_bytes(&key, &place, &sealed).unwrap().as_slice(), scan);
    let other = Uuid::nil().to_string();
    assert!(decrypt_bytes(&key, &CellAddress { row: &other, ..place }, &sealed).is_err());
    let plain = "SELECT count(*)::text FROM care.document_content WHERE position('\\xffd8000102'::bytea IN body) > 0";
    assert_eq!(network.one(plain).await, "0");
}
