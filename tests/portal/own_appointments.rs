//! One's own appointments: found, held, booked, moved, cancelled, joined, reviewed and waited for.

use axum::http::StatusCode;
use healthtrack::model::time::{Clock as _, SystemClock};
use uuid::Uuid;

use crate::house::{Answer, Browser, House, configured};
use crate::network::Network;
use crate::practice::{Practice, hours_ahead};

/// A facility and a provider who are always there, and a patient's browser.
pub(crate) struct Door {
    pub(crate) house: House,
    pub(crate) me: Browser,
    patient: Uuid,
    pub(crate) provider: Uuid,
    pub(crate) facility: Uuid,
}

impl Door {
    pub(crate) async fn new() -> Door {
        let Practice { network, facility, provider, patient, .. } = Practice::new().await;
        let config = configured(&network, "http://127.0.0.1:8080", &[]);
        let mut house = House::with(network, &config, None);
        let account = house.network.account("patient", Some(patient)).await;
        let me = house.signed_in(account).await;
        Door { house, me, patient, provider, facility }
    }

    pub(crate) fn network(&mut self) -> &mut Network {
        &mut self.house.network
    }

    /// A visit of a patient, as a program writes it that takes it over.
    async fn visit(&mut self, patient: Uuid, hours: i32, status: &str) -> Uuid {
        let (provider, facility) = (self.provider, self.facility);
        let during = hours_ahead(hours, 30);
        self.network()
            .id(&format!(
                "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
                 VALUES ('{patient}', '{provider}', '{facility}', {during}, '{status}') RETURNING appointment_id"
            ))
            .await
    }

    async fn status(&mut self, visit: &str) -> String {
        self.network().one(&format!("SELECT status FROM care.appointment WHERE appointment_id = '{visit}'")).await
    }

    /// What a button of an open time sends.
    async fn wants(&mut self, start: &str) -> Answer {
        let (provider, facility, day) = (self.provider.to_string(), self.facility.to_string(), self.today().await);
        let form = [
            ("provider", provider.as_str()),
            ("facility", &facility),
            ("mode", "in_person"),
            ("from_on", &day),
            ("reason", "a <cough>"),
            ("start", start),
        ];
        self.me.post("/me/appointments/hold", &form).await
    }

    pub(crate) async fn today(&mut self) -> String {
        self.network().one("SELECT (now() AT TIME ZONE 'America/Chicago')::date::text").await
    }

    /// The place of its facility, as forms send it.
    pub(crate) async fn place(&mut self) -> String {
        let facility = self.facility;
        self.network()
            .one(&format!(
                "SELECT s.code || ':' || c.name FROM care.facility f JOIN care.city c USING (city_id)
                 JOIN care.state s USING (state_id) WHERE f.facility_id = '{facility}'"
            ))
            .await
    }

    async fn looks(&mut self) -> Answer {
        let day = self.today().await;
        self.me.post("/me/appointments/find", &[("mode", "in_person"), ("from_on", &day)]).await
    }
}

/// What the buttons of open times send.
pub(crate) fn starts(page: &Answer) -> Vec<String> {
    let after = page.body.split("name=\"start\" value=\"").skip(1);
    after.map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
}

