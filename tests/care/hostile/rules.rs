//! Rules in the data that were made after an attack, taken away again: what each forbade must be found.
//!
//! Each has a test of its own elsewhere (`renewal`, `limits`, `signer`, `moment`, `differencing`): here a client has to
//! notice.

use super::holes::{Hole, hole};

pub(super) const OF_RULES: &[Hole] = &[
    hole(
        "a chart with behavioural health",
        &["a scope that was not granted"],
        "ALTER POLICY granted ON care.condition
         USING (patient_id = ANY ((SELECT access.patients_granted('chart'))::uuid[]))",
    ),
    hole(
        "grants without an end",
        &["a grant that has run out"],
        "SELECT pg_temp.edit('access.patients_granted', 'g.valid_during @> clock_timestamp()', 'true')",
    ),
    hole(
        "work without an end",
        &["work that has ended"],
        "CREATE OR REPLACE FUNCTION access.works(provider uuid) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT true'",
    ),
    hole(
        "care that renews itself",
        &["care that renews itself"],
        "SELECT pg_temp.edit('care.keep_visit_relationship', 'AND access.part() IS DISTINCT FROM ''provider''', '')",
    ),
    hole(
        "bookings without a cap",
        &["holds without end", "bookings without end"],
        "DROP TRIGGER appointment_is_one_of_few ON care.appointment",
    ),
    hole("times as they are said", &["a forged time"], "DROP TRIGGER data_key_is_stamped ON access.data_key"),
    hole(
        "keys that can be replaced",
        &["a key put in another's place"],
        "SELECT pg_temp.edit('api.keep_data_key', 'DO NOTHING', 'DO UPDATE SET key_id = EXCLUDED.key_id');
         GRANT UPDATE ON access.data_key TO healthtrack_care;
         CREATE POLICY planted ON access.data_key FOR UPDATE TO healthtrack_care USING (true)",
    ),
    hole(
        "any prescriber",
        &["another's name on a prescription"],
        "DROP TRIGGER prescription_is_by_a_provider_in_care ON care.prescription",
    ),
    hole("anybody's visit", &["a colleague's visit"], "DROP TRIGGER appointment_is_its_providers ON care.appointment"),
    hole(
        "means as they are",
        &["two months subtracted"],
        "CREATE OR REPLACE FUNCTION care.blur(cell text, people uuid[]) RETURNS double precision
         LANGUAGE sql AS 'SELECT 0.0::float8'",
    ),
];
