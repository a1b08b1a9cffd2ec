//! Who acts for a patient: a guardian until the birthday, an attorney for what the document names, and nobody by being
//! named as somebody to call.

use uuid::Uuid;

use super::caller::Caller;
use super::network::Network;
use super::practice::{Practice, hours_ahead};

/// A child of ten with a visit to come, a parent who is a patient too, a desk that knows the child, and a provider in care.
struct Family {
    practice: Practice,
    child: Uuid,
    parent_account: Uuid,
    parent: Caller,
    desk: Caller,
}

impl Family {
    async fn new() -> Family {
        let mut practice = Practice::within(Network::owned().await).await;
        let child = practice.patient;
        practice.network.run(&born(child, 10)).await;
        practice.taken_over(child, &hours_ahead(30, 30), "booked").await;
        let grown = practice.network.patient().await;
        let facility = practice.facility;
        let parent_account = practice.account("patient", Some(grown)).await;
        let desk = practice.account("front_desk", Some(facility)).await;
        let parent = Caller::of(&practice.network, parent_account).await;
        let desk = Caller::of(&practice.network, desk).await;
        Family { practice, child, parent_account, parent, desk }
    }

    /// A call that appoints somebody; `rest` are related person, kind, document, jurisdiction, scopes, acts, end.
    fn appoint(&self, rest: &str) -> String {
        format!("appoint_proxy($t, '{}', '{}', {rest})", self.child, self.parent_account)
    }

    fn hold(&self, hours: i32) -> String {
        let during = hours_ahead(hours, 30);
        format!(
            "hold_appointment($t, '{}', '{}', '{}', lower({during}), upper({during}), NULL, 'in_person', NULL)",
            self.child, self.practice.provider, self.practice.facility
        )
    }

    async fn visits(&mut self) -> usize {
        self.parent.reads("appointments", "read_appointments", self.child, "status").await.len()
    }

    async fn reads_chart(&mut self) -> bool {
        let child = self.child;
        !self.parent.reads("record", "read_record", child, "read_record::text").await.concat().is_empty()
    }
}

/// Makes somebody so many years old since yesterday, at home.
fn born(patient: Uuid, years: i32) -> String {
    format!(
        "UPDATE care.patient SET born_on = ((now() AT TIME ZONE 'America/Chicago')::date - {years} * INTERVAL '1 year'
             - INTERVAL '1 day')::date WHERE patient_id = '{patient}'"
    )
}

const PARENT: &str =
    "NULL, 'parent', 'Birth certificate 12', 'US-AL', '{chart,schedule,billing}', '{schedule,consent}', NULL";

#[tokio::test]
async fn a_guardian_books_and_reads_until_the_birthday_and_not_after() {
    let mut family = Family::new().await;
    assert_eq!(family.parent.refused(&family.hold(40)).await, "row_is_within_rights", "nobody has appointed them");
    family.desk.key(&family.appoint(PARENT)).await;
    let held = family.parent.key(&family.hold(40)).await;
    family.parent.tries(&format!("change_appointment($t, '{held}', 'confirm')")).await.unwrap();
    assert_eq!(family.visits().await, 2);
    assert!(family.reads_chart().await);
    let audited = format!(
        "SELECT count(*)::text FROM access.audit_event WHERE actor = '{}' AND patient_id = '{}' AND action = 'create'",
        family.parent_account, family.child
    );
    assert_eq!(family.practice.network.one(&audited).await, "1", "in the own name, at the child's record");
    family.parent.tries(&format!("cancel_appointment($t, '{held}', 'other_plans')")).await.unwrap();
    let ends = "SELECT (upper(g.valid_during) AT TIME ZONE p.time_zone = p.born_on + INTERVAL '19 years')::text
                FROM access.grant_of_access g JOIN care.patient p USING (patient_id) WHERE g.revoked_at IS NULL";
    assert_eq!(family.practice.network.one(ends).await, "true", "in Alabama with 19, at midnight at home");

    family.practice.network.run(&born(family.child, 18)).await;
    assert!(family.reads_chart().await, "18 are not 19");
    family.practice.network.run(&born(family.child, 19)).await;
    assert_eq!(family.parent.refused(&family.hold(50)).await, "row_is_within_rights");
    let known = family.parent.refused(&format!("cancel_appointment($t, '{held}', 'other_plans')")).await;
    assert_eq!(known, "appointment_is_known");
    assert_eq!(family.visits().await, 0);
    assert!(!family.reads_chart().await);
    assert_eq!(family.parent.asks("SELECT kind FROM api.list_represented($t)").await.unwrap(), [""; 0]);
    let again = PARENT.replace("'parent'", "'guardian'");
    assert_eq!(family.desk.refused(&family.appoint(&again)).await, "guardian_is_of_a_minor");
    // A jurisdiction of which nothing is said has its country's age, and one of neither 18 years.
    let mut ages = Vec::new();
    for place in ["US-MS", "US-NE", "US-IL", "DE-BY"] {
        let age = format!("SELECT ((care.ages_in('{place}')).majority_years)::text");
        ages.push(family.practice.network.one(&age).await);
    }
    assert_eq!(ages, ["21", "19", "18", "18"]);
}

