//! Keys of others, given to every function that the catalog knows: whether a row stands under one is not to be told,
//! nor that somebody changes it at the moment.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use uuid::Uuid;

use super::client::{Notices, masked, seen};
use super::scene::{Scene, Who, absent, with_names};
use crate::api_matrix::{Function, argument, functions, kind_of_look};

/// What somebody else does with all rows of the stranger, and with those of others under the keys of the scene.
pub(super) const CHANGED_MEANWHILE: &str = "
    DO $$ DECLARE of regclass; BEGIN
        FOR of IN SELECT c.oid FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'patient_id'
                  WHERE c.relnamespace IN ('care'::regnamespace, 'access'::regnamespace) AND c.relkind = 'r' LOOP
            EXECUTE format('SELECT FROM %s WHERE patient_id::text NOT LIKE ''00000000-0000-4000-8000-%%'' FOR UPDATE', of);
        END LOOP;
        PERFORM FROM care.post FOR UPDATE;
        PERFORM FROM care.reply FOR UPDATE;
        PERFORM FROM care.space_member FOR UPDATE;
    END $$";

/// What tells that a key is one, and why it may: a function, a parameter, and who.
const TOLD: &[(&str, &str, Who, &str)] = &[
    (
        "break_glass",
        "patient",
        Who::Provider,
        "whoever opens a record knows that there is one; it is audited and reviewed",
    ),
    ("hold_appointment", "patient", Who::Desk, "whoever books for somebody knows that there is one"),
];

/// A function, a parameter, and who tells by them a stranger's key from one of nothing.
type Told = (String, String, Who);

/// What is known to be told.
pub(super) fn known() -> Vec<Told> {
    let mut known: Vec<Told> =
        TOLD.iter().map(|(function, name, who, _)| ((*function).to_owned(), (*name).to_owned(), *who)).collect();
    known.sort();
    known
}

/// Each function and parameter by which a client can tell a stranger's key from one of nothing.
pub(super) async fn told(scene: &mut Scene, meanwhile: Option<&str>) -> Vec<Told> {
    let functions = functions(&mut scene.network).await;
    let mut holder = scene.network.connection().await;
    let mut other = holder.begin().await.unwrap();
    if let Some(meanwhile) = meanwhile {
        other.execute(AssertSqlSafe(scene.put(meanwhile, Who::Nobody, true))).await.unwrap();
    }
    let notices = Notices::default();
    let _guard = notices.listen();
    let mut told = Vec::new();
    for who in [Who::Patient, Who::Provider, Who::Desk, Who::Biller] {
        let mut login = scene.login(who).await.unwrap();
        for function in &functions {
            for (name, _) in function.parameters.iter().filter(|(name, kind)| kind == "uuid" && name != "look") {
                let Some(key) = scene.key(name) else { continue };
                let mut answers = Vec::new();
                for key in [key, absent(key)] {
                    answers.push(answer(scene, &mut login, &notices, function, (name, key), who).await);
                }
                if answers[0] != answers[1] {
                    told.push((function.name.clone(), name.clone(), who));
                }
            }
        }
    }
    told.sort();
    told
}

/// What a function says of a key, in a transaction that is undone.
async fn answer(
    scene: &Scene,
    login: &mut PgConnection,
    notices: &Notices,
    function: &Function,
    (name, key): (&str, Uuid),
    who: Who,
) -> String {
    let mut own: BTreeMap<String, Uuid> = OWN
        .iter()
        .map(|(name, short)| ((*name).to_owned(), with_names(&format!("{{{short}}}")).parse().unwrap()))
        .collect();
    own.insert(name.to_owned(), key);
    let mut statements = vec!["SET lock_timeout = '50ms'".to_owned()];
    if function.parameters.iter().any(|(name, _)| name == "look") {
        let kind = kind_of_look(&function.name);
        statements.push(format!("SELECT api.look('{{token}}', '{}', '{kind}', NULL)", own["patient"]));
    }
    let arguments: Vec<_> = function
        .parameters
        .iter()
        .map(|(name, kind)| if name == "look" { "'{last}'".to_owned() } else { argument(name, kind, &own) })
        .collect();
    statements.push("BEGIN".to_owned());
    statements.push(format!("SELECT * FROM api.{}('{{token}}', {})", function.name, arguments.join(", ")));
    statements.push("ROLLBACK".to_owned());
    let statements: Vec<_> = statements.iter().map(|statement| scene.put(statement, who, true)).collect();
    let said = seen(login, notices, &statements).await.text;
    masked(&scene.without_own(&said, who))
}

/// What a client has of its own, by the name of a parameter.
const OWN: [(&str, &str); 9] = [
    ("patient", "own"),
    ("provider", "provider"),
    ("prescriber", "provider"),
    ("to_provider", "colleague"),
    ("facility", "facility"),
    ("centre", "facility"),
    ("goal", "own_goal"),
    ("appointment", "colleagues_visit"),
    ("medication", "medication"),
];
