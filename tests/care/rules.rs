//! Every check and every reference of plans, programmes, journal, centres and community, each shown what it must refuse;
//! found in the catalog, so that none is left out. What takes more than one row (races, overlaps, who may) is told in
//! the files of each area.

use super::network::Network;

/// The tables of these areas.
const TABLES: &[&str] = &[
    "care_plan",
    "care_plan_version",
    "consultation",
    "goal",
    "goal_entry",
    "goal_day",
    "programme",
    "programme_session",
    "enrolment",
    "attendance",
    "progress_update",
    "programme_feedback",
    "journal_entry",
    "journal_share",
    "affiliation",
    "facility_service",
    "centre_visit",
    "centre_engagement_day",
    "space",
    "space_member",
    "space_identity",
    "post",
    "reply",
    "post_support",
    "content_report",
    "moderation",
];

/// A rule, and a change that breaks it and no other.
const BROKEN: &[(&str, &str)] = &[
    ("care_plan_title_is_some", "care_plan SET title = ' '"),
    ("care_plan_version_edition_is_positive", "care_plan_version SET edition = 0"),
    ("care_plan_version_status_is_known", "care_plan_version SET status = 'old', ended_at = now()"),
    ("care_plan_version_times_fit_its_status", "care_plan_version SET status = 'active'"),
    ("care_plan_version_summary_is_some", "care_plan_version SET summary = ''"),
    ("consultation_notes_are_sealed", "consultation SET notes = 'plain words of a patient, longer than any seal'"),
    ("goal_target_is_a_number", "goal SET target = 'Infinity'"),
    ("goal_period_is_half_open", "goal SET pursued_during = 'empty'"),
    ("goal_per_is_known", "goal SET per = 'year'"),
    ("goal_measure_is_known", "goal SET measure = 'median'"),
    ("goal_comparator_is_known", "goal SET comparator = 'equal'"),
    ("goal_unit_is_some", "goal SET unit = 'two words'"),
    ("goal_title_is_some", "goal SET title = repeat('x', 201)"),
    ("goal_entry_value_is_a_number", "goal_entry SET value = 'NaN'"),
    ("goal_entry_note_is_short", "goal_entry SET note = repeat('x', 2001)"),
    ("goal_day_is_made_of_something", "goal_day SET latest = highest + 1"),
    ("programme_capacity_is_believable", "programme SET capacity = 10001"),
    ("programme_has_a_seat_for_each", "programme SET seats_taken = -1"),
    ("programme_needs_some_sessions", "programme SET sessions_needed = 0"),
    ("programme_enrolment_is_half_open", "programme SET enrolment_during = '(2026-01-01, 2026-02-01)'"),
    ("programme_period_is_half_open", "programme SET runs_during = '[2026-01-01,)'"),
    ("programme_topic_is_snake_case", "programme SET topic = 'Sleep'"),
    ("programme_title_is_some", "programme SET title = ''"),
    ("programme_description_is_short", "programme SET description = repeat('x', 20001)"),
    ("programme_session_room_has_a_facility", "programme_session SET facility_id = NULL"),
    ("programme_session_period_is_half_open", "programme_session SET during = '[2026-03-01, 2026-03-03)'"),
    ("programme_session_title_is_some", "programme_session SET title = ' '"),
    ("enrolment_status_is_known", "enrolment SET status = 'expelled'"),
    ("enrolment_is_completed_at_some_time", "enrolment SET completed_at = now()"),
    ("progress_update_value_is_a_number", "progress_update SET value = '-Infinity'"),
    ("progress_update_measure_is_snake_case", "progress_update SET measure = 'Mood!'"),
    ("progress_update_unit_is_some", "progress_update SET unit = ''"),
    ("progress_update_note_is_short", "progress_update SET note = repeat('x', 2001)"),
    ("programme_feedback_rating_is_1_to_5", "programme_feedback SET rating = 0"),
    ("programme_feedback_comment_is_short", "programme_feedback SET comment = repeat('x', 4001)"),
    ("journal_entry_mood_is_1_to_5", "journal_entry SET mood = 6"),
    ("journal_entry_body_is_sealed", "journal_entry SET body = 'plain words of a patient, longer than any seal'"),
    ("journal_share_period_is_half_open", "journal_share SET shared_during = '(2026-01-01, 2026-02-01]'"),
    ("affiliation_is_of_one_person", "affiliation SET staff_name = 'Grace'"),
    ("affiliation_begins", "affiliation SET valid_during = 'empty'"),
    ("facility_service_is_known_or_named", "facility_service SET name = NULL"),
    ("facility_service_name_is_some", "facility_service SET name = ' '"),
    ("facility_service_duration_is_believable", "facility_service SET duration_minutes = 1441"),
    ("facility_service_capacity_is_believable", "facility_service SET capacity = 0"),
    ("centre_visit_period_is_half_open", "centre_visit SET present_during = '[2026-03-01, 2026-03-03)'"),
    ("centre_engagement_day_has_something", "centre_engagement_day SET members = 9"),
    ("space_name_is_some", "space SET name = ''"),
    ("space_says_topic_and_rules", "space SET rules = ' '"),
    ("space_member_pseudonym_is_a_name", "space_member SET pseudonym = 'x@y.z'"),
    ("post_title_is_some", "post SET title = ''"),
    ("post_body_is_some", "post SET body = repeat('x', 10001)"),
    ("reply_body_is_some", "reply SET body = ' '"),
    ("content_report_reason_is_known", "content_report SET reason = 'boring'"),
    ("moderation_is_about_what_it_does", "moderation SET action = 'ban'"),
    ("moderation_reason_is_some", "moderation SET reason = ''"),
    ("content_report_note_is_short", "content_report SET note = repeat('x', 2001)"),
];

