//! A scene: the made-up network, the clients with their tokens, and the server's facts that no client is to find.

use std::collections::BTreeMap;
use std::process::Command;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use super::holes::EDIT;
use super::people::{CLIENTS, FACTS, NAMES, STRANGER};
use crate::network::{Network, token_of};
use crate::support::postgres::TestDatabase;

/// Who tries: with the portal's login and the token of an account, or with another login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Nobody,
    Patient,
    Provider,
    Former,
    Desk,
    Biller,
    Officer,
    Moderator,
    Manager,
    Admin,
    Quality,
    /// The analyst's login.
    Analyst,
    /// A login without a role.
    Outsider,
}

impl Who {
    /// Whose account it has the token of.
    fn account(self) -> Option<&'static str> {
        match self {
            Who::Patient => Some("{account_of_patient}"),
            Who::Provider => Some("{account_of_provider}"),
            Who::Former => Some("{account_of_former}"),
            Who::Desk => Some("{account_of_desk}"),
            Who::Biller => Some("{account_of_biller}"),
            Who::Officer => Some("{account_of_officer}"),
            Who::Moderator => Some("{account_of_moderator}"),
            Who::Manager => Some("{account_of_manager}"),
            Who::Admin => Some("{account_of_admin}"),
            Who::Quality => Some("{account_of_quality}"),
            Who::Nobody | Who::Analyst | Who::Outsider => None,
        }
    }

    fn login(self) -> &'static str {
        match self {
            Who::Analyst => "analyst",
            Who::Outsider => "nobody",
            _ => "portal",
        }
    }
}

/// A network to try things in, and the keys of what is there and of what is not.
pub(super) struct Scene {
    pub(super) network: Network,
    keys: BTreeMap<String, Uuid>,
    tokens: BTreeMap<Who, String>,
}

/// A scene that others are copied from.
pub(super) struct Template {
    database: TestDatabase,
    keys: BTreeMap<String, Uuid>,
    tokens: BTreeMap<Who, String>,
}

impl Template {
    pub(super) async fn new() -> Template {
        let mut network = Network::owned().await;
        let made = Command::new(env!("CARGO_BIN_EXE_healthtrack"))
            .args(["populate", "--patients", "60"])
            .env("HEALTHTRACK__STORE__URL", network.database.url())
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        for statements in [CLIENTS, STRANGER] {
            network.run(&with_names(statements)).await;
        }
        crate::differencing::watches(&mut network, 8).await;
        let mut tokens = BTreeMap::from([(Who::Nobody, String::new())]);
        let staff = [Who::Desk, Who::Biller, Who::Officer, Who::Moderator, Who::Manager, Who::Admin, Who::Quality];
        for who in [Who::Patient, Who::Provider, Who::Former].into_iter().chain(staff) {
            let account = with_names(who.account().unwrap()).parse().unwrap();
            tokens.insert(who, token_of(&mut network.sql, account).await.expose().to_owned());
        }
        let keys = keys(&mut network).await;
        network.run("ANALYZE").await;
        let Network { sql, database } = network;
        sql.close().await.unwrap();
        database.close().await;
        Template { database, keys, tokens }
    }

    /// A copy of it, in which somebody works beside the client, and the owner makes a function after all migrations.
    pub(super) async fn scene(&self, opened: &str) -> Scene {
        let database = self.database.copy_closed().await;
        let sql = PgConnection::connect(database.url()).await.unwrap();
        let mut network = Network { sql, database };
        network.run("CALL access.restrict_database()").await;
        network.run(EDIT).await;
        network.run(&with_names(opened)).await;
        let mut owner = network.login("owner").await;
        let later = "CREATE FUNCTION api.later() RETURNS text LANGUAGE sql SECURITY DEFINER
                     AS 'SELECT string_agg(family, '' '') FROM care.patient_name'";
        owner.execute(later).await.unwrap();
        let scene = Scene { network, keys: self.keys.clone(), tokens: self.tokens.clone() };
        let mut provider = scene.login(Who::Provider).await.unwrap();
        let look = scene.put("SELECT api.look('{token}', '{own}', 'record', NULL)", Who::Provider, true);
        // Where a hole stands in the way, nobody has looked.
        let _ = provider.execute(AssertSqlSafe(look)).await;
        scene
    }
}

