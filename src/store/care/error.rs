//! The one error of care: what the database refuses, explained to a person in one sentence, and what it could not do.
//!
//! Each rule of `care` and `access` has a comment that a person may read, so the sentence stands where the rule stands.
//! A refusal in the middle of a transaction ends it, and nothing can be read any more; so the comments are read
//! beforehand: once for each program (some hundred short rows), which hands the catalogue to each actor that it begins.
//!
//! Invariant: a sentence never holds anything that was stored or sent. A unique key that reaches over patients, and a
//! row that its reader may not have, are refused in the same words: else trying to store somebody else's number would
//! tell that it exists.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use sqlx::postgres::PgDatabaseError;
use sqlx::{PgConnection, Row};

use crate::store::StoreError;

/// SQLSTATE of the functions' own refusals; their message is the sentence.
const REFUSED_BY_A_FUNCTION: &str = "HT001";
/// A grant or a policy says no.
const INSUFFICIENT_PRIVILEGE: &str = "42501";
/// A column has nothing in it.
const NOT_NULL_VIOLATION: &str = "23502";
/// Two rows that may not be beside each other: a unique key, an exclusion.
const ROWS_COLLIDE: [&str; 2] = ["23505", "23P01"];
/// Schemas whose rules are told to people.
const TOLD_SCHEMAS: [&str; 2] = ["care", "access"];
/// Of a rule without a comment.
const UNWRITTEN: &str = "This breaks a rule of the record.";
/// Rule and sentence of all that must not be told apart.
const WITHIN_RIGHTS: (&str, &str) =
    ("row_is_within_rights", "This is taken already, or not yours to see or change: ask the front desk.");

/// A rule that refused something.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct BrokenRule {
    /// Its name, stable, for programs.
    pub rule: String,
    /// One sentence, for a person.
    pub sentence: String,
}

impl fmt::Display for BrokenRule {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.sentence)
    }
}

/// Why a step with the network's data did not happen.
#[derive(Debug, thiserror::Error)]
pub enum CareError {
    /// What was asked for breaks a rule: show the sentence.
    #[error("{0}")]
    Refused(BrokenRule),
    /// The database could not do it: log it, and say that it is not the asker's fault.
    #[error(transparent)]
    Failed(#[from] StoreError),
}

/// The sentence of every rule, to be read once and handed on: a copy costs nothing. An empty one (`default`) knows the
/// rules that name themselves: refusals by functions and by rights, and what is missing.
#[derive(Clone, Debug, Default)]
pub struct RuleCatalogue {
    sentences: Arc<HashMap<RuleKey, Option<String>>>,
}

/// Schema, table or domain, and name of a rule: the same name may stand on two tables.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct RuleKey {
    schema: String,
    owner: String,
    rule: String,
}

impl RuleCatalogue {
    /// Reads them from the catalog, which every role may.
    ///
    /// # Errors
    /// The database's.
    pub async fn read(connection: &mut PgConnection) -> Result<RuleCatalogue, CareError> {
        let step = StoreError::at("reading the rules' sentences");
        let rows = sqlx::query(READ_RULES).bind(TOLD_SCHEMAS).fetch_all(connection).await.map_err(&step)?;
        let mut sentences = HashMap::with_capacity(rows.len());
        for row in rows {
            let place = RuleKey {
                schema: row.try_get("schema").map_err(&step)?,
                owner: row.try_get("owner").map_err(&step)?,
                rule: row.try_get("name").map_err(&step)?,
            };
            let comment: Option<String> = row.try_get("comment").map_err(&step)?;
            let is_told: bool = row.try_get("is_told").map_err(&step)?;
            sentences.insert(place, is_told.then(|| comment.unwrap_or_else(|| UNWRITTEN.to_owned())));
        }
        Ok(RuleCatalogue { sentences: Arc::new(sentences) })
    }

    /// What explains the errors of one step.
    pub(super) fn explains(&self, step: &'static str) -> impl Fn(sqlx::Error) -> CareError + use<> {
        let rules = self.clone();
        move |source| rules.explain(StoreError::Database { step, source })
    }

    /// Sorts an error: what a rule refused becomes its sentence, and of everything else that Postgres answered only the
    /// SQLSTATE is left.
    pub fn explain(&self, error: StoreError) -> CareError {
        let StoreError::Database { step, source: sqlx::Error::Database(answer) } = error else {
            return CareError::Failed(error);
        };
        let Some(answer) = answer.try_downcast_ref::<PgDatabaseError>() else {
            return CareError::Failed(StoreError::Answered { step, code: "unknown".to_owned() });
        };
        match self.broken(answer) {
            Some(rule) => CareError::Refused(rule),
            None => CareError::Failed(StoreError::Answered { step, code: answer.code().to_owned() }),
        }
    }

