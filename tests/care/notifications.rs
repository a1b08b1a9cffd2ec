//! Notifications: over the channels that a patient wants, outside of quiet hours, tried so often, and with no fact of
//! anybody in what leaves.

use uuid::Uuid;

use super::caller::Caller;
use super::network::Network;

/// A patient in Chicago with a mail address, and who acts.
struct Post {
    network: Network,
    patient: Uuid,
    own: Caller,
}

impl Post {
    async fn new() -> Post {
        let mut network = Network::owned().await;
        let patient = network.patient().await;
        network
            .run(&format!(
                "INSERT INTO care.contact_point (patient_id, rank, system, use, value, valid_during)
                 VALUES ('{patient}', 1, 'email', 'home', 'ana@example.org', daterange('2000-01-01', NULL))"
            ))
            .await;
        let own = Caller::playing(&mut network, "patient", patient).await;
        Post { network, patient, own }
    }

    async fn wants(&mut self, channel: &str, kind: &str) {
        let patient = self.patient;
        self.own.call(&format!("choose_channel($t, '{patient}', '{channel}', '{kind}', true)")).await;
    }

    /// Queues a notification that a message waits; at a moment.
    async fn notify(&mut self, at: &str) -> String {
        let patient = self.patient;
        self.network.one(&format!("SELECT care.notify('{patient}', 'message_waiting', {at})::text")).await
    }

    /// What is sent over mail at a moment, and to whom.
    async fn taken(&mut self, at: &str) -> Vec<String> {
        let taken = format!(
            "SELECT regexp_replace(words, '[0-9a-f]{{12}}', 'X') || ' ' || address FROM care.take_notifications('email', 9, {at})"
        );
        self.network.rows(&taken).await
    }

    async fn states(&mut self) -> Vec<String> {
        let states = "SELECT concat_ws(' ', channel, status, failure, attempts) FROM care.notification ORDER BY created_at, channel";
        self.network.rows(states).await
    }
}

const NOON: &str = "'2026-11-29 18:00Z'::timestamptz";
const WORDS: &str = "A message is waiting for you. Sign in to read it. Reference X. ana@example.org";

#[tokio::test]
async fn a_notification_goes_over_the_portal_and_what_the_patient_wants() {
    let mut post = Post::new().await;
    assert_eq!(post.notify(NOON).await, "1");
    assert_eq!(post.states().await, ["portal queued 0"]);
    assert_eq!(post.notify(NOON).await, "0", "the same twice is one");
    post.wants("email", "appointment").await;
    assert_eq!(post.notify(NOON).await, "0", "another kind was wanted");
    post.wants("email", "message").await;
    assert_eq!(post.notify(NOON).await, "1");
    let patient = post.patient;
    let off = format!("choose_channel($t, '{patient}', 'portal', 'message', false)");
    assert_eq!(post.own.refused(&off).await, "notification_preference_keeps_the_portal");
    let off = format!("choose_channel($t, '{patient}', 'email', 'message', false)");
    assert_eq!(post.own.call(&off).await, ["false"]);
    let other = post.network.patient().await;
    let others = off.replace(&patient.to_string(), &other.to_string());
    assert_eq!(post.own.refused(&others).await, "row_is_within_rights");
}

#[tokio::test]
async fn what_leaves_is_taken_by_one_tried_so_often_and_names_nobody() {
    let mut post = Post::new().await;
    post.wants("email", "message").await;
    post.notify(NOON).await;
    assert_eq!(post.taken("'2026-11-29 17:59Z'").await, [""; 0], "not before its time");
    for attempt in 0..6 {
        let at = format!("{NOON} + INTERVAL '{} minutes'", 5 * ((1 << attempt) - 1));
        assert_eq!(post.taken(&at).await, [WORDS], "attempt {attempt}");
        assert_eq!(post.taken(&at).await, [""; 0], "what somebody took is not taken by another");
    }
    assert_eq!(post.taken(&format!("{NOON} + INTERVAL '1 day'")).await, [""; 0]);
    assert_eq!(post.states().await, ["email failed unreachable 6", "portal queued 0"]);
    let again = "UPDATE care.notification SET status = 'queued', failure = NULL, next_attempt_at = now() WHERE channel = 'email'";
    assert_eq!(post.network.refusal(again).await, "notification_follows_its_states");
}

