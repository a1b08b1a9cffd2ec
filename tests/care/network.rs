//! A small network to try things in, made by SQL, and the two questions of every test: what does this give, and which
//! rule refuses it?

use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::error::{BrokenRule, CareError, RuleCatalogue};
use healthtrack::store::care::session::SessionToken;
use sqlx::postgres::PgDatabaseError;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use crate::support::postgres::TestDatabase;

/// A migrated database, and a connection to it as its superuser.
pub(crate) struct Network {
    pub(crate) sql: PgConnection,
    pub(crate) database: TestDatabase,
}

impl Network {
    /// With nobody in it.
    pub(crate) async fn new() -> Network {
        let database = TestDatabase::migrated().await;
        Network { sql: PgConnection::connect(database.url()).await.unwrap(), database }
    }

    /// The same, migrated by an owner who is no superuser.
    pub(crate) async fn owned() -> Network {
        let database = TestDatabase::owned().await;
        Network { sql: PgConnection::connect(database.url()).await.unwrap(), database }
    }

    /// A connection as one of the logins (`support::postgres`).
    pub(crate) async fn login(&self, login: &str) -> PgConnection {
        PgConnection::connect(&self.database.url_as(login)).await.unwrap()
    }

    /// A connection with the rights of the functions that the portal calls, on which an account acts, statement by
    /// statement: what policies and rules do is tried without them.
    pub(crate) async fn portal_of(&self, account: Uuid) -> PgConnection {
        let mut portal = self.login("care").await;
        portal.execute(AssertSqlSafe(format!("SET healthtrack.actor = '{account}'"))).await.unwrap();
        portal
    }

    /// Signs an account in, without a trace in the audit.
    pub(crate) async fn token(&self, account: Uuid) -> SessionToken {
        token_of(&mut self.connection().await, account).await
    }

