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
    ("/centre/premises/{premises}", "GET", "i nnnnnnnnynn"),
    ("/centre/premises/{premises}/{thing}", "GET", "i nnnnnnnnynn"),
    ("/centre/{part}", "GET", "i nnnnnnnnynn"),
    ("/centre/{part}/{row}", "GET", "i nnnnnnnnynn"),
    ("/network", "GET", "i nnnnnnnnnyn"),
    ("/network/proposals/{proposal}", "POST", "i nnnnnnnnnun"),
    ("/network/accounts", "GET", "i nnnnnnnnnyn"),
    ("/network/accounts/{account}", "GET", "i nnnnnnnnnyn"),
    ("/network/facilities", "GET", "i nnnnnnnnnyn"),
    ("/network/facilities/{facility}", "GET", "i nnnnnnnnnyn"),
    ("/network/providers", "GET", "i nnnnnnnnnyn"),
    ("/network/providers/{colleague}", "GET", "i nnnnnnnnnyn"),
    ("/network/organisations", "GET", "i nnnnnnnnnyn"),
    ("/network/organisations/{organisation}", "GET", "i nnnnnnnnnyn"),
    ("/network/insurers", "GET", "i nnnnnnnnnyn"),
    ("/network/insurers/{insurer}", "GET", "i nnnnnnnnnyn"),
    ("/network/prices", "GET", "i nnnnnnnnnyn"),
    ("/network/prices/{price}", "GET", "i nnnnnnnnnyn"),
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
    let department = format!(
        "INSERT INTO care.department (facility_id, kind, name) VALUES ('{}', 'cardiology', 'Heart <b>')
         RETURNING department_id",
        cast.facility
    );
    let organisation = format!(
        "INSERT INTO care.organisation (name, kind) VALUES ('Prairie <b> of {}', 'legal_entity') RETURNING organisation_id",
        cast.facility
    );
    let insurer =
        format!("INSERT INTO care.insurer (name) VALUES ('Mutual <b> of {}') RETURNING insurer_id", cast.facility);
    network
        .run(
            "INSERT INTO care.charge_code (charge_code, title, unit_price, currency) VALUES ('X-1', 'X <b>', 1, 'USD')
             ON CONFLICT DO NOTHING",
        )
        .await;
    vec![
        ("{premises}", "departments".to_owned()),
        ("{thing}", network.id(&department).await.to_string()),
        ("{colleague}", provider.to_string()),
        ("{organisation}", network.id(&organisation).await.to_string()),
        ("{insurer}", network.id(&insurer).await.to_string()),
        ("{price}", "X-1".to_owned()),
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
