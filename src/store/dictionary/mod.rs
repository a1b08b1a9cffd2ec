//! What the catalog knows of the schemas: tables, columns, rules, who may see what, and every comment.
//!
//! The comments are the documentation, so that it cannot say something else than the database does. No row of any table
//! is read, only names, types and comments.

use serde::Deserialize;
use sqlx::PgConnection;

use self::view::without_lone_qualifier;
use crate::store::StoreError;

/// The text of a view, the same whatever the server's version.
mod view;

/// The schemas, in the order in which a reader meets them.
const SCHEMAS: [&str; 4] = ["care", "access", "api", "signal"];
const SCHEMA_AS_JSON: &str = include_str!("schema.sql");

/// One schema.
#[derive(Clone, Debug, Deserialize)]
pub struct SchemaDoc {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub comment: String,
    /// Tables and views, by name; partitions and chunks are left out.
    pub relations: Vec<Relation>,
    /// Functions, procedures and triggers' functions, by name.
    pub functions: Vec<Function>,
    /// Domains, by name.
    pub domains: Vec<Domain>,
}

/// A table or a view.
#[derive(Clone, Debug, Deserialize)]
pub struct Relation {
    /// Its name.
    pub name: String,
    /// True where it is a view.
    pub view: bool,
    /// What it is for.
    pub comment: String,
    /// Columns, in their order.
    pub columns: Vec<ColumnEntry>,
    /// Constraints: keys first, then what they refer to, then checks.
    pub rules: Vec<RuleEntry>,
    /// Tables that it refers to.
    pub parents: Vec<Parent>,
    /// Indexes that no rule makes: name and definition.
    pub indexes: Vec<String>,
    /// What happens by itself.
    pub triggers: Vec<Trigger>,
    /// Which rows who may see.
    pub policies: Vec<Policy>,
    /// Which role may do what with the rows that its policies let it see.
    pub grants: Vec<String>,
    /// The same as statements, with rights on single columns.
    pub rights: Vec<String>,
    /// Storage parameters and, of a view, as whom it reads; empty where all are the defaults.
    pub options: String,
    /// `FORCE` where row-level security binds the owner too, `ENABLE` where it does not, empty where there is none.
    pub row_security: String,
    /// What a view asks; empty for a table.
    pub query: String,
}

/// A column.
#[derive(Clone, Debug, Deserialize)]
pub struct ColumnEntry {
    /// Its name.
    pub name: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// True where it is never null.
    pub required: bool,
    /// What stands there where nothing is said; empty where nothing.
    pub default: String,
    /// What it means.
    pub comment: String,
    /// True where it is part of the primary key.
    pub key: bool,
    /// True where it is part of a reference.
    pub refers: bool,
    /// As CREATE TABLE says it.
    pub sql: String,
}

/// A constraint.
#[derive(Clone, Debug, Deserialize)]
pub struct RuleEntry {
    /// Its name.
    pub name: String,
    /// What it demands, in SQL.
    pub definition: String,
    /// What a person is told who breaks it.
    pub comment: String,
}

/// A table that another refers to.
#[derive(Clone, Debug, Deserialize)]
pub struct Parent {
    /// The rule's name.
    pub name: String,
    /// The other's schema.
    pub schema: String,
    /// The other's name.
    pub table: String,
    /// The column that holds the other's key; the last of several.
    pub column: String,
    /// True where the reference may be null.
    pub optional: bool,
    /// True where at most one row refers to each of the other's.
    pub single: bool,
}

/// Something that happens by itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// What its function says of itself.
    pub comment: String,
    /// The statement that makes it.
    pub sql: String,
}

/// Which rows who may see or write.
#[derive(Clone, Debug, Deserialize)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// reads, adds, changes.
    pub command: String,
    /// Roles.
    pub roles: String,
    /// Which rows, in SQL.
    pub rows: String,
    /// The statement that makes it.
    pub sql: String,
}

/// A function or procedure.
#[derive(Clone, Debug, Deserialize)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub arguments: String,
    /// What it gives.
    pub result: String,
    /// True where it runs with its owner's rights.
    pub definer: bool,
    /// What it does.
    pub comment: String,
    /// FUNCTION or PROCEDURE, name and types of its arguments.
    pub signature: String,
    /// The statement that makes it.
    pub sql: String,
    /// True where not everybody may run it.
    pub closed: bool,
    /// Roles that may run it, beside its owner.
    pub roles: String,
}

/// A domain.
#[derive(Clone, Debug, Deserialize)]
pub struct Domain {
    /// Its name.
    pub name: String,
    /// The type below it.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it demands, in SQL; empty where nothing.
    pub rule: String,
    /// What it means.
    pub comment: String,
}

/// Reads the catalog of a migrated database; the same for the same migrations, whatever the server.
pub async fn read_schemas(connection: &mut PgConnection) -> Result<Vec<SchemaDoc>, StoreError> {
    let step = StoreError::at("reading the catalog");
    let mut schemas = Vec::new();
    for schema in SCHEMAS {
        let document: String =
            sqlx::query_scalar(SCHEMA_AS_JSON).bind(schema).fetch_one(&mut *connection).await.map_err(&step)?;
        let mut schema: SchemaDoc =
            serde_json::from_str(&document).map_err(|error| step(sqlx::Error::Decode(error.into())))?;
        for relation in &mut schema.relations {
            relation.query = without_lone_qualifier(&relation.query);
        }
        schemas.push(schema);
    }
    Ok(schemas)
}
