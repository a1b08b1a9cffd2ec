//! What the clients try by statements, each by a name; here, to read what is not theirs, or to be somebody else.

use super::scene::Who;

/// One way to look for what is not the client's to know or to do.
pub(super) struct Technique {
    pub(super) name: &'static str,
    pub(super) who: &'static [Who],
    pub(super) tries: &'static [&'static str],
    pub(super) tells: Tells,
}

/// By what a technique has found something.
#[derive(Clone, Copy)]
pub(super) enum Tells {
    /// A fact of the stranger, or an answer that is another where the stranger's keys are those of nothing.
    Facts,
    /// A fact of the stranger, whose key the client holds and may know to be one.
    FactsAlone,
    /// This text.
    Says(&'static str),
    /// That it was let.
    Done,
    /// What the owner finds in the tables afterwards.
    Leaves(&'static str),
}

pub(super) const ALL: &[Who] = &[Who::Nobody, Who::Patient, Who::Provider, Who::Desk, Who::Biller];
pub(super) const PORTAL: &[Who] = &[Who::Provider];
pub(super) const CHANGE: &str = "SELECT * FROM api.change_condition('{token}', '{condition}', 1, 'resolved',
'confirmed', NULL)";

pub(super) const fn by(
    name: &'static str,
    who: &'static [Who],
    tells: Tells,
    tries: &'static [&'static str],
) -> Technique {
    Technique { name, who, tries, tells }
}

