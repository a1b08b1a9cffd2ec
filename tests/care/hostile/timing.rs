//! How long an answer takes, and what the server does for it: the same of a stranger as of nobody.
//!
//! Time is compared by the lower quartile of calls that take turns, and again where it differs, since a machine is busy
//! with other things; a difference below half a millisecond is what no network shows (`schemas/access.md`). What the
//! server does is compared by the number of scans of each table, which the owner counts.

use std::time::{Duration, Instant};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

use super::scene::{Scene, Who};

/// Looks at somebody who is there, or is not. What changes a row by its key asks the policies only where one stands
/// there: that is one of the bounds.
pub(super) const CALLS: [&str; 5] = [
    "SELECT api.look('{token}', '{patient}', 'record', NULL)",
    "SELECT api.look('{token}', '{patient}', 'appointments', NULL)",
    "SELECT api.look('{token}', '{patient}', 'invoices', NULL)",
    "SELECT api.look('{token}', '{patient}', 'journal', NULL)",
    "SELECT api.look('{token}', '{patient}', 'samples/heart_rate', NULL)",
];
/// Calls of each kind.
const CALLS_EACH: usize = 60;
/// How often a difference has to be seen.
const MEASURED: usize = 3;
/// What no network shows.
const UNSEEN: Duration = Duration::from_micros(500);

/// Calls whose time tells a stranger from nobody, as often as it is measured.
pub(super) async fn by_time(scene: &Scene) -> Vec<String> {
    let mut login = scene.login(Who::Provider).await.unwrap();
    let mut told = Vec::new();
    for call in CALLS {
        let statements = [true, false].map(|is_there| scene.put(call, Who::Provider, is_there));
        let mut apart = Vec::new();
        while apart.len() < MEASURED {
            let [there, absent] = times(&mut login, &statements).await;
            if there.abs_diff(absent) < UNSEEN || there.max(absent) < there.min(absent).mul_f64(1.5) {
                break;
            }
            apart.push((there, absent));
        }
        if apart.len() == MEASURED {
            told.push(format!("{call}: {apart:?}"));
        }
    }
    told
}

/// The lower quartile of each of two statements.
async fn times(login: &mut PgConnection, statements: &[String; 2]) -> [Duration; 2] {
    let mut took = [Vec::new(), Vec::new()];
    for turn in 0..2 * CALLS_EACH {
        // Each follows the other as often as itself.
        let which = usize::from(turn % 4 == 1 || turn % 4 == 2);
        let begun = Instant::now();
        let _ = login.execute(AssertSqlSafe(statements[which].clone())).await;
        took[which].push(begun.elapsed());
    }
    took.map(|mut took| {
        took.sort();
        took[CALLS_EACH / 4]
    })
}

/// Calls for which the server scans other tables, or oftener, for a stranger's key than for one of nothing.
pub(super) async fn by_scans(scene: &Scene) -> Vec<String> {
    let mut owner = scene.network.connection().await;
    let mut told = Vec::new();
    for call in CALLS {
        let mut scans = Vec::new();
        for is_there in [true, false, true, false] {
            scans.push(scans_of(&mut owner, &scene.put(call, Who::Provider, is_there)).await);
        }
        // The first two calls make what a session keeps.
        if scans[2] != scans[3] {
            told.push(format!("{call}: {} is not {}", scans[2], scans[3]));
        }
    }
    told
}

/// How often a statement scans each table.
async fn scans_of(owner: &mut PgConnection, statement: &str) -> String {
    let counted = "SELECT coalesce(string_agg(relname || ' ' || coalesce(seq_scan, 0) + coalesce(idx_scan, 0), ', '
                                              ORDER BY relname), '')
                   FROM pg_stat_xact_all_tables
                   WHERE schemaname IN ('care', 'access', 'signal') AND coalesce(seq_scan, 0) + coalesce(idx_scan, 0) > 0";
    let mut counts = Vec::new();
    let mut transaction = owner.begin().await.unwrap();
    for counts_what_was_before in [true, false] {
        if !counts_what_was_before {
            transaction.execute("SAVEPOINT a").await.unwrap();
            // An event takes its chain by chance: here the same one each time.
            transaction.execute("SELECT setseed(0.5)").await.unwrap();
            let _ = transaction.execute(AssertSqlSafe(statement.to_owned())).await;
            transaction.execute("ROLLBACK TO a").await.unwrap();
        }
        counts.push(sqlx::query_scalar::<_, String>(counted).fetch_one(&mut *transaction).await.unwrap());
    }
    transaction.rollback().await.unwrap();
    subtracted(&counts[1], &counts[0])
}

/// Counts of tables, less those of before.
fn subtracted(after: &str, before: &str) -> String {
    let count = |counts: &str, table: &str| -> i64 {
        let of = counts.split(", ").filter_map(|count| count.split_once(' ')).find(|(name, _)| *name == table);
        of.map_or(0, |(_, count)| count.parse().unwrap())
    };
    let tables = after.split(", ").filter_map(|count| count.split_once(' ')).map(|(name, _)| name);
    let differences = tables.map(|table| (table, count(after, table) - count(before, table)));
    differences.filter(|(_, scans)| *scans > 0).map(|(table, scans)| format!("{table} {scans} ")).collect()
}
