//! What stands around each page: title, menu, and who is signed in.

use super::assets;
use super::words::chart::CHART;
use super::words::own::OWN;
use super::words::record::RECORD;
use super::words::register::REGISTER;
use super::words::share::SHARE;
use super::words::{WORDS, Words};
use crate::model::people::Role;

/// Around a page.
#[derive(Clone, Debug)]
pub(super) struct Shell {
    /// Of the page.
    pub(super) title: String,
    /// Every text.
    pub(super) words: &'static Words,
    /// Stylesheet, script and icon.
    pub(super) style: String,
    pub(super) script: String,
    pub(super) icon: String,
    /// What has just been done.
    pub(super) done: Option<&'static str>,
    /// Who is signed in; `None` where nobody is, or nobody may tell.
    pub(super) who: Option<SignedIn>,
}

/// A path and what it is called.
type MenuLine = (&'static str, &'static str);

/// Who is signed in.
#[derive(Clone, Debug)]
pub(super) struct SignedIn {
    /// By name.
    pub(super) name: String,
    /// As what.
    pub(super) part: &'static str,
    /// For forms of browsers that do not tell where a form comes from.
    pub(super) form_token: String,
    /// The menu.
    pub(super) menu: Vec<MenuLine>,
    /// What stands behind it in groups, where it would be long.
    pub(super) groups: Vec<(&'static str, Vec<MenuLine>)>,
}

impl Shell {
    /// Where nobody is signed in.
    pub(super) fn plain(title: &str) -> Shell {
        Shell {
            title: title.to_owned(),
            words: &WORDS,
            style: assets::style(),
            script: assets::script(),
            icon: assets::icon(),
            done: None,
            who: None,
        }
    }

    /// The same for somebody.
    pub(super) fn of(title: &str, who: SignedIn) -> Shell {
        Shell { who: Some(who), ..Shell::plain(title) }
    }
}

/// What has just been done, by the word that the page before left in the URL.
pub(super) fn done(word: &str) -> Option<&'static str> {
    match word {
        "saved" => Some(WORDS.done_saved),
        "ended" => Some(WORDS.done_ended),
        "sent" => Some(WORDS.done_sent),
        "signed" => Some(WORDS.done_signed),
        "removed" => Some(WORDS.done_removed),
        "booked" => Some(WORDS.done_booked),
        "cancelled" => Some(WORDS.done_cancelled),
        "paid" => Some(WORDS.done_paid),
        "shared" => Some(WORDS.done_shared),
        _ => None,
    }
}

/// The menu of a part: paths and what they are called.
pub(super) fn menu_of(role: Role) -> Vec<MenuLine> {
    match role {
        Role::Provider => vec![
            ("/worklist", CHART.worklist),
            ("/patients", WORDS.menu_patients),
            ("/schedule", WORDS.menu_schedule),
            ("/account", WORDS.menu_account),
        ],
        Role::FrontDesk => vec![
            ("/schedule", WORDS.menu_schedule),
            ("/patients/new", WORDS.menu_register),
            ("/schedule/registrations", REGISTER.menu),
            ("/schedule/waiting", WORDS.menu_waiting),
            ("/schedule/tasks", WORDS.menu_tasks),
            ("/account", WORDS.menu_account),
        ],
        Role::Biller => vec![
            ("/billing", WORDS.menu_billing),
            ("/billing/visits", WORDS.menu_visits),
            ("/billing/claims", WORDS.menu_claims),
            ("/account", WORDS.menu_account),
        ],
        Role::Patient => vec![
            ("/me", WORDS.menu_me),
            ("/me/vitals", WORDS.menu_vitals),
            ("/me/appointments", OWN.menu_appointments),
            ("/me/messages", SHARE.messages_title),
        ],
        Role::Moderator => vec![
            ("/moderation", SHARE.moderation_title),
            ("/moderation/reviews", SHARE.reviews_title),
            ("/account", WORDS.menu_account),
        ],
        Role::Analyst | Role::ClinicalQuality => {
            vec![("/analytics", WORDS.menu_analytics), ("/account", WORDS.menu_account)]
        }
        Role::FacilityManager => {
            vec![("/centre", WORDS.menu_centre), ("/analytics", WORDS.menu_analytics), ("/account", WORDS.menu_account)]
        }
        Role::PrivacyOfficer => vec![("/audit", WORDS.menu_audit), ("/account", WORDS.menu_account)],
        Role::Operator => vec![("/operations", WORDS.menu_operations), ("/account", WORDS.menu_account)],
        Role::NetworkAdmin => vec![("/network", WORDS.menu_network), ("/account", WORDS.menu_account)],
    }
}

/// What stands behind a part's menu in groups: what they are called, and their pages.
pub(super) fn groups_of(role: Role) -> Vec<(&'static str, Vec<MenuLine>)> {
    if role != Role::Patient {
        return Vec::new();
    }
    let care = vec![
        ("/me/record", RECORD.title),
        ("/me/plan", OWN.menu_plan),
        ("/me/programmes", OWN.menu_programmes),
        ("/me/journal", SHARE.journal_title),
        ("/me/community", SHARE.community_title),
    ];
    let share = vec![("/me/sharing", SHARE.sharing_title), ("/me/access", WORDS.menu_access)];
    let more = vec![
        ("/me/membership", RECORD.membership),
        ("/me/bills", SHARE.bills_title),
        ("/me/export", SHARE.export_menu),
        ("/account", WORDS.menu_account),
    ];
    vec![(OWN.menu_care, care), (OWN.menu_share, share), (OWN.menu_more, more)]
}

/// What a part is called.
pub(super) fn part_of(role: Role) -> &'static str {
    match role {
        Role::Patient => WORDS.part_patient,
        Role::Provider => WORDS.part_provider,
        Role::FrontDesk => WORDS.part_front_desk,
        Role::Biller => WORDS.part_biller,
        Role::Moderator => WORDS.part_moderator,
        Role::Analyst => WORDS.part_analyst,
        Role::PrivacyOfficer => WORDS.part_privacy_officer,
        Role::Operator => WORDS.part_operator,
        Role::FacilityManager => WORDS.part_facility_manager,
        Role::NetworkAdmin => WORDS.part_network_admin,
        Role::ClinicalQuality => WORDS.part_clinical_quality,
    }
}
