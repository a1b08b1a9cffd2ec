//! Names as people have them: one word, no family name, and one name in several scripts; shown once, found in each.

use healthtrack::model::people::{NameUse, PatientId, Sex};
use healthtrack::model::time::{Clock as _, DAY_US, SystemClock};
use healthtrack::store::care::demographics::change_name;
use healthtrack::store::care::record::read_summary;
use healthtrack::store::care::registration::{NewName, NewPatient, register_patient};
use healthtrack::store::care::worklist::{self, PanelLine};
use uuid::Uuid;

use super::network::Network;
use super::practice::{Practice, hours_ahead};

async fn registered(network: &Network, account: Uuid, names: Vec<NewName>) -> PatientId {
    let person = NewPatient {
        born_on: None,
        sex: Sex::Female,
        time_zone: "Asia/Tokyo".to_owned(),
        names,
        addresses: vec![],
        contacts: vec![],
        identifiers: vec![],
    };
    network.does(account, async |actor| register_patient(actor, &person).await).await
}

fn official(family: Option<&str>, given: &[&str]) -> NewName {
    NewName::of(NameUse::Official, family, given)
}

/// A name in three scripts, of which the one in kanji is shown.
fn hanako() -> Vec<NewName> {
    let kanji = NewName { preferred: true, language: Some("ja".to_owned()), ..official(Some("山田"), &["花子"]) };
    vec![official(Some("Yamada"), &["Hanako"]), official(Some("ヤマダ"), &["ハナコ"]), kanji]
}

/// Names of a page, as families or the one name.
fn shown(lines: &[PanelLine]) -> Vec<&str> {
    lines.iter().map(|line| line.family.as_deref().unwrap_or_else(|| line.given[0].as_str())).collect()
}

#[tokio::test]
async fn a_list_shows_each_person_once_and_finds_them_by_a_name_in_any_script() {
    let mut network = Network::owned().await;
    let carer = network.provider().await;
    let account = network.account("provider", Some(carer)).await;
    registered(&network, account, hanako()).await;
    registered(&network, account, vec![official(None, &["Sukarno"])]).await;
    registered(&network, account, vec![official(Some("Suharto"), &[])]).await;
    registered(&network, account, vec![official(Some("Иванова"), &["Мария"])]).await;
    registered(&network, account, vec![official(Some("Ōe"), &["Ken"])]).await;
    let find = async |begins: Option<&str>| {
        network.does(account, async |actor| worklist::panel(actor, begins, None, 50).await).await
    };
    for (begins, expected) in [
        ("yam", "山田"),
        ("山", "山田"),
        ("ヤマ", "山田"),
        ("ﾔﾏ", "山田"),
        ("ИВАН", "Иванова"),
        ("oe", "Ōe"),
        ("suk", "Sukarno"),
        ("suh", "Suharto"),
        ("o\u{304}e", "Ōe"),
    ] {
        assert_eq!(shown(&find(Some(begins)).await), [expected], "{begins}");
    }
    assert_eq!(shown(&find(Some("su")).await), ["Suharto", "Sukarno"]);
    let mut all: Vec<String> = Vec::new();
    let mut last: Option<PanelLine> = None;
    loop {
        let page = network.does(account, async |actor| worklist::panel(actor, None, last.as_ref(), 2).await).await;
        let Some(line) = page.last() else { break };
        all.extend(shown(&page).into_iter().map(str::to_owned));
        last = Some(line.clone());
    }
    assert_eq!(all.len(), 5, "each on one page: {all:?}");
    let whole = find(None).await;
    assert_eq!(all, shown(&whole), "in one order");
}

#[tokio::test]
async fn a_day_and_a_record_show_the_preferred_name_and_a_record_all_of_them() {
    let mut practice = Practice::within(Network::owned().await).await;
    let provider = practice.provider;
    let account = practice.account("provider", Some(provider)).await;
    let one = registered(&practice.network, account, vec![official(None, &["Sukarno"])]).await;
    let three = registered(&practice.network, account, hanako()).await;
    practice.taken_over(one.0, &hours_ahead(24, 30), "booked").await;
    practice.taken_over(three.0, &hours_ahead(25, 30), "booked").await;
    let now = SystemClock.now();
    let until = now.plus_micros(2 * DAY_US);
    let day = practice.network.does(account, async |actor| worklist::day(actor, now, until).await).await;
    let names: Vec<_> = day.into_iter().map(|line| line.name.unwrap()).collect();
    assert_eq!(names, [(None, vec!["Sukarno".to_owned()]), (Some("山田".to_owned()), vec!["花子".to_owned()])]);
    let read = practice.network.does(account, async |actor| read_summary(actor, three).await).await.unwrap();
    assert_eq!(read.name.unwrap().family.as_deref(), Some("山田"));
    let scripts: Vec<_> = read.names.iter().map(|name| name.script.as_deref().unwrap()).collect();
    assert_eq!(scripts, ["Hani", "Kana", "Latn"]);
}

