//! A moderator's day: what was reported and is in order leaves the list, and reviews that wait are published or refused.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::house::{Browser, House};
use crate::own_journal::hidden;

async fn moderated() -> (House, Browser) {
    let mut house = House::new().await;
    let account = house.network.account("moderator", None).await;
    let moderator = house.signed_in(account).await;
    (house, moderator)
}

/// A space with so many posts, each reported once.
async fn reported(house: &mut House, posts: u32) -> Uuid {
    let space = "INSERT INTO care.space (name, topic, rules) VALUES ('Sleep', 'Nights', 'Be kind') RETURNING space_id";
    let space = house.network.id(space).await;
    let rows = format!(
        "INSERT INTO care.space_member (space_id, pseudonym) VALUES ('{space}', 'Owl'), ('{space}', 'Lark');
         INSERT INTO care.post (space_id, space_member_id, title, body)
         SELECT '{space}', space_member_id, 'Awake', 'Since ' || n
         FROM care.space_member, generate_series(1, {posts}) AS n WHERE pseudonym = 'Owl';
         INSERT INTO care.content_report (space_id, post_id, space_member_id, reason)
         SELECT space_id, post_id, (SELECT space_member_id FROM care.space_member WHERE pseudonym = 'Lark'), 'unkind' FROM care.post"
    );
    house.network.run(&rows).await;
    space
}

#[tokio::test]
async fn what_is_in_order_leaves_the_list_until_it_is_reported_again() {
    let (mut house, moderator) = moderated().await;
    let space = reported(&mut house, 1).await.to_string();
    let [post, member] = ["post_id", "space_member_id"].map(|column| format!("SELECT {column}::text FROM care.post"));
    let (post, member) = (house.network.one(&post).await, house.network.one(&member).await);
    let list = moderator.get("/moderation").await;
    assert!(list.body.contains("1 report<") && list.body.contains("Nothing wrong, keep it"), "{}", list.body);
    let mut form = vec![("space", space.as_str()), ("post", &post), ("reply", ""), ("member", &member)];
    form.extend([("action", "ban"), ("reason", "")]);
    let silent = moderator.post("/moderation", &form).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.body.contains("<option value=\"ban\" selected"), "the choice is kept: {}", silent.body);
    form.truncate(4);
    form.extend([("action", "show"), ("reason", "It is kind")]);
    assert_eq!(moderator.post("/moderation", &form).await.location(), "/moderation?done=saved");
    assert!(moderator.get("/moderation").await.body.contains("Nothing is reported."));
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.post WHERE hidden_at IS NULL").await, "1");
    house
        .network
        .run(
            "INSERT INTO care.content_report (space_id, post_id, space_member_id, reason)
             SELECT space_id, post_id, space_member_id, 'spam' FROM care.post",
        )
        .await;
    assert!(moderator.get("/moderation").await.body.contains("1 report<"));
}

#[tokio::test]
async fn reports_go_on_beyond_a_hundred() {
    let (mut house, moderator) = moderated().await;
    reported(&mut house, 120).await;
    let first = moderator.get("/moderation").await;
    let next = first.body.split("href=\"/moderation?after=").nth(1).unwrap_or_else(|| panic!("{}", first.body));
    let second = moderator.get(&format!("/moderation?after={}", next.split('"').next().unwrap())).await;
    let count = |body: &str| body.matches("<article").count();
    assert_eq!((count(&first.body), count(&second.body)), (99, 21));
    assert!(!second.body.contains("Older reports"), "{}", second.body);
    assert_eq!(moderator.get("/moderation?after=x").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_review_is_published_or_refused_for_a_reason_and_once() {
    let (mut house, moderator) = moderated().await;
    assert!(moderator.get("/moderation/reviews").await.body.contains("No review waits."));
    let facility = house.network.facility("IL", "clinic").await;
    let provider = house.network.provider().await;
    for (family, days, words) in [("Ruiz", 2, "Kind <b>"), ("Nakamura", 3, "A thief")] {
        let patient = house.named_patient(family, "Ana").await;
        let review = format!(
            "WITH visit AS (
                 INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
                 VALUES ('{patient}', '{provider}', '{facility}',
                         tstzrange(now() - INTERVAL '{days} days', now() - INTERVAL '{days} days' + INTERVAL '30 minutes'), 'completed')
                 RETURNING *)
             INSERT INTO care.review (appointment_id, patient_id, provider_id, facility_id, provider_stars, body)
             SELECT appointment_id, patient_id, provider_id, facility_id, 4, '{words}' FROM visit"
        );
        house.network.run(&review).await;
    }
    let waiting = moderator.get("/moderation/reviews").await;
    for said in ["Kind &#60;b&#62;", "A thief", "Provider: 4 / 5", "Ada Okafor, clinic 0"] {
        assert!(waiting.body.contains(said), "{said}: {}", waiting.body);
    }
    assert!(!waiting.body.contains("Ruiz"), "nobody learns who wrote it");
    let key = |words: &str| format!("SELECT review_id::text FROM care.review WHERE body LIKE '{words}%'");
    let (kind, thief) = (house.network.one(&key("Kind")).await, house.network.one(&key("A thief")).await);
    let publish = [("do", "publish"), ("review", kind.as_str()), ("version", "1")];
    assert_eq!(moderator.post("/moderation/reviews", &publish).await.location(), "/moderation/reviews?done=saved");
    assert_eq!(moderator.post("/moderation/reviews", &publish).await.status, StatusCode::UNPROCESSABLE_ENTITY, "once");
    let silent = moderator.post("/moderation/reviews", &[("do", "refuse"), ("review", &thief), ("version", "1")]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.body.contains("Fill this in.") && hidden(&silent.body, "version") == "1", "{}", silent.body);
    let refuse = [("do", "refuse"), ("review", thief.as_str()), ("version", "1"), ("reason", "Says who did what")];
    assert_eq!(moderator.post("/moderation/reviews", &refuse).await.location(), "/moderation/reviews?done=saved");
    let states =
        "SELECT string_agg(state || coalesce(': ' || moderation, ''), '; ' ORDER BY body DESC) FROM care.review";
    assert_eq!(house.network.one(states).await, "published; hidden: Says who did what");
    assert!(moderator.get("/moderation/reviews").await.body.contains("No review waits."));
    let reader = house.network.account("network_admin", None).await;
    let reader = house.signed_in(reader).await;
    assert_eq!(reader.get("/moderation/reviews").await.status, StatusCode::NOT_FOUND);
}
