//! The community's events: what members write leaves one, and none says who stands behind a pseudonym.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::network::Network;

#[tokio::test]
async fn what_members_write_leaves_an_event_without_account_and_patient() {
    let mut network = Network::owned().await;
    let (one, two) = (network.patient().await, network.patient().await);
    let (one, two) = (network.account("patient", Some(one)).await, network.account("patient", Some(two)).await);
    let (one, two) = (network.token(one).await.expose().to_owned(), network.token(two).await.expose().to_owned());
    let space = network
        .id("INSERT INTO care.space (name, topic, rules) VALUES ('Sleep', 'Sleep', 'Be kind') RETURNING space_id")
        .await;
    let mut portal = network.login("portal").await;
    let mut post = String::new();
    for (call, token) in [
        ("join_space('{token}', '{space}', 'Owl')", &one),
        ("join_space('{token}', '{space}', 'Lark')", &two),
        ("write_post('{token}', '{space}', 'Naps', 'Who naps?')", &one),
        ("write_reply('{token}', '{post}', 'I do')", &two),
        ("support_post('{token}', '{post}', true)", &two),
        ("support_post('{token}', '{post}', false)", &two),
        ("support_post('{token}', '{post}', false)", &two),
        ("report_post('{token}', '{post}', NULL, 'spam')", &two),
        ("leave_space('{token}', '{space}')", &two),
    ] {
        let call = call.replace("{token}", token).replace("{space}", &space.to_string()).replace("{post}", &post);
        let call = format!("SELECT api.{call}::text");
        let mut undone = portal.begin().await.unwrap();
        undone.execute(AssertSqlSafe(call.clone())).await.unwrap();
        undone.rollback().await.unwrap();
        let made: Option<String> =
            sqlx::query_scalar(AssertSqlSafe(call.clone())).fetch_one(&mut portal).await.unwrap();
        if call.contains("write_post") {
            post = made.unwrap();
        }
    }
    let events =
        "SELECT concat_ws(' ', part, action, split_part(resource, '/', 1), actor, patient_id, on_behalf, request_id)
                  FROM access.audit_event ORDER BY at";
    assert_eq!(
        network.rows(events).await,
        [
            "member create care.space_member",
            "member create care.space_member",
            "member create care.post",
            "member create care.reply",
            "member create care.post_support",
            "member update care.post_support",
            "member create care.content_report",
            "member update care.space_member",
        ]
    );
    let rows = "SELECT count(*)::text FROM access.audit_event JOIN (
                    SELECT 'care.space_member/' || space_member_id AS resource FROM care.space_member
                    UNION ALL SELECT 'care.post/' || post_id FROM care.post
                    UNION ALL SELECT 'care.reply/' || reply_id FROM care.reply
                    UNION ALL SELECT 'care.content_report/' || content_report_id FROM care.content_report) AS written USING (resource)";
    assert_eq!(network.one(rows).await, "6", "the chain proves the rows");
}
