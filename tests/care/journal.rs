//! The journal: sealed, its author's alone, and shared entry by entry for as long as both sides hold.

use healthtrack::model::people::{PatientId, ProviderId};
use healthtrack::model::time::Timestamp;
use healthtrack::security::envelope::{CellAddress, Envelope, decrypt, encrypt};
use healthtrack::security::keyring::KeyRing;
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::data_key::DataKeys;
use healthtrack::store::care::journal::{self, JournalEntry};
use uuid::Uuid;

use super::network::Network;

/// What a sealed text looks like to the database: a first byte of 1, and then nothing that it can read.
const SEALED: &str = "decode('01' || repeat('a7', 60), 'hex')";

#[tokio::test]
async fn an_entry_is_sealed_and_its_mood_is_on_a_scale() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let entry = |mood: &str, body: &str| {
        format!(
            "INSERT INTO care.journal_entry (patient_id, written_at, mood, body) VALUES ('{patient}', now(), {mood}, {body})"
        )
    };
    network.run(&entry("NULL", SEALED)).await;
    network.run(&entry("5", SEALED)).await;
    for (rule, mood, body) in [
        ("journal_entry_mood_is_1_to_5", "0", SEALED),
        ("journal_entry_mood_is_1_to_5", "6", SEALED),
        ("journal_entry_body_is_sealed", "3", "'I could not sleep again, and the coffee does not help'"),
        ("journal_entry_body_is_sealed", "3", "'\\x0102'"),
        ("journal_entry_body_is_sealed", "3", "''"),
        ("journal_entry_body_is_sealed", "3", "decode('01' || repeat('a7', 70000), 'hex')"),
    ] {
        assert_eq!(network.refusal(&entry(mood, body)).await, rule, "{mood} {body}");
    }
}

#[tokio::test]
async fn an_entry_is_shared_by_its_author_with_one_provider_once_at_a_time() {
    let mut network = Network::new().await;
    let (author, other, provider) = (network.patient().await, network.patient().await, network.provider().await);
    let entry = write(&mut network, author).await;
    let share = |patient: Uuid, period: &str| {
        format!(
            "INSERT INTO care.journal_share (patient_id, journal_entry_id, provider_id, shared_during)
             VALUES ('{patient}', '{entry}', '{provider}', '{period}')"
        )
    };
    assert_eq!(network.refusal(&share(other, "[2026-01-01,)")).await, "journal_share_entry_fkey");
    assert_eq!(network.refusal(&share(author, "empty")).await, "journal_share_period_is_half_open");
    network.run(&share(author, "[2026-01-01, 2026-02-01)")).await;
    assert_eq!(network.refusal(&share(author, "[2026-01-31,)")).await, "journal_share_is_not_repeated");
    network.run(&share(author, "[2026-02-01,)")).await;

    let thief = network.patient_account(other).await;
    network.act(thief).await;
    assert_eq!(network.refusal(&share(author, "[2020-01-01, 2020-02-01)")).await, "42501");
    let by_function =
        format!("SELECT coalesce(care.share_entry('{entry}', '{provider}', NULL)::text, 'no such entry')");
    assert_eq!(network.one(&by_function).await, "no such entry");
    let take = format!("SELECT care.unshare_entry('{entry}', '{provider}')::text");
    assert_eq!(network.one(&take).await, "0");
}

/// Each part that an account can have, with and without care and share: who counts one entry, and who counts none.
#[tokio::test]
async fn nobody_but_the_author_and_whom_it_is_shared_with_sees_an_entry() {
    let mut network = Network::new().await;
    let author = network.patient().await;
    let entry = write(&mut network, author).await;
    write(&mut network, author).await;
    let facility = network.facility("IL", "wellness_center").await;
    let mut seen = Vec::new();
    let own = network.patient_account(author).await;
    seen.push(("author", own, "2"));
    let other = network.patient().await;
    seen.push(("another patient", network.patient_account(other).await, "0"));
    for (name, in_care, shared, count) in [
        ("a provider with care and share", true, true, "1"),
        ("a provider with care alone", true, false, "0"),
        ("a provider with a share alone", false, true, "0"),
        ("a provider", false, false, "0"),
    ] {
        let provider = network.provider().await;
        if in_care {
            network.care(provider, author).await;
        }
        if shared {
            network.act(own).await;
            network.run(&format!("SELECT care.share_entry('{entry}', '{provider}', NULL)")).await;
            network.rest().await;
        }
        seen.push((name, network.provider_account(provider).await, count));
    }
    for part in ["front_desk", "biller"] {
        seen.push((part, network.staff_account(part, Some(facility)).await, "0"));
    }
    for part in ["moderator", "analyst", "privacy_officer", "operator"] {
        seen.push((part, network.staff_account(part, None).await, "0"));
    }
    assert_eq!(wrong_views(&mut network, &seen).await, [""; 0]);
    for role in ["ingest", "roller", "analyst", "auditor"] {
        let look = format!("SET ROLE healthtrack_{role}; SELECT count(*) FROM care.journal_entry");
        assert_eq!(network.refusal(&look).await, "42501", "{role}");
        network.rest().await;
    }
    // Planted: whoever cares sees everything, as in the rest of a record.
    network
        .run(
            "CREATE POLICY injected ON care.journal_entry FOR SELECT TO healthtrack_care
              USING (patient_id = ANY ((SELECT access.patients_in_care())::uuid[]))",
        )
        .await;
    let found = wrong_views(&mut network, &seen).await;
    assert_eq!(found, ["a provider with care and share: 2", "a provider with care alone: 2"], "it sees what it should");
}