#[tokio::test]
async fn an_attorney_for_the_schedule_books_and_reads_no_chart() {
    let mut family = Family::new().await;
    family.practice.network.run(&born(family.child, 80)).await;
    let attorney = "NULL, 'power_of_attorney', 'Notarised 3 May', NULL, '{schedule}', '{schedule}', NULL";
    let proxy = family.desk.key(&family.appoint(attorney)).await;
    let held = family.parent.key(&family.hold(40)).await;
    assert_eq!(family.visits().await, 2);
    assert!(!family.reads_chart().await);
    for (kind, function) in [("invoices", "read_invoices"), ("related_persons", "read_related_persons")] {
        assert_eq!(family.parent.reads(kind, function, family.child, "'row'").await, [""; 0], "{kind}");
    }
    let represented =
        family.parent.asks("SELECT kind || scopes::text || acts::text FROM api.list_represented($t)").await;
    assert_eq!(represented.unwrap(), ["power_of_attorney{schedule}{schedule}"]);
    family.parent.tries(&format!("change_appointment($t, '{held}', 'confirm')")).await.unwrap();
    let wait = format!(
        "join_waitlist($t, '{}', '{}', NULL, 30, now() + INTERVAL '1 day', now() + INTERVAL '9 days', 'in_person')",
        family.child, family.practice.facility
    );
    let waiting = family.parent.key(&wait).await;
    family.parent.tries(&format!("leave_waitlist($t, '{waiting}')")).await.unwrap();

    let mut other = Family::new().await;
    let elsewhere = other.parent.refused(&format!("end_proxy($t, '{proxy}')")).await;
    assert_eq!(elsewhere, "proxy_stands");
    family.desk.tries(&format!("end_proxy($t, '{proxy}')")).await.unwrap();
    assert_eq!(family.parent.refused(&family.hold(50)).await, "row_is_within_rights", "from the next statement on");
    assert_eq!(family.visits().await, 0);
    let told = family.desk.reads("proxies", "read_proxies", family.child, "kind || (ended_at IS NULL)").await;
    assert_eq!(told, ["power_of_attorneyfalse"]);
    let seen = "SELECT count(*)::text FROM access.unexplained_access";
    let unexplained = format!("{seen} WHERE actor = '{}' AND outcome = 'allowed'", family.parent_account);
    assert_eq!(family.practice.network.one(&unexplained).await, "0", "the authority explains what was done by it");
}

#[tokio::test]
async fn somebody_to_call_in_an_emergency_reads_and_does_nothing() {
    let mut family = Family::new().await;
    let named = format!(
        "add_related_person($t, '{}', 'mother', '{{emergency_contact,next_of_kin}}', 'King', '{{Ada}}', '+12175550100', NULL, 1)",
        family.child
    );
    let person = family.desk.key(&named).await;
    let seen = family.desk.reads("related_persons", "read_related_persons", family.child, "relationship || rank").await;
    assert_eq!(seen, ["mother1"]);
    for (kind, function) in [
        ("record", "read_record"),
        ("appointments", "read_appointments"),
        ("related_persons", "read_related_persons"),
        ("proxies", "read_proxies"),
    ] {
        assert_eq!(family.parent.reads(kind, function, family.child, "'row'").await, [""; 0], "{kind}");
    }
    assert_eq!(family.parent.refused(&family.hold(40)).await, "row_is_within_rights");
    let change = |version: i32, ended: bool| {
        format!(
            "change_related_person($t, '{person}', {version}, 'father', '{{}}', NULL, '{{Bo}}', NULL, 'b@example.org', NULL, {ended})"
        )
    };
    assert_eq!(family.desk.tries(&change(1, false)).await.as_deref(), Ok("(t,2)"));
    assert_eq!(family.desk.tries(&change(1, false)).await.as_deref(), Ok("(f,2)"), "an editor of another version");
    assert_eq!(family.desk.tries(&change(2, true)).await.as_deref(), Ok("(t,3)"));
    assert_eq!(family.parent.tries(&change(3, true)).await.as_deref(), Ok(""), "for others there is no such person");
    let former = "SELECT count(*)::text FROM care.record_version WHERE relation = 'related_person'";
    assert_eq!(family.practice.network.one(former).await, "2");
}

