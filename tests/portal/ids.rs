//! Ids of somebody else, in every URL and in every field of every form: made from the pages themselves, so that a form
//! that is new is tried as well. There are two casts of one network, and neither has to do with the other.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use healthtrack::model::people::Role;
use quick_xml::Reader;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use uuid::Uuid;

use crate::cast::{Cast, Others, filled};
use crate::cells;
use crate::house::Browser;
use crate::network::Network;

/// Who sees a part of the network; for the others all of it is theirs.
const BOUNDED: [Role; 5] = [Role::Patient, Role::Provider, Role::FrontDesk, Role::Biller, Role::FacilityManager];
/// What is open to all who may ask for the URL, names no person, or is of the whole network.
const OPEN: [&str; 12] = [
    "{programme}",
    "{space}",
    "{day}",
    "{part}",
    "{premises}",
    "{table}",
    "{name}",
    "{token}",
    "{colleague}",
    "{organisation}",
    "{insurer}",
    "{price}",
];
/// Of the patient whom nobody of the first cast may meet.
const FAMILY: &str = "Okonkwo";

/// A form of a page, as a browser would send it.
#[derive(Clone, Debug, Default)]
struct AskedForm {
    action: String,
    fields: Vec<(String, String)>,
}

/// What a browser would send of a field that nobody has touched; what must be there is made up.
fn of_input(tag: &BytesStart<'_>) -> Option<(String, String)> {
    let of = |name: &str| {
        let attribute = tag.try_get_attribute(name).unwrap()?;
        Some(attribute.normalized_value(XmlVersion::Implicit1_0).unwrap().into_owned())
    };
    let (name, value) = (of("name")?, of("value").unwrap_or_default());
    let made_up = match of("type").unwrap_or_default().as_str() {
        "number" => "1",
        "date" => "2026-12-24",
        "time" => "09:00",
        "datetime-local" => "2026-12-24T09:00",
        "email" => "somebody@example.org",
        _ => "Some words",
    };
    Some((name, if value.is_empty() { made_up.to_owned() } else { value }))
}

/// The forms that a page has, but for those that only look.
fn forms(page: &str) -> Vec<AskedForm> {
    let mut reader = Reader::from_str(page);
    let (mut forms, mut form, mut select) = (Vec::new(), None::<AskedForm>, None::<(String, String)>);
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return forms,
            Event::Start(tag) | Event::Empty(tag) => {
                let of = |name: &str| tag.try_get_attribute(name).unwrap().map(|found| found.value.into_owned());
                match (tag.name().as_ref(), &mut form) {
                    ("form", _) if of("method").as_deref() == Some("post") => {
                        form = Some(AskedForm { action: of("action").unwrap(), fields: Vec::new() });
                    }
                    ("input", Some(form)) => form.fields.extend(of_input(&tag)),
                    ("textarea", Some(form)) => form.fields.push((of("name").unwrap(), "Some words".to_owned())),
                    ("select", Some(_)) => select = Some((of("name").unwrap(), String::new())),
                    ("option", Some(_)) => {
                        if let Some((_, chosen)) = &mut select
                            && (chosen.is_empty() || of("selected").is_some())
                        {
                            *chosen = of("value").unwrap_or_default();
                        }
                    }
                    _ => {}
                }
            }
            Event::End(tag) => match (tag.name().as_ref(), &mut form) {
                ("select", Some(form)) => form.fields.extend(select.take()),
                ("form", _) => forms.extend(form.take()),
                _ => {}
            },
            _ => {}
        }
    }
}

async fn sends(browser: &Browser, form: &AskedForm) -> (StatusCode, String) {
    let fields: Vec<(&str, &str)> = form.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let answer = browser.post(&form.action, &fields).await;
    (answer.status, answer.body)
}

/// What the network holds that names the others, but for what tells that somebody has asked.
async fn theirs(network: &mut Network, others: &Others) -> BTreeMap<String, String> {
    let named = others.keys.iter().filter(|(place, _)| !OPEN.contains(place) && *place != "{facility}");
    let ids: Vec<&str> = named.map(|(_, key)| key.as_str()).collect();
    let tables = "SELECT string_agg(format('%I.%I', nspname, relname), ' ' ORDER BY nspname, relname)
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE nspname IN ('care', 'access') AND relkind = 'r'
                    AND relname !~ '^(audit_|look|session|sign_in_bucket)'";
    let mut found = BTreeMap::new();
    for table in network.one(tables).await.split(' ') {
        let rows = format!(
            "SELECT coalesce(string_agg(held::text, '\n' ORDER BY held::text), '') FROM {table} held WHERE held::text ~ '{}'",
            ids.join("|")
        );
        found.insert(table.to_owned(), network.one(&rows).await);
    }
    found
}

