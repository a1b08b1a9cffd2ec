//! A desk's day: somebody new is registered once, booked once, moved, checked in, cancelled; who waits and what is to be
//! done; and nobody sees another desk's visits.

use axum::http::StatusCode;
use uuid::Uuid;

use crate::cells::desk::{MIDNIGHT, opens_always};
use crate::house::{Answer, Browser, House, PASSWORD};

/// A house with a facility that is always open, a provider there, and its desk.
struct Desk {
    house: House,
    facility: Uuid,
    provider: Uuid,
    desk: Browser,
}

impl Desk {
    async fn new() -> Desk {
        let mut house = House::new().await;
        let facility = house.network.facility("IL", "clinic").await;
        let provider = house.network.provider().await;
        opens_always(&mut house.network, facility, provider).await;
        let account = house.network.account("front_desk", Some(facility)).await;
        let desk = house.signed_in(account).await;
        Desk { house, facility, provider, desk }
    }

    /// A visit of somebody, that begins in so many minutes, or at the end of the day in Chicago.
    async fn visit(&mut self, family: &str, minutes: i32) -> Uuid {
        let (patient, provider, facility) =
            (self.house.named_patient(family, "Ana").await, self.provider, self.facility);
        self.house
            .network
            .id(&format!(
                "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
                 SELECT '{patient}', '{provider}', '{facility}', tstzrange(at, at + INTERVAL '30 minutes'), 'booked'
                 FROM (SELECT least(now() + INTERVAL '{minutes} minutes', {MIDNIGHT} - INTERVAL '1 minute')) AS visit (at)
                 RETURNING appointment_id"
            ))
            .await
    }

    /// Somebody whom the desk has met: it is to call them.
    async fn met(&mut self, family: &str) -> Uuid {
        let (patient, facility) = (self.house.named_patient(family, "Ana").await, self.facility);
        self.house
            .network
            .run(&format!(
                "INSERT INTO care.task (patient_id, pool, facility_id, kind, title)
                 VALUES ('{patient}', 'front_desk', '{facility}', 'call_patient', 'Call about a visit')"
            ))
            .await;
        patient
    }

    async fn status(&mut self, visit: Uuid) -> String {
        self.house.network.one(&format!("SELECT status FROM care.appointment WHERE appointment_id = '{visit}'")).await
    }

    async fn count(&mut self, table: &str) -> String {
        self.house.network.one(&format!("SELECT count(*)::text FROM {table}")).await
    }
}

/// The value of a field, in an answer, after a mark.
fn value(answer: &Answer, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let rest = answer.body.split(&mark).nth(1).unwrap_or_else(|| panic!("{name}: {}", answer.body));
    rest.split('"').next().unwrap().to_owned()
}

/// The one-time link of an answer, as a path.
fn link(answer: &Answer) -> String {
    let rest = answer.body.split("/invite/").nth(1).unwrap_or_else(|| panic!("{}", answer.body));
    format!("/invite/{}", rest.split('<').next().unwrap())
}

/// The path of the day that a page shows by provider.
fn day_of(answer: &Answer) -> String {
    let rest = answer.body.split("href=\"/schedule/days/").nth(1).unwrap();
    format!("/schedule/days/{}", &rest[..10])
}

/// The values of a choice.
fn options(answer: &Answer, name: &str) -> Vec<String> {
    let rest = answer.body.split(&format!("name=\"{name}\"")).nth(1).unwrap_or_else(|| panic!("{}", answer.body));
    let rest = rest.split("</select>").next().unwrap();
    rest.split("<option value=\"").skip(2).map(|option| option.split('"').next().unwrap().to_owned()).collect()
}

const HANAKO: [(&str, &str); 11] = [
    ("given", "Hanako Maria"),
    ("family", "Yamada"),
    ("born_on", "1980-05"),
    ("sex", "female"),
    ("phone", "+1 217 555 0123"),
    ("street", "1 Main Street"),
    ("city", "Springfield"),
    ("state", "IL"),
    ("postal_code", "62701"),
    ("other_given", "花子"),
    ("other_family", "山田"),
];

