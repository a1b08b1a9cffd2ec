//! Who may do what: every table that the catalog knows, against every part that an account can play.
//!
//! Rows are made in tables that this file knows nothing of: in this one database the rules of truth (checks, keys,
//! triggers) are taken off, so that a row of any values can be stored; the rules of who may see it stay. One row of each
//! table is about the first patient at the first facility, one about another at another. A table that is in no class
//! below fails the test.

use std::collections::BTreeMap;

use sqlx::postgres::PgDatabaseError;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use uuid::Uuid;

use super::network::Network;

/// Who asks, in the order of the cells.
pub(super) const PARTS: [&str; 13] = [
    "patient",
    "other patient",
    "provider in care",
    "front desk",
    "biller",
    "moderator",
    "analyst",
    "privacy officer",
    "operator",
    "facility manager",
    "network admin",
    "clinical quality",
    "nobody",
];

/// What each part may do with the rows of a class: r reads, w changes and i adds what is the first patient's; R, W and I
/// what is another's; D deletes anything at all.
const CLASSES: &[(&str, [&str; 13])] = &[
    ("directory", ["rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", ""]),
    // Kept by who manages the facility of a row, and by who administers the network; removed where a row has no end.
    ("kept by managers", ["rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rwiR", "rwiRWI", "rR", ""]),
    ("set by managers", ["rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rwiRD", "rwiRWID", "rR", ""]),
    ("kept by administrators", ["rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rwiRWI", "rR", ""]),
    ("set by administrators", ["rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rwiRWID", "rR", ""]),
    ("chart", ["r", "R", "rwi", "", "", "", "", "", "", "", "", "", ""]),
    ("own chart", ["rwi", "RWI", "rwi", "", "", "", "", "", "", "", "", "", ""]),
    // Written by functions and triggers alone.
    ("chart that writes itself", ["r", "R", "r", "", "", "", "", "", "", "", "", "", ""]),
    ("demographics", ["rwi", "RWI", "rwi", "rwi", "", "", "", "", "", "", "", "", ""]),
    ("name", ["r", "R", "rwi", "rwi", "", "", "", "", "", "", "", "", ""]),
    ("schedule", ["rwi", "RWI", "rwi", "rwi", "", "", "", "", "", "", "", "", ""]),
    ("schedule that writes itself", ["r", "R", "r", "r", "", "", "", "", "", "", "", "", ""]),
    ("schedule that the desk reads", ["r", "R", "", "r", "", "", "", "", "", "", "", "", ""]),
    ("visit of a centre", ["r", "R", "r", "rwi", "", "", "", "", "", "", "", "", ""]),
    ("waiting list", ["ri", "RI", "r", "ri", "", "", "", "", "", "", "", "", ""]),
    ("billing", ["r", "R", "", "", "rwi", "", "", "", "", "", "", "", ""]),
    ("money that moved", ["r", "R", "", "", "ri", "", "", "", "", "", "", "", ""]),
    ("ledger", ["r", "R", "", "", "r", "", "", "", "", "", "", "", ""]),
    ("own", ["rwi", "RWI", "", "", "", "", "", "", "", "", "", "", ""]),
    ("own to read", ["r", "R", "", "", "", "", "", "", "", "", "", "", ""]),
    ("own to add", ["i", "I", "", "", "", "", "", "", "", "", "", "", ""]),
    ("moderated", ["", "", "", "", "", "rR", "", "", "", "", "", "", ""]),
    ("audit", ["r", "R", "", "", "", "", "", "rR", "", "", "", "", ""]),
    ("keys", ["ri", "RI", "ri", "", "", "", "", "", "", "", "", "", ""]),
    ("internal", ["", "", "", "", "", "", "", "", "", "", "", "", ""]),
];

