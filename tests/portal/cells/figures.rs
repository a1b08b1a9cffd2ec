//! Of who counts, watches and manages: what each part gets of each URL.

use healthtrack::model::people::Role;

use super::Cell;
use crate::cast::Cast;

pub(super) const CELLS: &[Cell] = &[
    ("/analytics", "GET", "i nnnnnynnyny"),
    ("/analytics/{table}", "GET", "i nnnnnynnyny"),
    ("/audit", "GET", "i nnnnnnynnnn"),
    ("/audit/unexplained", "GET", "i nnnnnnynnnn"),
    ("/audit/emergencies", "GET", "i nnnnnnynnnn"),
    ("/audit/emergencies/{emergency}", "GET", "i nnnnnnynnnn"),
    ("/audit/erasures", "GET", "i nnnnnnynnnn"),
    ("/audit/erasures/{erasure}", "GET", "i nnnnnnynnnn"),
    ("/operations", "GET", "i nnnnnnnynnn"),
    ("/centre", "GET", "i nnnnnnnnynn"),
    ("/centre/facility", "GET", "i nnnnnnnnynn"),
    ("/centre/hours", "GET", "i nnnnnnnnynn"),
    ("/centre/{part}", "GET", "i nnnnnnnnynn"),
    ("/centre/{part}/{row}", "GET", "i nnnnnnnnynn"),
    ("/network", "GET", "i nnnnnnnnnyn"),
    ("/network/proposals/{proposal}", "POST", "i nnnnnnnnnun"),
    ("/network/accounts", "GET", "i nnnnnnnnnyn"),
    ("/network/accounts/{account}", "GET", "i nnnnnnnnnyn"),
    ("/network/facilities", "GET", "i nnnnnnnnnyn"),
    ("/network/facilities/{facility}", "GET", "i nnnnnnnnnyn"),
    ("/network/words", "GET", "i nnnnnnnnnyn"),
];

/// What its URLs name.
pub(super) async fn keys(cast: &mut Cast) -> Vec<(&'static str, String)> {
    let (patient, provider) = (cast.house.network.patient().await, cast.provider);
    let desk = cast.account(Role::FrontDesk);
    let network = &mut cast.house.network;
    let emergency = format!(
        "INSERT INTO access.care_relationship (patient_id, provider_id, valid_during, basis, reason)
         VALUES ('{patient}', '{provider}', tstzrange(now(), now() + INTERVAL '1 hour'), 'emergency', 'Found <b>')
         RETURNING care_relationship_id"
    );
    // What the patient has asked for by the own page.
    let erasure = "SELECT erasure_request_id FROM access.erasure_request WHERE patient_id =";
    let erasure = format!("{erasure} '{}'", cast.patient);
    let service = format!(
        "INSERT INTO care.facility_service (facility_id, name) VALUES ('{}', 'Yoga <b>') RETURNING facility_service_id",
        cast.facility
    );
    vec![
        ("{proposal}", patient.to_string()),
        ("{account}", desk.to_string()),
        ("{facility}", cast.facility.to_string()),
        ("{part}", "services".to_owned()),
        ("{row}", network.id(&service).await.to_string()),
        ("{table}", "ratings.csv".to_owned()),
        ("{emergency}", network.id(&emergency).await.to_string()),
        ("{erasure}", network.id(&erasure).await.to_string()),
    ]
}
