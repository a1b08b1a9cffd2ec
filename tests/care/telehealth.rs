//! Visits by video: joined by a link that works once, for ten minutes, for one account, after consent.

use uuid::Uuid;

use super::practice::{Practice, hours_ahead, race};

/// A premium member's visit by video that has just begun, and the accounts of patient and provider.
pub(crate) async fn visit(practice: &mut Practice) -> (Uuid, Uuid, Uuid) {
    let member = practice.member("premium").await;
    let insert = practice.appointment(member, &hours_ahead(0, 120), "booked");
    let insert = insert.replace("(patient_id", "(mode, patient_id").replace("VALUES (", "VALUES ('telehealth', ");
    let appointment = practice.network.id(&insert).await;
    let (provider, patient) = (practice.provider, practice.account("patient", Some(member)).await);
    (appointment, patient, practice.account("provider", Some(provider)).await)
}

/// A link for an account.
async fn issue(practice: &mut Practice, account: Uuid, appointment: Uuid) -> String {
    practice.portal_rows(account, &format!("SELECT care.issue_join_token('{appointment}')")).await.remove(0)
}

#[tokio::test]
async fn a_link_is_used_once_by_its_account_while_it_lives() {
    let mut practice = Practice::new().await;
    let (appointment, patient, provider) = visit(&mut practice).await;
    let ask = format!("SELECT care.issue_join_token('{appointment}')");
    assert_eq!(practice.portal_refusal(patient, &ask).await, "telehealth_session_is_consented_to");
    let consent = format!("SELECT care.consent_to_telehealth('{appointment}')");
    assert_eq!(practice.portal_refusal(provider, &consent).await, "telehealth_session_is_ones_own");
    practice.portal(patient, &consent).await;
    let stranger = practice.member("premium").await;
    let stranger = practice.account("patient", Some(stranger)).await;
    assert_eq!(practice.portal_refusal(stranger, &ask).await, "telehealth_session_is_ones_own");

    let use_link = |secret: &str| format!("SELECT care.use_join_token('{secret}')");
    let first = issue(&mut practice, patient, appointment).await;
    assert_eq!(first.len(), 64);
    let second = issue(&mut practice, patient, appointment).await;
    for (account, secret) in [(patient, first.as_str()), (provider, &second), (stranger, &second), (patient, "made up")]
    {
        assert_eq!(practice.portal_refusal(account, &use_link(secret)).await, "join_token_is_good");
    }
    practice.portal(patient, &use_link(&second)).await;
    assert_eq!(practice.portal_refusal(patient, &use_link(&second)).await, "join_token_is_good", "a replay");
    let third = issue(&mut practice, patient, appointment).await;
    practice
        .network
        .run(
            "UPDATE care.join_token SET issued_at = now() - INTERVAL '10 minutes', expires_at = now()
              WHERE used_at IS NULL AND replaced_at IS NULL",
        )
        .await;
    assert_eq!(practice.portal_refusal(patient, &use_link(&third)).await, "join_token_is_good", "it has run out");
    let kept = format!("SELECT count(*)::text FROM care.join_token t WHERE t::text LIKE '%{third}%'");
    assert_eq!(practice.network.one(&kept).await, "0", "the secret is nowhere");
    let read = "SELECT count(*) FROM care.join_token";
    assert_eq!(practice.portal_refusal(patient, read).await, "42501");
}

#[tokio::test]
async fn of_eight_uses_of_one_link_one_joins() {
    let mut practice = Practice::new().await;
    let (appointment, patient, _) = visit(&mut practice).await;
    practice.portal(patient, &format!("SELECT care.consent_to_telehealth('{appointment}')")).await;
    let secret = issue(&mut practice, patient, appointment).await;
    let query =
        format!("SELECT care.use_join_token('{secret}')::text FROM set_config('healthtrack.actor', '{patient}', true)");
    let results = race(&practice.network, vec![query; 8]).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    let refused: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused, ["join_token_is_good"; 7]);
}

