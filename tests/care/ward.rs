//! What the tests of notes, drugs and alerts share: a patient at a visit, two providers in care and one who is not, each
//! signed in at the portal's login, and what a call gives them or which rule refuses it.

use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use super::network::{Network, refused_by};

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// The patient.
    Patient,
    /// The provider who writes.
    Author,
    /// Another provider in care.
    Second,
    /// A third one in care.
    Third,
    /// A provider who does not care for the patient.
    Stranger,
    /// Another patient.
    Other,
}

/// A patient at a visit, and who is around.
pub(crate) struct Ward {
    pub(crate) network: Network,
    portal: PgConnection,
    pub(crate) patient: Uuid,
    pub(crate) other: Uuid,
    pub(crate) visit: Uuid,
    pub(crate) author: Uuid,
    pub(crate) second: Uuid,
    accounts: Vec<(Uuid, String)>,
}

impl Ward {
    pub(crate) async fn open() -> Ward {
        let mut network = Network::owned().await;
        let (patient, other) = (network.patient().await, network.patient().await);
        let facility = network.facility("IL", "clinic").await;
        let mut whose = vec![("patient", patient)];
        for _ in 0..3 {
            let provider = network.provider().await;
            network.put_in_care(patient, provider).await;
            whose.push(("provider", provider));
        }
        whose.extend([("provider", network.provider().await), ("patient", other)]);
        let (author, second) = (whose[1].1, whose[2].1);
        let visit = network
            .id(&format!(
                "INSERT INTO care.encounter (patient_id, facility_id, attending_provider_id, class, during)
                 VALUES ('{patient}', '{facility}', '{author}', 'ambulatory', tstzrange(now() - INTERVAL '1 hour', NULL))
                 RETURNING encounter_id"
            ))
            .await;
        let mut accounts = Vec::new();
        for (part, person) in whose {
            let account = network.account(part, Some(person)).await;
            accounts.push((account, network.token(account).await.expose().to_owned()));
        }
        let portal = network.login("portal").await;
        Ward { network, portal, patient, other, visit, author, second, accounts }
    }

    /// The account of somebody.
    pub(crate) fn account(&self, by: By) -> Uuid {
        self.accounts[by as usize].0
    }

    /// Calls a function of `api`, given without its token; a row is one text.
    async fn call(&mut self, by: By, call: &str) -> Result<Vec<String>, sqlx::Error> {
        let (name, rest) = call.split_once('(').expect("a call has parentheses");
        let token = &self.accounts[by as usize].1;
        let call = format!("SELECT found::text FROM api.{name}('{token}', {rest} AS found").replace(", ) AS", ") AS");
        let call = self.put(&call);
        let rows: Vec<Option<String>> = sqlx::query_scalar(AssertSqlSafe(call)).fetch_all(&mut self.portal).await?;
        Ok(rows.into_iter().map(Option::unwrap_or_default).collect())
    }

    /// A statement in which the names of the ward stand for their keys.
    pub(crate) fn put(&self, statement: &str) -> String {
        let keys = [
            ("{p}", self.patient),
            ("{o}", self.other),
            ("{v}", self.visit),
            ("{a}", self.author),
            ("{s}", self.second),
        ];
        keys.iter().fold(statement.to_owned(), |put, (name, key)| put.replace(name, &key.to_string()))
    }

    /// What a call gives that must succeed.
    pub(crate) async fn gives(&mut self, by: By, call: &str) -> Vec<String> {
        self.call(by, call).await.unwrap_or_else(|error| panic!("{by:?}: {call}: {error}"))
    }

    /// The key that a call gives.
    pub(crate) async fn key(&mut self, by: By, call: &str) -> Uuid {
        self.gives(by, call).await[0].parse().unwrap()
    }

    /// The rule that refuses a call.
    pub(crate) async fn refuses(&mut self, by: By, call: &str) -> String {
        refused_by(self.call(by, call).await, call)
    }

    /// What a call reads of the patient, given without token, look and patient; none where nothing is open.
    pub(crate) async fn reads(&mut self, by: By, kind: &str, call: &str) -> Option<Vec<String>> {
        let looked = self.gives(by, &format!("look('{{p}}', '{kind}', NULL)")).await;
        let look: Uuid = looked[0].parse().ok()?;
        let (name, rest) = call.split_once('(').expect("a call has parentheses");
        let call = format!("{name}('{look}', '{{p}}', {rest}").replace(", )", ")");
        Some(self.gives(by, &call).await)
    }

    /// The rule that refuses a statement of the owner, in the name of an account.
    pub(crate) async fn refuses_the_owner_as(&mut self, by: By, statement: &str) -> String {
        let (account, statement) = (self.account(by), self.put(statement));
        self.network.run(&format!("SET healthtrack.actor = '{account}'")).await;
        let rule = self.network.refusal(&statement).await;
        self.network.run("RESET healthtrack.actor").await;
        rule
    }
}