#[tokio::test]
async fn confidential_care_closes_to_a_guardian_before_the_rest_does() {
    let mut family = Family::new().await;
    let all = PARENT.replace("{chart,", "{chart,behavioural_health,");
    let proxy = family.desk.key(&family.appoint(&all)).await;
    let opened = "SELECT array_to_string(ARRAY(SELECT unnest(g.scopes) ORDER BY 1), '+') || ' '
                      || extract(year FROM age(upper(g.valid_during) AT TIME ZONE p.time_zone, p.born_on))
                  FROM access.grant_of_access g JOIN care.patient p USING (patient_id) WHERE g.revoked_at IS NULL ORDER BY 1";
    let both = ["behavioural_health 12", "billing+chart+schedule 19"];
    assert_eq!(family.practice.network.rows(opened).await, both);
    family.practice.network.run(&born(family.child, 12)).await;
    assert_eq!(family.practice.network.rows(opened).await, both[1..]);
    assert!(family.reads_chart().await, "the rest stays");
    family.parent.tries(&format!("end_proxy($t, '{proxy}')")).await.unwrap();
    assert!(!family.reads_chart().await, "a proxy gives it up");
    assert_eq!(family.desk.refused(&family.appoint(&all)).await, "guardian_opens_no_confidential_care");
    family.desk.key(&family.appoint(PARENT)).await;
}

#[tokio::test]
async fn a_proxy_consents_to_a_visit_by_video_and_joins_it_where_that_was_given() {
    let mut family = Family::new().await;
    let at = "tstzrange(now() + INTERVAL '5 minutes', now() + INTERVAL '35 minutes')";
    let visit = family
        .practice
        .network
        .id(&format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status, mode)
             VALUES ('{}', '{}', '{}', {at}, 'booked', 'telehealth') RETURNING appointment_id",
            family.child, family.practice.provider, family.practice.facility
        ))
        .await;
    let proxy = family.desk.key(&family.appoint(&PARENT.replace(",consent", ""))).await;
    let consent = format!("consent_to_telehealth($t, '{visit}')");
    let join = format!("issue_join_token($t, '{visit}')");
    assert_eq!(family.parent.refused(&consent).await, "telehealth_session_is_ones_own");
    assert_eq!(family.parent.refused(&join).await, "telehealth_session_is_ones_own");
    family.desk.tries(&format!("end_proxy($t, '{proxy}')")).await.unwrap();
    family.desk.key(&family.appoint(PARENT)).await;
    family.parent.tries(&consent).await.unwrap();
    let secret = family.parent.tries(&join).await.unwrap();
    family.parent.key(&format!("use_join_token($t, '{secret}')")).await;
}