#[tokio::test]
async fn a_session_starts_with_its_provider_and_nobody_joins_after_its_end() {
    let mut practice = Practice::new().await;
    let (appointment, patient, provider) = visit(&mut practice).await;
    practice.portal(patient, &format!("SELECT care.consent_to_telehealth('{appointment}')")).await;
    let stop = format!("SELECT care.stop_telehealth('{appointment}')");
    assert_eq!(practice.portal_refusal(provider, &stop).await, "telehealth_session_is_ones_own", "not started");
    let state = "SELECT (started_at IS NOT NULL)::text || (stopped_at IS NOT NULL)::text FROM care.telehealth_session";
    for (account, expected) in [(patient, "falsefalse"), (provider, "truefalse")] {
        let secret = issue(&mut practice, account, appointment).await;
        practice.portal(account, &format!("SELECT care.use_join_token('{secret}')")).await;
        assert_eq!(practice.portal_rows(account, state).await, [expected]);
    }
    let late = issue(&mut practice, patient, appointment).await;
    practice.portal(provider, &stop).await;
    assert_eq!(practice.portal_rows(patient, state).await, ["truetrue"]);
    let join = format!("SELECT care.use_join_token('{late}')");
    assert_eq!(practice.portal_refusal(patient, &join).await, "join_token_is_good");
    let ask = format!("SELECT care.issue_join_token('{appointment}')");
    assert_eq!(practice.portal_refusal(patient, &ask).await, "telehealth_session_is_joined_in_time");
}

#[tokio::test]
async fn a_visit_by_video_has_one_session_and_is_joined_in_time() {
    let mut practice = Practice::new().await;
    let member = practice.member("premium").await;
    let account = practice.account("patient", Some(member)).await;
    let hold = practice.hold(member, &hours_ahead(2, 30));
    let hold = format!("{}, asked_mode => 'telehealth')", hold.strip_suffix(')').unwrap());
    practice.portal(account, &hold).await;
    let appointment = practice.network.id("SELECT appointment_id FROM care.appointment").await;
    let sessions = "SELECT count(*)::text FROM care.telehealth_session";
    assert_eq!(practice.network.one(sessions).await, "0", "a hold has none");
    let session = |patient, appointment| {
        format!(
            "INSERT INTO care.telehealth_session (patient_id, appointment_id) VALUES ('{patient}', '{appointment}')"
        )
    };
    let foreign = session(practice.patient, appointment);
    assert_eq!(practice.network.refusal(&foreign).await, "telehealth_session_appointment_fkey");
    practice.portal(account, &format!("SELECT care.confirm_appointment('{appointment}')")).await;
    assert_eq!(practice.network.one(sessions).await, "1");
    practice.portal(account, &format!("SELECT care.consent_to_telehealth('{appointment}')")).await;
    let ask = format!("SELECT care.issue_join_token('{appointment}')");
    assert_eq!(practice.portal_refusal(account, &ask).await, "telehealth_session_is_joined_in_time");

    let visit = practice.taken_over(practice.patient, &hours_ahead(5, 30), "booked").await;
    let (patient, other) = (practice.patient, member);
    for (bad, rule) in [
        (session(patient, visit), "telehealth_session_is_of_a_visit_by_video"),
        (session(other, appointment), "telehealth_session_is_one_of_each_visit"),
        (
            "UPDATE care.appointment SET mode = 'in_person' WHERE mode = 'telehealth'".to_owned(),
            "telehealth_session_is_of_a_visit_by_video",
        ),
        (
            "UPDATE care.telehealth_session SET consented_at = NULL, started_at = now()".to_owned(),
            "telehealth_session_starts_after_consent",
        ),
        (
            "UPDATE care.telehealth_session SET stopped_at = now()".to_owned(),
            "telehealth_session_stops_after_it_started",
        ),
    ] {
        assert_eq!(practice.network.refusal(&bad).await, rule, "{bad}");
    }
    let token = |lives: &str, used: &str, hash: &str| {
        format!(
            "INSERT INTO care.join_token (patient_id, telehealth_session_id, account_id, expires_at, used_at, token_hash)
             SELECT patient_id, telehealth_session_id, '{account}', now() + INTERVAL '{lives}', {used}, {hash}
             FROM care.telehealth_session"
        )
    };
    for (bad, rule) in [
        (token("11 minutes", "NULL", "sha256('a')"), "join_token_lives_ten_minutes"),
        (token("5 minutes", "now() + INTERVAL '6 minutes'", "sha256('a')"), "join_token_is_used_while_it_lives"),
        (token("5 minutes", "NULL", "'abc'"), "join_token_hash_is_sha256"),
    ] {
        assert_eq!(practice.network.refusal(&bad).await, rule, "{bad}");
    }
    practice.network.run(&token("5 minutes", "NULL", "sha256('a')")).await;
    assert_eq!(practice.network.refusal(&token("5 minutes", "NULL", "sha256('b')")).await, "join_token_is_the_latest");
}