#[tokio::test]
async fn an_outcome_is_noted_and_what_cannot_arrive_says_why() {
    let mut post = Post::new().await;
    post.wants("email", "message").await;
    post.wants("sms", "message").await;
    post.notify(NOON).await;
    let note = |outcome: &str| {
        format!(
            "SELECT care.note_delivery(notification_id, {outcome})::text FROM care.notification WHERE channel = 'email'"
        )
    };
    post.taken(NOON).await;
    assert_eq!(post.network.one(&note("'sent'")).await, "true");
    assert_eq!(post.network.one(&note("'delivered'")).await, "true");
    assert_eq!(post.network.one(&note("'failed', 'refused'")).await, "false", "it has arrived");
    let by_phone = format!("SELECT count(*)::text FROM care.take_notifications('sms', 9, {NOON})");
    assert_eq!(post.network.one(&by_phone).await, "0");
    let states = post.states().await;
    assert_eq!(states, ["email delivered 1", "portal queued 0", "sms failed no_address 0"]);
    let patient = post.patient;
    let seen = post.own.read("words", "read_notifications", Some(patient), "notifications", "NULL, NULL, 9").await;
    assert_eq!(seen.len(), 3);
    let portal = post.network.one("SELECT notification_id::text FROM care.notification WHERE channel = 'portal'").await;
    assert_eq!(post.own.call(&format!("see_notification($t, '{portal}')")).await, ["true"]);
    assert_eq!(post.own.call(&format!("see_notification($t, '{portal}')")).await, [""]);
    let mut other = {
        let other = post.network.patient().await;
        Caller::playing(&mut post.network, "patient", other).await
    };
    let theirs = other.read("words", "read_notifications", Some(patient), "notifications", "NULL, NULL, 9").await;
    assert_eq!(theirs, [""; 0]);
}

#[tokio::test]
async fn nothing_leaves_in_quiet_hours_by_the_clock_where_the_patient_lives() {
    let mut post = Post::new().await;
    let patient = post.patient;
    post.wants("email", "message").await;
    let quiet = |from: &str, until: &str| format!("set_quiet_hours($t, '{patient}', '{from}', '{until}')");
    assert_eq!(post.own.refused(&quiet("22:00", "22:00")).await, "quiet_hours_leave_some_of_the_day");
    assert_eq!(post.own.refused(&quiet("late", "early")).await, "value_fits");
    post.own.call(&quiet("21:00", "08:00")).await;
    // Chicago is six hours behind in winter and five in summer.
    for (at, ends) in [
        ("2026-11-29 18:00", "2026-11-29 18:00"),
        ("2026-11-30 02:59", "2026-11-30 02:59"),
        ("2026-11-30 03:00", "2026-11-30 14:00"),
        ("2026-11-30 13:59", "2026-11-30 14:00"),
        ("2026-11-30 14:00", "2026-11-30 14:00"),
        ("2026-07-01 02:00", "2026-07-01 13:00"),
        ("2026-03-08 04:00", "2026-03-08 13:00"),
    ] {
        let asked = format!(
            "SELECT to_char(care.after_quiet_hours('{patient}', '{at}Z') AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')"
        );
        assert_eq!(post.network.one(&asked).await, ends, "{at}");
    }
    post.own.call(&quiet("12:00", "14:00")).await;
    let asked = format!("SELECT (care.after_quiet_hours('{patient}', {NOON}) = {NOON} + INTERVAL '2 hours')::text");
    assert_eq!(post.network.one(&asked).await, "true");
    post.notify(NOON).await;
    let due = "SELECT string_agg(channel || ' ' || extract(hour FROM next_attempt_at AT TIME ZONE 'UTC'), ', ' ORDER BY channel) FROM care.notification";
    assert_eq!(post.network.one(due).await, "email 20, portal 18", "the portal disturbs nobody");
    post.network.run(&format!("UPDATE care.notification SET next_attempt_at = {NOON}")).await;
    assert_eq!(post.taken(NOON).await, [""; 0], "hours that were set later count as well");
    assert_eq!(post.taken(&format!("{NOON} + INTERVAL '2 hours'")).await, [WORDS]);
    let wishes = "concat_ws(' ', channel, kind, wanted, quiet_from)";
    let patient = post.patient;
    let read = post.own.one(&format!("SELECT api.look($t, '{patient}', 'notifications', NULL)::text")).await;
    let read = post.own.rows(&format!("SELECT {wishes} FROM api.read_wishes($t, '{read}', '{patient}')")).await;
    assert_eq!(read, ["email message t 12:00:00"]);
}