#[tokio::test]
async fn somebody_new_is_registered_once_however_often_the_form_is_sent() {
    let mut desk = Desk::new().await;
    let mut wrong = HANAKO.to_vec();
    wrong[2] = ("born_on", "1980-13");
    let refused = desk.desk.post("/patients/new", &wrong).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    for kept in ["Write a day that exists, a month or a year", "1980-13", "Hanako Maria", "花子", "aria-invalid"] {
        assert!(refused.body.contains(kept), "{kept}: {}", refused.body);
    }
    let nobody = desk.desk.post("/patients/new", &HANAKO).await;
    assert!(nobody.status == StatusCode::OK && nobody.body.contains("Nobody who is known is like"), "{}", nobody.body);
    assert_eq!(desk.count("care.patient").await, "0", "nothing is registered before it is decided");
    let proposal = value(&nobody, "proposal");
    let mut anew = HANAKO.to_vec();
    anew.extend([("do", "anew"), ("proposal", proposal.as_str())]);
    let (one, other) = tokio::join!(desk.desk.post("/patients/new", &anew), desk.desk.post("/patients/new", &anew));
    let mut statuses = [one.status, other.status];
    statuses.sort();
    assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::UNPROCESSABLE_ENTITY]);
    let (done, told) = if one.status == StatusCode::SEE_OTHER { (one, other) } else { (other, one) };
    assert!(told.body.contains("This was decided already") && told.body.contains("花子"), "{}", told.body);
    assert_eq!(desk.count("care.patient").await, "1");
    let names = "SELECT string_agg(concat_ws(' ', given[1], given[2], family, script), '; ' ORDER BY script) FROM care.patient_name";
    let names = desk.house.network.one(names).await;
    assert!(names.contains("Hanako Maria Yamada Latn") && names.contains("花子 山田"), "{names}");
    assert_eq!(desk.house.network.one("SELECT born_in FROM care.patient").await, "1980-05");
    assert!(done.location().starts_with("/schedule/book/"), "{}", done.location());
    // For whom is booked stands first, and the patient sees who looked.
    let shown = desk.desk.get(done.location()).await;
    for said in ["<h1>Yamada, Hanako Maria</h1>", "May 1980", "Springfield"] {
        assert!(shown.body.contains(said), "{said}: {}", shown.body);
    }
    let looks = "SELECT count(*)::text FROM access.audit_event JOIN care.patient USING (patient_id) WHERE resource = 'desk_person'";
    assert_eq!(desk.house.network.one(looks).await, "1");

    // An account, by a name that is one, and once.
    let (book, login) = (done.location().split('?').next().unwrap().to_owned(), "hanako@example.org");
    let wrong = desk.desk.post(&book, &[("do", "account"), ("login", "Hanako Y")]).await;
    assert!(
        wrong.status == StatusCode::UNPROCESSABLE_ENTITY && wrong.body.contains("value=\"Hanako Y\""),
        "{}",
        wrong.body
    );
    let mut links = Vec::new();
    for form in
        [[("do", "account"), ("login", login)], [("do", "account"), ("login", login)], [("do", "link"), ("x", "")]]
    {
        let opened = desk.desk.post(&book, &form).await;
        assert_eq!(opened.status, StatusCode::OK, "{}", opened.body);
        links.push(link(&opened));
    }
    assert!(!desk.desk.get(&book).await.body.contains("/invite/"), "a link is shown once");
    let visitor = desk.house.visitor();
    for gone in &links[..2] {
        assert_eq!(visitor.get(gone).await.status, StatusCode::UNPROCESSABLE_ENTITY, "the newest is of use");
    }
    assert!(visitor.get(&links[2]).await.body.contains(login));
    let chosen = visitor.post(&links[2], &[("password", PASSWORD), ("again", PASSWORD)]).await;
    assert_eq!(chosen.location(), "/sign-in?set=true", "{}", chosen.body);
    let late = desk.desk.post(&book, &[("do", "link")]).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.body.contains("has set a password already") && !late.body.contains("/invite/"), "{}", late.body);
    let accounts = "SELECT string_agg(login, ' ') FROM access.account WHERE part = 'patient'";
    assert_eq!(desk.house.network.one(accounts).await, login);

    // The same person comes again: found, and no second record.
    let again = desk.desk.post("/patients/new", &HANAKO).await;
    assert!(again.body.contains("Yamada") && again.body.contains("Springfield"), "{}", again.body);
    let (proposal, found) = (value(&again, "proposal"), value(&again, "match"));
    let same = [("do", "same"), ("proposal", proposal.as_str()), ("match", found.as_str())];
    let taken = desk.desk.post("/patients/new", &same).await;
    assert_eq!(taken.location(), done.location(), "the very record");
    assert_eq!(desk.count("care.patient").await, "1");
}

