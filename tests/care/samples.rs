//! Samples as the portal sees them: of the patient who wore the device at the time, to whoever may, and audited.

use healthtrack::archive::Archive;
use healthtrack::care::samples as person;
use healthtrack::config::{ArchiveConfig, Config};
use healthtrack::model::metric::Catalogue;
use healthtrack::model::people::{GrantPurpose, PatientId, ProviderId, Scope};
use healthtrack::model::time::Timestamp;
use healthtrack::store::care::actor::Actor;
use healthtrack::store::care::context::SampleReader;
use healthtrack::store::care::error::{CareError, RuleCatalogue};
use healthtrack::store::care::rights::{Grant, Grantee, share};
use healthtrack::store::care::samples::{SamplesAnswer, SamplesQuery, read_samples};
use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use uuid::Uuid;

use super::network::{Network, refused_by};

const AUDITED: &str = "SELECT part || ' ' || outcome || coalesce(' ' || reason, '') || ' ' || resource
    FROM access.audit_event ORDER BY at";

fn moment(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// One watch, on one wrist in January and on another in February, with a sample every hour and the hour's number of it.
struct Watch {
    network: Network,
    worn_first: Uuid,
    worn_then: Uuid,
}

impl Watch {
    async fn handed_over() -> Watch {
        let mut network = Network::owned().await;
        let (worn_first, worn_then) = (network.patient().await, network.patient().await);
        network
            .run(&format!(
                "INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('watch-7', now(), 'operator');
                 INSERT INTO signal.series (device_key, metric_id) SELECT device_key, metric_id
                 FROM signal.device, signal.metric WHERE name = 'heart_rate';
                 INSERT INTO care.wear (patient_id, device_key, worn_during)
                 SELECT '{worn_first}', device_key, '[2026-01-10 00:00Z, 2026-01-20 11:30Z)' FROM signal.device;
                 INSERT INTO care.wear (patient_id, device_key, worn_during)
                 SELECT '{worn_then}', device_key, '[2026-01-20 12:00Z,)' FROM signal.device"
            ))
            .await;
        Watch { network, worn_first, worn_then }
    }

    /// A block of a day: a sample each hour from 00:00 on, whose value is 60 and its hour, and all that is known of it.
    async fn measure(&mut self, day: &str) {
        self.network
            .run(&format!(
                "SELECT signal.ensure_chunk('{day}');
                 INSERT INTO signal.block (start_at, stop_at, tick_us, span_us, series_id, values, flags,
                                           utc_offset_minutes, received_at, revision)
                 SELECT '{day} 00:00Z', '{day} 23:00Z', 3600000000, 0, series_id,
                        (SELECT array_agg(60 + hour) FROM generate_series(0, 23) AS hour),
                        array_fill(3::smallint, ARRAY[24]), 60, '{day} 23:00:05Z', 7 FROM signal.series"
            ))
            .await;
    }

    async fn ask(&self, account: Uuid, patient: Uuid, metric: &str, from: &str, to: &str) -> SamplesAnswer {
        let (mut portal, token) = (self.network.login("portal").await, self.network.token(account).await);
        let rules = RuleCatalogue::default();
        let actor = Actor::begin(&mut portal, &rules, &token).await.unwrap().expect("the account acts");
        let (from, to) = (moment(from), moment(to));
        let query = SamplesQuery { patient: PatientId(patient), metric: metric.to_owned(), from, to, request: None };
        read_samples(actor, &query).await.unwrap()
    }

    /// The values of an answer in January's last days of the handing over.
    async fn values(&self, account: Uuid, patient: Uuid) -> Vec<f64> {
        match self.ask(account, patient, "heart_rate", "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z").await {
            SamplesAnswer::Samples(samples) => samples.iter().filter_map(|sample| sample.value).collect(),
            answer => panic!("{answer:?}"),
        }
    }
}

#[tokio::test]
async fn a_reassigned_device_shows_no_sample_of_the_other_person() {
    let mut watch = Watch::handed_over().await;
    watch.measure("2026-01-20").await;
    let (first, then) = (watch.worn_first, watch.worn_then);
    let own = watch.network.account("patient", Some(first)).await;
    let others = watch.network.account("patient", Some(then)).await;
    let (before, after) = (watch.values(own, first).await, watch.values(others, then).await);
    assert_eq!(before, (0..12).map(|hour| f64::from(60 + hour)).collect::<Vec<_>>(), "until 11:30");
    assert_eq!(after, (12..24).map(|hour| f64::from(60 + hour)).collect::<Vec<_>>(), "from 12:00 on");

    // Days later comes what was measured before: it is whose it was.
    watch.measure("2026-01-15").await;
    assert_eq!(watch.values(own, first).await.len(), 36);
    assert_eq!(watch.values(others, then).await.len(), 12);
    // And what nobody wore is nobody's.
    watch.measure("2026-01-05").await;
    assert_eq!(watch.values(own, first).await.len(), 36);
    assert_eq!(watch.values(others, then).await.len(), 12);
}

#[tokio::test]
async fn a_denial_is_an_answer_and_stays_in_the_audit() {
    let mut watch = Watch::handed_over().await;
    watch.measure("2026-01-15").await;
    let (first, then) = (watch.worn_first, watch.worn_then);
    let others = watch.network.account("patient", Some(then)).await;
    let answer = watch.ask(others, first, "heart_rate", "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z").await;
    assert_eq!(answer, SamplesAnswer::Denied("This record is not open to you.".to_owned()));
    assert_eq!(watch.network.rows(AUDITED).await, ["patient denied samples/heart_rate"]);
    let unknown = watch.ask(others, Uuid::nil(), "heart_rate", "2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z").await;
    assert_eq!(unknown, answer, "a person who is not there is denied in the same words");
}

#[tokio::test]
async fn care_and_a_grant_of_samples_open_them_and_nothing_else_does() {
    let mut watch = Watch::handed_over().await;
    watch.measure("2026-01-15").await;
    let first = watch.worn_first;
    let provider = watch.network.provider().await;
    let account = watch.network.account("provider", Some(provider)).await;
    let own = watch.network.account("patient", Some(first)).await;
    let ask = async |watch: &Watch, account| {
        watch.ask(account, first, "heart_rate", "2026-01-15T00:00:00Z", "2026-01-15T02:00:00Z").await
    };
    let denied = SamplesAnswer::Denied("This record is not open to you.".to_owned());
    for part in ["front_desk", "biller", "moderator", "analyst", "privacy_officer", "operator"] {
        let whose = match part {
            "front_desk" => Some(watch.network.facility("IL", "clinic").await),
            "biller" => Some(watch.network.facility("MA", "clinic").await),
            _ => None,
        };
        let account = watch.network.account(part, whose).await;
        assert_eq!(ask(&watch, account).await, denied, "{part}");
    }
    assert_eq!(ask(&watch, account).await, denied);
    let (mut portal, rules) = (watch.network.login("portal").await, RuleCatalogue::default());
    let token = watch.network.token(own).await;
    let mut actor = Actor::begin(&mut portal, &rules, &token).await.unwrap().unwrap();
    for (scope, seen) in [(Scope::Chart, false), (Scope::Samples, true)] {
        let (patient, grantee) = (PatientId(first), Grantee::Provider(ProviderId(provider)));
        let grant = Grant { patient, grantee, scopes: vec![scope], purpose: GrantPurpose::Treatment, until: None };
        share(&mut actor, &grant).await.unwrap();
        actor.commit().await.unwrap();
        assert_eq!(ask(&watch, account).await != denied, seen, "{scope:?}");
        actor = Actor::begin(&mut portal, &rules, &token).await.unwrap().unwrap();
    }
    drop(actor);
    watch.network.run("UPDATE access.grant_of_access SET revoked_at = now()").await;
    assert_eq!(ask(&watch, account).await, denied);
    watch.network.put_in_care(first, provider).await;
    assert_ne!(ask(&watch, account).await, denied);
    let reasons =
        "SELECT DISTINCT reason FROM access.audit_event WHERE resource LIKE 'samples/%' AND outcome = 'allowed'
         ORDER BY 1";
    assert_eq!(watch.network.rows(reasons).await, ["granted", "in_care"]);
}

/// The verb that rolls, with an archive in a folder.
fn roll(watch: &Watch, archive: &ArchiveConfig) {
    let mut verb = std::process::Command::new(env!("CARGO_BIN_EXE_healthtrack"));
    verb.args(["roll", "--before", "2026-02-01", "--json"]);
    verb.env("HEALTHTRACK__STORE__URL", watch.network.database.url()).env("HEALTHTRACK__ARCHIVE__URL", &archive.url);
    let output = verb.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_tiers_are_shown_each_sample_once_and_only_to_who_may_see_them() {
    let mut watch = Watch::handed_over().await;
    for day in ["2026-01-05", "2026-01-15", "2026-01-20"] {
        watch.measure(day).await;
    }
    let (first, then) = (watch.worn_first, watch.worn_then);
    let own = watch.network.account("patient", Some(first)).await;
    let others = watch.network.account("patient", Some(then)).await;
    let (from, to) = ("2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z");
    let hot = watch.ask(own, first, "heart_rate", from, to).await;
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::read(None, std::iter::empty()).unwrap().archive;
    config.url = format!("file://{}", folder.path().join("archive").display());
    roll(&watch, &config);
    assert_eq!(
        watch.ask(own, first, "heart_rate", from, to).await,
        SamplesAnswer::Samples(Vec::new()),
        "all of it is rolled"
    );
    let archive = Archive::of(&config).unwrap().unwrap();
    let catalogue = Catalogue::builtin().unwrap();
    let ask = async |watch: &Watch, account, patient, from: &str| {
        let (mut portal, mut keeper) = (watch.network.login("portal").await, watch.network.login("roller").await);
        let (rules, token) = (RuleCatalogue::default(), watch.network.token(account).await);
        let actor = Actor::begin(&mut portal, &rules, &token).await.unwrap().unwrap();
        let (from, to) = (moment(from), moment(to));
        let query =
            SamplesQuery { patient: PatientId(patient), metric: "heart_rate".to_owned(), from, to, request: None };
        let mut reader = SampleReader::on(&mut keeper);
        person::read_samples(actor, &mut reader, &archive, &catalogue, &query).await.unwrap()
    };
    assert_eq!(ask(&watch, own, first, from).await, hot);
    // What comes late lies in both tiers, and one moment in both with another value.
    watch.measure("2026-01-15").await;
    watch.network.run("UPDATE signal.block SET values[1] = 99").await;
    assert_eq!(ask(&watch, own, first, from).await, hot, "the archived value is the first");
    let SamplesAnswer::Samples(after) = ask(&watch, others, then, "2026-01-20T15:00:00Z").await else { panic!() };
    assert_eq!(
        after.iter().filter_map(|sample| sample.value).collect::<Vec<_>>(),
        (75..84).map(f64::from).collect::<Vec<_>>()
    );
    let denied = SamplesAnswer::Denied("This record is not open to you.".to_owned());
    assert_eq!(ask(&watch, others, first, from).await, denied);
    let last = "SELECT outcome FROM access.audit_event ORDER BY at DESC LIMIT 1";
    assert_eq!(watch.network.one(last).await, "denied");
}

#[tokio::test]
async fn samples_that_cannot_be_audited_are_not_read() {
    let mut watch = Watch::handed_over().await;
    watch.measure("2026-01-15").await;
    let first = watch.worn_first;
    let own = watch.network.account("patient", Some(first)).await;
    watch.network.run("ALTER TABLE access.audit_event ADD CONSTRAINT injected CHECK (seq < 0) NOT VALID").await;
    let (mut portal, token) = (watch.network.login("portal").await, watch.network.token(own).await);
    let actor = Actor::begin(&mut portal, &RuleCatalogue::default(), &token).await.unwrap().unwrap();
    let (from, to) = (moment("2026-01-15T00:00:00Z"), moment("2026-01-16T00:00:00Z"));
    let query = SamplesQuery { patient: PatientId(first), metric: "heart_rate".to_owned(), from, to, request: None };
    let CareError::Refused(broken) = read_samples(actor, &query).await.unwrap_err() else { panic!("a rule refuses") };
    assert_eq!(broken.rule, "injected");
}

#[tokio::test]
async fn a_question_without_a_metric_or_an_end_is_refused_and_nothing_else_of_signal_is_open() {
    let mut watch = Watch::handed_over().await;
    let first = watch.worn_first;
    let own = watch.network.account("patient", Some(first)).await;
    let (mut portal, token) = (watch.network.login("portal").await, watch.network.token(own).await);
    let look = async |portal: &mut PgConnection, kind: &str| {
        let look = "SELECT api.look($1, $2, $3, NULL)";
        sqlx::query_scalar::<_, Uuid>(look).bind(token.expose()).bind(first).bind(kind).fetch_one(portal).await
    };
    let looked = look(&mut portal, "samples/heart_rate").await.unwrap();
    for wrong in [
        "'heart rate; --', now() - INTERVAL '1 hour', now()",
        "'body_weight', now() - INTERVAL '1 hour', now()",
        "NULL, now() - INTERVAL '1 hour', now()",
    ] {
        let query = format!("SELECT * FROM api.read_samples('{}', '{looked}', '{first}', {wrong}, 10)", token.expose());
        assert_eq!(refused_by(portal.execute(AssertSqlSafe(query)).await, wrong), "look_is_recorded", "{wrong}");
    }
    for wrong in
        ["'heart_rate', now(), now()", "'heart_rate', now() - INTERVAL '401 days', now()", "'heart_rate', NULL, now()"]
    {
        let query = format!("SELECT * FROM api.read_samples('{}', '{looked}', '{first}', {wrong}, 10)", token.expose());
        let rule = refused_by(portal.execute(AssertSqlSafe(query)).await, wrong);
        assert_eq!(rule, "samples_are_asked_for_by_metric_and_time", "{wrong}");
    }
    assert_eq!(refused_by(look(&mut portal, "samples/jane_roe").await, "typed"), "samples_are_of_a_known_metric");
    assert_eq!(refused_by(look(&mut portal, "jane_roe").await, "typed"), "look_is_of_a_known_kind");
    for table in ["block", "sample", "block_sample", "series", "device", "metric", "quarantine", "archive_file"] {
        let query = format!("SELECT FROM signal.{table} LIMIT 0");
        assert_eq!(refused_by(portal.execute(AssertSqlSafe(query.clone())).await, &query), "42501");
    }
}