#[tokio::test]
async fn the_end_of_the_share_or_of_the_care_ends_it_with_the_next_statement() {
    let mut network = Network::new().await;
    let (author, provider) = (network.patient().await, network.provider().await);
    network.care(provider, author).await;
    let entry = write(&mut network, author).await;
    let (own, reader) = (network.patient_account(author).await, network.provider_account(provider).await);
    let count = "SELECT (SELECT count(*) FROM care.journal_entry) || ' ' || (SELECT count(*) FROM care.journal_share)";
    let share = format!("SELECT care.share_entry('{entry}', '{provider}', NULL)");
    let take = format!("SELECT care.unshare_entry('{entry}', '{provider}')::text");
    let mut looks = Vec::new();
    for step in [
        (own, share.clone()),
        (own, take.clone()),
        (own, share.clone()),
        (Uuid::nil(), "UPDATE access.care_relationship SET valid_during = '[2020-01-01, 2021-01-01)'".to_owned()),
        (Uuid::nil(), "UPDATE access.care_relationship SET valid_during = '[2020-01-01,)'".to_owned()),
        (Uuid::nil(), format!("UPDATE access.account SET disabled_at = now() WHERE account_id = '{reader}'")),
    ] {
        network.rest().await;
        if step.0 != Uuid::nil() {
            network.act(step.0).await;
        }
        network.run(&step.1).await;
        network.act(reader).await;
        looks.push(network.one(count).await);
    }
    assert_eq!(looks, ["1 1", "0 0", "1 1", "0 0", "1 1", "0 0"]);
    let write =
        format!("UPDATE care.journal_entry SET mood = 1 WHERE journal_entry_id = '{entry}' RETURNING mood::text");
    network.rest().await;
    network.run("UPDATE access.account SET disabled_at = NULL").await;
    network.act(reader).await;
    assert_eq!(network.rows(&write).await, [""; 0], "who may read may not write");
}

/// Words are sealed by the program, go to the database and come back, and open for the author and for whom they are
/// shared with; moved to another entry they open for nobody.
#[tokio::test]
async fn words_are_sealed_for_their_entry_and_opened_by_whom_it_is_shared_with() {
    let mut network = Network::new().await;
    let (author, provider) = (network.patient().await, network.provider().await);
    network.care(provider, author).await;
    let (own, reader) = (network.patient_account(author).await, network.provider_account(provider).await);
    let (author, provider) = (PatientId(author), ProviderId(provider));
    let key = "2026a:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=".to_owned();
    let envelope = Envelope::new(&KeyRing::load("security.key", "", &[key.into()]).unwrap()).unwrap();
    let now = Timestamp::parse_rfc3339("2026-11-23T10:00:00Z").unwrap();
    let later = now.plus_micros(1);
    let data_key =
        async |actor: &mut Actor<'_>| Ok(envelope.data_key(&mut DataKeys::Acting(actor), author, now).await.unwrap());
    let entries = async |actor: &mut Actor<'_>| journal::entries(actor, author, later).await;

    let authors_key = network.does(own, data_key).await;
    fn place(row: &str) -> CellAddress<'_> {
        CellAddress { table: "care.journal_entry", column: "body", row }
    }
    let mut rows = Vec::new();
    for words in ["slept badly", "slept well"] {
        let key = network.does(own, async |actor| journal::next_key(actor).await).await;
        let body = encrypt(&authors_key, &place(&key.to_string()), words).unwrap();
        assert!(!body.windows(words.len()).any(|part| part == words.as_bytes()), "nothing of it can be read");
        let entry = JournalEntry { journal_entry_id: key, patient: author, written_at: now, mood: Some(2), body };
        network.does(own, async |actor| journal::write(actor, &entry).await).await;
        rows.push(entry);
    }
    assert_eq!(network.does(own, entries).await.len(), 2);
    let first = rows[0].journal_entry_id;
    let shared = network.does(own, async |actor| journal::share(actor, first, provider, None).await).await;
    assert!(shared.is_some());

    let seen = network.does(reader, entries).await;
    assert_eq!(seen, rows[..1], "the one that is shared, as it was written");
    let readers_key = network.does(reader, data_key).await;
    let at = seen[0].journal_entry_id.to_string();
    assert_eq!(decrypt(&readers_key, &place(&at), &seen[0].body).unwrap().as_str(), "slept badly");
    assert!(decrypt(&readers_key, &place(&at), &rows[1].body).is_err(), "words of another entry do not open here");

    let unshare = async |actor: &mut Actor<'_>| journal::unshare(actor, first, provider).await;
    assert!(network.does(own, unshare).await);
    assert!(!network.does(own, unshare).await, "once");
    assert_eq!(network.does(reader, entries).await, []);
}

/// Says of whom the number of entries that they see is not the expected one.
async fn wrong_views(network: &mut Network, seen: &[(&str, Uuid, &str)]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (name, account, expected) in seen {
        network.act(*account).await;
        let count = network.one("SELECT count(*)::text FROM care.journal_entry").await;
        if count != *expected {
            wrong.push(format!("{name}: {count}"));
        }
        network.rest().await;
    }
    wrong
}

async fn write(network: &mut Network, patient: Uuid) -> Uuid {
    network
        .id(&format!(
            "INSERT INTO care.journal_entry (patient_id, written_at, body) VALUES ('{patient}', now(), {SEALED})
             RETURNING journal_entry_id"
        ))
        .await
}