#[tokio::test]
async fn a_time_is_booked_once_and_then_moved_or_cancelled_with_a_reason() {
    let mut desk = Desk::new().await;
    let stranger = format!("/schedule/book/{}", desk.house.named_patient("Ruiz", "Ana").await);
    assert_eq!(desk.desk.get(&stranger).await.status, StatusCode::NOT_FOUND, "whom the desk has not met");
    for step in ["find", "take", "wait", "account", "link"] {
        let asked = desk.desk.post(&stranger, &[("do", step), ("login", "ruiz-1")]).await;
        assert_eq!(asked.status, StatusCode::NOT_FOUND, "{step}");
    }
    let patient = desk.met("Ruiz").await;
    let (path, provider) = (format!("/schedule/book/{patient}"), desk.provider.to_string());
    let tomorrow =
        desk.house.network.one("SELECT (now() AT TIME ZONE 'America/Chicago' + INTERVAL '1 day')::date::text").await;
    let mut wanted =
        vec![("do", "find"), ("provider", provider.as_str()), ("mode", "in_person"), ("day", tomorrow.as_str())];
    let unsaid = desk.desk.post(&path, &wanted).await;
    assert!(unsaid.body.contains("Choose a kind of visit, or say how many minutes."), "{}", unsaid.body);
    wanted.push(("minutes", "30"));
    let found = desk.desk.post(&path, &wanted).await;
    assert_eq!(found.status, StatusCode::OK);
    let start = options(&found, "start").swap_remove(0);
    wanted[0] = ("do", "take");
    wanted.extend([("start", start.as_str()), ("reason", "A cough <i>")]);
    let (one, other) = tokio::join!(desk.desk.post(&path, &wanted), desk.desk.post(&path, &wanted));
    assert_eq!(
        (one.status, other.status),
        (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER),
        "{}{}",
        one.body,
        other.body
    );
    assert_eq!(one.location(), other.location(), "the second is told where the first has booked");
    assert_eq!(desk.count("care.appointment").await, "1");
    let shown = desk.desk.get(one.location()).await;
    assert!(shown.body.contains("<h1>Ruiz, Ana</h1>") && shown.body.contains("Booked."), "{}", shown.body);
    assert!(shown.body.contains("A cough &#60;i&#62;"), "{}", shown.body);
    let visit = one.location().split('?').next().unwrap().to_owned();

    // To another time.
    let move_to = desk.desk.post(&visit, &[("do", "find"), ("provider", &provider), ("day", &tomorrow)]).await;
    let start = options(&move_to, "start").swap_remove(3);
    let moving = [("do", "move"), ("provider", provider.as_str()), ("start", start.as_str())];
    assert_eq!(desk.desk.post(&visit, &moving).await.status, StatusCode::SEE_OTHER);
    let at = "SELECT (extract(epoch FROM lower(during)) * 1000000)::bigint::text FROM care.appointment";
    assert_eq!(desk.house.network.one(at).await, start);
    // A reason is asked for, at its field.
    let refused = desk.desk.post(&visit, &[("do", "cancel")]).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("Fill this in."));
    let cancelled = desk.desk.post(&visit, &[("do", "cancel"), ("reason", "weather")]).await;
    assert!(cancelled.location().ends_with("?done=cancelled"), "{}", cancelled.body);
    assert_eq!(
        desk.house.network.one("SELECT status || cancellation_reason FROM care.appointment").await,
        "cancelledweather"
    );
}

