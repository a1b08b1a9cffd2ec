//! Every text of the pages, in one place: another language is another value of each of these, and the compiler tells
//! what it lacks. What all pages share stands here, what an area of pages says in a file of its own.
//!
//! What the database refuses is told in the sentences of its rules, which stand there.

macro_rules! words {
    ($type:ident, $static:ident, $($name:ident: $text:literal,)+) => {
        /// The texts of one language.
        #[derive(Debug)]
        pub(in crate::portal) struct $type {
            $(pub(in crate::portal) $name: &'static str,)+
        }

        /// In English.
        pub(in crate::portal) static $static: $type = $type { $($name: $text,)+ };
    };
}

/// Of records.
pub(in crate::portal) mod chart;

/// Of one's own appointments, plan, programmes, record and membership.
pub(in crate::portal) mod own;

/// Of the front desk.
pub(in crate::portal) mod desk;

/// Of who asks to be registered.
pub(in crate::portal) mod register;

/// Of one's own record and membership.
pub(in crate::portal) mod record;

/// Of a glucose profile.
pub(in crate::portal) mod glucose;

/// Of what patients keep to themselves, share, owe, write and take with them.
pub(in crate::portal) mod share;

/// Of who bills.
pub(in crate::portal) mod bills;
/// Of a facility that is kept.
pub(in crate::portal) mod centre;

/// Of the network's accounts and places.
pub(in crate::portal) mod network;

/// Of figures, the audit and operations.
pub(in crate::portal) mod figures;

words! {
    Words, WORDS,
    language: "en",
    product: "HealthTrack",
    skip: "Skip to content",
    // Errors.
    error_title: "Not shown",
    not_found: "There is no such page here, or it is not open to you.",
    cross_site: "This form came from elsewhere, so nothing was done: open the page here and send it again.",
    form_incomplete: "Something is missing in this form: go back, fill it in and send it again.",
    unavailable: "This page cannot be shown right now: wait a moment and load it again.",
    to_start: "To the start page",
    // Forms.
    field_missing: "Fill this in.",
    field_day: "Enter a valid date.",
    field_moment: "Enter a valid date and time.",
    field_number: "Write a number.",
    field_choice: "Choose an option.",
    field_choose: "Choose …",
    field_now: "Current value:",
    field_optional: "optional",
    form_stale:
        "Somebody has changed this since you opened it: what is stored now stands beside what you wrote. Send it again \
         to keep yours.",
    // What was done.
    done_saved: "Saved.",
    done_ended: "Ended.",
    done_sent: "Sent.",
    done_signed: "Signed.",
    done_removed: "Removed.",
    done_booked: "Booked.",
    done_cancelled: "Cancelled.",
    done_paid: "Paid.",
    done_shared: "Shared.",
    // Parts.
    part_patient: "Patient",
    part_provider: "Provider",
    part_front_desk: "Front desk",
    part_biller: "Billing",
    part_moderator: "Moderator",
    part_analyst: "Analyst",
    part_privacy_officer: "Privacy officer",
    part_operator: "Operator",
    part_facility_manager: "Facility manager",
    part_network_admin: "Network administrator",
    part_clinical_quality: "Clinical quality",
    // Menu.
    menu: "Menu",
    menu_patients: "Patients",
    menu_me: "Overview",
    menu_vitals: "Vitals",
    menu_access: "Who looked",
    menu_analytics: "Figures",
    menu_audit: "Audit",
    menu_operations: "Operations",
    menu_centre: "Facility",
    menu_network: "Network",
    menu_account: "Account",
    menu_schedule: "Schedule",
    menu_register: "Book for somebody",
    menu_waiting: "Wait-list",
    menu_tasks: "Tasks",
    menu_billing: "Billing",
    menu_claims: "Claims",
    menu_visits: "Visits",
    sign_out: "Sign out",
    // Start.
    home_title: "Welcome",
    home_lead: "Your health record, and what your devices measure, in one place.",
    home_text:
        "Patients see their record, who looked at it, and live vitals. Providers see the patients in their care.",
    home_go_on: "Continue",
    play_title: "Who would you like to be?",
    play_text: "This is a demo: every person is made up, and their devices publish as you watch.",
    play_wait: "The sample data is still being created: load this page again in a few seconds.",
    play_as: "Sign in as",
    // What each sees first.
    play_patient: "own heart rate as it is measured, record, visits",
    play_provider: "worklist, records, vitals of patients",
    play_front_desk: "bookings of a day, registration",
    play_biller: "invoices, claims, payments",
    play_moderator: "reported posts",
    play_facility_manager: "services, staff, hours",
    play_figures: "outcomes, use, ratings",
    play_privacy_officer: "who looked at whose record",
    play_operator: "how ingest fares",
    play_network_admin: "accounts, facilities, catalogues",
    // Sign-in.
    sign_in: "Sign in",
    register: "Ask to be registered",
    login: "Username",
    password: "Password",
    code: "Code from your authenticator",
    code_hint: "Leave empty if you have not set one up.",
    sign_in_wrong: "Username, password or code is not right: try again.",
    sign_in_crowded: "Too many people sign in at this moment: try again in a few seconds.",
    sign_in_wait: "Too many tries. Try again in",
    invite_title: "Choose a password",
    reset_title: "Choose a new password",
    invite_for: "For the username",
    invite_gone: "This link was used already or is too old: ask for a new one.",
    password_hint: "At least 15 characters. A few words in a row are easy to keep in mind.",
    password_again: "The same password again",
    password_differs: "The two passwords are not the same: type both again.",
    password_too_short: "Choose a password of at least 15 characters, and 1,024 at most.",
    set_password: "Set password",
    password_set: "Your password is set: sign in with it.",
    form_has_nul: "This form holds a character that no keyboard types: remove it and send it again.",
    form_too_long: "This form holds more than can be kept: make it shorter and send it again.",
    form_not_kept:
        "What you had written could not be kept, since you confirmed elsewhere meanwhile: go back to its page and \
         send it again.",
    form_too_slow: "This form did not arrive within a minute: look to your connection and send it again.",
    provider_sign_in: "Sign in with",
    provider_failed: "The sign-in elsewhere did not succeed: try again, or sign in by your password.",
    provider_unknown:
        "Nobody here is linked to that sign-in: sign in by your password, and link it under Account.",
    provider_link: "Link a sign-in with",
    provider_unlink: "Unlink the sign-in with",
    passkey_sign_in: "Sign in with a passkey",
    passkey_confirm: "Confirm with a passkey",
    passkey_wrong: "This passkey was not accepted: try again, or use your password.",
    passkey_failed: "No passkey came of it: wait a moment and try again, or use your password.",
    passkey_without:
        "Passkeys need a recent browser that may run this page's script: without one, use your password and code.",
    passkeys_title: "Passkeys",
    passkeys_text:
        "A passkey is kept by your phone, computer or security key, and signs you in once that has recognised you: \
         no password, no code.",
    passkeys_none: "No passkey is set up yet.",
    passkey_add: "Add a passkey",
    passkey_name: "What to call it",
    passkey_name_hint: "For example the device that keeps it.",
    passkey_made: "added",
    passkey_used: "last used",
    passkey_remove: "Remove",
    passkey_not_added: "Your device's answer came too late or was not the right one: try again.",
    confirm_title: "Confirm it's you",
    confirm_text:
        "What you are about to do matters, so type your password once more: we won't ask again for 10 minutes.",
    confirm: "Confirm",
    confirm_demo: "This is a demo: nobody here has a password.",
    resend_title: "Submit?",
    resend_text: "What you wrote is kept: it was not sent yet.",
    resend: "Submit",
    resend_not: "Discard",
    // Account.
    account_methods: "How you sign in",
    password_change: "Change the password",
    password_new: "New password",
    factor_title: "Second factor",
    factor_is_on: "A code of your authenticator is asked for when you sign in.",
    factor_is_off: "Anybody who learns your password can sign in: an authenticator on your phone prevents that.",
    factor_set: "Set up an authenticator",
    factor_scan: "Scan this with the authenticator on your phone, or type the key there.",
    factor_qr: "QR code of the key below",
    factor_key: "Key",
    factor_code: "Code that it shows now",
    factor_wrong: "This is not the present code: wait for the next one and type it.",
    factor_keep: "Turn it on",
    factor_end: "Turn it off",
    account_title: "Account",
    account_sessions: "Where you are signed in",
    session_began: "Signed in",
    session_seen: "Last used",
    session_ends: "Ends if unused",
    session_this: "This one",
    session_end: "End it",
    // Patients.
    patients_title: "Patients in your care",
    patients_search: "Name, birth or number",
    patients_search_hint:
        "A name by how it begins, a birth as 1980-05-17, 1980-05 or 1980, a record or member number in full.",
    search: "Search",
    patients_none: "Nobody in your care is found so.",
    patients_more: "Next page",
    name: "Name",
    born: "Born",
    sex: "Sex",
    age: "Age",
    // Record.
    record_title: "Record",
    record_flags: "What holds of this record",
    deceased: "Deceased",
    allergies: "Allergies",
    allergies_none: "No allergies recorded",
    critical: "high risk",
    problems: "Problems",
    problems_none: "No active problems are recorded.",
    since: "since",
    medicines: "Medicines",
    medicines_none: "No medicines are prescribed today.",
    until: "until",
    results: "Newest results",
    results_none: "No results are recorded.",
    test: "Test",
    value: "Value",
    flag: "Flag",
    taken: "Taken",
    visits: "Visits",
    visits_none: "No visits are recorded.",
    when: "When",
    kind: "Kind",
    reason: "Reason",
    kept_apart: "Restricted",
    open_record: "Record",
    open_vitals: "Vitals",
    view: "View of the record",
    // Vitals.
    vitals_title: "Vitals",
    vitals_none: "No device of this person has sent anything in this time.",
    vitals_closed: "What devices measured is not open to you.",
    span: "Time shown",
    hour: "Hour",
    day: "Day",
    week: "Week",
    month: "Month",
    year: "Year",
    earlier: "Earlier",
    later: "Later",
    last_heard: "last heard",
    live_gap: "More was measured while this page was cut off: load it again to see all of it.",
    usual: "Usual range",
    goal: "Goal",
    numbers: "Numbers as a table",
    time: "Time",
    mean: "Mean",
    total: "Total",
    least: "Least",
    greatest: "Greatest",
    samples: "Samples",
    nothing_in_time: "Nothing was measured in this time.",
    as_of: "As of",
    too_many_listen: "Too many of your pages show live values at once: close some of them and load this one again.",
    gaps_note: "Gaps are times without a measurement. The shaded band runs from the least to the greatest value.",
    // Who looked.
    access_title: "Who looked at your record",
    access_text:
        "Everyone else who opened a part of your record, and everyone who was turned away, the newest first. \
         Your own visits here are left out.",
    access_none: "Nobody else has looked at your record yet.",
    who: "Who",
    what: "What",
    why: "Why",
    outcome: "Outcome",
    somebody: "System",
    turned_away: "Turned away",
    let_in: "Allowed",
    // Times.
    just_now: "just now",
    minutes_ago: "min ago",
    hours_ago: "h ago",
    days_ago: "days ago",
    seconds: "seconds",
    second: "second",
    year_old: "year",
    years_old: "years",
    month_old: "month",
    months_old: "months",
    about: "about ",
    birth_unknown: "not known",
}