#[tokio::test]
async fn a_proxy_is_made_and_ended_by_whom_it_may() {
    let mut family = Family::new().await;
    let (child, facility) = (family.child, family.practice.facility);
    let own = family.practice.account("patient", Some(child)).await;
    let mut own = Caller::of(&family.practice.network, own).await;
    let appointed = "NULL, 'appointed', NULL, NULL, '{schedule}', '{schedule}', NULL";
    let cases = [
        (PARENT.to_owned(), "proxy_is_verified_by_staff", true),
        (appointed.to_owned(), "proxy_is_appointed_by_the_patient", false),
        (PARENT.replace("'Birth certificate 12'", "NULL"), "proxy_shows_a_document", false),
        (PARENT.replace("'parent'", "'uncle'"), "proxy_kind_is_known", false),
        (PARENT.replace("US-AL", "Alabama"), "proxy_jurisdiction_is_iso_3166", false),
        (PARENT.replace("schedule,consent", "schedule,marry"), "proxy_acts_are_known", false),
        (PARENT.replace("{chart,schedule,billing}", "{}"), "proxy_shows_something", false),
        (PARENT.replace("{chart,schedule,billing}", "{chart}"), "grant_of_access_acts_on_what_it_shows", false),
        (PARENT.replace("{chart,", "{diary,"), "grant_of_access_scopes_are_known", false),
        (PARENT.replace("NULL, 'parent'", "gen_random_uuid(), 'parent'"), "proxy_related_person_fkey", false),
        (appointed.replace("{schedule}', NULL", "{schedule}', now()"), "grant_ends_later", true),
    ];
    for (rest, rule, by_patient) in cases {
        let who = if by_patient { &mut own } else { &mut family.desk };
        let call = format!("appoint_proxy($t, '{child}', '{}', {rest})", family.parent_account);
        assert_eq!(who.refused(&call).await, rule, "{rest}");
    }
    let staff = family.practice.account("front_desk", Some(facility)).await;
    let to_staff = format!("appoint_proxy($t, '{child}', '{staff}', {PARENT})");
    assert_eq!(family.desk.refused(&to_staff).await, "proxy_acts_by_a_persons_account");
    let provider = family.practice.provider;
    family.practice.network.run("DELETE FROM access.care_relationship").await;
    let account = family.practice.account("provider", Some(provider)).await;
    let mut carer = Caller::of(&family.practice.network, account).await;
    carer.tries(&format!("break_glass($t, '{child}', 'Found unconscious at school')")).await.unwrap();
    assert_eq!(
        carer.refused(&family.appoint(PARENT)).await,
        "proxy_is_verified_by_staff",
        "an emergency lets nobody in"
    );

    let guardian = family.desk.key(&family.appoint(PARENT)).await;
    assert_eq!(family.desk.refused(&family.appoint(PARENT)).await, "proxy_stands_once");
    assert_eq!(own.refused(&format!("end_proxy($t, '{guardian}')")).await, "proxy_stands", "not by the child");
    let grant = "SELECT grant_of_access_id::text FROM access.grant_of_access WHERE proxy_id IS NOT NULL";
    let grant = family.practice.network.one(grant).await;
    assert_eq!(own.refused(&format!("unshare_record($t, '{grant}')")).await, "grant_stands");
    let made = own.key(&family.appoint(appointed)).await;
    own.tries(&format!("end_proxy($t, '{made}')")).await.unwrap();
    assert_eq!(own.refused(&format!("end_proxy($t, '{made}')")).await, "proxy_stands", "once");
    let changed = format!("UPDATE access.proxy SET scopes = '{{samples}}' WHERE proxy_id = '{guardian}'");
    assert_eq!(family.practice.network.refusal(&changed).await, "proxy_is_ended_and_not_altered");
    let acting = "INSERT INTO access.grant_of_access (patient_id, account_id, valid_during, scopes, acts, purpose)
                  SELECT patient_id, account_id, valid_during, '{schedule}', '{schedule}', 'family' FROM access.proxy LIMIT 1";
    assert_eq!(family.practice.network.refusal(acting).await, "grant_of_access_acts_by_a_proxy");
    let itself = format!("appoint_proxy($t, '{child}', '{{}}', {appointed})");
    let itself = itself.replace("{}", &family.practice.network.one(&account_of(child)).await);
    assert_eq!(own.refused(&itself).await, "proxy_is_verified_by_another");
}

fn account_of(patient: Uuid) -> String {
    format!("SELECT account_id::text FROM access.account WHERE patient_id = '{patient}'")
}

#[tokio::test]
async fn a_guardian_of_somebody_whose_birth_is_not_known_has_a_right_with_an_end() {
    let mut family = Family::new().await;
    family.practice.network.run("ALTER TABLE care.patient ALTER COLUMN born_on DROP NOT NULL").await;
    family.practice.network.run("UPDATE care.patient SET born_on = NULL").await;
    assert_eq!(family.desk.refused(&family.appoint(PARENT)).await, "guardianship_ends");
    let ending = PARENT.replace(", NULL", ", now() + INTERVAL '1 year'");
    family.desk.key(&family.appoint(&ending)).await;
    assert!(family.reads_chart().await);
    family.practice.network.run(&born(family.child, 30)).await;
    assert!(!family.reads_chart().await, "once it is known, it counts");
}