#[tokio::test]
async fn an_appointment_is_reminded_of_once_and_takes_its_reminder_with_it() {
    let mut post = Post::new().await;
    let (patient, provider) = (post.patient, post.network.provider().await);
    let facility = post.network.facility("IL", "clinic").await;
    let visit = |hours: u32| {
        format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             VALUES ('{patient}', '{provider}', '{facility}', tstzrange(now() + INTERVAL '{hours} hours',
                     now() + INTERVAL '{hours} hours 30 minutes'), 'booked')"
        )
    };
    post.network.run("ALTER TABLE care.appointment DISABLE TRIGGER appointment_stays_bookable").await;
    post.network.run(&visit(3)).await;
    post.network.run(&visit(30)).await;
    post.network.run("SELECT care.run_maintenance()").await;
    post.network.run("SELECT care.run_maintenance()").await;
    assert_eq!(post.states().await, ["portal queued 0"], "a day ahead, and once");
    post.network
        .run("UPDATE care.appointment SET during = tstzrange(lower(during) + INTERVAL '1 hour', upper(during) + INTERVAL '1 hour') WHERE lower(during) < now() + INTERVAL '20 hours'")
        .await;
    post.network.run("SELECT care.run_maintenance()").await;
    assert_eq!(post.states().await, ["portal cancelled 0", "portal queued 0"], "another time, another reminder");
    post.network
        .run(
            "UPDATE care.appointment SET during = tstzrange(lower(during) - INTERVAL '1 hour',
                                                           upper(during) - INTERVAL '1 hour')
             WHERE lower(during) < now() + INTERVAL '20 hours'",
        )
        .await;
    post.network.run("SELECT care.run_maintenance()").await;
    let back = ["portal cancelled 0", "portal cancelled 0", "portal queued 0"];
    assert_eq!(post.states().await, back, "of the former time again");
    post.network.run("UPDATE care.appointment SET status = 'cancelled'").await;
    assert_eq!(post.states().await, ["portal cancelled 0"; 3]);
    // A step that fails is told by its name, and takes no other down.
    post.network
        .run(
            "CREATE OR REPLACE FUNCTION care.queue_reminders() RETURNS integer LANGUAGE plpgsql AS $$
             BEGIN RAISE EXCEPTION 'of somebody'; END $$",
        )
        .await;
    let failed = "SELECT failed::text || ' ' || (counted_days >= 0)::text FROM care.run_maintenance()";
    assert_eq!(post.network.one(failed).await, r#"{"care.queue_reminders: SQLSTATE P0001"} true"#);
    post.wants("email", "appointment").await;
    let late = format!(
        "SELECT care.notify('{patient}', 'appointment_reminder', {NOON}, about_at => {NOON} + INTERVAL '1 hour')::text"
    );
    assert_eq!(post.network.one(&late).await, "2");
    assert_eq!(post.taken(&format!("{NOON} + INTERVAL '2 hours'")).await, [""; 0]);
    let failed = "SELECT failure FROM care.notification WHERE channel = 'email'";
    assert_eq!(post.network.one(failed).await, "too_late");
}

#[tokio::test]
async fn a_message_and_a_task_say_so_to_the_patient() {
    let mut post = Post::new().await;
    let (patient, provider) = (post.patient, post.network.provider().await);
    post.network.put_in_care(patient, provider).await;
    let mut carer = Caller::playing(&mut post.network, "provider", provider).await;
    carer.key(&format!("begin_thread($t, '{patient}', NULL, 'medical', 'Cough', 'Come in', NULL)")).await;
    post.own.key(&format!("begin_thread($t, '{patient}', NULL, 'medical', 'Cough', 'I cough', NULL)")).await;
    carer.key(&format!("open_task($t, '{patient}', 'other', 'Drink', 'routine', NULL, NULL, true, NULL, NULL, NULL, NULL, NULL, NULL)")).await;
    let told = "SELECT template FROM care.notification ORDER BY created_at";
    assert_eq!(post.network.rows(told).await, ["message_waiting", "task_waiting"], "what one does oneself is no news");
}

#[tokio::test]
async fn every_check_of_a_notification_refuses_what_it_says() {
    let mut post = Post::new().await;
    post.notify(NOON).await;
    post.network.run("ALTER TABLE care.notification DISABLE TRIGGER USER").await;
    for (rule, change) in [
        ("notification_channel_is_known", "notification SET channel = 'pigeon'"),
        ("notification_reference_tells_nothing", "notification SET reference = 'Ana Ruiz'"),
        ("notification_status_is_known", "notification SET status = 'lost', next_attempt_at = NULL"),
        ("notification_is_tried_while_queued", "notification SET next_attempt_at = NULL"),
        ("notification_attempts_are_limited", "notification SET attempts = 7"),
        ("notification_times_fit_its_status", "notification SET delivered_at = now()"),
        ("notification_failure_is_known", "notification SET status = 'failed', next_attempt_at = NULL"),
        ("notification_template_fkey", "notification SET template = 'advertisement'"),
        ("notification_appointment_fkey", "notification SET appointment_id = gen_random_uuid()"),
        ("notification_message_fkey", "notification SET message_id = gen_random_uuid()"),
        ("notification_task_fkey", "notification SET task_id = gen_random_uuid()"),
        ("notification_recall_fkey", "notification SET recall_id = gen_random_uuid()"),
        (
            "notification_is_about_one_thing",
            "notification SET recall_id = gen_random_uuid(), task_id = gen_random_uuid()",
        ),
        ("notification_template_names_nobody", "notification_template SET words = 'Dear {name}'"),
        ("notification_template_kind_is_known", "notification_template SET kind = 'advertisement'"),
    ] {
        assert_eq!(post.network.refusal(&format!("UPDATE care.{change}")).await, rule, "{change}");
    }
    let named = "INSERT INTO care.notification_template VALUES ('Bad Name', 'task', 'x')";
    assert_eq!(post.network.refusal(named).await, "notification_template_is_snake_case");
    for (rule, values) in [
        ("notification_preference_channel_is_known", "'pigeon', 'message'"),
        ("notification_preference_kind_is_known", "'email', 'advertisement'"),
    ] {
        let wish = format!(
            "INSERT INTO care.notification_preference (patient_id, wanted, channel, kind) VALUES ('{}', true, {values})",
            post.patient
        );
        assert_eq!(post.network.refusal(&wish).await, rule);
    }
}
