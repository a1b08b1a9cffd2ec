//! What opens a record and what closes it: care, the patient's word, an emergency; and the traps of row-level security.

use healthtrack::model::people::{AccountId, GrantPurpose, PatientId, ProviderId, Role, Scope};
use healthtrack::model::time::{Clock as _, SystemClock};
use healthtrack::store::StoreError;
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::error::{CareError, RuleCatalogue};
use healthtrack::store::care::journal::{self, JournalEntry};
use healthtrack::store::care::record::read_summary;
use healthtrack::store::care::rights::{Grant, Grantee, break_glass, share, unshare};
use healthtrack::store::care::session::SessionToken;
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use uuid::Uuid;

use super::network::{Network, refused_by};

/// A patient with an account, and a provider with one, who are nothing to one another.
struct Two {
    network: Network,
    patient: Uuid,
    provider: Uuid,
    patients_account: Uuid,
    providers_account: Uuid,
}

impl Two {
    async fn meet() -> Two {
        let mut network = Network::owned().await;
        let (patient, provider) = (network.patient().await, network.provider().await);
        let patients_account = network.account("patient", Some(patient)).await;
        let providers_account = network.account("provider", Some(provider)).await;
        Two { network, patient, provider, patients_account, providers_account }
    }

    /// A connection of the portal on which an account acts, statement by statement.
    async fn portal(&self, account: Uuid) -> PgConnection {
        self.network.portal_of(account).await
    }

    /// Tokens of the patient and of the provider.
    async fn tokens(&self) -> (SessionToken, SessionToken) {
        (self.network.token(self.patients_account).await, self.network.token(self.providers_account).await)
    }

    /// Whether an actor sees the patient.
    async fn seen_by(&self, actor: &mut Actor<'_>) -> bool {
        read_summary(actor, PatientId(self.patient)).await.unwrap().is_some()
    }
}

async fn count(portal: &mut PgConnection, from: &str) -> i64 {
    let query = format!("SELECT count(*) FROM {from}");
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(portal).await.unwrap()
}

#[tokio::test]
async fn a_record_is_open_while_care_lasts_and_closed_in_the_next_statement() {
    let mut two = Two::meet().await;
    let mut provider = two.portal(two.providers_account).await;
    assert_eq!(count(&mut provider, "care.patient").await, 0);
    let (patient, carer) = (two.patient, two.provider);
    two.network.put_in_care(patient, carer).await;
    assert_eq!(count(&mut provider, "care.patient").await, 1);
    two.network.run("UPDATE access.care_relationship SET valid_during = tstzrange(lower(valid_during), now())").await;
    assert_eq!(count(&mut provider, "care.patient").await, 0);
    two.network.run("UPDATE access.care_relationship SET valid_during = tstzrange(lower(valid_during), NULL)").await;
    two.network.run("UPDATE access.account SET disabled_at = now() WHERE part = 'provider'").await;
    assert_eq!(count(&mut provider, "care.patient").await, 0, "a disabled account is nobody");
}