#[tokio::test]
async fn every_check_of_related_persons_and_ages_refuses_what_it_says() {
    let mut network = Network::new().await;
    let patient = network.patient().await;
    network
        .run(&format!(
            "INSERT INTO care.related_person (patient_id, relationship, family, rank) VALUES ('{patient}', 'friend', 'King', 1)"
        ))
        .await;
    for (change, rule) in [
        ("related_person SET relationship = 'enemy'", "related_person_relationship_is_known"),
        ("related_person SET roles = '{spy}'", "related_person_roles_are_known"),
        ("related_person SET family = ' '", "related_person_has_a_name"),
        ("related_person SET phone = '555-0100'", "related_person_phone_is_e164"),
        ("related_person SET email = 'a@b@c'", "related_person_email_is_an_address"),
        ("related_person SET roles = '{emergency_contact}'", "related_person_in_an_emergency_is_reached"),
        ("related_person SET rank = 0", "related_person_rank_is_positive"),
        ("related_person SET valid_during = 'empty'", "related_person_period_is_some"),
        ("related_person SET patient_id = gen_random_uuid()", "related_person_patient_fkey"),
        ("age_of_majority SET jurisdiction = 'Alabama'", "age_of_majority_jurisdiction_is_iso_3166"),
        ("age_of_majority SET majority_years = 12", "age_of_majority_is_believable"),
        ("age_of_majority SET confidential_years = 22", "age_of_majority_comes_after_confidence"),
    ] {
        assert_eq!(network.refusal(&format!("UPDATE care.{change}")).await, rule, "{change}");
    }
    let second = format!(
        "INSERT INTO care.related_person (patient_id, relationship, family, rank) VALUES ('{patient}', 'friend', 'Ito', 1)"
    );
    assert_eq!(network.refusal(&second).await, "related_person_rank_is_taken_once");
}

#[tokio::test]
async fn what_runs_in_a_family_is_written_by_who_cares_and_kept_with_its_versions() {
    let mut family = Family::new().await;
    let (child, provider) = (family.child, family.practice.provider);
    let account = family.practice.account("provider", Some(provider)).await;
    let mut carer = Caller::of(&family.practice.network, account).await;
    let add = format!(
        "add_family_history($t, '{child}', 'mother', 'icd10', 'E11.9', 'Type 2 diabetes mellitus', 44, true, false, NULL, NULL)"
    );
    let entry = carer.key(&add).await;
    assert_eq!(family.desk.refused(&add).await, "row_is_within_rights");
    assert_eq!(carer.refused(&add.replace("mother", "stepmother")).await, "family_history_relative_is_known");
    assert_eq!(carer.refused(&add.replace("E11.9", "E1")).await, "family_history_code_fits_its_system");
    assert_eq!(carer.refused(&add.replace("icd10", "icd9")).await, "family_history_code_fits_its_system");
    assert_eq!(carer.refused(&add.replace("44, true", "140, true")).await, "family_history_onset_is_believable");
    assert_eq!(carer.refused(&add.replace("true, false", "false, true")).await, "family_history_death_has_died");
    assert_eq!(carer.refused(&add.replace("Type 2 diabetes mellitus", " ")).await, "family_history_title_is_some");
    let long = add.replace("NULL, NULL)", "repeat('x', 4001), NULL)");
    assert_eq!(carer.refused(&long).await, "family_history_note_is_short");
    let change = |version: i32, status: &str| {
        format!("change_family_history($t, '{entry}', {version}, 45, true, true, '{status}', 'Told by the aunt')")
    };
    assert_eq!(carer.refused(&change(1, "rumour")).await, "family_history_status_is_known");
    assert_eq!(carer.tries(&change(1, "completed")).await.as_deref(), Ok("(t,2)"));
    assert_eq!(carer.tries(&change(1, "completed")).await.as_deref(), Ok("(f,2)"));
    let columns = "relative || onset_age || caused_death";
    assert_eq!(carer.reads("family_history", "read_family_history", child, columns).await, ["mother45true"]);
    family.desk.key(&family.appoint(PARENT)).await;
    assert_eq!(family.parent.reads("family_history", "read_family_history", child, columns).await.len(), 1);
    carer.key(&add.replace("E11.9', 'Type 2 diabetes mellitus'", "F32.9', 'Depressive episode'")).await;
    assert_eq!(carer.reads("family_history", "read_family_history", child, "code").await, ["F32.9", "E11.9"]);
    let shown = family.parent.reads("family_history", "read_family_history", child, "code").await;
    assert_eq!(shown, ["E11.9"], "behavioural health is not in a grant of the chart");
    let images = "SELECT image ->> 'onset_age' FROM care.record_version WHERE relation = 'family_history'";
    assert_eq!(family.practice.network.rows(images).await, ["44"]);
    let other = format!("UPDATE care.family_history SET recorded_by = NULL WHERE family_history_id = '{entry}'");
    let mine = family.practice.portal_refusal(account, &other).await;
    assert_eq!(mine, "family_history_is_recorded_in_person");
}