#[tokio::test]
async fn every_check_refuses_what_it_says() {
    let mut network = with_a_row_in_each().await;
    for &(rule, change) in BROKEN {
        assert_eq!(network.refusal(&format!("UPDATE care.{change}")).await, rule, "{change}");
    }
    let mut known: Vec<String> = BROKEN.iter().map(|(rule, _)| (*rule).to_owned()).collect();
    // Which the one who takes part always meets before: a trigger gives the time.
    known.push("enrolment_is_admitted_before_it_counts".to_owned());
    known.sort();
    let rules = network.rows(&rules_of("c")).await;
    assert_eq!(rules, known, "each check of these tables is tried");
}

#[tokio::test]
async fn every_reference_refuses_what_is_not_there() {
    let mut network = with_a_row_in_each().await;
    let query = format!(
        "SELECT k.conname || ' ' || k.conrelid::regclass || ' ' || (
             SELECT a.attname FROM pg_attribute a
             WHERE a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) AND a.attgenerated = '' AND a.attname <> 'patient_id'
             ORDER BY array_position(k.conkey, a.attnum) DESC LIMIT 1)
         FROM pg_constraint k WHERE k.conname IN ({}) AND k.conname !~ '_patient_fkey$'",
        rules_of("f")
    );
    let references = network.rows(&query).await;
    assert!(references.len() > 40, "the catalog was read: {}", references.len());
    for reference in references {
        let [rule, table, column] = reference.split(' ').collect::<Vec<_>>()[..] else { panic!("{reference}") };
        if column == "metric" {
            continue; // No key of ours; `goals` tries it.
        }
        // What hangs on the row, and its checks, would refuse as well, and first.
        let children = format!(
            "SELECT format('ALTER TABLE %s DROP CONSTRAINT %I;', conrelid::regclass, conname)
             FROM pg_constraint WHERE (contype = 'f' AND confrelid = '{table}'::regclass)
                OR (contype = 'c' AND conrelid = '{table}'::regclass)"
        );
        let children = network.rows(&children).await.concat();
        let update = format!("BEGIN; {children} UPDATE {table} SET {column} = gen_random_uuid()");
        let refusal = network.refusal(&update).await;
        network.run("ROLLBACK").await;
        let twin = format!(
            "SELECT (conkey && (SELECT conkey FROM pg_constraint WHERE conname = '{rule}'))::text
             FROM pg_constraint WHERE conname = '{refusal}' AND contype = 'f'"
        );
        assert!(refusal == rule || network.rows(&twin).await == ["true"], "{rule}: {refusal}");
    }
}

/// The names of the rules of a kind of these tables, in order.
fn rules_of(kind: &str) -> String {
    let tables: Vec<String> = TABLES.iter().map(|table| format!("'care.{table}'::regclass")).collect();
    format!(
        "SELECT conname::text FROM pg_constraint WHERE contype = '{kind}' AND conrelid IN ({}) ORDER BY 1",
        tables.join(", ")
    )
}

/// A network with one row in each of these tables, and without triggers, which would refuse before a rule does.
async fn with_a_row_in_each() -> Network {
    let mut network = Network::new().await;
    let (patient, provider) = (network.patient().await, network.provider().await);
    let centre = network.facility("IL", "wellness_center").await;
    network
        .run(&format!(
            "CREATE TEMP TABLE one AS SELECT '{patient}'::uuid AS patient_id, '{provider}'::uuid AS provider_id,
                 '{centre}'::uuid AS facility_id, decode('01' || repeat('a7', 60), 'hex') AS sealed, 'x' AS title"
        ))
        .await;
    network.run(ROWS).await;
    for table in TABLES {
        network.run(&format!("ALTER TABLE care.{table} DISABLE TRIGGER USER")).await;
        let count = network.one(&format!("SELECT count(*)::text FROM care.{table}")).await;
        assert!(count.parse::<u32>().unwrap() > 0, "{table} has a row");
    }
    network
}

