//! A synthetic network in an empty database: one file of SQL for each area, all in one transaction.
//!
//! # Why
//! Rows are made where they are stored, by set-based statements over `generate_series`, and nothing travels: 10,000
//! patients with all areas take half a minute beside a build, most of it the triggers of the ledger. Chance is a
//! hash of seed, kind and number, so that each row can be made without the ones before it and two runs of one seed
//! and day are equal.
//!
//! Some facts are known beforehand, and a sheet says what the views must find: who is readmitted, how adherent somebody
//! is, who completed, what is due, which access to a record nothing explains. The words of journals are encrypted, so
//! the program writes them.
//!
//! Invariant: a population is whole or not there, and never beside real patients (`tests/care/population.rs`).

use sqlx::postgres::Postgres;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Transaction};

use crate::model::people::{JournalEntryId, PatientId};
use crate::model::time::{Day, Timestamp};
use crate::store::StoreError;
use crate::store::care::data_key::DataKeys;
use crate::store::care::document::{self, NewDocument};
use crate::store::care::journal::{self, JournalEntry};
use crate::store::moment::Moment;

/// One area.
#[derive(Copy, Clone, Debug)]
pub struct PopulationArea {
    /// One word.
    pub name: &'static str,
    sql: &'static str,
}

macro_rules! area {
    ($name:literal, $file:literal) => {
        PopulationArea { name: $name, sql: include_str!($file) }
    };
}

/// All areas, in the order in which they depend on each other.
pub const AREAS: &[PopulationArea] = &[
    area!("places", "10_places.sql"),
    area!("hours", "11_hours.sql"),
    area!("departments", "12_departments.sql"),
    area!("days off", "13_days_off.sql"),
    area!("kinds of visit", "14_appointment_types.sql"),
    area!("providers", "20_providers.sql"),
    area!("credentials", "21_credentials.sql"),
    area!("absences", "22_absences.sql"),
    area!("accounts", "23_accounts.sql"),
    area!("patients", "30_patients.sql"),
    area!("names", "31_names.sql"),
    area!("memberships", "32_memberships.sql"),
    area!("contacts", "33_contacts.sql"),
    area!("preferences", "34_preferences.sql"),
    area!("visits", "40_visits.sql"),
    area!("stays", "41_stays.sql"),
    area!("medication", "42_medication.sql"),
    area!("labs", "43_labs.sql"),
    area!("observations", "44_observations.sql"),
    area!("histories", "45_histories.sql"),
    area!("answers and images", "46_answers.sql"),
    area!("feedback", "47_feedback.sql"),
    area!("notes", "48_notes.sql"),
    area!("work", "49_work.sql"),
    area!("programmes", "50_programmes.sql"),
    area!("goals", "51_goals.sql"),
    area!("alerts and advice", "52_insight.sql"),
    area!("visits elsewhere", "53_visits_elsewhere.sql"),
    area!("engagement", "54_engagement.sql"),
    area!("community", "55_community.sql"),
    area!("moderation", "56_moderation.sql"),
    area!("money", "60_money.sql"),
    area!("refunds", "61_refunds.sql"),
    area!("attendance", "62_attendance.sql"),
    area!("devices", "70_devices.sql"),
    area!("record access", "80_record_access.sql"),
    area!("emergencies", "81_emergencies.sql"),
    area!("erasures", "82_erasures.sql"),
];

/// Those who wear the demo's simulated devices, as the first of the patients.
pub const WEARERS: PopulationArea = area!("wearers", "90_wearers.sql");

/// A fact known beforehand, and what a view must answer.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct KnownFact {
    /// Which question.
    pub kind: String,
    /// About whom or what: the key of a patient, stay, enrolment or invoice.
    pub subject: uuid::Uuid,
    /// What is right.
    pub answer: serde_json::Value,
}

/// An entry of a journal without its words.
#[derive(Copy, Clone, Debug)]
pub struct UnwrittenEntry {
    /// Whose.
    pub patient: PatientId,
    /// Its key.
    pub entry: JournalEntryId,
    /// When it is said to be written.
    pub written_at: Timestamp,
}

/// A population in the making; gone where it is not finished.
#[derive(Debug)]
pub struct Population<'c>(Transaction<'c, Postgres>);

