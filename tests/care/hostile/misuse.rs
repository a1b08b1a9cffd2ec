//! What the clients try with functions that are theirs to call: to have more of them than was meant.

use super::scene::Who;
use super::techniques::{PORTAL, Technique, Tells, by};

pub(super) const OF_MISUSE: &[Technique] = &[
    by(
        "a scope that was not granted",
        PORTAL,
        Tells::Says("Guarded low mood"),
        &[
            "SELECT api.look('{token}', '{guarded}', 'record', NULL)",
            "SELECT api.read_record('{token}', '{last}',
             '{guarded}')",
        ],
    ),
    by(
        "a grant that has run out",
        PORTAL,
        Tells::Says("Lapsed tension"),
        &[
            "SELECT api.look('{token}', '{lapsed}', 'record', NULL)",
            "SELECT api.read_record('{token}', '{last}',
             '{lapsed}')",
        ],
    ),
    by(
        "work that has ended",
        &[Who::Former],
        Tells::Says("Left tension"),
        &[
            "SELECT api.look('{token}', '{left}', 'record', NULL)",
            "SELECT api.read_record('{token}', '{last}',
             '{left}')",
        ],
    ),
    by(
        "care that renews itself",
        PORTAL,
        Tells::Leaves(
            "SELECT upper(valid_during)::text FROM access.care_relationship WHERE patient_id = '{visitor}'
         AND provider_id = '{provider}' AND upper(valid_during) > now() + INTERVAL '1 day'",
        ),
        &[
            "SELECT api.hold_appointment('{token}', '{visitor}', '{provider}', '{facility}', date_trunc('hour',
             now()) + INTERVAL '3 days',
             date_trunc('hour', now()) + INTERVAL '73 hours', NULL, 'in_person', NULL)",
            "SELECT api.change_appointment('{token}', '{last}', 'confirm')",
        ],
    ),
    by(
        "holds without end",
        &[Who::Desk],
        Tells::Done,
        &["DO $$ BEGIN FOR n IN 1..4 LOOP
             PERFORM api.change_appointment('{token}',
                 api.hold_appointment('{token}', '{own}', '{provider}', '{facility}',
                     date_trunc('hour', now()) + n * INTERVAL '2 hours' + INTERVAL '10 days',
                     date_trunc('hour', now()) + n * INTERVAL '2 hours' + INTERVAL '241 hours', NULL,
                     'in_person', NULL), 'confirm');
         END LOOP; END $$"],
    ),
    by(
        "bookings without end",
        &[Who::Patient],
        Tells::Done,
        &["DO $$ BEGIN FOR n IN 1..4 LOOP
             PERFORM api.change_appointment('{token}',
                 api.hold_appointment('{token}', '{own}', '{colleague}', '{facility}',
                     date_trunc('hour', now()) + n * INTERVAL '2 hours' + INTERVAL '2 days',
                     date_trunc('hour', now()) + n * INTERVAL '2 hours' + INTERVAL '49 hours', NULL, 'in_person',
                     NULL), 'confirm');
         END LOOP; END $$"],
    ),
    // Names and times of others.
    by(
        "a forged time",
        &[Who::Patient],
        Tells::Leaves(
            "SELECT created_at::text FROM access.data_key WHERE patient_id = '{own}'
             AND created_at < now() - INTERVAL '1 day'",
        ),
        &[
            "SELECT api.look('{token}', '{own}', 'data_key', NULL)",
            "SELECT * FROM api.keep_data_key('{token}', '{last}', '{own}', 'key-1', decode(repeat('01', 61), 'hex'),
             '2020-01-01')",
        ],
    ),
    by(
        "a key put in another's place",
        PORTAL,
        Tells::Leaves("SELECT key_id FROM access.data_key WHERE key_id = 'poisoned'"),
        &[
            "SELECT api.look('{token}', '{visitor}', 'data_key', NULL)",
            "SELECT * FROM api.keep_data_key('{token}', '{last}', '{visitor}', 'poisoned', decode(repeat('01', 61),
             'hex'), now())",
            "SELECT * FROM api.keep_data_key('{token}', '{last}', '{patient}', 'poisoned', decode(repeat('01', 61),
             'hex'), now())",
        ],
    ),
    by(
        "another's name on a prescription",
        PORTAL,
        Tells::Done,
        &["SELECT api.prescribe('{token}', '{own}', '{medication}', '{colleague}', NULL, 1, 'mg', 'oral',
             2::smallint, 1, 'day',
             'Twice a day', 60, 30::smallint, 0::smallint, current_date, current_date + 90)"],
    ),
    by(
        "a colleague's visit",
        PORTAL,
        Tells::Done,
        &["SELECT api.cancel_appointment('{token}',
    '{colleagues_visit}', 'provider_away')"],
    ),
    by(
        "two months subtracted",
        &[Who::Analyst],
        Tells::Says("near=t"),
        &["SELECT count(*) > 6 AS near FROM (
             SELECT 13 * max(mean) FILTER (WHERE month = '2026-02-01')
                  - 12 * max(mean) FILTER (WHERE month = '2026-01-01') AS told
             FROM care.insight_samples GROUP BY metric) AS joiner WHERE abs(told - 90) < 2"],
    ),
];
