//! Which parts a URL is for, and where each part begins.

use crate::model::people::Role;

/// A URL and whom it is for.
#[derive(Copy, Clone, Debug)]
pub struct PortalUrl {
    /// As the router matches it: `/patients/{id}`.
    pub path: &'static str,
    /// For whom.
    pub audience: Audience,
}

/// Whom a URL is for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Whoever comes, signed in or not.
    Everybody,
    /// Whoever is signed in.
    SignedIn,
    /// Accounts of these parts.
    Parts(&'static [Role]),
}

/// Where an account of a part begins.
pub(super) fn home_of(role: Role) -> &'static str {
    match role {
        Role::Provider => "/worklist",
        Role::Patient => "/me",
        Role::Moderator => "/moderation",
        Role::FrontDesk => "/schedule",
        Role::Biller => "/billing",
        Role::Analyst | Role::ClinicalQuality => "/analytics",
        Role::FacilityManager => "/centre",
        Role::PrivacyOfficer => "/audit",
        Role::Operator => "/operations",
        Role::NetworkAdmin => "/network",
    }
}
