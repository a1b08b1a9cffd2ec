//! Every page that links lead to from where a part begins, in a network with people in it; and pictures of each.
//!
//! `HEALTHTRACK_PICTURES=DIR cargo test --test portal browser::populated` puts the pictures into a folder: each page as
//! wide as a telephone and as a desk, light and dark.

use std::collections::{BTreeSet, VecDeque};
use std::path::PathBuf;
use std::process::Command;

use healthtrack::model::people::Role;
use healthtrack::portal::urls;
use serde_json::Value;

use super::axe::axe;
use super::chromium::Chromium;
use super::examine::{Screen, examine, picture};
use super::stage::Stage;
use crate::network::Network;

/// Paths of links within the portal.
const LINKS: &str = "[...document.querySelectorAll('a[href]')].map((it) => new URL(it.href))
    .filter((url) => url.origin === location.origin).map((url) => url.pathname)";
/// Everybody in care wears something, and a day of it, with an hour of silence.
const MEASURED: &str = "
    INSERT INTO signal.device (device_id, added_at, added_by)
    SELECT DISTINCT 'watch-' || r.patient_id, now(), 'operator' FROM access.care_relationship r
    WHERE r.valid_during @> now() AND NOT EXISTS (SELECT FROM care.patient_link l WHERE l.patient_id = r.patient_id)
      AND NOT EXISTS (SELECT FROM care.wear w WHERE w.patient_id = r.patient_id AND upper_inf(w.worn_during));
    INSERT INTO care.wear (patient_id, device_key, worn_during)
    SELECT patient_id, device_key, tstzrange(now() - INTERVAL '2 days', NULL)
    FROM signal.device JOIN care.patient ON device_id = 'watch-' || patient_id;
    INSERT INTO signal.series (device_key, metric_id)
    SELECT DISTINCT device_key, metric_id FROM care.wear, signal.metric
    WHERE upper_inf(worn_during) AND name IN ('heart_rate', 'oxygen_saturation', 'respiratory_rate');
    SELECT signal.ensure_chunk((now() - INTERVAL '1 day')::date), signal.ensure_chunk(current_date);
    INSERT INTO signal.block (start_at, stop_at, tick_us, series_id, values)
    SELECT at, at + 59 * INTERVAL '10 seconds', 10000000, series_id,
           (SELECT array_agg(CASE name WHEN 'heart_rate' THEN 74 WHEN 'oxygen_saturation' THEN 94 ELSE 15 END
                             + round(3 * sin(extract(epoch FROM at) / 7000)) + (n * 7) % 3) FROM generate_series(1, 60) AS n)
    FROM signal.series JOIN signal.metric USING (metric_id),
         generate_series(now() - INTERVAL '1 day', now() - INTERVAL '11 minutes', INTERVAL '10 minutes') AS at
    WHERE at NOT BETWEEN now() - INTERVAL '9 hours' AND now() - INTERVAL '8 hours'";

/// An account of a part; of those who care or wear, one with something to see.
fn account_of(role: Role) -> String {
    let most = match role {
        Role::Provider => {
            "JOIN access.care_relationship r USING (provider_id) JOIN care.wear w ON w.patient_id = r.patient_id
             WHERE r.valid_during @> now() AND upper_inf(w.worn_during) AND"
        }
        Role::Patient => "JOIN care.wear w USING (patient_id) WHERE upper_inf(w.worn_during) AND",
        _ => "WHERE",
    };
    format!(
        "SELECT a.account_id::text FROM access.account a {most} a.part = '{role}' AND a.disabled_at IS NULL
         GROUP BY 1, a.login ORDER BY count(*) DESC, a.login LIMIT 1"
    )
}

/// The URL of the table that a path is of.
fn row_of(path: &str) -> Option<&'static str> {
    let fits = |row: &str| {
        row.split('/').count() == path.split('/').count()
            && row.split('/').zip(path.split('/')).all(|(row, own)| row.starts_with('{') || row == own)
    };
    let mut rows: Vec<&str> = urls().iter().map(|url| url.path).filter(|row| fits(row)).collect();
    rows.sort_by_key(|row| row.matches('{').count());
    rows.first().copied()
}

#[tokio::test]
async fn every_page_that_links_lead_to_is_open_to_everybody_who_may_read_it() {
    let Some(axe) = axe() else { return };
    let Some(mut chromium) = Chromium::start().await else { return };
    let mut network = Network::new().await;
    let populate = Command::new(env!("CARGO_BIN_EXE_healthtrack"))
        .args(["populate", "--patients", "60"])
        .env("HEALTHTRACK__STORE__URL", network.database.url())
        .output()
        .unwrap();
    assert!(populate.status.success(), "{}", String::from_utf8_lossy(&populate.stderr));
    network.run(MEASURED).await;
    let stage = Stage::open(&network).await;
    let pictures = std::env::var_os("HEALTHTRACK_PICTURES").map(PathBuf::from);
    let (mut wrong, mut seen) = (Vec::new(), BTreeSet::new());
    for role in Role::ALL {
        let account = network.one(&account_of(*role)).await.parse().unwrap();
        let token = network.token(account).await;
        chromium.forget().await;
        chromium.keep(&stage.origin, &format!("local-session={}", token.expose())).await;
        let mut paths = VecDeque::from(["/".to_owned()]);
        let mut own = BTreeSet::new();
        while let Some(path) = paths.pop_front() {
            let Some(row) = row_of(&path) else {
                wrong.push(format!("{role}: a link leads to {path}, which is no page"));
                continue;
            };
            // What is downloaded is no page.
            if !own.insert(row) || row.starts_with("/assets") || path.ends_with(".csv") {
                continue;
            }
            chromium.go(&stage.url(&path)).await;
            let links: Value = chromium.evaluate(LINKS).await;
            paths.extend(links.as_array().unwrap().iter().map(|link| link.as_str().unwrap().to_owned()));
            // What another part may read too was looked at already.
            if !seen.insert(row) {
                continue;
            }
            let found = examine(&mut chromium, axe, &stage.url(&path)).await;
            wrong.extend(found.into_iter().map(|line| format!("{role} {row}: {line}")));
            if let Some(folder) = &pictures {
                take(&mut chromium, &stage.url(&path), folder, &format!("{role}{row}")).await;
            }
        }
    }
    chromium.close().await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Pictures of a page on every screen.
async fn take(chromium: &mut Chromium, url: &str, folder: &std::path::Path, name: &str) {
    let name: String = name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
    std::fs::create_dir_all(folder).unwrap();
    for width in [360, 1280] {
        for scheme in ["light", "dark"] {
            let file = folder.join(format!("{name}-{width}-{scheme}.png"));
            picture(chromium, url, Screen { width, scheme }, &file).await;
        }
    }
}
