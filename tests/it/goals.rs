//! Goals are told from the hot table, and what is rolled leaves it: a roll changes no goal's progress.

use crate::roll::TestStack;

const PATIENT: &str = "0e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b";
const ACCOUNT: &str = "1e1f3c5a-7b9d-4e2f-8a1b-3c5d7e9f1a2b";

#[tokio::test]
async fn a_roll_changes_no_goals_progress() {
    let mut stack = TestStack::build().await;
    stack.put_some().await;
    let with = |measure: &str, metric: &str| {
        format!(
            "INSERT INTO care.goal (patient_id, title, metric, measure, comparator, target, per, pursued_during)
             VALUES ('{PATIENT}', 'x', '{metric}', '{measure}', 'at_least', 50, 'day', '[2024-03-01, 2024-04-01)');"
        )
    };
    let goals = [with("sum", "step_count"), with("maximum", "heart_rate"), with("count", "heart_rate")];
    stack
        .execute(&format!(
            "INSERT INTO care.patient (patient_id, born_on, sex, time_zone)
             VALUES ('{PATIENT}', '1980-05-17', 'female', 'America/Chicago');
             INSERT INTO access.account (account_id, patient_id, part, login)
             VALUES ('{ACCOUNT}', '{PATIENT}', 'patient', 'wearer');
             INSERT INTO care.wear (patient_id, device_key, worn_during)
             SELECT '{PATIENT}', device_key, '[2024-01-01,)' FROM signal.device WHERE device_id = 'watch-7';
             {}",
            goals.concat()
        ))
        .await;
    let before = progress(&mut stack).await;
    assert_eq!(before.iter().filter(|line| line.ends_with('t')).count(), 9, "three goals on three days: {before:?}");
    stack.roll();
    assert_eq!(stack.count("signal.block").await, 0);
    assert_eq!(progress(&mut stack).await, before);
    // Late, alone on its day, and then rolled as well.
    stack.put("watch-7", "heart_rate", None, "2024-03-05 23:00Z", &[199.0]).await;
    stack.roll();
    assert_eq!(progress(&mut stack).await, before, "what comes after its day was rolled is for the archive alone");
}

async fn progress(stack: &mut TestStack) -> Vec<String> {
    stack.execute(&format!("SET healthtrack.actor = '{ACCOUNT}'")).await;
    let query = "SELECT concat_ws(' ', metric, measure, bucket_on, parts, value, reached)
         FROM care.goal, care.goal_progress(goal_id, '2024-03-01', '2024-03-12') ORDER BY metric, measure, bucket_on";
    sqlx::query_scalar(query).fetch_all(&mut stack.connection).await.unwrap()
}
