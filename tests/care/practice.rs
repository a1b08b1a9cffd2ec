//! A facility that is always open and a provider who is always there, so that only what a test is about can refuse it;
//! and what is done there through the portal, in the name of an account.

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use uuid::Uuid;

use super::network::{Network, refused_by};

/// Who and where.
pub(crate) struct Practice {
    pub(crate) network: Network,
    pub(crate) facility: Uuid,
    pub(crate) room: Uuid,
    pub(crate) provider: Uuid,
    pub(crate) patient: Uuid,
}

impl Practice {
    /// One facility, room, provider and patient, a regular member.
    pub(crate) async fn new() -> Practice {
        Practice::within(Network::new().await).await
    }

    /// The same in a network that is there.
    pub(crate) async fn within(mut network: Network) -> Practice {
        let facility = network.facility("IL", "clinic").await;
        network
            .run(&format!(
                "INSERT INTO care.opening_hours (facility_id, weekday, opens_minute, closes_minute)
                 SELECT '{facility}', weekday, 0, 1440 FROM generate_series(1, 7) weekday"
            ))
            .await;
        let room = format!("INSERT INTO care.room (facility_id, name) VALUES ('{facility}', '101') RETURNING room_id");
        let room = network.id(&room).await;
        let patient = network.patient().await;
        let mut practice = Practice { network, facility, room, provider: Uuid::nil(), patient };
        practice.provider = practice.provider().await;
        practice
    }

    /// One more provider who is always there.
    pub(crate) async fn provider(&mut self) -> Uuid {
        let (provider, facility) = (self.network.provider().await, self.facility);
        self.network
            .run(&format!(
                "INSERT INTO care.affiliation (provider_id, facility_id, role, valid_during)
                 VALUES ('{provider}', '{facility}', 'attending', '[2020-01-01,)');
                 INSERT INTO care.availability
                     (provider_id, facility_id, weekday, starts_minute, ends_minute, valid_during)
                 SELECT '{provider}', '{facility}', weekday, 0, 1440, '[2020-01-01,)'
                 FROM generate_series(1, 7) weekday"
            ))
            .await;
        provider
    }

    /// One more patient, with a plan.
    pub(crate) async fn member(&mut self, plan: &str) -> Uuid {
        let patient = self.network.patient().await;
        self.network
            .run(&format!(
                "INSERT INTO care.membership (patient_id, plan, valid_during)
                 VALUES ('{patient}', '{plan}', tstzrange(now(), NULL))"
            ))
            .await;
        patient
    }

    /// An account, for a patient, a provider or a facility as its part demands.
    pub(crate) async fn account(&mut self, part: &str, of: Option<Uuid>) -> Uuid {
        let column = match part {
            "patient" => "patient_id",
            "provider" => "provider_id",
            _ => "facility_id",
        };
        let of = of.map_or("NULL".to_owned(), |of| format!("'{of}'"));
        self.network
            .id(&format!(
                "INSERT INTO access.account (part, login, {column})
                 VALUES ('{part}', '{part}.' || (SELECT count(*) FROM access.account), {of}) RETURNING account_id"
            ))
            .await
    }

    /// An INSERT of an appointment of the practice, as SQL; `during` is an expression.
    pub(crate) fn appointment(&self, patient: Uuid, during: &str, status: &str) -> String {
        let expires = if status == "held" { "now() + INTERVAL '10 minutes'" } else { "NULL" };
        format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status, expires_at)
             VALUES ('{patient}', '{}', '{}', {during}, '{status}', {expires}) RETURNING appointment_id",
            self.provider, self.facility
        )
    }

    /// Makes an appointment as a program that takes it over: not judged by the rules of booking.
    pub(crate) async fn taken_over(&mut self, patient: Uuid, during: &str, status: &str) -> Uuid {
        let insert = self.appointment(patient, during, status);
        self.network.id(&insert).await
    }

    /// The statement that holds a time, as SQL.
    pub(crate) fn hold(&self, patient: Uuid, during: &str) -> String {
        format!("SELECT care.hold_appointment('{patient}', '{}', '{}', {during})", self.provider, self.facility)
    }

    /// The same, as a text for racers.
    pub(crate) fn hold_text(&self, patient: Uuid, during: &str) -> String {
        self.hold(patient, during) + "::text"
    }

    /// The status of an appointment.
    pub(crate) async fn status(&mut self, appointment: Uuid) -> String {
        self.network.one(&format!("SELECT status FROM care.appointment WHERE appointment_id = '{appointment}'")).await
    }

    /// The rule that refuses a statement of the portal in the name of an account.
    pub(crate) async fn portal_refusal(&mut self, account: Uuid, statement: &str) -> String {
        refused_by(self.network.sql.execute(AssertSqlSafe(in_portal(account, statement))).await, statement)
    }

    /// Runs a statement of the portal that must succeed.
    pub(crate) async fn portal(&mut self, account: Uuid, statement: &str) {
        self.network.run(&in_portal(account, statement)).await;
    }

    /// The rows of a query of the portal, each as one text.
    pub(crate) async fn portal_rows(&mut self, account: Uuid, query: &str) -> Vec<String> {
        self.network.run(&format!("BEGIN; {}", in_portal(account, ""))).await;
        let rows = self.network.rows(query).await;
        self.network.run("COMMIT").await;
        rows
    }
}

/// A period of so many minutes that begins so many hours from now, on the hour, as SQL.
pub(crate) fn hours_ahead(hours: i32, minutes: i32) -> String {
    format!(
        "tstzrange(date_trunc('hour', now()) + {hours} * INTERVAL '1 hour',
                   date_trunc('hour', now()) + {hours} * INTERVAL '1 hour' + {minutes} * INTERVAL '1 minute')"
    )
}

/// Statements of one transaction in the portal's role.
pub(crate) fn in_portal(account: Uuid, statement: &str) -> String {
    format!("SET LOCAL ROLE healthtrack_care; SELECT set_config('healthtrack.actor', '{account}', true); {statement}")
}

/// What one racer meets: the key or number it got as text, or the rule that refused it.
pub(crate) async fn attempt(connection: &mut PgConnection, query: &str) -> Result<String, String> {
    let result: Result<Option<String>, sqlx::Error> =
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(connection).await;
    match result {
        Ok(text) => Ok(text.unwrap_or_default()),
        refused => Err(refused_by(refused, query)),
    }
}

/// Runs one query on each of as many connections at once.
pub(crate) async fn race(network: &Network, queries: Vec<String>) -> Vec<Result<String, String>> {
    let mut racers = Vec::new();
    for query in queries {
        racers.push((network.connection().await, query));
    }
    let start = std::sync::Arc::new(tokio::sync::Barrier::new(racers.len()));
    let racers = racers.into_iter().map(|(mut connection, query)| {
        let start = start.clone();
        tokio::spawn(async move {
            start.wait().await;
            attempt(&mut connection, &query).await
        })
    });
    let mut results = Vec::new();
    for racer in racers.collect::<Vec<_>>() {
        results.push(racer.await.unwrap());
    }
    results
}
