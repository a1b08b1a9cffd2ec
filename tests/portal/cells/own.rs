//! Of a patient's own: what each part gets of each URL.

use healthtrack::model::people::Role;

use super::Cell;
use crate::cast::Cast;
use crate::own_journal::hidden;
use crate::own_plan::{open_programme, own_goal};
use crate::{own_bills, own_community, own_glucose};

pub(super) const CELLS: &[Cell] = &[
    ("/me", "GET", "i ynnnnnnnnnn"),
    ("/me/vitals", "GET", "i ynnnnnnnnnn"),
    ("/me/vitals/live", "GET", "n nnnnnnnnnnn"),
    ("/me/vitals/glucose", "GET", "i ynnnnnnnnnn"),
    ("/me/record", "GET", "i ynnnnnnnnnn"),
    ("/me/record/results", "GET", "i ynnnnnnnnnn"),
    ("/me/record/results/{result}", "GET", "i ynnnnnnnnnn"),
    ("/me/appointments", "GET", "i ynnnnnnnnnn"),
    ("/me/appointments/find", "GET", "i ynnnnnnnnnn"),
    ("/me/appointments/hold", "POST", "i unnnnnnnnnn"),
    ("/me/appointments/{appointment}", "GET", "i ynnnnnnnnnn"),
    ("/me/appointments/{appointment}/confirm", "POST", "i rnnnnnnnnnn"),
    ("/me/appointments/{appointment}/cancel", "POST", "i unnnnnnnnnn"),
    ("/me/appointments/{appointment}/consent", "POST", "i unnnnnnnnnn"),
    ("/me/appointments/{appointment}/join", "POST", "i unnnnnnnnnn"),
    ("/me/appointments/{appointment}/review", "POST", "i unnnnnnnnnn"),
    ("/me/appointments/{appointment}/move", "GET", "i ynnnnnnnnnn"),
    ("/me/waitlist", "GET", "i ynnnnnnnnnn"),
    ("/me/waitlist/{place}/leave", "POST", "i rnnnnnnnnnn"),
    ("/me/plan", "GET", "i ynnnnnnnnnn"),
    ("/me/plan/{goal}/note", "POST", "i unnnnnnnnnn"),
    ("/me/programmes", "GET", "i ynnnnnnnnnn"),
    ("/me/programmes/{programme}", "GET", "i ynnnnnnnnnn"),
    ("/me/programmes/{programme}/enrol", "POST", "i rnnnnnnnnnn"),
    ("/me/programmes/{programme}/withdraw", "POST", "i rnnnnnnnnnn"),
    ("/me/membership", "GET", "i ynnnnnnnnnn"),
    ("/me/access", "GET", "i ynnnnnnnnnn"),
    ("/me/journal", "GET", "i ynnnnnnnnnn"),
    ("/me/journal/{entry}", "GET", "i ynnnnnnnnnn"),
    ("/me/journal/{entry}/unshare", "POST", "i nnnnnnnnnnn"),
    ("/me/sharing", "GET", "i ynnnnnnnnnn"),
    ("/me/sharing/find", "POST", "i unnnnnnnnnn"),
    ("/me/sharing/end", "POST", "i nnnnnnnnnnn"),
    ("/me/bills", "GET", "i ynnnnnnnnnn"),
    ("/me/bills/{bill}", "GET", "i ynnnnnnnnnn"),
    ("/me/messages", "GET", "i ynnnnnnnnnn"),
    ("/me/messages/{thread}", "GET", "i ynnnnnnnnnn"),
    ("/me/messages/{thread}/retract", "POST", "i nnnnnnnnnnn"),
    ("/me/messages/{thread}/close", "POST", "i rnnnnnnnnnn"),
    ("/me/community", "GET", "i ynnnnnnnnnn"),
    ("/me/community/{space}", "GET", "i ynnnnnnnnnn"),
    ("/me/community/{space}/{post}", "GET", "i ynnnnnnnnnn"),
    ("/me/community/{space}/{post}/support", "POST", "i rnnnnnnnnnn"),
    ("/me/community/{space}/{post}/report", "POST", "i unnnnnnnnnn"),
    ("/me/community/{space}/leave", "POST", "i rnnnnnnnnnn"),
    ("/me/export", "GET", "i ynnnnnnnnnn"),
    ("/me/export/record", "POST", "i ynnnnnnnnnn"),
    ("/me/export/samples", "POST", "i unnnnnnnnnn"),
    ("/me/erasure", "GET", "i ynnnnnnnnnn"),
    ("/me/erasure/withdraw", "POST", "i nnnnnnnnnnn"),
    ("/moderation", "GET", "i nnnnynnnnnn"),
    ("/moderation/reviews", "GET", "i nnnnynnnnnn"),
];

/// What its URLs name.
pub(super) async fn keys(cast: &mut Cast) -> Vec<(&'static str, String)> {
    let (patient, provider, facility) = (cast.patient, cast.provider, cast.facility);
    let visit = cast
        .house
        .network
        .id(&format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status, reason)
             VALUES ('{patient}', '{provider}', '{facility}',
                     tstzrange(now() + INTERVAL '3 days', now() + INTERVAL '3 days 1 hour'), 'booked', 'A <b>cough</b>')
             RETURNING appointment_id"
        ))
        .await;
    // Somewhere else than the desk's own: one waits once at a place.
    let elsewhere = cast.house.network.facility("IL", "clinic").await;
    let entry = cast
        .house
        .network
        .id(&format!(
            "INSERT INTO care.waitlist_entry (patient_id, facility_id, minutes, wanted_during)
             VALUES ('{patient}', '{elsewhere}', 30, tstzrange(now(), now() + INTERVAL '30 days'))
             RETURNING waitlist_entry_id"
        ))
        .await;
    own_glucose::of_cast(&mut cast.house.network, patient).await;
    let goal = own_goal(&mut cast.house.network, patient).await;
    let programme = open_programme(&mut cast.house.network, 9).await;
    let mut keys = vec![
        ("{appointment}", visit.to_string()),
        ("{place}", entry.to_string()),
        ("{goal}", goal.to_string()),
        ("{programme}", programme.to_string()),
    ];
    keys.extend(kept(cast).await);
    keys
}

/// What a patient keeps, shares and writes.
async fn kept(cast: &mut Cast) -> Vec<(&'static str, String)> {
    let own = cast.browser(Role::Patient).await;
    let entry = hidden(&own.get("/me/journal").await.body, "entry");
    own.post("/me/journal", &[("entry", &entry), ("words", "Slept <badly>"), ("mood", "2")]).await;
    own.post(&format!("/me/journal/{entry}"), &[("provider", &cast.provider.to_string())]).await;
    let bill = own_bills::of_cast(cast).await.to_string();
    let form = [("with", "all"), ("category", "other"), ("subject", "Hello <b>"), ("body", "Are you there?")];
    own.post("/me/messages", &form).await;
    let thread = "SELECT message_thread_id::text FROM care.message_thread WHERE patient_id =";
    let thread = cast.house.network.one(&format!("{thread} '{}'", cast.patient)).await;
    let (space, post) = own_community::of_cast(cast).await;
    own.post("/me/erasure", &[("reason", "I move <away>"), ("sure", "on")]).await;
    vec![("{entry}", entry), ("{bill}", bill), ("{thread}", thread), ("{space}", space), ("{post}", post)]
}
