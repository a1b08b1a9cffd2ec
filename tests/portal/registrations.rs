//! Somebody asks to be registered and is, once: request, decision, link, password, signed in. What is declined or too old is
//! gone, of two clerks one decides, another desk sees nothing, and nobody floods a desk or learns who is known.

use axum::http::StatusCode;

use crate::cells::desk::opens_always;
use crate::house::{Answer, Browser, House, PASSWORD};
use crate::own_journal::hidden;

/// What somebody writes.
fn form<'a>(key: &'a str, facility: &'a str, place: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("key", key),
        ("place", place),
        ("facility", facility),
        ("given", "Hanako <b>"),
        ("family", "Yamada"),
        ("born_on", "1980-05-17"),
        ("sex", "female"),
        ("phone", "+1 217 555 0123"),
        ("email", ""),
        ("speaks", "Japanese"),
        ("terms", "on"),
    ]
}

fn with<'a>(form: &[(&'a str, &'a str)], name: &str, value: &'a str) -> Vec<(&'a str, &'a str)> {
    form.iter().map(|(known, old)| (*known, if *known == name { value } else { *old })).collect()
}

/// The key of the only request, from the page that lists them.
fn listed(page: &Answer) -> String {
    let rest = page.body.split("/schedule/registrations/").nth(1).unwrap_or_else(|| panic!("{}", page.body));
    format!("/schedule/registrations/{}", rest.split('"').next().unwrap())
}

/// What a desk sends to look who is known.
async fn looked(desk: &Browser, request: &str) -> Answer {
    let fields = [("given", "Hanako"), ("family", "Yamada"), ("born_on", "1980-05-17"), ("sex", "female")];
    let mut fields = fields.to_vec();
    fields.push(("request", request));
    desk.post("/patients/new", &fields).await
}

