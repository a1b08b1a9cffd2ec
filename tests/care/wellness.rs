//! What the tests of plans, programmes, journal and community share: accounts to act as, samples, and dice.

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};
use uuid::Uuid;

use super::network::{Network, refused_by};

impl Network {
    /// The account of a patient, made at the first call.
    pub(crate) async fn patient_account(&mut self, patient: Uuid) -> Uuid {
        self.id(&format!(
            "INSERT INTO access.account (patient_id, part, login) VALUES ('{patient}', 'patient', 'p{patient}')
             ON CONFLICT (login) DO UPDATE SET login = excluded.login RETURNING account_id"
        ))
        .await
    }

    /// The account of a provider, made at the first call.
    pub(crate) async fn provider_account(&mut self, provider: Uuid) -> Uuid {
        self.id(&format!(
            "INSERT INTO access.account (provider_id, part, login) VALUES ('{provider}', 'provider', 'd{provider}')
             ON CONFLICT (login) DO UPDATE SET login = excluded.login RETURNING account_id"
        ))
        .await
    }

    /// An account of a part that is no person's: moderator, analyst, operator …, or the desk or biller of a facility.
    pub(crate) async fn staff_account(&mut self, part: &str, facility: Option<Uuid>) -> Uuid {
        let facility = facility.map_or("NULL".to_owned(), |facility| format!("'{facility}'"));
        self.id(&format!(
            "INSERT INTO access.account (facility_id, part, login) VALUES ({facility}, '{part}', '{part}-' || gen_random_uuid())
             RETURNING account_id"
        ))
        .await
    }

    /// From now on a provider cares for a patient.
    pub(crate) async fn care(&mut self, provider: Uuid, patient: Uuid) {
        self.run(&format!(
            "INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis)
             VALUES ('{patient}', '{provider}', '[2020-01-01,)', 'care_team')"
        ))
        .await;
    }

    /// What follows on this connection is done as the portal, on behalf of an account.
    pub(crate) async fn act(&mut self, account: Uuid) {
        act(&mut self.sql, account).await;
    }

    /// What follows on this connection is done as the superuser again, on behalf of nobody.
    pub(crate) async fn rest(&mut self) {
        self.run("RESET ROLE; RESET healthtrack.actor").await;
    }

    /// A device that is known.
    pub(crate) async fn device(&mut self, name: &str) -> i32 {
        self.run(&format!(
            "INSERT INTO signal.device (device_id, added_at, added_by) VALUES ('{name}', now(), 'operator')"
        ))
        .await;
        self.one(&format!("SELECT device_key::text FROM signal.device WHERE device_id = '{name}'"))
            .await
            .parse()
            .unwrap()
    }

    /// A patient wears a device for a period.
    pub(crate) async fn wear(&mut self, patient: Uuid, device: i32, period: &str) {
        self.run(&format!(
            "INSERT INTO care.wear (patient_id, device_key, worn_during) VALUES ('{patient}', {device}, '{period}')"
        ))
        .await;
    }

    /// Plain samples of a device, each with its moment.
    pub(crate) async fn measure(&mut self, device: i32, metric: &str, samples: &[(String, f64)]) {
        let rows: Vec<String> = samples.iter().map(|(at, value)| format!("('{at}'::timestamptz, {value})")).collect();
        self.run(&format!(
            "INSERT INTO signal.series (device_key, metric_id)
                 SELECT {device}, metric_id FROM signal.metric WHERE name = '{metric}' ON CONFLICT DO NOTHING;
             CREATE TEMP TABLE told (at timestamptz, value double precision);
             INSERT INTO told VALUES {};
             SELECT signal.ensure_chunk(day) FROM (SELECT DISTINCT (at AT TIME ZONE 'UTC')::date AS day FROM told) AS d;
             INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
                 SELECT at, at, 1, series_id, ARRAY[value] FROM told, signal.series JOIN signal.metric USING (metric_id)
                 WHERE device_key = {device} AND name = '{metric}' AND statistic IS NULL;
             DROP TABLE told",
            rows.join(", ")
        ))
        .await;
    }
}

/// What follows on a connection is done as the portal, on behalf of an account.
pub(crate) async fn act(sql: &mut PgConnection, account: Uuid) {
    let statements = format!("SET ROLE healthtrack_care; SET healthtrack.actor = '{account}'");
    sql.execute(AssertSqlSafe(statements)).await.unwrap();
}

/// What becomes of one statement on each connection, all at once: the text that it gives, or the rule that refuses it.
pub(crate) async fn race(clients: Vec<(PgConnection, String)>) -> Vec<Result<String, String>> {
    let mut running = tokio::task::JoinSet::new();
    for (mut sql, statement) in clients {
        running.spawn(async move {
            let done: Result<Option<String>, _> =
                sqlx::query_scalar(AssertSqlSafe(statement.clone())).fetch_one(&mut sql).await;
            match done {
                Ok(text) => Ok(text.unwrap_or_default()),
                refused => Err(refused_by(refused, &statement)),
            }
        });
    }
    running.join_all().await
}

/// Dice that fall the same for the same seed (SplitMix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number below a bound.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }

    /// One of some.
    pub(crate) fn one<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[usize::try_from(self.below(some.len() as u64)).unwrap()]
    }
}
