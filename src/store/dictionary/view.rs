//! View: the text of a view, the same whatever the server's version.
//!
//! Up to version 15, Postgres writes each column of a view with the name of its table (`SELECT p.name FROM patient p`);
//! from 16 on it leaves the name out where the view reads one table alone. Within subqueries all write it.

/// The text of a view as a server of version 16 or later gives it.
pub(super) fn without_lone_qualifier(query: &str) -> String {
    let Some(qualifier) = lone_table(query) else { return query.to_owned() };
    let mut text = String::with_capacity(query.len());
    let mut rest = query;
    let mut scan = Scan::default();
    while let Some(next) = rest.chars().next() {
        let starts_word = !text.ends_with(|before: char| before.is_alphanumeric() || "_.\"".contains(before));
        if starts_word
            && scan.is_in_main_query()
            && let Some(column) = rest.strip_prefix(qualifier).and_then(|after| after.strip_prefix('.'))
        {
            rest = column;
            continue;
        }
        let mut after = rest.chars();
        after.next();
        rest = after.as_str();
        scan.step(next, rest);
        text.push(next);
    }
    text
}

/// What columns of the view's one table are qualified by; `None` where it reads several, or none.
fn lone_table(query: &str) -> Option<&str> {
    const FROM: &str = "\n   FROM ";
    let mut scan = Scan::default();
    let mut begins = None;
    let mut ends = None;
    for (place, next) in query.char_indices() {
        let rest = query.get(place..)?;
        if scan.is_top_level() && (rest.starts_with(FROM) || rest.starts_with("UNION")) {
            if begins.is_some() {
                return None;
            }
            begins = Some(place + FROM.len());
        } else if scan.is_top_level() && "\n;".contains(next) && begins.is_some_and(|begins| place > begins) {
            ends = ends.or(Some(place));
        }
        scan.step(next, rest.get(next.len_utf8()..)?);
    }
    let item = query.get(begins?..ends?)?;
    if item.ends_with(',') || item.starts_with('(') && !item.starts_with("( SELECT") {
        return None;
    }
    // An alias may list names of columns.
    let named = item.strip_suffix(')').and_then(|item| item.rsplit_once('(')).map_or(item, |(named, _)| named);
    named.rsplit([' ', '.']).next().filter(|name| !name.is_empty())
}

/// Where in a query one stands.
#[derive(Default)]
struct Scan {
    quote: Option<char>,
    /// For each open parenthesis, whether it holds a query of its own.
    open: Vec<bool>,
}

impl Scan {
    fn is_top_level(&self) -> bool {
        self.quote.is_none() && self.open.is_empty()
    }

    fn is_in_main_query(&self) -> bool {
        self.quote.is_none() && !self.open.contains(&true)
    }

    /// Passes over `next`; `rest` is what follows it.
    fn step(&mut self, next: char, rest: &str) {
        match (self.quote, next) {
            (Some(quote), _) => self.quote = Some(quote).filter(|quote| *quote != next),
            (None, '\'' | '"') => self.quote = Some(next),
            (None, '(') => {
                let inside = rest.trim_start();
                self.open.push(inside.starts_with("SELECT") || inside.starts_with("WITH"));
            }
            (None, ')') => {
                self.open.pop();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::without_lone_qualifier;

    fn check(query: &str, expected: &str) {
        assert_eq!(without_lone_qualifier(query), expected);
        assert_eq!(without_lone_qualifier(expected), expected, "again");
    }

    #[test]
    fn columns_of_one_table_lose_its_name_but_not_in_subqueries_and_texts() {
        check(
            " SELECT r.a,\n    sum(r.b) AS \"r.b\",\n    'r.c'::text AS c\n   FROM care.review r\n  WHERE (EXISTS ( SELECT\n   FROM care.x r_1\n  WHERE (r_1.a = r.a)));",
            " SELECT a,\n    sum(b) AS \"r.b\",\n    'r.c'::text AS c\n   FROM care.review r\n  WHERE (EXISTS ( SELECT\n   FROM care.x r_1\n  WHERE (r_1.a = r.a)));",
        );
        check(
            " SELECT review.a\n   FROM care.review\n  GROUP BY review.a;",
            " SELECT a\n   FROM care.review\n  GROUP BY a;",
        );
        check(" SELECT c.a\n   FROM access.count() c(a, b);", " SELECT a\n   FROM access.count() c(a, b);");
        check(
            " WITH f AS (\n SELECT p.a\n   FROM care.p\n)\n SELECT f.a\n   FROM f;",
            " WITH f AS (\n SELECT p.a\n   FROM care.p\n)\n SELECT a\n   FROM f;",
        );
    }

    #[test]
    fn columns_of_several_tables_keep_their_names() {
        for query in [
            " SELECT a.x\n   FROM (care.a a\n     JOIN care.b b USING (x));",
            " SELECT a.x\n   FROM care.a a,\n    care.b b;",
            " SELECT a.x\n   FROM care.a\nUNION\n SELECT b.x\n   FROM care.b;",
        ] {
            check(query, query);
        }
    }
}
