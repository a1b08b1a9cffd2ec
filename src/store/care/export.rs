//! All that there is of a patient, as the patient may take it along: each part as its reading function gives it, page
//! by page, under the looks that these ask for.
//!
//! What devices measured is too much for one answer and goes by `samples`; the words of a journal are sealed, and
//! opened by whoever holds the keys.

use serde_json::{Map, Value};
use sqlx::AssertSqlSafe;
use sqlx::types::Json;
use uuid::Uuid;

use super::actor::Actor;
use super::error::CareError;
use crate::model::people::PatientId;

/// Pages of a part at most.
const PAGES_MAX: usize = 1_000;

/// What is read by one function.
struct Part {
    /// What it is called.
    name: &'static str,
    /// The kind of look.
    kind: &'static str,
    /// The call: `$1` token, `$2` look, `$3` patient, `$4` and `$5` the last line of the page before, `$6` the key of
    /// the whole.
    call: &'static str,
    /// By which columns it goes on from page to page, and how many lines a page has.
    pages: Option<(&'static str, &'static str, usize)>,
    /// What it is a part of, and by which column.
    of: Option<(&'static str, &'static str)>,
}

const fn part(name: &'static str, kind: &'static str, call: &'static str) -> Part {
    Part { name, kind, call, pages: None, of: None }
}

impl Part {
    const fn paged(self, at: &'static str, key: &'static str, rows: usize) -> Part {
        Part { pages: Some((at, key, rows)), ..self }
    }

    const fn of(self, whole: &'static str, key: &'static str) -> Part {
        Part { of: Some((whole, key)), ..self }
    }
}

/// Every part; what is a part of another stands after it.
const PARTS: &[Part] = &[
    part("record", "record", "api.read_record($1, $2, $3)"),
    part("visits", "visits", "api.read_visits($1, $2, $3, $4, $5, 500)").paged("began_at", "encounter_id", 500),
    part("results", "results", "api.read_results($1, $2, $3, NULL, $4, $5, 500)").paged(
        "observed_at",
        "lab_result_id",
        500,
    ),
    part("observations", "observations", "api.read_observations($1, $2, $3, NULL, NULL, $4, $5, 500)").paged(
        "observed_at",
        "observation_id",
        500,
    ),
    part("family_history", "family_history", "api.read_family_history($1, $2, $3)"),
    part("service_requests", "service_requests", "api.read_service_requests($1, $2, $3, $4, $5, 200)").paged(
        "requested_at",
        "service_request_id",
        200,
    ),
    part("recommendations", "recommendations", "api.read_recommendations($1, $2, $3)"),
    part("plans", "goals", "api.read_plans($1, $2, $3)"),
    part("activities", "activities", "api.read_activities($1, $2, $3)"),
    part("participation", "participation", "api.read_participation($1, $2, $3)"),
    part("appointments", "appointments", "api.read_appointments($1, $2, $3)"),
    part("follow_ups", "follow_ups", "api.read_follow_ups($1, $2, $3)"),
    part("recalls", "recalls", "api.read_recalls($1, $2, $3, 500)"),
    part("memberships", "memberships", "api.read_memberships($1, $2, $3)"),
    part("coverages", "coverages", "api.read_coverages($1, $2, $3)"),
    part("claims", "claims", "api.read_claims($1, $2, $3)"),
    part("bills", "invoices", "api.read_bills($1, $2, $3, $4, $5, 200)").paged("issued_at", "invoice", 200),
    part("bill_lines", "invoices", "api.read_bill_lines($1, $2, $3, $6)").of("bills", "invoice"),
    part("bill_payments", "invoices", "api.read_bill_payments($1, $2, $3, $6)").of("bills", "invoice"),
    part("threads", "messages", "api.read_threads($1, $2, $3, $4, $5, 200)").paged(
        "began_at",
        "message_thread_id",
        200,
    ),
    part("messages", "messages", "api.read_messages($1, $2, $3, $6, $4, $5, 500)")
        .paged("sent_at", "message_id", 500)
        .of("threads", "message_thread_id"),
    part("notifications", "notifications", "api.read_notifications($1, $2, $3, $4, $5, 500)").paged(
        "queued_at",
        "notification_id",
        500,
    ),
    part("related_persons", "related_persons", "api.read_related_persons($1, $2, $3)"),
    part("identifiers", "identifiers", "api.read_identifiers($1, $2, $3)"),
    part("care_team", "sharing", "api.read_care_team($1, $2, $3)"),
    part("shares", "sharing", "api.read_grants($1, $2, $3)"),
    part("proxies", "proxies", "api.read_proxies($1, $2, $3)"),
    part("erasures", "erasures", "api.read_erasures($1, $2, $3)"),
];

/// All that there is of a patient for whoever acts, by the names of its parts.
///
/// # Errors
/// The database's.
pub async fn whole(actor: &mut Actor<'_>, patient: PatientId) -> Result<Map<String, Value>, CareError> {
    let mut parts = Map::new();
    for part in PARTS {
        let Some(look) = actor.look(Some(patient), part.kind, None).await? else { continue };
        let wholes = match part.of {
            None => vec![None],
            Some((whole, key)) => keys_of(parts.get(whole), key).into_iter().map(Some).collect(),
        };
        let mut lines = Vec::new();
        for of in wholes {
            for mut line in all(actor, part, (look, patient, of)).await? {
                if let (Some((_, key)), Some(of), Value::Object(columns)) = (part.of, of, &mut line) {
                    columns.insert(key.to_owned(), Value::String(of.to_string()));
                }
                lines.push(line);
            }
        }
        parts.insert(part.name.to_owned(), Value::Array(lines));
    }
    Ok(parts)
}

fn keys_of(whole: Option<&Value>, key: &str) -> Vec<Uuid> {
    let lines = whole.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    lines.iter().filter_map(|line| line.get(key)?.as_str()?.parse().ok()).collect()
}

/// Every line of a part.
async fn all(
    actor: &mut Actor<'_>,
    part: &Part,
    (look, patient, of): (Uuid, PatientId, Option<Uuid>),
) -> Result<Vec<Value>, CareError> {
    let call = part.call.replace("$4", "$4::text::timestamptz").replace("$5", "$5::text::uuid");
    // What a call does not take has a type all the same.
    let query = format!(
        "SELECT to_jsonb(line) FROM {call} AS line
         WHERE ($4::text, $5::text, $6::uuid) IS NOT DISTINCT FROM ($4, $5, $6)"
    );
    let mut lines: Vec<Value> = Vec::new();
    for _ in 0..PAGES_MAX {
        let last = part.pages.and_then(|(at, key, _)| {
            let last = lines.last()?;
            Some((last.get(at)?.as_str()?.to_owned(), last.get(key)?.as_str()?.to_owned()))
        });
        let (before, before_key) = last.unzip();
        let (connection, token, failed) = actor.ask("reading all of a patient")?;
        let page: Vec<Json<Value>> = sqlx::query_scalar(AssertSqlSafe(query.clone()))
            .bind(token)
            .bind(look)
            .bind(patient)
            .bind(before)
            .bind(before_key)
            .bind(of)
            .fetch_all(connection)
            .await
            .map_err(failed)?;
        let rows = page.len();
        lines.extend(page.into_iter().map(|Json(line)| line));
        if part.pages.is_none_or(|(_, _, rows_max)| rows < rows_max) {
            break;
        }
    }
    Ok(lines)
}