/// What of two lists differs, by table.
fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let differs = before.iter().filter(|(table, rows)| after[*table] != **rows);
    differs.map(|(table, rows)| format!("{table}:\n{rows}\nand now:\n{}", after[table])).collect()
}

#[tokio::test]
async fn an_id_of_somebody_else_opens_no_page() {
    let (cast, others) = Cast::beside_others(FAMILY).await;
    let (mut wrong, mut asked) = (Vec::new(), 0);
    for role in BOUNDED {
        let browser = cast.browser(role).await;
        let at = 2 + Role::ALL.iter().position(|known| *known == role).unwrap();
        for (url, method, cells) in cells::all() {
            if !"yru".contains(cells.chars().nth(at).unwrap()) {
                continue;
            }
            for (place, key) in &others.keys {
                if !url.contains(place) || OPEN.contains(place) {
                    continue;
                }
                assert!(cast.path(place) != *key, "{place} is of each cast alone");
                let path = |key: &str| filled(&url.replace(place, key), cast.keys());
                let nobodys = Uuid::new_v4().to_string();
                let headers = [("sec-fetch-site", "same-origin")];
                let answer = browser.ask(method, &path(key), &headers, &[]).await;
                let nothing = browser.ask(method, &path(&nobodys), &headers, &[]).await;
                let is_same = answer.status == nothing.status && answer.body == nothing.body.replace(&nobodys, key);
                if !is_same || answer.status == StatusCode::OK || answer.body.contains(FAMILY) {
                    wrong.push(format!("{role} {method} {url} with {place}: {}, {}", answer.status, nothing.status));
                }
                asked += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(asked > 60, "{asked} were asked for");
}

/// The forms of every page of a part, beside those of the same pages as the others see them.
async fn pairs(cast: &Cast, others: &Others, role: Role, [browser, other]: [&Browser; 2]) -> Vec<[AskedForm; 2]> {
    let at = 2 + Role::ALL.iter().position(|known| *known == role).unwrap();
    let mut pairs = Vec::new();
    for (url, method, cells) in cells::all() {
        if method != "GET" || cells.chars().nth(at) != Some('y') {
            continue;
        }
        let (page, same) = (browser.get(&cast.path(url)).await, other.get(&filled(url, &others.keys)).await);
        if page.header("content-type").starts_with("text/html") {
            let (mine, same) = (forms(&page.body), forms(&same.body));
            pairs.extend(mine.into_iter().zip(same).map(|(mine, same)| [mine, same]));
        }
    }
    pairs
}

/// A form with what the others' form has in its place, for each place where that names somebody.
fn swapped([mine, same]: &[AskedForm; 2], patient: &str) -> Vec<AskedForm> {
    let mut found = Vec::new();
    for (place, (name, value)) in mine.fields.iter().enumerate() {
        let Some((_, foreign)) = same.fields.iter().find(|(known, _)| known == name) else { continue };
        if value != foreign && (foreign.parse::<Uuid>().is_ok() || foreign.contains(patient)) {
            let mut form = mine.clone();
            form.fields[place].1.clone_from(foreign);
            found.push(form);
        }
    }
    if mine.action != same.action {
        found.push(AskedForm { action: same.action.clone(), fields: mine.fields.clone() });
    }
    found
}

#[tokio::test]
async fn an_id_of_somebody_else_in_a_form_does_nothing() {
    let (mut cast, others) = Cast::beside_others(FAMILY).await;
    let patient = others.patient.to_string();
    let (mut wrong, mut sent, mut own) = (Vec::new(), 0, Vec::new());
    for role in BOUNDED {
        let (browser, other) = (cast.browser(role).await, cast.house.signed_in(others.accounts[role.as_str()]).await);
        let pairs = pairs(&cast, &others, role, [&browser, &other]).await;
        let before = theirs(&mut cast.house.network, &others).await;
        for form in pairs.iter().flat_map(|pair| swapped(pair, &patient)) {
            let (status, body) = sends(&browser, &form).await;
            sent += 1;
            if status.is_server_error() || body.contains(FAMILY) {
                wrong.push(format!("{role} {form:?}: {status}"));
            }
        }
        let after = theirs(&mut cast.house.network, &others).await;
        wrong.extend(changed(&before, &after).into_iter().map(|what| format!("{role} has changed {what}")));
        own.extend(pairs.into_iter().map(|[_, same]| (other.clone(), same)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(sent > 60, "{sent} were sent");
    let before = theirs(&mut cast.house.network, &others).await;
    for (browser, form) in own.iter().filter(|(_, form)| form.action != "/sign-out") {
        sends(browser, form).await;
    }
    let after = theirs(&mut cast.house.network, &others).await;
    assert!(changed(&before, &after).len() > 5, "what they send themselves does something");
}