/// True where there are patients already.
pub async fn has_patients(connection: &mut PgConnection) -> Result<bool, StoreError> {
    sqlx::query_scalar("SELECT EXISTS (SELECT FROM care.patient)")
        .fetch_one(connection)
        .await
        .map_err(StoreError::at("looking for patients"))
}

impl<'c> Population<'c> {
    /// Begins: `patients` of them, by `seed`, with a past that ends on `today`.
    pub async fn begin(
        connection: &'c mut PgConnection,
        patients: u32,
        seed: u32,
        today: Day,
    ) -> Result<Population<'c>, StoreError> {
        let step = StoreError::at("beginning a population");
        let mut transaction = connection.begin().await.map_err(&step)?;
        for (name, value) in
            [("patients", patients.to_string()), ("seed", seed.to_string()), ("today", today.to_string())]
        {
            sqlx::query("SELECT set_config('populate.' || $1, $2, true), set_config('TimeZone', 'UTC', true)")
                .bind(name)
                .bind(value)
                .execute(&mut *transaction)
                .await
                .map_err(&step)?;
        }
        sqlx::raw_sql(include_str!("00_begin.sql")).execute(&mut *transaction).await.map_err(&step)?;
        Ok(Population(transaction))
    }

    /// Makes one area.
    pub async fn make(&mut self, area: &PopulationArea) -> Result<(), StoreError> {
        let made = sqlx::raw_sql(AssertSqlSafe(area.sql)).execute(&mut *self.0).await;
        made.map(drop).map_err(StoreError::at("making up an area"))
    }

    /// Entries of journals that are to be encrypted and written: one for one patient in ten, without words yet.
    pub async fn unwritten(&mut self) -> Result<Vec<UnwrittenEntry>, StoreError> {
        let rows: Vec<(PatientId, JournalEntryId, Moment)> = sqlx::query_as(
            "SELECT pg_temp.key('patient', n), pg_temp.key('journal', n),
                    pg_temp.today()::timestamptz - INTERVAL '30 hours'
             FROM generate_series(0, pg_temp.patients() - 1, 10) AS n",
        )
        .fetch_all(&mut *self.0)
        .await
        .map_err(StoreError::at("choosing who keeps a journal"))?;
        let unwritten = |(patient, entry, Moment(written_at))| UnwrittenEntry { patient, entry, written_at };
        Ok(rows.into_iter().map(unwritten).collect())
    }

    /// Writes an entry of a journal.
    pub async fn write(&mut self, entry: &JournalEntry) -> Result<(), StoreError> {
        journal::insert(&mut self.0, entry).await.map_err(StoreError::at("writing a journal entry"))
    }

    /// Attaches a document to a record, and to the first message there, where there is one.
    pub async fn attach(&mut self, patient: PatientId, document: &NewDocument<'_>) -> Result<(), StoreError> {
        let step = StoreError::at("attaching a document");
        document::insert(&mut self.0, patient, document).await.map_err(&step)?;
        sqlx::query(
            "INSERT INTO care.message_attachment (patient_id, message_id, document_id)
             SELECT patient_id, message_id, $2 FROM care.message WHERE patient_id = $1
             ORDER BY sent_at, message_id LIMIT 1",
        )
        .bind(patient)
        .bind(document.document)
        .execute(&mut *self.0)
        .await
        .map(drop)
        .map_err(&step)
    }

    /// The data keys of the patients that are made.
    pub fn data_keys(&mut self) -> DataKeys<'_, '_> {
        DataKeys::owning(&mut self.0)
    }

    /// Keeps it all, and gives the sheet of answers.
    pub async fn finish(mut self) -> Result<Vec<KnownFact>, StoreError> {
        let step = StoreError::at("keeping a population");
        sqlx::raw_sql(include_str!("99_end.sql")).execute(&mut *self.0).await.map_err(&step)?;
        let rows: Vec<(String, uuid::Uuid, serde_json::Value)> =
            sqlx::query_as("SELECT kind, subject, answer FROM known_fact ORDER BY kind, subject")
                .fetch_all(&mut *self.0)
                .await
                .map_err(&step)?;
        self.0.commit().await.map_err(&step)?;
        Ok(rows.into_iter().map(|(kind, subject, answer)| KnownFact { kind, subject, answer }).collect())
    }
}
