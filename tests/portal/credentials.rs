//! What is kept of passwords and links, and who may ask for it: each rule broken, each right refused to who has it not.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use crate::network::{Network, refused_by};

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21l$aGFzaGhhc2hoYXNoaGFzaGhhc2hoYXNoaGFzaGhhc2g";

#[tokio::test]
async fn each_rule_of_credentials_and_links_refuses_what_breaks_it() {
    let mut network = Network::new().await;
    let account = network.account("operator", None).await;
    let other = network.account("operator", None).await;
    network
        .run(&format!("INSERT INTO access.credential (account_id, password_hash) VALUES ('{account}', '{HASH}')"))
        .await;
    let credential = |of: &str, hash: &str| {
        format!("INSERT INTO access.credential (account_id, password_hash) VALUES ({of}, '{hash}')")
    };
    let invitation = |of: &str, ends: &str, hash: &str| {
        format!(
            "INSERT INTO access.invitation (account_id, expires_at, token_hash) VALUES ({of}, now() + INTERVAL '{ends}', {hash})"
        )
    };
    let (own, other) = (format!("'{account}'"), format!("'{other}'"));
    network.run(&invitation(&own, "1 day", "sha256('a')")).await;
    let bucket = "INSERT INTO access.sign_in_bucket (bucket, level, refilled_at) VALUES";
    network.run(&format!("{bucket} (sha256('b'), 1, now())")).await;
    for (statement, rule) in [
        (credential(&own, HASH), "credential_pkey"),
        (credential("gen_random_uuid()", HASH), "credential_account_fkey"),
        (credential(&other, "correct horse battery staple"), "credential_password_is_hashed"),
        (invitation(&own, "1 day", "sha256('a')"), "invitation_pkey"),
        (invitation("gen_random_uuid()", "1 day", "sha256('c')"), "invitation_account_fkey"),
        (invitation(&own, "32 days", "sha256('c')"), "invitation_ends"),
        (invitation(&own, "1 day", "'c'"), "invitation_token_is_a_digest"),
        (format!("{bucket} (sha256('b'), 1, now())"), "sign_in_bucket_pkey"),
        (format!("{bucket} ('b', 1, now())"), "sign_in_bucket_is_a_digest"),
        (format!("{bucket} (sha256('c'), -1, now())"), "sign_in_bucket_owes_nothing"),
        ("SELECT access.invite('nobody-has-this', sha256('d'), '1 day')".to_owned(), "account_may_sign_in"),
        (format!("SELECT access.accept_invitation(sha256('none'), '{HASH}')"), "invitation_stands"),
        (
            format!("SELECT access.keep_totp((SELECT login FROM access.account WHERE account_id = {other}), '1', 0)"),
            "account_has_a_password",
        ),
    ] {
        assert_eq!(network.refusal(&statement).await, rule, "{statement}");
    }
}

#[tokio::test]
async fn a_newer_link_takes_the_place_of_an_earlier_one_and_an_old_one_is_of_no_use() {
    let mut network = Network::new().await;
    network.account("operator", None).await;
    let login = network.one("SELECT login FROM access.account").await;
    for token in ["first", "second"] {
        network.run(&format!("SELECT access.invite('{login}', sha256('{token}'), '1 day')")).await;
    }
    let read = |token: &str| format!("SELECT coalesce(access.read_invitation(sha256('{token}')), 'none')");
    assert_eq!(network.one(&read("first")).await, "none");
    assert_eq!(network.one(&read("second")).await, login);
    network
        .run("UPDATE access.invitation SET made_at = now() - INTERVAL '2 days', expires_at = now() - INTERVAL '1 day'")
        .await;
    assert_eq!(network.one(&read("second")).await, "none");
    let refused = network.refusal(&format!("SELECT access.accept_invitation(sha256('second'), '{HASH}')")).await;
    assert_eq!(refused, "invitation_stands");
}

#[tokio::test]
async fn no_login_but_that_of_sign_in_asks_for_a_hash_and_none_reads_the_tables() {
    let network = Network::owned().await;
    let asks = [
        "SELECT * FROM access.begin_sign_in('x', 'y')".to_owned(),
        "SELECT access.end_sign_in('x', 'y', NULL, sha256('x'), '1 minute', '1 hour')".to_owned(),
        "SELECT access.note_failed_sign_in('x')".to_owned(),
        "SELECT access.read_invitation(sha256('x'))".to_owned(),
        format!("SELECT access.accept_invitation(sha256('x'), '{HASH}')"),
        "SELECT access.keep_totp('x', '1', 0)".to_owned(),
    ];
    let tables = ["credential", "invitation", "sign_in_bucket"].map(|table| format!("SELECT FROM access.{table}"));
    let inside = ["access.invite('x', sha256('x'), '1 day')", "access.take_guess(sha256('x'), 1, '1 second')"];
    let inside = inside.map(|call| format!("SELECT {call}"));
    for login in ["portal", "care", "ingest", "analyst", "auditor", "nobody"] {
        let mut connection = network.login(login).await;
        for statement in asks.iter().chain(&tables).chain(&inside) {
            let refused = refused_by(connection.execute(AssertSqlSafe(statement.clone())).await, statement);
            assert_eq!(refused, "42501", "{login}: {statement}");
        }
    }
    let mut connection = network.login("sign_in").await;
    for statement in tables.iter().chain(&inside) {
        assert_eq!(refused_by(connection.execute(AssertSqlSafe(statement.clone())).await, statement), "42501");
    }
    for statement in &asks {
        let mut transaction = connection.begin().await.unwrap();
        if let Err(error) = transaction.execute(AssertSqlSafe(statement.clone())).await {
            let code = error.as_database_error().and_then(|error| error.code()).unwrap_or_default().into_owned();
            assert_eq!(code, "HT001", "{statement}: {error}");
        }
    }
}

