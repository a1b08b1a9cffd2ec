//! What holds for every page: headers, well-formed markup without code or style, one title and one heading, labels.

use healthtrack::model::people::Role;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::cast::Cast;
use crate::cells;
use crate::house::{Answer, House};

/// Every page that is read, as each part that may; and what there is for nobody.
async fn pages() -> (House, Vec<(String, Answer)>) {
    let mut cast = Cast::new().await;
    cast.house
        .network
        .run(&format!(
            "INSERT INTO care.allergy (patient_id, category, substance, criticality, clinical_status, verification_status)
             VALUES ('{}', 'medication', 'Penicillin & \"kin\"', 'high', 'active', 'confirmed')",
            cast.patient
        ))
        .await;
    let visitor = cast.house.visitor();
    let mut pages = Vec::new();
    for path in ["/", "/sign-in", "/nowhere"] {
        pages.push((path.to_owned(), visitor.get(path).await));
    }
    for (url, method, cells) in cells::all() {
        let cells = cells.chars().skip(2);
        for (role, _) in Role::ALL.iter().zip(cells).filter(|(_, cell)| *cell == 'y' && method == "GET") {
            let answer = cast.browser(*role).await.get(&cast.path(url)).await;
            pages.push((format!("{role} {url}"), answer));
        }
    }
    for path in ["/me/vitals?span=year", "/account?done=saved"] {
        pages.push((path.to_owned(), cast.browser(Role::Patient).await.get(path).await));
    }
    let wrong = visitor.post("/sign-in", &[("login", "\"><script>"), ("password", "x")]).await;
    pages.push(("wrong".to_owned(), wrong));
    (cast.house, pages)
}

#[tokio::test]
async fn every_page_is_well_formed_and_holds_neither_code_nor_style_nor_anything_from_elsewhere() {
    let (_house, pages) = pages().await;
    // Files have no markup.
    for (path, answer) in pages.into_iter().filter(|(_, answer)| answer.header("content-type").starts_with("text/html"))
    {
        let mut reader = Reader::from_str(&answer.body);
        let (mut titles, mut headings, mut labels, mut inputs) = (0, 0, Vec::new(), Vec::new());
        loop {
            let event = reader.read_event().unwrap_or_else(|error| panic!("{path}: {error}\n{}", answer.body));
            let (Event::Start(tag) | Event::Empty(tag)) = event else {
                if matches!(event, Event::Eof) { break } else { continue }
            };
            let name = tag.name().as_ref().to_owned();
            titles += usize::from(name == "title" && titles == 0);
            headings += usize::from(name == "h1");
            let (mut hidden, mut has_id) = (false, false);
            for attribute in tag.attributes() {
                let attribute = attribute.unwrap_or_else(|error| panic!("{path}: <{name}>: {error}"));
                let key = attribute.key.as_ref().to_owned();
                let value = attribute.value.into_owned();
                assert!(!key.starts_with("on") && key != "style", "{path}: <{name} {key}>");
                assert!(!value.contains("://") || key == "xmlns", "{path}: {key}=\"{value}\" leads elsewhere");
                hidden |= key == "type" && value == "hidden";
                has_id |= key == "id";
                if name == "label" && key == "for" {
                    labels.push(value);
                } else if matches!(name.as_str(), "input" | "select" | "textarea") && key == "id" {
                    inputs.push(value);
                }
            }
            assert!(name != "style", "{path}: style within the page");
            assert!(name != "input" || hidden || has_id, "{path}: an input without an id");
        }
        assert_eq!((titles, headings), (1, 1), "{path}: one title, one heading of the page");
        assert_eq!(labels, inputs, "{path}: each input has its label");
        assert!(!answer.body.contains("<script>"), "{path}: what is typed is no markup");
        assert!(answer.body.matches("<script").count() == 1, "{path}");
    }
}

#[tokio::test]
async fn every_answer_bears_the_headers_that_keep_a_browser_from_harm() {
    let (house, pages) = pages().await;
    for (path, answer) in &pages {
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "", "{path}: not over plain http");
    }
    let style = pages[0].1.body.split("href=\"/assets/style-").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let asset = house.visitor().get(&format!("/assets/style-{style}")).await;
    assert_eq!(asset.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(asset.header("content-type"), "text/css; charset=utf-8");
    assert!(asset.body.contains("prefers-color-scheme") && !asset.body.contains("url("));
}