#[tokio::test]
async fn a_patient_shares_what_the_grant_names_and_takes_it_back_at_once() {
    let two = Two::meet().await;
    let mut patient = two.portal(two.patients_account).await;
    let mut provider = two.portal(two.providers_account).await;
    let share = |scopes: &str| {
        format!(
            "SELECT access.share('{}', NULL, '{}', '{scopes}', 'second_opinion', now() + INTERVAL '1 day')",
            two.patient, two.provider
        )
    };
    let scopes = "SELECT scope FROM unnest(ARRAY['chart', 'schedule', 'samples', 'billing', 'hiv',
            'behavioural_health']) AS scope WHERE access.patients_granted(scope) <> '{}' ORDER BY 1";
    for scope in ["schedule", "samples", "billing", "hiv", "behavioural_health"] {
        let grant: Uuid =
            sqlx::query_scalar(AssertSqlSafe(share(&format!("{{{scope}}}")))).fetch_one(&mut patient).await.unwrap();
        let open: Vec<String> = sqlx::query_scalar(scopes).fetch_all(&mut provider).await.unwrap();
        assert_eq!(open, [scope], "none holds another");
        let whose = i64::from(["hiv", "behavioural_health"].contains(&scope));
        assert_eq!(count(&mut provider, "care.patient").await, whose, "whom a category is of is seen with it");
        assert_eq!(count(&mut provider, "care.address").await, 0, "{scope} does not open the chart");
        patient.execute(AssertSqlSafe(format!("SELECT access.unshare('{grant}')"))).await.unwrap();
    }
    let grant: Uuid = sqlx::query_scalar(AssertSqlSafe(share("{chart}"))).fetch_one(&mut patient).await.unwrap();
    assert_eq!(count(&mut provider, "care.patient").await, 1);
    let edit = provider.execute("UPDATE care.patient SET sex = 'other'").await.unwrap();
    assert_eq!(edit.rows_affected(), 0, "what is shared is read and not changed");
    let not_theirs = provider.execute(AssertSqlSafe(format!("SELECT access.unshare('{grant}')"))).await;
    assert_eq!(refused_by(not_theirs, "unshare"), "grant_stands");
    patient.execute(AssertSqlSafe(format!("SELECT access.unshare('{grant}')"))).await.unwrap();
    assert_eq!(count(&mut provider, "care.patient").await, 0);
    let again = patient.execute(AssertSqlSafe(format!("SELECT access.unshare('{grant}')"))).await;
    assert_eq!(refused_by(again, "unshare twice"), "grant_stands");
    for (statement, rule) in [
        (share("{chart}").replace("'1 day'", "'-1 day'"), "grant_ends_later"),
        (share("{everything}"), "grant_of_access_scopes_are_known"),
        (share("{}"), "grant_of_access_scopes_are_known"),
        (share("{chart}").replace("NULL", &format!("'{}'", two.patients_account)), "grant_of_access_is_for_one"),
        (share("{chart}").replace("second_opinion", "curiosity"), "grant_of_access_purpose_is_known"),
    ] {
        assert_eq!(refused_by(patient.execute(AssertSqlSafe(statement.clone())).await, &statement), rule);
    }
    let others = provider.execute(AssertSqlSafe(share("{chart}"))).await;
    assert_eq!(refused_by(others, "share another's record"), "grant_is_the_patients");
}

#[tokio::test]
async fn the_glass_is_broken_for_one_patient_an_hour_and_in_the_open() {
    let mut two = Two::meet().await;
    two.network.patient().await;
    let mut provider = two.portal(two.providers_account).await;
    let open = format!("SELECT access.break_glass('{}', 'Found unconscious, nobody to ask')", two.patient);
    let silent = format!("SELECT access.break_glass('{}', ' asap ')", two.patient);
    assert_eq!(refused_by(provider.execute(AssertSqlSafe(silent.clone())).await, &silent), "emergency_is_explained");
    provider.execute(AssertSqlSafe(open.clone())).await.unwrap();
    assert_eq!(count(&mut provider, "care.patient").await, 1, "one patient, not two");
    let minutes = "SELECT (extract(epoch FROM upper(valid_during) - lower(valid_during)) / 60)::integer::text
         FROM access.care_relationship";
    assert_eq!(two.network.one(minutes).await, "60");
    let audited = "SELECT action || ' ' || outcome || ' ' || reason FROM access.audit_event";
    assert_eq!(two.network.rows(audited).await, ["break_glass allowed emergency"]);
    assert_eq!(count(&mut provider, "access.emergency").await, 0, "who breaks does not review");
    let mut patient = two.portal(two.patients_account).await;
    assert_eq!(refused_by(patient.execute(AssertSqlSafe(open.clone())).await, &open), "emergency_is_a_providers");

    let officer = two.network.account("privacy_officer", None).await;
    let mut officer = two.portal(officer).await;
    assert_eq!(count(&mut officer, "access.emergency WHERE finding IS NULL AND NOT overdue").await, 1);
    assert_eq!(count(&mut officer, "care.patient").await, 0, "a review opens no record");
    two.network
        .run(
            "UPDATE access.care_relationship SET valid_during = tstzrange(now() - INTERVAL '2 days',
                  now() - INTERVAL '2 days' + INTERVAL '1 hour')",
        )
        .await;
    assert_eq!(count(&mut provider, "care.patient").await, 0, "it ends by itself");
    assert_eq!(count(&mut officer, "access.emergency WHERE overdue").await, 1);
    let emergency = two.network.one("SELECT care_relationship_id::text FROM access.care_relationship").await;
    let review = format!("SELECT access.review_emergency('{emergency}', 'justified')");
    assert_eq!(refused_by(provider.execute(AssertSqlSafe(review.clone())).await, &review), "review_is_the_officers");
    officer.execute(AssertSqlSafe(review.clone())).await.unwrap();
    assert_eq!(count(&mut officer, "access.emergency WHERE finding = 'justified' AND NOT overdue").await, 1);
    assert_eq!(refused_by(officer.execute(AssertSqlSafe(review.clone())).await, &review), "emergency_review_pkey");
}

