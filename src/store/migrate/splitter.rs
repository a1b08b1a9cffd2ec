//! Splitter: a migration's SQL, cut into its statements.
//!
//! Knows what may hide a semicolon: strings, quoted names, dollar quotes and comments. It does not know escape strings
//! (`E'…'`), comments in comments and `BEGIN ATOMIC`, which no migration has; a test reads every migration.

/// The statements of a text, each with what stands before it and with its semicolon: joined, they are the text.
pub(super) fn statements(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (statement, after) = rest.split_at_checked(statement_bytes(rest)).unwrap_or((rest, ""));
        rest = after;
        (!statement.is_empty()).then_some(statement)
    })
}

/// A statement without the blanks and comments before it.
pub(super) fn without_comments(statement: &str) -> &str {
    let mut rest = statement.trim_start();
    while rest.starts_with("--") || rest.starts_with("/*") {
        rest = rest.get(token_bytes(rest)..).unwrap_or_default().trim_start();
    }
    rest
}

fn statement_bytes(text: &str) -> usize {
    let mut bytes = 0;
    while let Some(rest) = text.get(bytes..).filter(|rest| !rest.is_empty()) {
        bytes += token_bytes(rest);
        if rest.starts_with(';') {
            break;
        }
    }
    bytes
}

/// The length of what a text begins with: a comment, something quoted, a word, or any other character.
fn token_bytes(text: &str) -> usize {
    let tag = dollar_tag(text).unwrap_or_default();
    for (opening, closing) in [("--", "\n"), ("/*", "*/"), ("'", "'"), ("\"", "\""), (tag, tag)] {
        if let Some(inside) = text.strip_prefix(opening).filter(|_| !opening.is_empty()) {
            return inside.find(closing).map_or(text.len(), |at| opening.len() + at + closing.len());
        }
    }
    // A dollar within a name opens nothing, so a word is taken whole.
    let word = text.find(|character: char| !(is_of_tag(character) || character == '$')).unwrap_or(text.len());
    word.max(text.chars().next().map_or(0, char::len_utf8))
}

/// `$name$` or `$$`, where a text begins with it; a parameter such as `$1` is none.
fn dollar_tag(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('$')?.split_once('$')?;
    let is_tag = name.chars().all(is_of_tag) && !name.starts_with(|first: char| first.is_ascii_digit());
    text.get(..name.len() + 2).filter(|_| is_tag)
}

fn is_of_tag(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(text: &str) -> Vec<&str> {
        statements(text).collect()
    }

    #[test]
    fn a_semicolon_ends_a_statement_unless_something_hides_it() {
        for hidden in [
            "'a;b'",
            "'it''s; so'",
            "\"a;b\"",
            "-- a; 'b\n",
            "/* a; 'b */",
            "$$ a; 'b $$",
            "$body$ a; $$ b; $$ c; $body$",
            "a$b$",
            "$1",
            "ä",
        ] {
            let (first, second) = (format!("SELECT {hidden} AS x;"), "\n-- why\nSELECT 2;");
            assert_eq!(split(&format!("{first}{second}\n")), [first.as_str(), second, "\n"], "{hidden}");
        }
        assert_eq!(split("SELECT a$b$; SELECT $1$;"), ["SELECT a$b$;", " SELECT $1$;"], "these open nothing");
        assert_eq!(split("SELECT 'open; SELECT 2;"), ["SELECT 'open; SELECT 2;"]);
        assert_eq!(split(""), [""; 0]);
    }

    #[test]
    fn what_stands_before_a_statement_is_left_out() {
        assert_eq!(without_comments("\n-- why; so\n /* and */ SELECT '--';"), "SELECT '--';");
        assert_eq!(without_comments("\n-- nothing follows"), "");
    }

    /// A cut at a wrong place would leave something that begins like no statement.
    #[test]
    fn each_migration_is_read() {
        let verbs = [
            "ALTER", "CALL", "COMMENT", "CREATE", "DELETE", "DO", "DROP", "GRANT", "INSERT", "REVOKE", "SELECT",
            "UPDATE", "WITH",
        ];
        for entry in std::fs::read_dir("schemas/migrations").unwrap() {
            let path = entry.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            assert_eq!(statements(&text).collect::<String>(), text, "{path:?}");
            for statement in statements(&text).map(without_comments).filter(|statement| !statement.is_empty()) {
                let verb = statement.split_whitespace().next().unwrap_or_default();
                assert!(verbs.contains(&verb) && statement.ends_with(';'), "{path:?}: {statement}");
            }
            for unread in [" E'", "(E'", "BEGIN ATOMIC"] {
                assert!(!text.contains(unread), "{path:?}: {unread}");
            }
        }
    }

    proptest! {
        #[test]
        fn nothing_of_a_text_is_lost(text in "[a$'\";/*\n -]{0,40}") {
            prop_assert_eq!(statements(&text).collect::<String>(), text);
        }

        #[test]
        fn statements_that_were_joined_are_found_again(
            made in prop::collection::vec(
                concat!(r"(SELECT |--[a;' ]*\n|/\*[a;' ]*\*/|'[a;$ -]*'|", r#""[a;$' ]*"|\$b\$[a;'" -]*\$b\$){1,6};"#),
                0..6,
            )
        ) {
            let text: String = made.concat();
            prop_assert_eq!(split(&text), made.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}