#[tokio::test]
async fn who_asks_is_registered_once_and_signs_in() {
    let mut house = House::new().await;
    let facility = house.network.facility("IL", "clinic").await;
    let provider = house.network.provider().await;
    opens_always(&mut house.network, facility, provider).await;
    let elsewhere = house.network.facility("IL", "clinic").await;
    let mut desks = Vec::new();
    for place in [facility, facility, elsewhere] {
        let account = house.network.account("front_desk", Some(place)).await;
        desks.push(house.signed_in(account).await);
    }
    let city = house
        .network
        .one(&format!(
            "SELECT s.code || ' ' || c.name FROM care.facility f JOIN care.city c USING (city_id)
        JOIN care.state s USING (state_id) WHERE facility_id = '{facility}'"
        ))
        .await;
    let facility = facility.to_string();

    // Where first, then what somebody wrote stays with the facilities of that place.
    let visitor = house.visitor();
    let empty = visitor.get("/register").await;
    assert!(empty.body.contains("Show facilities") && !empty.body.contains(&facility), "{}", empty.body);
    let key = hidden(&empty.body, "key");
    let mut finding = with(&form(&key, "", &city), "terms", "");
    finding.push(("find", "on"));
    let found = visitor.post("/register", &finding).await;
    assert!(found.status == StatusCode::OK && found.body.contains(&facility), "{}", found.body);
    assert!(found.body.contains("Hanako &#60;b&#62;") && hidden(&found.body, "key") == key, "{}", found.body);
    let good = form(&key, &facility, &city);
    for (name, value, told) in [
        ("facility", "", "Fill this in."),
        ("born_on", "1980-02-30", "Write a day that exists"),
        ("phone", "", "Write a telephone number or an email address."),
        ("terms", "", "Tick this: without it"),
    ] {
        let wrong = visitor.post("/register", &with(&good, name, value)).await;
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}");
        assert!(wrong.body.contains(told) && wrong.body.contains("Hanako &#60;b&#62;"), "{name}: {}", wrong.body);
    }
    let none = "SELECT count(*)::text FROM access.registration_request";
    assert_eq!(house.network.one(none).await, "0");
    for _ in 0..2 {
        let sent = visitor.post("/register", &good).await;
        assert_eq!(sent.location(), "/register?asked=yes", "{}", sent.body);
    }
    assert!(visitor.get("/register?asked=yes").await.body.contains("The facility has your request."));
    assert_eq!(house.network.one(none).await, "1", "a form that is sent twice is one request");

    // The desk of that facility, and no other.
    let [desk, colleague, other] = &desks[..] else { panic!() };
    let list = desk.get("/schedule/registrations").await;
    assert!(list.body.contains("Yamada, Hanako &#60;b&#62;") && list.body.contains("17 May 1980"), "{}", list.body);
    let path = listed(&list);
    assert!(other.get("/schedule/registrations").await.body.contains("Nobody asks to be registered here."));
    assert_eq!(other.get(&path).await.status, StatusCode::NOT_FOUND);
    let theirs = other.post(&path, &[]).await;
    assert_eq!(theirs.status, StatusCode::UNPROCESSABLE_ENTITY, "nor does another desk decide");
    let opened = desk.get(&path).await;
    assert!(opened.body.contains("Japanese") && opened.body.contains("value=\"Yamada\""), "{}", opened.body);
    let looks =
        "SELECT count(*)::text FROM access.audit_event WHERE resource = 'registrations' AND outcome = 'allowed'";
    assert_eq!(house.network.one(looks).await, "5", "each reading was recorded");

    // Two clerks at once: one registers, and the other is told.
    let request = hidden(&opened.body, "request");
    let (one, two) = (looked(desk, &request).await, looked(colleague, &request).await);
    assert!(one.body.contains("Nobody who is known is like this person."), "{}", one.body);
    let proposals = [hidden(&one.body, "proposal"), hidden(&two.body, "proposal")];
    let anew = |proposal: &'_ str| {
        [("do", "anew"), ("proposal", proposal), ("request", &request), ("sex", "female")]
            .map(|(name, text)| (name, text.to_owned()))
    };
    let [one, two] = [anew(&proposals[0]), anew(&proposals[1])];
    let one = one.each_ref().map(|(name, text)| (*name, text.as_str()));
    let two = two.each_ref().map(|(name, text)| (*name, text.as_str()));
    let (first, second) = tokio::join!(desk.post("/patients/new", &one), colleague.post("/patients/new", &two));
    let is_first = first.status == StatusCode::SEE_OTHER;
    let (made, late, desk) = if is_first { (first, second, desk) } else { (second, first, colleague) };
    assert_eq!((made.status, late.status), (StatusCode::SEE_OTHER, StatusCode::UNPROCESSABLE_ENTITY), "{}", late.body);
    assert!(late.body.contains("Somebody has decided this request already"), "{}", late.body);
    assert_eq!(house.network.one("SELECT count(*)::text FROM care.patient").await, "1");
    assert_eq!(house.network.one(none).await, "0", "what was written is kept no longer than it is needed");

    // The link, as the desk's page makes it; then the person is signed in.
    let book = made.location().split('?').next().unwrap().to_owned();
    let account = desk.post(&book, &[("do", "account"), ("login", "hanako@example.org")]).await;
    let link = account.body.split("/invite/").nth(1).unwrap().split('<').next().unwrap().to_owned();
    visitor.post(&format!("/invite/{link}"), &[("password", PASSWORD), ("again", PASSWORD)]).await;
    let mut hanako = house.visitor();
    assert_eq!(hanako.signs_in("hanako@example.org", PASSWORD, "").await.status, StatusCode::SEE_OTHER);
    assert!(hanako.get("/me/record").await.body.contains("Yamada, Hanako"));
    assert_eq!(hanako.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_declined_or_too_old_is_gone_and_nobody_floods_a_desk() {
    let mut house = House::new().await;
    let facility = house.network.facility("IL", "clinic").await;
    let account = house.network.account("front_desk", Some(facility)).await;
    let desk = house.signed_in(account).await;
    let facility = facility.to_string();
    let visitor = house.visitor();
    let keys: Vec<String> = (0..7).map(|_| uuid::Uuid::new_v4().to_string()).collect();
    let mut statuses = Vec::new();
    for key in &keys {
        statuses.push(visitor.post("/register", &form(key, &facility, "IL Springfield")).await);
    }
    let taken = statuses.iter().filter(|answer| answer.status == StatusCode::SEE_OTHER).count();
    assert_eq!(taken, 5, "five of an address");
    let late = statuses.last().unwrap();
    assert_eq!(late.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(late.body.contains("Call the facility, or try again in 60 minutes."), "{}", late.body);
    assert!(late.body.contains("Hanako &#60;b&#62;"), "nothing typed is lost: {}", late.body);
    house.network.run("DELETE FROM access.sign_in_bucket").await;
    let nowhere = uuid::Uuid::new_v4().to_string();
    let wrong = visitor.post("/register", &form(&keys[6], &nowhere, "IL Springfield")).await;
    assert!(wrong.body.contains("Choose one of these facilities."), "{}", wrong.body);

    let count = "SELECT count(*)::text FROM access.registration_request";
    let path = listed(&desk.get("/schedule/registrations").await);
    for (status, told) in
        [(StatusCode::SEE_OTHER, ""), (StatusCode::UNPROCESSABLE_ENTITY, "Somebody has decided this request already")]
    {
        let declined = desk.post(&path, &[]).await;
        assert!(declined.status == status && declined.body.contains(told), "{}", declined.body);
    }
    assert_eq!(house.network.one(count).await, "4");
    let declined = "SELECT count(*)::text FROM access.audit_event WHERE reason = 'declined'";
    assert_eq!(house.network.one(declined).await, "1");
    let path = listed(&desk.get("/schedule/registrations").await);
    house
        .network
        .run("UPDATE access.registration_request SET asked_at = now() - INTERVAL '31 days', expires_at = now() - INTERVAL '1 day'")
        .await;
    assert_eq!(desk.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(desk.post(&path, &[]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    house.network.run("SELECT access.forget_looks()").await;
    assert_eq!(house.network.one(count).await, "0", "maintenance takes what is too old");
}
