//! What is sealed for a patient in the database: the data key is one, however many ask for it first, and without its row
//! nothing opens.

use healthtrack::model::people::PatientId;
use healthtrack::model::time::Timestamp;
use healthtrack::security::envelope::{CellAddress, DataKey, Envelope, decrypt, encrypt};
use healthtrack::security::keyring::KeyRing;
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::context::SignIn;
use healthtrack::store::care::data_key::DataKeys;
use healthtrack::store::care::error::RuleCatalogue;
use healthtrack::store::care::session::{self, SessionLimits, SessionToken};
use sqlx::{Connection as _, PgConnection};

use crate::support::postgres::TestDatabase;

const KEY: &str = "2026a:YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE=";

#[tokio::test]
async fn a_patient_has_one_data_key_and_what_it_sealed_opens_only_while_it_is_kept() {
    let database = TestDatabase::migrated().await;
    let mut one = PgConnection::connect(database.url()).await.unwrap();
    let mut two = PgConnection::connect(database.url()).await.unwrap();
    let envelope = Envelope::new(&KeyRing::load("security.key", "", &[KEY.to_owned().into()]).unwrap()).unwrap();
    let patient = PatientId("0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b".parse().unwrap());
    let enrol = "INSERT INTO care.patient (patient_id, born_on, sex, time_zone)
                 VALUES ($1, '1980-05-17', 'female', 'America/Chicago')";
    sqlx::query(enrol).bind(patient).execute(&mut one).await.unwrap();
    let account = "INSERT INTO access.account (patient_id, part, login) VALUES ($1, 'patient', 'own')";
    sqlx::query(account).bind(patient).execute(&mut one).await.unwrap();
    let token = SessionToken::generate().unwrap();
    session::open(&mut SignIn::on(&mut one), "own", &token, SessionLimits::default()).await.unwrap();
    let place = CellAddress { table: "care.journal_entry", column: "body", row: "7" };
    let data_key = async |connection: &mut PgConnection| data_key(&envelope, connection, &token, patient).await;
    let (first, second) = tokio::join!(data_key(&mut one), data_key(&mut two));
    let sealed = encrypt(&first, &place, "slept badly").unwrap();
    assert_eq!(decrypt(&second, &place, &sealed).unwrap().as_str(), "slept badly");
    let later = data_key(&mut two).await;
    assert_eq!(decrypt(&later, &place, &sealed).unwrap().as_str(), "slept badly");
    let kept: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT wrapped FROM access.data_key").fetch_all(&mut one).await.unwrap();
    assert_eq!(kept.len(), 1);
    sqlx::query("DELETE FROM access.data_key").execute(&mut one).await.unwrap();
    let anew = data_key(&mut one).await;
    assert!(decrypt(&anew, &place, &sealed).is_err(), "the key is gone for good");
}

/// The patient's data key, as the patient's own account is given it.
async fn data_key(
    envelope: &Envelope,
    connection: &mut PgConnection,
    token: &SessionToken,
    patient: PatientId,
) -> DataKey {
    let now = Timestamp::parse_rfc3339("2026-11-23T10:00:00Z").unwrap();
    let mut actor = Actor::begin(connection, &RuleCatalogue::default(), token).await.unwrap().unwrap();
    let key = envelope.data_key(&mut DataKeys::Acting(&mut actor), patient, now).await.unwrap();
    actor.commit().await.unwrap();
    key
}