/// The class of each table.
const TABLES: &[(&str, &str)] = &[
    ("directory", "care.appointment_transition care.space"),
    ("directory", "care.device_model care.device_model_metric care.device_detail care.age_of_majority"),
    ("kept by managers", "care.room care.facility_service care.affiliation care.availability care.programme"),
    ("set by managers", "care.opening_hours care.special_day care.availability_exception"),
    (
        "kept by administrators",
        "care.state care.city care.facility_category care.service care.staff_role care.provider",
    ),
    (
        "kept by administrators",
        "care.qualification care.specialty care.membership_plan care.charge_code care.medication",
    ),
    ("kept by administrators", "care.loinc_unit care.sensitive_code care.programme_session"),
    ("kept by managers", "care.department care.equipment care.attendance_policy"),
    ("set by managers", "care.facility_has_category"),
    ("kept by administrators", "care.organisation care.organisation_identifier care.equipment_outage"),
    ("kept by administrators", "care.department_kind care.resource_kind care.appointment_type"),
    ("kept by administrators", "care.cancellation_reason care.membership_price care.adjustment_code"),
    ("kept by administrators", "care.insurer care.insurance_plan care.plan_network"),
    ("kept by administrators", "care.plan_cost_sharing care.plan_benefit"),
    ("set by administrators", "care.provider_specialty care.department_hours"),
    ("set by administrators", "care.appointment_type_specialty care.appointment_type_resource"),
    ("directory", "care.review_tally"),
    ("demographics", "care.patient care.address care.contact_point"),
    ("demographics", "care.related_person"),
    ("name", "care.patient_name"),
    ("chart", "care.wear care.identifier care.follow_up care.care_plan care.consultation"),
    ("chart", "care.encounter care.condition care.procedure care.allergy care.allergy_reaction care.immunization"),
    ("chart", "care.medication_statement care.prescription care.dispense care.lab_order care.lab_result"),
    ("chart", "care.imaging_study care.imaging_series care.clinical_report"),
    ("chart", "care.service_request care.service_request_fulfilment care.recall"),
    ("own chart", "care.document care.document_content care.message_thread care.message"),
    ("own chart", "care.message_attachment care.message_receipt"),
    ("directory", "care.notification_template care.immunization_schedule"),
    ("own", "care.notification_preference care.quiet_hours"),
    ("own to read", "care.notification"),
    ("chart", "care.family_history"),
    ("chart", "care.medication_reconciliation care.alert_rule"),
    ("chart that writes itself", "care.prediction"),
    ("directory", "care.drug_interaction care.drug_class care.dose_limit care.prediction_model"),
    ("own chart", "care.care_plan_activity care.recommendation"),
    ("own chart", "care.preferred_facility care.goal care.goal_entry care.progress_update"),
    ("own chart", "care.questionnaire_response care.answer"),
    ("own chart", "care.observation"),
    ("chart that writes itself", "care.record_version care.score care.wear_event care.enrolment care.attendance"),
    ("chart that writes itself", "care.telehealth_session"),
    ("chart that writes itself", "care.adherence_year care.adherence_change"),
    ("schedule", "care.appointment"),
    ("schedule", "care.appointment_series"),
    ("schedule that writes itself", "care.appointment_resource"),
    ("schedule that writes itself", "care.appointment_event"),
    ("visit of a centre", "care.centre_visit"),
    ("waiting list", "care.waitlist_entry"),
    ("billing", "care.invoice care.charge care.claim care.claim_line care.coverage"),
    ("money that moved", "care.payment care.refund"),
    ("ledger", "care.ledger_transaction care.ledger_entry"),
    ("ledger", "care.invoice_total"),
    ("own", "care.journal_entry care.programme_feedback"),
    ("own to read", "care.space_identity"),
    ("schedule that the desk reads", "care.membership care.membership_fee"),
    ("money that moved", "care.claim_adjustment care.claim_diagnosis care.claim_line_diagnosis"),
    ("own to add", "care.review"),
    ("moderated", "care.space_member care.post care.reply care.content_report care.moderation"),
    ("audit", "access.audit_event"),
    ("keys", "access.data_key"),
    ("internal", "care.condition_tally care.condition_change care.person_change"),
    ("internal", "access.account access.care_relationship access.grant_of_access access.emergency_review"),
    ("internal", "access.session access.look access.look_kind access.audit_chain access.proposal"),
    ("internal", "access.credential access.federated_identity access.invitation access.sign_in_bucket"),
    ("internal", "access.passkey access.passkey_challenge access.registration_request"),
    ("internal", "access.cap access.blur_key"),
    ("internal", "access.row_class access.table_class access.erasure_request access.erasure_proof access.erasure_run"),
    ("internal", "access.expiry_proof access.retention_turn"),
    ("internal", "access.account_proposal"),
    ("internal", "care.source_system care.external_record"),
    ("internal", "access.number_key access.proposal_match access.proxy care.identifier_seal care.patient_link"),
    ("internal", "care.join_token care.post_support care.wear_change care.goal_day care.centre_engagement_change"),
];

