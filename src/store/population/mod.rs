//! A made-up network in an empty database: one file of SQL for each area, all in one transaction.
//!
//! # Why
//! Rows are made where they are stored, by set-based statements over `generate_series`, and nothing travels: 10,000
//! patients with 21 areas take 25 s beside a build, most of it the triggers of the ledger. Chance is a hash of seed,
//! kind and number, so that each row can be made without the ones before it and two runs of one seed and day are equal.
//!
//! Some facts are planted, and a sheet says what the views must find: who is readmitted, how adherent somebody is, who
//! completed, what is due, who looked without a reason. The words of journals are sealed, so the program writes them.
//!
//! Invariant: a population is whole or not there, and never beside real patients (`tests/care/population.rs`).

use sqlx::postgres::Postgres;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, Transaction};

use crate::model::time::{Day, Timestamp};
use crate::store::StoreError;
use crate::store::moment::Moment;

/// One area.
#[derive(Copy, Clone, Debug)]
pub struct Step {
    /// One word.
    pub name: &'static str,
    sql: &'static str,
}

macro_rules! step {
    ($name:literal, $file:literal) => {
        Step { name: $name, sql: include_str!($file) }
    };
}

/// All areas, in the order in which they lean on each other.
pub const STEPS: [Step; 21] = [
    step!("places", "10_places.sql"),
    step!("hours", "11_hours.sql"),
    step!("providers", "20_providers.sql"),
    step!("credentials", "21_credentials.sql"),
    step!("patients", "30_patients.sql"),
    step!("names", "31_names.sql"),
    step!("memberships", "32_memberships.sql"),
    step!("contacts", "33_contacts.sql"),
    step!("visits", "40_visits.sql"),
    step!("stays", "41_stays.sql"),
    step!("medication", "42_medication.sql"),
    step!("labs", "43_labs.sql"),
    step!("histories", "45_histories.sql"),
    step!("answers and images", "46_answers.sql"),
    step!("feedback", "47_feedback.sql"),
    step!("programmes", "50_programmes.sql"),
    step!("goals", "51_goals.sql"),
    step!("community", "55_community.sql"),
    step!("money", "60_money.sql"),
    step!("devices", "70_devices.sql"),
    step!("looks", "80_looks.sql"),
];

/// The demo's simulated wearers, as the first of the patients.
pub const WEARERS: Step = step!("wearers", "90_wearers.sql");

/// A fact that was planted, and what a view must answer.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Planted {
    /// Which question.
    pub kind: String,
    /// About whom or what: the key of a patient, stay, enrolment or invoice.
    pub subject: uuid::Uuid,
    /// What is right.
    pub answer: serde_json::Value,
}

/// An entry of a journal without its words.
#[derive(Copy, Clone, Debug)]
pub struct Unwritten {
    /// Whose.
    pub patient: uuid::Uuid,
    /// Its key.
    pub entry: uuid::Uuid,
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
    pub async fn make(&mut self, area: &Step) -> Result<(), StoreError> {
        let made = sqlx::raw_sql(AssertSqlSafe(area.sql)).execute(&mut *self.0).await;
        made.map(drop).map_err(StoreError::at("making up an area"))
    }

    /// Entries of journals that are to be sealed and written: one for one patient in ten, without words yet.
    pub async fn unwritten(&mut self) -> Result<Vec<Unwritten>, StoreError> {
        let rows: Vec<(uuid::Uuid, uuid::Uuid, Moment)> = sqlx::query_as(
            "SELECT pg_temp.key('patient', n), pg_temp.key('journal', n),
                    pg_temp.today()::timestamptz - INTERVAL '30 hours'
             FROM generate_series(0, pg_temp.patients() - 1, 10) AS n",
        )
        .fetch_all(&mut *self.0)
        .await
        .map_err(StoreError::at("choosing who keeps a journal"))?;
        let unwritten = |(patient, entry, Moment(written_at))| Unwritten { patient, entry, written_at };
        Ok(rows.into_iter().map(unwritten).collect())
    }

    /// Where it is made.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.0
    }

    /// Keeps it all, and gives the sheet of answers.
    pub async fn finish(mut self) -> Result<Vec<Planted>, StoreError> {
        let step = StoreError::at("keeping a population");
        let rows: Vec<(String, uuid::Uuid, serde_json::Value)> =
            sqlx::query_as("SELECT kind, subject, answer FROM planted ORDER BY kind, subject")
                .fetch_all(&mut *self.0)
                .await
                .map_err(&step)?;
        self.0.commit().await.map_err(&step)?;
        Ok(rows.into_iter().map(|(kind, subject, answer)| Planted { kind, subject, answer }).collect())
    }
}