fn key(answer: &Answer) -> String {
    answer.location().strip_prefix("/me/appointments/").unwrap().split('?').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_time_is_found_held_booked_and_seen_among_those_that_come() {
    let mut door = Door::new().await;
    let found = door.looks().await;
    assert!(found.body.contains("Ada Okafor") && found.body.contains("America/Chicago"), "{}", found.body);
    let times = starts(&found);
    assert_eq!((found.status, times.len()), (StatusCode::OK, 6), "{}", found.body);
    let held = door.wants(&times[2]).await;
    assert_eq!(held.status, StatusCode::SEE_OTHER, "{}", held.body);
    let visit = key(&held);
    assert_eq!(door.status(&visit).await, "held");
    assert_eq!(key(&door.wants(&times[2]).await), visit, "a second click finds the first");
    let shown = door.me.get(held.location()).await;
    assert!(
        shown.body.contains("It is held for you until") && shown.body.contains("a &#60;cough&#62;"),
        "{}",
        shown.body
    );
    assert!(door.me.get("/me/appointments").await.body.contains("Held for you"));
    let booked = door.me.post(&format!("/me/appointments/{visit}/confirm"), &[]).await;
    assert_eq!(booked.location(), format!("/me/appointments/{visit}?done=booked"));
    let again = door.me.post(&format!("/me/appointments/{visit}/confirm"), &[]).await;
    assert_eq!((again.status, door.status(&visit).await.as_str()), (StatusCode::SEE_OTHER, "booked"));
    let list = door.me.get("/me/appointments").await;
    assert!(list.body.contains(&visit) && !list.body.contains("Nothing is booked."), "{}", list.body);
}

#[tokio::test]
async fn a_time_that_was_taken_or_is_kept_comes_back_with_the_reason_and_the_next_ones() {
    let mut door = Door::new().await;
    let found = door.looks().await;
    let times = starts(&found);
    let (stranger, provider, facility) = (door.network().patient().await, door.provider, door.facility);
    door.network()
        .run(&format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             SELECT '{stranger}', '{provider}', '{facility}', tstzrange(at, at + INTERVAL '30 minutes'), 'booked'
             FROM (SELECT to_timestamp({} / 1000000.0) AS at) t",
            times[0]
        ))
        .await;
    let late = door.wants(&times[0]).await;
    assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(late.body.contains("This time has just been taken: choose another."), "{}", late.body);
    assert!(late.body.contains("value=\"a &#60;cough&#62;\""), "what was typed is there: {}", late.body);
    let next = starts(&late);
    assert_eq!(next[0], times[1], "the next free times of the same provider");
    let later = found.body.split("name=\"later\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let (provider, facility, day) = (provider.to_string(), facility.to_string(), door.today().await);
    let mut form =
        vec![("mode", "in_person"), ("from_on", day.as_str()), ("provider", &provider), ("facility", &facility)];
    form.push(("later", later));
    let further = starts(&door.me.post("/me/appointments/find", &form).await);
    assert_eq!(further.len(), 24);
    assert!(times.iter().all(|time| time < &further[0]), "later than all of before");
    door.network().run("UPDATE care.availability SET reserved_hours = 1").await;
    let found = door.looks().await;
    assert!(found.body.contains("for members with priority until"), "{}", found.body);
    let kept = starts(&found).pop().unwrap();
    let refused = door.wants(&kept).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("This time is still kept for premium members."), "{}", refused.body);
}