/// Tables with rules like no other's.
const SPECIAL: &[(&str, [&str; 13])] = &[
    // The carer of the stage is whom the entry was shared with.
    ("care.journal_share", ["rwi", "RWI", "r", "", "", "", "", "", "", "", "", "", ""]),
    // A patient, a desk and billers see what they are to do.
    ("care.task", ["", "", "rwi", "", "", "", "", "", "", "", "", "", ""]),
    // The desk of the facility lets a patient book again.
    ("care.attendance_waiver", ["r", "R", "r", "ri", "", "", "", "", "", "", "", "", ""]),
    // A version is added by its author alone.
    ("care.care_plan_version", ["r", "R", "rw", "", "", "", "", "", "", "", "", "", ""]),
    // Seen with its observation, which the stage has not got.
    ("care.observation_component", ["", "", "", "", "", "", "", "", "", "", "", "", ""]),
    // A program opens it.
    ("care.alert", ["r", "R", "rw", "", "", "", "", "", "", "", "", "", ""]),
    // Seen with the prescription and the medicine that they name.
    ("care.detected_issue", ["", "", "", "", "", "", "", "", "", "", "", "", ""]),
    ("care.reconciled_statement", ["", "", "", "", "", "", "", "", "", "", "", "", ""]),
    // What is not signed is its author's alone, and what belongs to a note is seen with it.
    ("care.note", ["", "", "", "", "", "", "", "", "", "", "", "", ""]),
    ("care.note_section", ["", "", "", "", "", "", "", "", "", "", "", "", ""]),
    ("care.note_addendum", ["", "", "", "", "", "", "", "", "", "", "", "", ""]),
    ("care.centre_engagement_day", ["", "", "", "r", "r", "", "", "", "rR", "", "", "", ""]),
    // By claims that are answered, and read by billers of patients who were seen.
    ("care.accumulator", ["r", "R", "", "", "r", "", "", "", "", "", "", "", ""]),
    ("care.eligibility_answer", ["r", "R", "", "r", "ri", "", "", "", "", "", "", "", ""]),
    ("care.centre_engagement_day", ["", "", "", "r", "r", "", "", "", "rR", "r", "", "", ""]),
    // A manager changes the own facility, and adds none.
    ("care.facility", ["rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rwRW", "rwiRWI", "rR", ""]),
    // Of what is never altered, the day from which on nobody answers it.
    ("care.questionnaire", ["rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rR", "rwRW", "rR", ""]),
    // Nobody is covered by the policies of the stage yet; a biller adds those of any insurer.
    ("care.policy", ["", "", "", "", "iI", "", "", "", "", "", "", "", ""]),
];

/// A table, and how a row of it is made.
pub(super) struct Table {
    name: String,
    insert: [String; 2],
    /// Which row is whose: a column and its two values; none where only the number of rows tells.
    whose: Option<(String, [Uuid; 2])>,
    update: Option<String>,
}

