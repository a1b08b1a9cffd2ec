//! Of the front desk: what each part gets of each URL.

use uuid::Uuid;

use super::Cell;
use crate::cast::Cast;
use crate::network::Network;

pub(super) const CELLS: &[Cell] = &[
    ("/schedule", "GET", "i nyynnnnnnnn"),
    ("/schedule/days/{day}", "GET", "i nyynnnnnnnn"),
    ("/schedule/days/{day}/rooms", "GET", "i nyynnnnnnnn"),
    ("/schedule/weeks/{day}", "GET", "i nyynnnnnnnn"),
    ("/schedule/visits/{appointment}", "GET", "i nyynnnnnnnn"),
    ("/schedule/book/{id}", "GET", "i nnynnnnnnnn"),
    ("/schedule/waiting", "GET", "i nnynnnnnnnn"),
    ("/schedule/tasks", "GET", "i nnynnnnnnnn"),
    ("/schedule/tasks/{desk_task}", "GET", "i nnynnnnnnnn"),
    ("/schedule/registrations", "GET", "i nnynnnnnnnn"),
    ("/schedule/registrations/{registration}", "GET", "i nnynnnnnnnn"),
    ("/patients/new", "GET", "i nnynnnnnnnn"),
];

/// When the day in Chicago ends.
pub(crate) const MIDNIGHT: &str =
    "(((now() AT TIME ZONE 'America/Chicago')::date + 1)::timestamp AT TIME ZONE 'America/Chicago')";

/// What its URLs name: a visit of today with the provider, a task of the desk, somebody who asks to be registered.
pub(super) async fn keys(cast: &mut Cast) -> Vec<(&'static str, String)> {
    let (patient, provider, facility) = (cast.patient, cast.provider, cast.facility);
    let network = &mut cast.house.network;
    opens_always(network, facility, provider).await;
    let visit = network
        .id(&format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status, reason)
             SELECT '{patient}', '{provider}', '{facility}', tstzrange(at, at + INTERVAL '30 minutes'), 'booked', 'A cough <b>'
             FROM (SELECT least(now() + INTERVAL '1 minute', {MIDNIGHT} - INTERVAL '1 minute')) AS visit (at)
             RETURNING appointment_id"
        ))
        .await;
    network
        .run(&format!(
            "INSERT INTO care.waitlist_entry (patient_id, facility_id, minutes, wanted_during)
             VALUES ('{patient}', '{facility}', 30, tstzrange(now() + INTERVAL '1 day', now() + INTERVAL '9 days'))"
        ))
        .await;
    let registration = network
        .id(&format!(
            "INSERT INTO access.registration_request (registration_request_id, facility_id, person)
             VALUES (gen_random_uuid(), '{facility}', '{{\"given\": \"Hanako <b>\", \"born_on\": \"1980-05-17\"}}')
             RETURNING registration_request_id"
        ))
        .await;
    let task = network
        .id(&format!(
            "INSERT INTO care.task (patient_id, pool, facility_id, kind, title)
             VALUES ('{patient}', 'front_desk', '{facility}', 'call_patient', 'Call <b>') RETURNING task_id"
        ))
        .await;
    let day = network.one("SELECT (now() AT TIME ZONE 'America/Chicago')::date::text").await;
    vec![
        ("{day}", day),
        ("{appointment}", visit.to_string()),
        ("{desk_task}", task.to_string()),
        ("{registration}", registration.to_string()),
    ]
}

/// A facility that is always open, and a provider who is always there.
pub(crate) async fn opens_always(network: &mut Network, facility: Uuid, provider: Uuid) {
    network
        .run(&format!(
            "INSERT INTO care.opening_hours (facility_id, weekday, opens_minute, closes_minute)
             SELECT '{facility}', weekday, 0, 1440 FROM generate_series(1, 7) weekday ON CONFLICT DO NOTHING;
             INSERT INTO care.affiliation (provider_id, facility_id, role, valid_during)
             VALUES ('{provider}', '{facility}', 'attending', '[2020-01-01,)') ON CONFLICT DO NOTHING;
             INSERT INTO care.availability (provider_id, facility_id, weekday, starts_minute, ends_minute, valid_during)
             SELECT '{provider}', '{facility}', weekday, 0, 1440, '[2020-01-01,)' FROM generate_series(1, 7) weekday
             ON CONFLICT DO NOTHING"
        ))
        .await;
}