#[tokio::test]
async fn the_front_desk_knows_who_comes_and_nobody_else() {
    let mut two = Two::meet().await;
    let (here, there) = (two.network.facility("IL", "clinic").await, two.network.facility("MA", "clinic").await);
    let desk = two.network.account("front_desk", Some(here)).await;
    let mut desk = two.portal(desk).await;
    for (facility, status, days, known) in [
        (here, "booked", 3, true),
        (there, "booked", 4, false),
        (here, "cancelled", 5, false),
        (here, "completed", -20, true),
        (here, "completed", -40, false),
    ] {
        let patient = two.network.patient().await;
        two.network
            .run(&format!(
                "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
                 VALUES ('{patient}', '{}', '{facility}', tstzrange(now() + INTERVAL '{days} days',
                         now() + INTERVAL '{days} days 1 hour'), '{status}')",
                two.provider
            ))
            .await;
        let found = count(&mut desk, &format!("care.patient WHERE patient_id = '{patient}'")).await;
        assert_eq!(found == 1, known, "{status} {days}");
    }
    assert_eq!(count(&mut desk, "care.patient").await, 2);
}

#[tokio::test]
async fn who_acts_is_forgotten_at_the_end_of_a_transaction() {
    let mut two = Two::meet().await;
    let (patient, carer) = (two.patient, two.provider);
    two.network.put_in_care(patient, carer).await;
    let (mut portal, rules) = (two.network.login("care").await, RuleCatalogue::default());
    let (patients, providers) = two.tokens().await;
    let mut actor = Actor::begin(&mut portal, &rules, &providers).await.unwrap().unwrap();
    assert_eq!(actor.role(), Role::Provider);
    assert!(two.seen_by(&mut actor).await);
    actor.commit().await.unwrap();
    let left: String =
        sqlx::query_scalar("SELECT current_setting('healthtrack.actor', true)").fetch_one(&mut portal).await.unwrap();
    assert_eq!(left, "", "empty, and not null");
    assert_eq!(count(&mut portal, "care.patient").await, 0);
    drop(Actor::begin(&mut portal, &rules, &patients).await.unwrap().unwrap());
    assert_eq!(count(&mut portal, "care.patient").await, 0, "nor after an undone one");
    // Outside a transaction SET LOCAL only warns.
    portal.execute(AssertSqlSafe(format!("SET LOCAL healthtrack.actor = '{}'", two.providers_account))).await.unwrap();
    assert_eq!(count(&mut portal, "care.patient").await, 0);
    assert!(
        Actor::begin(&mut portal, &rules, &SessionToken::generate().unwrap()).await.unwrap().is_none(),
        "nobody does not act"
    );
    two.network.run("UPDATE access.account SET disabled_at = now()").await;
    assert!(Actor::begin(&mut portal, &rules, &providers).await.unwrap().is_none());
}

#[tokio::test]
async fn an_actor_has_the_portals_rights_though_the_login_has_more() {
    let two = Two::meet().await;
    let mut superuser = two.network.connection().await;
    let rules = RuleCatalogue::read(&mut superuser).await.unwrap();
    let (_, providers) = two.tokens().await;
    let mut actor = Actor::begin(&mut superuser, &rules, &providers).await.unwrap().unwrap();
    assert!(!two.seen_by(&mut actor).await, "a superuser who acts is bound by the policies");
    let (journal_entry_id, patient) = (journal::next_key(&mut actor).await.unwrap(), PatientId(two.patient));
    let written_at = SystemClock.now();
    let entry = JournalEntry { journal_entry_id, patient, written_at, mood: None, body: vec![1; 64] };
    let written = journal::write(&mut actor, &entry).await.unwrap_err();
    assert!(matches!(written, CareError::Refused(refusal) if refusal.rule == "row_is_within_rights"));
    drop(actor);
    // With the same rights nothing of `signal` is read.
    let error = two.portal(two.providers_account).await.execute("SELECT FROM signal.sample LIMIT 0").await.unwrap_err();
    let trouble = rules.explain(StoreError::at("looking")(error));
    assert!(matches!(trouble, CareError::Refused(refusal) if refusal.rule == "row_is_within_rights"));
}