/// Two people, two places, and the keys that a row of theirs carries.
pub(super) struct Stage {
    pub(super) keys: [BTreeMap<&'static str, Uuid>; 2],
    pub(super) accounts: Vec<Option<Uuid>>,
}

#[tokio::test]
async fn every_table_is_open_to_the_parts_of_its_class_and_to_no_other() {
    let mut network = Network::owned().await;
    let stage = stage(&mut network).await;
    let all = tables(&mut network, &stage).await;
    assert!(all.len() > 10, "the catalog was read");
    let wrong = differences(&network, &stage, &all).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    network
        .run(
            "CREATE TABLE care.injected (patient_id uuid NOT NULL);
              CALL access.guard('care.injected', 'chart');
              CREATE POLICY injected ON care.wear FOR SELECT TO healthtrack_care USING (true)",
        )
        .await;
    let mut injected = tables(&mut network, &stage).await;
    injected.retain(|table| ["care.injected", "care.wear"].contains(&table.name.as_str()));
    let wrong = differences(&network, &stage, &injected).await;
    assert!(wrong.first().is_some_and(|first| first.starts_with("care.injected is in no class")), "{wrong:?}");
    assert_eq!(wrong.len(), 1 + PARTS.len(), "each part sees a row that it should not: {}", wrong.join("\n"));
}

/// Where what is found is not what the class says.
async fn differences(network: &Network, stage: &Stage, tables: &[Table]) -> Vec<String> {
    let cells = |class: &str| CLASSES.iter().copied().find(|(name, _)| *name == class).expect("the class is known").1;
    let classed =
        TABLES.iter().copied().flat_map(|(class, names)| names.split(' ').map(move |name| (name, cells(class))));
    let expected: BTreeMap<&str, [&str; 13]> = classed.chain(SPECIAL.iter().copied()).collect();
    let mut portals = Vec::new();
    for account in &stage.accounts {
        let mut portal = network.login("care").await;
        let actor = format!("SET healthtrack.actor = '{}'", account.map(|id| id.to_string()).unwrap_or_default());
        portal.execute(AssertSqlSafe(actor)).await.unwrap();
        portals.push(portal);
    }
    let mut wrong = Vec::new();
    for table in tables {
        let mut found = Vec::new();
        for portal in &mut portals {
            found.push(cell(portal, table).await);
        }
        let Some(cells) = expected.get(table.name.as_str()) else {
            wrong.push(format!("{} is in no class; found {found:?}", table.name));
            continue;
        };
        for ((found, expected), part) in found.into_iter().zip(cells).zip(PARTS) {
            // Where the portal may change no column, no part may.
            let expected =
                if table.update.is_some() { (*expected).to_owned() } else { expected.replace(['w', 'W'], "") };
            if found != expected {
                wrong.push(format!("{}, {part}: {found:?}, not {expected:?}", table.name));
            }
        }
    }
    wrong
}

#[tokio::test]
async fn a_view_shows_nobody_more_than_its_tables() {
    let mut network = Network::owned().await;
    let stage = stage(&mut network).await;
    tables(&mut network, &stage).await;
    // These run as their owner and choose themselves; `tests/care/access.rs` and `analyst.rs` have their tests.
    let query = "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname IN ('care', 'access') AND c.relkind IN ('v', 'm')
           AND NOT coalesce(c.reloptions @> '{security_invoker=true}', false)
           AND c.relname NOT IN ('emergency', 'unexplained_access') AND c.relname NOT LIKE 'insight\\_%'
         ORDER BY 1";
    assert_eq!(network.rows(query).await, [""; 0]);
    network
        .run(
            "CREATE VIEW care.injected AS SELECT * FROM care.patient;
              CREATE MATERIALIZED VIEW care.planted_copy AS SELECT * FROM care.patient",
        )
        .await;
    assert_eq!(network.rows(query).await, ["care.injected", "care.planted_copy"], "the check sees what it should");
}

/// Makes the people, and one row about each of the two in every table.
pub(super) async fn stage(network: &mut Network) -> Stage {
    let (first, second) = (network.facility("IL", "clinic").await, network.facility("MA", "clinic").await);
    let (own, other) = (network.patient().await, network.patient().await);
    let (carer, stranger) = (network.provider().await, network.provider().await);
    network.put_in_care(own, carer).await;
    network
        .run(&format!(
            "INSERT INTO care.appointment (patient_id, provider_id, facility_id, during, status)
             VALUES ('{own}', '{carer}', '{first}', tstzrange(now(), now() + INTERVAL '1 hour'), 'booked'),
                    ('{other}', '{stranger}', '{second}', tstzrange(now(), now() + INTERVAL '1 hour'), 'booked')"
        ))
        .await;
    let mut accounts = Vec::new();
    for (part, whose) in [
        ("patient", Some(own)),
        ("patient", Some(other)),
        ("provider", Some(carer)),
        ("front_desk", Some(first)),
        ("biller", Some(first)),
        ("moderator", None),
        ("analyst", None),
        ("privacy_officer", None),
        ("operator", None),
        ("facility_manager", Some(first)),
        ("network_admin", None),
        ("clinical_quality", None),
    ] {
        accounts.push(Some(network.account(part, whose).await));
    }
    accounts.push(None);
    let keys = |place: usize, patient, provider, facility| {
        let account = accounts[place].unwrap();
        BTreeMap::from([
            ("patient_id", patient),
            ("provider_id", provider),
            ("facility_id", facility),
            ("account_id", account),
            ("actor", account),
        ])
    };
    let keys = [keys(0, own, carer, first), keys(1, other, stranger, second)];
    Stage { keys, accounts }
}

/// Takes the rules of truth off and makes rows in every table that has none.
pub(super) async fn tables(network: &mut Network, stage: &Stage) -> Vec<Table> {
    network.run(TAKE_RULES_OFF).await;
    let mut tables = Vec::new();
    for row in network.sql.fetch_all(COLUMNS).await.unwrap() {
        let name: String = row.get("name");
        let columns: Vec<String> = row.get("columns");
        let types: Vec<String> = row.get("types");
        let insert = stage.keys.each_ref().map(|keys| {
            let values = columns.iter().zip(&types).map(|(column, kind)| match keys.get(column.as_str()) {
                Some(key) => format!("'{key}'"),
                None => value_of(kind),
            });
            format!("INSERT INTO {name} ({}) VALUES ({})", columns.join(", "), values.collect::<Vec<_>>().join(", "))
        });
        let whose = ["patient_id", "facility_id", "provider_id", "account_id"].into_iter().find_map(|column| {
            let is_its_key = name.ends_with(&format!(".{}", column.trim_end_matches("_id"))) && column != "patient_id";
            let both = stage.keys.each_ref().map(|keys| keys[column]);
            (!is_its_key && columns.iter().any(|own| own == column)).then(|| (column.to_owned(), both))
        });
        let is_empty: bool = network.one(&format!("SELECT (NOT EXISTS (SELECT FROM {name}))::text")).await == "true";
        if is_empty {
            for statement in &insert {
                network.run(statement).await;
            }
        }
        let update: Option<String> = row.get("changeable");
        tables.push(Table { name, insert, whose, update });
    }
    tables
}

fn value_of(kind: &str) -> String {
    match kind {
        "uuid" => "gen_random_uuid()",
        "date" => "current_date",
        "timestamp with time zone" => "now()",
        "tstzrange" => "tstzrange(now() - INTERVAL '1 hour', now() + INTERVAL '1 hour')",
        "daterange" => "daterange(current_date - 1, current_date + 1)",
        "boolean" => "false",
        "bytea" => "sha256('x')",
        "jsonb" => "'{}'",
        "interval" => "'1 hour'",
        "time without time zone" => "'08:00'",
        kind if kind.ends_with("[]") => "'{}'",
        kind if kind.starts_with("numeric") || kind.contains("int") || kind.contains("double") => "1",
        _ => "'x'",
    }
    .to_owned()
}

/// What somebody may do with the rows of a table, each tried and undone.
async fn cell(portal: &mut PgConnection, table: &Table) -> String {
    let name = &table.name;
    let which = |place: usize| match &table.whose {
        Some((column, values)) => format!("{column} = '{}'", values[place]),
        None => "true".to_owned(),
    };
    let mut found = String::new();
    for (place, [read, change, add]) in [(0, ['r', 'w', 'i']), (1, ['R', 'W', 'I'])] {
        if tried(portal, &format!("SELECT 1 FROM {name} WHERE {}", which(place))).await > 0 {
            found.push(read);
        }
        if let Some(column) = &table.update {
            let update = format!("UPDATE {name} SET {column} = {column} WHERE {}", which(place));
            if tried(portal, &update).await > 0 {
                found.push(change);
            }
        }
        if tried(portal, &table.insert[place]).await > 0 {
            found.push(add);
        }
    }
    if tried(portal, &format!("DELETE FROM {name}")).await > 0 {
        found.push('D');
    }
    found
}

/// How many rows a statement gives or changes; none where a right is missing.
async fn tried(portal: &mut PgConnection, statement: &str) -> u64 {
    let mut transaction = portal.begin().await.unwrap();
    let tried = transaction.execute(AssertSqlSafe(statement.to_owned())).await;
    // At once: what another part tries would else wait for what this one removed.
    transaction.rollback().await.unwrap();
    match tried {
        Ok(done) => done.rows_affected(),
        Err(sqlx::Error::Database(error)) => {
            let error = error.downcast_ref::<PgDatabaseError>();
            assert_eq!(error.code(), "42501", "{statement}: {error}");
            0
        }
        Err(error) => panic!("{statement}: {error}"),
    }
}

const TAKE_RULES_OFF: &str = "-- What a trigger fills.
    ALTER TABLE access.care_relationship ALTER COLUMN opens SET DEFAULT '{}';
    DO $$
    DECLARE
        item record;
    BEGIN
        FOR item IN SELECT t.tgname AS name, t.tgrelid::regclass AS owner FROM pg_trigger t
                JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname IN ('care', 'access') AND NOT t.tgisinternal AND t.tgparentid = 0 LOOP
            EXECUTE format('DROP TRIGGER %I ON %s', item.name, item.owner);
        END LOOP;
        FOR item IN SELECT k.conname AS name, k.conrelid::regclass AS owner FROM pg_constraint k
                JOIN pg_namespace n ON n.oid = k.connamespace
                WHERE n.nspname IN ('care', 'access') AND k.conrelid <> 0 AND k.contype <> 'n' AND k.conparentid = 0
                  AND k.coninhcount = 0
                ORDER BY k.contype <> 'f' LOOP
            EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', item.owner, item.name);
        END LOOP;
        FOR item IN SELECT k.conname AS name, k.contypid::regtype AS owner FROM pg_constraint k
                JOIN pg_namespace n ON n.oid = k.connamespace
                WHERE n.nspname IN ('care', 'access') AND k.contypid <> 0 LOOP
            EXECUTE format('ALTER DOMAIN %s DROP CONSTRAINT %I', item.owner, item.name);
        END LOOP;
        FOR item IN SELECT i.indexrelid::regclass AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
                JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname IN ('care', 'access') AND i.indisunique LOOP
            EXECUTE format('DROP INDEX %s', item.name);
        END LOOP;
    END $$";

/// Tables with the columns that a row needs, or that say whose it is, and one that the portal may change.
const COLUMNS: &str = "SELECT c.oid::regclass::text AS name,
        array_agg(quote_ident(a.attname) ORDER BY a.attnum) AS columns,
        array_agg(format_type(coalesce(nullif(t.typbasetype, 0), t.oid), NULL) ORDER BY a.attnum) AS types,
        (SELECT quote_ident(o.attname) FROM pg_attribute o
         WHERE o.attrelid = c.oid AND o.attnum > 0 AND NOT o.attisdropped AND o.attidentity = '' AND o.attgenerated = ''
           AND has_column_privilege('healthtrack_care', c.oid, o.attnum, 'UPDATE') AND o.attname !~ '_id$'
         ORDER BY o.attnum DESC LIMIT 1) AS changeable
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    WHERE n.nspname IN ('care', 'access') AND c.relkind IN ('r', 'p') AND NOT c.relispartition
      AND a.attidentity = '' AND a.attgenerated = ''
      AND (a.attnotnull AND NOT a.atthasdef
           OR a.attname IN ('patient_id', 'facility_id', 'provider_id', 'account_id', 'actor'))
    GROUP BY c.oid ORDER BY 1";
