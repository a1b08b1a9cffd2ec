//! For who counts, watches and manages.

/// A table of figures.
mod figure;

/// Of which facility and time.
mod analytics_question;

/// Which tables there are.
mod analytics_tables;

/// Tables of people by where they are seen.
mod analytics_seen;

/// Tables of the own facility.
mod analytics_own;

/// How care goes, in counts of many.
mod analytics;

/// What was done, by whom.
mod audit;

/// What waits for the privacy officer.
mod decisions;

/// How the daemon fares.
mod operations;

/// Whether the server could be restored.
mod backup_sign;

/// The own facility, as its manager keeps it.
mod centre;

/// Kinds of what is kept there.
mod centre_part;

/// What it offers, who works there, programmes.
mod centre_kept;

/// Departments, rooms, equipment and outages, as kinds.
mod centre_place;

/// The same as pages.
mod centre_premises;

/// Who may sign in.
mod network_accounts;

/// Facilities and providers by name.
mod network_named;

/// Proposals and lists of words.
mod network;

/// Places of the network.
mod network_facilities;

/// Who gives care, and by which right.
mod network_providers;

/// Degrees and licences.
mod network_credentials;

/// Of whom the network is made.
mod network_organisations;

/// Who insures.
mod network_insurers;

/// What things cost.
mod network_prices;

use axum::routing::{get, post};

use crate::model::people::Role;
use crate::portal::page::{PortalPage, at};
use crate::portal::urls::Audience;

const COUNTING: Audience = Audience::Parts(&[Role::Analyst, Role::ClinicalQuality, Role::FacilityManager]);
const OFFICER: Audience = Audience::Parts(&[Role::PrivacyOfficer]);
const OPERATOR: Audience = Audience::Parts(&[Role::Operator]);
const MANAGER: Audience = Audience::Parts(&[Role::FacilityManager]);
const ADMINISTRATOR: Audience = Audience::Parts(&[Role::NetworkAdmin]);

/// Its pages.
pub(super) fn pages() -> Vec<PortalPage> {
    vec![
        at("/analytics", COUNTING, get(analytics::get)),
        at("/analytics/{table}", COUNTING, get(analytics::get_file)),
        at("/audit", OFFICER, get(audit::get)),
        at("/audit/unexplained", OFFICER, get(audit::get_unexplained)),
        at("/audit/emergencies", OFFICER, get(decisions::get_emergencies)),
        at("/audit/emergencies/{emergency}", OFFICER, get(decisions::get_emergency).post(decisions::post_emergency)),
        at("/audit/erasures", OFFICER, get(decisions::get_erasures)),
        at("/audit/erasures/{erasure}", OFFICER, get(decisions::get_erasure).post(decisions::post_erasure)),
        at("/operations", OPERATOR, get(operations::get)),
        at("/centre", MANAGER, get(centre::get)),
        at("/centre/facility", MANAGER, get(centre::get_facility).post(centre::post_facility)),
        at("/centre/hours", MANAGER, get(centre::get_hours).post(centre::post_hours)),
        at("/centre/premises/{premises}", MANAGER, get(centre_premises::get).post(centre_premises::post)),
        at(
            "/centre/premises/{premises}/{thing}",
            MANAGER,
            get(centre_premises::get_one).post(centre_premises::post_one),
        ),
        at("/centre/{part}", MANAGER, get(centre_kept::get).post(centre_kept::post)),
        at("/centre/{part}/{row}", MANAGER, get(centre_kept::get_one).post(centre_kept::post_one)),
        at("/network", ADMINISTRATOR, get(network::get).post(network::post)),
        at("/network/proposals/{proposal}", ADMINISTRATOR, post(network::post_proposal)),
        at("/network/accounts", ADMINISTRATOR, get(network_accounts::get).post(network_accounts::post)),
        at(
            "/network/accounts/{account}",
            ADMINISTRATOR,
            get(network_accounts::get_one).post(network_accounts::post_one),
        ),
        at(
            "/network/facilities",
            ADMINISTRATOR,
            get(network_facilities::get_facilities).post(network_facilities::post_facilities),
        ),
        at(
            "/network/facilities/{facility}",
            ADMINISTRATOR,
            get(network_facilities::get_facility).post(network_facilities::post_facility),
        ),
        at(
            "/network/providers",
            ADMINISTRATOR,
            get(network_providers::get_providers).post(network_providers::post_providers),
        ),
        at(
            "/network/providers/{colleague}",
            ADMINISTRATOR,
            get(network_providers::get_provider).post(network_providers::post_provider),
        ),
        at("/network/organisations", ADMINISTRATOR, get(network_organisations::get).post(network_organisations::post)),
        at(
            "/network/organisations/{organisation}",
            ADMINISTRATOR,
            get(network_organisations::get_one).post(network_organisations::post_one),
        ),
        at("/network/insurers", ADMINISTRATOR, get(network_insurers::get).post(network_insurers::post)),
        at(
            "/network/insurers/{insurer}",
            ADMINISTRATOR,
            get(network_insurers::get_one).post(network_insurers::post_one),
        ),
        at("/network/prices", ADMINISTRATOR, get(network_prices::get).post(network_prices::post)),
        at("/network/prices/{price}", ADMINISTRATOR, get(network_prices::get_one).post(network_prices::post_one)),
        at("/network/words", ADMINISTRATOR, get(network::get_words).post(network::post_words)),
    ]
}