    /// What an account does through the portal's login, kept where nothing refuses it.
    pub(crate) async fn tries<T>(
        &self,
        account: Uuid,
        act: impl AsyncFnOnce(&mut Actor<'_>) -> Result<T, CareError>,
    ) -> Result<T, CareError> {
        let mut portal = self.login("portal").await;
        let rules = RuleCatalogue::read(&mut portal).await?;
        let token = self.token(account).await;
        let mut actor = Actor::begin(&mut portal, &rules, &token).await?.expect("the account acts");
        let done = act(&mut actor).await?;
        actor.commit().await?;
        Ok(done)
    }

    /// The same, of what must succeed.
    pub(crate) async fn does<T>(
        &self,
        account: Uuid,
        act: impl AsyncFnOnce(&mut Actor<'_>) -> Result<T, CareError>,
    ) -> T {
        self.tries(account, act).await.unwrap()
    }

    /// The rule that refuses what an account does, and its sentence.
    pub(crate) async fn broken<T: std::fmt::Debug>(
        &self,
        account: Uuid,
        act: impl AsyncFnOnce(&mut Actor<'_>) -> Result<T, CareError>,
    ) -> BrokenRule {
        match self.tries(account, act).await.expect_err("it is refused") {
            CareError::Refused(rule) => rule,
            CareError::Failed(error) => panic!("{error}"),
        }
    }

    /// The sentence that an account is told of what must be refused.
    pub(crate) async fn told<T: std::fmt::Debug>(
        &self,
        account: Uuid,
        act: impl AsyncFnOnce(&mut Actor<'_>) -> Result<T, CareError>,
    ) -> String {
        self.broken(account, act).await.sentence
    }

    /// An account of a part, for this person or facility where it has one.
    pub(crate) async fn account(&mut self, part: &str, whose: Option<Uuid>) -> Uuid {
        let column = match part {
            "patient" => "patient_id",
            "provider" => "provider_id",
            _ => "facility_id",
        };
        let whose = whose.map_or_else(|| "NULL".to_owned(), |id| format!("'{id}'"));
        self.id(&format!(
            "INSERT INTO access.account (part, {column}, login) VALUES ('{part}', {whose}, 'user-' || gen_random_uuid())
             RETURNING account_id"
        ))
        .await
    }

    /// Puts a patient into the care of a provider, from now on.
    pub(crate) async fn put_in_care(&mut self, patient: Uuid, provider: Uuid) {
        self.run(&format!(
            "INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
             VALUES ('{patient}', '{provider}', tstzrange(now() - INTERVAL '1 hour', NULL), 'care_team')"
        ))
        .await;
    }

    /// One more connection, for races.
    pub(crate) async fn connection(&self) -> PgConnection {
        PgConnection::connect(self.database.url()).await.unwrap()
    }

    /// Runs statements that must succeed.
    pub(crate) async fn run(&mut self, statements: &str) {
        if let Err(error) = self.sql.execute(AssertSqlSafe(statements.to_owned())).await {
            panic!("{statements}: {error}");
        }
    }

    /// The rows of a query, each as one text.
    pub(crate) async fn rows(&mut self, query: &str) -> Vec<String> {
        let rows = sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_all(&mut self.sql).await;
        rows.unwrap_or_else(|error| panic!("{query}: {error}"))
    }

    /// The one text that a query gives.
    pub(crate) async fn one(&mut self, query: &str) -> String {
        let rows = self.rows(query).await;
        assert_eq!(rows.len(), 1, "{query}");
        rows[0].clone()
    }

    /// The key that an `INSERT … RETURNING` gives.
    pub(crate) async fn id(&mut self, statement: &str) -> Uuid {
        let id = sqlx::query_scalar(AssertSqlSafe(statement.to_owned())).fetch_one(&mut self.sql).await;
        id.unwrap_or_else(|error| panic!("{statement}: {error}"))
    }

    /// The name of the rule (constraint), or else the SQLSTATE, that refuses a statement; panics where none does.
    pub(crate) async fn refusal(&mut self, statement: &str) -> String {
        refused_by(self.sql.execute(AssertSqlSafe(statement.to_owned())).await, statement)
    }

    /// A facility of a category in Springfield, in a state with this code.
    pub(crate) async fn facility(&mut self, state: &str, category: &str) -> Uuid {
        self.run(&format!(
            "INSERT INTO care.state (country, code, name) VALUES ('US', '{state}', 'State {state}') ON CONFLICT DO NOTHING;
             INSERT INTO care.city (state_id, name) SELECT state_id, 'Springfield' FROM care.state WHERE code = '{state}'
             ON CONFLICT DO NOTHING"
        ))
        .await;
        self.id(&format!(
            "INSERT INTO care.facility (city_id, category, name, street, postal_code, time_zone, phone)
             SELECT city_id, '{category}', '{category} ' || (SELECT count(*) FROM care.facility), '1 Main Street', '62701',
                    'America/Chicago', '+12175550100'
             FROM care.city JOIN care.state USING (state_id) WHERE code = '{state}' RETURNING facility_id"
        ))
        .await
    }

    /// A patient, born in 1980.
    pub(crate) async fn patient(&mut self) -> Uuid {
        self.id("INSERT INTO care.patient (born_on, sex, time_zone) VALUES ('1980-05-17', 'female', 'America/Chicago')
                 RETURNING patient_id")
            .await
    }

    /// A provider, licensed everywhere in the country.
    pub(crate) async fn provider(&mut self) -> Uuid {
        self.id("WITH made AS (
                     INSERT INTO care.provider (family_name, given_name, email)
                     VALUES ('Okafor', 'Ada', 'ada.okafor@example.org') RETURNING provider_id
                 ), licensed AS (
                     INSERT INTO care.qualification
                         (provider_id, kind, title, issuer, awarded_year, country, license_number, licensed_during)
                     SELECT provider_id, 'license', 'Licence', 'US', 2001, 'US', gen_random_uuid()::text, '[2001-01-01,)'
                     FROM made
                 )
                 SELECT provider_id FROM made")
            .await
    }
}

/// A token of a session that an owner of the tables writes for an account.
pub(crate) async fn token_of(sql: &mut PgConnection, account: Uuid) -> SessionToken {
    let token = SessionToken::generate().unwrap();
    sqlx::query(
        "INSERT INTO access.session (account_id, expires_at, idle_for, token_hash)
         VALUES ($1, now() + INTERVAL '1 hour', '15 minutes', sha256(decode($2, 'hex')))",
    )
    .bind(account)
    .bind(token.expose())
    .execute(sql)
    .await
    .unwrap();
    token
}

/// The rule that refused, as `refusal` says it.
pub(crate) fn refused_by<T: std::fmt::Debug>(result: Result<T, sqlx::Error>, statement: &str) -> String {
    let error = match result {
        Ok(done) => panic!("nothing refused {statement}: {done:?}"),
        Err(sqlx::Error::Database(error)) => error,
        Err(other) => panic!("{statement}: {other}"),
    };
    let error = error.downcast_ref::<PgDatabaseError>();
    error.constraint().map_or_else(|| error.code().to_owned(), str::to_owned)
}
