//! The community: joined under a name, written in, reported and moderated; who stands behind a name is on no page.

use axum::http::StatusCode;
use healthtrack::model::people::Role;
use uuid::Uuid;

use crate::cast::Cast;
use crate::house::{Browser, House};
use crate::own_journal::house;

/// A space.
async fn space(house: &mut House, name: &str) -> Uuid {
    let made = format!(
        "INSERT INTO care.space (name, topic, rules) VALUES ('{name}', 'Nights', 'Be <kind>') RETURNING space_id"
    );
    house.network.id(&made).await
}

/// A post of the patient of the cast in a space: the keys of both.
pub(crate) async fn of_cast(cast: &mut Cast) -> (String, String) {
    let space = space(&mut cast.house, &format!("Sleep of {}", cast.patient)).await;
    let (own, path) = (cast.browser(Role::Patient).await, format!("/me/community/{space}"));
    own.post(&path, &[("pseudonym", "Owl")]).await;
    own.post(&path, &[("title", "Awake <b>"), ("body", "Since three")]).await;
    let post = cast.house.network.one(&format!("SELECT post_id::text FROM care.post WHERE space_id = '{space}'")).await;
    own.post(&format!("{path}/{post}"), &[("body", "And you?")]).await;
    let other = cast.house.named_patient("Nakamura", "Kenji").await;
    let other = cast.house.network.account("patient", Some(other)).await;
    let other = cast.house.signed_in(other).await;
    other.post(&path, &[("pseudonym", "Lark")]).await;
    other.post(&format!("{path}/{post}/report"), &[("reason", "unkind")]).await;
    (space.to_string(), post)
}

async fn joined(browser: &Browser, path: &str, name: &str) {
    assert_eq!(browser.post(path, &[("pseudonym", name)]).await.location(), format!("{path}?done=saved"));
}

#[tokio::test]
async fn members_write_under_names_and_nobody_else_reads() {
    let (mut house, owl, lark, _) = house().await;
    let path = format!("/me/community/{}", space(&mut house, "Sleep").await);
    assert!(owl.get("/me/community").await.body.contains("You have not joined"));
    let outside = owl.get(&path).await;
    for part in ["Be &#60;kind&#62;", "Name in this space"] {
        assert!(outside.body.contains(part), "{part}: {}", outside.body);
    }
    let wrong = owl.post(&path, &[("pseudonym", "owl@example.org")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("owl@example.org") && wrong.body.contains("aria-invalid"), "{}", wrong.body);
    joined(&owl, &path, "Owl").await;
    let taken = lark.post(&path, &[("pseudonym", "owl")]).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(taken.body.contains("aria-invalid"), "{}", taken.body);

    for _ in 0..2 {
        let sent = owl.post(&path, &[("title", "Awake"), ("body", "Since three")]).await;
        assert_eq!(sent.location(), format!("{path}?done=saved"));
    }
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.post").await, "1", "sent twice is one post");
    let key = house.network.one("SELECT post_id::text FROM care.post").await;
    let post = format!("{path}/{key}");
    assert_eq!(lark.get(&post).await.status, StatusCode::NOT_FOUND, "who has not joined reads nothing");
    for (url, form) in [(post.clone(), ("body", "x")), (format!("{post}/support"), ("given", "yes"))] {
        assert_eq!(lark.post(&url, &[form]).await.status, StatusCode::NOT_FOUND, "{url}");
    }
    joined(&lark, &path, "Lark").await;
    for _ in 0..2 {
        assert_eq!(lark.post(&post, &[("body", "Me <too>")]).await.location(), format!("{post}?done=sent"));
        assert_eq!(lark.post(&format!("{post}/support"), &[("given", "yes")]).await.status, StatusCode::SEE_OTHER);
    }
    let shown = owl.get(&post).await;
    for part in ["Me &#60;too&#62;", "Lark", "1 supports it"] {
        assert!(shown.body.contains(part), "{part}: {}", shown.body);
    }
    assert_eq!(shown.body.matches("Me &#60;too&#62;").count(), 1);
    assert!(!shown.body.contains("Nakamura") && !lark.get(&post).await.body.contains("Ruiz"));
    lark.post(&format!("{post}/support"), &[("given", "no")]).await;
    assert!(owl.get(&post).await.body.contains("0 support it"));
    for _ in 0..2 {
        assert_eq!(lark.post(&format!("{path}/leave"), &[]).await.location(), "/me/community?done=ended");
    }
    assert_eq!(lark.get(&post).await.status, StatusCode::NOT_FOUND);
    let nowhere = format!("/me/community/{}/leave", Uuid::new_v4());
    assert_eq!(lark.post(&nowhere, &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_reported_is_decided_by_a_moderator_who_says_why() {
    let (mut house, owl, lark, _) = house().await;
    let space = space(&mut house, "Sleep").await;
    let path = format!("/me/community/{space}");
    joined(&owl, &path, "Owl").await;
    joined(&lark, &path, "Lark").await;
    owl.post(&path, &[("title", "Cure"), ("body", "Drink bleach")]).await;
    let key = house.network.one("SELECT post_id::text FROM care.post").await;
    let (post, report) = (format!("{path}/{key}"), format!("{path}/{key}/report"));
    let account = house.network.account("moderator", None).await;
    let moderator = house.signed_in(account).await;
    assert!(moderator.get("/moderation").await.body.contains("Nothing is reported."));
    let empty = lark.post(&report, &[("reason", "")]).await;
    assert!(empty.status == StatusCode::UNPROCESSABLE_ENTITY && empty.body.contains("Choose what is wrong"));
    assert_eq!(lark.post(&report, &[("reason", "dangerous_advice")]).await.location(), format!("{post}?done=sent"));
    let twice = lark.post(&report, &[("reason", "spam")]).await;
    assert!(twice.body.contains("You have reported that already."), "{}", twice.body);

    let list = moderator.get("/moderation").await;
    for part in ["Owl", "Drink bleach", "Dangerous advice", "1 report<"] {
        assert!(list.body.contains(part), "{part}: {}", list.body);
    }
    assert!(!list.body.contains("Ruiz") && !list.body.contains("Nakamura"));
    let member = house.network.one("SELECT space_member_id::text FROM care.post").await;
    let space = space.to_string();
    let mut form = vec![("space", space.as_str()), ("post", &key), ("reply", ""), ("member", &member)];
    form.push(("action", "hide"));
    let silent = moderator.post("/moderation", &form).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.body.contains("Give the reason of your decision."), "{}", silent.body);
    form.push(("reason", "It kills"));
    assert_eq!(lark.post("/moderation", &form).await.status, StatusCode::NOT_FOUND, "a member decides nothing");
    assert_eq!(moderator.post("/moderation", &form).await.location(), "/moderation?done=saved");
    assert_eq!(lark.get(&post).await.status, StatusCode::NOT_FOUND);
    assert!(moderator.get("/moderation").await.body.contains("Hidden"));
}
