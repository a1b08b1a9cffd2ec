//! What is to be done by a plan: agreed with a provider, done by them or by the patient, who says how far it is.

use super::ward::{By, Ward};

/// A plan with a goal, and another plan with one.
async fn plans(ward: &mut Ward) -> (String, String, String) {
    let mut made = Vec::new();
    for title in ["Move more", "Sleep better"] {
        let plan = ward.put(&format!(
            "INSERT INTO care.care_plan (patient_id, provider_id, title) VALUES ('{{p}}', '{{a}}', '{title}')
             RETURNING care_plan_id"
        ));
        let plan = ward.network.id(&plan).await;
        let goal = ward.put(&format!(
            "INSERT INTO care.goal (patient_id, care_plan_id, title, unit, measure, comparator, target, per, pursued_during)
             VALUES ('{{p}}', '{plan}', '{title}', 'min', 'sum', 'at_least', 30, 'day',
                     daterange(current_date, current_date + 9)) RETURNING goal_id"
        ));
        made.push((plan.to_string(), ward.network.id(&goal).await.to_string()));
    }
    (made[0].0.clone(), made[0].1.clone(), made[1].1.clone())
}

#[tokio::test]
async fn a_provider_plans_and_the_patient_says_how_far_the_own_activities_are() {
    let mut ward = Ward::open().await;
    let (plan, goal, elsewhere) = plans(&mut ward).await;
    let add = |goal: &str, performer: &str| {
        format!("plan_activity('{plan}', {goal}, {performer}, 'exercise', 'Walk', current_date, current_date + 9)")
    };
    let other_goal = add(&format!("'{elsewhere}'"), "NULL");
    assert_eq!(ward.refuses(By::Author, &other_goal).await, "care_plan_activity_goal_is_of_its_plan");
    let own = add(&format!("'{goal}'"), "NULL");
    assert_eq!(ward.refuses(By::Patient, &own).await, "care_plan_activity_is_agreed_with_a_provider");
    let rule = ward.refuses(By::Stranger, &own).await;
    assert!(rule.ends_with("_is_given") || rule == "row_is_within_rights", "{rule}");
    let own = ward.key(By::Author, &own).await;
    let carers = ward.key(By::Author, &add("NULL", "'{a}'")).await;

    let say = |key, version: u32, status: &str, reason: &str| {
        format!("change_activity('{key}', {version}, '{status}', {reason})")
    };
    for (key, status, reason) in
        [(carers, "completed", "NULL"), (own, "cancelled", "'No time'"), (own, "in_progress", "'Slowly'")]
    {
        let call = say(key, 1, status, reason);
        assert_eq!(ward.refuses(By::Patient, &call).await, "care_plan_activity_is_agreed_with_a_provider", "{call}");
    }
    assert_eq!(ward.gives(By::Patient, &say(own, 1, "in_progress", "NULL")).await, ["(t,2)"]);
    assert_eq!(ward.gives(By::Second, &say(own, 1, "on_hold", "'Ill'")).await, ["(f,2)"], "somebody was faster");
    assert_eq!(ward.refuses(By::Second, &say(own, 2, "on_hold", "NULL")).await, "care_plan_activity_stop_says_why");
    assert_eq!(ward.gives(By::Stranger, &say(own, 2, "on_hold", "'x'")).await, [""; 0]);
    assert_eq!(ward.gives(By::Patient, &say(own, 2, "completed", "NULL")).await, ["(t,3)"]);
    for status in ["in_progress", "cancelled"] {
        let call = say(own, 3, status, "'x'");
        assert_eq!(ward.refuses(By::Author, &call).await, "care_plan_activity_that_is_over_stays", "{status}");
    }
    assert_eq!(ward.gives(By::Author, &say(own, 3, "entered_in_error", "'Of another'")).await, ["(t,4)"]);
    assert_eq!(
        ward.refuses(By::Author, &say(own, 4, "completed", "NULL")).await,
        "care_plan_activity_that_is_over_stays"
    );
    let read = ward.reads(By::Patient, "activities", "read_activities()").await.unwrap();
    assert_eq!(read.len(), 2, "{read:?}");
    assert_eq!(ward.reads(By::Stranger, "activities", "read_activities()").await, None);
    let kept = "SELECT string_agg(image ->> 'status', ' ' ORDER BY version) FROM care.record_version
                WHERE relation = 'care_plan_activity'";
    assert_eq!(ward.network.one(kept).await, "not_started in_progress completed");
}