#[tokio::test]
async fn a_visit_is_moved_where_the_time_is_free_and_cancelled_with_a_reason() {
    let mut door = Door::new().await;
    let (patient, facility) = (door.patient, door.facility);
    let visit = door.visit(patient, 30, "booked").await.to_string();
    door.network()
        .run(&format!("INSERT INTO care.attendance_policy (facility_id, notice_hours) VALUES ('{facility}', 48)"))
        .await;
    let path = format!("/me/appointments/{visit}");
    let later = door.network().one("SELECT ((now() AT TIME ZONE 'America/Chicago')::date + 40)::text").await;
    let far = door.me.get(&format!("{path}/move?from_on={later}")).await;
    let from: i64 = starts(&far)[0].parse().unwrap();
    let days = (from - SystemClock.now().micros()) / 86_400_000_000;
    assert!((38..45).contains(&days) && far.body.contains(&format!("value=\"{later}\"")), "{days}: {}", far.body);
    let page = door.me.get(&format!("{path}/move")).await;
    let its_day = door
        .network()
        .one(&format!(
            "SELECT (lower(during) AT TIME ZONE 'America/Chicago')::date::text FROM care.appointment
             WHERE appointment_id = '{visit}'"
        ))
        .await;
    assert!(page.body.contains(&format!("name=\"from_on\" type=\"date\" value=\"{its_day}\"")), "{}", page.body);
    let times = starts(&page);
    assert!(times.len() > 10, "{}", page.body);
    let moved = door.me.post(&format!("{path}/move"), &[("start", &times[3])]).await;
    assert_eq!(moved.location(), format!("{path}?done=saved"), "{}", moved.body);
    let at = format!(
        "SELECT (extract(epoch FROM lower(during)) * 1000000)::bigint::text FROM care.appointment
                      WHERE appointment_id = '{visit}'"
    );
    assert_eq!(door.network().one(&at).await, times[3]);
    let past = door.me.post(&format!("{path}/move"), &[("start", "1000000")]).await;
    assert_eq!(past.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(past.body.contains("class=\"wrong\"") && !starts(&past).is_empty(), "{}", past.body);
    assert_eq!(door.network().one(&at).await, times[3], "the old time is kept");

    let cancel = format!("{path}/cancel");
    assert!(door.me.get(&path).await.body.contains("It is late to cancel"));
    let silent = door.me.post(&cancel, &[("reason", "")]).await;
    assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(silent.body.contains("Say why the visit is cancelled.") && silent.body.contains("aria-invalid"));
    let done = door.me.post(&cancel, &[("reason", "other_plans")]).await;
    assert_eq!(done.location(), format!("{path}?done=cancelled"));
    let after = door.me.get(done.location()).await;
    assert!(after.body.contains("Cancelled.") && after.body.contains(">late<"), "{}", after.body);
    assert!(!after.body.contains("Cancel it"), "{}", after.body);
    assert_eq!(door.me.get(&format!("{path}/move")).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_visit_of_somebody_else_is_not_there_for_any_form() {
    let mut door = Door::new().await;
    let stranger = door.network().patient().await;
    let visit = door.visit(stranger, 30, "booked").await;
    let path = format!("/me/appointments/{visit}");
    assert_eq!(door.me.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(door.me.get(&format!("{path}/move")).await.status, StatusCode::NOT_FOUND);
    for act in ["confirm", "cancel", "consent", "join", "review", "move"] {
        let form = [("reason", "other_plans"), ("provider_stars", "1"), ("start", "1")];
        let answer = door.me.post(&format!("{path}/{act}"), &form).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{act}: {}", answer.body);
    }
    assert_eq!(door.status(&visit.to_string()).await, "booked");
    assert_eq!(door.me.get("/me/appointments").await.body.matches(&visit.to_string()).count(), 0);
}

#[tokio::test]
async fn a_visit_by_video_is_agreed_to_and_joined_by_a_code_that_is_kept_nowhere() {
    let mut door = Door::new().await;
    let (patient, provider, facility) = (door.patient, door.provider, door.facility);
    door.network()
        .run(&format!(
            "INSERT INTO care.membership (patient_id, plan, valid_during)
             VALUES ('{patient}', 'premium', tstzrange(now(), NULL))"
        ))
        .await;
    let visit = door
        .network()
        .id(&format!(
            "INSERT INTO care.appointment (mode, patient_id, provider_id, facility_id, during, status)
             VALUES ('telehealth', '{patient}', '{provider}', '{facility}', {}, 'booked') RETURNING appointment_id",
            hours_ahead(0, 120)
        ))
        .await;
    let path = format!("/me/appointments/{visit}");
    let early = door.me.post(&format!("{path}/join"), &[]).await;
    assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(early.body.contains("The patient has to agree to be seen by video first."), "{}", early.body);
    assert_eq!(door.me.post(&format!("{path}/consent"), &[]).await.location(), format!("{path}?done=saved"));
    let joined = door.me.post(&format!("{path}/join"), &[]).await;
    let code = joined.body.split("<code class=\"code\">").nth(1).and_then(|rest| rest.split('<').next()).unwrap();
    assert_eq!((joined.status, code.len()), (StatusCode::OK, 64));
    assert_eq!(joined.header("cache-control"), "no-store");
    let kept = format!("SELECT count(*)::text FROM care.join_token t WHERE t::text LIKE '%{code}%'");
    assert_eq!(door.network().one(&kept).await, "0");
}

#[tokio::test]
async fn a_visit_that_was_is_reviewed_once() {
    let mut door = Door::new().await;
    let patient = door.patient;
    let visit = door.visit(patient, -48, "completed").await;
    let path = format!("/me/appointments/{visit}/review");
    let empty = door.me.post(&path, &[("body", "Kind & quick")]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(empty.body.contains("Kind &#38; quick") && empty.body.contains("aria-invalid"), "{}", empty.body);
    let said = [("provider_stars", "5"), ("body", "Kind & quick")];
    assert_eq!(door.me.post(&path, &said).await.location(), format!("/me/appointments/{visit}?done=sent"));
    let twice = door.me.post(&path, &said).await;
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", twice.body);
    assert_eq!(door.network().one("SELECT count(*)::text FROM care.review").await, "1");
}