/// What was seen, and who saw it.
pub(super) const OF_READING: &[Technique] = &[
    // Tables, and what a predicate on them tells.
    by("a table", ALL, Tells::Facts, &["SELECT * FROM care.patient_name"]),
    by("a cast", &[Who::Nobody, Who::Patient], Tells::Facts, &[
        "SET healthtrack.actor = 'no account'",
        "SELECT 1 FROM care.patient WHERE patient_id = '{patient}'",
        "SELECT 1 FROM care.patient WHERE patient_id = '{patient}' AND 1 / (born_on - date '1931-07-29') > 0",
    ]),
    // Errors.
    by("an error", PORTAL, Tells::Facts, &[
        CHANGE,
        "SELECT * FROM api.change_condition('{token}', '{condition}', 1, 'no such word', 'confirmed', '-infinity')",
        "SELECT api.note_goal_entry('{token}', '{goal}', current_date, 1)",
        "SELECT api.set_goal('{token}', '{own}', NULL, 'Walk', 'step_count', NULL, 'sum', 'no such word', 1000, 'day',
             current_date, current_date + 7)",
        "SELECT api.dispense('{token}', '{own}', '{prescription}', '{facility}', current_date, 30::smallint, 60)",
    ]),
    by("a block that catches", PORTAL, Tells::Facts, &[
        "DO $$ DECLARE a text; b text; c text; d text; BEGIN
             PERFORM api.dispense('{token}', '{own}', '{prescription}', '{facility}', current_date, 30::smallint, 60);
         EXCEPTION WHEN OTHERS THEN
             GET STACKED DIAGNOSTICS a = PG_EXCEPTION_DETAIL, b = PG_EXCEPTION_CONTEXT, c = PG_EXCEPTION_HINT,
                 d = MESSAGE_TEXT;
             RAISE NOTICE '% % % %', a, b, c, d;
         END $$",
    ]),
    // Looks.
    by("a look", ALL, Tells::Facts, &["SELECT api.look('{token}', '{patient}', 'record', NULL)"]),
    by("a look and a read", ALL, Tells::Facts, &[
        "SELECT api.look('{token}', '{patient}', 'record', NULL)",
        "SELECT api.read_record('{token}', '{last}', '{patient}')",
    ]),
    by("a read without a look", PORTAL, Tells::Says("Own tension"), &[
        "SELECT api.read_record('{token}', NULL, '{own}')",
    ]),
    by("samples without a look", &[Who::Patient, Who::Provider], Tells::Done, &[
        "SELECT * FROM api.read_samples('{token}', NULL, '{own}', 'heart_rate', now() - INTERVAL '2 days', now(), 9)",
    ]),
    by("a goal without a look", &[Who::Patient, Who::Provider], Tells::Done, &[
        "SELECT * FROM api.read_goal_progress('{token}', NULL, '{own}', '{own_goal}', current_date - 7,
             current_date)",
    ]),
    // What was read, and then undone.
    by("a read that is rolled back", PORTAL, Tells::Says("Own tension"), &[
        "BEGIN",
        "SELECT api.look('{token}', '{own}', 'record', NULL)",
        "SELECT api.read_record('{token}', '{last}', '{own}')",
        "ROLLBACK",
    ]),
    by("a look behind a savepoint", PORTAL, Tells::Says("Own tension"), &[
        "BEGIN",
        "SAVEPOINT a",
        "SELECT api.look('{token}', '{own}', 'record', NULL)",
        "ROLLBACK TO a",
        "COMMIT",
        "SELECT api.read_record('{token}', '{last}', '{own}')",
    ]),
    by("a look in a block", PORTAL, Tells::Says("Own tension"), &[
        "DO $$ DECLARE made uuid; BEGIN
             BEGIN made := api.look('{token}', '{own}', 'record', NULL); PERFORM 1 / 0;
             EXCEPTION WHEN division_by_zero THEN NULL; END;
             RAISE NOTICE '%', api.read_record('{token}', made, '{own}');
         END $$",
    ]),
    by("a cursor that is held", PORTAL, Tells::Says("Own tension"), &[
        "BEGIN",
        "SELECT api.look('{token}', '{own}', 'record', NULL)",
        "DECLARE c CURSOR WITH HOLD FOR SELECT api.read_record('{token}', '{last}', '{own}')",
        "COMMIT",
        "FETCH ALL FROM c",
    ]),
    by("an emergency that is rolled back", PORTAL, Tells::FactsAlone, &[
        "BEGIN",
        "SELECT api.break_glass('{token}', '{patient}', 'Found unconscious, nobody to ask')",
        "SELECT api.look('{token}', '{patient}', 'record', NULL)",
        "SELECT api.read_record('{token}', '{last}', '{patient}')",
        "ROLLBACK",
    ]),
    by("a hold that is rolled back", &[Who::Desk], Tells::FactsAlone, &[
        "BEGIN",
        "SELECT api.hold_appointment('{token}', '{patient}', '{provider}', '{facility}', date_trunc('hour',
             now()) + INTERVAL '9 days',
             date_trunc('hour', now()) + INTERVAL '217 hours', NULL, 'in_person', NULL)",
        "SELECT api.look('{token}', '{patient}', 'record', NULL)",
        "SELECT api.read_record('{token}', '{last}', '{patient}')",
        "ROLLBACK",
    ]),
    // Who acts.
    by("the role of the functions", ALL, Tells::Done, &["SET ROLE healthtrack_care", "TABLE care.address"]),
    by("another's authority", ALL, Tells::Done, &["SET SESSION AUTHORIZATION postgres", "TABLE care.address"]),
    by("a declared actor", &[Who::Nobody, Who::Patient], Tells::Says("part="), &[
        "SET healthtrack.actor = '{account_of_stranger}'",
        "SELECT * FROM api.read_account(NULL)",
        "SELECT * FROM api.read_account('x')",
        "SELECT * FROM api.list_access('')",
    ]),
    by("an actor switched within a statement", PORTAL, Tells::Leaves(
        "SELECT resource FROM access.audit_event WHERE actor = '{account_of_colleague}'",
    ), &[
        "SELECT set_config('healthtrack.actor', '{account_of_colleague}', false) IS NULL,
                api.set_goal('{token}', '{own}', NULL, 'Rest', 'step_count', NULL, 'sum', 'at_least', 10, 'day',
                             current_date, current_date + 7)",
    ]),
    by("keys of others in one's own events", &[Who::Patient], Tells::Says("c2"), &[
        "SELECT array_agg(right(word, 2)) FROM api.list_access('{token}') AS a,
                unnest(string_to_array(a::text, ',')) AS word WHERE word LIKE '00000000-0000-4000-8000-%'",
    ]),
    by("an event of one's own making", ALL, Tells::Done, &[
        "SELECT access.audit('read', '{patient}', 'care.patient', 'allowed')",
        "SELECT access.audit_program('read', '{patient}', 'care.patient')",
        "SELECT access.note(ROW('{account_of_stranger}', NULL, 'patient', '')::access.caller, 'read',
             '{patient}', 'care.patient')",
    ]),
    by("lists of the privacy officer", ALL, Tells::FactsAlone, &[
        "SELECT api.look('{token}', NULL, 'emergencies', NULL)",
        "SELECT * FROM api.list_emergencies('{token}', '{last}', NULL)",
        "SELECT api.look('{token}', NULL, 'unexplained_access', NULL)",
        "SELECT * FROM api.list_unexplained_access('{token}', '{last}', NULL)",
    ]),
];
