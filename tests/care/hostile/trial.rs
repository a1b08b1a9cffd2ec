//! Tries techniques and says which found what.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::client::{Notices, masked, seen};
use super::misuse::OF_MISUSE;
use super::scene::{Scene, Who, with_names};
use super::server::OF_THE_SERVER;
use super::techniques::{OF_READING, Technique, Tells};

/// What was found, by the name of the technique that found it.
pub(super) type Found = BTreeMap<&'static str, String>;

/// All techniques of statements.
pub(super) fn techniques() -> impl Iterator<Item = &'static Technique> {
    OF_READING.iter().chain(OF_THE_SERVER).chain(OF_MISUSE)
}

/// What the clients find by statements.
pub(super) async fn by_statements(scene: &mut Scene) -> Found {
    let notices = Notices::default();
    let _guard = notices.listen();
    // Somebody else works beside them, and has not come to an end.
    let mut other = scene.login(Who::Provider).await.unwrap();
    let _ = other.execute("BEGIN").await;
    let work = "SELECT part FROM api.read_account($1)";
    let _ = sqlx::query(work).bind(scene.token(Who::Provider)).fetch_all(&mut other).await;
    let mut found = Found::new();
    let mut logins = Logins::new();
    for technique in techniques() {
        for who in technique.who {
            if let Some(fact) = fact(scene, &mut logins, &notices, technique, *who).await {
                found.insert(technique.name, format!("{who:?}: {fact}"));
            }
        }
    }
    found
}

/// A connection of each, in which nothing is kept from one try to the next.
type Logins = BTreeMap<Who, PgConnection>;

async fn fact(
    scene: &mut Scene,
    logins: &mut Logins,
    notices: &Notices,
    technique: &Technique,
    who: Who,
) -> Option<String> {
    let mut answers = Vec::new();
    for is_there in [true, false] {
        let tries: Vec<_> = technique.tries.iter().map(|try_this| scene.put(try_this, who, is_there)).collect();
        // Who is let in nowhere has found nothing.
        let mut login = match logins.remove(&who) {
            Some(login) => login,
            None => scene.login(who).await.ok()?,
        };
        let seen = seen(&mut login, notices, &tries).await;
        if login.ping().await.is_ok() {
            logins.insert(who, login);
        }
        let said = scene.without_own(&seen.text, who);
        if let Some(fact) = scene.fact(&said, who) {
            return Some(format!("{fact} in {said}"));
        }
        match technique.tells {
            Tells::Facts => answers.push(masked(&said)),
            Tells::FactsAlone => return None,
            Tells::Says(text) => return said.contains(text).then_some(said),
            Tells::Done => return seen.done.then_some(said),
            Tells::Leaves(query) => {
                let query = with_names(query);
                let left: Vec<String> =
                    sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(&mut scene.network.sql).await.unwrap();
                return (!left.is_empty()).then(|| format!("{left:?} after {said}"));
            }
        }
    }
    (answers[0] != answers[1]).then(|| format!("{} is not {}", answers[0], answers[1]))
}
