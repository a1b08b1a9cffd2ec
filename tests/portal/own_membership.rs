//! The own membership: begun once, changed now or at its end, ended with notice; a page that is too old does nothing.

use axum::http::StatusCode;

use crate::house::House;
use crate::own_journal::hidden;

#[tokio::test]
async fn a_membership_is_begun_once_changed_and_ended_with_notice() {
    let mut house = House::new().await;
    let (own, other) = (house.named_patient("Ruiz", "Ana").await, house.named_patient("Nakamura", "Kenji").await);
    house
        .network
        .run(
            "INSERT INTO care.membership_price (plan, currency, per, amount, valid_during)
             VALUES ('premium', 'USD', 'month', 29.90, '[2020-01-01,)'), ('regular', 'USD', 'month', 0, '[2020-01-01,)')
             ON CONFLICT DO NOTHING",
        )
        .await;
    let (own, other) =
        (house.network.account("patient", Some(own)).await, house.network.account("patient", Some(other)).await);
    let (me, other) = (house.signed_in(own).await, house.signed_in(other).await);
    let path = "/me/membership";
    let empty = me.get(path).await.body;
    assert!(empty.contains("You have no membership") && empty.contains("29.90 USD a month"), "{empty}");
    let wrong = me.post(path, &[("do", "begin"), ("known", ""), ("plan", ""), ("renews", "on")]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("Fill this in.") && wrong.body.contains("checked=\"checked\""), "{}", wrong.body);
    let form = [("do", "begin"), ("known", ""), ("plan", "regular USD month"), ("renews", "on")];
    assert_eq!(me.post(path, &form).await.location(), "/me/membership?done=saved");
    let twice = me.post(path, &form).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(twice.body.contains("Your membership has changed since this page was opened"), "{}", twice.body);
    let count = "SELECT count(*)::text FROM care.membership";
    assert_eq!(house.network.one(count).await, "1");
    assert!(twice.body.contains("Renews by itself for another period on"), "{}", twice.body);

    let known = hidden(&me.get(path).await.body, "known");
    let none = me.post(path, &[("do", "change"), ("known", &known), ("plan", "regular"), ("when", "now")]).await;
    assert!(none.body.contains("This is the plan already: choose another."), "{}", none.body);
    let dearer = [("do", "change"), ("known", known.as_str()), ("plan", "premium"), ("when", "now")];
    assert_eq!(me.post(path, &dearer).await.status, StatusCode::SEE_OTHER);
    assert_eq!(
        me.post(path, &dearer).await.status,
        StatusCode::UNPROCESSABLE_ENTITY,
        "the second finds another period"
    );
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.membership_fee WHERE amount > 0").await, "1");
    let premium = me.get(path).await.body;
    for told in
        ["Premium member", "29.90 USD a month", "priority hours", "60 days ahead you can book", "Former periods"]
    {
        assert!(premium.contains(told), "{told}: {premium}");
    }
    let known = hidden(&premium, "known");
    let cheaper = me.post(path, &[("do", "change"), ("known", &known), ("plan", "regular"), ("when", "now")]).await;
    assert!(cheaper.body.contains("A cheaper plan begins when the period ends"), "{}", cheaper.body);
    let later = [("do", "change"), ("known", known.as_str()), ("plan", "regular"), ("when", "end")];
    assert_eq!(me.post(path, &later).await.status, StatusCode::SEE_OTHER);
    let then = me.get(path).await.body;
    for told in ["29.90 USD for this period", "<td>Regular member</td>", "The next period costs", "0.00 USD a month"] {
        assert!(then.contains(told), "{told}: {then}");
    }

    let unsure = me.post(path, &[("do", "end"), ("known", &known)]).await;
    assert!(unsure.body.contains("Tick this if you want the membership to end."), "{}", unsure.body);
    let sure = [("do", "end"), ("known", known.as_str()), ("sure", "on")];
    for _ in 0..2 {
        assert_eq!(me.post(path, &sure).await.location(), "/me/membership?done=ended", "what has ended ends once");
    }
    let ended = me.get(path).await.body;
    assert!(ended.contains("Ends on") && !ended.contains("Cancel the membership"), "{ended}");
    let theirs = other.post(path, &sure).await;
    assert_eq!(theirs.status, StatusCode::UNPROCESSABLE_ENTITY, "another's key is about nothing");
    assert!(other.get(path).await.body.contains("You have no membership"));
}