const ROWS: &str = "
    INSERT INTO care.care_plan (patient_id, provider_id, title) SELECT patient_id, provider_id, title FROM one;
    INSERT INTO care.care_plan_version (patient_id, care_plan_id, author_id, edition, summary)
        SELECT patient_id, care_plan_id, provider_id, 1, 'x' FROM care.care_plan;
    INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
        SELECT patient_id, provider_id, facility_id, tstzrange(now(), now() + INTERVAL '1 hour'), 'booked' FROM one;
    INSERT INTO care.consultation (patient_id, care_plan_id, provider_id, appointment_id, held_at, notes)
        SELECT patient_id, care_plan_id, provider_id, appointment_id, now(), sealed
        FROM one JOIN care.care_plan USING (patient_id, provider_id) JOIN care.appointment USING (patient_id, provider_id);
    INSERT INTO care.goal (patient_id, care_plan_id, title, unit, measure, comparator, target, per, pursued_during)
        SELECT patient_id, care_plan_id, 'x', 'min', 'sum', 'at_least', 1, 'day', '[2026-01-01, 2026-02-01)'
        FROM care.care_plan;
    INSERT INTO care.goal_entry (patient_id, goal_id, done_on, value) SELECT patient_id, goal_id, '2026-01-02', 1 FROM care.goal;
    INSERT INTO care.goal_day (patient_id, goal_id, measured_on, parts, total, lowest, highest, latest)
        SELECT patient_id, goal_id, '2026-01-02', 1, 1, 1, 1, 1 FROM care.goal;
    INSERT INTO care.programme (facility_id, provider_id, capacity, sessions_needed, enrolment_during, runs_during, topic,
                                title, description)
        SELECT facility_id, provider_id, 1, 1, '[2026-01-01, 2026-02-01)', '[2026-01-01, 2026-02-01)', 'sleep', 'x', 'x' FROM one;
    INSERT INTO care.room (facility_id, name) SELECT facility_id, 'Hall' FROM one;
    INSERT INTO care.programme_session (programme_id, facility_id, room_id, provider_id, during, title)
        SELECT programme_id, facility_id, room_id, provider_id, '[2026-01-02 10:00Z, 2026-01-02 11:00Z)', 'x'
        FROM care.programme JOIN care.room USING (facility_id);
    INSERT INTO care.enrolment (patient_id, programme_id, status) SELECT patient_id, programme_id, 'enrolled'
        FROM one, care.programme;
    INSERT INTO care.attendance (patient_id, programme_id, enrolment_id, programme_session_id)
        SELECT patient_id, programme_id, enrolment_id, programme_session_id
        FROM care.enrolment JOIN care.programme_session USING (programme_id);
    INSERT INTO care.progress_update (patient_id, enrolment_id, measure, value, unit)
        SELECT patient_id, enrolment_id, 'mood', 1, '1' FROM care.enrolment;
    INSERT INTO care.programme_feedback (patient_id, programme_id, enrolment_id, rating)
        SELECT patient_id, programme_id, enrolment_id, 5 FROM care.enrolment;
    INSERT INTO care.journal_entry (patient_id, written_at, body) SELECT patient_id, now(), sealed FROM one;
    INSERT INTO care.journal_share (patient_id, journal_entry_id, provider_id, shared_during)
        SELECT patient_id, journal_entry_id, provider_id, '[2026-01-01,)' FROM one JOIN care.journal_entry USING (patient_id);
    INSERT INTO care.affiliation (facility_id, provider_id, role, valid_during)
        SELECT facility_id, provider_id, 'trainer', '[2026-01-01,)' FROM one;
    INSERT INTO care.facility_service (facility_id, name, duration_minutes) SELECT facility_id, 'x', 45 FROM one;
    INSERT INTO care.centre_visit (patient_id, facility_id, facility_service_id, present_during)
        SELECT patient_id, facility_id, facility_service_id, '[2026-01-02 10:00Z, 2026-01-02 11:00Z)'
        FROM one JOIN care.facility_service USING (facility_id);
    SELECT care.refresh_engagement('2026-01-01', '2027-01-01');
    INSERT INTO care.space (name, topic, rules) VALUES ('x', 'x', 'x');
    INSERT INTO care.space_member (space_id, pseudonym) SELECT space_id, 'Owl' FROM care.space;
    INSERT INTO care.space_identity (space_member_id, space_id, patient_id)
        SELECT space_member_id, space_id, patient_id FROM care.space_member, one;
    INSERT INTO care.post (space_id, space_member_id, title, body) SELECT space_id, space_member_id, 'x', 'x'
        FROM care.space_member;
    INSERT INTO care.reply (space_id, post_id, space_member_id, body) SELECT space_id, post_id, space_member_id, 'x'
        FROM care.post;
    INSERT INTO care.post_support (space_id, post_id, space_member_id) SELECT space_id, post_id, space_member_id FROM care.post;
    INSERT INTO care.content_report (space_id, post_id, reply_id, space_member_id, reason)
        SELECT space_id, post_id, reply_id, space_member_id, 'spam' FROM care.reply;
    INSERT INTO access.account (part, login) VALUES ('moderator', 'moderator');
    INSERT INTO care.moderation (space_id, account_id, post_id, reply_id, action, reason)
        SELECT space_id, account_id, post_id, reply_id, 'show', 'harmless' FROM care.reply, access.account";