    fn broken(&self, answer: &PgDatabaseError) -> Option<BrokenRule> {
        match answer.code() {
            REFUSED_BY_A_FUNCTION => Some(BrokenRule {
                rule: answer.constraint().unwrap_or("unnamed").to_owned(),
                sentence: answer.message().to_owned(),
            }),
            INSUFFICIENT_PRIVILEGE => Some(within_rights()),
            NOT_NULL_VIOLATION => Some(missing(answer.table()?, answer.column()?)),
            code if code.starts_with("23") => {
                let place = RuleKey {
                    schema: answer.schema()?.to_owned(),
                    owner: answer.table().or_else(|| answer.data_type())?.to_owned(),
                    rule: answer.constraint()?.to_owned(),
                };
                match self.sentences.get(&place) {
                    Some(Some(sentence)) => Some(BrokenRule { rule: place.rule, sentence: sentence.clone() }),
                    Some(None) => Some(within_rights()),
                    None => self.made_since(code, place),
                }
            }
            _ => None,
        }
    }

    /// What a rule says that was made after the rules were read; an empty catalogue was not read.
    fn made_since(&self, code: &str, place: RuleKey) -> Option<BrokenRule> {
        let is_told = !self.sentences.is_empty() && TOLD_SCHEMAS.contains(&place.schema.as_str());
        is_told.then(|| match ROWS_COLLIDE.contains(&code) {
            true => within_rights(),
            false => BrokenRule { rule: place.rule, sentence: UNWRITTEN.to_owned() },
        })
    }
}

fn within_rights() -> BrokenRule {
    BrokenRule { rule: WITHIN_RIGHTS.0.to_owned(), sentence: WITHIN_RIGHTS.1.to_owned() }
}

/// Names of columns are no secret, and say what is missing.
fn missing(table: &str, column: &str) -> BrokenRule {
    let words = column.trim_end_matches("_id").trim_end_matches("_at").trim_end_matches("_on").replace('_', " ");
    BrokenRule { rule: format!("{table}_{column}_is_given"), sentence: format!("Fill in what is missing: {words}.") }
}

/// Constraints of tables and domains, and unique indexes that are no constraints. A rule that must not be told apart
/// is not told: a unique key over rows of patients in which no made-up key (uuid) stands, as a number of insurance.
/// A partition's rule says what its table's does.
/// What pg_dump leaves out, the comment of a constraint trigger's constraint, stands on the trigger as well.
const READ_RULES: &str = "
    WITH rule AS (
        SELECT k.connamespace AS namespace, coalesce(c.relname, t.typname) AS owner, k.conname AS name,
               k.conrelid AS relation, CASE WHEN k.contype = 'u' THEN k.conkey END AS unique_columns,
               coalesce(obj_description(k.oid, 'pg_constraint'),
                        (SELECT obj_description(g.oid, 'pg_trigger') FROM pg_trigger g
                         WHERE k.contype = 't' AND g.tgrelid = k.conrelid AND g.tgconstraint = k.oid),
                        (SELECT obj_description(above.oid, 'pg_constraint')
                         FROM pg_inherits i JOIN pg_constraint above ON above.conrelid = i.inhparent
                         WHERE i.inhrelid = k.conrelid AND (above.oid = k.conparentid OR above.conname = k.conname)
                        )) AS comment
        FROM pg_constraint k
        LEFT JOIN pg_class c ON c.oid = k.conrelid
        LEFT JOIN pg_type t ON t.oid = k.contypid
        UNION ALL
        SELECT c.relnamespace, c.relname, x.relname, c.oid, i.indkey::smallint[], obj_description(x.oid, 'pg_class')
        FROM pg_index i
        JOIN pg_class x ON x.oid = i.indexrelid
        JOIN pg_class c ON c.oid = i.indrelid
        WHERE i.indisunique AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
    )
    SELECT n.nspname::text AS schema, rule.owner::text, rule.name::text, rule.comment,
           NOT (
               n.nspname = 'care' AND rule.unique_columns IS NOT NULL
               AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rule.relation AND a.attname = 'patient_id')
               AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = rule.relation
                               AND a.attnum = ANY (rule.unique_columns) AND a.atttypid = 'uuid'::regtype)
           ) AS is_told
    FROM rule JOIN pg_namespace n ON n.oid = rule.namespace
    WHERE n.nspname = ANY ($1)";
