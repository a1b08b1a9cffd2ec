//! Definitions: the routines and views of the migrations, as statements that may be run on a database which has them.

use std::collections::HashMap;

use super::splitter::{statements, without_comments};

/// What can be replaced without its dependents.
const KINDS: [&str; 3] = ["FUNCTION ", "PROCEDURE ", "VIEW "];

/// The last definition of each routine and view in the texts of migrations, and their comments, in the same order.
pub(super) fn definitions<'t>(migrations: impl Iterator<Item = &'t str>) -> String {
    let found: Vec<_> = migrations.flat_map(statements).filter_map(definition).collect();
    let last: HashMap<&str, usize> = found.iter().enumerate().map(|(at, (subject, _))| (*subject, at)).collect();
    let lasting = found.iter().enumerate().filter(|(at, (subject, _))| last.get(subject) == Some(at));
    lasting.map(|(_, (_, statement))| format!("{statement}\n")).collect()
}

/// What a statement defines or describes, and the statement as one that replaces; none where it does something else.
///
/// No migration defines two routines of one name, so what stands before the parameters says which it is.
fn definition(statement: &str) -> Option<(&str, String)> {
    let statement = without_comments(statement);
    let replaces = |text: &str| KINDS.iter().any(|kind| text.starts_with(kind));
    if let Some(described) = statement.strip_prefix("COMMENT ON ") {
        let (subject, _) = statement.split_once(" IS ")?;
        return replaces(described).then(|| (subject, statement.to_owned()));
    }
    let defined = statement.strip_prefix("CREATE ")?;
    let defined = defined.strip_prefix("OR REPLACE ").unwrap_or(defined);
    let (name_ends, _) = defined.match_indices([' ', '\n', '(']).nth(1)?;
    let subject = defined.get(..name_ends)?;
    replaces(defined).then(|| (subject, format!("CREATE OR REPLACE {defined}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_routines_and_views_and_their_comments_are_taken_and_each_replaces() {
        for (taken, replacing) in [
            ("\n-- why\nCREATE FUNCTION a.f(b int) AS '';", "CREATE OR REPLACE FUNCTION a.f(b int) AS '';"),
            ("CREATE OR REPLACE VIEW a.v\nAS SELECT 1;", "CREATE OR REPLACE VIEW a.v\nAS SELECT 1;"),
            ("COMMENT ON PROCEDURE a.p(b int) IS 'It is.';", "COMMENT ON PROCEDURE a.p(b int) IS 'It is.';"),
        ] {
            assert_eq!(definitions([taken].into_iter()), format!("{replacing}\n"));
        }
        for left in [
            "COMMENT ON COLUMN a.v.b IS 'It is.';",
            "CREATE TABLE a.t (b int);",
            "CREATE TRIGGER t AFTER INSERT ON a.t EXECUTE FUNCTION a.f();",
            "GRANT EXECUTE ON FUNCTION a.f() TO b;",
            "-- CREATE VIEW a.v AS SELECT 1;",
        ] {
            assert_eq!(definitions([left].into_iter()), "", "{left}");
        }
    }

    #[test]
    fn of_several_definitions_the_last_is_taken_and_stands_where_it_was() {
        let first = "CREATE VIEW a.v AS SELECT 1; CREATE FUNCTION a.v() AS ''; COMMENT ON VIEW a.v IS 'One.';";
        let second = "CREATE VIEW a.w AS TABLE a.x; CREATE OR REPLACE VIEW a.v AS SELECT 2;";
        let expected = [
            "CREATE OR REPLACE FUNCTION a.v() AS '';",
            "COMMENT ON VIEW a.v IS 'One.';",
            "CREATE OR REPLACE VIEW a.w AS TABLE a.x;",
            "CREATE OR REPLACE VIEW a.v AS SELECT 2;",
        ];
        assert_eq!(definitions([first, second].into_iter()).lines().collect::<Vec<_>>(), expected);
    }
}