#[tokio::test]
async fn a_name_is_changed_in_its_script_and_another_is_shown_where_that_is_said() {
    let mut network = Network::owned().await;
    let carer = network.provider().await;
    let account = network.account("provider", Some(carer)).await;
    let patient = registered(&network, account, hanako()).await;
    network.run("UPDATE care.patient_name SET valid_during = '[2000-01-01,)'").await;
    let names =
        "SELECT concat_ws(' ', family, script, preferred, lower(valid_during) = current_date) FROM care.patient_name
                 WHERE valid_during @> current_date ORDER BY script";
    let say = async |name: NewName| {
        network.does(account, async |actor| change_name(actor, patient, &name).await).await;
        network.connection().await
    };
    let rows = async |mut sql: sqlx::PgConnection| -> Vec<String> {
        sqlx::query_scalar(names).fetch_all(&mut sql).await.unwrap()
    };
    let married = rows(say(official(Some("Sato"), &["Hanako"])).await).await;
    assert_eq!(married, ["山田 Hani t f", "ヤマダ Kana f f", "Sato Latn f t"]);
    let kanji = rows(say(official(Some("佐藤"), &["花子"])).await).await;
    assert_eq!(kanji, ["佐藤 Hani t t", "ヤマダ Kana f f", "Sato Latn f t"], "what was shown is shown anew");
    let latin = rows(say(NewName { preferred: true, ..official(Some("Satō"), &["Hanako"]) }).await).await;
    assert_eq!(latin, ["佐藤 Hani f t", "ヤマダ Kana f f", "Satō Latn t t"], "corrected on the day, and shown");
    let mixed = NewName { script: Some("Jpan".to_owned()), ..official(Some("佐藤"), &["はなこ"]) };
    assert_eq!(rows(say(mixed).await).await.len(), 4, "one more");
    let only = rows(say(official(None, &["Сато"])).await).await;
    assert_eq!(only[0], "Cyrl f t", "one name alone");
}

#[tokio::test]
async fn what_is_no_name_or_a_second_of_its_script_is_refused() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    let name = |values: &str| {
        format!(
            "INSERT INTO care.patient_name (patient_id, use, family, given, script, language, preferred, valid_during)
             VALUES ('{patient}', {values})"
        )
    };
    network.run(&name("'official', 'Yamada', '{Hanako}', NULL, NULL, NULL, '(,)'")).await;
    network.run(&name("'official', '山田', '{花子}', NULL, 'ja', NULL, '(,)'")).await;
    network.run(&name("'usual', NULL, '{Hana}', NULL, NULL, NULL, '(,)'")).await;
    for (values, rule) in [
        ("'nickname', NULL, '{}', NULL, NULL, NULL, '(,)'", "patient_name_is_some"),
        ("'nickname', '', '{Hana}', NULL, NULL, NULL, '(,)'", "patient_name_is_some"),
        ("'nickname', 'Yamada', '{NULL}', NULL, NULL, NULL, '(,)'", "patient_name_is_some"),
        ("'official', 'Sato', '{}', NULL, NULL, false, '[2020-01-01,)'", "patient_name_is_one_at_a_time"),
        ("'official', 'ヤマダ', '{}', NULL, NULL, true, '[2020-01-01,)'", "patient_name_preferred_is_one"),
        ("'official', 'ヤマダ', '{}', 'kana', NULL, NULL, '(,)'", "patient_name_script_is_iso_15924"),
        ("'official', 'ヤマダ', '{}', NULL, 'Japanese', NULL, '(,)'", "patient_name_language_is_bcp_47"),
    ] {
        assert_eq!(network.refusal(&name(values)).await, rule, "{values}");
    }
    let preferred = "SELECT string_agg(use || ' ' || script, ', ' ORDER BY use) FROM care.patient_name WHERE preferred";
    assert_eq!(network.one(preferred).await, "official Latn, usual Latn", "the first of each use");
}

#[tokio::test]
async fn a_script_is_told_by_the_letters() {
    let mut network = Network::new().await;
    for (name, script) in [
        ("Ada King", "Latn"),
        ("Ōtani", "Latn"),
        ("山田", "Hani"),
        ("山田 はなこ", "Jpan"),
        ("ヤマダ", "Kana"),
        ("ﾔﾏﾀﾞ", "Kana"),
        ("やまだ", "Hira"),
        ("김철수", "Hang"),
        ("Юрий", "Cyrl"),
        ("Μαρία", "Grek"),
        ("محمد", "Arab"),
        ("דוד", "Hebr"),
        ("गीता", "Deva"),
        ("สมชาย", "Thai"),
        ("1", "Zzzz"),
    ] {
        assert_eq!(network.one(&format!("SELECT care.script_of('{name}')")).await, script, "{name}");
    }
}