#[tokio::test]
async fn nothing_is_written_into_or_copied_out_of_another_persons_record() {
    let mut two = Two::meet().await;
    let (patient, carer) = (two.patient, two.provider);
    let stranger = two.network.patient().await;
    two.network.put_in_care(patient, carer).await;
    two.network
        .run("INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('watch-7', now(), 'operator')")
        .await;
    let mut provider = two.portal(two.providers_account).await;
    let wear = |whose: Uuid| {
        format!(
            "INSERT INTO care.wear (patient_id, device_key, worn_during) VALUES ('{whose}', 1, tstzrange(now(), NULL))"
        )
    };
    assert_eq!(refused_by(provider.execute(AssertSqlSafe(wear(stranger))).await, "foreign wear"), "42501");
    provider.execute(AssertSqlSafe(wear(patient))).await.unwrap();
    let moved = format!("UPDATE care.wear SET patient_id = '{stranger}'");
    assert_eq!(refused_by(provider.execute(AssertSqlSafe(moved)).await, "moved wear"), "42501");
    let copied = provider.execute("COPY care.wear (patient_id, device_key, worn_during) FROM STDIN").await;
    assert_eq!(refused_by(copied, "COPY"), "0A000", "row-level security and COPY exclude one another");
    let mut out = provider.copy_out_raw("COPY (SELECT * FROM care.patient) TO STDOUT").await.unwrap();
    let mut text = Vec::new();
    while let Some(bytes) = futures_util::StreamExt::next(&mut out).await {
        text.extend(bytes.unwrap());
    }
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains(&patient.to_string()) && !text.contains(&stranger.to_string()));
}

#[tokio::test]
async fn a_program_shares_takes_back_and_breaks_the_glass_for_whom_it_acts() {
    let two = Two::meet().await;
    let mut portal = two.network.login("portal").await;
    let rules = RuleCatalogue::read(&mut portal).await.unwrap();
    let (patients, providers) = two.tokens().await;
    let all = [Scope::Chart, Scope::Schedule, Scope::Samples, Scope::Billing, Scope::BehaviouralHealth];
    for grantee in [Grantee::Provider(ProviderId(two.provider)), Grantee::Account(AccountId(two.providers_account))] {
        let mut actor = Actor::begin(&mut portal, &rules, &patients).await.unwrap().unwrap();
        let grant = Grant {
            patient: PatientId(two.patient),
            grantee,
            scopes: all.to_vec(),
            purpose: GrantPurpose::Family,
            until: None,
        };
        let key = share(&mut actor, &grant).await.unwrap();
        actor.commit().await.unwrap();
        let mut actor = Actor::begin(&mut portal, &rules, &providers).await.unwrap().unwrap();
        assert!(two.seen_by(&mut actor).await, "{grantee:?}");
        drop(actor);
        let mut actor = Actor::begin(&mut portal, &rules, &patients).await.unwrap().unwrap();
        unshare(&mut actor, key).await.unwrap();
        actor.commit().await.unwrap();
    }
    let mut actor = Actor::begin(&mut portal, &rules, &providers).await.unwrap().unwrap();
    assert!(!two.seen_by(&mut actor).await);
    let until = break_glass(&mut actor, PatientId(two.patient), "Found unconscious, nobody to ask").await.unwrap();
    actor.commit().await.unwrap();
    let mut actor = Actor::begin(&mut portal, &rules, &providers).await.unwrap().unwrap();
    assert!(two.seen_by(&mut actor).await);
    drop(actor);
    let left: i64 = sqlx::query_scalar("SELECT (extract(epoch FROM $1::text::timestamptz - now()) / 60)::bigint")
        .bind(until.to_string())
        .fetch_one(&mut portal)
        .await
        .unwrap();
    assert!((55..=60).contains(&left), "{left} minutes");
    let mut actor = Actor::begin(&mut portal, &rules, &providers).await.unwrap().unwrap();
    let again = break_glass(&mut actor, PatientId(two.patient), "Found unconscious, nobody to ask").await.unwrap_err();
    let CareError::Refused(refusal) = again else { panic!("a rule refuses") };
    assert_eq!(refusal.sentence, "This provider has that access at that time already.");
}