#[tokio::test]
async fn buckets_that_nobody_uses_any_more_are_forgotten() {
    let mut network = Network::new().await;
    network
        .run(
            "INSERT INTO access.sign_in_bucket (bucket, level, refilled_at, trusted_until)
             SELECT sha256(n::text::bytea), 1, now() - INTERVAL '2 days', CASE WHEN n > 5 THEN now() + INTERVAL '1 day' END
             FROM generate_series(1, 7) AS n;
             SELECT access.begin_sign_in('x', 'y')",
        )
        .await;
    let left = network.one("SELECT count(*)::text FROM access.sign_in_bucket").await;
    assert_eq!(left, "5", "three of this guess, and two that are trusted");
}

/// What a question about guesses gives, and afterwards how many buckets there are.
async fn guesses(network: &mut Network, statement: &str) -> (String, String) {
    let given = network.one(statement).await;
    (given, network.one("SELECT count(*)::text FROM access.sign_in_bucket").await)
}

#[tokio::test]
async fn one_address_uses_no_login_up_and_keeps_no_row_for_a_guess_that_is_refused() {
    let mut network = Network::new().await;
    let hammer = "SELECT (count(*) FILTER (WHERE wait_s > 0) > 200)::text
                  FROM generate_series(1, 300) AS n,
                       access.begin_sign_in(CASE WHEN n > 0 THEN 'victim' END, '198.51.100.1')";
    assert_eq!(guesses(&mut network, hammer).await, ("true".to_owned(), "3".to_owned()));
    let elsewhere = "SELECT wait_s::text FROM access.begin_sign_in('victim', '198.51.100.2')";
    assert_eq!(guesses(&mut network, elsewhere).await.0, "0", "one address cannot lock a login everywhere");
    let names =
        "SELECT count(*)::text FROM generate_series(1, 300) AS n, access.begin_sign_in('name' || n, '198.51.100.3')";
    let (_, buckets) = guesses(&mut network, names).await;
    // What stood, the address, and two for each of its 60 guesses and those that refilled while it ran.
    let buckets: u32 = buckets.parse().unwrap();
    assert!((126..300).contains(&buckets), "{buckets}");
}

#[tokio::test]
async fn who_signed_in_from_an_address_is_not_locked_out_by_who_sits_behind_it() {
    let mut network = Network::new().await;
    network
        .run(
            "SELECT access.begin_sign_in('nurse', 'ward'); SELECT access.end_guess('nurse', 'ward', NULL);
             UPDATE access.sign_in_bucket SET level = 0, refilled_at = now() + INTERVAL '1 hour'
             WHERE bucket IN (access.bucket_of('address', NULL, 'ward'), access.bucket_of('login', 'nurse', NULL))",
        )
        .await;
    assert_eq!(network.one("SELECT wait_s::text FROM access.begin_sign_in('nurse', 'ward')").await, "0");
    assert_ne!(network.one("SELECT wait_s::text FROM access.begin_sign_in('other', 'ward')").await, "0");
}

#[tokio::test]
async fn who_recovers_an_account_is_rid_of_every_other_way_into_it() {
    let mut network = Network::new().await;
    network.account("operator", None).await;
    let login = network.one("SELECT login FROM access.account").await;
    network
        .run(&format!(
            "SELECT access.invite('{login}', sha256('a'), '1 day');
             SELECT access.link_identity('{login}', 'https://id.example.org', 'intruder');
             INSERT INTO access.passkey (account_id, counter, name, public_key, credential_id)
             SELECT account_id, 0, 'intruder', sha256('key'), sha256('device') FROM access.account;
             SELECT access.accept_invitation(sha256('a'), '{HASH}')"
        ))
        .await;
    let linked = format!("SELECT access.has_identity('{login}', 'https://id.example.org')::text");
    assert_eq!(network.one(&linked).await, "false");
    assert_eq!(network.one("SELECT count(*)::text FROM access.passkey").await, "0");
}