impl Scene {
    pub(super) async fn login(&self, who: Who) -> Result<PgConnection, sqlx::Error> {
        PgConnection::connect(&self.network.database.url_as(who.login())).await
    }

    pub(super) fn token(&self, who: Who) -> &str {
        self.tokens.get(&who).map_or("", String::as_str)
    }

    /// The key of the stranger's row for the name of a parameter; none for what is nobody's.
    pub(super) fn key(&self, name: &str) -> Option<Uuid> {
        self.keys.get(name).copied()
    }

    /// A statement with a client's token and with keys: of the stranger's rows, or of no row.
    pub(super) fn put(&self, statement: &str, who: Who, is_there: bool) -> String {
        let mut statement = with_names(&statement.replace("{token}", self.token(who)));
        for (name, key) in &self.keys {
            let key = if is_there { *key } else { absent(*key) };
            statement = statement.replace(&format!("{{{name}}}"), &key.to_string());
        }
        statement
    }

    /// What was said, without what the client said itself.
    pub(super) fn without_own(&self, said: &str, who: Who) -> String {
        let mut said = said.to_owned();
        for key in self.keys.values() {
            said = said.replace(&key.to_string(), "KEY").replace(&absent(*key).to_string(), "KEY");
        }
        if self.token(who).is_empty() { said } else { said.replace(self.token(who), "TOKEN") }
    }

    /// The fact of somebody else that stands in what a client was told.
    pub(super) fn fact(&self, said: &str, who: Who) -> Option<String> {
        let tokens = self.tokens.iter().filter(|(other, token)| **other != who && !token.is_empty());
        FACTS
            .into_iter()
            .chain(tokens.map(|(_, token)| token.as_str()))
            .find(|fact| said.contains(fact))
            .map(str::to_owned)
    }
}

/// With keys where short names stand.
pub(super) fn with_names(statement: &str) -> String {
    let put = |statement: String, (name, key): (&str, &str)| statement.replace(&format!("{{{name}}}"), key);
    NAMES.into_iter().fold(statement.to_owned(), put)
}

/// A key of nothing, as long as one of something.
pub(super) fn absent(key: Uuid) -> Uuid {
    Uuid::from_u128(key.as_u128() ^ 0xffff)
}

/// For each name of a parameter that is a key: the stranger's row, or a row of another of the made-up network.
async fn keys(network: &mut Network) -> BTreeMap<String, Uuid> {
    let stranger = network.id("SELECT patient_id FROM access.account WHERE login = 'zq-9-88471'").await;
    let mut keys = BTreeMap::from([("patient".to_owned(), stranger)]);
    let tables = network
        .rows(
            "SELECT c.relname || ' ' || c.oid::regclass FROM pg_class c
             JOIN pg_attribute k ON k.attrelid = c.oid AND k.attname = c.relname || '_id'
             AND k.atttypid = 'uuid'::regtype
             JOIN pg_attribute p ON p.attrelid = c.oid AND p.attname = 'patient_id'
             WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace) AND c.relkind = 'r'
               AND c.relname NOT IN ('patient', 'account')",
        )
        .await;
    for table in tables {
        let (name, table) = table.split_once(' ').unwrap();
        let query = format!(
            "SELECT {name}_id::text FROM {table} WHERE patient_id::text NOT LIKE '00000000-0000-4000-8000-%'
             ORDER BY patient_id = '{stranger}' DESC LIMIT 1"
        );
        if let Some(key) = network.rows(&query).await.first() {
            keys.insert(name.to_owned(), key.parse().unwrap());
        }
    }
    for name in ["post", "reply", "space_member"] {
        let key = network.one(&format!("SELECT min({name}_id::text) FROM care.{name}")).await;
        keys.insert(name.to_owned(), key.parse().unwrap());
    }
    let draft = keys["care_plan_version"];
    keys.insert("draft".to_owned(), draft);
    keys
}