#[tokio::test]
async fn whoever_comes_is_checked_in_from_the_day_and_whoever_does_not_is_missed() {
    let mut desk = Desk::new().await;
    let (comes, misses) = (desk.visit("Ruiz", 1).await, desk.visit("Nakamura", -40).await);
    let day = desk.desk.get("/schedule").await;
    assert!(day.body.contains("Ruiz, Ana") && day.body.contains("Ada Okafor"), "{}", day.body);
    let found = desk.desk.post("/schedule", &[("name", "rUi")]).await;
    assert!(found.body.contains("Ruiz, Ana") && !found.body.contains("Nakamura"), "{}", found.body);
    let nobody = desk.desk.post("/schedule", &[("name", "Zz")]).await;
    assert!(nobody.body.contains("Nobody of such a name") && nobody.body.contains("value=\"Zz\""), "{}", nobody.body);
    for _ in 0..2 {
        let done = desk.desk.post(&format!("/schedule/visits/{comes}"), &[("do", "check_in")]).await;
        assert!(done.location().starts_with("/schedule/days/"), "{}", done.body);
        assert_eq!(desk.status(comes).await, "arrived");
    }
    let shown = desk.desk.get(&format!("/schedule/visits/{misses}")).await;
    assert!(shown.body.contains("Did not come"), "{}", shown.body);
    let looks = format!(
        "SELECT count(*)::text FROM access.audit_event e JOIN care.appointment a USING (patient_id)
         WHERE a.appointment_id = '{misses}' AND e.action = 'read' AND e.resource = 'appointments'"
    );
    assert_eq!(desk.house.network.one(&looks).await, "1", "the patient sees who opened the visit");
    let rooms = desk.desk.get(&format!("{}/rooms", day_of(&day))).await;
    assert_eq!(rooms.body.matches("/rooms\">").count(), 2, "earlier and later stay with the rooms: {}", rooms.body);
    desk.desk.post(&format!("/schedule/visits/{misses}"), &[("do", "miss")]).await;
    assert_eq!(desk.status(misses).await, "no_show");
    // Two at the desk: what cannot be done any more is said, and the page shows how it stands.
    let late = desk.desk.post(&format!("/schedule/visits/{misses}"), &[("do", "check_in")]).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.body.contains("role=\"alert\"") && late.body.contains("No show"), "{}", late.body);

    // The provider has the own day; another desk has neither page nor step.
    let carer = desk.house.network.account("provider", Some(desk.provider)).await;
    let carer = desk.house.signed_in(carer).await;
    assert!(carer.get("/schedule").await.body.contains(&comes.to_string()));
    let elsewhere = desk.house.network.facility("IN", "clinic").await;
    let stranger = desk.house.network.account("front_desk", Some(elsewhere)).await;
    let stranger = desk.house.signed_in(stranger).await;
    assert!(!stranger.get("/schedule").await.body.contains("Ruiz"));
    let visit = format!("/schedule/visits/{comes}");
    assert_eq!(stranger.get(&visit).await.status, StatusCode::NOT_FOUND);
    assert_eq!(stranger.post(&visit, &[("do", "complete")]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(desk.status(comes).await, "arrived");
}

#[tokio::test]
async fn who_waits_stands_on_a_list_until_taken_off() {
    let mut desk = Desk::new().await;
    let patient = desk.met("Ruiz").await;
    let provider = desk.provider.to_string();
    let day = desk.house.network.one("SELECT (current_date + 2)::text").await;
    let until = desk.house.network.one("SELECT (current_date + 40)::text").await;
    let path = format!("/schedule/book/{patient}");
    let mut wish =
        vec![("do", "wait"), ("provider", &*provider), ("mode", "in_person"), ("day", &*day), ("minutes", "30")];
    wish.extend([("until", &*until), ("wait_minutes", "30"), ("anybody", "on")]);
    let joined = desk.desk.post(&path, &wish).await;
    assert_eq!(joined.location(), "/schedule/waiting?done=saved", "{}", joined.body);
    let waiting = desk.desk.get("/schedule/waiting").await;
    assert!(waiting.body.contains("Anybody") && waiting.body.contains("30 min"), "{}", waiting.body);
    let last = desk.house.network.one("SELECT to_char(current_date + 40, 'FMDD Mon YYYY')").await;
    assert!(waiting.body.contains(&format!("– {last}")), "the last day, not the one after it: {}", waiting.body);
    let entry = value(&waiting, "entry");
    assert_eq!(
        desk.desk.post("/schedule/waiting", &[("entry", &entry)]).await.location(),
        "/schedule/waiting?done=removed"
    );
    let twice = desk.desk.post("/schedule/waiting", &[("entry", &entry)]).await;
    assert!(
        twice.status == StatusCode::UNPROCESSABLE_ENTITY && twice.body.contains("role=\"alert\""),
        "{}",
        twice.body
    );
    assert_eq!(desk.house.network.one("SELECT status FROM care.waitlist_entry").await, "left");
}

#[tokio::test]
async fn of_two_who_end_a_task_the_second_sees_that_it_was_changed() {
    let mut desk = Desk::new().await;
    let patient = desk.house.named_patient("Ruiz", "Ana").await;
    let facility = desk.facility;
    let task = desk
        .house
        .network
        .id(&format!(
            "INSERT INTO care.task (patient_id, pool, facility_id, kind, title)
             VALUES ('{patient}', 'front_desk', '{facility}', 'call_patient', 'Call about the bill') RETURNING task_id"
        ))
        .await;
    assert!(desk.desk.get("/schedule/tasks").await.body.contains("Call about the bill"));
    let path = format!("/schedule/tasks/{task}");
    let taken = desk.desk.post(&path, &[("do", "take"), ("version", "1")]).await;
    assert_eq!(taken.status, StatusCode::SEE_OTHER, "{}", taken.body);
    let ends = [("do", "end"), ("version", "1"), ("status", "completed"), ("outcome", "Called, all clear")];
    let stale = desk.desk.post(&path, &ends).await;
    assert_eq!(stale.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        stale.body.contains("Somebody has changed this") && stale.body.contains("Called, all clear"),
        "{}",
        stale.body
    );
    let version = value(&stale, "version");
    let ends =
        [("do", "end"), ("version", version.as_str()), ("status", "completed"), ("outcome", "Called, all clear")];
    assert_eq!(desk.desk.post(&path, &ends).await.location(), "/schedule/tasks?done=saved");
    assert!(!desk.desk.get("/schedule/tasks").await.body.contains("Call about the bill"));
}
